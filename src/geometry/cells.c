// SPDX-License-Identifier: GPL-3.0-or-later
// The complex of a top-k router; see cells.h.
#include "geometry/cells.h"

#include "geometry/indices.h"
#include "geometry/router.h"

#include <flint/fmpq_vec.h>
#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>
#include <stdlib.h>
#include <string.h>

// ---- Coalitions ----

static bool is_member(const slong *members, slong k, slong expert) {
    for (slong i = 0; i < k; i++)
        if (members[i] == expert)
            return true;
    return false;
}

static int compare_coalitions(const slong *a, const slong *b, slong k) {
    for (slong i = 0; i < k; i++)
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    return 0;
}

slong cells_index(const cells_t *cells, const slong *members) {
    slong low = 0, high = cells->count;
    while (low < high) {
        const slong middle = low + (high - low) / 2;
        const int order = compare_coalitions(members, cells->cell[middle].members, cells->layer->active);
        if (order == 0)
            return middle;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return -1;
}

// ---- Generators ----

// Reads the generators of a cell; the sum of its rays is an interior point.
static void read_generators(cells_cell_t *cell, const polyhedron_t *polyhedron, slong width) {
    cell->lines = polyhedron_lines(polyhedron);
    cell->generators = cell->lines + polyhedron_rays(polyhedron);
    cell->generator = _fmpz_vec_init(cell->generators * width);
    cell->inside = _fmpz_vec_init(width);
    for (slong g = 0; g < cell->generators; g++) {
        fmpz *generator = cell->generator + g * width;
        polyhedron_generator(polyhedron, g, generator);
        if (g >= cell->lines)
            _fmpz_vec_add(cell->inside, cell->inside, generator, width);
    }
}

// The sum of the rays with z_member = z_other: a point of the facet's relative interior.
static void find_facet_point(const layer_t *layer, const cells_cell_t *cell, cells_facet_t *facet) {
    const slong width = layer->dimension + 1;
    facet->point = _fmpz_vec_init(width);
    for (slong g = cell->lines; g < cell->generators; g++) {
        const fmpz *generator = cell->generator + g * width;
        if (router_sign(layer, facet->member, facet->other, generator) == 0)
            _fmpz_vec_add(facet->point, facet->point, generator, width);
    }
}

// The experts by their logits just behind a facet: at its point those that are greater come first, and of equal ones
// those that are less inside the cell.
static void order_behind(const layer_t *layer, const cells_cell_t *cell, const cells_facet_t *facet,
                         slong *order) {
    for (slong i = 0; i < layer->experts; i++) {
        slong place = i;
        for (; place > 0; place--) {
            const int at = router_sign(layer, i, order[place - 1], facet->point);
            if (at < 0 || (at == 0 && router_sign(layer, i, order[place - 1], cell->inside) >= 0))
                break;
            order[place] = order[place - 1];
        }
        order[place] = i;
    }
}

static void cross_facet(cells_t *cells, const cells_cell_t *cell, cells_facet_t *facet, slong *order) {
    const layer_t *layer = cells->layer;
    const slong k = layer->active;
    order_behind(layer, cell, facet, order);
    facet->tied = 0;
    for (slong i = 0; i < layer->experts; i++)
        facet->tied += router_sign(layer, i, facet->member, facet->point) == 0;
    facet->swaps = 0;
    for (slong i = 0; i < k; i++)
        facet->swaps += !is_member(cell->members, k, order[i]);
    indices_sort(order, k);
    facet->neighbour = cells_index(cells, order);
}

// ---- The complex ----

// The experts of each wall, by its number.
static slong *alloc_pairs(slong experts) {
    slong *pairs = malloc((size_t)(experts * experts + 1) * sizeof *pairs);
    for (slong i = 0; pairs != NULL && i < experts; i++)
        for (slong j = i + 1; j < experts; j++) {
            pairs[2 * reach_wall(experts, i, j)] = i;
            pairs[2 * reach_wall(experts, i, j) + 1] = j;
        }
    return pairs;
}

static int fill_cell(cells_t *cells, slong c, const slong *pairs, polyhedron_t *shells[2]) {
    const layer_t *layer = cells->layer;
    cells_cell_t *cell = cells->cell + c;
    const int status = reach_cell(&cells->list, c, shells);
    if (status != GSL_SUCCESS)
        return status;
    read_generators(cell, shells[0], layer->dimension + 1);
    const slong first = cells->list.first[c], facets = cells->list.first[c + 1] - first;
    cell->facet = calloc((size_t)(facets + 1), sizeof *cell->facet);
    if (cell->facet == NULL)
        return GSL_ENOMEM;
    cell->facets = facets;
    for (slong f = 0; f < facets; f++) {
        const slong wall = cells->list.facets[first + f], row = wall < 0 ? -1 - wall : wall;
        cell->facet[f].member = pairs[2 * row + (wall < 0)];
        cell->facet[f].other = pairs[2 * row + (wall >= 0)];
        find_facet_point(layer, cell, cell->facet + f);
    }
    return GSL_SUCCESS;
}

static int fill_cells(cells_t *cells, const polyhedron_rows_t *walls) {
    const slong experts = cells->layer->experts;
    polyhedron_t *shells[2] = {polyhedron_alloc(walls), polyhedron_alloc(walls)};
    slong *pairs = alloc_pairs(experts), *order = malloc((size_t)experts * sizeof *order);
    int status =
        shells[0] == NULL || shells[1] == NULL || pairs == NULL || order == NULL ? GSL_ENOMEM : GSL_SUCCESS;
    for (slong c = 0; status == GSL_SUCCESS && c < cells->count; c++)
        status = fill_cell(cells, c, pairs, shells);
    for (slong c = 0; status == GSL_SUCCESS && c < cells->count; c++)
        for (slong f = 0; f < cells->cell[c].facets; f++)
            cross_facet(cells, cells->cell + c, cells->cell[c].facet + f, order);
    polyhedron_free(shells[0]);
    polyhedron_free(shells[1]);
    free(pairs);
    free(order);
    return status;
}

int cells_find(const layer_t *layer, cells_t *cells) {
    polyhedron_rows_t *walls = reach_walls(layer, NULL);
    if (walls == NULL)
        return GSL_ENOMEM;
    cells_t found = {.layer = layer};
    int status = reach_find(layer, walls, &found.list);
    if (status == GSL_SUCCESS) {
        found.cell = calloc((size_t)found.list.count, sizeof *found.cell);
        status = found.cell == NULL ? GSL_ENOMEM : GSL_SUCCESS;
        found.count = found.cell == NULL ? 0 : found.list.count;
        for (slong c = 0; c < found.count; c++)
            found.cell[c].members = found.list.members + c * layer->active;
        if (status == GSL_SUCCESS)
            status = fill_cells(&found, walls);
        if (status == GSL_SUCCESS)
            *cells = found;
        else
            cells_clear(&found);
    }
    polyhedron_rows_free(walls);
    return status;
}

void cells_clear(cells_t *cells) {
    const slong width = cells->layer->dimension + 1;
    for (slong c = 0; c < cells->count; c++) {
        cells_cell_t *cell = cells->cell + c;
        if (cell->inside == NULL)
            continue;
        _fmpz_vec_clear(cell->generator, cell->generators * width);
        _fmpz_vec_clear(cell->inside, width);
        for (slong f = 0; f < cell->facets; f++)
            _fmpz_vec_clear(cell->facet[f].point, width);
        free(cell->facet);
    }
    free(cells->cell);
    reach_list_clear(&cells->list);
    *cells = (cells_t){.layer = cells->layer};
}

bool cells_has(const cells_t *cells, slong c, slong expert) {
    return is_member(cells->cell[c].members, cells->layer->active, expert);
}

bool cells_joined(const cells_t *cells, slong c, slong other) {
    for (slong f = 0; f < cells->cell[c].facets; f++)
        if (cells->cell[c].facet[f].neighbour == other)
            return true;
    return false;
}

bool cells_bounded(const cells_t *cells, slong c) {
    const cells_cell_t *cell = cells->cell + c;
    const slong d = cells->layer->dimension;
    bool bounded = cell->lines == 0;
    for (slong g = 0; g < cell->generators; g++)
        bounded = bounded && fmpz_sgn(cell->generator + g * (d + 1) + d) > 0;
    return bounded;
}

bool cells_closed(const cells_t *cells, slong c) {
    const layer_t *layer = cells->layer;
    const cells_cell_t *cell = cells->cell + c;
    for (slong g = 0; g < cell->generators; g++)
        for (slong u = 0; u < layer->active; u++)
            for (slong v = 0; v < layer->experts; v++) {
                if (is_member(cell->members, layer->active, v))
                    continue;
                const int sign =
                    router_sign(layer, cell->members[u], v, cell->generator + g * (layer->dimension + 1));
                if (sign < 0 || (sign > 0 && g < cell->lines))
                    return false;
            }
    return true;
}

// ---- The region of one expert ----

void cells_gap_init(cells_gap_t *gap, slong dimension) {
    *gap = (cells_gap_t){.p = _fmpz_vec_init(dimension + 1),
                         .q = _fmpz_vec_init(dimension + 1),
                         .between = _fmpz_vec_init(dimension + 1)};
    fmpq_init(gap->share);
}

void cells_gap_clear(cells_gap_t *gap, slong dimension) {
    _fmpz_vec_clear(gap->p, dimension + 1);
    _fmpz_vec_clear(gap->q, dimension + 1);
    _fmpz_vec_clear(gap->between, dimension + 1);
    fmpq_clear(gap->share);
}

// A generator of cell `to` on the outer side of a facet, with the sign it is to be taken with; false for none.
static bool find_beyond(const cells_t *cells, const cells_facet_t *facet, slong to, slong *generator,
                        int *sign) {
    const cells_cell_t *cell = cells->cell + to;
    for (slong g = 0; g < cell->generators; g++) {
        const int side = router_sign(cells->layer, facet->member, facet->other,
                                     cell->generator + g * (cells->layer->dimension + 1));
        if (side < 0 || (side > 0 && g < cell->lines)) {
            *generator = g;
            *sign = side < 0 ? 1 : -1;
            return true;
        }
    }
    return false;
}

// An interior point of cell `to` beyond the facet: its interior point and so much of the generator as is needed.
static void go_beyond(const cells_t *cells, const cells_facet_t *facet, slong to, slong generator, int sign,
                      fmpz *q) {
    const slong width = cells->layer->dimension + 1;
    const cells_cell_t *cell = cells->cell + to;
    fmpz_t factor;
    fmpz_init_set_si(factor, sign);
    _fmpz_vec_set(q, cell->inside, width);
    while (router_sign(cells->layer, facet->member, facet->other, q) >= 0) {
        _fmpz_vec_scalar_addmul_fmpz(q, cell->generator + generator * width, width, factor);
        fmpz_mul_ui(factor, factor, 2);
    }
    fmpz_clear(factor);
}

// to = f + (q - f) sign / n
static void set_step(fmpz *to, const fmpz *f, const fmpz *q, const fmpz_t n, int sign, slong dimension) {
    fmpz_t stay, go; // (n - sign) q_0 f + sign f_0 q, whose last coordinate is n f_0 q_0
    fmpz_init(stay);
    fmpz_init(go);
    fmpz_sub_si(stay, n, sign);
    fmpz_mul(stay, stay, q + dimension);
    fmpz_mul_si(go, f + dimension, sign);
    _fmpz_vec_scalar_mul_fmpz(to, f, dimension + 1, stay);
    _fmpz_vec_scalar_addmul_fmpz(to, q, dimension + 1, go);
    fmpz_clear(stay);
    fmpz_clear(go);
}

// The segment from p = f - (q - f)/n to q crosses the facet at its point f: with n large enough, p lies in the cell
// and f + (q - f)/n in its neighbour. The share of f + (q - f)/n on the way from p to q is 2/(n + 1).
static void find_gap(const cells_t *cells, slong from, const cells_facet_t *facet, slong to,
                     cells_gap_t *gap) {
    const slong d = cells->layer->dimension;
    fmpz_t n;
    fmpz_init_set_ui(n, 2);
    do {
        fmpz_mul_ui(n, n, 2);
        set_step(gap->p, facet->point, gap->q, n, -1, d);
        set_step(gap->between, facet->point, gap->q, n, 1, d);
    } while (!router_chosen(cells->layer, cells->cell[from].members, gap->p) ||
             !router_chosen(cells->layer, cells->cell[facet->neighbour].members, gap->between));
    fmpz_add_ui(n, n, 1);
    fmpq_set_si(gap->share, 2, 1);
    fmpq_div_fmpz(gap->share, gap->share, n);
    gap->from = from;
    gap->to = to;
    gap->across = facet->neighbour;
    fmpz_clear(n);
}

// Whether a facet separates the expert's region from the rest, and part of the region lies beyond it.
static bool is_crossed(const cells_t *cells, slong from, const cells_facet_t *facet, slong expert,
                       cells_gap_t *gap) {
    if (cells_has(cells, facet->neighbour, expert))
        return false;
    slong generator;
    int sign;
    for (slong to = 0; to < cells->count; to++)
        if (cells_has(cells, to, expert) && find_beyond(cells, facet, to, &generator, &sign)) {
            if (gap != NULL) {
                go_beyond(cells, facet, to, generator, sign, gap->q);
                find_gap(cells, from, facet, to, gap);
            }
            return true;
        }
    return false;
}

bool cells_served_convex(const cells_t *cells, slong expert, cells_gap_t *gap) {
    for (slong c = 0; c < cells->count; c++) {
        const cells_cell_t *cell = cells->cell + c;
        if (!cells_has(cells, c, expert))
            continue;
        for (slong f = 0; f < cell->facets; f++)
            if (is_crossed(cells, c, cell->facet + f, expert, gap))
                return false;
    }
    return true;
}

bool cells_gap_holds(const cells_t *cells, slong expert, const cells_gap_t *gap) {
    const slong d = cells->layer->dimension;
    const cells_cell_t *cell = cells->cell;
    bool good = cells_has(cells, gap->from, expert) && cells_has(cells, gap->to, expert) &&
                !cells_has(cells, gap->across, expert) &&
                router_chosen(cells->layer, cell[gap->from].members, gap->p) &&
                router_chosen(cells->layer, cell[gap->to].members, gap->q) &&
                router_chosen(cells->layer, cell[gap->across].members, gap->between);
    fmpq *p = _fmpq_vec_init(d), *q = _fmpq_vec_init(d), *between = _fmpq_vec_init(d);
    router_point(gap->p, d, p);
    router_point(gap->q, d, q);
    router_point(gap->between, d, between);
    for (slong i = 0; i < d; i++) {
        fmpq_sub(q + i, q + i, p + i);
        fmpq_addmul(p + i, gap->share, q + i);
        good = good && fmpq_equal(p + i, between + i);
    }
    _fmpq_vec_clear(p, d);
    _fmpq_vec_clear(q, d);
    _fmpq_vec_clear(between, d);
    const fmpq *share = gap->share;
    return good && fmpq_sgn(share) > 0 && fmpz_cmp(fmpq_numref(share), fmpq_denref(share)) < 0;
}
