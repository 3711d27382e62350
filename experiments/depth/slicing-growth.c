// SPDX-License-Identifier: GPL-3.0-or-later
// How the regions of a top-k layer grow with the number of experts: polynomially, whatever k is.
//
// CLAIMS (Sparsity is Combinatorial Depth, sections 1 and 4.2)
//   depth/claim-polynomial  sparsity "bypasses the polynomial scaling limits of dense width" by the factor C(N, k)
//   depth/thm-4.19          lower bound Omega(C(N, k) H^d)
// and exact counts of random layers of the shape of Example 4.21, whose claim is decided by zaslavsky.c.
//
// DERIVATION. (W) Two regions of a layer never share a region of the arrangement of all NH hyperplanes and all C(N, 2)
// walls z_i = z_j; so R <= Phi(NH + C(N, 2), d), for every layer: degree 2d in N. (L) The sets {i : z_i(x) > s} are the
// regions of the n hyperplanes z_i(x) = s in R^(m+1), so n logits on R^m have at most Phi(n, m+1) - n top-q cells, and
// with the flats of (U) the regions are of degree d + 1 in N, for every k. For fixed k the cells are of degree
// f = floor((d + 1) / 2) only (bounds_sampled), so that R <= cells * Phi(kH, d) is o(C(N, k)) H^d as soon as k > f: no
// constant free of N will do. What survives of the lower bound: floor(N / k) groups of experts, each with a cell of its
// own into which all vertices of its kH hyperplanes are moved, have floor(N / k) Phi(kH, d) regions and more.
#include "geometry/bounds.h"
#include "geometry/bounds_router.h"
#include "geometry/layer_build.h"
#include "geometry/layer_flats.h"
#include "io/experiment.h"
#include "io/experiment_roads.h"

#include <flint/fmpq.h>
#include <flint/fmpz_vec.h>
#include <math.h>
#include <stdio.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

// ---- Parameters ----

enum { TEXT = 256 };
enum { CURVE_BLOCK = 0, LIFT_BLOCK = 1000, WALL_BLOCK = 2000, EXAMPLE_BLOCK = 3000, REACH_BLOCK = 4000 };
enum { EXAMPLES = 6, EXAMPLES_QUICK = 1 }; // random layers of the shape of Example 4.21
enum { LIFTS = 60, LIFTS_QUICK = 10 };     // routers whose cells are counted for all k
enum { LAYERS = 300, LAYERS_QUICK = 20 };  // layers next to the arrangement of all hyperplanes and walls
static const double DEGREE_TOLERANCE = 1e-3, ROUNDING = 1e-9; // of a slope at N = 2^LAST_POWER
enum { LAST_POWER = 20 };
static const bounds_layer_t EXAMPLE = {16, 4, 5, 5}, EXAMPLE_QUICK = {8, 4, 2, 3};

// The curves of the figure: R over N with k = N/2, and R over k.
static const ulong CURVE_WIDTH = 2, CURVE_DIMENSION = 2;
static const ulong CURVE[] = {2, 4, 6, 8, 12, 16, 24, 32, 48, 64};
static const bounds_layer_t OVER_ACTIVE = {16, 1, 2, 3};
static const ulong QUICK_EXPERTS = 12;

// Constructed layers for the lower bound, N, k, H, d.
static const bounds_layer_t GROUPS[] = {{4, 2, 2, 1},  {7, 3, 2, 2},  {9, 4, 1, 3},
                                        {12, 2, 4, 2}, {10, 5, 1, 4}, {20, 4, 2, 3}};

// Dimension and k = floor((d + 1) / 2) + 1, the first for which the lower bound fails.
static const ulong FAILING[][2] = {{1, 2}, {2, 2}, {3, 3}, {4, 3}, {5, 4}};

