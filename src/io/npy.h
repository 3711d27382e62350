// SPDX-License-Identifier: GPL-3.0-or-later
// Headers of NumPy's .npy files, versions 1 to 3, with binary floating-point numbers or integers.
//
// A file is the magic \x93NUMPY, two bytes of version, the length of the header as a little-endian number (2 bytes in
// version 1, 4 beyond), the header, and the numbers, packed. The header is the text of a Python dictionary with the
// keys descr, fortran_order and shape (numpy.lib.format, "Format Version 1.0").
//
// Read are the types f2, f4 and f8, and the integers i1, i2, i4, i8 and u1, u2, u4, u8, of either byte order. Refused, with
// a FAULT_INPUT that says where: objects and all other types, headers of more than NPY_HEADER bytes, keys that are unknown, repeated or missing, and files that are
// not exactly as long as shape and type ask for.
#ifndef MOEGEOM_IO_NPY_H
#define MOEGEOM_IO_NPY_H

#include "io/numbers.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    NPY_RANK = 16,               // sizes at most
    NPY_HEADER = 65536,          // bytes of the header's text at most
    NPY_START = 12 + NPY_HEADER, // the first bytes of a file that are enough for npy_header
};

typedef struct npy {
    size_t rank;
    uint64_t shape[NPY_RANK];
    uint64_t elements; // product of the shape
    numbers_type_t type;
    size_t item; // bytes of a number: 1, 2, 4 or 8
    bool big_endian;
    bool fortran;  // the first index runs fastest, and not the last one
    uint64_t data; // byte where the numbers start
} npy_t;

// Whether these first bytes are those of a .npy file.
bool npy_recognise(const unsigned char *bytes, size_t length);

// Reads a header from the first bytes of a file of `size` bytes.
//   name    stands for the file in messages
//   bytes   the first `length` bytes, all of the file or at least NPY_START
//   result  receives the header; left as it was on a fault
//   fault   FAULT_INPUT with file and byte: what was expected and what was found
fault_status_t npy_header(const char *name, const unsigned char *bytes, size_t length, uint64_t size,
                          npy_t *result, fault_t *fault);

// The numbers of a file that is open.
//   name  of the file, the caller's, like the descriptor
numbers_t npy_numbers(const npy_t *npy, const char *name, int descriptor);

#endif
