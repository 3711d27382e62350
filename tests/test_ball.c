// SPDX-License-Identifier: GPL-3.0-or-later
// number/ball: enclosures against closed forms at 400 bits, poles, integrands with a branch, roundings.
#include "number/ball.h"
#include "support.h"

#include <acb_hypgeom.h>
#include <gsl/gsl_errno.h>

enum { BITS = 400, MAX_DEGREE = 9 };

// Fails unless |exact - value| <= radius and the radius is not above `widest`.
static void check_encloses(const char *input, const arb_t exact, ball_t ball, double widest) {
    arb_t distance, radius;
    arb_init(distance);
    arb_init(radius);
    arb_set_d(distance, ball.value);
    arb_set_d(radius, ball.radius);
    arb_sub(distance, exact, distance, BITS);
    arb_abs(distance, distance);
    const int inside = arb_le(distance, radius);
    const double off = arf_get_d(arb_midref(distance), ARF_RND_NEAR);
    arb_clear(distance);
    arb_clear(radius);
    if (!inside)
        fail_msg("%s: %a +- %a lies %a off", input, ball.value, ball.radius, off);
    if (!(ball.radius <= widest))
        fail_msg("%s: radius %a of %a, above %a", input, ball.radius, ball.value, widest);
}

// A wanted radius and half a unit in the last place.
static double allowed(double goal, double value) {
    return goal + 0x1.01p-53 * fabs(value) + 0x1p-1074;
}

typedef struct polynomial {
    size_t degree;
    long coefficient[MAX_DEGREE + 1];
} polynomial_t;

static void polynomial_ball(acb_t result, const acb_t z, int analytic, const void *context, slong precision) {
    (void)analytic;
    const polynomial_t *p = context;
    acb_t x; // the result may not be the argument's memory, but nobody says so
    acb_init(x);
    acb_set(x, z);
    acb_zero(result);
    for (size_t k = p->degree + 1; k-- > 0;) {
        acb_mul(result, result, x, precision);
        arb_add_si(acb_realref(result), acb_realref(result), p->coefficient[k], precision);
    }
    acb_clear(x);
}

static void add_antiderivative(arb_t sum, const polynomial_t *p, double at, int sign) {
    arb_t x, term;
    arb_init(x);
    arb_init(term);
    arb_set_d(x, at);
    for (size_t k = 0; k <= p->degree; k++) {
        arb_pow_ui(term, x, k + 1, BITS);
        arb_mul_si(term, term, sign * p->coefficient[k], BITS);
        arb_div_ui(term, term, k + 1, BITS);
        arb_add(sum, sum, term, BITS);
    }
    arb_clear(x);
    arb_clear(term);
}

static void check_polynomial(const polynomial_t *p, double low, double high) {
    ball_t ball;
    arb_t exact;
    arb_init(exact);
    add_antiderivative(exact, p, high, 1);
    add_antiderivative(exact, p, low, -1);
    assert_int_equal(ball_integrate(polynomial_ball, p, low, high, 1e-18, &ball), GSL_SUCCESS);
    check_encloses(INPUT("degree %zu, coefficients %ld ... %ld over [%a, %a]", p->degree, p->coefficient[0],
                         p->coefficient[p->degree], low, high),
                   exact, ball, allowed(1e-18, ball.value) * (1 + 0x1p-40));
    arb_clear(exact);
}

static void test_polynomials(void **state) {
    (void)state;
    stream_t s = stream_at(1, 0, 0);
    for (int trial = 0; trial < 300; trial++) {
        polynomial_t p = {.degree = draw_below(&s, MAX_DEGREE + 1)};
        for (size_t k = 0; k <= p.degree; k++)
            p.coefficient[k] = (long)draw_below(&s, 101) - 50;
        // In either direction.
        check_polynomial(&p, uniform(&s, -2, 2), uniform(&s, -2, 2));
    }
}

static void test_empty_interval(void **state) {
    (void)state;
    const polynomial_t p = {1, {3, 7}};
    ball_t ball = {1, 1};
    assert_int_equal(ball_integrate(polynomial_ball, &p, 0.3, 0.3, 1e-18, &ball), GSL_SUCCESS);
    assert_true(fabs(ball.value) <= ball.radius && ball.radius < 1e-17);
}

static void exp_ball(acb_t result, const acb_t z, int analytic, const void *context, slong precision) {
    (void)analytic;
    acb_t rate;
    acb_init(rate);
    acb_set_d(rate, *(const double *)context);
    acb_mul(rate, rate, z, precision);
    acb_exp(result, rate, precision);
    acb_clear(rate);
}

