// SPDX-License-Identifier: GPL-3.0-or-later
// The first-order law when the experts, or the threshold of the router, are fitted anew at each temperature.
//
// CLAIM (ours)
//   soft/law-refit  with the experts refitted the constant is that of the hard optimum: softening the best
//       quantiser of a uniform input gains tau/2. With the threshold of the router refitted, where the target jumps,
//       2 ln 2 int D J becomes 2 H(q) int D J with the binary entropy H in nats and q = a/(a + b), a and -b the one-sided
//       derivatives of the hard risk in the threshold; this can turn the sign.
//
// DERIVATION. Let V(tau) = min L_tau. If L_tau = L_0 + tau c + o(tau) uniformly near the unique minimiser theta* of L_0 and
// c is continuous there, then V(tau) - V(0) <= L_tau(theta*) - L_0(theta*) = tau c(theta*) + o(tau), and at the minimisers
// theta_tau -> theta* it is >= tau c(theta_tau) + o(tau). For experts behind a fixed router c is continuous. For the
// threshold it is not where the target jumps: sigma((S - s)/tau) = P(S > s + tau xi), xi logistic, gives exactly
//     L_tau(s) = E[L_0(s + tau xi)] - E[D^2 sigma (1 - sigma)],
// and with L_0(s) - L_0(0) = a s for s > 0 and b |s| for s < 0, up to o(s), the threshold s = tau v has
//     (L_tau - L_0)/tau -> a ln(1 + e^v) + b ln(1 + e^-v) - B(0),
// least at e^v = b/a, where it is (a + b) H(a/(a + b)) - B(0); a + b = 2 int D J p/|grad S|. At v = 0: (a + b) ln 2 - B(0).
#include "io/experiment.h"
#include "stat/extrapolate.h"
#include "stat/quadrature.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_linalg.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_min.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdbool.h>

static const char CLAIM[] = "soft/law-refit";

// Parameters, all without unit.
enum { POPULATIONS = 2000, QUICK_POPULATIONS = 40 }; // random targets whose experts are refitted
enum { THRESHOLDS = 500, QUICK_THRESHOLDS = 6 };     // random targets whose threshold is refitted
enum { N_TAUS = EXTRAPOLATE_VALUES, CURVE_POINTS = 21, QUICK_CURVE_POINTS = 5 };
static const double TAUS[N_TAUS] = {0.008, 0.004, 0.002};
static const double LEAST_KINK = 0.2;                        // of the one-sided derivatives a and b
static const double REACH = 9;                               // of a standard normal input
static const double LAYER = 40;                              // temperatures after which a gate is 0 or 1
static const double QUANTISER_TAU = 0.1, EXAMPLE_TAU = 0.02; // where the text quotes the two examples

// ---- Populations on a line: two affine experts, S = x - b, a target of two cubics ----

typedef struct population {
    bool is_uniform;     // X ~ U[-1, 1], otherwise N(0, 1)
    double place;        // b
    double target[2][4]; // coefficients of mu where x > b and where x < b
    double expert[2][2]; // f1, chosen where x > b, and f2: constant and slope
} population_t;

static double target_at(const population_t *population, double x) {
    const double *c = population->target[x > population->place ? 0 : 1];
    return c[0] + x * (c[1] + x * (c[2] + x * c[3]));
}

static double expert_at(const population_t *population, int i, double x) {
    return population->expert[i][0] + population->expert[i][1] * x;
}

static double density_at(const population_t *population, double x) {
    if (population->is_uniform)
        return fabs(x) < 1 ? 0.5 : 0;
    return gsl_ran_ugaussian_pdf(x);
}

// The gate of f1 with the threshold moved to b + shift: sigma((x - b - shift)/tau), hard at tau = 0.
static double gate_at(const population_t *population, double tau, double shift, double x) {
    const double score = x - population->place - shift;
    return tau > 0 ? 1 / (1 + exp(-score / tau)) : score > 0;
}

// What is integrated over the inputs at one temperature; `row` and `column` name features p1, p1 x, p2, p2 x, and 4 the
// target; RISK the squared error of the two experts.
enum { FEATURES = 4, TARGET = 4, RISK = -1 };
typedef struct term {
    const population_t *population;
    double tau, shift;
    int row, column;
} term_t;

