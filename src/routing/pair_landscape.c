// SPDX-License-Identifier: GPL-3.0-or-later
// Two affine experts behind a straight interface; see pair_landscape.h.
#include "routing/pair_landscape.h"

#include "routing/mixture.h"

#include <gsl/gsl_blas.h>
#include <gsl/gsl_eigen.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_integration.h>
#include <gsl/gsl_linalg.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_sort.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    GAUSS = 10,
    ACROSS = 12,
    COLUMNS = 2 * ACROSS,
    NEWTON_STEPS = 60,
    DESCENT_STEPS = 200,
    DOUBLINGS = 10,
    BISECTIONS = 10
};
enum { MAX_CUTS = 96, MAX_MIXTURE = 12 };

// A rule over the square (or the interval), columns over x_1 with panels graded towards the interface.
typedef struct rule {
    mixture_nodes_t nodes;
    double *x, *weight, *target;
    size_t capacity;
} rule_t;

size_t pair_landscape_size(const pair_landscape_t *landscape) {
    return 3 * landscape->dimension + 2;
}

size_t pair_landscape_expert(const pair_landscape_t *landscape) {
    return landscape->dimension;
}

static double affine(const double *coefficients, const double *x, size_t d) {
    double sum = coefficients[d];
    for (size_t i = 0; i < d; i++)
        sum += coefficients[i] * x[i];
    return sum;
}

static const double *teacher_piece(const pair_landscape_t *landscape, const double *x) {
    return x[0] < landscape->cut ? landscape->lower : landscape->upper;
}

double pair_landscape_target(const pair_landscape_t *landscape, const double *x) {
    return affine(teacher_piece(landscape, x), x, landscape->dimension);
}

// The height b + m x_other of the interface over the other coordinate.
static double height(const pair_landscape_t *landscape, const double *z, double other) {
    return landscape->dimension == 1 ? z[0] : z[0] + z[1] * other;
}

static size_t other_axis(const pair_landscape_t *landscape) {
    return landscape->dimension == 1 ? 0 : 1 - landscape->axis;
}

// ---- Nodes ----

static void add_cut(double *cuts, size_t *count, double low, double high, double at) {
    if (at > low && at < high && *count < MAX_CUTS)
        cuts[(*count)++] = at;
}

// The ends of the panels of [-1, 1], graded towards `centre` with the width of the layer: 2 tau near it, doubling away
// from it, so that every panel is far from the poles of the gate at distance pi tau off the real line.
static size_t panel_ends(double centre, double tau, double *cuts) {
    size_t count = 0;
    cuts[count++] = -1;
    cuts[count++] = 1;
    add_cut(cuts, &count, -1, 1, centre);
    for (double step = 2 * tau; tau > 0 && step < 2 + fabs(centre); step += step < 8 * tau ? 2 * tau : step) {
        add_cut(cuts, &count, -1, 1, centre - step);
        add_cut(cuts, &count, -1, 1, centre + step);
    }
    return count;
}

static bool push_node(rule_t *rule, size_t d, const double *x, double weight, double target) {
    if (rule->nodes.count == rule->capacity) {
        const size_t capacity = rule->capacity ? 2 * rule->capacity : 1024;
        double *grown = realloc(rule->x, capacity * (d + 2) * sizeof *grown);
        if (grown == NULL)
            return false;
        // One block: the points, then the weights, then the targets.
        memmove(grown + capacity * (d + 1), grown + rule->capacity * (d + 1), rule->capacity * sizeof *grown);
        memmove(grown + capacity * d, grown + rule->capacity * d, rule->capacity * sizeof *grown);
        rule->x = grown;
        rule->weight = grown + capacity * d;
        rule->target = grown + capacity * (d + 1);
        rule->capacity = capacity;
    }
    const size_t at = rule->nodes.count++;
    memcpy(rule->x + at * d, x, d * sizeof *x);
    rule->weight[at] = weight;
    rule->target[at] = target;
    return true;
}

