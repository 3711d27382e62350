// SPDX-License-Identifier: GPL-3.0-or-later
// Dumps of a router; see dump.h.
#include "io/dump.h"

#include "io/dump_layers.h"
#include "io/scores.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    GUESSED = 64,        // rows that decide what scores are
    BLOCK = 1 << 15,     // numbers of a block
    NOTE_ROOM = 1 << 10, // bytes of a note
};

struct dump {
    dump_list_t list;
    dump_kind_t kind;
    bool *probabilities; // of each layer
    char note[NOTE_ROOM];
};

static const dump_layer_t *layer_at(const dump_t *dump, size_t layer) {
    return &dump->list.layers[layer];
}

// ---- Faults ----

// Writes "FILE: layer NAME, row R (from 0, of ROWS)".
static const char *place_of(const dump_layer_t *layer, uint64_t row, char place[FAULT_TEXT]) {
    snprintf(place, FAULT_TEXT, "%s: layer «%s», row %" PRIu64 " (from 0, of %" PRIu64 ")", layer->path,
             layer->name, row, layer->rows);
    return place;
}

fault_status_t dump_refuse(const dump_t *dump, size_t layer, uint64_t row, size_t column, double value,
                           fault_t *fault) {
    char place[FAULT_TEXT];
    return fault_set(fault, FAULT_INPUT, "%s, column %zu (from 0): expected a finite number, found %s",
                     place_of(layer_at(dump, layer), row, place), column, numbers_call(value));
}

// ---- Numbers as they are stored ----

// Calls for the columns one by one, or for all at once where rows follow one another.
static fault_status_t read_raw(const dump_t *dump, size_t index, uint64_t first, size_t count, double *values,
                               fault_t *fault) {
    const dump_layer_t *layer = layer_at(dump, index);
    const size_t columns = layer->columns;
    const uint64_t start = layer->first + first * layer->row_step;
    if (layer->text != NULL)
        return dump_text_read(layer->text, layer->number, first, count, values, fault);
    if (layer->column_step == 1)
        return numbers_doubles(&layer->numbers, start, 1, count * columns, values, 1, fault);
    for (size_t j = 0; j < columns && fault->status == FAULT_NONE; j++)
        numbers_doubles(&layer->numbers, start + j * layer->column_step, layer->row_step, count, values + j,
                        columns, fault);
    return fault->status;
}

bool dump_single(const dump_t *dump, size_t layer) {
    return dump->kind == DUMP_SCORES && !dump->probabilities[layer] && layer_at(dump, layer)->text == NULL &&
           numbers_single(layer_at(dump, layer)->numbers.type);
}

fault_status_t dump_floats(const dump_t *dump, size_t index, uint64_t first, size_t count, float *values,
                           fault_t *fault) {
    const dump_layer_t *layer = layer_at(dump, index);
    const size_t columns = layer->columns;
    const uint64_t start = layer->first + first * layer->row_step;
    if (layer->column_step == 1)
        return numbers_floats(&layer->numbers, start, 1, count * columns, values, 1, fault);
    for (size_t j = 0; j < columns && fault->status == FAULT_NONE; j++)
        numbers_floats(&layer->numbers, start + j * layer->column_step, layer->row_step, count, values + j,
                       columns, fault);
    return fault->status;
}

static fault_status_t read_finite(const dump_t *dump, size_t layer, uint64_t first, size_t count,
                                  double *values, fault_t *fault) {
    const size_t columns = layer_at(dump, layer)->columns;
    if (read_raw(dump, layer, first, count, values, fault) != FAULT_NONE)
        return fault->status;
    for (size_t i = 0; i < count * columns; i++)
        if (!isfinite(values[i]))
            return dump_refuse(dump, layer, first + i / columns, i % columns, values[i], fault);
    return FAULT_NONE;
}

// ---- Probabilities ----

static fault_status_t refuse_sum(const dump_layer_t *layer, uint64_t row, const double *values,
                                 const char *expected, fault_t *fault) {
    char place[FAULT_TEXT];
    double sum = 0, least = values[0], most = values[0];
    for (size_t i = 0; i < layer->columns; i++) {
        sum += values[i];
        least = fmin(least, values[i]);
        most = fmax(most, values[i]);
    }
    return fault_set(fault, FAULT_INPUT, "%s: expected %s, found numbers from %.6g to %.6g with the sum %.6g",
                     place_of(layer, row, place), expected, least, most, sum);
}

