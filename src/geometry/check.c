// SPDX-License-Identifier: GPL-3.0-or-later
// The checker's own means; see check.h.
#include "geometry/check.h"

#include <flint/fmpq_vec.h>
#include <flint/fmpz_poly.h>
#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>
#include <stdlib.h>

// ---- Hyperplanes as rational rows ----

// Hyperplanes of one flat as rows whose first entry that is not 0 is 1: the row is unique.
typedef struct traces {
    slong width; // entries of a row
    slong count;
    slong room;
    fmpq *store;
    fmpq **row;
} traces_t;

static int traces_init(traces_t *traces, slong room, slong width) {
    *traces = (traces_t){.width = width, .room = room, .row = calloc((size_t)room + 1, sizeof *traces->row)};
    if (traces->row == NULL)
        return GSL_ENOMEM;
    traces->store = _fmpq_vec_init(room * width);
    return GSL_SUCCESS;
}

static void traces_clear(traces_t *traces) {
    if (traces->row != NULL)
        _fmpq_vec_clear(traces->store, traces->room * traces->width);
    free(traces->row);
}

// Where the next row is written.
static fmpq *traces_next(const traces_t *traces) {
    return traces->store + traces->count * traces->width;
}

// Keeps the row at traces_next when its normal is not 0.
static void traces_keep(traces_t *traces) {
    fmpq *row = traces_next(traces);
    slong lead = 0;
    while (lead < traces->width - 1 && fmpq_is_zero(row + lead))
        lead++;
    if (lead == traces->width - 1)
        return;
    for (slong j = traces->width - 1; j >= lead; j--)
        fmpq_div(row + j, row + j, row + lead);
    traces->row[traces->count++] = row;
}

static int compare_rows(const void *a, const void *b, void *width) {
    const fmpq *left = *(fmpq *const *)a, *right = *(fmpq *const *)b;
    for (slong j = 0; j < *(slong *)width; j++) {
        const int order = fmpq_equal(left + j, right + j) ? 0 : fmpq_cmp(left + j, right + j);
        if (order != 0)
            return order;
    }
    return 0;
}

// Sorts the rows and leaves one of each.
static void traces_unite(traces_t *traces) {
    slong kept = 0;
    qsort_r(traces->row, (size_t)traces->count, sizeof *traces->row, compare_rows, &traces->width);
    for (slong i = 0; i < traces->count; i++)
        if (kept == 0 || compare_rows(&traces->row[kept - 1], &traces->row[i], &traces->width) != 0)
            traces->row[kept++] = traces->row[i];
    traces->count = kept;
}

static int distinct_planes(const fmpz_mat_t rows, traces_t *traces) {
    if (traces_init(traces, rows->r, rows->c) != GSL_SUCCESS)
        return GSL_ENOMEM;
    for (slong i = 0; i < rows->r; i++) {
        fmpq *next = traces_next(traces);
        for (slong j = 0; j < rows->c; j++)
            fmpq_set_fmpz(next + j, rows->rows[i] + j);
        traces_keep(traces);
    }
    traces_unite(traces);
    return GSL_SUCCESS;
}

// ---- Ranks and minors ----

// Rank of the first `columns` columns of the rows with w != 0.
static slong live_rank(const fmpz_mat_t rows, slong columns) {
    fmpz_mat_t live;
    fmpz_mat_init(live, rows->r, columns);
    for (slong i = 0; i < rows->r; i++)
        if (!_fmpz_vec_is_zero(rows->rows[i], rows->c - 1))
            _fmpz_vec_set(live->rows[i], rows->rows[i], columns);
    const slong rank = fmpz_mat_rank(live);
    fmpz_mat_clear(live);
    return rank;
}

static int compare_descending(const void *a, const void *b) {
    return fmpz_cmp(b, a);
}

