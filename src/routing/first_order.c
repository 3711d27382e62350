// SPDX-License-Identifier: GPL-3.0-or-later
// The soft-hard gap of two experts near zero temperature; see first_order.h.
#include "routing/first_order.h"

#include "stat/quadrature.h"

#include <float.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_sf_zeta.h>
#include <math.h>

// Level sets farther than LAYER temperatures are left out: sigma(-40) < 5e-18.
static const double LAYER = 40;

double first_order_moment(int power, int gates) {
    const double single[] = {M_LN2, M_PI * M_PI / 12, 1.5 * gsl_sf_zeta_int(3)};
    // sigma(-u)^2 = sigma(-u) + d/du sigma(-u), and by parts.
    const double less[] = {0.5, M_LN2, M_PI * M_PI / 6};
    return gates == 1 ? single[power] : single[power] - less[power];
}

typedef struct moment {
    int power, gates;
} moment_t;

// u^power sigma(-u)^gates, with exp(-u): small where the interval is wide.
static void moment_ball(acb_t result, const acb_t u, int analytic, const void *context, slong precision) {
    (void)analytic; // a quotient of entire functions: where it is not analytic the division is not finite
    const moment_t *moment = context;
    acb_t gate, rest;
    acb_init(gate);
    acb_init(rest);
    acb_neg(gate, u);
    acb_exp(gate, gate, precision);
    acb_add_ui(rest, gate, 1, precision);
    acb_div(gate, gate, rest, precision);
    acb_pow_ui(gate, gate, (ulong)moment->gates, precision);
    acb_pow_ui(result, u, (ulong)moment->power, precision);
    acb_mul(result, result, gate, precision);
    acb_clear(gate);
    acb_clear(rest);
}

int first_order_moment_certified(int power, int gates, ball_t *result) {
    // Beyond CUT the integrand is below u^2 exp(-u), of integral 4226 exp(-64) < 1e-24.
    enum { CUT = 64 };
    static const double left_out = 1e-24;
    if (power < 0 || power > 2 || gates < 1 || gates > 2)
        return GSL_EINVAL;
    const moment_t moment = {power, gates};
    ball_t ball;
    const int status = ball_integrate(moment_ball, &moment, 0, CUT, 1e-20, &ball);
    if (status != GSL_SUCCESS)
        return status;
    ball.radius += left_out + ball.radius * DBL_EPSILON; // the sum rounded up
    *result = ball;
    return GSL_SUCCESS;
}

// ---- Integrands on a level set ----

typedef struct level {
    const first_order_t *problem;
    first_order_profile_t profile;
    int side;    // 0 where S > 0, 1 where S < 0
    double gate; // sigma(-|S|/tau)
} level_t;

static double contrast_at(const first_order_t *problem, const double x[2]) {
    return problem->expert[0](x, problem->context) - problem->expert[1](x, problem->context);
}

static double profile_integrand(const double x[2], const void *context) {
    const level_t *level = context;
    const first_order_t *problem = level->problem;
    const double density = problem->density(x, problem->context);
    const double first = problem->expert[0](x, problem->context);
    const double second = problem->expert[1](x, problem->context), contrast = first - second;
    if (level->profile == FIRST_ORDER_CONTRAST)
        return contrast * contrast * density;
    const double mean = problem->target[level->profile](x, problem->context);
    return contrast * (2 * mean - first - second) * density;
}

static double constant_integrand(const double x[2], const void *context) {
    const first_order_t *problem = context;
    const double contrast = contrast_at(problem, x);
    const double jump = problem->target[0](x, problem->context) - problem->target[1](x, problem->context);
    return contrast * (2 * M_LN2 * jump - contrast) * problem->density(x, problem->context);
}

// The excess of the soft over the hard squared error: with the hard expert f and the other one f', h_tau - f is
// gate (f' - f).
static double excess_integrand(const double x[2], const void *context) {
    const level_t *level = context;
    const first_order_t *problem = level->problem;
    const double hard = problem->expert[level->side](x, problem->context);
    const double step = level->gate * (problem->expert[1 - level->side](x, problem->context) - hard);
    const double mean = problem->target[level->side](x, problem->context);
    return step * (step - 2 * (mean - hard)) * problem->density(x, problem->context);
}

