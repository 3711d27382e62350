// SPDX-License-Identifier: GPL-3.0-or-later
// What the parts of polyhedron.c share: the shell, and what doubles say of its generators. Not for others.
//
//     polyhedron_rows     the hyperplanes, as doubles, machine integers and residues
//     polyhedron          the shell, and where it lies
//     polyhedron_exact    generators and signs in integers
//     polyhedron_refresh  a generator computed again from its constraints
//     polyhedron_cut      cuts
//     polyhedron_point    a point inside
//
// Which vector a generator is. The basis of the lineality space starts as e_1 .. e_d, and a cut that the space is
// not parallel to takes one vector l out and moves all others along l into the hyperplane. So each vector that is
// left owns a column: it alone of all generators has an entry there that is not 0. Hence a ray is, up to a positive
// factor, the vector that vanishes in all owned columns and on its tight constraints; and a lineality vector the
// one that vanishes on all constraints and in all owned columns but its own, where it is positive. This is how
// generators are computed exactly, without regard to the cuts that they came from.
//
// Error bounds; u = 2^-53, W = d + 1. A generator is kept as v with |v_j| < 1, and e with |v_j - V_j| <= e <=
// REFRESH for a positive multiple V of the exact one; a row as c with |c_j - C_j| <= f for a positive multiple C of
// the exact one, and S >= sum |c_j|.
//
//   Signs   The sum of W products, in any order, is off by at most (W u + O(u^2)) S; C.V differs from c.v by at most
//           S e + W f (1 + e). So |computed - C.V| <= S e + m with m = S (W + 3) u + 2 W f, where 3 u S covers
//           second orders and underflow (S >= 1/2 unless the row vanishes).
//   Cuts    A new generator is V = A X + B Y, A and B being values of the row; let a, b be computed, off by at most
//           p, q, and v = a x + b y. For any s, let Q = Y - s X and k = (a + s b) / (A + s B); then
//               v - k V = a (x - X) + b (y - Y) + (b - k B) Q,   b - k B = (b A - a B) / (A + s B),
//           so that v is off a positive multiple of V by at most
//               |a| e_x + |b| e_y + (|a| q + |b| p) / (a + s b - p - |s| q) max |Q_j|,
//           if the denominator is positive. Where X and Y are neighbours, Q is small for a suitable s: errors of the
//           values move V along the edge only. The rounding of v is 2 u (|a| + |b|) to first order; 3 u covers the
//           rest. Scaling by powers of two is exact but for underflow, which the same slack covers, as the largest
//           entry is above TINY before it.
//   Bounds  themselves are sums of a few rounded terms >= 0, and one quotient whose denominator is 2^-10 of its
//           positive part at least: POLYHEDRON_INFLATE = 1 + 2^-38 covers that.
#ifndef MOEGEOM_GEOMETRY_POLYHEDRON_SHELL_H
#define MOEGEOM_GEOMETRY_POLYHEDRON_SHELL_H

#include "geometry/polyhedron.h"

#include <float.h>
#include <string.h>

#define POLYHEDRON_UNIT 0x1p-53
#define POLYHEDRON_INFLATE (1 + 0x1p-38)

enum { WORD_BITS = 64, MACHINE_WIDTH = 16, MACHINE_BITS = 62, PRIME_BITS = 61 };

// ---- Small things ----

// Two coordinates, in one register where the machine has them.
typedef double pair_t __attribute__((vector_size(16)));

static inline pair_t get_pair(const double *from) {
    pair_t pair;
    memcpy(&pair, from, sizeof pair);
    return pair;
}

static inline void put_pair(double *to, pair_t pair) {
    memcpy(to, &pair, sizeof pair);
}

static inline double larger(double a, double b) {
    return a > b ? a : b;
}

// The power of two that brings a number from TINY to 1 / TINY into [1/2, 1): 2^(1022 - e) for biased exponent e.
static inline double scale_of(double x) {
    uint64_t bits;
    double scale;
    memcpy(&bits, &x, sizeof bits);
    bits = (2045 - (bits >> (DBL_MANT_DIG - 1))) << (DBL_MANT_DIG - 1);
    memcpy(&scale, &bits, sizeof scale);
    return scale;
}

// ---- The shell ----

// A ray of a polyhedron that is cut, and whether it has no more constraints than it needs.
typedef struct side_ray {
    slong ray;
    uint64_t word; // the first of its set
    bool simple;
} side_ray_t;

