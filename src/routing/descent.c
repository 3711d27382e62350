// SPDX-License-Identifier: GPL-3.0-or-later
// Adam; see descent.h.
#include "routing/descent.h"

#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

// The running means.
typedef struct {
    double *mean, *square;         // one for each parameter
    double mean_left, square_left; // beta^t
} adam_t;

static void adam_step(adam_t *adam, double *parameters, const double *gradient, size_t count, double rate) {
    const double beta_mean = 0.9, beta_square = 0.999, least = 1e-8;
    adam->mean_left *= beta_mean;
    adam->square_left *= beta_square;
    const double mean_part = 1 - adam->mean_left, square_part = 1 - adam->square_left;
    double *restrict mean = adam->mean, *restrict square = adam->square;
    for (size_t i = 0; i < count; i++) {
        const double g = gradient[i];
        mean[i] = beta_mean * mean[i] + (1 - beta_mean) * g;
        square[i] = beta_square * square[i] + (1 - beta_square) * g * g;
        parameters[i] -= rate * (mean[i] / mean_part) / (sqrt(square[i] / square_part) + least);
    }
}

// A random order (R. A. Fisher, F. Yates; D. E. Knuth, TAOCP 2, 3.4.2 P). The remainder of a 64-bit word is uniform to
// within n 2^-64.
static void shuffle(size_t *order, size_t n, stream_t *stream) {
    for (size_t i = n; i > 1; i--) {
        uint64_t word;
        stream_bits(stream, &word, 1);
        const size_t other = (size_t)(word % i), kept = order[i - 1];
        order[i - 1] = order[other];
        order[other] = kept;
    }
}

static int run_epochs(const descent_t *descent, double *parameters, size_t count, stream_t *stream,
                      adam_t *adam, size_t *order) {
    const size_t rows = descent->rows, batches = (rows + descent->batch - 1) / descent->batch,
                 steps = descent->epochs * batches;
    int status = GSL_SUCCESS;
    for (size_t row = 0; row < rows; row++)
        order[row] = row;
    for (size_t step = 0; step < steps && status == GSL_SUCCESS; step++) {
        const size_t first = step % batches * descent->batch, left = rows - first;
        if (first == 0)
            shuffle(order, rows, stream);
        status =
            descent->find(descent->context, order + first, left < descent->batch ? left : descent->batch);
        if (status == GSL_SUCCESS)
            adam_step(adam, parameters, descent->gradient, count,
                      descent->rate * (double)(steps - step) / (double)steps);
    }
    return status;
}

int descent_run(const descent_t *descent, double *parameters, size_t count, stream_t *stream) {
    size_t *order = calloc(descent->rows, sizeof *order);
    adam_t adam = {calloc(count, sizeof(double)), calloc(count, sizeof(double)), 1, 1};
    const bool enough = order != NULL && adam.mean != NULL && adam.square != NULL;
    const int status = enough ? run_epochs(descent, parameters, count, stream, &adam, order) : GSL_ENOMEM;
    free(order);
    free(adam.mean);
    free(adam.square);
    return status;
}
