// SPDX-License-Identifier: GPL-3.0-or-later
// The result of moegeom margins as comma-separated text; see margins.h.
#include "cli/margins.h"
#include "io/output.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { DIGITS = 12 };

typedef struct csv {
    FILE *file;
    const char *layer;
} csv_t;

// A cell of text, in quotes where it needs them.
static void write_text(FILE *file, const char *text) {
    if (strpbrk(text, ",\"\r\n") == NULL) {
        fputs(text, file);
        return;
    }
    fputc('"', file);
    for (; *text != '\0'; text++)
        fprintf(file, *text == '"' ? "\"%c" : "%c", *text);
    fputc('"', file);
}

static void write_number(FILE *file, double value) {
    if (isfinite(value))
        fprintf(file, ",%.*g", DIGITS, value);
    else
        fputc(',', file); // there is none
}

static void write_row(const csv_t *csv, const char *quantity, const char *parameter, double value,
                      double error) {
    write_text(csv->file, csv->layer);
    fprintf(csv->file, ",%s,%s", quantity, parameter);
    write_number(csv->file, value);
    write_number(csv->file, error);
    fputc('\n', csv->file);
}

static void write_value(const csv_t *csv, const char *quantity, const char *parameter, gsl_sf_result value) {
    write_row(csv, quantity, parameter, value.val, value.err);
}

static void write_plain(const csv_t *csv, const char *quantity, const char *parameter, double value) {
    write_row(csv, quantity, parameter, value, NAN);
}

// Its standard error, and the interval in rows of its own.
static void write_rate(const csv_t *csv, const char *quantity, const char *parameter,
                       const binomial_rate_t *rate) {
    char name[MARGINS_KEY];
    write_row(csv, quantity, parameter, rate->rate,
              sqrt(rate->rate * (1 - rate->rate) / (double)rate->trials));
    snprintf(name, MARGINS_KEY, "%s_low", quantity);
    write_plain(csv, name, parameter, rate->low);
    snprintf(name, MARGINS_KEY, "%s_high", quantity);
    write_plain(csv, name, parameter, rate->high);
}

static void write_gaps(const csv_t *csv, const margins_layer_t *layer) {
    const margin_report_t *report = &layer->report;
    char room[MARGINS_KEY];
    write_plain(csv, "exact_ties", "", (double)report->exact_ties);
    for (size_t i = 0; i < MARGIN_QUANTILES; i++)
        write_plain(csv, "gap_quantile", margins_key(room, margin_quantile_orders[i]),
                    report->gap_quantile[i]);
    for (size_t i = 0; i < report->widths; i++)
        write_rate(csv, "gap_at_most", margins_key(room, report->width[i]), &report->within[i]);
    write_value(csv, "density_at_zero", "", report->density);
    if (layer->has_bits) {
        write_plain(csv, "bits", "floating", layer->bits.floating > 0 ? (double)layer->bits.floating : NAN);
        write_plain(csv, "bits", "integer", layer->bits.integer > 0 ? (double)layer->bits.integer : NAN);
    }
}

static void write_flips(const csv_t *csv, const margins_request_t *request, const margin_report_t *report) {
    char room[MARGINS_KEY];
    for (size_t i = 0; i < report->casts; i++) {
        const char *name = request->casts[i].name;
        const margin_cast_t *cast = &report->cast[i];
        write_value(csv, "cast_predicted", name, cast->predicted);
        write_rate(csv, "cast_observed", name, &cast->observed);
        write_plain(csv, "cast_z", name, cast->score.z);
        write_value(csv, "cast_first_order", name, cast->first_order);
        write_plain(csv, "cast_ties", name, (double)cast->ties);
    }
    for (size_t i = 0; i < report->noises; i++) {
        margins_key(room, report->noise[i].sigma);
        write_value(csv, "noise_predicted", room, report->noise[i].predicted);
        write_value(csv, "noise_first_order", room, report->noise[i].first_order);
    }
}

static void write_between(const csv_t *csv, const margin_between_t *between) {
    if (between->observed.trials == 0)
        return;
    write_rate(csv, "between_observed", "", &between->observed);
    if (between->compared == 0)
        return;
    write_plain(csv, "between_noise", "", between->noise);
    write_value(csv, "between_predicted", "", between->predicted);
    write_plain(csv, "between_z", "", between->score.z);
}

static void write_layer(FILE *file, const margins_result_t *result, size_t index) {
    const csv_t csv = {file, dump_layer_name(result->dump, index)};
    const margins_layer_t *layer = &result->survey->layer[index];
    write_plain(&csv, "rows", "", (double)layer->rows);
    write_plain(&csv, "active", "", (double)result->request->active);
    if (result->survey->scores) {
        write_plain(&csv, "experts", "", (double)dump_columns(result->dump, index));
        write_gaps(&csv, layer);
        write_flips(&csv, result->request, &layer->report);
    }
    write_between(&csv, &layer->report.between);
    for (size_t i = 0; i < layer->report.risks; i++) {
        char row[MARGINS_KEY];
        snprintf(row, MARGINS_KEY, "%" PRIu64, layer->report.risk[i].row);
        write_plain(&csv, "risky_gap", row, layer->report.risk[i].gap);
    }
}

static void write_event(const csv_t *csv, const char *name, const margins_survey_t *survey,
                        const margins_event_t *event) {
    write_plain(csv, "tokens_with_flip", name, (double)event->tokens / (double)survey->tokens);
    write_plain(csv, "layers_per_token", name, (double)event->events / (double)survey->tokens);
}

// Of all layers together: their name is empty.
static void write_tokens(FILE *file, const margins_result_t *result) {
    const margins_survey_t *survey = result->survey;
    const csv_t csv = {file, ""};
    if (!survey->aligned)
        return;
    for (size_t i = 0; survey->scores && i < result->request->cast_count; i++)
        write_event(&csv, result->request->casts[i].name, survey, &survey->cast[i]);
    if (survey->layer[0].report.between.observed.trials > 0)
        write_event(&csv, "between", survey, &survey->between);
}

fault_status_t margins_write_csv(const margins_result_t *result, const char *path, fault_t *fault) {
    output_t *out;
    if (output_open(path, &out, fault) != FAULT_NONE)
        return fault->status;
    FILE *file = output_stream(out);
    fputs("layer,quantity,parameter,value,error\n", file);
    for (size_t i = 0; i < result->survey->layers; i++)
        write_layer(file, result, i);
    write_tokens(file, result);
    return output_commit(out, fault);
}
