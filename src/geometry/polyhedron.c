// SPDX-License-Identifier: GPL-3.0-or-later
// Generators under cuts; see polyhedron.h, and polyhedron_shell.h for the bounds of errors.
#include "geometry/polyhedron_shell.h"

#include <gsl/gsl_errno.h>
#include <stdlib.h>

// Makes room for n entries of a size in the block that a pointer points to; returns false, and leaves all as it
// was, when memory is short.
static bool resize(void *pointer, slong n, size_t size) {
    void *block;
    memcpy(&block, pointer, sizeof block); // of whatever pointer type
    block = realloc(block, (size_t)n * size);
    if (block == NULL)
        return false;
    memcpy(pointer, &block, sizeof block);
    return true;
}

int polyhedron_reserve_slots(polyhedron_t *p, slong words) {
    if (words > p->slot_room) {
        if (!resize(&p->live, words, sizeof *p->live) ||
            !resize(&p->slot_rows, words * WORD_BITS, sizeof *p->slot_rows) ||
            !resize(&p->slot_signs, words * WORD_BITS, sizeof *p->slot_signs))
            return GSL_ENOMEM;
        p->slot_room = words;
    }
    p->words = words;
    return GSL_SUCCESS;
}

// Room for so many generators with sets of p->words.
int polyhedron_reserve(polyhedron_t *p, slong generators) {
    if (generators > p->room) {
        const slong room = generators + generators / 2 + 8;
        if (!resize(&p->coordinates, room * p->stride, sizeof *p->coordinates) ||
            !resize(&p->errors, room, sizeof *p->errors))
            return GSL_ENOMEM;
        p->room = room;
    }
    if (p->room * p->words > p->set_room) {
        if (!resize(&p->sets, p->room * p->words, sizeof *p->sets))
            return GSL_ENOMEM;
        p->set_room = p->room * p->words;
    }
    return GSL_SUCCESS;
}

// Workspaces for cutting a polyhedron with so many generators.
int polyhedron_reserve_work(polyhedron_t *p, slong generators) {
    if (generators > p->work_room) {
        const slong room = generators + generators / 2 + 8;
        if (!resize(&p->values, room, sizeof *p->values) || !resize(&p->signs, room, sizeof *p->signs) ||
            !resize(&p->above, room, sizeof *p->above) || !resize(&p->below, room, sizeof *p->below))
            return GSL_ENOMEM;
        p->work_room = room;
    }
    return GSL_SUCCESS;
}

polyhedron_t *polyhedron_alloc(const polyhedron_rows_t *rows) {
    polyhedron_t *p = calloc(1, sizeof *p);
    if (p == NULL)
        return NULL;
    p->rows = rows;
    p->width = rows->dimension + 1;
    p->stride = rows->stride;
    p->owned = calloc((size_t)p->width, sizeof *p->owned);
    if (p->owned == NULL || polyhedron_reserve_slots(p, 1) != GSL_SUCCESS ||
        polyhedron_reserve(p, p->width) != GSL_SUCCESS) {
        polyhedron_free(p);
        return NULL;
    }
    polyhedron_whole(p);
    return p;
}

void polyhedron_free(polyhedron_t *p) {
    if (p == NULL)
        return;
    free(p->owned);
    free(p->coordinates);
    free(p->errors);
    free(p->sets);
    free(p->live);
    free(p->slot_rows);
    free(p->slot_signs);
    free(p->values);
    free(p->signs);
    free(p->above);
    free(p->below);
    free(p);
}

void polyhedron_whole(polyhedron_t *p) {
    const slong d = p->rows->dimension;
    p->dimension = d;
    p->lines = d;
    p->rays = 1;
    p->words = 1;
    for (slong g = 0; g <= d; g++) {
        for (slong j = 0; j < p->stride; j++)
            coordinates_of(p, g)[j] = g == j ? 0.5 : 0;
        p->errors[g] = 0;
        p->owned[g] = g; // the last entry is never read
    }
    *set_of(p, d) = 0;
    *p->live = 1;
    p->slot_rows[0] = p->rows->count;
    p->slot_signs[0] = 1;
}

slong polyhedron_dimension(const polyhedron_t *p) {
    return p->dimension;
}

slong polyhedron_lines(const polyhedron_t *p) {
    return p->lines;
}

slong polyhedron_rays(const polyhedron_t *p) {
    return p->rays;
}

const double *polyhedron_approximation(const polyhedron_t *p, slong g, double *error) {
    *error = p->errors[g];
    return coordinates_of(p, g);
}

// Copies what polyhedra have in common that are cut from one another, with room in the sets for `words`.
int polyhedron_copy_frame(polyhedron_t *to, const polyhedron_t *from, slong words) {
    if (polyhedron_reserve_slots(to, words) != GSL_SUCCESS)
        return GSL_ENOMEM;
    to->dimension = from->dimension;
    to->lines = from->lines;
    to->rays = 0;
    memcpy(to->owned, from->owned, (size_t)from->width * sizeof *to->owned);
    memset(to->live, 0, (size_t)words * sizeof *to->live);
    memcpy(to->live, from->live, (size_t)from->words * sizeof *to->live);
    memcpy(to->slot_rows, from->slot_rows, (size_t)from->words * WORD_BITS * sizeof *to->slot_rows);
    memcpy(to->slot_signs, from->slot_signs, (size_t)from->words * WORD_BITS);
    return polyhedron_reserve(to, from->lines + from->rays);
}

int polyhedron_copy(polyhedron_t *to, const polyhedron_t *from) {
    if (polyhedron_copy_frame(to, from, from->words) != GSL_SUCCESS)
        return GSL_ENOMEM;
    const size_t generators = (size_t)(from->lines + from->rays);
    to->rays = from->rays;
    memcpy(to->coordinates, from->coordinates, generators * (size_t)from->stride * sizeof(double));
    memcpy(to->errors, from->errors, generators * sizeof(double));
    memcpy(to->sets, from->sets, generators * (size_t)from->words * sizeof(uint64_t));
    return GSL_SUCCESS;
}

// ---- Where it lies ----

bool polyhedron_tight(const polyhedron_t *p, slong ray, slong row) {
    const uint64_t *set = set_of(p, p->lines + ray);
    for (slong slot = next_slot(set, p->words, 0); slot >= 0; slot = next_slot(set, p->words, slot + 1))
        if (p->slot_rows[slot] == row)
            return true;
    return false;
}

int polyhedron_sign(const polyhedron_t *p, slong g, slong row) {
    return sign_of(p, g, row, value_of(p, g, row));
}

polyhedron_side_t polyhedron_side(const polyhedron_t *p, slong row) {
    for (slong g = 0; g < p->lines; g++)
        if (polyhedron_sign(p, g, row) != 0)
            return POLYHEDRON_BOTH;
    int seen = POLYHEDRON_INSIDE;
    for (slong g = p->lines; g < p->lines + p->rays && seen != POLYHEDRON_BOTH; g++) {
        const int sign = polyhedron_sign(p, g, row);
        if (sign != 0)
            seen |= sign > 0 ? POLYHEDRON_POSITIVE : POLYHEDRON_NEGATIVE;
    }
    return (polyhedron_side_t)seen;
}
