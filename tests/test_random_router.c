// SPDX-License-Identifier: GPL-3.0-or-later
// routing/random_router: shapes where the number is known, the sum over k on the sphere, exact counts of random routers.
#include "geometry/layer_flats.h"
#include "routing/random_router.h"
#include "support.h"
#include "support/families.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>

static double coalitions(ulong experts, ulong active, ulong m) {
    const random_router_t router = {experts, active, 0, 3};
    gsl_sf_result result = {NAN, NAN};
    const int status = random_router_coalitions(&router, m, &result);
    if (status != GSL_SUCCESS || !(result.err <= 1e-11 * result.val))
        fail_msg("sigma_%lu(%lu, %lu): status %d, error %g", m, experts, active, status, result.err);
    return result.val;
}

static double regions(ulong experts, ulong active, ulong width, ulong dimension) {
    const random_router_t router = {experts, active, width, dimension};
    gsl_sf_result result = {NAN, NAN};
    assert_int_equal(random_router_regions(&router, &result), GSL_SUCCESS);
    return result.val;
}

// Up to d + 1 generic rows reach every coalition.
static void test_all_coalitions(void **state) {
    (void)state;
    static const ulong known[][4] = {{2, 1, 1, 2}, {2, 1, 2, 2}, {3, 1, 2, 3}, {3, 2, 2, 3},
                                     {2, 1, 3, 2}, {3, 1, 3, 3}, {3, 2, 3, 3}, {4, 1, 3, 4},
                                     {4, 2, 3, 6}, {4, 3, 3, 4}, {7, 3, 0, 0}, {7, 3, 1, 2}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        check_close(INPUT("sigma_%lu(%lu, %lu)", known[i][2], known[i][0], known[i][1]),
                    coalitions(known[i][0], known[i][1], known[i][2]), (double)known[i][3], 1e-12);
}

// On the sphere C(N, 3) pairs of opposite points have a tie of three. Each counts at two places k: the sum of
// sigma_3 - 2 over k is 2 C(N, 3).
static void test_sphere_sum(void **state) {
    (void)state;
    for (ulong experts = 3; experts <= 40; experts += 4) {
        const double n = (double)experts;
        double sum = 0;
        for (ulong k = 1; k < experts; k++) {
            const double s = coalitions(experts, k, 3);
            check_close(INPUT("sigma_3(%lu, %lu) = sigma_3(N, N - k)", experts, k), s,
                        coalitions(experts, experts - k, 3), 1e-12 * s);
            sum += s - 2;
        }
        check_close(INPUT("sum of sigma_3(%lu, k) - 2", experts), sum, n * (n - 1) * (n - 2) / 3,
                    1e-11 * sum);
    }
}

static void test_known_regions(void **state) {
    (void)state;
    check_close("N = 3, k = 2, H = 2, d = 2", regions(3, 2, 2, 2), 19, 1e-12);
    check_close("no units", regions(5, 2, 0, 3), coalitions(5, 2, 3), 1e-12);
    // On a line: two coalitions, and k H active units.
    check_close("d = 1", regions(9, 4, 3, 1), 14, 1e-12);
    const double e = 3 + 6 * asin(1. / 3) / M_PI;
    check_close("N = 4, k = 1, H = 3, d = 3", regions(4, 1, 3, 3), 4 + 3 * (4 + e) / 2 + 3 * (1 + e / 2) + 1,
                1e-11);
}

// ---- Exact counts: units on the moment curve, random integer routers

enum { SAMPLES = 400 };

static void expect_mean(slong experts, slong active, slong width, slong dimension) {
    layer_t *layer = layer_alloc(experts, active, width, dimension);
    arrangement_t *units = families_moment_curve(experts * width, dimension);
    fmpz_mat_set(layer->rows, units->rows);
    stream_t s = stream_at(1, stream_experiment("random router"), (uint32_t)(experts + 100 * dimension));
    const shards_control_t control = {.threads = 1};
    double sum = 0, squares = 0;
    layer_count_t count;
    layer_count_init(&count, dimension);
    for (int trial = 0; trial < SAMPLES; trial++) {
        for (slong i = 0; i < experts * dimension; i++) {
            double x;
            stream_normals(&s, &x, 1);
            fmpz_set_d(fmpz_mat_entry(layer->router, i / dimension, i % dimension), nearbyint(x * 0x1p20));
        }
        assert_int_equal(layer_flats_count(layer, &control, NULL, NULL, &count), GSL_SUCCESS);
        const double regions_here = fmpz_get_d(count.regions);
        sum += regions_here;
        squares += regions_here * regions_here;
    }
    const double mean = sum / SAMPLES, error = sqrt((squares / SAMPLES - mean * mean) / SAMPLES);
    check_close(
        INPUT("N = %ld, k = %ld, H = %ld, d = %ld, %d samples", experts, active, width, dimension, SAMPLES),
        mean, regions((ulong)experts, (ulong)active, (ulong)width, (ulong)dimension), 4 * error);
    layer_count_clear(&count);
    arrangement_free(units);
    layer_free(layer);
}

static void test_counts(void **state) {
    (void)state;
    expect_mean(5, 2, 2, 2);
    expect_mean(7, 5, 1, 2);
    expect_mean(5, 2, 1, 3);
    expect_mean(7, 3, 1, 3);
}

static void test_refused(void **state) {
    (void)state;
    static const random_router_t wrong[] = {{1, 1, 2, 2}, {4, 0, 2, 2}, {4, 4, 2, 2},
                                            {4, 2, 2, 0}, {4, 2, 2, 4}, {(UWORD(1) << 20) + 1, 2, 2, 2}};
    gsl_sf_result result = {77, 7};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(random_router_regions(&wrong[i], &result), GSL_EDOM);
        assert_int_equal(random_router_coalitions(&wrong[i], 1, &result), GSL_EDOM);
        assert_int_equal(random_router_level(&wrong[i], 0, &result), GSL_EDOM);
    }
    const random_router_t right = {4, 2, 2, 2};
    assert_int_equal(random_router_coalitions(&right, 4, &result), GSL_EDOM);
    assert_int_equal(random_router_level(&right, 3, &result), GSL_EDOM);
    assert_true(result.val == 77 && result.err == 7);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_coalitions), cmocka_unit_test(test_sphere_sum),
        cmocka_unit_test(test_known_regions),  cmocka_unit_test(test_counts),
        cmocka_unit_test(test_refused),
    };
    gsl_set_error_handler_off();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    flint_cleanup();
    return failed;
}
