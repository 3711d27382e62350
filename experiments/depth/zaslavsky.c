// SPDX-License-Identifier: GPL-3.0-or-later
// Zaslavsky's function: how many regions a dense layer has, and what that says of the printed top-4 capacity.
//
// CLAIMS (Sparsity is Combinatorial Depth, sections 3 and 4)
//   depth/def-3.2   n hyperplanes in general position have Phi(n, d) = sum_{j<=d} C(n, j) ~ n^d / d! regions
//   depth/ex-4.9    three lines: 7 regions in general position, 6 when two are parallel, 6 when all three meet
//   depth/fig-5     the picture of the three
//   depth/rem-4.13  the capacity of a dense layer is polynomial in its width, of degree d
//   depth/ex-4.21   d = 5, 20 active units of N = 16 experts: 21,700, 347,200 and 39,494,000 regions
//
// DERIVATION. Let A be hyperplanes in an open convex V, in any position. The t-th of them cuts as many regions in
// two as those before it cut the convex set V n H_t into. By induction, with "/H" for the restriction to H and F_B
// for the intersection of B,
//     r_V(A) = 1 + sum_t r_{V n H_t}({s < t}/H_t) = #{B without broken circuit : F_B meets V}.
// For V = R^d, and where every set of at most d hyperplanes is such a B, this is Phi(n, d). Otherwise the deficit is
// the number of those sets that contain a broken circuit, and the degenerate circuits are its witnesses.
//
// Growth. C(n, j-1)/C(n, j) = j/(n-j+1) <= q = d/(n-d+1) for j <= d, so that for n >= 2d
//     C(n+1, d) = C(n, d) + C(n, d-1) <= Phi(n, d) <= C(n, d)/(1 - q), which is
//     C(n+1, d) <= Phi(n, d) <= C(n+1, d) (1 + d^2 / ((n+1)(n+1-2d))). (G)
//
// Top-k. For a coalition I, the regions in its open convex cell V(I) are the sets B of hyperplanes of I, without
// broken circuits, whose F_B meets V(I). If |B| < d, there are at most C(N, k) Phi(kH, d-1) pairs (I, B). If |B| = d,
// then F_B is a point, and a point lies in at most one cell: there are at most sum_{e<=k} M_d(e) pairs, one for each
// set of d hyperplanes with at most k owners. The sum of the two is (U1). (U) counts the same pairs more closely, see
// bounds.h.
#include "geometry/arrangement.h"
#include "geometry/bounds.h"
#include "geometry/count.h"
#include "geometry/generic.h"
#include "geometry/planar.h"
#include "geometry/whitney.h"
#include "io/experiment.h"

#include <flint/flint.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { TEXT = 256 };

// ---- Parameters ----

// Random arrangements: number of hyperplanes (and in a quick run), dimension, entries are in -range..range.
typedef struct {
    slong planes, quick, dimension, range;
} shape_t;

static const shape_t SHAPES[] = {
    {12, 12, 1, 99999}, {40, 20, 2, 99999}, {24, 12, 3, 99999}, {16, 10, 4, 99999},
    {20, 12, 5, 99999}, {5, 5, 8, 99999},   {80, 20, 5, 99},    {40, 20, 1, 9},
    {20, 12, 2, 9},     {20, 10, 2, 3},     {40, 20, 3, 9},     {12, 10, 3, 3},
    {14, 10, 4, 3},     {14, 10, 5, 2},     {100, 30, 3, 99},   {200, 50, 3, 99}};
static const size_t TRAP = COUNT(SHAPES) - 1;

// Doubling of the number of hyperplanes: from FIRST_PLANES to `planes` (in a quick run `quick`).
static const shape_t DOUBLINGS[] = {
    {1280, 160, 1, 99999}, {320, 80, 2, 99999}, {160, 40, 3, 99999}, {80, 20, 4, 99999}, {40, 20, 5, 99999}};

static const slong FIRST_PLANES = 10;        // hyperplanes
static const ulong LARGEST_PLANES = 1000000; // hyperplanes, for Phi alone
static const ulong LARGEST_DIMENSION = 50;
static const int PHI_DOUBLINGS = 7;      // of FIRST_PLANES, for the curves of the figure
static const ulong WHITNEY_SETS = 30000; // Whitney's theorem is summed for arrangements with Phi up to this
static const ulong WHITNEY_LIMIT = 10000000; // sets, more than any of them has
static const double SLOPE_TOLERANCE = 1e-4;  // of the last slope from d
static const double ROUNDING = 1e-9;         // of a slope computed in double precision, generously
static const shape_t BATCH = {8, 8, 3, 3};   // many small arrangements ...
static const int BATCH_SIZE = 1000;          // ... so many
static const int BATCH_QUICK = 200;          // ... or so many in a quick run
static const double BOX = 3;                 // the picture shows [-BOX, BOX]^2
static const uint32_t BATCH_BLOCK = 1000;    // first block of the batch's streams
static const uint32_t DOUBLING_BLOCK = 100;  // first block of the doublings' streams

