// SPDX-License-Identifier: GPL-3.0-or-later
// routing/softmax_ball: the two roads against each other and against doubles, ties, and decisions that must stay open.
#include "routing/softmax_ball.h"

#include "routing/softmax.h"
#include "support.h"

#include <flint/flint.h>

enum { MOST = 20, CASES = 300, BITS = 256 };

static double middle(const arb_t x) {
    return arf_get_d(arb_midref(x), ARF_RND_NEAR);
}

// Logits of some temperatures, with ties.
static size_t draw_logits(stream_t *stream, double *logits, double *tau) {
    const size_t n = 2 + draw_below(stream, MOST - 1);
    *tau = log_uniform(stream, 1e-3, 1e3);
    const double scale = *tau * log_uniform(stream, 0.1, 50);
    for (size_t k = 0; k < n; k++)
        logits[k] = draw_below(stream, 3) == 0 ? scale : scale * uniform(stream, -1, 1);
    return n;
}

static void test_roads(void **state) {
    (void)state;
    stream_t stream = stream_at(1, stream_experiment("test_softmax_ball.roads"), 0);
    softmax_ball_t defined, factored;
    softmax_ball_init(&defined, MOST);
    softmax_ball_init(&factored, MOST);
    for (int i = 0; i < CASES; i++) {
        double logits[MOST], tau, gates[MOST];
        const size_t n = draw_logits(&stream, logits, &tau);
        char input[64];
        snprintf(input, sizeof input, "case %d, %zu logits, tau = %a", i, n, tau);
        softmax_ball_define(&defined, logits, n, tau, BITS);
        softmax_ball_factor(&factored, logits, n, tau, BITS);
        assert_true(arb_overlaps(defined.tail, factored.tail));
        assert_true(arb_overlaps(defined.bound, factored.bound));
        assert_true(arb_overlaps(defined.sharp, factored.sharp));
        const double tail = middle(factored.tail);
        check_close(input, softmax_tail(logits, n, tau), tail, 1e-13 * tail);
        check_close(input, softmax_tail_bound(logits, n, tau), middle(factored.bound),
                    1e-13 * middle(factored.bound));
        check_close(input, middle(factored.slack), middle(defined.bound) / middle(defined.tail) - 1,
                    1e-12 * (1 + middle(factored.slack)));
        softmax_gates(logits, n, tau, gates);
        double sum = 0;
        for (size_t k = 0; k < n; k++) {
            const double e = middle(factored.exponentials + k);
            sum += e;
            if (e > 0)
                check_close(input, e / (1 + middle(factored.total)), gates[k], 1e-13 * gates[k]);
        }
        check_close(input, sum, middle(factored.total), 1e-13 * sum);
    }
    softmax_ball_clear(&defined);
    softmax_ball_clear(&factored);
}

static void expect_decision(const double *logits, size_t n, double tau, slong limit, int expected,
                            slong bits) {
    softmax_ball_t balls;
    slong used;
    softmax_ball_init(&balls, MOST);
    assert_int_equal(softmax_ball_decide(&balls, logits, n, tau, limit, &used), expected);
    assert_int_equal(used, bits);
    assert_int_equal(softmax_ball_decide_factored(&balls, logits, n, tau, 128), 1);
    softmax_ball_clear(&balls);
}

static void test_decisions(void **state) {
    (void)state;
    expect_decision((double[]){0, -1, -2}, 3, 1, 256, 1, 64);
    expect_decision((double[]){-1, 0, -1}, 3, 1, 256, 1, 64);               // losers that tie
    expect_decision((double[]){0, 0, 0, 0}, 4, 1, 256, 1, 64);              // all tie
    expect_decision((double[]){0, -1, nextafter(-1, -2)}, 3, 1, 64, 1, 64); // one ulp: 53 bits are too few
    expect_decision((double[]){0, -60}, 2, 1, 64, 0, 64);                   // a slack of exp(-60), 86 bits
    expect_decision((double[]){0, -60}, 2, 1, 128, 1, 128);
    expect_decision((double[]){1e300, -1e300}, 2, 1e-300, 256, 0, 256); // a slack of exp(-2e600)
    expect_decision((double[]){1e300, 0, -1e300}, 3, 1e-300, 4096, 1, 2048);
}

static void test_ties(void **state) {
    (void)state;
    assert_true(softmax_ball_losers_tie((double[]){3, 7}, 2));
    assert_true(softmax_ball_losers_tie((double[]){3, 7, 3, 3}, 4));
    assert_true(softmax_ball_losers_tie((double[]){7, 7, 7}, 3));
    assert_false(softmax_ball_losers_tie((double[]){7, 7, 3}, 3));
    assert_false(softmax_ball_losers_tie((double[]){3, 7, nextafter(3, 4)}, 3));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_roads), cmocka_unit_test(test_decisions),
                                       cmocka_unit_test(test_ties)};
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    flint_cleanup();
    return failed;
}
