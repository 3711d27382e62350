// SPDX-License-Identifier: GPL-3.0-or-later
// Predicted against observed flips: routers trained on images, their logits rounded to six formats, or disturbed.
//
// CLAIMS (ours)
//   router/trained-flips    in every layer of stacks trained on images, the selected sets that change under fp16, bf16, int8 and
//                           noise are as many as the spaces between logits say, within four standard errors
//   router/trained-grid     so are those that change under any cast, fp8 and int4 included, when the grid lies at random
//   router/trained-density  in every layer and for every change where at most one row in twenty flips, the density of gap_k at zero
//                           alone gives the predicted rate, f E[u]/4 or f sigma/sqrt(pi), within four standard errors
//
// DERIVATION. Given a row of logits, a grid of spacing u that lies anywhere with the same chance, or normal noise, changes the
// selected set with a probability p that depends on the spaces between the logits near rank k (routing/flip.h). If the
// logits have a density that changes little within u, the number of flips is a sum of independent trials: its mean is sum p, its
// variance sum p (1 - p). Nothing is rounded or disturbed to predict it, but for rows of integer formats in which rank k or k + 1
// has the largest magnitude: it sets the grid, nothing is left to chance, and p is 0 or 1. To first order in u or sigma the mean
// of p is f E[u]/4 or f sigma/sqrt(pi).
//
// How far may a mean of p over n rows be from that? A gap g < u flips with 1 - g/u if the indices of the two lie so, in half of
// the rows, so that E p^2 = f u/6, 2/3 of the mean. With noise p = Phi(-g/(sigma sqrt 2)), and E p^2 is 1 - 1/sqrt(2) of the mean.
//
// The stacks are trained here, by routing/mixture_stack, with the same bits on every CPU. Their logits are rounded to float32, as
// a router has them. Predictions and observations are those of routing/margin_sample, which the command `moegeom margins`
// prints; a second road rounds or disturbs each row, selects by routing/topk_layer, and compares.
#include "io/dump.h"
#include "io/dump_write.h"
#include "io/experiment.h"
#include "io/experiment_images.h"
#include "number/shards.h"
#include "routing/flip.h"
#include "routing/margin_sample.h"
#include "routing/mixture_stack.h"
#include "stat/binomial.h"

#include <flint/flint.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

// ---- Parameters ----

// Every SPLIT-th digit is for the test; pixels of Fashion-MNIST are means of POOL x POOL.
enum { SPLIT = 5, POOL = 2 };
enum { FASHION_TRAINED = 60000, FASHION_EXAMINED = 10000 };
enum { WIDTH = 64, HIDDEN = 16 };                                                    // D and H of all stacks
enum { START_BLOCK = 0, ORDER_BLOCK = 100, NOISE_BLOCK = 1000, SHIFT_BLOCK = 2000 }; // of random streams

typedef enum { DIGITS, FASHION, SETS } set_t;
static const char *const SET_NAMES[] = {"digits", "Fashion"};

typedef struct {
    set_t set;
    size_t experts, active, layers, epochs;
} model_t;
static const model_t MODELS[] = {{DIGITS, 8, 1, 2, 20},  {DIGITS, 16, 2, 2, 20}, {DIGITS, 32, 4, 2, 20},
                                 {DIGITS, 64, 8, 2, 20}, {FASHION, 16, 2, 4, 3}, {FASHION, 64, 8, 4, 1}};
enum { MODEL_COUNT = COUNT(MODELS), MODELS_QUICK = 3, EPOCHS_QUICK = 2, MOST_LAYERS = 4, MOST_EXPERTS = 64 };
enum { DUMPED = 1 }; // the model whose logits are written
static const double RATE = 0.003, BALANCE = 0.1;
static const size_t BATCHES[] = {32, 128}; // by set

// Ways to change the logits: the casts, the coarse ones last, with 8 numbers at most between powers of two, or below the largest
// magnitude; then normal noise on each logit.
static const char *const CASTS[] = {"fp16", "bf16", "int8", "fp8-e4m3", "fp8-e5m2", "int4"};
static const double NOISES[] = {0.001, 0.01, 0.1};
enum { CAST_COUNT = COUNT(CASTS), NOISE_COUNT = COUNT(NOISES), KINDS = CAST_COUNT + NOISE_COUNT, COARSE = 3 };

static const double WORST_Z = 4;       // standard errors at which a statistical check fails
static const double SMALL_RATE = 0.05; // up to which the law of first order is held against the prediction
static const char *const NAME = "trained-flips", *const FLIPS = "router/trained-flips",
                         *const GRID = "router/trained-grid", *const DENSITY = "router/trained-density";

static bool is_coarse(size_t kind) {
    return kind >= COARSE && kind < CAST_COUNT;
}

