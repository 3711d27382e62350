// SPDX-License-Identifier: GPL-3.0-or-later
// Method F; see layer_flats.h.
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
#include "geometry/layer_flats.h"

#include "geometry/bounds.h"
#include "geometry/polyhedron.h"
#include "geometry/reach.h"

#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define UNIT 0x1p-53
#define INFLATE (1 + 0x1p-40)

enum { LANES = 8, FEW = 24, PARTS = 256, ROWS_OF_A_PART = 8 };

typedef double lanes_t
    __attribute__((vector_size(LANES * sizeof(double)), aligned(sizeof(double)), may_alias));
typedef int64_t bits_t
    __attribute__((vector_size(LANES * sizeof(int64_t)), aligned(sizeof(int64_t)), may_alias));

// One source for all instruction sets; lanes do not mix, so that all give the same bits.
#define VECTOR_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))

// ---- What threads share ----

typedef struct job {
    const layer_t *layer;
    slong width;     // d + 1
    slong first_row; // of the units among the rows
    polyhedron_rows_t *rows;
    double norm, margin; // the largest of all units
    reach_list_t list;
    slong blocks; // parts of each coalition
    fmpz *totals; // of the parts, or NULL
    struct worker *workers;
    slong worker_count;
} job_t;

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
typedef struct mark {
    double low, high;
    slong index;
} mark_t;

// What one thread works with.
typedef struct worker {
    const job_t *job;
    polyhedron_t *shells[2]; // shells[0] is the cell
    polyhedron_t **cells;    // cells[m]: the polyhedron after m cuts, m = 1 .. d - 1
    flat_t *flats;           // flats[m]: on m hyperplanes, m = 0 .. d - 1
    flat_t all;              // the coalition's units, with `units` and `coefficients` only
    uint64_t *level;         // d + 1 counts
    double *vectors;         // generators in doubles
    double *raw;             // values before hyperplanes that do not cut are left out
    double *high, *low;
    int64_t *state;
    mark_t *marks, *spare;
    slong *kept, *starts, *ring;
    slong vector_room, raw_room, lane_room, ring_room;
} worker_t;

static slong round_up(slong n) {
    return (n + LANES - 1) / LANES * LANES;
}

// Makes room for n items of a size; what was there is lost. Returns false when memory is short.
static bool renew(void *pointer, slong *room, slong n, size_t size) {
    if (n <= *room)
        return true;
    void **block = pointer;
    free(*block);
    *room = n + n / 2;
    *block = calloc((size_t)*room, size);
    if (*block == NULL)
        *room = 0;
    return *block != NULL;
}

static void flat_clear(flat_t *flat, slong width) {
    free(flat->units);
    free(flat->coefficients);
    free(flat->values);
    if (flat->exact != NULL)
        _fmpz_vec_clear(flat->exact, flat->exact_room * width);
}

static bool flat_reserve(flat_t *flat, slong count, slong generators, slong width) {
    flat->stride = round_up(count + 1);
    return renew(&flat->units, &flat->unit_room, flat->stride, sizeof *flat->units) &&
           renew(&flat->coefficients, &flat->coefficient_room, width * flat->stride, sizeof(double)) &&
           renew(&flat->values, &flat->value_room, generators * flat->stride, sizeof(double));
}

// Room for n hyperplanes and g generators in the workspaces.
static bool worker_reserve(worker_t *worker, slong n, slong generators) {
    const slong lanes = round_up(n + 1);
    if (lanes > worker->lane_room) {
        const slong old = worker->lane_room;
        slong rooms[7] = {old, old, old, old, old, old, old};
        if (!renew(&worker->high, &rooms[0], lanes, sizeof(double)) ||
            !renew(&worker->low, &rooms[1], lanes, sizeof(double)) ||
            !renew(&worker->state, &rooms[2], lanes, sizeof(int64_t)) ||
            !renew(&worker->marks, &rooms[3], lanes, sizeof(mark_t)) ||
            !renew(&worker->spare, &rooms[4], lanes, sizeof(mark_t)) ||
            !renew(&worker->kept, &rooms[5], lanes, sizeof(slong)) ||
            !renew(&worker->starts, &rooms[6], lanes, sizeof(slong)))
            return false;
        worker->lane_room = rooms[0];
    }
    return renew(&worker->raw, &worker->raw_room, generators * lanes, sizeof(double)) &&
           renew(&worker->vectors, &worker->vector_room, generators * worker->job->width, sizeof(double)) &&
           renew(&worker->ring, &worker->ring_room, generators, sizeof(slong));
}

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

// A range of values for each hyperplane; a line of the polyhedron goes both ways.
typedef struct evaluation {
    const double *coefficients; // as in flat_t
    slong stride;
    const double *vectors; // generators
    slong lines, generators, width;
    double *values; // receives the values of hyperplane s at generator g at [g * value_stride + s]
    slong value_stride;
    double *low, *high; // receive the ranges
} evaluation_t;

