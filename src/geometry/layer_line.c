// SPDX-License-Identifier: GPL-3.0-or-later
// Points on a line; see layer_line.h.
#include "geometry/layer_line.h"

#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef layer_line_point_t point_t;

enum { SCRATCH = 5 };

int layer_line_init(layer_line_t *line, const layer_line_level_t *level) {
    *line = (layer_line_t){
        .level = level, .exact = _fmpz_vec_init(SCRATCH), .flat = elimination_alloc(level->rows)};
    return line->flat == NULL ? GSL_ENOMEM : GSL_SUCCESS;
}

void layer_line_clear(layer_line_t *line) {
    _fmpz_vec_clear(line->exact, SCRATCH);
    elimination_free(line->flat);
    free(line->list);
    free(line->keys);
}

// ---- What is wrong ----

typedef struct text {
    char *end;
    size_t room;
} text_t;

__attribute__((format(printf, 2, 3))) static void add(text_t *text, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(text->end, text->room, format, arguments);
    va_end(arguments);
    if (length > 0) {
        const size_t written = FLINT_MIN((size_t)length, text->room - 1);
        text->end += written;
        text->room -= written;
    }
}

static void add_rows(text_t *text, const layer_line_t *line, slong first, slong second) {
    if (first >= line->level->rows->logits)
        add(text, " unit %ld (expert %ld),", line->level->name[first - line->level->rows->logits],
            line->level->owner[first - line->level->rows->logits]);
    else if (first >= 0 && second >= 0)
        add(text, " logits %ld and %ld,", first, second);
    else if (first >= 0)
        add(text, " logit %ld,", first);
}

int layer_line_degenerate(layer_line_t *line, slong first, slong second, slong other_first,
                          slong other_second) {
    text_t text = {line->reason, sizeof line->reason};
    add(&text, "in special position:");
    if (line->flat->base >= 0)
        add_rows(&text, line, line->flat->base, -1);
    for (slong i = 0; i < line->flat->depth; i++)
        add_rows(&text, line, line->flat->steps[i].row, -1);
    add_rows(&text, line, first, second);
    add_rows(&text, line, other_first, other_second);
    add(&text, " in dimension %ld", line->level->rows->dimension);
    return line->status = GSL_ESING;
}

void layer_line_coincide(layer_line_t *line, const point_t *a, const point_t *b) {
    layer_line_degenerate(line, a->first, a->second, b->first, b->second);
}

// ---- Points ----

point_t layer_line_crossing(const layer_line_t *line, slong unit) {
    const elimination_t *flat = line->flat;
    return layer_line_zero(elimination_unit_column(flat, 1)[unit], elimination_unit_column(flat, 0)[unit],
                           elimination_unit_column(flat, 2)[unit], line->level->rows->logits + unit, -1);
}

// a d - b c for exact[0..1] = (a, b) and exact[2..3] = (c, d).
static int exact_cross(layer_line_t *line) {
    fmpz *v = line->exact;
    fmpz_mul(v + 4, v, v + 3);
    fmpz_submul(v + 4, v + 1, v + 2);
    return fmpz_sgn(v + 4);
}

// The order of two finite points on the line: negative, 0, positive. With slopes q and constants p it is the
// sign of -p/q + p'/q', that is of (q p' - p q') q q'.
int layer_line_compare(layer_line_t *line, const point_t *a, const point_t *b) {
    if (layer_line_surely_below(a, b))
        return -1;
    if (layer_line_surely_below(b, a))
        return 1;
    elimination_exact(line->flat, a->first, a->second, line->exact);
    elimination_exact(line->flat, b->first, b->second, line->exact + 2);
    return exact_cross(line) * fmpz_sgn(line->exact) * fmpz_sgn(line->exact + 2);
}

// The sign of a row at an end; at infinity that of its slope, or of its constant when the slope vanishes.
int layer_line_exact_sign(layer_line_t *line, slong first, slong second, const point_t *end) {
    elimination_exact(line->flat, first, second, line->exact + 2);
    if (end->weight == 0) {
        const int slope = fmpz_sgn(line->exact + 2);
        return slope == 0 ? fmpz_sgn(line->exact + 3) : end->x > 0 ? slope : -slope;
    }
    elimination_exact(line->flat, end->first, end->second, line->exact);
    return exact_cross(line) * fmpz_sgn(line->exact);
}

