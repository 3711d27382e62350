// SPDX-License-Identifier: GPL-3.0-or-later
// Hyperplanes on a curved manifold: how many regions of a dense layer meet the data.
//
// CLAIMS (Sparsity is Combinatorial Depth, section 4.3); M is a submanifold of dimension m (there: d_eff)
//   depth/ass-4.22   random hyperplanes are almost surely transversal to M; this needs at least m of them
//   depth/prop-4.24  at most Phi(H, m) regions of H hyperplanes meet M
//   depth/rem-4.25   generic arrangements attain the growth H^m on M
//   depth/rem-4.30   bounded cells on M need kH >= m
//
// DERIVATION. F_J is the intersection of the hyperplanes in J, b_0 the number of connected components. A hypersurface
// that is removed from a connected manifold leaves at most one component more for each of its own. Hence, by induction
// on the hyperplanes, if they are transversal to M,
//     regions that meet M <= components of M without the hyperplanes <= sum over |J| <= m of b_0(M n F_J),    (B)
// which is Phi(H, m) where all these sections are connected, for instance on an affine M. On the unit sphere S^m in
// R^{m+1} the sections are spheres, of which that of dimension 0 has two points. The first section leaves 2 components,
// hence f(1, m) = f(H, 0) = 2, f(H + 1, m) <= f(H, m) + f(H, m - 1), and
//     regions that meet S^m <= 2 Phi(H - 1, m), H >= 1,                                                      (S)
// attained by hyperplanes through the origin in general position, all of whose regions are cones.
//
// Transversality to the sphere is a question of distances: F_J is tangent to it when it is at the distance 1 from 0.
// Bounded cells of n hyperplanes in general position in R^m: C(n - 1, m) (Zaslavsky), which is 0 for n = m.
#include "geometry/bounds.h"
#include "geometry/generic.h"
#include "geometry/polyhedron.h"
#include "geometry/sphere.h"
#include "io/experiment.h"
#include "io/experiment_instance.h"
#include "io/experiment_roads.h"

#include <flint/flint.h>
#include <flint/fmpz_poly.h>
#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_sf_gamma.h>
#include <math.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

// ---- Parameters ----

enum { DIMENSIONS = 3 }; // m = 1..DIMENSIONS
static const slong PLANES[DIMENSIONS] = {16, 14, 11},
                   QUICK_PLANES[DIMENSIONS] = {8, 6, 5}; // most, for each m
static const int DRAWS = 20, QUICK_DRAWS = 2;            // arrangements for each m and H
static const int POINTS = 400;                           // rational points of the sphere for each arrangement
static const int FLATS = 40, QUICK_FLATS = 3;            // affine M for each m and number of hyperplanes
static const slong ROOM = 2;                     // dimensions of the space beyond those of an affine M
static const slong BEYOND = 4;                   // hyperplanes on an affine M beyond its dimension, at most
static const slong RANGE = 999, SMALL_RANGE = 2; // of entries; small ones make degenerate arrangements
static const uint64_t SAMPLES = 1000000, QUICK_SAMPLES = 30000;
enum { MISSED = 4 };           // lines that may all miss the circle
static const double MAX_Z = 4; // a statistical check fails beyond
static const double ROUNDING = 1e-14;
static const uint32_t SPHERE_BLOCK = 0, FLAT_BLOCK = 100000, POINT_BLOCK = 200000; // of random streams
static const char *const ASSUMPTION = "depth/ass-4.22", *const BOUND = "depth/prop-4.24",
                         *const GROWTH = "depth/rem-4.25", *const RANK = "depth/rem-4.30";

static slong phi(slong n, slong d) {
    return bounds_phi_si((ulong)n, (ulong)d);
}

static slong binomial(slong n, slong k) {
    return k < 0 || n < k ? 0 : phi(n, k) - (k > 0 ? phi(n, k - 1) : 0);
}

// The most regions of H >= 1 hyperplanes that meet the sphere of dimension m, by (S).
static slong sphere_most(slong planes, slong m) {
    return 2 * phi(planes - 1, m);
}

static bool is_generic(experiment_t *run, const arrangement_t *a) {
    bool generic;
    experiment_require(run, generic_is(a, &generic), "generic_is");
    return generic;
}

// ---- One arrangement and the sphere ----

typedef struct {
    sphere_feet_t feet;
    sphere_regions_t regions;
} survey_t;

static survey_t survey_of(experiment_t *run, const arrangement_t *a) {
    survey_t survey;
    experiment_require(run, sphere_feet_find(a, &survey.feet), "sphere_feet_find");
    experiment_require(run, sphere_regions_list(a, &survey.feet, &survey.regions), "sphere_regions_list");
    return survey;
}

