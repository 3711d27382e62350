// SPDX-License-Identifier: GPL-3.0-or-later
// Integrals of real functions with an estimated error, over GSL's adaptive rules.
#ifndef MOEGEOM_STAT_QUADRATURE_H
#define MOEGEOM_STAT_QUADRATURE_H

#include <gsl/gsl_sf_result.h>
#include <stddef.h>

// An integrand f(x); the context is the caller's.
typedef double (*quadrature_function_t)(double x, const void *context);

// The integral of f over [points[0], points[count - 1]], cut at the points between, by the adaptive 61-point
// Gauss-Kronrod rule on each piece (R. Piessens et al., QUADPACK, 1983; gsl_integration_qag).
//   points     ascending, count >= 2; put one wherever f has a kink or changes its scale: where a kink stays
//              hidden inside a piece, the estimated error may be too small by orders of magnitude
//   tolerance  wanted absolute error of the whole, > 0
//   result     receives the value and the sum of the estimated errors; left as it was on an error
// Returns a GSL status: GSL_SUCCESS, GSL_EINVAL (points not ascending), GSL_ENOMEM, or what
// gsl_integration_qag says when the tolerance cannot be met (GSL_EROUND is met as far as rounding allows, and
// counts as success when the estimate is within ten times the tolerance).
int quadrature_integrate(quadrature_function_t f, const void *context, const double *points, size_t count,
                         double tolerance, gsl_sf_result *result);

#endif
