// SPDX-License-Identifier: GPL-3.0-or-later
// routing/flip: roundings against whole rows, shifts of the grid against shifted rows, noise against another quadrature and
// against draws.
#include "routing/flip.h"

#include "stat/quadrature.h"
#include "support.h"
#include "support/seeds.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_randist.h>
#include <string.h>

enum { MOST = 24 };

static const char *const FORMATS[] = {"bf16", "fp16", "fp8-e4m3", "fp8-e5m2", "int8", "int4", "e3m1", "int3"};
enum { FORMAT_COUNT = sizeof FORMATS / sizeof *FORMATS };

static rounding_t format_of(const char *name) {
    rounding_t format;
    assert_true(rounding_parse(name, &format));
    return format;
}

// ---- Rows with their sets by brute force, a word of bits ----

static uint32_t set_of(const double *x, size_t n, size_t k) {
    uint32_t set = 0;
    for (size_t i = 0; i < n; i++) {
        size_t ahead = 0;
        for (size_t j = 0; j < n; j++)
            ahead += x[j] > x[i] || (x[j] == x[i] && j < i);
        set |= (uint32_t)(ahead < k) << i;
    }
    return set;
}

// Rows of all sizes near each other, with a random place and a random scale.
static void draw_row(stream_t *s, double *x, size_t n) {
    const double scale = log_uniform(s, 0.01, 20), place = draw_below(s, 3) == 0 ? 0 : uniform(s, -4, 4);
    stream_normals(s, x, n);
    for (size_t i = 0; i < n; i++)
        x[i] = place + scale * x[i];
    if (draw_below(s, 8) == 0)
        x[draw_below(s, n)] = x[draw_below(s, n)];
}

static const char *describe(const char *what, const double *x, size_t n, size_t k) {
    static char text[2048];
    int length = snprintf(text, sizeof text, "%s, N = %zu, k = %zu:", what, n, k);
    for (size_t i = 0; i < n; i++)
        length += snprintf(text + length, sizeof text - (size_t)length, " %a", x[i]);
    return text;
}

static flip_work_t *work_of(const selection_t *rule) {
    assert_int_equal(selection_check(rule), GSL_SUCCESS);
    flip_work_t *work = flip_work_alloc(rule);
    assert_non_null(work);
    return work;
}

// ---- Rounding a row ----

static void test_rounded(void **state) {
    (void)state;
    size_t flips = 0;
    for (slong seed = 0; seed < seeds_times(4000); seed++) {
        stream_t s = seeds_stream("flip rounded", seed);
        const size_t n = 2 + draw_below(&s, MOST - 1), k = 1 + draw_below(&s, n - 1);
        const selection_t rule = {.experts = n, .active = k, .score = (selection_score_t)draw_below(&s, 3)};
        double x[MOST], rounded[MOST];
        draw_row(&s, x, n);
        flip_work_t *work = work_of(&rule);
        for (size_t f = 0; f < FORMAT_COUNT; f++) {
            const rounding_t format = format_of(FORMATS[f]);
            rounding_row(&format, x, n, rounded);
            const bool want = set_of(x, n, k) != set_of(rounded, n, k);
            flips += want;
            if (flip_rounded(work, x, &format) != want || flip_between(work, x, rounded) != want)
                fail_msg("%s: flips: %d", describe(FORMATS[f], x, n, k), want);
        }
        flip_work_free(work);
    }
    assert_true(flips > 1000);
}

// Rules with a bias or groups: the same by the choice of another row.
static void test_rounded_rules(void **state) {
    (void)state;
    for (slong seed = 0; seed < seeds_times(400); seed++) {
        stream_t s = seeds_stream("flip rules", seed);
        double bias[MOST], x[MOST], rounded[MOST], scores[MOST];
        size_t members[MOST], moved[MOST], order[MOST];
        stream_normals(&s, bias, MOST);
        const selection_t rule = {.experts = MOST,
                                  .active = 3,
                                  .score = (selection_score_t)draw_below(&s, 3),
                                  .bias = bias,
                                  .grouping = (selection_grouping_t)draw_below(&s, 3),
                                  .groups = 6,
                                  .kept = 2};
        draw_row(&s, x, MOST);
        const rounding_t format = format_of(FORMATS[draw_below(&s, FORMAT_COUNT)]);
        rounding_row(&format, x, MOST, rounded);
        selection_scores(&rule, x, scores);
        selection_choose(&rule, scores, members, NULL, order);
        selection_scores(&rule, rounded, scores);
        selection_choose(&rule, scores, moved, NULL, order);
        const bool want = memcmp(members, moved, 3 * sizeof *members) != 0;
        flip_work_t *work = work_of(&rule);
        assert_int_equal(flip_rounded(work, x, &format), want);
        assert_int_equal(flip_between(work, x, rounded), want);
        flip_work_free(work);
    }
}

// ---- Shifts of the grid ----

// The mean of flips over rows shifted by hand: the middle of ranks k and k + 1 is put at STEPS places of its interval, and the
// others move with it, unless one of the two has the largest magnitude of an integer format.
enum { STEPS = 4000 };

