// SPDX-License-Identifier: GPL-3.0-or-later
// Affine routers in the plane under a standard Gaussian input: the mass near ties, exact and to second order.
//
// S_kl = a_k - a_l is zero on a line; F_kl is the density of S_kl(X). Three lines of k, l, m meet in a junction, and
// g_klm is the joint density of (S_kl, S_km) at (0, 0), the input density at the junction over |det(grad S_kl,
// grad S_km)|. As w -> 0
//
//     P(Delta_min <= w) = 2 w sum F_kl(0) - w^2 [9 sum g_klm + 4 sum g_kl,mn] + O(w^3)
//     P(Delta <= w)     = 2 w sum F_kl(0; k and l lead) - (3/2) w^2 sum of g_klm over the junctions that lead + O(w^3)
//
// over pairs k < l, triples, and pairs of disjoint pairs; "lead" means that no other logit is larger. The proof:
// inclusion and exclusion, with |{max(|u|, |v|, |u - v|) <= w}| = 3 w^2 and 4 w^2 for any two of the three, hence
// 9 = 12 - 3; and the density of S_kl at t where k and l are on top loses |t| / 2 g_klm at each end.
#ifndef MOEGEOM_ROUTING_PLANAR_ROUTER_H
#define MOEGEOM_ROUTING_PLANAR_ROUTER_H

#include "stat/stream.h"

#include <stddef.h>

enum { PLANAR_ROUTER_MAX = 16 };

// The logits a_k(x) = weight_k . x + bias_k; no two of them with the same weight.
typedef struct planar_router {
    size_t experts; // 2 to PLANAR_ROUTER_MAX
    double weight[PLANAR_ROUTER_MAX][2], bias[PLANAR_ROUTER_MAX];
} planar_router_t;

// The logits at x, and the winner among them: the least index of a largest one.
void planar_router_logits(const planar_router_t *router, const double x[2], double *logits);
size_t planar_router_winner(const planar_router_t *router, const double x[2]);

// By how much expert k leads at x over all but k, l and m (which may be equal); infinite when there are no others.
double planar_router_lead(const planar_router_t *router, const double x[2], size_t k, size_t l, size_t m);

// ---- Lines of ties ----

// A router with independent weights N(0, 1) and biases N(0, 1/4), from the next 3 `experts` normal variates of the stream.
planar_router_t planar_router_draw(stream_t *stream, size_t experts);

// F_kl(t), the density of S_kl(X) at t, and its largest value over |t| <= w.
double planar_router_profile(const planar_router_t *router, size_t k, size_t l, double t);
double planar_router_profile_peak(const planar_router_t *router, size_t k, size_t l, double w);

// P(|S_kl| <= w).
double planar_router_slab(const planar_router_t *router, size_t k, size_t l, double w);

// The line a_k = a_l as foot + u direction, u its arc length, and the part of it where k and l lead.
typedef struct planar_edge {
    double foot[2];      // the point next to the origin
    double direction[2]; // (-g_2, g_1) / |g|, g = weight_k - weight_l
    double steepness;    // |g|
    double ends[2];      // of u; ends[0] >= ends[1] where the part is empty, infinite where it is not bounded
} planar_edge_t;

planar_edge_t planar_router_edge(const planar_router_t *router, size_t k, size_t l);
void planar_edge_point(const planar_edge_t *edge, double u, double x[2]);

// F_kl(0) restricted to the part of the line where k and l lead.
double planar_router_leading_profile(const planar_router_t *router, size_t k, size_t l);

// The sums of both over the pairs.
double planar_router_pair_density(const planar_router_t *router);
double planar_router_top_density(const planar_router_t *router);

// ---- Junctions ----

// A point where three experts tie and lead.
typedef struct planar_junction {
    size_t expert[3]; // ascending
    double x[2];
    double determinant; // |det| of the gradients of two of the three score differences
    double density;     // g_klm
    double lead;        // over the next expert, >= 0; infinite for three experts
} planar_junction_t;

// At most so many: a planar map with n cells has at most 2 n - 5 junctions of three.
enum { PLANAR_MAX_JUNCTIONS = 2 * PLANAR_ROUTER_MAX };

// Writes the junctions within `seen` of the origin and returns their number; no four may tie and lead in one point.
size_t planar_router_junctions(const planar_router_t *router, double seen, planar_junction_t *junctions);

// The sum of g_klm over the leading junctions.
double planar_router_junction_density(const planar_router_t *router);

// The brackets: 9 sum g_klm + 4 sum g_kl,mn, and (3/2) times the sum over leading junctions.
double planar_router_pair_junctions(const planar_router_t *router);
double planar_router_top_junctions(const planar_router_t *router);

// ---- Position and masses ----

// How the lines of ties lie to each other.
typedef struct planar_router_position {
    double cubes;     // sum |grad S_kl|^-3
    double crossings; // sum 1 / |det(grad S, grad S')| over pairs of pairs
    double det;       // least of these determinants
    double clearance; // least |S_mn| at a junction of two other lines, but for the third line of a triple
} planar_router_position_t;

// For the clearance, junctions count within `seen` of the origin only; infinite where there is nothing to be least.
planar_router_position_t planar_router_position(const planar_router_t *router, double seen);

// P(Delta_min <= w) and P(Delta <= w), within 1e-10 for weights of comparable size: along each of a family of parallel
// lines the event is a union of intervals, whose masses are integrated by Gauss-Legendre rules between all kinks.
// Return a GSL status (GSL_ENOMEM); `mass` is left as it was on an error.
int planar_router_pair_mass(const planar_router_t *router, double w, double *mass);
int planar_router_top_mass(const planar_router_t *router, double w, double *mass);

#endif
