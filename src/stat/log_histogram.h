// SPDX-License-Identifier: GPL-3.0-or-later
// A histogram of positive numbers by exponent and leading bits, with the sum in each bin.
//
// Every power of two has 2^lead bins of equal width, so that the relative resolution is the same at all sizes; 2^lead bins share
// the subnormal numbers evenly. Counts and sums are integers (a number's place in its bin has 32 bits), so that a histogram
// depends on neither the order of its numbers nor on how it was merged. Memory: 16 KB, and 16 bytes for each bin of those powers of
// two that occur.
#ifndef MOEGEOM_STAT_LOG_HISTOGRAM_H
#define MOEGEOM_STAT_LOG_HISTOGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct log_histogram log_histogram_t;

// An empty histogram, 0 <= lead <= 16; NULL when memory is short.
log_histogram_t *log_histogram_alloc(int lead);
void log_histogram_free(log_histogram_t *histogram); // NULL is allowed

// Adds those of n numbers that are above 0; infinity counts as the largest finite number. Less than 2^32 in all.
// Returns GSL_SUCCESS or GSL_ENOMEM; then some were added.
int log_histogram_add(log_histogram_t *histogram, const double *x, size_t n);

// Adds what another histogram with the same lead holds. Returns as above.
int log_histogram_merge(log_histogram_t *to, const log_histogram_t *from);

// How many numbers there are.
uint64_t log_histogram_count(const log_histogram_t *histogram);

typedef struct log_histogram_bin {
    double low, high; // low <= x < high
    uint64_t count;   // at least 1
    double mean;      // of the numbers in the bin, within 2^-32 of its width
} log_histogram_bin_t;

// The bins in ascending order: the first one that is not empty from number *at on, which becomes the number after it. Start
// with 0. Returns false when there are no more.
bool log_histogram_next(const log_histogram_t *histogram, size_t *at, log_histogram_bin_t *bin);

// The end of the bin that holds the rank-th smallest number, 1 <= rank <= count; 0 for an empty histogram.
double log_histogram_end(const log_histogram_t *histogram, uint64_t rank);

// About the rank-th smallest number: as if the bin's numbers were evenly spread over as much of it as lies around their mean.
double log_histogram_ranked(const log_histogram_t *histogram, uint64_t rank);

// The mean of the numbers; NaN when there are none.
double log_histogram_mean(const log_histogram_t *histogram);

#endif
