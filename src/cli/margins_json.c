// SPDX-License-Identifier: GPL-3.0-or-later
// The result of moegeom margins as JSON; see margins.h.
#include "cli/margins.h"
#include "cli/options.h"
#include "io/quote.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { DIGITS = 12 };

static json_t *number(double value) {
    return isfinite(value) ? json_real(value) : json_null();
}

// A text from a file or a command line, which may be no UTF-8.
static json_t *text_of(const char *text) {
    char room[QUOTE_ROOM];
    json_t *string = json_string(text);
    return string != NULL ? string : json_string(quote(room, text, strlen(text)));
}

static json_t *count(uint64_t value) {
    return json_integer((json_int_t)value);
}

static void put(json_t *object, const char *key, json_t *value) {
    if (object == NULL || value == NULL || json_object_set_new(object, key, value) != 0)
        options_stop("margins", FAULT_SYSTEM, "out of memory for the result");
}

static void append(json_t *array, json_t *value) {
    if (array == NULL || value == NULL || json_array_append_new(array, value) != 0)
        options_stop("margins", FAULT_SYSTEM, "out of memory for the result");
}

static json_t *quantiles(const margin_report_t *report) {
    json_t *object = json_object();
    char room[MARGINS_KEY];
    for (size_t i = 0; i < MARGIN_QUANTILES; i++)
        put(object, margins_key(room, margin_quantile_orders[i]), number(report->gap_quantile[i]));
    return object;
}

static void put_rate(json_t *object, const char *name, const binomial_rate_t *rate) {
    put(object, name, number(rate->rate));
    put(object, "low", number(rate->low));
    put(object, "high", number(rate->high));
}

static json_t *gap_at_most(const margin_report_t *report) {
    json_t *object = json_object();
    char room[MARGINS_KEY];
    for (size_t i = 0; i < report->widths; i++) {
        json_t *entry = json_object();
        put_rate(entry, "rate", &report->within[i]);
        put(object, margins_key(room, report->width[i]), entry);
    }
    return object;
}

static void put_value(json_t *object, const char *name, const char *error, gsl_sf_result value) {
    put(object, name, number(value.val));
    put(object, error, number(value.err));
}

static json_t *casts(const margins_result_t *result, const margin_report_t *report) {
    json_t *object = json_object();
    for (size_t i = 0; i < report->casts; i++) {
        const margin_cast_t *cast = &report->cast[i];
        json_t *entry = json_object();
        put_value(entry, "predicted", "predicted_se", cast->predicted);
        put_rate(entry, "observed", &cast->observed);
        put(entry, "flips", count(cast->observed.count));
        put(entry, "z", number(cast->score.z));
        put(entry, "p", number(cast->score.p));
        put_value(entry, "first_order", "first_order_se", cast->first_order);
        put(entry, "ties", count(cast->ties));
        put(entry, "moved", count(cast->moved));
        put(object, result->request->casts[i].name, entry);
    }
    return object;
}

static json_t *noises(const margin_report_t *report) {
    json_t *object = json_object();
    char room[MARGINS_KEY];
    for (size_t i = 0; i < report->noises; i++) {
        json_t *entry = json_object();
        put_value(entry, "predicted", "predicted_se", report->noise[i].predicted);
        put_value(entry, "first_order", "first_order_se", report->noise[i].first_order);
        put(object, margins_key(room, report->noise[i].sigma), entry);
    }
    return object;
}

static json_t *between(const margins_request_t *request, const margin_between_t *found, bool scores) {
    if (found->observed.trials == 0)
        return json_null();
    json_t *object = json_object();
    put_rate(object, "observed", &found->observed);
    put(object, "flips", count(found->observed.count));
    if (!scores)
        return object;
    const bool compared = found->compared > 0;
    put(object, "tied", count(found->tied));
    put(object, "compared", count(found->compared));
    put(object, "equal", count(found->equal));
    put(object, "noise", compared ? number(found->noise) : json_null());
    put(object, "noise_median", compared ? number(found->median) : json_null());
    put_value(object, "predicted", "predicted_se", found->predicted);
    put(object, "z", compared ? number(found->score.z) : json_null());
    put(object, "p", compared ? number(found->score.p) : json_null());
    json_t *casts_too = json_object();
    for (size_t c = 0; c < request->cast_count; c++)
        put(casts_too, request->casts[c].name, count(found->as_cast[c]));
    put(object, "flips_as_rounded", casts_too);
    return object;
}

static json_t *bits(const margins_request_t *request, bool known, const margin_bits_t *found) {
    if (!known)
        return json_null();
    json_t *object = json_object();
    put(object, "target", number(request->target));
    put(object, "floating", found->floating > 0 ? json_integer(found->floating) : json_null());
    put(object, "floating_rate", number(found->floating_rate));
    put(object, "integer", found->integer > 0 ? json_integer(found->integer) : json_null());
    put(object, "integer_rate", number(found->integer_rate));
    put(object, "ties_above_target", json_boolean(found->ties));
    return object;
}

static json_t *risk(const margin_risk_t *found) {
    json_t *object = json_object();
    put(object, "row", count(found->row));
    put(object, "gap", number(found->gap));
    put(object, found->of_groups ? "inside_group" : "inside", count(found->inside));
    put(object, found->of_groups ? "outside_group" : "outside", count(found->outside));
    return object;
}

static json_t *risks(const margin_report_t *report) {
    json_t *array = json_array();
    for (size_t i = 0; i < report->risks; i++)
        append(array, risk(&report->risk[i]));
    return array;
}

