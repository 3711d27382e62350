// SPDX-License-Identifier: GPL-3.0-or-later
// Two experts in the plane on either side of a moving interface; see two_phase.h.
#include "routing/two_phase.h"

#include "routing/score_map.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_integration.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>
#include <math.h>

enum { RULE = 12, FIXED_POINTS = 60 };

static double density(const double x[2]) {
    return gsl_ran_ugaussian_pdf(x[0]) * gsl_ran_ugaussian_pdf(x[1]);
}

static double expert(const two_phase_t *model, int k, const double x[2]) {
    return score_map_value(SCORE_MAP_AFFINE, 2, model->expert[k], x);
}

static double target(const two_phase_t *model, int side, const double x[2]) {
    return score_map_value(SCORE_MAP_QUADRATIC, 2, model->target[side], x);
}

// (5.7) times the density, with the target of one side.
static double contrast(const two_phase_t *model, int side, const double x[2]) {
    const double mu = target(model, side, x);
    return (gsl_pow_2(expert(model, 0, x) - mu) - gsl_pow_2(expert(model, 1, x) - mu)) * density(x);
}

static double contrast_lost(const double x[2], const void *context) {
    return contrast(context, 0, x);
}

static double contrast_gained(const double x[2], const void *context) {
    return contrast(context, 1, x);
}

shape_contrast_t two_phase_contrast(const two_phase_t *model) {
    return (shape_contrast_t){contrast_gained, contrast_lost, model};
}

double two_phase_jump(const double x[2], const void *context) {
    const two_phase_t *model = context;
    const double experts = expert(model, 0, x) - expert(model, 1, x);
    return 2 * experts * (target(model, 0, x) - target(model, 1, x)) * density(x);
}

// ---- Coordinates (u, v) of an interface, v rising into Omega_1: along and across a line, angle and radius, x_1 and x_2 ----

static void locate(const interface_t *interface, const double x[2], double place[2]) {
    const double *shape = interface->shape;
    switch (interface->kind) {
    case INTERFACE_LINE:
        place[0] = -shape[1] * x[0] + shape[0] * x[1];
        place[1] = shape[0] * x[0] + shape[1] * x[1];
        break;
    case INTERFACE_CIRCLE:
        place[0] = atan2(x[1] - shape[1], x[0] - shape[0]);
        place[1] = hypot(x[1] - shape[1], x[0] - shape[0]);
        break;
    case INTERFACE_CUBIC:
    default:
        place[0] = x[0];
        place[1] = x[1];
    }
}

// The point at (u, v). Returns the area element.
static double point_at(const interface_t *interface, double u, double v, double x[2]) {
    const double *shape = interface->shape;
    switch (interface->kind) {
    case INTERFACE_LINE:
        x[0] = v * shape[0] - u * shape[1];
        x[1] = v * shape[1] + u * shape[0];
        return 1;
    case INTERFACE_CIRCLE:
        x[0] = shape[0] + v * cos(u);
        x[1] = shape[1] + v * sin(u);
        return v;
    case INTERFACE_CUBIC:
    default:
        x[0] = u;
        x[1] = v;
        return 1;
    }
}

static double height_of(const interface_t *interface, double u) {
    double x[2], place[2];
    shape_point(interface, u, x);
    locate(interface, x, place);
    return place[1];
}

// A column of the strip at u.
typedef struct column {
    const two_phase_t *model;
    const shape_field_t *field;
    double epsilon, window; // of the hard risk
    double shift, tau;      // of the soft one
    gsl_integration_glfixed_table *rule;
} column_t;

// The place of the point that was pushed from u: x + eps phi(x) n(x).
static void push(const column_t *column, double u, double place[2]) {
    double x[2], normal[2];
    shape_point(&column->model->interface, u, x);
    shape_normal(&column->model->interface, x, normal);
    const double step = column->epsilon * column->field->value(u, column->field->context);
    x[0] += step * normal[0];
    x[1] += step * normal[1];
    locate(&column->model->interface, x, place);
}

