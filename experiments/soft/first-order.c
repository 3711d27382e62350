// SPDX-License-Identifier: GPL-3.0-or-later
// The sharp first-order law of the soft-hard gap, for two experts and a curved interface.
//
// CLAIM (ours; it sharpens Corollary 4.4 of Soft-to-Hard Routing)
//   soft/law-first-order  as tau -> 0, with S = a_1 - a_2, D = f1 - f2 and the traces mu_+, mu_- of E[Y|X] at S = 0,
//       (L_tau - L_0)/tau -> int over {S = 0} of {2 ln 2 D [(mu_+ - f1) - (mu_- - f2)] + (2 ln 2 - 1) D^2} p / |grad S|
//
// DERIVATION. With J = mu_+ - mu_- the bracket is J - D, so the integrand is 2 ln 2 D J - D^2: only the jump of the target
// enters. Pointwise the soft risk exceeds the hard one by +-D (2 mu - f1 - f2) g - D^2 g (1 - g), g = sigma(-|S|/tau);
// over the level sets of S, with Q_+-(t) and B(t) of routing/first_order.h,
//     L_tau - L_0 = int_0^inf sigma(-t/tau) [Q_+(t) - Q_-(-t)] dt - int_R sigma(t/tau) sigma(-t/tau) B(t) dt.
// The substitution t = tau u and int sigma(-u) = ln 2, int sigma(u) sigma(-u) = 1 give the constant; Taylor's formula with
// int u sigma(-u) = pi^2/12, int u^2 sigma(-u) = 3 zeta(3)/2 and int u^2 sigma(u) sigma(-u) = pi^2/3 the next term and
//     |(L_tau - L_0)/tau - c_1 - c_2 tau| <= tau^2 [3/4 zeta(3) (sup |Q_+''| + sup |Q_-''|) + pi^2/6 sup |B''|],
// c_2 = pi^2/12 (Q_+' + Q_-')(0), up to what lies beyond the layer where the suprema are taken, exp(-T/tau).
#include "io/experiment.h"
#include "number/ball.h"
#include "routing/first_order.h"
#include "stat/extrapolate.h"
#include "stat/fit.h"
#include "stat/quadrature.h"

#include <gsl/gsl_chebyshev.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_sf_zeta.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>

static const char CLAIM[] = "soft/law-first-order";

// Parameters, all without unit.
enum { FAMILIES = 1350, QUICK_FAMILIES = 27 }; // random families, a multiple of N_KINDS
enum {
    QUICK_STEP = 13
}; // of the first N_KINDS families by three roads; one of each interface, law and target
enum { N_TAUS = EXTRAPOLATE_VALUES, N_CURVES = 3, CURVE_POINTS = 17, QUICK_CURVE_POINTS = 2, N_FITTED = 3 };
static const double TAUS[N_TAUS] = {0.016, 0.008, 0.004};
static const double LAYER = 0.48;     // T: profiles are interpolated for |S| <= T
static const double SAMPLE_TAU = 0.1; // of the comparison of three roads
static const double NOISE = 0.3;      // standard deviation of Y around mu in a sample
static const uint64_t SAMPLES = 400000, QUICK_SAMPLES = 50000;
static const double LEVEL_TOLERANCE = 1e-12; // of an integral over a level set
static const double MAX_Z = 4;

// ---- Random families: interface, input law, experts, target ----

typedef enum input_law { GAUSSIAN, MIXTURE, SECANT, N_LAWS } input_law_t;
typedef enum target_kind { REALISABLE, CONTINUOUS, JUMPING, N_TARGETS } target_kind_t;
enum { N_INTERFACES = 3, N_KINDS = N_INTERFACES * N_LAWS * N_TARGETS };
static const char *const INTERFACES[] = {"line", "circle", "cubic"},
                         *const LAWS[] = {"Gaussian", "mixture", "secant"},
                         *const TARGETS[] = {"realisable", "continuous", "jumping"};

// c_0 x_0 + c_1 x_1 + c_2 + a sin(k . x + b)
typedef struct wave {
    double c[3], amplitude, k[2], phase;
} wave_t;

typedef struct family {
    interface_t interface;
    input_law_t law;
    target_kind_t kind;
    double centre[2][2], width[2]; // of the Gaussians
    wave_t expert[2], target[2];
    first_order_t problem;
} family_t;

