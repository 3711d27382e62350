// SPDX-License-Identifier: GPL-3.0-or-later
// General position, and the greatest number of regions of a dense layer.
//
// CLAIMS (Sparsity is Combinatorial Depth, section 4.2)
//   depth/def-4.8   general position: (i) no two hyperplanes are parallel; (ii) any k <= d of them meet in a subspace of
//                   dimension d - k; (iii) no d + 1 of them have a common point
//   depth/prop-4.10 a dense layer of width H has at most Phi(H, d) regions, with equality in general position alone
//   depth/cor-4.12  some weights attain it
//
// DERIVATION. All hyperplanes of a line are parallel, so that (i) excludes every two of them if d = 1; if d >= 2 it
// follows from (ii) with k = 2. (ii) for k = 1 says that no w_i is 0, and for k = d implies it for all k when n >= d:
// normals of a subset of independent ones are independent. "Subspace" must be read as affine.
//
// The regions are as many as the sets B of hyperplanes without broken circuit (section zaslavsky of the report). Such a
// set has independent normals, hence at most d members: at most Phi(H, d) sets, and as many if and only if every set of
// at most d hyperplanes is one. In general position it is, because there is no circuit of at most d hyperplanes and
// none of d + 1 with a common point. Otherwise there is a minimal one: if it has at most d members it is itself not free,
// and else it leaves a broken circuit of d members when the first is taken out.
//
// Regions lost in one degenerate class, everything else being in general position: see CLASSES.
//
// Moment curve. The rows (1, t, ..., t^(d-1) | t^d), t = 1..H, are in general position: any d of the normals have a
// Vandermonde determinant, and so have any d + 1 of the rows.
#include "geometry/bounds.h"
#include "geometry/count.h"
#include "geometry/generic.h"
#include "geometry/router.h"
#include "geometry/tree.h"
#include "geometry/whitney.h"
#include "io/experiment.h"
#include "io/experiment_instance.h"

#include <flint/flint.h>
#include <flint/fmpz_vec.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

// ---- Parameters ----

// All multisets of `planes` rows with entries in -range..range (0: in 0..1), dead units included.
typedef struct {
    slong planes, dimension, range;
    bool quick; // in a quick run as well
} family_t;

static const family_t FAMILIES[] = {{1, 1, 2, true},  {2, 1, 2, true},  {3, 1, 2, true}, {4, 1, 1, true},
                                    {1, 2, 1, true},  {2, 2, 1, true},  {3, 2, 1, true}, {4, 2, 1, false},
                                    {4, 2, 0, true},  {2, 3, 1, false}, {3, 3, 0, true}, {4, 3, 0, false},
                                    {5, 3, 0, false}, {3, 4, 0, false}};

// The moment curve: widths from 0 up to `planes` (and in a quick run).
typedef struct {
    slong dimension, planes, quick;
} grid_t;

static const grid_t GRID[] = {{1, 60, 20}, {2, 60, 16}, {3, 40, 12}, {4, 26, 10},
                              {5, 20, 9},  {6, 16, 8},  {8, 12, 9}};
static const ulong PLAIN_REGIONS = 20000; // a second count is made up to so many regions
static const ulong WHITNEY_SETS = 3000, WHITNEY_LIMIT = 10000000; // and a third, as in geometry/whitney.h
static const slong CLASS_DIMENSIONS = 5, CLASS_PLANES = 9, CLASS_QUICK = 7; // from d + 2 to d + this or so
static const char *const D48 = "depth/def-4.8", *const P410 = "depth/prop-4.10",
                         *const C412 = "depth/cor-4.12";

enum { MOST_PLANES = 16 };

// ---- The definition, word by word ----

typedef struct {
    bool distinct_directions;   // (i)
    bool flats, greatest_flats; // (ii), and (ii) for k = min(n, d) alone
    bool no_common_point;       // (iii)
} position_t;