// ---- What is measured ----

// Flips of one layer under one kind of change: trials with chances of their own.
typedef struct {
    uint64_t observed;
    double expected, variance; // sum p, sum p (1 - p)
} flips_t;

typedef struct {
    flips_t flips;   // of the second road
    flips_t shifted; // casts: with the grid at random
    double spread;   // casts: standard deviation of the place between rank k and k + 1, in cells of the grid
    uint64_t fixed;  // casts: rows that no grid at random moves
    binomial_rate_t rate; // of the observed flips, by the sample
    gsl_sf_result predicted, first_order;
} line_t;

typedef struct {
    line_t line[KINDS];
    margin_report_t report; // of the sample
} layer_result_t;

// The images of a set.
typedef struct {
    experiment_images_t training, test, examined; // examined: those whose logits are measured
} images_t;

// One model: trained, and measured.
typedef struct {
    model_t model;
    const images_t *images;
    mixture_stack_t *stack;
    double *logits; // L x rows x N
    size_t training_correct, test_correct;
    layer_result_t layer[MOST_LAYERS];
} specimen_t;

static const double *layer_logits(const specimen_t *s, size_t layer) {
    return s->logits + layer * s->images->examined.data.rows * s->model.experts;
}

// ---- The second road: row by row ----

// A layer under one kind of change.
typedef struct {
    const double *logits;
    size_t rows, experts, active;
    const rounding_t *format; // NULL for noise
    double sigma;
    stream_t stream; // of the noise, or of the shifts
    flip_work_t *work;
} change_t;

// The selected set as bits.
static uint64_t selected(const change_t *c, const double *logits) {
    size_t members[MOST_EXPERTS];
    uint64_t set = 0;
    topk_choose(logits, c->experts, c->active, members);
    for (size_t a = 0; a < c->active; a++)
        set |= UINT64_C(1) << members[a];
    return set;
}

//[core
// The prediction looks at the row as it is; the observation changes it, selects, and compares.
static flips_t count_flips(change_t *c, double *others) {
    flips_t flips = {0};
    for (size_t row = 0; row < c->rows; row++) {
        const double *logits = c->logits + row * c->experts;
        double *changed = others + row * c->experts, p;
        if (c->format != NULL) {
            p = flip_rounding(c->work, logits, c->format);
            rounding_row(c->format, logits, c->experts, changed);
        } else {
            p = flip_noise(c->work, logits, c->sigma);
            stream_normals(&c->stream, changed, c->experts);
            for (size_t i = 0; i < c->experts; i++)
                changed[i] = logits[i] + c->sigma * changed[i];
        }
        flips.expected += p;
        flips.variance += p * (1 - p);
        flips.observed += selected(c, changed) != selected(c, logits);
    }
    return flips;
}
//]core

static double largest_magnitude(const double *values, size_t n) {
    double most = 0;
    for (size_t i = 0; i < n; i++)
        most = fmax(most, fabs(values[i]));
    return most;
}

// How a row may be shifted on the grid of a format: the middle of the logits of rank k and k + 1 to a place from `low` to `high`,
// the ends of its cell. In integer formats the largest magnitudes stay, no other goes beyond, and a row in which rank k or
// k + 1 has the largest is not shifted at all.
typedef struct {
    double unit, fixed, anchor, low, high;
} range_t;

static range_t shift_range(const change_t *c, const double *logits) {
    size_t members[MOST_EXPERTS];
    range_t range = {.unit = rounding_unit(c->format, logits, c->experts), .fixed = INFINITY};
    topk_choose(logits, c->experts, c->active + 1, members);
    const double inside = logits[members[c->active - 1]], outside = logits[members[c->active]];
    if (c->format->kind == ROUNDING_INTEGER)
        range.fixed = largest_magnitude(logits, c->experts);
    range.anchor = (inside + outside) / 2;
    if (!(fmax(fabs(inside), fabs(outside)) < range.fixed) ||
        !rounding_interval(c->format, range.unit, range.anchor, &range.low, &range.high))
        range.low = range.high = range.anchor;
    for (size_t i = 0; i < c->experts && isfinite(range.fixed); i++)
        if (fabs(logits[i]) < range.fixed) {
            range.low = fmax(range.low, range.anchor - (range.fixed + logits[i]));
            range.high = fmin(range.high, range.anchor + (range.fixed - logits[i]));
        }
    return range;
}

