// SPDX-License-Identifier: GPL-3.0-or-later
// Routers of the plane with a straight interface; see line_router.h.
#include "routing/line_router.h"

#include "stat/quadrature.h"

#include <acb_hypgeom.h>
#include <arb_hypgeom.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_multiroots.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_roots.h>
#include <gsl/gsl_sort.h>
#include <math.h>

static const double REACH = 10;        // |s| beyond which a Gaussian is nothing
static const double TOLERANCE = 1e-12; // of a quadrature

double line_router_mu(const line_router_target_t *target, const double x[2]) {
    double sum = 0;
    for (size_t j = 0; j < target->count; j++) {
        const line_router_wave_t *wave = &target->waves[j];
        sum += wave->amplitude * sin(wave->k[0] * x[0] + wave->k[1] * x[1] + wave->phase);
    }
    return sum;
}

double line_router_mean_square(const line_router_target_t *target) {
    double sum = 0;
    for (size_t i = 0; i < target->count; i++)
        for (size_t j = 0; j < target->count; j++) {
            const line_router_wave_t *a = &target->waves[i], *b = &target->waves[j];
            const double minus = gsl_pow_2(a->k[0] - b->k[0]) + gsl_pow_2(a->k[1] - b->k[1]);
            const double plus = gsl_pow_2(a->k[0] + b->k[0]) + gsl_pow_2(a->k[1] + b->k[1]);
            sum += a->amplitude * b->amplitude / 2 *
                   (cos(a->phase - b->phase) * exp(-minus / 2) - cos(a->phase + b->phase) * exp(-plus / 2));
        }
    return sum;
}

// m and its derivatives at s: in s, in alpha, mixed.
typedef struct mean {
    double value, s, ss, a, as, aa;
} mean_t;

static mean_t mean_at(const line_router_target_t *target, double angle, double s) {
    mean_t mean = {0};
    for (size_t j = 0; j < target->count; j++) {
        const line_router_wave_t *wave = &target->waves[j];
        const double p = wave->k[0] * cos(angle) + wave->k[1] * sin(angle);
        const double q = wave->k[1] * cos(angle) - wave->k[0] * sin(angle);
        const double size = wave->amplitude * exp(-q * q / 2);
        const double sine = size * sin(p * s + wave->phase), cosine = size * cos(p * s + wave->phase);
        // dp/dalpha = q and dq/dalpha = -p.
        mean.value += sine;
        mean.s += p * cosine;
        mean.ss -= p * p * sine;
        mean.a += p * q * sine + q * s * cosine;
        mean.as += (p * p + 1) * q * cosine - p * q * s * sine;
        mean.aa += (p * p * q * q + q * q - p * p - q * q * s * s) * sine + (2 * q * q - 1) * p * s * cosine;
    }
    return mean;
}

double line_router_profile(const line_router_target_t *target, double angle, double s) {
    return mean_at(target, angle, s).value * gsl_ran_ugaussian_pdf(s);
}

double line_router_profile_slope(const line_router_target_t *target, double angle, double s) {
    const mean_t mean = mean_at(target, angle, s);
    return (mean.s - s * mean.value) * gsl_ran_ugaussian_pdf(s);
}

// Nodes and weights of the 16-point Gauss-Legendre rule on [-1, 1], the positive half (Abramowitz and Stegun, 25.4.30).
enum { HALF = 8 };
static const double NODES[HALF] = {0.0950125098376374402, 0.2816035507792589132, 0.4580167776572273863,
                                   0.6178762444026437484, 0.7554044083550030339, 0.8656312023878317439,
                                   0.9445750230732325761, 0.9894009349916499326};
static const double WEIGHTS[HALF] = {0.1894506104550684963, 0.1826034150449235889, 0.1691565193950025382,
                                     0.1495959888165767321, 0.1246289712555338720, 0.0951585116824927848,
                                     0.0622535239386478929, 0.0271524594117540949};

static void add_node(const line_router_target_t *target, double tau, line_router_t router, double y,
                     double weight, line_router_jet_t *jet) {
    const double s = router.offset + y, bend = s * s - 1;
    const double t = tau > 0 ? tanh(y / (2 * tau)) : y > 0 ? 1 : -1;
    const double square = weight * gsl_ran_ugaussian_pdf(s) * t * t;
    const double cross = -2 * weight * gsl_ran_ugaussian_pdf(s) * t;
    const mean_t mean = mean_at(target, router.angle, s);
    jet->value += square + cross * mean.value;
    jet->by_offset += -s * square + cross * (mean.s - s * mean.value);
    jet->by_offset_offset += bend * square + cross * (mean.ss - 2 * s * mean.s + bend * mean.value);
    jet->by_angle += cross * mean.a;
    jet->by_angle_angle += cross * mean.aa;
    jet->by_angle_offset += cross * (mean.as - s * mean.a);
}

