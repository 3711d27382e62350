// SPDX-License-Identifier: GPL-3.0-or-later
// number/exact_product: against sums of 128-bit integers, to the bit; other orders of the terms; what is refused.
#include "number/exact_product.h"
#include "support.h"

#include <gsl/gsl_errno.h>
#include <stdbool.h>
#include <string.h>

enum { SIDE = 40, MOST = SIDE * SIDE };

static stream_t stream_of(uint32_t block) {
    return stream_at(23, stream_experiment("test_exact_product"), block);
}

// ---- A product and its factors

typedef struct setting {
    size_t rows, terms, columns;
    bool left_transposed, right_transposed;
    double left[MOST], right[MOST], result[MOST]; // as stored
    double work[2 * MOST + SIDE];
} setting_t;

static exact_factor_t left_of(const setting_t *set) {
    return set->left_transposed ? (exact_factor_t){set->left, set->terms, set->rows, true}
                                : (exact_factor_t){set->left, set->rows, set->terms, false};
}

static exact_factor_t right_of(const setting_t *set) {
    return set->right_transposed ? (exact_factor_t){set->right, set->columns, set->terms, true}
                                 : (exact_factor_t){set->right, set->terms, set->columns, false};
}

static double *left_entry(setting_t *set, size_t row, size_t term) {
    return set->left + (set->left_transposed ? term * set->rows + row : row * set->terms + term);
}

static double *right_entry(setting_t *set, size_t term, size_t column) {
    return set->right + (set->right_transposed ? column * set->terms + term : term * set->columns + column);
}

static int multiply(setting_t *set) {
    const exact_factor_t left = left_of(set), right = right_of(set);
    assert_true(exact_product_work(&left, &right) <= sizeof set->work / sizeof *set->work);
    return exact_product(&left, &right, set->result, set->work);
}

// Normal numbers, some rows and columns larger by powers of two, some numbers 0.
static void draw(setting_t *set, uint32_t block) {
    stream_t s = stream_of(block);
    set->rows = 1 + draw_below(&s, SIDE);
    set->terms = 1 + draw_below(&s, SIDE);
    set->columns = 1 + draw_below(&s, SIDE);
    set->left_transposed = block & 1;
    set->right_transposed = block & 2;
    stream_normals(&s, set->left, MOST);
    stream_normals(&s, set->right, MOST);
    for (size_t i = 0; i < set->rows; i++)
        for (size_t t = 0, by = draw_below(&s, 40); t < set->terms; t++)
            *left_entry(set, i, t) *= draw_below(&s, 9) == 0 ? 0 : ldexp(1, (int)by - 20);
    for (size_t j = 0; j < set->columns; j++)
        for (size_t t = 0, by = draw_below(&s, 40); t < set->terms; t++)
            *right_entry(set, t, j) *= draw_below(&s, 9) == 0 ? 0 : ldexp(1, (int)by - 20);
}

static const char *describe(const setting_t *set, uint32_t block) {
    return INPUT("block %u: %zu x %zu x %zu%s%s", block, set->rows, set->terms, set->columns,
                 set->left_transposed ? ", left transposed" : "",
                 set->right_transposed ? ", right transposed" : "");
}

// ---- Another road: integers

// The power of two above the largest magnitude of a row of the left, or of a column of the right factor.
static int exponent_of(setting_t *set, bool left, size_t index) {
    double most = 0;
    int exponent;
    for (size_t t = 0; t < set->terms; t++)
        most = fmax(most, fabs(left ? *left_entry(set, index, t) : *right_entry(set, t, index)));
    frexp(most, &exponent);
    return exponent;
}

static double expected_entry(setting_t *set, size_t row, size_t column) {
    const int bits = exact_product_bits(set->terms), up = bits - exponent_of(set, true, row),
              across = bits - exponent_of(set, false, column);
    __int128 sum = 0;
    for (size_t t = 0; t < set->terms; t++)
        sum += (__int128)llrint(ldexp(*left_entry(set, row, t), up)) *
               llrint(ldexp(*right_entry(set, t, column), across));
    return ldexp((double)sum, -up - across);
}

static void check_entries(setting_t *set, const char *input) {
    for (size_t i = 0; i < set->rows; i++)
        for (size_t j = 0; j < set->columns; j++) {
            const double got = set->result[i * set->columns + j], want = expected_entry(set, i, j);
            if (got != want)
                fail_msg("%s, entry %zu %zu: got %a, want %a", input, i, j, got, want);
            long double sum = 0, magnitude = ldexp(1, exponent_of(set, true, i) + exponent_of(set, false, j));
            for (size_t t = 0; t < set->terms; t++)
                sum += (long double)*left_entry(set, i, t) * *right_entry(set, t, j);
            const int bits = exact_product_bits(set->terms);
            check_close(input, got, (double)sum,
                        (double)((long double)set->terms * magnitude * ldexpl(1.0001L, -bits)));
        }
}

static void test_integers(void **state) {
    (void)state;
    setting_t set;
    for (uint32_t block = 0; block < 400; block++) {
        draw(&set, block);
        assert_int_equal(multiply(&set), GSL_SUCCESS);
        check_entries(&set, describe(&set, block));
    }
}

