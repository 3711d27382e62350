// SPDX-License-Identifier: GPL-3.0-or-later
// Generators under cuts; see polyhedron.h.
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
//           positive part at least: INFLATE = 1 + 2^-38 covers that.
#include "geometry/polyhedron.h"

#include <flint/fmpq.h>
#include <flint/fmpz_vec.h>
#include <flint/ulong_extras.h>
#include <float.h>
#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define UNIT 0x1p-53
#define INFLATE (1 + 0x1p-38)
#define REFRESH 0x1p-24       // a generator whose bound exceeds this is computed again
#define EARLY_REFRESH 0x1p-46 // the same while there are lines: what all later ones come from
#define SOLVED 0x1p-36        // what a generator that was solved in doubles must be good for
#define TINY 0x1p-500
#define FAR 0x1p-40 // a vertex with a smaller x_0 is left to integers

enum {
    WORD_BITS = 64,
    MACHINE_WIDTH = 16,
    MACHINE_BITS = 62,
    POINT_BITS = 40,
    PRIME_BITS = 61,
    JOINED = 32,
    GUESS_BITS = 60
};

typedef __int128 wide_t;

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

// The size of a set of 64 (S. E. Anderson, Bit Twiddling Hacks); the baseline machine has no instruction for it.
static inline slong count_bits(uint64_t x) {
    x -= x >> 1 & UINT64_C(0x5555555555555555);
    x = (x & UINT64_C(0x3333333333333333)) + (x >> 2 & UINT64_C(0x3333333333333333));
    x = (x + (x >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return (slong)(x * UINT64_C(0x0101010101010101) >> 56);
}

// ---- Rows ----

// What a double is off, at most, when its exponent is that of the row's largest entry.
static bool is_exact(const fmpz_t entry, slong largest_bits) {
    return fmpz_is_zero(entry) || (fmpz_bits(entry) - fmpz_val2(entry) <= DBL_MANT_DIG &&
                                   largest_bits - (slong)fmpz_bits(entry) < 900);
}

static void set_doubles(polyhedron_rows_t *rows, slong i) {
    const slong width = rows->dimension + 1;
    const fmpz *row = rows->exact->rows[i];
    const slong bits = labs(_fmpz_vec_max_bits(row, width));
    bool exact = true;
    double norm = 0;
    for (slong j = 0; j < width; j++) {
        slong exponent;
        const double fraction = fmpz_get_d_2exp(&exponent, row + j);
        const slong shift = exponent - bits;
        const double c = fraction == 0 || shift < -1000 ? 0 : ldexp(fraction, (int)shift);
        rows->coefficients[i * rows->stride + j] = c;
        exact = exact && is_exact(row + j, bits);
        norm += fabs(c);
    }
    rows->errors[i] = exact ? 0 : UNIT; // fmpz_get_d_2exp cuts off: one unit of the last place at 1
    rows->norms[i] = norm * INFLATE;
    rows->margins[i] = ((double)(width + 3) * UNIT * norm + 2 * (double)width * rows->errors[i]) * INFLATE;
}

static void set_integers(polyhedron_rows_t *rows, slong i) {
    const slong width = rows->dimension + 1;
    fmpz *row = _fmpz_vec_init(width);
    fmpz_t content;
    fmpz_init(content);
    _fmpz_vec_content(content, rows->exact->rows[i], width);
    if (!fmpz_is_zero(content))
        _fmpz_vec_scalar_divexact_fmpz(row, rows->exact->rows[i], width, content);
    rows->bits[i] = labs(_fmpz_vec_max_bits(row, width));
    for (slong j = 0; j < width; j++) {
        rows->machine[i * width + j] = rows->bits[i] <= MACHINE_BITS ? fmpz_get_si(row + j) : 0;
        for (slong q = 0; q < POLYHEDRON_PRIMES; q++)
            rows->residues[(i * POLYHEDRON_PRIMES + q) * width + j] = fmpz_get_nmod(row + j, rows->primes[q]);
    }
    fmpz_clear(content);
    _fmpz_vec_clear(row, width);
}

polyhedron_rows_t *polyhedron_rows_alloc(const fmpz_mat_t given) {
    const slong count = given->r, width = given->c;
    polyhedron_rows_t *rows = calloc(1, sizeof *rows);
    if (rows == NULL)
        return NULL;
    const size_t all = (size_t)count + 1;
    *rows = (polyhedron_rows_t){.count = count, .dimension = width - 1, .stride = width + width % 2};
    fmpz_mat_init(rows->exact, count + 1, width);
    rows->coefficients = calloc(all * (size_t)rows->stride, sizeof *rows->coefficients);
    rows->errors = calloc(all, sizeof *rows->errors);
    rows->norms = calloc(all, sizeof *rows->norms);
    rows->margins = calloc(all, sizeof *rows->margins);
    rows->machine = calloc(all * (size_t)width, sizeof *rows->machine);
    rows->bits = calloc(all, sizeof *rows->bits);
    rows->residues = calloc(all * POLYHEDRON_PRIMES * (size_t)width, sizeof *rows->residues);
    rows->ends = malloc(2 * all * sizeof *rows->ends);
    if (rows->coefficients == NULL || rows->errors == NULL || rows->norms == NULL || rows->margins == NULL ||
        rows->machine == NULL || rows->bits == NULL || rows->residues == NULL || rows->ends == NULL) {
        polyhedron_rows_free(rows);
        return NULL;
    }
    for (slong i = 0; i < count; i++)
        _fmpz_vec_set(rows->exact->rows[i], given->rows[i], width);
    fmpz_one(fmpz_mat_entry(rows->exact, count, width - 1));
    ulong prime = UWORD(1) << PRIME_BITS;
    for (slong q = 0; q < POLYHEDRON_PRIMES; q++) {
        prime = n_nextprime(prime, 1);
        nmod_init(&rows->primes[q], prime);
    }
    for (slong i = 0; i <= count; i++) {
        set_doubles(rows, i);
        set_integers(rows, i);
        polyhedron_rows_connect(rows, i, -1, -1);
    }
    return rows;
}

void polyhedron_rows_connect(polyhedron_rows_t *rows, slong row, slong a, slong b) {
    rows->ends[2 * row] = a;
    rows->ends[2 * row + 1] = b;
}

void polyhedron_rows_free(polyhedron_rows_t *rows) {
    if (rows == NULL)
        return;
    fmpz_mat_clear(rows->exact);
    free(rows->coefficients);
    free(rows->errors);
    free(rows->norms);
    free(rows->margins);
    free(rows->machine);
    free(rows->bits);
    free(rows->residues);
    free(rows->ends);
    free(rows);
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

// Makes room for n entries of a size in the block that a pointer points to; returns false, and leaves all as it
// was, when memory is short.
static bool resize(void *pointer, slong n, size_t size) {
    void *block;
    memcpy(&block, pointer, sizeof block); // of whatever pointer type
    block = realloc(block, (size_t)n * size);
    if (block == NULL)
        return false;
    memcpy(pointer, &block, sizeof block);
    return true;
}

static int reserve_slots(polyhedron_t *p, slong words) {
    if (words > p->slot_room) {
        if (!resize(&p->live, words, sizeof *p->live) ||
            !resize(&p->slot_rows, words * WORD_BITS, sizeof *p->slot_rows) ||
            !resize(&p->slot_signs, words * WORD_BITS, sizeof *p->slot_signs))
            return GSL_ENOMEM;
        p->slot_room = words;
    }
    p->words = words;
    return GSL_SUCCESS;
}

// Room for so many generators with sets of p->words.
static int reserve(polyhedron_t *p, slong generators) {
    if (generators > p->room) {
        const slong room = generators + generators / 2 + 8;
        if (!resize(&p->coordinates, room * p->stride, sizeof *p->coordinates) ||
            !resize(&p->errors, room, sizeof *p->errors))
            return GSL_ENOMEM;
        p->room = room;
    }
    if (p->room * p->words > p->set_room) {
        if (!resize(&p->sets, p->room * p->words, sizeof *p->sets))
            return GSL_ENOMEM;
        p->set_room = p->room * p->words;
    }
    return GSL_SUCCESS;
}

// Workspaces for cutting a polyhedron with so many generators.
static int reserve_work(polyhedron_t *p, slong generators) {
    if (generators > p->work_room) {
        const slong room = generators + generators / 2 + 8;
        if (!resize(&p->values, room, sizeof *p->values) || !resize(&p->signs, room, sizeof *p->signs) ||
            !resize(&p->above, room, sizeof *p->above) || !resize(&p->below, room, sizeof *p->below))
            return GSL_ENOMEM;
        p->work_room = room;
    }
    return GSL_SUCCESS;
}

polyhedron_t *polyhedron_alloc(const polyhedron_rows_t *rows) {
    polyhedron_t *p = calloc(1, sizeof *p);
    if (p == NULL)
        return NULL;
    p->rows = rows;
    p->width = rows->dimension + 1;
    p->stride = rows->stride;
    p->owned = calloc((size_t)p->width, sizeof *p->owned);
    if (p->owned == NULL || reserve_slots(p, 1) != GSL_SUCCESS || reserve(p, p->width) != GSL_SUCCESS) {
        polyhedron_free(p);
        return NULL;
    }
    polyhedron_whole(p);
    return p;
}

void polyhedron_free(polyhedron_t *p) {
    if (p == NULL)
        return;
    free(p->owned);
    free(p->coordinates);
    free(p->errors);
    free(p->sets);
    free(p->live);
    free(p->slot_rows);
    free(p->slot_signs);
    free(p->values);
    free(p->signs);
    free(p->above);
    free(p->below);
    free(p);
}

static inline double *coordinates_of(const polyhedron_t *p, slong g) {
    return p->coordinates + g * p->stride;
}

static inline uint64_t *set_of(const polyhedron_t *p, slong g) {
    return p->sets + g * p->words;
}

void polyhedron_whole(polyhedron_t *p) {
    const slong d = p->rows->dimension;
    p->dimension = d;
    p->lines = d;
    p->rays = 1;
    p->words = 1;
    for (slong g = 0; g <= d; g++) {
        for (slong j = 0; j < p->stride; j++)
            coordinates_of(p, g)[j] = g == j ? 0.5 : 0;
        p->errors[g] = 0;
        p->owned[g] = g; // the last entry is never read
    }
    *set_of(p, d) = 0;
    *p->live = 1;
    p->slot_rows[0] = p->rows->count;
    p->slot_signs[0] = 1;
}

slong polyhedron_dimension(const polyhedron_t *p) {
    return p->dimension;
}

slong polyhedron_lines(const polyhedron_t *p) {
    return p->lines;
}

slong polyhedron_rays(const polyhedron_t *p) {
    return p->rays;
}

const double *polyhedron_approximation(const polyhedron_t *p, slong g, double *error) {
    *error = p->errors[g];
    return coordinates_of(p, g);
}

// Copies what polyhedra have in common that are cut from one another, with room in the sets for `words`.
static int copy_frame(polyhedron_t *to, const polyhedron_t *from, slong words) {
    if (reserve_slots(to, words) != GSL_SUCCESS)
        return GSL_ENOMEM;
    to->dimension = from->dimension;
    to->lines = from->lines;
    to->rays = 0;
    memcpy(to->owned, from->owned, (size_t)from->width * sizeof *to->owned);
    memset(to->live, 0, (size_t)words * sizeof *to->live);
    memcpy(to->live, from->live, (size_t)from->words * sizeof *to->live);
    memcpy(to->slot_rows, from->slot_rows, (size_t)from->words * WORD_BITS * sizeof *to->slot_rows);
    memcpy(to->slot_signs, from->slot_signs, (size_t)from->words * WORD_BITS);
    return reserve(to, from->lines + from->rays);
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

int polyhedron_copy(polyhedron_t *to, const polyhedron_t *from) {
    if (copy_frame(to, from, from->words) != GSL_SUCCESS)
        return GSL_ENOMEM;
    const size_t generators = (size_t)(from->lines + from->rays);
    to->rays = from->rays;
    memcpy(to->coordinates, from->coordinates, generators * (size_t)from->stride * sizeof(double));
    memcpy(to->errors, from->errors, generators * sizeof(double));
    memcpy(to->sets, from->sets, generators * (size_t)from->words * sizeof(uint64_t));
    return GSL_SUCCESS;
}

// ---- Generators, exactly ----

// The constraints that generator g is tight on.
static const uint64_t *tight_set(const polyhedron_t *p, slong g) {
    return g < p->lines ? p->live : set_of(p, g);
}

static bool has(const uint64_t *set, slong slot) {
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

// The columns in which generator g may have an entry; returns their number.
static slong free_columns(const polyhedron_t *p, slong g, slong *columns) {
    slong count = 0;
    for (slong j = 0; j < p->width; j++) {
        slong i = 0;
        while (i < p->lines && p->owned[i] != j)
            i++;
        if (i == p->lines || i == g)
            columns[count++] = j;
    }
    return count;
}

// A system of linear equations in doubles that is being eliminated.
typedef struct equations {
    slong size; // unknowns
    slong rank;
    slong pivots[MACHINE_WIDTH];    // pivots[i]: the unknown that equation i eliminates
    double inverses[MACHINE_WIDTH]; // of the pivots
    double rows[MACHINE_WIDTH][MACHINE_WIDTH];
} equations_t;

// Adds the equation that was written at equations[rank], unless it looks dependent.
static void eliminate(equations_t *e) {
    double *equation = e->rows[e->rank];
    double before = 0, after = 0;
    slong pivot = 0;
    for (slong j = 0; j < e->size; j++)
        before = larger(before, fabs(equation[j]));
    for (slong i = 0; i < e->rank; i++) {
        const double factor = equation[e->pivots[i]] * e->inverses[i];
        for (slong j = 0; j < e->size; j++)
            equation[j] -= factor * e->rows[i][j];
        equation[e->pivots[i]] = 0;
    }
    for (slong j = 0; j < e->size; j++)
        if (fabs(equation[j]) > after) {
            after = fabs(equation[j]);
            pivot = j;
        }
    if (!(after > 0x1p-30 * before))
        return;
    e->pivots[e->rank] = pivot;
    e->inverses[e->rank++] = 1 / equation[pivot];
}

// The solution of size - 1 equations whose free unknown is the determinant of the others' pivots, so that it is
// integral when the equations are.
static void solve(const equations_t *e, double *x) {
    bool pivotal[MACHINE_WIDTH] = {false};
    double determinant = 1;
    for (slong i = 0; i < e->rank; i++) {
        pivotal[e->pivots[i]] = true;
        determinant *= e->rows[i][e->pivots[i]];
    }
    for (slong j = 0; j < e->size; j++)
        x[j] = pivotal[j] ? 0 : determinant;
    for (slong i = e->rank - 1; i >= 0; i--) {
        double sum = 0;
        for (slong j = 0; j < e->size; j++)
            sum += e->rows[i][j] * x[j];
        x[e->pivots[i]] = -sum * e->inverses[i];
    }
}

static wide_t machine_dot(const polyhedron_rows_t *rows, slong row, const int64_t *v) {
    const int64_t *entries = rows->machine + row * (rows->dimension + 1);
    wide_t sum = 0;
    for (slong j = 0; j <= rows->dimension; j++)
        sum += (wide_t)entries[j] * v[j];
    return sum;
}

// A strict constraint decides the direction of a ray, its own column that of a line. Returns 0 when the direction
// stays open, which would be a wrong vector.
static int machine_direction(const polyhedron_t *p, slong g, const int64_t *v) {
    if (g < p->lines)
        return (v[p->owned[g]] > 0) - (v[p->owned[g]] < 0);
    const uint64_t *set = set_of(p, g);
    for (slong slot = next_slot(p->live, p->words, 0); slot >= 0;
         slot = next_slot(p->live, p->words, slot + 1)) {
        if (has(set, slot) || p->rows->bits[p->slot_rows[slot]] > MACHINE_BITS)
            continue;
        const wide_t value = machine_dot(p->rows, p->slot_rows[slot], v) * p->slot_signs[slot];
        return (value > 0) - (value < 0);
    }
    return 0;
}

// Whether all tight constraints vanish.
static bool machine_solves(const polyhedron_t *p, slong g, const int64_t *v) {
    const uint64_t *set = tight_set(p, g);
    for (slong slot = next_slot(set, p->words, 0); slot >= 0; slot = next_slot(set, p->words, slot + 1))
        if (machine_dot(p->rows, p->slot_rows[slot], v) != 0)
            return false;
    return true;
}

// Guesses generator g as machine integers by elimination in doubles and rounding, and then proves the guess: what
// vanishes on all tight constraints and in the columns of the others is the generator or its opposite. Returns
// false when the numbers are too large, or the guess is wrong.
static bool machine_generator(const polyhedron_t *p, slong g, int64_t *v) {
    if (p->width > MACHINE_WIDTH)
        return false;
    slong columns[MACHINE_WIDTH];
    equations_t e;
    e.size = free_columns(p, g, columns);
    e.rank = 0;
    const uint64_t *set = tight_set(p, g);
    slong bits = 0; // of the minors, roughly
    for (slong slot = next_slot(set, p->words, 0); slot >= 0; slot = next_slot(set, p->words, slot + 1)) {
        const slong row = p->slot_rows[slot];
        if (p->rows->bits[row] > MACHINE_BITS || bits > GUESS_BITS)
            return false;
        if (e.rank == e.size - 1)
            continue;
        for (slong j = 0; j < e.size; j++)
            e.rows[e.rank][j] = (double)p->rows->machine[row * p->width + columns[j]];
        const slong rank = e.rank;
        eliminate(&e);
        bits += (e.rank - rank) * p->rows->bits[row];
    }
    if (e.rank < e.size - 1)
        return false;
    double x[MACHINE_WIDTH];
    solve(&e, x);
    memset(v, 0, (size_t)p->width * sizeof *v);
    for (slong j = 0; j < e.size; j++) {
        if (!(fabs(x[j]) < 0x1p51))
            return false;
        v[columns[j]] = llrint(x[j]);
    }
    const int direction = machine_direction(p, g, v);
    for (slong j = 0; j < p->width; j++)
        v[j] *= direction;
    return direction != 0 && machine_solves(p, g, v);
}

// Whether to turn a big vector round.
static bool is_backward(const polyhedron_t *p, slong g, const fmpz *v) {
    if (g < p->lines)
        return fmpz_sgn(v + p->owned[g]) < 0;
    const uint64_t *set = set_of(p, g);
    slong slot = next_slot(p->live, p->words, 0);
    while (has(set, slot)) // some constraint is strict, or the ray were a line
        slot = next_slot(p->live, p->words, slot + 1);
    fmpz_t value;
    fmpz_init(value);
    _fmpz_vec_dot(value, p->rows->exact->rows[p->slot_rows[slot]], v, p->width);
    const bool backward = fmpz_sgn(value) * p->slot_signs[slot] < 0;
    fmpz_clear(value);
    return backward;
}

// Generator g in big integers without common divisor.
static void big_generator(const polyhedron_t *p, slong g, fmpz *v) {
    const uint64_t *set = tight_set(p, g);
    slong *columns = flint_malloc((size_t)p->width * sizeof *columns), equations = 0;
    const slong size = free_columns(p, g, columns);
    for (slong slot = next_slot(set, p->words, 0); slot >= 0; slot = next_slot(set, p->words, slot + 1))
        equations++;
    fmpz_mat_t system, solution;
    fmpz_mat_init(system, equations, size);
    fmpz_mat_init(solution, size, size);
    slong slot = next_slot(set, p->words, 0);
    for (slong i = 0; i < equations; i++, slot = next_slot(set, p->words, slot + 1))
        for (slong j = 0; j < size; j++)
            fmpz_set(fmpz_mat_entry(system, i, j),
                     fmpz_mat_entry(p->rows->exact, p->slot_rows[slot], columns[j]));
    fmpz_mat_nullspace(solution, system);
    _fmpz_vec_zero(v, p->width);
    for (slong j = 0; j < size; j++)
        fmpz_set(v + columns[j], fmpz_mat_entry(solution, j, 0));
    fmpz_t content;
    fmpz_init(content);
    _fmpz_vec_content(content, v, p->width);
    if (is_backward(p, g, v))
        fmpz_neg(content, content);
    _fmpz_vec_scalar_divexact_fmpz(v, v, p->width, content);
    fmpz_clear(content);
    fmpz_mat_clear(system);
    fmpz_mat_clear(solution);
    flint_free(columns);
}

void polyhedron_generator(const polyhedron_t *p, slong g, fmpz *v) {
    int64_t guess[MACHINE_WIDTH];
    if (!machine_generator(p, g, guess)) {
        big_generator(p, g, v);
        return;
    }
    for (slong j = 0; j < p->width; j++)
        fmpz_set_si(v + j, guess[j]);
    fmpz_t content;
    fmpz_init(content);
    _fmpz_vec_content(content, v, p->width);
    _fmpz_vec_scalar_divexact_fmpz(v, v, p->width, content);
    fmpz_clear(content);
}

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

bool polyhedron_tight(const polyhedron_t *p, slong ray, slong row) {
    const uint64_t *set = set_of(p, p->lines + ray);
    for (slong slot = next_slot(set, p->words, 0); slot >= 0; slot = next_slot(set, p->words, slot + 1))
        if (p->slot_rows[slot] == row)
            return true;
    return false;
}

static int big_sign(const polyhedron_t *p, slong g, slong row) {
    fmpz *v = _fmpz_vec_init(p->width);
    fmpz_t value;
    fmpz_init(value);
    big_generator(p, g, v);
    _fmpz_vec_dot(value, p->rows->exact->rows[row], v, p->width);
    const int sign = fmpz_sgn(value);
    fmpz_clear(value);
    _fmpz_vec_clear(v, p->width);
    return sign;
}

// Rows that are being eliminated modulo a prime, in some columns.
typedef struct residues {
    nmod_t prime;
    slong size, rank;
    slong pivots[MACHINE_WIDTH];
    ulong rows[MACHINE_WIDTH][MACHINE_WIDTH];
} residues_t;

// Reduces a row by those before it, without division, and adds it unless it vanishes; returns whether it was added.
static bool add_residues(residues_t *r, const ulong *row, const slong *columns) {
    ulong *entries = r->rows[r->rank];
    for (slong c = 0; c < r->size; c++)
        entries[c] = row[columns[c]];
    for (slong i = 0; i < r->rank; i++) {
        const ulong *by = r->rows[i], keep = by[r->pivots[i]],
                    take = nmod_neg(entries[r->pivots[i]], r->prime);
        for (slong c = 0; c < r->size; c++) { // below 2^124, its upper half below the prime
            const unsigned __int128 sum =
                (unsigned __int128)entries[c] * keep + (unsigned __int128)by[c] * take;
            NMOD_RED2(entries[c], (ulong)(sum >> 64), (ulong)sum, r->prime);
        }
    }
    slong pivot = 0;
    while (pivot < r->size && entries[pivot] == 0)
        pivot++;
    if (pivot == r->size)
        return false;
    r->pivots[r->rank++] = pivot;
    return true;
}

static const ulong *residues_of(const polyhedron_rows_t *rows, slong row, slong q) {
    return rows->residues + (row * POLYHEDRON_PRIMES + q) * (rows->dimension + 1);
}

// Whether a row is proved to vanish on generator g by primes: constraints that determine the generator, and the row,
// have a determinant that is 0 modulo primes whose product exceeds Hadamard's bound of it.
static bool vanishes(const polyhedron_t *p, slong g, slong row) {
    if (p->width > MACHINE_WIDTH)
        return false;
    slong columns[MACHINE_WIDTH], used[MACHINE_WIDTH];
    residues_t r;
    r.prime = p->rows->primes[0];
    r.size = free_columns(p, g, columns);
    r.rank = 0;
    slong bits = p->rows->bits[row] + 2 * r.size; // sqrt(size)^size <= 4^size
    const uint64_t *set = tight_set(p, g);
    for (slong slot = next_slot(set, p->words, 0); slot >= 0 && r.rank < r.size - 1;
         slot = next_slot(set, p->words, slot + 1))
        if (add_residues(&r, residues_of(p->rows, p->slot_rows[slot], 0), columns)) {
            used[r.rank - 1] = p->slot_rows[slot];
            bits += p->rows->bits[p->slot_rows[slot]];
        }
    if (r.rank < r.size - 1 || bits > PRIME_BITS * POLYHEDRON_PRIMES)
        return false;
    for (slong q = 0; q * PRIME_BITS < bits; q++) {
        r.prime = p->rows->primes[q];
        r.rank = q == 0 ? r.rank : 0;
        while (r.rank < r.size - 1)
            if (!add_residues(&r, residues_of(p->rows, used[r.rank], q), columns))
                return false;
        if (add_residues(&r, residues_of(p->rows, row, q), columns))
            return false;
    }
    return true;
}

// Whether tight constraints, of which the first JOINED count, join the ends of a row, which then vanishes on generator
// g. Each of them is walked along once.
static bool is_joined(const polyhedron_t *p, slong g, slong row) {
    const slong *goal = p->rows->ends + 2 * row;
    const uint64_t *set = tight_set(p, g);
    slong pairs[JOINED][2], reached[JOINED + 1], count = 0, seen = 1;
    if (goal[0] < 0)
        return false;
    for (slong slot = next_slot(set, p->words, 0); slot >= 0 && count < JOINED;
         slot = next_slot(set, p->words, slot + 1)) {
        const slong *ends = p->rows->ends + 2 * p->slot_rows[slot];
        pairs[count][0] = ends[0];
        pairs[count][1] = ends[1];
        count += ends[0] >= 0;
    }
    reached[0] = goal[0];
    for (slong i = 0; i < seen; i++)
        for (slong c = 0; c < count; c++) {
            const bool turned = pairs[c][1] == reached[i];
            if (!turned && pairs[c][0] != reached[i])
                continue;
            reached[seen] = pairs[c][!turned];
            if (reached[seen++] == goal[1])
                return true;
            count--;
            memcpy(pairs[c], pairs[count], sizeof pairs[c]);
            c--;
        }
    return false;
}

// Where doubles cannot tell. Seldom: so it is kept out of the loops that sign_of is in.
__attribute__((noinline)) static int exact_sign(const polyhedron_t *p, slong g, slong row) {
    if (p->rows->norms[row] == 0 || (g >= p->lines && polyhedron_tight(p, g - p->lines, row)) ||
        is_joined(p, g, row))
        return 0;
    int64_t v[MACHINE_WIDTH];
    if (p->rows->bits[row] > MACHINE_BITS || !machine_generator(p, g, v))
        return vanishes(p, g, row) ? 0 : big_sign(p, g, row);
    const wide_t value = machine_dot(p->rows, row, v);
    return (value > 0) - (value < 0);
}

// The sign, given the value that doubles have.
static inline int sign_of(const polyhedron_t *p, slong g, slong row, double value) {
    const double margin = margin_of(p, g, row);
    if (value > margin)
        return 1;
    if (value < -margin)
        return -1;
    return exact_sign(p, g, row);
}

int polyhedron_sign(const polyhedron_t *p, slong g, slong row) {
    return sign_of(p, g, row, value_of(p, g, row));
}

polyhedron_side_t polyhedron_side(const polyhedron_t *p, slong row) {
    for (slong g = 0; g < p->lines; g++)
        if (polyhedron_sign(p, g, row) != 0)
            return POLYHEDRON_BOTH;
    int seen = POLYHEDRON_INSIDE;
    for (slong g = p->lines; g < p->lines + p->rays && seen != POLYHEDRON_BOTH; g++) {
        const int sign = polyhedron_sign(p, g, row);
        if (sign != 0)
            seen |= sign > 0 ? POLYHEDRON_POSITIVE : POLYHEDRON_NEGATIVE;
    }
    return (polyhedron_side_t)seen;
}

// ---- Cuts ----

// A generator in doubles from its tight constraints, with what proves it: X M = 1 up to rounding, M being the matrix
// of the constraints that were used in the columns of their pivots.
typedef struct solution {
    slong size, rank; // columns, constraints used: one less
    slong columns[MACHINE_WIDTH];
    slong rows[MACHINE_WIDTH];   // the constraints used
    slong pivots[MACHINE_WIDTH]; // columns eliminated, as numbers among `columns`
    double reduced[MACHINE_WIDTH][MACHINE_WIDTH];
    double inverse[MACHINE_WIDTH][MACHINE_WIDTH]; // X
} solution_t;

// Subtracts a multiple of equation j from equation i, so that the pivot of j leaves it.
static void reduce(solution_t *s, slong i, slong j) {
    const double factor = s->reduced[i][s->pivots[j]];
    for (slong c = 0; c < s->size; c++)
        s->reduced[i][c] -= factor * s->reduced[j][c];
    for (slong k = 0; k <= s->rank; k++)
        s->inverse[i][k] -= factor * s->inverse[j][k];
    s->reduced[i][s->pivots[j]] = 0;
}

// Adds a constraint to the system, unless it looks dependent (Gauss and Jordan).
static void add_constraint(solution_t *s, const polyhedron_rows_t *rows, slong row) {
    const slong i = s->rank;
    for (slong c = 0; c < s->size; c++)
        s->reduced[i][c] = rows->coefficients[row * rows->stride + s->columns[c]];
    for (slong k = 0; k < s->size; k++)
        s->inverse[i][k] = s->inverse[k][i] = k == i;
    for (slong j = 0; j < i; j++)
        reduce(s, i, j);
    slong pivot = 0;
    for (slong c = 1; c < s->size; c++)
        if (fabs(s->reduced[i][c]) > fabs(s->reduced[i][pivot]))
            pivot = c;
    const double inverse = 1 / s->reduced[i][pivot];
    if (!(fabs(inverse) < 0x1p20))
        return;
    for (slong c = 0; c < s->size; c++)
        s->reduced[i][c] *= inverse;
    for (slong k = 0; k <= i; k++)
        s->inverse[i][k] *= inverse;
    s->rows[i] = row;
    s->pivots[i] = pivot;
    for (slong j = 0; j < i; j++)
        reduce(s, j, i);
    s->rank++;
}

// Writes the vector with largest entry in [1/2, 1).
static void write_solution(const solution_t *s, double *v, slong stride) {
    bool pivotal[MACHINE_WIDTH] = {false};
    double largest = 1;
    slong open = 0;
    for (slong i = 0; i < s->rank; i++)
        pivotal[s->pivots[i]] = true;
    while (pivotal[open])
        open++;
    for (slong i = 0; i < s->rank; i++)
        largest = larger(largest, fabs(s->reduced[i][open]));
    const double scale = scale_of(largest);
    memset(v, 0, (size_t)stride * sizeof *v);
    v[s->columns[open]] = scale;
    for (slong i = 0; i < s->rank; i++)
        v[s->columns[s->pivots[i]]] = -s->reduced[i][open] * scale;
}

// A bound of the error of generator g, which the solution wrote. Let V be the exact vector that agrees with v in the
// open column, and r = C v, |r_k| <= rho_k as computed: then v - V = (X M)^-1 X r in the others, and the inverse is
// at most 2 in the maximum norm when that of 1 - X M is at most 1/2. HUGE_VAL when it is not.
static double prove_solution(const solution_t *s, const polyhedron_t *p, slong g) {
    const double width = (double)p->width;
    double worst = 0;
    for (slong i = 0; i < s->rank; i++) {
        double error = 0, norm = 0, defect = 0;
        for (slong k = 0; k < s->rank; k++) {
            const slong row = s->rows[k];
            error += fabs(s->inverse[i][k]) * (fabs(value_of(p, g, row)) + p->rows->margins[row]);
            norm += fabs(s->inverse[i][k]);
        }
        for (slong j = 0; j < s->rank; j++) {
            double entry = i == j;
            for (slong k = 0; k < s->rank; k++)
                entry -= s->inverse[i][k] *
                         p->rows->coefficients[s->rows[k] * p->stride + s->columns[s->pivots[j]]];
            defect += fabs(entry);
        }
        // Rounding of the entries, and the error of the coefficients: |c| < 1 and at most one unit.
        if (!(defect + width * (width + 4) * UNIT * (1 + norm) < 0.5))
            return HUGE_VAL;
        worst = larger(worst, error);
    }
    return 2 * worst * INFLATE;
}

// The direction of generator g, whose doubles may be the opposite: 1, -1, or 0 when it is not certain.
static int direction_of(const polyhedron_t *p, slong g) {
    if (g < p->lines) {
        const double own = coordinates_of(p, g)[p->owned[g]];
        return (own > p->errors[g]) - (own < -p->errors[g]);
    }
    const uint64_t *set = set_of(p, g);
    for (slong slot = next_slot(p->live, p->words, 0); slot >= 0;
         slot = next_slot(p->live, p->words, slot + 1)) {
        const double value = value_of(p, g, p->slot_rows[slot]);
        if (!has(set, slot) && fabs(value) > margin_of(p, g, p->slot_rows[slot]))
            return value > 0 ? p->slot_signs[slot] : -p->slot_signs[slot];
    }
    return 0;
}

// Computes generator g from its tight constraints in doubles, with a proof; returns false when there is none.
static bool solve_generator(polyhedron_t *p, slong g) {
    if (p->width > MACHINE_WIDTH)
        return false;
    solution_t s;
    s.size = free_columns(p, g, s.columns);
    s.rank = 0;
    const uint64_t *set = tight_set(p, g);
    for (slong slot = next_slot(set, p->words, 0); slot >= 0 && s.rank < s.size - 1;
         slot = next_slot(set, p->words, slot + 1))
        add_constraint(&s, p->rows, p->slot_rows[slot]);
    if (s.rank < s.size - 1)
        return false;
    double *v = coordinates_of(p, g);
    write_solution(&s, v, p->stride);
    p->errors[g] = prove_solution(&s, p, g);
    if (!(p->errors[g] < SOLVED))
        return false;
    const int direction = direction_of(p, g);
    for (slong j = 0; j < p->width; j++)
        v[j] *= direction;
    return direction != 0;
}

// Computes generator g again from its tight constraints.
static void refresh(polyhedron_t *p, slong g) {
    double *coordinates = coordinates_of(p, g);
    int64_t guess[MACHINE_WIDTH];
    double largest = 0;
    if (machine_generator(p, g, guess)) { // below 2^53: exact
        for (slong j = 0; j < p->width; j++)
            largest = larger(largest, fabs((double)guess[j]));
        const double scale = scale_of(largest);
        coordinates[p->stride - 1] = 0;
        for (slong j = 0; j < p->width; j++)
            coordinates[j] = (double)guess[j] * scale;
        p->errors[g] = 0;
        return;
    }
    if (solve_generator(p, g))
        return;
    coordinates[p->stride - 1] = 0;
    fmpz *v = _fmpz_vec_init(p->width);
    big_generator(p, g, v);
    const slong bits = labs(_fmpz_vec_max_bits(v, p->width));
    for (slong j = 0; j < p->width; j++) {
        slong exponent;
        const double fraction = fmpz_get_d_2exp(&exponent, v + j);
        coordinates[j] = exponent - bits < -1000 ? 0 : ldexp(fraction, (int)(exponent - bits));
        p->errors[g] = UNIT;
    }
    _fmpz_vec_clear(v, p->width);
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
    apart += y.error + s * x.error + 4 * UNIT * (1 + s);
    return a * x.error + b * y.error + (a * y.factor_error + b * x.factor_error) * apart / rest +
           3 * UNIT * (a + b);
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
    p->errors[g] = bound_of(x, y, p->stride) * scale * INFLATE;
    return true;
}

// Puts the row into a free slot of `to`, which becomes a cut of `from`: constraints that no ray is tight on are
// redundant and give up theirs, unless there is one ray only (then its end is the lineality space, where no ray
// is). Returns the slot, or -1 when memory is short.
static slong open_slot(polyhedron_t *to, const polyhedron_t *from, slong row, int sign) {
    if (copy_frame(to, from, from->words) != GSL_SUCCESS)
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
        if (reserve_slots(to, word + 1) != GSL_SUCCESS ||
            reserve(to, from->lines + from->rays) != GSL_SUCCESS)
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
        refresh(to, g);
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
    if (slot < 0 || reserve(to, generators) != GSL_SUCCESS)
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
    if (reserve(to, g + 1) != GSL_SUCCESS)
        return GSL_ENOMEM;
    to->rays++;
    copy_set(to, g, from, a);
    for (slong w = 0; w < from->words; w++)
        set_of(to, g)[w] &= set_of(from, b)[w];
    add_slot(to, g, slot);
    const bool good = combine(to, g, term_of(from, a, -to->values[b], margin_of(from, b, row)),
                              term_of(from, b, to->values[a], margin_of(from, a, row)));
    if (!good || to->errors[g] > REFRESH)
        refresh(to, g);
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
    if (reserve(to, generators) != GSL_SUCCESS)
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
    if (reserve_work(to, generators) != GSL_SUCCESS)
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
        reserve(below, below->lines + below->rays + end - first) != GSL_SUCCESS)
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

// ---- Points ----

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
        if (!(sum * p->slot_signs[slot] > p->rows->margins[row] * largest * INFLATE))
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
