// SPDX-License-Identifier: GPL-3.0-or-later
// stat/quadrature: integrals in closed form with kinks, jumps and empty pieces, the tolerance, and what must be refused.
#include "stat/quadrature.h"
#include "support.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_integration.h>

enum { MOST = 9 };

// About a kink inside a piece the estimate is no bound, which is why the header asks for a point there; what the 61
// nodes miss is a kink's size times the squared distance of two nodes.
static const double HIDDEN = 5e-4;

// Integrands take their parameter as context.
static double cosine(double x, const void *context) {
    return cos(*(const double *)context * x);
}

static double kink(double x, const void *context) {
    return fabs(x - *(const double *)context);
}

static double step(double x, const void *context) {
    return x < *(const double *)context ? 2 : -5;
}

static double power(double x, const void *context) {
    return pow(x, *(const double *)context);
}

static double not_a_number(double x, const void *context) {
    return x > *(const double *)context ? NAN : 1;
}

static double infinite(double x, const void *context) {
    return x > *(const double *)context ? INFINITY : 1;
}

// Integrates and fails unless the status is success, the error estimate obeys the tolerance, and the value is within
// the estimate and `slack`.
static void check_integral(const char *input, quadrature_function_t f, double parameter, const double *points,
                           size_t count, double tolerance, double want, double slack) {
    gsl_sf_result result;
    const int status = quadrature_integrate(f, &parameter, points, count, tolerance, &result);
    if (status != GSL_SUCCESS)
        fail_msg("%s, parameter %a, tolerance %a: status %d", input, parameter, tolerance, status);
    if (!(result.err <= tolerance && result.err >= 0))
        fail_msg("%s, parameter %a: error %a above the tolerance %a", input, parameter, result.err,
                 tolerance);
    check_close(input, result.val, want, result.err + slack + 0x1p-52 * fabs(want));
}

static void test_smooth(void **state) {
    (void)state;
    stream_t s = stream_at(1, 0, 0);
    for (int trial = 0; trial < 200; trial++) {
        const double rate = uniform(&s, 0.1, 60),
                     points[] = {uniform(&s, -2, 0), uniform(&s, 0, 1), uniform(&s, 1, 3)};
        const double want = (sin(rate * points[2]) - sin(rate * points[0])) / rate;
        check_integral(INPUT("cos over [%a, %a, %a]", points[0], points[1], points[2]), cosine, rate, points,
                       3, 1e-12, want, 0);
    }
}

// Each piece counts: the values of pieces differ in sign and size.
static void test_many_pieces(void **state) {
    (void)state;
    const double points[MOST] = {-3, -2.9, -1, -0.25, 0.5, 0.75, 2, 2.25, 4};
    for (size_t count = 2; count <= MOST; count++)
        check_integral(INPUT("cos over %zu points", count), cosine, 1.7, points, count, 1e-12,
                       (sin(1.7 * points[count - 1]) - sin(1.7 * points[0])) / 1.7, 0);
}

static double kink_integral(double c, double low, double high) {
    return ((c - low) * (c - low) + (high - c) * (high - c)) / 2;
}

static void test_kink_at_point(void **state) {
    (void)state;
    stream_t s = stream_at(2, 0, 0);
    for (int trial = 0; trial < 100; trial++) {
        const double c = uniform(&s, -1, 1), points[] = {-1.25, c, 1.5};
        check_integral("|x - c| over [-1.25, c, 1.5]", kink, c, points, 3, 1e-12,
                       kink_integral(c, -1.25, 1.5), 0);
        check_integral("step at c over [-1.25, c, 1.5]", step, c, points, 3, 1e-12,
                       2 * (c + 1.25) - 5 * (1.5 - c), 0);
    }
}

// Where the caller forgot the point, the rule has to find it, to every tolerance.
static void test_hidden_kink(void **state) {
    (void)state;
    stream_t s = stream_at(3, 0, 0);
    for (int trial = 0; trial < 200; trial++) {
        const double c = uniform(&s, -1, 1), points[] = {-1.25, 1.5},
                     tolerance = log_uniform(&s, 1e-10, 1e-2);
        check_integral("|x - c| over [-1.25, 1.5]", kink, c, points, 2, tolerance,
                       kink_integral(c, -1.25, 1.5), HIDDEN);
    }
}

