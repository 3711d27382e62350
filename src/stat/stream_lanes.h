// SPDX-License-Identifier: GPL-3.0-or-later
// The kernels of stream.c on vectors of LANES numbers: written once, included there once per instruction set.
//
// The includer defines, and this file undefines again:
//     LANES                   numbers in a vector: 2, 4 or 8
//     LANE(name)              the name with the version's suffix
//     LANE_TARGET             the function attribute that permits the instructions, or nothing
//     LANE_MULTIPLY(x, m)     (x mod 2^32) m for each lane of x, with a constant m below 2^32
//     LANE_SQRT(x)            IEEE square roots
//     LANE_LOWER, LANE_UPPER  the shuffles that interleave the lower or the upper halves of two vectors
// and once, for all versions, counter_t and TILE.
//
// No include guard, on purpose. Arithmetic acts on each lane alone, so LANES does not enter the values.

#define LANE_INLINE static inline __attribute__((always_inline)) LANE_TARGET
#define real LANE(real)
#define word LANE(word)
#define real_pair LANE(real_pair)
#define word_pair LANE(word_pair)

typedef double real __attribute__((vector_size(8 * LANES)));
typedef uint64_t word __attribute__((vector_size(8 * LANES)));

typedef struct {
    real first, second;
} real_pair;

typedef struct {
    word first, second;
} word_pair;

LANE_INLINE void LANE(store_pairs)(word_pair w, void *out) {
    word lower = __builtin_shufflevector(w.first, w.second, LANE_LOWER);
    word upper = __builtin_shufflevector(w.first, w.second, LANE_UPPER);
    memcpy(out, &lower, sizeof lower);
    memcpy((char *)out + sizeof lower, &upper, sizeof upper);
}

LANE_INLINE word LANE(first_pairs)(uint64_t pair) {
    word w;
    for (unsigned i = 0; i < LANES; i++)
        w[i] = pair + i;
    return w;
}

// Philox4x32-10 (Salmon et al. 2011), one counter in each 64-bit lane. Between the rounds the upper halves of
// the lanes hold garbage, which the multiplication ignores.
LANE_INLINE word_pair LANE(philox)(const counter_t *at, word pair) {
    const uint64_t low_half = 0xffffffff;
    uint32_t key0 = at->key[0], key1 = at->key[1];
    word x0 = pair, x1 = pair >> 32, x2 = {0}, x3 = {0};
    x2 += at->block;
    x3 += at->experiment;
#pragma GCC unroll 10
    for (int round = 0; round < 10; round++) {
        word product0 = LANE_MULTIPLY(x0, 0xD2511F53), product1 = LANE_MULTIPLY(x2, 0xCD9E8D57);
        x0 = (product1 >> 32) ^ x1 ^ key0;
        x1 = product1;
        x2 = (product0 >> 32) ^ x3 ^ key1;
        x3 = product0;
        key0 += 0x9E3779B9;
        key1 += 0xBB67AE85;
    }
    return (word_pair){(x0 & low_half) | (x1 << 32), (x2 & low_half) | (x3 << 32)};
}

// (k + 1/2) 2^-52 with k the upper 52 bits: k becomes the fraction of a number in [1, 2), and the difference
// is exact.
LANE_INLINE real LANE(uniform)(word w) {
    return (real)((w >> 12) | 0x3ff0000000000000) - (1 - 0x1p-53);
}

// log u for u > 0, not subnormal. With u = 2^e (1 + f), 1 + f in [sqrt(1/2), sqrt(2)), and s = f / (2 + f),
//     log(1 + f) = 2 artanh s = f - f^2/2 + s (f^2/2 + R(s^2)),   R(z) = 2z/3 + 2z^2/5 + 2z^3/7 + ...,
// where the minimax polynomial on [0, (sqrt(2) - 1)^4] stands for R (absolute error 2^-58), and log 2 is the
// sum of two numbers, the first so short that e times it is exact. (This reduction is that of e_log.c in
// Sun's fdlibm, 1993; near u = 1, where e = 0, it keeps the relative accuracy because f is exact.)
LANE_INLINE real LANE(log)(real u) {
    const uint64_t one = 0x3ff0000000000000, sqrt_half = 0x3fe6a09e667f3bcd, fraction = 0x000fffffffffffff;
    word shifted = (word)u + (one - sqrt_half);
    // The biased exponent, put into the low bits of 2^52, becomes a double.
    real e = (real)((shifted >> 52) | 0x4330000000000000) - (0x1p52 + 1023);
    real f = (real)((shifted & fraction) + sqrt_half) - 1;
    real s = f / (2 + f), z = s * s, half_square = 0.5 * f * f;
    real r = 0x1.39a1acb3afecap-3 + z * 0x1.2f05ff0950c24p-3;
    r = 0x1.74663f63d55e1p-3 + z * r;
    r = 0x1.c71c52075a94fp-3 + z * r;
    r = 0x1.24924941f31ebp-2 + z * r;
    r = 0x1.999999997fd9fp-2 + z * r;
    r = z * (0x1.5555555555592p-1 + z * r);
    return e * 0x1.62e42feep-1 - ((half_square - (s * (half_square + r) + e * 0x1.a39ef35793c76p-33)) - f);
}

