// SPDX-License-Identifier: GPL-3.0-or-later
// Instance files: arrangements and layers, read exactly.
//
// Text (UTF-8; # starts a comment; words are separated by blanks and line ends, LF or CRLF): `arrangement n d`
// and n rows w_1 ... w_d b, or `moe N k H d`, N router rows and N H expert rows, expert by expert. An entry is an
// integer, a decimal (-1.25, 3e-4), a fraction p/q, or a hexadecimal float (0x1.8p-3); each is read as the
// rational that it writes (io/rational.h, with the limits of one number).
//
// A layer in .safetensors, known by the end of the file's name: tensors "router.weight" [N, d],
// "experts.weight" [N, H, d] (left out: H = 0, the router alone), and, where there are biases, "router.bias" [N]
// and "experts.bias" [N, H], no others; dtypes F64, F32, F16, BF16; the metadata entry "k".
//
// Rows become integers by positive factors, the least that leave no common divisor: one factor for each
// hyperplane, one for all rows of the router. Memory: some times the size of the file; integers above 62 bits
// may take INSTANCE_BITS together.
#ifndef MOEGEOM_IO_INSTANCE_H
#define MOEGEOM_IO_INSTANCE_H

#include "geometry/arrangement.h"
#include "geometry/layer.h"
#include "io/fault.h"

#include <flint/fmpq_mat.h>

// Limits: d, the rows times (d + 1), and the bits of all integers that need more than a word.
#define INSTANCE_DIMENSION (WORD(1) << 20)
#define INSTANCE_ENTRIES (WORD(1) << 40)
#define INSTANCE_BITS (WORD(1) << 31)

typedef struct instance {
    arrangement_t *arrangement; // one of the two is not NULL
    layer_t *layer;
} instance_t;

// Reads an instance.
//   path      "-" is standard input (text)
//   instance  receives it, to be cleared by instance_clear; untouched on a fault
//   fault     receives FAULT_INPUT with file, line (or byte, or tensor), what was expected and what was found;
//             FAULT_LIMIT beyond INSTANCE_BITS; FAULT_SYSTEM when memory is short
fault_status_t instance_read(const char *path, instance_t *instance, fault_t *fault);
void instance_clear(instance_t *instance); // of {0} too

// The same from memory; `name` stands for the file in messages.
fault_status_t instance_parse(const char *name, const char *text, size_t length, instance_t *instance,
                              fault_t *fault);

// Reads m + 1 points with d coordinates each from a text file of rational entries, one point a line: `points`
// is initialised by the function when it succeeds, with as many rows as there are lines, and cleared by the
// caller.
fault_status_t instance_points(const char *path, slong dimension, fmpq_mat_t points, fault_t *fault);

// The SHA-256 of what an instance says, in hexadecimal (65 chars with the end): of the text that
// arrangement_print or layer_print writes after each row was divided by its content (the router's rows by a
// common one), so that comments, blanks and ways to write a number make no difference.
fault_status_t instance_hash(const instance_t *instance, char hash[65], fault_t *fault);

#endif
