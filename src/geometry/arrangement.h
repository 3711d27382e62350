// SPDX-License-Identifier: GPL-3.0-or-later
// Arrangements of affine hyperplanes w.x + b = 0 as plain exact data.
//
// Nothing is assumed of the rows: hyperplanes may be parallel, concurrent or equal, and rows may be multiples
// of each other. A row with w = 0 is no hyperplane (a dead unit): every module counts as if it were not
// there, whatever its b.
#ifndef MOEGEOM_GEOMETRY_ARRANGEMENT_H
#define MOEGEOM_GEOMETRY_ARRANGEMENT_H

#include "stat/stream.h"

#include <flint/fmpz_mat.h>
#include <stdio.h>

typedef struct arrangement {
    slong planes;    // n >= 0, number of rows
    slong dimension; // d >= 1
    fmpz_mat_t rows; // n x (d + 1): row i is w_1 ... w_d b of hyperplane i
} arrangement_t;

// An arrangement of zero rows, to be freed by arrangement_free; NULL when n < 0, d < 1 or memory is short.
arrangement_t *arrangement_alloc(slong planes, slong dimension);

// NULL is allowed.
void arrangement_free(arrangement_t *a);

// Sets all rows from n * (d + 1) integers, row after row.
void arrangement_set(arrangement_t *a, const slong *entries);

// Draws all entries independently and uniformly from -range..range; a row with w = 0 is drawn again, as a
// whole.
//   range   1 to 2^62
//   stream  advanced; its kind is bits
// Returns GSL_SUCCESS, or GSL_EDOM for a range outside.
int arrangement_draw(arrangement_t *a, slong range, stream_t *stream);

// An arrangement of rows that are drawn so; NULL as arrangement_alloc and arrangement_draw refuse.
arrangement_t *arrangement_random(slong planes, slong dimension, slong range, stream_t *stream);

// Prints the arrangement in the format of instance files: `arrangement n d`, then the rows.
void arrangement_print(FILE *file, const arrangement_t *a);

#endif
