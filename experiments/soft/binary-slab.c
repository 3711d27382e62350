// SPDX-License-Identifier: GPL-3.0-or-later
// One pair of experts, exactly: when a gate is ambiguous, and the slab of a linear router under a Gaussian input.
//
// CLAIMS (Soft-to-Hard Routing, section 3)
//   soft/eq-3.6   the gate of a pair is in [epsilon, 1 - epsilon] exactly on the slab |S| <= kappa_epsilon tau
//   soft/ex-3.8   linear router, Gaussian input: closed form, leading order and surface integral, (3.11) to (3.14)
//
// DERIVATION. (3.6): the odds p / (1 - p) of the gate are exp(S / tau), increasing in S, so p is in [epsilon, 1 - epsilon]
// exactly when |S| <= tau ln((1 - epsilon) / epsilon). The union over pairs is the event of the least |S_kl|.
//     (3.11): nu'X + b ~ N(b, sigma^2), sigma^2 = nu' Sigma nu. By the coarea formula the same mass is the integral over
// t in [-r, r] of G(t), the integral of p / |nu| over the hyperplane nu'x + b = t; stat/hyperplane.h takes it in d - 1
// coordinates by determinants or as the sum over a grid, and neither knows sigma. (3.12): |phi''| <= phi(0), so the
// error of 2 r phi(b / sigma) / sigma is at most phi(0) (r / sigma)^3 / 3, with equality as b = 0, r -> 0.
#include "io/experiment.h"
#include "routing/margin.h"
#include "routing/pair_event.h"
#include "routing/softmax.h"
#include "stat/gaussian.h"
#include "stat/hyperplane.h"
#include "stat/quadrature.h"

#include <arf.h>
#include <gsl/gsl_blas.h>
#include <gsl/gsl_linalg.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>
#include <math.h>

static const double MAX_Z = 4; // a statistical check fails beyond

static double draw_log_uniform(stream_t *s, double low, double high) {
    return exp(stream_between(s, log(low), log(high)));
}

// ---- (3.6): event by event ----

enum { MOST_EXPERTS = 6, EVENT_KINDS = 4 };
static const int EVENTS = 12000, QUICK_EVENTS = 600;

typedef struct event {
    size_t experts;
    double logits[MOST_EXPERTS], tau, epsilon;
} event_t;

// How the events came out.
typedef struct event_count {
    long long pairs, inside, unions, mismatches, union_mismatches, border, misjudged;
} event_count_t;

// Moderate numbers; the whole range of doubles; differences within some ulp of the border; tiny tolerances with ties.
static event_t draw_event(stream_t *s, int kind) {
    event_t e = {.experts = (size_t)stream_pick(s, 2, MOST_EXPERTS)};
    e.tau = kind == 1 ? draw_log_uniform(s, 1e-300, 1e300) : draw_log_uniform(s, 1e-3, 1e3);
    e.epsilon = kind == 3 ? draw_log_uniform(s, 1e-300, 0.4) : stream_between(s, 0, 0.5);
    const double width = margin_kappa(e.epsilon) * e.tau;
    for (size_t k = 0; k < e.experts; k++) {
        const double u = stream_between(s, -1, 1), far = draw_log_uniform(s, 1e-300, 1e300);
        const double ulps = (double)stream_pick(s, -3, 3), sign = u < 0 ? -1 : 1;
        const double start = k == 0 ? 6 * e.tau * u : e.logits[0];
        const double choices[EVENT_KINDS] = {6 * e.tau * u, sign * far,
                                             k == 0 ? start : start + sign * width * (1 + ulps * 0x1p-52),
                                             k % 2 == 1 ? start : start + 2 * width * u};
        e.logits[k] = choices[kind];
    }
    return e;
}

// The pair with the least difference, compared exactly.
static void nearest_pair(const event_t *e, size_t pair[2]) {
    arf_t difference, other, least;
    arf_init(difference);
    arf_init(other);
    arf_init(least);
    arf_pos_inf(least);
    for (size_t k = 0; k < e->experts; k++)
        for (size_t l = 0; l < k; l++) {
            arf_set_d(difference, e->logits[l]);
            arf_set_d(other, e->logits[k]);
            arf_sub(difference, difference, other, ARF_PREC_EXACT, ARF_RND_DOWN);
            if (arf_cmpabs(difference, least) < 0) {
                arf_set(least, difference);
                pair[0] = l;
                pair[1] = k;
            }
        }
    arf_clear(difference);
    arf_clear(other);
    arf_clear(least);
}

