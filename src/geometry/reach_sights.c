// SPDX-License-Identifier: GPL-3.0-or-later
// Logits at the generators of a cell; see reach_search.h.
#include "geometry/reach_search.h"

#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define UNIT 0x1p-53

// sum += factor * column
__attribute__((target_clones("avx512f", "avx2", "default"))) static void
add_multiple(double *restrict sum, const double *restrict column, double factor, slong n) {
    for (slong i = 0; i < n; i++)
        sum[i] += factor * column[i];
}

// Writes the pool's entry of generator g.
static void set_logits(reach_search_t *search, slong g) {
    const slong experts = search->layer->experts, width = search->layer->dimension + 1;
    double *entry = pool_entry(search, g), *logits = entry + width + 2, error, largest = 0;
    const double *v = polyhedron_approximation(search->shells[0], g, &error);
    memset(logits, 0, (size_t)experts * sizeof *logits);
    for (slong j = 0; j < width; j++) {
        add_multiple(logits, search->columns + j * experts, v[j], experts);
        largest = v[j] > largest ? v[j] : -v[j] > largest ? -v[j] : largest;
        entry[j] = v[j];
    }
    entry[width] = error;
    entry[width + 1] = 2 * (double)width * (largest * (double)(width + 4) * UNIT + error) * (1 + 0x1p-40);
}

// Finds the lowest member and the highest of the others.
static void set_gap(reach_search_t *search, slong g) {
    const slong k = search->layer->active, experts = search->layer->experts;
    double tie;
    const double *logits = logits_at(search, g, &tie);
    slong low = 0, high = k;
    for (slong p = 1; p < k; p++)
        low = logits[p] < logits[low] ? p : low;
    for (slong p = k + 1; p < experts; p++)
        high = logits[p] > logits[high] ? p : high;
    reach_sight_t *sight = &search->sights[g];
    sight->member = low;
    sight->other = high;
    sight->gap = logits[low] - logits[high];
}

static int reserve_sights(reach_search_t *search, slong generators) {
    if (generators <= search->room)
        return GSL_SUCCESS;
    const slong room = 2 * generators;
    reach_sight_t *sights = realloc(search->sights, (size_t)room * sizeof *sights);
    if (sights != NULL)
        search->sights = sights;
    reach_sight_t *old = realloc(search->old, (size_t)room * sizeof *old);
    if (old != NULL)
        search->old = old;
    double *pool = realloc(search->pool, (size_t)(2 * room * pool_width(search)) * sizeof *pool);
    if (pool != NULL)
        search->pool = pool;
    bool *taken = realloc(search->taken, 2 * (size_t)room * sizeof *taken);
    if (taken != NULL)
        search->taken = taken;
    if (sights == NULL || old == NULL || pool == NULL || taken == NULL)
        return GSL_ENOMEM;
    search->room = room;
    return GSL_SUCCESS;
}

// Finds generator g, with its doubles, among the old ones from number `from` on, or returns their number `count`.
static slong find_old(const reach_search_t *search, slong g, slong from, slong count) {
    const slong width = search->layer->dimension + 1;
    double error;
    const double *v = polyhedron_approximation(search->shells[0], g, &error);
    for (slong q = from; q < count; q++) {
        const double *entry = search->pool + search->old[q].place * pool_width(search);
        if (memcmp(entry, v, (size_t)width * sizeof *v) == 0 &&
            memcmp(entry + width, &error, sizeof error) == 0)
            return q;
    }
    return count;
}

// Brings `sights` up to date after a cut. Most generators were there before, in the same order; what doubles said
// of them holds for the same doubles.
int reach_look(reach_search_t *search) {
    const slong generators = polyhedron_lines(search->shells[0]) + polyhedron_rays(search->shells[0]);
    if (reserve_sights(search, generators) != GSL_SUCCESS)
        return GSL_ENOMEM;
    reach_sight_t *const old = search->sights;
    const slong count = search->seen;
    search->sights = search->old;
    search->old = old;
    search->seen = generators;
    memset(search->taken, 0, 2 * (size_t)search->room * sizeof *search->taken);
    for (slong g = 0, from = 0; g < generators; g++) {
        const slong q = find_old(search, g, from, count);
        search->sights[g].place = -1;
        if (q < count) {
            search->sights[g] = old[q];
            search->taken[old[q].place] = true;
            from = q + 1;
        }
    }
    for (slong g = 0, place = 0; g < generators; g++) {
        if (search->sights[g].place >= 0)
            continue;
        while (search->taken[place])
            place++;
        search->sights[g].place = place++;
        set_logits(search, g);
        set_gap(search, g);
    }
    return GSL_SUCCESS;
}

