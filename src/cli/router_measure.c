// SPDX-License-Identifier: GPL-3.0-or-later
// moegeom router: what is measured of one gate.
#include "cli/options.h"
#include "cli/router.h"
#include "geometry/gate_layer.h"
#include "io/array.h"
#include "io/ending.h"
#include "io/rational.h"
#include "routing/great_circle.h"
#include "stat/stream.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

// Seeded numbers are normal ones rounded to sixteenths, so that exact slices stay short.
enum { SEEDED = 16, PARTS = 16, MOST_POINTS = 4096, POINTS_BLOCK = 0, CIRCLES_BLOCK = 1 };

static void *memory(void *room) {
    if (room == NULL)
        options_stop("router", FAULT_SYSTEM, "out of memory");
    return room;
}

static void draw_sixteenths(uint64_t seed, uint32_t block, double *values, size_t count) {
    stream_t stream = stream_at(seed, stream_experiment("moegeom router"), block);
    stream_normals(&stream, values, count);
    for (size_t i = 0; i < count; i++)
        values[i] = nearbyint(PARTS * values[i]) / PARTS;
}

// ---- Points ----

static void check_count(const char *path, uint64_t count) {
    if (count < 1 || count > MOST_POINTS)
        options_stop("router", count < 1 ? FAULT_INPUT : FAULT_LIMIT,
                     "%s: expected 1 to %d points, found %llu%s", path, MOST_POINTS,
                     (unsigned long long)count, count < 1 ? "" : ": give fewer of them");
}

static void read_array(const char *path, router_points_t *points) {
    fault_t fault = {0};
    array_t *array = NULL;
    array_open(path, &array, &fault);
    options_check("router", &fault);
    if (array_rank(array) != 2 || array_width(array) != points->dimension)
        options_stop(
            "router", FAULT_INPUT,
            "%s: expected rows of %zu numbers, as the gate's inputs, found %zu sizes and rows of %zu", path,
            points->dimension, array_rank(array), array_width(array));
    check_count(path, array_shape(array)[0]);
    points->count = (size_t)array_shape(array)[0];
    points->values = memory(calloc(points->count * points->dimension, sizeof(double)));
    array_read(array, 0, points->count, points->values, &fault);
    options_check("router", &fault);
    array_close(array);
}

static void make_exact(router_points_t *points) {
    fmpq_mat_init(points->exact, (slong)points->count, (slong)points->dimension);
    for (size_t i = 0; i < points->count; i++)
        for (size_t j = 0; j < points->dimension; j++)
            rational_from_double(fmpq_mat_entry(points->exact, (slong)i, (slong)j),
                                 points->values[i * points->dimension + j]);
}

static void read_text(const char *path, router_points_t *points) {
    fault_t fault = {0};
    instance_points(path, (slong)points->dimension, points->exact, &fault);
    options_check("router", &fault);
    check_count(path, (uint64_t)fmpq_mat_nrows(points->exact));
    points->count = (size_t)fmpq_mat_nrows(points->exact);
    points->values = memory(calloc(points->count * points->dimension, sizeof(double)));
    for (size_t i = 0; i < points->count; i++)
        for (size_t j = 0; j < points->dimension; j++)
            points->values[i * points->dimension + j] =
                fmpq_get_d(fmpq_mat_entry(points->exact, (slong)i, (slong)j));
}

router_points_t router_points_make(const router_request_t *request, size_t dimension) {
    router_points_t points = {.given = request->points != NULL, .dimension = dimension};
    if (points.given && !ending_is(request->points, ".npy")) {
        read_text(request->points, &points);
        return points;
    }
    if (points.given) {
        read_array(request->points, &points);
    } else {
        points.count = SEEDED;
        points.values = memory(calloc(SEEDED * dimension, sizeof(double)));
        draw_sixteenths(request->seed, POINTS_BLOCK, points.values, SEEDED * dimension);
    }
    make_exact(&points);
    return points;
}

void router_points_clear(router_points_t *points) {
    free(points->values);
    fmpq_mat_clear(points->exact);
}

// ---- Walls ----

