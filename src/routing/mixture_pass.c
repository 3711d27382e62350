// SPDX-License-Identifier: GPL-3.0-or-later
// Batches through a stack of top-k mixtures; see mixture_pass.h.
#include "routing/mixture_pass.h"
#include "number/exact_product.h"

#include <gsl/gsl_errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

// ---- Room ----

static size_t largest(size_t a, size_t b) {
    return a > b ? a : b;
}

// The next n of the reals; NULL without them, when they are only counted.
static double *take(double *reals, size_t *used, size_t n) {
    const size_t first = *used;
    *used += n;
    return reals == NULL ? NULL : reals + first;
}

// Sets all arrays of reals; returns how many there are. With `reals` NULL it only counts.
static size_t place_reals(mixture_pass_t *pass, double *reals) {
    const mixture_shape_t *s = &pass->shape;
    const size_t rows = pass->most, slots = rows * s->active,
                 side = 1 + largest(largest(s->inputs, s->width),
                                    largest(s->hidden, largest(s->experts, s->classes)));
    size_t used = 0;
    for (size_t l = 0; l < s->layers; l++) {
        mixture_tape_t *tape = &pass->tape[l];
        tape->state = take(reals, &used, rows * (s->width + 1));
        tape->logits = take(reals, &used, rows * s->experts);
        tape->gates = take(reals, &used, slots);
        tape->units = take(reals, &used, slots * (s->hidden + 1));
        tape->outputs = take(reals, &used, slots * s->width);
    }
    pass->final = take(reals, &used, rows * (s->width + 1));
    pass->inputs = take(reals, &used, rows * (s->inputs + 1));
    pass->scores = take(reals, &used, rows * s->classes);
    pass->gathered = take(reals, &used, rows * (s->width + 1));
    pass->product = take(reals, &used, rows * side);
    pass->slopes = take(reals, &used, rows * side);
    pass->above = take(reals, &used, rows * (s->width + 1));
    pass->below = take(reals, &used, rows * (s->width + 1));
    pass->of_gates = take(reals, &used, slots);
    pass->of_logits = take(reals, &used, rows * s->experts);
    pass->shares = take(reals, &used, 2 * s->experts);
    pass->work = take(reals, &used, side * (2 * largest(side, rows) + 1));
    return used;
}

mixture_pass_t *mixture_pass_alloc(const mixture_shape_t *shape, size_t most) {
    mixture_pass_t *pass = calloc(1, sizeof *pass);
    if (pass == NULL)
        return NULL;
    const size_t slots = most * shape->active, sizes = shape->experts + 1 + 2 * slots;
    pass->shape = *shape;
    pass->most = most;
    pass->tape = calloc(shape->layers, sizeof *pass->tape);
    pass->sizes = calloc(shape->layers * sizes, sizeof *pass->sizes);
    if (pass->tape != NULL)
        pass->reals = calloc(place_reals(pass, NULL), sizeof *pass->reals);
    if (pass->tape == NULL || pass->sizes == NULL || pass->reals == NULL) {
        mixture_pass_free(pass);
        return NULL;
    }
    place_reals(pass, pass->reals);
    for (size_t l = 0; l < shape->layers; l++) {
        pass->tape[l].starts = pass->sizes + l * sizes;
        pass->tape[l].members = pass->tape[l].starts + shape->experts + 1;
        pass->tape[l].slots = pass->tape[l].members + slots;
    }
    return pass;
}

void mixture_pass_free(mixture_pass_t *pass) {
    if (pass == NULL)
        return;
    free(pass->tape);
    free(pass->sizes);
    free(pass->reals);
    free(pass);
}

// ---- Products ----

static exact_factor_t matrix(const double *values, size_t rows, size_t columns) {
    return (exact_factor_t){values, rows, columns, false};
}

static exact_factor_t transpose(const double *values, size_t rows, size_t columns) {
    return (exact_factor_t){values, rows, columns, true};
}

static bool multiply(mixture_pass_t *pass, exact_factor_t left, exact_factor_t right, double *result) {
    return exact_product(&left, &right, result, pass->work) == GSL_SUCCESS;
}

