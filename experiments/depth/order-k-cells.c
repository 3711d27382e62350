// SPDX-License-Identifier: GPL-3.0-or-later
// The cells of a top-k router: hypersimplices, and where convexity ends.
//
// CLAIMS (Sparsity is Combinatorial Depth, section 4.1 and Appendix A)
//   depth/thm-4.5a  the top-k cells are the normal fan of the projected hypersimplex; single swaps suffice
//   depth/thm-4.5b  the region served by one expert is not convex
//   depth/thm-4.5c  the k(N-k) half-spaces of a cell are a minimal representation
//   depth/ex-4.6, depth/fig-4  three experts, two active: cones, and the union of two
//   depth/rem-4.7   the softmax leaves the walls where they are
//
// DERIVATION. Let v_I be the sum of the rows (w_i, b_i), i in I. I is chosen at x if and only if (x, 1) is greatest at
// v_I alone among all v_J. So the cells are the vertices of conv{v_I} plus the ray (0, -1), and without biases those of
// conv{v_I}, if no two rows are equal; facets between cells are the bounded edges. On a facet the logits that are tied
// at the threshold have rows on a line. With t of them, s of which are chosen, min(s, t - s) are exchanged, so that
// neighbours differ by one swap unless four rows lie on a line.
//
// Where the w_i are affinely independent (N <= d + 1), x can be chosen with any prescribed differences of logits. Then
//   not convex  2 <= k <= N - 1, expert i. A and B: sets of k - 1 others with k - 2 in common. At p the logits are 3 on
//               A, 0 for i and -1 elsewhere; at q the same with B. Expert i is served at p and at q. Half-way the k
//               experts of A u B have logits >= 1 and i has 0.
//   minimal     u in I, v not in I: with z_u = z_v = 0, the other members at 1 and all others at -1, only one of the
//               k(N-k) inequalities is an equality: each is a facet, and all C(N,k) cells exist.
#include "geometry/cells.h"
#include "geometry/hypersimplex.h"
#include "geometry/picture.h"
#include "geometry/router.h"
#include "io/experiment.h"
#include "io/experiment_instance.h"
#include "routing/gates.h"

#include <flint/flint.h>
#include <flint/fmpz_vec.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_sf_gamma.h>
#include <math.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

// ---- Parameters ----

// Random routers: experts, dimension, with biases or without, how many (and in a quick run), entries in -range..range.
typedef struct {
    slong experts, dimension;
    bool biased;
    int routers, quick;
    slong range;
} shape_t;

static const shape_t SHAPES[] = {
    {4, 1, true, 100, 4, 99}, {8, 1, true, 50, 1, 99},   {6, 2, true, 50, 1, 99},  {6, 3, true, 20, 1, 99},
    {6, 4, true, 10, 1, 99},  {3, 2, false, 100, 4, 99}, {5, 2, false, 50, 2, 99}, {8, 2, false, 30, 1, 99},
    {4, 3, false, 50, 2, 99}, {6, 3, false, 30, 1, 99},  {5, 4, false, 30, 1, 99}, {7, 4, false, 10, 1, 99},
    {6, 1, true, 100, 4, 2},  {6, 2, true, 100, 3, 1},   {6, 2, false, 100, 3, 2}};
enum { MOST_EXPERTS = 16 };
static const slong INDEPENDENT_UP_TO = 5, INDEPENDENT_QUICK = 3; // dimensions of affinely independent rows
static const slong INDEPENDENT_RANGE = 99;
static const int INDEPENDENT_EACH = 5;         // routers of each shape
static const uint32_t INDEPENDENT_BLOCK = 101; // of random streams; a shape's is its number
static const char *const TEMPERATURES[] = {"1/100", "1/10", "1", "10", "100"};
static const ulong NEAR = 100; // near ties: 2^-NEAR of the way from a wall to the middle of the cell
static const slong LAST_PRECISION = 4096; // bits
static const double HALF = 1;             // the figure shows [-HALF, HALF]^2
static const char *const T45A = "depth/thm-4.5a", *const T45B = "depth/thm-4.5b",
                         *const T45C = "depth/thm-4.5c", *const E46 = "depth/ex-4.6",
                         *const F4 = "depth/fig-4", *const R47 = "depth/rem-4.7";

static layer_t *draw_router(experiment_t *run, const shape_t *shape, stream_t *stream) {
    return experiment_memory(
        run, router_draw(shape->experts, shape->dimension, shape->biased, shape->range, stream));
}

static cells_t cells_of(experiment_t *run, const layer_t *layer) {
    cells_t cells;
    experiment_require(run, cells_find(layer, &cells), "cells_find");
    return cells;
}

