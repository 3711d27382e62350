// SPDX-License-Identifier: GPL-3.0-or-later
// Where a soft router is confidently wrong: the set E_mis of (5.11) and the partition distance of (5.17) of
// Soft-to-Hard Routing, point by point.
//
// A matching pi sends the teacher's cell k to the student's expert pi(k). Both partitions are those of the hard winner
// (margin.h). With G the points that are not ambiguous (softmax.h),
//     E_mis = {x in G : x in the teacher's cell k and p_j(x) >= 1 - epsilon for some j != pi(k)}.
// Each point of E_mis lies in exactly two of the sets Omega_pi(k)(phi) + Omega*_k (symmetric differences), that of its
// teacher cell and that of its winner, and no other point of G lies in any: so (5.17) is 2 P(E_mis).
#ifndef MOEGEOM_ROUTING_MISROUTING_H
#define MOEGEOM_ROUTING_MISROUTING_H

#include <stdbool.h>
#include <stddef.h>

enum { MISROUTING_MAX_EXPERTS = 16 };

// Whether a point is in E_mis, by its definition through the gates.
//   teacher, student  logits, n each, 2 <= n <= MISROUTING_MAX_EXPERTS
//   matching          pi, a permutation of 0..n-1
bool misrouting_is_confident(const double *teacher, const double *student, size_t n, const size_t *matching,
                             double tau, double epsilon);

// In how many of the n symmetric differences Omega_pi(k)(phi) + Omega*_k the point lies; 0 if it is ambiguous.
size_t misrouting_differences(const double *teacher, const double *student, size_t n, const size_t *matching,
                              double tau, double epsilon);

#endif
