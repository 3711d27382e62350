// SPDX-License-Identifier: GPL-3.0-or-later
// The gradient of the risk in the router, by five roads.
//
// CLAIM (Soft-to-Hard Routing, section 6.2)
//   soft/eq-6.1-6.2  grad L(u) = -(4/tau) E[(Y - h) p_1 p_2 (f_1 - f_2) X] with the gate p_1 = sigma(2u'X/tau)
//
// DERIVATION. dp_1/du = (2/tau) p_1 p_2 X and h = p_1 f_1 + p_2 f_2 make dh/du = (2/tau) p_1 p_2 (f_1 - f_2) X. The formula is
// evaluated as printed, over the nodes of a rule for arbitrary affine experts, and compared with differences of order 8 of
// the risk over the same nodes, with the analytic gradient of routing/mixture.h (a softmax over the logits u'x and -u'x),
// with the one-dimensional integrals of routing/pair_router.h where the experts allow it, and with sampling. With the gate
// sigma(u'x/tau) the formula is not the derivative.
#include "io/experiment.h"
#include "routing/correlated_router.h"
#include "routing/mixture.h"
#include "stat/plane_rule.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <math.h>
#include <stdlib.h>

enum { MOST = RESPONSE_MAX_DIMENSION, MC_DIMENSION = 6 };
enum { GRADIENTS = 60, QUICK_GRADIENTS = 4 }; // populations with arbitrary experts
enum { ANGLES = 64, RADII = 64, NODES = 2 * ANGLES * RADII };
static const uint64_t SAMPLES = 2000000, QUICK_SAMPLES = 100000;
static const double TAU = 0.2, STRENGTH = 0.25; // temperature; eps, the student's contrast over the teacher's
static const double CONDITION = 25;             // of Sigma, at most
static const double MAX_Z = 4;

// A population on the nodes of a rule, and a student: w_1, b_1, w_2, b_2.
typedef struct student {
    double tau, expert[2][3];
    double x[2 * NODES], weight[NODES], target[NODES];
} student_t;

//[core
// The gate of section 6.1, sigma(2u'x/tau).
static double gate(const double *u, const double *x, double tau) {
    return 1 / (1 + exp(-2 * response_dot(u, x, 2) / tau));
}

static double expert(const student_t *student, int k, const double *x) {
    return response_dot(student->expert[k], x, 2) + student->expert[k][2];
}

// (6.2) as printed.
static void formula(const student_t *student, const double *u, double gradient[2]) {
    gradient[0] = gradient[1] = 0;
    for (size_t i = 0; i < NODES; i++) {
        const double *x = student->x + 2 * i, p = gate(u, x, student->tau);
        const double f1 = expert(student, 0, x), f2 = expert(student, 1, x);
        const double factor = -4 / student->tau * student->weight[i] *
                              (student->target[i] - p * f1 - (1 - p) * f2) * p * (1 - p) * (f1 - f2);
        gradient[0] += factor * x[0];
        gradient[1] += factor * x[1];
    }
}
//]core

static double risk(const student_t *student, const double *u) {
    double sum = 0;
    for (size_t i = 0; i < NODES; i++) {
        const double *x = student->x + 2 * i, p = gate(u, x, student->tau);
        sum += student->weight[i] *
               gsl_pow_2(student->target[i] - p * expert(student, 0, x) - (1 - p) * expert(student, 1, x));
    }
    return sum;
}

// The derivative along an axis by central differences of order 8.
static double difference(const student_t *student, const double *u, int axis, double h) {
    static const double weights[] = {4.0 / 5, -1.0 / 5, 4.0 / 105, -1.0 / 280};
    double sum = 0;
    for (int k = 1; k <= 4; k++) {
        double ahead[2] = {u[0], u[1]}, behind[2] = {u[0], u[1]};
        ahead[axis] += k * h;
        behind[axis] -= k * h;
        sum += weights[k - 1] * (risk(student, ahead) - risk(student, behind));
    }
    return sum / h;
}

