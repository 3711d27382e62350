// SPDX-License-Identifier: GPL-3.0-or-later
// Checkpoints; see checkpoint.h.
//
// The file: `moegeom checkpoint 1`, the key, then for each run a line `run COUNT WIDTH` and a line
// `part NUMBER SUM ... SUM` for each part of it that is known, and `end`.
#include "io/checkpoint.h"

#include "io/output.h"

#include <errno.h>
#include <flint/fmpz_vec.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const double SECONDS_BETWEEN = 2;
static const char MAGIC[] = "moegeom checkpoint 1";

// One run: parts[i] is NULL or holds the sums of part i.
typedef struct run {
    ulong count;
    slong width;
    fmpz **parts;
} run_t;

struct checkpoint {
    char *path, *key;
    run_t *runs;
    size_t count;   // runs that are known
    size_t present; // the number of the present run, from 1; 0 before the first
    ulong restored;
    double written; // when the file was written last
    fault_t fault;
};

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void run_clear(run_t *run) {
    for (ulong i = 0; run->parts != NULL && i < run->count; i++)
        if (run->parts[i] != NULL)
            _fmpz_vec_clear(run->parts[i], run->width);
    free(run->parts);
}

// Drops the runs from number `first` on: they belong to a computation that took another way.
static void forget_runs(checkpoint_t *checkpoint, size_t first) {
    while (checkpoint->count > first)
        run_clear(&checkpoint->runs[--checkpoint->count]);
}

static void discard(checkpoint_t *checkpoint) {
    forget_runs(checkpoint, 0);
    free(checkpoint->runs);
    free(checkpoint->path);
    free(checkpoint->key);
    free(checkpoint);
}

static run_t *add_run(checkpoint_t *checkpoint, ulong count, slong width) {
    run_t *grown = realloc(checkpoint->runs, (checkpoint->count + 1) * sizeof *grown);
    if (grown == NULL)
        return NULL;
    checkpoint->runs = grown;
    run_t *run = &grown[checkpoint->count];
    *run = (run_t){.count = count, .width = width, .parts = calloc(count + 1, sizeof(fmpz *))};
    if (run->parts == NULL)
        return NULL;
    checkpoint->count++;
    return run;
}

static fault_status_t write_file(const checkpoint_t *checkpoint, fault_t *fault) {
    output_t *out;
    if (output_open(checkpoint->path, &out, fault) != FAULT_NONE)
        return fault->status;
    FILE *file = output_stream(out);
    fprintf(file, "%s\n%s\n", MAGIC, checkpoint->key);
    for (size_t r = 0; r < checkpoint->count; r++) {
        const run_t *run = &checkpoint->runs[r];
        fprintf(file, "run %lu %ld\n", run->count, run->width);
        for (ulong i = 0; i < run->count; i++) {
            if (run->parts[i] == NULL)
                continue;
            fprintf(file, "part %lu", i);
            for (slong j = 0; j < run->width; j++) {
                fputc(' ', file);
                fmpz_fprint(file, run->parts[i] + j);
            }
            fputc('\n', file);
        }
    }
    fputs("end\n", file);
    return output_commit(out, fault);
}

// ---- Reading -------------------------------------------------------------------------------------------------------

typedef struct source {
    FILE *file;
    char *line;
    size_t room;
    size_t number;
} source_t;

// The next line without its end, or NULL.
static char *next_line(source_t *source) {
    const ssize_t length = getline(&source->line, &source->room, source->file);
    if (length <= 0 || source->line[length - 1] != '\n')
        return NULL;
    source->line[length - 1] = '\0';
    source->number++;
    return source->line;
}

// Reads `part NUMBER SUM ...` into the run. Returns false when the line is something else.
static bool read_part(run_t *run, char *line) {
    char *rest = NULL, *word = strtok_r(line, " ", &rest), *end;
    if (word == NULL || strcmp(word, "part") != 0 || (word = strtok_r(NULL, " ", &rest)) == NULL)
        return false;
    const ulong part = strtoul(word, &end, 10);
    if (*end != '\0' || part >= run->count || run->parts[part] != NULL)
        return false;
    fmpz *sums = _fmpz_vec_init(run->width);
    run->parts[part] = sums;
    for (slong j = 0; j < run->width; j++)
        if ((word = strtok_r(NULL, " ", &rest)) == NULL || fmpz_set_str(sums + j, word, 10) != 0)
            return false;
    return strtok_r(NULL, " ", &rest) == NULL;
}

static bool read_run(checkpoint_t *checkpoint, const char *line, run_t **run) {
    ulong count;
    slong width;
    char surplus;
    return sscanf(line, "run %lu %ld%c", &count, &width, &surplus) == 2 && count < UWORD(1) << 40 &&
           width > 0 && width < 1 << 20 && (*run = add_run(checkpoint, count, width)) != NULL;
}

