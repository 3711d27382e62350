// SPDX-License-Identifier: GPL-3.0-or-later
// Many experts: the uniform bound on the soft-hard gap grows like ln K, and not like K - 1.
//
// CLAIM (ours; it sharpens Soft-to-Hard Routing, Theorem 4.5)
//   soft/law-log-experts  the uniform bound holds with a Fermi-Dirac integral in place of (K - 1) Gamma(1 + alpha), and this factor
//                         is the least possible; the temperatures of both bounds always meet the tolerance
//
// DERIVATION. Let x = ln(K - 1). Every loser has at most the weight exp(-Delta/tau), so that tail = 1 - max p <= sigma(x - Delta/tau),
// with equality when all losers tie. P(Delta <= t) <= C_mt t^alpha, and sigma(x - t/tau)^j decreases in t, so that
//     E[tail^j] <= C_mt int sigma(x - t/tau)^j d(t^alpha) = C_mt tau^alpha I_j,   I_1 = Gamma(1+alpha) F_(alpha-1)(x),
// a complete Fermi-Dirac integral, and I_2 = Gamma(1+alpha) (F_(alpha-1) - F_(alpha-2))(x) from sigma^2 = sigma - sigma'. For alpha = 1:
// I_1 = ln K and I_2 = ln K - 1 + 1/K. Then |L_tau - L_0| <= 4 B_f (B_Y + B_f) E[tail] and E|h_tau - h_0|^2 <= 4 B_f^2 E[tail^2].
#include "io/experiment.h"
#include "routing/gap.h"
#include "routing/gap_sample.h"
#include "routing/softmax.h"

#include <gsl/gsl_math.h>
#include <gsl/gsl_sf_fermi_dirac.h>
#include <gsl/gsl_sf_gamma.h>
#include <gsl/gsl_sort.h>
#include <math.h>
#include <string.h>

static const char *const CLAIM = "soft/law-log-experts";

// ---- Parameters (all without unit) ----

enum { CLASSES = 6000, QUICK_CLASSES = 600 }; // random bounded layers
enum { ATOMS = 32, MOST_EXPERTS = 8 };        // points that carry the inputs of a layer, and its experts
enum { N_ALPHAS = 4, N_EXPERTS = 4, MANY_EXPERTS = 256 };
static const double ALPHAS[N_ALPHAS] = {0.5, 1, 1.5, 2};
static const size_t EXPERTS[N_EXPERTS] = {2, 8, 64, MANY_EXPERTS};
static const double DISTANT = 1000; // targets of the extreme class, over its outputs
static const double EXTREME_TAU = 1e-3;

static double uniform(stream_t *stream, double low, double high) {
    double u;
    stream_uniforms(stream, &u, 1);
    return low + (high - low) * u;
}

static double power_of_ten(stream_t *stream, double low, double high) {
    return pow(10, uniform(stream, low, high));
}

static double class_constant(experiment_t *run, const gap_class_t *class, gap_kind_t kind) {
    double constant;
    experiment_require(run, gap_class_constant(class, kind, &constant), "constant of a bound");
    return constant;
}

// The rows of a bounded layer.
typedef struct rows {
    size_t experts;
    double logits[ATOMS * MOST_EXPERTS], outputs[ATOMS * MOST_EXPERTS], targets[ATOMS];
} rows_t;

// ---- Random bounded layers: the inputs are ATOMS points ----

// Row i of an adversary: the margin is the quantile, all losers tie, and outputs and target pull apart as far as they may.
static void draw_adversary(stream_t *stream, rows_t *rows, double alpha, double outputs, double targets) {
    const size_t experts = rows->experts;
    for (size_t i = 0; i < ATOMS; i++)
        for (size_t k = 0; k < experts; k++) {
            const double margin = pow((double)(i + 1) / ATOMS, 1 / alpha);
            rows->logits[i * experts + k] = k == i % experts ? 0 : -margin;
            rows->outputs[i * experts + k] = k == i % experts ? outputs : -outputs;
            rows->targets[i] = -targets * uniform(stream, 0.9, 1);
        }
}

