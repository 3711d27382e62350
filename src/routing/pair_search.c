// SPDX-License-Identifier: GPL-3.0-or-later
// Minimisers and critical points of a pair's landscape; see pair_search.h.
#include "routing/pair_search.h"

#include <gsl/gsl_blas.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_linalg.h>
#include <gsl/gsl_multimin.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { NEWTON_STEPS = 60, DESCENT_STEPS = 200, DOUBLINGS = 10, BISECTIONS = 10 };
static const double GOLDEN = 0.6180339887498949, MINIMUM_WIDTH = 1e-9; // golden sections
static const double DESCENT_GRADIENT = 1e-7, FIRST_STEP = 0.01;

// Whether z + t direction has its interface within the limit and a risk of at most `level`.
static int try_step(const pair_landscape_t *landscape, double tau, const double *z, const double *direction,
                    double t, double level, double limit, bool *good) {
    double at[PAIR_LANDSCAPE_MAX], risk;
    for (size_t i = 0; i < pair_landscape_size(landscape); i++)
        at[i] = z[i] + t * direction[i];
    const int status = pair_landscape_risk(landscape, at, tau, &risk, NULL, NULL);
    *good = status == GSL_SUCCESS && fabs(at[0]) <= limit && risk <= level;
    return status;
}

int pair_search_climb(const pair_landscape_t *landscape, double tau, const double *direction, double level,
                      double limit, double *z) {
    double low = 0, high = FIRST_STEP;
    bool good = true;
    for (int i = 0; good && i < DOUBLINGS; i++) {
        const int status = try_step(landscape, tau, z, direction, high, level, limit, &good);
        if (status != GSL_SUCCESS)
            return status;
        if (good) {
            low = high;
            high *= 2;
        }
    }
    for (int i = 0; i < BISECTIONS; i++) {
        const double middle = (low + high) / 2;
        const int status = try_step(landscape, tau, z, direction, middle, level, limit, &good);
        if (status != GSL_SUCCESS)
            return status;
        *(good ? &low : &high) = middle;
    }
    for (size_t i = 0; i < pair_landscape_size(landscape); i++)
        z[i] += low * direction[i];
    return GSL_SUCCESS;
}

// The profile at the interface b; stores the first error.
static double profile_at(const pair_landscape_t *landscape, double tau, double b, double *z, int *status) {
    double profile = INFINITY;
    z[0] = b;
    const int found = pair_landscape_fit(landscape, tau, z, &profile);
    if (*status == GSL_SUCCESS)
        *status = found;
    return profile;
}

int pair_search_minimise(const pair_landscape_t *landscape, double tau, double limit, int scan, double *z,
                         double *profile) {
    int status = GSL_SUCCESS;
    double best = INFINITY, at = 0;
    const double step = 2 * limit / scan;
    for (int i = 0; i <= scan; i++) {
        const double value = profile_at(landscape, tau, -limit + i * step, z, &status);
        if (value < best) {
            best = value;
            at = -limit + i * step;
        }
    }
    double low = fmax(at - step, -limit), high = fmin(at + step, limit);
    while (high - low > MINIMUM_WIDTH) {
        const double left = high - GOLDEN * (high - low), right = low + GOLDEN * (high - low);
        if (profile_at(landscape, tau, left, z, &status) < profile_at(landscape, tau, right, z, &status))
            high = right;
        else
            low = left;
    }
    *profile = profile_at(landscape, tau, (low + high) / 2, z, &status);
    return status;
}

typedef struct descent {
    const pair_landscape_t *landscape;
    double tau;
} descent_t;

static void descent_both(const gsl_vector *z, void *context, double *risk, gsl_vector *gradient) {
    const descent_t *descent = context;
    if (pair_landscape_risk(descent->landscape, z->data, descent->tau, risk, gradient, NULL) != GSL_SUCCESS)
        *risk = NAN;
}

static double descent_risk(const gsl_vector *z, void *context) {
    double risk;
    descent_both(z, context, &risk, NULL);
    return risk;
}

static void descent_gradient(const gsl_vector *z, void *context, gsl_vector *gradient) {
    double risk;
    descent_both(z, context, &risk, gradient);
}

int pair_search_descend(const pair_landscape_t *landscape, double tau, double *z, double *risk) {
    const size_t size = pair_landscape_size(landscape);
    descent_t descent = {landscape, tau};
    gsl_multimin_function_fdf target = {descent_risk, descent_gradient, descent_both, size, &descent};
    gsl_vector_view start = gsl_vector_view_array(z, size);
    gsl_multimin_fdfminimizer *minimizer =
        gsl_multimin_fdfminimizer_alloc(gsl_multimin_fdfminimizer_vector_bfgs2, size);
    if (minimizer == NULL)
        return GSL_ENOMEM;
    int status = gsl_multimin_fdfminimizer_set(minimizer, &target, &start.vector, 0.1, 0.1);
    // A step that makes no progress ends the descent as well: then the gradient is small as far as rounding goes.
    for (int i = 0; status == GSL_SUCCESS && i < DESCENT_STEPS; i++)
        if (gsl_multimin_fdfminimizer_iterate(minimizer) != GSL_SUCCESS ||
            gsl_multimin_test_gradient(minimizer->gradient, DESCENT_GRADIENT) == GSL_SUCCESS)
            break;
    if (status == GSL_SUCCESS) {
        *risk = minimizer->f;
        memcpy(z, minimizer->x->data, size * sizeof *z);
    }
    gsl_multimin_fdfminimizer_free(minimizer);
    return status;
}

int pair_search_newton(const pair_landscape_t *landscape, double tau, double goal, double *z, double *norm) {
    const size_t size = pair_landscape_size(landscape);
    double g[PAIR_LANDSCAPE_MAX], h[PAIR_LANDSCAPE_MAX * PAIR_LANDSCAPE_MAX], risk;
    gsl_vector_view gradient = gsl_vector_view_array(g, size);
    gsl_matrix_view hessian = gsl_matrix_view_array(h, size, size);
    size_t order[PAIR_LANDSCAPE_MAX];
    gsl_permutation permutation = {size, order};
    for (int i = 0; i < NEWTON_STEPS; i++) {
        int sign, status = pair_landscape_risk(landscape, z, tau, &risk, &gradient.vector, &hessian.matrix);
        if (status != GSL_SUCCESS)
            return status;
        *norm = gsl_blas_dnrm2(&gradient.vector);
        if (*norm < goal)
            return GSL_SUCCESS;
        gsl_linalg_LU_decomp(&hessian.matrix, &permutation, &sign);
        status = gsl_linalg_LU_svx(&hessian.matrix, &permutation, &gradient.vector);
        if (status != GSL_SUCCESS)
            return status;
        for (size_t k = 0; k < size; k++)
            z[k] -= g[k];
    }
    return GSL_EMAXITER;
}
