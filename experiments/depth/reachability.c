// SPDX-License-Identifier: GPL-3.0-or-later
// Which coalitions can be reached: all of them for some router, or some of them by none?
//
// CLAIMS (Sparsity is Combinatorial Depth, section 4 and Appendix D; the last one is ours)
//   depth/lemma-4.18        some router makes the cell of every coalition of k experts non-empty
//   depth/thm-4.17b         the router has exactly binomial(N, k) cells; capacity Theta(binomial(N, k) (kH)^d)
//   depth/law-reachability  with K = min(k, N - k), some router reaches all coalitions
//                             without bias  iff  N <= d + 1, or N = d + 2 and d >= 2, or K <= floor(d / 2)
//                             with bias     iff  N <= d + 2, or K <= floor((d + 1) / 2)
//
// DERIVATION. A *dependence* of the router is a vector c of N numbers, not all 0, with sum c_i = 0 and sum c_i w_i = 0.
// By Farkas' lemma the coalition I is out of reach iff there is a dependence, positive in I only and negative outside
// only, with sum c_i b_i <= 0: a mean of the members' logits which is nowhere above a mean of the others'. So all are
// reached iff no dependence with sum c_i b_i <= 0 has at most k positive and at most N - k negative entries.
//   Some router reaches all: neighbourly.h has it, with a point for each coalition.
//   No router does, where N >= d + 3 and 2K > d + 1 (2K > d without bias): `refute` below finds such a dependence for any
//   router. Let k <= N/2 (otherwise turn the logits' signs). There is a c with sum c_i b_i = 0 on d + 3 experts (d + 2
//   without bias); turned so that it has no more positive than negative entries, it has at most K positive ones. If it
//   has more than N - K negative ones, go from c to -c through dependences with sum c_i b_i <= 0, which is possible because
//   there is another one, e. Where the number of negative entries falls to N - K or less for the last time, an
//   entry has become 0, and just before there were fewer than K positive ones, so that there are not more now.
//
// How many are reached. Coalitions of all sizes 0..N that are reached are the regions of the N hyperplanes y = z_i(x) in
// R^(d+1): the experts above the point (x, y). A router in general position reaches Phi(N, d+1) of them, for any weights.
// Those of size k, with k fixed, are O(N^floor((d+1)/2)): see neighbourly_bound and the report. A layer has at most Phi(kH, d)
// regions in each cell, so that its share of binomial(N, k) Phi(kH, d) tends to 0 when k > floor((d+1)/2), for every H.
#include "geometry/dependence.h"
#include "geometry/neighbourly.h"
#include "geometry/reach.h"
#include "geometry/router.h"
#include "io/experiment.h"
#include "io/experiment_instance.h"
#include "io/experiment_roads.h"

#include <flint/fmpq_vec.h>
#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

// ---- Parameters ----

enum { TEXT = 256, MOST_EXPERTS = 64 };
enum { LAST_DIMENSION = 4, EXTRA_EXPERTS = 4 }; // all shapes with d <= 4, N <= d + 4
enum { DRAWS = 16, DRAWS_QUICK = 3 };           // random routers for each shape that the law forbids
enum { CLIMBS = 3, CLIMBS_QUICK = 1 };          // of them are improved, one entry after another ...
enum { STEPS = 130, STEPS_QUICK = 1 };          // ... so many times
static const slong RANGES[] = {99, 9, 2};       // their entries are in -range..range, one range after another
enum { LINE_EXPERTS = 7, LINE_QUICK = 5 };      // functions on a line,
enum { LINE_CLIMBS = 60, LINE_STEPS = 150, LINE_RANGE = 99 }; // each searched so often at most
static const slong FEW_COALITIONS = 100;  // more are not refuted one by one in a quick run
enum { WALKS = 1000, WALKS_QUICK = 200 }; // routers with d = 5..12
enum { SUMS = 60, SUMS_QUICK = 12 };      // routers of which the coalitions of all sizes are counted
static const slong GENERIC_RANGE = 99999;
static const double SCALE = 65536; // Gaussian routers have normal variates times this, rounded, for entries
enum { GAUSSIAN = 6, GAUSSIAN_QUICK = 1 }; // of the shape of Example 4.21
enum { CURVE_DRAWS = 3, CURVE_FIRST = 6, CURVE_STEP = 2, CURVE_QUICK = 8 };
static const slong CURVES[][3] = { // active, dimension, most experts
    {2, 1, 24}, {2, 2, 24}, {2, 3, 24}, {2, 4, 24}, {2, 5, 20}, {2, 8, 16},
    {4, 1, 24}, {4, 2, 24}, {4, 3, 24}, {4, 4, 20}, {4, 5, 16}, {4, 8, 12}};
