// SPDX-License-Identifier: GPL-3.0-or-later
// number/dyadic: integers that give back the doubles, and no finer place than needed.
#include "number/dyadic.h"
#include "support.h"

#include <stdbool.h>

enum { COUNT = 40 };

// Numbers of few and of many digits, over many powers of two; some are 0.
static void draw(stream_t *stream, double *values) {
    for (size_t i = 0; i < COUNT; i++) {
        const int digits = 1 + (int)draw_below(stream, 53), exponent = (int)draw_below(stream, 400) - 200;
        const double integer = nearbyint(ldexp(uniform(stream, -1, 1), digits));
        values[i] = draw_below(stream, 5) == 0 ? 0 : ldexp(integer, exponent);
    }
}

static void test_integers(void **state) {
    (void)state;
    stream_t stream = stream_at(17, stream_experiment("test_dyadic"), 0);
    for (int turn = 0; turn < 200; turn++) {
        double values[COUNT];
        fmpz integers[COUNT];
        bool odd = false;
        draw(&stream, values);
        const slong place = dyadic_last_place(values, COUNT, WORD_MAX);
        for (size_t i = 0; i < COUNT; i++)
            fmpz_init(integers + i);
        dyadic_integers(integers, values, COUNT, place);
        for (size_t i = 0; i < COUNT; i++) {
            slong exponent;
            const double mantissa = fmpz_get_d_2exp(&exponent, integers + i);
            if (ldexp(mantissa, (int)(exponent + place)) != values[i])
                fail_msg("turn %d: %a became another number", turn, values[i]);
            odd |= fmpz_is_odd(integers + i);
            fmpz_clear(integers + i);
        }
        assert_true(odd);
        assert_int_equal(dyadic_last_place(values, COUNT, place - 1), place - 1);
    }
}

static void test_ends(void **state) {
    (void)state;
    static const double zeros[] = {0, -0.0}, ends[] = {0x1p-1074, -0x1.fffffffffffffp1023};
    assert_int_equal(dyadic_last_place(zeros, 2, 77), 77);
    assert_int_equal(dyadic_last_place(ends, 1, WORD_MAX), -1074);
    assert_int_equal(dyadic_last_place(ends + 1, 1, WORD_MAX), 971);
    assert_int_equal(dyadic_last_place(ends, 2, WORD_MAX), -1074);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_integers), cmocka_unit_test(test_ends)};
    return cmocka_run_group_tests_name("dyadic", tests, NULL, NULL);
}
