// SPDX-License-Identifier: GPL-3.0-or-later
// routing/planar_router: masses against plain sums over the plane, turned routers and two experts in closed form; the laws of
// first and second order as limits; what does not lead.
#include "routing/planar_router.h"

#include "routing/margin.h"
#include "stat/gaussian.h"
#include "support.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>

static const char *describe(const planar_router_t *r, double w) {
    int length = snprintf(support_input, sizeof support_input, "w %a, %zu experts", w, r->experts);
    for (size_t k = 0; k < r->experts; k++)
        length += snprintf(support_input + length, sizeof support_input - (size_t)length, ", (%a %a) %a",
                           r->weight[k][0], r->weight[k][1], r->bias[k]);
    return support_input;
}

static double pair_mass(const planar_router_t *r, double w) {
    double mass;
    assert_int_equal(planar_router_pair_mass(r, w, &mass), GSL_SUCCESS);
    return mass;
}

static double top_mass(const planar_router_t *r, double w) {
    double mass;
    assert_int_equal(planar_router_top_mass(r, w, &mass), GSL_SUCCESS);
    return mass;
}

// A grid of the plane, whose cells do not know the edges of the event.
static void test_plain_sums(void **state) {
    (void)state;
    stream_t s = stream_at(9, stream_experiment("planar sums"), 0);
    const double step = 1.0 / 128;
    for (size_t trial = 0; trial < 12; trial++) {
        const planar_router_t r = planar_router_draw(&s, 2 + trial % 7);
        const double w = log_uniform(&s, 0.02, 0.5);
        double pair = 0, top = 0;
        for (double x = -6 + step / 2; x < 6; x += step)
            for (double y = -6 + step / 2; y < 6; y += step) {
                double logits[PLANAR_ROUTER_MAX];
                for (size_t k = 0; k < r.experts; k++)
                    logits[k] = r.weight[k][0] * x + r.weight[k][1] * y + r.bias[k];
                const double q = gsl_ran_ugaussian_pdf(x) * gsl_ran_ugaussian_pdf(y) * step * step;
                pair += margin_pairwise(logits, r.experts) <= w ? q : 0;
                top += margin_top_two(logits, r.experts) <= w ? q : 0;
            }
        check_close(describe(&r, w), pair_mass(&r, w), pair, 1e-3);
        check_close(describe(&r, w), top_mass(&r, w), top, 1e-3);
    }
}

// The Gaussian does not change when the plane is turned or reflected; the cuts do.
static void test_turned(void **state) {
    (void)state;
    stream_t s = stream_at(9, stream_experiment("planar turns"), 0);
    for (size_t trial = 0; trial < 60; trial++) {
        const planar_router_t r = planar_router_draw(&s, 2 + trial % 7);
        const double w = log_uniform(&s, 1e-3, 1), angle = uniform(&s, 0, M_PI);
        planar_router_t turned = r;
        for (size_t k = 0; k < r.experts; k++) {
            turned.weight[k][0] = cos(angle) * r.weight[k][0] + sin(angle) * r.weight[k][1];
            turned.weight[k][1] = sin(angle) * r.weight[k][0] - cos(angle) * r.weight[k][1];
        }
        check_close(describe(&r, w), pair_mass(&turned, w), pair_mass(&r, w), 1e-10);
        check_close(describe(&r, w), top_mass(&turned, w), top_mass(&r, w), 1e-10);
        check_close(describe(&r, w), planar_router_pair_junctions(&turned), planar_router_pair_junctions(&r),
                    1e-9);
        check_close(describe(&r, w), planar_router_top_density(&turned), planar_router_top_density(&r),
                    1e-13);
    }
}