static void decide_event(experiment_t *run, const event_t *e, int kind, event_count_t *count) {
    bool any = false, gate, slab;
    for (size_t k = 0; k < e->experts; k++)
        for (size_t l = 0; l < k; l++) {
            const double logits[2] = {e->logits[k], e->logits[l]};
            experiment_require(run, pair_event_gate(logits, e->tau, e->epsilon, &gate), "gate of a pair");
            experiment_require(run, pair_event_slab(logits, e->tau, e->epsilon, &slab), "slab of a pair");
            any = any || gate;
            count->pairs++;
            count->inside += gate;
            count->mismatches += gate != slab;
            if (kind == 2 && l == 0) {
                count->border++;
                count->misjudged += softmax_is_ambiguous(logits, 2, e->tau, e->epsilon) != gate;
            }
        }
    size_t pair[2] = {0, 1};
    nearest_pair(e, pair);
    const double nearest[2] = {e->logits[pair[0]], e->logits[pair[1]]};
    experiment_require(run, pair_event_slab(nearest, e->tau, e->epsilon, &slab), "slab of the margin");
    count->unions += any;
    count->union_mismatches += any != slab;
}

static void decide_events(experiment_t *run) {
    const int events = experiment_quick(run) ? QUICK_EVENTS : EVENTS;
    event_count_t count = {0};
    for (int i = 0; i < events; i++) {
        stream_t s = experiment_stream(run, (uint32_t)i);
        const event_t e = draw_event(&s, i % EVENT_KINDS);
        decide_event(run, &e, i % EVENT_KINDS, &count);
    }
    experiment_check_integer(run, "soft/eq-3.6", "pairs whose gate and slab differ", count.mismatches, 0);
    experiment_check_integer(run, "soft/eq-3.6", "unions of events that differ from the pairwise margin",
                             count.union_mismatches, 0);
    // Both answers must be frequent for the comparison to mean something.
    const double share = (double)count.inside / (double)count.pairs;
    experiment_check(run, "soft/eq-3.6", "share of the pairs inside", share, AT_LEAST, 0.1, 0);
    experiment_check(run, "soft/eq-3.6", "share of the pairs inside", share, AT_MOST, 0.9, 0);
    experiment_macro(run, "Events", "\\num{%.0f}", events);
    experiment_macro(run, "Pairs", "\\num{%.0f}", (double)count.pairs);
    experiment_macro(run, "Inside", "\\num{%.0f}", (double)count.inside);
    experiment_macro(run, "Unions", "\\num{%.0f}", (double)count.unions);
    experiment_macro(run, "Border", "\\num{%.0f}", (double)count.border);
    experiment_macro(run, "Misjudged", "\\num{%.0f}", (double)count.misjudged);
    experiment_claim(run, "soft/eq-3.6", VERDICT_HOLDS, METHOD_CERTIFIED,
                     "monotone odds and transcendence of e^r: proof in section binary-slab");
}

// ---- Example 3.8 ----

enum {
    LEAST_DIMENSION = 2,
    MOST_DIMENSION = 8,
    DIMENSIONS = MOST_DIMENSION - LEAST_DIMENSION + 1,
    GRID_DIMENSION = 4
};
enum { SLABS = 3 };
static const int ROUTERS = 150, QUICK_ROUTERS = 6;             // in each dimension
static const int GRIDS = 4, QUICK_GRIDS = 1;                   // of them by the grid, where it is costly
static const uint64_t SAMPLES = 400000, QUICK_SAMPLES = 20000; // in each dimension, for one router
static const double ROUND_ROADS = 1e-11; // relative: covariances have a condition of some hundred
static const double EPSILON = 0.05;

// A router nu'x + b and a covariance with its Cholesky factor.
typedef struct router {
    size_t dimension;
    gsl_matrix *covariance, *root;
    gsl_vector *normal;
    double offset, deviation; // b and sigma
} router_t;

static router_t draw_router(experiment_t *run, stream_t *s, size_t d) {
    router_t r = {.dimension = d,
                  .covariance = experiment_memory(run, gsl_matrix_alloc(d, d)),
                  .root = experiment_memory(run, gsl_matrix_alloc(d, d)),
                  .normal = experiment_memory(run, gsl_vector_alloc(d))};
    stream_normals(s, r.root->data, d * d);
    stream_normals(s, r.normal->data, d);
    gsl_vector_scale(r.normal, draw_log_uniform(s, 0.1, 10));
    gsl_matrix_set_identity(r.covariance);
    gsl_blas_dgemm(CblasNoTrans, CblasTrans, 1 / (double)d, r.root, r.root, 0.1, r.covariance);
    gsl_matrix_memcpy(r.root, r.covariance);
    experiment_require(run, gsl_linalg_cholesky_decomp1(r.root), "Cholesky factor");
    gsl_vector *image = experiment_memory(run, gsl_vector_alloc(d));
    double variance;
    gsl_blas_dsymv(CblasLower, 1, r.covariance, r.normal, 0, image);
    gsl_blas_ddot(r.normal, image, &variance);
    gsl_vector_free(image);
    r.deviation = sqrt(variance);
    r.offset = r.deviation * stream_between(s, -2.5, 2.5);
    return r;
}

