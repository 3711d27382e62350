// SPDX-License-Identifier: GPL-3.0-or-later
// The circumstances of a run, as JSON: what was asked, with which tools, at what cost. Never compared.
#ifndef MOEGEOM_IO_META_H
#define MOEGEOM_IO_META_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef struct meta meta_t;

// Starts the clock of a run. The commit is taken from the environment variable MOEGEOM_COMMIT ("unknown"
// without it). NULL when there is no memory.
meta_t *meta_alloc(const char *experiment, uint64_t seed, bool quick);

// Adds a parameter with its unit; NULL `meta` is not allowed.
void meta_parameter(meta_t *meta, const char *name, double value, const char *unit);

// Writes everything, with wall time and peak memory up to now and the versions of compiler and libraries.
void meta_write(const meta_t *meta, FILE *file);

// Frees it; NULL is allowed.
void meta_free(meta_t *meta);

// Whether the meta file at `path` exists and describes full (not quick) results.
bool meta_is_full(const char *path);

#endif
