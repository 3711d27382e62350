// SPDX-License-Identifier: GPL-3.0-or-later
// routing/great_circle: closed forms, the sum over k, an independent quadrature, counted circles, what must be refused.
#include "geometry/layer_flats.h"
#include "routing/great_circle.h"
#include "stat/quadrature.h"
#include "support.h"

#include <flint/flint.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>

static ball_t cells(ulong experts, ulong active) {
    ball_t e = {NAN, NAN};
    const int status = great_circle_cells(experts, active, &e);
    if (status != GSL_SUCCESS)
        fail_msg("e(%lu, %lu): status %d", experts, active, status);
    if (!(e.radius >= 0 && e.radius <= 1e-12 * e.value))
        fail_msg("e(%lu, %lu): radius %a of %a", experts, active, e.radius, e.value);
    return e;
}

static void expect_cells(ulong experts, ulong active, double want) {
    const ball_t e = cells(experts, active);
    check_close(INPUT("e(%lu, %lu)", experts, active), e.value, want, e.radius + 2 * GSL_DBL_EPSILON * want);
}

// ---- Closed forms. For four and five experts the integrals over cubes of Phi - 1/2 vanish, and that over its square is
// an orthant probability of a trivariate normal law.

static void test_closed_forms(void **state) {
    (void)state;
    const double angle = asin(1.0 / 3) / M_PI;
    expect_cells(2, 1, 2);
    expect_cells(3, 1, 3);
    expect_cells(3, 2, 3);
    expect_cells(4, 1, 3 + 6 * angle);
    expect_cells(4, 2, 6 - 12 * angle);
    expect_cells(4, 3, 3 + 6 * angle);
    expect_cells(5, 1, 2.5 + 15 * angle);
    expect_cells(5, 2, 7.5 - 15 * angle);
}

// One coalition alone: nothing changes.
static void test_all_active(void **state) {
    (void)state;
    for (ulong experts = 1; experts <= 9; experts++) {
        const ball_t e = cells(experts, experts);
        assert_true(e.value == 0 && e.radius == 0);
    }
}

// ---- Each of the N (N - 1) / 2 pairs ties twice, and each tie is at one place of the order.

static void test_sum(void **state) {
    (void)state;
    static const ulong many[] = {2, 3, 4, 5, 6, 7, 11, 16, 23, 40, 64};
    for (size_t i = 0; i < sizeof many / sizeof *many; i++) {
        const ulong experts = many[i];
        double sum = 0, room = 0;
        for (ulong k = 1; k < experts; k++) {
            const ball_t e = cells(experts, k), mirrored = cells(experts, experts - k);
            check_close(INPUT("e(%lu, %lu) = e(N, N - k)", experts, k), e.value, mirrored.value,
                        e.radius + mirrored.radius);
            sum += e.value;
            room += e.radius + GSL_DBL_EPSILON * sum;
        }
        const double want = (double)(experts * (experts - 1));
        check_close(INPUT("sum of e(%lu, k)", experts), sum, want, room);
    }
}

// ---- e = 2 sqrt(pi) N E[I(T)], T of the Beta(k, N - k) law, I(t) = phi(Phi^-1(t)): by floating quadrature over t.

typedef struct beta {
    double above, below;
} beta_t;

static double profile(double t, const void *context) {
    const beta_t *beta = context;
    return gsl_ran_ugaussian_pdf(gsl_cdf_ugaussian_Qinv(t)) * gsl_ran_beta_pdf(t, beta->above, beta->below);
}

static double by_quadrature(ulong experts, ulong active) {
    const beta_t beta = {(double)active, (double)(experts - active)};
    const double n = (double)experts, mean = beta.above / n;
    const double deviation = sqrt(mean * (1 - mean) / (n + 1));
    const double points[] = {0, mean / 8, mean, GSL_MIN(mean + 8 * deviation, (1 + mean) / 2), 1};
    gsl_sf_result integral;
    assert_int_equal(quadrature_integrate(profile, &beta, points, 5, 1e-13, &integral), GSL_SUCCESS);
    return 2 * M_SQRTPI * n * integral.val;
}

