// SPDX-License-Identifier: GPL-3.0-or-later
// Trained layers as their temperature falls: softmax mixtures, and top-k layers under Gumbel noise.
//
// CLAIMS (ours)
//   router/temperature-law  for softmax mixtures of N = 2 to 64 experts trained here, the square of the soft-hard change and the rise
//                           of the loss, a cross entropy, follow their first-order laws: tau times integrals over the walls
//   router/gumbel-top-k     with independent Gumbel noise of scale tau on the logits, the top-k set changes with probability
//                           f(0) tau ln 2 + O(tau^2), f the density of gap_k, and the output of the layer accordingly
//
// DERIVATION. Near a wall of experts i and j, where both lead, the loser's gate is g = sigma(-u), u = Delta/tau, and the output
// h_0 + g D, D from the winner to the loser. For any smooth loss l, as tau -> 0,
//
//     E[l(h_tau) - l(h_0)] = tau f(0) E[int_0^oo l(h_0 + sigma(-u) D) - l(h_0) du | Delta = 0] + O(tau^2),
//
// and du = dg / (g (1 - g)): for |h - h_0|^2 the integral is (ln 2 - 1/2) |D|^2; for a cross entropy it is a quadrature over
// 0 < g < 1/2. Under Gumbel noise i and j of the ranks k and k + 1 change places when the difference of their noises, a logistic
// variable, exceeds u: with the probability sigma(-u), whose integral is ln 2.
//
// The inputs are images plus normal noise of scale s: the law needs a density, which 1797 images do not have. Then nothing has to
// be estimated by kernels: given the image c, S = z_i - z_j is normal of mean S(c) and deviation s |r_i - r_j|, its density at 0 is
// known, and the input given S = 0 is its foot on the wall. So f(0) E[phi | 0] is a mean over inputs of a sum over pairs.
#include "io/experiment.h"
#include "io/experiment_images.h"
#include "number/shards.h"
#include "routing/gap_sample.h"
#include "routing/margin.h"
#include "routing/topk_batch.h"
#include "routing/wall.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_integration.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

// ---- Parameters ----

enum { WIDTH = 8, CLASSES = EXPERIMENT_CLASSES, MOST_EXPERTS = 64, MOST_INPUTS = 196, NODES = 16 };
enum { SAMPLES = 100000, TOP_K_SAMPLES = 200000, SAMPLES_QUICK = 12000, BLOCK = 500 };
enum { WALLS_EVERY = 2 };           // walls are summed for every second sample
enum { TAUS = 13, PER_DECADE = 4 }; // temperatures from 1 down
enum { TRUNCATIONS = 2 };           // top-2 and top-3 of a softmax mixture
enum { FASHION_EXPERTS = 16, FASHION_POOL = 2, FASHION_STREAM = 1000 };
enum { FASHION_SEEN = 4000, FASHION_MORE = 56000, FASHION_OTHERS = 10000 };
enum { FASHION_SEEN_QUICK = 200, FASHION_OTHERS_QUICK = 800 };
static const double NOISE = 1.0 / 16; // one level of grey
static const double COLD = 40;        // gates of e^-COLD are left out
static const double FAR = 7;          // standard deviations at which a wall is left out
static const double MAX_Z = 4;
// What few samples carry has no known error, and warm temperatures have second orders: each law is checked at the coldest
// temperature where so many samples carry the mean.
static const double CARRIERS = 100, CARRIERS_QUICK = 40;
static const double DOMAIN_SHARE = 0.1; // how far off a law may be in its domain
// A kernel estimate is compared with where its window is so many temperatures wide and the rows are so many: with fewer, the
// window is too wide for the density.
static const double KERNEL_SHARE = 4;
enum { KERNEL_ROWS = 10000, FEW_AT = 4 };
// Exponents of truncation: mixtures of more experts, the half decade up to this temperature.
enum { RULES = 4, EXPONENT_AT = 8 };
static const char *const NAME = "trained-temperature", *const SOFT = "router/temperature-law",
                         *const GUMBEL = "router/gumbel-top-k";

// A softmax mixture has all experts active.
typedef struct {
    size_t experts, active;
} kind_t;

static const kind_t KINDS[] = {{2, 2},   {4, 4}, {8, 8},  {16, 16}, {32, 32},
                               {64, 64}, {8, 2}, {16, 4}, {32, 4},  {64, 8}};
static const kind_t KINDS_QUICK[] = {{2, 2}, {8, 8}, {8, 2}};
static const topk_training_t TRAINING = {9, 32, 0.006, 0.1}, TRAINING_QUICK = {2, 32, 0.01, 0.1},
                             TRAINING_FASHION = {6, 32, 0.004, 0.1};

static bool is_soft(const kind_t *kind) {
    return kind->active == kind->experts;
}

// The temperatures in units.
static double scale_at(size_t t) {
    return pow(10, -(double)(TAUS - 1 - t) / PER_DECADE);
}

static void state_parameters(experiment_t *run, const experiment_images_t *all) {
    const bool quick = experiment_quick(run);
    experiment_parameter(run, "Width", "%.0f", WIDTH, "units");
    experiment_parameter(run, "Epochs", "%.0f", (double)(quick ? TRAINING_QUICK : TRAINING).epochs, "1");
    experiment_parameter(run, "Samples", "%.0f", quick ? SAMPLES_QUICK : SAMPLES, "1");
    experiment_parameter(run, "GumbelSamples", "%.0f", quick ? SAMPLES_QUICK : TOP_K_SAMPLES, "1");
    experiment_parameter(run, "DomainPercent", "%.0f", 100 * DOMAIN_SHARE, "%");
    experiment_parameter(run, "Carriers", "%.0f", quick ? CARRIERS_QUICK : CARRIERS, "samples");
    experiment_parameter(run, "ExponentAt", "%.3g", scale_at(EXPONENT_AT), "median margins");
    experiment_parameter(run, "Levels", "%.0f", (double)all->levels, "1");
    experiment_macro_integer(run, "Images", (long long)all->data.rows);
}

