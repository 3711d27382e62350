// SPDX-License-Identifier: GPL-3.0-or-later
// Random cases: the same arrangement or layer for the same name of a test and the same seed.
#ifndef MOEGEOM_TESTS_SUPPORT_CASES_H
#define MOEGEOM_TESTS_SUPPORT_CASES_H

#include "stat/stream.h"
#include "support/expect.h"

// What a layer may be at most.
typedef struct cases_limits {
    slong experts, width, dimension;
} cases_limits_t;

// Case number `seed` of a test: the kinds of families.h take turns; 0 to `planes` rows in 1 to `dimension` dimensions.
//   stream  receives the random numbers of this case, some of them used
// To be given back by cases_end.
expect_case_t cases_arrangement(const char *test, slong seed, slong planes, slong dimension,
                                stream_t *stream);

// The same for a layer: kinds and specials take turns; k = 1 and k = N are frequent among small N, and so is H = 0.
// Without twins unless k = N.
expect_case_t cases_layer(const char *test, slong seed, cases_limits_t limits, stream_t *stream);

// What the case is about, to be changed.
arrangement_t *cases_arrangement_of(const expect_case_t *subject);
layer_t *cases_layer_of(const expect_case_t *subject);

void cases_end(const expect_case_t *subject);

// Changes the arrangement of a case in one of CASES_CHANGES ways that leave its number of regions as it is: an affine
// map, rows scaled, rows in another order. Returns what was done.
enum { CASES_CHANGES = 3 };
const char *cases_change(const expect_case_t *subject, int way, stream_t *stream);

#endif