// Decides by rows of finite numbers whether they are probabilities.
static fault_status_t guess(const dump_layer_t *layer, const double *values, size_t rows, bool *probabilities,
                            fault_t *fault) {
    size_t sums = 0, other = rows;
    for (size_t i = 0; i < rows; i++)
        if (scores_sum_to_one(values + i * layer->columns, layer->columns))
            sums++;
        else if (other == rows)
            other = i;
    *probabilities = sums == rows;
    if (sums < rows && 2 * sums > rows)
        return refuse_sum(layer, other, values + other * layer->columns,
                          "probabilities with the sum 1, as in most of the first rows (unless it is said "
                          "that these are logits)",
                          fault);
    return FAULT_NONE;
}

static fault_status_t look_at_rows(dump_t *dump, size_t index, fault_t *fault) {
    const dump_layer_t *layer = layer_at(dump, index);
    const size_t block = layer->columns < BLOCK ? BLOCK / layer->columns : 1;
    const size_t most = block < GUESSED ? block : GUESSED;
    const size_t rows = layer->rows < most ? (size_t)layer->rows : most;
    double *values = reallocarray(NULL, rows * layer->columns, sizeof *values);
    if (values == NULL)
        return fault_set(fault, FAULT_SYSTEM, "out of memory while reading %s", layer->path);
    if (read_finite(dump, index, 0, rows, values, fault) == FAULT_NONE)
        guess(layer, values, rows, &dump->probabilities[index], fault);
    free(values);
    return fault->status;
}

// ---- Opening ----

// Scores or expert numbers: all layers alike.
static fault_status_t find_kind(dump_t *dump, bool choices, fault_t *fault) {
    static const char *const names[] = {[DUMP_SCORES] = "scores", [DUMP_CHOICES] = "expert numbers"};
    for (size_t i = 0; i < dump->list.count; i++) {
        const dump_layer_t *layer = layer_at(dump, i);
        const bool whole = layer->text != NULL ? choices : layer->whole;
        const dump_kind_t kind = whole ? DUMP_CHOICES : DUMP_SCORES;
        if (i == 0)
            dump->kind = kind;
        if (kind != dump->kind)
            return fault_set(fault, FAULT_INPUT,
                             "%s: layer «%s»: expected %s, as in the first layer, found %s", layer->path,
                             layer->name, names[dump->kind], names[kind]);
        if (kind == DUMP_SCORES && layer->columns < 2)
            return fault_set(fault, FAULT_INPUT,
                             "%s: layer «%s»: expected scores of at least 2 experts, found 1 column",
                             layer->path, layer->name);
    }
    return FAULT_NONE;
}

static void write_note(dump_t *dump) {
    const dump_list_t *list = &dump->list;
    const char *text = NULL;
    const char *path = NULL;
    for (size_t i = 0; i < list->file_count && text == NULL; i++)
        if (list->files[i]->text != NULL) {
            text = dump_text_note(list->files[i]->text);
            path = list->files[i]->path;
        }
    int length = 0;
    if (text != NULL)
        length = snprintf(dump->note, sizeof dump->note, "%s: %s", path, text);
    if (list->left_out > 0 && length < NOTE_ROOM)
        snprintf(dump->note + length, sizeof dump->note - (size_t)length,
                 "%s%zu entries of the folder are left out: they do not end in .npy, .safetensors or .csv",
                 length > 0 ? "; " : "", list->left_out);
}

static fault_status_t examine(dump_t *dump, dump_scale_t scale, bool choices, fault_t *fault) {
    if (find_kind(dump, choices, fault) != FAULT_NONE)
        return fault->status;
    dump->probabilities = calloc(dump->list.count, sizeof *dump->probabilities);
    if (dump->probabilities == NULL)
        return fault_set(fault, FAULT_SYSTEM, "out of memory");
    for (size_t i = 0; i < dump->list.count && dump->kind == DUMP_SCORES; i++) {
        dump->probabilities[i] = scale == DUMP_PROBABILITIES;
        if (scale == DUMP_GUESS && look_at_rows(dump, i, fault) != FAULT_NONE)
            return fault->status;
    }
    write_note(dump);
    return FAULT_NONE;
}

fault_status_t dump_open(const char *path, dump_scale_t scale, bool choices, dump_t **result,
                         fault_t *fault) {
    dump_t *dump = calloc(1, sizeof *dump);
    if (dump == NULL)
        return fault_set(fault, FAULT_SYSTEM, "out of memory while reading %s", path);
    if (dump_list_find(&dump->list, path, fault) == FAULT_NONE)
        examine(dump, scale, choices, fault);
    if (fault->status == FAULT_NONE)
        *result = dump;
    else
        dump_close(dump);
    return fault->status;
}

void dump_close(dump_t *dump) {
    if (dump == NULL)
        return;
    dump_list_clear(&dump->list);
    free(dump->probabilities);
    free(dump);
}

// ---- Questions ----

dump_kind_t dump_kind(const dump_t *dump) {
    return dump->kind;
}

