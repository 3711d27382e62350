// SPDX-License-Identifier: GPL-3.0-or-later
// geometry/two_layer: networks worked out by hand, and random ones by both roads.
#include "geometry/two_layer.h"

#include "support.h"

#include <flint/flint.h>
#include <gsl/gsl_errno.h>

static void set_rows(fmpz_mat_t rows, const slong *entries) {
    for (slong i = 0; i < rows->r; i++)
        for (slong j = 0; j < rows->c; j++)
            fmpz_set_si(fmpz_mat_entry(rows, i, j), entries[i * rows->c + j]);
}

static two_layer_t *network(slong inputs, slong first, slong second, const slong *inner, const slong *outer) {
    two_layer_t *net = two_layer_alloc(inputs, first, second);
    assert_non_null(net);
    set_rows(net->inner, inner);
    set_rows(net->outer, outer);
    return net;
}

static slong linear_regions(const two_layer_t *net, slong outputs, const slong *entries) {
    fmpz_mat_t output;
    fmpz_mat_init(output, outputs, net->second);
    set_rows(output, entries);
    two_layer_survey_t survey;
    assert_int_equal(two_layer_survey(net, output, &survey), GSL_SUCCESS);
    fmpz_mat_clear(output);
    return survey.linear;
}

// T(x) = 2x up to 1/2, then 2 - 2x, 0 below 0; units T and 2T - 1 of the second layer. The folds are at 0, 1/4, 1/2, 3/4
// and 1.
static void test_tent(void **state) {
    (void)state;
    two_layer_t *net = network(1, 2, 2, (slong[]){1, 0, 2, -1}, (slong[]){2, -2, 0, 4, -4, -1});
    two_layer_count_t count;
    two_layer_survey_t survey;
    assert_int_equal(two_layer_regions(net, &count), GSL_SUCCESS);
    assert_int_equal(two_layer_survey(net, NULL, &survey), GSL_SUCCESS);
    assert_int_equal(count.cells, 3);
    assert_int_equal(count.regions, 6);
    assert_int_equal(count.rank_bound, 1 + 3 + 3);
    assert_int_equal(survey.activation, 6);
    assert_int_equal(survey.linear, 6);
    assert_int_equal(linear_regions(net, 1, (slong[]){1, 0}), 4);
    assert_int_equal(linear_regions(net, 1, (slong[]){0, 1}), 4);
    assert_int_equal(linear_regions(net, 1, (slong[]){0, 0}), 1);
    assert_int_equal(linear_regions(net, 2, (slong[]){0, 0, 1, 1}), 6);
    two_layer_free(net);
}

// |x| + |y| - 1, of which the second layer keeps the sign: 4 quadrants, a square through all of them. The outside of the
// square is connected where the unit is off inside.
static void test_square(void **state) {
    (void)state;
    const slong inner[] = {1, 0, 0, -1, 0, 0, 0, 1, 0, 0, -1, 0}, outer[] = {-1, -1, -1, -1, 1};
    two_layer_t *net = network(2, 4, 1, inner, outer);
    two_layer_count_t count;
    two_layer_survey_t survey;
    assert_int_equal(two_layer_regions(net, &count), GSL_SUCCESS);
    assert_int_equal(two_layer_survey(net, NULL, &survey), GSL_SUCCESS);
    assert_int_equal(count.cells, 4);
    assert_int_equal(count.regions, 8);
    assert_int_equal(count.rank_bound, 8);
    assert_int_equal(survey.activation, 8);
    assert_int_equal(survey.linear, 5);
    two_layer_free(net);
}

// The row that holds where units 0 and 2 are active.
static void test_row(void **state) {
    (void)state;
    two_layer_t *net = network(2, 3, 1, (slong[]){1, 2, 3, 5, 7, 11, 13, 17, 19}, (slong[]){-2, 100, 3, 8});
    fmpz *row = _fmpz_vec_init(3);
    two_layer_row(net, 5, 0, row);
    assert_int_equal(fmpz_get_si(row), -2 * 1 + 3 * 13);
    assert_int_equal(fmpz_get_si(row + 1), -2 * 2 + 3 * 17);
    assert_int_equal(fmpz_get_si(row + 2), -2 * 3 + 3 * 19 + 8);
    _fmpz_vec_clear(row, 3);
    two_layer_free(net);
}

static void draw(fmpz_mat_t rows, slong range, stream_t *stream) {
    for (slong i = 0; i < rows->r; i++)
        for (slong j = 0; j < rows->c; j++)
            fmpz_set_si(fmpz_mat_entry(rows, i, j),
                        (slong)draw_below(stream, (size_t)(2 * range + 1)) - range);
}

// Tiny entries, so that much is parallel, concurrent, equal or dead.
static void test_roads(void **state) {
    (void)state;
    stream_t stream = stream_at(12, stream_experiment("two-layer roads"), 0);
    int merged = 0, dead = 0;
    for (int i = 0; i < 300; i++) {
        const slong inputs = 1 + i % 3, first = 1 + i / 3 % 3, second = 1 + i / 9 % 3;
        two_layer_t *net = two_layer_alloc(inputs, first, second);
        draw(net->inner, 1 + i % 4, &stream);
        draw(net->outer, 1 + i % 5, &stream);
        two_layer_count_t count;
        two_layer_survey_t survey;
        assert_int_equal(two_layer_regions(net, &count), GSL_SUCCESS);
        assert_int_equal(two_layer_survey(net, NULL, &survey), GSL_SUCCESS);
        if (count.regions != survey.activation || count.regions > count.rank_bound ||
            survey.linear > survey.activation || survey.activation > survey.cells) {
            fmpz_mat_print_pretty(net->inner);
            fmpz_mat_print_pretty(net->outer);
            fail_msg("draw %d: %ld regions, bound %ld; survey %ld of %ld, linear %ld", i, count.regions,
                     count.rank_bound, survey.activation, survey.cells, survey.linear);
        }
        merged += survey.linear < survey.activation;
        dead += count.cells < 2;
        two_layer_free(net);
    }
    assert_in_range(merged, 30, 300);
    assert_in_range(dead, 1, 300);
}

static void test_shapes(void **state) {
    (void)state;
    assert_null(two_layer_alloc(0, 1, 1));
    assert_null(two_layer_alloc(1, 0, 1));
    assert_null(two_layer_alloc(1, 1, 0));
    assert_null(two_layer_alloc(2, TWO_LAYER_FIRST + 1, 1));
    assert_null(two_layer_alloc(2, 5, 2)); // 5 + 32 * 2 lines
    two_layer_t *net = two_layer_alloc(2, 5, 1);
    assert_non_null(net);
    two_layer_free(net);
    two_layer_free(NULL);
}

int main(void) {
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tent),  cmocka_unit_test(test_square), cmocka_unit_test(test_row),
        cmocka_unit_test(test_roads), cmocka_unit_test(test_shapes),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    flint_cleanup();
    return failed;
}
