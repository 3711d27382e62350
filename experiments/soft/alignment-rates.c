// SPDX-License-Identifier: GPL-3.0-or-later
// Rates of alignment: what the iteration with I + (eta/tau) M does, with the constants of the remainders.
//
// CLAIM (Soft-to-Hard Routing, section 6.5)
//   soft/eq-6.9-6.12  components grow by powers (6.9), their ratios shrink at least by rho per step (6.10), (6.11), and for
//                     small eta/tau the time of alignment is of the order tau/(eta (lambda_1 - lambda_2)) (6.12)
//
// DERIVATION. With x = eta/tau and Delta = lambda_1 - lambda_2, rho = 1 - x Delta/(1 + x lambda_1), so 0 <= rho - 1 + x Delta <=
// lambda_1 Delta x^2, and for 1/t = -ln rho = ln(1 + x Delta/(1 + x lambda_2)): lambda_2/Delta <= t - 1/(x Delta) <= lambda_1/Delta.
#include "io/experiment.h"
#include "routing/response_matrix.h"

#include <gsl/gsl_math.h>
#include <math.h>

enum { MOST = RESPONSE_MAX_DIMENSION, LEAST = 2 };
enum { CASES = 600, QUICK_CASES = 60, STEPS = 40, POINTS = 41 };
static const double CONDITION = 25;         // of Sigma, at most
static const double DECADES[2] = {-3, 1.5}; // x lambda_1 lies between these powers of 10

// The worst cases over all populations.
typedef struct rates {
    double components;     // deviation from (6.9), relative
    double contraction;    // tangent over rho times the tangent before, minus 1
    double first_order[2]; // slack of 0 <= rho - 1 + x Delta <= lambda_1 Delta x^2, over the last
    double steps[2];       // slack of lambda_2/Delta <= t - 1/(x Delta) <= lambda_1/Delta, over t
    double saturation;     // (rho - lambda_2/lambda_1) x lambda_1^2/Delta, at most 1
    int miscounted;        // numbers of steps for a factor e that are not t rounded up
} rates_t;

// u <- (I + x M) u.
static void iterate(const double *m, double x, size_t d, double *u) {
    double image[MOST];
    response_apply(m, u, d, image);
    for (size_t i = 0; i < d; i++)
        u[i] += x * image[i];
}

// The angle's tangent to the axis w: what (6.10) says shrinks by rho at least.
static double tangent(const double *u, const double *w, size_t d) {
    const double along = response_dot(u, w, d);
    double across = 0;
    for (size_t i = 0; i < d; i++)
        across += gsl_pow_2(u[i] - along * w[i]);
    return sqrt(across) / fabs(along);
}

//[core
// -1/ln rho, the number of steps in which the ratio of the first two components falls by e.
static double steps_of(const double *lambda, double x) {
    return -1 / log1p(-x * (lambda[0] - lambda[1]) / (1 + x * lambda[0]));
}

// rho and t = -1/ln rho against their expansions.
static void compare_remainders(const double *lambda, double x, rates_t *rates) {
    const double gap = lambda[0] - lambda[1], rho = (1 + x * lambda[1]) / (1 + x * lambda[0]);
    const double t = steps_of(lambda, x), delay = t - 1 / (x * gap);
    const double excess = (rho - 1 + x * gap) / (lambda[0] * gap * x * x);
    rates->first_order[0] = fmin(rates->first_order[0], excess);
    rates->first_order[1] = fmin(rates->first_order[1], 1 - excess);
    rates->steps[0] = fmin(rates->steps[0], (delay - lambda[1] / gap) / t);
    rates->steps[1] = fmin(rates->steps[1], (lambda[0] / gap - delay) / t);
    if (lambda[1] > 0)
        rates->saturation =
            fmax(rates->saturation, (rho - lambda[1] / lambda[0]) * x * lambda[0] * lambda[0] / gap);
}
//]core

