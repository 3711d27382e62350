// SPDX-License-Identifier: GPL-3.0-or-later
// The soft-hard gap from a sample; see gap_sample.h.
#include "routing/gap_sample.h"

#include "routing/margin.h"
#include "routing/softmax.h"
#include "stat/edge.h"
#include "stat/log_histogram.h"
#include "stat/moments.h"

#include <float.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

// ---- Rows ----

enum { BLOCK_NUMBERS = 1 << 18, BLOCK_ROWS = 4096 };

// The rows of a source, block by block.
typedef struct walk {
    const gap_source_t *source;
    size_t most;    // rows of a block
    double *memory; // owned: all arrays below
    double *logits, *outputs, *targets;
    double *gates, *change; // of one row: K and m numbers
    double *samples;        // most x COMPONENTS numbers
} walk_t;

// One row, and what does not depend on the temperature.
typedef struct row {
    const double *logits, *outputs, *target; // target NULL without targets
    size_t winner, second;
    double margin;
} row_t;

// What gap_measure takes means of.
enum {
    RISK,
    SQUARE,
    TAIL,
    TAIL_SQUARED,
    TIE_RISK,
    TIE_SQUARE,
    DENSITY,
    JUMP, // density times |D|^2
    LAG,  // density times 2 D.(y - h_0)
    NARROW_JUMP,
    NARROW_LAG,
    COMPONENTS,
    CARRIED = TAIL_SQUARED + 1 // the first ones, of which it is counted how many rows carry them
};

static int walk_start(walk_t *walk, const gap_source_t *source) {
    const size_t experts = source->experts, dimension = source->dimension;
    const size_t width = experts + experts * dimension + dimension;
    const size_t fit = BLOCK_NUMBERS / width;
    *walk = (walk_t){.source = source, .most = fit < 1 ? 1 : fit > BLOCK_ROWS ? BLOCK_ROWS : fit};
    walk->memory = calloc(walk->most * (width + COMPONENTS) + experts + dimension, sizeof *walk->memory);
    if (walk->memory == NULL)
        return GSL_ENOMEM;
    walk->logits = walk->memory;
    walk->outputs = walk->logits + walk->most * experts;
    walk->targets = walk->outputs + walk->most * experts * dimension;
    walk->samples = walk->targets + walk->most * dimension;
    walk->gates = walk->samples + walk->most * COMPONENTS;
    walk->change = walk->gates + experts;
    return GSL_SUCCESS;
}

static void walk_end(walk_t *walk) {
    free(walk->memory);
}

// Reads the block that starts at a row; gives its length.
static int walk_read(walk_t *walk, uint64_t first, size_t *count) {
    const gap_source_t *source = walk->source;
    const uint64_t left = source->rows - first;
    *count = left < walk->most ? (size_t)left : walk->most;
    return source->read(source->context, first, *count, walk->logits, walk->outputs,
                        source->targets ? walk->targets : NULL);
}

static row_t walk_row(const walk_t *walk, size_t i) {
    const size_t experts = walk->source->experts, dimension = walk->source->dimension;
    row_t row = {.logits = walk->logits + i * experts,
                 .outputs = walk->outputs + i * experts * dimension,
                 .target = walk->source->targets ? walk->targets + i * dimension : NULL};
    row.winner = margin_winner(row.logits, experts);
    row.second = row.winner == 0 ? 1 : 0;
    for (size_t k = 0; k < experts; k++)
        if (k != row.winner && row.logits[k] > row.logits[row.second])
            row.second = k;
    row.margin = fmin(row.logits[row.winner] - row.logits[row.second], DBL_MAX);
    return row;
}

// What a change d of the prediction h_0 does: its square, and what the loss gains by it.
typedef struct effect {
    double square, risk, tail;
} effect_t;

static effect_t effect_of(const row_t *row, const double *change, size_t dimension, double tail) {
    effect_t effect = {.tail = tail};
    const double *hard = row->outputs + row->winner * dimension;
    double along = 0;
    for (size_t j = 0; j < dimension; j++) {
        effect.square += change[j] * change[j];
        if (row->target != NULL)
            along += change[j] * (row->target[j] - hard[j]);
    }
    effect.risk = effect.square - 2 * along;
    return effect;
}

