// SPDX-License-Identifier: GPL-3.0-or-later
// Searches for a layer of a given shape with many regions: the offline search behind data/instances/extremal-*.moe.
//
// usage: climb N k H d RANGE STEPS CLIMBS SEED [START SCALE]
//
// CLIMBS hill climbs (geometry/climb.h) of STEPS counts each, one after another, from random layers with entries in
// -RANGE..RANGE; or, with START, from that layer (N, k, d the same) with all entries multiplied by SCALE, where units
// that it lacks are copies of its own, each entry moved by at most RANGE, and entries are drawn from
// -RANGE SCALE..RANGE SCALE. Stops at the bound (U*). Each layer better than all before it is printed as an instance
// file; the last one printed is the best. Progress goes to standard error. Deterministic.
#include "geometry/climb.h"
#include "geometry/bounds.h"
#include "io/instance.h"

#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { SHAPE = 4, FIXED = 8, WITH_START = 10 };

static int usage(void) {
    fputs("usage: climb N k H d RANGE STEPS CLIMBS SEED [START SCALE], integers >= 1\n", stderr);
    return FAULT_USAGE;
}

// Sets a layer drawn at random to the start: its own rows, and copies of them that keep what was drawn as a small move.
static void set_start(layer_t *layer, const layer_t *start, slong scale) {
    const slong length = layer->dimension + 1;
    for (slong i = 0; i < layer->experts; i++) {
        _fmpz_vec_scalar_mul_si(layer->router->rows[i], start->router->rows[i], length, scale);
        for (slong h = 0; h < layer->width; h++) {
            fmpz *row = layer->rows->rows[i * layer->width + h];
            if (h < start->width)
                _fmpz_vec_zero(row, length);
            _fmpz_vec_scalar_addmul_si(row, start->rows->rows[i * start->width + h % start->width], length,
                                       scale);
        }
    }
}

// Climbs again and again; returns a status of GSL.
static int search(layer_t *layer, const layer_t *start, const ulong *numbers, slong scale) {
    const bounds_layer_t shape = {numbers[0], numbers[1], numbers[2], numbers[3]};
    const slong range = (slong)numbers[SHAPE];
    fmpz_t enough, best, found;
    fmpz_init(enough);
    fmpz_init(best);
    fmpz_init(found);
    int status = bounds_flats_sharp(enough, &shape);
    for (ulong i = 0; i < numbers[6] && status == GSL_SUCCESS && fmpz_cmp(best, enough) < 0; i++) {
        stream_t stream = stream_at(numbers[7], stream_experiment("climb"), (uint32_t)i);
        climb_draw(layer, range, &stream);
        if (start != NULL)
            set_start(layer, start, scale);
        status =
            climb_layer(layer, start == NULL ? range : range * scale, numbers[5], enough, &stream, found);
        if (status != GSL_SUCCESS || fmpz_cmp(found, best) <= 0)
            continue;
        fmpz_set(best, found);
        fprintf(stderr, "climb %lu: %lu of at most %lu regions\n", i, fmpz_get_ui(best), fmpz_get_ui(enough));
        printf("# %lu regions\n", fmpz_get_ui(best));
        layer_print(stdout, layer);
        fflush(stdout);
    }
    fmpz_clear(enough);
    fmpz_clear(best);
    fmpz_clear(found);
    return status;
}

int main(int argc, char **argv) {
    ulong numbers[FIXED];
    instance_t start = {0};
    fault_t fault = {0};
    gsl_set_error_handler_off();
    if (argc != 1 + FIXED && argc != 1 + WITH_START)
        return usage();
    for (int i = 0; i < FIXED; i++)
        if ((numbers[i] = strtoul(argv[1 + i], NULL, 10)) == 0)
            return usage();
    const slong scale = argc == 1 + WITH_START ? atol(argv[WITH_START]) : 1;
    if (argc == 1 + WITH_START && instance_read(argv[FIXED + 1], &start, &fault) != FAULT_NONE) {
        fprintf(stderr, "climb: %s\n", fault.text);
        return (int)fault.status;
    }
    layer_t *layer = layer_alloc((slong)numbers[0], (slong)numbers[1], (slong)numbers[2], (slong)numbers[3]);
    const layer_t *s = start.layer;
    if (layer == NULL || scale < 1 ||
        (argc > 1 + FIXED && (s == NULL || s->experts != layer->experts || s->active != layer->active ||
                              s->dimension != layer->dimension || s->width < 1))) {
        layer_free(layer);
        instance_clear(&start);
        return usage();
    }
    const int status = search(layer, s, numbers, scale);
    layer_free(layer);
    instance_clear(&start);
    flint_cleanup();
    if (status != GSL_SUCCESS)
        fprintf(stderr, "climb: %s\n", gsl_strerror(status));
    return status == GSL_SUCCESS ? FAULT_NONE : FAULT_SYSTEM;
}
