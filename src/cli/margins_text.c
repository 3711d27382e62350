// SPDX-License-Identifier: GPL-3.0-or-later
// The result of moegeom margins for people; see margins.h.
#include "cli/grid.h"
#include "cli/margins.h"
#include "cli/options.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CELL = MARGINS_KEY,
    MANY = 20, // layers beyond which a table of flips leaves out the scores, to stay short
};

// ---- Cells ---------------------------------------------------------------------------------------------------------

// A rate in percent, of at most six characters: three digits, and less where they would not fit.
static const char *percent(char room[CELL], double rate) {
    const double value = 100 * rate;
    if (isnan(rate))
        return "-";
    if (value != 0 && value < 0.0001)
        return "<.0001";
    const int digits = value == 0         ? 0
                       : value >= 99.95   ? 0
                       : value >= 9.995   ? 1
                       : value >= 0.9995  ? 2
                       : value >= 0.09995 ? 3
                                          : 4;
    snprintf(room, CELL, "%.*f", digits, value);
    return room;
}

// A number with so many digits, zeros at the end included.
static const char *real(char room[CELL], int digits, double value) {
    if (!isfinite(value))
        return "-";
    if (value == 0)
        return "0";
    snprintf(room, CELL, "%#.*g", digits, value);
    if (room[strlen(room) - 1] == '.')
        room[strlen(room) - 1] = '\0';
    return room;
}

// The score of an observation: none where nothing was predicted, large ones without digits.
static const char *score(char room[CELL], double z) {
    if (isnan(z))
        return "-";
    if (fabs(z) < 99.95)
        snprintf(room, CELL, fabs(z) < 0.05 ? "0.0" : "%+.1f", z);
    else
        snprintf(room, CELL, "%s", z > 0 ? ">+99" : "<-99");
    return room;
}

static const char *bits(char room[CELL], int found) {
    if (found == 0)
        return ">53";
    snprintf(room, CELL, "%d", found);
    return room;
}

static const char *suffix(size_t rank) {
    const size_t last = rank % 10;
    if (rank / 10 % 10 == 1 || last == 0 || last > 3)
        return "th";
    return last == 1 ? "st" : last == 2 ? "nd" : "rd";
}

// ---- All layers together -------------------------------------------------------------------------------------------

static bool compared(const margins_survey_t *survey) {
    return survey->layer[0].report.between.observed.trials > 0;
}

// ---- The answer ----------------------------------------------------------------------------------------------------

static void print_between_answer(const margins_result_t *result) {
    const margins_survey_t *survey = result->survey;
    const margins_summary_t sum = margins_summarise(survey, MARGINS_BY_DUMP, 0);
    char room[CELL];
    printf("The dumps select different experts in %s %% of rows", percent(room, sum.all.observed));
    if (survey->layers > 1 && survey->aligned)
        printf(", and in some layer for %s %% of tokens",
               percent(room, (double)survey->between.tokens / (double)survey->tokens));
}

static void print_cast_answer(const margins_result_t *result) {
    char room[CELL];
    printf("Rounding %schanges the experts of",
           dump_probabilities(result->dump, 0) ? "the logarithms of these probabilities " : "");
    for (size_t i = 0; i < result->request->cast_count; i++)
        printf("%s %s %%%s in %s", i > 0 ? "," : "",
               percent(room, margins_summarise(result->survey, MARGINS_BY_CAST, i).all.observed),
               i == 0 ? " of rows" : "", result->request->casts[i].name);
}

static void print_gap_answer(const margins_result_t *result) {
    const margin_report_t *report = &result->survey->layer[result->order[0]].report;
    char room[CELL], share[CELL];
    printf("The gap at rank %zu is at most %s in %s %% of rows", result->request->active,
           margins_key(room, report->width[0]), percent(share, report->within[0].rate));
}

// The layer that is most at risk, and by what, if layers differ.
static void print_worst(const margins_result_t *result) {
    const size_t layers = result->survey->layers;
    const size_t worst = result->order[0], least = result->order[layers - 1];
    if (!(result->risk[worst] > result->risk[least]))
        return;
    printf("; layer %s is the worst", result->names[worst]);
    if (!compared(result->survey))
        printf(", by %s", result->measure);
}

// Where casts have nothing to round, 0 says nothing of the model.
static void print_significant(const margins_result_t *result) {
    const int found = margins_significant(result->survey);
    if (found > 0)
        printf("; these logits have %d significant bits already", found);
}

