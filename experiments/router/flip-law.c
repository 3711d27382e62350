// SPDX-License-Identifier: GPL-3.0-or-later
// What flips when a router is rounded: the laws of rounding and of noise to first order, and row by row to all orders.
//
// CLAIMS (ours)
//   router/law-density   the density of gap_k at zero for independent normal logits is e(N,k) / (2 sqrt pi)
//   router/law-rounding  rounding to a grid of spacing u flips f u/4 and ties f u/2 of all rows to first order
//   router/law-noise     independent noise flips f E(e - e')+, normal noise f sigma / sqrt(pi)
//   router/law-rows      the chance of a flip given the row's differences is right at any spacing
//   router/law-bits      each bit of the significand halves the rate; how many bits a target takes
//   router/hand-table    what was measured by hand before, and predicted for noise: amended, the density at zero was taken too low
//
// DERIVATION. f is the density of gap_k at zero. Rounding keeps the order, so that a set changes through ties alone. Under a grid
// that lies at random, two logits g < u apart are rounded to the same number with chance 1 - g/u: a tie at rank k has
// the probability E (1 - gap/u)+ = f u/2 + o(u), and every second time the lower index has the smaller logit. (Independent errors,
// uniform on [-u/2, u/2], would give f E(e - e')+ = f u/6.) Where the spacing depends on the logit, u is the mean of the spacing at
// rank k given gap_k = 0.
//
// For independent logits all of this can be summed exactly. If a logits are above a cell, m in it, and a < k < a + m, then k is
// tied, and the k - a selected of the m are the first k - a with chance 1 / C(m, k - a) only:
//     P(flip) = sum_cells sum_{a<k<a+m} N!/(a! m! (N-a-m)!) P_above^a P_in^m P_below^(N-a-m) (1 - 1/C(m, k-a)).
#include "io/experiment.h"
#include "number/rounding.h"
#include "routing/flip.h"
#include "routing/great_circle.h"
#include "routing/iid_margin.h"
#include "routing/selection.h"
#include "stat/quadrature.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_sf_gamma.h>
#include <math.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

// ---- Parameters ----

static const char *const DENSITY = "router/law-density", *const ROUNDING = "router/law-rounding",
                         *const NOISE = "router/law-noise", *const ROWS = "router/law-rows",
                         *const BITS = "router/law-bits", *const HAND = "router/hand-table";

static const double Z_LIMIT = 4;
static const double WIDTH = 0.01;       // of the masses P(gap <= w), and standard deviation of the noise
static const double CORRELATION = 0.75; // of noise that experts share in part
static const double SMALL = 0.002;      // noise whose rate is extrapolated to zero
enum { BF16_BITS = 8, LEAST_BITS = 2, MOST_BITS = 11, FINE_BITS = 13, TARGET_BITS = 15 }; // of significands

// The shapes of an earlier table, made by hand, the numbers it gives for them (from PRINTED_ROWS rows each), and how many rows are drawn here.
static const double PRINTED_ROWS = 1e5, HALF_UNIT = 5e-5;
enum { MASS_TOP, MASS, TIE, FLIP_BF16, FLIP_NOISE, PREDICTED, PRINTED };
typedef struct shape {
    size_t experts, active, rows, quick_rows;
    double printed[PRINTED];
} shape_t;
static const shape_t SHAPES[] = {
    {8, 2, 1 << 18, 1 << 13, {0.0145, 0.0227, 0.0039, 0.0019, 0.0130, 0.0128}},
    {64, 8, 100000, 1 << 11, {0.0230, 0.1216, 0.0426, 0.0218, 0.0707, 0.0686}},
    {384, 8, 100000, 1 << 9, {0.0295, 0.1716, 0.1043, 0.0545, 0.1033, 0.0968}},
};
// Laws of rows on which the predictions for single rows are tried: what the logits are, how far the whole row is moved (a
// standard deviation), and the rule. Biases are normal with deviation BIAS.
typedef enum kind { NORMAL, FACTORS, HEAVY } kind_t;
typedef struct law {
    const char *name;
    kind_t kind;
    double offset;
    bool biased;
    selection_t rule;
    size_t rows, quick_rows;
} law_t;
static const law_t LAWS[] = {
    {"normal", NORMAL, 2, false, {.experts = 8, .active = 2}, 1 << 16, 1 << 11},
    {"normal", NORMAL, 2, false, {.experts = 64, .active = 8}, 1 << 15, 1 << 10},
    {"normal", NORMAL, 2, false, {.experts = 384, .active = 8}, 1 << 12, 1 << 8},
    {"normal in place", NORMAL, 0, false, {.experts = 64, .active = 8}, 1 << 15, 1 << 11},
    {"normal top-1", NORMAL, 2, false, {.experts = 16, .active = 1}, 1 << 16, 1 << 10},
    {"16 factors", FACTORS, 2, false, {.experts = 64, .active = 8}, 1 << 15, 1 << 10},
    {"Student's $t$", HEAVY, 2, false, {.experts = 64, .active = 8}, 1 << 15, 1 << 10},
    {"sigmoid with bias",
     NORMAL,
     2,
     true,
     {.experts = 64, .active = 8, .score = SELECTION_SIGMOID},
     1 << 13,
     1 << 7},
    {"4 of 8 groups",
     NORMAL,
     2,
     true,
     {.experts = 64,
      .active = 8,
      .score = SELECTION_SIGMOID,
      .grouping = SELECTION_GROUP_TWO,
      .groups = 8,
      .kept = 4},
     1 << 11,
     1 << 6},
    {"3 of 8 groups",
     NORMAL,
     2,
     false,
     {.experts = 32, .active = 6, .grouping = SELECTION_GROUP_BEST, .groups = 8, .kept = 3},
     1 << 11,
     1 << 6},
};
static const char *const FORMATS[] = {"bf16", "fp16", "fp8-e4m3", "fp8-e5m2", "int8", "int4"};
enum { FORMAT_COUNT = COUNT(FORMATS), MOST_EXPERTS = 384, FACTOR_COUNT = 16 };
static const double LEAST_VARIANCE = 10; // sum p (1 - p) from which on z is nearly normal
static const double BIAS = 0.1, LAW_NOISE = 0.03;
static const double TARGETS[] = {1e-2, 1e-3}; // rates that bits are asked for