static void survey_clear(survey_t *survey) {
    sphere_feet_clear(&survey->feet);
    sphere_regions_clear(&survey->regions);
}

//[core
// The right side of (B) on the sphere of dimension m: a flat inside the ball cuts it in a sphere,
// which is connected except for the two points of a line.
static slong components_bound(const sphere_feet_t *feet, slong m) {
    slong sum = 0;
    for (slong i = 0; i < feet->count; i++) {
        const slong size = __builtin_popcountl(feet->feet[i].set);
        if (feet->feet[i].side < 0 && size <= m)
            sum += size == m ? 2 : 1;
    }
    return sum;
}

// The point (2st, |t|^2 - s^2) / (|t|^2 + s^2) of the unit sphere, for t in Z^m and an integer s:
// stereographic projection makes it rational. Finds the signs of the hyperplanes there; false where
// it lies on one of them.
static bool signs_at_point(const arrangement_t *a, const int64_t *t, int64_t s, uint64_t *positive) {
    const slong m = a->dimension - 1;
    int64_t square = 0;
    *positive = 0;
    for (slong j = 0; j < m; j++)
        square += t[j] * t[j];
    for (slong p = 0; p < a->planes; p++) {
        const fmpz *row = a->rows->rows[p];
        int64_t value = fmpz_get_si(row + m) * (square - s * s);
        value += fmpz_get_si(row + m + 1) * (square + s * s);
        for (slong j = 0; j < m; j++)
            value += fmpz_get_si(row + j) * 2 * s * t[j];
        if (value == 0)
            return false;
        *positive |= value > 0 ? UINT64_C(1) << p : 0;
    }
    return true;
}
//]core

// Rational points of the sphere in regions that are said not to meet it.
static int count_strays(experiment_t *run, const arrangement_t *a, const survey_t *survey, uint32_t block) {
    stream_t stream = experiment_stream(run, POINT_BLOCK + block);
    int strays = 0;
    for (int i = 0; i < POINTS; i++) {
        uint64_t words[DIMENSIONS + 1], positive;
        int64_t t[DIMENSIONS];
        stream_bits(&stream, words, COUNT(words));
        for (int j = 0; j < DIMENSIONS; j++)
            t[j] = (int64_t)(words[j] % 2001) - 1000;
        const int64_t s = 1 + (int64_t)(words[DIMENSIONS] % 1000);
        strays += signs_at_point(a, t, s, &positive) && !sphere_regions_has(&survey->regions, positive);
    }
    return strays;
}

// ---- Proposition 4.24 on spheres ----

// What all arrangements together have shown.
typedef struct {
    int arrangements, above_most, above_components, above_printed;
    int ball;   // regions and flats that meet the ball are not equally many
    int strays; // see count_strays
    int below;  // on the circle: fewer regions than one more than the lines that meet it
} tally_t;

// Seeded random hyperplanes, in general position and transversal to the sphere (drawn again where they are not).
static arrangement_t *draw_transversal(experiment_t *run, slong planes, slong m, stream_t *stream,
                                       survey_t *survey) {
    arrangement_t *a = experiment_memory(run, arrangement_alloc(planes, m + 1));
    for (;;) {
        experiment_require(run, arrangement_draw(a, RANGE, stream), "arrangement_draw");
        *survey = survey_of(run, a);
        if (survey->feet.touching == 0 && is_generic(run, a))
            return a;
        survey_clear(survey);
    }
}

static slong lines_met(const sphere_feet_t *feet) {
    slong met = 0;
    for (slong i = 0; i < feet->count; i++)
        met += feet->feet[i].side < 0 && __builtin_popcountl(feet->feet[i].set) == 1;
    return met;
}

static slong examine(experiment_t *run, slong planes, slong m, uint32_t block, tally_t *tally) {
    stream_t stream = experiment_stream(run, SPHERE_BLOCK + block);
    survey_t survey;
    arrangement_t *a = draw_transversal(run, planes, m, &stream, &survey);
    const slong meeting = survey.regions.meeting;
    tally->arrangements++;
    tally->above_most += meeting > sphere_most(planes, m);
    tally->above_components += meeting > components_bound(&survey.feet, m);
    tally->above_printed += meeting > phi(planes, m);
    tally->ball += survey.regions.inside != survey.feet.inside;
    tally->strays += count_strays(run, a, &survey, block);
    tally->below += m == 1 && meeting < lines_met(&survey.feet) + 1;
    survey_clear(&survey);
    arrangement_free(a);
    return meeting;
}

