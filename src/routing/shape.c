// SPDX-License-Identifier: GPL-3.0-or-later
// A patch of an interface, pushed along its normal; see shape.h.
#include "routing/shape.h"

#include <gsl/gsl_deriv.h>
#include <gsl/gsl_math.h>
#include <math.h>

static const double NORMAL_STEP = 1e-3; // of the difference along the normal, where inputs have unit scale

void shape_point(const interface_t *interface, double u, double x[2]) {
    const double *shape = interface->shape;
    switch (interface->kind) {
    case INTERFACE_LINE:
        x[0] = shape[2] * shape[0] - u * shape[1];
        x[1] = shape[2] * shape[1] + u * shape[0];
        break;
    case INTERFACE_CIRCLE:
        x[0] = shape[0] + shape[2] * cos(u);
        x[1] = shape[1] + shape[2] * sin(u);
        break;
    case INTERFACE_CUBIC:
    default:
        x[0] = u;
        x[1] = (shape[0] * u * u + shape[1]) * u + shape[2];
    }
}

double shape_speed(const interface_t *interface, double u) {
    const double *shape = interface->shape;
    switch (interface->kind) {
    case INTERFACE_LINE:
        return 1;
    case INTERFACE_CIRCLE:
        return shape[2];
    case INTERFACE_CUBIC:
    default:
        return hypot(1, 3 * shape[0] * u * u + shape[1]);
    }
}

double shape_curvature(const interface_t *interface, double u) {
    const double *shape = interface->shape;
    switch (interface->kind) {
    case INTERFACE_LINE:
        return 0;
    case INTERFACE_CIRCLE:
        return -1 / shape[2]; // Omega_1 is outside, so n points to the centre
    case INTERFACE_CUBIC:
    default:
        return 6 * shape[0] * u / gsl_pow_3(shape_speed(interface, u));
    }
}

void shape_normal(const interface_t *interface, const double x[2], double normal[2]) {
    double gradient[2];
    interface_gradient(interface, x, gradient);
    const double length = hypot(gradient[0], gradient[1]);
    normal[0] = -gradient[0] / length;
    normal[1] = -gradient[1] / length;
}

double shape_bump_value(double u, const void *bump) {
    const shape_bump_t *self = bump;
    const double z = (2 * u - self->ends[0] - self->ends[2]) / (self->ends[2] - self->ends[0]);
    const double room = 1 - z * z;
    if (room <= 0)
        return 0;
    return self->size * exp(1 - 1 / room) * (self->turns ? u - self->ends[1] : 1);
}

double shape_bump_size(double u, const void *bump) {
    return fabs(shape_bump_value(u, bump));
}

// What the three integrals are made of.
typedef struct integrand {
    const interface_t *interface;
    const shape_field_t *field;
    const shape_contrast_t *contrast;
    shape_side_t side;
    double shift;
} integrand_t;

static interface_function_t swept(const integrand_t *all, double velocity) {
    return velocity * (int)all->side > 0 ? all->contrast->gained : all->contrast->lost;
}

static double first(double u, const void *context) {
    const integrand_t *all = context;
    const double velocity = all->field->value(u, all->field->context);
    double x[2];
    shape_point(all->interface, u, x);
    return velocity * swept(all, velocity)(x, all->contrast->context) * shape_speed(all->interface, u);
}

// q along the normal through a point of the patch.
typedef struct ray {
    double start[2], normal[2];
    interface_function_t q;
    const void *context;
} ray_t;

static double along(double t, void *context) {
    const ray_t *ray = context;
    const double x[2] = {ray->start[0] + t * ray->normal[0], ray->start[1] + t * ray->normal[1]};
    return ray->q(x, ray->context);
}

static double second(double u, const void *context) {
    const integrand_t *all = context;
    const double velocity = all->field->value(u, all->field->context);
    ray_t ray = {.q = swept(all, velocity), .context = all->contrast->context};
    shape_point(all->interface, u, ray.start);
    shape_normal(all->interface, ray.start, ray.normal);
    gsl_function function = {along, &ray};
    double slope, error;
    gsl_deriv_central(&function, 0, NORMAL_STEP, &slope, &error);
    const double bend = shape_curvature(all->interface, u) * along(0, &ray);
    return velocity * velocity * (slope + bend) * shape_speed(all->interface, u);
}

static double gated(double u, const void *context) {
    const integrand_t *all = context;
    const double velocity = all->field->value(u, all->field->context);
    double x[2], gradient[2];
    shape_point(all->interface, u, x);
    interface_gradient(all->interface, x, gradient);
    const double gate = 1 / (1 + exp(-hypot(gradient[0], gradient[1]) * all->shift * velocity));
    const void *inner = all->contrast->context;
    const double mean = gate * all->contrast->gained(x, inner) + (1 - gate) * all->contrast->lost(x, inner);
    return velocity * mean * shape_speed(all->interface, u);
}

static int integrate(quadrature_function_t f, const integrand_t *all, double tolerance,
                     gsl_sf_result *result) {
    return quadrature_integrate(f, all, all->field->cuts, all->field->count, tolerance, result);
}

int shape_first(const interface_t *interface, const shape_field_t *field, const shape_contrast_t *contrast,
                shape_side_t side, double tolerance, gsl_sf_result *result) {
    const integrand_t all = {interface, field, contrast, side, 0};
    return integrate(first, &all, tolerance, result);
}

int shape_second(const interface_t *interface, const shape_field_t *field, const shape_contrast_t *contrast,
                 shape_side_t side, double tolerance, gsl_sf_result *result) {
    const integrand_t all = {interface, field, contrast, side, 0};
    return integrate(second, &all, tolerance, result);
}

int shape_gated(const interface_t *interface, const shape_field_t *field, const shape_contrast_t *contrast,
                double shift, double tolerance, gsl_sf_result *result) {
    const integrand_t all = {interface, field, contrast, SHAPE_RIGHT, shift};
    return integrate(gated, &all, tolerance, result);
}
