// SPDX-License-Identifier: GPL-3.0-or-later
// The mass of a slab around an interface in the plane; see slab.h.
#include "routing/slab.h"

#include "stat/gaussian.h"
#include "stat/quadrature.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>
#include <math.h>

enum { PIECES = 8 };
static const double FAR = 9;           // widths of a Gaussian
static const double TOLERANCE = 1e-13; // absolute

static double bell_density(const slab_bell_t *bell, const double x[2]) {
    return bell->weight * gsl_ran_gaussian_pdf(x[0] - bell->centre[0], bell->width) *
           gsl_ran_gaussian_pdf(x[1] - bell->centre[1], bell->width);
}

double slab_density(const double x[2], const void *input) {
    const slab_input_t *mixture = input;
    double sum = 0;
    for (size_t i = 0; i < mixture->count; i++)
        sum += bell_density(&mixture->bells[i], x);
    return sum;
}

double slab_reach(const slab_input_t *input) {
    double reach = 0;
    for (size_t i = 0; i < input->count; i++) {
        const slab_bell_t *bell = &input->bells[i];
        reach = fmax(reach, hypot(bell->centre[0], bell->centre[1]) + FAR * bell->width);
    }
    return reach;
}

// ---- Derivatives along the flow ----

typedef struct flow {
    const interface_t *interface;
    const slab_input_t *input;
    int order;
} flow_t;

// (V . grad)^order of one Gaussian at x. Along a line or a cubic u is the distance from its centre across, in widths
// squared; on a circle of radius rho, (V . grad) q = (r / s) (1 / rho) dq/drho.
static double bell_along(const flow_t *flow, const slab_bell_t *bell, const double x[2]) {
    const double *shape = flow->interface->shape, slope = flow->interface->slope;
    const double precision = 1 / (bell->width * bell->width), q = bell_density(bell, x);
    if (flow->interface->kind == INTERFACE_CIRCLE) {
        const double out[2] = {x[0] - shape[0], x[1] - shape[1]}, rho = hypot(out[0], out[1]);
        const double along =
            (out[0] * (shape[0] - bell->centre[0]) + out[1] * (shape[1] - bell->centre[1])) / (rho * rho);
        const double first = -(along + 1) * precision, scale = shape[2] / slope;
        return flow->order == 1 ? scale * q * first
                                : scale * scale * q * (first * first + along * precision / (rho * rho));
    }
    const int line = flow->interface->kind == INTERFACE_LINE;
    const double normal[2] = {line ? shape[0] : 0, line ? shape[1] : 1};
    const double u =
        precision * (normal[0] * (x[0] - bell->centre[0]) + normal[1] * (x[1] - bell->centre[1]));
    return flow->order == 1 ? -q * u / slope : q * (u * u - precision) / (slope * slope);
}

static double along_flow(const double x[2], const void *context) {
    const flow_t *flow = context;
    double sum = 0;
    for (size_t i = 0; i < flow->input->count; i++)
        sum += bell_along(flow, &flow->input->bells[i], x);
    return sum;
}

int slab_profile(const interface_t *interface, const slab_input_t *input, double level, int order,
                 gsl_sf_result *result) {
    if (order < 0 || order > 2)
        return GSL_EINVAL;
    const flow_t flow = {interface, input, order};
    // A derivative is larger, by the slope and the width of the Gaussians, and cancels along the level set.
    const double scale = fmax(1, pow(interface->slope, -order - 1)) * pow(100, order);
    return interface_level_integral(interface, level, order == 0 ? slab_density : along_flow,
                                    order == 0 ? (const void *)input : &flow, slab_reach(input),
                                    TOLERANCE * scale, result);
}

// ---- Road 1: over the levels ----

// A slab, with the first error that its profile met.
typedef struct levels {
    const interface_t *interface;
    const slab_input_t *input;
    int *status;
} levels_t;

static double profile_at(double level, const void *context) {
    const levels_t *levels = context;
    gsl_sf_result value;
    const int status = slab_profile(levels->interface, levels->input, level, 0, &value);
    if (status == GSL_SUCCESS)
        return value.val;
    *levels->status = status;
    return 0;
}

int slab_mass_by_levels(const interface_t *interface, const slab_input_t *input, double low, double high,
                        gsl_sf_result *result) {
    int inner = GSL_SUCCESS;
    const levels_t levels = {interface, input, &inner};
    // The profile of a circle jumps to 0 at the level of its centre.
    const double jump =
        interface->kind == INTERFACE_CIRCLE ? -interface->slope * interface->shape[2] / 2 : low;
    const double points[] = {low, fmin(fmax(jump, low), high), high};
    gsl_sf_result mass;
    const int status = quadrature_integrate(profile_at, &levels, points, 3, 10 * TOLERANCE, &mass);
    if (status != GSL_SUCCESS || inner != GSL_SUCCESS)
        return status != GSL_SUCCESS ? status : inner;
    *result = mass;
    return GSL_SUCCESS;
}

