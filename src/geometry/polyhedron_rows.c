// SPDX-License-Identifier: GPL-3.0-or-later
// The hyperplanes that polyhedra are cut by; see polyhedron.h.
#include "geometry/polyhedron_shell.h"

#include <flint/fmpz_vec.h>
#include <flint/ulong_extras.h>
#include <math.h>
#include <stdlib.h>

// What a double is off, at most, when its exponent is that of the row's largest entry.
static bool is_exact(const fmpz_t entry, slong largest_bits) {
    return fmpz_is_zero(entry) || (fmpz_bits(entry) - fmpz_val2(entry) <= DBL_MANT_DIG &&
                                   largest_bits - (slong)fmpz_bits(entry) < 900);
}

static void set_doubles(polyhedron_rows_t *rows, slong i) {
    const slong width = rows->dimension + 1;
    const fmpz *row = rows->exact->rows[i];
    const slong bits = labs(_fmpz_vec_max_bits(row, width));
    bool exact = true;
    double norm = 0;
    for (slong j = 0; j < width; j++) {
        slong exponent;
        const double fraction = fmpz_get_d_2exp(&exponent, row + j);
        const slong shift = exponent - bits;
        const double c = fraction == 0 || shift < -1000 ? 0 : ldexp(fraction, (int)shift);
        rows->coefficients[i * rows->stride + j] = c;
        exact = exact && is_exact(row + j, bits);
        norm += fabs(c);
    }
    rows->errors[i] =
        exact ? 0 : POLYHEDRON_UNIT; // fmpz_get_d_2exp cuts off: one unit of the last place at 1
    rows->norms[i] = norm * POLYHEDRON_INFLATE;
    rows->margins[i] = ((double)(width + 3) * POLYHEDRON_UNIT * norm + 2 * (double)width * rows->errors[i]) *
                       POLYHEDRON_INFLATE;
}

static void set_integers(polyhedron_rows_t *rows, slong i) {
    const slong width = rows->dimension + 1;
    fmpz *row = _fmpz_vec_init(width);
    fmpz_t content;
    fmpz_init(content);
    _fmpz_vec_content(content, rows->exact->rows[i], width);
    if (!fmpz_is_zero(content))
        _fmpz_vec_scalar_divexact_fmpz(row, rows->exact->rows[i], width, content);
    rows->bits[i] = labs(_fmpz_vec_max_bits(row, width));
    for (slong j = 0; j < width; j++) {
        rows->machine[i * width + j] = rows->bits[i] <= MACHINE_BITS ? fmpz_get_si(row + j) : 0;
        for (slong q = 0; q < POLYHEDRON_PRIMES; q++)
            rows->residues[(i * POLYHEDRON_PRIMES + q) * width + j] = fmpz_get_nmod(row + j, rows->primes[q]);
    }
    fmpz_clear(content);
    _fmpz_vec_clear(row, width);
}

polyhedron_rows_t *polyhedron_rows_alloc(const fmpz_mat_t given) {
    const slong count = given->r, width = given->c;
    polyhedron_rows_t *rows = calloc(1, sizeof *rows);
    if (rows == NULL)
        return NULL;
    const size_t all = (size_t)count + 1;
    *rows = (polyhedron_rows_t){.count = count, .dimension = width - 1, .stride = width + width % 2};
    fmpz_mat_init(rows->exact, count + 1, width);
    rows->coefficients = calloc(all * (size_t)rows->stride, sizeof *rows->coefficients);
    rows->errors = calloc(all, sizeof *rows->errors);
    rows->norms = calloc(all, sizeof *rows->norms);
    rows->margins = calloc(all, sizeof *rows->margins);
    rows->machine = calloc(all * (size_t)width, sizeof *rows->machine);
    rows->bits = calloc(all, sizeof *rows->bits);
    rows->residues = calloc(all * POLYHEDRON_PRIMES * (size_t)width, sizeof *rows->residues);
    rows->ends = malloc(2 * all * sizeof *rows->ends);
    if (rows->coefficients == NULL || rows->errors == NULL || rows->norms == NULL || rows->margins == NULL ||
        rows->machine == NULL || rows->bits == NULL || rows->residues == NULL || rows->ends == NULL) {
        polyhedron_rows_free(rows);
        return NULL;
    }
    for (slong i = 0; i < count; i++)
        _fmpz_vec_set(rows->exact->rows[i], given->rows[i], width);
    fmpz_one(fmpz_mat_entry(rows->exact, count, width - 1));
    ulong prime = UWORD(1) << PRIME_BITS;
    for (slong q = 0; q < POLYHEDRON_PRIMES; q++) {
        prime = n_nextprime(prime, 1);
        nmod_init(&rows->primes[q], prime);
    }
    for (slong i = 0; i <= count; i++) {
        set_doubles(rows, i);
        set_integers(rows, i);
        polyhedron_rows_connect(rows, i, -1, -1);
    }
    return rows;
}

void polyhedron_rows_connect(polyhedron_rows_t *rows, slong row, slong a, slong b) {
    rows->ends[2 * row] = a;
    rows->ends[2 * row + 1] = b;
}

void polyhedron_rows_free(polyhedron_rows_t *rows) {
    if (rows == NULL)
        return;
    fmpz_mat_clear(rows->exact);
    free(rows->coefficients);
    free(rows->errors);
    free(rows->norms);
    free(rows->margins);
    free(rows->machine);
    free(rows->bits);
    free(rows->residues);
    free(rows->ends);
    free(rows);
}
