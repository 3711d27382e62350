// SPDX-License-Identifier: GPL-3.0-or-later
// Linear equations in non-negative unknowns, decided in integers, with a proof either way.
#ifndef MOEGEOM_NUMBER_SIMPLEX_H
#define MOEGEOM_NUMBER_SIMPLEX_H

#include <flint/fmpz_mat.h>
#include <stdbool.h>

// Decides whether A x = b has a solution x >= 0 (Farkas: if and only if no y has y'A <= 0 and y'b > 0).
//
// The sum of artificial unknowns, one for each row, is driven to 0 by the simplex method with Bland's rule, which
// ends (R. G. Bland, Math. Oper. Res. 2 (1977) 103); pivots are free of fractions, so that all entries are minors of
// the system. Nothing is assumed of the rows: they may be dependent.
//
//   system       m x (n + 1): A, and b as its last column
//   solution     n integers, initialised: x times `denominator`, when there is one; otherwise as it was
//   denominator  receives a positive integer with `solution`
//   refutation   m integers, initialised: y, when there is no solution; otherwise as it was
// Returns whether there is a solution.
bool simplex_solve(const fmpz_mat_t system, fmpz *solution, fmpz_t denominator, fmpz *refutation);

// Whether such a result is a proof; by its definition, in integers.
bool simplex_solves(const fmpz_mat_t system, const fmpz *solution, const fmpz_t denominator);
bool simplex_refutes(const fmpz_mat_t system, const fmpz *refutation);

#endif
