// SPDX-License-Identifier: GPL-3.0-or-later
// routing/shape, routing/two_phase and routing/kink: geometry by differences, closed forms on a line and on a circle around
// the origin, the soft slope by an adaptive rule.
#include "routing/kink.h"
#include "routing/shape.h"
#include "routing/two_phase.h"
#include "support.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>

enum { CASES = 60 };

static interface_t draw_interface(stream_t *stream, int kind) {
    const double angle = uniform(stream, -3, 3);
    interface_t interface = {(interface_kind_t)kind, uniform(stream, 0.4, 2), {0}};
    double *shape = interface.shape;
    for (int i = 0; i < 3; i++)
        shape[i] = uniform(stream, -0.8, 0.8);
    if (kind == INTERFACE_LINE) {
        shape[0] = cos(angle);
        shape[1] = sin(angle);
    } else if (kind == INTERFACE_CIRCLE)
        shape[2] = uniform(stream, 0.5, 2);
    return interface;
}

// Points on the interface, unit normals along which S falls, arc elements and curvatures by differences.
static void test_geometry(void **state) {
    (void)state;
    stream_t stream = stream_at(1, stream_experiment("shape geometry"), 0);
    for (int i = 0; i < CASES; i++) {
        const interface_t interface = draw_interface(&stream, i % 3);
        const double u = uniform(&stream, -1.2, 1.2), h = 1e-4, step = 1e-5;
        const char *input = INPUT("kind %d, slope %a, shape %a %a %a, u %a", i % 3, interface.slope,
                                  interface.shape[0], interface.shape[1], interface.shape[2], u);
        double x[2], ahead[2], behind[2], normal[2], turned[2], back[2];
        shape_point(&interface, u, x);
        shape_point(&interface, u + h, ahead);
        shape_point(&interface, u - h, behind);
        shape_normal(&interface, x, normal);
        shape_normal(&interface, ahead, turned);
        shape_normal(&interface, behind, back);
        check_close(input, interface_score(&interface, x), 0, 1e-14);
        check_close(input, hypot(normal[0], normal[1]), 1, 1e-15);
        const double inside[2] = {x[0] + step * normal[0], x[1] + step * normal[1]};
        assert_true(interface_score(&interface, inside) < 0);
        const double tangent[2] = {(ahead[0] - behind[0]) / (2 * h), (ahead[1] - behind[1]) / (2 * h)};
        const double speed = hypot(tangent[0], tangent[1]);
        check_close(input, shape_speed(&interface, u), speed, 1e-6);
        check_close(input, tangent[0] * normal[0] + tangent[1] * normal[1], 0, 1e-7);
        // dn/ds = kappa times the unit tangent.
        const double bend =
            ((turned[0] - back[0]) * tangent[0] + (turned[1] - back[1]) * tangent[1]) / (2 * h);
        check_close(input, shape_curvature(&interface, u), bend / gsl_pow_2(speed), 1e-6);
    }
}

static double radial(const double x[2], const void *context) {
    (void)context;
    return exp(-gsl_pow_2(x[0]) - gsl_pow_2(x[1]));
}
static double negative_radial(const double x[2], const void *context) {
    return -3 * radial(x, context);
}
static double one(double u, const void *context) {
    (void)u;
    (void)context;
    return 1;
}
static double minus_one(double u, const void *context) {
    return -one(u, context);
}

// A circle of radius r around the origin, pushed inwards by eps: J = 2 pi int_(r - eps)^r q(rho) rho drho.
static void test_circle(void **state) {
    (void)state;
    static const double ends[2] = {-M_PI, M_PI};
    const shape_contrast_t contrast = {radial, negative_radial, NULL};
    const shape_field_t field = {one, NULL, ends, 2}, opposite = {minus_one, NULL, ends, 2};
    for (double r = 0.3; r < 2; r += 0.37) {
        const interface_t circle = {INTERFACE_CIRCLE, 1.7, {0, 0, r}};
        const double q = exp(-r * r), first = 2 * M_PI * r * q, second = -2 * M_PI * q * (1 - 2 * r * r);
        gsl_sf_result value, arc;
        const char *input = INPUT("r %a", r);
        assert_int_equal(shape_first(&circle, &field, &contrast, SHAPE_RIGHT, 1e-12, &value), GSL_SUCCESS);
        check_close(input, value.val, first, 1e-12);
        assert_int_equal(interface_arc_integral(&circle, 0, radial, NULL, 6, 1e-10, &arc), GSL_SUCCESS);
        check_close(input, value.val, arc.val, 1e-9);
        assert_int_equal(shape_second(&circle, &field, &contrast, SHAPE_RIGHT, 1e-9, &value), GSL_SUCCESS);
        check_close(input, value.val, second, 1e-8);
        // To the left the other trace, -3 q, is swept.
        assert_int_equal(shape_first(&circle, &field, &contrast, SHAPE_LEFT, 1e-12, &value), GSL_SUCCESS);
        check_close(input, value.val, -3 * first, 1e-11);
        assert_int_equal(shape_second(&circle, &field, &contrast, SHAPE_LEFT, 1e-9, &value), GSL_SUCCESS);
        check_close(input, value.val, -3 * second, 1e-7);
        assert_int_equal(shape_first(&circle, &opposite, &contrast, SHAPE_RIGHT, 1e-12, &value), GSL_SUCCESS);
        check_close(input, value.val, 3 * first, 1e-11);
        // Between them, weighed by the gate with the slope of S.
        for (double shift = -2; shift <= 2; shift++) {
            const double gate = 1 / (1 + exp(-1.7 * shift));
            assert_int_equal(shape_gated(&circle, &field, &contrast, shift, 1e-12, &value), GSL_SUCCESS);
            check_close(input, value.val, first * (gate - 3 * (1 - gate)), 1e-11);
        }
    }
}

