// SPDX-License-Identifier: GPL-3.0-or-later
// Layers in a comma-separated text; see dump_text.h.
#include "io/dump_text.h"

#include "io/text.h"

#include <inttypes.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

enum { PLACES = 512 };

typedef struct layer {
    char *name;
    size_t number;
    uint64_t rows;
    double *kept; // all numbers, or NULL
    size_t kept_room;
    text_place_t places[PLACES]; // of the rows 0, step, 2 step, ...
    uint64_t step;
} layer_t;

struct dump_text {
    const char *name;
    text_t *text;
    layer_t **layers;
    size_t count, room, most;
    void *tree; // of the layers by name, of tsearch
    bool keep;
    size_t last;   // the layer of the row that was read last
    uint64_t next; // the number of that layer's next row
};

static fault_status_t out_of_memory(const dump_text_t *text, fault_t *fault) {
    return fault_set(fault, FAULT_SYSTEM, "out of memory while reading %s", text->name);
}

// ---- Layers by name ----

static int compare_names(const void *a, const void *b) {
    const layer_t *left = a, *right = b;
    return strcmp(left->name, right->name);
}

static layer_t *layer_alloc(const char *name, size_t number) {
    layer_t *layer = calloc(1, sizeof *layer);
    if (layer == NULL)
        return NULL;
    layer->number = number;
    layer->step = 1;
    layer->name = strdup(name);
    if (layer->name != NULL)
        return layer;
    free(layer);
    return NULL;
}

static fault_status_t add_layer(dump_text_t *text, const char *name, fault_t *fault) {
    if (text->count == text->most)
        return fault_set(fault, FAULT_INPUT,
                         "%s:%" PRIu64 ": expected at most %zu names in the column layer, found more",
                         text->name, text_at(text->text).line + 1, text->most);
    if (text->count == text->room) {
        const size_t room = text->room ? 2 * text->room : 64;
        layer_t **layers = reallocarray(text->layers, room, sizeof *layers);
        if (layers == NULL)
            return out_of_memory(text, fault);
        text->layers = layers;
        text->room = room;
    }
    layer_t *layer = layer_alloc(name, text->count);
    if (layer == NULL)
        return out_of_memory(text, fault);
    text->layers[text->count++] = layer;
    return tsearch(layer, &text->tree, compare_names) != NULL ? FAULT_NONE : out_of_memory(text, fault);
}

static bool is_called(const dump_text_t *text, size_t layer, const char *name) {
    return layer < text->count && strcmp(text->layers[layer]->name, name) == 0;
}

// Makes the layer of the row that was read last `last`: mostly it is that of the row before it, or the one after that.
static fault_status_t find_layer(dump_text_t *text, fault_t *fault) {
    const char *name = text_layer(text->text);
    if (is_called(text, text->last, name))
        return FAULT_NONE;
    const size_t next = text->last + 1 < text->count ? text->last + 1 : 0;
    if (is_called(text, next, name)) {
        text->last = next;
        return FAULT_NONE;
    }
    layer_t wanted = {.name = (char *)name};
    layer_t *const *found = tfind(&wanted, &text->tree, compare_names);
    if (found == NULL && add_layer(text, name, fault) != FAULT_NONE)
        return fault->status;
    text->last = found != NULL ? (*found)->number : text->count - 1;
    return FAULT_NONE;
}

// ---- The first reading ----

// Notes where a row starts, and takes every second place only when there are too many.
static void note_place(layer_t *layer, text_place_t place) {
    if (layer->rows % layer->step != 0)
        return;
    if (layer->rows / layer->step == PLACES) {
        for (size_t i = 0; i < PLACES / 2; i++)
            layer->places[i] = layer->places[2 * i];
        layer->step *= 2;
    }
    layer->places[layer->rows / layer->step] = place;
}

static void forget(dump_text_t *text) {
    text->keep = false;
    for (size_t i = 0; i < text->count; i++) {
        free(text->layers[i]->kept);
        text->layers[i]->kept = NULL;
    }
}

// Keeps the last row, unless there are too many.
static fault_status_t keep_row(dump_text_t *text, layer_t *layer, size_t *left, fault_t *fault) {
    const size_t width = text_columns(text->text);
    if (!text->keep)
        return FAULT_NONE;
    if (*left < width) {
        forget(text);
        return FAULT_NONE;
    }
    const size_t used = (size_t)layer->rows * width;
    if (used + width > layer->kept_room) {
        layer->kept_room = (used + width) * 3 / 2;
        double *kept = reallocarray(layer->kept, layer->kept_room, sizeof *kept);
        if (kept == NULL)
            return out_of_memory(text, fault);
        layer->kept = kept;
    }
    memcpy(layer->kept + used, text_row(text->text), width * sizeof *layer->kept);
    *left -= width;
    return FAULT_NONE;
}