// ---- Layers ----

typedef struct {
    const kind_t *kind;
    const topk_data_t *images; // all of them
    topk_layer_t *layer;
    double accuracy;  // on all images
    double *logits;   // of the images, rows x N
    double *lengths;  // |r_i - r_j|
    double *products; // r_i.r_j
    double unit;      // of temperatures: the median over the images of gap_k, of a mixture gap_1
    gsl_integration_glfixed_table *rule;
} gate_t;

static double temperature(const gate_t *gate, size_t t) {
    return gate->unit * scale_at(t);
}

static int train_layer(const kind_t *kind, const topk_data_t *data, size_t inputs,
                       const topk_training_t *training, uint64_t seed, uint32_t number,
                       topk_layer_t **result) {
    const topk_shape_t shape = {.inputs = inputs,
                                .experts = kind->experts,
                                .active = kind->active,
                                .width = WIDTH,
                                .classes = CLASSES};
    stream_t weights = stream_at(seed, stream_experiment(NAME), 2 * number),
             order = stream_at(seed, stream_experiment(NAME), 2 * number + 1);
    if ((*result = topk_layer_alloc(&shape)) == NULL)
        return GSL_ENOMEM;
    topk_layer_draw(*result, &weights);
    return topk_layer_train(*result, data, training, &order);
}

typedef struct {
    const kind_t *kinds;
    gate_t *gates;
    const experiment_images_t *all;
    const topk_training_t *plan;
    uint64_t seed;
} workshop_t;

static int find_unit(gate_t *gate) {
    const size_t n = gate->kind->experts, rows = gate->images->rows;
    double scratch[MOST_EXPERTS], *gaps = malloc(rows * sizeof *gaps);
    if (gaps == NULL)
        return GSL_ENOMEM;
    for (size_t row = 0; row < rows; row++)
        gaps[row] =
            margin_gap(gate->logits + row * n, n, is_soft(gate->kind) ? 1 : gate->kind->active, scratch);
    gate->unit = gsl_stats_median(gaps, 1, rows);
    free(gaps);
    return GSL_SUCCESS;
}

static int prepare_gate(const workshop_t *shop, gate_t *gate) {
    const size_t n = gate->kind->experts, d = gate->layer->shape.inputs, rows = gate->images->rows;
    const double *router = gate->layer->router;
    size_t correct = 0;
    gate->logits = malloc(rows * n * sizeof *gate->logits);
    gate->lengths = malloc(2 * n * n * sizeof *gate->lengths);
    gate->rule = gsl_integration_glfixed_table_alloc(NODES);
    if (gate->logits == NULL || gate->lengths == NULL || gate->rule == NULL)
        return GSL_ENOMEM;
    gate->products = gate->lengths + n * n;
    wall_lengths(router, n, d, d + 1, gate->lengths);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            const double *a = router + i * (d + 1), *b = router + j * (d + 1);
            gate->products[i * n + j] = topk_affine(a, b, d) - a[d];
        }
    for (size_t row = 0; row < rows; row++)
        for (size_t i = 0; i < n; i++)
            gate->logits[row * n + i] = topk_affine(router + i * (d + 1), gate->images->inputs + row * d, d);
    const int status = topk_layer_classify(gate->layer, &shop->all->data, &correct, NULL);
    gate->accuracy = (double)correct / (double)rows;
    return status == GSL_SUCCESS ? find_unit(gate) : status;
}

static int make_gate(void *context, int thread, ulong shard, fmpz *sums) {
    (void)thread;
    (void)sums;
    const workshop_t *shop = context;
    gate_t *gate = &shop->gates[shard];
    gate->kind = &shop->kinds[shard];
    gate->images = &shop->all->data;
    const int status = train_layer(gate->kind, &shop->all->data, shop->all->side * shop->all->side,
                                   shop->plan, shop->seed, (uint32_t)shard, &gate->layer);
    return status == GSL_SUCCESS ? prepare_gate(shop, gate) : status;
}

static void free_gate(gate_t *gate) {
    topk_layer_free(gate->layer);
    free(gate->logits);
    free(gate->lengths);
    gsl_integration_glfixed_table_free(gate->rule);
}

// o of one expert.
static void run_expert(const topk_layer_t *layer, size_t expert, const double *x, double *output) {
    double hidden[WIDTH];
    topk_expert(layer, expert, x, hidden, output);
}

// ---- Losses ----

// log sum exp h - h_label.
static double cross_entropy(const double *h, size_t label) {
    double top = h[0], sum = 0;
    for (size_t c = 1; c < CLASSES; c++)
        top = fmax(top, h[c]);
    for (size_t c = 0; c < CLASSES; c++)
        sum += exp(h[c] - top);
    return top + log(sum) - h[label];
}

static double square_distance(const double *a, const double *b) {
    double sum = 0;
    for (size_t c = 0; c < CLASSES; c++)
        sum += gsl_pow_2(a[c] - b[c]);
    return sum;
}