// The v at which the moved interface passes over u: where the point pushed from some u' near u arrives, a fixed point.
static double moved_height(const column_t *column, double u) {
    double source = u, place[2];
    push(column, source, place);
    for (int i = 0; i < FIXED_POINTS && fabs(place[0] - u) > GSL_DBL_EPSILON; i++) {
        source -= place[0] - u;
        push(column, source, place);
    }
    return place[1];
}

static double hard_column(double u, const void *context) {
    const column_t *column = context;
    const two_phase_t *model = column->model;
    const double wall = height_of(&model->interface, u), moved = moved_height(column, u);
    const double cuts[4] = {wall - column->window, fmin(wall, moved), fmax(wall, moved),
                            wall + column->window};
    double sum = 0;
    for (int piece = 0; piece < 3; piece++)
        for (size_t i = 0; i < RULE; i++) {
            double v, weight, x[2];
            gsl_integration_glfixed_point(cuts[piece], cuts[piece + 1], i, &v, &weight, column->rule);
            const double area = point_at(&model->interface, u, v, x);
            const double residual = target(model, v > wall ? 0 : 1, x) - expert(model, v > moved ? 0 : 1, x);
            sum += weight * area * residual * residual * density(x);
        }
    return sum;
}

// d/d eps of the squared error at x, of the gate's logit lifted by eps times `lift`.
static double soft_integrand(const column_t *column, const double x[2], int side, double lift) {
    const two_phase_t *model = column->model;
    const double score = interface_score(&model->interface, x) / column->tau + column->shift * lift;
    const double tail = exp(-fabs(score)), gate = (score > 0 ? 1 : tail) / (1 + tail);
    const double first = expert(model, 0, x), second = expert(model, 1, x);
    const double residual = target(model, side, x) - second - gate * (first - second);
    const double slope = tail / gsl_pow_2(1 + tail) * lift / column->tau;
    return -2 * residual * (first - second) * slope * density(x);
}

static double soft_column(double u, const void *context) {
    // Multiples of tau, fine where the gate turns and where mu jumps.
    static const double cuts[] = {-38, -26, -18, -12, -8, -5, -3, -1.5, 0, 1.5, 3, 5, 8, 12, 18, 26, 38};
    enum { PIECES = sizeof cuts / sizeof *cuts - 1 };
    const column_t *column = context;
    const interface_t *interface = &column->model->interface;
    const double wall = height_of(interface, u), unit = column->tau / interface->slope;
    double x[2], gradient[2], sum = 0;
    shape_point(interface, u, x);
    interface_gradient(interface, x, gradient);
    const double lift = column->field->value(u, column->field->context) * hypot(gradient[0], gradient[1]);
    for (int piece = 0; piece < PIECES; piece++)
        for (size_t i = 0; i < RULE; i++) {
            double v, weight;
            gsl_integration_glfixed_point(wall + unit * cuts[piece], wall + unit * cuts[piece + 1], i, &v,
                                          &weight, column->rule);
            if (interface->kind == INTERFACE_CIRCLE && v <= 0)
                continue; // beyond the centre, where the gate is shut
            const double area = point_at(interface, u, v, x);
            sum += weight * area * soft_integrand(column, x, v > wall ? 0 : 1, lift);
        }
    return sum;
}

static int integrate(quadrature_function_t f, column_t *column, double tolerance, gsl_sf_result *result) {
    column->rule = gsl_integration_glfixed_table_alloc(RULE);
    if (column->rule == NULL)
        return GSL_ENOMEM;
    const shape_field_t *field = column->field;
    const int status = quadrature_integrate(f, column, field->cuts, field->count, tolerance, result);
    gsl_integration_glfixed_table_free(column->rule);
    return status;
}

int two_phase_hard_risk(const two_phase_t *model, const shape_field_t *field, double epsilon, double window,
                        double tolerance, gsl_sf_result *result) {
    column_t column = {.model = model, .field = field, .epsilon = epsilon, .window = window};
    return integrate(hard_column, &column, tolerance, result);
}

int two_phase_soft_slope(const two_phase_t *model, const shape_field_t *field, double shift, double tau,
                         double tolerance, gsl_sf_result *result) {
    column_t column = {.model = model, .field = field, .shift = shift, .tau = tau};
    return integrate(soft_column, &column, tolerance, result);
}
