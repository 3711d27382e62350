// SPDX-License-Identifier: GPL-3.0-or-later
// How far the risk of a soft router can be from that of the hard one, by the law of its margin.
//
// The class (Soft-to-Hard Routing, Assumptions 4.2 and 4.3): K experts with |f_k| <= B_f, responses |Y| <= B_Y, and a
// top-two margin with P(Delta <= t) <= C t^alpha for all t > 0. With M = K - 1 and the largest tail that a margin v tau
// allows, s(v) = M exp(-v)/(1 + M exp(-v)), everything here is made of the moments
//
//     J_0 = int_0^inf alpha v^(alpha-1) s dv       = -Gamma(1+alpha) Li_alpha(-M),
//     J_1 = int_0^inf alpha v^(alpha-1) s (1-s) dv = -Gamma(1+alpha) Li_(alpha-1)(-M):
//
// for alpha = 1 they are ln K and 1 - 1/K, for K = 2 Gamma(1+alpha) eta(alpha) and Gamma(1+alpha) eta(alpha-1) with
// Dirichlet's eta function. All numbers come as balls: value and proven radius.
#ifndef MOEGEOM_ROUTING_GAP_BOUND_H
#define MOEGEOM_ROUTING_GAP_BOUND_H

#include "number/ball.h"

#include <stddef.h>

// The class of problems.
typedef struct gap_bound {
    size_t experts;  // K, 2 to 2^20
    double response; // B_Y >= 0
    double expert;   // B_f > 0
    double mass;     // C > 0, in margins to the power -alpha
    double alpha;    // 0 < alpha <= 16
} gap_bound_t;

// J_0 and J_1; either may be NULL. Returns GSL_SUCCESS, GSL_EDOM for arguments out of range, or GSL_EFAILED.
int gap_bound_moments(size_t experts, double alpha, ball_t *tail, ball_t *spread);

// What a moment is taken of: exp(-v), s or s (1-s).
typedef enum gap_bound_kernel { GAP_BOUND_EXPONENTIAL, GAP_BOUND_TAIL, GAP_BOUND_SPREAD } gap_bound_kernel_t;

// The moment int alpha v^(alpha-1) k(v) dv over [0, end], end > 0, by certified integration in q = v^alpha: another
// road to J_0 and J_1, up to what lies beyond. Returns as above.
int gap_bound_cut_moment(gap_bound_kernel_t kernel, size_t experts, double alpha, double end, ball_t *moment);

// C Gamma(1+alpha), the constant in E exp(-Delta/tau) <= C Gamma(1+alpha) tau^alpha: attained up to the end of the law
// by P(Delta <= t) = C t^alpha. Returns as above.
int gap_bound_layer(const gap_bound_t *problem, ball_t *constant);

// C_sh = 4 B_f (B_Y + B_f) (K-1) C Gamma(1+alpha), the constant that the proof of Theorem 4.5 gives in
// |L_tau - L_0| <= C_sh tau^alpha, for every tau > 0. Returns as above.
int gap_bound_stated(const gap_bound_t *problem, ball_t *constant);

// The least constant that can stand there: 4 B_f C (B J_0 + B_f J_1), B = max(B_Y, (1 - 2/K) B_f); least where B = B_Y.
// Returns as above.
int gap_bound_sharp(const gap_bound_t *problem, ball_t *constant);

// The least bound at one temperature, where a law reaches no further than C t^alpha = 1: 4 B_f C tau^alpha (B J_0 +
// B_f J_1) with the moments cut at C^(-1/alpha)/tau. Returns as above.
int gap_bound_at(const gap_bound_t *problem, double tau, ball_t *bound);

// The least constant for responses Y = h_0(X) of the hard router itself, 4 B_f^2 C (J_0 - J_1); B_Y does not matter.
// Returns as above.
int gap_bound_realisable(const gap_bound_t *problem, ball_t *constant);

// (tolerance / C')^(1/alpha) for a constant C' > 0 of these: at and below this temperature the gap is within the tolerance.
// From the upper end of the ball and rounded down, hence by proof; 0 where it is below the smallest double.
//   alpha      0 < alpha <= 16
//   tolerance  > 0
double gap_bound_temperature(const ball_t *constant, double alpha, double tolerance);

// What |L_tau - L_0| cannot exceed at any temperature, 4 B_f p (B + B_f (1-p)) with p = 1 - 1/K and B as above.
double gap_bound_most(const gap_bound_t *problem);

// C_co = 4 B_f (B_Y + B_f) (K-1) (C+1) of Corollary 4.4, where P(Delta <= t) <= C t holds for t <= delta only; alpha is
// not read. It is good for tau <= gap_bound_coarea_range(delta).
double gap_bound_coarea(const gap_bound_t *problem);

// The largest tau_0 with exp(-delta/tau) <= tau for all tau <= tau_0: exp(W_-1(-delta)) with Lambert's W for
// delta < 1/e, and infinite otherwise. delta > 0.
double gap_bound_coarea_range(double delta);

// One side of a piece of interface where two experts meet: the law of the margin there, P(Delta <= t, side) ~ mass
// t^alpha, and the residual mu - f of its winner at the interface.
typedef struct gap_bound_side {
    double mass, residual;
} gap_bound_side_t;

// The limit of (L_tau - L_0)/tau^alpha at such a piece:
//     Gamma(1+alpha) [2 eta(alpha) D (c_1 e_1 - c_2 e_2) + (eta(alpha) - eta(alpha-1)) D^2 (c_1 + c_2)].
//   jump   D = f_1 - f_2
//   sides  where expert 1 wins, and where expert 2 wins
// Returns as above.
int gap_bound_limit(double alpha, double jump, const gap_bound_side_t sides[2], ball_t *limit);

#endif
