// SPDX-License-Identifier: GPL-3.0-or-later
// The cells of a top-1 router: always a power diagram, not always N of them, not always Voronoi.
//
// CLAIMS (Sparsity is Combinatorial Depth, section 4.1)
//   depth/prop-4.2             the top-1 cells are a power diagram with N convex cells
//   depth/ex-4.3, depth/fig-3  five experts, their Voronoi diagram, and the tropical surface above it
//   depth/rem-4.4              N(N-1)/2 potential walls
//
// DERIVATION. |x - w_i/2|^2 - (|w_i|^2/4 + b_i) = |x|^2 - z_i(x): the greatest logit is the least power, with the sites
// w_i/2 and the weights |w_i|^2/4 + b_i. Equal weights make a Voronoi diagram. A partition of a line with walls
// t_1 < ... < t_m is a Voronoi diagram if and only if there are u_1, ..., u_m > 0, the distances of the walls to the sites
// on both sides of them, with u_i + u_(i+1) = t_(i+1) - t_i. Lengths 1, 10, 1 are impossible: u_2 < 1 and u_3 < 1. Up to
// three walls are always possible.
//
// Walls. On z_i = z_j, at a point where no other logits are equal, i and j are neighbours in the order of logits: if they
// have the ranks k and k + 1, the point is on a wall of the top-k cells. So each of the hyperplanes is a wall for some k.
// With k = 1 the cells that share walls form a graph, which for d = 1 is a path and for d = 2 is planar: at most N - 1
// and 3N - 6 walls (N >= 3). For d = 3 and z_i(x) = x.(t_i, t_i^2, t_i^3) - t_i^4 each pair has a wall: the
// x for which z - c = -(t - t_i)^2 (t - t_j)^2, as polynomials in t, makes z_i = z_j greater than all others.
#include "geometry/cells.h"
#include "geometry/check.h"
#include "geometry/picture.h"
#include "geometry/power.h"
#include "geometry/router.h"
#include "io/experiment.h"
#include "io/experiment_instance.h"

#include <flint/flint.h>
#include <flint/fmpz_vec.h>
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
    {8, 1, true, 100, 10, 99}, {12, 2, true, 40, 2, 99}, {8, 2, false, 100, 5, 99}, {8, 3, true, 20, 1, 99},
    {6, 4, true, 20, 1, 99},   {6, 1, true, 100, 20, 2}, {6, 2, true, 100, 5, 1},   {6, 3, false, 40, 2, 1}};
enum { MOST_EXPERTS = 16 };
static const int PLACES = 20;                           // random points for each router
static const uint64_t PLACE_RANGE = 401;                // their coordinates, p/q with q up to this
static const slong LINE_EXPERTS = 8, LINE_RANGE = 9999; // of routers on a line
static const int LINES = 1000, LINES_QUICK = 100;       // how many
static const uint32_t LINE_BLOCK = 100;                 // of random streams; a shape's is its number
static const slong WALLS_UP_TO = 12;                    // experts of the routers with the most walls
static const double HALF = 8;                           // figures show [-HALF, HALF]^2
static const char *const P42 = "depth/prop-4.2", *const R44 = "depth/rem-4.4", *const E43 = "depth/ex-4.3",
                         *const F3 = "depth/fig-3";

static layer_t *draw_router(experiment_t *run, const shape_t *shape, stream_t *stream) {
    return experiment_memory(
        run, router_draw(shape->experts, shape->dimension, shape->biased, shape->range, stream));
}

static cells_t cells_of(experiment_t *run, const layer_t *layer) {
    cells_t cells;
    experiment_require(run, cells_find(layer, &cells), "cells_find");
    return cells;
}

// ---- Proposition 4.2: power diagrams ----

// Of all routers. Defects are counted, and are to be 0.
typedef struct {
    long routers, cells, experts, places, walls, potential;
    long bad_powers, not_chosen, not_closed, not_joined, not_refuted, bad_walls;
} tally_t;

// A random rational point.
static void draw_place(stream_t *stream, fmpz *point, slong dimension) {
    for (slong j = 0; j <= dimension; j++) {
        uint64_t word;
        stream_bits(stream, &word, 1);
        const slong value = (slong)(word % PLACE_RANGE);
        fmpz_set_si(point + j, j < dimension ? value - (slong)(PLACE_RANGE / 2) : value + 1);
    }
}