// Constraints have slots, which are used again once no ray is tight on them; sets of constraints are bit sets
// over the slots.
struct polyhedron {
    const polyhedron_rows_t *rows;
    slong width;  // d + 1
    slong stride; // from one generator to the next: as of the rows
    slong dimension;
    slong lines, rays;   // generators: lines first
    slong room;          // generators that there is room for
    slong words;         // of a set
    slong set_room;      // words that there is room for in `sets`
    slong slot_room;     // words that there is room for in `live`; slots come in 64s
    slong *owned;        // d: the column of each line
    double *coordinates; // generator g at [g * stride], with a zero to fill
    double *errors;
    uint64_t *sets;   // what ray g is tight on at [g * words]; nothing for lines, which are tight on all
    uint64_t *live;   // slots in use
    slong *slot_rows; // the constraint of a slot; rows->count is x_0
    signed char *slot_signs; // on which side the polyhedron is; 0: in it
    slong work_room;
    double *values; // workspaces of a cut: values and signs of the other shell's generators
    signed char *signs;
    side_ray_t *above, *below; // its rays on the sides
    slong above_count, below_count;
};

static inline double *coordinates_of(const polyhedron_t *p, slong g) {
    return p->coordinates + g * p->stride;
}

static inline uint64_t *set_of(const polyhedron_t *p, slong g) {
    return p->sets + g * p->words;
}

// The constraints that generator g is tight on.
static inline const uint64_t *tight_set(const polyhedron_t *p, slong g) {
    return g < p->lines ? p->live : set_of(p, g);
}

static inline bool has(const uint64_t *set, slong slot) {
    return set[slot / WORD_BITS] >> (slot % WORD_BITS) & 1;
}

// The next member of a set from `slot` on, or -1.
static inline slong next_slot(const uint64_t *set, slong words, slong slot) {
    slong word = slot / WORD_BITS;
    if (word >= words)
        return -1;
    uint64_t rest = set[word] >> (slot % WORD_BITS) << (slot % WORD_BITS);
    while (rest == 0)
        if (++word == words)
            return -1;
        else
            rest = set[word];
    return word * WORD_BITS + __builtin_ctzl(rest);
}

// Copies the vector of a generator.
static inline void copy_vector(polyhedron_t *to, slong g, const polyhedron_t *from, slong h) {
    double *out = coordinates_of(to, g);
    const double *in = coordinates_of(from, h);
    for (slong j = 0; j < to->stride; j += 2)
        put_pair(out + j, get_pair(in + j));
    to->errors[g] = from->errors[h];
}

// Copies the set of a ray.
static inline void copy_set(polyhedron_t *to, slong g, const polyhedron_t *from, slong h) {
    for (slong w = 0; w < to->words; w++)
        set_of(to, g)[w] = w < from->words ? set_of(from, h)[w] : 0;
}

// Room in a shell for sets of so many words; for so many generators. GSL_SUCCESS or GSL_ENOMEM.
int polyhedron_reserve_slots(polyhedron_t *p, slong words);
int polyhedron_reserve(polyhedron_t *p, slong generators);

// Workspaces for cutting a polyhedron with so many generators. GSL_SUCCESS or GSL_ENOMEM.
int polyhedron_reserve_work(polyhedron_t *p, slong generators);

// Copies what polyhedra have in common that are cut from one another, with room in the sets for `words`. GSL_SUCCESS or
// GSL_ENOMEM.
int polyhedron_copy_frame(polyhedron_t *to, const polyhedron_t *from, slong words);

// ---- Generators ----

// The columns in which generator g may have an entry; returns their number.
//   columns  room for width
slong polyhedron_free_columns(const polyhedron_t *p, slong g, slong *columns);

// Generator g as machine integers, of any content: guessed by elimination in doubles and rounding, and then proved.
//   v  receives width numbers below 2^51
// Returns false when the numbers are too large, or the guess is wrong.
bool polyhedron_machine_generator(const polyhedron_t *p, slong g, int64_t *v);

// Generator g in big integers without common divisor.
void polyhedron_big_generator(const polyhedron_t *p, slong g, fmpz *v);

// Computes generator g again from its tight constraints, in doubles with a new bound.
void polyhedron_refresh(polyhedron_t *p, slong g);

// The sign of a row on generator g where doubles cannot tell.
int polyhedron_exact_sign(const polyhedron_t *p, slong g, slong row);

// ---- Signs ----

// An upper bound of the error of value_of.
static inline double margin_of(const polyhedron_t *p, slong g, slong row) {
    return p->rows->norms[row] * p->errors[g] + p->rows->margins[row];
}

static inline double value_of(const polyhedron_t *p, slong g, slong row) {
    const double *c = p->rows->coefficients + row * p->stride, *v = coordinates_of(p, g);
    pair_t sum = get_pair(c) * get_pair(v);
    for (slong j = 2; j < p->stride; j += 2)
        sum += get_pair(c + j) * get_pair(v + j);
    return sum[0] + sum[1];
}

// The sign, given the value that doubles have.
static inline int sign_of(const polyhedron_t *p, slong g, slong row, double value) {
    const double margin = margin_of(p, g, row);
    if (value > margin)
        return 1;
    if (value < -margin)
        return -1;
    return polyhedron_exact_sign(p, g, row);
}

#endif
