// SPDX-License-Identifier: GPL-3.0-or-later
// Softmax gates at any temperature.
//
// The gates of n logits a at temperature tau are p_k = exp(a_k / tau) / sum over l of exp(a_l / tau) (Soft-to-Hard
// Routing, (1.1)). All of them are computed from the differences a_k - max a <= 0, so that no finite logits and no
// positive temperature give an overflow or a NaN: at logits of 1e300 and a temperature of 1e-300 the gates are those of
// the hard router, with equal shares among exact ties.
//
// Everywhere: n >= 1 finite logits, 0 < tau < infinity; arrays belong to the caller.
#ifndef MOEGEOM_ROUTING_SOFTMAX_H
#define MOEGEOM_ROUTING_SOFTMAX_H

#include <stdbool.h>
#include <stddef.h>

// The gates p_1..p_n, in [0, 1], summing to 1 up to rounding; `gates` may be `logits`.
void softmax_gates(const double *logits, size_t n, double tau, double *gates);

// The mass of all gates but the winner's, 1 - max p = sum over l != winner of p_l, without cancellation: the relative
// error is some (n + Delta / tau) 2^-52, Delta the top-two margin, down to the smallest normal double. The winner is
// that of margin_winner.
double softmax_tail(const double *logits, size_t n, double tau);

// The bound (n - 1) exp(-Delta / tau) of (2.16) on that tail, Delta the top-two margin; 0 for n = 1.
double softmax_tail_bound(const double *logits, size_t n, double tau);

// The smooth maximum tau ln sum exp(a_k / tau), at least max a and at most max a + tau ln n.
double softmax_log_sum_exp(const double *logits, size_t n, double tau);

// The entropy -sum p ln p of the gates in nats, in [0, ln n].
double softmax_entropy(const double *logits, size_t n, double tau);

// Whether no gate exceeds 1 - epsilon: the event U_epsilon(tau) of (5.4), decided by the tail. 0 < epsilon < 1/2.
bool softmax_is_ambiguous(const double *logits, size_t n, double tau, double epsilon);

#endif
