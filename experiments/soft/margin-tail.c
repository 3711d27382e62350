// SPDX-License-Identifier: GPL-3.0-or-later
// How fast the soft risk follows the hard one, by the law of the margin: bounds, their slack, and what is sharp.
//
// CLAIMS (Soft-to-Hard Routing, section 4.3; the laws are ours)
//   soft/cor-4.4            |L_tau - L_0| <= 4 B_f (B_Y+B_f) (K-1) (C_margin+1) tau for tau <= tau_0, regular router
//   soft/thm-4.5            |L_tau - L_0| <= 4 B_f (B_Y+B_f) (K-1) C_mt Gamma(1+alpha) tau^alpha
//   soft/law-uniform-bound  the least constant: 4 B_f C_mt (B_Y J_0 + B_f J_1), with the moments of gap_bound.h
//   soft/law-margin-tail    (L_tau - L_0)/tau^alpha -> Gamma(1+alpha) [2 eta(alpha) D (c_1 e_1 - c_2 e_2)
//                           + (eta(alpha) - eta(alpha-1)) D^2 (c_1 + c_2)], summed over the walls
//
// DERIVATION. Let p be the tail of the gates at x, f the winner and g the mean of the others by their gates. Then
// h_0 - h_tau = p (f - g) and
//     (Y - h_tau)^2 - (Y - h_0)^2 = p (f - g) (2 (Y - f) + p (f - g)),
// at most 4 B_f p (B_Y + B_f (1-p)) in size, which rises with p up to 1 - 1/K when B_Y >= (1 - 2/K) B_f. As
// p <= s(Delta/tau), s(v) = M exp(-v)/(1 + M exp(-v)), M = K-1, the mean is largest for the law P(Delta <= t) =
// min(1, C t^alpha), and 4 B_f C tau^alpha int alpha v^(alpha-1) s (B_Y + B_f (1-s)) dv bounds it. One winner with B_f,
// losers that tie with -B_f and Y = -B_Y attain every step. With s <= M exp(-v) the moments become M Gamma(1+alpha), the
// theorem's. The law at an interface is the same integral where two experts meet: p = sigma(-v),
//     p = sum (-1)^(n-1) exp(-nv),   p^2 = p - p(1-p),   p(1-p) = -p':  moments Gamma(1+alpha) eta(alpha), eta(alpha-1).
#include "io/experiment.h"
#include "routing/gap_bound.h"
#include "routing/line_mixture.h"
#include "routing/margin.h"
#include "routing/random_mixture.h"
#include "stat/fit.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_sf_gamma.h>
#include <math.h>
#include <stdio.h>

static const char *const COAREA = "soft/cor-4.4", *const UNIFORM = "soft/thm-4.5",
                         *const SHARP = "soft/law-uniform-bound", *const LOCAL = "soft/law-margin-tail";

// ---- Parameters, all without unit ----

enum { ALPHAS = 3, TEMPERATURES = 11 };
static const double ALPHA[ALPHAS] = {0.5, 1, 2};
static const double COLDEST = 1e-5;                     // temperatures from here to 1, two a decade
enum { FAMILIES = 1500, QUICK_FAMILIES = 48 };          // of each alpha, and of Corollary 4.4
enum { SAMPLES = 1000000, QUICK_SAMPLES = 20000 };      // Monte Carlo, of each alpha
enum { MAX_EXPERTS = 6 };                               // of a random family
static const double LEAST_DELTA = 0.01, MOST_DELTA = 1; // delta_0 of a regular router
static const double NEARLY = 1e-6;                      // what may be missing where a bound is attained
static const double MAX_Z = 4;                          // standard errors
static const double RULE_ERROR = 1e-9;                  // of line_mixture_gap, relative to a bound
static const double CUT = 20;                           // end of a certified power law, in temperatures
static const double LIMIT_TAU = 2e-4; // where limits are extrapolated from; the rest is of order tau^2 / 10
enum { COLDER = 4 };                  // temperatures of a regular router
enum { CONSTANT_EXPERTS = 5, CURVE_POINTS = 10 }; // tables of constants over K
static const size_t EXPERTS[CONSTANT_EXPERTS] = {2, 4, 8, 64, 1024};

static double temperature(int i) {
    return pow(10, log10(COLDEST) * (1 - i / (TEMPERATURES - 1.0)));
}

