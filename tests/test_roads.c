// SPDX-License-Identifier: GPL-3.0-or-later
// geometry/roads: every road against linear programs in integers and the others, what is degenerate, known numbers beside
// the regions, and errors that leave the result alone.
#include "geometry/roads.h"

#include "geometry/bounds.h"
#include "geometry/layer_build.h"
#include "support.h"
#include "support/brute.h"
#include "support/expect.h"
#include "support/families.h"
#include "support/seeds.h"

#include <gsl/gsl_errno.h>

static const shards_control_t ALONE = {.threads = 1};

// The most regions of one coalition; regions come coalition after coalition.
typedef struct {
    slong members[8], run, richest, coalitions;
} richest_t;

static void see_region(void *context, const brute_region_t *region) {
    richest_t *seen = context;
    bool same = seen->coalitions > 0;
    for (slong i = 0; i < region->active; i++) {
        same = same && seen->members[i] == region->members[i];
        seen->members[i] = region->members[i];
    }
    seen->run = same ? seen->run + 1 : 1;
    seen->coalitions += !same;
    seen->richest = seen->run > seen->richest ? seen->run : seen->richest;
}

static void test_layers(void **state) {
    (void)state;
    slong accepted = 0;
    for (slong seed = 0; seed < seeds_times(120); seed++) {
        stream_t stream = seeds_stream("roads of layers", seed);
        const slong experts = seeds_pick(&stream, 1, 4), active = seeds_pick(&stream, 1, experts);
        layer_t *layer = layer_alloc(experts, active, seeds_pick(&stream, 0, 2), seeds_pick(&stream, 1, 3));
        slong first, second;
        do
            layer_build_draw(layer, (layer_build_kind_t)(seed % LAYER_BUILD_KINDS), &stream);
        while (active < experts && layer_twins(layer, &first, &second));
        const expect_case_t subject = {.test = "roads of layers", .seed = seed, .layer = layer};
        richest_t seen = {0};
        const slong regions = brute_layer(layer, see_region, &seen);
        roads_flats_t flats;
        slong vertices, listed, sum = 0;
        expect_si(&subject, "status of F", roads_flats(layer, &ALONE, &flats), GSL_SUCCESS);
        expect_si(&subject, "status of V", roads_vertices(layer, &ALONE, &vertices), GSL_SUCCESS);
        expect_si(&subject, "status of the list", roads_list_layer(layer, &listed), GSL_SUCCESS);
        for (slong j = 0; j < ROADS_LEVELS; j++)
            sum += flats.level[j];
        expect_si(&subject, "F", flats.regions, regions);
        expect_si(&subject, "levels of F", sum, regions);
        expect_si(&subject, "coalitions of F", flats.level[0], seen.coalitions);
        expect_si(&subject, "richest coalition of F", flats.richest, seen.richest);
        expect_si(&subject, "the list", listed, regions);
        if (vertices != ROADS_REFUSED)
            expect_si(&subject, "V", vertices, regions);
        accepted += vertices != ROADS_REFUSED;
        layer_free(layer);
    }
    assert_true(accepted > 0);
}

static void test_arrangements(void **state) {
    (void)state;
    for (slong seed = 0; seed < seeds_times(60); seed++) {
        stream_t stream = seeds_stream("roads of arrangements", seed);
        arrangement_t *a = arrangement_random(seeds_pick(&stream, 0, 7), seeds_pick(&stream, 1, 3),
                                              seed % 2 == 0 ? 2 : 99999, &stream);
        assert_non_null(a);
        const expect_case_t subject = {.test = "roads of arrangements", .seed = seed, .a = a};
        roads_tree_t tree;
        slong listed;
        expect_si(&subject, "status of the tree", roads_tree(a, &ALONE, &tree), GSL_SUCCESS);
        expect_si(&subject, "status of the list", roads_list_arrangement(a, &listed), GSL_SUCCESS);
        expect_si(&subject, "the list", listed, brute_arrangement(a, NULL, NULL));
        expect_si(&subject, "the tree", tree.regions, listed);
        if (seed % 2 == 1) // in general position, for these seeds and nearly all others
            expect_si(&subject, "Phi", tree.regions, bounds_phi_si((ulong)a->planes, (ulong)a->dimension));
        arrangement_free(a);
    }
}

// The three sides of a triangle bound one region; three lines through a point none; two parallels and a line none.
static void test_bounded(void **state) {
    (void)state;
    static const struct {
        slong rows[9], regions, bounded;
        bool events;
    } cases[] = {{{1, 0, 0, 0, 1, 0, 1, 1, -1}, 7, 1, false},
                 {{1, 0, 0, 0, 1, 0, 1, 1, 0}, 6, 0, false},
                 {{1, 0, 0, 1, 0, 1, 0, 1, 0}, 6, 0, true}};
    arrangement_t *a = arrangement_alloc(3, 2);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        roads_tree_t tree;
        arrangement_set(a, cases[i].rows);
        assert_int_equal(roads_tree(a, NULL, &tree), GSL_SUCCESS);
        assert_int_equal(tree.regions, cases[i].regions);
        assert_int_equal(tree.bounded, cases[i].bounded);
        assert_int_equal(tree.events > 0, cases[i].events); // of a central arrangement, those of its slice
    }
    arrangement_free(a);
}

// Twins are an error of each road, and three walls through a point are refused by V alone.
static void test_refused(void **state) {
    (void)state;
    layer_t *twins = families_written(2, 1, 0, 1, (slong[]){3, 1, 3, 1});
    roads_flats_t flats = {.regions = 77};
    slong number = 77;
    assert_int_equal(roads_flats(twins, NULL, &flats), GSL_EDOM);
    assert_int_equal(roads_vertices(twins, NULL, &number), GSL_EDOM);
    assert_int_equal(roads_list_layer(twins, &number), GSL_EDOM);
    assert_true(flats.regions == 77 && number == 77);
    layer_free(twins);
    layer_t *shared = families_written(2, 2, 1, 1, (slong[]){1, 0, 2, 1, 1, 0, 2, 0}); // one point twice
    assert_int_equal(roads_vertices(shared, NULL, &number), GSL_SUCCESS);
    assert_int_equal(number, ROADS_REFUSED);
    assert_int_equal(roads_flats(shared, NULL, &flats), GSL_SUCCESS);
    assert_int_equal(flats.regions, 2);
    layer_free(shared);
}

// 70 coordinate hyperplanes have 2^70 regions.
static void test_overflow(void **state) {
    (void)state;
    arrangement_t *a = families_boolean(70);
    roads_tree_t tree = {.regions = 77};
    assert_int_equal(roads_tree(a, NULL, &tree), GSL_EOVRFLW);
    assert_int_equal(tree.regions, 77);
    arrangement_free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layers),  cmocka_unit_test(test_arrangements), cmocka_unit_test(test_bounded),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_overflow),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    flint_cleanup();
    return failed;
}
