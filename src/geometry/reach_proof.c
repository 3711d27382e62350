// SPDX-License-Identifier: GPL-3.0-or-later
// Why a coalition is not reachable: certificates by an exact simplex method; see reach.h.
#include "geometry/reach.h"

#include <flint/fmpq_mat.h>
#include <flint/fmpq_vec.h>
#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>

// The linear system for a certificate, in the columns of the experts, of a slack s >= 0 and of the right-hand
// side: the normals add up to 0 (d rows), the offsets with s to 0, and the weights of each side to 1.
typedef struct tableau {
    slong rows,
        columns; // without the row of reduced costs, which is the last, and without the right-hand side
    fmpq_mat_t entries; // (rows + 1) x (columns + 1)
    slong *basis;       // the variable of each row; `columns` and above are artificial
} tableau_t;

static void tableau_init(tableau_t *tableau, const layer_t *layer, const slong *members) {
    const slong d = layer->dimension, experts = layer->experts, k = layer->active;
    tableau->rows = d + 3;
    tableau->columns = experts + 1;
    tableau->basis = flint_malloc((size_t)tableau->rows * sizeof *tableau->basis);
    fmpq_mat_init(tableau->entries, tableau->rows + 1, tableau->columns + 1);
    for (slong i = 0, m = 0; i < experts; i++) {
        const bool member = m < k && members[m] == i;
        m += member;
        for (slong j = 0; j <= d; j++) {
            fmpq_set_fmpz(fmpq_mat_entry(tableau->entries, j, i), fmpz_mat_entry(layer->router, i, j));
            if (!member)
                fmpq_neg(fmpq_mat_entry(tableau->entries, j, i), fmpq_mat_entry(tableau->entries, j, i));
        }
        fmpq_one(fmpq_mat_entry(tableau->entries, member ? d + 1 : d + 2, i));
    }
    fmpq_one(fmpq_mat_entry(tableau->entries, d, experts));
    fmpq_one(fmpq_mat_entry(tableau->entries, d + 1, tableau->columns));
    fmpq_one(fmpq_mat_entry(tableau->entries, d + 2, tableau->columns));
    for (slong r = 0; r < tableau->rows; r++) {
        tableau->basis[r] = tableau->columns + r;
        for (slong c = 0; c <= tableau->columns; c++) // minus the sum of the artificial variables
            fmpq_sub(fmpq_mat_entry(tableau->entries, tableau->rows, c),
                     fmpq_mat_entry(tableau->entries, tableau->rows, c),
                     fmpq_mat_entry(tableau->entries, r, c));
    }
}

static void tableau_clear(tableau_t *tableau) {
    fmpq_mat_clear(tableau->entries);
    flint_free(tableau->basis);
}

static void pivot_at(tableau_t *tableau, slong row, slong column) {
    fmpq_t factor;
    fmpq_init(factor);
    fmpq *const *const at = (fmpq *const *)tableau->entries->rows;
    fmpq_inv(factor, at[row] + column);
    for (slong c = 0; c <= tableau->columns; c++)
        fmpq_mul(at[row] + c, at[row] + c, factor);
    for (slong r = 0; r <= tableau->rows; r++) {
        if (r == row || fmpq_is_zero(at[r] + column))
            continue;
        fmpq_set(factor, at[r] + column);
        for (slong c = 0; c <= tableau->columns; c++)
            fmpq_submul(at[r] + c, factor, at[row] + c);
    }
    tableau->basis[row] = column;
    fmpq_clear(factor);
}

// The row that leaves: the least ratio, and of equal ones the least variable.
static slong leaving_row(const tableau_t *tableau, slong column) {
    fmpq *const *const at = (fmpq *const *)tableau->entries->rows;
    slong leaving = -1;
    fmpq_t least, ratio;
    fmpq_init(least);
    fmpq_init(ratio);
    for (slong r = 0; r < tableau->rows; r++) {
        if (fmpq_sgn(at[r] + column) <= 0)
            continue;
        fmpq_div(ratio, at[r] + tableau->columns, at[r] + column);
        const int order = leaving < 0 ? -1 : fmpq_cmp(ratio, least);
        if (order < 0 || (order == 0 && tableau->basis[r] < tableau->basis[leaving])) {
            leaving = r;
            fmpq_set(least, ratio);
        }
    }
    fmpq_clear(least);
    fmpq_clear(ratio);
    return leaving;
}