static void drop_router(router_t *r) {
    gsl_matrix_free(r->covariance);
    gsl_matrix_free(r->root);
    gsl_vector_free(r->normal);
}

// The largest relative differences that a dimension has shown.
typedef struct deviations {
    double surface, grid, levels; // (3.14) by determinants and by a grid; (3.11) by levels
    double first;                 // error of (3.12) over its bound
    double z;
} deviations_t;

//[core
// G(t), the surface integral over the hyperplane nu'x + b = t, in d - 1 coordinates.
static double surface_integral(double t, const void *context) {
    const router_t *r = context;
    double value = NAN; // and so it stays on an error
    (void)hyperplane_by_determinants(r->covariance, r->normal, r->offset - t, &value);
    return value;
}

// (3.11) as the integral of G over [-w, w].
static double by_levels(experiment_t *run, const router_t *r, double w) {
    const double ends[] = {-w, w}, wanted = 1e-12 * 2 * w * surface_integral(0, r);
    gsl_sf_result mass;
    const int status = quadrature_integrate(surface_integral, r, ends, 2, wanted, &mass);
    experiment_require(run, status, "levels");
    return mass.val;
}
//]core

static void measure(experiment_t *run, const router_t *r, double w, deviations_t *most) {
    const double sigma = r->deviation, b = r->offset;
    const double density = gsl_ran_ugaussian_pdf(b / sigma) / sigma; // (3.14), right
    const double mass = gaussian_slab_mass(b / sigma, w / sigma);    // (3.11)
    const double bound = gsl_ran_ugaussian_pdf(0) * gsl_pow_3(w / sigma) / 3;
    most->surface = fmax(most->surface, fabs(surface_integral(0, r) / density - 1));
    most->levels = fmax(most->levels, fabs(by_levels(run, r, w) / mass - 1));
    most->first = fmax(most->first, fabs(mass - 2 * w * density) / bound);
}

static void measure_by_grid(experiment_t *run, const router_t *r, deviations_t *most) {
    double grid;
    experiment_require(run, hyperplane_by_grid(r->covariance, r->normal, r->offset, &grid),
                       "grid of the hyperplane");
    most->grid = fmax(most->grid, fabs(grid / gsl_ran_gaussian_pdf(r->offset, r->deviation) - 1));
}

// Half-widths of the sampled slabs, in deviations of the score; one is printed.
static const double SAMPLED[SLABS] = {0.05, 0.2, 0.8};
enum { SHOWN = 1 };

static int sample_router(const montecarlo_block_t *block, const void *context) {
    const router_t *r = context;
    const size_t d = r->dimension;
    stream_normals(block->stream, block->work, block->count * d);
    for (size_t i = 0; i < block->count; i++) {
        const double *z = block->work + i * d;
        double score = r->offset;
        for (size_t row = 0; row < d; row++) {
            double x = 0;
            for (size_t k = 0; k <= row; k++)
                x += gsl_matrix_get(r->root, row, k) * z[k];
            score += gsl_vector_get(r->normal, row) * x;
        }
        for (size_t k = 0; k < SLABS; k++)
            block->samples[i * SLABS + k] = fabs(score) <= SAMPLED[k] * r->deviation;
    }
    return GSL_SUCCESS;
}

// Samples one router, and writes all of its row but the last cell.
static void sample(experiment_t *run, const router_t *r, deviations_t *most, table_t *table) {
    char part[32];
    snprintf(part, sizeof part, "router in %zu", r->dimension);
    moments_t *moments = experiment_montecarlo(run, part, experiment_quick(run) ? QUICK_SAMPLES : SAMPLES,
                                               SLABS, MONTECARLO_BLOCK * r->dimension, sample_router, r);
    for (size_t k = 0; k < SLABS; k++) {
        const gsl_sf_result mass = moments_estimate(moments, k);
        const double w = SAMPLED[k] * r->deviation,
                     exact = gaussian_slab_mass(r->offset / r->deviation, SAMPLED[k]);
        most->z = fmax(most->z, fabs(mass.val - exact) / mass.err);
        const double values[] = {r->offset,
                                 r->deviation,
                                 exact,
                                 by_levels(run, r, w),
                                 mass.val,
                                 mass.err,
                                 2 * w * surface_integral(0, r)};
        for (size_t c = 0; k == SHOWN && c < sizeof values / sizeof *values; c++)
            table_real(table, values[c]);
    }
    moments_free(moments);
}

