// SPDX-License-Identifier: GPL-3.0-or-later
// The simplex method in integers; see simplex.h.
#include "number/simplex.h"

#include <flint/fmpz_vec.h>

// The columns are those of A, an artificial one for each row, and the right-hand side. The last row holds the
// reduced costs of the sum of the artificial unknowns. All entries are `scale` times those of the tableau.
typedef struct tableau {
    slong rows, columns; // of A
    fmpz_mat_t entries;  // (rows + 1) x (columns + rows + 1)
    fmpz_t scale;        // > 0
    slong *basis;        // the unknown of each row
    bool *flipped;       // rows that were negated, so that the right-hand side is not negative
} tableau_t;

static void tableau_init(tableau_t *t, const fmpz_mat_t system) {
    t->rows = system->r;
    t->columns = system->c - 1;
    const slong last = t->columns + t->rows;
    fmpz_mat_init(t->entries, t->rows + 1, last + 1);
    fmpz_init_set_ui(t->scale, 1);
    t->basis = flint_malloc((size_t)(t->rows + 1) * sizeof *t->basis);
    t->flipped = flint_malloc((size_t)(t->rows + 1) * sizeof *t->flipped);
    fmpz *cost = t->entries->rows[t->rows];
    for (slong r = 0; r < t->rows; r++) {
        fmpz *row = t->entries->rows[r];
        t->flipped[r] = fmpz_sgn(system->rows[r] + t->columns) < 0;
        _fmpz_vec_set(row, system->rows[r], t->columns);
        fmpz_set(row + last, system->rows[r] + t->columns);
        if (t->flipped[r])
            _fmpz_vec_neg(row, row, last + 1);
        _fmpz_vec_sub(cost, cost, row, last + 1);
        fmpz_one(row + t->columns + r);
        t->basis[r] = t->columns + r;
    }
}

static void tableau_clear(tableau_t *t) {
    fmpz_mat_clear(t->entries);
    fmpz_clear(t->scale);
    flint_free(t->basis);
    flint_free(t->flipped);
}

// The row that leaves: the least ratio, and of equal ones the least unknown.
static slong leaving_row(const tableau_t *t, slong column) {
    const slong last = t->columns + t->rows;
    slong leaving = -1;
    fmpz_t left, right;
    fmpz_init(left);
    fmpz_init(right);
    for (slong r = 0; r < t->rows; r++) {
        const fmpz *row = t->entries->rows[r];
        if (fmpz_sgn(row + column) <= 0)
            continue;
        int order = -1;
        if (leaving >= 0) {
            fmpz_mul(left, row + last, t->entries->rows[leaving] + column);
            fmpz_mul(right, t->entries->rows[leaving] + last, row + column);
            order = fmpz_cmp(left, right);
        }
        if (order < 0 || (order == 0 && t->basis[r] < t->basis[leaving]))
            leaving = r;
    }
    fmpz_clear(left);
    fmpz_clear(right);
    return leaving;
}

// The pivot is positive; the divisions by the one before are exact (J. Edmonds).
static void pivot_at(tableau_t *t, slong row, slong column) {
    const slong width = t->columns + t->rows + 1;
    const fmpz *chosen = t->entries->rows[row];
    fmpz_t factor;
    fmpz_init(factor);
    for (slong r = 0; r <= t->rows; r++) {
        if (r == row)
            continue;
        fmpz *other = t->entries->rows[r];
        fmpz_set(factor, other + column);
        _fmpz_vec_scalar_mul_fmpz(other, other, width, chosen + column);
        _fmpz_vec_scalar_submul_fmpz(other, chosen, width, factor);
        _fmpz_vec_scalar_divexact_fmpz(other, other, width, t->scale);
    }
    fmpz_set(t->scale, chosen + column);
    t->basis[row] = column;
    fmpz_clear(factor);
}

// An artificial unknown that has left never comes back. Their sum is bounded below, so that a row that leaves is
// always found.
static void minimise(tableau_t *t) {
    slong column = 0;
    while (column < t->columns)
        if (fmpz_sgn(t->entries->rows[t->rows] + column) < 0) {
            pivot_at(t, leaving_row(t, column), column);
            column = 0;
        } else
            column++;
}

static void read_solution(const tableau_t *t, fmpz *solution, fmpz_t denominator) {
    _fmpz_vec_zero(solution, t->columns);
    for (slong r = 0; r < t->rows; r++)
        if (t->basis[r] < t->columns)
            fmpz_set(solution + t->basis[r], t->entries->rows[r] + t->columns + t->rows);
    fmpz_set(denominator, t->scale);
}

// The reduced cost of an artificial unknown is 1 - y_r: its own cost less the multiplier of its row.
static void read_refutation(const tableau_t *t, fmpz *refutation) {
    for (slong r = 0; r < t->rows; r++) {
        fmpz_sub(refutation + r, t->scale, t->entries->rows[t->rows] + t->columns + r);
        if (t->flipped[r])
            fmpz_neg(refutation + r, refutation + r);
    }
}

bool simplex_solve(const fmpz_mat_t system, fmpz *solution, fmpz_t denominator, fmpz *refutation) {
    tableau_t t;
    tableau_init(&t, system);
    minimise(&t);
    const bool solved = fmpz_is_zero(t.entries->rows[t.rows] + t.columns + t.rows);
    if (solved)
        read_solution(&t, solution, denominator);
    else
        read_refutation(&t, refutation);
    tableau_clear(&t);
    return solved;
}

bool simplex_solves(const fmpz_mat_t system, const fmpz *solution, const fmpz_t denominator) {
    const slong columns = system->c - 1;
    bool valid = fmpz_sgn(denominator) > 0;
    fmpz_t left, right;
    fmpz_init(left);
    fmpz_init(right);
    for (slong c = 0; c < columns; c++)
        valid = valid && fmpz_sgn(solution + c) >= 0;
    for (slong r = 0; r < system->r; r++) {
        _fmpz_vec_dot(left, system->rows[r], solution, columns);
        fmpz_mul(right, system->rows[r] + columns, denominator);
        valid = valid && fmpz_equal(left, right);
    }
    fmpz_clear(left);
    fmpz_clear(right);
    return valid;
}

bool simplex_refutes(const fmpz_mat_t system, const fmpz *refutation) {
    const slong columns = system->c - 1;
    bool valid = true;
    fmpz_t sum;
    fmpz_init(sum);
    for (slong c = 0; c <= columns; c++) {
        fmpz_zero(sum);
        for (slong r = 0; r < system->r; r++)
            fmpz_addmul(sum, refutation + r, system->rows[r] + c);
        valid = valid && (c < columns ? fmpz_sgn(sum) <= 0 : fmpz_sgn(sum) > 0);
    }
    fmpz_clear(sum);
    return valid;
}
