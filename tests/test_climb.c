// SPDX-License-Identifier: GPL-3.0-or-later
// geometry/climb and geometry/grow: the same path for the same stream, never downhill, numbers that the list confirms;
// grown layers against their formula, with the levels counted by the list alone.
#include "geometry/bounds.h"
#include "geometry/climb.h"
#include "geometry/grow.h"
#include "geometry/roads.h"

#include "support.h"
#include "support/expect.h"
#include "support/seeds.h"

#include <gsl/gsl_errno.h>

static slong by_list(const layer_t *layer) {
    slong regions = 0;
    assert_int_equal(roads_list_layer(layer, &regions), GSL_SUCCESS);
    return regions;
}

static slong climb_on(layer_t *layer, slong range, ulong steps, slong enough, stream_t *stream) {
    fmpz_t most, regions;
    fmpz_init_set_si(most, enough);
    fmpz_init(regions);
    assert_int_equal(climb_layer(layer, range, steps, most, stream, regions), GSL_SUCCESS);
    const slong result = fmpz_get_si(regions);
    fmpz_clear(most);
    fmpz_clear(regions);
    return result;
}

static bool same_rows(const layer_t *a, const layer_t *b) {
    return fmpz_mat_equal(a->router, b->router) && fmpz_mat_equal(a->rows, b->rows);
}

static slong largest_entry(const fmpz_mat_t rows) {
    slong largest = 0;
    for (slong i = 0; i < fmpz_mat_nrows(rows); i++)
        for (slong j = 0; j < fmpz_mat_ncols(rows); j++) {
            const slong entry = labs(fmpz_get_si(fmpz_mat_entry(rows, i, j)));
            largest = entry > largest ? entry : largest;
        }
    return largest;
}

static void test_draw(void **state) {
    (void)state;
    slong first, second, largest = 0;
    for (slong seed = 0; seed < 200; seed++) {
        stream_t stream = seeds_stream("draw", seed);
        layer_t *layer = layer_alloc(4, 2, 1, 1);
        climb_draw(layer, 1, &stream); // twins are likely, and drawn again
        assert_false(layer_twins(layer, &first, &second));
        climb_draw(layer, 7, &stream);
        const slong entry = largest_entry(layer->router);
        assert_true(entry <= 7 && largest_entry(layer->rows) <= 7);
        largest = entry > largest ? entry : largest;
        layer_free(layer);
    }
    assert_int_equal(largest, 7);
}

// A long climb passes through the end of a shorter one with the same stream.
static void test_climb(void **state) {
    (void)state;
    for (slong seed = 0; seed < seeds_times(12); seed++) {
        const slong d = 1 + seed % 3, experts = 3 + seed % 2;
        layer_t *layers[3];
        slong regions[3];
        const ulong steps[3] = {40, 40, 160};
        slong start = 0;
        for (int i = 0; i < 3; i++) {
            stream_t stream = seeds_stream("climb", seed);
            layers[i] = layer_alloc(experts, 2, 1, d);
            climb_draw(layers[i], 6, &stream);
            start = by_list(layers[i]);
            regions[i] = climb_on(layers[i], 6, steps[i], WORD_MAX, &stream);
            const expect_case_t subject = {.test = "climb", .kind = "end", .seed = seed, .layer = layers[i]};
            expect_si(&subject, "regions, against the list", regions[i], by_list(layers[i]));
        }
        const expect_case_t subject = {.test = "climb", .kind = "pair", .seed = seed, .layer = layers[2]};
        expect_true(&subject, "the same twice", same_rows(layers[0], layers[1]) && regions[0] == regions[1]);
        expect_true(&subject, "never downhill", start <= regions[0] && regions[0] <= regions[2]);
        for (int i = 0; i < 3; i++)
            layer_free(layers[i]);
    }
}

static void test_climb_ends(void **state) {
    (void)state;
    stream_t stream = seeds_stream("ends", 0);
    layer_t *layer = layer_alloc(3, 2, 1, 2), *before = layer_alloc(3, 2, 1, 2);
    climb_draw(layer, 5, &stream);
    fmpz_mat_set(before->router, layer->router);
    fmpz_mat_set(before->rows, layer->rows);
    const slong start = by_list(layer);
    assert_int_equal(climb_on(layer, 5, 1000, start, &stream), start);
    assert_true(same_rows(layer, before)); // enough at once
    assert_int_equal(climb_on(layer, 5, 1, WORD_MAX, &stream), start);
    assert_true(same_rows(layer, before)); // one count, no change
    const slong reached = climb_on(layer, 5, 100000, start + 1, &stream);
    assert_true(reached > start);
    assert_int_equal(climb_on(layer, 9, 100000, 12, &stream), 12); // the maximum, within some hundred counts
    layer_free(layer);
    layer_free(before);
}

