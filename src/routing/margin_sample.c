// SPDX-License-Identifier: GPL-3.0-or-later
// Margins and flips of one layer in one pass; see margin_sample.h.
//
// A block is taken in chunks. Of a chunk, the k-th and (k+1)-th largest logits and their gaps are found first; the histograms
// take them at once; margin_rows.c does the rest.
#include "routing/margin_sample.h"

#include "routing/margin_state.h"
#include "routing/rank.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_NUMBERS = 1 << 14, CHUNK_ROWS = 512 };
enum { GAP_LEAD = 7, OTHER_LEAD = 4 }; // leading bits of the histograms

// Noise that flips a row with a smaller chance than this is not followed.
static const double NEGLIGIBLE = 1e-9;

// ---- Memory ----

static void *piece(margin_work_t *work, size_t count, size_t size) {
    return work->memory[work->pieces++] = calloc(count, size);
}

static void work_free(margin_work_t *work) {
    if (work == NULL)
        return;
    flip_work_free(work->flips);
    for (size_t i = 0; i < work->pieces; i++)
        free(work->memory[i]);
    free(work);
}

static bool work_fill(margin_work_t *work) {
    const size_t n = work->rule.experts, most = work->most;
    work->flips = flip_work_alloc(&work->rule);
    work->floats = piece(work, most * n, sizeof *work->floats);
    work->other_floats = piece(work, most * n, sizeof *work->other_floats);
    float *ranks = piece(work, 5 * most, sizeof *ranks);
    double *columns = piece(work, 5 * most, sizeof *columns), *rows = piece(work, 4 * n, sizeof *rows);
    size_t *numbers = piece(work, 2 * work->rule.active + n, sizeof *numbers);
    work->events = piece(work, most, sizeof *work->events);
    for (size_t i = 0; i < work->pieces; i++)
        if (work->memory[i] == NULL)
            return false;
    work->in = ranks, work->out = ranks + most, work->size = ranks + 2 * most;
    work->other_in = ranks + 3 * most, work->other_out = ranks + 4 * most;
    work->inside = columns, work->outside = columns + most, work->magnitude = columns + 2 * most;
    work->gap = columns + 3 * most, work->ratio = columns + 4 * most;
    work->row = rows, work->other = rows + n, work->scores = rows + 2 * n, work->changed = rows + 3 * n;
    work->members = numbers, work->others = numbers + work->rule.active;
    work->order = numbers + 2 * work->rule.active;
    return work->flips != NULL;
}

static size_t contenders_of(const selection_t *rule) {
    const size_t n = rule->experts, least = MARGIN_CONTENDERS, part = n / 8;
    if (rule->grouping != SELECTION_UNGROUPED || n < least)
        return n;
    return part < least ? least : part > 2 * least ? 2 * least : part;
}

static margin_work_t *work_alloc(const selection_t *rule, bool plain) {
    margin_work_t *work = calloc(1, sizeof *work);
    if (work == NULL)
        return NULL;
    work->rule = plain ? (selection_t){.experts = rule->experts, .active = rule->active} : *rule;
    const size_t n = rule->experts, fit = CHUNK_NUMBERS / n;
    work->most = fit < 1 ? 1 : fit > CHUNK_ROWS ? CHUNK_ROWS : fit;
    // A set flips only where two experts change places, of k (N - k) pairs.
    const double pairs = (double)rule->active * (double)(n - rule->active);
    work->noise_reach = M_SQRT2 * gsl_cdf_ugaussian_Qinv(NEGLIGIBLE / pairs);
    work->contenders = contenders_of(rule);
    if (work_fill(work))
        return work;
    work_free(work);
    return NULL;
}

static bool options_good(const margin_options_t *options) {
    bool good = selection_check(&options->rule) == GSL_SUCCESS && options->casts <= MARGIN_CASTS &&
                options->noises <= MARGIN_NOISES && options->widths <= MARGIN_WIDTHS &&
                options->risks <= MARGIN_RISKS;
    for (size_t i = 0; good && i < options->noises; i++)
        good = options->noise[i] > 0 && isfinite(options->noise[i]);
    for (size_t i = 0; good && i < options->widths; i++)
        good = options->width[i] >= 0;
    return good;
}