// Figure 5: lines w_1 x + w_2 y + b = 0 in the three positions, with the number of regions that the paper
// gives.
static const struct {
    const char *what;
    slong lines[9];
    slong regions;
} POSITIONS[] = {{"general position", {0, 2, 3, 3, -2, 2, 3, 2, -2}, 7},
                 {"two parallel lines", {0, 1, 1, 0, 1, -1, 3, -2, 0}, 6},
                 {"three lines through a point", {0, 1, 0, 3, -2, 0, 3, 2, 0}, 6}};

// Example 4.21: the layers, and a dense one with all 80 units of the last.
static const bounds_layer_t DENSE = {1, 1, 20, 5}, TOP1 = {16, 1, 20, 5}, TOP4 = {16, 4, 5, 5},
                            DENSE_ALL = {1, 1, 80, 5};

static void state_parameters(experiment_t *run) {
    const bool quick = experiment_quick(run);
    experiment_parameter(run, "WhitneySets", "%.0f", (double)WHITNEY_SETS, "sets");
    experiment_parameter(run, "FirstPlanes", "%.0f", (double)FIRST_PLANES, "hyperplanes");
    experiment_parameter(run, "TrapRange", "%.0f", (double)SHAPES[TRAP].range, "1");
    experiment_parameter(run, "GrowthRange", "%.0f", (double)DOUBLINGS[0].range, "1");
    experiment_parameter(run, "BatchSize", "%.0f", quick ? BATCH_QUICK : BATCH_SIZE, "arrangements");
    experiment_parameter(run, "BatchPlanes", "%.0f", (double)BATCH.planes, "planes");
    experiment_parameter(run, "BatchRange", "%.0f", (double)BATCH.range, "1");
}

// ---- One arrangement ----

// What is known of one arrangement.
typedef struct {
    arrangement_t *a;
    generic_report_t report;
    fmpz_t phi, regions, deficit; // deficit: what the witnesses explain
    int roads;                    // computations of the number of regions
    bool agree;                   // all of them give the same
    bool witnessed;               // every witness holds
} finding_t;

//[core
// Counts the regions of f->a in two or three ways that share nothing.
static void examine(experiment_t *run, finding_t *f) {
    fmpz_t other;
    fmpz_init(other);
    bounds_phi(f->phi, (ulong)f->a->planes, (ulong)f->a->dimension);

    // 1: the tree of intersections.
    experiment_require(run, count_regions(f->a, f->regions), "count_regions");

    // 2: all degenerate circuits, found with determinants; no circuit is a proof of general position.
    experiment_require(run, generic_examine(f->a, &f->report), "generic_examine");
    experiment_require(run, generic_deficit(&f->report, f->deficit), "generic_deficit");
    fmpz_sub(other, f->phi, f->deficit);
    f->agree = fmpz_equal(f->regions, other);
    f->roads = 2;
    f->witnessed = true;
    for (slong i = 0; i < f->report.count; i++)
        f->witnessed &= generic_holds(&f->report.witnesses[i], f->a);

    // 3: Whitney's theorem, where its terms are few enough.
    if (fmpz_cmp_ui(f->phi, WHITNEY_SETS) <= 0) {
        experiment_require(run, whitney_regions(f->a, WHITNEY_LIMIT, other), "whitney_regions");
        f->agree &= fmpz_equal(f->regions, other);
        f->roads = 3;
    }
    fmpz_clear(other);
}
//]core

static finding_t finding_of(experiment_t *run, slong planes, slong dimension) {
    finding_t f = {.a = experiment_memory(run, arrangement_alloc(planes, dimension))};
    fmpz_init(f.phi);
    fmpz_init(f.regions);
    fmpz_init(f.deficit);
    return f;
}

static void finding_clear(finding_t *f) {
    arrangement_free(f->a);
    generic_clear(&f->report);
    fmpz_clear(f->phi);
    fmpz_clear(f->regions);
    fmpz_clear(f->deficit);
}

static finding_t examine_random(experiment_t *run, slong planes, const shape_t *shape, uint32_t block) {
    finding_t f = finding_of(run, planes, shape->dimension);
    stream_t stream = experiment_stream(run, block);
    experiment_require(run, arrangement_draw(f.a, shape->range, &stream), "arrangement_draw");
    examine(run, &f);
    return f;
}

// ---- Definition 3.2: regions of random integer arrangements ----

