// SPDX-License-Identifier: GPL-3.0-or-later
// What the tests of layers that are trained share: definitions in long double, a problem, and a hash of the weights.
#ifndef MOEGEOM_TESTS_SUPPORT_TRAINING_H
#define MOEGEOM_TESTS_SUPPORT_TRAINING_H

#include "stat/stream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// w.(x, 1): n + 1 weights and n numbers.
long double training_affine(const double *w, const long double *x, size_t n);

// Whether expert i of n belongs to the coalition: fewer than k experts come before it.
bool training_member(const long double *logits, size_t n, size_t k, size_t i);

// Points of the plane away from the axes, and their quadrants: four classes.
//   inputs  receives `count` pairs
void training_quadrants(stream_t *stream, size_t count, double *inputs, size_t *labels);

// Another one as soon as one bit of the numbers is (FNV-1a over words).
uint64_t training_hash(const double *numbers, size_t count);

#endif
