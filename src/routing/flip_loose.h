// SPDX-License-Identifier: GPL-3.0-or-later
// Flips of a row whose selection is not by the order of logits alone; the part of flip.h for biases and groups.
#ifndef MOEGEOM_ROUTING_FLIP_LOOSE_H
#define MOEGEOM_ROUTING_FLIP_LOOSE_H

#include "number/rounding.h"
#include "routing/selection.h"

// Room for rows of one rule, which outlives it.
typedef struct flip_loose flip_loose_t;
flip_loose_t *flip_loose_alloc(const selection_t *rule); // NULL when memory is short
void flip_loose_free(flip_loose_t *loose);               // NULL is allowed

// The chance that the set changes under shifts of the grid, and when normal noise is added; see flip.h.
double flip_loose_rounding(flip_loose_t *loose, const double *logits, const rounding_t *format);
double flip_loose_noise(flip_loose_t *loose, const double *logits, double sigma);

#endif
