// SPDX-License-Identifier: GPL-3.0-or-later
// Margins of a vector of logits: how far a router is from another choice (Soft-to-Hard Routing, section 2).
//
// Everywhere: n finite logits; the lower index wins a tie, as in (2.9) and as kernels do.
#ifndef MOEGEOM_ROUTING_MARGIN_H
#define MOEGEOM_ROUTING_MARGIN_H

#include <stddef.h>

// The hard winner k* of (2.9): the least index of a largest logit. n >= 1.
size_t margin_winner(const double *logits, size_t n);

// The top-two margin Delta of (2.6), largest minus second largest, >= 0; infinite for n = 1.
double margin_top_two(const double *logits, size_t n);

// The pairwise margin Delta_min of (2.12), the least |a_k - a_l| over k != l; infinite for n = 1. In n^2 / 2 steps.
double margin_pairwise(const double *logits, size_t n);

// The margin of a top-k set, gap_k = k-th largest minus (k+1)-th largest; gap_1 is the top-two margin.
//   active   k, 1 to n - 1
//   scratch  n numbers, overwritten
double margin_gap(const double *logits, size_t n, size_t active, double *scratch);

// The half-width in temperatures of the slab in which the gate of a pair is within [epsilon, 1 - epsilon]:
// kappa_epsilon = ln((1 - epsilon) / epsilon) of (2.15), and kappa_{epsilon,n} = ln((n - 1)(1 - epsilon) / epsilon) of
// (5.6) for n experts (the same for n = 2). 0 < epsilon < 1/2, n >= 2.
double margin_kappa(double epsilon);
double margin_kappa_many(double epsilon, size_t n);

#endif
