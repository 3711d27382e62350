// SPDX-License-Identifier: GPL-3.0-or-later
// How many regions can a layer of a given shape have? Kept layers, exact counts, and bounds that many of them attain.
//
// CLAIM (ours)
//   depth/law-extremal   the table of best layers for small shapes (N, k, H, d): each has the stated number of regions,
//                        none has more than (U*), and where the two are equal the maximum is known
//
// DERIVATION. The regions are as many as the pairs (I, J), J hyperplanes of I without broken circuit that meet in V(I).
// (U*) bounds their number for each |J| = j and each number e of owners, see bounds.h. What is new in it:
//   cells     two disjoint pairs of logits whose segments of gradients cross are not both reachable: with
//             s w_a + (1-s) w_b = t w_c + (1-t) w_d, s z_a + (1-s) z_b - t z_c - (1-t) z_d is constant. So the reachable
//             pairs of k = 2 in the plane are the edges of a plane graph: at most 3N - 6.
//   corners   N experts with one line each in the plane, k = 2. Call q_ab, where the lines of a and b meet, own when it
//             lies in V({a, b}). Then z_a > z_b at every own q_ac, and z_a < z_b at every own q_bc. So no own q_ab lies
//             between two own points on both of its lines: it is extreme on one of them, and on both when it is a corner
//             of the convex hull of all own points. A line has two extremes: #own + 3 <= 2N.
// A layer of H = 1 in the plane with levels c_0, c_1, c_2 (pairs with |J| = 0, 1, 2) grows into one of any H: put H lines
// very near to each, crossing one another where their expert is active. It has c_0 + c_1 H + c_2 H^2 + N C(H, 2) regions.
#include "geometry/bounds.h"
#include "geometry/climb.h"
#include "geometry/grow.h"
#include "geometry/layer_build.h"
#include "geometry/picture.h"
#include "geometry/router.h"
#include "io/experiment.h"
#include "io/experiment_instance.h"
#include "io/experiment_roads.h"

#include <flint/fmpz_vec.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { TEXT = 256, LARGEST_EXPERTS = 7 };

// ---- Parameters ----

static const char *const CLAIM = "depth/law-extremal";

// Shapes N, k, H, d of kept layers: data/instances/extremal-N-k-H-d.moe.
static const bounds_layer_t PLANE[] = {{3, 2, 1, 2}, {3, 2, 2, 2}, {3, 2, 3, 2}, {4, 2, 1, 2}, {4, 2, 2, 2},
                                       {4, 2, 3, 2}, {4, 3, 1, 2}, {4, 3, 2, 2}, {4, 3, 3, 2}, {5, 2, 1, 2},
                                       {5, 2, 2, 2}, {5, 2, 3, 2}, {5, 3, 1, 2}, {5, 3, 2, 2}, {5, 3, 3, 2},
                                       {6, 2, 1, 2}, {7, 2, 1, 2}, {6, 3, 1, 2}};
static const bounds_layer_t SPACE[] = {{3, 2, 1, 3}, {3, 2, 2, 3}, {3, 2, 3, 3}, {4, 2, 1, 3},
                                       {4, 2, 2, 3}, {4, 2, 3, 3}, {4, 3, 1, 3}, {4, 3, 2, 3},
                                       {4, 3, 3, 3}, {5, 2, 1, 3}, {5, 2, 2, 3}, {5, 2, 3, 3},
                                       {5, 3, 1, 3}, {5, 3, 2, 3}, {5, 3, 3, 3}, {6, 3, 2, 3}};
// The shape of Example 4.21, and the instance that was drawn at random.
static const bounds_layer_t EXAMPLE = {16, 4, 5, 5};
static const char *const EXAMPLE_RANDOM = "layer_N16_k4_H5_d5.moe";
// Shapes that are climbed again in every run.
static const bounds_layer_t LIVE[] = {{2, 1, 2, 1}, {3, 2, 1, 1}, {4, 2, 1, 1}, {5, 2, 1, 1},
                                      {5, 3, 2, 1}, {3, 1, 2, 2}, {3, 2, 1, 2}, {3, 2, 2, 2},
                                      {4, 2, 1, 2}, {4, 3, 1, 2}, {5, 2, 1, 2}, {3, 2, 1, 3}};
