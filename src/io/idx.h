// SPDX-License-Identifier: GPL-3.0-or-later
// Arrays of bytes in the IDX format of the MNIST family, as they are or compressed by gzip.
//
// A file is four bytes 0 0 TYPE RANK, RANK sizes as 32-bit big-endian numbers, and the data in C order
// (Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits", 1998, "The IDX file format").
// Only TYPE 8, unsigned bytes, is read. A file with more or less data than its sizes ask for is refused.
#ifndef MOEGEOM_IO_IDX_H
#define MOEGEOM_IO_IDX_H

#include "io/fault.h"

#include <stddef.h>
#include <stdint.h>

enum { IDX_RANK = 4 };              // sizes at most
#define IDX_BYTES ((size_t)1 << 30) // data at most

typedef struct idx {
    size_t rank;            // 1 to IDX_RANK
    size_t shape[IDX_RANK]; // each at least 1
    size_t count;           // product of the sizes
    uint8_t *bytes;         // owned: count bytes
} idx_t;

// Reads a whole file.
//   result  receives the array, to be cleared by idx_clear; left as it was on a fault
//   fault   FAULT_INPUT with the file's name when it cannot be opened or decompressed, or is malformed: what was
//           expected and what was found; FAULT_LIMIT beyond IDX_BYTES; FAULT_SYSTEM when memory is short
fault_status_t idx_read(const char *path, idx_t *result, fault_t *fault);
void idx_clear(idx_t *idx); // of {0} too

#endif
