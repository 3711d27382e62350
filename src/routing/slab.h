// SPDX-License-Identifier: GPL-3.0-or-later
// The mass of a slab {low <= S <= high} around an interface in the plane, by two roads; derivatives of its profile.
//
// The input is a mixture of round Gaussians. Road 1 integrates the level profile F(t) of (3.8) over the slab; road 2
// cuts the plane along lines and knows nothing of level sets.
//
// Derivatives. Let V be a vector field with V . grad S = 1 and div V = 0: its flow moves the level set {S = t} to
// {S = t + h} and leaves the area alone, so F'(t) is the integral of (V . grad q) / |grad S| over {S = t}, and so on.
// For a line V is its normal over s, for the circle r (x - c) / (s |x - c|^2), for a cubic (0, 1 / s).
#ifndef MOEGEOM_ROUTING_SLAB_H
#define MOEGEOM_ROUTING_SLAB_H

#include "routing/interface.h"

#include <gsl/gsl_sf_result.h>
#include <stddef.h>

// One round Gaussian of a mixture.
typedef struct slab_bell {
    double weight; // > 0; the weights of a mixture sum to 1
    double centre[2];
    double width; // standard deviation in every direction, > 0
} slab_bell_t;

// A mixture; the array belongs to the caller.
typedef struct slab_input {
    size_t count;
    const slab_bell_t *bells;
} slab_input_t;

// The density of a slab_input_t at x: an interface_function_t.
double slab_density(const double x[2], const void *input);

// A radius beyond which the input has a mass below 1e-17.
double slab_reach(const slab_input_t *input);

// F, F' or F'' at a level.
//   order   0, 1 or 2
//   result  value and estimated error; left as it was on an error
// Returns a GSL status. For a circle the level must be above that of its centre when order > 0.
int slab_profile(const interface_t *interface, const slab_input_t *input, double level, int order,
                 gsl_sf_result *result);

// Road 1, int F over [low, high], low <= high. Returns a GSL status.
int slab_mass_by_levels(const interface_t *interface, const slab_input_t *input, double low, double high,
                        gsl_sf_result *result);

// Road 2. A line: the normal distribution of S. A cubic: over each abscissa the interval of ordinates has a mass in
// closed form, integrated over the abscissa. A circle: the same for the disc within each of the two circles, and their
// difference. Returns a GSL status.
int slab_mass_by_chords(const interface_t *interface, const slab_input_t *input, double low, double high,
                        gsl_sf_result *result);

#endif