static void state_parameters(experiment_t *run) {
    const bool quick = experiment_quick(run);
    experiment_parameter(run, "CurveWidth", "%.0f", (double)CURVE_WIDTH, "units");
    experiment_parameter(run, "CurveDimension", "%.0f", (double)CURVE_DIMENSION, "1");
    experiment_parameter(run, "LastPower", "%.0f", LAST_POWER, "1");
    experiment_parameter(run, "Lifts", "%.0f", quick ? LIFTS_QUICK : LIFTS, "routers");
    experiment_parameter(run, "WallLayers", "%.0f", quick ? LAYERS_QUICK : LAYERS, "layers");
    experiment_parameter(run, "Examples", "%.0f", quick ? EXAMPLES_QUICK : EXAMPLES, "layers");
}

// ---- Layers and counts ----

static layer_t *draw_layer(experiment_t *run, const bounds_layer_t *s, layer_build_kind_t kind,
                           uint32_t block) {
    stream_t stream = experiment_stream(run, block);
    layer_t *layer = experiment_memory(run, layer_build_alloc(s));
    layer_build_draw(layer, kind, &stream);
    return layer;
}

// Adds the regions of the coalitions k g, ..., k g + k - 1.
static void note_group(void *context, const slong *members, slong active, const fmpz_t regions) {
    if (members[0] % active == 0 && members[active - 1] == members[0] + active - 1)
        fmpz_add(context, context, regions);
}

// The regions by F, and those of the groups.
static slong count_groups(experiment_t *run, const layer_t *layer, fmpz_t groups) {
    const shards_control_t control = {.threads = experiment_threads(run)};
    layer_count_t count;
    layer_count_init(&count, layer->dimension);
    fmpz_zero(groups);
    experiment_require(run, layer_flats_count(layer, &control, note_group, groups, &count),
                       "layer_flats_count");
    const slong regions = fmpz_get_si(count.regions);
    layer_count_clear(&count);
    return regions;
}

// A bound as a double, exact below 2^53.
static double value_of(experiment_t *run, bounds_function_t bound, const bounds_layer_t *shape) {
    fmpz_t value;
    fmpz_init(value);
    experiment_require(run, bound(value, shape), "a bound");
    const double result = fmpz_get_d(value);
    fmpz_clear(value);
    return result;
}

// ---- (W) and (L) on layers ----

// The arrangement of all units and all walls.
static arrangement_t *all_hyperplanes(experiment_t *run, const layer_t *layer) {
    const slong units = layer->experts * layer->width, d = layer->dimension;
    arrangement_t *a =
        experiment_memory(run, arrangement_alloc(units + layer->experts * (layer->experts - 1) / 2, d));
    for (slong row = 0; row < units; row++)
        _fmpz_vec_set(a->rows->rows[row], layer->rows->rows[row], d + 1);
    slong row = units;
    for (slong i = 0; i < layer->experts; i++)
        for (slong j = i + 1; j < layer->experts; j++)
            _fmpz_vec_sub(a->rows->rows[row++], layer->router->rows[i], layer->router->rows[j], d + 1);
    return a;
}

//[core
// The hyperplanes z_i(x) = s of R^(d+1). Their regions are the sets {i : z_i(x) > s}; those of k
// members are the top-k coalitions that are reachable.
static arrangement_t *lifted(experiment_t *run, const layer_t *layer) {
    const slong d = layer->dimension;
    arrangement_t *a = experiment_memory(run, arrangement_alloc(layer->experts, d + 1));
    for (slong i = 0; i < layer->experts; i++) {
        _fmpz_vec_set(a->rows->rows[i], layer->router->rows[i], d);
        fmpz_set_si(fmpz_mat_entry(a->rows, i, d), -1);
        fmpz_set(fmpz_mat_entry(a->rows, i, d + 1), fmpz_mat_entry(layer->router, i, d));
    }
    return a;
}

// Whether the reachable coalitions of all sizes are as many as the regions of the lifted arrangement.
static bool sizes_add_up(experiment_t *run, layer_t *layer, slong *regions) {
    arrangement_t *a = lifted(run, layer);
    slong sum = 2; // k = 0 and k = N
    for (layer->active = 1; layer->active < layer->experts; layer->active++)
        sum += experiment_flats(run, layer).regions;
    *regions = experiment_tree(run, a).regions;
    arrangement_free(a);
    return sum == *regions;
}
//]core

