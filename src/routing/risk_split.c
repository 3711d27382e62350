// SPDX-License-Identifier: GPL-3.0-or-later
// The risk of a student, split by confidence and by the teacher's cells; see risk_split.h.
#include "routing/risk_split.h"

#include "routing/margin.h"

#include <gsl/gsl_math.h>
#include <math.h>

double risk_split_prediction(const risk_split_point_t *point, size_t n) {
    double h = 0;
    for (size_t j = 0; j < n; j++)
        h += point->gates[j] * point->values[j];
    return h;
}

static void find_bounds(const risk_split_point_t *points, size_t count, size_t n, risk_split_t *split) {
    for (size_t i = 0; i < count; i++) {
        split->target = fmax(split->target, fabs(points[i].target));
        for (size_t j = 0; j < n; j++)
            split->output = fmax(split->output, fabs(points[i].values[j]));
    }
}

static void add_confident(const risk_split_point_t *x, size_t winner, double error, double epsilon,
                          double gamma, risk_split_t *split) {
    const double far = fabs(x->values[winner] - x->target), weight = x->weight;
    split->interior += weight * error;
    split->confident[x->cell][winner] += weight;
    if (far * far > gamma)
        split->apart[x->cell][winner] += weight;
    if (winner != x->cell)
        return;
    split->dominated[winner] += weight;
    split->error[winner] += weight * error;
    split->distance[winner] += weight * far * far;
    split->beyond[winner] += weight * gsl_pow_2(fmax(far - 2 * epsilon * split->output, 0));
}

risk_split_t risk_split(const risk_split_point_t *points, size_t count, size_t n, double epsilon,
                        double gamma) {
    risk_split_t split = {0};
    find_bounds(points, count, n, &split);
    for (size_t i = 0; i < count; i++) {
        const risk_split_point_t *x = &points[i];
        const size_t winner = margin_winner(x->gates, n);
        const double error = gsl_pow_2(x->target - risk_split_prediction(x, n));
        for (size_t j = 0; j < n; j++)
            if (gsl_pow_2(x->values[j] - x->target) <= gamma)
                split.close[x->cell][j] += x->weight;
        if (x->gates[winner] > 1 - epsilon) {
            add_confident(x, winner, error, epsilon, gamma, &split);
        } else {
            split.ambiguous += x->weight;
            split.boundary += x->weight * error;
        }
    }
    return split;
}

risk_split_matching_t risk_split_match(const risk_split_t *split, size_t n, const size_t *student_of) {
    risk_split_matching_t m = {0};
    for (size_t k = 0; k < n; k++)
        for (size_t j = 0; j < n; j++) {
            if (j == student_of[k])
                continue;
            m.misrouted += split->confident[k][j];
            m.apart += split->apart[k][j];
            m.gap = fmax(m.gap, split->close[k][j]);
        }
    return m;
}
