// SPDX-License-Identifier: GPL-3.0-or-later
// The soft-hard gap of two experts near zero temperature, in the plane and for any interface of interface.h.
//
// Experts f1 and f2 behind the gate sigma(S/tau), S = a_1 - a_2; hard router: f1 where S > 0, f2 where S < 0. The input
// has the density p, the target the mean mu = E[Y|X], which may jump at S = 0: mu_+ above, mu_- below. D = f1 - f2 is
// the contrast, J = mu_+ - mu_- the jump. Pointwise, with g = sigma(-|S|/tau),
//
//     E[(Y - h_tau)^2 - (Y - h_0)^2 | X] = +-D (2 mu - f1 - f2) g - D^2 g (1 - g)      (+ where S > 0)
//
// and over the level sets of S (interface.h), with the profiles
//     Q_+-(t) = int over {S = t} of D (2 mu_+- - f1 - f2) p / |grad S|,   B(t) = int over {S = t} of D^2 p / |grad S|,
//
//     L_tau - L_0 = int_0^inf sigma(-t/tau) [Q_+(t) - Q_-(-t)] dt - int_R sigma(t/tau) sigma(-t/tau) B(t) dt
//                 = tau [2 ln 2 int D J p/|grad S| - B(0)] + tau^2 pi^2/12 [Q_+'(0) + Q_-'(0)] + O(tau^3).
//
// Gaussian inputs, a flat interface and affine experts that equal the target have closed forms (boundary_layer.h).
#ifndef MOEGEOM_ROUTING_FIRST_ORDER_H
#define MOEGEOM_ROUTING_FIRST_ORDER_H

#include "number/ball.h"
#include "routing/interface.h"

#include <gsl/gsl_sf_result.h>

// Experts, target and inputs around one interface. The functions are evaluated on level sets near {S = 0} on both
// sides, mu_+ and mu_- as well: each continued smoothly beyond its own side.
typedef struct first_order {
    const interface_t *interface;
    interface_function_t expert[2]; // f1, chosen where S > 0, and f2
    interface_function_t target[2]; // mu_+ and mu_-
    interface_function_t density;   // p
    const void *context;            // handed to all five
    double reach;                   // beyond this distance from the origin p is negligible
} first_order_t;

// The profiles Q_+, Q_- and B.
typedef enum first_order_profile {
    FIRST_ORDER_ABOVE,
    FIRST_ORDER_BELOW,
    FIRST_ORDER_CONTRAST
} first_order_profile_t;

// The half moment int_0^inf u^power sigma(-u)^gates du, in closed form:
//     gates 1:  ln 2,        pi^2/12,         (3/2) zeta(3)
//     gates 2:  ln 2 - 1/2,  pi^2/12 - ln 2,  (3/2) zeta(3) - pi^2/6
//   power  0 to 2
//   gates  1 or 2
double first_order_moment(int power, int gates);

// The same moment with a proven error, by integration in ball arithmetic. Returns a GSL status.
int first_order_moment_certified(int power, int gates, ball_t *result);

// The value of a profile at the level t of S.
//   tolerance  wanted absolute error, > 0
//   result     value and estimated error; left as it was on an error
// Returns a GSL status.
int first_order_profile(const first_order_t *problem, first_order_profile_t profile, double level,
                        double tolerance, gsl_sf_result *result);

// The limit of (L_tau - L_0)/tau:  int over {S = 0} of (2 ln 2 D J - D^2) p / |grad S|. Below zero where softening
// helps; (2 ln 2 - 1) int D^2 p / |grad S| where the experts equal the target. Arguments as above.
int first_order_constant(const first_order_t *problem, double tolerance, gsl_sf_result *result);

// The coefficient of tau^2, pi^2/12 [Q_+'(0) + Q_-'(0)], by central differences with two steps of extrapolation.
//   step  the largest difference of levels, > 0; the profiles must be smooth over [-step, step]
// Otherwise as above; the error is that of the profiles over the step, and the last extrapolation.
int first_order_second(const first_order_t *problem, double step, double tolerance, gsl_sf_result *result);

// L_tau - L_0 from the definitions of both predictors, over the level sets |S| <= 40 tau; what is left out is below
// 5e-18 times the mean of 2 |D (mu - h_0)| + D^2.
//   tau  temperature, > 0
// Otherwise as above.
int first_order_gap(const first_order_t *problem, double tau, double tolerance, gsl_sf_result *result);

#endif