// int over 0 < g < 1/2 of (l(from + g (to - from)) - l(from)) / (g (1 - g)), l the cross entropy.
static double layer_integral(const gate_t *gate, const double *from, const double *to, size_t label) {
    const double start = cross_entropy(from, label);
    double sum = 0;
    for (size_t i = 0; i < NODES; i++) {
        double g, weight, mixed[CLASSES];
        gsl_integration_glfixed_point(0, 0.5, i, &g, &weight, gate->rule);
        for (size_t c = 0; c < CLASSES; c++)
            mixed[c] = from[c] + g * (to[c] - from[c]);
        sum += weight * (cross_entropy(mixed, label) - start) / (g * (1 - g));
    }
    return sum;
}

// ---- Walls: the right-hand sides of the laws ----

// What a wall contributes, summed over pairs: twice the density of S at 0 is that of the gap.
typedef struct {
    double density, square, risk;
} wall_sum_t;

static void add_soft_wall(const gate_t *gate, const double *foot, size_t i, size_t j, size_t label,
                          double density, wall_sum_t *sum) {
    double a[CLASSES], b[CLASSES];
    run_expert(gate->layer, i, foot, a);
    run_expert(gate->layer, j, foot, b);
    sum->density += 2 * density;
    sum->square += 2 * density * (M_LN2 - 0.5) * square_distance(a, b);
    sum->risk += density * (layer_integral(gate, a, b, label) + layer_integral(gate, b, a, label));
}

// On the wall the two have the same gate p among the k chosen.
static void add_top_k_wall(const gate_t *gate, const double *foot, const double *logits, size_t i, size_t j,
                           double density, wall_sum_t *sum) {
    double a[CLASSES], b[CLASSES], shares = 1;
    for (size_t e = 0; e < gate->kind->experts; e++)
        if (e != i && e != j && logits[e] > logits[i])
            shares += exp(logits[e] - logits[i]);
    run_expert(gate->layer, i, foot, a);
    run_expert(gate->layer, j, foot, b);
    sum->density += 2 * density * M_LN2;
    sum->square += 2 * density * M_LN2 * square_distance(a, b) / gsl_pow_2(shares);
}

// z at the foot of an input on the wall of two experts: z less `step` times r.(r_i - r_j). Returns how many of the others stand
// above the two there; where there are too many, not all are computed.
static size_t stand_at_foot(const gate_t *gate, const double *logits, size_t i, size_t j, size_t too_many,
                            double *foot) {
    const size_t n = gate->kind->experts;
    const double *with = gate->products, step = (logits[i] - logits[j]) / gsl_pow_2(gate->lengths[i * n + j]),
                 tied = logits[i] - step * (with[i * n + i] - with[i * n + j]);
    size_t above = 0;
    for (size_t e = 0; e < n && above < too_many; e++) {
        foot[e] = logits[e] - step * (with[e * n + i] - with[e * n + j]);
        above += e != i && e != j && foot[e] > tied;
    }
    return above;
}

//[core
// All walls near one input x = image + NOISE normals. Given the image, S = z_i - z_j is normal; given S = 0, the
// input is its foot on the wall, where i and j must stand at the ranks k and k + 1.
static wall_sum_t sum_walls(const gate_t *gate, size_t row, const double *x, const double *logits) {
    const size_t n = gate->kind->experts, d = gate->layer->shape.inputs, label = gate->images->labels[row],
                 rank = is_soft(gate->kind) ? 1 : gate->kind->active;
    const double *of_image = gate->logits + row * n, *router = gate->layer->router;
    wall_sum_t sum = {0, 0, 0};
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++) {
            const double length = gate->lengths[i * n + j], mean = of_image[i] - of_image[j];
            const double step = (logits[i] - logits[j]) / gsl_pow_2(length);
            double at_foot[MOST_EXPERTS], foot[MOST_INPUTS];
            if (fabs(mean) >= FAR * NOISE * length ||
                stand_at_foot(gate, logits, i, j, rank, at_foot) != rank - 1)
                continue;
            for (size_t c = 0; c < d; c++)
                foot[c] = x[c] - step * (router[i * (d + 1) + c] - router[j * (d + 1) + c]);
            const double density = gsl_ran_gaussian_pdf(mean, NOISE * length);
            if (is_soft(gate->kind))
                add_soft_wall(gate, foot, i, j, label, density, &sum);
            else
                add_top_k_wall(gate, foot, at_foot, i, j, density, &sum);
        }
    return sum;
}
//]core

// ---- The left-hand sides ----

// Components of a sample: at each temperature two changes, of a softmax mixture then the square of the change by truncation; at
// last what the walls say. FIRST is |h_tau - h_0|^2, or whether the top-k set changes; SECOND the rise of the loss, or the
// square of the change of the output.
enum {
    FIRST = 0,
    SECOND = FIRST + TAUS,
    CUT = SECOND + TAUS,
    WALLS = CUT + TRUNCATIONS * TAUS,
    COMPONENTS = WALLS + 3
};
_Static_assert((int)COMPONENTS <= (int)MOMENTS_MAX_DIM, "a sample has room");

// The mixture of the first `kept` of the ranked experts at a temperature.
static void mix(const double *logits, const double *outputs, const size_t *order, size_t kept, double tau,
                double *h) {
    double total = 0;
    memset(h, 0, CLASSES * sizeof *h);
    for (size_t i = 0; i < kept; i++) {
        const double gate = exp((logits[order[i]] - logits[order[0]]) / tau);
        total += gate;
        for (size_t c = 0; c < CLASSES; c++)
            h[c] += gate * outputs[order[i] * CLASSES + c];
    }
    for (size_t c = 0; c < CLASSES; c++)
        h[c] /= total;
}

