// SPDX-License-Identifier: GPL-3.0-or-later
// A shared expert and the router: what it leaves in place, what it adds, and what does centre the routing.
//
// CLAIMS (Sparsity is Combinatorial Depth, section 5.3)
//   depth/rem-5.10   isolating the carrier in E_s centres the data relative to the router's cones, so that the walls
//                    partition the data
//   depth/fig-6      the picture: (a) uncentred data inside one cell, (b) the shared expert centres them
//
// DERIVATION. The coalition at x is a function of the logits W x + b. E_s(x) is added to the output and is not among their
// arguments: no coalition changes, at any x, whatever E_s is. (shared-carrier.c: what an affine E_s does to the output.)
//
// A shared expert with H_s ReLU units folds the output along H_s hyperplanes S in every cell. Counting sets of hyperplanes
// without broken circuit (see zaslavsky.c) by their part B in S, for general position,
//     regions = sum over B in S, |B| <= d, of the regions of the routed layer on F_B
//            <= sum_j C(H_s, j) U(d - j),                                                                        (S)
// U(m) the bound (U) in dimension m, and U(0) = 1: on a point there is one region.
//
// With the bias -W mu the logits are W (x - mu): the cells are mu + V(I) with the open cones V(I). Such a cone contains
// points of any length, so that every reachable coalition meets every ball around mu.
#include "geometry/bounds.h"
#include "geometry/list.h"
#include "geometry/reach.h"
#include "geometry/slice.h"
#include "io/experiment.h"
#include "io/experiment_instance.h"
#include "io/experiment_roads.h"
#include "routing/cap.h"

#include <flint/flint.h>
#include <flint/fmpq_mat.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

// ---- Parameters ----

// Random integers are in -RANGE..RANGE; of planes and routers in -FOLD_RANGE..FOLD_RANGE, for general position.
enum { RANGE = 9, FOLD_RANGE = 9999 };
enum { LAYERS = 40, LAYERS_QUICK = 6 }; // of each shape below
enum { AWAY = 10 };                     // |mu| is at least AWAY, R = 1

typedef struct shape {
    slong experts, active, width, shared, dimension;
} shape_t;

static const shape_t FOLDED[] = {{4, 2, 2, 3, 2}, {6, 2, 2, 4, 2}, {5, 3, 1, 2, 2}};
static const shape_t CENTRED[] = {
    {2, 1, 0, 0, 2}, {6, 2, 0, 0, 2}, {4, 2, 0, 0, 3}, {8, 3, 0, 0, 3}, {7, 3, 0, 0, 4}};

static const char *const NAME = "shared-expert", *const CLAIM = "depth/rem-5.10",
                         *const FIGURE = "depth/fig-6";

static void state_parameters(experiment_t *run) {
    const bool quick = experiment_quick(run);
    experiment_parameter(run, "Away", "%.0f", AWAY, "R");
    experiment_parameter(run, "LayersEach", "%.0f", quick ? LAYERS_QUICK : LAYERS, "layers");
}

// Integers from -range to range.
static void draw_integers(stream_t *stream, slong *values, size_t n, slong range) {
    for (size_t i = 0; i < n; i++)
        values[i] = stream_pick(stream, -range, range);
}

static stream_t stream_for(experiment_t *run, const char *part, uint32_t block) {
    char name[64];
    snprintf(name, sizeof name, "%s.%s", NAME, part);
    return stream_at(experiment_seed(run), stream_experiment(name), block);
}

// ---- Remark 5.10: what stays in place ----

// The part of R^1 between two numbers, and what is found there.
typedef struct {
    slong low, high, regions, coalitions;
    slong last; // expert of the last region
} segment_t;

// One expert is active; regions come coalition by coalition.
static int look_at_region(void *context, const list_region_t *region) {
    segment_t *segment = context;
    bool above = polyhedron_lines(region->cell) > 0, below = above;
    fmpz end[2] = {0, 0}, bound = 0; // a generator end[0]/end[1]
    for (slong ray = 0; ray < polyhedron_rays(region->cell); ray++) {
        polyhedron_generator(region->cell, polyhedron_lines(region->cell) + ray, end);
        fmpz_mul_si(&bound, end + 1, segment->low);
        above |= fmpz_cmp(end, &bound) > 0;
        fmpz_mul_si(&bound, end + 1, segment->high);
        below |= fmpz_cmp(end, &bound) < 0;
    }
    fmpz_clear(end);
    fmpz_clear(end + 1);
    fmpz_clear(&bound);
    if (above && below) {
        segment->regions++;
        segment->coalitions += segment->last != region->members[0];
        segment->last = region->members[0];
    }
    return GSL_SUCCESS;
}

