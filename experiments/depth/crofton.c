// SPDX-License-Identifier: GPL-3.0-or-later
// Great circles: how many coalitions and regions a random router shows to a curve, and to the whole space.
//
// CLAIMS (Sparsity is Combinatorial Depth, section 4.3)
//   depth/thm-4.26     M meets at most C(N,k) Vol ratio Phi(kH,d_eff) + O((kH)^(d_eff-1)) regions, on average
//   depth/thm-4.27     ... and at least c_M Vol ratio C(N,k) (kH)^d_eff
//   depth/rem-4.28     ... so that this is the order of the effective capacity
//   depth/cor-4.29     the bounds of top-k and dense layers have the ratio O(C(N,k) k^d_eff)
//   depth/law-crofton  (ours) what is true instead
//
// DERIVATION. Rows of W iid N(0, I), no biases. The tie of a pair (i, j) on the sphere is the great subsphere orthogonal to
// w_i - w_j, which is uniform and independent of w_i + w_j and of all other rows. At a point of it the common value is
// N(0, 1/2) and the others are N(0, 1): the tie is at the k-th place with a probability p_k, whatever w_i - w_j is. By
// Crofton's formula for one great subsphere, a curve of length L on the sphere sees on average
//     C(N,2) p_k L / pi = (L / 2 pi) e(N,k),   e(N,k) = 2 C(N,2) p_k = 2 sqrt(pi) N E[I(T)]
// changes, T ~ Beta(k, N-k), I = phi o Phi^-1. As I is concave and I(t) <= t sqrt(2 log 1/t),
//     e(N,k) <= 2 sqrt(pi) N I(k/N) <= min(sqrt(2) N, 2 k sqrt(2 pi log(N/k))).
// A unit of an expert folds the output at its crossing with the curve when its expert is active there, which by symmetry has
// the probability k/N. So a segment seen from the origin under the angle l, with X crossings of units, has on average
//     1 + (l / 2 pi) e + (k/N) X
// regions. In R^d, with units in general position off the origin, eq. (tree) of the report and symmetry give
//     E R = sigma_d + sum_{j=1..d} C(kH,j) tau_{d-j},   tau_m = (sigma_m + sigma_{m+1}) / 2,
// where sigma_m is the mean number of coalitions in R^m without biases: sigma_0 = 0, sigma_1 = 2, sigma_2 = e(N,k), and by
// Euler's formula sigma_3 = 2 + C(N,3) P(the tie of three is at the k-th place).
#include "geometry/bounds.h"
#include "geometry/generic.h"
#include "geometry/layer_flats.h"
#include "io/experiment.h"
#include "io/experiment_instance.h"
#include "io/experiment_roads.h"
#include "routing/great_circle.h"
#include "routing/random_router.h"

#include <flint/fmpq.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_sf_gamma.h>
#include <math.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

// ---- Parameters ----

static const char *const LAW = "depth/law-crofton", *const UPPER = "depth/thm-4.26",
                         *const LOWER = "depth/thm-4.27", *const TIGHT = "depth/rem-4.28",
                         *const RATIO = "depth/cor-4.29";

static const double GRID = 0x1p20; // normals are rounded to multiples of 1 / GRID: walks are then exact
static const double Z_LIMIT = 4;   // standard errors
enum { TEXT = 128 };

// Circles: experts and active ones that are counted, and the curve of e.
static const size_t EXPERTS[] = {4, 8, 16, 32, 64, 128, 256, 512};
static const size_t ACTIVE[] = {1, 2, 4, 8};
enum { MOST_EXPERTS = 512, CIRCLES = 4096, CIRCLES_QUICK = 128 }; // samples
enum { CURVE_FIRST = 2, CURVE_LAST = 24, CURVE_QUICK = 18 };      // N = 2^(j/2)
static const ulong SUMS[] = {2, 3, 5, 8, 13, 21, 34, 55, 89};     // N of sum_k e(N, k)
static const size_t SUMS_QUICK = 5;

// Circles of latitude on the sphere in R^3, at these heights.
enum { LATITUDE_EXPERTS = 6, LATITUDE_ACTIVE = 2 };
static const double HEIGHTS[] = {0.1, 0.5, 0.9};

// Whole spaces: fixed units, random routers. The units of the first come from an instance file.
static const random_router_t SPACES[] = {{3, 2, 2, 2}, {4, 2, 3, 2}, {8, 2, 4, 2}, {16, 4, 2, 2},
                                         {6, 5, 2, 2}, {4, 1, 3, 3}, {4, 2, 2, 3}, {6, 2, 2, 3}};
enum { ROUTERS = 1500, ROUTERS_QUICK = 150 }; // samples
static const slong RANGE = 999;               // of the entries of units

// Segments {(1, t): |t| <= tan(pi share)}: the law of Theorem 4.26's counterexample, N, k, H, and the share of the circle.
typedef struct {
    size_t experts, active, width;
    double share;
} segment_t;
static const segment_t SEGMENTS[] = {{2, 1, 1, 1. / 16},  {2, 1, 4, 1. / 16},  {2, 1, 16, 1. / 16},
                                     {2, 1, 64, 1. / 16}, {2, 1, 16, 1. / 32}, {2, 1, 16, 1. / 64},
                                     {8, 2, 16, 1. / 16}, {16, 4, 8, 1. / 16}};