// d = sum over k of p_k (f_k - f_k*); the gates are in walk->gates.
static effect_t mix(const walk_t *walk, const row_t *row) {
    const size_t experts = walk->source->experts, dimension = walk->source->dimension;
    const double *hard = row->outputs + row->winner * dimension;
    double tail = 0;
    memset(walk->change, 0, dimension * sizeof *walk->change);
    for (size_t k = 0; k < experts; k++) {
        if (k == row->winner || walk->gates[k] == 0)
            continue;
        tail += walk->gates[k];
        for (size_t j = 0; j < dimension; j++)
            walk->change[j] += walk->gates[k] * (row->outputs[k * dimension + j] - hard[j]);
    }
    return effect_of(row, walk->change, dimension, tail);
}

// At a temperature. Where the margin is more than COLD temperatures, the effect is below 1e-25 of the outputs' spread.
static const double COLD = 60;

static effect_t soften(const walk_t *walk, const row_t *row, double tau) {
    if (row->margin > COLD * tau)
        return (effect_t){0, 0, 0};
    softmax_gates(row->logits, walk->source->experts, tau, walk->gates);
    return mix(walk, row);
}

// In the limit tau -> 0: equal shares among the largest logits.
static effect_t freeze(const walk_t *walk, const row_t *row) {
    size_t shares = 0;
    for (size_t k = 0; k < walk->source->experts; k++) {
        walk->gates[k] = row->logits[k] == row->logits[row->winner];
        shares += walk->gates[k] != 0;
    }
    for (size_t k = 0; k < walk->source->experts; k++)
        walk->gates[k] /= (double)shares;
    return mix(walk, row);
}

// ---- Rows in memory ----

static int read_arrays(const void *context, uint64_t first, size_t count, double *logits, double *outputs,
                       double *targets) {
    const gap_arrays_t *arrays = context;
    const size_t experts = arrays->experts, dimension = arrays->dimension;
    memcpy(logits, arrays->logits + first * experts, count * experts * sizeof *logits);
    memcpy(outputs, arrays->outputs + first * experts * dimension,
           count * experts * dimension * sizeof *outputs);
    if (targets != NULL)
        memcpy(targets, arrays->targets + first * dimension, count * dimension * sizeof *targets);
    return GSL_SUCCESS;
}

gap_source_t gap_arrays_source(const gap_arrays_t *arrays) {
    return (gap_source_t){.rows = arrays->rows,
                          .experts = arrays->experts,
                          .dimension = arrays->dimension,
                          .targets = arrays->targets != NULL,
                          .read = read_arrays,
                          .context = arrays};
}

// ---- The survey ----

// Leading bits of a margin in the histogram.
enum { LEAD = 4 };

static double distance(const double *a, const double *b, size_t dimension) {
    double sum = 0;
    for (size_t j = 0; j < dimension; j++)
        sum += gsl_pow_2(a[j] - (b != NULL ? b[j] : 0));
    return sqrt(sum);
}

static int survey_row(gap_survey_t *survey, const gap_source_t *source, const row_t *row,
                      log_histogram_t *margins) {
    const size_t dimension = source->dimension;
    const double *hard = row->outputs + row->winner * dimension;
    for (size_t k = 0; k < source->experts; k++) {
        const double *output = row->outputs + k * dimension;
        survey->spread = fmax(survey->spread, distance(output, hard, dimension));
        survey->outputs = fmax(survey->outputs, distance(output, NULL, dimension));
        survey->range = fmin(fmax(survey->range, row->logits[row->winner] - row->logits[k]), DBL_MAX);
    }
    if (row->target != NULL)
        survey->targets = fmax(survey->targets, distance(row->target, NULL, dimension));
    if (row->margin == 0) {
        survey->ties++;
        return GSL_SUCCESS;
    }
    if (survey->least == 0 || row->margin < survey->least)
        survey->least = row->margin;
    survey->greatest = fmax(survey->greatest, row->margin);
    return log_histogram_add(margins, &row->margin, 1);
}

int gap_survey(const gap_source_t *source, gap_survey_t *survey) {
    walk_t walk;
    size_t count = 0;
    gap_survey_t result = {0};
    log_histogram_t *margins = log_histogram_alloc(LEAD);
    int status = margins != NULL ? walk_start(&walk, source) : GSL_ENOMEM;
    if (status != GSL_SUCCESS) {
        log_histogram_free(margins);
        return status;
    }
    for (uint64_t first = 0; first < source->rows && status == GSL_SUCCESS; first += count) {
        status = walk_read(&walk, first, &count);
        for (size_t i = 0; i < count && status == GSL_SUCCESS; i++) {
            const row_t row = walk_row(&walk, i);
            status = survey_row(&result, source, &row, margins);
        }
    }
    result.window = edge_window(margins);
    walk_end(&walk);
    log_histogram_free(margins);
    if (status == GSL_SUCCESS)
        *survey = result;
    return status;
}

