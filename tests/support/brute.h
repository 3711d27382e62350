// SPDX-License-Identifier: GPL-3.0-or-later
// Regions and faces straight from their definitions: every sign vector that linear inequalities allow.
//
// Depth first over the signs of the hyperplanes; a sign is kept when the inequalities chosen so far have a
// solution, which an exact simplex method in integers decides. Slow, and shares nothing with the library but the
// plain data: the road that the fast ones are measured by.
#ifndef MOEGEOM_TESTS_SUPPORT_BRUTE_H
#define MOEGEOM_TESTS_SUPPORT_BRUTE_H

#include "geometry/arrangement.h"
#include "geometry/layer.h"

#include <flint/fmpq_vec.h>

// One region or face. All pointers are valid during the call.
typedef struct brute_region {
    slong active;            // k, or 0 for an arrangement
    const slong *members;    // the coalition, ascending
    slong signs;             // length of `sign`: n, or k H (expert after expert of the coalition)
    const signed char *sign; // +1, -1; 0 for a row with w = 0, and of faces where the row vanishes
    slong dimension;         // d; of faces theirs
    const fmpq *point;       // d rational coordinates of a point of the relative interior
} brute_region_t;

typedef void (*brute_visit_t)(void *context, const brute_region_t *region);

// The number of regions of an arrangement, or of a layer by the definition in geometry/layer.h: for each set of k
// experts, the open cells of their hyperplanes where each of their logits is above each other one. Regions come
// in descending lexicographic order of the signs, coalitions in ascending order. With twins the coalitions that
// would split them are empty.
//   visit  NULL, or called for each region
slong brute_arrangement(const arrangement_t *a, brute_visit_t visit, void *context);
slong brute_layer(const layer_t *layer, brute_visit_t visit, void *context);

// Visits all relatively open faces of an arrangement, of every dimension; returns their number.
slong brute_faces(const arrangement_t *a, brute_visit_t visit, void *context);

#endif