// The ranks of the normals and of the whole rows of a set. Its intersection is empty when they differ, and otherwise of
// dimension d less the rank.
static void find_ranks(const arrangement_t *a, const slong *set, slong size, slong *normals, slong *rows) {
    const slong d = a->dimension;
    fmpz_mat_t part, left;
    fmpz_mat_init(part, size, d + 1);
    for (slong i = 0; i < size; i++)
        _fmpz_vec_set(part->rows[i], a->rows->rows[set[i]], d + 1);
    fmpz_mat_window_init(left, part, 0, 0, size, d);
    *normals = fmpz_mat_rank(left);
    *rows = fmpz_mat_rank(part);
    fmpz_mat_window_clear(left);
    fmpz_mat_clear(part);
}

//[core
// Conditions (i), (ii) and (iii) of Definition 4.8 for all sets of at most d + 1 hyperplanes. With the
// ranks of their normals and of their rows, a set meets in a flat of dimension d - rank, or not at all.
static position_t find_position(const arrangement_t *a) {
    const slong n = a->planes, d = a->dimension;
    position_t position = {true, true, true, true};
    for (slong size = 1; size <= d + 1 && size <= n; size++) {
        slong set[MOST_PLANES], normals, rows;
        for (slong i = 0; i < size; i++)
            set[i] = i;
        do {
            find_ranks(a, set, size, &normals, &rows);
            const bool empty = rows > normals, right = !empty && normals == size;
            if (size == 2 && normals < 2)
                position.distinct_directions = false;
            if (size <= d && !right)
                position.flats = false;
            if (size == (n < d ? n : d) && !right)
                position.greatest_flats = false;
            if (size == d + 1 && !empty)
                position.no_common_point = false;
        } while (router_next_coalition(set, size, n));
    }
    return position;
}
//]core

static bool is_general(const position_t *position) {
    return position->flats && position->no_common_point;
}

// ---- One arrangement ----

// What is known of one arrangement.
typedef struct {
    fmpz_t regions, phi;
    slong circuits; // degenerate ones
    int roads;      // counts that were made
    bool agree;     // all of them and the deficit of the circuits
} finding_t;

static void finding_init(finding_t *f) {
    fmpz_init(f->regions);
    fmpz_init(f->phi);
}

static void finding_clear(finding_t *f) {
    fmpz_clear(f->regions);
    fmpz_clear(f->phi);
}

static void count_by_tree(experiment_t *run, const arrangement_t *a, fmpz_t regions) {
    const shards_control_t control = {.threads = experiment_threads(run)};
    tree_count_t count;
    tree_count_init(&count, a->dimension);
    experiment_require(run, tree_regions(a, &control, &count), "tree_regions");
    fmpz_set(regions, count.regions);
    tree_count_clear(&count);
}

// By the plain tree; by degenerate circuits; by the tree modulo a prime and by Whitney's sum with `all`.
static void examine(experiment_t *run, const arrangement_t *a, bool all, finding_t *f) {
    generic_report_t report;
    fmpz_t other;
    fmpz_init(other);
    bounds_phi(f->phi, (ulong)a->planes, (ulong)a->dimension);
    experiment_require(run, count_regions(a, f->regions), "count_regions");
    experiment_require(run, generic_examine(a, &report), "generic_examine");
    experiment_require(run, generic_deficit(&report, other), "generic_deficit");
    f->circuits = report.count;
    generic_clear(&report);
    fmpz_sub(other, f->phi, other);
    f->agree = fmpz_equal(other, f->regions);
    f->roads = 2;
    if (all) {
        count_by_tree(run, a, other);
        f->agree = f->agree && fmpz_equal(other, f->regions);
        f->roads++;
    }
    if (all && fmpz_cmp_ui(f->phi, WHITNEY_SETS) <= 0) {
        experiment_require(run, whitney_regions(a, WHITNEY_LIMIT, other), "whitney_regions");
        f->agree = f->agree && fmpz_equal(other, f->regions);
        f->roads++;
    }
    fmpz_clear(other);
}

// ---- All small arrangements ----

