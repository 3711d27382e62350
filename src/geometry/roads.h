// SPDX-License-Identifier: GPL-3.0-or-later
// The roads to a number of regions, each in one call: F, V, the list and the broken-circuit tree, with what is asked
// of them most, in words.
//
// The methods themselves, with integers of any size and all that they find, are in geometry/layer_flats.h,
// layer_vertices.h, list.h and tree.h. V shares nothing with the others, F and the list share polyhedra.
//
// Each function returns GSL_SUCCESS; GSL_EOVRFLW where a number does not fit into a word; or the error of the method. On
// an error the result is as it was.
#ifndef MOEGEOM_GEOMETRY_ROADS_H
#define MOEGEOM_GEOMETRY_ROADS_H

#include "geometry/arrangement.h"
#include "geometry/layer.h"
#include "number/shards.h"

enum {
    ROADS_REFUSED = -1, // in the place of a number: V refuses the layer
    ROADS_LEVELS = 8
};

// What F finds.
typedef struct roads_flats {
    slong regions;
    slong richest; // regions of the coalition that has most
    slong
        level[ROADS_LEVELS]; // pairs (I, T) with |T| = j, see layer_flats.h; [0]: reachable coalitions; 0 for
                             // j > d, and those with j >= ROADS_LEVELS are left out
} roads_flats_t;

// What the tree finds.
typedef struct roads_tree {
    slong regions;
    slong events;  // zero events, see tree.h; 0 proves general position, of central ones that of their slice
    slong bounded; // |chi(1)|: the bounded regions, where the hyperplanes span
} roads_tree_t;

// By F (layer_flats.h), for every layer without twins.
//   control  threads and watchers; NULL: all cores, nobody watches
int roads_flats(const layer_t *layer, const shards_control_t *control, roads_flats_t *count);

// By V (layer_vertices.h), with the functional of seed 1; `regions` receives ROADS_REFUSED for a layer that is not in
// general position.
int roads_vertices(const layer_t *layer, const shards_control_t *control, slong *regions);

// By listing all regions (list.h), on one thread.
int roads_list_arrangement(const arrangement_t *a, slong *regions);
int roads_list_layer(const layer_t *layer, slong *regions);

// By the broken-circuit tree (tree.h).
int roads_tree(const arrangement_t *a, const shards_control_t *control, roads_tree_t *count);

#endif
