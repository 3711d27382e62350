// SPDX-License-Identifier: GPL-3.0-or-later
// Minimisers and critical points of the landscape of routing/pair_landscape.h.
#ifndef MOEGEOM_ROUTING_PAIR_SEARCH_H
#define MOEGEOM_ROUTING_PAIR_SEARCH_H

#include "routing/pair_landscape.h"

// The global minimiser on the line (d = 1) over all experts and all interfaces with |b| <= limit: for a given interface
// the best experts solve a linear problem, so that only the profile is left, which is scanned at scan + 1 points and
// then searched by golden sections around the best of them, to 1e-9 in b.
//   z        receives the minimiser
//   profile  receives its risk
// Returns a GSL status.
int pair_search_minimise(const pair_landscape_t *landscape, double tau, double limit, int scan, double *z,
                         double *profile);

// Moves z downhill in all parameters by GSL's quasi-Newton method (BFGS), to a gradient of about 1e-7 or for at most
// 200 steps; `risk` receives the risk reached. tau > 0. Returns a GSL status.
int pair_search_descend(const pair_landscape_t *landscape, double tau, double *z, double *risk);

// Moves z along a direction as far as risk and interface allow: to the last point found, by doubling and bisection,
// with a risk of at most `level` and |b| <= limit; z where it was when the first step of 0.01 and its halves fail.
// Returns a GSL status.
int pair_search_climb(const pair_landscape_t *landscape, double tau, const double *direction, double level,
                      double limit, double *z);

// Moves z to the critical point to which Newton's method leads from there.
//   norm  receives the Euclidean norm of the gradient at the point
// Returns GSL_SUCCESS when norm fell below `goal`, GSL_EMAXITER when it did not within 60 steps, or an error of
// pair_landscape_risk.
int pair_search_newton(const pair_landscape_t *landscape, double tau, double goal, double *z, double *norm);

#endif
