// SPDX-License-Identifier: GPL-3.0-or-later
// Restriction of rows to flats; see elimination.h.
#include "geometry/elimination.h"

#include <flint/fmpz_vec.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LANES __attribute__((target_clones("avx512f", "avx2", "default")))

// Of numbers that are far too small to matter, and large enough to hold the errors of underflow.
static const double TINY = 0x1p-1000;

// A pivot is taken from the doubles when it is known to about this relative precision.
static const double PIVOT_PRECISION = 0x1p-24;

static slong round_up(slong count) {
    return (count + ELIMINATION_LANES - 1) / ELIMINATION_LANES * ELIMINATION_LANES;
}

static double *table_alloc(slong columns, slong stride) {
    const size_t bytes = (size_t)columns * (size_t)stride * sizeof(double);
    double *table =
        aligned_alloc(ELIMINATION_LANES * sizeof(double), bytes + ELIMINATION_LANES * sizeof(double));
    if (table != NULL)
        memset(table, 0, bytes);
    return table;
}

// ---- From integers to doubles ----

// The exponent of the largest of some integers: all are below 2^exponent.
static slong exponent_of(const fmpz *row, slong width) {
    const slong bits = _fmpz_vec_max_bits(row, width);
    return bits < 0 ? -bits : bits;
}

// Writes a row to position `at` of a table, scaled by 2^-exponent, with its error bound.
static void set_row(double *table, slong stride, slong at, const fmpz *row, slong width, slong exponent) {
    double largest = 0;
    for (slong c = 0; c < width; c++) {
        slong shift;
        const double mantissa = fmpz_get_d_2exp(&shift, row + c);
        const double value = shift - exponent < -1060 ? 0 : ldexp(mantissa, (int)(shift - exponent));
        table[c * stride + at] = value;
        largest = fmax(largest, fabs(value));
    }
    table[width * stride + at] = 0x1p-52 * largest + TINY;
}

static void set_tables(elimination_rows_t *rows) {
    const slong N = rows->logits, width = rows->dimension + 1;
    slong common = 0;
    for (slong j = 0; j < N; j++)
        common = FLINT_MAX(common, exponent_of(rows->exact->rows[j], width));
    for (slong j = 0; j < N; j++)
        set_row(rows->logit_table, rows->logit_stride, j, rows->exact->rows[j], width, common);
    for (slong s = 0; s < rows->units; s++) {
        const fmpz *row = rows->exact->rows[N + s];
        set_row(rows->unit_table, rows->unit_stride, s, row, width, exponent_of(row, width));
    }
}

elimination_rows_t *elimination_rows_alloc(const fmpz_mat_t exact, slong logits, slong dimension) {
    elimination_rows_t *rows = calloc(1, sizeof *rows);
    if (rows == NULL)
        return NULL;
    rows->logits = logits;
    rows->units = fmpz_mat_nrows(exact) - logits;
    rows->dimension = dimension;
    rows->exact = exact;
    rows->logit_stride = round_up(logits);
    rows->unit_stride = round_up(rows->units);
    rows->logit_table = table_alloc(dimension + 2, rows->logit_stride);
    rows->unit_table = table_alloc(dimension + 2, rows->unit_stride);
    if (rows->logit_table == NULL || rows->unit_table == NULL) {
        elimination_rows_free(rows);
        return NULL;
    }
    set_tables(rows);
    return rows;
}

void elimination_rows_free(elimination_rows_t *rows) {
    if (rows == NULL)
        return;
    free(rows->logit_table);
    free(rows->unit_table);
    free(rows);
}

// ---- The flat ----

static slong dimension(const elimination_t *e) {
    return e->rows->dimension;
}

// How many columns are left, the constant's included.
static slong width_at(const elimination_t *e, slong depth) {
    return dimension(e) - depth + 1;
}

static slong *columns_at(const elimination_t *e, slong depth) {
    return e->columns + depth * (dimension(e) + 1);
}

