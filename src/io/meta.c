// SPDX-License-Identifier: GPL-3.0-or-later
// The circumstances of a run; see meta.h.
#include "io/meta.h"

#include <arb.h>
#include <gmp.h>
#include <gsl/gsl_version.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

// Declared by <cblas.h>, which cannot stand beside GSL's own cblas header.
const char *openblas_get_config(void);

struct meta {
    json_t *run, *parameters;
    struct timespec started;
};

meta_t *meta_alloc(const char *experiment, uint64_t seed, bool quick) {
    meta_t *meta = calloc(1, sizeof *meta);
    if (meta == NULL)
        return NULL;
    clock_gettime(CLOCK_MONOTONIC, &meta->started);
    const char *commit = getenv("MOEGEOM_COMMIT");
    char digits[32]; // as text: JSON numbers end at 2^53
    snprintf(digits, sizeof digits, "%llu", (unsigned long long)seed);
    meta->parameters = json_object();
    meta->run = json_pack("{s:s, s:s, s:b, s:s}", "experiment", experiment, "seed", digits, "quick", quick,
                          "commit", commit ? commit : "unknown");
    if (meta->run == NULL || meta->parameters == NULL) {
        meta_free(meta);
        return NULL;
    }
    return meta;
}

void meta_parameter(meta_t *meta, const char *name, double value, const char *unit) {
    json_object_set_new(meta->parameters, name, json_pack("{s:f, s:s}", "value", value, "unit", unit));
}

static json_t *versions(void) {
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "compiler", __VERSION__, "gsl", gsl_version,
                     "gmp", gmp_version, "flint", FLINT_VERSION, "arb", arb_version, "jansson",
                     JANSSON_VERSION, "openblas", openblas_get_config());
}

void meta_write(const meta_t *meta, FILE *file) {
    struct timespec now;
    struct rusage usage;
    clock_gettime(CLOCK_MONOTONIC, &now);
    getrusage(RUSAGE_SELF, &usage);
    const double wall =
        (double)(now.tv_sec - meta->started.tv_sec) + 1e-9 * (double)(now.tv_nsec - meta->started.tv_nsec);
    json_t *whole = json_copy(meta->run);
    json_object_set(whole, "parameters", meta->parameters);
    json_object_set_new(whole, "versions", versions());
    json_object_set_new(whole, "wall_seconds", json_real(wall));
    json_object_set_new(whole, "peak_memory_kib", json_integer(usage.ru_maxrss));
    json_dumpf(whole, file, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
    fputc('\n', file);
    json_decref(whole);
}

void meta_free(meta_t *meta) {
    if (meta == NULL)
        return;
    json_decref(meta->run);
    json_decref(meta->parameters);
    free(meta);
}

bool meta_is_full(const char *path) {
    json_t *whole = json_load_file(path, 0, NULL);
    const json_t *quick = json_object_get(whole, "quick");
    const bool full = json_is_false(quick);
    json_decref(whole);
    return full;
}