static double feature_at(const term_t *term, int feature, double gate, double x) {
    if (feature == TARGET)
        return target_at(term->population, x);
    return (feature < 2 ? gate : 1 - gate) * (feature % 2 ? x : 1);
}

static double term_integrand(double x, const void *context) {
    const term_t *term = context;
    const population_t *population = term->population;
    const double gate = gate_at(population, term->tau, term->shift, x);
    const double density = density_at(population, x);
    if (term->row != RISK)
        return feature_at(term, term->row, gate, x) * feature_at(term, term->column, gate, x) * density;
    const double predicted = gate * expert_at(population, 0, x) + (1 - gate) * expert_at(population, 1, x);
    return gsl_pow_2(target_at(population, x) - predicted) * density;
}

static double integrate(experiment_t *run, const term_t *term) {
    const double reach = term->population->is_uniform ? 1 : REACH, b = term->population->place;
    const double low = fmin(0, term->shift), high = fmax(0, term->shift), layer = LAYER * term->tau;
    const double points[] = {-reach,   fmax(-reach, b + low - layer), b + low,
                             b + high, fmin(reach, b + high + layer), reach};
    gsl_sf_result value;
    experiment_require(run, quadrature_integrate(term_integrand, term, points, 6, 1e-12, &value), "integral");
    return value.val;
}

// (L_tau - L_0)/tau with everything as it is.
static double fixed_ratio(experiment_t *run, const population_t *population, double tau) {
    return (integrate(run, &(term_t){population, tau, 0, RISK, RISK}) -
            integrate(run, &(term_t){population, 0, 0, RISK, RISK})) /
           tau;
}

// ---- Experts refitted ----

//[core
// V(tau) = min over both affine experts of E[(mu - p1 f1 - p2 f2)^2], by the normal equations; the experts are kept.
static double refitted_risk(experiment_t *run, population_t *population, double tau) {
    double gram[FEATURES * FEATURES], moment[FEATURES], fitted[FEATURES];
    for (int i = 0; i < FEATURES; i++) {
        for (int j = i; j < FEATURES; j++)
            gram[FEATURES * i + j] = gram[FEATURES * j + i] =
                integrate(run, &(term_t){population, tau, 0, i, j});
        moment[i] = integrate(run, &(term_t){population, tau, 0, i, TARGET});
    }
    gsl_matrix_view matrix = gsl_matrix_view_array(gram, FEATURES, FEATURES);
    gsl_vector_const_view right = gsl_vector_const_view_array(moment, FEATURES);
    gsl_vector_view solution = gsl_vector_view_array(fitted, FEATURES);
    experiment_require(run, gsl_linalg_cholesky_decomp1(&matrix.matrix), "normal equations");
    experiment_require(run, gsl_linalg_cholesky_solve(&matrix.matrix, &right.vector, &solution.vector),
                       "normal equations");
    for (int i = 0; i < FEATURES; i++)
        population->expert[i / 2][i % 2] = fitted[i];
    return integrate(run, &(term_t){population, tau, 0, RISK, RISK});
}
//]core

// The constant of the law for the experts as they are: (2 ln 2 D J - D^2) p at the interface.
typedef struct trace {
    double contrast, jump, density, residual[2]; // residual: 2 mu_+- - f1 - f2
} trace_t;

static trace_t trace_of(const population_t *population) {
    const double b = population->place, above = target_at(population, nextafter(b, REACH)),
                 below = target_at(population, b);
    const double f1 = expert_at(population, 0, b), f2 = expert_at(population, 1, b);
    return (trace_t){
        f1 - f2, above - below, density_at(population, b), {2 * above - f1 - f2, 2 * below - f1 - f2}};
}

static double constant_of(const trace_t *trace) {
    return (2 * M_LN2 * trace->contrast * trace->jump - gsl_pow_2(trace->contrast)) * trace->density;
}

static void draw_population(experiment_t *run, const char *part, uint32_t number, population_t *population) {
    stream_t stream = stream_at(experiment_seed(run), stream_experiment(part), number);
    double normals[12];
    stream_normals(&stream, normals, 12);
    *population = (population_t){.place = stream_between(&stream, -1, 1)};
    const bool jumps = number % 2;
    for (int i = 0; i < 4; i++) {
        population->target[0][i] = normals[i] / (1 + i);
        population->target[1][i] = jumps ? normals[4 + i] / (1 + i) : population->target[0][i];
        population->expert[i / 2][i % 2] = normals[8 + i];
    }
}

