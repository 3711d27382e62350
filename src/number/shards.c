// SPDX-License-Identifier: GPL-3.0-or-later
// Numbered parts of a computation; see shards.h.
#include "number/shards.h"

#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>
#include <omp.h>

int shards_threads(const shards_control_t *control) {
    return control != NULL && control->threads > 0 ? control->threads : omp_get_max_threads();
}

// What the threads of one run share; changed in critical sections only.
typedef struct run {
    const shards_plan_t *plan;
    const shards_control_t *control;
    fmpz *total;
    ulong done;
    int status;
} run_t;

// Sets the sums of one part, from an earlier run or by work.
static int obtain(const run_t *run, ulong shard, fmpz *sums, bool *known) {
    const shards_control_t *control = run->control;
    *known = false;
    if (control->restore != NULL) {
#pragma omp critical(shards)
        *known = control->restore(control->watcher, shard, sums, run->plan->width);
    }
    return *known ? GSL_SUCCESS : run->plan->run(run->plan->context, omp_get_thread_num(), shard, sums);
}

static void finish(run_t *run, ulong shard, const fmpz *sums, bool known) {
    const shards_control_t *control = run->control;
    _fmpz_vec_add(run->total, run->total, sums, run->plan->width);
    run->done++;
    if (!known && control->store != NULL)
        control->store(control->watcher, shard, sums, run->plan->width);
    if (control->progress != NULL)
        control->progress(control->watcher, run->done, run->plan->count);
}

static void run_part(run_t *run, ulong shard) {
    fmpz *sums = _fmpz_vec_init(run->plan->width);
    bool known;
    const int status = obtain(run, shard, sums, &known);
#pragma omp critical(shards)
    {
        if (status == GSL_SUCCESS)
            finish(run, shard, sums, known);
        else if (run->status == GSL_SUCCESS)
            run->status = status;
    }
    _fmpz_vec_clear(sums, run->plan->width);
}

static void run_all(run_t *run, int threads) {
    const ulong count = run->plan->count;
    if (threads < 1) // nothing to do
        return;
#pragma omp parallel num_threads(threads)
    {
#pragma omp for schedule(dynamic, 1)
        for (ulong shard = 0; shard < count; shard++) {
            int status;
#pragma omp atomic read
            status = run->status;
            if (status == GSL_SUCCESS)
                run_part(run, shard);
        }
        // OpenMP may end its threads before the program ends, and FLINT keeps integers for each of them.
        if (omp_get_thread_num() != 0)
            flint_cleanup();
    }
}

int shards_run(const shards_plan_t *plan, const shards_control_t *control, fmpz *sums) {
    const shards_control_t alone = {0};
    run_t run = {.plan = plan, .control = control != NULL ? control : &alone, .status = GSL_SUCCESS};
    if (run.control->begin != NULL)
        run.control->begin(run.control->watcher, plan->count, plan->width);
    run.total = _fmpz_vec_init(plan->width);
    const int threads = shards_threads(control);
    run_all(&run, (ulong)threads < plan->count ? threads : (int)plan->count);
    if (run.status == GSL_SUCCESS)
        _fmpz_vec_add(sums, sums, run.total, plan->width);
    _fmpz_vec_clear(run.total, plan->width);
    return run.status;
}
