// SPDX-License-Identifier: GPL-3.0-or-later
// The first-order law of two experts against closed forms: flat interfaces with Gaussian inputs, and circles.
#include "routing/first_order.h"

#include "routing/boundary_layer.h"
#include "stat/quadrature.h"
#include "support.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_sf_zeta.h>
#include <string.h>

// ---- The constants of the gate ----

static void test_moments(void **state) {
    (void)state;
    const double zeta3 = gsl_sf_zeta_int(3), eta2 = M_PI * M_PI / 12;
    const double want[2][3] = {{M_LN2, eta2, 1.5 * zeta3},
                               {M_LN2 - 0.5, eta2 - M_LN2, 1.5 * zeta3 - 2 * eta2}};
    for (int gates = 1; gates <= 2; gates++)
        for (int power = 0; power <= 2; power++) {
            ball_t ball;
            assert_int_equal(first_order_moment_certified(power, gates, &ball), GSL_SUCCESS);
            assert_true(ball.radius > 0 && ball.radius <= 1e-15);
            const char *input = INPUT("power %d, gates %d", power, gates);
            check_close(input, ball.value, want[gates - 1][power], 1e-15 + ball.radius);
            check_close(input, first_order_moment(power, gates), ball.value, 1e-15 + ball.radius);
        }
}

static void test_moments_refused(void **state) {
    (void)state;
    ball_t ball = {0x1.3p3, 0x1.7p4};
    assert_int_equal(first_order_moment_certified(-1, 1, &ball), GSL_EINVAL);
    assert_int_equal(first_order_moment_certified(3, 1, &ball), GSL_EINVAL);
    assert_int_equal(first_order_moment_certified(0, 0, &ball), GSL_EINVAL);
    assert_int_equal(first_order_moment_certified(0, 3, &ball), GSL_EINVAL);
    assert_true(ball.value == 0x1.3p3 && ball.radius == 0x1.7p4);
}

// ---- Affine experts and targets, N(0, I) inputs ----

typedef struct affine {
    interface_t interface;
    double expert[2][3], target[2][3]; // slopes and constant
    first_order_t problem;
} affine_t;

static double affine_value(const double *c, const double x[2]) {
    return c[0] * x[0] + c[1] * x[1] + c[2];
}
static double first(const double x[2], const void *context) {
    return affine_value(((const affine_t *)context)->expert[0], x);
}
static double second(const double x[2], const void *context) {
    return affine_value(((const affine_t *)context)->expert[1], x);
}
static double above(const double x[2], const void *context) {
    return affine_value(((const affine_t *)context)->target[0], x);
}
static double below(const double x[2], const void *context) {
    return affine_value(((const affine_t *)context)->target[1], x);
}
static double gaussian(const double x[2], const void *context) {
    (void)context;
    return exp(-(x[0] * x[0] + x[1] * x[1]) / 2) / (2 * M_PI);
}

static void connect(affine_t *a) {
    a->problem = (first_order_t){&a->interface, {first, second}, {above, below}, gaussian, a, 11};
}

static interface_t random_line(stream_t *s) {
    const double turn = uniform(s, -M_PI, M_PI);
    return (interface_t){
        INTERFACE_LINE, log_uniform(s, 0.3, 4), {cos(turn), sin(turn), uniform(s, -1.5, 1.5)}};
}

static void random_affine(stream_t *s, interface_t interface, affine_t *a) {
    a->interface = interface;
    for (int i = 0; i < 2; i++) {
        stream_normals(s, a->expert[i], 3);
        stream_normals(s, a->target[i], 3);
    }
    connect(a);
}

// For experts without constants that equal the target, at slope 1: the gap and the slope of boundary_layer.h.
static void test_boundary_layer(void **state) {
    (void)state;
    stream_t s = stream_at(1, 0, 0);
    for (int trial = 0; trial < 20; trial++) {
        affine_t a;
        random_affine(&s, random_line(&s), &a);
        for (int i = 0; i < 2; i++) {
            a.expert[i][2] = 0;
            memcpy(a.target[i], a.expert[i], sizeof a.expert[i]);
        }
        const double slope = a.interface.slope, *w = a.interface.shape, offset = w[2],
                     tau = log_uniform(&s, 0.01, 0.5);
        const double delta[2] = {a.expert[0][0] - a.expert[1][0], a.expert[0][1] - a.expert[1][1]};
        const double along = gsl_pow_2(w[0] * delta[0] + w[1] * delta[1]);
        const double tangent = gsl_pow_2(w[0] * delta[1] - w[1] * delta[0]);
        gsl_sf_result constant, wanted, gap, term;
        assert_int_equal(first_order_constant(&a.problem, 1e-12, &constant), GSL_SUCCESS);
        assert_int_equal(first_order_gap(&a.problem, tau, 1e-10, &gap), GSL_SUCCESS);
        assert_int_equal(first_order_second(&a.problem, 0.1, 1e-12, &term), GSL_SUCCESS);
        assert_int_equal(boundary_layer_gap(tau / slope, offset, along, tangent, &wanted), GSL_SUCCESS);
        const char *input =
            INPUT("slope %a, offset %a, tau %a, along %a, tangent %a", slope, offset, tau, along, tangent);
        check_close(input, constant.val, boundary_layer_slope(offset, along, tangent) / slope,
                    1e-12 + constant.err);
        check_close(input, gap.val, wanted.val, gap.err + wanted.err);
        check_close(input, term.val, 0, term.err + 1e-12);
    }
}