elimination_t *elimination_alloc(const elimination_rows_t *rows) {
    elimination_t *e = calloc(1, sizeof *e);
    if (e == NULL)
        return NULL;
    const slong D = rows->dimension;
    e->rows = rows;
    e->base = -1;
    fmpz_init(e->denominator);
    fmpz_mat_init(e->solution, 0, 0);
    e->steps = calloc((size_t)D, sizeof *e->steps);
    e->columns = calloc((size_t)(D * (D + 1)), sizeof *e->columns);
    e->logit_tables = calloc((size_t)D, sizeof *e->logit_tables);
    e->unit_tables = calloc((size_t)D, sizeof *e->unit_tables);
    bool memory = e->steps != NULL && e->columns != NULL && e->logit_tables != NULL && e->unit_tables != NULL;
    for (slong depth = 0; depth < D && memory; depth++) {
        e->logit_tables[depth] = table_alloc(D - depth + 2, rows->logit_stride);
        if (depth > 0)
            e->unit_tables[depth] = table_alloc(D - depth + 2, rows->unit_stride);
        else
            e->unit_tables[0] = rows->unit_table;
        memory = e->logit_tables[depth] != NULL && e->unit_tables[depth] != NULL;
    }
    if (!memory) {
        elimination_free(e);
        return NULL;
    }
    elimination_start(e, -1);
    return e;
}

void elimination_free(elimination_t *e) {
    if (e == NULL)
        return;
    for (slong depth = 0; depth < dimension(e); depth++) {
        if (e->logit_tables != NULL)
            free(e->logit_tables[depth]);
        if (e->unit_tables != NULL && depth > 0)
            free(e->unit_tables[depth]);
    }
    free(e->logit_tables);
    free(e->unit_tables);
    free(e->columns);
    free(e->steps);
    fmpz_mat_clear(e->solution);
    fmpz_clear(e->denominator);
    free(e);
}

// Subtracts the base from all logits. Twice the sum of the bounds covers the rounding, by the invariant.
static void subtract_base(const elimination_t *e) {
    const elimination_rows_t *rows = e->rows;
    const slong stride = rows->logit_stride, width = width_at(e, 0);
    const double *from = rows->logit_table, *errors = from + width * stride;
    double *to = e->logit_tables[0];
    for (slong c = 0; c < width; c++)
        for (slong j = 0; j < rows->logits; j++)
            to[c * stride + j] = from[c * stride + j] - from[c * stride + e->base];
    for (slong j = 0; j < rows->logits; j++)
        to[width * stride + j] = 2 * (errors[j] + errors[e->base]);
    to[width * stride + e->base] = 0;
}

void elimination_start(elimination_t *e, slong base) {
    const size_t bytes = (size_t)((dimension(e) + 2) * e->rows->logit_stride) * sizeof(double);
    e->base = base;
    e->depth = 0;
    e->solved = false;
    for (slong c = 0; c <= dimension(e); c++)
        e->columns[c] = c;
    if (base < 0)
        memcpy(e->logit_tables[0], e->rows->logit_table, bytes);
    else
        subtract_base(e);
}

// ---- Exactly ----

// Entry of a row of the flat: a tied logit less the base, or a unit.
static void flat_entry(const elimination_t *e, slong step, slong column, fmpz_t value) {
    const fmpz_mat_struct *exact = e->rows->exact;
    const slong row = e->steps[step].row;
    if (row < e->rows->logits)
        fmpz_sub(value, fmpz_mat_entry(exact, row, column), fmpz_mat_entry(exact, e->base, column));
    else
        fmpz_set(value, fmpz_mat_entry(exact, row, column));
}

// The columns of the pivots, in the order of the rows.
static slong pivot_column(const elimination_t *e, slong step) {
    return columns_at(e, step)[e->steps[step].pivot];
}

// Solves the rows of the flat for the pivot columns, which are independent.
static void solve(elimination_t *e) {
    const slong m = e->depth, left = width_at(e, m);
    fmpz_mat_t pivots, others;
    fmpz_mat_init(pivots, m, m);
    fmpz_mat_init(others, m, left);
    for (slong i = 0; i < m; i++) {
        for (slong j = 0; j < m; j++)
            flat_entry(e, i, pivot_column(e, j), fmpz_mat_entry(pivots, i, j));
        for (slong c = 0; c < left; c++)
            flat_entry(e, i, columns_at(e, m)[c], fmpz_mat_entry(others, i, c));
    }
    fmpz_mat_clear(e->solution);
    fmpz_mat_init(e->solution, m, left);
    fmpz_one(e->denominator);
    if (m > 0)
        fmpz_mat_solve(e->solution, e->denominator, pivots, others);
    if (fmpz_sgn(e->denominator) > 0)
        fmpz_mat_neg(e->solution, e->solution);
    fmpz_abs(e->denominator, e->denominator);
    fmpz_mat_clear(pivots);
    fmpz_mat_clear(others);
    e->solved = true;
}