// ---- One temperature ----

static void measure_row(const walk_t *walk, const row_t *row, double window, double tau, double *sample) {
    const size_t dimension = walk->source->dimension;
    const effect_t effect = soften(walk, row, tau);
    sample[RISK] = effect.risk;
    sample[SQUARE] = effect.square;
    sample[TAIL] = effect.tail;
    sample[TAIL_SQUARED] = gsl_pow_2(effect.tail);
    const effect_t tie = row->margin == 0 ? freeze(walk, row) : (effect_t){0, 0, 0};
    sample[TIE_RISK] = tie.risk;
    sample[TIE_SQUARE] = tie.square;
    // A whole move to the second expert has the effect |D|^2 + 2 D.(y - h_0) on the risk.
    for (size_t j = 0; j < dimension; j++)
        walk->change[j] =
            row->outputs[row->second * dimension + j] - row->outputs[row->winner * dimension + j];
    const effect_t jump = effect_of(row, walk->change, dimension, 1);
    const double wide = edge_kernel(row->margin, window), narrow = edge_kernel(row->margin, window / 2);
    sample[DENSITY] = wide;
    sample[JUMP] = wide * jump.square;
    sample[LAG] = wide * (jump.risk - jump.square);
    sample[NARROW_JUMP] = narrow * jump.square;
    sample[NARROW_LAG] = narrow * (jump.risk - jump.square);
}

// The sums of absolute values and of squares of a component, over the rows without an exact tie.
typedef struct load {
    double sum, squares;
} load_t;

static void add_loads(load_t loads[CARRIED], const double *sample) {
    for (size_t i = 0; i < CARRIED; i++) {
        loads[i].sum += fabs(sample[i]);
        loads[i].squares += gsl_pow_2(sample[i]);
    }
}

static double carriers(const load_t *load) {
    return load->squares > 0 ? load->sum * (load->sum / load->squares) : 0;
}

static int measure_all(walk_t *walk, const gap_survey_t *survey, double tau, moments_t *moments,
                       load_t loads[CARRIED]) {
    size_t count = 0;
    int status = GSL_SUCCESS;
    for (uint64_t first = 0; first < walk->source->rows && status == GSL_SUCCESS; first += count) {
        status = walk_read(walk, first, &count);
        for (size_t i = 0; i < count && status == GSL_SUCCESS; i++) {
            const row_t row = walk_row(walk, i);
            double *sample = walk->samples + i * COMPONENTS;
            measure_row(walk, &row, survey->window, tau, sample);
            if (row.margin > 0)
                add_loads(loads, sample);
        }
        if (status == GSL_SUCCESS)
            moments_add(moments, walk->samples, count);
    }
    return status;
}

// The mean of a weighted sum of components, with its standard error.
static gsl_sf_result combine(const moments_t *moments, const double weights[COMPONENTS]) {
    double mean = 0, variance = 0;
    for (size_t i = 0; i < COMPONENTS; i++) {
        mean += weights[i] * moments_mean(moments, i);
        for (size_t j = 0; j < COMPONENTS && weights[i] != 0; j++)
            if (weights[j] != 0)
                variance += weights[i] * weights[j] * moments_mean_covariance(moments, i, j);
    }
    return (gsl_sf_result){mean, sqrt(variance < 0 ? 0 : variance)};
}

static const double SQUARE_SHARE = M_LN2 - 0.5, LAG_SHARE = M_LN2; // of half a gate

static gap_estimate_t estimate(const moments_t *moments, const load_t loads[CARRIED], double tau, bool risk,
                               double bound) {
    const size_t observed = risk ? RISK : SQUARE, ties = risk ? TIE_RISK : TIE_SQUARE;
    const double lag = risk ? LAG_SHARE : 0;
    gap_estimate_t result = {.bound = bound};
    result.observed = moments_estimate(moments, observed);
    result.carriers = carriers(&loads[observed]);
    result.bound_carriers = carriers(&loads[risk ? TAIL : TAIL_SQUARED]);
    result.ties = moments_mean(moments, ties);
    result.ties_error = moments_estimate(moments, ties).err;
    result.slope = combine(moments, (double[COMPONENTS]){[JUMP] = SQUARE_SHARE, [LAG] = lag});
    result.covariance = SQUARE_SHARE * moments_mean_covariance(moments, ties, JUMP) +
                        lag * moments_mean_covariance(moments, ties, LAG);
    result.narrow = combine(moments, (double[COMPONENTS]){[NARROW_JUMP] = SQUARE_SHARE, [NARROW_LAG] = lag});
    result.predicted = result.ties + tau * result.slope.val;
    double weights[COMPONENTS] = {[JUMP] = -tau * SQUARE_SHARE, [LAG] = -tau * lag};
    weights[observed] = 1;
    weights[ties] = -1;
    const gsl_sf_result difference = combine(moments, weights);
    result.z = difference.err > 0 ? difference.val / difference.err : GSL_NAN;
    return result;
}

