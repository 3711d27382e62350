// SPDX-License-Identifier: GPL-3.0-or-later
// How many regions an arrangement or a routed layer can have: the paper's numbers and sharper ones, as exact
// integers.
//
// Sources: [depth] is Su, Tang, Gong, Liu, "Sparsity is Combinatorial Depth", arXiv 2602.03204v2; [Z] is
// Zaslavsky, "Facing up to arrangements", Memoirs AMS 154 (1975). The bounds (U1) and (U) are this project's;
// their proof is in the report, section "Zaslavsky's function". The proof of (U*) is in its section "How many
// regions can a layer have?".
//
// Every result is an initialised integer of the caller's; it is left as it was on an error.
#ifndef MOEGEOM_GEOMETRY_BOUNDS_H
#define MOEGEOM_GEOMETRY_BOUNDS_H

#include <flint/fmpz.h>

// The shape of a layer with top-k routing. A region of it is a pair (coalition, sign vector of the
// hyperplanes of the experts in it) whose open cell is not empty.
typedef struct bounds_layer {
    ulong experts;   // N >= 1
    ulong active;    // k, 1 <= k <= N
    ulong width;     // H, hyperplanes for each expert; N * H below 2^63
    ulong dimension; // d >= 1, of the input
} bounds_layer_t;

// Zaslavsky's function Phi(n, d) = sum of binomial(n, j) over j = 0..d: the regions of n hyperplanes in
// general position in dimension d ([Z]; [depth] Definition 3.2). Any n and d; time O(min(n, d)) products.
void bounds_phi(fmpz_t result, ulong n, ulong d);

// The same where it is known to fit into a word; WORD_MAX otherwise.
slong bounds_phi_si(ulong n, ulong d);

// M_j(e): how many sets of j of the N * H hyperplanes belong to exactly e experts,
// binomial(N, e) * sum over i of (-1)^(e-i) binomial(e, i) binomial(i * H, j), by inclusion and exclusion.
void bounds_owners(fmpz_t result, ulong experts, ulong width, ulong j, ulong e);

// t(n, q, m): no n affine functions on R^m have more cells of constant top-q set than this.
// 1 where q is 0 or n, or m is 0; on a line min(binomial(n, q), 1 + q(n - q)), because every change of the
// top-q set replaces a function by a steeper one, so that the sum of the members' ranks by slope grows from
// q(q-1)/2 by at least 1 each time and by q(n - q) in all; binomial(n, q) otherwise. 0 <= q <= n.
void bounds_cells(fmpz_t result, ulong n, ulong q, ulong m);

// The three capacities of [depth], Table 1 and Example 4.21.
//   dense  Phi(H, d), of one expert
//   top1   N Phi(H, d), Theorem 4.14
//   topk   binomial(N, k) Phi(kH, d), Theorem 4.17
// Each returns GSL_SUCCESS, or GSL_EDOM for a shape outside the ranges above.
int bounds_dense(fmpz_t result, const bounds_layer_t *layer);
int bounds_top1(fmpz_t result, const bounds_layer_t *layer);
int bounds_topk(fmpz_t result, const bounds_layer_t *layer);

// (U1): no layer of this shape has more regions than
// binomial(N, k) Phi(kH, d-1) + sum of M_d(e) over e = 0..k, because a point lies in at most one coalition's
// cell. Returns GSL_SUCCESS, or GSL_EDOM for a shape outside the ranges above.
int bounds_points(fmpz_t result, const bounds_layer_t *layer);

// (U): nor more than the sum of M_j(e) t(N-e, k-e, d-j) over j = 0..d and e = 0..min(j, k), because the
// coalitions that a flat of dimension d-j meets and whose members own it are top-(k-e) cells of the other N-e
// logits on the flat. At most (U1). Returns GSL_SUCCESS, or GSL_EDOM for a shape outside the ranges above.
int bounds_flats(fmpz_t result, const bounds_layer_t *layer);

// t*(n, q, m), at most t(n, q, m): with r = min(q, n - q) = 2, floor(3 (n - 1) / 2) on a line and 3 n - 6 in the
// plane (n >= 3), because two disjoint pairs of functions whose gradients' hulls meet are never both on top, so that the
// reachable pairs are a graph drawn without crossings. 0 <= q <= n.
void bounds_cells_sharp(fmpz_t result, ulong n, ulong q, ulong m);

// T(n, d): let each of n experts have one hyperplane in R^d; no more sets of d experts have their hyperplanes meet in one
// point where these d have the d largest logits. T(n, 1) = n, T(n, 2) = 2 n - 3, T(n, d) = floor(n T(n-1, d-1) / d).
// 1 <= d <= n.
void bounds_corners(fmpz_t result, ulong n, ulong d);

// (U*): nor more than the sum over j = 0..d and e = 0..min(j, k) of the least of M_j(e) t*(N-e, k-e, d-j), of
// m_j(e) t*(N, k, d) with the k in the place of N in m_j(e), because a reachable coalition has so many sets of j
// hyperplanes, and, for j = e = k = d, of T(N, d) H^d. At most (U). Returns GSL_SUCCESS, or GSL_EDOM for a shape outside
// the ranges above.
int bounds_flats_sharp(fmpz_t result, const bounds_layer_t *layer);

// The summand of (U*) for j = 0..d alone: a bound of the pairs (I, J), J of j hyperplanes that meet in V(I).
int bounds_flats_level(fmpz_t result, const bounds_layer_t *layer, ulong j);

// Any of the above that takes a shape alone.
typedef int (*bounds_function_t)(fmpz_t result, const bounds_layer_t *layer);

#endif
