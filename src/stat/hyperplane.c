// SPDX-License-Identifier: GPL-3.0-or-later
// The integral of a Gaussian density over a hyperplane; see hyperplane.h.
#include "stat/hyperplane.h"

#include <gsl/gsl_blas.h>
#include <gsl/gsl_eigen.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_linalg.h>
#include <gsl/gsl_math.h>
#include <math.h>
#include <stdbool.h>

enum { GRID_DIMENSION = 4 };
static const double SPACING = 0.75, END = 8.5; // of the grid, in standard deviations

// The density on the hyperplane as a function of u: scale exp(-(u'Mu + 2 h'u + c) / 2).
typedef struct plane {
    size_t free;        // d - 1
    gsl_matrix *within; // M, (d - 1) x (d - 1)
    gsl_vector *linear; // h
    gsl_matrix *root;   // Cholesky factor of M
    gsl_vector *centre; // -M^-1 h, where the density is largest
    double constant;    // c
    double log_scale;   // -(d ln 2 pi + ln det Sigma) / 2 - ln |nu|
    double log_det;     // ln det M
} plane_t;

static void plane_free(plane_t *plane) {
    gsl_matrix_free(plane->within);
    gsl_matrix_free(plane->root);
    gsl_vector_free(plane->linear);
    gsl_vector_free(plane->centre);
}

static bool plane_alloc(plane_t *plane, size_t free) {
    *plane = (plane_t){.free = free,
                       .within = gsl_matrix_alloc(free, free),
                       .linear = gsl_vector_alloc(free),
                       .root = gsl_matrix_alloc(free, free),
                       .centre = gsl_vector_alloc(free)};
    return plane->within && plane->linear && plane->root && plane->centre;
}

static double log_determinant(const gsl_matrix *root) {
    double sum = 0;
    for (size_t i = 0; i < root->size1; i++)
        sum += 2 * log(gsl_matrix_get(root, i, i));
    return sum;
}

// Reflects `precision` and the foot of the hyperplane so that nu lies along the first axis; what belongs to the other axes is
// M, h, and c.
static int reflect(plane_t *plane, gsl_matrix *precision, const gsl_vector *normal, double offset,
                   gsl_vector *mirror) {
    gsl_vector_memcpy(mirror, normal);
    const double length = gsl_blas_dnrm2(normal);
    const double tau = gsl_linalg_householder_transform(mirror);
    const double along = gsl_vector_get(mirror, 0); // H nu = along e_1
    gsl_vector_set(mirror, 0, 1);
    gsl_linalg_householder_hm(tau, mirror, precision);
    gsl_linalg_householder_mh(tau, mirror, precision);
    const double foot = -offset / along; // H x0 = foot e_1
    gsl_matrix_const_view within = gsl_matrix_const_submatrix(precision, 1, 1, plane->free, plane->free);
    gsl_matrix_memcpy(plane->within, &within.matrix);
    gsl_matrix_memcpy(plane->root, &within.matrix);
    for (size_t i = 0; i < plane->free; i++)
        gsl_vector_set(plane->linear, i, foot * gsl_matrix_get(precision, i + 1, 0));
    plane->constant = foot * foot * gsl_matrix_get(precision, 0, 0);
    plane->log_scale -= log(length);
    if (gsl_linalg_cholesky_decomp1(plane->root) != GSL_SUCCESS)
        return GSL_EDOM;
    plane->log_det = log_determinant(plane->root);
    gsl_linalg_cholesky_solve(plane->root, plane->linear, plane->centre);
    gsl_vector_scale(plane->centre, -1);
    return GSL_SUCCESS;
}