// Flips when each row lies anywhere on the grid; and how far the logits of rank k spread on it.
static void count_shifted(change_t *c, const flips_t *prediction, line_t *line) {
    double changed[MOST_EXPERTS], sum = 0, squares = 0;
    line->shifted = *prediction;
    line->shifted.observed = 0;
    for (size_t row = 0; row < c->rows; row++) {
        const double *logits = c->logits + row * c->experts;
        const range_t range = shift_range(c, logits);
        const double place = range.low < range.high ? stream_between(&c->stream, range.low, range.high)
                                                    : range.anchor,
                     cell = range.anchor / rounding_spacing(c->format, range.unit, range.anchor);
        for (size_t i = 0; i < c->experts; i++)
            changed[i] =
                rounding_apply(c->format, range.unit,
                               fabs(logits[i]) < range.fixed ? logits[i] - range.anchor + place : logits[i]);
        line->shifted.observed += selected(c, changed) != selected(c, logits);
        line->fixed += !(range.low < range.high);
        sum += cell;
        squares += cell * cell;
    }
    line->spread = sqrt(squares / (double)c->rows - gsl_pow_2(sum / (double)c->rows));
}

// ---- The first road: the sample of the command ----

// The sample of rows of logits, or what differs in `others`, the same rows of another dump.
static int sample_rows(const change_t *c, const double *logits, const double *others,
                       margin_report_t *report) {
    margin_options_t options = {.rule = {.experts = c->experts, .active = c->active}};
    margin_sample_t *sample = NULL;
    if (others == NULL) {
        options.casts = CAST_COUNT;
        options.noises = NOISE_COUNT;
        for (size_t i = 0; i < CAST_COUNT; i++)
            if (!rounding_parse(CASTS[i], &options.cast[i]))
                return GSL_EINVAL;
        memcpy(options.noise, NOISES, sizeof NOISES);
    }
    int status = margin_sample_alloc(&options, &sample);
    if (status == GSL_SUCCESS)
        status = margin_sample_add(
            sample, &(margin_block_t){.rows = c->rows, .logits = logits, .other_logits = others}, NULL, NULL);
    if (status == GSL_SUCCESS)
        margin_sample_report(sample, report);
    margin_sample_free(sample);
    return status;
}

// ---- One layer, both roads ----

static stream_t stream_of(uint64_t seed, uint32_t block, size_t place) {
    return stream_at(seed, stream_experiment(NAME), block + (uint32_t)place);
}

// One kind of change; `place` numbers layers and kinds. `report` is that of the layer.
static int measure_kind(change_t *c, size_t kind, uint64_t seed, size_t place, const margin_report_t *report,
                        double *others, line_t *line) {
    const size_t noise = kind - CAST_COUNT;
    rounding_t format;
    margin_report_t between;
    if (kind < CAST_COUNT) {
        if (!rounding_parse(CASTS[kind], &format))
            return GSL_EINVAL;
        c->format = &format;
        line->flips = count_flips(c, others);
        c->stream = stream_of(seed, SHIFT_BLOCK, place);
        count_shifted(c, &line->flips, line);
        line->rate = report->cast[kind].observed;
        line->predicted = report->cast[kind].predicted;
        line->first_order = report->cast[kind].first_order;
        return GSL_SUCCESS;
    }
    c->format = NULL;
    c->sigma = NOISES[noise];
    c->stream = stream_of(seed, NOISE_BLOCK, place);
    line->flips = count_flips(c, others);
    line->predicted = report->noise[noise].predicted;
    line->first_order = report->noise[noise].first_order;
    const int status = sample_rows(c, c->logits, others, &between);
    line->rate = between.between.observed;
    return status;
}

static int measure_layer(const specimen_t *s, size_t layer, uint64_t seed, size_t place,
                         layer_result_t *result) {
    const selection_t rule = {.experts = s->model.experts, .active = s->model.active};
    change_t c = {.logits = layer_logits(s, layer),
                  .rows = s->images->examined.data.rows,
                  .experts = rule.experts,
                  .active = rule.active,
                  .work = flip_work_alloc(&rule)};
    double *others = malloc(c.rows * c.experts * sizeof *others);
    int status =
        c.work == NULL || others == NULL ? GSL_ENOMEM : sample_rows(&c, c.logits, NULL, &result->report);
    for (size_t kind = 0; kind < KINDS && status == GSL_SUCCESS; kind++)
        status =
            measure_kind(&c, kind, seed, place * KINDS + kind, &result->report, others, &result->line[kind]);
    flip_work_free(c.work);
    free(others);
    return status;
}

// ---- One model ----