// ---- Random families ----

// Number i: every fourth is a fan, every fourth has constant experts, and all responses come in turn.
static line_mixture_t draw_family(const experiment_t *run, const char *name, uint32_t i, double alpha) {
    stream_t stream = stream_at(experiment_seed(run), stream_experiment(name), i);
    const random_mixture_shape_t shape = i % 4 == 0   ? RANDOM_MIXTURE_FAN
                                         : i % 4 == 1 ? RANDOM_MIXTURE_STEPS
                                                      : RANDOM_MIXTURE_WAVES;
    return random_mixture_power(&stream, shape, (line_mixture_response_t)(i / 4 % 3), MAX_EXPERTS, alpha);
}

static gap_bound_t problem_of(const line_mixture_t *m) {
    return (gap_bound_t){m->experts, m->response_size, m->expert_size, line_mixture_mass(m), m->alpha};
}

// ---- The bounds on random families ----

// The family and the temperature at which a bound has the least slack.
typedef struct worst {
    uint32_t number;
    double ratio, tau, gap, bound;
    line_mixture_t family;
} worst_t;

typedef enum { STATED, LEAST, REALISABLE, BOUNDS } bound_t;
static const char *const BOUND_NAMES[BOUNDS] = {"Theorem 4.5", "least", "least realisable"};
typedef int (*constant_t)(const gap_bound_t *problem, ball_t *constant);
static const constant_t CONSTANTS[BOUNDS] = {gap_bound_stated, gap_bound_sharp, gap_bound_realisable};

typedef struct tally {
    uint32_t number; // of the family
    worst_t worst[BOUNDS];
    double layer;  // largest E exp(-Delta/tau) over its bound
    double margin; // largest deviation of the top-two margin from s r
} tally_t;

// One family: its gap over the temperatures against the constants, and what goes into them.
static void test_family(experiment_t *run, const line_mixture_t *family, tally_t *tally) {
    const gap_bound_t problem = problem_of(family);
    ball_t constant[BOUNDS], layer;
    for (bound_t which = 0; which < BOUNDS; which++)
        experiment_require(run, CONSTANTS[which](&problem, &constant[which]), BOUND_NAMES[which]);
    experiment_require(run, gap_bound_layer(&problem, &layer), "gap_bound_layer");
    //[core
    for (int i = 0; i < TEMPERATURES; i++) {
        const double tau = temperature(i), power = pow(tau, family->alpha);
        const double gap = line_mixture_gap(family, tau);
        for (bound_t which = 0; which < BOUNDS; which++) {
            const double bound = constant[which].value * power, ratio = fabs(gap) / bound;
            if (which == REALISABLE && family->response != LINE_MIXTURE_REALISABLE)
                continue;
            if (ratio > tally->worst[which].ratio)
                tally->worst[which] = (worst_t){tally->number, ratio, tau, gap, bound, *family};
        }
        tally->layer = fmax(tally->layer, line_mixture_layer(family, tau) / (layer.value * power));
    }
    //]core
}

// The margin of a family at points of its walls, from the logits, against s r.
static void test_margin(const line_mixture_t *family, tally_t *tally) {
    for (size_t i = 0; i < family->walls; i++)
        for (int j = 1; j <= 4; j++) {
            const line_mixture_wall_t *wall = family->wall + i;
            const int right = wall->right >= 1 || j % 2 == 1;
            const double r = wall->reach * j / 4;
            double logits[LINE_MIXTURE_MAX_EXPERTS];
            line_mixture_logits(family, wall->place + (right ? r : -r), logits);
            const double margin = margin_winner(logits, family->experts) == wall->winner[right]
                                      ? margin_top_two(logits, family->experts)
                                      : INFINITY;
            tally->margin = fmax(tally->margin, fabs(margin - wall->steepness * r));
        }
}

static void tabulate_worst(table_t *table, const char *name, const worst_t *worst) {
    static const char *const responses[] = {"hard router", "free", "opposed"};
    const line_mixture_t *m = &worst->family;
    table_real(table, m->alpha);
    table_text(table, name);
    table_integer(table, worst->number);
    table_integer(table, (long long)m->experts);
    table_text(table, responses[m->response]);
    table_real(table, m->expert_size);
    table_real(table, m->response_size);
    table_real(table, line_mixture_mass(m));
    table_real(table, worst->tau);
    table_real(table, fabs(worst->gap));
    table_real(table, worst->bound);
    table_real(table, worst->ratio);
}

