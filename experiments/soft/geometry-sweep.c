// SPDX-License-Identifier: GPL-3.0-or-later
// Controlled boundary geometry: one temperature, the interface moved through the input law.
//
// CLAIMS (Soft-to-Hard Routing, section 7.2)
//   soft/table-2   boundary mass, risk gap and flip rate at six offsets b, tau = 0.10
//   soft/fig-2     gap and flips are nearly linear in the boundary mass: both correlations above 0.9999
//
// DERIVATION. Interface w'x = b, |w| = 1, contrast delta tangent to it (w'delta = 0, c = |delta|^2). Then
//     mass = Phi(b + 2 tau) - Phi(b - 2 tau),        gap = c int g((s - b)/tau)^2 phi(s) ds,
// and moving the router to w + eps p, p a unit vector orthogonal to w, changes the hard assignment of x when s - b and
// s + eps t - b differ in sign, s = w'x, t = p'x: the exclusive or of two half-planes, with Owen's T function
//     flips = 2 T(b / sqrt(1 + eps^2), eps).
// So Table 2 has two unknowns, c and eps; each column is fitted by its own and all 18 numbers get a z-score. The slabs
// at different offsets hardly overlap, so that the six gaps are nearly independent even on one sample; their common
// factor, -gap_i gap_j / n, is a correlation of at most 0.04 and is kept in the fit; the overlap of the layers at the
// two outermost offsets is neglected.
#include "io/experiment.h"
#include "routing/boundary_layer.h"
#include "stat/fit.h"
#include "stat/gaussian.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_min.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>

enum { N_OFFSETS = 6, DIMENSION = 8, COLUMNS = 3 };

// Parameters of the table and of our run, all without unit.
static const double TAU = 0.10;
static const double ROUTER[DIMENSION] = {0.6, 0.8};                  // w
static const double PERTURBATION[DIMENSION] = {0.64, -0.48, 0, 0.6}; // p, orthogonal to w
static const double EXPERT_1[DIMENSION] = {0.4, -0.3, -0.75, 0.5, 0.75, -0.625, 0.25, 0.1};
static const double EXPERT_2[DIMENSION] = {-0.4, 0.3, 0.5,   -0.25,
                                           0.25, 0.5, -0.25, -0.1}; // w'(beta_1 - beta_2) = 0
static const double EPSILON = 0.08;                                 // size of the perturbation in our run
static const uint64_t SAMPLES = 20000000, QUICK_SAMPLES = 500000;

static const double PRINTED_SAMPLE = 4e5;              // points behind a printed number: see boundary-layer
static const double HALF_RATE = 5e-5, HALF_GAP = 5e-6; // half a unit of the last printed digit
static const double MAX_Z = 4, LEAST_P = 1e-4;         // a statistical check fails beyond
static const double LEVEL = 0.95;                      // of the interval for the sample size

// The printed table, and what we compute at its offsets.
typedef struct sweep {
    double offset[N_OFFSETS], mass[N_OFFSETS], gap[N_OFFSETS], flips[N_OFFSETS]; // printed
    double layer[N_OFFSETS],
        layer_squared[N_OFFSETS]; // m_0(tau) and m_0(tau, tau): gap = c m_0, E[G^2] = 3 c^2 m_0(tau, tau)
    double tangent;               // c of our experts
    double fitted_tangent, fitted_epsilon;     // of the printed table
    gsl_sf_result sampled[N_OFFSETS][COLUMNS]; // mass, gap, flips of our run
} sweep_t;

static void read_printed(experiment_t *run, sweep_t *sweep) {
    sheet_t sheet;
    experiment_read(run, "published/table2.csv", &sheet);
    if (sheet.rows != N_OFFSETS)
        experiment_stop(run, FAULT_INPUT, "published/table2.csv: expected %d rows, found %zu", N_OFFSETS,
                        sheet.rows);
    experiment_numbers(run, &sheet, "offset", sweep->offset);
    experiment_numbers(run, &sheet, "boundary_mass", sweep->mass);
    experiment_numbers(run, &sheet, "risk_gap", sweep->gap);
    experiment_numbers(run, &sheet, "flip_rate", sweep->flips);
    sheet_free(&sheet);
}

static double dot(const double *x, const double *y) {
    double sum = 0;
    for (int i = 0; i < DIMENSION; i++)
        sum += x[i] * y[i];
    return sum;
}

