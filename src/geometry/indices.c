// SPDX-License-Identifier: GPL-3.0-or-later
// Arrays of indices; see indices.h.
#include "geometry/indices.h"

#include <gsl/gsl_errno.h>
#include <stdlib.h>

int indices_reserve(indices_t *indices, slong more) {
    if (indices->count + more <= indices->room)
        return GSL_SUCCESS;
    const slong room = 2 * indices->room + more + 64;
    slong *at = realloc(indices->at, (size_t)room * sizeof *at);
    if (at == NULL)
        return GSL_ENOMEM;
    indices->at = at;
    indices->room = room;
    return GSL_SUCCESS;
}

int indices_push(indices_t *indices, slong number) {
    const int status = indices_reserve(indices, 1);
    if (status == GSL_SUCCESS)
        indices->at[indices->count++] = number;
    return status;
}

static int compare_numbers(const void *a, const void *b) {
    const slong left = *(const slong *)a, right = *(const slong *)b;
    return (left > right) - (left < right);
}

void indices_sort(slong *indices, slong n) {
    qsort(indices, (size_t)n, sizeof *indices, compare_numbers);
}
