// SPDX-License-Identifier: GPL-3.0-or-later
// Counts, means and covariances of vectors, accumulated in one pass and merged.
//
// Samples enter in tiles that fit into the cache: a tile is shifted by its first sample, centred by its mean,
// and its sums of products are merged into the accumulator by the pairwise formulas of T. F. Chan,
// G. H. Golub, R. J. LeVeque, "Algorithms for computing the sample variance", The American Statistician 37,
// 1983, 242-247. A mean is kept as the sum of two doubles, so that a large offset of the samples costs no
// accuracy beyond that of the samples themselves: over a million samples with an offset of 1e8 standard
// deviations, a covariance errs by 4e-15 of the product of the two standard deviations at most
// (tests/test_moments.c).
//
// Every sum runs in an order that the source writes out (8 lanes, then a tree), and every CPU gives the same
// bits; the source must be compiled with -ffp-contract=off. The same samples in other batches or merged in
// another order give the same up to rounding. Samples that are not finite make the means and covariances of
// their components NaN or infinite.
#ifndef MOEGEOM_STAT_MOMENTS_H
#define MOEGEOM_STAT_MOMENTS_H

#include <gsl/gsl_sf_result.h>
#include <stddef.h>
#include <stdint.h>

enum { MOMENTS_MAX_DIM = 64 };

// An accumulator: read freely, write by the functions below. The state is one piece of
// moments_state_size(dim) doubles, so that dim, count and state are all there is to send or to store:
//   dim           means
//   dim           low parts of the means, to be added to them
//   dim(dim+1)/2  sums of products of centred components i >= j, at i(i+1)/2 + j
typedef struct {
    size_t dim;     // components of a sample, 1 to MOMENTS_MAX_DIM
    uint64_t count; // samples so far, below 2^53
    double *state;  // owned
} moments_t;

// An empty accumulator for samples of dim components; NULL without memory, or for dim 0 or above
// MOMENTS_MAX_DIM. Release it with moments_free, which takes NULL as well.
moments_t *moments_alloc(size_t dim);
void moments_free(moments_t *m);

// Doubles in a state: dim (dim + 5) / 2.
size_t moments_state_size(size_t dim);

// Empties an accumulator.
void moments_reset(moments_t *m);

// Makes `to` equal to `from`. Returns GSL_SUCCESS, or GSL_EINVAL (different dim; nothing is changed).
int moments_copy(moments_t *to, const moments_t *from);

// Adds n samples, in about n dim (dim + 9) / 2 multiplications and additions.
//   x  n rows of m->dim numbers
//   n  may be 0; full speed from some hundred rows on
void moments_add(moments_t *m, const double *x, size_t n);

// Adds the samples of `from`, which may be m itself. Returns GSL_SUCCESS, or GSL_EINVAL (different dim;
// nothing is changed).
int moments_merge(moments_t *m, const moments_t *from);

// ---- Results: NaN where a component i or j does not exist, or where samples are wanting ----------------

// The mean; needs one sample.
double moments_mean(const moments_t *m, size_t i);

// The unbiased covariance of two components of a sample, sum of products over count - 1; needs two.
double moments_covariance(const moments_t *m, size_t i, size_t j);

// The unbiased variance, moments_covariance(m, i, i).
double moments_variance(const moments_t *m, size_t i);

// The covariance of two means, moments_covariance(m, i, j) / count: what the error of a function of several
// means is computed from.
double moments_mean_covariance(const moments_t *m, size_t i, size_t j);

// The mean with its standard error, the square root of variance / count.
gsl_sf_result moments_estimate(const moments_t *m, size_t i);

#endif