// Hyperplanes through the origin, in general position: their regions by the tree, and those that meet the sphere.
static slong count_central(experiment_t *run, slong planes, slong m, uint32_t block, slong *meeting) {
    stream_t stream = stream_at(experiment_seed(run), stream_experiment("manifolds-central"), block);
    arrangement_t *a = experiment_memory(run, arrangement_alloc(planes, m + 1)),
                  *slice = experiment_memory(run, arrangement_alloc(planes, m));
    do {
        experiment_require(run, arrangement_draw(a, RANGE, &stream), "arrangement_draw");
        for (slong p = 0; p < planes; p++) {
            fmpz_zero(fmpz_mat_entry(a->rows, p, m + 1));
            for (slong j = 0; j <= m; j++)
                fmpz_set(fmpz_mat_entry(slice->rows, p, j), fmpz_mat_entry(a->rows, p, j));
        }
    } while (!is_generic(run, slice)); // at the height 1: general position there is general position here
    const slong regions = experiment_tree(run, a).regions;
    survey_t survey = survey_of(run, a);
    *meeting = survey.regions.meeting;
    survey_clear(&survey);
    arrangement_free(a);
    arrangement_free(slice);
    return regions;
}

static void check_spheres(experiment_t *run, tally_t *tally) {
    static const table_column_t columns[] = {{"m", "1", NULL, ""},
                                             {"planes", "1", NULL, ""},
                                             {"printed", "regions", NULL, ""},
                                             {"most", "regions", NULL, ""},
                                             {"central", "regions", NULL, ""},
                                             {"random_most", "regions", NULL, ""},
                                             {"random_mean", "regions", "%.2f", ""}};
    const bool quick = experiment_quick(run);
    const slong *planes = quick ? QUICK_PLANES : PLANES;
    const int draws = quick ? QUICK_DRAWS : DRAWS;
    size_t rows = 0;
    for (slong m = 1; m <= DIMENSIONS; m++)
        rows += (size_t)planes[m - 1];
    table_t *table = experiment_table(
        run, "",
        "regions that meet the unit sphere of dimension m: central hyperplanes and random affine ones",
        columns, COUNT(columns), rows);
    int central_wrong = 0, missed = 0, central = 0;
    uint32_t block = 0;
    size_t done = 0;
    for (slong m = 1; m <= DIMENSIONS; m++)
        for (slong h = 1; h <= planes[m - 1]; h++) {
            slong meeting, largest = 0, sum = 0;
            const slong regions = count_central(run, h, m, block, &meeting);
            central++;
            central_wrong += regions != sphere_most(h, m);
            missed += meeting != regions;
            for (int k = 0; k < draws; k++) {
                const slong found = examine(run, h, m, block++, tally);
                largest = found > largest ? found : largest;
                sum += found;
            }
            table_integer(table, m);
            table_integer(table, h);
            table_integer(table, phi(h, m));
            table_integer(table, sphere_most(h, m));
            table_integer(table, meeting);
            table_integer(table, largest);
            table_real(table, (double)sum / draws);
            experiment_progress(run, ++done, rows);
        }
    experiment_check(run, BOUND, "central arrangements without 2 Phi(H - 1 m) regions", central_wrong, EQUAL,
                     0, 0);
    experiment_check(run, BOUND, "central arrangements with a region off the sphere", missed, EQUAL, 0, 0);
    experiment_macro_integer(run, "Central", central);
}

static void decide_spheres(experiment_t *run, const tally_t *tally) {
    experiment_check(run, BOUND, "arrangements above 2 Phi(H - 1 m)", tally->above_most, EQUAL, 0, 0);
    experiment_check(run, BOUND, "arrangements above the sum of components", tally->above_components, EQUAL,
                     0, 0);
    experiment_check(run, BOUND, "arrangements above the printed bound", tally->above_printed, AT_LEAST, 1,
                     0);
    experiment_check(run, BOUND, "arrangements where flats and regions in the ball differ", tally->ball,
                     EQUAL, 0, 0);
    experiment_check(run, BOUND, "points of the sphere in regions that should miss it", tally->strays, EQUAL,
                     0, 0);
    experiment_check(run, GROWTH, "arrangements with fewer regions than lines met and one", tally->below,
                     EQUAL, 0, 0);
    experiment_macro_integer(run, "Arrangements", tally->arrangements);
    experiment_macro_integer(run, "AbovePrinted", tally->above_printed);
    experiment_macro(run, "Points", "\\num{%.0f}", (double)tally->arrangements * POINTS);
}

// ---- The counterexamples in the files ----

