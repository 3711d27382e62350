// SPDX-License-Identifier: GPL-3.0-or-later
// What moegeom margins remarks besides its numbers; see margins.h.
#include "cli/margins.h"
#include "cli/options.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

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
    fault_tame(notes[result->note_count]);
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

static void note_grid(margins_result_t *result) {
    const int bits = margins_significant(result->survey);
    if (bits > 0)
        note(result,
             "the logits have %d significant bits at most (bf16 has 8, fp16 11): their gaps lie on a grid, "
             "and only coarser formats "
             "change them",
             bits);
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
        if (layers > 0 || fabs(margins_summarise(survey, MARGINS_BY_CAST, c).all.z) > FAR)
            note(result,
                 "in %zu of %zu layers, or in all together, the flips in %s are more than 4 standard errors "
                 "from the prediction, "
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

// What looks like a dump with its indices in another order.
static void note_shape(margins_result_t *result) {
    const margins_survey_t *survey = result->survey;
    const size_t many = 256; // layers that no model has
    if (survey->layers > many && survey->aligned && survey->layers > survey->tokens)
        note(result,
             "%zu layers of %" PRIu64
             " rows: a dump of (tokens, layers, ...) has to be transposed to (layers, tokens, ...)",
             survey->layers, survey->tokens);
}

// Rows of two dumps that cannot be those of the same tokens.
static void note_order(margins_result_t *result) {
    const margins_survey_t *survey = result->survey;
    const double most = 0.5;
    uint64_t changed = 0, rows = 0;
    for (size_t i = 0; i < survey->layers; i++) {
        changed += survey->layer[i].report.between.observed.count;
        rows += survey->layer[i].report.between.observed.trials;
    }
    if ((double)changed > most * (double)rows)
        note(result, "most rows select other experts in the second dump: are these the same tokens in the "
                     "same order, and the same layers?");
}

// What so few rows cannot tell.
static void note_rows(margins_result_t *result) {
    const margins_survey_t *survey = result->survey;
    const uint64_t enough = 1000;
    uint64_t rows = 0;
    for (size_t i = 0; i < survey->layers; i++)
        rows += survey->layer[i].rows;
    if (rows < enough)
        note(result, "%" PRIu64 " rows in all: an observed rate of 0 may be one of %.2g %%", rows,
             100 * binomial_rate(0, rows).high);
    else if (survey->has_bits && (double)rows * result->request->target < 10)
        note(result, "the bits rest on the few rows closest to a tie: a rate of %g takes some %.0f rows",
             result->request->target, 10 / result->request->target);
}

static void note_survey(margins_result_t *result) {
    const margins_survey_t *survey = result->survey;
    if (!survey->scores)
        note(result, "numbers of experts tell which rows change, and nothing of margins");
    note_shape(result);
    note_order(result);
    note_rows(result);
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

void margins_note(margins_result_t *result, const dump_t *other) {
    note_dump(result, result->request->dump, result->dump);
    note_dump(result, result->request->other, other);
    note_survey(result);
}
