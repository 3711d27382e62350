// SPDX-License-Identifier: GPL-3.0-or-later
// Router and experts together: the symmetric state is a strict saddle, and M is the matrix there.
//
// CLAIM (our own; the set-up is that of Soft-to-Hard Routing, section 6.1)
//   soft/law-saddle  around u = 0, w_1 = w_2, b_1 = b_2, router and contrast r = w_1 - w_2 grow together like
//                    exp(|lambda| t/(sqrt 2 tau)) along the eigenvectors of M - 2 b Sigma, with M of g = sign and b the
//                    experts' common constant; once b is fitted this is M - E[S D] Sigma, of rank 2 at most
//
// DERIVATION. Y = S D/2 (a common affine part m drops out), f_k = w_k'x + b_k. To second order in (u, r) at a common
// constant b the risk has the single mixed term -(1/tau) u'E[(Y - b) X X'] r = -(1/(2 tau)) u'(M - 2 b Sigma) r, and descent in
// u, w_1, w_2 gives du/dt = (1/(2 tau)) (M - 2 b Sigma) r, dr/dt = (1/tau) (M - 2 b Sigma) u: on an eigenvector,
// sqrt 2 u +- r grow like exp(+-lambda t/(sqrt 2 tau)). The constant follows db/dt = E[Y] - b by itself. In white coordinates
// M - E[S D] Sigma is sqrt(2/pi) (A nu nu' + b (nu e' + e nu')), and its leading eigenvector is within 45 degrees of nu.
// For Sigma = diag(1, 3), v = d = e1: M = sqrt(2/pi) diag(2, 3) prefers e2, M - E[S D] Sigma = sqrt(2/pi) diag(1, 0) prefers v.
#include "io/experiment.h"
#include "routing/mixture.h"
#include "routing/response_matrix.h"
#include "stat/plane_rule.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <math.h>
#include <stdlib.h>

enum { ORDER = 32, NODES = 2 * ORDER * ORDER, PARAMETERS = 12, ROW = 3 };
enum { HESSIANS = 40, QUICK_HESSIANS = 3, GROWTHS = 12, QUICK_GROWTHS = 1 };
enum { SPECTRA = 3000, QUICK_SPECTRA = 300, MOST = RESPONSE_MAX_DIMENSION, LEAST = 2 };
enum { RUNS = 3, STEPS = 1000, STRIDE = 5 };
static const double CONDITION = 9; // of Sigma, at most
static const double START = 1e-4;  // of u/tau and r
static const double STEP = 0.02;   // eta/tau, times the largest rate in the comparisons
static const double SMALL = 0.01;  // of u/tau, where descent is compared with the linear flow
static const double FIGURE_START = 1e-3;
static const double FIGURE_ANGLE = 1; // of the start, radian

// Which parameters move: the contrast alone, with w_1 + w_2 = 0 and b_1 = b_2 = 0, or all of them.
typedef enum freedom { HELD, FREE } freedom_t;

// A population on the nodes of a rule.
typedef struct population {
    response_model_t model;
    double tau, matrix[4], mean; // M of g = sign, E[S D]
    double x[2 * NODES], weight[NODES], target[NODES];
} population_t;

// The student: phi_1 = (u, 0), phi_2 = -phi_1, then the two experts (w_k, b_k).
typedef struct student {
    double parameters[PARAMETERS];
} student_t;

static void make_population(experiment_t *run, const response_model_t *model, double tau,
                            population_t *population) {
    const double covariance[3] = {model->covariance[0], model->covariance[1], model->covariance[3]};
    population->model = *model;
    population->tau = tau;
    experiment_require(
        run, plane_rule(covariance, model->teacher, 1, ORDER, ORDER, population->x, population->weight),
        "rule in the plane");
    const double s = response_deviation(model);
    response_matrix(model, response_sign_moments(s), population->matrix);
    population->mean = sqrt(2 / M_PI) * response_overlap(model) / s;
    for (size_t i = 0; i < NODES; i++) {
        const double *x = population->x + 2 * i;
        population->target[i] =
            copysign(0.5, response_dot(model->teacher, x, 2)) * response_dot(model->contrast, x, 2);
    }
}

static void set_student(const double *u, const double *r, double constant, student_t *student) {
    for (size_t i = 0; i < 2; i++) {
        student->parameters[i] = u[i];
        student->parameters[ROW + i] = -u[i];
        student->parameters[2 * ROW + i] = 0.5 * r[i];
        student->parameters[3 * ROW + i] = -0.5 * r[i];
    }
    student->parameters[2] = student->parameters[ROW + 2] = 0;
    student->parameters[2 * ROW + 2] = student->parameters[3 * ROW + 2] = constant;
}

