// SPDX-License-Identifier: GPL-3.0-or-later
// routing/mixture and routing/score_map: derivatives against differences, (6.2) of the paper, the hard router as the
// limit, and the ends of the range of doubles.
#include "routing/margin.h"
#include "routing/mixture.h"
#include "routing/softmax.h"
#include "support.h"

#include <gsl/gsl_math.h>

enum { CASES = 60, POINTS = 7, MOST_PARAMETERS = 4 * 2 * 10 };

typedef struct problem {
    mixture_t mixture;
    size_t size;
    double tau, parameters[MOST_PARAMETERS], x[POINTS * 3], weight[POINTS], target[POINTS];
    mixture_nodes_t nodes;
} problem_t;

static void draw(stream_t *s, problem_t *problem) {
    problem->mixture = (mixture_t){.experts = 1 + draw_below(s, 4),
                                   .dimension = 1 + draw_below(s, 3),
                                   .router = 1 + (score_map_degree_t)draw_below(s, 2),
                                   .expert = 1 + (score_map_degree_t)draw_below(s, 2)};
    problem->size = mixture_parameters(&problem->mixture);
    problem->tau = log_uniform(s, 0.2, 5);
    stream_normals(s, problem->parameters, problem->size);
    stream_normals(s, problem->x, POINTS * problem->mixture.dimension);
    stream_normals(s, problem->target, POINTS);
    stream_uniforms(s, problem->weight, POINTS);
    problem->nodes = (mixture_nodes_t){
        .count = POINTS, .x = problem->x, .weight = problem->weight, .target = problem->target, .noise = 0.5};
}

static double risk_of(const problem_t *problem, double *gradient) {
    gsl_vector_view view = gsl_vector_view_array(gradient, problem->size);
    return mixture_risk(&problem->mixture, problem->parameters, problem->tau, &problem->nodes, &view.vector,
                        NULL);
}

static void derivatives_are_those_of_the_risk(void **state) {
    (void)state;
    stream_t s = stream_at(1, stream_experiment("mixture"), 0);
    static const double weights[] = {1.0 / 60, -9.0 / 60, 45.0 / 60}, h = 1e-3;
    for (int i = 0; i < CASES; i++) {
        problem_t problem;
        draw(&s, &problem);
        gsl_matrix *hessian = gsl_matrix_alloc(problem.size, problem.size);
        gsl_vector *gradient = gsl_vector_alloc(problem.size);
        mixture_risk(&problem.mixture, problem.parameters, problem.tau, &problem.nodes, gradient, hessian);
        double scale = 0;
        for (size_t j = 0; j < problem.size * problem.size; j++)
            scale = fmax(scale, fabs(hessian->data[j]));
        for (size_t a = 0; a < problem.size; a++) {
            double slope = 0, row[MOST_PARAMETERS] = {0};
            const double centre = problem.parameters[a];
            for (int k = 1; k <= 3; k++)
                for (int side = -1; side <= 1; side += 2) {
                    double moved[MOST_PARAMETERS];
                    problem.parameters[a] = centre + side * k * h;
                    slope += side * weights[3 - k] * risk_of(&problem, moved) / h;
                    for (size_t b = 0; b < problem.size; b++)
                        row[b] += side * weights[3 - k] * moved[b] / h;
                }
            problem.parameters[a] = centre;
            const char *input = INPUT("case %d, parameter %zu", i, a);
            check_close(input, gsl_vector_get(gradient, a), slope, 1e-8 * (1 + scale));
            for (size_t b = 0; b < problem.size; b++)
                check_close(input, gsl_matrix_get(hessian, a, b), row[b], 1e-8 * (1 + scale));
        }
        gsl_matrix_free(hessian);
        gsl_vector_free(gradient);
    }
}

// The gradient (6.2) in u of two experts behind a = (u'x, -u'x): that in phi_1 minus that in phi_2.
static void pair_has_the_gradient_of_the_paper(void **state) {
    (void)state;
    stream_t s = stream_at(2, stream_experiment("mixture"), 0);
    for (int i = 0; i < CASES; i++) {
        problem_t problem;
        draw(&s, &problem);
        const size_t d = problem.mixture.dimension;
        problem.mixture.experts = 2;
        problem.mixture.router = SCORE_MAP_AFFINE;
        problem.size = mixture_parameters(&problem.mixture);
        problem.parameters[d] = 0;
        for (size_t j = 0; j <= d; j++)
            problem.parameters[d + 1 + j] = -problem.parameters[j];
        double gradient[MOST_PARAMETERS], want[3] = {0};
        risk_of(&problem, gradient);
        for (size_t k = 0; k < POINTS; k++) {
            const double *x = problem.x + k * d;
            double logits[2], values[2];
            mixture_evaluate(&problem.mixture, problem.parameters, x, logits, values);
            const double p = 1 / (1 + exp(-2 * logits[0] / problem.tau)),
                         h = p * values[0] + (1 - p) * values[1];
            check_close("prediction", mixture_predict(&problem.mixture, problem.parameters, problem.tau, x),
                        h, 1e-12);
            for (size_t j = 0; j < d; j++)
                want[j] -= 4 / problem.tau * problem.weight[k] * (problem.target[k] - h) * p * (1 - p) *
                           (values[0] - values[1]) * x[j];
        }
        for (size_t j = 0; j < d; j++)
            check_close(INPUT("case %d", i), gradient[j] - gradient[d + 1 + j], want[j],
                        1e-11 * (1 + fabs(want[j])));
    }
}

