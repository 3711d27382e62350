// SPDX-License-Identifier: GPL-3.0-or-later
// What a router without biases sees of a ball: the cap of its directions, and the coalitions that the ball meets.
//
// The ball has radius R around mu != 0 in R^d, its ratio is rho = R/|mu|. For rho < 1 its directions fill a cap of
// angular radius asin(rho). Logits are z = W x; the coalition at x is the set of the k experts with the largest. The
// cells of the coalitions are open convex cones, so that a ball meets a cell where the cap does.
//
// The cells are products with the orthogonal complement of the span of the differences w_i - w_j. In that span, of
// dimension m = min(d, N - 1), the ball's shadow is again a ball. Up to m = 3 everything about it is a finite matter of
// ties on a circle and of triple ties on a sphere.
//
// Proofs of the laws below are in the report, section "Angular collapse".
#ifndef MOEGEOM_ROUTING_CAP_H
#define MOEGEOM_ROUTING_CAP_H

#include "number/ball.h"

#include <flint/flint.h>
#include <gsl/gsl_sf_result.h>
#include <stddef.h>
#include <stdint.h>

enum { CAP_EXPERTS = 16, CAP_SPAN = 3 };

// ---- The cap's area, as a share of the sphere ----

// I_(ratio^2)((d-1)/2, 1/2) / 2, by Arb's incomplete beta function.
//   ratio      rho, 0 < ratio <= 1
//   dimension  d, 2 to 2^20
// Returns GSL_SUCCESS; GSL_EDOM outside; GSL_EFAILED when the enclosure is not finite.
int cap_area(double ratio, ulong dimension, ball_t *result);

// C(d) = Gamma(d/2) / (sqrt(pi) (d-1) Gamma((d-1)/2)): area = C(d) rho^(d-1) (1 + o(1)).
// Returns GSL_SUCCESS, or GSL_EDOM for d < 2 or above 2^20.
int cap_constant(ulong dimension, ball_t *result);

// ---- Coalitions met by a ball ----

// What is met, counted in two ways.
typedef struct cap_count {
    size_t cells;     // from Euler's formula
    size_t listed;    // different coalitions beside the ties
    size_t crossings; // changes of the coalition on the rim of the cap in the span
    size_t vertices;  // triple ties inside the cap, m = 3
} cap_count_t;

// Counts the coalitions that an open ball meets. Ties are decided in double precision: for random W a wrong decision
// has a probability of some 1e-13.
//   rows     W, N x d, row by row; 2 <= N <= CAP_EXPERTS
//   active   k, 1 to N - 1
//   centre   mu, d numbers, not all 0
//   radius   R > 0
// Returns GSL_SUCCESS; GSL_EDOM for shapes outside; GSL_EUNSUP when min(d, N - 1) > CAP_SPAN, or when the ball contains
// the origin and d < N - 1; GSL_ENOMEM.
int cap_cells(const double *rows, size_t experts, size_t active, size_t dimension, const double *centre,
              double radius, cap_count_t *count);

// How often the coalition of the logits a_i cos t + b_i sin t changes for t in (0, length). Every coalition met on the
// arc is met on one stretch of it, so that changes + 1 coalitions are met.
//   a, b     N numbers each, 2 <= N <= CAP_EXPERTS
//   length   0 to pi
size_t cap_arc_changes(const double *a, const double *b, size_t experts, size_t active, double length);

// ---- Expected numbers, for W with iid standard normal entries ----

// The expected number of triple ties on the unit sphere of R^3 where three coalitions meet. The expected number of all
// coalitions in R^3 is 2 plus half of it.
// Returns GSL_SUCCESS; GSL_EDOM unless 2 <= N <= CAP_EXPERTS, 1 <= k < N; GSL_EFAILED.
int cap_triple_ties(ulong experts, ulong active, ball_t *result);

// The law of the number of coalitions met by a ball, for one N, k and d; see cap_law.
typedef struct cap_law {
    ulong experts, active, dimension;
    ulong span;   // m = min(d, N - 1)
    double ties;  // e(N, k)
    double slope; // c of great_circle_cap: the expected number is 1 + c rho + O(rho^2)
    double all;   // F, the expected number of all coalitions; NaN for m > CAP_SPAN
} cap_law_t;

// Prepares a law. Its numbers have relative errors below 1e-12.
// Returns GSL_SUCCESS; GSL_EDOM unless 2 <= N <= CAP_EXPERTS, 1 <= k < N, d >= 2; GSL_EFAILED.
int cap_law(ulong experts, ulong active, ulong dimension, cap_law_t *law);

// The expected number of coalitions met by a ball; exact up to the error of a quadrature. With
// r = rho / |shadow of mu/|mu| in the span|,
//
//     m = 1:  1           m = 2:  1 + (e/pi) asin(r)           m = 3:  1 + (e/2) r + (F/2 - 1)(1 - sqrt(1 - r^2))
//
// for r < 1, and F for r >= 1; averaged over the square of the shadow's length, which has the law Beta(m/2, (d-m)/2).
// Returns GSL_SUCCESS; GSL_EDOM unless 0 < ratio < 1; GSL_EUNSUP for m > CAP_SPAN; or the status of the quadrature.
int cap_expected(const cap_law_t *law, double ratio, gsl_sf_result *result);

// A proven bound of |expected number - 1 - c rho| for any m and 0 < ratio < 1: it is O(rho^2). Rounding errors are not
// included.
double cap_remainder(const cap_law_t *law, double ratio);

#endif
