// SPDX-License-Identifier: GPL-3.0-or-later
// Numbers of one type that lie packed in a file.
//
// They are read with pread into a buffer on the stack, or right to where they are wanted: that is two to three times as fast as a
// mapping of the file (pages that are mapped and dropped again cost more than a copy within the cache), needs no memory but the
// buffer's, and a file that is cut short meanwhile is a fault and not a signal.
#ifndef MOEGEOM_IO_NUMBERS_H
#define MOEGEOM_IO_NUMBERS_H

#include "io/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum numbers_type {
    NUMBERS_F64,
    NUMBERS_F32,
    NUMBERS_F16,
    NUMBERS_BF16,
    NUMBERS_I8,
    NUMBERS_I16,
    NUMBERS_I32,
    NUMBERS_I64,
    NUMBERS_U8,
    NUMBERS_U16,
    NUMBERS_U32,
    NUMBERS_U64
} numbers_type_t;

typedef struct numbers {
    const char *name; // of the file in messages; the caller's
    int descriptor;   // the caller's
    numbers_type_t type;
    bool big_endian;
    uint64_t begin; // byte of number 0
} numbers_t;

size_t numbers_item(numbers_type_t type); // bytes of a number: 1, 2, 4 or 8
bool numbers_whole(numbers_type_t type);  // whether it is a type of integers
bool numbers_single(numbers_type_t type); // a floating-point type of which every number is a binary32

// "NaN", "infinity" or "-infinity", for messages.
const char *numbers_call(double value);

// Opens a regular file for reading; a pipe is refused and not waited for.
//   descriptor  receives the open file, to be closed by the caller; on a fault, too, unless it is negative
//   size        receives its bytes
//   fault       FAULT_INPUT when it cannot be read or is no regular file
fault_status_t numbers_open(const char *name, int *descriptor, uint64_t *size, fault_t *fault);

// Reads bytes of a file.
//   fault  FAULT_INPUT when the file cannot be read or has ended
fault_status_t numbers_bytes(const char *name, int descriptor, void *bytes, size_t length, uint64_t offset,
                             fault_t *fault);

// Reads the numbers first, first + step, first + 2 step, ... of the file; number i of them goes to values[i stride]. NaN and
// infinities stay what they are. From several threads at once.
//   step    at least 1
//   count   so many that all of them are in the file
fault_status_t numbers_doubles(const numbers_t *numbers, uint64_t first, uint64_t step, size_t count,
                               double *values, size_t stride, fault_t *fault);
// The same as binary32, of the types that numbers_single names.
fault_status_t numbers_floats(const numbers_t *numbers, uint64_t first, uint64_t step, size_t count,
                              float *values, size_t stride, fault_t *fault);

#endif
