// SPDX-License-Identifier: GPL-3.0-or-later
// Number formats of few bits, and rounding to them: to the nearest, ties to even.
//
// Floating formats have a sign, exponent bits and a significand of p bits, the leading one included, and subnormal numbers.
// Magnitudes beyond the largest finite one become that one (saturation). fp8-e4m3 is the format E4M3 of the Open Compute Project
// (OCP 8-bit Floating Point Specification, 2023), with a largest number of 448; all others are as IEEE 754 would have them.
// Integer formats are symmetric and scaled by row: with s = max |value| / (2^(b-1) - 1) the numbers are s times the integers of
// magnitude up to 2^(b-1) - 1; there is no zero point.
#ifndef MOEGEOM_NUMBER_ROUNDING_H
#define MOEGEOM_NUMBER_ROUNDING_H

#include <stdbool.h>
#include <stddef.h>

enum { ROUNDING_NAME = 16 }; // room for a name, with the 0 at its end

typedef enum rounding_kind { ROUNDING_FLOAT, ROUNDING_INTEGER } rounding_kind_t;

typedef struct rounding {
    char name[ROUNDING_NAME]; // as rounding_parse reads it
    rounding_kind_t kind;
    int bits;        // p of a floating format, b of an integer one
    int least;       // floating: the smallest normal number is 2^least
    double greatest; // floating: the largest finite number
} rounding_t;

// The format of a name: bf16, fp16, fp8-e4m3, fp8-e5m2, int8, int4; fp32 and tf32; eXmY with X = 2 to 8 exponent bits and Y = 0
// to 23 bits of the fraction, as IEEE 754 would have it (e8m7 is bf16); intB with B = 2 to 24.
// Returns false, with `result` as it was, for any other text.
bool rounding_parse(const char *name, rounding_t *result);

// The unit s of a row: 1 for floating formats, and for integer ones of a row of zeros.
//   values  n finite numbers, n >= 1
double rounding_unit(const rounding_t *format, const double *values, size_t n);

// The nearest number of the format.
//   unit  from rounding_unit
double rounding_apply(const rounding_t *format, double unit, double value);

// The distance of the format's neighbours around a value: the value lies in the interval between two of them (of a number of the
// format: the interval away from 0). Subnormal numbers have that of the smallest normal one; beyond the largest it is that below it.
double rounding_spacing(const rounding_t *format, double unit, double value);

// The neighbouring numbers of the format that the value lies between, low <= value < high for values from 0 on, and
// low < value <= high for negative ones, up to the rounding of integer formats. Returns false, with nothing set, for magnitudes
// from the largest finite number of a floating format on.
bool rounding_interval(const rounding_t *format, double unit, double value, double *low, double *high);

// A whole row; `rounded` may be `values`.
void rounding_row(const rounding_t *format, const double *values, size_t n, double *rounded);

#endif
