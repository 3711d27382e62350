// SPDX-License-Identifier: GPL-3.0-or-later
// The slicing theorem: how many regions a top-k layer can have, and where the printed bound is attained.
//
// CLAIMS (Sparsity is Combinatorial Depth, sections 4.2 and 5.1; the last one ours)
//   depth/thm-4.17a  top-k: at most binomial(N, k) Phi(kH, d), with all units and walls in general position
//   depth/rem-4.20   this is tight
//   depth/table-1    "exact capacity (tight bound)", and numbers of parameters
//   depth/cor-5.3    the scaling of the bound needs experts of at least d units: m <= floor(H / d)
//   depth/law-identity   the regions are as many as the pairs (J, I): I contains all owners of J, F_J meets V(I)
//
// DERIVATION. As derived in zaslavsky.c, the regions in V(I) are the sets J without broken circuit of the hyperplanes of I
// with F_J n V(I) not empty; in general position every J of at most d hyperplanes is one, which is the identity. So the
// bound binomial(N, k) Phi(kH, d) is attained if and only if every J is independent and meets every V(I) with
// I > owners(J). When (k-1) H >= d and 2 <= k < N there are J of d hyperplanes with at most k - 1 owners: F_J is a point,
// there are two such I, and their cells are disjoint. So the bound is not attained. In the plane with k = 2, the points
// P_ij = L_i n L_j of four experts' lines cannot all lie in V({i, j}): two of the lines, a and b, have P_ab as the middle
// one of their three points each; z_a - z_b is positive at the outer two on L_a and negative at those on L_b, and would
// be both at P_ab. So the pairs {i, j} that are good form no K_4, and by Turan there are floor(N^2 / 3) at most for each
// choice of a line of each expert.
#include "geometry/bounds.h"
#include "geometry/bounds_router.h"
#include "geometry/generic.h"
#include "geometry/layer_build.h"
#include "geometry/layer_identity.h"
#include "geometry/picture.h"
#include "io/experiment.h"
#include "io/experiment_instance.h"
#include "io/experiment_roads.h"

#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

// ---- Parameters ----

enum { TEXT = 256 };
enum { DRAWS = 40, DRAWS_QUICK = 3 };       // layers of each shape and kind
enum { GENERIC = 120, GENERIC_QUICK = 12 }; // layers in general position for the identity
enum { LINES = 5000, LINES_QUICK = 500 };   // draws of four lines
enum { DRAW_BLOCK = 0, GENERIC_BLOCK = 100000, LINE_BLOCK = 200000, WALL_BLOCK = 300000 };
enum { LISTED = 2000 }; // layers with at most so many regions are listed as well
static const ulong GRID_N = 8, GRID_H = 4, GRID_D = 5; // all shapes up to these

// The shapes of the redrawn Table 1, with a file that has as many regions as are possible, unless they are constructed.
typedef struct {
    bounds_layer_t shape; // N, k, H, d
    const char *file;
} case_t;

static const case_t CASES[] = {{{4, 1, 3, 2}, NULL},
                               {{5, 1, 2, 3}, NULL},
                               {{3, 2, 1, 1}, "slicing-3-2-1-1.moe"},
                               {{5, 2, 2, 1}, NULL},
                               {{8, 4, 2, 1}, NULL},
                               {{3, 2, 1, 2}, "slicing-3-2-1-2.moe"},
                               {{4, 2, 1, 2}, "slicing-4-2-1-2.moe"},
                               {{3, 2, 2, 2}, "slicing-3-2-2-2.moe"},
                               {{3, 2, 3, 2}, "slicing-3-2-3-2.moe"},
                               {{4, 2, 2, 2}, "slicing-4-2-2-2.moe"},
                               {{4, 3, 1, 2}, "slicing-4-3-1-2.moe"},
                               {{4, 3, 2, 2}, "slicing-4-3-2-2.moe"},
                               {{3, 2, 2, 3}, "slicing-3-2-2-3.moe"},
                               {{4, 2, 2, 3}, "slicing-4-2-2-3.moe"}};

static void state_parameters(experiment_t *run) {
    const bool quick = experiment_quick(run);
    experiment_parameter(run, "Draws", "%.0f", quick ? DRAWS_QUICK : DRAWS, "layers");
    experiment_parameter(run, "FourLines", "%.0f", quick ? LINES_QUICK : LINES, "draws");
    experiment_parameter(run, "GridExperts", "%.0f", (double)GRID_N, "experts");
    experiment_parameter(run, "GridWidth", "%.0f", (double)GRID_H, "units");
    experiment_parameter(run, "GridDimension", "%.0f", (double)GRID_D, "1");
}