// ---- What is counted of random routers ----

// Defects are counted, and are to be 0.
typedef struct {
    long swaps, generic_swaps; // the most across one facet; where no four rows are on a line
    long routers, cells, proofs, vertices, inputs, pairs, edges, facets, halfspaces, served, convex;
    long not_chosen, not_closed, not_joined, unlawful, not_vertices, bad_proofs, not_edges, bad_gaps,
        not_convex;
} tally_t;

static void add_tally(tally_t *to, const tally_t *from) {
    const long swaps = GSL_MAX(to->swaps, from->swaps);
    const long generic_swaps = GSL_MAX(to->generic_swaps, from->generic_swaps);
    long *sum = (long *)to;
    const long *term = (const long *)from;
    for (size_t i = 0; i < sizeof *to / sizeof *sum; i++)
        sum[i] += term[i];
    to->swaps = swaps;
    to->generic_swaps = generic_swaps;
}

// Whether the experts tied on a facet have rows on a line, and min(s, t - s) of them are exchanged.
static bool is_lawful(const cells_t *cells, slong c, const cells_facet_t *facet) {
    slong tied[MOST_EXPERTS], t = 0, s = 0;
    for (slong i = 0; i < cells->layer->experts; i++)
        if (router_sign(cells->layer, i, facet->member, facet->point) == 0) {
            tied[t++] = i;
            s += cells_has(cells, c, i);
        }
    return t == facet->tied && router_on_a_line(cells->layer, tied, t) && facet->swaps == GSL_MIN(s, t - s);
}

// Interior points, closedness under all inequalities, neighbours that know each other, swaps.
static void examine_complex(const cells_t *cells, tally_t *tally) {
    const layer_t *layer = cells->layer;
    for (slong c = 0; c < cells->count; c++) {
        const cells_cell_t *cell = cells->cell + c;
        tally->not_chosen += !router_chosen(layer, cell->members, cell->inside);
        tally->not_closed += !cells_closed(cells, c);
        for (slong f = 0; f < cell->facets; f++) {
            const cells_facet_t *facet = cell->facet + f;
            tally->not_joined += facet->neighbour < 0 || !cells_joined(cells, facet->neighbour, c);
            tally->unlawful += !is_lawful(cells, c, facet);
            tally->swaps = GSL_MAX(tally->swaps, facet->swaps);
        }
        tally->facets += cell->facets;
    }
    tally->cells += cells->count;
    tally->halfspaces += cells->count * layer->active * (layer->experts - layer->active);
}

// ---- Theorem 4.5, first part: the projected hypersimplex ----

//[core
// Vertices by one linear program for each coalition, which knows nothing of logits or swaps. Its proof of a
// vertex is a functional, and this is an input at which the router must choose the coalition.
static void compare_vertices(const cells_t *cells, const hypersimplex_t *h, slong *vertex, tally_t *tally) {
    const layer_t *layer = cells->layer;
    fmpz *functional = _fmpz_vec_init(layer->dimension + 1), *weights = _fmpz_vec_init(h->count + 1);
    for (slong p = 0; p < h->count; p++) {
        const slong *members = h->members + p * layer->active;
        fmpz_one(functional + layer->dimension); // (x, 1); with biases (x, x_0) is written
        const bool is_vertex = hull_vertex(&h->hull, p, functional, weights);
        vertex[p] = is_vertex ? cells_index(cells, members) : -1;
        tally->proofs++;
        tally->vertices += is_vertex;
        tally->not_vertices += is_vertex != (cells_index(cells, members) >= 0);
        tally->bad_proofs +=
            !(is_vertex ? hull_exposes(&h->hull, p, functional) : hull_covers(&h->hull, p, weights));
        if (is_vertex && fmpz_sgn(functional + layer->dimension) > 0) {
            tally->inputs++;
            tally->not_chosen += !router_chosen(layer, members, functional);
        }
    }
    _fmpz_vec_clear(functional, layer->dimension + 1);
    _fmpz_vec_clear(weights, h->count + 1);
}
//]core

// Edges by one linear program for each pair of vertices: they are joined exactly where their cells share a facet.
static void compare_edges(const cells_t *cells, const hypersimplex_t *h, const slong *vertex,
                          tally_t *tally) {
    for (slong p = 0; p < h->count; p++)
        for (slong q = p + 1; q < h->count; q++) {
            if (vertex[p] < 0 || vertex[q] < 0)
                continue;
            const bool edge = hull_edge(&h->hull, p, q);
            tally->pairs++;
            tally->edges += edge;
            tally->not_edges += edge != cells_joined(cells, vertex[p], vertex[q]);
        }
}

