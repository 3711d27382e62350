// SPDX-License-Identifier: GPL-3.0-or-later
// A student of two affine experts on the line beside its teacher: both sides of the bounds (5.16) to (5.18) of
// Soft-to-Hard Routing, in closed form.
//
// Teacher and student are those of routing/pair_landscape.h with d = 1: X uniform on [-1, 1], teacher cell 1 above
// `cut`, student cell 1 above b. With M = 2 B^2 + 2 B_stu^2 and K = 2 experts the proof of Theorem 5.17 gives, for
// every temperature and every student whose risk is at most that of the teacher's parameters,
//
//     (5.18)  R = M BM* + 4 B_stu^2 eps^2,                     P(confidently misrouted) <= 4 R / gamma + K (K - 1) eta,
//     (5.16)  2 R + 8 B_stu^2 eps^2 + M (BM + 4 R / gamma + K (K - 1) eta) <= C_1 (BM* + BM + eta + eps^2),
//     (5.17)  2 (4 R / gamma + K (K - 1) eta) <= C_2 (BM* + eta + eps^2),
//
//     C_1 = max(2 M + 4 M^2 / gamma, K (K - 1) M, 16 B_stu^2 (1 + M / gamma)),
//     C_2 = max(8 M / gamma, 32 B_stu^2 / gamma, 2 K (K - 1)).
#ifndef MOEGEOM_ROUTING_PAIR_COMPARISON_H
#define MOEGEOM_ROUTING_PAIR_COMPARISON_H

#include "routing/pair_landscape.h"

typedef struct pair_comparison {
    double teacher_sup,
        student_sup;        // B on the teacher's cells; B_stu over [-1, 1] and all experts, the teacher's too
    int swapped;            // whether student expert 2 is matched to teacher cell 1
    double root_gamma, eta; // sqrt(gamma) and eta of Assumption 5.11 under that matching
    double distance;        // left side of (5.16)
    double epsilon;         // 0 < epsilon < 1/2; the theorem wants 4 epsilon B_stu <= sqrt(gamma)
    double ambiguous[2];    // BM of the teacher's and of the student's router
    double partition;       // left side of (5.17)
    double teacher_bound;   // R of (5.18)
    double distance_bound, partition_bound; // with C_1 and C_2
    double distance_bound_fine, c1, c2;     // (5.16) before its terms are merged; the constants
} pair_comparison_t;

// Fills what does not depend on the temperature, down to `distance`: the better of the two matchings is that with the
// smaller eta, then with the smaller distance.
//   z      chart point of the student
//   level  sqrt(gamma) > 0; raised to nine tenths of the least distance of an unmatched expert where that is more
void pair_comparison_match(const pair_landscape_t *teacher, const double *z, double level,
                           pair_comparison_t *comparison);

// Fills the rest at a temperature, from what pair_comparison_match filled and from epsilon.
void pair_comparison_bound(const pair_landscape_t *teacher, const double *z, double tau,
                           pair_comparison_t *comparison);

#endif
