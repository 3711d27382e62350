// SPDX-License-Identifier: GPL-3.0-or-later
// Integrals of real functions with an estimated error; see quadrature.h.
#include "stat/quadrature.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_integration.h>

enum { SUBINTERVALS = 512 };

// GSL's functions take a context that is not const.
typedef struct call {
    quadrature_function_t f;
    const void *context;
} call_t;

static double evaluate(double x, void *parameter) {
    const call_t *call = parameter;
    return call->f(x, call->context);
}

static int integrate_pieces(gsl_function *f, const double *points, size_t count, double tolerance,
                            gsl_integration_workspace *workspace, gsl_sf_result *result) {
    const double share = tolerance / (double)(count - 1);
    gsl_sf_result sum = {0, 0};
    for (size_t i = 0; i + 1 < count; i++) {
        double value, error;
        const int status = gsl_integration_qag(f, points[i], points[i + 1], share, 0, SUBINTERVALS,
                                               GSL_INTEG_GAUSS61, workspace, &value, &error);
        if (status != GSL_SUCCESS && !(status == GSL_EROUND && error <= 10 * share))
            return status;
        sum.val += value;
        sum.err += error;
    }
    *result = sum;
    return GSL_SUCCESS;
}

int quadrature_integrate(quadrature_function_t f, const void *context, const double *points, size_t count,
                         double tolerance, gsl_sf_result *result) {
    if (count < 2 || !(tolerance > 0))
        return GSL_EINVAL;
    for (size_t i = 0; i + 1 < count; i++)
        if (!(points[i] <= points[i + 1]))
            return GSL_EINVAL;
    gsl_integration_workspace *workspace = gsl_integration_workspace_alloc(SUBINTERVALS);
    if (workspace == NULL)
        return GSL_ENOMEM;
    call_t call = {f, context};
    gsl_function function = {evaluate, &call};
    const int status = integrate_pieces(&function, points, count, tolerance, workspace, result);
    gsl_integration_workspace_free(workspace);
    return status;
}
