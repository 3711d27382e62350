// SPDX-License-Identifier: GPL-3.0-or-later
// moegeom gap: how far a soft router is from the hard one, and how cold it has to be.
#include "routing/gap.h"
#include "cli/command.h"
#include "cli/options.h"
#include "io/scores.h"
#include "routing/gap_bound.h"
#include "routing/gap_sample.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char HELP[] =
    "Usage: moegeom gap --logits FILE --outputs FILE [--targets FILE] [--tau T | --gap G]\n"
    "       moegeom gap --slope S --tangent C [--along A] [--offset B] [--bound-outputs F [--bound-targets "
    "Y]]\n"
    "                   (--tau T | --gap G)\n"
    "       moegeom gap --experts K --alpha A --constant C --bound-outputs F [--bound-targets Y] (--tau T | "
    "--gap G)\n\n"
    "The gap between the soft top-1 router at the temperature T, gates softmax(logits / T), and the hard "
    "one, in squared\n"
    "loss: predicted, bounded and, from a dump, observed. With --gap G, the temperatures at and below which "
    "it is at\n"
    "most G. The first line is the answer, the rest says how it is made up.\n\n"
    "From a dump, one row for each token (T is 1 by default):\n"
    "  --logits FILE    (rows, experts): logits, or probabilities, of which the logarithms are taken\n"
    "  --outputs FILE   what every expert says: (rows, experts), or (rows, experts, dim) for vectors\n"
    "  --targets FILE   (rows), or (rows, dim). With them the gap is L_T - L_0; without, it is E|h_T - "
    "h_0|^2, which is\n"
    "                   L_T - L_0 when the hard router is right on average\n"
    "  Files: .npy of floats, NAME.safetensors[:TENSOR], or comma-separated text with or without a "
    "header.\n\n"
    "For Gaussian inputs N(0, I) in any dimension, two linear experts, and a hard router that is right:\n"
    "  --slope S        the difference of the logits is S (w.x - B), |w| = 1\n"
    "  --offset B       of the interface, at most 8 in absolute value (default 0)\n"
    "  --along A        w.(difference of the experts' slopes) (default 0)\n"
    "  --tangent C      the squared length of the rest of that difference\n\n"
    "For every law of inputs with P(top-two margin <= t) <= C t^A, outputs within F and targets within Y "
    "(default F):\n"
    "  --experts K, --alpha A, --constant C, --bound-outputs F, --bound-targets Y\n"
    "  Three bounds: sharp, realisable for a hard router that is right, and that of the paper, which has K - "
    "1 for ln K.\n"
    "  With the Gaussian options --bound-outputs adds these bounds for outputs that are clipped to [-F, "
    "F].\n\n"
    "The dimension of the inputs does not enter: no number here depends on it, and there is no option for "
    "it.\n\n"
    "  --json           one JSON object instead of text (null: infinite, or not defined)\n";

typedef struct request {
    const char *logits, *outputs, *targets;
    double tau, gap; // 0: not given
    double slope, offset, along, tangent;
    double alpha, constant, bound_outputs, bound_targets; // 0 or negative: not given
    size_t experts;
    bool json, gaussian; // whether an option of the Gaussian layer was given
} request_t;

// ---- Printing ------------------------------------------------------------------------------------------------------

// A number of a JSON object: null when it is not finite.
static void print_json_number(const char *before, double value) {
    if (isfinite(value))
        printf("%s%.12g", before, value);
    else
        printf("%snull", before);
}

// Lines of name, value and meaning, or the entries of a JSON object.
static void print_line(const request_t *request, const char *name, double value, const char *meaning) {
    if (request->json) {
        printf(", \"%s\": ", name);
        print_json_number("", value);
    } else
        printf("%-12s %-13.6g %s\n", name, value, meaning);
}

// What was asked for: the first entry.
static void print_question(const request_t *request) {
    if (request->json) {
        printf("{\"%s\": ", request->gap > 0 ? "tolerance" : "tau");
        print_json_number("", request->gap > 0 ? request->gap : request->tau);
    }
}

static void print_end(const request_t *request) {
    if (request->json)
        puts("}");
    options_flush("gap");
}

// ---- Parameters ----------------------------------------------------------------------------------------------------