static int train(specimen_t *s, stream_t start, stream_t order) {
    const mixture_shape_t shape = {.inputs = s->images->training.side * s->images->training.side,
                                   .width = WIDTH,
                                   .layers = s->model.layers,
                                   .experts = s->model.experts,
                                   .active = s->model.active,
                                   .hidden = HIDDEN,
                                   .classes = EXPERIMENT_CLASSES};
    const topk_training_t training = {s->model.epochs, BATCHES[s->model.set], RATE, BALANCE};
    s->stack = mixture_stack_alloc(&shape);
    if (s->stack == NULL)
        return GSL_ENOMEM;
    mixture_stack_draw(s->stack, &start);
    int status = mixture_stack_train(s->stack, &s->images->training.data, &training, &order);
    if (status == GSL_SUCCESS)
        status = mixture_stack_classify(s->stack, &s->images->training.data, &s->training_correct);
    if (status == GSL_SUCCESS)
        status = mixture_stack_classify(s->stack, &s->images->test.data, &s->test_correct);
    return status;
}

static int find_logits(specimen_t *s) {
    const size_t rows = s->images->examined.data.rows, count = s->model.layers * rows * s->model.experts;
    s->logits = malloc(count * sizeof *s->logits);
    if (s->logits == NULL)
        return GSL_ENOMEM;
    const int status = mixture_stack_run(s->stack, s->images->examined.data.inputs, rows,
                                         &(mixture_results_t){.logits = s->logits});
    for (size_t i = 0; i < count && status == GSL_SUCCESS; i++)
        s->logits[i] = (float)s->logits[i];
    return status;
}

typedef struct {
    uint64_t seed;
    specimen_t *specimens;
} workshop_t;

static int make_model(void *context, int thread, ulong shard, fmpz *sums) {
    (void)thread;
    (void)sums;
    const workshop_t *workshop = context;
    specimen_t *s = &workshop->specimens[shard];
    int status = train(s, stream_of(workshop->seed, START_BLOCK, shard),
                       stream_of(workshop->seed, ORDER_BLOCK, shard));
    if (status == GSL_SUCCESS)
        status = find_logits(s);
    for (size_t l = 0; l < s->model.layers && status == GSL_SUCCESS; l++)
        status = measure_layer(s, l, workshop->seed, shard * MOST_LAYERS + l, &s->layer[l]);
    return status;
}

// ---- The results ----

// What the lines of one kind of change have in common, over all layers of all models.
typedef struct {
    size_t lines;
    flips_t flips;
    double least, greatest;      // predicted rates
    double worst, worst_shifted; // |z|
    double off;                  // greatest |observed/expected - 1|
    double spread;               // least
    double worst_small;          // |z| of the rate to first order, where the predicted one is small
    // Where the predicted rate is small: rows that flip, by the prediction and to first order, and the squared errors of both.
    double small_expected, small_first, small_error;
    size_t small_lines;
} summary_t;

static double score(const flips_t *flips) {
    return binomial_score(flips->observed, flips->expected, flips->variance).z;
}

// Variance of the difference of both predictions of a rate, if the law of first order holds: see the head.
static double first_order_variance(const line_t *line, size_t kind, size_t rows) {
    const double share = kind < CAST_COUNT ? 2.0 / 3 : 1 - M_SQRT1_2;
    return gsl_pow_2(line->first_order.err) + share * fmax(line->first_order.val, 0) / (double)rows;
}

static void add_line(summary_t *sum, const line_t *line, size_t kind, size_t rows) {
    const bool first = sum->lines++ == 0;
    sum->flips.observed += line->flips.observed;
    sum->flips.expected += line->flips.expected;
    sum->flips.variance += line->flips.variance;
    sum->least = first ? line->predicted.val : fmin(sum->least, line->predicted.val);
    sum->greatest = fmax(sum->greatest, line->predicted.val);
    sum->worst = fmax(sum->worst, fabs(score(&line->flips)));
    sum->worst_shifted = fmax(sum->worst_shifted, fabs(score(&line->shifted)));
    sum->off = fmax(sum->off, fabs((double)line->flips.observed / line->flips.expected - 1));
    sum->spread = first ? line->spread : fmin(sum->spread, line->spread);
    if (line->predicted.val > SMALL_RATE)
        return;
    const double variance = first_order_variance(line, kind, rows);
    sum->small_lines++;
    sum->small_expected += (double)rows * line->predicted.val;
    sum->small_first += (double)rows * line->first_order.val;
    sum->small_error += gsl_pow_2((double)rows) * variance;
    sum->worst_small =
        fmax(sum->worst_small, fabs(line->first_order.val - line->predicted.val) / sqrt(variance));
}

static const char *kind_name(size_t kind, char name[32]) {
    if (kind < CAST_COUNT)
        snprintf(name, 32, "%s", CASTS[kind]);
    else
        snprintf(name, 32, "noise %g", NOISES[kind - CAST_COUNT]);
    return name;
}

static size_t line_count(const specimen_t *specimens, size_t models) {
    size_t layers = 0;
    for (size_t m = 0; m < models; m++)
        layers += specimens[m].model.layers;
    return layers * KINDS;
}

