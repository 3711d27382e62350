// SPDX-License-Identifier: GPL-3.0-or-later
// routing/boundary_layer: moments by quadrature against certified balls and closed forms, gap and covariance against a
// sample of the predictors, the law of the slope, the gate's ends, what must be refused.
#include "routing/boundary_layer.h"
#include "stat/montecarlo.h"
#include "support.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>

// ---- The gate

static void test_gate(void **state) {
    (void)state;
    stream_t s = stream_at(1, 0, 0);
    for (int trial = 0; trial < 1000; trial++) {
        const double u = uniform(&s, -1, 1) * log_uniform(&s, 1e-9, 700);
        const double want = (double)(1 / (1 + expl(fabsl((long double)u))));
        check_close(INPUT("gate(%a)", u), boundary_layer_gate(u), want, 4e-16 * want);
        assert_true(boundary_layer_gate(-u) == boundary_layer_gate(u));
    }
}

static void test_gate_ends(void **state) {
    (void)state;
    const double far[] = {800, 1e4, 1e308, INFINITY};
    assert_true(boundary_layer_gate(0) == 0.5 && boundary_layer_gate(-0.0) == 0.5);
    for (size_t i = 0; i < sizeof far / sizeof *far; i++)
        assert_true(boundary_layer_gate(far[i]) == 0 && boundary_layer_gate(-far[i]) == 0);
    assert_true(boundary_layer_gate(700) > 0);
    assert_true(isnan(boundary_layer_gate(NAN)));
}

// ---- Moments

typedef struct moment {
    double tau[BOUNDARY_LAYER_MAX_GATES];
    size_t count;
    double offset;
    int power;
} moment_t;

static const char *describe(const moment_t *m) {
    return INPUT("m_%d of %zu gates, tau %a %a %a %a, offset %a", m->power, m->count, m->tau[0], m->tau[1],
                 m->tau[2], m->tau[3], m->offset);
}

static double moment(const moment_t *m) {
    gsl_sf_result result;
    const int status = boundary_layer_moment(m->tau, m->count, m->offset, m->power, &result);
    if (status != GSL_SUCCESS)
        fail_msg("%s: status %d", describe(m), status);
    if (!(result.err >= 0 && result.err <= 1e-13))
        fail_msg("%s: error %a, promised 1e-13", describe(m), result.err);
    return result.val;
}

static ball_t certified(const moment_t *m) {
    ball_t ball;
    const int status = boundary_layer_moment_certified(m->tau, m->count, m->offset, m->power, &ball);
    if (status != GSL_SUCCESS)
        fail_msg("%s: certified, status %d", describe(m), status);
    if (!(ball.radius > 0 && ball.radius <= 1e-17 + 0x1p-52 * fabs(ball.value)))
        fail_msg("%s: radius %a of %a", describe(m), ball.radius, ball.value);
    return ball;
}

// The same integral by the trapezoidal rule in s, in long double, from the definition: g is even and has a kink at b, so
// the nodes start there. Good to 1e-13 where tau is not small.
static long double by_trapezoids(const moment_t *m) {
    const long double step = 1.0L / 4096;
    long double sum = 0;
    for (int side = -1; side <= 1; side += 2)
        for (int i = 0; i <= 24 * 4096; i++) {
            const long double s = m->offset + side * i * step;
            long double gates = 1;
            for (size_t k = 0; k < m->count; k++)
                gates /= powl(1 + expl(i * step / m->tau[k]), 2);
            sum += (i ? 1 : 0.5L) * gates * powl(s, m->power) * expl(-s * s / 2);
        }
    return sum * step / sqrtl(2 * acosl(-1));
}

static moment_t random_moment(stream_t *s, double low, double high) {
    moment_t m = {.count = 1 + draw_below(s, BOUNDARY_LAYER_MAX_GATES), .power = (int)draw_below(s, 5)};
    m.offset = uniform(s, -8, 8) * (draw_below(s, 3) ? 0.3 : 1);
    for (size_t i = 0; i < m.count; i++)
        m.tau[i] = log_uniform(s, low, high);
    return m;
}

static void check_moment(const moment_t *m) {
    const double value = moment(m);
    const ball_t ball = certified(m);
    check_close(describe(m), value, ball.value, 1e-13 + ball.radius);
}

static void test_moments(void **state) {
    (void)state;
    stream_t s = stream_at(2, 0, 0);
    for (int trial = 0; trial < 120; trial++) {
        const moment_t m = random_moment(&s, 1e-4, 5);
        check_moment(&m);
    }
}

