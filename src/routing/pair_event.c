// SPDX-License-Identifier: GPL-3.0-or-later
// The two sides of (3.6) for one pair of experts; see pair_event.h.
#include "routing/pair_event.h"

#include <arb.h>
#include <gsl/gsl_errno.h>
#include <math.h>

enum { FIRST_PRECISION = 128, LAST_PRECISION = 1 << 16 };

static bool is_admissible(const double logits[2], double tau, double epsilon) {
    return isfinite(logits[0]) && isfinite(logits[1]) && tau > 0 && isfinite(tau) && epsilon > 0 &&
           epsilon < 0.5;
}

// exp(logit / tau).
static void set_exponential(arb_t result, double logit, double tau, slong precision) {
    arb_t divisor;
    arb_init(divisor);
    arb_set_d(divisor, tau);
    arb_set_d(result, logit);
    arb_div(result, result, divisor, precision);
    arb_exp(result, result, precision);
    arb_clear(divisor);
}

// Decides whether `low` <= x <= `high` for a ball x and exact numbers; false when the ball is too wide for it.
static bool decide(const arb_t x, const arb_t low, const arb_t high, bool *inside) {
    if (arb_gt(x, low) && arb_lt(x, high)) {
        *inside = true;
        return true;
    }
    if (arb_lt(x, low) || arb_gt(x, high)) {
        *inside = false;
        return true;
    }
    return false;
}

int pair_event_gate(const double logits[2], double tau, double epsilon, bool *inside) {
    if (!is_admissible(logits, tau, epsilon))
        return GSL_EINVAL;
    arb_t first, second, low, high;
    arb_init(first);
    arb_init(second);
    arb_init(low);
    arb_init(high);
    arb_set_d(low, epsilon);
    arb_sub_si(high, low, 1, ARF_PREC_EXACT);
    arb_neg(high, high);
    bool decided = false;
    for (slong precision = FIRST_PRECISION; !decided && precision <= LAST_PRECISION; precision *= 2) {
        set_exponential(first, logits[0], tau, precision);
        set_exponential(second, logits[1], tau, precision);
        arb_add(second, first, second, precision);
        arb_div(first, first, second, precision);
        decided = decide(first, low, high, inside);
    }
    arb_clear(first);
    arb_clear(second);
    arb_clear(low);
    arb_clear(high);
    return decided ? GSL_SUCCESS : GSL_EFAILED;
}

int pair_event_slab(const double logits[2], double tau, double epsilon, bool *inside) {
    if (!is_admissible(logits, tau, epsilon))
        return GSL_EINVAL;
    arb_t width, other, odds, difference;
    arb_init(width);
    arb_init(other);
    arb_init(odds);
    arb_init(difference);
    arb_set_d(difference, logits[0]);
    arb_set_d(other, logits[1]);
    arb_sub(difference, difference, other, ARF_PREC_EXACT);
    arb_abs(difference, difference);
    bool decided = false;
    for (slong precision = FIRST_PRECISION; !decided && precision <= LAST_PRECISION; precision *= 2) {
        arb_set_d(other, epsilon);
        arb_sub_si(odds, other, 1, ARF_PREC_EXACT);
        arb_neg(odds, odds);
        arb_div(odds, odds, other, precision);
        arb_log(width, odds, precision);
        arb_set_d(other, tau);
        arb_mul(width, width, other, precision);
        if (arb_lt(difference, width) || arb_gt(difference, width)) {
            *inside = arb_lt(difference, width);
            decided = true;
        }
    }
    arb_clear(width);
    arb_clear(other);
    arb_clear(odds);
    arb_clear(difference);
    return decided ? GSL_SUCCESS : GSL_EFAILED;
}
