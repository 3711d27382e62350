// SPDX-License-Identifier: GPL-3.0-or-later
// The choice of a version of rank_lanes.h, and rows cut into blocks of one row for each lane.
//
// Blocks are transposed into one vector for each column; from there on no operation mixes lanes. Sorting networks and merges of
// sorted runs by minima and maxima take the same time for all rows, and their result does not depend on the order of operations:
// hence the versions agree. For k = 8 and N = 64 a row costs some 60 operations on 16 lanes, less time than memory takes.
// For k > 64 the threshold is found bit by bit instead.
#include "routing/rank.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

enum {
    MOST_LANES = 16,
    RUN = 64,              // columns in the longest run
    INFINITE = 0x7f800000, // its bits
    SIGN = INT32_MIN,
    AHEAD = 1 << 14 // bytes from what is read to what is asked for
};

// Behind the end of a row: no score is less, so that it counts only where no score is left.
#define PADDING (-FLT_MAX)

// As many rows as there are lanes, each `stride` numbers behind the one before.
typedef struct block {
    const float *scores;
    size_t stride, experts, active;
    float *inside, *outside, *magnitude;
} block_t;

#ifdef __x86_64__

static inline __attribute__((always_inline)) __m128 part_baseline(const float *from, size_t count) {
    float x[4] = {PADDING, PADDING, PADDING, PADDING};
    for (size_t i = 0; i < count; i++)
        x[i] = from[i];
    return _mm_loadu_ps(x);
}

static inline __attribute__((always_inline)) __m128i greater_baseline(__m128i x, __m128i y) {
    const __m128i first = _mm_cmpgt_epi32(x, y);
    return _mm_or_si128(_mm_and_si128(first, x), _mm_andnot_si128(first, y));
}

#define LANES 4
#define LANE(name) name##_baseline
#define LANE_TARGET
#define LANE_MIN(x, y) ((real)_mm_min_ps((__m128)(x), (__m128)(y)))
#define LANE_MAX(x, y) ((real)_mm_max_ps((__m128)(x), (__m128)(y)))
#define LANE_GREATER(x, y) ((bits)greater_baseline((__m128i)(x), (__m128i)(y)))
#define LANE_PART(from, count) ((real)part_baseline(from, count))
#define LANE_TRANSPOSE(x) _MM_TRANSPOSE4_PS(x[0], x[1], x[2], x[3])
#define LANE_BELOW(x, limit)                                                                                 \
    (_mm_movemask_epi8(_mm_cmplt_epi32((__m128i)(x), _mm_set1_epi32(limit))) == 0xffff)
#include "routing/rank_lanes.h"

#define AVX2 __attribute__((target("avx2")))

AVX2 static inline __attribute__((always_inline)) __m256 part_avx2(const float *from, size_t count) {
    const __m256i places = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const __m256i wanted = _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count), places);
    return _mm256_blendv_ps(_mm256_set1_ps(PADDING), _mm256_maskload_ps(from, wanted),
                            _mm256_castsi256_ps(wanted));
}

// Four rows at a time within the 128-bit parts, then the parts.
AVX2 static inline __attribute__((always_inline)) void transpose_avx2(__m256 *x) {
#pragma GCC unroll 2
    for (int i = 0; i < 8; i += 4) {
        const __m256 a = _mm256_unpacklo_ps(x[i], x[i + 1]), b = _mm256_unpackhi_ps(x[i], x[i + 1]);
        const __m256 c = _mm256_unpacklo_ps(x[i + 2], x[i + 3]), d = _mm256_unpackhi_ps(x[i + 2], x[i + 3]);
        x[i] = _mm256_shuffle_ps(a, c, 0x44);
        x[i + 1] = _mm256_shuffle_ps(a, c, 0xee);
        x[i + 2] = _mm256_shuffle_ps(b, d, 0x44);
        x[i + 3] = _mm256_shuffle_ps(b, d, 0xee);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        const __m256 a = x[i], b = x[i + 4];
        x[i] = _mm256_permute2f128_ps(a, b, 0x20);
        x[i + 4] = _mm256_permute2f128_ps(a, b, 0x31);
    }
}

