// SPDX-License-Identifier: GPL-3.0-or-later
// Flats: the hyperplanes that cut a polyhedron, with their values, each once; see layer_flats_parts.h.
#include "geometry/layer_flats_parts.h"

#include "geometry/indices.h"

#include <gsl/gsl_errno.h>
#include <stdlib.h>
#include <string.h>

enum { FEW = 24 };

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

void flat_clear(flat_t *flat, slong width) {
    free(flat->units);
    free(flat->coefficients);
    free(flat->values);
    if (flat->exact != NULL)
        _fmpz_vec_clear(flat->exact, flat->exact_room * width);
}

bool flat_reserve(flat_t *flat, slong count, slong generators, slong width) {
    flat->stride = round_up(count + 1);
    return renew(&flat->units, &flat->unit_room, flat->stride, sizeof *flat->units) &&
           renew(&flat->coefficients, &flat->coefficient_room, width * flat->stride, sizeof(double)) &&
           renew(&flat->values, &flat->value_room, generators * flat->stride, sizeof(double));
}

bool flats_worker_reserve(flats_worker_t *worker, slong n, slong generators) {
    const slong lanes = round_up(n + 1);
    if (lanes > worker->lane_room) {
        const slong old = worker->lane_room;
        slong rooms[7] = {old, old, old, old, old, old, old};
        if (!renew(&worker->high, &rooms[0], lanes, sizeof(double)) ||
            !renew(&worker->low, &rooms[1], lanes, sizeof(double)) ||
            !renew(&worker->state, &rooms[2], lanes, sizeof(int64_t)) ||
            !renew(&worker->marks, &rooms[3], lanes, sizeof(flats_mark_t)) ||
            !renew(&worker->spare, &rooms[4], lanes, sizeof(flats_mark_t)) ||
            !renew(&worker->kept, &rooms[5], lanes, sizeof(slong)) ||
            !renew(&worker->starts, &rooms[6], lanes, sizeof(slong)))
            return false;
        worker->lane_room = rooms[0];
    }
    return renew(&worker->raw, &worker->raw_room, generators * lanes, sizeof(double)) &&
           renew(&worker->vectors, &worker->vector_room, generators * worker->job->width, sizeof(double)) &&
           renew(&worker->ring, &worker->ring_room, generators, sizeof(slong));
}

// ---- Values ----

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
static void set_vectors(flats_worker_t *worker, flat_t *flat) {
    const flats_job_t *job = worker->job;
    flat->error = flat->size = 0;
    for (slong g = 0; g < flat->generators; g++) {
        double error, largest = 0;
        const double *v = polyhedron_approximation(flat->cell, g, &error);
        for (slong j = 0; j < job->width; j++) {
            worker->vectors[g * job->width + j] = v[j];
            largest = fmax(largest, fabs(v[j]));
        }
        flat->error = fmax(flat->error, (job->norm * error + job->margin * fmax(1, largest)) * FLATS_INFLATE);
        flat->size = fmax(flat->size, job->norm * largest * FLATS_INFLATE);
    }
}

