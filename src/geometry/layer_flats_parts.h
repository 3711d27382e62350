// SPDX-License-Identifier: GPL-3.0-or-later
// What the parts of method F share (layer_flats.h): flats, and what a thread works with. Not for others.
//
//     layer_flats          the tree of flats, its parts and threads
//     layer_flats_flat     a flat: the hyperplanes that cut it, with their values, each once
//     layer_flats_polygon  flats of two dimensions
//
// A flat is held as its polyhedron, F_T in the closed cell, with the values of the hyperplanes that cut it at the
// polyhedron's generators. These values say all that is asked for: two hyperplanes coincide on the flat when their
// values are proportional, and a hyperplane cuts where values have both signs. In a polygon not even the lines are
// made: a line crosses two edges, its ends are combinations of their corners, and so are the values of all other
// lines there; and two of these meet the line in one point when their values at the two ends are proportional.
//
// Error bounds; u = 2^-53, W = d + 1. All is projective, so a generator or a row may have any positive factor. A
// value is the sum of W products of a row and a generator in doubles; geometry/polyhedron.h bounds the errors of
// both, and `error` is the largest bound E of any value on the flat, |value| <= V.
//
//   Ends       An end of a line with the values a, b of opposite signs at corners i and j is p g_i + q g_j with p =
//              |b| / (|a| + |b|), q = |a| / (|a| + |b|). For nonnegative a, b, off by at most E, |computed - p| =
//              |(b' - b) a - (a' - a) b| / ((a' + b')(a + b)) <= E / (a' + b') with a', b' the computed ones; three
//              roundings add 3 u. With e for the sum, another line's value p x + q y there is off by E + 2 e (V + E)
//              + 3 u V at most; END_SLACK covers the roundings of the bound, and u E.
//   Crossings  A line whose values at the two ends are a and b, of opposite signs, crosses at |a| / (|a| + |b|): as
//              above, off by E' / (|a'| + |b'|) + 3 u, with E' the larger bound of the two ends.
//   Meetings   Let hyperplane t have the value b at a generator, and s the value a. Where t cuts, s takes the values
//              a_g / |b_g| + a_h / |b_h|, up to positive factors, at the points between a generator g with b_g > 0 and
//              an h with b_h < 0; the cut is their hull. A quotient is off by (E + V E / |b'|) / (|b'| - E), and its
//              roundings and the sum's are at most 4 u (V + E) / |b'|, with b' the computed b.
//   Keys       Of m values x_g off by at most E, the key is p / s, p = |sum alpha_g x_g|, s = sum |x_g|, with
//              |alpha_g| <= 1. As p <= s, it is off by (dp + ds) / s' + u at most, and dp, ds <= m E + (m + 2) u s'.
//
// Where an interval of this kind does not decide, the generators are taken in integers.
#ifndef MOEGEOM_GEOMETRY_LAYER_FLATS_PARTS_H
#define MOEGEOM_GEOMETRY_LAYER_FLATS_PARTS_H

#include "geometry/layer.h"
#include "geometry/polyhedron.h"
#include "geometry/reach.h"

#include <flint/fmpz_vec.h>
#include <stdint.h>

#define FLATS_UNIT 0x1p-53
#define FLATS_INFLATE (1 + 0x1p-40)

enum { LANES = 8 };

typedef double lanes_t
    __attribute__((vector_size(LANES * sizeof(double)), aligned(sizeof(double)), may_alias));
typedef int64_t bits_t
    __attribute__((vector_size(LANES * sizeof(int64_t)), aligned(sizeof(int64_t)), may_alias));

// One source for all instruction sets; lanes do not mix, so that all give the same bits.
#define VECTOR_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))

// ---- What threads share ----

typedef struct flats_job {
    const layer_t *layer;
    slong width;     // d + 1
    slong first_row; // of the units among the rows
    polyhedron_rows_t *rows;
    double norm, margin; // the largest of all units
    reach_list_t list;
    slong blocks; // parts of each coalition
    fmpz *totals; // of the parts, or NULL
    struct flats_worker *workers;
    slong worker_count;
} flats_job_t;

// ---- Flats ----

