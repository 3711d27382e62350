// SPDX-License-Identifier: GPL-3.0-or-later
// Gate matrices in floating point as exact routers: their entries are integers times a power of two.
#ifndef MOEGEOM_GEOMETRY_GATE_LAYER_H
#define MOEGEOM_GEOMETRY_GATE_LAYER_H

#include "geometry/layer.h"

#include <flint/fmpq_mat.h>
#include <stddef.h>

// The router of a layer without units, all rows times the least power of two that makes integers of all numbers.
//   weights  N x d finite numbers, row-major
//   bias     N finite numbers; NULL: 0
//   active   k, 1 to N
//   layer    receives it, to be freed by layer_free
// Returns GSL_SUCCESS, GSL_EDOM for a shape outside, or GSL_ENOMEM.
int gate_layer_alloc(const double *weights, const double *bias, size_t experts, size_t dimension,
                     size_t active, layer_t **layer);

// The rank of the normals w_i, and that of the differences w_i - w_0, modulo a prime above 2^62: never above the exact rank, and
// equal to it unless the prime divides all minors of that size. Where the differences have rank N - 1 the normals are proven to be
// affinely independent, and then every set of k experts is reachable (reach_all in geometry/reach.h).
// Columns are taken in growing numbers until the rank is full, so that a full rank costs N^3 steps.
slong gate_layer_rank(const layer_t *layer);
slong gate_layer_affine_rank(const layer_t *layer);

// How often the top-k set changes on the great circle in the plane of two directions u and v, without biases: exact, with the lower
// index first among equal logits. It is the number of sets that the circle meets, or 0 for one set.
//   logits  N x 2: the integers (w_i.u, w_i.v)
//   active  k, 1 to N
// Returns GSL_SUCCESS, with *changes set, or GSL_ENOMEM. Time: N k for each change.
int gate_layer_circle(const fmpz_mat_t logits, slong active, slong *changes);

#endif
