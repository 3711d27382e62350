// SPDX-License-Identifier: GPL-3.0-or-later
// Least squares with a known covariance of the data.
#ifndef MOEGEOM_STAT_FIT_H
#define MOEGEOM_STAT_FIT_H

#include <gsl/gsl_matrix.h>
#include <gsl/gsl_vector.h>

// The parameters theta that minimise chi2 = (y - X theta)' V^-1 (y - X theta), by whitening with the Cholesky
// factor of V (generalised least squares; A. C. Aitken, Proc. R. Soc. Edinb. 55, 1936).
//   design      X, n x p, n > p
//   data        y, n
//   covariance  V, n x n, positive definite
//   parameters  receives theta, p
//   errors      receives the covariance of theta, (X' V^-1 X)^-1, p x p
//   chi2        receives the minimum; under the model its law is chi-square with n - p degrees of freedom
// Returns a GSL status (GSL_EDOM when V is not positive definite); the results are undefined on an error.
int fit_generalised(const gsl_matrix *design, const gsl_vector *data, const gsl_matrix *covariance,
                    gsl_vector *parameters, gsl_matrix *errors, double *chi2);

// The quadratic form r' V^-1 r of a residual r, n. Returns a GSL status.
int fit_chi2(const gsl_vector *residual, const gsl_matrix *covariance, double *chi2);

// The sizes n for which n q is unsuspicious as a chi-square with `freedom` degrees of freedom, at the
// two-sided level: what a residual says of the size of the sample behind printed numbers, q being its
// chi-square for one point.
void fit_sample_interval(double q, double freedom, double level, double *low, double *high);

// The slope of ln y against ln x by ordinary least squares; x and y hold n >= 2 positive numbers, x not all
// equal.
double fit_log_slope(const double *x, const double *y, size_t n);

// How much that slope can move when every y is rounded by at most `half`: sum_i |d slope / d y_i| half.
double fit_log_slope_room(const double *x, const double *y, size_t n, double half);

#endif
