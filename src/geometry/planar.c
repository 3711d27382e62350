// SPDX-License-Identifier: GPL-3.0-or-later
// Convex polygons in the plane, cut by lines; see planar.h.
#include "geometry/planar.h"

planar_polygon_t planar_square(double half) {
    return (planar_polygon_t){4, {{-half, -half}, {half, -half}, {half, half}, {-half, half}}};
}

double planar_height(planar_line_t line, planar_point_t p) {
    return line.w[0] * p.x + line.w[1] * p.y + line.b;
}

planar_point_t planar_crossing(planar_line_t line, planar_point_t p, planar_point_t q) {
    const double a = planar_height(line, p), t = a / (a - planar_height(line, q));
    return (planar_point_t){p.x + t * (q.x - p.x), p.y + t * (q.y - p.y)};
}

bool planar_meet(planar_line_t first, planar_line_t second, planar_point_t *point) {
    const double determinant = first.w[0] * second.w[1] - first.w[1] * second.w[0];
    if (determinant == 0)
        return false;
    point->x = (first.w[1] * second.b - first.b * second.w[1]) / determinant;
    point->y = (first.b * second.w[0] - first.w[0] * second.b) / determinant;
    return true;
}

planar_polygon_t planar_clip(const planar_polygon_t *polygon, planar_line_t line, int sign) {
    planar_polygon_t part = {0};
    for (int i = 0; i < polygon->size; i++) {
        const planar_point_t p = polygon->corners[i], q = polygon->corners[(i + 1) % polygon->size];
        const bool p_inside = sign * planar_height(line, p) >= 0,
                   q_inside = sign * planar_height(line, q) >= 0;
        if (p_inside)
            part.corners[part.size++] = p;
        if (p_inside != q_inside)
            part.corners[part.size++] = planar_crossing(line, p, q);
    }
    return part;
}

double planar_area(const planar_polygon_t *polygon, planar_point_t *centre) {
    double twice = 0, x = 0, y = 0;
    for (int i = 0; i < polygon->size; i++) {
        const planar_point_t p = polygon->corners[i], q = polygon->corners[(i + 1) % polygon->size];
        const double cross = p.x * q.y - p.y * q.x;
        twice += cross;
        x += cross * (p.x + q.x);
        y += cross * (p.y + q.y);
    }
    if (twice != 0)
        *centre = (planar_point_t){x / (3 * twice), y / (3 * twice)};
    return twice / 2;
}
