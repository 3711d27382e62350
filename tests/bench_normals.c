// SPDX-License-Identifier: GPL-3.0-or-later
// Normal variates per second on one thread: stat/stream by each instruction set, next to numpy where it is
// installed. Prints one line per generator on stdout: the median of several runs, and its ratio to numpy's
// Philox.
#include "stat/stream.h"

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics.h>
#include <stdio.h>
#include <time.h>

enum {
    RUNS = 9,
    CHUNK = 1 << 13, // variates per call: 64 kB
    CHUNKS = 1 << 11
};

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double one_run(stream_isa_t isa, stream_kind_t kind, double *out) {
    stream_t s = stream_at(1, 2, 3);
    double start = seconds();
    for (int i = 0; i < CHUNKS; i++)
        (void)stream_fill_with(isa, kind, &s, out, CHUNK);
    return (double)CHUNK * CHUNKS / (seconds() - start);
}

static double median_rate(stream_isa_t isa, stream_kind_t kind) {
    static double out[CHUNK];
    double rate[RUNS];
    for (int run = 0; run < RUNS; run++)
        rate[run] = one_run(isa, kind, out);
    gsl_sort(rate, 1, RUNS);
    return gsl_stats_median_from_sorted_data(rate, 1, RUNS);
}

// The median rate of numpy.random.NAME, chunks and runs as above; 0 if there is no Python or no numpy.
static double numpy_rate(const char *name) {
    char command[700];
    snprintf(command, sizeof command,
             "/usr/bin/python3 -c '\n"
             "import time, numpy\n"
             "generator = numpy.random.Generator(numpy.random.%s(1))\n"
             "out, rates = numpy.empty(%d), []\n"
             "for run in range(%d):\n"
             "    start = time.perf_counter()\n"
             "    for chunk in range(%d):\n"
             "        generator.standard_normal(out=out)\n"
             "    rates.append(%d * out.size / (time.perf_counter() - start))\n"
             "print(numpy.median(rates))' 2>/dev/null",
             name, CHUNK, RUNS, CHUNKS / 8, CHUNKS / 8);
    FILE *pipe = popen(command, "r");
    if (pipe == NULL)
        return 0;
    double rate = 0;
    int fields = fscanf(pipe, "%lf", &rate);
    return pclose(pipe) == 0 && fields == 1 ? rate : 0;
}

static void report(const char *generator, double rate, double reference) {
    printf("%-28s %10.1f", generator, rate * 1e-6);
    if (reference > 0)
        printf(" %8.2f", rate / reference);
    printf("\n");
}

static void report_versions(const char *what, stream_kind_t kind, double reference) {
    for (stream_isa_t isa = STREAM_BASELINE; isa < STREAM_ISA_COUNT; isa++) {
        char generator[64];
        snprintf(generator, sizeof generator, "stream %s, %s", what, stream_isa_name(isa));
        if (stream_isa_supported(isa))
            report(generator, median_rate(isa, kind), reference);
        else
            printf("%-28s this CPU lacks it\n", generator);
    }
}

int main(void) {
    double philox = numpy_rate("Philox"), sfc = numpy_rate("SFC64");
    printf("%-28s %10s %8s\n", "one thread", "million/s", "ratio");
    if (philox > 0)
        report("numpy normals, Philox", philox, philox);
    if (sfc > 0)
        report("numpy normals, SFC64", sfc, philox);
    if (philox <= 0)
        printf("/usr/bin/python3 has no numpy: no ratios\n");
    report_versions("normals", STREAM_NORMALS, philox);
    report_versions("uniforms", STREAM_UNIFORMS, 0);
    report_versions("bits", STREAM_BITS, 0);
    return 0;
}
