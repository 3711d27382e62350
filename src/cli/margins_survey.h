// SPDX-License-Identifier: GPL-3.0-or-later
// Goes through a dump of a router, or two dumps side by side, once, and gathers the margins and flips of every layer and of tokens.
//
// Files are read in blocks of tokens, each through all layers, by several threads; memory does not grow with the number of rows, and
// the results do not depend on the number of threads.
#ifndef MOEGEOM_CLI_MARGINS_SURVEY_H
#define MOEGEOM_CLI_MARGINS_SURVEY_H

#include "io/dump.h"
#include "io/fault.h"
#include "routing/margin_sample.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What is to be measured.
typedef struct margins_plan {
    dump_t *dump, *other; // open; the second may be NULL, or agrees with the first in layers and rows
    // For each layer: what margin_sample.h wants to know; its rule has the layer's number of experts and its bias. Of a dump of
    // expert numbers only rule.active counts.
    const margin_options_t *options;
    double target; // rate of flips for the bits
    int threads;   // 0: one for each core
} margins_plan_t;

// A point of the curve P(gap_k <= w).
typedef struct margins_point {
    double gap, share;
} margins_point_t;

enum { MARGINS_CURVE = 96 }; // points of a curve at most

// A layer.
typedef struct margins_layer {
    uint64_t rows;
    size_t points;
    margins_point_t curve[MARGINS_CURVE]; // ascending, from one row to all; gaps of 0 are left out
    margin_report_t report;               // of scores; of expert numbers `between.observed` alone
    margin_bits_t bits;                   // where `has_bits`: plain rules
    bool has_bits;
} margins_layer_t;

// Tokens with an event in at least one layer, and events, over all layers.
typedef struct margins_event {
    uint64_t tokens, events;
} margins_event_t;

typedef struct margins_survey {
    size_t layers;
    margins_layer_t *layer;
    bool scores;     // false: expert numbers, and so no margins
    bool aligned;    // whether all layers have the same rows; otherwise there are no tokens
    uint64_t tokens; // rows of each layer
    margins_event_t cast[MARGIN_CASTS], between, tie;
    margin_bits_t bits; // of the rows of all layers together, where `has_bits`: plain rules
    bool has_bits;
} margins_survey_t;

// Runs, with a progress bar.
//   result  receives the survey, to be cleared by margins_survey_clear; left as it was on a fault
//   fault   FAULT_INPUT when a file is malformed, of several rows the first in the order of reading; FAULT_SYSTEM
fault_status_t margins_survey(const margins_plan_t *plan, margins_survey_t *result, fault_t *fault);
void margins_survey_clear(margins_survey_t *survey);

#endif
