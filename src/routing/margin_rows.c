// SPDX-License-Identifier: GPL-3.0-or-later
// What rounding, noise and another dump do to single rows; see margin_sample.h.
//
// A row can flip by rounding only where its gap is less than the format's spacing, and by noise only where its gap is within reach
// of the noise: the others cost a comparison.
#include "routing/margin_state.h"

#include <float.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <math.h>
#include <string.h>

// ---- Which rows are predicted ----

// By a hash of the row's number (the finaliser of splitmix64, S. Vigna), since tokens at regular distances may be of one kind.
static bool is_predicted(const margin_sample_t *sample, uint64_t row) {
    const uint64_t stride = sample->options.stride;
    uint64_t hash = row + UINT64_C(0x9e3779b97f4a7c15);
    hash = (hash ^ hash >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    hash = (hash ^ hash >> 27) * UINT64_C(0x94d049bb133111eb);
    return stride <= 1 || (hash ^ hash >> 31) <= UINT64_MAX / stride;
}

static void add_chance(margin_chances_t *chances, double p) {
    chances->sum += (uint64_t)llrint(ldexp(p, 32));
    chances->squares += (uint64_t)llrint(ldexp(p * p, 32));
}

bool margin_is_finite(const double *x, size_t n) {
    int bad = 0;
    for (size_t i = 0; i < n; i++)
        bad |= !(fabs(x[i]) <= DBL_MAX);
    return bad == 0;
}

static void widen(const float *x, size_t n, double *result) {
    for (size_t i = 0; i < n; i++)
        result[i] = x[i];
}

static const double *row_of(const float *floats, const double *logits, size_t n, size_t i, double *room) {
    if (logits != NULL)
        return logits + i * n;
    widen(floats + i * n, n, room);
    return room;
}

const double *margin_logits(margin_work_t *work, const margin_chunk_t *chunk, size_t i) {
    return row_of(chunk->block.floats, chunk->block.logits, work->rule.experts, i, work->row);
}

static const double *others_of(margin_work_t *work, const margin_chunk_t *chunk, size_t i) {
    return row_of(chunk->block.other_floats, chunk->block.other_logits, work->rule.experts, i, work->other);
}

// Selects, and gives the members and the gap.
selection_choice_t margin_choose(margin_work_t *work, const double *logits, size_t *members) {
    selection_choice_t choice;
    selection_scores(&work->rule, logits, work->scores);
    selection_choose(&work->rule, work->scores, members, &choice, work->order);
    choice.gap = fmin(choice.gap, DBL_MAX);
    return choice;
}

// ---- Casts ----

// Beyond, all numbers become equal; those of integers do not go beyond.
static double format_top(const rounding_t *format) {
    return format->kind == ROUNDING_INTEGER ? GSL_POSINF : format->greatest;
}

// One row and one cast.
typedef struct turn {
    const margin_chunk_t *chunk;
    size_t row, cast;
    bool predicted;
} turn_t;

static void count_flip(margin_sample_t *sample, const turn_t *turn) {
    margin_cast_sums_t *sums = &sample->cast[turn->cast];
    sums->observed++;
    sums->chances.observed += turn->predicted;
    sample->work->events[turn->row] |= MARGIN_EVENT_CAST(turn->cast);
}

// Whether a tie after rounding is won by an expert that was not selected: one of the tied with a lower number than a selected one.
//   reach  no tied logit is farther from the k-th largest
static bool tie_flips(const margin_work_t *work, const double *logits, const rounding_t *format, double unit,
                      double inside, double reach) {
    const double tied = rounding_apply(format, unit, inside);
    bool rival = false;
    for (size_t j = 0; j < work->rule.experts; j++) {
        if (!(fabs(logits[j] - inside) <= reach) || rounding_apply(format, unit, logits[j]) != tied)
            continue;
        if (logits[j] < inside)
            rival = true;
        else if (rival)
            return true;
    }
    return false;
}

// A plain row whose gap is less than the spacing. Rounding keeps the order of logits: a set changes only where the k-th and the
// (k+1)-th largest become equal.
static void cast_near(margin_sample_t *sample, const turn_t *turn, double spacing) {
    margin_work_t *work = sample->work;
    margin_cast_sums_t *sums = &sample->cast[turn->cast];
    const rounding_t *format = &sample->options.cast[turn->cast];
    const double inside = work->inside[turn->row], outside = work->outside[turn->row];
    const double unit = rounding_unit(format, &work->magnitude[turn->row], 1);
    const double above = rounding_apply(format, unit, inside), below = rounding_apply(format, unit, outside);
    sums->moved += above != inside || below != outside;
    if (!turn->predicted && above != below)
        return;
    const double *logits = margin_logits(work, turn->chunk, turn->row);
    if (turn->predicted)
        add_chance(&sums->chances, flip_rounding(work->flips, logits, format));
    if (above != below)
        return;
    sums->ties++;
    // Half a spacing on each side of the number that the tied ones become, and the upper one may be twice as long.
    if (work->gap[turn->row] > 0 && fabs(above) < 0.5 * format_top(format)
            ? tie_flips(work, logits, format, unit, inside, 2 * spacing)
            : flip_rounded(work->flips, logits, format))
        count_flip(sample, turn);
}

static void cast_plain(margin_sample_t *sample, turn_t *turn) {
    const margin_work_t *work = sample->work;
    const rounding_t *format = &sample->options.cast[turn->cast];
    const bool integer = format->kind == ROUNDING_INTEGER;
    // A little more for the rounding errors of units that are no powers of two.
    const double step = margin_step(format->kind, format->bits) * (1 + 1e-12);
    const double floor = integer ? 0 : ldexp(step, format->least), top = format_top(format);
    for (size_t i = 0; i < turn->chunk->block.rows; i++) {
        const double size = fmax(fabs(work->inside[i]), fabs(work->outside[i]));
        const double spacing = fmax(step * (integer ? work->magnitude[i] : size), floor);
        if (work->gap[i] > spacing && size <= top)
            continue;
        turn->row = i;
        turn->predicted = is_predicted(sample, turn->chunk->block.first + i);
        cast_near(sample, turn, spacing);
    }
}

static void cast_other(margin_sample_t *sample, turn_t *turn) {
    margin_work_t *work = sample->work;
    margin_cast_sums_t *sums = &sample->cast[turn->cast];
    const rounding_t *format = &sample->options.cast[turn->cast];
    for (size_t i = 0; i < turn->chunk->block.rows; i++) {
        const double *logits = margin_logits(work, turn->chunk, i);
        turn->row = i;
        turn->predicted = is_predicted(sample, turn->chunk->block.first + i);
        if (turn->predicted)
            add_chance(&sums->chances, flip_rounding(work->flips, logits, format));
        margin_choose(work, logits, work->members);
        rounding_row(format, logits, work->rule.experts, work->changed);
        sums->moved++;
        sums->ties += margin_choose(work, work->changed, work->others).gap == 0;
        if (memcmp(work->members, work->others, work->rule.active * sizeof *work->members) != 0)
            count_flip(sample, turn);
    }
}

void margin_add_casts(margin_sample_t *sample, const margin_chunk_t *chunk) {
    for (size_t c = 0; c < sample->options.casts; c++) {
        turn_t turn = {.chunk = chunk, .cast = c};
        (sample->plain ? cast_plain : cast_other)(sample, &turn);
    }
}

// ---- Noise ----

// Whether noise can flip a row with a chance that is not negligible.
static bool is_near(const margin_sample_t *sample, size_t row, double sigma) {
    return sigma > 0 && (!sample->plain || sample->work->gap[row] <= sample->work->noise_reach * sigma);
}

void margin_add_noises(margin_sample_t *sample, const margin_chunk_t *chunk) {
    margin_work_t *work = sample->work;
    for (size_t i = 0; i < chunk->block.rows; i++) {
        const double *logits = NULL;
        if (!is_predicted(sample, chunk->block.first + i))
            continue;
        sample->predicted_rows++;
        for (size_t s = 0; s < sample->options.noises; s++) {
            const double sigma = sample->options.noise[s];
            if (!is_near(sample, i, sigma))
                continue;
            logits = logits != NULL ? logits : margin_logits(work, chunk, i);
            add_chance(&sample->noise[s], flip_noise(work->flips, logits, sigma));
        }
    }
}

// ---- Another dump ----

// The experts whose scores are nearest to the boundary: their numbers, in work->order.
static void find_contenders(margin_work_t *work, const double *logits) {
    const size_t m = work->contenders;
    size_t *found = work->order, have = 0;
    const selection_choice_t choice = margin_choose(work, logits, work->members);
    const double middle =
        m < work->rule.experts ? work->scores[choice.inside] / 2 + work->scores[choice.outside] / 2 : 0;
    for (size_t j = 0; j < work->rule.experts; j++) {
        const double distance = fabs(work->scores[j] - middle);
        size_t at = have;
        for (; at > 0 && distance < fabs(work->scores[found[at - 1]] - middle); at--)
            if (at < m)
                found[at] = found[at - 1];
        if (at < m)
            found[at] = j;
        have += have < m;
    }
}

// The scale of the independent part of a row's differences: normal noise of this scale has the same mean difference.
static double noise_of(margin_work_t *work, const double *logits, const double *others) {
    const size_t m = work->contenders, *order = work->order;
    double *changes = work->changed, sum = 0;
    find_contenders(work, logits);
    for (size_t i = 0; i < m; i++) {
        changes[i] = others[order[i]] - logits[order[i]];
        for (size_t j = 0; j < i; j++)
            sum += fabs(changes[i] - changes[j]);
    }
    return fmin(sum / ((double)m * (double)(m - 1)) * M_SQRTPI, DBL_MAX);
}

static void count_between(margin_sample_t *sample, size_t row, bool tied, bool predicted) {
    margin_between_sums_t *sums = &sample->between;
    sums->observed++;
    sums->tied += tied;
    sums->chances.observed += predicted;
    sample->work->events[row] |= MARGIN_EVENT_BETWEEN;
}

// Whether the same numbers of two rows reach their k-th largest.
static bool same_reach(const float *x, float x_inside, const float *y, float y_inside, size_t n) {
    int different = 0;
#pragma omp simd reduction(| : different)
    for (size_t j = 0; j < n; j++)
        different |= (x[j] >= x_inside) ^ (y[j] >= y_inside);
    return different == 0;
}

// Whether a row has no ties and both dumps select the same: the fast road for most rows.
static bool is_same(const margin_work_t *work, const margin_chunk_t *chunk, size_t i) {
    const size_t n = work->rule.experts;
    return chunk->other_floats != NULL && work->in[i] > work->out[i] &&
           work->other_in[i] > work->other_out[i] &&
           same_reach(chunk->floats + i * n, work->in[i], chunk->other_floats + i * n, work->other_in[i], n);
}

static int measure_noise(margin_sample_t *sample, const double *logits, const double *others, size_t row) {
    margin_between_sums_t *sums = &sample->between;
    const double noise = noise_of(sample->work, logits, others);
    sums->compared++;
    sums->equal += noise == 0;
    if (is_near(sample, row, noise))
        add_chance(&sums->chances, flip_noise(sample->work->flips, logits, noise));
    return log_histogram_add(sample->histogram[MARGIN_NOISE], &noise, 1);
}

static bool is_member(const size_t *members, size_t k, size_t expert) {
    for (size_t j = 0; j < k; j++)
        if (members[j] == expert)
            return true;
    return false;
}

// Counts the casts that make of the first dump's logits what the other dump selected: k experts in any order.
static void explain(margin_sample_t *sample, const double *logits, const size_t *chosen) {
    margin_work_t *work = sample->work;
    const size_t k = work->rule.active;
    for (size_t c = 0; c < sample->options.casts; c++) {
        bool same = true;
        rounding_row(&sample->options.cast[c], logits, work->rule.experts, work->changed);
        margin_choose(work, work->changed, work->members);
        for (size_t j = 0; j < k; j++)
            same = same && is_member(work->members, k, chosen[j]);
        sample->between.as_cast[c] += same;
    }
}

static int compare_logits(margin_sample_t *sample, const margin_chunk_t *chunk, size_t i) {
    margin_work_t *work = sample->work;
    const bool predicted = is_predicted(sample, chunk->block.first + i), same = is_same(work, chunk, i);
    if (same && !predicted)
        return GSL_SUCCESS;
    const double *logits = margin_logits(work, chunk, i), *others = others_of(work, chunk, i);
    if (!margin_is_finite(others, work->rule.experts))
        return GSL_EDOM;
    if (predicted && measure_noise(sample, logits, others, i) != GSL_SUCCESS)
        return GSL_ENOMEM;
    if (same)
        return GSL_SUCCESS;
    margin_choose(work, logits, work->members);
    const bool tied = margin_choose(work, others, work->others).gap == 0 || work->gap[i] == 0;
    if (memcmp(work->members, work->others, work->rule.active * sizeof *work->members) != 0) {
        count_between(sample, i, tied, predicted);
        explain(sample, logits, work->others);
    }
    return GSL_SUCCESS;
}

static int compare_choices(margin_sample_t *sample, const margin_chunk_t *chunk, size_t i) {
    margin_work_t *work = sample->work;
    const size_t k = work->rule.active;
    const uint32_t *choices = chunk->block.other_choices + i * k;
    bool same = true;
    margin_choose(work, margin_logits(work, chunk, i), work->members);
    for (size_t j = 0; j < k; j++) {
        if (choices[j] >= work->rule.experts)
            return GSL_EDOM;
        same = same && is_member(work->members, k, choices[j]);
        work->others[j] = choices[j];
    }
    if (!same) {
        count_between(sample, i, work->gap[i] == 0, is_predicted(sample, chunk->block.first + i));
        explain(sample, margin_logits(work, chunk, i), work->others);
    }
    return GSL_SUCCESS;
}

int margin_add_between(margin_sample_t *sample, const margin_chunk_t *chunk, size_t *refuse) {
    int status = GSL_SUCCESS;
    if (!chunk->others && chunk->block.other_choices == NULL)
        return GSL_SUCCESS;
    for (size_t i = 0; i < chunk->block.rows && status == GSL_SUCCESS; i++) {
        status = (chunk->others ? compare_logits : compare_choices)(sample, chunk, i);
        *refuse = i;
    }
    sample->between.rows += chunk->block.rows;
    return status;
}
