// SPDX-License-Identifier: GPL-3.0-or-later
// Whether, and how probably, a row's selected set changes ("flips") when its logits are rounded or disturbed.
//
// The laws to first order, with f the density of gap_k at zero (one-sided):
//
//     rounding to a grid of spacing u    f E[u] / 4     rounding keeps the order, so that a set changes only through a tie at
//                                                       rank k, which the lower index wins: of two logits less than u apart by
//                                                       g, with chance 1 - g/u, and every second time the wrong one wins
//     independent noise                  f E[(e - e')+]     sigma / sqrt(pi) for normal noise of standard deviation sigma
//
// Noise that all logits of a row share cancels. The probabilities below are for one given row and to all orders.
#ifndef MOEGEOM_ROUTING_FLIP_H
#define MOEGEOM_ROUTING_FLIP_H

#include "number/rounding.h"
#include "routing/selection.h"

// Room for the functions below, for rows of one rule. The rule outlives it.
typedef struct flip_work flip_work_t;
flip_work_t *flip_work_alloc(const selection_t *rule); // NULL when memory is short
void flip_work_free(flip_work_t *work);                // NULL is allowed

// Whether two rows of logits select different sets.
bool flip_between(flip_work_t *work, const double *logits, const double *others);

// Whether the set changes when the row is rounded.
bool flip_rounded(flip_work_t *work, const double *logits, const rounding_t *format);

// The chance that the set changes when the format's grid is shifted at random by up to its spacing, for all logits of the row
// alike: the middle of the logits of rank k and k + 1 is uniform in its interval between two numbers of the format, and all
// logits move with it. It depends on the spaces between logits near rank k and on the order of their indices, not on where the
// grid lies; but near a power of two the spacings on both sides count as they are, and of an integer format the largest
// magnitudes, which set the unit and are numbers of the grid themselves, stay where they are, and no other logit moves beyond
// them. Where one of them has rank k or k + 1, or both ranks lie beyond the largest finite number, nothing is random: 0 or 1.
//   logits  N finite numbers
// Exact for plain rules. For the others a mean over FLIP_SHIFTS shifts, or FLIP_GROUP_SHIFTS with groups, of the logits within
// reach, each in an interval of its own; the row itself is one of them.
//
// Over rows with a density that is nearly constant within the intervals the expectation is the rate of flip_rounded, and a sum
// of n rows has the variance sum p (1 - p) about it, if rows are independent. Rows that lie on a grid already have no such
// density.
enum { FLIP_SHIFTS = 64, FLIP_GROUP_SHIFTS = 16 };
double flip_rounding(flip_work_t *work, const double *logits, const rounding_t *format);

// The chance that the set changes when independent normal noise of standard deviation sigma > 0 is added to all logits.
// Plain rules, and biases added to logits: absolute error below 1e-6 (if k (N - k) <= 10^4). Others: the mean over FLIP_DRAWS
// draws that the row itself selects; standard error at most 1/2 FLIP_DRAWS^(-1/2), and independent from row to row.
enum { FLIP_DRAWS = 64 };
double flip_noise(flip_work_t *work, const double *logits, double sigma);

#endif
