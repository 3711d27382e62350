// SPDX-License-Identifier: GPL-3.0-or-later
// The soft-hard gap of affine routers in the plane; see first_order_plane.h.
#include "routing/first_order_plane.h"

#include "routing/softmax.h"
#include "stat/quadrature.h"

#include <float.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_sf_dilog.h>
#include <gsl/gsl_sort.h>
#include <math.h>
#include <stdbool.h>

enum { MAX_LINES = PLANAR_ROUTER_MAX * (PLANAR_ROUTER_MAX - 1) / 2 };

// Inputs beyond REACH carry a mass of 2e-22; gates change over some LAYER temperatures.
static const double REACH = 10, LAYER = 10;

// ---- Predictions ----

double plane_affine_value(const plane_affine_t *f, const double x[2]) {
    return f->c[0] * x[0] + f->c[1] * x[1] + f->c[2];
}

// sum over k of p_k (f_k - f_winner): the soft prediction minus the hard one.
static double softening(const first_order_plane_t *plane, double tau, const double x[2], size_t winner) {
    const size_t n = plane->router.experts;
    const double hard = plane_affine_value(&plane->expert[winner], x);
    double gates[PLANAR_ROUTER_MAX], sum = 0;
    planar_router_logits(&plane->router, x, gates);
    softmax_gates(gates, n, tau, gates);
    for (size_t k = 0; k < n; k++)
        sum += gates[k] * (plane_affine_value(&plane->expert[k], x) - hard);
    return sum;
}

double first_order_plane_predict(const first_order_plane_t *plane, double tau, const double x[2]) {
    const size_t winner = planar_router_winner(&plane->router, x);
    return plane_affine_value(&plane->expert[winner], x) + softening(plane, tau, x, winner);
}

// ---- The constant ----

// The line {a_k = a_l}, of which the part counts where the pair leads.
typedef struct edge {
    const first_order_plane_t *plane;
    size_t k, l;
    planar_edge_t line;
} edge_t;

static double edge_integrand(double u, const void *context) {
    const edge_t *edge = context;
    const first_order_plane_t *plane = edge->plane;
    double x[2];
    planar_edge_point(&edge->line, u, x);
    const double contrast =
        plane_affine_value(&plane->expert[edge->k], x) - plane_affine_value(&plane->expert[edge->l], x);
    const double jump =
        plane_affine_value(&plane->target[edge->k], x) - plane_affine_value(&plane->target[edge->l], x);
    return contrast * (2 * M_LN2 * jump - contrast) * gsl_ran_ugaussian_pdf(x[0]) *
           gsl_ran_ugaussian_pdf(x[1]) / edge->line.steepness;
}

int first_order_plane_constant(const first_order_plane_t *plane, gsl_sf_result *result) {
    gsl_sf_result sum = {0, 0};
    for (size_t k = 0; k < plane->router.experts; k++)
        for (size_t l = k + 1; l < plane->router.experts; l++) {
            const edge_t edge = {plane, k, l, planar_router_edge(&plane->router, k, l)};
            const double low = fmax(edge.line.ends[0], -REACH), high = fmin(edge.line.ends[1], REACH);
            if (!(low < high))
                continue;
            gsl_sf_result part;
            const double points[] = {low, (low + high) / 2, high};
            const int status = quadrature_integrate(edge_integrand, &edge, points, 3, 1e-13, &part);
            if (status != GSL_SUCCESS)
                return status;
            sum.val += part.val;
            sum.err += part.err;
        }
    *result = sum;
    return GSL_SUCCESS;
}

// ---- Junctions ----

double first_order_plane_lambda(void) {
    return -2 * gsl_sf_dilog(-0.5) - M_PI * M_PI / 12;
}

// 2 ln cosh(ln(1 + z) / 2) = 2 ln(1 + z/2) - ln(1 + z), z = exp(-w).
static void lambda_ball(acb_t result, const acb_t w, int analytic, const void *context, slong precision) {
    (void)context;
    acb_t z;
    acb_init(z);
    acb_neg(z, w);
    acb_exp(z, z, precision);
    acb_add_ui(result, z, 1, precision);
    acb_log_analytic(result, result, analytic, precision);
    acb_mul_2exp_si(z, z, -1);
    acb_add_ui(z, z, 1, precision);
    acb_log_analytic(z, z, analytic, precision);
    acb_mul_2exp_si(z, z, 1);
    acb_sub(result, z, result, precision);
    acb_clear(z);
}

