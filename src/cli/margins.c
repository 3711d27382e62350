// SPDX-License-Identifier: GPL-3.0-or-later
// moegeom margins: how close the choices of a router are, and how often they change.
#include "cli/margins.h"
#include "cli/command.h"
#include "cli/gnuplot.h"
#include "cli/options.h"
#include "io/array.h"
#include "io/output.h"
#include "io/quote.h"

#include <ctype.h>
#include <gsl/gsl_errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *allocate(size_t count, size_t size) {
    void *room = calloc(count, size);
    if (room == NULL)
        options_stop("margins", FAULT_SYSTEM, "out of memory");
    return room;
}

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

static void check_dumps(const margins_request_t *request, const dump_t *dump, const dump_t *other) {
    check_columns(request, request->dump, dump);
    if (other != NULL) {
        check_columns(request, request->other, other);
        check_pair(request, dump, other);
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
    double *bias = allocate(layers * experts, sizeof *bias);
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

static void set_layer(const margins_request_t *request, const dump_t *dump, size_t layer, const double *bias,
                      margin_options_t *options) {
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
    options->stride = margin_sample_stride(&options->rule, dump_rows(dump, layer));
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

// ---- Names ---------------------------------------------------------------------------------------------------------

// The bytes that all names start or end with, without parting a number.
static size_t common(const dump_t *dump, bool end) {
    const char *first = dump_layer_name(dump, 0);
    size_t shared = strlen(first);
    for (size_t i = 1; i < dump_layers(dump); i++) {
        const char *name = dump_layer_name(dump, i);
        const size_t length = strlen(name), whole = strlen(first);
        size_t same = 0;
        while (same < shared && same < length &&
               (end ? name[length - 1 - same] == first[whole - 1 - same] : name[same] == first[same]))
            same++;
        shared = same;
    }
    while (shared > 0 && isdigit((unsigned char)(end ? first[strlen(first) - shared] : first[shared - 1])))
        shared--;
    return shared;
}

static char **shorten_names(const dump_t *dump) {
    const size_t layers = dump_layers(dump);
    const size_t before = layers > 1 ? common(dump, false) : 0, after = layers > 1 ? common(dump, true) : 0;
    char **names = allocate(layers, sizeof *names);
    for (size_t i = 0; i < layers; i++) {
        const char *name = dump_layer_name(dump, i);
        const size_t length = strlen(name);
        const bool cut = before + after < length;
        names[i] = strndup(name + (cut ? before : 0), cut ? length - before - after : length);
        if (names[i] == NULL)
            options_stop("margins", FAULT_SYSTEM, "out of memory");
        for (char *at = names[i]; *at != '\0'; at++)
            if (!isprint((unsigned char)*at)) // nothing in a file writes to a terminal
                *at = '?';
    }
    return names;
}

// ---- Notes ---------------------------------------------------------------------------------------------------------

// Keeps a note, and shows it.
static void note(margins_result_t *result, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void note(margins_result_t *result, const char *format, ...) {
    char **notes = reallocarray(result->notes, result->note_count + 1, sizeof *notes);
    va_list arguments;
    va_start(arguments, format);
    if (notes != NULL)
        result->notes = notes;
    if (notes == NULL || vasprintf(&notes[result->note_count], format, arguments) < 0)
        options_stop("margins", FAULT_SYSTEM, "out of memory");
    va_end(arguments);
    fprintf(stderr, "moegeom margins: note: %s\n", notes[result->note_count++]);
}

static void note_dump(margins_result_t *result, const char *path, const dump_t *dump) {
    size_t logarithms = 0;
    if (dump == NULL)
        return;
    if (dump_note(dump) != NULL)
        note(result, "%s", dump_note(dump));
    for (size_t i = 0; dump_kind(dump) == DUMP_SCORES && i < dump_layers(dump); i++)
        logarithms += dump_probabilities(dump, i);
    if (logarithms > 0)
        note(result,
             "the rows of %s%s sum to 1: taken for probabilities, and their logarithms for logits, which "
             "casts "
             "and noise change",
             path, logarithms < dump_layers(dump) ? " in some layers" : "");
}

// Logits of a narrow format: their gaps lie on a grid. A few rows may look so by chance.
static void note_grid(margins_result_t *result) {
    const margins_survey_t *survey = result->survey;
    const uint64_t enough = 64;
    uint64_t rows = 0;
    int most = 0;
    for (size_t i = 0; i < survey->layers; i++) {
        rows += survey->layer[i].rows;
        if (survey->layer[i].report.significant > most)
            most = survey->layer[i].report.significant;
    }
    if (rows >= enough && most > 0 && most <= 11)
        note(result,
             "the logits have %d significant bits at most (bf16 has 8, fp16 11): their gaps lie on a grid, "
             "and "
             "only coarser formats change them",
             most);
}

static void note_stride(margins_result_t *result) {
    const margins_survey_t *survey = result->survey;
    uint64_t rows = 0, predicted = 0;
    for (size_t i = 0; i < survey->layers; i++) {
        rows += survey->layer[i].rows;
        predicted += survey->layer[i].report.predicted_rows;
    }
    if (predicted < rows && result->request->cast_count + result->request->noise_count > 0)
        note(result,
             "flips are predicted from %" PRIu64 " of %" PRIu64
             " rows, and observed in all; z compares both in those",
             predicted, rows);
}

// Ties that the lower index wins, in all layers.
static void note_ties(margins_result_t *result) {
    const margins_survey_t *survey = result->survey;
    bool above = false;
    for (size_t i = 0; i < survey->layers; i++)
        above |= survey->layer[i].has_bits && survey->layer[i].bits.ties;
    if (survey->tie.events > 0)
        note(result,
             "%" PRIu64 " rows have an exact tie at rank %zu: the expert with the lower number is taken, as "
             "kernels do%s",
             survey->tie.events, result->request->active,
             above ? "; no number of bits keeps flips below the target where another engine decides otherwise"
                   : "");
}

static const double FAR = 4; // standard errors

// Predictions that the observation contradicts.
static void note_deviations(margins_result_t *result) {
    const margins_survey_t *survey = result->survey;
    for (size_t c = 0; c < result->request->cast_count; c++) {
        size_t layers = 0;
        for (size_t i = 0; i < survey->layers; i++)
            layers += fabs(survey->layer[i].report.cast[c].score.z) > FAR;
        if (layers > 0)
            note(result,
                 "in %zu of %zu layers the flips in %s are more than 4 standard errors from the prediction, "
                 "which is for a grid that lies anywhere under the logits: this one is so wide, or the "
                 "logits so regular, that its place matters; what is observed is true of these logits",
                 layers, survey->layers, result->request->casts[c].name);
    }
}

// Between dumps, where rows that change are not explained by ties.
static void note_dependence(margins_result_t *result, size_t layers) {
    note(result,
         "in %zu of %zu layers the flips between the dumps are more than 4 standard errors from the "
         "prediction, which is for noise that is independent of the logits and of the other experts, and for "
         "logits that are not rounded more coarsely than that noise",
         layers, result->survey->layers);
}

// A second dump that is the first one rounded; or other differences than noise.
static void note_between(margins_result_t *result) {
    const margins_survey_t *survey = result->survey;
    uint64_t changed = 0, tied = 0, compared = 0;
    size_t deviant = 0;
    for (size_t i = 0; i < survey->layers; i++) {
        changed += survey->layer[i].report.between.observed.count;
        tied += survey->layer[i].report.between.tied;
        compared += survey->layer[i].report.between.compared;
        deviant += fabs(survey->layer[i].report.between.score.z) > FAR;
    }
    if (compared > 0 && changed > 0 && tied == changed)
        note(result, "all rows that change have an exact tie in one of the dumps: it is rounded, which the "
                     "casts predict, and not the noise between the dumps");
    else if (deviant > 0)
        note_dependence(result, deviant);
}

static void note_survey(margins_result_t *result) {
    const margins_survey_t *survey = result->survey;
    if (!survey->scores)
        note(result, "numbers of experts tell which rows change, and nothing of margins");
    if (!survey->aligned)
        note(result, "layers have different numbers of rows: rows of two layers are no tokens, and none are "
                     "counted");
    if (survey->scores) {
        note_grid(result);
        note_ties(result);
        note_stride(result);
        note_deviations(result);
        note_between(result);
    }
}

// ---- Risks ---------------------------------------------------------------------------------------------------------

// The first cast that moves anything in some layer, or the number of casts.
static size_t telling_cast(const margins_survey_t *survey) {
    const size_t casts = survey->layer[0].report.casts;
    for (size_t c = 0; c < casts; c++)
        for (size_t i = 0; i < survey->layers; i++)
            if (survey->layer[i].report.cast[c].moved > 0)
                return c;
    return casts;
}

// Says how much each layer is at risk, and sorts the layers.
static void find_risks(margins_result_t *result) {
    const margins_survey_t *survey = result->survey;
    const size_t cast = telling_cast(survey), casts = survey->layer[0].report.casts;
    const bool between = survey->layer[0].report.between.observed.trials > 0;
    result->risk_is_rate = between || cast < casts;
    if (between)
        snprintf(result->measure, sizeof result->measure, "flips between the dumps");
    else if (cast < casts)
        snprintf(result->measure, sizeof result->measure, "predicted flips in %s",
                 result->request->casts[cast].name);
    else
        snprintf(result->measure, sizeof result->measure, "density of the gap at 0");
    result->risk = allocate(survey->layers, sizeof *result->risk);
    result->order = allocate(survey->layers, sizeof *result->order);
    for (size_t i = 0; i < survey->layers; i++) {
        const margin_report_t *report = &survey->layer[i].report;
        const double risk = between        ? report->between.observed.rate
                            : cast < casts ? report->cast[cast].predicted.val
                                           : report->density.val;
        size_t place = i;
        for (; place > 0 && result->risk[result->order[place - 1]] < risk; place--)
            result->order[place] = result->order[place - 1];
        result->order[place] = i;
        result->risk[i] = risk;
    }
}

size_t margins_rows(const margins_survey_t *survey, size_t most, margins_row_t *rows) {
    size_t count = 0;
    for (size_t i = 0; i < survey->layers; i++)
        for (size_t r = 0; r < survey->layer[i].report.risks; r++) {
            const margin_risk_t *risk = &survey->layer[i].report.risk[r];
            size_t place = count;
            if (count < most)
                count++;
            else if (count == 0 || risk->gap >= rows[count - 1].risk->gap)
                break;
            else
                place--;
            for (; place > 0 && rows[place - 1].risk->gap > risk->gap; place--)
                rows[place] = rows[place - 1];
            rows[place] = (margins_row_t){i, risk};
        }
    return count;
}

double margins_spacing(const margins_survey_t *survey, size_t cast) {
    double sum = 0, count = 0;
    for (size_t i = 0; i < survey->layers; i++) {
        const margin_report_t *report = &survey->layer[i].report;
        // The law is f E[u] / 4.
        const double spacing = 4 * report->cast[cast].first_order.val / report->density.val;
        if (isfinite(spacing) && spacing > 0) {
            sum += spacing;
            count++;
        }
    }
    return count > 0 ? sum / count : NAN;
}

// ---- The command ---------------------------------------------------------------------------------------------------

static void examine_outputs(const margins_request_t *request) {
    fault_t fault = {0};
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
    margin_options_t *options = allocate(layers, sizeof *options);
    for (size_t i = 0; i < layers; i++)
        set_layer(&request, dump, i, bias != NULL ? bias + i * experts : NULL, &options[i]);

    fault_t fault = {0};
    margins_survey_t survey = {0};
    const margins_plan_t plan = {dump, other, options, request.target, request.threads};
    margins_survey(&plan, &survey, &fault);
    options_check("margins", &fault);

    margins_result_t result = {.request = &request, .survey = &survey, .dump = dump, .options = options};
    result.names = shorten_names(dump);
    find_risks(&result);
    note_dump(&result, request.dump, dump);
    note_dump(&result, request.other, other);
    note_survey(&result);
    print_result(&result);
    clear_result(&result);
    margins_survey_clear(&survey);
    free(options);
    free(bias);
    dump_close(other);
    dump_close(dump);
    return FAULT_NONE;
}