// The constant in the form of the claim, 2 ln 2 D [(mu_+ - f1) - (mu_- - f2)] + (2 ln 2 - 1) D^2, on every interface.
static double claimed(const double x[2], const void *context) {
    const double f1 = first(x, context), f2 = second(x, context), d = f1 - f2;
    const double residuals = (above(x, context) - f1) - (below(x, context) - f2);
    return (2 * M_LN2 * d * residuals + (2 * M_LN2 - 1) * d * d) * gaussian(x, context);
}

static interface_t random_interface(stream_t *s, int kind) {
    switch (kind) {
    case 0:
        return random_line(s);
    case 1:
        return (interface_t){
            INTERFACE_CIRCLE, uniform(s, 1, 3), {uniform(s, -1, 1), uniform(s, -1, 1), uniform(s, 0.8, 2)}};
    default:
        return (interface_t){
            INTERFACE_CUBIC, uniform(s, 1, 3), {uniform(s, -0.5, 0.5), uniform(s, -1, 1), uniform(s, -1, 1)}};
    }
}

static void test_claimed_form(void **state) {
    (void)state;
    stream_t s = stream_at(2, 0, 0);
    for (int trial = 0; trial < 60; trial++) {
        affine_t a;
        random_affine(&s, random_interface(&s, trial % 3), &a);
        gsl_sf_result constant, wanted;
        assert_int_equal(first_order_constant(&a.problem, 1e-12, &constant), GSL_SUCCESS);
        assert_int_equal(interface_level_integral(&a.interface, 0, claimed, &a, 11, 1e-12, &wanted),
                         GSL_SUCCESS);
        check_close(INPUT("trial %d", trial), constant.val, wanted.val, 1e-12 * (1 + fabs(wanted.val)));
    }
}

// Gap, constant and second term on every interface: |gap - c_1 tau - c_2 tau^2| falls by 8 when tau is halved.
static void test_orders(void **state) {
    (void)state;
    stream_t s = stream_at(3, 0, 0);
    for (int trial = 0; trial < 9; trial++) {
        affine_t a;
        random_affine(&s, random_interface(&s, trial % 3), &a);
        gsl_sf_result constant, term, gap;
        assert_int_equal(first_order_constant(&a.problem, 1e-12, &constant), GSL_SUCCESS);
        assert_int_equal(first_order_second(&a.problem, 0.05, 1e-12, &term), GSL_SUCCESS);
        double rest[2];
        for (int i = 0; i < 2; i++) {
            const double tau = ldexp(0.006, -i);
            assert_int_equal(first_order_gap(&a.problem, tau, 1e-12, &gap), GSL_SUCCESS);
            rest[i] = (gap.val - constant.val * tau - term.val * tau * tau) / (tau * tau * tau);
        }
        check_close(INPUT("trial %d: remainder over tau^3", trial), rest[0], rest[1],
                    0.15 * (1 + fabs(rest[1])));
    }
}

// ---- Constants around the origin: F(t) = (r/s) exp(-r^2/2 - r t/s) in closed form down to the centre, t = -s r/2 ----

typedef struct round {
    double tau, rate, above, below, contrast; // rate r/s; 2 mu - f1 - f2 above and below; D
} round_t;

static double outside(double t, const void *context) {
    const round_t *r = context;
    const double gate = 1 / (1 + exp(t / r->tau));
    return (gate * r->contrast * r->above - gate * (1 - gate) * r->contrast * r->contrast) *
           exp(-r->rate * t);
}

static double inside(double t, const void *context) {
    const round_t *r = context;
    const double gate = 1 / (1 + exp(t / r->tau));
    return (-gate * r->contrast * r->below - gate * (1 - gate) * r->contrast * r->contrast) *
           exp(r->rate * t);
}