static void check_experts(experiment_t *run) {
    const uint32_t populations = experiment_quick(run) ? QUICK_POPULATIONS : POPULATIONS;
    double worst = 0, excess = -HUGE_VAL;
    uint32_t negative = 0;
    for (uint32_t number = 0; number < populations; number++) {
        population_t population;
        draw_population(run, "first-order-refit.experts", number, &population);
        const double hard = refitted_risk(run, &population, 0);
        const population_t best = population; // the hard optimum
        const trace_t trace = trace_of(&best);
        double ratio[N_TAUS];
        for (int i = 0; i < N_TAUS; i++) {
            const double kept = integrate(run, &(term_t){&best, TAUS[i], 0, RISK, RISK});
            const double refitted = refitted_risk(run, &population, TAUS[i]);
            ratio[i] = (refitted - hard) / TAUS[i];
            excess = fmax(excess, refitted - kept);
        }
        const double scale =
            gsl_pow_2(trace.contrast) * trace.density + fabs(ratio[0] - ratio[1]) / (TAUS[0] - TAUS[1]);
        worst = fmax(worst, fabs(extrapolate_limit(ratio) - constant_of(&trace)) / scale);
        negative += constant_of(&trace) < 0;
    }
    experiment_check(run, CLAIM, "experts refitted: extrapolated ratio minus constant", worst, AT_MOST, 1e-3,
                     0);
    experiment_check(run, CLAIM, "refitted risk minus the risk of the hard optimum's experts", excess,
                     AT_MOST, 0, 1e-12);
    experiment_macro_integer(run, "Populations", populations);
    experiment_macro_integer(run, "NegativePopulations", negative);
    experiment_macro(run, "ExpertsWorst", "\\num{%.0e}", extrapolate_magnitude(worst));
}

// ---- The threshold refitted ----

typedef struct shifted {
    experiment_t *run;
    const population_t *population;
    double tau;
} shifted_t;

static double shifted_risk(double v, void *context) {
    const shifted_t *shifted = context;
    return integrate(shifted->run,
                     &(term_t){shifted->population, shifted->tau, v * shifted->tau, RISK, RISK});
}

// The least of (L_tau(b + v tau) - L_0)/tau by Brent's method, within 2.5 of the predicted v.
static double refit_threshold(experiment_t *run, const population_t *population, double tau, double start) {
    shifted_t shifted = {run, population, tau};
    gsl_function f = {shifted_risk, &shifted};
    gsl_min_fminimizer *minimiser =
        experiment_memory(run, gsl_min_fminimizer_alloc(gsl_min_fminimizer_brent));
    experiment_require(run, gsl_min_fminimizer_set(minimiser, &f, start, start - 2.5, start + 2.5),
                       "minimiser");
    for (int i = 0; i < 40; i++)
        experiment_require(run, gsl_min_fminimizer_iterate(minimiser), "minimiser");
    const double least = gsl_min_fminimizer_f_minimum(minimiser);
    gsl_min_fminimizer_free(minimiser);
    return (least - integrate(run, &(term_t){population, 0, 0, RISK, RISK})) / tau;
}

static double entropy(double q) {
    return -q * log(q) - (1 - q) * log1p(-q);
}

// a and b: the one-sided derivatives of the hard risk in the threshold, a towards larger thresholds.
static void derivatives_of(const trace_t *trace, double *a, double *b) {
    *a = trace->contrast * trace->residual[0] * trace->density;
    *b = -trace->contrast * trace->residual[1] * trace->density;
}

static double refitted_constant(const trace_t *trace) {
    double a, b;
    derivatives_of(trace, &a, &b);
    return (a + b) * entropy(a / (a + b)) - gsl_pow_2(trace->contrast) * trace->density;
}

// Both constants of one population, and how far the measured one is from the second.
typedef struct moved {
    double fixed, refitted, measured, deviation;
} moved_t;

