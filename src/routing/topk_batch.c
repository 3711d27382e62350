// SPDX-License-Identifier: GPL-3.0-or-later
// Many inputs of a layer at once; see topk_batch.h.
#include "routing/topk_batch.h"

#include <gsl/gsl_blas.h>

// result = inputs weights^T, the weights being `units` rows.
static void multiply(const double *inputs, size_t rows, const double *weights, size_t units, size_t columns,
                     double *result) {
    const gsl_matrix_const_view x = gsl_matrix_const_view_array(inputs, rows, columns),
                                w = gsl_matrix_const_view_array(weights, units, columns);
    gsl_matrix_view product = gsl_matrix_view_array(result, rows, units);
    gsl_blas_dgemm(CblasNoTrans, CblasTrans, 1, &x.matrix, &w.matrix, 0, &product.matrix);
}

void topk_batch_logits(const topk_layer_t *layer, const double *inputs, size_t rows, double *logits) {
    multiply(inputs, rows, layer->router, layer->shape.experts, layer->shape.inputs + 1, logits);
}

void topk_batch_outputs(const topk_layer_t *layer, const double *inputs, size_t rows, double *hidden,
                        double *outputs) {
    const topk_shape_t *s = &layer->shape;
    const size_t units = s->experts * s->width;
    multiply(inputs, rows, layer->hidden, units, s->inputs + 1, hidden);
    for (size_t i = 0; i < rows * units; i++)
        hidden[i] = hidden[i] > 0 ? hidden[i] : 0;
    for (size_t i = 0; i < rows * s->experts; i++)
        for (size_t c = 0; c < s->classes; c++)
            outputs[i * s->classes + c] =
                topk_affine(layer->output + (i % s->experts * s->classes + c) * (s->width + 1),
                            hidden + i * s->width, s->width);
}