static void state_parameters(experiment_t *run, sweep_t *sweep) {
    double delta[DIMENSION];
    for (int i = 0; i < DIMENSION; i++)
        delta[i] = EXPERT_1[i] - EXPERT_2[i];
    sweep->tangent = dot(delta, delta);
    experiment_check(run, "soft/table-2", "our contrast is tangent", fabs(dot(delta, ROUTER)), AT_MOST, 1e-15,
                     0);
    experiment_check(run, "soft/table-2", "our perturbation is tangent", fabs(dot(PERTURBATION, ROUTER)),
                     AT_MOST, 1e-15, 0);
    experiment_check(run, "soft/table-2", "our perturbation is a unit vector",
                     fabs(dot(PERTURBATION, PERTURBATION) - 1), AT_MOST, 1e-15, 0);
    experiment_parameter(run, "Tau", "%.2f", TAU, "1");
    experiment_parameter(run, "Dimension", "%.0f", DIMENSION, "1");
    experiment_parameter(run, "Tangent", "%.4f", sweep->tangent, "1");
    experiment_parameter(run, "Epsilon", "%.2f", EPSILON, "1");
    experiment_parameter(run, "Samples", "\\num{%.0f}",
                         (double)(experiment_quick(run) ? QUICK_SAMPLES : SAMPLES), "points");
    experiment_parameter(run, "PrintedSample", "\\num{%.0f}", PRINTED_SAMPLE, "points");
}

// ---- Closed forms ----

//[core
// The three columns of the table at one offset, for a contrast c and a perturbation epsilon.
static void exact_columns(experiment_t *run, double offset, double tangent, double epsilon,
                          double columns[COLUMNS]) {
    gsl_sf_result gap, flips;
    experiment_require(run, boundary_layer_gap(TAU, offset, 0, tangent, &gap), "gap");
    experiment_require(run, gaussian_flip_probability(offset, epsilon, &flips), "flips");
    columns[0] = gaussian_slab_mass(offset, 2 * TAU);
    columns[1] = gap.val;
    columns[2] = flips.val;
}
//]core

static void compute_layers(experiment_t *run, sweep_t *sweep) {
    for (int i = 0; i < N_OFFSETS; i++) {
        const double tau[2] = {TAU, TAU}, offset = sweep->offset[i];
        gsl_sf_result one, two;
        ball_t ball, owen;
        gsl_sf_result t;
        experiment_require(run, boundary_layer_moment(tau, 1, offset, 0, &one), "moment");
        experiment_require(run, boundary_layer_moment(tau, 2, offset, 0, &two), "moment");
        experiment_require(run, boundary_layer_moment_certified(tau, 1, offset, 0, &ball),
                           "certified moment");
        experiment_require(run, gaussian_owens_t(offset, EPSILON, &t), "Owen's T");
        experiment_require(run, gaussian_owens_t_certified(offset, EPSILON, &owen), "certified Owen's T");
        experiment_check(run, "soft/table-2", "layer integral: quadrature against ball arithmetic",
                         fabs(one.val - ball.value), AT_MOST, 1e-12, ball.radius);
        experiment_check(run, "soft/table-2", "Owen's T: quadrature against ball arithmetic",
                         fabs(t.val - owen.value), AT_MOST, 1e-12, owen.radius);
        sweep->layer[i] = one.val;
        sweep->layer_squared[i] = two.val;
    }
}

// ---- Sampling the definitions in full dimension ----

typedef struct site {
    double offset;
} site_t;

static int sample_site(const montecarlo_block_t *block, const void *context) {
    const site_t *site = context;
    stream_normals(block->stream, block->work, block->count * DIMENSION);
    for (size_t i = 0; i < block->count; i++) {
        const double *x = block->work + i * DIMENSION;
        const double score = dot(ROUTER, x) - site->offset, moved = score + EPSILON * dot(PERTURBATION, x);
        const double first = dot(EXPERT_1, x), second = dot(EXPERT_2, x), gate = 1 / (1 + exp(-score / TAU));
        double *row = block->samples + i * COLUMNS;
        row[0] = fabs(score) <= 2 * TAU;
        row[1] = gsl_pow_2(gate * first + (1 - gate) * second - (score >= 0 ? first : second));
        row[2] = (score >= 0) != (moved >= 0);
    }
    return GSL_SUCCESS;
}