static void test_families(experiment_t *run) {
    static const table_column_t columns[] = {
        {"alpha", "1", "%.1f", ""},         {"bound", "", NULL, ""},
        {"number", "1", NULL, ""},          {"experts", "1", NULL, ""},
        {"response", "", NULL, ""},         {"expert_size", "1", "%.4f", ""},
        {"response_size", "1", "%.4f", ""}, {"margin_mass", "1", "%.4f", ""},
        {"tau", "1", "%.2e", ""},           {"gap", "1", "%.4e", ""},
        {"bound_value", "1", "%.4e", ""},   {"ratio", "1", "%.6f", "%.4f"}};
    table_t *table = experiment_table(run, "worst", "random families: where the slack of a bound is least",
                                      columns, 12, ALPHAS * BOUNDS);
    const uint32_t families = experiment_quick(run) ? QUICK_FAMILIES : FAMILIES;
    for (int a = 0; a < ALPHAS; a++) {
        tally_t tally = {0};
        for (uint32_t i = 0; i < families; i++) {
            const line_mixture_t family = draw_family(run, "margin-tail.families", i, ALPHA[a]);
            tally.number = i;
            test_family(run, &family, &tally);
            test_margin(&family, &tally);
            experiment_progress(run, (uint64_t)a * families + i, (uint64_t)ALPHAS * families);
        }
        for (bound_t which = 0; which < BOUNDS; which++) {
            // The least constants are attained, up to the error of the rule; check_attained decides them in balls.
            experiment_check(run, which == STATED ? UNIFORM : SHARP,
                             "random families: largest gap over the bound", tally.worst[which].ratio, AT_MOST,
                             which == STATED ? 1 : 1 + RULE_ERROR, 0);
            tabulate_worst(table, BOUND_NAMES[which], &tally.worst[which]);
        }
        experiment_check(run, UNIFORM, "random families: largest E exp(-Delta/tau) over its bound",
                         tally.layer, AT_MOST, 1 + 1e-13, 0);
        experiment_check(run, UNIFORM, "random families: margin from the logits against s r", tally.margin,
                         AT_MOST, 1e-13, 0);
        // The fans with a large enough B_Y attain the least constants.
        experiment_check(run, SHARP, "random families: the least constant is approached",
                         tally.worst[LEAST].ratio, AT_LEAST, 1 - NEARLY, RULE_ERROR);
        experiment_check(run, SHARP, "random families: the least constant of the realisable is approached",
                         tally.worst[REALISABLE].ratio, AT_LEAST, 1 - NEARLY, RULE_ERROR);
    }
    experiment_macro_integer(run, "Families", (long long)families * ALPHAS);
    experiment_macro_integer(run, "Temperatures", TEMPERATURES);
    experiment_macro(run, "Coldest", "\\num{%.0e}", COLDEST);
    experiment_macro(run, "Cut", "%.0f", CUT);
    experiment_macro(run, "NearlyDecades", "%.0f", -log10(NEARLY));
    experiment_macro(run, "LeastDelta", "%.2f", LEAST_DELTA);
    experiment_macro(run, "MostDelta", "%.0f", MOST_DELTA);
    experiment_macro_integer(run, "MostExperts", MAX_EXPERTS);
}

// ---- The constants, certified ----

static ball_t moment_to(experiment_t *run, gap_bound_kernel_t kernel, size_t experts, double alpha,
                        double end) {
    ball_t moment;
    experiment_require(run, gap_bound_cut_moment(kernel, experts, alpha, end, &moment),
                       "gap_bound_cut_moment");
    return moment;
}

// What lies beyond `end`: at most M int alpha v^(alpha-1) exp(-v) dv <= 2 M (end + 1) exp(-end) for alpha <= 2, end >= 1.
static double rest(size_t experts, double end) {
    return 2 * (double)(experts - 1) * (end + 1) * exp(-end);
}

