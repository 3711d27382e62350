// SPDX-License-Identifier: GPL-3.0-or-later
// The command line of moegeom margins; see margins.h.
#include "cli/margins.h"

#include "cli/gnuplot.h"
#include "cli/options.h"

#include <stdio.h>
#include <string.h>

static const char HELP[] =
    "Usage: moegeom margins DUMP [DUMP2] --active K [--rule RULE] [...]\n\n"
    "How close the choices of a top-k router are, layer by layer, from a dump of its logits: the gap between "
    "the last\n"
    "expert selected and the best one left out, exact ties, the rows whose selected set changes (\"flips\") "
    "when logits\n"
    "are rounded or disturbed, predicted and observed, and the bits that keep flips rare. With DUMP2, of the "
    "same tokens\n"
    "from another engine or precision, the flips between the two.\n\n"
    "  --active K       experts selected, fewer than there are\n"
    "  --rule RULE      how they are selected (default softmax):\n"
    "      softmax            the largest logits: softmax before or after the selection, with or without "
    "renormalising\n"
    "                         (OLMoE, Mixtral, Qwen, DBRX, gpt-oss); topk-softmax is another name\n"
    "      top1-sigmoid       the largest logit (Llama 4); K is 1\n"
    "      sigmoid-bias       the largest sigmoid(logit) + bias (Kimi K2, GLM-4.5, MiniMax-M2)\n"
    "      sqrtsoftplus-bias  the largest sqrt(softplus(logit)) + bias\n"
    "      grouped            only from the M groups with the best experts (DeepSeek-V2)\n"
    "      grouped-sigmoid-bias   sigmoid(logit) + bias, from the M groups with the largest sums of their "
    "two "
    "best\n"
    "                         (DeepSeek-V3)\n"
    "  --bias FILE      the bias of each expert, or of each expert in each layer; for the rules ending in "
    "-bias\n"
    "  --groups G, --kept M   for the rules of groups: G groups of neighbouring experts, M of them kept\n"
    "  --scores S       logits or probabilities (of which logarithms are taken); by default the first rows "
    "decide\n\n"
    "Dumps hold logits, from before any softmax or sigmoid; where only differences count, probabilities will "
    "do.\n"
    "Files: .npy, (rows, experts) or (layers, rows, experts); .safetensors, each tensor a layer, or "
    "NAME.safetensors:TENSOR;\n"
    "comma-separated text, of which a column `layer` makes layers; a folder of such files. Rows are tokens, "
    "in "
    "the same\n"
    "order in every layer. Larger than memory is fine. Expert ids (integers (layers, rows, K), or a text "
    "with "
    "--choices) tell\n"
    "the flips between two dumps and nothing else; vLLM and SGLang have (rows, layers, K): transpose.\n\n"
    "  --cast LIST      number formats to round logits to (default bf16,fp16,fp8-e4m3,fp8-e5m2,int8,int4); "
    "also eXmY with X\n"
    "                   bits of exponent and Y of fraction as IEEE 754 would have it (e4m3 ends at 240, "
    "fp8-e4m3 at\n"
    "                   448), intB, or none. Integers are scaled by row\n"
    "  --noise LIST     standard deviations of independent normal noise of the logits (default 0.01), or "
    "none\n"
    "  --width LIST     the w of P(gap <= w) (default 0.001,0.01,0.1)\n"
    "  --target RATE    tell the bits that keep the rate of flips at or below this (default 0.001; at most "
    "0.1): of a\n"
    "                   significand, the leading one included (bf16 has 8, fp16 11), and of integers; needs "
    "some 10 / RATE\n"
    "                   rows. Where more than two logits of a row are close, flips are up to twice as many\n"
    "  --risky M        list the M layers and rows closest to a tie (default 10)\n"
    "  --choices        the dumps are texts that hold numbers of experts (ids)\n"
    "  --json           one JSON object instead of text: rates are fractions of rows, null is what does not "
    "exist\n"
    "  --csv OUT        all numbers as a table layer,quantity,parameter,value,error\n"
    "  --plot OUT       a picture, .pdf or .svg (gnuplot): P(gap <= w), upright lines at the spacings of "
    "formats, and the\n"
    "                   flips of every layer\n"
    "  --threads T      (default: one for each core); the numbers do not depend on it\n\n"
    "Predictions: in each row the chance of a flip when the format's grid lies anywhere under its logits, or "
    "of all "
    "noises;\n"
    "averaged. z is (observed - predicted) / standard error, nearer to 0 (by a Poisson law) where few flips "
    "are "
    "expected;\n"
    "over several layers the largest. The worst layer is that of the largest prediction, or of the most "
    "flips between dumps.\n"
    "The same row of all layers is a token.\n"
    "Errors are those of independent rows.\n"
    "Example: moegeom margins router_logits.npy --active 8 --plot margins.pdf\n";

// ---- Rules ---------------------------------------------------------------------------------------------------------