static void compare_hypersimplex(experiment_t *run, const cells_t *cells, bool biased, tally_t *tally) {
    hypersimplex_t h;
    experiment_require(run, hypersimplex_project(cells->layer, biased, &h), "hypersimplex_project");
    slong *vertex = experiment_memory(run, malloc((size_t)h.count * sizeof *vertex));
    compare_vertices(cells, &h, vertex, tally);
    compare_edges(cells, &h, vertex, tally);
    free(vertex);
    hypersimplex_clear(&h);
}

// ---- Theorem 4.5, second part: the region of one expert ----

// Middles between the interior points of the cells of an expert; how many are not served, 0 for a convex region.
static long unserved_middles(const cells_t *cells, slong expert) {
    const slong d = cells->layer->dimension;
    long unserved = 0;
    fmpz *middle = _fmpz_vec_init(d + 1);
    for (slong a = 0; a < cells->count; a++)
        for (slong b = 0; b < a; b++) {
            if (!cells_has(cells, a, expert) || !cells_has(cells, b, expert))
                continue;
            const fmpz *p = cells->cell[a].inside, *q = cells->cell[b].inside;
            _fmpz_vec_scalar_mul_fmpz(middle, p, d + 1, q + d);
            _fmpz_vec_scalar_addmul_fmpz(middle, q, d + 1, p + d);
            unserved += !router_served(cells->layer, expert, middle);
        }
    _fmpz_vec_clear(middle, d + 1);
    return unserved;
}

static void examine_experts(const cells_t *cells, tally_t *tally) {
    for (slong i = 0; i < cells->layer->experts; i++) {
        cells_gap_t gap;
        cells_gap_init(&gap, cells->layer->dimension);
        bool served = false;
        for (slong c = 0; c < cells->count; c++)
            served = served || cells_has(cells, c, i);
        const bool convex = cells_served_convex(cells, i, &gap);
        tally->served += served;
        tally->convex += served && convex;
        tally->bad_gaps += !convex && !cells_gap_holds(cells, i, &gap);
        tally->not_convex += convex && unserved_middles(cells, i) > 0;
        cells_gap_clear(&gap, cells->layer->dimension);
    }
}

// ---- All of it for random routers ----

static tally_t examine_router(experiment_t *run, layer_t *layer, bool biased) {
    tally_t tally = {.routers = 1};
    for (layer->active = 1; layer->active < layer->experts; layer->active++) {
        cells_t cells = cells_of(run, layer);
        examine_complex(&cells, &tally);
        compare_hypersimplex(run, &cells, biased, &tally);
        if (layer->active > 1)
            examine_experts(&cells, &tally);
        cells_clear(&cells);
    }
    if (!router_four_on_a_line(layer))
        tally.generic_swaps = tally.swaps;
    return tally;
}

static void write_tally(table_t *table, const shape_t *shape, const tally_t *tally) {
    table_integer(table, shape->dimension);
    table_integer(table, shape->experts);
    table_text(table, shape->biased ? "yes" : "no");
    table_integer(table, shape->range);
    table_integer(table, tally->routers);
    table_integer(table, tally->cells);
    table_integer(table, tally->vertices);
    table_integer(table, tally->facets / 2);
    table_integer(table, tally->edges);
    table_integer(table, tally->swaps);
    table_real(table, (double)tally->facets / (double)tally->halfspaces);
    table_integer(table, tally->served);
    table_integer(table, tally->convex);
}

static tally_t examine_shapes(experiment_t *run) {
    static const table_column_t columns[] = {{"d", "1", NULL, ""},
                                             {"n", "experts", NULL, ""},
                                             {"bias", "yes or no", NULL, ""},
                                             {"range", "1", NULL, ""},
                                             {"routers", "1", NULL, ""},
                                             {"cells", "over all k", NULL, ""},
                                             {"vertices", "1", NULL, ""},
                                             {"facets", "pairs of cells", NULL, ""},
                                             {"edges", "1", NULL, ""},
                                             {"swaps", "experts", NULL, ""},
                                             {"share", "of k(N-k)", "%.4f", "%.2f"},
                                             {"served", "regions with k > 1", NULL, ""},
                                             {"convex", "of these", NULL, ""}};
    table_t *table =
        experiment_table(run, "", "random routers with all k: cells and projected hypersimplices", columns,
                         COUNT(columns), COUNT(SHAPES));
    tally_t total = {0};
    for (size_t s = 0; s < COUNT(SHAPES); s++) {
        const int routers = experiment_quick(run) ? SHAPES[s].quick : SHAPES[s].routers;
        stream_t stream = experiment_stream(run, (uint32_t)s);
        tally_t tally = {0};
        for (int i = 0; i < routers; i++) {
            layer_t *layer = draw_router(run, &SHAPES[s], &stream);
            const tally_t found = examine_router(run, layer, SHAPES[s].biased);
            add_tally(&tally, &found);
            layer_free(layer);
        }
        write_tally(table, &SHAPES[s], &tally);
        add_tally(&total, &tally);
        experiment_progress(run, s + 1, COUNT(SHAPES));
    }
    return total;
}

