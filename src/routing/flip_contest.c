// SPDX-License-Identifier: GPL-3.0-or-later
// Rounding of a row whose selection is by order; see flip_contest.h, and flip_noise.c for noise.
//
// Rounding keeps the order of numbers up to ties, so that a set changes only if ranks k and k + 1 are rounded to the same
// number, and then if and only if, of all that are rounded to it, one that was selected has a higher index than one that was
// not: ties are won by the lowest indices.
//
// The numbers that are rounded to the same one fill a cell, from the middle of one interval of the grid to the middle of the
// next. While the row moves by y, experts i that are selected leave the cell at its upper end, at y = R_i, and others enter it
// at its lower end, at y = L_j. The set is changed on the union of the intervals [L_j, R_i) over all pairs with j < i, that is,
// of one interval for each i, from the least L_j of lower index.
#include "routing/flip_contest.h"

#include <math.h>

static bool is_selected(const flip_contest_t *c, size_t i) {
    const double last = c->logits[c->inside];
    return c->logits[i] > last || (c->logits[i] == last && i <= c->inside);
}

bool flip_contest_rounded(const flip_contest_t *c, const rounding_t *format) {
    const double unit = rounding_unit(format, c->logits, c->experts);
    const double tie = rounding_apply(format, unit, c->logits[c->inside]);
    if (rounding_apply(format, unit, c->logits[c->outside]) != tie)
        return false;
    bool lower_out = false;
    for (size_t i = 0; i < c->experts; i++)
        if (rounding_apply(format, unit, c->logits[i]) == tie) {
            if (!is_selected(c, i))
                lower_out = true;
            else if (lower_out)
                return true;
        }
    return false;
}

// ---- Random shifts ----

// How the row moves. What has the largest magnitude in an integer format does not.
typedef struct motion {
    double fixed;     // magnitude that does not move; infinite if everything moves
    double anchor;    // the middle of the logits of rank k and k + 1, whose place y is
    double low, high; // y is uniform in [low, high)
} motion_t;

// The part of the motion in which a cell is looked at.
typedef struct cell {
    double low, high;   // its ends
    double first, last; // y
} cell_t;

static bool moves(const motion_t *m, double value) {
    return fabs(value) < m->fixed;
}

// No number of an integer format may move beyond those that set its unit.
static void keep_within(const flip_contest_t *c, motion_t *m) {
    for (size_t i = 0; i < c->experts; i++) {
        if (!moves(m, c->logits[i]))
            continue;
        const double offset = c->logits[i] - m->anchor;
        m->low = -m->fixed - offset > m->low ? -m->fixed - offset : m->low;
        m->high = m->fixed - offset < m->high ? m->fixed - offset : m->high;
    }
}

// The place y in [first, last) from which on expert j, which is not selected, is in the cell.
static double enters(const flip_contest_t *c, const motion_t *m, const cell_t *cell, size_t j) {
    const double value = c->logits[j];
    if (moves(m, value))
        return cell->low - (value - m->anchor);
    return value >= cell->low ? cell->first : cell->last;
}

// The place up to which expert i, which is selected, is in the cell.
static double leaves(const flip_contest_t *c, const motion_t *m, const cell_t *cell, size_t i) {
    const double value = c->logits[i];
    if (moves(m, value))
        return cell->high - (value - m->anchor);
    return value < cell->high ? cell->last : cell->first;
}

// The length of the union of intervals between first and last.
//   ends  n pairs (left, right) by descending right ends
static double covered(const double *ends, size_t n, double first, double last) {
    double length = 0;
    for (size_t i = 0; i < n && last > first; i++) {
        const double left = ends[2 * i] > first ? ends[2 * i] : first;
        const double right = ends[2 * i + 1] < last ? ends[2 * i + 1] : last;
        if (right > left) {
            length += right - left;
            last = left;
        }
    }
    return length;
}

static void insert(double *ends, size_t n, double left, double right) {
    for (; n > 0 && ends[2 * n - 1] < right; n--) {
        ends[2 * n] = ends[2 * n - 2];
        ends[2 * n + 1] = ends[2 * n - 1];
    }
    ends[2 * n] = left;
    ends[2 * n + 1] = right;
}