// All temperatures of one input of a softmax mixture.
static void cool(const gate_t *gate, size_t label, const double *logits, const double *outputs,
                 double *sample) {
    const size_t n = gate->kind->experts;
    size_t order[MOST_EXPERTS];
    topk_choose(logits, n, n, order);
    const double *hard = outputs + order[0] * CLASSES, loss = cross_entropy(hard, label);
    for (size_t t = 0; t < TAUS; t++) {
        const double tau = temperature(gate, t);
        double h[CLASSES], cut[CLASSES];
        size_t warm = 1;
        while (warm < n && logits[order[warm]] > logits[order[0]] - COLD * tau)
            warm++;
        mix(logits, outputs, order, warm, tau, h);
        sample[FIRST + t] = warm == 1 ? 0 : square_distance(h, hard);
        sample[SECOND + t] = warm == 1 ? 0 : cross_entropy(h, label) - loss;
        for (size_t k = 2; k < 2 + TRUNCATIONS; k++) {
            if (warm > k)
                mix(logits, outputs, order, k, tau, cut);
            sample[CUT + (k - 2) * TAUS + t] = warm > k ? square_distance(h, cut) : 0;
        }
    }
}

// Output of a top-k layer with the k experts of a set, gates from the clean logits.
static void run_set(const gate_t *gate, const double *x, const double *logits, const size_t *set, double *h) {
    double outputs[MOST_EXPERTS * CLASSES];
    for (size_t a = 0; a < gate->kind->active; a++)
        run_expert(gate->layer, set[a], x, outputs + set[a] * CLASSES);
    mix(logits, outputs, set, gate->kind->active, 1, h);
}

static bool same_set(const size_t *a, const size_t *b, size_t k) {
    uint64_t sets[2] = {0, 0};
    for (size_t i = 0; i < k; i++) {
        sets[0] |= (uint64_t)1 << a[i];
        sets[1] |= (uint64_t)1 << b[i];
    }
    return sets[0] == sets[1];
}

// All temperatures of one input of a top-k layer, with the same Gumbel variables at each.
static void shake(const gate_t *gate, const double *x, const double *logits, const double *gumbels,
                  double *sample) {
    const size_t n = gate->kind->experts, k = gate->kind->active;
    size_t clean[MOST_EXPERTS], noisy[MOST_EXPERTS];
    double shaken[MOST_EXPERTS], before[CLASSES], after[CLASSES];
    bool known = false;
    topk_choose(logits, n, k + 1, clean);
    const double gap = logits[clean[k - 1]] - logits[clean[k]];
    for (size_t t = 0; t < TAUS; t++) {
        const double tau = temperature(gate, t);
        sample[FIRST + t] = sample[SECOND + t] = 0;
        if (gap > COLD * tau)
            continue;
        for (size_t e = 0; e < n; e++)
            shaken[e] = logits[e] + tau * gumbels[e];
        topk_choose(shaken, n, k, noisy);
        if (same_set(clean, noisy, k))
            continue;
        if (!known)
            run_set(gate, x, logits, clean, before);
        known = true;
        run_set(gate, x, logits, noisy, after);
        sample[FIRST + t] = 1;
        sample[SECOND + t] = square_distance(before, after);
    }
}

// ---- Samples ----

static size_t work_of(const gate_t *gate) {
    const size_t n = gate->kind->experts, d = gate->layer->shape.inputs;
    return BLOCK * (d + (d + 1) + n + n * WIDTH + n * CLASSES + n);
}

static int sample_gate(const montecarlo_block_t *block, const void *context) {
    const gate_t *gate = context;
    const size_t n = gate->kind->experts, d = gate->layer->shape.inputs, count = block->count;
    double *normals = block->work, *biased = normals + BLOCK * d, *logits = biased + BLOCK * (d + 1),
           *hidden = logits + BLOCK * n, *outputs = hidden + BLOCK * n * WIDTH,
           *gumbels = outputs + BLOCK * n * CLASSES;
    uint64_t images[BLOCK];
    stream_t others = *block->stream;
    stream_normals(block->stream, normals, count * d);
    stream_bits(&others, images, count);
    stream_uniforms(&others, gumbels, count * n);
    for (size_t i = 0; i < count; i++) {
        images[i] %= gate->images->rows;
        for (size_t c = 0; c < d; c++)
            biased[i * (d + 1) + c] = gate->images->inputs[images[i] * d + c] + NOISE * normals[i * d + c];
        biased[i * (d + 1) + d] = 1;
    }
    topk_batch_logits(gate->layer, biased, count, logits);
    if (is_soft(gate->kind))
        topk_batch_outputs(gate->layer, biased, count, hidden, outputs);
    memset(block->samples, 0, count * COMPONENTS * sizeof *block->samples);
    for (size_t i = 0; i < count; i++) {
        const double *x = biased + i * (d + 1), *z = logits + i * n;
        double *sample = block->samples + i * COMPONENTS;
        for (size_t e = 0; e < n; e++)
            gumbels[i * n + e] = -log(-log(gumbels[i * n + e]));
        if (is_soft(gate->kind))
            cool(gate, gate->images->labels[images[i]], z, outputs + i * n * CLASSES, sample);
        else
            shake(gate, x, z, gumbels + i * n, sample);
        if (i % WALLS_EVERY != 0)
            continue;
        const wall_sum_t walls = sum_walls(gate, images[i], x, z);
        sample[WALLS] = WALLS_EVERY * walls.density;
        sample[WALLS + 1] = WALLS_EVERY * walls.square;
        sample[WALLS + 2] = WALLS_EVERY * walls.risk;
    }
    return GSL_SUCCESS;
}

