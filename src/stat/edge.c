// SPDX-License-Identifier: GPL-3.0-or-later
// The density at the edge of a support; see edge.h.
#include "stat/edge.h"

#include <gsl/gsl_math.h>
#include <math.h>

double edge_kernel(double x, double window) {
    const double u = x / window;
    return x > 0 && u < 1 ? (1 - u) * (6 - 12 * u) / window : 0;
}

uint64_t edge_window_count(uint64_t numbers) {
    return (uint64_t)ceil(pow((double)numbers, 0.8));
}

double edge_window(const log_histogram_t *histogram) {
    const uint64_t numbers = log_histogram_count(histogram);
    return numbers > 0 ? log_histogram_end(histogram, edge_window_count(numbers)) : 0;
}

gsl_sf_result edge_density(const log_histogram_t *histogram, uint64_t rows, double window) {
    const double n = (double)rows;
    double sum = 0, squares = 0;
    log_histogram_bin_t bin;
    if (!(window > 0))
        return (gsl_sf_result){0, 0};
    if (rows == 1)
        return (gsl_sf_result){GSL_NAN, GSL_NAN};
    for (size_t at = 0; log_histogram_next(histogram, &at, &bin) && bin.low < window;) {
        const double count = (double)bin.count;
        const double spread = gsl_pow_2(bin.high - bin.low) / 12 * (count - 1) / count;
        // k(x / w) / w is quadratic in x, with second derivative 24 / w^3.
        const double mean = edge_kernel(bin.mean, window) + 12 * spread / gsl_pow_3(window);
        sum += count * mean;
        squares += count * mean * mean;
    }
    const double mean = sum / n;
    return (gsl_sf_result){fmax(0, mean), sqrt(fmax(0, squares / n - mean * mean) / n)};
}
