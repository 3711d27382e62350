// SPDX-License-Identifier: GPL-3.0-or-later
// A dump of router scores: one row for each token, one column for each expert.
//
// Scores are logits, or probabilities, of which the logarithms are taken: that keeps all differences of logits, and so
// all margins. Scores are taken for probabilities when all of them are in [0, 1] and every row sums to 1 within 0.01,
// which allows for 16-bit formats. A probability of 0 counts as the least positive double.
#ifndef MOEGEOM_IO_SCORES_H
#define MOEGEOM_IO_SCORES_H

#include "io/array.h"

#include <stdbool.h>

// Read freely; made by scores_open.
typedef struct scores {
    array_t *array;     // owned
    uint64_t rows;      // at least 1
    size_t experts;     // at least 2
    bool probabilities; // whether logarithms are taken
    uint64_t sums;      // rows that could be probabilities
    uint64_t other;     // the first row that could not, or `rows`
} scores_t;

// Whether a row could be probabilities.
bool scores_sum_to_one(const double *row, size_t count);

// Puts the logarithms of probabilities in their places.
void scores_logarithms(double *probabilities, size_t count);

// Opens a file of the shape (rows, experts), and reads all of it once.
//   path    as for array_open
//   result  receives the scores, to be closed by scores_close; left as it was on a fault
//   fault   FAULT_INPUT when the file cannot be read, is malformed, or has another shape
fault_status_t scores_open(const char *path, scores_t *result, fault_t *fault);
void scores_close(scores_t *scores); // of {0} too

// Reads the logits of consecutive rows, as array_read does.
fault_status_t scores_read(const scores_t *scores, uint64_t first, size_t count, double *logits,
                           fault_t *fault);

#endif