static void sample(experiment_t *run, sweep_t *sweep) {
    static const char *const names[COLUMNS] = {"z of the mass: closed form against sampling",
                                               "z of the gap: quadrature against sampling",
                                               "z of the flips: Owen's T against sampling"};
    for (int i = 0; i < N_OFFSETS; i++) {
        char part[32];
        snprintf(part, sizeof part, "offset %.2f", sweep->offset[i]);
        const site_t site = {sweep->offset[i]};
        moments_t *moments = experiment_montecarlo(run, part, experiment_quick(run) ? QUICK_SAMPLES : SAMPLES,
                                                   COLUMNS, MONTECARLO_BLOCK * DIMENSION, sample_site, &site);
        double exact[COLUMNS];
        exact_columns(run, sweep->offset[i], sweep->tangent, EPSILON, exact);
        for (size_t k = 0; k < COLUMNS; k++) {
            sweep->sampled[i][k] = moments_estimate(moments, k);
            experiment_check(run, "soft/table-2", names[k],
                             fabs(sweep->sampled[i][k].val - exact[k]) / sweep->sampled[i][k].err, AT_MOST,
                             MAX_Z, 0);
        }
        moments_free(moments);
    }
}

// ---- The printed numbers ----

// Standard errors of a printed frequency and of a printed gap, with their rounding.
static double rate_error(double p) {
    return sqrt(p * (1 - p) / PRINTED_SAMPLE + gsl_pow_2(2 * HALF_RATE) / 12);
}

static double gap_error(const sweep_t *sweep, int i, double tangent) {
    const double variance = gsl_pow_2(tangent) * (3 * sweep->layer_squared[i] - gsl_pow_2(sweep->layer[i]));
    return sqrt(variance / PRINTED_SAMPLE + gsl_pow_2(2 * HALF_GAP) / 12);
}

// The c that fits the printed gaps: generalised least squares with one parameter.
static void fit_tangent(experiment_t *run, sweep_t *sweep) {
    enum { ROUNDS = 8 };
    gsl_matrix *design = gsl_matrix_alloc(N_OFFSETS, 1), *errors = gsl_matrix_alloc(1, 1);
    gsl_matrix *covariance = gsl_matrix_alloc(N_OFFSETS, N_OFFSETS);
    gsl_vector *data = gsl_vector_alloc(N_OFFSETS), *theta = gsl_vector_alloc(1);
    if (!design || !errors || !covariance || !data || !theta)
        experiment_stop(run, FAULT_SYSTEM, "out of memory");
    double chi2 = 0;
    sweep->fitted_tangent = sweep->tangent;
    for (int round = 0; round < ROUNDS; round++) {
        const double c = sweep->fitted_tangent;
        for (size_t i = 0; i < N_OFFSETS; i++) {
            gsl_matrix_set(design, i, 0, sweep->layer[i]);
            gsl_vector_set(data, i, sweep->gap[i]);
            for (size_t j = 0; j < N_OFFSETS; j++)
                gsl_matrix_set(covariance, i, j,
                               i == j ? gsl_pow_2(gap_error(sweep, (int)i, c))
                                      : -c * c * sweep->layer[i] * sweep->layer[j] / PRINTED_SAMPLE);
        }
        experiment_require(run, fit_generalised(design, data, covariance, theta, errors, &chi2), "fit of c");
        sweep->fitted_tangent = gsl_vector_get(theta, 0);
    }
    const double p = gsl_cdf_chisq_Q(chi2, N_OFFSETS - 1);
    experiment_check(run, "soft/table-2", "p-value of the fit of six gaps by c", p, AT_LEAST, LEAST_P, 0);
    experiment_macro(run, "FitTangent", "%.3f", sweep->fitted_tangent);
    experiment_macro(run, "FitTangentError", "%.3f", sqrt(gsl_matrix_get(errors, 0, 0)));
    experiment_macro(run, "FitTangentP", "%.2f", p);
    gsl_matrix_free(design);
    gsl_matrix_free(errors);
    gsl_matrix_free(covariance);
    gsl_vector_free(data);
    gsl_vector_free(theta);
}

// The flip rate when the router is turned by the angle epsilon and b is kept: the same exclusive or, with both normals of
// length 1, is 4 T(b, tan(epsilon/2)). The paper does not say which of the two it means.
static int turned_probability(double offset, double epsilon, gsl_sf_result *flips) {
    gsl_sf_result t;
    const int status = gaussian_owens_t(offset, tan(epsilon / 2), &t);
    if (status == GSL_SUCCESS)
        *flips = (gsl_sf_result){4 * t.val, 4 * t.err};
    return status;
}