static moments_t *sample_one(experiment_t *run, const gate_t *gate) {
    char part[64];
    const uint64_t samples = is_soft(gate->kind) ? SAMPLES : TOP_K_SAMPLES;
    snprintf(part, sizeof part, "%zu.%zu", gate->kind->experts, gate->kind->active);
    return experiment_montecarlo_blocks(run, part, experiment_quick(run) ? SAMPLES_QUICK : samples, BLOCK,
                                        COMPONENTS, work_of(gate), sample_gate, gate);
}

// ---- Observed against the law ----

// One quantity at one temperature.
typedef struct {
    gsl_sf_result observed, law; // law: tau times the walls' sum
    double carriers;             // samples that carry the observed mean, as in routing/gap_sample.h
    double error;                // standard error of the difference of the two
    double z;
} comparison_t;

static comparison_t compare(const gate_t *gate, const moments_t *m, size_t t, size_t observed, size_t walls) {
    const double tau = temperature(gate, t);
    comparison_t c = {.observed = moments_estimate(m, observed + t), .law = moments_estimate(m, walls)};
    c.law.val *= tau;
    c.law.err *= tau;
    const double variance = gsl_pow_2(c.observed.err) + gsl_pow_2(c.law.err) -
                            2 * tau * moments_mean_covariance(m, observed + t, walls);
    const double square = gsl_pow_2(c.observed.val);
    c.carriers = square > 0 ? square / (gsl_pow_2(c.observed.err) + square / (double)m->count) : 0;
    c.error = sqrt(variance);
    c.z = (c.observed.val - c.law.val) / c.error;
    return c;
}

// Where the two quantities of a kind stand among the components, and what the walls say of them.
typedef struct {
    const char *what;
    size_t observed, walls;
} quantity_t;

static const quantity_t SOFT_QUANTITIES[] = {{"square", FIRST, WALLS + 1}, {"loss", SECOND, WALLS + 2}},
                        TOP_K_QUANTITIES[] = {{"set", FIRST, WALLS}, {"square", SECOND, WALLS + 1}};
enum { BOTH = 2 };

static const quantity_t *quantities_of(const gate_t *gate) {
    return is_soft(gate->kind) ? SOFT_QUANTITIES : TOP_K_QUANTITIES;
}

// The greatest temperature, in units, up to which no observed value is off the law by more than a share of it and the errors.
static double domain(const gate_t *gate, const moments_t *m, const quantity_t *q) {
    double last = 0;
    for (size_t t = 0; t < TAUS; t++) {
        const comparison_t c = compare(gate, m, t, q->observed, q->walls);
        if (c.carriers > GAP_CARRIERS &&
            fabs(c.observed.val / c.law.val - 1) > DOMAIN_SHARE + 2 * c.observed.err / fabs(c.law.val))
            break;
        last = scale_at(t);
    }
    return last;
}

// ---- Tables ----

static void name_gate(table_t *table, const gate_t *gate) {
    table_integer(table, (long long)gate->kind->experts);
    table_integer(table, (long long)(is_soft(gate->kind) ? 0 : gate->kind->active));
}

// Observed over predicted, where it is checked, of all layers of a kind, which are sampled independently.
typedef struct {
    double sum, variance;
    size_t count;
} pool_t;

static gsl_sf_result pool_mean(const pool_t *pool) {
    const double count = (double)pool->count;
    return (gsl_sf_result){pool->sum / count, sqrt(pool->variance) / count};
}

// The rows of one layer; returns the largest |z| of those that are checked, which are added to the pools.
static double write_sweep(experiment_t *run, table_t *table, const gate_t *gate, const moments_t *m,
                          pool_t pools[BOTH]) {
    double worst = 0;
    for (size_t i = 0; i < BOTH; i++) {
        const quantity_t *q = &quantities_of(gate)[i];
        const double carriers = experiment_quick(run) ? CARRIERS_QUICK : CARRIERS;
        bool checked = false;
        for (size_t t = 0; t < TAUS; t++) {
            const comparison_t c = compare(gate, m, t, q->observed, q->walls);
            name_gate(table, gate);
            table_text(table, q->what);
            table_real(table, scale_at(t));
            table_real(table, temperature(gate, t));
            table_real(table, c.observed.val);
            table_real(table, c.observed.err);
            table_real(table, c.law.val);
            table_real(table, c.law.err);
            table_real(table, c.observed.val / c.law.val);
            table_real(table, fabs(c.observed.err / c.law.val));
            table_real(table, c.carriers);
            table_real(table, c.z);
            if (checked || c.carriers < carriers)
                continue;
            experiment_check(run, is_soft(gate->kind) ? SOFT : GUMBEL,
                             "z of an observed value against the law", fabs(c.z), AT_MOST, MAX_Z, 0);
            worst = fmax(worst, fabs(c.z));
            pools[i].sum += c.observed.val / c.law.val;
            pools[i].variance += gsl_pow_2(c.error / c.law.val);
            pools[i].count++;
            checked = true;
        }
        if (!checked)
            experiment_stop(run, FAULT_INTERNAL, "no temperature has %g samples that carry a mean", carriers);
    }
    return worst;
}

static void write_law(table_t *table, const gate_t *gate, const moments_t *m) {
    name_gate(table, gate);
    table_real(table, 100 * gate->accuracy);
    table_real(table, gate->unit);
    const double per_density = is_soft(gate->kind) ? 1 : M_LN2;
    table_real(table, moments_mean(m, WALLS) / per_density);
    table_real(table, moments_estimate(m, WALLS).err / per_density);
    for (size_t i = 0; i < BOTH; i++) {
        const quantity_t *q = &quantities_of(gate)[i];
        const gsl_sf_result slope = moments_estimate(m, q->walls);
        table_real(table, slope.val);
        table_real(table, slope.err);
        table_real(table, domain(gate, m, q));
    }
}

