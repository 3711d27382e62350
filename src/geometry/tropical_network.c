// SPDX-License-Identifier: GPL-3.0-or-later
// ReLU networks as differences of tropical polynomials; see tropical_network.h.
#include "geometry/tropical_network.h"

#include <gsl/gsl_errno.h>
#include <stdlib.h>
#include <string.h>

tropical_network_t *tropical_network_alloc(slong maps, const slong *widths) {
    if (maps < 1)
        return NULL;
    for (slong l = 0; l <= maps; l++)
        if (widths[l] < 1)
            return NULL;
    tropical_network_t *net = malloc(sizeof *net);
    slong *copy = malloc((size_t)(maps + 1) * sizeof *copy);
    fmpq_mat_t *weights = malloc((size_t)maps * sizeof *weights);
    if (net == NULL || copy == NULL || weights == NULL) {
        free(net);
        free(copy);
        free(weights);
        return NULL;
    }
    memcpy(copy, widths, (size_t)(maps + 1) * sizeof *copy);
    for (slong l = 0; l < maps; l++)
        fmpq_mat_init(weights[l], widths[l + 1], widths[l] + 1);
    *net = (tropical_network_t){.maps = maps, .widths = copy, .weights = weights};
    return net;
}

void tropical_network_free(tropical_network_t *net) {
    if (net == NULL)
        return;
    for (slong l = 0; l < net->maps; l++)
        fmpq_mat_clear(net->weights[l]);
    free(net->weights);
    free(net->widths);
    free(net);
}

static slong widest(const tropical_network_t *net) {
    slong width = 0;
    for (slong l = 0; l <= net->maps; l++)
        width = net->widths[l] > width ? net->widths[l] : width;
    return width;
}

int tropical_network_run(const tropical_network_t *net, const fmpq *x, fmpq *outputs) {
    const slong width = widest(net);
    fmpq *values = _fmpq_vec_init(width), *next = _fmpq_vec_init(width);
    for (slong j = 0; j < net->widths[0]; j++)
        fmpq_set(values + j, x + j);
    for (slong l = 0; l < net->maps; l++) {
        const slong n = net->widths[l];
        for (slong i = 0; i < net->widths[l + 1]; i++) {
            fmpq_set(next + i, fmpq_mat_entry(net->weights[l], i, n));
            for (slong j = 0; j < n; j++)
                fmpq_addmul(next + i, fmpq_mat_entry(net->weights[l], i, j), values + j);
            if (l + 1 < net->maps && fmpq_sgn(next + i) < 0)
                fmpq_zero(next + i);
        }
        fmpq *kept = values;
        values = next;
        next = kept;
    }
    for (slong i = 0; i < net->widths[net->maps]; i++)
        fmpq_set(outputs + i, values + i);
    _fmpq_vec_clear(values, width);
    _fmpq_vec_clear(next, width);
    return GSL_SUCCESS;
}

// ---- Conversion ----

// A difference of two polynomials.
typedef struct {
    tropical_t *p, *q;
} pair_t;

static bool pair_init(pair_t *pair, slong d) {
    *pair = (pair_t){tropical_alloc(d), tropical_alloc(d)};
    return pair->p != NULL && pair->q != NULL;
}

static void pairs_free(pair_t *pairs, slong count) {
    for (slong i = 0; pairs != NULL && i < count; i++) {
        tropical_free(pairs[i].p);
        tropical_free(pairs[i].q);
    }
    free(pairs);
}

static pair_t *pairs_alloc(slong count, slong d) {
    pair_t *pairs = calloc((size_t)count, sizeof *pairs);
    for (slong i = 0; pairs != NULL && i < count; i++)
        if (!pair_init(pairs + i, d)) {
            pairs_free(pairs, count);
            return NULL;
        }
    return pairs;
}

// Appends the term x_variable + constant, or the constant alone for variable < 0.
static int append_simple(tropical_t *p, slong variable, const fmpq_t constant) {
    fmpq *term = _fmpq_vec_init(p->variables + 1);
    if (variable >= 0)
        fmpq_one(term + variable);
    fmpq_set(term + p->variables, constant);
    const int status = tropical_append(p, term);
    _fmpq_vec_clear(term, p->variables + 1);
    return status;
}

// product (x)= factor^power, power >= 0.
static int multiply_power(tropical_t *product, const tropical_t *factor, const fmpq_t power, bool reduce) {
    tropical_t *scaled = tropical_alloc(factor->variables);
    int status = scaled == NULL ? GSL_ENOMEM : tropical_copy(scaled, factor);
    if (status == GSL_SUCCESS) {
        tropical_power(scaled, power);
        status = tropical_multiply(product, product, scaled);
    }
    if (status == GSL_SUCCESS && reduce)
        status = tropical_reduce(product);
    tropical_free(scaled);
    return status;
}

// One unit: the pair (A, B) of the header, then max(0, .) where it is hidden.
static int make_unit(pair_t *unit, const pair_t *inputs, const fmpq *row, slong n, bool hidden, bool reduce) {
    fmpq_t power;
    fmpq_init(power);
    int status = append_simple(unit->p, -1, row + n);
    if (status == GSL_SUCCESS)
        status = append_simple(unit->q, -1, power);
    for (slong j = 0; j < n && status == GSL_SUCCESS; j++) {
        const int sign = fmpq_sgn(row + j);
        fmpq_abs(power, row + j);
        if (sign == 0)
            continue;
        status = multiply_power(unit->p, sign > 0 ? inputs[j].p : inputs[j].q, power, reduce);
        if (status == GSL_SUCCESS)
            status = multiply_power(unit->q, sign > 0 ? inputs[j].q : inputs[j].p, power, reduce);
    }
    if (status == GSL_SUCCESS && hidden)
        status = tropical_add(unit->p, unit->p, unit->q);
    if (status == GSL_SUCCESS && hidden && reduce)
        status = tropical_reduce(unit->p);
    fmpq_clear(power);
    return status;
}

static int make_inputs(pair_t *pairs, slong d) {
    fmpq_t zero;
    fmpq_init(zero);
    int status = GSL_SUCCESS;
    for (slong j = 0; j < d && status == GSL_SUCCESS; j++) {
        status = append_simple(pairs[j].p, j, zero);
        if (status == GSL_SUCCESS)
            status = append_simple(pairs[j].q, -1, zero);
    }
    fmpq_clear(zero);
    return status;
}

int tropical_network_convert(const tropical_network_t *net, slong output, bool reduce, tropical_t *p,
                             tropical_t *q) {
    const slong d = net->widths[0];
    if (p->variables != d || q->variables != d)
        return GSL_EBADLEN;
    pair_t *units = pairs_alloc(d, d);
    slong count = d;
    int status = units == NULL ? GSL_ENOMEM : make_inputs(units, d);
    for (slong l = 0; l < net->maps && status == GSL_SUCCESS; l++) {
        const bool hidden = l + 1 < net->maps;
        const slong width = hidden ? net->widths[l + 1] : 1;
        pair_t *next = pairs_alloc(width, d);
        if (next == NULL)
            status = GSL_ENOMEM;
        for (slong i = 0; i < width && status == GSL_SUCCESS; i++)
            status =
                make_unit(next + i, units, net->weights[l]->rows[hidden ? i : output], count, hidden, reduce);
        pairs_free(units, count);
        units = next;
        count = width;
    }
    if (status == GSL_SUCCESS)
        status = tropical_copy(p, units[0].p);
    if (status == GSL_SUCCESS)
        status = tropical_copy(q, units[0].q);
    pairs_free(units, count);
    return status;
}
