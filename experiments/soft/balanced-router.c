// SPDX-License-Identifier: GPL-3.0-or-later
// The balanced router: what moves it, and where the matrix M of section 6 belongs.
//
// CLAIM (Soft-to-Hard Routing, section 6.2)
//   soft/eq-6.3-6.5  the response assumption (6.3), (6.4), under which near u = 0 the gradient is -(1/tau) M u
//
// DERIVATION. At u = 0, for any fixed experts f1, f2 and the gate sigma(2u'x/tau) of section 6.1, whose second derivative
// vanishes there,
//     grad L(0) = -(1/tau) E[(Y - (f1+f2)/2)(f1-f2) X],   Hess L(0) = (1/(2 tau^2)) E[(f1-f2)^2 X X'] >= 0,
// so a router between fixed experts is pushed by a first-order drift and nothing grows linearly. The shortest example:
// d = 1, Y = |x|/2, f1 = -f2 = eps x/2 gives L'(0) = -(eps/tau) E|X|^3/2 = -(eps/tau) sqrt(2/pi), not 0. What M of (6.6)
// does describe is the coupled state u = 0, f1 = f2: with the contrast r of the students free, f1 - f2 = r'x, the mixed
// block of the Hessian in (u, r) is -(1/tau) E[(Y - f) X X'], which is -M/(2 tau) for g = sign and f = m, beside blocks
// of 0 for u and for r: a strict saddle unless it vanishes.
//
// The assumption itself: the product (Y - h)(f1 - f2) is to be psi(u'X, v'X) q'X with psi odd in its first argument, so
// at u = 0 it is 0 almost surely. If f1 and f2 differ, affine as they are, they differ almost everywhere, so
// Y = (f1+f2)/2 and the product is -(p - 1/2)(f1-f2)^2, which makes M = -(1/(2 tau)) E[(f1-f2)^2 X X'] <= 0; if they do
// not, the product is 0 for every u and M = 0. With fixed experts the assumption holds only where M has no positive
// eigenvalue.
#include "io/experiment.h"
#include "routing/pair_router.h"
#include "stat/stream.h"

#include <gsl/gsl_eigen.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <math.h>
#include <string.h>

// Parameters, all without unit. Those of the student are of the run that reproduces Table 3 (symmetry-breaking).
enum { N_TAU = 4, DIMENSION = 3 };
enum { CASES = 500, QUICK_CASES = 50 };                     // random populations
static const double TAUS[N_TAU] = {0.05, 0.10, 0.20, 0.40}; // of Table 3
static const double STRENGTH = 0.249;                       // eps
static const double TANGENT = 8.6936;                       // c = |q|^2, q orthogonal to v

// ---- Any experts, any data ----

// Random experts on random points: the population is the empirical one, so that the identities are exact.
enum { POINTS = 40, MAX_D = 4 };
typedef struct population {
    size_t d;
    double tau, x[POINTS][MAX_D], y[POINTS], f1[POINTS], f2[POINTS];
} population_t;

// The risk behind the gate sigma(2 u'x / tau) of section 6.1.
static double population_risk(const population_t *population, const double *u) {
    double sum = 0;
    for (int i = 0; i < POINTS; i++) {
        double score = 0;
        for (size_t j = 0; j < population->d; j++)
            score += u[j] * population->x[i][j];
        const double p = 1 / (1 + exp(-2 * score / population->tau));
        sum += gsl_pow_2(population->y[i] - p * population->f1[i] - (1 - p) * population->f2[i]);
    }
    return sum / POINTS;
}

// Fourth-order central differences at u = 0, along one or two axes.
static double first_difference(const population_t *population, size_t axis, double h) {
    static const double weights[] = {1.0 / 12, -8.0 / 12, 0, 8.0 / 12, -1.0 / 12};
    double sum = 0;
    for (int i = -2; i <= 2; i++) {
        double u[MAX_D] = {0};
        u[axis] = i * h;
        sum += weights[i + 2] * population_risk(population, u);
    }
    return sum / h;
}