static const struct {
    const char *name, *meaning;
    int (*constant)(const gap_bound_t *problem, ball_t *constant);
} BOUNDS[] = {
    {"sharp", "bound of |L_tau - L_0|, the least that holds for every such router", gap_bound_sharp},
    {"realisable", "bound of E|h_tau - h_0|^2, the least that holds for every such router",
     gap_bound_realisable},
    {"paper", "bound of |L_tau - L_0|, arXiv 2605.02124v2, Theorem 4.5", gap_bound_stated},
};

static void print_bounds(const request_t *request, const gap_bound_t *problem) {
    for (size_t i = 0; i < sizeof BOUNDS / sizeof *BOUNDS; i++) {
        ball_t constant;
        options_require("gap", BOUNDS[i].constant(problem, &constant), BOUNDS[i].name);
        print_line(request, BOUNDS[i].name,
                   request->gap > 0 ? gap_bound_temperature(&constant, problem->alpha, request->gap)
                                    : (constant.value + constant.radius) * pow(request->tau, problem->alpha),
                   BOUNDS[i].meaning);
    }
}

static gap_bound_t bounded_problem(const request_t *request) {
    return (gap_bound_t){.experts = request->experts,
                         .response =
                             request->bound_targets >= 0 ? request->bound_targets : request->bound_outputs,
                         .expert = request->bound_outputs,
                         .mass = request->constant,
                         .alpha = request->alpha};
}

static void run_bounds(const request_t *request) {
    const gap_bound_t problem = bounded_problem(request);
    print_question(request);
    print_bounds(request, &problem);
    print_end(request);
}

static void print_gaussian_gap(const request_t *request, const gap_layer_t *layer) {
    gsl_sf_result gap;
    const double tau = request->tau;
    options_require("gap", gap_exact(layer, tau, &gap), "quadrature");
    print_line(request, "exact", gap.val, "L_tau - L_0, by quadrature");
    print_line(request, "error", gap.err, "its estimated error");
    print_line(request, "law", tau * gap_law(layer), "first order in tau");
    print_line(request, "proven",
               fmin(tau * gap_law(layer) + gsl_pow_3(tau) * gap_remainder(layer), tau * gap_ceiling(layer)),
               "bound: the law with its remainder, or the greatest law of all offsets");
}

static void print_gaussian_temperatures(const request_t *request, const gap_layer_t *layer) {
    gsl_sf_result tau;
    options_require("gap", gap_exact_temperature(layer, request->gap, &tau), "root of the exact gap");
    print_line(request, "exact", tau.val, "tau where L_tau - L_0 reaches the tolerance, by quadrature");
    print_line(request, "error", tau.err, "its estimated error");
    print_line(request, "law", gap_law_temperature(layer, request->gap), "by the first-order law");
    print_line(request, "proven", gap_proven_temperature(layer, request->gap),
               "cold enough: the law with its remainder, or the greatest law of all offsets");
}

static void run_gaussian(const request_t *request) {
    const gap_layer_t layer = {.offset = request->offset,
                               .slope = request->slope,
                               .jump = {gsl_pow_2(request->along), request->tangent}};
    print_question(request);
    if (request->gap > 0)
        print_gaussian_temperatures(request, &layer);
    else
        print_gaussian_gap(request, &layer);
    if (request->bound_outputs > 0) {
        gap_bound_t problem = bounded_problem(request);
        problem.experts = 2;
        problem.alpha = 1;
        problem.mass = 2 * gsl_ran_ugaussian_pdf(0) / request->slope;
        print_bounds(request, &problem);
    }
    print_end(request);
}

// ---- A dump --------------------------------------------------------------------------------------------------------

typedef struct dump {
    scores_t scores;
    array_t *outputs, *targets; // targets NULL without
} dump_t;