static double wave_value(const wave_t *wave, const double x[2]) {
    return wave->c[0] * x[0] + wave->c[1] * x[1] + wave->c[2] +
           wave->amplitude * sin(wave->k[0] * x[0] + wave->k[1] * x[1] + wave->phase);
}

static double first_expert(const double x[2], const void *context) {
    return wave_value(&((const family_t *)context)->expert[0], x);
}
static double second_expert(const double x[2], const void *context) {
    return wave_value(&((const family_t *)context)->expert[1], x);
}
static double target_above(const double x[2], const void *context) {
    return wave_value(&((const family_t *)context)->target[0], x);
}
static double target_below(const double x[2], const void *context) {
    return wave_value(&((const family_t *)context)->target[1], x);
}

// N(m, s^2 I), the mean of two of them, or independent coordinates of density sech(pi x / 2) / 2.
static double density(const double x[2], const void *context) {
    const family_t *family = context;
    if (family->law == SECANT)
        return 0.25 / (cosh(M_PI_2 * x[0]) * cosh(M_PI_2 * x[1]));
    double sum = 0;
    const int parts = family->law == MIXTURE ? 2 : 1;
    for (int i = 0; i < parts; i++) {
        const double s = family->width[i], *m = family->centre[i];
        sum += exp(-(gsl_pow_2(x[0] - m[0]) + gsl_pow_2(x[1] - m[1])) / (2 * s * s)) / (2 * M_PI * s * s);
    }
    return sum / parts;
}

static interface_t draw_interface(stream_t *stream, interface_kind_t kind) {
    const double slope = stream_between(stream, 1.5, 3), turn = stream_between(stream, -M_PI, M_PI);
    const double a = stream_between(stream, -1, 1), b = stream_between(stream, -1, 1),
                 c = stream_between(stream, 0, 1);
    switch (kind) {
    case INTERFACE_LINE:
        return (interface_t){kind, slope, {cos(turn), sin(turn), a}};
    case INTERFACE_CIRCLE: // slope r / 2 is above LAYER
        return (interface_t){kind, slope, {0.6 * a, 0.6 * b, 0.9 + 0.9 * c}};
    case INTERFACE_CUBIC:
    default:
        return (interface_t){kind, slope, {0.4 * a, b, c - 0.5}};
    }
}

static wave_t draw_wave(stream_t *stream) {
    double n[7];
    stream_normals(stream, n, 7);
    return (wave_t){{0.7 * n[0], 0.7 * n[1], n[2]}, 0.6 * n[3], {n[4], n[5]}, 3 * n[6]};
}

// Hands its functions to the library.
static void connect(family_t *family) {
    family->problem = (first_order_t){.interface = &family->interface,
                                      .expert = {first_expert, second_expert},
                                      .target = {target_above, target_below},
                                      .density = density,
                                      .context = family,
                                      .reach = family->law == SECANT ? 24 : 11};
}

static void draw_family(experiment_t *run, uint32_t number, family_t *family) {
    stream_t stream = stream_at(experiment_seed(run), stream_experiment("first-order.families"), number);
    *family = (family_t){.interface = draw_interface(&stream, (interface_kind_t)(number % N_INTERFACES)),
                         .law = (input_law_t)(number / N_INTERFACES % N_LAWS),
                         .kind = (target_kind_t)(number / (N_INTERFACES * N_LAWS) % N_TARGETS)};
    for (int i = 0; i < 2; i++) {
        family->width[i] = stream_between(&stream, 0.7, 1.2);
        family->centre[i][0] = stream_between(&stream, -1, 1);
        family->centre[i][1] = stream_between(&stream, -1, 1);
        family->expert[i] = draw_wave(&stream);
        family->target[i] = family->kind == REALISABLE ? family->expert[i] : draw_wave(&stream);
    }
    if (family->kind == CONTINUOUS)
        family->target[1] = family->target[0];
    connect(family);
}

// ---- The constants of the gate ----