static const struct { // more and more experts
    slong active, dimension;
    const char *macro;
} LIMITS[] = {{2, 1, NULL}, {2, 2, NULL}, {3, 3, NULL}, {4, 5, "Limit"}, {8, 5, NULL}};
enum { FIRST_POWER = 6, LAST_POWER = 30, POWER_STEP = 6 }; // N = 2^6, ..., 2^30
static const double EXPONENT_SLACK = 1e-3;                 // for lower powers of N at N = 2^24 and 2^30
// First blocks of the streams of each part.
enum {
    LINE_BLOCK = 1000,
    SUMS_BLOCK = 2000,
    GAUSSIAN_BLOCK = 3000,
    CURVE_BLOCK = 4000,
    WALK_BLOCK = 20000000,
    SHAPE_BLOCK = 10000
};
static const char *const LEMMA = "depth/lemma-4.18", *const THEOREM = "depth/thm-4.17b",
                         *const LAW = "depth/law-reachability";
static const neighbourly_shape_t EXAMPLE = {16, 4, 5, true}; // the router of Example 4.21
static const neighbourly_shape_t MOMENTS[] = {
    {16, 4, 5, true}, {8, 3, 2, true}, {9, 4, 3, true}, {9, 6, 4, true}};

// Routers in files: what they show, and how many coalitions they reach.
static const struct {
    const char *file, *what, *macro;
    slong reached;
    bool all, theorem; // whether it reaches all; of which claim it is evidence
} FILES[] = {{"reachability-N3-k1-d1.moe", "without bias: N=3 k=1 d=1", "FileThree", 2, false, false},
             {"reachability-N4-k2-d1.moe", "with bias: N=4 k=2 d=1", "FileFour", 4, false, false},
             {"reachability-N7-k2-d3.moe", "with bias: N=7 k=2 d=3", "FileSeven", 21, true, false},
             {"reachability-N16-k4-d5.moe", "the most found: N=16 k=4 d=5", "FileMost", 1115, false, true}};

static void state_parameters(experiment_t *run) {
    experiment_parameter(run, "LastDimension", "%.0f", LAST_DIMENSION, "1");
    experiment_parameter(run, "ExtraExperts", "%.0f", EXTRA_EXPERTS, "experts");
    experiment_parameter(run, "LastPower", "%.0f", LAST_POWER, "log2 N");
    experiment_parameter(run, "CurveDraws", "%.0f", experiment_quick(run) ? 1 : CURVE_DRAWS, "routers");
}

static stream_t stream_of(const experiment_t *run, size_t block) {
    return experiment_stream(run, (uint32_t)block);
}

static slong binomial(slong n, slong k) {
    fmpz_t value;
    fmpz_init(value);
    fmpz_bin_uiui(value, (ulong)n, (ulong)k);
    const slong result = fmpz_get_si(value);
    fmpz_clear(value);
    return result;
}

static layer_t *router_alloc(experiment_t *run, const neighbourly_shape_t *shape) {
    layer_t *layer = experiment_memory(run, layer_alloc(shape->experts, shape->active, 0, shape->dimension));
    return layer;
}

static void draw_router(layer_t *layer, bool bias, slong range, stream_t *stream) {
    for (slong i = 0; i < layer->experts; i++)
        for (slong j = 0; j < layer->dimension + bias; j++)
            fmpz_set_si(fmpz_mat_entry(layer->router, i, j), stream_pick(stream, -range, range));
}

// ---- What a router reaches: coalitions by a search, points by their logits alone ----

// -1 for a router with identical logits, whose coalitions are not defined.
static slong reached_by(experiment_t *run, const layer_t *layer) {
    reach_list_t list;
    polyhedron_rows_t *walls = reach_walls(layer, NULL);
    const int status = walls == NULL ? GSL_ENOMEM : reach_find(layer, walls, &list);
    polyhedron_rows_free(walls);
    if (status == GSL_EDOM)
        return -1;
    experiment_require(run, status, "reach_find");
    const slong count = list.count;
    reach_list_clear(&list);
    return count;
}

static void first_coalition(slong *members, slong k) {
    for (slong i = 0; i < k; i++)
        members[i] = i;
}

static bool is_member(const slong *members, slong k, slong expert) {
    for (slong m = 0; m < k; m++)
        if (members[m] == expert)
            return true;
    return false;
}

// Whether each logit of a member is above each other logit at the point.
static bool is_inside(const layer_t *layer, const slong *members, const fmpz *point) {
    const slong n = layer->experts, d = layer->dimension;
    fmpz *logits = _fmpz_vec_init(n);
    bool inside = true;
    for (slong i = 0; i < n; i++) {
        _fmpz_vec_dot(logits + i, layer->router->rows[i], point, d);
        fmpz_add(logits + i, logits + i, layer->router->rows[i] + d);
    }
    for (slong m = 0; m < layer->active; m++)
        for (slong j = 0; j < n; j++)
            if (!is_member(members, layer->active, j))
                inside = inside && fmpz_cmp(logits + members[m], logits + j) > 0;
    _fmpz_vec_clear(logits, n);
    return inside;
}

static bool has_no_bias(const layer_t *layer) {
    for (slong i = 0; i < layer->experts; i++)
        if (!fmpz_is_zero(fmpz_mat_entry(layer->router, i, layer->dimension)))
            return false;
    return true;
}

