// SPDX-License-Identifier: GPL-3.0-or-later
// Counts for an experiment; see experiment_roads.h.
#include "io/experiment_roads.h"

#include "geometry/layer_flats.h"
#include "geometry/layer_vertices.h"

// Pairs of F, and lines of V, that one thread is done with in some milliseconds.
static const double FEW_PAIRS = 1e4, FEW_LINES = 1e5;

static shards_control_t control_of(const experiment_t *run, bool alone) {
    return (shards_control_t){.threads = alone ? 1 : experiment_threads(run)};
}

roads_flats_t experiment_flats(experiment_t *run, const layer_t *layer) {
    const shards_control_t control = control_of(run, layer_flats_work(layer) < FEW_PAIRS);
    roads_flats_t count;
    experiment_require(run, roads_flats(layer, &control, &count), "roads_flats");
    return count;
}

slong experiment_vertices(experiment_t *run, const layer_t *layer) {
    const shards_control_t control = control_of(run, layer_vertices_work(layer) < FEW_LINES);
    slong regions;
    experiment_require(run, roads_vertices(layer, &control, &regions), "roads_vertices");
    return regions;
}

slong experiment_list_arrangement(experiment_t *run, const arrangement_t *a) {
    slong regions;
    experiment_require(run, roads_list_arrangement(a, &regions), "roads_list_arrangement");
    return regions;
}

slong experiment_list_layer(experiment_t *run, const layer_t *layer) {
    slong regions;
    experiment_require(run, roads_list_layer(layer, &regions), "roads_list_layer");
    return regions;
}

roads_tree_t experiment_tree(experiment_t *run, const arrangement_t *a) {
    const shards_control_t control = control_of(run, false);
    roads_tree_t count;
    experiment_require(run, roads_tree(a, &control, &count), "roads_tree");
    return count;
}

slong experiment_bound(experiment_t *run, bounds_function_t bound, const bounds_layer_t *shape) {
    fmpz_t value;
    fmpz_init(value);
    experiment_require(run, bound(value, shape), "a bound");
    if (!fmpz_fits_si(value))
        experiment_stop(run, FAULT_INTERNAL, "a bound does not fit into a word");
    const slong result = fmpz_get_si(value);
    fmpz_clear(value);
    return result;
}
