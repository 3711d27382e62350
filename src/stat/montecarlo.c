// SPDX-License-Identifier: GPL-3.0-or-later
// Parallel Monte Carlo: blocks, shards of 2^k blocks for the threads, and the tree that merges them.
#include "stat/montecarlo.h"

#include <gsl/gsl_errno.h>
#include <omp.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SHARDS = 1024 };

// A run: what the threads share.
typedef struct {
    const montecarlo_params_t *params;
    montecarlo_sampler_t sampler;
    const void *context;
    size_t dim;
    size_t block_size;
    uint64_t blocks;
    uint64_t shard_blocks; // a power of two, so that shards are subtrees
    size_t shards;
    moments_t **shard;     // an accumulator for each
    uint64_t done;         // samples, guarded by montecarlo_progress
    uint64_t failed_block; // guarded by montecarlo_failure
    atomic_int status;     // of failed_block, written under the same guard; GSL_SUCCESS while there is none
} run_t;

// A thread's own memory: level[0] for the moments of a shard, level[k] for right subtrees at depth k.
typedef struct {
    run_t *run;
    double *samples, *work;
    moments_t **level;
    size_t levels;
} worker_t;

static void free_all(moments_t **m, size_t n) {
    for (size_t i = 0; m != NULL && i < n; i++)
        moments_free(m[i]);
    free(m);
}

static moments_t **alloc_all(size_t n, size_t dim) {
    moments_t **m = calloc(n, sizeof *m);
    bool complete = m != NULL;
    for (size_t i = 0; complete && i < n; i++) {
        m[i] = moments_alloc(dim);
        complete = m[i] != NULL;
    }
    if (complete)
        return m;
    free_all(m, n);
    return NULL;
}

static bool stopped(run_t *run) {
    return atomic_load(&run->status) != GSL_SUCCESS;
}

static void fail(run_t *run, uint64_t block, int status) {
#pragma omp critical(montecarlo_failure)
    if (!stopped(run) || block < run->failed_block) {
        run->failed_block = block;
        atomic_store(&run->status, status);
    }
}

static void report_progress(run_t *run, size_t count) {
    if (run->params->progress == NULL)
        return;
#pragma omp critical(montecarlo_progress)
    {
        run->done += count;
        run->params->progress(run->params->progress_context, run->done, run->params->samples);
    }
}

// The moments of one block into out. After a failure anywhere nothing is done.
static void run_block(worker_t *w, uint64_t number, moments_t *out) {
    run_t *run = w->run;
    if (stopped(run))
        return;
    uint64_t first = number * run->block_size, rest = run->params->samples - first;
    stream_t stream = stream_at(run->params->seed, run->params->experiment, (uint32_t)number);
    montecarlo_block_t block = {.stream = &stream,
                                .first = first,
                                .count = rest < run->block_size ? (size_t)rest : run->block_size,
                                .samples = w->samples,
                                .work = w->work};
    // What a sampler forgets to write is NaN, and so is the result, instead of a number of an earlier block.
    memset(w->samples, 0xff, block.count * run->dim * sizeof *w->samples);
    int status = run->sampler(&block, run->context);
    if (status != GSL_SUCCESS) {
        fail(run, number, status);
        return;
    }
    moments_reset(out);
    moments_add(out, block.samples, block.count);
    report_progress(run, block.count);
}

// The greatest power of two below n > 1.
static uint64_t left_part(uint64_t n) {
    uint64_t power = 1;
    while (2 * power < n)
        power *= 2;
    return power;
}

// The tree over n blocks into level[depth]; deeper levels are overwritten.
static void run_tree(worker_t *w, uint64_t first, uint64_t n, size_t depth) {
    if (n == 1) {
        run_block(w, first, w->level[depth]);
        return;
    }
    uint64_t left = left_part(n);
    run_tree(w, first, left, depth);
    run_tree(w, first + left, n - left, depth + 1);
    (void)moments_merge(w->level[depth], w->level[depth + 1]); // of equal dimension
}

