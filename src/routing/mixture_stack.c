// SPDX-License-Identifier: GPL-3.0-or-later
// Stacks of top-k mixtures; see mixture_stack.h.
#include "routing/mixture_stack.h"
#include "routing/descent.h"
#include "routing/mixture_pass.h"

#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 1 << 16, BLOCK = 256 };

// ---- The parameters ----

static size_t embedding_size(const mixture_shape_t *s) {
    return s->width * (s->inputs + 1);
}

static size_t router_size(const mixture_shape_t *s) {
    return s->experts * (s->width + 1);
}

static size_t experts_size(const mixture_shape_t *s) {
    return s->experts * s->hidden * (s->width + 1);
}

static size_t outputs_size(const mixture_shape_t *s) {
    return s->experts * s->width * (s->hidden + 1);
}

static size_t layer_size(const mixture_shape_t *s) {
    return router_size(s) + experts_size(s) + outputs_size(s);
}

double *mixture_embedding(const mixture_stack_t *stack) {
    return stack->parameters;
}

double *mixture_router(const mixture_stack_t *stack, size_t layer) {
    return stack->parameters + embedding_size(&stack->shape) + layer * layer_size(&stack->shape);
}

double *mixture_experts(const mixture_stack_t *stack, size_t layer) {
    return mixture_router(stack, layer) + router_size(&stack->shape);
}

double *mixture_outputs(const mixture_stack_t *stack, size_t layer) {
    return mixture_experts(stack, layer) + experts_size(&stack->shape);
}

double *mixture_classifier(const mixture_stack_t *stack) {
    return mixture_router(stack, stack->shape.layers);
}

mixture_stack_t *mixture_stack_alloc(const mixture_shape_t *s) {
    const size_t numbers[] = {s->inputs, s->width, s->layers, s->experts, s->active, s->hidden, s->classes};
    bool fine = s->active <= s->experts;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        fine = fine && numbers[i] - 1 < MOST;
    mixture_stack_t *stack = fine ? malloc(sizeof *stack) : NULL;
    if (stack == NULL)
        return NULL;
    stack->shape = *s;
    stack->count = embedding_size(s) + s->layers * layer_size(s) + s->classes * (s->width + 1);
    stack->parameters = calloc(stack->count, sizeof *stack->parameters);
    if (stack->parameters == NULL) {
        free(stack);
        return NULL;
    }
    return stack;
}

void mixture_stack_free(mixture_stack_t *stack) {
    if (stack == NULL)
        return;
    free(stack->parameters);
    free(stack);
}

static void draw(double *weights, size_t count, size_t inputs, stream_t *stream) {
    const double scale = 1 / sqrt((double)inputs);
    stream_uniforms(stream, weights, count);
    for (size_t i = 0; i < count; i++)
        weights[i] = (2 * weights[i] - 1) * scale;
}

void mixture_stack_draw(mixture_stack_t *stack, stream_t *stream) {
    const mixture_shape_t *s = &stack->shape;
    draw(mixture_embedding(stack), embedding_size(s), s->inputs, stream);
    for (size_t l = 0; l < s->layers; l++) {
        draw(mixture_router(stack, l), router_size(s) + experts_size(s), s->width, stream);
        draw(mixture_outputs(stack, l), outputs_size(s), s->hidden, stream);
    }
    draw(mixture_classifier(stack), s->classes * (s->width + 1), s->width, stream);
}

// ---- The first layer ----

// Affine rows of h_0 as affine rows of the input.
static void compose(const mixture_stack_t *stack, const double *rows, size_t count, double *composed) {
    const size_t width = stack->shape.width, columns = stack->shape.inputs + 1;
    const double *embedding = mixture_embedding(stack);
    for (size_t i = 0; i < count; i++) {
        const double *row = rows + i * (width + 1);
        double *to = composed + i * columns;
        memset(to, 0, columns * sizeof *to);
        for (size_t c = 0; c < width; c++)
            for (size_t j = 0; j < columns; j++)
                to[j] += row[c] * embedding[c * columns + j];
        to[columns - 1] += row[width];
    }
}

topk_layer_t *mixture_stack_first(const mixture_stack_t *stack) {
    const mixture_shape_t *s = &stack->shape;
    const topk_shape_t shape = {.inputs = s->inputs,
                                .experts = s->experts,
                                .active = s->active,
                                .width = s->hidden,
                                .classes = s->width};
    topk_layer_t *layer = topk_layer_alloc(&shape);
    if (layer == NULL)
        return NULL;
    compose(stack, mixture_router(stack, 0), s->experts, layer->router);
    compose(stack, mixture_experts(stack, 0), s->experts * s->hidden, layer->hidden);
    memcpy(layer->output, mixture_outputs(stack, 0), outputs_size(s) * sizeof *layer->output);
    return layer;
}