// Adds the nodes of one column, where the coordinate that is not the axis is `other`.
static bool push_column(const pair_landscape_t *landscape, double other, double weight, double centre,
                        double tau, const gsl_integration_glfixed_table *gauss, rule_t *rule) {
    double cuts[MAX_CUTS];
    size_t count = panel_ends(centre, tau, cuts);
    if (landscape->axis == 0)
        add_cut(cuts, &count, -1, 1, landscape->cut);
    gsl_sort(cuts, 1, count);
    for (size_t panel = 0; panel + 1 < count; panel++)
        for (size_t i = 0; i < GAUSS; i++) {
            double x[2] = {other, other}, share;
            gsl_integration_glfixed_point(cuts[panel], cuts[panel + 1], i, &x[landscape->axis], &share,
                                          gauss);
            if (!push_node(rule, landscape->dimension, x, weight * share / 2,
                           pair_landscape_target(landscape, x)))
                return false;
        }
    return true;
}

static void rule_free(rule_t *rule) {
    free(rule->x);
}

// The columns over the other coordinate, by Gauss on both sides of where the interface or the columns meet the cut:
// their abscissae and weights, which sum to 1. Returns how many, 0 when there is no memory.
static size_t make_columns(const pair_landscape_t *landscape, const double *z, double *abscissae,
                           double *weights) {
    if (landscape->dimension == 1) {
        abscissae[0] = 0;
        weights[0] = 1;
        return 1;
    }
    const double meet = landscape->axis == 1 ? landscape->cut : (landscape->cut - z[0]) / z[1];
    const double ends[3] = {-1, fabs(meet) < 1 ? meet : 0, 1};
    gsl_integration_glfixed_table *table = gsl_integration_glfixed_table_alloc(ACROSS);
    if (table == NULL)
        return 0;
    for (size_t i = 0; i < COLUMNS; i++) {
        const size_t side = i / ACROSS;
        gsl_integration_glfixed_point(ends[side], ends[side + 1], i % ACROSS, &abscissae[i], &weights[i],
                                      table);
        weights[i] /= 2;
    }
    gsl_integration_glfixed_table_free(table);
    return COLUMNS;
}

static int rule_make(const pair_landscape_t *landscape, const double *z, double tau, rule_t *rule) {
    double other[COLUMNS], weight[COLUMNS];
    const size_t count = make_columns(landscape, z, other, weight);
    gsl_integration_glfixed_table *gauss = gsl_integration_glfixed_table_alloc(GAUSS);
    bool good = gauss != NULL && count > 0;
    *rule = (rule_t){0};
    for (size_t i = 0; good && i < count; i++)
        good = push_column(landscape, other[i], weight[i], height(landscape, z, other[i]), tau, gauss, rule);
    if (gauss != NULL)
        gsl_integration_glfixed_table_free(gauss);
    if (!good) {
        rule_free(rule);
        return GSL_ENOMEM;
    }
    rule->nodes.x = rule->x;
    rule->nodes.weight = rule->weight;
    rule->nodes.target = rule->target;
    return GSL_SUCCESS;
}

// ---- The chart ----

static mixture_t mixture_of(const pair_landscape_t *landscape) {
    return (mixture_t){2, landscape->dimension, SCORE_MAP_AFFINE, SCORE_MAP_AFFINE};
}

// The rows of the mixture are affine in z: rows = base + jacobian z, with a_1 = -a_2 = S / 2.
static void rows_of(const pair_landscape_t *landscape, const double *z, double *rows, gsl_matrix *jacobian) {
    const size_t d = landscape->dimension, features = d + 1, size = pair_landscape_size(landscape);
    memset(rows, 0, MAX_MIXTURE * sizeof *rows);
    gsl_matrix_set_zero(jacobian);
    for (size_t k = 0; k < 2; k++) {
        const double half = k == 0 ? 0.5 : -0.5;
        rows[k * features + landscape->axis] = half;
        gsl_matrix_set(jacobian, k * features + d, 0, -half);
        if (d == 2)
            gsl_matrix_set(jacobian, k * features + other_axis(landscape), 1, -half);
    }
    for (size_t i = d; i < size; i++)
        gsl_matrix_set(jacobian, 2 * features + i - d, i, 1);
    for (size_t row = 0; row < 4 * features; row++)
        for (size_t i = 0; i < size; i++)
            rows[row] += gsl_matrix_get(jacobian, row, i) * z[i];
}

