// SPDX-License-Identifier: GPL-3.0-or-later
// The k-th and the (k+1)-th largest of each of many rows of 32-bit scores: as fast as memory gives them.
//
// The same results with SSE2, AVX2 and AVX-512, chosen when the program runs.
#ifndef MOEGEOM_ROUTING_RANK_H
#define MOEGEOM_ROUTING_RANK_H

#include <stdbool.h>
#include <stddef.h>

// Ranks rows.
//   scores     rows x experts numbers, row by row, aligned to 4 bytes
//   active     k, 1 to experts - 1
//   inside     receives the k-th largest of each row; undefined for a row with a number that is not finite
//   outside    receives the (k+1)-th largest
//   magnitude  receives the largest magnitude of each row; may be NULL
// Returns the number of the first row with NaN or an infinity, or `rows` when all are finite.
size_t rank_rows(const float *scores, size_t rows, size_t experts, size_t active, float *inside,
                 float *outside, float *magnitude);

// Which instructions are used: "AVX-512", "AVX2" or "baseline".
const char *rank_instructions(void);

// ---- For tests and benchmarks: the versions for each instruction set ----

// Elsewhere than on x86-64 there is the baseline only.
typedef enum { RANK_BASELINE, RANK_AVX2, RANK_AVX512, RANK_ISA_COUNT } rank_isa_t;

// Whether this CPU and operating system run a version. The baseline always runs.
bool rank_isa_supported(rank_isa_t isa);

const char *rank_isa_name(rank_isa_t isa);

// rank_rows by a version that is supported.
size_t rank_rows_with(rank_isa_t isa, const float *scores, size_t rows, size_t experts, size_t active,
                      float *inside, float *outside, float *magnitude);

#endif
