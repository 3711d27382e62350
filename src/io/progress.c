// SPDX-License-Identifier: GPL-3.0-or-later
// Progress of long work; see progress.h.
#include "io/progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

// Work that is over by then shows no bar at all.
static const double SILENT_SECONDS = 0.5;
static const double BAR_SECONDS = 0.1;
static const double LINE_SECONDS = 60;
enum { BAR_WIDTH = 32 };

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

void progress_start(progress_t *progress, const char *label) {
    progress->label = label;
    progress->started = now();
    progress->shown = progress->started;
    progress->terminal = isatty(STDERR_FILENO) == 1;
    progress->visible = false;
}

static void print_bar(const progress_t *progress, double fraction, double left) {
    char bar[BAR_WIDTH + 1];
    for (int i = 0; i < BAR_WIDTH; i++)
        bar[i] = i < (int)(fraction * BAR_WIDTH) ? '#' : '.';
    bar[BAR_WIDTH] = '\0';
    fprintf(stderr, "\r%s [%s] %3.0f %%, %.0f s left \033[K", progress->label, bar, 100 * fraction, left);
}

void progress_update(progress_t *progress, uint64_t done, uint64_t total) {
    const double time = now(), elapsed = time - progress->started;
    const double pause = progress->terminal ? BAR_SECONDS : LINE_SECONDS;
    if (done == 0 || elapsed < SILENT_SECONDS || time - progress->shown < pause)
        return;
    progress->shown = time;
    const double fraction = (double)done / (double)total;
    const double left = elapsed * (1 - fraction) / fraction;
    if (progress->terminal) {
        print_bar(progress, fraction, left);
        progress->visible = true;
    } else {
        fprintf(stderr, "%s: %.0f %%, %.0f s left\n", progress->label, 100 * fraction, left);
    }
}

void progress_end(progress_t *progress) {
    if (progress->visible)
        fputs("\r\033[K", stderr);
    progress->visible = false;
}
