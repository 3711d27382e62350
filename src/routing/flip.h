// SPDX-License-Identifier: GPL-3.0-or-later
// Whether, and how probably, a row's selected set changes ("flips") when its logits are rounded or disturbed.
//
// The laws to first order, with f the density of gap_k at zero (one-sided):
//
//     rounding to a grid of spacing u    f E[u] / 4     rounding keeps the order, so that a set changes only through a tie at
//                                                       rank k, which the lower index wins: of two logits less than u apart by
//                                                       g, with chance 1 - g/u, and every second time the wrong one wins
//     independent noise                  f E[(e - e')+]     sigma / sqrt(pi) for normal noise of standard deviation sigma
//
// Noise that all logits of a row share cancels. The probabilities below are for one given row and to all orders.
#ifndef MOEGEOM_ROUTING_FLIP_H
#define MOEGEOM_ROUTING_FLIP_H

#include "number/rounding.h"
#include "routing/selection.h"
#include "stat/stream.h"

// Room for the functions below, for rows of one rule. The rule outlives it.
typedef struct flip_work flip_work_t;
flip_work_t *flip_work_alloc(const selection_t *rule); // NULL when memory is short
void flip_work_free(flip_work_t *work);                // NULL is allowed

// Whether two rows of logits select different sets.
bool flip_between(flip_work_t *work, const double *logits, const double *others);

// Whether the set changes when the row is rounded.
bool flip_rounded(flip_work_t *work, const double *logits, const rounding_t *format);

// The chance that the set changes when the format's grid is shifted at random: uniformly by up to its spacing near the row's k-th
// largest logit, for all logits of the row alike. It depends on the spaces between logits near rank k and on the order of their
// indices, not on where the grid lies.
//   logits  N finite numbers
// Exact for plain rules; header of flip.c says what is done for others.
double flip_rounding(flip_work_t *work, const double *logits, const rounding_t *format);

// The chance that the set changes when independent normal noise of standard deviation sigma > 0 is added to all logits; absolute
// error below 1e-6 for plain rules.
double flip_noise(flip_work_t *work, const double *logits, double sigma);

#endif