static const ulong LIVE_STEPS = 1500, LIVE_QUICK = 200; // counts for each climb
static const int LIVE_CLIMBS = 4, LIVE_CLIMBS_QUICK = 2;
static const slong LIVE_RANGE = 9;
// Random layers in the plane on which the corners are examined, for each N = 3..7.
static const int DRAWN = 2000, DRAWN_QUICK = 100;
static const slong DRAWN_RANGE = 9;
// Layers of H = 1 that are grown, and up to which H.
static const bounds_layer_t GROWN[] = {{3, 2, 1, 2}, {4, 2, 1, 2}, {4, 3, 1, 2}, {5, 2, 1, 2},
                                       {5, 3, 1, 2}, {6, 2, 1, 2}, {7, 2, 1, 2}};
static const slong GROWN_WIDTH = 6, GROWN_QUICK = 3;
static const slong LISTED = 1000;    // regions: so many are listed as well
static const double HALF_WINDOW = 4; // the figure shows [-4, 4]^2

static void state_parameters(experiment_t *run) {
    const bool quick = experiment_quick(run);
    experiment_parameter(run, "LiveSteps", "%.0f", (double)(quick ? LIVE_QUICK : LIVE_STEPS), "counts");
    experiment_parameter(run, "LiveClimbs", "%.0f", quick ? LIVE_CLIMBS_QUICK : LIVE_CLIMBS, "climbs");
    experiment_parameter(run, "Drawn", "%.0f", quick ? DRAWN_QUICK : DRAWN, "layers");
    experiment_parameter(run, "GrownWidth", "%.0f", (double)(quick ? GROWN_QUICK : GROWN_WIDTH), "units");
}

// ---- Layers and roads ----

static layer_t *read_kept(experiment_t *run, const bounds_layer_t *shape) {
    char file[TEXT];
    snprintf(file, sizeof file, "extremal-%lu-%lu-%lu-%lu.moe", shape->experts, shape->active, shape->width,
             shape->dimension);
    layer_t *layer = experiment_layer(run, file);
    if (layer->experts != (slong)shape->experts || layer->active != (slong)shape->active ||
        layer->width != (slong)shape->width || layer->dimension != (slong)shape->dimension)
        experiment_stop(run, FAULT_INPUT, "%s: another shape than its name says", file);
    return layer;
}

static slong level_bound(experiment_t *run, const bounds_layer_t *shape, slong j) {
    fmpz_t value;
    fmpz_init(value);
    experiment_require(run, bounds_flats_level(value, shape, (ulong)j), "bounds_flats_level");
    const slong result = fmpz_get_si(value);
    fmpz_clear(value);
    return result;
}

static int shape_text(char text[TEXT], const bounds_layer_t *s) {
    return snprintf(text, TEXT, "(%lu;%lu;%lu;%lu)", s->experts, s->active, s->width, s->dimension);
}

// ---- The kept layers ----

typedef struct {
    int shapes, closed, claimed; // kept layers; those that attain (U*); those that attain the paper's bound
} tally_t;

// No level of a layer has more pairs (I, J) than its summand of (U*). Returns the number of levels that do.
static int levels_above(experiment_t *run, const bounds_layer_t *shape, const slong levels[ROADS_LEVELS]) {
    int above = 0;
    for (slong j = 0; j <= (slong)shape->dimension; j++)
        above += levels[j] > level_bound(run, shape, j);
    return above;
}

// What data/instances/expected.csv says of a kept layer.
static slong stated(experiment_t *run, const sheet_t *expected, const bounds_layer_t *shape) {
    char file[TEXT];
    snprintf(file, sizeof file, "extremal-%lu-%lu-%lu-%lu.moe", shape->experts, shape->active, shape->width,
             shape->dimension);
    for (size_t row = 0; row < expected->rows; row++)
        if (strcmp(sheet_cell(expected, row, 0), file) == 0)
            return strtol(sheet_cell(expected, row, 1), NULL, 10);
    experiment_stop(run, FAULT_INPUT, "instances/expected.csv: no line for %s", file);
}

static void write_levels(table_t *table, slong dimension, const slong levels[ROADS_LEVELS]) {
    char text[TEXT] = "";
    size_t used = 0;
    for (slong j = 0; j <= dimension; j++)
        used += (size_t)snprintf(text + used, TEXT - used, "%s%ld", j ? "+" : "", levels[j]);
    table_text(table, text);
}

