// SPDX-License-Identifier: GPL-3.0-or-later
// Matrix products without rounding; see exact_product.h.
#include "number/exact_product.h"

#include <gsl/gsl_cblas.h>
#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

enum { MOST_TERMS = 1 << 20, LANES = 8, DIGITS = 53 };
static const double LEAST = 0x1p-400, GREATEST = 0x1p400; // of magnitudes
#define VECTOR_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))

int exact_product_bits(size_t terms) {
    int doublings = 0;
    while ((size_t)1 << doublings < terms)
        doublings++;
    return (DIGITS - doublings) / 2;
}

// ---- Rounding to multiples of powers of two ----

static double larger(double a, double b) {
    return a > b ? a : b;
}

// Whether all magnitudes are below GREATEST; the lanes are written out for the vectoriser.
VECTOR_CLONES static bool in_range(const double *values, size_t n) {
    double lanes[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t lane = 0; lane < LANES; lane++)
            lanes[lane] += fabs(values[i + lane]) < GREATEST ? 0 : 1;
    for (; i < n; i++)
        lanes[0] += fabs(values[i]) < GREATEST ? 0 : 1;
    for (size_t lane = 1; lane < LANES; lane++)
        lanes[0] += lanes[lane];
    return lanes[0] == 0;
}

// For a largest magnitude m in [2^(e-1), 2^e): 3/2 2^52 times the unit 2^(e - bits). Adding it to a number, and taking it away,
// rounds the number to a multiple of the unit.
static double shift_of(double magnitude, int bits) {
    uint64_t word;
    magnitude = larger(magnitude, LEAST);
    memcpy(&word, &magnitude, sizeof word);
    word = ((word >> 52) + (uint64_t)(DIGITS - bits)) << 52 | (uint64_t)1 << 51;
    memcpy(&magnitude, &word, sizeof word);
    return magnitude;
}

VECTOR_CLONES static double largest_magnitude(const double *values, size_t n) {
    double lanes[LANES] = {0}, most = 0;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t lane = 0; lane < LANES; lane++)
            lanes[lane] = larger(fabs(values[i + lane]), lanes[lane]);
    for (; i < n; i++)
        most = larger(fabs(values[i]), most);
    for (size_t lane = 0; lane < LANES; lane++)
        most = larger(lanes[lane], most);
    return most;
}

// Each row with a unit of its own.
VECTOR_CLONES static void round_rows(const double *values, size_t rows, size_t columns, int bits,
                                     double *rounded) {
    for (size_t i = 0; i < rows; i++) {
        const double *from = values + i * columns;
        double *to = rounded + i * columns;
        const double shift = shift_of(largest_magnitude(from, columns), bits);
        for (size_t j = 0; j < columns; j++)
            to[j] = (from[j] + shift) - shift;
    }
}

// Each column with a unit of its own; `shifts` has room for a row.
VECTOR_CLONES static void round_columns(const double *values, size_t rows, size_t columns, int bits,
                                        double *rounded, double *shifts) {
    memset(shifts, 0, columns * sizeof *shifts);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            shifts[j] = larger(fabs(values[i * columns + j]), shifts[j]);
    for (size_t j = 0; j < columns; j++)
        shifts[j] = shift_of(shifts[j], bits);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            rounded[i * columns + j] = (values[i * columns + j] + shifts[j]) - shifts[j];
}

// ---- Products ----

static size_t size_of(const exact_factor_t *factor) {
    return factor->rows * factor->columns;
}

size_t exact_product_work(const exact_factor_t *left, const exact_factor_t *right) {
    const size_t row = left->columns > right->columns ? left->columns : right->columns;
    return size_of(left) + size_of(right) + row;
}

// A factor with a unit for each row of its own, or for each of its columns.
static void round_factor(const exact_factor_t *factor, bool by_rows, int bits, double *rounded,
                         double *shifts) {
    if (by_rows != factor->transposed)
        round_rows(factor->values, factor->rows, factor->columns, bits, rounded);
    else
        round_columns(factor->values, factor->rows, factor->columns, bits, rounded, shifts);
}

int exact_product(const exact_factor_t *left, const exact_factor_t *right, double *result, double *work) {
    const size_t rows = left->transposed ? left->columns : left->rows,
                 terms = left->transposed ? left->rows : left->columns,
                 columns = right->transposed ? right->rows : right->columns;
    if (terms != (right->transposed ? right->columns : right->rows) || terms - 1 >= MOST_TERMS)
        return GSL_EBADLEN;
    if (!in_range(left->values, size_of(left)) || !in_range(right->values, size_of(right)))
        return GSL_EDOM;
    const int bits = exact_product_bits(terms);
    double *first = work, *second = work + size_of(left), *shifts = second + size_of(right);
    round_factor(left, true, bits, first, shifts);
    round_factor(right, false, bits, second, shifts);
    if (rows > 0 && columns > 0)
        cblas_dgemm(CblasRowMajor, left->transposed ? CblasTrans : CblasNoTrans,
                    right->transposed ? CblasTrans : CblasNoTrans, (int)rows, (int)columns, (int)terms, 1,
                    first, (int)left->columns, second, (int)right->columns, 0, result, (int)columns);
    return GSL_SUCCESS;
}
