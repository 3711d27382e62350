// SPDX-License-Identifier: GPL-3.0-or-later
// The top-1 cells of a router as a power diagram (F. Aurenhammer, SIAM J. Comput. 16 (1987) 78), and whether cells on
// a line are a Voronoi diagram; rationals throughout.
#ifndef MOEGEOM_GEOMETRY_POWER_H
#define MOEGEOM_GEOMETRY_POWER_H

#include "geometry/layer.h"

#include <flint/fmpq_mat.h>
#include <flint/fmpq_vec.h>
#include <stdbool.h>

// The sites p_i = w_i / 2 and weights r_i = |w_i|^2 / 4 + b_i of a router. Then |x - p_i|^2 - r_i = |x|^2 - z_i(x): the
// expert with the greatest logit is the one with the least power. Equal weights make a Voronoi diagram.
//   sites    N x d, initialised
//   weights  N, initialised
void power_sites(const layer_t *layer, fmpq_mat_t sites, fmpq *weights);

// The site with the least power |x - p_i|^2 - r_i, from sites and weights alone; `ties` receives how many have it.
slong power_nearest(const fmpq_mat_t sites, const fmpq *weights, const fmpq *point, slong *ties);

// How the walls t_1 < ... < t_m of a partition of the line bound the sites of a Voronoi diagram with these walls.
// Neighbours have their wall in the middle, s_(i+1) = 2 t_i - s_i, so that all sites follow from s_1, and each must lie
// in its own cell, t_(i-1) < s_i < t_i: one open interval for s_1 from each side of each cell.
typedef struct power_line {
    bool open_below, open_above; // no bound on that side
    fmpq_t low, high;            // the greatest lower and the least upper bound of s_1
    slong low_cell, high_cell;   // the cells, from 0, that they come from
} power_line_t;

void power_line_init(power_line_t *line);
void power_line_clear(power_line_t *line);

// Finds the bounds. There is a Voronoi diagram with these walls if and only if low < high; otherwise the two cells
// cannot both contain their sites.
//   walls  `count` >= 0 ascending rationals
// Returns whether there is one.
bool power_line_bounds(const fmpq *walls, slong count, power_line_t *line);

// The same question for closed conditions, by a linear program that shares no code with it: distances u_i >= 0 of the
// walls to the sites on both sides of each, with u_i + u_(i+1) = t_(i+1) - t_i for the bounded cells. Such distances
// exist wherever there is a Voronoi diagram; wherever low > high there are none.
//   sound  receives whether the program's solution, or its refutation, holds
bool power_line_distances(const fmpq *walls, slong count, bool *sound);

#endif
