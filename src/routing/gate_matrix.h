// SPDX-License-Identifier: GPL-3.0-or-later
// The geometry of a gate matrix: lengths of its rows, angles between experts, walls, duplicates.
//
// Rows w_0 .. w_(N-1) in R^d, biases b (NULL: 0), logits z_i(x) = w_i.x + b_i. The wall of i and j is where z_i = z_j; its
// distance from x is |z_i(x) - z_j(x)| / |w_i - w_j|.
//
// Inner products are sums of d products in double precision, in the order of the coordinates: the same bits on every CPU. Relative to |w_i| |w_j| their error is below d 2^-53; differences of rows that nearly agree are formed
// before they are squared.
#ifndef MOEGEOM_ROUTING_GATE_MATRIX_H
#define MOEGEOM_ROUTING_GATE_MATRIX_H

#include <stddef.h>

enum { GATE_MATRIX_CLOSEST = 5 };

// Two rows closer than this part of the longer one are near duplicates.
#define GATE_MATRIX_NEAR 0x1p-8

typedef struct gate_matrix {
    size_t experts, dimension;
    double *lengths;   // N: |w_i|
    double *distances; // N x N: |w_i - w_j|
    double *angles;    // N x N: between w_i and w_j, radians, 0 to pi; NaN where one of them is 0
    // |mean row| / root mean square length: near 1/sqrt(N) for independent rows, 0 when they are centred.
    double centre;
} gate_matrix_t;

// Computes lengths, distances and angles.
//   weights  N x d finite numbers, row-major, below 2^500 in magnitude; N >= 1, d >= 1
//   result   to be freed by gate_matrix_free; left as it was on an error
// Returns GSL_SUCCESS, GSL_EDOM (N or d is 0) or GSL_ENOMEM.
int gate_matrix_alloc(const double *weights, size_t experts, size_t dimension, gate_matrix_t **result);
void gate_matrix_free(gate_matrix_t *matrix); // NULL is allowed

typedef struct gate_matrix_pair {
    size_t first, second; // first < second
    double angle;         // in radians, 0 to pi
} gate_matrix_pair_t;

typedef struct gate_matrix_summary {
    double length_least, length_median, length_most;
    // Radians, of all pairs of rows that are not 0; NaN without such a pair.
    double angle_least, angle_median, angle_most;
    size_t pairs;                                    // entries in `closest`
    gate_matrix_pair_t closest[GATE_MATRIX_CLOSEST]; // the least angles, ascending
    size_t duplicates;                               // pairs of rows that are equal to the last bit
    size_t near;  // pairs that are not equal, with |w_i - w_j| <= GATE_MATRIX_NEAR max(|w_i|, |w_j|)
    size_t zeros; // rows of zeros
} gate_matrix_summary_t;

// Returns GSL_SUCCESS or GSL_ENOMEM.
int gate_matrix_summarise(const gate_matrix_t *matrix, gate_matrix_summary_t *summary);

// The distance from a point to the boundary of its top-k cell, the least distance to a wall between a member and another expert:
// the cell is the intersection of the half-spaces of these walls. Of equal logits the lower index is a member.
//   logits   N: z_i(x)
//   active   k, 1 <= k < N
//   inside, outside  receive the two experts of that wall; may be NULL
//   order    room for N numbers
// Returns the distance; infinite when no wall exists (all other rows are equal to those of the members).
double gate_matrix_margin(const gate_matrix_t *matrix, const double *logits, size_t active, size_t *inside,
                          size_t *outside, size_t *order);

// The distance from a point to the nearest of all walls.
double gate_matrix_nearest(const gate_matrix_t *matrix, const double *logits, size_t *first, size_t *second);

// The logits at a point.
void gate_matrix_logits(const double *weights, const double *bias, size_t experts, size_t dimension,
                        const double *point, double *logits);

#endif