static void add_piece(const line_router_target_t *target, double tau, line_router_t router, double low,
                      double high, line_router_jet_t *jet) {
    const double middle = (low + high) / 2, half = (high - low) / 2;
    for (int i = 0; i < HALF; i++) {
        add_node(target, tau, router, middle - half * NODES[i], half * WEIGHTS[i], jet);
        add_node(target, tau, router, middle + half * NODES[i], half * WEIGHTS[i], jet);
    }
}

line_router_jet_t line_router_risk(const line_router_target_t *target, double tau, line_router_t router) {
    // The ends of the pieces of a half-line: multiples of tau, where they are small, then equal parts.
    static const double multiples[] = {1, 3, 6, 12, 24};
    static const double part = 1.5;
    line_router_jet_t jet = {.value = line_router_mean_square(target)};
    for (int side = -1; side <= 1; side += 2) {
        const double end = REACH - side * router.offset;
        double from = 0;
        for (size_t i = 0; tau > 0 && i < sizeof multiples / sizeof *multiples && multiples[i] * tau < part;
             i++) {
            const double to = multiples[i] * tau;
            add_piece(target, tau, router, fmin(side * from, side * to), fmax(side * from, side * to), &jet);
            from = to;
        }
        while (from < end) {
            const double to = fmin(from + fmin(part, tau > 0 ? fmax(4 * tau, from) : part), end);
            add_piece(target, tau, router, fmin(side * from, side * to), fmax(side * from, side * to), &jet);
            from = to;
        }
    }
    return jet;
}

// ---- The hard risk in ball arithmetic ----

enum { PRECISION = 128 };

static void set_wave(const line_router_wave_t *wave, const arb_t cosine, const arb_t sine, arb_t p,
                     arb_t square) {
    arb_t x;
    arb_init(x);
    arb_set_d(x, wave->k[0]);
    arb_mul(p, x, cosine, PRECISION);
    arb_mul(square, x, x, PRECISION);
    arb_set_d(x, wave->k[1]);
    arb_addmul(p, x, sine, PRECISION);
    arb_addmul(square, x, x, PRECISION);
    arb_clear(x);
}

// A exp(-q^2/2) int_b^inf phi(s) sin(p s + c) ds = A exp(-|k|^2/2) Im exp(i c) erfc((b - i p)/sqrt 2)/2, as p^2 + q^2 = |k|^2;
// twice that, less the same over the whole line, A exp(-|k|^2/2) sin c.
static void add_wave(const line_router_wave_t *wave, const arb_t cosine, const arb_t sine, double offset,
                     arb_t sum) {
    arb_t p, square, root;
    acb_t z, turn;
    arb_init(p);
    arb_init(square);
    arb_init(root);
    acb_init(z);
    acb_init(turn);
    set_wave(wave, cosine, sine, p, square);
    arb_sqrt_ui(root, 2, PRECISION);
    arb_set_d(acb_realref(z), offset);
    arb_neg(acb_imagref(z), p);
    acb_div_arb(z, z, root, PRECISION);
    acb_hypgeom_erfc(z, z, PRECISION);
    acb_sub_ui(z, z, 1, PRECISION);
    arb_set_d(acb_imagref(turn), wave->phase);
    acb_exp(turn, turn, PRECISION);
    acb_mul(z, z, turn, PRECISION);
    arb_mul_2exp_si(square, square, -1);
    arb_neg(square, square);
    arb_exp(square, square, PRECISION);
    arb_mul(square, square, acb_imagref(z), PRECISION);
    arb_set_d(p, wave->amplitude);
    arb_addmul(sum, square, p, PRECISION);
    arb_clear(p);
    arb_clear(square);
    arb_clear(root);
    acb_clear(z);
    acb_clear(turn);
}

