// SPDX-License-Identifier: GPL-3.0-or-later
// One cell of the search for reachable coalitions; see reach_search.h.
#include "geometry/reach_search.h"

#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

// Row entries in doubles: v 2^-shift, cut off, so with an error below 2^-53.
static void set_router(reach_search_t *search) {
    const slong width = search->layer->dimension + 1;
    const slong shift = labs(fmpz_mat_max_bits(search->layer->router));
    for (slong i = 0; i < search->layer->experts; i++)
        for (slong j = 0; j < width; j++) {
            slong exponent;
            const double part = fmpz_get_d_2exp(&exponent, fmpz_mat_entry(search->layer->router, i, j));
            const slong scale = exponent - shift;
            search->router[i * width + j] = part == 0 || scale < -1000 ? 0 : ldexp(part, (int)scale);
        }
}

int reach_search_init(reach_search_t *search, const layer_t *layer, const polyhedron_rows_t *walls) {
    const size_t experts = (size_t)layer->experts, width = (size_t)layer->dimension + 1;
    *search = (reach_search_t){.layer = layer, .walls = walls, .found = {.active = layer->active}};
    search->router = malloc(experts * width * sizeof *search->router);
    search->member = malloc(experts * sizeof *search->member);
    search->order = malloc(experts * sizeof *search->order);
    search->position = malloc(experts * sizeof *search->position);
    search->columns = malloc(experts * width * sizeof *search->columns);
    search->neighbour = malloc(experts * sizeof *search->neighbour);
    search->group = malloc(experts * sizeof *search->group);
    search->root = malloc(experts * sizeof *search->root);
    search->shells[0] = polyhedron_alloc(walls);
    search->shells[1] = polyhedron_alloc(walls);
    if (search->router == NULL || search->member == NULL || search->order == NULL ||
        search->position == NULL || search->columns == NULL || search->neighbour == NULL ||
        search->group == NULL || search->root == NULL || search->shells[0] == NULL ||
        search->shells[1] == NULL)
        return GSL_ENOMEM;
    set_router(search);
    return GSL_SUCCESS;
}

void reach_search_clear(reach_search_t *search) {
    free(search->router);
    free(search->member);
    free(search->order);
    free(search->position);
    free(search->columns);
    free(search->neighbour);
    free(search->group);
    free(search->root);
    polyhedron_free(search->shells[0]);
    polyhedron_free(search->shells[1]);
    free(search->cuts.at);
    free(search->pairs.at);
    free(search->sights);
    free(search->old);
    free(search->pool);
    free(search->taken);
    free(search->tight);
    coalition_set_clear(&search->found);
    free(search->seeds.at);
    free(search->heads.at);
    free(search->facets.at);
    free(search->first.at);
}

int reach_compare(const reach_search_t *search, slong g, slong i, slong j) {
    const slong experts = search->layer->experts;
    return i < j ? polyhedron_sign(search->shells[0], g, reach_wall(experts, i, j))
                 : -polyhedron_sign(search->shells[0], g, reach_wall(experts, j, i));
}

int reach_cut(reach_search_t *search, slong i, slong j) {
    const slong row =
        i < j ? reach_wall(search->layer->experts, i, j) : reach_wall(search->layer->experts, j, i);
    polyhedron_t *const from = search->shells[0], *const to = search->shells[1];
    int status = polyhedron_cut(to, from, row, i < j ? 1 : -1);
    if (status == GSL_SUCCESS)
        status = indices_push(&search->cuts, i < j ? row : -1 - row);
    if (status == GSL_SUCCESS)
        status = indices_push(&search->pairs, i);
    if (status == GSL_SUCCESS)
        status = indices_push(&search->pairs, j);
    search->shells[0] = to;
    search->shells[1] = from;
    return status;
}

// ---- One cell ----

// The pair of experts of a wall.
static void wall_pair(slong experts, slong row, slong *i, slong *j) {
    *i = 0;
    while (row >= experts - 1 - *i)
        row -= experts - 1 - (*i)++;
    *j = *i + 1 + row;
}

void reach_set_coalition(reach_search_t *search, const slong *members) {
    const slong k = search->layer->active, experts = search->layer->experts,
                width = search->layer->dimension + 1;
    memset(search->member, 0, (size_t)experts * sizeof *search->member);
    for (slong p = 0; p < k; p++) {
        search->member[members[p]] = true;
        search->order[p] = members[p];
    }
    for (slong e = 0, p = k; e < experts; e++)
        if (!search->member[e])
            search->order[p++] = e;
    for (slong p = 0; p < experts; p++) {
        search->position[search->order[p]] = p;
        for (slong j = 0; j < width; j++)
            search->columns[j * experts + p] = search->router[search->order[p] * width + j];
    }
}

