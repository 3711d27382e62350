// SPDX-License-Identifier: GPL-3.0-or-later
// The JSON of moegeom margins; see margins_json.h.
#include "io/margins_json.h"

#include "io/json_file.h"

enum { LONGEST = 1 << 28 }; // bytes

const json_t *margins_json_layer(const margins_json_t *result, size_t layer) {
    return json_array_get(result->layers, layer);
}

static const json_t *entry_of(const json_t *object, const margins_cause_t *cause) {
    if (cause->kind == MARGINS_BETWEEN)
        return json_object_get(object, "between_dumps");
    return json_object_get(json_object_get(object, cause->kind == MARGINS_CAST ? "casts" : "noise"),
                           cause->key);
}

static margins_flips_t flips_of(const json_t *entry) {
    return (margins_flips_t){.predicted = json_values_number(entry, "predicted"),
                             .error = json_values_number(entry, "predicted_se"),
                             .observed = json_values_number(entry, "observed"),
                             .low = json_values_number(entry, "low"),
                             .high = json_values_number(entry, "high"),
                             .z = json_values_number(entry, "z")};
}

margins_flips_t margins_json_flips(const margins_json_t *result, size_t layer, const margins_cause_t *cause) {
    return flips_of(entry_of(margins_json_layer(result, layer), cause));
}

margins_flips_t margins_json_all(const margins_json_t *result, const margins_cause_t *cause, size_t *worst,
                                 double *worst_rate) {
    const json_t *entry = entry_of(json_object_get(result->root, "all_layers"), cause);
    const double layer = json_values_number(entry, "worst_layer");
    *worst = layer >= 0 && layer < (double)result->count ? (size_t)layer : 0;
    *worst_rate = json_values_number(entry, "worst_rate");
    return flips_of(entry);
}

static void add_causes(margins_json_t *result, margins_kind_t kind, json_t *object) {
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value) {
        if (result->causes < MARGINS_CAUSES)
            result->cause[result->causes++] = (margins_cause_t){kind, key};
    }
}

fault_status_t margins_json_open(const char *path, margins_json_t *result, fault_t *fault) {
    margins_json_t read = {0};
    if (json_file_object(path, LONGEST, &read.root, fault) != FAULT_NONE)
        return fault->status;
    read.layers = json_object_get(read.root, "layers");
    read.count = json_array_size(read.layers);
    if (read.count == 0) {
        json_decref(read.root);
        return fault_set(fault, FAULT_INPUT, "%s: expected the JSON of moegeom margins, found no layers",
                         path);
    }
    const json_t *first = json_array_get(read.layers, 0);
    read.scores = json_object_get(first, "gap_quantiles") != NULL;
    read.compared = json_is_object(json_object_get(first, "between_dumps"));
    if (read.compared)
        read.cause[read.causes++] = (margins_cause_t){MARGINS_BETWEEN, "other dump"};
    add_causes(&read, MARGINS_CAST, json_object_get(first, "casts"));
    add_causes(&read, MARGINS_NOISE, json_object_get(first, "noise"));
    *result = read;
    return FAULT_NONE;
}

void margins_json_close(margins_json_t *result) {
    json_decref(result->root);
    *result = (margins_json_t){0};
}
