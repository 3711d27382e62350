// SPDX-License-Identifier: GPL-3.0-or-later
// Training the router of two fixed experts on a Gaussian population; see pair_router.h.
#include "routing/pair_router.h"

#include "routing/boundary_layer.h"
#include "stat/quadrature.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <string.h>

// The rule z = exp(y - exp(-y)), y = FIRST_NODE + i STEP: z runs from 1e-18 to 9 and resolves every scale
// between.
static const double FIRST_NODE = -3.7;
static const double STEP = 6.0 / 349;
enum { NODES = 350 };

// Coordinates adapted to one router u.
typedef struct frame {
    size_t d;
    double e1[PAIR_ROUTER_MAX_DIMENSION], e2[PAIR_ROUTER_MAX_DIMENSION], e3[PAIR_ROUTER_MAX_DIMENSION];
    double norm;       // |u|
    double rho, kappa; // v = rho e1 + kappa e2, kappa >= 0
    double q1, q2, q3; // contrast in the frame, q3 >= 0
    double q_squared;  // |q|^2
} frame_t;

static double dot(const double *x, const double *y, size_t d) {
    double sum = 0;
    for (size_t i = 0; i < d; i++)
        sum += x[i] * y[i];
    return sum;
}

// y -= factor x
static void subtract(double *y, double factor, const double *x, size_t d) {
    for (size_t i = 0; i < d; i++)
        y[i] -= factor * x[i];
}

// Scales y to norm 1 and returns its norm; a vector that is 0 up to rounding against `scale` becomes 0 and
// returns 0.
static double normalise(double *y, double scale, size_t d) {
    double norm = sqrt(dot(y, y, d));
    if (norm <= 1e-14 * scale)
        norm = 0;
    for (size_t i = 0; i < d; i++)
        y[i] = norm > 0 ? y[i] / norm : 0;
    return norm;
}

static void make_frame(const pair_router_t *model, const double *u, frame_t *frame) {
    const size_t d = frame->d = model->dimension;
    const double *v = model->teacher, *q = model->contrast;
    memcpy(frame->e1, u, d * sizeof *u);
    frame->norm = normalise(frame->e1, 0, d);
    if (frame->norm == 0) // any direction serves at u = 0, where the gate does not depend on Z
        memcpy(frame->e1, v, d * sizeof *v);
    frame->rho = dot(frame->e1, v, d);
    memcpy(frame->e2, v, d * sizeof *v);
    subtract(frame->e2, frame->rho, frame->e1, d);
    frame->kappa = normalise(frame->e2, 1, d);
    // Once more, because a small kappa magnifies what rounding left of e1.
    subtract(frame->e2, dot(frame->e2, frame->e1, d), frame->e1, d);
    normalise(frame->e2, 0, d);
    frame->q_squared = dot(q, q, d);
    frame->q1 = dot(q, frame->e1, d);
    frame->q2 = dot(q, frame->e2, d);
    memcpy(frame->e3, q, d * sizeof *q);
    subtract(frame->e3, frame->q1, frame->e1, d);
    subtract(frame->e3, frame->q2, frame->e2, d);
    frame->q3 = normalise(frame->e3, sqrt(frame->q_squared), d);
}

// The moments s_j = E[S X2^j | Z = z], j = 0..3.
static void sign_moments(const frame_t *frame, double z, double s[4]) {
    const double k = frame->kappa > 0 ? frame->rho * z / frame->kappa : copysign(HUGE_VAL, frame->rho);
    // Beyond 38 the density is 0 in double precision, and k times it must not become NaN.
    const double density = fabs(k) < 38 ? gsl_ran_ugaussian_pdf(k) : 0, bounded = fabs(k) < 38 ? k : 0;
    s[0] = erf(k * M_SQRT1_2);
    s[1] = 2 * density;
    s[2] = s[0] - 2 * bounded * density;
    s[3] = 2 * (bounded * bounded + 2) * density;
}

// What is summed over Z: the risk, and the gradient's three components.
typedef struct sums {
    double risk, g1, g2, g3;
} sums_t;

static void add_node(const pair_router_t *model, const frame_t *frame, double z, double weight,
                     sums_t *sums) {
    double s[4];
    sign_moments(frame, z, s);
    const double eps = model->strength, q2 = frame->q2, q3 = frame->q3, a = frame->q1 * z;
    const double t = 0.5 * tanh(0.5 * frame->norm * z / model->tau);
    const double slope = (0.25 - t * t) / model->tau;                                // derivative of t in u'x
    const double ds = (a * a + q3 * q3) * s[0] + 2 * a * q2 * s[1] + q2 * q2 * s[2]; // E[D^2 S | z]
    const double d2 = a * a + q2 * q2 + q3 * q3;                                     // E[D^2 | z]
    const double f = -2 * eps * slope * weight;
    // E[D^2 (S/2 - eps t)^2] without cancellation where the risk nearly vanishes: S = 1 would give the first term.
    sums->risk +=
        weight * (gsl_pow_2((1 - eps) / 2 + eps * boundary_layer_gate(frame->norm * z / model->tau)) * d2 +
                  eps * t * (d2 - ds));
    sums->g1 += f * z * (0.5 * ds - eps * t * d2);
    sums->g2 +=
        f * (0.5 * ((a * a + q3 * q3) * s[1] + 2 * a * q2 * s[2] + q2 * q2 * s[3]) - eps * t * 2 * a * q2);
    sums->g3 += f * q3 * (a * s[0] + q2 * s[1] - eps * t * 2 * a);
}