void elimination_exact(elimination_t *e, slong first, slong second, fmpz *coefficients) {
    if (!e->solved)
        solve(e);
    const slong left = width_at(e, e->depth);
    const fmpz *plus = e->rows->exact->rows[first];
    const fmpz *minus = second < 0 ? NULL : e->rows->exact->rows[second];
    fmpz_t entry;
    fmpz_init(entry);
    for (slong c = 0; c < left; c++) {
        const slong column = columns_at(e, e->depth)[c];
        fmpz_set(entry, plus + column);
        if (minus != NULL)
            fmpz_sub(entry, entry, minus + column);
        fmpz_mul(coefficients + c, entry, e->denominator);
    }
    for (slong i = 0; i < e->depth; i++) {
        const slong column = pivot_column(e, i);
        fmpz_set(entry, plus + column);
        if (minus != NULL)
            fmpz_sub(entry, entry, minus + column);
        for (slong c = 0; c < left; c++)
            fmpz_addmul(coefficients + c, entry, fmpz_mat_entry(e->solution, i, c));
    }
    fmpz_clear(entry);
}

// Makes the tables of the flat from the exact rows.
static void refresh(elimination_t *e, slong limit) {
    const elimination_rows_t *rows = e->rows;
    const slong N = rows->logits, width = width_at(e, e->depth);
    double *logits = e->logit_tables[e->depth], *units = e->unit_tables[e->depth];
    fmpz_mat_t exact;
    fmpz_mat_init(exact, N, width);
    slong common = 0;
    for (slong j = 0; j < N; j++) {
        elimination_exact(e, j, e->base, exact->rows[j]);
        common = FLINT_MAX(common, exponent_of(exact->rows[j], width));
    }
    for (slong j = 0; j < N; j++)
        set_row(logits, rows->logit_stride, j, exact->rows[j], width, common);
    for (slong s = 0; s < limit; s++) {
        elimination_exact(e, N + s, -1, exact->rows[0]);
        set_row(units, rows->unit_stride, s, exact->rows[0], width, exponent_of(exact->rows[0], width));
    }
    fmpz_mat_clear(exact);
}

// The largest coefficient of an exact row that may be a pivot, or what is the matter with the row.
static elimination_result_t exact_pivot(const fmpz *row, slong pivots, slong *pivot) {
    *pivot = 0;
    for (slong c = 1; c < pivots; c++)
        if (fmpz_cmpabs(row + c, row + *pivot) > 0)
            *pivot = c;
    if (!fmpz_is_zero(row + *pivot))
        return ELIMINATION_ADDED;
    if (!fmpz_is_zero(row + pivots))
        return ELIMINATION_LEVEL;
    return fmpz_is_zero(row + pivots + 1) ? ELIMINATION_CONTAINS : ELIMINATION_MISSES;
}

// ---- In doubles ----

// to = from - m pivot row, for one column of positions first..last - 1.
LANES static void subtract_multiples(double *restrict to, const double *restrict from,
                                     const double *restrict pivots, double inverse, double entry, slong first,
                                     slong last) {
#pragma omp simd
    for (slong s = first; s < last; s++)
        to[s] = from[s] - pivots[s] * inverse * entry;
}

LANES static void spread_errors(double *restrict to, const double *restrict from,
                                const double *restrict pivots, double inverse, double gain, double spread,
                                slong first, slong last) {
#pragma omp simd
    for (slong s = first; s < last; s++)
        to[s] = gain * from[s] + spread * fabs(pivots[s] * inverse);
}

// Both at once from planes to lines, where most of the time goes; the pivot is the first of three columns.
LANES static void restrict_to_line(double *restrict to, const double *restrict from, slong stride,
                                   double inverse, double slope, double constant, double gain, double spread,
                                   slong first, slong last) {
#pragma omp simd
    for (slong s = first; s < last; s++) {
        const double m = from[s] * inverse;
        to[s] = from[stride + s] - m * slope;
        to[stride + s] = from[2 * stride + s] - m * constant;
        to[2 * stride + s] = gain * from[3 * stride + s] + spread * fabs(m);
    }
}

// Eliminates step `depth` from positions of one table.
static void eliminate(const elimination_t *e, slong depth, double *to, const double *from, slong stride,
                      const double *entries, slong entry_stride, slong first, slong last) {
    const elimination_step_t *step = &e->steps[depth];
    const slong width = width_at(e, depth);
    const double inverse = 1 / step->value, *pivots = from + step->pivot * stride;
    if (width == 3) {
        restrict_to_line(to, from, stride, inverse, entries[entry_stride], entries[2 * entry_stride],
                         step->gain, step->spread, first, last);
        return;
    }
    for (slong c = 0; c < width; c++)
        if (c != step->pivot) {
            subtract_multiples(to, from + c * stride, pivots, inverse, entries[c * entry_stride], first,
                               last);
            to += stride;
        }
    spread_errors(to, from + width * stride, pivots, inverse, step->gain, step->spread, first, last);
}

