// SPDX-License-Identifier: GPL-3.0-or-later
// For architects: what experts, active experts, width, granularity and a router bias buy, for published models.
//
// CLAIM (ours)
//   depth/law-granularity  splitting every expert into m multiplies the expected coalitions on a great circle by at least
//                          m, and hardly more: m e(N, k) <= e(mN, mk) <= 2 sqrt(pi) m N I(k/N); and
//                          e(N, k) <= 2 k sqrt(2 pi ln(N/k))
//
// DERIVATION. I(p) = phi(Phi^-1(p)) is the Gaussian isoperimetric profile, and e(N, k) is the number of coalitions of a
// random router on a great circle (routing/great_circle.h). With u = Phi(z) its integral is a mean over the beta law,
//     e(N, k) = 2 sqrt(pi) N E I(U),   U ~ Beta(N - k, k),   E U = 1 - k/N.                                      (1)
// I is concave, because I'' = -1/I. So e(N, k) <= 2 sqrt(pi) N I(k/N), by Jensen. And Beta(m(N-k), mk) has the same mean
// for all m, and its density over that of m = 1 is proportional to (u^(N-k) (1-u)^k)^(m-1), which rises and then falls:
// it is more concentrated, so that E I grows with m, and e(mN, mk) >= m e(N, k).
// Finally I(p) <= p sqrt(2 ln(1/p)): with q(z) = 1 - Phi(z) and l = phi/q, the difference h = 2 ln(1/q) - l^2 is 0 at
// -infinity and has h' = 2 l (1 - l'), and 0 < l' < 1 (M. R. Sampford, Ann. Math. Statist. 24 (1953) 130).
#include "geometry/bounds.h"
#include "io/experiment.h"
#include "io/models.h"
#include "routing/great_circle.h"

#include <arb.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

// ---- Parameters ----

enum { PRECISION = 128 };
enum { DIMENSION = 16 };             // of a flat of data, the upper end of what the paper quotes
enum { GRID = 48, GRID_QUICK = 12 }; // the law for all N up to this and all k < N
static const ulong SPLITS[] = {2, 4, 8};
enum { LIMIT_SPLIT = 256 };
static const double ROUNDING = 1e-12; // relative, of a value of I in double precision
static const char *const CLAIM = "depth/law-granularity";

static void state_parameters(experiment_t *run) {
    experiment_parameter(run, "Dimension", "%.0f", DIMENSION, "1");
    experiment_parameter(run, "Grid", "%.0f", experiment_quick(run) ? GRID_QUICK : GRID, "experts");
}

// ---- The law ----

static ball_t cells(experiment_t *run, ulong experts, ulong active) {
    ball_t e;
    experiment_require(run, great_circle_cells(experts, active, &e), "great_circle_cells");
    return e;
}

//[core
// 2 sqrt(pi) N I(k/N), the limit of e(mN, mk)/m.
static double cells_limit(double n, double k) {
    const double quantile = gsl_cdf_ugaussian_Qinv(k / n);
    return 2 * sqrt(M_PI) * n * gsl_ran_ugaussian_pdf(quantile);
}

// 2 k sqrt(2 pi ln(N/k)), above that limit.
static double cells_bound(double n, double k) {
    return 2 * k * sqrt(2 * M_PI * log(n / k));
}

// The law at one (N, k, m): how many of its three inequalities are not proven.
static int violations(ball_t whole, ball_t split, double n, double k, double m) {
    const double limit = cells_limit(n, k);
    return (split.value - split.radius < m * (whole.value + whole.radius)) +
           (split.value + split.radius > m * limit * (1 + ROUNDING)) +
           (limit > cells_bound(n, k) * (1 + ROUNDING));
}
//]core

// What was seen of the law.
typedef struct law {
    int cases, violations;
    double least, most;  // of e(mN, mk) / (m e(N, k))
    double least_filled; // of e(N, k) / (2 k sqrt(2 pi ln(N/k)))
    int near;            // models whose printed capacity is below ten times what is possible
    double closest,
        farthest; // log10 of what is possible over what is typical for wide experts, the dense layer of kH
} law_t;

static void see(experiment_t *run, law_t *law, ulong experts, ulong active, ulong m) {
    const ball_t whole = cells(run, experts, active), split = cells(run, m * experts, m * active);
    const double gain = split.value / ((double)m * whole.value);
    law->cases++;
    law->violations += violations(whole, split, (double)experts, (double)active, (double)m);
    law->least = fmin(law->least, gain);
    law->most = fmax(law->most, gain);
    law->least_filled = fmin(law->least_filled, whole.value / cells_bound((double)experts, (double)active));
}

