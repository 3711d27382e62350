// SPDX-License-Identifier: GPL-3.0-or-later
// Bounds on the gap between soft and hard risk; see gap_bound.h.
#include "routing/gap_bound.h"

#include <acb.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_machine.h>
#include <gsl/gsl_sf_lambert.h>
#include <math.h>
#include <stdbool.h>

enum { PRECISION = 128, MOST_EXPERTS = 1 << 20 };
static const double MOST_ALPHA = 16;
static const double GOAL = 1e-18; // wanted radius of an integral

static bool is_good(size_t experts, double alpha) {
    return experts >= 2 && experts <= MOST_EXPERTS && alpha > 0 && alpha <= MOST_ALPHA;
}

static bool is_problem(const gap_bound_t *problem) {
    return is_good(problem->experts, problem->alpha) && problem->response >= 0 && problem->expert > 0 &&
           problem->mass > 0 && isfinite(problem->response * problem->expert * problem->mass);
}

// -Li_s(-M) for M >= 1.
static void fermi(arb_t result, const arb_t order, size_t losers) {
    acb_t s, z;
    acb_init(s);
    acb_init(z);
    acb_set_arb(s, order);
    acb_set_si(z, -(slong)losers);
    acb_polylog(z, s, z, PRECISION);
    arb_neg(result, acb_realref(z));
    acb_clear(s);
    acb_clear(z);
}

// Gamma(1 + alpha).
static void factorial(arb_t result, double alpha) {
    arb_set_d(result, alpha);
    arb_add_ui(result, result, 1, PRECISION);
    arb_gamma(result, result, PRECISION);
}

// J_0 and J_1.
static void moments(arb_t tail, arb_t spread, size_t experts, double alpha) {
    arb_t order, gamma;
    arb_init(order);
    arb_init(gamma);
    factorial(gamma, alpha);
    arb_set_d(order, alpha);
    fermi(tail, order, experts - 1);
    arb_sub_ui(order, order, 1, PRECISION);
    fermi(spread, order, experts - 1);
    arb_mul(tail, tail, gamma, PRECISION);
    arb_mul(spread, spread, gamma, PRECISION);
    arb_clear(order);
    arb_clear(gamma);
}

static int take(const arb_t x, ball_t *result) {
    if (!arb_is_finite(x))
        return GSL_EFAILED;
    *result = ball_from_arb(x);
    return GSL_SUCCESS;
}

int gap_bound_moments(size_t experts, double alpha, ball_t *tail, ball_t *spread) {
    if (!is_good(experts, alpha))
        return GSL_EDOM;
    arb_t first, second;
    arb_init(first);
    arb_init(second);
    moments(first, second, experts, alpha);
    const bool finite = arb_is_finite(first) && arb_is_finite(second);
    if (finite && tail != NULL)
        *tail = ball_from_arb(first);
    if (finite && spread != NULL)
        *spread = ball_from_arb(second);
    arb_clear(first);
    arb_clear(second);
    return finite ? GSL_SUCCESS : GSL_EFAILED;
}

// ---- Moments by integration ----

typedef struct integrand {
    gap_bound_kernel_t kernel;
    double alpha;
    ulong losers;
} integrand_t;

// z^(1/alpha), analytic for alpha = 1 and 1/2, and off the negative axis.
static void inverse_power(acb_t result, const acb_t z, double alpha, int analytic) {
    const double whole = 1 / alpha;
    if (whole == 1 || whole == 2) {
        acb_pow_ui(result, z, (ulong)whole, PRECISION);
        return;
    }
    if (analytic && arb_contains_zero(acb_imagref(z)) && !arb_is_positive(acb_realref(z))) {
        acb_indeterminate(result);
        return;
    }
    arb_t power, size;
    arb_init(power);
    arb_init(size);
    arb_set_d(power, alpha);
    arb_inv(power, power, PRECISION);
    if (acb_contains_zero(z)) { // no logarithm: all that is known is the size
        mag_t bound;
        mag_init(bound);
        acb_get_mag(bound, z);
        arf_set_mag(arb_midref(size), bound);
        mag_clear(bound);
        arb_pow(size, size, power, PRECISION);
        acb_zero(result);
        acb_add_error_arb(result, size);
    } else {
        acb_pow_arb(result, z, power, PRECISION);
    }
    arb_clear(power);
    arb_clear(size);
}

