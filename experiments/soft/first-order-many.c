// SPDX-License-Identifier: GPL-3.0-or-later
// The sharp first-order law for any number of experts, and what the junctions of three cells add.
//
// CLAIM (ours)
//   soft/law-first-order-many  with D_kl = f_k - f_l, J_kl = mu_k - mu_l (traces of the target on the cells of k and l) and
//       I_kl the part of {a_k = a_l} where this pair leads,
//           (L_tau - L_0)/tau -> sum over pairs of int over I_kl of (2 ln 2 D_kl J_kl - D_kl^2) p / |grad(a_k - a_l)|;
//       junctions enter at order tau^2. Where the experts equal the target they are all of that order in the plane.
//
// DERIVATION. Beside the interface of a leading pair all other gates are below exp(-Delta_3/tau), Delta_3 the lead of the
// best over the third logit, so that the pair behaves as in first-order.c, up to a constant times E[exp(-Delta_3/tau)].
// That is O(tau^2) when P(Delta_3 <= r) = O(r^2), which junctions of codimension 2 have.
//
// Realisable: L_tau - L_0 = E[(sum_k (p_k - 1_k) f_k)^2], and for three experts a quadratic form whose rows sum to zero:
//     = 1/2 sum over pairs of E[(M_k + M_l - M_m) D_kl^2],   M_k = (p_k - 1_k)^2.
// With t = a_k - max(a_l, a_m) and w = |a_l - a_m| the gate is p_k = sigma((t - tau l(w/tau))/tau), l(w) = ln(1 + exp(-w)),
// and int over t of (1_{t>0} - sigma(t - l))^2 = 2 ln 2 - 1 + 2 ln cosh(l/2). So each M_k adds 2 lambda tau^2 p / |det| at
// the junction, lambda = 2 int_0^inf ln cosh(l(w)/2) dw = -2 Li_2(-1/2) - pi^2/12, and all of them
//     tau^2 lambda (D_kl^2 + D_km^2 + D_lm^2) p / |det(grad(a_k - a_m), grad(a_l - a_m))|.
#include "io/experiment.h"
#include "routing/first_order_plane.h"
#include "stat/extrapolate.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>

static const char CLAIM[] = "soft/law-first-order-many";

// Parameters, all without unit.
enum { LEAST = 3, MOST_ON_LINE = 6, MOST_IN_PLANE = 4 }; // experts
enum { LINES = 3000, QUICK_LINES = 60 };                 // routers on a line, without junctions
enum { PLANES = 24, QUICK_PLANES = 3 };                  // routers in the plane, by kinds of target in turn
enum { SAMPLED = 5, QUICK_SAMPLED = 1 };                 // of them by Monte Carlo as well
enum { N_TAUS = EXTRAPOLATE_VALUES, CURVE_POINTS = 13, QUICK_CURVE_POINTS = 2 };
static const double LINE_TAUS[N_TAUS] = {0.016, 0.008, 0.004}, PLANE_TAUS[N_TAUS] = {0.04, 0.02, 0.01};
static const double SAMPLE_TAU = 0.1; // of the sampled gaps
static const double NOISE = 0.3;      // standard deviation of Y around its mean
static const double CLEARANCE = 1;    // least lead of the tied experts of a junction
static const double SEEN = 10;        // junctions farther out have a density below 1e-22
static const double STEEPNESS = 2;    // least |grad(a_k - a_l)|, and least determinant at a junction
static const uint64_t SAMPLES = 1000000, QUICK_SAMPLES = 50000;
static const double MAX_Z = 4;

typedef enum target_kind { REALISABLE, CONTINUOUS, JUMPING, N_TARGETS } target_kind_t;
static const char *const TARGETS[] = {"realisable", "continuous", "jumping"};

// ---- Random routers ----

// Affine functions with standard normal coefficients; those of a line have no slope along x_0.
static plane_affine_t draw_affine(stream_t *stream, bool line) {
    plane_affine_t f;
    stream_normals(stream, f.c, 3);
    if (line)
        f.c[0] = 0;
    return f;
}

static void draw_values(stream_t *stream, target_kind_t kind, bool line, first_order_plane_t *plane) {
    for (size_t k = 0; k < plane->router.experts; k++) {
        plane->expert[k] = draw_affine(stream, line);
        plane->target[k] = kind == REALISABLE ? plane->expert[k] : draw_affine(stream, line);
        if (kind == CONTINUOUS)
            plane->target[k] = plane->target[0];
    }
}

static target_kind_t target_of_line(uint32_t number) {
    return (target_kind_t)(number / 4 % N_TARGETS);
}

