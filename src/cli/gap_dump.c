// SPDX-License-Identifier: GPL-3.0-or-later
// moegeom gap from a dump: the gap at a temperature, and the temperatures of a tolerance.
#include "cli/gap.h"

#include "cli/options.h"
#include "io/scores.h"
#include "routing/gap_sample.h"

#include <float.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

// ---- Files ---------------------------------------------------------------------------------------------------------

typedef struct dump {
    scores_t scores;
    array_t *outputs, *targets; // targets NULL without
} dump_t;

// Standard errors ask for fourth powers, and sums of them.
static const double LARGEST = 1e70;

static void check_sizes(const array_t *array, uint64_t first, size_t count, const double *values) {
    const size_t width = array_width(array);
    for (size_t i = 0; i < count * width; i++)
        if (fabs(values[i]) > LARGEST)
            options_stop("gap", FAULT_INPUT,
                         "%s: row %" PRIu64
                         " (from 0): expected numbers of at most %g in absolute value, found %g",
                         array_name(array), first + i / width, LARGEST, values[i]);
}

static int read_dump(const void *context, uint64_t first, size_t count, double *logits, double *outputs,
                     double *targets) {
    const dump_t *dump = context;
    fault_t fault = {0};
    scores_read(&dump->scores, first, count, logits, &fault);
    array_read(dump->outputs, first, count, outputs, &fault);
    if (targets != NULL)
        array_read(dump->targets, first, count, targets, &fault);
    options_check("gap", &fault);
    check_sizes(dump->outputs, first, count, outputs);
    if (targets != NULL)
        check_sizes(dump->targets, first, count, targets);
    return GSL_SUCCESS;
}

// A shape as Python writes it.
static const char *shape_of(const array_t *array, char room[256]) {
    size_t length = 0;
    for (size_t i = 0; i < array_rank(array); i++)
        length += (size_t)snprintf(room + length, 256 - length, "%s%" PRIu64, i > 0 ? ", " : "",
                                   array_shape(array)[i]);
    return room;
}

static void note_array(const array_t *array) {
    if (array_note(array) != NULL)
        fprintf(stderr, "moegeom gap: note: %s: %s\n", array_name(array), array_note(array));
}

// Rows of which nine in ten sum to 1 are probable enough to be a dump of probabilities with a defect.
static void note_scores(const scores_t *scores) {
    const char *name = array_name(scores->array);
    if (scores->probabilities)
        fprintf(
            stderr,
            "moegeom gap: note: the rows of %s sum to 1: taken for probabilities, and their logarithms for "
            "logits\n",
            name);
    else if (scores->sums >= scores->rows - scores->rows / 10)
        fprintf(stderr,
                "moegeom gap: note: %" PRIu64 " of %" PRIu64 " rows of %s sum to 1, but row %" PRIu64
                " (from 0) does not: taken for logits\n",
                scores->sums, scores->rows, name, scores->other);
}

static array_t *open_array(const char *path, const dump_t *dump) {
    array_t *array = NULL;
    fault_t fault = {0};
    array_open(path, &array, &fault);
    options_check("gap", &fault);
    note_array(array);
    if (array_shape(array)[0] != dump->scores.rows)
        options_stop("gap", FAULT_INPUT, "%s: expected %" PRIu64 " rows, as in %s, found %" PRIu64,
                     array_name(array), dump->scores.rows, array_name(dump->scores.array),
                     array_shape(array)[0]);
    return array;
}

static void check_outputs(const dump_t *dump) {
    char room[256];
    const size_t rank = array_rank(dump->outputs);
    if (rank < 2 || rank > 3 || array_shape(dump->outputs)[1] != dump->scores.experts)
        options_stop(
            "gap", FAULT_INPUT,
            "%s: expected the shape (rows, experts) or (rows, experts, dim) with %zu experts, found (%s)",
            array_name(dump->outputs), dump->scores.experts, shape_of(dump->outputs, room));
}

static void check_targets(const dump_t *dump, size_t dimension) {
    char room[256];
    if (array_rank(dump->targets) > 2 || array_width(dump->targets) != dimension)
        options_stop("gap", FAULT_INPUT,
                     "%s: expected targets of dimension %zu, as the outputs', found the shape (%s)",
                     array_name(dump->targets), dimension, shape_of(dump->targets, room));
}

static gap_source_t open_dump(const gap_request_t *request, dump_t *dump) {
    fault_t fault = {0};
    scores_open(request->logits, &dump->scores, &fault);
    options_check("gap", &fault);
    note_array(dump->scores.array);
    note_scores(&dump->scores);
    dump->outputs = open_array(request->outputs, dump);
    check_outputs(dump);
    const size_t dimension = array_width(dump->outputs) / dump->scores.experts;
    if (request->targets != NULL) {
        dump->targets = open_array(request->targets, dump);
        check_targets(dump, dimension);
    }
    return (gap_source_t){.rows = dump->scores.rows,
                          .experts = dump->scores.experts,
                          .dimension = dimension,
                          .targets = dump->targets != NULL,
                          .read = read_dump,
                          .context = dump};
}

