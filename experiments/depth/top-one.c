// SPDX-License-Identifier: GPL-3.0-or-later
// Top-1 layers: the bound N Phi(H, d), what its proof assumes, and layers that attain it.
//
// CLAIMS (Sparsity is Combinatorial Depth, section 4.2)
//   depth/thm-4.14   at most N Phi(H, d), when each expert's hyperplanes are in general position in its cell
//   depth/rem-4.15   "exact upper bound" Phi(H + number of bounding walls, d) for a cell
//   depth/cor-4.16   the order N H^d is attained
//
// DERIVATION. As derived in zaslavsky.c, the regions in a cell V are as many as the sets B of the expert's hyperplanes
// without broken circuit whose flat F_B meets V: Phi(H, d) at most, in any position of hyperplanes and walls. It is
// attained when the hyperplanes are in general position and all flats meet V, for instance when all vertices lie in
// V; and a generic arrangement can be shrunk into any open set. The hypothesis of the proof cannot be met for d >= 2 and
// N >= 3, because (z1 - z2) + (z2 - z3) = z1 - z3: three walls have dependent normals, and a common flat or none.
#include "geometry/bounds.h"
#include "geometry/generic.h"
#include "geometry/layer_build.h"
#include "geometry/layer_identity.h"
#include "io/experiment.h"
#include "io/experiment_instance.h"
#include "io/experiment_roads.h"

#include <flint/fmpz_vec.h>
#include <stdio.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

// ---- Parameters ----

enum { TEXT = 256 };
enum { DRAWS = 60, DRAWS_QUICK = 5 };       // layers of each shape and kind
enum { ROUTERS = 200, ROUTERS_QUICK = 30 }; // routers of each shape whose walls are examined
enum { DRAW_BLOCK = 0, ROUTER_BLOCK = 1000 };
static const slong RANGE = 99999; // of their entries

// Top-1 layers that attain N Phi(H, d): with router biases, and without where d >= 2. The last is that of
// Example 4.21.
static const bounds_layer_t SHAPES[] = {{2, 1, 1, 1}, {7, 1, 3, 1}, {3, 1, 1, 2}, {4, 1, 6, 2},
                                        {9, 1, 4, 3}, {3, 1, 2, 5}, {5, 1, 7, 4}, {16, 1, 20, 5}};
enum { EXAMPLE = COUNT(SHAPES) - 1 };

static void state_parameters(experiment_t *run) {
    const bool quick = experiment_quick(run);
    experiment_parameter(run, "Draws", "%.0f", quick ? DRAWS_QUICK : DRAWS, "layers");
    experiment_parameter(run, "Routers", "%.0f", quick ? ROUTERS_QUICK : ROUTERS, "routers");
}

// ---- Counts ----

static slong capacity(const bounds_layer_t *s) {
    return (slong)s->experts * bounds_phi_si(s->width, s->dimension);
}

// ---- Theorem 4.14 and Remark 4.15: random layers, mostly degenerate ----

typedef struct {
    slong layers, above, rich; // layers above N Phi(H, d), and with a cell above Phi(H, d)
    slong disagreements;       // between F and the list
} tally_t;

// Returns the most regions of a layer of that shape.
static slong draw_layers(experiment_t *run, const bounds_layer_t *s, uint32_t block, tally_t *tally) {
    const int draws = experiment_quick(run) ? DRAWS_QUICK : DRAWS;
    slong best = 0, first, second;
    layer_t *layer = experiment_memory(run, layer_build_alloc(s));
    stream_t stream = experiment_stream(run, DRAW_BLOCK + block);
    for (int i = 0; i < draws * LAYER_BUILD_KINDS; i++) {
        layer_build_draw(layer, (layer_build_kind_t)(i / draws), &stream);
        if (layer_twins(layer, &first, &second))
            continue;
        const roads_flats_t found = experiment_flats(run, layer);
        tally->layers++;
        tally->above += found.regions > capacity(s);
        tally->rich += found.richest > bounds_phi_si(s->width, s->dimension);
        tally->disagreements += experiment_list_layer(run, layer) != found.regions;
        best = found.regions > best ? found.regions : best;
    }
    layer_free(layer);
    return best;
}

// The walls z_i - z_j, i < j, of a random router.
static arrangement_t *draw_walls(experiment_t *run, slong experts, slong d, stream_t *stream) {
    arrangement_t *logits = experiment_memory(run, arrangement_random(experts, d, RANGE, stream));
    layer_t *router = experiment_memory(run, layer_alloc(experts, 1, 0, d));
    fmpz_mat_set(router->router, logits->rows);
    arrangement_t *walls = experiment_memory(run, layer_walls(router));
    arrangement_free(logits);
    layer_free(router);
    return walls;
}