// gradient = J' g and hessian = J' H J.
static void pull_back(const gsl_matrix *jacobian, const gsl_vector *g, const gsl_matrix *h,
                      gsl_vector *gradient, gsl_matrix *hessian) {
    if (gradient != NULL)
        gsl_blas_dgemv(CblasTrans, 1, jacobian, g, 0, gradient);
    if (hessian == NULL)
        return;
    double work[MAX_MIXTURE * PAIR_LANDSCAPE_MAX];
    gsl_matrix_view product = gsl_matrix_view_array(work, jacobian->size1, jacobian->size2);
    gsl_blas_dgemm(CblasNoTrans, CblasNoTrans, 1, h, jacobian, 0, &product.matrix);
    gsl_blas_dgemm(CblasTrans, CblasNoTrans, 1, jacobian, &product.matrix, 0, hessian);
}

// ---- The interface of the hard risk ----

// What one point x of the interface contributes to the derivatives of the hard risk, with weight p dx_other.
static void add_interface_point(const pair_landscape_t *landscape, const double *z, const double *x,
                                double weight, gsl_vector *gradient, gsl_matrix *hessian) {
    const size_t d = landscape->dimension, axis = landscape->axis;
    const double *theta[2] = {z + d, z + 2 * d + 1}, v[2] = {1, x[other_axis(landscape)]};
    const double feature[3] = {x[0], d == 1 ? 1 : x[1], 1};
    const double *piece = teacher_piece(landscape, x);
    double contrast = 0, slope = 0; // D and its derivative along the axis
    for (size_t k = 0; k < 2; k++) {
        const double sign = k == 0 ? 1 : -1, residual = affine(piece, x, d) - affine(theta[k], x, d);
        contrast += sign * gsl_pow_2(residual);
        slope += sign * 2 * residual * (piece[axis] - theta[k][axis]);
        for (size_t i = 0; hessian != NULL && i < d; i++)
            for (size_t j = 0; j <= d; j++) {
                const size_t column = d + k * (d + 1) + j;
                const double mixed = weight * v[i] * sign * 2 * residual * feature[j];
                *gsl_matrix_ptr(hessian, i, column) += mixed;
                *gsl_matrix_ptr(hessian, column, i) += mixed;
            }
    }
    for (size_t i = 0; i < d; i++) {
        if (gradient != NULL)
            *gsl_vector_ptr(gradient, i) -= weight * v[i] * contrast;
        for (size_t j = 0; hessian != NULL && j < d; j++)
            *gsl_matrix_ptr(hessian, i, j) -= weight * v[i] * v[j] * slope;
    }
}

static bool interface_is_inside(const pair_landscape_t *landscape, const double *z) {
    if (landscape->dimension == 1)
        return fabs(z[0]) < 1 && z[0] != landscape->cut;
    return fabs(z[0]) + fabs(z[1]) < 1;
}

static int add_interface(const pair_landscape_t *landscape, const double *z, gsl_vector *gradient,
                         gsl_matrix *hessian) {
    double other[COLUMNS], weight[COLUMNS];
    const size_t count = make_columns(landscape, z, other, weight);
    for (size_t i = 0; i < count; i++) {
        double x[2] = {other[i], other[i]};
        x[landscape->axis] = height(landscape, z, other[i]);
        add_interface_point(landscape, z, x, weight[i] / 2, gradient, hessian);
    }
    return count > 0 ? GSL_SUCCESS : GSL_ENOMEM;
}

