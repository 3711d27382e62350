// SPDX-License-Identifier: GPL-3.0-or-later
// Roads to a number of regions; see roads.h.
#include "geometry/roads.h"

#include "geometry/layer_flats.h"
#include "geometry/layer_vertices.h"
#include "geometry/list.h"
#include "geometry/tree.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>

// A number as a word; 0 where it does not fit, which sets `status` unless something else has.
static slong word_of(const fmpz_t number, int *status) {
    if (fmpz_fits_si(number))
        return fmpz_get_si(number);
    if (*status == GSL_SUCCESS)
        *status = GSL_EOVRFLW;
    return 0;
}

// The most regions of a coalition so far; all of them are at most the regions of the layer.
static void note_richest(void *context, const slong *members, slong active, const fmpz_t regions) {
    (void)members;
    (void)active;
    fmpz *richest = context;
    if (fmpz_cmp(regions, richest) > 0)
        fmpz_set(richest, regions);
}

int roads_flats(const layer_t *layer, const shards_control_t *control, roads_flats_t *count) {
    layer_count_t found;
    fmpz_t richest;
    fmpz_init(richest);
    layer_count_init(&found, layer->dimension);
    int status = layer_flats_count(layer, control, note_richest, richest, &found);
    roads_flats_t result = {.regions = word_of(found.regions, &status), .richest = word_of(richest, &status)};
    for (slong j = 0; j < GSL_MIN(found.levels, ROADS_LEVELS); j++)
        result.level[j] = word_of(found.level + j, &status);
    layer_count_clear(&found);
    fmpz_clear(richest);
    if (status == GSL_SUCCESS)
        *count = result;
    return status;
}

int roads_vertices(const layer_t *layer, const shards_control_t *control, slong *regions) {
    char reason[LAYER_VERTICES_REASON];
    layer_count_t found;
    layer_count_init(&found, layer->dimension);
    int status = layer_vertices_count(layer, 1, control, &found, reason);
    const bool refused = status == GSL_ESING;
    status = refused ? GSL_SUCCESS : status;
    const slong result = refused ? ROADS_REFUSED : word_of(found.regions, &status);
    layer_count_clear(&found);
    if (status == GSL_SUCCESS)
        *regions = result;
    return status;
}

static int count_one(void *context, const list_region_t *region) {
    (void)region;
    ++*(slong *)context;
    return GSL_SUCCESS;
}

int roads_list_arrangement(const arrangement_t *a, slong *regions) {
    slong listed = 0;
    const int status = list_arrangement(a, count_one, &listed);
    if (status == GSL_SUCCESS)
        *regions = listed;
    return status;
}

int roads_list_layer(const layer_t *layer, slong *regions) {
    slong listed = 0;
    const int status = list_layer(layer, count_one, &listed);
    if (status == GSL_SUCCESS)
        *regions = listed;
    return status;
}

int roads_tree(const arrangement_t *a, const shards_control_t *control, roads_tree_t *count) {
    tree_count_t found;
    tree_count_init(&found, a->dimension);
    int status = tree_regions(a, control, &found);
    roads_tree_t result = {.regions = word_of(found.regions, &status),
                           .events = word_of(found.events, &status)};
    for (slong j = 0; j < found.levels; j++) // the levels, with alternating signs
        result.bounded = word_of(found.level + j, &status) - result.bounded;
    tree_count_clear(&found);
    if (status == GSL_SUCCESS)
        *count = result;
    return status;
}
