// SPDX-License-Identifier: GPL-3.0-or-later
// routing/pair_search: the roads to a minimiser against each other, steps that stay, points that are refused.
#include "routing/pair_search.h"
#include "support.h"

#include <gsl/gsl_errno.h>

static void test_minimise(void **state) {
    (void)state;
    const pair_landscape_t teacher = {1, 0, 0.17, {0.3, -1.1}, {-0.4, 0.9}};
    const double tau = 0.03;
    double z[5], other[5] = {0.1, -0.3, 0.8, 0.2, -1}, profile, risk, norm,
                 direction[5] = {0.3, 1, -1, 0.5, 0.2};
    assert_int_equal(pair_search_minimise(&teacher, tau, 0.9, 50, z, &profile), GSL_SUCCESS);
    assert_int_equal(pair_search_descend(&teacher, tau, other, &risk), GSL_SUCCESS);
    check_close("descent", risk, profile, 1e-11);
    assert_int_equal(pair_search_newton(&teacher, tau, 1e-12, other, &norm), GSL_SUCCESS);
    assert_true(norm < 1e-12);
    for (int i = 0; i < 5; i++)
        check_close("minimiser", other[i], z[i], 1e-6);
    const double level = profile + 0.01;
    assert_int_equal(pair_search_climb(&teacher, tau, direction, level, 0.9, z), GSL_SUCCESS);
    assert_int_equal(pair_landscape_risk(&teacher, z, tau, &risk, NULL, NULL), GSL_SUCCESS);
    assert_true(risk <= level && risk > profile + 0.009);
    assert_int_equal(pair_search_climb(&teacher, tau, direction, -1, 0.9, z),
                     GSL_SUCCESS); // nothing is as good
    check_close("stays", (pair_landscape_risk(&teacher, z, tau, &norm, NULL, NULL), norm), risk, 0);
}

// A line of fits: the minimum is that of the profile at a thousand interfaces, for random teachers.
static void test_profile(void **state) {
    (void)state;
    for (uint32_t i = 0; i < 6; i++) {
        stream_t s = stream_at(11, stream_experiment("pair_search.profile"), i);
        const pair_landscape_t teacher = {1,
                                          0,
                                          uniform(&s, -0.5, 0.5),
                                          {uniform(&s, -1, 1), uniform(&s, -1, 1)},
                                          {uniform(&s, -1, 1), uniform(&s, -1, 1)}};
        const double tau = log_uniform(&s, 0.02, 0.2);
        double z[5], profile, least = INFINITY;
        assert_int_equal(pair_search_minimise(&teacher, tau, 0.9, 60, z, &profile), GSL_SUCCESS);
        for (int k = 0; k <= 1000; k++) {
            double at[5] = {-0.9 + 0.0018 * k}, value;
            assert_int_equal(pair_landscape_fit(&teacher, tau, at, &value), GSL_SUCCESS);
            least = fmin(least, value);
        }
        assert_true(profile <= least + 1e-14);
        assert_true(profile >= least - 1e-3);
    }
}

static void test_refused(void **state) {
    (void)state;
    const pair_landscape_t line = {1, 0, 0.25, {1, 2}, {3, 4}};
    double outside[5] = {1.25}, norm;
    assert_int_equal(pair_search_newton(&line, 0, 1e-12, outside, &norm), GSL_EDOM);
}

int main(void) {
    gsl_set_error_handler_off();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_minimise),
        cmocka_unit_test(test_profile),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests_name("pair_search", tests, NULL, NULL);
}
