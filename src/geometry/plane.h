// SPDX-License-Identifier: GPL-3.0-or-later
// Lines and open convex cells of the plane in 64-bit integers, for millions of small exact counts.
//
// Everything is exact as long as no product overflows: coefficients of lines up to 2^14 and of walls up to 2^10 in
// absolute value are safe. Larger or other input is for geometry/polyhedron.h.
#ifndef MOEGEOM_GEOMETRY_PLANE_H
#define MOEGEOM_GEOMETRY_PLANE_H

#include <stdbool.h>
#include <stdint.h>

enum { PLANE_WALLS = 4 };

// The affine function w_1 x + w_2 y + b, and the line where it vanishes.
typedef struct plane_line {
    int64_t w[2], b;
} plane_line_t;

// Where `walls` functions are positive; the whole plane for 0.
typedef struct plane_cell {
    plane_line_t wall[PLANE_WALLS];
    int walls; // 0 to PLANE_WALLS
} plane_cell_t;

// The point (x / weight, y / weight), weight > 0.
typedef struct plane_point {
    int64_t x, y, weight;
} plane_point_t;

// Whether w is not 0.
bool plane_is_line(const plane_line_t *l);

// Whether two functions with w not 0 vanish on one line.
bool plane_same_line(const plane_line_t *l, const plane_line_t *m);

// Where two lines cross. Returns false for parallel ones; then `point` is undefined.
bool plane_crossing(const plane_line_t *l, const plane_line_t *m, plane_point_t *point);

bool plane_same_point(const plane_point_t *p, const plane_point_t *q);

// Whether a point lies in the open cell.
bool plane_inside(const plane_point_t *point, const plane_cell_t *cell);

// Whether a line, with w not 0, meets the open cell.
bool plane_meets(const plane_line_t *l, const plane_cell_t *cell);

#endif