static void check_moments(experiment_t *run) {
    static const table_column_t columns[] = {{"power", "1", NULL, ""},
                                             {"gates", "1", NULL, ""},
                                             {"closed", "1", "%.15f", "%.12f"},
                                             {"certified", "1", "%.15f", "%.12f"},
                                             {"radius", "1", "%.0e", "%.0e"}};
    table_t *table = experiment_table(
        run, "moments", "int u^power sigma(-u)^gates du over u > 0: closed form and ball", columns, 5, 6);
    for (int gates = 1; gates <= 2; gates++)
        for (int power = 0; power <= 2; power++) {
            const double closed = first_order_moment(power, gates);
            ball_t ball;
            experiment_require(run, first_order_moment_certified(power, gates, &ball), "moment of the gate");
            experiment_check(run, CLAIM, "moment of the gate: closed form against ball",
                             fabs(closed - ball.value), AT_MOST, 1e-15, ball.radius);
            table_integer(table, power);
            table_integer(table, gates);
            table_real(table, closed);
            table_real(table, ball.value);
            table_real(table, 1e-15); // rounded up: the digits of a radius mean nothing
        }
}

// ---- The law over random families ----

typedef struct profile {
    experiment_t *run;
    const first_order_t *problem;
    first_order_profile_t kind;
} profile_t;

static double profile_value(double level, void *context) {
    const profile_t *profile = context;
    gsl_sf_result value;
    experiment_require(profile->run,
                       first_order_profile(profile->problem, profile->kind, level, LEVEL_TOLERANCE, &value),
                       "profile");
    return value.val;
}

// The three profiles over the layer as Chebyshev series: Q_+ for t in [0, T], Q_- in [-T, 0], B in [-T, T].
enum { N_PROFILES = 3 };
static const size_t ORDERS[N_PROFILES] = {10, 10, 14};
typedef struct layer {
    gsl_cheb_series *profile[N_PROFILES];
    double tau;
} layer_t;

static void interpolate(experiment_t *run, const first_order_t *problem, layer_t *layer) {
    static const double low[N_PROFILES] = {0, -1, -1}, high[N_PROFILES] = {1, 0, 1};
    for (int i = 0; i < N_PROFILES; i++) {
        profile_t profile = {run, problem, (first_order_profile_t)i};
        const gsl_function f = {profile_value, &profile};
        experiment_require(run, gsl_cheb_init(layer->profile[i], &f, LAYER * low[i], LAYER * high[i]),
                           "series");
    }
}

// A bound on |second derivative|: the sum of the coefficients, since |T_n| <= 1.
static double second_derivative_bound(experiment_t *run, const gsl_cheb_series *series) {
    gsl_cheb_series *once = experiment_memory(run, gsl_cheb_alloc(series->order));
    gsl_cheb_series *twice = experiment_memory(run, gsl_cheb_alloc(series->order));
    gsl_cheb_calc_deriv(once, series);
    gsl_cheb_calc_deriv(twice, once);
    double sum = fabs(twice->c[0]) / 2;
    for (size_t n = 1; n <= series->order; n++)
        sum += fabs(twice->c[n]);
    gsl_cheb_free(once);
    gsl_cheb_free(twice);
    return sum;
}

//[core
// The limit of (L_tau - L_0)/tau as claimed, an integral over {S = 0} against dH / |grad S|.
static double claimed_integrand(const double x[2], const void *context) {
    const double f1 = first_expert(x, context), f2 = second_expert(x, context), contrast = f1 - f2;
    const double residuals = (target_above(x, context) - f1) - (target_below(x, context) - f2);
    const double bracket = 2 * M_LN2 * contrast * residuals + (2 * M_LN2 - 1) * contrast * contrast;
    return bracket * density(x, context);
}

// L_tau - L_0, an integral over all levels t > 0: both sides together.
static double gap_integrand(double t, const void *context) {
    const layer_t *layer = context;
    const double gate = 1 / (1 + exp(t / layer->tau));
    const double above = gsl_cheb_eval(layer->profile[FIRST_ORDER_ABOVE], t);
    const double below = gsl_cheb_eval(layer->profile[FIRST_ORDER_BELOW], -t);
    const gsl_cheb_series *contrast = layer->profile[FIRST_ORDER_CONTRAST];
    return gate * (above - below) -
           gate * (1 - gate) * (gsl_cheb_eval(contrast, t) + gsl_cheb_eval(contrast, -t));
}
//]core

static double layer_gap(experiment_t *run, layer_t *layer, double tau, double *error) {
    const double points[] = {0, 8 * tau, 30 * tau};
    gsl_sf_result gap;
    layer->tau = tau;
    experiment_require(run, quadrature_integrate(gap_integrand, layer, points, 3, 1e-13, &gap), "gap");
    *error = gap.err + LEVEL_TOLERANCE; // of the profiles
    return gap.val;
}