static void test_quadrature(void **state) {
    (void)state;
    static const ulong shapes[][2] = {{7, 3},     {16, 4},  {17, 16},   {64, 8},   {100, 37},
                                      {256, 255}, {512, 1}, {512, 256}, {4096, 2}, {4096, 1023}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const ball_t e = cells(shapes[i][0], shapes[i][1]);
        check_close(INPUT("e(%lu, %lu) by quadrature", shapes[i][0], shapes[i][1]), e.value,
                    by_quadrature(shapes[i][0], shapes[i][1]), 1e-10 * e.value);
    }
}

// ---- Growth: at most 2 sqrt(pi) N I(k / N) and 2 k sqrt(2 pi log(N / k)); for k = 1 asymptotically equal to it.

static void test_growth(void **state) {
    (void)state;
    double last = 0;
    for (ulong experts = 2; experts <= UWORD(1) << 20; experts *= 4) {
        for (ulong k = 1; k < experts; k *= 8) {
            const double e = cells(experts, k).value, n = (double)experts, m = (double)k;
            const double profile_bound = gsl_ran_ugaussian_pdf(gsl_cdf_ugaussian_Qinv(m / n));
            if (!(e <= 2 * M_SQRTPI * n * profile_bound && e <= 2 * m * sqrt(2 * M_PI * log(n / m))))
                fail_msg("e(%lu, %lu) = %.17g above its bounds", experts, k, e);
        }
        const double share = cells(experts, 1).value / (2 * sqrt(2 * M_PI * log((double)experts)));
        assert_true(experts == 2 || share > last);
        last = share;
    }
    assert_true(last > 0.9 && last < 1);
}

// ---- The largest shapes

static void test_largest(void **state) {
    (void)state;
    const ulong most = UWORD(1) << 20;
    const ball_t half = cells(most, most / 2), one = cells(most, 1), rest = cells(most, most - 1);
    // T is within 1e-3 of its mean 1/2 up to a part of 1e-6, and I'' = -1 / I.
    check_close("e(2^20, 2^19)", half.value, M_SQRT2 * (double)most, 2e-6 * half.value);
    check_close("e(2^20, 1) = e(2^20, 2^20 - 1)", one.value, rest.value, one.radius + rest.radius);
}

// ---- Caps

static void test_cap(void **state) {
    (void)state;
    ball_t c;
    assert_int_equal(great_circle_cap(2, 1, 3, &c), GSL_SUCCESS);
    check_close("N = 2, k = 1, d = 3", c.value, 1, c.radius);
    // In the plane the ball is seen under an angle of 2 R/|mu|: the arc of that length meets 1 + 2 R/|mu| e / (2 pi).
    assert_int_equal(great_circle_cap(16, 4, 2, &c), GSL_SUCCESS);
    const ball_t e = cells(16, 4);
    check_close("N = 16, k = 4, d = 2", c.value, e.value / M_PI, c.radius + e.radius);
    // Gamma(d/2) / Gamma((d-1)/2) = sqrt(d/2) (1 - 3/(4d) + O(d^-2)).
    assert_int_equal(great_circle_cap(4, 2, 1000000, &c), GSL_SUCCESS);
    const double want = cells(4, 2).value * sqrt(5e5 / M_PI) * (1 - 0.75e-6);
    check_close("N = 4, k = 2, d = 10^6", c.value, want, 1e-11 * want);
    assert_true(c.radius < 1e-12 * c.value);
}

// ---- The walk on integer routers, against the exact count of the coalitions of the plane

enum { WALKERS = 24 };

// Draws integers into the router, as pairs and as rows of a layer.
static void draw_router(stream_t *s, size_t experts, double *router, layer_t *layer) {
    for (size_t i = 0; i < 2 * experts; i++) {
        router[i] = floor(uniform(s, -0x1p20, 0x1p20));
        fmpz_set_d(fmpz_mat_entry(layer->router, (slong)(i / 2), (slong)(i % 2)), router[i]);
    }
}

