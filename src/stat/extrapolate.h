// SPDX-License-Identifier: GPL-3.0-or-later
// Limits at 0 of a smooth function known at three places (L. F. Richardson, Phil. Trans. R. Soc. A 210, 1911).
#ifndef MOEGEOM_STAT_EXTRAPOLATE_H
#define MOEGEOM_STAT_EXTRAPOLATE_H

enum { EXTRAPOLATE_VALUES = 3 };

// f(0) and f'(0) from f(h), f(h/2), f(h/4): exact for quadratic f; off by f'''(0) h^3 / 48 and -f'''(0) h^2 7/48 to
// first order for others.
//   value  the three values in this order
//   h      the first place, > 0
double extrapolate_limit(const double value[EXTRAPOLATE_VALUES]);
double extrapolate_slope(const double value[EXTRAPOLATE_VALUES], double h);

// The least power of ten that is not below x > 0: how deviations are quoted whose digits mean nothing.
double extrapolate_magnitude(double x);

#endif