static void close_dump(dump_t *dump) {
    scores_close(&dump->scores);
    array_close(dump->outputs);
    array_close(dump->targets);
}

// ---- What every answer says ----------------------------------------------------------------------------------------

// The gap that the dump has.
static const gap_estimate_t *asked(const gap_source_t *source, const gap_report_t *report) {
    return source->targets ? &report->risk : &report->square;
}

static bool too_few(const gap_survey_t *survey, double carriers) {
    return carriers < GAP_CARRIERS && survey->spread > 0;
}

// Says that too few rows carry something, and how many rows a dump should have at a temperature.
static void note_few(const gap_report_t *report, double carriers, double tau, const char *what,
                     const char *remedy) {
    const double rows = gap_sample_rows(report, tau);
    fprintf(stderr,
            "moegeom gap: note: %s is carried by %.2g of the rows near ties, fewer than %d: it is of this "
            "sample only%s",
            what, carriers, GAP_CARRIERS, remedy);
    if (isfinite(rows))
        fprintf(stderr, "; about %.2g rows would do", rows);
    fputc('\n', stderr);
}

static void print_size(const gap_request_t *request, const gap_source_t *source, const gap_survey_t *survey) {
    const uint64_t all = source->rows, ties = survey->ties;
    if (request->json) {
        printf(", \"rows\": %" PRIu64 ", \"experts\": %zu, \"dimension\": %zu, \"ties\": %" PRIu64, all,
               source->experts, source->dimension, ties);
        gap_print_json(", \"window\": ", survey->window);
    } else
        printf("rows %" PRIu64 ", experts %zu, dimension of the outputs %zu, rows with an exact tie %" PRIu64
               "; margin window %.4g\n",
               all, source->experts, source->dimension, ties, survey->window);
}

// ---- At a temperature ----------------------------------------------------------------------------------------------

// Why the z-score says nothing, or NULL.
static const char *mute(const gap_survey_t *survey, const gap_estimate_t *estimate, double tau,
                        char room[64]) {
    snprintf(room, 64, "too few rows near ties: %.2g", estimate->carriers);
    return too_few(survey, estimate->carriers) ? room
           : !gap_sample_within(survey, tau)   ? "beyond the window of the law"
           : gsl_isnan(estimate->z)            ? "undefined"
                                               : NULL;
}

static void print_result_json(const char *name, gsl_sf_result result) {
    printf("\"%s\": {", name);
    gap_print_json("\"value\": ", result.val);
    gap_print_json(", \"error\": ", result.err);
    putchar('}');
}

static void print_estimate_json(const char *name, const gap_estimate_t *estimate, const char *why) {
    printf(", \"%s\": {", name);
    print_result_json("observed", estimate->observed);
    gap_print_json(", \"carrying_rows\": ", estimate->carriers);
    gap_print_json(", \"predicted\": ", estimate->predicted);
    gap_print_json(", \"z\": ", why != NULL ? GSL_NAN : estimate->z);
    if (why != NULL)
        printf(", \"z_note\": \"%s\"", why);
    gap_print_json(", \"bound\": ", estimate->bound);
    gap_print_json(", \"bound_rows\": ", estimate->bound_carriers);
    gap_print_json(", \"ties\": ", estimate->ties);
    fputs(", ", stdout);
    print_result_json("slope", estimate->slope);
    fputs(", ", stdout);
    print_result_json("slope_half_window", estimate->narrow);
    putchar('}');
}

static void print_estimate(const char *name, const gap_estimate_t *estimate, const char *why) {
    char room[GAP_RESULT];
    printf("%s\n", name);
    printf("  observed     %s (standard error of independent rows); rows that carry it: %.3g\n",
           gap_result(room, estimate->observed), estimate->carriers);
    printf("  predicted    %.6g = %.6g (exact ties) + tau * %s; observed - predicted: ", estimate->predicted,
           estimate->ties, gap_result(room, estimate->slope));
    if (why == NULL)
        printf("z = %.2f\n", estimate->z);
    else
        printf("no z (%s)\n", why);
    printf("  half window  tau * %s\n", gap_result(room, estimate->narrow));
    printf("  bound        %.6g; rows that carry it: %.3g\n", estimate->bound, estimate->bound_carriers);
}

