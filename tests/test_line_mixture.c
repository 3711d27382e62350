// SPDX-License-Identifier: GPL-3.0-or-later
// routing/line_mixture and routing/random_mixture: gaps against an adaptive rule with the difference as it is written, the
// law of the margin against the logits, the normal law against a hand computation.
#include "routing/line_mixture.h"

#include "routing/margin.h"
#include "routing/random_mixture.h"
#include "routing/softmax.h"
#include "stat/quadrature.h"
#include "support.h"

#include <flint/flint.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>

enum { MOST = 6, CASES = 60 };
static const double ALPHA[3] = {0.5, 1, 2};

static line_mixture_t draw_power(stream_t *stream, int i) {
    return random_mixture_power(stream, (random_mixture_shape_t)(i % 3), (line_mixture_response_t)(i / 3 % 3),
                                MOST, ALPHA[i / 9 % 3]);
}

// E[(Y - h_tau)^2 - (Y - h_0)^2 | x] as it is written.
static double written(const line_mixture_t *m, double x, double tau) {
    double logits[LINE_MIXTURE_MAX_EXPERTS], gates[LINE_MIXTURE_MAX_EXPERTS], soft = 0;
    line_mixture_logits(m, x, logits);
    softmax_gates(logits, m->experts, tau, gates);
    for (size_t k = 0; k < m->experts; k++)
        soft += gates[k] * line_mixture_expert(m, k, x);
    const size_t winner = margin_winner(logits, m->experts);
    const double mean = line_mixture_mean(m, x, winner);
    return gsl_pow_2(mean - soft) - gsl_pow_2(mean - line_mixture_expert(m, winner, x));
}

static void test_difference(void **state) {
    (void)state;
    stream_t stream = stream_at(1, stream_experiment("test_line_mixture.difference"), 0);
    for (int i = 0; i < 400; i++) {
        const line_mixture_t m = draw_power(&stream, i);
        const double u[3] = {uniform(&stream, 0, 1), uniform(&stream, 0, 1), uniform(&stream, 0, 1)};
        const double tau = log_uniform(&stream, 1e-3, 3);
        size_t winner;
        const double x = line_mixture_draw_input(&m, u, &winner);
        const double size = gsl_pow_2(m.expert_size + m.response_size);
        char input[64];
        snprintf(input, sizeof input, "case %d, x = %a, tau = %a", i, x, tau);
        check_close(input, line_mixture_difference(&m, x, winner, tau), written(&m, x, tau), 1e-13 * size);
    }
}

// The power law over one side of a wall in q, r = reach q^2 (alpha <= 1) or reach q.
typedef struct side {
    const line_mixture_t *mixture;
    const line_mixture_wall_t *wall;
    double tau, sign;
} side_t;

static double side_value(double q, const void *context) {
    const side_t *side = context;
    const double alpha = side->mixture->alpha, r = side->wall->reach * q * q;
    return 2 * alpha * pow(q, 2 * alpha - 1) *
           written(side->mixture, side->wall->place + side->sign * r, side->tau);
}

static double adaptive_gap(const line_mixture_t *m, double tau) {
    double sum = 0;
    for (size_t i = 0; i < m->walls; i++)
        for (int sign = -1; sign <= 1; sign += 2) {
            const side_t side = {m, m->wall + i, tau, sign};
            const double middle = fmin(0.9, sqrt(10 * tau / (m->wall[i].steepness * m->wall[i].reach)));
            const double points[] = {1e-9, middle, 1},
                         share = sign < 0 ? 1 - m->wall[i].right : m->wall[i].right;
            gsl_sf_result result;
            assert_int_equal(quadrature_integrate(side_value, &side, points, 3, 1e-11, &result), GSL_SUCCESS);
            sum += m->wall[i].weight * share * result.val;
        }
    return sum;
}

static void test_power_gap(void **state) {
    (void)state;
    stream_t stream = stream_at(1, stream_experiment("test_line_mixture.power"), 0);
    for (int i = 0; i < CASES; i++) {
        const line_mixture_t m = draw_power(&stream, i);
        const double tau = log_uniform(&stream, 3e-3, 1);
        char input[64];
        snprintf(input, sizeof input, "case %d, tau = %a", i, tau);
        // The adaptive rule is in the written form, whose rounding counts.
        check_close(input, line_mixture_gap(&m, tau), adaptive_gap(&m, tau),
                    1e-9 * gsl_pow_2(m.expert_size + m.response_size));
    }
}

