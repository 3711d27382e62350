// SPDX-License-Identifier: GPL-3.0-or-later
// routing/pair_landscape: risks against adaptive integrals of their definition, derivatives against differences, best
// experts, curvature, the first order in the temperature.
#include "routing/pair_landscape.h"
#include "stat/quadrature.h"
#include "support.h"

#include <gsl/gsl_blas.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <string.h>

enum { MOST = PAIR_LANDSCAPE_MAX, CASES = 12 };

// ---- Models ----

typedef struct setting {
    pair_landscape_t landscape;
    double z[MOST], tau;
} setting_t;

// With an interface well inside, off the cut, and on the upright axis not across it.
static setting_t draw(stream_t *s, size_t dimension, size_t axis) {
    setting_t set = {.landscape = {.dimension = dimension, .axis = axis, .cut = uniform(s, -0.3, 0.3)},
                     .tau = log_uniform(s, 0.01, 0.5)};
    for (int i = 0; i < 3; i++) {
        set.landscape.lower[i] = uniform(s, -1, 1);
        set.landscape.upper[i] = uniform(s, -1, 1);
    }
    for (size_t i = 0; i < MOST; i++)
        set.z[i] = uniform(s, -1, 1);
    set.z[0] = axis == 0 ? set.landscape.cut + uniform(s, 0.2, 0.4) : uniform(s, -0.5, 0.5);
    if (dimension == 2)
        set.z[1] = axis == 0 ? uniform(s, -0.15, 0.15) : uniform(s, -0.4, 0.4);
    return set;
}

static const char *describe(const setting_t *set) {
    const pair_landscape_t *l = &set->landscape;
    const double *z = set->z;
    return INPUT("d %zu axis %zu cut %a lower %a %a %a upper %a %a %a tau %a z %a %a %a %a %a %a %a %a",
                 l->dimension, l->axis, l->cut, l->lower[0], l->lower[1], l->lower[2], l->upper[0],
                 l->upper[1], l->upper[2], set->tau, z[0], z[1], z[2], z[3], z[4], z[5], z[6], z[7]);
}

static void for_all(const char *name, size_t cases, void (*test)(setting_t *set, stream_t *s)) {
    static const size_t kinds[3][2] = {{1, 0}, {2, 1}, {2, 0}};
    for (size_t kind = 0; kind < 3; kind++)
        for (size_t i = 0; i < cases; i++) {
            stream_t s = stream_at(17, stream_experiment(name), (uint32_t)(3 * i + kind));
            setting_t set = draw(&s, kinds[kind][0], kinds[kind][1]);
            test(&set, &s);
        }
}

// ---- A second road: the definition, integrated adaptively one coordinate after the other ----

typedef struct column {
    const setting_t *set;
    double other;
} column_t;

static double loss(double along, const void *context) {
    const column_t *column = context;
    const pair_landscape_t *l = &column->set->landscape;
    const size_t d = l->dimension;
    const double *z = column->set->z, tau = column->set->tau;
    double x[2] = {column->other, column->other}, f[2] = {0, 0}, mu = 0;
    x[l->axis] = along;
    const double score = along - z[0] - (d == 2 ? z[1] * column->other : 0);
    const double *piece = x[0] < l->cut ? l->lower : l->upper;
    for (size_t i = 0; i <= d; i++) {
        const double feature = i < d ? x[i] : 1;
        mu += piece[i] * feature;
        f[0] += z[d + i] * feature;
        f[1] += z[2 * d + 1 + i] * feature;
    }
    const double gate = tau > 0 ? 0.5 * (1 + tanh(score / (2 * tau))) : score >= 0;
    return gsl_pow_2(mu - gate * f[0] - (1 - gate) * f[1]) / 2;
}

static double integrate(quadrature_function_t f, const void *context, double a, double b, double tolerance) {
    double points[4] = {-1, fmin(a, b), fmax(a, b), 1};
    gsl_sf_result result;
    size_t count = 4;
    if (points[1] == points[2]) {
        points[2] = 1;
        count = 3;
    }
    assert_int_equal(quadrature_integrate(f, context, points, count, tolerance, &result), GSL_SUCCESS);
    return result.val;
}

