// SPDX-License-Identifier: GPL-3.0-or-later
// The router of two fixed experts on a correlated Gaussian population (Soft-to-Hard Routing, 6.1).
//
// X ~ N(0, Sigma), Y = m(X) + sign(v'X) d'X/2, experts m +- eps d'x/2, gate sigma(2u'x/tau). With X = R N, R R = Sigma,
// this is the model of routing/pair_router.h in white coordinates, teacher R v/s, contrast R d, router R u and half the
// temperature, so that L(u) = L_white(R u) and grad L(u) = R grad L_white(R u).
#ifndef MOEGEOM_ROUTING_CORRELATED_ROUTER_H
#define MOEGEOM_ROUTING_CORRELATED_ROUTER_H

#include "routing/response_matrix.h"

#include <stddef.h>

// Plain data: copy it, or change eps and tau.
typedef struct correlated_router {
    size_t dimension;                                                         // d
    double strength, tau;                                                     // eps, and the temperature > 0
    double root[RESPONSE_MAX_DIMENSION * RESPONSE_MAX_DIMENSION];             // R, d x d
    double teacher[RESPONSE_MAX_DIMENSION], contrast[RESPONSE_MAX_DIMENSION]; // white
} correlated_router_t;

// Makes the router of a population. Returns a GSL status; GSL_EDOM when Sigma is not positive definite.
int correlated_router_make(const response_model_t *model, double strength, double tau,
                           correlated_router_t *router);

// The risk, and -grad L(u), what moves the router; accuracy as in pair_router_risk.
//   u       d numbers; 0 is allowed
//   result  receives d numbers
double correlated_router_risk(const correlated_router_t *router, const double *u);
void correlated_router_force(const correlated_router_t *router, const double *u, double *result);

#endif
