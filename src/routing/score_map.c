// SPDX-License-Identifier: GPL-3.0-or-later
// Affine and quadratic maps of an input; see score_map.h.
#include "routing/score_map.h"

size_t score_map_features(score_map_degree_t degree, size_t dimension) {
    return dimension + 1 + (degree == SCORE_MAP_QUADRATIC ? dimension * (dimension + 1) / 2 : 0);
}

void score_map_evaluate(score_map_degree_t degree, size_t dimension, const double *x, double *features) {
    for (size_t i = 0; i < dimension; i++)
        *features++ = x[i];
    *features++ = 1;
    if (degree == SCORE_MAP_QUADRATIC)
        for (size_t i = 0; i < dimension; i++)
            for (size_t j = i; j < dimension; j++)
                *features++ = x[i] * x[j];
}

double score_map_value(score_map_degree_t degree, size_t dimension, const double *coefficients,
                       const double *x) {
    double features[SCORE_MAP_MAX_FEATURES], value = 0;
    score_map_evaluate(degree, dimension, x, features);
    for (size_t i = 0; i < score_map_features(degree, dimension); i++)
        value += coefficients[i] * features[i];
    return value;
}

void score_map_gradient(score_map_degree_t degree, size_t dimension, const double *coefficients,
                        const double *x, double *gradient) {
    for (size_t i = 0; i < dimension; i++)
        gradient[i] = coefficients[i];
    const double *product = coefficients + dimension + 1;
    if (degree == SCORE_MAP_QUADRATIC)
        for (size_t i = 0; i < dimension; i++)
            for (size_t j = i; j < dimension; j++, product++) {
                gradient[i] += *product * x[j];
                gradient[j] += *product * x[i];
            }
}
