// SPDX-License-Identifier: GPL-3.0-or-later
// How many coalitions and regions the whole space has on average, for a random router without biases.
//
// The rows of the router are independent N(0, I) in R^d. The hyperplanes of the units are fixed, in general position
// (geometry/generic.h) and off the origin; which expert owns which does not matter. The laws are this project's; their
// proofs are in the report, section "Great circles".
#ifndef MOEGEOM_ROUTING_RANDOM_ROUTER_H
#define MOEGEOM_ROUTING_RANDOM_ROUTER_H

#include <flint/flint.h>
#include <gsl/gsl_sf_result.h>

// A layer with top-k routing.
typedef struct random_router {
    ulong experts;   // N, 2 to 2^20
    ulong active;    // k, 1 to N - 1
    ulong width;     // H, units of each expert
    ulong dimension; // d, 1 to 3
} random_router_t;

// sigma_m, the mean number of coalitions in R^m, m = 0 to 3: by convention 0, then 2, e(N, k) of
// routing/great_circle.h, and by Euler's formula on the sphere 2 + C(N, 3) p, where p is the probability that the tie
// of three logits is at the k-th place: k - 1 or k - 2 of the other N - 3, N(0, 1), are above their common value,
// N(0, 1/3).
//   result  receives value and error, the error of m = 3 estimated
// Returns GSL_SUCCESS; GSL_EDOM for a shape outside; the status of a quadrature that failed.
int random_router_coalitions(const random_router_t *router, ulong m, gsl_sf_result *result);

// The mean number of pairs (coalition, set of j of its units) where the units' common flat meets the coalition's cell:
// sigma_d for j = 0, and C(kH, j) tau_(d-j) beyond, with the mean number tau_m = (sigma_m + sigma_(m+1)) / 2 of
// coalitions on a flat of dimension m off the origin. The regions are their sum over j = 0..d.
//   level  j, 0 to d
// Returns as above.
int random_router_level(const random_router_t *router, ulong level, gsl_sf_result *result);
int random_router_regions(const random_router_t *router, gsl_sf_result *result);

#endif
