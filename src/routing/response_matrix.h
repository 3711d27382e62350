// SPDX-License-Identifier: GPL-3.0-or-later
// The matrix M = E[g(v'X) (d'X) X X'] of a Gaussian router (Soft-to-Hard Routing, (6.6)), in closed form.
//
// X ~ N(0, Sigma), Z = v'X, s^2 = v'Sigma v, g odd. By Gaussian regression X = alpha Z + e, alpha = Sigma v / s^2, with
// e independent of Z and of covariance P = Sigma - s^2 alpha alpha'. With k_j = E[g(Z) Z^j] and a = d'alpha,
//
//     M = k_3 a alpha alpha' + k_1 (a P + alpha (P d)' + (P d) alpha').
//
// In white coordinates, Sigma = R R, nu = R v / s, q = R d = A nu + b (unit vector across nu), M = R W R with the
// eigenvalues of W in units of m_1, mu = m_3/m_1, m_j = E[g(s N) N^j]:
//
//     A (d - 2 times)   and   (A (mu + 1) +- sqrt(A^2 (mu - 1)^2 + 4 b^2)) / 2 ;
//
// so for A > 0 all but at most one are positive, and all are when mu A^2 > b^2 (the inertia of M, by Sylvester).
#ifndef MOEGEOM_ROUTING_RESPONSE_MATRIX_H
#define MOEGEOM_ROUTING_RESPONSE_MATRIX_H

#include "number/ball.h"
#include "stat/stream.h"

#include <gsl/gsl_sf_result.h>
#include <stddef.h>

enum { RESPONSE_MAX_DIMENSION = 8 };

// The population; matrices here and below are d x d, row-major and symmetric.
typedef struct response_model {
    size_t dimension;                                                   // d, 1 to RESPONSE_MAX_DIMENSION
    double covariance[RESPONSE_MAX_DIMENSION * RESPONSE_MAX_DIMENSION]; // Sigma, positive definite
    double teacher[RESPONSE_MAX_DIMENSION];                             // v, not 0
    double contrast[RESPONSE_MAX_DIMENSION];                            // d_*
} response_model_t;

// k_1 = E[g(Z) Z] and k_3 = E[g(Z) Z^3].
typedef struct response_moments {
    double first, third;
} response_moments_t;

// Those of g = sign: s sqrt(2/pi) and 2 s^3 sqrt(2/pi). s > 0.
response_moments_t response_sign_moments(double deviation);

// kappa = E[tanh(x N) N^3] and its companion E[tanh(x N) N]: the moments of g(z) = tanh(gamma z) in white units,
// x = gamma s.
//   power   1 or 3
//   x       0 <= x <= 1e3
//   result  value and estimated error, or value and proven radius
// Return a GSL status.
int response_tanh_moment(int power, double x, gsl_sf_result *result);
int response_tanh_moment_certified(int power, double x, ball_t *result);

// E[|N|^power] with a proven error, in ball arithmetic: kappa = 2 sqrt(2/pi) of g = sign for power 3.
// Returns a GSL status.
int response_sign_moment_certified(int power, ball_t *result);

// Of vectors of d numbers: x'y, |x| and x'y/(|x||y|).
double response_dot(const double *x, const double *y, size_t dimension);
double response_norm(const double *x, size_t dimension);
double response_cosine(const double *x, const double *y, size_t dimension);

// s = sqrt(v'Sigma v), d'Sigma v, the correlation of v'X and d'X, and x'A y.
double response_deviation(const response_model_t *model);
double response_overlap(const response_model_t *model);
double response_correlation(const response_model_t *model);
double response_form(const double *matrix, const double *x, const double *y, size_t dimension);

// y = A x; y is not x.
void response_apply(const double *matrix, const double *x, size_t dimension, double *y);

// M.
void response_matrix(const response_model_t *model, response_moments_t moments, double *matrix);

// M - E[g(Z) d'X] Sigma, E[g(Z) d'X] = k_1 a: what is left of M once a constant is fitted to g(Z) d'X. In white
// coordinates it is A (m_3 - m_1) nu nu' + m_1 b (nu e' + e nu'), of rank 2 at most.
void response_centred_matrix(const response_model_t *model, response_moments_t moments, double *matrix);

// White coordinates X = R N.
//   root      receives R, the symmetric root of Sigma
//   teacher   receives nu = R v / s, a unit vector
//   contrast  receives q = R d
// Returns a GSL status.
int response_whiten(const response_model_t *model, double *root, double *teacher, double *contrast);

// Eigenvalues, descending, and orthonormal eigenvectors, one a row. Returns a GSL status.
int response_spectrum(const double *matrix, size_t dimension, double *values, double *vectors);

// A random population: Sigma = sum of lambda_i w_i w_i' with uniformly random orthonormal w_i and ln lambda_i uniform
// in [-ln(condition)/2, ln(condition)/2]; v uniform on the sphere; d standard normal. Advances the stream. The second
// one replaces v by -v, which is another teacher, where d'Sigma v < 0.
void response_draw(stream_t *stream, size_t dimension, double condition, response_model_t *model);
void response_draw_positive(stream_t *stream, size_t dimension, double condition, response_model_t *model);

#endif
