// SPDX-License-Identifier: GPL-3.0-or-later
// Which regions of an arrangement meet the unit sphere, exactly.
//
// An open region P is convex, so it meets the sphere |x| = 1 when it has points with |x| < 1 and points with |x| > 1,
// and only then. It has points outside when it is unbounded or has a vertex v with |v| > 1. It has points inside when
// the point of its closure that is nearest to 0 is nearer than 1; that is the foot of the perpendicular from 0 to the
// intersection of some hyperplanes, and it is rational.
#ifndef MOEGEOM_GEOMETRY_SPHERE_H
#define MOEGEOM_GEOMETRY_SPHERE_H

#include "geometry/arrangement.h"

#include <stdbool.h>
#include <stdint.h>

enum { SPHERE_PLANES = 64 };

// The foot of the perpendicular from 0 to the intersection of a set of hyperplanes with independent normals.
typedef struct sphere_foot {
    uint64_t set;                // the hyperplanes, by bits
    uint64_t positive, negative; // those on whose positive and negative side the foot lies
    int side;                    // of the sphere: -1 inside, 0 on it, 1 outside
} sphere_foot_t;

// All feet, for sets of at most d hyperplanes, the empty one (the point 0) included.
typedef struct sphere_feet {
    sphere_foot_t *feet;
    slong count;
    slong inside;   // flats that meet the open ball
    slong touching; // flats that touch the sphere: none when the arrangement is transversal to it
} sphere_feet_t;

// Finds the feet.
//   a  no row with w = 0, at most SPHERE_PLANES rows
// Returns GSL_SUCCESS, GSL_EDOM for such an arrangement, or GSL_ENOMEM; `feet` is then as it was.
int sphere_feet_find(const arrangement_t *a, sphere_feet_t *feet);
void sphere_feet_clear(sphere_feet_t *feet);

// A region, and where it lies.
typedef struct sphere_region {
    uint64_t positive; // hyperplanes on whose positive side it lies
    bool inside, outside, bounded;
} sphere_region_t;

// All regions of an arrangement.
typedef struct sphere_regions {
    sphere_region_t *regions;
    slong count;
    slong meeting;   // regions that meet the sphere
    slong inside;    // regions that meet the open ball; in general position as many as flats that do
    slong contained; // regions contained in the ball
    slong bounded;
} sphere_regions_t;

// Lists the regions. Degenerate input is welcome.
//   feet  of the same arrangement
// Returns as sphere_feet_find.
int sphere_regions_list(const arrangement_t *a, const sphere_feet_t *feet, sphere_regions_t *regions);
void sphere_regions_clear(sphere_regions_t *regions);

// Whether a region with these signs meets the sphere.
bool sphere_regions_has(const sphere_regions_t *regions, uint64_t positive);

#endif
