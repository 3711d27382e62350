// SPDX-License-Identifier: GPL-3.0-or-later
// Angular collapse: what share of all directions a distant ball covers, and how many coalitions it still meets.
//
// CLAIMS (Sparsity is Combinatorial Depth, section 5.2)
//   depth/prop-5.6  the ball of radius R around mu covers the share C(d) (R/|mu|)^(d-1) (1 + o(1)) of all directions
//   depth/rem-5.7   a random router without biases shows it E[N_active] = O(|mu|^-(d-1)) coalitions
//
// DERIVATION. Let rho = R/|mu| < 1. The directions are a cap of angular radius asin(rho); with s = sin of the angle its
// share of the sphere is C(d) (d-1) int_0^rho s^(d-2) (1-s^2)^(-1/2) ds = I_(rho^2)((d-1)/2, 1/2) / 2, and
//     1 <= share / (C(d) rho^(d-1)) <= (1 - rho^2)^(-1/2).                                                       (A)
//
// The number of coalitions met is another matter: it is at least 1. The coalition at mu is left where one of its members
// is overtaken. If exactly one wall between a member and another expert meets the ball, two coalitions are met. The
// difference of the two logits at mu/|mu| has a density at 0, and its gradient across mu has the length sqrt(2) chi with
// d-1 degrees of freedom; so the wall meets the ball with a probability of the order rho E[chi], not of the order of the
// area, and two walls at once with one of the order rho^2:
//     E N = 1 + c rho + O(rho^2),   c = e(N, k) Gamma(d/2) / (sqrt(pi) Gamma((d-1)/2)).                          (B)
// cap.h has the proven constant of the O, and the exact E N whenever min(d, N-1) <= 3.
//
// angular-images.c has what becomes of this for data that do not fill a ball.
#include "geometry/layer.h"
#include "io/experiment.h"
#include "io/experiment_instance.h"
#include "routing/cap.h"
#include "routing/great_circle.h"

#include <flint/flint.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <math.h>
#include <stdio.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

// ---- Parameters ----

static const ulong AREA_DIMENSIONS[] = {2, 3, 5, 10, 30};
enum { AREA_STEPS = 20, SHARE_DIMENSION = 5 }; // distances 2^(1/2), 2, ..., 2^10 times R
static const double SHARE_RATIOS[] = {0.25, 0.5,
                                      0.75}; // R/|mu| at which shares are sampled, d = 2 to SHARE_DIMENSION

typedef struct shape {
    ulong experts, active, dimension;
} shape_t;

static const shape_t SHAPES[] = {{2, 1, 3}, {3, 1, 10}, {4, 2, 2},  {4, 2, 3},
                                 {4, 2, 8}, {4, 2, 32}, {16, 4, 2}, {8, 2, 3}};
static const double RATIOS[] = {0x1p-6, 0x1p-5, 0x1p-4, 0x1p-3, 0x1p-2, 0x1p-1}; // R/|mu|
enum { RATIO_COUNT = COUNT(RATIOS), PRINTED = 4, MOST_ROWS = CAP_EXPERTS * 32 }; // PRINTED: of RATIOS
enum { SAMPLES = 40000, SAMPLES_QUICK = 3000, DIRECTIONS = 400000, DIRECTIONS_QUICK = 20000 };

static const double WORST_Z = 4; // standard errors at which a statistical check fails
static const char *const AREA_CLAIM = "depth/prop-5.6", *const LAW_CLAIM = "depth/rem-5.7";

static void state_parameters(experiment_t *run) {
    const bool quick = experiment_quick(run);
    experiment_parameter(run, "Samples", "%.0f", quick ? SAMPLES_QUICK : SAMPLES, "routers");
    experiment_parameter(run, "Directions", "%.0f", quick ? DIRECTIONS_QUICK : DIRECTIONS, "directions");
}

static double largest(double a, double b) {
    return a > b ? a : b;
}

// ---- Proposition 5.6: the share of all directions ----

// s^(d-2) (1 - s^2)^(-1/2)
static void share_density(acb_t result, const acb_t s, int analytic, const void *context, slong precision) {
    acb_t root;
    acb_init(root);
    acb_sqr(root, s, precision);
    acb_sub_ui(root, root, 1, precision);
    acb_neg(root, root);
    acb_rsqrt_analytic(root, root, analytic, precision);
    acb_pow_ui(result, s, *(const ulong *)context - 2, precision);
    acb_mul(result, result, root, precision);
    acb_clear(root);
}

