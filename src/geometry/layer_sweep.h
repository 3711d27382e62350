// SPDX-License-Identifier: GPL-3.0-or-later
// Vertices of a top-k layer on one line: the innermost step of geometry/layer_vertices.
//
// A line is the set where D - 1 rows agree: the hyperplanes of units T and the ties of logits E. Along it the
// coalition changes where the k-th and the next logit meet; between two such points the hyperplanes of the
// coalition's units cut it. All comparisons are made in doubles with proven bounds and, where these do not
// decide, exactly. Two equal points that the same regions see are an error and are never counted.
#ifndef MOEGEOM_GEOMETRY_LAYER_SWEEP_H
#define MOEGEOM_GEOMETRY_LAYER_SWEEP_H

#include "geometry/layer_line.h"

// The work space of one thread.
typedef struct layer_sweep {
    layer_line_t line;           // whose flat the caller moves
    slong *used;                 // N: how many units of the flat each expert owns; kept by the caller
    slong ties;                  // |E|, 0 when no logits are tied; kept by the caller
    bool *tied;                  // N: logits of E; kept by the caller
    slong limit;                 // units of the line that count are those below; set by the caller
    ulong vertices;              // counted so far
    slong owners, *owner_list;   // experts that own units of the flat
    bool *inside;                // N: of the coalition, or above the tie
    layer_line_point_t *entered; // N: since when a member has been inside
    double *low, *high, *values; // N and a few zeros
    unsigned char *marks;        // of a block of units
    ulong serial, *made; // number of the line; N: for which line an expert's units were restricted last
    int *signs;          // D + 1
} layer_sweep_t;

layer_sweep_t *layer_sweep_alloc(const layer_line_level_t *level); // NULL when memory is short
void layer_sweep_free(layer_sweep_t *sweep);                       // NULL is allowed

// Counts the vertices that belong to the line, the flat of dimension 1 at hand:
//   without ties  the pairs (T + s, one logit), s below all of T, and (T, two logits);
//   with E        the pairs (T + s, E), s below all of T, |E| >= 3; when T is empty, also (0, E + i), i < E.
// A vertex counts when it is the one with the largest x_D of a region.
// Returns GSL_SUCCESS; GSL_ESING with the reason in `line`; GSL_EFAILED when x_D is constant on an edge;
// GSL_ENOMEM.
int layer_sweep_line(layer_sweep_t *sweep);

#endif