// The remainder of both terms of the law at each temperature over its bound; 1 would be reached.
static double remainder_ratio(experiment_t *run, layer_t *layer, double constant, double second,
                              double ratio[N_TAUS]) {
    double bound = M_PI * M_PI / 6 * second_derivative_bound(run, layer->profile[FIRST_ORDER_CONTRAST]);
    for (int side = 0; side < 2; side++)
        bound += 0.75 * gsl_sf_zeta_int(3) * second_derivative_bound(run, layer->profile[side]);
    double worst = 0, error;
    for (int i = 0; i < N_TAUS; i++) {
        const double tau = TAUS[i];
        ratio[i] = layer_gap(run, layer, tau, &error) / tau;
        const double remainder = fabs(ratio[i] - constant - second * tau);
        worst = fmax(worst, (remainder + error / tau) / (bound * tau * tau));
    }
    return worst;
}

// The constant, the coefficient of tau^2 and the contrast B(0) of a family.
typedef struct terms {
    double claimed, constant, second, contrast;
} terms_t;

static terms_t compute_terms(experiment_t *run, const family_t *family) {
    gsl_sf_result claimed, constant, second, contrast;
    experiment_require(run,
                       interface_level_integral(&family->interface, 0, claimed_integrand, family,
                                                family->problem.reach, LEVEL_TOLERANCE, &claimed),
                       "claimed constant");
    experiment_require(run, first_order_constant(&family->problem, LEVEL_TOLERANCE, &constant), "constant");
    experiment_require(run, first_order_second(&family->problem, 0.05, LEVEL_TOLERANCE, &second),
                       "second order");
    experiment_require(
        run, first_order_profile(&family->problem, FIRST_ORDER_CONTRAST, 0, LEVEL_TOLERANCE, &contrast),
        "contrast");
    return (terms_t){claimed.val, constant.val, second.val, contrast.val};
}

// What all families of one interface and one kind of target give together.
typedef struct summary {
    uint32_t families;
    double least, most;  // constants over B(0)
    double remainder;    // of both terms, over its bound
    double extrapolated; // |limit of the ratios - constant|, over B(0) + |c_2|
    double sign;         // |constant - what realisable and continuous targets give|, over B(0)
    double forms;        // |constant as claimed - constant of the library|, over B(0)
} summary_t;

enum { N_SUMMARIES = N_INTERFACES * N_TARGETS };

static void add_to_summary(summary_t *summary, const family_t *family, const terms_t *terms, double remainder,
                           double limit) {
    const double constant = terms->claimed / terms->contrast, scale = terms->contrast + fabs(terms->second);
    const bool first = summary->families++ == 0;
    summary->least = first ? constant : fmin(summary->least, constant);
    summary->most = first ? constant : fmax(summary->most, constant);
    summary->remainder = fmax(summary->remainder, remainder);
    summary->extrapolated = fmax(summary->extrapolated, fabs(limit - terms->claimed) / scale);
    if (family->kind != JUMPING)
        summary->sign =
            fmax(summary->sign, fabs(constant - (family->kind == REALISABLE ? 2 * M_LN2 - 1 : -1)));
    summary->forms = fmax(summary->forms, fabs(constant - terms->constant / terms->contrast));
}

static void write_summaries(experiment_t *run, const summary_t *summaries) {
    static const table_column_t columns[] = {{"interface", "1", NULL, ""},
                                             {"target", "1", NULL, ""},
                                             {"families", "1", NULL, ""},
                                             {"least_constant", "1", "%.4f", "%.2f"},
                                             {"largest_constant", "1", "%.4f", "%.2f"},
                                             {"worst_remainder", "1", "%.4f", "%.2f"},
                                             {"worst_extrapolated", "1", "%.0e", "%.0e"}};
    table_t *table = experiment_table(
        run, "",
        "constants over B(0); remainder over its bound; extrapolated ratio minus constant over B(0) + |c_2|",
        columns, 7, N_SUMMARIES);
    double extrapolated = 0;
    for (int i = 0; i < N_SUMMARIES; i++) {
        const summary_t *summary = &summaries[i];
        experiment_check(run, CLAIM, "largest remainder of both terms over its bound", summary->remainder,
                         AT_MOST, 1, 0);
        experiment_check(run, CLAIM, "extrapolated ratio minus constant over B(0) + |c_2|",
                         summary->extrapolated, AT_MOST, 1e-4, 0);
        experiment_check(run, CLAIM, "constant over B(0): 2 ln 2 - 1 realisable and -1 continuous",
                         summary->sign, AT_MOST, 1e-10, 0);
        experiment_check(run, CLAIM, "constant as claimed minus 2 ln 2 D J - D^2 over B(0)", summary->forms,
                         AT_MOST, 1e-10, 0);
        table_text(table, INTERFACES[i % N_INTERFACES]);
        table_text(table, TARGETS[i / N_INTERFACES]);
        table_integer(table, summary->families);
        table_real(table, summary->least);
        table_real(table, summary->most);
        table_real(table, summary->remainder);
        table_real(table, extrapolate_magnitude(summary->extrapolated));
        extrapolated = fmax(extrapolated, summary->extrapolated);
    }
    experiment_macro(run, "WorstLimit", "\\num{%.0e}", extrapolate_magnitude(extrapolated));
}