static double length_of(const double *x, size_t d) {
    double square = 0;
    for (size_t t = 0; t < d; t++)
        square += x[t] * x[t];
    return sqrt(square);
}

// The nearest wall of each point: of its cell when k is known, else of all.
static void find_places(const gate_matrix_t *matrix, const double *weights, const double *bias,
                        const router_points_t *points, router_result_t *result) {
    const size_t n = matrix->experts, d = matrix->dimension;
    double *logits = memory(calloc(n + points->count, sizeof *logits)), *relative = logits + n;
    size_t *order = memory(calloc(n, sizeof *order));
    result->places = points->count;
    result->place = memory(calloc(points->count, sizeof *result->place));
    for (size_t p = 0; p < points->count; p++) {
        router_place_t *place = &result->place[p];
        gate_matrix_logits(weights, bias, n, d, points->values + p * d, logits);
        place->distance =
            result->active > 0
                ? gate_matrix_margin(matrix, logits, result->active, &place->first, &place->second, order)
                : gate_matrix_nearest(matrix, logits, &place->first, &place->second);
        relative[p] = place->relative = place->distance / length_of(points->values + p * d, d);
    }
    gsl_sort(relative, 1, points->count);
    result->relative_median = gsl_stats_median_from_sorted_data(relative, 1, points->count);
    free(order);
    free(logits);
}

// ---- Great circles ----

// The directions of all circles as columns of integers, two for each.
static void make_directions(const router_request_t *request, const router_points_t *points,
                            fmpz_mat_t directions) {
    const slong d = fmpz_mat_nrows(directions);
    const size_t count = (size_t)fmpz_mat_ncols(directions);
    double *values = memory(calloc(count * (size_t)d, sizeof *values));
    draw_sixteenths(request->seed, CIRCLES_BLOCK, values, count * (size_t)d);
    for (slong j = 0; j < d; j++)
        for (size_t c = 0; c < count; c++)
            fmpz_set_si(fmpz_mat_entry(directions, j, (slong)c),
                        (slong)(PARTS * values[c * (size_t)d + (size_t)j]));
    free(values);
    if (!points->given || points->count < 2)
        return;
    fmpz_mat_t rows;
    fmpz *scales = flint_calloc(points->count, sizeof *scales);
    fmpz_mat_init(rows, (slong)points->count, d);
    fmpq_mat_get_fmpz_mat_rowwise(rows, scales, points->exact);
    for (slong j = 0; j < d; j++)
        for (slong c = 0; c < 2; c++)
            fmpz_set(fmpz_mat_entry(directions, j, c), fmpz_mat_entry(rows, c, j));
    for (size_t i = 0; i < points->count; i++)
        fmpz_clear(scales + i);
    flint_free(scales);
    fmpz_mat_clear(rows);
}

static void count_circles(const fmpz_mat_t logits, router_result_t *result) {
    double *counts = memory(calloc(result->circles, sizeof *counts));
    for (size_t c = 0; c < result->circles; c++) {
        fmpz_mat_t window;
        slong changes;
        fmpz_mat_window_init(window, logits, 0, 2 * (slong)c, fmpz_mat_nrows(logits), 2 * (slong)c + 2);
        options_require("router", gate_layer_circle(window, (slong)result->active, &changes), "great circle");
        fmpz_mat_window_clear(window);
        counts[c] = (double)changes;
    }
    result->observed = gsl_stats_mean(counts, 1, result->circles);
    result->observed_se = result->circles > 1
                              ? gsl_stats_sd(counts, 1, result->circles) / sqrt((double)result->circles)
                              : GSL_NAN;
    free(counts);
}

static void measure_circles(const router_request_t *request, const layer_t *layer,
                            const router_points_t *points, router_result_t *result) {
    ball_t expected;
    fmpz_mat_t directions, logits, normals;
    result->circles = request->circles;
    fmpz_mat_init(directions, layer->dimension, 2 * (slong)result->circles);
    fmpz_mat_init(logits, layer->experts, 2 * (slong)result->circles);
    make_directions(request, points, directions);
    fmpz_mat_window_init(normals, layer->router, 0, 0, layer->experts, layer->dimension);
    fmpz_mat_mul(logits, normals, directions);
    fmpz_mat_window_clear(normals);
    count_circles(logits, result);
    fmpz_mat_clear(logits);
    fmpz_mat_clear(directions);
    options_require("router", great_circle_cells(result->gate->experts, result->active, &expected),
                    "law of great circles");
    result->expected = expected.value;
}

