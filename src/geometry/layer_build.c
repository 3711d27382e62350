// SPDX-License-Identifier: GPL-3.0-or-later
// Layers made on purpose; see layer_build.h.
#include "geometry/layer_build.h"

#include "geometry/list.h"

#include <flint/fmpq.h>
#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>
#include <stdlib.h>

layer_t *layer_build_alloc(const bounds_layer_t *shape) {
    return layer_alloc((slong)shape->experts, (slong)shape->active, (slong)shape->width,
                       (slong)shape->dimension);
}

bounds_layer_t layer_build_shape(const layer_t *layer) {
    return (bounds_layer_t){(ulong)layer->experts, (ulong)layer->active, (ulong)layer->width,
                            (ulong)layer->dimension};
}

// ---- Groups of experts, each with a cell of its own ----

// The logits: M (2 g x_1 - g^2) + i, and far below them what is left over. Where |x_1 - g| < 1/4, group g is ahead of
// all others by M/2 at least, which is more than the biases i < k can change.
static void build_group_logits(layer_t *layer, slong groups, slong constant) {
    const slong k = layer->active, scale = 2 * (k + 1);
    for (slong i = 0; i < layer->experts; i++) {
        const slong g = i / k + 1;
        fmpz *row = layer->router->rows[i];
        _fmpz_vec_zero(row, layer->dimension + 1);
        if (g <= groups) {
            fmpz_set_si(row, 2 * g * scale);
            fmpz_add_si(row + constant, row + constant, i % k - g * g * scale);
        } else
            fmpz_set_si(row + constant, -2 * scale - i);
    }
}

// The unit t of a group: a row of the moment curve at magnification * (x - centre). The vertices of the n rows, and a
// point of each flat when n < d, have coordinates of at most (1 + max(n, d))^d in absolute value: they are coefficients
// of products of d factors t - t_i.
static void build_group_unit(const layer_t *layer, fmpz *row, slong t, const slong *centre,
                             const fmpz_t magnification) {
    const slong d = layer->dimension;
    fmpz_set_si(row + d, t);
    fmpz_pow_ui(row + d, row + d, (ulong)d);
    fmpz_t power;
    fmpz_init_set(power, magnification);
    for (slong j = 0; j < d; j++) {
        fmpz_set(row + j, power);
        if (centre[j] != 0)
            fmpz_submul_ui(row + d, power, (ulong)centre[j]);
        fmpz_mul_si(power, power, t);
    }
    fmpz_clear(power);
}

int layer_build_groups(layer_t *layer, bool biased) {
    const slong d = layer->dimension, k = layer->active, width = layer->width;
    if (d == 1 && !biased)
        return GSL_EDOM;
    const slong groups = layer->experts / k;
    slong *centre = flint_calloc((size_t)d, sizeof *centre);
    fmpz_t magnification;
    fmpz_init_set_si(magnification, 1 + (k * width > d ? k * width : d));
    fmpz_pow_ui(magnification, magnification, (ulong)d);
    fmpz_mul_si(magnification, magnification, 16 * (layer->experts + 2));
    build_group_logits(layer, groups, biased ? d : 1);
    if (!biased)
        centre[1] = 1;
    for (slong row = 0; row < layer->experts * width; row++) {
        const slong expert = layer_owner(layer, row), g = expert / k + 1;
        centre[0] = g <= groups ? g : 0;
        build_group_unit(layer, layer->rows->rows[row], 1 + expert % k * width + row % width, centre,
                         magnification);
    }
    fmpz_clear(magnification);
    flint_free(centre);
    return GSL_SUCCESS;
}

// ---- The line ----

// Where the experts of a line are active: one point for each.
typedef struct {
    fmpq *points;
    bool *active;
} places_t;

static int note_places(void *context, const list_region_t *region) {
    places_t *places = context;
    for (slong i = 0; i < region->active; i++) {
        fmpq_set(places->points + region->members[i], region->point);
        places->active[region->members[i]] = true;
    }
    return GSL_SUCCESS;
}

// Twice the greatest denominator of a difference between a place and a wall, so that a point nearer than its
// reciprocal is in the same cell: |x - p / q| with x = b / w has the denominator |w| q at most.
static void line_resolution(fmpz_t result, const layer_t *router, const fmpq_t point) {
    fmpz_t slope;
    fmpz_init(slope);
    fmpz_one(result);
    for (slong i = 0; i < router->experts; i++)
        for (slong j = 0; j < i; j++) {
            fmpz_sub(slope, fmpz_mat_entry(router->router, i, 0), fmpz_mat_entry(router->router, j, 0));
            fmpz_abs(slope, slope);
            if (fmpz_cmp(slope, result) > 0)
                fmpz_set(result, slope);
        }
    fmpz_mul(result, result, fmpq_denref(point));
    fmpz_mul_ui(result, result, 2);
    fmpz_clear(slope);
}

// Units at point + h / (resolution N H), h = 0..H-1, of expert i shifted by i H more: all points are distinct.
static void place_units(layer_t *layer, slong expert, const fmpq_t point) {
    fmpz_t resolution;
    fmpq_t step, at;
    fmpz_init(resolution);
    fmpq_init(step);
    fmpq_init(at);
    line_resolution(resolution, layer, point);
    fmpz_mul_si(resolution, resolution, layer->experts * layer->width);
    for (slong h = 0; h < layer->width; h++) {
        fmpz *row = layer->rows->rows[expert * layer->width + h];
        fmpz_set_si(fmpq_numref(step), expert * layer->width + h);
        fmpz_set(fmpq_denref(step), resolution);
        fmpq_canonicalise(step);
        fmpq_add(at, point, step);
        fmpz_set(row, fmpq_denref(at));
        fmpz_neg(row + 1, fmpq_numref(at));
    }
    fmpz_clear(resolution);
    fmpq_clear(step);
    fmpq_clear(at);
}

