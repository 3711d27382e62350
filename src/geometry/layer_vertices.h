// SPDX-License-Identifier: GPL-3.0-or-later
// Regions of a top-k layer by method V: lowest vertices.
//
// Fix a generic linear functional f. In general position every region is either bounded below and has exactly
// one lowest vertex, or is unbounded below and is a region of the layer at infinity {f = -M, M -> infinity}, of
// one dimension less. So the count is a sum over the dimensions D = d..0 of pairs (T, E): T a set of expert
// hyperplanes and E a set of tied logits, |T| + |E| - 1 = D, with a = the number of logits above the tie. Write
// f at the vertex as sum over T of alpha_s w_s + sum over E of beta_i u_i with sum beta = 0, and let
// B = {i in E : beta_i > 0}. The vertex is the lowest of exactly one region when |B| = k - a and the owners of T
// belong to A + B (A the logits above the tie), and of none otherwise; for |E| = 1 the tie is trivial and
// A + E is the coalition's part at the vertex: the k largest logits.
//
// No polyhedron and no linear program takes part, and nothing is shared with method F. Lines are found by
// elimination in doubles with proven bounds (geometry/elimination.h) and swept (geometry/layer_sweep.h); what
// doubles leave open is decided in integers.
//
// Only for layers in general position. An equality that regions can see is always reported and never decided by a
// tolerance; one that no region sees may be reported too (parallel hyperplanes are: they meet at infinity). Dead
// units are left out.
#ifndef MOEGEOM_GEOMETRY_LAYER_VERTICES_H
#define MOEGEOM_GEOMETRY_LAYER_VERTICES_H

#include "geometry/layer.h"
#include "number/shards.h"

enum { LAYER_VERTICES_REASON = 256 };

// Counts the regions.
//   layer    without twins unless k = N
//   seed     draws the functional: a random linear change of coordinates with integer entries, drawn again when
//            a coefficient vanishes or something is degenerate at infinity, up to three times in all
//   control  threads and watchers; NULL: all cores, nobody watches. The parts that it stores belong to this
//            layer and seed; a second draw neither stores nor restores
//   count    initialised; receives the number, which does not depend on the seed, with level[D] = the lowest
//            vertices of dimension D, which do
//   reason   LAYER_VERTICES_REASON chars; on GSL_ESING one line that names units (numbers of rows), their
//            experts and logits in special position, one of perhaps many
// Returns GSL_SUCCESS; GSL_ESING when the layer is not in general position (method F will do);
// GSL_EDOM for twins; GSL_ENOMEM. On an error `count` is as it was.
// Memory: for each thread and each dimension D about D^2 / 2 doubles for each row.
int layer_vertices_count(const layer_t *layer, uint64_t seed, const shards_control_t *control,
                         layer_count_t *count, char *reason);

// The number of lines that are swept, as an estimate of the work, n units not dead: the sum over D = 1..d of
// binomial(n, D - 1) and, when k < N, of binomial(N, e) binomial(n, D - e) for tied e = 3..D, and of
// binomial(N, 2) for D = 2. (Lines whose units have more than k owners are counted though they are left out.)
// Most lines turn out to be empty and cost N to 10 N nanoseconds on one core; the others cost the time of k n / N
// units once more for each change of the coalition.
double layer_vertices_work(const layer_t *layer);

#endif
