// SPDX-License-Identifier: GPL-3.0-or-later
// routing/boundary_mass: events in floating arithmetic against balls, masses against slabs, a grid and the lines
// and junctions of routing/planar_router, what must be refused.
#include "routing/boundary_mass.h"
#include "routing/margin.h"
#include "routing/softmax.h"
#include "support.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>

static planar_router_t draw_router(stream_t *s, size_t n) {
    planar_router_t r = {.experts = n};
    for (size_t k = 0; k < n; k++) {
        r.weight[k][0] = uniform(s, -2, 2);
        r.weight[k][1] = uniform(s, -2, 2);
        r.bias[k] = uniform(s, -2, 2);
    }
    return r;
}

// ---- Events

static void test_events(void **state) {
    (void)state;
    stream_t s = stream_at(1, 0, 0);
    int compared = 0;
    for (int trial = 0; trial < 2000; trial++) {
        const size_t n = 2 + draw_below(&s, 9);
        const double tau = log_uniform(&s, 1e-3, 10), epsilon = uniform(&s, 0.001, 0.499);
        double logits[10], distance;
        for (size_t k = 0; k < n; k++)
            logits[k] = uniform(&s, -4, 4) * tau;
        boundary_mass_events_t sure;
        const boundary_mass_events_t events = boundary_mass_events(logits, n, tau, epsilon, &distance);
        assert_int_equal(boundary_mass_events_certified(logits, n, tau, epsilon, &sure), GSL_SUCCESS);
        assert_true(boundary_mass_is_nested(sure));
        if (distance < 1e-10)
            continue;
        compared++;
        if (events.near != sure.near || events.ambiguous != sure.ambiguous || events.wide != sure.wide ||
            events.pairwise != sure.pairwise)
            fail_msg("n %zu, tau %a, epsilon %a, logits %a %a ...: other events", n, tau, epsilon, logits[0],
                     logits[1]);
    }
    assert_true(compared > 1900);
}

// Just inside and just outside of each event, by the definition.
static void test_event_ends(void **state) {
    (void)state;
    const double tau = 0.3, epsilon = 0.07, step = 1e-12;
    for (size_t n = 3; n <= 10; n++)
        for (int side = -1; side <= 1; side += 2) {
            double logits[10] = {0};
            for (size_t l = 1; l < n; l++)
                logits[l] = -log((double)(n - 1) * (1 - epsilon) / epsilon) * tau * (1 + side * step);
            boundary_mass_events_t events;
            assert_int_equal(boundary_mass_events_certified(logits, n, tau, epsilon, &events), GSL_SUCCESS);
            assert_true(events.ambiguous == (side < 0) && events.wide == (side < 0) && !events.near);
            assert_true(events.pairwise); // the losers are equal
            for (size_t l = 1; l < n; l++)
                logits[l] =
                    -(l > 1 ? 60.0 * (double)l : log((1 - epsilon) / epsilon) * (1 + side * step)) * tau;
            assert_int_equal(boundary_mass_events_certified(logits, n, tau, epsilon, &events), GSL_SUCCESS);
            assert_true(events.near == (side < 0) && events.ambiguous == (side < 0) && events.wide);
        }
}

static void test_nested(void **state) {
    (void)state;
    assert_true(boundary_mass_is_nested((boundary_mass_events_t){false, false, false, false}));
    assert_true(boundary_mass_is_nested((boundary_mass_events_t){false, true, true, true}));
    assert_false(boundary_mass_is_nested((boundary_mass_events_t){true, false, true, true}));
    assert_false(boundary_mass_is_nested((boundary_mass_events_t){false, true, false, true}));
    assert_false(boundary_mass_is_nested((boundary_mass_events_t){false, false, true, false}));
}

// ---- Masses

// Two experts: both masses are that of one slab.
static void test_slab(void **state) {
    (void)state;
    stream_t s = stream_at(2, 0, 0);
    for (int trial = 0; trial < 40; trial++) {
        planar_router_t r = draw_router(&s, 2);
        const double tau = log_uniform(&s, 1e-3, 1), epsilon = uniform(&s, 0.01, 0.49);
        const double width = margin_kappa(epsilon) * tau;
        const double want = planar_router_slab(&r, 0, 1, width);
        gsl_sf_result top, mass;
        assert_int_equal(boundary_mass_top_two(&r, width, &top), GSL_SUCCESS);
        assert_int_equal(boundary_mass_ambiguous(&r, tau, epsilon, &mass), GSL_SUCCESS);
        check_close(INPUT("top, tau %a, epsilon %a", tau, epsilon), top.val, want, 1e-11);
        check_close(INPUT("mass, tau %a, epsilon %a", tau, epsilon), mass.val, want, 1e-11);
        assert_true(top.err >= 0 && top.err < 1e-10 && mass.err >= 0 && mass.err < 1e-10);
    }
}

// Width 0: the cells fill the plane.
static void test_cells(void **state) {
    (void)state;
    stream_t s = stream_at(3, 0, 0);
    for (int trial = 0; trial < 40; trial++) {
        planar_router_t r = draw_router(&s, 2 + draw_below(&s, 7));
        gsl_sf_result top;
        assert_int_equal(boundary_mass_top_two(&r, 0, &top), GSL_SUCCESS);
        check_close(INPUT("trial %d", trial), top.val, 0, 1e-10);
    }
}

