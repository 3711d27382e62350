// SPDX-License-Identifier: GPL-3.0-or-later
// Mixtures of bounded experts on the line, under input laws whose margin is known in closed form.
//
// K affine logits a_k(x) = w_k x + b_k, experts f_k(x) = B_f sin(p_k x + q_k), and responses with the mean mu(x),
// |mu| <= B_Y. The input X has one of two laws.
//
// POWER: at a wall x_i, where experts i and i+1 (or 1 and all others) tie and lead, the margin at the distance r is s_i
// r as long as r <= reach_i. X is at wall i with probability weight_i, right of it with probability right_i, at a
// distance reach_i U^(1/alpha), U uniform: a density that vanishes (alpha > 1), stands (alpha = 1) or peaks (alpha < 1)
// at the wall. Hence, exactly,
//
//     P(Delta <= t) = sum over i of weight_i min(1, (t / (s_i reach_i))^alpha),
//
// and C = sum over i of weight_i (s_i reach_i)^(-alpha) is the least constant with P(Delta <= t) <= C t^alpha for all
// t > 0: equality holds up to the least s_i reach_i.
//
// NORMAL: X ~ N(0, 1); the difference of two logits is normal as well.
#ifndef MOEGEOM_ROUTING_LINE_MIXTURE_H
#define MOEGEOM_ROUTING_LINE_MIXTURE_H

#include "stat/montecarlo.h"

#include <stddef.h>

enum { LINE_MIXTURE_MAX_EXPERTS = 8 };

typedef enum line_mixture_law { LINE_MIXTURE_POWER, LINE_MIXTURE_NORMAL } line_mixture_law_t;

// The mean response: h_0, B_Y sin(p x + q), or -(B_Y / B_f) h_0.
typedef enum line_mixture_response {
    LINE_MIXTURE_REALISABLE,
    LINE_MIXTURE_FREE,
    LINE_MIXTURE_OPPOSED
} line_mixture_response_t;

// A wall.
typedef struct line_mixture_wall {
    double place, steepness, reach, weight, right; // x_i, s_i > 0, reach_i > 0, weight_i, right_i
    size_t winner[2];                              // the experts that lead left and right of it
} line_mixture_wall_t;

typedef struct line_mixture {
    size_t experts; // K, 2 to LINE_MIXTURE_MAX_EXPERTS
    double slope[LINE_MIXTURE_MAX_EXPERTS], offset[LINE_MIXTURE_MAX_EXPERTS];    // w_k, b_k
    double frequency[LINE_MIXTURE_MAX_EXPERTS], phase[LINE_MIXTURE_MAX_EXPERTS]; // p_k, q_k
    double expert_size, response_size; // B_f, B_Y > 0; realisable: B_Y = B_f
    line_mixture_response_t response;
    double response_frequency, response_phase; // p, q of a free response
    line_mixture_law_t law;
    double alpha;                                       // 1/2, 1 or 2; of a power law
    size_t walls;                                       // of a power law
    line_mixture_wall_t wall[LINE_MIXTURE_MAX_EXPERTS]; // of a power law
} line_mixture_t;

// The K logits at x, the value of one expert, and the mean response where expert `winner` leads.
void line_mixture_logits(const line_mixture_t *mixture, double x, double *logits);
double line_mixture_expert(const line_mixture_t *mixture, size_t k, double x);
double line_mixture_mean(const line_mixture_t *mixture, double x, size_t winner);

// E[(Y - h_tau)^2 - (Y - h_0)^2 | X = x], without cancellation: with s = h_0 - h_tau = sum p_k (f_winner - f_k) it is
// s (2 (mu - h_0) + s).
double line_mixture_difference(const line_mixture_t *mixture, double x, size_t winner, double tau);

// L_tau - L_0, tau > 0, by Gauss-Legendre rules on pieces that follow the boundary layers; relative to
// E |(Y - h_tau)^2 - (Y - h_0)^2| the error is below 1e-9 for frequencies of at most 4 (tests compare with an adaptive
// rule).
double line_mixture_gap(const line_mixture_t *mixture, double tau);

// The limit of (L_tau - L_0)/tau^alpha as tau -> 0 for a power law at whose walls two experts lead (not a fan): the sum
// of gap_bound_limit over the walls. Returns a GSL status.
int line_mixture_limit(const line_mixture_t *mixture, double *limit);

// C of a power law, and P(Delta <= t), and E exp(-Delta/tau).
double line_mixture_mass(const line_mixture_t *mixture);
double line_mixture_margin_law(const line_mixture_t *mixture, double t);
double line_mixture_layer(const line_mixture_t *mixture, double tau);

// C_margin of Proposition 3.7 for a normal law and 0 < t <= delta: the sum over all pairs of 2 sup over |t| <= delta of
// the density of their difference at t. The differences must not be constant.
double line_mixture_pair_mass(const line_mixture_t *mixture, double delta);

// An input of a power law from three independent uniform variates; *winner receives the leading expert.
double line_mixture_draw_input(const line_mixture_t *mixture, const double u[3], size_t *winner);

// A sampler (stat/montecarlo.h) of LINE_MIXTURE_SAMPLE numbers: (mu - h_tau)^2 - (mu - h_0)^2 as it is written,
// exp(-Delta/tau), and 1 where Delta <= tau, else 0. `context` is a line_mixture_sampler_t; a block needs
// LINE_MIXTURE_SAMPLE doubles of work for each sample.
enum { LINE_MIXTURE_SAMPLE = 3 };
typedef struct line_mixture_sampler {
    const line_mixture_t *mixture;
    double tau;
} line_mixture_sampler_t;
int line_mixture_sample(const montecarlo_block_t *block, const void *context);

#endif
