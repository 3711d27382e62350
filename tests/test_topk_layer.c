// SPDX-License-Identifier: GPL-3.0-or-later
// routing/topk_layer and topk_batch: passes against the definitions in long double, the gradient against differences of the
// loss, the exponential against the library's, rounding, and training down to the bits.
#include "routing/topk_batch.h"
#include "routing/topk_layer.h"
#include "support.h"
#include "support/training.h"

#include <gsl/gsl_errno.h>
#include <stdbool.h>
#include <string.h>

// ---- Settings

enum { ROWS = 12, MOST = 16 };

// A drawn layer and drawn rows for it.
typedef struct setting {
    topk_layer_t *layer;
    double inputs[ROWS * MOST];
    double centre[MOST];
    size_t labels[ROWS], order[ROWS];
    topk_data_t data;
} setting_t;

static void set_up(setting_t *set, topk_shape_t shape, uint32_t block) {
    stream_t s = stream_at(17, stream_experiment("test_topk_layer"), block);
    set->layer = topk_layer_alloc(&shape);
    assert_non_null(set->layer);
    topk_layer_draw(set->layer, &s);
    stream_normals(&s, set->inputs, ROWS * shape.inputs);
    for (size_t i = 0; i < ROWS; i++) {
        set->labels[i] = draw_below(&s, shape.classes);
        set->order[i] = i;
    }
    set->data = (topk_data_t){ROWS, set->inputs, set->labels};
    stream_normals(&s, set->centre, shape.inputs);
    if (block % 2 == 1)
        set->layer->centre = set->centre;
}

static const char *describe(topk_shape_t s, uint32_t block) {
    return INPUT("d %zu, N %zu, k %zu, H %zu, C %zu, shared %zu, block %u", s.inputs, s.experts, s.active,
                 s.width, s.classes, s.shared, block);
}

// Blocks of odd number have a centre.
static const topk_shape_t SHAPES[] = {{1, 1, 1, 1, 1, 0}, {3, 4, 2, 5, 3, 0}, {2, 5, 1, 3, 4, 0},
                                      {4, 3, 3, 2, 2, 0}, {5, 6, 4, 1, 5, 0}, {8, 8, 2, 4, 10, 0},
                                      {1, 1, 1, 1, 1, 1}, {3, 4, 2, 5, 3, 1}, {5, 6, 4, 1, 5, 1}};
enum { SHAPE_COUNT = sizeof SHAPES / sizeof *SHAPES };

// ---- The definitions, in long double

// Logits, coalition, gates and scores of one input.
static void define_pass(const topk_layer_t *layer, const double *input, long double *logits, bool *member,
                        long double *scores) {
    const topk_shape_t s = layer->shape;
    long double x[MOST], gates[MOST], sum = 0;
    for (size_t j = 0; j < s.inputs; j++)
        x[j] = input[j];
    for (size_t i = 0; i < s.experts; i++) {
        const double *row = layer->router + i * (s.inputs + 1);
        logits[i] = training_affine(row, x, s.inputs);
        if (layer->centre == NULL)
            continue;
        logits[i] -= row[s.inputs];
        for (size_t j = 0; j < s.inputs; j++)
            logits[i] -= (long double)row[j] * layer->centre[j];
    }
    for (size_t i = 0; i < s.experts; i++) {
        member[i] = training_member(logits, s.experts, s.active, i);
        gates[i] = member[i] ? expl(logits[i]) : 0;
        sum += gates[i];
    }
    for (size_t c = 0; c < s.classes; c++)
        scores[c] = s.shared > 0 ? training_affine(layer->shared + c * (s.inputs + 1), x, s.inputs) : 0;
    for (size_t i = 0; i < s.experts; i++) {
        long double hidden[MOST];
        for (size_t u = 0; u < s.width; u++)
            hidden[u] =
                fmaxl(0, training_affine(layer->hidden + (i * s.width + u) * (s.inputs + 1), x, s.inputs));
        for (size_t c = 0; c < s.classes; c++)
            scores[c] +=
                gates[i] / sum *
                training_affine(layer->output + (i * s.classes + c) * (s.width + 1), hidden, s.width);
    }
}

