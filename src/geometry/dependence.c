// SPDX-License-Identifier: GPL-3.0-or-later
// Affine dependences of a router's logits; see dependence.h.
#include "geometry/dependence.h"

#include <flint/fmpz_vec.h>

// The dependences of the first `experts` experts, with sum c_i b_i = 0 when asked: the first columns of `basis`, which
// is initialised here. Returns their number.
static slong dependences(const layer_t *layer, slong experts, bool offsets, fmpz_mat_t basis) {
    const slong rows = 1 + layer->dimension + offsets;
    fmpz_mat_t system;
    fmpz_mat_init(system, rows, experts);
    for (slong i = 0; i < experts; i++) {
        fmpz_one(fmpz_mat_entry(system, 0, i));
        for (slong j = 1; j < rows; j++)
            fmpz_set(fmpz_mat_entry(system, j, i), fmpz_mat_entry(layer->router, i, j - 1));
    }
    fmpz_mat_init(basis, experts, experts);
    const slong found = fmpz_mat_nullspace(basis, system);
    fmpz_mat_clear(system);
    return found;
}

static void column_of(fmpz *c, const fmpz_mat_t matrix, slong column) {
    for (slong i = 0; i < matrix->r; i++)
        fmpz_set(c + i, fmpz_mat_entry(matrix, i, column));
}

bool dependence_first(const layer_t *layer, fmpz *c) {
    bool found = false;
    for (slong experts = 2; experts <= layer->experts && !found; experts++) {
        fmpz_mat_t basis;
        found = dependences(layer, experts, true, basis) > 0;
        if (found) {
            _fmpz_vec_zero(c, layer->experts);
            column_of(c, basis, 0);
        }
        fmpz_mat_clear(basis);
    }
    return found;
}

static bool are_proportional(const fmpz *c, const fmpz *e, slong n) {
    fmpz_mat_t pair;
    fmpz_mat_init(pair, 2, n);
    _fmpz_vec_set(pair->rows[0], c, n);
    _fmpz_vec_set(pair->rows[1], e, n);
    const bool proportional = fmpz_mat_rank(pair) < 2;
    fmpz_mat_clear(pair);
    return proportional;
}

bool dependence_other(const layer_t *layer, int side, const fmpz *c, fmpz *e) {
    fmpz_mat_t basis;
    fmpz_t sum;
    fmpz_init(sum);
    const slong found = dependences(layer, layer->experts, false, basis);
    bool independent = false;
    for (slong column = 0; column < found && !independent; column++) {
        column_of(e, basis, column);
        independent = !are_proportional(c, e, layer->experts);
    }
    for (slong i = 0; i < layer->experts; i++)
        fmpz_addmul(sum, e + i, fmpz_mat_entry(layer->router, i, layer->dimension));
    if (side * fmpz_sgn(sum) > 0)
        _fmpz_vec_neg(e, e, layer->experts);
    fmpz_mat_clear(basis);
    fmpz_clear(sum);
    return independent;
}

slong dependence_entries(const fmpz *c, slong n, int sign) {
    slong count = 0;
    for (slong i = 0; i < n; i++)
        count += fmpz_sgn(c + i) == sign;
    return count;
}

bool dependence_certificate(const layer_t *layer, const fmpz *c, slong *members, fmpq *weights) {
    const slong n = layer->experts, positive = dependence_entries(c, n, 1);
    slong fill = layer->active - positive; // members with c_i = 0
    if (fill < 0 || dependence_entries(c, n, -1) > n - layer->active)
        return false;
    fmpz_t total;
    fmpz_init(total);
    for (slong i = 0, m = 0; i < n; i++) {
        const int sign = fmpz_sgn(c + i);
        if (sign > 0)
            fmpz_add(total, total, c + i);
        if (sign > 0 || (sign == 0 && fill > 0))
            members[m++] = i;
        fill -= sign == 0 && fill > 0;
    }
    for (slong i = 0; i < n; i++) {
        fmpq_set_fmpz_frac(weights + i, c + i, total);
        fmpq_abs(weights + i, weights + i);
    }
    fmpz_clear(total);
    return true;
}