static void test_two(void **state) {
    (void)state;
    stream_t s = stream_at(9, stream_experiment("planar pairs"), 0);
    for (int trial = 0; trial < 100; trial++) {
        const planar_router_t r = planar_router_draw(&s, 2);
        const double w = log_uniform(&s, 1e-3, 2);
        const double slab = planar_router_slab(&r, 0, 1, w);
        const double norm = hypot(r.weight[0][0] - r.weight[1][0], r.weight[0][1] - r.weight[1][1]);
        check_close(describe(&r, w), slab, gaussian_slab_mass((r.bias[0] - r.bias[1]) / norm, w / norm),
                    1e-15);
        check_close(describe(&r, w), pair_mass(&r, w), slab, 1e-12);
        check_close(describe(&r, w), top_mass(&r, w), slab, 1e-12);
        assert_true(planar_router_pair_junctions(&r) == 0 && planar_router_top_junctions(&r) == 0);
        check_close("two always lead", planar_router_top_density(&r), planar_router_pair_density(&r), 1e-15);
    }
}

// sum |S_kl's gradient|^-3, the size of F_kl'' in the third order.
static double third_order(const planar_router_t *r) {
    double sum = 0;
    for (size_t k = 0; k < r->experts; k++)
        for (size_t l = 0; l < k; l++)
            sum += pow(hypot(r->weight[k][0] - r->weight[l][0], r->weight[k][1] - r->weight[l][1]), -3);
    return sum;
}

// What is left after two orders falls like w^3.
static void test_orders(void **state) {
    (void)state;
    stream_t s = stream_at(9, stream_experiment("planar orders"), 0);
    for (size_t trial = 0; trial < 36; trial++) {
        planar_router_t r = planar_router_draw(&s, 3 + trial % 6);
        const double w = 1e-3, junctions = planar_router_pair_junctions(&r);
        // Lines that meet at a small angle have a junction of a large density, which changes over short distances.
        if (junctions > 30)
            continue;
        const double room = 0.02 * junctions + w * third_order(&r) + 1e-6;
        check_close(describe(&r, w), (2 * w * planar_router_pair_density(&r) - pair_mass(&r, w)) / (w * w),
                    junctions, room);
        check_close(describe(&r, w), (2 * w * planar_router_top_density(&r) - top_mass(&r, w)) / (w * w),
                    planar_router_top_junctions(&r), room);
    }
}

// An expert far below all others takes part in no leading tie.
static void test_not_leading(void **state) {
    (void)state;
    stream_t s = stream_at(9, stream_experiment("planar loser"), 0);
    for (size_t trial = 0; trial < 20; trial++) {
        const planar_router_t r = planar_router_draw(&s, 3);
        planar_router_t more = r;
        more.experts = 4;
        more.weight[3][0] = 0.1;
        more.weight[3][1] = 0.2;
        more.bias[3] = -100;
        check_close(describe(&more, 0.1), top_mass(&more, 0.1), top_mass(&r, 0.1), 1e-11);
        check_close(describe(&more, 0), planar_router_top_density(&more), planar_router_top_density(&r),
                    1e-14);
        check_close(describe(&more, 0), planar_router_top_junctions(&more), planar_router_top_junctions(&r),
                    1e-14);
    }
}

// At each junction three logits tie and are the largest. With K experts in the plane Euler's formula bounds their
// number by 2 K - 5. The densities add up to the junctions of the second order.
static void test_junctions(void **state) {
    (void)state;
    stream_t s = stream_at(8, 0, 0);
    for (int trial = 0; trial < 500; trial++) {
        const planar_router_t r = planar_router_draw(&s, 3 + draw_below(&s, PLANAR_ROUTER_MAX - 2));
        planar_junction_t junctions[PLANAR_MAX_JUNCTIONS];
        const size_t count = planar_router_junctions(&r, INFINITY, junctions);
        if (count > 2 * r.experts - 5)
            fail_msg("%s: %zu junctions", describe(&r, 0), count);
        double sum = 0;
        for (size_t i = 0; i < count; i++) {
            const planar_junction_t *at = &junctions[i];
            double logits[PLANAR_ROUTER_MAX];
            planar_router_logits(&r, at->x, logits);
            const double best = logits[planar_router_winner(&r, at->x)];
            for (size_t k = 0; k < r.experts; k++)
                assert_true(logits[k] <= best);
            for (int j = 0; j < 3; j++)
                check_close(describe(&r, 0), logits[at->expert[j]], best, 1e-10 * (1 + fabs(best)));
            assert_true(at->expert[0] < at->expert[1] && at->expert[1] < at->expert[2]);
            assert_true(at->lead >= 0 && at->determinant > 0);
            sum += at->density;
        }
        check_close(describe(&r, 0), 1.5 * sum, planar_router_top_junctions(&r), 1e-15);
    }
}

