// SPDX-License-Identifier: GPL-3.0-or-later
// stat/hyperplane: both roads against the density of the projection, rotations, what must be refused.
#include "stat/hyperplane.h"

#include "support.h"

#include <gsl/gsl_blas.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_randist.h>

typedef struct scene {
    gsl_matrix *covariance;
    gsl_vector *normal;
    double offset;
} scene_t;

static scene_t draw(stream_t *s, size_t d) {
    scene_t scene = {gsl_matrix_alloc(d, d), gsl_vector_alloc(d), uniform(s, -2, 2)};
    gsl_matrix *root = gsl_matrix_alloc(d, d);
    for (size_t i = 0; i < d; i++) {
        gsl_vector_set(scene.normal, i, uniform(s, -2, 2));
        for (size_t j = 0; j < d; j++)
            gsl_matrix_set(root, i, j, uniform(s, -1, 1));
    }
    gsl_matrix_set_identity(scene.covariance);
    gsl_blas_dgemm(CblasNoTrans, CblasTrans, 1, root, root, 0.3, scene.covariance);
    gsl_matrix_free(root);
    return scene;
}

static void drop(scene_t *scene) {
    gsl_matrix_free(scene->covariance);
    gsl_vector_free(scene->normal);
}

// phi(b / sigma) / sigma, sigma^2 = nu' Sigma nu.
static double projection(const scene_t *scene) {
    gsl_vector *image = gsl_vector_alloc(scene->normal->size);
    double variance;
    gsl_blas_dsymv(CblasLower, 1, scene->covariance, scene->normal, 0, image);
    gsl_blas_ddot(scene->normal, image, &variance);
    gsl_vector_free(image);
    return gsl_ran_gaussian_pdf(scene->offset, sqrt(variance));
}

static void test_roads(void **state) {
    (void)state;
    stream_t s = stream_at(8, stream_experiment("hyperplanes"), 0);
    for (size_t trial = 0; trial < 400; trial++) {
        const size_t d = 2 + trial % 7;
        scene_t scene = draw(&s, d);
        const double want = projection(&scene);
        double value;
        assert_int_equal(hyperplane_by_determinants(scene.covariance, scene.normal, scene.offset, &value),
                         GSL_SUCCESS);
        check_close(INPUT("determinants, trial %zu, d = %zu", trial, d), value, want, 1e-12 * want + 1e-300);
        if (d <= 3 || (d == 4 && trial < 30)) {
            assert_int_equal(hyperplane_by_grid(scene.covariance, scene.normal, scene.offset, &value),
                             GSL_SUCCESS);
            check_close(INPUT("grid, trial %zu, d = %zu", trial, d), value, want, 1e-12 * want + 1e-300);
        }
        drop(&scene);
    }
}

static void test_axis(void **state) {
    (void)state;
    gsl_matrix *covariance = gsl_matrix_alloc(2, 2);
    gsl_vector *normal = gsl_vector_alloc(2);
    gsl_matrix_set_identity(covariance);
    gsl_matrix_set(covariance, 0, 0, 4);
    gsl_vector_set(normal, 0, 3);
    gsl_vector_set(normal, 1, 0);
    double value;
    assert_int_equal(hyperplane_by_determinants(covariance, normal, 1.5, &value), GSL_SUCCESS);
    check_close("axis", value, gsl_ran_gaussian_pdf(1.5, 6), 1e-16);
    gsl_vector_set(normal, 0, -3);
    assert_int_equal(hyperplane_by_grid(covariance, normal, 1.5, &value), GSL_SUCCESS);
    check_close("axis, turned", value, gsl_ran_gaussian_pdf(1.5, 6), 1e-15);
    gsl_matrix_free(covariance);
    gsl_vector_free(normal);
}

static void test_refused(void **state) {
    (void)state;
    stream_t s = stream_at(8, stream_experiment("hyperplanes refused"), 0);
    double value = 3;
    scene_t five = draw(&s, 5), one = draw(&s, 1), two = draw(&s, 2);
    assert_int_equal(hyperplane_by_grid(five.covariance, five.normal, 0, &value), GSL_EINVAL);
    assert_int_equal(hyperplane_by_determinants(one.covariance, one.normal, 0, &value), GSL_EINVAL);
    assert_int_equal(hyperplane_by_determinants(five.covariance, two.normal, 0, &value), GSL_EINVAL);
    gsl_matrix_set(two.covariance, 0, 0, -1);
    assert_int_equal(hyperplane_by_determinants(two.covariance, two.normal, 0, &value), GSL_EDOM);
    assert_int_equal(hyperplane_by_grid(two.covariance, two.normal, 0, &value), GSL_EDOM);
    gsl_vector_set_zero(two.normal);
    assert_int_equal(hyperplane_by_determinants(two.covariance, two.normal, 0, &value), GSL_EINVAL);
    assert_true(value == 3);
    drop(&five);
    drop(&one);
    drop(&two);
}

int main(void) {
    gsl_set_error_handler_off();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roads),
        cmocka_unit_test(test_axis),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests_name("hyperplane", tests, NULL, NULL);
}
