// SPDX-License-Identifier: GPL-3.0-or-later
// Bounds on the number of regions, as exact integers; see bounds.h.
#include "geometry/bounds.h"

#include <gsl/gsl_errno.h>
#include <stdbool.h>
#include <stdint.h>

void bounds_phi(fmpz_t result, ulong n, ulong d) {
    fmpz_t term, sum;
    fmpz_init_set_ui(term, 1);
    fmpz_init_set_ui(sum, 1);
    for (ulong j = 1; j <= d && j <= n; j++) {
        fmpz_mul_ui(term, term, n - j + 1); // binomial(n, j) from binomial(n, j - 1)
        fmpz_divexact_ui(term, term, j);
        fmpz_add(sum, sum, term);
    }
    fmpz_swap(result, sum);
    fmpz_clear(term);
    fmpz_clear(sum);
}

slong bounds_phi_si(ulong n, ulong d) {
    fmpz_t value;
    fmpz_init(value);
    bounds_phi(value, n, d);
    const slong result = fmpz_fits_si(value) ? fmpz_get_si(value) : WORD_MAX;
    fmpz_clear(value);
    return result;
}

void bounds_owners(fmpz_t result, ulong experts, ulong width, ulong j, ulong e) {
    fmpz_t choices, sets, sum;
    fmpz_init(choices);
    fmpz_init(sets);
    fmpz_init(sum);
    for (ulong i = 0; i <= e; i++) {
        fmpz_bin_uiui(choices, e, i);
        fmpz_bin_uiui(sets, i * width, j);
        if ((e - i) % 2 == 0)
            fmpz_addmul(sum, choices, sets);
        else
            fmpz_submul(sum, choices, sets);
    }
    fmpz_bin_uiui(choices, experts, e);
    fmpz_mul(result, choices, sum);
    fmpz_clear(choices);
    fmpz_clear(sets);
    fmpz_clear(sum);
}

void bounds_cells(fmpz_t result, ulong n, ulong q, ulong m) {
    fmpz_bin_uiui(result, n, m == 0 ? 0 : q);
    if (m != 1)
        return;
    fmpz_t swaps;
    fmpz_init_set_ui(swaps, q);
    fmpz_mul_ui(swaps, swaps, n - q);
    fmpz_add_ui(swaps, swaps, 1);
    if (fmpz_cmp(swaps, result) < 0)
        fmpz_swap(result, swaps);
    fmpz_clear(swaps);
}

static bool is_layer(const bounds_layer_t *layer) {
    return layer->active >= 1 && layer->active <= layer->experts && layer->dimension >= 1 &&
           layer->width <= INT64_MAX / layer->experts;
}

int bounds_dense(fmpz_t result, const bounds_layer_t *layer) {
    if (!is_layer(layer))
        return GSL_EDOM;
    bounds_phi(result, layer->width, layer->dimension);
    return GSL_SUCCESS;
}

int bounds_top1(fmpz_t result, const bounds_layer_t *layer) {
    const int status = bounds_dense(result, layer);
    if (status == GSL_SUCCESS)
        fmpz_mul_ui(result, result, layer->experts);
    return status;
}

// binomial(N, k) Phi(kH, d).
static void routed_phi(fmpz_t result, const bounds_layer_t *layer, ulong d) {
    fmpz_t coalitions;
    fmpz_init(coalitions);
    fmpz_bin_uiui(coalitions, layer->experts, layer->active);
    bounds_phi(result, layer->active * layer->width, d);
    fmpz_mul(result, result, coalitions);
    fmpz_clear(coalitions);
}

int bounds_topk(fmpz_t result, const bounds_layer_t *layer) {
    if (!is_layer(layer))
        return GSL_EDOM;
    routed_phi(result, layer, layer->dimension);
    return GSL_SUCCESS;
}

int bounds_points(fmpz_t result, const bounds_layer_t *layer) {
    if (!is_layer(layer))
        return GSL_EDOM;
    fmpz_t points;
    fmpz_init(points);
    routed_phi(result, layer, layer->dimension - 1);
    for (ulong e = 0; e <= layer->active; e++) {
        bounds_owners(points, layer->experts, layer->width, layer->dimension, e);
        fmpz_add(result, result, points);
    }
    fmpz_clear(points);
    return GSL_SUCCESS;
}

