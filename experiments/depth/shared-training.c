// SPDX-License-Identifier: GPL-3.0-or-later
// Layers trained with a shared expert, and with a centred router: does their routing of uncentred images collapse less?
//
// CLAIM (ours)
//   depth/law-training  of layers trained on uncentred digits without a balancing term, those with an affine shared expert
//                       gain less than half of the coalitions that the router bias -W mu brings; balancing brings them
//                       without either
//
// WHY. shared-expert.c proves that a shared expert moves no wall of a given router. What is left is the paper's intuition
// about training: an expert that takes over the target's mean might free the router to spread the data over more
// coalitions. So layers are trained from the same starts and with the same batches in three ways: with a router without
// biases; the same with an affine shared expert; and with logits W (x - mu), mu the mean of the training images, which is
// the router bias -W mu all the time. Each of them without and with a load-balancing term.
//
// One shape, one recipe, one easy data set: an observation, no law.
#include "io/experiment.h"
#include "io/experiment_images.h"
#include "number/shards.h"
#include "routing/topk_layer.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_sf_result.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

// ---- Parameters ----

enum {
    SIDE = 8,
    PIXELS = SIDE * SIDE,
    CLASSES = EXPERIMENT_CLASSES,
    SPLIT = 5
}; // every SPLIT-th row is for the test
enum { EXPERTS = 8, ACTIVE = 2, WIDTH = 16, STARTS = 6, STARTS_QUICK = 5, ORDER_BLOCK = 500 };
static const topk_training_t TRAINING = {.epochs = 24, .batch = 32, .rate = 0.005};
static const double BALANCE = 0.1; // weight of the balancing term in the second round
static const size_t EPOCHS_QUICK = 1;
static const double LEAST_ACCURACY =
    0.9;                       // of a layer that may be called trained, on the test images; full runs
static const double SIGMA = 3; // standard errors
static const char *const NAME = "shared-training", *const CLAIM = "depth/law-training";

static void state_parameters(experiment_t *run) {
    const bool quick = experiment_quick(run);
    experiment_parameter(run, "Starts", "%.0f", quick ? STARTS_QUICK : STARTS, "starts");
    experiment_parameter(run, "Epochs", "%.0f", (double)(quick ? EPOCHS_QUICK : TRAINING.epochs), "1");
    experiment_parameter(run, "Rate", "%g", TRAINING.rate, "1");
    experiment_parameter(run, "Balance", "%g", BALANCE, "1");
    experiment_parameter(run, "Experts", "%.0f", EXPERTS, "1");
    experiment_parameter(run, "Active", "%.0f", ACTIVE, "1");
    experiment_parameter(run, "Width", "%.0f", WIDTH, "units");
}

// ---- Trained layers ----

typedef enum { PLAIN, SHARED, CENTRED, VARIANTS } variant_t;
typedef enum { UNTRAINED, TRAINED, BALANCED, STATES } state_t;
static const char *const VARIANT_NAMES[VARIANTS] = {"plain", "shared expert", "router bias"};
static const char *const STATE_NAMES[STATES] = {"untrained", "trained", "trained with balancing"};

typedef struct {
    experiment_images_t sets[3]; // all, for training, for the test
    topk_data_t all, training, test;
    double mean[PIXELS]; // of the training images
} digits_t;

// What a layer makes of the data: coalitions met by all images, entropies in bits, share of the test images that it
// classifies.
typedef enum { COALITIONS, LOAD_ENTROPY, COALITION_ENTROPY, ACCURACY, MEASURES } measure_t;

typedef struct {
    const digits_t *digits;
    uint64_t seed;
    size_t epochs;
    double (*results)[VARIANTS][STATES][MEASURES]; // for each start
} workshop_t;

static double entropy(const size_t *counts, size_t n) {
    double sum = 0, total = 0;
    for (size_t i = 0; i < n; i++)
        total += (double)counts[i];
    for (size_t i = 0; i < n; i++)
        if (counts[i] > 0)
            sum -= (double)counts[i] / total * log2((double)counts[i] / total);
    return sum;
}

static int measure(const topk_layer_t *layer, const digits_t *digits, double result[MEASURES]) {
    size_t pairs[EXPERTS * EXPERTS] = {0}, loads[EXPERTS], correct, met = 0;
    topk_pass_t *pass = topk_pass_alloc(&layer->shape);
    if (pass == NULL)
        return GSL_ENOMEM;
    for (size_t row = 0; row < digits->all.rows; row++) {
        topk_pass_run(pass, layer, digits->all.inputs + row * PIXELS);
        const size_t a = pass->coalition[0], b = pass->coalition[1];
        pairs[a < b ? a * EXPERTS + b : b * EXPERTS + a]++;
    }
    topk_pass_free(pass);
    for (size_t i = 0; i < COUNT(pairs); i++)
        met += pairs[i] > 0;
    int status = topk_layer_classify(layer, &digits->all, &correct, loads);
    if (status == GSL_SUCCESS)
        status = topk_layer_classify(layer, &digits->test, &correct, NULL);
    result[COALITIONS] = (double)met;
    result[LOAD_ENTROPY] = entropy(loads, EXPERTS);
    result[COALITION_ENTROPY] = entropy(pairs, COUNT(pairs));
    result[ACCURACY] = (double)correct / (double)digits->test.rows;
    return status;
}