static bool fixed(const rounding_t *format, double value, double largest) {
    return format->kind == ROUNDING_INTEGER && fabs(value) == largest;
}

static double shifted(const rounding_t *format, const double *x, size_t n, size_t k) {
    const uint32_t set = set_of(x, n, k);
    double inside = INFINITY, outside = -INFINITY, largest = 0, low, high, moved[MOST];
    for (size_t i = 0; i < n; i++) {
        largest = fmax(largest, fabs(x[i]));
        if (set >> i & 1)
            inside = fmin(inside, x[i]);
        else
            outside = fmax(outside, x[i]);
    }
    const double unit = rounding_unit(format, x, n);
    const double anchor = (inside + outside) / 2;
    const bool still = fixed(format, inside, largest) || fixed(format, outside, largest) ||
                       !rounding_interval(format, unit, anchor, &low, &high);
    size_t flips = 0, valid = 0;
    for (size_t step = 0; step < (still ? 1 : STEPS); step++) {
        const double place = still ? anchor : low + (high - low) * ((double)step + 0.5) / STEPS;
        bool within = true;
        for (size_t i = 0; i < n; i++) {
            moved[i] = fixed(format, x[i], largest) ? x[i] : place + (x[i] - anchor);
            within = within && (format->kind == ROUNDING_FLOAT || fabs(moved[i]) <= largest);
            moved[i] = rounding_apply(format, unit, moved[i]);
        }
        valid += within;
        flips += within && set_of(moved, n, k) != set;
    }
    return valid == 0 ? NAN : (double)flips / (double)valid;
}

static void test_shifts(void **state) {
    (void)state;
    size_t between = 0;
    for (slong seed = 0; seed < seeds_times(250); seed++) {
        stream_t s = seeds_stream("flip shifts", seed);
        const size_t n = 2 + draw_below(&s, 11), k = 1 + draw_below(&s, n - 1);
        const selection_t rule = {.experts = n, .active = k};
        double x[MOST];
        draw_row(&s, x, n);
        flip_work_t *work = work_of(&rule);
        for (size_t f = 0; f < FORMAT_COUNT; f++) {
            const rounding_t format = format_of(FORMATS[f]);
            const double want = shifted(&format, x, n, k), got = flip_rounding(work, x, &format);
            between += want > 0 && want < 1;
            // Each end of an interval that is counted errs by a step; where few steps are valid, by more.
            if (!isnan(want) && fabs(got - want) > (format.kind == ROUNDING_FLOAT ? 0.004 : 0.05))
                fail_msg("%s: got %g, want %g", describe(FORMATS[f], x, n, k), got, want);
        }
        flip_work_free(work);
    }
    assert_true(between > 50);
}

// By hand: a pair in the wrong order of indices, a tie of three, a power of two with half the spacing below it.
static void test_shift_values(void **state) {
    (void)state;
    const rounding_t format = format_of("e5m2");
    const selection_t rule = {.experts = 3, .active = 1};
    flip_work_t *work = work_of(&rule);
    const double pair[] = {1.30, 1.40, 0}, ordered[] = {1.40, 1.30, 0}, three[] = {1.30, 1.35, 1.40};
    check_close("pair", flip_rounding(work, pair, &format), 1 - 0.1 / 0.25, 1e-14);
    check_close("ordered", flip_rounding(work, ordered, &format), 0, 0);
    check_close("three", flip_rounding(work, three, &format), 1 - 0.05 / 0.25, 1e-14);
    // The middle is uniform in [1, 1.25), and the cells are [0.9375, 1.125) and [1.125, 1.375): both in the first one for
    // [1.0125, 1.05), both in the second one from 1.2 on.
    const double edge[] = {0.98, 1.13, 0};
    check_close("edge", flip_rounding(work, edge, &format), (0.0375 + 0.05) / 0.25, 1e-14);
    flip_work_free(work);
}

// The expectation is the rate: over rows of every rule, sums of observations minus predictions in units of sqrt(sum p(1-p)).
static void test_unbiased(void **state) {
    (void)state;
    enum { ROWS = 3000, N = 12 };
    stream_t s = seeds_stream("flip unbiased", 1);
    double bias[N];
    stream_normals(&s, bias, N);
    for (size_t i = 0; i < N; i++)
        bias[i] *= 0.1;
    for (size_t r = 0; r < 6; r++) {
        const selection_t rule = {.experts = N,
                                  .active = 2,
                                  .score = r < 2 ? SELECTION_LOGIT : SELECTION_SIGMOID,
                                  .bias = r == 0 ? NULL : bias,
                                  .grouping = r < 3    ? SELECTION_UNGROUPED
                                              : r == 3 ? SELECTION_GROUP_BEST
                                                       : SELECTION_GROUP_TWO,
                                  .groups = r == 5 ? 6 : 3,
                                  .kept = 2};
        flip_work_t *work = work_of(&rule);
        for (size_t f = 0; f < 6; f++) {
            const rounding_t format = format_of(FORMATS[f]);
            double sum = 0, variance = 0, x[N], place;
            for (int row = 0; row < ROWS; row++) {
                stream_normals(&s, &place, 1);
                stream_normals(&s, x, N);
                for (size_t i = 0; i < N; i++)
                    x[i] += place;
                const double p = flip_rounding(work, x, &format);
                sum += flip_rounded(work, x, &format) - p;
                variance += p * (1 - p);
            }
            if (!(fabs(sum) <= 4 * sqrt(variance) + 1e-9))
                fail_msg("rule %zu, %s: z = %g", r, FORMATS[f], sum / sqrt(variance));
        }
        flip_work_free(work);
    }
}