// A midpoint grid over the plane. It errs on the cells of the grid at the edge of the region only; their signs are random.
static void test_grid(void **state) {
    (void)state;
    stream_t s = stream_at(4, 0, 0);
    for (int trial = 0; trial < 4; trial++) {
        const size_t n = 3 + 2 * draw_below(&s, 3);
        planar_router_t r = draw_router(&s, n);
        const double tau = uniform(&s, 0.1, 0.5), epsilon = uniform(&s, 0.05, 0.4), h = 1.0 / 128;
        const double width = margin_kappa(epsilon) * tau;
        double top = 0, mass = 0;
        for (double x = -6 + h / 2; x < 6; x += h)
            for (double y = -6 + h / 2; y < 6; y += h) {
                double logits[BOUNDARY_MASS_MAX_EXPERTS];
                planar_router_logits(&r, (double[]){x, y}, logits);
                const double weight = exp(-(x * x + y * y) / 2) * h * h / (2 * M_PI);
                top += margin_top_two(logits, n) <= width ? weight : 0;
                mass += softmax_is_ambiguous(logits, n, tau, epsilon) ? weight : 0;
            }
        gsl_sf_result got_top, got_mass;
        assert_int_equal(boundary_mass_top_two(&r, width, &got_top), GSL_SUCCESS);
        assert_int_equal(boundary_mass_ambiguous(&r, tau, epsilon, &got_mass), GSL_SUCCESS);
        check_close(INPUT("top, n %zu, width %a", n, width), got_top.val, top, 2e-4);
        check_close(INPUT("mass, n %zu, tau %a, epsilon %a", n, tau, epsilon), got_mass.val, mass, 2e-4);
    }
}

// ---- Lines and junctions

// Three rays from the origin at 120 degrees, a_k = e_k.x: I = 3 phi(0) / (2 sqrt 3), J = 1 / (2 pi) / |det|.
static void test_star(void **state) {
    (void)state;
    const planar_router_t router = {3, {{0, 1}, {-sqrt(3) / 2, -0.5}, {sqrt(3) / 2, -0.5}}, {0, 0, 0}};
    check_close("I", planar_router_top_density(&router), 3 / (2 * sqrt(3) * sqrt(2 * M_PI)), 1e-15);
    check_close("J", planar_router_junction_density(&router), 1 / (2 * M_PI) / (3 * sqrt(3) / 2), 1e-15);
    check_close("a whole line", planar_router_profile(&router, 0, 1, 0), 1 / (sqrt(3) * sqrt(2 * M_PI)),
                1e-15);
}

// P(Delta <= w) = 2 I w - (3/2) J w^2 + O(w^3), by extrapolation in w.
static void test_expansion(void **state) {
    (void)state;
    stream_t s = stream_at(5, 0, 0);
    for (int trial = 0; trial < 30; trial++) {
        planar_router_t r = draw_router(&s, 3);
        const double w = 4e-3;
        double at[3];
        for (int i = 0; i < 3; i++) {
            gsl_sf_result top;
            assert_int_equal(boundary_mass_top_two(&r, w / (1 << i), &top), GSL_SUCCESS);
            at[i] = top.val / (w / (1 << i));
        }
        const double i = planar_router_top_density(&r), j = planar_router_junction_density(&r);
        const double scale = 1 + i + j;
        check_close(INPUT("slope, trial %d", trial), (8 * at[2] - 6 * at[1] + at[0]) / 3, 2 * i,
                    1e-4 * scale);
        check_close(INPUT("second order, trial %d", trial), (-8 * at[2] + 10 * at[1] - 2 * at[0]) / w,
                    -1.5 * j, 2e-2 * scale);
    }
}

static void test_refused(void **state) {
    (void)state;
    stream_t s = stream_at(6, 0, 0);
    planar_router_t r = draw_router(&s, 3);
    gsl_sf_result result = {0x1.3p3, 0x1.7p4};
    assert_int_equal(boundary_mass_top_two(&r, -1, &result), GSL_EINVAL);
    assert_int_equal(boundary_mass_top_two(&r, NAN, &result), GSL_EINVAL);
    assert_int_equal(boundary_mass_ambiguous(&r, 0, 0.1, &result), GSL_EDOM);
    assert_int_equal(boundary_mass_ambiguous(&r, 0.1, 0.5, &result), GSL_EDOM);
    assert_int_equal(boundary_mass_ambiguous(&r, 0.1, 0, &result), GSL_EDOM);
    r.experts = 1;
    assert_int_equal(boundary_mass_top_two(&r, 1, &result), GSL_EINVAL);
    assert_true(result.val == 0x1.3p3 && result.err == 0x1.7p4);
}

int main(void) {
    gsl_set_error_handler_off();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_events), cmocka_unit_test(test_event_ends), cmocka_unit_test(test_nested),
        cmocka_unit_test(test_slab),   cmocka_unit_test(test_cells),      cmocka_unit_test(test_grid),
        cmocka_unit_test(test_star),   cmocka_unit_test(test_expansion),  cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests_name("boundary_mass", tests, NULL, NULL);
}