static void decide_hypersimplex(experiment_t *run, const tally_t *total) {
    layer_t *bounded = experiment_layer(run, "order-k-cells-bounded.moe"),
            *swaps = experiment_layer(run, "order-k-cells-swaps.moe");
    cells_t cells = cells_of(run, bounded);
    const slong middle = cells_index(&cells, &(slong){2});
    experiment_check(run, T45A, "coalitions whose cell or vertex is missing", (double)total->not_vertices,
                     EQUAL, 0, 0);
    experiment_check(run, T45A, "proofs of the linear programs that do not hold", (double)total->bad_proofs,
                     EQUAL, 0, 0);
    experiment_check(run, T45A, "points not given to their coalition", (double)total->not_chosen, EQUAL, 0,
                     0);
    experiment_check(run, T45A, "pairs of cells where facet and edge differ", (double)total->not_edges, EQUAL,
                     0, 0);
    experiment_check(run, T45A, "edges compared", (double)total->edges, AT_LEAST, 100, 0);
    experiment_check(run, T45A, "facets without a neighbour behind them", (double)total->not_joined, EQUAL, 0,
                     0);
    experiment_check(run, T45A, "facets whose ties break the law of swaps", (double)total->unlawful, EQUAL, 0,
                     0);
    experiment_check(run, T45A, "most swaps where no four rows are on a line", (double)total->generic_swaps,
                     EQUAL, 1, 0);
    experiment_check(run, T45A, "a bounded cell: no fan with biases",
                     middle >= 0 && cells_bounded(&cells, middle), EQUAL, 1, 0);
    cells_clear(&cells);
    cells = cells_of(run, swaps);
    experiment_check(run, T45A, "swaps at the wall of z = (2x; x; -x; -2x)",
                     (double)cells.cell[0].facet[0].swaps, EQUAL, 2, 0);
    cells_clear(&cells);
    layer_free(bounded);
    layer_free(swaps);
    experiment_macro_integer(run, "Proofs", total->proofs);
    experiment_macro_integer(run, "Inputs", total->inputs);
    experiment_macro_integer(run, "Pairs", total->pairs);
    experiment_macro_integer(run, "Edges", total->edges);
    experiment_macro_integer(run, "Routers", total->routers);
    experiment_macro_integer(run, "Cells", total->cells);
    experiment_macro_integer(run, "MostSwaps", total->swaps);
    experiment_claim(run, T45A, VERDICT_HOLDS, METHOD_EXACT, "order-k-cells.csv");
}

// p, q and their middle for expert i: the others in ascending order; A is their first k - 1, and B has the k-th in
// place of the (k-1)-th.
static void make_gap(experiment_t *run, const layer_t *layer, slong expert, fmpz *const points[3]) {
    const slong d = layer->dimension, k = layer->active;
    slong values[2][MOST_EXPERTS], others = 0;
    for (slong j = 0; j < layer->experts; j++) {
        const slong rank = j == expert ? 0 : ++others; // among the others, from 1
        values[0][j] = j == expert ? 0 : rank <= k - 1 ? 3 : -1;
        values[1][j] = j == expert ? 0 : rank <= k - 2 || rank == k ? 3 : -1;
    }
    experiment_require(run, router_prescribe(layer, values[0], points[0]), "router_prescribe");
    experiment_require(run, router_prescribe(layer, values[1], points[1]), "router_prescribe");
    _fmpz_vec_scalar_mul_fmpz(points[2], points[0], d + 1, points[1] + d);
    _fmpz_vec_scalar_addmul_fmpz(points[2], points[1], d + 1, points[0] + d);
}

// What affinely independent rows are tried for; defects are to be 0.
typedef struct {
    long routers, gaps, bad_gaps, convex, top1_concave, missing_cells, facets, missing_facets, bad_facets;
} independent_t;

