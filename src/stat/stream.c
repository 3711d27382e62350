// SPDX-License-Identifier: GPL-3.0-or-later
// Counter-based random streams: the choice of a version of stream_lanes.h, and requests cut into tiles.
#include "stat/stream.h"

#include <gsl/gsl_errno.h>
#include <math.h>
#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

enum {
    GROUP = 8, // pairs in the widest vector; the kernels take multiples of it
    TILE = 64  // pairs that a kernel takes at most; 1 kB of words stays in the first cache
};

// Where a kernel starts: the arguments of Philox, the first two counter words as one number.
typedef struct {
    uint32_t key[2];
    uint64_t pair;
    uint32_t block;
    uint32_t experiment;
} counter_t;

#ifdef __x86_64__

#define LANES 2
#define LANE(name) name##_baseline
#define LANE_TARGET
#define LANE_MULTIPLY(x, m) ((word)_mm_mul_epu32((__m128i)(x), _mm_set1_epi64x(m)))
#define LANE_SQRT(x) ((real)_mm_sqrt_pd((__m128d)(x)))
#define LANE_LOWER 0, 2
#define LANE_UPPER 1, 3
#include "stat/stream_lanes.h"

#define LANES 4
#define LANE(name) name##_avx2
#define LANE_TARGET __attribute__((target("avx2")))
#define LANE_MULTIPLY(x, m) ((word)_mm256_mul_epu32((__m256i)(x), _mm256_set1_epi64x(m)))
#define LANE_SQRT(x) ((real)_mm256_sqrt_pd((__m256d)(x)))
#define LANE_LOWER 0, 4, 1, 5
#define LANE_UPPER 2, 6, 3, 7
#include "stat/stream_lanes.h"

#define LANES 8
#define LANE(name) name##_avx512
#define LANE_TARGET __attribute__((target("avx512f,avx512dq,avx512vl")))
#define LANE_MULTIPLY(x, m) ((word)_mm512_mul_epu32((__m512i)(x), _mm512_set1_epi64(m)))
#define LANE_SQRT(x) ((real)_mm512_sqrt_pd((__m512d)(x)))
#define LANE_LOWER 0, 8, 1, 9, 2, 10, 3, 11
#define LANE_UPPER 4, 12, 5, 13, 6, 14, 7, 15
#include "stat/stream_lanes.h"

#else

#define LANES 2
#define LANE(name) name##_baseline
#define LANE_TARGET
#define LANE_MULTIPLY(x, m) (((x)&0xffffffff) * (uint64_t)(m))
#define LANE_SQRT(x) ((real){sqrt((x)[0]), sqrt((x)[1])})
#define LANE_LOWER 0, 2
#define LANE_UPPER 1, 3
#include "stat/stream_lanes.h"

#endif

typedef void tile_kernel_t(const counter_t *at, size_t pairs, void *out);

// The kernels of one instruction set.
typedef struct {
    tile_kernel_t *tile[STREAM_KIND_COUNT];
    void (*log_array)(const double *u, double *out, size_t n);
    void (*turn_array)(const double *u, double *cosine, double *sine, size_t n);
} version_t;

static version_t version_of(stream_isa_t isa) {
#ifdef __x86_64__
    if (isa == STREAM_AVX512)
        return (version_t){{bits_tile_avx512, uniforms_tile_avx512, normals_tile_avx512},
                           log_array_avx512,
                           turn_array_avx512};
    if (isa == STREAM_AVX2)
        return (version_t){
            {bits_tile_avx2, uniforms_tile_avx2, normals_tile_avx2}, log_array_avx2, turn_array_avx2};
#else
    (void)isa;
#endif
    return (version_t){{bits_tile_baseline, uniforms_tile_baseline, normals_tile_baseline},
                       log_array_baseline,
                       turn_array_baseline};
}

bool stream_isa_supported(stream_isa_t isa) {
    switch (isa) {
    case STREAM_BASELINE:
        return true;
#ifdef __x86_64__
    case STREAM_AVX2:
        return __builtin_cpu_supports("avx2");
    case STREAM_AVX512:
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512vl");
#endif
    default:
        return false;
    }
}

stream_isa_t stream_isa_best(void) {
    if (stream_isa_supported(STREAM_AVX512))
        return STREAM_AVX512;
    return stream_isa_supported(STREAM_AVX2) ? STREAM_AVX2 : STREAM_BASELINE;
}

const char *stream_isa_name(stream_isa_t isa) {
    switch (isa) {
    case STREAM_BASELINE:
        return "baseline";
    case STREAM_AVX2:
        return "avx2";
    case STREAM_AVX512:
        return "avx512";
    default:
        return "unknown";
    }
}

stream_t stream_at(uint64_t seed, uint32_t experiment, uint32_t block) {
    return (stream_t){.seed = seed, .experiment = experiment, .block = block, .position = 0};
}

