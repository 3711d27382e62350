// SPDX-License-Identifier: GPL-3.0-or-later
// A layer with top-k routing over ReLU experts, as a classifier that can be trained; the same bits on every CPU.
//
// For an input x in R^d, with x' = (x, 1):
//
//     logits     g_i = r_i.x', i < N;  coalition I: the k largest, of equal ones those of lower index
//     gates      p = softmax of g over I
//     experts    h_iu = max(0, w_iu.x'), u < H;  o_ic = v_ic.(h_i, 1), c < C
//     scores     s_c = sum over i in I of p_i o_ic;  the class is that of the largest score
//
// Two variants. A layer with an affine shared expert adds a_c.x' to the score s_c, whatever the coalition. A layer with
// a centre m has the logits g_i = r_i.(x - m, 0), a router without biases of its own (m = 0) or with the bias -R m.
//
// Only +, -, *, / and sqrt in a fixed order take part, and no library function, so that trained weights are
// the same wherever the source is compiled with -ffp-contract=off.
#ifndef MOEGEOM_ROUTING_TOPK_LAYER_H
#define MOEGEOM_ROUTING_TOPK_LAYER_H

#include "stat/stream.h"

#include <stddef.h>

// The shape of a layer; every number but the last is at least 1.
typedef struct topk_shape {
    size_t inputs;  // d
    size_t experts; // N
    size_t active;  // k <= N
    size_t width;   // H
    size_t classes; // C
    size_t shared;  // affine shared experts, 0 or 1
} topk_shape_t;

// The weights. The four arrays are parts of `parameters`, in this order.
typedef struct topk_layer {
    topk_shape_t shape;
    size_t count;       // of all parameters
    double *parameters; // owned
    double *router;     // N x (d + 1): r_i
    double *hidden;     // N H x (d + 1), expert by expert: w_iu
    double *output;     // N C x (H + 1), expert by expert: v_ic
    double *shared;     // C x (d + 1): a_c, where there is a shared expert
    // d numbers m, the caller's, or NULL. With a centre, the router's biases take no part and are not trained.
    const double *centre;
} topk_layer_t;

// Labelled inputs; the arrays belong to the caller.
typedef struct topk_data {
    size_t rows;
    const double *inputs; // rows x d
    const size_t *labels; // rows numbers below C
} topk_data_t;

// A layer of zeros without centre, to be freed by topk_layer_free; NULL for a shape out of range or when memory is
// short.
topk_layer_t *topk_layer_alloc(const topk_shape_t *shape);

// NULL is allowed.
void topk_layer_free(topk_layer_t *layer);

// Draws all weights, biases included, uniformly from (-1, 1) / sqrt(d), and those of the output from
// (-1, 1) / sqrt(H): the customary start. With and without a shared expert the others' weights are the same.
//   stream  advanced; its kind is uniforms
void topk_layer_draw(topk_layer_t *layer, stream_t *stream);

// Rounds every parameter to so many significant bits, ties to even: 8 for bfloat16, 24 for float32 (but no
// exponent is out of range here).
//   bits  1 to 53
void topk_layer_round(topk_layer_t *layer, int bits);

// What the layer makes of one input.
typedef struct topk_pass {
    size_t *coalition; // k experts, by descending logit
    double *logits;    // N
    double *gates;     // k, in the order of `coalition`
    double *hidden;    // k x H
    double *outputs;   // k x C
    double *scores;    // C
    size_t class;      // of the largest score, of equal ones the lowest
    double *memory;    // owned: all reals above
} topk_pass_t;

// Room for passes through layers of a shape, to be freed by topk_pass_free; NULL when memory is short.
topk_pass_t *topk_pass_alloc(const topk_shape_t *shape);
void topk_pass_free(topk_pass_t *pass); // NULL is allowed

// Computes everything for one input of d numbers.
void topk_pass_run(topk_pass_t *pass, const topk_layer_t *layer, const double *input);

// One expert's output o_i for an input, whatever the coalition.
//   hidden   receives H numbers, h_i
//   outputs  receives C numbers
void topk_expert(const topk_layer_t *layer, size_t expert, const double *input, double *hidden,
                 double *outputs);

// How many rows the layer classifies correctly, and how often each expert is in a coalition.
//   correct  receives the number of rows
//   loads    receives N numbers, whose sum is k times the number of rows; may be NULL
// Returns GSL_SUCCESS or GSL_ENOMEM.
int topk_layer_classify(const topk_layer_t *layer, const topk_data_t *data, size_t *correct, size_t *loads);

// The gradient of the mean over the rows of the cross entropy -log softmax(s)_label, plus
// balance * N sum f_i q_i, where f_i is expert i's share of all k * rows choices (taken as constant) and q_i its
// mean share in the softmax of all logits (W. Fedus, B. Zoph, N. Shazeer, JMLR 23 (2022) 120, eq. 4, for k = 1).
//   data      the rows
//   order     rows numbers of `inputs` that are the batch
//   gradient  a layer of the same shape; overwritten, and 0 where the layer does not train
// Returns GSL_SUCCESS or GSL_ENOMEM.
int topk_layer_gradient(const topk_layer_t *layer, const topk_data_t *data, const size_t *order, size_t batch,
                        double balance, topk_layer_t *gradient);

// How a layer is trained: Adam (D. P. Kingma, J. Ba, ICLR 2015) with beta = 0.9 and 0.999, on batches of the
// rows in an order drawn anew for each epoch; the last batch of an epoch may be smaller.
typedef struct topk_training {
    size_t epochs;  // passes through the data
    size_t batch;   // rows, >= 1
    double rate;    // at the first step; it falls linearly and would be 0 one step after the last
    double balance; // weight of the balance term, >= 0
} topk_training_t;

// Trains the layer.
//   stream  draws the orders; advanced; its kind is bits
// Returns GSL_SUCCESS, or GSL_ENOMEM with the layer as far as it came.
int topk_layer_train(topk_layer_t *layer, const topk_data_t *data, const topk_training_t *training,
                     stream_t *stream);

// exp(x) for x <= 0 by +, -, * alone; 0 below -708. Relative error below 2^-51.
double topk_exp(double x);

// The coalition: the numbers of the k largest of n finite logits, of equal ones the first, by descending logit, k <= n.
void topk_choose(const double *logits, size_t n, size_t k, size_t *coalition);

// w.(x, 1): n + 1 weights, the last alone, and n numbers.
double topk_affine(const double *w, const double *x, size_t n);

// The softmax of n finite numbers, n >= 1; `result` may be `values`.
void topk_softmax(const double *values, size_t n, double *result);

#endif