enum {
    MOST_UNITS = 1024,
    POINTS = 16384,
    POINTS_QUICK = 4096,
    EXACT_POINTS = 200,
    EXACT_QUICK = 20
}; // samples

// The circle of Theorem 4.27: k and H fixed, N grows.
enum { RING_ACTIVE = 2, RING_WIDTH = 4, RINGS = 4096, RINGS_QUICK = 128, RING_LAST = 20 };
static const size_t RING_EXPERTS[] = {4, 8, 16, 32, 64, 128};

// Corollary 4.29: widths of 2^20 units, where what is neglected is below TOLERANCE.
enum { WIDE = 1 << 20, MOST_ACTIVE = 8, MOST_DIMENSION = 6 };
static const double TOLERANCE = 1e-3;

// ---- Small things ----

static ball_t cells(experiment_t *run, ulong experts, ulong active) {
    ball_t e;
    experiment_require(run, great_circle_cells(experts, active, &e), "great_circle_cells");
    return e;
}

static double regions_law(experiment_t *run, const random_router_t *shape) {
    gsl_sf_result law;
    experiment_require(run, random_router_regions(shape, &law), "random_router_regions");
    return law.val;
}

static double choose(size_t n, size_t k) {
    return k > n ? 0 : gsl_sf_choose((unsigned)n, (unsigned)k);
}

// How many standard errors an estimate is from the law; 0 where neither varies.
static double deviation(gsl_sf_result estimate, double law) {
    const double off = fabs(estimate.val - law);
    return off <= 1e-12 * law ? 0 : off / estimate.err;
}

// Cells of the columns law, mean, error and z.
static void write_estimate(table_t *table, double law, gsl_sf_result mean) {
    table_real(table, law);
    table_real(table, mean.val);
    table_real(table, mean.err);
    table_real(table, deviation(mean, law));
}

static void round_normals(double *x, size_t n) {
    for (size_t i = 0; i < n; i++)
        x[i] = nearbyint(x[i] * GRID);
}

// The upper bounds 2 sqrt(pi) N I(k/N), sqrt(2) N and 2 k sqrt(2 pi log(N/k)) on e(N, k).
static double profile_bound(double n, double k) {
    return 2 * M_SQRTPI * n * gsl_ran_ugaussian_pdf(gsl_cdf_ugaussian_Qinv(k / n));
}

static double simple_bound(double n, double k) {
    return GSL_MIN(M_SQRT2 * n, 2 * k * sqrt(2 * M_PI * log(n / k)));
}

// ---- e(N, k): closed forms, the sum over k, bounds ----

static void check_closed_forms(experiment_t *run) {
    const double angle = asin(1. / 3) / M_PI;
    const struct {
        ulong experts, active;
        double value;
    } known[] = {{2, 1, 2},
                 {3, 1, 3},
                 {3, 2, 3},
                 {4, 1, 3 + 6 * angle},
                 {4, 2, 6 - 12 * angle},
                 {5, 1, 2.5 + 15 * angle},
                 {5, 2, 7.5 - 15 * angle}};
    double worst = 0;
    for (size_t i = 0; i < COUNT(known); i++) {
        const ball_t e = cells(run, known[i].experts, known[i].active);
        const double room = e.radius + 4 * GSL_DBL_EPSILON * known[i].value;
        worst = GSL_MAX(worst, fabs(e.value - known[i].value) / room);
    }
    experiment_check(run, LAW, "closed forms of e for N = 2 to 5 in units of the proven radius", worst,
                     AT_MOST, 1, 0);
}

// Each pair ties twice on the circle, at one place each time.
static void check_sums(experiment_t *run) {
    const size_t count = experiment_quick(run) ? SUMS_QUICK : COUNT(SUMS);
    double worst = 0;
    for (size_t i = 0; i < count; i++) {
        const double pairs = (double)(SUMS[i] * (SUMS[i] - 1));
        double sum = -pairs, room = 0;
        for (ulong k = 1; k < SUMS[i]; k++) {
            const ball_t e = cells(run, SUMS[i], k);
            sum += e.value;
            room += e.radius + GSL_DBL_EPSILON * pairs;
        }
        worst = GSL_MAX(worst, fabs(sum) / room);
    }
    experiment_check(run, LAW, "sum of e over k less N(N-1) in units of the proven radius", worst, AT_MOST, 1,
                     0);
}

// The curves of the figure, and the bounds at each of their points.
static void write_curve(experiment_t *run) {
    static const table_column_t columns[] = {{"experts", "1", NULL, ""},
                                             {"active", "1", NULL, ""},
                                             {"cells", "changes", "%.12g", "%.3f"},
                                             {"radius", "changes", "%.1e", NULL},
                                             {"bound", "changes", "%.12g", "%.3f"},
                                             {"coalitions", "1", "%.6e", NULL}};
    const int last = experiment_quick(run) ? CURVE_QUICK : CURVE_LAST;
    size_t rows = 0;
    for (int j = CURVE_FIRST; j <= last; j++)
        for (size_t a = 0; a < COUNT(ACTIVE); a++)
            rows += (double)ACTIVE[a] < exp2(j / 2.);
    table_t *table = experiment_table(run, "law", "e(N, k) with its proven radius; an upper bound; C(N, k)",
                                      columns, COUNT(columns), rows);
    double above = 0;
    for (size_t a = 0; a < COUNT(ACTIVE); a++)
        for (int j = CURVE_FIRST; j <= last; j++) {
            const double n = nearbyint(exp2(j / 2.)), k = (double)ACTIVE[a];
            if (k >= exp2(j / 2.))
                continue;
            const ball_t e = cells(run, (ulong)n, ACTIVE[a]);
            above = GSL_MAX(above, (e.value + e.radius) / GSL_MIN(profile_bound(n, k), simple_bound(n, k)));
            table_integer(table, (long long)n);
            table_integer(table, (long long)ACTIVE[a]);
            table_real(table, e.value);
            table_real(table, e.radius);
            table_real(table, simple_bound(n, k));
            table_real(table, choose((size_t)n, ACTIVE[a]));
        }
    experiment_check(run, LAW, "largest e over its upper bounds", above, AT_MOST, 1, 1e-12);
}