uint32_t stream_experiment(const char *name) {
    uint32_t hash = 2166136261;
    for (const char *c = name; *c != '\0'; c++)
        hash = (hash ^ (unsigned char)*c) * 16777619;
    return hash;
}

static counter_t counter_at(const stream_t *s, stream_kind_t kind) {
    const uint64_t pair_mask = (UINT64_C(1) << 62) - 1;
    return (counter_t){.key = {(uint32_t)s->seed, (uint32_t)(s->seed >> 32)},
                       .pair = ((s->position / 2) & pair_mask) | (uint64_t)kind << 62,
                       .block = s->block,
                       .experiment = s->experiment};
}

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

// Makes the next variates in whole groups, straight into out; wants an even position and room for a group.
// Returns their number.
static size_t fill_groups(tile_kernel_t *kernel, const counter_t *at, uint64_t *out, size_t room) {
    size_t pairs = smaller(TILE, room / (2 * GROUP) * GROUP);
    kernel(at, pairs, out);
    return 2 * pairs;
}

// Makes the next variates up to the end of a group by way of a buffer, at an odd position or for the rest of
// a request. Returns their number.
static size_t fill_part(tile_kernel_t *kernel, const counter_t *at, size_t skip, uint64_t *out, size_t room) {
    uint64_t group[2 * GROUP];
    kernel(at, GROUP, group);
    size_t n = smaller(room, 2 * GROUP - skip);
    memcpy(out, group + skip, n * sizeof *out);
    return n;
}

static void fill(const version_t *v, stream_kind_t kind, stream_t *s, void *out, size_t n) {
    uint64_t *next = out;
    while (n > 0) {
        counter_t at = counter_at(s, kind);
        size_t skip = s->position % 2;
        size_t made = skip == 0 && n >= 2 * GROUP ? fill_groups(v->tile[kind], &at, next, n)
                                                  : fill_part(v->tile[kind], &at, skip, next, n);
        next += made;
        n -= made;
        s->position += made;
    }
}

int stream_fill_with(stream_isa_t isa, stream_kind_t kind, stream_t *s, void *out, size_t n) {
    if (kind != STREAM_BITS && kind != STREAM_UNIFORMS && kind != STREAM_NORMALS)
        return GSL_EINVAL;
    if (!stream_isa_supported(isa))
        return GSL_EUNSUP;
    version_t v = version_of(isa);
    fill(&v, kind, s, out, n);
    return GSL_SUCCESS;
}

void stream_bits(stream_t *s, uint64_t *out, size_t n) {
    version_t v = version_of(stream_isa_best());
    fill(&v, STREAM_BITS, s, out, n);
}

void stream_uniforms(stream_t *s, double *out, size_t n) {
    version_t v = version_of(stream_isa_best());
    fill(&v, STREAM_UNIFORMS, s, out, n);
}

void stream_normals(stream_t *s, double *out, size_t n) {
    version_t v = version_of(stream_isa_best());
    fill(&v, STREAM_NORMALS, s, out, n);
}

double stream_between(stream_t *s, double low, double high) {
    double u;
    stream_uniforms(s, &u, 1);
    return low + (high - low) * u;
}

int64_t stream_pick(stream_t *s, int64_t low, int64_t high) {
    uint64_t word;
    stream_bits(s, &word, 1);
    return low + (int64_t)(word % ((uint64_t)high - (uint64_t)low + 1));
}

static int check_parts(stream_isa_t isa, size_t n) {
    if (n % GROUP != 0)
        return GSL_EINVAL;
    return stream_isa_supported(isa) ? GSL_SUCCESS : GSL_EUNSUP;
}

int stream_philox_with(stream_isa_t isa, const uint32_t key[2], const uint32_t first[4], uint64_t *out,
                       size_t n) {
    int status = check_parts(isa, n);
    if (status != GSL_SUCCESS)
        return status;
    version_t v = version_of(isa);
    counter_t at = {{key[0], key[1]}, first[0] | (uint64_t)first[1] << 32, first[2], first[3]};
    for (size_t done = 0; done < n; done += TILE, at.pair += TILE)
        v.tile[STREAM_BITS](&at, smaller(TILE, n - done), out + 2 * done);
    return GSL_SUCCESS;
}

int stream_log_with(stream_isa_t isa, const double *u, double *out, size_t n) {
    int status = check_parts(isa, n);
    if (status == GSL_SUCCESS)
        version_of(isa).log_array(u, out, n);
    return status;
}

int stream_turn_with(stream_isa_t isa, const double *u, double *cosine, double *sine, size_t n) {
    int status = check_parts(isa, n);
    if (status == GSL_SUCCESS)
        version_of(isa).turn_array(u, cosine, sine, n);
    return status;
}
