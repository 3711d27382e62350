// SPDX-License-Identifier: GPL-3.0-or-later
// Vertices on lines; see layer_sweep.h.
#include "geometry/layer_sweep.h"

#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define LANES __attribute__((target_clones("avx512f", "avx2", "default")))

enum { FEW_RANKS = 4 };

typedef layer_line_point_t point_t;

static const point_t BELOW = {.x = -1, .first = -1, .second = -1};
static const point_t ABOVE = {.x = 1, .first = -1, .second = -1};

// ---- Memory ----

static slong largest_block(const layer_line_level_t *level) {
    slong largest = 0;
    for (slong i = 0; i < level->rows->logits; i++)
        largest = FLINT_MAX(largest, level->first[i + 1] - level->first[i]);
    return largest;
}

layer_sweep_t *layer_sweep_alloc(const layer_line_level_t *level) {
    layer_sweep_t *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    const size_t N = (size_t)level->rows->logits, lanes = (size_t)level->rows->logit_stride;
    const int status = layer_line_init(&s->line, level);
    s->used = calloc(N, sizeof *s->used);
    s->owner_list = calloc(N, sizeof *s->owner_list);
    s->tied = calloc(N, sizeof *s->tied);
    s->inside = calloc(N, sizeof *s->inside);
    s->entered = calloc(N, sizeof *s->entered);
    s->low = calloc(lanes, sizeof *s->low);
    s->high = calloc(lanes, sizeof *s->high);
    s->values = calloc(lanes, sizeof *s->values);
    s->marks = calloc((size_t)largest_block(level) + sizeof(uint64_t), sizeof *s->marks);
    s->made = calloc(N, sizeof *s->made);
    s->signs = calloc((size_t)level->rows->dimension + 1, sizeof *s->signs);
    if (status != GSL_SUCCESS || s->used == NULL || s->owner_list == NULL || s->tied == NULL ||
        s->inside == NULL || s->entered == NULL || s->low == NULL || s->high == NULL || s->values == NULL ||
        s->marks == NULL || s->made == NULL || s->signs == NULL) {
        layer_sweep_free(s);
        return NULL;
    }
    return s;
}

void layer_sweep_free(layer_sweep_t *s) {
    if (s == NULL)
        return;
    layer_line_clear(&s->line);
    free(s->used);
    free(s->owner_list);
    free(s->tied);
    free(s->inside);
    free(s->entered);
    free(s->low);
    free(s->high);
    free(s->values);
    free(s->marks);
    free(s->made);
    free(s->signs);
    free(s);
}

// ---- The columns of the line ----

static slong logits(const layer_sweep_t *s) {
    return s->line.level->rows->logits;
}

static const double *slopes(const layer_sweep_t *s) {
    return layer_line_slopes(&s->line);
}

static const double *constants(const layer_sweep_t *s) {
    return layer_line_constants(&s->line);
}

static const double *errors(const layer_sweep_t *s) {
    return layer_line_errors(&s->line);
}

// ---- The window ----

// Sets low[j] and high[j] to the part of the line where all references are above logit j, with room for all errors
// (see layer_line_zero); where a direction is in doubt, the reference is left out.
LANES static void find_half_lines(double *restrict low, double *restrict high,
                                  const double *restrict constant, const double *restrict slope,
                                  const double *restrict error, const slong *references, slong used,
                                  slong count) {
#pragma omp simd
    for (slong j = 0; j < count; j++) {
        low[j] = -INFINITY;
        high[j] = INFINITY;
    }
    for (slong i = 0; i < used; i++) {
        const slong r = references[i];
        const double constant_r = constant[r], slope_r = slope[r], error_r = error[r];
#pragma omp simd
        for (slong j = 0; j < count; j++) {
            const double q = slope_r - slope[j], p = constant_r - constant[j];
            const double e = 2 * (error_r + error[j]), inverse = 1 / q, x = -p * inverse;
            const double bound = 8 * e * (1 + fabs(x)) * fabs(inverse);
            const double lower = q > 2 * e ? x - bound : (double)-INFINITY;
            const double upper = -q > 2 * e ? x + bound : (double)INFINITY;
            low[j] = lower > low[j] ? lower : low[j];
            high[j] = upper < high[j] ? upper : high[j];
        }
    }
}