// What all arrangements together have shown.
typedef struct {
    int instances, generic, degenerate, disagreements, unwitnessed;
    int not_phi; // in general position with another number of regions than Phi
} tally_t;

static void add_to_tally(tally_t *tally, const finding_t *f) {
    const bool generic = f->report.count == 0;
    tally->instances++;
    tally->generic += generic;
    tally->degenerate += !generic;
    tally->disagreements += !f->agree;
    tally->unwitnessed += !f->witnessed;
    tally->not_phi += generic && !fmpz_equal(f->regions, f->phi);
}

static void write_finding(table_t *table, const finding_t *f, const shape_t *shape, size_t block) {
    fmpz_t lost;
    fmpz_init(lost);
    fmpz_sub(lost, f->phi, f->regions);
    table_integer(table, f->a->planes);
    table_integer(table, shape->dimension);
    table_integer(table, shape->range);
    table_integer(table, (long long)block);
    table_fmpz(table, f->phi);
    table_fmpz(table, f->regions);
    table_fmpz(table, lost);
    table_integer(table, f->report.count);
    table_integer(table, f->report.count == 0);
    table_integer(table, f->roads);
    table_integer(table, f->agree);
    fmpz_clear(lost);
}

// "3 17 90" and "1 -2 1", hyperplanes counted from 1.
static void write_witness(table_t *table, const generic_witness_t *witness) {
    char planes[TEXT] = "", relation[TEXT] = "";
    size_t used = 0, filled = 0;
    for (slong i = 0; i < witness->size && used < TEXT && filled < TEXT; i++) {
        char *factor = fmpz_get_str(NULL, 10, witness->relation + i);
        used += (size_t)snprintf(planes + used, TEXT - used, "%s%ld", i ? " " : "", witness->planes[i] + 1);
        filled += (size_t)snprintf(relation + filled, TEXT - filled, "%s%s", i ? " " : "", factor);
        flint_free(factor);
    }
    table_text(table, planes);
    table_text(table, relation);
    table_integer(table, witness->concurrent);
}

static void write_witnesses(experiment_t *run, const finding_t *findings) {
    static const table_column_t columns[] = {{"block", "1", NULL, ""},
                                             {"planes", "numbers from 1", NULL, ""},
                                             {"relation", "1", NULL, ""},
                                             {"concurrent", "0 or 1", NULL, ""}};
    size_t rows = 0;
    for (size_t i = 0; i < COUNT(SHAPES); i++)
        rows += (size_t)findings[i].report.count;
    table_t *table =
        experiment_table(run, "witnesses", "all degenerate circuits: sum of relation times normals = 0",
                         columns, COUNT(columns), rows);
    for (size_t i = 0; i < COUNT(SHAPES); i++)
        for (slong j = 0; j < findings[i].report.count; j++) {
            table_integer(table, (long long)i);
            write_witness(table, &findings[i].report.witnesses[j]);
        }
}

// The witness with the smallest factors, which is the easiest to check by hand.
static const generic_witness_t *simplest(const generic_report_t *report) {
    const generic_witness_t *best = NULL;
    double least = INFINITY;
    for (slong i = 0; i < report->count; i++) {
        double size = 0;
        for (slong j = 0; j < report->witnesses[i].size; j++)
            size += fabs(fmpz_get_d(report->witnesses[i].relation + j));
        if (size < least) {
            least = size;
            best = &report->witnesses[i];
        }
    }
    return best;
}

// The trap's simplest witness as rows of an array: factor, number of the plane, its entries.
static void state_trap(experiment_t *run, const finding_t *trap) {
    char text[4 * TEXT] = "";
    size_t used = 0;
    const generic_witness_t *witness = simplest(&trap->report);
    for (slong i = 0; witness != NULL && i < witness->size && used < sizeof text; i++) {
        const fmpz *row = trap->a->rows->rows[witness->planes[i]];
        used += (size_t)snprintf(text + used, sizeof text - used, "%ld&%ld&%ld&%ld&%ld&%ld\\\\",
                                 fmpz_get_si(witness->relation + i), witness->planes[i] + 1, fmpz_get_si(row),
                                 fmpz_get_si(row + 1), fmpz_get_si(row + 2), fmpz_get_si(row + 3));
    }
    experiment_macro_text(run, "TrapWitness", text);
    experiment_macro_integer(run, "TrapPlanes", trap->a->planes);
    experiment_macro_integer(run, "TrapCircuits", trap->report.count);
    experiment_macro_fmpz(run, "TrapPhi", trap->phi);
    experiment_macro_fmpz(run, "TrapRegions", trap->regions);
    experiment_macro_fmpz(run, "TrapDeficit", trap->deficit);
}