// J_0 and J_1 by polylogarithms and by integrals; for alpha = 1 also as ln K and 1 - 1/K.
static void check_moments(experiment_t *run, size_t experts, double alpha, table_t *table) {
    const double end = 60;
    ball_t moment[2];
    experiment_require(run, gap_bound_moments(experts, alpha, &moment[0], &moment[1]), "gap_bound_moments");
    for (int i = 0; i < 2; i++) {
        const ball_t integral =
            moment_to(run, i == 0 ? GAP_BOUND_TAIL : GAP_BOUND_SPREAD, experts, alpha, end);
        experiment_check(run, SHARP, "a moment of the gates: polylogarithm against the integral in balls",
                         fabs(moment[i].value - integral.value), AT_MOST,
                         moment[i].radius + integral.radius + rest(experts, end), 0);
        const double closed = i == 0 ? log((double)experts) : 1 - 1 / (double)experts;
        if (alpha == 1)
            experiment_check(run, SHARP, "a moment for alpha = 1: ln K or 1 - 1/K",
                             fabs(moment[i].value / closed - 1), AT_MOST, 1e-15, 0);
    }
    const double gamma = gsl_sf_gamma(1 + alpha), stated = 2 * (double)(experts - 1) * gamma;
    table_real(table, alpha);
    table_integer(table, (long long)experts);
    table_real(table, gamma);
    table_real(table, moment[0].value);
    table_real(table, moment[1].value);
    table_real(table, stated / (moment[0].value + moment[1].value));
    table_real(table, stated / (moment[0].value - moment[1].value));
}

// The law P(Delta <= t) = t^alpha up to t = CUT tau, certified: E exp(-Delta/tau) against C Gamma(1+alpha) tau^alpha, and
// the gap of the extremal problem against the least constant. What is missing to 1 is what lies beyond the cut.
static void check_attained(experiment_t *run, double alpha) {
    const gap_bound_t unit = {2, 1, 1, 1, alpha};
    ball_t layer;
    experiment_require(run, gap_bound_layer(&unit, &layer), "gap_bound_layer");
    const ball_t cut = moment_to(run, GAP_BOUND_EXPONENTIAL, 2, alpha, CUT);
    const double error = cut.radius + layer.radius + 4 * GSL_DBL_EPSILON;
    experiment_check(run, UNIFORM,
                     "power law: E exp(-Delta/tau) over C Gamma(1+alpha) tau^alpha is at most 1",
                     cut.value / layer.value, AT_MOST, 1, error);
    experiment_check(run, UNIFORM, "power law: E exp(-Delta/tau) over C Gamma(1+alpha) tau^alpha is nearly 1",
                     cut.value / layer.value, AT_LEAST, 1 - NEARLY, error);
    for (size_t experts = 2; experts <= 64; experts *= 2) {
        const gap_bound_t problem = {experts, 1.25, 1, 1, alpha};
        ball_t least, gap;
        experiment_require(run, gap_bound_sharp(&problem, &least), "gap_bound_sharp");
        experiment_require(run, gap_bound_at(&problem, 1 / CUT, &gap), "gap_bound_at");
        const double bound = least.value * pow(CUT, -alpha), ratio = gap.value / bound;
        const double slack = gap.radius / bound + least.radius / least.value + 8 * GSL_DBL_EPSILON;
        experiment_check(run, SHARP, "extremal problem: gap over the least constant is at most 1", ratio,
                         AT_MOST, 1, slack);
        experiment_check(run, SHARP, "extremal problem: gap over the least constant is nearly 1", ratio,
                         AT_LEAST, 1 - NEARLY, slack);
    }
}

// The least bound at some temperatures against the gap of the mixture that attains it: all losers tie, and the soft risk
// is the smaller one.
static void check_extremal_mixture(experiment_t *run, size_t experts, double alpha) {
    line_mixture_t m = {.experts = experts, .alpha = alpha, .law = LINE_MIXTURE_POWER, .walls = 1};
    m.response = LINE_MIXTURE_OPPOSED;
    m.expert_size = 1;
    m.response_size = 1.25;
    m.slope[0] = 1;
    m.wall[0] = (line_mixture_wall_t){.steepness = 1, .reach = 1, .weight = 1, .right = 1, .winner = {1, 0}};
    for (size_t k = 0; k < experts; k++)
        m.phase[k] = k == 0 ? M_PI_2 : -M_PI_2;
    const gap_bound_t problem = problem_of(&m);
    for (int i = TEMPERATURES - 5; i < TEMPERATURES; i++) {
        const double tau = temperature(i), gap = line_mixture_gap(&m, tau);
        ball_t bound;
        experiment_require(run, gap_bound_at(&problem, tau, &bound), "gap_bound_at");
        experiment_check(run, SHARP, "extremal mixture: its gap is the least bound at that temperature",
                         fabs(-gap / bound.value - 1), AT_MOST, RULE_ERROR, 0);
    }
}