static double evaluate(const population_t *population, const student_t *student, gsl_vector *gradient,
                       gsl_matrix *hessian) {
    const mixture_t mixture = {2, 2, SCORE_MAP_AFFINE, SCORE_MAP_AFFINE};
    const mixture_nodes_t nodes = {NODES, population->x, population->weight, population->target, 0};
    return mixture_risk(&mixture, student->parameters, population->tau, &nodes, gradient, hessian);
}

// One step of descent in u, w_1, b_1, w_2, b_2.
static void descend(const population_t *population, freedom_t freedom, double rate, gsl_vector *work,
                    student_t *student) {
    evaluate(population, student, work, NULL);
    double *p = student->parameters;
    const double *g = work->data;
    for (size_t i = 0; i < 2; i++) {
        p[i] -= rate * (g[i] - g[ROW + i]);
        p[ROW + i] = -p[i];
    }
    for (size_t i = 0; i < ROW; i++) {
        const double first = g[2 * ROW + i], second = g[3 * ROW + i], half = 0.5 * (first - second);
        if (freedom == HELD && i == 2)
            continue;
        p[2 * ROW + i] -= rate * (freedom == HELD ? half : first);
        p[3 * ROW + i] -= rate * (freedom == HELD ? -half : second);
    }
}

//[core
// One step of descent in u, w_1, w_2 linearised at the symmetric state with the constant b.
static void grow(const population_t *population, freedom_t freedom, double rate, double *b, double *u,
                 double *r) {
    double centred[4], by_router[2], by_contrast[2];
    for (size_t k = 0; k < 4; k++)
        centred[k] = population->matrix[k] - 2 * *b * population->model.covariance[k];
    response_apply(centred, u, 2, by_router);
    response_apply(centred, r, 2, by_contrast);
    for (size_t i = 0; i < 2; i++) {
        u[i] += rate / (2 * population->tau) * by_contrast[i];
        r[i] += rate / population->tau * by_router[i];
    }
    if (freedom == FREE)
        *b += rate * (0.5 * population->mean - *b);
}
//]core

// ---- The Hessian at the symmetric state ----

// Derivatives along u, and along r = w_1 - w_2 with w_1 + w_2 fixed, in terms of the 12 parameters.
static double block(const gsl_matrix *hessian, size_t a, size_t b, bool router_a, bool router_b) {
    const size_t first_a = router_a ? a : 2 * ROW + a, first_b = router_b ? b : 2 * ROW + b;
    const double scale = (router_a ? 1 : 0.5) * (router_b ? 1 : 0.5);
    return scale *
           (gsl_matrix_get(hessian, first_a, first_b) - gsl_matrix_get(hessian, first_a, first_b + ROW) -
            gsl_matrix_get(hessian, first_a + ROW, first_b) +
            gsl_matrix_get(hessian, first_a + ROW, first_b + ROW));
}

static void check_hessian(experiment_t *run, population_t *population) {
    const int cases = experiment_quick(run) ? QUICK_HESSIANS : HESSIANS;
    gsl_matrix *hessian = experiment_memory(run, gsl_matrix_alloc(PARAMETERS, PARAMETERS));
    double mixed = 0, pure = 0;
    for (int i = 0; i < cases; i++) {
        stream_t stream = experiment_stream(run, (uint32_t)i);
        response_model_t model;
        student_t student;
        double draws[2];
        response_draw(&stream, 2, CONDITION, &model);
        stream_normals(&stream, draws, 2);
        make_population(run, &model, exp(0.5 * draws[0]), population);
        set_student((double[]){0, 0}, (double[]){0, 0}, draws[1], &student);
        evaluate(population, &student, NULL, hessian);
        const double tau = population->tau;
        for (size_t a = 0; a < 2; a++)
            for (size_t b = 0; b < 2; b++) {
                const double expected =
                    -(population->matrix[2 * a + b] - 2 * draws[1] * model.covariance[2 * a + b]) / (2 * tau);
                mixed = fmax(mixed, fabs(block(hessian, a, b, true, false) - expected) * tau);
                pure = fmax(pure, fabs(block(hessian, a, b, true, true)) * tau * tau);
                pure = fmax(pure, fabs(block(hessian, a, b, false, false)));
            }
    }
    gsl_matrix_free(hessian);
    experiment_check(run, "soft/law-saddle", "mixed block of the Hessian plus (M - 2 b Sigma)/(2 tau)", mixed,
                     AT_MOST, 1e-11, 0);
    experiment_check(run, "soft/law-saddle", "pure blocks of the Hessian", pure, AT_MOST, 1e-11, 0);
    experiment_macro_integer(run, "Hessians", cases);
}

