// SPDX-License-Identifier: GPL-3.0-or-later
// Which coalitions of a router are reachable, with a point for each, and a proof for each that is not.
#ifndef MOEGEOM_GEOMETRY_REACH_H
#define MOEGEOM_GEOMETRY_REACH_H

#include "geometry/layer.h"
#include "geometry/polyhedron.h"

// A reachable coalition.
//   members  k ascending numbers of experts
//   cell     its closed cell
// The cell's constraints are rows of `walls`, see reach_walls. Returns GSL_SUCCESS to go on; any other value
// ends the search, which returns it.
typedef int (*reach_visit_t)(void *context, const slong *members, const polyhedron_t *cell);

// The walls between experts: the rows router_i - router_j of all pairs i < j, at reach_wall(N, i, j), and after
// them the `extra` rows (NULL: none), for polyhedra that are to be cut further.
polyhedron_rows_t *reach_walls(const layer_t *layer, const fmpz_mat_struct *extra);
slong reach_wall(slong experts, slong i, slong j); // i < j

// Visits all reachable coalitions, in lexicographic order. `walls` as from reach_walls.
// Returns GSL_SUCCESS; GSL_EDOM for a layer with twins and k < N; GSL_ENOMEM; or what `visit` returned.
// Memory: proportional to the number of reachable coalitions.
int reach_coalitions(const layer_t *layer, const polyhedron_rows_t *walls, reach_visit_t visit,
                     void *context);

// The reachable coalitions with the walls that bound their cells.
typedef struct reach_list {
    slong count;
    slong active;   // k
    slong *members; // count x k, ascending in each coalition; coalitions in lexicographic order
    slong *first;   // count + 1: coalition c has facets[first[c]] to facets[first[c + 1] - 1]
    slong *facets; // one row of the walls for each facet of the cell: r, or -1 - r where the cell lies on the
                   // negative side; the walls of one cell cut it out of R^d, and none is redundant
} reach_list_t;

// Finds all reachable coalitions. The cells are the domains of linearity of a convex function, the sum of the k
// largest logits, so they meet facet to facet, and any two are joined by a path across facets: a graph search
// from the cell of one point finds them all. A cell is cut out of R^d by those walls only that a generator of
// the polyhedron so far violates; a neighbour's coalition follows from the logits that are equal on the facet.
//   walls  as from reach_walls
//   list   receives the result, to be cleared by reach_list_clear; as it was on an error
// Returns GSL_SUCCESS; GSL_EDOM for a layer with twins and k < N; GSL_ENOMEM.
int reach_find(const layer_t *layer, const polyhedron_rows_t *walls, reach_list_t *list);
void reach_list_clear(reach_list_t *list);

// Makes the closed cell of coalition c of a list.
//   shells  two polyhedra over the walls; the cell is in shells[0], which may have changed places with shells[1]
// Returns GSL_SUCCESS or GSL_ENOMEM.
int reach_cell(const reach_list_t *list, slong c, polyhedron_t *shells[2]);

// Why a coalition is not reachable: a convex combination of the logits of its members that is nowhere above a
// convex combination of the others' (Radon, Farkas): sum lambda_i router_i - sum mu_j router_j = (0, c), c <= 0,
// with weights >= 0 that sum to one on each side.
//   members  k ascending numbers
//   weights  N initialised rationals: lambda for members, mu for the others
//   drop     receives c
// Returns GSL_SUCCESS; GSL_EDOM when the coalition is reachable (or k = N), and then nothing is written.
int reach_certificate(const layer_t *layer, const slong *members, fmpq *weights, fmpq_t drop);

// Whether such weights are a proof; exact.
bool reach_refutes(const layer_t *layer, const slong *members, const fmpq *weights);

// The exact number of reachable coalitions when it is known without a search: binomial(N, k) when the
// normals w_i are affinely independent (N <= d + 1). Returns false, with `count` as it was, otherwise.
bool reach_all(const layer_t *layer, fmpz_t count);

#endif