static void examine_kept(experiment_t *run, table_t *table, const sheet_t *expected,
                         const bounds_layer_t *shape, tally_t *tally) {
    char what[TEXT + 64], name[TEXT];
    layer_t *layer = read_kept(run, shape);
    shape_text(name, shape);
    const roads_flats_t by_flats = experiment_flats(run, layer);
    const slong found = by_flats.regions, sharp = experiment_bound(run, bounds_flats_sharp, shape);
    const slong claim = experiment_bound(run, bounds_topk, shape),
                flats = experiment_bound(run, bounds_flats, shape);
    snprintf(what, sizeof what, "%s by F: the stated number", name);
    experiment_check(run, CLAIM, what, (double)found, EQUAL, (double)stated(run, expected, shape), 0);
    snprintf(what, sizeof what, "%s by V: the same as by F", name);
    experiment_check(run, CLAIM, what, (double)experiment_vertices(run, layer), EQUAL, (double)found, 0);
    if (found <= LISTED) {
        snprintf(what, sizeof what, "%s by the list: the same as by F", name);
        experiment_check(run, CLAIM, what, (double)experiment_list_layer(run, layer), EQUAL, (double)found,
                         0);
    }
    snprintf(what, sizeof what, "%s is at most (U*)", name);
    experiment_check(run, CLAIM, what, (double)found, AT_MOST, (double)sharp, 0);
    snprintf(what, sizeof what, "%s: levels above their summand of (U*)", name);
    experiment_check(run, CLAIM, what, levels_above(run, shape, by_flats.level), EQUAL, 0, 0);
    snprintf(what, sizeof what, "%s: (U*) is at most (U)", name);
    experiment_check(run, CLAIM, what, (double)sharp, AT_MOST, (double)flats, 0);
    table_integer(table, (long long)shape->experts);
    table_integer(table, (long long)shape->active);
    table_integer(table, (long long)shape->width);
    table_integer(table, (long long)shape->dimension);
    table_integer(table, claim);
    table_integer(table, flats);
    table_integer(table, sharp);
    table_integer(table, found);
    table_text(table, found == sharp ? "closed" : "open");
    write_levels(table, layer->dimension, by_flats.level);
    tally->shapes++;
    tally->closed += found == sharp;
    tally->claimed += found == claim;
    layer_free(layer);
}

static void examine_all(experiment_t *run, const char *name, const char *caption,
                        const bounds_layer_t *shapes, size_t count, tally_t *tally) {
    static const table_column_t columns[] = {{"experts", "1", NULL, ""},     {"active", "1", NULL, ""},
                                             {"width", "1", NULL, ""},       {"dimension", "1", NULL, NULL},
                                             {"claim", "regions", NULL, ""}, {"flats", "regions", NULL, ""},
                                             {"sharp", "regions", NULL, ""}, {"found", "regions", NULL, ""},
                                             {"status", "text", NULL, ""},   {"levels", "text", NULL, NULL}};
    sheet_t expected;
    experiment_read(run, "instances/expected.csv", &expected);
    table_t *table = experiment_table(run, name, caption, columns, COUNT(columns), count);
    for (size_t i = 0; i < count; i++)
        examine_kept(run, table, &expected, &shapes[i], tally);
    sheet_free(&expected);
}

// ---- Corners in the plane, k = 2, one line for each expert ----

// Where the lines of two experts meet, homogeneous, third coordinate > 0; and whether the point is their own.
typedef struct {
    fmpz point[3];
    bool own;
} crossing_t;
typedef crossing_t crossings_t[LARGEST_EXPERTS][LARGEST_EXPERTS];

static void init_crossings(crossings_t all) {
    for (int a = 0; a < LARGEST_EXPERTS; a++)
        for (int b = 0; b < LARGEST_EXPERTS; b++)
            for (int i = 0; i < 3; i++)
                fmpz_init(&all[a][b].point[i]);
}

static void clear_crossings(crossings_t all) {
    for (int a = 0; a < LARGEST_EXPERTS; a++)
        for (int b = 0; b < LARGEST_EXPERTS; b++)
            for (int i = 0; i < 3; i++)
                fmpz_clear(&all[a][b].point[i]);
}

