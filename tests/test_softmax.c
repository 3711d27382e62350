// SPDX-License-Identifier: GPL-3.0-or-later
// routing/softmax and routing/margin: against balls of 400 bits and sorting, and at the ends of the range of doubles.
#include "routing/margin.h"
#include "routing/softmax.h"
#include "support.h"

#include <arb.h>
#include <float.h>
#include <string.h>

enum { MOST = 40, BITS = 400, CASES = 3000 };

typedef struct vector {
    size_t n;
    double tau, logits[MOST];
} vector_t;

// Logits of any scale, with exact ties now and then, and a temperature on the scale of their differences.
static vector_t draw(stream_t *s) {
    vector_t v = {.n = 1 + draw_below(s, MOST)};
    const double scale = log_uniform(s, 1e-290, 1e290);
    v.tau = scale * log_uniform(s, 1e-3, 1e3);
    for (size_t k = 0; k < v.n; k++)
        v.logits[k] = k > 0 && draw_below(s, 5) == 0 ? v.logits[draw_below(s, k)] : scale * uniform(s, -1, 1);
    return v;
}

// ---- The same in balls: the gates, the tail, the entropy and the smooth maximum

typedef struct exact {
    double gates[MOST], tail, entropy, smooth;
} exact_t;

static double middle(const arb_t x) {
    return arf_get_d(arb_midref(x), ARF_RND_NEAR);
}

static exact_t exactly(const vector_t *v) {
    exact_t found;
    const size_t winner = margin_winner(v->logits, v->n);
    arb_t tau, x, sum, p, entropy, tail;
    arb_ptr e = _arb_vec_init((slong)v->n);
    arb_init(tau), arb_init(x), arb_init(sum), arb_init(p), arb_init(entropy), arb_init(tail);
    arb_set_d(tau, v->tau);
    for (size_t k = 0; k < v->n; k++) {
        arb_set_d(x, v->logits[k]);
        arb_div(x, x, tau, BITS);
        arb_exp(e + k, x, BITS);
        arb_add(sum, sum, e + k, BITS);
        if (k != winner)
            arb_add(tail, tail, e + k, BITS);
    }
    for (size_t k = 0; k < v->n; k++) {
        arb_div(p, e + k, sum, BITS);
        found.gates[k] = middle(p);
        arb_log(x, p, BITS);
        arb_submul(entropy, x, p, BITS);
    }
    arb_div(tail, tail, sum, BITS);
    arb_log(x, sum, BITS);
    arb_mul(x, x, tau, BITS);
    found.tail = middle(tail), found.entropy = middle(entropy), found.smooth = middle(x);
    _arb_vec_clear(e, (slong)v->n);
    arb_clear(tau), arb_clear(x), arb_clear(sum), arb_clear(p), arb_clear(entropy), arb_clear(tail);
    return found;
}

static void gates_are_those_of_the_balls(void **state) {
    (void)state;
    stream_t s = stream_at(1, stream_experiment("softmax"), 0);
    for (int i = 0; i < CASES; i++) {
        const vector_t v = draw(&s);
        const exact_t want = exactly(&v);
        const char *input = INPUT("case %d, n = %zu, tau = %g", i, v.n, v.tau);
        const double room = ((double)v.n + margin_top_two(v.logits, v.n) / v.tau) * DBL_EPSILON;
        const double tail = softmax_tail(v.logits, v.n, v.tau);
        if (v.n > 1 && want.tail > DBL_MIN)
            check_close(input, tail, want.tail, 2 * room * want.tail);
        check_close(input, softmax_entropy(v.logits, v.n, v.tau), want.entropy, 1e-13);
        check_close(input, softmax_log_sum_exp(v.logits, v.n, v.tau) / v.tau, want.smooth / v.tau,
                    1e-13 + 4 * DBL_EPSILON * fabs(want.smooth / v.tau));
        double gates[MOST];
        softmax_gates(v.logits, v.n, v.tau, gates);
        for (size_t k = 0; k < v.n; k++)
            check_close(input, gates[k], want.gates[k], 1e-13);
        assert_int_equal(softmax_is_ambiguous(v.logits, v.n, v.tau, 0.25), tail >= 0.25);
        if (!(tail <= softmax_tail_bound(v.logits, v.n, v.tau) * (1 + (double)v.n * DBL_EPSILON)))
            fail_msg("%s: the tail %g is above its bound", input, tail);
    }
}