// For how much of the cell's range of y the set is changed.
static double changed(const flip_contest_t *c, const motion_t *m, const cell_t *cell, double *room) {
    if (!(enters(c, m, cell, c->outside) < cell->last && leaves(c, m, cell, c->inside) > cell->first &&
          enters(c, m, cell, c->outside) < leaves(c, m, cell, c->inside)))
        return 0;
    double left = cell->last;
    size_t n = 0;
    for (size_t i = 0; i < c->experts; i++) {
        if (!is_selected(c, i)) {
            const double entrance = enters(c, m, cell, i);
            left = entrance < left ? entrance : left;
        } else if (left < cell->last) {
            const double right = leaves(c, m, cell, i);
            if (right > left)
                insert(room, n++, left, right);
        }
    }
    return covered(room, n, cell->first, cell->last);
}

// The ends of the cells around the two ends of an interval of the grid: the middles of the intervals beside it, which are half
// or twice as long at a power of two. Beyond the greatest number of a floating format there is no other end.
static void outer_ends(const rounding_t *format, double unit, double low, double high, double *lowest,
                       double *highest) {
    const bool negative = low < 0;
    const double inner = negative ? -high : low, outer = negative ? -low : high;
    const bool last = format->kind == ROUNDING_FLOAT && outer >= format->greatest;
    const double beyond = last ? INFINITY : rounding_spacing(format, unit, outer) / 2;
    const double before = rounding_spacing(format, unit, inner - (outer - inner) / 4) / 2;
    *lowest = low - (negative ? beyond : before);
    *highest = high + (negative ? before : beyond);
}

// Whether the ranks k and k + 1 come into one cell under some shift: only if they are closer than the longer one of two cells; an
// end of the range of an integer format does not make its cell longer.
static bool is_possible(const rounding_t *format, double unit, double inside, double outside) {
    double low, high, lowest, highest;
    if (!rounding_interval(format, unit, (inside + outside) / 2, &low, &high))
        return rounding_apply(format, unit, inside) == rounding_apply(format, unit, outside);
    outer_ends(format, unit, low, high, &lowest, &highest);
    const double gap = inside - outside, middle = (low + high) / 2;
    return gap < middle - lowest || gap < highest - middle;
}

// The motion of a row; false if there is none: rank k or k + 1 does not move, or they lie beyond the greatest number.
static bool motion_of(const flip_contest_t *c, const rounding_t *format, double unit, motion_t *m) {
    m->fixed = INFINITY;
    if (format->kind == ROUNDING_INTEGER) {
        m->fixed = 0;
        for (size_t i = 0; i < c->experts; i++)
            m->fixed = fabs(c->logits[i]) > m->fixed ? fabs(c->logits[i]) : m->fixed;
    }
    const double inside = c->logits[c->inside], outside = c->logits[c->outside];
    m->anchor = (inside + outside) / 2;
    return moves(m, inside) && moves(m, outside) &&
           rounding_interval(format, unit, m->anchor, &m->low, &m->high);
}

double flip_contest_rounding(const flip_contest_t *c, const rounding_t *format, double *room) {
    const double unit = rounding_unit(format, c->logits, c->experts);
    if (!is_possible(format, unit, c->logits[c->inside], c->logits[c->outside]))
        return 0;
    motion_t m;
    if (!motion_of(c, format, unit, &m))
        return flip_contest_rounded(c, format);
    double lowest, highest;
    outer_ends(format, unit, m.low, m.high, &lowest, &highest);
    const double middle = (m.low + m.high) / 2;
    if (format->kind == ROUNDING_INTEGER)
        keep_within(c, &m);
    if (!(m.low < m.high))
        return flip_contest_rounded(c, format);
    const cell_t below = {lowest, middle, m.low, fmin(middle, m.high)};
    const cell_t above = {middle, highest, fmax(middle, m.low), m.high};
    return (changed(c, &m, &below, room) + changed(c, &m, &above, room)) / (m.high - m.low);
}
