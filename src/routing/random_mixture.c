// SPDX-License-Identifier: GPL-3.0-or-later
// Random mixtures on the line; see random_mixture.h.
#include "routing/random_mixture.h"

#include <gsl/gsl_math.h>
#include <math.h>
#include <stdbool.h>

static line_mixture_t draw_sizes(stream_t *stream, line_mixture_response_t response, size_t most) {
    line_mixture_t m = {.response = response, .alpha = 1};
    m.experts = 2 + (size_t)stream_between(stream, 0, (double)most - 1);
    m.expert_size = pow(10, stream_between(stream, -1, 1));
    m.response_size = pow(10, stream_between(stream, -1, 1));
    if (response == LINE_MIXTURE_REALISABLE)
        m.response_size = m.expert_size;
    m.response_frequency = stream_between(stream, -3, 3);
    m.response_phase = stream_between(stream, -M_PI, M_PI);
    return m;
}

static void draw_experts(stream_t *stream, random_mixture_shape_t shape, line_mixture_t *m) {
    for (size_t k = 0; k < m->experts; k++) {
        const bool above = shape == RANDOM_MIXTURE_FAN ? k == 0 : k % 2 == 0,
                   waves = shape == RANDOM_MIXTURE_WAVES;
        m->frequency[k] = waves ? stream_between(stream, -3, 3) : 0;
        m->phase[k] = waves ? stream_between(stream, -M_PI, M_PI) : above ? M_PI_2 : -M_PI_2;
    }
}

// The walls of a convex function: expert i+1 takes over from expert i at wall i.
static void draw_walls(stream_t *stream, line_mixture_t *m) {
    m->walls = m->experts - 1;
    double place = -2, total = 0;
    m->slope[0] = stream_between(stream, -1, 1);
    m->offset[0] = stream_between(stream, 0, 1);
    for (size_t i = 0; i < m->walls; i++) {
        place += stream_between(stream, 0.5, 2);
        m->wall[i] = (line_mixture_wall_t){.place = place, .winner = {i, i + 1}};
        m->wall[i].steepness = stream_between(stream, 0.3, 3);
        m->wall[i].weight = stream_between(stream, 0.05, 1.05);
        m->wall[i].right = stream_between(stream, 0, 1);
        m->slope[i + 1] = m->slope[i] + m->wall[i].steepness;
        m->offset[i + 1] = m->offset[i] - m->wall[i].steepness * place;
        total += m->wall[i].weight;
    }
    for (size_t i = 0; i < m->walls; i++)
        m->wall[i].weight /= total;
}

// How far from wall i the margin is that of the wall: up to where a neighbour's is as large.
static double reach_of(const line_mixture_t *m, size_t i) {
    const line_mixture_wall_t *wall = m->wall + i;
    double reach = 1.5;
    for (size_t j = i == 0 ? 0 : i - 1; j <= i + 1 && j < m->walls; j++)
        if (j != i)
            reach = fmin(reach, fabs(m->wall[j].place - wall->place) * m->wall[j].steepness /
                                    (m->wall[j].steepness + wall->steepness));
    return reach;
}

line_mixture_t random_mixture_power(stream_t *stream, random_mixture_shape_t shape,
                                    line_mixture_response_t response, size_t most, double alpha) {
    line_mixture_t m = draw_sizes(stream, response, most);
    m.law = LINE_MIXTURE_POWER;
    m.alpha = alpha;
    if (shape == RANDOM_MIXTURE_FAN) {
        m.walls = 1;
        m.slope[0] = stream_between(stream, 0.3, 3);
        m.wall[0] = (line_mixture_wall_t){.steepness = m.slope[0], .weight = 1, .right = 1, .winner = {1, 0}};
    } else {
        draw_walls(stream, &m);
    }
    for (size_t i = 0; i < m.walls; i++)
        m.wall[i].reach = reach_of(&m, i) * stream_between(stream, 0.3, 1);
    draw_experts(stream, shape, &m);
    return m;
}

line_mixture_t random_mixture_normal(stream_t *stream, random_mixture_shape_t shape,
                                     line_mixture_response_t response, size_t most) {
    line_mixture_t m = draw_sizes(stream, response, most);
    m.law = LINE_MIXTURE_NORMAL;
    for (size_t k = 0; k < m.experts; k++) {
        m.slope[k] = stream_between(stream, -3, 3);
        m.offset[k] = stream_between(stream, -1, 1);
    }
    draw_experts(stream, shape, &m);
    return m;
}
