// SPDX-License-Identifier: GPL-3.0-or-later
// Hill climbing for layers with many regions; see climb.h.
#include "geometry/climb.h"

#include "geometry/layer_flats.h"

#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>

// Of so many kinds of change one draws a whole row and one an entry; the others move an entry by at most an eighth of
// the range and 1.
enum { KINDS = 4 };

static slong pick(stream_t *stream, slong low, slong high) {
    uint64_t word;
    stream_bits(stream, &word, 1);
    return low + (slong)(word % (uint64_t)(high - low + 1));
}

// Row number `row`, the router's first.
static fmpz *row_of(const layer_t *layer, slong row) {
    return row < layer->experts ? layer->router->rows[row] : layer->rows->rows[row - layer->experts];
}

static slong rows_of(const layer_t *layer) {
    return layer->experts * (layer->width + 1);
}

static void draw_row(fmpz *row, slong length, slong range, stream_t *stream) {
    for (slong j = 0; j < length; j++)
        fmpz_set_si(row + j, pick(stream, -range, range));
}

static bool has_twins(const layer_t *layer) {
    slong first, second;
    return layer->active < layer->experts && layer_twins(layer, &first, &second);
}

void climb_draw(layer_t *layer, slong range, stream_t *stream) {
    do
        for (slong i = 0; i < rows_of(layer); i++)
            draw_row(row_of(layer, i), layer->dimension + 1, range, stream);
    while (has_twins(layer));
}

int climb_count(const layer_t *layer, fmpz_t regions) {
    const shards_control_t control = {.threads = 1};
    layer_count_t count;
    layer_count_init(&count, layer->dimension);
    const int status = layer_flats_count(layer, &control, NULL, NULL, &count);
    if (status == GSL_SUCCESS)
        fmpz_set(regions, count.regions);
    layer_count_clear(&count);
    return status;
}

static void change(fmpz *row, slong length, slong range, stream_t *stream) {
    const slong kind = pick(stream, 1, KINDS), near = 1 + range / 8;
    fmpz *entry = row + pick(stream, 0, length - 1);
    if (kind == 1)
        draw_row(row, length, range, stream);
    else if (kind == 2)
        fmpz_set_si(entry, pick(stream, -range, range));
    else
        fmpz_add_si(entry, entry, pick(stream, -near, near));
}

int climb_layer(layer_t *layer, slong range, ulong steps, const fmpz_t enough, stream_t *stream,
                fmpz_t regions) {
    const slong length = layer->dimension + 1;
    fmpz *before = _fmpz_vec_init(length);
    fmpz_t best, found;
    fmpz_init(best);
    fmpz_init(found);
    int status = climb_count(layer, best);
    for (ulong step = 1; step < steps && status == GSL_SUCCESS && fmpz_cmp(best, enough) < 0; step++) {
        fmpz *row = row_of(layer, pick(stream, 0, rows_of(layer) - 1));
        _fmpz_vec_set(before, row, length);
        change(row, length, range, stream);
        const bool twins = has_twins(layer);
        if (!twins)
            status = climb_count(layer, found);
        if (twins || fmpz_cmp(found, best) < 0)
            _fmpz_vec_set(row, before, length);
        else
            fmpz_swap(best, found);
    }
    if (status == GSL_SUCCESS)
        fmpz_swap(regions, best);
    _fmpz_vec_clear(before, length);
    fmpz_clear(best);
    fmpz_clear(found);
    return status;
}