// ---- Bounds ----

enum { PRINTED, POINTS, FLATS, WALLS, LIFTED, BOUNDS };
static const struct {
    const char *name;
    bounds_function_t compute;
} BOUND[BOUNDS] = {[PRINTED] = {"binomial(N;k) Phi(kH;d)", bounds_topk},
                   [POINTS] = {"(U1)", bounds_points},
                   [FLATS] = {"(U)", bounds_flats},
                   [WALLS] = {"Phi(NH + binomial(N;2);d)", bounds_walls},
                   [LIFTED] = {"(L)", bounds_lifted}};

static slong line_cells(experiment_t *run, ulong experts, ulong active) {
    ulong cells[BOUNDS_LINE_EXPERTS + 1];
    experiment_require(run, bounds_line(experts, cells), "bounds_line");
    return (slong)cells[active];
}

// What the proposition on four lines takes from (U): for k = 2 in the plane, of the binomial(N, 2) H^2 crossings of lines
// of two experts, at most floor(N^2 / 3) H^2 lie in the cell of their owners.
static slong lost_crossings(const bounds_layer_t *s) {
    const ulong n = s->experts;
    return s->active == 2 && s->dimension == 2 ? (slong)((n * (n - 1) / 2 - n * n / 3) * s->width * s->width)
                                               : 0;
}

// The least number that is proved to be no less than the regions of any layer of this shape.
static slong least_bound(experiment_t *run, const bounds_layer_t *s) {
    slong least = experiment_bound(run, bounds_topk, s);
    for (int b = POINTS; b < BOUNDS; b++) {
        const slong value = experiment_bound(run, BOUND[b].compute, s);
        least = value < least ? value : least;
    }
    if (s->dimension == 1) // cells of the router, and one more for each unit
        least = (slong)(s->experts * s->width) + line_cells(run, s->experts, s->active);
    const slong planar = experiment_bound(run, bounds_flats, s) - lost_crossings(s);
    return planar < least ? planar : least;
}

// ---- Counts ----

// What has been seen of all layers that were counted.
typedef struct {
    slong layers, refused;                // V refuses those in special position
    slong disagreements;                  // between F, V and the list
    slong violations[BOUNDS], rich_cells; // layers above a bound; with a cell above Phi(kH, d)
    slong in_file[COUNT(CASES)];          // regions of the files
    layer_t *layer[COUNT(CASES)];         // their layers
} tally_t;

// Counts a layer by all roads and compares it with all bounds.
static slong examine(experiment_t *run, const layer_t *layer, const bounds_layer_t *s, tally_t *tally) {
    const roads_flats_t flats = experiment_flats(run, layer);
    const slong regions = flats.regions, vertices = experiment_vertices(run, layer);
    tally->layers++;
    tally->refused += vertices < 0;
    tally->disagreements += vertices >= 0 && vertices != regions;
    tally->disagreements += regions <= LISTED && experiment_list_layer(run, layer) != regions;
    for (int b = 0; b < BOUNDS; b++)
        tally->violations[b] += regions > experiment_bound(run, BOUND[b].compute, s);
    tally->rich_cells += flats.richest > bounds_phi_si(s->active * s->width, s->dimension);
    return regions;
}

// ---- Theorem 4.17 and Table 1: shape after shape ----

static slong draw_layers(experiment_t *run, const bounds_layer_t *s, uint32_t block, tally_t *tally) {
    const int draws = experiment_quick(run) ? DRAWS_QUICK : DRAWS;
    slong best = 0, first, second;
    layer_t *layer = experiment_memory(run, layer_build_alloc(s));
    stream_t stream = experiment_stream(run, block);
    for (int kind = 0; kind < LAYER_BUILD_KINDS; kind++)
        for (int i = 0; i < draws; i++) {
            layer_build_draw(layer, (layer_build_kind_t)kind, &stream);
            if (layer_twins(layer, &first, &second))
                continue;
            const slong regions = examine(run, layer, s, tally);
            best = regions > best ? regions : best;
        }
    layer_free(layer);
    return best;
}