static void check_lift(experiment_t *run, const char *claim) {
    const int lifts = experiment_quick(run) ? LIFTS_QUICK : LIFTS;
    slong agree = 0, above = 0;
    for (int i = 0; i < lifts; i++) {
        const bounds_layer_t s = {(ulong)(2 + i % 7), 1, 0, (ulong)(1 + i % 4)};
        slong regions;
        fmpz_t phi;
        fmpz_init(phi);
        layer_t *layer = draw_layer(run, &s, i % 2 == 0 ? LAYER_BUILD_GENERIC : LAYER_BUILD_MOMENT,
                                    LIFT_BLOCK + (uint32_t)i);
        agree += sizes_add_up(run, layer, &regions);
        layer_free(layer);
        bounds_phi(phi, s.experts, s.dimension + 1);
        above += fmpz_cmp_si(phi, regions) < 0;
        fmpz_clear(phi);
    }
    experiment_check(run, claim, "routers whose coalitions of all sizes are the regions of z_i = s",
                     (double)agree, EQUAL, lifts, 0);
    experiment_check(run, claim, "routers with more than Phi(N;d+1) of them", (double)above, EQUAL, 0, 0);
}

static void check_walls(experiment_t *run, const char *claim) {
    const int layers = experiment_quick(run) ? LAYERS_QUICK : LAYERS;
    slong wrong = 0;
    for (int i = 0; i < layers; i++) {
        const bounds_layer_t s = {(ulong)(2 + i % 4), (ulong)(1 + i % 2), (ulong)(1 + i % 3),
                                  (ulong)(1 + i / 3 % 3)};
        layer_t *layer =
            draw_layer(run, &s, (layer_build_kind_t)(i % LAYER_BUILD_KINDS), WALL_BLOCK + (uint32_t)i);
        slong first, second;
        if (s.active == s.experts || !layer_twins(layer, &first, &second)) {
            arrangement_t *a = all_hyperplanes(run, layer);
            const slong regions = experiment_flats(run, layer).regions, all = experiment_tree(run, a).regions;
            wrong += regions > all || (double)all > value_of(run, bounds_walls, &s);
            wrong += (double)regions > value_of(run, bounds_lifted, &s);
            arrangement_free(a);
        }
        layer_free(layer);
    }
    experiment_check(run, claim,
                     "layers above their arrangement of units and walls; it above (W); or above (L)",
                     (double)wrong, EQUAL, 0, 0);
}

// The degree of a bound in N: the last slope of log2 with k = N/2.
static void check_degree(experiment_t *run, const char *claim, bounds_function_t bound, const char *what,
                         double degree) {
    bounds_layer_t s = {1 << LAST_POWER, 1 << (LAST_POWER - 1), CURVE_WIDTH, CURVE_DIMENSION};
    const double last = value_of(run, bound, &s);
    s.experts /= 2;
    s.active /= 2;
    const double slope = log2(last / value_of(run, bound, &s));
    experiment_check(run, claim, what, fabs(slope - degree), AT_MOST, DEGREE_TOLERANCE, ROUNDING);
}

// ---- The curves ----

static void write_point(table_t *table, experiment_t *run, const char *series, const bounds_layer_t *s,
                        double regions, double coalitions) {
    const bounds_layer_t dense = {1, 1, s->experts * s->width, s->dimension};
    table_text(table, series);
    table_integer(table, (long long)s->experts);
    table_integer(table, (long long)s->active);
    table_real(table, regions);
    table_real(table, coalitions);
    table_real(table, value_of(run, bounds_topk, s));
    table_real(table, value_of(run, bounds_flats, s));
    table_real(table, value_of(run, bounds_walls, s));
    table_real(table, value_of(run, bounds_lifted, s));
    table_real(table, value_of(run, bounds_dense, &dense));
}

