// SPDX-License-Identifier: GPL-3.0-or-later
// Normal noise on a row whose selection is by order; see flip_contest.h.
//
// The set stays if the least of the selected, disturbed, is above the largest of the others, M. With F = prod_out Phi(t - x_j)
// the distribution function of M, in units of sigma,
//
//     P(the set changes) = int F'(t) [1 - prod_in Phi(x_i - t)] dt.
//
// The integrand is negligible below x_(k) - END, where all selected numbers stay, and above x_(k+1) + END, where no other one
// comes. It is analytic, and the trapezoidal rule of step h errs by about exp(-2 pi^2 / (n h^2)) for n numbers.
#include "routing/flip_contest.h"

#include <gsl/gsl_math.h>
#include <gsl/gsl_sf_erf.h>
#include <math.h>
#include <stdlib.h>

// Pairs further apart change places with probability below 1e-10.
static const double REACH = 9;
static const double END = 6;
// exp(-2 pi^2 / (n h^2)) = 1e-7 for h = RESOLUTION / sqrt(n).
static const double RESOLUTION = 1.1;

// ---- Cubic interpolation between values at multiples of 1 / PER_UNIT: an error of 4e-9 at most ----

enum { PER_UNIT = 32, BOUND = 8, NODES = 2 * BOUND * PER_UNIT + 1 };

struct flip_normal {
    double below[NODES], density[NODES];
};

flip_normal_t *flip_normal_alloc(void) {
    flip_normal_t *normal = malloc(sizeof *normal);
    for (size_t i = 0; normal != NULL && i < NODES; i++) {
        const double x = (double)i / PER_UNIT - BOUND;
        normal->below[i] = 0.5 * gsl_sf_erfc(-x * M_SQRT1_2);
        normal->density[i] = gsl_sf_erf_Z(x);
    }
    return normal;
}

void flip_normal_free(flip_normal_t *normal) {
    free(normal);
}

// The cubic with given values and derivatives at 0 and 1, the latter multiplied by the length of the interval.
static inline double cubic(double s, double value0, double slope0, double value1, double slope1) {
    const double rise = value1 - value0;
    return value0 + s * (slope0 + s * (3 * rise - 2 * slope0 - slope1 + s * (slope0 + slope1 - 2 * rise)));
}

// Phi(x) and phi(x).
static inline void normal_at(const flip_normal_t *normal, double x, double *below, double *density) {
    const double place = (x + BOUND) * PER_UNIT;
    if (!(place > 0 && place < NODES - 1)) {
        *below = x > 0;
        *density = 0;
        return;
    }
    const size_t i = (size_t)place;
    const double s = place - (double)i, step = 1.0 / PER_UNIT, x0 = (double)i / PER_UNIT - BOUND,
                 x1 = x0 + step;
    const double d0 = normal->density[i] * step, d1 = normal->density[i + 1] * step;
    *below = cubic(s, normal->below[i], d0, normal->below[i + 1], d1);
    *density = cubic(s, normal->density[i], -x0 * d0, normal->density[i + 1], -x1 * d1);
}

// ---- The integral ----

// The numbers near rank k, in units of sigma: first those of the selected experts.
typedef struct field {
    const double *places;
    size_t selected, all;
} field_t;

static double integrand(const field_t *f, const flip_normal_t *normal, double t) {
    double stay = 1, below = 1, slope = 0, value, density;
    for (size_t i = 0; i < f->selected; i++) {
        normal_at(normal, f->places[i] - t, &value, &density);
        stay *= value;
    }
    for (size_t j = f->selected; j < f->all; j++) {
        normal_at(normal, t - f->places[j], &value, &density);
        slope = slope * value + below * density;
        below *= value;
    }
    return slope * (1 - stay);
}

// Collects the numbers that are less than REACH away from the other side of rank k, relative to rank k.
static field_t collect(const flip_contest_t *c, double sigma, double *room) {
    const double inside = c->logits[c->inside], outside = c->logits[c->outside];
    const double top = outside + REACH * sigma, bottom = inside - REACH * sigma;
    size_t selected = 0, others = c->experts;
    for (size_t i = 0; i < c->experts; i++) {
        const double x = c->logits[i];
        if (!(x > bottom && x < top))
            continue;
        if (x > inside || (x == inside && i <= c->inside))
            room[selected++] = (x - inside) / sigma;
        else
            room[--others] = (x - inside) / sigma;
    }
    for (size_t j = others; j < c->experts; j++)
        room[selected + j - others] = room[j];
    return (field_t){room, selected, selected + c->experts - others};
}

double flip_contest_noise(const flip_contest_t *c, double sigma, const flip_normal_t *normal, double *room) {
    const double gap = (c->logits[c->inside] - c->logits[c->outside]) / sigma;
    if (gap >= REACH)
        return 0;
    const field_t f = collect(c, sigma, room);
    if (f.all == 2)
        return 0.5 * gsl_sf_erfc(gap / 2); // Phi(-gap / sqrt 2)
    const double first = -END, last = END - gap;
    const double steps = ceil((last - first) * sqrt((double)f.all) / RESOLUTION),
                 step = (last - first) / steps;
    double sum = 0;
    for (double i = 0; i <= steps; i++)
        sum += integrand(&f, normal, first + i * step);
    return fmin(sum * step, 1);
}