// The cells of the router alone.
static int list_cells(const layer_t *layer, places_t *places) {
    layer_t *router = layer_alloc(layer->experts, layer->active, 0, layer->dimension);
    if (router == NULL)
        return GSL_ENOMEM;
    fmpz_mat_set(router->router, layer->router);
    const int status = list_layer(router, note_places, places);
    layer_free(router);
    return status;
}

int layer_build_line(layer_t *layer) {
    if (layer->dimension != 1)
        return GSL_EDOM;
    places_t places = {.points = _fmpq_vec_init(layer->experts),
                       .active = calloc((size_t)layer->experts, sizeof(bool))};
    int status = places.active == NULL ? GSL_ENOMEM : list_cells(layer, &places);
    for (slong i = 0; status == GSL_SUCCESS && i < layer->experts; i++)
        if (!places.active[i])
            status = GSL_EDOM;
    for (slong i = 0; status == GSL_SUCCESS && i < layer->experts; i++)
        place_units(layer, i, places.points + i);
    _fmpq_vec_clear(places.points, layer->experts);
    free(places.active);
    return status;
}

// ---- Random layers ----

const char *layer_build_name(layer_build_kind_t kind) {
    static const char *const names[LAYER_BUILD_KINDS] = {"generic",      "small",         "central",
                                                         "shared units", "units = walls", "few normals",
                                                         "moment curve", "parallel walls"};
    return names[kind];
}

static slong draw_between(stream_t *stream, slong low, slong high) {
    uint64_t word;
    stream_bits(stream, &word, 1);
    return low + (slong)(word % (uint64_t)(high - low + 1));
}

static void draw_entries(fmpz_mat_t rows, slong range, stream_t *stream) {
    for (slong i = 0; i < fmpz_mat_nrows(rows); i++)
        for (slong j = 0; j < fmpz_mat_ncols(rows); j++)
            fmpz_set_si(fmpz_mat_entry(rows, i, j), draw_between(stream, -range, range));
}

static void clear_biases(fmpz_mat_t rows) {
    for (slong i = 0; i < fmpz_mat_nrows(rows); i++)
        fmpz_zero(fmpz_mat_entry(rows, i, fmpz_mat_ncols(rows) - 1));
}

// Units as differences of logits, of the owner and another expert, moved a little every second time.
static void walls_as_units(layer_t *layer, stream_t *stream) {
    for (slong row = 0; row < layer->experts * layer->width; row++) {
        fmpz *unit = layer->rows->rows[row];
        _fmpz_vec_sub(unit, layer->router->rows[layer_owner(layer, row)],
                      layer->router->rows[draw_between(stream, 0, layer->experts - 1)], layer->dimension + 1);
        if (row % 2 == 1)
            fmpz_add_si(unit + layer->dimension, unit + layer->dimension, draw_between(stream, -1, 1));
    }
}

// (t, t^2, ..., t^d | t^(d+1)) with the sign that makes the points (w, b) lie on a curve of order d + 1 from which the
// direction "up" is as good as any.
static void moment_router(layer_t *layer) {
    const slong d = layer->dimension;
    for (slong i = 0; i < layer->experts; i++)
        for (slong j = 0; j <= d; j++) {
            fmpz *entry = fmpz_mat_entry(layer->router, i, j);
            fmpz_set_si(entry, i + 1);
            fmpz_pow_ui(entry, entry, (ulong)j + 1);
            if (j == d && d % 2 == 1)
                fmpz_neg(entry, entry);
        }
}

static void parallel_router(layer_t *layer, stream_t *stream) {
    for (slong i = 1; i < layer->experts; i++) {
        const slong factor = draw_between(stream, -9, 9);
        fmpz *row = layer->router->rows[i];
        _fmpz_vec_scalar_mul_si(row, layer->router->rows[0], layer->dimension, factor);
    }
}

void layer_build_draw(layer_t *layer, layer_build_kind_t kind, stream_t *stream) {
    const slong d = layer->dimension, range = kind == LAYER_BUILD_SMALL ? 3 : 99999;
    draw_entries(layer->router, range, stream);
    draw_entries(layer->rows, range, stream);
    const slong units = layer->experts * layer->width;
    if (kind == LAYER_BUILD_CENTRAL) {
        clear_biases(layer->router);
        clear_biases(layer->rows);
    } else if (kind == LAYER_BUILD_SHARED)
        for (slong row = layer->width; row < units; row++)
            _fmpz_vec_set(layer->rows->rows[row], layer->rows->rows[row % layer->width], d + 1);
    else if (kind == LAYER_BUILD_WALLS)
        walls_as_units(layer, stream);
    else if (kind == LAYER_BUILD_GRID)
        for (slong row = d; row < units; row++)
            _fmpz_vec_set(layer->rows->rows[row], layer->rows->rows[row % d], d);
    else if (kind == LAYER_BUILD_MOMENT)
        moment_router(layer);
    else if (kind == LAYER_BUILD_PARALLEL)
        parallel_router(layer, stream);
}
