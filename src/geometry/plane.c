// SPDX-License-Identifier: GPL-3.0-or-later
// Lines and cells of the plane in 64-bit integers; see plane.h.
#include "geometry/plane.h"

bool plane_is_line(const plane_line_t *l) {
    return l->w[0] != 0 || l->w[1] != 0;
}

bool plane_same_line(const plane_line_t *l, const plane_line_t *m) {
    return l->w[0] * m->w[1] == l->w[1] * m->w[0] && l->w[0] * m->b == l->b * m->w[0] &&
           l->w[1] * m->b == l->b * m->w[1];
}

bool plane_crossing(const plane_line_t *l, const plane_line_t *m, plane_point_t *point) {
    const int64_t weight = l->w[0] * m->w[1] - l->w[1] * m->w[0], sign = weight < 0 ? -1 : 1;
    *point = (plane_point_t){sign * (l->w[1] * m->b - l->b * m->w[1]),
                             sign * (l->b * m->w[0] - l->w[0] * m->b), sign * weight};
    return weight != 0;
}

bool plane_same_point(const plane_point_t *p, const plane_point_t *q) {
    return p->x * q->weight == q->x * p->weight && p->y * q->weight == q->y * p->weight;
}

bool plane_inside(const plane_point_t *point, const plane_cell_t *cell) {
    for (int i = 0; i < cell->walls; i++) {
        const plane_line_t *wall = &cell->wall[i];
        if (wall->w[0] * point->x + wall->w[1] * point->y + wall->b * point->weight <= 0)
            return false;
    }
    return true;
}

// At the parameter s of the line each wall is alpha + beta s, times a positive factor; low < s < high is kept as
// fractions with positive denominators, 0 for none.
bool plane_meets(const plane_line_t *l, const plane_cell_t *cell) {
    int64_t low[2] = {0}, high[2] = {0};
    for (int i = 0; i < cell->walls; i++) {
        const plane_line_t *wall = &cell->wall[i];
        const int64_t beta = wall->w[1] * l->w[0] - wall->w[0] * l->w[1],
                      alpha = wall->b * (l->w[0] * l->w[0] + l->w[1] * l->w[1]) -
                              l->b * (wall->w[0] * l->w[0] + wall->w[1] * l->w[1]);
        if (beta == 0 && alpha <= 0)
            return false;
        if (beta > 0 && (low[1] == 0 || -alpha * low[1] > low[0] * beta)) {
            low[0] = -alpha;
            low[1] = beta;
        }
        if (beta < 0 && (high[1] == 0 || alpha * high[1] < high[0] * -beta)) {
            high[0] = alpha;
            high[1] = -beta;
        }
    }
    return low[1] == 0 || high[1] == 0 || low[0] * high[1] < high[0] * low[1];
}
