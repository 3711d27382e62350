// SPDX-License-Identifier: GPL-3.0-or-later
// A long exact computation as numbered parts whose integer results add up.
//
// The sums are integers, so they do not depend on the order of the parts or on the number of threads; a run
// that was interrupted goes on from the parts that were stored.
#ifndef MOEGEOM_NUMBER_SHARDS_H
#define MOEGEOM_NUMBER_SHARDS_H

#include <flint/fmpz.h>
#include <stdbool.h>
#include <stdint.h>

// What is computed. `run` may be called from several threads at once, for different parts.
typedef struct shards_plan {
    ulong count; // parts
    slong width; // integers that each part adds to
    // Adds part `shard` to sums[0..width-1], which are zero at entry. `thread` is 0 to threads - 1, and no two
    // calls with the same number run at once. Returns GSL_SUCCESS or an error, which ends the run.
    int (*run)(void *context, int thread, ulong shard, fmpz *sums);
    void *context;
} shards_plan_t;

// How it is run, and who watches. All functions may be NULL, and are called by one thread at a time.
typedef struct shards_control {
    int threads; // 0: one for each core
    // A run starts; a computation may consist of several, always the same ones in the same order.
    void (*begin)(void *watcher, ulong count, slong width);
    void (*progress)(void *watcher, uint64_t done, uint64_t total);
    // Parts that an earlier run finished: returns true and sets the sums when it knows the part.
    bool (*restore)(void *watcher, ulong shard, fmpz *sums, slong width);
    // A part is finished.
    void (*store)(void *watcher, ulong shard, const fmpz *sums, slong width);
    void *watcher;
} shards_control_t;

// The number of threads that a run with this control has; NULL is a control of zeros.
int shards_threads(const shards_control_t *control);

// Runs all parts and adds their results to sums[0..width-1].
//   control  NULL: all cores, nobody watches
// Returns GSL_SUCCESS, or the first error of a part, or GSL_ENOMEM; then the sums are as they were.
int shards_run(const shards_plan_t *plan, const shards_control_t *control, fmpz *sums);

#endif