// Whether the site of least power is the expert of the greatest logit, and as many sites as logits are tied.
static bool is_nearest(const layer_t *layer, const fmpq_mat_t sites, const fmpq *weights, const fmpz *point) {
    fmpq *x = _fmpq_vec_init(layer->dimension);
    slong best = 0, tied = 0, equal = 0;
    router_point(point, layer->dimension, x);
    const slong nearest = power_nearest(sites, weights, x, &tied);
    for (slong i = 1; i < layer->experts; i++)
        if (router_sign(layer, i, best, point) > 0)
            best = i;
    for (slong i = 0; i < layer->experts; i++)
        equal += router_sign(layer, i, best, point) == 0;
    _fmpq_vec_clear(x, layer->dimension);
    return nearest == best && tied == equal;
}

//[core
// Cells and walls against sites and weights: is the site of least power the expert of the greatest logit,
// and are as many tied? At a point inside of each cell, at one of each facet, and at random ones.
static void compare_powers(const cells_t *cells, stream_t *stream, tally_t *tally) {
    const layer_t *layer = cells->layer;
    fmpq_mat_t sites;
    fmpq_mat_init(sites, layer->experts, layer->dimension);
    fmpq *weights = _fmpq_vec_init(layer->experts);
    fmpz *random = _fmpz_vec_init(layer->dimension + 1);
    power_sites(layer, sites, weights);
    for (slong c = 0; c < cells->count; c++) {
        const cells_cell_t *cell = cells->cell + c;
        tally->bad_powers += !is_nearest(layer, sites, weights, cell->inside);
        for (slong f = 0; f < cell->facets; f++)
            tally->bad_powers += !is_nearest(layer, sites, weights, cell->facet[f].point);
        tally->places += 1 + cell->facets;
    }
    for (int i = 0; i < PLACES; i++, tally->places++) {
        draw_place(stream, random, layer->dimension);
        tally->bad_powers += !is_nearest(layer, sites, weights, random);
    }
    _fmpz_vec_clear(random, layer->dimension + 1);
    _fmpq_vec_clear(weights, layer->experts);
    fmpq_mat_clear(sites);
}
//]core

// Whether the certificate that an expert is nowhere alone on top exists and holds.
static bool is_refuted(const layer_t *layer, slong expert) {
    fmpq *weights = _fmpq_vec_init(layer->experts);
    fmpq_t drop;
    fmpq_init(drop);
    const bool refuted =
        reach_certificate(layer, &expert, weights, drop) == 0 && reach_refutes(layer, &expert, weights);
    _fmpq_vec_clear(weights, layer->experts);
    fmpq_clear(drop);
    return refuted;
}

// Each expert has a cell, which is the polyhedron of its facets with neighbours behind them, or a refutation.
static void examine_cells(const cells_t *cells, tally_t *tally) {
    for (slong i = 0; i < cells->layer->experts; i++)
        tally->not_refuted += cells_index(cells, &i) < 0 && !is_refuted(cells->layer, i);
    for (slong c = 0; c < cells->count; c++) {
        const cells_cell_t *cell = cells->cell + c;
        tally->not_chosen += !router_chosen(cells->layer, cell->members, cell->inside);
        tally->not_closed += !cells_closed(cells, c);
        for (slong f = 0; f < cell->facets; f++)
            tally->not_joined +=
                cell->facet[f].neighbour < 0 || !cells_joined(cells, cell->facet[f].neighbour, c);
    }
    tally->cells += cells->count;
    tally->experts += cells->layer->experts;
}

// ---- Remark 4.4: walls ----

// Which of the hyperplanes z_i = z_j are walls.
typedef struct {
    bool used[MOST_EXPERTS][MOST_EXPERTS];
} walls_t;

static void add_walls(const cells_t *cells, walls_t *walls) {
    for (slong c = 0; c < cells->count; c++)
        for (slong f = 0; f < cells->cell[c].facets; f++)
            walls->used[cells->cell[c].facet[f].member][cells->cell[c].facet[f].other] = true;
}