ball_t line_router_hard_risk(const line_router_target_t *target, line_router_t router) {
    arb_t angle, cosine, sine, sum, mean_square;
    arb_init(angle);
    arb_init(cosine);
    arb_init(sine);
    arb_init(sum);
    arb_init(mean_square);
    arb_set_d(angle, router.angle);
    arb_sin_cos(sine, cosine, angle, PRECISION);
    for (size_t j = 0; j < target->count; j++)
        add_wave(&target->waves[j], cosine, sine, router.offset, sum);
    arb_mul_si(sum, sum, -2, PRECISION);
    arb_add_ui(sum, sum, 1, PRECISION);
    ball_t ball = ball_from_arb(sum);
    const double square = line_router_mean_square(target);
    ball.radius += 1e-15 * (1 + square); // of the doubles in E mu^2
    ball.value += square;
    arb_clear(angle);
    arb_clear(cosine);
    arb_clear(sine);
    arb_clear(sum);
    arb_clear(mean_square);
    return ball;
}

// ---- Disagreement ----

typedef struct pair {
    double offset, turn, other_offset; // of the second router, turned by `turn` against the first
} pair_t;

// Given the score s of the first, that of the second is N(s cos turn - b', sin^2 turn).
static double disagree(double s, const void *context) {
    const pair_t *pair = context;
    const double mean = s * cos(pair->turn) - pair->other_offset, spread = fabs(sin(pair->turn));
    const double above = spread > 0 ? gsl_cdf_ugaussian_P(mean / spread) : mean > 0;
    return gsl_ran_ugaussian_pdf(s) * (s > pair->offset ? 1 - above : above);
}

// Sorts points, each moved into the reach.
static void arrange(double *points, size_t count) {
    for (size_t i = 0; i < count; i++)
        points[i] = fmax(-REACH, fmin(REACH, points[i]));
    gsl_sort(points, 1, count);
}

int line_router_disagreement(line_router_t one, line_router_t other, gsl_sf_result *result) {
    const pair_t pair = {one.offset, other.angle - one.angle, other.offset};
    // Where the second probability turns, with its width.
    const double slope = cos(pair.turn), steep = fabs(slope) > 0.1 ? slope : 0.1;
    const double centre = pair.other_offset / steep, width = fabs(sin(pair.turn) / steep);
    double points[] = {-REACH,
                       REACH,
                       pair.offset,
                       centre,
                       centre - 3 * width,
                       centre + 3 * width,
                       centre - 9 * width,
                       centre + 9 * width};
    enum { COUNT = sizeof points / sizeof *points };
    arrange(points, COUNT);
    return quadrature_integrate(disagree, &pair, points, COUNT, TOLERANCE, result);
}

// ---- Newton's method ----

typedef struct system {
    const line_router_target_t *target;
    double tau;
} system_t;

static int system_both(const gsl_vector *x, void *context, gsl_vector *gradient, gsl_matrix *hessian) {
    const system_t *system = context;
    const line_router_t router = {gsl_vector_get(x, 0), gsl_vector_get(x, 1)};
    const line_router_jet_t jet = line_router_risk(system->target, system->tau, router);
    if (gradient != NULL) {
        gsl_vector_set(gradient, 0, jet.by_angle);
        gsl_vector_set(gradient, 1, jet.by_offset);
    }
    if (hessian != NULL) {
        gsl_matrix_set(hessian, 0, 0, jet.by_angle_angle);
        gsl_matrix_set(hessian, 0, 1, jet.by_angle_offset);
        gsl_matrix_set(hessian, 1, 0, jet.by_angle_offset);
        gsl_matrix_set(hessian, 1, 1, jet.by_offset_offset);
    }
    return GSL_SUCCESS;
}

static int system_gradient(const gsl_vector *x, void *context, gsl_vector *gradient) {
    return system_both(x, context, gradient, NULL);
}

static int system_hessian(const gsl_vector *x, void *context, gsl_matrix *hessian) {
    return system_both(x, context, NULL, hessian);
}

static int iterate(gsl_multiroot_fdfsolver *solver, system_t *system, line_router_t start,
                   line_router_t *found) {
    enum { ROUNDS = 40 };
    gsl_multiroot_function_fdf functions = {system_gradient, system_hessian, system_both, 2, system};
    double place[2] = {start.angle, start.offset};
    const gsl_vector_view x = gsl_vector_view_array(place, 2);
    const int status = gsl_multiroot_fdfsolver_set(solver, &functions, &x.vector);
    if (status != GSL_SUCCESS)
        return status;
    for (int i = 0; i < ROUNDS && gsl_multiroot_test_residual(solver->f, 1e-15) == GSL_CONTINUE; i++)
        if (gsl_multiroot_fdfsolver_iterate(solver) != GSL_SUCCESS)
            break; // no progress within rounding
    *found = (line_router_t){gsl_vector_get(solver->x, 0), gsl_vector_get(solver->x, 1)};
    return GSL_SUCCESS;
}