static void check_constants(experiment_t *run) {
    static const table_column_t columns[] = {{"alpha", "1", "%.1f", ""},
                                             {"experts", "1", NULL, ""},
                                             {"gamma", "1", "%.6f", "%.4f"},
                                             {"tail_moment", "1", "%.6f", "%.4f"},
                                             {"spread_moment", "1", "%.6f", "%.4f"},
                                             {"stated_over_least", "1", "%.4f", "%.2f"},
                                             {"stated_over_realisable", "1", "%.4f", "%.2f"}};
    table_t *table = experiment_table(run, "constants", "the constants, with B_Y = B_f", columns, 7,
                                      ALPHAS * CONSTANT_EXPERTS);
    for (int a = 0; a < ALPHAS; a++) {
        check_attained(run, ALPHA[a]);
        check_extremal_mixture(run, 2, ALPHA[a]);
        check_extremal_mixture(run, MAX_EXPERTS, ALPHA[a]);
        for (int i = 0; i < CONSTANT_EXPERTS; i++)
            check_moments(run, EXPERTS[i], ALPHA[a], table);
    }
}

// The constants over the number of experts, B_Y = B_f = C = 1, for the figure.
static void draw_constants(experiment_t *run) {
    static const table_column_t columns[] = {
        {"experts", "1", NULL, NULL},      {"stated_half", "1", "%.5e", NULL},
        {"least_half", "1", "%.5e", NULL}, {"stated_one", "1", "%.5e", NULL},
        {"least_one", "1", "%.5e", NULL},  {"stated_two", "1", "%.5e", NULL},
        {"least_two", "1", "%.5e", NULL}};
    table_t *table = experiment_table(run, "experts", "stated and least constants over the number of experts",
                                      columns, 7, CURVE_POINTS);
    for (int i = 0; i < CURVE_POINTS; i++) {
        const size_t experts = (size_t)2 << i;
        table_integer(table, (long long)experts);
        for (int a = 0; a < ALPHAS; a++) {
            const gap_bound_t problem = {experts, 1, 1, 1, ALPHA[a]};
            ball_t stated, least;
            experiment_require(run, gap_bound_stated(&problem, &stated), "gap_bound_stated");
            experiment_require(run, gap_bound_sharp(&problem, &least), "gap_bound_sharp");
            table_real(table, stated.value);
            table_real(table, least.value);
        }
    }
}

// ---- The law at the walls ----

static double limit_of(experiment_t *run, const line_mixture_t *mixture) {
    double limit;
    experiment_require(run, line_mixture_limit(mixture, &limit), "line_mixture_limit");
    return limit;
}

// The gap over tau^alpha, extrapolated from tau and tau/10 to 0: what is left is of order tau^2.
static double extrapolated(const line_mixture_t *m, double tau) {
    const double coarse = line_mixture_gap(m, tau) / pow(tau, m->alpha);
    const double fine = line_mixture_gap(m, tau / 10) / pow(tau / 10, m->alpha);
    return (10 * fine - coarse) / 9;
}

static void check_limits(experiment_t *run) {
    const uint32_t families = experiment_quick(run) ? QUICK_FAMILIES / 3 : FAMILIES / 3;
    double worst = 0;
    for (int a = 0; a < ALPHAS; a++)
        for (uint32_t i = 0; i < families; i++) {
            const line_mixture_t m = draw_family(run, "margin-tail.limits", i, ALPHA[a]);
            if (i % 4 == 0) // a fan: more than two experts meet
                continue;
            const gap_bound_t problem = problem_of(&m);
            ball_t stated;
            experiment_require(run, gap_bound_stated(&problem, &stated), "gap_bound_stated");
            worst = fmax(worst, fabs(extrapolated(&m, LIMIT_TAU) - limit_of(run, &m)) / stated.value);
        }
    experiment_check(run, LOCAL, "random families: gap over tau^alpha off its limit in stated constants",
                     worst, AT_MOST, 1e-5, 0);
    experiment_macro(run, "LimitDeviation", "\\num{%.0e}", worst);
    experiment_macro_integer(run, "LimitFamilies", (long long)ALPHAS * (families - (families + 3) / 4));
}