// int exp(rate x) = (exp(rate high) - exp(rate low)) / rate, with wanted radii of every size.
static void test_exponentials(void **state) {
    (void)state;
    stream_t s = stream_at(2, 0, 0);
    arb_t exact, other, factor;
    arb_init(exact);
    arb_init(other);
    arb_init(factor);
    for (int trial = 0; trial < 200; trial++) {
        const double rate = uniform(&s, -30, 30), low = uniform(&s, -1, 0.2), high = uniform(&s, 0.3, 1.7);
        const double goal = pow(10, -1 - trial % 18);
        arb_set_d(factor, rate);
        arb_set_d(exact, high);
        arb_mul(exact, exact, factor, BITS);
        arb_exp(exact, exact, BITS);
        arb_set_d(other, low);
        arb_mul(other, other, factor, BITS);
        arb_exp(other, other, BITS);
        arb_sub(exact, exact, other, BITS);
        arb_div(exact, exact, factor, BITS);
        ball_t ball;
        assert_int_equal(ball_integrate(exp_ball, &rate, low, high, goal, &ball), GSL_SUCCESS);
        check_encloses(INPUT("exp(%a x) over [%a, %a], goal %a", rate, low, high, goal), exact, ball,
                       allowed(goal, ball.value));
    }
    arb_clear(exact);
    arb_clear(other);
    arb_clear(factor);
}

// 1/(1 + x^2), poles at +-i.
static void witch_ball(acb_t result, const acb_t z, int analytic, const void *context, slong precision) {
    (void)analytic;
    (void)context;
    acb_mul(result, z, z, precision);
    acb_add_ui(result, result, 1, precision);
    acb_inv(result, result, precision);
}

static void test_witch(void **state) {
    (void)state;
    stream_t s = stream_at(3, 0, 0);
    arb_t exact, other;
    arb_init(exact);
    arb_init(other);
    for (int trial = 0; trial < 100; trial++) {
        const double low = -log_uniform(&s, 1e-3, 1e6), high = log_uniform(&s, 1e-3, 1e6);
        arb_set_d(exact, high);
        arb_atan(exact, exact, BITS);
        arb_set_d(other, low);
        arb_atan(other, other, BITS);
        arb_sub(exact, exact, other, BITS);
        ball_t ball;
        assert_int_equal(ball_integrate(witch_ball, NULL, low, high, 1e-18, &ball), GSL_SUCCESS);
        check_encloses(INPUT("1/(1+x^2) over [%a, %a]", low, high), exact, ball, allowed(1e-18, ball.value));
    }
    arb_clear(exact);
    arb_clear(other);
}

// (z - c)^-power for the context's c and power.
typedef struct pole {
    double at;
    unsigned power;
} pole_t;

static void pole_ball(acb_t result, const acb_t z, int analytic, const void *context, slong precision) {
    (void)analytic;
    const pole_t *pole = context;
    acb_t shift;
    acb_init(shift);
    acb_set_d(shift, pole->at);
    acb_sub(shift, z, shift, precision);
    acb_pow_ui(shift, shift, pole->power, precision);
    acb_inv(result, shift, precision);
    acb_clear(shift);
}

static void check_fails(const pole_t *pole, double low, double high) {
    ball_t ball = {0x1.8p0, 0x1.4p0};
    const int status = ball_integrate(pole_ball, pole, low, high, 1e-18, &ball);
    if (status != GSL_EFAILED || ball.value != 0x1.8p0 || ball.radius != 0x1.4p0)
        fail_msg("(x - %a)^-%u over [%a, %a]: status %d, %a +- %a", pole->at, pole->power, low, high, status,
                 ball.value, ball.radius);
}

static void test_poles(void **state) {
    (void)state;
    check_fails(&(pole_t){0, 1}, -1, 1);
    check_fails(&(pole_t){0, 1}, 0, 1);
    check_fails(&(pole_t){0.3, 2}, 0, 1);
    check_fails(&(pole_t){0.3, 3}, -0.1, 0.3);
    check_fails(&(pole_t){5, 1}, NAN, 1);
    check_fails(&(pole_t){5, 1}, 0, NAN);
    check_fails(&(pole_t){5, 1}, 0, INFINITY);
}

// Near the path a pole does no harm: int_0^1 (x + 2^-20)^-2 = 2^20 - 1/(1 + 2^-20).
static void test_near_pole(void **state) {
    (void)state;
    arb_t exact;
    arb_init(exact);
    arb_set_d(exact, 1 + 0x1p-20);
    arb_inv(exact, exact, BITS);
    arb_sub_ui(exact, exact, 1 << 20, BITS);
    arb_neg(exact, exact);
    ball_t ball;
    assert_int_equal(ball_integrate(pole_ball, &(pole_t){-0x1p-20, 2}, 0, 1, 1e-18, &ball), GSL_SUCCESS);
    check_encloses("(x + 2^-20)^-2 over [0, 1]", exact, ball, 1e-9);
    arb_clear(exact);
}

// |x| is analytic off the imaginary axis only, and sqrt off the negative half-line: the demand must arrive.
static void abs_ball(acb_t result, const acb_t z, int analytic, const void *context, slong precision) {
    (void)context;
    acb_real_abs(result, z, analytic, precision);
}

