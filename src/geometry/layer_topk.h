// SPDX-License-Identifier: GPL-3.0-or-later
// A trained layer as exact data: the binary digits of its weights, as integers.
#ifndef MOEGEOM_GEOMETRY_LAYER_TOPK_H
#define MOEGEOM_GEOMETRY_LAYER_TOPK_H

#include "geometry/layer.h"
#include "routing/topk_layer.h"

// The router and the hidden units of a layer, nothing rounded: the router's rows times one power of two, each unit's row times
// one of its own. With a centre m, the row of expert i is (r_i, -r_i.m), computed exactly. Outputs and shared experts do not
// bend anything and are left out. Weights that are far from each other in size make long integers: round them
// (topk_layer_round) where they need not be exact.
//   layer  finite weights
// Returns the layer, to be freed by layer_free; NULL when memory is short.
layer_t *layer_topk(const topk_layer_t *layer);

#endif