static void put_margins(json_t *object, const margins_result_t *result, const margins_layer_t *layer) {
    const margin_report_t *report = &layer->report;
    put(object, "exact_ties", count(report->exact_ties));
    put(object, "significant_bits",
        report->significant > 0 ? json_integer(report->significant) : json_null());
    put(object, "gap_quantiles", quantiles(report));
    put(object, "gap_at_most", gap_at_most(report));
    put_value(object, "density_at_zero", "density_at_zero_se", report->density);
    put_value(object, "density_half_window", "density_half_window_se", report->narrow);
    put(object, "density_window", number(report->window));
    put(object, "predicted_rows", count(report->predicted_rows));
    put(object, "casts", casts(result, report));
    put(object, "noise", noises(report));
    put(object, "bits", bits(result->request, layer->has_bits, &layer->bits));
}

static json_t *layer_object(const margins_result_t *result, size_t index) {
    const margins_layer_t *layer = &result->survey->layer[index];
    json_t *object = json_object();
    put(object, "layer", text_of(dump_layer_name(result->dump, index)));
    put(object, "rows", count(layer->rows));
    put(object, "experts", result->survey->scores ? count(dump_columns(result->dump, index)) : json_null());
    put(object, "active", count(result->request->active));
    if (result->survey->scores)
        put_margins(object, result, layer);
    put(object, "between_dumps", between(result->request, &layer->report.between, result->survey->scores));
    if (result->survey->scores)
        put(object, "risky_rows", risks(&layer->report));
    return object;
}

static json_t *event(const margins_survey_t *survey, const margins_event_t *found) {
    json_t *object = json_object();
    put(object, "tokens", count(found->tokens));
    put(object, "rate", number((double)found->tokens / (double)survey->tokens));
    put(object, "layers_per_token", number((double)found->events / (double)survey->tokens));
    return object;
}

// Tokens with a flip in at least one layer.
static json_t *tokens(const margins_result_t *result) {
    const margins_survey_t *survey = result->survey;
    if (!survey->aligned)
        return json_null();
    json_t *object = json_object();
    put(object, "tokens", count(survey->tokens));
    if (survey->scores) {
        json_t *formats = json_object();
        for (size_t i = 0; i < result->request->cast_count; i++)
            put(formats, result->request->casts[i].name, event(survey, &survey->cast[i]));
        put(object, "casts", formats);
        put(object, "exact_ties", event(survey, &survey->tie));
    }
    put(object, "between_dumps",
        survey->layer[0].report.between.observed.trials > 0 ? event(survey, &survey->between) : json_null());
    return object;
}

static json_t *summary(const margins_result_t *result, margins_change_t change, size_t index) {
    const margins_summary_t sum = margins_summarise(result->survey, change, index);
    json_t *object = json_object();
    put(object, "predicted", number(sum.all.predicted));
    put(object, "observed", number(sum.all.observed));
    put(object, "z", number(sum.all.z));
    put(object, "worst_layer", count(sum.worst));
    put(object, "worst_rate", number(sum.worst_rate));
    return object;
}

// The rows of all layers together. The worst layer is that of the largest predicted rate, between dumps of the observed one.
static json_t *all_layers(const margins_result_t *result) {
    const margins_request_t *request = result->request;
    json_t *object = json_object(), *of_casts = json_object(), *of_noise = json_object();
    char room[MARGINS_KEY];
    for (size_t i = 0; result->survey->scores && i < request->cast_count; i++)
        put(of_casts, request->casts[i].name, summary(result, MARGINS_BY_CAST, i));
    for (size_t i = 0; result->survey->scores && i < request->noise_count; i++)
        put(of_noise, margins_key(room, request->noises[i]), summary(result, MARGINS_BY_NOISE, i));
    put(object, "casts", of_casts);
    put(object, "noise", of_noise);
    put(object, "between_dumps",
        result->survey->layer[0].report.between.observed.trials > 0 ? summary(result, MARGINS_BY_DUMP, 0)
                                                                    : json_null());
    return object;
}

static json_t *layers_by_risk(const margins_result_t *result) {
    json_t *array = json_array();
    for (size_t i = 0; i < result->survey->layers && i < result->request->risky; i++) {
        const size_t layer = result->order[i];
        json_t *object = json_object();
        put(object, "layer", text_of(dump_layer_name(result->dump, layer)));
        put(object, "measure", json_string(result->measure));
        put(object, "value", number(result->risk[layer]));
        append(array, object);
    }
    return array;
}

static json_t *rows_by_risk(const margins_result_t *result) {
    margins_row_t rows[MARGIN_RISKS];
    json_t *array = json_array();
    const size_t found = margins_rows(result->survey, result->request->risky, rows);
    for (size_t i = 0; i < found; i++) {
        json_t *object = risk(rows[i].risk);
        put(object, "layer", text_of(dump_layer_name(result->dump, rows[i].layer)));
        append(array, object);
    }
    return array;
}

void margins_print_json(const margins_result_t *result) {
    json_t *object = json_object(), *layers = json_array(), *notes = json_array();
    put(object, "rule", json_string(result->request->rule->name));
    for (size_t i = 0; i < result->survey->layers; i++)
        append(layers, layer_object(result, i));
    put(object, "layers", layers);
    put(object, "all_layers", all_layers(result));
    put(object, "tokens", tokens(result));
    put(object, "bits", bits(result->request, result->survey->has_bits, &result->survey->bits));
    put(object, "layers_at_risk", layers_by_risk(result));
    put(object, "rows_at_risk", rows_by_risk(result));
    for (size_t i = 0; i < result->note_count; i++)
        append(notes, text_of(result->notes[i]));
    put(object, "notes", notes);
    json_dumpf(object, stdout, JSON_REAL_PRECISION(DIGITS));
    putchar('\n');
    json_decref(object);
}