// How many different hyperplanes they are; NULL: of all pairs.
static slong distinct_walls(experiment_t *run, const layer_t *layer, const walls_t *walls) {
    const slong experts = layer->experts;
    fmpz_mat_t rows;
    fmpz_mat_init(rows, experts * experts, layer->dimension + 1); // rows of zeros are no hyperplanes
    for (slong i = 0; i < experts; i++)
        for (slong j = 0; j < experts; j++)
            if (walls == NULL || walls->used[i][j])
                _fmpz_vec_sub(rows->rows[i * experts + j], layer->router->rows[i], layer->router->rows[j],
                              layer->dimension + 1);
    check_planes_t planes;
    experiment_require(run, check_planes(rows, &planes), "check_planes");
    fmpz_mat_clear(rows);
    return planes.distinct;
}

static void examine_router(experiment_t *run, layer_t *layer, stream_t *stream, tally_t *tally) {
    walls_t all = {0};
    for (layer->active = 1; layer->active < layer->experts; layer->active++) {
        cells_t cells = cells_of(run, layer);
        add_walls(&cells, &all);
        if (layer->active == 1) {
            examine_cells(&cells, tally);
            compare_powers(&cells, stream, tally);
            tally->walls += distinct_walls(run, layer, &all);
        }
        cells_clear(&cells);
    }
    const slong potential = distinct_walls(run, layer, NULL);
    tally->bad_walls += potential != distinct_walls(run, layer, &all);
    tally->potential += potential;
    tally->routers++;
}

static void write_tally(table_t *table, const shape_t *shape, const tally_t *tally) {
    table_integer(table, shape->dimension);
    table_integer(table, shape->experts);
    table_text(table, shape->biased ? "yes" : "no");
    table_integer(table, shape->range);
    table_integer(table, tally->routers);
    table_integer(table, tally->experts);
    table_integer(table, tally->cells);
    table_integer(table, tally->potential);
    table_integer(table, tally->walls);
}

static tally_t examine_shapes(experiment_t *run) {
    static const table_column_t columns[] = {{"d", "1", NULL, ""},
                                             {"n", "experts", NULL, ""},
                                             {"bias", "yes or no", NULL, ""},
                                             {"range", "1", NULL, ""},
                                             {"routers", "1", NULL, ""},
                                             {"experts", "of all routers", NULL, ""},
                                             {"cells", "with k = 1", NULL, ""},
                                             {"potential", "hyperplanes", NULL, ""},
                                             {"walls", "with k = 1", NULL, ""}};
    table_t *table = experiment_table(run, "", "random routers: top-1 cells and walls", columns,
                                      COUNT(columns), COUNT(SHAPES));
    tally_t total = {0};
    for (size_t s = 0; s < COUNT(SHAPES); s++) {
        stream_t stream = experiment_stream(run, (uint32_t)s);
        tally_t tally = {0};
        const int routers = experiment_quick(run) ? SHAPES[s].quick : SHAPES[s].routers;
        for (int i = 0; i < routers; i++) {
            layer_t *layer = draw_router(run, &SHAPES[s], &stream);
            examine_router(run, layer, &stream, &tally);
            layer_free(layer);
        }
        write_tally(table, &SHAPES[s], &tally);
        for (size_t i = 0; i < sizeof total / sizeof(long); i++)
            ((long *)&total)[i] += ((const long *)&tally)[i];
        experiment_progress(run, s + 1, COUNT(SHAPES));
    }
    return total;
}

// The routers with the most walls. In the plane: three rows far out and the others on a parabola, biases -|w|^2, so that
// the walls are dual to the edges of a triangulation. In space: the moment curve.
static layer_t *make_walls(experiment_t *run, slong experts, slong dimension) {
    static const slong corners[3][2] = {{-900, -500}, {1000, -600}, {100, 1100}};
    layer_t *layer = experiment_memory(run, layer_alloc(experts, 1, 0, dimension));
    for (slong i = 0; i < experts; i++) {
        fmpz *row = layer->router->rows[i];
        fmpz_set_si(row, dimension == 2 && i < 3 ? corners[i][0] : i + 1);
        fmpz_pow_ui(row + 1, row, 2);
        if (dimension == 2 && i < 3)
            fmpz_set_si(row + 1, corners[i][1]);
        if (dimension == 2)
            fmpz_submul(row + 2, row, row);
        else
            fmpz_pow_ui(row + 2, row, 3);
        fmpz_submul(row + dimension, row + 1, row + 1); // in space this is -t^4
    }
    return layer;
}

