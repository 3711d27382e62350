// SPDX-License-Identifier: GPL-3.0-or-later
// The order of softmax gates, proven by ball arithmetic.
#ifndef MOEGEOM_ROUTING_GATES_H
#define MOEGEOM_ROUTING_GATES_H

#include <flint/fmpq.h>

// What the balls of the gates g_i = exp(z_i / tau) / sum over j of exp(z_j / tau) prove of their order.
typedef struct gates_order {
    slong precision; // bits that were worked with
    slong pairs;     // of different experts
    slong ties;      // of these with equal logits
    slong wrong;     // proven to be in another order than the logits; ties: proven to differ
    slong open;      // with different logits, and balls that meet
} gates_order_t;

// Compares the order of all pairs of gates with that of their logits. The precision is doubled, from 64 bits on, until
// no pair is open, one is wrong, or `limit` is reached.
//   logits       n rationals
//   temperature  tau > 0
gates_order_t gates_compare(const fmpq *logits, slong n, const fmpq_t temperature, slong limit);

#endif