static void cross_rows(fmpz point[3], const fmpz *u, const fmpz *v) {
    for (int i = 0; i < 3; i++)
        fmpz_fmms(&point[i], u + (i + 1) % 3, v + (i + 2) % 3, u + (i + 2) % 3, v + (i + 1) % 3);
    if (fmpz_sgn(&point[2]) < 0)
        _fmpz_vec_neg(point, point, 3);
}

//[core
// Finds the own points of a layer with k = 2, H = 1 in the plane; returns their number.
static int find_own(const layer_t *layer, crossings_t q) {
    int own = 0;
    for (slong a = 0; a < layer->experts; a++)
        for (slong b = a + 1; b < layer->experts; b++) {
            fmpz *point = q[a][b].point;
            cross_rows(point, layer->rows->rows[a], layer->rows->rows[b]);
            const bool meet = fmpz_sgn(point + 2) > 0;
            q[a][b].own =
                meet && router_not_below(layer, a, point) <= 1 && router_not_below(layer, b, point) <= 1;
            q[b][a].own = q[a][b].own;
            _fmpz_vec_set(q[b][a].point, point, 3);
            own += q[a][b].own;
        }
    return own;
}

// Whether q_ab lies strictly between two own points on the line of a: by the sides of the line of b.
static bool is_between(const layer_t *layer, crossings_t q, slong a, slong b) {
    bool above = false, below = false;
    fmpz_t side;
    fmpz_init(side);
    for (slong c = 0; c < layer->experts; c++) {
        if (c == a || c == b || !q[a][c].own)
            continue;
        _fmpz_vec_dot(side, layer->rows->rows[b], q[a][c].point, 3);
        above |= fmpz_sgn(side) > 0;
        below |= fmpz_sgn(side) < 0;
    }
    fmpz_clear(side);
    return above && below;
}
//]core

// Own points of a layer that are between two others on both lines: there are none.
static int count_inner(const layer_t *layer, crossings_t q) {
    int inner = 0;
    for (slong a = 0; a < layer->experts; a++)
        for (slong b = a + 1; b < layer->experts; b++)
            inner += q[a][b].own && is_between(layer, q, a, b) && is_between(layer, q, b, a);
    return inner;
}

static slong corner_bound(slong experts, slong dimension) {
    fmpz_t value;
    fmpz_init(value);
    bounds_corners(value, (ulong)experts, (ulong)dimension);
    const slong result = fmpz_get_si(value);
    fmpz_clear(value);
    return result;
}

// The own points of one layer against F's level and the theorem.
static int corners_of(experiment_t *run, const layer_t *layer, int *inner, int *disagree) {
    static crossings_t q;
    init_crossings(q);
    const int own = find_own(layer, q);
    *inner += count_inner(layer, q);
    *disagree += own != experiment_flats(run, layer).level[2];
    clear_crossings(q);
    return own;
}

// A random layer; every second one has most rows of the kept layer, and more own points.
static void draw_near(layer_t *layer, const layer_t *kept, bool near, stream_t *stream) {
    uint64_t word;
    climb_draw(layer, DRAWN_RANGE, stream);
    stream_bits(stream, &word, 1);
    for (slong i = 0; i < layer->experts && near; i++) {
        if (word >> (2 * i) & 3)
            _fmpz_vec_set(layer->rows->rows[i], kept->rows->rows[i], 3);
        if (word >> (2 * i + 32) & 3)
            _fmpz_vec_set(layer->router->rows[i], kept->router->rows[i], 3);
    }
}