// ---- The density at zero ----

// phi(Q^-1(t)) against the density of Beta(k, N - k), the tail at a tie: the second road, in another variable.
static double profile(double t, const void *context) {
    const shape_t *s = context;
    return gsl_ran_ugaussian_pdf(gsl_cdf_ugaussian_Qinv(t)) *
           gsl_ran_beta_pdf(t, (double)s->active, (double)(s->experts - s->active));
}

static ball_t density_at_zero(experiment_t *run, size_t experts, size_t active) {
    ball_t e;
    experiment_require(run, great_circle_cells(experts, active, &e), "great_circle_cells");
    return (ball_t){e.value / (2 * M_SQRTPI), e.radius / (2 * M_SQRTPI) + 2 * GSL_DBL_EPSILON * e.value};
}

// The tie at rank k lies at z with the density f_z: N!/((k-1)!(N-k-1)!) phi^2 Phi^(N-k-1) (1 - Phi)^(k-1).
static double tie_density(double z, const shape_t *s) {
    const double n = (double)s->experts, k = (double)s->active;
    const double constant = gsl_sf_lngamma(n + 1) - gsl_sf_lngamma(k) - gsl_sf_lngamma(n - k);
    return exp(constant + 2 * log(gsl_ran_ugaussian_pdf(z)) + (n - k - 1) * log(gsl_cdf_ugaussian_P(z)) +
               (k - 1) * log(gsl_cdf_ugaussian_Q(z)));
}

// The greatest power of two that is at most |z|, times the density of ties at z.
static double binade_density(double z, const void *context) {
    return exp2(floor(log2(fabs(z)))) * tie_density(z, context);
}

static double tie_at(double z, const void *context) {
    return tie_density(z, context);
}

// The integral over all z; between -2^-20 and 2^-20 binades are left out.
static double over_binades(experiment_t *run, quadrature_function_t f, const shape_t *s) {
    enum { FIRST = -20, LAST = 3, EDGES = LAST - FIRST + 1 };
    double points[2 * EDGES];
    for (int i = 0; i < EDGES; i++) {
        points[i] = -ldexp(1, LAST - i);
        points[2 * EDGES - 1 - i] = ldexp(1, LAST - i);
    }
    gsl_sf_result left, right;
    experiment_require(run, quadrature_integrate(f, s, points, EDGES, 1e-9, &left), "ties");
    experiment_require(run, quadrature_integrate(f, s, points + EDGES, EDGES, 1e-9, &right), "ties");
    return left.val + right.val;
}

static void check_density(experiment_t *run, const shape_t *s, ball_t f) {
    const double points[] = {0, 0.05, 0.5, 0.95, 1};
    gsl_sf_result mean, top;
    experiment_require(run, quadrature_integrate(profile, s, points, COUNT(points), 1e-13, &mean), "profile");
    const double n = (double)s->experts;
    experiment_check(run, DENSITY, "density by two integrals", fabs(n * mean.val - f.value), AT_MOST, 1e-9,
                     n * mean.err + f.radius);
    experiment_require(run, iid_margin_top_density(s->experts, &top), "iid_margin_top_density");
    const ball_t first = density_at_zero(run, s->experts, 1);
    experiment_check(run, DENSITY, "density of the top-two gap against iid_margin",
                     fabs(top.val - first.value), AT_MOST, 1e-9, top.err + first.radius);
}

// ---- Masses of gaps: P(gap_k > w) = k C(N, k) int phi(x) (1 - Phi(x))^(k-1) Phi(x - w)^(N-k) dx, x at rank k ----