VECTOR_CLONES static void evaluate(const evaluation_t *e, slong count) {
    for (slong s = 0; s < count; s += LANES) {
        lanes_t high = (lanes_t){0} - INFINITY, low = (lanes_t){0} + INFINITY;
        for (slong g = 0; g < e->generators; g++) {
            const double *vector = e->vectors + g * e->width;
            lanes_t value = {0};
            for (slong j = 0; j < e->width; j++)
                value += *(const lanes_t *)(e->coefficients + j * e->stride + s) * vector[j];
            *(lanes_t *)(e->values + g * e->value_stride + s) = value;
            lanes_t top = value, bottom = value;
            if (g < e->lines) {
                set_absolute(&top, &value);
                bottom = -top;
            }
            keep_larger(&high, &top);
            keep_smaller(&low, &bottom);
        }
        *(lanes_t *)(e->high + s) = high;
        *(lanes_t *)(e->low + s) = low;
    }
}

// Copies the generators, and sets the bounds of the flat.
static void set_vectors(worker_t *worker, flat_t *flat) {
    const job_t *job = worker->job;
    flat->error = flat->size = 0;
    for (slong g = 0; g < flat->generators; g++) {
        double error, largest = 0;
        const double *v = polyhedron_approximation(flat->cell, g, &error);
        for (slong j = 0; j < job->width; j++) {
            worker->vectors[g * job->width + j] = v[j];
            largest = fmax(largest, fabs(v[j]));
        }
        flat->error = fmax(flat->error, (job->norm * error + job->margin * fmax(1, largest)) * INFLATE);
        flat->size = fmax(flat->size, job->norm * largest * INFLATE);
    }
}

// Lists the hyperplanes that cut the flat's polyhedron; returns their number.
static slong find_cutting(worker_t *worker, const flat_t *flat, const slong *units, slong count) {
    slong kept = 0;
    for (slong s = 0; s < count; s++) {
        const bool apart = worker->low[s] > flat->error || worker->high[s] < -flat->error;
        if ((worker->low[s] < -flat->error && worker->high[s] > flat->error) ||
            (!apart && polyhedron_side(flat->cell, worker->job->first_row + units[s]) == POLYHEDRON_BOTH))
            worker->kept[kept++] = s;
    }
    return kept;
}

// Takes the hyperplanes of worker->kept over, from arrays as in flat_t. (From and to may be the same flat.)
static void gather(const worker_t *worker, flat_t *flat, slong kept, const slong *units,
                   const double *coefficients, slong stride, const double *values, slong value_stride) {
    for (slong s = 0; s < kept; s++)
        flat->units[s] = units[worker->kept[s]];
    for (slong j = 0; j < worker->job->width; j++)
        for (slong s = 0; s < kept; s++)
            flat->coefficients[j * flat->stride + s] = coefficients[j * stride + worker->kept[s]];
    for (slong g = 0; g < flat->generators; g++)
        for (slong s = 0; s < kept; s++)
            flat->values[g * flat->stride + s] = values[g * value_stride + worker->kept[s]];
    flat->count = kept;
}

// ---- Exact values ----

static void want_exact(flat_t *flat, slong width) {
    if (flat->has_exact)
        return;
    if (flat->generators > flat->exact_room) {
        if (flat->exact != NULL)
            _fmpz_vec_clear(flat->exact, flat->exact_room * width);
        flat->exact_room = 2 * flat->generators;
        flat->exact = _fmpz_vec_init(flat->exact_room * width);
    }
    for (slong g = 0; g < flat->generators; g++)
        polyhedron_generator(flat->cell, g, flat->exact + g * width);
    flat->has_exact = true;
}

static const fmpz *unit_row(const job_t *job, const flat_t *flat, slong s) {
    return job->rows->exact->rows[job->first_row + flat->units[s]];
}

// The value of hyperplane s at generator g.
static void exact_value(fmpz_t value, const job_t *job, const flat_t *flat, slong g, slong s) {
    _fmpz_vec_dot(value, unit_row(job, flat, s), flat->exact + g * job->width, job->width);
}

// Whether a d = b c.
static bool proportional(const fmpz_t a, const fmpz_t b, const fmpz_t c, const fmpz_t d) {
    fmpz_t left, right;
    fmpz_init(left);
    fmpz_init(right);
    fmpz_mul(left, a, d);
    fmpz_mul(right, b, c);
    const bool equal = fmpz_equal(left, right);
    fmpz_clear(left);
    fmpz_clear(right);
    return equal;
}

// Whether two rows are one hyperplane of R^d.
static bool same_plane(const fmpz *a, const fmpz *b, slong width) {
    slong lead = 0;
    while (fmpz_is_zero(a + lead))
        lead++;
    if (fmpz_is_zero(b + lead))
        return false;
    for (slong j = 0; j < width; j++)
        if (!proportional(a + lead, b + lead, a + j, b + j))
            return false;
    return true;
}