// The pivot row's entries in its table.
static const double *step_entries(const elimination_t *e, slong depth, slong *stride) {
    const slong row = e->steps[depth].row, N = e->rows->logits;
    *stride = row < N ? e->rows->logit_stride : e->rows->unit_stride;
    return row < N ? e->logit_tables[depth] + row : e->unit_tables[depth] + (row - N);
}

static void eliminate_logits(const elimination_t *e, slong depth) {
    slong entry_stride;
    const double *entries = step_entries(e, depth, &entry_stride);
    const slong stride = e->rows->logit_stride, row = e->steps[depth].row;
    double *to = e->logit_tables[depth + 1];
    eliminate(e, depth, to, e->logit_tables[depth], stride, entries, entry_stride, 0, stride);
    if (row < e->rows->logits)
        for (slong c = 0; c <= width_at(e, depth + 1); c++)
            to[c * stride + row] = 0; // tied: the logit's difference to the base is zero, exactly
}

static void eliminate_units(const elimination_t *e, slong depth, slong first, slong last) {
    slong entry_stride;
    const double *entries = step_entries(e, depth, &entry_stride);
    eliminate(e, depth, e->unit_tables[depth + 1], e->unit_tables[depth], e->rows->unit_stride, entries,
              entry_stride, first, last);
}

void elimination_units(elimination_t *e, slong first, slong last) {
    if (e->depth > 0 && !e->steps[e->depth - 1].refreshed)
        eliminate_units(e, e->depth - 1, first, last);
}

// Sets the pivot of the step in doubles; false when none is precise enough.
static bool choose_pivot(const elimination_t *e, slong depth, elimination_step_t *step) {
    slong stride;
    const double *entries = step_entries(e, depth, &stride);
    const slong width = width_at(e, depth);
    double largest = 0, pivot = 0;
    for (slong c = 0; c < width; c++) {
        const double size = fabs(entries[c * stride]);
        largest = fmax(largest, size);
        if (c < width - 2 && size > pivot) {
            pivot = size;
            step->pivot = c;
        }
    }
    const double error = entries[width * stride];
    if (!(pivot * PIVOT_PRECISION > error))
        return false;
    const double growth = (1 + 0x1p-20) * (largest + error) / (pivot - error);
    step->value = entries[step->pivot * stride];
    step->error = error;
    step->gain = 3 + growth;
    step->spread = error * (16 + growth);
    return growth < 0x1p500;
}

// Leaves the pivot's column out.
static void drop_column(const elimination_t *e, slong depth) {
    const slong *from = columns_at(e, depth);
    slong *to = columns_at(e, depth + 1);
    for (slong c = 0; c < width_at(e, depth); c++)
        if (c != e->steps[depth].pivot)
            *to++ = from[c];
}

// Finds the pivot exactly, and makes the tables from exact rows.
static elimination_result_t push_exactly(elimination_t *e, slong row, slong limit) {
    elimination_step_t *step = &e->steps[e->depth];
    const slong width = width_at(e, e->depth);
    fmpz *coefficients = _fmpz_vec_init(width);
    elimination_exact(e, row, row < e->rows->logits ? e->base : -1, coefficients);
    const elimination_result_t result = exact_pivot(coefficients, width - 2, &step->pivot);
    _fmpz_vec_clear(coefficients, width);
    if (result == ELIMINATION_ADDED) {
        step->refreshed = true;
        drop_column(e, e->depth++);
        e->solved = false;
        refresh(e, limit);
    }
    return result;
}

elimination_result_t elimination_push(elimination_t *e, slong row, slong limit) {
    elimination_step_t *step = &e->steps[e->depth];
    *step = (elimination_step_t){.row = row, .limit = limit};
    if (!choose_pivot(e, e->depth, step))
        return push_exactly(e, row, limit);
    drop_column(e, e->depth);
    eliminate_logits(e, e->depth);
    if (e->depth + 2 < dimension(e))
        eliminate_units(e, e->depth, 0, limit);
    e->depth++;
    e->solved = false;
    return ELIMINATION_ADDED;
}

void elimination_pop(elimination_t *e) {
    e->depth--;
    e->solved = false;
}

// ---- Coefficients ----