// Random layers, and the kept ones with k = 2 and H = 1, which attain the bound.
static void check_corners(experiment_t *run) {
    int inner = 0, disagree = 0, above = 0, examined = 0, attained = 0, kept = 0;
    const int drawn = experiment_quick(run) ? DRAWN_QUICK : DRAWN;
    for (ulong experts = 3; experts <= LARGEST_EXPERTS; experts++) {
        const bounds_layer_t shape = {experts, 2, 1, 2};
        stream_t stream = experiment_stream(run, (uint32_t)experts);
        layer_t *layer = experiment_memory(run, layer_build_alloc(&shape)), *best = read_kept(run, &shape);
        for (int i = 0; i < drawn; i++) {
            slong first, second;
            draw_near(layer, best, i % 2 == 1, &stream);
            if (layer_twins(layer, &first, &second))
                continue;
            examined++;
            const int own = corners_of(run, layer, &inner, &disagree);
            above += own > corner_bound(layer->experts, 2);
        }
        attained += corners_of(run, best, &inner, &disagree) == corner_bound(best->experts, 2);
        kept++;
        layer_free(layer);
        layer_free(best);
    }
    experiment_check(run, CLAIM, "k = 2 in the plane: layers with more own points than 2N - 3", above, EQUAL,
                     0, 0);
    experiment_check(run, CLAIM, "k = 2 in the plane: own points between others on both lines", inner, EQUAL,
                     0, 0);
    experiment_check(run, CLAIM, "k = 2 in the plane: own points by Cramer's rule and by F", disagree, EQUAL,
                     0, 0);
    experiment_check(run, CLAIM, "k = 2 in the plane: kept layers that attain 2N - 3", attained, EQUAL, kept,
                     0);
    experiment_macro_integer(run, "CornerLayers", examined + kept);
}

// ---- Growing a layer of H = 1 in the plane ----

// Every grown layer has the number of the proposition, which is (U*): the maximum for each H.
static void check_growth(experiment_t *run) {
    const slong largest = experiment_quick(run) ? GROWN_QUICK : GROWN_WIDTH;
    int grown = 0, predicted = 0, attained = 0, listed = 0, agree = 0;
    for (size_t g = 0; g < COUNT(GROWN); g++) {
        layer_t *layer = read_kept(run, &GROWN[g]);
        const roads_flats_t thin = experiment_flats(run, layer);
        const slong *first = thin.level;
        for (slong H = 2; H <= largest; H++) {
            bounds_layer_t shape = GROWN[g];
            shape.width = (ulong)H;
            layer_t *wide = NULL;
            experiment_require(run, grow_layer(layer, H, &wide), "grow_layer");
            const slong found = experiment_flats(run, wide).regions;
            predicted +=
                found == first[0] + first[1] * H + first[2] * H * H + layer->experts * (H * (H - 1) / 2);
            attained += found == experiment_bound(run, bounds_flats_sharp, &shape);
            if (H <= GROWN_QUICK) {
                agree += experiment_list_layer(run, wide) == found;
                listed++;
            }
            grown++;
            layer_free(wide);
        }
        layer_free(layer);
    }
    experiment_check(run, CLAIM, "grown layers with the predicted number", predicted, EQUAL, grown, 0);
    experiment_check(run, CLAIM, "grown layers that attain (U*)", attained, EQUAL, grown, 0);
    experiment_check(run, CLAIM, "grown layers: the list agrees with F", agree, EQUAL, listed, 0);
    experiment_macro_integer(run, "Grown", grown);
}

// ---- The search, again in every run ----

// The best of some climbs; `above` counts climbs that end above (U*), `disagree` those that the list counts otherwise.
static slong climb(experiment_t *run, const bounds_layer_t *shape, uint32_t block, int *above,
                   int *disagree) {
    const bool quick = experiment_quick(run);
    layer_t *layer = experiment_memory(run, layer_build_alloc(shape));
    fmpz_t regions, never;
    fmpz_init(regions);
    fmpz_init(never);
    const slong sharp = experiment_bound(run, bounds_flats_sharp, shape);
    fmpz_set_si(never, WORD_MAX); // so that a layer above the bound would be found
    slong best = 0;
    for (int i = 0; i < (quick ? LIVE_CLIMBS_QUICK : LIVE_CLIMBS); i++) {
        stream_t stream =
            stream_at(experiment_seed(run), stream_experiment("extremal climbs"), block + (uint32_t)i);
        climb_draw(layer, LIVE_RANGE, &stream);
        experiment_require(
            run, climb_layer(layer, LIVE_RANGE, quick ? LIVE_QUICK : LIVE_STEPS, never, &stream, regions),
            "climb_layer");
        const slong found = fmpz_get_si(regions);
        *above += found > sharp;
        *disagree += experiment_list_layer(run, layer) != found;
        best = found > best ? found : best;
    }
    fmpz_clear(regions);
    fmpz_clear(never);
    layer_free(layer);
    return best;
}

