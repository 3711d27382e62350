// SPDX-License-Identifier: GPL-3.0-or-later
// Two layers: the most regions of a 2-3-3 ReLU network, which is 34 and not 49; and what a linear region is.
//
// CLAIMS (Sparsity is Combinatorial Depth, section 3)
//   depth/def-3.1  linear regions of the layer: maximal connected open sets on which F is affine
//   depth/ex-3.3   two layers of three units on the plane: 7 regions, then a theoretical maximum of 7 * 7 = 49
//   depth/fig-1    the picture of the 49
//
// DERIVATION, two layers. a_i = w_i.(x, 1), h = max(0, a), g_m = v_m.(h, 1); i, m = 1..3. On the open cell of an active
// set S, g_m is affine. By the recursion of experiments/depth/zaslavsky.c in each cell, with s_m the cells in which g_m
// is not constant and vanishes somewhere, and x_mn the cells in which two of these lines cross,
//     R <= 7 + s_1 + s_2 + s_3 + x_12 + x_13 + x_23,       with equality where no lines coincide or are concurrent.
// The three lines a_i = 0 miss one of the eight sign patterns; let p units be active in it. Then the report proves
//     p              0    1    2    3
//     s_m at most    6    6    5    6
//     x_mn at most   2    3    2    2
//     R at most     31   34   28   31,   each attained; and 33 when the three lines are not in general position.
// Up to an affine map of the plane and positive factors of the units, the first layer is x, y, 1 - x - y with the
// signs of p of them changed: a search over the second layer alone is a search over all networks in general position.
//
// DERIVATION, softmax gates. On the cell of a coalition F = sum e^{z_i} l_i / sum e^{z_i} with affine z_i and l_i. If F =
// A is affine, sum e^{z_i} (l_i - A) = 0; exponentials with different gradients are independent over the polynomials, so
// the mean of the l_i with weights e^{b_i} is A in each class of experts whose logits have the same gradient; and
// conversely. On a line at x = s ln 2, F = P + Q ln 2 with rational P, Q. Such a sum vanishes only for P = Q = 0, and a
// sum of n terms e^{ax} (v x + c) that is not 0 has fewer than 2n real zeros: 2n + 2 points decide whether F is affine.
#include "geometry/bounds.h"
#include "geometry/planar.h"
#include "geometry/plane.h"
#include "geometry/two_layer.h"
#include "io/experiment.h"
#include "io/experiment_instance.h"
#include "io/experiment_roads.h"
#include "routing/gated_line.h"
#include "routing/topk_layer.h"

#include <flint/flint.h>
#include <flint/fmpq_vec.h>
#include <math.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

// ---- Parameters ----

enum { UNITS = 3, POSITIONS = UNITS + 1, ACTIVE_SETS = 1 << UNITS, MOST = 49, TEXT = 64 };

// What the report proves for p = 0..3: cells that one bent line meets, and cells in which two of them cross.
static const int PROVEN_MET[POSITIONS] = {6, 6, 5, 6}, PROVEN_CROSSED[POSITIONS] = {2, 3, 2, 2};

static const int64_t DRAW_RANGE = 9, STEP_RANGE = 15, MIXED_RANGE = 4; // of integer entries
static const int DRAWS = 500000, QUICK_DRAWS = 12000;                  // random second layers, for each p
static const int CLIMBS = 1000, QUICK_CLIMBS = 20; // searches from a random second layer, for each p
static const int STEPS = 1000;                     // changes tried in a search
static const int MIXED = 1000, QUICK_MIXED = 40;   // networks, often degenerate, counted by all three roads
static const int GATED = 2000, QUICK_GATED = 300;  // layers with softmax gates
static const uint32_t DRAW_BLOCK = 0, MIXED_BLOCK = 100, GATED_BLOCK = 101; // of random streams
static const double WINDOW[3] = {-0.48, 0.4, 1.72}; // of the figure: centre, half a side
static const double WIDER = 1.5;                    // the first layer's window is so much larger
static const double SPECK = 1e-9;                   // area below which a polygon of the figure would be none
static const double ROUNDING = 1e-15;               // of a value of F in double precision
static const char *const LAYER = "depth/def-3.1", *const MAXIMUM = "depth/ex-3.3",
                         *const FIGURE = "depth/fig-1";

// Random integers, some hundred at a time.
typedef struct {
    stream_t stream;
    uint64_t words[256];
    size_t used;
} dice_t;

static dice_t dice_of(experiment_t *run, uint32_t block) {
    dice_t dice = {.stream = experiment_stream(run, block)};
    dice.used = COUNT(dice.words);
    return dice;
}

static uint64_t below(dice_t *dice, uint64_t n) {
    if (dice->used == COUNT(dice->words)) {
        stream_bits(&dice->stream, dice->words, COUNT(dice->words));
        dice->used = 0;
    }
    return dice->words[dice->used++] % n;
}

