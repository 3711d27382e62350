// SPDX-License-Identifier: GPL-3.0-or-later
// geometry/sphere: arrangements worked out by hand, and rational points of the sphere against the lists.
#include "geometry/sphere.h"

#include "support.h"

#include <flint/flint.h>
#include <gsl/gsl_errno.h>

typedef struct {
    arrangement_t *a;
    sphere_feet_t feet;
    sphere_regions_t regions;
} survey_t;

static survey_t survey_of(slong planes, slong dimension, const slong *entries) {
    survey_t survey = {.a = arrangement_alloc(planes, dimension)};
    arrangement_set(survey.a, entries);
    assert_int_equal(sphere_feet_find(survey.a, &survey.feet), GSL_SUCCESS);
    assert_int_equal(sphere_regions_list(survey.a, &survey.feet, &survey.regions), GSL_SUCCESS);
    return survey;
}

static void survey_clear(survey_t *survey) {
    sphere_regions_clear(&survey->regions);
    sphere_feet_clear(&survey->feet);
    arrangement_free(survey->a);
}

static void expect(slong planes, slong dimension, const slong *entries, slong meeting, slong contained,
                   slong touching) {
    survey_t survey = survey_of(planes, dimension, entries);
    assert_int_equal(survey.regions.meeting, meeting);
    assert_int_equal(survey.regions.contained, contained);
    assert_int_equal(survey.feet.touching, touching);
    survey_clear(&survey);
}

static void test_by_hand(void **state) {
    (void)state;
    expect(0, 2, NULL, 1, 0, 0);
    expect(2, 2, (slong[]){1, 0, 0, 0, 1, 0}, 4, 0, 0);                     // the axes and the circle
    expect(3, 3, (slong[]){1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0}, 8, 0, 0);   // the coordinate planes
    expect(1, 2, (slong[]){1, 0, -2}, 1, 0, 0);                             // a line that misses
    expect(1, 2, (slong[]){3, 4, -5}, 1, 0, 1);                             // a tangent at (3/5, 4/5)
    expect(2, 2, (slong[]){2, 0, -1, 2, 0, 1}, 3, 0, 0);                    // a strip: two arcs in one region
    expect(3, 2, (slong[]){3, 0, 1, 0, 3, 1, -3, -3, 1}, 6, 1, 0);          // a triangle inside
    expect(4, 2, (slong[]){1, 0, -1, 1, 0, 1, 0, 1, -1, 0, 1, 1}, 1, 0, 4); // the square around the circle
    expect(4, 2, (slong[]){5, 0, -3, 5, 0, 3, 0, 5, -4, 0, 5, 4}, 4, 1, 4); // vertices on the circle
}

// Squares with their corners on the circle, in it and beyond: the rectangle |x| <= 3/5, |y| <= 4/5 is contained.
static void test_contained(void **state) {
    (void)state;
    survey_t survey = survey_of(4, 2, (slong[]){5, 0, -3, 5, 0, 3, 0, 5, -4, 0, 5, 4});
    assert_int_equal(survey.regions.count, 9);
    assert_int_equal(survey.regions.bounded, 1);
    survey_clear(&survey);
}

// Points of the sphere by stereographic projection: each lies in a region that is said to meet it; in space most of
// these regions are found that way. Flats and regions that meet the ball are equally many in general position.
static void test_points(void **state) {
    (void)state;
    stream_t stream = stream_at(4, stream_experiment("sphere points"), 0);
    for (int i = 0; i < 60; i++) {
        const slong d = 2 + i % 3, planes = 1 + i % 7;
        arrangement_t *a = arrangement_alloc(planes, d);
        assert_int_equal(arrangement_draw(a, 99999, &stream), GSL_SUCCESS);
        sphere_feet_t feet;
        sphere_regions_t regions;
        assert_int_equal(sphere_feet_find(a, &feet), GSL_SUCCESS);
        assert_int_equal(sphere_regions_list(a, &feet, &regions), GSL_SUCCESS);
        assert_int_equal(regions.inside, feet.inside);
        assert_int_equal(regions.meeting, regions.inside - regions.contained);
        for (int k = 0; k < 200; k++) {
            slong t[4], square = 0, point[4];
            const slong scale = 1 + (slong)draw_below(&stream, 1000);
            for (slong j = 0; j < d - 1; j++) {
                t[j] = (slong)draw_below(&stream, 4001) - 2000;
                square += t[j] * t[j];
                point[j] = 2 * t[j] * scale;
            }
            point[d - 1] = square - scale * scale;
            uint64_t positive = 0;
            bool on_plane = false;
            for (slong p = 0; p < planes; p++) {
                slong value = fmpz_get_si(fmpz_mat_entry(a->rows, p, d)) * (square + scale * scale);
                for (slong j = 0; j < d; j++)
                    value += fmpz_get_si(fmpz_mat_entry(a->rows, p, j)) * point[j];
                positive |= value > 0 ? UINT64_C(1) << p : 0;
                on_plane = on_plane || value == 0;
            }
            if (!on_plane && !sphere_regions_has(&regions, positive)) {
                arrangement_print(stderr, a);
                fail_msg("the region %lx of arrangement %d has a point of the sphere", positive, i);
            }
        }
        sphere_regions_clear(&regions);
        sphere_feet_clear(&feet);
        arrangement_free(a);
    }
}

static void test_errors(void **state) {
    (void)state;
    sphere_feet_t feet;
    arrangement_t *a = arrangement_alloc(1, 2);
    assert_int_equal(sphere_feet_find(a, &feet), GSL_EDOM); // w = 0
    arrangement_free(a);
    a = arrangement_alloc(SPHERE_PLANES + 1, 1);
    assert_int_equal(sphere_feet_find(a, &feet), GSL_EDOM);
    arrangement_free(a);
}

int main(void) {
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_by_hand), cmocka_unit_test(test_contained),
                                       cmocka_unit_test(test_points), cmocka_unit_test(test_errors)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    flint_cleanup();
    return failed;
}
