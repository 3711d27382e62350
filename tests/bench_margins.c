// SPDX-License-Identifier: GPL-3.0-or-later
// Scores per second that are read from a file of 32-bit scores (N = 64, in the page cache) and ranked for k = 8, next to the speed
// at which the same threads read them, and to numpy.partition and torch.topk where these are installed. Each rate is the best of
// several runs; the target is 10^9 scores/s on two cores. Writes 1 GiB to TMPDIR (default /tmp) and removes it.
#include "io/dump.h"
#include "routing/rank.h"
#include "stat/stream.h"

#include <fcntl.h>
#include <omp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    EXPERTS = 64,
    ACTIVE = 8,
    ROWS = 1 << 22,       // 1 GiB
    BLOCK = 1 << 10,      // rows that a thread takes at once: 256 KiB
    IN_CACHE = 1 << 6,    // rows: 16 KiB
    RIVAL_ROWS = 1 << 19, // rivals would take too long for all
    HEADER = 128,
    RUNS = 7,
    PATH = 512
};

static const double LEAST_RATE = 1e9, MOST_MIB = 256;

static _Noreturn void stop(const char *format, ...) __attribute__((format(printf, 1, 2)));
static _Noreturn void stop(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("bench_margins: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(EXIT_FAILURE);
}

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

// ---- The file ----

typedef struct bench {
    char folder[PATH], path[PATH + 16], program[PATH];
    int threads;
    int file;            // open for reading
    const float *mapped; // the scores behind the header, or NULL
    dump_t *dump;
    double rate; // of reading, the best of the ways: what the shares refer to
} bench_t;

static void write_rows(FILE *file) {
    enum { CHUNK = 1 << 16 };
    static double normals[CHUNK];
    static float scores[CHUNK];
    stream_t s = stream_at(1, stream_experiment("bench_margins"), 0);
    for (size_t done = 0; done < (size_t)ROWS * EXPERTS; done += CHUNK) {
        stream_normals(&s, normals, CHUNK);
        for (size_t i = 0; i < CHUNK; i++)
            scores[i] = (float)normals[i];
        if (fwrite(scores, sizeof *scores, CHUNK, file) != CHUNK)
            return; // ferror tells
    }
}

static void write_dump(bench_t *b) {
    const char *parent = getenv("TMPDIR");
    snprintf(b->folder, sizeof b->folder, "%.400s/moegeom-bench-XXXXXX", parent == NULL ? "/tmp" : parent);
    if (mkdtemp(b->folder) == NULL)
        stop("cannot make %s", b->folder);
    snprintf(b->path, sizeof b->path, "%s/dump.npy", b->folder);
    FILE *file = fopen(b->path, "w");
    if (file == NULL)
        stop("cannot write %s", b->path);
    // The header ends with a newline and fills 128 bytes.
    fprintf(file, "\x93NUMPY\x01%c%c%c%-*s\n", 0, HEADER - 10, 0, HEADER - 11,
            "{'descr': '<f4', 'fortran_order': False, 'shape': (4194304, 64), }");
    write_rows(file);
    const bool failed = ferror(file) != 0 || fflush(file) != 0 || fsync(fileno(file)) != 0;
    if (fclose(file) != 0 || failed)
        stop("cannot write %s", b->path);
}

static void remove_dump(const bench_t *b) {
    unlink(b->path);
    rmdir(b->folder);
}

// ---- Ways to read: scores of one block, where they lie or copied into a thread's buffer ----

typedef const float *reader_t(const bench_t *b, size_t block, float *buffer);

static const float *read_mapped(const bench_t *b, size_t block, float *buffer) {
    (void)buffer;
    return b->mapped + block * BLOCK * EXPERTS;
}

static const float *read_plainly(const bench_t *b, size_t block, float *buffer) {
    const size_t bytes = BLOCK * EXPERTS * sizeof *buffer;
    if (pread(b->file, buffer, bytes, (off_t)(HEADER + block * bytes)) != (ssize_t)bytes)
        stop("cannot read %s", b->path);
    return buffer;
}

static const float *read_dump(const bench_t *b, size_t block, float *buffer) {
    fault_t fault = {0};
    if (dump_floats(b->dump, 0, block * BLOCK, BLOCK, buffer, &fault) != FAULT_NONE)
        stop("%s", fault.text);
    return buffer;
}

// Stays in the cache.
static const float *read_again(const bench_t *b, size_t block, float *buffer) {
    (void)block;
    (void)buffer;
    return b->mapped;
}

// ---- What is done with them: one number of each block, so that nothing is optimised away ----

typedef double worker_t(const float *scores);

typedef float lanes_t __attribute__((vector_size(64)));

static double sum_block(const float *scores) {
    lanes_t sums[2] = {{0}, {0}};
    for (size_t i = 0; i < (size_t)BLOCK * EXPERTS; i += 32) {
        lanes_t x[2];
        memcpy(x, scores + i, sizeof x);
        sums[0] += x[0];
        sums[1] += x[1];
    }
    return (double)(sums[0] + sums[1])[0];
}

static double rank_block(const float *scores) {
    float inside[BLOCK], outside[BLOCK], magnitude[BLOCK];
    if (rank_rows(scores, BLOCK, EXPERTS, ACTIVE, inside, outside, magnitude) != BLOCK)
        stop("a score is not finite");
    return (double)(inside[0] - outside[BLOCK - 1]);
}

static double rank_few_again(const float *scores) {
    float inside[IN_CACHE], outside[IN_CACHE];
    for (size_t row = 0; row < BLOCK; row += IN_CACHE)
        rank_rows(scores, IN_CACHE, EXPERTS, ACTIVE, inside, outside, NULL);
    return (double)inside[0];
}

static double one_run(const bench_t *b, reader_t *reader, worker_t *worker) {
    double total = 0;
    const double start = seconds();
#pragma omp parallel num_threads(b->threads) reduction(+ : total)
    {
        float *buffer = aligned_alloc(64, BLOCK * EXPERTS * sizeof *buffer);
        if (buffer == NULL)
            stop("out of memory");
#pragma omp for schedule(dynamic, 4)
        for (size_t block = 0; block < ROWS / BLOCK; block++)
            total += worker(reader(b, block, buffer));
        free(buffer);
    }
    const double elapsed = seconds() - start;
    if (total * 0 != 0)
        stop("a sum is not finite");
    return (double)ROWS * EXPERTS / elapsed;
}

static void map(bench_t *b) {
    char *start =
        mmap(NULL, HEADER + sizeof(float) * EXPERTS * (size_t)ROWS, PROT_READ, MAP_SHARED, b->file, 0);
    if (start == MAP_FAILED)
        stop("cannot map %s", b->path);
    b->mapped = (const float *)(start + HEADER);
}

static void unmap(bench_t *b) {
    munmap((char *)(uintptr_t)b->mapped - HEADER, HEADER + sizeof(float) * EXPERTS * (size_t)ROWS);
    b->mapped = NULL;
}

// ---- The ways ----

typedef struct way {
    const char *name;
    reader_t *reader;
    worker_t *worker;
    bool anew; // the file is mapped again before, so that the kernel has to find all pages
    bool ranks;
} way_t;

enum { LAST_WAY = 7, WAYS };
static const way_t WAY[WAYS] = {
    {"read: mapped before", read_mapped, sum_block, false, false},
    {"read: mapped anew", read_mapped, sum_block, true, false},
    {"read: pread", read_plainly, sum_block, false, false},
    {"rank: again and again in the cache", read_again, rank_few_again, false, true},
    {"rank: mapped before", read_mapped, rank_block, false, true},
    {"rank: mapped anew", read_mapped, rank_block, true, true},
    {"rank: pread", read_plainly, rank_block, false, true},
    {"rank: as moegeom margins reads", read_dump, rank_block, false, true},
};

// In turns, so that other programs on the machine disturb all alike.
static void measure_ways(bench_t *b, double rate[WAYS]) {
    for (int run = 0; run < RUNS; run++)
        for (int i = 0; i < WAYS; i++) {
            if (WAY[i].anew) {
                unmap(b);
                map(b);
            }
            const double r = one_run(b, WAY[i].reader, WAY[i].worker);
            rate[i] = r > rate[i] ? r : rate[i];
        }
}

// ---- Other programs ----

// The rate that a Python program prints; 0 if there is no Python, or not the module.
static double python_rate(const bench_t *b, const char *modules, const char *prepare, const char *work) {
    char command[2048];
    snprintf(command, sizeof command,
             "/usr/bin/python3 -c '\n"
             "import time, numpy\n"
             "%s\n"
             "scores = numpy.load(\"%s\", mmap_mode=\"r\")[:%d]\n"
             "blocks = [numpy.array(scores[i:i + 16384]) for i in range(0, len(scores), 16384)]\n"
             "%s\n"
             "rates = []\n"
             "for run in range(3):\n"
             "    start = time.perf_counter()\n"
             "    for block in blocks:\n"
             "        %s\n"
             "    rates.append(scores.size / (time.perf_counter() - start))\n"
             "print(max(rates))' 2>/dev/null",
             modules, b->path, RIVAL_ROWS, prepare, work);
    fflush(stdout);
    FILE *pipe = popen(command, "r");
    if (pipe == NULL)
        return 0;
    double rate = 0;
    const int fields = fscanf(pipe, "%lf", &rate);
    return pclose(pipe) == 0 && fields == 1 ? rate : 0;
}

typedef struct {
    double rate, mib; // 0 if it did not end well; the most memory that was resident
} command_t;

// `noise` as the option of moegeom margins.
static command_t run_command(const bench_t *b, const char *noise) {
    fflush(stdout); // or the child writes it again
    const double start = seconds();
    const pid_t child = fork();
    if (child == 0) {
        char threads[16], active[16];
        snprintf(threads, sizeof threads, "%d", b->threads);
        snprintf(active, sizeof active, "%d", ACTIVE);
        if (freopen("/dev/null", "w", stdout) == NULL || freopen("/dev/null", "w", stderr) == NULL)
            _exit(EXIT_FAILURE);
        execl(b->program, b->program, "margins", b->path, "--active", active, "--cast", "none", "--noise",
              noise, "--threads", threads, (char *)NULL);
        _exit(EXIT_FAILURE);
    }
    int status;
    struct rusage usage;
    if (child < 0 || wait4(child, &status, 0, &usage) != child)
        stop("cannot run %s", b->program);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != EXIT_SUCCESS)
        return (command_t){0, 0};
    return (command_t){(double)ROWS * EXPERTS / (seconds() - start), (double)usage.ru_maxrss / 1024};
}

