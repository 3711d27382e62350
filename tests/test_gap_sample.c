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

// Rows of margin 1 with a jump of 1, of margin 1000 with one of 5, and of margin 0: the first ones carry everything.
static void test_carriers(void **state) {
    (void)state;
    enum { ROWS = 100, NEAR = 7, TIED = 3 };
    for (int i = 0; i < ROWS; i++) {
        logits[2 * i] = i < NEAR ? 1 : i < NEAR + TIED ? 0 : 1000;
        logits[2 * i + 1] = 0;
        outputs[2 * i] = 0;
        outputs[2 * i + 1] = i < NEAR ? 1 : 5;
        targets[i] = -0.25;
    }
    const gap_arrays_t a = arrays_of(ROWS, 2, 1, true);
    gap_survey_t survey;
    gap_report_t report = report_of(&a, 0.5, &survey);
    check_close("square", report.square.carriers, NEAR, 1e-13);
    check_close("risk", report.risk.carriers, NEAR, 1e-13);
    check_close("bound of the square", report.square.bound_carriers, NEAR, 1e-13);
    check_close("bound of the risk", report.risk.bound_carriers, NEAR, 1e-13);
    outputs[1] = 3; // weights 9 and 6 times 1, for the square
    report = report_of(&a, 0.5, &survey);
    check_close("unequal square", report.square.carriers, 15.0 * 15 / 87, 1e-13);
    check_close("its bound knows no outputs", report.square.bound_carriers, NEAR, 1e-13);
    report = report_of(&a, 1e-3, &survey);
    assert_true(report.square.carriers == 0 && report.risk.bound_carriers == 0);
    assert_true(gap_sample_within(&survey, survey.window) &&
                !gap_sample_within(&survey, survey.window * 1.01));
}

// Random lines against the definition, the greatest tau at and below which |T + slope tau| <= G.
static void test_law_temperature(void **state) {
    (void)state;
    stream_t s = stream_at(5, stream_experiment("gap sample"), 0);
    for (int i = 0; i < 1000; i++) {
        const gap_estimate_t law = {.ties = uniform(&s, -1, 1), .slope = {uniform(&s, -2, 2), 0.1}};
        const double tolerance = log_uniform(&s, 0.05, 2);
        const gsl_sf_result tau = gap_sample_law_temperature(&law, tolerance);
        const char *input = INPUT("case %d: T %a, slope %a, G %a", i, law.ties, law.slope.val, tolerance);
        if (fabs(law.ties) > tolerance) {
            assert_true(tau.val == 0);
            continue;
        }
        check_close(input, fabs(law.ties + law.slope.val * tau.val), tolerance, 1e-12);
        for (double share = 0; share <= 1; share += 0.0625)
            if (fabs(law.ties + law.slope.val * tau.val * share) > tolerance * (1 + 1e-12))
                fail_msg("%s: outside at %g of %a", input, share, tau.val);
        check_close(input, tau.err, tau.val * 0.1 / fabs(law.slope.val), 1e-12);
    }
    gap_estimate_t law = {.ties = 0.25, .ties_error = 0.03, .slope = {-2, 0.5}, .covariance = 0.004};
    // tau = (1 + 0.25) / 2; variance of T + tau slope over the slope squared.
    const gsl_sf_result tau = gap_sample_law_temperature(&law, 1);
    check_close("falling law", tau.val, 0.625, 1e-15);
    check_close("its error", tau.err, sqrt(0.0009 + 2 * 0.625 * 0.004 + 0.625 * 0.625 * 0.25) / 2, 1e-15);
    law.slope.val = 0;
    assert_true(isinf(gap_sample_law_temperature(&law, 1).val));
    const gap_report_t report = {.density = {0.5, 0.1}};
    assert_true(gap_sample_rows(&report, 0.01) == 6000 && gsl_isnan(gap_sample_rows(&report, 0)));
}

static void test_derivative(void **state) {
    (void)state;
    stream_t s = stream_at(6, stream_experiment("gap sample"), 0);
    for (int i = 0; i < 10; i++) {
        const gap_arrays_t a = arrays_of(200, 2 + draw_below(&s, 3), 1 + draw_below(&s, 2), i % 2 == 0);
        const double tau = log_uniform(&s, 0.1, 10);
        gap_survey_t survey;
        double derivative;
        draw(&s, &a, 5);
        const gap_source_t source = gap_arrays_source(&a);
        assert_int_equal(gap_survey(&source, &survey), GSL_SUCCESS);
        assert_int_equal(gap_sample_derivative(&source, &survey, tau, &derivative), GSL_SUCCESS);
        const double want =
            (plain_gap(&a, tau * 1.0001) - plain_gap(&a, tau / 1.0001)) / (tau * (1.0001 - 1 / 1.0001));
        check_close(INPUT("case %d: tau %a", i, tau), derivative, want, 1e-4 * (fabs(want) + 0.01));
        assert_int_equal(gap_sample_derivative(&source, &survey, 0, &derivative), GSL_EDOM);
        assert_int_equal(gap_sample_derivative(&source, &survey, HUGE_VAL, &derivative), GSL_EDOM);
    }
}

