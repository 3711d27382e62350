// SPDX-License-Identifier: GPL-3.0-or-later
// routing/risk_split: every sum against its definition, written out over the inputs one statement at a time.
#include "routing/risk_split.h"
#include "support.h"

enum { POINTS = 50, EXPERTS = 4 };

static void draw_points(stream_t *s, risk_split_point_t *points) {
    for (size_t i = 0; i < POINTS; i++) {
        risk_split_point_t *x = &points[i];
        double sum = 0;
        x->weight = uniform(s, 0, 0.1);
        x->cell = draw_below(s, EXPERTS);
        x->target = uniform(s, -2, 2);
        for (size_t j = 0; j < EXPERTS; j++) {
            x->values[j] = draw_below(s, 3) ? uniform(s, -3, 3) : x->target + uniform(s, -0.3, 0.3);
            sum += x->gates[j] = log_uniform(s, 1e-3, 1);
        }
        const size_t winner = draw_below(s, EXPERTS); // half of them sure
        const double more = draw_below(s, 2) ? 20 : 0;
        x->gates[winner] += more;
        for (size_t j = 0; j < EXPERTS; j++)
            x->gates[j] /= sum + more;
    }
}

static double largest_gate(const risk_split_point_t *x) {
    double largest = 0;
    for (size_t j = 0; j < EXPERTS; j++)
        largest = fmax(largest, x->gates[j]);
    return largest;
}

static double squared_error(const risk_split_point_t *x) {
    double h = 0;
    for (size_t j = 0; j < EXPERTS; j++)
        h += x->gates[j] * x->values[j];
    return pow(x->target - h, 2);
}

static void check_totals(const risk_split_point_t *points, const risk_split_t *split, double epsilon) {
    double interior = 0, boundary = 0, ambiguous = 0, target = 0, output = 0;
    for (size_t i = 0; i < POINTS; i++) {
        const risk_split_point_t *x = &points[i];
        const double part = x->weight * squared_error(x);
        interior += largest_gate(x) > 1 - epsilon ? part : 0;
        boundary += largest_gate(x) > 1 - epsilon ? 0 : part;
        ambiguous += largest_gate(x) > 1 - epsilon ? 0 : x->weight;
        target = fmax(target, fabs(x->target));
        for (size_t j = 0; j < EXPERTS; j++)
            output = fmax(output, fabs(x->values[j]));
    }
    check_close("interior", split->interior, interior, 1e-13);
    check_close("boundary", split->boundary, boundary, 1e-13);
    check_close("ambiguous", split->ambiguous, ambiguous, 1e-13);
    assert_true(split->target == target && split->output == output);
}

static void check_cell(const risk_split_point_t *points, const risk_split_t *split, double epsilon,
                       size_t k) {
    double mass = 0, error = 0, distance = 0, beyond = 0;
    for (size_t i = 0; i < POINTS; i++) {
        const risk_split_point_t *x = &points[i];
        if (x->cell != k || x->gates[k] <= 1 - epsilon)
            continue;
        const double far = fabs(x->values[k] - x->target);
        mass += x->weight;
        error += x->weight * squared_error(x);
        distance += x->weight * far * far;
        beyond += x->weight * pow(fmax(far - 2 * epsilon * split->output, 0), 2);
    }
    check_close(INPUT("mass of cell %zu", k), split->dominated[k], mass, 1e-13);
    check_close(INPUT("error on cell %zu", k), split->error[k], error, 1e-13);
    check_close(INPUT("distance on cell %zu", k), split->distance[k], distance, 1e-13);
    check_close(INPUT("beyond on cell %zu", k), split->beyond[k], beyond, 1e-13);
}

static void check_pair(const risk_split_point_t *points, const risk_split_t *split, double epsilon,
                       double gamma, size_t k, size_t j) {
    double confident = 0, apart = 0, close = 0;
    for (size_t i = 0; i < POINTS; i++) {
        const risk_split_point_t *x = &points[i];
        const bool far = pow(x->values[j] - x->target, 2) > gamma;
        if (x->cell != k)
            continue;
        confident += x->gates[j] > 1 - epsilon ? x->weight : 0;
        apart += x->gates[j] > 1 - epsilon && far ? x->weight : 0;
        close += far ? 0 : x->weight;
    }
    check_close(INPUT("confident %zu %zu", k, j), split->confident[k][j], confident, 1e-13);
    check_close(INPUT("apart %zu %zu", k, j), split->apart[k][j], apart, 1e-13);
    check_close(INPUT("close %zu %zu", k, j), split->close[k][j], close, 1e-13);
}

static void test_definitions(void **state) {
    (void)state;
    stream_t s = stream_at(1, 0, 0);
    for (int trial = 0; trial < 100; trial++) {
        risk_split_point_t points[POINTS];
        const double epsilon = uniform(&s, 0.05, 0.45), gamma = uniform(&s, 0.01, 1);
        draw_points(&s, points);
        const risk_split_t split = risk_split(points, POINTS, EXPERTS, epsilon, gamma);
        check_totals(points, &split, epsilon);
        for (size_t k = 0; k < EXPERTS; k++) {
            check_cell(points, &split, epsilon, k);
            for (size_t j = 0; j < EXPERTS; j++)
                check_pair(points, &split, epsilon, gamma, k, j);
        }
    }
}

// student_of[k] is the one expert that may serve the teacher's cell k; a cyclic matching tells it from its inverse.
static void test_matching(void **state) {
    (void)state;
    stream_t s = stream_at(2, 0, 0);
    static const size_t cycle[EXPERTS] = {1, 2, 3, 0};
    for (int trial = 0; trial < 50; trial++) {
        risk_split_point_t points[POINTS];
        const double epsilon = 0.3, gamma = 0.2;
        draw_points(&s, points);
        const risk_split_t split = risk_split(points, POINTS, EXPERTS, epsilon, gamma);
        const risk_split_matching_t m = risk_split_match(&split, EXPERTS, cycle);
        double misrouted = 0, gap = 0;
        for (size_t i = 0; i < POINTS; i++)
            for (size_t j = 0; j < EXPERTS; j++)
                misrouted +=
                    j != cycle[points[i].cell] && points[i].gates[j] > 1 - epsilon ? points[i].weight : 0;
        for (size_t k = 0; k < EXPERTS; k++)
            for (size_t j = 0; j < EXPERTS; j++) {
                double close = 0;
                for (size_t i = 0; i < POINTS; i++)
                    close += points[i].cell == k && pow(points[i].values[j] - points[i].target, 2) <= gamma
                                 ? points[i].weight
                                 : 0;
                gap = j == cycle[k] ? gap : fmax(gap, close);
            }
        check_close(INPUT("misrouted, trial %d", trial), m.misrouted, misrouted, 1e-13);
        check_close(INPUT("gap, trial %d", trial), m.gap, gap, 1e-13);
        assert_true(m.apart <= m.misrouted);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_definitions), cmocka_unit_test(test_matching)};
    return cmocka_run_group_tests_name("risk_split", tests, NULL, NULL);
}
