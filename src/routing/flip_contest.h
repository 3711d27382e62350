// SPDX-License-Identifier: GPL-3.0-or-later
// Flips of a row whose selection is by the order of its numbers alone; the part of flip.h for plain rules.
#ifndef MOEGEOM_ROUTING_FLIP_CONTEST_H
#define MOEGEOM_ROUTING_FLIP_CONTEST_H

#include "number/rounding.h"

#include <stdbool.h>
#include <stddef.h>

// A row, and the experts that have rank k and k + 1 in it.
typedef struct flip_contest {
    const double *logits;
    size_t experts, inside, outside;
} flip_contest_t;

// Whether rounding changes the set.
bool flip_contest_rounded(const flip_contest_t *contest, const rounding_t *format);

// The chance that it changes under random shifts of the grid; see flip_rounding.
//   room  2 N numbers
double flip_contest_rounding(const flip_contest_t *contest, const rounding_t *format, double *room);

// Distribution function and density of the normal law, for flip_contest_noise.
typedef struct flip_normal flip_normal_t;
flip_normal_t *flip_normal_alloc(void); // NULL when memory is short
void flip_normal_free(flip_normal_t *normal);

// The chance that it changes when normal noise is added; see flip_noise.
//   room  N numbers
double flip_contest_noise(const flip_contest_t *contest, double sigma, const flip_normal_t *normal,
                          double *room);

#endif