// The constants of the law for a unit jump, in balls: those of gap_bound_limit against integrals of p^2 and p.
static void check_local_constants(experiment_t *run) {
    static const char *const names[ALPHAS] = {"Half", "One", "Two"};
    for (int a = 0; a < ALPHAS; a++) {
        const double end = 60, alpha = ALPHA[a];
        const gap_bound_side_t plain[2] = {{0.5, 0}, {0.5, 0}}, biased[2] = {{0.5, 1}, {0.5, -1}};
        ball_t squared, whole;
        experiment_require(run, gap_bound_limit(alpha, 1, plain, &squared), "gap_bound_limit");
        experiment_require(run, gap_bound_limit(alpha, 1, biased, &whole), "gap_bound_limit");
        const ball_t tail = moment_to(run, GAP_BOUND_TAIL, 2, alpha, end);
        const ball_t spread = moment_to(run, GAP_BOUND_SPREAD, 2, alpha, end);
        const double beyond = 4 * rest(2, end) + tail.radius + spread.radius + 8 * GSL_DBL_EPSILON;
        experiment_check(run, LOCAL, "constant of D^2: zeta function against the integral of p^2 in balls",
                         fabs(squared.value - (tail.value - spread.value)), AT_MOST, beyond + squared.radius,
                         0);
        experiment_check(run, LOCAL, "constant of D e: zeta function against the integral of 2p in balls",
                         fabs(whole.value - squared.value - 2 * tail.value), AT_MOST,
                         3 * beyond + whole.radius, 0);
        char name[32];
        snprintf(name, sizeof name, "Squared%s", names[a]);
        experiment_macro(run, name, "%.5f", squared.value);
        snprintf(name, sizeof name, "Linear%s", names[a]);
        experiment_macro(run, name, "%.5f", whole.value - squared.value);
    }
}

// Two experts that jump by 2 B_f at the wall and vary beside it, f = +-cos; the response is the hard router's.
static line_mixture_t example(double alpha) {
    line_mixture_t m = {
        .experts = 2, .alpha = alpha, .law = LINE_MIXTURE_POWER, .expert_size = 1, .response_size = 1};
    m.slope[1] = m.wall[0].steepness = 1;
    m.frequency[0] = 1;
    m.frequency[1] = -0.5;
    m.phase[0] = M_PI_2;
    m.phase[1] = -M_PI_2;
    m.walls = 1;
    m.wall[0].weight = m.wall[0].reach = 1;
    m.wall[0].right = 0.5;
    m.wall[0].winner[1] = 1;
    return m;
}

// The slope over the two coldest decades, and the bound of Theorem 4.5 over the gap at the coldest temperature.
typedef struct fit {
    double slope, ratio;
} fit_t;

// The rows of one alpha.
static fit_t tabulate_example(experiment_t *run, double alpha, table_t *table) {
    const line_mixture_t m = example(alpha);
    const gap_bound_t problem = problem_of(&m);
    const double limit = limit_of(run, &m);
    ball_t stated, least, realisable;
    experiment_require(run, gap_bound_stated(&problem, &stated), "gap_bound_stated");
    experiment_require(run, gap_bound_sharp(&problem, &least), "gap_bound_sharp");
    experiment_require(run, gap_bound_realisable(&problem, &realisable), "gap_bound_realisable");
    double tau[TEMPERATURES], gap[TEMPERATURES];
    for (int i = 0; i < TEMPERATURES; i++) {
        tau[i] = temperature(i);
        gap[i] = line_mixture_gap(&m, tau[i]);
        const double power = pow(tau[i], alpha);
        table_row(table, (double[]){alpha, tau[i], gap[i], gap[i] / power, limit, stated.value * power,
                                    stated.value * power / gap[i], least.value * power / gap[i],
                                    realisable.value * power / gap[i]});
    }
    // The experts have no slope at the wall, so that the gap is limit tau^alpha (1 + O(tau^2)).
    experiment_check(run, LOCAL, "example: gap over limit tau^alpha at the lowest temperature",
                     fabs(gap[0] / pow(tau[0], alpha) / limit - 1), AT_MOST, 1e-8, 0);
    return (fit_t){fit_log_slope(tau, gap, 5), stated.value * pow(tau[0], alpha) / gap[0]};
}

