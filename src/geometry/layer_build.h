// SPDX-License-Identifier: GPL-3.0-or-later
// Layers made on purpose: with many regions, or to break a bound.
#ifndef MOEGEOM_GEOMETRY_LAYER_BUILD_H
#define MOEGEOM_GEOMETRY_LAYER_BUILD_H

#include "geometry/bounds.h"
#include "geometry/layer.h"
#include "stat/stream.h"

// A layer of zeros of that shape, as layer_alloc; and the shape of a layer.
layer_t *layer_build_alloc(const bounds_layer_t *shape);
bounds_layer_t layer_build_shape(const layer_t *layer);

// The N / k groups (rounded down) of k experts k g, ..., k g + k - 1; for each there is a cell in which exactly they
// are active, and all the flats of their kH hyperplanes, which are in general position, meet that cell. So the cell
// has Phi(kH, d) regions, and with k = 1 the layer has N Phi(H, d). The logits of group g are
// M (2 g x_1 - g^2) + i, i < k, with a large M, those of the experts left over far below; unit t of a group, t = 1..kH,
// is the row (1, t, ..., t^(d-1) | t^d) of the moment curve in coordinates that are magnified about (g, 0, ..., 0).
//   layer   of any shape; all entries are set. With `biased` false the router has no biases, and x_1 and 1 are replaced
//           by x_1 and x_2 in the logits, so that groups stand at (g, 1, 0, ..., 0).
// Returns GSL_SUCCESS, or GSL_EDOM for d = 1 without biases.
int layer_build_groups(layer_t *layer, bool biased);

// Puts the H units of each expert of a layer on the line (d = 1) on H distinct points inside a cell where it is active.
// Returns GSL_SUCCESS; GSL_EDOM when d > 1, for twins, or when an expert is active nowhere, and then the units are as
// they were; GSL_ENOMEM.
int layer_build_line(layer_t *layer);

// Random layers of several kinds, most of them degenerate.
typedef enum layer_build_kind {
    LAYER_BUILD_GENERIC,  // entries -99999..99999
    LAYER_BUILD_SMALL,    // entries -3..3
    LAYER_BUILD_CENTRAL,  // no biases
    LAYER_BUILD_SHARED,   // the units of all experts are those of the first
    LAYER_BUILD_WALLS,    // the units are walls between experts
    LAYER_BUILD_GRID,     // the units have d normals in all
    LAYER_BUILD_MOMENT,   // a router on the moment curve, which reaches many coalitions
    LAYER_BUILD_PARALLEL, // all walls are parallel
    LAYER_BUILD_KINDS
} layer_build_kind_t;

const char *layer_build_name(layer_build_kind_t kind);

// Draws all entries of a layer.
//   stream  advanced
// Twins are possible in small layers (layer_twins tells).
void layer_build_draw(layer_t *layer, layer_build_kind_t kind, stream_t *stream);

#endif
