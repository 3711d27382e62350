// SPDX-License-Identifier: GPL-3.0-or-later
// A generator computed again from its constraints; see polyhedron_shell.h.
#include "geometry/polyhedron_shell.h"

#include <flint/fmpz_vec.h>
#include <math.h>

#define SOLVED 0x1p-36 // what a generator that was solved in doubles must be good for

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
        if (!(defect + width * (width + 4) * POLYHEDRON_UNIT * (1 + norm) < 0.5))
            return HUGE_VAL;
        worst = larger(worst, error);
    }
    return 2 * worst * POLYHEDRON_INFLATE;
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
    s.size = polyhedron_free_columns(p, g, s.columns);
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
void polyhedron_refresh(polyhedron_t *p, slong g) {
    double *coordinates = coordinates_of(p, g);
    int64_t guess[MACHINE_WIDTH];
    double largest = 0;
    if (polyhedron_machine_generator(p, g, guess)) { // below 2^53: exact
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
    polyhedron_big_generator(p, g, v);
    const slong bits = labs(_fmpz_vec_max_bits(v, p->width));
    for (slong j = 0; j < p->width; j++) {
        slong exponent;
        const double fraction = fmpz_get_d_2exp(&exponent, v + j);
        coordinates[j] = exponent - bits < -1000 ? 0 : ldexp(fraction, (int)(exponent - bits));
        p->errors[g] = POLYHEDRON_UNIT;
    }
    _fmpz_vec_clear(v, p->width);
}