// The same student as a mixture with the rows u and -u: the gradient in u is the difference of those of the rows.
static void mixture_gradient(experiment_t *run, const student_t *student, const double *u,
                             double gradient[2]) {
    const mixture_t mixture = {2, 2, SCORE_MAP_AFFINE, SCORE_MAP_AFFINE};
    const mixture_nodes_t nodes = {NODES, student->x, student->weight, student->target, 0};
    double parameters[12] = {u[0], u[1], 0, -u[0], -u[1], 0};
    for (int k = 0; k < 6; k++)
        parameters[6 + k] = student->expert[k / 3][k % 3];
    gsl_vector *all = experiment_memory(run, gsl_vector_alloc(12));
    mixture_risk(&mixture, parameters, student->tau, &nodes, all, NULL);
    for (size_t i = 0; i < 2; i++)
        gradient[i] = gsl_vector_get(all, i) - gsl_vector_get(all, 3 + i);
    gsl_vector_free(all);
}

// Y = m + S D/2 on the nodes, with m affine.
static void make_population(experiment_t *run, const response_model_t *model, const double m[3],
                            student_t *student) {
    const double covariance[3] = {model->covariance[0], model->covariance[1], model->covariance[3]};
    experiment_require(run,
                       plane_rule(covariance, model->teacher, 1, ANGLES, RADII, student->x, student->weight),
                       "rule in the plane");
    for (size_t i = 0; i < NODES; i++) {
        const double *x = student->x + 2 * i;
        student->target[i] =
            response_dot(m, x, 2) + m[2] +
            copysign(0.5, response_dot(model->teacher, x, 2)) * response_dot(model->contrast, x, 2);
    }
}

static void make_router(experiment_t *run, const response_model_t *model, double strength,
                        correlated_router_t *router) {
    experiment_require(run, correlated_router_make(model, strength, TAU, router), "router");
}

// With the gate sigma(u'x/tau), in the risk as in (6.2), (6.2) is not the derivative. That gate is ours at u/2, so a step
// of u there is half a step of ours. Returns the deviation from differences over the gradient that these find.
static double slow_gate_deviation(const student_t *student, const double *u) {
    const double half[2] = {u[0] / 2, u[1] / 2};
    double printed[2], off = 0, size = 0;
    formula(student, half, printed);
    for (int axis = 0; axis < 2; axis++) {
        const double found = difference(student, half, axis, 0.0025 * TAU) / 2;
        off = fmax(off, fabs(printed[axis] - found));
        size = fmax(size, fabs(found));
    }
    return off / size;
}

static void check_gradients(experiment_t *run) {
    static const char *const names[] = {"gradient (6.2) against differences of order 8 of the risk",
                                        "gradient (6.2) against the gradient of routing/mixture",
                                        "gradient (6.2) against one-dimensional integrals"};
    const int cases = experiment_quick(run) ? QUICK_GRADIENTS : GRADIENTS;
    student_t *student = experiment_memory(run, malloc(sizeof *student));
    static const char *const roads[] = {"differences of order 8", "analytic gradient of the mixture",
                                        "one-dimensional integrals"};
    static const table_column_t columns[] = {{"road", "text", NULL, ""},
                                             {"deviation", "1", "%.0e", "\\num{%.0e}"}};
    table_t *table = experiment_table(
        run, "", "largest deviation of (6.2) from other roads, in units of risk/tau", columns, 2, 3);
    double worst[3] = {0}, slow_gate = HUGE_VAL;
    for (int i = 0; i < cases; i++) {
        stream_t stream = experiment_stream(run, (uint32_t)i);
        response_model_t model;
        correlated_router_t router;
        double normals[11], got[2], other[2], u[2];
        response_draw(&stream, 2, CONDITION, &model);
        stream_normals(&stream, normals, 11);
        make_population(run, &model, normals, student);
        student->tau = TAU;
        for (int k = 0; k < 6; k++)
            student->expert[k / 3][k % 3] = normals[3 + k];
        for (int k = 0; k < 2; k++)
            u[k] = 0.3 * TAU * normals[9 + k];
        const double scale = risk(student, u) / TAU;
        formula(student, u, got);
        mixture_gradient(run, student, u, other);
        for (int axis = 0; axis < 2; axis++) {
            worst[0] = fmax(worst[0], fabs(got[axis] - difference(student, u, axis, 0.005 * TAU)) / scale);
            worst[1] = fmax(worst[1], fabs(got[axis] - other[axis]) / scale);
        }
        slow_gate = fmin(slow_gate, slow_gate_deviation(student, u));
        // Experts m +- eps d'x/2, for which there is a third road.
        for (int k = 0; k < 3; k++) {
            const double half = k < 2 ? 0.5 * STRENGTH * model.contrast[k] : 0;
            student->expert[0][k] = normals[k] + half;
            student->expert[1][k] = normals[k] - half;
        }
        make_router(run, &model, STRENGTH, &router);
        formula(student, u, got);
        correlated_router_force(&router, u, other);
        for (int axis = 0; axis < 2; axis++)
            worst[2] = fmax(worst[2], fabs(got[axis] + other[axis]) / scale);
    }
    free(student);
    experiment_check(run, "soft/eq-6.1-6.2",
                     "gate without the 2: least deviation from differences over gradient", slow_gate,
                     AT_LEAST, 0.1, 0);
    experiment_macro(run, "SlowGate", "%.2f", slow_gate);
    for (int k = 0; k < 3; k++) {
        experiment_check(run, "soft/eq-6.1-6.2", names[k], worst[k], AT_MOST, 1e-8, 0);
        table_text(table, roads[k]);
        table_real(table, worst[k]);
    }
    experiment_macro_integer(run, "Gradients", cases);
}