// Chi-square of the printed flips as a function of epsilon, for one of the two perturbations.
typedef struct flip_fit {
    experiment_t *run;
    const sweep_t *sweep;
    int (*probability)(double offset, double epsilon, gsl_sf_result *flips);
    double epsilon, error, chi2; // what is found
} flip_fit_t;

static double flip_chi2(double epsilon, void *context) {
    const flip_fit_t *fit = context;
    double chi2 = 0;
    for (int i = 0; i < N_OFFSETS; i++) {
        gsl_sf_result flips;
        experiment_require(fit->run, fit->probability(fit->sweep->offset[i], epsilon, &flips),
                           "flip probability");
        chi2 += gsl_pow_2((fit->sweep->flips[i] - flips.val) / rate_error(flips.val));
    }
    return chi2;
}

// The epsilon that fits the printed flips, by Brent's method; its error is where chi-square has risen by 1.
static void minimise_flips(flip_fit_t *fit) {
    gsl_function function = {flip_chi2, fit};
    gsl_min_fminimizer *minimizer = gsl_min_fminimizer_alloc(gsl_min_fminimizer_brent);
    if (minimizer == NULL)
        experiment_stop(fit->run, FAULT_SYSTEM, "out of memory");
    experiment_require(fit->run, gsl_min_fminimizer_set(minimizer, &function, EPSILON, 0.01, 0.5),
                       "bracket of epsilon");
    for (int i = 0;
         i < 100 && gsl_min_fminimizer_x_upper(minimizer) - gsl_min_fminimizer_x_lower(minimizer) > 1e-9; i++)
        experiment_require(fit->run, gsl_min_fminimizer_iterate(minimizer), "fit of epsilon");
    fit->epsilon = gsl_min_fminimizer_x_minimum(minimizer);
    fit->chi2 = gsl_min_fminimizer_f_minimum(minimizer);
    gsl_min_fminimizer_free(minimizer);
    const double h = 1e-3, sides = flip_chi2(fit->epsilon + h, fit) + flip_chi2(fit->epsilon - h, fit);
    fit->error = sqrt(2 * h * h / (sides - 2 * fit->chi2));
}

static void fit_epsilon(experiment_t *run, sweep_t *sweep) {
    flip_fit_t shifted = {run, sweep, gaussian_flip_probability, 0, 0, 0},
               turned = {run, sweep, turned_probability, 0, 0, 0};
    minimise_flips(&shifted);
    minimise_flips(&turned);
    sweep->fitted_epsilon = shifted.epsilon;
    const double p = gsl_cdf_chisq_Q(shifted.chi2, N_OFFSETS - 1);
    experiment_check(run, "soft/table-2", "p-value of the fit of six flip rates by epsilon", p, AT_LEAST,
                     LEAST_P, 0);
    experiment_macro(run, "FitEpsilon", "%.4f", shifted.epsilon);
    experiment_macro(run, "FitEpsilonError", "%.4f", shifted.error);
    experiment_macro(run, "FitEpsilonP", "%.2f", p);
    experiment_macro(run, "TurnedEpsilon", "%.4f", turned.epsilon);
    experiment_macro(run, "TurnedEpsilonP", "%.2f", gsl_cdf_chisq_Q(turned.chi2, N_OFFSETS - 1));
}

static void check_caption(experiment_t *run, const sweep_t *sweep) {
    static const double LEAST_CORRELATION = 0.9999;
    const double with_gap = gsl_stats_correlation(sweep->mass, 1, sweep->gap, 1, N_OFFSETS);
    const double with_flips = gsl_stats_correlation(sweep->mass, 1, sweep->flips, 1, N_OFFSETS);
    double mass[N_OFFSETS], gap[N_OFFSETS], flips[N_OFFSETS];
    for (int i = 0; i < N_OFFSETS; i++) {
        double exact[COLUMNS];
        exact_columns(run, sweep->offset[i], sweep->tangent, EPSILON, exact);
        mass[i] = exact[0];
        gap[i] = exact[1];
        flips[i] = exact[2];
    }
    experiment_check(run, "soft/fig-2", "correlation of printed mass and gap", with_gap, AT_LEAST,
                     LEAST_CORRELATION, 0);
    experiment_check(run, "soft/fig-2", "correlation of printed mass and flips", with_flips, AT_LEAST,
                     LEAST_CORRELATION, 0);
    experiment_check(run, "soft/fig-2", "correlation of exact mass and gap",
                     gsl_stats_correlation(mass, 1, gap, 1, N_OFFSETS), AT_LEAST, LEAST_CORRELATION, 0);
    experiment_check(run, "soft/fig-2", "correlation of exact mass and flips",
                     gsl_stats_correlation(mass, 1, flips, 1, N_OFFSETS), AT_LEAST, LEAST_CORRELATION, 0);
    experiment_macro(run, "GapCorrelation", "%.6f", with_gap);
    experiment_macro(run, "FlipCorrelation", "%.6f", with_flips);
    experiment_macro(run, "ExactGapCorrelation", "%.6f", gsl_stats_correlation(mass, 1, gap, 1, N_OFFSETS));
    experiment_macro(run, "ExactFlipCorrelation", "%.6f",
                     gsl_stats_correlation(mass, 1, flips, 1, N_OFFSETS));
}

