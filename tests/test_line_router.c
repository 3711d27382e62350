// SPDX-License-Identifier: GPL-3.0-or-later
// routing/line_router: the risk against an adaptive rule over the plane and ball arithmetic, its derivatives against
// differences, disagreement and jumping targets against closed forms.
#include "routing/line_router.h"
#include "stat/quadrature.h"
#include "support.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>

enum { CASES = 40, WAVES = 2 };

typedef struct setting {
    line_router_wave_t waves[WAVES];
    line_router_target_t target;
    line_router_t router;
    double tau, first;
} setting_t;

static void draw(stream_t *stream, setting_t *set) {
    for (int j = 0; j < WAVES; j++)
        set->waves[j] = (line_router_wave_t){
            uniform(stream, -1, 1), {uniform(stream, -2, 2), uniform(stream, -2, 2)}, uniform(stream, -3, 3)};
    set->target = (line_router_target_t){WAVES, set->waves};
    set->router = (line_router_t){uniform(stream, -3, 3), uniform(stream, -2, 2)};
    set->tau = log_uniform(stream, 0.002, 3);
}

static const char *describe(const setting_t *set) {
    const line_router_wave_t *a = &set->waves[0], *b = &set->waves[1];
    return INPUT("waves %a (%a %a) %a, %a (%a %a) %a, router %a %a, tau %a", a->amplitude, a->k[0], a->k[1],
                 a->phase, b->amplitude, b->k[0], b->k[1], b->phase, set->router.angle, set->router.offset,
                 set->tau);
}

// The loss at a point of the plane, the first coordinate being the score plus b.
static double loss(double second, const void *context) {
    const setting_t *set = context;
    const double s = set->first, c = cos(set->router.angle), n = sin(set->router.angle);
    const double x[2] = {s * c - second * n, s * n + second * c};
    const double prediction = tanh((s - set->router.offset) / (2 * set->tau));
    return gsl_pow_2(line_router_mu(&set->target, x) - prediction) * gsl_ran_ugaussian_pdf(s) *
           gsl_ran_ugaussian_pdf(second);
}
static double column(double first, const void *context) {
    static const double points[] = {-9, 0, 9};
    setting_t set = *(const setting_t *)context;
    set.target.waves = set.waves;
    set.first = first;
    gsl_sf_result result;
    assert_int_equal(quadrature_integrate(loss, &set, points, 3, 1e-9, &result), GSL_SUCCESS);
    return result.val;
}

static void test_risk(void **state) {
    (void)state;
    stream_t stream = stream_at(1, stream_experiment("line_router risk"), 0);
    for (int i = 0; i < CASES; i++) {
        setting_t set;
        draw(&stream, &set);
        const double b = set.router.offset, points[] = {-9, b - 0.1, b, b + 0.1, 9};
        gsl_sf_result want;
        assert_int_equal(quadrature_integrate(column, &set, points, 5, 1e-8, &want), GSL_SUCCESS);
        check_close(describe(&set), line_router_risk(&set.target, set.tau, set.router).value, want.val, 1e-8);
        const ball_t ball = line_router_hard_risk(&set.target, set.router);
        check_close(describe(&set), line_router_risk(&set.target, 0, set.router).value, ball.value, 1e-12);
    }
}

static void test_derivatives(void **state) {
    (void)state;
    stream_t stream = stream_at(2, stream_experiment("line_router derivatives"), 0);
    for (int i = 0; i < CASES; i++) {
        setting_t set;
        draw(&stream, &set);
        const double tau = i % 4 == 0 ? 0 : set.tau, h = 1e-4;
        const line_router_t r = set.router;
        const line_router_jet_t jet = line_router_risk(&set.target, tau, r);
        const line_router_jet_t east =
            line_router_risk(&set.target, tau, (line_router_t){r.angle + h, r.offset});
        const line_router_jet_t west =
            line_router_risk(&set.target, tau, (line_router_t){r.angle - h, r.offset});
        const line_router_jet_t north =
            line_router_risk(&set.target, tau, (line_router_t){r.angle, r.offset + h});
        const line_router_jet_t south =
            line_router_risk(&set.target, tau, (line_router_t){r.angle, r.offset - h});
        const char *input = describe(&set);
        check_close(input, jet.by_angle, (east.value - west.value) / (2 * h), 1e-6);
        check_close(input, jet.by_offset, (north.value - south.value) / (2 * h), 1e-6);
        check_close(input, jet.by_angle_angle, (east.by_angle - west.by_angle) / (2 * h), 1e-5);
        check_close(input, jet.by_angle_offset, (north.by_angle - south.by_angle) / (2 * h), 1e-5);
        check_close(input, jet.by_offset_offset, (north.by_offset - south.by_offset) / (2 * h), 1e-5);
        const double profile = (line_router_profile(&set.target, r.angle, r.offset + h) -
                                line_router_profile(&set.target, r.angle, r.offset - h)) /
                               (2 * h);
        check_close(input, line_router_profile_slope(&set.target, r.angle, r.offset), profile, 1e-6);
        // d L_0 / db = 4 (m phi)(b): the interface leaves expert 1 for expert -1.
        const line_router_jet_t hard = line_router_risk(&set.target, 0, r);
        check_close(input, hard.by_offset, 4 * line_router_profile(&set.target, r.angle, r.offset), 1e-12);
    }
}

