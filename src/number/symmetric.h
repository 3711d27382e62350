// SPDX-License-Identifier: GPL-3.0-or-later
// Exact statements on the eigenvalues of symmetric integer matrices.
//
// The characteristic polynomial of a symmetric matrix has real roots only. For such polynomials Descartes' rule is an
// equality: the number of positive roots is the number of sign changes of the coefficients (multiplicities counted).
#ifndef MOEGEOM_NUMBER_SYMMETRIC_H
#define MOEGEOM_NUMBER_SYMMETRIC_H

#include <flint/fmpz_mat.h>

// The number of eigenvalues, with multiplicities, that are at most `bound`. The matrix must be symmetric.
slong symmetric_eigenvalues_at_most(const fmpz_mat_t matrix, slong bound);

// The least integer that is at least the least eigenvalue, by bisection from the row sums. The order must be 1 or more
// and the row sums of the absolute values below 2^60.
slong symmetric_least_ceiling(const fmpz_mat_t matrix);

#endif
