// SPDX-License-Identifier: GPL-3.0-or-later
// Margins and flips of one layer of a router, gathered in one pass over its logits, which may be far more than memory holds.
//
// Blocks of rows are added in any order, by several threads to samples of their own, and the samples are merged. All sums are
// integers (counts, and fixed-point numbers), so that the report has the same bits however the rows were cut, ordered and shared
// out. A sample takes some 300 KB; its rows must be fewer than 2^32.
//
//     margin_options_t options = {.rule = {.experts = 64, .active = 8}, .noises = 1, .noise = {0.01}};
//     margin_sample_t *sample = NULL;
//     int status = margin_sample_alloc(&options, &sample);
//     ...
//     status = margin_sample_add(sample, &(margin_block_t){.first = 0, .rows = n, .floats = logits}, NULL, NULL);
//     ...
//     margin_report_t report;
//     margin_sample_report(sample, &report);
//
// The margin is gap_k, in units of the selection scores: the logits' for plain rules. selection.h says what it is for others.
//
// The density of gap_k at 0, of one side, is the mean of k(gap / w) / w over all rows, rows with 0 < gap < w only, by the linear
// boundary kernel of stat/edge.h with w the quantile of order n^(-1/5) of the gaps > 0. It takes the gaps from a histogram with
// 128 bins for each power of two, which knows the sum of each bin: binning changes the estimate by less than a hundredth of its
// standard error (tests/test_edge.c). That is about 2.2 n^(-2/5) of the estimate, and the bias about 0.05 n^(-2/5) of it where gaps
// are nearly exponential, as they are in iid logits. Exact ties are an atom at 0 of which it does not know. The estimate with half
// the window is there as a check: its bias is a quarter, its standard error 1.4 times as large. Where the given scores are rounded
// themselves (see `significant`), gaps lie on a grid, and the estimate looks through it only when w is many steps wide.
//
// All standard errors and intervals are those of independent rows. Rows of one text are not quite independent.
#ifndef MOEGEOM_ROUTING_MARGIN_SAMPLE_H
#define MOEGEOM_ROUTING_MARGIN_SAMPLE_H

#include "number/rounding.h"
#include "routing/selection.h"
#include "stat/binomial.h"

#include <gsl/gsl_sf_result.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MARGIN_CASTS = 24, MARGIN_NOISES = 16, MARGIN_WIDTHS = 16, MARGIN_RISKS = 64 };

// What is to be measured; all zero but the rule is allowed.
typedef struct margin_options {
    selection_t rule; // its bias outlives the sample
    size_t casts;     // formats to which the logits are rounded, at most MARGIN_CASTS
    rounding_t cast[MARGIN_CASTS];
    size_t noises;               // scales of independent normal noise on all logits, at most MARGIN_NOISES
    double noise[MARGIN_NOISES]; // > 0
    size_t widths;               // w of P(gap_k <= w), at most MARGIN_WIDTHS
    double width[MARGIN_WIDTHS]; // >= 0
    size_t risks;                // rows with the smallest gaps to be kept, at most MARGIN_RISKS
    // Flips are predicted from one row in `stride`, those whose numbers a fixed hash picks, since a prediction costs more than
    // reading a row; flips are observed in all rows. 0 is 1: all rows.
    uint64_t stride;
} margin_options_t;

// A stride for a layer of so many rows, which leaves 2^17 of them or up to twice as many; 2^14 for rules that are not plain, and 2^12
// with groups, where the noise on one row may take a millisecond; and no more than about four times as many in all layers.
//   all  rows of all layers
uint64_t margin_sample_stride(const selection_t *rule, uint64_t rows, uint64_t all);

typedef struct margin_sample margin_sample_t;

// An empty sample.
//   result  receives it, to be released by margin_sample_free; left as it was on an error
// Returns GSL_SUCCESS, GSL_EDOM (options out of range, or a rule that selection_check refuses) or GSL_ENOMEM.
int margin_sample_alloc(const margin_options_t *options, margin_sample_t **result);
void margin_sample_free(margin_sample_t *sample); // NULL is allowed