static ball_t product(ball_t a, ball_t b) {
    const double value = a.value * b.value;
    return (ball_t){value, (fabs(a.value) * b.radius + fabs(b.value) * a.radius + a.radius * b.radius +
                            fabs(value) * GSL_DBL_EPSILON) *
                               (1 + 8 * GSL_DBL_EPSILON)};
}

// What is wrong with (A) and with the two certified ways to the share.
typedef struct {
    int apart, outside; // enclosures that do not overlap; shares outside of (A)
    double radius;      // largest relative radius
} area_tally_t;

// One distance; returns the share.
static ball_t examine_area(experiment_t *run, ulong d, double ratio, ball_t constant, area_tally_t *tally) {
    ball_t share, integral;
    experiment_require(run, cap_area(ratio, d, &share), "cap_area");
    const double scale = pow(ratio, (double)d - 1), leading = constant.value * scale;
    experiment_require(run, ball_integrate(share_density, &d, 0, ratio, 1e-16 * scale, &integral),
                       "the integral");
    integral = product(integral, product(constant, (ball_t){(double)d - 1, 0}));
    const double slack = 1e-13; // of the double precision of `leading` and of its relatives here
    tally->apart += fabs(share.value - integral.value) > share.radius + integral.radius;
    tally->outside +=
        share.value < leading * (1 - slack) || share.value > leading / sqrt(1 - ratio * ratio) * (1 + slack);
    tally->radius = largest(tally->radius, largest(share.radius, integral.radius) / share.value);
    return share;
}

static void write_areas(experiment_t *run, area_tally_t *tally) {
    static const table_column_t columns[] = {{"d", "1", NULL, NULL},
                                             {"distance", "R", "%.6f", NULL},
                                             {"share", "of the sphere", "%.10e", NULL},
                                             {"leading", "of the sphere", "%.10e", NULL}};
    table_t *table = experiment_table(
        run, "area", "share of all directions that a ball of radius R covers, and C(d) (R/|mu|)^(d-1)",
        columns, COUNT(columns), COUNT(AREA_DIMENSIONS) * AREA_STEPS);
    for (size_t i = 0; i < COUNT(AREA_DIMENSIONS); i++) {
        const ulong d = AREA_DIMENSIONS[i];
        ball_t constant;
        experiment_require(run, cap_constant(d, &constant), "cap_constant");
        for (int step = 1; step <= AREA_STEPS; step++) {
            const double ratio = exp2(-step / 2.0);
            const ball_t share = examine_area(run, d, ratio, constant, tally);
            table_integer(table, (long long)d);
            table_real(table, 1 / ratio);
            table_real(table, share.value);
            table_real(table, constant.value * pow(ratio, (double)d - 1));
        }
    }
}

// Whether the ray along g meets the ball of radius ratio around (1, 0, ..., 0), for all dimensions up to the largest.
static int shoot(const montecarlo_block_t *block, const void *context) {
    (void)context;
    stream_normals(block->stream, block->work, block->count * SHARE_DIMENSION);
    for (size_t i = 0; i < block->count; i++) {
        const double *g = block->work + i * SHARE_DIMENSION;
        double *sample = block->samples + i * COUNT(SHARE_RATIOS) * (SHARE_DIMENSION - 1),
               square = g[0] * g[0];
        for (size_t d = 2; d <= SHARE_DIMENSION; d++) {
            square += g[d - 1] * g[d - 1];
            // Distance of mu from the ray: |mu|^2 - (mu.g)^2/|g|^2 where mu.g > 0.
            for (size_t r = 0; r < COUNT(SHARE_RATIOS); r++)
                *sample++ = g[0] > 0 && 1 - g[0] * g[0] / square <= SHARE_RATIOS[r] * SHARE_RATIOS[r];
        }
    }
    return GSL_SUCCESS;
}

static void sample_shares(experiment_t *run) {
    const size_t components = COUNT(SHARE_RATIOS) * (SHARE_DIMENSION - 1);
    moments_t *shares =
        experiment_montecarlo(run, "share", experiment_quick(run) ? DIRECTIONS_QUICK : DIRECTIONS, components,
                              MONTECARLO_BLOCK * SHARE_DIMENSION, shoot, NULL);
    double worst = 0;
    for (size_t c = 0; c < components; c++) {
        ball_t share;
        experiment_require(
            run, cap_area(SHARE_RATIOS[c % COUNT(SHARE_RATIOS)], 2 + c / COUNT(SHARE_RATIOS), &share),
            "cap_area");
        const gsl_sf_result mean = moments_estimate(shares, c);
        worst = largest(worst, fabs(mean.val - share.value) / mean.err);
    }
    experiment_check(run, AREA_CLAIM, "largest |z| of sampled shares", worst, AT_MOST, WORST_Z, 0);
    experiment_macro(run, "ShareZ", "%.1f", worst);
    moments_free(shares);
}

