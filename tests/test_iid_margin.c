// SPDX-License-Identifier: GPL-3.0-or-later
// routing/iid_margin: closed forms for few logits, densities as limits of masses, a sample, what must be refused.
#include "routing/iid_margin.h"

#include "routing/margin.h"
#include "support.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>

static double top_density(size_t experts) {
    gsl_sf_result result;
    assert_int_equal(iid_margin_top_density(experts, &result), GSL_SUCCESS);
    return result.val;
}

static double top_mass(size_t experts, double w) {
    gsl_sf_result result;
    assert_int_equal(iid_margin_top_mass(experts, w, &result), GSL_SUCCESS);
    return result.val;
}

static double pair_mass(size_t experts, double w) {
    double mass;
    assert_int_equal(iid_margin_pair_mass(experts, w, &mass), GSL_SUCCESS);
    return mass;
}

// E[Phi(Z / sqrt 2)^n] is an orthant probability with correlation 1/3.
static void test_closed_forms(void **state) {
    (void)state;
    const double share[] = {1, 0.5, 0.25 + asin(1.0 / 3) / (2 * M_PI),
                            0.125 + 3 * asin(1.0 / 3) / (4 * M_PI)};
    for (size_t n = 0; n < 4; n++)
        check_close("density", top_density(n + 2), share[n] * iid_margin_pair_density(n + 2), 1e-13);
}

static void test_two(void **state) {
    (void)state;
    const double widths[] = {1e-3, 0.013, 0.3, 1.7};
    for (size_t i = 0; i < 4; i++) {
        check_close("top", top_mass(2, widths[i]), erf(widths[i] / 2), 1e-13);
        check_close("pair", pair_mass(2, widths[i]), erf(widths[i] / 2), 1e-10);
    }
}

static void test_limits(void **state) {
    (void)state;
    for (size_t experts = 2; experts <= 8; experts++) {
        const double w = 1e-4, pairs = iid_margin_pair_density(experts);
        check_close("pair", pair_mass(experts, w) / w, pairs, pairs * pairs * w);
        check_close("top", top_mass(experts, w) / w, top_density(experts), pairs * pairs * w);
    }
}

static void test_sample(void **state) {
    (void)state;
    stream_t s = stream_at(10, stream_experiment("iid margins"), 0);
    enum { SAMPLES = 40000 };
    for (size_t experts = 3; experts <= 8; experts++) {
        const double w = 0.1;
        int pair = 0, top = 0;
        for (int i = 0; i < SAMPLES; i++) {
            double logits[8];
            stream_normals(&s, logits, experts);
            pair += margin_pairwise(logits, experts) <= w;
            top += margin_top_two(logits, experts) <= w;
        }
        check_close(INPUT("pair, K = %zu", experts), (double)pair / SAMPLES, pair_mass(experts, w),
                    4 * 0.5 / sqrt(SAMPLES));
        check_close(INPUT("top, K = %zu", experts), (double)top / SAMPLES, top_mass(experts, w),
                    4 * 0.5 / sqrt(SAMPLES));
    }
}

static void test_refused(void **state) {
    (void)state;
    double mass = 7;
    assert_int_equal(iid_margin_pair_mass(3, 0, &mass), GSL_EINVAL);
    assert_int_equal(iid_margin_pair_mass(3, NAN, &mass), GSL_EINVAL);
    assert_true(mass == 7);
}

int main(void) {
    gsl_set_error_handler_off();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_closed_forms), cmocka_unit_test(test_two),     cmocka_unit_test(test_limits),
        cmocka_unit_test(test_sample),       cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests_name("iid_margin", tests, NULL, NULL);
}