static moved_t move_threshold(experiment_t *run, const population_t *population) {
    const trace_t trace = trace_of(population);
    double a, b, ratio[N_TAUS];
    derivatives_of(&trace, &a, &b);
    for (int i = 0; i < N_TAUS; i++)
        ratio[i] = refit_threshold(run, population, TAUS[i] / 8, log(b / a));
    const double scale =
        gsl_pow_2(trace.contrast) * trace.density + 8 * fabs(ratio[0] - ratio[1]) / (TAUS[0] - TAUS[1]);
    moved_t moved = {constant_of(&trace), refitted_constant(&trace), extrapolate_limit(ratio), 0};
    moved.deviation = fabs(moved.measured - moved.refitted) / scale;
    return moved;
}

// Populations whose target jumps and whose hard risk has a kink at the threshold, upwards on both sides.
static void check_thresholds(experiment_t *run) {
    const int thresholds = experiment_quick(run) ? QUICK_THRESHOLDS : THRESHOLDS;
    double worst = 0;
    int turned = 0;
    uint32_t number = 0;
    for (int found = 0; found < thresholds; number++) {
        population_t population;
        draw_population(run, "first-order-refit.thresholds", 2 * number + 1, &population);
        const trace_t trace = trace_of(&population);
        double a, b;
        derivatives_of(&trace, &a, &b);
        if (a < LEAST_KINK || b < LEAST_KINK || fabs(log(b / a)) > 2)
            continue;
        const moved_t moved = move_threshold(run, &population);
        worst = fmax(worst, moved.deviation);
        turned += moved.fixed > 0 && moved.refitted < 0;
        found++;
    }
    experiment_check(run, CLAIM, "threshold refitted: extrapolated ratio minus constant with the entropy",
                     worst, AT_MOST, 1e-3, 0);
    experiment_macro_integer(run, "Thresholds", thresholds);
    experiment_macro_integer(run, "ThresholdsTurned", turned);
    experiment_macro(run, "ThresholdsWorst", "\\num{%.0e}", extrapolate_magnitude(worst));
}

// One line: X ~ U[-1, 1], mu = 1 for x > 0 and 1/4 for x < 0, f1 = 1, f2 = 0. Fixed at 0 the soft router loses, refitted it
// gains, at first order.
static const population_t EXAMPLE = {.is_uniform = true, .target = {{1}, {0.25}}, .expert = {{1}, {0}}};

static void check_example(experiment_t *run) {
    static const table_column_t columns[] = {
        {"place", "1", "%.2f", NULL}, {"limit", "1", "%.8f", NULL}, {"measured", "1", "%.8f", NULL}};
    const moved_t moved = move_threshold(run, &EXAMPLE);
    const trace_t trace = trace_of(&EXAMPLE);
    const double tau = EXAMPLE_TAU, hard = integrate(run, &(term_t){&EXAMPLE, 0, 0, RISK, RISK});
    double a, b;
    derivatives_of(&trace, &a, &b);
    experiment_check(run, CLAIM, "example: measured constant with the threshold fixed",
                     fixed_ratio(run, &EXAMPLE, 1e-3), AT_LEAST, 0.019, 1e-9);
    experiment_check(run, CLAIM, "example: measured constant with the threshold refitted", moved.measured,
                     AT_MOST, -0.022, 1e-9);
    experiment_check(run, CLAIM, "example: measured minus 3/4 H(1/3) - 1/2",
                     fabs(moved.measured - 0.75 * entropy(1.0 / 3) + 0.5), AT_MOST, 1e-8, 0);
    experiment_macro(run, "ExampleTau", "%.2f", tau);
    experiment_macro(run, "ExampleFixed", "%.4f", moved.fixed);
    experiment_macro(run, "ExampleRefitted", "%.4f", moved.refitted);
    const int points = experiment_quick(run) ? QUICK_CURVE_POINTS : CURVE_POINTS;
    table_t *table = experiment_table(
        run, "threshold",
        "(L_tau - L_0)/tau of the example over the threshold in temperatures: limit; measured at 0.02",
        columns, 3, (size_t)points);
    for (int i = 0; i < points; i++) {
        const double v = -3 + 5.0 * i / (points - 1);
        const double risk = integrate(run, &(term_t){&EXAMPLE, tau, v * tau, RISK, RISK});
        table_row(
            table,
            (double[]){v, a * log1p(exp(v)) + b * log1p(exp(-v)) - gsl_pow_2(trace.contrast) * trace.density,
                       (risk - hard) / tau});
    }
}

// ---- The best two-level quantiser of a uniform input: X ~ U[-1, 1], Y = X, f1 = -f2 = 1/2 ----

