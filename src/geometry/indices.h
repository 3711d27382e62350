// SPDX-License-Identifier: GPL-3.0-or-later
// Arrays of numbers that grow.
#ifndef MOEGEOM_GEOMETRY_INDICES_H
#define MOEGEOM_GEOMETRY_INDICES_H

#include <flint/flint.h>

// A growing array; starts as {0}, and `at` is freed by the owner.
typedef struct indices {
    slong *at;
    slong count, room;
} indices_t;

// Room for so many more; appends one. GSL_SUCCESS, or GSL_ENOMEM with the array as it was.
int indices_reserve(indices_t *indices, slong more);
int indices_push(indices_t *indices, slong number);

// Sorts n numbers, ascending.
void indices_sort(slong *indices, slong n);

#endif