// The loss whose gradient topk_layer_gradient computes, with the shares f given (NULL: those of the layer, which are
// then written to `own`).
static long double define_loss(const setting_t *set, const topk_layer_t *layer, double balance,
                               const long double *shares, long double *own) {
    const topk_shape_t s = layer->shape;
    long double loss = 0, mean[MOST] = {0}, term = 0;
    for (size_t row = 0; row < ROWS; row++) {
        long double logits[MOST], scores[MOST], sum = 0, all = 0;
        bool member[MOST];
        define_pass(layer, set->inputs + row * s.inputs, logits, member, scores);
        for (size_t c = 0; c < s.classes; c++)
            sum += expl(scores[c]);
        loss -= (scores[set->labels[row]] - logl(sum)) / ROWS;
        for (size_t i = 0; i < s.experts; i++)
            all += expl(logits[i]);
        for (size_t i = 0; i < s.experts; i++) {
            mean[i] += expl(logits[i]) / all / ROWS;
            if (own != NULL)
                own[i] += (long double)member[i] / (ROWS * s.active);
        }
    }
    for (size_t i = 0; i < s.experts; i++)
        term += (shares != NULL ? shares : own)[i] * mean[i];
    return loss + balance * (double)s.experts * term;
}

// ---- Passes

static void check_pass(const setting_t *set, const char *input, size_t row) {
    const topk_shape_t s = set->layer->shape;
    topk_pass_t *pass = topk_pass_alloc(&s);
    long double logits[MOST], scores[MOST];
    bool member[MOST];
    assert_non_null(pass);
    topk_pass_run(pass, set->layer, set->inputs + row * s.inputs);
    define_pass(set->layer, set->inputs + row * s.inputs, logits, member, scores);
    double sum = 0;
    for (size_t a = 0; a < s.active; a++) {
        if (!member[pass->coalition[a]])
            fail_msg("%s, row %zu: expert %zu does not belong to the coalition", input, row,
                     pass->coalition[a]);
        if (a > 0 && pass->logits[pass->coalition[a]] > pass->logits[pass->coalition[a - 1]])
            fail_msg("%s, row %zu: the coalition is not in descending order", input, row);
        sum += pass->gates[a];
    }
    check_close(input, sum, 1, 1e-14);
    for (size_t i = 0; i < s.experts; i++)
        check_close(input, pass->logits[i], (double)logits[i], 1e-13);
    for (size_t c = 0; c < s.classes; c++) {
        check_close(input, pass->scores[c], (double)scores[c], 1e-13);
        if (pass->scores[c] > pass->scores[pass->class])
            fail_msg("%s, row %zu: class %zu has not the largest score", input, row, pass->class);
    }
    topk_pass_free(pass);
}

static void test_passes(void **state) {
    (void)state;
    for (size_t i = 0; i < SHAPE_COUNT; i++)
        for (uint32_t block = 0; block < 20; block++) {
            setting_t set;
            set_up(&set, SHAPES[i], block);
            for (size_t row = 0; row < ROWS; row++)
                check_pass(&set, describe(SHAPES[i], block), row);
            topk_layer_free(set.layer);
        }
}

// All rows at once: logits and outputs of all experts, coalitions or not.
static void test_batches(void **state) {
    (void)state;
    for (size_t i = 0; i < SHAPE_COUNT; i++) {
        const topk_shape_t s = SHAPES[i];
        setting_t set;
        double inputs[ROWS * (MOST + 1)], logits[ROWS * MOST], hidden[ROWS * MOST * MOST],
            outputs[ROWS * MOST * MOST], units[MOST], alone[MOST];
        set_up(&set, s, 120);
        for (size_t row = 0; row < ROWS; row++) {
            memcpy(inputs + row * (s.inputs + 1), set.inputs + row * s.inputs, s.inputs * sizeof *inputs);
            inputs[row * (s.inputs + 1) + s.inputs] = 1;
        }
        topk_batch_logits(set.layer, inputs, ROWS, logits);
        topk_batch_outputs(set.layer, inputs, ROWS, hidden, outputs);
        for (size_t row = 0; row < ROWS; row++)
            for (size_t e = 0; e < s.experts; e++) {
                const double *x = set.inputs + row * s.inputs, *w = set.layer->router + e * (s.inputs + 1);
                check_close(describe(s, 120), logits[row * s.experts + e], topk_affine(w, x, s.inputs),
                            1e-13);
                topk_expert(set.layer, e, x, units, alone);
                for (size_t c = 0; c < s.classes; c++)
                    check_close(describe(s, 120), outputs[(row * s.experts + e) * s.classes + c], alone[c],
                                1e-13);
            }
        topk_layer_free(set.layer);
    }
}

