// SPDX-License-Identifier: GPL-3.0-or-later
// stat/gaussian: slabs against erfc at 300 bits, Owen's T against its certified version and known identities, flips
// against a one-dimensional integral and a sample.
#include "number/ball.h"
#include "stat/gaussian.h"
#include "stat/montecarlo.h"
#include "stat/quadrature.h"
#include "support.h"

#include <arb_hypgeom.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>

enum { BITS = 300 };

// ---- Slabs

// erfc((b + shift) / sqrt 2) / 2, without any rounding of b + shift.
static void upper_tail(arb_t result, double b, double shift) {
    arb_t root;
    arb_init(root);
    arb_set_d(root, shift);
    arb_set_d(result, b);
    arb_add(result, result, root, BITS);
    arb_sqrt_ui(root, 2, BITS);
    arb_div(result, result, root, BITS);
    arb_hypgeom_erfc(result, result, BITS);
    arb_mul_2exp_si(result, result, -1);
    arb_clear(root);
}

static double exact_slab(double b, double w) {
    arb_t near, far;
    arb_init(near);
    arb_init(far);
    upper_tail(near, b, -w);
    upper_tail(far, b, w);
    arb_sub(near, near, far, BITS);
    const double mass = arf_get_d(arb_midref(near), ARF_RND_NEAR);
    arb_clear(near);
    arb_clear(far);
    return mass;
}

static void check_slab(double b, double w) {
    const double want = exact_slab(b, w);
    check_close(INPUT("slab around %.17g (%a) of half-width %.17g (%a)", b, b, w, w),
                gaussian_slab_mass(b, w), want, 1e-13 * want);
}

static void test_slab(void **state) {
    (void)state;
    stream_t s = stream_at(1, 0, 0);
    for (int trial = 0; trial < 1000; trial++) {
        const double w = uniform(&s, 0.1, 8), b = uniform(&s, w - 8, 8 - w);
        check_slab(b, w);
        check_slab(-b, w);
    }
    for (double w = 0.125; w <= 4; w *= 2) {
        check_slab(0, w);
        check_slab(w, w); // one edge at 0
        check_slab(8 - w, w);
    }
}

// Where |b| > w and w is small the two tails nearly agree; the header promises 1e-13 here too.
static void test_thin_slab(void **state) {
    (void)state;
    stream_t s = stream_at(2, 0, 0);
    for (int trial = 0; trial < 500; trial++) {
        const double w = log_uniform(&s, 1e-12, 0.1);
        check_slab(uniform(&s, 0, 2) * w, w);
        check_slab(uniform(&s, w - 8, 8 - w), w);
    }
}

static void test_slab_edges(void **state) {
    (void)state;
    assert_true(gaussian_slab_mass(0.7, 0) == 0);
    assert_true(gaussian_slab_mass(0, 0) == 0);
    assert_true(gaussian_slab_mass(0.3, INFINITY) == 1);
    assert_true(gaussian_slab_mass(-0x1.8p0, 0.75) == gaussian_slab_mass(0x1.8p0, 0.75));
}

static double density(double x, const void *context) {
    (void)context;
    return exp(-x * x / 2) / sqrt(2 * M_PI);
}

static void test_slab_by_quadrature(void **state) {
    (void)state;
    stream_t s = stream_at(3, 0, 0);
    for (int trial = 0; trial < 100; trial++) {
        const double b = uniform(&s, -3, 3), w = log_uniform(&s, 0.01, 3);
        gsl_sf_result mass;
        assert_int_equal(quadrature_integrate(density, NULL, (double[]){b - w, b + w}, 2, 1e-14, &mass),
                         GSL_SUCCESS);
        check_close(INPUT("slab %a, %a", b, w), gaussian_slab_mass(b, w), mass.val, 1e-13);
    }
}

// ---- Owen's T

static gsl_sf_result owens_t(double h, double a) {
    gsl_sf_result t;
    const int status = gaussian_owens_t(h, a, &t);
    if (status != GSL_SUCCESS)
        fail_msg("T(%a, %a): status %d", h, a, status);
    if (!(t.err >= 0 && t.err <= 1e-14))
        fail_msg("T(%a, %a): error %a, promised 1e-14", h, a, t.err);
    return t;
}

static ball_t certified(double h, double a) {
    ball_t t;
    const int status = gaussian_owens_t_certified(h, a, &t);
    if (status != GSL_SUCCESS)
        fail_msg("certified T(%a, %a): status %d", h, a, status);
    if (!(t.radius >= 0 && t.radius <= 1e-15))
        fail_msg("certified T(%a, %a): radius %a", h, a, t.radius);
    return t;
}