static void check_witness(experiment_t *run, const char *file, const char *regions, slong wanted_regions,
                          const char *coalitions, slong wanted_coalitions) {
    segment_t segment = {.low = 1, .high = 2, .last = -1};
    layer_t *layer = experiment_layer(run, file);
    experiment_require(run, list_layer(layer, look_at_region, &segment), "list_layer");
    experiment_check(run, CLAIM, regions, (double)segment.regions, EQUAL, (double)wanted_regions, 0);
    experiment_check(run, CLAIM, coalitions, (double)segment.coalitions, EQUAL, (double)wanted_coalitions, 0);
    layer_free(layer);
}

static void check_witnesses(experiment_t *run) {
    check_witness(run, "shared-expert-plain.moe", "witness: regions that meet M", 2,
                  "witness: coalitions that meet M", 1);
    check_witness(run, "shared-expert-hidden.moe", "witness with a ReLU shared expert: regions that meet M",
                  3, "witness with a ReLU shared expert: coalitions that meet M", 1);
    check_witness(run, "shared-expert-centred.moe", "witness with router bias: regions that meet M", 4,
                  "witness with router bias: coalitions that meet M", 2);
}

// ---- What a shared expert of ReLU units adds ----

static layer_t *draw_layer(experiment_t *run, stream_t *stream, const shape_t *s) {
    layer_t *layer = experiment_memory(run, layer_alloc(s->experts, s->active, s->width, s->dimension));
    const size_t columns = (size_t)s->dimension + 1;
    slong row[8];
    for (slong i = 0; i < s->experts * (1 + s->width); i++) {
        draw_integers(stream, row, columns, FOLD_RANGE);
        fmpz *target = i < s->experts ? layer->router->rows[i] : layer->rows->rows[i - s->experts];
        for (size_t l = 0; l < columns; l++)
            fmpz_set_si(target + l, row[l]);
    }
    return layer;
}

// The layer in which every expert has the shared rows as well: where two are active, a row counts once.
static layer_t *with_shared(experiment_t *run, const layer_t *layer, const slong (*rows)[3], slong shared) {
    layer_t *result = experiment_memory(
        run, layer_alloc(layer->experts, layer->active, layer->width + shared, layer->dimension));
    fmpz_mat_set(result->router, layer->router);
    for (slong i = 0; i < layer->experts; i++)
        for (slong u = 0; u < layer->width + shared; u++)
            for (slong l = 0; l <= layer->dimension; l++) {
                fmpz *target = fmpz_mat_entry(result->rows, i * result->width + u, l);
                if (u < layer->width)
                    fmpz_set(target, fmpz_mat_entry(layer->rows, i * layer->width + u, l));
                else
                    fmpz_set_si(target, rows[u - layer->width][l]);
            }
    return result;
}

// Regions on the line w_1 x + w_2 y + b = 0, cut by `before` other shared rows: with their points, one more for each.
static slong count_on_line(experiment_t *run, const layer_t *layer, const slong row[3]) {
    fmpq_mat_t points;
    layer_t *slice = NULL;
    const ulong square = (ulong)(row[0] * row[0] + row[1] * row[1]);
    fmpq_mat_init(points, 2, 2);
    for (slong i = 0; i < 2; i++)
        for (slong l = 0; l < 2; l++)
            fmpq_set_si(fmpq_mat_entry(points, i, l),
                        -row[2] * row[l] + i * (l == 0 ? -row[1] : row[0]) * (slong)square, square);
    experiment_require(run, slice_layer(layer, points, &slice), "slice_layer");
    fmpq_mat_clear(points);
    const slong regions = experiment_flats(run, slice).regions;
    layer_free(slice);
    return regions;
}

// (S), U(0) = 1.
static double shared_bound(experiment_t *run, const shape_t *s) {
    double sum = 0;
    for (slong j = 0; j <= s->dimension && j <= s->shared; j++) {
        const bounds_layer_t shape = {(ulong)s->experts, (ulong)s->active, (ulong)s->width,
                                      (ulong)(s->dimension - j)};
        double bound = 1, ways = 1;
        fmpz_t value;
        fmpz_init(value);
        if (j < s->dimension) {
            experiment_require(run, bounds_flats(value, &shape), "bounds_flats");
            bound = fmpz_get_d(value);
        }
        fmpz_bin_uiui(value, (ulong)s->shared, (ulong)j);
        ways = fmpz_get_d(value);
        sum += ways * bound;
        fmpz_clear(value);
    }
    return sum;
}