static fault_status_t read_body(checkpoint_t *checkpoint, source_t *source, fault_t *fault) {
    run_t *run = NULL;
    for (char *line; (line = next_line(source)) != NULL;) {
        if (strcmp(line, "end") == 0)
            return FAULT_NONE;
        const bool good = strncmp(line, "run ", 4) == 0 ? read_run(checkpoint, line, &run)
                                                        : run != NULL && read_part(run, line);
        if (!good)
            return fault_set(fault, FAULT_INPUT,
                             "%s:%zu: expected a part of a checkpoint, found something else",
                             checkpoint->path, source->number);
    }
    return fault_set(fault, FAULT_INPUT, "%s: expected a checkpoint that ends with «end», found it cut short",
                     checkpoint->path);
}

static fault_status_t read_head(const checkpoint_t *checkpoint, source_t *source, fault_t *fault) {
    const char *line = next_line(source);
    if (line == NULL || strcmp(line, MAGIC) != 0)
        return fault_set(fault, FAULT_INPUT,
                         "%s: expected a file that starts with «%s», found another; it is left "
                         "as it is",
                         checkpoint->path, MAGIC);
    line = next_line(source);
    if (line == NULL || strcmp(line, checkpoint->key) != 0)
        return fault_set(fault, FAULT_INPUT,
                         "%s: expected a checkpoint of this computation (%s), found another one (%s)",
                         checkpoint->path, checkpoint->key, line == NULL ? "no key" : line);
    return FAULT_NONE;
}

static fault_status_t read_file(checkpoint_t *checkpoint, fault_t *fault) {
    source_t source = {.file = fopen(checkpoint->path, "re")};
    if (source.file == NULL)
        return errno == ENOENT
                   ? FAULT_NONE
                   : fault_set(fault, FAULT_INPUT, "cannot read %s: %s", checkpoint->path, strerror(errno));
    if (read_head(checkpoint, &source, fault) == FAULT_NONE)
        read_body(checkpoint, &source, fault);
    free(source.line);
    fclose(source.file);
    return fault->status;
}

fault_status_t checkpoint_open(const char *path, const char *key, checkpoint_t **result, fault_t *fault) {
    checkpoint_t *checkpoint = calloc(1, sizeof *checkpoint);
    if (checkpoint == NULL)
        return fault_set(fault, FAULT_SYSTEM, "out of memory");
    checkpoint->path = strdup(path);
    checkpoint->key = strdup(key);
    checkpoint->written = now();
    if (checkpoint->path == NULL || checkpoint->key == NULL)
        fault_set(fault, FAULT_SYSTEM, "out of memory");
    else
        read_file(checkpoint, fault);
    if (fault->status != FAULT_NONE)
        discard(checkpoint);
    else
        *result = checkpoint;
    return fault->status;
}

// ---- Use -----------------------------------------------------------------------------------------------------------

void checkpoint_begin(checkpoint_t *checkpoint, ulong count, slong width) {
    checkpoint->present++;
    if (checkpoint->present <= checkpoint->count) {
        const run_t *run = &checkpoint->runs[checkpoint->present - 1];
        if (run->count != count || run->width != width)
            forget_runs(checkpoint, checkpoint->present - 1);
    }
    if (checkpoint->present > checkpoint->count && add_run(checkpoint, count, width) == NULL)
        fault_set(&checkpoint->fault, FAULT_SYSTEM, "out of memory for the checkpoint %s", checkpoint->path);
}

// The present run, or NULL when there is none of this width.
static run_t *present_run(const checkpoint_t *checkpoint, ulong part, slong width) {
    if (checkpoint->present == 0 || checkpoint->present > checkpoint->count)
        return NULL;
    run_t *run = &checkpoint->runs[checkpoint->present - 1];
    return run->width == width && part < run->count ? run : NULL;
}

bool checkpoint_restore(checkpoint_t *checkpoint, ulong part, fmpz *sums, slong width) {
    const run_t *run = present_run(checkpoint, part, width);
    if (run == NULL || run->parts[part] == NULL)
        return false;
    _fmpz_vec_set(sums, run->parts[part], width);
    checkpoint->restored++;
    return true;
}

void checkpoint_store(checkpoint_t *checkpoint, ulong part, const fmpz *sums, slong width) {
    run_t *run = present_run(checkpoint, part, width);
    if (run == NULL || run->parts[part] != NULL)
        return;
    run->parts[part] = _fmpz_vec_init(width);
    _fmpz_vec_set(run->parts[part], sums, width);
    if (now() - checkpoint->written < SECONDS_BETWEEN)
        return;
    write_file(checkpoint, &checkpoint->fault);
    checkpoint->written = now();
}

ulong checkpoint_restored(const checkpoint_t *checkpoint) {
    return checkpoint->restored;
}

fault_status_t checkpoint_close(checkpoint_t *checkpoint, bool complete, fault_t *fault) {
    if (complete) {
        if (unlink(checkpoint->path) != 0 && errno != ENOENT)
            fault_set(fault, FAULT_SYSTEM, "cannot remove %s: %s", checkpoint->path, strerror(errno));
    } else {
        write_file(checkpoint, &checkpoint->fault);
    }
    if (checkpoint->fault.status != FAULT_NONE)
        fault_set(fault, checkpoint->fault.status, "%s", checkpoint->fault.text);
    discard(checkpoint);
    return fault->status;
}
