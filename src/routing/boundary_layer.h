// SPDX-License-Identifier: GPL-3.0-or-later
// The boundary layer of a two-expert router under Gaussian inputs.
//
// X ~ N(0, I_d); hard router sign(w'x - b), |w| = 1; soft gate sigma((w'x - b)/tau); the teacher is the hard
// router over two linear experts whose difference is x -> delta'x. The soft predictor differs from the hard
// one by g((w'x - b)/tau) delta'x up to sign, g(u) = sigma(-|u|) = 1/(1 + exp(|u|)); given w'X = s, delta'X
// has mean a s, a = w'delta, and variance c = |delta|^2 - a^2. So everything is a combination of the moments
//
//     m_p(tau_1, ..., tau_q) = int prod_i g((s - b)/tau_i)^2  s^p  phi(s) ds :
//
//     L_tau - L_0 = a^2 m_2(tau) + c m_0(tau)                      the gap (sections 4.3 and 7.1 of the paper)
//     E[G_tau G_tau'] = (a^4 m_4 + 6 a^2 c m_2 + 3 c^2 m_0)(tau, tau')   of the squared differences G
#ifndef MOEGEOM_ROUTING_BOUNDARY_LAYER_H
#define MOEGEOM_ROUTING_BOUNDARY_LAYER_H

#include "number/ball.h"

#include <gsl/gsl_sf_result.h>
#include <stddef.h>

enum { BOUNDARY_LAYER_MAX_GATES = 4 };

// The gate's distance from a hard decision, g(u) = sigma(-|u|), in (0, 1/2]; no overflow for any u.
double boundary_layer_gate(double u);

// The moment m_p(tau_1..tau_q) by quadrature.
//   tau     q temperatures, > 0
//   count   q, 1 to BOUNDARY_LAYER_MAX_GATES
//   offset  b, |b| <= 8
//   power   p, 0 to 4
//   result  value and estimated error (1e-13 absolute or better); left as it was on an error
// Returns a GSL status.
int boundary_layer_moment(const double *tau, size_t count, double offset, int power, gsl_sf_result *result);

// The same moment with a proven error, in ball arithmetic. Returns a GSL status.
int boundary_layer_moment_certified(const double *tau, size_t count, double offset, int power,
                                    ball_t *result);

// The limit of (L_tau - L_0)/tau as tau -> 0:  2 (ln 2 - 1/2) phi(b) (a^2 b^2 + c), because
// int g(u)^2 du = 2 (ln 2 - 1/2) and the layer sees the contrast at s = b only.
//   along_squared  a^2
//   tangent        c
double boundary_layer_slope(double offset, double along_squared, double tangent);

// L_tau - L_0 = a^2 m_2 + c m_0. Returns a GSL status.
int boundary_layer_gap(double tau, double offset, double along_squared, double tangent,
                       gsl_sf_result *result);

// The covariance of the squared differences at two temperatures of the same sample: n times the
// covariance of the two gaps when both are measured on one sample of n points.
//   tau  the two temperatures
// Returns a GSL status.
int boundary_layer_covariance(const double tau[2], double offset, double along_squared, double tangent,
                              gsl_sf_result *result);

#endif
