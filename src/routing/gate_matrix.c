// SPDX-License-Identifier: GPL-3.0-or-later
// Geometry of gate matrices; see gate_matrix.h.
#include "routing/gate_matrix.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

// One version for each width of vectors; all give the same bits.
#define LANES __attribute__((target_clones("avx512f", "avx2", "default")))

enum { BLOCK = 8 };     // rows of one side of a product at a time
enum { STRETCH = 256 }; // coordinates that are turned at a time
// Where the cosine is within this of 1, differences of rows are formed directly.
static const double CANCELLED = 1e-4;

void gate_matrix_free(gate_matrix_t *matrix) {
    if (matrix == NULL)
        return;
    free(matrix->lengths);
    free(matrix->distances);
    free(matrix->angles);
    free(matrix);
}

static gate_matrix_t *matrix_alloc(size_t experts, size_t dimension) {
    gate_matrix_t *matrix = calloc(1, sizeof *matrix);
    if (matrix == NULL)
        return NULL;
    *matrix = (gate_matrix_t){.experts = experts,
                              .dimension = dimension,
                              .lengths = calloc(experts, sizeof(double)),
                              .distances = calloc(experts * experts, sizeof(double)),
                              .angles = calloc(experts * experts, sizeof(double))};
    if (matrix->lengths != NULL && matrix->distances != NULL && matrix->angles != NULL)
        return matrix;
    gate_matrix_free(matrix);
    return NULL;
}

// Rows `first` to first + rows - 1 of the products with rows from `first` on, products[r][j] += w_r . w_j over a stretch of
// coordinates, which `turned` holds coordinate by coordinate. Lanes are different j, so that no sum depends on their width.
LANES static void add_products(const double *turned, size_t stretch, size_t n, size_t first, size_t rows,
                               double *products) {
    for (size_t t = 0; t < stretch; t++) {
        const double *restrict column = turned + t * n;
        for (size_t r = first; r < first + rows; r++) {
            const double factor = column[r];
            double *restrict out = products + r * n;
            for (size_t j = first; j < n; j++)
                out[j] += factor * column[j];
        }
    }
}

static void turn(const double *weights, size_t n, size_t d, size_t from, size_t stretch, double *turned) {
    for (size_t i = 0; i < n; i++)
        for (size_t t = 0; t < stretch; t++)
            turned[t * n + i] = weights[i * d + from + t];
}

// All inner products into `products`, N x N zeros.
static int multiply(const double *weights, size_t n, size_t d, double *products) {
    double *turned = calloc(n * STRETCH, sizeof *turned);
    if (turned == NULL)
        return GSL_ENOMEM;
    for (size_t from = 0; from < d; from += STRETCH) {
        const size_t stretch = GSL_MIN(d - from, (size_t)STRETCH);
        turn(weights, n, d, from, stretch, turned);
        for (size_t first = 0; first < n; first += BLOCK)
            add_products(turned, stretch, n, first, GSL_MIN(n - first, (size_t)BLOCK), products);
    }
    free(turned);
    return GSL_SUCCESS;
}

// |a / |a| - b / |b||, the chord between two directions, and |a - b|.
static double chord_of(const double *a, const double *b, size_t d, double length_a, double length_b,
                       double *distance) {
    double chord = 0, square = 0;
    for (size_t t = 0; t < d; t++) {
        const double part = a[t] / length_a - b[t] / length_b;
        chord += part * part;
        square += (a[t] - b[t]) * (a[t] - b[t]);
    }
    *distance = sqrt(square);
    return sqrt(chord);
}

// From inner products, which stand in `angles`, to angles and distances.
static void finish_pair(gate_matrix_t *matrix, const double *weights, size_t i, size_t j) {
    const size_t n = matrix->experts, d = matrix->dimension;
    const double a = matrix->lengths[i], b = matrix->lengths[j], product = matrix->angles[i * n + j];
    const double cosine = a > 0 && b > 0 ? product / a / b : GSL_NAN;
    double distance = sqrt(fmax(a * a + b * b - 2 * product, 0)), angle = acos(fmax(fmin(cosine, 1), -1));
    if (isnan(cosine))
        angle = GSL_NAN;
    else if (cosine > 1 - CANCELLED)
        angle = 2 * asin(chord_of(weights + i * d, weights + j * d, d, a, b, &distance) / 2);
    matrix->angles[i * n + j] = matrix->angles[j * n + i] = angle;
    matrix->distances[i * n + j] = matrix->distances[j * n + i] = distance;
}

// |sum of the rows| / sqrt(N sum of their squares).
static double centre_of(const gate_matrix_t *matrix, const double *weights) {
    const size_t n = matrix->experts, d = matrix->dimension;
    double square = 0, squares = 0;
    for (size_t t = 0; t < d; t++) {
        double sum = 0;
        for (size_t i = 0; i < n; i++)
            sum += weights[i * d + t];
        square += sum * sum;
    }
    for (size_t i = 0; i < n; i++)
        squares += matrix->lengths[i] * matrix->lengths[i];
    return squares > 0 ? sqrt(square / ((double)n * squares)) : 0;
}