static void check_against_certified(double h, double a) {
    const gsl_sf_result t = owens_t(h, a);
    const ball_t ball = certified(h, a);
    check_close(INPUT("T(%.17g (%a), %.17g (%a))", h, h, a, a), t.val, ball.value, t.err + ball.radius);
}

static void test_owens_against_certified(void **state) {
    (void)state;
    stream_t s = stream_at(4, 0, 0);
    for (int trial = 0; trial < 150; trial++)
        check_against_certified(uniform(&s, -6, 6), uniform(&s, -1, 1) * log_uniform(&s, 1e-6, 30));
}

// Great slopes: the integrand is narrow against [0, a].
static void test_owens_great_slope(void **state) {
    (void)state;
    stream_t s = stream_at(5, 0, 0);
    for (int trial = 0; trial < 60; trial++)
        check_against_certified(uniform(&s, 0, 5), log_uniform(&s, 30, 1e8));
}

// Whether |exact - value| <= radius + tolerance.
static void check_holds(const char *input, const arb_t exact, double value, double tolerance) {
    arb_t distance;
    arb_init(distance);
    arb_set_d(distance, value);
    arb_sub(distance, exact, distance, BITS);
    const double off = fabs(arf_get_d(arb_midref(distance), ARF_RND_NEAR));
    arb_clear(distance);
    if (!(off <= tolerance))
        fail_msg("%s: %.17g (%a) is off by %a, allowed %a", input, value, value, off, tolerance);
}

// T(h, 1) = Phi(h) Phi(-h) / 2.
static void test_owens_at_one(void **state) {
    (void)state;
    stream_t s = stream_at(6, 0, 0);
    arb_t exact, other;
    arb_init(exact);
    arb_init(other);
    for (int trial = 0; trial < 100; trial++) {
        const double h = uniform(&s, -6, 6);
        upper_tail(exact, h, 0);
        upper_tail(other, -h, 0);
        arb_mul(exact, exact, other, BITS);
        arb_mul_2exp_si(exact, exact, -1);
        const ball_t ball = certified(h, 1);
        check_holds(INPUT("certified T(%a, 1)", h), exact, ball.value, ball.radius);
        check_holds(INPUT("T(%a, 1)", h), exact, owens_t(h, 1).val, 1e-14);
    }
    arb_clear(exact);
    arb_clear(other);
}

// T(0, a) = atan(a) / (2 pi).
static void test_owens_at_zero(void **state) {
    (void)state;
    stream_t s = stream_at(7, 0, 0);
    arb_t exact, pi;
    arb_init(exact);
    arb_init(pi);
    for (int trial = 0; trial < 100; trial++) {
        const double a = (trial % 2 ? 1 : -1) * log_uniform(&s, 1e-9, 1e4);
        arb_set_d(exact, a);
        arb_atan(exact, exact, BITS);
        arb_const_pi(pi, BITS);
        arb_div(exact, exact, pi, BITS);
        arb_mul_2exp_si(exact, exact, -1);
        const ball_t ball = certified(0, a);
        check_holds(INPUT("certified T(0, %a)", a), exact, ball.value, ball.radius);
        check_holds(INPUT("T(0, %a)", a), exact, owens_t(0, a).val, 1e-14);
    }
    arb_clear(exact);
    arb_clear(pi);
}

static void test_owens_symmetry(void **state) {
    (void)state;
    stream_t s = stream_at(8, 0, 0);
    for (int trial = 0; trial < 100; trial++) {
        const double h = uniform(&s, 0, 5), a = uniform(&s, 0, 5), t = owens_t(h, a).val;
        const double u = certified(h, a).value;
        if (owens_t(h, -a).val != -t || owens_t(-h, a).val != t || owens_t(-h, -a).val != -t || !(t > 0))
            fail_msg("T(+-%a, +-%a) is not odd in a and even in h", h, a);
        if (certified(h, -a).value != -u || certified(-h, a).value != u)
            fail_msg("certified T(+-%a, +-%a) is not odd in a and even in h", h, a);
    }
    assert_true(owens_t(1.5, 0).val == 0 && fabs(certified(1.5, 0).value) <= certified(1.5, 0).radius);
}