// ---- The table ----

static void report(const bench_t *b, const char *what, double rate) {
    if (rate <= 0)
        printf("%-44s not installed\n", what);
    else
        printf("%-44s %10.2f %8.1f %8.3f\n", what, rate * 1e-9, rate * 1e-9 * sizeof(float), rate / b->rate);
}

static void measure_here(bench_t *b) {
    double rate[WAYS] = {0};
    measure_ways(b, rate);
    for (int i = 0; i < WAYS; i++)
        if (!WAY[i].ranks && rate[i] > b->rate)
            b->rate = rate[i];
    for (int i = 0; i < WAYS; i++)
        report(b, WAY[i].name, rate[i]);
    if (rate[LAST_WAY] < LEAST_RATE)
        printf("    below the target of %.1f\n", LEAST_RATE * 1e-9);
}

static void measure_command(const bench_t *b, const char *what, const char *noise) {
    command_t best = {0, 0};
    for (int run = 0; run < RUNS; run++) {
        const command_t c = run_command(b, noise);
        best.rate = c.rate > best.rate ? c.rate : best.rate;
        best.mib = c.mib > best.mib ? c.mib : best.mib;
    }
    if (best.rate <= 0) {
        printf("moegeom margins failed\n");
        return;
    }
    report(b, what, best.rate);
    printf("    at most %.0f MiB of memory%s%s\n", best.mib,
           best.mib < MOST_MIB ? "" : ": above the target of 256",
           best.rate < LEAST_RATE ? "; below the target of 1.0" : "");
}

