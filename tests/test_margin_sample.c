// SPDX-License-Identifier: GPL-3.0-or-later
// routing/margin_sample: everything against plain loops over the rows; the same report however rows are cut, ordered, stored and
// shared out; densities against known ones; predictions against what happens.
#include "routing/flip.h"
#include "routing/margin_sample.h"
#include "stat/quadrature.h"
#include "support.h"

#include <float.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_sort_double.h>
#include <string.h>

enum { MOST_ROWS = 40000, MOST_EXPERTS = 64, MOST_NUMBERS = 2560000 };
static double logits[MOST_NUMBERS], others[MOST_NUMBERS], gaps[MOST_ROWS], biases[MOST_EXPERTS];
static float floats[MOST_NUMBERS], other_floats[MOST_NUMBERS];
static uint32_t choices[MOST_NUMBERS], events[MOST_ROWS];

// ---- Input ----

static void add_cast(margin_options_t *options, const char *name) {
    assert_true(rounding_parse(name, &options->cast[options->casts++]));
}

static margin_options_t options_of(size_t experts, size_t active) {
    margin_options_t options = {.rule = {.experts = experts, .active = active}, .risks = 7};
    static const char *const casts[] = {"bf16", "fp16", "fp8-e4m3", "fp8-e5m2", "int8", "int4"};
    for (size_t i = 0; i < sizeof casts / sizeof *casts; i++)
        add_cast(&options, casts[i]);
    options.noises = 2, options.noise[0] = 0.003, options.noise[1] = 0.1;
    options.widths = 3, options.width[0] = 0, options.width[1] = 0.0625, options.width[2] = 0.3;
    return options;
}

// A rule of each kind.
static selection_t rule_of(stream_t *s, size_t kind, size_t experts, size_t active) {
    selection_t rule = {.experts = experts, .active = active};
    if (kind >= 2) {
        rule.score = kind == 4 ? SELECTION_LOGIT : SELECTION_SIGMOID;
        rule.bias = biases;
        stream_normals(s, biases, experts);
        for (size_t j = 0; j < experts; j++)
            biases[j] *= 0.1;
    }
    if (kind == 1)
        rule.score = SELECTION_SQRTSOFTPLUS;
    if (kind == 3 && experts % 4 == 0 && experts > active * 2 && experts >= 8)
        rule.grouping = SELECTION_GROUP_TWO, rule.groups = 4, rule.kept = 2;
    return rule;
}

// Normal logits that are floats, some on a grid of steps so that there are ties, and their disturbed brothers.
static void draw(stream_t *s, size_t rows, size_t experts, double step) {
    stream_normals(s, logits, rows * experts);
    stream_normals(s, others, rows * experts);
    for (size_t i = 0; i < rows * experts; i++) {
        floats[i] = (float)(step > 0 ? step * rint(logits[i] / step) : logits[i]);
        other_floats[i] = floats[i] + (float)(0.02 * others[i]) * (i / experts % 5 != 0);
        logits[i] = floats[i];
        others[i] = other_floats[i];
    }
}

// ---- Plain loops ----

// Selects by counting how many come before each expert; without groups. Gives gap_k of the scores.
static double plain_select(const selection_t *rule, const double *row, bool *members) {
    double scores[MOST_EXPERTS], inside = INFINITY, outside = -INFINITY;
    selection_scores(rule, row, scores);
    for (size_t j = 0; j < rule->experts; j++) {
        size_t ahead = 0;
        for (size_t i = 0; i < rule->experts; i++)
            ahead += scores[i] > scores[j] || (scores[i] == scores[j] && i < j);
        members[j] = ahead < rule->active;
        if (members[j])
            inside = fmin(inside, scores[j]);
        else
            outside = fmax(outside, scores[j]);
    }
    return inside - outside;
}

// With groups by selection_choose.
static double select_row(const selection_t *rule, const double *row, bool *members) {
    double scores[MOST_EXPERTS];
    size_t chosen[MOST_EXPERTS], order[MOST_EXPERTS];
    selection_choice_t choice;
    if (selection_is_plain(rule)) // gaps are those of the logits
        return plain_select(&(selection_t){.experts = rule->experts, .active = rule->active}, row, members);
    if (rule->grouping == SELECTION_UNGROUPED)
        return plain_select(rule, row, members);
    selection_scores(rule, row, scores);
    selection_choose(rule, scores, chosen, &choice, order);
    memset(members, 0, rule->experts * sizeof *members);
    for (size_t j = 0; j < rule->active; j++)
        members[chosen[j]] = true;
    return choice.gap;
}

static double mean_of(const double *x, size_t n, double *error) {
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        sum += x[i];
        squares += x[i] * x[i];
    }
    *error = sqrt(fmax(0, squares / (double)n - gsl_pow_2(sum / (double)n)) / (double)n);
    return sum / (double)n;
}

static void check_chances(const char *input, gsl_sf_result got, const double *p, size_t rows) {
    double error;
    check_close(input, got.val, mean_of(p, rows, &error), 3e-9);
    check_close(input, got.err, error, 1e-6);
}

