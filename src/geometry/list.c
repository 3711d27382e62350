// SPDX-License-Identifier: GPL-3.0-or-later
// Regions one after another; see list.h.
#include "geometry/list.h"

#include "geometry/reach.h"

#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>
#include <stdlib.h>

typedef struct lister {
    slong cuts;            // hyperplanes that cut the cell: n, or k H
    slong *rows;           // cuts: their numbers among the rows of the polyhedra; -1 for w = 0
    signed char *sign;     // cuts
    polyhedron_t **shells; // 2 cuts: the parts of the cells on the path, made when first needed
    const polyhedron_rows_t *shared;
    fmpq *point;
    list_region_t region;
    list_visit_t visit;
    void *context;
    const layer_t *layer; // NULL for an arrangement
} lister_t;

static void lister_clear(lister_t *lister) {
    for (slong i = 0; lister->shells != NULL && i < 2 * lister->cuts; i++)
        polyhedron_free(lister->shells[i]);
    free(lister->shells);
    free(lister->rows);
    free(lister->sign);
    if (lister->point != NULL)
        _fmpq_vec_clear(lister->point, lister->shared->dimension);
}

static int lister_init(lister_t *lister, slong cuts, const polyhedron_rows_t *shared, list_visit_t visit,
                       void *context) {
    *lister = (lister_t){.cuts = cuts, .shared = shared, .visit = visit, .context = context};
    lister->shells = calloc(2 * (size_t)cuts + 1, sizeof *lister->shells);
    lister->rows = calloc((size_t)cuts + 1, sizeof *lister->rows);
    lister->sign = calloc((size_t)cuts + 1, sizeof *lister->sign);
    if (lister->shells == NULL || lister->rows == NULL || lister->sign == NULL)
        return GSL_ENOMEM;
    lister->point = _fmpq_vec_init(shared->dimension);
    lister->region.signs = cuts;
    lister->region.sign = lister->sign;
    lister->region.point = lister->point;
    return GSL_SUCCESS;
}

static int report(lister_t *lister, const polyhedron_t *cell) {
    polyhedron_point(cell, lister->point);
    lister->region.cell = cell;
    return lister->visit(lister->context, &lister->region);
}

// Sets the shells of a depth to the parts of the cell above and below a row.
static int split(lister_t *lister, slong depth, const polyhedron_t *cell, slong row) {
    polyhedron_t **shells = lister->shells + 2 * depth;
    for (int part = 0; part < 2; part++)
        if (shells[part] == NULL && (shells[part] = polyhedron_alloc(lister->shared)) == NULL)
            return GSL_ENOMEM;
    return polyhedron_split(shells[0], shells[1], cell, row);
}

// Follows all regions in a cell that the hyperplanes before number i have cut; shells from `depth` on are free.
static int follow(lister_t *lister, const polyhedron_t *cell, slong i, slong depth) {
    for (; i < lister->cuts; i++) {
        const slong row = lister->rows[i];
        lister->sign[i] = 0;
        if (row < 0)
            continue;
        const polyhedron_side_t side = polyhedron_side(cell, row);
        lister->sign[i] = side == POLYHEDRON_NEGATIVE ? -1 : 1;
        if (side != POLYHEDRON_BOTH)
            continue;
        int status = split(lister, depth, cell, row);
        if (status == GSL_SUCCESS)
            status = follow(lister, lister->shells[2 * depth], i + 1, depth + 1);
        if (status != GSL_SUCCESS)
            return status;
        lister->sign[i] = -1;
        cell = lister->shells[2 * depth++ + 1];
    }
    return report(lister, cell);
}

// The number of a row among those of the polyhedra, or -1 when it is no hyperplane.
static slong cutting_row(const polyhedron_rows_t *shared, slong row) {
    return _fmpz_vec_is_zero(shared->exact->rows[row], shared->dimension) ? -1 : row;
}

int list_arrangement(const arrangement_t *a, list_visit_t visit, void *context) {
    polyhedron_rows_t *shared = polyhedron_rows_alloc(a->rows);
    if (shared == NULL)
        return GSL_ENOMEM;
    lister_t lister;
    int status = lister_init(&lister, a->planes, shared, visit, context);
    polyhedron_t *whole = polyhedron_alloc(shared);
    if (status == GSL_SUCCESS && whole == NULL)
        status = GSL_ENOMEM;
    if (status == GSL_SUCCESS) {
        for (slong i = 0; i < a->planes; i++)
            lister.rows[i] = cutting_row(shared, i);
        status = follow(&lister, whole, 0, 0);
    }
    polyhedron_free(whole);
    lister_clear(&lister);
    polyhedron_rows_free(shared);
    return status;
}

// Lists the regions of a coalition, whose cell is given.
static int list_coalition(void *context, const slong *members, const polyhedron_t *cell) {
    lister_t *lister = context;
    const layer_t *layer = lister->layer;
    const slong first = lister->shared->count - layer->experts * layer->width; // the walls come before
    for (slong m = 0, i = 0; m < layer->active; m++)
        for (slong h = 0; h < layer->width; h++)
            lister->rows[i++] = cutting_row(lister->shared, first + members[m] * layer->width + h);
    lister->region.members = members;
    return follow(lister, cell, 0, 0);
}

int list_layer(const layer_t *layer, list_visit_t visit, void *context) {
    polyhedron_rows_t *walls = reach_walls(layer, layer->rows);
    if (walls == NULL)
        return GSL_ENOMEM;
    lister_t lister;
    int status = lister_init(&lister, layer->active * layer->width, walls, visit, context);
    lister.layer = layer;
    lister.region.active = layer->active;
    if (status == GSL_SUCCESS)
        status = reach_coalitions(layer, walls, list_coalition, &lister);
    lister_clear(&lister);
    polyhedron_rows_free(walls);
    return status;
}
