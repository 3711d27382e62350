// SPDX-License-Identifier: GPL-3.0-or-later
// A trainable layer with top-k routing; see topk_layer.h.
#include "routing/topk_layer.h"
#include "routing/descent.h"

#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

// ---- Arithmetic ----

double topk_exp(double x) {
    if (!(x > -708))
        return 0;
    // x = n log 2 + r with |r| <= log(2)/2; adding 3/2 2^52 rounds to an integer and leaves it in the low bits.
    // The first part of log 2 is so short that n times it is exact.
    const double shifted = x * 0x1.71547652b82fep+0 + 0x1.8p52, n = shifted - 0x1.8p52;
    const double r = (x - n * 0x1.62e42feep-1) - n * 0x1.a39ef35793c76p-33;
    // Taylor's sum up to r^13: what is left out is below 2^-57.
    static const double coefficients[] = {
        1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040, 1.0 / 720,
        1.0 / 120,       1.0 / 24,       1.0 / 6,       1.0 / 2,      1,           1};
    double sum = 1.0 / 6227020800;
    for (size_t i = 0; i < sizeof coefficients / sizeof *coefficients; i++)
        sum = coefficients[i] + sum * r;
    uint64_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    const uint64_t exponent = (bits + 1023) << 52;
    double scale;
    memcpy(&scale, &exponent, sizeof scale);
    return sum * scale;
}

double topk_affine(const double *w, const double *x, size_t n) {
    double sum = w[n];
    for (size_t i = 0; i < n; i++)
        sum += w[i] * x[i];
    return sum;
}

// w.(x - m, 0).
static double centred(const double *w, const double *x, const double *m, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += w[i] * (x[i] - m[i]);
    return sum;
}

// w += factor (x - m, 0).
static void add_centred(double *w, double factor, const double *x, const double *m, size_t n) {
    for (size_t i = 0; i < n; i++)
        w[i] += factor * (x[i] - m[i]);
}

// w += factor (x, 1).
static void add_affine(double *w, double factor, const double *x, size_t n) {
    for (size_t i = 0; i < n; i++)
        w[i] += factor * x[i];
    w[n] += factor;
}

// Index of the first of the largest.
static size_t largest(const double *values, size_t n) {
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        if (values[i] > values[best])
            best = i;
    return best;
}

void topk_softmax(const double *values, size_t n, double *result) {
    const double top = values[largest(values, n)];
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += result[i] = topk_exp(values[i] - top);
    for (size_t i = 0; i < n; i++)
        result[i] /= sum;
}

void topk_choose(const double *logits, size_t n, size_t k, size_t *coalition) {
    size_t chosen = 0;
    for (size_t i = 0; i < n; i++) {
        // Insertion; a later expert with an equal logit stays behind.
        size_t at = chosen < k ? chosen++ : k;
        for (; at > 0 && logits[coalition[at - 1]] < logits[i]; at--)
            if (at < k)
                coalition[at] = coalition[at - 1];
        if (at < k)
            coalition[at] = i;
    }
}

// ---- The layer ----

topk_layer_t *topk_layer_alloc(const topk_shape_t *shape) {
    const size_t limit = (size_t)1 << 20;
    if (shape->inputs - 1 >= limit || shape->experts - 1 >= limit || shape->width - 1 >= limit ||
        shape->classes - 1 >= limit || shape->active - 1 >= shape->experts || shape->shared > 1)
        return NULL;
    const size_t router = shape->experts * (shape->inputs + 1), hidden = router * shape->width,
                 output = shape->experts * shape->classes * (shape->width + 1),
                 shared = shape->shared * shape->classes * (shape->inputs + 1),
                 count = router + hidden + output + shared;
    topk_layer_t *layer = malloc(sizeof *layer);
    double *parameters = calloc(count, sizeof *parameters);
    if (layer == NULL || parameters == NULL) {
        free(layer);
        free(parameters);
        return NULL;
    }
    *layer = (topk_layer_t){.shape = *shape,
                            .count = count,
                            .parameters = parameters,
                            .router = parameters,
                            .hidden = parameters + router,
                            .output = parameters + router + hidden,
                            .shared = parameters + router + hidden + output};
    return layer;
}

void topk_layer_free(topk_layer_t *layer) {
    if (layer == NULL)
        return;
    free(layer->parameters);
    free(layer);
}

void topk_layer_draw(topk_layer_t *layer, stream_t *stream) {
    const double of_inputs = 1 / sqrt((double)layer->shape.inputs),
                 of_hidden = 1 / sqrt((double)layer->shape.width);
    stream_uniforms(stream, layer->parameters, layer->count);
    for (double *w = layer->parameters; w < layer->parameters + layer->count; w++)
        *w = (2 * *w - 1) * (w >= layer->output && w < layer->shared ? of_hidden : of_inputs);
}

void topk_layer_round(topk_layer_t *layer, int bits) {
    for (size_t i = 0; i < layer->count; i++) {
        int exponent;
        const double fraction = frexp(layer->parameters[i], &exponent);
        layer->parameters[i] = ldexp(nearbyint(ldexp(fraction, bits)), exponent - bits);
    }
}