static void check_score(const char *input, binomial_score_t got, size_t count, const double *p, size_t rows) {
    double expected = 0, variance = 0;
    for (size_t i = 0; i < rows; i++) {
        expected += p[i];
        variance += p[i] * (1 - p[i]);
    }
    const binomial_score_t want = binomial_score(count, expected, variance);
    check_close(input, got.z, want.z, 1e-4);
}

static void check_casts(const char *input, const margin_options_t *o, const margin_report_t *r, size_t rows) {
    static double chances[MOST_ROWS];
    const size_t n = o->rule.experts;
    flip_work_t *work = flip_work_alloc(&o->rule);
    for (size_t c = 0; c < o->casts; c++) {
        size_t flips = 0, ties = 0;
        bool moved = false;
        for (size_t i = 0; i < rows; i++) {
            bool before[MOST_EXPERTS], after[MOST_EXPERTS];
            double rounded[MOST_EXPERTS];
            select_row(&o->rule, logits + i * n, before);
            rounding_row(&o->cast[c], logits + i * n, n, rounded);
            moved = moved || memcmp(rounded, logits + i * n, n * sizeof *rounded) != 0;
            ties += select_row(&o->rule, rounded, after) == 0;
            const bool flip = memcmp(before, after, n * sizeof *before) != 0;
            assert_true(((events[i] & MARGIN_EVENT_CAST(c)) != 0) == flip);
            flips += flip;
            chances[i] = flip_rounding(work, logits + i * n, &o->cast[c]);
        }
        const margin_cast_t *cast = &r->cast[c];
        assert_true(cast->observed.count == flips && cast->observed.trials == rows && cast->ties == ties);
        assert_true(cast->moved == 0 || moved || !selection_is_plain(&o->rule));
        if (cast->moved == 0) {
            assert_true(cast->predicted.val == 0 && cast->score.z == 0 && flips == 0);
            continue;
        }
        check_chances(input, cast->predicted, chances, rows);
        check_score(input, cast->score, flips, chances, rows);
    }
    for (size_t s = 0; s < o->noises; s++) {
        for (size_t i = 0; i < rows; i++)
            chances[i] = flip_noise(work, logits + i * n, o->noise[s]);
        check_chances(input, r->noise[s].predicted, chances, rows);
    }
    flip_work_free(work);
}

static void check_gaps(const char *input, const margin_options_t *o, const margin_report_t *r, size_t rows) {
    static double sorted[MOST_ROWS];
    size_t ties = 0;
    for (size_t i = 0; i < rows; i++) {
        bool members[MOST_EXPERTS];
        gaps[i] = sorted[i] = select_row(&o->rule, logits + i * o->rule.experts, members);
        ties += gaps[i] == 0;
        assert_true(((events[i] & MARGIN_EVENT_TIE) != 0) == (gaps[i] == 0));
    }
    assert_true(r->rows == rows && r->predicted_rows == rows && r->exact_ties == ties);
    gsl_sort(sorted, 1, rows);
    for (size_t q = 0; q < MARGIN_QUANTILES; q++) {
        const double rank = fmax(1, ceil(margin_quantile_orders[q] * (double)rows));
        const double want = sorted[(size_t)rank - 1];
        const bool end = q == 0 || q == MARGIN_QUANTILES - 1;
        check_close(input, r->gap_quantile[q], want, end ? 0 : want / 128);
    }
    for (size_t w = 0; w < o->widths; w++) {
        size_t within = 0;
        for (size_t i = 0; i < rows; i++)
            within += gaps[i] <= o->width[w];
        assert_true(r->within[w].count == within && r->within[w].trials == rows);
    }
    assert_int_equal(r->risks, rows < o->risks ? rows : o->risks);
    for (size_t i = 0; i < r->risks; i++) {
        assert_true(r->risk[i].gap == sorted[i] && gaps[r->risk[i].row] == sorted[i]);
        assert_true(i == 0 || r->risk[i].gap > r->risk[i - 1].gap || r->risk[i].row > r->risk[i - 1].row);
        if (selection_is_plain(&o->rule)) {
            const double *row = logits + r->risk[i].row * o->rule.experts;
            assert_true(row[r->risk[i].inside] - row[r->risk[i].outside] == sorted[i]);
        }
    }
    // Of equal gaps the first rows.
    const margin_risk_t *last = &r->risk[r->risks - 1];
    for (size_t i = 0; i < last->row; i++) {
        bool listed = gaps[i] > last->gap;
        for (size_t j = 0; j < r->risks; j++)
            listed = listed || r->risk[j].row == i;
        assert_true(listed);
    }
}

static size_t contenders_of(const selection_t *rule) {
    const size_t n = rule->experts;
    if (rule->grouping != SELECTION_UNGROUPED || n < MARGIN_CONTENDERS)
        return n;
    return (size_t)fmin(fmax((double)(n / 8), MARGIN_CONTENDERS), 2 * MARGIN_CONTENDERS);
}