static double wide_gap(double x, const void *context) {
    const shape_t *s = context;
    const double n = (double)s->experts, k = (double)s->active;
    const double constant = gsl_sf_lnchoose((unsigned)s->experts, (unsigned)s->active) + log(k);
    return exp(constant + log(gsl_ran_ugaussian_pdf(x)) + (k - 1) * log(gsl_cdf_ugaussian_Q(x)) +
               (n - k) * log(gsl_cdf_ugaussian_P(x - WIDTH)));
}

static double gap_mass(experiment_t *run, size_t experts, size_t active) {
    const shape_t s = {.experts = experts, .active = active};
    const double points[] = {-8, -2, 0, 1, 2, 3, 8};
    gsl_sf_result wide;
    experiment_require(run, quadrature_integrate(wide_gap, &s, points, COUNT(points), 1e-11, &wide), "gaps");
    return 1 - wide.val;
}

// ---- Independent normal logits rounded to a floating format: the exact sum ----

typedef struct rates {
    double tie, flip;
} rates_t;

enum { MOST_ACTIVE = 8 };

// log N! / (a! m! (N - a - m)!)
static double log_multinomial(size_t n, size_t a, size_t m) {
    return gsl_sf_lnchoose((unsigned)n, (unsigned)a) + gsl_sf_lnchoose((unsigned)(n - a), (unsigned)m);
}

//[core
// Ties at rank k in one cell, and flips, for each number a of logits above it and m in it: the k - a
// selected ones of the m are not the first ones with chance 1 - 1 / C(m, k - a).
//   choose  log of N! / (a! m! (N - a - m)!) for each a and the least m, k - a + 1
static void add_cell(const shape_t *s, const double *choose, double above, double in, double below,
                     rates_t *sum) {
    const size_t n = s->experts, k = s->active;
    const double log_above = log(above), log_in = log(in), log_below = log(below), rise = in / below;
    for (size_t a = 0; a < k; a++) {
        const size_t j = k - a, least = j + 1;
        double term = exp(choose[a] + (double)a * log_above + (double)least * log_in +
                          (double)(n - a - least) * log_below);
        double orders = (double)least; // C(m, j)
        for (size_t m = least; m <= n - a; m++) {
            const double factor = rise * (double)(n - a - m) / (double)(m + 1);
            if (term < 1e-24 && factor < 1)
                break;
            sum->tie += term;
            sum->flip += term * (1 - 1 / orders);
            term *= factor;
            orders *= (double)(m + 1) / (double)(m + 1 - j);
        }
    }
}

// The sum over the cells of all numbers of the format from 2^-14 to 16, and of their negatives.
static rates_t exact_rates(const shape_t *s, const rounding_t *format) {
    double choose[MOST_ACTIVE], number = 0x1p-14, tail = gsl_cdf_ugaussian_Q(number);
    rates_t sum = {0, 0};
    for (size_t a = 0; a < s->active; a++)
        choose[a] = log_multinomial(s->experts, a, s->active - a + 1);
    while (number < 16) {
        const double next = number + rounding_spacing(format, 1, number), high = (number + next) / 2;
        const double above = gsl_cdf_ugaussian_Q(high);
        add_cell(s, choose, above, tail - above, 1 - tail, &sum);
        add_cell(s, choose, 1 - tail, tail - above, above, &sum);
        number = next;
        tail = above;
    }
    return sum;
}
//]core

static rounding_t format_of(experiment_t *run, const char *name) {
    rounding_t format;
    if (!rounding_parse(name, &format))
        experiment_stop(run, FAULT_SYSTEM, "%s is no format", name);
    return format;
}

// A format with 8 bits of exponent and p of significand.
static rounding_t format_of_bits(experiment_t *run, int bits) {
    char name[ROUNDING_NAME];
    snprintf(name, sizeof name, "e8m%d", bits - 1);
    return format_of(run, name);
}

// ---- A sample of independent normal logits ----

enum {
    COLUMN_TOP,
    COLUMN_GAP,
    COLUMN_TIE, // gap_1 <= w, gap_k <= w, ranks k and k + 1 tie in bf16
    COLUMN_NOISE,
    COLUMN_NOISE_EXCESS,  // flips under noise of deviation w; less their predicted chance
    COLUMN_SHARED_EXCESS, // the same for correlated noise
    COLUMN_SMALL,
    COLUMN_SMALLER, // chance of a flip under noise of SMALL and SMALL / 2
    COLUMN_UNIFORM, // flips under errors uniform on a range of the spacing w
    COLUMN_BITS,    // flips for each number of bits
    COLUMNS = COLUMN_BITS + MOST_BITS - LEAST_BITS + 1
};

typedef struct sample {
    const shape_t *shape;
    rounding_t format[MOST_BITS - LEAST_BITS + 1], bf16;
    selection_t rule, top;
} sample_t;

