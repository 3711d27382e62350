// SPDX-License-Identifier: GPL-3.0-or-later
// The integral of a Gaussian density over a hyperplane, by two roads that do not use the law of the projection.
//
// X ~ N(0, Sigma) has density p; the hyperplane is {x : nu'x + b = 0}. Its points are x0 + B u with x0 = -b nu / |nu|^2
// and the columns of B an orthonormal basis of the directions orthogonal to nu. (3.14) of Soft-to-Hard Routing says
// that the integral of p / |nu| over it is the density at 0 of nu'X + b.
#ifndef MOEGEOM_STAT_HYPERPLANE_H
#define MOEGEOM_STAT_HYPERPLANE_H

#include <gsl/gsl_matrix.h>
#include <gsl/gsl_vector.h>

// The integral of p / |nu| by determinants. With P = Sigma^-1, M = B'PB, h = B'P x0 and c = x0'P x0 it is
//     (2 pi)^{-1/2} (det Sigma det M)^{-1/2} exp(-(c - h'M^-1 h) / 2) / |nu|.
//   covariance  Sigma, d x d, positive definite, 2 <= d
//   normal      nu, d, not 0
//   value       receives the integral; left as it was on an error
// Returns GSL_SUCCESS, GSL_EINVAL (d < 2 or normal 0), GSL_ENOMEM or GSL_EDOM (Sigma not positive definite).
int hyperplane_by_determinants(const gsl_matrix *covariance, const gsl_vector *normal, double offset,
                               double *value);

// The same for d <= 4 as the sum of p over a grid of the hyperplane. The sum over a grid is exact for a Gaussian up to
// exp(-2 pi^2 / s^2), s = 3/4 the spacing in its least standard deviation on the hyperplane, 6e-16; the grid ends at
// 8.5 of the greatest.
// Returns as above; GSL_EINVAL for d > 4.
int hyperplane_by_grid(const gsl_matrix *covariance, const gsl_vector *normal, double offset, double *value);

#endif
