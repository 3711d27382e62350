// SPDX-License-Identifier: GPL-3.0-or-later
// routing/mixture_stack: results against the definitions in long double, the gradient against differences of the loss, the first
// layer, and training down to the bits, with another kernel of the BLAS too.
#include "routing/mixture_stack.h"
#include "support.h"
#include "support/training.h"

#include <gsl/gsl_errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

// ---- Settings

enum { ROWS = 12, MOST = 16, LAYERS = 3 };

// A drawn stack and drawn rows for it.
typedef struct setting {
    mixture_stack_t *stack;
    double inputs[ROWS * MOST];
    size_t labels[ROWS], order[ROWS];
    topk_data_t data;
} setting_t;

static const mixture_shape_t SHAPES[] = {{1, 1, 1, 1, 1, 1, 1}, {3, 4, 1, 4, 2, 5, 3},
                                         {2, 5, 2, 5, 1, 3, 4}, {4, 3, 3, 3, 3, 2, 2},
                                         {5, 7, 3, 6, 4, 1, 5}, {8, 6, 2, 8, 2, 4, 10}};
enum { SHAPE_COUNT = sizeof SHAPES / sizeof *SHAPES };

static void set_up(setting_t *set, mixture_shape_t shape, uint32_t block) {
    stream_t s = stream_at(17, stream_experiment("test_mixture_stack"), block);
    set->stack = mixture_stack_alloc(&shape);
    assert_non_null(set->stack);
    mixture_stack_draw(set->stack, &s);
    stream_normals(&s, set->inputs, ROWS * shape.inputs);
    for (size_t i = 0; i < ROWS; i++) {
        set->labels[i] = draw_below(&s, shape.classes);
        set->order[i] = (i * 5 + block) % ROWS;
    }
    set->data = (topk_data_t){ROWS, set->inputs, set->labels};
}

static const char *describe(mixture_shape_t s, uint32_t block) {
    return INPUT("n %zu, D %zu, L %zu, N %zu, k %zu, H %zu, C %zu, block %u", s.inputs, s.width, s.layers,
                 s.experts, s.active, s.hidden, s.classes, block);
}

// ---- The definitions, in long double

typedef struct definition {
    long double logits[LAYERS][MOST], states[LAYERS + 1][MOST], scores[MOST];
    bool member[LAYERS][MOST];
} definition_t;

static void define_layer(const mixture_stack_t *stack, size_t l, definition_t *d) {
    const mixture_shape_t s = stack->shape;
    const long double *state = d->states[l];
    long double gates[MOST], sum = 0;
    for (size_t i = 0; i < s.experts; i++)
        d->logits[l][i] = training_affine(mixture_router(stack, l) + i * (s.width + 1), state, s.width);
    for (size_t i = 0; i < s.experts; i++) {
        d->member[l][i] = training_member(d->logits[l], s.experts, s.active, i);
        gates[i] = d->member[l][i] ? expl(d->logits[l][i]) : 0;
        sum += gates[i];
    }
    memcpy(d->states[l + 1], state, sizeof d->states[l]);
    for (size_t i = 0; i < s.experts; i++) {
        long double units[MOST];
        for (size_t u = 0; u < s.hidden; u++)
            units[u] =
                fmaxl(0, training_affine(mixture_experts(stack, l) + (i * s.hidden + u) * (s.width + 1),
                                         state, s.width));
        for (size_t c = 0; c < s.width; c++)
            d->states[l + 1][c] +=
                gates[i] / sum *
                training_affine(mixture_outputs(stack, l) + (i * s.width + c) * (s.hidden + 1), units,
                                s.hidden);
    }
}

static void define(const mixture_stack_t *stack, const double *input, definition_t *d) {
    const mixture_shape_t s = stack->shape;
    long double x[MOST];
    for (size_t j = 0; j < s.inputs; j++)
        x[j] = input[j];
    for (size_t c = 0; c < s.width; c++)
        d->states[0][c] = training_affine(mixture_embedding(stack) + c * (s.inputs + 1), x, s.inputs);
    for (size_t l = 0; l < s.layers; l++)
        define_layer(stack, l, d);
    for (size_t c = 0; c < s.classes; c++)
        d->scores[c] =
            training_affine(mixture_classifier(stack) + c * (s.width + 1), d->states[s.layers], s.width);
}