// Adds noise of three kinds to a row in turn.
static void disturb(flip_work_t *work, stream_t *stream, const double *row, size_t n, double *other,
                    double *columns) {
    double common;
    stream_normals(stream, other, n);
    stream_normals(stream, &common, 1);
    for (size_t i = 0; i < n; i++)
        other[i] = row[i] + WIDTH * other[i];
    columns[COLUMN_NOISE] = flip_between(work, row, other);
    columns[COLUMN_NOISE_EXCESS] = columns[COLUMN_NOISE] - flip_noise(work, row, WIDTH);
    stream_normals(stream, other, n);
    for (size_t i = 0; i < n; i++)
        other[i] = row[i] + WIDTH * (sqrt(CORRELATION) * common + sqrt(1 - CORRELATION) * other[i]);
    columns[COLUMN_SHARED_EXCESS] =
        flip_between(work, row, other) - flip_noise(work, row, WIDTH * sqrt(1 - CORRELATION));
    columns[COLUMN_SMALL] = flip_noise(work, row, SMALL);
    columns[COLUMN_SMALLER] = flip_noise(work, row, SMALL / 2);
    stream_uniforms(stream, other, n);
    for (size_t i = 0; i < n; i++)
        other[i] = row[i] + WIDTH * (other[i] - 0.5);
    columns[COLUMN_UNIFORM] = flip_between(work, row, other);
}

static int sample_rows(const montecarlo_block_t *block, const void *context) {
    const sample_t *s = context;
    const size_t n = s->shape->experts;
    double *row = block->work, *other = row + n;
    size_t *members = calloc(2 * n, sizeof *members);
    flip_work_t *work = flip_work_alloc(&s->rule);
    for (size_t r = 0; members != NULL && work != NULL && r < block->count; r++) {
        double *columns = block->samples + r * COLUMNS;
        selection_choice_t choice;
        stream_normals(block->stream, row, n);
        selection_choose(&s->top, row, members, &choice, members + n);
        columns[COLUMN_TOP] = choice.gap <= WIDTH;
        selection_choose(&s->rule, row, members, &choice, members + n);
        columns[COLUMN_GAP] = choice.gap <= WIDTH;
        columns[COLUMN_TIE] = rounding_apply(&s->bf16, 1, row[choice.inside]) ==
                              rounding_apply(&s->bf16, 1, row[choice.outside]);
        disturb(work, block->stream, row, n, other, columns);
        for (int p = LEAST_BITS; p <= MOST_BITS; p++)
            columns[COLUMN_BITS + p - LEAST_BITS] = flip_rounded(work, row, &s->format[p - LEAST_BITS]);
    }
    const int status = members != NULL && work != NULL ? GSL_SUCCESS : GSL_ENOMEM;
    free(members);
    flip_work_free(work);
    return status;
}

// 4 r(s/2) - r(s), for r(s) = a s + b s^2 + ... an estimate of a s.
static gsl_sf_result extrapolated(const moments_t *m, size_t whole, size_t half) {
    const double variance = 16 * moments_mean_covariance(m, half, half) -
                            8 * moments_mean_covariance(m, half, whole) +
                            moments_mean_covariance(m, whole, whole);
    return (gsl_sf_result){4 * moments_mean(m, half) - moments_mean(m, whole), sqrt(variance)};
}

static double deviation(gsl_sf_result estimate, double law) {
    return fabs(estimate.val - law) / estimate.err;
}

// ---- Predictions for single rows ----

enum { OBSERVED, CHANCE, EXCESS, VARIANCE, PARTS, CASES = FORMAT_COUNT + 1 }; // the last case is noise

typedef struct trial {
    const law_t *law;
    selection_t rule;
    rounding_t format[FORMAT_COUNT];
    double bias[MOST_EXPERTS], factors[MOST_EXPERTS * FACTOR_COUNT];
} trial_t;

// A row of one of the laws.
//   scratch  4 N numbers
static void draw_row(const trial_t *t, stream_t *stream, double *row, double *scratch) {
    const size_t n = t->rule.experts;
    double place;
    stream_normals(stream, &place, 1);
    stream_normals(stream, scratch, t->law->kind == NORMAL ? n : 4 * n);
    for (size_t i = 0; i < n; i++) {
        const double *x = scratch + 4 * i;
        row[i] = t->law->offset * place;
        if (t->law->kind == NORMAL)
            row[i] += scratch[i];
        else if (t->law->kind == HEAVY)
            row[i] += x[0] / sqrt((x[1] * x[1] + x[2] * x[2] + x[3] * x[3]) / 3);
        else
            for (size_t j = 0; j < FACTOR_COUNT; j++)
                row[i] += t->factors[i * FACTOR_COUNT + j] * scratch[j] / sqrt(FACTOR_COUNT);
    }
}

static void record(double *columns, bool observed, double chance) {
    columns[OBSERVED] = observed;
    columns[CHANCE] = chance;
    columns[EXCESS] = observed - chance;
    columns[VARIANCE] = chance * (1 - chance);
}