// A flat that meets the cell, and the hyperplanes that cut it there, each once.
typedef struct flat {
    const polyhedron_t *cell; // the closed part of the flat in the cell
    slong lines, generators;  // of `cell`, lines first
    slong count;              // hyperplanes
    slong stride;             // a multiple of LANES, at least `count`
    slong *units;             // their numbers, 0 to N H - 1
    double *coefficients;     // entry j of hyperplane s at [j * stride + s]
    double *values;           // of hyperplane s at generator g at [g * stride + s]
    double error, size;       // bounds of the errors of the values, and of the values
    fmpz *exact;              // generators in integers, set when they are wanted
    bool has_exact;
    slong unit_room, coefficient_room, value_room, exact_room;
} flat_t;

// What a hyperplane is sorted by: two whose intervals do not meet are different.
typedef struct flats_mark {
    double low, high;
    slong index;
} flats_mark_t;

// What one thread works with.
typedef struct flats_worker {
    const flats_job_t *job;
    polyhedron_t *shells[2]; // shells[0] is the cell
    polyhedron_t **cells;    // cells[m]: the polyhedron after m cuts, m = 1 .. d - 1
    flat_t *flats;           // flats[m]: on m hyperplanes, m = 0 .. d - 1
    flat_t all;              // the coalition's units, with `units` and `coefficients` only
    uint64_t *level;         // d + 1 counts
    double *vectors;         // generators in doubles
    double *raw;             // values before hyperplanes that do not cut are left out
    double *high, *low;
    int64_t *state;
    flats_mark_t *marks, *spare;
    slong *kept, *starts, *ring;
    slong vector_room, raw_room, lane_room, ring_room;
} flats_worker_t;

// ---- Lanes ----

// Lane by lane: the larger or the smaller of two, the absolute value. By pointer, because vectors that the baseline
// has no registers for are no arguments.
#define LANE_INLINE static inline __attribute__((always_inline))

LANE_INLINE void keep_larger(lanes_t *x, const lanes_t *y) {
    const bits_t mask = *y > *x;
    *x = (lanes_t)((mask & (bits_t)*y) | (~mask & (bits_t)*x));
}

LANE_INLINE void keep_smaller(lanes_t *x, const lanes_t *y) {
    const bits_t mask = *y < *x;
    *x = (lanes_t)((mask & (bits_t)*y) | (~mask & (bits_t)*x));
}

LANE_INLINE void set_absolute(lanes_t *x, const lanes_t *y) {
    *x = (lanes_t)((bits_t)*y & INT64_MAX);
}

// ---- Flats: GSL_SUCCESS or GSL_ENOMEM, or whether there was memory ----

void flat_clear(flat_t *flat, slong width);

// Room for n hyperplanes and g generators in a flat, and in the workspaces.
bool flat_reserve(flat_t *flat, slong count, slong generators, slong width);
bool flats_worker_reserve(flats_worker_t *worker, slong n, slong generators);

// Fills a flat, given its polyhedron, with those of the first `count` hyperplanes of `from` that cut it.
int flat_fill(flats_worker_t *worker, flat_t *flat, const polyhedron_t *cell, const flat_t *from,
              slong count);

// ---- Exact values ----

// Sets the generators in integers.
void flat_want_exact(flat_t *flat, slong width);

static inline const fmpz *flat_unit_row(const flats_job_t *job, const flat_t *flat, slong s) {
    return job->rows->exact->rows[job->first_row + flat->units[s]];
}

// The value of hyperplane s at generator g.
static inline void flat_exact_value(fmpz_t value, const flats_job_t *job, const flat_t *flat, slong g,
                                    slong s) {
    _fmpz_vec_dot(value, flat_unit_row(job, flat, s), flat->exact + g * job->width, job->width);
}

// Whether a d = b c.
bool flat_proportional(const fmpz_t a, const fmpz_t b, const fmpz_t c, const fmpz_t d);

// ---- Different ones among many ----

// An equivalence, exact, of the hyperplanes that marks stand for.
typedef bool (*flat_same_t)(void *context, slong a, slong b);

// Counts the classes of n marks. Only marks whose intervals meet are compared, each with the first mark of each
// class that it may belong to. The first marks of the classes are moved to the front of worker->marks.
slong flat_count_classes(flats_worker_t *worker, slong n, flat_same_t same, void *context);

// ---- Polygons ----

// The number of points in which line t, for all t >= 1 that are `block` modulo `blocks`, is crossed by the lines before it.
//   polygon  a flat of dimension 2 without lines in its polyhedron
uint64_t flats_polygon_crossings(flats_worker_t *worker, flat_t *polygon, slong block, slong blocks);

#endif
