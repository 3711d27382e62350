// SPDX-License-Identifier: GPL-3.0-or-later
// Layers with top-k routing as plain data; see layer.h.
#include "geometry/layer.h"

#include <flint/fmpz_vec.h>
#include <stdint.h>
#include <stdlib.h>

// No layer has more entries; a shape beyond is a mistake.
static const double MOST_ENTRIES = 0x1p40;

static bool shape_is_good(slong experts, slong active, slong width, slong dimension) {
    return experts >= 1 && active >= 1 && active <= experts && width >= 0 && dimension >= 1 &&
           (double)experts * ((double)width + 1) * ((double)dimension + 1) <= MOST_ENTRIES;
}

layer_t *layer_alloc(slong experts, slong active, slong width, slong dimension) {
    if (!shape_is_good(experts, active, width, dimension))
        return NULL;
    layer_t *layer = malloc(sizeof *layer);
    if (layer == NULL)
        return NULL;
    *layer = (layer_t){.experts = experts, .active = active, .width = width, .dimension = dimension};
    fmpz_mat_init(layer->router, experts, dimension + 1);
    fmpz_mat_init(layer->rows, experts * width, dimension + 1);
    return layer;
}

void layer_free(layer_t *layer) {
    if (layer == NULL)
        return;
    fmpz_mat_clear(layer->router);
    fmpz_mat_clear(layer->rows);
    free(layer);
}

slong layer_owner(const layer_t *layer, slong row) {
    return row / layer->width;
}

static void print_rows(FILE *file, const fmpz_mat_t rows) {
    for (slong i = 0; i < fmpz_mat_nrows(rows); i++)
        for (slong j = 0; j < fmpz_mat_ncols(rows); j++) {
            fmpz_fprint(file, fmpz_mat_entry(rows, i, j));
            fputc(j + 1 < fmpz_mat_ncols(rows) ? ' ' : '\n', file);
        }
}

arrangement_t *layer_walls(const layer_t *layer) {
    const slong n = layer->experts;
    arrangement_t *walls = n > 1 ? arrangement_alloc(n * (n - 1) / 2, layer->dimension) : NULL;
    for (slong i = 0, row = 0; walls != NULL && i < n; i++)
        for (slong j = i + 1; j < n; j++, row++)
            _fmpz_vec_sub(walls->rows->rows[row], layer->router->rows[i], layer->router->rows[j],
                          layer->dimension + 1);
    return walls;
}

void layer_print(FILE *file, const layer_t *layer) {
    fprintf(file, "moe %ld %ld %ld %ld\n", layer->experts, layer->active, layer->width, layer->dimension);
    print_rows(file, layer->router);
    print_rows(file, layer->rows);
}

// Orders numbers of experts by their logits; equal ones become neighbours.
static int compare_logits(const void *a, const void *b, void *context) {
    const layer_t *layer = context;
    const slong left = *(const slong *)a, right = *(const slong *)b;
    for (slong j = 0; j <= layer->dimension; j++) {
        const int order =
            fmpz_cmp(fmpz_mat_entry(layer->router, left, j), fmpz_mat_entry(layer->router, right, j));
        if (order != 0)
            return order;
    }
    return left < right ? -1 : left > right;
}

static bool same_logits(const layer_t *layer, slong i, slong j) {
    return _fmpz_vec_equal(layer->router->rows[i], layer->router->rows[j], layer->dimension + 1);
}

bool layer_twins(const layer_t *layer, slong *first, slong *second) {
    slong *order = flint_malloc((size_t)layer->experts * sizeof *order);
    for (slong i = 0; i < layer->experts; i++)
        order[i] = i;
    qsort_r(order, (size_t)layer->experts, sizeof *order, compare_logits, (void *)(uintptr_t)layer);
    slong i = 1;
    while (i < layer->experts && !same_logits(layer, order[i - 1], order[i]))
        i++;
    const bool found = i < layer->experts;
    if (found) {
        *first = order[i - 1];
        *second = order[i];
    }
    flint_free(order);
    return found;
}

slong layer_dead_units(const layer_t *layer) {
    slong dead = 0;
    for (slong i = 0; i < fmpz_mat_nrows(layer->rows); i++)
        dead += _fmpz_vec_is_zero(layer->rows->rows[i], layer->dimension);
    return dead;
}

void layer_count_init(layer_count_t *count, slong dimension) {
    fmpz_init(count->regions);
    count->levels = dimension + 1;
    count->level = _fmpz_vec_init(count->levels);
}

void layer_count_clear(layer_count_t *count) {
    fmpz_clear(count->regions);
    _fmpz_vec_clear(count->level, count->levels);
}