// What truncation to the top 2 and 3 at the same temperature does to a mixture.
static void write_cuts(table_t *table, const gate_t *gate, const moments_t *m) {
    for (size_t t = 0; t < TAUS; t++) {
        name_gate(table, gate);
        table_real(table, scale_at(t));
        for (size_t k = 0; k < TRUNCATIONS; k++) {
            const gsl_sf_result cut = moments_estimate(m, CUT + k * TAUS + t);
            table_real(table, cut.val);
            table_real(table, cut.err);
        }
    }
}

// The exponent of the change by truncation to the top k between two temperatures, half a decade apart.
static gsl_sf_result cut_exponent(const moments_t *m, size_t k, size_t t) {
    const size_t warm = CUT + (k - 2) * TAUS + t, cold = warm - PER_DECADE / 2;
    const double above = moments_mean(m, warm), below = moments_mean(m, cold);
    const double variance = moments_mean_covariance(m, warm, warm) / gsl_pow_2(above) +
                            moments_mean_covariance(m, cold, cold) / gsl_pow_2(below) -
                            2 * moments_mean_covariance(m, warm, cold) / (above * below);
    return (gsl_sf_result){2 * log10(above / below), 2 * sqrt(variance) / M_LN10};
}

// ---- Rows as they are, without noise: the law by a kernel estimate (routing/gap_sample.h) ----

typedef struct {
    const char *name;
    gap_arrays_t arrays;
    bool few; // the text says so, and how few
} rows_t;

// Logits and outputs of a layer for images.
static void add_rows(experiment_t *run, const topk_layer_t *layer, const topk_data_t *data, size_t first,
                     rows_t *rows) {
    const size_t n = layer->shape.experts, d = layer->shape.inputs;
    double *biased = experiment_memory(run, malloc(BLOCK * (d + 1 + n * WIDTH) * sizeof *biased)),
           *hidden = biased + BLOCK * (d + 1), *logits = (double *)rows->arrays.logits + first * n,
           *outputs = (double *)rows->arrays.outputs + first * n * CLASSES;
    for (size_t at = 0; at < data->rows; at += BLOCK) {
        const size_t count = data->rows - at < BLOCK ? data->rows - at : BLOCK;
        for (size_t i = 0; i < count; i++) {
            memcpy(biased + i * (d + 1), data->inputs + (at + i) * d, d * sizeof *biased);
            biased[i * (d + 1) + d] = 1;
        }
        topk_batch_logits(layer, biased, count, logits + at * n);
        topk_batch_outputs(layer, biased, count, hidden, outputs + at * n * CLASSES);
    }
    free(biased);
}

static rows_t make_rows(experiment_t *run, const char *name, size_t rows, size_t experts) {
    const double *logits = experiment_memory(run, calloc(rows * experts * (1 + CLASSES), sizeof *logits));
    return (rows_t){.name = name, .arrays = {rows, experts, CLASSES, logits, logits + rows * experts, NULL}};
}

// Some rows of a set.
static topk_data_t part_of(const experiment_images_t *images, size_t first, size_t rows) {
    return (topk_data_t){rows, images->data.inputs + first * images->side * images->side,
                         images->data.labels + first};
}

// A softmax mixture of clothes: trained on the first of the training images, looked at on the others and on test images.
static rows_t fashion_rows(experiment_t *run) {
    static const kind_t kind = {FASHION_EXPERTS, FASHION_EXPERTS};
    const bool quick = experiment_quick(run);
    const size_t seen = quick ? FASHION_SEEN_QUICK : FASHION_SEEN, more = quick ? 0 : FASHION_MORE,
                 others = quick ? FASHION_OTHERS_QUICK : FASHION_OTHERS;
    experiment_images_t first = experiment_fashion(run, quick ? FASHION_TEST : FASHION_TRAINING, 0,
                                                   seen + more, FASHION_POOL),
                        test = experiment_fashion(run, FASHION_TEST, quick ? seen : 0, others, FASHION_POOL);
    const topk_data_t training = part_of(&first, 0, seen), rest = part_of(&first, seen, more);
    topk_layer_t *layer = NULL;
    size_t correct;
    rows_t rows = make_rows(run, "Fashion", more + others, FASHION_EXPERTS);
    experiment_require(run,
                       train_layer(&kind, &training, first.side * first.side,
                                   quick ? &TRAINING_QUICK : &TRAINING_FASHION, experiment_seed(run),
                                   FASHION_STREAM, &layer),
                       "the layer of clothes");
    add_rows(run, layer, &rest, 0, &rows);
    add_rows(run, layer, &test.data, more, &rows);
    experiment_require(run, topk_layer_classify(layer, &test.data, &correct, NULL), "classification");
    experiment_macro(run, "FashionAccuracy", "%.0f", 100 * (double)correct / (double)others);
    experiment_macro_integer(run, "FashionTraining", (long long)seen);
    experiment_macro_integer(run, "FashionRows", (long long)rows.arrays.rows);
    experiment_images_free(&first);
    experiment_images_free(&test);
    topk_layer_free(layer);
    return rows;
}