static void climb_all(experiment_t *run) {
    static const table_column_t columns[] = {
        {"experts", "1", NULL, ""},   {"active", "1", NULL, ""},      {"width", "1", NULL, ""},
        {"dimension", "1", NULL, ""}, {"sharp", "regions", NULL, ""}, {"reached", "regions", NULL, ""}};
    table_t *table = experiment_table(run, "live", "best of some climbs from random layers; the bound (U*)",
                                      columns, COUNT(columns), COUNT(LIVE));
    int above = 0, disagree = 0, reached = 0;
    for (size_t i = 0; i < COUNT(LIVE); i++) {
        const slong best = climb(run, &LIVE[i], (uint32_t)(100 * i), &above, &disagree);
        const slong sharp = experiment_bound(run, bounds_flats_sharp, &LIVE[i]);
        reached += best == sharp;
        table_integer(table, (long long)LIVE[i].experts);
        table_integer(table, (long long)LIVE[i].active);
        table_integer(table, (long long)LIVE[i].width);
        table_integer(table, (long long)LIVE[i].dimension);
        table_integer(table, sharp);
        table_integer(table, best);
        experiment_progress(run, i + 1, COUNT(LIVE));
    }
    experiment_check(run, CLAIM, "climbs that end above (U*)", above, EQUAL, 0, 0);
    experiment_check(run, CLAIM, "climbs whose end the list counts otherwise", disagree, EQUAL, 0, 0);
    experiment_macro_integer(run, "LiveShapes", COUNT(LIVE));
    experiment_macro_integer(run, "LiveReached", reached);
}

// ---- Example 4.21 ----

// The first `width` units of each expert.
static layer_t *narrow(experiment_t *run, const layer_t *layer, const bounds_layer_t *shape) {
    layer_t *result = experiment_memory(run, layer_build_alloc(shape));
    fmpz_mat_set(result->router, layer->router);
    for (slong i = 0; i < result->experts * result->width; i++)
        _fmpz_vec_set(result->rows->rows[i],
                      layer->rows->rows[i / result->width * layer->width + i % result->width],
                      layer->dimension + 1);
    return result;
}

// A layer of units that are nearly level sets of their experts' logits, against the random one. A quick run takes one
// unit of each expert.
static void examine_example(experiment_t *run) {
    bounds_layer_t shape = EXAMPLE;
    shape.width = experiment_quick(run) ? 1 : EXAMPLE.width;
    layer_t *kept = read_kept(run, &EXAMPLE), *drawn = experiment_layer(run, EXAMPLE_RANDOM);
    layer_t *best = narrow(run, kept, &shape), *random = narrow(run, drawn, &shape);
    const roads_flats_t flats = experiment_flats(run, best);
    const slong before = experiment_flats(run, random).regions, found = flats.regions;
    const slong sharp = experiment_bound(run, bounds_flats_sharp, &shape);
    experiment_check(run, CLAIM, "Example 4.21: the kept layer has more regions than the random one",
                     (double)found, AT_LEAST, (double)before, 0);
    experiment_check(run, CLAIM, "Example 4.21: the kept layer is at most (U*)", (double)found, AT_MOST,
                     (double)sharp, 0);
    experiment_check(run, CLAIM, "Example 4.21: the kept layer by V and by F",
                     (double)experiment_vertices(run, best), EQUAL, (double)found, 0);
    experiment_check(run, CLAIM, "Example 4.21: levels above their summand of (U*)",
                     levels_above(run, &shape, flats.level), EQUAL, 0, 0);
    experiment_macro_integer(run, "ExampleFound", found);
    experiment_macro_integer(run, "ExampleCoalitions", flats.level[0]);
    experiment_macro_integer(run, "ExampleRandom", before);
    experiment_macro_integer(run, "ExampleSharp", sharp);
    experiment_macro_integer(run, "ExampleFlats", experiment_bound(run, bounds_flats, &shape));
    experiment_macro(run, "ExampleShare", "%.1f", 100 * (double)found / (double)sharp);
    layer_free(kept);
    layer_free(drawn);
    layer_free(best);
    layer_free(random);
}

// ---- The figure: two of the best layers ----

