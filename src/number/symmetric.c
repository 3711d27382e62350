// SPDX-License-Identifier: GPL-3.0-or-later
// Exact statements on the eigenvalues of symmetric integer matrices; see symmetric.h.
#include "number/symmetric.h"

#include <flint/fmpz_poly.h>

// The roots >= 0 of a polynomial with real roots only.
static slong roots_not_negative(const fmpz_poly_t p) {
    slong count = 0;
    int last = 0;
    for (slong i = 0; i < fmpz_poly_length(p); i++) {
        const int sign = fmpz_sgn(fmpz_poly_get_coeff_ptr(p, i));
        count += last == 0 ? sign == 0 : sign == -last; // a root at zero; a change of signs
        last = sign ? sign : last;
    }
    return count;
}

slong symmetric_eigenvalues_at_most(const fmpz_mat_t matrix, slong bound) {
    fmpz_mat_t shifted; // bound - matrix
    fmpz_poly_t p;
    fmpz_mat_init_set(shifted, matrix);
    fmpz_poly_init(p);
    fmpz_mat_neg(shifted, shifted);
    for (slong i = 0; i < fmpz_mat_nrows(matrix); i++)
        fmpz_add_si(fmpz_mat_entry(shifted, i, i), fmpz_mat_entry(shifted, i, i), bound);
    fmpz_mat_charpoly(p, shifted);
    const slong count = roots_not_negative(p);
    fmpz_poly_clear(p);
    fmpz_mat_clear(shifted);
    return count;
}

// No eigenvalue is larger in size than this.
static slong largest_row_sum(const fmpz_mat_t matrix) {
    slong largest = 0;
    for (slong i = 0; i < fmpz_mat_nrows(matrix); i++) {
        slong sum = 0;
        for (slong j = 0; j < fmpz_mat_ncols(matrix); j++)
            sum += FLINT_ABS(fmpz_get_si(fmpz_mat_entry(matrix, i, j)));
        largest = FLINT_MAX(largest, sum);
    }
    return largest;
}

slong symmetric_least_ceiling(const fmpz_mat_t matrix) {
    const slong size = largest_row_sum(matrix);
    slong low = -size - 1, high = size;
    while (high - low > 1) {
        const slong middle = low + (high - low) / 2;
        if (symmetric_eigenvalues_at_most(matrix, middle) > 0)
            high = middle;
        else
            low = middle;
    }
    return high;
}
