// SPDX-License-Identifier: GPL-3.0-or-later
// Routers that reach every coalition, where there are such, and how many coalitions a router can reach at all.
//
// The logits are z_i(x) = w_i.x + b_i for x in R^d; a coalition I of k of the N experts is reachable when each of its
// logits is above each of the others at some x. With K = min(k, N - k), a router that reaches all binomial(N, k)
// coalitions exists
//     without bias  iff  N <= d + 1, or N = d + 2 and d >= 2, or K <= floor(d / 2);
//     with bias     iff  N <= d + 2, or K <= floor((d + 1) / 2).
// The proofs of this and of all bounds below are in the report, section "Which coalitions can be reached".
#ifndef MOEGEOM_GEOMETRY_NEIGHBOURLY_H
#define MOEGEOM_GEOMETRY_NEIGHBOURLY_H

#include "geometry/layer.h"

typedef struct neighbourly_shape {
    slong experts;   // N >= 2
    slong active;    // k, 1 <= k <= N - 1
    slong dimension; // d >= 1
    bool bias;       // whether offsets b may be other than 0
} neighbourly_shape_t;

// Whether some router of this shape reaches all coalitions: the condition above.
bool neighbourly_exists(const neighbourly_shape_t *shape);

// Such a router, to be freed by layer_free; NULL where there is none, or when memory is short. Its normals are
// the moment curve's (t, ..., t^d) at t = 1..N where K <= floor(d / 2), and where K = (d + 1) / 2 with the offsets
// -t^(d+1) for k = K, t^(d+1) for k = N - K; otherwise the vertices of a simplex, or, for N = d + 2, those of two
// simplices in complementary subspaces with the same barycentre.
layer_t *neighbourly_router(const neighbourly_shape_t *shape);

// A point of the open cell of a coalition of this router, found by a formula and no search.
//   members  k ascending numbers of experts
//   point    receives d integers, initialised by the caller
// Returns GSL_SUCCESS, or GSL_EDOM where there is no such router.
int neighbourly_point(const neighbourly_shape_t *shape, const slong *members, fmpz *point);

// The router on the moment curve: w = (t, ..., t^d) and b = sign t^(d+1) at t = 1..N.
//   sign  -1, 0 or 1; shape->bias is not looked at
layer_t *neighbourly_moment(const neighbourly_shape_t *shape, int sign);

// How many coalitions it reaches. At x, z + const is a polynomial in t with prescribed leading coefficient, so that I is
// reachable iff the word of the memberships of t = 1..N changes at most d times, or d + 1 times and ends as the sign says.
void neighbourly_moment_cells(fmpz_t result, const neighbourly_shape_t *shape, int sign);

// How many coalitions of all sizes 0..N a router in general position reaches: Phi(N, d + 1) with bias, 2 Phi(N-1, d)
// without; no router reaches more. They are the regions of the N hyperplanes w_i.x + b_i = y in R^(d+1).
void neighbourly_all_sizes(fmpz_t result, const neighbourly_shape_t *shape);

// No router of this shape reaches more coalitions of size k: the least of binomial(N, k), of what neighbourly_all_sizes
// leaves for one size, and of a count of lowest vertices of cells: for fixed k and d it is O(N^floor((d+1)/2)).
void neighbourly_bound(fmpz_t result, const neighbourly_shape_t *shape);

// The same on a line, d = 1 with bias: 1 + the most exchanges at position k on a way from 1 2 ... N to N ... 2 1 by
// exchanges of neighbours, each pair once. No N affine functions have more top-k cells; k (N - k) exchanges would be
// possible without "once".
//   experts  N, 2 to NEIGHBOURLY_LINE: time and memory grow as N!
// Returns the number, or 0 when memory is short.
enum { NEIGHBOURLY_LINE = 9 };
slong neighbourly_line(slong experts, slong active);

#endif
