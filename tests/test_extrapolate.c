// SPDX-License-Identifier: GPL-3.0-or-later
// Limits at 0 of polynomials, whose coefficients are known.
#include "stat/extrapolate.h"

#include "support.h"

// c0 + c1 x + c2 x^2 + c3 x^3: exact but for the cubic term, whose part in limit and slope is known.
static void test_cubics(void **state) {
    (void)state;
    stream_t s = stream_at(1, 0, 0);
    for (int trial = 0; trial < 1000; trial++) {
        double c[4], value[EXTRAPOLATE_VALUES];
        stream_normals(&s, c, 4);
        const double h = log_uniform(&s, 1e-3, 10);
        for (int i = 0; i < EXTRAPOLATE_VALUES; i++) {
            const double x = ldexp(h, -i);
            value[i] = c[0] + x * (c[1] + x * (c[2] + x * c[3]));
        }
        const double size = fabs(c[0]) + h * (fabs(c[1]) + h * (fabs(c[2]) + h * fabs(c[3])));
        const char *input = INPUT("%a + %a x + %a x^2 + %a x^3, h %a", c[0], c[1], c[2], c[3], h);
        check_close(input, extrapolate_limit(value), c[0] + c[3] * h * h * h / 8, 1e-14 * size);
        check_close(input, extrapolate_slope(value, h), c[1] - c[3] * h * h * 7 / 8, 1e-13 * size / h);
    }
}

static void test_magnitude(void **state) {
    (void)state;
    stream_t s = stream_at(2, 0, 0);
    for (int trial = 0; trial < 1000; trial++) {
        const int exponent = (int)draw_below(&s, 40) - 30;
        const double x = uniform(&s, 1.01, 9.99) * pow(10, exponent);
        check_close(INPUT("x %a", x), extrapolate_magnitude(x), pow(10, exponent + 1),
                    1e-12 * pow(10, exponent + 1));
    }
    assert_true(extrapolate_magnitude(1) == 1 && extrapolate_magnitude(100) == 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cubics), cmocka_unit_test(test_magnitude)};
    return cmocka_run_group_tests_name("extrapolate", tests, NULL, NULL);
}