int gate_matrix_alloc(const double *weights, size_t experts, size_t dimension, gate_matrix_t **result) {
    if (experts == 0 || dimension == 0)
        return GSL_EDOM;
    gate_matrix_t *matrix = matrix_alloc(experts, dimension);
    if (matrix == NULL)
        return GSL_ENOMEM;
    if (multiply(weights, experts, dimension, matrix->angles) != GSL_SUCCESS) {
        gate_matrix_free(matrix);
        return GSL_ENOMEM;
    }
    for (size_t i = 0; i < experts; i++)
        matrix->lengths[i] = sqrt(matrix->angles[i * experts + i]);
    for (size_t i = 0; i < experts; i++)
        for (size_t j = i + 1; j < experts; j++)
            finish_pair(matrix, weights, i, j);
    for (size_t i = 0; i < experts; i++)
        matrix->angles[i * experts + i] = matrix->lengths[i] > 0 ? 0 : GSL_NAN;
    matrix->centre = centre_of(matrix, weights);
    *result = matrix;
    return GSL_SUCCESS;
}

// ---- Summaries ----

static void offer(gate_matrix_summary_t *summary, gate_matrix_pair_t pair) {
    size_t at = summary->pairs;
    if (at == GATE_MATRIX_CLOSEST && pair.angle >= summary->closest[at - 1].angle)
        return;
    if (at < GATE_MATRIX_CLOSEST)
        summary->pairs++;
    else
        at--;
    for (; at > 0 && summary->closest[at - 1].angle > pair.angle; at--)
        summary->closest[at] = summary->closest[at - 1];
    summary->closest[at] = pair;
}

// Angles of all pairs, and what is said of pairs. Returns how many angles there are.
static size_t look_at_pairs(const gate_matrix_t *matrix, gate_matrix_summary_t *summary, double *angles) {
    const size_t n = matrix->experts;
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++) {
            const double distance = matrix->distances[i * n + j],
                         longer = fmax(matrix->lengths[i], matrix->lengths[j]);
            summary->duplicates += distance == 0;
            summary->near += distance > 0 && distance <= GATE_MATRIX_NEAR * longer;
            if (matrix->lengths[i] == 0 || matrix->lengths[j] == 0)
                continue;
            angles[count] = matrix->angles[i * n + j];
            offer(summary, (gate_matrix_pair_t){i, j, angles[count++]});
        }
    return count;
}

static void look_at_lengths(const gate_matrix_t *matrix, gate_matrix_summary_t *summary, double *room) {
    const size_t n = matrix->experts;
    memcpy(room, matrix->lengths, n * sizeof *room);
    gsl_sort(room, 1, n);
    summary->length_least = room[0];
    summary->length_median = gsl_stats_median_from_sorted_data(room, 1, n);
    summary->length_most = room[n - 1];
    for (size_t i = 0; i < n; i++)
        summary->zeros += room[i] == 0;
}

int gate_matrix_summarise(const gate_matrix_t *matrix, gate_matrix_summary_t *summary) {
    const size_t n = matrix->experts;
    double *room = calloc(n * (n - 1) / 2 + n, sizeof *room);
    if (room == NULL)
        return GSL_ENOMEM;
    *summary =
        (gate_matrix_summary_t){.angle_least = GSL_NAN, .angle_median = GSL_NAN, .angle_most = GSL_NAN};
    look_at_lengths(matrix, summary, room);
    const size_t count = look_at_pairs(matrix, summary, room);
    if (count > 0) {
        gsl_sort(room, 1, count);
        summary->angle_least = room[0];
        summary->angle_median = gsl_stats_median_from_sorted_data(room, 1, count);
        summary->angle_most = room[count - 1];
    }
    free(room);
    return GSL_SUCCESS;
}

// ---- Walls ----

// The distance of the wall between two experts; infinite where the rows agree.
static double wall(const gate_matrix_t *matrix, const double *logits, size_t i, size_t j) {
    const double distance = matrix->distances[i * matrix->experts + j];
    return distance > 0 ? fabs(logits[i] - logits[j]) / distance : INFINITY;
}

// Falling logits, the lower index first among equals.
static int compare_logits(const void *a, const void *b, void *context) {
    const size_t i = *(const size_t *)a, j = *(const size_t *)b;
    const double *logits = context;
    if (logits[i] != logits[j])
        return logits[i] > logits[j] ? -1 : 1;
    return i < j ? -1 : 1;
}

double gate_matrix_margin(const gate_matrix_t *matrix, const double *logits, size_t active, size_t *inside,
                          size_t *outside, size_t *order) {
    const size_t n = matrix->experts;
    double least = INFINITY;
    for (size_t i = 0; i < n; i++)
        order[i] = i;
    qsort_r(order, n, sizeof *order, compare_logits, (void *)logits);
    for (size_t a = 0; a < active; a++)
        for (size_t b = active; b < n; b++) {
            const double distance = wall(matrix, logits, order[a], order[b]);
            if (distance >= least)
                continue;
            least = distance;
            if (inside != NULL)
                *inside = order[a];
            if (outside != NULL)
                *outside = order[b];
        }
    return least;
}

double gate_matrix_nearest(const gate_matrix_t *matrix, const double *logits, size_t *first, size_t *second) {
    double least = INFINITY;
    for (size_t i = 0; i < matrix->experts; i++)
        for (size_t j = i + 1; j < matrix->experts; j++) {
            const double distance = wall(matrix, logits, i, j);
            if (distance >= least)
                continue;
            least = distance;
            *first = i;
            *second = j;
        }
    return least;
}

void gate_matrix_logits(const double *weights, const double *bias, size_t experts, size_t dimension,
                        const double *point, double *logits) {
    for (size_t i = 0; i < experts; i++) {
        double sum = 0;
        for (size_t t = 0; t < dimension; t++)
            sum += weights[i * dimension + t] * point[t];
        logits[i] = sum + (bias != NULL ? bias[i] : 0);
    }
}
