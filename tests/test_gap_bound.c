// SPDX-License-Identifier: GPL-3.0-or-later
// routing/gap_bound: the moments against Fermi-Dirac integrals and direct integration in balls and in doubles, the bounds against their formulas
// and against pairs of experts found by a search, the limit against the first-order law at alpha = 1.
#include "routing/gap_bound.h"

#include "stat/quadrature.h"
#include "support.h"

#include <flint/flint.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_sf_fermi_dirac.h>
#include <gsl/gsl_sf_gamma.h>

static const size_t EXPERTS[] = {2, 3, 7, 64, 1000};
enum { N_EXPERTS = sizeof EXPERTS / sizeof *EXPERTS };

static void expect_close(double found, double expected, double tolerance, const char *what) {
    if (!(fabs(found - expected) <= tolerance * fabs(expected)))
        fail_msg("%s: found %.17g (%a), expected %.17g (%a)", what, found, found, expected, expected);
}

static ball_t moment(size_t experts, double alpha, int which) {
    ball_t moments[2];
    assert_int_equal(gap_bound_moments(experts, alpha, &moments[0], &moments[1]), GSL_SUCCESS);
    assert_true(moments[which].radius < 1e-14 * moments[which].value);
    return moments[which];
}

// J_0 = Gamma(1+alpha) F_(alpha-1)(ln M) and J_1 = Gamma(1+alpha) F_(alpha-2)(ln M), F_j of GSL.
static void test_fermi_dirac(void **state) {
    (void)state;
    for (int i = 0; i < N_EXPERTS; i++) {
        const size_t n = EXPERTS[i];
        const double x = log((double)(n - 1));
        expect_close(moment(n, 0.5, 0).value, gsl_sf_gamma(1.5) * gsl_sf_fermi_dirac_mhalf(x), 1e-13,
                     "J_0, 1/2");
        expect_close(moment(n, 1.5, 0).value, gsl_sf_gamma(2.5) * gsl_sf_fermi_dirac_half(x), 1e-13,
                     "J_0, 3/2");
        expect_close(moment(n, 1.5, 1).value, gsl_sf_gamma(2.5) * gsl_sf_fermi_dirac_mhalf(x), 1e-13,
                     "J_1, 3/2");
        for (int alpha = 1; alpha <= 5; alpha++) {
            const double gamma = gsl_sf_gamma(1 + alpha);
            expect_close(moment(n, alpha, 0).value, gamma * gsl_sf_fermi_dirac_int(alpha - 1, x), 1e-13,
                         "J_0");
            expect_close(moment(n, alpha, 1).value, gamma * gsl_sf_fermi_dirac_int(alpha - 2, x), 1e-13,
                         "J_1");
        }
    }
}

// Certified integration to 80, beyond which there is less than 1e-27, at exponents of all kinds.
static void test_cut_moments(void **state) {
    (void)state;
    static const double alphas[] = {0.5, 0.37, 1, 1.3, 2, 3};
    for (size_t i = 0; i < sizeof alphas / sizeof *alphas; i++)
        for (size_t n = 2; n <= 9; n += 7)
            for (int which = 0; which < 2; which++) {
                ball_t cut;
                const gap_bound_kernel_t kernel = which == 0 ? GAP_BOUND_TAIL : GAP_BOUND_SPREAD;
                assert_int_equal(gap_bound_cut_moment(kernel, n, alphas[i], 80, &cut), GSL_SUCCESS);
                const ball_t whole = moment(n, alphas[i], which);
                if (!(fabs(cut.value - whole.value) <= cut.radius + whole.radius + 1e-26))
                    fail_msg("alpha %g, %zu experts, moment %d: %.17g +- %.1e and %.17g +- %.1e", alphas[i],
                             n, which, cut.value, cut.radius, whole.value, whole.radius);
                assert_true(cut.radius < 1e-12);
            }
    // int alpha v^(alpha-1) exp(-v) dv is an incomplete gamma function.
    for (size_t i = 0; i < sizeof alphas / sizeof *alphas; i++) {
        ball_t cut;
        assert_int_equal(gap_bound_cut_moment(GAP_BOUND_EXPONENTIAL, 2, alphas[i], 1.7, &cut), GSL_SUCCESS);
        expect_close(cut.value, gsl_sf_gamma(1 + alphas[i]) * gsl_sf_gamma_inc_P(alphas[i], 1.7), 1e-13,
                     "cut");
    }
}

