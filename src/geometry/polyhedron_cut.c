// SPDX-License-Identifier: GPL-3.0-or-later
// Cuts; see polyhedron.h, and polyhedron_shell.h for the bounds of errors.
#include "geometry/polyhedron_shell.h"

#include <gsl/gsl_errno.h>
#include <math.h>

#define REFRESH 0x1p-24       // a generator whose bound exceeds this is computed again
#define EARLY_REFRESH 0x1p-46 // the same while there are lines: what all later ones come from
#define TINY 0x1p-500

// The size of a set of 64 (S. E. Anderson, Bit Twiddling Hacks); the baseline machine has no instruction for it.
static inline slong count_bits(uint64_t x) {
    x -= x >> 1 & UINT64_C(0x5555555555555555);
    x = (x & UINT64_C(0x3333333333333333)) + (x >> 2 & UINT64_C(0x3333333333333333));
    x = (x + (x >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return (slong)(x * UINT64_C(0x0101010101010101) >> 56);
}

// A generator with its value on the hyperplane that cuts, for a linear combination.
typedef struct term {
    const double *vector;
    double error; // of the vector
    double factor;
    double factor_error;
} term_t;

// A factor s that makes y - s x small, but not too small itself: any is right, and a small one would leave b q
// alone in the bound.
static double alignment(const double *x, const double *y, slong stride) {
    pair_t both = {0, 0}, square = {0, 0};
    for (slong j = 0; j < stride; j += 2) {
        both += get_pair(x + j) * get_pair(y + j);
        square += get_pair(x + j) * get_pair(x + j);
    }
    return larger(0.5, (both[0] + both[1]) / (square[0] + square[1]));
}

// A bound of the error of x + y; HUGE_VAL when there is none.
static double bound_of(term_t x, term_t y, slong stride) {
    const double s = x.factor > 0 && y.factor > 0 ? alignment(x.vector, y.vector, stride) : 0;
    const double a = fabs(x.factor), b = fabs(y.factor), whole = x.factor + s * y.factor,
                 rest = whole - (x.factor_error + s * y.factor_error);
    if (!(rest > 0x1p-10 * whole))
        return HUGE_VAL;
    double apart = 0;
    for (slong j = 0; j < stride; j += 2) {
        const pair_t q = get_pair(y.vector + j) - s * get_pair(x.vector + j);
        apart = larger(apart, larger(fabs(q[0]), fabs(q[1])));
    }
    apart += y.error + s * x.error + 4 * POLYHEDRON_UNIT * (1 + s);
    return a * x.error + b * y.error + (a * y.factor_error + b * x.factor_error) * apart / rest +
           3 * POLYHEDRON_UNIT * (a + b);
}

// Writes x + y as generator g, but for its set, and returns whether its bound is good enough. The exact factor of x
// is positive.
static bool combine(polyhedron_t *p, slong g, term_t x, term_t y) {
    double *out = coordinates_of(p, g), largest = 0;
    for (slong j = 0; j < p->stride; j += 2) {
        const pair_t sum = x.factor * get_pair(x.vector + j) + y.factor * get_pair(y.vector + j);
        put_pair(out + j, sum);
        largest = larger(largest, larger(fabs(sum[0]), fabs(sum[1])));
    }
    if (!(largest > TINY))
        return false;
    const double scale = scale_of(largest);
    for (slong j = 0; j < p->stride; j += 2)
        put_pair(out + j, get_pair(out + j) * scale);
    p->errors[g] = bound_of(x, y, p->stride) * scale * POLYHEDRON_INFLATE;
    return true;
}

// Puts the row into a free slot of `to`, which becomes a cut of `from`: constraints that no ray is tight on are
// redundant and give up theirs, unless there is one ray only (then its end is the lineality space, where no ray
// is). Returns the slot, or -1 when memory is short.
static slong open_slot(polyhedron_t *to, const polyhedron_t *from, slong row, int sign) {
    if (polyhedron_copy_frame(to, from, from->words) != GSL_SUCCESS)
        return -1;
    if (from->rays > 1)
        for (slong w = 0; w < from->words; w++) {
            uint64_t used = 0;
            for (slong g = from->lines; g < from->lines + from->rays; g++)
                used |= set_of(from, g)[w];
            to->live[w] &= used;
        }
    slong word = 0;
    while (word < from->words && to->live[word] == UINT64_MAX)
        word++;
    if (word == from->words) {
        if (polyhedron_reserve_slots(to, word + 1) != GSL_SUCCESS ||
            polyhedron_reserve(to, from->lines + from->rays) != GSL_SUCCESS)
            return -1;
        to->live[word] = 0;
    }
    const slong slot = word * WORD_BITS + __builtin_ctzl(~to->live[word]);
    to->live[word] |= UINT64_C(1) << (slot % WORD_BITS);
    to->slot_rows[slot] = row;
    to->slot_signs[slot] = (signed char)sign;
    return slot;
}

static void add_slot(polyhedron_t *p, slong g, slong slot) {
    set_of(p, g)[slot / WORD_BITS] |= UINT64_C(1) << (slot % WORD_BITS);
}

// Generator g of `from` with a factor that is a value of the row.
static term_t term_of(const polyhedron_t *from, slong g, double factor, double factor_error) {
    return (term_t){coordinates_of(from, g), from->errors[g], factor, factor_error};
}

// Sets generator g of `to` to the generator h of `from`, moved along line l, where the row has the sign `turn`,
// into the hyperplane. Its set is there already.
static void move_along(polyhedron_t *to, slong g, const polyhedron_t *from, slong h, slong l, slong row,
                       int turn) {
    const double across = to->values[h];
    if (across == 0 && sign_of(from, h, row, across) == 0) {
        copy_vector(to, g, from, h);
        return;
    }
    const bool good = combine(to, g, term_of(from, h, to->values[l] * turn, margin_of(from, l, row)),
                              term_of(from, l, -across * turn, margin_of(from, h, row)));
    if (!good || to->errors[g] > EARLY_REFRESH)
        polyhedron_refresh(to, g);
}

// The line that the row changes most along, or -1 when it is constant along all. `sign` receives the sign.
static slong crossing_line(const polyhedron_t *from, slong row, const double *values, int *sign) {
    slong best = -1;
    for (slong l = 0; l < from->lines; l++) {
        const int s = sign_of(from, l, row, values[l]);
        if (s != 0 && (best < 0 || fabs(values[l]) > fabs(values[best]))) {
            best = l;
            *sign = s;
        }
    }
    return best;
}

// Cuts where the row has the sign `turn` on line l: everything moves along it into the hyperplane, and what is
// left of it is one ray.
static int cut_across_line(polyhedron_t *to, const polyhedron_t *from, slong row, int sign, slong l,
                           int turn) {
    const slong generators = from->lines + from->rays, slot = open_slot(to, from, row, sign);
    if (slot < 0 || polyhedron_reserve(to, generators) != GSL_SUCCESS)
        return GSL_ENOMEM;
    to->lines = 0;
    for (slong h = 0; h < from->lines; h++)
        if (h != l)
            to->owned[to->lines++] = from->owned[h];
    slong g = 0;
    for (slong h = 0; h < from->lines; h++)
        if (h != l)
            move_along(to, g++, from, h, l, row, turn);
    for (slong h = from->lines; h < generators; h++) {
        copy_set(to, g, from, h);
        add_slot(to, g, slot);
        move_along(to, g++, from, h, l, row, turn);
    }
    if (sign != 0) {
        copy_vector(to, g, from, l);
        for (slong j = 0; j < to->width; j++)
            coordinates_of(to, g)[j] *= turn * sign;
        memcpy(set_of(to, g), to->live, (size_t)to->words * sizeof(uint64_t));
        set_of(to, g)[slot / WORD_BITS] &= ~(UINT64_C(1) << (slot % WORD_BITS));
        g++;
    }
    to->rays = g - to->lines;
    to->dimension = from->dimension - (sign == 0);
    return GSL_SUCCESS;
}

// Which of the rays of `from`, which is cut, are on the sides, and which of them are simple: tight on no more
// constraints than they need, which are then independent.
static void sort_rays(polyhedron_t *to, const polyhedron_t *from, slong row) {
    const slong needed = from->width - from->lines - 1;
    to->above_count = to->below_count = 0;
    for (slong h = from->lines; h < from->lines + from->rays; h++) {
        const int sign = sign_of(from, h, row, to->values[h]);
        to->signs[h] = (signed char)sign;
        if (sign == 0)
            continue;
        slong size = 0;
        for (slong w = 0; w < from->words; w++)
            size += count_bits(set_of(from, h)[w]);
        const side_ray_t ray = {h, *set_of(from, h), size == needed};
        if (sign > 0)
            to->above[to->above_count++] = ray;
        else
            to->below[to->below_count++] = ray;
    }
}

// Whether all but at most one member of set x are in y.
static inline bool misses_one(const uint64_t *x, const uint64_t *y, slong words) {
    uint64_t missed = 0;
    for (slong w = 0; w < words; w++) {
        const uint64_t rest = x[w] & ~y[w];
        if ((rest & (rest - 1)) != 0 || (rest != 0 && missed != 0))
            return false;
        missed |= rest;
    }
    return true;
}

// Whether ray g has all constraints that rays a and b have in common.
static bool has_common(const polyhedron_t *p, slong g, slong a, slong b) {
    uint64_t missed = 0;
    for (slong w = 0; w < p->words; w++)
        missed |= set_of(p, a)[w] & set_of(p, b)[w] & ~set_of(p, g)[w];
    return missed == 0;
}

// Whether no third ray does (Fukuda and Prodon, Proposition 7). Most are told apart by the first word.
static bool no_third(const polyhedron_t *p, slong a, slong b) {
    const uint64_t word = *set_of(p, a) & *set_of(p, b);
    slong common = count_bits(word);
    for (slong w = 1; w < p->words; w++)
        common += count_bits(set_of(p, a)[w] & set_of(p, b)[w]);
    if (common < p->width - p->lines - 2)
        return false;
    const slong end = p->lines + p->rays, stride = p->words;
    const uint64_t *set = set_of(p, p->lines);
    for (slong g = p->lines; g < end; g++, set += stride)
        if ((word & ~*set) == 0 && g != a && g != b && has_common(p, g, a, b))
            return false;
    return true;
}

bool polyhedron_adjacent(const polyhedron_t *p, slong a, slong b) {
    return no_third(p, p->lines + a, p->lines + b);
}

// Whether rays a and b span a face of dimension 2: then the rank of their common constraints is one less than
// that of each. For a simple ray it is enough that they share all its constraints but one; the first word tells most
// pairs apart.
static inline bool adjacent(const polyhedron_t *p, side_ray_t a, side_ray_t b) {
    if (!a.simple && !b.simple)
        return no_third(p, a.ray, b.ray);
    const uint64_t rest = a.simple ? a.word & ~b.word : b.word & ~a.word;
    if ((rest & (rest - 1)) != 0)
        return false;
    const slong one = a.simple ? a.ray : b.ray, other = a.simple ? b.ray : a.ray;
    return p->words == 1 || misses_one(set_of(p, one), set_of(p, other), p->words);
}

// Adds the ray in which the hyperplane meets the face of rays a above and b below it.
static int add_crossing(polyhedron_t *to, const polyhedron_t *from, slong a, slong b, slong row, slong slot) {
    const slong g = to->lines + to->rays;
    if (polyhedron_reserve(to, g + 1) != GSL_SUCCESS)
        return GSL_ENOMEM;
    to->rays++;
    copy_set(to, g, from, a);
    for (slong w = 0; w < from->words; w++)
        set_of(to, g)[w] &= set_of(from, b)[w];
    add_slot(to, g, slot);
    const bool good = combine(to, g, term_of(from, a, -to->values[b], margin_of(from, b, row)),
                              term_of(from, b, to->values[a], margin_of(from, a, row)));
    if (!good || to->errors[g] > REFRESH)
        polyhedron_refresh(to, g);
    return GSL_SUCCESS;
}

// Adds all of them.
static int add_crossings(polyhedron_t *to, const polyhedron_t *from, slong row, slong slot) {
    const side_ray_t *const end = to->below + to->below_count;
    for (slong i = 0; i < to->above_count; i++) {
        const side_ray_t a = to->above[i];
        for (const side_ray_t *b = to->below; b < end; b++)
            if (adjacent(from, a, *b) && add_crossing(to, from, a.ray, b->ray, row, slot) != GSL_SUCCESS)
                return GSL_ENOMEM;
    }
    return GSL_SUCCESS;
}

// Adds the lines, the rays in the hyperplane, and the rays on one side of it, by the signs of all.
static int keep(polyhedron_t *to, const polyhedron_t *from, const signed char *signs, int sign, slong slot) {
    const slong generators = from->lines + from->rays;
    if (polyhedron_reserve(to, generators) != GSL_SUCCESS)
        return GSL_ENOMEM;
    slong g = 0;
    for (; g < from->lines; g++)
        copy_vector(to, g, from, g);
    for (slong h = from->lines; h < generators; h++) {
        if (signs[h] != 0 && signs[h] != sign)
            continue;
        copy_vector(to, g, from, h);
        copy_set(to, g, from, h);
        if (signs[h] == 0)
            add_slot(to, g, slot);
        g++;
    }
    to->rays = g - to->lines;
    return GSL_SUCCESS;
}

// Cuts where the row is constant along all lines.
static int cut_rays(polyhedron_t *to, const polyhedron_t *from, slong row, int sign) {
    const slong slot = open_slot(to, from, row, sign);
    if (slot < 0)
        return GSL_ENOMEM;
    sort_rays(to, from, row);
    to->dimension = from->dimension - (sign == 0);
    if (keep(to, from, to->signs, sign, slot) != GSL_SUCCESS)
        return GSL_ENOMEM;
    return add_crossings(to, from, row, slot);
}

// Computes the values on a row, and looks for the line to cut across.
static int prepare(polyhedron_t *to, const polyhedron_t *from, slong row, slong *line, int *turn) {
    const slong generators = from->lines + from->rays;
    if (polyhedron_reserve_work(to, generators) != GSL_SUCCESS)
        return GSL_ENOMEM;
    for (slong g = 0; g < generators; g++)
        to->values[g] = value_of(from, g, row);
    *line = crossing_line(from, row, to->values, turn);
    return GSL_SUCCESS;
}

int polyhedron_cut(polyhedron_t *to, const polyhedron_t *from, slong row, int sign) {
    slong line;
    int turn = 0;
    if (prepare(to, from, row, &line, &turn) != GSL_SUCCESS)
        return GSL_ENOMEM;
    return line >= 0 ? cut_across_line(to, from, row, sign, line, turn) : cut_rays(to, from, row, sign);
}

// Makes the part below of what is above; the crossings, which are last, are the same.
static int complete(polyhedron_t *below, const polyhedron_t *above, const polyhedron_t *from, slong row,
                    slong first) {
    const slong slot = open_slot(below, from, row, -1), end = above->lines + above->rays;
    if (slot < 0 || keep(below, from, above->signs, -1, slot) != GSL_SUCCESS ||
        polyhedron_reserve(below, below->lines + below->rays + end - first) != GSL_SUCCESS)
        return GSL_ENOMEM;
    for (slong h = first; h < end; h++) {
        const slong g = below->lines + below->rays++;
        copy_vector(below, g, above, h);
        copy_set(below, g, above, h);
    }
    return GSL_SUCCESS;
}

int polyhedron_split(polyhedron_t *above, polyhedron_t *below, const polyhedron_t *from, slong row) {
    slong line;
    int turn = 0;
    if (prepare(above, from, row, &line, &turn) != GSL_SUCCESS)
        return GSL_ENOMEM;
    if (line >= 0) {
        const int status = cut_across_line(above, from, row, 1, line, turn);
        return status == GSL_SUCCESS ? polyhedron_cut(below, from, row, -1) : status;
    }
    if (cut_rays(above, from, row, 1) != GSL_SUCCESS)
        return GSL_ENOMEM;
    slong first = above->lines; // of the crossings: behind the rays that were kept
    for (slong h = from->lines; h < from->lines + from->rays; h++)
        first += above->signs[h] >= 0;
    return complete(below, above, from, row, first);
}
