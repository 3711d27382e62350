// SPDX-License-Identifier: GPL-3.0-or-later
// Softmax mixtures of affine experts on a line, exactly at the points x = s ln 2.
//
// On the cell of a coalition F(x) = sum e^{z_i} l_i / sum e^{z_i}, with z_i = slope_i x + ln weight_i and
// l_i = speed_i x + start_i. At x = s ln 2 the gates are rational and F = P + Q ln 2 with rational P and Q; ln 2 is
// irrational, so that such a number is 0 only for P = Q = 0.
#ifndef MOEGEOM_ROUTING_GATED_LINE_H
#define MOEGEOM_ROUTING_GATED_LINE_H

#include <flint/fmpq_vec.h>
#include <stdbool.h>

enum { GATED_LINE_EXPERTS = 3 };

// All members below 2^20 in absolute value; weight > 0.
typedef struct gated_line {
    slong experts; // 1 to GATED_LINE_EXPERTS
    slong slope[GATED_LINE_EXPERTS], weight[GATED_LINE_EXPERTS], speed[GATED_LINE_EXPERTS],
        start[GATED_LINE_EXPERTS];
} gated_line_t;

// F(s ln 2).
//   s      below 2^20 in absolute value
//   value  receives P and Q, two initialised rationals
void gated_line_value(const gated_line_t *gated, slong s, fmpq *value);

// Whether F is affine, from its values: it is when it agrees with the affine function through F(0) and F(ln 2) = A at
// 2n + 2 points, n experts, because sum e^{z_i} (l_i - A), when it is not identically 0, has fewer than 2n real zeros
// (G. Polya, G. Szego, Aufgaben und Lehrsaetze II, part V, problem 75).
bool gated_line_is_affine(const gated_line_t *gated);

// Whether F is affine, from its coefficients: the means of l_i with weights weight_i are the same in all classes of
// experts with equal slope (proof: report, section "Two layers").
bool gated_line_means_agree(const gated_line_t *gated);

#endif
