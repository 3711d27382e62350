// SPDX-License-Identifier: GPL-3.0-or-later
// Products of matrices by BLAS with the same bits on every CPU, kernel and number of threads.
//
// A product of floating-point matrices depends on the order of its sums and on fused operations, both of which a BLAS chooses
// by the processor. Here every row of the left factor and every column of the right one is first rounded, to the nearest, ties to
// even, to multiples of a power of two of its own: that of b bits below its largest magnitude, where 2 b + ceil(log2 K) <= 53 for
// sums of K terms. Then every partial sum, in whatever order, is an integer of at most 53 bits times one power of two. It is a
// double, no operation rounds, and all orders give the same number. An entry's error is at most 2^(1-b) (1 + 2^-b/2) K times the
// largest magnitudes of its row and its column: b = 23 for K = 64, 20 for K = 4096.
//
// An entry depends on its row and its column alone, so that neither does a result depend on what else is multiplied along.
#ifndef MOEGEOM_NUMBER_EXACT_PRODUCT_H
#define MOEGEOM_NUMBER_EXACT_PRODUCT_H

#include <stdbool.h>
#include <stddef.h>

// A matrix or its transpose; the numbers are the caller's.
typedef struct exact_factor {
    // Rows x columns, row by row; magnitudes below 2^400, what is below 2^-400 counts as 0.
    const double *values;
    size_t rows, columns; // as stored
    bool transposed;      // whether the factor is the transpose
} exact_factor_t;

// b for sums of so many terms.
//   terms  1 to 2^20
int exact_product_bits(size_t terms);

// How many numbers of work space a product takes.
size_t exact_product_work(const exact_factor_t *left, const exact_factor_t *right);

// The product.
//   result  receives rows of the left x columns of the right factor, row by row; no part of the factors
//   work    exact_product_work numbers, overwritten
// Returns GSL_SUCCESS; GSL_EBADLEN for factors that do not fit or sums of more than 2^20 terms; GSL_EDOM for a number out of
// range, NaN included.
int exact_product(const exact_factor_t *left, const exact_factor_t *right, double *result, double *work);

#endif
