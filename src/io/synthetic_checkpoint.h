// SPDX-License-Identifier: GPL-3.0-or-later
// Checkpoints of given names and sizes, without a model: gate matrices of random numbers in some layers, holes everywhere else.
//
// For tests and experiments. A plan lists the tensors of a layer; files are shards of consecutive layers with an index, or one
// model.safetensors, and config.json.
#ifndef MOEGEOM_IO_SYNTHETIC_CHECKPOINT_H
#define MOEGEOM_IO_SYNTHETIC_CHECKPOINT_H

#include "io/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SYNTHETIC_NAME = 256, SYNTHETIC_RANK = 3 };

// A tensor of every layer. The first * of its name stands for the number of the layer, and the second, where there is one, for each
// of the experts in turn.
typedef struct synthetic_tensor {
    const char *pattern;
    const char *dtype;
    bool drawn; // random numbers in the layers that have them; BF16 or F32 then
    size_t rank;
    uint64_t shape[SYNTHETIC_RANK];
} synthetic_tensor_t;

typedef struct synthetic_checkpoint {
    const synthetic_tensor_t *tensors;
    size_t count;
    size_t experts;
    size_t layers, first, step; // layers first, first + step, ...
    size_t drawn;               // in so many layers, the first ones, tensors are drawn
    size_t shards;              // 0: one file without an index
    const char *config;         // text of config.json; NULL: none
    uint64_t seed;
} synthetic_checkpoint_t;

typedef struct synthetic_size {
    uint64_t tensors, bytes; // of all tensor files
    uint64_t headers;        // bytes of their headers
} synthetic_size_t;

// Writes the files into an empty folder.
//   size  receives what was written; may be NULL
//   fault FAULT_SYSTEM
fault_status_t synthetic_checkpoint_write(const synthetic_checkpoint_t *plan, const char *folder,
                                          synthetic_size_t *size, fault_t *fault);

// Removes these files, and the folder when it is empty then.
void synthetic_checkpoint_remove(const synthetic_checkpoint_t *plan, const char *folder);

// The numbers of tensor `tensor` in layer `layer` (0 to layers - 1), `count` from the first one on: normal ones over 64, cut to the
// digits of the dtype, or zeros.
void synthetic_checkpoint_values(const synthetic_checkpoint_t *plan, size_t layer, size_t tensor,
                                 double *values, size_t count);

#endif