// ---- Orders

// Terms in another order, and fewer rows and columns, give the same bits.
static void test_orders(void **state) {
    (void)state;
    setting_t set, other;
    for (uint32_t block = 0; block < 100; block++) {
        draw(&set, block);
        other = set;
        assert_int_equal(multiply(&set), GSL_SUCCESS);
        for (size_t t = 0; t < set.terms; t++) {
            const size_t from = (t * 7 + 3) % set.terms, to = set.terms % 7 == 0 ? set.terms - 1 - t : from;
            for (size_t i = 0; i < set.rows; i++)
                *left_entry(&other, i, t) = *left_entry(&set, i, to);
            for (size_t j = 0; j < set.columns; j++)
                *right_entry(&other, t, j) = *right_entry(&set, to, j);
        }
        assert_int_equal(multiply(&other), GSL_SUCCESS);
        if (memcmp(set.result, other.result, set.rows * set.columns * sizeof(double)) != 0)
            fail_msg("%s: another order of the terms gives other bits", describe(&set, block));
        if (set.left_transposed)
            continue;
        other = set;
        other.rows = 1;
        assert_int_equal(multiply(&other), GSL_SUCCESS);
        if (memcmp(set.result, other.result, set.columns * sizeof(double)) != 0)
            fail_msg("%s: the first row alone gives other bits", describe(&set, block));
    }
}

// The longest sums: all terms as large as they can be, so that the sum has all 53 bits.
static void test_long(void **state) {
    (void)state;
    enum { TERMS = 1 << 20 };
    double *values = malloc((4 * TERMS + 1) * sizeof *values), result;
    assert_non_null(values);
    for (size_t t = 0; t < TERMS; t++)
        values[t] = -(1 - 0x1p-53);
    const exact_factor_t left = {values, 1, TERMS, false}, right = {values, TERMS, 1, false};
    assert_int_equal(exact_product(&left, &right, &result, values + TERMS), GSL_SUCCESS);
    assert_true(result == TERMS);
    const exact_factor_t longer = {values, 1, TERMS + 1, false}, tall = {values, TERMS + 1, 1, false};
    assert_int_equal(exact_product(&longer, &tall, &result, values + TERMS), GSL_EBADLEN);
    free(values);
}

// ---- Ranges

static void test_bits(void **state) {
    (void)state;
    static const struct {
        size_t terms;
        int bits;
    } cases[] = {{1, 26}, {2, 26}, {3, 25}, {4, 25}, {64, 23}, {65, 23}, {1000, 21}, {(size_t)1 << 20, 16}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (exact_product_bits(cases[i].terms) != cases[i].bits)
            fail_msg("%zu terms: %d bits, expected %d", cases[i].terms, exact_product_bits(cases[i].terms),
                     cases[i].bits);
}

static void test_refusals(void **state) {
    (void)state;
    static const double wrong[] = {NAN, INFINITY, -INFINITY, 0x1p400, -0x1p1000};
    setting_t set;
    for (uint32_t block = 0; block < 40; block++)
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
            stream_t s = stream_of(1000 + block);
            draw(&set, block);
            if (block % 3 == 0)
                set.left[draw_below(&s, set.rows * set.terms)] = wrong[i];
            else
                set.right[draw_below(&s, set.columns * set.terms)] = wrong[i];
            if (multiply(&set) != GSL_EDOM)
                fail_msg("%s with %g was not refused", describe(&set, block), wrong[i]);
        }
    const exact_factor_t left = {set.left, 2, 3, false}, right = {set.right, 2, 3, false};
    assert_int_equal(exact_product(&left, &right, set.result, set.work), GSL_EBADLEN);
    const exact_factor_t nothing = {set.left, 2, 0, false}, none = {set.right, 0, 3, false};
    assert_int_equal(exact_product(&nothing, &none, set.result, set.work), GSL_EBADLEN);
}

// The ends of the range.
static void test_ends(void **state) {
    (void)state;
    double work[3], result;
    const double large = 0x1.fffffcp399, small = 0x1p-400, tiny = 0x1p-450, one = 1;
    const exact_factor_t factors[] = {
        {&large, 1, 1, false}, {&small, 1, 1, false}, {&tiny, 1, 1, false}, {&one, 1, 1, false}};
    assert_int_equal(exact_product(&factors[0], &factors[0], &result, work), GSL_SUCCESS);
    assert_true(result == large * large);
    assert_int_equal(exact_product(&factors[1], &factors[1], &result, work), GSL_SUCCESS);
    assert_true(result == 0x1p-800);
    assert_int_equal(exact_product(&factors[2], &factors[3], &result, work), GSL_SUCCESS);
    assert_true(result == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers), cmocka_unit_test(test_orders),   cmocka_unit_test(test_long),
        cmocka_unit_test(test_bits),     cmocka_unit_test(test_refusals), cmocka_unit_test(test_ends),
    };
    return cmocka_run_group_tests_name("exact_product", tests, NULL, NULL);
}
