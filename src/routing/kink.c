// SPDX-License-Identifier: GPL-3.0-or-later
// The shortest router whose hard risk has a kink; see kink.h.
#include "routing/kink.h"

#include <gsl/gsl_math.h>
#include <math.h>
#include <stdbool.h>

void kink_hard_risk(fmpq_t risk, const fmpq_t s) {
    fmpq_t cuts[4], length;
    fmpq_init(length);
    for (int i = 0; i < 4; i++)
        fmpq_init(cuts[i]);
    fmpq_set_si(cuts[0], -1, 1);
    fmpq_set(cuts[fmpq_sgn(s) < 0 ? 1 : 2], s); // the other one is 0
    fmpq_set_si(cuts[3], 1, 1);
    fmpq_zero(risk);
    for (int i = 0; i < 3; i++) {
        const bool target_is_1 = fmpq_sgn(cuts[i]) >= 0, expert_is_1 = fmpq_cmp(cuts[i], s) >= 0;
        fmpq_sub(length, cuts[i + 1], cuts[i]);
        fmpq_mul_si(length, length, target_is_1 == expert_is_1 ? 0 : 4);
        fmpq_add(risk, risk, length);
    }
    fmpq_div_2exp(risk, risk, 1); // the density
    for (int i = 0; i < 4; i++)
        fmpq_clear(cuts[i]);
    fmpq_clear(length);
}

static double log_cosh(double x) {
    return fabs(x) + log1p(exp(-2 * fabs(x))) - M_LN2;
}

double kink_soft_risk(double s, double tau) {
    const double right = (1 - s) / (2 * tau), left = (1 + s) / (2 * tau);
    const double correlation = 2 * tau * (log_cosh(right) - 2 * log_cosh(s / (2 * tau)) + log_cosh(left));
    return 2 - correlation - tau * (tanh(right) + tanh(left));
}

double kink_profile(double e) {
    return 4 * (2 * M_LN2 - 1) + 8 * log_cosh(e / 2);
}