// Lists the hyperplanes that cut the flat's polyhedron; returns their number.
static slong find_cutting(flats_worker_t *worker, const flat_t *flat, const slong *units, slong count) {
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
static void gather(const flats_worker_t *worker, flat_t *flat, slong kept, const slong *units,
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

void flat_want_exact(flat_t *flat, slong width) {
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

bool flat_proportional(const fmpz_t a, const fmpz_t b, const fmpz_t c, const fmpz_t d) {
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
        if (!flat_proportional(a + lead, b + lead, a + j, b + j))
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
        const double bound =
            (e * (sum + 2 * e) + 2 * FLATS_UNIT * (fabs(x * w) + fabs(y * v))) * FLATS_INFLATE;
        if (fabs(x * w - y * v) > bound)
            return true;
    }
    return false;
}

// Whether the values of hyperplanes a and b on the flat are proportional, in integers.
static bool proved_same(const flats_job_t *job, flat_t *flat, slong a, slong b) {
    fmpz_t x, y, v, w;
    fmpz_init(x);
    fmpz_init(y);
    fmpz_init(v);
    fmpz_init(w);
    flat_want_exact(flat, job->width);
    slong lead = -1;
    while (fmpz_is_zero(x)) // the hyperplane cuts, hence is not zero everywhere
        flat_exact_value(x, job, flat, ++lead, a);
    flat_exact_value(y, job, flat, lead, b);
    bool same = true;
    for (slong g = 0; g < flat->generators && same; g++) {
        flat_exact_value(v, job, flat, g, a);
        flat_exact_value(w, job, flat, g, b);
        same = flat_proportional(x, y, v, w);
    }
    fmpz_clear(x);
    fmpz_clear(y);
    fmpz_clear(v);
    fmpz_clear(w);
    return same;
}

// ---- Different ones among many ----

static int compare_marks(const void *a, const void *b) {
    const flats_mark_t *left = a, *right = b;
    return left->low != right->low ? (left->low > right->low) - (left->low < right->low)
                                   : (left->index > right->index) - (left->index < right->index);
}

static void sort_few(flats_mark_t *marks, slong n) {
    for (slong i = 1; i < n; i++) {
        const flats_mark_t mark = marks[i];
        slong j = i;
        for (; j > 0 && marks[j - 1].low > mark.low; j--)
            marks[j] = marks[j - 1];
        marks[j] = mark;
    }
}

// Sorts worker->marks by their lower ends: into as many buckets as there are marks, and then each bucket, so that
// the work is linear where they are spread evenly.
static void sort_marks(flats_worker_t *worker, slong n) {
    flats_mark_t *marks = worker->marks, *spare = worker->spare;
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

slong flat_count_classes(flats_worker_t *worker, slong n, flat_same_t same, void *context) {
    sort_marks(worker, n);
    flats_mark_t *marks = worker->marks;
    slong classes = 0, cluster = 0; // `cluster`: the first class of the marks that hang together
    double reach = -INFINITY;       // how far these go up
    for (slong i = 0; i < n; i++) {
        const flats_mark_t mark = marks[i];
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
    const flats_job_t *job;
    flat_t *flat;
} on_flat_t;

static bool coincide(void *context, slong a, slong b) {
    const on_flat_t *on = context;
    if (same_plane(flat_unit_row(on->job, on->flat, a), flat_unit_row(on->job, on->flat, b), on->job->width))
        return true;
    return !proved_different(on->flat, a, b) && proved_same(on->job, on->flat, a, b);
}

// Sets the mark of each hyperplane of a flat to its key, which is the same for hyperplanes that coincide. The
// factors are the fractional parts of g times the golden ratio, less 1/2: any would do.
static void mark_flat(flats_worker_t *worker, const flat_t *flat) {
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
        const double error = (2 * m * flat->error / norm + (2 * m + 6) * FLATS_UNIT) * FLATS_INFLATE;
        worker->marks[s] = norm > 0 ? (flats_mark_t){key - error, key + error, s} : (flats_mark_t){-1, 2, s};
    }
}

// Leaves one of the hyperplanes that coincide on the flat.
static void drop_repetitions(flats_worker_t *worker, flat_t *flat) {
    on_flat_t on = {worker->job, flat};
    mark_flat(worker, flat);
    const slong classes = flat_count_classes(worker, flat->count, coincide, &on);
    if (classes == flat->count)
        return;
    for (slong c = 0; c < classes; c++)
        worker->kept[c] = worker->marks[c].index;
    indices_sort(worker->kept, classes);
    gather(worker, flat, classes, flat->units, flat->coefficients, flat->stride, flat->values, flat->stride);
}

int flat_fill(flats_worker_t *worker, flat_t *flat, const polyhedron_t *cell, const flat_t *from,
              slong count) {
    const slong width = worker->job->width;
    flat->cell = cell;
    flat->lines = polyhedron_lines(cell);
    flat->generators = flat->lines + polyhedron_rays(cell);
    flat->has_exact = false;
    if (!flat_reserve(flat, count, flat->generators, width) ||
        !flats_worker_reserve(worker, count, flat->generators))
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
