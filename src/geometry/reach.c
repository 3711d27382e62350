// SPDX-License-Identifier: GPL-3.0-or-later
// Reachable coalitions; see reach.h, and reach_search.h for the bounds of errors.
#include "geometry/reach.h"

#include "geometry/reach_search.h"

#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>
#include <stdlib.h>
#include <string.h>

// ---- Walls ----

slong reach_wall(slong experts, slong i, slong j) {
    return i * (2 * experts - i - 1) / 2 + j - i - 1;
}

polyhedron_rows_t *reach_walls(const layer_t *layer, const fmpz_mat_struct *extra) {
    const slong experts = layer->experts, width = layer->dimension + 1, pairs = experts * (experts - 1) / 2;
    const slong more = extra == NULL ? 0 : fmpz_mat_nrows(extra);
    fmpz_mat_t rows;
    fmpz_mat_init(rows, pairs + more, width);
    for (slong i = 0; i < experts; i++)
        for (slong j = i + 1; j < experts; j++)
            _fmpz_vec_sub(rows->rows[reach_wall(experts, i, j)], layer->router->rows[i],
                          layer->router->rows[j], width);
    for (slong i = 0; i < more; i++)
        _fmpz_vec_set(rows->rows[pairs + i], extra->rows[i], width);
    polyhedron_rows_t *walls = polyhedron_rows_alloc(rows);
    fmpz_mat_clear(rows);
    for (slong i = 0; i < experts && walls != NULL; i++)
        for (slong j = i + 1; j < experts; j++)
            polyhedron_rows_connect(walls, reach_wall(experts, i, j), i, j);
    return walls;
}

// ---- The coalition of a point ----

typedef struct ranking {
    const fmpz *logits;
} ranking_t;

static int compare_descending(const void *a, const void *b, void *context) {
    const ranking_t *ranking = context;
    return fmpz_cmp(ranking->logits + *(const slong *)b, ranking->logits + *(const slong *)a);
}

// The logits at (t, t^2, .., t^d).
static void logits_on_curve(const layer_t *layer, slong t, fmpz *logits) {
    const slong d = layer->dimension;
    for (slong i = 0; i < layer->experts; i++) {
        fmpz_zero(logits + i);
        for (slong j = d - 1; j >= 0; j--) {
            fmpz_add(logits + i, logits + i, fmpz_mat_entry(layer->router, i, j));
            fmpz_mul_si(logits + i, logits + i, t);
        }
        fmpz_add(logits + i, logits + i, fmpz_mat_entry(layer->router, i, d));
    }
}

// The coalition of a point of the moment curve without a tie at the threshold. A wall meets the curve in at most
// d points, so one is found after at most d N (N - 1) / 2 others when there are no twins.
//   order  N numbers of workspace; the first k receive the coalition
static void first_coalition(const layer_t *layer, slong *order) {
    fmpz *logits = _fmpz_vec_init(layer->experts);
    ranking_t ranking = {logits};
    const slong k = layer->active;
    bool tie = true;
    for (slong t = 1; tie; t++) {
        logits_on_curve(layer, t, logits);
        for (slong i = 0; i < layer->experts; i++)
            order[i] = i;
        qsort_r(order, (size_t)layer->experts, sizeof *order, compare_descending, &ranking);
        tie = k < layer->experts && fmpz_equal(logits + order[k - 1], logits + order[k]);
    }
    indices_sort(order, k);
    _fmpz_vec_clear(logits, layer->experts);
}

// ---- The graph ----

// Adds a coalition, unless it is known, and a facet of it.
//   row  of the walls, or -1 for none
static int add_coalition(reach_search_t *search, const slong *members, slong row) {
    slong number;
    int status = coalition_set_add(&search->found, members, &number);
    if (status == GSL_SUCCESS && number == search->heads.count)
        status = indices_push(&search->heads, -1);
    if (status != GSL_SUCCESS || row < 0)
        return status;
    const slong next = search->heads.at[number];
    search->heads.at[number] = search->seeds.count;
    status = indices_push(&search->seeds, row);
    return status == GSL_SUCCESS ? indices_push(&search->seeds, next) : status;
}

// The wall between the first and the last of the sorted group, which change sides across the facet.
static slong turned_wall(const reach_search_t *search, slong group) {
    const slong i = search->group[0], j = search->group[group - 1];
    return i < j ? reach_wall(search->layer->experts, i, j) : reach_wall(search->layer->experts, j, i);
}

// Visits coalition c of those found: writes down its facets, adds its neighbours. What lies across the facets that
// were known from the start has been visited.
static int expand(reach_search_t *search, slong c) {
    reach_set_coalition(search, search->found.members.at + c * search->layer->active);
    int status = indices_push(&search->first, search->facets.count);
    if (status == GSL_SUCCESS)
        status = reach_build(search, c);
    for (slong cut = 0; cut < search->cuts.count && status == GSL_SUCCESS; cut++) {
        if (cut >= search->known && !reach_is_facet(search, cut))
            continue;
        status = indices_push(&search->facets, search->cuts.at[cut]);
        if (cut >= search->known && status == GSL_SUCCESS) {
            const slong group = reach_cross(search, cut);
            status = add_coalition(search, search->neighbour, turned_wall(search, group));
        }
    }
    return status;
}