static void print_answer(const margins_result_t *result) {
    const margins_survey_t *survey = result->survey;
    if (compared(survey))
        print_between_answer(result);
    else if (result->request->cast_count > 0)
        print_cast_answer(result);
    else
        print_gap_answer(result);
    print_worst(result);
    print_significant(result);
    putchar('\n');
}

static void print_size(const margins_result_t *result) {
    const margins_survey_t *survey = result->survey;
    const margins_request_t *request = result->request;
    if (survey->aligned)
        printf("%zu layer%s of %" PRIu64 " rows, ", survey->layers, survey->layers == 1 ? "" : "s",
               survey->tokens);
    else
        printf("%zu layers of different numbers of rows, ", survey->layers);
    if (!survey->scores) {
        printf("%zu experts selected, by their numbers\n", request->active);
        return;
    }
    size_t least = SIZE_MAX, most = 0;
    for (size_t i = 0; i < survey->layers; i++) {
        const size_t experts = dump_columns(result->dump, i);
        least = experts < least ? experts : least;
        most = experts > most ? experts : most;
    }
    printf("%zu of %zu", request->active, least);
    if (most > least)
        printf(" to %zu", most);
    printf(" experts selected: %s\n", request->rule->meaning);
}

// ---- Flips ---------------------------------------------------------------------------------------------------------

static void add_summary(const margins_result_t *result, grid_t *grid, margins_change_t cause, size_t index,
                        const margins_event_t *event) {
    const margins_survey_t *survey = result->survey;
    const margins_summary_t sum = margins_summarise(survey, cause, index);
    char a[CELL], b[CELL];
    grid_cell(grid, "%s", percent(a, sum.all.predicted));
    if (survey->layers == 1)
        grid_cell(grid, "%s", percent(a, sum.all.error));
    grid_cell(grid, "%s", percent(a, sum.all.observed));
    grid_cell(grid, "%s", score(a, sum.all.z));
    if (survey->layers == 1)
        return;
    grid_cell(grid, "%s", percent(a, sum.worst_rate));
    grid_cell(grid, "%.12s", result->names[sum.worst]);
    if (!survey->aligned)
        return;
    const double tokens = (double)survey->tokens;
    grid_cell(grid, "%s", event == NULL ? "-" : percent(a, (double)event->tokens / tokens));
    grid_cell(grid, "%s", event == NULL ? "-" : real(b, 3, (double)event->events / tokens));
}

static void print_flips(const margins_result_t *result) {
    const margins_survey_t *survey = result->survey;
    const margins_request_t *request = result->request;
    char room[CELL];
    const bool several = survey->layers > 1;
    grid_t *grid = grid_alloc("margins");
    grid_column(grid, "", "rows that change experts, %");
    grid_column(grid, "", "predicted");
    if (!several)
        grid_column(grid, "", "+-");
    grid_column(grid, "", "observed");
    grid_column(grid, "", "z");
    if (several) {
        grid_column(grid, "worst", "layer");
        grid_column(grid, NULL, "");
    }
    if (several && survey->aligned) {
        grid_column(grid, "tokens, some", "layer, %");
        grid_column(grid, "layers of", "a token");
    }
    if (compared(survey)) {
        grid_cell(grid, "between the dumps");
        add_summary(result, grid, MARGINS_BY_DUMP, 0, &survey->between);
    }
    for (size_t i = 0; i < request->cast_count; i++) {
        grid_cell(grid, "rounded to %s", request->casts[i].name);
        add_summary(result, grid, MARGINS_BY_CAST, i, &survey->cast[i]);
    }
    for (size_t i = 0; i < request->noise_count; i++) {
        grid_cell(grid, "noise of %s", margins_key(room, request->noises[i]));
        add_summary(result, grid, MARGINS_BY_NOISE, i, NULL);
    }
    putchar('\n');
    grid_print(grid, stdout);
    grid_free(grid);
}

