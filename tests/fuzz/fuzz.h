// SPDX-License-Identifier: GPL-3.0-or-later
// What several fuzz targets share.
#ifndef MOEGEOM_TESTS_FUZZ_H
#define MOEGEOM_TESTS_FUZZ_H

#include "io/dump.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Ends the program where the machine refuses what a target needs: no input is to blame, and none is left as a crash.
void fuzz_need(bool given);

// The message of a refusal is one line of printable characters, but for « and ».
void fuzz_fault(const fault_t *fault);

// A file in memory with these bytes, to be closed.
//   path  receives a path that leads to it
int fuzz_file(const uint8_t *data, size_t size, char path[64]);

// A file of the same kind with a start before the bytes: `length` bytes, in which the `digits` last ones receive the length of the
// header, little-endian, up to the last brace. So most mutants of a header are read, and not refused for its length.
int fuzz_headed(const uint8_t *data, size_t size, const char *start, size_t length, size_t digits,
                char path[64]);

// Opens a dump in every way, and reads all of it at once, row by row and as 32-bit numbers: the same finite numbers.
void fuzz_dump(const char *path);

#endif
