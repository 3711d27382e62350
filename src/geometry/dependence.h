// SPDX-License-Identifier: GPL-3.0-or-later
// Affine dependences of a router's logits: what makes coalitions unreachable (Radon, Farkas).
//
// A dependence of a router z_i(x) = w_i.x + b_i with N experts is a vector c of N integers, not all 0, with
// sum c_i = 0 and sum c_i w_i = 0, so that sum c_i z_i is the constant sum c_i b_i. Where that is at most 0, a mean of
// the logits with c_i > 0 is nowhere above a mean of those with c_i < 0, and no coalition is reachable that
// contains all of the former and none of the latter.
//
// Vectors are N integers, initialised by the caller.
#ifndef MOEGEOM_GEOMETRY_DEPENDENCE_H
#define MOEGEOM_GEOMETRY_DEPENDENCE_H

#include "geometry/layer.h"

#include <flint/fmpq.h>

// A dependence c with sum c_i b_i = 0 among as few of the first experts as possible, so among d + 3 at most, and d + 2 where
// all b are 0. Returns false where there is none; c is then as it was.
bool dependence_first(const layer_t *layer, fmpz *c);

// A dependence e that is no multiple of the dependence c, with sum e_i b_i <= 0, or >= 0 for side = -1. Returns false
// where there is none, which needs N <= d + 2; e is then undefined.
bool dependence_other(const layer_t *layer, int side, const fmpz *c, fmpz *e);

// How many of the n entries have this sign: -1, 0 or 1.
slong dependence_entries(const fmpz *c, slong n, int sign);

// Turns a dependence with sum c_i b_i <= 0 into a certificate against one coalition, see reach_certificate.
//   members  receives k ascending numbers: the experts with c_i > 0, none with c_i < 0, and the first of the others
//   weights  receives N rationals
// Returns false, with nothing written, where c has more than k positive or more than N - k negative entries.
bool dependence_certificate(const layer_t *layer, const fmpz *c, slong *members, fmpq *weights);

#endif
