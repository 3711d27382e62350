// SPDX-License-Identifier: GPL-3.0-or-later
// What a margin sample says; see margin_sample.h.
#include "routing/margin_state.h"
#include "stat/edge.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <math.h>
#include <string.h>

const double margin_quantile_orders[MARGIN_QUANTILES] = {0, .01, .05, .25, .5, .75, .95, .99, 1};

double margin_step(rounding_kind_t kind, int bits) {
    return kind == ROUNDING_FLOAT ? ldexp(1, 1 - bits) : 1 / (ldexp(1, bits - 1) - 1);
}

// ---- Gaps ----

double margin_sample_gap(const margin_sample_t *sample, uint64_t rank) {
    if (rank <= 1 || rank == sample->rows)
        return rank <= 1 ? sample->least : sample->greatest;
    if (rank <= sample->ties)
        return 0;
    const double gap = log_histogram_ranked(sample->histogram[MARGIN_GAP], rank - sample->ties);
    return fmin(fmax(gap, sample->least), sample->greatest);
}

static double gap_quantile(const margin_sample_t *sample, double order) {
    if (sample->rows == 0)
        return GSL_NAN;
    return margin_sample_gap(sample, (uint64_t)ceil(order * (double)sample->rows));
}

static void report_gaps(const margin_sample_t *sample, margin_report_t *report) {
    const log_histogram_t *gaps = sample->histogram[MARGIN_GAP];
    for (size_t i = 0; i < MARGIN_QUANTILES; i++)
        report->gap_quantile[i] = gap_quantile(sample, margin_quantile_orders[i]);
    for (size_t i = 0; i < report->widths; i++) {
        report->width[i] = sample->options.width[i];
        report->within[i] = binomial_rate(sample->within[i], sample->rows);
    }
    report->window = edge_window(gaps);
    report->density = edge_density(gaps, sample->rows, report->window);
    report->narrow = edge_density(gaps, sample->rows, report->window / 2);
    memcpy(report->risk, sample->risk, sample->risks * sizeof *report->risk);
}

// ---- Flips ----

// The mean chance of n rows, with its standard error; NaN for that of one row, which has no scatter.
static gsl_sf_result mean_chance(const margin_chances_t *chances, uint64_t n) {
    const double rows = (double)n, mean = ldexp((double)chances->sum, -32) / rows;
    const double variance = ldexp((double)chances->squares, -32) / rows - mean * mean;
    return (gsl_sf_result){mean, n == 1 ? GSL_NAN : sqrt(fmax(0, variance) / rows)};
}

static margin_tally_t tally_of(const margin_chances_t *chances) {
    const double variance = ldexp((double)chances->sum - (double)chances->squares, -32);
    return (margin_tally_t){chances->observed, ldexp((double)chances->sum, -32), fmax(0, variance)};
}

static binomial_score_t score_of(const margin_tally_t *tally) {
    return binomial_score(tally->observed, tally->expected, tally->variance);
}

static gsl_sf_result scaled(gsl_sf_result x, double factor) {
    return (gsl_sf_result){x.val * factor, x.err * factor};
}

// The density at 0 of gaps in units of the power of two below, or of the largest magnitude.
static gsl_sf_result relative_density(const margin_sample_t *sample, rounding_kind_t kind) {
    const log_histogram_t *gaps = sample->histogram[kind == ROUNDING_FLOAT ? MARGIN_BINADE : MARGIN_RANGE];
    return sample->plain ? edge_density(gaps, sample->rows, edge_window(gaps))
                         : (gsl_sf_result){GSL_NAN, GSL_NAN};
}

static void report_casts(const margin_sample_t *sample, margin_report_t *report) {
    for (size_t i = 0; i < report->casts; i++) {
        const rounding_t *format = &sample->options.cast[i];
        const margin_cast_sums_t *sums = &sample->cast[i];
        const margin_chances_t chances =
            sums->moved > 0 ? sums->chances : (margin_chances_t){.observed = sums->chances.observed};
        const margin_tally_t tally = tally_of(&chances);
        report->cast[i] = (margin_cast_t){.observed = binomial_rate(sums->observed, sample->rows),
                                          .predicted = mean_chance(&chances, sample->predicted_rows),
                                          .first_order = scaled(relative_density(sample, format->kind),
                                                                margin_step(format->kind, format->bits) / 4),
                                          .tally = tally,
                                          .score = score_of(&tally),
                                          .ties = sums->ties,
                                          .moved = sums->moved};
    }
}

