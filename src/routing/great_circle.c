// SPDX-License-Identifier: GPL-3.0-or-later
// Coalitions on a great circle; see great_circle.h.
#include "routing/great_circle.h"

#include <acb_hypgeom.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_sf_erf.h>
#include <math.h>
#include <stdbool.h>

// With 2 sqrt(pi) phi(z)^2 = exp(-z^2) / sqrt(pi), the integrand is K exp(g(z)) with K = N (N - 1) C(N - 2, k - 1) /
// sqrt(pi) and
//
//     g(z) = -z^2 + a log(1 - Phi(z)) + b log(Phi(z)),   a = k - 1, b = N - k - 1.
//
// exp(g) is entire. On the real line g'' <= -2, since 1 - Phi and Phi are log-concave, so that g lies below its
// tangents: where the slope at an end z leads down, the integral beyond it is at most K exp(g(z)) / |g'(z)|.
//
// Balls keep exponents of any size: neither K nor the powers can overflow.

enum { PRECISION = 128, BISECTIONS = 50 };
static const ulong MAX_EXPERTS = UWORD(1) << 20;
// The maximum of g is in [-10, 10]: at 10 the slope is at most -20 + 2^20 phi(10) / Phi(10) < 0, and so on the left.
static const double BRACKET = 10;
static const double DROP = 45;      // g at the ends of the quadrature lies this much below its maximum
static const double REACH = 7;      // sqrt(DROP), rounded up: by g'' <= -2 the ends are no further off
static const double NARROW = 1e-12; // relative radius, promised
static const double GOAL = 1e-17;   // relative radius, asked of the quadrature
static const double SHARE = 0.125;  // the integral is about this share of maximum times length

typedef struct integrand {
    ulong above, below; // a and b
    arb_t constant;     // K
} integrand_t;

// 1 - Phi(z) = erfc(z / sqrt 2) / 2.
static void upper_tail(acb_t result, const acb_t z, slong precision) {
    arb_t root;
    arb_init(root);
    arb_sqrt_ui(root, 2, precision);
    acb_div_arb(result, z, root, precision);
    acb_hypgeom_erfc(result, result, precision);
    acb_mul_2exp_si(result, result, -1);
    arb_clear(root);
}

// Phi(z) and 1 - Phi(z); the smaller one directly, so that no digits cancel.
static void both_tails(acb_t lower, acb_t upper, const acb_t z, slong precision) {
    if (arb_is_negative(acb_realref(z))) {
        acb_neg(lower, z);
        upper_tail(lower, lower, precision);
        acb_sub_ui(upper, lower, 1, precision);
        acb_neg(upper, upper);
    } else {
        upper_tail(upper, z, precision);
        acb_sub_ui(lower, upper, 1, precision);
        acb_neg(lower, lower);
    }
}

// K exp(g(z)), as products. It is entire, so that `analytic` asks for nothing.
static void evaluate(acb_t result, const acb_t z, int analytic, const void *context, slong precision) {
    (void)analytic;
    const integrand_t *f = context;
    acb_t lower, upper;
    acb_init(lower);
    acb_init(upper);
    both_tails(lower, upper, z, precision);
    acb_pow_ui(upper, upper, f->above, precision);
    acb_pow_ui(lower, lower, f->below, precision);
    acb_sqr(result, z, precision);
    acb_neg(result, result);
    acb_exp(result, result, precision);
    acb_mul(result, result, upper, precision);
    acb_mul(result, result, lower, precision);
    acb_mul_arb(result, result, f->constant, precision);
    acb_clear(lower);
    acb_clear(upper);
}

// ---- Where the integrand lives: in double precision, since only the bounds below need to be proven ----

static double exponent(double z, const integrand_t *f) {
    return -z * z + (double)f->above * gsl_sf_log_erfc(z * M_SQRT1_2) +
           (double)f->below * gsl_sf_log_erfc(-z * M_SQRT1_2);
}

static double slope(double z, const integrand_t *f) {
    return -2 * z - (double)f->above * gsl_sf_hazard(z) + (double)f->below * gsl_sf_hazard(-z);
}

static double mode(const integrand_t *f) {
    double low = -BRACKET, high = BRACKET;
    for (int i = 0; i < BISECTIONS; i++) {
        const double middle = (low + high) / 2;
        *(slope(middle, f) > 0 ? &low : &high) = middle;
    }
    return low;
}

