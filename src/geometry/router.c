// SPDX-License-Identifier: GPL-3.0-or-later
// Logits at exact points; see router.h.
#include "geometry/router.h"

#include "geometry/arrangement.h"
#include "geometry/check.h"

#include <flint/fmpq_vec.h>
#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>

layer_t *router_draw(slong experts, slong dimension, bool biased, slong range, stream_t *stream) {
    layer_t *layer = layer_alloc(experts, 1, 0, dimension);
    arrangement_t *rows = arrangement_alloc(experts, dimension);
    bool good = layer != NULL && rows != NULL;
    slong first, second;
    do {
        good = good && arrangement_draw(rows, range, stream) == GSL_SUCCESS;
        if (!good)
            break;
        fmpz_mat_set(layer->router, rows->rows);
        for (slong i = 0; i < experts && !biased; i++)
            fmpz_zero(fmpz_mat_entry(layer->router, i, dimension));
    } while (layer_twins(layer, &first, &second));
    arrangement_free(rows);
    if (!good) {
        layer_free(layer);
        return NULL;
    }
    return layer;
}

int router_sign(const layer_t *layer, slong i, slong j, const fmpz *point) {
    const slong width = layer->dimension + 1;
    fmpz_t left, right;
    fmpz_init(left);
    fmpz_init(right);
    _fmpz_vec_dot(left, layer->router->rows[i], point, width);
    _fmpz_vec_dot(right, layer->router->rows[j], point, width);
    const int order = fmpz_cmp(left, right);
    fmpz_clear(left);
    fmpz_clear(right);
    return (order > 0) - (order < 0);
}

void router_point(const fmpz *homogeneous, slong dimension, fmpq *point) {
    for (slong i = 0; i < dimension; i++)
        fmpq_set_fmpz_frac(point + i, homogeneous + i, homogeneous + dimension);
}

bool router_chosen(const layer_t *layer, const slong *members, const fmpz *point) {
    fmpq *x = _fmpq_vec_init(layer->dimension);
    router_point(point, layer->dimension, x);
    const bool chosen = check_coalition(layer, members, x);
    _fmpq_vec_clear(x, layer->dimension);
    return chosen;
}

bool router_served(const layer_t *layer, slong expert, const fmpz *point) {
    slong greater = 0;
    for (slong j = 0; j < layer->experts; j++)
        greater += router_sign(layer, j, expert, point) > 0;
    return greater < layer->active;
}

slong router_not_below(const layer_t *layer, slong expert, const fmpz *point) {
    slong count = 0;
    for (slong i = 0; i < layer->experts; i++)
        count += i != expert && router_sign(layer, i, expert, point) >= 0;
    return count;
}

bool router_on_a_line(const layer_t *layer, const slong *set, slong size) {
    const slong width = layer->dimension + 1;
    if (size < 3)
        return true;
    fmpz_mat_t differences;
    fmpz_mat_init(differences, size - 1, width);
    for (slong i = 1; i < size; i++)
        _fmpz_vec_sub(differences->rows[i - 1], layer->router->rows[set[i]], layer->router->rows[set[0]],
                      width);
    const bool line = fmpz_mat_rank(differences) <= 1;
    fmpz_mat_clear(differences);
    return line;
}

bool router_four_on_a_line(const layer_t *layer) {
    slong set[4] = {0, 1, 2, 3};
    if (layer->experts < 4)
        return false;
    do
        if (router_on_a_line(layer, set, 4))
            return true;
    while (router_next_coalition(set, 4, layer->experts));
    return false;
}

int router_prescribe(const layer_t *layer, const slong *values, fmpz *point) {
    const slong d = layer->dimension, n = layer->experts - 1;
    fmpz_mat_t rows, transposed, gram, wanted, solution, x;
    fmpz_mat_init(rows, n, d);
    fmpz_mat_init(transposed, d, n);
    fmpz_mat_init(gram, n, n);
    fmpz_mat_init(wanted, n, 1);
    fmpz_mat_init(solution, n, 1);
    fmpz_mat_init(x, d, 1);
    for (slong i = 0; i < n; i++) {
        _fmpz_vec_sub(rows->rows[i], layer->router->rows[i + 1], layer->router->rows[0], d);
        fmpz_sub(wanted->rows[i], layer->router->rows[0] + d, layer->router->rows[i + 1] + d);
        fmpz_add_si(wanted->rows[i], wanted->rows[i], values[i + 1] - values[0]);
    }
    fmpz_mat_transpose(transposed, rows);
    fmpz_mat_mul(gram, rows, transposed);
    const bool solved = fmpz_mat_solve(solution, point + d, gram, wanted) != 0;
    fmpz_mat_mul(x, transposed, solution);
    for (slong i = 0; i < d; i++)
        fmpz_set(point + i, x->rows[i]);
    if (fmpz_sgn(point + d) < 0)
        _fmpz_vec_neg(point, point, d + 1);
    fmpz_mat_clear(rows);
    fmpz_mat_clear(transposed);
    fmpz_mat_clear(gram);
    fmpz_mat_clear(wanted);
    fmpz_mat_clear(solution);
    fmpz_mat_clear(x);
    return solved ? GSL_SUCCESS : GSL_ESING;
}

bool router_next_coalition(slong *members, slong k, slong n) {
    slong i = k - 1;
    while (i >= 0 && members[i] == n - k + i)
        i--;
    if (i < 0)
        return false;
    members[i]++;
    for (slong j = i + 1; j < k; j++)
        members[j] = members[j - 1] + 1;
    return true;
}