int margin_sample_alloc(const margin_options_t *options, margin_sample_t **result) {
    if (!options_good(options))
        return GSL_EDOM;
    margin_sample_t *sample = calloc(1, sizeof *sample);
    if (sample == NULL)
        return GSL_ENOMEM;
    sample->options = *options;
    sample->plain = selection_is_plain(&options->rule);
    sample->least = GSL_POSINF;
    sample->work = work_alloc(&options->rule, sample->plain);
    bool whole = sample->work != NULL;
    for (size_t i = 0; i < MARGIN_HISTOGRAMS; i++) {
        sample->histogram[i] = log_histogram_alloc(i == MARGIN_GAP ? GAP_LEAD : OTHER_LEAD);
        whole = whole && sample->histogram[i] != NULL;
    }
    if (!whole) {
        margin_sample_free(sample);
        return GSL_ENOMEM;
    }
    *result = sample;
    return GSL_SUCCESS;
}

void margin_sample_free(margin_sample_t *sample) {
    if (sample == NULL)
        return;
    for (size_t i = 0; i < MARGIN_HISTOGRAMS; i++)
        log_histogram_free(sample->histogram[i]);
    work_free(sample->work);
    free(sample);
}

// ---- Which rows are predicted ----

uint64_t margin_sample_stride(const selection_t *rule, uint64_t rows, uint64_t all) {
    const int some = rule->grouping != SELECTION_UNGROUPED ? 12 : selection_is_plain(rule) ? 17 : 14;
    const uint64_t own = rows >> some, shared = all >> (some + 2), stride = own > shared ? own : shared;
    return stride > 0 ? stride : 1;
}

// ---- Chunks ----

// Rows of doubles as floats; false when one of the numbers is none.
static bool narrow(const double *x, size_t n, float *floats) {
    int different = 0;
    for (size_t i = 0; i < n; i++) {
        floats[i] = (float)x[i];
        different |= (double)floats[i] != x[i];
    }
    return different == 0;
}

// The rows as floats if that is what they are, and the rule is plain; else NULL.
//   room  for those that are given as doubles
static const float *as_floats(const margin_sample_t *sample, const float *floats, const double *logits,
                              size_t rows, float *room) {
    if (!sample->plain || floats != NULL)
        return sample->plain ? floats : NULL;
    return narrow(logits, rows * sample->options.rule.experts, room) ? room : NULL;
}

// Finds the k-th and the (k+1)-th largest of each row. Returns the first row that is not finite, or the number of rows.
static size_t rank_floats(margin_work_t *work, const float *floats, size_t rows) {
    const size_t bad =
        rank_rows(floats, rows, work->rule.experts, work->rule.active, work->in, work->out, work->size);
    for (size_t i = 0; i < bad; i++) {
        work->inside[i] = work->in[i];
        work->outside[i] = work->out[i];
        work->magnitude[i] = work->size[i];
        work->gap[i] = work->inside[i] - work->outside[i];
    }
    return bad;
}

static size_t rank_doubles(margin_work_t *work, const margin_chunk_t *chunk) {
    const size_t n = work->rule.experts;
    for (size_t i = 0; i < chunk->block.rows; i++) {
        const double *logits = margin_logits(work, chunk, i);
        if (!margin_is_finite(logits, n))
            return i;
        const selection_choice_t choice = margin_choose(work, logits, work->members);
        work->gap[i] = choice.gap;
        work->inside[i] = logits[choice.inside];
        work->outside[i] = logits[choice.outside];
        work->magnitude[i] = 0;
        for (size_t j = 0; j < n; j++)
            work->magnitude[i] = fmax(work->magnitude[i], fabs(logits[j]));
    }
    return chunk->block.rows;
}

static size_t rank_chunk(margin_sample_t *sample, margin_chunk_t *chunk) {
    const margin_block_t *block = &chunk->block;
    chunk->floats = as_floats(sample, block->floats, block->logits, block->rows, sample->work->floats);
    return chunk->floats != NULL ? rank_floats(sample->work, chunk->floats, block->rows)
                                 : rank_doubles(sample->work, chunk);
}

// The same for the other dump where both are floats; elsewhere nothing is done.
static size_t rank_others(margin_sample_t *sample, margin_chunk_t *chunk) {
    margin_work_t *work = sample->work;
    const margin_block_t *block = &chunk->block;
    if (!chunk->others || chunk->floats == NULL)
        return block->rows;
    chunk->other_floats =
        as_floats(sample, block->other_floats, block->other_logits, block->rows, work->other_floats);
    return chunk->other_floats == NULL ? block->rows
                                       : rank_rows(chunk->other_floats, block->rows, work->rule.experts,
                                                   work->rule.active, work->other_in, work->other_out, NULL);
}

