// SPDX-License-Identifier: GPL-3.0-or-later
// Doubles as integers; see dyadic.h.
#include "number/dyadic.h"

#include <math.h>

slong dyadic_last_place(const double *values, size_t n, slong least) {
    for (size_t i = 0; i < n; i++) {
        int exponent;
        const double mantissa = ldexp(frexp(values[i], &exponent), 53);
        if (mantissa == 0)
            continue;
        const slong place = exponent - 53 + __builtin_ctzll((unsigned long long)fabs(mantissa));
        least = place < least ? place : least;
    }
    return least;
}

void dyadic_integers(fmpz *integers, const double *values, size_t n, slong place) {
    for (size_t i = 0; i < n; i++)
        fmpz_set_d_2exp(integers + i, values[i], -place);
}
