// SPDX-License-Identifier: GPL-3.0-or-later
// Reads what `moegeom margins --json` printed, for reports.
#ifndef MOEGEOM_IO_MARGINS_JSON_H
#define MOEGEOM_IO_MARGINS_JSON_H

#include "io/fault.h"
#include "io/json_values.h"

#include <stdbool.h>
#include <stddef.h>

enum { MARGINS_CAUSES = 40 };

// What changes the selected sets: the other dump, a cast, a noise.
typedef enum margins_kind { MARGINS_BETWEEN, MARGINS_CAST, MARGINS_NOISE } margins_kind_t;
typedef struct margins_cause {
    margins_kind_t kind;
    const char *key; // of a cast or noise; of the result
} margins_cause_t;

typedef struct margins_json {
    json_t *root, *layers;
    size_t count;  // of layers, at least 1
    bool scores;   // margins are known
    bool compared; // there was another dump: it is the first cause
    size_t causes;
    margins_cause_t cause[MARGINS_CAUSES]; // casts before noises
} margins_json_t;

// What a layer says of a cause, as rates; NaN where it says nothing.
typedef struct margins_flips {
    double predicted, error, observed, low, high, z;
} margins_flips_t;

// Reads a file. FAULT_INPUT for what is no such JSON; then there is nothing to be closed.
fault_status_t margins_json_open(const char *path, margins_json_t *result, fault_t *fault);
void margins_json_close(margins_json_t *result);

// The object of a layer, 0 to count - 1, and what it says of a cause; they belong to the result.
const json_t *margins_json_layer(const margins_json_t *result, size_t layer);
margins_flips_t margins_json_flips(const margins_json_t *result, size_t layer, const margins_cause_t *cause);

// What all layers together say of a cause (without errors and intervals), and the number and the rate of the worst one.
margins_flips_t margins_json_all(const margins_json_t *result, const margins_cause_t *cause, size_t *worst,
                                 double *worst_rate);

#endif