// ---- Growth ----

// The largest rate of the linearised flow with the matrix A, max |lambda|/(sqrt 2 tau).
static double largest_rate(experiment_t *run, const double *matrix, double tau) {
    double values[2], vectors[4];
    experiment_require(run, response_spectrum(matrix, 2, values, vectors), "eigenvalues");
    return fmax(fabs(values[0]), fabs(values[1])) / (M_SQRT2 * tau);
}

// Descent and the linearised flow from one random start until u/tau is SMALL: |u - u_linear|/|u_linear| there.
static double compare_growth(experiment_t *run, stream_t *stream, freedom_t freedom, bool fitted,
                             population_t *population, gsl_vector *work) {
    double normals[4], u[2], r[2];
    response_model_t model;
    student_t student;
    response_draw(stream, 2, CONDITION, &model);
    stream_normals(stream, normals, 4);
    make_population(run, &model, exp(0.3 * normals[3]), population);
    for (size_t i = 0; i < 2; i++) {
        u[i] = START * population->tau * normals[i];
        r[i] = START * normals[2 + i];
    }
    double constant = fitted ? 0.5 * population->mean : 0, moved[2];
    set_student(u, r, constant, &student);
    const double rate = STEP / largest_rate(run, population->matrix, population->tau);
    for (int step = 0; step < 100 * STEPS && response_norm(u, 2) < SMALL * population->tau; step++) {
        descend(population, freedom, rate, work, &student);
        grow(population, freedom, rate, &constant, u, r);
    }
    for (size_t i = 0; i < 2; i++)
        moved[i] = student.parameters[i] - u[i];
    return response_norm(moved, 2) / response_norm(u, 2);
}

static void check_growth(experiment_t *run, population_t *population, gsl_vector *work) {
    static const char *const names[] = {"growth with the sum held against the flow of M",
                                        "growth from a fitted constant against the flow of M - E[SD] Sigma",
                                        "growth from zero against the flow of M - 2 b(t) Sigma"};
    static const table_column_t columns[] = {
        {"start", "text", NULL, ""}, {"runs", "1", NULL, ""}, {"deviation", "1", "%.1e", "\\num{%.0e}"}};
    table_t *table = experiment_table(
        run, "", "largest deviation of u from the linear flow when |u| reaches a hundredth of tau", columns,
        3, 3);
    static const char *const starts[] = {"sum and constants held", "constant fitted", "all from zero"};
    const int cases = experiment_quick(run) ? QUICK_GROWTHS : GROWTHS;
    for (int k = 0; k < 3; k++) {
        double worst = 0;
        for (int i = 0; i < cases; i++) {
            stream_t stream = experiment_stream(run, (uint32_t)(1000 + i));
            worst = fmax(worst, compare_growth(run, &stream, k == 0 ? HELD : FREE, k == 1, population, work));
        }
        // Terms of third order are (u'X)^2/tau^2 and r'X/d'X times those of first order; both are below 0.01 here.
        experiment_check(run, "soft/law-saddle", names[k], worst, AT_MOST, 0.01, 0);
        table_text(table, starts[k]);
        table_integer(table, cases);
        table_real(table, worst);
    }
}

// ---- The spectrum of M - E[S D] Sigma ----