static slong hadamard_bits(const fmpz_mat_t rows) {
    fmpz *squares = _fmpz_vec_init(rows->r + 1);
    fmpz_t product;
    fmpz_init_set_ui(product, 1);
    for (slong i = 0; i < rows->r; i++)
        if (!_fmpz_vec_is_zero(rows->rows[i], rows->c - 1))
            _fmpz_vec_dot(squares + i, rows->rows[i], rows->rows[i], rows->c);
    qsort(squares, (size_t)rows->r, sizeof *squares, compare_descending);
    for (slong i = 0; i < rows->r && i < rows->c && !fmpz_is_zero(squares + i); i++)
        fmpz_mul(product, product, squares + i);
    const slong bits = (fmpz_clog_ui(product, 2) + 1) / 2; // the square root of the product
    fmpz_clear(product);
    _fmpz_vec_clear(squares, rows->r + 1);
    return bits;
}

int check_planes(const fmpz_mat_t rows, check_planes_t *planes) {
    traces_t traces;
    const int status = distinct_planes(rows, &traces);
    if (status == GSL_SUCCESS) {
        planes->distinct = traces.count;
        planes->rank = live_rank(rows, rows->c - 1);
        planes->central = live_rank(rows, rows->c) == planes->rank;
        planes->hadamard_bits = hadamard_bits(rows);
    }
    traces_clear(&traces);
    return status;
}

void check_generic(fmpz *level, const check_planes_t *planes, slong d) {
    const slong rank = planes->rank;
    _fmpz_vec_zero(level, d + 1);
    for (slong j = 0; j <= rank; j++)
        fmpz_bin_uiui(level + j, (ulong)planes->distinct, (ulong)j);
    if (planes->central && rank > 0)
        fmpz_bin_uiui(level + rank, (ulong)planes->distinct - 1, (ulong)rank - 1);
}

// Writes the trace of `row` on the hyperplane `on`, whose first entry 1 is at `lead`, in the coordinates without it.
static void write_trace(traces_t *trace, const fmpq *row, const fmpq *on, slong lead) {
    fmpq *next = traces_next(trace);
    for (slong j = 0, to = 0; j <= trace->width; j++)
        if (j != lead) {
            fmpq_set(next + to, row + j);
            fmpq_submul(next + to++, row + lead, on + j);
        }
    traces_keep(trace);
}

int check_pairs(const fmpz_mat_t rows, fmpz_t pairs) {
    traces_t planes, trace = {0};
    int status = distinct_planes(rows, &planes);
    if (status == GSL_SUCCESS)
        status = traces_init(&trace, planes.count, rows->c - 1);
    fmpz_zero(pairs);
    for (slong t = 0; t < planes.count && status == GSL_SUCCESS; t++) {
        slong lead = 0;
        while (fmpq_is_zero(planes.row[t] + lead))
            lead++;
        trace.count = 0;
        for (slong s = 0; s < t; s++)
            write_trace(&trace, planes.row[s], planes.row[t], lead);
        traces_unite(&trace);
        fmpz_add_ui(pairs, pairs, (ulong)trace.count);
    }
    traces_clear(&trace);
    traces_clear(&planes);
    return status;
}

bool check_dependent(const fmpz_mat_t rows, const slong *set, slong size, bool whole) {
    fmpz_mat_t chosen;
    fmpz_mat_init(chosen, size, whole ? rows->c : rows->c - 1);
    for (slong i = 0; i < size; i++)
        _fmpz_vec_set(chosen->rows[i], rows->rows[set[i]], chosen->c);
    const bool dependent = fmpz_mat_rank(chosen) < size;
    fmpz_mat_clear(chosen);
    return dependent;
}

// ---- Points ----

// w.x + b.
static void value_at(fmpq_t value, const fmpz *row, const fmpq *point, slong dimension) {
    fmpq_t term;
    fmpq_init(term);
    fmpq_set_fmpz(value, row + dimension);
    for (slong j = 0; j < dimension; j++) {
        fmpq_mul_fmpz(term, point + j, row + j);
        fmpq_add(value, value, term);
    }
    fmpq_clear(term);
}

