// SPDX-License-Identifier: GPL-3.0-or-later
// Mixtures of bounded experts on the line; see line_mixture.h.
#include "routing/line_mixture.h"

#include "routing/gap_bound.h"
#include "routing/margin.h"
#include "routing/softmax.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_sf_gamma.h>
#include <math.h>
#include <stdlib.h>

void line_mixture_logits(const line_mixture_t *mixture, double x, double *logits) {
    for (size_t k = 0; k < mixture->experts; k++)
        logits[k] = mixture->slope[k] * x + mixture->offset[k];
}

double line_mixture_expert(const line_mixture_t *mixture, size_t k, double x) {
    return mixture->expert_size * sin(mixture->frequency[k] * x + mixture->phase[k]);
}

double line_mixture_mean(const line_mixture_t *mixture, double x, size_t winner) {
    if (mixture->response == LINE_MIXTURE_FREE)
        return mixture->response_size * sin(mixture->response_frequency * x + mixture->response_phase);
    const double hard = line_mixture_expert(mixture, winner, x);
    return mixture->response == LINE_MIXTURE_REALISABLE
               ? hard
               : -mixture->response_size / mixture->expert_size * hard;
}

double line_mixture_difference(const line_mixture_t *mixture, double x, size_t winner, double tau) {
    double logits[LINE_MIXTURE_MAX_EXPERTS], shift = 0;
    line_mixture_logits(mixture, x, logits);
    softmax_gates(logits, mixture->experts, tau, logits);
    const double hard = line_mixture_expert(mixture, winner, x);
    for (size_t k = 0; k < mixture->experts; k++)
        shift += k == winner ? 0 : logits[k] * (hard - line_mixture_expert(mixture, k, x));
    return shift * (2 * (line_mixture_mean(mixture, x, winner) - hard) + shift);
}

// ---- Quadrature ----

// Gauss-Legendre, 16 points: the positive nodes and their weights.
enum { HALF_RULE = 8 };
static const double NODES[HALF_RULE] = {
    0.0950125098376374401853, 0.2816035507792589132305, 0.4580167776572273863424, 0.6178762444026437484467,
    0.7554044083550030338951, 0.8656312023878317438805, 0.9445750230732325760779, 0.9894009349916499325962};
static const double WEIGHTS[HALF_RULE] = {
    0.1894506104550684962854, 0.1826034150449235888668, 0.1691565193950025381893, 0.1495959888165767320815,
    0.1246289712555338720525, 0.0951585116824927848099, 0.0622535239386478928628, 0.0271524594117540948518};

// Where the integrand changes its scale, in temperatures of margin.
enum { LAYERS = 5 };
static const double LAYER[LAYERS] = {1, 3, 8, 18, 40};

typedef double (*integrand_t)(double q, const void *context);

static double integrate_piece(integrand_t f, const void *context, double low, double high) {
    const double middle = 0.5 * (low + high), half = 0.5 * (high - low);
    double sum = 0;
    for (int i = 0; i < HALF_RULE; i++)
        sum += WEIGHTS[i] * (f(middle - half * NODES[i], context) + f(middle + half * NODES[i], context));
    return half * sum;
}

// One side of a wall. With r = reach q^m, m = 2 for alpha = 1/2 and 1 otherwise, the law of q has the density
// m alpha q^(m alpha - 1), a polynomial, and the integrand is smooth.
typedef struct side {
    const line_mixture_t *mixture;
    const line_mixture_wall_t *wall;
    double tau;
    int right, order; // order: m
} side_t;

static double side_integrand(double q, const void *context) {
    const side_t *side = context;
    const double r = side->wall->reach * (side->order == 2 ? q * q : q),
                 power = side->order * side->mixture->alpha;
    const double density = power * (power > 1 ? q : 1);
    return density * line_mixture_difference(side->mixture, side->wall->place + (side->right ? r : -r),
                                             side->wall->winner[side->right], side->tau);
}

static double integrate_side(const side_t *side) {
    const line_mixture_wall_t *wall = side->wall;
    double sum = 0, low = 0;
    for (int i = 0; i <= LAYERS && low < 1; i++) {
        const double share =
            i == LAYERS ? 1 : fmin(LAYER[i] * side->tau / (wall->steepness * wall->reach), 1);
        const double high = side->order == 2 ? sqrt(share) : share;
        sum += integrate_piece(side_integrand, side, low, high);
        low = high;
    }
    return sum;
}

