// SPDX-License-Identifier: GPL-3.0-or-later
// Logits and outputs of all experts of a layer for many inputs at once, by BLAS: the last bits depend on its kernel, unlike those
// of routing/topk_layer.h.
#ifndef MOEGEOM_ROUTING_TOPK_BATCH_H
#define MOEGEOM_ROUTING_TOPK_BATCH_H

#include "routing/topk_layer.h"

// Inputs are rows x (d + 1), an input and a one. Layers are those without centre and shared expert.

// Logits of all experts.
//   logits  receives rows x N numbers
void topk_batch_logits(const topk_layer_t *layer, const double *inputs, size_t rows, double *logits);

// Outputs of all experts, whatever the coalitions.
//   hidden   receives rows x N x H numbers
//   outputs  receives rows x N x C numbers
void topk_batch_outputs(const topk_layer_t *layer, const double *inputs, size_t rows, double *hidden,
                        double *outputs);

#endif
