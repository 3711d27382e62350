// SPDX-License-Identifier: GPL-3.0-or-later
// Training the router of two fixed experts on a Gaussian population (soft-to-hard paper, 6.1 and 7.3).
//
// X ~ N(0, I_d). Teacher: Y = m(X) + S D / 2 with S = sign(v'X), |v| = 1, and D = q'X, the contrast. Student:
// two fixed experts m +- eps D / 2 behind the gate p = sigma(u'X / tau). So, with
// t = p - 1/2 = tanh(u'X / (2 tau)) / 2,
//
//     Y - h = D (S/2 - eps t),        R(u) = |q|^2/4 - eps E[D^2 S t] + eps^2 E[D^2 t^2],
//     grad R(u) = -(2 eps/tau) E[D^2 (S/2 - eps t) p (1 - p) X].
//
// The gate sigma(2 u'x / tau) of section 6.1 is the same model at half the temperature.
//
// Given Z = u'X/|u|, everything else that enters is Gaussian with sign S, so that risk and gradient are
// integrals over Z alone: with the orthonormal e1 = u/|u|, e2 = (v - rho e1)/kappa, rho = e1'v,
// kappa^2 = 1 - rho^2, and e3 along the rest of q, the moments E[S X2^j | Z = z], j = 0..3, are error
// functions of k = rho z / kappa:
//
//     s0 = erf(k / sqrt 2),   s1 = 2 phi(k),   s2 = s0 - 2 k phi(k),   s3 = 2 (k^2 + 2) phi(k).
#ifndef MOEGEOM_ROUTING_PAIR_ROUTER_H
#define MOEGEOM_ROUTING_PAIR_ROUTER_H

#include <gsl/gsl_sf_result.h>
#include <stddef.h>

enum { PAIR_ROUTER_MAX_DIMENSION = 16 };

// The model; arrays of `dimension` numbers belong to the caller.
typedef struct pair_router {
    size_t dimension;       // d, 1 to PAIR_ROUTER_MAX_DIMENSION
    const double *teacher;  // v, a unit vector
    const double *contrast; // q
    double strength;        // eps: the student's contrast over the teacher's
    double tau;             // temperature, > 0
} pair_router_t;

// Population risk R(u) and its gradient, by a double-exponential rule on the half-line (H. Takahasi and M.
// Mori, Publ. RIMS 9, 1974) whose error is below 1e-12 relative for 1e-3 <= |u|/tau <= 1e3 (tests compare
// with an adaptive rule).
//   u         router, d numbers; u = 0 is allowed
//   risk      receives R(u); may be NULL
//   gradient  receives d numbers; may be NULL
void pair_router_risk(const pair_router_t *model, const double *u, double *risk, double *gradient);

// The risk of an aligned router, u = |u| v, by an adaptive rule over |Z| (an independent road):
//     R = (1-eps)^2/4 |q|^2 + E[(eps (1-eps) s + eps^2 s^2)(c + a^2 Z^2)],   s = sigma(-|Z| |u| / tau),
// a = v'q, c = |q|^2 - a^2. Returns a GSL status.
int pair_router_aligned_risk(const pair_router_t *model, double norm, gsl_sf_result *risk);

// The mean gate entropy E[-p ln p - (1-p) ln(1-p)], in nats, of a router of norm |u| = ratio * tau. ratio >
// 0. Returns a GSL status.
int pair_router_entropy(double ratio, gsl_sf_result *entropy);

// Gradient at u = 0, -(eps/(4 tau)) E[S D^2 X] = -(eps/(4 tau)) sqrt(2/pi) ((2 a^2 + c) v + 2 a (q - a v)), d
// numbers.
void pair_router_gradient_at_zero(const pair_router_t *model, double *gradient);

// Hessian at u = 0, (eps^2/(8 tau^2)) E[D^2 X X'] = (eps^2/(8 tau^2)) (|q|^2 I + 2 q q'), d x d row-major:
// positive definite, whatever the experts. (The second derivative of the gate vanishes at 0.)
void pair_router_hessian_at_zero(const pair_router_t *model, double *hessian);

#endif