// How many coalitions of the law's router have the law's point in their cell; none where it must have no bias, but has.
static slong reached_by_points(experiment_t *run, const neighbourly_shape_t *shape, const layer_t *layer) {
    slong members[MOST_EXPERTS], count = 0;
    fmpz *point = _fmpz_vec_init(shape->dimension);
    first_coalition(members, shape->active);
    do {
        experiment_require(run, neighbourly_point(shape, members, point), "neighbourly_point");
        count += (shape->bias || has_no_bias(layer)) && is_inside(layer, members, point);
    } while (router_next_coalition(members, shape->active, shape->experts));
    _fmpz_vec_clear(point, shape->dimension);
    return count;
}

// ---- What a router does not reach: the proof, step by step ----

// The point of the way from c to -c through e where entry i of c, which is not 0, has become 0.
static void go_to_zero(fmpz *point, const fmpz *c, const fmpz *e, slong i, slong n) {
    fmpz_t factor;
    fmpz_init(factor);
    fmpz_abs(factor, c + i);
    _fmpz_vec_scalar_mul_fmpz(point, e, n, factor);
    fmpz_mul_si(factor, e + i, fmpz_sgn(c + i));
    _fmpz_vec_scalar_submul_fmpz(point, c, n, factor);
    fmpz_clear(factor);
}

//[core
// At most K entries are positive and at most n - K negative.
static bool is_small(const fmpz *c, slong n, slong K) {
    return dependence_entries(c, n, 1) <= K && dependence_entries(c, n, -1) <= n - K;
}

// Finds a dependence that refutes a coalition: sum c_i b_i <= 0, p(c) <= k and n(c) <= N - k.
// By the proof it succeeds for every router with N >= d + 3 that the law forbids. Says whether it walked.
static bool refute(const layer_t *layer, fmpz *refutation, bool *walked) {
    const slong n = layer->experts, k = layer->active;
    const slong K = 2 * k <= n ? k : n - k;
    const int side = K == k ? 1 : -1; // for k > N/2 all signs change
    fmpz *c = _fmpz_vec_init(n), *e = _fmpz_vec_init(n);

    bool found = dependence_first(layer, c); // sum c_i b_i = 0
    if (dependence_entries(c, n, 1) > dependence_entries(c, n, -1))
        _fmpz_vec_neg(c, c, n);
    _fmpz_vec_set(refutation, c, n);
    *walked = found && !is_small(c, n, K);
    if (*walked) {
        const bool open = dependence_other(layer, side, c, e); // sum e_i b_i <= 0
        found = false;
        for (slong i = 0; i < n && open && !found; i++)
            if (!fmpz_is_zero(c + i)) {
                go_to_zero(refutation, c, e, i, n);
                found = is_small(refutation, n, K);
            }
    }
    _fmpz_vec_scalar_mul_si(refutation, refutation, n, side);
    _fmpz_vec_clear(c, n);
    _fmpz_vec_clear(e, n);
    return found;
}
//]core

// Whether c is what refute promises; shares nothing with it.
static bool is_refutation(const layer_t *layer, const fmpz *c) {
    const slong n = layer->experts, d = layer->dimension;
    slong above = 0, below = 0;
    fmpz_t sum;
    fmpz_init(sum);
    for (slong i = 0; i < n; i++) {
        above += fmpz_cmp_si(c + i, 0) > 0;
        below += fmpz_cmp_si(c + i, 0) < 0;
        fmpz_add(sum, sum, c + i);
    }
    bool holds = fmpz_is_zero(sum) && above > 0 && above <= layer->active && below <= n - layer->active;
    for (slong j = 0; j <= d; j++) {
        fmpz_zero(sum);
        for (slong i = 0; i < n; i++)
            fmpz_addmul(sum, c + i, layer->router->rows[i] + j);
        holds = holds && (j < d ? fmpz_is_zero(sum) : fmpz_sgn(sum) <= 0);
    }
    fmpz_clear(sum);
    return holds;
}

static bool is_refuted(const layer_t *layer, bool *walked) {
    fmpz *c = _fmpz_vec_init(layer->experts);
    fmpq *weights = _fmpq_vec_init(layer->experts);
    slong members[MOST_EXPERTS];
    const bool refuted = refute(layer, c, walked) && is_refutation(layer, c) &&
                         dependence_certificate(layer, c, members, weights) &&
                         reach_refutes(layer, members, weights);
    _fmpz_vec_clear(c, layer->experts);
    _fmpq_vec_clear(weights, layer->experts);
    return refuted;
}

// How many coalitions have a certificate by the simplex method that holds.
static slong unreachable_by_simplex(const layer_t *layer) {
    slong members[MOST_EXPERTS], count = 0;
    fmpq *weights = _fmpq_vec_init(layer->experts);
    fmpq_t drop;
    fmpq_init(drop);
    first_coalition(members, layer->active);
    do
        count += reach_certificate(layer, members, weights, drop) == GSL_SUCCESS &&
                 reach_refutes(layer, members, weights);
    while (router_next_coalition(members, layer->active, layer->experts));
    _fmpq_vec_clear(weights, layer->experts);
    fmpq_clear(drop);
    return count;
}