// Counts one layer of a curve by F, and by V.
static double count_point(experiment_t *run, table_t *table, const char *series, const bounds_layer_t *s,
                          uint32_t block, int *wrong) {
    layer_t *layer = draw_layer(run, s, LAYER_BUILD_GENERIC, block);
    const roads_flats_t flats = experiment_flats(run, layer);
    *wrong += experiment_vertices(run, layer) != flats.regions;
    *wrong += (double)flats.regions > value_of(run, bounds_lifted, s);
    write_point(table, run, series, s, (double)flats.regions, (double)flats.level[0]);
    layer_free(layer);
    return (double)flats.regions;
}

static void decide_polynomial(experiment_t *run) {
    static const char *const claim = "depth/claim-polynomial";
    static const table_column_t columns[] = {
        {"series", "text", NULL, NULL},      {"experts", "1", NULL, ""},
        {"active", "1", NULL, ""},           {"regions", "regions", "%.0f", ""},
        {"coalitions", "1", "%.0f", ""},     {"printed", "regions", "%.9e", NULL},
        {"u", "regions", "%.9e", NULL},      {"walls", "regions", "%.9e", NULL},
        {"lifted", "regions", "%.9e", NULL}, {"dense", "regions", "%.9e", NULL}};
    size_t points = 0;
    while (points < COUNT(CURVE) && (!experiment_quick(run) || CURVE[points] <= QUICK_EXPERTS))
        points++;
    table_t *table =
        experiment_table(run, "", "regions of random layers and bounds: over N with k = N/2; over k", columns,
                         COUNT(columns), points + OVER_ACTIVE.experts);
    int wrong = 0;
    double last = 0;
    bounds_layer_t s = {0};
    for (size_t i = 0; i < points; i++) {
        s = (bounds_layer_t){CURVE[i], CURVE[i] / 2, CURVE_WIDTH, CURVE_DIMENSION};
        last = count_point(run, table, "experts", &s, CURVE_BLOCK, &wrong);
    }
    experiment_macro_integer(run, "LastExperts", (long long)s.experts);
    experiment_macro_integer(run, "LastRegions", (long long)last);
    experiment_macro(run, "LastPrinted", "%.1e", value_of(run, bounds_topk, &s));
    experiment_macro(run, "LastLifted", "%.0f", value_of(run, bounds_lifted, &s));
    const double printed = value_of(run, bounds_topk, &s), most = value_of(run, bounds_lifted, &s);
    for (ulong k = 1; k <= OVER_ACTIVE.experts; k++) {
        s = OVER_ACTIVE;
        s.active = k;
        count_point(run, table, "active", &s, CURVE_BLOCK + 1, &wrong);
    }
    experiment_check(run, claim, "curve points where F and V differ or (L) is exceeded", wrong, EQUAL, 0, 0);
    experiment_check(run, claim, "last N: (L) next to the printed capacity", most / printed, AT_MOST, 0.5,
                     ROUNDING);
    check_walls(run, claim);
    check_lift(run, claim);
    check_degree(run, claim, bounds_walls, "degree of (W) in N less 2d", 2.0 * (double)CURVE_DIMENSION);
    check_degree(run, claim, bounds_lifted, "degree of (L) in N less d + 1", (double)CURVE_DIMENSION + 1);
    experiment_claim(run, claim, VERDICT_FAILS, METHOD_EXACT,
                     "slicing-growth.csv; proof of (W) and (L) in the section");
}

// ---- Theorem 4.19 ----