// result = (rows x columns) (units x columns)^T, an affine map of rows that end with 1.
static bool map(mixture_pass_t *pass, const double *rows, size_t count, const double *weights, size_t units,
                size_t columns, double *result) {
    return multiply(pass, matrix(rows, count, columns), transpose(weights, units, columns), result);
}

// ---- Forward ----

static void route(mixture_pass_t *pass, mixture_tape_t *tape) {
    const size_t experts = pass->shape.experts, active = pass->shape.active;
    for (size_t row = 0; row < pass->rows; row++) {
        const double *logits = tape->logits + row * experts;
        size_t *members = tape->members + row * active;
        double *gates = tape->gates + row * active;
        topk_choose(logits, experts, active, members);
        for (size_t a = 0; a < active; a++)
            gates[a] = logits[members[a]];
        topk_softmax(gates, active, gates);
    }
}

// Sorts the slots by their experts.
static void sort_slots(const mixture_pass_t *pass, mixture_tape_t *tape) {
    const size_t experts = pass->shape.experts, slots = pass->rows * pass->shape.active;
    size_t *starts = tape->starts;
    memset(starts, 0, (experts + 1) * sizeof *starts);
    for (size_t slot = 0; slot < slots; slot++)
        starts[tape->members[slot]]++;
    for (size_t i = 0, sum = 0; i <= experts; i++) {
        sum += starts[i];
        starts[i] = sum; // where the expert's slots end; filled from the end, it becomes where they start
    }
    for (size_t slot = slots; slot-- > 0;)
        tape->slots[--starts[tape->members[slot]]] = slot;
}

// The states of the rows that select an expert. Returns how many there are.
static size_t gather(mixture_pass_t *pass, const mixture_tape_t *tape, size_t expert) {
    const size_t columns = pass->shape.width + 1, first = tape->starts[expert],
                 count = tape->starts[expert + 1] - first;
    for (size_t j = 0; j < count; j++)
        memcpy(pass->gathered + j * columns,
               tape->state + tape->slots[first + j] / pass->shape.active * columns,
               columns * sizeof *pass->gathered);
    return count;
}

// Adds what an expert makes of its rows to the next layer's state.
static bool expert_forward(mixture_pass_t *pass, const mixture_stack_t *stack, size_t l, size_t expert,
                           double *next) {
    const mixture_shape_t *s = &pass->shape;
    const mixture_tape_t *tape = &pass->tape[l];
    const size_t first = tape->starts[expert], count = gather(pass, tape, expert), width = s->width,
                 hidden = s->hidden;
    double *units = tape->units + first * (hidden + 1), *outputs = tape->outputs + first * width;
    if (count == 0)
        return true;
    if (!map(pass, pass->gathered, count, mixture_experts(stack, l) + expert * hidden * (width + 1), hidden,
             width + 1, pass->product))
        return false;
    for (size_t j = 0; j < count; j++) {
        for (size_t u = 0; u < hidden; u++)
            units[j * (hidden + 1) + u] =
                pass->product[j * hidden + u] > 0 ? pass->product[j * hidden + u] : 0;
        units[j * (hidden + 1) + hidden] = 1;
    }
    if (!map(pass, units, count, mixture_outputs(stack, l) + expert * width * (hidden + 1), width, hidden + 1,
             outputs))
        return false;
    for (size_t j = 0; j < count; j++) {
        const size_t slot = tape->slots[first + j];
        double *row = next + slot / s->active * (width + 1);
        for (size_t c = 0; c < width; c++)
            row[c] += tape->gates[slot] * outputs[j * width + c];
    }
    return true;
}

static double *state_after(const mixture_pass_t *pass, size_t l) {
    return l + 1 < pass->shape.layers ? pass->tape[l + 1].state : pass->final;
}