// Logits that depend on x_1 alone: neighbours of the upper envelope tie at places at least 0.5 apart, with slopes that differ
// by at least 1, so that the third logit stays 0.5 below.
static void draw_line(experiment_t *run, uint32_t number, first_order_plane_t *plane) {
    stream_t stream = stream_at(experiment_seed(run), stream_experiment("first-order-many.lines"), number);
    *plane = (first_order_plane_t){.router.experts = LEAST + number % (MOST_ON_LINE - LEAST + 1)};
    planar_router_t *router = &plane->router;
    double place = stream_between(&stream, -2, -1);
    for (size_t k = 1; k < router->experts; k++) {
        const double slope = stream_between(&stream, 1, 2);
        router->weight[k][1] = router->weight[k - 1][1] + slope;
        router->bias[k] = router->bias[k - 1] - slope * place;
        place += stream_between(&stream, 0.5, 1.2);
    }
    draw_values(&stream, target_of_line(number), true, plane);
}

// Whether interfaces and junctions are clear of degeneracy at the temperatures of PLANE_TAUS, and there is a junction.
static bool is_clear(const planar_router_t *router) {
    for (size_t k = 0; k < router->experts; k++)
        for (size_t l = k + 1; l < router->experts; l++)
            if (planar_router_edge(router, k, l).steepness < STEEPNESS)
                return false;
    planar_junction_t junctions[PLANAR_MAX_JUNCTIONS];
    const size_t count = planar_router_junctions(router, SEEN, junctions);
    bool near = false;
    for (size_t i = 0; i < count; i++) {
        if (junctions[i].lead < CLEARANCE || junctions[i].determinant < STEEPNESS)
            return false;
        near = near || hypot(junctions[i].x[0], junctions[i].x[1]) < 2;
    }
    return near;
}

static void draw_plane(experiment_t *run, uint32_t number, first_order_plane_t *plane) {
    stream_t stream = stream_at(experiment_seed(run), stream_experiment("first-order-many.planes"), number);
    do {
        *plane =
            (first_order_plane_t){.router.experts = LEAST + number / N_TARGETS % (MOST_IN_PLANE - LEAST + 1)};
        for (size_t k = 0; k < plane->router.experts; k++) {
            const plane_affine_t logit = draw_affine(&stream, false);
            plane->router.weight[k][0] = 3 * logit.c[0];
            plane->router.weight[k][1] = 3 * logit.c[1];
            plane->router.bias[k] = logit.c[2];
        }
    } while (!is_clear(&plane->router));
    draw_values(&stream, (target_kind_t)(number % N_TARGETS), false, plane);
}

// ---- The law ----

//[core
// The first two terms of L_tau - L_0, from its values at tau, tau/2 and tau/4.
typedef struct terms {
    double first, second;
} terms_t;

// On a line L_tau - L_0 is one section; in the plane, one integral over sections more.
static terms_t measure(experiment_t *run, const first_order_plane_t *plane, bool line) {
    const double *tau = line ? LINE_TAUS : PLANE_TAUS;
    double ratio[N_TAUS];
    for (int i = 0; i < N_TAUS; i++) {
        gsl_sf_result value;
        const int status = line ? first_order_plane_section(plane, tau[i], 0, 1e-13, &value)
                                : first_order_plane_gap(plane, tau[i], 1e-9, &value);
        experiment_require(run, status, "gap");
        ratio[i] = value.val / tau[i];
    }
    return (terms_t){extrapolate_limit(ratio), extrapolate_slope(ratio, tau[0])};
}
//]core

static double constant_of(experiment_t *run, const first_order_plane_t *plane) {
    gsl_sf_result constant;
    experiment_require(run, first_order_plane_constant(plane, &constant), "constant");
    return constant.val;
}

// sum over pairs of int over I_kl of D_kl^2 p / |grad|: minus the constant of a target that does not jump.
static double contrast_of(experiment_t *run, const first_order_plane_t *plane) {
    first_order_plane_t still = *plane;
    for (size_t k = 0; k < still.router.experts; k++)
        still.target[k] = still.target[0];
    return -constant_of(run, &still);
}

// |extrapolated - exact| over the natural scale of the gap.
static double deviation(double measured, double exact, double contrast, const terms_t *terms) {
    return fabs(measured - exact) / (contrast + fabs(terms->second));
}

static void check_lines(experiment_t *run) {
    const uint32_t lines = experiment_quick(run) ? QUICK_LINES : LINES;
    double worst = 0, remainder = 0;
    for (uint32_t number = 0; number < lines; number++) {
        first_order_plane_t plane;
        draw_line(run, number, &plane);
        const terms_t terms = measure(run, &plane, true);
        const double contrast = contrast_of(run, &plane);
        worst = fmax(worst, deviation(terms.first, constant_of(run, &plane), contrast, &terms));
        // Without junctions a realisable gap has no term of order tau^2.
        if (target_of_line(number) == REALISABLE)
            remainder = fmax(remainder, fabs(terms.second) / contrast);
    }
    experiment_check(run, CLAIM, "routers on a line: extrapolated ratio minus constant", worst, AT_MOST, 1e-4,
                     0);
    experiment_check(run, CLAIM, "realisable routers on a line: term of order tau^2", remainder, AT_MOST,
                     1e-3, 0);
    experiment_macro_integer(run, "Lines", lines);
    experiment_macro(run, "LinesWorst", "\\num{%.0e}", extrapolate_magnitude(worst));
}

