// SPDX-License-Identifier: GPL-3.0-or-later
// Convex polyhedra by their generators, cut by hyperplanes; every decision exact.
//
// A polyhedron in R^d is kept as the closed cone { (x, x_0) : x_0 >= 0 } over it: a basis of its lineality
// space, and its extreme rays modulo that space, each with the constraints that it satisfies with equality.
// A cut makes the new rays on the edges that cross the hyperplane (double description method: T. S. Motzkin et
// al. 1953; K. Fukuda and A. Prodon, LNCS 1120 (1996) 91). Coordinates are doubles with a proven error bound;
// where the bound does not decide a sign, the generator is computed again in integers from its tight
// constraints. Nothing is assumed of the constraints: they may be parallel, concurrent, equal or zero.
#ifndef MOEGEOM_GEOMETRY_POLYHEDRON_H
#define MOEGEOM_GEOMETRY_POLYHEDRON_H

#include <flint/fmpq_vec.h>
#include <flint/fmpz_mat.h>
#include <flint/nmod_vec.h>
#include <stdbool.h>
#include <stdint.h>

enum { POLYHEDRON_PRIMES = 5 };

// The hyperplanes that polyhedra are cut by: integer rows w_1 ... w_d b, and what doubles can say of them.
// Read only once it is made, so that threads may share it.
typedef struct polyhedron_rows {
    slong count;
    slong dimension;  // d
    fmpz_mat_t exact; // (count + 1) x (d + 1); the last row is x_0, the constraint that all polyhedra have
    slong stride;     // d + 1 or d + 2, which is even
    // Row i, entry j at [i * stride + j], the last row too, with a zero to fill: each row scaled by a power of two
    // of its own so that its largest entry is in [1/2, 1), then rounded.
    double *coefficients;
    double *errors;   // bound of the rounding error of each entry of a row (0 when all are exact)
    double *norms;    // bound of the sum of the absolute values of a row's coefficients
    double *margins;  // bound of the error of row . v, summed in any order, for exact |v_j| <= 1
    slong *bits;      // of the largest entry, after division of the row by its content; 0 for a zero row
    int64_t *machine; // the rows divided by their contents, where the bits are 62 at most
    // The same rows modulo primes: row i modulo prime q at [(i * POLYHEDRON_PRIMES + q) * (d + 1)].
    ulong *residues;
    nmod_t primes[POLYHEDRON_PRIMES]; // above 2^61
    slong *ends; // count + 1 pairs, see polyhedron_rows_connect; -1 -1 where nothing is said
} polyhedron_rows_t;

// Copies m x (d + 1) integer rows. NULL when memory is short.
polyhedron_rows_t *polyhedron_rows_alloc(const fmpz_mat_t rows);
void polyhedron_rows_free(polyhedron_rows_t *rows); // NULL is allowed

// Says that row number `row` is f_a - f_b, where f_0, f_1, ... are any vectors, the same for all rows. Then a row
// vanishes wherever other such rows vanish that join a with b by a path, and need not be computed to know it.
//   a, b  from 0 on
void polyhedron_rows_connect(polyhedron_rows_t *rows, slong row, slong a, slong b);

typedef struct polyhedron polyhedron_t;

// Where a polyhedron of positive dimension lies to a hyperplane: which signs the row takes on its relative
// interior.
typedef enum polyhedron_side {
    POLYHEDRON_INSIDE = 0,   // the hyperplane contains it (also for a zero row)
    POLYHEDRON_POSITIVE = 1, // row > 0 on the relative interior
    POLYHEDRON_NEGATIVE = 2, // row < 0 there
    POLYHEDRON_BOTH = 3      // it is cut in two
} polyhedron_side_t;

// An empty shell to be filled by the functions below; it keeps and reuses its memory. NULL when memory is
// short. All polyhedra that are cut from one another share `rows`, which outlives them.
polyhedron_t *polyhedron_alloc(const polyhedron_rows_t *rows);
void polyhedron_free(polyhedron_t *polyhedron); // NULL is allowed

// Makes it all of R^d.
void polyhedron_whole(polyhedron_t *polyhedron);

// Its dimension, 0 to d.
slong polyhedron_dimension(const polyhedron_t *polyhedron);

// Where it lies to hyperplane `row` of the shared rows. A row with w = 0 and b != 0 is positive or negative.
polyhedron_side_t polyhedron_side(const polyhedron_t *polyhedron, slong row);

// Cuts: sets `to` (another shell) to the part of `from` on one side of hyperplane `row`, which
// polyhedron_side reports as POLYHEDRON_BOTH.
//   sign  +1 or -1: the closed part where sign * row >= 0, of the same dimension; 0: the slice in the
//         hyperplane, of one dimension less, whose tight constraints include `row` for good
// Returns GSL_SUCCESS, or GSL_ENOMEM with `to` undefined.
int polyhedron_cut(polyhedron_t *to, const polyhedron_t *from, slong row, int sign);

// Both parts at once, in less time than by two cuts.
int polyhedron_split(polyhedron_t *above, polyhedron_t *below, const polyhedron_t *from, slong row);

int polyhedron_copy(polyhedron_t *to, const polyhedron_t *from);

// A rational point of the relative interior, d coordinates, as simple as is cheap to find.
void polyhedron_point(const polyhedron_t *polyhedron, fmpq *point);

// Generators: lineality vectors first, then rays, in homogeneous coordinates (x, x_0), x_0 >= 0.
slong polyhedron_lines(const polyhedron_t *polyhedron);
slong polyhedron_rays(const polyhedron_t *polyhedron);

// The d + 1 coordinates of generator g in doubles, the largest in [1/2, 1), and the bound of the absolute error of
// each against a positive multiple of polyhedron_generator's. Valid until the polyhedron changes.
const double *polyhedron_approximation(const polyhedron_t *polyhedron, slong g, double *error);

// Generator g exactly: d + 1 integers without common divisor, initialised by the caller.
void polyhedron_generator(const polyhedron_t *polyhedron, slong g, fmpz *coordinates);

// The sign of row . generator, exactly: -1, 0, 1. For a ray it has a meaning when the row vanishes on the
// lineality space.
int polyhedron_sign(const polyhedron_t *polyhedron, slong g, slong row);

// Whether ray g (counted among rays, from 0) satisfies constraint `row` with equality, for a row it was cut by.
bool polyhedron_tight(const polyhedron_t *polyhedron, slong ray, slong row);

// Whether two different rays (counted among rays, from 0) span a face of dimension 2 of the cone, modulo its lines: are
// the ends of an edge, or of one at infinity.
bool polyhedron_adjacent(const polyhedron_t *polyhedron, slong a, slong b);

#endif
