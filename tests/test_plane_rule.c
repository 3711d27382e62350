// SPDX-License-Identifier: GPL-3.0-or-later
// stat/plane_rule: Gaussian moments with signs in closed form, for random covariances and lines.
#include "stat/plane_rule.h"
#include "support.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>

enum { ANGLES = 16, RADII = 64, NODES = 4 * ANGLES * RADII };

// A covariance and the normals of two lines.
typedef struct setting {
    double covariance[3], normals[4];
    double x[2 * NODES], weight[NODES];
} setting_t;

static double form(const double c[3], const double *a, const double *b) {
    return a[0] * b[0] * c[0] + (a[0] * b[1] + a[1] * b[0]) * c[1] + a[1] * b[1] * c[2];
}

static double score(const setting_t *set, size_t line, size_t node) {
    return set->normals[2 * line] * set->x[2 * node] + set->normals[2 * line + 1] * set->x[2 * node + 1];
}

static const char *describe(const setting_t *set) {
    return INPUT("C %a %a %a, normals %a %a, %a %a", set->covariance[0], set->covariance[1],
                 set->covariance[2], set->normals[0], set->normals[1], set->normals[2], set->normals[3]);
}

static void draw(stream_t *s, setting_t *set) {
    const double a = log_uniform(s, 0.1, 5), c = log_uniform(s, 0.1, 5), rho = uniform(s, -0.98, 0.98);
    set->covariance[0] = a;
    set->covariance[1] = rho * sqrt(a * c);
    set->covariance[2] = c;
    stream_normals(s, set->normals, 4);
}

// E[sign(n'X) sign(m'X)] = (2/pi) asin(rho), E|n'X|^3 = 2 sqrt(2/pi) s^3, E[sign(n'X) m'X] = sqrt(2/pi) n'C m / s,
// E[(n'X)^2 (m'X)^4] by Isserlis, and the total mass.
static void test_moments(void **state) {
    (void)state;
    stream_t s = stream_at(31, 0, 0);
    static setting_t set;
    for (int trial = 0; trial < 200; trial++) {
        draw(&s, &set);
        assert_int_equal(plane_rule(set.covariance, set.normals, 2, ANGLES, RADII, set.x, set.weight),
                         GSL_SUCCESS);
        double mass = 0, signs = 0, cube = 0, mixed = 0, sixth = 0;
        for (size_t i = 0; i < plane_rule_count(2, ANGLES, RADII); i++) {
            const double p = score(&set, 0, i), q = score(&set, 1, i), side = p > 0 ? 1 : -1;
            mass += set.weight[i];
            signs += set.weight[i] * (q > 0 ? side : -side);
            cube += set.weight[i] * gsl_pow_3(fabs(p));
            mixed += set.weight[i] * side * q;
            sixth += set.weight[i] * p * p * gsl_pow_4(q);
        }
        const double *n = set.normals, *m = set.normals + 2;
        const double nn = form(set.covariance, n, n), mm = form(set.covariance, m, m),
                     nm = form(set.covariance, n, m), root = sqrt(2 / M_PI);
        check_close(describe(&set), mass, 1, 1e-14);
        check_close(describe(&set), signs, 2 / M_PI * asin(nm / sqrt(nn * mm)), 1e-13);
        check_close(describe(&set), cube, 2 * root * nn * sqrt(nn), 1e-13 * nn * sqrt(nn));
        check_close(describe(&set), mixed, root * nm / sqrt(nn), 1e-13 * sqrt(mm));
        check_close(describe(&set), sixth, 3 * nn * mm * mm + 12 * nm * nm * mm, 1e-12 * nn * mm * mm);
    }
}

static void test_refused(void **state) {
    (void)state;
    static setting_t set;
    const double flat[3] = {1, 1, 1}, good[3] = {1, 0, 1}, normal[2] = {1, 0};
    assert_int_equal(plane_rule(flat, normal, 1, 2, 2, set.x, set.weight), GSL_EDOM);
    assert_int_equal(plane_rule(good, normal, 0, 2, 2, set.x, set.weight), GSL_EINVAL);
    assert_int_equal(plane_rule(good, normal, 5, 2, 2, set.x, set.weight), GSL_EINVAL);
}

int main(void) {
    gsl_set_error_handler_off();
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_moments), cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests_name("plane_rule", tests, NULL, NULL);
}