#define LANES 8
#define LANE(name) name##_avx2
#define LANE_TARGET AVX2
#define LANE_MIN(x, y) ((real)_mm256_min_ps((__m256)(x), (__m256)(y)))
#define LANE_MAX(x, y) ((real)_mm256_max_ps((__m256)(x), (__m256)(y)))
#define LANE_GREATER(x, y) ((bits)_mm256_max_epi32((__m256i)(x), (__m256i)(y)))
#define LANE_PART(from, count) ((real)part_avx2(from, count))
#define LANE_TRANSPOSE(x) transpose_avx2((__m256 *)(x))
#define LANE_BELOW(x, limit)                                                                                 \
    (_mm256_movemask_epi8(_mm256_cmpgt_epi32(_mm256_set1_epi32(limit), (__m256i)(x))) == -1)
#include "routing/rank_lanes.h"

#define AVX512 __attribute__((target("avx512f,avx512dq,avx512vl")))

AVX512 static inline __attribute__((always_inline)) __m512 part_avx512(const float *from, size_t count) {
    return _mm512_mask_loadu_ps(_mm512_set1_ps(PADDING), (__mmask16)((1U << count) - 1), from);
}

// Four rows at a time within the 128-bit parts, then the parts.
AVX512 static inline __attribute__((always_inline)) void transpose_avx512(__m512 *x) {
#pragma GCC unroll 4
    for (int i = 0; i < 16; i += 4) {
        const __m512 a = _mm512_unpacklo_ps(x[i], x[i + 1]), b = _mm512_unpackhi_ps(x[i], x[i + 1]);
        const __m512 c = _mm512_unpacklo_ps(x[i + 2], x[i + 3]), d = _mm512_unpackhi_ps(x[i + 2], x[i + 3]);
        x[i] = _mm512_shuffle_ps(a, c, 0x44);
        x[i + 1] = _mm512_shuffle_ps(a, c, 0xee);
        x[i + 2] = _mm512_shuffle_ps(b, d, 0x44);
        x[i + 3] = _mm512_shuffle_ps(b, d, 0xee);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        const __m512 a = _mm512_shuffle_f32x4(x[i], x[i + 4], 0x88),
                     b = _mm512_shuffle_f32x4(x[i], x[i + 4], 0xdd);
        const __m512 c = _mm512_shuffle_f32x4(x[i + 8], x[i + 12], 0x88),
                     d = _mm512_shuffle_f32x4(x[i + 8], x[i + 12], 0xdd);
        x[i] = _mm512_shuffle_f32x4(a, c, 0x88);
        x[i + 4] = _mm512_shuffle_f32x4(b, d, 0x88);
        x[i + 8] = _mm512_shuffle_f32x4(a, c, 0xdd);
        x[i + 12] = _mm512_shuffle_f32x4(b, d, 0xdd);
    }
}

#define LANES 16
#define LANE(name) name##_avx512
#define LANE_TARGET AVX512
#define LANE_MIN(x, y) ((real)_mm512_min_ps((__m512)(x), (__m512)(y)))
#define LANE_MAX(x, y) ((real)_mm512_max_ps((__m512)(x), (__m512)(y)))
#define LANE_GREATER(x, y) ((bits)_mm512_max_epi32((__m512i)(x), (__m512i)(y)))
#define LANE_PART(from, count) ((real)part_avx512(from, count))
#define LANE_TRANSPOSE(x) transpose_avx512((__m512 *)(x))
#define LANE_BELOW(x, limit) (_mm512_cmplt_epi32_mask((__m512i)(x), _mm512_set1_epi32(limit)) == 0xffff)
#include "routing/rank_lanes.h"

