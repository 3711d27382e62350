// SPDX-License-Identifier: GPL-3.0-or-later
// Expectations about arrangements and layers, which print the whole instance and its seed when they fail.
#ifndef MOEGEOM_TESTS_SUPPORT_EXPECT_H
#define MOEGEOM_TESTS_SUPPORT_EXPECT_H

#include "geometry/arrangement.h"
#include "geometry/layer.h"

// What is looked at.
typedef struct expect_case {
    const char *test; // its name, and of what kind the instance is
    const char *kind;
    slong seed;
    const arrangement_t *a; // may be NULL, as all that follows
    const layer_t *layer;
    const char *special; // what is special in the layer
} expect_case_t;

// Each ends the test as failed unless the expectation holds.
void expect_true(const expect_case_t *subject, const char *what, bool holds);
void expect_si(const expect_case_t *subject, const char *what, slong found, slong expected);
void expect_fmpz(const expect_case_t *subject, const char *what, const fmpz_t found, const fmpz_t expected);
void expect_vector(const expect_case_t *subject, const char *what, const fmpz *found, const fmpz *expected,
                   slong length);

#endif
