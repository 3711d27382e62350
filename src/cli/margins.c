// SPDX-License-Identifier: GPL-3.0-or-later
// moegeom margins: how close the choices of a router are, and how often they change.
#include "cli/margins.h"
#include "cli/command.h"
#include "cli/gnuplot.h"
#include "cli/options.h"
#include "io/array.h"
#include "io/output.h"
#include "io/quote.h"
#include "io/safetensors.h"

#include <gsl/gsl_errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

// The name of a layer in messages.
static const char *label(const dump_t *dump, size_t layer, char room[QUOTE_ROOM]) {
    const char *name = dump_layer_name(dump, layer);
    return quote(room, name, strlen(name));
}

// ---- The dumps -----------------------------------------------------------------------------------------------------

static dump_t *open_dump(const margins_request_t *request, const char *path) {
    dump_t *dump = NULL;
    fault_t fault = {0};
    dump_open(path, request->scale, request->choices, &dump, &fault);
    options_check("margins", &fault);
    return dump;
}

// Whether the rule can be applied.
static void check_columns(const margins_request_t *request, const char *path, const dump_t *dump) {
    const bool choices = dump_kind(dump) == DUMP_CHOICES;
    char room[QUOTE_ROOM];
    for (size_t i = 0; i < dump_layers(dump); i++) {
        const size_t columns = dump_columns(dump, i);
        if (choices && columns != request->active)
            options_stop("margins", FAULT_INPUT,
                         "%s: layer %s: expected the numbers of %zu experts in each row, as --active says, "
                         "found %zu",
                         path, label(dump, i, room), request->active, columns);
        if (!choices && columns <= request->active)
            options_stop("margins", FAULT_INPUT,
                         "%s: layer %s: expected scores of at least %zu experts, one more than are selected, "
                         "found %zu",
                         path, label(dump, i, room), request->active + 1, columns);
        if (!choices && dump_rows(dump, i) > UINT32_MAX)
            options_stop("margins", FAULT_LIMIT,
                         "%s: layer %s: rows are counted in 32 bits, so that at most %" PRIu32
                         " fit, found %" PRIu64 ": split the dump",
                         path, label(dump, i, room), UINT32_MAX, dump_rows(dump, i));
        if (!choices && dump_probabilities(dump, i) && request->rule->score != SELECTION_LOGIT)
            options_stop(
                "margins", FAULT_INPUT,
                "%s: layer %s: expected logits for the rule %s, found probabilities, which tell their "
                "differences only (--scores logits if these are logits)",
                path, label(dump, i, room), request->rule->name);
    }
}

// The second dump has the shape of the first.
static void check_pair(const margins_request_t *request, const dump_t *dump, const dump_t *other) {
    if (dump_layers(other) != dump_layers(dump))
        options_stop("margins", FAULT_INPUT, "%s: expected %zu layers, as in %s, found %zu", request->other,
                     dump_layers(dump), request->dump, dump_layers(other));
    for (size_t i = 0; i < dump_layers(dump); i++) {
        char room[QUOTE_ROOM];
        const char *name = label(other, i, room);
        if (dump_rows(other, i) != dump_rows(dump, i))
            options_stop("margins", FAULT_INPUT,
                         "%s: layer %s: expected %" PRIu64 " rows, as in %s, found %" PRIu64, request->other,
                         name, dump_rows(dump, i), request->dump, dump_rows(other, i));
        if (dump_kind(dump) == dump_kind(other) && dump_columns(other, i) != dump_columns(dump, i))
            options_stop("margins", FAULT_INPUT, "%s: layer %s: expected %zu experts, as in %s, found %zu",
                         request->other, name, dump_columns(dump, i), request->dump, dump_columns(other, i));
    }
    if (dump_kind(dump) == DUMP_CHOICES && dump_kind(other) == DUMP_SCORES)
        options_stop("margins", FAULT_INPUT,
                     "%s holds numbers of experts and %s scores: expected the dump of scores first",
                     request->dump, request->other);
}

// Whether a row has k numbers that are larger than all others, and these are equal: weights of the experts that were selected.
static bool is_weights(const double *row, size_t experts, size_t active) {
    double least = INFINITY;
    size_t equal = 0;
    for (size_t i = 0; i < experts; i++)
        least = fmin(least, row[i]);
    for (size_t i = 0; i < experts; i++)
        equal += row[i] == least;
    return equal == experts - active;
}

