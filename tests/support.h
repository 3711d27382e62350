// SPDX-License-Identifier: GPL-3.0-or-later
// What several test files share: cmocka with the headers that it wants, random arguments, closeness with the input
// printed.
#ifndef MOEGEOM_TESTS_SUPPORT_H
#define MOEGEOM_TESTS_SUPPORT_H

#include "stat/stream.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

// A uniform number in (low, high).
static inline double uniform(stream_t *s, double low, double high) {
    return stream_between(s, low, high);
}

// A number between low and high > 0 whose logarithm is uniform.
static inline double log_uniform(stream_t *s, double low, double high) {
    return exp(uniform(s, log(low), log(high)));
}

// An integer from 0 to n - 1.
static inline size_t draw_below(stream_t *s, size_t n) {
    uint64_t word;
    stream_bits(s, &word, 1);
    return (size_t)(word % n);
}

// Fails unless |got - want| <= tolerance; `input` is the input in full.
static inline void check_close(const char *input, double got, double want, double tolerance) {
    if (!(fabs(got - want) <= tolerance))
        fail_msg("%s: got %.17g (%a), want %.17g (%a), off by %.3g, allowed %.3g", input, got, got, want,
                 want, fabs(got - want), tolerance);
}

// The input of a case in one line, for check_close.
#define INPUT(...) (snprintf(support_input, sizeof support_input, __VA_ARGS__), support_input)
static char support_input[2048] __attribute__((unused));

#endif
