// SPDX-License-Identifier: GPL-3.0-or-later
// A stack of residual layers with top-k routing over ReLU experts, as a classifier that can be trained; the same bits on every
// CPU, with every kernel of the BLAS that multiplies its matrices.
//
// For an input x in R^n, with x' = (x, 1):
//
//     embedding   h_0 = E x', in R^D
//     layer l     logits g = R_l h_l', N of them; coalition I: the k largest, of equal ones those of lower index
//                 gates p = softmax of g over I
//                 experts o_i = V_i (u_i, 1), u_i = max(0, W_i h_l') in R^H
//                 h_{l+1} = h_l + sum over i in I of p_i o_i
//     scores      s = C h_L'; the class is that of the largest score
//
// All products of matrices are those of number/exact_product.h; all else is +, -, *, / and sqrt in a fixed order. So the results
// for one input do not depend on the others that are computed along with it.
#ifndef MOEGEOM_ROUTING_MIXTURE_STACK_H
#define MOEGEOM_ROUTING_MIXTURE_STACK_H

#include "routing/topk_layer.h"
#include "stat/stream.h"

#include <stddef.h>

// Every number is at least 1.
typedef struct mixture_shape {
    size_t inputs;  // n
    size_t width;   // D
    size_t layers;  // L
    size_t experts; // N
    size_t active;  // k <= N
    size_t hidden;  // H
    size_t classes; // C
} mixture_shape_t;

// The weights: one array of numbers, in the order embedding, layers, classifier.
typedef struct mixture_stack {
    mixture_shape_t shape;
    size_t count;       // of all parameters
    double *parameters; // owned
} mixture_stack_t;

// A stack of zeros, to be freed by mixture_stack_free; NULL for a shape out of range (numbers up to 2^16) or when memory is short.
mixture_stack_t *mixture_stack_alloc(const mixture_shape_t *shape);
void mixture_stack_free(mixture_stack_t *stack); // NULL is allowed

// Parts of the parameters.
double *mixture_embedding(const mixture_stack_t *stack);             // D x (n + 1)
double *mixture_router(const mixture_stack_t *stack, size_t layer);  // N x (D + 1): R
double *mixture_experts(const mixture_stack_t *stack, size_t layer); // N H x (D + 1), expert by expert: W
double *mixture_outputs(const mixture_stack_t *stack, size_t layer); // N D x (H + 1), expert by expert: V
double *mixture_classifier(const mixture_stack_t *stack);            // C x (D + 1)

// Draws every parameter uniformly from (-1, 1) / sqrt(m), with m = n, D or H inputs of its row: the customary start.
//   stream  advanced; its kind is uniforms
void mixture_stack_draw(mixture_stack_t *stack, stream_t *stream);

// The first layer as a function of the inputs: router and hidden units composed with the embedding, so that its logits are those
// of layer 0 up to rounding, and its scores are what the layer adds to h_0. To be freed by topk_layer_free; NULL when memory is
// short.
topk_layer_t *mixture_stack_first(const mixture_stack_t *stack);

// What is wanted of many inputs; each pointer may be NULL.
typedef struct mixture_results {
    double *logits; // L x rows x N
    double *states; // L x rows x D: h_l, the input of each layer
    double *scores; // rows x C
} mixture_results_t;

// Computes it.
//   inputs  rows x n numbers
// Returns GSL_SUCCESS; GSL_ENOMEM; GSL_EDOM when a number is not finite or beyond 2^400.
int mixture_stack_run(const mixture_stack_t *stack, const double *inputs, size_t rows,
                      const mixture_results_t *results);

// How many rows the stack classifies correctly; of equal scores the first class counts. Status as above.
int mixture_stack_classify(const mixture_stack_t *stack, const topk_data_t *data, size_t *correct);

// The gradient of the mean over the rows of the cross entropy -log softmax(s)_label, plus balance times the sum over the layers
// of N sum f_i q_i (see topk_layer_gradient).
//   order     `batch` row numbers
//   gradient  a stack of the same shape; overwritten
// Status as above.
int mixture_stack_gradient(const mixture_stack_t *stack, const topk_data_t *data, const size_t *order,
                           size_t batch, double balance, mixture_stack_t *gradient);

// Trains the stack as topk_layer_train does a layer. Status as above, with the stack as far as it came.
int mixture_stack_train(mixture_stack_t *stack, const topk_data_t *data, const topk_training_t *training,
                        stream_t *stream);

#endif
