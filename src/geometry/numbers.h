// SPDX-License-Identifier: GPL-3.0-or-later
// Arrays of numbers that grow.
#ifndef MOEGEOM_GEOMETRY_NUMBERS_H
#define MOEGEOM_GEOMETRY_NUMBERS_H

#include <flint/flint.h>

// A growing array; starts as {0}, and `at` is freed by the owner.
typedef struct numbers {
    slong *at;
    slong count, room;
} numbers_t;

// Room for so many more; appends one. GSL_SUCCESS, or GSL_ENOMEM with the array as it was.
int numbers_reserve(numbers_t *numbers, slong more);
int numbers_push(numbers_t *numbers, slong number);

// Sorts n numbers, ascending.
void numbers_sort(slong *numbers, slong n);

#endif