// Defects are to be 0.
typedef struct {
    long arrangements, general, degenerate;
    long disagreements, above, wrong_equality, wrong_circuits, not_implied, greatest_differs;
    long line_pairs, line_allowed; // d = 1, two points or more; of these with (i)
    long line_lost;                // of these in general position without (i), and with Phi regions
} tally_t;

static void examine_member(experiment_t *run, const arrangement_t *a, tally_t *tally) {
    const position_t position = find_position(a);
    const bool general = is_general(&position);
    finding_t f;
    finding_init(&f);
    examine(run, a, false, &f);
    const bool full = fmpz_equal(f.regions, f.phi);
    tally->arrangements++;
    tally->general += general;
    tally->degenerate += !general;
    tally->disagreements += !f.agree;
    tally->above += fmpz_cmp(f.regions, f.phi) > 0;
    tally->wrong_equality += full != general;
    tally->wrong_circuits += (f.circuits == 0) != general;
    tally->not_implied += a->dimension >= 2 && position.flats && !position.distinct_directions;
    tally->greatest_differs += position.flats != position.greatest_flats;
    if (a->dimension == 1 && a->planes >= 2) {
        tally->line_pairs++;
        tally->line_allowed += position.distinct_directions;
        tally->line_lost += general && full && !position.distinct_directions;
    }
    finding_clear(&f);
}

// The row with a number in base 2 range + 1 (or 2), from 0.
static void set_row(fmpz *row, slong width, slong number, slong range) {
    const slong base = range == 0 ? 2 : 2 * range + 1;
    for (slong j = 0; j < width; j++, number /= base)
        fmpz_set_si(row + j, number % base - range);
}

static void examine_family(experiment_t *run, const family_t *family, tally_t *tally) {
    const slong n = family->planes, width = family->dimension + 1,
                base = family->range == 0 ? 2 : 2 * family->range + 1;
    slong rows = 1, number[MOST_PLANES] = {0};
    for (slong j = 0; j < width; j++)
        rows *= base;
    arrangement_t *a = experiment_memory(run, arrangement_alloc(n, family->dimension));
    for (slong i = n - 1; i >= 0;) { // number[0] <= number[1] <= ...
        for (slong j = 0; j < n; j++)
            set_row(a->rows->rows[j], width, number[j], family->range);
        examine_member(run, a, tally);
        for (i = n - 1; i >= 0 && number[i] == rows - 1;)
            i--;
        if (i < 0)
            break;
        number[i]++;
        for (slong j = i + 1; j < n; j++)
            number[j] = number[i];
    }
    arrangement_free(a);
}

static void examine_families(experiment_t *run, tally_t *tally) {
    for (size_t i = 0; i < COUNT(FAMILIES); i++) {
        if (FAMILIES[i].quick || !experiment_quick(run))
            examine_family(run, &FAMILIES[i], tally);
        experiment_progress(run, i + 1, COUNT(FAMILIES) + COUNT(GRID));
    }
}

// ---- The moment curve, and degenerate classes made from it ----

static arrangement_t *make_moment_curve(experiment_t *run, slong n, slong d) {
    arrangement_t *a = experiment_memory(run, arrangement_alloc(n, d));
    for (slong i = 0; i < n; i++)
        for (slong j = 0; j <= d; j++) {
            fmpz_set_si(a->rows->rows[i] + j, i + 1);
            fmpz_pow_ui(a->rows->rows[i] + j, a->rows->rows[i] + j, (ulong)j);
        }
    return a;
}

// Each spoils one thing.
static void kill_unit(arrangement_t *a) {
    _fmpz_vec_zero(a->rows->rows[a->planes - 1], a->dimension);
}

static void repeat_row(arrangement_t *a) {
    _fmpz_vec_scalar_mul_si(a->rows->rows[a->planes - 1], a->rows->rows[0], a->dimension + 1, -2);
}

static void shift_row(arrangement_t *a) {
    _fmpz_vec_set(a->rows->rows[a->planes - 1], a->rows->rows[0], a->dimension);
    fmpz_set_si(a->rows->rows[a->planes - 1] + a->dimension, -1000003);
}

