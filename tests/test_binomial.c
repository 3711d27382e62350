// SPDX-License-Identifier: GPL-3.0-or-later
// stat/binomial: intervals by what they promise, against sums of binomial probabilities; scores against sums of Poisson ones.
#include "stat/binomial.h"
#include "support.h"

#include <gsl/gsl_cdf.h>

// P(X <= x) of n trials with chance p, by adding up.
static double binomial_below(size_t x, size_t n, double p) {
    long double sum = 0;
    for (size_t i = 0; i <= x; i++)
        sum += expl(lgammal((long double)n + 1) - lgammal((long double)i + 1) -
                    lgammal((long double)(n - i) + 1) + (long double)i * logl(p) +
                    (long double)(n - i) * log1pl(-(long double)p));
    return (double)sum;
}

static void test_interval(void **state) {
    (void)state;
    stream_t s = stream_at(1, stream_experiment("binomial"), 0);
    for (int i = 0; i < 300; i++) {
        const size_t n = 1 + draw_below(&s, 700), x = draw_below(&s, n + 1);
        const binomial_rate_t rate = binomial_rate(x, n);
        const char *input = INPUT("%zu of %zu", x, n);
        check_close(input, rate.rate, (double)x / (double)n, 1e-15);
        if (x < n)
            check_close(input, binomial_below(x, n, rate.high), 0.025, 1e-9);
        else
            assert_true(rate.high == 1);
        if (x > 0)
            check_close(input, 1 - binomial_below(x - 1, n, rate.low), 0.025, 1e-9);
        else
            assert_true(rate.low == 0);
    }
    assert_true(isnan(binomial_rate(0, 0).rate) && binomial_rate(0, 0).high == 1);
}

// Many trials: near the normal interval, and where few happen near the Poisson one.
static void test_many(void **state) {
    (void)state;
    for (uint64_t n = 1000000; n <= UINT64_C(4000000000); n *= 10) {
        const binomial_rate_t half = binomial_rate(n / 3, n), few = binomial_rate(7, n);
        const double width = sqrt(2.0 / 9 / (double)n), size = (double)n;
        check_close(INPUT("n %g", size), (half.high - half.rate) / width, 1.959964, 3e-3);
        check_close(INPUT("n %g", size), (half.rate - half.low) / width, 1.959964, 3e-3);
        check_close(INPUT("n %g", size), few.high * size, gsl_cdf_chisq_Pinv(0.975, 16) / 2, 1e-3);
        check_close(INPUT("n %g", size), few.low * size, gsl_cdf_chisq_Pinv(0.025, 14) / 2, 1e-3);
    }
}

static double poisson_below(size_t x, double mean) {
    long double sum = 0, term = expl(-(long double)mean);
    for (size_t i = 0; i <= x; term *= mean / (long double)++i)
        sum += term;
    return (double)sum;
}

static void test_scores(void **state) {
    (void)state;
    stream_t s = stream_at(2, stream_experiment("binomial"), 0);
    for (int i = 0; i < 300; i++) {
        const double mean = log_uniform(&s, 1e-3, 24);
        const size_t x = draw_below(&s, 40);
        const binomial_score_t score = binomial_score(x, mean, mean * 0.9);
        const double tail =
            (double)x > mean ? (x > 0 ? 1 - poisson_below(x - 1, mean) : 1) : poisson_below(x, mean);
        const char *input = INPUT("%zu, mean %a", x, mean);
        check_close(input, score.p, fmin(1, 2 * tail), 1e-12);
        assert_true(score.p == 1 || (score.z > 0) == ((double)x > mean));
        if (score.p > 1e-9)
            check_close(input, 2 * gsl_cdf_ugaussian_Q(fabs(score.z)), score.p, 1e-9);
    }
    const binomial_score_t many = binomial_score(1100, 1000, 400);
    check_close("normal", many.z, 5, 1e-12);
    check_close("normal", many.p, 2 * gsl_cdf_ugaussian_Q(5), 1e-15);
    assert_true(binomial_score(0, 0, 0).z == 0 && binomial_score(0, 0, 0).p == 1);
    assert_true(binomial_score(1, 0, 0).z == INFINITY && binomial_score(1, 0, 0).p == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_interval), cmocka_unit_test(test_many),
                                       cmocka_unit_test(test_scores)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