static int64_t entry(dice_t *dice, int64_t range) {
    return (int64_t)below(dice, 2 * (uint64_t)range + 1) - range;
}

// ---- Counting, first road: lines in convex cells of the plane; entries below 100, so that 64 bits are enough ----

typedef struct {
    plane_line_t inner[UNITS];
    int64_t outer[UNITS][UNITS + 1];
} net_t;

// Regions, and where they come from.
typedef struct {
    int regions;
    int met[UNITS];            // s_m
    int crossed[UNITS][UNITS]; // x_mn, m > n
} count_t;

// The cell of an active set, and the lines where the second layer vanishes on it.
static void restrict_to(const net_t *net, unsigned active, plane_cell_t *cell, plane_line_t lines[UNITS]) {
    for (int i = 0; i < UNITS; i++) {
        const plane_line_t *a = &net->inner[i];
        const int64_t sign = active >> i & 1 ? 1 : -1;
        cell->wall[i] = (plane_line_t){{sign * a->w[0], sign * a->w[1]}, sign * a->b};
        if (sign < 0 && !plane_is_line(a) && a->b == 0)
            cell->wall[i].b = 1; // a unit that is 0 everywhere is inactive everywhere
    }
    for (int m = 0; m < UNITS; m++) {
        lines[m] = (plane_line_t){{0, 0}, net->outer[m][UNITS]};
        for (int i = 0; i < UNITS; i++) {
            const int64_t v = active >> i & 1 ? net->outer[m][i] : 0;
            lines[m].w[0] += v * net->inner[i].w[0];
            lines[m].w[1] += v * net->inner[i].w[1];
            lines[m].b += v * net->inner[i].b;
        }
    }
}

//[core
// Puts lines one after another into an open convex cell: each adds one region, and one more for
// each point in the cell where it crosses those before it.
static void cut(const plane_line_t lines[UNITS], const plane_cell_t *cell, count_t *count) {
    for (int m = 0; m < UNITS; m++) {
        plane_point_t points[UNITS];
        int found = 0;
        if (!plane_is_line(&lines[m]) || !plane_meets(&lines[m], cell))
            continue;
        count->met[m]++;
        bool repeated = false;
        for (int n = 0; n < m; n++) {
            plane_point_t *p = &points[found];
            if (!plane_is_line(&lines[n]))
                continue;
            repeated = repeated || plane_same_line(&lines[n], &lines[m]);
            if (!plane_crossing(&lines[n], &lines[m], p) || !plane_inside(p, cell))
                continue;
            count->crossed[m][n]++;
            bool known = false;
            for (const plane_point_t *q = points; q < p; q++)
                known = known || plane_same_point(p, q);
            found += !known;
        }
        if (!repeated)
            count->regions += 1 + found;
    }
}

// The first layer cuts the plane, the second cuts each cell of the first by the lines that hold
// there. (Where there is no such cell, nothing meets it.)
static count_t count_plane(const net_t *net) {
    count_t first = {.regions = 1}, second = {0};
    cut(net->inner, &(plane_cell_t){.walls = 0}, &first);
    for (unsigned active = 0; active < ACTIVE_SETS; active++) {
        plane_cell_t cell = {.walls = UNITS};
        plane_line_t lines[UNITS];
        restrict_to(net, active, &cell, lines);
        cut(lines, &cell, &second);
    }
    second.regions += first.regions;
    return second;
}
//]core

// ---- Second and third road: polyhedra, and the definitions on a finer subdivision ----

// All counts of one network.
typedef struct {
    count_t plane;
    two_layer_count_t cut;
    two_layer_survey_t survey; // linear: of max(0, g)
    slong scalar;              // linear regions of the sum of the three units
} roads_t;

static roads_t count_all(experiment_t *run, const net_t *net) {
    two_layer_t *exact = experiment_memory(run, two_layer_alloc(2, UNITS, UNITS));
    fmpz_mat_t sum;
    fmpz_mat_init(sum, 1, UNITS);
    for (int i = 0; i < UNITS; i++) {
        const plane_line_t *a = &net->inner[i];
        const slong inner[] = {a->w[0], a->w[1], a->b};
        for (int j = 0; j < UNITS; j++)
            fmpz_set_si(fmpz_mat_entry(exact->inner, i, j), inner[j]);
        for (int j = 0; j <= UNITS; j++)
            fmpz_set_si(fmpz_mat_entry(exact->outer, i, j), net->outer[i][j]);
        fmpz_one(fmpz_mat_entry(sum, 0, i));
    }
    roads_t roads = {.plane = count_plane(net)};
    two_layer_survey_t scalar;
    experiment_require(run, two_layer_regions(exact, &roads.cut), "two_layer_regions");
    experiment_require(run, two_layer_survey(exact, NULL, &roads.survey), "two_layer_survey");
    experiment_require(run, two_layer_survey(exact, sum, &scalar), "two_layer_survey");
    roads.scalar = scalar.linear;
    fmpz_mat_clear(sum);
    two_layer_free(exact);
    return roads;
}