static void join_point(arrangement_t *a) { // the last hyperplane goes through the common point of the first d
    fmpz *row = a->rows->rows[a->planes - 1];
    _fmpz_vec_zero(row, a->dimension + 1);
    for (slong i = 0; i < a->dimension; i++)
        _fmpz_vec_scalar_addmul_si(row, a->rows->rows[i], a->dimension + 1, (i + 2) * (i + 2) + 1);
}

static void flatten(arrangement_t *a) { // no hyperplane depends on the last coordinate
    for (slong i = 0; i < a->planes; i++)
        fmpz_zero(a->rows->rows[i] + a->dimension - 1);
}

static void centre(arrangement_t *a) { // all go through the origin
    for (slong i = 0; i < a->planes; i++)
        fmpz_zero(a->rows->rows[i] + a->dimension);
}

// What is lost: signed terms Phi(n + n_i, d + d_i), two at most, with the least dimension where the class exists.
typedef struct {
    const char *name, *lost; // in words, and as a formula for the report
    void (*spoil)(arrangement_t *a);
    struct {
        int sign;
        slong planes, dimension;
    } terms[2];
    slong least_dimension;
} class_t;

static const class_t CLASSES[] = {
    {"a dead unit", "$\\losszas{H-1}{d-1}$", kill_unit, {{1, -1, -1}}, 1},
    {"a hyperplane twice", "$\\losszas{H-1}{d-1}$", repeat_row, {{1, -1, -1}}, 1},
    {"two parallel hyperplanes", "$\\losszas{H-2}{d-2}$", shift_row, {{1, -2, -2}}, 1},
    {"$d+1$ through a point", "$1$", join_point, {{0}}, 1},
    {"all parallel to a line", "$\\binom Hd$", flatten, {{1, 0, 0}, {-1, 0, -1}}, 2},
    {"all through a point", "$\\binom{H-1}d$", centre, {{1, -1, 0}, {-1, -1, -1}}, 1}};

// The deficit by its formula; Phi(n, -1) = 0. Without terms it is 1.
static void expect_lost(const class_t *class, slong n, slong d, fmpz_t lost) {
    fmpz_t term;
    fmpz_init(term);
    fmpz_set_ui(lost, class->terms[0].sign == 0);
    for (size_t i = 0; i < COUNT(class->terms); i++) {
        if (class->terms[i].sign == 0 || d + class->terms[i].dimension < 0)
            continue;
        bounds_phi(term, (ulong)(n + class->terms[i].planes), (ulong)(d + class->terms[i].dimension));
        if (class->terms[i].sign > 0)
            fmpz_add(lost, lost, term);
        else
            fmpz_sub(lost, lost, term);
    }
    fmpz_clear(term);
}

// What was found of one class.
typedef struct {
    long arrangements, unexpected, disagreements, wrong_equality;
    slong most_planes;
    bool first, second, third; // conditions (i), (ii), (iii) that hold for some member with d >= 2
} class_finding_t;

static void examine_class_member(experiment_t *run, const class_t *class, slong n, slong d,
                                 class_finding_t *found) {
    arrangement_t *a = make_moment_curve(run, n, d);
    finding_t f;
    fmpz_t lost, expected;
    finding_init(&f);
    fmpz_init(lost);
    fmpz_init(expected);
    class->spoil(a);
    const position_t position = find_position(a);
    examine(run, a, true, &f);
    fmpz_sub(lost, f.phi, f.regions);
    expect_lost(class, n, d, expected);
    found->arrangements++;
    found->unexpected += !fmpz_equal(lost, expected);
    found->disagreements += !f.agree;
    found->wrong_equality += fmpz_is_zero(lost) != is_general(&position);
    if (d >= 2) {
        found->first = found->first || position.distinct_directions;
        found->second = found->second || position.flats;
        found->third = found->third || position.no_common_point;
    }
    arrangement_free(a);
    finding_clear(&f);
    fmpz_clear(lost);
    fmpz_clear(expected);
}