static slong count_walls(experiment_t *run, slong experts, slong dimension) {
    layer_t *layer = make_walls(run, experts, dimension);
    cells_t cells = cells_of(run, layer);
    walls_t walls = {0};
    add_walls(&cells, &walls);
    const slong count = distinct_walls(run, layer, &walls);
    cells_clear(&cells);
    layer_free(layer);
    return count;
}

static void decide_walls(experiment_t *run, const tally_t *total) {
    slong plane = 0, space = 0;
    for (slong n = 4; n <= WALLS_UP_TO; n++) {
        plane += labs(3 * n - 6 - count_walls(run, n, 2));
        space += labs(n * (n - 1) / 2 - count_walls(run, n, 3));
    }
    experiment_check(run, R44, "hyperplanes that are a wall for no k: routers with any",
                     (double)total->bad_walls, EQUAL, 0, 0);
    experiment_check(run, R44, "hyperplanes looked at", (double)total->potential, AT_LEAST, 500, 0);
    experiment_check(run, R44, "3N - 6 less the walls of the witnesses in the plane", (double)plane, EQUAL, 0,
                     0);
    experiment_check(run, R44, "N(N-1)/2 less the walls of the witnesses in space", (double)space, EQUAL, 0,
                     0);
    experiment_macro_integer(run, "WallsUpTo", WALLS_UP_TO);
    experiment_macro_integer(run, "Potential", total->potential);
    experiment_claim(run, R44, VERDICT_HOLDS, METHOD_EXACT, "power-diagram.csv and the proof in its section");
}

// ---- Proposition 4.2: cells that are no Voronoi diagram ----

// The walls of the top-1 cells on a line, ascending; returns their number.
static slong line_walls(const cells_t *cells, fmpq *walls) {
    slong count = 0;
    for (slong c = 0; c < cells->count; c++)
        for (slong f = 0; f < cells->cell[c].facets; f++) {
            if (cells->cell[c].facet[f].neighbour < c)
                continue;
            slong place = count++;
            router_point(cells->cell[c].facet[f].point, 1, walls + place);
            for (; place > 0 && fmpq_cmp(walls + place, walls + place - 1) < 0; place--)
                fmpq_swap(walls + place, walls + place - 1);
        }
    return count;
}

// What is known of the cells of one router on a line.
typedef struct {
    slong cells;
    bool voronoi, agree; // the linear program says the same, with a proof
    bool fits;           // a given first site is possible
} line_t;

static line_t examine_line(experiment_t *run, const layer_t *layer, const fmpq *first) {
    cells_t cells = cells_of(run, layer);
    line_t found = {.cells = cells.count};
    fmpq *walls = _fmpq_vec_init(cells.count);
    power_line_t line;
    power_line_init(&line);
    const slong count = line_walls(&cells, walls);
    found.voronoi = power_line_bounds(walls, count, &line);
    const bool distances = power_line_distances(walls, count, &found.agree);
    if (found.voronoi || fmpq_cmp(line.low, line.high) > 0)
        found.agree = found.agree && distances == found.voronoi;
    found.fits = first != NULL && found.voronoi && (line.open_below || fmpq_cmp(first, line.low) > 0) &&
                 (line.open_above || fmpq_cmp(first, line.high) < 0);
    power_line_clear(&line);
    _fmpq_vec_clear(walls, cells.count);
    cells_clear(&cells);
    return found;
}

// A router on the line with random sites s and logits 2 s x - s^2; `first` receives the least site.
static layer_t *draw_voronoi(experiment_t *run, stream_t *stream, fmpq *first) {
    const shape_t shape = {LINE_EXPERTS, 1, false, 0, 0, LINE_RANGE};
    layer_t *layer = draw_router(run, &shape, stream);
    for (slong i = 0; i < LINE_EXPERTS; i++) {
        fmpz *row = layer->router->rows[i];
        if (i == 0 || fmpz_cmp(row, fmpq_numref(first)) < 0)
            fmpz_set(fmpq_numref(first), row);
        fmpz_submul(row + 1, row, row);
        fmpz_mul_ui(row, row, 2);
    }
    return layer;
}