// Constant logits 2 5 5 1 5 2: the coalition of three is 1 2 4, of five 1 2 4 0 5.
static void test_equal_logits(void **state) {
    (void)state;
    static const double biases[] = {2, 5, 5, 1, 5, 2};
    static const size_t expected[] = {1, 2, 4, 0, 5, 3};
    for (size_t k = 1; k <= 6; k++) {
        const topk_shape_t shape = {1, 6, k, 1, 2, 0};
        topk_layer_t *layer = topk_layer_alloc(&shape);
        topk_pass_t *pass = topk_pass_alloc(&shape);
        for (size_t i = 0; i < 6; i++)
            layer->router[2 * i + 1] = biases[i];
        topk_pass_run(pass, layer, (const double[]){0.5});
        for (size_t a = 0; a < k; a++)
            if (pass->coalition[a] != expected[a])
                fail_msg("k %zu, place %zu: expert %zu, expected %zu", k, a, pass->coalition[a], expected[a]);
        assert_int_equal(pass->class, 0); // both scores are 0
        topk_pass_free(pass);
        topk_layer_free(layer);
    }
}

static void test_classify(void **state) {
    (void)state;
    for (size_t i = 0; i < SHAPE_COUNT; i++) {
        const topk_shape_t s = SHAPES[i];
        setting_t set;
        set_up(&set, s, 100);
        size_t correct, loads[MOST], expected = 0, counted[MOST] = {0};
        for (size_t row = 0; row < ROWS; row++) {
            long double logits[MOST], scores[MOST];
            bool member[MOST];
            define_pass(set.layer, set.inputs + row * s.inputs, logits, member, scores);
            size_t best = 0;
            for (size_t c = 1; c < s.classes; c++)
                best = scores[c] > scores[best] ? c : best;
            expected += best == set.labels[row];
            for (size_t e = 0; e < s.experts; e++)
                counted[e] += member[e];
        }
        assert_int_equal(topk_layer_classify(set.layer, &set.data, &correct, loads), GSL_SUCCESS);
        if (correct != expected || memcmp(loads, counted, s.experts * sizeof *loads) != 0)
            fail_msg("%s: %zu rows correct, expected %zu, or other loads", describe(s, 100), correct,
                     expected);
        topk_layer_free(set.layer);
    }
}

// ---- Gradient

// Fails unless each derivative is the difference quotient. The coalitions and the units that fire must not change within
// the step, which the small step makes rare; those parameters show as a large second difference and are left out.
static void check_gradient(setting_t *set, const char *input, double balance, int *compared) {
    topk_layer_t *gradient = topk_layer_alloc(&set->layer->shape);
    long double shares[MOST] = {0};
    const double step = 0x1p-20;
    assert_int_equal(topk_layer_gradient(set->layer, &set->data, set->order, ROWS, balance, gradient),
                     GSL_SUCCESS);
    const long double here = define_loss(set, set->layer, balance, NULL, shares);
    for (size_t i = 0; i < set->layer->count; i++) {
        double *parameter = set->layer->parameters + i;
        const double kept = *parameter;
        *parameter = kept + step;
        const long double above = define_loss(set, set->layer, balance, shares, NULL);
        *parameter = kept - step;
        const long double below = define_loss(set, set->layer, balance, shares, NULL);
        *parameter = kept;
        if (fabsl(above - 2 * here + below) > 1e-9)
            continue;
        (*compared)++;
        check_close(input, gradient->parameters[i], (double)((above - below) / (2 * step)), 1e-8);
    }
    topk_layer_free(gradient);
}

static void test_gradient(void **state) {
    (void)state;
    int compared = 0, parameters = 0;
    for (size_t i = 0; i < SHAPE_COUNT; i++)
        for (uint32_t block = 200; block < 203; block++) {
            setting_t set;
            set_up(&set, SHAPES[i], block);
            check_gradient(&set, describe(SHAPES[i], block), block == 200 ? 0 : 0.7, &compared);
            parameters += (int)set.layer->count;
            topk_layer_free(set.layer);
        }
    if (compared < parameters * 99 / 100)
        fail_msg("only %d of %d derivatives could be compared", compared, parameters);
}

