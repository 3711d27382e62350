// SPDX-License-Identifier: GPL-3.0-or-later
// Flips by shifts and draws; see flip_loose.h.
//
// With biases, a sigmoid or groups, logits that compete are far apart on the grid, so that each has a phase of its own. Where
// the density of rows is constant on the box of all intervals between neighbouring numbers that a row lies in, any shift of the
// phases modulo 1 leaves it as it is. So the rate of flips is the mean over a group of shifts, of any size: here the
// points of a lattice of n points, n a power of two, with the phase of the row itself for origin. Given the orbit of a row, the
// row is each of its n points with the same chance; so the mean p over the orbit is the chance of a flip, without any
// error of quadrature.
//
// The scores that can come into play are few: a score moves by at most its steepest slope times the length of the interval.
// Without groups, only the experts within reach of rank k are loose, and the selection among them is one of fewer experts.
#include "routing/flip_loose.h"

#include "routing/flip.h"
#include "stat/stream.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// Of normal variates: beyond, with probability 4e-11.
static const double NOISE_REACH = 6.5;
// The lattice j -> GENERATOR^j t mod n.
static const unsigned GENERATOR = 39;

struct flip_loose {
    const selection_t *rule;
    selection_t active; // the selection among the loose experts
    size_t *members, *moved_members, *order;
    double *memory; // all that follows, N numbers each
    double *scores, *reach, *logits, *bias, *low, *high, *phase, *moved, *rounded, *draws;
};

enum { ARRAYS = 10 };

flip_loose_t *flip_loose_alloc(const selection_t *rule) {
    const size_t n = rule->experts;
    flip_loose_t *l = calloc(1, sizeof *l);
    if (l == NULL)
        return NULL;
    l->rule = rule;
    l->members = calloc(3 * n, sizeof *l->members);
    l->memory = calloc(ARRAYS * n, sizeof *l->memory);
    if (l->members == NULL || l->memory == NULL) {
        flip_loose_free(l);
        return NULL;
    }
    l->moved_members = l->members + n;
    l->order = l->members + 2 * n;
    double **const arrays[ARRAYS] = {&l->scores, &l->reach, &l->logits, &l->bias,    &l->low,
                                     &l->high,   &l->phase, &l->moved,  &l->rounded, &l->draws};
    for (size_t i = 0; i < ARRAYS; i++)
        *arrays[i] = l->memory + i * n;
    return l;
}

void flip_loose_free(flip_loose_t *l) {
    if (l == NULL)
        return;
    free(l->members);
    free(l->memory);
    free(l);
}

// ---- Which experts are loose ----

// The steepest slope of a score; that of sqrt(log(1 + exp x)) is 0.3195, near x = 1.
static double steepest(selection_score_t score) {
    switch (score) {
    case SELECTION_SIGMOID:
        return 0.25;
    case SELECTION_SQRTSOFTPLUS:
        return 0.32;
    default:
        return 1;
    }
}

// Groups that may change places make all experts loose; so do loose experts of groups that stay.
static bool take_all(flip_loose_t *l, const double *logits) {
    const size_t n = l->rule->experts;
    selection_choice_t choice;
    selection_choose(l->rule, l->scores, l->members, &choice, l->order);
    double most = 0;
    for (size_t i = 0; i < n; i++)
        most = l->reach[i] > most ? l->reach[i] : most;
    const double differences = l->rule->grouping == SELECTION_GROUP_TWO ? 4 : 2;
    if (choice.gap > differences * most)
        return false;
    l->active = *l->rule;
    memcpy(l->logits, logits, n * sizeof *logits);
    return true;
}

// The experts between the least that a selected score may become and the largest that another one may become.
static bool take_few(flip_loose_t *l, const double *logits) {
    const selection_t *rule = l->rule;
    selection_choose(rule, l->scores, l->members, NULL, l->order);
    double least = INFINITY, largest = -INFINITY;
    for (size_t i = 0, m = 0; i < rule->experts; i++) {
        if (m < rule->active && l->members[m] == i) {
            least = fmin(least, l->scores[i] - l->reach[i]);
            m++;
        } else {
            largest = fmax(largest, l->scores[i] + l->reach[i]);
        }
    }
    if (least > largest)
        return false;
    l->active = (selection_t){.score = rule->score, .bias = rule->bias != NULL ? l->bias : NULL};
    for (size_t i = 0, m = 0; i < rule->experts; i++) {
        const bool selected = m < rule->active && l->members[m] == i;
        m += selected;
        if (selected ? l->scores[i] - l->reach[i] > largest : l->scores[i] + l->reach[i] < least)
            continue;
        l->logits[l->active.experts] = logits[i];
        l->bias[l->active.experts++] = rule->bias != NULL ? rule->bias[i] : 0;
        l->active.active += selected;
    }
    return true;
}

