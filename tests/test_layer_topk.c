// SPDX-License-Identifier: GPL-3.0-or-later
// geometry/layer_topk: the exact rows against the logits and units of the trained layer itself.
#include "geometry/layer_topk.h"
#include "support.h"

#include <flint/fmpq.h>

enum { INPUTS = 5, EXPERTS = 6, ACTIVE = 2, WIDTH = 3 };

static topk_layer_t *draw_layer(stream_t *s, const double *centre) {
    const topk_shape_t shape = {INPUTS, EXPERTS, ACTIVE, WIDTH, 4, 0};
    topk_layer_t *layer = topk_layer_alloc(&shape);
    assert_non_null(layer);
    topk_layer_draw(layer, s);
    topk_layer_round(layer, 7);
    layer->centre = centre;
    return layer;
}

// row.(x, 1), exactly, x a multiple of 1/64.
static void evaluate(fmpq_t sum, const fmpz *row, const double *x) {
    fmpq_t term;
    fmpq_init(term);
    fmpq_set_fmpz(sum, row + INPUTS);
    for (size_t j = 0; j < INPUTS; j++) {
        fmpq_set_si(term, (slong)(64 * x[j]), 64);
        fmpq_mul_fmpz(term, term, row + j);
        fmpq_add(sum, sum, term);
    }
    fmpq_clear(term);
}

static double as_double(const fmpq_t q) {
    return fmpz_get_d(fmpq_numref(q)) / fmpz_get_d(fmpq_denref(q));
}

static void draw_point(stream_t *s, double *x) {
    for (size_t j = 0; j < INPUTS; j++)
        x[j] = nearbyint(uniform(s, -200, 200)) / 64;
}

// All quotients of an exact logit by the layer's are one power of two; the sums of so short numbers are exact in doubles.
static void compare_logits(const topk_layer_t *layer, stream_t *s) {
    layer_t *exact = layer_topk(layer);
    topk_pass_t *pass = topk_pass_alloc(&layer->shape);
    double x[INPUTS], factor = 0;
    fmpq_t value;
    fmpq_init(value);
    for (int trial = 0; trial < 40; trial++) {
        draw_point(s, x);
        topk_pass_run(pass, layer, x);
        for (slong i = 0; i < EXPERTS; i++) {
            evaluate(value, exact->router->rows[i], x);
            if (factor == 0 && pass->logits[i] != 0)
                factor = as_double(value) / pass->logits[i];
            check_close(INPUT("logit %ld at %a %a %a %a %a", i, x[0], x[1], x[2], x[3], x[4]),
                        as_double(value), factor * pass->logits[i], 0);
        }
        // Hidden values of the chosen experts: where they are positive, the exact row is.
        for (size_t a = 0; a < ACTIVE; a++)
            for (size_t u = 0; u < WIDTH; u++) {
                evaluate(value, exact->rows->rows[pass->coalition[a] * WIDTH + u], x);
                assert_int_equal(fmpq_sgn(value) > 0, pass->hidden[a * WIDTH + u] > 0);
            }
    }
    int exponent;
    assert_true(frexp(factor, &exponent) == 0.5);
    fmpq_clear(value);
    topk_pass_free(pass);
    layer_free(exact);
}

static void test_biases(void **state) {
    (void)state;
    for (uint32_t seed = 0; seed < 20; seed++) {
        stream_t s = stream_at(71, 1, seed);
        topk_layer_t *layer = draw_layer(&s, NULL);
        compare_logits(layer, &s);
        topk_layer_free(layer);
    }
}

// Centres with digits on either side of the point, and one of whole multiples of 8.
static void test_centre(void **state) {
    (void)state;
    for (uint32_t seed = 0; seed < 20; seed++) {
        stream_t s = stream_at(71, 2, seed);
        double centre[INPUTS];
        const double grid = seed % 2 == 0 ? 1.0 / 32 : 8;
        for (size_t j = 0; j < INPUTS; j++)
            centre[j] = nearbyint(uniform(&s, -9, 9)) * grid;
        topk_layer_t *layer = draw_layer(&s, centre);
        compare_logits(layer, &s);
        topk_layer_free(layer);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_biases), cmocka_unit_test(test_centre)};
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    flint_cleanup();
    return failed;
}
