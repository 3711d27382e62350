// SPDX-License-Identifier: GPL-3.0-or-later
// routing/response_matrix: the closed form against a rule in the plane and against sampling, spectra, moments.
#include "routing/response_matrix.h"
#include "stat/montecarlo.h"
#include "stat/plane_rule.h"
#include "support.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <string.h>

enum { MOST = RESPONSE_MAX_DIMENSION, ANGLES = 64, RADII = 100 };

static const char *describe(const response_model_t *model) {
    char *text = support_input;
    int used = snprintf(text, 200, "d %zu; v, d, Sigma:", model->dimension);
    for (size_t i = 0; i < model->dimension && used < 900; i++)
        used += snprintf(text + used, 120, " %a %a %a;", model->teacher[i], model->contrast[i],
                         model->covariance[i * model->dimension + i]);
    return text;
}

// The closed form in the plane, for the sign (gamma = 0) or tanh(gamma z).
static void check_plane(const response_model_t *model, double gamma) {
    static double x[4 * ANGLES * RADII], weight[2 * ANGLES * RADII];
    const double covariance[3] = {model->covariance[0], model->covariance[1], model->covariance[3]};
    assert_int_equal(plane_rule(covariance, model->teacher, 1, ANGLES, RADII, x, weight), GSL_SUCCESS);
    const double s = response_deviation(model);
    response_moments_t moments = response_sign_moments(s);
    if (gamma > 0) {
        gsl_sf_result first, third;
        assert_int_equal(response_tanh_moment(1, gamma * s, &first), GSL_SUCCESS);
        assert_int_equal(response_tanh_moment(3, gamma * s, &third), GSL_SUCCESS);
        moments = (response_moments_t){s * first.val, s * s * s * third.val};
    }
    double matrix[4], centred[4], sum[4] = {0}, mean = 0;
    response_matrix(model, moments, matrix);
    response_centred_matrix(model, moments, centred);
    for (size_t i = 0; i < 2 * ANGLES * RADII; i++) {
        const double z = response_dot(model->teacher, x + 2 * i, 2);
        const double part = weight[i] * (gamma > 0 ? tanh(gamma * z) : copysign(1, z)) *
                            response_dot(model->contrast, x + 2 * i, 2);
        mean += part;
        for (size_t k = 0; k < 4; k++)
            sum[k] += part * x[2 * i + k / 2] * x[2 * i + k % 2];
    }
    for (size_t k = 0; k < 4; k++) {
        check_close(describe(model), matrix[k], sum[k], 1e-11);
        check_close(describe(model), centred[k], sum[k] - mean * model->covariance[k], 1e-11);
    }
}

static void test_plane(void **state) {
    (void)state;
    stream_t s = stream_at(32, 0, 0);
    for (int trial = 0; trial < 60; trial++) {
        response_model_t model;
        response_draw(&s, 2, 9, &model);
        check_plane(&model, 0);
        check_plane(&model, log_uniform(&s, 0.1, 1)); // steeper ones want a finer rule
    }
}

static int sample_sign(const montecarlo_block_t *block, const void *context) {
    const response_model_t *model = context;
    const size_t d = model->dimension;
    double root[MOST * MOST], teacher[MOST], contrast[MOST], x[MOST];
    const int status = response_whiten(model, root, teacher, contrast);
    stream_normals(block->stream, block->work, block->count * d);
    for (size_t i = 0; i < block->count; i++) {
        response_apply(root, block->work + i * d, d, x);
        const double part =
            copysign(1, response_dot(model->teacher, x, d)) * response_dot(model->contrast, x, d);
        for (size_t k = 0; k < d * d; k++)
            block->samples[i * d * d + k] = part * x[k / d] * x[k % d];
    }
    return status;
}

static void test_sample(void **state) {
    (void)state;
    stream_t s = stream_at(33, 0, 0);
    for (size_t d = 1; d <= 5; d += 2) {
        response_model_t model;
        response_draw(&s, d, 9, &model);
        moments_t *moments = moments_alloc(d * d);
        assert_non_null(moments);
        const montecarlo_params_t params = {
            .samples = 200000, .seed = 33, .experiment = (uint32_t)d, .work_size = MONTECARLO_BLOCK * d};
        assert_int_equal(montecarlo_run(&params, sample_sign, &model, moments), GSL_SUCCESS);
        double matrix[MOST * MOST];
        response_matrix(&model, response_sign_moments(response_deviation(&model)), matrix);
        for (size_t k = 0; k < d * d; k++) {
            const gsl_sf_result mean = moments_estimate(moments, k);
            check_close(describe(&model), mean.val, matrix[k], 5 * mean.err);
        }
        moments_free(moments);
    }
}