// Makes a variant from a start, untrained or trained: shard counts states, then variants, then starts.
static int train_one(void *context, int thread, ulong shard, fmpz *sums) {
    (void)thread;
    (void)sums;
    static const double zero[PIXELS] = {0};
    const workshop_t *shop = context;
    const state_t state = (state_t)(shard % STATES);
    const variant_t variant = (variant_t)(shard / STATES % VARIANTS);
    const uint32_t start = (uint32_t)(shard / (STATES * VARIANTS)), experiment = stream_experiment(NAME);
    const topk_shape_t shape = {PIXELS, EXPERTS, ACTIVE, WIDTH, CLASSES, variant == SHARED};
    stream_t weights = stream_at(shop->seed, experiment, start),
             order = stream_at(shop->seed, experiment, ORDER_BLOCK + start);
    topk_training_t training = TRAINING;
    training.epochs = shop->epochs;
    training.balance = state == BALANCED ? BALANCE : 0;
    topk_layer_t *layer = topk_layer_alloc(&shape);
    if (layer == NULL)
        return GSL_ENOMEM;
    topk_layer_draw(layer, &weights);
    layer->centre = variant == CENTRED ? shop->digits->mean : zero;
    int status = state == UNTRAINED ? GSL_SUCCESS
                                    : topk_layer_train(layer, &shop->digits->training, &training, &order);
    if (status == GSL_SUCCESS)
        status = measure(layer, shop->digits, shop->results[start][variant][state]);
    topk_layer_free(layer);
    return status;
}

static void read_digits(experiment_t *run, digits_t *digits) {
    const experiment_images_t all = experiment_digits(run);
    *digits = (digits_t){.sets = {all, experiment_images_split(run, &all, SPLIT, false),
                                  experiment_images_split(run, &all, SPLIT, true)}};
    digits->all = digits->sets[0].data;
    digits->training = digits->sets[1].data;
    digits->test = digits->sets[2].data;
    for (size_t i = 0; i < digits->training.rows * PIXELS; i++)
        digits->mean[i % PIXELS] += digits->training.inputs[i] / (double)digits->training.rows;
}

static void free_digits(digits_t *digits) {
    for (size_t i = 0; i < COUNT(digits->sets); i++)
        experiment_images_free(&digits->sets[i]);
}

// Mean and standard error over the starts.
static gsl_sf_result summarise(const double *values, size_t n) {
    return (gsl_sf_result){gsl_stats_mean(values, 1, n), gsl_stats_sd(values, 1, n) / sqrt((double)n)};
}

// One measure of all starts, less that of another variant (or of none).
static gsl_sf_result over_starts(const workshop_t *shop, size_t starts, state_t state, variant_t v,
                                 measure_t m, bool gain) {
    double values[STARTS] = {0};
    for (size_t i = 0; i < starts; i++)
        values[i] = shop->results[i][v][state][m] - (gain ? shop->results[i][PLAIN][state][m] : 0);
    return summarise(values, starts);
}

static void write_training(experiment_t *run, const workshop_t *shop, size_t starts) {
    static const table_column_t columns[] = {{"state", "text", NULL, ""},
                                             {"layers", "text", NULL, ""},
                                             {"coalitions", "1", "%.4f", "%.1f"},
                                             {"coalitions_error", "1", "%.4f", "%.1f"},
                                             {"load_entropy", "bits", "%.4f", "%.2f"},
                                             {"load_entropy_error", "bits", "%.4f", "%.2f"},
                                             {"coalition_entropy", "bits", "%.4f", "%.2f"},
                                             {"coalition_entropy_error", "bits", "%.4f", "%.2f"},
                                             {"accuracy", "percent", "%.4f", "%.1f"},
                                             {"accuracy_error", "percent", "%.4f", "%.1f"}};
    table_t *table = experiment_table(run, "",
                                      "digits: coalitions met by all images, entropies of loads and of "
                                      "coalitions, test accuracy; means over the starts and their errors",
                                      columns, COUNT(columns), STATES * VARIANTS);
    for (state_t state = UNTRAINED; state < STATES; state++)
        for (variant_t v = PLAIN; v < VARIANTS; v++) {
            table_text(table, STATE_NAMES[state]);
            table_text(table, VARIANT_NAMES[v]);
            for (measure_t m = COALITIONS; m < MEASURES; m++) {
                const gsl_sf_result mean = over_starts(shop, starts, state, v, m, false);
                const double unit = m == ACCURACY ? 100 : 1;
                table_real(table, unit * mean.val);
                table_real(table, unit * mean.err);
            }
        }
}