static void examine_lines(experiment_t *run) {
    const shape_t shape = {LINE_EXPERTS, 1, true, 0, 0, LINE_RANGE};
    const int lines = experiment_quick(run) ? LINES_QUICK : LINES;
    stream_t stream = experiment_stream(run, LINE_BLOCK);
    long recognised = 0, fitting = 0, disagreements = 0, long_lines = 0, voronoi = 0, short_lost = 0;
    fmpq *first = _fmpq_vec_init(1);
    for (int i = 0; i < lines; i++) {
        layer_t *layer = draw_router(run, &shape, &stream);
        line_t line = examine_line(run, layer, NULL);
        long_lines += line.cells >= 5;
        voronoi += line.cells >= 5 && line.voronoi;
        short_lost += line.cells < 5 && !line.voronoi;
        disagreements += !line.agree;
        layer_free(layer);
        layer = draw_voronoi(run, &stream, first);
        line = examine_line(run, layer, first);
        recognised += line.voronoi && line.cells == LINE_EXPERTS;
        fitting += line.fits;
        disagreements += !line.agree;
        layer_free(layer);
    }
    _fmpq_vec_clear(first, 1);
    experiment_check(run, P42, "Voronoi diagrams on a line that are recognised", (double)recognised, EQUAL,
                     lines, 0);
    experiment_check(run, P42, "of these with the true first site possible", (double)fitting, EQUAL, lines,
                     0);
    experiment_check(run, P42, "up to four cells on a line and no Voronoi diagram", (double)short_lost, EQUAL,
                     0, 0);
    experiment_check(run, P42, "two roads to sites on a line disagree", (double)disagreements, EQUAL, 0, 0);
    experiment_macro_integer(run, "LineExperts", LINE_EXPERTS);
    experiment_macro_integer(run, "LongLines", long_lines);
    experiment_macro_integer(run, "LongOthers", long_lines - voronoi);
}

static void decide_power_diagram(experiment_t *run, const tally_t *total) {
    layer_t *two = experiment_layer(run, "power-diagram-two.moe"),
            *five = experiment_layer(run, "power-diagram-line.moe");
    cells_t cells = cells_of(run, two);
    const line_t line = examine_line(run, five, NULL);
    experiment_check(run, P42, "cells of z = (x; -x; -1)", (double)cells.count, EQUAL, 2, 0);
    experiment_check(run, P42, "its expert 3 is refuted", is_refuted(two, 2), EQUAL, 1, 0);
    experiment_check(run, P42, "cells with walls 0 1 11 12", (double)line.cells, EQUAL, 5, 0);
    experiment_check(run, P42, "Voronoi diagrams with these walls", line.voronoi, EQUAL, 0, 0);
    experiment_check(run, P42, "the linear program refutes them", line.agree, EQUAL, 1, 0);
    experiment_check(run, P42, "points whose least power is not the greatest logit",
                     (double)total->bad_powers, EQUAL, 0, 0);
    experiment_check(run, P42, "points compared", (double)total->places, AT_LEAST, 1000, 0);
    experiment_check(run, P42, "interior points not chosen", (double)total->not_chosen, EQUAL, 0, 0);
    experiment_check(run, P42, "cells that are not the polyhedron of their facets", (double)total->not_closed,
                     EQUAL, 0, 0);
    experiment_check(run, P42, "facets with no cell behind them", (double)total->not_joined, EQUAL, 0, 0);
    experiment_check(run, P42, "experts without a cell and without a refutation", (double)total->not_refuted,
                     EQUAL, 0, 0);
    experiment_check(run, P42, "experts without a cell", (double)(total->experts - total->cells), AT_LEAST, 1,
                     0);
    examine_lines(run);
    experiment_macro_integer(run, "Routers", total->routers);
    experiment_macro_integer(run, "Places", total->places);
    experiment_macro_integer(run, "Experts", total->experts);
    experiment_macro_integer(run, "Cells", total->cells);
    experiment_claim(run, P42, VERDICT_AMENDED, METHOD_EXACT,
                     "instances/power-diagram-two.moe and power-diagram-line.moe");
    cells_clear(&cells);
    layer_free(two);
    layer_free(five);
}

// ---- Example 4.3 and Figure 3 ----

