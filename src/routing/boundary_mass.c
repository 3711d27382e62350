// SPDX-License-Identifier: GPL-3.0-or-later
// The three boundary masses of a router; see boundary_mass.h.
#include "routing/boundary_mass.h"

#include "routing/margin.h"
#include "routing/softmax.h"
#include "stat/quadrature.h"

#include <arb.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_sort.h>
#include <math.h>

// ---- Events ----

bool boundary_mass_is_nested(boundary_mass_events_t events) {
    return (!events.near || events.ambiguous) && (!events.ambiguous || events.wide) &&
           (!events.wide || events.pairwise);
}

static double relative(double left, double right) {
    return fabs(left - right) / (1 + fabs(left) + fabs(right));
}

boundary_mass_events_t boundary_mass_events(const double *logits, size_t n, double tau, double epsilon,
                                            double *distance) {
    const double top = margin_top_two(logits, n) / tau, pair = margin_pairwise(logits, n) / tau;
    const double kappa = margin_kappa(epsilon), kappa_n = margin_kappa_many(epsilon, n);
    if (distance)
        *distance = fmin(fmin(relative(top, kappa), relative(top, kappa_n)),
                         fmin(relative(pair, kappa_n), fabs(softmax_tail(logits, n, tau) / epsilon - 1)));
    return (boundary_mass_events_t){top <= kappa, softmax_is_ambiguous(logits, n, tau, epsilon),
                                    top <= kappa_n, pair <= kappa_n};
}

// The sign of a ball: -1, 0 for exactly zero, 1, or 2 while it is open.
static int certain_sign(const arb_t x) {
    return arb_is_zero(x) ? 0 : arb_is_positive(x) ? 1 : arb_is_negative(x) ? -1 : 2;
}

// odds = (1 - epsilon) / epsilon of the very double epsilon.
static void set_odds(arb_t odds, double epsilon, slong precision) {
    arb_t divisor;
    arb_init(divisor);
    arb_set_d(divisor, epsilon);
    arb_sub_ui(odds, divisor, 1, precision);
    arb_neg(odds, odds);
    arb_div(odds, odds, divisor, precision);
    arb_clear(divisor);
}

// The sign of ln(factor (1 - epsilon) / epsilon) tau - (a - b).
static int slab_sign(double a, double b, double tau, double epsilon, ulong factor, slong precision) {
    arb_t width, margin;
    arb_init(width);
    arb_init(margin);
    set_odds(width, epsilon, precision);
    arb_mul_ui(width, width, factor, precision);
    arb_log(width, width, precision);
    arb_set_d(margin, tau);
    arb_mul(width, width, margin, precision);
    arb_set_d(margin, a);
    arb_sub(width, width, margin, precision);
    arb_set_d(margin, b);
    arb_add(width, width, margin, precision);
    const int sign = certain_sign(width);
    arb_clear(margin);
    arb_clear(width);
    return sign;
}

// The sign of odds * (sum over the losers of exp((a_l - a_winner) / tau)) - 1.
static int tail_sign(const double *logits, size_t n, size_t winner, double tau, double epsilon,
                     slong precision) {
    arb_t sum, term, other;
    arb_init(sum);
    arb_init(term);
    arb_init(other);
    for (size_t l = 0; l < n; l++) {
        if (l == winner)
            continue;
        arb_set_d(term, logits[l]);
        arb_set_d(other, logits[winner]);
        arb_sub(term, term, other, precision);
        arb_set_d(other, tau);
        arb_div(term, term, other, precision);
        arb_exp(term, term, precision);
        arb_add(sum, sum, term, precision);
    }
    set_odds(other, epsilon, precision);
    arb_mul(sum, sum, other, precision);
    arb_sub_ui(sum, sum, 1, precision);
    const int sign = certain_sign(sum);
    arb_clear(other);
    arb_clear(term);
    arb_clear(sum);
    return sign;
}

// Of the pairwise margin: near when one gap of neighbours in the order is, far when all are.
static int pairwise_sign(const double *sorted, size_t n, double tau, double epsilon, slong precision) {
    int sign = -1;
    for (size_t i = 0; i + 1 < n; i++) {
        const int gap = slab_sign(sorted[i], sorted[i + 1], tau, epsilon, n - 1, precision);
        if (gap == 0 || gap == 1)
            return gap;
        if (gap == 2)
            sign = 2;
    }
    return sign;
}

int boundary_mass_events_certified(const double *logits, size_t n, double tau, double epsilon,
                                   boundary_mass_events_t *events) {
    double sorted[BOUNDARY_MASS_MAX_EXPERTS];
    gsl_sort_largest(sorted, n, logits, 1, n);
    for (slong precision = 64; precision <= 1024; precision *= 2) {
        const int near = slab_sign(sorted[0], sorted[1], tau, epsilon, 1, precision);
        const int ambiguous = tail_sign(sorted, n, 0, tau, epsilon, precision);
        const int wide = slab_sign(sorted[0], sorted[1], tau, epsilon, n - 1, precision);
        const int pairwise = pairwise_sign(sorted, n, tau, epsilon, precision);
        if (near == 2 || ambiguous == 2 || wide == 2 || pairwise == 2)
            continue;
        *events = (boundary_mass_events_t){near >= 0, ambiguous >= 0, wide >= 0, pairwise >= 0};
        return GSL_SUCCESS;
    }
    return GSL_EFAILED;
}