// The entry of a row in the pivot's column over the pivot, at depth l, and how far it may be off.
static double multiplier(const elimination_t *e, slong l, slong row, double *error) {
    const elimination_rows_t *rows = e->rows;
    const elimination_step_t *step = &e->steps[l];
    const bool logit = row < rows->logits;
    const slong stride = logit ? rows->logit_stride : rows->unit_stride;
    const double *table = logit ? e->logit_tables[l] + row : e->unit_tables[l] + (row - rows->logits);
    const double m = table[step->pivot * stride] / step->value;
    *error = (2 * table[width_at(e, l) * stride] + 8 * fabs(m) * step->error) / fabs(step->value);
    return m;
}

static int sign_of(double value, double error, bool *sure) {
    if (!(fabs(value) > error))
        *sure = false;
    return value < 0 ? -1 : 1;
}

// By back substitution: c_l = - sum over later rows r of c_r m_(r, l). With m off by at most `off`, a summand
// is off by |c| off + error of c (|m| + off), and rounding adds less than 2^-53 of (depth + 2) times the sum of
// sizes. Returns false when a sign is in doubt.
static bool signs_in_doubles(const elimination_t *e, slong row, int *signs) {
    const slong m = e->depth;
    double c[m + 1], errors[m + 1];
    const bool logit = row < e->rows->logits;
    double base = logit ? 1 : 0, base_error = 0, base_size = base;
    bool sure = true;
    c[m] = 1;
    errors[m] = 0;
    for (slong l = m - 1; l >= 0; l--) {
        double sum = 0, size = 0, error = 0;
        for (slong r = l + 1; r <= m; r++) {
            double off;
            const double factor = multiplier(e, l, r == m ? row : e->steps[r].row, &off);
            sum -= c[r] * factor;
            size += fabs(c[r] * factor);
            error += fabs(c[r]) * off + errors[r] * (fabs(factor) + off);
        }
        c[l] = sum;
        errors[l] = (error + (double)(m + 4) * 0x1p-52 * size) * (1 + 0x1p-20) + TINY;
        sure = sure && !e->steps[l].refreshed;
        signs[l] = sign_of(sum, errors[l], &sure);
        if (e->steps[l].row < e->rows->logits) {
            base += sum;
            base_error += errors[l];
            base_size += fabs(sum);
        }
    }
    base_error = (base_error + (double)(m + 4) * 0x1p-52 * base_size) * (1 + 0x1p-20);
    signs[m] = e->base < 0 ? 0 : -sign_of(base, base_error, &sure);
    return sure;
}

// The same from the equations for the pivot columns: c times the flat's rows cancels the row there.
static void signs_exactly(const elimination_t *e, slong row, int *signs) {
    const slong m = e->depth;
    const fmpz_mat_struct *exact = e->rows->exact;
    const bool logit = row < e->rows->logits;
    fmpz_mat_t equations, right, c;
    fmpz_t denominator, base;
    fmpz_mat_init(equations, m, m);
    fmpz_mat_init(right, m, 1);
    fmpz_mat_init(c, m, 1);
    fmpz_init_set_ui(denominator, 1);
    fmpz_init(base);
    for (slong i = 0; i < m; i++) {
        const slong column = pivot_column(e, i);
        for (slong l = 0; l < m; l++)
            flat_entry(e, l, column, fmpz_mat_entry(equations, i, l));
        fmpz_neg(fmpz_mat_entry(right, i, 0), fmpz_mat_entry(exact, row, column));
        if (logit)
            fmpz_add(fmpz_mat_entry(right, i, 0), fmpz_mat_entry(right, i, 0),
                     fmpz_mat_entry(exact, e->base, column));
    }
    if (m > 0)
        fmpz_mat_solve(c, denominator, equations, right);
    const int positive = fmpz_sgn(denominator);
    if (logit)
        fmpz_set(base, denominator);
    for (slong l = 0; l < m; l++) {
        signs[l] = positive * fmpz_sgn(fmpz_mat_entry(c, l, 0));
        if (e->steps[l].row < e->rows->logits)
            fmpz_add(base, base, fmpz_mat_entry(c, l, 0));
    }
    signs[m] = e->base < 0 ? 0 : -positive * fmpz_sgn(base);
    fmpz_mat_clear(equations);
    fmpz_mat_clear(right);
    fmpz_mat_clear(c);
    fmpz_clear(denominator);
    fmpz_clear(base);
}

void elimination_signs(const elimination_t *e, slong row, int *signs) {
    if (!signs_in_doubles(e, row, signs))
        signs_exactly(e, row, signs);
}
