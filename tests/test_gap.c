// SPDX-License-Identifier: GPL-3.0-or-later
// routing/gap: the exact gap against other integrals and ball arithmetic, laws and bounds as inequalities with slack, and every
// temperature by what it has to achieve.
#include "routing/boundary_layer.h"
#include "routing/gap.h"
#include "support.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>

static const char *describe(const gap_layer_t *l, double tau) {
    return INPUT("b %a s %a jump %a %a lag %a %a tau or tolerance %a", l->offset, l->slope, l->jump[0],
                 l->jump[1], l->lag[0], l->lag[1], tau);
}

static gap_layer_t draw_layer(stream_t *s, bool realisable) {
    gap_layer_t layer = {.offset = uniform(s, -3, 3),
                         .slope = log_uniform(s, 0.2, 5),
                         .jump = {uniform(s, 0, 3), uniform(s, 0, 3)}};
    if (!realisable) {
        layer.lag[0] = uniform(s, -2, 2);
        layer.lag[1] = uniform(s, -2, 2);
    }
    return layer;
}

static double gap_of(const gap_layer_t *layer, double tau) {
    gsl_sf_result gap;
    assert_int_equal(gap_exact(layer, tau, &gap), GSL_SUCCESS);
    return gap.val;
}

// Realisable layers: the moments of boundary_layer.h, by quadrature and by balls.
static void test_exact_realisable(void **state) {
    (void)state;
    stream_t s = stream_at(1, stream_experiment("gap"), 0);
    for (int i = 0; i < 60; i++) {
        const gap_layer_t layer = draw_layer(&s, true);
        const double tau = log_uniform(&s, 1e-6, 10), inner = tau / layer.slope;
        gsl_sf_result other, gap;
        assert_int_equal(gap_exact(&layer, tau, &gap), GSL_SUCCESS);
        assert_int_equal(boundary_layer_gap(inner, layer.offset, layer.jump[0], layer.jump[1], &other),
                         GSL_SUCCESS);
        check_close(describe(&layer, tau), gap.val, other.val, 1e-12);
        ball_t m0, m2;
        assert_int_equal(boundary_layer_moment_certified(&inner, 1, layer.offset, 0, &m0), GSL_SUCCESS);
        assert_int_equal(boundary_layer_moment_certified(&inner, 1, layer.offset, 2, &m2), GSL_SUCCESS);
        check_close(describe(&layer, tau), gap.val, layer.jump[0] * m2.value + layer.jump[1] * m0.value,
                    1e-15 + 1e-12 * gap.val);
    }
}

// The two losses on a fine grid of w'x, from the gates themselves.
static void test_exact_by_losses(void **state) {
    (void)state;
    enum { POINTS = 400000 };
    stream_t s = stream_at(2, stream_experiment("gap"), 0);
    for (int i = 0; i < 8; i++) {
        const gap_layer_t layer = draw_layer(&s, false);
        const double tau = log_uniform(&s, 0.1, 3);
        double sum = 0;
        for (int j = 0; j < POINTS; j++) {
            const double t = -10 + 20 * (j + 0.5) / POINTS, score = layer.slope * (t - layer.offset);
            const double gate = 1 / (1 + exp(-score / tau)), moved = score > 0 ? 1 - gate : gate;
            const double jump = layer.jump[0] * t * t + layer.jump[1],
                         lag = layer.lag[0] * t * t + layer.lag[1];
            sum += gsl_ran_ugaussian_pdf(t) * (moved * moved * jump + moved * lag) * 20 / POINTS;
        }
        check_close(describe(&layer, tau), gap_of(&layer, tau), sum, 1e-8);
    }
}