// ---- Noise ----

typedef struct disturbed {
    const double *x;
    size_t n;
    uint32_t set;
    double sigma;
} disturbed_t;

// The density of the largest disturbed number that is not selected, times the chance that a selected one is below.
static double fall(double t, const void *context) {
    const disturbed_t *d = context;
    double stay = 1, density = 0;
    for (size_t i = 0; i < d->n; i++)
        if (d->set >> i & 1)
            stay *= gsl_cdf_gaussian_Q(t - d->x[i], d->sigma);
    for (size_t j = 0; j < d->n; j++) {
        double term = (d->set >> j & 1) ? 0 : gsl_ran_gaussian_pdf(t - d->x[j], d->sigma);
        for (size_t l = 0; l < d->n && term > 0; l++)
            if (l != j && !(d->set >> l & 1))
                term *= gsl_cdf_gaussian_P(t - d->x[l], d->sigma);
        density += term;
    }
    return density * (1 - stay);
}

static void test_noise(void **state) {
    (void)state;
    for (slong seed = 0; seed < seeds_times(300); seed++) {
        stream_t s = seeds_stream("flip noise", seed);
        const size_t n = 2 + draw_below(&s, MOST - 1), k = 1 + draw_below(&s, n - 1);
        selection_t rule = {.experts = n, .active = k};
        double x[MOST], shifted_x[MOST], bias[MOST], inside = INFINITY, outside = -INFINITY;
        stream_normals(&s, x, n);
        stream_normals(&s, bias, n);
        const disturbed_t d = {x, n, set_of(x, n, k), log_uniform(&s, 1e-3, 10)};
        for (size_t i = 0; i < n; i++) {
            shifted_x[i] = x[i] - bias[i];
            if (d.set >> i & 1)
                inside = fmin(inside, x[i]);
            else
                outside = fmax(outside, x[i]);
        }
        // Elsewhere the one or the other factor is nothing.
        const double points[] = {outside - 8 * d.sigma, outside - 2 * d.sigma, (inside + outside) / 2,
                                 inside + 2 * d.sigma, inside + 8 * d.sigma};
        gsl_sf_result want;
        assert_int_equal(quadrature_integrate(fall, &d, points, 5, 1e-9, &want), GSL_SUCCESS);
        flip_work_t *work = work_of(&rule);
        check_close(describe("noise", x, n, k), flip_noise(work, x, d.sigma), want.val, 1e-6 + want.err);
        flip_work_free(work);
        rule.bias = bias;
        work = work_of(&rule);
        check_close("biases", flip_noise(work, shifted_x, d.sigma), want.val, 1e-6 + want.err);
        flip_work_free(work);
    }
}

// All other rules against noise that is drawn here; the mean over rows, each of whose predictions has an error of its own.
static void test_noise_rules(void **state) {
    (void)state;
    enum { ROWS = 2000, N = 12 };
    stream_t s = seeds_stream("flip noise rules", 1);
    double bias[N];
    stream_normals(&s, bias, N);
    for (size_t r = 0; r < 3; r++) {
        const selection_t rule = {.experts = N,
                                  .active = 3,
                                  .score = r == 2 ? SELECTION_SQRTSOFTPLUS : SELECTION_SIGMOID,
                                  .bias = r == 1 ? NULL : bias,
                                  .grouping = r == 1 ? SELECTION_GROUP_TWO : SELECTION_UNGROUPED,
                                  .groups = 4,
                                  .kept = 2};
        flip_work_t *work = work_of(&rule);
        double sum = 0, variance = 0, x[N], noise[N];
        for (int row = 0; row < ROWS; row++) {
            stream_normals(&s, x, N);
            stream_normals(&s, noise, N);
            const double p = flip_noise(work, x, 0.1);
            for (size_t i = 0; i < N; i++)
                noise[i] = x[i] + 0.1 * noise[i];
            sum += flip_between(work, x, noise) - p;
            variance += p * (1 - p) * (1 + 1.0 / FLIP_DRAWS);
        }
        if (!(fabs(sum) <= 4 * sqrt(variance)) || variance < 20)
            fail_msg("rule %zu: z = %g, variance %g", r, sum / sqrt(variance), variance);
        flip_work_free(work);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rounded),     cmocka_unit_test(test_rounded_rules),
        cmocka_unit_test(test_shifts),      cmocka_unit_test(test_shift_values),
        cmocka_unit_test(test_unbiased),    cmocka_unit_test(test_noise),
        cmocka_unit_test(test_noise_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
