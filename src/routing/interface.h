// SPDX-License-Identifier: GPL-3.0-or-later
// Interfaces of two experts in the plane, and integrals over their level sets.
//
// An interface is the zero set of a score difference S = a_1 - a_2 with a known parametrisation of every level set
// {S = t}:
//
//     line     S = s (w1 x + w2 y - b), |w| = 1
//     circle   S = s ((x - c1)^2 + (y - c2)^2 - r^2) / (2 r)     (slope s on the circle itself)
//     cubic    S = s (y - a x^3 - b x - c)
//
// The coarea formula (L. C. Evans, R. F. Gariepy, Measure Theory and Fine Properties of Functions, 3.4) makes of an
// integral over a slab one over its level sets:  int q(x) k(S(x)) dx = int k(t) F(t) dt,
// F(t) = int over {S = t} of q / |grad S| dH, the level profile of (3.8) when q is the density of the inputs.
#ifndef MOEGEOM_ROUTING_INTERFACE_H
#define MOEGEOM_ROUTING_INTERFACE_H

#include <gsl/gsl_sf_result.h>

typedef enum interface_kind { INTERFACE_LINE, INTERFACE_CIRCLE, INTERFACE_CUBIC } interface_kind_t;

typedef struct interface {
    interface_kind_t kind;
    double slope;    // s > 0
    double shape[3]; // line: w1, w2, b;  circle: c1, c2, r > 0;  cubic: a, b, c
} interface_t;

// A function of a point of the plane.
typedef double (*interface_function_t)(const double x[2], const void *context);

// S(x), and its gradient.
double interface_score(const interface_t *interface, const double x[2]);
void interface_gradient(const interface_t *interface, const double x[2], double gradient[2]);

// F(t), the integral of q / |grad S| over the level set {S = t}, by adaptive quadrature over its parameter.
//   q          integrand, smooth, and small where |x| > reach
//   reach      radius of the part of the plane that counts, > 0 (lines and cubics are cut there)
//   tolerance  wanted absolute error, > 0
//   result     value and estimated error; left as it was on an error
// Returns a GSL status. The level set may be empty (a circle with t below -s r / 2): the integral is then 0.
int interface_level_integral(const interface_t *interface, double level, interface_function_t q,
                             const void *context, double reach, double tolerance, gsl_sf_result *result);

// The arc-length integral of q over {S = t}: as above without the division by |grad S|.
int interface_arc_integral(const interface_t *interface, double level, interface_function_t q,
                           const void *context, double reach, double tolerance, gsl_sf_result *result);

#endif