// Cuts R^d by the facets that are known of coalition c.
static int cut_known(reach_search_t *search, slong c) {
    int status = GSL_SUCCESS;
    search->cuts.count = search->pairs.count = 0;
    polyhedron_whole(search->shells[0]);
    for (slong at = search->heads.at[c]; at >= 0 && status == GSL_SUCCESS; at = search->seeds.at[at + 1]) {
        slong i, j;
        wall_pair(search->layer->experts, search->seeds.at[at], &i, &j);
        status = search->member[i] ? reach_cut(search, i, j) : reach_cut(search, j, i);
    }
    search->known = search->cuts.count;
    return status;
}

int reach_build(reach_search_t *search, slong c) {
    search->seen = 0;
    if (cut_known(search, c) != GSL_SUCCESS || reach_look(search) != GSL_SUCCESS ||
        reach_cut_lines(search) != GSL_SUCCESS)
        return GSL_ENOMEM;
    bool violated = true;
    while (violated) {
        slong i = 0, j = 0;
        violated = reach_most_violated(search, &i, &j);
        if (!violated) {
            if (reach_set_tight(search) != GSL_SUCCESS)
                return GSL_ENOMEM;
            violated = reach_violated(search, &i, &j);
        }
        if (violated && (reach_cut(search, i, j) != GSL_SUCCESS || reach_look(search) != GSL_SUCCESS))
            return GSL_ENOMEM;
    }
    return GSL_SUCCESS;
}

// Whether the tight set of cut b contains that of cut a; of equal sets, the earlier contains the later.
static bool covers(const reach_search_t *search, slong b, slong a) {
    const uint64_t *const inner = search->tight + a * search->words;
    const uint64_t *const outer = search->tight + b * search->words;
    bool equal = true;
    for (slong w = 0; w < search->words; w++) {
        if (inner[w] & ~outer[w])
            return false;
        equal = equal && inner[w] == outer[w];
    }
    return !equal || b < a;
}

// Whether cut c bounds the cell in a facet: each face is contained in a facet, and a face that is not the one
// at infinity, in one that a wall bounds; so the facets are the largest tight sets.
bool reach_is_facet(const reach_search_t *search, slong c) {
    for (slong b = 0; b < search->cuts.count; b++)
        if (b != c && covers(search, b, c))
            return false;
    return true;
}

// Whether the logits at positions p and q agree on facet c: proved different somewhere first, then exactly. (The
// lineality space of the cell is where all logits agree.)
static bool agree_on(const reach_search_t *search, slong c, slong p, slong q) {
    const slong lines = polyhedron_lines(search->shells[0]), rays = search->seen - lines;
    for (slong ray = 0; ray < rays; ray++) {
        double tie;
        const double *logits = logits_at(search, lines + ray, &tie);
        if (ray_in(search, c, ray) && fabs(logits[p] - logits[q]) > tie)
            return false;
    }
    for (slong ray = 0; ray < rays; ray++)
        if (ray_in(search, c, ray) &&
            reach_compare(search, lines + ray, search->order[p], search->order[q]) != 0)
            return false;
    return true;
}

// Sorts the experts of `group` by their logits off the facet, at a ray that is not in it; there are no twins.
static void sort_group(reach_search_t *search, slong c, slong count) {
    slong ray = 0;
    while (ray_in(search, c, ray))
        ray++;
    const slong g = polyhedron_lines(search->shells[0]) + ray;
    for (slong a = 1; a < count; a++) {
        const slong expert = search->group[a];
        slong b = a;
        for (; b > 0 && reach_compare(search, g, search->group[b - 1], expert) > 0; b--)
            search->group[b] = search->group[b - 1];
        search->group[b] = expert;
    }
}

// Lists in `group` the experts that are equal on facet c to those that its wall is between; returns their number.
static slong find_group(reach_search_t *search, slong c) {
    const slong p = search->position[search->pairs.at[2 * c]],
                q = search->position[search->pairs.at[2 * c + 1]];
    slong count = 0;
    for (slong r = 0; r < search->layer->experts; r++)
        if (r == p || r == q || agree_on(search, c, r, p))
            search->group[count++] = search->order[r];
    return count;
}

// Sets `neighbour` to the coalition on the other side of facet c. On the facet's relative interior the experts of
// the group stand at the threshold, all others are strictly above or below. Seen from there, each logit of the
// group is their common value plus its own multiple of the wall, so that the order at a point of the cell is
// reversed on the other side. Returns the size of the group, which is left in that order.
slong reach_cross(reach_search_t *search, slong c) {
    const slong k = search->layer->active;
    slong inside = 0, kept = 0;
    const slong count = find_group(search, c);
    sort_group(search, c, count);
    for (slong a = 0; a < count; a++)
        if (search->member[search->group[a]]) {
            inside++;
            search->member[search->group[a]] = false;
        }
    for (slong p = 0; p < k; p++)
        if (search->member[search->order[p]])
            search->neighbour[kept++] = search->order[p];
        else
            search->member[search->order[p]] = true;
    for (slong a = 0; a < inside; a++)
        search->neighbour[kept++] = search->group[a];
    indices_sort(search->neighbour, kept);
    return count;
}
