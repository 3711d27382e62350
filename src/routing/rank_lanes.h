// SPDX-License-Identifier: GPL-3.0-or-later
// The kernels of rank.c on vectors of LANES scores: written once, included there once per instruction set.
//
// The includer defines, and this file undefines again:
//     LANES                    numbers in a vector: 4, 8 or 16
//     LANE(name)               the name with the version's suffix
//     LANE_TARGET              the function attribute that permits the instructions, or nothing
//     LANE_MIN, LANE_MAX(x, y) of two vectors of numbers
//     LANE_GREATER(x, y)       the greater of two vectors of non-negative 32-bit integers
//     LANE_PART(from, count)   a vector of the `count` numbers at `from`, fewer than LANES, and of PADDING behind them
//     LANE_TRANSPOSE(x)        transposes the square made of LANES vectors: numbers of a row become numbers of a column
//     LANE_BELOW(x, limit)     whether all numbers of a vector of integers are
//
// No include guard, on purpose.

#define LANE_INLINE static inline __attribute__((always_inline)) LANE_TARGET
#define real LANE(real)
#define bits LANE(bits)

typedef float real __attribute__((vector_size(4 * LANES)));
typedef int32_t bits __attribute__((vector_size(4 * LANES)));

LANE_INLINE real LANE(load)(const float *from) {
    real x;
    memcpy(&x, from, sizeof x);
    return x;
}

LANE_INLINE real LANE(splat)(float x) {
    return x - (real){0};
}

// Adding 0 makes -0 into 0, so that all versions agree in the bits.
LANE_INLINE void LANE(store)(float *to, real x) {
    x += 0;
    memcpy(to, &x, sizeof x);
}

// Columns first to first + LANES of LANES rows: one vector for each column, one lane for each row. The processor does not guess
// this order of reading by itself: without a hint a third of the memory's speed is left.
LANE_INLINE void LANE(square)(const block_t *block, size_t first, real *columns) {
    const size_t count = block->experts - first;
#pragma GCC unroll 16
    for (size_t i = 0; i < LANES; i++) {
        const float *from = block->scores + i * block->stride + first;
        __builtin_prefetch((const void *)((uintptr_t)from + AHEAD));
        columns[i] = count < LANES ? LANE_PART(from, count) : LANE(load)(from);
    }
    LANE_TRANSPOSE(columns);
}

// The bits of magnitudes have the order of the numbers, infinity and NaN above them.
LANE_INLINE bits LANE(greatest_magnitude)(bits greatest, const real *columns, size_t count) {
#pragma GCC unroll 16
    for (size_t i = 0; i < count; i++)
        greatest = LANE_GREATER((bits)columns[i] & INT32_MAX, greatest);
    return greatest;
}

LANE_INLINE void LANE(exchange)(real *x, size_t i, size_t j) {
    const real greater = LANE_MAX(x[i], x[j]);
    x[j] = LANE_MIN(x[i], x[j]);
    x[i] = greater;
}

// From a bitonic sequence, whose length is a power of 2, to a descending one.
LANE_INLINE void LANE(clean)(real *x, size_t size) {
#pragma GCC unroll 8
    for (size_t width = size / 2; width > 0; width /= 2)
#pragma GCC unroll 8
        for (size_t at = 0; at < size; at += 2 * width)
#pragma GCC unroll 8
            for (size_t i = at; i < at + width; i++)
                LANE(exchange)(x, i, i + width);
}

// The shortest networks for 4 and 8 numbers: 5 and 19 exchanges (D. E. Knuth, The Art of Computer Programming 3, 5.3.4).
LANE_INLINE void LANE(sort_4)(real *x) {
    LANE(exchange)(x, 0, 1), LANE(exchange)(x, 2, 3);
    LANE(exchange)(x, 0, 2), LANE(exchange)(x, 1, 3);
    LANE(exchange)(x, 1, 2);
}