static bool roads_agree(const roads_t *roads) {
    return roads->plane.regions == roads->cut.regions && roads->plane.regions == roads->survey.activation;
}

// 7 + sum s + sum x, which the count does not exceed.
static int bound_of(const count_t *count) {
    int bound = 1 + UNITS + UNITS * (UNITS - 1) / 2;
    for (int m = 0; m < UNITS; m++) {
        bound += count->met[m];
        for (int n = 0; n < m; n++)
            bound += count->crossed[m][n];
    }
    return bound;
}

// ---- The search, for each position of the first layer ----

// What has been seen of networks with one p.
typedef struct {
    long drawn[MOST + 1], climbed[MOST + 1]; // by number of regions
    int most, met, crossed, rank_bound;      // largest
    int attained;                            // climbs that reached the proven maximum
    int violations;                          // networks with more regions than bound_of
    net_t witness;                           // of the file
    roads_t roads;                           // of the witness
} position_t;

static int proven_most(int p) {
    return 1 + UNITS + UNITS * (UNITS - 1) / 2 + UNITS * PROVEN_MET[p] +
           UNITS * (UNITS - 1) / 2 * PROVEN_CROSSED[p];
}

static int largest_proven(void) {
    int most = 0;
    for (int p = 0; p < POSITIONS; p++)
        most = proven_most(p) > most ? proven_most(p) : most;
    return most;
}

// x, y, 1 - x - y, of which p change their signs; a random second layer.
static net_t draw_net(dice_t *dice, int p) {
    net_t net = {.inner = {{{1, 0}, 0}, {{0, 1}, 0}, {{-1, -1}, 1}}};
    for (int i = 0; i < UNITS; i++) {
        for (int j = 0; i < p && j < 2; j++)
            net.inner[i].w[j] *= -1;
        net.inner[i].b *= i < p ? -1 : 1;
        for (int j = 0; j <= UNITS; j++)
            net.outer[i][j] = entry(dice, DRAW_RANGE);
    }
    return net;
}

static int note(position_t *position, const net_t *net) {
    const count_t count = count_plane(net);
    position->violations += count.regions > bound_of(&count);
    position->most = count.regions > position->most ? count.regions : position->most;
    for (int m = 0; m < UNITS; m++) {
        position->met = count.met[m] > position->met ? count.met[m] : position->met;
        for (int n = 0; n < m; n++)
            position->crossed =
                count.crossed[m][n] > position->crossed ? count.crossed[m][n] : position->crossed;
    }
    return count.regions;
}

// Changes one or two entries at a time and keeps what is not worse.
static int climb(position_t *position, dice_t *dice, net_t net) {
    int regions = note(position, &net);
    for (int step = 0; step < STEPS; step++) {
        net_t other = net;
        for (uint64_t changes = 1 + below(dice, 2); changes > 0; changes--)
            other.outer[below(dice, UNITS)][below(dice, UNITS + 1)] = entry(dice, STEP_RANGE);
        const int found = note(position, &other);
        if (found >= regions) {
            regions = found;
            net = other;
        }
    }
    return regions;
}

static void search(experiment_t *run, position_t *position, int p) {
    const int draws = experiment_quick(run) ? QUICK_DRAWS : DRAWS,
              climbs = experiment_quick(run) ? QUICK_CLIMBS : CLIMBS;
    dice_t dice = dice_of(run, DRAW_BLOCK + (uint32_t)p);
    for (int i = 0; i < draws; i++) {
        const net_t net = draw_net(&dice, p);
        position->drawn[note(position, &net)]++;
    }
    for (int i = 0; i < climbs; i++) {
        const int end = climb(position, &dice, draw_net(&dice, p));
        position->climbed[end]++;
        position->attained += end == proven_most(p);
    }
    experiment_progress(run, (uint64_t)p + 1, POSITIONS);
}

// ---- The witnesses in the file ----