static void follow(experiment_t *run, stream_t *stream, const response_model_t *model, rates_t *rates) {
    const size_t d = model->dimension;
    double m[MOST * MOST], w[MOST * MOST], lambda[MOST], u[MOST], start[MOST];
    response_matrix(model, response_sign_moments(response_deviation(model)), m);
    experiment_require(run, response_spectrum(m, d, lambda, w), "eigenvalues");
    // Within the sign-stability condition.
    const double most = lambda[d - 1] < 0 ? 0.9 / -lambda[d - 1] : HUGE_VAL;
    const double x = fmin(pow(10, stream_between(stream, DECADES[0], DECADES[1])) / lambda[0], most),
                 t = steps_of(lambda, x);
    const double rho = (1 + x * lambda[1]) / (1 + x * lambda[0]);
    stream_normals(stream, start, d);
    for (size_t i = 0; i < d; i++)
        u[i] = start[i];
    for (int step = 1; step <= STEPS; step++) {
        const double before = tangent(u, w, d);
        iterate(m, x, d, u);
        if (before > 1e-4) // below, rounding enters
            rates->contraction = fmax(rates->contraction, tangent(u, w, d) / (rho * before) - 1);
        for (size_t i = 0; i < d; i++) {
            const double predicted = gsl_pow_int(1 + x * lambda[i], step) * response_dot(start, w + i * d, d);
            rates->components = fmax(rates->components,
                                     fabs(response_dot(u, w + i * d, d) - predicted) / response_norm(u, d));
        }
    }
    compare_remainders(lambda, x, rates);
    // From w_1 + w_2 the ratio falls below 1/e after t steps, rounded up; t near an integer is left out.
    if (t > 5000 || fabs(t - nearbyint(t)) < 1e-6)
        return;
    long steps = 0;
    for (size_t i = 0; i < d; i++)
        u[i] = w[i] + w[d + i];
    for (; fabs(response_dot(u, w + d, d)) > exp(-1) * fabs(response_dot(u, w, d)); steps++)
        iterate(m, x, d, u);
    rates->miscounted += steps != (long)ceil(t);
}

static void check_rates(experiment_t *run) {
    const int cases = experiment_quick(run) ? QUICK_CASES : CASES;
    rates_t rates = {.contraction = -1, .first_order = {1, 1}, .steps = {1, 1}};
    for (int i = 0; i < cases; i++) {
        stream_t stream = experiment_stream(run, (uint32_t)i);
        response_model_t model;
        response_draw_positive(&stream, (size_t)(LEAST + i % (MOST - 1)), CONDITION, &model);
        follow(run, &stream, &model, &rates);
    }
    const char *claim = "soft/eq-6.9-6.12";
    experiment_check(run, claim, "components after each step against (6.9)", rates.components, AT_MOST, 1e-11,
                     0);
    experiment_check(run, claim, "tangent to w_1 over rho times the tangent before - 1", rates.contraction,
                     AT_MOST, 1e-9, 0);
    experiment_check(run, claim, "rho - 1 + x Delta is at least 0", rates.first_order[0], AT_LEAST, 0, 1e-7);
    experiment_check(run, claim, "rho - 1 + x Delta is at most lambda_1 Delta x^2", rates.first_order[1],
                     AT_LEAST, 0, 1e-7);
    experiment_check(run, claim, "t - 1/(x Delta) is at least lambda_2/Delta", rates.steps[0], AT_LEAST, 0,
                     1e-9);
    experiment_check(run, claim, "t - 1/(x Delta) is at most lambda_1/Delta", rates.steps[1], AT_LEAST, 0,
                     1e-9);
    experiment_check(run, claim, "rho - lambda_2/lambda_1 over Delta/(x lambda_1^2)", rates.saturation,
                     AT_MOST, 1, 1e-9);
    experiment_check_integer(run, claim, "step counts for a factor e that are not t rounded up",
                             rates.miscounted, 0);
}

// Sigma = ((1, 1), (1, 2)), v = e1, d = (6, -5): M = sqrt(2/pi) ((2, -3), (-3, -7)) with |lambda_2| > lambda_1 > 0.
static const response_model_t UNSTABLE = {2, {1, 1, 1, 2}, {1, 0}, {6, -5}};