static void print_report_json(const gap_request_t *request, const gap_source_t *source,
                              const gap_survey_t *survey, const gap_report_t *report) {
    char why[64];
    fputs(", ", stdout);
    print_result_json("density", report->density);
    fputs(", ", stdout);
    print_result_json("jump_squared", report->jump);
    print_estimate_json("square", &report->square, mute(survey, &report->square, request->tau, why));
    if (source->targets)
        print_estimate_json("risk", &report->risk, mute(survey, &report->risk, request->tau, why));
}

static void print_report(const gap_request_t *request, const gap_source_t *source, const gap_survey_t *survey,
                         const gap_report_t *report) {
    char density[GAP_RESULT], jump[GAP_RESULT], why[64];
    print_size(request, source, survey);
    printf("at margin 0: density %s, mean squared jump of the outputs %s\n",
           gap_result(density, report->density), gap_result(jump, report->jump));
    print_estimate("E|h_tau - h_0|^2, which is L_tau - L_0 when the hard router is right on average:",
                   &report->square, mute(survey, &report->square, request->tau, why));
    if (source->targets)
        print_estimate("L_tau - L_0:", &report->risk, mute(survey, &report->risk, request->tau, why));
}

static void print_gap_report(const gap_request_t *request, const gap_source_t *source,
                             const gap_survey_t *survey, const gap_report_t *report) {
    char room[GAP_RESULT];
    const gap_estimate_t *gap = asked(source, report);
    const bool few = too_few(survey, gap->carriers);
    if (request->json) {
        print_size(request, source, survey);
        print_report_json(request, source, survey, report);
    } else {
        printf("%s   %s at tau = %g%s\n", gap_result(room, gap->observed),
               source->targets ? "L_tau - L_0" : "E|h_tau - h_0|^2", request->tau,
               few ? ", of this sample only: too few rows near ties carry it" : "");
        print_report(request, source, survey, report);
    }
    if (few)
        note_few(report, gap->carriers, request->tau, "the observed gap", "");
}

// ---- For a tolerance -----------------------------------------------------------------------------------------------

// The temperatures, and how far they are to be believed.
typedef struct answer {
    gap_report_t report;    // at the observed temperature, or at one that is as good as infinite
    gsl_sf_result observed; // error NaN when it says nothing
    gsl_sf_result law;      // NaN when the law is not known
    double bound;
    double carriers;       // rows that carry the observed temperature
    double bound_carriers; // and the bound
    bool few, bound_few;   // whether these are too few
    bool law_first;        // whether the law answers
} answer_t;

static gap_report_t measure(const gap_source_t *source, const gap_survey_t *survey, double tau) {
    gap_report_t report;
    options_require("gap", gap_measure(source, survey, tau, &report), "estimates");
    return report;
}

static double search(const gap_request_t *request, const gap_source_t *source, const gap_survey_t *survey,
                     gap_quantity_t quantity) {
    double tau;
    options_require("gap", gap_sample_temperature(source, survey, quantity, request->gap, &tau), "search");
    return tau;
}

static bool inside(double tau) {
    return tau > 0 && isfinite(tau);
}

// The rows that carry what is found at a temperature: those with exact ties where only they matter, and all gates are equal where
// there is no limit.
static gap_report_t report_at(const gap_source_t *source, const gap_survey_t *survey, double tau) {
    const double hot = survey->range > 0 ? fmin(1e4 * survey->range, DBL_MAX / 1e4) : 1;
    return measure(source, survey, inside(tau) ? tau : hot);
}

// The standard error of the gap over the slope of its curve.
static double observed_error(const gap_source_t *source, const gap_survey_t *survey, const answer_t *answer) {
    double derivative;
    const double tau = answer->observed.val;
    if (!inside(tau) || answer->few)
        return GSL_NAN;
    options_require("gap", gap_sample_derivative(source, survey, tau, &derivative), "derivative");
    return derivative != 0 ? asked(source, &answer->report)->observed.err / fabs(derivative) : GSL_NAN;
}

static gsl_sf_result law_temperature(const gap_source_t *source, const gap_report_t *report,
                                     double tolerance) {
    const gap_estimate_t *gap = asked(source, report);
    const gsl_sf_result law = gap_sample_law_temperature(gap, tolerance);
    // A mean square cannot fall: such a slope is noise.
    if (!source->targets && gap->slope.val < 0)
        return (gsl_sf_result){GSL_NAN, GSL_NAN};
    return (gsl_sf_result){law.val, inside(law.val) ? law.err : GSL_NAN};
}

// Whether the law is better than what is observed: it must hold at its temperature, and be known within a half.
static bool prefer_law(const gap_survey_t *survey, const answer_t *answer) {
    const gsl_sf_result law = answer->law, observed = answer->observed;
    if (!inside(law.val) || !gap_sample_within(survey, law.val) || !(law.err < law.val / 2))
        return false;
    return answer->few ||
           (observed.err > observed.val / 4 && law.err / law.val < observed.err / observed.val);
}