// An arrangement and the sphere: how many regions meet it, whether it is transversal.
static void check_sphere_file(experiment_t *run, const char *file, const char *macro, slong *meeting,
                              slong *planes, slong *touching) {
    arrangement_t *a = experiment_arrangement(run, file);
    survey_t survey = survey_of(run, a);
    *meeting = survey.regions.meeting;
    *planes = a->planes;
    *touching = survey.feet.touching;
    experiment_macro_integer(run, macro, *meeting);
    survey_clear(&survey);
    arrangement_free(a);
}

static void check_sphere_files(experiment_t *run) {
    slong meeting, planes, touching;
    check_sphere_file(run, "manifolds-circle.arr", "Circle", &meeting, &planes, &touching);
    experiment_check(run, BOUND, "circle: flats that touch it", (double)touching, EQUAL, 0, 0);
    experiment_check(run, BOUND, "circle: regions", (double)meeting, AT_LEAST, (double)phi(planes, 1) + 1, 0);
    experiment_check(run, BOUND, "circle: regions", (double)meeting, EQUAL, (double)sphere_most(planes, 1),
                     0);
    check_sphere_file(run, "manifolds-sphere.arr", "Sphere", &meeting, &planes, &touching);
    experiment_check(run, BOUND, "sphere: flats that touch it", (double)touching, EQUAL, 0, 0);
    experiment_check(run, BOUND, "sphere: regions", (double)meeting, AT_LEAST, (double)phi(planes, 2) + 1, 0);
    experiment_check(run, BOUND, "sphere: regions", (double)meeting, EQUAL, (double)sphere_most(planes, 2),
                     0);
    check_sphere_file(run, "manifolds-plane.arr", "Plane", &meeting, &planes, &touching);
    experiment_check(run, ASSUMPTION, "one plane and the sphere: flats that touch it", (double)touching,
                     EQUAL, 0, 0);
    experiment_check(run, ASSUMPTION, "one plane and the sphere: hyperplanes", (double)planes, AT_MOST, 1, 0);
    experiment_check(run, ASSUMPTION, "one plane and the sphere: regions", (double)meeting, EQUAL, 2, 0);
    check_sphere_file(run, "manifolds-miss.arr", "Miss", &meeting, &planes, &touching);
    experiment_check(run, GROWTH, "lines in general position that miss the circle: regions met",
                     (double)meeting, EQUAL, 1, 0);
    experiment_check(run, GROWTH, "lines in general position that miss the circle", (double)planes, AT_LEAST,
                     3, 0);
}

// A graph y = p(x) and an arrangement in the plane. Along the graph, line j is the polynomial q_j = w_1 x + w_2 p + b.
// Transversal: no q_j has a multiple root, and no two have a common one.
typedef struct {
    slong regions;    // met, by the signs at rational points
    slong components; // of the graph without the lines: one more than the roots
    bool transversal;
    slong planes;
} graph_t;

static graph_t examine_graph(const arrangement_t *a, const fmpz_poly_t p) {
    fmpz_poly_t product, factor;
    fmpz_poly_init(product);
    fmpz_poly_init(factor);
    fmpz_poly_one(product);
    fmpz_t value;
    fmpz_init(value);
    uint64_t seen = 0; // sets of signs, of at most 6 lines
    for (slong x = -80; x <= 80; x++) {
        ulong signs = 0;
        bool off = true;
        for (slong j = 0; j < a->planes; j++) {
            const fmpz *row = a->rows->rows[j];
            fmpq_t y, at;
            fmpq_init(y);
            fmpq_init(at);
            fmpq_set_si(at, x, 32);
            fmpz_poly_evaluate_fmpq(y, p, at);
            fmpq_mul_fmpz(y, y, row + 1);
            fmpq_mul_fmpz(at, at, row);
            fmpq_add(y, y, at);
            fmpq_add_fmpz(y, y, row + 2);
            signs |= fmpq_sgn(y) > 0 ? UWORD(1) << j : 0;
            off = off && !fmpq_is_zero(y);
            fmpq_clear(y);
            fmpq_clear(at);
        }
        if (off)
            seen |= UINT64_C(1) << signs;
    }
    for (slong j = 0; j < a->planes; j++) {
        const fmpz *row = a->rows->rows[j];
        fmpz_poly_scalar_mul_fmpz(factor, p, row + 1);
        fmpz_poly_get_coeff_fmpz(value, factor, 0);
        fmpz_add(value, value, row + 2);
        fmpz_poly_set_coeff_fmpz(factor, 0, value);
        fmpz_poly_get_coeff_fmpz(value, factor, 1);
        fmpz_add(value, value, row);
        fmpz_poly_set_coeff_fmpz(factor, 1, value);
        fmpz_poly_mul(product, product, factor);
    }
    const graph_t graph = {.regions = __builtin_popcountll(seen),
                           .components = 1 + fmpz_poly_num_real_roots(product),
                           .transversal = fmpz_poly_is_squarefree(product),
                           .planes = a->planes};
    fmpz_clear(value);
    fmpz_poly_clear(product);
    fmpz_poly_clear(factor);
    return graph;
}