// What survives: floor(N/k) groups with Phi(kH, d) regions each.
static void check_groups(experiment_t *run, const char *claim) {
    static const table_column_t columns[] = {
        {"experts", "1", NULL, ""},      {"active", "1", NULL, ""},       {"width", "1", NULL, ""},
        {"dimension", "1", NULL, ""},    {"groups", "regions", NULL, ""}, {"regions", "regions", NULL, ""},
        {"printed", "regions", NULL, ""}};
    table_t *table =
        experiment_table(run, "groups", "layers of floor(N/k) groups: regions of the groups; of all", columns,
                         COUNT(columns), COUNT(GROUPS));
    for (size_t i = 0; i < COUNT(GROUPS); i++) {
        const bounds_layer_t *s = &GROUPS[i], cell = {1, 1, s->active * s->width, s->dimension};
        layer_t *layer = experiment_memory(run, layer_build_alloc(s));
        experiment_require(run, layer_build_groups(layer, true), "layer_build_groups");
        fmpz_t groups;
        fmpz_init(groups);
        const slong regions = count_groups(run, layer, groups);
        const double bound = (double)(s->experts / s->active) * value_of(run, bounds_dense, &cell);
        char what[TEXT];
        snprintf(what, sizeof what, "N=%lu k=%lu H=%lu d=%lu: regions of the groups", s->experts, s->active,
                 s->width, s->dimension);
        experiment_check(run, claim, what, fmpz_get_d(groups), EQUAL, bound, 0);
        const slong row[] = {(slong)s->experts,
                             (slong)s->active,
                             (slong)s->width,
                             (slong)s->dimension,
                             fmpz_get_si(groups),
                             regions,
                             (slong)value_of(run, bounds_topk, s)};
        for (size_t c = 0; c < COUNT(row); c++)
            table_integer(table, row[c]);
        fmpz_clear(groups);
        layer_free(layer);
    }
}

// The share of the C(N, k) coalitions that can be reachable at all, at most.
static double share_reachable(experiment_t *run, ulong experts, ulong active, ulong d) {
    fmpq_t cells;
    fmpz_t all;
    fmpq_init(cells);
    fmpz_init(all);
    experiment_require(run, bounds_sampled(cells, experts, active, d), "bounds_sampled");
    fmpz_bin_uiui(all, experts, active);
    fmpq_div_fmpz(cells, cells, all);
    const double share = fmpq_get_d(cells);
    fmpq_clear(cells);
    fmpz_clear(all);
    return share;
}

// For k = floor((d+1)/2) + 1 the share falls like 1/N.
static void check_share(experiment_t *run, const char *claim) {
    static const table_column_t columns[] = {{"dimension", "1", NULL, ""},
                                             {"active", "1", NULL, ""},
                                             {"power", "1", NULL, NULL},
                                             {"share", "1", "%.6e", NULL}};
    static const int first = 8;
    table_t *table =
        experiment_table(run, "share", "most of the C(N;k) coalitions that N = 2^power experts can reach",
                         columns, COUNT(columns), COUNT(FAILING) * (size_t)(LAST_POWER - first + 1));
    double worst = 0, slope_error = 0, rises = 0;
    for (size_t i = 0; i < COUNT(FAILING); i++) {
        double before = INFINITY;
        for (int power = first; power <= LAST_POWER; power++) {
            const double share = share_reachable(run, UWORD(1) << power, FAILING[i][1], FAILING[i][0]);
            rises += share >= before;
            if (power == LAST_POWER)
                slope_error = fmax(slope_error, fabs(log2(share / before) + 1));
            before = share;
            table_integer(table, (long long)FAILING[i][0]);
            table_integer(table, (long long)FAILING[i][1]);
            table_integer(table, power);
            table_real(table, share);
        }
        worst = fmax(worst, before);
    }
    experiment_check(run, claim, "shares that do not fall as N doubles", rises, EQUAL, 0, 0);
    experiment_check(run, claim, "last slope of the share in N plus 1", slope_error, AT_MOST,
                     DEGREE_TOLERANCE, ROUNDING);
    experiment_macro(run, "WorstShare", "%.1e", 1.02 * worst); // rounded up
}

