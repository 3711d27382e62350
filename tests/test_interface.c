// SPDX-License-Identifier: GPL-3.0-or-later
// routing/interface: scores and gradients, level and arc integrals against closed forms, plain sums, and the coarea formula
// itself; narrow densities, empty level sets, what must be refused.
#include "routing/interface.h"

#include "stat/quadrature.h"
#include "support.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_sf_bessel.h>

static const double TOLERANCE = 1e-12, REACH = 9;

// A round Gaussian density in the plane.
typedef struct bell {
    double centre[2], width;
} bell_t;

static const bell_t STANDARD = {{0, 0}, 1};

static double bell_density(const double x[2], const void *context) {
    const bell_t *bell = context;
    return gsl_ran_gaussian_pdf(x[0] - bell->centre[0], bell->width) *
           gsl_ran_gaussian_pdf(x[1] - bell->centre[1], bell->width);
}

static interface_t draw(stream_t *s, interface_kind_t kind) {
    interface_t drawn = {kind, log_uniform(s, 0.1, 10), {0, 0, 0}};
    if (kind == INTERFACE_LINE) {
        const double angle = uniform(s, -M_PI, M_PI);
        drawn.shape[0] = cos(angle);
        drawn.shape[1] = sin(angle);
        drawn.shape[2] = uniform(s, -3, 3);
    } else if (kind == INTERFACE_CIRCLE) {
        drawn.shape[0] = uniform(s, -3, 3);
        drawn.shape[1] = uniform(s, -3, 3);
        drawn.shape[2] = log_uniform(s, 0.1, 30);
    } else {
        for (int i = 0; i < 3; i++)
            drawn.shape[i] = uniform(s, -2, 2);
    }
    return drawn;
}

static const char *describe(const interface_t *i, double level) {
    return INPUT("kind %d, slope %a, shape %a %a %a, level %a", (int)i->kind, i->slope, i->shape[0],
                 i->shape[1], i->shape[2], level);
}

static double level_integral(const interface_t *interface, double level, const bell_t *bell) {
    gsl_sf_result result;
    const int status =
        interface_level_integral(interface, level, bell_density, bell, REACH, TOLERANCE, &result);
    if (status != GSL_SUCCESS || !(result.err <= 10 * TOLERANCE))
        fail_msg("%s: status %d, error %g", describe(interface, level), status, result.err);
    return result.val;
}

static double arc_integral(const interface_t *interface, double level, const bell_t *bell) {
    gsl_sf_result result;
    const int status =
        interface_arc_integral(interface, level, bell_density, bell, REACH, TOLERANCE, &result);
    if (status != GSL_SUCCESS || !(result.err <= 10 * TOLERANCE))
        fail_msg("%s: status %d, error %g", describe(interface, level), status, result.err);
    return result.val;
}

// ---- Scores

static void test_scores(void **state) {
    (void)state;
    const interface_t line = {INTERFACE_LINE, 2, {0.6, 0.8, 1}}, circle = {INTERFACE_CIRCLE, 3, {1, -1, 2}},
                      cubic = {INTERFACE_CUBIC, 0.5, {1, -2, 3}};
    check_close("line", interface_score(&line, (double[]){5, 5}), 12, 1e-14);
    check_close("circle", interface_score(&circle, (double[]){1, 3}), 9, 1e-14); // 3 (16 - 4) / 4
    check_close("its centre", interface_score(&circle, (double[]){1, -1}), -3, 0);
    check_close("cubic", interface_score(&cubic, (double[]){2, 9}), 1, 0); // (9 - 8 + 4 - 3) / 2
}

// Against central differences, and |grad S| = s on the circle itself.
static void test_gradients(void **state) {
    (void)state;
    stream_t s = stream_at(5, stream_experiment("interface gradients"), 0);
    const double step = 1e-5;
    for (int trial = 0; trial < 600; trial++) {
        const interface_t interface = draw(&s, (interface_kind_t)(trial % 3));
        const double x[2] = {uniform(&s, -4, 4), uniform(&s, -4, 4)};
        double gradient[2];
        interface_gradient(&interface, x, gradient);
        for (int i = 0; i < 2; i++) {
            double low[2] = {x[0], x[1]}, high[2] = {x[0], x[1]};
            low[i] -= step;
            high[i] += step;
            check_close(describe(&interface, 0), gradient[i],
                        (interface_score(&interface, high) - interface_score(&interface, low)) / (2 * step),
                        1e-6 * interface.slope);
        }
    }
    const interface_t circle = {INTERFACE_CIRCLE, 3, {1, -1, 2}};
    double gradient[2];
    interface_gradient(&circle, (double[]){1 + 1.2, -1 + 1.6}, gradient);
    check_close("slope of a circle", hypot(gradient[0], gradient[1]), 3, 1e-14);
}

// ---- Level and arc integrals of the standard Gaussian density

