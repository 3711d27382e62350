// SPDX-License-Identifier: GPL-3.0-or-later
// A layer with top-k routing as plain exact data.
//
// N experts of H hidden units each look at x in R^d. Expert i has the logit router_i.(x, 1); the coalition at
// x is the set of the k experts with the largest logits. Unit h of expert i folds the output of the layer
// along the hyperplane row_(iH+h).(x, 1) = 0 (ReLU), where i belongs to the coalition.
//
// A *region* is a pair (coalition I, sign vector of the hyperplanes of the experts in I) whose open set of
// points - each logit of I above each logit outside, and these signs - is not empty.
//
// What is degenerate, and what we say of it:
//   a dead unit       w = 0: no hyperplane; it is left out, whatever its b
//   shared hyperplane two units (of one expert or of two) with one hyperplane: it counts once where both are
//                     active; the signs of both are listed
//   identical logits  two experts whose logits agree everywhere: where they stand at the threshold, the
//                     coalition is undefined on a set of positive measure. An error (layer_twins names them)
//                     unless k = N. Any other tie, of however many logits, has measure 0 and is no error:
//                     there the open cells are what they are.
#ifndef MOEGEOM_GEOMETRY_LAYER_H
#define MOEGEOM_GEOMETRY_LAYER_H

#include "geometry/arrangement.h"

#include <flint/fmpz_mat.h>
#include <stdbool.h>
#include <stdio.h>

typedef struct layer {
    slong experts;     // N >= 1
    slong active;      // k, 1 <= k <= N
    slong width;       // H >= 0; 0 leaves the router alone: its regions are the routing cells
    slong dimension;   // d >= 1
    fmpz_mat_t router; // N x (d + 1): w_1 ... w_d b; all rows scaled by one common positive factor
    fmpz_mat_t rows;   // N H x (d + 1), expert by expert; each row scaled by a positive factor of its own
} layer_t;

// A layer of zeros, to be freed by layer_free; NULL for a shape outside these ranges, N H (d + 1) beyond 2^40,
// or when memory is short.
layer_t *layer_alloc(slong experts, slong active, slong width, slong dimension);

// NULL is allowed.
void layer_free(layer_t *layer);

// The expert that unit `row` (0 to N H - 1, so H > 0) belongs to.
slong layer_owner(const layer_t *layer, slong row);

// The walls z_i - z_j of all pairs i < j, in lexicographic order, as an arrangement to be freed by arrangement_free; a
// pair with equal normals gives a row with w = 0. NULL when there is but one expert or memory is short.
arrangement_t *layer_walls(const layer_t *layer);

// Prints the layer in the format of instance files: `moe N k H d`, N router rows, N H expert rows.
void layer_print(FILE *file, const layer_t *layer);

// Finds two experts with identical logits. Returns false when there are none.
bool layer_twins(const layer_t *layer, slong *first, slong *second);

// How many units are dead.
slong layer_dead_units(const layer_t *layer);

// The number of regions, and where it comes from.
typedef struct layer_count {
    fmpz_t regions;
    slong levels; // d + 1
    fmpz *level;  // `levels` summands of `regions`; what they count is the method's, see its header
} layer_count_t;

void layer_count_init(layer_count_t *count, slong dimension);
void layer_count_clear(layer_count_t *count);

#endif
