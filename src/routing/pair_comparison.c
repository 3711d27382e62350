// SPDX-License-Identifier: GPL-3.0-or-later
// A student of two affine experts on the line beside its teacher; see pair_comparison.h.
#include "routing/pair_comparison.h"

#include "routing/margin.h"

#include <gsl/gsl_math.h>
#include <math.h>

enum { K = 2 };

static double value_at(const double *f, double x) {
    return f[0] * x + f[1];
}

// The mean of 1 on [low, high] cut to [-1, 1], of density 1/2.
static double mass(double low, double high) {
    return fmax(0, fmin(high, 1) - fmax(low, -1)) / 2;
}

// The mean of g^2 over [low, high], g affine: Simpson's rule is exact.
static double mean_square(const double *g, double low, double high) {
    const double middle = value_at(g, (low + high) / 2);
    return (high - low) / 12 *
           (gsl_pow_2(value_at(g, low)) + 4 * middle * middle + gsl_pow_2(value_at(g, high)));
}

static double largest(const double *f, double low, double high) {
    return fmax(fabs(value_at(f, low)), fabs(value_at(f, high)));
}

// The mass of {|g| <= level} within [low, high].
static double mass_below(const double *g, double level, double low, double high) {
    if (g[0] == 0)
        return fabs(g[1]) <= level ? mass(low, high) : 0;
    const double a = (-level - g[1]) / g[0], b = (level - g[1]) / g[0];
    return mass(fmax(low, fmin(a, b)), fmin(high, fmax(a, b)));
}

// Teacher cells: 0 above the cut, which student 0 covers in turn above b, and 1 below.
static void cell(const pair_landscape_t *teacher, int k, double *low, double *high, const double **f) {
    *low = k == 0 ? teacher->cut : -1;
    *high = k == 0 ? 1 : teacher->cut;
    *f = k == 0 ? teacher->upper : teacher->lower;
}

// Visits both teacher cells under the matching `swap`: the least distance of the unmatched expert, the mass where it is
// within `level`, the mean square error of the matched one.
static void match(const pair_landscape_t *teacher, const double *z, int swap, double level, double *least,
                  double *close, double *distance) {
    *least = INFINITY;
    *close = *distance = 0;
    for (int k = 0; k < K; k++) {
        double low, high;
        const double *f;
        cell(teacher, k, &low, &high, &f);
        const double *matched = z + 1 + 2 * (k ^ swap), *other = z + 1 + 2 * (k ^ swap ^ 1);
        const double right[2] = {matched[0] - f[0], matched[1] - f[1]},
                     wrong[2] = {other[0] - f[0], other[1] - f[1]};
        const double ends[2] = {value_at(wrong, low), value_at(wrong, high)};
        *least = fmin(*least, ends[0] * ends[1] <= 0 ? 0 : fmin(fabs(ends[0]), fabs(ends[1])));
        *close = fmax(*close, mass_below(wrong, level, low, high));
        *distance += mean_square(right, low, high);
    }
}

// The explicit constants of (5.16) and (5.17), extracted from the proof, and both bounds.
static void bound(pair_comparison_t *c) {
    const double m = 2 * gsl_pow_2(c->teacher_sup) + 2 * gsl_pow_2(c->student_sup),
                 gamma = gsl_pow_2(c->root_gamma);
    const double pairs = K * (K - 1), stu = gsl_pow_2(c->student_sup), squared = gsl_pow_2(c->epsilon);
    c->teacher_bound = m * c->ambiguous[0] + 4 * stu * squared; // R of (5.18)
    const double misrouted = 4 * c->teacher_bound / gamma + pairs * c->eta;
    c->distance_bound_fine = 2 * c->teacher_bound + 8 * stu * squared + m * (c->ambiguous[1] + misrouted);
    c->c1 = fmax(fmax(2 * m + 4 * m * m / gamma, pairs * m), 16 * stu * (1 + m / gamma));
    c->c2 = 2 * fmax(fmax(4 * m / gamma, 16 * stu / gamma), pairs);
    c->distance_bound = c->c1 * (c->ambiguous[0] + c->ambiguous[1] + c->eta + squared);
    c->partition_bound = c->c2 * (c->ambiguous[0] + c->eta + squared);
}

// What does not depend on the temperature: B, B_stu, the better matching with its eta, the left side of (5.16). The
// separation sqrt(gamma) is `level`, or nine tenths of the least distance of an unmatched expert where that is more.
void pair_comparison_match(const pair_landscape_t *teacher, const double *z, double level,
                           pair_comparison_t *c) {
    double least, close, distance, best = INFINITY;
    c->teacher_sup =
        fmax(largest(teacher->lower, -1, teacher->cut), largest(teacher->upper, teacher->cut, 1));
    c->student_sup = fmax(fmax(largest(teacher->lower, -1, 1), largest(teacher->upper, -1, 1)),
                          fmax(largest(z + 1, -1, 1), largest(z + 3, -1, 1)));
    for (int swap = 0; swap < 2; swap++) {
        match(teacher, z, swap, level, &least, &close, &distance);
        if (close < best || (close == best && distance < c->distance)) {
            best = c->eta = close;
            c->root_gamma = fmax(level, 0.9 * least);
            c->distance = distance;
            c->swapped = swap;
        }
    }
}

// The rest, once epsilon is set. Where the labels are swapped, what agrees differs.
void pair_comparison_bound(const pair_landscape_t *teacher, const double *z, double tau,
                           pair_comparison_t *c) {
    const double width = margin_kappa(c->epsilon) * tau, b = z[0];
    const double low = fmin(b, teacher->cut), high = fmax(b, teacher->cut);
    const double between = mass(low, fmin(high, b - width)) + mass(fmax(low, b + width), high);
    c->ambiguous[0] = mass(teacher->cut - width, teacher->cut + width);
    c->ambiguous[1] = mass(b - width, b + width);
    c->partition = 2 * (c->swapped ? 1 - c->ambiguous[1] - between : between);
    bound(c);
}
