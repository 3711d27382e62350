// SPDX-License-Identifier: GPL-3.0-or-later
// Margins of a vector of logits; see margin.h.
#include "routing/margin.h"

#include <math.h>
#include <string.h>

size_t margin_winner(const double *logits, size_t n) {
    size_t winner = 0;
    for (size_t k = 1; k < n; k++)
        winner = logits[k] > logits[winner] ? k : winner;
    return winner;
}

double margin_top_two(const double *logits, size_t n) {
    const size_t winner = margin_winner(logits, n);
    double least = INFINITY;
    for (size_t k = 0; k < n; k++)
        least = k == winner ? least : fmin(least, logits[winner] - logits[k]);
    return least;
}

double margin_pairwise(const double *logits, size_t n) {
    double least = INFINITY;
    for (size_t k = 0; k < n; k++)
        for (size_t l = 0; l < k; l++)
            least = fmin(least, fabs(logits[k] - logits[l]));
    return least;
}

// Keeps the active + 1 largest logits so far in falling order, by insertion: n (active + 1) steps at most.
double margin_gap(const double *logits, size_t n, size_t active, double *scratch) {
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        size_t place = kept;
        while (place > 0 && scratch[place - 1] < logits[i])
            place--;
        if (place > active)
            continue;
        kept += kept <= active;
        memmove(scratch + place + 1, scratch + place, (kept - 1 - place) * sizeof *scratch);
        scratch[place] = logits[i];
    }
    return scratch[active - 1] - scratch[active];
}

double margin_kappa(double epsilon) {
    return margin_kappa_many(epsilon, 2);
}

double margin_kappa_many(double epsilon, size_t n) {
    return log((double)(n - 1)) + log1p(-epsilon) - log(epsilon);
}
