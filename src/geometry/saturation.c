// SPDX-License-Identifier: GPL-3.0-or-later
// Distances to the walls of a router; see saturation.h.
#include "geometry/saturation.h"

#include <flint/fmpq_vec.h>
#include <gsl/gsl_errno.h>
#include <stdlib.h>

static void logit_at(fmpq_t value, const layer_t *layer, slong expert, const fmpq *point) {
    const fmpz *row = layer->router->rows[expert];
    fmpq_t product;
    fmpq_init(product);
    fmpq_set_fmpz(value, row + layer->dimension);
    for (slong j = 0; j < layer->dimension; j++) {
        fmpq_mul_fmpz(product, point + j, row + j);
        fmpq_add(value, value, product);
    }
    fmpq_clear(product);
}

// Marks the k experts with the largest logits; returns false when the threshold is tied.
static bool mark_coalition(const layer_t *layer, const fmpq *logits, bool *member) {
    slong members = 0;
    for (slong i = 0; i < layer->experts; i++) {
        slong ahead = 0; // or level
        for (slong j = 0; j < layer->experts; j++)
            ahead += j != i && fmpq_cmp(logits + j, logits + i) >= 0;
        member[i] = ahead < layer->active;
        members += member[i];
    }
    return members == layer->active || layer->active == layer->experts;
}

static void squared_norm(fmpz_t norm, const layer_t *layer, slong i, slong j) {
    fmpz_t difference;
    fmpz_init(difference);
    fmpz_zero(norm);
    for (slong l = 0; l < layer->dimension; l++) {
        fmpz_sub(difference, fmpz_mat_entry(layer->router, i, l), fmpz_mat_entry(layer->router, j, l));
        fmpz_addmul(norm, difference, difference);
    }
    fmpz_clear(difference);
}

// The least squared distance to a wall of the coalition; GSL_EDOM without walls.
static int nearest_wall(const layer_t *layer, const fmpq *logits, const bool *member, fmpq_t squared) {
    int status = GSL_EDOM;
    fmpq_t distance;
    fmpz_t norm;
    fmpq_init(distance);
    fmpz_init(norm);
    for (slong i = 0; i < layer->experts; i++)
        for (slong j = 0; j < layer->experts; j++) {
            if (!member[i] || member[j])
                continue;
            squared_norm(norm, layer, i, j);
            if (fmpz_is_zero(norm))
                continue;
            fmpq_sub(distance, logits + i, logits + j);
            fmpq_mul(distance, distance, distance);
            fmpq_div_fmpz(distance, distance, norm);
            if (status == GSL_EDOM || fmpq_cmp(distance, squared) < 0)
                fmpq_set(squared, distance);
            status = GSL_SUCCESS;
        }
    fmpq_clear(distance);
    fmpz_clear(norm);
    return status;
}

// What a point is about: its coalition, and the distance.
static int examine(const layer_t *layer, const fmpq *point, bool *member, fmpq_t squared) {
    slong first, second;
    if (layer->active == layer->experts || layer_twins(layer, &first, &second))
        return GSL_EDOM;
    fmpq *logits = _fmpq_vec_init(layer->experts);
    for (slong i = 0; i < layer->experts; i++)
        logit_at(logits + i, layer, i, point);
    int status = GSL_SUCCESS;
    if (mark_coalition(layer, logits, member))
        status = nearest_wall(layer, logits, member, squared);
    else
        fmpq_zero(squared);
    _fmpq_vec_clear(logits, layer->experts);
    return status;
}

int saturation_distance(const layer_t *layer, const fmpq *point, fmpq_t squared) {
    bool *member = malloc((size_t)layer->experts * sizeof *member);
    const int status = member == NULL ? GSL_ENOMEM : examine(layer, point, member, squared);
    free(member);
    return status;
}

int saturation_hull(const layer_t *layer, const fmpq_mat_t points, fmpq_t squared) {
    const slong n = layer->experts;
    bool *member = malloc(2 * (size_t)n * sizeof *member), *first = member + n;
    if (member == NULL)
        return GSL_ENOMEM;
    fmpq_t least, distance;
    fmpq_init(least);
    fmpq_init(distance);
    int status = examine(layer, points->rows[0], first, least);
    for (slong p = 1; p < points->r && status == GSL_SUCCESS; p++) {
        status = examine(layer, points->rows[p], member, distance);
        for (slong i = 0; i < n; i++)
            if (member[i] != first[i])
                fmpq_zero(distance);
        if (fmpq_cmp(distance, least) < 0)
            fmpq_set(least, distance);
    }
    if (status == GSL_SUCCESS)
        fmpq_set(squared, least);
    fmpq_clear(least);
    fmpq_clear(distance);
    free(member);
    return status;
}