static int sample_trials(const montecarlo_block_t *block, const void *context) {
    const trial_t *t = context;
    const size_t n = t->rule.experts;
    double *row = block->work, *scratch = row + n;
    flip_work_t *work = flip_work_alloc(&t->rule);
    for (size_t r = 0; work != NULL && r < block->count; r++) {
        double *columns = block->samples + r * CASES * PARTS;
        draw_row(t, block->stream, row, scratch);
        for (size_t f = 0; f < FORMAT_COUNT; f++)
            record(columns + f * PARTS, flip_rounded(work, row, &t->format[f]),
                   flip_rounding(work, row, &t->format[f]));
        stream_normals(block->stream, scratch, n);
        for (size_t i = 0; i < n; i++)
            scratch[i] = row[i] + LAW_NOISE * scratch[i];
        record(columns + FORMAT_COUNT * PARTS, flip_between(work, row, scratch),
               flip_noise(work, row, LAW_NOISE));
    }
    const int status = work != NULL ? GSL_SUCCESS : GSL_ENOMEM;
    flip_work_free(work);
    return status;
}

static moments_t *try_law(experiment_t *run, size_t number) {
    trial_t *t = experiment_memory(run, calloc(1, sizeof *t));
    t->law = LAWS + number;
    t->rule = t->law->rule;
    stream_t stream = experiment_stream(run, (uint32_t)number);
    stream_normals(&stream, t->bias, MOST_EXPERTS);
    stream_normals(&stream, t->factors, COUNT(t->factors));
    for (size_t i = 0; i < MOST_EXPERTS; i++)
        t->bias[i] *= BIAS;
    t->rule.bias = t->law->biased ? t->bias : NULL;
    for (size_t f = 0; f < FORMAT_COUNT; f++)
        t->format[f] = format_of(run, FORMATS[f]);
    char part[32];
    snprintf(part, sizeof part, "flip-law law %zu", number);
    moments_t *m = experiment_montecarlo(run, part, experiment_quick(run) ? t->law->quick_rows : t->law->rows,
                                         CASES * PARTS, 5 * MOST_EXPERTS, sample_trials, t);
    free(t);
    return m;
}

// (observed - predicted) / sqrt(sum p (1 - p)); 0 where neither is ever anything but 0.
static double trial_z(const moments_t *m, size_t c) {
    const double excess = moments_mean(m, c * PARTS + EXCESS),
                 variance = moments_mean(m, c * PARTS + VARIANCE);
    return excess == 0 ? 0 : excess / sqrt(variance / (double)m->count);
}

enum { INT4 = 5 };
// Of an integer format of 4 bits the spacing is as large as what logits differ by, and with biases each logit has a phase of its
// own: the density is not constant there, which is stated and not checked.
static bool is_coarse(size_t law, size_t c) {
    return c == INT4 && (LAWS[law].biased || LAWS[law].rule.grouping != SELECTION_UNGROUPED);
}

static void try_laws(experiment_t *run) {
    static const table_column_t columns[] = {
        {"law", "1", NULL, ""},          {"experts", "1", NULL, ""},
        {"active", "1", NULL, ""},       {"bf16", "percent", "%.4f", "%.2f"},
        {"bf16_z", "1", "%.2f", "%.1f"}, {"fp16", "percent", "%.4f", "%.2f"},
        {"fp16_z", "1", "%.2f", "%.1f"}, {"e4m3", "percent", "%.3f", "%.1f"},
        {"e4m3_z", "1", "%.2f", "%.1f"}, {"e5m2", "percent", "%.3f", "%.1f"},
        {"e5m2_z", "1", "%.2f", "%.1f"}, {"int8", "percent", "%.3f", "%.1f"},
        {"int8_z", "1", "%.2f", "%.1f"}, {"int4", "percent", "%.3f", "%.1f"},
        {"int4_z", "1", "%.2f", "%.1f"}, {"noise", "percent", "%.3f", "%.1f"},
        {"noise_z", "1", "%.2f", "%.1f"}};
    table_t *table = experiment_table(run, "rows", "observed flips and z of the prediction from single rows",
                                      columns, COUNT(columns), COUNT(LAWS));
    double worst = 0, biased = 0, biased_z = 0;
    for (size_t l = 0; l < COUNT(LAWS); l++) {
        moments_t *m = try_law(run, l);
        table_text(table, LAWS[l].name);
        table_integer(table, (long long)LAWS[l].rule.experts);
        table_integer(table, (long long)LAWS[l].rule.active);
        for (size_t c = 0; c < CASES; c++) {
            const double z = trial_z(m, c);
            table_real(table, 100 * moments_mean(m, c * PARTS + OBSERVED));
            table_real(table, z);
            if (is_coarse(l, c)) {
                biased_z = GSL_MAX(biased_z, fabs(z));
                biased = GSL_MAX(biased, fabs(moments_mean(m, c * PARTS + EXCESS)) /
                                             moments_mean(m, c * PARTS + OBSERVED));
            } else if (moments_mean(m, c * PARTS + VARIANCE) * (double)m->count >= LEAST_VARIANCE)
                worst = GSL_MAX(worst, fabs(z));
        }
        moments_free(m);
    }
    experiment_check(run, ROWS, "largest z of a prediction from single rows", worst, AT_MOST, Z_LIMIT, 0);
    experiment_macro(run, "RowsZ", "%.1f", worst);
    experiment_macro(run, "CoarsePercent", "%.0f", ceil(100 * biased));
    experiment_macro(run, "CoarseZ", "%.1f", biased_z);
}