static void check_graph_file(experiment_t *run, const char *file, const char *macro,
                             const slong *coefficients, slong degree) {
    arrangement_t *a = experiment_arrangement(run, file);
    fmpz_poly_t p;
    fmpz_poly_init(p);
    for (slong i = 0; i <= degree; i++)
        fmpz_poly_set_coeff_si(p, i, coefficients[i]);
    const graph_t graph = examine_graph(a, p);
    experiment_check(run, BOUND, "graph of a polynomial: transversal", graph.transversal, EQUAL, 1, 0);
    experiment_check(run, BOUND, "graph of a polynomial: regions", (double)graph.regions, AT_LEAST,
                     (double)phi(graph.planes, 1) + 1, 0);
    experiment_check(run, BOUND, "graph of a polynomial: regions and its components", (double)graph.regions,
                     AT_MOST, (double)graph.components, 0);
    experiment_check(run, BOUND, "graph of a polynomial: regions and all regions", (double)graph.regions,
                     EQUAL, (double)experiment_tree(run, a).regions, 0);
    experiment_macro_integer(run, macro, graph.regions);
    fmpz_poly_clear(p);
    arrangement_free(a);
}

// ---- Affine M: the bound as printed, and bounded cells ----

// Rows on the flat p + span(v_1, ..., v_m): restricted to its coordinates, and in space beside equations of the flat.
typedef struct {
    arrangement_t *inside; // n hyperplanes in R^m
    fmpz_mat_t rows;       // n + d - m rows in R^d, the last d - m of which vanish on the flat
    slong planes, equations;
} flat_t;

static void draw_entries(fmpz_mat_t matrix, slong range, stream_t *stream) {
    for (slong i = 0; i < matrix->r; i++)
        for (slong j = 0; j < matrix->c; j++)
            fmpz_set_si(fmpz_mat_entry(matrix, i, j), stream_pick(stream, -range, range));
}

static flat_t draw_flat(experiment_t *run, slong planes, slong m, slong range, stream_t *stream) {
    const slong d = m + ROOM;
    flat_t flat = {.inside = experiment_memory(run, arrangement_alloc(planes, m)), .planes = planes};
    fmpz_mat_t basis, ambient, normals,
        directions; // basis: columns v_1 ... v_m p, in homogeneous coordinates
    fmpz_mat_init(basis, d + 1, m + 1);
    fmpz_mat_init(ambient, planes, d + 1);
    fmpz_mat_init(directions, m + 1, d + 1);
    fmpz_mat_init(normals, d + 1, d + 1);
    fmpz_mat_init(flat.rows, planes + ROOM, d + 1);
    do {
        draw_entries(basis, range, stream);
        for (slong j = 0; j <= m; j++)
            fmpz_set_si(fmpz_mat_entry(basis, d, j), j == m);
        fmpz_mat_transpose(directions, basis);
        flat.equations = fmpz_mat_nullspace(normals, directions);
    } while (flat.equations != ROOM);
    draw_entries(ambient, range, stream);
    fmpz_mat_mul(flat.inside->rows, ambient, basis);
    for (slong i = 0; i < planes; i++)
        _fmpz_vec_set(flat.rows->rows[i], ambient->rows[i], d + 1);
    for (slong i = 0; i < ROOM; i++)
        for (slong j = 0; j <= d; j++)
            fmpz_set(fmpz_mat_entry(flat.rows, planes + i, j), fmpz_mat_entry(normals, j, i));
    fmpz_mat_clear(basis);
    fmpz_mat_clear(ambient);
    fmpz_mat_clear(directions);
    fmpz_mat_clear(normals);
    return flat;
}

static void flat_clear(flat_t *flat) {
    arrangement_free(flat->inside);
    fmpz_mat_clear(flat->rows);
}

// What a walk through the parts of M finds: parts, and those without lines and points at infinity.
typedef struct {
    const polyhedron_rows_t *rows;
    slong planes, regions, bounded;
} walk_t;

