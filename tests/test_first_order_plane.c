// SPDX-License-Identifier: GPL-3.0-or-later
// The first-order law of many experts: two experts against first_order.h, sections and gaps against each other and
// against plain sums over a grid, the two terms against a star in closed form and against gaps.
#include "routing/first_order_plane.h"

#include "routing/boundary_layer.h"
#include "routing/softmax.h"
#include "support.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>

static void random_plane(stream_t *s, size_t experts, first_order_plane_t *plane) {
    *plane = (first_order_plane_t){.router.experts = experts};
    for (size_t k = 0; k < experts; k++) {
        double logit[3];
        stream_normals(s, logit, 3);
        stream_normals(s, plane->expert[k].c, 3);
        stream_normals(s, plane->target[k].c, 3);
        plane->router.weight[k][0] = 3 * logit[0];
        plane->router.weight[k][1] = 3 * logit[1];
        plane->router.bias[k] = logit[2];
    }
}

static void make_realisable(first_order_plane_t *plane) {
    for (size_t k = 0; k < plane->router.experts; k++)
        plane->target[k] = plane->expert[k];
}

// The soft prediction from the gates of softmax.h.
static void test_predict(void **state) {
    (void)state;
    stream_t s = stream_at(1, 0, 0);
    for (int trial = 0; trial < 2000; trial++) {
        first_order_plane_t plane;
        random_plane(&s, 2 + draw_below(&s, 7), &plane);
        double x[2], logits[PLANAR_ROUTER_MAX], wanted = 0, size = 0;
        stream_normals(&s, x, 2);
        const double tau = log_uniform(&s, 1e-3, 10);
        planar_router_logits(&plane.router, x, logits);
        softmax_gates(logits, plane.router.experts, tau, logits);
        for (size_t k = 0; k < plane.router.experts; k++) {
            wanted += logits[k] * plane_affine_value(&plane.expert[k], x);
            size += fabs(plane_affine_value(&plane.expert[k], x));
        }
        check_close(INPUT("trial %d, tau %a", trial, tau), first_order_plane_predict(&plane, tau, x), wanted,
                    1e-14 * size);
    }
}

// Two experts without constants that equal the target: boundary_layer.h.
static void test_two_experts(void **state) {
    (void)state;
    stream_t s = stream_at(2, 0, 0);
    for (int trial = 0; trial < 12; trial++) {
        first_order_plane_t plane;
        random_plane(&s, 2, &plane);
        plane.expert[0].c[2] = plane.expert[1].c[2] = 0;
        make_realisable(&plane);
        const planar_router_t *r = &plane.router;
        const double w[2] = {r->weight[0][0] - r->weight[1][0], r->weight[0][1] - r->weight[1][1]};
        const double slope = hypot(w[0], w[1]), offset = (r->bias[1] - r->bias[0]) / slope;
        const double delta[2] = {plane.expert[0].c[0] - plane.expert[1].c[0],
                                 plane.expert[0].c[1] - plane.expert[1].c[1]};
        const double along = gsl_pow_2((w[0] * delta[0] + w[1] * delta[1]) / slope);
        const double tangent = gsl_pow_2((w[0] * delta[1] - w[1] * delta[0]) / slope);
        const double tau = log_uniform(&s, 0.05, 1);
        gsl_sf_result constant, gap, wanted;
        assert_int_equal(first_order_plane_constant(&plane, &constant), GSL_SUCCESS);
        assert_int_equal(first_order_plane_gap(&plane, tau, 1e-9, &gap), GSL_SUCCESS);
        assert_int_equal(boundary_layer_gap(tau / slope, offset, along, tangent, &wanted), GSL_SUCCESS);
        assert_true(first_order_plane_second(&plane) == 0);
        const char *input = INPUT("trial %d: slope %a, offset %a, tau %a", trial, slope, offset, tau);
        check_close(input, constant.val, boundary_layer_slope(offset, along, tangent) / slope, 1e-12);
        check_close(input, gap.val, wanted.val, 1e-9 + gap.err);
    }
}

// The gap by the midpoint rule on a grid, from the definition of both risks.
static double by_grid(const first_order_plane_t *plane, double tau, double step) {
    const int half = (int)(8 / step);
    double sum = 0;
    for (int i = -half; i < half; i++)
        for (int j = -half; j < half; j++) {
            const double x[2] = {(i + 0.5) * step, (j + 0.5) * step};
            const size_t winner = planar_router_winner(&plane->router, x);
            const double mean = plane_affine_value(&plane->target[winner], x);
            const double soft = mean - first_order_plane_predict(plane, tau, x);
            const double hard = mean - plane_affine_value(&plane->expert[winner], x);
            sum += (soft * soft - hard * hard) * gsl_ran_ugaussian_pdf(x[0]) * gsl_ran_ugaussian_pdf(x[1]);
        }
    return sum * step * step;
}

static void test_grid(void **state) {
    (void)state;
    stream_t s = stream_at(3, 0, 0);
    for (int trial = 0; trial < 4; trial++) {
        first_order_plane_t plane;
        random_plane(&s, 3 + (size_t)trial, &plane);
        gsl_sf_result gap;
        const double tau = uniform(&s, 0.3, 1);
        assert_int_equal(first_order_plane_gap(&plane, tau, 1e-9, &gap), GSL_SUCCESS);
        // The integrand jumps at the interfaces, by up to some units: errors of about step^(3/2).
        check_close(INPUT("trial %d, tau %a", trial, tau), gap.val, by_grid(&plane, tau, 0.02), 5e-3);
    }
}