// The quotient of two means, with its standard error to first order.
static gsl_sf_result quotient(const moments_t *moments, size_t over, size_t under) {
    const double value = moments_mean(moments, over) / moments_mean(moments, under);
    if (!(moments_mean(moments, under) > 0))
        return (gsl_sf_result){GSL_NAN, GSL_NAN};
    double weights[COMPONENTS] = {0};
    weights[over] = 1;
    weights[under] = -value;
    return (gsl_sf_result){value, combine(moments, weights).err / moments_mean(moments, under)};
}

int gap_measure(const gap_source_t *source, const gap_survey_t *survey, double tau, gap_report_t *report) {
    walk_t walk;
    load_t loads[CARRIED] = {{0, 0}};
    if (!(tau > 0))
        return GSL_EDOM;
    moments_t *moments = moments_alloc(COMPONENTS);
    int status = moments != NULL ? walk_start(&walk, source) : GSL_ENOMEM;
    if (status == GSL_SUCCESS) {
        status = measure_all(&walk, survey, tau, moments, loads);
        walk_end(&walk);
    }
    if (status == GSL_SUCCESS) {
        report->tail = moments_estimate(moments, TAIL);
        report->tail_squared = moments_estimate(moments, TAIL_SQUARED);
        report->density = moments_estimate(moments, DENSITY);
        report->jump = quotient(moments, JUMP, DENSITY);
        report->square =
            estimate(moments, loads, tau, false, gsl_pow_2(survey->spread) * report->tail_squared.val);
        report->risk = estimate(moments, loads, tau, true,
                                2 * (survey->targets + survey->outputs) * survey->spread * report->tail.val);
    }
    moments_free(moments);
    return status;
}

// ---- The law ----

bool gap_sample_within(const gap_survey_t *survey, double tau) {
    return tau <= survey->window;
}

gsl_sf_result gap_sample_law_temperature(const gap_estimate_t *estimate, double tolerance) {
    const double slope = estimate->slope.val;
    if (fabs(estimate->ties) > tolerance)
        return (gsl_sf_result){0, 0};
    if (slope == 0)
        return (gsl_sf_result){GSL_POSINF, 0};
    // The line leaves the strip on the side that it rises or falls to.
    const double tau = (tolerance - GSL_SIGN(slope) * estimate->ties) / fabs(slope);
    const double variance = gsl_pow_2(estimate->ties_error) + 2 * tau * estimate->covariance +
                            gsl_pow_2(tau * estimate->slope.err);
    return (gsl_sf_result){tau, sqrt(variance < 0 ? 0 : variance) / fabs(slope)};
}

double gap_sample_rows(const gap_report_t *report, double tau) {
    const double rows = GAP_CARRIERS / (report->density.val * tau);
    return rows > 0 && isfinite(rows) ? ceil(rows) : GSL_NAN;
}

// ---- Many temperatures ----

// The first grid goes from cold to warm in stretches of so many temperatures, until one is outside; the next ones are small
// because each temperature costs more than a further reading.
enum { STRETCH = 16, NEXT_GRID = 4, MOST_STEPS = 512 };
static const double FIRST_STEP = 0.25; // of ln tau

// Sums of a quantity over all rows, at each of some temperatures.
static int sum_curve(walk_t *walk, const gap_survey_t *survey, gap_quantity_t quantity, const double *taus,
                     size_t grid, double *sums) {
    size_t count = 0;
    int status = GSL_SUCCESS;
    const bool risk = walk->source->targets;
    const double share =
        risk ? 2 * (survey->targets + survey->outputs) * survey->spread : gsl_pow_2(survey->spread);
    memset(sums, 0, grid * sizeof *sums);
    for (uint64_t first = 0; first < walk->source->rows && status == GSL_SUCCESS; first += count) {
        status = walk_read(walk, first, &count);
        for (size_t i = 0; i < count && status == GSL_SUCCESS; i++) {
            const row_t row = walk_row(walk, i);
            for (size_t t = grid; t-- > 0 && row.margin <= COLD * taus[t];) {
                const effect_t effect = soften(walk, &row, taus[t]);
                if (quantity == GAP_OBSERVED)
                    sums[t] += risk ? effect.risk : effect.square;
                else
                    sums[t] += share * (risk ? effect.tail : gsl_pow_2(effect.tail));
            }
        }
    }
    return status;
}

