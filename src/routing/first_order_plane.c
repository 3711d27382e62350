// SPDX-License-Identifier: GPL-3.0-or-later
// The soft-hard gap of affine routers in the plane; see first_order_plane.h.
#include "routing/first_order_plane.h"

#include "stat/quadrature.h"

#include <float.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_sf_dilog.h>
#include <gsl/gsl_sort.h>
#include <math.h>
#include <stdbool.h>

enum { MAX_EXPERTS = FIRST_ORDER_PLANE_MAX_EXPERTS };
enum { MAX_LINES = MAX_EXPERTS * (MAX_EXPERTS - 1) / 2 };

// Inputs beyond REACH carry a mass of 2e-22; gates change over some LAYER temperatures.
static const double REACH = 10, LAYER = 10;

// ---- The router ----

double plane_affine_value(const plane_affine_t *f, const double x[2]) {
    return f->c[0] * x[0] + f->c[1] * x[1] + f->c[2];
}

static plane_affine_t difference(const plane_affine_t *f, const plane_affine_t *g) {
    return (plane_affine_t){{f->c[0] - g->c[0], f->c[1] - g->c[1], f->c[2] - g->c[2]}};
}

size_t first_order_plane_winner(const first_order_plane_t *plane, const double x[2]) {
    size_t winner = 0;
    double best = -HUGE_VAL;
    for (size_t k = 0; k < plane->experts; k++) {
        const double logit = plane_affine_value(&plane->logit[k], x);
        if (logit > best) {
            best = logit;
            winner = k;
        }
    }
    return winner;
}

// sum over k of p_k (f_k - f_winner): the soft prediction minus the hard one.
static double softening(const first_order_plane_t *plane, double tau, const double x[2], size_t winner) {
    const double best = plane_affine_value(&plane->logit[winner], x);
    const double hard = plane_affine_value(&plane->expert[winner], x);
    double total = 0, sum = 0;
    for (size_t k = 0; k < plane->experts; k++) {
        const double weight = exp((plane_affine_value(&plane->logit[k], x) - best) / tau);
        total += weight;
        if (k != winner)
            sum += weight * (plane_affine_value(&plane->expert[k], x) - hard);
    }
    return sum / total;
}

double first_order_plane_predict(const first_order_plane_t *plane, double tau, const double x[2]) {
    const size_t winner = first_order_plane_winner(plane, x);
    return plane_affine_value(&plane->expert[winner], x) + softening(plane, tau, x, winner);
}

// By how much expert k leads at x over all but k, l and m; infinite when there are no others.
static double lead_over_others(const first_order_plane_t *plane, const double x[2], size_t k, size_t l,
                               size_t m) {
    double next = -HUGE_VAL;
    for (size_t n = 0; n < plane->experts; n++)
        if (n != k && n != l && n != m)
            next = fmax(next, plane_affine_value(&plane->logit[n], x));
    return plane_affine_value(&plane->logit[k], x) - next;
}

// ---- The constant ----

// The line {a_k = a_l}: foot + u direction, u its arc length.
typedef struct edge {
    const first_order_plane_t *plane;
    size_t k, l;
    double foot[2], direction[2], slope; // slope: |grad(a_k - a_l)|
} edge_t;

static edge_t edge_of(const first_order_plane_t *plane, size_t k, size_t l) {
    const plane_affine_t score = difference(&plane->logit[k], &plane->logit[l]);
    const double slope = hypot(score.c[0], score.c[1]), place = -score.c[2] / (slope * slope);
    return (edge_t){.plane = plane,
                    .k = k,
                    .l = l,
                    .foot = {place * score.c[0], place * score.c[1]},
                    .direction = {-score.c[1] / slope, score.c[0] / slope},
                    .slope = slope};
}

static void edge_point(const edge_t *edge, double u, double x[2]) {
    for (int i = 0; i < 2; i++)
        x[i] = edge->foot[i] + u * edge->direction[i];
}

// The interval of u where the pair leads, within reach; empty when low >= high.
static void edge_interval(const edge_t *edge, double *low, double *high) {
    *low = -REACH;
    *high = REACH;
    for (size_t m = 0; m < edge->plane->experts; m++) {
        if (m == edge->k || m == edge->l)
            continue;
        const plane_affine_t lead = difference(&edge->plane->logit[edge->k], &edge->plane->logit[m]);
        const double at_foot = plane_affine_value(&lead, edge->foot);
        const double rate = lead.c[0] * edge->direction[0] + lead.c[1] * edge->direction[1];
        if (rate > 0)
            *low = fmax(*low, -at_foot / rate);
        else if (rate < 0)
            *high = fmin(*high, -at_foot / rate);
        else if (at_foot < 0)
            *high = *low;
    }
}