static fault_status_t take_row(dump_text_t *text, size_t *left, fault_t *fault) {
    if (text_layered(text->text) && text_layer(text->text)[0] == '\0')
        return fault_set(fault, FAULT_INPUT,
                         "%s:%" PRIu64 ": row %" PRIu64
                         " (from 0): expected the name of a layer, found an empty cell",
                         text->name, text_at(text->text).line + 1, text_at(text->text).row);
    if (find_layer(text, fault) != FAULT_NONE)
        return fault->status;
    layer_t *layer = text->layers[text->last];
    if (keep_row(text, layer, left, fault) != FAULT_NONE)
        return fault->status;
    note_place(layer, text_at(text->text));
    layer->rows++;
    text->next = layer->rows;
    return FAULT_NONE;
}

static fault_status_t read_all(dump_text_t *text, size_t *room, fault_t *fault) {
    size_t left = *room;
    for (bool end = false; !end;)
        if (text_next(text->text, &end, fault) != FAULT_NONE ||
            (!end && take_row(text, &left, fault) != FAULT_NONE))
            return fault->status;
    if (text->count == 0)
        return fault_set(fault, FAULT_INPUT, "%s: expected rows of numbers, found none", text->name);
    if (text->keep)
        *room = left;
    return FAULT_NONE;
}

fault_status_t dump_text_open(const char *name, int descriptor, size_t most, size_t *room,
                              dump_text_t **result, fault_t *fault) {
    dump_text_t *text = calloc(1, sizeof *text);
    if (text == NULL)
        return fault_set(fault, FAULT_SYSTEM, "out of memory while reading %s", name);
    text->name = name;
    text->most = most;
    text->keep = true;
    if (text_open(name, descriptor, true, &text->text, fault) == FAULT_NONE)
        read_all(text, room, fault);
    if (fault->status == FAULT_NONE)
        *result = text;
    else
        dump_text_close(text);
    return fault->status;
}

static void ignore(void *node) {
    (void)node;
}

void dump_text_close(dump_text_t *text) {
    if (text == NULL)
        return;
    tdestroy(text->tree, ignore);
    for (size_t i = 0; i < text->count; i++) {
        free(text->layers[i]->name);
        free(text->layers[i]->kept);
        free(text->layers[i]);
    }
    free(text->layers);
    text_close(text->text);
    free(text);
}

size_t dump_text_layers(const dump_text_t *text) {
    return text->count;
}

const char *dump_text_name(const dump_text_t *text, size_t layer) {
    return text_layered(text->text) ? text->layers[layer]->name : NULL;
}

uint64_t dump_text_rows(const dump_text_t *text, size_t layer) {
    return text->layers[layer]->rows;
}

size_t dump_text_columns(const dump_text_t *text) {
    return text_columns(text->text);
}

const char *dump_text_note(const dump_text_t *text) {
    return text_note(text->text);
}

bool dump_text_kept(const dump_text_t *text) {
    return text->keep;
}

// ---- Reading again ----

// Goes to the last known place before a row, unless the text stands at or shortly before it.
static void approach(dump_text_t *text, size_t number, uint64_t row) {
    const layer_t *layer = text->layers[number];
    const uint64_t place = row / layer->step;
    if (text->last == number && text->next <= row && text->next >= place * layer->step)
        return;
    text_go(text->text, layer->places[place]);
    text->last = number;
    text->next = place * layer->step;
}

fault_status_t dump_text_read(dump_text_t *text, size_t layer, uint64_t first, size_t count, double *values,
                              fault_t *fault) {
    const size_t width = text_columns(text->text);
    const char *name = text->layers[layer]->name;
    if (text->keep) {
        memcpy(values, text->layers[layer]->kept + first * width, count * width * sizeof *values);
        return FAULT_NONE;
    }
    for (approach(text, layer, first); text->next < first + count; text->next++) {
        bool end;
        if (text_find(text->text, name, &end, fault) != FAULT_NONE)
            return fault->status;
        if (end)
            return fault_set(fault, FAULT_INPUT, "cannot read %s: the file has become shorter", text->name);
        if (text->next >= first)
            memcpy(values + (text->next - first) * width, text_row(text->text), width * sizeof *values);
    }
    return FAULT_NONE;
}