// The router of data/slicing-lines.csv, or one whose upper envelope has all logits; its negative has the same number
// of top-(N-k) cells.
static layer_t *line_layer(experiment_t *run, const sheet_t *sheet, const bounds_layer_t *s) {
    layer_t *layer = experiment_memory(run, layer_build_alloc(s));
    const ulong k = s->active, few = 2 * k <= s->experts ? k : s->experts - k;
    slong row = 0;
    double number[4];
    for (size_t i = 0; few >= 2 && i < sheet->rows; i++) {
        for (size_t c = 0; c < 4; c++)
            number[c] = strtod(sheet_cell(sheet, i, c), NULL);
        if (number[0] != (double)s->experts || number[1] != (double)few)
            continue;
        fmpz_set_si(fmpz_mat_entry(layer->router, row, 0), (slong)number[2]);
        fmpz_set_si(fmpz_mat_entry(layer->router, row++, 1), (slong)number[3]);
    }
    for (slong i = 0; few < 2 && i < layer->experts; i++) {
        fmpz_set_si(fmpz_mat_entry(layer->router, i, 0), 2 * i);
        fmpz_set_si(fmpz_mat_entry(layer->router, i, 1), -i * i);
    }
    if (few != k)
        fmpz_mat_neg(layer->router, layer->router);
    experiment_require(run, layer_build_line(layer), "layer_build_line");
    return layer;
}

// What is constructed: groups for top-1, the line for d = 1, a file otherwise.
static slong constructed(experiment_t *run, const sheet_t *lines, const case_t *c, tally_t *tally) {
    const bounds_layer_t *s = &c->shape;
    slong regions = 0;
    if (c->file != NULL) {
        layer_t *layer = tally->layer[c - CASES] = experiment_layer(run, c->file);
        return tally->in_file[c - CASES] = examine(run, layer, s, tally);
    }
    if (s->dimension > 1 && s->active > 1)
        return regions;
    layer_t *layer =
        s->dimension == 1 ? line_layer(run, lines, s) : experiment_memory(run, layer_build_alloc(s));
    if (s->dimension > 1)
        experiment_require(run, layer_build_groups(layer, true), "layer_build_groups");
    regions = examine(run, layer, s, tally);
    layer_free(layer);
    return regions;
}

static void write_case(table_t *table, experiment_t *run, const case_t *c, slong best, slong least) {
    table_integer(table, (long long)c->shape.experts);
    table_integer(table, (long long)c->shape.active);
    table_integer(table, (long long)c->shape.width);
    table_integer(table, (long long)c->shape.dimension);
    for (int b = 0; b < BOUNDS; b++)
        table_integer(table, experiment_bound(run, BOUND[b].compute, &c->shape));
    table_integer(table, best);
    table_integer(table, least);
}

// Every shape: random and constructed layers against all bounds. The richest ones are the entries of Table 1.
static void examine_cases(experiment_t *run, const sheet_t *lines, tally_t *tally) {
    static const table_column_t columns[] = {{"experts", "1", NULL, ""},
                                             {"active", "1", NULL, ""},
                                             {"width", "1", NULL, ""},
                                             {"dimension", "1", NULL, ""},
                                             {"printed", "regions", NULL, ""},
                                             {"u1", "regions", NULL, ""},
                                             {"u", "regions", NULL, ""},
                                             {"walls", "regions", NULL, ""},
                                             {"lifted", "regions", NULL, NULL},
                                             {"best", "regions", NULL, ""},
                                             {"least_bound", "regions", NULL, NULL}};
    table_t *table = experiment_table(run, "", "bounds and the most regions that a layer of a shape has",
                                      columns, COUNT(columns), COUNT(CASES));
    slong attained = 0, missed = 0;
    for (size_t i = 0; i < COUNT(CASES); i++) {
        const bounds_layer_t *s = &CASES[i].shape;
        const slong made = constructed(run, lines, &CASES[i], tally);
        const slong drawn = draw_layers(run, s, DRAW_BLOCK + (uint32_t)i, tally);
        const slong best = made > drawn ? made : drawn, least = least_bound(run, s);
        write_case(table, run, &CASES[i], best, least);
        missed += best != least;
        attained += s->active > 1 && best == experiment_bound(run, bounds_topk, s);
        experiment_progress(run, i + 1, COUNT(CASES));
    }
    experiment_check(run, "depth/table-1", "shapes whose richest layer misses the least bound",
                     (double)missed, EQUAL, 0, 0);
    experiment_macro_integer(run, "Attained", attained);
}

