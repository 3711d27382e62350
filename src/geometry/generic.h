// SPDX-License-Identifier: GPL-3.0-or-later
// Is an arrangement in general position? A proof, or all that stands against it, with witnesses.
//
// General position (Stanley 2007, p. 3; arXiv 2602.03204v2, Definition 4.8): any m <= d hyperplanes meet in a
// flat of dimension d - m, and no d + 1 of them have a common point. What stands against it are the
// *degenerate circuits*: minimal sets S with a relation sum lambda_i w_i = 0, where either |S| <= d, or |S| =
// d + 1 and sum lambda_i b_i = 0 as well. There is none of them in general position, and only then.
#ifndef MOEGEOM_GEOMETRY_GENERIC_H
#define MOEGEOM_GEOMETRY_GENERIC_H

#include "geometry/arrangement.h"
#include "geometry/layer.h"

#include <stdbool.h>

// A degenerate circuit, with its relation as a witness that can be checked by hand.
typedef struct generic_witness {
    slong size;      // |S|, 1 to d + 1; 1 for a row with w = 0
    slong *planes;   // S, ascending, counted from 0
    fmpz *relation;  // lambda: `size` integers without common divisor, none of them 0, the first positive
    bool concurrent; // sum lambda_i b_i = 0 and |S| > 1: the hyperplanes have a common point; otherwise they
                     // have none
} generic_witness_t;

// The result of an examination. All witnesses belong to it.
typedef struct generic_report {
    slong planes, dimension;      // of the arrangement
    ulong prime;                  // determinants were tested modulo this prime
    slong count;                  // degenerate circuits; 0 proves general position
    generic_witness_t *witnesses; // `count` of them, in lexicographic order of their planes
    slong room;
} generic_report_t;

// Finds all degenerate circuits.
//
// Every subset is eliminated modulo a prime; what is not 0 there is not 0, which is the proof. What is 0 is
// decided by an exact null space, and the search starts again with another prime where the first was unlucky.
//
//   a       any arrangement
//   report  receives the result, to be given back by generic_clear
// Returns GSL_SUCCESS, or GSL_ENOMEM or GSL_EFAILED (eight unlucky primes) with `report` as it was.
// Time: some nanoseconds for each of binomial(n, d + 1) sets, some microseconds for each set that is
// degenerate.
int generic_examine(const arrangement_t *a, generic_report_t *report);

void generic_clear(generic_report_t *report);

// Whether there is no degenerate circuit: in an arrangement; and among the units of a layer, of whatever experts.
// Errors as generic_examine, with `generic` as it was.
int generic_is(const arrangement_t *a, bool *generic);
int generic_units(const layer_t *layer, bool *generic);

// Whether a witness is one: the relation holds, exactly. (Completeness and minimality are not looked at.)
bool generic_holds(const generic_witness_t *witness, const arrangement_t *a);

// How many regions the degenerate circuits cost: Phi(n, d) minus the number of regions.
//
// In general position every set of at most d hyperplanes is free of broken circuits, and the regions are as
// many as these sets (Whitney; Bjoerner and Ziegler, JCTB 51 (1991) 96). So the deficit is the number of sets
// of at most d hyperplanes that contain a broken circuit: a degenerate circuit without a common point, or one
// with a common point less its first member. Counted from the list alone, without any geometry.
//   deficit  receives the number, an initialised integer
// Returns GSL_SUCCESS, or GSL_ENOMEM with `deficit` as it was.
int generic_deficit(const generic_report_t *report, fmpz_t deficit);

#endif