// Experts 1 and -1, the target 1: the loss is 4 below the moved interface. On a line, and on a circle around the origin.
typedef struct closed {
    shape_bump_t bump;
    int kind;
    double place, epsilon, window;
} closed_t;

static double closed_column(double u, const void *context) {
    const closed_t *closed = context;
    const double moved = closed->place - closed->epsilon * shape_bump_value(u, &closed->bump);
    const double low = closed->place - closed->window;
    if (closed->kind == INTERFACE_LINE)
        return 4 * gsl_ran_ugaussian_pdf(u) * (gsl_cdf_ugaussian_P(moved) - gsl_cdf_ugaussian_P(low));
    return 2 / M_PI * (exp(-low * low / 2) - exp(-moved * moved / 2));
}

static void test_hard_risk(void **state) {
    (void)state;
    stream_t stream = stream_at(2, stream_experiment("two_phase hard"), 0);
    for (int i = 0; i < CASES; i++) {
        const int kind = i % 2 == 0 ? INTERFACE_LINE : INTERFACE_CIRCLE;
        const double place = uniform(&stream, 0.7, 1.5), turn = uniform(&stream, -3, 3);
        const closed_t closed = {
            {{-1, uniform(&stream, -0.5, 0.5), 1.2}, uniform(&stream, -1, 1), i % 3 == 0},
            kind,
            place,
            uniform(&stream, -0.2, 0.2),
            0.4};
        two_phase_t model = {.interface = {(interface_kind_t)kind, 1, {0, 0, place}},
                             .expert = {{0, 0, 1}, {0, 0, -1}},
                             .target = {{0, 0, 1}, {0, 0, 1}}};
        if (kind == INTERFACE_LINE) {
            model.interface.shape[0] = cos(turn);
            model.interface.shape[1] = sin(turn);
        }
        const shape_field_t field = {shape_bump_value, &closed.bump, closed.bump.ends, 3};
        gsl_sf_result got, want;
        assert_int_equal(two_phase_hard_risk(&model, &field, closed.epsilon, closed.window, 1e-12, &got),
                         GSL_SUCCESS);
        assert_int_equal(quadrature_integrate(closed_column, &closed, closed.bump.ends, 3, 1e-12, &want),
                         GSL_SUCCESS);
        check_close(
            INPUT("kind %d, place %a, eps %a, size %a", kind, place, closed.epsilon, closed.bump.size),
            got.val, want.val, 1e-11);
    }
}

// A cubic: central differences of the risk with a continuous target.
static void test_cubic(void **state) {
    (void)state;
    stream_t stream = stream_at(3, stream_experiment("two_phase cubic"), 0);
    for (int i = 0; i < CASES; i++) {
        two_phase_t model = {.interface = draw_interface(&stream, INTERFACE_CUBIC)};
        for (int k = 0; k < 3; k++) {
            model.expert[0][k] = uniform(&stream, -1, 1);
            model.expert[1][k] = uniform(&stream, -1, 1);
        }
        for (int k = 0; k < 6; k++)
            model.target[0][k] = model.target[1][k] = uniform(&stream, -1, 1);
        const shape_bump_t bump = {{-0.9, 0.1, 0.7}, 1, true};
        const shape_field_t field = {shape_bump_value, &bump, bump.ends, 3};
        const shape_contrast_t contrast = two_phase_contrast(&model);
        gsl_sf_result ahead, behind, formula;
        const double h = 1e-3;
        assert_int_equal(two_phase_hard_risk(&model, &field, h, 0.3, 1e-12, &ahead), GSL_SUCCESS);
        assert_int_equal(two_phase_hard_risk(&model, &field, -h, 0.3, 1e-12, &behind), GSL_SUCCESS);
        assert_int_equal(shape_first(&model.interface, &field, &contrast, SHAPE_RIGHT, 1e-12, &formula),
                         GSL_SUCCESS);
        check_close(INPUT("case %d", i), (ahead.val - behind.val) / (2 * h), formula.val, 1e-5);
        check_close(INPUT("case %d", i), two_phase_jump((double[2]){0.3, -0.2}, &model), 0, 1e-15);
    }
}

