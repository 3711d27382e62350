// SPDX-License-Identifier: GPL-3.0-or-later
// ReLU networks with rational weights as differences of two tropical polynomials, exactly.
//
// Source: L. Zhang, G. Naitzat, L.-H. Lim, Tropical geometry of deep neural networks, ICML 2018, section 5.
// If units are f_j = p_j - q_j, then sum w_j f_j + b = A - B with
//
//     A = b (x) product over w_j > 0 of p_j^(w_j) (x) product over w_j < 0 of q_j^(-w_j),  B the other way round,
//
// and max(0, A - B) = (A (+) B) - B. Inputs are x_j = x_j - 0. So all exponents are rationals >= 0.
#ifndef MOEGEOM_GEOMETRY_TROPICAL_NETWORK_H
#define MOEGEOM_GEOMETRY_TROPICAL_NETWORK_H

#include "geometry/tropical.h"

#include <flint/fmpq_mat.h>

typedef struct tropical_network {
    slong maps;          // affine maps, >= 1; ReLU after each but the last
    slong *widths;       // maps + 1, each >= 1: inputs d, hidden units, outputs
    fmpq_mat_t *weights; // maps: widths[l + 1] x (widths[l] + 1), rows w_1 ... w_n b
} tropical_network_t;

// A network of zeros, to be freed by tropical_network_free; NULL for a shape outside, or when memory is short.
tropical_network_t *tropical_network_alloc(slong maps, const slong *widths);
void tropical_network_free(tropical_network_t *net); // NULL is allowed

// The outputs at a point, layer by layer.
//   x        d rationals
//   outputs  receives widths[maps] rationals
// Returns GSL_SUCCESS or GSL_ENOMEM.
int tropical_network_run(const tropical_network_t *net, const fmpq *x, fmpq *outputs);

// Finds p and q with output = p - q everywhere.
//   output  number of the output
//   reduce  whether to leave out, after each step, terms that matter nowhere; otherwise they are as many as the
//           products have
//   p, q    polynomials in d variables, overwritten
// Returns GSL_SUCCESS; GSL_EBADLEN when p or q has another number of variables, GSL_ENOMEM.
int tropical_network_convert(const tropical_network_t *net, slong output, bool reduce, tropical_t *p,
                             tropical_t *q);

#endif
