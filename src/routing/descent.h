// SPDX-License-Identifier: GPL-3.0-or-later
// Stochastic gradient descent by Adam (D. P. Kingma, J. Ba, ICLR 2015), beta = 0.9 and 0.999; the same bits on every CPU.
#ifndef MOEGEOM_ROUTING_DESCENT_H
#define MOEGEOM_ROUTING_DESCENT_H

#include "stat/stream.h"

#include <stddef.h>

typedef struct descent {
    size_t rows;   // of the data
    size_t epochs; // passes through the data, in an order drawn anew for each
    size_t batch;  // rows, >= 1; the last batch of an epoch may be smaller
    double rate;   // at the first step; it falls linearly and would be 0 one step after the last
    // Writes the gradient of a batch, of the rows with the numbers `order`. Returns GSL_SUCCESS or an error.
    int (*find)(void *context, const size_t *order, size_t rows);
    void *context;
    const double *gradient; // where it writes it: one number for each parameter
} descent_t;

// Runs all steps.
//   parameters  `count` numbers, changed
//   stream      draws the orders; advanced; its kind is bits
// Returns GSL_SUCCESS, or GSL_ENOMEM or an error of the gradient, with the parameters as far as they came.
int descent_run(const descent_t *descent, double *parameters, size_t count, stream_t *stream);

#endif
