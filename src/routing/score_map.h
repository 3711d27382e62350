// SPDX-License-Identifier: GPL-3.0-or-later
// Affine and quadratic maps of an input, linear in their parameters: a(x) = c . F(x).
//
// F(x) = (x_1, ..., x_d, 1) for an affine map and (x_1, ..., x_d, 1, x_1 x_1, x_1 x_2, ..., x_1 x_d, x_2 x_2, ...,
// x_d x_d) for a quadratic one (products i <= j in this order). Routers and experts of mixture.h are such maps.
#ifndef MOEGEOM_ROUTING_SCORE_MAP_H
#define MOEGEOM_ROUTING_SCORE_MAP_H

#include <stddef.h>

enum { SCORE_MAP_MAX_DIMENSION = 8, SCORE_MAP_MAX_FEATURES = 45 };

typedef enum score_map_degree { SCORE_MAP_AFFINE = 1, SCORE_MAP_QUADRATIC = 2 } score_map_degree_t;

// The number of features: d + 1, or d + 1 + d (d + 1) / 2. d is 1 to SCORE_MAP_MAX_DIMENSION.
size_t score_map_features(score_map_degree_t degree, size_t dimension);

// Writes F(x), score_map_features numbers.
void score_map_evaluate(score_map_degree_t degree, size_t dimension, const double *x, double *features);

// The value c . F(x) of the map with coefficients c.
double score_map_value(score_map_degree_t degree, size_t dimension, const double *coefficients,
                       const double *x);

// The gradient in x of that value, d numbers.
void score_map_gradient(score_map_degree_t degree, size_t dimension, const double *coefficients,
                        const double *x, double *gradient);

#endif