int line_router_polish(const line_router_target_t *target, double tau, line_router_t start,
                       line_router_t *found) {
    gsl_multiroot_fdfsolver *solver = gsl_multiroot_fdfsolver_alloc(gsl_multiroot_fdfsolver_gnewton, 2);
    if (solver == NULL)
        return GSL_ENOMEM;
    system_t system = {target, tau};
    const int status = iterate(solver, &system, start, found);
    gsl_multiroot_fdfsolver_free(solver);
    return status;
}

// ---- A target with a jump ----

typedef struct step_point {
    const line_router_step_t *step;
    double tau, angle, offset;
    int status;
} step_point_t;

// T^2 - 2 T E[mu | s], s the score of the router plus b: the score of the jump, given s, is N(s cos - offset, sin^2).
static double step_loss(double s, const void *context) {
    const step_point_t *point = context;
    const line_router_step_t *step = point->step;
    const double t = tanh((s - point->offset) / (2 * point->tau)), spread = fabs(sin(point->angle));
    const double score = s * cos(point->angle) - step->offset;
    const double above = spread > 0 ? gsl_cdf_ugaussian_P(score / spread) : score > 0;
    return gsl_ran_ugaussian_pdf(s) * (t * t - 2 * t * (step->below + (step->above - step->below) * above));
}

static double step_derivative(double s, const void *context) {
    const step_point_t *point = context;
    const double t = tanh((s - point->offset) / (2 * point->tau));
    const double mu = s > point->step->offset ? point->step->above : point->step->below;
    return gsl_ran_ugaussian_pdf(s) * (mu - t) * (1 - t * t) / point->tau;
}

static int step_integral(quadrature_function_t f, const step_point_t *point, gsl_sf_result *result) {
    const double b = point->offset, tau = point->tau, steep = fmax(cos(point->angle), 0.1);
    const double wall = point->step->offset / steep, width = fabs(sin(point->angle)) / steep;
    double points[] = {-REACH,           REACH,
                       b - 30 * tau,     b - 10 * tau,
                       b - 3 * tau,      b,
                       b + 3 * tau,      b + 10 * tau,
                       b + 30 * tau,     wall,
                       wall - width,     wall + width,
                       wall - 3 * width, wall + 3 * width,
                       wall - 9 * width, wall + 9 * width};
    enum { COUNT = sizeof points / sizeof *points };
    arrange(points, COUNT);
    return quadrature_integrate(f, point, points, COUNT, TOLERANCE, result);
}

int line_router_step_risk(const line_router_step_t *step, double tau, line_router_t router,
                          gsl_sf_result *result) {
    const step_point_t point = {step, tau, router.angle, router.offset, GSL_SUCCESS};
    const int status = step_integral(step_loss, &point, result);
    if (status == GSL_SUCCESS)
        result->val += gsl_pow_2(step->above) * gsl_cdf_ugaussian_Q(step->offset) +
                       gsl_pow_2(step->below) * gsl_cdf_ugaussian_P(step->offset);
    return status;
}

int line_router_step_slope(const line_router_step_t *step, double tau, double offset, gsl_sf_result *result) {
    const step_point_t point = {step, tau, 0, offset, GSL_SUCCESS};
    return step_integral(step_derivative, &point, result);
}

static double step_root(double offset, void *context) {
    step_point_t *point = context;
    gsl_sf_result slope = {GSL_NAN, 0};
    const int status = line_router_step_slope(point->step, point->tau, offset, &slope);
    if (status != GSL_SUCCESS)
        point->status = status;
    return slope.val;
}

int line_router_step_minimiser(const line_router_step_t *step, double tau, double *offset) {
    enum { ROUNDS = 100 };
    gsl_root_fsolver *solver = gsl_root_fsolver_alloc(gsl_root_fsolver_brent);
    if (solver == NULL)
        return GSL_ENOMEM;
    step_point_t point = {step, tau, 0, 0, GSL_SUCCESS};
    gsl_function function = {step_root, &point};
    int status = gsl_root_fsolver_set(solver, &function, step->offset - 4 * tau, step->offset + 4 * tau);
    for (int i = 0; i < ROUNDS && status == GSL_SUCCESS &&
                    gsl_root_fsolver_x_upper(solver) - gsl_root_fsolver_x_lower(solver) > 1e-12;
         i++)
        status = gsl_root_fsolver_iterate(solver);
    if (point.status != GSL_SUCCESS)
        status = point.status;
    if (status == GSL_SUCCESS)
        *offset = gsl_root_fsolver_root(solver);
    gsl_root_fsolver_free(solver);
    return status;
}