static void examine_shapes(experiment_t *run, tally_t *tally) {
    static const table_column_t columns[] = {{"n", "1", NULL, ""},
                                             {"d", "1", NULL, ""},
                                             {"range", "1", NULL, ""},
                                             {"block", "1", NULL, NULL},
                                             {"phi", "regions", NULL, ""},
                                             {"regions", "regions", NULL, ""},
                                             {"deficit", "regions", NULL, ""},
                                             {"circuits", "1", NULL, ""},
                                             {"generic", "0 or 1", NULL, NULL},
                                             {"roads", "1", NULL, ""},
                                             {"agree", "0 or 1", NULL, NULL}};
    table_t *table = experiment_table(run, "", "regions of random integer arrangements", columns,
                                      COUNT(columns), COUNT(SHAPES));
    finding_t findings[COUNT(SHAPES)];
    for (size_t i = 0; i < COUNT(SHAPES); i++) {
        const slong planes = experiment_quick(run) ? SHAPES[i].quick : SHAPES[i].planes;
        findings[i] = examine_random(run, planes, &SHAPES[i], (uint32_t)i);
        add_to_tally(tally, &findings[i]);
        write_finding(table, &findings[i], &SHAPES[i], i);
        experiment_progress(run, i + 1, COUNT(SHAPES) + COUNT(DOUBLINGS));
    }
    write_witnesses(run, findings);
    state_trap(run, &findings[TRAP]);
    for (size_t i = 0; i < COUNT(SHAPES); i++)
        finding_clear(&findings[i]);
}

// Many small arrangements with tiny entries, nearly all of them degenerate.
static void examine_batch(experiment_t *run, tally_t *tally) {
    const int size = experiment_quick(run) ? BATCH_QUICK : BATCH_SIZE;
    tally_t batch = {0};
    for (int i = 0; i < size; i++) {
        finding_t f = examine_random(run, BATCH.planes, &BATCH, BATCH_BLOCK + (uint32_t)i);
        add_to_tally(&batch, &f);
        finding_clear(&f);
    }
    experiment_macro_integer(run, "BatchGeneric", batch.generic);
    tally->instances += batch.instances;
    tally->generic += batch.generic;
    tally->degenerate += batch.degenerate;
    tally->disagreements += batch.disagreements;
    tally->unwitnessed += batch.unwitnessed;
    tally->not_phi += batch.not_phi;
}

static double log2_fmpz(const fmpz_t value) {
    slong exponent;
    const double mantissa = fmpz_get_d_2exp(&exponent, value);
    return log2(mantissa) + (double)exponent;
}

// Phi(10^6, 50), against the sum of binomials that FLINT computes one by one.
static void check_largest(experiment_t *run) {
    fmpz_t phi, sum, term;
    fmpz_init(phi);
    fmpz_init(sum);
    fmpz_init(term);
    bounds_phi(phi, LARGEST_PLANES, LARGEST_DIMENSION);
    for (ulong j = 0; j <= LARGEST_DIMENSION; j++) {
        fmpz_bin_uiui(term, LARGEST_PLANES, j);
        fmpz_add(sum, sum, term);
    }
    fmpz_sub(sum, sum, phi);
    experiment_check(run, "depth/def-3.2", "Phi(10^6 50) less the sum of its binomials", fmpz_get_d(sum),
                     EQUAL, 0, 0);
    // Asymptotically n^d/d!: the ratio is 1 - d(d-3)/(2n) up to the next order, which (G) bounds.
    const double n = (double)LARGEST_PLANES, d = (double)LARGEST_DIMENSION;
    fmpz_fac_ui(term, LARGEST_DIMENSION);
    fmpz_mul(term, term, phi);
    fmpz_set_ui(sum, LARGEST_PLANES);
    fmpz_pow_ui(sum, sum, LARGEST_DIMENSION);
    const double ratio = exp2(log2_fmpz(term) - log2_fmpz(sum));
    experiment_check(run, "depth/def-3.2", "Phi(10^6 50) over n^d/d! less 1", fabs(ratio - 1), AT_MOST,
                     d * d / n, ROUNDING);
    char *digits = fmpz_get_str(NULL, 10, phi), head[TEXT];
    const size_t length = strlen(digits);
    snprintf(head, sizeof head, "%.5s\\,%.5s\\,%.5s", digits, digits + 5, digits + 10);
    experiment_macro_integer(run, "LargestDigits", (long long)length);
    experiment_macro_text(run, "LargestHead", head);
    snprintf(head, sizeof head, "%.5s\\,%.5s", digits + length - 10, digits + length - 5);
    experiment_macro_text(run, "LargestTail", head);
    flint_free(digits);
    fmpz_clear(phi);
    fmpz_clear(sum);
    fmpz_clear(term);
}