typedef struct normal {
    const line_mixture_t *mixture;
    double tau;
} normal_t;

static double normal_value(double x, const void *context) {
    const normal_t *normal = context;
    return gsl_ran_ugaussian_pdf(x) * written(normal->mixture, x, normal->tau);
}

static void test_normal_gap(void **state) {
    (void)state;
    stream_t stream = stream_at(1, stream_experiment("test_line_mixture.normal"), 0);
    for (int i = 0; i < CASES; i++) {
        const line_mixture_t m =
            random_mixture_normal(&stream, i % 2 ? RANDOM_MIXTURE_STEPS : RANDOM_MIXTURE_WAVES,
                                  (line_mixture_response_t)(i % 3), MOST);
        const normal_t normal = {&m, log_uniform(&stream, 0.01, 1)};
        double points[701];
        for (int j = 0; j <= 700; j++)
            points[j] = -9 + 18 * j / 700.0;
        gsl_sf_result result;
        assert_int_equal(quadrature_integrate(normal_value, &normal, points, 701, 1e-8, &result),
                         GSL_SUCCESS);
        char input[64];
        snprintf(input, sizeof input, "case %d, %zu experts, tau = %a", i, m.experts, normal.tau);
        check_close(input, line_mixture_gap(&m, normal.tau), result.val,
                    1e-7 * gsl_pow_2(m.expert_size + m.response_size));
    }
}

// At every input that the law draws, the margin is the wall's, and the leader is known.
static void test_margin(void **state) {
    (void)state;
    stream_t stream = stream_at(1, stream_experiment("test_line_mixture.margin"), 0);
    for (int i = 0; i < 500; i++) {
        const line_mixture_t m = draw_power(&stream, i);
        double total = 0;
        for (size_t j = 0; j < m.walls; j++)
            total += m.wall[j].weight;
        check_close("weights", total, 1, 1e-15);
        const double u[3] = {uniform(&stream, 0, 1), uniform(&stream, 0, 1), uniform(&stream, 0, 1)};
        double logits[LINE_MIXTURE_MAX_EXPERTS], nearest = INFINITY;
        size_t winner;
        const double x = line_mixture_draw_input(&m, u, &winner);
        line_mixture_logits(&m, x, logits);
        assert_int_equal(margin_winner(logits, m.experts), winner);
        for (size_t j = 0; j < m.walls; j++)
            nearest = fmin(nearest, m.wall[j].steepness * fabs(x - m.wall[j].place));
        check_close("margin", margin_top_two(logits, m.experts), nearest, 1e-13);
    }
}

// P(Delta <= t) <= C t^alpha with equality for small t, and E exp(-Delta/tau) as an integral of the law.
typedef struct layer {
    const line_mixture_t *mixture;
    double tau;
} layer_t;

static double layer_value(double v, const void *context) {
    const layer_t *layer = context;
    return exp(-v) * line_mixture_margin_law(layer->mixture, v * layer->tau);
}

static void test_law(void **state) {
    (void)state;
    stream_t stream = stream_at(1, stream_experiment("test_line_mixture.law"), 0);
    for (int i = 0; i < CASES; i++) {
        const line_mixture_t m = draw_power(&stream, i);
        const double mass = line_mixture_mass(&m), tau = log_uniform(&stream, 0.01, 1);
        double least = INFINITY;
        for (size_t j = 0; j < m.walls; j++)
            least = fmin(least, m.wall[j].steepness * m.wall[j].reach);
        check_close("C t^alpha", line_mixture_margin_law(&m, 0.9 * least), mass * pow(0.9 * least, m.alpha),
                    1e-14);
        for (double t = 0.01; t < 20; t *= 1.3)
            assert_true(line_mixture_margin_law(&m, t) <= mass * pow(t, m.alpha) * (1 + 1e-14));
        check_close("whole", line_mixture_margin_law(&m, 100), 1, 1e-15);
        const layer_t layer = {&m, tau};
        gsl_sf_result result;
        const double ends[] = {0, 1, 5, 20, 700};
        assert_int_equal(quadrature_integrate(layer_value, &layer, ends, 5, 1e-8, &result), GSL_SUCCESS);
        check_close("layer", line_mixture_layer(&m, tau), result.val, 1e-6);
    }
}

