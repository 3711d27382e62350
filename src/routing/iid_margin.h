// SPDX-License-Identifier: GPL-3.0-or-later
// Margins of K independent standard normal logits: the router that knows nothing.
//
// Densities at 0: of the pairwise margin C(K,2) / sqrt(pi), since every difference is N(0, 2); of the top-two margin
// K (K - 1) int phi^2 Phi^{K-2}, the same times E[Phi(Z / sqrt 2)^{K-2}], Z standard normal.
#ifndef MOEGEOM_ROUTING_IID_MARGIN_H
#define MOEGEOM_ROUTING_IID_MARGIN_H

#include <gsl/gsl_sf_result.h>
#include <stddef.h>

// The density at 0 of the pairwise margin, K >= 2.
double iid_margin_pair_density(size_t experts);

// The density at 0 of the top-two margin, K >= 2, by quadrature. Returns a GSL status.
int iid_margin_top_density(size_t experts, gsl_sf_result *result);

// P(Delta <= w) = 1 - K int phi(x) Phi(x - w)^{K-1} dx, by quadrature; w >= 0. Returns a GSL status.
int iid_margin_top_mass(size_t experts, double w, gsl_sf_result *result);

// P(Delta_min <= w) = 1 - K! int g_K with g_1 = phi, g_{j+1}(x) = phi(x) int_{-inf}^{x - w} g_j: the sorted logits are
// at least w apart. On a grid of step at most 0.01 that divides w > 0, by a rule of sixth order; within 1e-10 for
// K <= 8. Returns GSL_SUCCESS, GSL_EINVAL (w <= 0) or GSL_ENOMEM.
int iid_margin_pair_mass(size_t experts, double w, double *mass);

#endif