static inline double larger(double a, double b) {
    return a > b ? a : b;
}

static inline double smaller(double a, double b) {
    return a < b ? a : b;
}

// The largest of the values times `sign` after `rank` larger ones; `best` holds rank + 1 numbers. Most calls have
// a small rank: these do without branches, which nobody could foretell.
static double ranked(const double *values, double sign, slong count, slong rank, double *best) {
    if (rank < FEW_RANKS) {
        double a = -INFINITY, b = -INFINITY, c = -INFINITY, d = -INFINITY;
        for (slong j = 0; j < count; j++) {
            const double value = sign * values[j], below_a = smaller(value, a);
            const double below_b = smaller(below_a, b), below_c = smaller(below_b, c);
            a = larger(value, a);
            b = larger(below_a, b);
            c = larger(below_b, c);
            d = larger(below_c, d);
        }
        return rank == 0 ? a : rank == 1 ? b : rank == 2 ? c : d;
    }
    for (slong r = 0; r <= rank; r++)
        best[r] = -INFINITY;
    for (slong j = 0; j < count; j++) {
        const double value = sign * values[j];
        slong r = rank;
        if (value <= best[rank])
            continue;
        for (; r > 0 && best[r - 1] < value; r--)
            best[r] = best[r - 1];
        best[r] = value;
    }
    return best[rank];
}

// Leaves the owners of the flat, which have conditions of their own, out of the window.
static void free_owners(layer_sweep_t *s) {
    for (slong i = 0; i < s->owners; i++) {
        s->low[s->owner_list[i]] = -INFINITY;
        s->high[s->owner_list[i]] = INFINITY;
    }
}

// The part of the line where all but `slack` logits keep to their half-lines: what is outside of [left, right]
// is proved not to matter. Returns false when nothing is left.
static bool find_window(layer_sweep_t *s, const slong *references, slong used, slong slack, double *left,
                        double *right) {
    find_half_lines(s->low, s->high, constants(s), slopes(s), errors(s), references, used,
                    s->line.level->rows->logit_stride);
    free_owners(s);
    *left = larger(*left, ranked(s->low, 1, logits(s), slack, s->values));
    *right = smaller(*right, -ranked(s->high, -1, logits(s), slack, s->values));
    return *left <= *right;
}

// ---- Units ----

// What a unit does between two ends: 0 keeps its sign, 1 changes it, 2 in doubt. With the ends' x off by at
// most d and the row's coefficients by e, constant * weight + slope * x is off by at most
// e (weight + |x| + d) + |slope| d, and rounding adds at most 2 e (weight + |x|) by the invariant of e.
LANES static void mark_units(unsigned char *restrict marks, const double *restrict constant,
                             const double *restrict slope, const double *restrict error, const point_t *left,
                             const point_t *right, slong count) {
    const double x0 = left->x, w0 = left->weight, d0 = left->error * (1 + 0x1p-20);
    const double x1 = right->x, w1 = right->weight, d1 = right->error * (1 + 0x1p-20);
    const double c0 = 4 * (w0 + fabs(x0)) + 2 * d0, c1 = 4 * (w1 + fabs(x1)) + 2 * d1;
#pragma omp simd
    for (slong i = 0; i < count; i++) {
        const double v0 = constant[i] * w0 + slope[i] * x0, v1 = constant[i] * w1 + slope[i] * x1;
        const double steep = fabs(slope[i]);
        const double b0 = error[i] * c0 + steep * d0, b1 = error[i] * c1 + steep * d1;
        const int sure = (fabs(v0) > b0) & (fabs(v1) > b1);
        marks[i] = (unsigned char)(sure ? (v0 < 0) != (v1 < 0) : 2);
    }
}

// Decides exactly what the doubles leave open.
static bool unit_crosses(layer_sweep_t *s, slong unit, const point_t *left, const point_t *right) {
    const slong row = logits(s) + unit;
    const int before = layer_line_exact_sign(&s->line, row, -1, left),
              after = layer_line_exact_sign(&s->line, row, -1, right);
    if (before == 0 || after == 0) {
        const point_t *end = before == 0 ? left : right;
        layer_line_degenerate(&s->line, row, -1, end->first, end->second);
    }
    return before != after;
}