// sigma of a row: contenders by sorting the distances of scores to the boundary, the mean difference from sorted changes.
static double plain_noise(const selection_t *rule, const double *row, const double *other) {
    const selection_t logit_rule = {.experts = rule->experts, .active = rule->active};
    const selection_t *used = selection_is_plain(rule) ? &logit_rule : rule;
    const size_t n = rule->experts, m = contenders_of(rule);
    double scores[MOST_EXPERTS], distance[MOST_EXPERTS], sorted[MOST_EXPERTS], changes[MOST_EXPERTS];
    double inside = INFINITY, outside = -INFINITY;
    bool members[MOST_EXPERTS];
    selection_scores(used, row, scores);
    select_row(rule, row, members);
    for (size_t j = 0; j < n; j++) {
        inside = members[j] ? fmin(inside, scores[j]) : inside;
        outside = members[j] ? outside : fmax(outside, scores[j]);
    }
    for (size_t j = 0; j < n; j++)
        distance[j] = sorted[j] = m == n ? 0 : fabs(scores[j] - (inside / 2 + outside / 2));
    gsl_sort(sorted, 1, n);
    size_t found = 0;
    for (size_t j = 0; j < n && found < m; j++)
        if (distance[j] <= sorted[m - 1])
            changes[found++] = other[j] - row[j];
    gsl_sort(changes, 1, m);
    double sum = 0;
    for (size_t j = 0; j < m; j++)
        sum += (2 * (double)j + 1 - (double)m) * changes[j];
    return sqrt(M_PI) * sum / ((double)m * (double)(m - 1));
}

// Without ties of scores, of which any might be left out.
static void check_between(const char *input, const margin_options_t *o, const margin_report_t *r,
                          size_t rows) {
    static double chances[MOST_ROWS], noise[MOST_ROWS];
    const size_t n = o->rule.experts;
    flip_work_t *work = flip_work_alloc(&o->rule);
    size_t flips = 0, tied = 0, equal = 0, as_cast[MARGIN_CASTS] = {0};
    double sum = 0;
    for (size_t i = 0; i < rows; i++) {
        bool before[MOST_EXPERTS], after[MOST_EXPERTS];
        const double gap = select_row(&o->rule, logits + i * n, before);
        const bool tie = select_row(&o->rule, others + i * n, after) == 0 || gap == 0;
        const bool flip = memcmp(before, after, n * sizeof *before) != 0;
        assert_true(((events[i] & MARGIN_EVENT_BETWEEN) != 0) == flip);
        flips += flip;
        tied += flip && tie;
        for (size_t c = 0; c < o->casts && flip; c++) {
            double rounded[MOST_EXPERTS];
            bool cast[MOST_EXPERTS];
            rounding_row(&o->cast[c], logits + i * n, n, rounded);
            select_row(&o->rule, rounded, cast);
            as_cast[c] += memcmp(cast, after, n * sizeof *cast) == 0;
        }
        noise[i] = plain_noise(&o->rule, logits + i * n, others + i * n);
        equal += noise[i] == 0;
        sum += noise[i];
        chances[i] = noise[i] > 0 ? flip_noise(work, logits + i * n, noise[i]) : 0;
    }
    const margin_between_t *b = &r->between;
    assert_true(b->observed.count == flips && b->observed.trials == rows && b->tied == tied);
    assert_true(b->compared == rows && b->equal == equal);
    for (size_t c = 0; c < o->casts; c++)
        check_close(input, (double)b->as_cast[c], (double)as_cast[c], 0);
    check_close(input, b->noise, sum / (double)rows, 1e-8);
    gsl_sort(noise, 1, rows);
    const double median = noise[(rows + 1) / 2 - 1];
    check_close(input, b->median, median, median / 16);
    double error;
    check_close(input, b->predicted.val, mean_of(chances, rows, &error), 1e-7);
    check_close(input, b->predicted.err, error, 1e-6);
    check_score(input, b->score, flips, chances, rows);
    flip_work_free(work);
}

static margin_sample_t *sample_of(const margin_options_t *options) {
    margin_sample_t *sample = NULL;
    assert_int_equal(margin_sample_alloc(options, &sample), GSL_SUCCESS);
    return sample;
}

static void test_counts(void **state) {
    (void)state;
    stream_t s = stream_at(1, stream_experiment("margin sample"), 0);
    for (int i = 0; i < 60; i++) {
        const size_t n = i % 6 == 3 ? 16 : 2 + draw_below(&s, 20);
        const size_t k = i % 6 == 3 ? 3 : 1 + draw_below(&s, n - 1), rows = 1 + draw_below(&s, 700);
        const size_t kind = (size_t)i % 5;
        margin_options_t options = options_of(n, k);
        options.rule = rule_of(&s, kind, n, k);
        draw(&s, rows, n, i % 3 == 0 ? 0.125 : 0);
        margin_sample_t *sample = sample_of(&options);
        const margin_block_t block = {.rows = rows, .logits = logits, .other_logits = others};
        assert_int_equal(margin_sample_add(sample, &block, events, NULL), GSL_SUCCESS);
        static margin_report_t report;
        margin_sample_report(sample, &report);
        const char *input = INPUT("case %d: %zu rows, N %zu, k %zu, kind %zu", i, rows, n, k, kind);
        check_gaps(input, &options, &report, rows);
        check_casts(input, &options, &report, rows);
        if (i % 3 != 0)
            check_between(input, &options, &report, rows);
        margin_sample_free(sample);
    }
}

