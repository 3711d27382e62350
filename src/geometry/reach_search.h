// SPDX-License-Identifier: GPL-3.0-or-later
// What the parts of the search for reachable coalitions share (reach.h). Not for others.
//
//     reach         walls, the graph of cells, the list
//     reach_search  one cell, its facets, and the coalitions across them
//     reach_sights  logits at the generators of a cell, and the walls that they violate
//
// Error bounds of the search; u = 2^-53, W = d + 1. Router rows are kept in doubles on one common scale, |r_j| <= 1,
// each entry off by at most u; a generator as v with |v_j| <= m and an error of at most e. A logit r.v computed in
// any order is then off by at most W (m (W + 1) u + e) to first order, so the difference of two logits by
// 2 W (m (W + 1) u + e), and its own rounding by 2 W m u more. `tie` has W + 4 in place of W + 2 for the second
// orders. Differences that are not larger than this are decided by polyhedron_sign.
#ifndef MOEGEOM_GEOMETRY_REACH_SEARCH_H
#define MOEGEOM_GEOMETRY_REACH_SEARCH_H

#include "geometry/coalition_set.h"
#include "geometry/reach.h"

#include <stdbool.h>
#include <stdint.h>

enum { WORD_BITS = 64 };

// What is known of generator g of the cell under construction: its place in the pool of logits, and of a ray the
// member and the other expert that are the nearest to being in the wrong order, with the logit of the member less
// that of the other.
typedef struct reach_sight {
    slong place;
    slong member, other; // positions, see reach_search_t
    double gap;
} reach_sight_t;

typedef struct reach_search {
    const layer_t *layer;
    const polyhedron_rows_t *walls;
    double *router;              // entry j of expert i at [i * (d + 1) + j], on one common scale
    polyhedron_t *shells[2];     // the cell under construction is shells[0]
    bool *member;                // N: the coalition
    slong *order;                // N: the experts in the order of their positions: members first
    slong *position;             // N: the position of each expert
    double *columns;             // router entry j of the expert at position p at [j * N + p]
    slong *neighbour;            // N: another coalition under construction
    slong *group, *root;         // N each: experts that are equal on a facet; trees of experts equal at a ray
    indices_t cuts;              // walls that the cell was cut by, as in reach_list_t
    indices_t pairs;             // of each cut: the member and the other expert
    slong known;                 // the first cuts: facets from neighbours that were visited before
    reach_sight_t *sights, *old; // of the generators, now and before the last cut
    slong seen;                  // generators that `sights` is of
    double *pool;                // entries of d + 3 + N doubles: coordinates, error, tie, logits by position
    bool *taken;                 // which entries of the pool are in use
    slong room;      // generators that there is room for in `sights` and `old`, and twice in the pool
    uint64_t *tight; // which rays are tight on cut c: set of `words` words at [c * words]
    slong words, tight_room;
    coalition_set_t found;
    indices_t seeds; // facets that coalitions have from neighbours: pairs of a row and the next pair's place
    indices_t heads; // of each coalition found: the place of its first pair, or -1
    indices_t facets, first; // of the coalitions done, as in reach_list_t
} reach_search_t;

// Unless said otherwise: GSL_SUCCESS or GSL_ENOMEM.

int reach_search_init(reach_search_t *search, const layer_t *layer, const polyhedron_rows_t *walls);
void reach_search_clear(reach_search_t *search);

// ---- One cell ----

// Sets `member`, `order` and `columns` to a coalition.
void reach_set_coalition(reach_search_t *search, const slong *members);

// Cuts the cell of coalition c, which was set, out of R^d, and leaves sights and tight sets of its rays.
int reach_build(reach_search_t *search, slong c);

// Whether cut c bounds the cell in a facet.
bool reach_is_facet(const reach_search_t *search, slong c);

// Sets `neighbour` to the coalition on the other side of facet c. Returns the size of `group`, the experts that are equal on the
// facet, in the order of their logits off it.
slong reach_cross(reach_search_t *search, slong c);

// Cuts the cell to where member i is above j.
int reach_cut(reach_search_t *search, slong i, slong j);

// The sign, at generator g, of the logit of i less that of j; exact.
int reach_compare(const reach_search_t *search, slong g, slong i, slong j);

// ---- Sights ----

// Brings `sights` up to date after a cut.
int reach_look(reach_search_t *search);

// Cuts until all logits agree on the lineality space.
int reach_cut_lines(reach_search_t *search);

// Finds the wall of member i against j that is violated the most, proved by doubles; or, after set_tight, any, exactly. Returns false
// when there is none.
bool reach_most_violated(const reach_search_t *search, slong *i, slong *j);
bool reach_violated(reach_search_t *search, slong *i, slong *j);

// Sets the tight rays of all cuts.
int reach_set_tight(reach_search_t *search);

static inline slong pool_width(const reach_search_t *search) {
    return search->layer->dimension + 3 + search->layer->experts;
}

static inline double *pool_entry(const reach_search_t *search, slong g) {
    return search->pool + search->sights[g].place * pool_width(search);
}

// The logits at generator g by position, and how far two must be apart.
static inline const double *logits_at(const reach_search_t *search, slong g, double *tie) {
    const double *entry = pool_entry(search, g);
    *tie = entry[search->layer->dimension + 2];
    return entry + search->layer->dimension + 3;
}

static inline slong row_of(slong cut) {
    return cut < 0 ? -1 - cut : cut;
}

static inline bool ray_in(const reach_search_t *search, slong c, slong ray) {
    return search->tight[c * search->words + ray / WORD_BITS] >> (ray % WORD_BITS) & 1;
}

#endif
