// SPDX-License-Identifier: GPL-3.0-or-later
// Confirms zero events of a tree whose minors may exceed its prime: rows are dependent when they are so modulo primes
// whose product exceeds every minor.
#ifndef MOEGEOM_GEOMETRY_TREE_CONFIRM_H
#define MOEGEOM_GEOMETRY_TREE_CONFIRM_H

#include "geometry/tree_walk.h"

typedef struct tree_confirm tree_confirm_t;

// A work space of one thread for a plan with primes; NULL when memory is short. The rows of the present path are kept
// in echelon form, and other rows reduced by them, as long as events come with the same path.
tree_confirm_t *tree_confirm_alloc(const tree_plan_t *plan);
void tree_confirm_free(tree_confirm_t *confirm); // NULL is allowed

// Whether the rows path[0..fixed-1] and rows[0..count-1] are dependent.
//   path     independent rows of the plan
//   count    2 or 3
//   columns  d: their normals; d + 1: the whole rows
bool tree_confirm(tree_confirm_t *confirm, const int *path, slong fixed, const int *rows, slong count,
                  slong columns);

#endif