static double column_loss(double other, const void *context) {
    const setting_t *set = context;
    const column_t column = {set, other};
    const double at = set->z[0] + (set->landscape.dimension == 2 ? set->z[1] * other : 0);
    return integrate(loss, &column, at, set->landscape.axis == 0 ? set->landscape.cut : at, 1e-12) /
           (set->landscape.dimension == 2 ? 2 : 1);
}

static double defined_risk(const setting_t *set) {
    if (set->landscape.dimension == 1)
        return column_loss(0, set);
    const double cut = set->landscape.axis == 1 ? set->landscape.cut : 0;
    return integrate(column_loss, set, cut, cut, 1e-11);
}

static void risk_is_defined(setting_t *set, stream_t *s) {
    double risk;
    (void)s;
    for (int hard = 0; hard < 2; hard++) {
        assert_int_equal(pair_landscape_risk(&set->landscape, set->z, set->tau, &risk, NULL, NULL),
                         GSL_SUCCESS);
        check_close(describe(set), risk, defined_risk(set), 1e-9);
        set->tau = 0;
    }
}

static void test_risk(void **state) {
    (void)state;
    for_all("pair_landscape.risk", 4, risk_is_defined);
}

// ---- Derivatives ----

static void derivatives(const setting_t *set, const double *z, double *risk, double *g, double *h) {
    const size_t size = pair_landscape_size(&set->landscape);
    gsl_vector_view gradient = gsl_vector_view_array(g, size);
    gsl_matrix_view hessian = gsl_matrix_view_array(h, size, size);
    assert_int_equal(
        pair_landscape_risk(&set->landscape, z, set->tau, risk, &gradient.vector, h ? &hessian.matrix : NULL),
        GSL_SUCCESS);
}

static void derivatives_are_differences(setting_t *set, stream_t *s) {
    const size_t size = pair_landscape_size(&set->landscape);
    for (int hard = 0; hard < 2; hard++) {
        double g[MOST], h[MOST * MOST], risk, side[2], slope[2][MOST];
        const double step = 1e-4 * (set->tau > 0 ? set->tau : 1);
        derivatives(set, set->z, &risk, g, h);
        for (size_t i = 0; i < size; i++) {
            for (int k = 0; k < 2; k++) {
                double at[MOST];
                memcpy(at, set->z, sizeof at);
                at[i] += k == 0 ? -step : step;
                derivatives(set, at, &side[k], slope[k], NULL);
            }
            const double scale = set->tau > 0 ? 1 + 1 / gsl_pow_2(set->tau) : 10;
            check_close(describe(set), g[i], (side[1] - side[0]) / (2 * step), 1e-7 * scale);
            for (size_t j = 0; j < size; j++)
                check_close(describe(set), h[i * size + j], (slope[1][j] - slope[0][j]) / (2 * step),
                            1e-7 * scale);
        }
        set->tau = 0;
    }
    (void)s;
}

static void test_derivatives(void **state) {
    (void)state;
    for_all("pair_landscape.derivatives", 6, derivatives_are_differences);
}

// ---- Best experts ----

static void fit_is_best(setting_t *set, stream_t *s) {
    const size_t size = pair_landscape_size(&set->landscape), first = pair_landscape_expert(&set->landscape);
    for (int hard = 0; hard < 2; hard++) {
        double profile, g[MOST], risk, eigenvalues[MOST], h[MOST * MOST], trace = 0;
        assert_int_equal(pair_landscape_fit(&set->landscape, set->tau, set->z, &profile), GSL_SUCCESS);
        derivatives(set, set->z, &risk, g, h);
        check_close(describe(set), profile, risk, 1e-12 * fmax(1, 1 / set->tau));
        for (size_t i = first; i < size; i++)
            check_close(describe(set), g[i], 0, 1e-10);
        assert_int_equal(pair_landscape_spectrum(&set->landscape, set->z, set->tau, eigenvalues),
                         GSL_SUCCESS);
        for (size_t i = 0; i < size; i++)
            trace += h[i * size + i] - eigenvalues[i];
        check_close(describe(set), trace, 0, 1e-9 * (1 + fabs(h[0])));
        set->tau = 0;
    }
    (void)s;
}

static void test_fit(void **state) {
    (void)state;
    for_all("pair_landscape.fit", CASES, fit_is_best);
    double z[5] = {1.5}, profile;
    const pair_landscape_t line = {1, 0, 0, {1, 2}, {3, 4}};
    assert_int_equal(pair_landscape_fit(&line, 0, z, &profile), GSL_EDOM); // nothing above 1.5
}