// Whether doubles prove that the values of hyperplanes a and b on the flat are not proportional.
static bool proved_different(const flat_t *flat, slong a, slong b) {
    const double *values = flat->values, e = flat->error;
    slong lead = 0;
    for (slong g = 1; g < flat->generators; g++)
        if (fabs(values[g * flat->stride + a]) > fabs(values[lead * flat->stride + a]))
            lead = g;
    const double x = values[lead * flat->stride + a], y = values[lead * flat->stride + b];
    for (slong g = 0; g < flat->generators; g++) {
        const double v = values[g * flat->stride + a], w = values[g * flat->stride + b];
        const double sum = fabs(x) + fabs(y) + fabs(v) + fabs(w);
        const double bound = (e * (sum + 2 * e) + 2 * UNIT * (fabs(x * w) + fabs(y * v))) * INFLATE;
        if (fabs(x * w - y * v) > bound)
            return true;
    }
    return false;
}

// Whether the values of hyperplanes a and b on the flat are proportional, in integers.
static bool proved_same(const job_t *job, flat_t *flat, slong a, slong b) {
    fmpz_t x, y, v, w;
    fmpz_init(x);
    fmpz_init(y);
    fmpz_init(v);
    fmpz_init(w);
    want_exact(flat, job->width);
    slong lead = -1;
    while (fmpz_is_zero(x)) // the hyperplane cuts, hence is not zero everywhere
        exact_value(x, job, flat, ++lead, a);
    exact_value(y, job, flat, lead, b);
    bool same = true;
    for (slong g = 0; g < flat->generators && same; g++) {
        exact_value(v, job, flat, g, a);
        exact_value(w, job, flat, g, b);
        same = proportional(x, y, v, w);
    }
    fmpz_clear(x);
    fmpz_clear(y);
    fmpz_clear(v);
    fmpz_clear(w);
    return same;
}

// ---- Different ones among many ----

static int compare_marks(const void *a, const void *b) {
    const mark_t *left = a, *right = b;
    return left->low != right->low ? (left->low > right->low) - (left->low < right->low)
                                   : (left->index > right->index) - (left->index < right->index);
}

static void sort_few(mark_t *marks, slong n) {
    for (slong i = 1; i < n; i++) {
        const mark_t mark = marks[i];
        slong j = i;
        for (; j > 0 && marks[j - 1].low > mark.low; j--)
            marks[j] = marks[j - 1];
        marks[j] = mark;
    }
}

// Sorts worker->marks by their lower ends: into as many buckets as there are marks, and then each bucket, so that
// the work is linear where they are spread evenly.
static void sort_marks(worker_t *worker, slong n) {
    mark_t *marks = worker->marks, *spare = worker->spare;
    if (n <= FEW) {
        sort_few(marks, n);
        return;
    }
    double low = INFINITY, high = -INFINITY;
    for (slong i = 0; i < n; i++) {
        low = fmin(low, marks[i].low);
        high = fmax(high, marks[i].low);
    }
    const double scale = high > low ? ((double)n - 0.5) / (high - low) : 0;
    memset(worker->starts, 0, (size_t)n * sizeof *worker->starts);
    for (slong i = 0; i < n; i++)
        worker->starts[(slong)((marks[i].low - low) * scale)]++;
    for (slong b = 0, sum = 0; b < n; b++) {
        sum += worker->starts[b];
        worker->starts[b] = sum;
    }
    for (slong i = n - 1; i >= 0; i--)
        spare[--worker->starts[(slong)((marks[i].low - low) * scale)]] = marks[i];
    for (slong b = 0; b < n; b++) {
        const slong from = worker->starts[b], to = b + 1 < n ? worker->starts[b + 1] : n;
        if (to - from > FEW)
            qsort(spare + from, (size_t)(to - from), sizeof *spare, compare_marks);
        else
            sort_few(spare + from, to - from);
    }
    worker->marks = spare;
    worker->spare = marks;
}

// An equivalence, exact, of the hyperplanes that marks stand for.
typedef bool (*same_t)(void *context, slong a, slong b);

// Counts the classes of n marks. Only marks whose intervals meet are compared, each with the first mark of each
// class that it may belong to. The first marks of the classes are moved to the front of worker->marks.
static slong count_classes(worker_t *worker, slong n, same_t same, void *context) {
    sort_marks(worker, n);
    mark_t *marks = worker->marks;
    slong classes = 0, cluster = 0; // `cluster`: the first class of the marks that hang together
    double reach = -INFINITY;       // how far these go up
    for (slong i = 0; i < n; i++) {
        const mark_t mark = marks[i];
        if (mark.low > reach)
            cluster = classes;
        bool known = false;
        for (slong c = cluster; c < classes && !known; c++)
            known = marks[c].high >= mark.low && same(context, marks[c].index, mark.index);
        if (!known)
            marks[classes++] = mark;
        reach = fmax(reach, mark.high);
    }
    return classes;
}

// ---- Filling a flat ----

typedef struct on_flat {
    const job_t *job;
    flat_t *flat;
} on_flat_t;

