// SPDX-License-Identifier: GPL-3.0-or-later
// The pass over a dump; see margins_survey.h.
//
// The work is cut into units of some hundred tokens: of all layers where these have the same rows, else of one. Threads take units in
// their order and add them to samples of their own, whose sums are integers. A fault ends the run after all units before it, so
// that it is always the first one.
#include "cli/margins_survey.h"

#include "io/progress.h"
#include "io/quote.h"

#include <gsl/gsl_errno.h>
#include <inttypes.h>
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCK_NUMBERS = 1 << 16, // of a block of one layer: what a core's cache keeps besides the sample
    UNITS = 64,              // that a layer is cut into at least,
    SHORTEST = 128,          // if they have so many rows
    SAMPLES = 512,           // of a quarter of a MB each, that all threads together may have
};

// What one dump says of a block of rows: numbers of one of these kinds.
typedef struct page {
    float *floats;
    double *logits;
    uint32_t *choices;
} page_t;

typedef struct worker {
    margin_sample_t **sample; // of each layer; NULL before its first row
    uint64_t *changed;        // of each layer: rows whose expert numbers differ between dumps
    page_t page, other;
    uint32_t *events, *seen; // of each row of a block: in this layer, in any layer of the unit
    uint64_t cast[MARGIN_CASTS], between, tie; // tokens with such an event
} worker_t;

typedef struct run {
    const margins_plan_t *plan;
    size_t layers, block; // block: rows of a unit
    bool aligned, marks;  // marks: whether events of rows are asked for
    uint64_t units;
    int threads;
    worker_t *workers;
    uint64_t next; // unit to be taken
    uint64_t bad;  // first unit with a fault so far
    fault_t fault; // what it is
} run_t;

// Rows of some layers.
typedef struct unit {
    size_t from, to; // layers from, ..., to - 1
    uint64_t first;
    size_t rows;
} unit_t;

// ---- Units ---------------------------------------------------------------------------------------------------------

static bool have_equal_rows(const dump_t *dump) {
    for (size_t i = 1; i < dump_layers(dump); i++)
        if (dump_rows(dump, i) != dump_rows(dump, 0))
            return false;
    return true;
}

static size_t widest(const dump_t *dump) {
    size_t most = 0;
    for (size_t i = 0; i < dump_layers(dump); i++)
        if (dump_columns(dump, i) > most)
            most = dump_columns(dump, i);
    return most;
}

static uint64_t units_of(const run_t *run, size_t layer) {
    return (dump_rows(run->plan->dump, layer) - 1) / run->block + 1;
}

static uint64_t count_units(const run_t *run) {
    uint64_t count = 0;
    for (size_t i = 0; i < (run->aligned ? 1 : run->layers); i++)
        count += units_of(run, i);
    return count;
}

static unit_t find_unit(const run_t *run, uint64_t index) {
    unit_t unit = {.from = 0, .to = run->layers};
    if (!run->aligned) {
        while (index >= units_of(run, unit.from))
            index -= units_of(run, unit.from++);
        unit.to = unit.from + 1;
    }
    const uint64_t rows = dump_rows(run->plan->dump, unit.from);
    unit.first = index * run->block;
    unit.rows = rows - unit.first < run->block ? (size_t)(rows - unit.first) : run->block;
    return unit;
}

// ---- Room ----------------------------------------------------------------------------------------------------------

static bool page_alloc(page_t *page, const dump_t *dump, size_t rows) {
    const size_t width = widest(dump);
    bool floats = false, doubles = false;
    for (size_t i = 0; i < dump_layers(dump); i++)
        *(dump_single(dump, i) ? &floats : &doubles) = true;
    if (dump_kind(dump) == DUMP_CHOICES) {
        page->choices = reallocarray(NULL, rows * sizeof *page->choices, width);
        return page->choices != NULL;
    }
    if (floats)
        page->floats = reallocarray(NULL, rows * sizeof *page->floats, width);
    if (doubles)
        page->logits = reallocarray(NULL, rows * sizeof *page->logits, width);
    return (!floats || page->floats != NULL) && (!doubles || page->logits != NULL);
}

