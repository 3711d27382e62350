// SPDX-License-Identifier: GPL-3.0-or-later
// routing/gap_sample: everything against plain sums over the rows, the law against the exact gap of Gaussian layers, and
// temperatures by what they achieve.
#include "routing/gap.h"
#include "routing/gap_sample.h"
#include "support.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <string.h>

enum { MOST_ROWS = 300000, MOST_NUMBERS = 1200000 };
static double logits[MOST_NUMBERS], outputs[MOST_NUMBERS], targets[MOST_ROWS];

static gap_arrays_t arrays_of(size_t rows, size_t experts, size_t dimension, bool with_targets) {
    return (gap_arrays_t){rows, experts, dimension, logits, outputs, with_targets ? targets : NULL};
}

// Random rows; one in `tied` has its two largest logits made equal.
static void draw(stream_t *s, const gap_arrays_t *a, size_t tied) {
    for (size_t i = 0; i < a->rows; i++) {
        stream_normals(s, logits + i * a->experts, a->experts);
        stream_normals(s, outputs + i * a->experts * a->dimension, a->experts * a->dimension);
        stream_normals(s, targets + i * a->dimension, a->dimension);
        if (tied > 0 && i % tied == 0)
            logits[i * a->experts] = logits[i * a->experts + 1] = 9;
    }
}

// Mean losses, from the definition of the gates in long double. The square when there are no targets.
static double plain_gap(const gap_arrays_t *a, double tau) {
    double sum = 0;
    for (size_t i = 0; i < a->rows; i++) {
        const double *row = logits + i * a->experts, *f = outputs + i * a->experts * a->dimension;
        size_t winner = 0;
        long double weights[16], all = 0;
        for (size_t k = 1; k < a->experts; k++)
            winner = row[k] > row[winner] ? k : winner;
        for (size_t k = 0; k < a->experts; k++)
            all += weights[k] = expl((long double)(row[k] - row[winner]) / tau);
        for (size_t j = 0; j < a->dimension; j++) {
            long double soft = 0;
            for (size_t k = 0; k < a->experts; k++)
                soft += weights[k] / all * f[k * a->dimension + j];
            const long double hard = f[winner * a->dimension + j],
                              y = a->targets != NULL ? targets[i * a->dimension + j] : hard;
            sum += (double)((y - soft) * (y - soft) - (y - hard) * (y - hard));
        }
    }
    return sum / (double)a->rows;
}

static gap_report_t report_of(const gap_arrays_t *a, double tau, gap_survey_t *survey) {
    const gap_source_t source = gap_arrays_source(a);
    gap_report_t report;
    assert_int_equal(gap_survey(&source, survey), GSL_SUCCESS);
    assert_int_equal(gap_measure(&source, survey, tau, &report), GSL_SUCCESS);
    return report;
}

static void test_means(void **state) {
    (void)state;
    stream_t s = stream_at(1, stream_experiment("gap sample"), 0);
    for (int i = 0; i < 40; i++) {
        gap_arrays_t a =
            arrays_of(1 + draw_below(&s, 9000), 2 + draw_below(&s, 7), 1 + draw_below(&s, 3), true);
        const double tau = log_uniform(&s, 1e-3, 100);
        gap_survey_t survey;
        draw(&s, &a, draw_below(&s, 4));
        const gap_report_t report = report_of(&a, tau, &survey);
        const char *input =
            INPUT("case %d: %zu rows, K %zu, dim %zu, tau %a", i, a.rows, a.experts, a.dimension, tau);
        check_close(input, report.risk.observed.val, plain_gap(&a, tau), 1e-12);
        a.targets = NULL;
        const double square = plain_gap(&a, tau);
        check_close(input, report.square.observed.val, square, 1e-12);
        check_close(input, report_of(&a, tau, &survey).square.observed.val, square, 1e-12);
        assert_true(report.square.observed.val <= report.square.bound * (1 + 1e-12));
        assert_true(fabs(report.risk.observed.val) <= report.risk.bound * (1 + 1e-12));
    }
}

// A hand-made sample: two rows with a tie, two without.
static void test_survey(void **state) {
    (void)state;
    static const double l[] = {1, 1, 0, 0.5, 0.25, -1, -2, 2, 2, 0, 3, 1},
                        f[] = {1, -1, 0, 2, 5, 7, 0, 0, 4, -3, 1, 1}, y[] = {0, 2, -6, 1};
    memcpy(logits, l, sizeof l);
    memcpy(outputs, f, sizeof f);
    memcpy(targets, y, sizeof y);
    const gap_arrays_t a = arrays_of(4, 3, 1, true);
    gap_survey_t survey;
    const gap_report_t report = report_of(&a, 1e-6, &survey);
    assert_int_equal(survey.ties, 2);
    assert_true(survey.least == 0.25 && survey.greatest == 2 && survey.range == 4);
    assert_true(survey.spread == 5 && survey.outputs == 7 && survey.targets == 6);
    // Row 0: h_0 = 1, limit 0, target 0. Row 2: winner 1, h_0 = 0, limit 2, target -6.
    check_close("square of ties", report.square.ties, (1.0 + 4) / 4, 1e-15);
    check_close("risk of ties", report.risk.ties, (-1.0 + 64 - 36) / 4, 1e-15);
    check_close("cold square", report.square.observed.val, report.square.ties, 1e-15);
    check_close("cold risk", report.risk.observed.val, report.risk.ties, 1e-14);
}