// Rows that differ between the dumps, and the casts that explain them.
static void print_causes(const margins_result_t *result) {
    const margins_survey_t *survey = result->survey;
    uint64_t changed = 0, explained[MARGIN_CASTS] = {0};
    double noise = 0, rows = 0;
    char room[CELL];
    for (size_t i = 0; i < survey->layers; i++) {
        const margin_between_t *between = &survey->layer[i].report.between;
        changed += between->observed.count;
        for (size_t c = 0; c < result->request->cast_count; c++)
            explained[c] += between->as_cast[c];
        if (between->compared > 0) {
            noise += between->noise * (double)between->compared;
            rows += (double)between->compared;
        }
    }
    if (rows > 0)
        printf("\nThe logits of the dumps differ by independent noise of standard deviation %s near the "
               "boundary, "
               "on average.\n",
               real(room, 3, noise / rows));
    if (changed == 0 || result->request->cast_count == 0)
        return;
    printf("Of the %" PRIu64 " rows that change experts, rounding the first dump gives what the second one "
           "selects in\n",
           changed);
    for (size_t c = 0; c < result->request->cast_count; c++)
        printf("%s%" PRIu64 " by %s", c > 0 ? ", " : "", explained[c], result->request->casts[c].name);
    puts(".");
}

static void print_choices(const margins_result_t *result) {
    const margins_survey_t *survey = result->survey;
    char room[CELL], low[CELL], high[CELL];
    grid_t *grid = grid_alloc("margins");
    grid_column(grid, "", "layer");
    grid_column(grid, "", "rows");
    grid_column(grid, "rows that change", "experts, %");
    grid_column(grid, "", "95 %");
    grid_column(grid, NULL, "");
    for (size_t i = 0; i < survey->layers; i++) {
        const binomial_rate_t *rate = &survey->layer[i].report.between.observed;
        grid_cell(grid, "%s", result->names[i]);
        grid_cell(grid, "%" PRIu64, survey->layer[i].rows);
        grid_cell(grid, "%s", percent(room, rate->rate));
        grid_cell(grid, "%s", percent(low, rate->low));
        grid_cell(grid, "%s", percent(high, rate->high));
    }
    putchar('\n');
    grid_print(grid, stdout);
    grid_free(grid);
}

// ---- Layer by layer ------------------------------------------------------------------------------------------------

static void add_gap_columns(grid_t *grid, const margins_request_t *request, bool plain) {
    char room[CELL], head[GRID_CELL];
    grid_column(grid, "", "layer");
    grid_column(grid, "", "rows");
    grid_column(grid, "exact", "ties");
    grid_column(grid, "gap:", "1 %");
    grid_column(grid, "", "median");
    for (size_t i = 0; i < request->width_count; i++) {
        snprintf(head, GRID_CELL, "<= %s", margins_key(room, request->widths[i]));
        grid_column(grid, i == 0 ? "rows, %" : "", head);
    }
    grid_column(grid, "density", "at 0");
    grid_column(grid, NULL, "+-");
    if (plain) {
        snprintf(head, GRID_CELL, "float");
        grid_column(grid, "bits:", head);
        grid_column(grid, NULL, "int");
    }
}

// The first quantile at 1 %, and the median.
static double quantile(const margin_report_t *report, double order) {
    for (size_t i = 0; i < MARGIN_QUANTILES; i++)
        if (margin_quantile_orders[i] == order)
            return report->gap_quantile[i];
    return NAN;
}

static void add_gaps(grid_t *grid, const margins_layer_t *layer, bool plain) {
    const margin_report_t *report = &layer->report;
    char room[CELL];
    grid_cell(grid, "%" PRIu64, layer->rows);
    grid_cell(grid, "%" PRIu64, report->exact_ties);
    grid_cell(grid, "%s", real(room, 3, quantile(report, 0.01)));
    grid_cell(grid, "%s", real(room, 3, quantile(report, 0.5)));
    for (size_t i = 0; i < report->widths; i++)
        grid_cell(grid, "%s", percent(room, report->within[i].rate));
    grid_cell(grid, "%s", real(room, 3, report->density.val));
    grid_cell(grid, "%s", real(room, 2, report->density.err));
    if (plain) {
        grid_cell(grid, "%s", bits(room, layer->bits.floating));
        grid_cell(grid, "%s", bits(room, layer->bits.integer));
    }
}

static void print_gaps(const margins_result_t *result) {
    const margins_survey_t *survey = result->survey;
    const margins_request_t *request = result->request;
    const bool plain = survey->layer[0].has_bits;
    char share[CELL];
    printf("\nThe gap of the %zu%s and the %zu%s largest %s", request->active, suffix(request->active),
           request->active + 1, suffix(request->active + 1),
           request->rule->score == SELECTION_LOGIT ? "logit" : "score");
    if (request->rule->grouping != SELECTION_UNGROUPED)
        printf(", or of groups");
    if (plain)
        printf("; bits of a significand, or of an integer,\nthat keep the rows that change experts at or "
               "below %s %%",
               percent(share, request->target));
    puts(":");
    grid_t *grid = grid_alloc("margins");
    add_gap_columns(grid, request, plain);
    for (size_t i = 0; i < survey->layers; i++) {
        grid_cell(grid, "%.12s", result->names[i]);
        add_gaps(grid, &survey->layer[i], plain);
    }
    grid_print(grid, stdout);
    grid_free(grid);
    if (survey->has_bits && survey->layers > 1) {
        char floating[CELL], integer[CELL];
        printf("All layers together: %s bits of a significand, %s of an integer.\n",
               bits(floating, survey->bits.floating), bits(integer, survey->bits.integer));
    }
}

