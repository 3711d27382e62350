// SPDX-License-Identifier: GPL-3.0-or-later
// The three boundary masses of a router, event by event and for linear routers in the plane.
//
// Soft-to-Hard Routing knows three ways of being near a tie (Remark 5.4): a small top-two margin Delta, a small
// pairwise margin Delta_min <= Delta, and no gate above 1 - epsilon, the event U_epsilon(tau). They are nested,
//
//     {Delta <= kappa tau}  in  U_epsilon(tau)  in  {Delta <= kappa_n tau}  in  {Delta_min <= kappa_n tau},
//
// kappa = ln((1 - epsilon) / epsilon), kappa_n = ln((n - 1)(1 - epsilon) / epsilon), because the tail of the gates lies
// between exp(-Delta / tau) and n - 1 times that. For logits a_k(x) = w_k . x + b_k in the plane and X ~ N(0, I_2),
// the masses of the first two are, as tau -> 0 and w -> 0,
//
//     P(Delta <= w) = 2 I w - (3/2) G w^2 + O(w^3),
//     P(U_epsilon(tau)) = 2 kappa I tau + (1/2)(pi^2 - 3 kappa^2) G tau^2 + O(tau^3),
//
// I the sum over the pairs of the integral of p / |grad(a_k - a_l)| over the part of their line where the two lead, G
// the sum of p / |det(w_k - w_l, w_k - w_m)| over the points where three lead together (no four do):
// planar_router_top_density and planar_router_junction_density, whose masses by parallel lines are a second road to
// these. The laws are this project's; their proofs are in the report, section "Three boundary masses".
#ifndef MOEGEOM_ROUTING_BOUNDARY_MASS_H
#define MOEGEOM_ROUTING_BOUNDARY_MASS_H

#include "routing/planar_router.h"

#include <gsl/gsl_sf_result.h>
#include <stdbool.h>
#include <stddef.h>

enum { BOUNDARY_MASS_MAX_EXPERTS = PLANAR_ROUTER_MAX };

// Which of the nested events a vector of logits is in.
typedef struct boundary_mass_events {
    bool near;      // Delta <= kappa tau
    bool ambiguous; // U_epsilon(tau)
    bool wide;      // Delta <= kappa_n tau
    bool pairwise;  // Delta_min <= kappa_n tau
} boundary_mass_events_t;

// Whether each event contains the one before it.
bool boundary_mass_is_nested(boundary_mass_events_t events);

// The events of n logits, 2 <= n <= BOUNDARY_MASS_MAX_EXPERTS, in floating arithmetic.
//   tau, epsilon  > 0; in (0, 1/2)
//   distance      receives how far the nearest of the four comparisons is from equality, in temperatures and relative
//                 to 1 + its sides; may be NULL. Below some 1e-12 the answer may be off
boundary_mass_events_t boundary_mass_events(const double *logits, size_t n, double tau, double epsilon,
                                            double *distance);

// The same, proven in ball arithmetic for these very doubles, with up to 1024 bits.
// Returns GSL_SUCCESS, or GSL_EFAILED when a comparison stays open (it is an equality or nearly so); `events` is then
// left as it was.
int boundary_mass_events_certified(const double *logits, size_t n, double tau, double epsilon,
                                   boundary_mass_events_t *events);

// P(Delta <= width), width >= 0, and P(U_epsilon(tau)): one minus the masses of the n convex regions where one expert
// leads by more than the width, or has a gate above 1 - epsilon. Each mass is an adaptive integral over the directions
// from a point inside; along a ray the Gaussian integral is a closed form and the end of the region a root.
//   result  value and estimated error, 1e-10 or better; left as it was on an error
// Returns a GSL status.
int boundary_mass_top_two(const planar_router_t *router, double width, gsl_sf_result *result);
int boundary_mass_ambiguous(const planar_router_t *router, double tau, double epsilon, gsl_sf_result *result);

#endif