static void evaluate(acb_t result, const acb_t q, int analytic, const void *context, slong precision) {
    const integrand_t *integrand = context;
    acb_t e, sum;
    acb_init(e);
    acb_init(sum);
    inverse_power(e, q, integrand->alpha, analytic);
    acb_neg(e, e);
    acb_exp(e, e, precision);
    if (integrand->kernel != GAP_BOUND_EXPONENTIAL) {
        acb_mul_ui(e, e, integrand->losers, precision);
        acb_add_ui(sum, e, 1, precision);
        acb_div(e, e, sum, precision); // not finite at a pole
    }
    if (integrand->kernel == GAP_BOUND_SPREAD)
        acb_div(e, e, sum, precision);
    acb_set(result, e);
    acb_clear(e);
    acb_clear(sum);
}

int gap_bound_cut_moment(gap_bound_kernel_t kernel, size_t experts, double alpha, double end,
                         ball_t *moment) {
    if (!is_good(experts, alpha) || !(end > 0))
        return GSL_EDOM;
    const integrand_t integrand = {kernel, alpha, experts - 1};
    const double last = pow(end, alpha);
    ball_t value;
    const int status = ball_integrate(evaluate, &integrand, 0, last, GOAL, &value);
    if (status != GSL_SUCCESS)
        return status;
    // The end was rounded by less than 2 alpha ulp and the integrand is at most 1.
    *moment = (ball_t){value.value, value.radius + 2 * (1 + alpha) * GSL_DBL_EPSILON * last *
                                                       fmin(1, (double)experts * exp(-end))};
    return GSL_SUCCESS;
}

// ---- Bounds ----

// x *= a, for a double.
static void scale(arb_t x, double a) {
    arb_t factor;
    arb_init(factor);
    arb_set_d(factor, a);
    arb_mul(x, x, factor, PRECISION);
    arb_clear(factor);
}

// C Gamma(1 + alpha).
static void layer(arb_t result, const gap_bound_t *problem) {
    factorial(result, problem->alpha);
    scale(result, problem->mass);
}

int gap_bound_layer(const gap_bound_t *problem, ball_t *constant) {
    if (!is_problem(problem))
        return GSL_EDOM;
    arb_t x;
    arb_init(x);
    layer(x, problem);
    const int status = take(x, constant);
    arb_clear(x);
    return status;
}

int gap_bound_stated(const gap_bound_t *problem, ball_t *constant) {
    if (!is_problem(problem))
        return GSL_EDOM;
    arb_t x, y;
    arb_init(x);
    arb_init(y);
    layer(x, problem);
    arb_set_d(y, problem->response);
    arb_mul(y, y, x, PRECISION);
    scale(x, problem->expert);
    arb_add(x, x, y, PRECISION);
    scale(x, 4 * problem->expert);
    arb_mul_ui(x, x, problem->experts - 1, PRECISION);
    const int status = take(x, constant);
    arb_clear(x);
    arb_clear(y);
    return status;
}

// 4 B_f C (a J_0 + b J_1).
static int combine(const gap_bound_t *problem, double a, double b, ball_t *constant) {
    if (!is_problem(problem))
        return GSL_EDOM;
    arb_t tail, spread;
    arb_init(tail);
    arb_init(spread);
    moments(tail, spread, problem->experts, problem->alpha);
    scale(tail, a);
    scale(spread, b);
    arb_add(tail, tail, spread, PRECISION);
    scale(tail, 4 * problem->expert);
    scale(tail, problem->mass);
    const int status = take(tail, constant);
    arb_clear(tail);
    arb_clear(spread);
    return status;
}