// What a variant gains over the plain layer from the same start.
static void state_gains(experiment_t *run, const workshop_t *shop, size_t starts) {
    static const char *const measures[MEASURES] = {"Coalitions", "LoadEntropy", "CoalitionEntropy",
                                                   "Accuracy"};
    static const char *const formats[MEASURES] = {"%+.1f", "%+.2f", "%+.2f", "%+.1f"};
    static const char *const states[STATES] = {"Untrained", "Trained", "Balanced"};
    char name[64];
    for (state_t state = TRAINED; state < STATES; state++)
        for (variant_t v = SHARED; v < VARIANTS; v++)
            for (measure_t m = COALITIONS; m < MEASURES; m++) {
                const gsl_sf_result gain = over_starts(shop, starts, state, v, m, true);
                const double unit = m == ACCURACY ? 100 : 1;
                snprintf(name, sizeof name, "%s%s%s", states[state], v == SHARED ? "Shared" : "Centred",
                         measures[m]);
                experiment_macro(run, name, formats[m], unit * gain.val);
                strcat(name, "Error");
                experiment_macro(run, name, m == COALITIONS || m == ACCURACY ? "%.1f" : "%.2f",
                                 unit * gain.err);
            }
}

static void check_training(experiment_t *run, const workshop_t *shop, size_t starts) {
    double moved = 0, worst = 1;
    for (size_t i = 0; i < starts; i++)
        for (variant_t v = PLAIN; v < VARIANTS; v++)
            for (state_t state = TRAINED; state < STATES; state++)
                worst = fmin(worst, shop->results[i][v][state][ACCURACY]);
    for (size_t i = 0; i < starts; i++)
        for (measure_t m = COALITIONS; m < ACCURACY; m++)
            moved += shop->results[i][SHARED][UNTRAINED][m] != shop->results[i][PLAIN][UNTRAINED][m];
    experiment_check(run, CLAIM, "untrained layers whose routing of the digits changes with a shared expert",
                     moved, EQUAL, 0, 0);
    if (!experiment_quick(run))
        experiment_check(run, CLAIM, "least share of test images that a trained layer classifies", worst,
                         AT_LEAST, LEAST_ACCURACY, 0);
    const gsl_sf_result shared = over_starts(shop, starts, TRAINED, SHARED, COALITIONS, true),
                        centred = over_starts(shop, starts, TRAINED, CENTRED, COALITIONS, true),
                        plain = over_starts(shop, starts, TRAINED, PLAIN, COALITIONS, false),
                        balanced = over_starts(shop, starts, BALANCED, PLAIN, COALITIONS, false);
    experiment_check(run, CLAIM, "coalitions gained by centring less twice those gained by a shared expert",
                     centred.val - 2 * shared.val, AT_LEAST, 0, SIGMA * hypot(centred.err, 2 * shared.err));
    experiment_check(run, CLAIM, "coalitions gained by balancing alone", balanced.val - plain.val, AT_LEAST,
                     0, SIGMA * hypot(balanced.err, plain.err));
}

static void run_shared_training(experiment_t *run) {
    const size_t starts = experiment_quick(run) ? STARTS_QUICK : STARTS;
    digits_t digits;
    state_parameters(run);
    read_digits(run, &digits);
    workshop_t shop = {.digits = &digits,
                       .seed = experiment_seed(run),
                       .epochs = experiment_quick(run) ? EPOCHS_QUICK : TRAINING.epochs,
                       .results = experiment_memory(run, calloc(starts, sizeof *shop.results))};
    const shards_plan_t plan = {.count = starts * VARIANTS * STATES, .run = train_one, .context = &shop};
    const shards_control_t control = {
        .threads = experiment_threads(run), .progress = experiment_progress, .watcher = run};
    experiment_require(run, shards_run(&plan, &control, NULL), "the training");
    write_training(run, &shop, starts);
    state_gains(run, &shop, starts);
    check_training(run, &shop, starts);
    const double coalitions = EXPERTS * (EXPERTS - 1) / 2.0;
    experiment_macro_integer(run, "Images", (long long)digits.all.rows);
    experiment_macro(run, "Coalitions", "%.0f", coalitions);
    experiment_macro(run, "MostLoadEntropy", "%.0f", log2(EXPERTS));
    experiment_macro(run, "MostCoalitionEntropy", "%.2f", log2(coalitions));
    experiment_claim(run, CLAIM, VERDICT_HOLDS, METHOD_MONTECARLO, "shared-training.csv");
    free(shop.results);
    free_digits(&digits);
}

int main(int argc, char **argv) {
    static const experiment_plan_t plan = {.name = "shared-training",
                                           .brief = "routing of layers trained on digits, plain, with a "
                                                    "shared expert, and with the router bias -W mu",
                                           .seed = 511,
                                           .run = run_shared_training};
    return experiment_main(&plan, argc, argv);
}
