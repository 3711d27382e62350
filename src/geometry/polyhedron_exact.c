// SPDX-License-Identifier: GPL-3.0-or-later
// Generators and signs in integers; see polyhedron_shell.h.
#include "geometry/polyhedron_shell.h"

#include <flint/fmpz_vec.h>
#include <math.h>

enum { JOINED = 32, GUESS_BITS = 60 };

typedef __int128 wide_t;

// ---- Generators ----

// The columns in which generator g may have an entry; returns their number.
slong polyhedron_free_columns(const polyhedron_t *p, slong g, slong *columns) {
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
bool polyhedron_machine_generator(const polyhedron_t *p, slong g, int64_t *v) {
    if (p->width > MACHINE_WIDTH)
        return false;
    slong columns[MACHINE_WIDTH];
    equations_t e;
    e.size = polyhedron_free_columns(p, g, columns);
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
void polyhedron_big_generator(const polyhedron_t *p, slong g, fmpz *v) {
    const uint64_t *set = tight_set(p, g);
    slong *columns = flint_malloc((size_t)p->width * sizeof *columns), equations = 0;
    const slong size = polyhedron_free_columns(p, g, columns);
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
    if (!polyhedron_machine_generator(p, g, guess)) {
        polyhedron_big_generator(p, g, v);
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

static int big_sign(const polyhedron_t *p, slong g, slong row) {
    fmpz *v = _fmpz_vec_init(p->width);
    fmpz_t value;
    fmpz_init(value);
    polyhedron_big_generator(p, g, v);
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
    r.size = polyhedron_free_columns(p, g, columns);
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
int polyhedron_exact_sign(const polyhedron_t *p, slong g, slong row) {
    if (p->rows->norms[row] == 0 || (g >= p->lines && polyhedron_tight(p, g - p->lines, row)) ||
        is_joined(p, g, row))
        return 0;
    int64_t v[MACHINE_WIDTH];
    if (p->rows->bits[row] > MACHINE_BITS || !polyhedron_machine_generator(p, g, v))
        return vanishes(p, g, row) ? 0 : big_sign(p, g, row);
    const wide_t value = machine_dot(p->rows, row, v);
    return (value > 0) - (value < 0);
}