// ---- The law: every shape ----

// What all shapes together have shown.
typedef struct {
    slong shapes, allowed, forbidden;
    slong coalitions, inside, listed; // of allowed shapes: all, those with their point inside, those found
    slong routers, refuted;           // of forbidden shapes
    slong unlike;                     // turned routers that reach another number of coalitions
    slong complete;                   // routers that reach all, though the law forbids it
    slong above;                      // that reach more than neighbourly_bound
    slong unreached, certified;       // coalitions that the best routers do not reach
} tally_t;

// Draws routers until one has no identical logits; returns how many coalitions it reaches.
static slong draw_reaching(experiment_t *run, layer_t *layer, bool bias, slong range, stream_t *stream) {
    slong reached = -1;
    while (reached < 0) {
        draw_router(layer, bias, range, stream);
        reached = reached_by(run, layer);
    }
    return reached;
}

// Improves a router, one entry after another.
static slong climb(experiment_t *run, layer_t *layer, bool bias, slong range, slong steps, stream_t *stream) {
    slong reached = draw_reaching(run, layer, bias, range, stream);
    fmpz_t old;
    fmpz_init(old);
    for (slong step = 0; step < steps; step++) {
        const slong j = stream_pick(stream, 0, layer->dimension + bias - 1);
        fmpz *entry = fmpz_mat_entry(layer->router, stream_pick(stream, 0, layer->experts - 1), j);
        fmpz_set(old, entry);
        fmpz_set_si(entry, stream_pick(stream, -range, range));
        const slong now = reached_by(run, layer);
        if (now >= reached)
            reached = now;
        else
            fmpz_set(entry, old);
    }
    fmpz_clear(old);
    return reached;
}

// The logits with the other sign: the coalitions become their complements.
static slong turn(experiment_t *run, layer_t *layer) {
    fmpz_mat_neg(layer->router, layer->router);
    layer->active = layer->experts - layer->active;
    return reached_by(run, layer);
}

// The routers of a forbidden shape: small random ones, some of them improved. Those of k > N/2 are those of N - k,
// turned. Returns the most coalitions that one reaches.
static slong try_routers(experiment_t *run, const neighbourly_shape_t *shape, tally_t *tally) {
    const bool quick = experiment_quick(run);
    const slong draws = quick ? DRAWS_QUICK : DRAWS, climbs = quick ? CLIMBS_QUICK : CLIMBS;
    const slong n = shape->experts, k = shape->active, fewer = 2 * k <= n ? k : n - k;
    layer_t *layer = router_alloc(run, shape);
    stream_t stream = stream_of(
        run, SHAPE_BLOCK +
                 (size_t)(((2 * shape->dimension + shape->bias) * MOST_EXPERTS + n) * MOST_EXPERTS + fewer));
    slong best = -1, unreached = 0, certified = 0;
    bool walked;
    for (slong draw = 0; draw < draws; draw++) {
        const slong range = RANGES[draw % (slong)COUNT(RANGES)], steps = quick ? STEPS_QUICK : STEPS;
        layer->active = fewer;
        const slong reached = climb(run, layer, shape->bias, range, draw < climbs ? steps : 0, &stream);
        if (k != fewer)
            tally->unlike += turn(run, layer) != reached;
        tally->routers++;
        tally->refuted += is_refuted(layer, &walked);
        tally->complete += reached == binomial(n, k);
        if (reached <= best)
            continue;
        best = reached;
        unreached = binomial(n, k) - reached;
        certified = unreachable_by_simplex(layer);
    }
    tally->unreached += unreached;
    tally->certified += certified;
    layer_free(layer);
    return best;
}

static slong try_witness(experiment_t *run, const neighbourly_shape_t *shape, tally_t *tally) {
    layer_t *layer = experiment_memory(run, neighbourly_router(shape));
    const slong inside = reached_by_points(run, shape, layer);
    tally->coalitions += binomial(shape->experts, shape->active);
    tally->inside += inside;
    tally->listed += reached_by(run, layer);
    layer_free(layer);
    return inside;
}

// A number of neighbourly.h that fits into a word.
static slong value_of(void (*number)(fmpz_t, const neighbourly_shape_t *), const neighbourly_shape_t *shape) {
    fmpz_t value;
    fmpz_init(value);
    number(value, shape);
    const slong result = fmpz_get_si(value);
    fmpz_clear(value);
    return result;
}

static slong bound_of(const neighbourly_shape_t *shape) {
    return value_of(neighbourly_bound, shape);
}