static void examine_gaps(experiment_t *run, const cells_t *cells, independent_t *found) {
    const layer_t *layer = cells->layer;
    fmpz *points[3];
    for (int i = 0; i < 3; i++)
        points[i] = _fmpz_vec_init(layer->dimension + 1);
    for (slong i = 0; i < layer->experts; i++) {
        const bool convex = cells_served_convex(cells, i, NULL);
        if (layer->active == 1) {
            found->top1_concave += !convex;
            continue;
        }
        make_gap(run, layer, i, points);
        found->gaps++;
        found->convex += convex;
        found->bad_gaps += !router_served(layer, i, points[0]) || !router_served(layer, i, points[1]) ||
                           router_served(layer, i, points[2]);
    }
    for (int i = 0; i < 3; i++)
        _fmpz_vec_clear(points[i], layer->dimension + 1);
}

// Each half-space z_u >= z_v of each coalition: a point where it alone is an equality.
static void examine_halfspaces(experiment_t *run, const cells_t *cells, independent_t *found) {
    const layer_t *layer = cells->layer;
    fmpz *point = _fmpz_vec_init(layer->dimension + 1);
    for (slong c = 0; c < cells->count; c++)
        for (slong a = 0; a < layer->active; a++)
            for (slong v = 0; v < layer->experts; v++) {
                const slong u = cells->cell[c].members[a];
                if (cells_has(cells, c, v))
                    continue;
                slong values[MOST_EXPERTS];
                for (slong j = 0; j < layer->experts; j++)
                    values[j] = j == u || j == v ? 0 : cells_has(cells, c, j) ? 1 : -1;
                experiment_require(run, router_prescribe(layer, values, point), "router_prescribe");
                for (slong i = 0; i < layer->experts; i++)
                    for (slong j = 0; j < layer->experts; j++)
                        if (cells_has(cells, c, i) && !cells_has(cells, c, j))
                            found->bad_facets +=
                                router_sign(layer, i, j, point) != (i == u && j == v ? 0 : 1);
            }
    _fmpz_vec_clear(point, layer->dimension + 1);
}

// A router whose w_i are affinely independent, for all k.
static void examine_one_independent(experiment_t *run, layer_t *layer, independent_t *found) {
    fmpz_t all;
    fmpz_init(all);
    for (layer->active = 1; layer->active < layer->experts; layer->active++) {
        cells_t cells = cells_of(run, layer);
        fmpz_bin_uiui(all, (ulong)layer->experts, (ulong)layer->active);
        found->missing_cells += fmpz_get_si(all) - cells.count;
        for (slong c = 0; c < cells.count; c++) {
            found->facets += cells.cell[c].facets;
            found->missing_facets += layer->active * (layer->experts - layer->active) - cells.cell[c].facets;
        }
        examine_gaps(run, &cells, found);
        examine_halfspaces(run, &cells, found);
        cells_clear(&cells);
    }
    found->routers++;
    fmpz_clear(all);
}

static independent_t examine_independent(experiment_t *run) {
    const slong last = experiment_quick(run) ? INDEPENDENT_QUICK : INDEPENDENT_UP_TO;
    stream_t stream = experiment_stream(run, INDEPENDENT_BLOCK);
    independent_t found = {0};
    fmpz_t all;
    fmpz_init(all);
    for (slong d = 2; d <= last; d++)
        for (slong n = 3; n <= d + 1; n++)
            for (int i = 0; i < INDEPENDENT_EACH; i++) {
                const shape_t shape = {n, d, i % 2 == 0, 0, 0, INDEPENDENT_RANGE};
                layer_t *layer = draw_router(run, &shape, &stream);
                if (reach_all(layer, all)) // affinely independent
                    examine_one_independent(run, layer, &found);
                layer_free(layer);
            }
    fmpz_clear(all);
    return found;
}

// How many experts serve a convex region that is not empty.
static slong convex_regions(experiment_t *run, const char *file, slong *cells_found) {
    layer_t *layer = experiment_layer(run, file);
    cells_t cells = cells_of(run, layer);
    tally_t tally = {0};
    examine_experts(&cells, &tally);
    *cells_found = cells.count;
    cells_clear(&cells);
    layer_free(layer);
    return tally.not_convex > 0 ? -1 : tally.convex;
}

// In dimension d the corners e_1, ..., e_d, -(1, ..., 1) of a simplex and the inner point 0, k = N - 1 = d + 1: whether
// the last expert, whose logit is the mean of the others, is in all coalitions and its region convex.
static bool serves_all(experiment_t *run, slong d) {
    layer_t *layer = experiment_memory(run, layer_alloc(d + 2, d + 1, 0, d));
    for (slong j = 0; j < d; j++) {
        fmpz_one(layer->router->rows[j] + j);
        fmpz_set_si(layer->router->rows[d] + j, -1);
    }
    cells_t cells = cells_of(run, layer);
    bool all = cells.count == d + 1 && cells_served_convex(&cells, d + 1, NULL);
    for (slong c = 0; c < cells.count; c++)
        all = all && cells_has(&cells, c, d + 1);
    cells_clear(&cells);
    layer_free(layer);
    return all;
}

