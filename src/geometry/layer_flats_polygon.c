// SPDX-License-Identifier: GPL-3.0-or-later
// Flats of two dimensions; see layer_flats_parts.h.
#include "geometry/layer_flats_parts.h"

// An end of a line in a polygon: p times corner i plus q times corner j.
typedef struct end {
    slong i, j;
    double p, q;
    double error; // of another line's value here
} end_t;

typedef struct chord {
    const flats_job_t *job;
    flat_t *polygon;
    end_t ends[2];
    fmpz weights[2][2]; // p and q of the ends up to one positive factor, exact, set when they are wanted
    bool weighed;
    slong line; // of the polygon's hyperplanes
} chord_t;

// Lists the corners around the polygon: after the first, of those that are left the neighbour of the last.
static const slong *order_corners(flats_worker_t *worker, const flat_t *polygon) {
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

static int sign_at(const flats_job_t *job, const flat_t *flat, slong g, slong s) {
    const double value = flat->values[g * flat->stride + s];
    if (fabs(value) > flat->error)
        return value > 0 ? 1 : -1;
    return polyhedron_sign(flat->cell, g, job->first_row + flat->units[s]);
}

static end_t end_between(const flat_t *polygon, slong line, slong i, slong j) {
    const double a = fabs(polygon->values[i * polygon->stride + line]),
                 b = fabs(polygon->values[j * polygon->stride + line]), sum = a + b;
    const double weight_error = polygon->error / sum + 3 * FLATS_UNIT;
    return (end_t){.i = i,
                   .j = j,
                   .p = b / sum,
                   .q = a / sum,
                   .error = (polygon->error + 2 * weight_error * (polygon->size + polygon->error) +
                             4 * FLATS_UNIT * polygon->size) *
                            FLATS_INFLATE};
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
    flat_want_exact(chord->polygon, chord->job->width);
    for (int e = 0; e < 2; e++) {
        const end_t *end = &chord->ends[e];
        fmpz *const p = &chord->weights[e][0], *const q = &chord->weights[e][1];
        fmpz_one(p);
        fmpz_zero(q);
        if (end->i == end->j)
            continue;
        flat_exact_value(p, chord->job, chord->polygon, end->j, chord->line);
        flat_exact_value(q, chord->job, chord->polygon, end->i, chord->line);
        fmpz_abs(p, p);
        fmpz_abs(q, q);
    }
    chord->weighed = true;
}

// The value of line s at end e, up to a positive factor that belongs to the end.
static void value_at_end(fmpz_t value, const chord_t *chord, int e, slong s) {
    fmpz_t other;
    fmpz_init(other);
    flat_exact_value(value, chord->job, chord->polygon, chord->ends[e].i, s);
    flat_exact_value(other, chord->job, chord->polygon, chord->ends[e].j, s);
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
    const bool together = flat_proportional(a, b, c, d);
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
    const double larger = (ends[0].error > ends[1].error ? ends[0].error : ends[1].error) * FLATS_INFLATE;
    for (slong s = 0; s < count; s += LANES) {
        const lanes_t a = *(const lanes_t *)(ai + s) * ends[0].p + *(const lanes_t *)(aj + s) * ends[0].q,
                      b = *(const lanes_t *)(bi + s) * ends[1].p + *(const lanes_t *)(bj + s) * ends[1].q;
        lanes_t x, y;
        set_absolute(&x, &a);
        set_absolute(&y, &b);
        const lanes_t sum = x + y;
        const lanes_t key = x / sum, error = larger / sum + 4 * FLATS_UNIT;
        const bits_t decided = (bits_t)(x > ends[0].error) & (bits_t)(y > ends[1].error);
        const bits_t opposite = (((bits_t)a ^ (bits_t)b) < 0) & 1;
        *(lanes_t *)(low + s) = key - error;
        *(lanes_t *)(high + s) = key + error;
        *(bits_t *)(state + s) = (decided & opposite) | (~decided & 2);
    }
}

// Marks the lines before the chord's that cross it; returns their number.
static slong mark_crossings(flats_worker_t *worker, chord_t *chord) {
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
        worker->marks[count] = (flats_mark_t){low[s], high[s], s};
        count += crossing;
    }
    return count;
}

// The number of points in which the lines before line t cross it.
static slong count_crossings(flats_worker_t *worker, flat_t *polygon, const slong *order, slong t) {
    chord_t chord = {.job = worker->job, .polygon = polygon, .line = t};
    find_ends(&chord, order);
    const slong marks = mark_crossings(worker, &chord);
    const slong points = marks < 2 ? marks : flat_count_classes(worker, marks, cross_together, &chord);
    for (int e = 0; e < 2; e++)
        for (int w = 0; w < 2; w++)
            fmpz_clear(&chord.weights[e][w]);
    return points;
}

uint64_t flats_polygon_crossings(flats_worker_t *worker, flat_t *polygon, slong block, slong blocks) {
    const slong *order = order_corners(worker, polygon);
    uint64_t points = 0;
    for (slong t = 1; t < polygon->count; t++)
        if (t % blocks == block)
            points += (uint64_t)count_crossings(worker, polygon, order, t);
    return points;
}
