// SPDX-License-Identifier: GPL-3.0-or-later
// Residues in doubles; see residue.h.
#include "number/residue.h"

#include <flint/ulong_extras.h>
#include <math.h>
#include <string.h>

residue_field_t residue_field(ulong number) {
    ulong prime = UWORD(1) << 50;
    for (ulong i = 0; i <= number; i++)
        do
            prime--;
        while (!n_is_prime(prime));
    const double p = (double)prime;
    return (residue_field_t){.prime = prime, .p = p, .inverse = 1 / p, .half = (p - 1) / 2};
}

double residue_of(const residue_field_t *field, const fmpz_t integer) {
    const double x = (double)fmpz_fdiv_ui(integer, field->prime);
    return x > field->half ? x - field->p : x;
}

double residue_multiply(const residue_field_t *field, double x, double y) {
    const __int128 product = (__int128)x * (__int128)y;
    const double r = (double)(int64_t)(product % (__int128)field->prime);
    return r > field->half ? r - field->p : r < -field->half ? r + field->p : r;
}

size_t residue_pairs(size_t first, size_t last) {
    const size_t below = first * (first - (first > 0)) / 2;
    return last * (last - (last > 0)) / 2 - below;
}

static double invert_one(const residue_field_t *field, double x) {
    const int64_t integer = (int64_t)x, prime = (int64_t)field->prime;
    return (double)n_invmod((ulong)(integer < 0 ? integer + prime : integer), field->prime);
}

// The product of one lane. Lanes behind the end of an array may hold anything, also what no integer can hold.
static inline double product_one(const residue_field_t *field, double x, double y) {
    return fabs(x) < 0x1p50 && fabs(y) < 0x1p50 ? residue_multiply(field, x, y) : 0;
}

#if defined(__x86_64__)

#include <immintrin.h>

// The baseline has no fused multiply-add.
static inline __m128d product_baseline(const residue_field_t *field, __m128d x, __m128d y) {
    return _mm_set_pd(product_one(field, x[1], y[1]), product_one(field, x[0], y[0]));
}

#define LANES 2
#define LANE(name) name##_baseline
#define LANE_TARGET
#define LANE_PRODUCT(field, x, y) ((real)product_baseline(field, (__m128d)(x), (__m128d)(y)))
#define LANE_EQUAL(x, y) ((unsigned)_mm_movemask_pd(_mm_cmpeq_pd((__m128d)(x), (__m128d)(y))))
#include "number/residue_lanes.h"