LANE_INLINE void LANE(sort_8)(real *x) {
    LANE(sort_4)(x), LANE(sort_4)(x + 4);
    LANE(exchange)(x, 0, 4), LANE(exchange)(x, 1, 5), LANE(exchange)(x, 2, 6), LANE(exchange)(x, 3, 7);
    LANE(exchange)(x, 2, 4), LANE(exchange)(x, 3, 5);
    LANE(exchange)(x, 1, 2), LANE(exchange)(x, 3, 4), LANE(exchange)(x, 5, 6);
}

// Sorts a power of 2 of numbers, the greatest first.
LANE_INLINE void LANE(sort)(real *x, size_t size) {
    if (size == 2)
        LANE(exchange)(x, 0, 1);
    if (size == 4)
        LANE(sort_4)(x);
    for (size_t at = 0; at + 8 <= size; at += 8)
        LANE(sort_8)(x + at);
    for (size_t half = 8; half < size; half *= 2)
        for (size_t at = 0; at < size; at += 2 * half) {
#pragma GCC unroll 8
            for (size_t i = 0; i < half; i++)
                LANE(exchange)(x, at + i, at + 2 * half - 1 - i);
            LANE(clean)(x + at, half);
            LANE(clean)(x + at + half, half);
        }
}

// Merges a descending run into the `size` greatest numbers of the runs before. Returns the greatest number that was left out.
LANE_INLINE real LANE(merge)(real *top, const real *run, size_t size, real rest) {
#pragma GCC unroll 16
    for (size_t i = 0; i < size; i++) {
        rest = LANE_MAX(rest, LANE_MIN(top[i], run[size - 1 - i]));
        top[i] = LANE_MAX(top[i], run[size - 1 - i]);
    }
    LANE(clean)(top, size);
    return rest;
}

// Ranks LANES rows, one in each lane: the `size` greatest numbers so far are kept in order, and the greatest of those that fell
// out, which comes next. Runs of as many columns are sorted and merged into them. Returns whether all scores are finite.
LANE_INLINE bool LANE(rank)(const block_t *block, size_t size) {
    const size_t width = size > LANES ? size : LANES;
    real top[RUN], columns[RUN], rest = LANE(splat)(PADDING);
    bits greatest = {0};
    for (size_t first = 0; first < block->experts; first += width) {
        const size_t left = block->experts - first, count = left < width ? left : width;
        for (size_t i = 0; i < count; i += LANES)
            LANE(square)(block, first + i, columns + i);
        if (count == width)
            greatest = LANE(greatest_magnitude)(greatest, columns, width);
        else
            greatest = LANE(greatest_magnitude)(greatest, columns, count);
        for (size_t i = (count + LANES - 1) / LANES * LANES; i < width; i++)
            columns[i] = LANE(splat)(PADDING);
#pragma GCC unroll 16
        for (size_t run = 0; run < width; run += size) {
            if (run >= count)
                break;
            LANE(sort)(columns + run, size);
            if (first + run == 0)
                memcpy(top, columns, size * sizeof *top);
            else
                rest = LANE(merge)(top, columns + run, size, rest);
        }
    }
    LANE(store)(block->inside, top[block->active - 1]);
    LANE(store)(block->outside, block->active < size ? top[block->active] : rest);
    LANE(store)(block->magnitude, (real)greatest);
    return LANE_BELOW(greatest, INFINITE);
}

#define RANK(size)                                                                                           \
    LANE_TARGET static bool LANE(rank_##size)(const block_t *block) {                                        \
        return LANE(rank)(block, size);                                                                      \
    }
RANK(1)
RANK(2)
RANK(4)
RANK(8)
RANK(16)
RANK(32)
RANK(64)
#undef RANK

#undef LANE_INLINE
#undef real
#undef bits
#undef LANES
#undef LANE
#undef LANE_TARGET
#undef LANE_MIN
#undef LANE_MAX
#undef LANE_GREATER
#undef LANE_PART
#undef LANE_TRANSPOSE
#undef LANE_BELOW
