// SPDX-License-Identifier: GPL-3.0-or-later
// Progress of long work, on standard error: a bar with the time left on a terminal, one line a minute
// elsewhere.
#ifndef MOEGEOM_IO_PROGRESS_H
#define MOEGEOM_IO_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

// State of one progress display; owned by the caller, who calls from one thread at a time.
typedef struct progress {
    const char *label; // kept by reference
    double started;    // monotonic seconds
    double shown;      // when the last line was printed
    bool terminal;
    bool visible; // a bar stands on the terminal's last line
} progress_t;

// Starts a display; prints nothing yet, so that short work stays silent.
void progress_start(progress_t *progress, const char *label);

// Shows that `done` of `total` parts are finished (0 <= done <= total, total > 0), at most ten times a
// second.
void progress_update(progress_t *progress, uint64_t done, uint64_t total);

// Removes the bar.
void progress_end(progress_t *progress);

#endif
