// SPDX-License-Identifier: GPL-3.0-or-later
// stat/edge: the moments of the kernel, the estimate from bins against the plain one, and its error against known densities.
#include "stat/edge.h"
#include "stat/quadrature.h"
#include "support.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>

enum { MOST = 100000 };
static double numbers[MOST];

typedef struct moment {
    int power, order; // int u^order k^power
} moment_t;

static double integrand(double u, const void *context) {
    const moment_t *moment = context;
    return gsl_pow_int(u, moment->order) * gsl_pow_int(edge_kernel(u, 1), moment->power);
}

static void test_kernel(void **state) {
    (void)state;
    static const moment_t moments[] = {{1, 0}, {1, 1}, {1, 2}, {2, 0}};
    static const double want[] = {1, 0, -0.1, 4.8};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        gsl_sf_result result;
        assert_int_equal(quadrature_integrate(integrand, &moments[i], (double[]){0, 1}, 2, 1e-13, &result),
                         GSL_SUCCESS);
        check_close("moment", result.val, want[i], 1e-12);
    }
    assert_true(edge_kernel(0, 1) == 0 && edge_kernel(-1, 1) == 0 && edge_kernel(1, 1) == 0);
    check_close("scaled", edge_kernel(0.3, 4), edge_kernel(0.3 / 4, 1) / 4, 1e-15);
}

static log_histogram_t *filled(int lead, size_t n) {
    log_histogram_t *histogram = log_histogram_alloc(lead);
    assert_non_null(histogram);
    assert_int_equal(log_histogram_add(histogram, numbers, n), GSL_SUCCESS);
    return histogram;
}

// The estimate from the numbers themselves.
static gsl_sf_result plain(size_t n, uint64_t rows, double window) {
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        sum += edge_kernel(numbers[i], window);
        squares += gsl_pow_2(edge_kernel(numbers[i], window));
    }
    const double r = (double)rows;
    return (gsl_sf_result){sum / r, sqrt((squares / r - gsl_pow_2(sum / r)) / r)};
}

// Binning: below a hundredth of the standard error with 128 bins a power of two, below a tenth with 16.
static void test_bins(void **state) {
    (void)state;
    stream_t s = stream_at(1, stream_experiment("edge"), 0);
    for (int i = 0; i < 60; i++) {
        const int lead = i % 2 == 0 ? 7 : 4;
        const size_t n = 20 + draw_below(&s, MOST - 20);
        const uint64_t rows = n + draw_below(&s, 50);
        const double scale = log_uniform(&s, 1e-9, 1e9);
        for (size_t j = 0; j < n; j++)
            numbers[j] = -scale * log(uniform(&s, 0, 1));
        log_histogram_t *histogram = filled(lead, n);
        const double window = edge_window(histogram);
        size_t inside = 0;
        for (size_t j = 0; j < n; j++)
            inside += numbers[j] < window;
        assert_true(inside >= edge_window_count(n));
        assert_true((double)edge_window_count(n) >= pow((double)n, 0.8) &&
                    (double)edge_window_count(n) < pow((double)n, 0.8) + 1);
        for (int half = 0; half < 2; half++) {
            const double w = half ? window / 2 : window;
            const gsl_sf_result got = edge_density(histogram, rows, w), want = plain(n, rows, w);
            const double allowed = lead == 7 ? 0.01 : 0.1;
            check_close(INPUT("case %d, %zu numbers", i, n), (got.val - want.val) / want.err, 0, allowed);
            check_close(INPUT("error %d, %zu numbers", i, n), got.err / want.err, 1, allowed);
        }
        log_histogram_free(histogram);
    }
}

// Densities of several shapes with f(0) = 1: the estimate is within its error, as often as it says, and the error is what the
// header says.
typedef struct shape {
    double (*draw)(double u);
} shape_t;

static double exponential(double u) {
    return -log(u);
}
static double even(double u) {
    return u;
}
// f(x) = (1 - x / 2) on (0, 2).
static double falling(double u) {
    return 2 * (1 - sqrt(u));
}

static void test_shapes(void **state) {
    (void)state;
    enum { RUNS = 400, NUMBERS = 10000 };
    static const shape_t shapes[] = {{exponential}, {even}, {falling}};
    for (size_t shape = 0; shape < sizeof shapes / sizeof *shapes; shape++) {
        double sum = 0, squares = 0;
        size_t covered = 0;
        for (uint32_t run = 0; run < RUNS; run++) {
            stream_t s = stream_at(5, stream_experiment("edge shapes"), run + RUNS * (uint32_t)shape);
            stream_uniforms(&s, numbers, NUMBERS);
            for (size_t i = 0; i < NUMBERS; i++)
                numbers[i] = shapes[shape].draw(numbers[i]);
            log_histogram_t *histogram = filled(7, NUMBERS);
            const gsl_sf_result got = edge_density(histogram, NUMBERS, edge_window(histogram));
            const double z = (got.val - 1) / got.err;
            sum += z;
            squares += z * z;
            covered += fabs(z) < 1.96;
            check_close("error", got.err / (2.19 * pow(NUMBERS, -0.4)), 0.93, 0.2);
            log_histogram_free(histogram);
        }
        const char *input = INPUT("shape %zu", shape);
        // Estimates and their errors are dependent, which makes the mean of z somewhat less than 0.
        check_close(input, sum / RUNS, 0, 0.25);
        check_close(input, squares / RUNS, 1, 0.3);
        check_close(input, (double)covered / RUNS, 0.95, 4 * sqrt(0.05 * 0.95 / RUNS));
    }
}

static void test_empty(void **state) {
    (void)state;
    log_histogram_t *histogram = filled(7, 0);
    const double window = edge_window(histogram);
    const gsl_sf_result none = edge_density(histogram, 17, window);
    assert_true(window == 0 && none.val == 0 && none.err == 0);
    log_histogram_free(histogram);
    numbers[0] = 0.7;
    histogram = filled(7, 1);
    const gsl_sf_result one = edge_density(histogram, 1, edge_window(histogram));
    assert_true(isnan(one.val) && isnan(one.err));
    log_histogram_free(histogram);
}

// Numbers from 1 on have no density at 0, and no negative one.
static void test_distant(void **state) {
    (void)state;
    enum { NUMBERS = 10000 };
    stream_t s = stream_at(6, stream_experiment("edge distant"), 0);
    stream_uniforms(&s, numbers, NUMBERS);
    for (size_t i = 0; i < NUMBERS; i++)
        numbers[i] = 1 + exponential(numbers[i]);
    log_histogram_t *histogram = filled(7, NUMBERS);
    const double window = edge_window(histogram);
    const gsl_sf_result got = edge_density(histogram, NUMBERS, window);
    assert_true(plain(NUMBERS, NUMBERS, window).val < 0);
    assert_true(got.val == 0 && got.err > 0);
    log_histogram_free(histogram);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_kernel), cmocka_unit_test(test_bins),
                                       cmocka_unit_test(test_shapes), cmocka_unit_test(test_empty),
                                       cmocka_unit_test(test_distant)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