static void test_polish(void **state) {
    (void)state;
    static const line_router_wave_t waves[] = {{0.5, {1.2, 0}, -1}, {0.5, {-0.8, 1.2}, 0.9}};
    const line_router_target_t target = {2, waves};
    for (double tau = 0; tau < 0.6; tau += 0.1) {
        line_router_t found;
        assert_int_equal(line_router_polish(&target, tau, (line_router_t){0.4, 0.6}, &found), GSL_SUCCESS);
        const line_router_jet_t jet = line_router_risk(&target, tau, found);
        check_close(INPUT("tau %a", tau), hypot(jet.by_angle, jet.by_offset), 0, 1e-13);
    }
}

static void test_disagreement(void **state) {
    (void)state;
    stream_t stream = stream_at(3, stream_experiment("line_router disagreement"), 0);
    for (int i = 0; i < CASES; i++) {
        const line_router_t one = {uniform(&stream, -3, 3), uniform(&stream, -2, 2)};
        const line_router_t other = {uniform(&stream, -3, 3), uniform(&stream, -2, 2)};
        const double turn = uniform(&stream, -3, 3);
        gsl_sf_result got, back;
        assert_int_equal(line_router_disagreement(one, (line_router_t){one.angle, other.offset}, &got),
                         GSL_SUCCESS);
        check_close(INPUT("offsets %a %a", one.offset, other.offset), got.val,
                    fabs(gsl_cdf_ugaussian_P(one.offset) - gsl_cdf_ugaussian_P(other.offset)), 1e-11);
        assert_int_equal(line_router_disagreement((line_router_t){one.angle, 0},
                                                  (line_router_t){one.angle + turn, 0}, &got),
                         GSL_SUCCESS);
        check_close(INPUT("turn %a", turn), got.val, fabs(turn) / M_PI, 1e-11);
        assert_int_equal(line_router_disagreement(one, other, &got), GSL_SUCCESS);
        assert_int_equal(line_router_disagreement(other, one, &back), GSL_SUCCESS);
        check_close(INPUT("routers %a %a and %a %a", one.angle, one.offset, other.angle, other.offset),
                    got.val, back.val, 1e-11);
    }
}

// A jumping target: at a low temperature the risk of the experts 1 and -1 is four times the disagreement; the slope by
// differences; the minimiser is between two signs of it.
static void test_step(void **state) {
    (void)state;
    stream_t stream = stream_at(4, stream_experiment("line_router step"), 0);
    for (int i = 0; i < CASES; i++) {
        const line_router_step_t sign = {uniform(&stream, -1, 1), -1, 1};
        const line_router_step_t step = {sign.offset, uniform(&stream, -0.9, -0.3),
                                         uniform(&stream, 0.3, 0.9)};
        const line_router_t router = {uniform(&stream, -1.4, 1.4), uniform(&stream, -1, 1)};
        const double tau = log_uniform(&stream, 0.01, 0.3), h = 1e-4;
        const char *input = INPUT("step %a %a %a, router %a %a, tau %a", step.offset, step.below, step.above,
                                  router.angle, router.offset, tau);
        gsl_sf_result risk, flips, ahead, behind, slope;
        assert_int_equal(line_router_step_risk(&sign, 1e-4, router, &risk), GSL_SUCCESS);
        assert_int_equal(line_router_disagreement((line_router_t){0, sign.offset}, router, &flips),
                         GSL_SUCCESS);
        check_close(input, risk.val, 4 * flips.val, 4e-4);
        assert_int_equal(line_router_step_risk(&step, tau, (line_router_t){0, router.offset + h}, &ahead),
                         GSL_SUCCESS);
        assert_int_equal(line_router_step_risk(&step, tau, (line_router_t){0, router.offset - h}, &behind),
                         GSL_SUCCESS);
        assert_int_equal(line_router_step_slope(&step, tau, router.offset, &slope), GSL_SUCCESS);
        check_close(input, slope.val, (ahead.val - behind.val) / (2 * h), 1e-4);
        double found;
        assert_int_equal(line_router_step_minimiser(&step, tau, &found), GSL_SUCCESS);
        assert_int_equal(line_router_step_slope(&step, tau, found - 1e-4, &behind), GSL_SUCCESS);
        assert_int_equal(line_router_step_slope(&step, tau, found + 1e-4, &ahead), GSL_SUCCESS);
        assert_true(behind.val < 0 && ahead.val > 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_risk),   cmocka_unit_test(test_derivatives),
        cmocka_unit_test(test_polish), cmocka_unit_test(test_disagreement),
        cmocka_unit_test(test_step),
    };
    return cmocka_run_group_tests_name("line_router", tests, NULL, NULL);
}