// Rank 2 with one eigenvalue of each sign, in 2 to 8 dimensions; in white coordinates the leading one has |cos| with v
// above 1/sqrt 2.
static void check_centred(experiment_t *run) {
    const int cases = experiment_quick(run) ? QUICK_SPECTRA : SPECTRA;
    double inner = 0, lead = 1, least = HUGE_VAL;
    for (int i = 0; i < cases; i++) {
        stream_t stream = experiment_stream(run, (uint32_t)(100000 + i));
        const size_t d = (size_t)(LEAST + i % (MOST - 1));
        response_model_t model;
        double matrix[MOST * MOST], values[MOST], vectors[MOST * MOST];
        const bool white = i % 2 == 0;
        response_draw(&stream, d, white ? 1 : CONDITION, &model);
        response_centred_matrix(&model, response_sign_moments(response_deviation(&model)), matrix);
        experiment_require(run, response_spectrum(matrix, d, values, vectors), "eigenvalues");
        const double scale = fmax(values[0], -values[d - 1]);
        for (size_t k = 1; k + 1 < d; k++)
            inner = fmax(inner, fabs(values[k]) / scale);
        least = fmin(least, fmin(values[0], -values[d - 1]) / scale);
        const size_t top = values[0] > -values[d - 1] ? 0 : d - 1;
        if (white)
            lead = fmin(lead, fabs(response_cosine(vectors + top * d, model.teacher, d)));
    }
    experiment_check(run, "soft/law-saddle", "M - E[SD] Sigma: third eigenvalue over the largest", inner,
                     AT_MOST, 1e-12, 0);
    experiment_check(run, "soft/law-saddle", "M - E[SD] Sigma: one eigenvalue of each sign", least, AT_LEAST,
                     0, 0);
    experiment_check(run, "soft/law-saddle", "isotropic: leading eigenvector within 45 degrees of v", lead,
                     AT_LEAST, M_SQRT1_2, 0);
    experiment_macro_integer(run, "Spectra", cases);
}

// Sigma = (1 2; 2 5), v = e1, d = (5, -2): d'Sigma v = 1, and M - E[S D] Sigma = sqrt(2/pi) diag(1, -4). From a fitted
// constant and a router near v, all parameters free: the alignment with v when u/tau is SMALL.
static void check_skewed(experiment_t *run, population_t *population, gsl_vector *work) {
    static const response_model_t skewed = {2, {1, 2, 2, 5}, {1, 0}, {5, -2}};
    const double root = sqrt(2 / M_PI), expected[4] = {root, 0, 0, -4 * root}, tau = 1, cosine = 0.9;
    double matrix[4], off = 0;
    response_centred_matrix(&skewed, response_sign_moments(response_deviation(&skewed)), matrix);
    for (size_t k = 0; k < 4; k++)
        off = fmax(off, fabs(matrix[k] - expected[k]));
    experiment_check(run, "soft/law-saddle", "skewed: M - E[SD] Sigma minus sqrt(2/pi) diag(1 -4)", off,
                     AT_MOST, 1e-13, 0);
    student_t student;
    const double u[2] = {START * tau * cosine, START * tau * sqrt(1 - cosine * cosine)};
    make_population(run, &skewed, tau, population);
    set_student(u, (double[]){0, 0}, 0.5 * population->mean, &student);
    const double *now = student.parameters;
    for (int step = 0; step < 100 * STEPS && response_norm(now, 2) < SMALL * tau; step++)
        descend(population, FREE, STEP * tau, work, &student);
    const double alignment = fabs(response_cosine(now, skewed.teacher, 2)),
                 contrast = (now[2 * ROW + 1] - now[3 * ROW + 1]) / now[1];
    experiment_check(run, "soft/law-saddle", "skewed: alignment with v when u is small but grown", alignment,
                     AT_MOST, 0.05, 0);
    experiment_check(run, "soft/law-saddle", "skewed: contrast over router plus sqrt 2",
                     fabs(contrast + M_SQRT2), AT_MOST, 0.02, 0);
    experiment_macro(run, "SkewedStart", "%.1f", cosine);
    experiment_macro(run, "SkewedEnd", "%.3f", alignment);
}

// ---- The figure: Sigma = diag(1, 3), v = d = e1 ----

static const struct {
    freedom_t freedom;
    double tau;
    const char *name;
} PLANS[RUNS] = {{HELD, 1, "held"}, {FREE, 1, "free"}, {FREE, 0.2, "cold"}};

