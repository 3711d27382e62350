// SPDX-License-Identifier: GPL-3.0-or-later
// What a count says of a probability.
#ifndef MOEGEOM_STAT_BINOMIAL_H
#define MOEGEOM_STAT_BINOMIAL_H

#include <stdint.h>

// A count among independent trials, with the exact interval of its rate (C. J. Clopper, E. S. Pearson, Biometrika 26, 1934): it
// holds the true rate with probability BINOMIAL_LEVEL at least.
typedef struct binomial_rate {
    uint64_t count, trials;
    double rate;      // NaN without trials
    double low, high; // 0 and 1 without trials
} binomial_rate_t;

#define BINOMIAL_LEVEL 0.95

// count <= trials.
binomial_rate_t binomial_rate(uint64_t count, uint64_t trials);

// How far a count is from what was expected of independent trials with chances p_i of their own.
typedef struct binomial_score {
    double p; // two-sided p-value
    double z; // above 0 when more happened than was expected; P(|Z| >= |z|) = p for a standard normal Z
} binomial_score_t;

// The score of a count with mean E = sum p_i and variance V = sum p_i (1 - p_i).
//
// From V = 25 on, z = (count - E) / sqrt(V). Below, p is twice the smaller tail of the Poisson distribution with mean E, 1 at most,
// and z follows from it. A sum of indicators is nearer to its mean than a Poisson variable (W. Hoeffding, Ann. Math. Statist. 27,
// 1956): there |z| errs on the small side, and a deviation that it shows is there. When nothing is expected and nothing happens, z is
// 0; what happens without being expected at all has z infinite.
binomial_score_t binomial_score(uint64_t count, double expected, double variance);

#endif