// How many sets of three walls with dependent normals there are, each witnessed by its relation; *generic says whether
// nothing at all stands against general position (Definition 4.8 without (i), which (ii) implies for d >= 2).
static slong dependent_triples(experiment_t *run, slong experts, slong d, stream_t *stream, bool *generic) {
    arrangement_t *walls = draw_walls(run, experts, d, stream);
    generic_report_t report = {0};
    experiment_require(run, generic_examine(walls, &report), "generic_examine");
    slong triples = 0;
    for (slong i = 0; i < report.count; i++)
        triples += report.witnesses[i].size == 3 && generic_holds(&report.witnesses[i], walls);
    *generic = report.count == 0;
    generic_clear(&report);
    arrangement_free(walls);
    return triples;
}

static void check_hypothesis(experiment_t *run, const char *claim) {
    const int routers = experiment_quick(run) ? ROUTERS_QUICK : ROUTERS;
    slong passed = 0, examined = 0, missing = 0;
    bool generic;
    stream_t stream = experiment_stream(run, ROUTER_BLOCK);
    for (slong d = 2; d <= 4; d++)
        for (slong experts = 3; experts <= 5; experts++)
            for (int i = 0; i < routers; i++, examined++) {
                const slong triples = experts * (experts - 1) * (experts - 2) / 6;
                missing += dependent_triples(run, experts, d, &stream, &generic) < triples;
                passed += generic;
            }
    experiment_check(run, claim, "routers of 3 experts or more with walls in general position: d >= 2",
                     (double)passed, EQUAL, 0, 0);
    experiment_check(run, claim, "routers where three logits have independent walls", (double)missing, EQUAL,
                     0, 0);
    // Two experts have one wall, and nothing is wrong: the examination can say yes.
    dependent_triples(run, 2, 3, &stream, &generic);
    experiment_check(run, claim, "a router of 2 experts passes", generic, EQUAL, 1, 0);
    experiment_macro_integer(run, "RoutersExamined", examined);
}

static void decide_bound(experiment_t *run) {
    tally_t tally = {0};
    for (size_t i = 0; i < EXAMPLE; i++)
        draw_layers(run, &SHAPES[i], (uint32_t)i, &tally);
    check_hypothesis(run, "depth/thm-4.14");
    experiment_check(run, "depth/thm-4.14", "layers above N Phi(H;d)", (double)tally.above, EQUAL, 0, 0);
    experiment_check(run, "depth/thm-4.14", "disagreements between F and the list",
                     (double)tally.disagreements, EQUAL, 0, 0);
    experiment_check(run, "depth/rem-4.15", "layers with a cell above Phi(H;d)", (double)tally.rich, EQUAL, 0,
                     0);
    experiment_macro_integer(run, "Layers", tally.layers);
    experiment_claim(run, "depth/thm-4.14", VERDICT_HOLDS, METHOD_EXACT,
                     "top-one.csv; the inequality needs no position: proof in the section");
}

static void decide_remark(experiment_t *run) {
    static const char *const claim = "depth/rem-4.15";
    layer_t *layer = experiment_layer(run, "slicing-2-1-1-1.moe");
    tally_t tally = {0};
    const bounds_layer_t *shape = &SHAPES[0]; // two experts with a unit each, on a line: a wall for each cell
    const slong printed = 2 * bounds_phi_si(shape->width + 1, 1),
                reached = experiment_flats(run, layer).regions;
    experiment_check(run, claim, "one unit on each side of the wall: F", (double)reached, EQUAL,
                     (double)capacity(shape), 0);
    experiment_check(run, claim, "the same by the list", (double)experiment_list_layer(run, layer), EQUAL,
                     (double)reached, 0);
    experiment_check(run, claim, "no random layer of that shape has more",
                     (double)draw_layers(run, shape, EXAMPLE, &tally), AT_MOST, (double)reached, 0);
    experiment_check(run, claim, "less than Remark 4.15 says", (double)reached, AT_MOST, (double)printed - 1,
                     0);
    layer_free(layer);
    experiment_macro_integer(run, "RemarkPrinted", printed);
    experiment_macro_integer(run, "RemarkTrue", reached);
    experiment_claim(run, claim, VERDICT_FAILS, METHOD_EXACT, "data/instances/slicing-2-1-1-1.moe: 4 < 6");
}

// ---- Corollary 4.16: layers that attain the bound ----