// The hypothesis of Theorem 4.17, of which the walls are a part: how many routers with N >= 3 in d >= 2 dimensions meet it.
static slong routers_in_general_position(experiment_t *run) {
    slong met = 0;
    bool generic;
    for (size_t i = 0; i < COUNT(CASES); i++) {
        const bounds_layer_t *s = &CASES[i].shape;
        if (s->experts < 3 || s->dimension < 2)
            continue;
        layer_t *layer = experiment_memory(run, layer_build_alloc(s));
        stream_t stream = experiment_stream(run, WALL_BLOCK + (uint32_t)i);
        layer_build_draw(layer, LAYER_BUILD_GENERIC, &stream);
        arrangement_t *walls = experiment_memory(run, layer_walls(layer));
        experiment_require(run, generic_is(walls, &generic), "generic_is");
        met += generic;
        arrangement_free(walls);
        layer_free(layer);
    }
    return met;
}

static void decide_upper_bounds(experiment_t *run, const tally_t *tally) {
    char what[TEXT];
    experiment_check_integer(run, "depth/thm-4.17a",
                             "routers that meet the printed hypothesis: N >= 3 and d >= 2",
                             routers_in_general_position(run), 0);
    for (int b = 0; b < BOUNDS; b++) {
        snprintf(what, sizeof what, "layers above %s", BOUND[b].name);
        experiment_check(run, "depth/thm-4.17a", what, (double)tally->violations[b], EQUAL, 0, 0);
    }
    experiment_check(run, "depth/thm-4.17a", "disagreements between F and V and the list",
                     (double)tally->disagreements, EQUAL, 0, 0);
    experiment_check(run, "depth/thm-4.17a", "layers with a cell above Phi(kH;d)", (double)tally->rich_cells,
                     EQUAL, 0, 0);
    experiment_macro_integer(run, "Layers", tally->layers);
    experiment_macro_integer(run, "Refused", tally->refused);
    experiment_claim(run, "depth/thm-4.17a", VERDICT_AMENDED, METHOD_EXACT,
                     "(z1-z2) + (z2-z3) = z1-z3; the bound needs no position: slicing.csv and proof by (U)");
}

// ---- The counting identity ----

//[core

// Three roads: the right-hand side of the identity, which takes each set J of at most d hyperplanes and
// finds the coalitions that contain its owners and whose cells the flat of J meets; cell by cell (F); and
// by lowest vertices (V), which shares no code. The first refuses what is degenerate.
static bool identity_holds(experiment_t *run, const layer_t *layer, slong *regions) {
    fmpz_t sum;
    fmpz_init(sum);
    experiment_require(run, layer_identity_sum(layer, sum), "general position");
    *regions = experiment_flats(run, layer).regions;
    const bool holds = fmpz_equal_si(sum, *regions) && experiment_vertices(run, layer) == *regions;
    fmpz_clear(sum);
    return holds;
}

// U < binomial(N, k) Phi(kH, d) exactly when d hyperplanes can leave a choice of coalitions.
static bool never_tight(const bounds_layer_t *s) {
    return 2 <= s->active && s->active < s->experts && (s->active - 1) * s->width >= s->dimension;
}
//]core

static void decide_identity(experiment_t *run) {
    static const char *const claim = "depth/law-identity";
    static const table_column_t columns[] = {{"experts", "1", NULL, ""},       {"active", "1", NULL, ""},
                                             {"width", "1", NULL, ""},         {"dimension", "1", NULL, ""},
                                             {"regions", "regions", NULL, ""}, {"agree", "0 or 1", NULL, ""}};
    const int layers = experiment_quick(run) ? GENERIC_QUICK : GENERIC;
    table_t *table = experiment_table(run, "identity", "regions by the identity; by F and by V", columns,
                                      COUNT(columns), (size_t)layers);
    slong agree = 0, largest = 0;
    for (int i = 0; i < layers; i++) {
        stream_t stream = experiment_stream(run, GENERIC_BLOCK + (uint32_t)i);
        const slong experts = stream_pick(&stream, 2, 5);
        const bounds_layer_t s = {(ulong)experts, (ulong)stream_pick(&stream, 1, experts),
                                  (ulong)stream_pick(&stream, 1, 3), (ulong)stream_pick(&stream, 1, 3)};
        layer_t *layer = experiment_memory(run, layer_build_alloc(&s));
        layer_build_draw(layer, LAYER_BUILD_GENERIC, &stream);
        slong regions;
        const bool holds = identity_holds(run, layer, &regions);
        agree += holds;
        largest = regions > largest ? regions : largest;
        const slong row[] = {experts, (slong)s.active, (slong)s.width, (slong)s.dimension, regions, holds};
        for (size_t c = 0; c < COUNT(row); c++)
            table_integer(table, row[c]);
        layer_free(layer);
    }
    experiment_check(run, claim, "layers where the sum of flats and F and V agree", (double)agree, EQUAL,
                     layers, 0);
    experiment_macro_integer(run, "Identities", layers);
    experiment_macro_integer(run, "IdentityLargest", largest);
    experiment_claim(run, claim, VERDICT_HOLDS, METHOD_EXACT, "slicing.identity.csv");
}