// Consecutive rows. Logits are given as floats or as doubles; the results are the same where the numbers are. Rows of
// doubles that are 32-bit floats (as those of all narrower formats are) are nearly as fast as floats under plain rules.
typedef struct margin_block {
    uint64_t first;             // number of the first row in the layer
    size_t rows;                // may be 0
    const float *floats;        // rows x N, or NULL
    const double *logits;       // rows x N, or NULL
    const float *other_floats;  // the same rows of another dump; or NULL
    const double *other_logits; // the same in doubles; or NULL
    // What another dump selected, rows x k different numbers of experts in any order; or NULL.
    const uint32_t *other_choices;
} margin_block_t;

// What happened to a row: the bit of each cast that changes its set, in the order of the options; whether the other dump selects
// another set; whether there is an exact tie at rank k.
#define MARGIN_EVENT_CAST(i) (UINT32_C(1) << (i))
#define MARGIN_EVENT_BETWEEN (UINT32_C(1) << 30)
#define MARGIN_EVENT_TIE (UINT32_C(1) << 31)

// Adds a block; one of `floats` and `logits` is there, and one of the others at most.
//   events  receives the events of each row; may be NULL
//   refuse  receives, with GSL_EDOM, the row within the block that holds NaN or an infinity (in any of the dumps) or a choice out of
//           range; may be NULL
// Returns GSL_SUCCESS, GSL_EDOM or GSL_ENOMEM; then the sample is worth nothing any more.
int margin_sample_add(margin_sample_t *sample, const margin_block_t *block, uint32_t *events, size_t *refuse);

// Adds the rows of another sample with the same options. Returns GSL_SUCCESS, GSL_EINVAL (other options) or GSL_ENOMEM.
int margin_sample_merge(margin_sample_t *to, const margin_sample_t *from);

// ---- Results ----

// Orders of the quantiles that are reported: 0, .01, .05, .25, .5, .75, .95, .99, 1.
enum { MARGIN_QUANTILES = 9 };
extern const double margin_quantile_orders[MARGIN_QUANTILES];

// The flips observed in the rows of a prediction, the sum of their chances p and that of p (1 - p). Tallies of layers add up.
typedef struct margin_tally {
    uint64_t observed;
    double expected, variance;
} margin_tally_t;

// A cast. `predicted` is the mean of flip_rounding over the rows of the prediction, with its standard error as an estimate for the
// law of the rows; the score compares the flips observed in these very rows with the sum of their chances, given the rows.
// Where the given scores are numbers of the format already, rounding changes nothing and nothing is predicted: `moved` is 0, and
// `predicted` and the score's z are 0. (The first-order law does not know of it.)
typedef struct margin_cast {
    binomial_rate_t observed; // rows whose set changes
    gsl_sf_result predicted;  // rate
    // f E[u | gap = 0] / 4 from the density of gap / u; NaN for rules that are not plain.
    gsl_sf_result first_order;
    margin_tally_t tally;   // of the rows of the prediction
    binomial_score_t score; // of observation against prediction
    uint64_t ties;          // rows with an exact tie at rank k after rounding
    // Plain rules: rows with a gap within the spacing whose k-th or (k+1)-th largest logit is not a number of the format; others:
    // all rows.
    uint64_t moved;
} margin_cast_t;

// Noise of standard deviation sigma on each logit, independent.
typedef struct margin_noise {
    double sigma;
    gsl_sf_result predicted;   // mean of flip_noise
    gsl_sf_result first_order; // f sigma / sqrt(pi); NaN for rules that are not plain
} margin_noise_t;

// Another dump of the same rows.
//
// Noise that the experts of a row share cancels. The independent part is taken from the differences d of the two dumps' logits at
// the m contenders, the experts whose scores are nearest to the boundary: sigma = (sqrt(pi) / 2) mean |d_i - d_j| over their pairs,
// the standard deviation of normal noise with that mean difference (C. Gini's). To first order flips depend on the mean difference
// alone, so that a row's own sigma is without bias there, however few the contenders, and whatever the law of the noise. m = N / 8
// within MARGIN_CONTENDERS and twice as many, since noise may depend on the size of the logit; N with groups. What is left of that:
// with noise proportional to the logit, predictions for 8 iid experts and k = 1, whose contenders are mostly below the boundary, are
// a fifth too small.
//
// The prediction is the mean of flip_noise at the row's own sigma for the first dump's logits. It is not for a second dump that is the
// first one rounded: rounding keeps the order, flips come through ties alone (`tied` is the observed count then), and the casts
// predict them.
enum { MARGIN_CONTENDERS = 4 };
typedef struct margin_between {
    // Rows whose selected sets differ; trials is the number of rows with another dump, 0 for none.
    binomial_rate_t observed;
    uint64_t tied;           // of these, rows where one of the dumps has an exact tie at rank k
    uint64_t compared;       // rows of the noise: those with logits in both dumps
    uint64_t equal;          // of these, rows whose contenders have no noise
    double noise;            // mean of sigma; NaN where nothing was compared
    double median;           // of sigma, within 1/32 of itself
    gsl_sf_result predicted; // rate; NaN where nothing was compared
    margin_tally_t tally;    // of the rows of the prediction
    binomial_score_t score;  // of the observation in the rows of the prediction; NaN likewise
    // Rows that differ and in which rounding the first dump's logits to a cast selects what the second dump selected.
    uint64_t as_cast[MARGIN_CASTS];
} margin_between_t;