static void test_lines(void **state) {
    (void)state;
    stream_t s = stream_at(5, stream_experiment("interface lines"), 0);
    for (int trial = 0; trial < 300; trial++) {
        const interface_t line = draw(&s, INTERFACE_LINE);
        const double level = line.slope * uniform(&s, -2, 2);
        const double want = gsl_ran_ugaussian_pdf(line.shape[2] + level / line.slope);
        check_close(describe(&line, level), arc_integral(&line, level, &STANDARD), want, 1e-13);
        check_close(describe(&line, level), level_integral(&line, level, &STANDARD), want / line.slope,
                    1e-12);
    }
}

// On a circle of radius R around c the mean of exp(-c'x) is the Bessel function I_0(|c| R).
static void test_circles(void **state) {
    (void)state;
    stream_t s = stream_at(5, stream_experiment("interface circles"), 0);
    for (int trial = 0; trial < 300; trial++) {
        const interface_t circle = draw(&s, INTERFACE_CIRCLE);
        const double level = circle.slope * circle.shape[2] * uniform(&s, -0.6, 1);
        const double square = circle.shape[2] * (circle.shape[2] + 2 * level / circle.slope);
        const double radius = sqrt(fmax(square, 0)), centre = hypot(circle.shape[0], circle.shape[1]);
        const double mean = gsl_sf_bessel_I0_scaled(radius * centre) *
                            exp(-0.5 * (radius - centre) * (radius - centre)); // times 2 pi
        const double want = square > 0 ? mean : 0;
        check_close(describe(&circle, level), arc_integral(&circle, level, &STANDARD), radius * want, 1e-12);
        check_close(describe(&circle, level), level_integral(&circle, level, &STANDARD),
                    want * circle.shape[2] / circle.slope, 2e-12);
    }
}

// The trapezoidal rule on a fine grid, over the whole line.
static void test_cubics(void **state) {
    (void)state;
    stream_t s = stream_at(5, stream_experiment("interface cubics"), 0);
    const double step = 1e-4;
    for (int trial = 0; trial < 60; trial++) {
        const interface_t cubic = draw(&s, INTERFACE_CUBIC);
        const double *a = cubic.shape, level = cubic.slope * uniform(&s, -2, 2);
        double sum = 0, arc = 0;
        for (double x = -REACH; x <= REACH; x += step) {
            const double y = (a[0] * x * x + a[1]) * x + a[2] + level / cubic.slope;
            const double q = bell_density((double[]){x, y}, &STANDARD);
            sum += q * step;
            arc += q * step * hypot(1, 3 * a[0] * x * x + a[1]);
        }
        check_close(describe(&cubic, level), level_integral(&cubic, level, &STANDARD), sum / cubic.slope,
                    1e-11);
        check_close(describe(&cubic, level), arc_integral(&cubic, level, &STANDARD), arc, 1e-12);
    }
}

// A cubic with a = 0 is a line.
static void test_straight_cubic(void **state) {
    (void)state;
    const double b = 0.75, c = 0.5, norm = hypot(1, b);
    const interface_t cubic = {INTERFACE_CUBIC, 2, {0, b, c}};
    const interface_t line = {INTERFACE_LINE, 2 * norm, {-b / norm, 1 / norm, c / norm}};
    for (double level = -2; level <= 2; level += 0.25) {
        check_close("level", level_integral(&cubic, level, &STANDARD),
                    level_integral(&line, level, &STANDARD), 1e-12);
        check_close("arc", arc_integral(&cubic, level, &STANDARD), arc_integral(&line, level, &STANDARD),
                    1e-12);
    }
}

// ---- The coarea formula

typedef struct slab {
    const interface_t *interface;
    const bell_t *bell;
} slab_t;

static double profile(double level, const void *context) {
    const slab_t *slab = context;
    return level_integral(slab->interface, level, slab->bell);
}

// int F over [low, high] against the sum of q over a grid of the plane where low <= S <= high, with the error of a
// grid that does not know the edges of the slab.
static void test_coarea(void **state) {
    (void)state;
    stream_t s = stream_at(5, stream_experiment("interface coarea"), 0);
    const double step = 1.0 / 256;
    for (int trial = 0; trial < 6; trial++) {
        interface_t interface = draw(&s, (interface_kind_t)(trial % 3));
        interface.slope = 1;
        const double ends[2] = {-0.3 * uniform(&s, 0, 1), 0.5};
        double sum = 0;
        for (double x = -6; x < 6; x += step)
            for (double y = -6; y < 6; y += step) {
                const double at[2] = {x + step / 2, y + step / 2}, score = interface_score(&interface, at);
                if (score >= ends[0] && score <= ends[1])
                    sum += bell_density(at, &STANDARD) * step * step;
            }
        gsl_sf_result integral;
        assert_int_equal(
            quadrature_integrate(profile, &(slab_t){&interface, &STANDARD}, ends, 2, 1e-9, &integral),
            GSL_SUCCESS);
        check_close(describe(&interface, ends[0]), integral.val, sum, 3e-4);
    }
}