typedef struct tail_power {
    double shift, alpha;
    int power;
} tail_power_t;

// sigma(ln M - t)^power d(t^alpha) in w = t^alpha for alpha < 1 and in w = t otherwise: bounded at 0.
static double tail_power_at(double w, const void *context) {
    const tail_power_t *tail = context;
    const double stretch = fmax(1, 1 / tail->alpha), t = pow(w, stretch), power = tail->alpha * stretch;
    return power * pow(w, power - 1) * gsl_pow_int(1 / (1 + exp(t - tail->shift)), tail->power);
}

// The mean of the largest tail, and of its square, under P(Delta <= t) = t^alpha at tau = 1: J_0 and J_0 - J_1.
static double tail_mean(size_t experts, double alpha, int power) {
    const tail_power_t tail = {log((double)(experts - 1)), alpha, power};
    double points[] = {0,
                       tail.shift / 2 + 0.25,
                       tail.shift + 1,
                       tail.shift + 4,
                       tail.shift + 16,
                       tail.shift + 40,
                       tail.shift + 120};
    enum { POINTS = sizeof points / sizeof *points };
    for (int i = 0; i < POINTS; i++)
        points[i] = pow(points[i], fmin(1, alpha));
    gsl_sf_result mean;
    const double scale = pow(tail.shift, alpha) + gsl_sf_gamma(1 + alpha);
    assert_int_equal(quadrature_integrate(tail_power_at, &tail, points, POINTS, 1e-13 * scale, &mean),
                     GSL_SUCCESS);
    return mean.val;
}

// A road without polylogarithms, for many experts and exponents of all sizes.
static void test_quadrature(void **state) {
    (void)state;
    static const double alphas[] = {0.0625, 0.2, 0.5, 0.81, 1, 1.7, 3, 8};
    static const size_t experts[] = {2, 3, 64, 1000, 1 << 20};
    for (size_t i = 0; i < sizeof alphas / sizeof *alphas; i++)
        for (size_t j = 0; j < sizeof experts / sizeof *experts; j++) {
            const double tail = moment(experts[j], alphas[i], 0).value;
            const double square = tail - moment(experts[j], alphas[i], 1).value;
            expect_close(tail_mean(experts[j], alphas[i], 1), tail, 1e-11, "J_0 by quadrature");
            expect_close(tail_mean(experts[j], alphas[i], 2), square, 1e-10, "J_0 - J_1 by quadrature");
        }
}

static double value_of(int (*bound)(const gap_bound_t *, ball_t *), const gap_bound_t *problem) {
    ball_t constant;
    assert_int_equal(bound(problem, &constant), GSL_SUCCESS);
    return constant.value;
}

// alpha = 1, where everything is elementary.
static void test_linear(void **state) {
    (void)state;
    const gap_bound_t problem = {5, 0.7, 0.9, 1.3, 1}; // 0.7 is above (1 - 2/5) 0.9
    expect_close(value_of(gap_bound_layer, &problem), 1.3, 1e-15, "layer");
    expect_close(value_of(gap_bound_stated, &problem), 4 * 0.9 * 1.6 * 4 * 1.3, 1e-15, "stated");
    expect_close(value_of(gap_bound_sharp, &problem), 4 * 0.9 * 1.3 * (0.7 * log(5) + 0.9 * 0.8), 1e-15,
                 "sharp");
    expect_close(value_of(gap_bound_realisable, &problem), 4 * 0.81 * 1.3 * (log(5) - 0.8), 1e-15,
                 "realisable");
    const gap_bound_t low = {5, 0.1, 0.9, 1.3, 1};
    expect_close(value_of(gap_bound_sharp, &low), 4 * 0.9 * 1.3 * (0.6 * 0.9 * log(5) + 0.9 * 0.8), 1e-15,
                 "low B_Y");
    const gap_bound_t none = {2, 0, 0.9, 1.3, 1}; // B_Y = 0
    expect_close(value_of(gap_bound_sharp, &none), 4 * 0.81 * 1.3 / 2, 1e-15, "no response");
    expect_close(gap_bound_coarea(&problem), 4 * 0.9 * 1.6 * 4 * 2.3, 1e-15, "coarea");
}