// The worst family in full: its interface and terms for the text, every coefficient in a table.
static void write_worst(experiment_t *run, uint32_t number, double remainder) {
    static const table_column_t columns[] = {
        {"function", "1", NULL, ""},  {"c0", "1", "%.17g", "%.4f"},        {"c1", "1", "%.17g", "%.4f"},
        {"c2", "1", "%.17g", "%.4f"}, {"amplitude", "1", "%.17g", "%.4f"}, {"k0", "1", "%.17g", "%.4f"},
        {"k1", "1", "%.17g", "%.4f"}, {"phase", "1", "%.17g", "%.4f"}};
    static const char *const names[] = {"f1", "f2", "mu+", "mu-"};
    static const char *const shapes[] = {"WorstShapeOne", "WorstShapeTwo", "WorstShapeThree"};
    family_t family;
    draw_family(run, number, &family);
    const terms_t terms = compute_terms(run, &family);
    experiment_macro_integer(run, "WorstFamily", number);
    experiment_macro_text(run, "WorstInterface", INTERFACES[family.interface.kind]);
    experiment_macro_text(run, "WorstInputs", LAWS[family.law]);
    experiment_macro_text(run, "WorstTarget", TARGETS[family.kind]);
    experiment_macro(run, "WorstSlope", "%.4f", family.interface.slope);
    for (int i = 0; i < 3; i++)
        experiment_macro(run, shapes[i], "%.4f", family.interface.shape[i]);
    experiment_macro(run, "WorstConstant", "%.5f", terms.claimed);
    experiment_macro(run, "WorstSecond", "%.5f", terms.second);
    experiment_macro(run, "WorstRemainder", "%.3f", remainder);
    table_t *table = experiment_table(
        run, "worst", "the family nearest to its bound: c0 x0 + c1 x1 + c2 + amplitude sin(k.x + phase)",
        columns, 8, 4);
    for (int i = 0; i < 4; i++) {
        const wave_t *wave = i < 2 ? &family.expert[i] : &family.target[i - 2];
        const double values[] = {wave->c[0], wave->c[1], wave->c[2], wave->amplitude,
                                 wave->k[0], wave->k[1], wave->phase};
        table_text(table, names[i]);
        for (int j = 0; j < 7; j++)
            table_real(table, values[j]);
    }
}

static void check_families(experiment_t *run) {
    const uint32_t families = experiment_quick(run) ? QUICK_FAMILIES : FAMILIES;
    summary_t summaries[N_SUMMARIES] = {0};
    layer_t layer;
    for (int i = 0; i < N_PROFILES; i++)
        layer.profile[i] = experiment_memory(run, gsl_cheb_alloc(ORDERS[i]));
    double worst = -1, ratio[N_TAUS];
    uint32_t worst_number = 0;
    for (uint32_t number = 0; number < families; number++) {
        family_t family;
        draw_family(run, number, &family);
        const terms_t terms = compute_terms(run, &family);
        interpolate(run, &family.problem, &layer);
        const double remainder = remainder_ratio(run, &layer, terms.claimed, terms.second, ratio);
        const double limit = extrapolate_limit(ratio);
        add_to_summary(&summaries[(int)family.interface.kind + N_INTERFACES * (int)family.kind], &family,
                       &terms, remainder, limit);
        if (remainder > worst) {
            worst = remainder;
            worst_number = number;
        }
        experiment_progress(run, number + 1, families);
    }
    for (int i = 0; i < N_PROFILES; i++)
        gsl_cheb_free(layer.profile[i]);
    write_summaries(run, summaries);
    write_worst(run, worst_number, worst);
    experiment_macro_integer(run, "Families", families);
}

