// SPDX-License-Identifier: GPL-3.0-or-later
// A dump of router scores; see scores.h.
#include "io/scores.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

enum { BLOCK_NUMBERS = 1 << 16 };
static const double SUM_ROOM = 0.01;

bool scores_sum_to_one(const double *row, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        if (row[i] < 0 || row[i] > 1)
            return false;
        sum += row[i];
    }
    return fabs(sum - 1) <= SUM_ROOM;
}

void scores_logarithms(double *probabilities, size_t count) {
    for (size_t i = 0; i < count; i++)
        probabilities[i] = log(fmax(probabilities[i], DBL_TRUE_MIN));
}

// Reads all rows, and finds out whether they are probabilities.
static fault_status_t examine(scores_t *scores, fault_t *fault) {
    const size_t most = scores->experts < BLOCK_NUMBERS ? BLOCK_NUMBERS / scores->experts : 1;
    double *block = reallocarray(NULL, most * scores->experts, sizeof *block);
    if (block == NULL)
        return fault_set(fault, FAULT_SYSTEM, "out of memory while reading %s", array_name(scores->array));
    scores->other = scores->rows;
    for (uint64_t first = 0; first < scores->rows && fault->status == FAULT_NONE;) {
        const uint64_t left = scores->rows - first;
        const size_t count = left < most ? (size_t)left : most;
        if (array_read(scores->array, first, count, block, fault) == FAULT_NONE) {
            for (size_t i = 0; i < count; i++)
                if (scores_sum_to_one(block + i * scores->experts, scores->experts))
                    scores->sums++;
                else if (scores->other == scores->rows)
                    scores->other = first + i;
        }
        first += count;
    }
    free(block);
    scores->probabilities = scores->sums == scores->rows;
    return fault->status;
}

fault_status_t scores_open(const char *path, scores_t *result, fault_t *fault) {
    scores_t scores = {0};
    if (array_open(path, &scores.array, fault) != FAULT_NONE)
        return fault->status;
    const size_t rank = array_rank(scores.array);
    scores.rows = array_shape(scores.array)[0];
    scores.experts = array_width(scores.array);
    if (rank != 2 || scores.experts < 2)
        fault_set(fault, FAULT_INPUT,
                  "%s: expected scores of the shape (rows, experts) with at least 2 experts, found %zu sizes "
                  "and %zu "
                  "numbers in a row",
                  array_name(scores.array), rank, scores.experts);
    else
        examine(&scores, fault);
    if (fault->status == FAULT_NONE)
        *result = scores;
    else
        scores_close(&scores);
    return fault->status;
}

void scores_close(scores_t *scores) {
    array_close(scores->array);
    *scores = (scores_t){0};
}

fault_status_t scores_read(const scores_t *scores, uint64_t first, size_t count, double *logits,
                           fault_t *fault) {
    if (array_read(scores->array, first, count, logits, fault) == FAULT_NONE && scores->probabilities)
        scores_logarithms(logits, count * scores->experts);
    return fault->status;
}