static void examine_folds(experiment_t *run, const shape_t *s, uint32_t block, table_t *table) {
    enum { MOST_SHARED = 8 };
    const int layers = experiment_quick(run) ? LAYERS_QUICK : LAYERS;
    const double bound = shared_bound(run, s);
    double plain = 0, folded = 0, most = 0;
    long long apart = 0, above = 0;
    for (int i = 0; i < layers; i++) {
        stream_t stream = stream_for(run, "folds", block + (uint32_t)i);
        slong rows[MOST_SHARED][3];
        layer_t *layer = draw_layer(run, &stream, s);
        draw_integers(&stream, rows[0], 3 * (size_t)s->shared, FOLD_RANGE);
        layer_t *both = with_shared(run, layer, (const slong(*)[3])rows, s->shared);
        const slong before = experiment_flats(run, layer).regions,
                    after = experiment_flats(run, both).regions;
        slong sum = before + s->shared * (s->shared - 1) / 2;
        for (slong t = 0; t < s->shared; t++)
            sum += count_on_line(run, layer, rows[t]);
        apart += sum != after;
        above += (double)after > bound;
        plain += (double)before / layers;
        folded += (double)after / layers;
        most = fmax(most, (double)after);
        layer_free(layer);
        layer_free(both);
    }
    experiment_check(run, CLAIM,
                     "layers whose regions with a ReLU shared expert are not the sum over its flats",
                     (double)apart, EQUAL, 0, 0);
    experiment_check(run, CLAIM, "layers above the bound (S)", (double)above, EQUAL, 0, 0);
    table_integer(table, s->experts);
    table_integer(table, s->active);
    table_integer(table, s->width);
    table_integer(table, s->shared);
    table_real(table, plain);
    table_real(table, folded);
    table_integer(table, (long long)most);
    table_integer(table, (long long)bound);
}

static void decide_folds(experiment_t *run) {
    static const table_column_t columns[] = {{"experts", "1", NULL, ""},
                                             {"active", "1", NULL, ""},
                                             {"width", "1", NULL, ""},
                                             {"shared", "1", NULL, ""},
                                             {"plain", "regions", "%.4f", "%.1f"},
                                             {"with_shared", "regions", "%.4f", "%.1f"},
                                             {"most", "regions", NULL, ""},
                                             {"bound", "regions", NULL, ""}};
    table_t *table = experiment_table(
        run, "folds", "regions of random layers in the plane with and without the folds of a shared expert",
        columns, COUNT(columns), COUNT(FOLDED));
    for (size_t i = 0; i < COUNT(FOLDED); i++)
        examine_folds(run, &FOLDED[i], (uint32_t)(1000 * i), table);
}

// ---- What centres: the router bias -W mu ----

static void set_biases(layer_t *layer, const slong *mu, bool centred) {
    for (slong i = 0; i < layer->experts; i++) {
        fmpz *row = layer->router->rows[i];
        fmpz_zero(row + layer->dimension);
        for (slong l = 0; centred && l < layer->dimension; l++) {
            fmpz_t part;
            fmpz_init(part);
            fmpz_mul_si(part, row + l, mu[l]);
            fmpz_sub(row + layer->dimension, row + layer->dimension, part);
            fmpz_clear(part);
        }
    }
}

// Whether x lies in the open cell of a coalition (k members, ascending), exactly.
static bool in_cell(const layer_t *layer, const slong *members, const fmpq *x) {
    const slong d = layer->dimension;
    fmpq *logits = _fmpq_vec_init(layer->experts);
    fmpq_t part;
    fmpq_init(part);
    for (slong i = 0; i < layer->experts; i++) {
        fmpq_set_fmpz(logits + i, layer->router->rows[i] + d);
        for (slong l = 0; l < d; l++) {
            fmpq_mul_fmpz(part, x + l, layer->router->rows[i] + l);
            fmpq_add(logits + i, logits + i, part);
        }
    }
    bool inside = true;
    for (slong i = 0, m = 0; i < layer->experts; i++) {
        if (m < layer->active && members[m] == i) {
            m++;
            continue;
        }
        for (slong j = 0; j < layer->active; j++)
            inside &= fmpq_cmp(logits + members[j], logits + i) > 0;
    }
    fmpq_clear(part);
    _fmpq_vec_clear(logits, layer->experts);
    return inside;
}