// The loss whose gradient is computed, with the shares f given (NULL: those of the stack, which are then written to `own`).
static long double define_loss(const setting_t *set, double balance, long double (*shares)[MOST],
                               long double (*own)[MOST]) {
    const mixture_shape_t s = set->stack->shape;
    long double loss = 0, mean[LAYERS][MOST] = {0}, term = 0;
    for (size_t row = 0; row < ROWS; row++) {
        definition_t d;
        long double sum = 0;
        define(set->stack, set->inputs + row * s.inputs, &d);
        for (size_t c = 0; c < s.classes; c++)
            sum += expl(d.scores[c]);
        loss -= (d.scores[set->labels[row]] - logl(sum)) / ROWS;
        for (size_t l = 0; l < s.layers; l++) {
            long double all = 0;
            for (size_t i = 0; i < s.experts; i++)
                all += expl(d.logits[l][i]);
            for (size_t i = 0; i < s.experts; i++) {
                mean[l][i] += expl(d.logits[l][i]) / all / ROWS;
                if (own != NULL)
                    own[l][i] += (long double)d.member[l][i] / (ROWS * s.active);
            }
        }
    }
    for (size_t l = 0; l < s.layers; l++)
        for (size_t i = 0; i < s.experts; i++)
            term += (shares != NULL ? shares : own)[l][i] * mean[l][i];
    return loss + balance * (double)s.experts * term;
}

// ---- Results

// Rounding to 23 bits and fewer before each product leaves errors of about 1e-6.
static const double CLOSE = 4e-6;

static void check_results(const setting_t *set, const char *input) {
    const mixture_shape_t s = set->stack->shape;
    double logits[LAYERS * ROWS * MOST], states[LAYERS * ROWS * MOST], scores[ROWS * MOST];
    const mixture_results_t results = {logits, states, scores};
    assert_int_equal(mixture_stack_run(set->stack, set->inputs, ROWS, &results), GSL_SUCCESS);
    for (size_t row = 0; row < ROWS; row++) {
        definition_t d;
        define(set->stack, set->inputs + row * s.inputs, &d);
        for (size_t l = 0; l < s.layers; l++) {
            for (size_t i = 0; i < s.experts; i++)
                check_close(input, logits[(l * ROWS + row) * s.experts + i], (double)d.logits[l][i], CLOSE);
            for (size_t c = 0; c < s.width; c++)
                check_close(input, states[(l * ROWS + row) * s.width + c], (double)d.states[l][c], CLOSE);
        }
        for (size_t c = 0; c < s.classes; c++)
            check_close(input, scores[row * s.classes + c], (double)d.scores[c], CLOSE);
    }
}

static void test_results(void **state) {
    (void)state;
    for (size_t i = 0; i < SHAPE_COUNT; i++)
        for (uint32_t block = 0; block < 10; block++) {
            setting_t set;
            set_up(&set, SHAPES[i], block);
            check_results(&set, describe(SHAPES[i], block));
            mixture_stack_free(set.stack);
        }
}

// A row gives the same bits alone and among others, and in a second block of rows.
static void test_alone(void **state) {
    (void)state;
    enum { MANY = 600 };
    const mixture_shape_t s = SHAPES[5];
    setting_t set;
    set_up(&set, s, 50);
    double *inputs = malloc(MANY * (s.inputs + s.layers * s.experts) * sizeof *inputs),
           *logits = inputs + MANY * s.inputs, alone[LAYERS * MOST];
    assert_non_null(inputs);
    stream_t stream = stream_at(17, stream_experiment("test_mixture_stack"), 51);
    stream_normals(&stream, inputs, MANY * s.inputs);
    assert_int_equal(mixture_stack_run(set.stack, inputs, MANY, &(mixture_results_t){.logits = logits}),
                     GSL_SUCCESS);
    for (size_t row = 0; row < MANY; row += 7) {
        assert_int_equal(
            mixture_stack_run(set.stack, inputs + row * s.inputs, 1, &(mixture_results_t){.logits = alone}),
            GSL_SUCCESS);
        for (size_t l = 0; l < s.layers; l++)
            if (memcmp(alone + l * s.experts, logits + (l * MANY + row) * s.experts,
                       s.experts * sizeof *alone) != 0)
                fail_msg("row %zu has other logits alone in layer %zu", row, l);
    }
    free(inputs);
    mixture_stack_free(set.stack);
}

