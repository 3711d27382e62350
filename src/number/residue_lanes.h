// SPDX-License-Identifier: GPL-3.0-or-later
// The kernels of residue.c on vectors of LANES residues: written once, included there once per instruction set.
//
// The includer defines, and this file undefines again:
//     LANES                     numbers in a vector: 2, 4 or 8
//     LANE(name)                the name with the version's suffix
//     LANE_TARGET               the function attribute that permits the instructions, or nothing
//     LANE_PRODUCT(field, x, y) the product of two vectors, reduced to less than p
//     LANE_EQUAL(x, y)          a bit for each lane: are the numbers equal?
//
// No include guard, on purpose.

#define LANE_INLINE static inline __attribute__((always_inline)) LANE_TARGET
#define real LANE(real)
#define mask LANE(mask)

typedef double real __attribute__((vector_size(8 * LANES)));
typedef int64_t mask __attribute__((vector_size(8 * LANES)));

LANE_INLINE real LANE(load)(const double *from) {
    real x;
    memcpy(&x, from, sizeof x);
    return x;
}

LANE_INLINE void LANE(store)(double *to, real x) {
    memcpy(to, &x, sizeof x);
}

LANE_INLINE real LANE(splat)(double x) {
    return x - (real){0};
}

// The residue of least absolute value of |x| < 1.5 p.
LANE_INLINE real LANE(reduce)(const residue_field_t *field, real x) {
    const mask above = x > field->half, below = x < -field->half;
    const mask p = (mask)LANE(splat)(field->p);
    return x - (real)(above & p) + (real)(below & p);
}

LANE_TARGET static bool LANE(differences)(const double *column, size_t first, size_t last, double *out) {
    unsigned zeros = 0;
    for (size_t t = first; t < last; out += t, t++) {
        const real pivot = LANE(splat)(column[t]);
        for (size_t s = 0; s < t; s += LANES) {
            const real x = LANE(load)(column + s) - pivot;
            const unsigned lanes = t - s < LANES ? (1U << (t - s)) - 1 : (1U << LANES) - 1;
            zeros |= LANE_EQUAL(x, (real){0}) & lanes;
            LANE(store)(out + s, x);
        }
    }
    return zeros != 0;
}

LANE_TARGET static size_t LANE(zeros)(const double *x, size_t count, unsigned *places, size_t room) {
    size_t found = 0;
    for (size_t i = 0; i < count; i += LANES) {
        unsigned lanes = LANE_EQUAL(LANE(load)(x + i), (real){0});
        lanes &= count - i < LANES ? (1U << (count - i)) - 1 : (1U << LANES) - 1;
        for (; lanes != 0 && found < room; lanes &= lanes - 1)
            places[found++] = (unsigned)i + (unsigned)__builtin_ctz(lanes);
    }
    return found;
}

// Pairwise products of n vectors; an odd one is copied. Returns how many there are now.
LANE_INLINE size_t LANE(halve)(const residue_field_t *field, const double *from, size_t n, double *to) {
    for (size_t i = 0; i + 1 < n; i += 2)
        LANE(store)
    (to + i / 2 * LANES,
     LANE_PRODUCT(field, LANE(load)(from + i * LANES), LANE(load)(from + (i + 1) * LANES)));
    if (n % 2 == 1)
        LANE(store)(to + n / 2 * LANES, LANE(load)(from + (n - 1) * LANES));
    return (n + 1) / 2;
}

// From the inverses of pairwise products to the inverses of the n factors, in place.
LANE_INLINE void LANE(unfold)(const residue_field_t *field, double *factors, size_t n,
                              const double *inverses) {
    for (size_t i = 0; i + 1 < n; i += 2) {
        const real x = LANE(load)(factors + i * LANES), y = LANE(load)(factors + (i + 1) * LANES);
        const real inverse = LANE(load)(inverses + i / 2 * LANES);
        LANE(store)(factors + i * LANES, LANE_PRODUCT(field, inverse, y));
        LANE(store)(factors + (i + 1) * LANES, LANE_PRODUCT(field, inverse, x));
    }
    if (n % 2 == 1)
        LANE(store)(factors + (n - 1) * LANES, LANE(load)(inverses + n / 2 * LANES));
}

LANE_INLINE real LANE(rotate)(real x, unsigned lanes) {
    real y;
    for (unsigned i = 0; i < LANES; i++)
        y[i] = x[(i + lanes) % LANES];
    return y;
}

