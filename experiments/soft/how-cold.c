// SPDX-License-Identifier: GPL-3.0-or-later
// How cold is cold enough? The temperature at which soft and hard risk differ by less than a given amount.
//
// CLAIM (ours; it makes practical use of the first-order law)
//   soft/law-how-cold  the temperature tolerance/C of the law meets the tolerance up to K tau^3 with an explicit K; a closed
//                      form gives a temperature that meets it by proof; the temperatures of the uniform bounds
//                      (margin-tail.c has their proofs) meet it for every layer
//
// DERIVATION. X ~ N(0, I_d), logit difference s (w'X - b), |w| = 1, and q(t) = phi(t) E[. | w'X = t] for the products of the jump
// D of the experts and the lag R behind the regression function: L_tau - L_0 = E[g D R + g^2 D^2] is a sum of integrals
// int g((t - b) s/tau)^j q(t) dt, j = 1, 2, g(u) = sigma(-|u|). By t = b + tau u/s the first order is (tau/s) q(b) int g^j, the
// second is odd, and the rest is at most (tau/s)^3 max|q''|/2 int g^j u^2: |L_tau - L_0 - C tau| <= K tau^3. With max|q| for q(b)
// and no expansion, |L_tau - L_0| <= M tau. So the root of C tau + K tau^3 = tolerance, and tolerance/M, are cold enough.
#include "io/experiment.h"
#include "routing/boundary_layer.h"
#include "routing/gap.h"
#include "routing/gap_bound.h"
#include "routing/gap_sample.h"
#include "routing/random_bounded.h"
#include "stat/fit.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

static const char *const COLD = "soft/law-how-cold";

// ---- Parameters (all without unit) ----

enum { MOST_DIMENSIONS = 8 };
enum { N_TAU = 6, TOLERANCES = 6 };                       // of Table 1; 1e-1 to 1e-6
enum { LAYERS = 4000, QUICK_LAYERS = 300 };               // random Gaussian layers
enum { BOUNDED = 6000, QUICK_BOUNDED = 600, ALPHAS = 4 }; // random bounded layers
static const double ALPHA[ALPHAS] = {0.5, 1, 1.5, 2};
enum { SAMPLED_DIMENSION = 5, SAMPLED_TAUS = 3 };
enum { DUMP = 200000, QUICK_DUMP = 20000 }; // rows of a synthetic dump
static const uint64_t SAMPLES = 2000000, QUICK_SAMPLES = 200000;
static const double PRINTED_SAMPLE = 4e5; // points behind Table 1, as in boundary-layer
static const double PRINTED_UNIT = 1e-5;  // of the last printed digit of a gap
static const double MAX_Z = 4;
static const double STEP = 1e-9;      // either side of an exact temperature, in shares of it
static const double FAR_OFFSET = 2;   // of the second curve
static const double CLIP = 4;         // outputs of the example are clipped at so many standard deviations
static const double COMMON_LOGIT = 4; // of both experts, in the example of low precision
static const int LOW_BITS = 8;        // bfloat16

// The uniform bounds of gap_bound.h.
typedef enum bound { PAPER, SHARP, REALISABLE, BOUNDS } bound_t;
static const char *const BOUND_NAMES[BOUNDS] = {"Theorem 4.5", "sharp", "realisable"};
static int (*const CONSTANTS[BOUNDS])(const gap_bound_t *, ball_t *) = {gap_bound_stated, gap_bound_sharp,
                                                                        gap_bound_realisable};

static double power_of_ten(stream_t *stream, double low, double high) {
    return pow(10, stream_between(stream, low, high));
}