// The bound on cells against routers that are counted.
static void check_sampled(experiment_t *run, const char *claim) {
    slong above = 0, routers = 0;
    fmpq_t cells;
    fmpq_init(cells);
    for (ulong d = 1; d <= 3; d++)
        for (ulong k = 1; k <= 3; k++)
            for (ulong n = 2 * (d + k + 1); n <= (experiment_quick(run) ? 14UL : 24UL); n += 5)
                for (int kind = 0; kind < 2; kind++, routers++) {
                    const bounds_layer_t s = {n, k, 0, d};
                    layer_t *layer = draw_layer(run, &s, kind == 0 ? LAYER_BUILD_GENERIC : LAYER_BUILD_MOMENT,
                                                REACH_BLOCK + (uint32_t)routers);
                    experiment_require(run, bounds_sampled(cells, n, k, d), "bounds_sampled");
                    above += fmpq_cmp_si(cells, experiment_flats(run, layer).level[0]) < 0;
                    layer_free(layer);
                }
    fmpq_clear(cells);
    experiment_check(run, claim, "routers with more cells than bounds_sampled", (double)above, EQUAL, 0, 0);
}

static void decide_lower_bound(experiment_t *run) {
    static const char *const claim = "depth/thm-4.19";
    check_groups(run, claim);
    check_share(run, claim);
    check_sampled(run, claim);
    experiment_claim(run, claim, VERDICT_AMENDED, METHOD_EXACT,
                     "slicing-growth.groups.csv and slicing-growth.share.csv; proofs in the section");
}

// ---- Example 4.21 ----

static void count_examples(experiment_t *run) {
    static const char *const claim = "depth/thm-4.19";
    static const table_column_t columns[] = {{"kind", "text", NULL, ""},
                                             {"seed_block", "1", NULL, NULL},
                                             {"coalitions", "1", NULL, ""},
                                             {"regions", "regions", NULL, ""}};
    const bounds_layer_t *s = experiment_quick(run) ? &EXAMPLE_QUICK : &EXAMPLE;
    const int layers = experiment_quick(run) ? EXAMPLES_QUICK : EXAMPLES;
    table_t *table = experiment_table(run, "example", "random layers of the shape of Example 4.21", columns,
                                      COUNT(columns), (size_t)layers + 1);
    slong low = 0, high = 0, last = 0, coalitions;
    for (int i = 0; i <= layers; i++) {
        const layer_build_kind_t kind = i < layers ? LAYER_BUILD_GENERIC : LAYER_BUILD_MOMENT;
        layer_t *layer = draw_layer(run, s, kind, EXAMPLE_BLOCK + (uint32_t)i);
        const roads_flats_t flats = experiment_flats(run, layer);
        const slong regions = last = flats.regions;
        coalitions = flats.level[0];
        if (i == 0)
            experiment_check(run, claim, "a random layer of the shape of Example 4.21: F and V",
                             (double)experiment_vertices(run, layer), EQUAL, (double)regions, 0);
        if (i < layers) {
            low = i == 0 || regions < low ? regions : low;
            high = regions > high ? regions : high;
        }
        table_text(table, layer_build_name(kind));
        table_integer(table, i);
        table_integer(table, coalitions);
        table_integer(table, regions);
        layer_free(layer);
        experiment_progress(run, (uint64_t)i + 1, (uint64_t)layers + 1);
    }
    experiment_macro_integer(run, "ExampleLow", low);
    experiment_macro_integer(run, "ExampleHigh", high);
    experiment_macro_integer(run, "ExampleMomentCells", coalitions);
    experiment_macro_integer(run, "ExampleMoment", last);
}

static void run_growth(experiment_t *run) {
    state_parameters(run);
    decide_polynomial(run);
    count_examples(run);
    decide_lower_bound(run);
    flint_cleanup();
}

int main(int argc, char **argv) {
    static const experiment_plan_t plan = {
        .name = "slicing-growth",
        .brief = "regions of top-k layers over the number of experts: counts against polynomial bounds",
        .seed = 419,
        .run = run_growth};
    return experiment_main(&plan, argc, argv);
}