static void test_owens_errors(void **state) {
    (void)state;
    gsl_sf_result t = {0x1.3p3, 0x1.7p4};
    ball_t ball = {0x1.3p3, 0x1.7p4};
    assert_true(gaussian_owens_t(NAN, 1, &t) != GSL_SUCCESS);
    assert_true(gaussian_owens_t(1, NAN, &t) != GSL_SUCCESS);
    assert_true(gaussian_flip_probability(NAN, 0.1, &t) != GSL_SUCCESS);
    assert_true(gaussian_owens_t_certified(NAN, 1, &ball) != GSL_SUCCESS);
    assert_true(t.val == 0x1.3p3 && t.err == 0x1.7p4 && ball.value == 0x1.3p3 && ball.radius == 0x1.7p4);
}

// ---- Flips

// phi(s) Phi(-|b - s| / epsilon): the router moves across s with this probability.
static double flip_integrand(double s, const void *context) {
    const double *p = context; // b, epsilon
    return exp(-s * s / 2) / sqrt(2 * M_PI) * erfc(fabs(p[0] - s) / p[1] * M_SQRT1_2) / 2;
}

static double flip_by_quadrature(const double p[2]) {
    const double points[] = {p[0] - 40 * p[1], p[0] - 6 * p[1], p[0], p[0] + 6 * p[1], p[0] + 40 * p[1]};
    gsl_sf_result flip;
    assert_int_equal(quadrature_integrate(flip_integrand, p, points, 5, 1e-13, &flip), GSL_SUCCESS);
    return flip.val;
}

static void test_flip(void **state) {
    (void)state;
    stream_t s = stream_at(9, 0, 0);
    for (int trial = 0; trial < 150; trial++) {
        const double p[2] = {uniform(&s, -5, 5), log_uniform(&s, 1e-4, 20)};
        gsl_sf_result flip;
        assert_int_equal(gaussian_flip_probability(p[0], p[1], &flip), GSL_SUCCESS);
        assert_true(flip.err >= 0 && flip.err <= 2e-14);
        check_close(INPUT("flip at %a, epsilon %a", p[0], p[1]), flip.val, flip_by_quadrature(p), 3e-13);
    }
    gsl_sf_result none;
    assert_int_equal(gaussian_flip_probability(0.7, 0, &none), GSL_SUCCESS);
    assert_true(none.val == 0);
}

// The definition: S and T normal, the side of b before and after.
static int sample_flips(const montecarlo_block_t *block, const void *context) {
    const double *p = context;
    stream_normals(block->stream, block->work, 2 * block->count);
    for (size_t i = 0; i < block->count; i++) {
        const double before = block->work[2 * i], after = before + p[1] * block->work[2 * i + 1];
        block->samples[i] = (before > p[0]) != (after > p[0]);
    }
    return GSL_SUCCESS;
}

static void test_flip_by_sampling(void **state) {
    (void)state;
    static const double cases[][2] = {{0, 0.3}, {0.8, 0.07}, {-1.7, 1.1}, {2.3, 0.5}, {-0.4, 6}};
    const double z = 4.5; // of five cases: a true one fails with probability 3e-5
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const montecarlo_params_t params = {
            .samples = 1000000, .seed = 11, .experiment = (uint32_t)i, .work_size = 2 * MONTECARLO_BLOCK};
        moments_t *moments = moments_alloc(1);
        assert_non_null(moments);
        assert_int_equal(montecarlo_run(&params, sample_flips, cases[i], moments), GSL_SUCCESS);
        const gsl_sf_result sampled = moments_estimate(moments, 0);
        moments_free(moments);
        gsl_sf_result flip;
        assert_int_equal(gaussian_flip_probability(cases[i][0], cases[i][1], &flip), GSL_SUCCESS);
        check_close(INPUT("flip at %a, epsilon %a", cases[i][0], cases[i][1]), flip.val, sampled.val,
                    z * sampled.err);
    }
}

int main(void) {
    gsl_set_error_handler_off();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slab),
        cmocka_unit_test(test_thin_slab),
        cmocka_unit_test(test_slab_edges),
        cmocka_unit_test(test_slab_by_quadrature),
        cmocka_unit_test(test_owens_against_certified),
        cmocka_unit_test(test_owens_great_slope),
        cmocka_unit_test(test_owens_at_one),
        cmocka_unit_test(test_owens_at_zero),
        cmocka_unit_test(test_owens_symmetry),
        cmocka_unit_test(test_owens_errors),
        cmocka_unit_test(test_flip),
        cmocka_unit_test(test_flip_by_sampling),
    };
    return cmocka_run_group_tests_name("gaussian", tests, NULL, NULL);
}