// ---- Tables and figure ----

// Covariance of the printed masses on one sample: P(A_i and A_j) is the mass of the overlap of two slabs.
static double mass_covariance(const sweep_t *sweep, int i, int j) {
    const double width = 2 * TAU, low = fmax(sweep->offset[i], sweep->offset[j]) - width;
    const double high = fmin(sweep->offset[i], sweep->offset[j]) + width;
    const double both = high > low ? gaussian_slab_mass((low + high) / 2, (high - low) / 2) : 0;
    const double p = gaussian_slab_mass(sweep->offset[i], width),
                 q = gaussian_slab_mass(sweep->offset[j], width);
    return (both - p * q) / PRINTED_SAMPLE + (i == j ? gsl_pow_2(2 * HALF_RATE) / 12 : 0);
}

// The six printed masses together, and what their scatter says of the number of points behind them.
static void check_masses(experiment_t *run, const sweep_t *sweep) {
    gsl_matrix *covariance = gsl_matrix_alloc(N_OFFSETS, N_OFFSETS);
    gsl_vector *residual = gsl_vector_alloc(N_OFFSETS);
    if (!covariance || !residual)
        experiment_stop(run, FAULT_SYSTEM, "out of memory");
    for (size_t i = 0; i < N_OFFSETS; i++) {
        gsl_vector_set(residual, i, sweep->mass[i] - gaussian_slab_mass(sweep->offset[i], 2 * TAU));
        for (size_t j = 0; j < N_OFFSETS; j++)
            gsl_matrix_set(covariance, i, j, mass_covariance(sweep, (int)i, (int)j));
    }
    double chi2, low, high;
    experiment_require(run, fit_chi2(residual, covariance, &chi2), "chi-square of the masses");
    fit_sample_interval(chi2 / PRINTED_SAMPLE, N_OFFSETS, LEVEL, &low, &high);
    experiment_check(run, "soft/table-2", "p-value of the six printed masses",
                     gsl_cdf_chisq_Q(chi2, N_OFFSETS), AT_LEAST, LEAST_P, 0);
    experiment_macro(run, "SampleLow", "\\num{%.1e}", low);
    experiment_macro(run, "SampleHigh", "\\num{%.1e}", high);
    gsl_matrix_free(covariance);
    gsl_vector_free(residual);
}

