// SPDX-License-Identifier: GPL-3.0-or-later
// moegeom router: sets that can be reached on a line or a plane, exactly, and a picture of the plane.
#include "cli/drawing.h"
#include "cli/options.h"
#include "cli/router.h"
#include "geometry/reach.h"
#include "geometry/slice.h"

#include <gsl/gsl_errno.h>

// A search keeps all N (N - 1) / 2 walls in memory and visits at most (2k - 1) N cells of a plane, the most cells that order-k
// power diagrams have (F. Aurenhammer, SIAM J. Comput. 16 (1987) 78).
enum { MOST_EXPERTS = 4096, MOST_CELLS = 1 << 21 };

static void check_limits(const layer_t *layer) {
    const slong k =
        layer->active < layer->experts - layer->active ? layer->active : layer->experts - layer->active;
    const slong cells = (2 * k - 1) * layer->experts;
    if (layer->experts > MOST_EXPERTS)
        options_stop(
            "router", FAULT_LIMIT,
            "slices are counted for at most %d experts, found %ld: leave out --layer for everything else",
            MOST_EXPERTS, layer->experts);
    if (cells > MOST_CELLS)
        options_stop("router", FAULT_LIMIT,
                     "a plane may have (2k - 1) N = %ld cells, and at most %d are counted: give a smaller "
                     "--active, or leave out "
                     "--layer for everything else",
                     cells, MOST_CELLS);
}

// The flat through the first `count` points; NULL when they span less.
static layer_t *restrict_layer(const layer_t *layer, const fmpq_mat_t all, slong count) {
    fmpq_mat_t points;
    layer_t *slice = NULL;
    fmpq_mat_window_init(points, all, 0, 0, count, fmpq_mat_ncols(all));
    const int status = slice_layer(layer, points, &slice);
    fmpq_mat_window_clear(points);
    if (status != GSL_EDOM)
        options_require("router", status, "slice");
    return slice;
}

static router_slice_t count_sets(const layer_t *slice) {
    router_slice_t result = {.state = ROUTER_SLICE_TWINS};
    if (layer_twins(slice, &result.first, &result.second))
        return result;
    polyhedron_rows_t *walls = reach_walls(slice, NULL);
    reach_list_t list;
    if (walls == NULL)
        options_require("router", GSL_ENOMEM, "walls");
    options_require("router", reach_find(slice, walls, &list), "sets on a slice");
    polyhedron_rows_free(walls);
    result = (router_slice_t){.state = ROUTER_SLICE_COUNTED, .sets = list.count};
    reach_list_clear(&list);
    return result;
}

static void draw(const router_request_t *request, const layer_t *plane, const router_points_t *points) {
    fault_t fault = {0};
    fmpq_mat_t corners;
    fmpq_mat_window_init(corners, points->exact, 0, 0, 3, fmpq_mat_ncols(points->exact));
    drawing_write(plane, corners, request->margin, request->picture, &fault);
    fmpq_mat_window_clear(corners);
    options_check("router", &fault);
}

// Ends the program when there is no plane to draw.
static void check_plane(const router_request_t *request, const layer_t *plane,
                        const router_slice_t *counted) {
    if (request->picture == NULL)
        return;
    if (plane == NULL)
        options_stop("router", FAULT_INPUT, "%s: expected three points that are not on a line, for a picture",
                     request->points != NULL ? request->points : request->path);
    if (counted->state == ROUTER_SLICE_TWINS)
        options_stop("router", FAULT_INPUT,
                     "%s: experts %ld and %ld have identical logits on the plane, so it has no cells",
                     request->path, counted->first, counted->second);
}

void router_slice(const router_request_t *request, const layer_t *layer, const router_points_t *points,
                  router_result_t *result) {
    check_limits(layer);
    layer_t *line = points->count >= 2 ? restrict_layer(layer, points->exact, 2) : NULL;
    layer_t *plane = points->count >= 3 ? restrict_layer(layer, points->exact, 3) : NULL;
    if (line != NULL)
        result->line = count_sets(line);
    if (plane != NULL)
        result->plane = count_sets(plane);
    check_plane(request, plane, &result->plane);
    if (request->picture != NULL)
        draw(request, plane, points);
    layer_free(line);
    layer_free(plane);
}