// ---- A convex region of the plane where one expert leads ----

// Beyond REACH from the origin lies a mass of exp(-REACH^2 / 2) < 1e-27.
static const double REACH = 11;
static const double TOLERANCE = 1e-13; // of the integral over one piece of directions

typedef struct region {
    const planar_router_t *router;
    size_t expert;
    double tau;   // 0 for the polygon
    double width; // by which the expert leads: w, or kappa tau
    double inside[2];
} region_t;

// The concave function that is positive inside: a_k - max of the others - width, or with the smooth maximum.
static double region_depth(const region_t *region, const double x[2]) {
    double logits[BOUNDARY_MASS_MAX_EXPERTS] = {0};
    const size_t n = region->router->experts;
    planar_router_logits(region->router, x, logits);
    const double own = logits[region->expert];
    logits[region->expert] = logits[n - 1];
    double rival = logits[0];
    if (region->tau > 0)
        rival = softmax_log_sum_exp(logits, n - 1, region->tau);
    else
        for (size_t l = 1; l + 1 < n; l++)
            rival = fmax(rival, logits[l]);
    return own - rival - region->width;
}

// What a point inside should have: depth, up to 1, and little distance from the origin.
typedef struct search {
    const region_t *region;
    double penalty;
    double goal; // of the place, in lengths
} search_t;

static double search_value(const search_t *search, double x, double y) {
    return fmin(region_depth(search->region, (double[]){x, y}), 1) - search->penalty * (x * x + y * y);
}

// The maximum of a concave function on [-REACH, REACH]^2: over y for given x by golden sections, over x by thirds.
static double best_y(const search_t *search, double x) {
    static const double golden = 0.6180339887498949;
    double low = -REACH, high = REACH;
    double left = high - golden * (high - low), right = low + golden * (high - low);
    double at_left = search_value(search, x, left), at_right = search_value(search, x, right);
    while (high - low > search->goal) {
        if (at_left < at_right) {
            low = left;
            left = right;
            at_left = at_right;
            right = low + golden * (high - low);
            at_right = search_value(search, x, right);
        } else {
            high = right;
            right = left;
            at_right = at_left;
            left = high - golden * (high - low);
            at_left = search_value(search, x, left);
        }
    }
    return (low + high) / 2;
}

static void find_inside(region_t *region, double penalty, double goal) {
    const search_t search = {region, penalty, goal};
    double low = -REACH, high = REACH;
    while (high - low > goal) {
        const double left = low + (high - low) / 3, right = high - (high - low) / 3;
        if (search_value(&search, left, best_y(&search, left)) <
            search_value(&search, right, best_y(&search, right)))
            low = left;
        else
            high = right;
    }
    region->inside[0] = (low + high) / 2;
    region->inside[1] = best_y(&search, region->inside[0]);
}

// The distance along a ray at which the polygon ends, at most 2 REACH.
static double polygon_end(const region_t *region, const double direction[2]) {
    const planar_router_t *router = region->router;
    const size_t own = region->expert;
    const double *c = region->inside;
    double end = 2 * REACH;
    for (size_t l = 0; l < router->experts; l++) {
        const double w[2] = {router->weight[own][0] - router->weight[l][0],
                             router->weight[own][1] - router->weight[l][1]};
        const double rate = w[0] * direction[0] + w[1] * direction[1];
        const double slack = w[0] * c[0] + w[1] * c[1] + router->bias[own] - router->bias[l] - region->width;
        if (l != own && rate < 0)
            end = fmin(end, fmax(slack, 0) / -rate);
    }
    return end;
}

// The smooth region ends inside its polygon. Newton's tangents lie above a concave function, so that from there the
// steps fall to the end and never pass it.
static double region_end(const region_t *region, const double direction[2]) {
    double end = polygon_end(region, direction);
    if (region->tau == 0)
        return end;
    const size_t n = region->router->experts, own = region->expert;
    const double(*weights)[2] = region->router->weight;
    for (int step = 0; step < 60; step++) {
        const double x[2] = {region->inside[0] + end * direction[0], region->inside[1] + end * direction[1]};
        double logits[BOUNDARY_MASS_MAX_EXPERTS], sum = 0, slope = 0;
        planar_router_logits(region->router, x, logits);
        double rival = -INFINITY;
        for (size_t l = 0; l < n; l++)
            rival = l == own ? rival : fmax(rival, logits[l]);
        for (size_t l = 0; l < n; l++)
            if (l != own) {
                const double weight = exp((logits[l] - rival) / region->tau);
                sum += weight;
                slope += weight * ((weights[own][0] - weights[l][0]) * direction[0] +
                                   (weights[own][1] - weights[l][1]) * direction[1]);
            }
        const double depth = logits[own] - rival - region->tau * log(sum) - region->width;
        if (depth >= 0)
            return end;
        const double change = depth * sum / slope;
        end = fmax(end - change, 0);
        if (change <= 1e-15 * (1 + end))
            return end;
    }
    return end;
}