// Keeps the points where units of an expert cross the line between two ends.
static void cross_units(layer_sweep_t *s, slong expert, const point_t *left, const point_t *right) {
    const slong first = s->line.level->first[expert],
                end = FLINT_MIN(s->line.level->first[expert + 1], s->limit);
    if (first >= end)
        return;
    if (s->made[expert] != s->serial) {
        s->made[expert] = s->serial;
        elimination_units(s->line.flat, first, end);
    }
    const double *slope = elimination_unit_column(s->line.flat, 0) + first;
    const double *constant = elimination_unit_column(s->line.flat, 1) + first;
    const double *error = elimination_unit_column(s->line.flat, 2) + first;
    const slong count = end - first, step = (slong)sizeof(uint64_t);
    mark_units(s->marks, constant, slope, error, left, right, count);
    memset(s->marks + count, 0, sizeof(uint64_t));
    for (slong block = 0; block < count; block += step) {
        uint64_t word;
        memcpy(&word, s->marks + block, sizeof word);
        for (slong i = block; word != 0 && i < block + step; i++)
            if (s->marks[i] == 1 || (s->marks[i] == 2 && unit_crosses(s, first + i, left, right)))
                layer_line_keep(&s->line, layer_line_crossing(&s->line, first + i));
    }
}

// ---- Lines without ties ----

// The k-th logit and the next at a place of the line, and whether the flat's experts are among the k.
typedef struct walk {
    slong lowest;  // of those inside
    slong highest; // of those outside
    slong missing; // experts that own units of the flat and are outside
} walk_t;

static void count_missing(const layer_sweep_t *s, walk_t *walk) {
    walk->missing = 0;
    for (slong i = 0; i < s->owners; i++)
        walk->missing += !s->inside[s->owner_list[i]];
}

// Tries to find the k largest logits at x (weight 1) or at minus infinity (x = -1, weight 0) in doubles.
static bool start_in_doubles(layer_sweep_t *s, walk_t *walk, double x, double weight) {
    const slong N = logits(s), k = s->line.level->active;
    const double *p = constants(s), *q = slopes(s), *e = errors(s), scale = 4 * (fabs(x) + weight);
    for (slong j = 0; j < N; j++)
        s->values[j] = p[j] * weight + q[j] * x;
    const double least = ranked(s->values, 1, N, k - 1, s->low);
    slong inside = 0;
    *walk = (walk_t){-1, -1, 0};
    for (slong j = 0; j < N; j++) {
        s->inside[j] = s->values[j] >= least;
        inside += s->inside[j];
        if (s->inside[j] && (walk->lowest < 0 || s->values[j] < s->values[walk->lowest]))
            walk->lowest = j;
        if (!s->inside[j] && (walk->highest < 0 || s->values[j] > s->values[walk->highest]))
            walk->highest = j;
    }
    bool sure = inside == k;
    for (slong j = 0; j < N && sure; j++) {
        const slong mark = s->inside[j] ? walk->lowest : walk->highest;
        const double gap = s->inside[j] ? s->values[j] - s->values[mark] : s->values[mark] - s->values[j];
        sure = j == mark || gap > scale * (e[j] + e[mark]);
    }
    return sure &&
           s->values[walk->lowest] - s->values[walk->highest] > scale * (e[walk->lowest] + e[walk->highest]);
}

// Whether logit i is above logit j at minus infinity.
static bool above_at_start(layer_sweep_t *s, slong i, slong j) {
    const int order = layer_line_compare_slopes(&s->line, i, j);
    return order < 0 || (order == 0 && fmpz_sgn(s->line.exact + 1) > 0);
}

static slong highest_at_start(layer_sweep_t *s) {
    slong best = -1;
    for (slong j = 0; j < logits(s); j++)
        if (!s->inside[j] && (best < 0 || above_at_start(s, j, best)))
            best = j;
    return best;
}