// At the ends of the range: every result is finite and that of the hard router.
static void nothing_overflows(void **state) {
    (void)state;
    static const double ends[][4] = {{1e300, -1e300, 5, 1e300},
                                     {DBL_MAX, -DBL_MAX, 0, 1},
                                     {-DBL_MAX, -DBL_MAX, -DBL_MAX, -DBL_MAX},
                                     {1e-300, 2e-300, 0, 0},
                                     {DBL_TRUE_MIN, 0, 0, 0}};
    static const double taus[] = {1e-300, DBL_TRUE_MIN, DBL_MIN, 1, 1e300, DBL_MAX};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        for (size_t t = 0; t < sizeof taus / sizeof *taus; t++) {
            double gates[4], sum = 0;
            softmax_gates(ends[i], 4, taus[t], gates);
            for (size_t k = 0; k < 4; k++) {
                assert_true(gates[k] >= 0 && gates[k] <= 1);
                sum += gates[k];
            }
            const char *input = INPUT("vector %zu at tau = %g", i, taus[t]);
            check_close(input, sum, 1, 4 * DBL_EPSILON);
            check_close(input, softmax_tail(ends[i], 4, taus[t]), 1 - gates[margin_winner(ends[i], 4)],
                        1e-15);
            const double entropy = softmax_entropy(ends[i], 4, taus[t]);
            assert_true(entropy >= 0 && entropy <= log(4) * (1 + DBL_EPSILON));
            assert_true(softmax_log_sum_exp(ends[i], 4, taus[t]) >= ends[i][margin_winner(ends[i], 4)]);
        }
    double gates[4];
    softmax_gates(ends[0], 4, 1e-300, gates);
    const double want[4] = {0.5, 0, 0, 0.5};
    assert_memory_equal(gates, want, sizeof want);
}

// ---- Margins, against sorting

static int falling(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

static void margins_are_those_of_the_sorted_logits(void **state) {
    (void)state;
    stream_t s = stream_at(2, stream_experiment("margin"), 0);
    for (int i = 0; i < CASES; i++) {
        const vector_t v = draw(&s);
        double sorted[MOST], scratch[MOST], least = INFINITY;
        memcpy(sorted, v.logits, sizeof sorted);
        qsort(sorted, v.n, sizeof *sorted, falling);
        assert_true(v.logits[margin_winner(v.logits, v.n)] == sorted[0]);
        for (size_t k = 0; k < margin_winner(v.logits, v.n); k++)
            assert_true(v.logits[k] < sorted[0]);
        assert_true(margin_top_two(v.logits, v.n) == (v.n > 1 ? sorted[0] - sorted[1] : INFINITY));
        for (size_t k = 1; k < v.n; k++) {
            least = fmin(least, sorted[k - 1] - sorted[k]);
            assert_true(margin_gap(v.logits, v.n, k, scratch) == sorted[k - 1] - sorted[k]);
        }
        assert_true(margin_pairwise(v.logits, v.n) == least);
    }
}

// The pair's gate is epsilon at a difference of kappa temperatures; n - 1 equal losers make a tail of epsilon at
// kappa_n.
static void widths_are_where_the_gates_are_epsilon(void **state) {
    (void)state;
    for (size_t n = 2; n <= MOST; n++)
        for (double epsilon = 1e-12; epsilon < 0.5; epsilon *= 7) {
            double logits[MOST] = {0};
            logits[1] = margin_kappa(epsilon) * 3;
            check_close("kappa", softmax_tail(logits, 2, 3), epsilon,
                        1e-14 * (1 + margin_kappa(epsilon)) * epsilon);
            logits[1] = 0;
            logits[n - 1] = margin_kappa_many(epsilon, n) * 3;
            check_close("kappa_n", softmax_tail(logits, n, 3), epsilon,
                        1e-14 * (1 + margin_kappa(epsilon)) * epsilon);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(gates_are_those_of_the_balls),
                                       cmocka_unit_test(nothing_overflows),
                                       cmocka_unit_test(margins_are_those_of_the_sorted_logits),
                                       cmocka_unit_test(widths_are_where_the_gates_are_epsilon)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