// The sign of slope i less slope j. Logits that agree on the whole line are an error.
int layer_line_compare_slopes(layer_line_t *line, slong i, slong j) {
    const double *q = layer_line_slopes(line), *e = layer_line_errors(line);
    const double difference = q[i] - q[j];
    if (fabs(difference) > 2 * (e[i] + e[j]))
        return difference < 0 ? -1 : 1;
    elimination_exact(line->flat, i, j, line->exact);
    if (fmpz_is_zero(line->exact) && fmpz_is_zero(line->exact + 1))
        layer_line_degenerate(line, i, j, -1, -1);
    return fmpz_sgn(line->exact);
}

void layer_line_keep(layer_line_t *line, point_t point) {
    if (line->items == line->room) {
        const slong room = 2 * line->room + 64;
        point_t *list = realloc(line->list, (size_t)room * sizeof *list);
        if (list != NULL)
            line->list = list;
        layer_line_key_t *keys = realloc(line->keys, 2 * (size_t)room * sizeof *keys);
        if (keys != NULL)
            line->keys = keys;
        if (list == NULL || keys == NULL) {
            line->status = GSL_ENOMEM;
            return;
        }
        line->room = room;
    }
    line->list[line->items++] = point;
}

typedef layer_line_key_t sort_key_t;

// The lower bound of a point as an integer of the same order.
static sort_key_t key_of(const layer_line_t *line, slong index) {
    const double low = line->list[index].x - line->list[index].error;
    sort_key_t key = {.index = index};
    memcpy(&key.bits, &low, sizeof low);
    key.bits ^= key.bits >> 63 ? UINT64_MAX : UINT64_C(1) << 63;
    return key;
}

// Sorts by insertion: for the few points of most lines.
static void sort_few(sort_key_t *keys, slong count) {
    for (slong i = 1; i < count; i++) {
        const sort_key_t key = keys[i];
        slong j = i;
        for (; j > 0 && keys[j - 1].bits > key.bits; j--)
            keys[j] = keys[j - 1];
        keys[j] = key;
    }
}

// Moves the keys to `to` in the order of one of their bytes; false when the byte is the same in all.
static bool sort_by_byte(sort_key_t *to, const sort_key_t *from, slong count, int byte) {
    slong place[257] = {0};
    for (slong i = 0; i < count; i++)
        place[(from[i].bits >> (8 * byte) & 255) + 1]++;
    if (place[(from[0].bits >> (8 * byte) & 255) + 1] == count)
        return false;
    for (int digit = 0; digit < 256; digit++)
        place[digit + 1] += place[digit];
    for (slong i = 0; i < count; i++)
        to[place[from[i].bits >> (8 * byte) & 255]++] = from[i];
    return true;
}

// Lists the points by their lower bounds.
static void sort_points(layer_line_t *line) {
    enum { FEW = 40 };
    for (slong i = 0; i < line->items; i++)
        line->keys[i] = key_of(line, i);
    if (line->items <= FEW) {
        sort_few(line->keys, line->items);
        return;
    }
    for (int byte = 0; byte < (int)sizeof(uint64_t); byte++)
        if (sort_by_byte(line->keys + line->room, line->keys, line->items, byte))
            memcpy(line->keys, line->keys + line->room, (size_t)line->items * sizeof *line->keys);
}

// All points that were kept must differ: each is compared with those that may begin below its upper bound.
void layer_line_check_distinct(layer_line_t *line) {
    sort_points(line);
    for (slong i = 0; i < line->items; i++) {
        const point_t *point = &line->list[line->keys[i].index];
        for (slong j = i + 1; j < line->items; j++) {
            const point_t *other = &line->list[line->keys[j].index];
            if (layer_line_surely_below(point, other))
                break;
            if (layer_line_compare(line, point, other) == 0) {
                layer_line_coincide(line, point, other);
                return;
            }
        }
    }
}

// The sign of a row's slope on the line.
int layer_line_slope_sign(layer_line_t *line, slong row) {
    const bool logit = row < line->level->rows->logits;
    const slong at = logit ? row : row - line->level->rows->logits;
    const double slope = logit ? layer_line_slopes(line)[at] : elimination_unit_column(line->flat, 0)[at];
    const double error = logit ? layer_line_errors(line)[at] : elimination_unit_column(line->flat, 2)[at];
    if (fabs(slope) > error)
        return slope < 0 ? -1 : 1;
    elimination_exact(line->flat, row, logit ? line->flat->base : -1, line->exact);
    return fmpz_sgn(line->exact);
}