// How fast the limit is approached. By (1) and Taylor, I'' = -1/I, e(mN, mk)/m falls short of its limit by a part of
// p (1-p) / (2 m N I^2), p = k/N, to first order: the check allows twice that.
static void check_limit(experiment_t *run) {
    static const struct { ulong experts, active; } shapes[] = {{2, 1}, {8, 2}, {64, 6}, {256, 8}};
    double most = 0;
    for (size_t i = 0; i < COUNT(shapes); i++) {
        const double n = (double)shapes[i].experts, k = (double)shapes[i].active, m = LIMIT_SPLIT;
        const double limit = cells_limit(n, k), profile = limit / (2 * sqrt(M_PI) * n);
        const ball_t split = cells(run, LIMIT_SPLIT * shapes[i].experts, LIMIT_SPLIT * shapes[i].active);
        const double short_of = 1 - split.value / (m * limit);
        most = fmax(most, short_of / (k / n * (1 - k / n) / (2 * m * n * profile * profile)));
    }
    experiment_check(run, CLAIM, "distance from the limit over its first-order value", most, AT_MOST, 2,
                     ROUNDING);
    experiment_check(run, CLAIM, "the same from below", most, AT_LEAST, 0.5, ROUNDING);
}

static void check_grid(experiment_t *run) {
    const ulong last = experiment_quick(run) ? GRID_QUICK : GRID;
    law_t law = {.least = INFINITY, .least_filled = INFINITY, .closest = INFINITY};
    for (ulong n = 2; n <= last; n++) {
        for (ulong k = 1; k < n; k++)
            see(run, &law, n, k, 2);
        experiment_progress(run, n, last);
    }
    experiment_check(run, CLAIM, "inequalities that fail on the grid of N and k", law.violations, EQUAL, 0,
                     0);
    experiment_macro_integer(run, "GridCases", law.cases);
    experiment_macro(run, "SmallestSplit", "%.3f", cells(run, 4, 2).value);
    experiment_macro(run, "GridMostGain", "%.3f", law.most);
}

// ---- Published models ----

static double log10_fmpz(const fmpz_t value) {
    arb_t x, ten;
    arb_init(x);
    arb_init(ten);
    arb_log_fmpz(x, value, PRECISION);
    arb_const_log10(ten, PRECISION);
    arb_div(x, x, ten, PRECISION);
    const double result = ball_from_arb(x).value;
    arb_clear(x);
    arb_clear(ten);
    return result;
}

// Decimal logarithms of what a layer may have on a flat of data of dimension DIMENSION.
typedef struct capacity {
    double printed;  // C(N, k) Phi(kH, d)
    double possible; // the smaller of (U) and Phi(NH + C(N, 2), d)
    double active;   // Phi(kH, d), a dense layer with the active units
    double all;      // Phi(NH, d), a dense layer with all units
} capacity_t;

static capacity_t capacity_of(experiment_t *run, const model_t *model) {
    const bounds_layer_t shape = {model->experts, model->active, model->width, DIMENSION};
    const ulong units = model->experts * model->width;
    fmpz_t value, other;
    capacity_t capacity;
    fmpz_init(value);
    fmpz_init(other);
    experiment_require(run, bounds_topk(value, &shape), "bounds_topk");
    capacity.printed = log10_fmpz(value);
    experiment_require(run, bounds_flats(value, &shape), "bounds_flats");
    bounds_phi(other, units + model->experts * (model->experts - 1) / 2, DIMENSION);
    capacity.possible = log10_fmpz(fmpz_cmp(value, other) < 0 ? value : other);
    bounds_phi(value, model->active * model->width, DIMENSION);
    capacity.active = log10_fmpz(value);
    bounds_phi(value, units, DIMENSION);
    capacity.all = log10_fmpz(value);
    fmpz_clear(value);
    fmpz_clear(other);
    return capacity;
}

// log10 of the printed growth C(mN, mk)/C(N, k) m^(-d) for m = 2.
static double printed_gain(const model_t *model) {
    fmpz_t binomial;
    fmpz_init(binomial);
    fmpz_bin_uiui(binomial, 2 * model->experts, 2 * model->active);
    double gain = log10_fmpz(binomial);
    fmpz_bin_uiui(binomial, model->experts, model->active);
    gain -= log10_fmpz(binomial) + DIMENSION * log10(2);
    fmpz_clear(binomial);
    return gain;
}

