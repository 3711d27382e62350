// SPDX-License-Identifier: GPL-3.0-or-later
// What the parts of moegeom gap share: the request, and lines of name, value and meaning or one JSON object.
#ifndef MOEGEOM_CLI_GAP_H
#define MOEGEOM_CLI_GAP_H

#include <gsl/gsl_sf_result.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct gap_request {
    const char *logits, *outputs, *targets;
    double tau, gap; // 0: not given
    double slope, offset, along, tangent;
    double alpha, constant, bound_outputs, bound_targets; // 0 or negative: not given
    size_t experts;
    bool json, gaussian; // whether an option of the Gaussian layer was given
} gap_request_t;

// Answers from a dump.
void gap_run_dump(const gap_request_t *request);

// What was asked for: the start of a JSON object, nothing in text; and the end of the output.
void gap_print_question(const gap_request_t *request);
void gap_print_end(const gap_request_t *request);

// One line, or the next entry of the object. In text and JSON, what is not a number is undefined and null, and infinity, which
// only temperatures are, is unlimited.
void gap_print_line(const gap_request_t *request, const char *name, double value, const char *meaning);

// A number of a JSON object behind some text.
void gap_print_json(const char *before, double value);

// A number as gap_print_line writes it, with so many digits; "%.6g +- %.2g" of a number with its error.
enum { GAP_NUMBER = 32, GAP_RESULT = 2 * GAP_NUMBER + 8 };
const char *gap_number(char room[GAP_NUMBER], int digits, double value);
const char *gap_result(char room[GAP_RESULT], gsl_sf_result result);

#endif