static void check_lambda(experiment_t *run) {
    ball_t lambda;
    experiment_require(run, first_order_plane_lambda_certified(&lambda), "lambda");
    experiment_check(run, CLAIM, "lambda: closed form against ball",
                     fabs(first_order_plane_lambda() - lambda.value), AT_MOST, 1e-15, lambda.radius);
    experiment_macro(run, "Lambda", "%.9f", lambda.value);
}

// Targets that the experts meet get a table with both terms; the others one with the first.
static void check_planes(experiment_t *run) {
    static const table_column_t both[] = {{"experts", "1", NULL, ""},
                                          {"junctions", "1", NULL, ""},
                                          {"constant", "1", "%.9f", "%.6f"},
                                          {"extrapolated", "1", "%.7f", "%.6f"},
                                          {"junction_term", "1", "%.9f", "%.5f"},
                                          {"extrapolated_second", "1", "%.6f", "%.5f"}};
    static const table_column_t one[] = {{"experts", "1", NULL, ""},
                                         {"target", "1", NULL, ""},
                                         {"constant", "1", "%.9f", "%.6f"},
                                         {"extrapolated", "1", "%.6f", "%.6f"},
                                         {"contrast", "1", "%.9f", "%.6f"}};
    const uint32_t planes = experiment_quick(run) ? QUICK_PLANES : PLANES, realisable = planes / N_TARGETS;
    table_t *with = experiment_table(
        run, "", "realisable routers in the plane: both terms, and those of the gap", both, 6, realisable);
    table_t *without = experiment_table(run, "others", "other targets: the constant and that of the gap", one,
                                        5, planes - realisable);
    double worst = 0, worst_second = 0;
    for (uint32_t number = 0; number < planes; number++) {
        first_order_plane_t plane;
        draw_plane(run, number, &plane);
        const terms_t terms = measure(run, &plane, false);
        const double constant = constant_of(run, &plane), contrast = contrast_of(run, &plane);
        worst = fmax(worst, deviation(terms.first, constant, contrast, &terms));
        if (number % N_TARGETS == REALISABLE) {
            planar_junction_t junctions[PLANAR_MAX_JUNCTIONS];
            const double second = first_order_plane_second(&plane);
            worst_second = fmax(worst_second, fabs(terms.second - second) / contrast);
            table_integer(with, (long long)plane.router.experts);
            table_integer(with, (long long)planar_router_junctions(&plane.router, SEEN, junctions));
            table_real(with, constant);
            table_real(with, terms.first);
            table_real(with, second);
            table_real(with, terms.second);
        } else {
            table_integer(without, (long long)plane.router.experts);
            table_text(without, TARGETS[number % N_TARGETS]);
            table_real(without, constant);
            table_real(without, terms.first);
            table_real(without, contrast);
        }
        experiment_progress(run, number + 1, planes);
    }
    experiment_check(run, CLAIM, "routers in the plane: extrapolated ratio minus constant", worst, AT_MOST,
                     1e-4, 0);
    experiment_check(run, CLAIM, "junctions: extrapolated term of order tau^2 minus lambda law", worst_second,
                     AT_MOST, 2e-3, 0);
    experiment_macro_integer(run, "Planes", planes);
    experiment_macro(run, "PlanesWorst", "\\num{%.0e}", extrapolate_magnitude(worst));
    experiment_macro(run, "JunctionWorst", "\\num{%.0e}", extrapolate_magnitude(worst_second));
}

// ---- The gap sampled from its definition ----

static int sample_risks(const montecarlo_block_t *block, const void *context) {
    const first_order_plane_t *plane = context;
    double *normals = block->work;
    stream_normals(block->stream, normals, 3 * block->count);
    for (size_t i = 0; i < block->count; i++) {
        const double *x = normals + 3 * i;
        const size_t winner = planar_router_winner(&plane->router, x);
        const double y = plane_affine_value(&plane->target[winner], x) + NOISE * x[2];
        block->samples[i] = gsl_pow_2(y - first_order_plane_predict(plane, SAMPLE_TAU, x)) -
                            gsl_pow_2(y - plane_affine_value(&plane->expert[winner], x));
    }
    return GSL_SUCCESS;
}