// ---- Road 2: over chords ----

typedef struct chord {
    const interface_t *interface;
    const slab_bell_t *bell;
    double middle, half; // cubic: the interval of ordinates above a x^3 + b x + c
    double radius;       // circle: of the disc
} chord_t;

// A normal law's mass in an interval of ordinates.
static double ordinates(const slab_bell_t *bell, double middle, double half) {
    return gaussian_slab_mass((middle - bell->centre[1]) / bell->width, half / bell->width);
}

static double cubic_chord(double x, const void *context) {
    const chord_t *chord = context;
    const double *shape = chord->interface->shape;
    const double height = (shape[0] * x * x + shape[1]) * x + shape[2];
    return gsl_ran_gaussian_pdf(x - chord->bell->centre[0], chord->bell->width) *
           ordinates(chord->bell, height + chord->middle, chord->half);
}

// At the abscissa c_1 + R sin(angle), which makes the end of the disc smooth.
static double disc_chord(double angle, const void *context) {
    const chord_t *chord = context;
    const double *shape = chord->interface->shape;
    const double half = chord->radius * cos(angle), x = shape[0] + chord->radius * sin(angle);
    return gsl_ran_gaussian_pdf(x - chord->bell->centre[0], chord->bell->width) * half *
           ordinates(chord->bell, shape[1], half);
}

static int integrate_chords(quadrature_function_t f, const chord_t *chord, double low, double high,
                            gsl_sf_result *result) {
    double points[PIECES + 1];
    for (int i = 0; i <= PIECES; i++)
        points[i] = i == PIECES ? high : low + (high - low) * i / PIECES;
    return quadrature_integrate(f, chord, points, PIECES + 1, TOLERANCE, result);
}

// The mass of a Gaussian in the disc {S <= level}.
static int disc_mass(chord_t *chord, double level, gsl_sf_result *result) {
    const double radius = chord->interface->shape[2];
    const double square = radius * (radius + 2 * level / chord->interface->slope);
    *result = (gsl_sf_result){0, 0};
    if (!(square > 0))
        return GSL_SUCCESS;
    chord->radius = sqrt(square);
    return integrate_chords(disc_chord, chord, -M_PI_2, M_PI_2, result);
}

static int line_mass(const chord_t *chord, gsl_sf_result *result) {
    const double *shape = chord->interface->shape;
    const slab_bell_t *bell = chord->bell;
    const double place = shape[2] + chord->middle - shape[0] * bell->centre[0] - shape[1] * bell->centre[1];
    result->val = gaussian_slab_mass(place / bell->width, chord->half / bell->width);
    result->err = 1e-13 * result->val;
    return GSL_SUCCESS;
}

static int bell_mass(const interface_t *interface, const slab_bell_t *bell, double low, double high,
                     gsl_sf_result *result) {
    const double middle = (low + high) / 2 / interface->slope, half = (high - low) / 2 / interface->slope;
    chord_t chord = {interface, bell, middle, half, 0};
    if (interface->kind == INTERFACE_LINE)
        return line_mass(&chord, result);
    if (interface->kind == INTERFACE_CUBIC)
        return integrate_chords(cubic_chord, &chord, bell->centre[0] - FAR * bell->width,
                                bell->centre[0] + FAR * bell->width, result);
    gsl_sf_result outer, inner;
    int status = disc_mass(&chord, high, &outer);
    if (status == GSL_SUCCESS)
        status = disc_mass(&chord, low, &inner);
    if (status == GSL_SUCCESS)
        *result = (gsl_sf_result){outer.val - inner.val, outer.err + inner.err};
    return status;
}

int slab_mass_by_chords(const interface_t *interface, const slab_input_t *input, double low, double high,
                        gsl_sf_result *result) {
    gsl_sf_result sum = {0, 0};
    for (size_t i = 0; i < input->count; i++) {
        gsl_sf_result part;
        const int status = bell_mass(interface, &input->bells[i], low, high, &part);
        if (status != GSL_SUCCESS)
            return status;
        sum.val += input->bells[i].weight * part.val;
        sum.err += input->bells[i].weight * part.err;
    }
    *result = sum;
    return GSL_SUCCESS;
}
