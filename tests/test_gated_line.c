// SPDX-License-Identifier: GPL-3.0-or-later
// routing/gated_line: against double precision, and the two answers to "is it affine?" against each other.
#include "routing/gated_line.h"

#include "support.h"

#include <flint/flint.h>

static slong pick(stream_t *stream, slong low, slong high) {
    return low + (slong)draw_below(stream, (size_t)(high - low + 1));
}

static gated_line_t draw(stream_t *stream, slong range) {
    gated_line_t gated = {.experts = pick(stream, 1, GATED_LINE_EXPERTS)};
    for (slong i = 0; i < gated.experts; i++) {
        gated.slope[i] = pick(stream, -range, range);
        gated.weight[i] = pick(stream, 1, 3);
        gated.speed[i] = pick(stream, -range, range);
        gated.start[i] = pick(stream, -range, range);
    }
    return gated;
}

static double in_doubles(const gated_line_t *gated, double x) {
    double sum = 0, gates = 0;
    for (slong i = 0; i < gated->experts; i++) {
        const double gate = exp((double)gated->slope[i] * x + log((double)gated->weight[i]));
        gates += gate;
        sum += gate * ((double)gated->speed[i] * x + (double)gated->start[i]);
    }
    return sum / gates;
}

static void test_values(void **state) {
    (void)state;
    stream_t stream = stream_at(3, stream_experiment("gated values"), 0);
    fmpq *value = _fmpq_vec_init(2);
    for (int i = 0; i < 500; i++) {
        const gated_line_t gated = draw(&stream, 5);
        const slong s = pick(&stream, -9, 9);
        gated_line_value(&gated, s, value);
        check_close(INPUT("draw %d at s = %ld", i, s), fmpq_get_d(value) + M_LN2 * fmpq_get_d(value + 1),
                    in_doubles(&gated, (double)s * M_LN2), 1e-12);
    }
    _fmpq_vec_clear(value, 2);
}

// The criterion against the values, and both against second differences in doubles.
static void test_affine(void **state) {
    (void)state;
    stream_t stream = stream_at(3, stream_experiment("gated affine"), 0);
    int affine = 0;
    for (int i = 0; i < 2000; i++) {
        const gated_line_t gated = draw(&stream, 1);
        const bool is = gated_line_is_affine(&gated);
        assert_int_equal(is, gated_line_means_agree(&gated));
        double bend = 0;
        for (double x = -2; x <= 2; x += 0.25)
            bend = fmax(bend, fabs(in_doubles(&gated, x - 0.3) + in_doubles(&gated, x + 0.3) -
                                   2 * in_doubles(&gated, x)));
        assert_int_equal(is, bend < 1e-9);
        affine += is && gated.experts > 1;
    }
    assert_in_range(affine, 100, 1900);
}

// Equal slopes: the gates are constant. Two classes with one mean: F is that mean.
static void test_known(void **state) {
    (void)state;
    const gated_line_t
        sigmoid = {.experts = 2, .slope = {1, 0}, .weight = {1, 1}, .start = {1, 0}},
        constant = {.experts = 2, .slope = {2, 2}, .weight = {1, 3}, .speed = {1, -1}, .start = {5, 0}},
        mean = {
            .experts = 3, .slope = {1, 1, 0}, .weight = {1, 1, 7}, .speed = {3, -1, 1}, .start = {0, 4, 2}};
    assert_false(gated_line_is_affine(&sigmoid) || gated_line_means_agree(&sigmoid));
    assert_true(gated_line_is_affine(&constant) && gated_line_means_agree(&constant));
    assert_true(gated_line_is_affine(&mean) && gated_line_means_agree(&mean));
    fmpq *value = _fmpq_vec_init(2);
    gated_line_value(&sigmoid, 2, value);
    assert_int_equal(fmpz_get_si(fmpq_numref(value)), 4);
    assert_int_equal(fmpz_get_si(fmpq_denref(value)), 5);
    _fmpq_vec_clear(value, 2);
}

int main(void) {
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_values), cmocka_unit_test(test_affine),
                                       cmocka_unit_test(test_known)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    flint_cleanup();
    return failed;
}