// ---- Circles ----

// How many of ACTIVE are below N.
static size_t sizes(size_t experts) {
    size_t count = 0;
    while (count < COUNT(ACTIVE) && ACTIVE[count] < experts)
        count++;
    return count;
}

static int sample_circles(const montecarlo_block_t *block, const void *context) {
    const size_t experts = *(const size_t *)context, dim = sizes(experts);
    double *router = block->work, *opposite = router + 2 * experts;
    for (size_t i = 0; i < block->count; i++) {
        stream_normals(block->stream, router, 2 * experts);
        round_normals(router, 2 * experts);
        for (size_t a = 0; a < dim; a++)
            block->samples[i * dim + a] = (double)great_circle_around(router, experts, ACTIVE[a], opposite);
    }
    return 0;
}

static void sample_all_circles(experiment_t *run) {
    static const table_column_t columns[] = {{"experts", "1", NULL, ""},
                                             {"active", "1", NULL, ""},
                                             {"law", "changes", "%.12g", "%.4f"},
                                             {"mean", "changes", "%.8g", "%.3f"},
                                             {"error", "changes", "%.2e", "%.3f"},
                                             {"z", "1", "%.2f", "%.1f"},
                                             {"radius", "changes", "%.1e", "%.0e"},
                                             {"coalitions", "1", "%.6e", "%.3g"}};
    size_t rows = 0;
    for (size_t i = 0; i < COUNT(EXPERTS); i++)
        rows += sizes(EXPERTS[i]);
    table_t *table = experiment_table(run, "", "changes of the coalition on a great circle: law and sample",
                                      columns, COUNT(columns), rows);
    double worst = 0;
    for (size_t i = 0; i < COUNT(EXPERTS); i++) {
        char part[TEXT];
        snprintf(part, sizeof part, "crofton circle %zu", EXPERTS[i]);
        moments_t *m = experiment_montecarlo(run, part, experiment_quick(run) ? CIRCLES_QUICK : CIRCLES,
                                             sizes(EXPERTS[i]), 4 * EXPERTS[i], sample_circles, &EXPERTS[i]);
        for (size_t a = 0; a < sizes(EXPERTS[i]); a++) {
            const ball_t e = cells(run, EXPERTS[i], ACTIVE[a]);
            const gsl_sf_result mean = moments_estimate(m, a);
            worst = GSL_MAX(worst, deviation(mean, e.value));
            table_integer(table, (long long)EXPERTS[i]);
            table_integer(table, (long long)ACTIVE[a]);
            write_estimate(table, e.value, mean);
            table_real(table, e.radius);
            table_real(table, choose(EXPERTS[i], ACTIVE[a]));
        }
        moments_free(m);
    }
    experiment_check(run, LAW, "largest z of e against counted circles", worst, AT_MOST, Z_LIMIT, 0);
    experiment_macro(run, "CircleZ", "%.1f", worst);
}

// ---- Circles of latitude: curves that are not great circles, with each pair's ties in closed form ----

// How often the pair (i, j) ties at the k-th place on the circle at height h of the unit sphere in R^3.
static size_t latitude_ties(const double *router, size_t i, size_t j, double h) {
    const double *u = router + 3 * i, *v = router + 3 * j;
    const double across = sqrt(1 - h * h), x = (u[0] - v[0]) * across, y = (u[1] - v[1]) * across;
    const double turn = -(u[2] - v[2]) * h / hypot(x, y);
    size_t changes = 0;
    for (int side = -1; side <= 1 && fabs(turn) < 1; side += 2) {
        const double angle = atan2(y, x) + side * acos(turn), a = across * cos(angle),
                     b = across * sin(angle);
        size_t above = 0;
        for (size_t l = 0; l < LATITUDE_EXPERTS; l++)
            above +=
                l != i && l != j &&
                (router[3 * l] - u[0]) * a + (router[3 * l + 1] - u[1]) * b + (router[3 * l + 2] - u[2]) * h >
                    0;
        changes += above == LATITUDE_ACTIVE - 1;
    }
    return changes;
}

static int sample_latitudes(const montecarlo_block_t *block, const void *context) {
    (void)context;
    for (size_t row = 0; row < block->count; row++) {
        stream_normals(block->stream, block->work, 3 * LATITUDE_EXPERTS);
        for (size_t c = 0; c < COUNT(HEIGHTS); c++) {
            size_t changes = 0;
            for (size_t i = 0; i < LATITUDE_EXPERTS; i++)
                for (size_t j = 0; j < i; j++)
                    changes += latitude_ties(block->work, i, j, HEIGHTS[c]);
            block->samples[row * COUNT(HEIGHTS) + c] = (double)changes;
        }
    }
    return 0;
}