static void check_example(experiment_t *run) {
    static const char *const names[ALPHAS] = {"Half", "One", "Two"};
    static const table_column_t columns[] = {{"alpha", "1", "%.1f", ""},
                                             {"tau", "1", "%.3e", ""},
                                             {"gap", "1", "%.5e", ""},
                                             {"scaled", "1", "%.7f", ""},
                                             {"limit", "1", "%.7f", ""},
                                             {"stated", "1", "%.5e", NULL},
                                             {"stated_ratio", "1", "%.4f", "%.2f"},
                                             {"least_ratio", "1", "%.4f", "%.2f"},
                                             {"realisable_ratio", "1", "%.4f", "%.4f"}};
    table_t *table = experiment_table(run, "", "two experts with a jump: gap and bounds over the temperature",
                                      columns, 9, ALPHAS * TEMPERATURES);
    for (int a = 0; a < ALPHAS; a++) {
        const fit_t fit = tabulate_example(run, ALPHA[a], table);
        experiment_check(run, UNIFORM, "example: fitted slope against alpha", fabs(fit.slope - ALPHA[a]),
                         AT_MOST, 1e-6, 0);
        char name[32];
        snprintf(name, sizeof name, "Slope%s", names[a]);
        experiment_macro(run, name, "%.6f", fit.slope);
        snprintf(name, sizeof name, "Ratio%s", names[a]);
        experiment_macro(run, name, "%.1f", fit.ratio);
    }
}

// ---- A third road: sampling ----

static void check_sampled(experiment_t *run, const char *claim, const char *part,
                          const line_mixture_sampler_t *sampled) {
    const line_mixture_t *m = sampled->mixture;
    moments_t *moments =
        experiment_montecarlo(run, part, experiment_quick(run) ? QUICK_SAMPLES : SAMPLES, LINE_MIXTURE_SAMPLE,
                              LINE_MIXTURE_SAMPLE * MONTECARLO_BLOCK, line_mixture_sample, sampled);
    const gsl_sf_result gap = moments_estimate(moments, 0), layer = moments_estimate(moments, 1),
                        law = moments_estimate(moments, 2);
    experiment_check(run, claim, "z of the gap: quadrature against sampling",
                     fabs(gap.val - line_mixture_gap(m, sampled->tau)) / gap.err, AT_MOST, MAX_Z, 0);
    if (m->law == LINE_MIXTURE_POWER) {
        experiment_check(run, claim, "z of E exp(-Delta/tau): closed form against sampling",
                         fabs(layer.val - line_mixture_layer(m, sampled->tau)) / layer.err, AT_MOST, MAX_Z,
                         0);
        experiment_check(run, claim, "z of P(Delta <= tau): closed form against sampling",
                         fabs(law.val - line_mixture_margin_law(m, sampled->tau)) / law.err, AT_MOST, MAX_Z,
                         0);
    }
    moments_free(moments);
}

static void check_by_sampling(experiment_t *run) {
    static const char *const parts[ALPHAS] = {"margin-tail.half", "margin-tail.one", "margin-tail.two"};
    for (int a = 0; a < ALPHAS; a++) {
        // Number 6 of the families: free responses, walls.
        const line_mixture_t family = draw_family(run, "margin-tail.families", 6, ALPHA[a]);
        const line_mixture_sampler_t sampled = {&family, 0.1};
        check_sampled(run, UNIFORM, parts[a], &sampled);
    }
}

// ---- Corollary 4.4: normal inputs, regular routers ----

// A family, and in *delta up to which margin the law is linear.
static line_mixture_t draw_regular(const experiment_t *run, uint32_t i, double *delta) {
    stream_t stream = stream_at(experiment_seed(run), stream_experiment("margin-tail.regular"), i);
    *delta = pow(10, stream_between(&stream, log10(LEAST_DELTA), log10(MOST_DELTA)));
    return random_mixture_normal(&stream, i % 4 == 0 ? RANDOM_MIXTURE_STEPS : RANDOM_MIXTURE_WAVES,
                                 (line_mixture_response_t)(i % 3), MAX_EXPERTS);
}

