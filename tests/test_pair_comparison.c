// SPDX-License-Identifier: GPL-3.0-or-later
// routing/pair_comparison: every closed form against sums over a fine grid by the definitions; the bounds against each
// other.
#include "routing/margin.h"
#include "routing/misrouting.h"
#include "routing/pair_comparison.h"
#include "routing/softmax.h"
#include "support.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>

enum { CASES = 40, GRID = 20000 };

static double value(const double *f, double x) {
    return f[0] * x + f[1];
}

// The means over the grid of what the comparison speaks of, under its matching.
typedef struct means {
    double distance, close[2], ambiguous[2], partition, misrouted;
} means_t;

static means_t means_of(const pair_landscape_t *teacher, const double *z, double tau,
                        const pair_comparison_t *c) {
    means_t means = {0};
    const size_t matching[2] = {c->swapped ? 1 : 0, c->swapped ? 0 : 1};
    for (int i = 0; i < GRID; i++) {
        const double x = -1 + (2 * i + 1.0) / GRID, mu = pair_landscape_target(teacher, &x),
                     part = 1.0 / GRID;
        const double ideal[2] = {(x - teacher->cut) / 2, (teacher->cut - x) / 2};
        const double logits[2] = {(x - z[0]) / 2, (z[0] - x) / 2};
        const size_t cell = margin_winner(ideal, 2), right = matching[cell];
        means.distance += part * gsl_pow_2(value(z + 1 + 2 * right, x) - mu);
        means.close[cell] += part * (fabs(value(z + 1 + 2 * (1 - right), x) - mu) <= c->root_gamma);
        means.ambiguous[0] += part * softmax_is_ambiguous(ideal, 2, tau, c->epsilon);
        means.ambiguous[1] += part * softmax_is_ambiguous(logits, 2, tau, c->epsilon);
        means.misrouted += part * misrouting_is_confident(ideal, logits, 2, matching, tau, c->epsilon);
        means.partition += part * (double)misrouting_differences(ideal, logits, 2, matching, tau, c->epsilon);
    }
    return means;
}

static void test_closed_forms(void **state) {
    (void)state;
    int swapped = 0;
    for (uint32_t i = 0; i < CASES; i++) {
        stream_t s = stream_at(5, stream_experiment("pair_comparison"), i);
        pair_landscape_t teacher = {.dimension = 1, .cut = uniform(&s, -0.8, 0.8)};
        double z[5] = {uniform(&s, -0.9, 0.9)};
        for (int j = 0; j < 2; j++) {
            teacher.lower[j] = uniform(&s, -2, 2);
            teacher.upper[j] = uniform(&s, -2, 2);
        }
        for (int j = 1; j < 5; j++)
            z[j] = uniform(&s, -2, 2);
        const double tau = log_uniform(&s, 0.01, 0.3);
        const char *input =
            INPUT("cut %a lower %a %a upper %a %a z %a %a %a %a %a tau %a", teacher.cut, teacher.lower[0],
                  teacher.lower[1], teacher.upper[0], teacher.upper[1], z[0], z[1], z[2], z[3], z[4], tau);
        pair_comparison_t c;
        pair_comparison_match(&teacher, z, uniform(&s, 0.05, 0.8), &c);
        c.epsilon = uniform(&s, 0.01, 0.45);
        pair_comparison_bound(&teacher, z, tau, &c);
        const means_t means = means_of(&teacher, z, tau, &c);
        check_close(input, c.distance, means.distance, 5e-3);
        check_close(input, c.eta, fmax(means.close[0], means.close[1]), 5.0 / GRID);
        check_close(input, c.ambiguous[0], means.ambiguous[0], 5.0 / GRID);
        check_close(input, c.ambiguous[1], means.ambiguous[1], 5.0 / GRID);
        check_close(input, c.partition, means.partition, 10.0 / GRID);
        check_close(input, means.partition, 2 * means.misrouted, 1e-9);
        assert_true(c.distance_bound_fine <= c.distance_bound * (1 + 1e-14));
        swapped += c.swapped;
    }
    assert_true(swapped > 5 && swapped < CASES - 5);
}

// The constants at values that can be worked out by hand: B = B_stu = 1 and gamma = 4 make M = 4.
static void test_constants(void **state) {
    (void)state;
    const pair_landscape_t teacher = {1, 0, 0, {0, -1}, {0, 1}};
    const double z[5] = {0.125, 0, 1, 0, -1};
    pair_comparison_t c;
    pair_comparison_match(&teacher, z, 2, &c);
    c.epsilon = 0.25;
    pair_comparison_bound(&teacher, z, 0.25 / log(3), &c);
    check_close("B", c.teacher_sup, 1, 0);
    check_close("B_stu", c.student_sup, 1, 0);
    check_close("eta", c.eta, 0.5, 0); // both unmatched experts are 2 away, and 2 counts as close
    check_close("mass", c.ambiguous[0], 0.25, 1e-15);
    check_close("distance", c.distance, 0, 0);
    check_close("partition", c.partition, 0, 0);
    check_close("R", c.teacher_bound, 4 * 0.25 + 4 * 0.0625, 1e-15);
    check_close("C1", c.c1, 32, 1e-15);
    check_close("C2", c.c2, 8, 1e-15);
    check_close("(5.16)", c.distance_bound_fine, 2 * 1.25 + 0.5 + 4 * (0.25 + 1.25 + 1), 1e-14);
}

int main(void) {
    gsl_set_error_handler_off();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_closed_forms),
        cmocka_unit_test(test_constants),
    };
    return cmocka_run_group_tests_name("pair_comparison", tests, NULL, NULL);
}
