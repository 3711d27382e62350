// SPDX-License-Identifier: GPL-3.0-or-later
// Regions of a ReLU network with two hidden layers, exactly.
//
//     a(x) = inner (x, 1),   h = max(0, a),   g(x) = outer (h, 1),   F(x) = output max(0, g).
//
// The *active set* of x is the set of units i of the first layer with a_i(x) > 0. On the open cell of an active set S
// the function g_m is affine; its zero line (hyperplane) there is that of row sum over S of outer_mi inner_i, plus the
// bias of g_m. An *activation region* is a pair (S, set of units m with g_m > 0) with an open set of points, units that
// vanish on all of a cell counting as inactive. A *linear region* is a maximal connected open set on which F is affine
// (G. Montufar et al., NeurIPS 2014); each is a union of closed activation regions, up to a set of measure 0.
#ifndef MOEGEOM_GEOMETRY_TWO_LAYER_H
#define MOEGEOM_GEOMETRY_TWO_LAYER_H

#include <flint/fmpz_mat.h>

// At most so many units in the first layer, and in both together 2^first * second + first <= TWO_LAYER_LINES.
enum { TWO_LAYER_FIRST = 5, TWO_LAYER_LINES = 64 };

typedef struct two_layer {
    slong inputs;     // d >= 1
    slong first;      // units of the first layer, 1 to TWO_LAYER_FIRST
    slong second;     // units of the second layer, >= 1
    fmpz_mat_t inner; // first x (d + 1): w_1 ... w_d b
    fmpz_mat_t outer; // second x (first + 1): weights of h_1 ... h_first, bias
} two_layer_t;

// A network of zeros, to be freed by two_layer_free; NULL for a shape outside these ranges or when memory is short.
two_layer_t *two_layer_alloc(slong inputs, slong first, slong second);
void two_layer_free(two_layer_t *net); // NULL is allowed

// The affine function that g_m is where the units of `active` (bit i for unit i) are active.
//   row  receives w_1 ... w_d b, d + 1 initialised integers
void two_layer_row(const two_layer_t *net, ulong active, slong m, fmpz *row);

// What is known of a network's regions.
typedef struct two_layer_count {
    slong cells;   // regions of the first layer
    slong regions; // activation regions
    slong
        rank_bound; // sum over the cells of Phi(second, rank of the active rows of `inner`): the rank bound of
                    // T. Serra, C. Tjandraatmadja, S. Ramalingam, ICML 2018, for this first layer
} two_layer_count_t;

// Counts by cutting polyhedra (geometry/polyhedron.h): first by the lines of the first layer, then each cell by the
// rows that hold there. Degenerate input is welcome.
// Returns GSL_SUCCESS, or GSL_ENOMEM with `count` as it was.
int two_layer_regions(const two_layer_t *net, two_layer_count_t *count);

// What the definitions themselves give, on a finer subdivision.
typedef struct two_layer_survey {
    slong cells;      // of the arrangement of all lines that any active set could give
    slong activation; // different pairs of active sets found at a rational point of each
    slong linear;     // linear regions of F
} two_layer_survey_t;

// Lists the cells of the arrangement of all rows of the first layer and of every two_layer_row, evaluates the network
// at a rational point of each, and joins neighbours on which F is the same affine map. Shares nothing with
// two_layer_regions but the listing of an arrangement's cells.
//   output  any number of rows with `second` integers; NULL for the identity
//   survey  receives the counts
// Returns GSL_SUCCESS, or GSL_ENOMEM with `survey` as it was.
int two_layer_survey(const two_layer_t *net, const fmpz_mat_struct *output, two_layer_survey_t *survey);

#endif
