// SPDX-License-Identifier: GPL-3.0-or-later
// Softmax gates at any temperature; see softmax.h.
#include "routing/softmax.h"

#include "routing/margin.h"

#include <math.h>

// (a - largest) / tau <= 0, or minus infinity where that overflows: its exponential is then 0 as it should be.
static double scaled(double logit, double largest, double tau) {
    return (logit - largest) / tau;
}

// The sum of exp((a_l - max a) / tau) over all l but the winner.
static double losers(const double *logits, size_t n, double tau) {
    const size_t winner = margin_winner(logits, n);
    double sum = 0;
    for (size_t l = 0; l < n; l++)
        sum += l == winner ? 0 : exp(scaled(logits[l], logits[winner], tau));
    return sum;
}

void softmax_gates(const double *logits, size_t n, double tau, double *gates) {
    const double largest = logits[margin_winner(logits, n)];
    double sum = 0;
    for (size_t k = 0; k < n; k++)
        sum += gates[k] = exp(scaled(logits[k], largest, tau));
    for (size_t k = 0; k < n; k++)
        gates[k] /= sum;
}

double softmax_tail(const double *logits, size_t n, double tau) {
    const double sum = losers(logits, n, tau);
    return sum / (1 + sum);
}

double softmax_tail_bound(const double *logits, size_t n, double tau) {
    return n == 1 ? 0 : (double)(n - 1) * exp(-margin_top_two(logits, n) / tau);
}

double softmax_log_sum_exp(const double *logits, size_t n, double tau) {
    return logits[margin_winner(logits, n)] + tau * log1p(losers(logits, n, tau));
}

// With s = sum over all of exp(x_k), x_k = (a_k - max a) / tau:  -sum p ln p = ln s - sum p x. A gate of 0 adds nothing.
double softmax_entropy(const double *logits, size_t n, double tau) {
    const size_t winner = margin_winner(logits, n);
    const double others = losers(logits, n, tau);
    double mean = 0;
    for (size_t k = 0; k < n; k++) {
        const double x = scaled(logits[k], logits[winner], tau), share = exp(x) / (1 + others);
        mean += share > 0 ? share * x : 0;
    }
    return log1p(others) - mean;
}

bool softmax_is_ambiguous(const double *logits, size_t n, double tau, double epsilon) {
    return softmax_tail(logits, n, tau) >= epsilon;
}