// ---- The shapes ----

// What is computed of a shape.
typedef struct shape_result {
    ball_t density; // f
    double binades; // f times the mean of 2^e at a tie at rank k, e the logit's binary exponent
    rates_t exact[TARGET_BITS + 1]; // by bits
    moments_t *sample;
} shape_result_t;

// The law to first order: the mean spacing at ties is 2^(1-p) times that of 2^e.
static double first_order(const shape_result_t *r, int bits) {
    return r->binades * exp2(1 - bits) / 4;
}

// Up to how many bits the sums are computed.
static int most_bits(const experiment_t *run) {
    return experiment_quick(run) ? FINE_BITS : TARGET_BITS;
}

static shape_result_t compute(experiment_t *run, const shape_t *s) {
    shape_result_t r = {.density = density_at_zero(run, s->experts, s->active),
                        .binades = over_binades(run, binade_density, s)};
    sample_t sample = {.shape = s,
                       .bf16 = format_of(run, "bf16"),
                       .rule = {.experts = s->experts, .active = s->active},
                       .top = {.experts = s->experts, .active = 1}};
    for (int p = LEAST_BITS; p <= most_bits(run); p++) {
        const rounding_t format = format_of_bits(run, p);
        r.exact[p] = exact_rates(s, &format);
        if (p <= MOST_BITS)
            sample.format[p - LEAST_BITS] = format;
    }
    char part[32];
    snprintf(part, sizeof part, "flip-law %zu %zu", s->experts, s->active);
    r.sample = experiment_montecarlo(run, part, experiment_quick(run) ? s->quick_rows : s->rows, COLUMNS,
                                     2 * s->experts, sample_rows, &sample);
    check_density(run, s, r.density);
    experiment_check(run, DENSITY, "integral of the places of ties",
                     fabs(over_binades(run, tie_at, s) - r.density.value), AT_MOST, 1e-5, r.density.radius);
    return r;
}

static double column_z(const shape_result_t *r, size_t column, double law) {
    return deviation(moments_estimate(r->sample, column), law);
}

// The same for a share of the rows, with the standard error that the law gives it.
static double share_z(const shape_result_t *r, size_t column, double law) {
    return fabs(moments_mean(r->sample, column) - law) / sqrt(law * (1 - law) / (double)r->sample->count);
}

// Rates by bits: the exact sum against the sample, and against the law as the spacing tends to 0.
static void check_rounding(experiment_t *run, const shape_t *s, const shape_result_t *r, table_t *table) {
    const double bf16 = share_z(r, COLUMN_TIE, r->exact[BF16_BITS].tie);
    experiment_check(run, ROUNDING, "z of ties in bf16: exact sum against sample", bf16, AT_MOST, Z_LIMIT, 0);
    for (int p = LEAST_BITS; p <= MOST_BITS; p++) {
        const gsl_sf_result observed = moments_estimate(r->sample, (size_t)(COLUMN_BITS + p - LEAST_BITS));
        const double error = sqrt(r->exact[p].flip * (1 - r->exact[p].flip) / (double)r->sample->count);
        const double z = (observed.val - r->exact[p].flip) / error;
        experiment_check(run, ROUNDING, "z of flips: exact sum against sample", fabs(z), AT_MOST, Z_LIMIT, 0);
        table_integer(table, (long long)s->experts);
        table_integer(table, (long long)s->active);
        table_integer(table, p);
        table_real(table, 4 * first_order(r, p) / r->density.value);
        table_real(table, r->density.value);
        table_real(table, first_order(r, p));
        table_real(table, r->exact[p].flip);
        table_real(table, r->exact[p].tie);
        table_real(table, observed.val);
        table_real(table, error);
        table_real(table, z);
    }
    // Twice the ratio at half the spacing less that at the whole: the first-order term of its deviation from 1 is gone.
    const double whole = r->exact[FINE_BITS - 1].flip / first_order(r, FINE_BITS - 1);
    const double half = r->exact[FINE_BITS].flip / first_order(r, FINE_BITS);
    experiment_check(run, ROUNDING, "flips over f u/4 as u tends to 0 less 1", fabs(2 * half - whole - 1),
                     AT_MOST, (1 - half) / 100, 0);
    const double ties = r->exact[FINE_BITS - 1].tie / first_order(r, FINE_BITS - 1) / 2;
    const double finer = r->exact[FINE_BITS].tie / first_order(r, FINE_BITS) / 2;
    experiment_check(run, ROUNDING, "ties over f u/2 as u tends to 0 less 1", fabs(2 * finer - ties - 1),
                     AT_MOST, (1 - finer) / 100, 0);
}