static void start_exactly(layer_sweep_t *s, walk_t *walk) {
    memset(s->inside, 0, (size_t)logits(s) * sizeof *s->inside);
    for (slong i = 0; i < s->line.level->active; i++) {
        walk->lowest = highest_at_start(s);
        s->inside[walk->lowest] = true;
    }
    walk->highest = highest_at_start(s);
}

// The next point where the lowest inside or the highest outside changes. A logit inside can only come to be the
// lowest by a smaller slope, so all these points lie ahead. Returns false when there are none.
static bool next_event(layer_sweep_t *s, const walk_t *walk, point_t *event) {
    bool found = layer_line_compare_slopes(&s->line, walk->highest, walk->lowest) > 0, at_threshold = found;
    point_t other = {.first = -1};
    if (found)
        *event = layer_line_meeting(&s->line, walk->lowest, walk->highest);
    for (slong j = 0; j < logits(s) && s->line.status == GSL_SUCCESS; j++) {
        const slong mark = s->inside[j] ? walk->lowest : walk->highest;
        if (j == mark || (s->inside[j] ? layer_line_compare_slopes(&s->line, j, mark) >= 0
                                       : layer_line_compare_slopes(&s->line, j, mark) <= 0))
            continue;
        const point_t candidate = layer_line_meeting(&s->line, mark, j);
        const int order = found ? layer_line_compare(&s->line, &candidate, event) : -1;
        if (order < 0) {
            *event = candidate;
            found = true;
            at_threshold = false;
        } else if (order == 0 && at_threshold)
            other = candidate; // three logits meet at the threshold, unless something comes before
    }
    if (at_threshold && other.first >= 0)
        layer_line_coincide(&s->line, event, &other);
    return found;
}

// An expert leaves the coalition, or the regions of the flat end.
static void leave(layer_sweep_t *s, slong expert, const point_t *end) {
    const slong before = s->line.items;
    cross_units(s, expert, &s->entered[expert], end);
    s->vertices += (ulong)(s->line.items - before);
}

static void leave_all(layer_sweep_t *s, slong except, const point_t *end) {
    for (slong i = 0; i < logits(s); i++)
        if (s->inside[i] && i != except)
            leave(s, i, end);
}

static void enter_all(layer_sweep_t *s, const point_t *start) {
    for (slong i = 0; i < logits(s); i++)
        if (s->inside[i])
            s->entered[i] = *start;
}

// The lowest inside and the highest outside change places.
static void exchange(layer_sweep_t *s, walk_t *walk, const point_t *event) {
    const slong out = walk->lowest, in = walk->highest;
    const bool before = walk->missing == 0;
    walk->missing += (s->used[out] > 0) - (s->used[in] > 0);
    const bool after = walk->missing == 0;
    if (before) {
        s->vertices++; // two logits tied: the region that ends here has its largest x_D
        leave(s, out, event);
    }
    if (before && after) // else units are compared with it as an end of their interval
        layer_line_keep(&s->line, *event);
    s->inside[out] = false;
    s->inside[in] = true;
    s->entered[in] = *event;
    if (before && !after)
        leave_all(s, in, event);
    if (!before && after)
        enter_all(s, event);
    walk->lowest = in;
    walk->highest = out;
}

static void walk_line(layer_sweep_t *s, walk_t *walk, double right) {
    point_t event;
    while (s->line.status == GSL_SUCCESS && next_event(s, walk, &event) && event.x - event.error <= right &&
           s->line.status == GSL_SUCCESS)
        if (s->inside[event.first] != s->inside[event.second])
            exchange(s, walk, &event);
        else if (s->inside[event.first])
            walk->lowest = event.second;
        else
            walk->highest = event.second;
    if (walk->missing == 0)
        leave_all(s, -1, &ABOVE);
}

// All logits are active: the line is one interval.
static void cross_whole_line(layer_sweep_t *s) {
    for (slong i = 0; i < logits(s); i++) {
        s->entered[i] = BELOW;
        leave(s, i, &ABOVE);
    }
}