// ---- One input ----

topk_pass_t *topk_pass_alloc(const topk_shape_t *shape) {
    const size_t k = shape->active;
    topk_pass_t *pass = malloc(sizeof *pass);
    size_t *coalition = calloc(k, sizeof *coalition);
    double *memory =
        calloc(shape->experts + k * (1 + shape->width + shape->classes) + shape->classes, sizeof *memory);
    if (pass == NULL || coalition == NULL || memory == NULL) {
        free(pass);
        free(coalition);
        free(memory);
        return NULL;
    }
    *pass = (topk_pass_t){.coalition = coalition, .memory = memory, .logits = memory};
    pass->gates = pass->logits + shape->experts;
    pass->hidden = pass->gates + k;
    pass->outputs = pass->hidden + k * shape->width;
    pass->scores = pass->outputs + k * shape->classes;
    return pass;
}

void topk_pass_free(topk_pass_t *pass) {
    if (pass == NULL)
        return;
    free(pass->coalition);
    free(pass->memory);
    free(pass);
}

static void choose(topk_pass_t *pass, const topk_layer_t *layer, const double *input) {
    const topk_shape_t *s = &layer->shape;
    for (size_t i = 0; i < s->experts; i++) {
        const double *row = layer->router + i * (s->inputs + 1);
        pass->logits[i] = layer->centre == NULL ? topk_affine(row, input, s->inputs)
                                                : centred(row, input, layer->centre, s->inputs);
    }
    topk_choose(pass->logits, s->experts, s->active, pass->coalition);
    for (size_t a = 0; a < s->active; a++)
        pass->gates[a] = pass->logits[pass->coalition[a]];
    topk_softmax(pass->gates, s->active, pass->gates);
}

void topk_expert(const topk_layer_t *layer, size_t expert, const double *input, double *hidden,
                 double *outputs) {
    const topk_shape_t *s = &layer->shape;
    for (size_t u = 0; u < s->width; u++) {
        const double height =
            topk_affine(layer->hidden + (expert * s->width + u) * (s->inputs + 1), input, s->inputs);
        hidden[u] = height > 0 ? height : 0;
    }
    for (size_t c = 0; c < s->classes; c++)
        outputs[c] =
            topk_affine(layer->output + (expert * s->classes + c) * (s->width + 1), hidden, s->width);
}

// The expert at place `a` of the coalition.
static void run_expert(topk_pass_t *pass, const topk_layer_t *layer, size_t a, const double *input) {
    const topk_shape_t *s = &layer->shape;
    double *outputs = pass->outputs + a * s->classes;
    topk_expert(layer, pass->coalition[a], input, pass->hidden + a * s->width, outputs);
    for (size_t c = 0; c < s->classes; c++)
        pass->scores[c] += pass->gates[a] * outputs[c];
}

void topk_pass_run(topk_pass_t *pass, const topk_layer_t *layer, const double *input) {
    choose(pass, layer, input);
    const size_t inputs = layer->shape.inputs;
    for (size_t c = 0; c < layer->shape.classes; c++)
        pass->scores[c] =
            layer->shape.shared > 0 ? topk_affine(layer->shared + c * (inputs + 1), input, inputs) : 0;
    for (size_t a = 0; a < layer->shape.active; a++)
        run_expert(pass, layer, a, input);
    pass->class = largest(pass->scores, layer->shape.classes);
}

int topk_layer_classify(const topk_layer_t *layer, const topk_data_t *data, size_t *correct, size_t *loads) {
    topk_pass_t *pass = topk_pass_alloc(&layer->shape);
    if (pass == NULL)
        return GSL_ENOMEM;
    *correct = 0;
    for (size_t i = 0; loads != NULL && i < layer->shape.experts; i++)
        loads[i] = 0;
    for (size_t row = 0; row < data->rows; row++) {
        topk_pass_run(pass, layer, data->inputs + row * layer->shape.inputs);
        *correct += pass->class == data->labels[row];
        for (size_t a = 0; loads != NULL && a < layer->shape.active; a++)
            loads[pass->coalition[a]]++;
    }
    topk_pass_free(pass);
    return GSL_SUCCESS;
}

// ---- Gradient ----

// What the backward pass of one row needs beyond the forward one.
typedef struct {
    const topk_layer_t *layer;
    topk_layer_t *gradient;
    topk_pass_t *pass;
    double *errors;  // C: d loss / d scores
    double *back;    // H: d loss / d hidden
    double *logits;  // N: d loss / d logits
    double *shares;  // N: f
    double *softmax; // N: q of the row
} backward_t;

static bool backward_alloc(backward_t *b, const topk_layer_t *layer, topk_layer_t *gradient) {
    const topk_shape_t *s = &layer->shape;
    *b = (backward_t){.layer = layer, .gradient = gradient, .pass = topk_pass_alloc(s)};
    b->errors = calloc(s->classes + s->width + 3 * s->experts, sizeof *b->errors);
    if (b->pass == NULL || b->errors == NULL)
        return false;
    b->back = b->errors + s->classes;
    b->logits = b->back + s->width;
    b->shares = b->logits + s->experts;
    b->softmax = b->shares + s->experts;
    return true;
}