static void sample_all_latitudes(experiment_t *run) {
    moments_t *m =
        experiment_montecarlo(run, "crofton latitudes", experiment_quick(run) ? CIRCLES_QUICK : CIRCLES,
                              COUNT(HEIGHTS), 3 * LATITUDE_EXPERTS, sample_latitudes, NULL);
    const double circle = cells(run, LATITUDE_EXPERTS, LATITUDE_ACTIVE).value;
    double worst = 0;
    for (size_t c = 0; c < COUNT(HEIGHTS); c++)
        worst = GSL_MAX(worst, deviation(moments_estimate(m, c), sqrt(1 - HEIGHTS[c] * HEIGHTS[c]) * circle));
    moments_free(m);
    experiment_check(run, LAW, "largest z of changes on circles of latitude", worst, AT_MOST, Z_LIMIT, 0);
    experiment_macro(run, "LatitudeZ", "%.1f", worst);
}

// ---- The whole space ----

// A router of rounded normals for the fixed units of the layer.
static void draw_router(layer_t *layer, stream_t *stream) {
    for (slong i = 0; i < layer->experts; i++)
        for (slong j = 0; j < layer->dimension; j++) {
            double x;
            stream_normals(stream, &x, 1);
            round_normals(&x, 1);
            fmpz_set_d(fmpz_mat_entry(layer->router, i, j), x);
        }
}

//[core
// Counts the regions, exactly, for one router after the other.
static moments_t *count_routers(experiment_t *run, layer_t *layer, stream_t *stream, int samples) {
    const size_t levels = (size_t)layer->dimension + 1;
    const shards_control_t control = {.threads = 1};
    double row[MOMENTS_MAX_DIM] = {0}; // the regions, then what they are the sum of
    layer_count_t count;
    moments_t *moments = experiment_memory(run, moments_alloc(levels + 1));
    layer_count_init(&count, layer->dimension);
    for (int i = 0; i < samples; i++) {
        draw_router(layer, stream);
        const int status = layer_flats_count(layer, &control, NULL, NULL, &count);
        experiment_require(run, status, "layer_flats_count");
        row[0] = fmpz_get_d(count.regions);
        for (size_t j = 0; j < levels; j++)
            row[1 + j] = fmpz_get_d(count.level + j);
        moments_add(moments, row, 1);
    }
    layer_count_clear(&count);
    return moments;
}

// The largest z of the mean numbers of regions and of pairs (coalition, set of j of its units).
static double worst_level(experiment_t *run, const random_router_t *shape, const moments_t *m) {
    double worst = deviation(moments_estimate(m, 0), regions_law(run, shape));
    for (ulong j = 0; j <= shape->dimension; j++) {
        gsl_sf_result law;
        experiment_require(run, random_router_level(shape, j, &law), "random_router_level");
        worst = GSL_MAX(worst, deviation(moments_estimate(m, 1 + j), law.val));
    }
    return worst;
}
//]core

// Units in general position off the origin, proved so; false where those of the layer are not.
static bool units_are_generic(experiment_t *run, const layer_t *layer) {
    bool generic;
    experiment_require(run, generic_units(layer, &generic), "generic_units");
    for (slong i = 0; i < layer->rows->r; i++)
        generic &= !fmpz_is_zero(fmpz_mat_entry(layer->rows, i, layer->dimension));
    return generic;
}

static layer_t *layer_of(experiment_t *run, const random_router_t *shape, stream_t *stream) {
    layer_t *layer = experiment_memory(run, layer_alloc((slong)shape->experts, (slong)shape->active,
                                                        (slong)shape->width, (slong)shape->dimension));
    arrangement_t *units = experiment_memory(
        run, arrangement_alloc((slong)(shape->experts * shape->width), (slong)shape->dimension));
    do {
        experiment_require(run, arrangement_draw(units, RANGE, stream), "arrangement_draw");
        fmpz_mat_set(layer->rows, units->rows);
    } while (!units_are_generic(run, layer));
    arrangement_free(units);
    return layer;
}

// With Phi(kH, d) and what Theorem 4.17 says.
static void write_space(table_t *table, const random_router_t *shape, double law, gsl_sf_result mean) {
    const bounds_layer_t layer = {shape->experts, shape->active, shape->width, shape->dimension};
    fmpz_t number;
    fmpz_init(number);
    table_integer(table, (long long)shape->experts);
    table_integer(table, (long long)shape->active);
    table_integer(table, (long long)shape->width);
    table_integer(table, (long long)shape->dimension);
    write_estimate(table, law, mean);
    bounds_phi(number, shape->active * shape->width, shape->dimension);
    table_integer(table, fmpz_get_si(number));
    bounds_topk(number, &layer);
    table_integer(table, fmpz_get_si(number));
    fmpz_clear(number);
}

