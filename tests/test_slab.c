// SPDX-License-Identifier: GPL-3.0-or-later
// routing/slab: the two roads against each other and against the noncentral chi-square law, derivatives against differences,
// whole planes, what must be refused.
#include "routing/slab.h"

#include "stat/gaussian.h"
#include "support.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_sf_gamma.h>

enum { MAX_BELLS = 3 };

typedef struct scene {
    interface_t interface;
    slab_bell_t bells[MAX_BELLS];
    slab_input_t input;
} scene_t;

static void draw(stream_t *s, interface_kind_t kind, scene_t *scene) {
    const double angle = uniform(s, -M_PI, M_PI);
    scene->interface =
        (interface_t){kind, log_uniform(s, 0.3, 3), {cos(angle), sin(angle), uniform(s, -1, 1)}};
    if (kind == INTERFACE_CIRCLE)
        scene->interface.shape[2] = uniform(s, 0.5, 2);
    const size_t count = 1 + draw_below(s, MAX_BELLS);
    for (size_t i = 0; i < count; i++)
        scene->bells[i] =
            (slab_bell_t){1.0 / (double)count, {uniform(s, -2, 2), uniform(s, -2, 2)}, uniform(s, 0.4, 1.5)};
    scene->input = (slab_input_t){count, scene->bells};
}

static const char *describe(const scene_t *scene, double low, double high) {
    const interface_t *i = &scene->interface;
    return INPUT("kind %d, slope %a, shape %a %a %a, %zu bells, slab %a to %a", (int)i->kind, i->slope,
                 i->shape[0], i->shape[1], i->shape[2], scene->input.count, low, high);
}

static double by_levels(const scene_t *scene, double low, double high) {
    gsl_sf_result result;
    const int status = slab_mass_by_levels(&scene->interface, &scene->input, low, high, &result);
    if (status != GSL_SUCCESS || !(result.err < 1e-11))
        fail_msg("%s: levels, status %d, error %g", describe(scene, low, high), status, result.err);
    return result.val;
}

static double by_chords(const scene_t *scene, double low, double high) {
    gsl_sf_result result;
    const int status = slab_mass_by_chords(&scene->interface, &scene->input, low, high, &result);
    if (status != GSL_SUCCESS || !(result.err < 1e-11))
        fail_msg("%s: chords, status %d, error %g", describe(scene, low, high), status, result.err);
    return result.val;
}

static double profile(const scene_t *scene, double level, int order) {
    gsl_sf_result result;
    const int status = slab_profile(&scene->interface, &scene->input, level, order, &result);
    if (status != GSL_SUCCESS)
        fail_msg("%s: profile, status %d", describe(scene, level, order), status);
    return result.val;
}

static void test_roads(void **state) {
    (void)state;
    stream_t s = stream_at(7, stream_experiment("slab roads"), 0);
    for (int trial = 0; trial < 60; trial++) {
        scene_t scene;
        draw(&s, (interface_kind_t)(trial % 3), &scene);
        const double low = uniform(&s, -1, 0.5), high = low + log_uniform(&s, 1e-3, 1);
        check_close(describe(&scene, low, high), by_levels(&scene, low, high), by_chords(&scene, low, high),
                    2e-12);
    }
}

// |X - c|^2 is noncentral chi-square: a Poisson mixture of Gamma laws.
static double disc(const double centre[2], double square) {
    const double mean = (centre[0] * centre[0] + centre[1] * centre[1]) / 2;
    double sum = 0;
    for (unsigned j = 0; j < 80; j++)
        sum += gsl_ran_poisson_pdf(j, mean) * gsl_sf_gamma_inc_P(1.0 + j, square / 2);
    return sum;
}

static void test_noncentral(void **state) {
    (void)state;
    stream_t s = stream_at(7, stream_experiment("slab discs"), 0);
    for (int trial = 0; trial < 60; trial++) {
        const double r = uniform(&s, 0.3, 3), slope = log_uniform(&s, 0.3, 3), half = slope * r * 0.4;
        scene_t scene = {{INTERFACE_CIRCLE, slope, {uniform(&s, -2, 2), uniform(&s, -2, 2), r}},
                         {{1, {0, 0}, 1}},
                         {0, NULL}};
        scene.input = (slab_input_t){1, scene.bells};
        const double want = disc(scene.interface.shape, r * (r + 2 * half / slope)) -
                            disc(scene.interface.shape, r * (r - 2 * half / slope));
        check_close(describe(&scene, -half, half), by_chords(&scene, -half, half), want, 1e-12);
    }
}

// A slab that holds everything has mass 1; a slab below the centre of a circle has none.
static void test_whole(void **state) {
    (void)state;
    stream_t s = stream_at(7, stream_experiment("slab whole"), 0);
    for (int trial = 0; trial < 30; trial++) {
        scene_t scene;
        draw(&s, (interface_kind_t)(trial % 3), &scene);
        check_close(describe(&scene, -1e6, 1e6), by_chords(&scene, -1e6, 1e6), 1, 1e-12);
        if (scene.interface.kind == INTERFACE_CIRCLE) {
            assert_true(by_chords(&scene, -9, -4) == 0);
            assert_true(by_levels(&scene, -9, -4) == 0);
        }
    }
}

static void test_derivatives(void **state) {
    (void)state;
    stream_t s = stream_at(7, stream_experiment("slab derivatives"), 0);
    const double step = 1e-3;
    for (int trial = 0; trial < 90; trial++) {
        scene_t scene;
        draw(&s, (interface_kind_t)(trial % 3), &scene);
        const double scale = scene.interface.slope, h = step * scale;
        for (int order = 0; order < 2; order++) {
            const double near = profile(&scene, h, order) - profile(&scene, -h, order);
            const double wide = profile(&scene, 2 * h, order) - profile(&scene, -2 * h, order);
            check_close(describe(&scene, 0, order), scale * profile(&scene, 0, order + 1),
                        (8 * near - wide) / (12 * step), 1e-6 * pow(scale, -order - 1));
        }
    }
}

static void test_refused(void **state) {
    (void)state;
    stream_t s = stream_at(7, stream_experiment("slab refused"), 0);
    scene_t scene;
    draw(&s, INTERFACE_LINE, &scene);
    gsl_sf_result result = {5, 6};
    assert_int_equal(slab_profile(&scene.interface, &scene.input, 0, 3, &result), GSL_EINVAL);
    assert_int_equal(slab_profile(&scene.interface, &scene.input, NAN, 0, &result), GSL_EINVAL);
    scene.interface.slope = 0;
    assert_int_equal(slab_mass_by_levels(&scene.interface, &scene.input, -1, 1, &result), GSL_EINVAL);
    assert_true(result.val == 5 && result.err == 6);
}

int main(void) {
    gsl_set_error_handler_off();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roads),       cmocka_unit_test(test_noncentral), cmocka_unit_test(test_whole),
        cmocka_unit_test(test_derivatives), cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests_name("slab", tests, NULL, NULL);
}