// Inverts the lanes of a vector by one inversion: `product` comes to hold the product of all lanes in each lane,
// `others` that of all but its own.
LANE_INLINE real LANE(invert_vector)(const residue_field_t *field, real x) {
    real product = x, others = LANE(splat)(1);
#pragma GCC unroll 3
    for (unsigned width = 1; width < LANES; width *= 2) {
        const real next = LANE(rotate)(product, width);
        others = LANE_PRODUCT(field, others, next);
        product = LANE_PRODUCT(field, product, next);
    }
    return LANE_PRODUCT(field, LANE(splat)(invert_one(field, product[0])), others);
}

// A tree of products, one inversion at its root, and down again (P. Montgomery's trick; the tree instead of a
// chain leaves no multiplication waiting for another).
LANE_TARGET static void LANE(invert)(const residue_field_t *field, double *x, size_t count, double *work) {
    for (size_t i = count; i % LANES != 0; i++)
        x[i] = 1;
    size_t sizes[64], depth = 0;
    double *levels[64] = {x};
    sizes[0] = (count + LANES - 1) / LANES;
    while (sizes[depth] > 1) {
        levels[depth + 1] = work;
        sizes[depth + 1] = LANE(halve)(field, levels[depth], sizes[depth], work);
        work += sizes[++depth] * LANES;
    }
    LANE(store)(levels[depth], LANE(invert_vector)(field, LANE(load)(levels[depth])));
    while (depth-- > 0)
        LANE(unfold)(field, levels[depth], sizes[depth], levels[depth + 1]);
}

LANE_TARGET static void LANE(quotients)(const residue_field_t *field, const double *column, size_t first,
                                        size_t last, const double *inverses, double *out) {
    for (size_t t = first; t < last; inverses += t, out += t, t++) {
        const real pivot = LANE(splat)(column[t]);
        for (size_t s = 0; s < t; s += LANES) {
            const real difference = LANE(load)(column + s) - pivot;
            const real product = LANE_PRODUCT(field, difference, LANE(load)(inverses + s));
            LANE(store)(out + s, LANE(reduce)(field, product));
        }
    }
}

LANE_TARGET static void LANE(subtract)(const residue_field_t *field, double *x, double factor,
                                       const double *y, size_t count) {
    for (size_t i = 0; i < count; i += LANES) {
        const real product = LANE_PRODUCT(field, LANE(load)(y + i), LANE(splat)(factor));
        // Less than p / 2 + p before, so at most one reduction is due.
        LANE(store)(x + i, LANE(reduce)(field, LANE(load)(x + i) - product));
    }
}

LANE_TARGET static void LANE(products)(const residue_field_t *field, double *x, const double *y,
                                       size_t count) {
    for (size_t i = 0; i < count; i += LANES)
        LANE(store)(x + i, LANE(reduce)(field, LANE_PRODUCT(field, LANE(load)(x + i), LANE(load)(y + i))));
}

LANE_TARGET static void LANE(scale)(const residue_field_t *field, double *x, double factor, size_t count) {
    for (size_t i = 0; i < count; i += LANES)
        LANE(store)(x + i, LANE(reduce)(field, LANE_PRODUCT(field, LANE(load)(x + i), LANE(splat)(factor))));
}

// The lanes of the vector at row[i] that are equal to an earlier number of the row.
LANE_INLINE unsigned LANE(repeated)(const double *row, size_t i) {
    const real x = LANE(load)(row + i);
    unsigned lanes = 0;
    for (size_t j = 0; j < i; j++)
        lanes |= LANE_EQUAL(x, LANE(splat)(row[j]));
#pragma GCC unroll 8
    for (unsigned j = 0; j + 1 < LANES; j++)
        lanes |= LANE_EQUAL(x, LANE(splat)(row[i + j])) & (~1U << j);
    return lanes;
}

LANE_TARGET static size_t LANE(repeats)(const double *triangle, size_t first, size_t last) {
    size_t repeats = 0;
    for (size_t t = first; t < last; triangle += t, t++)
        for (size_t i = 0; i < t; i += LANES) {
            const unsigned lanes = t - i < LANES ? (1U << (t - i)) - 1 : (1U << LANES) - 1;
            repeats += (size_t)__builtin_popcount(LANE(repeated)(triangle, i) & lanes);
        }
    return repeats;
}

#undef LANE_INLINE
#undef real
#undef mask
#undef LANES
#undef LANE
#undef LANE_TARGET
#undef LANE_PRODUCT
#undef LANE_EQUAL