static void sample_spaces(experiment_t *run) {
    static const table_column_t columns[] = {{"experts", "1", NULL, ""},
                                             {"active", "1", NULL, ""},
                                             {"width", "1", NULL, ""},
                                             {"dimension", "1", NULL, ""},
                                             {"law", "regions", "%.10g", "%.3f"},
                                             {"mean", "regions", "%.8g", "%.3f"},
                                             {"error", "regions", "%.2e", "%.3f"},
                                             {"z", "1", "%.2f", "%.1f"},
                                             {"dense", "regions", NULL, ""},
                                             {"claimed", "regions", NULL, ""}};
    table_t *table = experiment_table(run, "space", "regions of a random router and fixed units", columns,
                                      COUNT(columns), COUNT(SPACES));
    const int samples = experiment_quick(run) ? ROUTERS_QUICK : ROUTERS;
    double worst = 0;
    for (size_t i = 0; i < COUNT(SPACES); i++) {
        stream_t stream = experiment_stream(run, (uint32_t)i);
        layer_t *layer =
            i == 0 ? experiment_layer(run, "crofton-plane.moe") : layer_of(run, &SPACES[i], &stream);
        if (!units_are_generic(run, layer))
            experiment_stop(run, FAULT_INPUT, "crofton-plane.moe: units in special position");
        moments_t *m = count_routers(run, layer, &stream, samples);
        worst = GSL_MAX(worst, worst_level(run, &SPACES[i], m));
        write_space(table, &SPACES[i], regions_law(run, &SPACES[i]), moments_estimate(m, 0));
        moments_free(m);
        layer_free(layer);
        experiment_progress(run, i + 1, COUNT(SPACES));
    }
    experiment_check(run, LAW, "largest z of the regions in the whole space and of their levels", worst,
                     AT_MOST, Z_LIMIT, 0);
    experiment_check(run, LAW, "law for N = 3 and k = 2 and H = 2 and d = 2 less 19",
                     fabs(regions_law(run, &SPACES[0]) - 19), AT_MOST, 1e-12, 0);
    experiment_macro(run, "SpaceZ", "%.1f", worst);
}

// ---- Theorem 4.26: short segments that all units cross ----

// Units w = (u_1, 1 + u_2), b = u_3 with independent uniform u in [-share, share], in multiples of 1 / UNIT_GRID: their
// lines meet x = (1, t) at |t| <= 2 share / (1 - share) < tan(pi share).
enum { UNIT_GRID = 1 << 16 };

typedef struct {
    const segment_t *shape;
    slong rows[MOST_UNITS][2];   // w_2 and w_1 + b: the unit in the coordinate t
    double crossing[MOST_UNITS]; // t
} board_t;

static slong draw_entry(stream_t *stream, double half) {
    double u;
    stream_uniforms(stream, &u, 1);
    return (slong)nearbyint((2 * u - 1) * half * UNIT_GRID);
}

static void draw_board(board_t *board, const segment_t *shape, stream_t *stream) {
    board->shape = shape;
    for (size_t i = 0; i < shape->experts * shape->width; i++) {
        slong *row = board->rows[i];
        row[0] = UNIT_GRID + draw_entry(stream, shape->share);
        row[1] = draw_entry(stream, shape->share) + draw_entry(stream, shape->share);
        board->crossing[i] = -(double)row[1] / (double)row[0];
    }
}

// The changes of the coalition on the segment, for t > 0 and then for t < 0; the router is mirrored.
static size_t segment_changes(double *router, const segment_t *shape) {
    const double end[2] = {1, tan(M_PI * shape->share)};
    size_t changes = great_circle_changes(router, shape->experts, shape->active, end);
    for (size_t i = 0; i < shape->experts; i++)
        router[2 * i + 1] *= -1;
    return changes + great_circle_changes(router, shape->experts, shape->active, end);
}

// The regions that meet the segment: one, and one more for each change and each active crossing.
static double segment_regions(double *router, const board_t *board, size_t *changes) {
    const segment_t *shape = board->shape;
    size_t crossings = 0;
    for (size_t i = 0; i < shape->experts * shape->width; i++)
        crossings += great_circle_active(router, shape->experts, shape->active, i / shape->width, 1,
                                         board->crossing[i]);
    *changes = segment_changes(router, shape);
    return 1 + (double)*changes + (double)crossings;
}

static int sample_segments(const montecarlo_block_t *block, const void *context) {
    const board_t *board = context;
    for (size_t i = 0; i < block->count; i++) {
        size_t changes;
        stream_normals(block->stream, block->work, 2 * board->shape->experts);
        round_normals(block->work, 2 * board->shape->experts);
        block->samples[i] = segment_regions(block->work, board, &changes);
    }
    return 0;
}

// The regions on the line x = (1, t), by F.
static slong line_regions(experiment_t *run, const double *router, const board_t *board) {
    const segment_t *shape = board->shape;
    layer_t *layer = experiment_memory(
        run, layer_alloc((slong)shape->experts, (slong)shape->active, (slong)shape->width, 1));
    for (slong i = 0; i < layer->experts; i++) {
        fmpz_set_d(fmpz_mat_entry(layer->router, i, 0), router[2 * i + 1]);
        fmpz_set_d(fmpz_mat_entry(layer->router, i, 1), router[2 * i]);
    }
    for (slong i = 0; i < layer->experts * layer->width; i++)
        for (slong j = 0; j < 2; j++)
            fmpz_set_si(fmpz_mat_entry(layer->rows, i, j), board->rows[i][j]);
    const slong regions = experiment_flats(run, layer).regions;
    layer_free(layer);
    return regions;
}

// For two experts, one active: whether the segment's count is the line's, less one for a tie beyond the segment; and
// whether it adds up to 2 H + 2, and 2 more for a tie on the segment, with that of the exchanged logits.
static void compare_with_line(experiment_t *run, const board_t *board, stream_t *stream, int *agree,
                              int *add_up) {
    double router[4], exchanged[4];
    size_t changes, again;
    stream_normals(stream, router, 4);
    round_normals(router, 4);
    for (size_t i = 0; i < 4; i++)
        exchanged[i] = router[(i + 2) % 4];
    const slong line = line_regions(run, router, board);
    const double here = segment_regions(router, board, &changes),
                 there = segment_regions(exchanged, board, &again);
    *agree += (double)line == here + (changes == 0);
    *add_up += changes == again && here + there == 2 * (double)board->shape->width + 2 + 2 * (double)changes;
}