static void examine_shape(experiment_t *run, const neighbourly_shape_t *shape, table_t *table,
                          tally_t *tally) {
    const bool allowed = neighbourly_exists(shape);
    const slong reached = allowed ? try_witness(run, shape, tally) : try_routers(run, shape, tally);
    tally->shapes++;
    tally->allowed += allowed;
    tally->forbidden += !allowed;
    tally->above += reached > bound_of(shape);
    table_integer(table, shape->bias);
    table_integer(table, shape->dimension);
    table_integer(table, shape->experts);
    table_integer(table, shape->active);
    table_integer(table, binomial(shape->experts, shape->active));
    table_integer(table, allowed);
    table_integer(table, reached);
    table_integer(table, binomial(shape->experts, shape->active) - reached);
    table_integer(table, bound_of(shape));
}

static void state_tally(experiment_t *run, const tally_t *tally) {
    experiment_macro_integer(run, "Shapes", tally->shapes);
    experiment_macro_integer(run, "Allowed", tally->allowed);
    experiment_macro_integer(run, "Forbidden", tally->forbidden);
    experiment_macro_integer(run, "Coalitions", tally->coalitions);
    experiment_macro_integer(run, "Routers", tally->routers);
    experiment_macro_integer(run, "Unreached", tally->unreached);
}

static void examine_shapes(experiment_t *run) {
    static const table_column_t columns[] = {
        {"bias", "0 or 1", NULL, ""},        {"d", "1", NULL, ""},          {"experts", "1", NULL, ""},
        {"active", "1", NULL, ""},           {"coalitions", "1", NULL, ""}, {"allowed", "0 or 1", NULL, ""},
        {"reached", "most found", NULL, ""}, {"missing", "1", NULL, ""},    {"bound", "1", NULL, ""}};
    size_t rows = 0;
    for (slong d = 1; d <= LAST_DIMENSION; d++)
        rows += (size_t)((d + EXTRA_EXPERTS) * (d + EXTRA_EXPERTS - 1));
    table_t *table =
        experiment_table(run, "", "most coalitions reached, of each shape", columns, COUNT(columns), rows);
    tally_t tally = {0};
    for (int bias = 0; bias < 2; bias++)
        for (slong d = 1; d <= LAST_DIMENSION; d++)
            for (slong n = 2; n <= d + EXTRA_EXPERTS; n++)
                for (slong k = 1; k < n; k++) {
                    examine_shape(run, &(neighbourly_shape_t){n, k, d, bias}, table, &tally);
                    experiment_progress(run, (uint64_t)tally.shapes, rows);
                }
    state_tally(run, &tally);
    for (int i = 0; i < 2; i++) { // the amended lemma is the law
        const char *const claim = i == 0 ? LAW : LEMMA;
        experiment_check_integer(run, claim, "allowed: coalitions with the formula's point inside",
                                 tally.inside, tally.coalitions);
        experiment_check_integer(run, claim, "allowed: coalitions found by the search", tally.listed,
                                 tally.coalitions);
        experiment_check_integer(run, claim, "forbidden: routers refuted by the proof", tally.refuted,
                                 tally.routers);
        experiment_check_integer(run, claim, "forbidden: routers that reach all", tally.complete, 0);
        experiment_check_integer(run, claim, "forbidden: turned routers that reach another number",
                                 tally.unlike, 0);
        experiment_check_integer(run, claim, "coalitions not found that have a certificate", tally.certified,
                                 tally.unreached);
    }
    experiment_check_integer(run, THEOREM, "shapes with more cells than the bound", tally.above, 0);
}

// In higher dimensions and for k near N/2 the first dependence is seldom enough, and the proof has to walk.
static void examine_walks(experiment_t *run) {
    const slong routers = experiment_quick(run) ? WALKS_QUICK : WALKS;
    slong refuted = 0, walks = 0;
    bool walked;
    for (slong i = 0; i < routers; i++) {
        stream_t stream = stream_of(run, WALK_BLOCK + (size_t)i);
        const slong d = stream_pick(&stream, 5, 12), n = d + stream_pick(&stream, 3, 5);
        const neighbourly_shape_t shape = {n, n / 2 + stream_pick(&stream, 0, n % 2), d, i % 2};
        layer_t *layer = router_alloc(run, &shape);
        draw_router(layer, shape.bias, RANGES[i % (slong)COUNT(RANGES)], &stream);
        refuted += !neighbourly_exists(&shape) && is_refuted(layer, &walked);
        walks += walked;
        layer_free(layer);
    }
    experiment_macro_integer(run, "WalkRouters", routers);
    experiment_macro_integer(run, "Walks", walks);
    experiment_check_integer(run, LAW, "higher dimensions: routers refuted by the proof", refuted, routers);
}

// ---- On a line: the most cells exactly ----

// The most cells that a search finds, up to what is possible.
static slong search_line(experiment_t *run, const neighbourly_shape_t *shape, slong possible) {
    layer_t *layer = router_alloc(run, shape);
    stream_t stream = stream_of(run, LINE_BLOCK + (size_t)(shape->experts * MOST_EXPERTS + shape->active));
    slong found = 0;
    for (slong i = 0; i < LINE_CLIMBS && found < possible; i++) {
        const slong reached = climb(run, layer, true, LINE_RANGE, LINE_STEPS, &stream);
        found = reached > found ? reached : found;
    }
    layer_free(layer);
    return found;
}