static const bounds_layer_t SHOWN[] = {{4, 2, 1, 2}, {3, 2, 2, 2}};

typedef struct {
    layer_t *layer;
    picture_t picture;
} panel_t;

// Places to 1e-4, in the coordinates of the layer.
static void table_place(table_t *table, planar_point_t place) {
    table_rounded(table, place.x - HALF_WINDOW, 1e4);
    table_rounded(table, place.y - HALF_WINDOW, 1e4);
}

// Panels count from 1, cells through all panels from 0; a side goes from its corner to the next.
static void write_cells(experiment_t *run, const panel_t panels[COUNT(SHOWN)]) {
    static const table_column_t columns[] = {{"panel", "1", NULL, NULL},       {"cell", "1", NULL, NULL},
                                             {"colour", "0 to 5", NULL, NULL}, {"x0", "1", "%.4f", NULL},
                                             {"y0", "1", "%.4f", NULL},        {"x1", "1", "%.4f", NULL},
                                             {"y1", "1", "%.4f", NULL}};
    size_t sides = 0;
    for (size_t p = 0; p < COUNT(SHOWN); p++)
        sides += panels[p].picture.corners;
    table_t *table = experiment_table(run, "cells", "the cells of the coalitions in the window: their sides",
                                      columns, COUNT(columns), sides);
    long long number = 0;
    for (size_t p = 0; p < COUNT(SHOWN); p++)
        for (size_t c = 0; c < panels[p].picture.cells; c++, number++) {
            const picture_cell_t *cell = &panels[p].picture.cell[c];
            const planar_point_t *corner = panels[p].picture.corner + cell->corner;
            for (size_t i = 0; i < cell->corners; i++) {
                table_integer(table, (long long)p + 1);
                table_integer(table, number);
                table_integer(table, cell->colour);
                table_place(table, corner[i]);
                table_place(table, corner[(i + 1) % cell->corners]);
            }
        }
}

static void write_folds(experiment_t *run, const panel_t panels[COUNT(SHOWN)]) {
    static const table_column_t columns[] = {{"panel", "1", NULL, NULL}, {"owner", "expert", NULL, NULL},
                                             {"x0", "1", "%.4f", NULL},  {"y0", "1", "%.4f", NULL},
                                             {"x1", "1", "%.4f", NULL},  {"y1", "1", "%.4f", NULL}};
    size_t folds = 0;
    for (size_t p = 0; p < COUNT(SHOWN); p++)
        folds += panels[p].picture.folds;
    table_t *table =
        experiment_table(run, "folds", "the lines of the experts inside the cells where they are active",
                         columns, COUNT(columns), folds);
    for (size_t p = 0; p < COUNT(SHOWN); p++)
        for (size_t i = 0; i < panels[p].picture.folds; i++) {
            const picture_fold_t *fold = &panels[p].picture.fold[i];
            table_integer(table, (long long)p + 1);
            table_integer(table, layer_owner(panels[p].layer, fold->row) + 1);
            table_place(table, fold->from);
            table_place(table, fold->to);
        }
}

static const double DISC = 0.2;
enum { SAMPLES = 24, FOLDS = 64 };

// Places along all folds of a panel, which names keep away from.
static size_t sample_folds(const picture_t *picture, planar_point_t places[FOLDS * (SAMPLES + 1)]) {
    size_t count = 0;
    for (size_t i = 0; i < picture->folds && i < FOLDS; i++)
        for (int t = 0; t <= SAMPLES; t++) {
            const planar_point_t p = picture->fold[i].from, q = picture->fold[i].to;
            const double part = (double)t / SAMPLES;
            places[count++] = (planar_point_t){p.x + part * (q.x - p.x), p.y + part * (q.y - p.y)};
        }
    return count;
}

