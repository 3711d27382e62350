// SPDX-License-Identifier: GPL-3.0-or-later
// How the checkpoints of published models are laid out: names and shapes of their tensors, and config.json.
//
// For synthetic checkpoints (io/synthetic_checkpoint.h) of every model of data/architectures.csv. Experts of one layer that a model
// stores as one tensor stand there as so many times the rows; attention, embeddings and norms are left out.
#ifndef MOEGEOM_IO_MODEL_LAYOUT_H
#define MOEGEOM_IO_MODEL_LAYOUT_H

#include "io/models.h"
#include "io/synthetic_checkpoint.h"

enum { MODEL_LAYOUT_TENSORS = 10, MODEL_LAYOUT_CONFIG = 512 };

// Names of tensors; * stands for the layer, a second * for the expert. Endings in a list that this project was given, or that
// data/architectures.csv names are `confirmed`; all else in a name, and which model uses which, is ours to the best of our knowledge.
typedef struct model_layout_family {
    const char *gate, *decoder; // `decoder` has the gates of a second stack of layers
    bool transposed;            // [d, N]
    const char *bias, *selection_bias, *scale;
    const char *expert[3];    // matrices of one expert, or of all of them, [H, d], [H, d], [d, H]
    const char *lookalike[2]; // other tensors with a suggestive name, [H, d] and [1, d]
    bool confirmed;
} model_layout_family_t;

// How a model's files are laid out. `keys` has the keys of config.json for N, k (NULL: it does not say), and d; NULL: no config.json.
typedef struct model_layout {
    const char *model; // as in the table
    const model_layout_family_t *family;
    size_t first, step;
    const char *const *keys;
    const char *more; // other entries of config.json
} model_layout_t;

// The layout of a model of the table; NULL for an unknown name.
const model_layout_t *model_layout_of(const char *model);

// The tensors of every layer, the gate first, and config.json. What is not of the layout (`drawn`, `shards`, `seed`) is left 0.
//   layers   with a mixture, those of both stacks where there are two
//   tensors  receives the tensors, of which the plan says how many
//   config   receives the text, where the model has one
// The plan points to both.
synthetic_checkpoint_t model_layout_plan(const model_layout_t *layout, const model_t *model, size_t layers,
                                         synthetic_tensor_t tensors[MODEL_LAYOUT_TENSORS],
                                         char config[MODEL_LAYOUT_CONFIG]);

#endif