static bool is_bounded(const polyhedron_t *cell, slong d) {
    if (polyhedron_lines(cell) > 0)
        return false;
    bool bounded = true;
    fmpz *ray = _fmpz_vec_init(d + 1);
    for (slong i = 0; i < polyhedron_rays(cell); i++) {
        polyhedron_generator(cell, i, ray);
        bounded = bounded && !fmpz_is_zero(ray + d);
    }
    _fmpz_vec_clear(ray, d + 1);
    return bounded;
}

// Cuts a part of M by the hyperplanes from number `row` on.
static int walk(walk_t *w, const polyhedron_t *cell, slong row) {
    while (row < w->planes && polyhedron_side(cell, row) != POLYHEDRON_BOTH)
        row++;
    if (row == w->planes) {
        w->regions++;
        w->bounded += is_bounded(cell, w->rows->dimension);
        return GSL_SUCCESS;
    }
    polyhedron_t *above = polyhedron_alloc(w->rows), *below = polyhedron_alloc(w->rows);
    int status = above != NULL && below != NULL ? polyhedron_split(above, below, cell, row) : GSL_ENOMEM;
    if (status == GSL_SUCCESS)
        status = walk(w, above, row + 1);
    if (status == GSL_SUCCESS)
        status = walk(w, below, row + 1);
    polyhedron_free(above);
    polyhedron_free(below);
    return status;
}

// Second road: M as a polyhedron in space, cut by the hyperplanes of space.
static walk_t walk_flat(experiment_t *run, const flat_t *flat) {
    polyhedron_rows_t *rows = polyhedron_rows_alloc(flat->rows);
    polyhedron_t *cell = rows != NULL ? polyhedron_alloc(rows) : NULL,
                 *next = cell != NULL ? polyhedron_alloc(rows) : NULL;
    if (next == NULL)
        experiment_stop(run, FAULT_SYSTEM, "out of memory");
    for (slong i = 0; i < flat->equations; i++) {
        experiment_require(run, polyhedron_cut(next, cell, flat->planes + i, 0), "polyhedron_cut");
        polyhedron_t *const swap = cell;
        cell = next;
        next = swap;
    }
    walk_t w = {.rows = rows, .planes = flat->planes};
    experiment_require(run, walk(&w, cell, 0), "walk");
    polyhedron_free(cell);
    polyhedron_free(next);
    polyhedron_rows_free(rows);
    return w;
}

typedef struct {
    int flats, generic, above, not_phi, disagreements; // regions
    int bounded_wrong, bounded_disagree; // bounded cells of generic ones against C(n - 1, m), by two roads
    int early;                           // generic ones with n <= m and a bounded cell
    int at_threshold;                    // generic ones with n = m
} flats_t;

static void examine_flat(experiment_t *run, slong planes, slong m, slong range, stream_t *stream,
                         flats_t *flats) {
    flat_t flat = draw_flat(run, planes, m, range, stream);
    const roads_tree_t tree = experiment_tree(run, flat.inside);
    const walk_t w = walk_flat(run, &flat);
    flats->flats++;
    flats->above += tree.regions > phi(planes, m);
    flats->disagreements += tree.regions != w.regions;
    if (is_generic(run, flat.inside)) {
        flats->generic++;
        flats->not_phi += tree.regions != phi(planes, m);
        flats->bounded_wrong += w.bounded != binomial(planes - 1, m);
        flats->bounded_disagree += w.bounded != tree.bounded;
        flats->early += planes <= m && w.bounded > 0;
        flats->at_threshold += planes == m;
    }
    flat_clear(&flat);
}

static void check_flats(experiment_t *run) {
    flats_t flats = {0};
    const int repeats = experiment_quick(run) ? QUICK_FLATS : FLATS;
    stream_t stream = experiment_stream(run, FLAT_BLOCK);
    for (slong m = 1; m <= DIMENSIONS; m++)
        for (slong n = 1; n <= m + BEYOND; n++)
            for (int k = 0; k < repeats; k++)
                examine_flat(run, n, m, k % 2 == 0 ? RANGE : SMALL_RANGE, &stream, &flats);
    experiment_check(run, BOUND, "affine M above Phi(H m)", flats.above, EQUAL, 0, 0);
    experiment_check(run, BOUND, "affine M where two counts disagree", flats.disagreements, EQUAL, 0, 0);
    experiment_check(run, BOUND, "affine M in general position without Phi(H m) regions", flats.not_phi,
                     EQUAL, 0, 0);
    experiment_check(run, BOUND, "affine M that are not in general position", flats.flats - flats.generic,
                     AT_LEAST, 1, 0);
    experiment_check(run, RANK, "generic affine M without C(kH - 1 m) bounded cells", flats.bounded_wrong,
                     EQUAL, 0, 0);
    experiment_check(run, RANK, "generic affine M where two counts of bounded cells disagree",
                     flats.bounded_disagree, EQUAL, 0, 0);
    experiment_check(run, RANK, "generic affine M with kH <= m and a bounded cell", flats.early, EQUAL, 0, 0);
    experiment_check(run, RANK, "generic affine M with kH = m", flats.at_threshold, AT_LEAST, 1, 0);
    experiment_macro_integer(run, "Flats", flats.flats);
    experiment_macro_integer(run, "FlatsGeneric", flats.generic);
    experiment_macro_integer(run, "AtThreshold", flats.at_threshold);
}