// The two files: the same units, a tie inside the segment, logits exchanged.
static void check_segment_files(experiment_t *run) {
    layer_t *one = experiment_layer(run, "crofton-segment.moe"),
            *other = experiment_layer(run, "crofton-segment-exchanged.moe");
    const slong first = experiment_flats(run, one).regions, second = experiment_flats(run, other).regions;
    experiment_check(run, UPPER, "regions of crofton-segment and its exchange: 2H + 4",
                     (double)(first + second), EQUAL, 2 * (double)one->width + 4, 0);
    experiment_macro_integer(run, "FileFirst", first);
    experiment_macro_integer(run, "FileSecond", second);
    experiment_macro_integer(run, "FileWidth", one->width);
    layer_free(one);
    layer_free(other);
}

static void write_segment(table_t *table, const segment_t *shape, double law, gsl_sf_result mean,
                          double claimed) {
    table_integer(table, (long long)shape->experts);
    table_integer(table, (long long)shape->active);
    table_integer(table, (long long)shape->width);
    table_real(table, shape->share);
    write_estimate(table, law, mean);
    table_real(table, claimed);
}

static void sample_all_segments(experiment_t *run) {
    static const table_column_t columns[] = {{"experts", "1", NULL, ""},
                                             {"active", "1", NULL, ""},
                                             {"width", "1", NULL, ""},
                                             {"share", "1", "%.8g", "%.4f"},
                                             {"law", "regions", "%.10g", "%.3f"},
                                             {"mean", "regions", "%.8g", "%.3f"},
                                             {"error", "regions", "%.2e", "%.3f"},
                                             {"z", "1", "%.2f", "%.1f"},
                                             {"claimed", "regions", "%.8g", "%.3f"}};
    table_t *table = experiment_table(run, "segment", "regions met by a segment that all units cross",
                                      columns, COUNT(columns), COUNT(SEGMENTS));
    static board_t board;
    const int exact = experiment_quick(run) ? EXACT_QUICK : EXACT_POINTS;
    int agree = 0, add_up = 0, compared = 0;
    double worst = 0, excess = INFINITY, factor = INFINITY, least = 0;
    for (size_t i = 0; i < COUNT(SEGMENTS); i++) {
        const segment_t *shape = &SEGMENTS[i];
        const double n = (double)shape->experts, k = (double)shape->active, h = (double)shape->width;
        char part[TEXT];
        snprintf(part, sizeof part, "crofton segment %zu", i);
        stream_t stream = stream_at(experiment_seed(run), stream_experiment("crofton units"), (uint32_t)i);
        draw_board(&board, shape, &stream);
        moments_t *m = experiment_montecarlo(run, part, experiment_quick(run) ? POINTS_QUICK : POINTS, 1,
                                             2 * shape->experts, sample_segments, &board);
        const gsl_sf_result mean = moments_estimate(m, 0);
        const double law = 1 + shape->share * cells(run, shape->experts, shape->active).value + k / n * n * h;
        const double claimed = choose(shape->experts, shape->active) * shape->share * (1 + k * h);
        worst = GSL_MAX(worst, deviation(mean, law));
        write_segment(table, shape, law, mean, claimed);
        moments_free(m);
        if (shape->experts > 2)
            continue;
        // One region more for each unit, against 2 share: the excess over the claimed bound has no bound.
        excess = GSL_MIN(excess, (mean.val - Z_LIMIT * mean.err - claimed) / ((1 - 2 * shape->share) * h));
        factor = (mean.val - Z_LIMIT * mean.err) / claimed;
        least = 0.9 / (2 * shape->share);
        for (int j = 0; j < exact; j++, compared++)
            compare_with_line(run, &board, &stream, &agree, &add_up);
    }
    experiment_check(run, LAW, "largest z of regions on segments", worst, AT_MOST, Z_LIMIT, 0);
    experiment_check(run, UPPER, "largest z of regions on segments", worst, AT_MOST, Z_LIMIT, 0);
    experiment_check(run, UPPER, "segment counts that agree with F on the line", agree, EQUAL, compared, 0);
    experiment_check(run, UPPER, "segment counts that add up with the exchanged router", add_up, EQUAL,
                     compared, 0);
    experiment_check(run, UPPER, "excess over the claimed bound over (1 - 2 share) H", excess, AT_LEAST, 1,
                     0);
    experiment_check(run, TIGHT, "regions over the claimed bound on the shortest segment", factor, AT_LEAST,
                     least, 0);
    experiment_check(run, RATIO, "regions over the numerator on the shortest segment", factor, AT_LEAST,
                     least, 0);
    experiment_macro(run, "SegmentZ", "%.1f", worst);
    experiment_macro(run, "SegmentFactor", "%.0f", factor);
    experiment_macro_integer(run, "SegmentExact", compared);
}

// ---- Theorem 4.27: the unit circle ----

typedef struct {
    size_t experts;
    double crossing[MOST_UNITS][2]; // two directions for each unit
} ring_t;