// ---- The same bits ----

// A report as text, all numbers in full.
static char *text_of(margin_sample_t *sample, double target) {
    static margin_report_t r;
    margin_bits_t bits = {0};
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    margin_sample_report(sample, &r);
    fprintf(f, "%zu %zu %zu %d %a %a %a %a %a\n", (size_t)r.rows, (size_t)r.predicted_rows,
            (size_t)r.exact_ties, r.significant, r.window, r.density.val, r.density.err, r.narrow.val,
            r.narrow.err);
    for (size_t i = 0; i < MARGIN_QUANTILES; i++)
        fprintf(f, "%a ", r.gap_quantile[i]);
    for (size_t i = 0; i < r.widths; i++)
        fprintf(f, "%zu %a %a\n", (size_t)r.within[i].count, r.within[i].low, r.within[i].high);
    for (size_t i = 0; i < r.casts; i++)
        fprintf(f, "%zu %zu %zu %a %a %a %a %a\n", (size_t)r.cast[i].observed.count, (size_t)r.cast[i].ties,
                (size_t)r.cast[i].moved, r.cast[i].predicted.val, r.cast[i].predicted.err,
                r.cast[i].first_order.val, r.cast[i].score.z, r.cast[i].score.p);
    for (size_t i = 0; i < r.noises; i++)
        fprintf(f, "%a %a %a\n", r.noise[i].predicted.val, r.noise[i].predicted.err,
                r.noise[i].first_order.val);
    fprintf(f, "%zu %zu %zu %zu %zu %a %a %a %a\n", (size_t)r.between.observed.count,
            (size_t)r.between.observed.trials, (size_t)r.between.tied, (size_t)r.between.compared,
            (size_t)r.between.equal, r.between.noise, r.between.median, r.between.predicted.val,
            r.between.score.z);
    for (size_t i = 0; i < r.casts; i++)
        fprintf(f, "%zu ", (size_t)r.between.as_cast[i]);
    for (size_t i = 0; i < r.risks; i++)
        fprintf(f, "%zu %a %zu %zu\n", (size_t)r.risk[i].row, r.risk[i].gap, r.risk[i].inside,
                r.risk[i].outside);
    margin_sample_bits(&sample, 1, target, &bits);
    fprintf(f, "%d %d %a %a %d\n", bits.floating, bits.integer, bits.floating_rate, bits.integer_rate,
            bits.ties);
    fclose(f);
    return text;
}

static void add_part(margin_sample_t *sample, size_t experts, size_t first, size_t rows, bool as_floats,
                     uint32_t *happened) {
    margin_block_t block = {.first = first, .rows = rows};
    if (as_floats)
        block.floats = floats + first * experts, block.other_floats = other_floats + first * experts;
    else
        block.logits = logits + first * experts, block.other_logits = others + first * experts;
    assert_int_equal(margin_sample_add(sample, &block, happened, NULL), GSL_SUCCESS);
}

static void test_partitions(void **state) {
    (void)state;
    stream_t s = stream_at(2, stream_experiment("margin sample"), 0);
    static uint32_t part_events[MOST_ROWS];
    for (int i = 0; i < 12; i++) {
        const size_t n = 3 + draw_below(&s, 60), k = 1 + draw_below(&s, n / 2), parts = 9;
        const size_t length = 100 + draw_below(&s, 200), rows = parts * length;
        margin_options_t options = options_of(n, k);
        options.rule = rule_of(&s, (size_t)i % 3, n, k);
        options.stride = (uint64_t)i % 4;
        draw(&s, rows, n, i % 2 == 0 ? 0.03125 : 0);
        margin_sample_t *whole = sample_of(&options), *worker[3] = {NULL};
        add_part(whole, n, 0, rows, i % 2 == 0, events);
        for (size_t w = 0; w < 3; w++)
            worker[w] = sample_of(&options);
        for (size_t part = parts; part-- > 0;)
            add_part(worker[draw_below(&s, 3)], n, part * length, length, draw_below(&s, 2) == 0,
                     part_events + part * length);
        assert_int_equal(margin_sample_merge(worker[2], worker[0]), GSL_SUCCESS);
        assert_int_equal(margin_sample_merge(worker[2], worker[1]), GSL_SUCCESS);
        char *want = text_of(whole, 0.01), *got = text_of(worker[2], 0.01);
        assert_string_equal(got, want);
        assert_memory_equal(part_events, events, rows * sizeof *events);
        free(want);
        free(got);
        margin_sample_free(whole);
        for (size_t w = 0; w < 3; w++)
            margin_sample_free(worker[w]);
    }
}

// ---- Densities ----

typedef struct order_rank {
    int n, k;
} order_rank_t;