static void measure_rivals(const bench_t *b) {
    char work[256], prepare[128];
    snprintf(work, sizeof work, "numpy.partition(block, (%d, %d), axis=1)", EXPERTS - ACTIVE - 1,
             EXPERTS - ACTIVE);
    report(b, "numpy.partition, one thread, without reading", python_rate(b, "", "", work));
    snprintf(work, sizeof work, "torch.topk(block, %d, dim=1)", ACTIVE + 1);
    snprintf(prepare, sizeof prepare,
             "torch.set_num_threads(%d)\nblocks = list(map(torch.from_numpy, blocks))", b->threads);
    report(b, "torch.topk, without reading", python_rate(b, "import torch", prepare, work));
}

int main(int argc, char **argv) {
    static bench_t b;
    fault_t fault = {0};
    const char *slash = strrchr(argv[0], '/');
    snprintf(b.program, sizeof b.program, "%.*smoegeom", slash == NULL ? 0 : (int)(slash + 1 - argv[0]),
             argv[0]);
    b.threads = argc > 1 ? atoi(argv[1]) : omp_get_num_procs();
    if (argc > 2 || b.threads < 1)
        stop("usage: bench_margins [THREADS]");
    write_dump(&b);
    b.file = open(b.path, O_RDONLY);
    if (b.file < 0 || dump_open(b.path, DUMP_LOGITS, false, &b.dump, &fault) != FAULT_NONE) {
        remove_dump(&b);
        stop("cannot read %s: %s", b.path, fault.text);
    }
    map(&b);
    printf("%-44s %10s %8s %8s\n", "N = 64, k = 8, 32-bit scores", "10^9/s", "GB/s", "share");
    printf("%d threads, %s\n", b.threads, rank_instructions());
    measure_here(&b);
    measure_command(&b, "moegeom margins: gaps alone", "none");
    measure_command(&b, "moegeom margins: gaps, flips by noise", "0.01");
    measure_rivals(&b);
    unmap(&b);
    dump_close(b.dump);
    close(b.file);
    remove_dump(&b);
    return EXIT_SUCCESS;
}