// ---- Numbers

static void test_exp(void **state) {
    (void)state;
    stream_t s = stream_at(17, stream_experiment("test_topk_layer"), 300);
    assert_true(topk_exp(0) == 1);
    assert_true(topk_exp(-708) == 0);
    assert_true(topk_exp(-1e300) == 0);
    for (int i = 0; i < 200000; i++) {
        const double x = i % 2 ? uniform(&s, -708, 0) : -log_uniform(&s, 1e-300, 700);
        const long double want = expl((long double)x);
        if (fabsl(topk_exp(x) - want) > 0x1p-51L * want)
            fail_msg("exp(%a) = %a, want %La", x, topk_exp(x), want);
    }
}

static void test_round(void **state) {
    (void)state;
    static const struct {
        double value;
        int bits;
        double rounded;
    } cases[] = {{1.0 + 0x1p-8, 8, 1},
                 {1.0 + 0x1p-7, 8, 1.0 + 0x1p-7},
                 {1.0 + 3 * 0x1p-8, 8, 1.0 + 0x1p-6},
                 {-(1.0 + 3 * 0x1p-8), 8, -(1.0 + 0x1p-6)},
                 {0x1.ffp-3, 8, 0x1p-2},
                 {0, 8, 0},
                 {5, 1, 4},
                 {6, 1, 8},
                 {0x1.fffffep0, 24, 0x1.fffffep0},
                 {0x1.ffffffp0, 24, 2},
                 {0x1.23456789abcdep-40, 53, 0x1.23456789abcdep-40}};
    const topk_shape_t shape = {1, 1, 1, 1, 1, 0};
    topk_layer_t *layer = topk_layer_alloc(&shape);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        layer->parameters[layer->count - 1] = cases[i].value;
        topk_layer_round(layer, cases[i].bits);
        if (layer->parameters[layer->count - 1] != cases[i].rounded)
            fail_msg("%a to %d bits: %a, expected %a", cases[i].value, cases[i].bits,
                     layer->parameters[layer->count - 1], cases[i].rounded);
    }
    topk_layer_free(layer);
}

static void test_draw(void **state) {
    (void)state;
    const topk_shape_t shape = {16, 8, 2, 64, 10, 0};
    topk_layer_t *layer = topk_layer_alloc(&shape);
    stream_t s = stream_at(17, stream_experiment("test_topk_layer"), 400);
    topk_layer_draw(layer, &s);
    double most_in = 0, most_out = 0, mean = 0;
    for (double *w = layer->parameters; w < layer->parameters + layer->count; w++) {
        double *most = w < layer->output ? &most_in : &most_out;
        *most = fmax(*most, fabs(*w));
        mean += *w / (double)layer->count;
    }
    topk_shape_t with = shape;
    with.shared = 1;
    topk_layer_t *sharing = topk_layer_alloc(&with);
    s = stream_at(17, stream_experiment("test_topk_layer"), 400);
    topk_layer_draw(sharing, &s);
    assert_int_equal(sharing->count, layer->count + shape.classes * (shape.inputs + 1));
    assert_memory_equal(sharing->parameters, layer->parameters, layer->count * sizeof *layer->parameters);
    for (double *w = sharing->shared; w < sharing->parameters + sharing->count; w++)
        most_in = fmax(most_in, fabs(*w));
    topk_layer_free(sharing);
    check_close("inputs 16", most_in, 0.25, 1e-3);
    check_close("width 64", most_out, 0.125, 1e-3);
    check_close("mean", mean, 0, 4 * 0.25 / sqrt(3.0 * (double)layer->count));
    topk_layer_free(layer);
}