// N! / ((k - 1)! (N - k - 1)!) phi^2 (1 - Phi)^(k - 1) Phi^(N - k - 1): both neighbours at x.
static double meeting(double x, const void *context) {
    const order_rank_t *rank = context;
    const double log_factor = lgamma(rank->n + 1) - lgamma(rank->k) - lgamma(rank->n - rank->k);
    return exp(log_factor) * gsl_pow_2(gsl_ran_ugaussian_pdf(x)) *
           gsl_pow_int(gsl_cdf_ugaussian_Q(x), rank->k - 1) *
           gsl_pow_int(gsl_cdf_ugaussian_P(x), rank->n - rank->k - 1);
}

static void test_density(void **state) {
    (void)state;
    static const order_rank_t ranks[] = {{8, 2}, {32, 4}, {64, 8}};
    enum { RUNS = 40, ROWS = 5000 };
    for (size_t c = 0; c < sizeof ranks / sizeof *ranks; c++) {
        gsl_sf_result want;
        double squares = 0;
        size_t covered = 0;
        const size_t n = (size_t)ranks[c].n;
        const margin_options_t options = {.rule = {.experts = n, .active = (size_t)ranks[c].k}};
        assert_int_equal(quadrature_integrate(meeting, &ranks[c], (double[]){-9, 0, 2, 9}, 4, 1e-10, &want),
                         GSL_SUCCESS);
        for (uint32_t run = 0; run < RUNS; run++) {
            stream_t s = stream_at(3, stream_experiment("margin density"), run);
            static margin_report_t report;
            margin_sample_t *sample = sample_of(&options);
            stream_normals(&s, logits, ROWS * n);
            for (size_t i = 0; i < ROWS * n; i++)
                floats[i] = (float)logits[i];
            assert_int_equal(
                margin_sample_add(sample, &(margin_block_t){.rows = ROWS, .floats = floats}, NULL, NULL),
                GSL_SUCCESS);
            margin_sample_report(sample, &report);
            const double z = (report.density.val - want.val) / report.density.err;
            check_close(INPUT("N %zu, run %u", n, run), z, 0, 4);
            check_close(INPUT("N %zu, run %u, half", n, run),
                        (report.narrow.val - want.val) / report.narrow.err, 0, 4);
            squares += z * z;
            covered += fabs(z) < 1.96;
            margin_sample_free(sample);
        }
        check_close(INPUT("N %zu", n), squares / RUNS, 1, 4 * sqrt(2.0 / RUNS));
        check_close(INPUT("N %zu", n), (double)covered / RUNS, 0.95, 4 * sqrt(0.05 * 0.95 / RUNS));
    }
}

// ---- Predictions ----

// Casts and independent noise of known size: all scores are those of chance. Reports of one dump.
static void test_predictions(void **state) {
    (void)state;
    enum { RUNS = 6, ROWS = 20000 };
    static margin_report_t report;
    double squares = 0;
    size_t scores = 0;
    for (uint32_t run = 0; run < RUNS; run++) {
        stream_t s = stream_at(4, stream_experiment("margin predictions"), run);
        const size_t n = run % 2 == 0 ? 32 : 8, k = n / 8 + run % 3;
        const double sigma = log_uniform(&s, 1e-3, 3e-2);
        margin_options_t options = {.rule = {.experts = n, .active = k}};
        add_cast(&options, "bf16");
        add_cast(&options, "fp16");
        add_cast(&options, "int8");
        options.noises = 1, options.noise[0] = sigma;
        stream_normals(&s, logits, ROWS * n);
        stream_normals(&s, others, ROWS * n);
        for (size_t i = 0; i < ROWS * n; i++)
            others[i] = logits[i] + sigma * others[i] + 3; // what all share cancels
        margin_sample_t *sample = sample_of(&options);
        const margin_block_t block = {.rows = ROWS, .logits = logits, .other_logits = others};
        assert_int_equal(margin_sample_add(sample, &block, NULL, NULL), GSL_SUCCESS);
        margin_sample_report(sample, &report);
        for (size_t c = 0; c < options.casts; c++, scores++) {
            check_close(INPUT("run %u, cast %zu", run, c), report.cast[c].score.z, 0, 4);
            squares += gsl_pow_2(report.cast[c].score.z);
        }
        const char *input = INPUT("run %u, N %zu, k %zu, sigma %a", run, n, k, sigma);
        check_close(input, report.between.score.z, 0, 4);
        check_close(input, report.between.noise / sigma, 1, 0.02);
        check_close(input, report.between.predicted.val / report.noise[0].predicted.val, 1, 0.05);
        // The laws of first order, near where they hold.
        check_close(input, report.noise[0].first_order.val / report.noise[0].predicted.val, 1, 0.35);
        check_close(input, report.cast[1].first_order.val / report.cast[1].predicted.val, 1,
                    0.05 + 4 * report.cast[1].first_order.err / report.cast[1].first_order.val +
                        4 * report.cast[1].predicted.err / report.cast[1].predicted.val);
        margin_sample_free(sample);
    }
    check_close("scores", squares / (double)scores, 1, 4 * sqrt(2.0 / (double)scores));
}