static void decide_regions(experiment_t *run, const tally_t *total, const independent_t *found) {
    slong cells, serving = 0;
    for (slong d = 1; d <= INDEPENDENT_UP_TO; d++)
        serving += serves_all(run, d);
    experiment_check(run, T45B, "d + 2 experts: dimensions with one that serves all inputs", (double)serving,
                     EQUAL, (double)INDEPENDENT_UP_TO, 0);
    experiment_check(run, T45B, "convex regions of z = (x; -x; 0) with k = 2",
                     (double)convex_regions(run, "order-k-cells-convex.moe", &cells), EQUAL, 3, 0);
    experiment_check(run, T45B, "its cells", (double)cells, EQUAL, 2, 0);
    experiment_check(run, T45B, "convex regions with the fourth row in a triangle",
                     (double)convex_regions(run, "order-k-cells-inner.moe", &cells), EQUAL, 1, 0);
    experiment_check(run, T45B, "affinely independent: regions without the witness", (double)found->bad_gaps,
                     EQUAL, 0, 0);
    experiment_check(run, T45B, "affinely independent: regions tried", (double)found->gaps, AT_LEAST, 20, 0);
    experiment_check(run, T45B, "affinely independent: convex regions", (double)found->convex, EQUAL, 0, 0);
    experiment_check(run, T45B, "top-1 regions that are not convex", (double)found->top1_concave, EQUAL, 0,
                     0);
    experiment_check(run, T45B, "gaps that are none", (double)total->bad_gaps, EQUAL, 0, 0);
    experiment_check(run, T45B, "convex regions with a middle outside", (double)total->not_convex, EQUAL, 0,
                     0);
    experiment_macro_integer(run, "Served", total->served);
    experiment_macro_integer(run, "Convex", total->convex);
    experiment_macro_integer(run, "Gaps", found->gaps);
    experiment_macro_integer(run, "IndependentRouters", found->routers);
    experiment_claim(run, T45B, VERDICT_AMENDED, METHOD_EXACT,
                     "instances/order-k-cells-convex.moe; proof in section order-k-cells");
}

static void decide_halfspaces(experiment_t *run, const independent_t *found) {
    layer_t *layer = experiment_layer(run, "order-k-cells-redundant.moe");
    cells_t cells = cells_of(run, layer);
    const slong third = cells_index(&cells, &(slong){2});
    experiment_check(run, T45C, "facets of the third cell of z = (-x; 0; x - 1)",
                     third < 0 ? -1 : (double)cells.cell[third].facets, EQUAL, 1, 0);
    experiment_check(run, T45C, "its half-spaces", (double)(layer->active * (layer->experts - layer->active)),
                     EQUAL, 2, 0);
    experiment_check(run, T45C, "affinely independent: coalitions without a cell",
                     (double)found->missing_cells, EQUAL, 0, 0);
    experiment_check(run, T45C, "affinely independent: half-spaces that are no facets",
                     (double)found->missing_facets, EQUAL, 0, 0);
    experiment_check(run, T45C, "affinely independent: half-spaces not alone in their point",
                     (double)found->bad_facets, EQUAL, 0, 0);
    experiment_check(run, T45C, "affinely independent: facets", (double)found->facets, AT_LEAST, 50, 0);
    experiment_macro_integer(run, "IndependentFacets", found->facets);
    experiment_claim(run, T45C, VERDICT_AMENDED, METHOD_EXACT,
                     "instances/order-k-cells-redundant.moe; proof in section order-k-cells");
    cells_clear(&cells);
    layer_free(layer);
}

// ---- Remark 4.7: the softmax ----

static void add_gates(const layer_t *layer, const fmpz *point, const fmpq_t temperature, gates_order_t *sum) {
    fmpq *logits = _fmpq_vec_init(layer->experts);
    fmpz_t value;
    fmpz_init(value);
    for (slong i = 0; i < layer->experts; i++) {
        _fmpz_vec_dot(value, layer->router->rows[i], point, layer->dimension + 1);
        fmpq_set_fmpz_frac(logits + i, value, point + layer->dimension);
    }
    const gates_order_t found = gates_compare(logits, layer->experts, temperature, LAST_PRECISION);
    sum->precision = GSL_MAX(sum->precision, found.precision);
    sum->pairs += found.pairs;
    sum->ties += found.ties;
    sum->wrong += found.wrong;
    sum->open += found.open;
    fmpz_clear(value);
    _fmpq_vec_clear(logits, layer->experts);
}