static void check_definition(experiment_t *run, const tally_t *tally) {
    static const char *const claim = "depth/def-3.2";
    experiment_check(run, claim, "arrangements where two counts disagree", tally->disagreements, EQUAL, 0, 0);
    experiment_check(run, claim, "proved generic with another count than Phi", tally->not_phi, EQUAL, 0, 0);
    experiment_check(run, claim, "arrangements proved generic", tally->generic, AT_LEAST, 20, 0);
    experiment_check(run, claim, "arrangements whose deficit is explained", tally->degenerate, AT_LEAST, 20,
                     0);
    experiment_check(run, claim, "arrangements with a false witness", tally->unwitnessed, EQUAL, 0, 0);
    check_largest(run);
    experiment_macro_integer(run, "Instances", tally->instances);
    experiment_macro_integer(run, "Generic", tally->generic);
    experiment_macro_integer(run, "Degenerate", tally->degenerate);
}

// ---- Remark 4.13: growth in the width ----

// Whether (G) holds for a number of regions; n >= 2d.
static bool is_in_corridor(const fmpz_t regions, ulong n, ulong d) {
    fmpz_t low, scaled, high;
    fmpz_init(low);
    fmpz_init(scaled);
    fmpz_init(high);
    fmpz_bin_uiui(low, n + 1, d);
    fmpz_mul_ui(scaled, regions, n + 1);
    fmpz_mul_ui(scaled, scaled, n + 1 - 2 * d);
    fmpz_set_ui(high, n + 1);
    fmpz_mul_ui(high, high, n + 1 - 2 * d);
    fmpz_add_ui(high, high, d * d);
    fmpz_mul(high, high, low);
    const bool inside = fmpz_cmp(low, regions) <= 0 && fmpz_cmp(scaled, high) <= 0;
    fmpz_clear(low);
    fmpz_clear(scaled);
    fmpz_clear(high);
    return inside;
}

// C(n+1, d) d! / n^d, the lower side of (G) over n^d / d!, in double precision for the figure.
static double low_ratio(double n, double d) {
    double product = 1;
    for (double i = 0; i < d; i++)
        product *= (n + 1 - i) / n;
    return product;
}

// The figure's table, and what is found on the way.
typedef struct {
    experiment_t *run;
    table_t *table;
    int inequalities, violations;
    double last_slope;    // largest distance from d, at the largest n
    double counted_slope; // the same for the last doubling that was counted
} growth_t;

static void check_corridor(growth_t *growth, const fmpz_t regions, ulong n, ulong d) {
    growth->inequalities++;
    growth->violations += !is_in_corridor(regions, n, d);
}

static void write_point(growth_t *growth, slong d, slong n, bool measured, const fmpz_t regions) {
    const double planes = (double)n, degree = (double)d, low = low_ratio(planes, degree);
    table_integer(growth->table, d);
    table_integer(growth->table, n);
    table_integer(growth->table, measured);
    table_fmpz(growth->table, regions);
    table_real(growth->table, fmpz_get_d(regions) * tgamma(degree + 1) / pow(planes, degree));
    table_real(growth->table, low);
    table_real(growth->table, low * (1 + degree * degree / ((planes + 1) * (planes + 1 - 2 * degree))));
}

static slong last_planes(experiment_t *run, const shape_t *shape) {
    return experiment_quick(run) ? shape->quick : shape->planes;
}

// Random arrangements of more and more hyperplanes; (G) is for those that are proved generic.
static void count_curve(growth_t *growth, const shape_t *shape, uint32_t block, tally_t *tally) {
    const slong d = shape->dimension;
    double slope = 0, before = 0;
    for (slong n = FIRST_PLANES; n <= last_planes(growth->run, shape); n *= 2) {
        finding_t f = examine_random(growth->run, n, shape, block++);
        add_to_tally(tally, &f);
        write_point(growth, d, n, true, f.regions);
        if (f.report.count == 0)
            check_corridor(growth, f.regions, (ulong)n, (ulong)d);
        slope = log2_fmpz(f.regions) - before;
        before += slope;
        finding_clear(&f);
    }
    growth->counted_slope = fmax(growth->counted_slope, fabs(slope - (double)d));
}

static void phi_curve(growth_t *growth, slong d) {
    fmpz_t phi;
    fmpz_init(phi);
    slong n = FIRST_PLANES;
    for (int i = 0; i <= PHI_DOUBLINGS; i++, n *= 2) {
        bounds_phi(phi, (ulong)n, (ulong)d);
        write_point(growth, d, n, false, phi);
        check_corridor(growth, phi, (ulong)n, (ulong)d);
    }
    fmpz_clear(phi);
}

