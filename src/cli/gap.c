// SPDX-License-Identifier: GPL-3.0-or-later
// moegeom gap: how far a soft router is from the hard one, and how cold it has to be.
#include "routing/gap.h"
#include "cli/command.h"
#include "cli/gap.h"
#include "cli/options.h"
#include "routing/gap_bound.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

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
    "From a dump of a top-1 router, one row for each token (T is 1 by default):\n"
    "  --logits FILE    (rows, experts): logits, or probabilities, of which the logarithms are taken\n"
    "  --outputs FILE   what every expert says, not the winner alone: (rows, experts), or (rows, experts, "
    "dim) for "
    "vectors\n"
    "  --targets FILE   (rows), or (rows, dim). With them the gap is L_T - L_0; without, it is E|h_T - "
    "h_0|^2, which is\n"
    "                   L_T - L_0 when the hard router is right on average\n"
    "  Files: .npy of floats, NAME.safetensors[:TENSOR], or comma-separated text with or without a "
    "header.\n"
    "  Rows: the colder the router, the fewer are near enough to a tie to count. Take 100000, or 30 / (f T) "
    "for the "
    "density f\n"
    "  of the margin at 0. Where fewer than 30 rows carry what is observed, it is of this sample only, a "
    "note says "
    "so, and\n"
    "  with --gap the first line is that of the first-order law, if the law is known there.\n"
    "  With --gap, three experts or more, or targets, the observed temperature comes from a scan in steps of "
    "1/4 of "
    "ln T.\n"
    "  Example: moegeom gap --logits L.npy --outputs F.npy --targets Y.npy --gap 1e-3\n\n"
    "For Gaussian inputs N(0, I) in any dimension, two linear experts, and a hard router that is right:\n"
    "  --slope S        the difference of the logits is S (w.x - B), |w| = 1\n"
    "  --offset B       of the interface, at most 8 in absolute value (default 0)\n"
    "  --along A        w.(difference of the experts' slopes) (default 0)\n"
    "  --tangent C      the squared length of the rest of that difference\n"
    "  Example: moegeom gap --slope 2 --offset 0.3 --tangent 1 --gap 1e-3\n\n"
    "For every law of inputs with P(top-two margin <= t) <= C t^A, outputs within F and targets within Y "
    "(default F):\n"
    "  --experts K, --alpha A, --constant C, --bound-outputs F, --bound-targets Y\n"
    "  Three bounds: sharp, realisable for a hard router that is right, and that of the paper, which has K - "
    "1 for ln K.\n"
    "  With the Gaussian options --bound-outputs adds these bounds for outputs that are clipped to [-F, "
    "F].\n"
    "  Example: moegeom gap --experts 64 --alpha 1 --constant 0.8 --bound-outputs 1 --gap 1e-3\n\n"
    "The dimension of the inputs does not enter: no number here depends on it, and there is no option for "
    "it.\n\n"
    "  --json           one JSON object instead of text; null: not defined; \"unlimited\": no temperature is "
    "too warm\n";

// ---- Printing ------------------------------------------------------------------------------------------------------

const char *gap_number(char room[GAP_NUMBER], int digits, double value) {
    snprintf(room, GAP_NUMBER, "%.*g", digits, value);
    return isnan(value) ? "undefined" : isinf(value) ? "unlimited" : room;
}

const char *gap_result(char room[GAP_RESULT], gsl_sf_result result) {
    char value[GAP_NUMBER], error[GAP_NUMBER];
    snprintf(room, GAP_RESULT, "%s +- %s", gap_number(value, 6, result.val),
             gap_number(error, 2, result.err));
    return room;
}

void gap_print_json(const char *before, double value) {
    char room[GAP_NUMBER];
    printf(isinf(value) ? "%s\"%s\"" : "%s%s", before, isnan(value) ? "null" : gap_number(room, 12, value));
}

void gap_print_line(const gap_request_t *request, const char *name, double value, const char *meaning) {
    char room[GAP_NUMBER];
    if (request->json) {
        printf(", \"%s\"", name);
        gap_print_json(": ", value);
    } else
        printf("%-13s %-13s %s\n", name, gap_number(room, 6, value), meaning);
}

void gap_print_question(const gap_request_t *request) {
    if (request->json)
        gap_print_json(request->gap > 0 ? "{\"tolerance\": " : "{\"tau\": ",
                       request->gap > 0 ? request->gap : request->tau);
}

void gap_print_end(const gap_request_t *request) {
    if (request->json)
        puts("}");
    options_flush("gap");
}

// ---- Parameters ----------------------------------------------------------------------------------------------------

