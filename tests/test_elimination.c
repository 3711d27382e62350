// SPDX-License-Identifier: GPL-3.0-or-later
// geometry/elimination: each double of every table is within its bound of the exact row, and coefficients have the
// signs that make the rows add up.
#include "geometry/elimination.h"
#include "support/seeds.h"

#include <flint/fmpz_vec.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { BITS = 2200 }; // 2^BITS times any double of a table is an integer

// Random rows of up to `bits` bits; some nearly depend on earlier ones.
static void draw_rows(fmpz_mat_t exact, stream_t *stream, slong bits) {
    for (slong i = 0; i < fmpz_mat_nrows(exact); i++) {
        fmpz *row = exact->rows[i];
        for (slong j = 0; j < fmpz_mat_ncols(exact); j++)
            fmpz_set_si(row + j, seeds_pick(stream, -(WORD(1) << bits), WORD(1) << bits));
        if (i >= 2 && seeds_pick(stream, 0, 2) == 0) {
            const ulong shift = (ulong)seeds_pick(stream, 5, 30);
            for (slong l = 1; l <= 2; l++) {
                fmpz *multiple = _fmpz_vec_init(fmpz_mat_ncols(exact));
                _fmpz_vec_scalar_mul_2exp(multiple, exact->rows[i - l], fmpz_mat_ncols(exact), shift);
                _fmpz_vec_scalar_addmul_si(row, multiple, fmpz_mat_ncols(exact), 5 - 4 * l);
                _fmpz_vec_clear(multiple, fmpz_mat_ncols(exact));
            }
        }
    }
}

// value 2^(BITS + shift) times the denominator.
static void set_scaled(fmpz_t result, double value, slong shift, const fmpz_t denominator) {
    int exponent;
    const double mantissa = frexp(value, &exponent);
    fmpz_set_si(result, (slong)ldexp(mantissa, 53));
    fmpz_mul_2exp(result, result, (ulong)(exponent - 53 + BITS + shift));
    fmpz_mul(result, result, denominator);
}

// The common power of two that a row was divided by when it was made a row of doubles.
static slong exponent_of(const elimination_rows_t *rows, slong row) {
    slong exponent = 0;
    for (slong i = 0; i < rows->logits; i++)
        exponent =
            FLINT_MAX(exponent, FLINT_ABS(_fmpz_vec_max_bits(rows->exact->rows[i], rows->dimension + 1)));
    return row < rows->logits ? exponent
                              : FLINT_ABS(_fmpz_vec_max_bits(rows->exact->rows[row], rows->dimension + 1));
}

static void check_row(elimination_t *e, slong row, double *largest) {
    const elimination_rows_t *rows = e->rows;
    const bool logit = row < rows->logits;
    const slong left = rows->dimension - e->depth + 1, at = logit ? row : row - rows->logits;
    fmpz *exact = _fmpz_vec_init(left);
    fmpz_t found, bound;
    fmpz_init(found);
    fmpz_init(bound);
    elimination_exact(e, row, logit ? e->base : -1, exact);
    const slong shift = exponent_of(rows, row);
    const double error = (logit ? elimination_logit_column(e, left) : elimination_unit_column(e, left))[at];
    set_scaled(bound, error, shift, e->denominator);
    for (slong c = 0; c < left; c++) {
        const double value = (logit ? elimination_logit_column(e, c) : elimination_unit_column(e, c))[at];
        set_scaled(found, value, shift, e->denominator);
        _fmpz_vec_scalar_mul_2exp(exact + c, exact + c, 1, BITS);
        fmpz_sub(found, found, exact + c);
        if (fmpz_cmpabs(found, bound) > 0) {
            fprintf(stderr, "bound too small: row %ld, column %ld, depth %ld, base %ld, %a with %a, of\n",
                    row, c, e->depth, e->base, value, error);
            fmpz_mat_print_pretty(rows->exact);
            fail();
        }
        slong above, below;
        const double size = fabs(fmpz_get_d_2exp(&above, found)), most = fmpz_get_d_2exp(&below, bound);
        if (most > 0 && size > 0)
            *largest = fmax(*largest, ldexp(size / most, (int)(above - below)));
    }
    _fmpz_vec_clear(exact, left);
    fmpz_clear(found);
    fmpz_clear(bound);
}

