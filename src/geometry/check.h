// SPDX-License-Identifier: GPL-3.0-or-later
// What a checker of counts can find out by itself, with little work and in rationals: of hyperplanes, of points,
// and of the shape of a layer.
//
// Nothing here is used by the modules that count, and nothing of theirs is used here.
#ifndef MOEGEOM_GEOMETRY_CHECK_H
#define MOEGEOM_GEOMETRY_CHECK_H

#include "geometry/layer.h"

#include <flint/fmpq.h>
#include <flint/fmpz_mat.h>

// The sides of m x (d + 1) rows w_1 ... w_d b. Rows with w = 0 are no hyperplanes.
typedef struct check_planes {
    slong distinct; // hyperplanes that differ
    slong rank;     // of their normals
    bool central;   // whether all of them have a common point; true when there are none
    slong
        hadamard_bits; // no minor of the rows of hyperplanes is greater than 2^this in magnitude: Hadamard's
                       // bound, the product of the min(m, d + 1) greatest Euclidean norms of rows
} check_planes_t;

// Returns GSL_SUCCESS, or GSL_ENOMEM.
int check_planes(const fmpz_mat_t rows, check_planes_t *planes);

// The greatest numbers of no-broken-circuit sets of j = 0..d hyperplanes that so many distinct ones of this rank r
// can have, in general position: binomial(m, j) for j <= r; but when they are central, as many sets of r as the
// other m - 1 have sets of r - 1 in their slice by a parallel to the first.
//   level  d + 1 integers, initialised
void check_generic(fmpz *level, const check_planes_t *planes, slong d);

// The number of no-broken-circuit sets of two hyperplanes: over all H_t, the distinct traces on H_t of the
// distinct hyperplanes before it. (It does not depend on their order.) Work O(m^2 d).
// Returns GSL_SUCCESS, or GSL_ENOMEM.
int check_pairs(const fmpz_mat_t rows, fmpz_t pairs);

// Whether rows are linearly dependent: whole, or by their normals alone.
//   set  `size` numbers of rows
bool check_dependent(const fmpz_mat_t rows, const slong *set, slong size, bool whole);

// The sign of w.x + b at a rational point of d coordinates: -1, 0, 1.
int check_sign(const fmpz *row, const fmpq *point, slong dimension);

// Whether the k members have the k greatest logits at a point, each strictly above those of all others.
//   members  k ascending numbers of experts
bool check_coalition(const layer_t *layer, const slong *members, const fmpq *point);

// Whether two experts have identical logits.
bool check_twins(const layer_t *layer);

// Zaslavsky's sum of binomial(n, j), j = 0..d.
void check_phi(fmpz_t result, slong n, slong d);

// The summand j of the bound (U) of geometry/bounds.h: how many pairs (coalition, flat of j hyperplanes of its
// members that meets the coalition's cell) a layer of this shape can have. The sum over j = 0..d bounds the
// regions. The sets of hyperplanes that have exactly e owners are counted by the powers of (1 + z)^H - 1.
//   bound  d + 1 integers, initialised
void check_flats(fmpz *bound, slong experts, slong active, slong width, slong dimension);

#endif
