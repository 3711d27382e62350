// SPDX-License-Identifier: GPL-3.0-or-later
// Vertices and edges of a convex polyhedron that is given by points, one linear program each, exactly.
//
// The polyhedron is P = conv(points) + cone(directions). Points may repeat, and may lie in a proper subspace.
#ifndef MOEGEOM_GEOMETRY_HULL_H
#define MOEGEOM_GEOMETRY_HULL_H

#include <flint/fmpz_mat.h>
#include <stdbool.h>

typedef struct hull {
    fmpz_mat_t points;     // m x d, m >= 1
    fmpz_mat_t directions; // r x d; r = 0 for a polytope
} hull_t;

// Zeros, to be filled in by the caller and given back by hull_clear.
void hull_init(hull_t *hull, slong points, slong directions, slong dimension);
void hull_clear(hull_t *hull);

// Whether point p is a vertex of P, and equal to no other point; with a proof either way.
//   functional  d integers: f . p > f . q for all other points q, and f . v <= 0 for all directions v
//   weights     m + r integers >= 0, 0 at p, not all 0 before the directions: their combination of points and
//               directions is p times the sum of the first m
// Only one of the two is written; both are initialised.
bool hull_vertex(const hull_t *hull, slong p, fmpz *functional, fmpz *weights);

// Whether such a proof holds.
bool hull_exposes(const hull_t *hull, slong p, const fmpz *functional);
bool hull_covers(const hull_t *hull, slong p, const fmpz *weights);

// Whether the segment between two different vertices is an edge of P: in the quotient by p - q, where the two
// coincide, their image is a vertex of the image.
bool hull_edge(const hull_t *hull, slong p, slong q);

#endif