static void test_walk(void **state) {
    (void)state;
    stream_t s = stream_at(1, stream_experiment("great circle"), 0);
    const shards_control_t control = {.threads = 1};
    double router[2 * WALKERS], opposite[2 * WALKERS];
    for (int trial = 0; trial < 150; trial++) {
        const size_t experts = 2 + draw_below(&s, WALKERS - 1), active = 1 + draw_below(&s, experts - 1);
        layer_t *layer = layer_alloc((slong)experts, (slong)active, 0, 2);
        assert_non_null(layer);
        draw_router(&s, experts, router, layer);
        layer_count_t count;
        layer_count_init(&count, 2);
        assert_int_equal(layer_flats_count(layer, &control, NULL, NULL, &count), GSL_SUCCESS);
        const ulong walked = great_circle_around(router, experts, active, opposite);
        if (fmpz_cmp_ui(count.regions, walked) != 0) {
            layer_print(stderr, layer);
            fail_msg("%lu changes on the circle", walked);
        }
        layer_count_clear(&count);
        layer_free(layer);
    }
}

// Each tie counted where it is: an arc of three experts by hand. The order at (1, 0) is 0, 1, 2; 2 passes 1
// where y/x = 1/1.999 and 0 where y/x = 2/0.999, and 1 does not pass 0 in the first quadrant.
static void test_arc(void **state) {
    (void)state;
    static const double router[] = {2, 0, 1, -1, 0, 1 - 1e-3};
    static const struct {
        double end[2];
        size_t active, changes;
    } cases[] = {{{2, 1.1}, 2, 1}, {{2, 0.9}, 2, 0}, {{1, 1.9}, 1, 0}, {{1, 2.1}, 1, 1},
                 {{1, 2.1}, 2, 1}, {{0, 1}, 3, 0},   {{0, 1}, 1, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(great_circle_changes(router, 3, cases[i].active, cases[i].end), cases[i].changes);
}

// At each direction k experts are active, those with the largest logits.
static void test_active(void **state) {
    (void)state;
    static const double router[] = {3, 0, 2, 5, -1, 9, 0, -2};
    static const size_t right[] = {0, 1, 3, 2}, up[] = {2, 1, 0, 3};
    for (size_t active = 1; active <= 4; active++)
        for (size_t rank = 0; rank < 4; rank++) {
            assert_true(great_circle_active(router, 4, active, right[rank], 1, 0) == (rank < active));
            assert_true(great_circle_active(router, 4, active, up[rank], 0, 2) == (rank < active));
        }
}

// ---- What must be refused leaves the result as it was.

static void test_refused(void **state) {
    (void)state;
    static const ulong wrong[][2] = {{0, 0}, {0, 1}, {5, 0}, {5, 6}, {(UWORD(1) << 20) + 1, 1}};
    ball_t e = {77, 7};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(great_circle_cells(wrong[i][0], wrong[i][1], &e), GSL_EDOM);
        assert_int_equal(great_circle_cap(wrong[i][0], wrong[i][1], 3, &e), GSL_EDOM);
    }
    assert_int_equal(great_circle_cap(4, 2, 1, &e), GSL_EDOM);
    assert_true(e.value == 77 && e.radius == 7);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_closed_forms), cmocka_unit_test(test_all_active),
        cmocka_unit_test(test_sum),          cmocka_unit_test(test_quadrature),
        cmocka_unit_test(test_growth),       cmocka_unit_test(test_largest),
        cmocka_unit_test(test_cap),          cmocka_unit_test(test_walk),
        cmocka_unit_test(test_arc),          cmocka_unit_test(test_active),
        cmocka_unit_test(test_refused),
    };
    gsl_set_error_handler_off();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    flint_cleanup();
    return failed;
}