static void read_witnesses(experiment_t *run, position_t *positions) {
    static const char *const names[] = {"w_1", "w_2", "w_3", "bias"};
    sheet_t sheet;
    experiment_read(run, "instances/two-layer.csv", &sheet);
    const size_t rows = (size_t)POSITIONS * 2 * UNITS;
    if (sheet.rows != rows)
        experiment_stop(run, FAULT_INPUT, "%s: expected %zu rows, found %zu", sheet.path, rows, sheet.rows);
    double values[COUNT(names)][POSITIONS * 2 * UNITS];
    for (size_t j = 0; j < COUNT(names); j++)
        experiment_numbers(run, &sheet, names[j], values[j]);
    for (size_t row = 0; row < rows; row++) {
        net_t *net = &positions[row / (2 * UNITS)].witness;
        const size_t unit = row % UNITS;
        if (row % (2 * UNITS) < UNITS)
            net->inner[unit] =
                (plane_line_t){{(int64_t)values[0][row], (int64_t)values[1][row]}, (int64_t)values[3][row]};
        for (size_t j = 0; j < COUNT(names) && row % (2 * UNITS) >= UNITS; j++)
            net->outer[unit][j] = (int64_t)values[j][row];
        for (size_t j = 0; j < COUNT(names); j++)
            if (values[j][row] != floor(values[j][row]) || fabs(values[j][row]) >= 100)
                experiment_stop(run, FAULT_INPUT, "%s: expected integers below 100, found %g", sheet.path,
                                values[j][row]);
    }
    sheet_free(&sheet);
    for (int p = 0; p < POSITIONS; p++)
        positions[p].roads = count_all(run, &positions[p].witness);
}

// A row of integers, "(-1, 2, 3)", for the text.
static void state_witness(experiment_t *run, const net_t *net) {
    for (int i = 0; i < UNITS; i++) {
        static const char *const inner[] = {"InnerOne", "InnerTwo", "InnerThree"}, *const outer[] = {
                                                                                       "OuterOne", "OuterTwo",
                                                                                       "OuterThree"};
        char text[TEXT];
        snprintf(text, sizeof text, "%ld&%ld&%ld", (long)net->inner[i].w[0], (long)net->inner[i].w[1],
                 (long)net->inner[i].b);
        experiment_macro_text(run, inner[i], text);
        const int64_t *v = net->outer[i];
        snprintf(text, sizeof text, "%ld&%ld&%ld&%ld", (long)v[0], (long)v[1], (long)v[2], (long)v[3]);
        experiment_macro_text(run, outer[i], text);
    }
}

static void write_positions(experiment_t *run, const position_t *positions) {
    static const char *const missing[] = {"none", "one", "two", "all"};
    static const table_column_t columns[] = {
        {"active", "1", NULL, NULL},         {"missing", "text", NULL, ""},
        {"rank_bound", "regions", NULL, ""}, {"met_most", "cells", NULL, ""},
        {"crossed_most", "cells", NULL, ""}, {"proven", "regions", NULL, ""},
        {"witness", "regions", NULL, ""},    {"linear", "regions", NULL, ""},
        {"drawn_most", "regions", NULL, ""}, {"found_most", "regions", NULL, ""}};
    table_t *table = experiment_table(
        run, "", "the missing sign pattern of the first layer: bounds, witnesses and searches", columns,
        COUNT(columns), POSITIONS);
    for (int p = 0; p < POSITIONS; p++) {
        const position_t *position = &positions[p];
        int drawn = MOST;
        while (position->drawn[drawn] == 0)
            drawn--;
        table_integer(table, p);
        table_text(table, missing[p]);
        table_integer(table, position->roads.cut.rank_bound);
        table_integer(table, PROVEN_MET[p]);
        table_integer(table, PROVEN_CROSSED[p]);
        table_integer(table, proven_most(p));
        table_integer(table, position->roads.cut.regions);
        table_integer(table, position->roads.survey.linear);
        table_integer(table, drawn);
        table_integer(table, position->most);
    }
}

static void write_histogram(experiment_t *run, const position_t *positions) {
    static const table_column_t columns[] = {{"regions", "regions", NULL, ""},
                                             {"drawn", "1", "%.4e", ""},
                                             {"climbed", "1", "%.4e", ""},
                                             {"climbed_best", "1", "%.4e", ""}};
    table_t *table = experiment_table(
        run, "histogram",
        "share of random networks and of the ends of searches (in all positions; and for p = 1)", columns,
        COUNT(columns), MOST);
    const bool quick = experiment_quick(run);
    const double draws = POSITIONS * (quick ? QUICK_DRAWS : DRAWS), climbs = quick ? QUICK_CLIMBS : CLIMBS;
    for (int r = 1; r <= MOST; r++) {
        double drawn = 0, climbed = 0;
        for (int p = 0; p < POSITIONS; p++) {
            drawn += (double)positions[p].drawn[r];
            climbed += (double)positions[p].climbed[r];
        }
        table_integer(table, r);
        table_real(table, drawn / draws);
        table_real(table, climbed / (POSITIONS * climbs));
        table_real(table, (double)positions[1].climbed[r] / climbs);
    }
}

