// SPDX-License-Identifier: GPL-3.0-or-later
// The boundary layer of a two-expert router under Gaussian inputs; see boundary_layer.h.
#include "routing/boundary_layer.h"

#include "stat/quadrature.h"

#include <float.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>
#include <math.h>

// The integrals are cut at distance REACH from the interface: with |b| <= 8 what is left out is below
// 2 int_{40}^inf s^4 phi(s) ds <= 2 int_{40}^inf exp(-s^2/4) ds <= (4/40) exp(-400) < 1e-174.
static const double REACH = 48;
static const double LEFT_OUT = 1e-174;

double boundary_layer_gate(double u) {
    const double e = exp(-fabs(u));
    return e / (1 + e);
}

// The integrand in the distance t >= 0 from the interface, both sides together.
typedef struct moment {
    const double *tau;
    size_t count;
    double offset;
    int power;
} moment_t;

static double moment_integrand(double t, const void *context) {
    const moment_t *moment = context;
    double gates = 1;
    for (size_t i = 0; i < moment->count; i++)
        gates *= gsl_pow_2(boundary_layer_gate(t / moment->tau[i]));
    const double right = moment->offset + t, left = moment->offset - t;
    return gates * (gsl_pow_int(right, moment->power) * gsl_ran_ugaussian_pdf(right) +
                    gsl_pow_int(left, moment->power) * gsl_ran_ugaussian_pdf(left));
}

static int check_moment(const double *tau, size_t count, double offset, int power) {
    if (count < 1 || count > BOUNDARY_LAYER_MAX_GATES || power < 0 || power > 4 || !(fabs(offset) <= 8))
        return GSL_EINVAL;
    for (size_t i = 0; i < count; i++)
        if (!(tau[i] > 0))
            return GSL_EDOM;
    return GSL_SUCCESS;
}

int boundary_layer_moment(const double *tau, size_t count, double offset, int power, gsl_sf_result *result) {
    const int status = check_moment(tau, count, offset, power);
    if (status != GSL_SUCCESS)
        return status;
    double rate = 0; // the gates fall like exp(-2 t rate)
    for (size_t i = 0; i < count; i++)
        rate += 1 / tau[i];
    const moment_t moment = {tau, count, offset, power};
    // One piece for the layer, one for the Gaussian's bulk, one for its tail.
    const double layer = fmin(20 / rate, 1), points[] = {0, layer, 12, REACH};
    return quadrature_integrate(moment_integrand, &moment, points, 4, 1e-14, result);
}

// result *= x^power phi(x), phi the standard normal density.
static void multiply_by_density(acb_t result, const acb_t x, int power, slong precision) {
    acb_t factor;
    acb_init(factor);
    acb_pow_ui(factor, x, (ulong)power, precision);
    acb_mul(result, result, factor, precision);
    acb_mul(factor, x, x, precision);
    acb_mul_2exp_si(factor, factor, -1);
    acb_neg(factor, factor);
    acb_exp(factor, factor, precision);
    acb_mul(result, result, factor, precision);
    acb_const_pi(factor, precision);
    acb_mul_2exp_si(factor, factor, 1);
    acb_sqrt(factor, factor, precision);
    acb_div(result, result, factor, precision);
    acb_clear(factor);
}

// result *= (1 + exp(t / tau))^-2, written with exp(-t / tau): that is small away from the interface, where a ball around
// it cannot reach -1 however wide it is. At the interface the division notices the poles.
static void multiply_by_gate(acb_t result, const acb_t t, double tau, slong precision) {
    acb_t gate;
    acb_init(gate);
    acb_set_d(gate, tau);
    acb_div(gate, t, gate, precision);
    acb_neg(gate, gate);
    acb_exp(gate, gate, precision);
    for (int i = 0; i < 2; i++)
        acb_mul(result, result, gate, precision);
    acb_add_ui(gate, gate, 1, precision);
    for (int i = 0; i < 2; i++)
        acb_div(result, result, gate, precision);
    acb_clear(gate);
}

static void moment_ball(acb_t result, const acb_t t, int analytic, const void *context, slong precision) {
    (void)analytic; // a quotient of entire functions: where it is not analytic the division is not finite
    const moment_t *moment = context;
    acb_t side, x;
    acb_init(side);
    acb_init(x);
    acb_zero(result);
    for (int sign = -1; sign <= 1; sign += 2) {
        acb_set_d(x, moment->offset);
        if (sign > 0)
            acb_add(x, x, t, precision);
        else
            acb_sub(x, x, t, precision);
        acb_one(side);
        multiply_by_density(side, x, moment->power, precision);
        acb_add(result, result, side, precision);
    }
    for (size_t i = 0; i < moment->count; i++)
        multiply_by_gate(result, t, moment->tau[i], precision);
    acb_clear(side);
    acb_clear(x);
}

int boundary_layer_moment_certified(const double *tau, size_t count, double offset, int power,
                                    ball_t *result) {
    int status = check_moment(tau, count, offset, power);
    if (status != GSL_SUCCESS)
        return status;
    const moment_t moment = {tau, count, offset, power};
    ball_t ball;
    status = ball_integrate(moment_ball, &moment, 0, REACH, 1e-18, &ball);
    if (status != GSL_SUCCESS)
        return status;
    ball.radius += LEFT_OUT + ball.radius * DBL_EPSILON; // the sum rounded up
    *result = ball;
    return GSL_SUCCESS;
}

double boundary_layer_slope(double offset, double along_squared, double tangent) {
    return 2 * (M_LN2 - 0.5) * gsl_ran_ugaussian_pdf(offset) * (along_squared * offset * offset + tangent);
}

int boundary_layer_gap(double tau, double offset, double along_squared, double tangent,
                       gsl_sf_result *result) {
    gsl_sf_result m0, m2;
    int status = boundary_layer_moment(&tau, 1, offset, 0, &m0);
    if (status == GSL_SUCCESS)
        status = boundary_layer_moment(&tau, 1, offset, 2, &m2);
    if (status != GSL_SUCCESS)
        return status;
    result->val = along_squared * m2.val + tangent * m0.val;
    result->err = along_squared * m2.err + tangent * m0.err;
    return GSL_SUCCESS;
}

int boundary_layer_covariance(const double tau[2], double offset, double along_squared, double tangent,
                              gsl_sf_result *result) {
    gsl_sf_result m[3], gap[2];
    int status = GSL_SUCCESS;
    for (int i = 0; i < 3 && status == GSL_SUCCESS; i++)
        status = boundary_layer_moment(tau, 2, offset, 2 * i, &m[i]);
    for (int i = 0; i < 2 && status == GSL_SUCCESS; i++)
        status = boundary_layer_gap(tau[i], offset, along_squared, tangent, &gap[i]);
    if (status != GSL_SUCCESS)
        return status;
    const double a2 = along_squared, c = tangent;
    result->val = a2 * a2 * m[2].val + 6 * a2 * c * m[1].val + 3 * c * c * m[0].val - gap[0].val * gap[1].val;
    result->err = a2 * a2 * m[2].err + 6 * a2 * c * m[1].err + 3 * c * c * m[0].err +
                  fabs(gap[0].val) * gap[1].err + fabs(gap[1].val) * gap[0].err;
    return GSL_SUCCESS;
}