static void write_rows(experiment_t *run, table_t *table, const rows_t *rows, double *worst) {
    const gap_source_t source = gap_arrays_source(&rows->arrays);
    gap_survey_t survey;
    experiment_require(run, gap_survey(&source, &survey), "gap_survey");
    for (size_t t = 0; t < TAUS; t++) {
        const double tau = scale_at(t);
        gap_report_t report;
        experiment_require(run, gap_measure(&source, &survey, tau, &report), "gap_measure");
        const gap_estimate_t *e = &report.square;
        const bool applies = rows->arrays.rows >= KERNEL_ROWS && e->carriers >= GAP_CARRIERS &&
                             gap_sample_within(&survey, KERNEL_SHARE * tau);
        table_text(table, rows->name);
        table_real(table, tau);
        table_real(table, e->observed.val);
        table_real(table, e->observed.err);
        table_real(table, e->carriers);
        table_real(table, e->predicted);
        table_real(table, tau * e->slope.err);
        table_real(table, e->z);
        table_integer(table, applies);
        if (rows->few && t == FEW_AT) {
            experiment_macro(run, "FewTau", "%.3g", tau);
            experiment_macro(run, "FewCarriers", "%.0f", e->carriers);
        }
        if (applies) {
            experiment_check(run, SOFT, "z of the rows as they are against a kernel estimate of the law",
                             fabs(e->z), AT_MOST, MAX_Z, 0);
            *worst = fmax(*worst, fabs(e->z));
        }
    }
}

static void measure_rows(experiment_t *run, const gate_t *digits) {
    static const table_column_t columns[] = {{"images", "text", NULL, NULL},
                                             {"tau", "1", "%.6f", NULL},
                                             {"observed", "1", "%.4e", NULL},
                                             {"observed_error", "1", "%.2e", NULL},
                                             {"carriers", "rows", "%.1f", NULL},
                                             {"predicted", "1", "%.4e", NULL},
                                             {"predicted_error", "1", "%.2e", NULL},
                                             {"z", "1", "%.2f", NULL},
                                             {"applies", "1", NULL, NULL}};
    rows_t sets[] = {make_rows(run, "digits", digits->images->rows, digits->kind->experts), {0}};
    add_rows(run, digits->layer, digits->images, 0, &sets[0]);
    sets[0].few = true;
    sets[1] = fashion_rows(run);
    table_t *table =
        experiment_table(run, "rows",
                         "images as they are: change of the output by a softmax, and the law by a "
                         "kernel estimate",
                         columns, COUNT(columns), COUNT(sets) * TAUS);
    double worst = 0;
    for (size_t i = 0; i < COUNT(sets); i++) {
        write_rows(run, table, &sets[i], &worst);
        free((void *)sets[i].arrays.logits);
    }
    experiment_macro(run, "RowsZ", "%.1f", worst);
}

// ---- The experiment ----

typedef struct {
    table_t *sweep, *soft, *top_k, *cuts;
    double soft_z, top_k_z;
    pool_t soft_pools[BOTH], top_k_pools[BOTH];
    pool_t exponents[TRUNCATIONS]; // of the mixtures of more than RULES experts
    double steep;                  // the exponent for k = RULES - 1 of the mixture of RULES experts
} output_t;

static void open_tables(experiment_t *run, const kind_t *kinds, size_t count, output_t *out) {
    static const table_column_t sweep[] = {{"experts", "1", NULL, NULL},
                                           {"active", "0 for all", NULL, NULL},
                                           {"what", "text", NULL, NULL},
                                           {"scale", "units", "%.6f", NULL},
                                           {"tau", "1", "%.4e", NULL},
                                           {"observed", "1", "%.4e", NULL},
                                           {"error", "1", "%.1e", NULL},
                                           {"law", "1", "%.4e", NULL},
                                           {"law_error", "1", "%.1e", NULL},
                                           {"ratio", "1", "%.4f", NULL},
                                           {"ratio_error", "1", "%.4f", NULL},
                                           {"carriers", "samples", "%.0f", NULL},
                                           {"z", "1", "%.2f", NULL}};
    static const table_column_t laws[] = {{"experts", "1", NULL, ""},
                                          {"active", "0 for all", NULL, NULL},
                                          {"accuracy", "percent", "%.1f", "%.1f"},
                                          {"unit", "1", "%.4e", "%.3f"},
                                          {"density", "1", "%.4f", "%.3f"},
                                          {"density_error", "1", "%.4f", "%.3f"},
                                          {"first", "1", "%.4f", "%.1f"},
                                          {"first_error", "1", "%.4f", "%.1f"},
                                          {"first_domain", "units", "%.4f", "%.3f"},
                                          {"second", "1", "%.4f", "%.2f"},
                                          {"second_error", "1", "%.4f", "%.2f"},
                                          {"second_domain", "units", "%.4f", "%.3f"}};
    static const table_column_t top_k[] = {{"experts", "1", NULL, ""},
                                           {"active", "1", NULL, ""},
                                           {"accuracy", "percent", "%.1f", "%.1f"},
                                           {"unit", "1", "%.4e", "%.4f"},
                                           {"density", "1", "%.4f", "%.2f"},
                                           {"density_error", "1", "%.4f", "%.2f"},
                                           {"first", "1", "%.4f", NULL},
                                           {"first_error", "1", "%.4f", NULL},
                                           {"first_domain", "units", "%.4f", "%.3f"},
                                           {"second", "1", "%.4f", "%.1f"},
                                           {"second_error", "1", "%.4f", "%.1f"},
                                           {"second_domain", "units", "%.4f", "%.3f"}};
    static const table_column_t cuts[] = {
        {"experts", "1", NULL, NULL},      {"active", "0 for all", NULL, NULL},
        {"scale", "units", "%.6f", NULL},  {"top2", "1", "%.4e", NULL},
        {"top2_error", "1", "%.1e", NULL}, {"top3", "1", "%.4e", NULL},
        {"top3_error", "1", "%.1e", NULL}};
    size_t mixtures = 0;
    for (size_t i = 0; i < count; i++)
        mixtures += is_soft(&kinds[i]);
    out->sweep = experiment_table(run, "", "observed changes against the laws", sweep, COUNT(sweep),
                                  count * BOTH * TAUS);
    out->soft =
        experiment_table(run, "soft", "softmax mixtures: unit, density, slopes of the laws and their domains",
                         laws, COUNT(laws), mixtures);
    out->top_k =
        experiment_table(run, "topk", "top-k layers: unit, density, slopes of the laws and their domains",
                         top_k, COUNT(top_k), count - mixtures);
    out->cuts = experiment_table(run, "cuts", "softmax mixtures against their top-2 and top-3 parts", cuts,
                                 COUNT(cuts), mixtures * TAUS);
}

