// SPDX-License-Identifier: GPL-3.0-or-later
// number/symmetric: counts of eigenvalues against matrices with known ones, at the eigenvalues and beside them.
#include "number/symmetric.h"
#include "support.h"

// Diagonal matrices with repeated entries, conjugated by products of signed transpositions and of 3-4-5 rotations times 5:
// Q'DQ with Q'Q = 25 I, so that the eigenvalues are 25 times the entries.
static void rotate(fmpz_mat_t matrix, slong a, slong b) {
    fmpz_mat_t turn, product, transposed;
    const slong n = fmpz_mat_nrows(matrix);
    fmpz_mat_init(turn, n, n);
    fmpz_mat_init(product, n, n);
    fmpz_mat_init(transposed, n, n);
    for (slong i = 0; i < n; i++)
        fmpz_set_si(fmpz_mat_entry(turn, i, i), i == a || i == b ? 3 : 5);
    fmpz_set_si(fmpz_mat_entry(turn, a, b), 4);
    fmpz_set_si(fmpz_mat_entry(turn, b, a), -4);
    fmpz_mat_transpose(transposed, turn);
    fmpz_mat_mul(product, transposed, matrix);
    fmpz_mat_mul(matrix, product, turn);
    fmpz_mat_clear(transposed);
    fmpz_mat_clear(product);
    fmpz_mat_clear(turn);
}

static void test_known(void **state) {
    (void)state;
    stream_t s = stream_at(1, 0, 0);
    for (int trial = 0; trial < 60; trial++) {
        fmpz_mat_t matrix;
        const slong n = 2 + trial % 6, turns = 1 + trial % 4;
        slong eigenvalue[8], scale = 1, least = 1000000;
        fmpz_mat_init(matrix, n, n);
        for (slong i = 0; i < n; i++) {
            eigenvalue[i] = stream_pick(&s, -4, 4);
            fmpz_set_si(fmpz_mat_entry(matrix, i, i), eigenvalue[i]);
        }
        for (slong t = 0; t < turns; t++, scale *= 25) {
            const slong a = stream_pick(&s, 0, n - 1);
            rotate(matrix, a, (a + 1) % n);
        }
        for (slong i = 0; i < n; i++)
            least = FLINT_MIN(least, eigenvalue[i] * scale);
        for (slong c = -5; c <= 5; c++)
            for (slong beside = -1; beside <= 1; beside++) {
                slong want = 0;
                for (slong i = 0; i < n; i++)
                    want += eigenvalue[i] * scale <= c * scale + beside;
                assert_int_equal(symmetric_eigenvalues_at_most(matrix, c * scale + beside), want);
            }
        assert_int_equal(symmetric_least_ceiling(matrix), least);
        fmpz_mat_clear(matrix);
    }
}

// Irrational eigenvalues: (1 +- sqrt 5) / 2 of [[1, 1], [1, 0]], and those of a path, 2 cos(k pi / (n + 1)).
static void test_irrational(void **state) {
    (void)state;
    fmpz_mat_t matrix;
    fmpz_mat_init(matrix, 2, 2);
    fmpz_one(fmpz_mat_entry(matrix, 0, 0));
    fmpz_one(fmpz_mat_entry(matrix, 0, 1));
    fmpz_one(fmpz_mat_entry(matrix, 1, 0));
    static const slong want[] = {0, 0, 1, 1, 2, 2}; // at most -2, -1, 0, 1, 2, 3
    for (slong c = -2; c <= 3; c++)
        assert_int_equal(symmetric_eigenvalues_at_most(matrix, c), want[c + 2]);
    assert_int_equal(symmetric_least_ceiling(matrix), 0);
    fmpz_mat_clear(matrix);
    fmpz_mat_init(matrix, 8, 8);
    for (slong i = 0; i + 1 < 8; i++) {
        fmpz_one(fmpz_mat_entry(matrix, i, i + 1));
        fmpz_one(fmpz_mat_entry(matrix, i + 1, i));
    }
    for (slong c = -2; c <= 2; c++) {
        slong below = 0;
        for (int k = 1; k <= 8; k++)
            below +=
                2 * cos(k * acos(-1) / 9) <= (double)c + (k == 3 || k == 6 ? 1e-9 : 0); // 1 and -1 exactly
        assert_int_equal(symmetric_eigenvalues_at_most(matrix, c), below);
    }
    fmpz_mat_clear(matrix);
}

static void test_zero(void **state) {
    (void)state;
    fmpz_mat_t matrix;
    fmpz_mat_init(matrix, 3, 3);
    assert_int_equal(symmetric_eigenvalues_at_most(matrix, -1), 0);
    assert_int_equal(symmetric_eigenvalues_at_most(matrix, 0), 3);
    assert_int_equal(symmetric_least_ceiling(matrix), 0);
    fmpz_mat_clear(matrix);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_known), cmocka_unit_test(test_irrational),
                                       cmocka_unit_test(test_zero)};
    return cmocka_run_group_tests_name("symmetric", tests, NULL, NULL);
}