// The terms of (6.2) in more dimensions, sampled.
typedef struct sampled {
    response_model_t model;
    correlated_router_t router;
    double u[MOST];
} sampled_t;

static int sample_gradient(const montecarlo_block_t *block, const void *context) {
    const sampled_t *sampled = context;
    double x[MC_DIMENSION];
    stream_normals(block->stream, block->work, block->count * MC_DIMENSION);
    for (size_t i = 0; i < block->count; i++) {
        response_apply(sampled->router.root, block->work + i * MC_DIMENSION, MC_DIMENSION, x);
        const double contrast = response_dot(sampled->model.contrast, x, MC_DIMENSION);
        const double p = 1 / (1 + exp(-2 * response_dot(sampled->u, x, MC_DIMENSION) / TAU));
        const double residual =
            copysign(0.5 * contrast, contrast * response_dot(sampled->model.teacher, x, MC_DIMENSION)) -
            (p - 0.5) * STRENGTH * contrast;
        for (size_t k = 0; k < MC_DIMENSION; k++)
            block->samples[i * MC_DIMENSION + k] =
                -4 / TAU * residual * p * (1 - p) * STRENGTH * contrast * x[k];
    }
    return GSL_SUCCESS;
}

static void check_by_sampling(experiment_t *run) {
    sampled_t sampled;
    double expected[MOST], most = 0;
    stream_t stream = experiment_stream(run, stream_experiment("sampled"));
    response_draw(&stream, MC_DIMENSION, CONDITION, &sampled.model);
    make_router(run, &sampled.model, STRENGTH, &sampled.router);
    stream_normals(&stream, sampled.u, MC_DIMENSION);
    for (int k = 0; k < MC_DIMENSION; k++)
        sampled.u[k] *= TAU;
    correlated_router_force(&sampled.router, sampled.u, expected);
    moments_t *moments =
        experiment_montecarlo(run, "gradient", experiment_quick(run) ? QUICK_SAMPLES : SAMPLES, MC_DIMENSION,
                              MONTECARLO_BLOCK * MC_DIMENSION, sample_gradient, &sampled);
    for (size_t k = 0; k < MC_DIMENSION; k++) {
        const gsl_sf_result mean = moments_estimate(moments, k);
        const double z = fabs(mean.val + expected[k]) / mean.err;
        most = fmax(most, z);
        experiment_check(run, "soft/eq-6.1-6.2", "z of the gradient: integrals against (6.2) sampled", z,
                         AT_MOST, MAX_Z, 0);
    }
    moments_free(moments);
    experiment_macro(run, "SampledZ", "%.1f", most);
}

static void router_gradient(experiment_t *run) {
    experiment_parameter(run, "Tau", "%.1f", TAU, "1");
    experiment_parameter(run, "Condition", "%.0f", CONDITION, "1");
    check_gradients(run);
    check_by_sampling(run);
    experiment_claim(run, "soft/eq-6.1-6.2", VERDICT_HOLDS, METHOD_QUADRATURE, "router-gradient.csv");
}

int main(int argc, char **argv) {
    static const experiment_plan_t plan = {.name = "router-gradient",
                                           .brief = "the gradient of the risk in the router, by five roads",
                                           .seed = 20260613,
                                           .run = router_gradient};
    return experiment_main(&plan, argc, argv);
}
