// SPDX-License-Identifier: GPL-3.0-or-later
// The soft-hard gap and its temperatures; see gap.h.
#include "routing/gap.h"

#include "routing/boundary_layer.h"
#include "stat/quadrature.h"

#include <float.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_poly.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_roots.h>
#include <math.h>

// int g and int g^2 over the line, g(u) = sigma(-|u|); then int g u^2 = 3 zeta(3) and int g^2 u^2 = 3 zeta(3) - pi^2 / 3.
static const double GATE = 2 * M_LN2, GATE_SQUARED = 2 * M_LN2 - 1;
static const double GATE_SECOND = 3.6061707094787828, GATE_SQUARED_SECOND = 0.31630257578232998;

static double quadratic(const double coefficients[2], double t) {
    return coefficients[0] * t * t + coefficients[1];
}

// ---- The exact gap ----

typedef struct integrand {
    const gap_layer_t *layer;
    double tau; // of w'x: tau / s
} integrand_t;

// Both sides of the interface at the distance t >= 0.
static double gap_integrand(double t, const void *context) {
    const integrand_t *integrand = context;
    const gap_layer_t *layer = integrand->layer;
    const double gate = boundary_layer_gate(t / integrand->tau);
    double sum = 0;
    for (int side = -1; side <= 1; side += 2) {
        const double x = layer->offset + side * t;
        sum += gsl_ran_ugaussian_pdf(x) * (quadratic(layer->lag, x) + gate * quadratic(layer->jump, x));
    }
    return gate * sum;
}

// The size of the numbers that are integrated.
static double scale_of(const gap_layer_t *layer) {
    return fabs(layer->lag[0]) + fabs(layer->lag[1]) + fabs(layer->jump[0]) + fabs(layer->jump[1]);
}

int gap_exact(const gap_layer_t *layer, double tau, gsl_sf_result *result) {
    if (!(tau > 0) || !(layer->slope > 0) || !(fabs(layer->offset) <= 8))
        return GSL_EDOM;
    const double scale = scale_of(layer);
    if (scale == 0) {
        *result = (gsl_sf_result){0, 0};
        return GSL_SUCCESS;
    }
    const integrand_t integrand = {layer, tau / layer->slope};
    // Beyond the distance 48 less than 1e-100 is left. Pieces for the layer, the Gaussian's bulk and its tail.
    const double edge = fmin(40 * integrand.tau, 1), points[] = {0, edge / 8, edge, 12, 48};
    const double tolerance = 1e-14 * scale * fmin(1, integrand.tau);
    return quadrature_integrate(gap_integrand, &integrand, points, 5, fmax(tolerance, DBL_MIN), result);
}

// ---- Laws and bounds ----

double gap_law(const gap_layer_t *layer) {
    const double b = layer->offset;
    return gsl_ran_ugaussian_pdf(b) / layer->slope *
           (GATE * quadratic(layer->lag, b) + GATE_SQUARED * quadratic(layer->jump, b));
}

// The greatest |second derivative| of (p t^2 + q) phi(t) is at most phi(0) (2 |p| + |q|): both t^4 - 5 t^2 + 2 and t^2 - 1,
// times exp(-t^2 / 2), are greatest at 0.
double gap_remainder(const gap_layer_t *layer) {
    const double lag = 2 * fabs(layer->lag[0]) + fabs(layer->lag[1]);
    const double jump = 2 * fabs(layer->jump[0]) + fabs(layer->jump[1]);
    return gsl_ran_ugaussian_pdf(0) / 2 * (GATE_SECOND * lag + GATE_SQUARED_SECOND * jump) /
           gsl_pow_3(layer->slope);
}

// The greatest value of (p t^2 + q) phi(t), p, q >= 0: at 0, or where t^2 = 2 - q / p.
static double greatest(double p, double q) {
    const double square = q < 2 * p ? 2 - q / p : 0;
    return (p * square + q) * exp(-square / 2) * gsl_ran_ugaussian_pdf(0);
}

