// SPDX-License-Identifier: GPL-3.0-or-later
// Convex polygons in the plane, cut by lines: for pictures. Floating point; counts are never taken from here alone.
#ifndef MOEGEOM_GEOMETRY_PLANAR_H
#define MOEGEOM_GEOMETRY_PLANAR_H

#include <stdbool.h>

enum { PLANAR_MAX_CORNERS = 16 };

typedef struct planar_point {
    double x, y;
} planar_point_t;

// A line w_1 x + w_2 y + b = 0, (w_1, w_2) not 0.
typedef struct planar_line {
    double w[2], b;
} planar_line_t;

// A convex polygon, corners in counter-clockwise order; size 0 is empty.
typedef struct planar_polygon {
    int size;
    planar_point_t corners[PLANAR_MAX_CORNERS];
} planar_polygon_t;

// The square [-half, half]^2, half > 0.
planar_polygon_t planar_square(double half);

// w_1 x + w_2 y + b at a point.
double planar_height(planar_line_t line, planar_point_t p);

// Where the segment from p to q crosses the line; p and q lie on different sides.
planar_point_t planar_crossing(planar_line_t line, planar_point_t p, planar_point_t q);

// The point common to two lines. Returns false for parallel ones, and leaves the point as it was.
bool planar_meet(planar_line_t first, planar_line_t second, planar_point_t *point);

// The part of a convex polygon where sign * height >= 0, sign = 1 or -1 (I. Sutherland and G. Hodgman, Comm. ACM 17,
// 1974). A cut adds at most one corner; the polygon has fewer than PLANAR_MAX_CORNERS.
planar_polygon_t planar_clip(const planar_polygon_t *polygon, planar_line_t line, int sign);

// Area of a polygon, and its centre of mass, which is left as it was when the area is 0.
double planar_area(const planar_polygon_t *polygon, planar_point_t *centre);

#endif
