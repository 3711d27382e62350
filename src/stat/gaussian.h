// SPDX-License-Identifier: GPL-3.0-or-later
// Closed forms for Gaussian inputs and half-spaces.
#ifndef MOEGEOM_STAT_GAUSSIAN_H
#define MOEGEOM_STAT_GAUSSIAN_H

#include "number/ball.h"

#include <gsl/gsl_sf_result.h>

// P(|Z - b| <= w) for a standard normal Z: the boundary mass of a slab of half-width w >= 0 around b.
// Relative error below 1e-13 wherever |b| + w <= 8 (a difference of two tails, or a Gauss rule
// where the slab is thin).
double gaussian_slab_mass(double b, double w);

// Owen's T function T(h, a) = 1/(2 pi) int_0^a exp(-h^2 (1 + x^2) / 2) / (1 + x^2) dx
// (D. B. Owen, Ann. Math. Statist. 27, 1956), by quadrature.
//   result  value and estimated error, at most 1e-14; left as it was on an error
// Returns a GSL status.
int gaussian_owens_t(double h, double a, gsl_sf_result *result);

// The same integral with a proven error, in ball arithmetic. Returns a GSL status.
int gaussian_owens_t_certified(double h, double a, ball_t *result);

// The probability that moving the router from w to w + epsilon p, |w| = |p| = 1 and p orthogonal to w, moves
// a standard normal input across the interface w'x = b:
//     P(sign(S - b) != sign(S + epsilon T - b)) = 2 T(b / sqrt(1 + epsilon^2), epsilon),   epsilon >= 0,
// S and T independent N(0, 1). It is the exclusive or of two half-planes, so P(A) + P(B) - 2 P(A and B) with
// Owen's formula for the bivariate normal distribution; one of its two T terms has slope 0 and vanishes.
// Returns a GSL status.
int gaussian_flip_probability(double b, double epsilon, gsl_sf_result *result);

#endif