// ---- Remark 4.25: hyperplanes that miss the sphere ----

enum { OUTCOMES = DIMENSIONS + 2 };

// Hyperplanes with w ~ N(0, I) and b ~ N(0, 1): for m = 1..DIMENSIONS whether one misses the sphere; for MISSED lines
// whether all miss the circle, and into how many arcs they cut it.
static int sample_misses(const montecarlo_block_t *block, const void *context) {
    (void)context;
    for (size_t i = 0; i < block->count; i++) {
        double *x = block->work, *out = block->samples + i * OUTCOMES;
        for (int m = 1; m <= DIMENSIONS; m++) {
            stream_normals(block->stream, x, (size_t)m + 2);
            double square = 0;
            for (int j = 0; j <= m; j++)
                square += x[j] * x[j];
            out[m - 1] = x[m + 1] * x[m + 1] > square;
        }
        int met = 0;
        stream_normals(block->stream, x, 3 * MISSED);
        for (int l = 0; l < MISSED; l++)
            met += x[3 * l + 2] * x[3 * l + 2] < x[3 * l] * x[3 * l] + x[3 * l + 1] * x[3 * l + 1];
        out[DIMENSIONS] = met == 0;
        out[DIMENSIONS + 1] = met == 0 ? 1 : 2 * met;
    }
    return GSL_SUCCESS;
}

static void check_misses(experiment_t *run) {
    static const char *const macros[] = {"MissOne", "MissTwo", "MissThree", "MissAll", "Arcs"};
    // b^2 / (b^2 + |w|^2) has a beta distribution with parameters 1/2 and (m + 1)/2.
    const double closed[DIMENSIONS] = {1 - M_SQRT1_2, 0.5 - M_1_PI, 1 - 1.25 * M_SQRT1_2};
    double expected[OUTCOMES];
    for (int m = 1; m <= DIMENSIONS; m++) {
        expected[m - 1] = closed[m - 1];
        experiment_check(run, GROWTH, "closed form against the beta distribution",
                         fabs(gsl_sf_beta_inc((m + 1) / 2.0, 0.5, 0.5) - closed[m - 1]), AT_MOST, ROUNDING,
                         0);
    }
    expected[DIMENSIONS] = pow(closed[0], MISSED);
    expected[DIMENSIONS + 1] = 2 * MISSED * (1 - closed[0]) + expected[DIMENSIONS];
    moments_t *moments = experiment_montecarlo(run, "misses", experiment_quick(run) ? QUICK_SAMPLES : SAMPLES,
                                               OUTCOMES, 3 * MISSED + DIMENSIONS + 2, sample_misses, NULL);
    double worst = 0;
    for (int i = 0; i < OUTCOMES; i++) {
        const gsl_sf_result sampled = moments_estimate(moments, (size_t)i);
        worst = fmax(worst, fabs(sampled.val - expected[i]) / sampled.err);
        experiment_macro(run, macros[i], i == DIMENSIONS + 1 ? "%.4f" : "%.5f", expected[i]);
        if (i == DIMENSIONS) {
            experiment_check(run, GROWTH, "share of samples where all lines miss the circle", sampled.val,
                             AT_LEAST, 0, MAX_Z * sampled.err);
            experiment_macro(run, "MissAllSampled", "%.5f", sampled.val);
            experiment_macro(run, "MissAllError", "%.5f", sampled.err);
        }
    }
    experiment_check(run, GROWTH, "largest z of the samples", worst, AT_MOST, MAX_Z, 0);
    experiment_macro(run, "LargestZ", "%.1f", worst);
    moments_free(moments);
}

// ---- The pictures ----

enum { ARC_POINTS = 40, OUTLINE = 72 };
static const double PARABOLA_END = 1.5;             // |x| up to it
static const double AZIMUTH = 0.6, ELEVATION = 0.4; // of the eye, in radians

