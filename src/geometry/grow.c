// SPDX-License-Identifier: GPL-3.0-or-later
// Wide layers in the plane; see grow.h.
#include "geometry/grow.h"

#include "geometry/router.h"

#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>

// The lines of an expert are 2^-NEAR apart, in terms of the entries; a crossing is left by one part in ASIDE.
enum { NEAR = 40, ASIDE = 1000003 };

// Where two lines meet, homogeneous, third coordinate >= 0; 0 for parallel lines.
static void meet(fmpz *point, const fmpz *u, const fmpz *v) {
    for (int i = 0; i < 3; i++)
        fmpz_fmms(point + i, u + (i + 1) % 3, v + (i + 2) % 3, u + (i + 2) % 3, v + (i + 1) % 3);
    if (fmpz_sgn(point + 2) < 0)
        _fmpz_vec_neg(point, point, 3);
}

// A point on the line of expert i where i is active, beside the first meeting where it is. Returns false without one.
static bool active_point(const layer_t *layer, slong i, fmpz *point) {
    const fmpz *row = layer->rows->rows[i];
    for (slong j = 0; j < layer->experts; j++) {
        meet(point, row, layer->rows->rows[j]);
        if (j == i || fmpz_is_zero(point + 2))
            continue;
        _fmpz_vec_scalar_mul_si(point, point, 3, ASIDE);
        fmpz_sub(point, point, row + 1);
        fmpz_add(point + 1, point + 1, row);
        if (router_not_below(layer, i, point) < layer->active)
            return true;
    }
    return false;
}

// Line number s beside `row`: row + s e rho + s^2 e^2, times e^-2, where rho crosses the row at the point and e is small.
// Lines s and t meet where rho = -e (s + t) and row = e^2 s t: near the point, and no three in one place.
static void set_beside(fmpz *result, const fmpz *row, const fmpz *point, slong s) {
    fmpz *rho = _fmpz_vec_init(3);
    fmpz_t inverse;
    fmpz_init(inverse);
    fmpz_mul(rho, row + 1, point + 2);
    fmpz_neg(rho, rho);
    fmpz_mul(rho + 1, row, point + 2);
    fmpz_fmms(rho + 2, row + 1, point, row, point + 1);
    fmpz_mul_2exp(inverse, point + 2, NEAR);
    _fmpz_vec_scalar_mul_fmpz(result, row, 3, inverse);
    _fmpz_vec_scalar_addmul_si(result, rho, 3, s);
    _fmpz_vec_scalar_mul_fmpz(result, result, 3, inverse);
    fmpz_addmul_ui(result + 2, point + 2, (ulong)(s * s));
    _fmpz_vec_clear(rho, 3);
    fmpz_clear(inverse);
}

int grow_layer(const layer_t *layer, slong width, layer_t **grown) {
    if (layer->dimension != 2 || layer->width != 1 || layer->active >= layer->experts || width < 1)
        return GSL_EDOM;
    layer_t *wide = layer_alloc(layer->experts, layer->active, width, 2);
    if (wide == NULL)
        return GSL_ENOMEM;
    fmpz *point = _fmpz_vec_init(3);
    bool good = true;
    fmpz_mat_set(wide->router, layer->router);
    for (slong i = 0; i < layer->experts && good; i++) {
        good = active_point(layer, i, point);
        for (slong s = 0; s < width && good; s++)
            set_beside(wide->rows->rows[i * width + s], layer->rows->rows[i], point, s);
    }
    _fmpz_vec_clear(point, 3);
    if (!good) {
        layer_free(wide);
        return GSL_EDOM;
    }
    *grown = wide;
    return GSL_SUCCESS;
}