static void examine_classes(experiment_t *run, class_finding_t *total) {
    static const table_column_t columns[] = {{"class", "text", NULL, ""},
                                             {"violated", "conditions", NULL, ""},
                                             {"lost", "formula", NULL, ""},
                                             {"from_d", "1", NULL, ""},
                                             {"to_d", "1", NULL, ""},
                                             {"arrangements", "1", NULL, ""},
                                             {"different", "from the formula", NULL, ""}};
    table_t *table = experiment_table(run, "", "degenerate classes made from the moment curve: regions lost",
                                      columns, COUNT(columns), COUNT(CLASSES));
    const slong more = experiment_quick(run) ? CLASS_QUICK : CLASS_PLANES;
    for (size_t c = 0; c < COUNT(CLASSES); c++) {
        class_finding_t found = {0};
        for (slong d = CLASSES[c].least_dimension; d <= CLASS_DIMENSIONS; d++)
            for (slong n = d + 2; n <= d / 2 + more; n++)
                examine_class_member(run, &CLASSES[c], n, d, &found);
        const char *const violated[] = {"none", "(iii)",     "(ii)",     "(ii) (iii)",
                                        "(i)",  "(i) (iii)", "(i) (ii)", "(i) (ii) (iii)"};
        table_text(table, CLASSES[c].name);
        table_text(table, violated[4 * !found.first + 2 * !found.second + !found.third]);
        table_text(table, CLASSES[c].lost);
        table_integer(table, CLASSES[c].least_dimension);
        table_integer(table, CLASS_DIMENSIONS);
        table_integer(table, found.arrangements);
        table_integer(table, found.unexpected);
        total->arrangements += found.arrangements;
        total->unexpected += found.unexpected;
        total->disagreements += found.disagreements;
        total->wrong_equality += found.wrong_equality;
    }
}

// ---- Verdicts ----

static void decide_definition(experiment_t *run, const tally_t *tally) {
    arrangement_t *a = experiment_arrangement(run, "general-position-line.arr");
    const position_t position = find_position(a);
    finding_t f;
    finding_init(&f);
    examine(run, a, true, &f);
    const double regions = fmpz_get_d(f.regions), phi = fmpz_get_d(f.phi);
    experiment_check(run, D48, "(i) for the points 0 and 1 of the line", position.distinct_directions, EQUAL,
                     0, 0);
    experiment_check(run, D48, "(ii) and (iii) for them", is_general(&position), EQUAL, 1, 0);
    experiment_check(run, D48, "two points or more with (i)", (double)tally->line_allowed, EQUAL, 0, 0);
    experiment_check(run, D48, "two points or more", (double)tally->line_pairs, AT_LEAST, 100, 0);
    experiment_check(run, D48, "d >= 2: (ii) without (i)", (double)tally->not_implied, EQUAL, 0, 0);
    experiment_check(run, D48, "(ii) for min(n d) hyperplanes is not (ii)", (double)tally->greatest_differs,
                     EQUAL, 0, 0);
    experiment_check(run, D48, "(ii) and (iii) against degenerate circuits", (double)tally->wrong_circuits,
                     EQUAL, 0, 0);
    experiment_check(run, P410, "regions of the points 0 and 1", regions, EQUAL, phi, 0);
    experiment_macro_integer(run, "LineRegions", (long long)regions);
    experiment_claim(run, D48, VERDICT_AMENDED, METHOD_EXACT, "instances/general-position-line.arr");
    finding_clear(&f);
    arrangement_free(a);
}