// Moves a point of a bias-free cell to mu + t x, |t x| < 1.
static void bring_near(fmpq *near, const fmpq *x, const slong *mu, slong d) {
    fmpq_t size, part;
    fmpq_init(size);
    fmpq_init(part);
    fmpq_one(size);
    for (slong l = 0; l < d; l++) {
        fmpq_abs(part, x + l);
        fmpq_add(size, size, part);
    }
    for (slong l = 0; l < d; l++) {
        fmpq_div(near + l, x + l, size);
        fmpq_set_si(part, mu[l], 1);
        fmpq_add(near + l, near + l, part);
    }
    fmpq_clear(size);
    fmpq_clear(part);
}

// Coalitions of a router without and with the bias -W mu.
typedef struct {
    slong reachable; // without bias
    slong differ;    // 1 unless the two routers reach the same coalitions
    slong missed;    // coalitions without a verified point in the ball
    size_t met;      // by the ball, without bias
} centring_t;

static bool same_coalitions(const reach_list_t *a, const reach_list_t *b) {
    if (a->count != b->count)
        return false;
    for (slong i = 0; i < a->count * a->active; i++)
        if (a->members[i] != b->members[i])
            return false;
    return true;
}

//[core
// Every coalition that the router without biases reaches has a point in the ball of radius 1
// around mu, when its biases are -W mu: shown by a rational point for each.
static void centre_router(experiment_t *run, layer_t *layer, const slong *mu, centring_t *result) {
    const slong d = layer->dimension;
    reach_list_t plain, centred;
    fmpq *point = _fmpq_vec_init(d);
    set_biases(layer, mu, false);
    polyhedron_rows_t *walls = reach_walls(layer, NULL);
    polyhedron_t *shells[2] = {polyhedron_alloc(walls), polyhedron_alloc(walls)};
    experiment_require(run, reach_find(layer, walls, &plain), "reach_find");
    set_biases(layer, mu, true);
    for (slong c = 0; c < plain.count; c++) {
        experiment_require(run, reach_cell(&plain, c, shells), "reach_cell");
        polyhedron_point(shells[0], point);
        bring_near(point, point, mu, d);
        result->missed += !in_cell(layer, plain.members + c * plain.active, point);
    }
    polyhedron_rows_t *shifted = reach_walls(layer, NULL);
    experiment_require(run, reach_find(layer, shifted, &centred), "reach_find");
    result->differ = !same_coalitions(&plain, &centred);
    result->reachable = plain.count;
    polyhedron_free(shells[0]);
    polyhedron_free(shells[1]);
    polyhedron_rows_free(walls);
    polyhedron_rows_free(shifted);
    reach_list_clear(&plain);
    reach_list_clear(&centred);
    _fmpq_vec_clear(point, d);
}
//]core

// How many coalitions the ball of radius 1 around mu meets without biases; only where cap_cells counts them.
static size_t met_without_bias(experiment_t *run, const layer_t *layer, const slong *mu) {
    double rows[64], centre[8];
    cap_count_t count;
    for (slong l = 0; l < layer->dimension; l++) {
        centre[l] = (double)mu[l];
        for (slong i = 0; i < layer->experts; i++)
            rows[i * layer->dimension + l] = fmpz_get_d(layer->router->rows[i] + l);
    }
    experiment_require(run,
                       cap_cells(rows, (size_t)layer->experts, (size_t)layer->active,
                                 (size_t)layer->dimension, centre, 1, &count),
                       "cap_cells");
    return count.cells;
}

static void examine_centring(experiment_t *run, const shape_t *s, uint32_t block, table_t *table) {
    const int layers = experiment_quick(run) ? LAYERS_QUICK : LAYERS;
    const bool counted = s->dimension <= CAP_SPAN || s->experts <= CAP_SPAN + 1;
    double reachable = 0, met = 0;
    centring_t sum = {0};
    for (int i = 0; i < layers; i++) {
        stream_t stream = stream_for(run, "centring", block + (uint32_t)i);
        slong mu[8];
        layer_t *layer = draw_layer(run, &stream, s);
        draw_integers(&stream, mu, (size_t)s->dimension, RANGE);
        for (slong l = 0; l < s->dimension; l++)
            mu[l] *= AWAY;
        mu[0] += AWAY * (RANGE + 1); // at least AWAY
        centring_t one = {0};
        centre_router(run, layer, mu, &one);
        sum.differ += one.differ;
        sum.missed += one.missed;
        sum.reachable += one.reachable;
        reachable += (double)one.reachable / layers;
        if (counted)
            met += (double)met_without_bias(run, layer, mu) / layers;
        layer_free(layer);
    }
    experiment_check(run, CLAIM, "coalitions without a point in the ball after centring", (double)sum.missed,
                     EQUAL, 0, 0);
    experiment_check(run, CLAIM, "routers whose coalitions change with the bias -W mu", (double)sum.differ,
                     EQUAL, 0, 0);
    char text[32] = "";
    snprintf(text, sizeof text, "%.2f", met);
    table_integer(table, s->dimension);
    table_integer(table, s->experts);
    table_integer(table, s->active);
    table_text(table, counted ? text : "{--}");
    table_real(table, reachable);
}