static void write_gate(experiment_t *run, const gate_t *gate, output_t *out) {
    moments_t *m = sample_one(run, gate);
    const double z =
        write_sweep(run, out->sweep, gate, m, is_soft(gate->kind) ? out->soft_pools : out->top_k_pools);
    double *worst = is_soft(gate->kind) ? &out->soft_z : &out->top_k_z;
    *worst = fmax(*worst, z);
    write_law(is_soft(gate->kind) ? out->soft : out->top_k, gate, m);
    if (is_soft(gate->kind)) {
        write_cuts(out->cuts, gate, m);
        if (gate->kind->experts == RULES)
            out->steep = cut_exponent(m, RULES - 1, EXPONENT_AT).val;
        for (size_t k = 0; k < TRUNCATIONS && gate->kind->experts > RULES; k++) {
            const gsl_sf_result exponent = cut_exponent(m, k + 2, EXPONENT_AT);
            out->exponents[k].sum += exponent.val;
            out->exponents[k].variance += gsl_pow_2(exponent.err);
            out->exponents[k].count++;
        }
    }
    moments_free(m);
}

// All layers of a kind together: each check by itself is as coarse as its temperature is cold.
static void check_pool(experiment_t *run, const char *claim, const char *what, const pool_t *pool) {
    const gsl_sf_result mean = pool_mean(pool);
    char name[64];
    experiment_check(run, claim, "z of the mean ratio of observed values to the law",
                     fabs(mean.val - 1) / mean.err, AT_MOST, MAX_Z, 0);
    snprintf(name, sizeof name, "%sRatio", what);
    experiment_macro(run, name, "%.2f", mean.val);
    snprintf(name, sizeof name, "%sRatioError", what);
    experiment_macro(run, name, "%.2f", mean.err);
}

static void state_exponent(experiment_t *run, const char *name, const pool_t *pool) {
    char full[64];
    experiment_macro(run, name, "%.2f", pool_mean(pool).val);
    snprintf(full, sizeof full, "%sError", name);
    experiment_macro(run, full, "%.2f", pool_mean(pool).err);
}

static void trained_temperature(experiment_t *run) {
    const bool quick = experiment_quick(run);
    const size_t count = quick ? COUNT(KINDS_QUICK) : COUNT(KINDS);
    const kind_t *kinds = quick ? KINDS_QUICK : KINDS;
    experiment_images_t all = experiment_digits(run);
    gate_t *gates = experiment_memory(run, calloc(count, sizeof *gates));
    workshop_t shop = {kinds, gates, &all, quick ? &TRAINING_QUICK : &TRAINING, experiment_seed(run)};
    const shards_plan_t plan = {.count = count, .run = make_gate, .context = &shop};
    const shards_control_t control = {
        .threads = experiment_threads(run), .progress = experiment_progress, .watcher = run};
    output_t out = {0};
    state_parameters(run, &all);
    experiment_require(run, shards_run(&plan, &control, NULL), "the layers");
    open_tables(run, kinds, count, &out);
    size_t digits = 0;
    for (size_t i = 0; i < count; i++) {
        write_gate(run, &gates[i], &out);
        digits = is_soft(&kinds[i]) && kinds[i].experts <= FASHION_EXPERTS ? i : digits;
    }
    measure_rows(run, &gates[digits]);
    experiment_macro_integer(run, "RowsExperts", (long long)kinds[digits].experts);
    experiment_macro(run, "SoftZ", "%.1f", out.soft_z);
    experiment_macro(run, "GumbelZ", "%.1f", out.top_k_z);
    check_pool(run, SOFT, "Square", &out.soft_pools[0]);
    check_pool(run, SOFT, "Loss", &out.soft_pools[1]);
    check_pool(run, GUMBEL, "Set", &out.top_k_pools[0]);
    check_pool(run, GUMBEL, "Change", &out.top_k_pools[1]);
    state_exponent(run, "CutTwo", &out.exponents[0]);
    state_exponent(run, "CutThree", &out.exponents[1]);
    experiment_macro(run, "CutSteep", "%.1f", out.steep);
    for (size_t i = 0; i < count; i++)
        free_gate(&gates[i]);
    free(gates);
    experiment_images_free(&all);
    experiment_claim(run, SOFT, VERDICT_HOLDS, METHOD_MONTECARLO, "trained-temperature.csv");
    experiment_claim(run, GUMBEL, VERDICT_HOLDS, METHOD_MONTECARLO, "trained-temperature.topk.csv");
}

int main(int argc, char **argv) {
    static const experiment_plan_t plan = {
        .name = "trained-temperature",
        .brief = "softmax mixtures and top-k layers trained here as the temperature falls, against the laws",
        .seed = 613,
        .run = trained_temperature};
    return experiment_main(&plan, argc, argv);
}