static bool layer_forward(mixture_pass_t *pass, const mixture_stack_t *stack, size_t l) {
    const mixture_shape_t *s = &pass->shape;
    mixture_tape_t *tape = &pass->tape[l];
    double *next = state_after(pass, l);
    bool fine =
        map(pass, tape->state, pass->rows, mixture_router(stack, l), s->experts, s->width + 1, tape->logits);
    if (fine) {
        route(pass, tape);
        sort_slots(pass, tape);
        memcpy(next, tape->state, pass->rows * (s->width + 1) * sizeof *next);
    }
    for (size_t i = 0; i < s->experts && fine; i++)
        fine = expert_forward(pass, stack, l, i, next);
    return fine;
}

int mixture_pass_forward(mixture_pass_t *pass, const mixture_stack_t *stack, const double *inputs,
                         const size_t *order, size_t rows) {
    const mixture_shape_t *s = &pass->shape;
    pass->rows = rows;
    for (size_t row = 0; row < rows; row++) {
        double *to = pass->inputs + row * (s->inputs + 1);
        memcpy(to, inputs + (order == NULL ? row : order[row]) * s->inputs, s->inputs * sizeof *to);
        to[s->inputs] = 1;
    }
    bool fine =
        map(pass, pass->inputs, rows, mixture_embedding(stack), s->width, s->inputs + 1, pass->product);
    for (size_t row = 0; row < rows && fine; row++) {
        double *to = pass->tape[0].state + row * (s->width + 1);
        memcpy(to, pass->product + row * s->width, s->width * sizeof *to);
        to[s->width] = 1;
    }
    for (size_t l = 0; l < s->layers && fine; l++)
        fine = layer_forward(pass, stack, l);
    fine = fine &&
           map(pass, pass->final, rows, mixture_classifier(stack), s->classes, s->width + 1, pass->scores);
    return fine ? GSL_SUCCESS : GSL_EDOM;
}

// ---- Back ----

// Through one expert: its gradient, that of its gates, and its part of the gradient by the state below.
static bool expert_back(mixture_pass_t *pass, const mixture_stack_t *stack, size_t l, size_t expert,
                        mixture_stack_t *gradient) {
    const mixture_shape_t *s = &pass->shape;
    const mixture_tape_t *tape = &pass->tape[l];
    const size_t first = tape->starts[expert], count = gather(pass, tape, expert), width = s->width,
                 hidden = s->hidden, of_units = expert * hidden * (width + 1),
                 of_outputs = expert * width * (hidden + 1);
    const double *units = tape->units + first * (hidden + 1);
    double *slopes = pass->slopes;
    if (count == 0)
        return true;
    for (size_t j = 0; j < count; j++) {
        const size_t slot = tape->slots[first + j];
        const double *above = pass->above + slot / s->active * (width + 1),
                     *outputs = tape->outputs + (first + j) * width;
        double sum = 0;
        for (size_t c = 0; c < width; c++) {
            sum += above[c] * outputs[c];
            slopes[j * width + c] = tape->gates[slot] * above[c];
        }
        pass->of_gates[slot] = sum;
    }
    if (!multiply(pass, transpose(slopes, count, width), matrix(units, count, hidden + 1),
                  mixture_outputs(gradient, l) + of_outputs) ||
        !multiply(pass, matrix(slopes, count, width),
                  matrix(mixture_outputs(stack, l) + of_outputs, width, hidden + 1), pass->product))
        return false;
    for (size_t j = 0; j < count; j++)
        for (size_t u = 0; u < hidden; u++)
            slopes[j * hidden + u] =
                units[j * (hidden + 1) + u] > 0 ? pass->product[j * (hidden + 1) + u] : 0;
    if (!multiply(pass, transpose(slopes, count, hidden), matrix(pass->gathered, count, width + 1),
                  mixture_experts(gradient, l) + of_units) ||
        !multiply(pass, matrix(slopes, count, hidden),
                  matrix(mixture_experts(stack, l) + of_units, hidden, width + 1), pass->product))
        return false;
    for (size_t j = 0; j < count; j++) {
        double *below = pass->below + tape->slots[first + j] / s->active * (width + 1);
        for (size_t c = 0; c < width; c++)
            below[c] += pass->product[j * (width + 1) + c];
    }
    return true;
}