static void test_classify(void **state) {
    (void)state;
    for (size_t i = 0; i < SHAPE_COUNT; i++) {
        const mixture_shape_t s = SHAPES[i];
        setting_t set;
        size_t correct, expected = 0;
        set_up(&set, s, 100);
        for (size_t row = 0; row < ROWS; row++) {
            definition_t d;
            size_t best = 0;
            define(set.stack, set.inputs + row * s.inputs, &d);
            for (size_t c = 1; c < s.classes; c++)
                best = d.scores[c] > d.scores[best] ? c : best;
            expected += best == set.labels[row];
        }
        assert_int_equal(mixture_stack_classify(set.stack, &set.data, &correct), GSL_SUCCESS);
        if (correct != expected)
            fail_msg("%s: %zu rows correct, expected %zu", describe(s, 100), correct, expected);
        mixture_stack_free(set.stack);
    }
}

static void test_refusals(void **state) {
    (void)state;
    static const mixture_shape_t wrong[] = {
        {0, 1, 1, 1, 1, 1, 1}, {1, 0, 1, 1, 1, 1, 1}, {1, 1, 0, 1, 1, 1, 1},
        {1, 1, 1, 0, 0, 1, 1}, {1, 1, 1, 1, 0, 1, 1}, {1, 1, 1, 1, 2, 1, 1},
        {1, 1, 1, 1, 1, 0, 1}, {1, 1, 1, 1, 1, 1, 0}, {(size_t)1 << 17, 1, 1, 1, 1, 1, 1}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (mixture_stack_alloc(&wrong[i]) != NULL)
            fail_msg("%s: a stack was made", describe(wrong[i], 0));
    mixture_stack_free(NULL);
    setting_t set;
    set_up(&set, SHAPES[1], 150);
    set.inputs[7] = NAN;
    assert_int_equal(mixture_stack_run(set.stack, set.inputs, ROWS, &(mixture_results_t){0}), GSL_EDOM);
    mixture_stack_free(set.stack);
}

// ---- The first layer

static void test_first(void **state) {
    (void)state;
    for (size_t i = 0; i < SHAPE_COUNT; i++) {
        const mixture_shape_t s = SHAPES[i];
        setting_t set;
        set_up(&set, s, 170);
        const char *input = describe(s, 170);
        topk_layer_t *first = mixture_stack_first(set.stack);
        assert_non_null(first);
        topk_pass_t *pass = topk_pass_alloc(&first->shape);
        for (size_t row = 0; row < ROWS; row++) {
            definition_t d;
            define(set.stack, set.inputs + row * s.inputs, &d);
            topk_pass_run(pass, first, set.inputs + row * s.inputs);
            for (size_t e = 0; e < s.experts; e++)
                check_close(input, pass->logits[e], (double)d.logits[0][e], 1e-13);
            for (size_t c = 0; c < s.width; c++)
                check_close(input, pass->scores[c], (double)(d.states[1][c] - d.states[0][c]), 1e-13);
        }
        topk_pass_free(pass);
        topk_layer_free(first);
        mixture_stack_free(set.stack);
    }
}

// ---- Gradient

// Fails unless each derivative is the difference quotient, up to the rounding of the products. The coalitions and the units that
// fire must not change within the step, which the small step makes rare; those parameters show as a large second difference
// and are left out.
static void check_gradient(setting_t *set, const char *input, double balance, int *compared) {
    mixture_stack_t *gradient = mixture_stack_alloc(&set->stack->shape);
    long double shares[LAYERS][MOST] = {0};
    const double step = 0x1p-20;
    assert_int_equal(mixture_stack_gradient(set->stack, &set->data, set->order, ROWS, balance, gradient),
                     GSL_SUCCESS);
    const long double here = define_loss(set, balance, NULL, shares);
    for (size_t i = 0; i < set->stack->count; i++) {
        double *parameter = set->stack->parameters + i;
        const double kept = *parameter;
        *parameter = kept + step;
        const long double above = define_loss(set, balance, shares, NULL);
        *parameter = kept - step;
        const long double below = define_loss(set, balance, shares, NULL);
        *parameter = kept;
        if (fabsl(above - 2 * here + below) > 1e-9)
            continue;
        (*compared)++;
        check_close(input, gradient->parameters[i], (double)((above - below) / (2 * step)), CLOSE);
    }
    mixture_stack_free(gradient);
}

static void test_gradient(void **state) {
    (void)state;
    int compared = 0, parameters = 0;
    for (size_t i = 0; i < SHAPE_COUNT; i++)
        for (uint32_t block = 200; block < 203; block++) {
            setting_t set;
            set_up(&set, SHAPES[i], block);
            check_gradient(&set, describe(SHAPES[i], block), block == 200 ? 0 : 0.7, &compared);
            parameters += (int)set.stack->count;
            mixture_stack_free(set.stack);
        }
    if (compared < parameters * 99 / 100)
        fail_msg("only %d of %d derivatives could be compared", compared, parameters);
}

// ---- Training

enum { POINTS = 600 };

// Trains a stack; returns a hash of its weights.
static uint64_t train(size_t *before, size_t *after) {
    const mixture_shape_t shape = {2, 8, 2, 6, 2, 8, 4};
    const topk_training_t training = {.epochs = 20, .batch = 32, .rate = 0.01, .balance = 0.1};
    double inputs[2 * POINTS];
    size_t labels[POINTS];
    const topk_data_t data = {POINTS, inputs, labels};
    stream_t points = stream_at(17, stream_experiment("test_mixture_stack"), 500);
    stream_t s = stream_at(17, stream_experiment("test_mixture_stack"), 501);
    training_quadrants(&points, POINTS, inputs, labels);
    mixture_stack_t *stack = mixture_stack_alloc(&shape);
    assert_non_null(stack);
    mixture_stack_draw(stack, &s);
    assert_int_equal(mixture_stack_classify(stack, &data, before), GSL_SUCCESS);
    assert_int_equal(mixture_stack_train(stack, &data, &training, &s), GSL_SUCCESS);
    assert_int_equal(mixture_stack_classify(stack, &data, after), GSL_SUCCESS);
    const uint64_t hash = training_hash(stack->parameters, stack->count);
    mixture_stack_free(stack);
    return hash;
}

static const uint64_t TRAINED = 0x9cc93a282e82870bu;

// Trained on one machine with one compiler, the weights had this hash; they have it everywhere.
static void test_training(void **state) {
    (void)state;
    size_t before, after;
    const uint64_t hash = train(&before, &after);
    if (before > POINTS * 3 / 4 || after < POINTS - 6)
        fail_msg("correct before %zu and after %zu of %d", before, after, POINTS);
    if (hash != TRAINED)
        fail_msg("the trained weights have the hash %#llx, expected %#llx", (unsigned long long)hash,
                 (unsigned long long)TRAINED);
}

// Another kernel of OpenBLAS and other threads: this program again, with an argument.
static void test_kernels(void **state) {
    (void)state;
    static const char *const settings[] = {"OPENBLAS_CORETYPE=Prescott OPENBLAS_NUM_THREADS=1",
                                           "OPENBLAS_CORETYPE=Nehalem OPENBLAS_NUM_THREADS=2"};
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        char command[256], self[160] = {0};
        const ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
        assert_true(length > 0);
        snprintf(command, sizeof command, "%s '%s' hash", settings[i], self);
        FILE *pipe = popen(command, "r");
        assert_non_null(pipe);
        unsigned long long hash = 0;
        const int read = fscanf(pipe, "%llx", &hash);
        if (pclose(pipe) != 0 || read != 1 || hash != TRAINED)
            fail_msg("%s: hash %#llx, expected %#llx", settings[i], hash, (unsigned long long)TRAINED);
    }
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "hash") == 0) {
        size_t before, after;
        return printf("%llx\n", (unsigned long long)train(&before, &after)) < 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_results),  cmocka_unit_test(test_alone),   cmocka_unit_test(test_classify),
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_first),   cmocka_unit_test(test_gradient),
        cmocka_unit_test(test_training), cmocka_unit_test(test_kernels),
    };
    return cmocka_run_group_tests_name("mixture_stack", tests, NULL, NULL);
}