// Networks with all entries small, so that many are degenerate, by all three roads.
static void check_mixed(experiment_t *run) {
    const int size = experiment_quick(run) ? QUICK_MIXED : MIXED;
    dice_t dice = dice_of(run, MIXED_BLOCK);
    int disagreements = 0, above_rank = 0, more_linear = 0, fewer_linear = 0, degenerate = 0,
        most_degenerate = 0;
    for (int k = 0; k < size; k++) {
        net_t net;
        for (int i = 0; i < UNITS; i++) {
            net.inner[i] = (plane_line_t){{entry(&dice, MIXED_RANGE / 2), entry(&dice, MIXED_RANGE / 2)},
                                          entry(&dice, MIXED_RANGE / 2)};
            for (int j = 0; j <= UNITS; j++)
                net.outer[i][j] = entry(&dice, MIXED_RANGE);
        }
        const roads_t roads = count_all(run, &net);
        disagreements += !roads_agree(&roads);
        above_rank += roads.cut.regions > roads.cut.rank_bound;
        more_linear += roads.survey.linear > roads.cut.regions || roads.scalar > roads.survey.linear;
        fewer_linear += roads.survey.linear < roads.cut.regions;
        if (roads.cut.cells < 1 + UNITS + UNITS * (UNITS - 1) / 2) {
            degenerate++;
            most_degenerate = roads.plane.regions > most_degenerate ? roads.plane.regions : most_degenerate;
        }
    }
    experiment_check(run, MAXIMUM, "mixed networks where three counts disagree", disagreements, EQUAL, 0, 0);
    experiment_check(run, MAXIMUM, "mixed networks above the rank bound", above_rank, EQUAL, 0, 0);
    experiment_check(run, MAXIMUM, "mixed networks with more linear than activation regions", more_linear,
                     EQUAL, 0, 0);
    experiment_check(run, MAXIMUM, "mixed networks with fewer linear regions", fewer_linear, AT_LEAST, 1, 0);
    experiment_check(run, MAXIMUM, "mixed networks with a degenerate first layer", degenerate, AT_LEAST, 1,
                     0);
    experiment_check(run, MAXIMUM, "most regions with a degenerate first layer", most_degenerate, AT_MOST, 33,
                     0);
    experiment_macro_integer(run, "Mixed", size);
    experiment_macro_integer(run, "MixedFewer", fewer_linear);
    experiment_macro_integer(run, "MixedDegenerate", degenerate);
}

static void check_search(experiment_t *run, const position_t *positions) {
    int most = 0, violations = 0;
    for (int p = 0; p < POSITIONS; p++) {
        const position_t *position = &positions[p];
        const roads_t *roads = &position->roads;
        char what[TEXT];
        snprintf(what, sizeof what, "p = %d: most regions found", p);
        experiment_check(run, MAXIMUM, what, position->most, AT_MOST, proven_most(p), 0);
        snprintf(what, sizeof what, "p = %d: regions of the witness", p);
        experiment_check(run, MAXIMUM, what, (double)roads->cut.regions, EQUAL, proven_most(p), 0);
        snprintf(what, sizeof what, "p = %d: linear regions of the witness", p);
        experiment_check(run, MAXIMUM, what, (double)roads->survey.linear, EQUAL, proven_most(p), 0);
        snprintf(what, sizeof what, "p = %d: cells met by a bent line", p);
        experiment_check(run, MAXIMUM, what, position->met, AT_MOST, PROVEN_MET[p], 0);
        snprintf(what, sizeof what, "p = %d: cells where two cross", p);
        experiment_check(run, MAXIMUM, what, position->crossed, AT_MOST, PROVEN_CROSSED[p], 0);
        experiment_check(run, MAXIMUM, "witness counted alike by three roads", roads_agree(roads), EQUAL, 1,
                         0);
        violations += position->violations;
        most = position->most > most ? position->most : most;
    }
    experiment_check(run, MAXIMUM, "networks above 7 + sum s + sum x", violations, EQUAL, 0, 0);
    experiment_check(run, MAXIMUM, "most regions of all networks", most, AT_MOST, largest_proven(), 0);
    experiment_check(run, MAXIMUM, "most regions found by the searches", most, AT_LEAST,
                     experiment_quick(run) ? largest_proven() - 1 : largest_proven(), 0);
    experiment_check(run, FIGURE, "most regions of all networks", most, AT_MOST, MOST - 1, 0);
    experiment_macro_integer(run, "Most", most);
    experiment_macro_integer(run, "Attained", positions[1].attained);
    experiment_macro_integer(run, "WitnessScalar", positions[1].roads.scalar);
    experiment_macro_integer(run, "WitnessRankBound", positions[1].roads.cut.rank_bound);
}

// The number printed in Example 3.3, and the bounds that are smaller.
static void check_printed(experiment_t *run, const position_t *positions) {
    fmpz_t phi;
    fmpz_init(phi);
    bounds_phi(phi, UNITS, 2);
    const slong cells = fmpz_get_si(phi);
    slong rank_bound = 0;
    for (int p = 0; p < POSITIONS; p++) {
        const two_layer_count_t *cut = &positions[p].roads.cut;
        rank_bound = cut->rank_bound > rank_bound ? cut->rank_bound : rank_bound;
        experiment_check(run, MAXIMUM, "cells of the first layer", (double)cut->cells, EQUAL, (double)cells,
                         0);
    }
    experiment_check(run, MAXIMUM, "rank bound", (double)rank_bound, AT_MOST, (double)(cells * cells - 1), 0);
    experiment_check(run, MAXIMUM, "proven maximum", largest_proven(), AT_MOST, (double)(rank_bound - 1), 0);
    experiment_macro_integer(run, "Cells", cells);
    experiment_macro_integer(run, "Printed", cells * cells);
    experiment_macro_integer(run, "RankBound", rank_bound);
    experiment_macro_integer(run, "Proven", largest_proven());
    fmpz_clear(phi);
}

