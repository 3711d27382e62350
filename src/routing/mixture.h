// SPDX-License-Identifier: GPL-3.0-or-later
// A mixture of experts with its soft and hard risks, their gradients and Hessians.
//
// n experts f_k(x) = theta_k . G(x) behind the router a_k(x) = phi_k . F(x), both affine or quadratic (score_map.h).
// At temperature tau > 0 the prediction is h = sum p_k f_k with the softmax gates of (1.1), at tau = 0 it is f of the
// hard winner (2.10). The risk is the mean of (Y - h)^2 over an input law given by weighted nodes: a quadrature rule
// for a population, or a sample with equal weights.
//
// Derivatives, with D_k = f_k - h and r = y - h, in the logits a and the expert values f:
//
//     dh/da_l = p_l D_l / tau,   dh/df_k = p_k,   d2h/df_k da_l = p_k (delta_kl - p_l) / tau,
//     d2h/da_l da_m = (delta_lm p_l D_l - p_l p_m (D_l + D_m)) / tau^2,
//     d(r^2) = -2 r dh,   d2(r^2) = 2 dh dh' - 2 r d2h;
//
// for n = 2 and a = (u'x, -u'x) this is (6.1) and (6.2) of Soft-to-Hard Routing. The parameters are one vector: the
// router rows phi_1 .. phi_n, then the expert rows theta_1 .. theta_n.
#ifndef MOEGEOM_ROUTING_MIXTURE_H
#define MOEGEOM_ROUTING_MIXTURE_H

#include "routing/score_map.h"

#include <gsl/gsl_matrix.h>
#include <gsl/gsl_vector.h>
#include <stddef.h>

enum { MIXTURE_MAX_EXPERTS = 16 };

typedef struct mixture {
    size_t experts;            // n, 1 to MIXTURE_MAX_EXPERTS
    size_t dimension;          // d of the input, 1 to SCORE_MAP_MAX_DIMENSION
    score_map_degree_t router; // of the logits
    score_map_degree_t expert; // of the experts
} mixture_t;

// An input law and its targets; the arrays belong to the caller.
typedef struct mixture_nodes {
    size_t count;
    const double *x;      // count rows of d numbers
    const double *weight; // count numbers that sum to 1 for a probability law
    const double *target; // mu(x) = E[Y | x]
    double noise;         // E[(Y - mu(X))^2], added to every risk
} mixture_nodes_t;

// The number of parameters, n (features of the router + features of an expert), and the place of the first expert row.
size_t mixture_parameters(const mixture_t *mixture);
size_t mixture_expert_offset(const mixture_t *mixture);

// The n logits and the n expert values at x; either may be NULL.
void mixture_evaluate(const mixture_t *mixture, const double *parameters, const double *x, double *logits,
                      double *values);

// The prediction at x: soft for tau > 0, hard for tau = 0.
double mixture_predict(const mixture_t *mixture, const double *parameters, double tau, const double *x);

// The risk over the nodes, with its gradient and Hessian in all parameters.
//   parameters  mixture_parameters numbers
//   tau         > 0, or 0 for the hard risk. Of the hard risk the blocks of the experts are filled and those with a
//               router row are 0: its derivative in the router lives on the interface (Prop. 5.10) and no node sees it
//   gradient    receives the gradient; may be NULL
//   hessian     receives the Hessian; may be NULL
double mixture_risk(const mixture_t *mixture, const double *parameters, double tau,
                    const mixture_nodes_t *nodes, gsl_vector *gradient, gsl_matrix *hessian);

#endif
