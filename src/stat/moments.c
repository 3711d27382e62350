// SPDX-License-Identifier: GPL-3.0-or-later
// Counts, means and covariances of vectors: tiles of samples, centred in the cache and merged.
#include "stat/moments.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    LANES = 8,
    TILE = 2048, // doubles of a tile: 16 kB, a third of a first cache
    MAX_STATE = MOMENTS_MAX_DIM * (MOMENTS_MAX_DIM + 5) / 2
};

// The parts of a state.
typedef struct {
    double *mean, *low, *product;
} parts_t;

static parts_t parts_of(double *state, size_t dim) {
    return (parts_t){state, state + dim, state + 2 * dim};
}

size_t moments_state_size(size_t dim) {
    return dim * (dim + 5) / 2;
}

moments_t *moments_alloc(size_t dim) {
    if (dim == 0 || dim > MOMENTS_MAX_DIM)
        return NULL;
    moments_t *m = malloc(sizeof *m);
    double *state = calloc(moments_state_size(dim), sizeof *state);
    if (m == NULL || state == NULL) {
        free(m);
        free(state);
        return NULL;
    }
    *m = (moments_t){.dim = dim, .count = 0, .state = state};
    return m;
}

void moments_free(moments_t *m) {
    if (m == NULL)
        return;
    free(m->state);
    free(m);
}

void moments_reset(moments_t *m) {
    m->count = 0;
    memset(m->state, 0, moments_state_size(m->dim) * sizeof *m->state);
}

int moments_copy(moments_t *to, const moments_t *from) {
    if (to->dim != from->dim)
        return GSL_EINVAL;
    to->count = from->count;
    memmove(to->state, from->state, moments_state_size(to->dim) * sizeof *to->state);
    return GSL_SUCCESS;
}

// a + b = sum + rest, exactly (D. E. Knuth, The Art of Computer Programming 2, 4.2.2, theorem B).
static void two_sum(double a, double b, double *sum, double *rest) {
    double s = a + b, b_part = s - a;
    *rest = (a - (s - b_part)) + (b - b_part);
    *sum = s;
}

// Adds b to a, neither of them empty (Chan, Golub, LeVeque 1983).
static void merge_parts(size_t dim, double count_a, parts_t a, double count_b, parts_t b) {
    double delta[MOMENTS_MAX_DIM], total = count_a + count_b, weight = count_a * (count_b / total);
    for (size_t i = 0; i < dim; i++)
        delta[i] = (b.mean[i] - a.mean[i]) + (b.low[i] - a.low[i]);
    for (size_t i = 0, k = 0; i < dim; i++)
        for (size_t j = 0; j <= i; j++, k++)
            a.product[k] = (a.product[k] + b.product[k]) + weight * delta[i] * delta[j];
    for (size_t i = 0; i < dim; i++)
        two_sum(a.mean[i], a.low[i] + delta[i] * (count_b / total), &a.mean[i], &a.low[i]);
}

int moments_merge(moments_t *m, const moments_t *from) {
    if (m->dim != from->dim)
        return GSL_EINVAL;
    if (m->count == 0)
        return moments_copy(m, from);
    if (from->count == 0)
        return GSL_SUCCESS;
    merge_parts(m->dim, (double)m->count, parts_of(m->state, m->dim), (double)from->count,
                parts_of(from->state, m->dim));
    m->count += from->count;
    return GSL_SUCCESS;
}

// The lanes are added up as a tree.
static double lane_sum(const double lane[LANES]) {
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

static double sum(const double *x, size_t n) {
    double lane[LANES] = {0};
    size_t full = n / LANES * LANES;
    for (size_t i = 0; i < full; i += LANES)
        for (size_t l = 0; l < LANES; l++)
            lane[l] += x[i + l];
    for (size_t l = 0; l < n - full; l++)
        lane[l] += x[full + l];
    return lane_sum(lane);
}

static double sum_of_products(const double *x, const double *y, size_t n) {
    double lane[LANES] = {0};
    size_t full = n / LANES * LANES;
    for (size_t i = 0; i < full; i += LANES)
        for (size_t l = 0; l < LANES; l++)
            lane[l] += x[i + l] * y[i + l];
    for (size_t l = 0; l < n - full; l++)
        lane[l] += x[full + l] * y[full + l];
    return lane_sum(lane);
}

// Component i of n samples, minus the batch's mean, as a column. The mean is left in two parts.
static void centre(const double *x, size_t dim, size_t i, size_t n, double *column, double *mean,
                   double *low) {
    double shift = x[i];
    for (size_t k = 0; k < n; k++)
        column[k] = x[k * dim + i] - shift;
    double shifted_mean = sum(column, n) / (double)n;
    for (size_t k = 0; k < n; k++)
        column[k] -= shifted_mean;
    two_sum(shift, shifted_mean, mean, low);
}

// The state of n samples, n * dim <= TILE.
static void tile_state(const double *x, size_t dim, size_t n, parts_t out) {
    double column[TILE];
    for (size_t i = 0; i < dim; i++)
        centre(x, dim, i, n, column + i * n, &out.mean[i], &out.low[i]);
    for (size_t i = 0, k = 0; i < dim; i++)
        for (size_t j = 0; j <= i; j++, k++)
            out.product[k] = sum_of_products(column + i * n, column + j * n, n);
}

void moments_add(moments_t *m, const double *x, size_t n) {
    const size_t rows = TILE / m->dim;
    double state[MAX_STATE];
    while (n > 0) {
        moments_t tile = {.dim = m->dim, .count = n < rows ? n : rows, .state = state};
        tile_state(x, m->dim, tile.count, parts_of(state, m->dim));
        (void)moments_merge(m, &tile); // of equal dimension
        x += tile.count * m->dim;
        n -= tile.count;
    }
}

double moments_mean(const moments_t *m, size_t i) {
    if (i >= m->dim || m->count == 0)
        return GSL_NAN;
    return m->state[i];
}

double moments_covariance(const moments_t *m, size_t i, size_t j) {
    if (i >= m->dim || j >= m->dim || m->count < 2)
        return GSL_NAN;
    size_t row = i > j ? i : j, column = i > j ? j : i;
    return parts_of(m->state, m->dim).product[row * (row + 1) / 2 + column] / (double)(m->count - 1);
}

double moments_variance(const moments_t *m, size_t i) {
    return moments_covariance(m, i, i);
}

double moments_mean_covariance(const moments_t *m, size_t i, size_t j) {
    return moments_covariance(m, i, j) / (double)m->count;
}

gsl_sf_result moments_estimate(const moments_t *m, size_t i) {
    return (gsl_sf_result){.val = moments_mean(m, i), .err = sqrt(moments_mean_covariance(m, i, i))};
}
