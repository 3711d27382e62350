// SPDX-License-Identifier: GPL-3.0-or-later
// Files of numbers, read row by row whatever their format and size.
//
//     .npy                   io/npy.h, of floating-point numbers; known by its first bytes
//     NAME.safetensors       the only tensor of the file, io/safetensors.h; NAME.safetensors:TENSOR one of several
//     anything else          comma-separated numbers, io/text.h, which says what is taken for a header and an index;
//                            array_note says so where it is not obvious
//
// The first index of an array counts its rows; all others run inside a row, the last one fastest, however the file
// orders them. Of a text the numbers are kept in memory up to ARRAY_KEPT of them, and otherwise read anew each time; of
// other files nothing but a buffer is, so that files may be far larger than memory.
//
// Refused, with a FAULT_INPUT that names file and row (or line): numbers that are not finite, integers of a
// binary file, rows of different lengths, no rows, pipes, folders, archives (.npz, .pt) and compressed files.
#ifndef MOEGEOM_IO_ARRAY_H
#define MOEGEOM_IO_ARRAY_H

#include "io/fault.h"

#include <stddef.h>
#include <stdint.h>

enum {
    ARRAY_RANK = 16,      // sizes at most
    ARRAY_KEPT = 1 << 25, // numbers of a text in memory, 256 MiB
};

typedef struct array array_t;

// Opens a file. A text is read to its end once, to be counted and checked.
//   result  receives the array, to be closed by array_close; left as it was on a fault
//   fault   FAULT_INPUT when the file cannot be read or is malformed
fault_status_t array_open(const char *path, array_t **result, fault_t *fault);
void array_close(array_t *array); // NULL is allowed

// What the array is called in messages.
const char *array_name(const array_t *array);

// What was taken for something else than numbers, to be shown to the user; NULL when nothing was.
const char *array_note(const array_t *array);

// The sizes: array_shape(array)[0] rows; of a text, rows and columns. All are at least 1.
size_t array_rank(const array_t *array);
const uint64_t *array_shape(const array_t *array);

// The numbers of a row, the product of all sizes but the first; at most 2^32.
size_t array_width(const array_t *array);

// Reads consecutive rows. Rows of a text are best read in their order.
//   first   number of the first row
//   count   rows, first + count at most the number of rows
//   values  receives count x array_width finite numbers
//   fault   FAULT_INPUT for NaN and infinities, with row and place, and when the file cannot be read
fault_status_t array_read(array_t *array, uint64_t first, size_t count, double *values, fault_t *fault);

#endif
