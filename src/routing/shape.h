// SPDX-License-Identifier: GPL-3.0-or-later
// A patch of an interface, pushed along its normal: shape derivatives of a risk of two phases.
//
// The phases Omega_1 = {S > 0} and Omega_2 = {S < 0} of an interface (interface.h) meet in {S = 0}; n is the unit
// normal there that points from Omega_1 into Omega_2. The patch moves to {x + eps phi(x) n(x)}: where eps phi > 0 the
// first phase gains a layer of the second, where eps phi < 0 it loses one. For a risk
// J(eps) = int over Omega_1 of F_1 p + int over Omega_2 of F_2 p let q = (F_1 - F_2) p, with the trace q_gained from
// Omega_2, where gained layers lie, and q_lost from Omega_1. The layer at height t over the patch has the area
// (1 + t kappa) dH, kappa = div n, so that
//
//     J(eps) - J(0) = int over the patch of int_0^(eps phi) q(x + t n) (1 + t kappa) dt dH,
//
// with one derivative on either side of eps = 0: the right one is (5.8) of Soft-to-Hard Routing.
#ifndef MOEGEOM_ROUTING_SHAPE_H
#define MOEGEOM_ROUTING_SHAPE_H

#include "routing/interface.h"
#include "stat/quadrature.h"

#include <gsl/gsl_sf_result.h>
#include <stdbool.h>
#include <stddef.h>

// The side of eps = 0 on which a derivative is taken.
typedef enum shape_side { SHAPE_LEFT = -1, SHAPE_RIGHT = 1 } shape_side_t;

// A velocity phi on a patch.
typedef struct shape_field {
    quadrature_function_t
        value;           // phi(u); u: arc length on a line (0 at the foot of the origin), angle, abscissa
    const void *context; // handed to value
    const double *cuts;  // ascending: the ends of the patch, and every u between where phi changes its sign
    size_t count;        // of cuts, at least 2
} shape_field_t;

// A smooth velocity whose support is the patch, exp(1 - 1/(1 - z^2)) with z in [-1, 1] along the patch, times `size`,
// and times u - zero where it turns.
typedef struct shape_bump {
    double ends[3]; // of the patch, with the zero between them
    double size;
    bool turns; // whether phi changes its sign at the zero
} shape_bump_t;

// As functions for a field, whose context is the bump: phi and |phi|.
double shape_bump_value(double u, const void *bump);
double shape_bump_size(double u, const void *bump);

// The contrast q on both sides of the patch, as smooth functions of the whole plane.
typedef struct shape_contrast {
    interface_function_t gained; // equals q in Omega_2
    interface_function_t lost;   // equals q in Omega_1
    const void *context;         // handed to both
} shape_contrast_t;

// The point of {S = 0} at u, the arc element dH/du, the curvature kappa = div n, and the normal n at a point x of the
// interface.
void shape_point(const interface_t *interface, double u, double x[2]);
double shape_speed(const interface_t *interface, double u);
double shape_curvature(const interface_t *interface, double u);
void shape_normal(const interface_t *interface, const double x[2], double normal[2]);

// The one-sided derivatives of J at eps = 0, with q the trace of the layer that is swept on that side:
//     first   int phi q dH
//     second  int phi^2 (dq/dn + kappa q) dH
//   tolerance  wanted absolute error, > 0
//   result     value and estimated error; left as it was on an error. The second takes dq/dn by differences
//              (gsl_deriv_central), to some ten digits
// Return a GSL status.
int shape_first(const interface_t *interface, const shape_field_t *field, const shape_contrast_t *contrast,
                shape_side_t side, double tolerance, gsl_sf_result *result);
int shape_second(const interface_t *interface, const shape_field_t *field, const shape_contrast_t *contrast,
                 shape_side_t side, double tolerance, gsl_sf_result *result);

// The mean of the two traces that the derivative of a soft risk tends to: with the gate sigma(S/tau) and the interface
// at eps = shift tau,
//     int phi (sigma(v) q_gained + sigma(-v) q_lost) dH,   v = |grad S| shift phi.
// Arguments and result as above.
int shape_gated(const interface_t *interface, const shape_field_t *field, const shape_contrast_t *contrast,
                double shift, double tolerance, gsl_sf_result *result);

#endif