static double second_difference(const population_t *population, size_t a, size_t b, double h) {
    static const double weights[] = {1.0 / 12, -8.0 / 12, 0, 8.0 / 12, -1.0 / 12};
    static const double pure[] = {-1.0 / 12, 16.0 / 12, -30.0 / 12, 16.0 / 12, -1.0 / 12};
    double sum = 0;
    for (int i = -2; i <= 2; i++) {
        for (int j = -2; j <= 2; j++) {
            double u[MAX_D] = {0};
            u[a] += i * h;
            u[b] += j * h;
            const double weight = a != b ? weights[i + 2] * weights[j + 2] : j == 0 ? pure[i + 2] : 0;
            if (weight != 0)
                sum += weight * population_risk(population, u);
        }
    }
    return sum / (h * h);
}

static void draw_population(stream_t *stream, population_t *population) {
    double normals[POINTS * (MAX_D + 3) + 2];
    stream_normals(stream, normals, sizeof normals / sizeof *normals);
    const double *next = normals;
    population->d = 1 + (size_t)(fabs(*next++) * 2) % MAX_D;
    population->tau = 0.2 + fabs(*next++);
    for (int i = 0; i < POINTS; i++) {
        for (size_t j = 0; j < MAX_D; j++)
            population->x[i][j] = *next++;
        population->y[i] = *next++;
        population->f1[i] = *next++;
        population->f2[i] = *next++;
    }
}

// With the contrast r of the students free, f1 - f2 = r'x around the common part f1 = f2 = f of the population: the risk
// in (u, r), and its mixed second difference at (0, 0).
static double coupled_risk(const population_t *population, const double *u, const double *r) {
    double sum = 0;
    for (int i = 0; i < POINTS; i++) {
        double score = 0, contrast = 0;
        for (size_t j = 0; j < population->d; j++) {
            score += u[j] * population->x[i][j];
            contrast += r[j] * population->x[i][j];
        }
        sum +=
            gsl_pow_2(population->y[i] - population->f1[i] - 0.5 * tanh(score / population->tau) * contrast);
    }
    return sum / POINTS;
}

static double mixed_difference(const population_t *population, size_t a, size_t b, double h) {
    static const double weights[] = {1.0 / 12, -8.0 / 12, 0, 8.0 / 12, -1.0 / 12};
    double sum = 0;
    for (int i = -2; i <= 2; i++)
        for (int j = -2; j <= 2; j++) {
            double u[MAX_D] = {0}, r[MAX_D] = {0};
            u[a] = i * h;
            r[b] = j * h;
            sum += weights[i + 2] * weights[j + 2] * coupled_risk(population, u, r);
        }
    return sum / (h * h);
}

//[core
// Means over the population that the formulas at u = 0 are made of.
static double mean_gradient(const population_t *all, size_t a) {
    double sum = 0;
    for (int i = 0; i < POINTS; i++) {
        const double mean = 0.5 * (all->f1[i] + all->f2[i]), contrast = all->f1[i] - all->f2[i];
        sum += (all->y[i] - mean) * contrast * all->x[i][a];
    }
    return -sum / (POINTS * all->tau);
}

static double mean_hessian(const population_t *all, size_t a, size_t b) {
    double sum = 0;
    for (int i = 0; i < POINTS; i++)
        sum += gsl_pow_2(all->f1[i] - all->f2[i]) * all->x[i][a] * all->x[i][b];
    return sum / (2 * POINTS * gsl_pow_2(all->tau));
}

static double mean_mixed(const population_t *all, size_t a, size_t b) {
    double sum = 0;
    for (int i = 0; i < POINTS; i++)
        sum += (all->y[i] - all->f1[i]) * all->x[i][a] * all->x[i][b];
    return -sum / (POINTS * all->tau);
}
//]core