// Lines that cut the circle: normals of all directions, distances below 1.
static void draw_ring(ring_t *ring, size_t experts, stream_t *stream) {
    ring->experts = experts;
    for (size_t i = 0; i < experts * RING_WIDTH; i++) {
        double u[2];
        stream_uniforms(stream, u, 2);
        for (size_t side = 0; side < 2; side++) {
            const double angle = 2 * M_PI * u[0] + (side ? 1 : -1) * acos(2 * u[1] - 1);
            ring->crossing[2 * i + side][0] = cos(angle);
            ring->crossing[2 * i + side][1] = sin(angle);
        }
    }
}

static int sample_rings(const montecarlo_block_t *block, const void *context) {
    const ring_t *ring = context;
    double *router = block->work, *opposite = router + 2 * ring->experts;
    for (size_t i = 0; i < block->count; i++) {
        stream_normals(block->stream, router, 2 * ring->experts);
        round_normals(router, 2 * ring->experts);
        size_t crossings = 0;
        for (size_t j = 0; j < 2 * ring->experts * RING_WIDTH; j++)
            crossings += great_circle_active(router, ring->experts, RING_ACTIVE, j / (2 * RING_WIDTH),
                                             ring->crossing[j][0], ring->crossing[j][1]);
        block->samples[i] =
            (double)great_circle_around(router, ring->experts, RING_ACTIVE, opposite) + (double)crossings;
    }
    return 0;
}

static void sample_all_rings(experiment_t *run) {
    static const table_column_t columns[] = {{"experts", "1", NULL, ""},
                                             {"law", "stretches", "%.10g", "%.3f"},
                                             {"mean", "stretches", "%.8g", "%.3f"},
                                             {"error", "stretches", "%.2e", "%.3f"},
                                             {"z", "1", "%.2f", "%.1f"}};
    table_t *table = experiment_table(run, "ring", "stretches of one region on the unit circle; top-2",
                                      columns, COUNT(columns), COUNT(RING_EXPERTS));
    static ring_t ring;
    double worst = 0;
    for (size_t i = 0; i < COUNT(RING_EXPERTS); i++) {
        char part[TEXT];
        snprintf(part, sizeof part, "crofton ring %zu", i);
        stream_t stream = stream_at(experiment_seed(run), stream_experiment("crofton lines"), (uint32_t)i);
        draw_ring(&ring, RING_EXPERTS[i], &stream);
        moments_t *m = experiment_montecarlo(run, part, experiment_quick(run) ? RINGS_QUICK : RINGS, 1,
                                             4 * RING_EXPERTS[i], sample_rings, &ring);
        const double law = cells(run, RING_EXPERTS[i], RING_ACTIVE).value + 2 * RING_ACTIVE * RING_WIDTH;
        const gsl_sf_result mean = moments_estimate(m, 0);
        worst = GSL_MAX(worst, deviation(mean, law));
        table_integer(table, (long long)RING_EXPERTS[i]);
        write_estimate(table, law, mean);
        moments_free(m);
    }
    experiment_check(run, LOWER, "largest z of regions on the circle", worst, AT_MOST, Z_LIMIT, 0);
    experiment_macro(run, "RingZ", "%.1f", worst);
}

// The largest constant that Theorem 4.27 leaves for N experts, and the bound on it that proves it to vanish.
static void write_ring_law(experiment_t *run) {
    static const table_column_t columns[] = {{"experts", "1", NULL, ""},
                                             {"cells", "changes", "%.12g", "%.3f"},
                                             {"regions", "regions", "%.12g", "%.3f"},
                                             {"claimed", "regions", "%.12g", "%.0f"},
                                             {"constant", "1", "%.6e", "%.1e"},
                                             {"through", "regions", "%.6e", NULL}};
    table_t *table = experiment_table(run, "ringlaw",
                                      "regions on the unit circle, top-2: at most e + 2kH; C(N,2) kH; their "
                                      "ratio; C(N,2) kH times the first ratio",
                                      columns, COUNT(columns), RING_LAST - 1);
    const double units = RING_ACTIVE * RING_WIDTH;
    double worst = 0, constant = 0, first = 0;
    for (int j = 2; j <= RING_LAST; j++) {
        const double n = exp2(j), claimed = n * (n - 1) / 2 * units;
        const ball_t e = cells(run, (ulong)n, RING_ACTIVE);
        const double proven = 2 * RING_ACTIVE * sqrt(2 * M_PI * log(n / RING_ACTIVE)) + 2 * units;
        constant = (e.value + e.radius + 2 * units) / claimed;
        worst = GSL_MAX(worst, constant * claimed / proven);
        table_integer(table, (long long)n);
        table_real(table, e.value);
        table_real(table, e.value + 2 * units);
        table_real(table, claimed);
        table_real(table, constant);
        first = j == 2 ? constant : first;
        table_real(table, first * claimed);
    }
    experiment_check(run, LOWER, "regions on the circle over the proven bound", worst, AT_MOST, 1, 1e-12);
    experiment_check(run, LOWER, "largest constant at 2^20 experts", constant, AT_MOST, 1e-10, 0);
    experiment_check(run, TIGHT, "largest constant at 2^20 experts", constant, AT_MOST, 1e-10, 0);
    experiment_macro(run, "RingFirst", "%.2f", first);
    experiment_macro(run, "RingLast", "%.0e", constant);
}

