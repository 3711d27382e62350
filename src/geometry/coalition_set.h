// SPDX-License-Identifier: GPL-3.0-or-later
// A set of coalitions with a number for each.
#ifndef MOEGEOM_GEOMETRY_COALITION_SET_H
#define MOEGEOM_GEOMETRY_COALITION_SET_H

#include "geometry/indices.h"

// Coalitions in the order in which they were added, with a hash table of their numbers; starts as {.active = k}.
typedef struct coalition_set {
    slong active, count;
    indices_t members;  // count x k, ascending in each coalition
    slong *table;       // numbers of coalitions, -1: free
    slong table_length; // a power of two, more than twice the count
} coalition_set_t;

// Adds a coalition unless it is known.
//   members  k ascending numbers
//   number   receives its number: 0 for the first one added, and so on
// Returns GSL_SUCCESS or GSL_ENOMEM.
int coalition_set_add(coalition_set_t *set, const slong *members, slong *number);
void coalition_set_clear(coalition_set_t *set);

#endif
