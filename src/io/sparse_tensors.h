// SPDX-License-Identifier: GPL-3.0-or-later
// Writes .safetensors files of any size of which little takes up room: what is not written are holes, which read as zeros.
//
// For tests and experiments: files as large as published checkpoints, on file systems that have holes.
#ifndef MOEGEOM_IO_SPARSE_TENSORS_H
#define MOEGEOM_IO_SPARSE_TENSORS_H

#include "io/fault.h"

#include <stddef.h>
#include <stdint.h>

typedef struct sparse_tensors sparse_tensors_t;

// A file without tensors; NULL when memory is short.
sparse_tensors_t *sparse_tensors_alloc(void);
void sparse_tensors_free(sparse_tensors_t *file); // NULL is allowed; closes the file

// Appends a tensor, before the file is created.
//   name   of printable ASCII without " and backslashes
//   dtype  BF16, F16, F32 or F64, and others of one byte
// Returns its number, for sparse_tensors_put; SIZE_MAX when memory is short.
size_t sparse_tensors_add(sparse_tensors_t *file, const char *name, const char *dtype, size_t rank,
                          const uint64_t *shape);

// Writes the header and gives the file its size, all of the data being one hole. The path must not exist.
//   header, size  receive the bytes of the header and of the whole file; may be NULL
//   fault         FAULT_SYSTEM when the file cannot be written
fault_status_t sparse_tensors_create(sparse_tensors_t *file, const char *path, uint64_t *header,
                                     uint64_t *size, fault_t *fault);

// Writes elements of a tensor of dtype BF16, F16, F32 or F64 from the first one on.
//   values  `count` numbers that the dtype holds exactly; at most as many as the tensor has
fault_status_t sparse_tensors_put(sparse_tensors_t *file, size_t tensor, const double *values, size_t count,
                                  fault_t *fault);

#endif