// ---- The picture of the witness ----

static planar_line_t planar_of(const plane_line_t *l) {
    return (planar_line_t){{(double)l->w[0], (double)l->w[1]}, (double)l->b};
}

// The window, moved to the origin; so all lines are.
static planar_line_t in_window(const plane_line_t *l) {
    planar_line_t line = planar_of(l);
    line.b += line.w[0] * WINDOW[0] + line.w[1] * WINDOW[1];
    return line;
}

typedef struct {
    planar_polygon_t polygon;
    int panel, fired;
    unsigned active;
} shape_t;

typedef struct {
    planar_point_t ends[2];
    int panel, unit; // unit -1: of the first layer
} stroke_t;

typedef struct {
    shape_t shapes[2 * MOST];
    stroke_t strokes[UNITS * (ACTIVE_SETS + 2)];
    int shapes_used, strokes_used;
} drawing_t;

static bool is_speck(const planar_polygon_t *polygon) {
    planar_point_t centre;
    return polygon->size < 3 || planar_area(polygon, &centre) < SPECK;
}

static void add_shape(drawing_t *drawing, planar_polygon_t polygon, int panel, unsigned active, int fired) {
    if (!is_speck(&polygon) && drawing->shapes_used < (int)COUNT(drawing->shapes))
        drawing->shapes[drawing->shapes_used++] = (shape_t){polygon, panel, fired, active};
}

static void add_stroke(drawing_t *drawing, const planar_polygon_t *polygon, planar_line_t line, int panel,
                       int unit) {
    stroke_t stroke = {.panel = panel, .unit = unit};
    int found = 0;
    for (int i = 0; i < polygon->size; i++) {
        const planar_point_t p = polygon->corners[i], q = polygon->corners[(i + 1) % polygon->size];
        if ((planar_height(line, p) > 0) != (planar_height(line, q) > 0) && found < 2)
            stroke.ends[found++] = planar_crossing(line, p, q);
    }
    if (found == 2)
        drawing->strokes[drawing->strokes_used++] = stroke;
}

// Cuts the polygon of an active set by the second layer.
static void draw_cell(drawing_t *drawing, const planar_polygon_t *polygon, const plane_line_t lines[UNITS],
                      unsigned active) {
    for (int m = 0; m < UNITS; m++)
        if (plane_is_line(&lines[m]))
            add_stroke(drawing, polygon, in_window(&lines[m]), 2, m);
    for (unsigned fired = 0; fired < ACTIVE_SETS; fired++) {
        planar_polygon_t part = *polygon;
        for (int m = 0; m < UNITS; m++) {
            const bool on = fired >> m & 1;
            if (plane_is_line(&lines[m]))
                part = planar_clip(&part, in_window(&lines[m]), on ? 1 : -1);
            else if (on != (lines[m].b > 0))
                part.size = 0;
        }
        add_shape(drawing, part, 2, active, __builtin_popcount(fired));
    }
}

static void draw_witness(const net_t *net, drawing_t *drawing) {
    const planar_polygon_t windows[2] = {planar_square(WIDER * WINDOW[2]), planar_square(WINDOW[2])};
    for (int panel = 1; panel <= 2; panel++)
        for (int i = 0; i < UNITS; i++)
            add_stroke(drawing, &windows[panel - 1], in_window(&net->inner[i]), panel, -1);
    for (unsigned active = 0; active < ACTIVE_SETS; active++) {
        plane_cell_t cell = {.walls = UNITS};
        plane_line_t lines[UNITS];
        restrict_to(net, active, &cell, lines);
        planar_polygon_t polygons[2] = {windows[0], windows[1]};
        for (int panel = 0; panel < 2; panel++)
            for (int i = 0; i < UNITS; i++)
                polygons[panel] = planar_clip(&polygons[panel], in_window(&cell.wall[i]), 1);
        add_shape(drawing, polygons[0], 1, active, __builtin_popcount(active));
        if (!is_speck(&polygons[1]))
            draw_cell(drawing, &polygons[1], lines, active);
    }
}

