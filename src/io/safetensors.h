// SPDX-License-Identifier: GPL-3.0-or-later
// Files of named tensors in the safetensors format: a 64-bit little-endian header length, a JSON header, packed
// data in C order (https://github.com/huggingface/safetensors, "Format").
//
// A file is refused, with a FAULT_INPUT that says where, unless all of it is as the format says: a header of at
// most 100,000,000 bytes inside the file, valid JSON without repeated keys, known dtypes, ranges that follow
// one another without gap or overlap from the end of the header to the end of the file, each as long as shape
// and dtype ask for.
#ifndef MOEGEOM_IO_SAFETENSORS_H
#define MOEGEOM_IO_SAFETENSORS_H

#include "io/numbers.h"

#include <stddef.h>
#include <stdint.h>

enum { SAFETENSORS_RANK = 16 }; // dimensions of a tensor at most

typedef struct safetensors_tensor {
    const char *name;  // UTF-8
    const char *dtype; // as in the file: "F64", "F32", "F16", "BF16", "I64", ...
    size_t item;       // bytes of an element
    size_t rank;
    uint64_t shape[SAFETENSORS_RANK];
    uint64_t elements;   // product of the shape
    uint64_t begin, end; // bytes, from the start of the file
} safetensors_tensor_t;

typedef struct safetensors safetensors_t;

// The end of the file's name in FILE.safetensors or FILE.safetensors:TENSOR; NULL when the path has no such ending.
const char *safetensors_suffix(const char *path);

// Opens a file and reads its header.
//   result  receives the file, to be closed by safetensors_close
//   fault   FAULT_INPUT when it cannot be read or is malformed
fault_status_t safetensors_open(const char *path, safetensors_t **result, fault_t *fault);

// The same from the first bytes of a file of `size` bytes: `length` bytes of memory with all of the header. The
// data cannot be read then.
fault_status_t safetensors_header(const char *name, const unsigned char *bytes, size_t length, uint64_t size,
                                  safetensors_t **result, fault_t *fault);

void safetensors_close(safetensors_t *file); // NULL is allowed

// The tensors, in the order of their data. They belong to the file.
size_t safetensors_count(const safetensors_t *file);
const safetensors_tensor_t *safetensors_tensor(const safetensors_t *file, size_t index);

// The tensor of this name, or NULL.
const safetensors_tensor_t *safetensors_find(const safetensors_t *file, const char *name);

// An entry of __metadata__, or NULL.
const char *safetensors_metadata(const safetensors_t *file, const char *key);

// The elements of a tensor of dtype F64, F32, F16, BF16, I8 to I64 or U8 to U64.
//   result  receives where and how they lie in the file, as long as that is open
//   fault   FAULT_INPUT for another dtype
fault_status_t safetensors_numbers(const safetensors_t *file, const safetensors_tensor_t *tensor,
                                   numbers_t *result, fault_t *fault);

// Reads elements of a tensor of dtype F64, F32, F16 or BF16; each of their values is a double.
//   first   number of the first element
//   values  receives `count` finite numbers
//   fault   FAULT_INPUT for another dtype, for NaN and infinities (tensor, row and element are named), and when the
//           file cannot be read
fault_status_t safetensors_doubles(const safetensors_t *file, const safetensors_tensor_t *tensor,
                                   uint64_t first, size_t count, double *values, fault_t *fault);

#endif
