// SPDX-License-Identifier: GPL-3.0-or-later
// Counting and listing on one thread: CPU time and memory of whole runs of build/bin/moegeom, next to the target of
// each and to rivals. sage and polymake take part where they are installed; the others' times are quoted.
//
// With --write FILE, the measurements go into FILE as well, together with times of single calls on instances that grow
// in one parameter; experiments/depth/counting.c reads that file, data/counting-times.csv.
//
// Times are CPU times, user and system together, because other programs may use the machine, and because the kernel
// only estimates how a run of few milliseconds divides between the two. Each is the least of several.
#include "geometry/layer_flats.h"
#include "geometry/layer_vertices.h"
#include "geometry/tree.h"
#include "io/output.h"
#include "stat/stream.h"

#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { SEED = 1975, RANGE = 99999, PATH = 512, RIVAL_SECONDS = 120 };

static _Noreturn void stop(const char *format, ...) __attribute__((format(printf, 1, 2)));
static _Noreturn void stop(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("bench_counting: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(EXIT_FAILURE);
}

// ---- One run of a program ----

typedef struct {
    double seconds, mib; // CPU time, and the most memory that was resident
    long long first;     // the integer that its first line starts with
    long lines;          // that it wrote
    bool done, expired;  // it ended with status 0; its time was over
} run_t;

static void read_output(FILE *pipe, run_t *run) {
    char chunk[1 << 16];
    size_t length = fread(chunk, 1, sizeof chunk - 1, pipe);
    chunk[length] = '\0';
    run->first = strtoll(chunk, NULL, 10);
    for (; length > 0; length = fread(chunk, 1, sizeof chunk, pipe))
        for (size_t i = 0; i < length; i++)
            run->lines += chunk[i] == '\n';
}

// Runs a program, for at most `limit` seconds of CPU time; what it says on standard error is not shown.
static run_t run_program(char *const arguments[], unsigned limit) {
    int ends[2];
    if (pipe(ends) != 0)
        stop("cannot open a pipe");
    const pid_t child = fork();
    if (child == 0) {
        const struct rlimit seconds = {limit, limit};
        if (dup2(ends[1], STDOUT_FILENO) < 0 || freopen("/dev/null", "w", stderr) == NULL ||
            setrlimit(RLIMIT_CPU, &seconds) != 0)
            _exit(EXIT_FAILURE);
        close(ends[0]);
        close(ends[1]);
        execvp(arguments[0], arguments);
        _exit(EXIT_FAILURE);
    }
    close(ends[1]);
    FILE *output = fdopen(ends[0], "r");
    struct rusage usage;
    int status;
    run_t run = {0};
    if (child < 0 || output == NULL)
        stop("cannot run %s", arguments[0]);
    read_output(output, &run);
    fclose(output);
    if (wait4(child, &status, 0, &usage) != child)
        stop("lost %s", arguments[0]);
    run.seconds = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                  1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    run.mib = (double)usage.ru_maxrss / 1024;
    run.done = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    run.expired = !run.done && run.seconds > 0.95 * limit;
    return run;
}

// ---- The works ----

typedef struct {
    const char *name, *file, *method; // method: an option of moegeom count, or list
    slong experts, active, width, planes, dimension;
    double target; // seconds
    double units;  // that the rate counts
    const char *unit;
    int runs;
} work_t;

enum { SLICE_ROWS = 64 * 1024 };

static const work_t WORKS[] = {
    {"generic (20;5)", "data/instances/generic_n20_d5.arr", "tree", 0, 0, 0, 20, 5, 0.01, 21700, "regions",
     15},
    {"generic (80;5)", "data/instances/generic_n80_d5.arr", "tree", 0, 0, 0, 80, 5, 0.12, 24040016,
     "vertices", 9},
    {"threshold T6", "T6.arr", "tree", 0, 0, 0, 64, 7, 0.2, 15028134, "regions", 9},
    {"resonance R7", "R7.arr", "tree", 0, 0, 0, 127, 7, 3, 347326352, "regions", 3},
    {"layer (16;4;5;5)", "data/instances/layer_N16_k4_H5_d5.moe", "f", 16, 4, 5, 80, 5, 0.5, 171781,
     "regions", 7},
    {"layer (16;4;5;5)", "data/instances/layer_N16_k4_H5_d5.moe", "v", 16, 4, 5, 80, 5, 0.5, 171781,
     "regions", 5},
    {"slice (64;8;1024;2)", "slice.moe", "f", 64, 8, 1024, SLICE_ROWS, 2, 10.74,
     0.5 * SLICE_ROWS *(SLICE_ROWS - 1.0), "crossings", 3},
    {"slice (64;8;1024;2)", "slice.moe", "v", 64, 8, 1024, SLICE_ROWS, 2, 10.74,
     0.5 * SLICE_ROWS *(SLICE_ROWS - 1.0), "crossings", 3},
    {"list (20;5)", "data/instances/generic_n20_d5.arr", "list", 0, 0, 0, 20, 5, 0.05, 21700, "regions", 15}};

static const double MOST_MIB = 50;

// A rival's time: measured here when it has a script and is installed, otherwise quoted.
typedef struct {
    size_t work;
    const char *name;
    double seconds; // quoted; negative: at least so many
    const char *source;
    const char *command[3]; // that the name of the instance file is put after
} rival_t;

static const char *const ELSEWHERE = "elsewhere", *const NOTEBOOK = "authors";

static const rival_t RIVALS[] = {
    {0, "sage count", 3.3, ELSEWHERE, {"sage", "tests/bench/regions.py"}},
    {0, "sage list", 95.7, ELSEWHERE, {0}},
    {0, "polymake fan", -120, ELSEWHERE, {"polymake", "--script", "tests/bench/regions.pl"}},
    {2, "CountingChambers", 9.95, NOTEBOOK, {0}},
    {2, "CountingChambers (sym.)", 0.386, NOTEBOOK, {0}},
    {3, "CountingChambers (sym.)", 5.07, NOTEBOOK, {0}},
    {8, "HiGHS incremental", 25.8, ELSEWHERE, {0}}};

// Where the programs and the scratch files are, and what was measured.
typedef struct {
    char program[PATH], scratch[PATH];
    run_t best[COUNT(WORKS)];
    run_t rival[COUNT(RIVALS)];
    const char *source[COUNT(RIVALS)];
} bench_t;

static void file_of(const bench_t *bench, const work_t *work, char path[2 * PATH]) {
    snprintf(path, 2 * PATH, "%s%s", strchr(work->file, '/') != NULL ? "" : bench->scratch, work->file);
}

// ---- Instances ----

static FILE *open_scratch(const bench_t *bench, const char *name) {
    char path[2 * PATH];
    snprintf(path, sizeof path, "%s%s", bench->scratch, name);
    FILE *file = fopen(path, "w");
    if (file == NULL)
        stop("cannot write %s", path);
    return file;
}

// Normals with the binary digits of 1, 1 + step, ...: resonance arrangements (step 1), threshold functions (2).
static void write_binary(const bench_t *bench, const char *name, slong d, slong step) {
    const slong count = ((WORD(1) << d) - 2) / step + 1;
    arrangement_t *a = arrangement_alloc(count, d);
    for (slong row = 0; row < count; row++)
        for (slong i = 0; i < d; i++)
            fmpz_set_si(fmpz_mat_entry(a->rows, row, i), (1 + row * step) >> i & 1);
    FILE *file = open_scratch(bench, name);
    arrangement_print(file, a);
    fclose(file);
    arrangement_free(a);
}

// The random arrangement number `block`; layers take their router from the first rows of one.
static arrangement_t *draw_rows(slong n, slong d, uint32_t block) {
    stream_t stream = stream_at(SEED, stream_experiment("counting"), block);
    arrangement_t *a = arrangement_alloc(n, d);
    if (a == NULL || arrangement_draw(a, RANGE, &stream) != GSL_SUCCESS)
        stop("cannot draw an arrangement");
    return a;
}

static layer_t *draw_layer(slong experts, slong active, slong width, slong d, uint32_t block) {
    arrangement_t *a = draw_rows(experts * (width + 1), d, block);
    layer_t *layer = layer_alloc(experts, active, width, d);
    for (slong i = 0; i < a->planes; i++)
        _fmpz_vec_set(i < experts ? layer->router->rows[i] : layer->rows->rows[i - experts], a->rows->rows[i],
                      d + 1);
    arrangement_free(a);
    return layer;
}

static void write_instances(const bench_t *bench) {
    write_binary(bench, "T6.arr", 7, 2);
    write_binary(bench, "R7.arr", 7, 1);
    layer_t *slice = draw_layer(64, 8, 1024, 2, 0);
    FILE *file = open_scratch(bench, "slice.moe");
    layer_print(file, slice);
    fclose(file);
    layer_free(slice);
}

static void remove_instances(const bench_t *bench) {
    for (size_t i = 0; i < COUNT(WORKS); i++) {
        char path[2 * PATH];
        file_of(bench, &WORKS[i], path);
        if (strchr(WORKS[i].file, '/') == NULL)
            unlink(path);
    }
    rmdir(bench->scratch);
}

// ---- Measurements ----

static void measure_work(bench_t *bench, size_t index) {
    const work_t *work = &WORKS[index];
    const bool list = strcmp(work->method, "list") == 0, tree = strcmp(work->method, "tree") == 0;
    char path[2 * PATH];
    file_of(bench, work, path);
    char *const listing[] = {bench->program, "list", path, NULL};
    char *const counting[] = {bench->program,       "count", path, "--threads", "1", tree ? NULL : "--method",
                              (char *)work->method, NULL};
    run_t *best = &bench->best[index];
    for (int i = 0; i < work->runs; i++) {
        run_t run = run_program(list ? listing : counting, 60);
        if (!run.done)
            stop("%s fails on %s", bench->program, path);
        if (list)
            run.first = run.lines;
        if (i > 0) {
            run.seconds = fmin(run.seconds, best->seconds);
            run.mib = fmax(run.mib, best->mib);
        }
        *best = run;
    }
}

static bool installed(const char *program) {
    char command[PATH];
    snprintf(command, sizeof command, "command -v %s >/dev/null 2>&1", program);
    return system(command) == 0;
}

static void measure_rival(bench_t *bench, size_t index) {
    const rival_t *rival = &RIVALS[index];
    run_t *run = &bench->rival[index];
    *run = (run_t){.seconds = fabs(rival->seconds), .expired = rival->seconds < 0};
    bench->source[index] = rival->source;
    if (rival->command[0] == NULL || !installed(rival->command[0]))
        return;
    char path[2 * PATH], *arguments[COUNT(rival->command) + 2] = {0};
    file_of(bench, &WORKS[rival->work], path);
    size_t used = 0;
    while (used < COUNT(rival->command) && rival->command[used] != NULL) {
        arguments[used] = (char *)rival->command[used];
        used++;
    }
    arguments[used] = path;
    const run_t own = run_program(arguments, RIVAL_SECONDS);
    if (own.done && own.first != bench->best[rival->work].first)
        stop("%s counts %lld regions of %s, not %lld", rival->name, own.first, WORKS[rival->work].name,
             bench->best[rival->work].first);
    if (!own.done && !own.expired) // without the packages that its script needs, for instance
        return;
    *run = own;
    bench->source[index] = "here";
}

// ---- The table ----

static void print_rivals(const bench_t *bench, size_t work) {
    for (size_t i = 0; i < COUNT(RIVALS); i++) {
        const run_t *run = &bench->rival[i];
        if (RIVALS[i].work == work)
            printf("    %-40s%s %8.3f s, ratio%s %.4g (%s)\n", RIVALS[i].name, run->expired ? " >" : "  ",
                   run->seconds, run->expired ? " >" : "", run->seconds / bench->best[work].seconds,
                   bench->source[i]);
    }
}

static void print_table(const bench_t *bench) {
    double mib = 0;
    printf("%-20s %-6s %11s %9s %9s %4s %7s  %s\n", "one thread", "method", "regions", "CPU s", "target",
           "met", "MiB", "rate");
    for (size_t i = 0; i < COUNT(WORKS); i++) {
        const work_t *work = &WORKS[i];
        const run_t *run = &bench->best[i];
        printf("%-20s %-6s %11lld %9.4f %9.2f %4s %7.1f  %.2e %s/s\n", work->name, work->method, run->first,
               run->seconds, work->target, run->seconds <= work->target ? "yes" : "NO", run->mib,
               work->units / run->seconds, work->unit);
        print_rivals(bench, i);
        mib = fmax(mib, run->mib);
    }
    printf("%-20s %45.1f MiB, target %.0f: %s\n", "most memory", mib, MOST_MIB,
           mib < MOST_MIB ? "yes" : "NO");
}

// ---- The growth of the cost ----

// Instances that grow in one parameter; experts 0 for arrangements.
typedef struct {
    const char *name;
    slong experts, active, width, planes, dimension;
} growth_t;

static const growth_t GROWTH[] = {
    {"n", 0, 0, 0, 100, 2},  {"n", 0, 0, 0, 200, 2},  {"n", 0, 0, 0, 400, 2},  {"n", 0, 0, 0, 800, 2},
    {"n", 0, 0, 0, 1600, 2}, {"n", 0, 0, 0, 3200, 2}, {"n", 0, 0, 0, 30, 3},   {"n", 0, 0, 0, 50, 3},
    {"n", 0, 0, 0, 85, 3},   {"n", 0, 0, 0, 140, 3},  {"n", 0, 0, 0, 240, 3},  {"n", 0, 0, 0, 400, 3},
    {"n", 0, 0, 0, 20, 4},   {"n", 0, 0, 0, 30, 4},   {"n", 0, 0, 0, 45, 4},   {"n", 0, 0, 0, 66, 4},
    {"n", 0, 0, 0, 100, 4},  {"n", 0, 0, 0, 150, 4},  {"n", 0, 0, 0, 16, 5},   {"n", 0, 0, 0, 22, 5},
    {"n", 0, 0, 0, 30, 5},   {"n", 0, 0, 0, 42, 5},   {"n", 0, 0, 0, 58, 5},   {"n", 0, 0, 0, 80, 5},
    {"d", 0, 0, 0, 32, 3},   {"d", 0, 0, 0, 32, 4},   {"d", 0, 0, 0, 32, 5},   {"d", 0, 0, 0, 32, 6},
    {"d", 0, 0, 0, 32, 7},   {"d", 0, 0, 0, 32, 8},   {"d", 8, 2, 3, 24, 1},   {"d", 8, 2, 3, 24, 2},
    {"d", 8, 2, 3, 24, 3},   {"d", 8, 2, 3, 24, 4},   {"d", 8, 2, 3, 24, 5},   {"d", 8, 2, 3, 24, 6},
    {"d", 8, 2, 3, 24, 7},   {"N", 4, 2, 4, 16, 3},   {"N", 6, 2, 4, 24, 3},   {"N", 8, 2, 4, 32, 3},
    {"N", 12, 2, 4, 48, 3},  {"N", 16, 2, 4, 64, 3},  {"N", 24, 2, 4, 96, 3},  {"N", 32, 2, 4, 128, 3},
    {"N", 48, 2, 4, 192, 3}, {"N", 64, 2, 4, 256, 3}, {"k", 16, 1, 4, 64, 3},  {"k", 16, 2, 4, 64, 3},
    {"k", 16, 3, 4, 64, 3},  {"k", 16, 4, 4, 64, 3},  {"k", 16, 6, 4, 64, 3},  {"k", 16, 8, 4, 64, 3},
    {"k", 16, 10, 4, 64, 3}, {"k", 16, 12, 4, 64, 3}, {"k", 16, 14, 4, 64, 3}, {"k", 16, 15, 4, 64, 3},
    {"k", 16, 16, 4, 64, 3}};

static const double GROWTH_SECONDS = 0.25; // a call is repeated for so long, and at least GROWTH_CALLS times
static const int GROWTH_CALLS = 3;

static double cpu_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

// One of the two is not NULL.
typedef struct {
    arrangement_t *a;
    layer_t *layer;
} subject_t;

// Counts once; the method is tree, f or v.
static int count_once(const subject_t *instance, const char *method, slong *regions) {
    static const shards_control_t alone = {.threads = 1};
    char reason[LAYER_VERTICES_REASON];
    int status;
    if (instance->a != NULL) {
        tree_count_t count;
        tree_count_init(&count, instance->a->dimension);
        status = tree_regions(instance->a, &alone, &count);
        *regions = fmpz_get_si(count.regions);
        tree_count_clear(&count);
        return status;
    }
    layer_count_t count;
    layer_count_init(&count, instance->layer->dimension);
    status = strcmp(method, "f") == 0 ? layer_flats_count(instance->layer, &alone, NULL, NULL, &count)
                                      : layer_vertices_count(instance->layer, 1, &alone, &count, reason);
    *regions = fmpz_get_si(count.regions);
    layer_count_clear(&count);
    return status;
}

static double best_call(const subject_t *instance, const char *method, slong *regions) {
    double best = HUGE_VAL;
    const double start = cpu_seconds();
    for (int i = 0; i < GROWTH_CALLS || cpu_seconds() - start < GROWTH_SECONDS; i++) {
        const double before = cpu_seconds();
        const int status = count_once(instance, method, regions);
        if (status != GSL_SUCCESS)
            stop("method %s: %s", method, gsl_strerror(status));
        best = fmin(best, cpu_seconds() - before);
    }
    return best;
}

static void write_growth(FILE *file) {
    static const char *const methods[] = {"tree", "f", "v"};
    for (size_t i = 0; i < COUNT(GROWTH); i++) {
        const growth_t *g = &GROWTH[i];
        const uint32_t block = (uint32_t)i + 1;
        const bool layer = g->experts > 0;
        subject_t instance = {0};
        if (layer)
            instance.layer = draw_layer(g->experts, g->active, g->width, g->dimension, block);
        else
            instance.a = draw_rows(g->planes, g->dimension, block);
        for (size_t m = layer; m < (layer ? COUNT(methods) : 1); m++) {
            slong regions;
            const double seconds = best_call(&instance, methods[m], &regions);
            fprintf(file, "growth,%s,%s,%ld,%ld,%ld,%ld,%ld,%u,%ld,%.4g,0,0,0,here\n", g->name, methods[m],
                    g->experts, g->active, g->width, g->planes, g->dimension, block, regions, seconds);
        }
        arrangement_free(instance.a);
        layer_free(instance.layer);
    }
}

// ---- The file ----

// A row of its own, without commas, so that the report can name the machine.
static void write_processor(FILE *file) {
    char line[PATH], name[PATH] = "unknown";
    FILE *info = fopen("/proc/cpuinfo", "r");
    while (info != NULL && fgets(line, sizeof line, info) != NULL)
        if (sscanf(line, "model name : %511[^,\n]", name) == 1)
            break;
    if (info != NULL)
        fclose(info);
    fprintf(file, "machine,%s,,0,0,0,0,0,0,0,0,0,0,0,\n", name);
}

static void write_speed(const bench_t *bench, FILE *file) {
    for (size_t i = 0; i < COUNT(WORKS); i++) {
        const work_t *w = &WORKS[i];
        const run_t *run = &bench->best[i];
        fprintf(file, "speed,%s,%s,%ld,%ld,%ld,%ld,%ld,0,%lld,%.4g,%.1f,%g,%.0f,%s\n", w->name, w->method,
                w->experts, w->active, w->width, w->planes, w->dimension, run->first, run->seconds, run->mib,
                w->target, w->units, w->unit);
        for (size_t r = 0; r < COUNT(RIVALS); r++)
            if (RIVALS[r].work == i)
                fprintf(file, "%s,%s,%s,%ld,%ld,%ld,%ld,%ld,0,%lld,%.4g,%.1f,0,0,%s\n",
                        bench->rival[r].expired ? "stopped" : "rival", w->name, RIVALS[r].name, w->experts,
                        w->active, w->width, w->planes, w->dimension, bench->rival[r].first,
                        bench->rival[r].seconds, bench->rival[r].mib, bench->source[r]);
    }
}

static void write_file(const bench_t *bench, const char *path) {
    fault_t fault = {0};
    output_t *out;
    if (output_open(path, &out, &fault) != FAULT_NONE)
        stop("%s", fault.text);
    FILE *file = output_stream(out);
    fputs("# CPU seconds (user and system; the least of several runs) and peak memory (MiB) on one thread, "
          "written by\n"
          "# build/bin/bench_counting --write data/counting-times.csv. speed: whole runs of moegeom; rival: "
          "others, 0 "
          "MiB\n"
          "# and 0 regions where the time is quoted; stopped: others that did not end in so many seconds; "
          "growth: "
          "single calls\n",
          file);
    fputs("kind,work,method,experts,active,width,planes,dimension,block,regions,seconds,mib,target,units,"
          "note\n",
          file);
    write_processor(file);
    write_speed(bench, file);
    write_growth(file);
    if (output_commit(out, &fault) != FAULT_NONE)
        stop("%s", fault.text);
}

int main(int argc, char **argv) {
    static bench_t bench;
    const bool write = argc == 3 && strcmp(argv[1], "--write") == 0;
    if (argc != 1 && !write)
        stop("usage: bench_counting [--write FILE]");
    const char *slash = strrchr(argv[0], '/');
    snprintf(bench.program, sizeof bench.program, "%.*smoegeom",
             slash == NULL ? 0 : (int)(slash + 1 - argv[0]), argv[0]);
    snprintf(bench.scratch, sizeof bench.scratch, "/tmp/moegeom-bench-XXXXXX");
    if (mkdtemp(bench.scratch) == NULL)
        stop("cannot make %s", bench.scratch);
    strcat(bench.scratch, "/");
    write_instances(&bench);
    for (size_t i = 0; i < COUNT(WORKS); i++)
        measure_work(&bench, i);
    for (size_t i = 0; i < COUNT(RIVALS); i++)
        measure_rival(&bench, i);
    remove_instances(&bench);
    print_table(&bench);
    if (write)
        write_file(&bench, argv[2]);
    flint_cleanup();
    return EXIT_SUCCESS;
}