static void write_shapes(experiment_t *run, const drawing_t *drawing) {
    static const table_column_t columns[] = {{"panel", "1 or 2", NULL, ""}, {"cell", "1", NULL, ""},
                                             {"fired", "units", NULL, ""},  {"active", "units", NULL, ""},
                                             {"centre_x", "1", "%.5f", ""}, {"centre_y", "1", "%.5f", ""},
                                             {"x", "1", "%.5f", ""},        {"y", "1", "%.5f", ""}};
    size_t rows = 0;
    for (int i = 0; i < drawing->shapes_used; i++)
        rows += (size_t)drawing->shapes[i].polygon.size;
    table_t *table = experiment_table(
        run, "cells", "corners of the regions of the witness in the window, moved to the origin", columns,
        COUNT(columns), rows);
    for (int i = 0; i < drawing->shapes_used; i++) {
        const shape_t *shape = &drawing->shapes[i];
        planar_point_t centre = {0};
        (void)planar_area(&shape->polygon, &centre);
        char set[UNITS + 1] = "";
        size_t length = 0;
        for (int u = 0; u < UNITS; u++)
            if (shape->active >> u & 1)
                set[length++] = (char)('1' + u);
        for (int j = 0; j < shape->polygon.size; j++) {
            table_integer(table, shape->panel);
            table_integer(table, i);
            table_integer(table, shape->fired);
            table_text(table, length > 0 ? set : "none");
            table_real(table, centre.x);
            table_real(table, centre.y);
            table_real(table, shape->polygon.corners[j].x);
            table_real(table, shape->polygon.corners[j].y);
        }
    }
}

static void write_strokes(experiment_t *run, const drawing_t *drawing) {
    static const table_column_t columns[] = {{"panel", "1 or 2", NULL, ""}, {"unit", "1", NULL, ""},
                                             {"x0", "1", "%.5f", ""},       {"y0", "1", "%.5f", ""},
                                             {"x1", "1", "%.5f", ""},       {"y1", "1", "%.5f", ""}};
    table_t *table = experiment_table(
        run, "lines", "lines of the first layer (unit 0) and bent lines of the second (units 1 to 3)",
        columns, COUNT(columns), (size_t)drawing->strokes_used);
    for (int i = 0; i < drawing->strokes_used; i++) {
        const stroke_t *stroke = &drawing->strokes[i];
        table_integer(table, stroke->panel);
        table_integer(table, stroke->unit + 1);
        for (int end = 0; end < 2; end++) {
            table_real(table, stroke->ends[end].x);
            table_real(table, stroke->ends[end].y);
        }
    }
}

static void check_figure(experiment_t *run, const position_t *best) {
    drawing_t drawing = {0};
    draw_witness(&best->witness, &drawing);
    int drawn[2] = {0};
    for (int i = 0; i < drawing.shapes_used; i++)
        drawn[drawing.shapes[i].panel - 1]++;
    write_shapes(run, &drawing);
    write_strokes(run, &drawing);
    experiment_check(run, FIGURE, "regions drawn of the first layer", drawn[0], EQUAL,
                     (double)best->roads.cut.cells, 0);
    experiment_check(run, FIGURE, "regions drawn of both layers", drawn[1], EQUAL,
                     (double)best->roads.cut.regions, 0);
}

// ---- Softmax gates ----

static void check_gates(experiment_t *run) {
    const int size = experiment_quick(run) ? QUICK_GATED : GATED;
    dice_t dice = dice_of(run, GATED_BLOCK);
    int wrong = 0, affine = 0, alone = 0;
    for (int k = 0; k < size; k++) {
        gated_line_t gated = {.experts = 1 + (slong)below(&dice, GATED_LINE_EXPERTS)};
        for (slong i = 0; i < gated.experts; i++) {
            gated.slope[i] = entry(&dice, 1);
            gated.weight[i] = 1 + (slong)below(&dice, 3);
            gated.speed[i] = entry(&dice, 1);
            gated.start[i] = entry(&dice, 1);
        }
        const bool is = gated_line_is_affine(&gated);
        wrong += is != gated_line_means_agree(&gated);
        affine += is && gated.experts > 1;
        alone += gated.experts == 1 && !is;
    }
    experiment_check(run, LAYER, "layers where the criterion is wrong", wrong, EQUAL, 0, 0);
    experiment_check(run, LAYER, "top-1 cells that are not affine", alone, EQUAL, 0, 0);
    experiment_check(run, LAYER, "affine cells of two or three experts", affine, AT_LEAST, 1, 0);
    experiment_check(run, LAYER, "affine cells of two or three experts", affine, AT_MOST, size / 2, 0);
    experiment_macro_integer(run, "Gated", size);
    experiment_macro_integer(run, "GatedAffine", affine);
}