static void run_shard(worker_t *w, size_t i) {
    uint64_t first = i * w->run->shard_blocks, rest = w->run->blocks - first;
    run_tree(w, first, rest < w->run->shard_blocks ? rest : w->run->shard_blocks, 0);
    (void)moments_copy(w->run->shard[i], w->level[0]); // of equal dimension
}

// The rest of the tree from the leaves up: neighbours, then pairs of neighbours, and so on into shard[0].
static void merge_shards(run_t *run) {
    for (size_t step = 1; step < run->shards; step *= 2)
        for (size_t i = 0; i + step < run->shards; i += 2 * step)
            (void)moments_merge(run->shard[i], run->shard[i + step]);
}

static void worker_free(worker_t *w) {
    free(w->samples);
    free_all(w->level, w->levels);
}

static int worker_init(worker_t *w, run_t *run) {
    size_t numbers = run->block_size * run->dim, levels = 1;
    for (uint64_t n = run->shard_blocks; n > 1; n /= 2)
        levels++;
    *w = (worker_t){.run = run, .levels = levels};
    w->samples = malloc((numbers + run->params->work_size) * sizeof *w->samples);
    w->level = alloc_all(levels, run->dim);
    if (w->samples == NULL || w->level == NULL) {
        worker_free(w);
        return GSL_ENOMEM;
    }
    w->work = w->samples + numbers;
    return GSL_SUCCESS;
}

static int team_size(const run_t *run) {
    int threads = run->params->threads > 0 ? run->params->threads : omp_get_max_threads();
    return run->shards < (size_t)threads ? (int)run->shards : threads;
}

static void run_shards(run_t *run) {
#pragma omp parallel num_threads(team_size(run))
    {
        worker_t worker;
        int status = worker_init(&worker, run);
        if (status != GSL_SUCCESS)
            fail(run, 0, status);
#pragma omp for schedule(dynamic)
        for (size_t i = 0; i < run->shards; i++)
            if (!stopped(run))
                run_shard(&worker, i);
        if (status == GSL_SUCCESS)
            worker_free(&worker);
    }
}

static int check_params(const montecarlo_params_t *p, size_t dim) {
    const size_t most_numbers = SIZE_MAX / 4 / sizeof(double);
    uint64_t block_size = p->samples_per_block > 0 ? p->samples_per_block : MONTECARLO_BLOCK;
    if (p->samples == 0 || p->samples >= UINT64_C(1) << 53 || p->threads < 0)
        return GSL_EINVAL;
    if (block_size > most_numbers / dim || p->work_size > most_numbers)
        return GSL_EINVAL;
    return (p->samples - 1) / block_size > UINT32_MAX ? GSL_EINVAL : GSL_SUCCESS;
}

static void cut_into_shards(run_t *run) {
    run->blocks = (run->params->samples - 1) / run->block_size + 1;
    run->shard_blocks = 1;
    while (run->blocks > run->shard_blocks * MAX_SHARDS)
        run->shard_blocks *= 2;
    run->shards = (size_t)((run->blocks - 1) / run->shard_blocks + 1);
}

int montecarlo_run(const montecarlo_params_t *params, montecarlo_sampler_t sampler, const void *context,
                   moments_t *result) {
    int status = check_params(params, result->dim);
    if (status != GSL_SUCCESS)
        return status;
    size_t block_size = params->samples_per_block > 0 ? params->samples_per_block : MONTECARLO_BLOCK;
    run_t run = {.params = params,
                 .sampler = sampler,
                 .context = context,
                 .dim = result->dim,
                 .block_size = block_size};
    cut_into_shards(&run);
    run.shard = alloc_all(run.shards, run.dim);
    if (run.shard == NULL)
        return GSL_ENOMEM;
    run_shards(&run);
    status = atomic_load(&run.status);
    if (status == GSL_SUCCESS) {
        merge_shards(&run);
        (void)moments_copy(result, run.shard[0]); // of equal dimension
    }
    free_all(run.shard, run.shards);
    return status;
}