// The soft slope on the line x_1 = b by adaptive quadrature of its definition.
typedef struct soft {
    two_phase_t model;
    shape_bump_t bump;
    double shift, tau, u;
} soft_t;

static double soft_value(double v, const void *context) {
    const soft_t *soft = context;
    const double b = soft->model.interface.shape[2], slope = soft->model.interface.slope;
    const double lift = slope * shape_bump_value(soft->u, &soft->bump);
    const double gate = gsl_cdf_logistic_P(slope * (v - b) / soft->tau + soft->shift * lift, 1);
    const double mu = v > b ? soft->model.target[0][2] : soft->model.target[1][2];
    const double derivative = gate * (1 - gate) * lift / soft->tau;
    return -2 * (mu - (2 * gate - 1)) * 2 * derivative * gsl_ran_ugaussian_pdf(v) *
           gsl_ran_ugaussian_pdf(soft->u);
}

static double soft_column(double u, const void *context) {
    soft_t soft = *(const soft_t *)context;
    const double b = soft.model.interface.shape[2], points[] = {-4, b - 0.3, b, b + 0.3, 4};
    gsl_sf_result result;
    soft.u = u;
    assert_int_equal(quadrature_integrate(soft_value, &soft, points, 5, 1e-10, &result), GSL_SUCCESS);
    return result.val;
}

static void test_soft_slope(void **state) {
    (void)state;
    stream_t stream = stream_at(4, stream_experiment("two_phase soft"), 0);
    for (int i = 0; i < 12; i++) {
        const soft_t soft = {
            .model = {.interface = {INTERFACE_LINE, uniform(&stream, 0.7, 2), {1, 0, 0.3}},
                      .expert = {{0, 0, 1}, {0, 0, -1}},
                      .target = {{0, 0, uniform(&stream, -1, 1)}, {0, 0, uniform(&stream, -1, 1)}}},
            .bump = {{-1, 0.2, 0.8}, 1, i % 2 == 0},
            .shift = uniform(&stream, -3, 3),
            .tau = uniform(&stream, 0.01, 0.05)};
        const shape_field_t field = {shape_bump_value, &soft.bump, soft.bump.ends, 3};
        gsl_sf_result got, want;
        assert_int_equal(two_phase_soft_slope(&soft.model, &field, soft.shift, soft.tau, 1e-9, &got),
                         GSL_SUCCESS);
        assert_int_equal(quadrature_integrate(soft_column, &soft, soft.bump.ends, 3, 1e-9, &want),
                         GSL_SUCCESS);
        check_close(INPUT("shift %a, tau %a", soft.shift, soft.tau), got.val, want.val, 1e-7);
    }
}

static double line_loss(double x, const void *context) {
    const double *line = context; // s, tau
    return gsl_pow_2((x > 0 ? 1 : -1) - tanh((x - line[0]) / (2 * line[1]))) / 2;
}
static double profile_loss(double y, const void *context) {
    const double *e = context;
    return gsl_pow_2((y > 0 ? 1 : -1) - tanh((y - *e) / 2));
}

static void test_kink(void **state) {
    (void)state;
    stream_t stream = stream_at(5, stream_experiment("kink"), 0);
    fmpq_t s, risk;
    fmpq_init(s);
    fmpq_init(risk);
    for (int i = 0; i < 200; i++) {
        const slong denominator = 1 + (slong)draw_below(&stream, 40);
        const slong numerator = (slong)draw_below(&stream, (size_t)(2 * denominator + 1)) - denominator;
        fmpq_set_si(s, numerator, (ulong)denominator);
        kink_hard_risk(risk, s);
        fmpq_abs(s, s);
        fmpq_mul_2exp(s, s, 1);
        assert_true(fmpq_equal(risk, s));
        const double line[2] = {uniform(&stream, -1, 1), log_uniform(&stream, 0.005, 2)},
                     e = uniform(&stream, -9, 9);
        const double points[] = {-1, fmin(0, line[0]), fmax(0, line[0]), 1};
        const double wide[] = {-60, fmin(0, e), fmax(0, e), 60};
        gsl_sf_result want;
        assert_int_equal(quadrature_integrate(line_loss, line, points, 4, 1e-12, &want), GSL_SUCCESS);
        check_close(INPUT("s %a, tau %a", line[0], line[1]), kink_soft_risk(line[0], line[1]), want.val,
                    1e-12);
        assert_int_equal(quadrature_integrate(profile_loss, &e, wide, 4, 1e-11, &want), GSL_SUCCESS);
        check_close(INPUT("e %a", e), kink_profile(e), want.val, 1e-10);
    }
    fmpq_clear(s);
    fmpq_clear(risk);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_geometry), cmocka_unit_test(test_circle),     cmocka_unit_test(test_hard_risk),
        cmocka_unit_test(test_cubic),    cmocka_unit_test(test_soft_slope), cmocka_unit_test(test_kink),
    };
    return cmocka_run_group_tests_name("shape", tests, NULL, NULL);
}
