// SPDX-License-Identifier: GPL-3.0-or-later
// Listings for comparison; see record.h.
#include "support/record.h"

#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>
#include <string.h>

void record_init(record_t *record, const arrangement_t *a, const layer_t *layer) {
    *record = (record_t){.a = a, .layer = layer, .active = layer == NULL ? 0 : layer->active};
    record->size = layer == NULL ? a->planes : layer->active * (1 + layer->width);
}

void record_clear(record_t *record) {
    flint_free(record->bytes);
}

// The sign of w.x + b.
static int sign_at(const fmpz *row, const fmpq *point, slong d) {
    fmpq_t value, term;
    fmpq_init(value);
    fmpq_init(term);
    fmpz_set(fmpq_numref(value), row + d);
    for (slong j = 0; j < d; j++) {
        fmpq_mul_fmpz(term, point + j, row + j);
        fmpq_add(value, value, term);
    }
    const int sign = fmpq_sgn(value);
    fmpq_clear(value);
    fmpq_clear(term);
    return sign;
}

static bool row_agrees(const fmpz *row, const fmpq *point, slong d, int sign) {
    return _fmpz_vec_is_zero(row, d) ? sign == 0 : sign_at(row, point, d) == sign;
}

static bool lies_in_cell(const arrangement_t *a, const signed char *sign, const fmpq *point) {
    bool inside = true;
    for (slong i = 0; i < a->planes && inside; i++)
        inside = row_agrees(a->rows->rows[i], point, a->dimension, sign[i]);
    return inside;
}

// Whether each logit of the coalition is above each other one.
static bool is_coalition(const layer_t *layer, const slong *members, const fmpq *point) {
    const slong columns = layer->dimension + 1;
    fmpz *difference = _fmpz_vec_init(columns);
    bool above = true;
    for (slong j = 0, m = 0; j < layer->experts && above; j++)
        if (m < layer->active && members[m] == j)
            m++;
        else
            for (slong i = 0; i < layer->active && above; i++) {
                _fmpz_vec_sub(difference, layer->router->rows[members[i]], layer->router->rows[j], columns);
                above = sign_at(difference, point, layer->dimension) > 0;
            }
    _fmpz_vec_clear(difference, columns);
    return above;
}

static bool lies_in_region(const layer_t *layer, const slong *members, const signed char *sign,
                           const fmpq *point) {
    bool inside = is_coalition(layer, members, point);
    for (slong i = 0; i < layer->active * layer->width && inside; i++) {
        const slong row = members[i / layer->width] * layer->width + i % layer->width;
        inside = row_agrees(layer->rows->rows[row], point, layer->dimension, sign[i]);
    }
    return inside;
}

static void add(record_t *record, const slong *members, const signed char *sign, const fmpq *point) {
    if (record->count == record->room) {
        record->room = 2 * record->room + 64;
        record->bytes = flint_realloc(record->bytes, (size_t)(record->room * record->size) + 1);
    }
    signed char *bytes = record->bytes + record->count++ * record->size;
    for (slong m = 0; m < record->active; m++)
        *bytes++ = (signed char)members[m];
    memcpy(bytes, sign, (size_t)(record->size - record->active));
    record->outside += record->layer == NULL ? !lies_in_cell(record->a, sign, point)
                                             : !lies_in_region(record->layer, members, sign, point);
}

void record_brute(void *record, const brute_region_t *region) {
    add(record, region->members, region->sign, region->point);
}

int record_list(void *context, const list_region_t *region) {
    record_t *record = context;
    if (region->active != record->active || region->active + region->signs != record->size)
        return GSL_EBADLEN;
    add(record, region->members, region->sign, region->point);
    return GSL_SUCCESS;
}

bool record_equal(const record_t *first, const record_t *second) {
    return first->count == second->count && first->size == second->size &&
           (first->count * first->size == 0 ||
            memcmp(first->bytes, second->bytes, (size_t)(first->count * first->size)) == 0);
}

slong record_run(const record_t *record, slong start) {
    const signed char *first = record->bytes + start * record->size;
    slong end = start + 1;
    while (end < record->count &&
           memcmp(first, record->bytes + end * record->size, (size_t)record->active) == 0)
        end++;
    return end - start;
}