static void sweep_without_ties(layer_sweep_t *s) {
    double left = -INFINITY, right = INFINITY;
    walk_t walk = {-1, -1, 0};
    if (!find_window(s, s->owner_list, s->owners, s->line.level->active - s->owners, &left, &right))
        return;
    if (!(isfinite(left) && start_in_doubles(s, &walk, left, 1)) && !start_in_doubles(s, &walk, -1, 0))
        start_exactly(s, &walk);
    count_missing(s, &walk);
    if (walk.missing == 0)
        enter_all(s, &BELOW);
    walk_line(s, &walk, right);
}

// ---- Lines with ties ----

// Whether the vertex of the flat and one row more, a unit or a logit that is tied there, is the one with the
// largest x_D of a region. On the line -x_D = -(row) / slope, up to a constant, so that the coefficients of -x_D
// in the rows through the vertex are those of the row, times -1 / slope.
static bool tops_region(layer_sweep_t *s, slong row, slong above) {
    const elimination_t *flat = s->line.flat;
    const slong N = logits(s);
    const int factor = -layer_line_slope_sign(&s->line, row);
    elimination_signs(flat, row, s->signs);
    slong positive = 0;
    bool owners = true; // all tied experts that own units are in B
    for (slong l = -1; l <= flat->depth; l++) {
        const slong tie = l < 0 ? flat->base : l < flat->depth ? flat->steps[l].row : row;
        const int sign = factor * (l < 0 ? s->signs[flat->depth] : l < flat->depth ? s->signs[l] : 1);
        if (tie >= N)
            continue;
        if (sign == 0)
            s->line.status = GSL_EFAILED;
        positive += sign > 0;
        owners = owners &&
                 (sign > 0 || (s->used[tie] == 0 && !(row >= N && s->line.level->owner[row - N] == tie)));
    }
    return owners && positive == s->line.level->active - above;
}

// Between two ends, `above` logits are above the tie, marked as inside.
static void cross_interval(layer_sweep_t *s, const point_t *left, const point_t *right, slong above) {
    const slong before = s->line.items;
    for (slong i = 0; i < logits(s) && s->line.status == GSL_SUCCESS; i++)
        if (s->inside[i] || s->tied[i])
            cross_units(s, i, left, right);
    for (slong i = before; i < s->line.items && s->line.status == GSL_SUCCESS; i++)
        s->vertices += tops_region(s, s->line.list[i].first, above);
}

// Whether the owners of the flat are above the tie or tied.
static bool owners_above(const layer_sweep_t *s) {
    bool good = true;
    for (slong i = 0; i < s->owners && good; i++)
        good = s->inside[s->owner_list[i]] || s->tied[s->owner_list[i]];
    return good;
}

// Finds which logits are above the tie at x (weight 1) or minus infinity; false when doubles leave it open.
static bool signs_in_doubles(layer_sweep_t *s, double x, double weight) {
    const double *p = constants(s), *q = slopes(s), *e = errors(s), scale = 4 * (fabs(x) + weight);
    bool sure = true;
    for (slong j = 0; j < logits(s) && sure; j++) {
        const double value = p[j] * weight + q[j] * x;
        s->inside[j] = value > 0 && !s->tied[j];
        sure = s->tied[j] || fabs(value) > scale * e[j];
    }
    return sure;
}

static void signs_exactly(layer_sweep_t *s) {
    for (slong j = 0; j < logits(s); j++) {
        const int sign = s->tied[j] ? -1 : layer_line_exact_sign(&s->line, j, s->line.flat->base, &BELOW);
        s->inside[j] = sign > 0;
        if (sign == 0)
            layer_line_degenerate(&s->line, j, -1, -1, -1);
    }
}

// Where logits change sides to the right of the start `left`, up to `right`, in order: to the end of the list. The
// half-lines of the window already tell most of those that do not.
static void list_meetings(layer_sweep_t *s, double left, double right) {
    for (slong j = 0; j < logits(s) && s->line.status == GSL_SUCCESS; j++) {
        if (s->tied[j] || s->low[j] > right || s->high[j] < left ||
            layer_line_slope_sign(&s->line, j) != (s->inside[j] ? -1 : 1))
            continue;
        const point_t point = layer_line_meeting(&s->line, j, s->line.flat->base);
        if (point.x - point.error > right)
            continue;
        layer_line_keep(&s->line, point);
        for (slong i = s->line.items - 1; i > 0 && s->line.status == GSL_SUCCESS; i--) {
            const int order = layer_line_compare(&s->line, &s->line.list[i - 1], &s->line.list[i]);
            if (order < 0)
                break;
            if (order == 0)
                layer_line_coincide(&s->line, &s->line.list[i - 1], &s->line.list[i]);
            const point_t swap = s->line.list[i];
            s->line.list[i] = s->line.list[i - 1];
            s->line.list[i - 1] = swap;
        }
    }
}