// ---- Remark 4.20: tightness ----

// All shapes of the grid: the proven condition and the integers say the same.
static void check_grid(experiment_t *run) {
    slong shapes = 0, excluded = 0, wrong = 0;
    for (ulong n = 1; n <= GRID_N; n++)
        for (ulong k = 1; k <= n; k++)
            for (ulong h = 1; h <= GRID_H; h++)
                for (ulong d = 1; d <= GRID_D; d++, shapes++) {
                    const bounds_layer_t s = {n, k, h, d};
                    const slong printed = experiment_bound(run, bounds_topk, &s);
                    excluded += never_tight(&s);
                    wrong += (experiment_bound(run, bounds_flats, &s) < printed) != never_tight(&s);
                    wrong += (experiment_bound(run, bounds_points, &s) < printed) != never_tight(&s);
                }
    experiment_check(run, "depth/rem-4.20", "shapes where (U) or (U1) and the condition differ",
                     (double)wrong, EQUAL, 0, 0);
    experiment_macro_integer(run, "GridShapes", shapes);
    experiment_macro_integer(run, "GridExcluded", excluded);
}

// Where line a meets line b, in homogeneous coordinates with w > 0; w = 0 when they are parallel.
static void meet_lines(const slong a[3], const slong b[3], slong point[3]) {
    for (int i = 0; i < 3; i++)
        point[i] = a[(i + 1) % 3] * b[(i + 2) % 3] - a[(i + 2) % 3] * b[(i + 1) % 3];
    for (int i = 0; i < 3 && point[2] < 0; i++)
        point[i] = -point[i];
    if (point[2] < 0)
        point[2] = -point[2];
}

// The line that meets line a between the two others; -1 when two of the points coincide or a line is parallel.
static int middle_line(slong lines[4][3], int a) {
    slong at[4], weight[4];
    for (int b = 0; b < 4; b++) {
        slong point[3];
        meet_lines(lines[a], lines[b], point);
        at[b] = point[0] * -lines[a][1] + point[1] * lines[a][0]; // along the line
        weight[b] = point[2];
        if (b != a && weight[b] == 0)
            return -1;
    }
    for (int b = 0; b < 4; b++) {
        int before = 0, after = 0;
        for (int c = 0; b != a && c < 4; c++)
            if (c != a && c != b) {
                before += at[c] * weight[b] < at[b] * weight[c];
                after += at[c] * weight[b] > at[b] * weight[c];
            }
        if (before == 1 && after == 1)
            return b;
    }
    return -1;
}

// Draws of four lines in general position: some two of them meet in the middle point of both.
static void check_four_lines(experiment_t *run) {
    const int draws = experiment_quick(run) ? LINES_QUICK : LINES;
    slong generic = 0, mutual = 0;
    stream_t stream = experiment_stream(run, LINE_BLOCK);
    for (int i = 0; i < draws; i++) {
        slong lines[4][3];
        for (int l = 0; l < 12; l++)
            lines[l / 3][l % 3] = stream_pick(&stream, -20, 20);
        int middle[4];
        bool good = true, found = false;
        for (int a = 0; a < 4; a++)
            good &= (middle[a] = middle_line(lines, a)) >= 0;
        for (int a = 0; good && a < 4; a++)
            found |= middle[middle[a]] == a;
        generic += good;
        mutual += found;
    }
    experiment_check(run, "depth/rem-4.20", "four lines without two that meet in the middle of both",
                     (double)(generic - mutual), EQUAL, 0, 0);
    experiment_check(run, "depth/rem-4.20", "draws of four lines in general position", (double)generic,
                     AT_LEAST, draws / 2, 0);
}

