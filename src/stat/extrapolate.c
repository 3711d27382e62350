// SPDX-License-Identifier: GPL-3.0-or-later
// Limits at 0 from three values; see extrapolate.h.
#include "stat/extrapolate.h"

#include <math.h>

double extrapolate_limit(const double value[EXTRAPOLATE_VALUES]) {
    return (8 * value[2] - 6 * value[1] + value[0]) / 3;
}

double extrapolate_slope(const double value[EXTRAPOLATE_VALUES], double h) {
    return (-8 * value[2] + 10 * value[1] - 2 * value[0]) / h;
}

double extrapolate_magnitude(double x) {
    return pow(10, ceil(log10(x)));
}
