// SPDX-License-Identifier: GPL-3.0-or-later
// The soft-hard gap of any number of experts near zero temperature: affine routers in the plane under Gaussian inputs.
//
// X ~ N(0, I_2); logits a_k, experts f_k and the target's mean mu_k on the cell of k are affine. With D_kl = f_k - f_l
// and J_kl = mu_k - mu_l, and I_kl the part of the line {a_k = a_l} where this pair leads,
//
//     L_tau - L_0 = tau sum_{k<l} int over I_kl of (2 ln 2 D_kl J_kl - D_kl^2) phi / |grad(a_k - a_l)| + O(tau^2).
//
// Where the experts equal the target (mu_k = f_k), the junctions, points where three experts k, l, m tie and lead, give
// all of the next term: tau^2 times the sum over the junctions of
//
//     lambda (D_kl^2 + D_km^2 + D_lm^2) phi / |det(grad(a_k - a_m), grad(a_l - a_m))|,  lambda = -2 Li_2(-1/2) - pi^2/12.
#ifndef MOEGEOM_ROUTING_FIRST_ORDER_PLANE_H
#define MOEGEOM_ROUTING_FIRST_ORDER_PLANE_H

#include "number/ball.h"
#include "routing/planar_router.h"

#include <gsl/gsl_sf_result.h>
#include <stddef.h>

// An affine function c_0 x_0 + c_1 x_1 + c_2 of the plane.
typedef struct plane_affine {
    double c[3];
} plane_affine_t;

typedef struct first_order_plane {
    planar_router_t router;
    plane_affine_t expert[PLANAR_ROUTER_MAX]; // f_k
    plane_affine_t target[PLANAR_ROUTER_MAX]; // mu_k
} first_order_plane_t;

double plane_affine_value(const plane_affine_t *f, const double x[2]);

// The soft prediction at x; tau > 0.
double first_order_plane_predict(const first_order_plane_t *plane, double tau, const double x[2]);

// lambda.
double first_order_plane_lambda(void);

// The same number with a proven error, as 2 int_0^inf ln cosh(ln(1 + exp(-w)) / 2) dw. Returns a GSL status.
int first_order_plane_lambda_certified(ball_t *result);

// The limit of (L_tau - L_0)/tau.
//   result  value and estimated error; left as it was on an error
// Returns a GSL status.
int first_order_plane_constant(const first_order_plane_t *plane, gsl_sf_result *result);

// The sum over the junctions (planar_router.h) above, without regard to the targets: the coefficient of tau^2 where
// mu_k = f_k.
double first_order_plane_second(const first_order_plane_t *plane);

// The mean of the excess (mu - h_tau)^2 - (mu - h_0)^2 over x_1 ~ N(0, 1) at fixed x_0 = x, by quadrature between the
// interfaces. For routers, experts and targets that depend on x_1 alone it is L_tau - L_0.
//   tau        temperature, > 0
//   tolerance  wanted absolute error, > 0
// Otherwise as first_order_plane_constant.
int first_order_plane_section(const first_order_plane_t *plane, double tau, double x, double tolerance,
                              gsl_sf_result *result);

// L_tau - L_0, by quadrature over the sections. Arguments as above.
int first_order_plane_gap(const first_order_plane_t *plane, double tau, double tolerance,
                          gsl_sf_result *result);

#endif