// ---- Risks ----

int pair_landscape_risk(const pair_landscape_t *landscape, const double *z, double tau, double *risk,
                        gsl_vector *gradient, gsl_matrix *hessian) {
    const mixture_t mixture = mixture_of(landscape);
    const size_t size = pair_landscape_size(landscape), rows = mixture_parameters(&mixture);
    const bool derivatives = gradient != NULL || hessian != NULL;
    if (!(tau > 0) && derivatives && !interface_is_inside(landscape, z))
        return GSL_EDOM;
    rule_t rule;
    const int status = rule_make(landscape, z, tau, &rule);
    if (status != GSL_SUCCESS)
        return status;
    double parameters[MAX_MIXTURE], g[MAX_MIXTURE], h[MAX_MIXTURE * MAX_MIXTURE],
        j[MAX_MIXTURE * PAIR_LANDSCAPE_MAX];
    gsl_matrix_view jacobian = gsl_matrix_view_array(j, rows, size),
                    full = gsl_matrix_view_array(h, rows, rows);
    gsl_vector_view slope = gsl_vector_view_array(g, rows);
    rows_of(landscape, z, parameters, &jacobian.matrix);
    *risk = mixture_risk(&mixture, parameters, tau, &rule.nodes, gradient ? &slope.vector : NULL,
                         hessian ? &full.matrix : NULL);
    rule_free(&rule);
    pull_back(&jacobian.matrix, &slope.vector, &full.matrix, gradient, hessian);
    return !(tau > 0) && derivatives ? add_interface(landscape, z, gradient, hessian) : GSL_SUCCESS;
}

// Adds the node to the normal equations of the columns p (x, 1), (1 - p) (x, 1).
static void add_normal(const pair_landscape_t *landscape, const double *x, double gate, double weight,
                       double target, gsl_matrix *gram, gsl_vector *right) {
    const size_t features = landscape->dimension + 1;
    double column[6];
    for (size_t i = 0; i < features; i++) {
        const double feature = i < landscape->dimension ? x[i] : 1;
        column[i] = gate * feature;
        column[features + i] = (1 - gate) * feature;
    }
    for (size_t i = 0; i < 2 * features; i++) {
        *gsl_vector_ptr(right, i) += weight * column[i] * target;
        for (size_t j = 0; j <= i; j++)
            *gsl_matrix_ptr(gram, i, j) += weight * column[i] * column[j];
    }
}

int pair_landscape_fit(const pair_landscape_t *landscape, double tau, double *z, double *profile) {
    const size_t d = landscape->dimension, unknowns = 2 * (d + 1);
    rule_t rule;
    int status = rule_make(landscape, z, tau, &rule);
    if (status != GSL_SUCCESS)
        return status;
    double g[36] = {0}, r[6] = {0}, solution[6], squares = 0;
    gsl_matrix_view gram = gsl_matrix_view_array(g, unknowns, unknowns);
    gsl_vector_view right = gsl_vector_view_array(r, unknowns),
                    best = gsl_vector_view_array(solution, unknowns);
    for (size_t i = 0; i < rule.nodes.count; i++) {
        const double *x = rule.x + i * d;
        const double s = x[landscape->axis] - height(landscape, z, x[other_axis(landscape)]);
        const double gate = tau > 0 ? 1 / (1 + exp(-s / tau)) : s >= 0;
        add_normal(landscape, x, gate, rule.weight[i], rule.target[i], &gram.matrix, &right.vector);
        squares += rule.weight[i] * gsl_pow_2(rule.target[i]);
    }
    rule_free(&rule);
    status = gsl_linalg_cholesky_decomp1(&gram.matrix);
    if (status == GSL_SUCCESS)
        status = gsl_linalg_cholesky_solve(&gram.matrix, &right.vector, &best.vector);
    if (status != GSL_SUCCESS)
        return status;
    double explained;
    gsl_blas_ddot(&right.vector, &best.vector, &explained);
    memcpy(z + d, solution, unknowns * sizeof *solution);
    *profile = squares - explained;
    return GSL_SUCCESS;
}

