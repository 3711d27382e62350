// SPDX-License-Identifier: GPL-3.0-or-later
// The hypersimplex conv{e_I : |I| = k} under the map of a router's rows.
#ifndef MOEGEOM_GEOMETRY_HYPERSIMPLEX_H
#define MOEGEOM_GEOMETRY_HYPERSIMPLEX_H

#include "geometry/hull.h"
#include "geometry/layer.h"

// The points v_I, the sum of the rows of I, for all coalitions in lexicographic order. Without biases v_I is in R^d and
// the polyhedron is their convex hull; with biases it is in R^(d+1), and the polyhedron goes down without end, conv{v_I}
// plus the ray (0, -1). A functional that is greatest at v_I alone is an input, (x) or (x, x_0), that chooses I.
typedef struct hypersimplex {
    slong count;    // binomial(N, k)
    slong *members; // count x k
    hull_t hull;
} hypersimplex_t;

// Returns GSL_SUCCESS; GSL_ENOMEM, also for 2^20 coalitions or more. To be cleared by hypersimplex_clear.
int hypersimplex_project(const layer_t *layer, bool biased, hypersimplex_t *h);
void hypersimplex_clear(hypersimplex_t *h);

#endif
