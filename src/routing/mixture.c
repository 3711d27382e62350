// SPDX-License-Identifier: GPL-3.0-or-later
// A mixture of experts with its risks and their derivatives; see mixture.h.
#include "routing/mixture.h"

#include "routing/margin.h"
#include "routing/softmax.h"

#include <gsl/gsl_math.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { MAX_BLOCKS = 2 * MIXTURE_MAX_EXPERTS };

// One point seen by the mixture. The "blocks" are the n logits, then the n expert values: every parameter acts through
// one of them, and its derivative there is a feature of x.
typedef struct view {
    size_t n, features[2];                     // of a router row and of an expert row
    double feature[2][SCORE_MAP_MAX_FEATURES]; // F(x), G(x)
    double logits[MIXTURE_MAX_EXPERTS], values[MIXTURE_MAX_EXPERTS];
    double gates[MIXTURE_MAX_EXPERTS], prediction; // hard at tau = 0
    double first[MAX_BLOCKS];                      // dh in the blocks
    double second[MAX_BLOCKS][MAX_BLOCKS];         // d2h in the blocks
} view_t;

size_t mixture_expert_offset(const mixture_t *mixture) {
    return mixture->experts * score_map_features(mixture->router, mixture->dimension);
}

size_t mixture_parameters(const mixture_t *mixture) {
    return mixture_expert_offset(mixture) +
           mixture->experts * score_map_features(mixture->expert, mixture->dimension);
}

static double product(const double *a, const double *b, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

static void look(const mixture_t *mixture, const double *parameters, double tau, const double *x,
                 view_t *view) {
    view->n = mixture->experts;
    view->features[0] = score_map_features(mixture->router, mixture->dimension);
    view->features[1] = score_map_features(mixture->expert, mixture->dimension);
    score_map_evaluate(mixture->router, mixture->dimension, x, view->feature[0]);
    score_map_evaluate(mixture->expert, mixture->dimension, x, view->feature[1]);
    const double *rows = parameters + mixture_expert_offset(mixture);
    for (size_t k = 0; k < view->n; k++) {
        view->logits[k] = product(parameters + k * view->features[0], view->feature[0], view->features[0]);
        view->values[k] = product(rows + k * view->features[1], view->feature[1], view->features[1]);
    }
    if (tau > 0) {
        softmax_gates(view->logits, view->n, tau, view->gates);
    } else {
        memset(view->gates, 0, sizeof view->gates);
        view->gates[margin_winner(view->logits, view->n)] = 1;
    }
    view->prediction = product(view->gates, view->values, view->n);
}

void mixture_evaluate(const mixture_t *mixture, const double *parameters, const double *x, double *logits,
                      double *values) {
    view_t view;
    look(mixture, parameters, 0, x, &view);
    if (logits != NULL)
        memcpy(logits, view.logits, view.n * sizeof *logits);
    if (values != NULL)
        memcpy(values, view.values, view.n * sizeof *values);
}

double mixture_predict(const mixture_t *mixture, const double *parameters, double tau, const double *x) {
    view_t view;
    look(mixture, parameters, tau, x, &view);
    return view.prediction;
}

// Derivatives of the prediction in the logits and the expert values; those in the logits are 0 for the hard router.
static void differentiate(view_t *view, double tau, bool twice) {
    const size_t n = view->n;
    // Divided twice by tau: 1 / tau^2 overflows long before these quotients do. The gates of a hard router do not move.
    const double width = tau > 0 ? tau : INFINITY, *p = view->gates;
    double shortfall[MIXTURE_MAX_EXPERTS]; // D_k = f_k - h
    for (size_t k = 0; k < n; k++) {
        shortfall[k] = view->values[k] - view->prediction;
        view->first[k] = p[k] * shortfall[k] / width;
        view->first[n + k] = p[k];
    }
    for (size_t l = 0; twice && l < n; l++)
        for (size_t m = 0; m < n; m++) {
            const double same = l == m;
            view->second[l][m] =
                (same * p[l] * shortfall[l] - p[l] * p[m] * (shortfall[l] + shortfall[m])) / width / width;
            view->second[l][n + m] = view->second[n + m][l] = p[m] * (same - p[l]) / width;
            view->second[n + l][n + m] = 0;
        }
}

static void add_gradient(const view_t *view, double factor, gsl_vector *gradient) {
    size_t place = 0;
    for (size_t block = 0; block < 2 * view->n; block++) {
        const size_t kind = block >= view->n;
        for (size_t i = 0; i < view->features[kind]; i++)
            *gsl_vector_ptr(gradient, place++) += factor * view->first[block] * view->feature[kind][i];
    }
}

// Adds `factor` times features outer features to one block of the Hessian, at (row, column).
static void add_block(const view_t *view, const size_t kinds[2], double factor, const size_t at[2],
                      gsl_matrix *hessian) {
    for (size_t i = 0; i < view->features[kinds[0]]; i++)
        for (size_t j = 0; j < view->features[kinds[1]]; j++)
            *gsl_matrix_ptr(hessian, at[0] + i, at[1] + j) +=
                factor * view->feature[kinds[0]][i] * view->feature[kinds[1]][j];
}

static void add_hessian(const view_t *view, double weight, double residual, gsl_matrix *hessian) {
    size_t at[2] = {0, 0};
    for (size_t a = 0; a < 2 * view->n; a++) {
        at[1] = 0;
        for (size_t b = 0; b < 2 * view->n; b++) {
            const size_t kinds[2] = {a >= view->n, b >= view->n};
            const double factor =
                2 * weight * (view->first[a] * view->first[b] - residual * view->second[a][b]);
            add_block(view, kinds, factor, at, hessian);
            at[1] += view->features[kinds[1]];
        }
        at[0] += view->features[a >= view->n];
    }
}

double mixture_risk(const mixture_t *mixture, const double *parameters, double tau,
                    const mixture_nodes_t *nodes, gsl_vector *gradient, gsl_matrix *hessian) {
    double risk = nodes->noise;
    if (gradient != NULL)
        gsl_vector_set_zero(gradient);
    if (hessian != NULL)
        gsl_matrix_set_zero(hessian);
    for (size_t i = 0; i < nodes->count; i++) {
        view_t view;
        look(mixture, parameters, tau, nodes->x + i * mixture->dimension, &view);
        const double residual = nodes->target[i] - view.prediction, weight = nodes->weight[i];
        risk += weight * gsl_pow_2(residual);
        if (gradient == NULL && hessian == NULL)
            continue;
        differentiate(&view, tau, hessian != NULL);
        if (gradient != NULL)
            add_gradient(&view, -2 * weight * residual, gradient);
        if (hessian != NULL)
            add_hessian(&view, weight, residual, hessian);
    }
    return risk;
}
