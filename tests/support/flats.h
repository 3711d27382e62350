// SPDX-License-Identifier: GPL-3.0-or-later
// The intersections of an arrangement, what it is on each of them, and its characteristic polynomial by the Moebius
// function of their order.
#ifndef MOEGEOM_TESTS_SUPPORT_FLATS_H
#define MOEGEOM_TESTS_SUPPORT_FLATS_H

#include "geometry/arrangement.h"

typedef struct flat {
    uint64_t planes; // all hyperplanes that contain it, bit i for row i; rows with w = 0 belong to none
    slong dimension; // 0 to d
} flat_t;

typedef struct flats {
    slong count;
    flat_t *flat; // by descending dimension; the first is R^d itself
} flats_t;

enum { FLATS_PLANES = 64 };

// Finds all flats (nonempty intersections of hyperplanes), each once.
//   a  at most FLATS_PLANES rows
// The result is given back by flats_free.
flats_t *flats_find(const arrangement_t *a);
void flats_free(flats_t *flats);

// The arrangement that `a` is on a flat of dimension >= 1, in coordinates of the flat: row i becomes row i, and one
// that contains or misses the flat a row with w = 0. Owned by the caller.
arrangement_t *flats_restrict(const arrangement_t *a, const flat_t *flat);

// level[j] = sum of |mu(R^d, F)| over the flats F of codimension j = 0..d, with the Moebius function mu of the flats
// ordered by reverse inclusion (Zaslavsky, Memoirs AMS 154 (1975)): the absolute values of the coefficients of the
// characteristic polynomial, whose sum is the number of regions.
//   level  d + 1 initialised integers
void flats_whitney(const flats_t *flats, fmpz *level);

#endif
