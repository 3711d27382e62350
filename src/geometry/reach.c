// SPDX-License-Identifier: GPL-3.0-or-later
// Reachable coalitions; see reach.h.
//
// Error bounds of the search; u = 2^-53, W = d + 1. Router rows are kept in doubles on one common scale, |r_j| <= 1,
// each entry off by at most u; a generator as v with |v_j| <= m and an error of at most e. A logit r.v computed in
// any order is then off by at most W (m (W + 1) u + e) to first order, so the difference of two logits by
// 2 W (m (W + 1) u + e), and its own rounding by 2 W m u more. `tie` has W + 4 in place of W + 2 for the second
// orders. Differences that are not larger than this are decided by polyhedron_sign.
#include "geometry/reach.h"

#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define UNIT 0x1p-53

enum { WORD_BITS = 64 };

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

static int compare_numbers(const void *a, const void *b) {
    const slong left = *(const slong *)a, right = *(const slong *)b;
    return (left > right) - (left < right);
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
    qsort(order, (size_t)k, sizeof *order, compare_numbers);
    _fmpz_vec_clear(logits, layer->experts);
}

// ---- The set of coalitions found so far ----

// A growing array.
typedef struct numbers {
    slong *at;
    slong count, room;
} numbers_t;

static int numbers_reserve(numbers_t *numbers, slong more) {
    if (numbers->count + more <= numbers->room)
        return GSL_SUCCESS;
    const slong room = 2 * numbers->room + more + 64;
    slong *at = realloc(numbers->at, (size_t)room * sizeof *at);
    if (at == NULL)
        return GSL_ENOMEM;
    numbers->at = at;
    numbers->room = room;
    return GSL_SUCCESS;
}

static int numbers_push(numbers_t *numbers, slong number) {
    const int status = numbers_reserve(numbers, 1);
    if (status == GSL_SUCCESS)
        numbers->at[numbers->count++] = number;
    return status;
}

// Coalitions in the order in which they were found, with a hash table of their numbers.
typedef struct found {
    slong active, count;
    numbers_t members;
    slong *table;       // numbers of coalitions, -1: free
    slong table_length; // a power of two, more than twice the count
} found_t;

static ulong hash_members(const slong *members, slong active) {
    ulong hash = UWORD(14695981039346656037); // FNV-1a on words
    for (slong i = 0; i < active; i++) {
        hash = (hash ^ (ulong)members[i]) * UWORD(1099511628211);
        hash ^= hash >> 29;
    }
    return hash;
}

// Where the coalition is in the table, or where it would be.
static slong find_place(const found_t *found, const slong *members) {
    const ulong mask = (ulong)found->table_length - 1;
    const size_t size = (size_t)found->active * sizeof *members;
    ulong place = hash_members(members, found->active) & mask;
    while (found->table[place] >= 0 &&
           memcmp(found->members.at + found->table[place] * found->active, members, size) != 0)
        place = (place + 1) & mask;
    return (slong)place;
}

static int grow_table(found_t *found) {
    const slong length = found->table_length == 0 ? 256 : 2 * found->table_length;
    slong *table = malloc((size_t)length * sizeof *table);
    if (table == NULL)
        return GSL_ENOMEM;
    for (slong i = 0; i < length; i++)
        table[i] = -1;
    free(found->table);
    found->table = table;
    found->table_length = length;
    for (slong c = 0; c < found->count; c++)
        table[find_place(found, found->members.at + c * found->active)] = c;
    return GSL_SUCCESS;
}

// Adds a coalition unless it is known; `number` receives its number.
static int found_add(found_t *found, const slong *members, slong *number) {
    if (2 * found->count + 2 > found->table_length && grow_table(found) != GSL_SUCCESS)
        return GSL_ENOMEM;
    const slong place = find_place(found, members);
    *number = found->table[place];
    if (*number >= 0)
        return GSL_SUCCESS;
    if (numbers_reserve(&found->members, found->active) != GSL_SUCCESS)
        return GSL_ENOMEM;
    memcpy(found->members.at + found->members.count, members, (size_t)found->active * sizeof *members);
    found->members.count += found->active;
    *number = found->table[place] = found->count++;
    return GSL_SUCCESS;
}

static void found_clear(found_t *found) {
    free(found->members.at);
    free(found->table);
}

// ---- The search ----

// What is known of generator g of the cell under construction: its place in the pool of logits, and of a ray the
// member and the other expert that are the nearest to being in the wrong order, with the logit of the member less
// that of the other.
typedef struct sight {
    slong place;
    slong member, other; // positions, see search_t
    double gap;
} sight_t;