// Noise that is not equal and normal: of the logit's size, of some experts, uniform; and rounding, which is no noise.
static double disturbed(size_t kind, double logit, double normal, size_t expert) {
    static const double scale = 0.02;
    switch (kind) {
    case 0:
        return logit * (1 + scale * normal);
    case 1:
        return logit + scale * normal * (expert % 4 == 0 ? 2 : 0.5);
    case 2:
        return logit + 4 * scale * (gsl_cdf_ugaussian_P(normal) - 0.5);
    default:
        return scale * rint(logit / scale);
    }
}

static void test_noise_laws(void **state) {
    (void)state;
    enum { ROWS = 20000, KINDS = 4 };
    static margin_report_t report;
    for (uint32_t run = 0; run < 2 * KINDS; run++) {
        const size_t kind = run / 2, n = run % 2 == 0 ? 8 : 48, k = 1 + n / 5;
        stream_t s = stream_at(10, stream_experiment("margin noise"), run);
        const margin_options_t options = {.rule = {.experts = n, .active = k}};
        stream_normals(&s, logits, ROWS * n);
        stream_normals(&s, others, ROWS * n);
        for (size_t i = 0; i < ROWS * n; i++)
            others[i] = disturbed(kind, logits[i], others[i], i % n);
        margin_sample_t *sample = sample_of(&options);
        const margin_block_t block = {.rows = ROWS, .logits = logits, .other_logits = others};
        assert_int_equal(margin_sample_add(sample, &block, NULL, NULL), GSL_SUCCESS);
        margin_sample_report(sample, &report);
        const margin_between_t *b = &report.between;
        const char *input = INPUT("kind %zu, N %zu, k %zu", kind, n, k);
        assert_true(b->observed.count > 100);
        if (kind < 3)
            check_close(input, b->score.z, 0, 4);
        else // f u / 4 instead of the f u / 6 of uniform noise
            check_close(input, b->observed.rate / b->predicted.val, 1.5, 0.2);
        assert_true(b->tied == (kind < 3 ? 0 : b->observed.count));
        margin_sample_free(sample);
    }
}

// ---- Bits ----

static void test_bits(void **state) {
    (void)state;
    stream_t s = stream_at(5, stream_experiment("margin bits"), 0);
    for (int i = 0; i < 30; i++) {
        const size_t n = 2 + draw_below(&s, 30), k = 1 + draw_below(&s, n - 1), rows = 2000;
        const double target = log_uniform(&s, 1e-4, 0.4);
        margin_options_t options = {.rule = {.experts = n, .active = k}};
        margin_bits_t bits;
        draw(&s, rows, n, i % 2 == 0 ? 0.25 : 0);
        margin_sample_t *sample = sample_of(&options);
        assert_int_equal(
            margin_sample_add(sample, &(margin_block_t){.rows = rows, .logits = logits}, NULL, NULL),
            GSL_SUCCESS);
        assert_int_equal(margin_sample_bits(&sample, 1, target, &bits), GSL_SUCCESS);
        // The rows in two samples, as in two layers.
        margin_bits_t pooled;
        margin_sample_t *const halves[] = {sample_of(&options), sample_of(&options)};
        for (size_t h = 0; h < 2; h++) {
            const margin_block_t half = {.rows = h == 0 ? 700 : rows - 700,
                                         .logits = logits + (h == 0 ? 0 : 700 * n)};
            assert_int_equal(margin_sample_add(halves[h], &half, NULL, NULL), GSL_SUCCESS);
        }
        assert_int_equal(margin_sample_bits(halves, 2, target, &pooled), GSL_SUCCESS);
        assert_true(pooled.floating == bits.floating && pooled.integer == bits.integer &&
                    pooled.ties == bits.ties);
        margin_sample_free(halves[0]);
        margin_sample_free(halves[1]);
        double rate[2][60] = {{0}}, ties = 0;
        for (size_t row = 0; row < rows; row++) {
            double sorted[MOST_EXPERTS], size = 0;
            memcpy(sorted, logits + row * n, n * sizeof *sorted);
            gsl_sort(sorted, 1, n);
            for (size_t j = 0; j < n; j++)
                size = fmax(size, fabs(sorted[j]));
            const double inside = sorted[n - k], gap = inside - sorted[n - k - 1];
            ties += gap == 0;
            for (int p = 1; p <= 53 && gap > 0; p++) {
                if (inside != 0)
                    rate[0][p] += fmax(0, 1 - gap / ldexp(1, ilogb(inside) + 1 - p)) / (2.0 * (double)rows);
                rate[1][p] += fmax(0, 1 - gap / (size / (ldexp(1, p - 1) - 1))) / (2.0 * (double)rows);
            }
        }
        const char *input = INPUT("case %d: N %zu, k %zu, target %a", i, n, k, target);
        const int found[] = {bits.floating, bits.integer};
        const double rates[] = {bits.floating_rate, bits.integer_rate};
        for (int kind = 0; kind < 2; kind++) {
            assert_true(found[kind] > kind && rates[kind] <= target);
            check_close(input, rates[kind], rate[kind][found[kind]], 1e-3 * target + 1e-3 * rates[kind]);
            assert_true(found[kind] == kind + 1 || rate[kind][found[kind] - 1] > target * 0.999);
        }
        assert_true(bits.ties == (ties / (double)rows > target));
        margin_sample_free(sample);
    }
}