// Where a point of space is seen, and whether it is in front.
static bool project(const double x[3], double seen[2]) {
    const double turned = cos(AZIMUTH) * x[0] + sin(AZIMUTH) * x[1];
    seen[0] = -sin(AZIMUTH) * x[0] + cos(AZIMUTH) * x[1];
    seen[1] = cos(ELEVATION) * x[2] - sin(ELEVATION) * turned;
    return cos(ELEVATION) * turned + sin(ELEVATION) * x[2] > 0;
}

static void write_point(table_t *table, int panel, const char *item, int part, double x, double y) {
    table_integer(table, panel);
    table_text(table, item);
    table_integer(table, part);
    table_real(table, x);
    table_real(table, y);
}

// Panel 1: the circle's arcs between the axes. Panel 2: the parabola's between x = 0 and y = 1. Panel 3: the sphere's
// outline and the great circles in the coordinate planes, in front and behind.
static void draw_pictures(experiment_t *run) {
    static const table_column_t columns[] = {{"panel", "1 to 3", NULL, ""},
                                             {"item", "text", NULL, ""},
                                             {"part", "1", NULL, ""},
                                             {"x", "1", "%.5f", ""},
                                             {"y", "1", "%.5f", ""}};
    table_t *table = experiment_table(run, "curves", "points along the curves of the figure", columns,
                                      COUNT(columns), 8 * (ARC_POINTS + 1) + 4 * (OUTLINE + 1));
    const double ends[] = {-PARABOLA_END, -1, 0, 1, PARABOLA_END};
    for (int part = 0; part < 8; part++)
        for (int i = 0; i <= ARC_POINTS; i++) {
            const double share = (double)i / ARC_POINTS, angle = (part + share) * M_PI_2;
            const double *end = &ends[part % 4], x = end[0] + share * (end[1] - end[0]);
            if (part < 4)
                write_point(table, 1, "arc", part, cos(angle), sin(angle));
            else
                write_point(table, 2, "arc", part - 4, x, x * x);
        }
    for (int part = 0; part < 4; part++)
        for (int i = 0; i <= OUTLINE; i++) {
            const double angle = 2 * M_PI * i / OUTLINE;
            double x[3] = {0}, seen[2] = {cos(angle), sin(angle)};
            bool front = true;
            if (part < 3) {
                x[(part + 1) % 3] = cos(angle);
                x[(part + 2) % 3] = sin(angle);
                front = project(x, seen);
            }
            write_point(table, 3, part == 3 ? "outline" : front ? "front" : "behind", part, seen[0], seen[1]);
        }
}

static void state_parameters(experiment_t *run) {
    const bool quick = experiment_quick(run);
    experiment_parameter(run, "Range", "%.0f", (double)RANGE, "1");
    experiment_parameter(run, "Samples", "\\num{%.0f}", (double)(quick ? QUICK_SAMPLES : SAMPLES), "samples");
    experiment_parameter(run, "Missed", "%.0f", MISSED, "lines");
    experiment_macro_integer(run, "CirclePrinted", phi(2, 1));
    experiment_macro_integer(run, "CubicPrinted", phi(3, 1));
    experiment_macro_integer(run, "SpherePrinted", phi(3, 2));
}

static void run_manifolds(experiment_t *run) {
    static const slong parabola[] = {0, 0, 1}, cubic[] = {0, -1, 0, 1}; // x^2 and x^3 - x
    tally_t tally = {0};
    state_parameters(run);
    check_sphere_files(run);
    check_graph_file(run, "manifolds-parabola.arr", "Parabola", parabola, 2);
    check_graph_file(run, "manifolds-cubic.arr", "Cubic", cubic, 3);
    check_spheres(run, &tally);
    decide_spheres(run, &tally);
    check_flats(run);
    check_misses(run);
    draw_pictures(run);
    experiment_claim(run, ASSUMPTION, VERDICT_AMENDED, METHOD_EXACT, "data/instances/manifolds-plane.arr");
    experiment_claim(run, BOUND, VERDICT_AMENDED, METHOD_EXACT,
                     "data/instances/manifolds-circle.arr; proof in section manifolds");
    experiment_claim(run, GROWTH, VERDICT_AMENDED, METHOD_MONTECARLO, "data/instances/manifolds-miss.arr");
    experiment_claim(run, RANK, VERDICT_AMENDED, METHOD_EXACT, "manifolds.checks.csv");
    flint_cleanup();
}

int main(int argc, char **argv) {
    static const experiment_plan_t plan = {
        .name = "manifolds",
        .brief = "hyperplanes on circles, spheres, graphs and affine subspaces: regions, exactly",
        .seed = 424,
        .run = run_manifolds};
    return experiment_main(&plan, argc, argv);
}