// ---- Constants ----

int first_order_profile(const first_order_t *problem, first_order_profile_t profile, double level,
                        double tolerance, gsl_sf_result *result) {
    const level_t at = {.problem = problem, .profile = profile};
    return interface_level_integral(problem->interface, level, profile_integrand, &at, problem->reach,
                                    tolerance, result);
}

int first_order_constant(const first_order_t *problem, double tolerance, gsl_sf_result *result) {
    return interface_level_integral(problem->interface, 0, constant_integrand, problem, problem->reach,
                                    tolerance, result);
}

// The central difference of Q_+ + Q_- over [-step, step].
static int central_difference(const first_order_t *problem, double step, double tolerance,
                              gsl_sf_result *result) {
    gsl_sf_result sum = {0, 0};
    for (int side = -1; side <= 1; side += 2)
        for (first_order_profile_t q = FIRST_ORDER_ABOVE; q <= FIRST_ORDER_BELOW; q++) {
            gsl_sf_result value;
            const int status = first_order_profile(problem, q, side * step, tolerance, &value);
            if (status != GSL_SUCCESS)
                return status;
            sum.val += side * value.val / (2 * step);
            sum.err += value.err / (2 * step);
        }
    *result = sum;
    return GSL_SUCCESS;
}

int first_order_second(const first_order_t *problem, double step, double tolerance, gsl_sf_result *result) {
    if (!(step > 0))
        return GSL_EDOM;
    gsl_sf_result difference[3]; // over step, step/2, step/4: errors in even powers of the step
    for (int i = 0; i < 3; i++) {
        const int status = central_difference(problem, ldexp(step, -i), tolerance, &difference[i]);
        if (status != GSL_SUCCESS)
            return status;
    }
    const double coarse = (4 * difference[1].val - difference[0].val) / 3;
    const double fine = (4 * difference[2].val - difference[1].val) / 3;
    const double best = (16 * fine - coarse) / 15, factor = M_PI * M_PI / 12;
    result->val = factor * best;
    result->err = factor * (fabs(best - fine) + 2 * difference[2].err);
    return GSL_SUCCESS;
}

// ---- The gap ----

typedef struct layer {
    const first_order_t *problem;
    double tau, tolerance;
    int *status; // of the level integrals: the first that is not GSL_SUCCESS
} layer_t;

// Both sides together, at the distance t from the interface.
static double layer_integrand(double t, const void *context) {
    const layer_t *layer = context;
    const double e = exp(-t / layer->tau);
    double sum = 0;
    for (int side = 0; side < 2; side++) {
        const level_t at = {.problem = layer->problem, .side = side, .gate = e / (1 + e)};
        gsl_sf_result value;
        const int status =
            interface_level_integral(layer->problem->interface, side == 0 ? t : -t, excess_integrand, &at,
                                     layer->problem->reach, layer->tolerance, &value);
        if (status != GSL_SUCCESS) {
            *layer->status = status;
            return 0;
        }
        sum += value.val;
    }
    return sum;
}

int first_order_gap(const first_order_t *problem, double tau, double tolerance, gsl_sf_result *result) {
    if (!(tau > 0) || !(tolerance > 0))
        return GSL_EDOM;
    int inner = GSL_SUCCESS;
    // Half of the tolerance for the outer integral, half for the level sets over the length of the layer.
    const layer_t layer = {problem, tau, tolerance / (4 * LAYER * tau), &inner};
    double points[4] = {0, 8 * tau, LAYER * tau, LAYER * tau};
    // Inside a circle the level sets end at the centre.
    const interface_t *interface = problem->interface;
    const double centre =
        interface->kind == INTERFACE_CIRCLE ? interface->slope * interface->shape[2] / 2 : HUGE_VAL;
    if (centre < points[1]) {
        points[2] = points[1];
        points[1] = centre;
    } else if (centre < points[2])
        points[2] = centre;
    gsl_sf_result value;
    const int status = quadrature_integrate(layer_integrand, &layer, points, 4, tolerance / 2, &value);
    if (inner != GSL_SUCCESS || status != GSL_SUCCESS)
        return inner != GSL_SUCCESS ? inner : status;
    *result = (gsl_sf_result){value.val, value.err + tolerance / 2};
    return GSL_SUCCESS;
}