static void add_to_list(char *list, slong value) {
    const size_t used = strlen(list);
    snprintf(list + used, TEXT - used, "%s%ld", used > 0 ? ", " : "", value);
}

static void examine_line(experiment_t *run) {
    static const table_column_t columns[] = {{"experts", "1", NULL, ""},    {"active", "1", NULL, ""},
                                             {"coalitions", "1", NULL, ""}, {"ranks", "1", NULL, ""},
                                             {"most", "1", NULL, ""},       {"found", "1", NULL, ""}};
    const slong last = experiment_quick(run) ? LINE_QUICK : LINE_EXPERTS;
    size_t rows = 0;
    for (slong n = 4; n <= last; n++)
        rows += (size_t)(n / 2 - 1);
    table_t *table = experiment_table(run, "line", "most cells on a line", columns, COUNT(columns), rows);
    char exact[TEXT] = "", ranks[TEXT] = "";
    slong attained = 0;
    for (slong n = 4; n <= last; n++)
        for (slong k = 2; 2 * k <= n; k++) {
            const slong most = neighbourly_line(n, k);
            const slong found = search_line(run, &(neighbourly_shape_t){n, k, 1, true}, most);
            attained += found == most;
            add_to_list(exact, most);
            add_to_list(ranks, 1 + k * (n - k));
            table_integer(table, n);
            table_integer(table, k);
            table_integer(table, binomial(n, k));
            table_integer(table, 1 + k * (n - k));
            table_integer(table, most);
            table_integer(table, found);
        }
    experiment_macro_text(run, "LineExact", exact);
    experiment_macro_text(run, "LineRanks", ranks);
    experiment_check_integer(run, THEOREM, "on a line: shapes where the search attains the exact maximum",
                             attained, (slong)rows);
}

// ---- All sizes together ----

// The regions of the hyperplanes y = z_i(x) in R^(d+1), by the tree.
static slong regions_of_graphs(experiment_t *run, const layer_t *layer) {
    const slong n = layer->experts, d = layer->dimension;
    arrangement_t *graphs = experiment_memory(run, arrangement_alloc(n, d + 1));
    for (slong i = 0; i < n; i++) {
        _fmpz_vec_set(graphs->rows->rows[i], layer->router->rows[i], d);
        fmpz_set_si(graphs->rows->rows[i] + d, -1);
        fmpz_set(graphs->rows->rows[i] + d + 1, layer->router->rows[i] + d);
    }
    const slong regions = experiment_tree(run, graphs).regions;
    arrangement_free(graphs);
    return regions;
}

// With those of no expert and of all.
static slong reached_of_all_sizes(experiment_t *run, layer_t *layer) {
    slong sum = 2;
    for (layer->active = 1; layer->active < layer->experts; layer->active++)
        sum += reached_by(run, layer);
    return sum;
}

static void examine_sums(experiment_t *run) {
    const slong sums = experiment_quick(run) ? SUMS_QUICK : SUMS;
    slong agree = 0, generic = 0, full = 0, above = 0;
    for (slong i = 0; i < sums; i++) {
        stream_t stream = stream_of(run, SUMS_BLOCK + (size_t)i);
        const neighbourly_shape_t shape = {stream_pick(&stream, 2, 9), 1, stream_pick(&stream, 1, 4),
                                           i % 4 < 2};
        layer_t *layer = router_alloc(run, &shape);
        draw_reaching(run, layer, shape.bias, i % 2 == 0 ? GENERIC_RANGE : 2 * shape.experts, &stream);
        const slong sum = reached_of_all_sizes(run, layer);
        agree += sum == regions_of_graphs(run, layer);
        above += sum > value_of(neighbourly_all_sizes, &shape);
        generic += i % 2 == 0;
        full += i % 2 == 0 && sum == value_of(neighbourly_all_sizes, &shape);
        layer_free(layer);
    }
    experiment_macro_integer(run, "Sums", sums);
    experiment_macro_integer(run, "Generic", generic);
    experiment_check_integer(run, THEOREM, "coalitions of all sizes: search and tree agree", agree, sums);
    experiment_check_integer(run, THEOREM, "coalitions of all sizes: more than the formula", above, 0);
    experiment_check_integer(run, THEOREM, "coalitions of all sizes: the formula in general position", full,
                             generic);
}

// ---- Routers in files ----