// At tau = 0 the risk is that of the winners, and the limit of the soft one; the logits count for nothing.
static void cold_router_is_hard(void **state) {
    (void)state;
    stream_t s = stream_at(3, stream_experiment("mixture"), 0);
    for (int i = 0; i < CASES; i++) {
        problem_t problem;
        draw(&s, &problem);
        gsl_matrix *hard = gsl_matrix_alloc(problem.size, problem.size),
                   *cold = gsl_matrix_alloc(problem.size, problem.size);
        gsl_vector *gradient = gsl_vector_alloc(problem.size);
        double want = problem.nodes.noise;
        for (size_t k = 0; k < POINTS; k++) {
            double logits[4], values[4];
            mixture_evaluate(&problem.mixture, problem.parameters, problem.x + k * problem.mixture.dimension,
                             logits, values);
            want += problem.weight[k] *
                    gsl_pow_2(problem.target[k] - values[margin_winner(logits, problem.mixture.experts)]);
        }
        const double risk =
            mixture_risk(&problem.mixture, problem.parameters, 0, &problem.nodes, gradient, hard);
        check_close(INPUT("case %d", i), risk, want, 1e-12 * want);
        for (size_t j = 0; j < mixture_expert_offset(&problem.mixture); j++)
            assert_true(gsl_vector_get(gradient, j) == 0);
        check_close(
            "cold risk",
            mixture_risk(&problem.mixture, problem.parameters, 1e-300, &problem.nodes, gradient, cold), want,
            1e-12 * want);
        for (size_t j = 0; j < problem.size * problem.size; j++)
            assert_true(isfinite(hard->data[j]) && hard->data[j] == cold->data[j]);
        gsl_matrix_free(hard);
        gsl_matrix_free(cold);
        gsl_vector_free(gradient);
    }
}

// Logits of 1e300 at temperatures down to 1e-300: finite everywhere.
static void nothing_overflows(void **state) {
    (void)state;
    const mixture_t mixture = {
        .experts = 3, .dimension = 1, .router = SCORE_MAP_AFFINE, .expert = SCORE_MAP_AFFINE};
    const double parameters[12] = {1e300, 0, -1e300, 0, 0, 1e299, 1, 2, 3, 4, 5, 6};
    const double x[3] = {0.5, -1, 0.05}, weight[3] = {0.25, 0.25, 0.5}, target[3] = {0, 1, 2};
    const mixture_nodes_t nodes = {.count = 3, .x = x, .weight = weight, .target = target};
    double first[12], second[144];
    gsl_vector_view gradient = gsl_vector_view_array(first, 12);
    gsl_matrix_view hessian = gsl_matrix_view_array(second, 12, 12);
    for (double tau = 1e-300; tau < 1e300; tau *= 1e10) {
        assert_true(
            isfinite(mixture_risk(&mixture, parameters, tau, &nodes, &gradient.vector, &hessian.matrix)));
        for (size_t i = 0; i < 144; i++)
            assert_true(isfinite(second[i]) && isfinite(first[i % 12]));
    }
}

static void maps_have_their_gradients(void **state) {
    (void)state;
    stream_t s = stream_at(4, stream_experiment("score_map"), 0);
    for (size_t d = 1; d <= SCORE_MAP_MAX_DIMENSION; d++)
        for (score_map_degree_t degree = SCORE_MAP_AFFINE; degree <= SCORE_MAP_QUADRATIC; degree++) {
            double c[SCORE_MAP_MAX_FEATURES], x[SCORE_MAP_MAX_DIMENSION], gradient[SCORE_MAP_MAX_DIMENSION];
            stream_normals(&s, c, SCORE_MAP_MAX_FEATURES);
            stream_normals(&s, x, SCORE_MAP_MAX_DIMENSION);
            assert_true(score_map_features(degree, d) <= SCORE_MAP_MAX_FEATURES);
            score_map_gradient(degree, d, c, x, gradient);
            for (size_t i = 0; i < d; i++) { // exact for polynomials of degree 2, up to rounding
                const double centre = x[i];
                x[i] = centre + 1;
                const double above = score_map_value(degree, d, c, x);
                x[i] = centre - 1;
                const double below = score_map_value(degree, d, c, x);
                x[i] = centre;
                check_close(INPUT("d = %zu, degree %d, axis %zu", d, (int)degree, i), gradient[i],
                            (above - below) / 2, 1e-12);
            }
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(derivatives_are_those_of_the_risk),
        cmocka_unit_test(pair_has_the_gradient_of_the_paper), cmocka_unit_test(cold_router_is_hard),
        cmocka_unit_test(nothing_overflows), cmocka_unit_test(maps_have_their_gradients)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
