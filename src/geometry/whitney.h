// SPDX-License-Identifier: GPL-3.0-or-later
// The exact number of regions of an arrangement, by Whitney's theorem: a second road that shares no code with
// count.h.
#ifndef MOEGEOM_GEOMETRY_WHITNEY_H
#define MOEGEOM_GEOMETRY_WHITNEY_H

#include "geometry/arrangement.h"

// Counts the regions as the sum of (-1)^(|B| - rank B) over all central sets B of hyperplanes, that is sets
// with a common point, the empty set included (Whitney 1932; Stanley, "An introduction to hyperplane
// arrangements" (2007), Theorems 2.4 and 2.5). B is central when rows and normals of B have the same rank.
// Ranks are those of integer matrices, each computed afresh. No general position is assumed.
//
//   a        any arrangement; rows with w = 0 are left out, repetitions are not
//   limit    the most sets that may be visited; there are Phi(n, d) in general position and at most 2^n. Some
//            microseconds for each and for each of the n ways to extend it.
//   regions  receives the number, an initialised integer
// Returns GSL_SUCCESS; GSL_EMAXITER when there are more sets than `limit`, with `regions` as it was.
int whitney_regions(const arrangement_t *a, ulong limit, fmpz_t regions);

#endif