// A file's count against the printed bound: equal to it, or to a lesser one.
static void check_file(experiment_t *run, const char *claim, const case_t *c, const tally_t *tally) {
    char what[TEXT];
    const slong regions = tally->in_file[c - CASES], printed = experiment_bound(run, bounds_topk, &c->shape);
    const bool less = least_bound(run, &c->shape) < printed;
    snprintf(what, sizeof what, "%s: regions and the least bound", c->file);
    experiment_check(run, claim, what, (double)regions, EQUAL, (double)least_bound(run, &c->shape), 0);
    snprintf(what, sizeof what, "%s: %s the printed bound", c->file, less ? "less than" : "attains");
    experiment_check(run, claim, what, (double)regions, less ? AT_MOST : EQUAL, (double)(printed - less), 0);
}

// All files, or that of one shape only.
static void check_files(experiment_t *run, const char *claim, const bounds_layer_t *only,
                        const tally_t *tally) {
    for (size_t i = 0; i < COUNT(CASES); i++)
        if (CASES[i].file != NULL && (only == NULL || memcmp(only, &CASES[i].shape, sizeof *only) == 0))
            check_file(run, claim, &CASES[i], tally);
}

static void decide_tightness(experiment_t *run, const tally_t *tally) {
    check_grid(run);
    check_four_lines(run);
    check_files(run, "depth/rem-4.20", NULL, tally);
    experiment_claim(run, "depth/rem-4.20", VERDICT_FAILS, METHOD_EXACT,
                     "data/instances/slicing-3-2-1-1.moe: at most 6 < 9; no constant is free of N: "
                     "slicing-growth.share.csv");
}

// Corollary 5.3: splitting every expert of a layer (N, k, H) in m makes (mN, mk, H/m).
static void decide_granularity(experiment_t *run, const tally_t *tally) {
    static const char *const claim = "depth/cor-5.3";
    const bounds_layer_t split = {4, 2, 2, 3}, narrow = {3, 2, 1, 2}, wide = {3, 2, 2, 2};
    const ulong parts = 2, width = parts * split.width; // (2, 1, 4, 3) in two parts
    experiment_check(run, claim, "m exceeds floor(H/d)", (double)parts, AT_LEAST,
                     (double)(width / split.dimension + 1), 0);
    check_files(run, claim, &split, tally);
    experiment_macro_integer(run, "Split", experiment_bound(run, bounds_topk, &split));
    check_files(run, claim, &narrow, tally);
    check_files(run, claim, &wide, tally);
    experiment_claim(
        run, claim, VERDICT_FAILS, METHOD_EXACT,
        "data/instances/slicing-4-2-2-3.moe and slicing-3-2-1-2.moe attain the bound with H < d");
}

// ---- Table 1, and the line ----

// Entries of a layer without biases, as Table 1 counts parameters.
static slong parameters_of(experiment_t *run, const bounds_layer_t *s) {
    layer_t *layer = experiment_memory(run, layer_build_alloc(s));
    const slong entries = (fmpz_mat_nrows(layer->router) + fmpz_mat_nrows(layer->rows)) * layer->dimension;
    layer_free(layer);
    return entries;
}

static void decide_table(experiment_t *run, const tally_t *tally) {
    static const char *const claim = "depth/table-1";
    const slong n = 16, k = 4, h = 20, d = 5; // Example 4.21, experts of H/k units
    const bounds_layer_t normalised = {16, 4, 5, 5};
    const slong parameters = parameters_of(run, &normalised);
    experiment_check(run, claim, "total parameters normalised are NHd/k + Nd", (double)parameters, EQUAL,
                     (double)(n * h * d / k + n * d), 0);
    experiment_check(run, claim, "less than the printed NHd + Nd", (double)parameters, AT_MOST,
                     (double)(n * h * d + n * d - 1), 0);
    check_files(run, claim, NULL, tally);
    experiment_macro_integer(run, "Parameters", parameters);
    experiment_macro_integer(run, "ParametersPrinted", n * h * d + n * d);
    experiment_claim(run, claim, VERDICT_FAILS, METHOD_EXACT, "slicing.csv; NHd/k + Nd parameters");
}