// ---- The gap by three roads ----

// Over level sets (first_order_gap); in Cartesian coordinates from the definition of both risks; sampled.
typedef struct risk {
    experiment_t *run;
    const family_t *family;
    double tau, x;
} risk_t;

static double soft_minus_hard(const family_t *family, double tau, const double x[2], double y) {
    const double score = interface_score(&family->interface, x), gate = 1 / (1 + exp(-score / tau));
    const double f1 = wave_value(&family->expert[0], x), f2 = wave_value(&family->expert[1], x);
    return gsl_pow_2(y - gate * f1 - (1 - gate) * f2) - gsl_pow_2(y - (score > 0 ? f1 : f2));
}

static double mean_target(const family_t *family, const double x[2]) {
    return wave_value(&family->target[interface_score(&family->interface, x) > 0 ? 0 : 1], x);
}

static double vertical_integrand(double y, const void *context) {
    const risk_t *risk = context;
    const double x[2] = {risk->x, y};
    return soft_minus_hard(risk->family, risk->tau, x, mean_target(risk->family, x)) *
           density(x, risk->family);
}

// Where the interface meets the vertical line at x, ascending: none, one or two places.
static size_t vertical_crossings(const interface_t *interface, double x, double *y) {
    const double *shape = interface->shape, square = gsl_pow_2(shape[2]) - gsl_pow_2(x - shape[0]);
    switch (interface->kind) {
    case INTERFACE_LINE:
        y[0] = (shape[2] - shape[0] * x) / shape[1];
        return 1;
    case INTERFACE_CIRCLE:
        y[0] = shape[1] - sqrt(fmax(square, 0));
        y[1] = shape[1] + sqrt(fmax(square, 0));
        return square > 0 ? 2 : 0;
    case INTERFACE_CUBIC:
    default:
        y[0] = ((shape[0] * x * x + shape[1]) * x) + shape[2];
        return 1;
    }
}

static double horizontal_integrand(double x, const void *context) {
    risk_t risk = *(const risk_t *)context;
    const double reach = risk.family->problem.reach;
    double crossing[2], points[4] = {-reach};
    size_t count = 1;
    risk.x = x;
    const size_t crossings = vertical_crossings(&risk.family->interface, x, crossing);
    for (size_t i = 0; i < crossings; i++)
        if (fabs(crossing[i]) < reach)
            points[count++] = crossing[i];
    points[count++] = reach;
    gsl_sf_result value;
    experiment_require(risk.run, quadrature_integrate(vertical_integrand, &risk, points, count, 1e-9, &value),
                       "vertical integral");
    return value.val;
}

static gsl_sf_result cartesian_gap(experiment_t *run, const family_t *family, double tau) {
    const risk_t risk = {run, family, tau, 0};
    const double reach = family->problem.reach, *shape = family->interface.shape;
    const bool round = family->interface.kind == INTERFACE_CIRCLE;
    const double points[] = {-reach, round ? shape[0] - shape[2] : 0, round ? shape[0] + shape[2] : 0, reach};
    gsl_sf_result value;
    experiment_require(run, quadrature_integrate(horizontal_integrand, &risk, points, 4, 2e-8, &value),
                       "Cartesian gap");
    return value;
}

static int sample_risks(const montecarlo_block_t *block, const void *context) {
    const family_t *family = context;
    double *normals = block->work, *uniforms = block->work + 3 * block->count;
    stream_normals(block->stream, normals, 3 * block->count);
    stream_uniforms(block->stream, uniforms, 2 * block->count);
    for (size_t i = 0; i < block->count; i++) {
        double x[2];
        const int part = family->law == MIXTURE && uniforms[2 * i] < 0.5;
        for (int j = 0; j < 2; j++)
            x[j] = family->law == SECANT
                       ? log(tan(M_PI_2 * uniforms[2 * i + (size_t)j])) / M_PI_2
                       : family->centre[part][j] + family->width[part] * normals[3 * i + (size_t)j];
        const double y = mean_target(family, x) + NOISE * normals[3 * i + 2];
        block->samples[i] = soft_minus_hard(family, SAMPLE_TAU, x, y);
    }
    return GSL_SUCCESS;
}