// A logit meets the tie: with no units a vertex, which belongs to the line without the least logit.
static void meet_tie(layer_sweep_t *s, slong logit, slong above) {
    const slong k = s->line.level->active, others = above - (s->inside[logit] ? 1 : 0);
    const slong least =
        s->line.flat->depth > 0 ? s->line.flat->steps[s->line.flat->depth - 1].row : s->line.flat->base;
    if (s->owners == 0 && logit < least && others >= k - s->ties && others <= k - 1)
        s->vertices += tops_region(s, logit, others);
}

static void walk_ties(layer_sweep_t *s, point_t left) {
    const slong k = s->line.level->active, ties = s->ties, events = s->line.items;
    slong above = 0;
    for (slong j = 0; j < logits(s); j++)
        above += s->inside[j];
    for (slong i = 0; i <= events && s->line.status == GSL_SUCCESS; i++) {
        const point_t right = i < events ? s->line.list[i] : ABOVE;
        if (ties >= 3 && above >= k - ties + 1 && above <= k - 1 && owners_above(s))
            cross_interval(s, &left, &right, above);
        if (i < events) {
            meet_tie(s, right.first, above);
            s->inside[right.first] = !s->inside[right.first];
            above += s->inside[right.first] ? 1 : -1;
        }
        left = right;
    }
}

// Owners that are not tied must be above the tie. Returns how many there are.
static slong bound_by_owners(const layer_sweep_t *s, double *left, double *right) {
    const double *q = slopes(s), *e = errors(s);
    slong above = 0;
    for (slong i = 0; i < s->owners; i++) {
        const slong owner = s->owner_list[i];
        if (s->tied[owner])
            continue;
        const point_t point = layer_line_meeting(&s->line, owner, s->line.flat->base);
        if (q[owner] > 4 * e[owner])
            *left = larger(*left, point.x - point.error);
        else if (-q[owner] > 4 * e[owner])
            *right = smaller(*right, point.x + point.error);
        above++;
    }
    return above;
}

static void sweep_with_ties(layer_sweep_t *s) {
    double left = -INFINITY, right = INFINITY;
    const slong slack = s->line.level->active - 1 - bound_by_owners(s, &left, &right);
    if (left > right || !find_window(s, &s->line.flat->base, 1, slack, &left, &right))
        return;
    if (!(isfinite(left) && signs_in_doubles(s, left, 1))) {
        left = -INFINITY;
        if (!signs_in_doubles(s, -1, 0))
            signs_exactly(s);
    }
    list_meetings(s, left, right);
    walk_ties(s, BELOW);
}

// ---- All lines ----

static void list_owners(layer_sweep_t *s) {
    const elimination_t *flat = s->line.flat;
    s->owners = 0;
    for (slong l = 0; l < flat->depth; l++) {
        if (flat->steps[l].row < logits(s))
            continue;
        const slong owner = s->line.level->owner[flat->steps[l].row - logits(s)];
        slong i = 0;
        while (i < s->owners && s->owner_list[i] != owner)
            i++;
        s->owner_list[i] = owner;
        s->owners += i == s->owners;
    }
}

int layer_sweep_line(layer_sweep_t *s) {
    list_owners(s);
    s->serial++;
    s->line.items = 0;
    s->line.status = GSL_SUCCESS;
    if (s->ties > 0)
        sweep_with_ties(s);
    else if (s->line.level->active == logits(s))
        cross_whole_line(s);
    else
        sweep_without_ties(s);
    if (s->line.status == GSL_SUCCESS && s->line.items > 1)
        layer_line_check_distinct(&s->line);
    return s->line.status;
}