static const margins_rule_t RULES[] = {
    {"softmax", "the largest logits", SELECTION_LOGIT, SELECTION_UNGROUPED, false, false},
    {"topk-softmax", "the largest logits", SELECTION_LOGIT, SELECTION_UNGROUPED, false, false},
    {"top1-sigmoid", "the largest logit", SELECTION_LOGIT, SELECTION_UNGROUPED, false, true},
    {"sigmoid-bias", "the largest sigmoid(logit) + bias", SELECTION_SIGMOID, SELECTION_UNGROUPED, true,
     false},
    {"sqrtsoftplus-bias", "the largest sqrt(softplus(logit)) + bias", SELECTION_SQRTSOFTPLUS,
     SELECTION_UNGROUPED, true, false},
    {"grouped", "the largest logits, from the groups with the best experts", SELECTION_LOGIT,
     SELECTION_GROUP_BEST, false, false},
    {"grouped-sigmoid-bias",
     "the largest sigmoid(logit) + bias, from the groups with the largest sums of two", SELECTION_SIGMOID,
     SELECTION_GROUP_TWO, true, false},
};
enum { RULE_COUNT = sizeof RULES / sizeof *RULES };

static const margins_rule_t *find_rule(const char *command, const char *name) {
    for (size_t i = 0; i < RULE_COUNT; i++)
        if (strcmp(RULES[i].name, name) == 0)
            return &RULES[i];
    if (strcmp(name, "hash") == 0)
        options_stop(command, FAULT_USAGE,
                     "--rule hash: a hash of the token selects and does not look at scores, so that there is "
                     "no margin");
    options_stop(command, FAULT_USAGE,
                 "--rule expects softmax, topk-softmax, top1-sigmoid, sigmoid-bias, sqrtsoftplus-bias, "
                 "grouped or grouped-sigmoid-bias, found «%s»",
                 name);
}

static void check_rule(const char *command, const margins_request_t *request) {
    const margins_rule_t *rule = request->rule;
    const bool grouped = rule->grouping != SELECTION_UNGROUPED;
    if (rule->bias && request->bias == NULL)
        options_stop(command, FAULT_USAGE, "--rule %s expects --bias FILE", rule->name);
    if (!rule->bias && request->bias != NULL)
        options_stop(command, FAULT_USAGE, "--rule %s takes no --bias; --help lists the rules", rule->name);
    if (grouped && (request->groups == 0 || request->kept == 0))
        options_stop(command, FAULT_USAGE, "--rule %s expects --groups G and --kept M", rule->name);
    if (!grouped && (request->groups != 0 || request->kept != 0))
        options_stop(command, FAULT_USAGE, "--rule %s takes neither --groups nor --kept", rule->name);
    if (request->kept > request->groups)
        options_stop(command, FAULT_USAGE, "--kept expects at most the %zu groups, found %zu",
                     request->groups, request->kept);
    if (rule->single && request->active != 1)
        options_stop(command, FAULT_USAGE, "--rule %s selects one expert: expected --active 1, found %zu",
                     rule->name, request->active);
}

// ---- Lists ---------------------------------------------------------------------------------------------------------

// Cuts a list into its entries, which stand in `room` one after the other.
static size_t split(const char *command, const char *option, char *room, const char *entries[MARGINS_LIST]) {
    size_t count = 0;
    for (char *at = room; at != NULL;) {
        if (count == MARGINS_LIST)
            options_stop(command, FAULT_USAGE, "%s expects at most %d entries", option, MARGINS_LIST);
        entries[count++] = strsep(&at, ",");
    }
    return count;
}

static void refuse_twice(const char *command, const char *option, bool twice, const char *entry) {
    if (twice)
        options_stop(command, FAULT_USAGE, "%s has %s twice", option, entry);
}

// In the order given.
static size_t read_casts(const char *command, char *text, rounding_t casts[MARGINS_LIST]) {
    const char *entries[MARGINS_LIST];
    if (strcmp(text, "none") == 0)
        return 0;
    const size_t count = split(command, "--cast", text, entries);
    for (size_t i = 0; i < count; i++) {
        if (!rounding_parse(entries[i], &casts[i]))
            options_stop(command, FAULT_USAGE,
                         "--cast expects bf16, fp16, fp8-e4m3, fp8-e5m2, int8, int4, eXmY, intB or none, "
                         "found «%s»",
                         entries[i]);
        for (size_t j = 0; j < i; j++)
            refuse_twice(command, "--cast", strcmp(casts[j].name, casts[i].name) == 0, entries[i]);
    }
    return count;
}

static size_t read_numbers(const char *command, const char *option, char *text, double low,
                           double values[MARGINS_LIST]) {
    const char *entries[MARGINS_LIST];
    const size_t count = split(command, option, text, entries);
    for (size_t i = 0; i < count; i++) {
        values[i] = options_real(command, option, entries[i], low, 1e30);
        for (size_t j = 0; j < i; j++)
            refuse_twice(command, option, values[j] == values[i], entries[i]);
    }
    return count;
}