static void decide_bound(experiment_t *run, const tally_t *tally, const class_finding_t *classes) {
    experiment_check(run, P410, "arrangements with more than Phi regions", (double)tally->above, EQUAL, 0, 0);
    experiment_check(run, P410, "equality without (ii) and (iii) or these without equality",
                     (double)tally->wrong_equality, EQUAL, 0, 0);
    experiment_check(run, P410, "on the line: equality that (i) excludes", (double)tally->line_lost, AT_LEAST,
                     1, 0);
    experiment_check(run, P410, "arrangements in general position", (double)tally->general, AT_LEAST, 1000,
                     0);
    experiment_check(run, P410, "other arrangements", (double)tally->degenerate, AT_LEAST, 1000, 0);
    experiment_check(run, P410, "counts that disagree",
                     (double)(tally->disagreements + classes->disagreements), EQUAL, 0, 0);
    experiment_check(run, P410, "degenerate classes: losses unlike the formula", (double)classes->unexpected,
                     EQUAL, 0, 0);
    experiment_check(run, P410, "degenerate classes: equality unlike general position",
                     (double)classes->wrong_equality, EQUAL, 0, 0);
    experiment_macro_integer(run, "Arrangements", tally->arrangements);
    experiment_macro_integer(run, "General", tally->general);
    experiment_macro_integer(run, "Degenerate", tally->degenerate);
    experiment_macro_integer(run, "LineExcluded", tally->line_lost);
    experiment_claim(run, P410, VERDICT_AMENDED, METHOD_EXACT,
                     "instances/general-position-line.arr and general-position.csv");
}

// All widths of one dimension; returns how many counts differ from Phi.
static long count_moment_curves(experiment_t *run, slong d, slong last, fmpz_t regions) {
    long different = 0;
    fmpz_t phi, other;
    fmpz_init(phi);
    fmpz_init(other);
    for (slong n = 1; n <= last; n++) {
        arrangement_t *a = make_moment_curve(run, n, d);
        bounds_phi(phi, (ulong)n, (ulong)d);
        count_by_tree(run, a, regions);
        different += !fmpz_equal(regions, phi);
        if (fmpz_cmp_ui(phi, PLAIN_REGIONS) <= 0) {
            generic_report_t report;
            experiment_require(run, count_regions(a, other), "count_regions");
            experiment_require(run, generic_examine(a, &report), "generic_examine");
            different += !fmpz_equal(other, phi) || report.count > 0;
            generic_clear(&report);
        }
        arrangement_free(a);
    }
    fmpz_clear(phi);
    fmpz_clear(other);
    return different;
}

static void decide_attained(experiment_t *run) {
    static const table_column_t columns[] = {
        {"d", "1", NULL, ""}, {"widths", "H from 1 to this", NULL, ""}, {"regions", "of the last", NULL, ""}};
    table_t *table = experiment_table(run, "moment", "regions of moment curves: equal to Phi for all H",
                                      columns, COUNT(columns), COUNT(GRID));
    long different = 0, counted = 0;
    fmpz_t regions;
    fmpz_init(regions);
    for (size_t i = 0; i < COUNT(GRID); i++) {
        const slong last = experiment_quick(run) ? GRID[i].quick : GRID[i].planes;
        different += count_moment_curves(run, GRID[i].dimension, last, regions);
        counted += last;
        table_integer(table, GRID[i].dimension);
        table_integer(table, last);
        table_fmpz(table, regions);
        experiment_progress(run, COUNT(FAMILIES) + i + 1, COUNT(FAMILIES) + COUNT(GRID));
    }
    fmpz_clear(regions);
    experiment_check(run, C412, "moment curves with another count than Phi", (double)different, EQUAL, 0, 0);
    experiment_check(run, C412, "moment curves counted", (double)counted, AT_LEAST, 50, 0);
    experiment_macro_integer(run, "Curves", counted);
    experiment_claim(run, C412, VERDICT_HOLDS, METHOD_EXACT, "general-position.moment.csv");
}

static void run_general_position(experiment_t *run) {
    tally_t tally = {0};
    class_finding_t classes = {0};
    examine_families(run, &tally);
    examine_classes(run, &classes);
    decide_definition(run, &tally);
    decide_bound(run, &tally, &classes);
    decide_attained(run);
    flint_cleanup();
}

int main(int argc, char **argv) {
    static const experiment_plan_t plan = {
        .name = "general-position",
        .brief = "general position, and the greatest number of regions of a dense layer",
        .seed = 1975,
        .run = run_general_position};
    return experiment_main(&plan, argc, argv);
}
