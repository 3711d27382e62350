// SPDX-License-Identifier: GPL-3.0-or-later
// Points on a line of a top-k layer, compared exactly.
//
// A line is a flat of dimension 1 (geometry/elimination.h): on it each logit and each unit is constant + slope x.
// Points are zeros of rows or of differences of logits, as doubles with proven bounds; where these do not decide,
// integers do.
#ifndef MOEGEOM_GEOMETRY_LAYER_LINE_H
#define MOEGEOM_GEOMETRY_LAYER_LINE_H

#include "geometry/elimination.h"

#include <math.h>
#include <stdint.h>

enum { LAYER_LINE_REASON = 256 };

// The layer at one level, shared by all threads. Owned by the caller.
typedef struct layer_line_level {
    slong active;             // k
    elimination_rows_t *rows; // N logits and the units, expert by expert, in D coordinates
    const slong *first;       // N + 1: the units of expert i are first[i] to first[i + 1] - 1
    const slong *owner;       // of each unit
    const slong *name;        // of each unit: its number in the layer
} layer_line_level_t;

typedef struct layer_line_point {
    double x,
        weight; // at x, exactly within `error`; with weight 0 at plus or minus infinity, by the sign of x
    double error;
    slong first,
        second; // the zero of row `first` less row `second` (-1: none), which are logit j or N + unit
} layer_line_point_t;

typedef struct layer_line_key {
    uint64_t bits; // ordered as the points' lower bounds
    slong index;   // of the point
} layer_line_key_t;

// The line at hand, the points kept on it, and the first error that was met.
typedef struct layer_line {
    const layer_line_level_t *level;
    elimination_t *flat; // which the caller moves
    int status;          // GSL_SUCCESS; GSL_ESING with a reason; GSL_EFAILED; GSL_ENOMEM
    char reason[LAYER_LINE_REASON];
    slong items, room;
    layer_line_point_t *list; // room
    layer_line_key_t *keys;   // 2 room: to sort the list
    fmpz *exact;              // scratch
} layer_line_t;

// Returns GSL_SUCCESS, or GSL_ENOMEM; to be cleared in both cases.
int layer_line_init(layer_line_t *line, const layer_line_level_t *level);
void layer_line_clear(layer_line_t *line);

// The logits on the line (with ties: less the tied one), and the bounds of their errors.
static inline const double *layer_line_slopes(const layer_line_t *line) {
    return elimination_logit_column(line->flat, 0);
}

static inline const double *layer_line_constants(const layer_line_t *line) {
    return elimination_logit_column(line->flat, 1);
}

static inline const double *layer_line_errors(const layer_line_t *line) {
    return elimination_logit_column(line->flat, 2);
}

// The zero of constant + slope x, both off by at most `error` >= 2^-53 max(|constant|, |slope|). The exact zero
// differs from the exact quotient by at most error (1 + |x|) / (|slope| - error), the double x from that by
// 2^-53 |x|; the rest is room for the rounding of bounds and of x - error and x + error.
static inline layer_line_point_t layer_line_zero(double constant, double slope, double error, slong first,
                                                 slong second) {
    layer_line_point_t point = {.weight = 1, .error = INFINITY, .first = first, .second = second};
    if (fabs(slope) > 2 * error) {
        const double x = -constant / slope, bound = 8 * error * (1 + fabs(x)) / fabs(slope);
        if (bound < 0x1p1000) {
            point.x = x;
            point.error = bound;
        }
    }
    return point;
}

static inline layer_line_point_t layer_line_meeting(const layer_line_t *line, slong i, slong j) {
    const double *p = layer_line_constants(line), *q = layer_line_slopes(line), *e = layer_line_errors(line);
    return layer_line_zero(p[i] - p[j], q[i] - q[j], 2 * (e[i] + e[j]), i, j);
}

static inline bool layer_line_surely_below(const layer_line_point_t *a, const layer_line_point_t *b) {
    return a->x + a->error < b->x - b->error;
}

// Where a unit vanishes.
layer_line_point_t layer_line_crossing(const layer_line_t *line, slong unit);

// The order of two finite points on the line: negative, 0, positive.
int layer_line_compare(layer_line_t *line, const layer_line_point_t *a, const layer_line_point_t *b);

// The exact sign of row `first` less `second` at a point; at infinity that of the slope, or of the constant when
// the slope vanishes.
int layer_line_exact_sign(layer_line_t *line, slong first, slong second, const layer_line_point_t *end);

// The sign of the slope of logit i less that of logit j. When it is 0, exact[1] is the difference of the constants.
// Logits that agree on the whole line are an error.
int layer_line_compare_slopes(layer_line_t *line, slong i, slong j);

// The sign of a row's slope, of a logit less the tied one.
int layer_line_slope_sign(layer_line_t *line, slong row);

// Adds a point to the list.
void layer_line_keep(layer_line_t *line, layer_line_point_t point);

// Sets the status to GSL_ESING when two points of the list are equal. Leaves the list as it is.
void layer_line_check_distinct(layer_line_t *line);

// Sets the status to GSL_ESING, which is returned, with the reason: the flat's rows and row `first` less `second`
// (and `other_first` less `other_second` unless it is -1) are in special position.
int layer_line_degenerate(layer_line_t *line, slong first, slong second, slong other_first,
                          slong other_second);

// The same for two points that are equal.
void layer_line_coincide(layer_line_t *line, const layer_line_point_t *a, const layer_line_point_t *b);

#endif
