// SPDX-License-Identifier: GPL-3.0-or-later
// Method F; see layer_flats.h, and layer_flats_parts.h for the bounds of errors.
#include "geometry/layer_flats.h"

#include "geometry/bounds.h"
#include "geometry/layer_flats_parts.h"

#include <gsl/gsl_errno.h>
#include <stdlib.h>
#include <string.h>

enum { PARTS = 256, ROWS_OF_A_PART = 8 };

// ---- Meetings ----

// Sets the inverse absolute values of hyperplane t at the generators, and the bound of the error of the sums of two
// quotients. Returns false when a sign of t is open.
static bool invert(const flat_t *flat, slong t, double *inverses, double *bound) {
    const double e = flat->error, size = flat->size;
    double least = INFINITY;
    for (slong g = 0; g < flat->generators; g++) {
        const double value = flat->values[g * flat->stride + t];
        inverses[g] = 1 / fabs(value);
        least = fabs(value) < least ? fabs(value) : least;
    }
    *bound = 2 * ((e + size * e / least) / (least - e) + 4 * FLATS_UNIT * (size + e) / least) * FLATS_INFLATE;
    return least > 2 * e;
}

// Whether the first `count` hyperplanes meet hyperplane t inside the polyhedron: 1, 0, or 2 where that is open.
VECTOR_CLONES static void judge_meetings(const flat_t *flat, slong t, const double *inverses, double bound,
                                         slong count, int64_t *state) {
    for (slong s = 0; s < count; s += LANES) {
        lanes_t high[2], low[2]; // of the quotients where t is negative, and where it is positive
        high[0] = high[1] = (lanes_t){0} - INFINITY;
        low[0] = low[1] = (lanes_t){0} + INFINITY;
        for (slong g = 0; g < flat->generators; g++) {
            const lanes_t quotient = *(const lanes_t *)(flat->values + g * flat->stride + s) * inverses[g];
            const int side = flat->values[g * flat->stride + t] > 0;
            keep_larger(&high[side], &quotient);
            keep_smaller(&low[side], &quotient);
        }
        const lanes_t most = high[0] + high[1], least = low[0] + low[1];
        const bits_t meets = (bits_t)(most > bound) & (bits_t)(least < -bound);
        const bits_t misses = (bits_t)(most < -bound) | (bits_t)(least > bound);
        *(bits_t *)(state + s) = (meets & 1) | (~meets & ~misses & 2);
    }
}

// The number of hyperplanes before t that meet it inside the polyhedron, when that is 0 or 1 and doubles prove it;
// otherwise 2. It is 0 or 1 for most of the last flats, which need not be made then.
static slong count_meetings(flats_worker_t *worker, const flat_t *flat, slong t) {
    double bound;
    if (flat->lines > 0 || !invert(flat, t, worker->vectors, &bound))
        return 2;
    judge_meetings(flat, t, worker->vectors, bound, t, worker->state);
    slong count = 0;
    for (slong s = 0; s < t && count < 2; s++)
        count += worker->state[s];
    return count < 2 ? count : 2;
}

// ---- The tree ----

// Which hyperplanes a part begins with: those that are `block` modulo `blocks`.
typedef struct share {
    slong block, blocks;
} share_t;

// Counts what lies below the flat of `depth` hyperplanes, which is filled; the sets that it begins with a
// hyperplane of its own are counted by the share's first block.
static int count_below(flats_worker_t *worker, slong depth, share_t share) {
    const flat_t *flat = &worker->flats[depth];
    const slong dimension = worker->job->layer->dimension - depth;
    if (share.block == 0)
        worker->level[depth + 1] += (uint64_t)flat->count;
    if (dimension == 1 || flat->count < 2)
        return GSL_SUCCESS;
    if (dimension == 2 && flat->lines == 0) {
        worker->level[depth + 2] +=
            flats_polygon_crossings(worker, &worker->flats[depth], share.block, share.blocks);
        return GSL_SUCCESS;
    }
    int status = GSL_SUCCESS;
    polyhedron_t *const slice = worker->cells[depth + 1];
    for (slong t = 1; t < flat->count && status == GSL_SUCCESS; t++) {
        if (t % share.blocks != share.block)
            continue;
        const slong meetings = count_meetings(worker, flat, t);
        if (meetings < 2) {
            worker->level[depth + 2] += (uint64_t)meetings;
            continue;
        }
        status = polyhedron_cut(slice, flat->cell, worker->job->first_row + flat->units[t], 0);
        if (status == GSL_SUCCESS)
            status = flat_fill(worker, &worker->flats[depth + 1], slice, flat, t);
        if (status == GSL_SUCCESS)
            status = count_below(worker, depth + 1, (share_t){0, 1});
    }
    return status;
}