// (cos 2 pi u, sin 2 pi u), 0 <= u <= 1. The nearest quarter q and t = 4u - q in [-1/2, 1/2] are exact, and
//     sin(pi t / 2) = t (pi/2 + z S(z)),   cos(pi t / 2) = 1 + z C(z),   z = t^2,
// with minimax polynomials for S and C on [0, 1/4] (relative error 2^-58, absolute error 2^-64). pi/2 is
// written 1.5 + 0.07...: a multiple u of 2^-53 makes 1.5 t exact, and the last rounding dominates.
LANE_INLINE real_pair LANE(turn)(real u) {
    // Adding 3/2 2^52 rounds to an integer and leaves it in the low bits.
    real rounded = 4 * u + 0x1.8p52;
    real t = 4 * u - (rounded - 0x1.8p52), z = t * t;
    real s = -0x1.e300639fb7c90p-19 + z * 0x1.e3eed5a45044dp-25;
    s = 0x1.50782fca384d5p-13 + z * s;
    s = -0x1.32d2cce2d535cp-8 + z * s;
    s = 0x1.466bc67758700p-4 + z * s;
    s = -0x1.4abbce625be41p-1 + z * s;
    real sine = 1.5 * t + t * (0x1.21fb54442d184p-4 + z * s);
    real c = 0x1.f9cc6ad240f50p-22 + z * -0x1.b26fe90b13ae4p-28;
    c = -0x1.a6d1ecb743a62p-16 + z * c;
    c = 0x1.e1f50683b431cp-11 + z * c;
    c = -0x1.55d3c7e3c95bcp-6 + z * c;
    c = 0x1.03c1f081b5ab0p-2 + z * c;
    real cosine = 1 + z * (-0x1.3bd3cc9be45dep+0 + z * c);
    // An odd quarter swaps the two; the cosine is negative in quarters 1 and 2, the sine in 2 and 3.
    word quarter = (word)rounded;
    word difference = ((word)cosine ^ (word)sine) & -(quarter & 1);
    word cosine_sign = ((quarter + 1) & 2) << 62, sine_sign = (quarter & 2) << 62;
    return (real_pair){(real)((word)cosine ^ difference ^ cosine_sign),
                       (real)((word)sine ^ difference ^ sine_sign)};
}

LANE_INLINE word_pair LANE(box_muller)(word_pair w) {
    real radius = LANE_SQRT(-2 * LANE(log)(LANE(uniform)(w.first)));
    real_pair angle = LANE(turn)(LANE(uniform)(w.second));
    return (word_pair){(word)(radius * angle.first), (word)(radius * angle.second)};
}

// Tiles: the variates of `pairs` pairs from a counter on. pairs is a multiple of 8 and at most TILE.

LANE_TARGET static void LANE(bits_tile)(const counter_t *at, size_t pairs, void *out) {
    word pair = LANE(first_pairs)(at->pair);
    for (size_t i = 0; i < pairs; i += LANES, pair += LANES)
        LANE(store_pairs)(LANE(philox)(at, pair), (uint64_t *)out + 2 * i);
}

LANE_TARGET static void LANE(uniforms_tile)(const counter_t *at, size_t pairs, void *out) {
    word pair = LANE(first_pairs)(at->pair);
    for (size_t i = 0; i < pairs; i += LANES, pair += LANES) {
        word_pair w = LANE(philox)(at, pair);
        w.first = (word)LANE(uniform)(w.first);
        w.second = (word)LANE(uniform)(w.second);
        LANE(store_pairs)(w, (uint64_t *)out + 2 * i);
    }
}

// Two loops: a processor overlaps more iterations of two short chains of operations than of a long one.
LANE_TARGET static void LANE(normals_tile)(const counter_t *at, size_t pairs, void *out) {
    word_pair words[TILE / LANES];
    word pair = LANE(first_pairs)(at->pair);
    for (size_t i = 0; i < pairs; i += LANES, pair += LANES)
        words[i / LANES] = LANE(philox)(at, pair);
    for (size_t i = 0; i < pairs; i += LANES)
        LANE(store_pairs)(LANE(box_muller)(words[i / LANES]), (uint64_t *)out + 2 * i);
}

LANE_TARGET static void LANE(log_array)(const double *u, double *out, size_t n) {
    for (size_t i = 0; i < n; i += LANES) {
        real x;
        memcpy(&x, u + i, sizeof x);
        x = LANE(log)(x);
        memcpy(out + i, &x, sizeof x);
    }
}

LANE_TARGET static void LANE(turn_array)(const double *u, double *cosine, double *sine, size_t n) {
    for (size_t i = 0; i < n; i += LANES) {
        real x;
        memcpy(&x, u + i, sizeof x);
        real_pair angle = LANE(turn)(x);
        memcpy(cosine + i, &angle.first, sizeof x);
        memcpy(sine + i, &angle.second, sizeof x);
    }
}

#undef LANE_INLINE
#undef real
#undef word
#undef real_pair
#undef word_pair
#undef LANES
#undef LANE
#undef LANE_TARGET
#undef LANE_MULTIPLY
#undef LANE_SQRT
#undef LANE_LOWER
#undef LANE_UPPER