#else

typedef float four_floats __attribute__((vector_size(16)));
typedef int32_t four_integers __attribute__((vector_size(16)));

static inline four_floats choose(four_integers first, four_floats x, four_floats y) {
    return (four_floats)((first & (four_integers)x) | (~first & (four_integers)y));
}

static inline four_floats part_baseline(const float *from, size_t count) {
    four_floats x = {PADDING, PADDING, PADDING, PADDING};
    for (size_t i = 0; i < count; i++)
        x[i] = from[i];
    return x;
}

static inline void transpose_baseline(four_floats *x) {
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < i; j++) {
            const float swapped = x[i][j];
            x[i][j] = x[j][i];
            x[j][i] = swapped;
        }
}

static inline bool below_baseline(four_integers x, int32_t limit) {
    return x[0] < limit && x[1] < limit && x[2] < limit && x[3] < limit;
}

#define LANES 4
#define LANE(name) name##_baseline
#define LANE_TARGET
#define LANE_MIN(x, y) choose((x) < (y), x, y)
#define LANE_MAX(x, y) choose((x) > (y), x, y)
#define LANE_GREATER(x, y) ((bits)choose((x) > (y), (four_floats)(x), (four_floats)(y)))
#define LANE_PART(from, count) part_baseline(from, count)
#define LANE_TRANSPOSE(x) transpose_baseline(x)
#define LANE_BELOW(x, limit) below_baseline(x, limit)
#include "routing/rank_lanes.h"

#endif

// The kernels of one instruction set: the runs of number i have 2^i columns.
enum { RUNS = 7 };
typedef bool kernel_t(const block_t *block);
typedef struct version {
    size_t lanes;
    kernel_t *rank[RUNS];
} version_t;

static version_t version_of(rank_isa_t isa) {
#ifdef __x86_64__
    if (isa == RANK_AVX512)
        return (version_t){16,
                           {rank_1_avx512, rank_2_avx512, rank_4_avx512, rank_8_avx512, rank_16_avx512,
                            rank_32_avx512, rank_64_avx512}};
    if (isa == RANK_AVX2)
        return (version_t){
            8,
            {rank_1_avx2, rank_2_avx2, rank_4_avx2, rank_8_avx2, rank_16_avx2, rank_32_avx2, rank_64_avx2}};
#else
    (void)isa;
#endif
    return (version_t){4,
                       {rank_1_baseline, rank_2_baseline, rank_4_baseline, rank_8_baseline, rank_16_baseline,
                        rank_32_baseline, rank_64_baseline}};
}

bool rank_isa_supported(rank_isa_t isa) {
    switch (isa) {
    case RANK_BASELINE:
        return true;
#ifdef __x86_64__
    case RANK_AVX2:
        return __builtin_cpu_supports("avx2");
    case RANK_AVX512:
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512vl");
#endif
    default:
        return false;
    }
}

const char *rank_isa_name(rank_isa_t isa) {
    return isa == RANK_AVX512 ? "AVX-512" : isa == RANK_AVX2 ? "AVX2" : "baseline";
}

static rank_isa_t best_isa(void) {
    if (rank_isa_supported(RANK_AVX512))
        return RANK_AVX512;
    return rank_isa_supported(RANK_AVX2) ? RANK_AVX2 : RANK_BASELINE;
}

const char *rank_instructions(void) {
    return rank_isa_name(best_isa());
}

// ---- Beyond the longest run ----

// Integers in the order of the numbers, and back.
static inline int32_t key_of(float x) {
    int32_t key;
    memcpy(&key, &x, sizeof key);
    return key < 0 ? SIGN - key : key;
}

static inline float number_of(int32_t key) {
    key = key < 0 ? SIGN - key : key;
    float x;
    memcpy(&x, &key, sizeof x);
    return x;
}