// Layers far thinner than the distance of two nodes on the Gaussian's scale, against their own size.
static void test_thin_layers(void **state) {
    (void)state;
    stream_t s = stream_at(9, 0, 0);
    for (int trial = 0; trial < 40; trial++) {
        moment_t m = random_moment(&s, 1e-9, 1e-5);
        m.offset /= 4;
        const ball_t ball = certified(&m);
        check_close(describe(&m), moment(&m), ball.value, 1e-9 * fabs(ball.value) + ball.radius);
    }
}

static void test_moment_corners(void **state) {
    (void)state;
    static const double taus[] = {1e-4, 5}, offsets[] = {-8, 0, 8};
    for (size_t t = 0; t < 2; t++)
        for (size_t o = 0; o < 3; o++)
            for (int power = 0; power <= 4; power += 2)
                check_moment(&(moment_t){
                    {taus[t], taus[1 - t], 0.3, taus[t]}, 1 + 3 * (size_t)(power / 4), offsets[o], power});
}

// Euler-Maclaurin at the kink leaves (h^2/6) f'(b+), so one step of Richardson would do; here a comparison of two
// definitions at the tolerance of that term.
static void test_moment_definition(void **state) {
    (void)state;
    stream_t s = stream_at(3, 0, 0);
    for (int trial = 0; trial < 6; trial++) {
        const moment_t m = random_moment(&s, 0.2, 3);
        check_close(describe(&m), moment(&m), (double)by_trapezoids(&m),
                    1e-6 * pow(3 + fabs(m.offset), m.power));
    }
}

// At b = 0 odd moments vanish; changing the sign of b changes the sign of odd moments.
static void test_moment_parity(void **state) {
    (void)state;
    stream_t s = stream_at(4, 0, 0);
    for (int trial = 0; trial < 100; trial++) {
        moment_t m = random_moment(&s, 1e-3, 5);
        const double value = moment(&m);
        m.offset = -m.offset;
        check_close(describe(&m), moment(&m), m.power % 2 ? -value : value, 1e-15);
        m.offset = 0;
        if (m.power % 2)
            check_close(describe(&m), moment(&m), 0, 1e-15);
    }
}

// Every gate tends to 1/2 as tau grows: m_p -> 4^-q E[S^p].
static void test_moment_wide(void **state) {
    (void)state;
    const double normal[] = {1, 0, 1, 0, 3}, wide = 1e15;
    for (size_t count = 1; count <= BOUNDARY_LAYER_MAX_GATES; count++)
        for (int power = 0; power <= 4; power++) {
            for (int side = -1; side <= 1; side++) {
                const moment_t m = {{wide, wide, wide, wide}, count, 8 * side, power};
                check_close(describe(&m), moment(&m), normal[power] * pow(0.25, (double)count), 1e-13);
            }
        }
}

static void check_refused(const moment_t *m) {
    gsl_sf_result result = {0x1.3p3, 0x1.7p4};
    ball_t ball = {0x1.3p3, 0x1.7p4};
    const int status = boundary_layer_moment(m->tau, m->count, m->offset, m->power, &result);
    const int exact = boundary_layer_moment_certified(m->tau, m->count, m->offset, m->power, &ball);
    if ((status != GSL_EINVAL && status != GSL_EDOM) || exact != status)
        fail_msg("%s: status %d, certified %d", describe(m), status, exact);
    if (result.val != 0x1.3p3 || result.err != 0x1.7p4 || ball.value != 0x1.3p3 || ball.radius != 0x1.7p4)
        fail_msg("%s: the result was changed", describe(m));
}

static void test_refused(void **state) {
    (void)state;
    check_refused(&(moment_t){{0.1}, 0, 0, 0});
    check_refused(&(moment_t){{0.1, 0.1, 0.1, 0.1}, 5, 0, 0});
    check_refused(&(moment_t){{0.1}, 1, 0, -1});
    check_refused(&(moment_t){{0.1}, 1, 0, 5});
    check_refused(&(moment_t){{0.1}, 1, 8.0000001, 0});
    check_refused(&(moment_t){{0.1}, 1, -8.0000001, 0});
    check_refused(&(moment_t){{0.1}, 1, NAN, 0});
    check_refused(&(moment_t){{0.1}, 1, -INFINITY, 0});
    check_refused(&(moment_t){{0}, 1, 0, 0});
    check_refused(&(moment_t){{-0.1}, 1, 0, 0});
    check_refused(&(moment_t){{0.1, 0.1, 0.1, NAN}, 4, 0, 0});
    check_refused(&(moment_t){{0.1, 0.1, -0.1}, 3, 0, 0});
}

