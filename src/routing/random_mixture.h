// SPDX-License-Identifier: GPL-3.0-or-later
// Random mixtures on the line (line_mixture.h), for bounds that must hold for all of them.
//
// K is uniform from 2 to `most`, B_f and B_Y are log-uniform from 0.1 to 10 (B_Y = B_f where the response is that of
// the hard router), and a free response has a frequency of at most 3.
#ifndef MOEGEOM_ROUTING_RANDOM_MIXTURE_H
#define MOEGEOM_ROUTING_RANDOM_MIXTURE_H

#include "routing/line_mixture.h"
#include "stat/stream.h"

// Fan: one wall, behind which expert 0 leads with B_f and all others tie with -B_f. Steps: experts of constant value
// B_f or -B_f in turn. Waves: experts with frequencies of at most 3.
typedef enum random_mixture_shape {
    RANDOM_MIXTURE_FAN,
    RANDOM_MIXTURE_STEPS,
    RANDOM_MIXTURE_WAVES
} random_mixture_shape_t;

// A mixture under a power law: K - 1 walls (one for a fan) of random places, steepness, weights, sides and reaches.
//   stream  its position advances
//   most    2 to LINE_MIXTURE_MAX_EXPERTS - 2
//   alpha   1/2, 1 or 2
line_mixture_t random_mixture_power(stream_t *stream, random_mixture_shape_t shape,
                                    line_mixture_response_t response, size_t most, double alpha);

// A mixture under the normal law, with independent uniform slopes in [-3, 3] and offsets in [-1, 1]. Not for a fan.
line_mixture_t random_mixture_normal(stream_t *stream, random_mixture_shape_t shape,
                                     line_mixture_response_t response, size_t most);

#endif