static void decide_area(experiment_t *run) {
    area_tally_t tally = {0};
    ball_t two, three;
    write_areas(run, &tally);
    experiment_require(run, cap_constant(2, &two), "cap_constant");
    experiment_require(run, cap_constant(3, &three), "cap_constant");
    experiment_check(run, AREA_CLAIM, "shares where incomplete beta function and integral are apart",
                     tally.apart, EQUAL, 0, 0);
    experiment_check(run, AREA_CLAIM, "shares outside of the two-sided bound (A)", tally.outside, EQUAL, 0,
                     0);
    experiment_check(run, AREA_CLAIM, "largest relative radius of an enclosure", tally.radius, AT_MOST, 1e-12,
                     0);
    experiment_check(run, AREA_CLAIM, "C(2) less 1/pi", fabs(two.value - M_1_PI), AT_MOST, 1e-15, two.radius);
    experiment_check(run, AREA_CLAIM, "C(3) less 1/4", fabs(three.value - 0.25), AT_MOST, 1e-15,
                     three.radius);
    experiment_macro_integer(run, "Shares", (long long)(COUNT(AREA_DIMENSIONS) * AREA_STEPS));
    experiment_macro(run, "ShareRadius", "%.0e", tally.radius);
    sample_shares(run);
    experiment_claim(run, AREA_CLAIM, VERDICT_HOLDS, METHOD_CERTIFIED, "angular-collapse.area.csv");
}

// ---- Remark 5.7: one coalition is always met ----

// Two experts and the ball of radius 1 around (m, 0): the wall is met if ((w_1 - w_2).mu)^2 < |w_1 - w_2|^2.
static void read_witness(experiment_t *run) {
    layer_t *layer = experiment_layer(run, "angular-collapse-one.moe");
    fmpz(*row)[3] = (fmpz(*)[3])layer->router->rows[0];
    fmpz difference[2] = {0, 0}, square = 0, reach = 0;
    for (size_t l = 0; l < 2; l++) {
        fmpz_sub(difference + l, (*row) + l, layer->router->rows[1] + l);
        fmpz_addmul(&square, difference + l, difference + l);
    }
    long long more = 0,
              biased = !fmpz_is_zero(layer->router->rows[0] + 2) + !fmpz_is_zero(layer->router->rows[1] + 2);
    for (slong m = 2; m <= 1 << 20; m *= 2) {
        fmpz_mul_si(&reach, difference, m);
        fmpz_mul(&reach, &reach, &reach);
        more += fmpz_cmp(&reach, &square) < 0;
    }
    experiment_check(run, LAW_CLAIM, "witness: biases of the router", (double)biased, EQUAL, 0, 0);
    experiment_check(run, LAW_CLAIM, "witness: distances at which not exactly one coalition is met",
                     (double)more, EQUAL, 0, 0);
    for (size_t l = 0; l < 2; l++)
        fmpz_clear(difference + l);
    fmpz_clear(&square);
    fmpz_clear(&reach);
    layer_free(layer);
}

// ---- Remark 5.7: balls ----

//[core
// Draws routers and counts the coalitions that balls of all RATIOS around one centre meet, in two ways.
static int meet_balls(const montecarlo_block_t *block, const void *context) {
    const shape_t *s = context;
    double centre[MOST_ROWS] = {1};
    for (size_t i = 0; i < block->count; i++) {
        double *sample = block->samples + i * (RATIO_COUNT + 1), differ = 0;
        stream_normals(block->stream, block->work, s->experts * s->dimension);
        for (size_t r = 0; r < RATIO_COUNT; r++) {
            cap_count_t met;
            const int status =
                cap_cells(block->work, s->experts, s->active, s->dimension, centre, RATIOS[r], &met);
            if (status != GSL_SUCCESS)
                return status;
            differ += met.cells != met.listed;
            sample[r] = (double)met.cells;
        }
        sample[RATIO_COUNT] = differ;
    }
    return GSL_SUCCESS;
}
//]core

// What the checks of the law need from all shapes.
typedef struct {
    double worst_z, differ, beyond, order; // order: least exponent of the deviation from 1 + c rho
} law_tally_t;