int check_sign(const fmpz *row, const fmpq *point, slong dimension) {
    fmpq_t value;
    fmpq_init(value);
    value_at(value, row, point, dimension);
    const int sign = fmpq_sgn(value);
    fmpq_clear(value);
    return sign;
}

bool check_coalition(const layer_t *layer, const slong *members, const fmpq *point) {
    fmpq *logits = _fmpq_vec_init(layer->experts);
    const fmpq *least = NULL, *greatest = NULL; // of the members, of the others
    for (slong i = 0, next = 0; i < layer->experts; i++) {
        value_at(logits + i, layer->router->rows[i], point, layer->dimension);
        if (next < layer->active && members[next] == i) {
            next++;
            if (least == NULL || fmpq_cmp(logits + i, least) < 0)
                least = logits + i;
        } else if (greatest == NULL || fmpq_cmp(logits + i, greatest) > 0)
            greatest = logits + i;
    }
    const bool above = greatest == NULL || (least != NULL && fmpq_cmp(least, greatest) > 0);
    _fmpq_vec_clear(logits, layer->experts);
    return above;
}

bool check_twins(const layer_t *layer) {
    for (slong i = 0; i < layer->experts; i++)
        for (slong j = 0; j < i; j++)
            if (_fmpz_vec_equal(layer->router->rows[i], layer->router->rows[j], layer->dimension + 1))
                return true;
    return false;
}

// ---- Shapes ----

void check_phi(fmpz_t result, slong n, slong d) {
    fmpz_t term;
    fmpz_init(term);
    fmpz_zero(result);
    for (slong j = 0; j <= d && j <= n; j++) {
        fmpz_bin_uiui(term, (ulong)n, (ulong)j);
        fmpz_add(result, result, term);
    }
    fmpz_clear(term);
}

// How many cells of constant top-q set n logits can have on a flat of dimension m: each cell is one of
// binomial(n, q) sets; on a line every change replaces a member by one of greater slope, at most q (n - q) times.
static void most_cells(fmpz_t result, slong n, slong q, slong m) {
    fmpz_bin_uiui(result, (ulong)n, (ulong)q);
    if (m == 0)
        fmpz_one(result);
    if (m == 1) {
        fmpz_t changes;
        fmpz_init_set_si(changes, q);
        fmpz_mul_si(changes, changes, n - q);
        fmpz_add_ui(changes, changes, 1);
        if (fmpz_cmp(changes, result) < 0)
            fmpz_set(result, changes);
        fmpz_clear(changes);
    }
}

void check_flats(fmpz *bound, slong experts, slong active, slong width, slong dimension) {
    const slong most = dimension < active * width ? dimension : active * width; // hyperplanes of a flat
    fmpz_poly_t one, power; // (1 + z)^H - 1 and its powers
    fmpz_t owners, cells, term;
    fmpz_poly_init(one);
    fmpz_poly_init(power);
    fmpz_init(owners);
    fmpz_init(cells);
    fmpz_init(term);
    for (slong j = 1; j <= most && j <= width; j++) {
        fmpz_bin_uiui(term, (ulong)width, (ulong)j);
        fmpz_poly_set_coeff_fmpz(one, j, term);
    }
    fmpz_poly_one(power);
    _fmpz_vec_zero(bound, dimension + 1);
    for (slong e = 0; e <= active && e <= most; e++) {
        fmpz_bin_uiui(owners, (ulong)experts, (ulong)e);
        for (slong j = e; j <= most; j++) {
            fmpz_poly_get_coeff_fmpz(term, power, j);
            fmpz_mul(term, term, owners);
            most_cells(cells, experts - e, active - e, dimension - j);
            fmpz_addmul(bound + j, term, cells);
        }
        fmpz_poly_mullow(power, power, one, most + 1);
    }
    fmpz_clear(term);
    fmpz_clear(cells);
    fmpz_clear(owners);
    fmpz_poly_clear(power);
    fmpz_poly_clear(one);
}