// The gradient by the logits: of the balance term and, each gate's derivative being p_a (delta_ab - p_b), of the gates.
static void logits_back(mixture_pass_t *pass, const mixture_tape_t *tape, double balance) {
    const size_t experts = pass->shape.experts, active = pass->shape.active, slots = pass->rows * active;
    double *shares = pass->shares, *softmax = shares + experts;
    for (size_t i = 0; i < experts; i++)
        shares[i] = (double)(tape->starts[i + 1] - tape->starts[i]) / (double)slots;
    for (size_t row = 0; row < pass->rows; row++) {
        double *of_logits = pass->of_logits + row * experts, mean = 0, sum = 0;
        const double *gates = tape->gates + row * active, *of_gates = pass->of_gates + row * active;
        const size_t *members = tape->members + row * active;
        topk_softmax(tape->logits + row * experts, experts, softmax);
        for (size_t i = 0; i < experts; i++)
            mean += shares[i] * softmax[i];
        for (size_t i = 0; i < experts; i++)
            of_logits[i] = balance * (double)experts / (double)pass->rows * softmax[i] * (shares[i] - mean);
        for (size_t a = 0; a < active; a++)
            sum += of_gates[a] * gates[a];
        for (size_t a = 0; a < active; a++)
            of_logits[members[a]] += gates[a] * (of_gates[a] - sum);
    }
}

// From the gradient by the state above a layer to that by the state below; the two change places.
static bool layer_back(mixture_pass_t *pass, const mixture_stack_t *stack, size_t l, double balance,
                       mixture_stack_t *gradient) {
    const mixture_shape_t *s = &pass->shape;
    const mixture_tape_t *tape = &pass->tape[l];
    const size_t rows = pass->rows, columns = s->width + 1;
    bool fine = true;
    memcpy(pass->below, pass->above, rows * columns * sizeof *pass->below);
    for (size_t i = 0; i < s->experts && fine; i++)
        fine = expert_back(pass, stack, l, i, gradient);
    logits_back(pass, tape, balance);
    fine = fine &&
           multiply(pass, transpose(pass->of_logits, rows, s->experts), matrix(tape->state, rows, columns),
                    mixture_router(gradient, l)) &&
           multiply(pass, matrix(pass->of_logits, rows, s->experts),
                    matrix(mixture_router(stack, l), s->experts, columns), pass->product);
    for (size_t j = 0; j < rows * columns && fine; j++)
        pass->below[j] += pass->product[j];
    double *above = pass->above;
    pass->above = pass->below;
    pass->below = above;
    return fine;
}

int mixture_pass_back(mixture_pass_t *pass, const mixture_stack_t *stack, const size_t *labels,
                      const size_t *order, double balance, mixture_stack_t *gradient) {
    const mixture_shape_t *s = &pass->shape;
    const size_t rows = pass->rows, columns = s->width + 1;
    double *errors = pass->slopes;
    memset(gradient->parameters, 0, gradient->count * sizeof *gradient->parameters);
    for (size_t row = 0; row < rows; row++) {
        topk_softmax(pass->scores + row * s->classes, s->classes, errors + row * s->classes);
        errors[row * s->classes + labels[order[row]]] -= 1;
    }
    for (size_t j = 0; j < rows * s->classes; j++)
        errors[j] /= (double)rows;
    bool fine = multiply(pass, transpose(errors, rows, s->classes), matrix(pass->final, rows, columns),
                         mixture_classifier(gradient)) &&
                multiply(pass, matrix(errors, rows, s->classes),
                         matrix(mixture_classifier(stack), s->classes, columns), pass->above);
    for (size_t l = s->layers; l-- > 0 && fine;)
        fine = layer_back(pass, stack, l, balance, gradient);
    for (size_t row = 0; row < rows; row++) // without the column of ones
        memcpy(pass->product + row * s->width, pass->above + row * columns, s->width * sizeof *pass->above);
    fine = fine && multiply(pass, transpose(pass->product, rows, s->width),
                            matrix(pass->inputs, rows, s->inputs + 1), mixture_embedding(gradient));
    return fine ? GSL_SUCCESS : GSL_EDOM;
}
