// SPDX-License-Identifier: GPL-3.0-or-later
// What a count says of a probability; see binomial.h.
#include "stat/binomial.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_math.h>
#include <math.h>

#define TAIL ((1 - BINOMIAL_LEVEL) / 2)

// The p where a tail of Beta(a, b) is TAIL, between two ends where it is smaller and larger. By bisection, since
// gsl_cdf_beta_Pinv does not converge for many trials.
static double bisect(double (*tail)(double, double, double), double a, double b, double small, double large) {
    for (double p = (small + large) / 2; p != small && p != large; p = (small + large) / 2)
        *(tail(p, a, b) < TAIL ? &small : &large) = p;
    return large;
}

binomial_rate_t binomial_rate(uint64_t count, uint64_t trials) {
    const double x = (double)count, n = (double)trials;
    if (trials == 0)
        return (binomial_rate_t){0, 0, GSL_NAN, 0, 1};
    const double low = count == 0 ? 0 : bisect(gsl_cdf_beta_P, x, n - x + 1, 0, x / n);
    const double high = count == trials ? 1 : bisect(gsl_cdf_beta_Q, x + 1, n - x, 1, x / n);
    return (binomial_rate_t){count, trials, x / n, low, high};
}

static const double NORMAL_VARIANCE = 25;

binomial_score_t binomial_score(uint64_t count, double expected, double variance) {
    const double excess = (double)count - expected;
    if (variance >= NORMAL_VARIANCE) {
        const double z = excess / sqrt(variance);
        return (binomial_score_t){2 * gsl_cdf_ugaussian_Q(fabs(z)), z};
    }
    if (!(expected > 0))
        return count > 0 ? (binomial_score_t){0, GSL_POSINF} : (binomial_score_t){1, 0};
    // GSL's counts have 32 bits; one beyond is certain to deviate, with so small a variance.
    const unsigned x = count < UINT32_MAX ? (unsigned)count : UINT32_MAX;
    const double tail = excess > 0 ? gsl_cdf_poisson_Q(x - 1, expected) : gsl_cdf_poisson_P(x, expected);
    const double p = fmin(1, 2 * tail);
    return (binomial_score_t){p, copysign(gsl_cdf_ugaussian_Qinv(p / 2), excess)};
}