static void check_regular(experiment_t *run) {
    static const double shares[COLDER] = {1, 0.3, 0.1, 0.01};
    const uint32_t families = experiment_quick(run) ? QUICK_FAMILIES : FAMILIES;
    worst_t worst = {0};
    double worst_delta = 0, worst_range = 0, meeting = 0, crossing = 0;
    for (uint32_t i = 0; i < families; i++) {
        double delta;
        const line_mixture_t m = draw_regular(run, i, &delta);
        const gap_bound_t problem = {m.experts, m.response_size, m.expert_size,
                                     line_mixture_pair_mass(&m, delta), 1};
        const double range = gap_bound_coarea_range(delta), most = fmin(range, 1),
                     constant = gap_bound_coarea(&problem);
        for (size_t j = 0; j < COLDER; j++) {
            const double tau = shares[j] * most, gap = line_mixture_gap(&m, tau),
                         ratio = fabs(gap) / (constant * tau);
            crossing = j > 0 ? fmax(crossing, exp(-delta / tau) / tau) : crossing;
            if (ratio > worst.ratio) {
                worst = (worst_t){i, ratio, tau, gap, constant * tau, m};
                worst_delta = delta;
                worst_range = range;
            }
        }
        if (isfinite(range))
            meeting = fmax(meeting, fabs(exp(-delta / range) / range - 1));
    }
    experiment_check(run, COAREA, "random regular routers: largest gap over the bound", worst.ratio, AT_MOST,
                     1, RULE_ERROR);
    experiment_check(run, COAREA, "exp(-delta/tau) over tau up to tau_0", crossing, AT_MOST, 1 + 1e-11, 0);
    experiment_check(run, COAREA, "exp(-delta/tau_0) = tau_0 by Lambert's W", meeting, AT_MOST, 1e-11, 0);
    experiment_macro_integer(run, "Regular", families);
    experiment_macro(run, "RegularRatio", "%.4f", worst.ratio);
    experiment_macro_integer(run, "RegularNumber", worst.number);
    experiment_macro_integer(run, "RegularExperts", (long long)worst.family.experts);
    experiment_macro(run, "RegularDelta", "%.4f", worst_delta);
    experiment_macro(run, "RegularRange", "\\num{%.3e}", fmin(worst_range, 1));
    experiment_macro(run, "RegularTau", "\\num{%.3e}", worst.tau);
    experiment_macro(run, "RegularGap", "\\num{%.3e}", fabs(worst.gap));
    experiment_macro(run, "RegularBound", "\\num{%.3e}", worst.bound);
    experiment_macro(run, "RegularExpertSize", "%.4f", worst.family.expert_size);
    experiment_macro(run, "RegularResponseSize", "%.4f", worst.family.response_size);
    experiment_macro(run, "RegularMass", "%.4f", line_mixture_pair_mass(&worst.family, worst_delta));
    const line_mixture_sampler_t sampled = {&worst.family, worst.tau};
    check_sampled(run, COAREA, "margin-tail.normal", &sampled);
}

static void margin_tail(experiment_t *run) {
    check_constants(run);
    check_local_constants(run);
    draw_constants(run);
    check_example(run);
    check_limits(run);
    test_families(run);
    check_by_sampling(run);
    check_regular(run);
    experiment_claim(run, COAREA, VERDICT_HOLDS, METHOD_QUADRATURE,
                     "margin-tail.checks.csv; proof in section margin-tail");
    experiment_claim(run, UNIFORM, VERDICT_HOLDS, METHOD_QUADRATURE,
                     "margin-tail.worst.csv; proof in section margin-tail");
    experiment_claim(run, SHARP, VERDICT_HOLDS, METHOD_CERTIFIED,
                     "margin-tail.constants.csv; proof in section margin-tail");
    experiment_claim(run, LOCAL, VERDICT_HOLDS, METHOD_QUADRATURE,
                     "margin-tail.csv; proof in section margin-tail");
}

int main(int argc, char **argv) {
    static const experiment_plan_t plan = {
        .name = "margin-tail",
        .brief = "how fast the soft risk follows the hard one: Corollary 4.4 and Theorem 4.5",
        .seed = 20260523,
        .run = margin_tail};
    return experiment_main(&plan, argc, argv);
}