static void backward_free(backward_t *b) {
    topk_pass_free(b->pass);
    free(b->errors);
}

// Through one expert, given d loss / d scores. Returns d loss / d gate.
static double expert_backward(backward_t *b, size_t a, const double *input) {
    const topk_shape_t *s = &b->layer->shape;
    const size_t expert = b->pass->coalition[a];
    const double gate = b->pass->gates[a], *hidden = b->pass->hidden + a * s->width;
    double of_gate = 0;
    memset(b->back, 0, s->width * sizeof *b->back);
    for (size_t c = 0; c < s->classes; c++) {
        const size_t row = (expert * s->classes + c) * (s->width + 1);
        const double error = gate * b->errors[c];
        of_gate += b->errors[c] * b->pass->outputs[a * s->classes + c];
        add_affine(b->gradient->output + row, error, hidden, s->width);
        for (size_t u = 0; u < s->width; u++)
            b->back[u] += error * b->layer->output[row + u];
    }
    for (size_t u = 0; u < s->width; u++)
        if (hidden[u] > 0)
            add_affine(b->gradient->hidden + (expert * s->width + u) * (s->inputs + 1), b->back[u], input,
                       s->inputs);
    return of_gate;
}

// One row with its weight in the mean.
static void row_backward(backward_t *b, const double *input, size_t label, double weight, double balance) {
    const topk_shape_t *s = &b->layer->shape;
    topk_pass_run(b->pass, b->layer, input);
    topk_softmax(b->pass->scores, s->classes, b->errors);
    b->errors[label] -= 1;
    for (size_t c = 0; c < s->classes; c++)
        b->errors[c] *= weight;

    topk_softmax(b->pass->logits, s->experts, b->softmax);
    double mean = 0;
    for (size_t i = 0; i < s->experts; i++)
        mean += b->shares[i] * b->softmax[i];
    for (size_t i = 0; i < s->experts; i++)
        b->logits[i] = weight * balance * (double)s->experts * b->softmax[i] * (b->shares[i] - mean);

    // Each gate's derivative by the logits is p_a (delta_ab - p_b).
    for (size_t a = 0; a < s->active; a++) {
        const double of_gate = expert_backward(b, a, input) * b->pass->gates[a];
        b->logits[b->pass->coalition[a]] += of_gate;
        for (size_t other = 0; other < s->active; other++)
            b->logits[b->pass->coalition[other]] -= of_gate * b->pass->gates[other];
    }
    for (size_t i = 0; i < s->experts; i++) {
        double *row = b->gradient->router + i * (s->inputs + 1);
        if (b->layer->centre == NULL)
            add_affine(row, b->logits[i], input, s->inputs);
        else
            add_centred(row, b->logits[i], input, b->layer->centre, s->inputs);
    }
    for (size_t c = 0; s->shared > 0 && c < s->classes; c++)
        add_affine(b->gradient->shared + c * (s->inputs + 1), b->errors[c], input, s->inputs);
}

int topk_layer_gradient(const topk_layer_t *layer, const topk_data_t *data, const size_t *order, size_t batch,
                        double balance, topk_layer_t *gradient) {
    const size_t inputs = layer->shape.inputs, active = layer->shape.active;
    backward_t b;
    if (!backward_alloc(&b, layer, gradient)) {
        backward_free(&b);
        return GSL_ENOMEM;
    }
    memset(gradient->parameters, 0, gradient->count * sizeof *gradient->parameters);
    for (size_t i = 0; i < batch; i++) {
        choose(b.pass, layer, data->inputs + order[i] * inputs);
        for (size_t a = 0; a < active; a++)
            b.shares[b.pass->coalition[a]] += 1 / (double)(batch * active);
    }
    for (size_t i = 0; i < batch; i++)
        row_backward(&b, data->inputs + order[i] * inputs, data->labels[order[i]], 1 / (double)batch,
                     balance);
    backward_free(&b);
    return GSL_SUCCESS;
}

// ---- Training ----

// What the gradient of a batch needs.
typedef struct {
    const topk_layer_t *layer;
    const topk_data_t *data;
    double balance;
    topk_layer_t *gradient;
} course_t;

static int batch_gradient(void *context, const size_t *order, size_t count) {
    const course_t *course = context;
    return topk_layer_gradient(course->layer, course->data, order, count, course->balance, course->gradient);
}

int topk_layer_train(topk_layer_t *layer, const topk_data_t *data, const topk_training_t *training,
                     stream_t *stream) {
    course_t course = {layer, data, training->balance, topk_layer_alloc(&layer->shape)};
    if (course.gradient == NULL)
        return GSL_ENOMEM;
    const descent_t descent = {.rows = data->rows,
                               .epochs = training->epochs,
                               .batch = training->batch,
                               .rate = training->rate,
                               .find = batch_gradient,
                               .context = &course,
                               .gradient = course.gradient->parameters};
    const int status = descent_run(&descent, layer->parameters, layer->count, stream);
    topk_layer_free(course.gradient);
    return status;
}