//[core
// Pairs of a cell and d hyperplanes of its expert that meet in it: each point is solved in
// rationals, and its logits are compared. No polyhedron takes part.
static slong points_in_cells(experiment_t *run, const layer_t *layer) {
    fmpz_t pairs;
    fmpz_init(pairs);
    experiment_require(run, layer_identity_pairs(layer, layer->dimension, pairs), "the points");
    const slong result = fmpz_get_si(pairs);
    fmpz_clear(pairs);
    return result;
}

// Whether all N C(H, d) points are in their cells, which makes Phi(H, d) regions in each cell when
// the hyperplanes of each expert are in general position; and whether F has seen them.
static bool all_points_are_in(experiment_t *run, const layer_t *layer, const roads_flats_t *found) {
    const ulong width = (ulong)layer->width, d = (ulong)layer->dimension;
    const slong all = layer->experts * (bounds_phi_si(width, d) - bounds_phi_si(width, d - 1));
    return points_in_cells(run, layer) == all && found->level[d] == all;
}
//]core

// Builds a layer with N Phi(H, d) regions and counts it.
static void attain(experiment_t *run, const bounds_layer_t *s, bool biased, table_t *table) {
    static const char *const claim = "depth/cor-4.16";
    char what[TEXT], shape[TEXT / 2];
    layer_t *layer = experiment_memory(run, layer_build_alloc(s));
    experiment_require(run, layer_build_groups(layer, biased), "layer_build_groups");
    const roads_flats_t found = experiment_flats(run, layer);
    snprintf(shape, sizeof shape, "N=%lu H=%lu d=%lu%s", s->experts, s->width, s->dimension,
             biased ? " biased" : "");
    snprintf(what, sizeof what, "%s: regions by F", shape);
    experiment_check(run, claim, what, (double)found.regions, EQUAL, (double)capacity(s), 0);
    snprintf(what, sizeof what, "%s: all points in their cells; solved and by F", shape);
    experiment_check(run, claim, what, all_points_are_in(run, layer, &found), EQUAL, 1, 0);
    const slong row[] = {(slong)s->experts, (slong)s->width, (slong)s->dimension,      biased,
                         found.regions,     capacity(s),     found.level[s->dimension]};
    for (size_t c = 0; c < COUNT(row); c++)
        table_integer(table, row[c]);
    layer_free(layer);
}

static void decide_attained(experiment_t *run) {
    static const table_column_t columns[] = {{"experts", "1", NULL, ""},       {"width", "1", NULL, ""},
                                             {"dimension", "1", NULL, ""},     {"biased", "0 or 1", NULL, ""},
                                             {"regions", "regions", NULL, ""}, {"bound", "regions", NULL, ""},
                                             {"points", "points", NULL, ""}};
    const size_t shapes = experiment_quick(run) ? EXAMPLE : COUNT(SHAPES);
    size_t rows = 0;
    for (size_t i = 0; i < shapes; i++)
        rows += SHAPES[i].dimension == 1 ? 1 : 2;
    table_t *table =
        experiment_table(run, "", "top-1 layers that attain N Phi(H;d)", columns, COUNT(columns), rows);
    for (size_t i = 0; i < shapes; i++) {
        for (int biased = SHAPES[i].dimension == 1; biased <= 1; biased++)
            attain(run, &SHAPES[i], biased, table);
        experiment_progress(run, i + 1, shapes);
    }
    experiment_macro_integer(run, "Attained", (long long)rows);
    experiment_macro_integer(run, "Example", capacity(&SHAPES[EXAMPLE]));
    experiment_macro_integer(run, "ExamplePoints",
                             (long long)SHAPES[EXAMPLE].experts *
                                 (bounds_phi_si(SHAPES[EXAMPLE].width, SHAPES[EXAMPLE].dimension) -
                                  bounds_phi_si(SHAPES[EXAMPLE].width, SHAPES[EXAMPLE].dimension - 1)));
    experiment_claim(run, "depth/cor-4.16", VERDICT_HOLDS, METHOD_EXACT, "top-one.csv: exactly N Phi(H;d)");
}

static void run_top_one(experiment_t *run) {
    state_parameters(run);
    decide_bound(run);
    decide_remark(run);
    decide_attained(run);
    flint_cleanup();
}

int main(int argc, char **argv) {
    static const experiment_plan_t plan = {
        .name = "top-one",
        .brief = "top-1 layers: the bound N Phi(H,d), its hypothesis, and layers that attain it",
        .seed = 414,
        .run = run_top_one};
    return experiment_main(&plan, argc, argv);
}