static void decide_centring(experiment_t *run) {
    static const table_column_t columns[] = {{"d", "1", NULL, ""},
                                             {"experts", "1", NULL, ""},
                                             {"active", "1", NULL, ""},
                                             {"met_without_bias", "coalitions", NULL, ""},
                                             {"met_with_bias", "coalitions", "%.4f", "%.2f"}};
    table_t *table = experiment_table(
        run, "", "coalitions that a distant ball meets without and with the router bias -W mu: means",
        columns, COUNT(columns), COUNT(CENTRED));
    for (size_t i = 0; i < COUNT(CENTRED); i++)
        examine_centring(run, &CENTRED[i], (uint32_t)(1000 * i), table);
}

// ---- Figure 6: five experts in the plane ----

enum { FIVE = 5, DOTS = 160, PANELS = 3 };
static const slong PENTAGON[FIVE][2] = {{19, 3}, {3, 18}, {-17, 9}, {-14, -13}, {8, -17}};
static const slong MIDDLE[2] = {4, 3}; // mu; the ball's radius is 1

// Experts in the coalition of two at a place, as bits.
static unsigned pair_at(const double x[2]) {
    unsigned set = 0;
    double logits[FIVE];
    for (size_t i = 0; i < FIVE; i++)
        logits[i] = (double)PENTAGON[i][0] * x[0] + (double)PENTAGON[i][1] * x[1];
    for (size_t i = 0; i < FIVE; i++) {
        size_t before = 0;
        for (size_t j = 0; j < FIVE; j++)
            before += logits[j] > logits[i];
        set |= (unsigned)(before < 2) << i;
    }
    return set;
}

// The rays of the walls from the apex: the ties between second and third place.
static size_t find_rays(double rays[][2]) {
    size_t count = 0;
    for (size_t i = 0; i < FIVE; i++)
        for (size_t j = 0; j < FIVE; j++) {
            if (i == j)
                continue;
            // Turned by a right angle from w_i - w_j, both ways as (i, j) and (j, i).
            const double x = (double)(PENTAGON[j][1] - PENTAGON[i][1]),
                         y = (double)(PENTAGON[i][0] - PENTAGON[j][0]), length = hypot(x, y), turn = 1e-6;
            const double left[2] = {x - turn * y, y + turn * x}, right[2] = {x + turn * y, y - turn * x};
            if (pair_at(left) == pair_at(right))
                continue;
            rays[count][0] = x / length;
            rays[count++][1] = y / length;
        }
    return count;
}

static void table_coordinate(table_t *table, double value) {
    table_real(table, nearbyint(value * 1e4) / 1e4 + 0.0);
}