// The place between `top` and `far`, on one side of the maximum `top`, where g has dropped by DROP.
static double drop(double top, double far, const integrand_t *f) {
    const double level = exponent(top, f) - DROP;
    double near = top;
    for (int i = 0; i < BISECTIONS; i++) {
        const double middle = (near + far) / 2;
        *(exponent(middle, f) > level ? &near : &far) = middle;
    }
    return far;
}

// ---- Proven bounds ----

static void evaluate_at(arb_t value, double x, const integrand_t *f) {
    acb_t z;
    acb_init(z);
    acb_set_d(z, x);
    evaluate(z, z, 0, f, PRECISION);
    arb_set(value, acb_realref(z));
    acb_clear(z);
}

// g'(x) in balls.
static void slope_at(arb_t result, double x, const integrand_t *f) {
    acb_t z, lower, upper;
    arb_t density;
    acb_init(z);
    acb_init(lower);
    acb_init(upper);
    arb_init(density);
    acb_set_d(z, x);
    both_tails(lower, upper, z, PRECISION);
    arb_inv(acb_realref(upper), acb_realref(upper), PRECISION);
    arb_inv(acb_realref(lower), acb_realref(lower), PRECISION);
    arb_mul_ui(result, acb_realref(lower), f->below, PRECISION);
    arb_submul_ui(result, acb_realref(upper), f->above, PRECISION);
    // phi(x) = exp(-x^2 / 2) / sqrt(2 pi)
    arb_sqr(density, acb_realref(z), PRECISION);
    arb_mul_2exp_si(density, density, -1);
    arb_neg(density, density);
    arb_exp(density, density, PRECISION);
    arb_mul(result, result, density, PRECISION);
    arb_const_pi(density, PRECISION);
    arb_mul_2exp_si(density, density, 1);
    arb_sqrt(density, density, PRECISION);
    arb_div(result, result, density, PRECISION);
    arb_submul_ui(result, acb_realref(z), 2, PRECISION);
    acb_clear(z);
    acb_clear(lower);
    acb_clear(upper);
    arb_clear(density);
}

// An upper bound on the integral beyond the end x; `direction` is 1 for the right end and -1 for the left one.
// Infinite where the slope does not lead down.
static double tail(double x, int direction, const integrand_t *f) {
    arb_t height, down;
    arf_t bound;
    arb_init(height);
    arb_init(down);
    arf_init(bound);
    slope_at(down, x, f);
    arb_mul_si(down, down, -direction, PRECISION);
    evaluate_at(height, x, f);
    arb_div(height, height, down, PRECISION);
    arb_get_ubound_arf(bound, height, PRECISION);
    const double result = arb_is_positive(down) ? arf_get_d(bound, ARF_RND_UP) : INFINITY;
    arb_clear(height);
    arb_clear(down);
    arf_clear(bound);
    return result;
}

static void integrand_init(integrand_t *f, ulong experts, ulong active) {
    f->above = active - 1;
    f->below = experts - active - 1;
    arb_t root;
    arb_init(root);
    arb_init(f->constant);
    arb_bin_uiui(f->constant, experts - 2, active - 1, PRECISION);
    arb_mul_ui(f->constant, f->constant, experts, PRECISION);
    arb_mul_ui(f->constant, f->constant, experts - 1, PRECISION);
    arb_const_sqrt_pi(root, PRECISION);
    arb_div(f->constant, f->constant, root, PRECISION);
    arb_clear(root);
}

static int integrate(const integrand_t *f, ball_t *result) {
    const double top = mode(f);
    const double left = drop(top, top - REACH, f), right = drop(top, top + REACH, f);
    arb_t height;
    arb_init(height);
    evaluate_at(height, top, f);
    const double rough = ball_from_arb(height).value * (right - left) * SHARE;
    arb_clear(height);
    ball_t middle;
    const int status = ball_integrate(evaluate, f, left, right, GOAL * rough, &middle);
    if (status != GSL_SUCCESS)
        return status;
    middle.radius = (middle.radius + tail(left, -1, f) + tail(right, 1, f)) * (1 + 4 * GSL_DBL_EPSILON);
    if (!(middle.radius < NARROW * middle.value))
        return GSL_EFAILED;
    *result = middle;
    return GSL_SUCCESS;
}

