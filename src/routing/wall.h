// SPDX-License-Identifier: GPL-3.0-or-later
// How far an input is from the nearest one that a top-k router sends elsewhere.
//
// The coalition I of an input x with logits z_i = r_i.x + b_i is kept on the intersection of the half-spaces z_i > z_j, i in I,
// j not in I. The distance of a point of such an intersection from its outside is the least of the distances from the single
// half-spaces':
//
//     min over i in I, j not in I of (z_i - z_j) / |r_i - r_j|.
//
// It is not always the pair of the places k and k + 1 that is nearest: their logits are closest, but their rows may be too.
#ifndef MOEGEOM_ROUTING_WALL_H
#define MOEGEOM_ROUTING_WALL_H

#include <stdbool.h>
#include <stddef.h>

// |r_i - r_j| for all pairs.
//   rows     n rows of d weights, each `stride` >= d numbers after the one before
//   lengths  receives n x n numbers
void wall_lengths(const double *rows, size_t n, size_t d, size_t stride, double *lengths);

// The nearest wall.
typedef struct wall {
    double distance;      // >= 0; infinite when no pair of a member and another expert has different rows
    size_t member, other; // the pair that ties there
    bool adjacent;        // whether it is the k-th largest and the next one
} wall_t;

// Of equal logits the lower index is larger, as everywhere.
//   logits   n finite numbers
//   active   k, 1 to n - 1
//   lengths  as above
//   order    room for n numbers
wall_t wall_nearest(const double *logits, size_t n, size_t active, const double *lengths, size_t *order);

#endif