// Finds the loose experts; false if the set cannot change.
//   l->reach  how far each logit may move
static bool take_loose(flip_loose_t *l, const double *logits) {
    const double slope = steepest(l->rule->score);
    for (size_t i = 0; i < l->rule->experts; i++)
        l->reach[i] *= slope;
    selection_scores(l->rule, logits, l->scores);
    return l->rule->grouping == SELECTION_UNGROUPED ? take_few(l, logits) : take_all(l, logits);
}

// Whether two rows of the loose experts' logits select different sets.
static bool differ(flip_loose_t *l, const double *logits, const double *others) {
    const size_t k = l->active.active;
    selection_scores(&l->active, logits, l->scores);
    selection_choose(&l->active, l->scores, l->members, NULL, l->order);
    selection_scores(&l->active, others, l->scores);
    selection_choose(&l->active, l->scores, l->moved_members, NULL, l->order);
    return memcmp(l->members, l->moved_members, k * sizeof *l->members) != 0;
}

// ---- Rounding ----

// How far logits move: within their intervals, and numbers beyond the greatest one to it.
static void reach_of_rounding(flip_loose_t *l, const double *logits, const rounding_t *format, double unit) {
    for (size_t i = 0; i < l->rule->experts; i++) {
        const double beyond =
            format->kind == ROUNDING_FLOAT ? fmax(fabs(logits[i]) - format->greatest, 0) : 0;
        l->reach[i] = rounding_spacing(format, unit, logits[i]) + beyond;
    }
}

// The intervals of the loose logits, and their places in them. What does not move has an interval without length.
static void place(flip_loose_t *l, const rounding_t *format, double unit, double fixed) {
    for (size_t i = 0; i < l->active.experts; i++) {
        const double value = l->logits[i];
        l->phase[i] = 0;
        l->low[i] = l->high[i] = value;
        if (fabs(value) < fixed && rounding_interval(format, unit, value, l->low + i, l->high + i))
            l->phase[i] = (value - l->low[i]) / (l->high[i] - l->low[i]);
    }
}

// The row at point `t` of the lattice.
static void shift(flip_loose_t *l, unsigned t, unsigned shifts) {
    unsigned step = t;
    for (size_t i = 0; i < l->active.experts; i++) {
        const double phase = l->phase[i] + (double)step / shifts;
        l->moved[i] = t == 0 ? l->logits[i] : l->low[i] + (phase - floor(phase)) * (l->high[i] - l->low[i]);
        step = step * GENERATOR % shifts;
    }
}

double flip_loose_rounding(flip_loose_t *l, const double *logits, const rounding_t *format) {
    const double unit = rounding_unit(format, logits, l->rule->experts);
    double fixed = INFINITY;
    if (format->kind == ROUNDING_INTEGER) {
        fixed = 0;
        for (size_t i = 0; i < l->rule->experts; i++)
            fixed = fmax(fixed, fabs(logits[i]));
    }
    reach_of_rounding(l, logits, format, unit);
    if (!take_loose(l, logits))
        return 0;
    place(l, format, unit, fixed);
    const unsigned shifts = l->rule->grouping == SELECTION_UNGROUPED ? FLIP_SHIFTS : FLIP_GROUP_SHIFTS;
    unsigned flips = 0;
    for (unsigned t = 0; t < shifts; t++) {
        shift(l, t, shifts);
        for (size_t i = 0; i < l->active.experts; i++)
            l->rounded[i] = rounding_apply(format, unit, l->moved[i]);
        flips += differ(l, l->moved, l->rounded);
    }
    return (double)flips / shifts;
}

// ---- Noise ----

// A number made of the bits of the loose logits (FNV-1a), so that each row has draws of its own.
static uint64_t row_number(const double *logits, size_t n) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < n * sizeof *logits; i++)
        hash = (hash ^ ((const unsigned char *)logits)[i]) * UINT64_C(0x100000001b3);
    return hash;
}

// Draws come in pairs of opposite signs.
double flip_loose_noise(flip_loose_t *l, const double *logits, double sigma) {
    for (size_t i = 0; i < l->rule->experts; i++)
        l->reach[i] = NOISE_REACH * sigma;
    if (!take_loose(l, logits))
        return 0;
    const size_t n = l->active.experts;
    stream_t stream = stream_at(row_number(l->logits, n), stream_experiment("flip noise"), 0);
    unsigned flips = 0;
    for (unsigned draw = 0; draw < FLIP_DRAWS; draw++) {
        if (draw % 2 == 0)
            stream_normals(&stream, l->draws, n);
        for (size_t i = 0; i < n; i++)
            l->moved[i] = l->logits[i] + (draw % 2 == 0 ? sigma : -sigma) * l->draws[i];
        flips += differ(l, l->logits, l->moved);
    }
    return (double)flips / FLIP_DRAWS;
}
