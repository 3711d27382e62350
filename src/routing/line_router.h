// SPDX-License-Identifier: GPL-3.0-or-later
// Routers of the plane with a straight interface, all of them at once: a family with two parameters.
//
// X ~ N(0, I_2). The router (alpha, b) uses expert 1 where S = x_1 cos alpha + x_2 sin alpha - b > 0; the experts are
// the constants 1 and -1, so the prediction is tanh(S / (2 tau)), or sign S for tau = 0. The target is a sum of waves,
// mu(x) = sum_j A_j sin(k_j . x + c_j): bounded, and given S + b = s its mean is
// m(s) = sum_j A_j exp(-q_j^2 / 2) sin(p_j s + c_j) with k_j = p_j along the normal of the interface and q_j along it.
// So the risk is one integral over s, and a move of b is one of the smooth factors phi and m phi:
//
//     L_tau = E mu^2 + int (phi(b + y) T^2 - 2 (m phi)(b + y) T) dy,   T = tanh(y / (2 tau)).
#ifndef MOEGEOM_ROUTING_LINE_ROUTER_H
#define MOEGEOM_ROUTING_LINE_ROUTER_H

#include "number/ball.h"

#include <gsl/gsl_sf_result.h>
#include <stddef.h>

// A wave A sin(k . x + c).
typedef struct line_router_wave {
    double amplitude, k[2], phase;
} line_router_wave_t;

typedef struct line_router_target {
    size_t count;
    const line_router_wave_t *waves; // the caller's
} line_router_target_t;

// A router. |offset| <= 4.
typedef struct line_router {
    double angle, offset; // alpha in radians, b
} line_router_t;

// The risk with its derivatives in (alpha, b).
typedef struct line_router_jet {
    double value, by_angle, by_offset, by_angle_angle, by_angle_offset, by_offset_offset;
} line_router_jet_t;

// mu(x), and E[mu(X)^2].
double line_router_mu(const line_router_target_t *target, const double x[2]);
double line_router_mean_square(const line_router_target_t *target);

// m(s) phi(s) and its derivative in s, for the direction alpha.
double line_router_profile(const line_router_target_t *target, double angle, double s);
double line_router_profile_slope(const line_router_target_t *target, double angle, double s);

// L_tau(alpha, b) with first and second derivatives, by Gauss rules graded to the temperature, to some 1e-13.
//   tau  >= 0, finite
line_router_jet_t line_router_risk(const line_router_target_t *target, double tau, line_router_t router);

// L_0(alpha, b) in closed form, int_b^inf phi sin(p s + c) = Im exp(i c - p^2/2) erfc((b - i p) / sqrt 2) / 2, in ball
// arithmetic (the parameters are taken as they are).
ball_t line_router_hard_risk(const line_router_target_t *target, line_router_t router);

// A router near `start` at which the gradient vanishes to within 1e-15 or rounding, by Newton's method
// (gsl_multiroot_fdfsolver_gnewton). Returns a GSL status; `found` is left as it was on an error.
int line_router_polish(const line_router_target_t *target, double tau, line_router_t start,
                       line_router_t *found);

// P(two hard routers disagree), by quadrature over the score of the first. Returns a GSL status.
int line_router_disagreement(line_router_t one, line_router_t other, gsl_sf_result *result);

// ---- A target with a jump: `above` where x_1 > offset, `below` elsewhere ----

typedef struct line_router_step {
    double offset, below, above;
} line_router_step_t;

// The soft risk of a router, tau > 0, and for the angle 0 its derivative in b, E[(mu - T)(1 - T^2)]/tau; by quadrature.
// Return a GSL status.
int line_router_step_risk(const line_router_step_t *step, double tau, line_router_t router,
                          gsl_sf_result *result);
int line_router_step_slope(const line_router_step_t *step, double tau, double offset, gsl_sf_result *result);

// The b within 4 tau of the jump at which that derivative vanishes, by Brent's method to 1e-12. Returns a GSL status.
int line_router_step_minimiser(const line_router_step_t *step, double tau, double *offset);

#endif