static void report_noises(const margin_sample_t *sample, margin_report_t *report) {
    for (size_t i = 0; i < report->noises; i++) {
        const double sigma = sample->options.noise[i];
        report->noise[i] =
            (margin_noise_t){.sigma = sigma,
                             .predicted = mean_chance(&sample->noise[i], sample->predicted_rows),
                             .first_order = sample->plain ? scaled(report->density, sigma / M_SQRTPI)
                                                          : (gsl_sf_result){GSL_NAN, GSL_NAN}};
    }
}

// Rows without noise are not in the histogram.
static double median_noise(const margin_sample_t *sample) {
    const margin_between_sums_t *sums = &sample->between;
    const uint64_t rank = (sums->compared + 1) / 2;
    return rank <= sums->equal ? 0
                               : log_histogram_ranked(sample->histogram[MARGIN_NOISE], rank - sums->equal);
}

static void report_between(const margin_sample_t *sample, margin_report_t *report) {
    const margin_between_sums_t *sums = &sample->between;
    const log_histogram_t *noise = sample->histogram[MARGIN_NOISE];
    report->between = (margin_between_t){.observed = binomial_rate(sums->observed, sums->rows),
                                         .tied = sums->tied,
                                         .compared = sums->compared,
                                         .equal = sums->equal,
                                         .noise = GSL_NAN,
                                         .median = GSL_NAN,
                                         .predicted = {GSL_NAN, GSL_NAN},
                                         .score = {GSL_NAN, GSL_NAN}};
    memcpy(report->between.as_cast, sums->as_cast, sizeof sums->as_cast);
    if (sums->compared == 0)
        return;
    const uint64_t noisy = log_histogram_count(noise);
    report->between.noise =
        noisy > 0 ? log_histogram_mean(noise) * (double)noisy / (double)sums->compared : 0;
    report->between.median = median_noise(sample);
    report->between.predicted = mean_chance(&sums->chances, sums->compared);
    report->between.tally = tally_of(&sums->chances);
    report->between.score = score_of(&report->between.tally);
}

static int significant_bits(const margin_sample_t *sample) {
    if (!sample->plain || sample->rows == 0)
        return 0;
    return sample->fraction == 0 ? 1 : 53 - __builtin_ctzll(sample->fraction);
}

void margin_sample_report(const margin_sample_t *sample, margin_report_t *report) {
    const margin_options_t *options = &sample->options;
    *report = (margin_report_t){.rows = sample->rows,
                                .predicted_rows = sample->predicted_rows,
                                .experts = options->rule.experts,
                                .active = options->rule.active,
                                .exact_ties = sample->ties,
                                .significant = significant_bits(sample),
                                .widths = options->widths,
                                .casts = options->casts,
                                .noises = options->noises,
                                .risks = sample->risks};
    report_gaps(sample, report);
    report_casts(sample, report);
    report_noises(sample, report);
    report_between(sample, report);
}

// ---- Bits ----

// The samples of some layers.
typedef struct pool {
    margin_sample_t *const *samples;
    size_t count;
    uint64_t rows, ties;
} pool_t;

// E[(1 - gap / u)+] / 2 for gaps in units of which u is `step`.
static double rate_at(const pool_t *pool, rounding_kind_t kind, double step) {
    double sum = 0;
    for (size_t i = 0; i < pool->count; i++) {
        const log_histogram_t *gaps =
            pool->samples[i]->histogram[kind == ROUNDING_FLOAT ? MARGIN_BINADE : MARGIN_RANGE];
        log_histogram_bin_t bin;
        for (size_t at = 0; log_histogram_next(gaps, &at, &bin) && bin.low < step;)
            sum += (double)bin.count * fmax(0, 1 - bin.mean / step);
    }
    return sum / (2 * (double)pool->rows);
}

static int fewest_bits(const pool_t *pool, rounding_kind_t kind, double target, double *rate) {
    for (int bits = kind == ROUNDING_FLOAT ? 1 : 2; bits <= 53 && pool->rows > 0; bits++) {
        *rate = rate_at(pool, kind, margin_step(kind, bits));
        if (*rate <= target)
            return bits;
    }
    *rate = GSL_NAN;
    return 0;
}

int margin_sample_bits(margin_sample_t *const *samples, size_t count, double target, margin_bits_t *bits) {
    pool_t pool = {.samples = samples, .count = count};
    if (!(target > 0))
        return GSL_EDOM;
    for (size_t i = 0; i < count; i++) {
        if (!samples[i]->plain)
            return GSL_EUNSUP;
        pool.rows += samples[i]->rows;
        pool.ties += samples[i]->ties;
    }
    bits->floating = fewest_bits(&pool, ROUNDING_FLOAT, target, &bits->floating_rate);
    bits->integer = fewest_bits(&pool, ROUNDING_INTEGER, target, &bits->integer_rate);
    bits->ties = (double)pool.ties > target * (double)pool.rows;
    return GSL_SUCCESS;
}