static void test_climb_twins(void **state) {
    (void)state;
    stream_t stream = seeds_stream("twins", 0);
    layer_t *layer = layer_alloc(3, 2, 1, 2);
    fmpz_t enough, regions;
    fmpz_init_set_ui(enough, 100);
    fmpz_init_set_si(regions, -5);
    assert_int_equal(climb_layer(layer, 5, 10, enough, &stream, regions), GSL_EDOM);
    assert_true(fmpz_equal_si(regions, -5));
    fmpz_clear(enough);
    fmpz_clear(regions);
    layer_free(layer);
}

// ---- Growing ----

// The regions with the units of a subset of the experts alone; units of the others are dead.
static slong with_units(const layer_t *layer, ulong subset) {
    layer_t *part = layer_alloc(layer->experts, layer->active, 1, 2);
    fmpz_mat_set(part->router, layer->router);
    for (slong i = 0; i < layer->experts; i++)
        for (slong j = 0; j < 3 && (subset >> i & 1); j++)
            fmpz_set(fmpz_mat_entry(part->rows, i, j), fmpz_mat_entry(layer->rows, i, j));
    const slong regions = by_list(part);
    layer_free(part);
    return regions;
}

// Moves all entries a little, so that nothing stays parallel or concurrent.
static void loosen(fmpz_mat_t rows, stream_t *stream) {
    for (slong i = 0; i < fmpz_mat_nrows(rows); i++)
        for (slong j = 0; j < fmpz_mat_ncols(rows); j++) {
            fmpz *entry = fmpz_mat_entry(rows, i, j);
            fmpz_mul_ui(entry, entry, 9973);
            fmpz_add_si(entry, entry, seeds_pick(stream, -600, 600));
        }
}

static void test_grow(void **state) {
    (void)state;
    int grown = 0;
    for (slong seed = 0; seed < seeds_times(60); seed++) {
        stream_t stream = seeds_stream("grow", seed);
        const slong experts = seeds_pick(&stream, 3, 5);
        layer_t *layer = layer_alloc(experts, seeds_pick(&stream, 2, experts - 1), 1, 2), *wide = NULL;
        climb_draw(layer, 9, &stream);
        climb_on(layer, 9, 60, WORD_MAX, &stream);
        loosen(layer->router, &stream);
        loosen(layer->rows, &stream);
        // c_0; c_0 + c_1 by single units; all.
        const slong cells = with_units(layer, 0), all = by_list(layer);
        slong lines = 0;
        for (slong i = 0; i < experts; i++)
            lines += with_units(layer, UWORD(1) << i) - cells;
        const slong width = seeds_pick(&stream, 2, 3);
        const int status = grow_layer(layer, width, &wide);
        assert_true(status == GSL_SUCCESS || status == GSL_EDOM);
        if (status == GSL_SUCCESS) {
            const expect_case_t subject = {.test = "grow", .kind = "layer", .seed = seed, .layer = layer};
            expect_si(&subject, "regions of the grown layer", by_list(wide),
                      cells + lines * width + (all - cells - lines) * width * width +
                          experts * (width * (width - 1) / 2));
            grown++;
        }
        layer_free(wide);
        layer_free(layer);
    }
    assert_true(grown > 0);
}

static void test_grow_refuses(void **state) {
    (void)state;
    static const slong shapes[][4] = {{3, 2, 1, 3}, {3, 2, 2, 2}, {3, 3, 1, 2}, {3, 2, 1, 2}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        stream_t stream = seeds_stream("refuse", 0);
        layer_t *layer = layer_alloc(shapes[i][0], shapes[i][1], shapes[i][2], shapes[i][3]), *wide = NULL;
        climb_draw(layer, 9, &stream);
        if (i == 3) // lines that do not meet
            for (slong row = 0; row < 3; row++)
                for (slong j = 0; j < 2; j++)
                    fmpz_one(fmpz_mat_entry(layer->rows, row, j));
        assert_int_equal(grow_layer(layer, 2, &wide), GSL_EDOM);
        assert_null(wide);
        layer_free(layer);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_draw),        cmocka_unit_test(test_climb), cmocka_unit_test(test_climb_ends),
        cmocka_unit_test(test_climb_twins), cmocka_unit_test(test_grow),  cmocka_unit_test(test_grow_refuses),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    flint_cleanup();
    return failed;
}
