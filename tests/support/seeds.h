// SPDX-License-Identifier: GPL-3.0-or-later
// How many random cases a test runs, and what each is made of.
#ifndef MOEGEOM_TESTS_SUPPORT_SEEDS_H
#define MOEGEOM_TESTS_SUPPORT_SEEDS_H

#include "stat/stream.h"

#include <flint/flint.h>

// `base` times the environment variable MOEGEOM_TEST_MULTIPLIER (a positive number; 1 without it), at least 1.
slong seeds_times(slong base);

// The random numbers of case `seed` of a test: a case that failed can be run again alone.
stream_t seeds_stream(const char *test, slong seed);

// A random integer in low..high, for the shapes of instances and for their small entries.
slong seeds_pick(stream_t *stream, slong low, slong high);

#endif