static void examine_file(experiment_t *run, size_t number) {
    layer_t *layer = experiment_layer(run, FILES[number].file);
    const slong all = binomial(layer->experts, layer->active), reached = reached_by(run, layer);
    const char *const claim = FILES[number].theorem ? THEOREM : LEMMA;
    bool walked;
    experiment_check_integer(run, claim, FILES[number].what, reached, FILES[number].reached);
    experiment_macro_integer(run, FILES[number].macro, reached);
    if (FILES[number].all)
        experiment_check_integer(run, claim, "all coalitions are reached", reached, all);
    else {
        experiment_check(run, claim, "not all coalitions are reached", (double)reached, AT_MOST,
                         (double)(all - 1), 0);
        if (!experiment_quick(run) || all < FEW_COALITIONS)
            experiment_check_integer(run, claim, "each of the others has a certificate",
                                     unreachable_by_simplex(layer), all - reached);
        experiment_check_integer(run, claim, "the proof refutes one", is_refuted(layer, &walked), 1);
    }
    layer_free(layer);
}

// ---- The shape of Example 4.21 ----

static layer_t *gaussian_router(experiment_t *run, const neighbourly_shape_t *shape, size_t block) {
    double entries[MOST_EXPERTS * MOST_EXPERTS];
    const slong width = shape->dimension + 1;
    stream_t stream = stream_of(run, block);
    stream_normals(&stream, entries, (size_t)(shape->experts * width));
    layer_t *layer = router_alloc(run, shape);
    for (slong i = 0; i < shape->experts; i++)
        for (slong j = 0; j < width; j++)
            fmpz_set_si(fmpz_mat_entry(layer->router, i, j), (slong)llround(SCALE * entries[i * width + j]));
    return layer;
}

static slong moment_cells(const neighbourly_shape_t *shape, int sign) {
    fmpz_t cells;
    fmpz_init(cells);
    neighbourly_moment_cells(cells, shape, sign);
    const slong result = fmpz_get_si(cells);
    fmpz_clear(cells);
    return result;
}

static void check_moment(experiment_t *run, const neighbourly_shape_t *shape, int sign) {
    layer_t *layer = experiment_memory(run, neighbourly_moment(shape, sign));
    experiment_check_integer(run, THEOREM, "moment curve: words and search agree", moment_cells(shape, sign),
                             reached_by(run, layer));
    layer_free(layer);
}

static void examine_example(experiment_t *run) {
    static const char *const macros[] = {"MomentBelow", "MomentCentral", "MomentAbove"};
    const slong draws = experiment_quick(run) ? GAUSSIAN_QUICK : GAUSSIAN;
    slong least = binomial(EXAMPLE.experts, EXAMPLE.active), most = 0;
    experiment_macro_integer(run, "ExampleAll", least);
    experiment_macro_integer(run, "ExampleSizes", value_of(neighbourly_all_sizes, &EXAMPLE));
    for (size_t i = experiment_quick(run); i < COUNT(MOMENTS); i++)
        for (int sign = -1; sign <= 1; sign++)
            check_moment(run, &MOMENTS[i], sign);
    for (int sign = -1; sign <= 1; sign++)
        experiment_macro_integer(run, macros[sign + 1], moment_cells(&EXAMPLE, sign));
    for (slong i = 0; i < draws; i++) {
        layer_t *layer = gaussian_router(run, &EXAMPLE, GAUSSIAN_BLOCK + (size_t)i);
        const slong reached = reached_by(run, layer);
        least = reached < least ? reached : least;
        most = reached > most ? reached : most;
        layer_free(layer);
    }
    experiment_macro_integer(run, "GaussianRouters", draws);
    experiment_macro_integer(run, "GaussianLeast", least);
    experiment_macro_integer(run, "GaussianMost", most);
    experiment_check(run, THEOREM, "Example 4.21: cells of Gaussian routers", (double)most, AT_MOST,
                     (double)binomial(EXAMPLE.experts, EXAMPLE.active) - 1, 0);
}

// ---- How the share falls with the number of experts ----

static void write_curve_point(experiment_t *run, table_t *table, const neighbourly_shape_t *shape,
                              size_t block, slong *above) {
    const double all = (double)binomial(shape->experts, shape->active);
    const slong draws = experiment_quick(run) ? 1 : CURVE_DRAWS, bound = bound_of(shape);
    slong sum = 0, least = WORD_MAX, most = 0;
    for (slong i = 0; i < draws; i++) {
        layer_t *layer = gaussian_router(run, shape, block + (size_t)i);
        const slong reached = reached_by(run, layer);
        sum += reached;
        least = reached < least ? reached : least;
        most = reached > most ? reached : most;
        *above += reached > bound;
        layer_free(layer);
    }
    table_integer(table, shape->active);
    table_integer(table, shape->dimension);
    table_integer(table, shape->experts);
    table_integer(table, (long long)all);
    table_real(table, (double)sum / (double)draws / all);
    table_real(table, (double)least / all);
    table_real(table, (double)most / all);
    table_real(table, (double)moment_cells(shape, -1) / all);
}

static slong last_of_curve(const experiment_t *run, size_t curve) {
    const slong last = CURVES[curve][2];
    return experiment_quick(run) && last > CURVE_QUICK ? CURVE_QUICK : last;
}

