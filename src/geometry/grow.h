// SPDX-License-Identifier: GPL-3.0-or-later
// Wide layers in the plane with as many regions as a narrow one allows.
//
// A layer in general position, nothing parallel, with one line for each expert has c_0 + c_1 + c_2 regions, c_j the pairs (I, J) of a coalition I and j lines
// of I that meet in V(I). Put H lines in the place of each, so near that nothing changes for lines of different experts,
// and let those of one expert cross near a point of the line where the expert is active: then there are
//     c_0 + c_1 H + c_2 H^2 + N C(H, 2)
// regions, and no wide layer with its lines so near can have more.
#ifndef MOEGEOM_GEOMETRY_GROW_H
#define MOEGEOM_GEOMETRY_GROW_H

#include "geometry/layer.h"

// Grows a layer.
//   layer  dimension 2, width 1, k < N; the line of each expert meets another one where the expert is active
//   width  H >= 1
//   grown  receives the new layer, to be freed by layer_free. Its router is the same. The lines of an expert are
//          near to the old one in terms of the layer's entries; who needs the formula counts, for a layer whose cells are
//          below 2^-40 of its entries would need nearer ones
// Returns GSL_SUCCESS; GSL_EDOM for another shape, or without such meetings; GSL_ENOMEM. On an error `grown` is as it was.
int grow_layer(const layer_t *layer, slong width, layer_t **grown);

#endif