// Refuses what some models return for the logits: zeros but for the weights of the experts that were selected.
static void refuse_weights(const char *path, dump_t *dump, size_t active) {
    enum { LOOK = 16 };
    const size_t experts = dump_columns(dump, 0);
    const size_t rows = dump_rows(dump, 0) < LOOK ? (size_t)dump_rows(dump, 0) : LOOK;
    if (dump_kind(dump) == DUMP_CHOICES || experts < active + 2)
        return;
    double *row = margins_allocate(rows * experts, sizeof *row);
    fault_t fault = {0};
    dump_read(dump, 0, 0, rows, row, &fault);
    options_check("margins", &fault);
    size_t weights = 0;
    for (size_t i = 0; i < rows; i++)
        weights += is_weights(row + i * experts, experts, active);
    free(row);
    if (weights == rows)
        options_stop("margins", FAULT_INPUT,
                     "%s: expected the scores of all experts, found rows of which all but %zu numbers are "
                     "equal: weights of the "
                     "experts that were selected, which tell nothing of those left out",
                     path, active);
}

static void check_dumps(const margins_request_t *request, dump_t *dump, dump_t *other) {
    check_columns(request, request->dump, dump);
    refuse_weights(request->dump, dump, request->active);
    if (other != NULL) {
        check_columns(request, request->other, other);
        check_pair(request, dump, other);
        refuse_weights(request->other, other, request->active);
    } else if (dump_kind(dump) == DUMP_CHOICES)
        options_stop(
            "margins", FAULT_INPUT,
            "%s: numbers of experts support no margins: expected scores, or a second dump to find the "
            "rows that change",
            request->dump);
}

// ---- The rule ------------------------------------------------------------------------------------------------------

// Whether the file has one number for each expert, in a row or in a column; or a row for each layer.
static bool fits(const array_t *array, size_t layers, size_t experts, bool *each) {
    const uint64_t rows = array_shape(array)[0], width = array_width(array);
    *each = rows == layers && width == experts;
    return *each || (rows == 1 && width == experts) || (rows == experts && width == 1);
}

// Reads the bias of every layer; the caller frees it.
static double *read_bias(const margins_request_t *request, const dump_t *dump) {
    const size_t layers = dump_layers(dump), experts = dump_columns(dump, 0);
    char first[QUOTE_ROOM], second[QUOTE_ROOM];
    array_t *array = NULL;
    fault_t fault = {0};
    bool each;
    array_open(request->bias, &array, &fault);
    options_check("margins", &fault);
    for (size_t i = 1; i < layers; i++)
        if (dump_columns(dump, i) != experts)
            options_stop("margins", FAULT_INPUT,
                         "%s: layers %s and %s have %zu and %zu experts: no bias fits both", request->dump,
                         label(dump, 0, first), label(dump, i, second), experts, dump_columns(dump, i));
    if (!fits(array, layers, experts, &each))
        options_stop(
            "margins", FAULT_INPUT,
            "%s: expected %zu numbers, one for each expert, or %zu rows of them, one for each layer, "
            "found %" PRIu64 " rows of %zu",
            request->bias, experts, layers, array_shape(array)[0], array_width(array));
    double *bias = margins_allocate(layers * experts, sizeof *bias);
    array_read(array, 0, (size_t)array_shape(array)[0], bias, &fault);
    options_check("margins", &fault);
    array_close(array);
    for (size_t i = 1; i < layers && !each; i++)
        memcpy(bias + i * experts, bias, experts * sizeof *bias);
    return bias;
}

static void check_groups(const margins_request_t *request, const char *name, size_t experts) {
    const size_t groups = request->groups, least = request->rule->grouping == SELECTION_GROUP_TWO ? 2 : 1;
    if (experts % groups != 0)
        options_stop("margins", FAULT_INPUT,
                     "%s: layer %s: expected groups of equal size, found %zu experts in %zu groups",
                     request->dump, name, experts, groups);
    if (experts / groups < least)
        options_stop("margins", FAULT_INPUT,
                     "%s: layer %s: expected at least two experts in a group, found one", request->dump,
                     name);
    if (request->kept * (experts / groups) < request->active)
        options_stop("margins", FAULT_INPUT,
                     "%s: layer %s: expected at least %zu experts in the groups kept, found %zu",
                     request->dump, name, request->active, request->kept * (experts / groups));
}