// Logits that leave nothing but infinities or subnormal numbers to careless code.
static void test_extremes(void **state) {
    (void)state;
    static const double l[] = {1e308, -1e308, 0, 5e-324, 1e300, 1e300};
    memcpy(logits, l, sizeof l);
    for (int i = 0; i < 6; i++)
        outputs[i] = i;
    const gap_arrays_t a = arrays_of(3, 2, 1, false);
    gap_survey_t survey;
    for (double tau = 1e-300; tau < 1e301; tau *= 1e50) {
        const gap_report_t report = report_of(&a, tau, &survey);
        assert_true(isfinite(report.square.observed.val) && isfinite(report.square.bound));
    }
    assert_int_equal(survey.ties, 1);
    double tau;
    const gap_source_t source = gap_arrays_source(&a);
    assert_int_equal(gap_sample_temperature(&source, &survey, GAP_OBSERVED, 0.01, &tau), GSL_SUCCESS);
    assert_true(tau == 0); // the tie alone makes 1/12
}

// A Gaussian layer: logits +-S/2, outputs +-D/2, a target with lag R and noise.
static gap_layer_t draw_gaussian(uint32_t seed, size_t rows) {
    stream_t s = stream_at(seed, stream_experiment("gaussian rows"), 0);
    const double offset = uniform(&s, -1, 1), slope = log_uniform(&s, 0.5, 3), a = uniform(&s, -1, 1),
                 c = uniform(&s, 0.3, 1), l = uniform(&s, -1, 1), m = uniform(&s, -1, 1);
    for (size_t i = 0; i < rows; i++) {
        double x[3];
        stream_normals(&s, x, 3);
        const double score = slope * (x[0] - offset), jump = a * x[0] + c * x[1], lag = l * x[0] + m * x[1];
        const double sign = score >= 0 ? 1 : -1;
        logits[2 * i] = score / 2;
        logits[2 * i + 1] = -score / 2;
        outputs[2 * i] = jump / 2;
        outputs[2 * i + 1] = -jump / 2;
        targets[i] = sign * (jump + lag) / 2 + 0.3 * x[2];
    }
    return (gap_layer_t){offset, slope, {a * a, c * c}, {a * l, c * m}};
}

static double exact(const gap_layer_t *layer, double tau) {
    gsl_sf_result gap;
    assert_int_equal(gap_exact(layer, tau, &gap), GSL_SUCCESS);
    return gap.val;
}

static void check_z(const char *input, gsl_sf_result found, double want) {
    if (!(fabs(found.val - want) <= 4 * found.err))
        fail_msg("%s: got %g +- %g, want %g, z %.2f", input, found.val, found.err, want,
                 (found.val - want) / found.err);
}

// Observed gap and estimated law against the exact ones, within 4 standard errors; the errors are not too large, either.
static void test_gaussian(void **state) {
    (void)state;
    enum { ROWS = 100000, SEEDS = 12 };
    const gap_arrays_t a = arrays_of(ROWS, 2, 1, true);
    double observed = 0, slopes = 0;
    for (uint32_t seed = 1; seed <= SEEDS; seed++) {
        const gap_layer_t layer = draw_gaussian(seed, ROWS);
        gap_layer_t realisable = layer;
        realisable.lag[0] = realisable.lag[1] = 0;
        const double tau = 0.02 * layer.slope;
        gap_survey_t survey;
        const gap_report_t report = report_of(&a, tau, &survey);
        const char *input = INPUT("seed %u", seed);
        check_z(input, report.risk.observed, exact(&layer, tau));
        check_z(input, report.square.observed, exact(&realisable, tau));
        check_z(input, report.risk.slope, gap_law(&layer));
        check_z(input, report.square.slope, gap_law(&realisable));
        check_z(input, report.square.narrow, gap_law(&realisable));
        const double density = 2 * gsl_pow_2(M_SQRT1_2) * exp(-layer.offset * layer.offset / 2) * M_SQRT2 /
                               sqrt(M_PI) / layer.slope;
        check_z(input, report.density, density);
        check_z(input, report.jump, layer.jump[0] * layer.offset * layer.offset + layer.jump[1]);
        if (fabs(report.risk.z) > 4 || fabs(report.square.z) > 4)
            fail_msg("%s: z %g and %g", input, report.risk.z, report.square.z);
        check_close(input, report.risk.predicted, tau * report.risk.slope.val, 1e-15);
        observed +=
            gsl_pow_2((report.square.observed.val - exact(&realisable, tau)) / report.square.observed.err);
        slopes += gsl_pow_2((report.square.slope.val - gap_law(&realisable)) / report.square.slope.err);
    }
    // Two chi-squares with 12 degrees of freedom, each with 0.1 % on either side: the errors are neither too small nor too large.
    if (observed < 2.21 || observed > 32.9 || slopes < 2.21 || slopes > 32.9)
        fail_msg("sums of 12 squared z-scores: %g observed, %g of the law", observed, slopes);
}

