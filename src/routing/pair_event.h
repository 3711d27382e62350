// SPDX-License-Identifier: GPL-3.0-or-later
// The two sides of (3.6) of Soft-to-Hard Routing for one pair of experts, each decided by ball arithmetic.
//
//     gate   exp(a / tau) / (exp(a / tau) + exp(b / tau)) lies in [epsilon, 1 - epsilon]
//     slab   |a - b| <= kappa_epsilon tau, kappa_epsilon = ln((1 - epsilon) / epsilon)
//
// The logits, tau and epsilon are doubles, hence rational. Equality would need e^r = (1 - epsilon) / epsilon with a
// rational r, and e^r is transcendental for r != 0 (Hermite, Lindemann), while epsilon < 1/2 excludes r = 0. So no
// event is ever hit exactly, and a high enough precision decides each.
#ifndef MOEGEOM_ROUTING_PAIR_EVENT_H
#define MOEGEOM_ROUTING_PAIR_EVENT_H

#include <stdbool.h>

// Whether the gate of the first of two experts is in [epsilon, 1 - epsilon], by its two exponentials.
//   logits   a and b, finite
//   tau      > 0, finite; epsilon in (0, 1/2)
//   inside   receives the answer; left as it was on an error
// Returns GSL_SUCCESS, GSL_EINVAL, or GSL_EFAILED when the precision that is allowed (2^16 bits) does not decide.
int pair_event_gate(const double logits[2], double tau, double epsilon, bool *inside);

// Whether the pair lies in the slab, by one logarithm; as above.
int pair_event_slab(const double logits[2], double tau, double epsilon, bool *inside);

#endif