// ---- The list ----

static int compare_coalitions(const void *a, const void *b, void *context) {
    const coalition_set_t *found = context;
    const slong *left = found->members.at + *(const slong *)a * found->active,
                *right = found->members.at + *(const slong *)b * found->active;
    for (slong i = 0; i < found->active; i++)
        if (left[i] != right[i])
            return left[i] < right[i] ? -1 : 1;
    return 0;
}

static int list_alloc(reach_list_t *list, slong count, slong active, slong facets) {
    *list = (reach_list_t){.count = count, .active = active};
    list->members = malloc((size_t)(count * active) * sizeof *list->members);
    list->first = malloc(((size_t)count + 1) * sizeof *list->first);
    list->facets = malloc(((size_t)facets + 1) * sizeof *list->facets);
    if (list->members != NULL && list->first != NULL && list->facets != NULL)
        return GSL_SUCCESS;
    reach_list_clear(list);
    return GSL_ENOMEM;
}

void reach_list_clear(reach_list_t *list) {
    free(list->members);
    free(list->first);
    free(list->facets);
    *list = (reach_list_t){0};
}

// Copies what was found, coalitions in lexicographic order.
static int sort_found(reach_search_t *search, reach_list_t *list) {
    coalition_set_t *found = &search->found;
    const slong count = found->count, k = found->active;
    slong *order = malloc((size_t)count * sizeof *order);
    if (order == NULL || list_alloc(list, count, k, search->facets.count) != GSL_SUCCESS) {
        free(order);
        return GSL_ENOMEM;
    }
    for (slong c = 0; c < count; c++)
        order[c] = c;
    qsort_r(order, (size_t)count, sizeof *order, compare_coalitions, found);
    slong filled = 0;
    for (slong c = 0; c < count; c++) {
        const slong *first = search->first.at + order[c];
        memcpy(list->members + c * k, found->members.at + order[c] * k, (size_t)k * sizeof *list->members);
        list->first[c] = filled;
        for (slong f = first[0]; f < first[1]; f++)
            list->facets[filled++] = search->facets.at[f];
    }
    list->first[count] = filled;
    free(order);
    return GSL_SUCCESS;
}

// The one coalition of a layer with k = N.
static int list_everybody(const layer_t *layer, reach_list_t *list) {
    const int status = list_alloc(list, 1, layer->active, 0);
    for (slong i = 0; i < layer->active && status == GSL_SUCCESS; i++)
        list->members[i] = i;
    if (status == GSL_SUCCESS)
        list->first[0] = list->first[1] = 0;
    return status;
}

int reach_find(const layer_t *layer, const polyhedron_rows_t *walls, reach_list_t *list) {
    slong first, second;
    if (layer->active == layer->experts)
        return list_everybody(layer, list);
    if (layer_twins(layer, &first, &second))
        return GSL_EDOM;
    reach_search_t search;
    int status = reach_search_init(&search, layer, walls);
    if (status == GSL_SUCCESS) {
        first_coalition(layer, search.neighbour);
        status = add_coalition(&search, search.neighbour, -1);
    }
    for (slong c = 0; c < search.found.count && status == GSL_SUCCESS; c++)
        status = expand(&search, c);
    if (status == GSL_SUCCESS)
        status = indices_push(&search.first, search.facets.count);
    if (status == GSL_SUCCESS)
        status = sort_found(&search, list);
    reach_search_clear(&search);
    return status;
}

int reach_cell(const reach_list_t *list, slong c, polyhedron_t *shells[2]) {
    int status = GSL_SUCCESS;
    polyhedron_whole(shells[0]);
    for (slong f = list->first[c]; f < list->first[c + 1] && status == GSL_SUCCESS; f++) {
        polyhedron_t *const from = shells[0];
        status = polyhedron_cut(shells[1], from, row_of(list->facets[f]), list->facets[f] < 0 ? -1 : 1);
        shells[0] = shells[1];
        shells[1] = from;
    }
    return status;
}

static int visit_all(const reach_list_t *list, const polyhedron_rows_t *walls, reach_visit_t visit,
                     void *context) {
    polyhedron_t *shells[2] = {polyhedron_alloc(walls), polyhedron_alloc(walls)};
    int status = shells[0] != NULL && shells[1] != NULL ? GSL_SUCCESS : GSL_ENOMEM;
    for (slong c = 0; c < list->count && status == GSL_SUCCESS; c++) {
        status = reach_cell(list, c, shells);
        if (status == GSL_SUCCESS)
            status = visit(context, list->members + c * list->active, shells[0]);
    }
    polyhedron_free(shells[0]);
    polyhedron_free(shells[1]);
    return status;
}

int reach_coalitions(const layer_t *layer, const polyhedron_rows_t *walls, reach_visit_t visit,
                     void *context) {
    reach_list_t list;
    int status = reach_find(layer, walls, &list);
    if (status != GSL_SUCCESS)
        return status;
    status = visit_all(&list, walls, visit, context);
    reach_list_clear(&list);
    return status;
}