static void add_flip_cells(grid_t *grid, const margins_rates_t *flips, bool scores) {
    char room[CELL];
    grid_cell(grid, "%s", percent(room, flips->predicted));
    grid_cell(grid, "%s", percent(room, flips->observed));
    if (scores)
        grid_cell(grid, "%s", score(room, flips->z));
}

static void print_layer_flips(const margins_result_t *result) {
    const margins_survey_t *survey = result->survey;
    const margins_request_t *request = result->request;
    const bool scores = survey->layers <= MANY;
    const size_t causes = request->cast_count + compared(survey);
    if (causes == 0 || survey->layers == 1)
        return;
    printf("\nRows that change experts, in %%: predicted, observed%s:\n", scores ? ", z" : "");
    grid_t *grid = grid_alloc("margins");
    grid_column(grid, "", "layer");
    for (size_t c = 0; c < causes; c++) {
        grid_column(grid, c < request->cast_count ? request->casts[c].name : "dumps", "pred");
        grid_column(grid, NULL, "obs");
        if (scores)
            grid_column(grid, NULL, "z");
    }
    for (size_t i = 0; i < survey->layers; i++) {
        grid_cell(grid, "%.12s", result->names[i]);
        for (size_t c = 0; c < causes; c++) {
            const margins_rates_t flips = margins_rates(
                &survey->layer[i].report, c < request->cast_count ? MARGINS_BY_CAST : MARGINS_BY_DUMP,
                c < request->cast_count ? c : 0);
            add_flip_cells(grid, &flips, scores);
        }
    }
    grid_print(grid, stdout);
    grid_free(grid);
}

// ---- Risks ---------------------------------------------------------------------------------------------------------

static void print_risky_layers(const margins_result_t *result) {
    const margins_survey_t *survey = result->survey;
    char room[CELL];
    if (survey->layers < 3)
        return;
    printf("\nLayers at risk, by %s:", result->measure);
    for (size_t i = 0; i < survey->layers && i < result->request->risky; i++) {
        const size_t layer = result->order[i];
        printf("%s %s (%s%s)", i > 0 ? "," : "", result->names[layer],
               result->risk_is_rate ? percent(room, result->risk[layer]) : real(room, 3, result->risk[layer]),
               result->risk_is_rate ? " %" : "");
    }
    putchar('\n');
}

static void print_risky_rows(const margins_result_t *result) {
    margins_row_t rows[MARGIN_RISKS];
    char room[CELL];
    const size_t count = margins_rows(result->survey, result->request->risky, rows);
    if (count == 0)
        return;
    puts("\nRows closest to a change:");
    grid_t *grid = grid_alloc("margins");
    grid_column(grid, "", "layer");
    grid_column(grid, "", "row");
    grid_column(grid, "", "gap");
    grid_column(grid, "", "selected");
    grid_column(grid, "", "left out");
    for (size_t i = 0; i < count; i++) {
        const margin_risk_t *risk = rows[i].risk;
        const char *kind = risk->of_groups ? "group " : "";
        grid_cell(grid, "%.12s", result->names[rows[i].layer]);
        grid_cell(grid, "%" PRIu64, risk->row);
        grid_cell(grid, "%s", real(room, 3, risk->gap));
        grid_cell(grid, "%s%zu", kind, risk->inside);
        grid_cell(grid, "%s%zu", kind, risk->outside);
    }
    grid_print(grid, stdout);
    grid_free(grid);
}

void margins_print_text(const margins_result_t *result) {
    print_answer(result);
    print_size(result);
    if (!result->survey->scores) {
        print_choices(result);
        return;
    }
    if (compared(result->survey) || result->request->cast_count + result->request->noise_count > 0)
        print_flips(result);
    if (compared(result->survey))
        print_causes(result);
    print_gaps(result);
    print_layer_flips(result);
    if (result->request->risky > 0) {
        print_risky_layers(result);
        print_risky_rows(result);
    }
}
