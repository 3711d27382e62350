// SPDX-License-Identifier: GPL-3.0-or-later
// routing/correlated_router: risk and force against a rule in the plane of correlated coordinates.
#include "routing/correlated_router.h"
#include "stat/plane_rule.h"
#include "support.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>

enum { ORDER = 64, NODES = 2 * ORDER * ORDER };

static void test_plane(void **state) {
    (void)state;
    static double x[2 * NODES], weight[NODES];
    stream_t s = stream_at(41, 0, 0);
    for (int trial = 0; trial < 40; trial++) {
        response_model_t model;
        correlated_router_t router;
        const double strength = uniform(&s, 0.05, 1.2), tau = log_uniform(&s, 0.1, 3);
        response_draw(&s, 2, 9, &model);
        double u[2], force[2], risk = 0, sum[2] = {0};
        stream_normals(&s, u, 2);
        for (int k = 0; k < 2; k++)
            u[k] *= trial == 0 ? 0 : 0.4 * tau;
        const double covariance[3] = {model.covariance[0], model.covariance[1], model.covariance[3]};
        assert_int_equal(plane_rule(covariance, model.teacher, 1, ORDER, ORDER, x, weight), GSL_SUCCESS);
        assert_int_equal(correlated_router_make(&model, strength, tau, &router), GSL_SUCCESS);
        for (size_t i = 0; i < NODES; i++) {
            const double contrast = response_dot(model.contrast, x + 2 * i, 2),
                         gate = tanh(response_dot(u, x + 2 * i, 2) / tau);
            const double residual =
                0.5 * contrast * (copysign(1, response_dot(model.teacher, x + 2 * i, 2)) - strength * gate);
            risk += weight[i] * residual * residual;
            for (size_t k = 0; k < 2; k++)
                sum[k] += weight[i] * residual * strength * contrast * (1 - gate * gate) / tau * x[2 * i + k];
        }
        const char *input = INPUT("trial %d, eps %a, tau %a, u %a %a", trial, strength, tau, u[0], u[1]);
        check_close(input, correlated_router_risk(&router, u), risk, 1e-9);
        correlated_router_force(&router, u, force);
        for (size_t k = 0; k < 2; k++)
            check_close(input, force[k], sum[k], 1e-8 / tau);
    }
}

static void test_refused(void **state) {
    (void)state;
    const response_model_t saddle = {.dimension = 2, .covariance = {1, 2, 2, 1}, .teacher = {1, 0}};
    correlated_router_t router;
    assert_int_equal(correlated_router_make(&saddle, 1, 1, &router), GSL_EDOM);
}

int main(void) {
    gsl_set_error_handler_off();
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_plane), cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests_name("correlated_router", tests, NULL, NULL);
}
