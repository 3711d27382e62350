// SPDX-License-Identifier: GPL-3.0-or-later
// The rows of a layer restricted to flats, by Gaussian elimination in doubles with a proven error bound for each
// row, and exactly where it is asked for.
//
// A flat is given by tied logits e_0, e_1, ... (u_(e_1) = u_(e_0), ...) and by units whose hyperplanes contain it.
// Rows are added one after another; each is solved for one coordinate, its pivot, which is then put into all
// others. The last of the D coordinates is never a pivot, so that a line is described by it: on a line each row
// is constant + slope * x_D.
//
// Error bounds. Each row carries one bound e for all of its remaining coefficients r_c, with the invariant
//     |r_c - exact| <= e   and   e >= u max |r_c| + 2^-1000,   u = 2^-53.
// It holds at the start: rounding to nearest or towards zero after scaling gives an error of at most
// 2^-52 max |r_c|. Eliminating the row t, with pivot t_p, multiplier m = fl(r_p fl(1 / t_p)) and
// r'_c = fl(r_c - fl(m t_c)): let T = max |t_c| + e_t and K = T / (|t_p| - e_t). The exact multiplier differs
// from r_p / t_p by at most (e_r + |m| e_t) / (|t_p| - e_t), and from m by that and 3 u |m|; the product is off by
// (e_r + |m| e_t) K + |m| e_t + 4 u |m| T, the difference by u (|r_c| + |m| T) more, which also bounds the
// growth that the invariant asks for; u |r_c| <= e_r and u T <= 2 e_t by the invariant. Hence
//     e' = (3 + K) e_r + (16 + K) e_t |m|
// bounds the error, with room for the terms of second order, the rounding of e' and underflow.
#ifndef MOEGEOM_GEOMETRY_ELIMINATION_H
#define MOEGEOM_GEOMETRY_ELIMINATION_H

#include <flint/fmpz_mat.h>
#include <stdbool.h>

enum { ELIMINATION_LANES = 8 }; // tables begin and end at multiples of it

// The exact rows of N logits and n units, and their doubles. Read only once it is made: threads share it.
typedef struct elimination_rows {
    slong logits, units;
    slong dimension; // D >= 1
    const fmpz_mat_struct
        *exact;         // N + n rows, logits first: D coefficients, the constant; more columns are ignored
    slong logit_stride; // N, rounded up
    slong unit_stride;  // n, rounded up
    double *
        logit_table; // column c of logit j at [c * logit_stride + j], c = 0..D + 1; column D is the constant,
                     // D + 1 the error bound; all logits are scaled by one factor
    double *unit_table; // the same for units, each scaled by a positive factor of its own
} elimination_rows_t;

// Doubles for the first `dimension` + 1 columns of `exact`, which outlives them. NULL when memory is short.
elimination_rows_t *elimination_rows_alloc(const fmpz_mat_t exact, slong logits, slong dimension);
void elimination_rows_free(elimination_rows_t *rows); // NULL is allowed

// One row of the flat.
typedef struct elimination_step {
    slong row;      // logit j (tied with the base), or N + unit
    slong pivot;    // column, among those that the step before left
    bool refreshed; // the tables after this step were made from exact rows: no multipliers connect them
    double value;   // of the pivot, and the error bound of the row
    double error;
    double gain, spread; // e' = gain e + spread |m|
    slong limit;         // units below are restricted further
} elimination_step_t;

typedef struct elimination {
    const elimination_rows_t *rows;
    slong base;                // e_0, or -1 when no logits are tied
    slong depth;               // rows of the flat
    elimination_step_t *steps; // depth
    slong *columns;            // D + 1 for each depth: which original columns are left, the constant last
    double *
        *logit_tables; // by depth: D - depth + 1 columns, then the error bounds; of u_j - u_(e_0) with a base
    double **unit_tables; // by depth; that of a line only where elimination_units was called
    bool solved;          // whether the exact solution belongs to the flat
    fmpz_mat_t solution;  // pivot columns by the columns left, over the denominator > 0
    fmpz_t denominator;
} elimination_t;

// What became of a row.
typedef enum elimination_result {
    ELIMINATION_ADDED,
    ELIMINATION_MISSES,   // it has no zero on the flat: left out
    ELIMINATION_CONTAINS, // it vanishes on the whole flat: left out
    ELIMINATION_LEVEL     // its zeros on the flat are where x_D has one value: left out
} elimination_result_t;

// The flat without rows. NULL when memory is short.
elimination_t *elimination_alloc(const elimination_rows_t *rows);
void elimination_free(elimination_t *e); // NULL is allowed

// Starts again, with logit `base` tied, or without ties (-1).
void elimination_start(elimination_t *e, slong base);

// Adds a row, logit j or N + unit, to a flat of dimension 2 or more; later only units below `limit` matter.
// Decided exactly.
elimination_result_t elimination_push(elimination_t *e, slong row, slong limit);
void elimination_pop(elimination_t *e);

// On a line: makes the unit table for the units first..last - 1. (For depth 0 and for refreshed tables it is there.)
void elimination_units(elimination_t *e, slong first, slong last);

// The columns of the present flat: D - depth coefficients, the last that of x_D, the constant, the errors.
static inline const double *elimination_logit_column(const elimination_t *e, slong column) {
    return e->logit_tables[e->depth] + column * e->rows->logit_stride;
}

static inline const double *elimination_unit_column(const elimination_t *e, slong column) {
    return e->unit_tables[e->depth] + column * e->rows->unit_stride;
}

// The exact coefficients, D - depth + 1 of them, of row `first` minus row `second` (-1: none) on the flat, times a
// positive number that is the same for all rows.
void elimination_exact(elimination_t *e, slong first, slong second, fmpz *coefficients);

// On the flat a row equals the row itself plus the sum of c_l times the flat's rows. The signs of c_0, ...,
// c_(depth - 1) and, with a base, of the base's coefficient: minus the sum of those of all other logits.
//   row    logit j, counted as its difference to the base, or N + unit
//   signs  depth + 1 of them
void elimination_signs(const elimination_t *e, slong row, int *signs);

#endif