// ---- Curvature, and the layer ----

int pair_landscape_spectrum(const pair_landscape_t *landscape, const double *z, double tau,
                            double *eigenvalues) {
    const size_t size = pair_landscape_size(landscape);
    double h[PAIR_LANDSCAPE_MAX * PAIR_LANDSCAPE_MAX], risk;
    gsl_matrix_view hessian = gsl_matrix_view_array(h, size, size);
    gsl_vector_view values = gsl_vector_view_array(eigenvalues, size);
    int status = pair_landscape_risk(landscape, z, tau, &risk, NULL, &hessian.matrix);
    if (status != GSL_SUCCESS)
        return status;
    gsl_eigen_symm_workspace *workspace = gsl_eigen_symm_alloc(size);
    if (workspace == NULL)
        return GSL_ENOMEM;
    status = gsl_eigen_symm(&hessian.matrix, &values.vector, workspace);
    gsl_eigen_symm_free(workspace);
    gsl_sort(eigenvalues, 1, size);
    return status;
}

int pair_landscape_curvature(const pair_landscape_t *landscape, const double *z, double tau,
                             double *curvature) {
    const size_t size = pair_landscape_size(landscape), d = landscape->dimension;
    double h[PAIR_LANDSCAPE_MAX * PAIR_LANDSCAPE_MAX], response[PAIR_LANDSCAPE_MAX], risk;
    gsl_matrix_view hessian = gsl_matrix_view_array(h, size, size);
    int status = pair_landscape_risk(landscape, z, tau, &risk, NULL, &hessian.matrix);
    if (status != GSL_SUCCESS)
        return status;
    gsl_matrix_view experts = gsl_matrix_submatrix(&hessian.matrix, d, d, size - d, size - d);
    gsl_vector_view move = gsl_vector_view_array(response, size - d);
    status = gsl_linalg_cholesky_decomp1(&experts.matrix);
    for (size_t j = 0; status == GSL_SUCCESS && j < d; j++) {
        gsl_vector_view mixed = gsl_matrix_subrow(&hessian.matrix, j, d, size - d);
        status = gsl_linalg_cholesky_solve(&experts.matrix, &mixed.vector, &move.vector);
        for (size_t i = 0; i < d; i++) {
            gsl_vector_view other = gsl_matrix_subrow(&hessian.matrix, i, d, size - d);
            double along;
            gsl_blas_ddot(&other.vector, &move.vector, &along);
            curvature[i * d + j] = h[i * size + j] - along;
        }
    }
    return status;
}

double pair_landscape_layer(const pair_landscape_t *landscape, const double *z, gsl_vector *gradient) {
    const size_t d = landscape->dimension, axis = landscape->axis;
    const double *theta[2] = {z + d, z + 2 * d + 1};
    double other[COLUMNS], weight[COLUMNS], sum = 0;
    const size_t count = make_columns(landscape, z, other, weight);
    if (gradient != NULL)
        gsl_vector_set_zero(gradient);
    for (size_t i = 0; i < count; i++) {
        double x[2] = {other[i], other[i]};
        x[axis] = height(landscape, z, other[i]);
        const double v[2] = {1, other[i]};
        const double gap = affine(theta[0], x, d) - affine(theta[1], x, d);
        sum += weight[i] / 2 * gap * gap;
        for (size_t j = 0; gradient != NULL && j < d; j++)
            *gsl_vector_ptr(gradient, j) += weight[i] * gap * v[j] * (theta[0][axis] - theta[1][axis]);
        for (size_t j = 0; gradient != NULL && j <= d; j++) {
            const double slope = weight[i] * gap * (j < d ? x[j] : 1);
            *gsl_vector_ptr(gradient, d + j) += slope;
            *gsl_vector_ptr(gradient, 2 * d + 1 + j) -= slope;
        }
    }
    return sum;
}