// B, which makes the pointwise bound rise with the tail; rounded up.
static double effective_response(const gap_bound_t *problem) {
    const double least = (1 - 2 / (double)problem->experts) * problem->expert;
    return problem->response >= least ? problem->response : nextafter(least, INFINITY);
}

int gap_bound_sharp(const gap_bound_t *problem, ball_t *constant) {
    return combine(problem, effective_response(problem), problem->expert, constant);
}

int gap_bound_at(const gap_bound_t *problem, double tau, ball_t *bound) {
    if (!is_problem(problem) || !(tau > 0))
        return GSL_EDOM;
    const double end = pow(problem->mass, -1 / problem->alpha) / tau;
    ball_t tail, spread;
    int status = gap_bound_cut_moment(GAP_BOUND_TAIL, problem->experts, problem->alpha, end, &tail);
    if (status == GSL_SUCCESS)
        status = gap_bound_cut_moment(GAP_BOUND_SPREAD, problem->experts, problem->alpha, end, &spread);
    if (status != GSL_SUCCESS)
        return status;
    const double factor = 4 * problem->expert * problem->mass * pow(tau, problem->alpha);
    const double response = effective_response(problem);
    const double value = factor * (response * tail.value + problem->expert * spread.value);
    // Beside the radii, some roundings; those of the end of the law grow with the exponent of its power of C.
    const double units = 16 * (1 + problem->alpha) + fabs(log(problem->mass));
    *bound = (ball_t){value, factor * (response * tail.radius + problem->expert * spread.radius) +
                                 units * GSL_DBL_EPSILON * value};
    return GSL_SUCCESS;
}

int gap_bound_realisable(const gap_bound_t *problem, ball_t *constant) {
    return combine(problem, problem->expert, -problem->expert, constant);
}

double gap_bound_temperature(const ball_t *constant, double alpha, double tolerance) {
    arb_t x, power;
    arf_t low;
    arb_init(x);
    arb_init(power);
    arf_init(low);
    arb_set_d(x, constant->value);
    arb_set_d(power, constant->radius);
    arb_add(x, x, power, PRECISION);
    arb_set_d(power, tolerance);
    arb_div(x, power, x, PRECISION);
    arb_set_d(power, alpha);
    arb_inv(power, power, PRECISION);
    arb_pow(x, x, power, PRECISION);
    arb_get_lbound_arf(low, x, PRECISION);
    const double tau = arf_get_d(low, ARF_RND_DOWN);
    arb_clear(x);
    arb_clear(power);
    arf_clear(low);
    return tau;
}

double gap_bound_most(const gap_bound_t *problem) {
    const double p = 1 - 1 / (double)problem->experts;
    return 4 * problem->expert * p * (effective_response(problem) + problem->expert * (1 - p));
}

double gap_bound_coarea(const gap_bound_t *problem) {
    return 4 * problem->expert * (problem->response + problem->expert) * (double)(problem->experts - 1) *
           (problem->mass + 1);
}

double gap_bound_coarea_range(double delta) {
    return delta < exp(-1) ? exp(gsl_sf_lambert_Wm1(-delta)) : INFINITY;
}

int gap_bound_limit(double alpha, double jump, const gap_bound_side_t sides[2], ball_t *limit) {
    if (!is_good(2, alpha))
        return GSL_EDOM;
    arb_t tail, squared;
    arb_init(tail);
    arb_init(squared);
    moments(tail, squared, 2, alpha);
    arb_sub(squared, tail, squared, PRECISION);
    scale(squared, jump * jump * (sides[0].mass + sides[1].mass));
    scale(tail, 2 * jump * (sides[0].mass * sides[0].residual - sides[1].mass * sides[1].residual));
    arb_add(tail, tail, squared, PRECISION);
    const int status = take(tail, limit);
    arb_clear(tail);
    arb_clear(squared);
    return status;
}