static void sqrt_ball(acb_t result, const acb_t z, int analytic, const void *context, slong precision) {
    (void)context;
    acb_sqrt_analytic(result, z, analytic, precision);
}

static void test_branches(void **state) {
    (void)state;
    ball_t ball;
    arb_t exact;
    arb_init(exact);
    arb_set_d(exact, 0.5 + 3.125); // both triangles
    assert_int_equal(ball_integrate(abs_ball, NULL, -1, 2.5, 1e-15, &ball), GSL_SUCCESS);
    check_encloses("|x| over [-1, 2.5]", exact, ball, 1e-12);
    arb_set_ui(exact, 2);
    arb_div_ui(exact, exact, 3, BITS);
    assert_int_equal(ball_integrate(sqrt_ball, NULL, 0, 1, 1e-12, &ball), GSL_SUCCESS);
    check_encloses("sqrt(x) over [0, 1]", exact, ball, 1e-9);
    arb_clear(exact);
}

// ---- ball_from_arb

// Whether [value - radius, value + radius] contains the whole of x, by exact subtraction.
static void check_covers(const arb_t x, ball_t ball) {
    arf_t end, limit;
    arf_init(end);
    arf_init(limit);
    for (int sign = -1; sign <= 1; sign += 2) {
        arf_set_mag(end, arb_radref(x));
        arf_mul_si(end, end, sign, ARF_PREC_EXACT, ARF_RND_NEAR);
        arf_add(end, end, arb_midref(x), ARF_PREC_EXACT, ARF_RND_NEAR);
        arf_set_d(limit, ball.value);
        arf_sub(end, end, limit, ARF_PREC_EXACT, ARF_RND_NEAR);
        arf_set_d(limit, ball.radius);
        if (arf_cmpabs(end, limit) > 0)
            fail_msg("middle near %a, radius near %a: %a +- %a does not cover it",
                     arf_get_d(arb_midref(x), ARF_RND_NEAR), mag_get_d(arb_radref(x)), ball.value,
                     ball.radius);
    }
    arf_clear(end);
    arf_clear(limit);
}

// Random middles of 200 bits and radii from nothing to everything, down to the subnormal numbers.
static void test_from_arb(void **state) {
    (void)state;
    stream_t s = stream_at(4, 0, 0);
    arb_t x;
    arb_init(x);
    for (int trial = 0; trial < 4000; trial++) {
        const double big = uniform(&s, -1, 1), small = uniform(&s, -1, 1) * 0x1p-100;
        const slong shift = (slong)draw_below(&s, 2100) - 1085;
        arb_set_d(x, small);
        arf_t head;
        arf_init(head);
        arf_set_d(head, big);
        arb_add_arf(x, x, head, 200);
        arf_clear(head);
        mag_set_d(arb_radref(x), trial % 3 ? uniform(&s, 0, 1) : 0);
        mag_mul_2exp_si(arb_radref(x), arb_radref(x), -(slong)draw_below(&s, 130));
        arb_mul_2exp_si(x, x, shift);
        const ball_t ball = ball_from_arb(x);
        assert_true(ball.value == arf_get_d(arb_midref(x), ARF_RND_NEAR));
        check_covers(x, ball);
        const double widest = mag_get_d(arb_radref(x)) + 0x1p-53 * fabs(ball.value) + 0x1p-1073;
        if (!(ball.radius <= widest * (1 + 0x1p-30)))
            fail_msg("shift %ld: radius %a, needed %a", (long)shift, ball.radius, widest);
    }
    arb_clear(x);
}

static void test_from_arb_edges(void **state) {
    (void)state;
    arb_t x;
    arb_init(x);
    arb_set_d(x, -0x1.23456789abcdfp-7);
    ball_t ball = ball_from_arb(x);
    assert_true(ball.value == -0x1.23456789abcdfp-7 && ball.radius == 0);
    arb_set_ui(x, 1); // 2^-2000 is no double: the radius must not become 0
    arb_mul_2exp_si(x, x, -2000);
    ball = ball_from_arb(x);
    assert_true(ball.value == 0 && ball.radius == 0x1p-1074);
    arb_set_ui(x, 1);
    arb_mul_2exp_si(x, x, 2000);
    assert_false(isfinite(ball_from_arb(x).radius) && isfinite(ball_from_arb(x).value));
    arb_indeterminate(x);
    assert_false(isfinite(ball_from_arb(x).radius) && isfinite(ball_from_arb(x).value));
    arb_zero_pm_inf(x);
    assert_true(isinf(ball_from_arb(x).radius));
    arb_clear(x);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_polynomials),    cmocka_unit_test(test_empty_interval),
        cmocka_unit_test(test_exponentials),   cmocka_unit_test(test_witch),
        cmocka_unit_test(test_poles),          cmocka_unit_test(test_near_pole),
        cmocka_unit_test(test_branches),       cmocka_unit_test(test_from_arb),
        cmocka_unit_test(test_from_arb_edges),
    };
    return cmocka_run_group_tests_name("ball", tests, NULL, NULL);
}