// Inside of a cell, on its facets, and so close to them that two logits agree in some NEAR bits.
static void compare_gates(const cells_t *cells, slong c, const fmpq_t temperature, gates_order_t *sum) {
    const slong width = cells->layer->dimension + 1;
    const cells_cell_t *cell = cells->cell + c;
    fmpz *near = _fmpz_vec_init(width);
    add_gates(cells->layer, cell->inside, temperature, sum);
    for (slong f = 0; f < cell->facets; f++) {
        add_gates(cells->layer, cell->facet[f].point, temperature, sum);
        _fmpz_vec_scalar_mul_2exp(near, cell->facet[f].point, width, NEAR);
        _fmpz_vec_add(near, near, cell->inside, width);
        add_gates(cells->layer, near, temperature, sum);
    }
    _fmpz_vec_clear(near, width);
}

static gates_order_t compare_all_gates(experiment_t *run) {
    gates_order_t sum = {0};
    fmpq_t temperature;
    fmpq_init(temperature);
    for (size_t s = 0; s < COUNT(SHAPES); s++) {
        stream_t stream = experiment_stream(run, (uint32_t)s);
        layer_t *layer = draw_router(run, &SHAPES[s], &stream);
        layer->active = layer->experts / 2;
        cells_t cells = cells_of(run, layer);
        for (size_t t = 0; t < COUNT(TEMPERATURES); t++) {
            fmpq_set_str(temperature, TEMPERATURES[t], 10);
            for (slong c = 0; c < cells.count; c++)
                compare_gates(&cells, c, temperature, &sum);
        }
        cells_clear(&cells);
        layer_free(layer);
    }
    fmpq_clear(temperature);
    return sum;
}

static void decide_softmax(experiment_t *run) {
    const gates_order_t found = compare_all_gates(run);
    // What binary64 makes of the logits 0, -8 and -9 at temperature 1/100.
    const double second = exp(-800.0), third = exp(-900.0);
    experiment_check(run, R47, "pairs of gates in another order than the logits", (double)found.wrong, EQUAL,
                     0, 0);
    experiment_check(run, R47, "pairs that no precision decides", (double)found.open, EQUAL, 0, 0);
    experiment_check(run, R47, "pairs of gates", (double)found.pairs, AT_LEAST, 1000, 0);
    experiment_check(run, R47, "pairs on walls", (double)found.ties, AT_LEAST, 100, 0);
    experiment_check(run, R47, "bits for the nearest ties", (double)found.precision, AT_LEAST, (double)NEAR,
                     0);
    experiment_macro(run, "BinarySecond", "%g", second);
    experiment_macro(run, "BinaryThird", "%g", third);
    experiment_macro_integer(run, "GatePairs", found.pairs);
    experiment_macro_integer(run, "GateTies", found.ties);
    experiment_macro_integer(run, "GateBits", found.precision);
    experiment_claim(run, R47, VERDICT_HOLDS, METHOD_CERTIFIED, "proof in section order-k-cells and balls");
}

// ---- Example 4.6 and Figure 4: three cones ----

// Corners of the cells in the window, counter-clockwise.
static void write_cones(experiment_t *run, const picture_t *picture) {
    static const table_column_t columns[] = {{"cell", "1", NULL, ""},        {"first", "expert", NULL, ""},
                                             {"second", "expert", NULL, ""}, {"x", "1", "%.6f", ""},
                                             {"y", "1", "%.6f", ""},         {"centre_x", "1", "%.6f", ""},
                                             {"centre_y", "1", "%.6f", ""}};
    table_t *table = experiment_table(run, "cones", "corners and centres of the cells in the window", columns,
                                      COUNT(columns), picture->corners);
    for (size_t c = 0; c < picture->cells; c++)
        for (size_t i = 0; i < picture->cell[c].corners; i++) {
            const planar_point_t corner = picture->corner[picture->cell[c].corner + i];
            table_integer(table, (long long)c + 1);
            table_integer(table, picture->members[2 * c] + 1);
            table_integer(table, picture->members[2 * c + 1] + 1);
            table_rounded(table, corner.x - HALF, 1e6);
            table_rounded(table, corner.y - HALF, 1e6);
            table_rounded(table, picture->cell[c].centre.x - HALF, 1e6);
            table_rounded(table, picture->cell[c].centre.y - HALF, 1e6);
        }
}