static bool refreshed(const elimination_t *e) {
    for (slong i = 0; i < e->depth; i++)
        if (e->steps[i].refreshed)
            return true;
    return false;
}

// The signs against the exact solution of the same equations, by the rows that are left: with exact coefficients
// the row's sum vanishes in all pivot columns, which determines them.
static void check_signs(elimination_t *e, slong row) {
    int signs[16];
    elimination_signs(e, row, signs);
    const slong D = e->rows->dimension, m = e->depth;
    fmpz_mat_t equations, kernel;
    fmpz_mat_init(equations, m, m + 1);
    fmpz_mat_init(kernel, m + 1, m + 1);
    for (slong i = 0; i < m; i++)
        for (slong l = 0; l <= m; l++) {
            const slong r = l < m ? e->steps[l].row : row;
            fmpz *entry = fmpz_mat_entry(equations, i, l);
            const slong column = e->columns[i * (D + 1) + e->steps[i].pivot];
            fmpz_set(entry, fmpz_mat_entry(e->rows->exact, r, column));
            if (r < e->rows->logits)
                fmpz_sub(entry, entry, fmpz_mat_entry(e->rows->exact, e->base, column));
        }
    assert_int_equal(fmpz_mat_nullspace(kernel, equations), 1);
    const int factor = fmpz_sgn(fmpz_mat_entry(kernel, m, 0));
    for (slong l = 0; l < m; l++)
        assert_int_equal(signs[l], factor * fmpz_sgn(fmpz_mat_entry(kernel, l, 0)));
    fmpz_mat_clear(equations);
    fmpz_mat_clear(kernel);
}

static void check_flat(elimination_t *e, slong limit, double *largest) {
    if (e->depth + 1 == e->rows->dimension)
        elimination_units(e, 0, limit);
    for (slong row = 0; row < e->rows->logits + limit && !refreshed(e); row++)
        check_row(e, row, largest);
    for (slong row = e->base >= 0 ? 0 : e->rows->logits; row < e->rows->logits + limit; row++) {
        bool member = row == e->base;
        for (slong l = 0; l < e->depth; l++)
            member = member || e->steps[l].row == row;
        if (!member)
            check_signs(e, row);
    }
}

static void test_bounds_and_signs(void **state) {
    (void)state;
    stream_t stream = seeds_stream("elimination", 0);
    slong flats = 0, fresh = 0;
    double largest = 0; // error over bound

    for (int i = 0; i < 400; i++) {
        const slong D = seeds_pick(&stream, 2, 6), N = seeds_pick(&stream, 3, 9),
                    n = seeds_pick(&stream, D, 12);
        fmpz_mat_t exact;
        fmpz_mat_init(exact, N + n, D + 1);
        draw_rows(exact, &stream, seeds_pick(&stream, 3, 60));
        elimination_rows_t *rows = elimination_rows_alloc(exact, N, D);
        elimination_t *e = elimination_alloc(rows);
        assert_non_null(e);
        const slong ties = seeds_pick(&stream, 0, FLINT_MIN(D, N) - 1);
        elimination_start(e, ties > 0 ? N - 1 : -1);
        for (slong l = 1; l < ties; l++)
            elimination_push(e, N - 1 - l, n);
        for (slong t = n - 1; t > 0 && e->depth + 1 < D; t--)
            if (elimination_push(e, N + t, t) == ELIMINATION_ADDED) {
                check_flat(e, t, &largest);
                flats++;
                fresh += refreshed(e);
            }
        elimination_free(e);
        elimination_rows_free(rows);
        fmpz_mat_clear(exact);
    }
    print_message("# %ld flats, %ld of them made exactly; errors up to %.2f of their bounds\n", flats, fresh,
                  largest);
    assert_true(largest > 0.01 && flats > 500 && fresh > 20 && flats - fresh > 300);
}

int main(void) {
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_bounds_and_signs)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    flint_cleanup_master();
    return failed;
}