double gap_ceiling(const gap_layer_t *layer) {
    return (GATE * greatest(fabs(layer->lag[0]), fabs(layer->lag[1])) +
            GATE_SQUARED * greatest(layer->jump[0], layer->jump[1])) /
           layer->slope;
}

double gap_law_temperature(const gap_layer_t *layer, double tolerance) {
    return tolerance / fabs(gap_law(layer));
}

double gap_proven_temperature(const gap_layer_t *layer, double tolerance) {
    const double slope = fabs(gap_law(layer)), cubic = gap_remainder(layer),
                 flat = tolerance / gap_ceiling(layer);
    if (cubic == 0)
        return flat;
    // tau^3 + (slope / cubic) tau = tolerance / cubic has one real root; a little less makes up for rounding.
    double root, none[2];
    gsl_poly_solve_cubic(0, slope / cubic, -tolerance / cubic, &root, &none[0], &none[1]);
    while (slope * root + cubic * gsl_pow_3(root) > tolerance)
        root *= 1 - 4 * DBL_EPSILON;
    return fmax(root, flat);
}

// ---- The root ----

typedef struct excess {
    const gap_layer_t *layer;
    double tolerance, error;
    int status;
} excess_t;

static double excess_at(double log_tau, void *context) {
    excess_t *excess = context;
    gsl_sf_result gap = {GSL_NAN, 0};
    const int status = gap_exact(excess->layer, exp(log_tau), &gap);
    if (status != GSL_SUCCESS)
        excess->status = status;
    excess->error = gap.err;
    return gap.val / excess->tolerance - 1;
}

// The gap where every gate is 1/2: E[D R] / 2 + E[D^2] / 4.
static double warmest(const gap_layer_t *layer) {
    return (layer->lag[0] + layer->lag[1]) / 2 + (layer->jump[0] + layer->jump[1]) / 4;
}

static int find_root(gsl_root_fsolver *solver, excess_t *excess, double low, double high, double *root,
                     double *width) {
    enum { MOST = 200 };
    gsl_function function = {excess_at, excess};
    int status = gsl_root_fsolver_set(solver, &function, low, high);
    for (int i = 0; i < MOST && status == GSL_SUCCESS && excess->status == GSL_SUCCESS; i++) {
        status = gsl_root_fsolver_iterate(solver);
        low = gsl_root_fsolver_x_lower(solver);
        high = gsl_root_fsolver_x_upper(solver);
        if (gsl_root_test_interval(low, high, 1e-14, 1e-14) == GSL_SUCCESS)
            break;
    }
    *root = gsl_root_fsolver_root(solver);
    *width = high - low;
    return excess->status != GSL_SUCCESS ? excess->status : status;
}

int gap_exact_temperature(const gap_layer_t *layer, double tolerance, gsl_sf_result *result) {
    if (!(tolerance > 0) || layer->lag[0] < 0 || layer->lag[1] < 0)
        return GSL_EDOM;
    if (warmest(layer) <= tolerance) {
        *result = (gsl_sf_result){GSL_POSINF, 0};
        return GSL_SUCCESS;
    }
    excess_t excess = {layer, tolerance, 0, GSL_SUCCESS};
    // |L_tau - L_0| <= M tau holds the root above `low`; the gap grows to `warmest`, so some doublings pass it.
    const double low = log(tolerance / gap_ceiling(layer)) - 1e-6;
    double high = low + 1;
    while (high < low + 700 && excess_at(high, &excess) <= 0 && excess.status == GSL_SUCCESS)
        high = low + 2 * (high - low);
    gsl_root_fsolver *solver = gsl_root_fsolver_alloc(gsl_root_fsolver_brent);
    if (solver == NULL)
        return GSL_ENOMEM;
    double root, width;
    const int status = find_root(solver, &excess, low, high, &root, &width);
    gsl_root_fsolver_free(solver);
    if (status != GSL_SUCCESS)
        return status;
    // The error of the gap over its slope in ln tau, by a difference.
    const double step = 1e-3,
                 rise = (excess_at(root + step, &excess) - excess_at(root - step, &excess)) / (2 * step);
    result->val = exp(root);
    result->err = result->val * (width + excess.error / tolerance / rise);
    return excess.status;
}