static void test_temperatures(void **state) {
    (void)state;
    stream_t s = stream_at(3, stream_experiment("gap sample"), 0);
    for (int i = 0; i < 24; i++) {
        gap_arrays_t a = arrays_of(300, 2 + draw_below(&s, 4), 1, i % 2 == 0);
        const double tolerance = log_uniform(&s, 1e-3, 0.3);
        double tau[2];
        gap_survey_t survey;
        draw(&s, &a, 0);
        const gap_source_t source = gap_arrays_source(&a);
        assert_int_equal(gap_survey(&source, &survey), GSL_SUCCESS);
        for (gap_quantity_t q = GAP_OBSERVED; q <= GAP_BOUNDED; q++)
            assert_int_equal(gap_sample_temperature(&source, &survey, q, tolerance, &tau[q]), GSL_SUCCESS);
        const char *input =
            INPUT("case %d: K %zu, tolerance %a, tau %a and %a", i, a.experts, tolerance, tau[0], tau[1]);
        assert_true(tau[1] <= tau[0] * (1 + 1e-5));
        if (isfinite(tau[0])) {
            check_close(input, fabs(plain_gap(&a, tau[0])), tolerance, 2e-5 * tolerance);
            for (double share = 1; share > 1e-3; share *= 0.9)
                if (fabs(plain_gap(&a, share * tau[0])) > tolerance)
                    fail_msg("%s: too warm at %a", input, share * tau[0]);
        }
        gap_report_t report;
        assert_int_equal(gap_measure(&source, &survey, tau[1], &report), GSL_SUCCESS);
        check_close(input, a.targets != NULL ? report.risk.bound : report.square.bound, tolerance,
                    2e-5 * tolerance);
    }
}

// Two experts of equal outputs: no gap at any temperature.
static void test_no_gap(void **state) {
    (void)state;
    stream_t s = stream_at(4, stream_experiment("gap sample"), 0);
    const gap_arrays_t a = arrays_of(50, 2, 1, false);
    draw(&s, &a, 0);
    for (int i = 0; i < 100; i++)
        outputs[i] = 0.75;
    const gap_source_t source = gap_arrays_source(&a);
    gap_survey_t survey;
    double tau;
    assert_int_equal(gap_survey(&source, &survey), GSL_SUCCESS);
    assert_int_equal(gap_sample_temperature(&source, &survey, GAP_OBSERVED, 1e-9, &tau), GSL_SUCCESS);
    assert_true(isinf(tau));
    assert_int_equal(gap_sample_temperature(&source, &survey, GAP_OBSERVED, 0, &tau), GSL_EDOM);
    gap_report_t report;
    assert_int_equal(gap_measure(&source, &survey, 0, &report), GSL_EDOM);
}

static int refuse(const void *context, uint64_t first, size_t count, double *l, double *f, double *y) {
    (void)context, (void)count, (void)l, (void)f, (void)y;
    return first == 0 ? GSL_EFAILED : GSL_SUCCESS;
}

static void test_failing_source(void **state) {
    (void)state;
    const gap_source_t source = {.rows = 10, .experts = 2, .dimension = 1, .read = refuse};
    gap_survey_t survey = {.ties = 77};
    gap_report_t report;
    double tau;
    assert_int_equal(gap_survey(&source, &survey), GSL_EFAILED);
    assert_int_equal(survey.ties, 77);
    assert_int_equal(gap_measure(&source, &survey, 1, &report), GSL_EFAILED);
    assert_int_equal(gap_sample_temperature(&source, &survey, GAP_BOUNDED, 1, &tau), GSL_EFAILED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_means),          cmocka_unit_test(test_survey),
        cmocka_unit_test(test_extremes),       cmocka_unit_test(test_gaussian),
        cmocka_unit_test(test_temperatures),   cmocka_unit_test(test_no_gap),
        cmocka_unit_test(test_failing_source),
    };
    gsl_set_error_handler_off();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gap_sample", tests, NULL, NULL);
}