// ---- Gaps ----

static uint64_t bits_of(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static void count_gaps(margin_sample_t *sample, size_t rows) {
    const double *gap = sample->work->gap;
    uint64_t ties = 0;
    for (size_t i = 0; i < rows; i++) {
        ties += gap[i] == 0;
        sample->least = fmin(sample->least, gap[i]);
        sample->greatest = fmax(sample->greatest, gap[i]);
    }
    sample->ties += ties;
    for (size_t w = 0; w < sample->options.widths; w++) {
        const double width = sample->options.width[w];
        uint64_t within = 0;
        for (size_t i = 0; i < rows; i++)
            within += gap[i] <= width;
        sample->within[w] += within;
    }
}

// The power of two at or below a magnitude; 0 for subnormal numbers.
static double binade(double x) {
    const uint64_t bits = bits_of(x) & UINT64_C(0x7ff0000000000000);
    double result;
    memcpy(&result, &bits, sizeof result);
    return result;
}

static int relate_gaps(margin_sample_t *sample, size_t rows) {
    margin_work_t *work = sample->work;
    for (size_t i = 0; i < rows; i++) {
        sample->fraction |= (bits_of(work->inside[i]) | bits_of(work->outside[i])) & (UINT64_MAX >> 12);
        work->ratio[i] = work->gap[i] / binade(work->inside[i]);
    }
    const int status = log_histogram_add(sample->histogram[MARGIN_BINADE], work->ratio, rows);
    for (size_t i = 0; i < rows; i++)
        work->ratio[i] = work->gap[i] / work->magnitude[i];
    return status != GSL_SUCCESS ? status
                                 : log_histogram_add(sample->histogram[MARGIN_RANGE], work->ratio, rows);
}

// ---- Rows at risk ----

static bool is_riskier(const margin_risk_t *a, const margin_risk_t *b) {
    return a->gap < b->gap || (a->gap == b->gap && a->row < b->row);
}

static bool is_at_risk(const margin_sample_t *sample, const margin_risk_t *risk) {
    const size_t most = sample->options.risks;
    return sample->risks < most || (most > 0 && is_riskier(risk, &sample->risk[most - 1]));
}

static void add_risk(margin_sample_t *sample, const margin_risk_t *risk) {
    if (!is_at_risk(sample, risk))
        return;
    size_t at = sample->risks < sample->options.risks ? sample->risks++ : sample->risks - 1;
    for (; at > 0 && is_riskier(risk, &sample->risk[at - 1]); at--)
        sample->risk[at] = sample->risk[at - 1];
    sample->risk[at] = *risk;
}

static void find_risks(margin_sample_t *sample, const margin_chunk_t *chunk) {
    margin_work_t *work = sample->work;
    for (size_t i = 0; i < chunk->block.rows; i++) {
        margin_risk_t risk = {.row = chunk->block.first + i, .gap = work->gap[i]};
        if (!is_at_risk(sample, &risk))
            continue;
        const selection_choice_t choice = margin_choose(work, margin_logits(work, chunk, i), work->members);
        risk.inside = choice.inside, risk.outside = choice.outside, risk.of_groups = choice.of_groups;
        add_risk(sample, &risk);
    }
}

// ---- Rows are added ----

static int add_chunk(margin_sample_t *sample, margin_chunk_t *chunk, size_t *refuse) {
    margin_work_t *work = sample->work;
    const size_t rows = chunk->block.rows;
    *refuse = rank_chunk(sample, chunk);
    if (*refuse == rows)
        *refuse = rank_others(sample, chunk);
    if (*refuse < rows)
        return GSL_EDOM;
    for (size_t i = 0; i < rows; i++)
        work->events[i] = work->gap[i] == 0 ? MARGIN_EVENT_TIE : 0;
    sample->rows += rows;
    count_gaps(sample, rows);
    int status = log_histogram_add(sample->histogram[MARGIN_GAP], work->gap, rows);
    if (status == GSL_SUCCESS && sample->plain)
        status = relate_gaps(sample, rows);
    if (status != GSL_SUCCESS)
        return status;
    find_risks(sample, chunk);
    margin_add_casts(sample, chunk);
    margin_add_noises(sample, chunk);
    return margin_add_between(sample, chunk, refuse);
}

// Rows of a block from one on.
static margin_chunk_t cut(const margin_block_t *block, const selection_t *rule, size_t from, size_t rows) {
    const size_t skip = from * rule->experts;
    return (margin_chunk_t){
        .block = {.first = block->first + from,
                  .rows = rows,
                  .floats = block->floats != NULL ? block->floats + skip : NULL,
                  .logits = block->logits != NULL ? block->logits + skip : NULL,
                  .other_floats = block->other_floats != NULL ? block->other_floats + skip : NULL,
                  .other_logits = block->other_logits != NULL ? block->other_logits + skip : NULL,
                  .other_choices =
                      block->other_choices != NULL ? block->other_choices + from * rule->active : NULL},
        .others = block->other_floats != NULL || block->other_logits != NULL};
}

int margin_sample_add(margin_sample_t *sample, const margin_block_t *block, uint32_t *events,
                      size_t *refuse) {
    const margin_work_t *work = sample->work;
    int status = GSL_SUCCESS;
    for (size_t from = 0; from < block->rows && status == GSL_SUCCESS; from += work->most) {
        const size_t left = block->rows - from, rows = left < work->most ? left : work->most;
        margin_chunk_t chunk = cut(block, &work->rule, from, rows);
        size_t bad;
        status = add_chunk(sample, &chunk, &bad);
        if (status == GSL_EDOM && refuse != NULL)
            *refuse = from + bad;
        if (status == GSL_SUCCESS && events != NULL)
            memcpy(events + from, work->events, rows * sizeof *events);
    }
    return status;
}

// ---- Merging ----

static bool same_options(const margin_options_t *a, const margin_options_t *b) {
    const selection_t *r = &a->rule, *s = &b->rule;
    bool same = r->experts == s->experts && r->active == s->active && r->score == s->score &&
                r->grouping == s->grouping && r->groups == s->groups && r->kept == s->kept &&
                a->casts == b->casts && a->noises == b->noises && a->widths == b->widths &&
                a->risks == b->risks && a->stride == b->stride;
    for (size_t i = 0; same && i < a->casts; i++)
        same = strcmp(a->cast[i].name, b->cast[i].name) == 0;
    for (size_t i = 0; same && i < a->noises; i++)
        same = a->noise[i] == b->noise[i];
    for (size_t i = 0; same && i < a->widths; i++)
        same = a->width[i] == b->width[i];
    return same;
}

static void merge_chances(margin_chances_t *to, const margin_chances_t *from) {
    to->sum += from->sum;
    to->squares += from->squares;
    to->observed += from->observed;
}

static void merge_sums(margin_sample_t *to, const margin_sample_t *from) {
    to->rows += from->rows;
    to->predicted_rows += from->predicted_rows;
    to->ties += from->ties;
    to->fraction |= from->fraction;
    to->least = fmin(to->least, from->least);
    to->greatest = fmax(to->greatest, from->greatest);
    for (size_t i = 0; i < from->options.widths; i++)
        to->within[i] += from->within[i];
    for (size_t i = 0; i < from->options.noises; i++)
        merge_chances(&to->noise[i], &from->noise[i]);
    for (size_t i = 0; i < from->options.casts; i++) {
        to->cast[i].observed += from->cast[i].observed;
        to->cast[i].ties += from->cast[i].ties;
        to->cast[i].moved += from->cast[i].moved;
        merge_chances(&to->cast[i].chances, &from->cast[i].chances);
    }
    to->between.rows += from->between.rows;
    to->between.observed += from->between.observed;
    to->between.tied += from->between.tied;
    to->between.compared += from->between.compared;
    to->between.equal += from->between.equal;
    for (size_t c = 0; c < to->options.casts; c++)
        to->between.as_cast[c] += from->between.as_cast[c];
    merge_chances(&to->between.chances, &from->between.chances);
}

int margin_sample_merge(margin_sample_t *to, const margin_sample_t *from) {
    if (!same_options(&to->options, &from->options))
        return GSL_EINVAL;
    for (size_t i = 0; i < MARGIN_HISTOGRAMS; i++)
        if (log_histogram_merge(to->histogram[i], from->histogram[i]) != GSL_SUCCESS)
            return GSL_ENOMEM;
    merge_sums(to, from);
    for (size_t i = 0; i < from->risks; i++)
        add_risk(to, &from->risk[i]);
    return GSL_SUCCESS;
}
