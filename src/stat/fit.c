// SPDX-License-Identifier: GPL-3.0-or-later
// Least squares with a known covariance of the data; see fit.h.
#include "stat/fit.h"

#include <gsl/gsl_blas.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_linalg.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_multifit.h>
#include <math.h>

// The lower Cholesky factor of V, owned by the caller; NULL with a status when there is none.
static gsl_matrix *cholesky_factor(const gsl_matrix *covariance, int *status) {
    gsl_matrix *factor = gsl_matrix_alloc(covariance->size1, covariance->size2);
    if (factor == NULL) {
        *status = GSL_ENOMEM;
        return NULL;
    }
    gsl_matrix_memcpy(factor, covariance);
    *status = gsl_linalg_cholesky_decomp1(factor);
    for (size_t i = 0; *status == GSL_SUCCESS && i < factor->size1; i++)
        if (!(gsl_matrix_get(factor, i, i) > 0))
            *status = GSL_EDOM;
    if (*status != GSL_SUCCESS) {
        gsl_matrix_free(factor);
        return NULL;
    }
    return factor;
}

int fit_generalised(const gsl_matrix *design, const gsl_vector *data, const gsl_matrix *covariance,
                    gsl_vector *parameters, gsl_matrix *errors, double *chi2) {
    int status;
    gsl_matrix *factor = cholesky_factor(covariance, &status);
    if (factor == NULL)
        return status;
    gsl_matrix *x = gsl_matrix_alloc(design->size1, design->size2);
    gsl_vector *y = gsl_vector_alloc(data->size);
    gsl_multifit_linear_workspace *workspace = gsl_multifit_linear_alloc(design->size1, design->size2);
    if (x == NULL || y == NULL || workspace == NULL) {
        status = GSL_ENOMEM;
    } else {
        gsl_matrix_memcpy(x, design);
        gsl_vector_memcpy(y, data);
        gsl_blas_dtrsm(CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, 1, factor, x);
        gsl_blas_dtrsv(CblasLower, CblasNoTrans, CblasNonUnit, factor, y);
        // After whitening every datum has variance 1, as gsl_multifit_wlinear wants it with unit weights.
        gsl_vector *weights = gsl_vector_alloc(data->size);
        if (weights == NULL) {
            status = GSL_ENOMEM;
        } else {
            gsl_vector_set_all(weights, 1);
            status = gsl_multifit_wlinear(x, weights, y, parameters, errors, chi2, workspace);
            gsl_vector_free(weights);
        }
    }
    if (workspace != NULL)
        gsl_multifit_linear_free(workspace);
    gsl_vector_free(y);
    gsl_matrix_free(x);
    gsl_matrix_free(factor);
    return status;
}

int fit_chi2(const gsl_vector *residual, const gsl_matrix *covariance, double *chi2) {
    int status;
    gsl_matrix *factor = cholesky_factor(covariance, &status);
    if (factor == NULL)
        return status;
    gsl_vector *white = gsl_vector_alloc(residual->size);
    if (white == NULL) {
        status = GSL_ENOMEM;
    } else {
        gsl_vector_memcpy(white, residual);
        gsl_blas_dtrsv(CblasLower, CblasNoTrans, CblasNonUnit, factor, white);
        gsl_blas_ddot(white, white, chi2);
    }
    gsl_vector_free(white);
    gsl_matrix_free(factor);
    return status;
}

void fit_sample_interval(double q, double freedom, double level, double *low, double *high) {
    *low = gsl_cdf_chisq_Pinv((1 - level) / 2, freedom) / q;
    *high = gsl_cdf_chisq_Qinv((1 - level) / 2, freedom) / q;
}

// Mean of ln x, and the sum of squared deviations from it.
static void log_moments(const double *x, size_t n, double *mean, double *spread) {
    *mean = *spread = 0;
    for (size_t i = 0; i < n; i++)
        *mean += log(x[i]) / (double)n;
    for (size_t i = 0; i < n; i++)
        *spread += gsl_pow_2(log(x[i]) - *mean);
}

double fit_log_slope(const double *x, const double *y, size_t n) {
    double mean, spread, slope = 0;
    log_moments(x, n, &mean, &spread);
    for (size_t i = 0; i < n; i++)
        slope += (log(x[i]) - mean) / spread * log(y[i]);
    return slope;
}

double fit_log_slope_room(const double *x, const double *y, size_t n, double half) {
    double mean, spread, room = 0;
    log_moments(x, n, &mean, &spread);
    for (size_t i = 0; i < n; i++)
        room += fabs(log(x[i]) - mean) / spread * half / y[i];
    return room;
}