static void write_ball(table_t *table, const shape_t *s, double ratio, gsl_sf_result expected, double linear,
                       double bound, gsl_sf_result mean) {
    table_integer(table, (long long)s->experts);
    table_integer(table, (long long)s->active);
    table_integer(table, (long long)s->dimension);
    const double cells[] = {ratio,
                            expected.val,
                            linear,
                            bound,
                            mean.val,
                            mean.err,
                            mean.err > 0 ? (mean.val - expected.val) / mean.err : 0};
    for (size_t c = 0; c < COUNT(cells); c++)
        table_real(table, cells[c]);
}

static void examine_shape(experiment_t *run, const shape_t *s, table_t *balls, table_t *summary,
                          law_tally_t *tally) {
    char part[64];
    snprintf(part, sizeof part, "balls-%lu-%lu-%lu", s->experts, s->active, s->dimension);
    moments_t *met = experiment_montecarlo(run, part, experiment_quick(run) ? SAMPLES_QUICK : SAMPLES,
                                           RATIO_COUNT + 1, s->experts * s->dimension, meet_balls, s);
    cap_law_t law;
    experiment_require(run, cap_law(s->experts, s->active, s->dimension, &law), "cap_law");
    double deviation[RATIO_COUNT], worst = 0;
    gsl_sf_result printed = {0}, printed_mean = {0};
    for (size_t r = 0; r < RATIO_COUNT; r++) {
        gsl_sf_result expected;
        experiment_require(run, cap_expected(&law, RATIOS[r], &expected), "cap_expected");
        const gsl_sf_result mean = moments_estimate(met, r);
        const double linear = 1 + law.slope * RATIOS[r], bound = cap_remainder(&law, RATIOS[r]);
        deviation[r] = fabs(expected.val - linear);
        tally->beyond += deviation[r] > bound * (1 + 1e-12) + expected.err;
        // A mean of a sample without any wall would have no error: it is compared with the law all the same.
        worst = largest(worst, fabs(mean.val - expected.val) / largest(mean.err, 1e-12));
        write_ball(balls, s, RATIOS[r], expected, linear, bound, mean);
        if (r == PRINTED) {
            printed = expected;
            printed_mean = mean;
        }
    }
    tally->worst_z = largest(tally->worst_z, worst);
    tally->differ += moments_mean(met, RATIO_COUNT);
    if (deviation[0] > 1e-9)
        tally->order = fmin(tally->order, log2(deviation[1] / deviation[0]));
    table_integer(summary, (long long)s->dimension);
    table_integer(summary, (long long)s->experts);
    table_integer(summary, (long long)s->active);
    const double cells[] = {law.ties,    law.slope,        1 + law.slope * RATIOS[PRINTED],
                            printed.val, printed_mean.val, printed_mean.err,
                            worst};
    for (size_t c = 0; c < COUNT(cells); c++)
        table_real(summary, cells[c]);
    moments_free(met);
}

static void examine_shapes(experiment_t *run, law_tally_t *tally) {
    static const table_column_t ball_columns[] = {
        {"experts", "1", NULL, NULL}, {"active", "1", NULL, NULL},      {"d", "1", NULL, NULL},
        {"ratio", "1", "%.6f", NULL}, {"expected", "1", "%.10f", NULL}, {"linear", "1", "%.10f", NULL},
        {"bound", "1", "%.6e", NULL}, {"mean", "1", "%.6f", NULL},      {"error", "1", "%.6f", NULL},
        {"z", "1", "%.3f", NULL}};
    static const table_column_t columns[] = {{"d", "1", NULL, ""},
                                             {"experts", "1", NULL, ""},
                                             {"active", "1", NULL, ""},
                                             {"e", "1", "%.6f", "%.4f"},
                                             {"c", "1", "%.6f", "%.4f"},
                                             {"linear", "1", "%.6f", "%.4f"},
                                             {"expected", "1", "%.8f", "%.4f"},
                                             {"mean", "1", "%.6f", "%.4f"},
                                             {"error", "1", "%.6f", "%.4f"},
                                             {"worst_z", "1", "%.3f", "%.1f"}};
    table_t *balls = experiment_table(
        run, "balls", "coalitions met by a ball: exact law, 1 + c R/|mu| with its proven error, sampled mean",
        ball_columns, COUNT(ball_columns), COUNT(SHAPES) * RATIO_COUNT);
    table_t *summary = experiment_table(
        run, "", "coalitions met by a ball at R/|mu| = 1/4, and the largest |z| over all distances", columns,
        COUNT(columns), COUNT(SHAPES));
    for (size_t i = 0; i < COUNT(SHAPES); i++)
        examine_shape(run, &SHAPES[i], balls, summary, tally);
}

