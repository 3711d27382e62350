// SPDX-License-Identifier: GPL-3.0-or-later
// Floating-point formats of files; each of their values is a double.
//
// Bytes are in little-endian order unless a function says otherwise. NaN and infinities stay what they are.
#ifndef MOEGEOM_IO_FLOATS_H
#define MOEGEOM_IO_FLOATS_H

#include <stdbool.h>
#include <stddef.h>

// The number in the first bytes of an array.
typedef double (*floats_convert_t)(const unsigned char *bytes);

double floats_binary64(const unsigned char *bytes); // IEEE 754, 8 bytes
double floats_binary32(const unsigned char *bytes); // IEEE 754, 4 bytes
double floats_binary16(const unsigned char *bytes); // IEEE 754, 2 bytes
double floats_bfloat16(const unsigned char *bytes); // the upper half of a binary32, 2 bytes

// The same for packed numbers that are all binary32: some 1e9 numbers a second.
typedef void (*floats_expand_t)(const unsigned char *bytes, size_t count, float *values);

void floats_binary32s(const unsigned char *bytes, size_t count, float *values);
void floats_binary16s(const unsigned char *bytes, size_t count, float *values);
void floats_bfloat16s(const unsigned char *bytes, size_t count, float *values);

// The same formats, to be written.
typedef enum floats_format {
    FLOATS_BINARY64,
    FLOATS_BINARY32,
    FLOATS_BINARY16,
    FLOATS_BFLOAT16
} floats_format_t;

enum { FLOATS_BYTES = 8 }; // of a number, at most

size_t floats_size(floats_format_t format); // bytes of a number

// Writes the number of a format that is nearest to a value, of two such the even one; an infinity for what is beyond the range, and
// infinities and NaN as such.
//   bytes  receives floats_size bytes
// Returns whether it is a finite number.
bool floats_encode(floats_format_t format, double value, unsigned char *bytes);

#endif