static void page_free(page_t *page) {
    free(page->floats);
    free(page->logits);
    free(page->choices);
}

static bool worker_init(worker_t *worker, const run_t *run) {
    const margins_plan_t *plan = run->plan;
    worker->sample = calloc(run->layers, sizeof(margin_sample_t *));
    worker->changed = calloc(run->layers, sizeof *worker->changed);
    worker->events = calloc(run->block, sizeof *worker->events);
    worker->seen = calloc(run->block, sizeof *worker->seen);
    return worker->sample != NULL && worker->changed != NULL && worker->events != NULL &&
           worker->seen != NULL && page_alloc(&worker->page, plan->dump, run->block) &&
           (plan->other == NULL || page_alloc(&worker->other, plan->other, run->block));
}

static void worker_clear(worker_t *worker, size_t layers) {
    for (size_t i = 0; worker->sample != NULL && i < layers; i++)
        margin_sample_free(worker->sample[i]);
    free(worker->sample);
    free(worker->changed);
    free(worker->events);
    free(worker->seen);
    page_free(&worker->page);
    page_free(&worker->other);
}

// ---- One block of one layer ----------------------------------------------------------------------------------------

static fault_status_t read_page(dump_t *dump, size_t layer, const unit_t *unit, const page_t *page,
                                fault_t *fault) {
    if (dump_kind(dump) == DUMP_CHOICES)
        return dump_choices(dump, layer, unit->first, unit->rows, page->choices, fault);
    if (dump_single(dump, layer))
        return dump_floats(dump, layer, unit->first, unit->rows, page->floats, fault);
    return dump_read(dump, layer, unit->first, unit->rows, page->logits, fault);
}

// Says what is wrong with a row that margin_sample_add refused: a float that is not finite, or a number of no expert.
static fault_status_t refuse_page(const dump_t *dump, size_t layer, const unit_t *unit, const page_t *page,
                                  size_t row, size_t experts, fault_t *fault) {
    const size_t width = dump_columns(dump, layer);
    const char *name = dump_layer_name(dump, layer);
    char room[QUOTE_ROOM];
    if (dump_kind(dump) == DUMP_CHOICES) {
        for (size_t i = 0; i < width; i++)
            if (page->choices[row * width + i] >= experts)
                return fault_set(
                    fault, FAULT_INPUT,
                    "%s: layer %s: row %" PRIu64
                    " (from 0): expected numbers of experts from 0 to %zu, as in the first, found %" PRIu32,
                    dump_path(dump, layer), quote(room, name, strlen(name)), unit->first + row, experts - 1,
                    page->choices[row * width + i]);
    } else if (dump_single(dump, layer)) {
        for (size_t i = 0; i < width; i++)
            if (!isfinite(page->floats[row * width + i]))
                return dump_refuse(dump, layer, unit->first + row, i, page->floats[row * width + i], fault);
    }
    return fault->status;
}

