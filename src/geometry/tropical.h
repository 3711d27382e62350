// SPDX-License-Identifier: GPL-3.0-or-later
// The tropical (max-plus) semiring over the rationals, and its polynomials, exactly.
//
// x (+) y = max(x, y) and x (x) y = x + y, with -infinity as the zero and 0 as the one. A polynomial in d variables is
// a finite set of terms, each d exponents a and a coefficient c, for the affine function a.x + c; its value is the
// largest of them. Exponents are any rationals: x^(p/q) is p/q times x, the one q-th root of x^p. Multiplied by a
// common denominator, and by a monomial, a polynomial has exponents in N^d as in the books (D. Maclagan, B.
// Sturmfels, Introduction to Tropical Geometry, 2015, section 1.1); neither changes where it is linear.
#ifndef MOEGEOM_GEOMETRY_TROPICAL_H
#define MOEGEOM_GEOMETRY_TROPICAL_H

#include <flint/fmpq_vec.h>
#include <stdbool.h>

// ---- Numbers ----

typedef struct tropical_number {
    bool finite;  // false: -infinity
    fmpq_t value; // of no meaning for -infinity
} tropical_number_t;

void tropical_number_init(tropical_number_t *x); // -infinity
void tropical_number_clear(tropical_number_t *x);

// result = x (+) y, x (x) y, x (x) ... (x) x with k factors, 0 for k = 0. `result` may be x or y.
void tropical_number_add(tropical_number_t *result, const tropical_number_t *x, const tropical_number_t *y);
void tropical_number_multiply(tropical_number_t *result, const tropical_number_t *x,
                              const tropical_number_t *y);
void tropical_number_power(tropical_number_t *result, const tropical_number_t *x, ulong k);

bool tropical_number_equal(const tropical_number_t *x, const tropical_number_t *y);

// ---- Polynomials ----

typedef struct tropical {
    slong variables; // d >= 0
    slong terms;     // m >= 0; 0 is -infinity everywhere
    slong room;      // terms that `entries` has room for
    fmpq *entries;   // room x (d + 1): a_1 ... a_d c
} tropical_t;

// The polynomial without terms, to be freed by tropical_free; NULL when d < 0 or memory is short.
tropical_t *tropical_alloc(slong variables);
void tropical_free(tropical_t *p); // NULL is allowed

// Term i: d + 1 rationals.
static inline fmpq *tropical_term(const tropical_t *p, slong i) {
    return p->entries + i * (p->variables + 1);
}

// Each of these returns GSL_SUCCESS, GSL_EBADLEN when the numbers of variables differ, or GSL_ENOMEM; on an error
// the result is as it was. The result may be one of the arguments. Terms are neither merged nor left out.
int tropical_append(tropical_t *p, const fmpq *term); // d + 1 rationals, copied
int tropical_copy(tropical_t *result, const tropical_t *p);
int tropical_add(tropical_t *result, const tropical_t *p, const tropical_t *q);      // the terms of both
int tropical_multiply(tropical_t *result, const tropical_t *p, const tropical_t *q); // all sums of two

// p^factor, that is factor times p. For a natural number it is the same function as the product of so many p, which
// has more terms.
//   factor  >= 0; for 0 all terms become 0
void tropical_power(tropical_t *p, const fmpq_t factor);

// Sorts the terms by exponents; of those with equal exponents the one with the largest coefficient stays. Two merged
// polynomials are equal as sets of terms when tropical_equal says so.
void tropical_merge(tropical_t *p);
bool tropical_equal(const tropical_t *p, const tropical_t *q);

// Merges, and leaves only the terms that are above all others on some open set: the vertices of the upper hull of the
// points (a, c). As many as the pieces on which p is affine. No linear program: the terms bound the epigraph
// t >= a.x + c in R^(d+1), which is cut out step by step (geometry/polyhedron.h), and those stay that hold a facet.
// Returns GSL_SUCCESS, or GSL_ENOMEM with `p` merged.
int tropical_reduce(tropical_t *p);

// The value at a point, and how many terms attain it: 2 or more on the tropical hypersurface of a merged polynomial,
// 0 for a polynomial without terms, whose value is left as it was.
//   x      d rationals
//   first  receives the number of the first term that attains it; may be NULL
slong tropical_evaluate(const tropical_t *p, const fmpq *x, fmpq_t value, slong *first);

#endif
