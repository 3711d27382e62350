// SPDX-License-Identifier: GPL-3.0-or-later
// Interfaces of two experts in the plane, and integrals over their level sets; see interface.h.
#include "routing/interface.h"

#include "stat/quadrature.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <math.h>
#include <stdbool.h>

// A curve within reach is cut into PIECES, so that the 61-point rule sees a Gaussian of a width of reach / 100.
enum { PIECES = 8 };
enum { BISECTIONS = 64 };

double interface_score(const interface_t *interface, const double x[2]) {
    const double *shape = interface->shape;
    switch (interface->kind) {
    case INTERFACE_LINE:
        return interface->slope * (shape[0] * x[0] + shape[1] * x[1] - shape[2]);
    case INTERFACE_CIRCLE: {
        // The difference of two squares as a product: no cancellation on the circle itself.
        const double distance = hypot(x[0] - shape[0], x[1] - shape[1]);
        return interface->slope * (distance - shape[2]) * (distance + shape[2]) / (2 * shape[2]);
    }
    case INTERFACE_CUBIC:
    default:
        return interface->slope * (x[1] - ((shape[0] * x[0] * x[0] + shape[1]) * x[0] + shape[2]));
    }
}

void interface_gradient(const interface_t *interface, const double x[2], double gradient[2]) {
    const double *shape = interface->shape;
    switch (interface->kind) {
    case INTERFACE_LINE:
        gradient[0] = interface->slope * shape[0];
        gradient[1] = interface->slope * shape[1];
        break;
    case INTERFACE_CIRCLE:
        gradient[0] = interface->slope * (x[0] - shape[0]) / shape[2];
        gradient[1] = interface->slope * (x[1] - shape[1]) / shape[2];
        break;
    case INTERFACE_CUBIC:
    default:
        gradient[0] = -interface->slope * (3 * shape[0] * x[0] * x[0] + shape[1]);
        gradient[1] = interface->slope;
    }
}

// A level set {S = t} with its parameter u, and the function to be integrated.
typedef struct curve {
    const interface_t *interface;
    double place; // line: distance from the origin along w;  circle: radius;  cubic: c + t / s
    bool by_arc;  // weigh by the arc element, otherwise by that over |grad S|
    interface_function_t q;
    const void *context;
} curve_t;

static double cubic_height(const curve_t *curve, double u) {
    const double *shape = curve->interface->shape;
    return (shape[0] * u * u + shape[1]) * u + curve->place;
}

// The point at u: arc length on a line, angle on a circle, abscissa on a cubic.
static void curve_point(const curve_t *curve, double u, double x[2]) {
    const double *shape = curve->interface->shape;
    switch (curve->interface->kind) {
    case INTERFACE_LINE:
        x[0] = curve->place * shape[0] - u * shape[1];
        x[1] = curve->place * shape[1] + u * shape[0];
        break;
    case INTERFACE_CIRCLE:
        x[0] = shape[0] + curve->place * cos(u);
        x[1] = shape[1] + curve->place * sin(u);
        break;
    case INTERFACE_CUBIC:
    default:
        x[0] = u;
        x[1] = cubic_height(curve, u);
    }
}

// The arc element dH / du.
static double curve_speed(const curve_t *curve, double u) {
    const double *shape = curve->interface->shape;
    switch (curve->interface->kind) {
    case INTERFACE_LINE:
        return 1;
    case INTERFACE_CIRCLE:
        return curve->place;
    case INTERFACE_CUBIC:
    default:
        return hypot(1, 3 * shape[0] * u * u + shape[1]);
    }
}

// The arc element over |grad S|, which does not depend on u: |grad S| is s on a line, s R / r on the circle of radius R
// and s times the arc element on a cubic.
static double curve_coarea(const curve_t *curve) {
    const interface_t *interface = curve->interface;
    return (interface->kind == INTERFACE_CIRCLE ? interface->shape[2] : 1) / interface->slope;
}

static double curve_integrand(double u, const void *context) {
    const curve_t *curve = context;
    double x[2];
    curve_point(curve, u, x);
    return curve->q(x, curve->context) * (curve->by_arc ? curve_speed(curve, u) : curve_coarea(curve));
}

// Appends the ends of the PIECES equal parts of [points[*count - 1], high].
static void append_pieces(double *points, size_t *count, double high) {
    const double low = points[*count - 1];
    for (int i = 1; i <= PIECES; i++)
        points[(*count)++] = i == PIECES ? high : low + (high - low) * i / PIECES;
}