// Both ends of an edge are junctions, and in between its two logits are one and the largest.
static void test_edges(void **state) {
    (void)state;
    stream_t s = stream_at(9, 0, 0);
    for (int trial = 0; trial < 500; trial++) {
        const planar_router_t r = planar_router_draw(&s, 3 + draw_below(&s, PLANAR_ROUTER_MAX - 2));
        const planar_edge_t edge = planar_router_edge(&r, 0, 1);
        double x[2], logits[PLANAR_ROUTER_MAX];
        planar_edge_point(&edge, uniform(&s, fmax(edge.ends[0], -9), fmin(edge.ends[1], 9)), x);
        planar_router_logits(&r, x, logits);
        check_close(describe(&r, 0), logits[0], logits[1], 1e-12 * (1 + fabs(logits[0])));
        if (fmax(edge.ends[0], -9) < fmin(edge.ends[1], 9))
            assert_true(planar_router_lead(&r, x, 0, 1, 1) >= -1e-12);
        for (int end = 0; end < 2 && edge.ends[0] < edge.ends[1]; end++)
            if (isfinite(edge.ends[end])) {
                planar_edge_point(&edge, edge.ends[end], x);
                check_close(describe(&r, 0), planar_router_lead(&r, x, 0, 1, 1), 0,
                            1e-10 * (1 + hypot(x[0], x[1])));
            }
    }
}

// Three ties that meet in (1, 1) with 90 degrees between two of them; a fourth expert whose ties pass by at a known
// distance.
static void test_position(void **state) {
    (void)state;
    const planar_router_t three = {3, {{0, 0}, {1, 0}, {0, 2}}, {0, -1, -2}};
    const planar_router_position_t p = planar_router_position(&three, 6);
    check_close("cubes", p.cubes, 1 + 0.125 + pow(5, -1.5), 1e-15);
    check_close("crossings", p.crossings, 1.5, 1e-15); // each determinant is 2
    check_close("det", p.det, 2, 1e-15);
    assert_true(isinf(p.clearance));
    // a_4 = 0.3 everywhere far from x: at (1, 1) all others are 0, so its ties are 0.3 off; other junctions are farther.
    const planar_router_t four = {4, {{0, 0}, {1, 0}, {0, 2}, {1e-9, 2e-9}}, {0, -1, -2, 0.3}};
    check_close("clearance", planar_router_position(&four, 1.5).clearance, 0.3, 1e-7);
    assert_true(isinf(planar_router_position(&three, 0).clearance));
}

static void test_peak(void **state) {
    (void)state;
    stream_t s = stream_at(9, stream_experiment("planar peaks"), 0);
    for (int trial = 0; trial < 100; trial++) {
        const planar_router_t r = planar_router_draw(&s, 2);
        const double w = log_uniform(&s, 1e-2, 2), peak = planar_router_profile_peak(&r, 0, 1, w);
        double most = 0;
        for (int i = -100; i <= 100; i++)
            most = fmax(most, planar_router_profile(&r, 0, 1, w * i / 100));
        assert_true(most <= peak * (1 + 1e-14));
        check_close(describe(&r, w), most, peak, 0.05 * peak);
    }
}

int main(void) {
    gsl_set_error_handler_off();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_sums),  cmocka_unit_test(test_turned),
        cmocka_unit_test(test_two),         cmocka_unit_test(test_orders),
        cmocka_unit_test(test_not_leading), cmocka_unit_test(test_peak),
        cmocka_unit_test(test_junctions),   cmocka_unit_test(test_edges),
        cmocka_unit_test(test_position),
    };
    return cmocka_run_group_tests_name("planar_router", tests, NULL, NULL);
}