static void test_shapes(void **state) {
    (void)state;
    static const topk_shape_t wrong[] = {
        {0, 2, 1, 1, 1, 0}, {1, 0, 0, 1, 1, 0}, {1, 2, 0, 1, 1, 0}, {1, 2, 3, 1, 1, 0},
        {1, 2, 1, 0, 1, 0}, {1, 2, 1, 1, 0, 0}, {1, 2, 1, 1, 1, 2}, {(size_t)1 << 40, 2, 1, 1, 1, 0}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (topk_layer_alloc(&wrong[i]) != NULL)
            fail_msg("%s: a layer was made", describe(wrong[i], 0));
    topk_layer_free(NULL);
    topk_pass_free(NULL);
}

// ---- Training

enum { POINTS = 600 };

// Trained on one machine with one compiler, the weights had this hash; they have it everywhere.
static void test_training(void **state) {
    (void)state;
    static const uint64_t expected = 0x7ba154075609072bu;
    const topk_shape_t shape = {2, 6, 2, 4, 4, 0};
    const topk_training_t training = {.epochs = 20, .batch = 32, .rate = 0.01, .balance = 0.1};
    double inputs[2 * POINTS];
    size_t labels[POINTS], before, after, loads[6];
    const topk_data_t data = {POINTS, inputs, labels};
    stream_t points = stream_at(17, stream_experiment("test_topk_layer"), 500);
    stream_t s = stream_at(17, stream_experiment("test_topk_layer"), 501);
    training_quadrants(&points, POINTS, inputs, labels);
    topk_layer_t *layer = topk_layer_alloc(&shape);
    topk_layer_draw(layer, &s);
    assert_int_equal(topk_layer_classify(layer, &data, &before, NULL), GSL_SUCCESS);
    assert_int_equal(topk_layer_train(layer, &data, &training, &s), GSL_SUCCESS);
    assert_int_equal(topk_layer_classify(layer, &data, &after, loads), GSL_SUCCESS);
    if (before > POINTS / 2 || after < POINTS - 6)
        fail_msg("correct before %zu and after %zu of %d", before, after, POINTS);
    for (size_t i = 0; i < shape.experts; i++)
        if (loads[i] < POINTS / 20)
            fail_msg("expert %zu is chosen %zu times of %d: the balance term does not work", i, loads[i],
                     2 * POINTS);
    if (training_hash(layer->parameters, layer->count) != expected)
        fail_msg("the trained weights have the hash %#llx, expected %#llx",
                 (unsigned long long)training_hash(layer->parameters, layer->count),
                 (unsigned long long)expected);
    topk_layer_free(layer);
}

// With a centre the router's biases stay; a shared expert learns.
static void test_variants(void **state) {
    (void)state;
    const topk_shape_t shape = {2, 6, 2, 4, 4, 1};
    const topk_training_t training = {.epochs = 5, .batch = 32, .rate = 0.01, .balance = 0.1};
    static const double centre[] = {0.25, -0.5};
    double inputs[2 * POINTS], drawn[4 * 3];
    size_t labels[POINTS], before, after;
    const topk_data_t data = {POINTS, inputs, labels};
    stream_t points = stream_at(17, stream_experiment("test_topk_layer"), 500);
    stream_t s = stream_at(17, stream_experiment("test_topk_layer"), 502);
    training_quadrants(&points, POINTS, inputs, labels);
    topk_layer_t *layer = topk_layer_alloc(&shape);
    topk_layer_draw(layer, &s);
    layer->centre = centre;
    for (size_t i = 0; i < shape.experts; i++)
        layer->router[3 * i + 2] = (double)i;
    memcpy(drawn, layer->shared, sizeof drawn);
    assert_int_equal(topk_layer_classify(layer, &data, &before, NULL), GSL_SUCCESS);
    assert_int_equal(topk_layer_train(layer, &data, &training, &s), GSL_SUCCESS);
    assert_int_equal(topk_layer_classify(layer, &data, &after, NULL), GSL_SUCCESS);
    for (size_t i = 0; i < shape.experts; i++)
        assert_true(layer->router[3 * i + 2] == (double)i);
    for (size_t i = 0; i < sizeof drawn / sizeof *drawn; i++)
        assert_true(layer->shared[i] != drawn[i]);
    if (after <= before || after < POINTS * 3 / 4)
        fail_msg("correct before %zu and after %zu of %d", before, after, POINTS);
    topk_layer_free(layer);
}

int main(void) {
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_passes),   cmocka_unit_test(test_batches),  cmocka_unit_test(test_equal_logits),
        cmocka_unit_test(test_classify), cmocka_unit_test(test_gradient), cmocka_unit_test(test_exp),
        cmocka_unit_test(test_round),    cmocka_unit_test(test_draw),     cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_training), cmocka_unit_test(test_variants)};
    return cmocka_run_group_tests_name("topk_layer", tests, NULL, NULL);
}