static void test_law_and_bounds(void **state) {
    (void)state;
    stream_t s = stream_at(3, stream_experiment("gap"), 0);
    for (int i = 0; i < 400; i++) {
        const gap_layer_t layer = draw_layer(&s, i % 2 == 0);
        const double tau = log_uniform(&s, 1e-3, 30), gap = gap_of(&layer, tau);
        const double off = fabs(gap - tau * gap_law(&layer)), room = gap_remainder(&layer) * gsl_pow_3(tau);
        if (off > room + 1e-13 || fabs(gap) > tau * gap_ceiling(&layer) * (1 + 1e-12))
            fail_msg("%s: gap %a, off the law by %a of %a, ceiling %a", describe(&layer, tau), gap, off, room,
                     tau * gap_ceiling(&layer));
    }
    // The constants of the remainder, by quadrature of g u^2 and g^2 u^2: layers with one member of jump or lag alone.
    const gap_layer_t jump = {.slope = 1, .jump = {0, 1}}, lag = {.slope = 1, .lag = {0, 1}};
    const double zeta3 = 1.2020569031595942854;
    check_close("jump", gap_remainder(&jump), gsl_ran_ugaussian_pdf(0) / 2 * (3 * zeta3 - M_PI * M_PI / 3),
                1e-15);
    check_close("lag", gap_remainder(&lag), gsl_ran_ugaussian_pdf(0) / 2 * 3 * zeta3, 1e-15);
    // At b = 0 the remainder of a constant is attained to leading order, and the ceiling is the law.
    check_close("attained", (0.01 * gap_law(&jump) - gap_of(&jump, 0.01)) / (1e-6 * gap_remainder(&jump)), 1,
                1e-3);
    check_close("ceiling", gap_ceiling(&jump), gap_law(&jump), 1e-15);
    // The ceiling is the greatest law of all offsets.
    const gap_layer_t wide = {.slope = 2, .jump = {1.5, 0.7}};
    double greatest = 0;
    for (int i = 0; i <= 80000; i++) {
        const gap_layer_t moved = {.offset = i * 1e-4, .slope = 2, .jump = {1.5, 0.7}};
        greatest = fmax(greatest, gap_law(&moved));
    }
    check_close("greatest law", gap_ceiling(&wide), greatest, 1e-8);
}

static void test_temperatures(void **state) {
    (void)state;
    stream_t s = stream_at(4, stream_experiment("gap"), 0);
    for (int i = 0; i < 200; i++) {
        gap_layer_t layer = draw_layer(&s, i % 2 == 0);
        const double tolerance = log_uniform(&s, 1e-6, 0.5);
        const double proven = gap_proven_temperature(&layer, tolerance);
        for (double share = 1; share > 0.01; share /= 3)
            if (fabs(gap_of(&layer, share * proven)) > tolerance * (1 + 1e-13))
                fail_msg("%s: proven %a is too warm", describe(&layer, tolerance), proven);
        check_close(describe(&layer, tolerance),
                    gap_law_temperature(&layer, tolerance) * fabs(gap_law(&layer)), tolerance,
                    1e-14 * tolerance);
        layer.lag[0] = fabs(layer.lag[0]);
        layer.lag[1] = fabs(layer.lag[1]);
        gsl_sf_result tau;
        assert_int_equal(gap_exact_temperature(&layer, tolerance, &tau), GSL_SUCCESS);
        const double warmest = (layer.lag[0] + layer.lag[1]) / 2 + (layer.jump[0] + layer.jump[1]) / 4;
        assert_true(isinf(tau.val) == (warmest <= tolerance));
        if (isfinite(tau.val) && tau.val < 1e6) {
            check_close(describe(&layer, tolerance), gap_of(&layer, tau.val), tolerance, 1e-11 * tolerance);
            assert_true(gap_proven_temperature(&layer, tolerance) <= tau.val * (1 + 1e-12));
        }
    }
}

static void test_domains(void **state) {
    (void)state;
    gsl_sf_result result = {7, 7};
    const gap_layer_t good = {.slope = 1, .jump = {0, 1}}, far = {.offset = 9, .slope = 1, .jump = {0, 1}},
                      flat = {.jump = {0, 1}}, lag = {.slope = 1, .jump = {0, 1}, .lag = {0, -1}};
    assert_int_equal(gap_exact(&good, 0, &result), GSL_EDOM);
    assert_int_equal(gap_exact(&far, 1, &result), GSL_EDOM);
    assert_int_equal(gap_exact(&flat, 1, &result), GSL_EDOM);
    assert_int_equal(gap_exact_temperature(&lag, 0.1, &result), GSL_EDOM);
    assert_int_equal(gap_exact_temperature(&good, 0, &result), GSL_EDOM);
    assert_true(result.val == 7);
    // No jump: no gap, and every temperature is cold enough.
    const gap_layer_t nothing = {.slope = 1};
    assert_true(gap_of(&nothing, 1) == 0);
    assert_int_equal(gap_exact_temperature(&nothing, 0.1, &result), GSL_SUCCESS);
    assert_true(isinf(result.val));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact_realisable), cmocka_unit_test(test_exact_by_losses),
        cmocka_unit_test(test_law_and_bounds),   cmocka_unit_test(test_temperatures),
        cmocka_unit_test(test_domains),
    };
    gsl_set_error_handler_off();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gap", tests, NULL, NULL);
}