// The main table holds our exact columns; the table `printed` the printed ones with their z-scores.
static void write_tables(experiment_t *run, const sweep_t *sweep) {
    static const table_column_t ours[] = {
        {"offset", "1", "%.2f", "%.2f"},        {"boundary_mass", "1", "%.10f", "%.4f"},
        {"risk_gap", "1", "%.10f", "%.5f"},     {"flip_rate", "1", "%.10f", "%.5f"},
        {"sampled_mass", "1", "%.8f", "%.4f"},  {"sampled_mass_error", "1", "%.1e", "%.1e"},
        {"sampled_gap", "1", "%.8f", "%.5f"},   {"sampled_gap_error", "1", "%.1e", "%.1e"},
        {"sampled_flips", "1", "%.8f", "%.5f"}, {"sampled_flips_error", "1", "%.1e", "%.1e"}};
    static const table_column_t theirs[] = {
        {"offset", "1", "%.2f", "%.2f"},       {"printed_mass", "1", "%.4f", "%.4f"},
        {"exact_mass", "1", "%.8f", "%.4f"},   {"mass_z", "1", "%.3f", "%.1f"},
        {"printed_gap", "1", "%.5f", "%.5f"},  {"fitted_gap", "1", "%.8f", "%.5f"},
        {"gap_z", "1", "%.3f", "%.1f"},        {"printed_flips", "1", "%.4f", "%.4f"},
        {"fitted_flips", "1", "%.8f", "%.5f"}, {"flips_z", "1", "%.3f", "%.1f"}};
    table_t *main_table =
        experiment_table(run, "", "our run at tau = 0.10: exact and sampled", ours, 10, N_OFFSETS);
    table_t *printed =
        experiment_table(run, "printed", "printed numbers with z-scores", theirs, 10, N_OFFSETS);
    double worst = 0;
    for (int i = 0; i < N_OFFSETS; i++) {
        double exact[COLUMNS], fitted[COLUMNS];
        const gsl_sf_result *sampled = sweep->sampled[i];
        exact_columns(run, sweep->offset[i], sweep->tangent, EPSILON, exact);
        exact_columns(run, sweep->offset[i], sweep->fitted_tangent, sweep->fitted_epsilon, fitted);
        const double z[COLUMNS] = {(sweep->mass[i] - fitted[0]) / rate_error(fitted[0]),
                                   (sweep->gap[i] - fitted[1]) / gap_error(sweep, i, sweep->fitted_tangent),
                                   (sweep->flips[i] - fitted[2]) / rate_error(fitted[2])};
        for (int k = 0; k < COLUMNS; k++) {
            experiment_check(run, "soft/table-2", "z of a printed number", fabs(z[k]), AT_MOST, MAX_Z, 0);
            worst = fmax(worst, fabs(z[k]));
        }
        table_row(main_table,
                  (double[]){sweep->offset[i], exact[0], exact[1], exact[2], sampled[0].val, sampled[0].err,
                             sampled[1].val, sampled[1].err, sampled[2].val, sampled[2].err});
        table_row(printed, (double[]){sweep->offset[i], sweep->mass[i], fitted[0], z[0], sweep->gap[i],
                                      fitted[1], z[1], sweep->flips[i], fitted[2], z[2]});
    }
    experiment_macro(run, "WorstZ", "%.1f", worst);
}

// Exact gap and flips against the mass while the offset moves, with the band of two standard errors of the
// printed sample.
static void write_curves(experiment_t *run, const sweep_t *sweep) {
    enum { POINTS = 61 };
    static const table_column_t columns[] = {
        {"offset", "1", "%.4f", NULL},   {"boundary_mass", "1", "%.8f", NULL},
        {"risk_gap", "1", "%.8f", NULL}, {"gap_low", "1", "%.8f", NULL},
        {"gap_high", "1", "%.8f", NULL}, {"flip_rate", "1", "%.8f", NULL},
        {"flip_low", "1", "%.8f", NULL}, {"flip_high", "1", "%.8f", NULL}};
    table_t *table = experiment_table(run, "curves", "exact gap and flips over the mass as the offset moves",
                                      columns, 8, POINTS);
    for (int i = 0; i < POINTS; i++) {
        const double offset = 0.05 * (POINTS - 1 - i), tau[2] = {TAU, TAU};
        double exact[COLUMNS];
        gsl_sf_result variance;
        exact_columns(run, offset, sweep->fitted_tangent, sweep->fitted_epsilon, exact);
        experiment_require(run, boundary_layer_covariance(tau, offset, 0, sweep->fitted_tangent, &variance),
                           "covariance");
        const double gap_band = 2 * sqrt(variance.val / PRINTED_SAMPLE);
        const double flip_band = 2 * sqrt(exact[2] * (1 - exact[2]) / PRINTED_SAMPLE);
        table_row(table, (double[]){offset, exact[0], exact[1], exact[1] - gap_band, exact[1] + gap_band,
                                    exact[2], exact[2] - flip_band, exact[2] + flip_band});
    }
}

static void geometry_sweep(experiment_t *run) {
    sweep_t sweep;
    state_parameters(run, &sweep);
    read_printed(run, &sweep);
    compute_layers(run, &sweep);
    sample(run, &sweep);
    fit_tangent(run, &sweep);
    fit_epsilon(run, &sweep);
    check_masses(run, &sweep);
    check_caption(run, &sweep);
    write_tables(run, &sweep);
    write_curves(run, &sweep);
    experiment_claim(run, "soft/table-2", VERDICT_HOLDS, METHOD_QUADRATURE, "geometry-sweep.printed.csv");
    experiment_claim(run, "soft/fig-2", VERDICT_HOLDS, METHOD_QUADRATURE, "geometry-sweep.csv");
}

int main(int argc, char **argv) {
    static const experiment_plan_t plan = {
        .name = "geometry-sweep",
        .brief = "gap and flips as the interface moves through the input law (Table 2)",
        .seed = 20260523,
        .run = geometry_sweep};
    return experiment_main(&plan, argc, argv);
}