static int plane_prepare(plane_t *plane, const gsl_matrix *covariance, const gsl_vector *normal,
                         double offset) {
    const size_t d = normal->size;
    gsl_matrix *precision = gsl_matrix_alloc(d, d);
    gsl_vector *mirror = gsl_vector_alloc(d);
    int status = precision && mirror && plane_alloc(plane, d - 1) ? GSL_SUCCESS : GSL_ENOMEM;
    if (status == GSL_SUCCESS) {
        gsl_matrix_memcpy(precision, covariance);
        status = gsl_linalg_cholesky_decomp1(precision) == GSL_SUCCESS ? GSL_SUCCESS : GSL_EDOM;
    }
    if (status == GSL_SUCCESS) {
        plane->log_scale = -0.5 * ((double)d * log(2 * M_PI) + log_determinant(precision));
        gsl_linalg_cholesky_invert(precision);
        status = reflect(plane, precision, normal, offset, mirror);
    }
    gsl_matrix_free(precision);
    gsl_vector_free(mirror);
    return status;
}

static bool is_admissible(const gsl_matrix *covariance, const gsl_vector *normal) {
    return normal->size >= 2 && covariance->size1 == normal->size && covariance->size2 == normal->size &&
           gsl_blas_dnrm2(normal) > 0;
}

int hyperplane_by_determinants(const gsl_matrix *covariance, const gsl_vector *normal, double offset,
                               double *value) {
    if (!is_admissible(covariance, normal))
        return GSL_EINVAL;
    plane_t plane = {0};
    const int status = plane_prepare(&plane, covariance, normal, offset);
    if (status == GSL_SUCCESS) {
        double least = plane.constant; // of the quadratic form: c - h'M^-1 h
        for (size_t i = 0; i < plane.free; i++)
            least += gsl_vector_get(plane.linear, i) * gsl_vector_get(plane.centre, i);
        *value =
            exp(plane.log_scale - 0.5 * least + 0.5 * ((double)plane.free * log(2 * M_PI) - plane.log_det));
    }
    plane_free(&plane);
    return status;
}

static double density(const plane_t *plane, const double *u) {
    double form = plane->constant;
    for (size_t i = 0; i < plane->free; i++) {
        double row = 2 * gsl_vector_get(plane->linear, i);
        for (size_t j = 0; j < plane->free; j++)
            row += gsl_matrix_get(plane->within, i, j) * u[j];
        form += row * u[i];
    }
    return exp(plane->log_scale - 0.5 * form);
}

// The sum over the grid points centre + step k, |k_i| <= half, whose first `fixed` coordinates are in u.
static double grid_sum(const plane_t *plane, double step, int half, size_t fixed, double *u) {
    if (fixed == plane->free)
        return density(plane, u);
    double sum = 0;
    for (int k = -half; k <= half; k++) {
        u[fixed] = gsl_vector_get(plane->centre, fixed) + step * k;
        sum += step * grid_sum(plane, step, half, fixed + 1, u);
    }
    return sum;
}

int hyperplane_by_grid(const gsl_matrix *covariance, const gsl_vector *normal, double offset, double *value) {
    if (!is_admissible(covariance, normal) || normal->size > GRID_DIMENSION)
        return GSL_EINVAL;
    plane_t plane = {0};
    int status = plane_prepare(&plane, covariance, normal, offset);
    gsl_eigen_symm_workspace *workspace = gsl_eigen_symm_alloc(normal->size - 1);
    gsl_vector *spectrum = gsl_vector_alloc(normal->size - 1);
    if (status == GSL_SUCCESS && (workspace == NULL || spectrum == NULL))
        status = GSL_ENOMEM;
    if (status == GSL_SUCCESS) {
        gsl_matrix_memcpy(plane.root, plane.within); // destroyed by the eigenvalues
        status = gsl_eigen_symm(plane.root, spectrum, workspace);
    }
    if (status == GSL_SUCCESS) {
        const double step = SPACING / sqrt(gsl_vector_max(spectrum));
        const int half = (int)ceil(END / sqrt(gsl_vector_min(spectrum)) / step);
        double u[GRID_DIMENSION];
        *value = grid_sum(&plane, step, half, 0, u);
    }
    gsl_eigen_symm_free(workspace);
    gsl_vector_free(spectrum);
    plane_free(&plane);
    return status;
}
