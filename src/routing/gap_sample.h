// SPDX-License-Identifier: GPL-3.0-or-later
// The soft-hard gap of a mixture of experts from a sample: logits, outputs of all experts, and targets of each row.
//
// Of a row with logits a, outputs f_k and target y, the hard prediction is h_0 = f_k*, k* the winner (of equal logits the
// lower index), and the soft one h_tau = sum p_k f_k. With d = h_tau - h_0,
//
//     |y - h_tau|^2 - |y - h_0|^2 = |d|^2 - 2 d.(y - h_0),
//
// so that nothing cancels however cold the router. Delta is the top-two margin, D = f_k* - f_(second), and the tail is 1 - max p.
//
// The law. As tau -> 0 only rows near a tie of two experts count, and with the one-sided density f of Delta at 0
//
//     E|d|^2 = T + tau (ln 2 - 1/2) f(0) E[|D|^2 | Delta = 0] + ...
//     L_tau - L_0 = T' + tau f(0) {(ln 2 - 1/2) E[|D|^2 | 0] + ln 2 E[2 D.(y - h_0) | 0]} + ...
//
// T and T' are what rows with exact ties contribute at any temperature, however low.
//
// The density at the edge of its support, and with it the sums above, are estimated with the kernel of stat/edge.h: by the means of
// k(Delta / w) / w times 1, |D|^2 and 2 D.(y - h_0) over the rows with 0 < Delta < w. w is the quantile of order n^(-1/5) of the
// margins > 0.
#ifndef MOEGEOM_ROUTING_GAP_SAMPLE_H
#define MOEGEOM_ROUTING_GAP_SAMPLE_H

#include <gsl/gsl_sf_result.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Where the rows come from; they are read in order, several times, and never kept.
typedef struct gap_source {
    uint64_t rows;    // n >= 1
    size_t experts;   // K >= 2
    size_t dimension; // m >= 1 components of an output
    bool targets;
    // Reads consecutive rows: logits count x K, outputs count x K x m, targets count x m; all finite. `targets` is NULL when
    // there are none. Returns GSL_SUCCESS, or a status that ends the computation.
    int (*read)(const void *context, uint64_t first, size_t count, double *logits, double *outputs,
                double *targets);
    const void *context;
} gap_source_t;

// Rows in memory, which belong to the caller; `targets` may be NULL.
typedef struct gap_arrays {
    size_t rows, experts, dimension;
    const double *logits, *outputs, *targets;
} gap_arrays_t;

// A source of these rows; the arrays outlive it.
gap_source_t gap_arrays_source(const gap_arrays_t *arrays);

// What has to be known before anything is measured.
typedef struct gap_survey {
    uint64_t ties;          // rows whose two largest logits are equal
    double least, greatest; // margins > 0; 0 when there are none
    double range;           // the greatest difference of two logits of a row
    double window;          // w, within 1/16; 0 when there are no margins > 0
    double spread;          // the greatest |f_k - f_k*|
    double outputs;         // the greatest |f_k|
    double targets;         // the greatest |y|
} gap_survey_t;

// One pass over the rows. Returns a GSL status.
int gap_survey(const gap_source_t *source, gap_survey_t *survey);

// One of the two gaps, observed and predicted.
//
// A mean over n rows to which only a few near ties contribute is about as good as one of those few, and its standard error is no
// better. With w the summands in absolute value, of the rows without an exact tie, (sum w)^2 / sum w^2 rows carry the mean: m
// when m of them are equal and the others 0; 0 when all are 0. Of cold routers with two experts, about n f(0) tau do.
typedef struct gap_estimate {
    gsl_sf_result observed; // mean and its standard error
    double carriers;        // rows that carry it
    double ties;            // T or T', the part of exact ties in the limit tau -> 0
    double ties_error;      // standard error
    gsl_sf_result slope;    // of the law
    double covariance;      // of the estimates of T (or T') and slope
    gsl_sf_result narrow;   // slope with half the window
    double predicted;       // T + tau slope
    double z;     // (observed - predicted) over the standard error of this difference; NaN when that is 0
    double bound; // see below
    double bound_carriers; // rows that carry it
} gap_estimate_t;

// What is carried by fewer rows is of this sample only: a statement on the law of the rows needs as many.
enum { GAP_CARRIERS = 30 };

typedef struct gap_report {
    gap_estimate_t square;      // E|h_tau - h_0|^2 <= spread^2 E[tail^2]
    gap_estimate_t risk;        // |L_tau - L_0| <= 2 (B_Y + B_f) spread E[tail]; only with targets
    gsl_sf_result tail;         // E[tail]
    gsl_sf_result tail_squared; // E[tail^2]
    gsl_sf_result density;      // f(0)
    gsl_sf_result jump;         // E[|D|^2 | Delta = 0]; NaN where the estimated density is not positive
} gap_report_t;

// One pass. Standard errors are those of independent rows.
//   tau  > 0
// Returns a GSL status.
int gap_measure(const gap_source_t *source, const gap_survey_t *survey, double tau, gap_report_t *report);

// Whether the law is estimated where it is applied: tau <= w. At a higher temperature rows matter that it does not look at; the
// loser's gate at the edge of the window is 1 / (1 + e) then.
bool gap_sample_within(const gap_survey_t *survey, double tau);

// The greatest temperature at and below which |T + slope t| is within a tolerance, with its standard error to first order.
//   tolerance  > 0
// 0 when T alone exceeds the tolerance, infinite when the slope is 0; the error is 0 then. NaN when the slope is not known.
gsl_sf_result gap_sample_law_temperature(const gap_estimate_t *estimate, double tolerance);

// The rows that a sample of the same kind should have, so that GAP_CARRIERS of them carry the gap at a temperature: about
// GAP_CARRIERS / (f(0) tau). NaN where that is not known.
double gap_sample_rows(const gap_report_t *report, double tau);

// What a temperature is sought for: the gap that the source has (the risk with targets, else the square), or its bound.
typedef enum gap_quantity { GAP_OBSERVED, GAP_BOUNDED } gap_quantity_t;

// The greatest temperature at and below which a quantity is within a tolerance, by passes over grids of temperatures from cold to
// warm, each inside a step of the one before; the colder end of the last step, which is less than 1e-6 wide in ln tau. Bounds
// grow with tau, and so does |d|^2 of two experts, whose gate alone depends on tau. Elsewhere a curve might leave the tolerance
// and come back within a step of the first grid, 1/4 in ln tau, or more where margins and logits differ by a factor of 1e50.
//   tolerance  > 0
//   tau        receives it: 0 when exact ties alone exceed the tolerance, infinity when no temperature exceeds it
// Returns a GSL status.
int gap_sample_temperature(const gap_source_t *source, const gap_survey_t *survey, gap_quantity_t quantity,
                           double tolerance, double *tau);

// The derivative with respect to tau of the gap that the source has, by a central difference over one hundredth of ln tau.
// With the standard error of the gap it makes that of the temperature where the gap reaches a tolerance.
//   tau  > 0, finite
// Returns a GSL status.
int gap_sample_derivative(const gap_source_t *source, const gap_survey_t *survey, double tau,
                          double *derivative);

#endif