// ---- The command line ----------------------------------------------------------------------------------------------

static dump_scale_t read_scale(const char *command, const char *text) {
    if (strcmp(text, "logits") != 0 && strcmp(text, "probabilities") != 0)
        options_stop(command, FAULT_USAGE, "--scores expects logits or probabilities, found «%s»", text);
    return text[0] == 'l' ? DUMP_LOGITS : DUMP_PROBABILITIES;
}

static void set_defaults(margins_request_t *request) {
    char casts[] = "bf16,fp16,fp8-e4m3,fp8-e5m2,int8,int4", noises[] = "0.01", widths[] = "0.001,0.01,0.1";
    *request = (margins_request_t){.rule = &RULES[0], .target = 1e-3, .risky = 10};
    request->cast_count = read_casts("margins", casts, request->casts);
    request->noise_count = read_numbers("margins", "--noise", noises, 0, request->noises);
    request->width_count = read_numbers("margins", "--width", widths, 0, request->widths);
}

static const struct option OPTIONS[] = {
    {"active", required_argument, NULL, 'k'}, {"rule", required_argument, NULL, 'r'},
    {"bias", required_argument, NULL, 'b'},   {"groups", required_argument, NULL, 'g'},
    {"kept", required_argument, NULL, 'm'},   {"scores", required_argument, NULL, 's'},
    {"cast", required_argument, NULL, 'c'},   {"noise", required_argument, NULL, 'n'},
    {"width", required_argument, NULL, 'w'},  {"target", required_argument, NULL, 't'},
    {"risky", required_argument, NULL, 'y'},  {"choices", no_argument, NULL, 'i'},
    {"json", no_argument, NULL, 'j'},         {"csv", required_argument, NULL, 'o'},
    {"plot", required_argument, NULL, 'p'},   {"threads", required_argument, NULL, 'T'},
    {"help", no_argument, NULL, 'h'},         {0}};

// An option of the rule or of the dump; returns whether it is one.
static bool take_rule(const char *command, int option, margins_request_t *request) {
    if (option == 'k')
        request->active = (size_t)options_integer(command, "--active", optarg, 1, 1 << 20);
    else if (option == 'r')
        request->rule = find_rule(command, optarg);
    else if (option == 'b')
        request->bias = optarg;
    else if (option == 'g')
        request->groups = (size_t)options_integer(command, "--groups", optarg, 1, 1 << 20);
    else if (option == 'm')
        request->kept = (size_t)options_integer(command, "--kept", optarg, 1, 1 << 20);
    else if (option == 's')
        request->scale = read_scale(command, optarg);
    else if (option == 'i')
        request->choices = true;
    else
        return false;
    return true;
}

// An option of what is asked for.
static void take_question(const char *command, int option, margins_request_t *request) {
    // Below this noise, differences of doubles say nothing.
    const double least = 1e-30;
    if (option == 'c')
        request->cast_count = read_casts(command, optarg, request->casts);
    else if (option == 'n')
        request->noise_count = strcmp(optarg, "none") == 0
                                   ? 0
                                   : read_numbers(command, "--noise", optarg, least, request->noises);
    else if (option == 'w')
        request->width_count = read_numbers(command, "--width", optarg, 0, request->widths);
    else if (option == 't')
        request->target = options_real(command, "--target", optarg, 1e-12, 0.1);
    else if (option == 'y')
        request->risky = (size_t)options_integer(command, "--risky", optarg, 0, MARGIN_RISKS);
    else if (option == 'j')
        request->json = true;
    else if (option == 'o')
        request->csv = optarg;
    else if (option == 'p')
        request->plot = optarg;
    else
        request->threads = (int)options_integer(command, "--threads", optarg, 1, 1024);
}

static void take_dumps(int argc, char **argv, margins_request_t *request) {
    if (optind >= argc)
        options_stop(argv[0], FAULT_USAGE, "expected a dump of router logits; --help shows the usage");
    if (argc - optind > 2)
        options_stop(argv[0], FAULT_USAGE, "expected one dump or two, found «%s» after them",
                     argv[optind + 2]);
    request->dump = argv[optind];
    request->other = argc - optind == 2 ? argv[optind + 1] : NULL;
}

margins_request_t margins_options(int argc, char **argv) {
    margins_request_t request;
    set_defaults(&request);
    for (int option; (option = options_next(argc, argv, OPTIONS, HELP)) != -1;)
        if (!take_rule(argv[0], option, &request))
            take_question(argv[0], option, &request);
    take_dumps(argc, argv, &request);
    if (request.active == 0)
        options_stop(argv[0], FAULT_USAGE, "expected --active K, the experts selected; --help explains");
    check_rule(argv[0], &request);
    if (request.plot != NULL && !gnuplot_knows(request.plot))
        options_stop(argv[0], FAULT_USAGE, "--plot expects a name that ends in .svg or .pdf, found «%s»",
                     request.plot);
    return request;
}