// At the temperature of a tolerance the bound is within it, and not at one a little warmer.
static void test_temperature(void **state) {
    (void)state;
    stream_t s = stream_at(6, stream_experiment("gap_bound"), 0);
    for (int i = 0; i < 300; i++) {
        const gap_bound_t problem = {2 + draw_below(&s, 100), log_uniform(&s, 0.1, 10),
                                     log_uniform(&s, 0.1, 10), log_uniform(&s, 0.1, 10),
                                     i % 3 == 0 ? 1 : uniform(&s, 0.1, 4)};
        const double tolerance = log_uniform(&s, 1e-9, 10);
        ball_t constant;
        assert_int_equal(gap_bound_sharp(&problem, &constant), GSL_SUCCESS);
        const double tau = gap_bound_temperature(&constant, problem.alpha, tolerance);
        const long double most = (long double)constant.value + constant.radius;
        const long double there = most * powl(tau, problem.alpha),
                          warmer = most * powl(tau * (1 + 4e-16L), problem.alpha);
        if (!(there <= tolerance * (1 + 1e-18L) && warmer > tolerance))
            fail_msg("alpha %a, constant %a +- %a, tolerance %a: tau %a is %s", problem.alpha, constant.value,
                     constant.radius, tolerance, tau, there > tolerance ? "too warm" : "colder than need be");
    }
    const ball_t unit = {1, 0}, wide = {1, 3};
    assert_true(gap_bound_temperature(&unit, 0.5, 0.25) == 0.0625);
    assert_true(gap_bound_temperature(&wide, 1, 1) == 0.25); // from the upper end
    assert_true(gap_bound_temperature(&unit, 0.0625, 1e-30) == 0);
}

static void test_gamma(void **state) {
    (void)state;
    const gap_bound_t square = {2, 1, 1, 1, 2}, root = {2, 1, 1, 3, 0.5};
    expect_close(value_of(gap_bound_layer, &square), 2, 1e-15, "Gamma(3)");
    expect_close(value_of(gap_bound_layer, &root), 1.5 * sqrt(M_PI), 1e-15, "3 Gamma(3/2)");
    expect_close(value_of(gap_bound_stated, &square), 16, 1e-15, "stated, alpha = 2");
}

// |(Y - h_tau)^2 - (Y - h_0)^2| at the tail p, over Y, the winner f and the mean g of the others.
static double largest_difference(double response, double expert, double p) {
    double most = 0;
    for (int y = -1; y <= 1; y += 2)
        for (int i = -40; i <= 40; i++)
            for (int j = -40; j <= 40; j++) {
                const double f = expert * i / 40, g = expert * j / 40, soft = f + p * (g - f);
                most = fmax(most, fabs(gsl_pow_2(y * response - soft) - gsl_pow_2(y * response - f)));
            }
    return most;
}

// The step of the proof: the difference is at most 4 B_f p (B_Y + B_f (1-p)), attained, while B_Y >= (2p - 1) B_f.
static void test_pointwise(void **state) {
    (void)state;
    static const double responses[] = {0.31, 1.1, 4};
    for (int i = 0; i < 3; i++)
        for (int j = 1; j < 20; j++) {
            const double p = j / 20.0, response = responses[i], expert = 0.83;
            if (response < (2 * p - 1) * expert)
                continue;
            expect_close(largest_difference(response, expert, p),
                         4 * expert * p * (response + expert * (1 - p)), 1e-12, "largest difference");
        }
}

