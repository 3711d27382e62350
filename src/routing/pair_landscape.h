// SPDX-License-Identifier: GPL-3.0-or-later
// The landscape of two affine experts behind a straight interface: the soft risk, the hard risk, both with gradient and
// Hessian in one chart.
//
// X is uniform on [-1, 1]^d, d = 1 or 2, with density p = 2^-d. The teacher is piecewise affine,
//
//     mu(x) = lower . (x, 1) for x_1 < cut,   upper . (x, 1) for x_1 > cut.
//
// The student routes by S(x) = a_1 - a_2 = x_axis - b - m x_other (no m for d = 1): expert 1 above the interface
// x_axis = b + m x_other. The slope of S across the interface is fixed, because with a free one the risk depends on it
// over the temperature only, and the router would cool itself. The chart is z = (b, m; theta_1; theta_2), 3 d + 2
// numbers, theta_k the coefficients of (x, 1).
//
// The soft risk is mixture_risk (routing/mixture.h) over Gauss nodes that are graded towards the interface: smooth on
// each panel at every temperature. The hard risk is a polynomial on each cell and the nodes are exact for it; its
// derivatives in the interface are those of Prop. 5.10 of Soft-to-Hard Routing, with D = (mu - f_1)^2 - (mu - f_2)^2
// and v = (1, x_other):
//
//     dL_0/dphi_i = -int v_i D p,   d2L_0/dphi_i dphi_j = -int v_i v_j (dD/dx_axis) p,
//     d2L_0/dphi_i dtheta = -int v_i (dD/dtheta) p         over the interface, in dx_other,
//
// where mu is smooth across it: for d = 1 at b != cut; for d = 2 unless the interface lies in x_1 = cut. (With axis 0
// the second of these holds as long as the interface does not cross x_1 = cut within the square.)
#ifndef MOEGEOM_ROUTING_PAIR_LANDSCAPE_H
#define MOEGEOM_ROUTING_PAIR_LANDSCAPE_H

#include <gsl/gsl_matrix.h>
#include <gsl/gsl_vector.h>
#include <stddef.h>

enum { PAIR_LANDSCAPE_MAX = 8 }; // numbers of a chart point

typedef struct pair_landscape {
    size_t dimension;          // d, 1 or 2
    size_t axis;               // 0 or 1, the coordinate that the interface is a graph in; 0 for d = 1
    double cut;                // in (-1, 1)
    double lower[3], upper[3]; // d + 1 coefficients of (x, 1)
} pair_landscape_t;

// The length of a chart point, 5 or 8, and the place of the coefficients of expert 1 in it, 1 or 2.
size_t pair_landscape_size(const pair_landscape_t *landscape);
size_t pair_landscape_expert(const pair_landscape_t *landscape);

// mu(x).
double pair_landscape_target(const pair_landscape_t *landscape, const double *x);

// The risk at z, with its gradient and Hessian in the chart.
//   tau       > 0, or 0 for the hard risk, whose interface must then stay within (-1, 1) (and off the cut for d = 1)
//             when a gradient or Hessian is wanted
//   gradient, hessian  of the size of the chart; may be NULL
// Returns GSL_SUCCESS, GSL_EDOM (hard risk, see above) or GSL_ENOMEM; results are left as they were on an error.
int pair_landscape_risk(const pair_landscape_t *landscape, const double *z, double tau, double *risk,
                        gsl_vector *gradient, gsl_matrix *hessian);

// Replaces the experts of z by the best ones for its interface, by the normal equations of least squares (which share
// no line with pair_landscape_risk), and gives the profiled risk Psi_tau. tau >= 0.
// Returns a GSL status: GSL_EDOM when the best experts are not unique.
int pair_landscape_fit(const pair_landscape_t *landscape, double tau, double *z, double *profile);

// The eigenvalues of the Hessian at z in ascending order. Returns a GSL status.
int pair_landscape_spectrum(const pair_landscape_t *landscape, const double *z, double tau,
                            double *eigenvalues);

// The Hessian of the profile Psi_tau in the interface, d x d, at a point z whose experts are the best ones: the Schur
// complement of the experts in the Hessian of the risk. Returns a GSL status: GSL_EDOM when the block of the experts is
// not positive definite.
int pair_landscape_curvature(const pair_landscape_t *landscape, const double *z, double tau,
                             double *curvature);

// The layer functional Q(z) = int (f_1 - f_2)^2 p dx_other over the interface, and its gradient (may be NULL): where mu
// is smooth across the interface, L_tau = L_0 - tau Q + O(tau^2).
double pair_landscape_layer(const pair_landscape_t *landscape, const double *z, gsl_vector *gradient);

#endif