size_t dump_layers(const dump_t *dump) {
    return dump->list.count;
}

const char *dump_layer_name(const dump_t *dump, size_t layer) {
    return layer_at(dump, layer)->name;
}

const char *dump_path(const dump_t *dump, size_t layer) {
    return layer_at(dump, layer)->path;
}

uint64_t dump_rows(const dump_t *dump, size_t layer) {
    return layer_at(dump, layer)->rows;
}

size_t dump_columns(const dump_t *dump, size_t layer) {
    return layer_at(dump, layer)->columns;
}

bool dump_probabilities(const dump_t *dump, size_t layer) {
    return dump->probabilities[layer];
}

const char *dump_note(const dump_t *dump) {
    return dump->note[0] != '\0' ? dump->note : NULL;
}

bool dump_parallel(const dump_t *dump) {
    for (size_t i = 0; i < dump->list.file_count; i++) {
        const dump_text_t *text = dump->list.files[i]->text;
        if (text != NULL && !dump_text_kept(text))
            return false;
    }
    return true;
}

// ---- Reading ----

fault_status_t dump_read(dump_t *dump, size_t index, uint64_t first, size_t count, double *values,
                         fault_t *fault) {
    const dump_layer_t *layer = layer_at(dump, index);
    if (read_finite(dump, index, first, count, values, fault) != FAULT_NONE || !dump->probabilities[index])
        return fault->status;
    for (size_t i = 0; i < count; i++)
        if (!scores_sum_to_one(values + i * layer->columns, layer->columns))
            return refuse_sum(layer, first + i, values + i * layer->columns, "probabilities with the sum 1",
                              fault);
    scores_logarithms(values, count * layer->columns);
    return FAULT_NONE;
}

// Takes over the numbers of a row, held against one another through a sorted copy.
static fault_status_t take_choices(const dump_layer_t *layer, uint64_t row, const double *values,
                                   uint32_t *choices, fault_t *fault) {
    char place[FAULT_TEXT];
    for (size_t j = 0; j < layer->columns; j++) {
        if (!(values[j] >= 0 && values[j] < DUMP_COLUMNS) || values[j] != floor(values[j]))
            return fault_set(
                fault, FAULT_INPUT,
                "%s, column %zu (from 0): expected the number of an expert, from 0 and below %d, "
                "found %.17g",
                place_of(layer, row, place), j, DUMP_COLUMNS, values[j]);
        choices[j] = (uint32_t)values[j];
    }
    return FAULT_NONE;
}

static int compare_numbers(const void *a, const void *b) {
    const uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

// Whether a number stands twice in a row.
static bool repeats(const uint32_t *choices, uint32_t *sorted, size_t count, uint32_t *number) {
    memcpy(sorted, choices, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare_numbers);
    for (size_t i = 1; i < count; i++)
        if (sorted[i] == sorted[i - 1]) {
            *number = sorted[i];
            return true;
        }
    return false;
}

// Reads rows for which there is room.
static fault_status_t read_choices(dump_t *dump, size_t index, uint64_t first, size_t count, double *values,
                                   uint32_t *sorted, uint32_t *choices, fault_t *fault) {
    char place[FAULT_TEXT];
    uint32_t number;
    const dump_layer_t *layer = layer_at(dump, index);
    if (read_finite(dump, index, first, count, values, fault) != FAULT_NONE)
        return fault->status;
    for (size_t i = 0; i < count; i++, choices += layer->columns) {
        if (take_choices(layer, first + i, values + i * layer->columns, choices, fault) != FAULT_NONE)
            return fault->status;
        if (repeats(choices, sorted, layer->columns, &number))
            return fault_set(fault, FAULT_INPUT, "%s: expected different experts, found %" PRIu32 " twice",
                             place_of(layer, first + i, place), number);
    }
    return FAULT_NONE;
}

fault_status_t dump_choices(dump_t *dump, size_t index, uint64_t first, size_t count, uint32_t *choices,
                            fault_t *fault) {
    const dump_layer_t *layer = layer_at(dump, index);
    const size_t most = layer->columns < BLOCK ? BLOCK / layer->columns : 1;
    double *values = reallocarray(NULL, most * layer->columns, sizeof *values);
    uint32_t *sorted = reallocarray(NULL, layer->columns, sizeof *sorted);
    if (values == NULL || sorted == NULL)
        fault_set(fault, FAULT_SYSTEM, "out of memory while reading %s", layer->path);
    for (size_t done = 0; done < count && fault->status == FAULT_NONE; done += most)
        read_choices(dump, index, first + done, count - done < most ? count - done : most, values, sorted,
                     choices + done * layer->columns, fault);
    free(values);
    free(sorted);
    return fault->status;
}