static double power_gap(const line_mixture_t *mixture, double tau) {
    double sum = 0;
    for (size_t i = 0; i < mixture->walls; i++) {
        const line_mixture_wall_t *wall = mixture->wall + i;
        const int order = mixture->alpha < 1 ? 2 : 1;
        const side_t left = {mixture, wall, tau, 0, order}, right = {mixture, wall, tau, 1, order};
        const double on_left = wall->right < 1 ? (1 - wall->right) * integrate_side(&left) : 0;
        const double on_right = wall->right > 0 ? wall->right * integrate_side(&right) : 0;
        sum += wall->weight * (on_left + on_right);
    }
    return sum;
}

// The normal law on [-END, END]: beyond there are 2e-19 of it.
static const double END = 9;
enum {
    PAIRS = LINE_MIXTURE_MAX_EXPERTS * (LINE_MIXTURE_MAX_EXPERTS - 1) / 2,
    GRID = 24,
    MAX_CUTS = GRID + 1 + PAIRS * (2 * LAYERS + 1)
};

typedef struct normal {
    const line_mixture_t *mixture;
    double tau;
} normal_t;

static double normal_integrand(double x, const void *context) {
    const normal_t *normal = context;
    double logits[LINE_MIXTURE_MAX_EXPERTS];
    line_mixture_logits(normal->mixture, x, logits);
    return gsl_ran_ugaussian_pdf(x) * line_mixture_difference(normal->mixture, x,
                                                              margin_winner(logits, normal->mixture->experts),
                                                              normal->tau);
}

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// The places where two of the logits tie, with the layers around those where they lead.
static size_t add_cuts(const line_mixture_t *mixture, double tau, double *cuts) {
    size_t count = 0;
    for (size_t k = 0; k < mixture->experts; k++)
        for (size_t l = 0; l < k; l++) {
            const double slope = mixture->slope[k] - mixture->slope[l];
            const double place = (mixture->offset[l] - mixture->offset[k]) / slope;
            double logits[LINE_MIXTURE_MAX_EXPERTS];
            line_mixture_logits(mixture, place, logits);
            const double behind = logits[margin_winner(logits, mixture->experts)] - logits[k];
            if (!(fabs(place) < END) || behind > LAYER[LAYERS - 1] * tau)
                continue;
            cuts[count++] = place;
            for (int i = 0; i < LAYERS; i++) {
                const double width = LAYER[i] * tau / fabs(slope);
                cuts[count++] = fmax(place - width, -END);
                cuts[count++] = fmin(place + width, END);
            }
        }
    return count;
}

static double normal_gap(const line_mixture_t *mixture, double tau) {
    const normal_t normal = {mixture, tau};
    double cuts[MAX_CUTS], sum = 0;
    size_t count = add_cuts(mixture, tau, cuts);
    for (int i = 0; i <= GRID; i++)
        cuts[count++] = END * (2.0 * i / GRID - 1);
    qsort(cuts, count, sizeof *cuts, compare);
    for (size_t i = 0; i + 1 < count; i++)
        if (cuts[i] < cuts[i + 1])
            sum += integrate_piece(normal_integrand, &normal, cuts[i], cuts[i + 1]);
    return sum;
}

double line_mixture_gap(const line_mixture_t *mixture, double tau) {
    return mixture->law == LINE_MIXTURE_POWER ? power_gap(mixture, tau) : normal_gap(mixture, tau);
}

// ---- The law of the margin ----

double line_mixture_mass(const line_mixture_t *mixture) {
    double sum = 0;
    for (size_t i = 0; i < mixture->walls; i++)
        sum += mixture->wall[i].weight *
               pow(mixture->wall[i].steepness * mixture->wall[i].reach, -mixture->alpha);
    return sum;
}

double line_mixture_margin_law(const line_mixture_t *mixture, double t) {
    double sum = 0;
    for (size_t i = 0; i < mixture->walls; i++) {
        const double share = t / (mixture->wall[i].steepness * mixture->wall[i].reach);
        sum += mixture->wall[i].weight * (share < 1 ? pow(share, mixture->alpha) : 1);
    }
    return sum;
}