static int read_dump(const void *context, uint64_t first, size_t count, double *logits, double *outputs,
                     double *targets) {
    const dump_t *dump = context;
    fault_t fault = {0};
    scores_read(&dump->scores, first, count, logits, &fault);
    array_read(dump->outputs, first, count, outputs, &fault);
    if (targets != NULL)
        array_read(dump->targets, first, count, targets, &fault);
    options_check("gap", &fault);
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

static array_t *open_array(const char *path, const dump_t *dump) {
    array_t *array = NULL;
    fault_t fault = {0};
    array_open(path, &array, &fault);
    options_check("gap", &fault);
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

static gap_source_t open_dump(const request_t *request, dump_t *dump) {
    fault_t fault = {0};
    scores_open(request->logits, &dump->scores, &fault);
    options_check("gap", &fault);
    if (dump->scores.probabilities)
        fprintf(
            stderr,
            "moegeom gap: note: the rows of %s sum to 1: taken for probabilities, and their logarithms for "
            "logits\n",
            array_name(dump->scores.array));
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

static void print_size(const request_t *request, const gap_source_t *source, const gap_survey_t *survey) {
    const uint64_t all = source->rows, ties = survey->ties;
    if (request->json)
        printf(", \"rows\": %" PRIu64 ", \"experts\": %zu, \"dimension\": %zu, \"ties\": %" PRIu64, all,
               source->experts, source->dimension, ties);
    else
        printf("rows %" PRIu64 ", experts %zu, dimension of the outputs %zu, rows with an exact tie %" PRIu64
               "; margin window %.4g\n",
               all, source->experts, source->dimension, ties, survey->window);
}

static void print_result_json(const char *name, gsl_sf_result result) {
    printf("\"%s\": {", name);
    print_json_number("\"value\": ", result.val);
    print_json_number(", \"error\": ", result.err);
    putchar('}');
}

static void print_estimate_json(const char *name, const gap_estimate_t *estimate) {
    printf(", \"%s\": {", name);
    print_result_json("observed", estimate->observed);
    print_json_number(", \"predicted\": ", estimate->predicted);
    print_json_number(", \"z\": ", estimate->z);
    print_json_number(", \"bound\": ", estimate->bound);
    print_json_number(", \"ties\": ", estimate->ties);
    fputs(", ", stdout);
    print_result_json("slope", estimate->slope);
    fputs(", ", stdout);
    print_result_json("slope_half_window", estimate->narrow);
    putchar('}');
}

static void print_estimate(const char *name, const gap_estimate_t *estimate) {
    printf("%s\n", name);
    printf("  observed     %.6g +- %.2g (standard error of independent rows)\n", estimate->observed.val,
           estimate->observed.err);
    printf("  predicted    %.6g = %.6g (exact ties) + tau * %.6g +- %.2g; observed - predicted: z = %.2f\n",
           estimate->predicted, estimate->ties, estimate->slope.val, estimate->slope.err, estimate->z);
    printf("  half window  tau * %.6g +- %.2g\n", estimate->narrow.val, estimate->narrow.err);
    printf("  bound        %.6g\n", estimate->bound);
}

// The gap that the dump has.
static const gap_estimate_t *asked(const gap_source_t *source, const gap_report_t *report) {
    return source->targets ? &report->risk : &report->square;
}

static void print_gap_report(const request_t *request, const gap_source_t *source, const gap_survey_t *survey,
                             const gap_report_t *report) {
    const gap_estimate_t *gap = asked(source, report);
    if (!request->json)
        printf("%.6g +- %.2g   %s at tau = %g\n", gap->observed.val, gap->observed.err,
               source->targets ? "L_tau - L_0" : "E|h_tau - h_0|^2", request->tau);
    print_size(request, source, survey);
    if (request->json) {
        fputs(", ", stdout);
        print_result_json("density", report->density);
        fputs(", ", stdout);
        print_result_json("jump_squared", report->jump);
        print_estimate_json("square", &report->square);
        if (source->targets)
            print_estimate_json("risk", &report->risk);
        return;
    }
    printf("at margin 0: density %.6g +- %.2g, mean squared jump of the outputs %.6g +- %.2g\n",
           report->density.val, report->density.err, report->jump.val, report->jump.err);
    print_estimate("E|h_tau - h_0|^2, which is L_tau - L_0 when the hard router is right on average:",
                   &report->square);
    if (source->targets)
        print_estimate("L_tau - L_0:", &report->risk);
}

// Where the law reaches the tolerance, infinite when it does not grow, with the error that its slope makes.
static gsl_sf_result law_temperature(const gap_estimate_t *estimate, double tolerance) {
    const double left = tolerance - fabs(estimate->ties), slope = fabs(estimate->slope.val);
    if (left < 0)
        return (gsl_sf_result){0, 0};
    return (gsl_sf_result){left / slope, left / slope * (estimate->slope.err / slope)};
}

// The temperature of the sample, with the error that the standard error of the gap there makes by the law's slope.
static gsl_sf_result observed_temperature(const request_t *request, const gap_source_t *source,
                                          const gap_survey_t *survey, gap_report_t *report) {
    double tau;
    options_require("gap", gap_sample_temperature(source, survey, GAP_OBSERVED, request->gap, &tau),
                    "search");
    const bool inside = tau > 0 && isfinite(tau);
    options_require("gap", gap_measure(source, survey, inside ? tau : 1, report), "estimates");
    const gap_estimate_t *gap = asked(source, report);
    return (gsl_sf_result){tau, inside ? gap->observed.err / fabs(gap->slope.val) : 0};
}

static void print_temperatures(const request_t *request, const gap_source_t *source,
                               const gap_survey_t *survey) {
    gap_report_t report;
    double bound;
    const gsl_sf_result observed = observed_temperature(request, source, survey, &report);
    const gsl_sf_result law = law_temperature(asked(source, &report), request->gap);
    options_require("gap", gap_sample_temperature(source, survey, GAP_BOUNDED, request->gap, &bound),
                    "search");
    print_line(request, "observed", observed.val,
               source->targets
                   ? "tau at and below which |L_tau - L_0| of the sample is within the tolerance"
                   : "tau at and below which E|h_tau - h_0|^2 of the sample is within the tolerance");
    print_line(request, "error", observed.err, "its standard error");
    print_line(request, "law", law.val, "by the first-order law");
    print_line(request, "law_error", law.err, "its standard error");
    print_line(request, "bound", bound, "cold enough for any outputs in the range of these");
    print_size(request, source, survey);
    if (observed.val == 0)
        fprintf(stderr,
                "moegeom gap: note: no temperature is cold enough: exact ties alone make a gap of %.4g\n",
                asked(source, &report)->ties);
}

static void run_dump(const request_t *request) {
    dump_t dump = {0};
    gap_survey_t survey;
    gap_report_t report;
    const gap_source_t source = open_dump(request, &dump);
    options_require("gap", gap_survey(&source, &survey), "survey");
    if (!isfinite(gsl_pow_2(survey.spread) + gsl_pow_2(survey.targets + survey.outputs)))
        options_stop("gap", FAULT_INPUT,
                     "%s: expected numbers whose squares are below 1e308, found greater ones",
                     array_name(dump.outputs));
    print_question(request);
    if (request->gap > 0)
        print_temperatures(request, &source, &survey);
    else {
        options_require("gap", gap_measure(&source, &survey, request->tau, &report), "estimates");
        print_gap_report(request, &source, &survey, &report);
    }
    print_end(request);
    close_dump(&dump);
}

// ---- Options -------------------------------------------------------------------------------------------------------

static double positive(const char *option, const char *text) {
    const double value = options_real("gap", option, text, 0, HUGE_VAL);
    if (value == 0 || isinf(value))
        options_stop("gap", FAULT_USAGE, "%s expects a positive number, found «%s»", option, text);
    return value;
}

static void take_option(request_t *request, int option) {
    switch (option) {
    case 'l':
        request->logits = optarg;
        break;
    case 'o':
        request->outputs = optarg;
        break;
    case 'y':
        request->targets = optarg;
        break;
    case 't':
        request->tau = positive("--tau", optarg);
        break;
    case 'g':
        request->gap = positive("--gap", optarg);
        break;
    case 's':
        request->slope = positive("--slope", optarg);
        break;
    case 'b':
        request->offset = options_real("gap", "--offset", optarg, -8, 8);
        break;
    case 'a':
        request->along = options_real("gap", "--along", optarg, -1e100, 1e100);
        break;
    case 'c':
        request->tangent = options_real("gap", "--tangent", optarg, 0, 1e100);
        break;
    case 'A':
        request->alpha = options_real("gap", "--alpha", optarg, 0.0625, 8);
        break;
    case 'C':
        request->constant = positive("--constant", optarg);
        break;
    case 'K':
        request->experts = options_integer("gap", "--experts", optarg, 2, 1 << 20);
        break;
    case 'F':
        request->bound_outputs = positive("--bound-outputs", optarg);
        break;
    case 'Y':
        request->bound_targets = options_real("gap", "--bound-targets", optarg, 0, 1e100);
        break;
    default:
        request->json = true;
    }
    request->gaussian |= option == 's' || option == 'b' || option == 'a' || option == 'c';
}

static bool is_dump(const request_t *request) {
    return request->logits != NULL || request->outputs != NULL || request->targets != NULL;
}

static bool is_class(const request_t *request) {
    return request->alpha > 0 || request->constant > 0 || request->experts > 0;
}

static void check_request(const request_t *request) {
    const int ways = is_dump(request) + request->gaussian + is_class(request);
    const bool bounds = request->bound_outputs > 0 || request->bound_targets >= 0;
    if (ways != 1)
        options_stop("gap", FAULT_USAGE,
                     "expected a dump (--logits, --outputs), a Gaussian layer (--slope, --tangent) or a "
                     "class of layers "
                     "(--experts, --alpha, --constant), found %s; --help explains",
                     ways == 0 ? "none" : "several");
    if (request->tau > 0 && request->gap > 0)
        options_stop("gap", FAULT_USAGE, "expected --tau or --gap, found both");
    if (is_dump(request) && (request->logits == NULL || request->outputs == NULL))
        options_stop("gap", FAULT_USAGE, "expected --logits and --outputs; --help explains");
    if (is_dump(request) && bounds)
        options_stop("gap", FAULT_USAGE,
                     "--bound-outputs and --bound-targets go without a dump, which has its own");
    if (request->gaussian && (request->slope == 0 || (request->tangent == 0 && request->along == 0)))
        options_stop("gap", FAULT_USAGE,
                     "expected --slope, and --tangent or --along other than 0; --help explains");
    if (is_class(request) &&
        !(request->alpha > 0 && request->constant > 0 && request->experts > 0 && request->bound_outputs > 0))
        options_stop("gap", FAULT_USAGE,
                     "expected all of --experts, --alpha, --constant and --bound-outputs; --help explains");
    if (request->bound_targets >= 0 && request->bound_outputs == 0)
        options_stop("gap", FAULT_USAGE, "--bound-targets expects --bound-outputs beside it");
    if (!is_dump(request) && request->tau == 0 && request->gap == 0)
        options_stop("gap", FAULT_USAGE, "expected --tau T or --gap G; --help explains");
}

int command_gap(int argc, char **argv) {
    static const struct option options[] = {{"logits", required_argument, NULL, 'l'},
                                            {"outputs", required_argument, NULL, 'o'},
                                            {"targets", required_argument, NULL, 'y'},
                                            {"tau", required_argument, NULL, 't'},
                                            {"gap", required_argument, NULL, 'g'},
                                            {"slope", required_argument, NULL, 's'},
                                            {"offset", required_argument, NULL, 'b'},
                                            {"along", required_argument, NULL, 'a'},
                                            {"tangent", required_argument, NULL, 'c'},
                                            {"alpha", required_argument, NULL, 'A'},
                                            {"constant", required_argument, NULL, 'C'},
                                            {"experts", required_argument, NULL, 'K'},
                                            {"bound-outputs", required_argument, NULL, 'F'},
                                            {"bound-targets", required_argument, NULL, 'Y'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    request_t request = {.bound_targets = -1};
    for (int option; (option = options_next(argc, argv, options, HELP)) != -1;)
        take_option(&request, option);
    if (optind < argc)
        options_stop(argv[0], FAULT_USAGE, "expected options alone, found «%s»; --help shows the usage",
                     argv[optind]);
    check_request(&request);
    if (is_dump(&request) && request.gap == 0 && request.tau == 0)
        request.tau = 1;
    if (is_dump(&request))
        run_dump(&request);
    else if (request.gaussian)
        run_gaussian(&request);
    else
        run_bounds(&request);
    return FAULT_NONE;
}