static void test_circle(void **state) {
    (void)state;
    stream_t s = stream_at(4, 0, 0);
    for (int trial = 0; trial < 20; trial++) {
        const double slope = uniform(&s, 0.8, 3), radius = uniform(&s, 0.5, 2),
                     tau = log_uniform(&s, 0.01, 1);
        double values[4]; // f1, f2, mu_+, mu_-
        stream_normals(&s, values, 4);
        affine_t a = {.interface = {INTERFACE_CIRCLE, slope, {0, 0, radius}},
                      .expert = {{0, 0, values[0]}, {0, 0, values[1]}},
                      .target = {{0, 0, values[2]}, {0, 0, values[3]}}};
        connect(&a);
        const double size = radius / slope * exp(-radius * radius / 2), sum = values[0] + values[1];
        const round_t r = {tau, radius / slope, 2 * values[2] - sum, 2 * values[3] - sum,
                           values[0] - values[1]};
        gsl_sf_result constant, term, gap, out, in, contrast;
        assert_int_equal(first_order_constant(&a.problem, 1e-12, &constant), GSL_SUCCESS);
        assert_int_equal(first_order_second(&a.problem, 0.05, 1e-13, &term), GSL_SUCCESS);
        assert_int_equal(first_order_gap(&a.problem, tau, 1e-10, &gap), GSL_SUCCESS);
        assert_int_equal(first_order_profile(&a.problem, FIRST_ORDER_CONTRAST, 0.2, 1e-12, &contrast),
                         GSL_SUCCESS);
        const double far[] = {0, 5 * tau, 60 * tau}, centre = slope * radius / 2,
                     near[] = {0, fmin(5 * tau, centre), fmin(60 * tau, centre)};
        assert_int_equal(quadrature_integrate(outside, &r, far, 3, 1e-12, &out), GSL_SUCCESS);
        assert_int_equal(quadrature_integrate(inside, &r, near, 3, 1e-12, &in), GSL_SUCCESS);
        const char *input = INPUT("slope %a, radius %a, tau %a, values %a %a %a %a", slope, radius, tau,
                                  values[0], values[1], values[2], values[3]);
        const double jump = values[2] - values[3];
        check_close(input, constant.val, size * r.contrast * (2 * M_LN2 * jump - r.contrast), 1e-12);
        check_close(input, term.val, -M_PI * M_PI / 12 * size * r.rate * r.contrast * (r.above + r.below),
                    term.err + 1e-10);
        check_close(input, contrast.val, size * r.contrast * r.contrast * exp(-0.2 * r.rate), 1e-12);
        check_close(input, gap.val, size * (out.val + in.val), gap.err + 1e-11);
    }
}

// ---- Arguments ----

static void test_refused(void **state) {
    (void)state;
    stream_t s = stream_at(5, 0, 0);
    affine_t a;
    random_affine(&s, random_line(&s), &a);
    gsl_sf_result result = {0x1.3p3, 0x1.7p4};
    static const double bad[] = {0, -0.1, NAN};
    for (int i = 0; i < 3; i++) {
        assert_true(first_order_gap(&a.problem, bad[i], 1e-9, &result) != GSL_SUCCESS);
        assert_true(first_order_gap(&a.problem, 0.1, bad[i], &result) != GSL_SUCCESS);
        assert_true(first_order_second(&a.problem, bad[i], 1e-9, &result) != GSL_SUCCESS);
        assert_true(first_order_second(&a.problem, 0.1, bad[i], &result) != GSL_SUCCESS);
        assert_true(first_order_constant(&a.problem, bad[i], &result) != GSL_SUCCESS);
        assert_true(first_order_profile(&a.problem, FIRST_ORDER_ABOVE, 0, bad[i], &result) != GSL_SUCCESS);
    }
    a.interface.slope = 0; // level integrals fail inside the outer quadrature
    assert_true(first_order_gap(&a.problem, 0.1, 1e-9, &result) != GSL_SUCCESS);
    assert_true(first_order_constant(&a.problem, 1e-9, &result) != GSL_SUCCESS);
    assert_true(result.val == 0x1.3p3 && result.err == 0x1.7p4);
}

int main(void) {
    gsl_set_error_handler_off();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_moments),        cmocka_unit_test(test_moments_refused),
        cmocka_unit_test(test_boundary_layer), cmocka_unit_test(test_claimed_form),
        cmocka_unit_test(test_orders),         cmocka_unit_test(test_circle),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests_name("first_order", tests, NULL, NULL);
}