static const population_t QUANTISER = {
    .is_uniform = true, .target = {{0, 1}, {0, 1}}, .expert = {{0.5}, {-0.5}}};

// E[X^2] - E[X T]^2 / E[T^2], T = p1 - p2: the risk of the best constants +-c behind the gate.
static double refitted_quantiser(experiment_t *run, double tau) {
    const double square = integrate(run, &(term_t){&QUANTISER, tau, 0, TARGET, TARGET});
    const double along = integrate(run, &(term_t){&QUANTISER, tau, 0, 0, TARGET}) -
                         integrate(run, &(term_t){&QUANTISER, tau, 0, 2, TARGET});
    const double self = integrate(run, &(term_t){&QUANTISER, tau, 0, 0, 0}) -
                        2 * integrate(run, &(term_t){&QUANTISER, tau, 0, 0, 2}) +
                        integrate(run, &(term_t){&QUANTISER, tau, 0, 2, 2});
    return square - along * along / self;
}

static void check_quantiser(experiment_t *run) {
    static const table_column_t columns[] = {{"tau", "1", "%.5f", "%.3f"},
                                             {"fixed", "1", "%.8f", "%.5f"},
                                             {"both_terms", "1", "%.8f", "%.5f"},
                                             {"refitted", "1", "%.8f", "%.5f"}};
    const double hard = integrate(run, &(term_t){&QUANTISER, 0, 0, RISK, RISK}), curvature = M_PI * M_PI / 6;
    const int points = experiment_quick(run) ? QUICK_CURVE_POINTS : CURVE_POINTS;
    table_t *table = experiment_table(
        run, "", "best quantiser: (L_tau - L_0)/tau with fixed levels; both terms; with refitted levels",
        columns, 4, (size_t)points);
    double refitted[N_TAUS];
    for (int i = 0; i < N_TAUS; i++)
        refitted[i] = (refitted_quantiser(run, TAUS[i]) - hard) / TAUS[i];
    // The hard optimum: mean of the two conditional variances of halves of the interval, 1/12, and no other levels are better.
    experiment_check(run, CLAIM, "best quantiser: hard risk minus 1/12", fabs(hard - 1.0 / 12), AT_MOST,
                     1e-13, 0);
    experiment_check(run, CLAIM, "best quantiser: hard risk of refitted levels minus 1/12",
                     fabs(refitted_quantiser(run, 0) - 1.0 / 12), AT_MOST, 1e-13, 0);
    experiment_check(run, CLAIM, "best quantiser: gap over tau at 0.02", fixed_ratio(run, &QUANTISER, 0.02),
                     AT_MOST, -0.4, 1e-10);
    experiment_check(run, CLAIM, "best quantiser: gap over tau at 0.02 minus both terms",
                     fabs(fixed_ratio(run, &QUANTISER, 0.02) + 0.5 - 0.02 * curvature), AT_MOST, 1e-9, 1e-11);
    experiment_check(run, CLAIM, "best quantiser: levels refitted: extrapolated ratio plus 1/2",
                     fabs(extrapolate_limit(refitted) + 0.5), AT_MOST, 1e-3, 0);
    for (int i = 0; i < points; i++) {
        const double tau = 0.25 * (i + 1) / points;
        table_row(table, (double[]){tau, fixed_ratio(run, &QUANTISER, tau), -0.5 + curvature * tau,
                                    (refitted_quantiser(run, tau) - hard) / tau});
    }
    experiment_macro(run, "QuantiserGain", "%.4f",
                     -QUANTISER_TAU * fixed_ratio(run, &QUANTISER, QUANTISER_TAU));
    experiment_macro(run, "QuantiserTau", "%.1f", QUANTISER_TAU);
    experiment_macro(run, "QuantiserHard", "%.4f", hard);
}

static void first_order_refit(experiment_t *run) {
    check_quantiser(run);
    check_experts(run);
    check_thresholds(run);
    check_example(run);
    experiment_claim(run, CLAIM, VERDICT_HOLDS, METHOD_QUADRATURE, "first-order-refit.csv");
}

int main(int argc, char **argv) {
    static const experiment_plan_t plan = {.name = "first-order-refit",
                                           .brief =
                                               "the first-order law with experts or threshold fitted anew",
                                           .seed = 20260523,
                                           .run = first_order_refit};
    return experiment_main(&plan, argc, argv);
}