static void examine_curves(experiment_t *run) {
    static const table_column_t columns[] = {{"active", "1", NULL, ""},     {"d", "1", NULL, ""},
                                             {"experts", "1", NULL, ""},    {"coalitions", "1", NULL, ""},
                                             {"share", "mean", "%.6f", ""}, {"least", "1", "%.6f", ""},
                                             {"most", "1", "%.6f", ""},     {"moment", "1", "%.6f", ""}};
    size_t rows = 0, block = CURVE_BLOCK;
    slong above = 0;
    for (size_t c = 0; c < COUNT(CURVES); c++)
        rows += (size_t)((last_of_curve(run, c) - CURVE_FIRST) / CURVE_STEP + 1);
    table_t *table = experiment_table(run, "curves", "share of the coalitions that Gaussian routers reach",
                                      columns, COUNT(columns), rows);
    for (size_t c = 0; c < COUNT(CURVES); c++)
        for (slong n = CURVE_FIRST; n <= last_of_curve(run, c); n += CURVE_STEP, block += CURVE_DRAWS) {
            const neighbourly_shape_t shape = {n, CURVES[c][0], CURVES[c][1], true};
            write_curve_point(run, table, &shape, block, &above);
        }
    experiment_check_integer(run, THEOREM, "Gaussian routers with more cells than the bound", above, 0);
}

// neighbourly_bound over binomial(N, k).
static double bounded_share(const neighbourly_shape_t *shape) {
    fmpq_t share;
    fmpz_t all;
    fmpq_init(share);
    fmpz_init(all);
    neighbourly_bound(fmpq_numref(share), shape);
    fmpz_bin_uiui(all, (ulong)shape->experts, (ulong)shape->active);
    fmpq_set_fmpz_frac(share, fmpq_numref(share), all);
    const double result = fmpq_get_d(share);
    fmpz_clear(all);
    fmpq_clear(share);
    return result;
}

// \ReachabilityLimitA for the first number of experts, ...B for the next.
static void state_limit(experiment_t *run, const char *macro, slong power, double share) {
    char name[TEXT];
    snprintf(name, sizeof name, "%s%c", macro, (char)('A' + (power - FIRST_POWER) / POWER_STEP));
    experiment_macro(run, name, "%.1e", share);
}

static void examine_limits(experiment_t *run) {
    static const table_column_t columns[] = {{"active", "1", NULL, ""},
                                             {"d", "1", NULL, ""},
                                             {"power", "log2 N", NULL, ""},
                                             {"share", "at most", "%.6e", "%.2e"}};
    const size_t powers = (LAST_POWER - FIRST_POWER) / POWER_STEP + 1;
    table_t *table = experiment_table(run, "limits", "no router reaches a larger share of the coalitions",
                                      columns, COUNT(columns), COUNT(LIMITS) * powers);
    for (size_t i = 0; i < COUNT(LIMITS); i++) {
        const slong k = LIMITS[i].active, d = LIMITS[i].dimension;
        double share = 1, before = 1;
        for (slong power = FIRST_POWER; power <= LAST_POWER; power += POWER_STEP) {
            before = share;
            share = bounded_share(&(neighbourly_shape_t){WORD(1) << power, k, d, true});
            table_integer(table, k);
            table_integer(table, d);
            table_integer(table, power);
            table_real(table, share);
            if (LIMITS[i].macro != NULL)
                state_limit(run, LIMITS[i].macro, power, share);
        }
        // The last step of N by 2^POWER_STEP shows the exponent of N^floor((d+1)/2) out of N^k/k!.
        const double exponent = log2(share / before) / POWER_STEP;
        experiment_check(run, THEOREM, "exponent of N in the largest share of any router", exponent, AT_MOST,
                         (double)((d + 1) / 2 - k) + EXPONENT_SLACK, 0);
        experiment_check(run, THEOREM, "largest share of any router of 2^30 experts", share, AT_MOST, 1e-6,
                         0);
    }
}

static void run_reachability(experiment_t *run) {
    state_parameters(run);
    examine_shapes(run);
    examine_walks(run);
    for (size_t i = 0; i < COUNT(FILES); i++)
        examine_file(run, i);
    examine_line(run);
    examine_sums(run);
    examine_example(run);
    examine_curves(run);
    examine_limits(run);
    experiment_claim(run, LAW, VERDICT_HOLDS, METHOD_EXACT, "reachability.csv and proof");
    experiment_claim(run, LEMMA, VERDICT_AMENDED, METHOD_EXACT, "instances/reachability-N3-k1-d1.moe");
    experiment_claim(run, THEOREM, VERDICT_FAILS, METHOD_EXACT, "instances/reachability-N16-k4-d5.moe");
    flint_cleanup();
}

int main(int argc, char **argv) {
    static const experiment_plan_t plan = {
        .name = "reachability",
        .brief =
            "which coalitions of experts some router reaches: witnesses, refutations, and how many at most",
        .seed = 1921,
        .run = run_reachability};
    return experiment_main(&plan, argc, argv);
}