// Sigma = R R, |nu| = 1, and for Sigma = I the eigenvalues of the header.
static void test_spectrum(void **state) {
    (void)state;
    stream_t s = stream_at(34, 0, 0);
    for (size_t trial = 0; trial < 140; trial++) {
        const size_t d = 2 + trial % 7;
        response_model_t model;
        double root[MOST * MOST], nu[MOST], q[MOST], column[MOST], values[MOST], vectors[MOST * MOST];
        response_draw(&s, d, 9, &model);
        assert_int_equal(response_whiten(&model, root, nu, q), GSL_SUCCESS);
        check_close(describe(&model), response_dot(nu, nu, d), 1, 1e-13);
        for (size_t k = 0; k < d; k++) {
            response_apply(root, root + k * d, d, column); // R is symmetric
            for (size_t i = 0; i < d; i++)
                check_close(describe(&model), column[i], model.covariance[i * d + k], 1e-13);
        }
        response_model_t white = {.dimension = d};
        for (size_t i = 0; i < d; i++)
            white.covariance[i * (d + 1)] = 1;
        memcpy(white.teacher, nu, d * sizeof *nu);
        memcpy(white.contrast, q, d * sizeof *q);
        double matrix[MOST * MOST];
        response_matrix(&white, (response_moments_t){1, 2}, matrix);
        assert_int_equal(response_spectrum(matrix, d, values, vectors), GSL_SUCCESS);
        const double a = response_dot(nu, q, d), b2 = response_dot(q, q, d) - a * a,
                     spread = sqrt(a * a + 4 * b2);
        check_close(describe(&white), values[0], fmax(a, (3 * a + spread) / 2), 1e-12);
        check_close(describe(&white), values[d - 1], fmin(a, (3 * a - spread) / 2), 1e-12);
        for (size_t i = 1; i + 1 < d; i++)
            check_close(describe(&white), values[i], a, 1e-12);
    }
}

static void test_moments(void **state) {
    (void)state;
    stream_t s = stream_at(35, 0, 0);
    for (int power = 1; power <= 3; power += 2) {
        ball_t ball;
        const double limit = power == 1 ? sqrt(2 / M_PI) : 2 * sqrt(2 / M_PI);
        assert_int_equal(response_sign_moment_certified(power, &ball), GSL_SUCCESS);
        check_close(INPUT("E|N|^%d", power), ball.value, limit, 4e-16 + ball.radius);
        for (int trial = 0; trial < 20; trial++) {
            const double x = log_uniform(&s, 1e-4, 200);
            gsl_sf_result moment;
            assert_int_equal(response_tanh_moment(power, x, &moment), GSL_SUCCESS);
            assert_int_equal(response_tanh_moment_certified(power, x, &ball), GSL_SUCCESS);
            assert_true(ball.radius < 1e-14);
            check_close(INPUT("E[tanh(%a N) N^%d]", x, power), moment.val, ball.value, 1e-13 + ball.radius);
        }
    }
    gsl_sf_result moment;
    assert_int_equal(response_tanh_moment(2, 1, &moment), GSL_EDOM);
    assert_int_equal(response_tanh_moment(1, -1, &moment), GSL_EDOM);
}

static void test_refused(void **state) {
    (void)state;
    const response_model_t saddle = {.dimension = 2, .covariance = {1, 2, 2, 1}, .teacher = {1, 0}};
    double root[4], nu[2], q[2];
    assert_int_equal(response_whiten(&saddle, root, nu, q), GSL_EDOM);
}

int main(void) {
    gsl_set_error_handler_off();
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_plane), cmocka_unit_test(test_sample),
                                       cmocka_unit_test(test_spectrum), cmocka_unit_test(test_moments),
                                       cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests_name("response_matrix", tests, NULL, NULL);
}