static fault_status_t add_scores(const run_t *run, worker_t *worker, size_t layer, const unit_t *unit,
                                 fault_t *fault) {
    const margins_plan_t *plan = run->plan;
    margin_block_t block = {.first = unit->first, .rows = unit->rows};
    if (dump_single(plan->dump, layer))
        block.floats = worker->page.floats;
    else
        block.logits = worker->page.logits;
    if (plan->other != NULL && dump_kind(plan->other) == DUMP_CHOICES)
        block.other_choices = worker->other.choices;
    else if (plan->other != NULL && dump_single(plan->other, layer))
        block.other_floats = worker->other.floats;
    else if (plan->other != NULL)
        block.other_logits = worker->other.logits;
    if (worker->sample[layer] == NULL &&
        margin_sample_alloc(&plan->options[layer], &worker->sample[layer]) != GSL_SUCCESS)
        return fault_set(fault, FAULT_SYSTEM, "out of memory for layer %zu (from 0)", layer);
    size_t row = 0;
    const int status =
        margin_sample_add(worker->sample[layer], &block, run->marks ? worker->events : NULL, &row);
    if (status == GSL_EDOM) {
        const size_t experts = dump_columns(plan->dump, layer);
        refuse_page(plan->dump, layer, unit, &worker->page, row, experts, fault);
        if (plan->other != NULL)
            refuse_page(plan->other, layer, unit, &worker->other, row, experts, fault);
    }
    if (status != GSL_SUCCESS)
        return fault_set(fault, status == GSL_ENOMEM ? FAULT_SYSTEM : FAULT_INTERNAL,
                         "layer %zu (from 0): %s", layer, gsl_strerror(status));
    return FAULT_NONE;
}

// Of a few numbers.
static void sort_choices(uint32_t *numbers, size_t count) {
    for (size_t i = 1; i < count; i++)
        for (size_t j = i; j > 0 && numbers[j - 1] > numbers[j]; j--) {
            const uint32_t greater = numbers[j - 1];
            numbers[j - 1] = numbers[j];
            numbers[j] = greater;
        }
}

static void compare_choices(worker_t *worker, size_t layer, size_t rows, size_t active) {
    for (size_t i = 0; i < rows; i++) {
        uint32_t *mine = worker->page.choices + i * active, *other = worker->other.choices + i * active;
        sort_choices(mine, active);
        sort_choices(other, active);
        const bool changed = memcmp(mine, other, active * sizeof *mine) != 0;
        worker->changed[layer] += changed;
        worker->events[i] = changed ? MARGIN_EVENT_BETWEEN : 0;
    }
}

// ---- One unit ------------------------------------------------------------------------------------------------------

static void count_tokens(worker_t *worker, size_t rows, size_t casts) {
    for (size_t i = 0; i < rows; i++) {
        const uint32_t seen = worker->seen[i];
        if (seen == 0)
            continue;
        worker->between += (seen & MARGIN_EVENT_BETWEEN) != 0;
        worker->tie += (seen & MARGIN_EVENT_TIE) != 0;
        for (size_t c = 0; c < casts; c++)
            worker->cast[c] += (seen & MARGIN_EVENT_CAST(c)) != 0;
    }
}

static fault_status_t run_unit(const run_t *run, worker_t *worker, uint64_t index, fault_t *fault) {
    const margins_plan_t *plan = run->plan;
    const unit_t unit = find_unit(run, index);
    memset(worker->seen, 0, unit.rows * sizeof *worker->seen);
    for (size_t layer = unit.from; layer < unit.to; layer++) {
        read_page(plan->dump, layer, &unit, &worker->page, fault);
        if (plan->other != NULL)
            read_page(plan->other, layer, &unit, &worker->other, fault);
        if (fault->status != FAULT_NONE)
            return fault->status;
        if (dump_kind(plan->dump) == DUMP_CHOICES)
            compare_choices(worker, layer, unit.rows, plan->options[layer].rule.active);
        else if (add_scores(run, worker, layer, &unit, fault) != FAULT_NONE)
            return fault->status;
        for (size_t i = 0; run->marks && i < unit.rows; i++)
            worker->seen[i] |= worker->events[i];
    }
    if (run->aligned && run->marks)
        count_tokens(worker, unit.rows, plan->options[0].casts);
    return FAULT_NONE;
}

static void work(run_t *run, worker_t *worker, progress_t *progress) {
    for (;;) {
        uint64_t index, bad;
#pragma omp atomic capture
        index = run->next++;
#pragma omp atomic read
        bad = run->bad;
        if (index >= run->units || index > bad)
            return;
        fault_t fault = {0};
        if (run_unit(run, worker, index, &fault) != FAULT_NONE) {
#pragma omp critical(margins_fault)
            if (index < run->bad) {
                run->fault = fault;
#pragma omp atomic write
                run->bad = index;
            }
        }
        if (progress != NULL)
            progress_update(progress, index + 1, run->units);
    }
}

