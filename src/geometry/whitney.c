// SPDX-License-Identifier: GPL-3.0-or-later
// Whitney's theorem, set by set; see whitney.h.
#include "geometry/whitney.h"

#include <gsl/gsl_errno.h>

// The sum over central sets, under way.
typedef struct walk {
    const arrangement_t *a;
    fmpz_mat_t chosen; // n x (d + 1); its first `size` rows are the set
    slong size;
    ulong left; // sets that may still be visited
    fmpz_t sum;
} walk_t;

// The rank of the first `columns` columns of the set.
static slong rank(const walk_t *walk, slong columns) {
    fmpz_mat_t part;
    fmpz_mat_window_init(part, walk->chosen, 0, 0, walk->size, columns);
    const slong result = fmpz_mat_rank(part);
    fmpz_mat_window_clear(part);
    return result;
}

// Visits the set and all central sets that extend it by rows from `first` on. Sets that are not central are
// left at once: no set that contains one is central.
static int visit(walk_t *walk, slong first) {
    const slong d = walk->a->dimension, of_normals = rank(walk, d);
    if (of_normals < rank(walk, d + 1))
        return GSL_SUCCESS;
    if (walk->left == 0)
        return GSL_EMAXITER;
    walk->left--;
    if ((walk->size - of_normals) % 2 == 0)
        fmpz_add_ui(walk->sum, walk->sum, 1);
    else
        fmpz_sub_ui(walk->sum, walk->sum, 1);

    int status = GSL_SUCCESS;
    for (slong i = first; i < walk->a->planes && status == GSL_SUCCESS; i++) {
        fmpz *row = walk->a->rows->rows[i];
        if (_fmpz_vec_is_zero(row, d))
            continue;
        _fmpz_vec_set(walk->chosen->rows[walk->size++], row, d + 1);
        status = visit(walk, i + 1);
        walk->size--;
    }
    return status;
}

int whitney_regions(const arrangement_t *a, ulong limit, fmpz_t regions) {
    walk_t walk = {.a = a, .left = limit};
    fmpz_mat_init(walk.chosen, a->planes, a->dimension + 1);
    fmpz_init(walk.sum);
    const int status = visit(&walk, 0);
    if (status == GSL_SUCCESS)
        fmpz_swap(regions, walk.sum);
    fmpz_clear(walk.sum);
    fmpz_mat_clear(walk.chosen);
    return status;
}
