// SPDX-License-Identifier: GPL-3.0-or-later
// The density of positive numbers at 0, the edge of their support.
//
// The mean of k(x / w) / w over the sample, k(u) = (1 - u)(6 - 12 u) on 0 < u < 1: int k = 1 and int u k = 0, so that the bias is of
// order w^2 although there is nothing on the other side, f''(0) w^2 int u^2 k / 2 = -f''(0) w^2 / 20 (M. C. Jones, Statistics and
// Computing 3, 1993, "Simple boundary correction for kernel density estimation"). The variance of one summand is about
// f(0) int k^2 / w = 4.8 f(0) / w.
#ifndef MOEGEOM_STAT_EDGE_H
#define MOEGEOM_STAT_EDGE_H

#include "stat/log_histogram.h"

#include <gsl/gsl_sf_result.h>
#include <stdint.h>

// k(x / w) / w; 0 outside of 0 < x < w.
double edge_kernel(double x, double window);

// How many of n >= 1 numbers the window holds, the next integer of n^(4/5): it is their quantile of order n^(-1/5).
uint64_t edge_window_count(uint64_t numbers);

// The window for the numbers of a histogram: the end of the bin with that quantile; 0 for an empty one.
double edge_window(const log_histogram_t *histogram);

// The estimate from a histogram, with its standard error for independent numbers. In a bin, numbers are taken to be
// spread evenly around their known mean. It is 0 where the mean of the kernel is below, as for numbers that stay away from 0: the
// window, a quantile, then holds them at its far end alone, where the kernel is negative.
//   rows    of which the histogram holds those > 0; the others count as rows without a number near 0
//   window  the end of a bin; 0 gives 0 with error 0
// NaN for one row, of which the window is the number itself.
gsl_sf_result edge_density(const log_histogram_t *histogram, uint64_t rows, double window);

#endif