static double dot(const double *a, const double *b, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

static gsl_sf_result exact_gap(experiment_t *run, const gap_layer_t *layer, double tau) {
    gsl_sf_result gap;
    experiment_require(run, gap_exact(layer, tau, &gap), "exact gap");
    return gap;
}

static gsl_sf_result exact_temperature(experiment_t *run, const gap_layer_t *layer, double tolerance) {
    gsl_sf_result tau;
    experiment_require(run, gap_exact_temperature(layer, tolerance, &tau), "exact temperature");
    return tau;
}

// ---- The worked example: the set-up of Table 1 ----

// The covariance of the printed gaps, which share one sample and are rounded; a^2 = 1 and c = 4 are near enough for weights.
static void printed_covariance(experiment_t *run, const double *tau, gsl_matrix *covariance) {
    for (size_t i = 0; i < N_TAU; i++)
        for (size_t j = 0; j < N_TAU; j++) {
            gsl_sf_result entry;
            const double pair[2] = {tau[i], tau[j]};
            experiment_require(run, boundary_layer_covariance(pair, 0, 1, 4, &entry), "covariance");
            gsl_matrix_set(covariance, i, j,
                           entry.val / PRINTED_SAMPLE + (i == j ? gsl_pow_2(PRINTED_UNIT) / 12 : 0));
        }
}

// The layer that the printed gaps have: a^2 and c by generalised least squares.
static gap_layer_t fit_example(experiment_t *run, const double *tau, const double *gap) {
    gsl_matrix *design = experiment_memory(run, gsl_matrix_alloc(N_TAU, 2)),
               *covariance = experiment_memory(run, gsl_matrix_alloc(N_TAU, N_TAU)),
               *errors = experiment_memory(run, gsl_matrix_alloc(2, 2));
    gsl_vector *data = experiment_memory(run, gsl_vector_alloc(N_TAU)),
               *theta = experiment_memory(run, gsl_vector_alloc(2));
    double chi2;
    printed_covariance(run, tau, covariance);
    for (size_t i = 0; i < N_TAU; i++) {
        const gap_layer_t along = {.slope = 1, .jump = {1, 0}}, tangent = {.slope = 1, .jump = {0, 1}};
        gsl_matrix_set(design, i, 0, exact_gap(run, &along, tau[i]).val);
        gsl_matrix_set(design, i, 1, exact_gap(run, &tangent, tau[i]).val);
        gsl_vector_set(data, i, gap[i]);
    }
    experiment_require(run, fit_generalised(design, data, covariance, theta, errors, &chi2),
                       "fit of Table 1");
    const gap_layer_t layer = {.slope = 1, .jump = {gsl_vector_get(theta, 0), gsl_vector_get(theta, 1)}};
    gsl_matrix_free(design);
    gsl_matrix_free(covariance);
    gsl_matrix_free(errors);
    gsl_vector_free(data);
    gsl_vector_free(theta);
    return layer;
}

// The printed gaps, read as tolerances, give the printed temperatures back within the error of their sample.
static void check_printed(experiment_t *run, const gap_layer_t *layer, const double *tau, const double *gap) {
    double worst = 0;
    for (size_t i = 0; i < N_TAU; i++) {
        gsl_sf_result variance;
        const double pair[2] = {tau[i], tau[i]}, found = exact_temperature(run, layer, gap[i]).val;
        experiment_require(run, boundary_layer_covariance(pair, 0, layer->jump[0], layer->jump[1], &variance),
                           "covariance");
        const double step = 1e-3 * tau[i], rise = (exact_gap(run, layer, tau[i] + step).val -
                                                   exact_gap(run, layer, tau[i] - step).val) /
                                                  (2 * step);
        const double z = (found - tau[i]) * rise / sqrt(variance.val / PRINTED_SAMPLE);
        experiment_check(run, COLD, "z of a printed temperature found from its printed gap", fabs(z), AT_MOST,
                         MAX_Z, 0);
        worst = fmax(worst, fabs(found / tau[i] - 1));
    }
    experiment_macro(run, "PrintedWorst", "%.1f", 100 * worst);
}

static gap_layer_t read_example(experiment_t *run) {
    sheet_t sheet;
    double tau[N_TAU], gap[N_TAU];
    experiment_read(run, "published/table1.csv", &sheet);
    if (sheet.rows != N_TAU)
        experiment_stop(run, FAULT_INPUT, "published/table1.csv: expected %d rows, found %zu", N_TAU,
                        sheet.rows);
    experiment_numbers(run, &sheet, "tau", tau);
    experiment_numbers(run, &sheet, "risk_gap", gap);
    const gap_layer_t layer = fit_example(run, tau, gap);
    sheet_free(&sheet);
    check_printed(run, &layer, tau, gap);
    experiment_macro(run, "Along", "%.2f", layer.jump[0]);
    experiment_macro(run, "Tangent", "%.2f", layer.jump[1]);
    experiment_macro(run, "Law", "%.4f", gap_law(&layer));
    experiment_macro(run, "Remainder", "%.3f", gap_remainder(&layer));
    experiment_macro(run, "Clip", "%.0f", CLIP);
    return layer;
}

// The example with experts +D/2 and -D/2 clipped at CLIP standard deviations of D/2: clipping does not widen any jump, so
// that the gap of the clipped layer is at most that of the example.
static gap_bound_t clipped_problem(const gap_layer_t *layer) {
    const double bound = CLIP * sqrt(layer->jump[0] + layer->jump[1]) / 2;
    return (gap_bound_t){.experts = 2,
                         .response = bound,
                         .expert = bound,
                         .mass = 2 * gsl_ran_ugaussian_pdf(0) / layer->slope,
                         .alpha = 1};
}

// The temperature that a uniform bound gives.
static double bound_temperature(experiment_t *run, const gap_bound_t *problem, bound_t bound,
                                double tolerance) {
    ball_t constant;
    experiment_require(run, CONSTANTS[bound](problem, &constant), BOUND_NAMES[bound]);
    return gap_bound_temperature(&constant, problem->alpha, tolerance);
}

// What the gap leaves of a tolerance, in units of K tau^3; the error is that of the gap.
static gsl_sf_result left_of(const gap_layer_t *layer, double tolerance, double tau, gsl_sf_result gap) {
    const double unit = gap_remainder(layer) * gsl_pow_3(tau);
    return (gsl_sf_result){(tolerance - fabs(gap.val)) / unit, gap.err / unit};
}

// All temperatures for one tolerance.
typedef struct answer {
    double tolerance, exact, law, proven, bound[BOUNDS], gap_at_law;
} answer_t;

//[core
// The temperatures for a tolerance. What is proven keeps it; that of the law does up to K tau^3.
static answer_t answer(experiment_t *run, const gap_layer_t *layer, const gap_bound_t *problem,
                       double tolerance) {
    answer_t a = {.tolerance = tolerance};
    a.exact = exact_temperature(run, layer, tolerance).val;
    a.law = gap_law_temperature(layer, tolerance);       // tolerance / C
    a.proven = gap_proven_temperature(layer, tolerance); // C tau + K tau^3 or M tau = tolerance
    for (bound_t bound = PAPER; bound < BOUNDS; bound++) // (tolerance / constant)^(1 / alpha)
        a.bound[bound] = bound_temperature(run, problem, bound, tolerance);

    const gsl_sf_result at_law = exact_gap(run, layer, a.law);
    a.gap_at_law = at_law.val;
    const gsl_sf_result missed = left_of(layer, tolerance, a.law, at_law);
    experiment_check(run, COLD, "example: miss of the law over K tau^3", fabs(missed.val), AT_MOST, 1,
                     missed.err);
    const gsl_sf_result left = left_of(layer, tolerance, a.proven, exact_gap(run, layer, a.proven));
    experiment_check(run, COLD, "example: room of the proof over K tau^3", left.val, AT_LEAST, 0, left.err);
    for (bound_t bound = PAPER; bound < BOUNDS; bound++)
        experiment_check(run, COLD, "example: gap by a uniform bound over the tolerance",
                         exact_gap(run, layer, a.bound[bound]).val / tolerance, AT_MOST, 1, 1e-12);
    return a;
}
//]core

// A second road to the exact temperature: ball arithmetic proves that the gap passes the tolerance within a STEP of it.
static void certify_temperature(experiment_t *run, const gap_layer_t *layer, const answer_t *a) {
    for (int side = -1; side <= 1; side += 2) {
        const double tau = a->exact * (1 + side * STEP);
        ball_t m0, m2;
        experiment_require(run, boundary_layer_moment_certified(&tau, 1, layer->offset, 0, &m0),
                           "certified moment");
        experiment_require(run, boundary_layer_moment_certified(&tau, 1, layer->offset, 2, &m2),
                           "certified moment");
        const double gap = layer->jump[0] * m2.value + layer->jump[1] * m0.value;
        const double error = (layer->jump[0] * m2.radius + layer->jump[1] * m0.radius) / a->tolerance + 1e-15;
        experiment_check(run, COLD,
                         side < 0 ? "example: certified gap a step below the exact temperature: distance "
                                    "from the tolerance in steps"
                                  : "example: certified gap a step above the exact temperature: distance "
                                    "from the tolerance in steps",
                         (gap / a->tolerance - 1) / STEP, side < 0 ? AT_MOST : AT_LEAST, 0, error / STEP);
    }
}

static void write_example(experiment_t *run, const gap_layer_t *layer) {
    enum { POINTS = 61 };
    static const table_column_t columns[] = {
        {"tolerance", "1", "%.0e", "%.0e"}, {"exact", "1", "%.10e", "%.3e"},
        {"law", "1", "%.10e", "%.3e"},      {"gap_at_law", "1", "%.10e", "%.5e"},
        {"proven", "1", "%.10e", "%.3e"},   {"realisable", "1", "%.10e", "%.1e"},
        {"sharp", "1", "%.10e", "%.1e"},    {"paper", "1", "%.10e", "%.1e"}};
    static const table_column_t curves[] = {{"tolerance", "1", "%.6e", NULL},  {"exact", "1", "%.6e", NULL},
                                            {"law", "1", "%.6e", NULL},        {"proven", "1", "%.6e", NULL},
                                            {"realisable", "1", "%.6e", NULL}, {"sharp", "1", "%.6e", NULL},
                                            {"paper", "1", "%.6e", NULL}};
    const gap_bound_t problem = clipped_problem(layer);
    table_t *table =
        experiment_table(run, "", "temperatures for a tolerance, set-up of Table 1", columns, 8, TOLERANCES);
    for (int i = 1; i <= TOLERANCES; i++) {
        const answer_t a = answer(run, layer, &problem, pow(10, -i));
        certify_temperature(run, layer, &a);
        table_row(table, (double[]){a.tolerance, a.exact, a.law, a.gap_at_law, a.proven, a.bound[REALISABLE],
                                    a.bound[SHARP], a.bound[PAPER]});
        if (i == 3) {
            experiment_macro(run, "ExampleExact", "%.5f", a.exact);
            experiment_macro(run, "ExampleLaw", "%.5f", a.law);
            experiment_macro(run, "ExampleProven", "%.5f", a.proven);
            experiment_macro(run, "ExampleRealisable", "%.1f", a.exact / a.bound[REALISABLE]);
            experiment_macro(run, "ExampleSharp", "%.0f", a.exact / a.bound[SHARP]);
            experiment_macro(run, "ExamplePaper", "%.0f", a.exact / a.bound[PAPER]);
        }
    }
    table = experiment_table(run, "curves", "the same on a fine grid", curves, 7, POINTS);
    for (int i = 0; i < POINTS; i++) {
        const answer_t a = answer(run, layer, &problem, pow(10, -6 + 5.75 * i / (POINTS - 1)));
        table_row(table, (double[]){a.tolerance, a.exact, a.law, a.proven, a.bound[REALISABLE],
                                    a.bound[SHARP], a.bound[PAPER]});
    }
}

// What the temperatures of the law and of the proof give, at the example's offset and away from it, where the law errs to the
// warm side.
static void write_offsets(experiment_t *run, const gap_layer_t *layer) {
    enum { POINTS = 61 };
    static const table_column_t columns[] = {{"tolerance", "1", "%.6e", NULL},
                                             {"law_near", "1", "%.8f", NULL},
                                             {"proven_near", "1", "%.8f", NULL},
                                             {"law_far", "1", "%.8f", NULL},
                                             {"proven_far", "1", "%.8f", NULL}};
    gap_layer_t far = *layer;
    far.offset = FAR_OFFSET;
    const gap_layer_t *const both[2] = {layer, &far};
    table_t *table =
        experiment_table(run, "offsets", "exact gap over the tolerance at the temperatures of law and proof",
                         columns, 5, POINTS);
    for (int i = 0; i < POINTS; i++) {
        double row[5] = {pow(10, -4 + 3.5 * i / (POINTS - 1))};
        for (int k = 0; k < 2; k++) {
            row[1 + 2 * k] = exact_gap(run, both[k], gap_law_temperature(both[k], row[0])).val / row[0];
            row[2 + 2 * k] = exact_gap(run, both[k], gap_proven_temperature(both[k], row[0])).val / row[0];
        }
        table_row(table, row);
    }
    experiment_macro(run, "FarOffset", "%.1f", FAR_OFFSET);
    experiment_macro(run, "FarAtLaw", "%.0f",
                     100 * (exact_gap(run, &far, gap_law_temperature(&far, 0.1)).val / 0.1 - 1));
}

// ---- Random Gaussian layers ----

// Two linear experts and a teacher in full dimension.
typedef struct random_layer {
    size_t dimension;
    double router[MOST_DIMENSIONS], jump[MOST_DIMENSIONS],
        lag[MOST_DIMENSIONS]; // w, and the vectors of D and R
    gap_layer_t layer;
} random_layer_t;

static void draw_layer(stream_t *stream, size_t dimension, bool realisable, random_layer_t *r) {
    *r = (random_layer_t){.dimension = dimension};
    stream_normals(stream, r->router, dimension);
    stream_normals(stream, r->jump, dimension);
    stream_normals(stream, r->lag, dimension);
    const double norm = sqrt(dot(r->router, r->router, dimension));
    for (size_t i = 0; i < dimension; i++) {
        r->router[i] /= norm;
        r->lag[i] *= realisable ? 0 : 1;
    }
    const double a = dot(r->router, r->jump, dimension), l = dot(r->router, r->lag, dimension);
    r->layer = (gap_layer_t){.offset = stream_between(stream, -2.5, 2.5),
                             .slope = power_of_ten(stream, -0.5, 0.5),
                             .jump = {a * a, dot(r->jump, r->jump, dimension) - a * a},
                             .lag = {a * l + 0.0, dot(r->jump, r->lag, dimension) - a * l}}; // never -0
}

// Three inequalities: at the temperature of the law, at the proven one, and at colder ones.
enum { LAW, PROVEN, COLDER, KINDS };

// The worst case of an inequality, with what it takes to repeat it.
typedef struct worst {
    double ratio; // value over bound, at most 1
    gap_layer_t layer;
    double tolerance, tau;
} worst_t;

static void note(worst_t *worst, double ratio, const gap_layer_t *layer, double tolerance, double tau) {
    if (ratio > worst->ratio)
        *worst = (worst_t){ratio, *layer, tolerance, tau};
}

// All ratios have the error of the gap added.
static void try_layer(experiment_t *run, const random_layer_t *r, double tolerance, worst_t worst[KINDS]) {
    const gap_layer_t *layer = &r->layer;
    const double tau = gap_law_temperature(layer, tolerance), safe = gap_proven_temperature(layer, tolerance);
    const gsl_sf_result missed = left_of(layer, tolerance, tau, exact_gap(run, layer, tau));
    note(&worst[LAW], fabs(missed.val) + missed.err, layer, tolerance, tau);
    const gsl_sf_result left = left_of(layer, tolerance, safe, exact_gap(run, layer, safe));
    note(&worst[PROVEN], 1 - (left.val - left.err), layer, tolerance, safe);
    for (double share = 0.9; share > 0.05; share *= 0.4) {
        const gsl_sf_result below = exact_gap(run, layer, share * safe);
        note(&worst[COLDER], (fabs(below.val) + below.err) / tolerance, layer, tolerance, share * safe);
    }
}

static void write_worst(table_t *table, const char *what, const worst_t *worst) {
    table_text(table, what);
    const double cells[] = {worst->ratio,         worst->layer.offset,  worst->layer.slope,
                            worst->layer.jump[0], worst->layer.jump[1], worst->layer.lag[0],
                            worst->layer.lag[1],  worst->tolerance,     worst->tau};
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
        table_real(table, cells[i]);
}

static void check_layers(experiment_t *run) {
    static const table_column_t columns[] = {
        {"inequality", "", NULL, ""},   {"ratio", "1", "%.9f", "%.4f"},  {"offset", "1", "%.6f", "%.2f"},
        {"slope", "1", "%.6f", "%.2f"}, {"jump_2", "1", "%.6f", "%.2f"}, {"jump_0", "1", "%.6f", "%.2f"},
        {"lag_2", "1", "%.6f", "%.2f"}, {"lag_0", "1", "%.6f", "%.2f"},  {"tolerance", "1", "%.6e", "%.1e"},
        {"tau", "1", "%.6e", "%.2e"}};
    const int layers = experiment_quick(run) ? QUICK_LAYERS : LAYERS;
    worst_t worst[KINDS] = {0};
    double *share = experiment_memory(run, calloc((size_t)layers, sizeof *share));
    size_t shares = 0;
    for (int i = 0; i < layers; i++) {
        random_layer_t r;
        stream_t stream = stream_at(experiment_seed(run), stream_experiment("layers"), (uint32_t)i);
        draw_layer(&stream, 2 + (size_t)i % (MOST_DIMENSIONS - 1), i % 2 == 0, &r);
        const double tolerance = power_of_ten(&stream, -5, -1);
        try_layer(run, &r, tolerance, worst);
        if (i % 2 == 0) {
            const gsl_sf_result tau = exact_temperature(run, &r.layer, tolerance);
            if (isfinite(tau.val))
                share[shares++] = gap_proven_temperature(&r.layer, tolerance) / tau.val;
        }
    }
    gsl_sort(share, 1, shares);
    const double median = gsl_stats_quantile_from_sorted_data(share, 1, shares, 0.5);
    experiment_check(run, COLD,
                     "random layers: distance from the tolerance at the temperature of the law over K tau^3",
                     worst[LAW].ratio, AT_MOST, 1, 0);
    experiment_check(run, COLD,
                     "random layers: gap at the proven temperature above tolerance - K tau^3 over K tau^3",
                     worst[PROVEN].ratio, AT_MOST, 1, 0);
    experiment_check(run, COLD, "random layers: gap over the tolerance below the proven temperature",
                     worst[COLDER].ratio, AT_MOST, 1, 0);
    experiment_check(run, COLD, "random layers: median of the proven temperature over the exact one", median,
                     AT_LEAST, 0.95, 0);
    experiment_macro(run, "Layers", "\\num{%.0f}", layers);
    experiment_macro(run, "LawWorst", "%.3f", worst[LAW].ratio);
    experiment_macro(run, "ProvenMedian", "%.4f", median);
    experiment_macro(run, "ProvenLow", "%.3f", gsl_stats_quantile_from_sorted_data(share, 1, shares, 0.05));
    free(share);
    table_t *table =
        experiment_table(run, "worst", "the tightest cases of the random Gaussian layers", columns, 10, 2);
    write_worst(table, "law", &worst[LAW]);
    write_worst(table, "proven", &worst[PROVEN]);
}

// ---- Random bounded layers, against the temperatures of the uniform bounds ----

typedef struct worst_bounded {
    double ratio; // gap over tolerance
    gap_bound_t problem;
    double tolerance, tau;
} worst_bounded_t;

// The gap at and below the temperature that each bound gives for a tolerance, summed over the rows.
static void try_bounded(experiment_t *run, const random_bounded_t *layer, double tolerance,
                        worst_bounded_t worst[BOUNDS]) {
    const gap_arrays_t arrays = {RANDOM_BOUNDED_ROWS, layer->problem.experts, 1,
                                 layer->logits,       layer->outputs,         layer->targets};
    const gap_source_t source = gap_arrays_source(&arrays);
    gap_survey_t survey;
    gap_report_t report;
    experiment_require(run, gap_survey(&source, &survey), "survey");
    for (bound_t bound = PAPER; bound < BOUNDS; bound++) {
        const double most = bound_temperature(run, &layer->problem, bound, tolerance);
        for (double tau = most; tau > 0.05 * most; tau *= 0.3) {
            experiment_require(run, gap_measure(&source, &survey, tau, &report), "gap of the rows");
            const double gap =
                bound == REALISABLE ? report.square.observed.val : fabs(report.risk.observed.val);
            if (gap / tolerance > worst[bound].ratio)
                worst[bound] = (worst_bounded_t){gap / tolerance, layer->problem, tolerance, tau};
        }
    }
}

static void write_worst_bounded(experiment_t *run, const worst_bounded_t worst[BOUNDS]) {
    static const table_column_t columns[] = {
        {"bound", "", NULL, ""},           {"ratio", "1", "%.9f", "%.4f"},
        {"experts", "1", NULL, ""},        {"alpha", "1", "%.1f", "%.1f"},
        {"mass", "1", "%.6f", "%.3f"},     {"expert_size", "1", "%.6f", "%.3f"},
        {"response", "1", "%.6f", "%.3f"}, {"tolerance", "1", "%.6e", "%.1e"},
        {"tau", "1", "%.6e", "%.2e"}};
    table_t *table = experiment_table(run, "bounded", "the tightest cases of the random bounded layers",
                                      columns, 9, BOUNDS);
    for (bound_t bound = PAPER; bound < BOUNDS; bound++) {
        const worst_bounded_t *w = &worst[bound];
        const double cells[] = {w->problem.alpha,    w->problem.mass, w->problem.expert,
                                w->problem.response, w->tolerance,    w->tau};
        table_text(table, BOUND_NAMES[bound]);
        table_real(table, w->ratio);
        table_integer(table, (long long)w->problem.experts);
        for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
            table_real(table, cells[i]);
    }
}

static void check_bounded(experiment_t *run) {
    const int layers = experiment_quick(run) ? QUICK_BOUNDED : BOUNDED;
    worst_bounded_t worst[BOUNDS] = {0};
    for (int i = 0; i < layers; i++) {
        random_bounded_t layer;
        stream_t stream = stream_at(experiment_seed(run), stream_experiment("bounded"), (uint32_t)i);
        random_bounded_draw(&stream, i % 2 == 0 ? RANDOM_BOUNDED_FREE : RANDOM_BOUNDED_OPPOSED,
                            2 + (size_t)(i / 8) % (RANDOM_BOUNDED_MOST_EXPERTS - 1), ALPHA[i / 2 % ALPHAS],
                            &layer);
        const double scale = layer.problem.expert * (layer.problem.expert + layer.problem.response);
        try_bounded(run, &layer, scale * power_of_ten(&stream, -4, 0), worst);
    }
    for (bound_t bound = PAPER; bound < BOUNDS; bound++)
        experiment_check(
            run, COLD,
            "bounded layers: gap over the tolerance at and below the temperature of a uniform bound",
            worst[bound].ratio, AT_MOST, 1, 1e-12);
    write_worst_bounded(run, worst);
    experiment_macro(run, "Bounded", "\\num{%.0f}", layers);
    experiment_macro_integer(run, "BoundedRows", RANDOM_BOUNDED_ROWS);
    experiment_macro_integer(run, "BoundedExperts", RANDOM_BOUNDED_MOST_EXPERTS);
    experiment_macro(run, "BoundedPaper", "%.2f", worst[PAPER].ratio);
    experiment_macro(run, "BoundedSharp", "%.2f", worst[SHARP].ratio);
    experiment_macro(run, "BoundedRealisable", "%.2f", worst[REALISABLE].ratio);
}

// ---- One layer in full dimension, from the definitions of all predictors ----

typedef struct sampled {
    random_layer_t r;
    double tau[SAMPLED_TAUS];
} sampled_t;

static int sample_losses(const montecarlo_block_t *block, const void *context) {
    const sampled_t *s = context;
    stream_normals(block->stream, block->work, block->count * SAMPLED_DIMENSION);
    for (size_t i = 0; i < block->count; i++) {
        const double *x = block->work + i * SAMPLED_DIMENSION;
        const double score = s->r.layer.slope * (dot(s->r.router, x, SAMPLED_DIMENSION) - s->r.layer.offset);
        const double jump = dot(s->r.jump, x, SAMPLED_DIMENSION), lag = dot(s->r.lag, x, SAMPLED_DIMENSION);
        const double first = jump / 2, second = -jump / 2, hard = score > 0 ? first : second;
        const double target = hard + (score > 0 ? lag : -lag) / 2;
        for (size_t k = 0; k < SAMPLED_TAUS; k++) {
            const double gate = 1 / (1 + exp(-score / s->tau[k])), soft = gate * first + (1 - gate) * second;
            block->samples[i * SAMPLED_TAUS + k] = gsl_pow_2(target - soft) - gsl_pow_2(target - hard);
        }
    }
    return GSL_SUCCESS;
}

static void check_sampled(experiment_t *run) {
    sampled_t s = {.tau = {0.05, 0.3, 1.5}};
    stream_t stream = stream_at(experiment_seed(run), stream_experiment("sampled"), 0);
    draw_layer(&stream, SAMPLED_DIMENSION, false, &s.r);
    moments_t *moments =
        experiment_montecarlo(run, "losses", experiment_quick(run) ? QUICK_SAMPLES : SAMPLES, SAMPLED_TAUS,
                              MONTECARLO_BLOCK * SAMPLED_DIMENSION, sample_losses, &s);
    for (size_t k = 0; k < SAMPLED_TAUS; k++) {
        const gsl_sf_result sampled = moments_estimate(moments, k);
        experiment_check(
            run, COLD, "z of the gap of a layer that is not realisable: quadrature against sampling",
            fabs(sampled.val - exact_gap(run, &s.r.layer, s.tau[k]).val) / sampled.err, AT_MOST, MAX_Z, 0);
    }
    moments_free(moments);
}

// ---- A dump of the example, and one in low precision ----

static double round_to(double x, int bits) {
    int exponent;
    const double fraction = frexp(x, &exponent);
    return ldexp(rint(ldexp(fraction, bits)), exponent - bits);
}

// Rows in memory, and their arrays.
typedef struct dump {
    gap_arrays_t arrays;
    double *memory, *logits, *outputs, *targets;
} dump_t;

static void dump_start(experiment_t *run, dump_t *dump, size_t rows) {
    dump->memory = experiment_memory(run, calloc(5 * rows, sizeof *dump->memory));
    dump->logits = dump->memory;
    dump->outputs = dump->logits + 2 * rows;
    dump->targets = dump->outputs + 2 * rows;
    dump->arrays = (gap_arrays_t){.rows = rows,
                                  .experts = 2,
                                  .dimension = 1,
                                  .logits = dump->logits,
                                  .outputs = dump->outputs,
                                  .targets = dump->targets};
}

// Logits COMMON_LOGIT +- S/2 and outputs +-D/2, the hard router being right; logits rounded to `bits` bits unless that is 0.
static void draw_dump(experiment_t *run, const gap_layer_t *layer, dump_t *dump, int bits) {
    stream_t stream = stream_at(experiment_seed(run), stream_experiment("dump"), 0);
    for (size_t i = 0; i < dump->arrays.rows; i++) {
        double x[2];
        stream_normals(&stream, x, 2);
        const double score = layer->slope * (x[0] - layer->offset);
        const double jump = sqrt(layer->jump[0]) * x[0] + sqrt(layer->jump[1]) * x[1];
        for (size_t k = 0; k < 2; k++) {
            const double sign = k == 0 ? 0.5 : -0.5, logit = COMMON_LOGIT + sign * score;
            dump->logits[2 * i + k] = bits > 0 ? round_to(logit, bits) : logit;
            dump->outputs[2 * i + k] = sign * jump;
        }
        dump->targets[i] = score >= 0 ? jump / 2 : -jump / 2;
    }
}

static gap_report_t measure(experiment_t *run, const gap_source_t *source, double tau, gap_survey_t *survey) {
    gap_report_t report;
    experiment_require(run, gap_survey(source, survey), "survey");
    experiment_require(run, gap_measure(source, survey, tau, &report), "gap of a sample");
    return report;
}

static void check_dump(experiment_t *run, const gap_layer_t *layer, dump_t *dump, double tau) {
    const gap_source_t source = gap_arrays_source(&dump->arrays);
    gap_survey_t survey;
    draw_dump(run, layer, dump, 0);
    const gap_report_t report = measure(run, &source, tau, &survey);
    const gsl_sf_result slope = report.risk.slope, observed = report.risk.observed;
    experiment_check(run, COLD, "z of the law estimated from a dump against the law of the layer",
                     fabs(slope.val - gap_law(layer)) / slope.err, AT_MOST, MAX_Z, 0);
    experiment_check(run, COLD, "z of the gap of a dump against the exact gap",
                     fabs(observed.val - exact_gap(run, layer, tau).val) / observed.err, AT_MOST, MAX_Z, 0);
    experiment_check(run, COLD, "z of the gap of a dump against the law estimated from it",
                     fabs(report.risk.z), AT_MOST, MAX_Z, 0);
    experiment_macro(run, "Dump", "\\num{%.0f}", (double)dump->arrays.rows);
    experiment_macro(run, "DumpSlope", "%.3f", slope.val);
    experiment_macro(run, "DumpSlopeError", "%.3f", slope.err);
}

static double sample_temperature(experiment_t *run, const gap_source_t *source, const gap_survey_t *survey,
                                 double tolerance) {
    double tau;
    experiment_require(run, gap_sample_temperature(source, survey, GAP_OBSERVED, tolerance, &tau),
                       "temperature");
    return tau;
}

// Rounded logits tie, and ties are soft at every temperature: a tolerance of half of what they contribute, which the logits as
// they were meet, is never met.
static void check_low_precision(experiment_t *run, const gap_layer_t *layer, dump_t *dump) {
    const gap_source_t source = gap_arrays_source(&dump->arrays);
    gap_survey_t survey;
    draw_dump(run, layer, dump, LOW_BITS);
    const gap_estimate_t square = measure(run, &source, 1e-9, &survey).square;
    const double tolerance = square.ties / 2, rounded = sample_temperature(run, &source, &survey, tolerance);
    const uint64_t ties = survey.ties;
    draw_dump(run, layer, dump, 0);
    experiment_require(run, gap_survey(&source, &survey), "survey");
    const double whole = sample_temperature(run, &source, &survey, tolerance);
    experiment_check(run, COLD, "low precision: gap at tau = 1e-9 over half of what the ties contribute",
                     square.observed.val / tolerance, AT_LEAST, 1, 0);
    experiment_check(run, COLD, "full precision: temperature for that tolerance over that of the law",
                     whole / gap_law_temperature(layer, tolerance), AT_LEAST, 0.5, 0);
    experiment_check(run, COLD, "low precision: temperature for that tolerance over that of full precision",
                     rounded / whole, AT_MOST, 1e-6, 0);
    experiment_macro(run, "TieShare", "%.1f", 100 * (double)ties / (double)dump->arrays.rows);
    experiment_macro(run, "TieFloor", "%.4f", square.ties);
    experiment_macro_integer(run, "LowBits", LOW_BITS);
    experiment_macro(run, "CommonLogit", "%.0f", COMMON_LOGIT);
}

static void check_dumps(experiment_t *run, const gap_layer_t *layer) {
    dump_t dump;
    dump_start(run, &dump, experiment_quick(run) ? QUICK_DUMP : DUMP);
    check_dump(run, layer, &dump, 0.01);
    dump.arrays.targets = NULL; // E|h_tau - h_0|^2 is looked at
    check_low_precision(run, layer, &dump);
    free(dump.memory);
}

static void how_cold(experiment_t *run) {
    const gap_layer_t example = read_example(run);
    write_example(run, &example);
    write_offsets(run, &example);
    check_layers(run);
    check_bounded(run);
    check_sampled(run);
    check_dumps(run, &example);
    experiment_claim(run, COLD, VERDICT_HOLDS, METHOD_QUADRATURE,
                     "how-cold.csv, how-cold.worst.csv and how-cold.bounded.csv");
}

int main(int argc, char **argv) {
    static const experiment_plan_t plan = {.name = "how-cold",
                                           .brief =
                                               "how cold a soft router has to be for a given soft-hard gap",
                                           .seed = 20261122,
                                           .run = how_cold};
    return experiment_main(&plan, argc, argv);
}