// (G) and the slope for Phi itself, up to the largest arguments.
static void check_large(growth_t *growth) {
    fmpz_t phi, half;
    fmpz_init(phi);
    fmpz_init(half);
    for (ulong d = 1; d <= LARGEST_DIMENSION; d++)
        for (ulong n = 2 * LARGEST_DIMENSION; n <= LARGEST_PLANES; n *= 10) {
            bounds_phi(phi, n, d);
            check_corridor(growth, phi, n, d);
        }
    for (size_t i = 0; i < COUNT(DOUBLINGS); i++) {
        const slong d = DOUBLINGS[i].dimension;
        bounds_phi(phi, LARGEST_PLANES, (ulong)d);
        bounds_phi(half, LARGEST_PLANES / 2, (ulong)d);
        const double slope = log2_fmpz(phi) - log2_fmpz(half);
        growth->last_slope = fmax(growth->last_slope, fabs(slope - (double)d));
    }
    fmpz_clear(phi);
    fmpz_clear(half);
}

static void open_growth(growth_t *growth) {
    static const table_column_t columns[] = {{"d", "1", NULL, ""},
                                             {"n", "1", NULL, ""},
                                             {"measured", "0 or 1", NULL, ""},
                                             {"regions", "regions", NULL, ""},
                                             {"ratio", "1", "%.8f", ""},
                                             {"low", "1", "%.8f", ""},
                                             {"high", "1", "%.8f", ""}};
    size_t points = COUNT(DOUBLINGS) * (size_t)(PHI_DOUBLINGS + 1);
    for (size_t i = 0; i < COUNT(DOUBLINGS); i++)
        for (slong n = FIRST_PLANES; n <= last_planes(growth->run, &DOUBLINGS[i]); n *= 2)
            points++;
    growth->table = experiment_table(
        growth->run, "growth", "regions counted (measured) or Phi; ratio: over n^d/d! with its proven bounds",
        columns, COUNT(columns), points);
}

static void decide_growth(experiment_t *run, tally_t *tally) {
    static const char *const claim = "depth/rem-4.13";
    growth_t growth = {.run = run};
    open_growth(&growth);
    for (size_t i = 0; i < COUNT(DOUBLINGS); i++) {
        phi_curve(&growth, DOUBLINGS[i].dimension);
        count_curve(&growth, &DOUBLINGS[i], DOUBLING_BLOCK + (uint32_t)(20 * i), tally);
        experiment_progress(run, COUNT(SHAPES) + i + 1, COUNT(SHAPES) + COUNT(DOUBLINGS));
    }
    check_large(&growth);
    experiment_check(run, claim, "violations of the two-sided bound (G)", growth.violations, EQUAL, 0, 0);
    experiment_check(run, claim, "last slope less d", growth.last_slope, AT_MOST, SLOPE_TOLERANCE, ROUNDING);
    experiment_macro_integer(run, "Inequalities", growth.inequalities);
    experiment_macro(run, "LastSlope", "%.1e", growth.last_slope);
    experiment_macro(run, "CountedSlope", "%.2f", growth.counted_slope);
    experiment_claim(run, claim, VERDICT_HOLDS, METHOD_EXACT, "zaslavsky.growth.csv");
}

// ---- Example 4.9 and Figure 5: three lines ----

enum { LINES = 3 };

static planar_line_t line_of(const slong row[3]) {
    return (planar_line_t){{(double)row[0], (double)row[1]}, (double)row[2]};
}

// A region in the picture: where its name goes.
typedef struct {
    planar_point_t centre;
    bool bounded; // it does not reach the frame
} piece_t;

static bool is_bounded(const planar_polygon_t *polygon) {
    for (int i = 0; i < polygon->size; i++)
        if (fmax(fabs(polygon->corners[i].x), fabs(polygon->corners[i].y)) >= BOX)
            return false;
    return true;
}

// Bounded regions first, then around the frame.
static int compare_pieces(const void *a, const void *b) {
    const piece_t *left = a, *right = b;
    if (left->bounded != right->bounded)
        return left->bounded ? -1 : 1;
    const double p = atan2(left->centre.y, left->centre.x), q = atan2(right->centre.y, right->centre.x);
    return (p > q) - (p < q);
}

// Cuts the frame by all sign vectors of three lines; returns the number of pieces that are not empty.
static int cut_frame(const slong lines[9], piece_t pieces[1 << LINES]) {
    int count = 0;
    for (int signs = 0; signs < 1 << LINES; signs++) {
        planar_polygon_t part = planar_square(BOX);
        for (int i = 0; i < LINES; i++)
            part = planar_clip(&part, line_of(lines + 3 * i), signs >> i & 1 ? 1 : -1);
        planar_point_t centre;
        if (planar_area(&part, &centre) > 1e-6)
            pieces[count++] = (piece_t){centre, is_bounded(&part)};
    }
    qsort(pieces, (size_t)count, sizeof *pieces, compare_pieces);
    return count;
}

