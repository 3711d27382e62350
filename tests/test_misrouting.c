// SPDX-License-Identifier: GPL-3.0-or-later
// routing/misrouting: cases by hand, and random ones against the definitions written out with sorted gates.
#include "routing/misrouting.h"
#include "support.h"

#include <gsl/gsl_errno.h>

enum { CASES = 20000, MOST = 6 };

static void test_by_hand(void **state) {
    (void)state;
    const double teacher[3] = {0, 3, 1}, student[3] = {5, 0, 0};
    const size_t cycle[3] = {1, 2, 0}, identity[3] = {0, 1, 2}, right[3] = {1, 0, 2};
    // The teacher's cell is 1, the student's winner 0 with a gate of nearly 1.
    assert_true(misrouting_is_confident(teacher, student, 3, identity, 1, 0.1));
    assert_int_equal(misrouting_differences(teacher, student, 3, identity, 1, 0.1), 2);
    assert_true(
        misrouting_is_confident(teacher, student, 3, cycle, 1, 0.1)); // pi(1) = 2; its inverse would be right
    assert_false(misrouting_is_confident(teacher, student, 3, right, 1, 0.1));
    assert_int_equal(misrouting_differences(teacher, student, 3, right, 1, 0.1), 0);
    assert_false(
        misrouting_is_confident(teacher, student, 3, identity, 10, 0.1)); // ambiguous when it is warm
    assert_int_equal(misrouting_differences(teacher, student, 3, identity, 10, 0.1), 0);
}

// The largest entry and its place, by a plain loop over exponentials.
static size_t largest(const double *logits, size_t n, double tau, double *share) {
    size_t at = 0;
    double sum = 0;
    for (size_t k = 0; k < n; k++) {
        at = logits[k] > logits[at] ? k : at;
        sum += exp(logits[k] / tau);
    }
    *share = exp(logits[at] / tau) / sum;
    return at;
}

static void test_random(void **state) {
    (void)state;
    int misrouted = 0;
    for (uint32_t i = 0; i < CASES; i++) {
        stream_t s = stream_at(3, stream_experiment("misrouting"), i);
        double teacher[MOST], student[MOST], share;
        size_t matching[MOST];
        const size_t n = 2 + draw_below(&s, MOST - 1), shift = draw_below(&s, n);
        const double tau = log_uniform(&s, 0.2, 3), epsilon = uniform(&s, 0.01, 0.45);
        stream_normals(&s, teacher, n);
        stream_normals(&s, student, n);
        for (size_t k = 0; k < n; k++)
            matching[k] = (k + shift) % n;
        const size_t cell = largest(teacher, n, tau, &share), winner = largest(student, n, tau, &share);
        const bool wrong = share > 1 - epsilon && winner != matching[cell];
        const char *input = INPUT("case %u", i);
        check_close(input, misrouting_is_confident(teacher, student, n, matching, tau, epsilon), wrong, 0);
        check_close(input, (double)misrouting_differences(teacher, student, n, matching, tau, epsilon),
                    wrong ? 2 : 0, 0);
        misrouted += wrong;
    }
    assert_true(misrouted > CASES / 20);
}

int main(void) {
    gsl_set_error_handler_off();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests_name("misrouting", tests, NULL, NULL);
}
