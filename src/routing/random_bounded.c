// SPDX-License-Identifier: GPL-3.0-or-later
// Random bounded layers; see random_bounded.h.
#include "routing/random_bounded.h"

#include "routing/margin.h"

#include <gsl/gsl_sort.h>
#include <math.h>
#include <stdbool.h>

enum { ROWS = RANDOM_BOUNDED_ROWS };

static void draw_free(stream_t *stream, random_bounded_t *layer) {
    const gap_bound_t *p = &layer->problem;
    for (size_t i = 0; i < ROWS; i++) {
        stream_normals(stream, layer->logits + i * p->experts, p->experts);
        for (size_t k = 0; k < p->experts; k++)
            layer->outputs[i * p->experts + k] = stream_between(stream, -p->expert, p->expert);
        layer->targets[i] = stream_between(stream, -p->response, p->response);
    }
}

static void draw_opposed(stream_t *stream, random_bounded_t *layer) {
    const gap_bound_t *p = &layer->problem;
    for (size_t i = 0; i < ROWS; i++) {
        const double margin = pow((double)(i + 1) / ROWS, 1 / p->alpha);
        for (size_t k = 0; k < p->experts; k++) {
            const bool wins = k == i % p->experts;
            layer->logits[i * p->experts + k] = wins ? 0 : -margin;
            layer->outputs[i * p->experts + k] = wins ? p->expert : -p->expert;
        }
        layer->targets[i] = -p->response * stream_between(stream, 0.9, 1);
    }
}

// The least C: the law jumps at the margins.
static double least_mass(const random_bounded_t *layer) {
    const gap_bound_t *p = &layer->problem;
    double margins[ROWS], mass = 0;
    for (size_t i = 0; i < ROWS; i++)
        margins[i] = margin_top_two(layer->logits + i * p->experts, p->experts);
    gsl_sort(margins, 1, ROWS);
    for (size_t i = 0; i < ROWS; i++)
        mass = fmax(mass, (double)(i + 1) / ROWS / pow(margins[i], p->alpha));
    return mass;
}

void random_bounded_draw(stream_t *stream, random_bounded_shape_t shape, size_t experts, double alpha,
                         random_bounded_t *layer) {
    layer->problem = (gap_bound_t){.experts = experts,
                                   .response = pow(10, stream_between(stream, -1, 1)),
                                   .expert = pow(10, stream_between(stream, -1, 1)),
                                   .alpha = alpha};
    if (shape == RANDOM_BOUNDED_FREE)
        draw_free(stream, layer);
    else
        draw_opposed(stream, layer);
    layer->problem.mass = least_mass(layer);
}