// (3.13) in temperatures: C_epsilon of Proposition 3.5 with the surface integral, against the exact mass.
static double temperature_error(const router_t *r, double tau) {
    const double w = margin_kappa(EPSILON) * tau;
    const double bound = gsl_ran_ugaussian_pdf(0) * gsl_pow_3(w / r->deviation) / 3;
    return fabs(gaussian_slab_mass(r->offset / r->deviation, w / r->deviation) -
                2 * w * surface_integral(0, r)) /
           bound;
}

static void check_dimension(experiment_t *run, size_t d, int routers, table_t *table) {
    deviations_t deviations = {0}, *most = &deviations;
    const int grids = d < GRID_DIMENSION      ? routers
                      : d > GRID_DIMENSION    ? 0
                      : experiment_quick(run) ? QUICK_GRIDS
                                              : GRIDS;
    double temperature = 0;
    for (int i = 0; i < routers; i++) {
        stream_t s = stream_at(experiment_seed(run), stream_experiment("binary-slab routers"),
                               (uint32_t)(1000 * d) + (uint32_t)i);
        router_t r = draw_router(run, &s, d);
        measure(run, &r, r.deviation * draw_log_uniform(&s, 0.01, 1), most);
        if (i < grids)
            measure_by_grid(run, &r, most);
        temperature =
            fmax(temperature, temperature_error(&r, r.deviation * draw_log_uniform(&s, 0.003, 0.3)));
        if (i == 0)
            sample(run, &r, most, table);
        drop_router(&r);
    }
    experiment_check(run, "soft/ex-3.8", "(3.14) by determinants: relative difference", most->surface,
                     AT_MOST, ROUND_ROADS, 0);
    experiment_check(run, "soft/ex-3.8", "(3.14) by a grid: relative difference", most->grid, AT_MOST,
                     ROUND_ROADS, 0);
    experiment_check(run, "soft/ex-3.8", "(3.11) by levels: relative difference", most->levels, AT_MOST,
                     ROUND_ROADS, 0);
    experiment_check(run, "soft/ex-3.8", "(3.12): error over its bound", most->first, AT_MOST, 1, 1e-6);
    experiment_check(run, "soft/ex-3.8", "(3.13): error over its bound", temperature, AT_MOST, 1, 1e-6);
    experiment_check(run, "soft/ex-3.8", "z of a sampled slab", most->z, AT_MOST, MAX_Z, 0);
    table_real(table, most->first);
}

static void check_example(experiment_t *run) {
    static const table_column_t COLUMNS[] = {
        {"dimension", "1", NULL, ""},   {"offset", "1", "%.4f", "%.3f"}, {"deviation", "1", "%.4f", "%.3f"},
        {"mass", "1", "%.8f", "%.6f"},  {"levels", "1", "%.8f", "%.6f"}, {"sampled", "1", "%.8f", "%.6f"},
        {"error", "1", "%.2e", "%.6f"}, {"first", "1", "%.8f", "%.6f"},  {"worst", "1", "%.4f", "%.4f"},
    };
    const int routers = experiment_quick(run) ? QUICK_ROUTERS : ROUTERS;
    table_t *table = experiment_table(
        run, "", "one router of each dimension by three roads; the worst of all", COLUMNS, 9, DIMENSIONS);
    for (size_t d = LEAST_DIMENSION; d <= MOST_DIMENSION; d++) {
        table_integer(table, (long long)d);
        check_dimension(run, d, routers, table);
    }
    experiment_macro(run, "Routers", "\\num{%.0f}", DIMENSIONS * routers);
    experiment_parameter(run, "Samples", "\\num{%.0f}",
                         (double)(experiment_quick(run) ? QUICK_SAMPLES : SAMPLES), "points");
    experiment_macro(run, "RoadsAgree", "\\num{%.0e}", ROUND_ROADS);
    experiment_macro_integer(run, "LeastDimension", LEAST_DIMENSION);
    experiment_macro_integer(run, "MostDimension", MOST_DIMENSION);
    experiment_macro_integer(run, "GridDimension", GRID_DIMENSION);
    experiment_parameter(run, "Slab", "%.1f", SAMPLED[SHOWN], "deviations of the score");
    experiment_parameter(run, "Epsilon", "%.2f", EPSILON, "1");
    experiment_claim(run, "soft/ex-3.8", VERDICT_HOLDS, METHOD_QUADRATURE, "binary-slab.csv");
}

static void plan(experiment_t *run) {
    decide_events(run);
    check_example(run);
}

int main(int argc, char **argv) {
    static const experiment_plan_t PLAN = {
        "binary-slab",
        "One pair of experts: ambiguity events decided in balls, and Gaussian slabs by three roads", 32,
        plan};
    return experiment_main(&PLAN, argc, argv);
}