// ---- Parts ----

// Collects the units of a coalition that are hyperplanes.
static int collect_units(flats_worker_t *worker, const slong *members) {
    const flats_job_t *job = worker->job;
    const slong width = job->width, units = job->layer->width;
    flat_t *all = &worker->all;
    if (!flat_reserve(all, job->layer->active * units, 0, width))
        return GSL_ENOMEM;
    all->count = 0;
    for (slong i = 0; i < job->layer->active; i++)
        for (slong h = 0; h < units; h++) {
            const slong unit = members[i] * units + h, s = all->count;
            if (_fmpz_vec_is_zero(job->rows->exact->rows[job->first_row + unit], width - 1))
                continue;
            for (slong j = 0; j < width; j++)
                all->coefficients[j * all->stride + s] =
                    job->rows->coefficients[(job->first_row + unit) * job->rows->stride + j];
            all->units[all->count++] = unit;
        }
    return GSL_SUCCESS;
}

// Fills the root: the cell of a coalition.
static int fill_root(flats_worker_t *worker, slong coalition) {
    const reach_list_t *list = &worker->job->list;
    int status = reach_cell(list, coalition, worker->shells);
    if (status == GSL_SUCCESS)
        status = collect_units(worker, list->members + coalition * list->active);
    return status == GSL_SUCCESS
               ? flat_fill(worker, &worker->flats[0], worker->shells[0], &worker->all, worker->all.count)
               : status;
}

static void record_total(const flats_job_t *job, ulong part, const fmpz *sums) {
    for (slong m = 0; job->totals != NULL && m < job->width; m++)
        fmpz_add(job->totals + part, job->totals + part, sums + m);
}

static int run_part(void *context, int thread, ulong part, fmpz *sums) {
    const flats_job_t *job = context;
    flats_worker_t *worker = &job->workers[thread];
    const share_t share = {(slong)part % job->blocks, job->blocks};
    memset(worker->level, 0, (size_t)job->width * sizeof *worker->level);
    worker->level[0] = share.block == 0;
    int status = fill_root(worker, (slong)part / job->blocks);
    if (status == GSL_SUCCESS)
        status = count_below(worker, 0, share);
    for (slong m = 0; m < job->width && status == GSL_SUCCESS; m++)
        fmpz_add_ui(sums + m, sums + m, worker->level[m]);
    if (status == GSL_SUCCESS)
        record_total(job, part, sums);
    return status;
}

// ---- Workers and job ----

static void worker_clear(flats_worker_t *worker) {
    const slong width = worker->job->width;
    polyhedron_free(worker->shells[0]);
    polyhedron_free(worker->shells[1]);
    for (slong m = 0; m < width; m++) {
        if (worker->cells != NULL)
            polyhedron_free(worker->cells[m]);
        if (worker->flats != NULL)
            flat_clear(&worker->flats[m], width);
    }
    flat_clear(&worker->all, width);
    free(worker->cells);
    free(worker->flats);
    free(worker->level);
    free(worker->vectors);
    free(worker->raw);
    free(worker->high);
    free(worker->low);
    free(worker->state);
    free(worker->marks);
    free(worker->spare);
    free(worker->kept);
    free(worker->starts);
    free(worker->ring);
}

static bool worker_init(flats_worker_t *worker, const flats_job_t *job) {
    *worker = (flats_worker_t){.job = job};
    worker->shells[0] = polyhedron_alloc(job->rows);
    worker->shells[1] = polyhedron_alloc(job->rows);
    worker->cells = calloc((size_t)job->width, sizeof *worker->cells);
    worker->flats = calloc((size_t)job->width, sizeof *worker->flats);
    worker->level = calloc((size_t)job->width, sizeof *worker->level);
    bool good = worker->shells[0] != NULL && worker->shells[1] != NULL && worker->cells != NULL &&
                worker->flats != NULL && worker->level != NULL;
    for (slong m = 1; m < job->width - 1 && good; m++) {
        worker->cells[m] = polyhedron_alloc(job->rows);
        good = worker->cells[m] != NULL;
    }
    return good;
}

static void set_bounds(flats_job_t *job) {
    for (slong i = job->first_row; i < job->rows->count; i++) {
        job->norm = fmax(job->norm, job->rows->norms[i]);
        job->margin = fmax(job->margin, job->rows->margins[i]);
    }
}

static int start_workers(flats_job_t *job, int threads) {
    job->workers = calloc((size_t)threads, sizeof *job->workers);
    if (job->workers == NULL)
        return GSL_ENOMEM;
    for (int i = 0; i < threads; i++) {
        job->worker_count = i + 1;
        if (!worker_init(&job->workers[i], job))
            return GSL_ENOMEM;
    }
    return GSL_SUCCESS;
}

