// SPDX-License-Identifier: GPL-3.0-or-later
// Closed forms for Gaussian inputs and half-spaces; see gaussian.h.
#include "stat/gaussian.h"

#include "stat/quadrature.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_integration.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>
#include <math.h>

static const double THIN = 0.25; // half-width of a slab over which the density is nearly a polynomial

// int_{-w}^{w} phi(centre + x) dx by a Gauss-Legendre rule.
static int integrate_thin(double centre, double w, double *mass) {
    enum { NODES = 12 };
    gsl_integration_glfixed_table *rule = gsl_integration_glfixed_table_alloc(NODES);
    if (rule == NULL)
        return GSL_ENOMEM;
    double sum = 0;
    for (size_t i = 0; i < NODES; i++) {
        double x, weight;
        gsl_integration_glfixed_point(-w, w, i, &x, &weight, rule);
        sum += weight * gsl_ran_ugaussian_pdf(centre + x);
    }
    gsl_integration_glfixed_table_free(rule);
    *mass = sum;
    return GSL_SUCCESS;
}

double gaussian_slab_mass(double b, double w) {
    const double centre = fabs(b);
    if (centre <= w) // both sides of 0 are inside: two parts of equal sign
        return 0.5 * (erf((centre + w) * M_SQRT1_2) + erf((w - centre) * M_SQRT1_2));
    if (w <= THIN) {
        // The difference of two nearly equal tails would cancel; 12 Gauss points are exact to rounding here.
        double mass = 0;
        if (integrate_thin(centre, w, &mass) == GSL_SUCCESS)
            return mass;
    }
    return gsl_cdf_ugaussian_Q(centre - w) - gsl_cdf_ugaussian_Q(centre + w);
}

static double owens_integrand(double x, const void *context) {
    const double h = *(const double *)context;
    return exp(-0.5 * h * h * (1 + x * x)) / (2 * M_PI * (1 + x * x));
}

int gaussian_owens_t(double h, double a, gsl_sf_result *result) {
    // The integrand falls within 9/|h|, which a rule over a great interval would not see.
    const double end = fabs(a),
                 points[] = {0, fmin(end, 1), fmin(end, fmax(1, 9 / fmax(fabs(h), 1e-300))), end};
    gsl_sf_result positive;
    const int status = quadrature_integrate(owens_integrand, &h, points, 4, 1e-15, &positive);
    if (status != GSL_SUCCESS)
        return status;
    result->val = copysign(positive.val, a);
    result->err = positive.err;
    return GSL_SUCCESS;
}

static void owens_ball(acb_t result, const acb_t x, int analytic, const void *context, slong precision) {
    (void)analytic; // the only poles are at +-i, and the division sees them
    const double h = *(const double *)context;
    acb_t square, exponent, factor;
    acb_init(square);
    acb_init(exponent);
    acb_init(factor);
    acb_mul(square, x, x, precision);
    acb_add_ui(square, square, 1, precision);
    acb_set_d(factor, h);
    acb_mul(factor, factor, factor, precision); // h^2 exactly: the square of a double needs 106 bits
    acb_mul(exponent, square, factor, precision);
    acb_mul_2exp_si(exponent, exponent, -1);
    acb_neg(exponent, exponent);
    acb_exp(result, exponent, precision);
    acb_div(result, result, square, precision);
    acb_const_pi(factor, precision);
    acb_mul_2exp_si(factor, factor, 1);
    acb_div(result, result, factor, precision);
    acb_clear(square);
    acb_clear(exponent);
    acb_clear(factor);
}

int gaussian_owens_t_certified(double h, double a, ball_t *result) {
    ball_t positive;
    const int status = ball_integrate(owens_ball, &h, 0, fabs(a), 1e-18, &positive);
    if (status != GSL_SUCCESS)
        return status;
    result->value = copysign(positive.value, a);
    result->radius = positive.radius;
    return GSL_SUCCESS;
}

int gaussian_flip_probability(double b, double epsilon, gsl_sf_result *result) {
    gsl_sf_result t;
    const int status = gaussian_owens_t(b / sqrt(1 + epsilon * epsilon), epsilon, &t);
    if (status != GSL_SUCCESS)
        return status;
    result->val = 2 * t.val;
    result->err = 2 * t.err;
    return GSL_SUCCESS;
}