// d = 1: NH + t(N, k, 1) for all N <= 8, counted.
static void examine_lines(experiment_t *run, const sheet_t *sheet, tally_t *tally) {
    static const table_column_t columns[] = {{"experts", "1", NULL, ""},
                                             {"active", "1", NULL, ""},
                                             {"cells", "cells", NULL, ""},
                                             {"swaps", "cells", NULL, ""},
                                             {"regions", "regions", NULL, ""}};
    size_t rows = 0;
    for (ulong n = 2; n <= BOUNDS_LINE_EXPERTS; n++)
        rows += n - 1;
    table_t *table =
        experiment_table(run, "line", "t(N;k;1); the bound 1 + k(N-k); regions with two units each", columns,
                         COUNT(columns), rows);
    slong attained = 0;
    for (ulong n = 2; n <= BOUNDS_LINE_EXPERTS; n++)
        for (ulong k = 1; k < n; k++) {
            const bounds_layer_t s = {n, k, 2, 1};
            layer_t *layer = line_layer(run, sheet, &s);
            const slong regions = examine(run, layer, &s, tally), cells = line_cells(run, n, k);
            attained += regions == 2 * (slong)n + cells;
            const slong row[] = {(slong)n, (slong)k, cells, (slong)(1 + k * (n - k)), regions};
            for (size_t c = 0; c < COUNT(row); c++)
                table_integer(table, row[c]);
            layer_free(layer);
        }
    experiment_macro_integer(run, "CellsFourTwo", line_cells(run, 4, 2));
    experiment_macro_integer(run, "CellsSixThree", line_cells(run, 6, 3));
    experiment_macro_integer(run, "CellsEightThree", line_cells(run, 8, 3));
    experiment_macro_integer(run, "CellsEightFour", line_cells(run, 8, 4));
    experiment_check(run, "depth/rem-4.20", "d = 1: shapes that reach NH + t(N;k;1)", (double)attained, EQUAL,
                     (double)rows, 0);
}

// ---- The figure: three layers of the plane ----

// What is drawn: shapes with k = 2 in the plane.
static const bounds_layer_t DRAWN[] = {{3, 2, 1, 2}, {4, 2, 1, 2}, {3, 2, 2, 2}};
static const double MARGIN = 0.2; // of the window, around the crossings of all units

static planar_line_t line_of(const fmpz *row) {
    return (planar_line_t){{fmpz_get_d(row), fmpz_get_d(row + 1)}, fmpz_get_d(row + 2)};
}

// The least square window around the crossings of any two units, of side 1 in places.
static picture_frame_t window_of(const layer_t *layer) {
    double low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY};
    planar_point_t p;
    for (slong i = 0; i < layer->experts * layer->width; i++)
        for (slong j = 0; j < i; j++)
            if (planar_meet(line_of(layer->rows->rows[i]), line_of(layer->rows->rows[j]), &p)) {
                low[0] = fmin(low[0], p.x);
                low[1] = fmin(low[1], p.y);
                high[0] = fmax(high[0], p.x);
                high[1] = fmax(high[1], p.y);
            }
    const double side = fmax(high[0] - low[0], high[1] - low[1]) * (1 + 2 * MARGIN);
    return (picture_frame_t){.origin = {(low[0] + high[0] - side) / 2, (low[1] + high[1] - side) / 2},
                             .right = {side, 0},
                             .up = {0, side},
                             .width = 1,
                             .height = 1};
}

// Coordinates to 1e-4, and no negative zero.
static void table_segment(table_t *table, planar_point_t from, planar_point_t to) {
    const double numbers[] = {from.x, from.y, to.x, to.y};
    for (size_t i = 0; i < COUNT(numbers); i++)
        table_real(table, nearbyint(numbers[i] * 1e4) / 1e4 + 0.0);
}

static void write_sides(table_t *table, size_t panel, const picture_t *picture) {
    for (size_t c = 0; c < picture->cells; c++)
        for (size_t i = 0; i < picture->cell[c].corners; i++) {
            const planar_point_t *corner = picture->corner + picture->cell[c].corner;
            table_integer(table, (long long)panel + 1);
            table_integer(table, (long long)c);
            table_integer(table, picture->cell[c].colour);
            table_segment(table, corner[i], corner[(i + 1) % picture->cell[c].corners]);
        }
}

static void write_folds(table_t *table, size_t panel, const picture_t *picture, const layer_t *layer) {
    for (size_t i = 0; i < picture->folds; i++) {
        table_integer(table, (long long)panel + 1);
        table_integer(table, layer_owner(layer, picture->fold[i].row) + 1);
        table_segment(table, picture->fold[i].from, picture->fold[i].to);
    }
}

