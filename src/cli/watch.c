// SPDX-License-Identifier: GPL-3.0-or-later
// Watches a long count; see watch.h.
#include "cli/watch.h"

static void on_begin(void *watcher, ulong count, slong width) {
    checkpoint_begin(((watch_t *)watcher)->checkpoint, count, width);
}

static void on_progress(void *watcher, uint64_t done, uint64_t total) {
    progress_update(&((watch_t *)watcher)->progress, done, total);
}

static bool on_restore(void *watcher, ulong shard, fmpz *sums, slong width) {
    return checkpoint_restore(((watch_t *)watcher)->checkpoint, shard, sums, width);
}

static void on_store(void *watcher, ulong shard, const fmpz *sums, slong width) {
    checkpoint_store(((watch_t *)watcher)->checkpoint, shard, sums, width);
}

fault_status_t watch_start(watch_t *watch, const char *label, int threads, const char *checkpoint,
                           const char *key, shards_control_t *control, fault_t *fault) {
    *watch = (watch_t){0};
    *control = (shards_control_t){.threads = threads, .progress = on_progress, .watcher = watch};
    progress_start(&watch->progress, label);
    if (checkpoint == NULL)
        return FAULT_NONE;
    control->begin = on_begin;
    control->restore = on_restore;
    control->store = on_store;
    return checkpoint_open(checkpoint, key, &watch->checkpoint, fault);
}

fault_status_t watch_end(watch_t *watch, bool complete, fault_t *fault) {
    progress_end(&watch->progress);
    return watch->checkpoint == NULL ? FAULT_NONE : checkpoint_close(watch->checkpoint, complete, fault);
}
