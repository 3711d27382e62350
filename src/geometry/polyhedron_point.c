// SPDX-License-Identifier: GPL-3.0-or-later
// A point inside a polyhedron; see polyhedron.h.
#include "geometry/polyhedron_shell.h"

#include <flint/fmpq.h>
#include <flint/fmpz_vec.h>
#include <math.h>

#define FAR 0x1p-40 // a vertex with a smaller x_0 is left to integers

enum { POINT_BITS = 40 };

// The point that the exact rays add up to.
static void exact_point(const polyhedron_t *p, fmpq *point) {
    const slong d = p->width - 1;
    fmpz *sum = _fmpz_vec_init(p->width), *ray = _fmpz_vec_init(p->width);
    for (slong g = p->lines; g < p->lines + p->rays; g++) {
        polyhedron_generator(p, g, ray);
        _fmpz_vec_add(sum, sum, ray, p->width);
    }
    for (slong j = 0; j < d; j++)
        fmpq_set_fmpz_frac(point + j, sum + j, sum + d);
    _fmpz_vec_clear(sum, p->width);
    _fmpz_vec_clear(ray, p->width);
}

// The slot of x_0, or -1 when it is redundant: when no ray is at infinity.
static slong slot_at_infinity(const polyhedron_t *p) {
    slong slot = next_slot(p->live, p->words, 0);
    while (slot >= 0 && p->slot_rows[slot] != p->rows->count)
        slot = next_slot(p->live, p->words, slot + 1);
    return slot;
}

// Writes the mean of the vertices, moved along the rays at infinity; returns false where a vertex is too far out
// for doubles.
static bool find_mean(const polyhedron_t *p, double *mean) {
    const slong d = p->width - 1, infinity = slot_at_infinity(p);
    slong vertices = 0;
    memset(mean, 0, (size_t)d * sizeof *mean);
    for (slong g = p->lines; g < p->lines + p->rays; g++) {
        const double *v = coordinates_of(p, g);
        const bool far = infinity >= 0 && has(set_of(p, g), infinity);
        if (!far && v[d] < FAR)
            return false;
        const double factor = far ? 1 : 1 / v[d];
        for (slong j = 0; j < d; j++)
            mean[j] += factor * v[j];
        vertices += !far;
    }
    for (slong j = 0; j < d; j++)
        mean[j] /= (double)vertices;
    return true;
}

// Whether an exact point is inside for certain: strictly on the right side of all constraints.
static bool is_inside(const polyhedron_t *p, const double *x) {
    const slong d = p->width - 1;
    double largest = 1;
    for (slong j = 0; j < d; j++)
        largest = larger(largest, fabs(x[j]));
    for (slong slot = next_slot(p->live, p->words, 0); slot >= 0;
         slot = next_slot(p->live, p->words, slot + 1)) {
        const slong row = p->slot_rows[slot];
        const double *c = p->rows->coefficients + row * p->stride;
        double sum = c[d];
        for (slong j = 0; j < d; j++)
            sum += c[j] * x[j];
        if (!(sum * p->slot_signs[slot] > p->rows->margins[row] * largest * POLYHEDRON_INFLATE))
            return false;
    }
    return true;
}

// Sets a rational to x, a multiple of 2^-bits below 2^50.
static void set_dyadic(fmpq *q, double x, int bits) {
    int64_t numerator = (int64_t)ldexp(x, bits);
    while (bits > 0 && numerator % 2 == 0) {
        numerator /= 2;
        bits--;
    }
    fmpz_set_si(fmpq_numref(q), numerator);
    fmpz_set_si(fmpq_denref(q), WORD(1) << bits);
}

// Rounds the mean of the vertices to as few bits as leave it inside.
static bool rounded_point(const polyhedron_t *p, fmpq *point) {
    const slong d = p->width - 1;
    double mean[MACHINE_WIDTH], x[MACHINE_WIDTH];
    if (p->dimension < d || p->width > MACHINE_WIDTH || !find_mean(p, mean))
        return false;
    for (int bits = 0; bits <= POINT_BITS; bits += 2 + bits / 2) {
        const double grid = ldexp(1, bits);
        for (slong j = 0; j < d; j++) {
            if (!(fabs(mean[j]) * grid < 0x1p50))
                return false;
            x[j] = (mean[j] * grid + 0x1.8p52 - 0x1.8p52) / grid; // to nearest
        }
        if (!is_inside(p, x))
            continue;
        for (slong j = 0; j < d; j++)
            set_dyadic(point + j, x[j], bits);
        return true;
    }
    return false;
}

void polyhedron_point(const polyhedron_t *p, fmpq *point) {
    if (!rounded_point(p, point))
        exact_point(p, point);
}