// Steps: all but an exponentially small part of the gap is the limit.
static void test_limit(void **state) {
    (void)state;
    stream_t stream = stream_at(1, stream_experiment("test_line_mixture.limit"), 0);
    for (int i = 0; i < CASES; i++) {
        const line_mixture_t m = random_mixture_power(
            &stream, RANDOM_MIXTURE_STEPS, (line_mixture_response_t)(i % 3), MOST, ALPHA[i / 3 % 3]);
        const double tau = 2e-4, power = pow(tau, m.alpha);
        double limit;
        assert_int_equal(line_mixture_limit(&m, &limit), GSL_SUCCESS);
        if (m.response == LINE_MIXTURE_FREE) // it has a slope at the wall
            continue;
        char input[64];
        snprintf(input, sizeof input, "case %d, %zu experts", i, m.experts);
        check_close(input, line_mixture_gap(&m, tau) / power, limit, 1e-9 * fabs(limit));
    }
}

static void test_sample(void **state) {
    (void)state;
    stream_t stream = stream_at(1, stream_experiment("test_line_mixture.sample"), 0);
    for (int i = 0; i < 12; i++) {
        const line_mixture_t m = i % 2 ? draw_power(&stream, i)
                                       : random_mixture_normal(&stream, RANDOM_MIXTURE_WAVES,
                                                               (line_mixture_response_t)(i % 3), MOST);
        const line_mixture_sampler_t sampler = {&m, 0.3};
        const montecarlo_params_t params = {.samples = 20000,
                                            .seed = 1,
                                            .experiment = stream_experiment("test_line_mixture.sampler"),
                                            .work_size = LINE_MIXTURE_SAMPLE * MONTECARLO_BLOCK};
        moments_t *moments = moments_alloc(LINE_MIXTURE_SAMPLE);
        assert_non_null(moments);
        assert_int_equal(montecarlo_run(&params, line_mixture_sample, &sampler, moments), GSL_SUCCESS);
        const gsl_sf_result gap = moments_estimate(moments, 0), layer = moments_estimate(moments, 1),
                            law = moments_estimate(moments, 2);
        char input[64];
        snprintf(input, sizeof input, "case %d", i);
        check_close(input, line_mixture_gap(&m, 0.3), gap.val, 4 * gap.err);
        if (m.law == LINE_MIXTURE_POWER) {
            check_close(input, line_mixture_layer(&m, 0.3), layer.val, 4 * layer.err);
            check_close(input, line_mixture_margin_law(&m, 0.3), law.val, 4 * law.err + 1e-15);
        }
        moments_free(moments);
    }
}

static void test_pair_mass(void **state) {
    (void)state;
    line_mixture_t m = {
        .experts = 3, .law = LINE_MIXTURE_NORMAL, .slope = {1, -1, 0.5}, .offset = {0, 0.3, -2}};
    const double expected =
        2 * (gsl_ran_gaussian_pdf(0.2, 2) + gsl_ran_gaussian_pdf(1.9, 0.5) + gsl_ran_gaussian_pdf(2.2, 1.5));
    check_close("pair mass", line_mixture_pair_mass(&m, 0.1), expected, 1e-15);
    check_close("pair mass, wide", line_mixture_pair_mass(&m, 5),
                2 * (1 / 2.0 + 1 / 0.5 + 1 / 1.5) / sqrt(2 * M_PI), 1e-14);
}

int main(void) {
    gsl_set_error_handler_off();
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_difference), cmocka_unit_test(test_power_gap),
                                       cmocka_unit_test(test_normal_gap), cmocka_unit_test(test_margin),
                                       cmocka_unit_test(test_law),        cmocka_unit_test(test_pair_mass),
                                       cmocka_unit_test(test_limit),      cmocka_unit_test(test_sample)};
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    flint_cleanup();
    return failed;
}
