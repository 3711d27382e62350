// SPDX-License-Identifier: GPL-3.0-or-later
// Where a soft router is confidently wrong; see misrouting.h.
#include "routing/misrouting.h"

#include "routing/margin.h"
#include "routing/softmax.h"

bool misrouting_is_confident(const double *teacher, const double *student, size_t n, const size_t *matching,
                             double tau, double epsilon) {
    double gates[MISROUTING_MAX_EXPERTS];
    const size_t right = matching[margin_winner(teacher, n)];
    if (softmax_is_ambiguous(student, n, tau, epsilon))
        return false;
    softmax_gates(student, n, tau, gates);
    for (size_t j = 0; j < n; j++)
        if (j != right && gates[j] >= 1 - epsilon)
            return true;
    return false;
}

size_t misrouting_differences(const double *teacher, const double *student, size_t n, const size_t *matching,
                              double tau, double epsilon) {
    const size_t cell = margin_winner(teacher, n), winner = margin_winner(student, n);
    size_t count = 0;
    if (softmax_is_ambiguous(student, n, tau, epsilon))
        return 0;
    for (size_t k = 0; k < n; k++)
        count += (winner == matching[k]) != (cell == k);
    return count;
}
