// SPDX-License-Identifier: GPL-3.0-or-later
// The tail of a softmax and its bounds in ball arithmetic, on two roads.
//
// For n logits z, M = n - 1 and e_k = exp(-(z_(1) - z_k)/tau), with T the sum of e_k over the losers (all but
// margin_winner) and e the largest of these,
//
//     tail = T/(1 + T)  <=  sharp = M e/(1 + M e)  <=  bound = M e,
//
// the first an equality if and only if all losers tie; bound is that of (2.16) and Lemma 4.1 (Soft-to-Hard Routing).
// One road computes them from the definition of the gates; rounding then hides a small slack, and precision must grow
// with Delta/tau. The other writes T = e R, 1 <= R <= M, so that in
//
//     bound/tail - 1 = ((M - R) + M T)/R
//
// nothing cancels. Everywhere: n >= 2 finite logits, 0 < tau < infinity, precision in bits.
#ifndef MOEGEOM_ROUTING_SOFTMAX_BALL_H
#define MOEGEOM_ROUTING_SOFTMAX_BALL_H

#include <arb.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct softmax_ball {
    arb_t tail, bound, sharp;    // of both roads
    arb_t total, missing, slack; // T, M - R and bound/tail - 1; of the second road
    arb_ptr exponentials;        // e_k of the losers, 0 for the winner; of the second road
    size_t most;
} softmax_ball_t;

// Results for at most `most` logits; release them with softmax_ball_clear.
void softmax_ball_init(softmax_ball_t *balls, size_t most);
void softmax_ball_clear(softmax_ball_t *balls);

// Whether all losers tie.
bool softmax_ball_losers_tie(const double *logits, size_t n);

// The first road: the tail from the gates exp(z_k/tau)/sum, and the bounds from the margin.
void softmax_ball_define(softmax_ball_t *balls, const double *logits, size_t n, double tau, slong precision);

// The second road.
void softmax_ball_factor(softmax_ball_t *balls, const double *logits, size_t n, double tau, slong precision);

// Decides tail < bound and tail < sharp (tail = sharp where the losers tie: balls that meet) on the first road, at
// precisions doubled from 64 to `limit` bits.
//   used  receives the last precision
// Returns 1 when both are proven, -1 when one is proven to be violated, 0 when they stay open.
int softmax_ball_decide(softmax_ball_t *balls, const double *logits, size_t n, double tau, slong limit,
                        slong *used);

// The same on the second road, at one precision: 1 when both are proven, 0 otherwise.
int softmax_ball_decide_factored(softmax_ball_t *balls, const double *logits, size_t n, double tau,
                                 slong precision);

#endif
