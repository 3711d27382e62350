// SPDX-License-Identifier: GPL-3.0-or-later
// Two experts in the plane on either side of an interface, with a target that may jump there, as the interface moves.
//
// X ~ N(0, I_2). Expert 1 is used in Omega_1 = {S > 0}, expert 2 in Omega_2; both are affine. The target mu is a
// quadratic map on each side of the interface as it lies at first, and stays where it is when the interface moves.
#ifndef MOEGEOM_ROUTING_TWO_PHASE_H
#define MOEGEOM_ROUTING_TWO_PHASE_H

#include "routing/shape.h"

#include <gsl/gsl_sf_result.h>

typedef struct two_phase {
    interface_t interface;
    double expert[2][3]; // affine score maps (score_map.h)
    double target[2][6]; // quadratic score maps: target[0] in Omega_1, target[1] in Omega_2
} two_phase_t;

// The contrast D(mu) p of (5.7), D(mu) = (f_1 - mu)^2 - (f_2 - mu)^2, on both sides; it refers to the model.
shape_contrast_t two_phase_contrast(const two_phase_t *model);

// (D(mu_2) - D(mu_1)) p = 2 (f_1 - f_2)(mu_1 - mu_2) p at a point; the context is a two_phase_t.
double two_phase_jump(const double x[2], const void *context);

// E[(mu(X) - h(X))^2; X in a strip] for the hard router whose interface is moved to {x + eps phi(x) n(x)}. The strip
// lies over the patch of phi, up to `window` on both sides of the interface in its own coordinate (distance from a line
// or from the centre of a circle, x_2 over a cubic). From the definition: iterated quadrature over the plane, the place
// of the moved interface by solving for the point that was pushed there; nothing of shape.h but points and normals.
//   epsilon    so small that the moved interface stays in the strip and over the patch
//   tolerance  wanted absolute error, > 0
//   result     value and estimated error; left as it was on an error
// Returns a GSL status.
int two_phase_hard_risk(const two_phase_t *model, const shape_field_t *field, double epsilon, double window,
                        double tolerance, gsl_sf_result *result);

// The derivative in eps, at eps = shift tau, of the soft risk E[(mu - f_2 - sigma(S_eps/tau)(f_1 - f_2))^2] over the
// plane above and below the patch, for the scores S_eps(x) = S(x) + eps phi(u(x)) |grad S(x(u))|, u(x) the place of x
// along the interface: their zero sets move by eps phi n + O(eps^2). Arguments and result as above.
//   tau  > 0, small against the radius of a circle
int two_phase_soft_slope(const two_phase_t *model, const shape_field_t *field, double shift, double tau,
                         double tolerance, gsl_sf_result *result);

#endif