// A row with a small gap. With groups, inside and outside may be those (see selection_choice_t).
typedef struct margin_risk {
    uint64_t row;
    double gap;
    size_t inside, outside;
    bool of_groups;
} margin_risk_t;

typedef struct margin_report {
    uint64_t rows, predicted_rows; // the latter: rows of the predictions
    size_t experts, active;
    uint64_t exact_ties;
    // The most significant bits of a k-th or (k+1)-th largest logit: 8 at most in scores that were bf16, 11 fp16, 24 fp32; 0 for
    // rules that are not plain.
    int significant;
    // Interpolated, with a relative error below 1/256; the first and the last are exact.
    double gap_quantile[MARGIN_QUANTILES];
    size_t widths, casts, noises, risks;
    double width[MARGIN_WIDTHS];
    binomial_rate_t within[MARGIN_WIDTHS]; // gap_k <= width; exact counts
    gsl_sf_result density;                 // of gap_k at 0, without exact ties
    gsl_sf_result narrow;                  // the same with half the window
    double window;                         // w; 0 when there are no gaps > 0: then both densities are 0
    margin_cast_t cast[MARGIN_CASTS];
    margin_noise_t noise[MARGIN_NOISES];
    margin_between_t between;
    margin_risk_t risk[MARGIN_RISKS]; // ascending gaps, then rows
} margin_report_t;

// The report of what was added so far. Quantiles, densities, predictions and rates are NaN without rows; densities of gaps > 0 and
// standard errors are NaN for one row.
void margin_sample_report(const margin_sample_t *sample, margin_report_t *report);

// The gap with the given rank among all rows, exact ties included, 1 <= rank <= rows: the curve of P(gap_k <= w), with the errors of
// the quantiles.
double margin_sample_gap(const margin_sample_t *sample, uint64_t rank);

// The fewest bits at which rounding changes the set of at most a share of the rows.
//
// The rate at a spacing u is taken as E[(1 - gap / u)+] / 2: two logits g < u apart tie with chance 1 - g / u, and of random numbers of
// experts half have the wrong order. That is the law of all rows in which only two logits come near; where more do, a flip is up to
// twice as probable (1 - 1/C(s + t, s) for s selected and t others in the tie instead of 1/2), so that the rate at the answer is at
// most twice the target. How many bits that is depends on the gaps: one at most in iid normal logits for targets up to 0.1,
// more where many logits of a row are nearly equal. Rates of this law never exceed 1/2, and targets near that have no useful
// answer. u is 2^(1 - p) 2^e for p bits and 2^e <= |k-th largest| < 2^(e+1), with exponents of any size;
// and 1 / (2^(b-1) - 1) of the row's largest magnitude for integers of b bits.
//
// Exact ties in the given scores stay ties and are no flips, at any number of bits.
typedef struct margin_bits {
    int floating, integer; // p and b, at least 2 (p: 1); 0 when 53 bits do not suffice, or without rows
    double floating_rate, integer_rate; // at that number of bits; NaN for 0
    // The share of exact ties is above the target: how another engine breaks them no number of bits determines.
    bool ties;
} margin_bits_t;

//   samples  `count` samples, whose rows are taken together: layers, which may have different numbers of experts
//   target   > 0
// Returns GSL_SUCCESS, GSL_EDOM (target), or GSL_EUNSUP for rules that are not plain.
int margin_sample_bits(margin_sample_t *const *samples, size_t count, double target, margin_bits_t *bits);

#endif
