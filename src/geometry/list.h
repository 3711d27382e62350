// SPDX-License-Identifier: GPL-3.0-or-later
// All regions, one after another, with signs and a point inside; no linear programs, memory for one path.
//
// A cell is a polyhedron (geometry/polyhedron.h). Hyperplane after hyperplane either leaves it whole or cuts it
// in two, and both halves are followed, the positive one first. So the regions come in descending
// lexicographic order of their sign vectors, and only the polyhedra on the path are held.
#ifndef MOEGEOM_GEOMETRY_LIST_H
#define MOEGEOM_GEOMETRY_LIST_H

#include "geometry/arrangement.h"
#include "geometry/layer.h"
#include "geometry/polyhedron.h"

// One region. All pointers belong to the lister and are valid during the call.
typedef struct list_region {
    slong active;             // k, or 0 for an arrangement
    const slong *members;     // the coalition, ascending; NULL for an arrangement
    slong signs;              // length of `sign`: n, or k H (expert after expert of the coalition)
    const signed char *sign;  // +1 or -1; 0 for a row with w = 0
    const polyhedron_t *cell; // its closure
    const fmpq *point;        // d rational coordinates of a point inside
} list_region_t;

// Returns GSL_SUCCESS to go on; any other value ends the list, which returns it.
typedef int (*list_visit_t)(void *context, const list_region_t *region);

// Lists the regions of an arrangement, or of a layer (coalitions in lexicographic order). Degenerate input is
// welcome; of hyperplanes that coincide each has its sign.
// Returns GSL_SUCCESS; GSL_EDOM for a layer with twins and k < N; GSL_ENOMEM; or what `visit` returned.
int list_arrangement(const arrangement_t *a, list_visit_t visit, void *context);
int list_layer(const layer_t *layer, list_visit_t visit, void *context);

#endif