static void write_lines(experiment_t *run, const specimen_t *specimens, size_t models) {
    static const table_column_t columns[] = {{"model", "1", NULL, NULL},
                                             {"set", "text", NULL, NULL},
                                             {"experts", "1", NULL, NULL},
                                             {"active", "1", NULL, NULL},
                                             {"layer", "1", NULL, NULL},
                                             {"kind", "1", NULL, NULL},
                                             {"change", "text", NULL, NULL},
                                             {"rows", "rows", NULL, NULL},
                                             {"observed", "rows", NULL, NULL},
                                             {"rate", "1", "%.5f", NULL},
                                             {"low", "1", "%.6f", NULL},
                                             {"high", "1", "%.6f", NULL},
                                             {"predicted", "1", "%.6f", NULL},
                                             {"first_order", "1", "%.6f", NULL},
                                             {"z", "standard errors", "%.2f", NULL}};
    char name[32];
    table_t *table = experiment_table(run, "", "flips of each layer under each cast and noise", columns,
                                      COUNT(columns), line_count(specimens, models));
    for (size_t m = 0; m < models; m++)
        for (size_t l = 0; l < specimens[m].model.layers; l++)
            for (size_t kind = 0; kind < KINDS; kind++) {
                const line_t *line = &specimens[m].layer[l].line[kind];
                table_integer(table, (long long)m + 1);
                table_text(table, SET_NAMES[specimens[m].model.set]);
                table_integer(table, (long long)specimens[m].model.experts);
                table_integer(table, (long long)specimens[m].model.active);
                table_integer(table, (long long)l + 1);
                table_integer(table, (long long)kind + 1);
                table_text(table, kind_name(kind, name));
                table_integer(table, (long long)line->rate.trials);
                table_integer(table, (long long)line->rate.count);
                table_real(table, line->rate.rate);
                table_real(table, line->rate.low);
                table_real(table, line->rate.high);
                table_real(table, line->predicted.val);
                table_real(table, line->first_order.val);
                table_rounded(table, score(&line->flips), 100);
            }
}

static void write_kinds(experiment_t *run, const summary_t sums[KINDS]) {
    static const table_column_t columns[] = {{"change", "text", NULL, ""},
                                             {"least", "%", "%.2f", ""},
                                             {"greatest", "%", "%.1f", ""},
                                             {"observed", "rows", NULL, ""},
                                             {"expected", "rows", "%.1f", ""},
                                             {"total_z", "standard errors", "%.2f", ""},
                                             {"worst_z", "standard errors", "%.2f", ""},
                                             {"worst_shifted_z", "standard errors", NULL, ""}};
    char name[32];
    table_t *table =
        experiment_table(run, "kinds", "flips of all layers together", columns, COUNT(columns), KINDS);
    for (size_t kind = 0; kind < KINDS; kind++) {
        table_text(table, kind_name(kind, name));
        table_real(table, 100 * sums[kind].least);
        table_real(table, 100 * sums[kind].greatest);
        table_integer(table, (long long)sums[kind].flips.observed);
        table_real(table, sums[kind].flips.expected);
        table_rounded(table, score(&sums[kind].flips), 100);
        table_real(table, sums[kind].worst);
        if (kind < CAST_COUNT)
            snprintf(name, sizeof name, "%.2f", sums[kind].worst_shifted);
        table_text(table, kind < CAST_COUNT ? name : "--");
    }
}

static void write_models(experiment_t *run, const specimen_t *specimens, size_t models) {
    static const table_column_t columns[] = {
        {"set", "text", NULL, ""},          {"experts", "1", NULL, ""},
        {"active", "1", NULL, ""},          {"layers", "1", NULL, ""},
        {"parameters", "1", NULL, ""},      {"trained_on", "images", NULL, ""},
        {"epochs", "1", NULL, ""},          {"training_accuracy", "%", "%.1f", ""},
        {"test_accuracy", "%", "%.1f", ""}, {"examined", "images", NULL, ""},
        {"density", "1", "%.2f", ""}};
    table_t *table = experiment_table(
        run, "models", "the stacks that were trained; density: of gap_k at 0 in the first layer", columns,
        COUNT(columns), models);
    for (size_t m = 0; m < models; m++) {
        const specimen_t *s = &specimens[m];
        const images_t *images = s->images;
        table_text(table, SET_NAMES[s->model.set]);
        table_integer(table, (long long)s->model.experts);
        table_integer(table, (long long)s->model.active);
        table_integer(table, (long long)s->model.layers);
        table_integer(table, (long long)s->stack->count);
        table_integer(table, (long long)images->training.data.rows);
        table_integer(table, (long long)s->model.epochs);
        table_real(table, 100 * (double)s->training_correct / (double)images->training.data.rows);
        table_real(table, 100 * (double)s->test_correct / (double)images->test.data.rows);
        table_integer(table, (long long)images->examined.data.rows);
        table_real(table, s->layer[0].report.density.val);
    }
}