static void test_gap_refused(void **state) {
    (void)state;
    gsl_sf_result result = {0x1.3p3, 0x1.7p4};
    assert_true(boundary_layer_gap(0, 0, 1, 1, &result) != GSL_SUCCESS);
    assert_true(boundary_layer_gap(NAN, 0, 1, 1, &result) != GSL_SUCCESS);
    assert_true(boundary_layer_gap(0.1, 9, 1, 1, &result) != GSL_SUCCESS);
    assert_true(boundary_layer_covariance((double[]){0.1, 0}, 0, 1, 1, &result) != GSL_SUCCESS);
    assert_true(boundary_layer_covariance((double[]){-0.1, 0.1}, 0, 1, 1, &result) != GSL_SUCCESS);
    assert_true(boundary_layer_covariance((double[]){0.1, 0.1}, NAN, 1, 1, &result) != GSL_SUCCESS);
    assert_true(result.val == 0x1.3p3 && result.err == 0x1.7p4);
}

// ---- The law: |gap/tau - slope| <= tau^2 (0.2 a^2 + 0.1 c), because int g^2 u^2 du <= 1/2 and the second derivative of
// (a^2 s^2 + c) phi is at most 0.8 a^2 + 0.4 c.
static void test_slope_law(void **state) {
    (void)state;
    stream_t s = stream_at(5, 0, 0);
    for (int trial = 0; trial < 200; trial++) {
        const double tau = log_uniform(&s, 1e-4, 0.5), b = uniform(&s, -4, 4);
        const double a2 = uniform(&s, 0, 3), c = uniform(&s, 0, 3);
        gsl_sf_result gap;
        assert_int_equal(boundary_layer_gap(tau, b, a2, c, &gap), GSL_SUCCESS);
        check_close(INPUT("gap/tau at tau %a, b %a, a^2 %a, c %a", tau, b, a2, c), gap.val / tau,
                    boundary_layer_slope(b, a2, c), tau * tau * (0.2 * a2 + 0.1 * c) + 1e-12 / tau);
    }
}

// gap = a^2 m_2 + c m_0 with certified moments; the error covers the difference.
static void test_gap(void **state) {
    (void)state;
    stream_t s = stream_at(6, 0, 0);
    for (int trial = 0; trial < 40; trial++) {
        const double tau = log_uniform(&s, 1e-3, 5), b = uniform(&s, -5, 5), a2 = uniform(&s, 0, 9),
                     c = uniform(&s, 0, 9);
        const ball_t m0 = certified(&(moment_t){{tau}, 1, b, 0}), m2 = certified(&(moment_t){{tau}, 1, b, 2});
        gsl_sf_result gap;
        assert_int_equal(boundary_layer_gap(tau, b, a2, c, &gap), GSL_SUCCESS);
        assert_true(gap.err >= 0 && gap.err <= 1e-13 * (a2 + c));
        check_close(INPUT("gap at tau %a, b %a, a^2 %a, c %a", tau, b, a2, c), gap.val,
                    a2 * m2.value + c * m0.value, gap.err + a2 * m2.radius + c * m0.radius + 4e-16 * gap.val);
    }
}

// ---- A sample of the predictors in five dimensions

enum { DIMENSION = 5 };

typedef struct layer {
    double tau[2], offset;
    double router[DIMENSION], first[DIMENSION], second[DIMENSION];
    double gap[2]; // of the quadrature, to centre the products
} layer_t;

static double dot(const double *x, const double *y) {
    double sum = 0;
    for (int i = 0; i < DIMENSION; i++)
        sum += x[i] * y[i];
    return sum;
}

static layer_t random_layer(stream_t *s) {
    layer_t l = {.offset = uniform(s, -1.5, 1.5)};
    for (int k = 0; k < 2; k++)
        l.tau[k] = log_uniform(s, 0.05, 2);
    stream_normals(s, l.router, DIMENSION);
    stream_normals(s, l.first, DIMENSION);
    stream_normals(s, l.second, DIMENSION);
    const double norm = sqrt(dot(l.router, l.router));
    for (int i = 0; i < DIMENSION; i++)
        l.router[i] /= norm;
    return l;
}

// Squared differences of the soft and the hard predictor at both temperatures, and the products of their deviations.
static int sample_layer(const montecarlo_block_t *block, const void *context) {
    const layer_t *l = context;
    stream_normals(block->stream, block->work, block->count * DIMENSION);
    for (size_t i = 0; i < block->count; i++) {
        const double *x = block->work + i * DIMENSION, score = dot(l->router, x) - l->offset;
        const double hard = dot(score >= 0 ? l->first : l->second, x);
        double *row = block->samples + 4 * i;
        for (int k = 0; k < 2; k++) {
            const double gate = 1 / (1 + exp(-score / l->tau[k]));
            row[k] = pow(gate * dot(l->first, x) + (1 - gate) * dot(l->second, x) - hard, 2);
        }
        row[2] = (row[0] - l->gap[0]) * (row[1] - l->gap[1]);
        row[3] = pow(row[0] - l->gap[0], 2);
    }
    return GSL_SUCCESS;
}

