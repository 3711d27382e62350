// SPDX-License-Identifier: GPL-3.0-or-later
// Watches a long count: a progress bar, and a checkpoint when one is wanted.
#ifndef MOEGEOM_CLI_WATCH_H
#define MOEGEOM_CLI_WATCH_H

#include "io/checkpoint.h"
#include "io/progress.h"
#include "number/shards.h"

typedef struct watch {
    progress_t progress;
    checkpoint_t *checkpoint; // NULL: none
} watch_t;

// Starts to watch.
//   label       of the bar, kept by reference
//   threads     0: all cores
//   checkpoint  the path, or NULL
//   key         which computation it is
//   control     receives what the computation is to be given; it points to `watch`
fault_status_t watch_start(watch_t *watch, const char *label, int threads, const char *checkpoint,
                           const char *key, shards_control_t *control, fault_t *fault);

// Ends it; the checkpoint is removed when the computation is complete.
fault_status_t watch_end(watch_t *watch, bool complete, fault_t *fault);

#endif
