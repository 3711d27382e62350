// SPDX-License-Identifier: GPL-3.0-or-later
// Bounds that know the router: how many coalitions N affine logits can reach, and what follows for the regions.
//
// The bounds of geometry/bounds.h are exponential in N where k grows with N, because they let a flat of dimension
// two or more meet every coalition. Those below are polynomial in N. Proofs are in the report, section "The slicing
// theorem". Every result is an initialised integer or rational of the caller's, left as it was on an error.
#ifndef MOEGEOM_GEOMETRY_BOUNDS_ROUTER_H
#define MOEGEOM_GEOMETRY_BOUNDS_ROUTER_H

#include "geometry/bounds.h"

#include <flint/fmpq.h>

// Phi(NH + binomial(N, 2), d): all hyperplanes and all walls z_i = z_j together. Two regions of the layer never share
// a region of this arrangement. Returns GSL_SUCCESS, or GSL_EDOM for a shape outside the ranges of bounds.h.
int bounds_walls(fmpz_t result, const bounds_layer_t *layer);

// (L): as (U) of bounds.h, the flats of dimension m with e owners having at most
// min(t(n, q, m), Phi(n, m + 1) - n) coalitions, n = N - e, q = k - e, 0 < q < n. The sets {i : z_i(x) > s} are the
// regions of the n hyperplanes z_i(x) = s of R^(m+1), at most Phi(n, m + 1) of them, and n sets of other sizes than q
// are among them. At most (U), and of degree d + 1 in N at most, whatever k is. Returns as bounds_walls.
int bounds_lifted(fmpz_t result, const bounds_layer_t *layer);

// No N affine functions on R^d have more top-k cells than this: one, and for each dimension D = 1..d the lowest
// vertices (geometry/layer_vertices.h), points where D + 1 logits tie below at most k - 1 others. Of the samples of r
// logits, the fraction binomial(N-D-k, r-D-1) / binomial(N, r) at least sees a given one as a vertex of its upper
// envelope, and no envelope has more than the facets of a cyclic polytope with r vertices in R^(D+1) (K. L. Clarkson,
// P. W. Shor, DCG 4 (1989) 387; P. McMullen, Mathematika 17 (1970) 179). Of degree floor((d + 1) / 2) in N for fixed k.
//   result  a rational number, which need not be an integer
// Returns GSL_SUCCESS, or GSL_EDOM unless 1 <= k and N >= 2 (d + k + 1).
int bounds_sampled(fmpq_t result, ulong experts, ulong active, ulong dimension);

enum { BOUNDS_LINE_EXPERTS = 8 }; // 8! orders are looked at

// t(N, k, 1) for all k: the most top-k cells of N affine functions on a line. Along the line the order of the logits
// goes from one permutation to its reverse by swaps of neighbours, each pair once, and the top-k set changes when the
// places k and k + 1 are swapped: the longest chain in the weak order of permutations, by dynamic programming.
// The result is an upper bound for every N; it is attained for N <= 8 (see data/slicing-lines.csv).
//   cells  receives cells[k] for k = 0..N
// Returns GSL_SUCCESS; GSL_EDOM unless 1 <= N <= BOUNDS_LINE_EXPERTS; GSL_ENOMEM.
int bounds_line(ulong experts, ulong *cells);

#endif
