// SPDX-License-Identifier: GPL-3.0-or-later
// A batch of inputs through a stack of top-k mixtures, forward and back; the parts of routing/mixture_stack.h.
//
// The rows of a batch that select an expert are gathered, so that an expert is two products of matrices; slot is the place of
// such a row: slots of expert i are numbers starts[i] to starts[i + 1] - 1, in the order of the rows.
#ifndef MOEGEOM_ROUTING_MIXTURE_PASS_H
#define MOEGEOM_ROUTING_MIXTURE_PASS_H

#include "routing/mixture_stack.h"

// What a layer makes of a batch. A column of ones ends the rows of what goes into an affine map.
typedef struct mixture_tape {
    double *state;   // rows x (D + 1): h'
    double *logits;  // rows x N
    size_t *members; // rows x k: the coalitions
    double *gates;   // rows x k
    size_t *starts;  // N + 1
    size_t *slots;   // rows k: row k + place in the coalition
    double *units;   // rows k x (H + 1): (u, 1) of each slot
    double *outputs; // rows k x D: o of each slot
} mixture_tape_t;

typedef struct mixture_pass {
    mixture_shape_t shape;
    size_t most, rows;    // rows there is room for, and of the batch
    double *inputs;       // rows x (n + 1): x'
    mixture_tape_t *tape; // L
    double *final;        // rows x (D + 1): h_L'
    double *scores;       // rows x C
    double *gathered, *product, *slopes, *above, *below, *of_gates, *of_logits, *shares,
        *work;     // for one step
    double *reals; // owned: all reals above
    size_t *sizes; // owned: all numbers of the tape
} mixture_pass_t;

// Room for batches of up to so many rows; NULL when memory is short.
mixture_pass_t *mixture_pass_alloc(const mixture_shape_t *shape, size_t most);
void mixture_pass_free(mixture_pass_t *pass); // NULL is allowed

// Computes everything for the rows number order[0..rows-1] of the inputs; order NULL: for the first ones.
// Returns GSL_SUCCESS or GSL_EDOM.
int mixture_pass_forward(mixture_pass_t *pass, const mixture_stack_t *stack, const double *inputs,
                         const size_t *order, size_t rows);

// The gradient of mixture_stack_gradient, of the batch of the last forward pass.
//   labels    of all rows of the data, `order` as in the forward pass and not NULL
//   gradient  a stack of the same shape, overwritten
// Returns GSL_SUCCESS or GSL_EDOM.
int mixture_pass_back(mixture_pass_t *pass, const mixture_stack_t *stack, const size_t *labels,
                      const size_t *order, double balance, mixture_stack_t *gradient);

#endif