enum { VORONOI, POWER, PANELS };

typedef struct {
    layer_t *layer;
    cells_t cells;
    picture_t picture;
} panel_t;

static panel_t open_panel(experiment_t *run, const char *file) {
    const picture_frame_t frame = {{-HALF, -HALF}, {1, 0}, {0, 1}, 2 * HALF, 2 * HALF};
    panel_t panel = {.layer = experiment_layer(run, file)};
    panel.cells = cells_of(run, panel.layer);
    experiment_require(run, picture_draw(panel.layer, &frame, &panel.picture), "picture_draw");
    return panel;
}

static void close_panel(panel_t *panel) {
    picture_clear(&panel->picture);
    cells_clear(&panel->cells);
    layer_free(panel->layer);
}

// A corner, and the tropical surface above it: the logit of the cell's expert.
static void write_corner(table_t *table, const layer_t *layer, slong expert, planar_point_t place) {
    const fmpz *row = layer->router->rows[expert];
    const double x = place.x - HALF, y = place.y - HALF;
    table_rounded(table, x, 1e6);
    table_rounded(table, y, 1e6);
    table_rounded(table, fmpz_get_d(row) * x + fmpz_get_d(row + 1) * y + fmpz_get_d(row + 2), 1e6);
}

static bool on_border(planar_point_t p, planar_point_t q) {
    const double close = 1e-9;
    return (fabs(p.x - q.x) < close && (p.x < close || p.x > 2 * HALF - close)) ||
           (fabs(p.y - q.y) < close && (p.y < close || p.y > 2 * HALF - close));
}

// The sides of all cells in the window, counter-clockwise.
static void write_diagram(experiment_t *run, const panel_t panels[PANELS]) {
    static const table_column_t columns[] = {
        {"panel", "1", NULL, ""},  {"cell", "number in the file", NULL, ""},
        {"expert", "1", NULL, ""}, {"wall", "0 or 1", NULL, ""},
        {"x0", "1", "%.6f", ""},   {"y0", "1", "%.6f", ""},
        {"z0", "1", "%.6f", ""},   {"x1", "1", "%.6f", ""},
        {"y1", "1", "%.6f", ""},   {"z1", "1", "%.6f", ""}};
    table_t *table =
        experiment_table(run, "diagram", "sides of the cells in the window and the surface above", columns,
                         COUNT(columns), panels[VORONOI].picture.corners + panels[POWER].picture.corners);
    for (int p = 0, number = 0; p < PANELS; p++)
        for (size_t c = 0; c < panels[p].picture.cells; c++, number++) {
            const picture_cell_t *cell = panels[p].picture.cell + c;
            const planar_point_t *corner = panels[p].picture.corner + cell->corner;
            for (size_t i = 0; i < cell->corners; i++) {
                const planar_point_t next = corner[(i + 1) % cell->corners];
                table_integer(table, p + 1);
                table_integer(table, number);
                table_integer(table, panels[p].picture.members[c] + 1);
                table_integer(table, !on_border(corner[i], next));
                write_corner(table, panels[p].layer, panels[p].picture.members[c], corner[i]);
                write_corner(table, panels[p].layer, panels[p].picture.members[c], next);
            }
        }
}

// The sites, and whether they lie in their own cells; returns how many do, by panel.
static void write_sites(experiment_t *run, const panel_t panels[PANELS], long own[PANELS]) {
    static const table_column_t columns[] = {{"panel", "1", NULL, ""},
                                             {"expert", "1", NULL, ""},
                                             {"own", "0 or 1", NULL, ""},
                                             {"x", "1", "%.6f", ""},
                                             {"y", "1", "%.6f", ""}};
    table_t *table = experiment_table(
        run, "sites", "sites of the experts and whether their own cells contain them", columns,
        COUNT(columns), (size_t)(panels[VORONOI].layer->experts + panels[POWER].layer->experts));
    fmpz *site = _fmpz_vec_init(3);
    for (int p = 0; p < PANELS; p++)
        for (slong i = 0; i < panels[p].layer->experts; i++) {
            _fmpz_vec_set(site, panels[p].layer->router->rows[i], 2);
            fmpz_set_ui(site + 2, 2);
            const bool inside = router_chosen(panels[p].layer, &i, site);
            own[p] += inside;
            table_integer(table, p + 1);
            table_integer(table, i + 1);
            table_integer(table, inside);
            table_rounded(table, fmpz_get_d(site) / 2, 1e6);
            table_rounded(table, fmpz_get_d(site + 1) / 2, 1e6);
        }
    _fmpz_vec_clear(site, 3);
}

