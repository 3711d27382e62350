// SPDX-License-Identifier: GPL-3.0-or-later
// The decimal digits of a natural number. For files with hundreds of thousands of numbers: printf is slow.
#ifndef MOEGEOM_IO_DIGITS_H
#define MOEGEOM_IO_DIGITS_H

#include <stddef.h>
#include <stdint.h>

enum { DIGITS_ROOM = 20 }; // of 2^64 - 1

// Writes the digits, without a 0 at their end. Returns how many there are.
static inline size_t digits_of(uint64_t number, char room[DIGITS_ROOM]) {
    size_t count = 1;
    for (uint64_t rest = number / 10; rest > 0; rest /= 10)
        count++;
    for (size_t at = count; at-- > 0; number /= 10)
        room[at] = (char)('0' + number % 10);
    return count;
}

#endif
