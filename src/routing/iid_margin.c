// SPDX-License-Identifier: GPL-3.0-or-later
// Margins of independent standard normal logits; see iid_margin.h.
#include "routing/iid_margin.h"

#include "stat/quadrature.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double END = 9; // where the normal law ends
static const double POINTS[] = {-9, -3, 0, 3, 9};
enum { POINT_COUNT = sizeof POINTS / sizeof *POINTS };

typedef struct logits {
    double others; // the exponent of Phi
    double shift;  // w
} logits_t;

double iid_margin_pair_density(size_t experts) {
    return (double)experts * (double)(experts - 1) / (2 * sqrt(M_PI));
}

static double top_tie(double x, const void *context) {
    const logits_t *l = context;
    return gsl_pow_2(gsl_ran_ugaussian_pdf(x)) * pow(gsl_cdf_ugaussian_P(x), l->others);
}

int iid_margin_top_density(size_t experts, gsl_sf_result *result) {
    const logits_t l = {(double)experts - 2, 0};
    const double pairs = (double)experts * (double)(experts - 1);
    gsl_sf_result tie;
    const int status = quadrature_integrate(top_tie, &l, POINTS, POINT_COUNT, 1e-14, &tie);
    if (status == GSL_SUCCESS)
        *result = (gsl_sf_result){pairs * tie.val, pairs * tie.err};
    return status;
}

static double clear_winner(double x, const void *context) {
    const logits_t *l = context;
    return gsl_ran_ugaussian_pdf(x) * pow(gsl_cdf_ugaussian_P(x - l->shift), l->others);
}

int iid_margin_top_mass(size_t experts, double w, gsl_sf_result *result) {
    const logits_t l = {(double)experts - 1, w};
    gsl_sf_result winner;
    const int status = quadrature_integrate(clear_winner, &l, POINTS, POINT_COUNT, 1e-13, &winner);
    if (status == GSL_SUCCESS)
        *result = (gsl_sf_result){1 - (double)experts * winner.val, (double)experts * winner.err};
    return status;
}

// Replaces g by its integral from the left end, g being 0 outside of the grid: over each step the integral of the polynomial
// of degree 5 through the six nearest values.
static void accumulate(double *g, size_t count, double step, double *scratch) {
    static const double RULE[] = {11.0 / 1440,  -93.0 / 1440, 802.0 / 1440,
                                  802.0 / 1440, -93.0 / 1440, 11.0 / 1440};
    double sum = 0;
    scratch[0] = 0;
    for (size_t i = 1; i < count; i++) {
        for (size_t j = 0; j < 6; j++) // values i - 3 to i + 2
            if (i + j >= 3 && i + j - 3 < count)
                sum += step * RULE[j] * g[i + j - 3];
        scratch[i] = sum;
    }
    memcpy(g, scratch, count * sizeof *g);
}

int iid_margin_pair_mass(size_t experts, double w, double *mass) {
    if (!(w > 0))
        return GSL_EINVAL;
    const size_t shift = (size_t)ceil(w / 0.01);
    const double step = w / (double)shift;
    const size_t count = (size_t)(2 * END / step) + 1;
    double *g = malloc(count * sizeof *g), *scratch = malloc(count * sizeof *scratch);
    if (g == NULL || scratch == NULL) {
        free(g);
        free(scratch);
        return GSL_ENOMEM;
    }
    double orders = 1;
    for (size_t i = 0; i < count; i++)
        g[i] = gsl_ran_ugaussian_pdf(-END + step * (double)i);
    for (size_t j = 2; j <= experts; j++) {
        orders *= (double)j;
        accumulate(g, count, step, scratch);
        for (size_t i = count; i-- > 0;)
            g[i] = i < shift ? 0 : gsl_ran_ugaussian_pdf(-END + step * (double)i) * g[i - shift];
    }
    accumulate(g, count, step, scratch);
    *mass = 1 - orders * g[count - 1];
    free(g);
    free(scratch);
    return GSL_SUCCESS;
}