static const struct {
    const char *name, *meaning, *cold; // of the bound, and of the temperature that keeps it
    int (*constant)(const gap_bound_t *problem, ball_t *constant);
} BOUNDS[] = {
    {"sharp", "bound of |L_tau - L_0|, the least that holds for every such router",
     "tau by the least bound of |L_tau - L_0| for every such router", gap_bound_sharp},
    {"realisable", "bound of E|h_tau - h_0|^2, the least that holds for every such router",
     "tau by the least bound of E|h_tau - h_0|^2 for every such router", gap_bound_realisable},
    {"paper", "bound of |L_tau - L_0|, arXiv 2605.02124v2, Theorem 4.5",
     "tau by the bound of |L_tau - L_0| of arXiv 2605.02124v2, Theorem 4.5", gap_bound_stated},
};

static void print_bounds(const gap_request_t *request, const gap_bound_t *problem) {
    for (size_t i = 0; i < sizeof BOUNDS / sizeof *BOUNDS; i++) {
        ball_t constant;
        options_require("gap", BOUNDS[i].constant(problem, &constant), BOUNDS[i].name);
        if (request->gap > 0)
            gap_print_line(request, BOUNDS[i].name,
                           gap_bound_temperature(&constant, problem->alpha, request->gap), BOUNDS[i].cold);
        else
            gap_print_line(request, BOUNDS[i].name,
                           (constant.value + constant.radius) * pow(request->tau, problem->alpha),
                           BOUNDS[i].meaning);
    }
}

static gap_bound_t bounded_problem(const gap_request_t *request) {
    return (gap_bound_t){.experts = request->experts,
                         .response =
                             request->bound_targets >= 0 ? request->bound_targets : request->bound_outputs,
                         .expert = request->bound_outputs,
                         .mass = request->constant,
                         .alpha = request->alpha};
}

static void run_bounds(const gap_request_t *request) {
    const gap_bound_t problem = bounded_problem(request);
    gap_print_question(request);
    print_bounds(request, &problem);
    gap_print_end(request);
}

static void print_gaussian_gap(const gap_request_t *request, const gap_layer_t *layer) {
    gsl_sf_result gap;
    const double tau = request->tau;
    options_require("gap", gap_exact(layer, tau, &gap), "quadrature");
    gap_print_line(request, "exact", gap.val, "L_tau - L_0, by quadrature");
    gap_print_line(request, "error", gap.err, "its estimated error");
    gap_print_line(request, "law", tau * gap_law(layer), "first order in tau");
    gap_print_line(
        request, "proven",
        fmin(tau * gap_law(layer) + gsl_pow_3(tau) * gap_remainder(layer), tau * gap_ceiling(layer)),
        "bound: the law with its remainder, or the greatest law of all offsets");
}

static void print_gaussian_temperatures(const gap_request_t *request, const gap_layer_t *layer) {
    gsl_sf_result tau;
    options_require("gap", gap_exact_temperature(layer, request->gap, &tau), "root of the exact gap");
    gap_print_line(request, "exact", tau.val, "tau where L_tau - L_0 reaches the tolerance, by quadrature");
    gap_print_line(request, "error", isfinite(tau.val) ? tau.err : GSL_NAN, "its estimated error");
    gap_print_line(request, "law", gap_law_temperature(layer, request->gap), "by the first-order law");
    gap_print_line(request, "proven", gap_proven_temperature(layer, request->gap),
                   "cold enough: the law with its remainder, or the greatest law of all offsets");
}

static void run_gaussian(const gap_request_t *request) {
    const gap_layer_t layer = {.offset = request->offset,
                               .slope = request->slope,
                               .jump = {gsl_pow_2(request->along), request->tangent}};
    gap_print_question(request);
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
    gap_print_end(request);
}

// ---- Options -------------------------------------------------------------------------------------------------------

static double positive(const char *option, const char *text) {
    char *end;
    const double value = strtod(text, &end);
    if (end == text || *end != '\0' || !(value > 0 && isfinite(value)))
        options_stop("gap", FAULT_USAGE, "%s expects a positive number, found «%s»", option, text);
    return value;
}

static void take_option(gap_request_t *request, int option) {
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

static bool is_dump(const gap_request_t *request) {
    return request->logits != NULL || request->outputs != NULL || request->targets != NULL;
}

static bool is_class(const gap_request_t *request) {
    return request->alpha > 0 || request->constant > 0 || request->experts > 0;
}

static void check_request(const gap_request_t *request) {
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
    gap_request_t request = {.bound_targets = -1};
    for (int option; (option = options_next(argc, argv, options, HELP)) != -1;)
        take_option(&request, option);
    if (optind < argc)
        options_stop(argv[0], FAULT_USAGE, "expected options alone, found «%s»; --help shows the usage",
                     argv[optind]);
    check_request(&request);
    if (is_dump(&request) && request.gap == 0 && request.tau == 0)
        request.tau = 1;
    if (is_dump(&request))
        gap_run_dump(&request);
    else if (request.gaussian)
        run_gaussian(&request);
    else
        run_bounds(&request);
    return FAULT_NONE;
}
