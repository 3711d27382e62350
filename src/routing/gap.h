// SPDX-License-Identifier: GPL-3.0-or-later
// How far the soft risk L_tau is from the hard risk L_0, and the temperature below which it is near enough.
//
// The layer: X ~ N(0, I_d), two experts, logit difference S = s (w'x - b) with |w| = 1, jump D = f_1 - f_2, and a
// regression function mu with mu - h_0 = sign(S) R / 2: its jump at the interface is D + R, and R is what the experts'
// jump lacks. Then
//
//     L_tau - L_0 = E[g D R + g^2 D^2],   g = sigma(-|S| / tau),
//
// and E[D R | w'X = t], E[D^2 | w'X = t] are quadratic in t when all maps are linear. R = 0 is the realisable case.
//
// The dimension d does not enter. Bounds for any number of experts and any law of the margin are in gap_bound.h.
//
// Proofs are in the report, section "How cold is cold enough?".
#ifndef MOEGEOM_ROUTING_GAP_H
#define MOEGEOM_ROUTING_GAP_H

#include <gsl/gsl_sf_result.h>

typedef struct gap_layer {
    double offset;  // b, |b| <= 8
    double slope;   // s > 0
    double jump[2]; // E[D^2 | w'X = t] = jump[0] t^2 + jump[1], both >= 0
    double lag[2];  // E[D R | w'X = t] = lag[0] t^2 + lag[1]; both 0 when realisable
} gap_layer_t;

// L_tau - L_0 by adaptive quadrature.
//   tau     > 0
//   result  value and estimated error, about 1e-14 times the scale of the layer; left as it was on an error
// Returns a GSL status.
int gap_exact(const gap_layer_t *layer, double tau, gsl_sf_result *result);

// The limit of (L_tau - L_0) / tau: (phi(b) / s) {2 ln 2 E[D R | b] + (2 ln 2 - 1) E[D^2 | b]}.
double gap_law(const gap_layer_t *layer);

// A constant K with |L_tau - L_0 - tau gap_law| <= K tau^3 for all tau > 0.
double gap_remainder(const gap_layer_t *layer);

// A constant M with |L_tau - L_0| <= M tau for all tau > 0: gap_law with the greatest values over all offsets.
double gap_ceiling(const gap_layer_t *layer);

// Temperatures for a tolerance > 0; infinite when every temperature is cold enough.

// The temperature of the law, tolerance / |gap_law|.
double gap_law_temperature(const gap_layer_t *layer, double tolerance);

// A temperature at and below which |L_tau - L_0| <= tolerance by proof: the greater root of |gap_law| tau + K tau^3 =
// tolerance and M tau = tolerance.
double gap_proven_temperature(const gap_layer_t *layer, double tolerance);

// The greatest temperature at and below which |L_tau - L_0| <= tolerance, by a bracketing root finder (R. P. Brent, Algorithms
// for Minimization Without Derivatives, 1973; gsl_root_fsolver_brent).
//   layer   lag[0], lag[1] >= 0: then the gap grows with tau
//   result  value, and an error from that of the gap and of the root finder; infinite with error 0 when the gap at any
//           temperature is within the tolerance
// Returns a GSL status; GSL_EDOM for a negative lag or a tolerance that is not positive.
int gap_exact_temperature(const gap_layer_t *layer, double tolerance, gsl_sf_result *result);

#endif
