// SPDX-License-Identifier: GPL-3.0-or-later
// What moegeom margins says of layers and rows, however it is printed; see margins.h.
#include "cli/margins.h"
#include "cli/options.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *margins_allocate(size_t count, size_t size) {
    void *room = calloc(count, size);
    if (room == NULL)
        options_stop("margins", FAULT_SYSTEM, "out of memory");
    return room;
}

const char *margins_key(char room[MARGINS_KEY], double value) {
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(room, MARGINS_KEY, "%.*g", digits, value);
        if (strtod(room, NULL) == value)
            break;
    }
    return room;
}

// ---- Names of layers ----

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

char **margins_names(const dump_t *dump) {
    const size_t layers = dump_layers(dump);
    const size_t before = layers > 1 ? common(dump, false) : 0, after = layers > 1 ? common(dump, true) : 0;
    char **names = margins_allocate(layers, sizeof *names);
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

// ---- Logits that were rounded before ----

int margins_significant(const margins_survey_t *survey) {
    const uint64_t enough = 64;
    const int narrow = 11; // fp16
    uint64_t rows = 0;
    int most = 0;
    for (size_t i = 0; i < survey->layers; i++) {
        rows += survey->layer[i].rows;
        most = survey->layer[i].report.significant > most ? survey->layer[i].report.significant : most;
    }
    return rows >= enough && most <= narrow ? most : 0;
}

// ---- Risks ----

// The first cast that moves anything in some layer, or the number of casts.
static size_t telling_cast(const margins_survey_t *survey) {
    const size_t casts = survey->layer[0].report.casts;
    for (size_t c = 0; c < casts; c++)
        for (size_t i = 0; i < survey->layers; i++)
            if (survey->layer[i].report.cast[c].moved > 0)
                return c;
    return casts;
}

void margins_rank(margins_result_t *result) {
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
    result->risk = margins_allocate(survey->layers, sizeof *result->risk);
    result->order = margins_allocate(survey->layers, sizeof *result->order);
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

// ---- Changes ----

margins_rates_t margins_rates(const margin_report_t *report, margins_change_t change, size_t index) {
    const margin_cast_t *cast = &report->cast[index];
    const margin_between_t *between = &report->between;
    if (change == MARGINS_BY_CAST)
        return (margins_rates_t){cast->predicted.val, cast->predicted.err, cast->observed.rate, cast->score.z,
                                 cast->tally};
    if (change == MARGINS_BY_NOISE)
        return (margins_rates_t){.predicted = report->noise[index].predicted.val,
                                 .error = report->noise[index].predicted.err,
                                 .observed = NAN,
                                 .z = NAN};
    if (between->compared == 0)
        return (margins_rates_t){
            .predicted = NAN, .error = NAN, .observed = between->observed.rate, .z = NAN};
    return (margins_rates_t){between->predicted.val, between->predicted.err, between->observed.rate,
                             between->score.z, between->tally};
}

margins_summary_t margins_summarise(const margins_survey_t *survey, margins_change_t change, size_t index) {
    margins_summary_t sum = {.all = {.z = NAN}, .worst_rate = -1};
    double rows = 0;
    for (size_t i = 0; i < survey->layers; i++) {
        const margins_rates_t flips = margins_rates(&survey->layer[i].report, change, index);
        const double weight = (double)survey->layer[i].rows,
                     rate = change == MARGINS_BY_DUMP ? flips.observed : flips.predicted;
        rows += weight;
        sum.all.predicted += weight * flips.predicted;
        sum.all.observed += weight * flips.observed;
        sum.all.error = flips.error;
        sum.all.z = flips.z;
        sum.all.tally.observed += flips.tally.observed;
        sum.all.tally.expected += flips.tally.expected;
        sum.all.tally.variance += flips.tally.variance;
        if (rate > sum.worst_rate) {
            sum.worst_rate = rate;
            sum.worst = i;
        }
    }
    sum.all.predicted /= rows;
    sum.all.observed /= rows;
    if (survey->layers > 1 && !isnan(sum.all.z))
        sum.all.z = binomial_score(sum.all.tally.observed, sum.all.tally.expected, sum.all.tally.variance).z;
    return sum;
}