int great_circle_cells(ulong experts, ulong active, ball_t *result) {
    if (experts < 1 || experts > MAX_EXPERTS || active < 1 || active > experts)
        return GSL_EDOM;
    if (active == experts) {
        *result = (ball_t){0, 0};
        return GSL_SUCCESS;
    }
    integrand_t f;
    integrand_init(&f, experts, active);
    const int status = integrate(&f, result);
    arb_clear(f.constant);
    return status;
}

// Gamma(d / 2) / (sqrt(pi) Gamma((d - 1) / 2)).
static void cap_factor(arb_t result, ulong dimension) {
    arb_t lower;
    arb_init(lower);
    arb_set_ui(result, dimension);
    arb_set_ui(lower, dimension - 1);
    arb_mul_2exp_si(result, result, -1);
    arb_mul_2exp_si(lower, lower, -1);
    arb_lgamma(result, result, PRECISION);
    arb_lgamma(lower, lower, PRECISION);
    arb_sub(result, result, lower, PRECISION);
    arb_exp(result, result, PRECISION);
    arb_const_sqrt_pi(lower, PRECISION);
    arb_div(result, result, lower, PRECISION);
    arb_clear(lower);
}

int great_circle_cap(ulong experts, ulong active, ulong dimension, ball_t *result) {
    ball_t cells;
    if (dimension < 2)
        return GSL_EDOM;
    const int status = great_circle_cells(experts, active, &cells);
    if (status != GSL_SUCCESS)
        return status;
    arb_t product, factor;
    mag_t radius;
    arb_init(product);
    arb_init(factor);
    mag_init(radius);
    arb_set_d(product, cells.value);
    mag_set_d(radius, cells.radius);
    arb_add_error_mag(product, radius);
    cap_factor(factor, dimension);
    arb_mul(product, product, factor, PRECISION);
    *result = ball_from_arb(product);
    arb_clear(product);
    arb_clear(factor);
    mag_clear(radius);
    return GSL_SUCCESS;
}

// ---- The walk ----

// The logit of rank k at (1, 0), 1 being the largest: the largest of those below the previous one, k times.
static size_t ranked(const double *router, size_t experts, size_t active) {
    double bound = INFINITY;
    size_t best = 0;
    for (size_t rank = 1; rank <= active; rank++) {
        double most = -INFINITY;
        for (size_t i = 0; i < experts; i++)
            if (router[2 * i] < bound && router[2 * i] > most) {
                most = router[2 * i];
                best = i;
            }
        bound = most;
    }
    return best;
}

// x and y as directions in the upper half plane: positive where y comes after x.
static double turn(const double x[2], const double y[2]) {
    return x[0] * y[1] - x[1] * y[0];
}

// The direction in the upper half plane where two logits tie; returns whether the second is below the first before it.
static bool tie(const double first[2], const double second[2], double direction[2]) {
    const double x = second[0] - first[0], y = second[1] - first[1];
    const bool rises = x < 0;
    direction[0] = rises ? y : -y;
    direction[1] = rises ? -x : x;
    return rises;
}

size_t great_circle_changes(const double *router, size_t experts, size_t active, const double end[2]) {
    size_t at = ranked(router, experts, active), last = at, changes = 0;
    double place[2] = {1, 0};
    for (;;) {
        // The next logit that meets the k-th largest; not the one that it has just met.
        size_t next = at;
        double first[2] = {end[0], end[1]};
        bool enters = false;
        for (size_t i = 0; i < experts; i++) {
            double direction[2];
            const bool rises = tie(router + 2 * at, router + 2 * i, direction);
            if (i == at || i == last || turn(place, direction) <= 0 || turn(direction, first) <= 0)
                continue;
            next = i;
            enters = rises;
            first[0] = direction[0];
            first[1] = direction[1];
        }
        if (next == at)
            return changes;
        changes += enters;
        last = at;
        at = next;
        place[0] = first[0];
        place[1] = first[1];
    }
}

size_t great_circle_around(const double *router, size_t experts, size_t active, double *opposite) {
    static const double half[2] = {-1, 0};
    for (size_t i = 0; i < 2 * experts; i++)
        opposite[i] = -router[i];
    return great_circle_changes(router, experts, active, half) +
           great_circle_changes(opposite, experts, active, half);
}

bool great_circle_active(const double *router, size_t experts, size_t active, size_t expert, double x,
                         double y) {
    const double own = router[2 * expert] * x + router[2 * expert + 1] * y;
    size_t above = 0;
    for (size_t i = 0; i < experts; i++)
        above += router[2 * i] * x + router[2 * i + 1] * y > own;
    return above < active;
}
