// SPDX-License-Identifier: GPL-3.0-or-later
// Arrangements and layers to test with: families whose counts are known, and random ones of every kind of
// degeneracy.
#ifndef MOEGEOM_TESTS_SUPPORT_FAMILIES_H
#define MOEGEOM_TESTS_SUPPORT_FAMILIES_H

#include "geometry/arrangement.h"
#include "geometry/layer.h"

// ---- Known counts. Each result is owned by the caller, who frees it with arrangement_free. ----

// The hyperplanes x_i - x_j = b of R^n, i < j, for each of the shifts b (R. P. Stanley, "An introduction to
// hyperplane arrangements" (2007), lecture 5; A. Postnikov and R. P. Stanley, JCTA 91 (2000) 544). Regions:
//   braid    0         n!
//   Shi      0, 1      (n + 1)^(n - 1)
//   Catalan  -1, 0, 1  n! times the Catalan number binomial(2n, n) / (n + 1)
//   Linial   1         2^-n sum over k of binomial(n, k) (k + 1)^(n - 1): 1, 2, 7, 36, 246, 2104 (OEIS A007889)
//   semiorder -1, 1    1, 3, 19, 183, 2371, 38703 (A006531)
arrangement_t *families_braid(slong n);
arrangement_t *families_shi(slong n);
arrangement_t *families_catalan(slong n);
arrangement_t *families_linial(slong n);
arrangement_t *families_semiorder(slong n);

// All normals with entries 0 and 1 but 0 itself, in R^n: 2, 6, 32, 370, 11292, 1066044 (A034997).
arrangement_t *families_resonance(slong n);

// All normals (1, v), v in {0, 1}^n, in R^(n + 1): 4, 14, 104, 1882, 94572, 15028134 (A000609, from n = 1).
arrangement_t *families_threshold(slong n);

// Reflections: x_i = 0: 2^n; x_i = x_j and x_i = -x_j: 2^(n - 1) n!, n >= 2; both: 2^n n!.
arrangement_t *families_boolean(slong n);
arrangement_t *families_coxeter_d(slong n);
arrangement_t *families_coxeter_b(slong n);

// n hyperplanes (1, t, ..., t^(d-1) | t^d), t = 1..n, of R^d: in general position by Vandermonde's determinant, so that
// the regions are Phi(n, d) = sum over j <= d of binomial(n, j).
arrangement_t *families_moment_curve(slong n, slong d);

// n >= 3 lines of the plane, all but one of them through one point: 3 n - 2.
arrangement_t *families_near_pencil(slong n);

// ---- Random arrangements ----

typedef enum families_kind {
    FAMILIES_SMALL,   // entries -r..r, r = 1 to 4
    FAMILIES_GENERIC, // entries -10^6..10^6
    FAMILIES_BIG,     // of some 100 bits
    FAMILIES_CENTRAL, // all b = 0
    FAMILIES_COPIES, // rows that repeat, scale (also by a negative factor) or shift earlier ones, or have w = 0
    FAMILIES_GRID,   // few normals, many shifts
    FAMILIES_PENCIL,    // rows that are combinations of two
    FAMILIES_DEFICIENT, // normals in a proper subspace
    FAMILIES_CLOSE, // small rows times 2^30, 2^50, 2^70 or 2^90, plus small ones, so that rows nearly agree
    FAMILIES_WILD,  // small entries times 1, 2^30, 2^60 or 2^1100 each: beyond what doubles can hold together
    FAMILIES_FP32,  // floats with 24 bits and exponents of a few binades
    FAMILIES_BF16,  // floats with 8 bits
    FAMILIES_FP4,   // floats with 2 bits: 0, 1/2, 1, 3/2, 2, 3, 4, 6 with signs
    FAMILIES_KINDS
} families_kind_t;

const char *families_kind_name(families_kind_t kind);

// n rows in R^d; owned by the caller.
arrangement_t *families_random(families_kind_t kind, slong n, slong d, stream_t *stream);

// ---- Random layers ----

// What is special in a layer, besides the kinds of its router and its rows.
typedef enum families_special {
    FAMILIES_PLAIN,     // nothing
    FAMILIES_DEAD,      // units with w = 0
    FAMILIES_EXPERTS,   // an expert with the rows of another
    FAMILIES_SHARED,    // hyperplanes shared between experts, also with a negative factor
    FAMILIES_WALLS,     // units whose hyperplane is a wall between two experts
    FAMILIES_PARALLEL,  // router rows p + t q + b: parallel walls
    FAMILIES_COLLINEAR, // router rows p + t q: all walls are one hyperplane
    FAMILIES_BIASES,    // experts whose logits differ by a constant
    FAMILIES_SPECIALS
} families_special_t;

const char *families_special_name(families_special_t special);

// A layer whose router and whose rows are random of a kind; without twins unless k = N. Owned by the caller.
layer_t *families_layer(families_kind_t kind, families_special_t special, slong experts, slong active,
                        slong width, slong dimension, stream_t *stream);

// A layer of written entries: N router rows w_1 ... w_d b, then the rows of the N H units. Owned by the caller.
layer_t *families_written(slong experts, slong active, slong width, slong dimension, const slong *entries);

// ---- Maps that leave the number of regions as it is ----

// A random unimodular affine map x -> M x + t as (d + 1) x (d + 1) integers that rows are multiplied by.
//   map  initialised
void families_draw_map(fmpz_mat_t map, stream_t *stream);

// Multiplies each row by a random factor of either sign, not 0; now and then by one beyond the doubles.
void families_scale_rows(fmpz_mat_t rows, stream_t *stream);

// A random order of 0..n-1.
void families_draw_order(slong *order, slong n, stream_t *stream);

#endif