// Finds the coalitions and cuts the work into parts. These depend on the layer alone, so that stored results of
// parts fit whatever the number of threads.
static int job_init(flats_job_t *job, const layer_t *layer, int threads, bool totals) {
    *job = (flats_job_t){.layer = layer, .width = layer->dimension + 1};
    job->first_row = layer->experts * (layer->experts - 1) / 2;
    job->rows = reach_walls(layer, layer->rows);
    if (job->rows == NULL)
        return GSL_ENOMEM;
    set_bounds(job);
    int status = reach_find(layer, job->rows, &job->list);
    if (status == GSL_SUCCESS) {
        const slong most = layer->active * layer->width / ROWS_OF_A_PART;
        job->blocks = layer->dimension == 1 ? 1 : (PARTS + job->list.count - 1) / job->list.count;
        job->blocks = job->blocks > most ? most + 1 : job->blocks;
        if (totals)
            job->totals = _fmpz_vec_init(job->list.count * job->blocks);
        status = start_workers(job, threads);
    }
    return status;
}

static void job_clear(flats_job_t *job) {
    for (slong i = 0; i < job->worker_count; i++)
        worker_clear(&job->workers[i]);
    free(job->workers);
    if (job->totals != NULL)
        _fmpz_vec_clear(job->totals, job->list.count * job->blocks);
    reach_list_clear(&job->list);
    polyhedron_rows_free(job->rows);
}

// The caller's control with a look at the parts that it restores, whose totals are wanted too.
typedef struct watch {
    const shards_control_t *control;
    const flats_job_t *job;
} watch_t;

static void watch_progress(void *watcher, uint64_t done, uint64_t total) {
    const watch_t *watch = watcher;
    watch->control->progress(watch->control->watcher, done, total);
}

static bool watch_restore(void *watcher, ulong shard, fmpz *sums, slong width) {
    const watch_t *watch = watcher;
    const bool known = watch->control->restore(watch->control->watcher, shard, sums, width);
    if (known)
        record_total(watch->job, shard, sums);
    return known;
}

static void watch_store(void *watcher, ulong shard, const fmpz *sums, slong width) {
    const watch_t *watch = watcher;
    watch->control->store(watch->control->watcher, shard, sums, width);
}

static int run_all(flats_job_t *job, const shards_control_t *control, fmpz *sums) {
    const shards_plan_t plan = {.count = (ulong)(job->list.count * job->blocks),
                                .width = job->width,
                                .run = run_part,
                                .context = job};
    if (control == NULL)
        return shards_run(&plan, NULL, sums);
    watch_t watch = {control, job};
    const shards_control_t watched = {.threads = control->threads,
                                      .progress = control->progress == NULL ? NULL : watch_progress,
                                      .restore = control->restore == NULL ? NULL : watch_restore,
                                      .store = control->store == NULL ? NULL : watch_store,
                                      .watcher = &watch};
    return shards_run(&plan, &watched, sums);
}

static void report(const flats_job_t *job, layer_flats_coalition_t coalition, void *context) {
    fmpz_t regions;
    fmpz_init(regions);
    for (slong c = 0; c < job->list.count; c++) {
        _fmpz_vec_sum(regions, job->totals + c * job->blocks, job->blocks);
        coalition(context, job->list.members + c * job->list.active, job->list.active, regions);
    }
    fmpz_clear(regions);
}

int layer_flats_count(const layer_t *layer, const shards_control_t *control,
                      layer_flats_coalition_t coalition, void *context, layer_count_t *count) {
    flats_job_t job;
    fmpz *sums = _fmpz_vec_init(layer->dimension + 1);
    int status = job_init(&job, layer, shards_threads(control), coalition != NULL);
    if (status == GSL_SUCCESS)
        status = run_all(&job, control, sums);
    if (status == GSL_SUCCESS) {
        _fmpz_vec_set(count->level, sums, count->levels);
        _fmpz_vec_sum(count->regions, sums, count->levels);
        if (coalition != NULL)
            report(&job, coalition, context);
    }
    job_clear(&job);
    _fmpz_vec_clear(sums, layer->dimension + 1);
    return status;
}

double layer_flats_work(const layer_t *layer) {
    const bounds_layer_t shape = {(ulong)layer->experts, (ulong)layer->active, (ulong)layer->width,
                                  (ulong)layer->dimension};
    fmpz_t bound;
    fmpz_init(bound);
    double work = INFINITY;
    if (bounds_flats(bound, &shape) == GSL_SUCCESS) {
        slong exponent;
        const double part = fmpz_get_d_2exp(&exponent, bound);
        work = exponent > 1100 ? INFINITY : ldexp(part, (int)exponent);
    }
    fmpz_clear(bound);
    return work;
}