// Casts to the number of bits that was found flip sets at the rate that was promised, or up to twice as often.
static void test_bits_achieved(void **state) {
    (void)state;
    enum { ROWS = 40000 };
    static margin_report_t report;
    for (uint32_t run = 0; run < 6; run++) {
        stream_t s = stream_at(11, stream_experiment("margin bits"), run);
        const size_t n = 4 + 12 * (run % 2), k = 1 + run % 3;
        const double target = 0.03 / (1 + run);
        margin_options_t options = {.rule = {.experts = n, .active = k}};
        margin_bits_t bits;
        draw(&s, ROWS, n, 0);
        const margin_block_t block = {.rows = ROWS, .floats = floats};
        margin_sample_t *sample = sample_of(&options);
        assert_int_equal(margin_sample_add(sample, &block, NULL, NULL), GSL_SUCCESS);
        assert_int_equal(margin_sample_bits(&sample, 1, target, &bits), GSL_SUCCESS);
        margin_sample_free(sample);
        char name[ROUNDING_NAME];
        snprintf(name, sizeof name, "e8m%d", bits.floating - 1);
        add_cast(&options, name);
        snprintf(name, sizeof name, "int%d", bits.integer);
        add_cast(&options, name);
        sample = sample_of(&options);
        assert_int_equal(margin_sample_add(sample, &block, NULL, NULL), GSL_SUCCESS);
        margin_sample_report(sample, &report);
        const double promised[] = {bits.floating_rate, bits.integer_rate};
        for (size_t c = 0; c < 2; c++) {
            const double rate = report.cast[c].observed.rate, error = sqrt(promised[c] / ROWS);
            const char *input = INPUT("run %u, %s", run, options.cast[c].name);
            assert_true(promised[c] <= target && promised[c] > target / 2.5);
            check_close(input, fmax(rate, promised[c]), fmin(fmax(rate, promised[c]), 2 * promised[c]),
                        4 * error);
            check_close(input, rate, promised[c], 0.15 * promised[c] + 4 * error);
        }
        margin_sample_free(sample);
    }
}

// ---- Odd input ----

static void test_choices(void **state) {
    (void)state;
    stream_t s = stream_at(6, stream_experiment("margin choices"), 0);
    const size_t n = 12, k = 5, rows = 3000;
    const margin_options_t options = {.rule = {.experts = n, .active = k}};
    draw(&s, rows, n, 0);
    size_t flips = 0;
    for (size_t i = 0; i < rows; i++) {
        bool before[MOST_EXPERTS], after[MOST_EXPERTS];
        select_row(&options.rule, logits + i * n, before);
        select_row(&options.rule, others + i * n, after);
        flips += memcmp(before, after, n * sizeof *before) != 0;
        for (size_t j = n, at = i * k; j-- > 0;)
            if (after[j])
                choices[at++] = (uint32_t)j;
    }
    static margin_report_t report;
    margin_sample_t *sample = sample_of(&options);
    margin_block_t block = {.rows = rows, .floats = floats, .other_choices = choices};
    assert_int_equal(margin_sample_add(sample, &block, NULL, NULL), GSL_SUCCESS);
    margin_sample_report(sample, &report);
    assert_true(report.between.observed.count == flips && report.between.observed.trials == rows);
    assert_true(flips > 0 && report.between.compared == 0 && isnan(report.between.noise));
    size_t refuse = 0;
    choices[2717 * k + 2] = (uint32_t)n;
    assert_int_equal(margin_sample_add(sample, &block, NULL, &refuse), GSL_EDOM);
    assert_int_equal(refuse, 2717);
    margin_sample_free(sample);
}

// Where a row is refused.
static size_t refused(const margin_options_t *options, const margin_block_t *block) {
    size_t refuse = SIZE_MAX;
    margin_sample_t *sample = sample_of(options);
    assert_int_equal(margin_sample_add(sample, block, NULL, &refuse), GSL_EDOM);
    margin_sample_free(sample);
    return refuse;
}

static void test_refusals(void **state) {
    (void)state;
    stream_t s = stream_at(7, stream_experiment("margin refusals"), 0);
    const size_t n = 6, rows = 4000, bad = 3111 * n + 4;
    margin_options_t options = options_of(n, 2);
    static const double wrong[] = {NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        draw(&s, rows, n, 0);
        floats[bad] = (float)wrong[i];
        assert_int_equal(refused(&options, &(margin_block_t){.rows = rows, .floats = floats}), 3111);
        logits[bad] = wrong[i];
        assert_int_equal(refused(&options, &(margin_block_t){.rows = rows, .logits = logits}), 3111);
        logits[0] += 1e-13; // no float
        assert_int_equal(refused(&options, &(margin_block_t){.rows = rows, .logits = logits}), 3111);
        const margin_block_t other = {.rows = rows, .floats = other_floats, .other_floats = floats};
        assert_int_equal(refused(&options, &other), 3111);
    }
    margin_sample_t *sample = NULL, *different;
    options.noise[1] = 0;
    assert_int_equal(margin_sample_alloc(&options, &sample), GSL_EDOM);
    options.noise[1] = 1;
    options.rule.active = n;
    assert_int_equal(margin_sample_alloc(&options, &sample), GSL_EDOM);
    assert_null(sample);
    options.rule.active = 1;
    sample = sample_of(&options);
    options.width[2] *= 2;
    different = sample_of(&options);
    assert_int_equal(margin_sample_merge(sample, different), GSL_EINVAL);
    margin_sample_free(sample);
    margin_sample_free(different);
}