static double profile_at(const setting_t *set, double b, double m) {
    double z[MOST] = {b, m}, profile;
    assert_int_equal(pair_landscape_fit(&set->landscape, set->tau, z, &profile), GSL_SUCCESS);
    return profile;
}

static void curvature_is_that_of_the_profile(setting_t *set, stream_t *s) {
    const size_t d = set->landscape.dimension;
    const double *z = set->z, b = z[0], m = d == 2 ? z[1] : 0, h = 1e-3;
    double curvature[4], profile;
    (void)s;
    set->tau = fmax(set->tau, 0.05);
    assert_int_equal(pair_landscape_fit(&set->landscape, set->tau, set->z, &profile), GSL_SUCCESS);
    assert_int_equal(pair_landscape_curvature(&set->landscape, set->z, set->tau, curvature), GSL_SUCCESS);
    const double bb = (profile_at(set, b + h, m) - 2 * profile + profile_at(set, b - h, m)) / (h * h);
    check_close(describe(set), curvature[0], bb, 1e-3 * (1 + fabs(bb)));
    if (d == 1)
        return;
    const double mm = (profile_at(set, b, m + h) - 2 * profile + profile_at(set, b, m - h)) / (h * h);
    const double bm = (profile_at(set, b + h, m + h) - profile_at(set, b + h, m - h) -
                       profile_at(set, b - h, m + h) + profile_at(set, b - h, m - h)) /
                      (4 * h * h);
    check_close(describe(set), curvature[3], mm, 1e-3 * (1 + fabs(mm)));
    check_close(describe(set), curvature[1], bm, 1e-3 * (1 + fabs(bm)));
    check_close(describe(set), curvature[2], curvature[1], 1e-10 * (1 + fabs(bm)));
}

static void test_curvature(void **state) {
    (void)state;
    for_all("pair_landscape.curvature", CASES, curvature_is_that_of_the_profile);
}

// ---- The first order in the temperature ----

static void layer_is_first_order(setting_t *set, stream_t *s) {
    const size_t size = pair_landscape_size(&set->landscape);
    double g[MOST], hard[MOST], soft[MOST], risk[2];
    gsl_vector_view layer = gsl_vector_view_array(g, size);
    const double q = pair_landscape_layer(&set->landscape, set->z, &layer.vector), tau = 1e-4;
    (void)s;
    set->tau = 0;
    derivatives(set, set->z, &risk[0], hard, NULL);
    set->tau = tau;
    derivatives(set, set->z, &risk[1], soft, NULL);
    check_close(describe(set), (risk[1] - risk[0]) / tau, -q, 0.01);
    for (size_t i = 0; i < size; i++)
        check_close(describe(set), (soft[i] - hard[i]) / tau, -g[i], 0.02);
}

static void test_layer(void **state) {
    (void)state;
    for_all("pair_landscape.layer", 5, layer_is_first_order);
}

static void test_refused(void **state) {
    (void)state;
    const pair_landscape_t line = {1, 0, 0.25, {1, 2}, {3, 4}}, plane = {2, 1, 0, {1, 2, 3}, {4, 5, 6}};
    double g[MOST], risk = 7;
    gsl_vector_view five = gsl_vector_view_array(g, 5), eight = gsl_vector_view_array(g, 8);
    double at_cut[5] = {0.25}, outside[5] = {1.25}, corner[8] = {0.5, 0.5};
    assert_int_equal(pair_landscape_risk(&line, at_cut, 0, &risk, &five.vector, NULL), GSL_EDOM);
    assert_int_equal(pair_landscape_risk(&line, outside, 0, &risk, &five.vector, NULL), GSL_EDOM);
    assert_int_equal(pair_landscape_risk(&plane, corner, 0, &risk, &eight.vector, NULL), GSL_EDOM);
    assert_true(risk == 7);
    assert_int_equal(pair_landscape_risk(&line, outside, 0, &risk, NULL, NULL), GSL_SUCCESS);
}

int main(void) {
    gsl_set_error_handler_off();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_risk),      cmocka_unit_test(test_derivatives), cmocka_unit_test(test_fit),
        cmocka_unit_test(test_curvature), cmocka_unit_test(test_layer),       cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests_name("pair_landscape", tests, NULL, NULL);
}