static size_t at_least(const float *row, size_t experts, float threshold) {
    size_t count = 0;
    for (size_t i = 0; i < experts; i++)
        count += row[i] >= threshold;
    return count;
}

// The greatest number that `active` scores reach, by bisection of the keys.
static float threshold_of(const float *row, size_t experts, size_t active) {
    int64_t reached = key_of(-FLT_MAX), missed = (int64_t)key_of(FLT_MAX) + 1;
    while (missed - reached > 1) {
        const int64_t middle = reached + (missed - reached) / 2;
        if (at_least(row, experts, number_of((int32_t)middle)) >= active)
            reached = middle;
        else
            missed = middle;
    }
    return number_of((int32_t)reached);
}

static float greatest_below(const float *row, size_t experts, float limit) {
    float greatest = PADDING;
    for (size_t i = 0; i < experts; i++)
        if (row[i] < limit && row[i] > greatest)
            greatest = row[i];
    return greatest;
}

// A kernel for a block of one row.
static bool rank_one(const block_t *row) {
    float magnitude = 0;
    for (size_t i = 0; i < row->experts && isfinite(magnitude); i++)
        if (!(fabsf(row->scores[i]) <= magnitude))
            magnitude = fabsf(row->scores[i]);
    *row->magnitude = magnitude;
    if (!isfinite(magnitude))
        return false;
    const float threshold = threshold_of(row->scores, row->experts, row->active);
    *row->inside = threshold;
    *row->outside = at_least(row->scores, row->experts, threshold) > row->active
                        ? threshold
                        : greatest_below(row->scores, row->experts, threshold) + 0;
    return true;
}

// ---- Rows ----

static size_t first_not_finite(const float *magnitude, size_t rows) {
    size_t row = 0;
    while (row < rows && isfinite(magnitude[row]))
        row++;
    return row;
}

// Ranks fewer rows than there are lanes, each in all lanes alike.
static size_t rank_few(kernel_t *kernel, block_t block, size_t rows) {
    float inside[MOST_LANES], outside[MOST_LANES], magnitude[MOST_LANES];
    block_t row = block;
    row.stride = 0;
    row.inside = inside;
    row.outside = outside;
    row.magnitude = magnitude;
    for (size_t i = 0; i < rows; i++, row.scores += block.stride) {
        (void)kernel(&row);
        block.inside[i] = inside[0];
        block.outside[i] = outside[0];
        block.magnitude[i] = magnitude[0];
    }
    return first_not_finite(block.magnitude, rows);
}

size_t rank_rows_with(rank_isa_t isa, const float *scores, size_t rows, size_t experts, size_t active,
                      float *inside, float *outside, float *magnitude) {
    const version_t version = version_of(isa);
    size_t run = 0, lanes = version.lanes;
    while (run < RUNS && (size_t)1 << run < active)
        run++;
    kernel_t *kernel = run < RUNS ? version.rank[run] : rank_one;
    if (run == RUNS)
        lanes = 1;
    float unwanted[MOST_LANES];
    size_t not_finite = rows;
    for (size_t next = 0; next < rows; next += lanes) {
        // The last block may overlap the one before.
        const size_t first = rows < lanes || next + lanes <= rows ? next : rows - lanes;
        const block_t block = {.scores = scores + first * experts,
                               .stride = experts,
                               .experts = experts,
                               .active = active,
                               .inside = inside + first,
                               .outside = outside + first,
                               .magnitude = magnitude == NULL ? unwanted : magnitude + first};
        if (rows < lanes)
            return rank_few(kernel, block, rows);
        if (!kernel(&block) && not_finite == rows)
            not_finite = first + first_not_finite(block.magnitude, lanes);
    }
    return not_finite;
}

size_t rank_rows(const float *scores, size_t rows, size_t experts, size_t active, float *inside,
                 float *outside, float *magnitude) {
    return rank_rows_with(best_isa(), scores, rows, experts, active, inside, outside, magnitude);
}