static void write_model(experiment_t *run, table_t *table, const model_t *model, law_t *law) {
    const capacity_t capacity = capacity_of(run, model);
    const ball_t whole = cells(run, model->experts, model->active);
    ball_t cap, ambient, split;
    experiment_require(run, great_circle_cap(model->experts, model->active, DIMENSION + 1, &cap),
                       "great_circle_cap");
    experiment_require(run, great_circle_cap(model->experts, model->active, model->dimension, &ambient),
                       "great_circle_cap");
    split = cells(run, 2 * model->experts, 2 * model->active);
    for (size_t i = 0; i < COUNT(SPLITS); i++)
        see(run, law, model->experts, model->active, SPLITS[i]);
    law->near += capacity.printed - capacity.possible < 1;
    law->closest = fmin(law->closest, capacity.possible - capacity.active);
    law->farthest = fmax(law->farthest, capacity.possible - capacity.active);
    fmpz_t coalitions;
    fmpz_init(coalitions);
    fmpz_bin_uiui(coalitions, model->experts, model->active);
    table_text(table, model->name);
    table_integer(table, (long long)model->experts);
    table_integer(table, (long long)model->active);
    table_integer(table, (long long)model->width);
    table_integer(table, (long long)model->dimension);
    table_integer(table, (long long)model->shared);
    table_real(table, log10_fmpz(coalitions));
    table_real(table, capacity.printed);
    table_real(table, capacity.possible);
    table_real(table, capacity.active);
    table_real(table, capacity.all);
    table_real(table, whole.value);
    table_real(table, whole.radius);
    table_real(table, cells_bound((double)model->experts, (double)model->active));
    table_real(table, split.value / whole.value);
    table_real(table, printed_gain(model));
    table_real(table, cap.value);
    table_real(table, ambient.value);
    fmpz_clear(coalitions);
}

static void write_models(experiment_t *run, const models_t *models, law_t *law) {
    static const table_column_t columns[] = {{"model", "1", NULL, ""},
                                             {"N", "experts", NULL, ""},
                                             {"k", "experts", NULL, ""},
                                             {"H", "units", NULL, NULL},
                                             {"d", "1", NULL, NULL},
                                             {"shared", "experts", NULL, NULL},
                                             {"coalitions", "log10", "%.6f", "%.1f"},
                                             {"printed", "log10 regions", "%.6f", "%.1f"},
                                             {"possible", "log10 regions at most", "%.6f", "%.1f"},
                                             {"dense_active", "log10 regions", "%.6f", "%.1f"},
                                             {"dense_all", "log10 regions", "%.6f", "%.1f"},
                                             {"cells", "on a great circle", "%.9f", "%.1f"},
                                             {"cells_radius", "proven", "%.1e", NULL},
                                             {"cells_bound", "on a great circle", "%.6f", NULL},
                                             {"gain", "cells, split in two", "%.6f", "%.2f"},
                                             {"printed_gain", "log10, split in two", "%.6f", "%.1f"},
                                             {"cap", "coalitions per R/|mu| on the flat", "%.4f", "%.0f"},
                                             {"cap_ambient", "coalitions per R/|mu|", "%.4f", NULL}};
    table_t *table =
        experiment_table(run, "", "what the true statements and the printed formulas say of published models",
                         columns, COUNT(columns), models->count);
    for (size_t i = 0; i < models->count; i++)
        write_model(run, table, &models->list[i], law);
}

// Whether some router with biases reaches all coalitions in R^d (the law of section "Which coalitions can be reached").
static bool reaches_all(const model_t *model, ulong d) {
    const ulong rest = model->experts - model->active, fewer = model->active < rest ? model->active : rest;
    return model->experts <= d + 2 || fewer <= (d + 1) / 2;
}

static void state_reach(experiment_t *run, const models_t *models) {
    int ambient = 0, flat = 0;
    for (size_t i = 0; i < models->count; i++) {
        ambient += reaches_all(&models->list[i], models->list[i].dimension);
        flat += reaches_all(&models->list[i], DIMENSION);
    }
    experiment_macro_integer(run, "ReachAmbient", ambient);
    experiment_macro_integer(run, "ReachFlat", flat);
}

static void check_models(experiment_t *run) {
    models_t models;
    law_t law = {.least = INFINITY, .least_filled = INFINITY, .closest = INFINITY};
    fault_t fault = {0};
    models_read(experiment_data(run, "architectures.csv"), &models, &fault);
    experiment_accept(run, &fault);
    write_models(run, &models, &law);
    state_reach(run, &models);
    experiment_check(run, CLAIM, "inequalities that fail for published models", law.violations, EQUAL, 0, 0);
    experiment_macro_integer(run, "Models", (long long)models.count);
    experiment_macro_integer(run, "Near", law.near);
    experiment_macro(run, "LeastDecades", "%.1f", law.closest);
    experiment_macro(run, "MostDecades", "%.1f", law.farthest);
    experiment_macro(run, "LeastGain", "%.3f", law.least);
    experiment_macro(run, "MostGain", "%.3f", law.most);
    experiment_macro(run, "LeastFilled", "%.2f", law.least_filled);
    models_free(&models);
}

static void run_architects(experiment_t *run) {
    state_parameters(run);
    check_grid(run);
    check_limit(run);
    check_models(run);
    experiment_claim(run, CLAIM, VERDICT_HOLDS, METHOD_CERTIFIED, "architects.csv; proof in the section");
    flint_cleanup();
}

int main(int argc, char **argv) {
    static const experiment_plan_t plan = {
        .name = "architects",
        .brief = "what N, k, H, granularity and a router bias buy, for published models",
        .seed = 16,
        .run = run_architects};
    return experiment_main(&plan, argc, argv);
}