// What the figure draws: a line's segment in the frame, a crossing or the name of a region.
typedef struct {
    size_t panel;
    const char *item;
    int number;
    planar_point_t from, to;
} item_t;

// The two ends of a line in the frame; no line of ours goes through a corner.
static item_t segment_of(experiment_t *run, const slong row[3], size_t panel, int number) {
    const planar_polygon_t frame = planar_square(BOX);
    const planar_line_t line = line_of(row);
    planar_point_t ends[4] = {{0}};
    int found = 0;
    for (int i = 0; i < frame.size; i++) {
        const planar_point_t p = frame.corners[i], q = frame.corners[(i + 1) % frame.size];
        if (planar_height(line, p) * planar_height(line, q) < 0)
            ends[found++] = planar_crossing(line, p, q);
    }
    if (found != 2)
        experiment_stop(run, FAULT_INTERNAL, "line %d of panel %zu meets a corner of the frame", number,
                        panel + 1);
    return (item_t){panel, "line", number, ends[0], ends[1]};
}

// All items of a panel; returns how many regions are in the picture.
static int draw_panel(experiment_t *run, size_t panel, item_t *items, size_t *count) {
    const slong *lines = POSITIONS[panel].lines;
    piece_t pieces[1 << LINES];
    for (int i = 0; i < LINES; i++)
        items[(*count)++] = segment_of(run, lines + 3 * i, panel, i + 1);
    planar_point_t point;
    for (int i = 0; i < LINES; i++)
        for (int j = i + 1; j < LINES; j++)
            if (planar_meet(line_of(lines + 3 * i), line_of(lines + 3 * j), &point))
                items[(*count)++] = (item_t){panel, "crossing", 10 * (i + 1) + j + 1, point, point};
    const int regions = cut_frame(lines, pieces);
    for (int i = 0; i < regions; i++)
        items[(*count)++] = (item_t){panel, "region", i + 1, pieces[i].centre, pieces[i].centre};
    return regions;
}

// Six decimals, and no negative zero.
static void table_coordinate(table_t *table, double value) {
    table_real(table, nearbyint(value * 1e6) / 1e6 + 0.0);
}

static void write_items(experiment_t *run, const item_t *items, size_t count) {
    static const table_column_t columns[] = {{"panel", "1", NULL, ""},  {"item", "text", NULL, ""},
                                             {"number", "1", NULL, ""}, {"x0", "1", "%.6f", ""},
                                             {"y0", "1", "%.6f", ""},   {"x1", "1", "%.6f", ""},
                                             {"y1", "1", "%.6f", ""}};
    table_t *table =
        experiment_table(run, "positions", "three lines: segments crossings and names of the regions",
                         columns, COUNT(columns), count);
    for (size_t i = 0; i < count; i++) {
        table_integer(table, (long long)items[i].panel + 1);
        table_text(table, items[i].item);
        table_integer(table, items[i].number);
        table_coordinate(table, items[i].from.x);
        table_coordinate(table, items[i].from.y);
        table_coordinate(table, items[i].to.x);
        table_coordinate(table, items[i].to.y);
    }
}

static void decide_positions(experiment_t *run) {
    enum { ITEMS = 64 };
    item_t items[ITEMS];
    size_t count = 0;
    for (size_t i = 0; i < COUNT(POSITIONS); i++) {
        finding_t f = finding_of(run, LINES, 2);
        arrangement_set(f.a, POSITIONS[i].lines);
        examine(run, &f);
        const double regions = fmpz_get_d(f.regions), known = (double)POSITIONS[i].regions;
        experiment_check(run, "depth/ex-4.9", POSITIONS[i].what, regions, EQUAL, known, 0);
        experiment_check(run, "depth/ex-4.9", "three counts agree and every witness holds",
                         f.agree && f.witnessed && f.roads == 3, EQUAL, 1, 0);
        experiment_check(run, "depth/ex-4.9", "circuits that spoil general position", (double)f.report.count,
                         EQUAL, i == 0 ? 0 : 1, 0);
        experiment_check(run, "depth/fig-5", POSITIONS[i].what, draw_panel(run, i, items, &count), EQUAL,
                         known, 0);
        finding_clear(&f);
    }
    write_items(run, items, count);
    experiment_claim(run, "depth/ex-4.9", VERDICT_HOLDS, METHOD_EXACT, "three counts");
    experiment_claim(run, "depth/fig-5", VERDICT_HOLDS, METHOD_EXACT, "zaslavsky.positions.csv");
}

// ---- Example 4.21: the printed capacities ----

