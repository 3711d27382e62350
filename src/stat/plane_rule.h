// SPDX-License-Identifier: GPL-3.0-or-later
// A quadrature rule for a Gaussian pair whose integrand jumps across lines through the origin.
//
// With X = L (r cos t, r sin t), L L' = C, an expectation is int dt/(2 pi) int r exp(-r^2/2) f dr. The circle is cut at
// both ends of every line n'x = 0, the radius at PLANE_RULE_REACH, and every piece gets a Gauss-Legendre rule: for
// polynomials times signs of n'x the error is that of rounding once angles >= 16 and radii >= 32 (tests). GSL has
// tables of full precision for orders up to 20 and for 32, 64, 96, 100, 128; the nodes of other orders err by 1e-10.
#ifndef MOEGEOM_STAT_PLANE_RULE_H
#define MOEGEOM_STAT_PLANE_RULE_H

#include <stddef.h>

enum { PLANE_RULE_MAX_LINES = 4 };

// exp(-r^2/2) r^6 is below 1e-20 beyond.
#define PLANE_RULE_REACH 11.0

// The number of nodes, 2 lines angles radii.
size_t plane_rule_count(size_t lines, size_t angles, size_t radii);

// Makes the rule for N(0, C).
//   covariance  C as C11, C12, C22; positive definite
//   normals     the normals n of the lines, 2 numbers each, not 0; lines that coincide cost nodes of weight 0
//   lines       1 to PLANE_RULE_MAX_LINES
//   angles      nodes on each arc, >= 1
//   radii       nodes along the radius, >= 1
//   x           receives plane_rule_count points, 2 numbers each
//   weight      receives as many weights; they sum to 1 up to the error of the rule
// Returns GSL_SUCCESS; GSL_EDOM (C not positive definite), GSL_EINVAL (lines out of range) or GSL_ENOMEM.
int plane_rule(const double covariance[3], const double *normals, size_t lines, size_t angles, size_t radii,
               double *x, double *weight);

#endif
