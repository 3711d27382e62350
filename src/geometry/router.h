// SPDX-License-Identifier: GPL-3.0-or-later
// The logits of a router at exact points: who is chosen, who is tied, and inputs with prescribed logits.
//
// A router is a layer of which only N, k and the router's rows are looked at. Points are d + 1 integers in homogeneous
// coordinates, (x_1 ... x_d, x_0) with x_0 > 0 for the point x / x_0; with x_0 = 0 they are directions, and logits are
// those without biases.
#ifndef MOEGEOM_GEOMETRY_ROUTER_H
#define MOEGEOM_GEOMETRY_ROUTER_H

#include "geometry/layer.h"
#include "stat/stream.h"

#include <flint/fmpq.h>
#include <stdbool.h>

// A random router with k = 1 and no units: entries uniform in -range..range, no two rows equal and no w_i = 0.
//   biased  otherwise all biases are 0
//   range   large enough for so many different rows
// Returns NULL when memory is short or for a range that arrangement_draw refuses. Owned by the caller.
layer_t *router_draw(slong experts, slong dimension, bool biased, slong range, stream_t *stream);

// The sign of logit i less logit j at a point.
int router_sign(const layer_t *layer, slong i, slong j, const fmpz *point);

// The same point as d initialised rationals; x_0 > 0.
void router_point(const fmpz *homogeneous, slong dimension, fmpq *point);

// Whether k ascending members have the k greatest logits at a point, strictly; x_0 > 0.
bool router_chosen(const layer_t *layer, const slong *members, const fmpz *point);

// Whether an expert is among the top k at a point: fewer than k logits are greater. True for both sides of a tie.
bool router_served(const layer_t *layer, slong expert, const fmpz *point);

// How many other experts have a logit at a point that is not below that of an expert.
slong router_not_below(const layer_t *layer, slong expert, const fmpz *point);

// Whether the rows (w_i, b_i) of a set lie on a line of R^(d+1); and whether any four do.
bool router_on_a_line(const layer_t *layer, const slong *set, slong size);
bool router_four_on_a_line(const layer_t *layer);

// An input where the logits differ as prescribed, z_i - z_0 = values_i - values_0. With D the differences w_i - w_0 it is
// x = D'y, (D D') y = the prescribed differences less those of the biases.
//   values  N
//   point   receives the input
// Returns GSL_SUCCESS, or GSL_ESING with `point` undefined unless the w_i are affinely independent.
int router_prescribe(const layer_t *layer, const slong *values, fmpz *point);

// The next of the subsets of k of 0..n-1, ascending numbers, in lexicographic order; false after the last.
bool router_next_coalition(slong *members, slong k, slong n);

#endif