static void set_layer(const margins_request_t *request, const dump_t *dump, size_t layer, uint64_t rows,
                      const double *bias, margin_options_t *options) {
    const size_t experts = dump_columns(dump, layer);
    char room[QUOTE_ROOM];
    *options = (margin_options_t){.rule = {.experts = experts,
                                           .active = request->active,
                                           .score = request->rule->score,
                                           .bias = bias,
                                           .grouping = request->rule->grouping,
                                           .groups = request->groups,
                                           .kept = request->kept},
                                  .casts = request->cast_count,
                                  .noises = request->noise_count,
                                  .widths = request->width_count,
                                  .risks = request->risky};
    options->stride = margin_sample_stride(&options->rule, dump_rows(dump, layer), rows);
    memcpy(options->cast, request->casts, sizeof *request->casts * request->cast_count);
    memcpy(options->noise, request->noises, sizeof *request->noises * request->noise_count);
    memcpy(options->width, request->widths, sizeof *request->widths * request->width_count);
    if (dump_kind(dump) == DUMP_CHOICES)
        return;
    if (request->groups > 0)
        check_groups(request, label(dump, layer, room), experts);
    if (selection_check(&options->rule) != GSL_SUCCESS)
        options_stop("margins", FAULT_INPUT,
                     "%s: layer %s: the rule %s does not fit %zu experts of which %zu are selected",
                     request->dump, label(dump, layer, room), request->rule->name, experts, request->active);
}

// ---- The command ---------------------------------------------------------------------------------------------------

// An output does not replace an input.
static void keep_input(const char *output, const char *input) {
    struct stat there, given;
    const char *end = input != NULL ? safetensors_suffix(input) : NULL;
    char *path = input == NULL ? NULL : end != NULL ? strndup(input, (size_t)(end - input)) : strdup(input);
    const bool same = output != NULL && path != NULL && stat(output, &there) == 0 &&
                      stat(path, &given) == 0 && there.st_dev == given.st_dev && there.st_ino == given.st_ino;
    free(path);
    if (same)
        options_stop("margins", FAULT_USAGE, "expected another file to write than the input %s", input);
}

static void examine_outputs(const margins_request_t *request) {
    fault_t fault = {0};
    const char *const inputs[] = {request->dump, request->other, request->bias};
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
        keep_input(request->csv, inputs[i]);
        keep_input(request->plot, inputs[i]);
    }
    if (request->csv != NULL && request->plot != NULL && strcmp(request->csv, request->plot) == 0)
        options_stop("margins", FAULT_USAGE, "expected two files for --csv and --plot, found %s twice",
                     request->csv);
    if (request->csv != NULL)
        output_examine(request->csv, &fault);
    if (request->plot != NULL)
        gnuplot_examine(request->plot, &fault);
    options_check("margins", &fault);
}

static void print_result(const margins_result_t *result) {
    fault_t fault = {0};
    if (result->request->csv != NULL)
        margins_write_csv(result, result->request->csv, &fault);
    if (result->request->plot != NULL)
        margins_draw(result, result->request->plot, &fault);
    options_check("margins", &fault);
    if (result->request->json)
        margins_print_json(result);
    else
        margins_print_text(result);
    options_flush("margins");
}

static void clear_result(margins_result_t *result) {
    for (size_t i = 0; i < result->survey->layers; i++)
        free(result->names[i]);
    for (size_t i = 0; i < result->note_count; i++)
        free(result->notes[i]);
    free(result->names);
    free(result->notes);
    free(result->order);
    free(result->risk);
}

int command_margins(int argc, char **argv) {
    const margins_request_t request = margins_options(argc, argv);
    examine_outputs(&request);
    dump_t *dump = open_dump(&request, request.dump);
    dump_t *other = request.other != NULL ? open_dump(&request, request.other) : NULL;
    check_dumps(&request, dump, other);
    const size_t layers = dump_layers(dump), experts = dump_columns(dump, 0);
    double *bias = request.bias != NULL ? read_bias(&request, dump) : NULL;
    margin_options_t *options = margins_allocate(layers, sizeof *options);
    uint64_t rows = 0; // of all layers
    for (size_t i = 0; i < layers; i++)
        rows += dump_rows(dump, i);
    for (size_t i = 0; i < layers; i++)
        set_layer(&request, dump, i, rows, bias != NULL ? bias + i * experts : NULL, &options[i]);

    fault_t fault = {0};
    margins_survey_t survey = {0};
    const margins_plan_t plan = {dump, other, options, request.target, request.threads};
    margins_survey(&plan, &survey, &fault);
    options_check("margins", &fault);

    margins_result_t result = {.request = &request, .survey = &survey, .dump = dump, .options = options};
    result.names = margins_names(dump);
    margins_rank(&result);
    margins_note(&result, other);
    print_result(&result);
    clear_result(&result);
    margins_survey_clear(&survey);
    free(options);
    free(bias);
    dump_close(other);
    dump_close(dump);
    return FAULT_NONE;
}
