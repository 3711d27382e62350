// SPDX-License-Identifier: GPL-3.0-or-later
// A layer or an arrangement on the plane through three points, or on the line through two, is again one, in 2
// or 1 dimensions.
#ifndef MOEGEOM_GEOMETRY_SLICE_H
#define MOEGEOM_GEOMETRY_SLICE_H

#include "geometry/arrangement.h"
#include "geometry/layer.h"

#include <flint/fmpq_mat.h>

// Restricts to the flat through the points p_0, ..., p_m (m = 1 or 2) in the coordinates
// x = p_0 + y_1 (p_1 - p_0) + ... + y_m (p_m - p_0). Rows become integers by positive factors, the router's by a
// common one. A hyperplane that contains the flat, or misses it, becomes a row with w = 0.
//   points  (m + 1) x d rationals, affinely independent
//   slice   receives the layer or arrangement in m dimensions, owned by the caller
// Returns GSL_SUCCESS; GSL_EDOM when the points do not span, or the shape is not (2 or 3) x d; GSL_ENOMEM.
int slice_layer(const layer_t *layer, const fmpq_mat_t points, layer_t **slice);
int slice_arrangement(const arrangement_t *a, const fmpq_mat_t points, arrangement_t **slice);

#endif
