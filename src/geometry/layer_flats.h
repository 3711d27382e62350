// SPDX-License-Identifier: GPL-3.0-or-later
// Regions of a top-k layer by method F: flats that meet the cells of coalitions.
//
// The cell V(I) of a coalition I is an open convex polyhedron. The regions inside it are as many as the
// no-broken-circuit sets T of the hyperplanes of I whose flat F_T meets V(I), the empty set included
// (T. Zaslavsky, Memoirs AMS 154 (1975), for the cells of an arrangement that meet an open convex set). T is
// found depth first: t_1, then t_2 < t_1 among the hyperplanes that cut F_(t_1) in V(I), hyperplanes that
// coincide on the flat counting once; a flat that misses V(I) is left with all that lies below it. Output
// sensitive, and right for every degenerate layer: only equality and sides are asked for, and each is decided
// exactly.
#ifndef MOEGEOM_GEOMETRY_LAYER_FLATS_H
#define MOEGEOM_GEOMETRY_LAYER_FLATS_H

#include "geometry/layer.h"
#include "number/shards.h"

// Called for each reachable coalition, in lexicographic order of its members (k ascending numbers).
typedef void (*layer_flats_coalition_t)(void *context, const slong *members, slong active,
                                        const fmpz_t regions);

// Counts the regions.
//   layer      without twins (layer_twins) unless k = N
//   control    threads and watchers; NULL: all cores, nobody watches
//   coalition  NULL, or called for each coalition after the count, with `context`
//   count      initialised; receives the number, with level[j] = the pairs (I, T) with |T| = j, so that
//              level[0] is the number of reachable coalitions
// Returns GSL_SUCCESS; GSL_EDOM for a layer with twins; GSL_ENOMEM. On an error `count` is as it was.
// Memory: the list of reachable coalitions, and O(d) polyhedra for each thread.
int layer_flats_count(const layer_t *layer, const shards_control_t *control,
                      layer_flats_coalition_t coalition, void *context, layer_count_t *count);

// At most so many pairs (I, T) will be visited, by bounds_flats; infinity where a double cannot hold it. A pair costs
// of the order of a microsecond, and less where a hundred lines or more cut the cells of a plane.
double layer_flats_work(const layer_t *layer);

#endif
