// SPDX-License-Identifier: GPL-3.0-or-later
// Rational numbers as people and programs write them, read exactly.
#ifndef MOEGEOM_IO_RATIONAL_H
#define MOEGEOM_IO_RATIONAL_H

#include <flint/fmpq.h>
#include <stddef.h>

// The limits keep a short word from standing for a number that fills the memory. Every binary64 number is
// within them, in decimal and in hexadecimal.
enum { RATIONAL_LENGTH = 100000, RATIONAL_DECIMAL_EXPONENT = 5000, RATIONAL_BINARY_EXPONENT = 20000 };

// Reads an integer, a decimal (-1.25, 3e-4, .5), a fraction p/q of decimal integers, q not 0, or a hexadecimal
// float (0x1.8p-3, the exponent optional), each with an optional sign in front.
//   word    `length` bytes, at most RATIONAL_LENGTH; exponents at most RATIONAL_..._EXPONENT in magnitude
//   value   initialised; receives the number in lowest terms
// Returns NULL, or why the word is refused, with `value` undefined.
const char *rational_parse(const char *word, size_t length, fmpq_t value);

// Reads a non-negative decimal integer of at most 18 digits, without a sign. Returns -1 for anything else.
slong rational_parse_count(const char *word, size_t length);

// Sets `value` to a finite double, exactly.
void rational_from_double(fmpq_t value, double x);

#endif