static bool coincide(void *context, slong a, slong b) {
    const on_flat_t *on = context;
    if (same_plane(unit_row(on->job, on->flat, a), unit_row(on->job, on->flat, b), on->job->width))
        return true;
    return !proved_different(on->flat, a, b) && proved_same(on->job, on->flat, a, b);
}

// Sets the mark of each hyperplane of a flat to its key, which is the same for hyperplanes that coincide. The
// factors are the fractional parts of g times the golden ratio, less 1/2: any would do.
static void mark_flat(worker_t *worker, const flat_t *flat) {
    const double m = (double)flat->generators;
    for (slong s = 0; s < flat->count; s++) {
        double sum = 0, norm = 0;
        for (slong g = 0; g < flat->generators; g++) {
            const double value = flat->values[g * flat->stride + s],
                         turn = (double)(g + 1) * 0.6180339887498949;
            sum += (turn - floor(turn) - 0.5) * value;
            norm += fabs(value);
        }
        const double key = fabs(sum) / norm;
        const double error = (2 * m * flat->error / norm + (2 * m + 6) * UNIT) * INFLATE;
        worker->marks[s] = norm > 0 ? (mark_t){key - error, key + error, s} : (mark_t){-1, 2, s};
    }
}

static int compare_numbers(const void *a, const void *b) {
    const slong left = *(const slong *)a, right = *(const slong *)b;
    return (left > right) - (left < right);
}

// Leaves one of the hyperplanes that coincide on the flat.
static void drop_repetitions(worker_t *worker, flat_t *flat) {
    on_flat_t on = {worker->job, flat};
    mark_flat(worker, flat);
    const slong classes = count_classes(worker, flat->count, coincide, &on);
    if (classes == flat->count)
        return;
    for (slong c = 0; c < classes; c++)
        worker->kept[c] = worker->marks[c].index;
    qsort(worker->kept, (size_t)classes, sizeof *worker->kept, compare_numbers);
    gather(worker, flat, classes, flat->units, flat->coefficients, flat->stride, flat->values, flat->stride);
}

// Fills a flat, given its polyhedron, with those of the first `count` hyperplanes of `from` that cut it.
static int fill_flat(worker_t *worker, flat_t *flat, const polyhedron_t *cell, const flat_t *from,
                     slong count) {
    const slong width = worker->job->width;
    flat->cell = cell;
    flat->lines = polyhedron_lines(cell);
    flat->generators = flat->lines + polyhedron_rays(cell);
    flat->has_exact = false;
    if (!flat_reserve(flat, count, flat->generators, width) ||
        !worker_reserve(worker, count, flat->generators))
        return GSL_ENOMEM;
    set_vectors(worker, flat);
    const evaluation_t evaluation = {.coefficients = from->coefficients,
                                     .stride = from->stride,
                                     .vectors = worker->vectors,
                                     .lines = flat->lines,
                                     .generators = flat->generators,
                                     .width = width,
                                     .values = worker->raw,
                                     .value_stride = flat->stride,
                                     .low = worker->low,
                                     .high = worker->high};
    evaluate(&evaluation, count);
    const slong kept = find_cutting(worker, flat, from->units, count);
    gather(worker, flat, kept, from->units, from->coefficients, from->stride, worker->raw, flat->stride);
    drop_repetitions(worker, flat);
    return GSL_SUCCESS;
}

// ---- Polygons ----

// An end of a line in a polygon: p times corner i plus q times corner j.
typedef struct end {
    slong i, j;
    double p, q;
    double error; // of another line's value here
} end_t;

typedef struct chord {
    const job_t *job;
    flat_t *polygon;
    end_t ends[2];
    fmpz weights[2][2]; // p and q of the ends up to one positive factor, exact, set when they are wanted
    bool weighed;
    slong line; // of the polygon's hyperplanes
} chord_t;

// Lists the corners around the polygon: after the first, of those that are left the neighbour of the last.
static const slong *order_corners(worker_t *worker, const flat_t *polygon) {
    const slong corners = polygon->generators;
    slong *order = worker->ring;
    for (slong i = 0; i < corners; i++)
        order[i] = i;
    for (slong i = 1; i < corners - 1; i++) {
        slong j = i;
        while (j < corners - 1 && !polyhedron_adjacent(polygon->cell, order[i - 1], order[j]))
            j++;
        const slong next = order[j];
        order[j] = order[i];
        order[i] = next;
    }
    return order;
}

static int sign_at(const job_t *job, const flat_t *flat, slong g, slong s) {
    const double value = flat->values[g * flat->stride + s];
    if (fabs(value) > flat->error)
        return value > 0 ? 1 : -1;
    return polyhedron_sign(flat->cell, g, job->first_row + flat->units[s]);
}

static end_t end_between(const flat_t *polygon, slong line, slong i, slong j) {
    const double a = fabs(polygon->values[i * polygon->stride + line]),
                 b = fabs(polygon->values[j * polygon->stride + line]), sum = a + b;
    const double weight_error = polygon->error / sum + 3 * UNIT;
    return (end_t){.i = i,
                   .j = j,
                   .p = b / sum,
                   .q = a / sum,
                   .error = (polygon->error + 2 * weight_error * (polygon->size + polygon->error) +
                             4 * UNIT * polygon->size) *
                            INFLATE};
}