static void draw_rows(stream_t *stream, rows_t *rows, double outputs, double targets) {
    const size_t experts = rows->experts;
    for (size_t i = 0; i < ATOMS; i++) {
        stream_normals(stream, rows->logits + i * experts, experts);
        for (size_t k = 0; k < experts; k++)
            rows->outputs[i * experts + k] = uniform(stream, -outputs, outputs);
        rows->targets[i] = uniform(stream, -targets, targets);
    }
}

// The least C with P(Delta <= t) <= C t^alpha for the uniform law on the rows.
static double margin_constant(const rows_t *rows, double alpha) {
    double margins[ATOMS], constant = 0;
    const size_t experts = rows->experts;
    for (size_t i = 0; i < ATOMS; i++) {
        double row[MOST_EXPERTS];
        memcpy(row, rows->logits + i * experts, experts * sizeof *row);
        gsl_sort(row, 1, experts);
        margins[i] = row[experts - 1] - row[experts - 2];
    }
    gsl_sort(margins, 1, ATOMS);
    for (size_t i = 0; i < ATOMS; i++)
        constant = fmax(constant, (double)(i + 1) / ATOMS / pow(margins[i], alpha));
    return constant;
}

typedef struct worst {
    double ratio;
    gap_class_t class;
    double tolerance, tau;
} worst_t;

//[core
// The gap at and below the temperature that each bound gives for a tolerance.
static void try_class(experiment_t *run, const rows_t *rows, const gap_class_t *class, double tolerance,
                      worst_t worst[GAP_KINDS]) {
    const gap_arrays_t arrays = {ATOMS, rows->experts, 1, rows->logits, rows->outputs, rows->targets};
    const gap_source_t source = gap_arrays_source(&arrays);
    gap_survey_t survey;
    gap_report_t report;
    experiment_require(run, gap_survey(&source, &survey), "survey");
    for (gap_kind_t kind = GAP_PAPER; kind < GAP_KINDS; kind++) {
        const double most = gap_class_temperature(class, class_constant(run, class, kind), tolerance);
        for (double tau = most; tau > 0.05 * most; tau *= 0.3) {
            experiment_require(run, gap_measure(&source, &survey, tau, &report), "gap of the rows");
            const double gap =
                kind == GAP_REALISABLE ? report.square.observed.val : fabs(report.risk.observed.val);
            if (gap / tolerance > worst[kind].ratio)
                worst[kind] = (worst_t){gap / tolerance, *class, tolerance, tau};
        }
    }
}
//]core

static void draw_class(stream_t *stream, int i, rows_t *rows, gap_class_t *class) {
    *class = (gap_class_t){.experts = 2 + (size_t)(i / 8) % (MOST_EXPERTS - 1),
                           .exponent = ALPHAS[i / 2 % N_ALPHAS],
                           .outputs = power_of_ten(stream, -1, 1),
                           .targets = power_of_ten(stream, -1, 1)};
    rows->experts = class->experts;
    if (i % 2 == 0)
        draw_rows(stream, rows, class->outputs, class->targets);
    else
        draw_adversary(stream, rows, class->exponent, class->outputs, class->targets);
    class->constant = margin_constant(rows, class->exponent);
}

static void write_worst(experiment_t *run, const worst_t worst[GAP_KINDS]) {
    static const table_column_t columns[] = {
        {"bound", "", NULL, ""},           {"ratio", "1", "%.9f", "%.4f"},
        {"experts", "1", NULL, ""},        {"alpha", "1", "%.1f", "%.1f"},
        {"constant", "1", "%.6f", "%.3f"}, {"outputs", "1", "%.6f", "%.3f"},
        {"targets", "1", "%.6f", "%.3f"},  {"tolerance", "1", "%.6e", "%.1e"},
        {"tau", "1", "%.6e", "%.2e"}};
    static const char *const NAMES[GAP_KINDS] = {"Theorem 4.5", "sharp", "realisable"};
    table_t *table = experiment_table(run, "worst", "the tightest cases of the random bounded layers",
                                      columns, 9, GAP_KINDS);
    for (gap_kind_t kind = GAP_PAPER; kind < GAP_KINDS; kind++) {
        const worst_t *w = &worst[kind];
        const double cells[] = {w->class.exponent, w->class.constant, w->class.outputs,
                                w->class.targets,  w->tolerance,      w->tau};
        table_text(table, NAMES[kind]);
        table_real(table, w->ratio);
        table_integer(table, (long long)w->class.experts);
        for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
            table_real(table, cells[i]);
    }
}