// A hidden kink in each of 8 pieces: their errors add up, and the sum has to obey the tolerance.
static double comb(double x, const void *context) {
    const double phase = *(const double *)context;
    return fabs(x - floor(x) - phase);
}

static void test_shared_tolerance(void **state) {
    (void)state;
    stream_t s = stream_at(4, 0, 0);
    const double points[] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
    for (int trial = 0; trial < 100; trial++) {
        const double phase = uniform(&s, 0.1, 0.9);
        check_integral("8 kinks over 8 pieces", comb, phase, points, 9, log_uniform(&s, 1e-9, 1e-3),
                       8 * kink_integral(phase, 0, 1), HIDDEN);
    }
}

static void test_empty_pieces(void **state) {
    (void)state;
    const double points[] = {0, 0, 0.5, 0.5, 0.5, 2, 2};
    check_integral("cos over 0 0 .5 .5 .5 2 2", cosine, 1.3, points, 7, 1e-13, sin(2.6) / 1.3, 0);
    gsl_sf_result result;
    assert_int_equal(quadrature_integrate(cosine, &points[2], (double[]){7, 7, 7}, 3, 1e-13, &result),
                     GSL_SUCCESS);
    assert_true(result.val == 0 && result.err == 0);
}

// x^-0.5 and x^-0.9 at 0 are integrable: right, or a status.
static void test_integrable_singularity(void **state) {
    (void)state;
    const double exponents[] = {-0.25, -0.5, -0.75, -0.9, -0.99};
    for (size_t i = 0; i < sizeof exponents / sizeof *exponents; i++) {
        gsl_sf_result result;
        const int status = quadrature_integrate(power, &exponents[i], (double[]){0, 1}, 2, 1e-8, &result);
        if (status == GSL_SUCCESS)
            check_close(INPUT("x^%a over [0, 1]", exponents[i]), result.val, 1 / (1 + exponents[i]), 1e-8);
    }
}

// The status must not be success, and the result must stay.
static void check_refused(const char *input, quadrature_function_t f, double parameter, const double *points,
                          size_t count, double tolerance, int want) {
    gsl_sf_result result = {0x1.3p3, 0x1.7p4};
    const int status = quadrature_integrate(f, &parameter, points, count, tolerance, &result);
    if (status == GSL_SUCCESS || (want != GSL_SUCCESS && status != want))
        fail_msg("%s: status %d, wanted %d", input, status, want);
    if (result.val != 0x1.3p3 || result.err != 0x1.7p4)
        fail_msg("%s: the result became %a +- %a", input, result.val, result.err);
}

static void test_bad_arguments(void **state) {
    (void)state;
    const double up[] = {0, 1, 2}, down[] = {0, 2, 1}, back[] = {1, 0}, hole[] = {0, NAN, 2};
    check_refused("points 0 2 1", cosine, 1, down, 3, 1e-9, GSL_EINVAL);
    check_refused("points 1 0", cosine, 1, back, 2, 1e-9, GSL_EINVAL);
    check_refused("points 0 NaN 2", cosine, 1, hole, 3, 1e-9, GSL_EINVAL);
    check_refused("one point", cosine, 1, up, 1, 1e-9, GSL_EINVAL);
    check_refused("no point", cosine, 1, up, 0, 1e-9, GSL_EINVAL);
    check_refused("tolerance 0", cosine, 1, up, 3, 0, GSL_EINVAL);
    check_refused("tolerance -1", cosine, 1, up, 3, -1, GSL_EINVAL);
    check_refused("tolerance NaN", cosine, 1, up, 3, NAN, GSL_EINVAL);
}

