// SPDX-License-Identifier: GPL-3.0-or-later
// stat/log_histogram: bins, means and ranks against the sorted numbers, and the same content however it was put together.
#include "stat/log_histogram.h"
#include "support.h"

#include <float.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_sort_double.h>

enum { MOST = 20000 };
static double numbers[MOST];

// Numbers of many sizes, in clusters and repeated ones among them.
static void draw(stream_t *s, size_t n) {
    const double centre = log_uniform(s, 1e-300, 1e300), width = log_uniform(s, 1e-9, 10);
    for (size_t i = 0; i < n; i++) {
        const size_t kind = draw_below(s, 8);
        numbers[i] = kind == 0   ? log_uniform(s, DBL_MIN, DBL_MAX)
                     : kind == 1 ? ldexp(1 + (double)draw_below(s, 5), (int)draw_below(s, 40) - 20)
                     : kind == 2 ? ldexp(uniform(s, 0, 1), -1040)
                                 : centre * exp(width * uniform(s, -1, 1));
    }
}

static log_histogram_t *filled(int lead, const double *x, size_t n) {
    log_histogram_t *histogram = log_histogram_alloc(lead);
    assert_non_null(histogram);
    assert_int_equal(log_histogram_add(histogram, x, n), GSL_SUCCESS);
    return histogram;
}

// Every bin holds what the sorted numbers say, and has the promised width.
static void check_bins(const log_histogram_t *histogram, int lead, size_t n) {
    log_histogram_bin_t bin;
    size_t i = 0;
    for (size_t at = 0; log_histogram_next(histogram, &at, &bin);) {
        long double sum = 0;
        const size_t first = i;
        for (; i < n && numbers[i] < bin.high; i++)
            sum += (long double)numbers[i] - bin.low;
        assert_true(i - first == bin.count && numbers[first] >= bin.low);
        assert_true(bin.low < DBL_MIN || bin.high - bin.low <= ldexp(bin.low, -lead));
        const double mean = (double)(sum / (long double)bin.count);
        check_close(INPUT("bin %a %a", bin.low, bin.high), bin.mean - bin.low, mean,
                    ldexp(bin.high - bin.low, -32) + DBL_EPSILON * bin.high + 5e-324);
    }
    assert_int_equal(i, n);
    assert_true(log_histogram_count(histogram) == n);
}

static void test_bins(void **state) {
    (void)state;
    stream_t s = stream_at(1, stream_experiment("log histogram"), 0);
    for (int i = 0; i < 40; i++) {
        const size_t n = 1 + draw_below(&s, MOST);
        const int lead = (int)draw_below(&s, 10);
        draw(&s, n);
        log_histogram_t *histogram = filled(lead, numbers, n);
        gsl_sort(numbers, 1, n);
        check_bins(histogram, lead, n);
        for (int j = 0; j < 50; j++) {
            const size_t rank = 1 + draw_below(&s, n);
            const double x = numbers[rank - 1], end = log_histogram_end(histogram, rank);
            const double wide = ldexp(fmax(x, DBL_MIN), -lead);
            assert_true(x < end && end - x <= wide);
            check_close(INPUT("rank %zu of %zu, lead %d", rank, n, lead),
                        log_histogram_ranked(histogram, rank), x, wide);
        }
        log_histogram_free(histogram);
    }
}

static void test_means(void **state) {
    (void)state;
    stream_t s = stream_at(2, stream_experiment("log histogram"), 0);
    double sum = 0;
    for (size_t i = 0; i < MOST; i++) {
        numbers[i] = log_uniform(&s, 1e-3, 7);
        sum += numbers[i];
    }
    log_histogram_t *histogram = filled(4, numbers, MOST);
    check_close("mean", log_histogram_mean(histogram), sum / MOST, 1e-8);
    log_histogram_free(histogram);
}

// In pieces, in another order, through merges: the same bits.
static void test_merging(void **state) {
    (void)state;
    stream_t s = stream_at(3, stream_experiment("log histogram"), 0);
    const size_t n = 9000;
    draw(&s, n);
    log_histogram_t *whole = filled(7, numbers, n), *merged = log_histogram_alloc(7);
    for (size_t part = 0; part < 3; part++) {
        const size_t first = (2 - part) * 3000;
        log_histogram_t *piece = log_histogram_alloc(7);
        for (size_t i = 3000; i-- > 0;)
            assert_int_equal(log_histogram_add(piece, numbers + first + i, 1), GSL_SUCCESS);
        assert_int_equal(log_histogram_merge(merged, piece), GSL_SUCCESS);
        log_histogram_free(piece);
    }
    log_histogram_bin_t a, b;
    size_t i = 0, j = 0;
    while (log_histogram_next(whole, &i, &a)) {
        assert_true(log_histogram_next(merged, &j, &b) && i == j && a.count == b.count);
        assert_true(a.mean == b.mean);
    }
    assert_false(log_histogram_next(merged, &j, &b));
    log_histogram_free(whole);
    log_histogram_free(merged);
}

static void test_left_out(void **state) {
    (void)state;
    const double odd[] = {0, -1, -0.0, NAN, INFINITY, DBL_MAX, 5e-324};
    log_histogram_t *histogram = filled(3, odd, sizeof odd / sizeof *odd), *empty = log_histogram_alloc(3);
    assert_true(log_histogram_count(histogram) == 3);
    assert_true(log_histogram_ranked(histogram, 1) <= ldexp(DBL_MIN, -3));
    check_close("largest", log_histogram_ranked(histogram, 3) / DBL_MAX, 1, 1e-9);
    assert_true(isnan(log_histogram_mean(empty)) && log_histogram_end(empty, 1) == 0);
    log_histogram_free(histogram);
    log_histogram_free(empty);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_bins), cmocka_unit_test(test_means),
                                       cmocka_unit_test(test_merging), cmocka_unit_test(test_left_out)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