// ---- Results -------------------------------------------------------------------------------------------------------

static void sum_tokens(const run_t *run, margins_survey_t *survey) {
    for (int t = 0; t < run->threads; t++) {
        const worker_t *worker = &run->workers[t];
        survey->between.tokens += worker->between;
        survey->tie.tokens += worker->tie;
        for (size_t c = 0; c < MARGIN_CASTS; c++)
            survey->cast[c].tokens += worker->cast[c];
    }
    for (size_t i = 0; i < survey->layers; i++) {
        const margin_report_t *report = &survey->layer[i].report;
        survey->between.events += report->between.observed.count;
        survey->tie.events += report->exact_ties;
        for (size_t c = 0; c < report->casts; c++)
            survey->cast[c].events += report->cast[c].observed.count;
    }
    if (survey->layers == 1) // with nothing else to mark, ties were not marked either
        survey->tie.tokens = survey->tie.events;
}

// Merges the samples of all threads into the first that has one.
static int merge_layer(const run_t *run, size_t layer, margin_sample_t **merged) {
    *merged = NULL;
    for (int t = 0; t < run->threads; t++) {
        margin_sample_t *sample = run->workers[t].sample[layer];
        if (*merged == NULL)
            *merged = sample;
        else if (sample != NULL && margin_sample_merge(*merged, sample) != GSL_SUCCESS)
            return GSL_ENOMEM;
    }
    return GSL_SUCCESS;
}

// Ranks in steps of a ninth of a decade at least.
static void trace_curve(const margin_sample_t *sample, margins_layer_t *layer) {
    const double step = pow(10, 1.0 / 9), rows = (double)layer->rows;
    for (double rank = 1; layer->points < MARGINS_CURVE; rank = fmax(rank + 1, rank * step)) {
        const double whole = fmin(floor(rank), rows);
        const double gap = margin_sample_gap(sample, (uint64_t)whole);
        if (gap > 0)
            layer->curve[layer->points++] = (margins_point_t){gap, whole / rows};
        if (whole == rows)
            break;
    }
}

static int report_scores(const run_t *run, size_t layer, margins_layer_t *result, margin_sample_t **sample) {
    if (merge_layer(run, layer, sample) != GSL_SUCCESS)
        return GSL_ENOMEM;
    margin_sample_report(*sample, &result->report);
    trace_curve(*sample, result);
    result->has_bits = margin_sample_bits(sample, 1, run->plan->target, &result->bits) == GSL_SUCCESS;
    return GSL_SUCCESS;
}

static void report_choices(const run_t *run, size_t layer, margins_layer_t *result) {
    uint64_t changed = 0;
    for (int t = 0; t < run->threads; t++)
        changed += run->workers[t].changed[layer];
    result->report.rows = result->rows;
    result->report.active = run->plan->options[layer].rule.active;
    result->report.between.observed = binomial_rate(changed, result->rows);
}

static fault_status_t report_layers(const run_t *run, margins_survey_t *survey, fault_t *fault) {
    margin_sample_t **samples = calloc(run->layers, sizeof(margin_sample_t *));
    survey->layer = calloc(run->layers, sizeof *survey->layer);
    if (survey->layer == NULL || samples == NULL)
        fault_set(fault, FAULT_SYSTEM, "out of memory for the report");
    for (size_t i = 0; i < run->layers && fault->status == FAULT_NONE; i++) {
        survey->layer[i].rows = dump_rows(run->plan->dump, i);
        if (!survey->scores)
            report_choices(run, i, &survey->layer[i]);
        else if (report_scores(run, i, &survey->layer[i], &samples[i]) != GSL_SUCCESS)
            fault_set(fault, FAULT_SYSTEM, "out of memory for the report");
    }
    if (fault->status == FAULT_NONE) {
        survey->has_bits = survey->scores && margin_sample_bits(samples, run->layers, run->plan->target,
                                                                &survey->bits) == GSL_SUCCESS;
        sum_tokens(run, survey);
    }
    free(samples);
    return fault->status;
}