typedef struct search {
    const layer_t *layer;
    const polyhedron_rows_t *walls;
    double *router;          // entry j of expert i at [i * (d + 1) + j], on one common scale
    polyhedron_t *shells[2]; // the cell under construction is shells[0]
    bool *member;            // N: the coalition
    slong *order;            // N: the experts in the order of their positions: members first
    slong *position;         // N: the position of each expert
    double *columns;         // router entry j of the expert at position p at [j * N + p]
    slong *neighbour;        // N: another coalition under construction
    slong *group, *root;     // N each: experts that are equal on a facet; trees of experts equal at a ray
    numbers_t cuts;          // walls that the cell was cut by, as in reach_list_t
    numbers_t pairs;         // of each cut: the member and the other expert
    slong known;             // the first cuts: facets from neighbours that were visited before
    sight_t *sights, *old;   // of the generators, now and before the last cut
    slong seen;              // generators that `sights` is of
    double *pool;            // entries of d + 3 + N doubles: coordinates, error, tie, logits by position
    bool *taken;             // which entries of the pool are in use
    slong room;              // generators that there is room for in `sights` and `old`, and twice in the pool
    uint64_t *tight;         // which rays are tight on cut c: set of `words` words at [c * words]
    slong words, tight_room;
    found_t found;
    numbers_t seeds; // facets that coalitions have from neighbours: pairs of a row and the next pair's place
    numbers_t heads; // of each coalition found: the place of its first pair, or -1
    numbers_t facets, first; // of the coalitions done, as in reach_list_t
} search_t;

