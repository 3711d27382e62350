// SPDX-License-Identifier: GPL-3.0-or-later
// Zonotopes: sums of segments [0, g_1] + ... + [0, g_n] in R^m, and their vertices, exactly.
//
// Nothing is assumed of the generators: they may be parallel, opposite, equal, zero, or span less than R^m.
//
// The point sum s_i g_i, s in {0, 1}^n, is a vertex when some u has u.g_i > 0 where s_i = 1 and u.g_i < 0 where
// s_i = 0 and g_i is not 0. So the vertices are the regions of the central arrangement g_i.u = 0 (G. M. Ziegler,
// Lectures on Polytopes, 1995, section 7.3). With rows g = (w, b) and u = (x, 1) these are the regions of the affine
// arrangement w.x + b = 0: those vertices that are *upper*, see below.
#ifndef MOEGEOM_GEOMETRY_ZONOTOPE_H
#define MOEGEOM_GEOMETRY_ZONOTOPE_H

#include <flint/fmpz_mat.h>
#include <stdbool.h>

typedef struct zonotope {
    slong count;           // n >= 0, generators
    slong dimension;       // m >= 1
    fmpz_mat_t generators; // n x m
} zonotope_t;

// A zonotope of zero generators, to be freed by zonotope_free; NULL when n < 0, m < 1 or memory is short.
zonotope_t *zonotope_alloc(slong count, slong dimension);
void zonotope_free(zonotope_t *z); // NULL is allowed

// The Minkowski sum { p + q }, whose generators are those of both; to be freed by zonotope_free.
// NULL when the dimensions differ or memory is short.
zonotope_t *zonotope_sum(const zonotope_t *p, const zonotope_t *q);

// The vertices, in ascending lexicographic order of `active`.
typedef struct zonotope_vertices {
    slong count;
    slong generators;    // n
    fmpz_mat_t points;   // count x m
    signed char *active; // count x n: s, with s_i = 0 where g_i = 0
    bool *upper;         // count: whether some u as above has a positive last coordinate
    bool *lower;         // count: whether some u has a negative one
} zonotope_vertices_t;

// Finds the vertices, face by face: each lies on a facet, the facet with the outer normal u is the zonotope of the
// generators orthogonal to u, moved by the sum of those with u.g_i > 0, and any m - 1 independent generators that
// span a hyperplane of the span of all give two facets. No linear program, no arrangement.
//
// Time: about ten microseconds for each of at most binomial(n, r - 1) hyperplanes, r the rank of the generators, and
// for each of their faces where they hold more than r - 1 of them; memory: 2^r bytes times n for each hyperplane.
//
//   vertices  receives the result, to be cleared by zonotope_vertices_clear; as it was on an error
// Returns GSL_SUCCESS; GSL_EDOM for a rank above ZONOTOPE_RANK; GSL_ENOMEM.
int zonotope_vertices(const zonotope_t *z, zonotope_vertices_t *vertices);
void zonotope_vertices_clear(zonotope_vertices_t *vertices);

enum { ZONOTOPE_RANK = 16 };

#endif
