// SPDX-License-Identifier: GPL-3.0-or-later
// Softmax mixtures on a line; see gated_line.h.
#include "routing/gated_line.h"

void gated_line_value(const gated_line_t *gated, slong s, fmpq *value) {
    fmpq_t gate, sum, part;
    fmpq_init(gate);
    fmpq_init(sum);
    fmpq_init(part);
    fmpq_zero(value);
    fmpq_zero(value + 1);
    for (slong i = 0; i < gated->experts; i++) {
        const slong power = gated->slope[i] * s;
        fmpq_set_si(gate, gated->weight[i], 1);
        if (power >= 0)
            fmpq_mul_2exp(gate, gate, (ulong)power);
        else
            fmpq_div_2exp(gate, gate, (ulong)-power);
        fmpq_add(sum, sum, gate);
        fmpq_mul_si(part, gate, gated->start[i]);
        fmpq_add(value, value, part);
        fmpq_mul_si(part, gate, gated->speed[i] * s);
        fmpq_add(value + 1, value + 1, part);
    }
    fmpq_div(value, value, sum);
    fmpq_div(value + 1, value + 1, sum);
    fmpq_clear(gate);
    fmpq_clear(sum);
    fmpq_clear(part);
}

// Adds factor * x to a number P + Q ln 2.
static void add_multiple(fmpq *sum, const fmpq *x, slong factor) {
    fmpq_t part;
    fmpq_init(part);
    for (int i = 0; i < 2; i++) {
        fmpq_mul_si(part, x + i, factor);
        fmpq_add(sum + i, sum + i, part);
    }
    fmpq_clear(part);
}

bool gated_line_is_affine(const gated_line_t *gated) {
    fmpq *first = _fmpq_vec_init(2), *second = _fmpq_vec_init(2), *value = _fmpq_vec_init(2);
    gated_line_value(gated, 0, first);
    gated_line_value(gated, 1, second);
    bool affine = true;
    for (slong s = 2; s < 2 * gated->experts + 2 && affine; s++) {
        gated_line_value(gated, s, value);
        add_multiple(value, first, s - 1);
        add_multiple(value, second, -s);
        affine = fmpq_is_zero(value) && fmpq_is_zero(value + 1);
    }
    _fmpq_vec_clear(first, 2);
    _fmpq_vec_clear(second, 2);
    _fmpq_vec_clear(value, 2);
    return affine;
}

// Weight of the class of expert i, and the sums of weight times speed and weight times start.
static void class_sums(const gated_line_t *gated, slong i, slong sums[3]) {
    sums[0] = sums[1] = sums[2] = 0;
    for (slong j = 0; j < gated->experts; j++) {
        if (gated->slope[j] != gated->slope[i])
            continue;
        sums[0] += gated->weight[j];
        sums[1] += gated->weight[j] * gated->speed[j];
        sums[2] += gated->weight[j] * gated->start[j];
    }
}

bool gated_line_means_agree(const gated_line_t *gated) {
    slong first[3], other[3];
    class_sums(gated, 0, first);
    for (slong i = 1; i < gated->experts; i++) {
        class_sums(gated, i, other);
        if (other[1] * first[0] != first[1] * other[0] || other[2] * first[0] != first[2] * other[0])
            return false;
    }
    return true;
}
