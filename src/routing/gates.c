// SPDX-License-Identifier: GPL-3.0-or-later
// The order of softmax gates; see gates.h.
#include "routing/gates.h"

#include <arb.h>
#include <stdbool.h>

enum { FIRST_PRECISION = 64 };

static void compute_gates(arb_ptr gates, const fmpq *logits, slong n, const fmpq_t temperature,
                          slong precision) {
    arb_t sum;
    fmpq_t ratio;
    arb_init(sum);
    fmpq_init(ratio);
    for (slong i = 0; i < n; i++) {
        fmpq_div(ratio, logits + i, temperature);
        arb_set_fmpq(gates + i, ratio, precision);
        arb_exp(gates + i, gates + i, precision);
        arb_add(sum, sum, gates + i, precision);
    }
    for (slong i = 0; i < n; i++)
        arb_div(gates + i, gates + i, sum, precision);
    arb_clear(sum);
    fmpq_clear(ratio);
}

static gates_order_t compare_at(const fmpq *logits, slong n, const fmpq_t temperature, slong precision) {
    gates_order_t found = {.precision = precision};
    arb_ptr gates = _arb_vec_init(n);
    compute_gates(gates, logits, n, temperature, precision);
    for (slong i = 0; i < n; i++)
        for (slong j = 0; j < i; j++) {
            const int order = fmpq_cmp(logits + i, logits + j);
            const bool above = arb_gt(gates + i, gates + j), below = arb_lt(gates + i, gates + j);
            found.pairs++;
            found.ties += order == 0;
            found.wrong += order > 0 ? below : order < 0 ? above : above || below;
            found.open += order != 0 && !above && !below;
        }
    _arb_vec_clear(gates, n);
    return found;
}

gates_order_t gates_compare(const fmpq *logits, slong n, const fmpq_t temperature, slong limit) {
    slong precision = FIRST_PRECISION;
    gates_order_t found = compare_at(logits, n, temperature, precision);
    while (found.open > 0 && found.wrong == 0 && 2 * precision <= limit)
        found = compare_at(logits, n, temperature, precision *= 2);
    return found;
}