// Where the walls leave the window: facets of the cells, from the apex at the origin.
static void write_rays(experiment_t *run, const cells_t *cells) {
    static const table_column_t columns[] = {{"x", "1", "%.6f", ""}, {"y", "1", "%.6f", ""}};
    table_t *table =
        experiment_table(run, "rays", "where the walls leave the window", columns, COUNT(columns), 3);
    for (slong c = 0; c < cells->count; c++)
        for (slong f = 0; f < cells->cell[c].facets; f++) {
            const cells_facet_t *facet = cells->cell[c].facet + f;
            if (facet->neighbour < c)
                continue;
            const double x = fmpz_get_d(facet->point), y = fmpz_get_d(facet->point + 1);
            const double size = fmax(fabs(x), fabs(y)) / HALF;
            table_rounded(table, x / size, 1e6);
            table_rounded(table, y / size, 1e6);
        }
}

// Two places that expert 1 serves, and their middle; returns how many of the three it serves.
static long write_gap(experiment_t *run, const layer_t *layer) {
    static const table_column_t columns[] = {
        {"served", "0 or 1", NULL, ""}, {"x", "1", "%.6f", ""}, {"y", "1", "%.6f", ""}};
    table_t *table = experiment_table(run, "gap", "two places served by expert 1 and their middle", columns,
                                      COUNT(columns), 3);
    long served = 0;
    fmpz *points[3];
    for (int i = 0; i < 3; i++)
        points[i] = _fmpz_vec_init(3);
    make_gap(run, layer, 0, points);
    for (int i = 0; i < 3; i++) {
        served += router_served(layer, 0, points[i]);
        table_integer(table, router_served(layer, 0, points[i]));
        table_rounded(table, fmpz_get_d(points[i]) / fmpz_get_d(points[i] + 2), 1e6);
        table_rounded(table, fmpz_get_d(points[i] + 1) / fmpz_get_d(points[i] + 2), 1e6);
        _fmpz_vec_clear(points[i], 3);
    }
    return served;
}

// Cells with one apex, two directions, no line, and closed under all inequalities.
static long count_cones(const cells_t *cells) {
    long cones = 0;
    for (slong c = 0; c < cells->count; c++) {
        const cells_cell_t *cell = cells->cell + c;
        slong directions = 0;
        for (slong g = 0; g < cell->generators; g++)
            directions += fmpz_is_zero(cell->generator + 3 * g + 2);
        cones += cell->lines == 0 && cell->generators == 3 && directions == 2 && cells_closed(cells, c);
    }
    return cones;
}

static void decide_cones(experiment_t *run) {
    const picture_frame_t frame = {{-HALF, -HALF}, {1, 0}, {0, 1}, 2 * HALF, 2 * HALF};
    layer_t *layer = experiment_layer(run, "order-k-cells-cones.moe");
    cells_t cells = cells_of(run, layer);
    picture_t picture = {0};
    tally_t tally = {0};
    experiment_require(run, picture_draw(layer, &frame, &picture), "picture_draw");
    examine_experts(&cells, &tally);
    write_cones(run, &picture);
    write_rays(run, &cells);
    experiment_check(run, E46, "cells", (double)cells.count, EQUAL, gsl_sf_choose(3, 2), 0);
    experiment_check(run, E46, "cells that are convex cones", (double)count_cones(&cells), EQUAL,
                     (double)cells.count, 0);
    experiment_check(run, E46, "experts that serve a region", (double)tally.served, EQUAL,
                     (double)layer->experts, 0);
    experiment_check(run, E46, "experts with a convex region", (double)tally.convex, EQUAL, 0, 0);
    experiment_check(run, E46, "gaps that are none", (double)tally.bad_gaps, EQUAL, 0, 0);
    experiment_check(run, F4, "cells drawn", (double)picture.cells, EQUAL, (double)cells.count, 0);
    experiment_check(run, F4, "of two places and their middle served by expert 1",
                     (double)write_gap(run, layer), EQUAL, 2, 0);
    experiment_claim(run, E46, VERDICT_HOLDS, METHOD_EXACT, "instances/order-k-cells-cones.moe");
    experiment_claim(run, F4, VERDICT_HOLDS, METHOD_EXACT, "order-k-cells.cones.csv");
    picture_clear(&picture);
    cells_clear(&cells);
    layer_free(layer);
}

static void run_order_k_cells(experiment_t *run) {
    const tally_t total = examine_shapes(run);
    const independent_t found = examine_independent(run);
    decide_hypersimplex(run, &total);
    decide_regions(run, &total, &found);
    decide_halfspaces(run, &found);
    decide_softmax(run);
    decide_cones(run);
    flint_cleanup();
}

int main(int argc, char **argv) {
    static const experiment_plan_t plan = {
        .name = "order-k-cells",
        .brief = "the cells of a top-k router: hypersimplices, convexity and its end, softmax",
        .seed = 1969,
        .run = run_order_k_cells};
    return experiment_main(&plan, argc, argv);
}
