// SPDX-License-Identifier: GPL-3.0-or-later
// How far points are from the walls of a router: from the tropical hypersurface of its top-k score.
//
// The hypersurface is where the score, the largest sum of k logits, is attained by two coalitions. A point x off it
// lies in the open cell of one coalition I, which is cut out by z_i > z_j, i in I, j not in I. A ball about x stays
// inside as long as it crosses none of the hyperplanes z_i = z_j, whether they bound the cell or are redundant, so
// that the squared distance is the least (z_i - z_j)^2 / |w_i - w_j|^2, a rational.
#ifndef MOEGEOM_GEOMETRY_SATURATION_H
#define MOEGEOM_GEOMETRY_SATURATION_H

#include "geometry/layer.h"

#include <flint/fmpq_mat.h>

// The squared Euclidean distance of a point to the hypersurface of `layer`'s router; 0 on it.
//   point    d rationals
//   squared  receives it
// Returns GSL_SUCCESS; GSL_EDOM where there is no wall (k = N, or the coalition is the same everywhere) and for a
// layer with twins; GSL_ENOMEM. On an error `squared` is as it was.
int saturation_distance(const layer_t *layer, const fmpq *point, fmpq_t squared);

// The same for the convex hull of points, the least over all of its points: on a cell the distance is the least of
// affine functions, which is concave, so that a corner attains it; 0 unless all corners are in one cell.
//   points  m x d, m >= 1
int saturation_hull(const layer_t *layer, const fmpq_mat_t points, fmpq_t squared);

#endif