static gsl_sf_result sampled_gap(experiment_t *run, const family_t *family, uint32_t number) {
    char part[64];
    snprintf(part, sizeof part, "first-order.sample.%u", number);
    moments_t *moments = experiment_montecarlo(run, part, experiment_quick(run) ? QUICK_SAMPLES : SAMPLES, 1,
                                               5 * MONTECARLO_BLOCK, sample_risks, family);
    const gsl_sf_result mean = moments_estimate(moments, 0);
    moments_free(moments);
    return mean;
}

static void check_roads(experiment_t *run) {
    static const table_column_t columns[] = {{"interface", "1", NULL, ""},
                                             {"inputs", "1", NULL, ""},
                                             {"target", "1", NULL, ""},
                                             {"gap", "1", "%.9f", "%.5f"},
                                             {"cartesian_gap", "1", "%.7f", "%.5f"},
                                             {"sampled_gap", "1", "%.6f", "%.4f"},
                                             {"sampled_error", "1", "%.1e", "%.1e"},
                                             {"z", "1", "%.2f", "%.1f"}};
    const uint32_t step = experiment_quick(run) ? QUICK_STEP : 1, rows = (N_KINDS - 1) / step + 1;
    table_t *table = experiment_table(
        run, "roads", "L_tau - L_0 at tau = 0.1: level sets; Cartesian; sampled", columns, 8, rows);
    double worst_deviation = 0, worst_z = 0;
    for (uint32_t number = 0; number < N_KINDS; number += step) {
        family_t family;
        draw_family(run, number, &family);
        gsl_sf_result gap;
        experiment_require(run, first_order_gap(&family.problem, SAMPLE_TAU, 1e-9, &gap),
                           "gap over level sets");
        const gsl_sf_result cartesian = cartesian_gap(run, &family, SAMPLE_TAU),
                            sampled = sampled_gap(run, &family, number);
        const double z = (sampled.val - gap.val) / sampled.err;
        experiment_check(run, CLAIM, "gap over level sets minus gap in Cartesian coordinates",
                         fabs(gap.val - cartesian.val), AT_MOST, 1e-7, gap.err + cartesian.err);
        experiment_check(run, CLAIM, "z of a sampled gap", fabs(z), AT_MOST, MAX_Z, 0);
        worst_deviation = fmax(worst_deviation, fabs(gap.val - cartesian.val) + gap.err + cartesian.err);
        worst_z = fmax(worst_z, fabs(z));
        table_text(table, INTERFACES[family.interface.kind]);
        table_text(table, LAWS[family.law]);
        table_text(table, TARGETS[family.kind]);
        table_real(table, gap.val);
        table_real(table, cartesian.val);
        table_real(table, sampled.val);
        table_real(table, sampled.err);
        table_real(table, z);
    }
    experiment_macro(run, "RoadsDeviation", "\\num{%.0e}", extrapolate_magnitude(worst_deviation));
    experiment_macro(run, "RoadsZ", "%.1f", worst_z);
}

// ---- Three cases over the temperature ----

static const family_t SHOWN[N_CURVES] = {
    {.interface = {INTERFACE_LINE, 2, {0.6, 0.8, 0.3}},
     .law = GAUSSIAN,
     .kind = REALISABLE,
     .width = {1, 1},
     .expert = {{.c = {0.5, -0.3, 0.9}}, {.c = {-0.2, 0.4, -0.6}, .amplitude = 0.4, .k = {1, 1}}},
     .target = {{.c = {0.5, -0.3, 0.9}}, {.c = {-0.2, 0.4, -0.6}, .amplitude = 0.4, .k = {1, 1}}}},
    {.interface = {INTERFACE_CIRCLE, 2, {0.2, -0.1, 1.3}},
     .law = MIXTURE,
     .kind = JUMPING,
     .centre = {{-0.5, 0}, {0.9, 0.4}},
     .width = {0.8, 1.1},
     .expert = {{.c = {0.2, 0.3, 0.5}}, {.c = {0.1, -0.4, -0.8}}},
     .target = {{.c = {0.6, 0.1, 0.7}}, {.c = {0.3, -0.2, -0.35}, .amplitude = 0.6, .k = {1, -1}}}},
    {.interface = {INTERFACE_CUBIC, 2, {0.3, -0.6, 0.1}},
     .law = SECANT,
     .kind = CONTINUOUS,
     .expert = {{.c = {0.2, 0.1, 0.5}}, {.c = {0.1, -0.1, -0.4}}},
     .target = {{.c = {0.2, 0.5, 0.1}, .amplitude = 0.2, .k = {1, 1}},
                {.c = {0.2, 0.5, 0.1}, .amplitude = 0.2, .k = {1, 1}}}}};