// The two roads: the counts must be equal, and the predictions too, up to the sample's fixed point of 32 bits.
static void check_roads(experiment_t *run, const specimen_t *specimens, size_t models) {
    size_t different = 0;
    double off = 0;
    for (size_t m = 0; m < models; m++)
        for (size_t l = 0; l < specimens[m].model.layers; l++)
            for (size_t kind = 0; kind < KINDS; kind++) {
                const line_t *line = &specimens[m].layer[l].line[kind];
                different += line->flips.observed != line->rate.count;
                off = fmax(off, fabs(line->flips.expected / (double)line->rate.trials - line->predicted.val));
            }
    experiment_check_integer(run, FLIPS,
                             "lines on which the sample and the second road count different flips",
                             (long long)different, 0);
    experiment_check(run, FLIPS, "predicted rates of the sample less those of the second road", off, AT_MOST,
                     0x1p-31, 0);
}

// ---- Dumps ----

// A dump of the logits of one model, and what its numbers are rounded to: a cast, or CAST_COUNT for none.
typedef struct {
    const char *part;
    dump_type_t type;
    size_t cast;
} format_t;
enum { FLOAT16 = 0, BFLOAT16 = 1 }; // numbers of casts

static void write_dump(experiment_t *run, const format_t *format, const char *path,
                       const dump_block_t *block) {
    const char *ending = strrchr(format->part, '.');
    fault_t fault = {0};
    if (strcmp(ending, ".npy") == 0)
        dump_write_npy(path, block, format->type, &fault);
    else if (strcmp(ending, ".safetensors") == 0)
        dump_write_safetensors(path, block, format->type, &fault);
    else
        dump_write_csv(path, block, &fault);
    experiment_accept(run, &fault);
}

// Reads a layer of a dump back. Returns whether its flips against the logits in memory are those of the cast, and its margins
// those of the logits in memory where there is none.
static bool same_margins(experiment_t *run, const specimen_t *s, const format_t *format, dump_t *dump,
                         size_t layer) {
    const change_t c = {
        .rows = s->images->examined.data.rows, .experts = s->model.experts, .active = s->model.active};
    const double *logits = layer_logits(s, layer);
    double *values = experiment_memory(run, calloc(c.rows * c.experts, sizeof *values));
    const margin_report_t *mine = &s->layer[layer].report;
    margin_report_t report;
    fault_t fault = {0};
    if (dump_rows(dump, layer) != c.rows || dump_columns(dump, layer) != c.experts)
        experiment_stop(run, FAULT_INTERNAL, "%s: a dump of another shape was read", format->part);
    dump_read(dump, layer, 0, c.rows, values, &fault);
    experiment_accept(run, &fault);
    experiment_require(run, sample_rows(&c, values, logits, &report), "the sample of a dump");
    free(values);
    if (format->cast < CAST_COUNT)
        return report.between.observed.count == mine->cast[format->cast].observed.count &&
               report.exact_ties == mine->cast[format->cast].ties;
    return report.between.observed.count == 0 && report.density.val == mine->density.val &&
           memcmp(report.gap_quantile, mine->gap_quantile, sizeof mine->gap_quantile) == 0;
}

// The logits of one model in all formats.
static void write_dumps(experiment_t *run, const specimen_t *s) {
    static const format_t formats[] = {{"float64.npy", DUMP_F64, CAST_COUNT},
                                       {"float32.npy", DUMP_F32, CAST_COUNT},
                                       {"float16.npy", DUMP_F16, FLOAT16},
                                       {"float32.safetensors", DUMP_F32, CAST_COUNT},
                                       {"bfloat16.safetensors", DUMP_BF16, BFLOAT16},
                                       {"text.csv", DUMP_F64, CAST_COUNT}};
    const dump_block_t block = {s->model.layers, s->images->examined.data.rows, s->model.experts, s->logits};
    size_t same = 0;
    for (size_t i = 0; i < COUNT(formats); i++) {
        const char *path = experiment_dump(run, formats[i].part);
        dump_t *dump = NULL;
        fault_t fault = {0};
        write_dump(run, &formats[i], path, &block);
        dump_open(path, DUMP_GUESS, false, &dump, &fault);
        experiment_accept(run, &fault);
        bool all = dump_layers(dump) == s->model.layers;
        for (size_t l = 0; l < s->model.layers && all; l++)
            all = same_margins(run, s, &formats[i], dump, l);
        dump_close(dump);
        same += all;
    }
    experiment_check_integer(run, FLIPS, "formats of dumps that give back the margins", (long long)same,
                             COUNT(formats));
    experiment_macro_integer(run, "DumpFormats", COUNT(formats));
}

