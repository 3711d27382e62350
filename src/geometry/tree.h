// SPDX-License-Identifier: GPL-3.0-or-later
// The exact number of regions of an arrangement, fast: the broken-circuit tree modulo a prime.
//
// A node of the tree is a flat F with the hyperplanes that come before all those that cut it out, restricted to
// F, those that coincide there counting once; its children are the restrictions of the earlier ones to each. The
// nodes at codimension j are the no-broken-circuit sets of j hyperplanes, their number is the absolute value of
// the j-th coefficient of the characteristic polynomial, and all of them together are as many as the regions
// (H. Whitney 1932; T. Zaslavsky, Memoirs AMS 154 (1975); A. Bjoerner, G. Ziegler, JCTB 51 (1991) 96).
//
// The tree asks only whether minors of the rows vanish, and asks it modulo a prime p below 2^50
// (number/residue.h). A residue that is not 0 proves that the minor is not 0. A residue that is 0 is a *zero
// event*; it proves that the minor is 0 when Hadamard's bound of the minors is below p, and is otherwise
// confirmed by the rank of the rows modulo further primes whose product exceeds the bound. Where a confirmation
// fails the prime was unlucky, and the count starts again with the next one. So no answer rests on chance.
//
// The coordinates are changed at random modulo p first, which makes every pivot the first entry: hyperplane t,
// scaled to (1, y_t), meets hyperplane s, scaled to (1, y_s), in y_s - y_t without a multiplication.
#ifndef MOEGEOM_GEOMETRY_TREE_H
#define MOEGEOM_GEOMETRY_TREE_H

#include "geometry/arrangement.h"
#include "number/shards.h"

// The number of regions, and what it rests on.
typedef struct tree_count {
    fmpz_t regions;
    slong levels;      // d + 1
    fmpz *level;       // level[j]: no-broken-circuit sets of j hyperplanes; they add up to `regions`
    fmpz_t events;     // zero events: rows that coincide or are parallel on a flat, points that coincide on a
                       // line; 0 proves general position of the distinct hyperplanes modulo their lineality
                       // space, and, when they are central, of their slice
    slong hyperplanes; // distinct ones, = level[1]
    bool central; // all hyperplanes have a common point: the tree ran on the slice that a parallel to the
                  // first one cuts out, and the count was doubled
    slong hadamard_bits; // 2^bits is at least every minor that occurs, and every minor of the rows of `a`
    slong primes;        // how many; 0 where no tree was needed: no rows, or nothing but points on a line
    fmpz *prime; // the prime that the tree ran with, and those that confirmed its events; their product
                 // exceeds 2^(hadamard_bits + 1)
} tree_count_t;

void tree_count_init(tree_count_t *count, slong dimension);
void tree_count_clear(tree_count_t *count);

// Counts the regions of any arrangement; rows with w = 0 and repetitions are left out.
//
// Subtrees that a projective map takes to one another (geometry/tree_key.h) are counted once where that pays: their
// canonical forms are remembered as long as enough of them come again, in TREE_MEMORY bytes for each thread, and only
// when Hadamard's bound is below the prime. Time about 3 ns for each vertex that is visited; memory
// O(n d^2 + min(n, 100)^2 d) doubles for each thread, beside the memory of forms.
//
//   control  threads and watchers; NULL: all cores, nobody watches
//   count    initialised
// Returns GSL_SUCCESS; GSL_EOVRFLW when a count exceeds 2^127; GSL_EFAILED after eight unlucky primes;
// GSL_ENOMEM. On an error `count` is as it was.
int tree_regions(const arrangement_t *a, const shards_control_t *control, tree_count_t *count);

enum { TREE_MEMORY = 24 << 20 };

// An upper bound of the vertices that will be visited: binomial(n, d) for the distinct hyperplanes, after the
// reduction of arrangements that do not span and of central ones.
double tree_work(const arrangement_t *a);

// A zero event: rows of `a`, ascending, that are linearly dependent.
//   parallel  their normals w are, although the rows are not
typedef int (*tree_event_t)(void *context, const slong *rows, slong size, bool parallel);

// Visits zero events one after another in the order of the tree, without remembering flats. `visit` returns
// GSL_SUCCESS to go on; any other value ends the search, which returns it. Errors as tree_regions.
int tree_events(const arrangement_t *a, tree_event_t visit, void *context);

#endif
