// SPDX-License-Identifier: GPL-3.0-or-later
// Restriction to planes and lines; see slice.h.
#include "geometry/slice.h"

#include <flint/fmpq_vec.h>
#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>

// The homogeneous frame of the flat: row i < m is (p_(i+1) - p_0, 0), row m is (p_0, 1), all times one positive
// integer, which gives integers. A row (w, b) becomes frame . (w, b), times that integer.
static void make_frame(fmpz_mat_t frame, const fmpq_mat_t points) {
    const slong m = fmpq_mat_nrows(points) - 1, d = fmpq_mat_ncols(points);
    fmpq_mat_t rational;
    fmpq_mat_init(rational, m + 1, d + 1);
    for (slong j = 0; j < d; j++) {
        for (slong i = 0; i < m; i++)
            fmpq_sub(fmpq_mat_entry(rational, i, j), fmpq_mat_entry(points, i + 1, j),
                     fmpq_mat_entry(points, 0, j));
        fmpq_set(fmpq_mat_entry(rational, m, j), fmpq_mat_entry(points, 0, j));
    }
    fmpq_one(fmpq_mat_entry(rational, m, d));
    fmpz_t scale;
    fmpz_init(scale);
    fmpq_mat_get_fmpz_mat_matwise(frame, scale, rational);
    fmpz_clear(scale);
    fmpq_mat_clear(rational);
}

// Makes the frame of points that fit. Returns GSL_EDOM for points that do not span, or for another shape.
static int frame_init(fmpz_mat_t frame, const fmpq_mat_t points, slong dimension) {
    const slong count = fmpq_mat_nrows(points);
    if ((count != 2 && count != 3) || fmpq_mat_ncols(points) != dimension)
        return GSL_EDOM;
    fmpz_mat_init(frame, count, dimension + 1);
    make_frame(frame, points);
    if (fmpz_mat_rank(frame) == count)
        return GSL_SUCCESS;
    fmpz_mat_clear(frame);
    return GSL_EDOM;
}

// sliced = rows . frame^T, each row divided by its positive content, or all by a common one.
static void restrict_rows(fmpz_mat_t sliced, const fmpz_mat_t rows, const fmpz_mat_t frame, bool common) {
    fmpz_mat_t turned;
    fmpz_mat_init(turned, fmpz_mat_ncols(frame), fmpz_mat_nrows(frame));
    fmpz_mat_transpose(turned, frame);
    fmpz_mat_mul(sliced, rows, turned);
    fmpz_mat_clear(turned);
    fmpz_t content;
    fmpz_init(content);
    if (common) {
        fmpz_mat_content(content, sliced);
        if (!fmpz_is_zero(content))
            fmpz_mat_scalar_divexact_fmpz(sliced, sliced, content);
    }
    for (slong i = 0; !common && i < fmpz_mat_nrows(sliced); i++) {
        _fmpz_vec_content(content, sliced->rows[i], fmpz_mat_ncols(sliced));
        if (!fmpz_is_zero(content))
            _fmpz_vec_scalar_divexact_fmpz(sliced->rows[i], sliced->rows[i], fmpz_mat_ncols(sliced), content);
    }
    fmpz_clear(content);
}

int slice_layer(const layer_t *layer, const fmpq_mat_t points, layer_t **slice) {
    fmpz_mat_t frame;
    const int status = frame_init(frame, points, layer->dimension);
    if (status != GSL_SUCCESS)
        return status;
    layer_t *made = layer_alloc(layer->experts, layer->active, layer->width, fmpz_mat_nrows(frame) - 1);
    if (made != NULL) {
        restrict_rows(made->router, layer->router, frame, true);
        restrict_rows(made->rows, layer->rows, frame, false);
        *slice = made;
    }
    fmpz_mat_clear(frame);
    return made != NULL ? GSL_SUCCESS : GSL_ENOMEM;
}

int slice_arrangement(const arrangement_t *a, const fmpq_mat_t points, arrangement_t **slice) {
    fmpz_mat_t frame;
    const int status = frame_init(frame, points, a->dimension);
    if (status != GSL_SUCCESS)
        return status;
    arrangement_t *made = arrangement_alloc(a->planes, fmpz_mat_nrows(frame) - 1);
    if (made != NULL) {
        restrict_rows(made->rows, a->rows, frame, false);
        *slice = made;
    }
    fmpz_mat_clear(frame);
    return made != NULL ? GSL_SUCCESS : GSL_ENOMEM;
}