static void test_hopeless(void **state) {
    (void)state;
    const double points[] = {0, 0.5, 1};
    check_refused("NaN everywhere", not_a_number, -1, points, 3, 1e-9, GSL_SUCCESS);
    check_refused("NaN in the last piece", not_a_number, 0.7, points, 3, 1e-9, GSL_SUCCESS);
    check_refused("infinity in the first piece", infinite, 0.3, points, 3, 1e-9, GSL_SUCCESS);
    check_refused("1/x over [0, 1]", power, -1, points, 3, 1e-9, GSL_SUCCESS);
    check_refused("x^-2 over [0, 1]", power, -2, points, 3, 1e-9, GSL_SUCCESS);
    check_refused("infinite interval", cosine, 1, (double[]){0, INFINITY}, 2, 1e-9, GSL_SUCCESS);
    check_refused("1e5 waves", cosine, 6e5, points, 3, 1e-9, GSL_SUCCESS);
}

// int_0^1 exp: GSL's estimate is never below 50 epsilon int |f| = 1.9e-14. A tolerance of a quarter of that
// counts as met, a tolerance of a twentieth does not; nor do much smaller ones.
static double exponential(double x, const void *context) {
    return exp(*(const double *)context * x);
}

static void test_rounding_limit(void **state) {
    (void)state;
    const double points[] = {0, 1}, rate = 1;
    gsl_sf_result result;
    assert_int_equal(quadrature_integrate(exponential, &rate, points, 2, 4.8e-15, &result), GSL_SUCCESS);
    assert_true(result.err > 4.8e-15 && result.err <= 4.8e-14);
    check_close("exp over [0, 1]", result.val, expm1(1), 1e-15);
    check_refused("exp to 9.5e-16", exponential, 1, points, 2, 9.5e-16, GSL_EROUND);
    check_refused("exp to 1e-30", exponential, 1, points, 2, 1e-30, GSL_EROUND);
    check_refused("large exp to 1e-12", exponential, 30, points, 2, 1e-12, GSL_SUCCESS);
}

// The errors of pieces add up.
static void test_sum_of_errors(void **state) {
    (void)state;
    const double points[] = {0, 0.7, 2}, c = 0.3;
    gsl_sf_result whole, first, second;
    assert_int_equal(quadrature_integrate(kink, &c, points, 3, 1e-6, &whole), GSL_SUCCESS);
    assert_int_equal(quadrature_integrate(kink, &c, points, 2, 5e-7, &first), GSL_SUCCESS);
    assert_int_equal(quadrature_integrate(kink, &c, points + 1, 2, 5e-7, &second), GSL_SUCCESS);
    assert_true(whole.val == first.val + second.val && whole.err == first.err + second.err);
    assert_true(first.err > 0 && second.err > 0);
}

// 700 hidden kinks exhaust the subintervals: ten times the tolerance is a matter of rounding only.
static double saw(double x, const void *context) {
    return comb(700 * x, context);
}

static double saw_for_gsl(double x, void *context) {
    return saw(x, context);
}

static void test_exhausted(void **state) {
    (void)state;
    double value, error;
    gsl_function f = {saw_for_gsl, &(double){0.3}};
    gsl_integration_workspace *workspace = gsl_integration_workspace_alloc(512);
    assert_non_null(workspace);
    assert_int_equal(
        gsl_integration_qag(&f, 0, 1, 1e-14, 0, 512, GSL_INTEG_GAUSS61, workspace, &value, &error),
        GSL_EMAXITER);
    gsl_integration_workspace_free(workspace);
    check_refused("700 kinks to a third of what can be had", saw, 0.3, (double[]){0, 1}, 2, error / 3,
                  GSL_EMAXITER);
}

int main(void) {
    gsl_set_error_handler_off();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_smooth),
        cmocka_unit_test(test_many_pieces),
        cmocka_unit_test(test_kink_at_point),
        cmocka_unit_test(test_hidden_kink),
        cmocka_unit_test(test_shared_tolerance),
        cmocka_unit_test(test_empty_pieces),
        cmocka_unit_test(test_integrable_singularity),
        cmocka_unit_test(test_bad_arguments),
        cmocka_unit_test(test_sum_of_errors),
        cmocka_unit_test(test_exhausted),
        cmocka_unit_test(test_hopeless),
        cmocka_unit_test(test_rounding_limit),
    };
    return cmocka_run_group_tests_name("quadrature", tests, NULL, NULL);
}