static answer_t find_temperatures(const gap_request_t *request, const gap_source_t *source,
                                  const gap_survey_t *survey) {
    answer_t answer = {0};
    answer.observed.val = search(request, source, survey, GAP_OBSERVED);
    answer.bound = search(request, source, survey, GAP_BOUNDED);
    answer.report = report_at(source, survey, answer.observed.val);
    const gap_report_t at_bound = report_at(source, survey, answer.bound);
    const double ties = (double)survey->ties;
    answer.carriers = answer.observed.val > 0 ? asked(source, &answer.report)->carriers : ties;
    answer.bound_carriers = answer.bound > 0 ? asked(source, &at_bound)->bound_carriers : ties;
    answer.few = too_few(survey, answer.carriers);
    answer.bound_few = too_few(survey, answer.bound_carriers);
    answer.observed.err = observed_error(source, survey, &answer);
    answer.law = law_temperature(source, &answer.report, request->gap);
    answer.law_first = prefer_law(survey, &answer);
    return answer;
}

static void print_observed(const gap_request_t *request, const gap_source_t *source, const answer_t *answer) {
    char meaning[256];
    const bool scanned = source->experts > 2 || source->targets;
    snprintf(meaning, sizeof meaning, "tau at and below which %s of %s is within the tolerance%s",
             source->targets ? "|L_tau - L_0|" : "E|h_tau - h_0|^2",
             answer->few ? "this sample only" : "the sample", scanned ? " (by a scan)" : "");
    gap_print_line(request, "observed", answer->observed.val, meaning);
    gap_print_line(request, "error", answer->observed.err,
                   answer->few ? "too few rows near ties carry it" : "its standard error");
    gap_print_line(request, "carrying_rows", answer->carriers, "rows near ties that carry it, in effect");
}

static void print_law(const gap_request_t *request, const gap_source_t *source, const answer_t *answer) {
    char meaning[256];
    snprintf(meaning, sizeof meaning, "tau where the first-order law of %s reaches the tolerance",
             source->targets ? "L_tau - L_0" : "E|h_tau - h_0|^2");
    gap_print_line(request, "law", answer->law.val, meaning);
    gap_print_line(request, "law_error", answer->law.err, "its standard error");
}

static void print_bound(const gap_request_t *request, const answer_t *answer) {
    gap_print_line(request, "bound", answer->bound,
                   answer->bound_few
                       ? "cold enough for any outputs in the range of these, in this sample only"
                       : "cold enough for any outputs in the range of these");
    gap_print_line(request, "bound_rows", answer->bound_carriers, "rows near ties that carry it, in effect");
}

static void note_temperatures(const gap_source_t *source, const answer_t *answer) {
    if (answer->observed.val == 0)
        fprintf(stderr,
                "moegeom gap: note: no temperature is cold enough: exact ties alone make a gap of %.4g\n",
                asked(source, &answer->report)->ties);
    else if (answer->few)
        note_few(&answer->report, answer->carriers,
                 answer->law_first ? answer->law.val : answer->observed.val, "the observed temperature",
                 answer->law_first ? ", and the first line is that of the law"
                                   : ", and the law cannot answer for it");
    else if (answer->law_first)
        fputs("moegeom gap: note: the standard error of the observed temperature is above a quarter of it: "
              "the first "
              "line is that of the law\n",
              stderr);
    if (answer->bound_few && answer->bound > 0)
        note_few(&answer->report, answer->bound_carriers, answer->bound, "the bound", "");
}

static void print_temperatures(const gap_request_t *request, const gap_source_t *source,
                               const gap_survey_t *survey) {
    const answer_t answer = find_temperatures(request, source, survey);
    if (request->json)
        printf(", \"answer\": \"%s\"", answer.law_first ? "law" : "observed");
    if (answer.law_first)
        print_law(request, source, &answer);
    print_observed(request, source, &answer);
    if (!answer.law_first)
        print_law(request, source, &answer);
    print_bound(request, &answer);
    print_size(request, source, survey);
    note_temperatures(source, &answer);
}

void gap_run_dump(const gap_request_t *request) {
    dump_t dump = {0};
    gap_survey_t survey;
    const gap_source_t source = open_dump(request, &dump);
    options_require("gap", gap_survey(&source, &survey), "survey");
    gap_print_question(request);
    if (request->gap > 0)
        print_temperatures(request, &source, &survey);
    else {
        const gap_report_t report = measure(&source, &survey, request->tau);
        print_gap_report(request, &source, &survey, &report);
    }
    gap_print_end(request);
    close_dump(&dump);
}
