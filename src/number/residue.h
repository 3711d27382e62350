// SPDX-License-Identifier: GPL-3.0-or-later
// Residues modulo a prime below 2^50, held in doubles, in bulk.
//
// A residue is the integer of least absolute value in its class: |x| <= (p - 1) / 2, so that equal residues are
// equal doubles. A product x y is reduced with two fused multiply-adds: h = x y rounded, l = x y - h exactly, q
// the integer nearest to h / p, and x y - q p = (h - q p) + l, where both parts and the sum are integers below
// 2^53 and therefore exact (J. van der Hoeven, G. Lecerf, G. Quintin, ACM TOMS 43 (2016), article 5, section 3).
// For |x|, |y| <= p the quotient h / p, at most p < 2^50, is in error by less than 0.38, so the result is below
// 0.88 p: products need not be reduced before they are multiplied again.
//
// There are versions for AVX-512, AVX2 with FMA, and for any other CPU (with 128-bit integers); they give the
// same numbers, because all numbers are exact.
//
// The *triangle* of a column c_0, c_1, ... holds, row after row without gaps, one number for each pair s < t: row
// t has t entries, s = 0..t-1. Functions below work on rows first <= t < last of it.
#ifndef MOEGEOM_NUMBER_RESIDUE_H
#define MOEGEOM_NUMBER_RESIDUE_H

#include <flint/fmpz.h>
#include <stdbool.h>
#include <stddef.h>

enum {
    RESIDUE_PADDING = 16 // doubles behind every array that may be read and overwritten
};

// A field. Read only once it is made.
typedef struct residue_field {
    ulong prime;
    double p;       // the prime
    double inverse; // 1 / p, rounded
    double half;    // (p - 1) / 2
} residue_field_t;

// The field of the `number`-th prime below 2^50, counted downwards from 0.
residue_field_t residue_field(ulong number);

// The residue of an integer, and of a product.
double residue_of(const residue_field_t *field, const fmpz_t integer);
double residue_multiply(const residue_field_t *field, double x, double y);

// The number of pairs in rows first <= t < last of a triangle.
size_t residue_pairs(size_t first, size_t last);

// The differences c_s - c_t, not reduced (|.| < p); 0 where the residues are equal.
//   out  residue_pairs(first, last) doubles and padding
// Returns whether one of them is 0.
bool residue_differences(const double *column, size_t first, size_t last, double *out);

// The places of zeros among `count` numbers, ascending.
//   places  receives up to `room` of them
// Returns how many there are up to the last one that found room.
size_t residue_zeros(const double *x, size_t count, unsigned *places, size_t room);

// Replaces numbers |x| < p, none of them 0, by their inverses, reduced only to |x| < p.
//   x     count doubles and padding
//   work  2 * count + 8 * RESIDUE_PADDING doubles
void residue_invert(const residue_field_t *field, double *x, size_t count, double *work);

// The residues of (c_s - c_t) * inverse_(s,t).
//   inverses, out  triangles of these rows, with padding
void residue_quotients(const residue_field_t *field, const double *column, size_t first, size_t last,
                       const double *inverses, double *out);

// The inverse of a residue that is not 0.
double residue_inverse(const residue_field_t *field, double x);

// In place, residues: x_i - factor y_i, x_i * factor, and x_i * y_i. Arrays with padding; |y_i| < p is enough.
void residue_subtract(const residue_field_t *field, double *x, double factor, const double *y, size_t count);
void residue_scale(const residue_field_t *field, double *x, double factor, size_t count);
void residue_products(const residue_field_t *field, double *x, const double *y, size_t count);

// How many entries of the rows of a triangle are equal to an earlier one in the same row. A NaN is equal to
// nothing. Time t^2 / 16 cycles or so for row t.
size_t residue_repeats(const double *triangle, size_t first, size_t last);

#endif