// The whole circle, cut where it enters and leaves the reach around the direction from its centre to the origin.
static size_t circle_points(const curve_t *curve, double reach, double *points) {
    const double *shape = curve->interface->shape;
    const double distance = hypot(shape[0], shape[1]), radius = curve->place;
    const double towards = distance > 0 ? atan2(-shape[1], -shape[0]) : 0;
    const double product = 2 * distance * radius;
    const double excess = (distance - radius) * (distance - radius) - reach * reach; // of product (cos - 1)
    const double half = product + excess <= -product ? M_PI
                        : excess >= 0                ? 0
                                                     : 2 * asin(sqrt(-excess / (2 * product)));
    size_t count = 0;
    points[count++] = towards - M_PI;
    if (half < M_PI)
        points[count++] = towards - half;
    append_pieces(points, &count, towards + half);
    if (half < M_PI)
        points[count++] = towards + M_PI;
    return count;
}

// The abscissa in [low, high] where the height, monotone between them, is `height`; it crosses it there.
static double cubic_crossing(const curve_t *curve, double low, double high, double height) {
    const bool rising = cubic_height(curve, low) < height;
    for (int i = 0; i < BISECTIONS; i++) {
        const double middle = low + (high - low) / 2;
        if ((cubic_height(curve, middle) < height) == rising)
            low = middle;
        else
            high = middle;
    }
    return low + (high - low) / 2;
}

// The part of a monotone arc [low, high] of a cubic with |y| <= reach, cut into pieces and integrated.
static int integrate_monotone(const curve_t *curve, double low, double high, double reach, double tolerance,
                              gsl_sf_result *sum) {
    const double start = cubic_height(curve, low), end = cubic_height(curve, high);
    if (!(low < high) || fmin(start, end) > reach || fmax(start, end) < -reach)
        return GSL_SUCCESS;
    const double from = fabs(start) > reach ? cubic_crossing(curve, low, high, copysign(reach, start)) : low;
    const double to = fabs(end) > reach ? cubic_crossing(curve, low, high, copysign(reach, end)) : high;
    double points[PIECES + 1] = {from};
    size_t count = 1;
    append_pieces(points, &count, fmax(from, to));
    gsl_sf_result part;
    const int status = quadrature_integrate(curve_integrand, curve, points, count, tolerance, &part);
    if (status == GSL_SUCCESS) {
        sum->val += part.val;
        sum->err += part.err;
    }
    return status;
}

// A cubic is monotone between its extrema.
static int integrate_cubic(const curve_t *curve, double reach, double tolerance, gsl_sf_result *result) {
    const double *shape = curve->interface->shape;
    const double square = shape[0] == 0 ? -1 : -shape[1] / (3 * shape[0]);
    const double turn = square > 0 && square < reach * reach ? sqrt(square) : 0;
    const double ends[] = {-reach, -turn, turn, reach};
    gsl_sf_result sum = {0, 0};
    for (int i = 0; i < 3; i++) {
        const int status = integrate_monotone(curve, ends[i], ends[i + 1], reach, tolerance / 3, &sum);
        if (status != GSL_SUCCESS)
            return status;
    }
    *result = sum;
    return GSL_SUCCESS;
}

static int integrate_circle(const curve_t *curve, double reach, double tolerance, gsl_sf_result *result) {
    double points[PIECES + 3];
    const size_t count = circle_points(curve, reach, points);
    return quadrature_integrate(curve_integrand, curve, points, count, tolerance, result);
}

static int integrate_line(const curve_t *curve, double reach, double tolerance, gsl_sf_result *result) {
    const double half = sqrt((reach - curve->place) * (reach + curve->place));
    double points[PIECES + 1] = {-half};
    size_t count = 1;
    append_pieces(points, &count, half);
    return quadrature_integrate(curve_integrand, curve, points, count, tolerance, result);
}

static int integrate(const interface_t *interface, double level, interface_function_t q, const void *context,
                     double reach, double tolerance, bool by_arc, gsl_sf_result *result) {
    const bool round = interface->kind == INTERFACE_CIRCLE;
    const double size = interface->shape[2], shift = level / interface->slope;
    if (!(interface->slope > 0) || !(reach > 0) || !(tolerance > 0) || !isfinite(shift) ||
        (round && !(size > 0)))
        return GSL_EINVAL;
    curve_t curve = {interface, size + shift, by_arc, q, context};
    if (interface->kind == INTERFACE_CUBIC)
        return integrate_cubic(&curve, reach, tolerance, result);
    if (round ? !(size + 2 * shift > 0) : !(fabs(curve.place) < reach)) {
        *result = (gsl_sf_result){0, 0};
        return GSL_SUCCESS;
    }
    if (!round)
        return integrate_line(&curve, reach, tolerance, result);
    curve.place = sqrt(size * (size + 2 * shift));
    return integrate_circle(&curve, reach, tolerance, result);
}

int interface_level_integral(const interface_t *interface, double level, interface_function_t q,
                             const void *context, double reach, double tolerance, gsl_sf_result *result) {
    return integrate(interface, level, q, context, reach, tolerance, false, result);
}

int interface_arc_integral(const interface_t *interface, double level, interface_function_t q,
                           const void *context, double reach, double tolerance, gsl_sf_result *result) {
    return integrate(interface, level, q, context, reach, tolerance, true, result);
}