static void check_noise(experiment_t *run, const shape_result_t *r) {
    const double f = r->density.value;
    const gsl_sf_result slope = extrapolated(r->sample, COLUMN_SMALL, COLUMN_SMALLER);
    experiment_check(run, NOISE, "z of f sigma over root pi against small noise",
                     deviation(slope, f * SMALL / M_SQRTPI), AT_MOST, Z_LIMIT, 0);
    experiment_check(run, NOISE, "z of drawn noise less its chance", column_z(r, COLUMN_NOISE_EXCESS, 0),
                     AT_MOST, Z_LIMIT, 0);
    experiment_check(run, NOISE, "z of noise with a common part", column_z(r, COLUMN_SHARED_EXCESS, 0),
                     AT_MOST, Z_LIMIT, 0);
    experiment_check(run, NOISE, "z of uniform errors against f u/6",
                     share_z(r, COLUMN_UNIFORM, f * WIDTH / 6), AT_MOST, Z_LIMIT, 0);
}

// The least number of bits with at most a target by the law, and whether the exact sum has the same.
static void check_bits(experiment_t *run, const shape_t *s, const shape_result_t *r) {
    const int summed = most_bits(run);
    for (size_t t = 0; t < COUNT(TARGETS); t++) {
        const int bits = (int)ceil(log2(r->binades / (2 * TARGETS[t])));
        if (bits <= summed) {
            experiment_check(run, BITS, "rate over the target with the bits of the law",
                             r->exact[bits].flip / TARGETS[t], AT_MOST, 1, 0);
            experiment_check(run, BITS, "rate over the target with one bit less",
                             r->exact[bits - 1].flip / TARGETS[t], AT_LEAST, 1, 0);
        }
        char name[64];
        snprintf(name, sizeof name, "Bits%s%s", t == 0 ? "Percent" : "Mille",
                 s->experts == 8    ? "Few"
                 : s->experts == 64 ? "Many"
                                    : "Most");
        experiment_macro_integer(run, name, bits);
    }
    const double halving = r->exact[FINE_BITS - 1].flip / r->exact[FINE_BITS].flip;
    experiment_check(run, BITS, "rate over that with one bit more less 2", fabs(halving - 2), AT_MOST,
                     4 * (1 - r->exact[FINE_BITS - 1].flip / first_order(r, FINE_BITS - 1)), 0);
}

// A printed rate against ours, in standard errors of both and the rounding in print.
static double printed_z(double printed, double rate, double error) {
    const double variance = rate * (1 - rate) / PRINTED_ROWS + error * error + HALF_UNIT * HALF_UNIT / 3;
    return (printed - rate) / sqrt(variance);
}

// The numbers of the table made by hand beside ours.
static void compare_printed(experiment_t *run, const shape_t *s, const shape_result_t *r, table_t *table) {
    const double scale = 1 / M_SQRTPI; // sigma is WIDTH: P(gap <= w) / w sigma / sqrt(pi)
    const double mass = gap_mass(run, s->experts, s->active), law = r->density.value * WIDTH / M_SQRTPI;
    const gsl_sf_result noise = moments_estimate(r->sample, COLUMN_NOISE);
    const double ours[PRINTED] = {gap_mass(run, s->experts, 1), mass,      r->exact[BF16_BITS].tie,
                                  r->exact[BF16_BITS].flip,     noise.val, law};
    experiment_check(run, DENSITY, "z of P(gap_1 <= w): quadrature against sample",
                     share_z(r, COLUMN_TOP, ours[MASS_TOP]), AT_MOST, Z_LIMIT, 0);
    experiment_check(run, DENSITY, "z of P(gap_k <= w): quadrature against sample",
                     share_z(r, COLUMN_GAP, mass), AT_MOST, Z_LIMIT, 0);
    table_integer(table, (long long)s->experts);
    table_integer(table, (long long)s->active);
    for (int c = 0; c < PREDICTED; c++) {
        const double z = printed_z(s->printed[c], ours[c], c == FLIP_NOISE ? noise.err : 0);
        experiment_check(run, HAND, "z of a printed rate", fabs(z), AT_MOST, Z_LIMIT, 0);
        table_real(table, s->printed[c]);
        table_real(table, ours[c]);
    }
    table_real(table, s->printed[PREDICTED]);
    table_real(table, mass * scale);
    table_real(table, law);
    experiment_check(run, HAND, "z of the printed prediction against P(gap_k <= w) sigma / (w sqrt pi)",
                     fabs(printed_z(s->printed[PREDICTED] / scale, mass, 0)), AT_MOST, Z_LIMIT, 0);
    if (s->experts > 8)
        experiment_check(run, HAND, "z of the printed prediction against f sigma / sqrt pi",
                         fabs(printed_z(s->printed[PREDICTED] / scale, law / scale, 0)), AT_LEAST, Z_LIMIT,
                         0);
}