// One line of the comparison.
typedef struct {
    const char *what, *macro;
    int (*bound)(fmpz_t result, const bounds_layer_t *layer);
    const bounds_layer_t *layer;
    double printed; // in the paper; 0 where it has no such number
} capacity_t;

enum { DENSE_20, TOP_1, TOP_4, DENSE_80, TOP_4_POINTS, TOP_4_FLATS, CAPACITIES };

static const capacity_t COMPARED[CAPACITIES] = {
    [DENSE_20] = {"dense", "Dense", bounds_dense, &DENSE, 21700},
    [TOP_1] = {"top-1", "TopOne", bounds_top1, &TOP1, 347200},
    [TOP_4] = {"top-4 as printed", "TopFour", bounds_topk, &TOP4, 39494000},
    [DENSE_80] = {"dense with all units", "DenseAll", bounds_dense, &DENSE_ALL, 0},
    [TOP_4_POINTS] = {"top-4 at most (U1)", "PointsBound", bounds_points, &TOP4, 0},
    [TOP_4_FLATS] = {"top-4 at most (U)", "FlatsBound", bounds_flats, &TOP4, 0}};

// Computes all of them; the printed ones are checked as values of Phi and its multiples.
static void compute_capacities(experiment_t *run, double value[CAPACITIES]) {
    static const table_column_t columns[] = {{"layer", "text", NULL, ""},  {"experts", "1", NULL, ""},
                                             {"active", "1", NULL, ""},    {"width", "1", NULL, ""},
                                             {"dimension", "1", NULL, ""}, {"regions", "regions", NULL, ""}};
    table_t *table = experiment_table(run, "capacities", "Example 4.21: capacities and bounds", columns,
                                      COUNT(columns), CAPACITIES);
    fmpz_t capacity;
    fmpz_init(capacity);
    for (size_t i = 0; i < CAPACITIES; i++) {
        const capacity_t *c = &COMPARED[i];
        experiment_require(run, c->bound(capacity, c->layer), c->what);
        table_text(table, c->what);
        table_integer(table, (long long)c->layer->experts);
        table_integer(table, (long long)c->layer->active);
        table_integer(table, (long long)c->layer->width);
        table_integer(table, (long long)c->layer->dimension);
        table_fmpz(table, capacity);
        experiment_macro_fmpz(run, c->macro, capacity);
        value[i] = fmpz_get_d(capacity); // exact: all are below 2^53
        if (c->printed > 0)
            experiment_check(run, "depth/ex-4.21", c->what, value[i], EQUAL, c->printed, 0);
    }
    fmpz_clear(capacity);
}

static void decide_example(experiment_t *run, const double value[CAPACITIES]) {
    static const char *const claim = "depth/ex-4.21";
    const double impossible = COMPARED[TOP_4].printed - 1;
    experiment_check(run, claim, "(U1) is below the printed top-4 capacity", value[TOP_4_POINTS], AT_MOST,
                     impossible, 0);
    experiment_check(run, claim, "(U) is below the printed top-4 capacity", value[TOP_4_FLATS], AT_MOST,
                     impossible, 0);
    // What a layer of this shape does reach, so that a bound that is too small is noticed: N/k disjoint coalitions, each
    // with all Phi(kH, d) regions of its hyperplanes inside its cell.
    const double reached = (double)(TOP4.experts / TOP4.active) * value[DENSE_20];
    experiment_check(run, claim, "(U1) is not below what is reached", value[TOP_4_POINTS], AT_LEAST, reached,
                     0);
    experiment_check(run, claim, "(U) is not below what is reached", value[TOP_4_FLATS], AT_LEAST, reached,
                     0);
    experiment_macro(run, "TopFourExcess", "%.2f", value[TOP_4] / value[TOP_4_FLATS]);
    experiment_claim(run, claim, VERDICT_FAILS, METHOD_EXACT,
                     "zaslavsky.capacities.csv and the proof of (U1)");
}

static void run_zaslavsky(experiment_t *run) {
    tally_t tally = {0};
    double capacities[CAPACITIES];
    state_parameters(run);
    examine_shapes(run, &tally);
    examine_batch(run, &tally);
    decide_growth(run, &tally);
    check_definition(run, &tally);
    compute_capacities(run, capacities);
    experiment_claim(run, "depth/def-3.2", VERDICT_HOLDS, METHOD_EXACT,
                     "zaslavsky.csv and zaslavsky.witnesses.csv");
    decide_positions(run);
    decide_example(run, capacities);
    flint_cleanup();
}

int main(int argc, char **argv) {
    static const experiment_plan_t plan = {
        .name = "zaslavsky",
        .brief = "exact regions of arrangements against Zaslavsky's function, and the printed top-4 capacity",
        .seed = 1975,
        .run = run_zaslavsky};
    return experiment_main(&plan, argc, argv);
}