// For one wall of extent E = s reach:  int_0^E exp(-t/tau) d(t/E)^alpha = (tau/E)^alpha Gamma(1+alpha) P(alpha, E/tau),
// P the regularised incomplete gamma function.
double line_mixture_layer(const line_mixture_t *mixture, double tau) {
    double sum = 0;
    for (size_t i = 0; i < mixture->walls; i++) {
        const double extent = mixture->wall[i].steepness * mixture->wall[i].reach;
        sum += mixture->wall[i].weight * pow(tau / extent, mixture->alpha) *
               gsl_sf_gamma_inc_P(mixture->alpha, extent / tau);
    }
    return sum * gsl_sf_gamma(1 + mixture->alpha);
}

int line_mixture_limit(const line_mixture_t *mixture, double *limit) {
    double sum = 0;
    for (size_t i = 0; i < mixture->walls; i++) {
        const line_mixture_wall_t *wall = mixture->wall + i;
        const size_t left = wall->winner[0], right = wall->winner[1];
        const double mass = wall->weight * pow(wall->steepness * wall->reach, -mixture->alpha),
                     x = wall->place;
        const double f[2] = {line_mixture_expert(mixture, left, x), line_mixture_expert(mixture, right, x)};
        const gap_bound_side_t sides[2] = {
            {mass * (1 - wall->right), line_mixture_mean(mixture, x, left) - f[0]},
            {mass * wall->right, line_mixture_mean(mixture, x, right) - f[1]}};
        ball_t part;
        const int status = gap_bound_limit(mixture->alpha, f[0] - f[1], sides, &part);
        if (status != GSL_SUCCESS)
            return status;
        sum += part.value;
    }
    *limit = sum;
    return GSL_SUCCESS;
}

double line_mixture_pair_mass(const line_mixture_t *mixture, double delta) {
    double sum = 0;
    for (size_t k = 0; k < mixture->experts; k++)
        for (size_t l = 0; l < k; l++) {
            const double deviation = fabs(mixture->slope[k] - mixture->slope[l]);
            const double off = fmax(fabs(mixture->offset[k] - mixture->offset[l]) - delta, 0);
            sum += 2 * gsl_ran_gaussian_pdf(off, deviation);
        }
    return sum;
}

double line_mixture_draw_input(const line_mixture_t *mixture, const double u[3], size_t *winner) {
    size_t i = 0;
    for (double rest = u[0] - mixture->wall[0].weight; rest >= 0 && i + 1 < mixture->walls;)
        rest -= mixture->wall[++i].weight;
    const line_mixture_wall_t *wall = mixture->wall + i;
    const int right = u[1] < wall->right;
    const double r = wall->reach * pow(u[2], 1 / mixture->alpha);
    *winner = wall->winner[right];
    return wall->place + (right ? r : -r);
}

int line_mixture_sample(const montecarlo_block_t *block, const void *context) {
    const line_mixture_sampler_t *sampler = context;
    const line_mixture_t *mixture = sampler->mixture;
    const int power = mixture->law == LINE_MIXTURE_POWER;
    if (power)
        stream_uniforms(block->stream, block->work, 3 * block->count);
    else
        stream_normals(block->stream, block->work, block->count);
    for (size_t i = 0; i < block->count; i++) {
        double logits[LINE_MIXTURE_MAX_EXPERTS], gates[LINE_MIXTURE_MAX_EXPERTS], soft = 0;
        size_t drawn;
        const double x =
            power ? line_mixture_draw_input(mixture, block->work + 3 * i, &drawn) : block->work[i];
        line_mixture_logits(mixture, x, logits);
        softmax_gates(logits, mixture->experts, sampler->tau, gates);
        for (size_t k = 0; k < mixture->experts; k++)
            soft += gates[k] * line_mixture_expert(mixture, k, x);
        const size_t winner = margin_winner(logits, mixture->experts);
        const double mean = line_mixture_mean(mixture, x, winner),
                     margin = margin_top_two(logits, mixture->experts);
        double *row = block->samples + LINE_MIXTURE_SAMPLE * i;
        row[0] = gsl_pow_2(mean - soft) - gsl_pow_2(mean - line_mixture_expert(mixture, winner, x));
        row[1] = exp(-margin / sampler->tau);
        row[2] = margin <= sampler->tau;
    }
    return GSL_SUCCESS;
}
