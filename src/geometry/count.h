// SPDX-License-Identifier: GPL-3.0-or-later
// The exact number of regions of an arrangement, by the tree of its intersections.
#ifndef MOEGEOM_GEOMETRY_COUNT_H
#define MOEGEOM_GEOMETRY_COUNT_H

#include "geometry/arrangement.h"

// Counts the regions, that is the connected components of R^d without the hyperplanes.
//
// The hyperplane H_t, put in after H_1..H_(t-1), cuts as many regions in two as these hyperplanes cut H_t
// into. So
//
//     r(A) = 1 + sum over t of r(H_1..H_(t-1) restricted to H_t),
//
// where restrictions that coincide count once and empty ones not at all; on a line the regions are the
// distinct points and one more. No general position is assumed (Zaslavsky, Memoirs AMS 154 (1975), Theorem A
// and section 2; the leaves of the tree are the no-broken-circuit sets). Integers throughout, rows primitive,
// so that equal hyperplanes are equal rows and the entries stay below the minors of the input.
//
// This is the plain engine: no floating point, no primes, one thread. About 0.3 microseconds for each of at
// most binomial(n, d) vertices; memory O(n d^2) integers.
//
//   a        any arrangement; rows with w = 0 and repetitions are left out
//   regions  receives the number, an initialised integer
// Returns GSL_SUCCESS, or GSL_ENOMEM with `regions` as it was.
int count_regions(const arrangement_t *a, fmpz_t regions);

#endif
