// SPDX-License-Identifier: GPL-3.0-or-later
// How many coalitions a random router without biases shows to data on a great circle, or in a narrow cap.
//
// The rows of W are independent N(0, I), the coalition at x is the set of the k largest of the N entries of W x. On a
// great circle the entries are N independent stationary Gaussian processes, and a coalition changes where the k-th
// and the (k+1)-th largest are equal. Rice's formula gives the expected number of changes,
//
//     e(N, k) = 2 sqrt(pi) N (N - 1) C(N - 2, k - 1) int phi(z)^2 (1 - Phi(z))^(k-1) Phi(z)^(N-k-1) dz,
//
// phi and Phi being the standard normal density and distribution function. The law is this project's; its proof is in
// the report, section "Great circles".
#ifndef MOEGEOM_ROUTING_GREAT_CIRCLE_H
#define MOEGEOM_ROUTING_GREAT_CIRCLE_H

#include "number/ball.h"

#include <stdbool.h>
#include <stddef.h>

// e(N, k), the expected number of changes of the coalition on a great circle, by quadrature in ball arithmetic, tails
// included: the radius is proven. For k < N it is also the expected number of coalitions that the circle meets, one for
// each stretch between changes; for k = N there is one coalition, and e = 0.
//   experts  N, 1 to 2^20
//   active   k, 1 to N
//   result   receives e; relative radius below 1e-12
// Returns GSL_SUCCESS; GSL_EDOM for a shape outside; GSL_EFAILED when no enclosure as narrow was found.
int great_circle_cells(ulong experts, ulong active, ball_t *result);

// The constant c = e(N, k) Gamma(d/2) / (sqrt(pi) Gamma((d-1)/2)) of 1 + c R/|mu| + O((R/|mu|)^2), the expected number
// of coalitions met by the ball of radius R around mu in R^d, d >= 2, as R/|mu| tends to 0.
// Returns as great_circle_cells; GSL_EDOM also for d < 2.
int great_circle_cap(ulong experts, ulong active, ulong dimension, ball_t *result);

// ---- One router: the logits are router[2 i] x + router[2 i + 1] y, i < experts, without ties of three -------------

// How often the coalition changes on the open arc from (1, 0) counter-clockwise to `end`: a walk along the k-th largest
// logit, from tie to tie.
//   router   experts pairs, no two with the same first entry; the walk is exact for integers of magnitude up to 2^24
//   active   k, 1 to experts
//   end      a direction at an angle in (0, pi], of any length
// Returns the number of changes. Time: N k for the start, and N for each of the ties at the places k and k - 1.
size_t great_circle_changes(const double *router, size_t experts, size_t active, const double end[2]);

// The same on the whole circle, from (1, 0) to (1, 0).
//   opposite  room for 2 experts numbers
size_t great_circle_around(const double *router, size_t experts, size_t active, double *opposite);

// Whether an expert is among the k with the largest logits at (x, y).
bool great_circle_active(const double *router, size_t experts, size_t active, size_t expert, double x,
                         double y);

#endif
