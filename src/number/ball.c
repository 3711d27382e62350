// SPDX-License-Identifier: GPL-3.0-or-later
// Certified integrals; see ball.h.
#include "number/ball.h"

#include <acb_calc.h>
#include <gsl/gsl_errno.h>
#include <math.h>

// 128 bits leave a reserve of 75 bits over a double for cancellation inside the integrand.
enum { PRECISION = 128 };

// acb_calc wants a function of its own shape.
typedef struct call {
    ball_integrand_t f;
    const void *context;
} call_t;

static int evaluate(acb_ptr result, const acb_t z, void *parameter, slong order, slong precision) {
    const call_t *call = parameter;
    // Only function values are asked for: order 1 comes with the demand that they be analytic.
    call->f(result, z, order != 0, call->context, precision);
    return 0;
}

ball_t ball_from_arb(const arb_t x) {
    arb_t rest;
    arf_t bound;
    arb_init(rest);
    arf_init(bound);
    ball_t result = {.value = arf_get_d(arb_midref(x), ARF_RND_NEAR)};
    arb_set_d(rest, result.value);
    arb_sub(rest, x, rest, PRECISION);
    arb_get_abs_ubound_arf(bound, rest, 53);
    result.radius = arf_get_d(bound, ARF_RND_UP);
    arf_clear(bound);
    arb_clear(rest);
    return result;
}

int ball_integrate(ball_integrand_t f, const void *context, double low, double high, double goal,
                   ball_t *result) {
    acb_t a, b, integral;
    mag_t tolerance;
    acb_init(a);
    acb_init(b);
    acb_init(integral);
    mag_init(tolerance);
    acb_set_d(a, low);
    acb_set_d(b, high);
    mag_set_d(tolerance, goal / 4);
    call_t call = {f, context};
    // The verdict of acb_calc_integrate says whether the goal was met; the enclosure is valid in any case.
    acb_calc_integrate(integral, evaluate, &call, a, b, PRECISION, tolerance, NULL, PRECISION);
    const ball_t enclosure = ball_from_arb(acb_realref(integral));
    acb_clear(a);
    acb_clear(b);
    acb_clear(integral);
    mag_clear(tolerance);
    if (!isfinite(enclosure.value) || !isfinite(enclosure.radius))
        return GSL_EFAILED;
    *result = enclosure;
    return GSL_SUCCESS;
}