// ---- Many inputs ----

static void store(const mixture_pass_t *pass, size_t first, size_t rows, const mixture_results_t *results) {
    const mixture_shape_t *s = &pass->shape;
    for (size_t l = 0; l < s->layers; l++) {
        if (results->logits != NULL)
            memcpy(results->logits + (l * rows + first) * s->experts, pass->tape[l].logits,
                   pass->rows * s->experts * sizeof *results->logits);
        for (size_t row = 0; row < pass->rows && results->states != NULL; row++)
            memcpy(results->states + (l * rows + first + row) * s->width,
                   pass->tape[l].state + row * (s->width + 1), s->width * sizeof *results->states);
    }
    if (results->scores != NULL)
        memcpy(results->scores + first * s->classes, pass->scores,
               pass->rows * s->classes * sizeof *results->scores);
}

int mixture_stack_run(const mixture_stack_t *stack, const double *inputs, size_t rows,
                      const mixture_results_t *results) {
    mixture_pass_t *pass = mixture_pass_alloc(&stack->shape, BLOCK);
    int status = pass == NULL ? GSL_ENOMEM : GSL_SUCCESS;
    for (size_t first = 0; first < rows && status == GSL_SUCCESS; first += BLOCK) {
        status = mixture_pass_forward(pass, stack, inputs + first * stack->shape.inputs, NULL,
                                      rows - first < BLOCK ? rows - first : BLOCK);
        if (status == GSL_SUCCESS)
            store(pass, first, rows, results);
    }
    mixture_pass_free(pass);
    return status;
}

int mixture_stack_classify(const mixture_stack_t *stack, const topk_data_t *data, size_t *correct) {
    const size_t classes = stack->shape.classes;
    double *scores = malloc((data->rows * classes + 1) * sizeof *scores);
    if (scores == NULL)
        return GSL_ENOMEM;
    const int status =
        mixture_stack_run(stack, data->inputs, data->rows, &(mixture_results_t){.scores = scores});
    *correct = 0;
    for (size_t row = 0; row < data->rows && status == GSL_SUCCESS; row++) {
        size_t best;
        topk_choose(scores + row * classes, classes, 1, &best);
        *correct += best == data->labels[row];
    }
    free(scores);
    return status;
}

// ---- Training ----

// What the gradient of a batch needs.
typedef struct {
    const mixture_stack_t *stack;
    const topk_data_t *data;
    double balance;
    mixture_pass_t *pass;
    mixture_stack_t *gradient;
} course_t;

static int batch_gradient(void *context, const size_t *order, size_t rows) {
    const course_t *course = context;
    const int status = mixture_pass_forward(course->pass, course->stack, course->data->inputs, order, rows);
    return status != GSL_SUCCESS ? status
                                 : mixture_pass_back(course->pass, course->stack, course->data->labels, order,
                                                     course->balance, course->gradient);
}

int mixture_stack_gradient(const mixture_stack_t *stack, const topk_data_t *data, const size_t *order,
                           size_t batch, double balance, mixture_stack_t *gradient) {
    const course_t course = {stack, data, balance, mixture_pass_alloc(&stack->shape, batch), gradient};
    if (course.pass == NULL)
        return GSL_ENOMEM;
    const int status = batch_gradient((void *)&course, order, batch);
    mixture_pass_free(course.pass);
    return status;
}

int mixture_stack_train(mixture_stack_t *stack, const topk_data_t *data, const topk_training_t *training,
                        stream_t *stream) {
    course_t course = {stack, data, training->balance, mixture_pass_alloc(&stack->shape, training->batch),
                       mixture_stack_alloc(&stack->shape)};
    int status = GSL_ENOMEM;
    if (course.pass != NULL && course.gradient != NULL) {
        const descent_t descent = {.rows = data->rows,
                                   .epochs = training->epochs,
                                   .batch = training->batch,
                                   .rate = training->rate,
                                   .find = batch_gradient,
                                   .context = &course,
                                   .gradient = course.gradient->parameters};
        status = descent_run(&descent, stack->parameters, stack->count, stream);
    }
    mixture_pass_free(course.pass);
    mixture_stack_free(course.gradient);
    return status;
}
