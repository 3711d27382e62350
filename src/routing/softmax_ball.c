// SPDX-License-Identifier: GPL-3.0-or-later
// The tail of a softmax in ball arithmetic; see softmax_ball.h.
#include "routing/softmax_ball.h"

#include "routing/margin.h"

enum { FIRST_PRECISION = 64 };

void softmax_ball_init(softmax_ball_t *balls, size_t most) {
    arb_init(balls->tail);
    arb_init(balls->bound);
    arb_init(balls->sharp);
    arb_init(balls->total);
    arb_init(balls->missing);
    arb_init(balls->slack);
    balls->exponentials = _arb_vec_init((slong)most);
    balls->most = most;
}

void softmax_ball_clear(softmax_ball_t *balls) {
    arb_clear(balls->tail);
    arb_clear(balls->bound);
    arb_clear(balls->sharp);
    arb_clear(balls->total);
    arb_clear(balls->missing);
    arb_clear(balls->slack);
    _arb_vec_clear(balls->exponentials, (slong)balls->most);
}

static size_t runner_up(const double *logits, size_t n) {
    const size_t winner = margin_winner(logits, n);
    size_t second = winner == 0 ? 1 : 0;
    for (size_t k = 0; k < n; k++)
        second = k != winner && logits[k] > logits[second] ? k : second;
    return second;
}

bool softmax_ball_losers_tie(const double *logits, size_t n) {
    const size_t winner = margin_winner(logits, n), second = runner_up(logits, n);
    bool tie = true;
    for (size_t k = 0; k < n; k++)
        tie = tie && (k == winner || logits[k] == logits[second]);
    return tie;
}

// x = (a - b)/tau.
static void scaled_difference(arb_t x, double a, double b, double tau, slong precision) {
    arb_t other;
    arb_init(other);
    arb_set_d(x, a);
    arb_set_d(other, b);
    arb_sub(x, x, other, precision);
    arb_set_d(other, tau);
    arb_div(x, x, other, precision);
    arb_clear(other);
}

// The bounds from e, which is in `bound`.
static void set_bounds(softmax_ball_t *balls, size_t n, slong precision) {
    arb_mul_ui(balls->bound, balls->bound, n - 1, precision);
    arb_add_ui(balls->sharp, balls->bound, 1, precision);
    arb_div(balls->sharp, balls->bound, balls->sharp, precision);
}

void softmax_ball_define(softmax_ball_t *balls, const double *logits, size_t n, double tau, slong precision) {
    const size_t winner = margin_winner(logits, n), second = runner_up(logits, n);
    arb_t x, sum;
    arb_init(x);
    arb_init(sum);
    arb_zero(balls->tail);
    for (size_t k = 0; k < n; k++) {
        scaled_difference(x, logits[k], 0, tau, precision);
        arb_exp(x, x, precision);
        arb_add(sum, sum, x, precision);
        if (k != winner)
            arb_add(balls->tail, balls->tail, x, precision);
    }
    arb_div(balls->tail, balls->tail, sum, precision);
    scaled_difference(x, logits[second], logits[winner], tau, precision);
    arb_exp(balls->bound, x, precision);
    set_bounds(balls, n, precision);
    arb_clear(x);
    arb_clear(sum);
}

void softmax_ball_factor(softmax_ball_t *balls, const double *logits, size_t n, double tau, slong precision) {
    const size_t winner = margin_winner(logits, n), second = runner_up(logits, n);
    arb_t x, largest, shares;
    arb_init(x);
    arb_init(largest);
    arb_init(shares);
    scaled_difference(x, logits[second], logits[winner], tau, precision);
    arb_exp(largest, x, precision);
    arb_nonnegative_part(largest, largest); // an exponential, where Arb gives no more than its size
    arb_zero(balls->missing);
    for (size_t k = 0; k < n; k++) {
        arb_zero(balls->exponentials + k);
        if (k == winner)
            continue;
        scaled_difference(x, logits[k], logits[second], tau, precision);
        arb_exp(balls->exponentials + k, x, precision);
        arb_add(shares, shares, balls->exponentials + k, precision);
        arb_mul(balls->exponentials + k, balls->exponentials + k, largest, precision);
        arb_expm1(x, x, precision);
        arb_sub(balls->missing, balls->missing, x, precision);
    }
    arb_set(balls->bound, largest);
    set_bounds(balls, n, precision);
    arb_mul(balls->total, largest, shares, precision);
    arb_add_ui(x, balls->total, 1, precision);
    arb_div(balls->tail, balls->total, x, precision);
    arb_mul_ui(balls->slack, balls->total, n - 1, precision);
    arb_add(balls->slack, balls->slack, balls->missing, precision);
    arb_div(balls->slack, balls->slack, shares, precision);
    arb_clear(x);
    arb_clear(largest);
    arb_clear(shares);
}

int softmax_ball_decide(softmax_ball_t *balls, const double *logits, size_t n, double tau, slong limit,
                        slong *used) {
    const bool tie = softmax_ball_losers_tie(logits, n);
    for (*used = FIRST_PRECISION;; *used *= 2) {
        softmax_ball_define(balls, logits, n, tau, *used);
        const bool meet = arb_overlaps(balls->tail, balls->sharp);
        if (arb_gt(balls->tail, balls->bound) || arb_gt(balls->tail, balls->sharp) || (tie && !meet))
            return -1;
        if (arb_lt(balls->tail, balls->bound) && (tie ? meet : arb_lt(balls->tail, balls->sharp)))
            return 1;
        if (2 * *used > limit)
            return 0;
    }
}

int softmax_ball_decide_factored(softmax_ball_t *balls, const double *logits, size_t n, double tau,
                                 slong precision) {
    softmax_ball_factor(balls, logits, n, tau, precision);
    // M - R is a sum of terms that are 0 where losers tie and positive elsewhere; T > 0 is an exponential.
    return softmax_ball_losers_tie(logits, n) ? arb_is_zero(balls->missing) : arb_is_positive(balls->missing);
}