// Descent beside the linear flow, recorded over t/tau. Receives the
// least alignment of u with v on the way, and the last.
static void follow(experiment_t *run, int plan, population_t *population, gsl_vector *work, double ends[2]) {
    static const table_column_t columns[] = {
        {"time", "tau", "%.3f", NULL},        {"norm", "tau", "%.4e", NULL},
        {"alignment", "1", "%.5f", NULL},     {"contrast_alignment", "1", "%.5f", NULL},
        {"linear_norm", "tau", "%.4e", NULL}, {"linear_alignment", "1", "%.5f", NULL},
        {"risk", "1", "%.6f", NULL}};
    static const response_model_t stretched = {2, {1, 0, 0, 3}, {1, 0}, {1, 0}};
    table_t *table =
        experiment_table(run, PLANS[plan].name, "descent of router and experts, and the linear flow", columns,
                         7, STEPS / STRIDE + 1);
    const double tau = PLANS[plan].tau, angle = FIGURE_ANGLE;
    double u[2] = {FIGURE_START * tau * cos(angle), FIGURE_START * tau * sin(angle)};
    double r[2] = {FIGURE_START * cos(angle), FIGURE_START * sin(angle)}, constant = 0;
    student_t student;
    make_population(run, &stretched, tau, population);
    set_student(u, r, constant, &student);
    ends[0] = 1;
    for (int step = 0; step <= STEPS; step++) {
        const double *now = student.parameters,
                     contrast[2] = {now[2 * ROW] - now[3 * ROW], now[2 * ROW + 1] - now[3 * ROW + 1]};
        ends[1] = fabs(response_cosine(now, stretched.teacher, 2));
        ends[0] = fmin(ends[0], ends[1]);
        if (step % STRIDE == 0)
            table_row(table, (double[]){step * STEP, response_norm(now, 2) / tau, ends[1],
                                        fabs(response_cosine(contrast, stretched.contrast, 2)),
                                        fmin(response_norm(u, 2) / tau, 1e3),
                                        fabs(response_cosine(u, stretched.teacher, 2)),
                                        evaluate(population, &student, NULL, NULL)});
        descend(population, PLANS[plan].freedom, STEP * tau, work, &student);
        grow(population, PLANS[plan].freedom, STEP * tau, &constant, u, r);
    }
}

static void check_runs(experiment_t *run, population_t *population, gsl_vector *work) {
    static const char *const at_least[] = {"HeldLeast", "FreeLeast", "ColdLeast"};
    static const char *const at_last[] = {"HeldLast", "FreeLast", "ColdLast"};
    double ends[RUNS][2];
    for (int plan = 0; plan < RUNS; plan++) {
        follow(run, plan, population, work, ends[plan]);
        experiment_macro(run, at_least[plan], "%.2f", ends[plan][0]);
        experiment_macro(run, at_last[plan], "%.3f", ends[plan][1]);
        experiment_check(run, "soft/law-saddle", "Sigma = diag(1;3): alignment at the end", ends[plan][1],
                         AT_LEAST, 0.95, 0);
    }
    // From alignment cos 1 = 0.54: M turns away from v first, and so it does where tau is too low for the constant.
    experiment_check(run, "soft/law-saddle", "Sigma = diag(1;3): least alignment; sum held", ends[0][0],
                     AT_MOST, 0.2, 0);
    experiment_check(run, "soft/law-saddle", "Sigma = diag(1;3): least alignment; all free", ends[1][0],
                     AT_LEAST, 0.45, 0);
    experiment_check(run, "soft/law-saddle", "Sigma = diag(1;3): least alignment; all free and cold",
                     ends[2][0], AT_MOST, 0.35, 0);
}

static void coupled_saddle(experiment_t *run) {
    experiment_parameter(run, "Condition", "%.0f", CONDITION, "1");
    experiment_parameter(run, "Small", "%.2f", SMALL, "tau");
    experiment_parameter(run, "FigureStart", "%.3f", FIGURE_START, "tau");
    experiment_parameter(run, "Start", "\\num{%.0e}", START, "tau");
    experiment_macro(run, "FigureAlignment", "%.2f", cos(FIGURE_ANGLE));
    experiment_macro(run, "FreeTau", "%g", PLANS[1].tau);
    experiment_macro(run, "ColdTau", "%g", PLANS[2].tau);
    population_t *population = experiment_memory(run, malloc(sizeof *population));
    gsl_vector *work = experiment_memory(run, gsl_vector_alloc(PARAMETERS));
    check_hessian(run, population);
    check_growth(run, population, work);
    check_centred(run);
    check_skewed(run, population, work);
    check_runs(run, population, work);
    gsl_vector_free(work);
    free(population);
    experiment_claim(run, "soft/law-saddle", VERDICT_HOLDS, METHOD_QUADRATURE, "coupled-saddle.csv");
}

int main(int argc, char **argv) {
    static const experiment_plan_t plan = {
        .name = "coupled-saddle",
        .brief = "router and experts together: the symmetric state is a strict saddle",
        .seed = 20260614,
        .run = coupled_saddle};
    return experiment_main(&plan, argc, argv);
}