// ---- The claims ----

// What the figure cannot show.
static void state_unseen(experiment_t *run, const specimen_t *specimens, size_t models) {
    long long lines = 0;
    double expected = 0;
    for (size_t m = 0; m < models; m++)
        for (size_t l = 0; l < specimens[m].model.layers; l++)
            for (size_t kind = 0; kind < KINDS; kind++) {
                const flips_t *flips = &specimens[m].layer[l].line[kind].flips;
                lines += flips->observed == 0;
                expected += flips->observed == 0 ? flips->expected : 0;
            }
    experiment_macro_integer(run, "UnseenLines", lines);
    experiment_macro(run, "UnseenExpected", "%.2f", expected);
}

static void decide_flips(experiment_t *run, const summary_t sums[KINDS]) {
    double worst = 0, worst_total = 0;
    for (size_t kind = 0; kind < KINDS; kind++)
        if (!is_coarse(kind)) {
            worst = fmax(worst, sums[kind].worst);
            worst_total = fmax(worst_total, fabs(score(&sums[kind].flips)));
        }
    experiment_check(run, FLIPS, "|z| of a layer under a fine cast or noise", worst, AT_MOST, WORST_Z, 0);
    experiment_check(run, FLIPS, "|z| of all layers together under a fine cast or noise", worst_total,
                     AT_MOST, WORST_Z, 0);
    experiment_macro(run, "WorstZ", "%.2f", worst);
    experiment_macro(run, "WorstTotalZ", "%.2f", worst_total);
    experiment_claim(run, FLIPS, VERDICT_HOLDS, METHOD_MONTECARLO, "trained-flips.csv");
}

static void decide_grid(experiment_t *run, const summary_t sums[KINDS]) {
    double shifted = 0, off = 0, worst = 0, fine = INFINITY, coarse = INFINITY;
    for (size_t kind = 0; kind < CAST_COUNT; kind++) {
        shifted = fmax(shifted, sums[kind].worst_shifted);
        if (is_coarse(kind)) {
            off = fmax(off, sums[kind].off);
            worst = fmax(worst, sums[kind].worst);
            coarse = fmin(coarse, sums[kind].spread);
        } else {
            fine = fmin(fine, sums[kind].spread);
        }
    }
    experiment_check(run, GRID, "|z| of a layer under a cast with its grid at random", shifted, AT_MOST,
                     WORST_Z, 0);
    experiment_macro(run, "WorstShiftedZ", "%.2f", shifted);
    experiment_macro(run, "WorstCoarseZ", "%.2f", worst);
    experiment_macro(run, "CoarsePercent", "%.1f", 100 * off);
    experiment_macro(run, "FineSpread", "%.1f", fine);
    experiment_macro(run, "CoarseSpread", "%.1f", coarse);
    experiment_claim(run, GRID, VERDICT_HOLDS, METHOD_MONTECARLO, "trained-flips.kinds.csv");
}

// How much of integer formats nothing is left to chance in.
static void state_fixed(experiment_t *run, const specimen_t *specimens, size_t models) {
    double fixed[2] = {0, 0}, rows[2] = {0, 0}; // k >= 2, k = 1
    for (size_t m = 0; m < models; m++)
        for (size_t l = 0; l < specimens[m].model.layers; l++)
            for (size_t kind = 0; kind < CAST_COUNT; kind++) {
                const size_t top = specimens[m].model.active == 1;
                rounding_t format;
                if (!rounding_parse(CASTS[kind], &format) || format.kind != ROUNDING_INTEGER)
                    continue;
                fixed[top] += (double)specimens[m].layer[l].line[kind].fixed;
                rows[top] += (double)specimens[m].images->examined.data.rows;
            }
    experiment_macro(run, "FixedPercent", "%.1f", 100 * fixed[0] / rows[0]);
    experiment_macro(run, "FixedTopPercent", "%.1f", 100 * fixed[1] / rows[1]);
}

static void decide_density(experiment_t *run, const summary_t sums[KINDS]) {
    double worst = 0, together = 0, part = 0;
    size_t lines = 0;
    for (size_t kind = 0; kind < KINDS; kind++) {
        const summary_t *sum = &sums[kind];
        if (sum->small_lines == 0)
            continue;
        const double off = sum->small_first - sum->small_expected;
        lines += sum->small_lines;
        worst = fmax(worst, sum->worst_small);
        together = fmax(together, fabs(off) / sqrt(sum->small_error));
        part = fmax(part, fabs(off) / sum->small_expected);
    }
    experiment_check(run, DENSITY, "|z| of a rate of first order against the predicted one", worst, AT_MOST,
                     WORST_Z, 0);
    experiment_check(run, DENSITY, "|z| of all rates of first order under one change", together, AT_MOST,
                     WORST_Z, 0);
    experiment_macro(run, "DensityLineZ", "%.2f", worst);
    experiment_macro(run, "DensityZ", "%.2f", together);
    experiment_macro(run, "DensityPercent", "%.1f", 100 * part);
    experiment_macro_integer(run, "DensityLines", (long long)lines);
    experiment_claim(run, DENSITY, VERDICT_HOLDS, METHOD_MONTECARLO, "trained-flips.csv");
}