static double edge_integrand(double u, const void *context) {
    const edge_t *edge = context;
    const first_order_plane_t *plane = edge->plane;
    double x[2];
    edge_point(edge, u, x);
    const double contrast =
        plane_affine_value(&plane->expert[edge->k], x) - plane_affine_value(&plane->expert[edge->l], x);
    const double jump =
        plane_affine_value(&plane->target[edge->k], x) - plane_affine_value(&plane->target[edge->l], x);
    return contrast * (2 * M_LN2 * jump - contrast) * gsl_ran_ugaussian_pdf(x[0]) *
           gsl_ran_ugaussian_pdf(x[1]) / edge->slope;
}

int first_order_plane_constant(const first_order_plane_t *plane, gsl_sf_result *result) {
    gsl_sf_result sum = {0, 0};
    for (size_t k = 0; k < plane->experts; k++)
        for (size_t l = k + 1; l < plane->experts; l++) {
            const edge_t edge = edge_of(plane, k, l);
            double low, high;
            edge_interval(&edge, &low, &high);
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

// The point where the three logits are equal; false for parallel lines.
static bool meet(const first_order_plane_t *plane, plane_junction_t *junction) {
    const size_t *e = junction->expert;
    const plane_affine_t f = difference(&plane->logit[e[0]], &plane->logit[e[2]]);
    const plane_affine_t g = difference(&plane->logit[e[1]], &plane->logit[e[2]]);
    const double determinant = f.c[0] * g.c[1] - f.c[1] * g.c[0];
    if (determinant == 0)
        return false;
    junction->determinant = fabs(determinant);
    junction->x[0] = (f.c[1] * g.c[2] - f.c[2] * g.c[1]) / determinant;
    junction->x[1] = (f.c[2] * g.c[0] - f.c[0] * g.c[2]) / determinant;
    junction->lead = lead_over_others(plane, junction->x, e[0], e[1], e[2]);
    return hypot(junction->x[0], junction->x[1]) < REACH && junction->lead >= 0;
}

size_t first_order_plane_junctions(const first_order_plane_t *plane, plane_junction_t *junctions) {
    size_t count = 0;
    for (size_t k = 0; k < plane->experts; k++)
        for (size_t l = k + 1; l < plane->experts; l++)
            for (size_t m = l + 1; m < plane->experts; m++) {
                plane_junction_t junction = {.expert = {k, l, m}};
                if (count < PLANE_MAX_JUNCTIONS && meet(plane, &junction))
                    junctions[count++] = junction;
            }
    return count;
}

double first_order_plane_kappa(void) {
    return -2 * gsl_sf_dilog(-0.5) - M_PI * M_PI / 12;
}

// 2 ln cosh(ln(1 + z) / 2) = 2 ln(1 + z/2) - ln(1 + z), z = exp(-w).
static void kappa_ball(acb_t result, const acb_t w, int analytic, const void *context, slong precision) {
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

int first_order_plane_kappa_certified(ball_t *result) {
    ball_t ball;
    const int status = ball_integrate(kappa_ball, NULL, 0, 64, 1e-20, &ball);
    if (status != GSL_SUCCESS)
        return status;
    ball.radius += 1e-50 + ball.radius * DBL_EPSILON; // beyond 64 the integrand is below exp(-2 w) / 4
    *result = ball;
    return GSL_SUCCESS;
}

double first_order_plane_second(const first_order_plane_t *plane) {
    plane_junction_t junctions[PLANE_MAX_JUNCTIONS];
    const size_t count = first_order_plane_junctions(plane, junctions);
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        const plane_junction_t *at = &junctions[i];
        double value[3];
        for (int j = 0; j < 3; j++)
            value[j] = plane_affine_value(&plane->expert[at->expert[j]], at->x);
        sum += (gsl_pow_2(value[0] - value[1]) + gsl_pow_2(value[0] - value[2]) +
                gsl_pow_2(value[1] - value[2])) *
               gsl_ran_ugaussian_pdf(at->x[0]) * gsl_ran_ugaussian_pdf(at->x[1]) / at->determinant;
    }
    return first_order_plane_kappa() * sum;
}

// ---- The gap ----

// Where on the line x_0 = x the experts k and l tie and lead, and |d(a_k - a_l)/dx_1| there.
static bool crossing(const first_order_plane_t *plane, double x, size_t k, size_t l, double *y,
                     double *slope) {
    const plane_affine_t score = difference(&plane->logit[k], &plane->logit[l]);
    if (score.c[1] == 0)
        return false;
    *y = -(score.c[0] * x + score.c[2]) / score.c[1];
    *slope = fabs(score.c[1]);
    return fabs(*y) < REACH && lead_over_others(plane, (double[]){x, *y}, k, l, l) >= 0;
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
    const size_t winner = first_order_plane_winner(plane, x);
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
    for (size_t k = 0; k < plane->experts; k++)
        for (size_t l = k + 1; l < plane->experts; l++) {
            double y, slope;
            if (!crossing(plane, x, k, l, &y, &slope))
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
    plane_junction_t junctions[PLANE_MAX_JUNCTIONS];
    double points[PLANE_MAX_JUNCTIONS + 2] = {-REACH, REACH};
    const size_t count = first_order_plane_junctions(plane, junctions);
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