// A dump of a fixed Gaussian layer: logits +-(s - 0.3), the jump 0.4 s + 0.9 t, a share of exact ties, a lag and noise.
static void draw_fixed(uint32_t seed, size_t rows, double tied, double lag) {
    stream_t s = stream_at(seed, stream_experiment("fixed rows"), 0);
    for (size_t i = 0; i < rows; i++) {
        double x[3];
        stream_normals(&s, x, 3);
        const double score = uniform(&s, 0, 1) < tied ? 0 : 2 * (x[0] - 0.3), jump = 0.4 * x[0] + 0.9 * x[1];
        logits[2 * i] = score / 2;
        logits[2 * i + 1] = -score / 2;
        outputs[2 * i] = jump / 2;
        outputs[2 * i + 1] = -jump / 2;
        targets[i] = (score >= 0 ? 1 : -1) * (1 + lag) * jump / 2 + 0.3 * x[2];
    }
}

// Printed errors of the temperatures against their scatter over independent dumps: within a factor 1.5, which for 25 of them
// is more than two and a half standard errors of the scatter.
static void test_temperature_errors(void **state) {
    (void)state;
    enum { ROWS = 20000, DUMPS = 25 };
    static const struct {
        double tolerance, tied, lag;
        bool risk;
    } cases[] = {{1e-3, 0, 0, false}, {1e-2, 0, 0, true}, {1e-2, 0.02, 0, false}, {1e-2, 0.01, 0.5, true}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        double sum[2] = {0, 0}, squares[2] = {0, 0}, errors[2] = {0, 0};
        for (uint32_t seed = 1; seed <= DUMPS; seed++) {
            const gap_arrays_t a = arrays_of(ROWS, 2, 1, cases[c].risk);
            const gap_source_t source = gap_arrays_source(&a);
            gap_survey_t survey;
            double tau, derivative;
            draw_fixed(seed, ROWS, cases[c].tied, cases[c].lag);
            assert_int_equal(gap_survey(&source, &survey), GSL_SUCCESS);
            assert_int_equal(gap_sample_temperature(&source, &survey, GAP_OBSERVED, cases[c].tolerance, &tau),
                             GSL_SUCCESS);
            assert_int_equal(gap_sample_derivative(&source, &survey, tau, &derivative), GSL_SUCCESS);
            const gap_report_t report = report_of(&a, tau, &survey);
            const gap_estimate_t *gap = cases[c].risk ? &report.risk : &report.square;
            assert_true(gap->carriers > GAP_CARRIERS);
            const gsl_sf_result found[] = {{tau, gap->observed.err / fabs(derivative)},
                                           gap_sample_law_temperature(gap, cases[c].tolerance)};
            for (int i = 0; i < 2; i++) {
                sum[i] += found[i].val / DUMPS;
                squares[i] += gsl_pow_2(found[i].val) / DUMPS;
                errors[i] += gsl_pow_2(found[i].err) / DUMPS;
            }
        }
        for (int i = 0; i < 2; i++) {
            const double scatter = sqrt((squares[i] - sum[i] * sum[i]) * DUMPS / (DUMPS - 1.0));
            const double ratio = sqrt(errors[i]) / scatter;
            if (!(ratio > 1 / 1.5 && ratio < 1.5))
                fail_msg("case %zu, %s: error %g, scatter %g", c, i == 0 ? "observed" : "law",
                         sqrt(errors[i]), scatter);
        }
    }
}

// One row says nothing of errors.
static void test_one_row(void **state) {
    (void)state;
    logits[0] = 1, logits[1] = 0, outputs[0] = 2, outputs[1] = 3;
    const gap_arrays_t a = arrays_of(1, 2, 1, false);
    gap_survey_t survey;
    const gap_report_t report = report_of(&a, 0.5, &survey);
    check_close("square", report.square.observed.val, gsl_pow_2(1 / (1 + exp(2))), 1e-14);
    assert_true(gsl_isnan(report.square.observed.err) && gsl_isnan(report.square.slope.err) &&
                gsl_isnan(report.square.z));
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
    assert_int_equal(gap_measure(&source, &survey, 1, &report), GSL_SUCCESS);
    assert_true(report.square.observed.val == 0 && report.square.carriers == 0 && gsl_isnan(report.square.z));
    assert_true(isinf(gap_sample_law_temperature(&report.square, 1e-9).val));
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
        cmocka_unit_test(test_means),
        cmocka_unit_test(test_survey),
        cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_gaussian),
        cmocka_unit_test(test_temperatures),
        cmocka_unit_test(test_no_gap),
        cmocka_unit_test(test_failing_source),
        cmocka_unit_test(test_carriers),
        cmocka_unit_test(test_law_temperature),
        cmocka_unit_test(test_derivative),
        cmocka_unit_test(test_temperature_errors),
        cmocka_unit_test(test_one_row),
    };
    gsl_set_error_handler_off();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gap_sample", tests, NULL, NULL);
}