static void check_classes(experiment_t *run) {
    const int classes = experiment_quick(run) ? QUICK_CLASSES : CLASSES;
    worst_t worst[GAP_KINDS] = {0};
    for (int i = 0; i < classes; i++) {
        rows_t rows;
        gap_class_t class;
        stream_t stream = stream_at(experiment_seed(run), stream_experiment("classes"), (uint32_t)i);
        draw_class(&stream, i, &rows, &class);
        const double tolerance =
            class.outputs * (class.outputs + class.targets) * power_of_ten(&stream, -4, 0);
        try_class(run, &rows, &class, tolerance, worst);
    }
    for (gap_kind_t kind = GAP_PAPER; kind < GAP_KINDS; kind++)
        experiment_check(run, CLAIM,
                         "random layers: gap over the tolerance at and below the temperature of a bound",
                         worst[kind].ratio, AT_MOST, 1, 1e-12);
    write_worst(run, worst);
    experiment_macro(run, "Classes", "\\num{%.0f}", classes);
    experiment_macro_integer(run, "Atoms", ATOMS);
    experiment_macro_integer(run, "MostExperts", MOST_EXPERTS);
    experiment_macro(run, "PaperWorst", "%.2f", worst[GAP_PAPER].ratio);
    experiment_macro(run, "SharpWorst", "%.2f", worst[GAP_SHARP].ratio);
    experiment_macro(run, "RealisableWorst", "%.2f", worst[GAP_REALISABLE].ratio);
}

// ---- The sharp factors ----

static double tail_integral(experiment_t *run, size_t experts, double exponent, int power) {
    gsl_sf_result integral;
    experiment_require(run, gap_tail_integral(experts, exponent, power, &integral), "integral of the tail");
    return integral.val;
}

// The same by GSL's Fermi-Dirac integrals F_(alpha-1).
static double fermi_dirac(double exponent, double x) {
    const double value = exponent == 0.5   ? gsl_sf_fermi_dirac_mhalf(x)
                         : exponent == 1   ? gsl_sf_fermi_dirac_0(x)
                         : exponent == 1.5 ? gsl_sf_fermi_dirac_half(x)
                                           : gsl_sf_fermi_dirac_1(x);
    return gsl_sf_gamma(1 + exponent) * value;
}

// The extreme class: P(Delta <= t) = t^alpha for t <= 1, all losers tie, the winner says 1, the others say -1, and the target is
// -DISTANT: its gap over the sharp bound, and E|h_tau - h_0|^2 over the realisable one, from the gates of `softmax.h`.
static void attain(experiment_t *run, size_t experts, double exponent, double tau, double ratio[2]) {
    enum { POINTS = 4000 };
    const gap_class_t class = {
        .experts = experts, .exponent = exponent, .constant = 1, .outputs = 1, .targets = DISTANT};
    double logits[MANY_EXPERTS] = {0}, gap = 0, square = 0;
    for (int i = 0; i < POINTS; i++) {
        // The share of margins below t is v = t^alpha; points v = u^4 crowd at 0 and weigh 4 u^3 du.
        const double u = (i + 0.5) / POINTS, weight = 4 * gsl_pow_3(u) / POINTS;
        logits[0] = pow(u, 4 / exponent);
        const double hard = 1, soft = 1 - 2 * softmax_tail(logits, experts, tau);
        gap += weight * (hard - soft) * (hard + soft + 2 * DISTANT);
        square += weight * gsl_pow_2(hard - soft);
    }
    const double unit = pow(tau, exponent);
    ratio[0] = gap / (class_constant(run, &class, GAP_SHARP) * unit);
    ratio[1] = square / (class_constant(run, &class, GAP_REALISABLE) * unit);
}

