// SPDX-License-Identifier: GPL-3.0-or-later
// The walk through the broken-circuit tree of an arrangement modulo a prime; the inner part of tree.h.
#ifndef MOEGEOM_GEOMETRY_TREE_WALK_H
#define MOEGEOM_GEOMETRY_TREE_WALK_H

#include "geometry/tree.h"
#include "number/memo.h"
#include "number/residue.h"

// What all walkers share: distinct hyperplanes that span, not all through one point. Read only.
typedef struct tree_plan {
    slong dimension;  // d >= 2
    slong rows;       // n >= d
    fmpz_mat_t exact; // n x (d + 1)
    residue_field_t field;
    double *columns;    // column j at columns + j * stride: y_2 ... y_d, c of the rows scaled to (1, y, c)
    size_t stride;      // at least n and padding
    bool bounded;       // residues of 0 prove zeros
    slong primes;       // for confirmations, when not bounded:
    ulong *prime;       // their product exceeds every minor of `exact`
    ulong *residues;    // prime after prime, n x (d + 1)
    const slong *names; // number of each row in the caller's arrangement
    slong common;       // a row that all events share (central arrangements), or -1
} tree_plan_t;

// One thread's place in the tree.
typedef struct tree_walker tree_walker_t;

enum { TREE_UNLUCKY = 1024 }; // beside the statuses of GSL: the prime or the coordinates were unlucky

// NULL when memory is short. `event` is NULL, or hears of every event; flats are then not remembered.
tree_walker_t *tree_walker_alloc(const tree_plan_t *plan, tree_event_t event, void *context);
void tree_walker_free(tree_walker_t *walker); // NULL is allowed

// The number of parts of the walk, and one of them: adds the nodes below it to sums[0..d], by codimension, and
// the zero events to sums[d + 1]. The root and its rows belong to no part.
// Returns GSL_SUCCESS, GSL_EOVRFLW, GSL_ENOMEM, TREE_UNLUCKY, or what the event function returned.
ulong tree_walk_parts(const tree_plan_t *plan);
int tree_walk(tree_walker_t *walker, ulong part, fmpz *sums);

#endif