// Finds the two ends of a line that cuts the polygon.
static void find_ends(chord_t *chord, const slong *order) {
    const flat_t *polygon = chord->polygon;
    slong ends = 0;
    int sign = sign_at(chord->job, polygon, order[0], chord->line);
    for (slong i = 0; i < polygon->generators; i++) {
        const slong g = order[i], h = order[i + 1 < polygon->generators ? i + 1 : 0];
        const int next = sign_at(chord->job, polygon, h, chord->line);
        if (sign == 0)
            chord->ends[ends++] = (end_t){.i = g, .j = g, .p = 1, .q = 0, .error = polygon->error};
        else if (sign * next < 0)
            chord->ends[ends++] = end_between(polygon, chord->line, g, h);
        sign = next;
    }
}

static void weigh(chord_t *chord) {
    if (chord->weighed)
        return;
    want_exact(chord->polygon, chord->job->width);
    for (int e = 0; e < 2; e++) {
        const end_t *end = &chord->ends[e];
        fmpz *const p = &chord->weights[e][0], *const q = &chord->weights[e][1];
        fmpz_one(p);
        fmpz_zero(q);
        if (end->i == end->j)
            continue;
        exact_value(p, chord->job, chord->polygon, end->j, chord->line);
        exact_value(q, chord->job, chord->polygon, end->i, chord->line);
        fmpz_abs(p, p);
        fmpz_abs(q, q);
    }
    chord->weighed = true;
}

// The value of line s at end e, up to a positive factor that belongs to the end.
static void value_at_end(fmpz_t value, const chord_t *chord, int e, slong s) {
    fmpz_t other;
    fmpz_init(other);
    exact_value(value, chord->job, chord->polygon, chord->ends[e].i, s);
    exact_value(other, chord->job, chord->polygon, chord->ends[e].j, s);
    fmpz_mul(value, value, &chord->weights[e][0]);
    fmpz_addmul(value, other, &chord->weights[e][1]);
    fmpz_clear(other);
}

static bool crosses(chord_t *chord, slong s) {
    fmpz_t a, b;
    fmpz_init(a);
    fmpz_init(b);
    weigh(chord);
    value_at_end(a, chord, 0, s);
    value_at_end(b, chord, 1, s);
    const bool crossing = fmpz_sgn(a) * fmpz_sgn(b) < 0;
    fmpz_clear(a);
    fmpz_clear(b);
    return crossing;
}

static bool cross_together(void *context, slong s, slong r) {
    chord_t *chord = context;
    fmpz_t a, b, c, d;
    fmpz_init(a);
    fmpz_init(b);
    fmpz_init(c);
    fmpz_init(d);
    weigh(chord);
    value_at_end(a, chord, 0, s);
    value_at_end(b, chord, 1, s);
    value_at_end(c, chord, 0, r);
    value_at_end(d, chord, 1, r);
    const bool together = proportional(a, b, c, d);
    fmpz_clear(a);
    fmpz_clear(b);
    fmpz_clear(c);
    fmpz_clear(d);
    return together;
}

// Where the first `count` lines cross the chord: the interval of |a| / (|a| + |b|), and as state 1: inside, 0:
// outside, 2: open.
VECTOR_CLONES static void cross_chord(const flat_t *polygon, const end_t *ends, slong count, double *low,
                                      double *high, int64_t *state) {
    const double *ai = polygon->values + ends[0].i * polygon->stride,
                 *aj = polygon->values + ends[0].j * polygon->stride,
                 *bi = polygon->values + ends[1].i * polygon->stride,
                 *bj = polygon->values + ends[1].j * polygon->stride;
    const double larger = (ends[0].error > ends[1].error ? ends[0].error : ends[1].error) * INFLATE;
    for (slong s = 0; s < count; s += LANES) {
        const lanes_t a = *(const lanes_t *)(ai + s) * ends[0].p + *(const lanes_t *)(aj + s) * ends[0].q,
                      b = *(const lanes_t *)(bi + s) * ends[1].p + *(const lanes_t *)(bj + s) * ends[1].q;
        lanes_t x, y;
        set_absolute(&x, &a);
        set_absolute(&y, &b);
        const lanes_t sum = x + y;
        const lanes_t key = x / sum, error = larger / sum + 4 * UNIT;
        const bits_t decided = (bits_t)(x > ends[0].error) & (bits_t)(y > ends[1].error);
        const bits_t opposite = (((bits_t)a ^ (bits_t)b) < 0) & 1;
        *(lanes_t *)(low + s) = key - error;
        *(lanes_t *)(high + s) = key + error;
        *(bits_t *)(state + s) = (decided & opposite) | (~decided & 2);
    }
}

