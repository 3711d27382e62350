// SPDX-License-Identifier: GPL-3.0-or-later
// Arrangements as exact data; see arrangement.h.
#include "geometry/arrangement.h"

#include <gsl/gsl_errno.h>
#include <stdlib.h>

arrangement_t *arrangement_alloc(slong planes, slong dimension) {
    if (planes < 0 || dimension < 1)
        return NULL;
    arrangement_t *a = malloc(sizeof *a);
    if (a == NULL)
        return NULL;
    a->planes = planes;
    a->dimension = dimension;
    fmpz_mat_init(a->rows, planes, dimension + 1);
    return a;
}

void arrangement_free(arrangement_t *a) {
    if (a == NULL)
        return;
    fmpz_mat_clear(a->rows);
    free(a);
}

void arrangement_set(arrangement_t *a, const slong *entries) {
    for (slong i = 0; i < a->planes; i++)
        for (slong j = 0; j <= a->dimension; j++)
            fmpz_set_si(fmpz_mat_entry(a->rows, i, j), *entries++);
}

// Uniform on -range..range, without bias: words above the last full multiple of 2 range + 1 are drawn again.
static slong draw_entry(slong range, stream_t *stream) {
    const uint64_t values = 2 * (uint64_t)range + 1;
    const uint64_t accepted = UINT64_MAX - UINT64_MAX % values; // a multiple of `values`
    uint64_t word;
    do
        stream_bits(stream, &word, 1);
    while (word >= accepted);
    return (slong)(word % values) - range;
}

int arrangement_draw(arrangement_t *a, slong range, stream_t *stream) {
    if (range < 1 || range > WORD(1) << 62)
        return GSL_EDOM;
    for (slong i = 0; i < a->planes; i++) {
        fmpz *row = a->rows->rows[i];
        do
            for (slong j = 0; j <= a->dimension; j++)
                fmpz_set_si(row + j, draw_entry(range, stream));
        while (_fmpz_vec_is_zero(row, a->dimension));
    }
    return GSL_SUCCESS;
}

arrangement_t *arrangement_random(slong planes, slong dimension, slong range, stream_t *stream) {
    arrangement_t *a = arrangement_alloc(planes, dimension);
    if (a != NULL && arrangement_draw(a, range, stream) != GSL_SUCCESS) {
        arrangement_free(a);
        return NULL;
    }
    return a;
}

void arrangement_print(FILE *file, const arrangement_t *a) {
    fprintf(file, "arrangement %ld %ld\n", (long)a->planes, (long)a->dimension);
    for (slong i = 0; i < a->planes; i++)
        for (slong j = 0; j <= a->dimension; j++) {
            fmpz_fprint(file, fmpz_mat_entry(a->rows, i, j));
            fputc(j < a->dimension ? ' ' : '\n', file);
        }
}