static void try_shapes(experiment_t *run) {
    static const table_column_t columns[] = {{"experts", "1", NULL, ""},
                                             {"active", "1", NULL, ""},
                                             {"bits", "bits", NULL, ""},
                                             {"spacing", "logits", "%.8g", "%.2e"},
                                             {"density", "1/logit", "%.8g", NULL},
                                             {"law", "1", "%.8g", "%.5f"},
                                             {"exact", "1", "%.8g", "%.5f"},
                                             {"tie", "1", "%.8g", "%.5f"},
                                             {"observed", "1", "%.6g", "%.5f"},
                                             {"error", "1", "%.2e", NULL},
                                             {"z", "1", "%.2f", "%.1f"}};
    static const table_column_t printed[] = {{"experts", "1", NULL, ""},
                                             {"active", "1", NULL, ""},
                                             {"top_printed", "1", "%.4f", "%.4f"},
                                             {"top", "1", "%.6f", "%.4f"},
                                             {"gap_printed", "1", "%.4f", "%.4f"},
                                             {"gap", "1", "%.6f", "%.4f"},
                                             {"tie_printed", "1", "%.4f", "%.4f"},
                                             {"tie", "1", "%.6f", "%.4f"},
                                             {"flip_printed", "1", "%.4f", "%.4f"},
                                             {"flip", "1", "%.6f", "%.4f"},
                                             {"noise_printed", "1", "%.4f", "%.4f"},
                                             {"noise", "1", "%.5f", "%.4f"},
                                             {"predicted_printed", "1", "%.4f", "%.4f"},
                                             {"from_mass", "1", "%.6f", "%.4f"},
                                             {"law", "1", "%.6f", "%.4f"}};
    table_t *bits = experiment_table(run, "", "flips of independent normal logits by bits of the significand",
                                     columns, COUNT(columns), COUNT(SHAPES) * (MOST_BITS - LEAST_BITS + 1));
    table_t *hand = experiment_table(run, "hand", "rates of the table made by hand beside ours", printed,
                                     COUNT(printed), COUNT(SHAPES));
    for (size_t i = 0; i < COUNT(SHAPES); i++) {
        const shape_t *s = SHAPES + i;
        shape_result_t r = compute(run, s);
        check_rounding(run, s, &r, bits);
        check_noise(run, &r);
        check_bits(run, s, &r);
        compare_printed(run, s, &r, hand);
        if (i + 1 == COUNT(SHAPES)) {
            experiment_macro(run, "CoarseLaw", "%.2f", first_order(&r, 3));
            experiment_macro(run, "CoarseExact", "%.2f", r.exact[3].flip);
            experiment_macro(run, "BrainRatio", "%.2f", r.exact[BF16_BITS].flip / first_order(&r, BF16_BITS));
        }
        moments_free(r.sample);
    }
}

static void run_flip_law(experiment_t *run) {
    experiment_parameter(run, "Width", "%.2f", WIDTH, "logits");
    experiment_parameter(run, "Noise", "%.2f", LAW_NOISE, "logits");
    experiment_parameter(run, "LeastVariance", "%.0f", LEAST_VARIANCE, "flips");
    experiment_parameter(run, "Rows", "\\num{%.0f}",
                         (double)(experiment_quick(run) ? SHAPES[0].quick_rows : SHAPES[0].rows), "rows");
    experiment_parameter(run, "LeastRows", "\\num{%.0f}",
                         (double)(experiment_quick(run) ? SHAPES[2].quick_rows : SHAPES[2].rows), "rows");
    try_shapes(run);
    try_laws(run);
    experiment_claim(run, DENSITY, VERDICT_HOLDS, METHOD_QUADRATURE, "flip-law.hand.csv");
    experiment_claim(run, ROUNDING, VERDICT_HOLDS, METHOD_QUADRATURE, "flip-law.csv");
    experiment_claim(run, NOISE, VERDICT_HOLDS, METHOD_MONTECARLO, "flip-law.hand.csv");
    experiment_claim(run, ROWS, VERDICT_HOLDS, METHOD_MONTECARLO, "flip-law.rows.csv");
    experiment_claim(run, BITS, VERDICT_HOLDS, METHOD_QUADRATURE, "flip-law.csv");
    experiment_claim(run, HAND, VERDICT_AMENDED, METHOD_MONTECARLO, "flip-law.hand.csv");
}

int main(int argc, char **argv) {
    const experiment_plan_t plan = {
        "flip-law", "what flips when a router is rounded or disturbed: laws, single rows, bits", 20261106,
        run_flip_law};
    return experiment_main(&plan, argc, argv);
}