static void check_sampled(const layer_t *l, const char *what, double value, gsl_sf_result sampled) {
    const double z = 4.5; // of 24 numbers: a true one fails with probability 2e-4, and the seed is fixed
    check_close(INPUT("%s at tau %a %a, b %a", what, l->tau[0], l->tau[1], l->offset), value, sampled.val,
                z * sampled.err);
}

static void check_layer(layer_t *l, uint32_t number) {
    double contrast[DIMENSION];
    for (int i = 0; i < DIMENSION; i++)
        contrast[i] = l->first[i] - l->second[i];
    const double a = dot(l->router, contrast), a2 = a * a, c = dot(contrast, contrast) - a2;
    gsl_sf_result gap, covariance, variance;
    for (int k = 0; k < 2; k++) {
        assert_int_equal(boundary_layer_gap(l->tau[k], l->offset, a2, c, &gap), GSL_SUCCESS);
        l->gap[k] = gap.val;
    }
    assert_int_equal(boundary_layer_covariance(l->tau, l->offset, a2, c, &covariance), GSL_SUCCESS);
    assert_int_equal(boundary_layer_covariance((double[]){l->tau[0], l->tau[0]}, l->offset, a2, c, &variance),
                     GSL_SUCCESS);
    const montecarlo_params_t params = {
        .samples = 1 << 20, .seed = 12, .experiment = number, .work_size = MONTECARLO_BLOCK * DIMENSION};
    moments_t *moments = moments_alloc(4);
    assert_non_null(moments);
    assert_int_equal(montecarlo_run(&params, sample_layer, l, moments), GSL_SUCCESS);
    check_sampled(l, "gap", l->gap[0], moments_estimate(moments, 0));
    check_sampled(l, "gap", l->gap[1], moments_estimate(moments, 1));
    check_sampled(l, "covariance", covariance.val, moments_estimate(moments, 2));
    check_sampled(l, "variance", variance.val, moments_estimate(moments, 3));
    moments_free(moments);
}

static void test_sample(void **state) {
    (void)state;
    stream_t s = stream_at(7, 0, 0);
    for (uint32_t trial = 0; trial < 6; trial++) {
        layer_t l = random_layer(&s);
        check_layer(&l, trial);
    }
}

// The formula of the header with certified moments, sharper than a sample; and the error covers the difference.
static void test_covariance(void **state) {
    (void)state;
    stream_t s = stream_at(8, 0, 0);
    for (int trial = 0; trial < 40; trial++) {
        const double tau[2] = {log_uniform(&s, 1e-2, 5), log_uniform(&s, 1e-2, 5)}, b = uniform(&s, -4, 4);
        const double a2 = uniform(&s, 0, 4), c = uniform(&s, 0, 4);
        double m[3], gap[2];
        for (int i = 0; i < 3; i++)
            m[i] = certified(&(moment_t){{tau[0], tau[1]}, 2, b, 2 * i}).value;
        for (int i = 0; i < 2; i++)
            gap[i] = a2 * certified(&(moment_t){{tau[i]}, 1, b, 2}).value +
                     c * certified(&(moment_t){{tau[i]}, 1, b, 0}).value;
        const double second = a2 * a2 * m[2] + 6 * a2 * c * m[1] + 3 * c * c * m[0];
        gsl_sf_result got, swapped;
        assert_int_equal(boundary_layer_covariance(tau, b, a2, c, &got), GSL_SUCCESS);
        assert_int_equal(boundary_layer_covariance((double[]){tau[1], tau[0]}, b, a2, c, &swapped),
                         GSL_SUCCESS);
        check_close(INPUT("covariance at tau %a %a, b %a, a^2 %a, c %a", tau[0], tau[1], b, a2, c), got.val,
                    second - gap[0] * gap[1], got.err + 2e-15 * second + 1e-16);
        check_close("the two temperatures swapped", swapped.val, got.val, 2e-15 * second + 1e-16);
        assert_true(got.err >= 0 && got.err <= 1e-13 * 3 * (a2 + c) * (a2 + c));
    }
}

int main(void) {
    gsl_set_error_handler_off();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gate),           cmocka_unit_test(test_gate_ends),
        cmocka_unit_test(test_moments),        cmocka_unit_test(test_thin_layers),
        cmocka_unit_test(test_moment_corners), cmocka_unit_test(test_moment_definition),
        cmocka_unit_test(test_moment_parity),  cmocka_unit_test(test_moment_wide),
        cmocka_unit_test(test_refused),        cmocka_unit_test(test_gap_refused),
        cmocka_unit_test(test_slope_law),      cmocka_unit_test(test_gap),
        cmocka_unit_test(test_sample),         cmocka_unit_test(test_covariance),
    };
    return cmocka_run_group_tests_name("boundary_layer", tests, NULL, NULL);
}