// Scores that are numbers of a format already; huge, tiny and all equal ones; no rows.
static void test_extremes(void **state) {
    (void)state;
    stream_t s = stream_at(8, stream_experiment("margin extremes"), 0);
    const size_t n = 8, rows = 2000;
    const margin_options_t options = options_of(n, 2);
    static margin_report_t report;
    margin_sample_t *sample = sample_of(&options);
    margin_sample_report(sample, &report);
    assert_true(report.rows == 0 && isnan(report.gap_quantile[4]) && report.density.val == 0);
    rounding_t half;
    assert_true(rounding_parse("bf16", &half));
    draw(&s, rows, n, 0);
    rounding_row(&half, logits, rows * n, logits);
    assert_int_equal(margin_sample_add(sample, &(margin_block_t){.rows = rows, .logits = logits}, NULL, NULL),
                     GSL_SUCCESS);
    margin_sample_report(sample, &report);
    assert_int_equal(report.significant, 8);
    assert_true(report.cast[0].moved == 0 && report.cast[0].predicted.val == 0 &&
                report.cast[0].score.z == 0);
    assert_true(report.cast[2].moved > 0 && report.cast[2].predicted.val > 0);
    margin_sample_free(sample);

    sample = sample_of(&options);
    for (size_t i = 0; i < n; i++) {
        logits[i] = i < 2 ? DBL_MAX : -DBL_MAX;
        logits[n + i] = 0;
        logits[2 * n + i] = 5e-324 * (double)i;
    }
    assert_int_equal(margin_sample_add(sample, &(margin_block_t){.rows = 3, .logits = logits}, NULL, NULL),
                     GSL_SUCCESS);
    margin_sample_report(sample, &report);
    assert_true(report.gap_quantile[MARGIN_QUANTILES - 1] == DBL_MAX && report.exact_ties == 1);
    assert_true(report.risk[1].gap == 5e-324 && report.risk[0].row == 1);
    margin_sample_free(sample);
}

// A part of the rows is predicted: about one in the stride, and as good as all.
static void test_stride(void **state) {
    (void)state;
    stream_t s = stream_at(9, stream_experiment("margin stride"), 0);
    const size_t n = 16, rows = 30000;
    static margin_report_t all, part;
    margin_options_t options = options_of(n, 4);
    options.casts = 1;
    draw(&s, rows, n, 0);
    for (uint64_t stride = 1; stride <= 10; stride += 9) {
        options.stride = stride;
        margin_sample_t *sample = sample_of(&options);
        assert_int_equal(
            margin_sample_add(sample, &(margin_block_t){.rows = rows, .floats = floats}, NULL, NULL),
            GSL_SUCCESS);
        margin_sample_report(sample, stride == 1 ? &all : &part);
        margin_sample_free(sample);
    }
    check_close("rows", (double)part.predicted_rows, (double)rows / 10, 4 * sqrt((double)rows * 0.09));
    check_close("cast", (part.cast[0].predicted.val - all.cast[0].predicted.val) / part.cast[0].predicted.err,
                0, 4);
    check_close("noise",
                (part.noise[1].predicted.val - all.noise[1].predicted.val) / part.noise[1].predicted.err, 0,
                4);
    check_close("error", part.noise[1].predicted.err / all.noise[1].predicted.err, sqrt(10), 0.3);
    check_close("score", part.cast[0].score.z, 0, 4);
    assert_true(part.cast[0].observed.count == all.cast[0].observed.count);
    selection_t rule = options.rule;
    assert_true(margin_sample_stride(&rule, 100, 100) == 1);
    assert_true(margin_sample_stride(&rule, 100, UINT64_C(1) << 27) == 256);
    assert_true(margin_sample_stride(&rule, UINT64_C(1) << 27, UINT64_C(1) << 27) == 1024);
    rule.bias = biases;
    assert_true(margin_sample_stride(&rule, UINT64_C(1) << 27, UINT64_C(1) << 27) == 8192);
    rule.grouping = SELECTION_GROUP_BEST;
    assert_true(margin_sample_stride(&rule, UINT64_C(1) << 27, UINT64_C(1) << 27) == 32768);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),       cmocka_unit_test(test_partitions),
        cmocka_unit_test(test_density),      cmocka_unit_test(test_predictions),
        cmocka_unit_test(test_bits),         cmocka_unit_test(test_choices),
        cmocka_unit_test(test_refusals),     cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_stride),       cmocka_unit_test(test_noise_laws),
        cmocka_unit_test(test_bits_achieved)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