// Row entries in doubles: v 2^-shift, cut off, so with an error below 2^-53.
static void set_router(search_t *search) {
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

static int search_init(search_t *search, const layer_t *layer, const polyhedron_rows_t *walls) {
    const size_t experts = (size_t)layer->experts, width = (size_t)layer->dimension + 1;
    *search = (search_t){.layer = layer, .walls = walls, .found = {.active = layer->active}};
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

static void search_clear(search_t *search) {
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
    found_clear(&search->found);
    free(search->seeds.at);
    free(search->heads.at);
    free(search->facets.at);
    free(search->first.at);
}

// The sign, at generator g, of the logit of i less that of j; exact.
static int compare_logits(const search_t *search, slong g, slong i, slong j) {
    const slong experts = search->layer->experts;
    return i < j ? polyhedron_sign(search->shells[0], g, reach_wall(experts, i, j))
                 : -polyhedron_sign(search->shells[0], g, reach_wall(experts, j, i));
}

// Cuts the cell to where member i is above j.
static int cut_cell(search_t *search, slong i, slong j) {
    const slong row =
        i < j ? reach_wall(search->layer->experts, i, j) : reach_wall(search->layer->experts, j, i);
    polyhedron_t *const from = search->shells[0], *const to = search->shells[1];
    int status = polyhedron_cut(to, from, row, i < j ? 1 : -1);
    if (status == GSL_SUCCESS)
        status = numbers_push(&search->cuts, i < j ? row : -1 - row);
    if (status == GSL_SUCCESS)
        status = numbers_push(&search->pairs, i);
    if (status == GSL_SUCCESS)
        status = numbers_push(&search->pairs, j);
    search->shells[0] = to;
    search->shells[1] = from;
    return status;
}

// ---- Logits at the generators ----

static slong pool_width(const search_t *search) {
    return search->layer->dimension + 3 + search->layer->experts;
}

static double *pool_entry(const search_t *search, slong g) {
    return search->pool + search->sights[g].place * pool_width(search);
}

// The logits at generator g by position, and how far two must be apart.
static inline const double *logits_at(const search_t *search, slong g, double *tie) {
    const double *entry = pool_entry(search, g);
    *tie = entry[search->layer->dimension + 2];
    return entry + search->layer->dimension + 3;
}

// sum += factor * column
__attribute__((target_clones("avx512f", "avx2", "default"))) static void
add_multiple(double *restrict sum, const double *restrict column, double factor, slong n) {
    for (slong i = 0; i < n; i++)
        sum[i] += factor * column[i];
}

// Writes the pool's entry of generator g.
static void set_logits(search_t *search, slong g) {
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
static void set_gap(search_t *search, slong g) {
    const slong k = search->layer->active, experts = search->layer->experts;
    double tie;
    const double *logits = logits_at(search, g, &tie);
    slong low = 0, high = k;
    for (slong p = 1; p < k; p++)
        low = logits[p] < logits[low] ? p : low;
    for (slong p = k + 1; p < experts; p++)
        high = logits[p] > logits[high] ? p : high;
    sight_t *sight = &search->sights[g];
    sight->member = low;
    sight->other = high;
    sight->gap = logits[low] - logits[high];
}

static int reserve_sights(search_t *search, slong generators) {
    if (generators <= search->room)
        return GSL_SUCCESS;
    const slong room = 2 * generators;
    sight_t *sights = realloc(search->sights, (size_t)room * sizeof *sights);
    if (sights != NULL)
        search->sights = sights;
    sight_t *old = realloc(search->old, (size_t)room * sizeof *old);
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
static slong find_old(const search_t *search, slong g, slong from, slong count) {
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
static int look_again(search_t *search) {
    const slong generators = polyhedron_lines(search->shells[0]) + polyhedron_rays(search->shells[0]);
    if (reserve_sights(search, generators) != GSL_SUCCESS)
        return GSL_ENOMEM;
    sight_t *const old = search->sights;
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
static bool wall_across(search_t *search, slong line, slong *i, slong *j) {
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
            compare_logits(search, line, *i, *j) != 0)
            return true;
    }
    return false;
}

// Cuts until all logits agree on the lineality space.
static int cut_lines(search_t *search) {
    slong line = 0;
    while (line < polyhedron_lines(search->shells[0])) {
        slong i, j;
        if (!wall_across(search, line, &i, &j))
            line++;
        else if (cut_cell(search, i, j) != GSL_SUCCESS || look_again(search) != GSL_SUCCESS)
            return GSL_ENOMEM;
        else
            line = 0;
    }
    return GSL_SUCCESS;
}

// Finds the proved violation that is the largest. Returns false when there is none.
static bool most_violated(const search_t *search, slong *i, slong *j) {
    double least = 0;
    for (slong g = polyhedron_lines(search->shells[0]); g < search->seen; g++) {
        const sight_t *sight = &search->sights[g];
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

// The pair of experts of a wall.
static void wall_pair(slong experts, slong row, slong *i, slong *j) {
    *i = 0;
    while (row >= experts - 1 - *i)
        row -= experts - 1 - (*i)++;
    *j = *i + 1 + row;
}

static slong row_of(slong cut) {
    return cut < 0 ? -1 - cut : cut;
}

static bool ray_in(const search_t *search, slong c, slong ray) {
    return search->tight[c * search->words + ray / WORD_BITS] >> (ray % WORD_BITS) & 1;
}

// Joins the experts whose equality at a ray follows from the walls that are tight there.
static void join_tied(search_t *search, slong ray) {
    for (slong i = 0; i < search->layer->experts; i++)
        search->root[i] = i;
    for (slong c = 0; c < search->cuts.count; c++)
        if (ray_in(search, c, ray))
            search->root[find_root(search->root, search->pairs.at[2 * c])] =
                find_root(search->root, search->pairs.at[2 * c + 1]);
}

// Looks exactly at the pairs of a ray that doubles leave open. Returns false when no wall is violated.
static bool violated_at(search_t *search, slong g, slong *i, slong *j) {
    const slong k = search->layer->active, experts = search->layer->experts;
    const sight_t *sight = &search->sights[g];
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
                    compare_logits(search, g, *i, *j) < 0)
                    return true;
            }
    return false;
}

// Sets the tight rays of all cuts.
static int set_tight(search_t *search) {
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

static bool violated_anywhere(search_t *search, slong *i, slong *j) {
    for (slong g = polyhedron_lines(search->shells[0]); g < search->seen; g++)
        if (violated_at(search, g, i, j))
            return true;
    return false;
}

// ---- One cell ----

// Sets `member`, `order` and `columns` to a coalition.
static void set_coalition(search_t *search, const slong *members) {
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
static int cut_known(search_t *search, slong c) {
    int status = GSL_SUCCESS;
    search->cuts.count = search->pairs.count = 0;
    polyhedron_whole(search->shells[0]);
    for (slong at = search->heads.at[c]; at >= 0 && status == GSL_SUCCESS; at = search->seeds.at[at + 1]) {
        slong i, j;
        wall_pair(search->layer->experts, search->seeds.at[at], &i, &j);
        status = search->member[i] ? cut_cell(search, i, j) : cut_cell(search, j, i);
    }
    search->known = search->cuts.count;
    return status;
}

// Cuts the cell of coalition c, which was set, out of R^d, and leaves sights and tight sets of its rays.
static int build_cell(search_t *search, slong c) {
    search->seen = 0;
    if (cut_known(search, c) != GSL_SUCCESS || look_again(search) != GSL_SUCCESS ||
        cut_lines(search) != GSL_SUCCESS)
        return GSL_ENOMEM;
    bool violated = true;
    while (violated) {
        slong i = 0, j = 0;
        violated = most_violated(search, &i, &j);
        if (!violated) {
            if (set_tight(search) != GSL_SUCCESS)
                return GSL_ENOMEM;
            violated = violated_anywhere(search, &i, &j);
        }
        if (violated && (cut_cell(search, i, j) != GSL_SUCCESS || look_again(search) != GSL_SUCCESS))
            return GSL_ENOMEM;
    }
    return GSL_SUCCESS;
}

// Whether the tight set of cut b contains that of cut a; of equal sets, the earlier contains the later.
static bool covers(const search_t *search, slong b, slong a) {
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
static bool is_facet(const search_t *search, slong c) {
    for (slong b = 0; b < search->cuts.count; b++)
        if (b != c && covers(search, b, c))
            return false;
    return true;
}

// Whether the logits at positions p and q agree on facet c: proved different somewhere first, then exactly. (The
// lineality space of the cell is where all logits agree.)
static bool agree_on(const search_t *search, slong c, slong p, slong q) {
    const slong lines = polyhedron_lines(search->shells[0]), rays = search->seen - lines;
    for (slong ray = 0; ray < rays; ray++) {
        double tie;
        const double *logits = logits_at(search, lines + ray, &tie);
        if (ray_in(search, c, ray) && fabs(logits[p] - logits[q]) > tie)
            return false;
    }
    for (slong ray = 0; ray < rays; ray++)
        if (ray_in(search, c, ray) &&
            compare_logits(search, lines + ray, search->order[p], search->order[q]) != 0)
            return false;
    return true;
}

// Sorts the experts of `group` by their logits off the facet, at a ray that is not in it; there are no twins.
static void sort_group(search_t *search, slong c, slong count) {
    slong ray = 0;
    while (ray_in(search, c, ray))
        ray++;
    const slong g = polyhedron_lines(search->shells[0]) + ray;
    for (slong a = 1; a < count; a++) {
        const slong expert = search->group[a];
        slong b = a;
        for (; b > 0 && compare_logits(search, g, search->group[b - 1], expert) > 0; b--)
            search->group[b] = search->group[b - 1];
        search->group[b] = expert;
    }
}

// Lists in `group` the experts that are equal on facet c to those that its wall is between; returns their number.
static slong find_group(search_t *search, slong c) {
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
static slong cross_facet(search_t *search, slong c) {
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
    qsort(search->neighbour, (size_t)kept, sizeof *search->neighbour, compare_numbers);
    return count;
}

// ---- The graph ----

// Adds a coalition, unless it is known, and a facet of it.
//   row  of the walls, or -1 for none
static int add_coalition(search_t *search, const slong *members, slong row) {
    slong number;
    int status = found_add(&search->found, members, &number);
    if (status == GSL_SUCCESS && number == search->heads.count)
        status = numbers_push(&search->heads, -1);
    if (status != GSL_SUCCESS || row < 0)
        return status;
    const slong next = search->heads.at[number];
    search->heads.at[number] = search->seeds.count;
    status = numbers_push(&search->seeds, row);
    return status == GSL_SUCCESS ? numbers_push(&search->seeds, next) : status;
}

// The wall between the first and the last of the sorted group, which change sides across the facet.
static slong turned_wall(const search_t *search, slong group) {
    const slong i = search->group[0], j = search->group[group - 1];
    return i < j ? reach_wall(search->layer->experts, i, j) : reach_wall(search->layer->experts, j, i);
}

// Visits coalition c of those found: writes down its facets, adds its neighbours. What lies across the facets that
// were known from the start has been visited.
static int expand(search_t *search, slong c) {
    set_coalition(search, search->found.members.at + c * search->layer->active);
    int status = numbers_push(&search->first, search->facets.count);
    if (status == GSL_SUCCESS)
        status = build_cell(search, c);
    for (slong cut = 0; cut < search->cuts.count && status == GSL_SUCCESS; cut++) {
        if (cut >= search->known && !is_facet(search, cut))
            continue;
        status = numbers_push(&search->facets, search->cuts.at[cut]);
        if (cut >= search->known && status == GSL_SUCCESS) {
            const slong group = cross_facet(search, cut);
            status = add_coalition(search, search->neighbour, turned_wall(search, group));
        }
    }
    return status;
}

// ---- The list ----

static int compare_coalitions(const void *a, const void *b, void *context) {
    const found_t *found = context;
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
static int sort_found(search_t *search, reach_list_t *list) {
    found_t *found = &search->found;
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
    search_t search;
    int status = search_init(&search, layer, walls);
    if (status == GSL_SUCCESS) {
        first_coalition(layer, search.neighbour);
        status = add_coalition(&search, search.neighbour, -1);
    }
    for (slong c = 0; c < search.found.count && status == GSL_SUCCESS; c++)
        status = expand(&search, c);
    if (status == GSL_SUCCESS)
        status = numbers_push(&search.first, search.facets.count);
    if (status == GSL_SUCCESS)
        status = sort_found(&search, list);
    search_clear(&search);
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