// A wall that a line is not parallel to: member i against j. Returns false when all logits agree on the line.
static bool wall_across(reach_search_t *search, slong line, slong *i, slong *j) {
    const slong k = search->layer->active, experts = search->layer->experts;
    double tie;
    const double *logits = logits_at(search, line, &tie);
    slong in = search->sights[line].member, out = search->sights[line].other;
    *i = search->order[in];
    *j = search->order[out];
    if (fabs(search->sights[line].gap) > tie)
        return true;
    for (slong p = 0; p < experts; p++) { // any that differs from a fixed one on the other side
        *i = search->order[p < k ? p : in];
        *j = search->order[p < k ? out : p];
        if (fabs(logits[p < k ? p : in] - logits[p < k ? out : p]) > tie ||
            reach_compare(search, line, *i, *j) != 0)
            return true;
    }
    return false;
}

int reach_cut_lines(reach_search_t *search) {
    slong line = 0;
    while (line < polyhedron_lines(search->shells[0])) {
        slong i, j;
        if (!wall_across(search, line, &i, &j))
            line++;
        else if (reach_cut(search, i, j) != GSL_SUCCESS || reach_look(search) != GSL_SUCCESS)
            return GSL_ENOMEM;
        else
            line = 0;
    }
    return GSL_SUCCESS;
}

// Finds the proved violation that is the largest. Returns false when there is none.
bool reach_most_violated(const reach_search_t *search, slong *i, slong *j) {
    double least = 0;
    for (slong g = polyhedron_lines(search->shells[0]); g < search->seen; g++) {
        const reach_sight_t *sight = &search->sights[g];
        double tie;
        logits_at(search, g, &tie);
        if (sight->gap < -tie && sight->gap < least) {
            least = sight->gap;
            *i = search->order[sight->member];
            *j = search->order[sight->other];
        }
    }
    return least < 0;
}

static slong find_root(slong *root, slong i) {
    while (root[i] != i)
        i = root[i] = root[root[i]];
    return i;
}

// Joins the experts whose equality at a ray follows from the walls that are tight there.
static void join_tied(reach_search_t *search, slong ray) {
    for (slong i = 0; i < search->layer->experts; i++)
        search->root[i] = i;
    for (slong c = 0; c < search->cuts.count; c++)
        if (ray_in(search, c, ray))
            search->root[find_root(search->root, search->pairs.at[2 * c])] =
                find_root(search->root, search->pairs.at[2 * c + 1]);
}

// Looks exactly at the pairs of a ray that doubles leave open. Returns false when no wall is violated.
static bool violated_at(reach_search_t *search, slong g, slong *i, slong *j) {
    const slong k = search->layer->active, experts = search->layer->experts;
    const reach_sight_t *sight = &search->sights[g];
    double tie;
    const double *logits = logits_at(search, g, &tie);
    if (sight->gap > tie)
        return false;
    join_tied(search, g - polyhedron_lines(search->shells[0]));
    for (slong p = 0; p < k; p++)
        if (logits[p] - logits[sight->other] <= tie)
            for (slong q = k; q < experts; q++) {
                *i = search->order[p];
                *j = search->order[q];
                if (logits[p] - logits[q] <= tie &&
                    find_root(search->root, *i) != find_root(search->root, *j) &&
                    reach_compare(search, g, *i, *j) < 0)
                    return true;
            }
    return false;
}

int reach_set_tight(reach_search_t *search) {
    const slong rays = polyhedron_rays(search->shells[0]), words = (rays + WORD_BITS - 1) / WORD_BITS;
    const slong room = search->cuts.count * words;
    if (room > search->tight_room) {
        uint64_t *tight = realloc(search->tight, 2 * (size_t)room * sizeof *tight);
        if (tight == NULL)
            return GSL_ENOMEM;
        search->tight = tight;
        search->tight_room = 2 * room;
    }
    search->words = words;
    if (room > 0)
        memset(search->tight, 0, (size_t)room * sizeof *search->tight);
    for (slong ray = 0; ray < rays; ray++) {
        double tie;
        const double *logits = logits_at(search, search->seen - rays + ray, &tie);
        for (slong c = 0; c < search->cuts.count; c++) {
            const slong p = search->position[search->pairs.at[2 * c]],
                        q = search->position[search->pairs.at[2 * c + 1]];
            if (logits[p] - logits[q] <= tie &&
                polyhedron_tight(search->shells[0], ray, row_of(search->cuts.at[c])))
                search->tight[c * words + ray / WORD_BITS] |= UINT64_C(1) << (ray % WORD_BITS);
        }
    }
    return GSL_SUCCESS;
}

bool reach_violated(reach_search_t *search, slong *i, slong *j) {
    for (slong g = polyhedron_lines(search->shells[0]); g < search->seen; g++)
        if (violated_at(search, g, i, j))
            return true;
    return false;
}