// Without sign-stability, which the paper demands, the iteration ends in the eigenvector of the negative eigenvalue.
static void check_sign_stability(experiment_t *run) {
    double m[4], w[4], lambda[2], u[2] = {1, 0};
    response_matrix(&UNSTABLE, response_sign_moments(1), m);
    experiment_require(run, response_spectrum(m, 2, lambda, w), "eigenvalues");
    for (int step = 0; step < STEPS; step++) {
        iterate(m, 3 / lambda[0], 2, u);
        const double length = response_norm(u, 2);
        u[0] /= length;
        u[1] /= length;
    }
    experiment_check(run, "soft/eq-6.9-6.12", "without sign-stability: |cos| with the last eigenvector",
                     fabs(response_dot(u, w + 2, 2)), AT_LEAST, 0.999, 0);
    experiment_macro(run, "UnstableFirst", "%.3f", lambda[0]);
    experiment_macro(run, "UnstableLast", "%.3f", lambda[1]);
}

// -ln rho over x lambda_1 = eta lambda_1/tau, for Sigma = diag(1, 3), v = d = e1 (ratio 2/3 of the eigenvalues) and for
// UNSTABLE: formula, first order, and the measured contraction of one step from w_1 + w_2.
static void write_rates(experiment_t *run) {
    static const table_column_t columns[] = {{"x", "1", "%.6f", NULL},
                                             {"rate", "1", "%.8f", NULL},
                                             {"first_order", "1", "%.8f", NULL},
                                             {"measured", "1", "%.8f", NULL},
                                             {"rate_unstable", "1", "%.8f", NULL}};
    static const response_model_t stretched = {2, {1, 0, 0, 3}, {1, 0}, {1, 0}};
    table_t *table =
        experiment_table(run, "", "rate of alignment per step over eta lambda_1/tau", columns, 5, POINTS);
    double m[4], w[4], lambda[2], other[4], other_w[4], other_lambda[2];
    response_matrix(&stretched, response_sign_moments(1), m);
    response_matrix(&UNSTABLE, response_sign_moments(1), other);
    experiment_require(run, response_spectrum(m, 2, lambda, w), "eigenvalues");
    experiment_require(run, response_spectrum(other, 2, other_lambda, other_w), "eigenvalues");
    for (int i = 0; i < POINTS; i++) {
        const double x = pow(10, -2 + 4.0 * i / (POINTS - 1)), ratio = lambda[1] / lambda[0];
        double u[2] = {w[0] + w[2], w[1] + w[3]};
        iterate(m, x / lambda[0], 2, u);
        table_row(table,
                  (double[]){x, -log((1 + x * ratio) / (1 + x)), x * (1 - ratio), -log(tangent(u, w, 2)),
                             -log(fabs(1 + x * other_lambda[1] / other_lambda[0]) / (1 + x))});
    }
    experiment_macro(run, "Saturated", "%.3f", log(lambda[0] / lambda[1]));
}

static void alignment_rates(experiment_t *run) {
    experiment_parameter(run, "Condition", "%.0f", CONDITION, "1");
    experiment_macro(run, "LeastDecade", "%g", DECADES[0]);
    experiment_macro(run, "MostDecade", "%g", DECADES[1]);
    experiment_macro_integer(run, "Cases", experiment_quick(run) ? QUICK_CASES : CASES);
    check_rates(run);
    check_sign_stability(run);
    write_rates(run);
    experiment_claim(run, "soft/eq-6.9-6.12", VERDICT_HOLDS, METHOD_QUADRATURE, "alignment-rates.csv");
}

int main(int argc, char **argv) {
    static const experiment_plan_t plan = {.name = "alignment-rates",
                                           .brief =
                                               "rates of alignment of the iteration with I + (eta/tau) M",
                                           .seed = 20260612,
                                           .run = alignment_rates};
    return experiment_main(&plan, argc, argv);
}