// Names keep away from points along the folds.
static void write_names(table_t *table, size_t panel, const picture_t *picture) {
    enum { STEPS = 60, MOST = 2000 };
    planar_point_t avoid[MOST];
    size_t points = 0;
    for (size_t i = 0; i < picture->folds; i++)
        for (int step = 0; step <= STEPS && points < MOST; step++) {
            const planar_point_t from = picture->fold[i].from, to = picture->fold[i].to;
            const double part = (double)step / STEPS;
            avoid[points++] =
                (planar_point_t){from.x + part * (to.x - from.x), from.y + part * (to.y - from.y)};
        }
    for (size_t c = 0; c < picture->cells; c++) {
        double room;
        const planar_point_t place = picture_name_place(picture, c, avoid, points, 0, &room);
        table_integer(table, (long long)panel + 1);
        table_integer(table, picture->members[2 * c] + 1);
        table_integer(table, picture->members[2 * c + 1] + 1);
        table_segment(table, place, (planar_point_t){room, picture->cell[c].area});
    }
}

// The layer of a file by its shape.
static const layer_t *drawn_layer(const tally_t *tally, const bounds_layer_t *s) {
    size_t i = 0;
    while (memcmp(&CASES[i].shape, s, sizeof *s) != 0)
        i++;
    return tally->layer[i];
}

static void draw_figure(experiment_t *run, const tally_t *tally) {
    static const table_column_t sides[] = {{"panel", "1", NULL, NULL},       {"cell", "1", NULL, NULL},
                                           {"colour", "0 to 5", NULL, NULL}, {"x0", "1", "%.4f", NULL},
                                           {"y0", "1", "%.4f", NULL},        {"x1", "1", "%.4f", NULL},
                                           {"y1", "1", "%.4f", NULL}};
    static const table_column_t folds[] = {{"panel", "1", NULL, NULL}, {"expert", "1", NULL, NULL},
                                           {"x0", "1", "%.4f", NULL},  {"y0", "1", "%.4f", NULL},
                                           {"x1", "1", "%.4f", NULL},  {"y1", "1", "%.4f", NULL}};
    static const table_column_t names[] = {{"panel", "1", NULL, NULL},       {"first", "expert", NULL, NULL},
                                           {"second", "expert", NULL, NULL}, {"x", "1", "%.4f", NULL},
                                           {"y", "1", "%.4f", NULL},         {"room", "1", "%.4f", NULL},
                                           {"area", "1", "%.4f", NULL}};
    const layer_t *layers[COUNT(DRAWN)];
    picture_t pictures[COUNT(DRAWN)] = {0};
    size_t corners = 0, segments = 0, cells = 0;
    for (size_t p = 0; p < COUNT(DRAWN); p++) {
        layers[p] = drawn_layer(tally, &DRAWN[p]);
        const picture_frame_t window = window_of(layers[p]);
        experiment_require(run, picture_draw(layers[p], &window, &pictures[p]), "picture_draw");
        corners += pictures[p].corners;
        segments += pictures[p].folds;
        cells += pictures[p].cells;
    }
    table_t *tables[] = {
        experiment_table(run, "cells", "the cells of the coalitions: their sides", sides, COUNT(sides),
                         corners),
        experiment_table(run, "folds", "units inside the cells where they are active", folds, COUNT(folds),
                         segments),
        experiment_table(run, "names", "coalitions and where their names stand", names, COUNT(names), cells)};
    for (size_t p = 0; p < COUNT(DRAWN); p++) {
        write_sides(tables[0], p, &pictures[p]);
        write_folds(tables[1], p, &pictures[p], layers[p]);
        write_names(tables[2], p, &pictures[p]);
        picture_clear(&pictures[p]);
    }
}

static void run_slicing(experiment_t *run) {
    tally_t tally = {0};
    sheet_t lines;
    state_parameters(run);
    experiment_read(run, "slicing-lines.csv", &lines);
    examine_cases(run, &lines, &tally);
    examine_lines(run, &lines, &tally);
    decide_identity(run);
    decide_tightness(run, &tally);
    decide_granularity(run, &tally);
    decide_table(run, &tally);
    decide_upper_bounds(run, &tally);
    draw_figure(run, &tally);
    for (size_t i = 0; i < COUNT(CASES); i++)
        layer_free(tally.layer[i]);
    sheet_free(&lines);
    flint_cleanup();
}

int main(int argc, char **argv) {
    static const experiment_plan_t plan = {.name = "slicing",
                                           .brief = "the slicing theorem: exact counts against its bound, "
                                                    "where it is attained and where it cannot be",
                                           .seed = 2602,
                                           .run = run_slicing};
    return experiment_main(&plan, argc, argv);
}
