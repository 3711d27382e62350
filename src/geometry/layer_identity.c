// SPDX-License-Identifier: GPL-3.0-or-later
// The counting identity, term by term; see layer_identity.h.
#include "geometry/layer_identity.h"

#include "geometry/reach.h"

#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>
#include <stdlib.h>

// A flat in the making.
typedef struct {
    const layer_t *layer;
    slong size;
    slong *units; // J, ascending
    bool *owns;   // N: who owns members of J
    fmpz_mat_t rows, solved;
    fmpz_mat_t logits; // N x (d + 1): restricted to the flat, columns as in restrict_logits
    fmpz_t pairs;
} flat_t;

// Solves the rows of J and restricts the logits: `solved` is in reduced echelon form over the denominator `den`, each
// logit becomes |den| times itself with the pivot coordinates replaced. The columns that are left, and the constant,
// move to the front. Returns GSL_ESING when the normals are dependent.
static int restrict_logits(flat_t *flat) {
    const layer_t *layer = flat->layer;
    const slong d = layer->dimension;
    fmpz_t den;
    fmpz_init(den);
    for (slong i = 0; i < flat->size; i++)
        _fmpz_vec_set(flat->rows->rows[i], layer->rows->rows[flat->units[i]], d + 1);
    const slong rank = flat->size == 0 ? 0 : fmpz_mat_rref(flat->solved, den, flat->rows);
    if (rank == 0)
        fmpz_one(den);
    slong pivot = 0, left = 0;
    for (slong column = 0; column <= d; column++) {
        if (pivot < rank && !fmpz_is_zero(fmpz_mat_entry(flat->solved, pivot, column))) {
            pivot++;
            if (column == d)
                left = -1; // 0 = 1: the hyperplanes do not meet
            continue;
        }
        for (slong i = 0; i < layer->experts; i++) {
            fmpz *entry = fmpz_mat_entry(flat->logits, i, left);
            fmpz_mul(entry, den, fmpz_mat_entry(layer->router, i, column));
            slong row = 0;
            for (slong c = 0; c < d && row < pivot; c++)
                if (!fmpz_is_zero(fmpz_mat_entry(flat->solved, row, c))) {
                    fmpz_submul(entry, fmpz_mat_entry(layer->router, i, c),
                                fmpz_mat_entry(flat->solved, row, column));
                    row++;
                }
            if (fmpz_sgn(den) < 0)
                fmpz_neg(entry, entry);
        }
        left++;
    }
    fmpz_clear(den);
    return rank == flat->size && left == d + 1 - rank ? GSL_SUCCESS : GSL_ESING;
}

// A point: its coalition is that of the k largest logits.
static int count_at_point(flat_t *flat) {
    const layer_t *layer = flat->layer;
    bool owners_active = true;
    for (slong i = 0; i < layer->experts; i++) {
        slong above = 0, tied = 0;
        for (slong j = 0; j < layer->experts; j++) {
            const int order =
                fmpz_cmp(fmpz_mat_entry(flat->logits, j, 0), fmpz_mat_entry(flat->logits, i, 0));
            above += order > 0;
            tied += order == 0; // itself too
        }
        if (above < layer->active && above + tied > layer->active)
            return GSL_ESING;
        owners_active &= !flat->owns[i] || above < layer->active;
    }
    if (owners_active)
        fmpz_add_ui(flat->pairs, flat->pairs, 1);
    return GSL_SUCCESS;
}

static int count_coalition(void *context, const slong *members, const polyhedron_t *cell) {
    (void)cell;
    flat_t *flat = context;
    slong found = 0, owners = 0;
    for (slong i = 0; i < flat->layer->experts; i++)
        owners += flat->owns[i];
    for (slong i = 0; i < flat->layer->active; i++)
        found += flat->owns[members[i]];
    if (found == owners)
        fmpz_add_ui(flat->pairs, flat->pairs, 1);
    return GSL_SUCCESS;
}

// The coalitions that the restricted logits reach, a layer without units of dimension m = d - |J| >= 1.
static int count_on_flat(flat_t *flat) {
    const layer_t *layer = flat->layer;
    const slong m = layer->dimension - flat->size;
    layer_t *restricted = layer_alloc(layer->experts, layer->active, 0, m);
    if (restricted == NULL)
        return GSL_ENOMEM;
    for (slong i = 0; i < layer->experts; i++)
        _fmpz_vec_set(restricted->router->rows[i], flat->logits->rows[i], m + 1);
    slong first, second;
    int status = GSL_ESING;
    if (layer->active == layer->experts || !layer_twins(restricted, &first, &second)) {
        polyhedron_rows_t *walls = reach_walls(restricted, NULL);
        status = walls == NULL ? GSL_ENOMEM : reach_coalitions(restricted, walls, count_coalition, flat);
        polyhedron_rows_free(walls);
    }
    layer_free(restricted);
    return status;
}

// Sets J from J = units[0..chosen-1] on, `owners` of them distinct.
static int extend_set(flat_t *flat, slong chosen, slong owners) {
    const layer_t *layer = flat->layer;
    if (chosen == flat->size) {
        const int status = restrict_logits(flat);
        if (status != GSL_SUCCESS)
            return status;
        return flat->size == layer->dimension ? count_at_point(flat) : count_on_flat(flat);
    }
    int status = GSL_SUCCESS;
    const slong first = chosen == 0 ? 0 : flat->units[chosen - 1] + 1;
    for (slong unit = first; status == GSL_SUCCESS && unit < layer->experts * layer->width; unit++) {
        const slong owner = layer_owner(layer, unit);
        const bool fresh = !flat->owns[owner];
        if (owners + fresh > layer->active)
            continue;
        flat->units[chosen] = unit;
        flat->owns[owner] = true;
        status = extend_set(flat, chosen + 1, owners + fresh);
        flat->owns[owner] = !fresh;
    }
    return status;
}

int layer_identity_pairs(const layer_t *layer, slong size, fmpz_t pairs) {
    flat_t flat = {.layer = layer,
                   .size = size,
                   .units = calloc((size_t)size + 1, sizeof(slong)),
                   .owns = calloc((size_t)layer->experts, sizeof(bool))};
    fmpz_mat_init(flat.rows, size, layer->dimension + 1);
    fmpz_mat_init(flat.solved, size, layer->dimension + 1);
    fmpz_mat_init(flat.logits, layer->experts, layer->dimension + 1);
    fmpz_init(flat.pairs);
    const int status = flat.units == NULL || flat.owns == NULL ? GSL_ENOMEM : extend_set(&flat, 0, 0);
    if (status == GSL_SUCCESS)
        fmpz_swap(pairs, flat.pairs);
    fmpz_clear(flat.pairs);
    fmpz_mat_clear(flat.rows);
    fmpz_mat_clear(flat.solved);
    fmpz_mat_clear(flat.logits);
    free(flat.units);
    free(flat.owns);
    return status;
}

int layer_identity_sum(const layer_t *layer, fmpz_t sum) {
    fmpz_t pairs, total;
    fmpz_init(pairs);
    fmpz_init(total);
    int status = GSL_SUCCESS;
    for (slong size = 0; status == GSL_SUCCESS && size <= layer->dimension; size++) {
        status = layer_identity_pairs(layer, size, pairs);
        fmpz_add(total, total, pairs);
    }
    if (status == GSL_SUCCESS)
        fmpz_swap(sum, total);
    fmpz_clear(pairs);
    fmpz_clear(total);
    return status;
}
