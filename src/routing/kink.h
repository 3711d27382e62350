// SPDX-License-Identifier: GPL-3.0-or-later
// The shortest router whose hard risk has a kink: experts 1 and -1 on the line, the target sign(x), the interface at s.
//
// Expert 1 is used above s. The soft prediction is tanh((x - s)/(2 tau)), the gate sigma((x - s)/tau).
#ifndef MOEGEOM_ROUTING_KINK_H
#define MOEGEOM_ROUTING_KINK_H

#include <flint/fmpq.h>

// The hard risk E[(sign X - h(X))^2], X uniform on [-1, 1], summed over the pieces on which the loss is constant.
//   s  -1 to 1
void kink_hard_risk(fmpq_t risk, const fmpq_t s);

// The soft risk for the same X in closed form, from int tanh = 2 tau ln cosh and int tanh^2 = length - 2 tau tanh.
double kink_soft_risk(double s, double tau);

// The layer of that risk, tau and density taken out, for X of any smooth density at the jump:
//     G(e) = int over the line of (sign y - tanh((y - e)/2))^2 dy = 4 (2 ln 2 - 1) + 8 ln cosh(e/2).
// L_tau(tau e) = p(0) tau G(e) + O(tau^2), and G(e) - 4 |e| -> -4, the first-order gap beside the kink.
double kink_profile(double e);

#endif
