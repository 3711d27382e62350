// SPDX-License-Identifier: GPL-3.0-or-later
// Intersections level by level; see flats.h.
#include "support/flats.h"

#include <flint/fmpz_vec.h>
#include <stdlib.h>

// Columns of the frame: directions of the flat with last coordinate 0, then one point (x, x_0), x_0 > 0, of the cone
// over it. `solutions` holds a basis of the cone's span in its first `size` columns, and is changed.
static void make_frame(fmpz_mat_t solutions, slong size) {
    const slong last = fmpz_mat_nrows(solutions) - 1;
    slong point = 0;
    while (fmpz_is_zero(fmpz_mat_entry(solutions, last, point)))
        point++;
    fmpz_mat_swap_cols(solutions, NULL, point, size - 1);
    fmpz_t height, drop;
    fmpz_init_set(height, fmpz_mat_entry(solutions, last, size - 1));
    fmpz_init(drop);
    for (slong j = 0; j < size - 1; j++) {
        fmpz_set(drop, fmpz_mat_entry(solutions, last, j));
        for (slong i = 0; i <= last; i++) {
            fmpz *entry = fmpz_mat_entry(solutions, i, j);
            fmpz_mul(entry, entry, height);
            fmpz_submul(entry, drop, fmpz_mat_entry(solutions, i, size - 1));
        }
    }
    for (slong i = 0; i <= last && fmpz_sgn(height) < 0; i++)
        fmpz_neg(fmpz_mat_entry(solutions, i, size - 1), fmpz_mat_entry(solutions, i, size - 1));
    fmpz_clear(height);
    fmpz_clear(drop);
}

// All rows in the coordinates of a flat: n x (dimension + 1).
static void restrict_rows(fmpz_mat_t restricted, const arrangement_t *a, const flat_t *flat) {
    const slong d = a->dimension, size = flat->dimension + 1;
    fmpz_mat_t through, solutions, frame;
    fmpz_mat_init(through, a->planes, d + 1);
    fmpz_mat_init(solutions, d + 1, d + 1);
    for (slong i = 0; i < a->planes; i++)
        if (flat->planes >> i & 1)
            _fmpz_vec_set(through->rows[i], a->rows->rows[i], d + 1);
    fmpz_mat_nullspace(solutions, through);
    make_frame(solutions, size);
    fmpz_mat_window_init(frame, solutions, 0, 0, d + 1, size);
    fmpz_mat_mul(restricted, a->rows, frame);
    fmpz_mat_window_clear(frame);
    fmpz_mat_clear(solutions);
    fmpz_mat_clear(through);
}

arrangement_t *flats_restrict(const arrangement_t *a, const flat_t *flat) {
    arrangement_t *restricted = arrangement_alloc(a->planes, flat->dimension);
    restrict_rows(restricted->rows, a, flat);
    return restricted;
}

static bool is_multiple(const fmpz *row, const fmpz *of, slong length) {
    fmpz_t left, right;
    fmpz_init(left);
    fmpz_init(right);
    bool multiple = true;
    for (slong i = 0; i < length && multiple; i++)
        for (slong j = i + 1; j < length && multiple; j++) {
            fmpz_mul(left, row + i, of + j);
            fmpz_mul(right, row + j, of + i);
            multiple = fmpz_equal(left, right);
        }
    fmpz_clear(left);
    fmpz_clear(right);
    return multiple;
}

static void add(flats_t *flats, slong *room, flat_t flat) {
    for (slong i = flats->count - 1; i >= 0 && flats->flat[i].dimension == flat.dimension; i--)
        if (flats->flat[i].planes == flat.planes)
            return;
    if (flats->count == *room) {
        *room = 2 * *room + 16;
        flats->flat = flint_realloc(flats->flat, (size_t)*room * sizeof *flats->flat);
    }
    flats->flat[flats->count++] = flat;
}

// Adds the flats of one dimension less that hyperplanes cut out of a flat. A hyperplane contains the smaller flat iff
// its restriction is a multiple of the cutting one's, be it 0; a row of zeros is no hyperplane.
static void add_facets(flats_t *flats, slong *room, const arrangement_t *a, flat_t flat) {
    const slong m = flat.dimension;
    fmpz_mat_t restricted;
    fmpz_mat_init(restricted, a->planes, m + 1);
    restrict_rows(restricted, a, &flat);
    for (slong i = 0; i < a->planes; i++) {
        if (_fmpz_vec_is_zero(restricted->rows[i], m))
            continue;
        flat_t facet = {0, m - 1};
        for (slong j = 0; j < a->planes; j++)
            if (!_fmpz_vec_is_zero(a->rows->rows[j], a->dimension) &&
                is_multiple(restricted->rows[j], restricted->rows[i], m + 1))
                facet.planes |= UINT64_C(1) << j;
        add(flats, room, facet);
    }
    fmpz_mat_clear(restricted);
}

flats_t *flats_find(const arrangement_t *a) {
    flats_t *flats = flint_malloc(sizeof *flats);
    *flats = (flats_t){0};
    slong room = 0;
    add(flats, &room, (flat_t){0, a->dimension});
    for (slong i = 0; i < flats->count; i++)
        if (flats->flat[i].dimension > 0)
            add_facets(flats, &room, a, flats->flat[i]);
    return flats;
}

void flats_free(flats_t *flats) {
    flint_free(flats->flat);
    flint_free(flats);
}

void flats_whitney(const flats_t *flats, fmpz *level) {
    const slong d = flats->flat[0].dimension;
    fmpz *mu = _fmpz_vec_init(flats->count);
    fmpz_one(mu);
    for (slong i = 1; i < flats->count; i++)
        for (slong j = 0; j < i; j++)
            if ((flats->flat[j].planes & ~flats->flat[i].planes) == 0)
                fmpz_sub(mu + i, mu + i, mu + j);
    _fmpz_vec_zero(level, d + 1);
    for (slong i = 0; i < flats->count; i++) {
        fmpz_abs(mu + i, mu + i);
        fmpz_add(level + d - flats->flat[i].dimension, level + d - flats->flat[i].dimension, mu + i);
    }
    _fmpz_vec_clear(mu, flats->count);
}
