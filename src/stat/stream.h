// SPDX-License-Identifier: GPL-3.0-or-later
// Counter-based random streams: bits, uniform and standard normal variates in bulk, the same on every CPU.
//
// The generator is Philox4x32-10 (J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random
// numbers: as easy as 1, 2, 3", SC11, 2011, doi:10.1145/2063384.2063405). Its only state is a counter, so any
// thread may generate any part of any stream. The words of key and counter are
//
//     key        seed, low word first
//     counter 0  pair number, bits 0 to 31
//     counter 1  pair number, bits 32 to 61; the two upper bits of this word hold the stream_kind_t
//     counter 2  block
//     counter 3  experiment
//
// One call of Philox gives a pair of 64-bit words: output 0 + 2^32 output 1, and output 2 + 2^32 output 3.
// Pair k supplies the variates number 2k and 2k + 1 of the stream:
//
//     bits       the two words;
//     uniforms   (floor(word / 2^12) + 1/2) 2^-52 of each word: 2^52 evenly spaced values, symmetric about
//                1/2, each exact, never 0 or 1;
//     normals    r cos(2 pi v) and r sin(2 pi v), r = sqrt(-2 log u), with the uniforms u of the first and v
//                of the second word (G. E. P. Box, M. E. Muller, Ann. Math. Statist. 29, 1958, 610-611).
//
// The kinds have counters of their own, so variate i of one kind is independent of variate i of another.
//
// Resolution. The smallest uniform is 2^-53, the largest 1 - 2^-53. Hence |x| <= sqrt(106 log 2) = 8.5717 for
// every normal (a true one goes beyond with probability 1.0e-17), and P(r > t) = exp(-t^2/2) holds to within
// 2^-53. Events with a probability below some 1e-14 cannot be counted with these variates: shift the mean and
// weigh instead.
//
// Accuracy. log, cos and sin are polynomials made of IEEE +, -, *, / alone; the errors stay below 0.87 ulp
// (log) and 1.30 ulp (cos, sin), and a normal is within 3 ulp of the exact function of its two words, as
// tests/test_stream.c measures. No library function and no fused operation takes part, and no operation mixes
// the lanes of a vector: the versions for baseline, AVX2 and AVX-512 agree bit for bit. The source must be
// compiled with -ffp-contract=off.
#ifndef MOEGEOM_STAT_STREAM_H
#define MOEGEOM_STAT_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A place in a stream. Plain data: copy it to fork, assign position to seek.
typedef struct {
    uint64_t seed;       // of the whole computation
    uint32_t experiment; // see stream_experiment
    uint32_t block;      // number of the block within the experiment
    uint64_t position;   // number of the next variate, below 2^63 (beyond, the stream repeats)
} stream_t;

// The stream of one block, at position 0. All values are good; streams of different triples never overlap.
stream_t stream_at(uint64_t seed, uint32_t experiment, uint32_t block);

// The number of an experiment from its name, zero-terminated: the 32-bit FNV-1a hash of the bytes (G. Fowler,
// L. C. Noll, K.-P. Vo; offset basis 2166136261, prime 16777619). Two names collide with probability 2^-32.
uint32_t stream_experiment(const char *name);

// The next n variates. The position advances by n; a request may be cut into several without any change.
//   s    the stream, advanced
//   out  receives n values
//   n    may be 0; full speed from some hundred on, and the least request takes the time of 16 variates
void stream_bits(stream_t *s, uint64_t *out, size_t n);
void stream_uniforms(stream_t *s, double *out, size_t n);
void stream_normals(stream_t *s, double *out, size_t n);

// A number between low and high: low + (high - low) u of the next uniform u.
double stream_between(stream_t *s, double low, double high);

// An integer from low to high, both included, high - low < 2^63: low plus a word of the kind bits modulo their number.
// The remainder favours the lower values by a part of (high - low + 1) / 2^64 at most.
int64_t stream_pick(stream_t *s, int64_t low, int64_t high);

// ---- For tests and benchmarks: the versions for each instruction set, and the parts --------------------

// The instruction set of a version. Elsewhere than on x86-64 there is the baseline only.
typedef enum { STREAM_BASELINE, STREAM_AVX2, STREAM_AVX512, STREAM_ISA_COUNT } stream_isa_t;

// What the variates are; the value is a part of the counter.
typedef enum { STREAM_BITS, STREAM_UNIFORMS, STREAM_NORMALS, STREAM_KIND_COUNT } stream_kind_t;

// Whether this CPU and operating system run a version. The baseline always runs.
bool stream_isa_supported(stream_isa_t isa);

// The version that the functions above use: the widest that is supported.
stream_isa_t stream_isa_best(void);

// "baseline", "avx2" or "avx512".
const char *stream_isa_name(stream_isa_t isa);

// As stream_bits, stream_uniforms or stream_normals, by a chosen version.
//   out  receives n values of 8 bytes: uint64_t for STREAM_BITS, double for the others
// Returns GSL_SUCCESS, GSL_EINVAL (no such kind) or GSL_EUNSUP (the CPU lacks the version).
int stream_fill_with(stream_isa_t isa, stream_kind_t kind, stream_t *s, void *out, size_t n);

// Philox4x32-10 itself at n consecutive counters.
//   key    two words
//   first  the first counter; words 0 and 1 count up as one 64-bit number, without carry into word 2
//   out    receives 2n words, pair after pair
//   n      a multiple of 8
// Returns GSL_SUCCESS, GSL_EINVAL (not a multiple of 8) or GSL_EUNSUP (the CPU lacks the version).
int stream_philox_with(stream_isa_t isa, const uint32_t key[2], const uint32_t first[4], uint64_t *out,
                       size_t n);

// Natural logarithms.
//   u    n numbers in (0, 1], none subnormal
//   out  receives n values
//   n    a multiple of 8
// Returns as stream_philox_with.
int stream_log_with(stream_isa_t isa, const double *u, double *out, size_t n);

// Cosines and sines of 2 pi u.
//   u             n numbers in [0, 1], multiples of 2^-53 for the accuracy stated above
//   cosine, sine  receive n values each
//   n             a multiple of 8
// Returns as stream_philox_with.
int stream_turn_with(stream_isa_t isa, const double *u, double *cosine, double *sine, size_t n);

#endif