// Marks the lines before the chord's that cross it; returns their number.
static slong mark_crossings(worker_t *worker, chord_t *chord) {
    double *const low = worker->low, *const high = worker->high;
    cross_chord(chord->polygon, chord->ends, chord->line, low, high, worker->state);
    slong count = 0;
    for (slong s = 0; s < chord->line; s++) {
        int64_t crossing = worker->state[s];
        if (crossing == 2) {
            crossing = crosses(chord, s);
            if (!(high[s] - low[s] < 1)) {
                low[s] = 0;
                high[s] = 1;
            }
        }
        worker->marks[count] = (mark_t){low[s], high[s], s};
        count += crossing;
    }
    return count;
}

// The number of points in which the lines before line t cross it.
static slong count_crossings(worker_t *worker, flat_t *polygon, const slong *order, slong t) {
    chord_t chord = {.job = worker->job, .polygon = polygon, .line = t};
    find_ends(&chord, order);
    const slong marks = mark_crossings(worker, &chord);
    const slong points = marks < 2 ? marks : count_classes(worker, marks, cross_together, &chord);
    for (int e = 0; e < 2; e++)
        for (int w = 0; w < 2; w++)
            fmpz_clear(&chord.weights[e][w]);
    return points;
}

// ---- Meetings ----

// Sets the inverse absolute values of hyperplane t at the generators, and the bound of the error of the sums of two
// quotients. Returns false when a sign of t is open.
static bool invert(const flat_t *flat, slong t, double *inverses, double *bound) {
    const double e = flat->error, size = flat->size;
    double least = INFINITY;
    for (slong g = 0; g < flat->generators; g++) {
        const double value = flat->values[g * flat->stride + t];
        inverses[g] = 1 / fabs(value);
        least = fabs(value) < least ? fabs(value) : least;
    }
    *bound = 2 * ((e + size * e / least) / (least - e) + 4 * UNIT * (size + e) / least) * INFLATE;
    return least > 2 * e;
}

// Whether the first `count` hyperplanes meet hyperplane t inside the polyhedron: 1, 0, or 2 where that is open.
VECTOR_CLONES static void judge_meetings(const flat_t *flat, slong t, const double *inverses, double bound,
                                         slong count, int64_t *state) {
    for (slong s = 0; s < count; s += LANES) {
        lanes_t high[2], low[2]; // of the quotients where t is negative, and where it is positive
        high[0] = high[1] = (lanes_t){0} - INFINITY;
        low[0] = low[1] = (lanes_t){0} + INFINITY;
        for (slong g = 0; g < flat->generators; g++) {
            const lanes_t quotient = *(const lanes_t *)(flat->values + g * flat->stride + s) * inverses[g];
            const int side = flat->values[g * flat->stride + t] > 0;
            keep_larger(&high[side], &quotient);
            keep_smaller(&low[side], &quotient);
        }
        const lanes_t most = high[0] + high[1], least = low[0] + low[1];
        const bits_t meets = (bits_t)(most > bound) & (bits_t)(least < -bound);
        const bits_t misses = (bits_t)(most < -bound) | (bits_t)(least > bound);
        *(bits_t *)(state + s) = (meets & 1) | (~meets & ~misses & 2);
    }
}

// The number of hyperplanes before t that meet it inside the polyhedron, when that is 0 or 1 and doubles prove it;
// otherwise 2. It is 0 or 1 for most of the last flats, which need not be made then.
static slong count_meetings(worker_t *worker, const flat_t *flat, slong t) {
    double bound;
    if (flat->lines > 0 || !invert(flat, t, worker->vectors, &bound))
        return 2;
    judge_meetings(flat, t, worker->vectors, bound, t, worker->state);
    slong count = 0;
    for (slong s = 0; s < t && count < 2; s++)
        count += worker->state[s];
    return count < 2 ? count : 2;
}

// ---- The tree ----

// Which hyperplanes a part begins with: those that are `block` modulo `blocks`.
typedef struct share {
    slong block, blocks;
} share_t;

static void count_polygon(worker_t *worker, slong depth, share_t share) {
    flat_t *polygon = &worker->flats[depth];
    const slong *order = order_corners(worker, polygon);
    for (slong t = 1; t < polygon->count; t++)
        if (t % share.blocks == share.block)
            worker->level[depth + 2] += (uint64_t)count_crossings(worker, polygon, order, t);
}

// Counts what lies below the flat of `depth` hyperplanes, which is filled; the sets that it begins with a
// hyperplane of its own are counted by the share's first block.
static int count_below(worker_t *worker, slong depth, share_t share) {
    const flat_t *flat = &worker->flats[depth];
    const slong dimension = worker->job->layer->dimension - depth;
    if (share.block == 0)
        worker->level[depth + 1] += (uint64_t)flat->count;
    if (dimension == 1 || flat->count < 2)
        return GSL_SUCCESS;
    if (dimension == 2 && flat->lines == 0) {
        count_polygon(worker, depth, share);
        return GSL_SUCCESS;
    }
    int status = GSL_SUCCESS;
    polyhedron_t *const slice = worker->cells[depth + 1];
    for (slong t = 1; t < flat->count && status == GSL_SUCCESS; t++) {
        if (t % share.blocks != share.block)
            continue;
        const slong meetings = count_meetings(worker, flat, t);
        if (meetings < 2) {
            worker->level[depth + 2] += (uint64_t)meetings;
            continue;
        }
        status = polyhedron_cut(slice, flat->cell, worker->job->first_row + flat->units[t], 0);
        if (status == GSL_SUCCESS)
            status = fill_flat(worker, &worker->flats[depth + 1], slice, flat, t);
        if (status == GSL_SUCCESS)
            status = count_below(worker, depth + 1, (share_t){0, 1});
    }
    return status;
}