void pair_router_risk(const pair_router_t *model, const double *u, double *risk, double *gradient) {
    frame_t frame;
    make_frame(model, u, &frame);
    sums_t sums = {0};
    for (int i = 0; i < NODES; i++) {
        const double y = FIRST_NODE + STEP * i, z = exp(y - exp(-y));
        // Both half-lines at once (the integrands are even), with dz = z (1 + exp(-y)) dy.
        add_node(model, &frame, z, 2 * gsl_ran_ugaussian_pdf(z) * z * (1 + exp(-y)) * STEP, &sums);
    }
    if (risk != NULL)
        *risk = sums.risk;
    for (size_t i = 0; gradient != NULL && i < frame.d; i++)
        gradient[i] = sums.g1 * frame.e1[i] + sums.g2 * frame.e2[i] + sums.g3 * frame.e3[i];
}

// Integrands over |Z| for an aligned router.
typedef struct aligned {
    double ratio;    // |u| / tau
    double strength; // eps
    double tangent, along_squared;
} aligned_t;

static double aligned_integrand(double z, const void *context) {
    const aligned_t *aligned = context;
    const double eps = aligned->strength, s = boundary_layer_gate(z * aligned->ratio);
    return 2 * gsl_ran_ugaussian_pdf(z) * (eps * (1 - eps) * s + eps * eps * s * s) *
           (aligned->tangent + aligned->along_squared * z * z);
}

static double entropy_integrand(double z, const void *context) {
    const aligned_t *aligned = context;
    const double x = z * aligned->ratio, s = boundary_layer_gate(x);
    // -s ln s - (1-s) ln(1-s) with ln(1-s) = -log1p(e^-x) and ln s = ln(1-s) - x: no cancellation, no log of
    // 0.
    return 2 * gsl_ran_ugaussian_pdf(z) * (s * x + log1p(exp(-x)));
}

static int integrate_layer(quadrature_function_t f, const aligned_t *aligned, gsl_sf_result *result) {
    const double layer = fmin(45 / aligned->ratio, 1), points[] = {0, layer, 12, 40};
    return quadrature_integrate(f, aligned, points, 4, 1e-13, result);
}

int pair_router_aligned_risk(const pair_router_t *model, double norm, gsl_sf_result *risk) {
    const size_t d = model->dimension;
    const double a = dot(model->teacher, model->contrast, d),
                 whole = dot(model->contrast, model->contrast, d);
    if (!(norm > 0))
        return GSL_EDOM;
    const aligned_t aligned = {norm / model->tau, model->strength, whole - a * a, a * a};
    gsl_sf_result integral;
    const int status = integrate_layer(aligned_integrand, &aligned, &integral);
    if (status != GSL_SUCCESS)
        return status;
    risk->val = gsl_pow_2(1 - model->strength) / 4 * whole + integral.val;
    risk->err = integral.err;
    return GSL_SUCCESS;
}

int pair_router_entropy(double ratio, gsl_sf_result *entropy) {
    if (!(ratio > 0))
        return GSL_EDOM;
    const aligned_t aligned = {.ratio = ratio};
    return integrate_layer(entropy_integrand, &aligned, entropy);
}

void pair_router_gradient_at_zero(const pair_router_t *model, double *gradient) {
    const size_t d = model->dimension;
    const double *v = model->teacher, *q = model->contrast;
    const double a = dot(v, q, d), c = dot(q, q, d) - a * a;
    const double factor = -model->strength / (4 * model->tau) * M_2_SQRTPI * M_SQRT1_2;
    for (size_t i = 0; i < d; i++)
        gradient[i] = factor * ((2 * a * a + c) * v[i] + 2 * a * (q[i] - a * v[i]));
}

void pair_router_hessian_at_zero(const pair_router_t *model, double *hessian) {
    const size_t d = model->dimension;
    const double *q = model->contrast, factor = gsl_pow_2(model->strength / model->tau) / 8;
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < d; j++)
            hessian[i * d + j] = factor * ((i == j ? dot(q, q, d) : 0) + 2 * q[i] * q[j]);
}