// The bound at a temperature is below the uniform one and the trivial one, and tends to either.
static void test_at(void **state) {
    (void)state;
    const gap_bound_t problem = {4, 1.2, 0.8, 2.5, 0.5};
    const double constant = value_of(gap_bound_sharp, &problem), most = gap_bound_most(&problem);
    for (double tau = 1e-4; tau < 1e6; tau *= 10) {
        ball_t bound;
        assert_int_equal(gap_bound_at(&problem, tau, &bound), GSL_SUCCESS);
        assert_true(bound.value <= constant * sqrt(tau) * (1 + 1e-14) && bound.value <= most * (1 + 1e-14));
        if (tau < 2e-4)
            expect_close(bound.value, constant * sqrt(tau), 1e-12, "cold");
        if (tau > 9e5)
            expect_close(bound.value, most, 1e-6, "hot");
    }
}

static void test_coarea_range(void **state) {
    (void)state;
    for (double delta = 1e-6; delta < 0.36; delta *= 1.7) {
        const double range = gap_bound_coarea_range(delta);
        expect_close(exp(-delta / range), range, 1e-12, "exp(-delta/tau_0)");
        assert_true(exp(-delta / (0.9 * range)) < 0.9 * range && exp(-delta / (1.01 * range)) > 1.01 * range);
    }
    assert_true(isinf(gap_bound_coarea_range(0.37)));
}

static void test_limit(void **state) {
    (void)state;
    ball_t limit;
    const gap_bound_side_t sides[2] = {{0.4, 0.3}, {0.7, -0.2}};
    assert_int_equal(gap_bound_limit(1, 1.7, sides, &limit), GSL_SUCCESS);
    expect_close(limit.value, 2 * M_LN2 * 1.7 * (0.4 * 0.3 + 0.7 * 0.2) + (M_LN2 - 0.5) * 1.7 * 1.7 * 1.1,
                 1e-14, "alpha = 1");
    assert_int_equal(gap_bound_limit(2, 1.7, sides, &limit), GSL_SUCCESS);
    const double eta2 = M_PI * M_PI / 12;
    expect_close(limit.value,
                 2 * (2 * eta2 * 1.7 * (0.4 * 0.3 + 0.7 * 0.2) + (eta2 - M_LN2) * 1.7 * 1.7 * 1.1), 1e-14,
                 "alpha = 2");
}

static void test_range(void **state) {
    (void)state;
    const gap_bound_t good = {2, 1, 1, 1, 1};
    const gap_bound_t bad[] = {{1, 1, 1, 1, 1}, {2, -1, 1, 1, 1}, {2, 1, -1, 1, 1},       {2, 1, 1, 0, 1},
                               {2, 1, 1, 1, 0}, {2, 1, 1, 1, 17}, {2, 1, 1, INFINITY, 1}, {2, NAN, 1, 1, 1}};
    const ball_t before = {17, 19};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ball_t result = before;
        assert_int_equal(gap_bound_layer(bad + i, &result), GSL_EDOM);
        assert_int_equal(gap_bound_stated(bad + i, &result), GSL_EDOM);
        assert_int_equal(gap_bound_sharp(bad + i, &result), GSL_EDOM);
        assert_int_equal(gap_bound_realisable(bad + i, &result), GSL_EDOM);
        assert_int_equal(gap_bound_at(bad + i, 0.1, &result), GSL_EDOM);
        assert_true(result.value == before.value && result.radius == before.radius);
    }
    ball_t result = before;
    assert_int_equal(gap_bound_at(&good, 0, &result), GSL_EDOM);
    assert_int_equal(gap_bound_cut_moment(GAP_BOUND_TAIL, 2, 1, 0, &result), GSL_EDOM);
    assert_int_equal(gap_bound_moments(1, 1, &result, NULL), GSL_EDOM);
    assert_int_equal(gap_bound_limit(-1, 1, (gap_bound_side_t[2]){{1, 1}, {1, 1}}, &result), GSL_EDOM);
    assert_true(result.value == before.value);
}

int main(void) {
    gsl_set_error_handler_off();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fermi_dirac),  cmocka_unit_test(test_cut_moments),
        cmocka_unit_test(test_quadrature),   cmocka_unit_test(test_temperature),
        cmocka_unit_test(test_linear),       cmocka_unit_test(test_gamma),
        cmocka_unit_test(test_pointwise),    cmocka_unit_test(test_at),
        cmocka_unit_test(test_coarea_range), cmocka_unit_test(test_limit),
        cmocka_unit_test(test_range)};
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    flint_cleanup();
    return failed;
}