static void write_coalitions(experiment_t *run, const panel_t panels[COUNT(SHOWN)]) {
    static const table_column_t columns[] = {{"panel", "1", NULL, NULL},
                                             {"first", "expert", NULL, NULL},
                                             {"second", "expert", NULL, NULL},
                                             {"x", "1", "%.4f", NULL},
                                             {"y", "1", "%.4f", NULL}};
    size_t cells = 0;
    for (size_t p = 0; p < COUNT(SHOWN); p++)
        cells += panels[p].picture.cells;
    table_t *table = experiment_table(run, "coalitions", "coalitions, and where their names have room",
                                      columns, COUNT(columns), cells);
    static planar_point_t avoid[FOLDS * (SAMPLES + 1)];
    for (size_t p = 0; p < COUNT(SHOWN); p++) {
        const size_t discs = sample_folds(&panels[p].picture, avoid);
        for (size_t c = 0; c < panels[p].picture.cells; c++) {
            const slong *members = panels[p].picture.members + 2 * c;
            double room;
            table_integer(table, (long long)p + 1);
            table_integer(table, members[0] + 1);
            table_integer(table, members[1] + 1);
            table_place(table, picture_name_place(&panels[p].picture, c, avoid, discs, DISC, &room));
        }
    }
}

// Where the lines of the first panel meet, and whether the point is own; all six are in the table.
static void write_crossings(experiment_t *run, const layer_t *layer) {
    static const table_column_t columns[] = {{"first", "expert", NULL, NULL},
                                             {"second", "expert", NULL, NULL},
                                             {"x", "1", "%.4f", NULL},
                                             {"y", "1", "%.4f", NULL},
                                             {"own", "0 or 1", NULL, NULL}};
    static crossings_t q;
    init_crossings(q);
    find_own(layer, q);
    table_t *table =
        experiment_table(run, "crossings", "where the lines of (a) meet, and whether in their own cell",
                         columns, COUNT(columns), (size_t)(layer->experts * (layer->experts - 1) / 2));
    for (slong a = 0; a < layer->experts; a++)
        for (slong b = a + 1; b < layer->experts; b++) {
            const double depth = fmpz_get_d(&q[a][b].point[2]);
            table_integer(table, a + 1);
            table_integer(table, b + 1);
            table_place(table, (planar_point_t){fmpz_get_d(&q[a][b].point[0]) / depth + HALF_WINDOW,
                                                fmpz_get_d(&q[a][b].point[1]) / depth + HALF_WINDOW});
            table_integer(table, q[a][b].own);
        }
    clear_crossings(q);
}

static void draw_figure(experiment_t *run) {
    const picture_frame_t frame = {.origin = {-HALF_WINDOW, -HALF_WINDOW},
                                   .right = {1, 0},
                                   .up = {0, 1},
                                   .width = 2 * HALF_WINDOW,
                                   .height = 2 * HALF_WINDOW};
    panel_t panels[COUNT(SHOWN)] = {0};
    for (size_t p = 0; p < COUNT(SHOWN); p++) {
        panels[p].layer = read_kept(run, &SHOWN[p]);
        experiment_require(run, picture_draw(panels[p].layer, &frame, &panels[p].picture), "picture_draw");
    }
    write_cells(run, panels);
    write_folds(run, panels);
    write_coalitions(run, panels);
    write_crossings(run, panels[0].layer);
    for (size_t p = 0; p < COUNT(SHOWN); p++) {
        picture_clear(&panels[p].picture);
        layer_free(panels[p].layer);
    }
}

// ---- Everything ----

static void run_extremal(experiment_t *run) {
    tally_t tally = {0};
    state_parameters(run);
    examine_all(run, "", "best layers found in the plane; bounds", PLANE, COUNT(PLANE), &tally);
    examine_all(run, "space", "best layers found in space; bounds", SPACE, COUNT(SPACE), &tally);
    experiment_macro_integer(run, "Shapes", tally.shapes);
    experiment_macro_integer(run, "Closed", tally.closed);
    experiment_macro_integer(run, "Open", tally.shapes - tally.closed);
    experiment_macro_integer(run, "Claimed", tally.claimed);
    experiment_macro_integer(run, "LargestExperts", LARGEST_EXPERTS);
    check_corners(run);
    check_growth(run);
    climb_all(run);
    examine_example(run);
    draw_figure(run);
    experiment_claim(run, CLAIM, VERDICT_HOLDS, METHOD_EXACT, "extremal.csv and extremal.space.csv");
    flint_cleanup();
}

int main(int argc, char **argv) {
    static const experiment_plan_t plan = {
        .name = "extremal",
        .brief = "the most regions of layers of small shapes: found against bounds",
        .seed = 421,
        .run = run_extremal};
    return experiment_main(&plan, argc, argv);
}