// The first place of a grid where the mean is outside of the tolerance; `grid` when there is none.
static size_t first_outside(const double *sums, size_t grid, double rows, double tolerance) {
    size_t t = 0;
    while (t < grid && fabs(sums[t] / rows) <= tolerance)
        t++;
    return t;
}

// What is sought.
typedef struct search {
    walk_t walk;
    const gap_survey_t *survey;
    gap_quantity_t quantity;
    double tolerance;
} search_t;

// The first of low exp(step), low exp(2 step), ... that is outside of the tolerance; `grid` when there is none.
static int look(search_t *search, double low, double step, size_t grid, size_t *outside) {
    double taus[STRETCH], sums[STRETCH];
    for (size_t t = 0; t < grid; t++)
        taus[t] = low * exp(step * (double)(t + 1));
    const int status = sum_curve(&search->walk, search->survey, search->quantity, taus, grid, sums);
    if (status == GSL_SUCCESS)
        *outside = first_outside(sums, grid, (double)search->walk.source->rows, search->tolerance);
    return status;
}

// The colder end of the first step from cold to warm that leaves the tolerance; infinite when none does.
static int scan(search_t *search, double cold, double warm, double step, double *low) {
    size_t outside = STRETCH;
    int status = GSL_SUCCESS;
    for (*low = cold; *low < warm && status == GSL_SUCCESS; *low *= exp(step * STRETCH)) {
        status = look(search, *low, step, STRETCH, &outside);
        if (status == GSL_SUCCESS && outside < STRETCH) {
            *low *= exp(step * (double)outside);
            return GSL_SUCCESS;
        }
    }
    *low = GSL_POSINF;
    return status;
}

static int find(search_t *search, double cold, double warm, double *tau) {
    double step = fmax(FIRST_STEP, (log(warm) - log(cold)) / MOST_STEPS), low;
    size_t outside = 0;
    // At the coldest temperature there are the exact ties alone.
    int status = look(search, cold, 0, 1, &outside);
    if (status != GSL_SUCCESS || outside == 0) {
        *tau = 0;
        return status;
    }
    status = scan(search, cold, warm, step, &low);
    while (status == GSL_SUCCESS && isfinite(low) && step > 1e-6) {
        step /= NEXT_GRID + 1;
        status = look(search, low, step, NEXT_GRID, &outside);
        low *= exp(step * (double)outside);
    }
    *tau = low;
    return status;
}

int gap_sample_temperature(const gap_source_t *source, const gap_survey_t *survey, gap_quantity_t quantity,
                           double tolerance, double *tau) {
    search_t search = {.survey = survey, .quantity = quantity, .tolerance = tolerance};
    if (!(tolerance > 0))
        return GSL_EDOM;
    int status = walk_start(&search.walk, source);
    if (status != GSL_SUCCESS)
        return status;
    // Below the least margin over COLD nothing but exact ties is soft, and beyond 1e4 times the range all gates are equal.
    const double least = survey->least > 0 ? survey->least : 1, range = survey->range > 0 ? survey->range : 1;
    status = find(&search, fmax(least / (2 * COLD), DBL_MIN), fmin(1e4 * range, DBL_MAX / 1e4), tau);
    walk_end(&search.walk);
    return status;
}

int gap_sample_derivative(const gap_source_t *source, const gap_survey_t *survey, double tau,
                          double *derivative) {
    static const double half = 0.005; // of ln tau
    walk_t walk;
    double sums[2];
    if (!(tau > 0 && isfinite(tau)))
        return GSL_EDOM;
    int status = walk_start(&walk, source);
    if (status != GSL_SUCCESS)
        return status;
    const double taus[] = {tau * exp(-half), tau * exp(half)};
    status = sum_curve(&walk, survey, GAP_OBSERVED, taus, 2, sums);
    if (status == GSL_SUCCESS)
        *derivative = (sums[1] - sums[0]) / (double)source->rows / (taus[1] - taus[0]);
    walk_end(&walk);
    return status;
}
