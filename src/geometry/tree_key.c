// SPDX-License-Identifier: GPL-3.0-or-later
// Canonical forms of ordered arrangements; see tree_key.h.
#include "geometry/tree_key.h"

#include <stdlib.h>
#include <string.h>

struct tree_key {
    size_t stride, dimension;
    double *store;     // dimension + 1 columns: coordinates along the basis rows, the last one along infinity
    double *leads;     // first entries of the rows that are not 0, then their inverses
    double *work;      // of the inversion
    size_t *component; // of each column: columns of one component have a common free scale
};

static double *doubles(size_t count) {
    void *block = NULL;
    if (posix_memalign(&block, 64, count * sizeof(double)) != 0)
        return NULL;
    memset(block, 0, count * sizeof(double));
    return block;
}

tree_key_t *tree_key_alloc(size_t rows, size_t dimension) {
    tree_key_t *key = calloc(1, sizeof *key);
    if (key == NULL)
        return NULL;
    key->stride = rows + RESIDUE_PADDING;
    key->dimension = dimension;
    key->store = doubles((dimension + 1) * key->stride);
    key->leads = doubles(key->stride);
    key->work = doubles(2 * key->stride + 8 * RESIDUE_PADDING);
    key->component = calloc(dimension + 1, sizeof *key->component);
    if (key->store == NULL || key->leads == NULL || key->work == NULL || key->component == NULL) {
        tree_key_free(key);
        return NULL;
    }
    return key;
}

void tree_key_free(tree_key_t *key) {
    if (key == NULL)
        return;
    free(key->store);
    free(key->leads);
    free(key->work);
    free(key->component);
    free(key);
}

static double *column_of(const tree_key_t *key, size_t j) {
    return key->store + j * key->stride;
}

const double *tree_key_column(const tree_key_t *key, size_t j) {
    return column_of(key, j);
}

// Makes basis row `row` the unit vector of column `pivot`.
static void eliminate(const tree_key_t *key, const residue_field_t *field, size_t row, size_t pivot,
                      size_t rows, size_t dimension) {
    double *column = column_of(key, pivot);
    if (column[row] != 1)
        residue_scale(field, column, residue_inverse(field, column[row]), rows);
    for (size_t j = 0; j <= dimension; j++) {
        double *other = column_of(key, j);
        if (j != pivot && other[row] != 0)
            residue_subtract(field, other, other[row], column, rows);
    }
}

// Coordinates in which infinity and the first independent rows are unit vectors. Returns their number, or 0 when a
// row that is independent of those before has a 0 in the next column.
static size_t choose_basis(const tree_key_t *key, const residue_field_t *field, size_t rows,
                           size_t dimension) {
    size_t rank = 0;
    for (size_t row = 0; row < rows && rank < dimension; row++) {
        if (column_of(key, rank)[row] != 0) {
            eliminate(key, field, row, rank++, rows, dimension);
            continue;
        }
        for (size_t j = rank + 1; j < dimension; j++)
            if (column_of(key, j)[row] != 0)
                return 0;
    }
    return rank;
}

// Makes the entry of a row in column c, of another component than its first entry, equal to that by a scale of
// the component, and joins the two.
static void join(const tree_key_t *key, const residue_field_t *field, size_t row, size_t first, size_t c,
                 size_t rows, size_t dimension) {
    const size_t old = key->component[c];
    const double scale =
        residue_multiply(field, column_of(key, first)[row], residue_inverse(field, column_of(key, c)[row]));
    for (size_t j = 0; j <= dimension; j++)
        if (key->component[j] == old) {
            if (scale != 1)
                residue_scale(field, column_of(key, j), scale, rows);
            key->component[j] = key->component[first];
        }
}

// Chooses the scales of the columns, row after row, until all are joined or the rows are at an end.
static void choose_scales(const tree_key_t *key, const residue_field_t *field, size_t rows,
                          size_t dimension) {
    size_t components = dimension + 1;
    for (size_t j = 0; j <= dimension; j++)
        key->component[j] = j;
    for (size_t row = 0; row < rows && components > 1; row++) {
        size_t first = 0;
        while (column_of(key, first)[row] == 0)
            first++;
        for (size_t c = first + 1; c <= dimension; c++)
            if (column_of(key, c)[row] != 0 && key->component[c] != key->component[first]) {
                join(key, field, row, first, c, rows, dimension);
                components--;
            }
    }
}

// Makes the first entry of each row that is not 0 a 1.
static void scale_rows(const tree_key_t *key, const residue_field_t *field, size_t rows, size_t dimension) {
    memset(key->leads, 0, rows * sizeof(double));
    for (size_t j = 0; j <= dimension; j++) {
        const double *column = column_of(key, j);
        for (size_t i = 0; i < rows; i++)
            if (key->leads[i] == 0)
                key->leads[i] = column[i];
    }
    residue_invert(field, key->leads, rows, key->work);
    for (size_t j = 0; j <= dimension; j++)
        residue_products(field, column_of(key, j), key->leads, rows);
}

bool tree_key_find(tree_key_t *key, const residue_field_t *field, double *const *columns, size_t rows,
                   size_t dimension) {
    for (size_t i = 0; i < rows; i++)
        key->store[i] = 1;
    for (size_t j = 0; j < dimension; j++)
        memcpy(column_of(key, j + 1), columns[j], rows * sizeof(double));
    if (choose_basis(key, field, rows, dimension) == 0)
        return false;
    choose_scales(key, field, rows, dimension);
    scale_rows(key, field, rows, dimension);
    return true;
}