// A router along x_1 alone: every section is the gap.
static void test_section(void **state) {
    (void)state;
    stream_t s = stream_at(4, 0, 0);
    for (int trial = 0; trial < 6; trial++) {
        first_order_plane_t plane;
        random_plane(&s, 2 + draw_below(&s, 4), &plane);
        for (size_t k = 0; k < plane.router.experts; k++)
            plane.router.weight[k][0] = plane.expert[k].c[0] = plane.target[k].c[0] = 0;
        gsl_sf_result section, gap;
        const double tau = log_uniform(&s, 0.05, 1);
        assert_int_equal(first_order_plane_section(&plane, tau, uniform(&s, -3, 3), 1e-10, &section),
                         GSL_SUCCESS);
        assert_int_equal(first_order_plane_gap(&plane, tau, 1e-9, &gap), GSL_SUCCESS);
        check_close(INPUT("trial %d, tau %a", trial, tau), gap.val, section.val, gap.err + section.err);
    }
}

// ---- Junctions ----

static void test_lambda(void **state) {
    (void)state;
    ball_t ball;
    assert_int_equal(first_order_plane_lambda_certified(&ball), GSL_SUCCESS);
    assert_true(ball.radius > 0 && ball.radius < 1e-16);
    check_close("lambda", first_order_plane_lambda(), ball.value, 1e-15);
}

// Three cells of 120 degrees around the origin and the values 1, 0, -1, by hand: three rays of measure
// int_0^inf phi(r) phi(0) dr = 1/(2 sqrt(2 pi)), |grad| = s sqrt 3, |det| = s^2 3 sqrt(3)/2, D^2 = 1, 4, 1.
static void test_three_rays(void **state) {
    (void)state;
    const double s = 1.7, ray = 1 / (2 * sqrt(2 * M_PI)), lambda = first_order_plane_lambda();
    first_order_plane_t plane = {
        .router = {3, {{s, 0}, {-s / 2, s * sqrt(3) / 2}, {-s / 2, -s * sqrt(3) / 2}}, {0, 0, 0}},
        .expert = {{{0, 0, 1}}, {{0, 0, 0}}, {{0, 0, -1}}}};
    make_realisable(&plane);
    gsl_sf_result constant;
    assert_int_equal(first_order_plane_constant(&plane, &constant), GSL_SUCCESS);
    check_close("constant", constant.val, (2 * M_LN2 - 1) * 6 * ray / (s * sqrt(3)), 1e-13);
    check_close("second", first_order_plane_second(&plane), lambda * 6 / (2 * M_PI) / (s * s * 1.5 * sqrt(3)),
                1e-15);
}

// The whole law for three and four experts: (gap - c_1 tau)/tau^2 tends to the junctions.
static void test_law(void **state) {
    (void)state;
    static const first_order_plane_t planes[] = {
        {.router = {3, {{2, 0.3}, {-1, 1.8}, {-1, -1.5}}, {0.1, 0, 0.2}},
         .expert = {{{0.3, 0, 1}}, {{0, 0.5, 0}}, {{0, 0, -1}}}},
        {.router = {4, {{2, 0}, {-2, 0.2}, {0, 2}, {0, -2}}, {0.5, 0.5, 0, 0}},
         .expert = {{{0.3, 0, 1}}, {{0, 0.2, -0.6}}, {{0.1, 0, 0.3}}, {{0, 0, -0.9}}}}};
    for (size_t i = 0; i < 2; i++) {
        first_order_plane_t plane = planes[i];
        make_realisable(&plane);
        gsl_sf_result constant, gap;
        assert_int_equal(first_order_plane_constant(&plane, &constant), GSL_SUCCESS);
        double rest[2];
        for (int j = 0; j < 2; j++) {
            const double tau = ldexp(0.05, -j);
            assert_int_equal(first_order_plane_gap(&plane, tau, 1e-9, &gap), GSL_SUCCESS);
            rest[j] = (gap.val - constant.val * tau) / (tau * tau);
        }
        check_close(INPUT("plane %zu", i), 2 * rest[1] - rest[0], first_order_plane_second(&plane), 1e-4);
    }
}

static void test_refused(void **state) {
    (void)state;
    stream_t s = stream_at(6, 0, 0);
    first_order_plane_t plane;
    random_plane(&s, 3, &plane);
    gsl_sf_result result = {0x1.3p3, 0x1.7p4};
    static const double bad[] = {0, -0.1, NAN};
    for (int i = 0; i < 3; i++) {
        assert_true(first_order_plane_gap(&plane, bad[i], 1e-9, &result) != GSL_SUCCESS);
        assert_true(first_order_plane_gap(&plane, 0.1, bad[i], &result) != GSL_SUCCESS);
        assert_true(first_order_plane_section(&plane, bad[i], 0, 1e-9, &result) != GSL_SUCCESS);
        assert_true(first_order_plane_section(&plane, 0.1, 0, bad[i], &result) != GSL_SUCCESS);
    }
    assert_true(result.val == 0x1.3p3 && result.err == 0x1.7p4);
}

int main(void) {
    gsl_set_error_handler_off();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_predict), cmocka_unit_test(test_two_experts), cmocka_unit_test(test_grid),
        cmocka_unit_test(test_section), cmocka_unit_test(test_lambda),      cmocka_unit_test(test_three_rays),
        cmocka_unit_test(test_law),     cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests_name("first_order_plane", tests, NULL, NULL);
}