int bounds_flats(fmpz_t result, const bounds_layer_t *layer) {
    if (!is_layer(layer))
        return GSL_EDOM;
    fmpz_t flats, cells;
    fmpz_init(flats);
    fmpz_init(cells);
    fmpz_zero(result);
    for (ulong j = 0; j <= layer->dimension; j++)
        for (ulong e = 0; e <= j && e <= layer->active; e++) {
            bounds_owners(flats, layer->experts, layer->width, j, e);
            bounds_cells(cells, layer->experts - e, layer->active - e, layer->dimension - j);
            fmpz_addmul(result, flats, cells);
        }
    fmpz_clear(flats);
    fmpz_clear(cells);
    return GSL_SUCCESS;
}

void bounds_cells_sharp(fmpz_t result, ulong n, ulong q, ulong m) {
    bounds_cells(result, n, q, m);
    const ulong rest = q < n - q ? q : n - q;
    if (rest != 2 || m == 0 || m > 2)
        return;
    fmpz_set_ui(result, 3);
    fmpz_mul_ui(result, result, m == 1 ? n - 1 : n - 2);
    if (m == 1)
        fmpz_fdiv_q_2exp(result, result, 1);
}

void bounds_corners(fmpz_t result, ulong n, ulong d) {
    // Upwards from T(n - d + 2, 2), or T(n, 1).
    fmpz_set_ui(result, d == 1 ? n : 2 * (n - d) + 1);
    for (ulong m = 3; m <= d; m++) {
        fmpz_mul_ui(result, result, n - d + m);
        fmpz_fdiv_q_ui(result, result, m);
    }
}

static void at_most(fmpz_t result, const fmpz_t bound) {
    if (fmpz_cmp(bound, result) < 0)
        fmpz_set(result, bound);
}

// The summand of (U*) for j hyperplanes of e owners.
static void flats_term(fmpz_t result, const bounds_layer_t *layer, ulong j, ulong e) {
    const ulong experts = layer->experts, active = layer->active, width = layer->width, d = layer->dimension;
    fmpz_t other, cells;
    fmpz_init(other);
    fmpz_init(cells);
    bounds_owners(result, experts, width, j, e);
    bounds_cells_sharp(cells, experts - e, active - e, d - j);
    fmpz_mul(result, result, cells);
    bounds_owners(other, active, width, j, e);
    bounds_cells_sharp(cells, experts, active, d);
    fmpz_mul(other, other, cells);
    at_most(result, other);
    if (j == d && e == d && active == d) {
        fmpz_set_ui(other, width);
        fmpz_pow_ui(other, other, d);
        bounds_corners(cells, experts, d);
        fmpz_mul(other, other, cells);
        at_most(result, other);
    }
    fmpz_clear(other);
    fmpz_clear(cells);
}

int bounds_flats_level(fmpz_t result, const bounds_layer_t *layer, ulong j) {
    if (!is_layer(layer) || j > layer->dimension)
        return GSL_EDOM;
    fmpz_t term;
    fmpz_init(term);
    fmpz_zero(result);
    for (ulong e = 0; e <= j && e <= layer->active; e++) {
        flats_term(term, layer, j, e);
        fmpz_add(result, result, term);
    }
    fmpz_clear(term);
    return GSL_SUCCESS;
}

int bounds_flats_sharp(fmpz_t result, const bounds_layer_t *layer) {
    if (!is_layer(layer))
        return GSL_EDOM;
    fmpz_t level, sum;
    fmpz_init(level);
    fmpz_init(sum);
    for (ulong j = 0; j <= layer->dimension; j++) {
        bounds_flats_level(level, layer, j);
        fmpz_add(sum, sum, level);
    }
    fmpz_swap(result, sum);
    fmpz_clear(level);
    fmpz_clear(sum);
    return GSL_SUCCESS;
}