// Facets where two planes of the surface meet above all others and do not continue each other; with `distances` also the
// two sites are nearest, by distances alone.
static long count_creases(const panel_t *panel, bool distances) {
    const slong experts = panel->layer->experts;
    long creases = 0;
    fmpq_mat_t sites;
    fmpq_mat_init(sites, experts, 2);
    fmpq *weights = _fmpq_vec_init(experts), *none = _fmpq_vec_init(experts), *x = _fmpq_vec_init(2);
    power_sites(panel->layer, sites, weights);
    for (slong c = 0; c < panel->cells.count; c++)
        for (slong f = 0; f < panel->cells.cell[c].facets; f++) {
            const cells_facet_t *facet = panel->cells.cell[c].facet + f;
            const fmpz *row = panel->layer->router->rows[facet->member];
            slong tied = 0;
            router_point(facet->point, 2, x);
            const slong nearest = power_nearest(sites, distances ? none : weights, x, &tied);
            creases += facet->tied == 2 && tied == 2 &&
                       (nearest == facet->member || nearest == facet->other) &&
                       !_fmpz_vec_equal(row, panel->layer->router->rows[facet->other], 2);
        }
    _fmpq_vec_clear(weights, experts);
    _fmpq_vec_clear(none, experts);
    _fmpq_vec_clear(x, 2);
    fmpq_mat_clear(sites);
    return creases;
}

static long count_facets(const cells_t *cells) {
    long facets = 0;
    for (slong c = 0; c < cells->count; c++)
        facets += cells->cell[c].facets;
    return facets;
}

static void decide_figure(experiment_t *run) {
    panel_t panels[PANELS] = {open_panel(run, "power-diagram-voronoi.moe"),
                              open_panel(run, "power-diagram-power.moe")};
    const panel_t *voronoi = panels + VORONOI, *power = panels + POWER;
    const double experts = (double)voronoi->layer->experts;
    long own[PANELS] = {0};
    write_diagram(run, panels);
    write_sites(run, panels, own);
    experiment_check(run, E43, "cells of the Voronoi diagram", (double)voronoi->cells.count, EQUAL, experts,
                     0);
    experiment_check(run, E43, "expert 5 borders on expert 1", cells_joined(&voronoi->cells, 4, 0), EQUAL, 1,
                     0);
    experiment_check(run, E43, "walls with two nearest sites", (double)count_creases(voronoi, true), EQUAL,
                     (double)count_facets(&voronoi->cells), 0);
    experiment_check(run, E43, "sites in their own cells", (double)own[VORONOI], EQUAL, experts, 0);
    experiment_check(run, F3, "cells in the window", (double)power->picture.cells, EQUAL,
                     (double)power->cells.count, 0);
    experiment_check(run, F3, "walls below creases", (double)count_creases(power, false), EQUAL,
                     (double)count_facets(&power->cells), 0);
    experiment_check(run, F3, "sites outside of their own cells",
                     (double)(power->layer->experts - own[POWER]), EQUAL, 2, 0);
    experiment_claim(run, E43, VERDICT_HOLDS, METHOD_EXACT, "instances/power-diagram-voronoi.moe");
    experiment_claim(run, F3, VERDICT_HOLDS, METHOD_EXACT, "power-diagram.diagram.csv");
    for (int p = 0; p < PANELS; p++)
        close_panel(panels + p);
}

static void run_power_diagram(experiment_t *run) {
    const tally_t total = examine_shapes(run);
    decide_power_diagram(run, &total);
    decide_walls(run, &total);
    decide_figure(run);
    flint_cleanup();
}

int main(int argc, char **argv) {
    static const experiment_plan_t plan = {.name = "power-diagram",
                                           .brief =
                                               "top-1 cells: power diagrams, Voronoi diagrams, and walls",
                                           .seed = 1987,
                                           .run = run_power_diagram};
    return experiment_main(&plan, argc, argv);
}
