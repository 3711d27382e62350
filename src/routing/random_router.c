// SPDX-License-Identifier: GPL-3.0-or-later
// Means over random routers; see random_router.h.
#include "routing/random_router.h"

#include "routing/great_circle.h"
#include "stat/quadrature.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>
#include <stdbool.h>

static const ulong MOST_EXPERTS = UWORD(1) << 20;
static const ulong MOST_DIMENSION = 3;
static const double TOLERANCE = 1e-14; // of a probability
static const double FAR = 5; // standard deviations beyond which a normal density is below TOLERANCE^2

static bool within(const random_router_t *router) {
    return router->experts >= 2 && router->experts <= MOST_EXPERTS && router->active >= 1 &&
           router->active < router->experts && router->dimension >= 1 && router->dimension <= MOST_DIMENSION;
}

// C(n, j) for j <= 3, in floating point without a rounding error below 2^53.
static double choose(double n, ulong j) {
    double result = 1;
    for (ulong i = 1; i <= j; i++)
        result = result * (n - (double)(i - 1)) / (double)i;
    return result;
}

// The density of the common value z of three tied logits, times the probability that it is at the k-th place.
static double triple_tie(double z, const void *context) {
    const random_router_t *router = context;
    const unsigned others = (unsigned)router->experts - 3, active = (unsigned)router->active;
    const double above = gsl_cdf_ugaussian_Q(z);
    double place = gsl_ran_binomial_pdf(active - 1, above, others);
    if (active > 1)
        place += gsl_ran_binomial_pdf(active - 2, above, others);
    return place * M_SQRT3 * gsl_ran_ugaussian_pdf(M_SQRT3 * z);
}

static int sphere(const random_router_t *router, gsl_sf_result *result) {
    // Where the k-th of N is expected, the integrand changes fastest.
    const double middle = gsl_cdf_ugaussian_Qinv((double)router->active / (double)router->experts);
    const double points[] = {-FAR - 1, GSL_MAX(middle, -FAR), FAR + 1};
    gsl_sf_result place;
    if (router->experts < 3) {
        *result = (gsl_sf_result){2, 0};
        return GSL_SUCCESS;
    }
    const int status = quadrature_integrate(triple_tie, router, points, 3, TOLERANCE, &place);
    if (status != GSL_SUCCESS)
        return status;
    const double triples = choose((double)router->experts, 3);
    *result = (gsl_sf_result){2 + triples * place.val, triples * place.err};
    return GSL_SUCCESS;
}

int random_router_coalitions(const random_router_t *router, ulong m, gsl_sf_result *result) {
    ball_t circle;
    if (!within(router) || m > MOST_DIMENSION)
        return GSL_EDOM;
    if (m == 3)
        return sphere(router, result);
    if (m < 2) {
        *result = (gsl_sf_result){2 * (double)m, 0};
        return GSL_SUCCESS;
    }
    const int status = great_circle_cells(router->experts, router->active, &circle);
    if (status == GSL_SUCCESS)
        *result = (gsl_sf_result){circle.value, circle.radius};
    return status;
}

int random_router_level(const random_router_t *router, ulong level, gsl_sf_result *result) {
    if (!within(router) || level > router->dimension)
        return GSL_EDOM;
    const ulong m = router->dimension - level;
    gsl_sf_result lower, upper;
    if (level == 0)
        return random_router_coalitions(router, m, result);
    int status = random_router_coalitions(router, m, &lower);
    if (status == GSL_SUCCESS)
        status = random_router_coalitions(router, m + 1, &upper);
    if (status != GSL_SUCCESS)
        return status;
    const double sets = choose((double)router->active * (double)router->width, level);
    *result = (gsl_sf_result){sets * (lower.val + upper.val) / 2, sets * (lower.err + upper.err) / 2};
    return GSL_SUCCESS;
}

int random_router_regions(const random_router_t *router, gsl_sf_result *result) {
    if (!within(router))
        return GSL_EDOM;
    gsl_sf_result sum = {0, 0};
    for (ulong j = 0; j <= router->dimension; j++) {
        gsl_sf_result level;
        const int status = random_router_level(router, j, &level);
        if (status != GSL_SUCCESS)
            return status;
        sum.val += level.val;
        sum.err += level.err;
    }
    *result = sum;
    return GSL_SUCCESS;
}
