// SPDX-License-Identifier: GPL-3.0-or-later
// Certified integrals: ball arithmetic (Arb) behind plain doubles.
#ifndef MOEGEOM_NUMBER_BALL_H
#define MOEGEOM_NUMBER_BALL_H

#include <acb.h>

// A number that is known to lie in [value - radius, value + radius].
typedef struct ball {
    double value;
    double radius; // >= 0, rounded up
} ball_t;

// An integrand, evaluated on a complex ball.
//   result   receives a ball that contains f(z) for every z in `z`; where `analytic` is not 0 and f is not
//   analytic
//            on all of `z`, a ball that is not finite (acb_indeterminate; a division by a ball with 0 does it
//            by itself)
//   z        the argument
//   context  as given to ball_integrate
//   precision  working precision in bits
typedef void (*ball_integrand_t)(acb_t result, const acb_t z, int analytic, const void *context,
                                 slong precision);

// The integral of f over the real interval [low, high], by Arb's adaptive Gauss-Legendre rule with proven
// error bounds (F. Johansson, Numerical integration in arbitrary-precision ball arithmetic, ICMS 2018).
//   goal    wanted radius, > 0; the radius that is returned is the proven one, whatever was wanted
//   result  receives the integral; the rounding to double is inside the radius
// Returns GSL_SUCCESS, or GSL_EFAILED when no finite enclosure was found.
int ball_integrate(ball_integrand_t f, const void *context, double low, double high, double goal,
                   ball_t *result);

// The double nearest to the middle of an Arb ball, with a radius that covers the ball and the rounding.
ball_t ball_from_arb(const arb_t x);

#endif