static void check_factor(experiment_t *run, size_t experts, double exponent, table_t *table) {
    const double others = (double)(experts - 1), paper = others * gsl_sf_gamma(1 + exponent);
    const double sharp = tail_integral(run, experts, exponent, 1),
                 square = tail_integral(run, experts, exponent, 2);
    double ratio[2];
    attain(run, experts, exponent, EXTREME_TAU, ratio);
    experiment_check(run, CLAIM, "factor: quadrature over the Fermi-Dirac integral minus 1",
                     fabs(sharp / fermi_dirac(exponent, log(others)) - 1), AT_MOST, 1e-11, 0);
    experiment_check(run, CLAIM, "sharp factor over that of Theorem 4.5", sharp / paper, AT_MOST, 1, 1e-12);
    experiment_check(run, CLAIM, "gap of the extreme class over the sharp bound", ratio[0], AT_LEAST,
                     1 - 1 / DISTANT, 1e-6);
    experiment_check(run, CLAIM, "gap of the extreme class over the realisable bound minus 1",
                     fabs(ratio[1] - 1), AT_MOST, 1e-6, 0);
    if (exponent == 1) {
        const double k = (double)experts;
        experiment_check(run, CLAIM, "factor minus ln K for alpha = 1", fabs(sharp - log(k)), AT_MOST, 1e-11,
                         0);
        experiment_check(run, CLAIM, "realisable factor minus ln K - 1 + 1/K for alpha = 1",
                         fabs(square - (log(k) - 1 + 1 / k)), AT_MOST, 1e-11, 0);
    }
    const double cells[] = {exponent, paper, sharp, paper / sharp, square, ratio[0], ratio[1]};
    table_integer(table, (long long)experts);
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
        table_real(table, cells[i]);
}

static void check_factors(experiment_t *run) {
    static const table_column_t columns[] = {
        {"experts", "1", NULL, ""},        {"alpha", "1", "%.1f", "%.1f"},
        {"paper", "1", "%.9f", "%.3f"},    {"sharp", "1", "%.9f", "%.4f"},
        {"saving", "1", "%.6f", "%.1f"},   {"realisable", "1", "%.9f", "%.4f"},
        {"attained", "1", "%.6f", "%.4f"}, {"attained_squared", "1", "%.6f", "%.4f"}};
    table_t *table = experiment_table(
        run, "", "factors of C_mt tau^alpha, and what the extreme class attains of the bounds", columns, 8,
        N_ALPHAS * N_EXPERTS);
    for (int k = 0; k < N_EXPERTS; k++)
        for (int a = 0; a < N_ALPHAS; a++)
            check_factor(run, EXPERTS[k], ALPHAS[a], table);
    experiment_macro(run, "Saving", "%.0f", 63 / tail_integral(run, 64, 1, 1));
    experiment_macro(run, "Distant", "%.0f", DISTANT);
}

// The factors over the number of experts, for the figure.
static void write_curves(experiment_t *run) {
    enum { POINTS = 10 }; // powers of two up to 1024
    static const table_column_t columns[] = {
        {"experts", "1", NULL, NULL},      {"paper", "1", "%.6f", NULL},
        {"sharp", "1", "%.6f", NULL},      {"realisable", "1", "%.6f", NULL},
        {"sharp_half", "1", "%.6f", NULL}, {"sharp_two", "1", "%.6f", NULL}};
    table_t *table = experiment_table(run, "curves", "factors for alpha = 1 and the sharp ones for 1/2 and 2",
                                      columns, 6, POINTS);
    for (int i = 1; i <= POINTS; i++) {
        const size_t experts = (size_t)1 << i;
        table_integer(table, (long long)experts);
        table_real(table, (double)(experts - 1));
        for (int power = 1; power <= 2; power++)
            table_real(table, tail_integral(run, experts, 1, power));
        table_real(table, tail_integral(run, experts, 0.5, 1));
        table_real(table, tail_integral(run, experts, 2, 1));
    }
}

static void log_experts(experiment_t *run) {
    check_classes(run);
    check_factors(run);
    write_curves(run);
    experiment_claim(run, CLAIM, VERDICT_HOLDS, METHOD_QUADRATURE,
                     "log-experts.csv and log-experts.worst.csv");
}

int main(int argc, char **argv) {
    static const experiment_plan_t plan = {.name = "log-experts",
                                           .brief = "the uniform bound of the soft-hard gap for many experts",
                                           .seed = 20261122,
                                           .run = log_experts};
    return experiment_main(&plan, argc, argv);
}
