// SPDX-License-Identifier: GPL-3.0-or-later
// A trained layer as exact data; see layer_topk.h.
#include "geometry/layer_topk.h"

#include "number/dyadic.h"

// The binary place of the last digit of all values; 0 when all are 0.
static slong last_place(const double *values, size_t n) {
    const slong place = dyadic_last_place(values, n, WORD_MAX);
    return place == WORD_MAX ? 0 : place;
}

// (r, -r.m) times 2^-(place + the centre's last place).
static void set_centred_row(fmpz *row, const double *weights, const double *centre, size_t n, slong place) {
    const slong of_centre = last_place(centre, n);
    fmpz_t factor;
    fmpz_init(factor);
    fmpz_zero(row + n);
    dyadic_integers(row, weights, n, place);
    for (size_t j = 0; j < n; j++) {
        fmpz_set_d_2exp(factor, centre[j], -of_centre);
        fmpz_submul(row + n, row + j, factor);
    }
    // The weights count 2^-of_centre of these units.
    for (size_t j = 0; j < n && of_centre < 0; j++)
        fmpz_mul_2exp(row + j, row + j, (ulong)-of_centre);
    if (of_centre > 0)
        fmpz_mul_2exp(row + n, row + n, (ulong)of_centre);
    fmpz_clear(factor);
}

static void set_router(layer_t *exact, const topk_layer_t *layer) {
    const size_t inputs = layer->shape.inputs, columns = inputs + 1;
    // Logits are compared with each other; the biases behind a centre take no part, and are no coarser or finer than weights.
    const slong common = last_place(layer->router, layer->shape.experts * columns);
    for (size_t i = 0; i < layer->shape.experts; i++) {
        const double *row = layer->router + i * columns;
        if (layer->centre == NULL)
            dyadic_integers(exact->router->rows[i], row, columns, common);
        else
            set_centred_row(exact->router->rows[i], row, layer->centre, inputs, common);
    }
}

layer_t *layer_topk(const topk_layer_t *layer) {
    const topk_shape_t *shape = &layer->shape;
    const size_t columns = shape->inputs + 1;
    layer_t *exact =
        layer_alloc((slong)shape->experts, (slong)shape->active, (slong)shape->width, (slong)shape->inputs);
    if (exact == NULL)
        return NULL;
    set_router(exact, layer);
    for (size_t i = 0; i < shape->experts * shape->width; i++) {
        const double *row = layer->hidden + i * columns;
        dyadic_integers(exact->rows->rows[i], row, columns, last_place(row, columns));
    }
    return exact;
}
