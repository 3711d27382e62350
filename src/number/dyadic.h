// SPDX-License-Identifier: GPL-3.0-or-later
// Doubles as what they are: integers times powers of two.
#ifndef MOEGEOM_NUMBER_DYADIC_H
#define MOEGEOM_NUMBER_DYADIC_H

#include <flint/fmpz.h>
#include <stddef.h>

// The binary place of the last digit of any of n finite numbers: the greatest e such that all are integers times 2^e. `least`
// when that is lower, or all are 0.
slong dyadic_last_place(const double *values, size_t n, slong least);

// The numbers times 2^-place, which are integers.
//   place  at most dyadic_last_place of them
void dyadic_integers(fmpz *integers, const double *values, size_t n, slong place);

#endif