// Curves of the figure: four experts, two active, in four dimensions.
static void write_curves(experiment_t *run) {
    static const table_column_t columns[] = {{"d", "1", NULL, NULL},
                                             {"distance", "R", "%.6f", NULL},
                                             {"expected", "1", "%.8f", NULL},
                                             {"linear", "1", "%.8f", NULL},
                                             {"printed", "1", "%.8e", NULL}};
    static const ulong dimensions[] = {2, 3, 8, 32};
    enum { STEPS = 40 };
    table_t *table = experiment_table(
        run, "curves", "N = 4 and k = 2: coalitions met, 1 + c R/|mu|, and C(4,2) times the share", columns,
        COUNT(columns), COUNT(dimensions) * STEPS);
    for (size_t i = 0; i < COUNT(dimensions); i++) {
        cap_law_t law;
        experiment_require(run, cap_law(4, 2, dimensions[i], &law), "cap_law");
        for (int step = 1; step <= STEPS; step++) {
            const double ratio = exp2(-step / 5.0);
            gsl_sf_result expected;
            ball_t share;
            experiment_require(run, cap_expected(&law, ratio, &expected), "cap_expected");
            experiment_require(run, cap_area(ratio, dimensions[i], &share), "cap_area");
            table_integer(table, (long long)dimensions[i]);
            const double cells[] = {1 / ratio, expected.val, 1 + law.slope * ratio, 6 * share.value};
            for (size_t c = 0; c < COUNT(cells); c++)
                table_real(table, cells[c]);
        }
    }
}

static void decide_balls(experiment_t *run) {
    law_tally_t tally = {.order = INFINITY};
    read_witness(run);
    examine_shapes(run, &tally);
    write_curves(run);
    const double far = 0x1p-20;
    ball_t share, slope;
    cap_law_t law;
    gsl_sf_result expected;
    experiment_require(run, cap_area(far, 3, &share), "cap_area");
    experiment_require(run, great_circle_cap(2, 1, 3, &slope), "great_circle_cap");
    experiment_require(run, cap_law(2, 1, 3, &law), "cap_law");
    experiment_require(run, cap_expected(&law, far, &expected), "cap_expected");
    experiment_check(run, LAW_CLAIM, "coalitions met over share at R/|mu| = 2^-20 (d = 3)",
                     expected.val / share.value, AT_LEAST, 1e12, 0);
    experiment_check(run, LAW_CLAIM, "c less 1 for d = 3 and N = 2", fabs(slope.value - 1), AT_MOST, 1e-12,
                     slope.radius);
    experiment_check(run, LAW_CLAIM, "largest |z| of the exact law for balls", tally.worst_z, AT_MOST,
                     WORST_Z, 0);
    experiment_check(run, LAW_CLAIM, "balls whose coalitions are counted differently", tally.differ, EQUAL, 0,
                     0);
    experiment_check(run, LAW_CLAIM, "exact values beyond the proven remainder of 1 + c R/|mu|", tally.beyond,
                     EQUAL, 0, 0);
    experiment_check(run, LAW_CLAIM, "least order of the deviation from 1 + c R/|mu|", tally.order, AT_LEAST,
                     1.9, 0);
    // The example of the text: the last of the dimensions of the figure, at a distance of four radii.
    experiment_require(run, cap_law(4, 2, 32, &law), "cap_law");
    experiment_require(run, cap_area(0.25, 32, &share), "cap_area");
    experiment_require(run, cap_expected(&law, 0.25, &expected), "cap_expected");
    experiment_macro(run, "ExampleShare", "%.0e", share.value);
    experiment_macro(run, "ExampleMet", "%.1f", expected.val);
    experiment_macro(run, "BallZ", "%.1f", tally.worst_z);
    experiment_macro(run, "Order", "%.2f", tally.order);
    experiment_macro_integer(run, "Balls", (long long)(COUNT(SHAPES) * RATIO_COUNT));
}

static void run_angular_collapse(experiment_t *run) {
    state_parameters(run);
    decide_area(run);
    decide_balls(run);
    experiment_claim(run, LAW_CLAIM, VERDICT_FAILS, METHOD_EXACT,
                     "data/instances/angular-collapse-one.moe: one coalition is always met; the law in its "
                     "place: angular-collapse.balls.csv");
    flint_cleanup();
}

int main(int argc, char **argv) {
    static const experiment_plan_t plan = {
        .name = "angular-collapse",
        .brief = "share of directions and coalitions that a distant ball shows to a random router",
        .seed = 57,
        .run = run_angular_collapse};
    return experiment_main(&plan, argc, argv);
}
