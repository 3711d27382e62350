// SPDX-License-Identifier: GPL-3.0-or-later
// Arrays of numbers; see numbers.h.
#include "geometry/numbers.h"

#include <gsl/gsl_errno.h>
#include <stdlib.h>

int numbers_reserve(numbers_t *numbers, slong more) {
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

int numbers_push(numbers_t *numbers, slong number) {
    const int status = numbers_reserve(numbers, 1);
    if (status == GSL_SUCCESS)
        numbers->at[numbers->count++] = number;
    return status;
}

static int compare_numbers(const void *a, const void *b) {
    const slong left = *(const slong *)a, right = *(const slong *)b;
    return (left > right) - (left < right);
}

void numbers_sort(slong *numbers, slong n) {
    qsort(numbers, (size_t)n, sizeof *numbers, compare_numbers);
}