int first_order_plane_lambda_certified(ball_t *result) {
    ball_t ball;
    const int status = ball_integrate(lambda_ball, NULL, 0, 64, 1e-20, &ball);
    if (status != GSL_SUCCESS)
        return status;
    ball.radius += 1e-50 + ball.radius * DBL_EPSILON; // beyond 64 the integrand is below exp(-2 w) / 4
    *result = ball;
    return GSL_SUCCESS;
}

double first_order_plane_second(const first_order_plane_t *plane) {
    planar_junction_t junctions[PLANAR_MAX_JUNCTIONS];
    const size_t count = planar_router_junctions(&plane->router, REACH, junctions);
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        const planar_junction_t *at = &junctions[i];
        double value[3];
        for (int j = 0; j < 3; j++)
            value[j] = plane_affine_value(&plane->expert[at->expert[j]], at->x);
        sum += (gsl_pow_2(value[0] - value[1]) + gsl_pow_2(value[0] - value[2]) +
                gsl_pow_2(value[1] - value[2])) *
               at->density;
    }
    return first_order_plane_lambda() * sum;
}

// ---- The gap ----

// Where on the line x_0 = x the experts k and l tie and lead, and |d(a_k - a_l)/dx_1| there.
static bool crossing(const planar_router_t *router, double x, size_t k, size_t l, double *y, double *slope) {
    const double *a = router->weight[k], *b = router->weight[l], rise = a[1] - b[1];
    if (rise == 0)
        return false;
    *y = -((a[0] - b[0]) * x + (router->bias[k] - router->bias[l])) / rise;
    *slope = fabs(rise);
    return fabs(*y) < REACH && planar_router_lead(router, (double[]){x, *y}, k, l, l) >= 0;
}

typedef struct section {
    const first_order_plane_t *plane;
    double tau, x, tolerance;
    int *status; // of the inner integrals: the first that is not GSL_SUCCESS
} section_t;

static double section_integrand(double y, const void *context) {
    const section_t *section = context;
    const first_order_plane_t *plane = section->plane;
    const double x[2] = {section->x, y};
    const size_t winner = planar_router_winner(&plane->router, x);
    const double step = softening(plane, section->tau, x, winner);
    const double residual =
        plane_affine_value(&plane->target[winner], x) - plane_affine_value(&plane->expert[winner], x);
    return step * (step - 2 * residual) * gsl_ran_ugaussian_pdf(y);
}

int first_order_plane_section(const first_order_plane_t *plane, double tau, double x, double tolerance,
                              gsl_sf_result *result) {
    if (!(tau > 0) || !(tolerance > 0))
        return GSL_EDOM;
    double points[3 * MAX_LINES + 2] = {-REACH, REACH};
    size_t count = 2;
    for (size_t k = 0; k < plane->router.experts; k++)
        for (size_t l = k + 1; l < plane->router.experts; l++) {
            double y, slope;
            if (!crossing(&plane->router, x, k, l, &y, &slope))
                continue;
            points[count++] = y;
            points[count++] = fmax(-REACH, y - LAYER * tau / slope);
            points[count++] = fmin(REACH, y + LAYER * tau / slope);
        }
    gsl_sort(points, 1, count);
    const section_t section = {.plane = plane, .tau = tau, .x = x};
    return quadrature_integrate(section_integrand, &section, points, count, tolerance, result);
}

static double gap_integrand(double x, const void *context) {
    const section_t *section = context;
    gsl_sf_result value = {0, 0};
    const int status = first_order_plane_section(section->plane, section->tau, x, section->tolerance, &value);
    if (status != GSL_SUCCESS)
        *section->status = status;
    return value.val * gsl_ran_ugaussian_pdf(x);
}

int first_order_plane_gap(const first_order_plane_t *plane, double tau, double tolerance,
                          gsl_sf_result *result) {
    if (!(tau > 0) || !(tolerance > 0))
        return GSL_EDOM;
    planar_junction_t junctions[PLANAR_MAX_JUNCTIONS];
    double points[PLANAR_MAX_JUNCTIONS + 2] = {-REACH, REACH};
    const size_t count = planar_router_junctions(&plane->router, REACH, junctions);
    for (size_t i = 0; i < count; i++)
        points[2 + i] = junctions[i].x[0];
    gsl_sort(points, 1, count + 2);
    int inner = GSL_SUCCESS;
    const section_t section = {plane, tau, 0, tolerance / 4, &inner};
    gsl_sf_result value;
    const int status =
        quadrature_integrate(gap_integrand, &section, points, count + 2, tolerance / 2, &value);
    if (inner != GSL_SUCCESS || status != GSL_SUCCESS)
        return inner != GSL_SUCCESS ? inner : status;
    *result = (gsl_sf_result){value.val, value.err + tolerance / 4};
    return GSL_SUCCESS;
}