// Panel 1: no bias; 2: the same with a shared expert; 3: the bias -W mu, which moves the apex to mu.
static void write_figure(experiment_t *run, const double rays[][2], size_t count, size_t met[PANELS]) {
    static const table_column_t ray_columns[] = {{"panel", "1", NULL, NULL},
                                                 {"x", "1", "%.4f", NULL},
                                                 {"y", "1", "%.4f", NULL},
                                                 {"dx", "1", "%.4f", NULL},
                                                 {"dy", "1", "%.4f", NULL}};
    static const table_column_t dot_columns[] = {{"panel", "1", NULL, NULL},
                                                 {"x", "1", "%.4f", NULL},
                                                 {"y", "1", "%.4f", NULL},
                                                 {"coalition", "1 to 5", NULL, NULL}};
    static const double LENGTH = 12;
    table_t *lines = experiment_table(run, "rays", "walls of a router of five experts in the plane",
                                      ray_columns, COUNT(ray_columns), PANELS * count);
    table_t *dots = experiment_table(run, "dots", "points of the ball and the number of their coalition",
                                     dot_columns, COUNT(dot_columns), PANELS * DOTS);
    for (size_t panel = 0; panel < PANELS; panel++) {
        const bool centred = panel == 2;
        const double apex[2] = {centred ? (double)MIDDLE[0] : 0, centred ? (double)MIDDLE[1] : 0};
        unsigned seen[FIVE] = {0};
        for (size_t r = 0; r < count; r++) {
            table_integer(lines, (long long)panel + 1);
            table_coordinate(lines, apex[0]);
            table_coordinate(lines, apex[1]);
            table_coordinate(lines, LENGTH * rays[r][0]);
            table_coordinate(lines, LENGTH * rays[r][1]);
        }
        for (size_t i = 0; i < DOTS; i++) { // spread evenly: the angle between neighbours is the golden one
            const double radius = sqrt(((double)i + 0.5) / DOTS),
                         angle = 0.5 + (double)i * M_PI * (3 - sqrt(5));
            const double p[2] = {(double)MIDDLE[0] + radius * cos(angle),
                                 (double)MIDDLE[1] + radius * sin(angle)};
            const unsigned set = pair_at((const double[]){p[0] - apex[0], p[1] - apex[1]});
            size_t number = 0;
            while (number < met[panel] && seen[number] != set)
                number++;
            if (number == met[panel])
                seen[met[panel]++] = set;
            table_integer(dots, (long long)panel + 1);
            table_coordinate(dots, p[0]);
            table_coordinate(dots, p[1]);
            table_integer(dots, (long long)number + 1);
        }
    }
}

static void decide_figure(experiment_t *run) {
    double rays[FIVE * FIVE][2];
    size_t met[PANELS] = {0};
    const shape_t shape = {FIVE, 2, 0, 0, 2};
    stream_t stream = stream_for(run, "figure", 0);
    layer_t *layer = draw_layer(run, &stream, &shape);
    for (slong i = 0; i < FIVE; i++)
        for (slong l = 0; l < 2; l++)
            fmpz_set_si(fmpz_mat_entry(layer->router, i, l), PENTAGON[i][l]);
    centring_t result = {0};
    centre_router(run, layer, MIDDLE, &result);
    const size_t before = met_without_bias(run, layer, MIDDLE), count = find_rays(rays);
    layer_free(layer);
    write_figure(run, rays, count, met);
    experiment_check(run, FIGURE, "coalitions met by the ball in panels (a) and (b)", (double)before, EQUAL,
                     1, 0);
    experiment_check(run, FIGURE, "coalitions of the points in panel (a)", (double)met[0], EQUAL, 1, 0);
    experiment_check(run, FIGURE, "coalitions of the points in panel (b)", (double)met[1], EQUAL, 1, 0);
    experiment_check(run, FIGURE, "coalitions of the points in panel (c) less those reachable",
                     (double)met[2] - (double)result.reachable, EQUAL, 0, 0);
    experiment_check(run, FIGURE, "coalitions without a point in the ball of panel (c)",
                     (double)(result.missed + result.differ), EQUAL, 0, 0);
    experiment_check(run, FIGURE, "walls in the plane less coalitions",
                     (double)count - (double)result.reachable, EQUAL, 0, 0);
    experiment_macro_integer(run, "MiddleX", MIDDLE[0]);
    experiment_macro_integer(run, "MiddleY", MIDDLE[1]);
    experiment_macro_integer(run, "FigureCoalitions", (long long)result.reachable);
    experiment_claim(
        run, FIGURE, VERDICT_FAILS, METHOD_EXACT,
        "data/instances/shared-expert-plain.moe and shared-expert-centred.moe; shared-expert.dots.csv");
}

static void run_shared_expert(experiment_t *run) {
    state_parameters(run);
    check_witnesses(run);
    decide_folds(run);
    decide_centring(run);
    decide_figure(run);
    experiment_claim(run, CLAIM, VERDICT_FAILS, METHOD_EXACT,
                     "data/instances/shared-expert-plain.moe: one coalition on M = [1, 2] whatever E_s is; "
                     "shared-expert-centred.moe: two");
    flint_cleanup();
}

int main(int argc, char **argv) {
    static const experiment_plan_t plan = {.name = "shared-expert",
                                           .brief =
                                               "what a shared expert leaves in place, and the router bias "
                                               "that does centre: exact regions, and trained layers",
                                           .seed = 510,
                                           .run = run_shared_expert};
    return experiment_main(&plan, argc, argv);
}