// ---- The run -------------------------------------------------------------------------------------------------------

// Text is read best by one thread, and too many layers leave no room for the samples of many.
static int choose_threads(const margins_plan_t *plan, size_t layers) {
    if (!dump_parallel(plan->dump) || (plan->other != NULL && !dump_parallel(plan->other)))
        return 1;
    const int wanted = plan->threads > 0 ? plan->threads : omp_get_max_threads();
    const size_t most = layers < SAMPLES ? SAMPLES / layers : 1;
    return (size_t)wanted < most ? wanted : (int)most;
}

// As many rows as a cache holds; fewer where a dump is so short that threads would wait for one another.
static size_t choose_block(const margins_plan_t *plan) {
    size_t width = widest(plan->dump);
    if (plan->other != NULL && widest(plan->other) > width)
        width = widest(plan->other);
    uint64_t rows = 0;
    for (size_t i = 0; i < dump_layers(plan->dump); i++)
        if (dump_rows(plan->dump, i) > rows)
            rows = dump_rows(plan->dump, i);
    const uint64_t share = rows / UNITS > SHORTEST ? rows / UNITS : SHORTEST;
    const size_t most = width < BLOCK_NUMBERS ? BLOCK_NUMBERS / width : 1;
    return share < most ? (size_t)share : most;
}

static void run_all(run_t *run) {
    progress_t progress;
    progress_start(&progress, "margins");
#pragma omp parallel num_threads(run->threads)
    work(run, &run->workers[omp_get_thread_num()], omp_get_thread_num() == 0 ? &progress : NULL);
    progress_end(&progress);
}

fault_status_t margins_survey(const margins_plan_t *plan, margins_survey_t *result, fault_t *fault) {
    const size_t layers = dump_layers(plan->dump);
    run_t run = {.plan = plan,
                 .layers = layers,
                 .block = choose_block(plan),
                 .aligned = have_equal_rows(plan->dump),
                 .threads = choose_threads(plan, layers),
                 .bad = UINT64_MAX};
    run.units = count_units(&run);
    run.marks = run.aligned && (layers > 1 || plan->options[0].casts > 0 || plan->other != NULL);
    margins_survey_t survey = {.layers = layers,
                               .scores = dump_kind(plan->dump) == DUMP_SCORES,
                               .aligned = run.aligned,
                               .tokens = run.aligned ? dump_rows(plan->dump, 0) : 0};
    run.workers = calloc((size_t)run.threads, sizeof *run.workers);
    for (int t = 0; run.workers != NULL && t < run.threads && fault->status == FAULT_NONE; t++)
        if (!worker_init(&run.workers[t], &run))
            fault_set(fault, FAULT_SYSTEM, "out of memory for %d threads", run.threads);
    if (run.workers == NULL)
        fault_set(fault, FAULT_SYSTEM, "out of memory for %d threads", run.threads);
    if (fault->status == FAULT_NONE)
        run_all(&run);
    if (run.bad != UINT64_MAX)
        *fault = run.fault;
    if (fault->status == FAULT_NONE)
        report_layers(&run, &survey, fault);
    for (int t = 0; run.workers != NULL && t < run.threads; t++)
        worker_clear(&run.workers[t], layers);
    free(run.workers);
    if (fault->status == FAULT_NONE)
        *result = survey;
    else
        margins_survey_clear(&survey);
    return fault->status;
}

void margins_survey_clear(margins_survey_t *survey) {
    free(survey->layer);
    *survey = (margins_survey_t){0};
}