// ---- All of it ----

// k of --active or config.json; 0 when neither says it.
static size_t choose_active(const router_request_t *request, const gate_config_t *config,
                            const gate_tensor_t *gate) {
    const size_t active = request->active > 0 ? (size_t)request->active : config->active;
    if (active < gate->experts)
        return active;
    if (request->active > 0)
        options_stop("router", FAULT_USAGE,
                     "--active expects at most %zu, fewer than the experts of %s, found %zu",
                     gate->experts - 1, gate->name, active);
    options_stop("router", FAULT_INPUT, "%s: config.json: expected %s below the %zu experts of %s, found %zu",
                 request->path, config->active_key, gate->experts, gate->name, active);
}

// The bias of the logits, N numbers owned by the caller, or NULL; and the range of whatever bias there is.
static double *read_bias(gate_tensors_t *checkpoint, size_t index, router_result_t *result) {
    fault_t fault = {0};
    const gate_tensor_t *gate = result->gate;
    const char *name = gate->selection_bias != NULL ? gate->selection_bias : gate->bias;
    if (name == NULL)
        return NULL;
    double *bias = memory(calloc(gate->experts, sizeof *bias));
    gate_tensors_vector(checkpoint, index, name, bias, &fault);
    options_check("router", &fault);
    gsl_stats_minmax(&result->bias_least, &result->bias_most, bias, 1, gate->experts);
    if (result->rule.logit_bias && name != gate->bias)
        gate_tensors_vector(checkpoint, index, gate->bias, bias, &fault);
    options_check("router", &fault);
    if (result->rule.logit_bias)
        return bias;
    free(bias);
    return NULL;
}

static void measure_exactly(const router_request_t *request, const double *weights, const double *bias,
                            const router_points_t *points, bool detail, router_result_t *result) {
    layer_t *layer;
    const gate_tensor_t *gate = result->gate;
    options_require("router",
                    gate_layer_alloc(weights, bias, gate->experts, gate->dimension,
                                     GSL_MAX(result->active, (size_t)1), &layer),
                    "exact router");
    result->rank = gate_layer_rank(layer);
    result->affine_rank = gate_layer_affine_rank(layer);
    if (result->active > 0)
        measure_circles(request, layer, points, result);
    if (result->active > 0 && detail)
        router_slice(request, layer, points, result);
    layer_free(layer);
}

router_result_t router_measure(const router_request_t *request, gate_tensors_t *checkpoint, size_t index,
                               bool detail) {
    fault_t fault = {0};
    gate_matrix_t *matrix = NULL;
    const gate_config_t *config = gate_tensors_config(checkpoint);
    const gate_tensor_t *gate = gate_tensors_at(checkpoint, index);
    router_result_t result = {
        .gate = gate, .rule = gate_rule_guess(gate, config), .seeded = request->points == NULL};
    result.active = choose_active(request, config, gate);
    if (request->picture != NULL && result.active == 0)
        options_stop("router", FAULT_USAGE, "a picture needs k: config.json does not say it, give --active");
    double *weights = memory(calloc(gate->experts * gate->dimension, sizeof *weights));
    gate_tensors_read(checkpoint, index, weights, &fault);
    options_check("router", &fault);
    double *bias = read_bias(checkpoint, index, &result);
    router_points_t points = router_points_make(request, gate->dimension);
    options_require("router", gate_matrix_alloc(weights, gate->experts, gate->dimension, &matrix), "angles");
    options_require("router", gate_matrix_summarise(matrix, &result.shape), "angles");
    result.centre = matrix->centre;
    find_places(matrix, weights, bias, &points, &result);
    gate_matrix_free(matrix);
    measure_exactly(request, weights, bias, &points, detail, &result);
    router_points_clear(&points);
    free(bias);
    free(weights);
    return result;
}

void router_result_clear(router_result_t *result) {
    free(result->place);
    *result = (router_result_t){0};
}
