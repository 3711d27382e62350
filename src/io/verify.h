// SPDX-License-Identifier: GPL-3.0-or-later
// Holds a certificate against its instance, in rationals and without counting.
//
// What is checked:
//   instance      hash and shape
//   totals        each method's levels add up to its total; all totals, and those of all functionals (whose
//                 seeds differ), are the number of regions
//   tree          levels 0, 1 and (up to VERIFY_PLANES hyperplanes) 2 found again; level j at least 1 up to the
//                 rank and 0 beyond it, and at most what it is in general position (check_generic), which it is
//                 when there are no zero events; the alternating sum of the levels is up to its sign a number of
//                 bounded regions, and 0 for central arrangements (T. Zaslavsky, Memoirs AMS 154 (1975), Theorem
//                 C), whose regions come in pairs; the total is at most Zaslavsky's sum of binomials
//   primes        different odd primes below 2^64, proven; their product is above twice the stated Hadamard bound,
//                 which is at least the one found here. None are needed where the tree does not go beyond a line
//   zero events   each listed set is linearly dependent; no set twice; all are listed when they are few
//   layer         no two experts have the same logit (k < N); the total is at most the bound (U) of
//                 geometry/bounds.h, and so is each level of F; level 0 of F is binomial(N, k) when the router's
//                 normals are affinely independent; level 0 of V is 1
//   samples       the point has the signs and the coalition that are stated; no region twice
#ifndef MOEGEOM_IO_VERIFY_H
#define MOEGEOM_IO_VERIFY_H

#include "io/certificate.h"
#include "io/instance.h"

enum { VERIFY_PLANES = 1000 };

// Prints a line for each check, `ok   ...` or `FAIL ...`.
// Returns FAULT_NONE when all hold; FAULT_INPUT when one fails; FAULT_SYSTEM when memory is short.
fault_status_t verify_certificate(const certificate_t *certificate, const instance_t *instance, FILE *report,
                                  fault_t *fault);

#endif