// ---- The run ----

static images_t read_set(experiment_t *run, set_t set) {
    if (set == FASHION) {
        const experiment_images_t test = experiment_fashion(run, FASHION_TEST, 0, FASHION_EXAMINED, POOL);
        return (images_t){experiment_fashion(run, FASHION_TRAINING, 0, FASHION_TRAINED, POOL), test, test};
    }
    const experiment_images_t all = experiment_digits(run);
    return (images_t){experiment_images_split(run, &all, SPLIT, false),
                      experiment_images_split(run, &all, SPLIT, true), all};
}

static void free_set(images_t *images) {
    if (images->examined.data.inputs != images->test.data.inputs)
        experiment_images_free(&images->examined);
    experiment_images_free(&images->training);
    experiment_images_free(&images->test);
}

static void state_parameters(experiment_t *run) {
    experiment_parameter(run, "Width", "%.0f", WIDTH, "1");
    experiment_parameter(run, "Hidden", "%.0f", HIDDEN, "units");
    experiment_parameter(run, "Rate", "%g", RATE, "1");
    experiment_parameter(run, "Balance", "%g", BALANCE, "1");
    experiment_parameter(run, "DigitsBatch", "%.0f", (double)BATCHES[DIGITS], "images");
    experiment_parameter(run, "FashionBatch", "%.0f", (double)BATCHES[FASHION], "images");
    experiment_parameter(run, "SmallPercent", "%.0f", 100 * SMALL_RATE, "%");
}

static void report(experiment_t *run, const specimen_t *specimens, size_t models) {
    summary_t sums[KINDS] = {0};
    for (size_t m = 0; m < models; m++)
        for (size_t l = 0; l < specimens[m].model.layers; l++)
            for (size_t kind = 0; kind < KINDS; kind++)
                add_line(&sums[kind], &specimens[m].layer[l].line[kind], kind,
                         specimens[m].images->examined.data.rows);
    write_lines(run, specimens, models);
    write_kinds(run, sums);
    write_models(run, specimens, models);
    check_roads(run, specimens, models);
    write_dumps(run, &specimens[DUMPED]);
    experiment_macro_integer(run, "Lines", (long long)line_count(specimens, models));
    experiment_macro_integer(run, "Models", (long long)models);
    experiment_macro_integer(run, "Digits", (long long)specimens[0].images->examined.data.rows);
    state_unseen(run, specimens, models);
    state_fixed(run, specimens, models);
    decide_flips(run, sums);
    decide_grid(run, sums);
    decide_density(run, sums);
}

static void run_trained_flips(experiment_t *run) {
    const bool quick = experiment_quick(run);
    const size_t models = quick ? MODELS_QUICK : MODEL_COUNT;
    specimen_t specimens[MODEL_COUNT] = {0};
    images_t sets[SETS];
    memset(sets, 0, sizeof sets);
    for (set_t set = DIGITS; set <= (quick ? DIGITS : FASHION); set++)
        sets[set] = read_set(run, set);
    workshop_t workshop = {experiment_seed(run), specimens};
    const shards_plan_t plan = {.count = models, .run = make_model, .context = &workshop};
    const shards_control_t control = {
        .threads = experiment_threads(run), .progress = experiment_progress, .watcher = run};
    state_parameters(run);
    for (size_t m = 0; m < models; m++) {
        specimens[m].model = MODELS[m];
        specimens[m].images = &sets[MODELS[m].set];
        if (quick)
            specimens[m].model.epochs = EPOCHS_QUICK;
    }
    experiment_require(run, shards_run(&plan, &control, NULL), "the training");
    report(run, specimens, models);
    for (size_t m = 0; m < models; m++) {
        mixture_stack_free(specimens[m].stack);
        free(specimens[m].logits);
    }
    for (size_t i = 0; i < COUNT(sets); i++)
        free_set(&sets[i]);
    flint_cleanup();
}

int main(int argc, char **argv) {
    static const experiment_plan_t plan = {
        .name = "trained-flips",
        .brief =
            "predicted and observed changes of selected experts in trained routers, under casts and noise",
        .seed = 2026,
        .run = run_trained_flips};
    return experiment_main(&plan, argc, argv);
}
