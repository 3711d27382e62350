// SPDX-License-Identifier: GPL-3.0-or-later
// The gate matrices of a checkpoint.
//
// A checkpoint is a .safetensors file, an index (NAME.index.json, with its shards beside it), or a folder with either: an index
// called model.safetensors.index.json or the only *.safetensors.index.json, else model.safetensors or the only *.safetensors.
// config.json is looked for in the same folder (io/gate_config.h). Routers are found by their names (io/gate_names.h).
//
// A matrix is stored as [N, d], or as [d, N] where config.json says so by d or N, or without it when its name ends in w (Haiku).
//
// Only headers and gate matrices are read, whatever else is in the shards; shards without gates need not be there.
//
// Refused, with a FAULT_INPUT that names file and tensor: an index that is no JSON object with a weight_map of texts, repeated
// keys, shards whose names are absolute, contain .. or do not end in .safetensors, missing shards, tensors that their shard does
// not have, no gates at all; gates of another dtype than F64, F32, F16 or BF16, of rank other than 2, of another size than
// config.json says, of one expert, beyond GATE_EXPERTS, GATE_DIMENSION or GATE_ENTRIES; biases and factors that have not one
// number for each expert, or no gate matrix.
#ifndef MOEGEOM_IO_GATE_TENSORS_H
#define MOEGEOM_IO_GATE_TENSORS_H

#include "io/fault.h"
#include "io/gate_config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    GATE_EXPERTS = 1 << 16,
    GATE_DIMENSION = 1 << 20,
    GATE_ENTRIES = 1 << 25, // N d, 256 MiB as doubles
};

// One router. All texts belong to the checkpoint.
typedef struct gate_tensor {
    const char *name;  // of the matrix
    const char *shard; // path of its file
    const char *dtype; // "F64", "F32", "F16" or "BF16"
    long layer;        // the first number in the name, -1 without one
    size_t experts, dimension;
    bool transposed; // stored as [d, N]
    const char *bias, *selection_bias,
        *expert_scale; // names of tensors with a number for each expert; NULL without
} gate_tensor_t;

// Tensors that look like routers in their names and are none.
typedef struct gate_lookalike {
    char *pattern; // the name with its numbers replaced by *
    const char *reason;
    size_t count;
} gate_lookalike_t;

typedef struct gate_tensors gate_tensors_t;

// Opens a checkpoint: finds the gates and checks their shapes.
//   result  receives it, to be closed by gate_tensors_close; left as it was on a fault
fault_status_t gate_tensors_open(const char *path, gate_tensors_t **result, fault_t *fault);
void gate_tensors_close(gate_tensors_t *checkpoint); // NULL is allowed

// At least one gate, in the natural order of their names (layer 9 before layer 10).
size_t gate_tensors_count(const gate_tensors_t *checkpoint);
const gate_tensor_t *gate_tensors_at(const gate_tensors_t *checkpoint, size_t index);

const gate_config_t *gate_tensors_config(const gate_tensors_t *checkpoint);

// All tensors that the checkpoint names, and the shards that were opened for gates, with their sizes together.
size_t gate_tensors_names(const gate_tensors_t *checkpoint);
size_t gate_tensors_shards(const gate_tensors_t *checkpoint);
uint64_t gate_tensors_bytes(const gate_tensors_t *checkpoint);

// What was left out although its name suggests a router.
size_t gate_tensors_lookalikes(const gate_tensors_t *checkpoint);
const gate_lookalike_t *gate_tensors_lookalike(const gate_tensors_t *checkpoint, size_t index);

// Reads a gate matrix, row-major, an expert a row.
//   weights  receives experts x dimension finite numbers
//   fault    FAULT_INPUT for NaN and infinities, with row and place, and when the file cannot be read
fault_status_t gate_tensors_read(gate_tensors_t *checkpoint, size_t index, double *weights, fault_t *fault);

// Reads a tensor of one number for each expert: `bias`, `selection_bias` or `expert_scale` of gate `index`.
//   values  receives `experts` finite numbers
fault_status_t gate_tensors_vector(gate_tensors_t *checkpoint, size_t index, const char *name, double *values,
                                   fault_t *fault);

#endif