// ---- Narrow densities: a bell of a hundredth of the reach, anywhere on the level set

static void test_narrow(void **state) {
    (void)state;
    stream_t s = stream_at(5, stream_experiment("interface narrow"), 0);
    for (int trial = 0; trial < 300; trial++) {
        const interface_t line = draw(&s, INTERFACE_LINE);
        const double along = uniform(&s, -6, 6), width = REACH / 100;
        const bell_t on_line = {{line.shape[0] * line.shape[2] - line.shape[1] * along,
                                 line.shape[1] * line.shape[2] + line.shape[0] * along},
                                width};
        check_close(describe(&line, 0), arc_integral(&line, 0, &on_line), gsl_ran_ugaussian_pdf(0) / width,
                    1e-10);

        const interface_t circle = {INTERFACE_CIRCLE, 1, {uniform(&s, -3, 3), uniform(&s, -3, 3), 2}};
        const double angle = uniform(&s, -M_PI, M_PI);
        const bell_t on_circle = {{circle.shape[0] + 2 * cos(angle), circle.shape[1] + 2 * sin(angle)},
                                  width};
        check_close(describe(&circle, 0), arc_integral(&circle, 0, &on_circle),
                    2 * gsl_sf_bessel_I0_scaled(4 / (width * width)) / (width * width), 1e-10);

        // A steep cubic crosses the reach within a hundredth of it; beside the flat part it is nearly a line.
        const interface_t cubic = {INTERFACE_CUBIC, 1, {uniform(&s, 50, 2000), 0, 0}};
        const double x = cbrt(uniform(&s, 2, 6) / cubic.shape[0]);
        const bell_t on_cubic = {{x, cubic.shape[0] * x * x * x}, width};
        check_close(describe(&cubic, 0), arc_integral(&cubic, 0, &on_cubic), gsl_ran_ugaussian_pdf(0) / width,
                    0.01);
    }
}

// A great circle around a far centre is nearly a line, where the density sees it.
static void test_great_circle(void **state) {
    (void)state;
    const double radius = 1e5;
    const interface_t circle = {INTERFACE_CIRCLE, 2, {0.6 * (radius + 1), 0.8 * (radius + 1), radius}};
    check_close("arc", arc_integral(&circle, 0, &STANDARD), gsl_ran_ugaussian_pdf(1), 1e-5);
    check_close("level", level_integral(&circle, 0, &STANDARD), gsl_ran_ugaussian_pdf(1) / 2, 1e-5);
}

// ---- Empty level sets, and what must be refused

static void test_empty(void **state) {
    (void)state;
    const interface_t circle = {INTERFACE_CIRCLE, 2, {0, 0, 3}}, line = {INTERFACE_LINE, 1, {1, 0, 20}},
                      cubic = {INTERFACE_CUBIC, 1, {0, 0, 20}};
    assert_true(level_integral(&circle, -3, &STANDARD) == 0); // the centre alone
    assert_true(level_integral(&circle, -4, &STANDARD) == 0);
    assert_true(level_integral(&circle, -2.999, &STANDARD) > 0);
    assert_true(level_integral(&line, 0, &STANDARD) == 0);
    assert_true(level_integral(&cubic, 0, &STANDARD) == 0);
}

static void test_refused(void **state) {
    (void)state;
    const interface_t good = {INTERFACE_CIRCLE, 1, {0, 0, 1}}, flat = {INTERFACE_LINE, 0, {1, 0, 0}},
                      pointed = {INTERFACE_CIRCLE, 1, {0, 0, 0}};
    gsl_sf_result result = {7, 8};
    const double inputs[][3] = {{0, 0, 1e-9}, {0, -1, 1e-9}, {0, 9, 0}, {0, 9, NAN}, {INFINITY, 9, 1e-9}};
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++)
        assert_int_equal(interface_level_integral(&good, inputs[i][0], bell_density, &STANDARD, inputs[i][1],
                                                  inputs[i][2], &result),
                         GSL_EINVAL);
    assert_int_equal(interface_arc_integral(&flat, 0, bell_density, &STANDARD, 9, 1e-9, &result), GSL_EINVAL);
    assert_int_equal(interface_arc_integral(&pointed, 0, bell_density, &STANDARD, 9, 1e-9, &result),
                     GSL_EINVAL);
    assert_true(result.val == 7 && result.err == 8);
}

int main(void) {
    gsl_set_error_handler_off();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scores),       cmocka_unit_test(test_gradients),
        cmocka_unit_test(test_lines),        cmocka_unit_test(test_circles),
        cmocka_unit_test(test_cubics),       cmocka_unit_test(test_straight_cubic),
        cmocka_unit_test(test_coarea),       cmocka_unit_test(test_narrow),
        cmocka_unit_test(test_great_circle), cmocka_unit_test(test_empty),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests_name("interface", tests, NULL, NULL);
}