// The largest deviations of gradient, Hessian and mixed block from finite differences, relative to the scale of each.
static void compare_formulas(const population_t *population, double deviation[3]) {
    const double tau = population->tau, h = 0.004 * tau;
    double scale = 0;
    for (int i = 0; i < POINTS; i++)
        scale += gsl_pow_2(population->f1[i] - population->f2[i]) / POINTS;
    for (size_t a = 0; a < population->d; a++) {
        const double gradient = first_difference(population, a, h) - mean_gradient(population, a);
        deviation[0] = fmax(deviation[0], fabs(gradient) * tau / scale);
        for (size_t b = 0; b < population->d; b++) {
            const double hessian = second_difference(population, a, b, h) - mean_hessian(population, a, b);
            const double mixed = mixed_difference(population, a, b, h) - mean_mixed(population, a, b);
            deviation[1] = fmax(deviation[1], fabs(hessian) * tau * tau / scale);
            deviation[2] = fmax(deviation[2], fabs(mixed) * tau / scale);
        }
    }
}

static void check_any_experts(experiment_t *run) {
    static const char *const names[] = {"gradient at 0 for any experts: formula against differences",
                                        "Hessian at 0 for any experts: formula against differences",
                                        "mixed block at the coupled state: formula against differences"};
    const int cases = experiment_quick(run) ? QUICK_CASES : CASES;
    double deviation[3] = {0};
    for (int i = 0; i < cases; i++) {
        stream_t stream =
            stream_at(experiment_seed(run), stream_experiment("balanced-router.experts"), (uint32_t)i);
        population_t population;
        draw_population(&stream, &population);
        compare_formulas(&population, deviation);
    }
    // The differences are off by (2 |x| h/tau)^4, 3e-6 for the largest |x| drawn, with a small factor.
    for (int i = 0; i < 3; i++)
        experiment_check(run, "soft/eq-6.3-6.5", names[i], deviation[i], AT_MOST, 1e-5, 0);
    experiment_macro_integer(run, "RandomExperts", cases);
    experiment_macro(run, "LargestDeviation", "\\num{%.0e}",
                     fmax(deviation[0], fmax(deviation[1], deviation[2])));
}

// ---- The set-ups of the paper ----

static double least_eigenvalue(experiment_t *run, const double *hessian) {
    double copy[DIMENSION * DIMENSION];
    memcpy(copy, hessian, sizeof copy);
    gsl_matrix_view matrix = gsl_matrix_view_array(copy, DIMENSION, DIMENSION);
    gsl_vector *values = gsl_vector_alloc(DIMENSION);
    gsl_eigen_symm_workspace *workspace = gsl_eigen_symm_alloc(DIMENSION);
    if (values == NULL || workspace == NULL)
        experiment_stop(run, FAULT_SYSTEM, "out of memory");
    experiment_require(run, gsl_eigen_symm(&matrix.matrix, values, workspace), "eigenvalues");
    const double least = gsl_vector_min(values);
    gsl_eigen_symm_free(workspace);
    gsl_vector_free(values);
    return least;
}

// Derivatives of the population risk at u = 0 by differences of the risk itself; the errors are the change on halving h.
static double risk_at(const pair_router_t *model, size_t a, double x, size_t b, double y) {
    double u[PAIR_ROUTER_MAX_DIMENSION] = {0}, risk;
    u[a] += x;
    u[b] += y;
    pair_router_risk(model, u, &risk, NULL);
    return risk;
}

static double slope_at_zero(const pair_router_t *model, size_t axis, double h) {
    return (8 * (risk_at(model, axis, h, axis, 0) - risk_at(model, axis, -h, axis, 0)) -
            (risk_at(model, axis, 2 * h, axis, 0) - risk_at(model, axis, -2 * h, axis, 0))) /
           (12 * h);
}

static double curvature_at_zero(const pair_router_t *model, size_t a, size_t b, double h) {
    if (a == b)
        return (risk_at(model, a, h, a, 0) + risk_at(model, a, -h, a, 0) - 2 * risk_at(model, a, 0, a, 0)) /
               (h * h);
    return (risk_at(model, a, h, b, h) + risk_at(model, a, -h, b, -h) - risk_at(model, a, h, b, -h) -
            risk_at(model, a, -h, b, h)) /
           (4 * h * h);
}