// The instance: 64 experts on the circle, by F and by the walk.
static void check_circle_file(experiment_t *run) {
    layer_t *layer = experiment_layer(run, "crofton-circle.moe");
    double router[2 * MOST_EXPERTS], opposite[2 * MOST_EXPERTS];
    for (slong i = 0; i < 2 * layer->experts; i++)
        router[i] = fmpz_get_d(fmpz_mat_entry(layer->router, i / 2, i % 2));
    const slong regions = experiment_flats(run, layer).regions;
    experiment_check(
        run, LOWER, "coalitions of crofton-circle by F and by the walk", (double)regions, EQUAL,
        (double)great_circle_around(router, (size_t)layer->experts, (size_t)layer->active, opposite), 0);
    experiment_macro_integer(run, "FileCircle", regions);
    layer_free(layer);
}

// ---- Corollary 4.29: the ratio of the bounds, and that of the means ----

// How far H (Phi(kH,d) / (k^d Phi(H,d)) - 1) is from its limit d (d-3) (k-1) / (2k), at H = WIDE.
static double second_term(ulong active, ulong dimension) {
    fmpq_t ratio;
    fmpz_t power;
    fmpq_init(ratio);
    fmpz_init(power);
    bounds_phi(fmpq_numref(ratio), active * WIDE, dimension);
    bounds_phi(fmpq_denref(ratio), WIDE, dimension);
    fmpz_ui_pow_ui(power, active, dimension);
    fmpz_mul(fmpq_denref(ratio), fmpq_denref(ratio), power);
    fmpz_sub(fmpq_numref(ratio), fmpq_numref(ratio), fmpq_denref(ratio));
    fmpz_mul_ui(fmpq_numref(ratio), fmpq_numref(ratio), WIDE);
    fmpq_canonicalise(ratio);
    const double k = (double)active, d = (double)dimension;
    const double off = fabs(fmpq_get_d(ratio) - d * (d - 3) * (k - 1) / (2 * k));
    fmpz_clear(power);
    fmpq_clear(ratio);
    return off;
}

static void check_ratios(experiment_t *run) {
    double off = 0;
    for (ulong k = 1; k <= MOST_ACTIVE; k++)
        for (ulong d = 1; d <= MOST_DIMENSION; d++)
            off = GSL_MAX(off, second_term(k, d));
    experiment_check(run, RATIO, "second term of the ratio of the bounds", off, AT_MOST, TOLERANCE, 0);
    // 16 experts, 4 active, the whole plane: the mean number of regions over Phi(kH, 2), and what is claimed over it.
    const random_router_t shape = {16, 4, WIDE, 2};
    const double mean = regions_law(run, &shape), units = (double)(shape.active * shape.width);
    const double dense = 1 + units + units * (units - 1) / 2;
    experiment_check(run, RATIO, "mean regions over Phi(kH 2) less 1", fabs(mean / dense - 1), AT_MOST,
                     TOLERANCE, 0);
    experiment_check(run, RATIO, "claimed numerator over the mean regions", choose(16, 4) * dense / mean,
                     AT_LEAST, 1800, 0);
}

// ---- The plan ----

static void state_parameters(experiment_t *run) {
    const bool quick = experiment_quick(run);
    experiment_parameter(run, "Circles", "%.0f", quick ? CIRCLES_QUICK : CIRCLES, "samples");
    experiment_parameter(run, "Routers", "%.0f", quick ? ROUTERS_QUICK : ROUTERS, "samples");
    experiment_parameter(run, "Points", "%.0f", quick ? POINTS_QUICK : POINTS, "samples");
    experiment_parameter(run, "Rings", "%.0f", quick ? RINGS_QUICK : RINGS, "samples");
    experiment_parameter(run, "RingWidth", "%.0f", RING_WIDTH, "units");
    experiment_macro(run, "Cells", "%.1f", cells(run, 256, 8).value);
    experiment_macro(run, "Coalitions", "%.1e", choose(256, 8));
    experiment_macro(run, "LastCells", "%.1f", cells(run, UWORD(1) << RING_LAST, RING_ACTIVE).value);
}

static void crofton(experiment_t *run) {
    state_parameters(run);
    check_closed_forms(run);
    check_sums(run);
    write_curve(run);
    sample_all_circles(run);
    sample_all_latitudes(run);
    sample_spaces(run);
    experiment_claim(run, LAW, VERDICT_HOLDS, METHOD_CERTIFIED,
                     "proof in section Great circles; crofton.csv; crofton.space.csv");

    sample_all_segments(run);
    check_segment_files(run);
    experiment_claim(run, UPPER, VERDICT_FAILS, METHOD_EXACT,
                     "instances/crofton-segment.moe; proof in section Great circles");
    sample_all_rings(run);
    write_ring_law(run);
    check_circle_file(run);
    experiment_claim(run, LOWER, VERDICT_FAILS, METHOD_CERTIFIED,
                     "crofton.ringlaw.csv; proof in section Great circles");
    experiment_claim(run, TIGHT, VERDICT_FAILS, METHOD_CERTIFIED, "crofton.segment.csv; crofton.ringlaw.csv");
    check_ratios(run);
    experiment_claim(run, RATIO, VERDICT_AMENDED, METHOD_EXACT, "exact ratios; crofton.space.csv");
}

int main(int argc, char **argv) {
    static const experiment_plan_t plan = {
        .name = "crofton",
        .brief = "coalitions and regions that a random router shows to great circles, segments and the whole "
                 "space",
        .seed = 1868,
        .run = crofton,
    };
    return experiment_main(&plan, argc, argv);
}