// The layer of the file: its regions, and which points s ln 2 lie in the coalition {1, 2} with which value, in double
// precision.
static void check_example(experiment_t *run, const gated_line_t *example) {
    layer_t *layer = experiment_layer(run, "two-layer-softmax.moe");
    const topk_shape_t shape = {.inputs = 1,
                                .experts = (size_t)layer->experts,
                                .active = (size_t)layer->active,
                                .width = 1,
                                .classes = 1};
    topk_layer_t *twin = experiment_memory(run, topk_layer_alloc(&shape));
    topk_pass_t *pass = experiment_memory(run, topk_pass_alloc(&shape));
    for (slong i = 0; i < layer->experts * 2; i++)
        twin->router[i] = fmpz_get_d(layer->router->rows[i / 2] + i % 2);
    for (slong i = 0; i < example->experts; i++)
        twin->output[2 * i + 1] = (double)example->start[i]; // experts without hidden units: constants
    fmpq *value = _fmpq_vec_init(2);
    double worst = 0;
    int elsewhere = 0;
    for (slong s = 0; s <= 2; s++) {
        const double x = (double)s * M_LN2;
        topk_pass_run(pass, twin, &x);
        gated_line_value(example, s, value);
        worst = fmax(worst, fabs(pass->scores[0] - fmpq_get_d(value)));
        elsewhere += pass->coalition[0] + pass->coalition[1] != 1;
    }
    experiment_check(run, LAYER, "activation regions of the example",
                     (double)experiment_flats(run, layer).regions, EQUAL, 2, 0);
    experiment_check(run, LAYER, "points of the example in another coalition", elsewhere, EQUAL, 0, 0);
    experiment_check(run, LAYER, "values of the example in double precision", worst, AT_MOST, ROUNDING, 0);
    _fmpq_vec_clear(value, 2);
    topk_pass_free(pass);
    topk_layer_free(twin);
    layer_free(layer);
}

// F(0), F(ln 2), F(ln 4) of z = (x, 0, -10), E = (1, 0, 0), and what an affine F would have.
static void check_layer(experiment_t *run) {
    static const char *const names[] = {"ValueZero", "ValueOne", "ValueTwo"};
    const gated_line_t example = {.experts = 2, .slope = {1, 0}, .weight = {1, 1}, .start = {1, 0}};
    fmpq *values = _fmpq_vec_init(2 * 3), *affine = _fmpq_vec_init(1);
    for (slong s = 0; s <= 2; s++) {
        gated_line_value(&example, s, values + 2 * s);
        experiment_macro_fmpq(run, names[s], values + 2 * s);
    }
    fmpq_mul_si(affine, values + 2, 2);
    fmpq_sub(affine, affine, values);
    experiment_macro_fmpq(run, "ValueAffine", affine);
    experiment_check(run, LAYER, "F(ln 4) is what an affine F would have", fmpq_equal(affine, values + 4),
                     EQUAL, 0, 0);
    experiment_check(run, LAYER, "the example's F is affine", gated_line_is_affine(&example), EQUAL, 0, 0);
    check_example(run, &example);
    check_gates(run);
    _fmpq_vec_clear(values, 2 * 3);
    _fmpq_vec_clear(affine, 1);
}

static void state_parameters(experiment_t *run) {
    const bool quick = experiment_quick(run);
    const int draws = quick ? QUICK_DRAWS : DRAWS, climbs = quick ? QUICK_CLIMBS : CLIMBS;
    experiment_parameter(run, "Draws", "\\num{%.0f}", POSITIONS * draws, "networks");
    experiment_parameter(run, "Climbs", "\\num{%.0f}", climbs, "searches for each p");
    experiment_parameter(run, "Steps", "\\num{%.0f}", STEPS, "changes");
    experiment_macro(run, "Counted", "\\num{%.0f}", POSITIONS * (draws + (double)climbs * (STEPS + 1)));
    experiment_parameter(run, "Range", "%.0f", (double)DRAW_RANGE, "1");
}

static void run_two_layer(experiment_t *run) {
    position_t positions[POSITIONS] = {0};
    state_parameters(run);
    read_witnesses(run, positions);
    for (int p = 0; p < POSITIONS; p++)
        search(run, &positions[p], p);
    write_positions(run, positions);
    write_histogram(run, positions);
    state_witness(run, &positions[1].witness);
    check_search(run, positions);
    check_printed(run, positions);
    check_mixed(run);
    check_figure(run, &positions[1]);
    check_layer(run);
    experiment_claim(run, LAYER, VERDICT_AMENDED, METHOD_EXACT, "data/instances/two-layer-softmax.moe");
    experiment_claim(run, MAXIMUM, VERDICT_FAILS, METHOD_EXACT,
                     "proof in section two-layer; data/instances/two-layer.csv");
    experiment_claim(run, FIGURE, VERDICT_FAILS, METHOD_EXACT, "two-layer.cells.csv");
    flint_cleanup();
}

int main(int argc, char **argv) {
    static const experiment_plan_t plan = {
        .name = "two-layer",
        .brief = "the most regions of a 2-3-3 network, and softmax gates that are not affine",
        .seed = 34,
        .run = run_two_layer};
    return experiment_main(&plan, argc, argv);
}