// The one-line counterexample: d = 1, Y = |x|/2, f1 = -f2 = eps x/2, with eps = tau = 1.
static void check_counterexample(experiment_t *run) {
    static const double one = 1;
    const pair_router_t model = {1, &one, &one, 1, 0.5}; // half the temperature: the gate of section 6.1
    const double slope = slope_at_zero(&model, 0, 1e-3),
                 error = fabs(slope - slope_at_zero(&model, 0, 5e-4)) + 1e-10;
    // (6.5) says 0.
    experiment_check(run, "soft/eq-6.3-6.5", "d = 1: L'(0) by differences is below 0", slope, AT_MOST, -0.1,
                     error);
    experiment_check(run, "soft/eq-6.3-6.5", "d = 1: L'(0) plus sqrt(2/pi)", fabs(slope + sqrt(2 / M_PI)),
                     AT_MOST, 1e-8, 0);
    experiment_macro(run, "Counterexample", "%.4f", slope);
}

// The set-up of section 7.3 with the gate of section 6.1: the derivative at 0 along the teacher, and the Hessian there.
static void check_drift(experiment_t *run) {
    static const table_column_t columns[] = {{"tau", "1", "%.2f", "%.2f"},
                                             {"gradient_along_teacher", "1", "%.6f", "%.4f"},
                                             {"gradient_by_differences", "1", "%.5f", "%.4f"},
                                             {"least_eigenvalue", "1", "%.3f", "%.3f"}};
    table_t *table = experiment_table(
        run, "", "gradient and Hessian of the risk at u = 0, gate sigma(2u'x/tau)", columns, 4, N_TAU);
    for (int i = 0; i < N_TAU; i++) {
        const double teacher[DIMENSION] = {1, 0, 0}, contrast[DIMENSION] = {0, sqrt(TANGENT), 0};
        const pair_router_t model = {DIMENSION, teacher, contrast, STRENGTH, TAUS[i] / 2};
        const double h = 1e-3 * TAUS[i];
        double formula[DIMENSION], hessian[DIMENSION * DIMENSION];
        pair_router_gradient_at_zero(&model, formula);
        for (size_t a = 0; a < DIMENSION; a++)
            for (size_t b = 0; b < DIMENSION; b++)
                hessian[a * DIMENSION + b] = curvature_at_zero(&model, a, b, 20 * h);
        const double slope = slope_at_zero(&model, 0, h), least = least_eigenvalue(run, hessian);
        const double error = fabs(slope - slope_at_zero(&model, 0, h / 2)) + 1e-12 / h;
        // (6.5) says 0.
        experiment_check(run, "soft/eq-6.3-6.5", "drift at 0 along the teacher by differences", slope,
                         AT_MOST, 0, error);
        experiment_check(run, "soft/eq-6.3-6.5", "drift at 0: formula against differences",
                         fabs(formula[0] - slope), AT_MOST, 1e-6 * fabs(slope), 0);
        experiment_check(run, "soft/eq-6.3-6.5", "least eigenvalue of the Hessian at 0 by differences", least,
                         AT_LEAST, 0, 0);
        table_row(table, (double[]){TAUS[i], formula[0], slope, least});
    }
}

static void balanced_router(experiment_t *run) {
    experiment_parameter(run, "Strength", "%.3f", STRENGTH, "1");
    experiment_parameter(run, "Tangent", "%.4f", TANGENT, "1");
    check_drift(run);
    check_counterexample(run);
    check_any_experts(run);
    experiment_claim(run, "soft/eq-6.3-6.5", VERDICT_FAILS, METHOD_QUADRATURE,
                     "d=1: Y=|x|/2 and f1=-f2=eps x/2 give L'(0)=-(eps/tau)sqrt(2/pi); balanced-router.csv");
}

int main(int argc, char **argv) {
    static const experiment_plan_t plan = {.name = "balanced-router",
                                           .brief = "what moves a balanced router: equations (6.3) to (6.5)",
                                           .seed = 20260523,
                                           .run = balanced_router};
    return experiment_main(&plan, argc, argv);
}
