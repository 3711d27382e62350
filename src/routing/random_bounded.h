// SPDX-License-Identifier: GPL-3.0-or-later
// Random bounded layers with finitely many inputs, for bounds that must hold for all of a class (gap_bound.h).
//
// The inputs are RANDOM_BOUNDED_ROWS points of equal mass. B_f and B_Y are log-uniform from 0.1 to 10, and C is the least
// with P(Delta <= t) <= C t^alpha for the top-two margin Delta.
#ifndef MOEGEOM_ROUTING_RANDOM_BOUNDED_H
#define MOEGEOM_ROUTING_RANDOM_BOUNDED_H

#include "routing/gap_bound.h"
#include "stat/stream.h"

enum { RANDOM_BOUNDED_ROWS = 32, RANDOM_BOUNDED_MOST_EXPERTS = 8 };

// Free: normal logits, uniform outputs and targets. Opposed: the margins have the quantiles of t^alpha, all losers tie, the
// winner has B_f, the losers -B_f, and the targets are from -B_Y to -0.9 B_Y.
typedef enum random_bounded_shape { RANDOM_BOUNDED_FREE, RANDOM_BOUNDED_OPPOSED } random_bounded_shape_t;

typedef struct random_bounded {
    gap_bound_t problem;
    // rows x experts, row by row, and one target for each row
    double logits[RANDOM_BOUNDED_ROWS * RANDOM_BOUNDED_MOST_EXPERTS];
    double outputs[RANDOM_BOUNDED_ROWS * RANDOM_BOUNDED_MOST_EXPERTS];
    double targets[RANDOM_BOUNDED_ROWS];
} random_bounded_t;

//   stream   its position advances
//   experts  2 to RANDOM_BOUNDED_MOST_EXPERTS
//   alpha    of gap_bound.h
void random_bounded_draw(stream_t *stream, random_bounded_shape_t shape, size_t experts, double alpha,
                         random_bounded_t *layer);

#endif