// Drives the artificial variables out by the simplex method with Bland's rule, which ends (R. G. Bland, Math. Oper.
// Res. 2 (1977) 103); an artificial variable that has left never comes back. Returns whether the system has a
// solution. The sum of the artificial variables is bounded below, so that a row that leaves is always found.
static bool solve(tableau_t *tableau) {
    slong column = 0;
    while (column < tableau->columns)
        if (fmpq_sgn(fmpq_mat_entry(tableau->entries, tableau->rows, column)) < 0) {
            pivot_at(tableau, leaving_row(tableau, column), column);
            column = 0;
        } else
            column++;
    return fmpq_is_zero(fmpq_mat_entry(tableau->entries, tableau->rows, tableau->columns));
}

int reach_certificate(const layer_t *layer, const slong *members, fmpq *weights, fmpq_t drop) {
    if (layer->active == layer->experts)
        return GSL_EDOM;
    tableau_t tableau;
    tableau_init(&tableau, layer, members);
    const bool solved = solve(&tableau);
    if (solved) {
        for (slong i = 0; i < layer->experts; i++)
            fmpq_zero(weights + i);
        fmpq_zero(drop);
        for (slong r = 0; r < tableau.rows; r++) {
            const fmpq *value = fmpq_mat_entry(tableau.entries, r, tableau.columns);
            if (tableau.basis[r] < layer->experts)
                fmpq_set(weights + tableau.basis[r], value);
            else if (tableau.basis[r] == layer->experts)
                fmpq_neg(drop, value);
        }
    }
    tableau_clear(&tableau);
    return solved ? GSL_SUCCESS : GSL_EDOM;
}

// Adds one weighted logit, with its sign, to the sum.
static void add_weighted(fmpq *sum, const fmpz *logit, const fmpq_t weight, slong width) {
    fmpq_t term;
    fmpq_init(term);
    for (slong j = 0; j < width; j++) {
        fmpq_mul_fmpz(term, weight, logit + j);
        fmpq_add(sum + j, sum + j, term);
    }
    fmpq_clear(term);
}

bool reach_refutes(const layer_t *layer, const slong *members, const fmpq *weights) {
    const slong d = layer->dimension;
    fmpq *sum = _fmpq_vec_init(d + 1);
    fmpq_t weight, inside, outside;
    fmpq_init(weight);
    fmpq_init(inside);
    fmpq_init(outside);
    bool valid = layer->active < layer->experts;
    for (slong i = 0, m = 0; i < layer->experts; i++) {
        const bool member = m < layer->active && members[m] == i;
        m += member;
        valid = valid && fmpq_sgn(weights + i) >= 0;
        fmpq_add(member ? inside : outside, member ? inside : outside, weights + i);
        fmpq_set(weight, weights + i);
        if (!member)
            fmpq_neg(weight, weight);
        add_weighted(sum, layer->router->rows[i], weight, d + 1);
    }
    for (slong j = 0; j < d; j++)
        valid = valid && fmpq_is_zero(sum + j);
    valid = valid && fmpq_sgn(sum + d) <= 0 && fmpq_is_one(inside) && fmpq_is_one(outside);
    _fmpq_vec_clear(sum, d + 1);
    fmpq_clear(weight);
    fmpq_clear(inside);
    fmpq_clear(outside);
    return valid;
}

bool reach_all(const layer_t *layer, fmpz_t count) {
    const slong d = layer->dimension, experts = layer->experts;
    fmpz_mat_t edges;
    fmpz_mat_init(edges, experts - 1, d);
    for (slong i = 1; i < experts; i++)
        _fmpz_vec_sub(edges->rows[i - 1], layer->router->rows[i], layer->router->rows[0], d);
    const bool independent = experts <= d + 1 && fmpz_mat_rank(edges) == experts - 1;
    fmpz_mat_clear(edges);
    if (independent)
        fmpz_bin_uiui(count, (ulong)experts, (ulong)layer->active);
    return independent;
}