static const char *const SHOWN_NAMES[N_CURVES] = {"Realisable", "Jumping", "Continuous"};

static double shown_gap(experiment_t *run, const family_t *family, double tau) {
    gsl_sf_result gap;
    experiment_require(run, first_order_gap(&family->problem, tau, 1e-9 * tau, &gap), "gap of a shown case");
    return gap.val;
}

// The remainder after one and after two terms falls with its order.
static void check_orders(experiment_t *run, const family_t *family, const terms_t *terms, const char *name) {
    double tau[N_FITTED], one[N_FITTED], two[N_FITTED];
    for (int i = 0; i < N_FITTED; i++) {
        tau[i] = 0.004 * pow(2, 0.5 * i);
        const double gap = shown_gap(run, family, tau[i]);
        one[i] = fabs(gap - terms->claimed * tau[i]);
        two[i] = fabs(gap - terms->claimed * tau[i] - terms->second * gsl_pow_2(tau[i]));
    }
    const double first = fit_log_slope(tau, one, N_FITTED), second = fit_log_slope(tau, two, N_FITTED);
    char macro[64];
    snprintf(macro, sizeof macro, "%sOrderOne", name);
    experiment_macro(run, macro, "%.2f", first);
    snprintf(macro, sizeof macro, "%sOrderTwo", name);
    experiment_macro(run, macro, "%.2f", second);
    experiment_check(run, CLAIM, "fitted order of the remainder after one term minus the expected one",
                     fabs(first - (family->kind == REALISABLE ? 3 : 2)), AT_MOST, 0.1, 0);
    experiment_check(run, CLAIM, "fitted order of the remainder after two terms minus 3", fabs(second - 3),
                     AT_MOST, 0.1, 0);
}

static void write_curves(experiment_t *run) {
    static const table_column_t columns[] = {{"case", "1", NULL, NULL},
                                             {"tau", "1", "%.5f", NULL},
                                             {"ratio", "1", "%.7f", NULL},
                                             {"constant", "1", "%.7f", NULL},
                                             {"both_terms", "1", "%.7f", NULL}};
    const int points = experiment_quick(run) ? QUICK_CURVE_POINTS : CURVE_POINTS;
    table_t *table = experiment_table(run, "curves", "(L_tau - L_0)/tau: line, circle, cubic", columns, 5,
                                      (size_t)(N_CURVES * points));
    for (int c = 0; c < N_CURVES; c++) {
        family_t family = SHOWN[c];
        connect(&family);
        const terms_t terms = compute_terms(run, &family);
        check_orders(run, &family, &terms, SHOWN_NAMES[c]);
        experiment_macro(run, SHOWN_NAMES[c], "%.4f", terms.claimed);
        for (int i = 0; i < points; i++) {
            const double tau = 0.005 * pow(80, (double)i / (points - 1));
            table_integer(table, c);
            table_real(table, tau);
            table_real(table, shown_gap(run, &family, tau) / tau);
            table_real(table, terms.claimed);
            table_real(table, terms.claimed + terms.second * tau);
        }
    }
}

static void first_order(experiment_t *run) {
    experiment_macro(run, "Threshold", "%.4f", 1 / (2 * M_LN2));
    experiment_parameter(run, "SampleTau", "%.1f", SAMPLE_TAU, "1");
    char taus[64];
    snprintf(taus, sizeof taus, "%g, %g, %g", TAUS[0], TAUS[1], TAUS[2]);
    experiment_macro_text(run, "Taus", taus);
    experiment_macro(run, "Samples", "\\num{%.0f}",
                     (double)(experiment_quick(run) ? QUICK_SAMPLES : SAMPLES));
    check_moments(run);
    check_families(run);
    check_roads(run);
    write_curves(run);
    experiment_claim(run, CLAIM, VERDICT_HOLDS, METHOD_QUADRATURE, "first-order.csv");
}

int main(int argc, char **argv) {
    static const experiment_plan_t plan = {.name = "first-order",
                                           .brief =
                                               "the sharp first-order law of the soft-hard gap, two experts",
                                           .seed = 20260523,
                                           .run = first_order};
    return experiment_main(&plan, argc, argv);
}