__attribute__((target("avx2,fma"))) static inline __m256d product_avx2(const residue_field_t *field,
                                                                       __m256d x, __m256d y) {
    const __m256d p = _mm256_set1_pd(field->p), high = _mm256_mul_pd(x, y);
    const __m256d low = _mm256_fmsub_pd(x, y, high);
    const __m256d quotient = _mm256_round_pd(_mm256_mul_pd(high, _mm256_set1_pd(field->inverse)),
                                             _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    return _mm256_add_pd(_mm256_fnmadd_pd(quotient, p, high), low);
}

#define LANES 4
#define LANE(name) name##_avx2
#define LANE_TARGET __attribute__((target("avx2,fma")))
#define LANE_PRODUCT(field, x, y) ((real)product_avx2(field, (__m256d)(x), (__m256d)(y)))
#define LANE_EQUAL(x, y) ((unsigned)_mm256_movemask_pd(_mm256_cmp_pd((__m256d)(x), (__m256d)(y), _CMP_EQ_OQ)))
#include "number/residue_lanes.h"

#define AVX512 __attribute__((target("avx512f,avx512dq,avx512vl")))

AVX512 static inline __m512d product_avx512(const residue_field_t *field, __m512d x, __m512d y) {
    const __m512d p = _mm512_set1_pd(field->p), high = _mm512_mul_pd(x, y);
    const __m512d low = _mm512_fmsub_pd(x, y, high);
    const __m512d quotient = _mm512_roundscale_pd(_mm512_mul_pd(high, _mm512_set1_pd(field->inverse)),
                                                  _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    return _mm512_add_pd(_mm512_fnmadd_pd(quotient, p, high), low);
}

#define LANES 8
#define LANE(name) name##_avx512
#define LANE_TARGET AVX512
#define LANE_PRODUCT(field, x, y) ((real)product_avx512(field, (__m512d)(x), (__m512d)(y)))
#define LANE_EQUAL(x, y) ((unsigned)_mm512_cmp_pd_mask((__m512d)(x), (__m512d)(y), _CMP_EQ_OQ))
#include "number/residue_lanes.h"

#else

typedef double pair_baseline __attribute__((vector_size(16)));

static inline pair_baseline product_baseline(const residue_field_t *field, pair_baseline x, pair_baseline y) {
    return (pair_baseline){product_one(field, x[0], y[0]), product_one(field, x[1], y[1])};
}

static inline unsigned equal_baseline(pair_baseline x, pair_baseline y) {
    return (unsigned)(x[0] == y[0]) | (unsigned)(x[1] == y[1]) << 1;
}

#define LANES 2
#define LANE(name) name##_baseline
#define LANE_TARGET
#define LANE_PRODUCT(field, x, y) product_baseline(field, x, y)
#define LANE_EQUAL(x, y) equal_baseline(x, y)
#include "number/residue_lanes.h"

#endif

// The kernels of one instruction set.
typedef struct kernels {
    bool (*differences)(const double *, size_t, size_t, double *);
    size_t (*zeros)(const double *, size_t, unsigned *, size_t);
    void (*invert)(const residue_field_t *, double *, size_t, double *);
    void (*quotients)(const residue_field_t *, const double *, size_t, size_t, const double *, double *);
    size_t (*repeats)(const double *, size_t, size_t);
    void (*subtract)(const residue_field_t *, double *, double, const double *, size_t);
    void (*scale)(const residue_field_t *, double *, double, size_t);
    void (*products)(const residue_field_t *, double *, const double *, size_t);
} kernels_t;

static const kernels_t *kernels(void) {
    static const kernels_t baseline = {differences_baseline, zeros_baseline,   invert_baseline,
                                       quotients_baseline,   repeats_baseline, subtract_baseline,
                                       scale_baseline,       products_baseline};
#if defined(__x86_64__)
    static const kernels_t avx2 = {differences_avx2, zeros_avx2,    invert_avx2, quotients_avx2,
                                   repeats_avx2,     subtract_avx2, scale_avx2,  products_avx2};
    static const kernels_t avx512 = {differences_avx512, zeros_avx512,    invert_avx512, quotients_avx512,
                                     repeats_avx512,     subtract_avx512, scale_avx512,  products_avx512};
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl"))
        return &avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return &avx2;
#endif
    return &baseline;
}

bool residue_differences(const double *column, size_t first, size_t last, double *out) {
    return kernels()->differences(column, first, last, out);
}

size_t residue_zeros(const double *x, size_t count, unsigned *places, size_t room) {
    return kernels()->zeros(x, count, places, room);
}

void residue_invert(const residue_field_t *field, double *x, size_t count, double *work) {
    if (count > 0)
        kernels()->invert(field, x, count, work);
}

void residue_quotients(const residue_field_t *field, const double *column, size_t first, size_t last,
                       const double *inverses, double *out) {
    kernels()->quotients(field, column, first, last, inverses, out);
}

size_t residue_repeats(const double *triangle, size_t first, size_t last) {
    return kernels()->repeats(triangle, first, last);
}

double residue_inverse(const residue_field_t *field, double x) {
    const double inverse = invert_one(field, x);
    return inverse > field->half ? inverse - field->p : inverse;
}

void residue_subtract(const residue_field_t *field, double *x, double factor, const double *y, size_t count) {
    kernels()->subtract(field, x, factor, y, count);
}

void residue_scale(const residue_field_t *field, double *x, double factor, size_t count) {
    kernels()->scale(field, x, factor, count);
}

void residue_products(const residue_field_t *field, double *x, const double *y, size_t count) {
    kernels()->products(field, x, y, count);
}