// ---- Parts ----

// Collects the units of a coalition that are hyperplanes.
static int collect_units(worker_t *worker, const slong *members) {
    const job_t *job = worker->job;
    const slong width = job->width, units = job->layer->width;
    flat_t *all = &worker->all;
    if (!flat_reserve(all, job->layer->active * units, 0, width))
        return GSL_ENOMEM;
    all->count = 0;
    for (slong i = 0; i < job->layer->active; i++)
        for (slong h = 0; h < units; h++) {
            const slong unit = members[i] * units + h, s = all->count;
            if (_fmpz_vec_is_zero(job->rows->exact->rows[job->first_row + unit], width - 1))
                continue;
            for (slong j = 0; j < width; j++)
                all->coefficients[j * all->stride + s] =
                    job->rows->coefficients[(job->first_row + unit) * job->rows->stride + j];
            all->units[all->count++] = unit;
        }
    return GSL_SUCCESS;
}

// Fills the root: the cell of a coalition.
static int fill_root(worker_t *worker, slong coalition) {
    const reach_list_t *list = &worker->job->list;
    int status = reach_cell(list, coalition, worker->shells);
    if (status == GSL_SUCCESS)
        status = collect_units(worker, list->members + coalition * list->active);
    return status == GSL_SUCCESS
               ? fill_flat(worker, &worker->flats[0], worker->shells[0], &worker->all, worker->all.count)
               : status;
}

static void record_total(const job_t *job, ulong part, const fmpz *sums) {
    for (slong m = 0; job->totals != NULL && m < job->width; m++)
        fmpz_add(job->totals + part, job->totals + part, sums + m);
}

static int run_part(void *context, int thread, ulong part, fmpz *sums) {
    const job_t *job = context;
    worker_t *worker = &job->workers[thread];
    const share_t share = {(slong)part % job->blocks, job->blocks};
    memset(worker->level, 0, (size_t)job->width * sizeof *worker->level);
    worker->level[0] = share.block == 0;
    int status = fill_root(worker, (slong)part / job->blocks);
    if (status == GSL_SUCCESS)
        status = count_below(worker, 0, share);
    for (slong m = 0; m < job->width && status == GSL_SUCCESS; m++)
        fmpz_add_ui(sums + m, sums + m, worker->level[m]);
    if (status == GSL_SUCCESS)
        record_total(job, part, sums);
    return status;
}

// ---- Workers and job ----

static void worker_clear(worker_t *worker) {
    const slong width = worker->job->width;
    polyhedron_free(worker->shells[0]);
    polyhedron_free(worker->shells[1]);
    for (slong m = 0; m < width; m++) {
        if (worker->cells != NULL)
            polyhedron_free(worker->cells[m]);
        if (worker->flats != NULL)
            flat_clear(&worker->flats[m], width);
    }
    flat_clear(&worker->all, width);
    free(worker->cells);
    free(worker->flats);
    free(worker->level);
    free(worker->vectors);
    free(worker->raw);
    free(worker->high);
    free(worker->low);
    free(worker->state);
    free(worker->marks);
    free(worker->spare);
    free(worker->kept);
    free(worker->starts);
    free(worker->ring);
}

static bool worker_init(worker_t *worker, const job_t *job) {
    *worker = (worker_t){.job = job};
    worker->shells[0] = polyhedron_alloc(job->rows);
    worker->shells[1] = polyhedron_alloc(job->rows);
    worker->cells = calloc((size_t)job->width, sizeof *worker->cells);
    worker->flats = calloc((size_t)job->width, sizeof *worker->flats);
    worker->level = calloc((size_t)job->width, sizeof *worker->level);
    bool good = worker->shells[0] != NULL && worker->shells[1] != NULL && worker->cells != NULL &&
                worker->flats != NULL && worker->level != NULL;
    for (slong m = 1; m < job->width - 1 && good; m++) {
        worker->cells[m] = polyhedron_alloc(job->rows);
        good = worker->cells[m] != NULL;
    }
    return good;
}

static void set_bounds(job_t *job) {
    for (slong i = job->first_row; i < job->rows->count; i++) {
        job->norm = fmax(job->norm, job->rows->norms[i]);
        job->margin = fmax(job->margin, job->rows->margins[i]);
    }
}

