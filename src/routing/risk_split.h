// SPDX-License-Identifier: GPL-3.0-or-later
// The risk of a student behind soft gates, split by the teacher's cells and by what the gates are sure of.
//
// A teacher mu = f*_k on its cell Omega*_k, and a student h = sum of p_j f_j. An input is ambiguous when no gate
// exceeds 1 - epsilon, and confident otherwise (Soft-to-Hard Routing, (5.4)). On the confident inputs the winner's
// output is within 2 epsilon B_stu of h, which is all that Prop. 5.8 and Lemma 5.16 rest on.
#ifndef MOEGEOM_ROUTING_RISK_SPLIT_H
#define MOEGEOM_ROUTING_RISK_SPLIT_H

#include <stddef.h>

enum { RISK_SPLIT_MAX_EXPERTS = 8 };

// One input with its weight.
typedef struct risk_split_point {
    double weight;
    double gates[RISK_SPLIT_MAX_EXPERTS];  // p_j of the student, summing to 1
    double values[RISK_SPLIT_MAX_EXPERTS]; // f_j of the student
    double target;                         // mu = f*_k
    size_t cell;                           // the k with x in Omega*_k
} risk_split_point_t;

// What the statements speak of; E and P over the weighted inputs.
typedef struct risk_split {
    double interior, boundary, ambiguous; // L_int, L_bdry, P(U)
    double target, output;                // B and B_stu: the largest |mu| and |f_j| over all inputs
    // On A_k, the inputs of Omega*_k with p_k > 1 - epsilon:
    double dominated[RISK_SPLIT_MAX_EXPERTS]; // P(A_k)
    double error[RISK_SPLIT_MAX_EXPERTS];     // E (mu - h)^2
    double distance[RISK_SPLIT_MAX_EXPERTS];  // E (f_k - f*_k)^2
    double beyond[RISK_SPLIT_MAX_EXPERTS];    // E (|f_k - f*_k| - 2 epsilon B_stu)^2 where that is positive
    // For the teacher's cell k and the student's expert j, in this order:
    double confident[RISK_SPLIT_MAX_EXPERTS][RISK_SPLIT_MAX_EXPERTS]; // P(x in Omega*_k, p_j > 1 - epsilon)
    double apart[RISK_SPLIT_MAX_EXPERTS][RISK_SPLIT_MAX_EXPERTS];     // the same where (f_j - f*_k)^2 > gamma
    double close[RISK_SPLIT_MAX_EXPERTS][RISK_SPLIT_MAX_EXPERTS]; // P(x in Omega*_k, (f_j - f*_k)^2 <= gamma)
} risk_split_t;

// h at an input, for a student of n experts.
double risk_split_prediction(const risk_split_point_t *point, size_t n);

// Splits the risk over `count` inputs; 2 <= n <= RISK_SPLIT_MAX_EXPERTS, 0 < epsilon < 1/2, gamma > 0.
risk_split_t risk_split(const risk_split_point_t *points, size_t count, size_t n, double epsilon,
                        double gamma);

// What a matching of the teacher's cells with the student's experts leaves, student_of[k] = pi(k) a permutation.
typedef struct risk_split_matching {
    double misrouted; // P(E_mis(pi)) of (5.11)
    double apart; // the part of it where the confident expert is further than sqrt(gamma) from the teacher
    double gap;   // the least eta_gap with which pi is admissible, (5.9)
} risk_split_matching_t;

risk_split_matching_t risk_split_match(const risk_split_t *split, size_t n, const size_t *student_of);

#endif
