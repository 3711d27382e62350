// SPDX-License-Identifier: GPL-3.0-or-later
// Counts and bounds for an experiment: geometry/roads.h with the threads of the run and geometry/bounds.h, where an
// error ends the program.
//
// As with experiment_montecarlo, what is computed is the business of the module below. Layers that take less than some
// milliseconds are counted on one thread, which is faster than to start several; no result depends on it.
#ifndef MOEGEOM_IO_EXPERIMENT_ROADS_H
#define MOEGEOM_IO_EXPERIMENT_ROADS_H

#include "geometry/bounds.h"
#include "geometry/roads.h"
#include "io/experiment.h"

// By F: the regions, those of the richest coalition, and the levels.
roads_flats_t experiment_flats(experiment_t *run, const layer_t *layer);

// The regions by V; ROADS_REFUSED, which is negative, for a layer that is not in general position.
slong experiment_vertices(experiment_t *run, const layer_t *layer);

// The regions by listing them.
slong experiment_list_arrangement(experiment_t *run, const arrangement_t *a);
slong experiment_list_layer(experiment_t *run, const layer_t *layer);

// By the broken-circuit tree: the regions, the zero events, and the bounded regions.
roads_tree_t experiment_tree(experiment_t *run, const arrangement_t *a);

// A bound for a shape, which must fit into a word.
slong experiment_bound(experiment_t *run, bounds_function_t bound, const bounds_layer_t *shape);

#endif
