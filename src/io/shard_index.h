// SPDX-License-Identifier: GPL-3.0-or-later
// Which file of a checkpoint holds which tensor: one .safetensors file, or an index with its shards.
#ifndef MOEGEOM_IO_SHARD_INDEX_H
#define MOEGEOM_IO_SHARD_INDEX_H

#include "io/fault.h"

#include <stddef.h>

typedef struct shard_index {
    char *folder; // of the file or the index
    char *path;   // of the file or the index, for messages
    size_t count; // tensors
    char **names;
    char **shards; // the name of each tensor's file in `folder`
} shard_index_t;

// Reads the names.
//   path   as in gate_tensors_open
//   index  receives them, to be cleared by shard_index_clear; left as it was on a fault
//   fault  as in gate_tensors_open
fault_status_t shard_index_read(const char *path, shard_index_t *index, fault_t *fault);
void shard_index_clear(shard_index_t *index); // of {0} too

#endif