static int start_workers(job_t *job, int threads) {
    job->workers = calloc((size_t)threads, sizeof *job->workers);
    if (job->workers == NULL)
        return GSL_ENOMEM;
    for (int i = 0; i < threads; i++) {
        job->worker_count = i + 1;
        if (!worker_init(&job->workers[i], job))
            return GSL_ENOMEM;
    }
    return GSL_SUCCESS;
}

// Finds the coalitions and cuts the work into parts. These depend on the layer alone, so that stored results of
// parts fit whatever the number of threads.
static int job_init(job_t *job, const layer_t *layer, int threads, bool totals) {
    *job = (job_t){.layer = layer, .width = layer->dimension + 1};
    job->first_row = layer->experts * (layer->experts - 1) / 2;
    job->rows = reach_walls(layer, layer->rows);
    if (job->rows == NULL)
        return GSL_ENOMEM;
    set_bounds(job);
    int status = reach_find(layer, job->rows, &job->list);
    if (status == GSL_SUCCESS) {
        const slong most = layer->active * layer->width / ROWS_OF_A_PART;
        job->blocks = layer->dimension == 1 ? 1 : (PARTS + job->list.count - 1) / job->list.count;
        job->blocks = job->blocks > most ? most + 1 : job->blocks;
        if (totals)
            job->totals = _fmpz_vec_init(job->list.count * job->blocks);
        status = start_workers(job, threads);
    }
    return status;
}

static void job_clear(job_t *job) {
    for (slong i = 0; i < job->worker_count; i++)
        worker_clear(&job->workers[i]);
    free(job->workers);
    if (job->totals != NULL)
        _fmpz_vec_clear(job->totals, job->list.count * job->blocks);
    reach_list_clear(&job->list);
    polyhedron_rows_free(job->rows);
}

// The caller's control with a look at the parts that it restores, whose totals are wanted too.
typedef struct watch {
    const shards_control_t *control;
    const job_t *job;
} watch_t;

static void watch_progress(void *watcher, uint64_t done, uint64_t total) {
    const watch_t *watch = watcher;
    watch->control->progress(watch->control->watcher, done, total);
}

static bool watch_restore(void *watcher, ulong shard, fmpz *sums, slong width) {
    const watch_t *watch = watcher;
    const bool known = watch->control->restore(watch->control->watcher, shard, sums, width);
    if (known)
        record_total(watch->job, shard, sums);
    return known;
}

static void watch_store(void *watcher, ulong shard, const fmpz *sums, slong width) {
    const watch_t *watch = watcher;
    watch->control->store(watch->control->watcher, shard, sums, width);
}

static int run_all(job_t *job, const shards_control_t *control, fmpz *sums) {
    const shards_plan_t plan = {.count = (ulong)(job->list.count * job->blocks),
                                .width = job->width,
                                .run = run_part,
                                .context = job};
    if (control == NULL)
        return shards_run(&plan, NULL, sums);
    watch_t watch = {control, job};
    const shards_control_t watched = {.threads = control->threads,
                                      .progress = control->progress == NULL ? NULL : watch_progress,
                                      .restore = control->restore == NULL ? NULL : watch_restore,
                                      .store = control->store == NULL ? NULL : watch_store,
                                      .watcher = &watch};
    return shards_run(&plan, &watched, sums);
}

static void report(const job_t *job, layer_flats_coalition_t coalition, void *context) {
    fmpz_t regions;
    fmpz_init(regions);
    for (slong c = 0; c < job->list.count; c++) {
        _fmpz_vec_sum(regions, job->totals + c * job->blocks, job->blocks);
        coalition(context, job->list.members + c * job->list.active, job->list.active, regions);
    }
    fmpz_clear(regions);
}

int layer_flats_count(const layer_t *layer, const shards_control_t *control,
                      layer_flats_coalition_t coalition, void *context, layer_count_t *count) {
    job_t job;
    fmpz *sums = _fmpz_vec_init(layer->dimension + 1);
    int status = job_init(&job, layer, shards_threads(control), coalition != NULL);
    if (status == GSL_SUCCESS)
        status = run_all(&job, control, sums);
    if (status == GSL_SUCCESS) {
        _fmpz_vec_set(count->level, sums, count->levels);
        _fmpz_vec_sum(count->regions, sums, count->levels);
        if (coalition != NULL)
            report(&job, coalition, context);
    }
    job_clear(&job);
    _fmpz_vec_clear(sums, layer->dimension + 1);
    return status;
}

double layer_flats_work(const layer_t *layer) {
    const bounds_layer_t shape = {(ulong)layer->experts, (ulong)layer->active, (ulong)layer->width,
                                  (ulong)layer->dimension};
    fmpz_t bound;
    fmpz_init(bound);
    double work = INFINITY;
    if (bounds_flats(bound, &shape) == GSL_SUCCESS) {
        slong exponent;
        const double part = fmpz_get_d_2exp(&exponent, bound);
        work = exponent > 1100 ? INFINITY : ldexp(part, (int)exponent);
    }
    fmpz_clear(bound);
    return work;
}