static void check_samples(experiment_t *run) {
    const uint32_t sampled = experiment_quick(run) ? QUICK_SAMPLED : SAMPLED;
    double worst = 0;
    for (uint32_t number = 0; number < sampled; number++) {
        first_order_plane_t plane;
        draw_plane(run, number, &plane);
        gsl_sf_result gap;
        experiment_require(run, first_order_plane_gap(&plane, SAMPLE_TAU, 1e-8, &gap), "gap");
        char part[64];
        snprintf(part, sizeof part, "first-order-many.sample.%u", number);
        moments_t *moments = experiment_montecarlo(run, part, experiment_quick(run) ? QUICK_SAMPLES : SAMPLES,
                                                   1, 3 * MONTECARLO_BLOCK, sample_risks, &plane);
        const gsl_sf_result mean = moments_estimate(moments, 0);
        moments_free(moments);
        const double z = fabs(mean.val - gap.val) / mean.err;
        experiment_check(run, CLAIM, "z of a sampled gap", z, AT_MOST, MAX_Z, 0);
        worst = fmax(worst, z);
    }
    experiment_macro(run, "Z", "%.1f", worst);
}

// ---- Three cases over the temperature ----

// Three experts around one junction, cells of 120 degrees; four around two junctions; three on a line.
static const first_order_plane_t SHOWN[] = {
    {.router = {3, {{2, 0}, {-1, 1.7320508075688772}, {-1, -1.7320508075688772}}, {0, 0, 0}},
     .expert = {{{0, 0, 1}}, {{0, 0, 0}}, {{0, 0, -1}}}},
    {.router = {4, {{2, 0}, {-2, 0}, {0, 2}, {0, -2}}, {0.5, 0.5, 0, 0}},
     .expert = {{{0.3, 0, 1}}, {{0, 0.2, -0.6}}, {{0.1, 0, 0.3}}, {{0, 0, -0.9}}}},
    {.router = {3, {{0, -2}, {0, 0}, {0, 2}}, {-1, 0, -1}},
     .expert = {{{0, 0.3, 1}}, {{0, 0, 0}}, {{0, 0.2, -0.8}}}}};
enum { N_SHOWN = sizeof SHOWN / sizeof *SHOWN };

static void write_curves(experiment_t *run) {
    static const table_column_t columns[] = {{"case", "1", NULL, NULL},
                                             {"tau", "1", "%.5f", NULL},
                                             {"gap", "1", "%.9f", NULL},
                                             {"remainder", "1", "%.6f", NULL},
                                             {"junction_term", "1", "%.6f", NULL}};
    const int points = experiment_quick(run) ? QUICK_CURVE_POINTS : CURVE_POINTS;
    table_t *table = experiment_table(run, "curves",
                                      "remainder (L_tau - L_0 - constant tau)/tau^2: one junction; two; none",
                                      columns, 5, (size_t)(N_SHOWN * points));
    for (int c = 0; c < N_SHOWN; c++) {
        first_order_plane_t plane = SHOWN[c];
        for (size_t k = 0; k < plane.router.experts; k++)
            plane.target[k] = plane.expert[k];
        const double constant = constant_of(run, &plane), second = first_order_plane_second(&plane);
        for (int i = 0; i < points; i++) {
            const double tau = 0.02 * pow(40, (double)i / (points - 1));
            gsl_sf_result gap;
            experiment_require(run, first_order_plane_gap(&plane, tau, 1e-9 * tau, &gap), "gap");
            const double remainder = (gap.val - constant * tau) / gsl_pow_2(tau);
            if (i == 0)
                experiment_check(run, CLAIM, "remainder over tau^2 at tau = 0.02 minus lambda law",
                                 fabs(remainder - second), AT_MOST, 2e-4, gap.err / gsl_pow_2(tau));
            table_integer(table, c);
            table_real(table, tau);
            table_real(table, gap.val);
            table_real(table, remainder);
            table_real(table, second);
        }
    }
}

static void first_order_many(experiment_t *run) {
    experiment_parameter(run, "SampleTau", "%.1f", SAMPLE_TAU, "1");
    experiment_macro(run, "Samples", "\\num{%.0f}",
                     (double)(experiment_quick(run) ? QUICK_SAMPLES : SAMPLES));
    experiment_macro_integer(run, "Least", LEAST);
    experiment_macro_integer(run, "MostOnLine", MOST_ON_LINE);
    experiment_macro_integer(run, "MostInPlane", MOST_IN_PLANE);
    check_lambda(run);
    check_lines(run);
    check_planes(run);
    check_samples(run);
    write_curves(run);
    experiment_claim(run, CLAIM, VERDICT_HOLDS, METHOD_QUADRATURE, "first-order-many.csv");
}

int main(int argc, char **argv) {
    static const experiment_plan_t plan = {.name = "first-order-many",
                                           .brief =
                                               "the first-order law for many experts, and their junctions",
                                           .seed = 20260523,
                                           .run = first_order_many};
    return experiment_main(&plan, argc, argv);
}