// The Gaussian integral along the ray from c in the direction e, int_0^end exp(-|c + r e|^2 / 2) r dr / (2 pi), with
// m = c.e: in s = r + m the integrand is (s - m) exp(-s^2 / 2) times exp(-(|c|^2 - m^2) / 2).
static double ray_integrand(double angle, const void *context) {
    const region_t *region = context;
    const double direction[2] = {cos(angle), sin(angle)}, *c = region->inside;
    const double m = c[0] * direction[0] + c[1] * direction[1];
    const double end = m + region_end(region, direction);
    const double across = c[0] * direction[1] - c[1] * direction[0];
    const double normal = m > 0 ? gsl_cdf_ugaussian_Q(m) - gsl_cdf_ugaussian_Q(end)
                                : gsl_cdf_ugaussian_P(end) - gsl_cdf_ugaussian_P(m);
    const double density = gsl_ran_ugaussian_pdf(m) - gsl_ran_ugaussian_pdf(end);
    return gsl_ran_ugaussian_pdf(across) * (density - m * normal);
}

// The directions of the corners of the polygon, between -pi and pi, ascending: there the end of a ray has its kinks.
static size_t corner_directions(const region_t *region, double *angles) {
    const planar_router_t *r = region->router;
    const size_t n = r->experts, own = region->expert;
    const double *c = region->inside;
    size_t count = 0;
    angles[count++] = -M_PI;
    for (size_t l = 0; l < n; l++)
        for (size_t m = l + 1; m < n; m++) {
            const double a[3] = {r->weight[own][0] - r->weight[l][0], r->weight[own][1] - r->weight[l][1],
                                 r->bias[own] - r->bias[l] - region->width};
            const double b[3] = {r->weight[own][0] - r->weight[m][0], r->weight[own][1] - r->weight[m][1],
                                 r->bias[own] - r->bias[m] - region->width};
            const double det = a[0] * b[1] - a[1] * b[0];
            if (l == own || m == own || det == 0)
                continue;
            const double x[2] = {(a[1] * b[2] - b[1] * a[2]) / det, (b[0] * a[2] - a[0] * b[2]) / det};
            const double angle = atan2(x[1] - c[1], x[0] - c[0]);
            const double direction[2] = {cos(angle), sin(angle)};
            if (hypot(x[0] - c[0], x[1] - c[1]) > polygon_end(region, direction) * (1 + 1e-9))
                continue;
            size_t place = count++;
            for (; place > 0 && angles[place - 1] > angle; place--)
                angles[place] = angles[place - 1];
            angles[place] = angle;
        }
    angles[count++] = M_PI;
    return count;
}

static int region_mass(region_t *region, gsl_sf_result *mass) {
    find_inside(region, 1e-3, 1e-2); // any point well inside will do
    if (!(region_depth(region, region->inside) > 0.05))
        find_inside(region, 0, 1e-8); // the deepest point of a thin region, if there is one
    if (!(region_depth(region, region->inside) > 0)) {
        *mass = (gsl_sf_result){0, 0};
        return GSL_SUCCESS;
    }
    double angles[2 + BOUNDARY_MASS_MAX_EXPERTS * BOUNDARY_MASS_MAX_EXPERTS / 2];
    const size_t count = corner_directions(region, angles);
    return quadrature_integrate(ray_integrand, region, angles, count, TOLERANCE * (double)count, mass);
}

static int outside_mass(const planar_router_t *router, double tau, double width, gsl_sf_result *result) {
    if (router->experts < 2 || router->experts > BOUNDARY_MASS_MAX_EXPERTS || !(width >= 0))
        return GSL_EINVAL;
    gsl_sf_result sum = {1, 4e-16};
    for (size_t k = 0; k < router->experts; k++) {
        region_t region = {router, k, tau, width, {0, 0}};
        gsl_sf_result mass;
        const int status = region_mass(&region, &mass);
        if (status != GSL_SUCCESS)
            return status;
        sum.val -= mass.val;
        sum.err += mass.err;
    }
    *result = sum;
    return GSL_SUCCESS;
}

int boundary_mass_top_two(const planar_router_t *router, double width, gsl_sf_result *result) {
    return outside_mass(router, 0, width, result);
}

int boundary_mass_ambiguous(const planar_router_t *router, double tau, double epsilon,
                            gsl_sf_result *result) {
    if (!(tau > 0) || !(epsilon > 0 && epsilon < 0.5))
        return GSL_EDOM;
    return outside_mass(router, tau, margin_kappa(epsilon) * tau, result);
}
