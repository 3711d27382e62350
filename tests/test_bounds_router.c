// SPDX-License-Identifier: GPL-3.0-or-later
// geometry/bounds_router: the formulas against other roads to the same numbers, and against routers that are counted.
#include "geometry/bounds_router.h"

#include "geometry/layer_build.h"
#include "geometry/layer_flats.h"
#include "support.h"
#include "support/expect.h"
#include "support/seeds.h"

#include <gsl/gsl_errno.h>

static bounds_layer_t draw_shape(stream_t *stream, slong most) {
    const slong experts = seeds_pick(stream, 1, most);
    return (bounds_layer_t){(ulong)experts, (ulong)seeds_pick(stream, 1, experts),
                            (ulong)seeds_pick(stream, 0, 3), (ulong)seeds_pick(stream, 1, 4)};
}

static void expect_shape(const bounds_layer_t *s, const char *what, bool holds) {
    const expect_case_t subject = {
        .test = "bounds_router",
        .kind = INPUT("N=%lu k=%lu H=%lu d=%lu", s->experts, s->active, s->width, s->dimension)};
    expect_true(&subject, what, holds);
}

// ---- (W) and (L) ----

// (L) is at most (U), equals it where no flat has more coalitions than sets, and does not depend on N exponentially.
static void test_lifted(void **state) {
    (void)state;
    fmpz_t lifted, flats;
    fmpz_init(lifted);
    fmpz_init(flats);
    for (slong seed = 0; seed < seeds_times(300); seed++) {
        stream_t stream = seeds_stream("lifted", seed);
        const bounds_layer_t s = draw_shape(&stream, 12);
        assert_int_equal(bounds_lifted(lifted, &s), GSL_SUCCESS);
        assert_int_equal(bounds_flats(flats, &s), GSL_SUCCESS);
        expect_shape(&s, "(L) <= (U)", fmpz_cmp(lifted, flats) <= 0);
        if (s.active <= 1 || s.active + 1 >= s.experts)
            expect_shape(&s, "(L) = (U) for k = 1, N - 1 and N", fmpz_equal(lifted, flats));
    }
    // By hand: t(64, 32, 2) <= Phi(64, 3) - 64 cells; 128 lines with t(63, 31, 1) <= 1 + 31 * 32 each; their crossings.
    const bounds_layer_t s = {64, 32, 2, 2};
    bounds_lifted(lifted, &s);
    const slong cells = 1 + 64 + 64 * 63 / 2 + 64 * 63 * 62 / 6 - 64;
    expect_shape(&s, "by hand", fmpz_equal_si(lifted, cells + 128 * (1 + 31 * 32) + 128 * 127 / 2));
    fmpz_clear(lifted);
    fmpz_clear(flats);
}

static void test_walls(void **state) {
    (void)state;
    fmpz_t walls, phi;
    fmpz_init(walls);
    fmpz_init(phi);
    const bounds_layer_t s = {7, 3, 2, 4}, wrong = {3, 4, 1, 1};
    assert_int_equal(bounds_walls(walls, &s), GSL_SUCCESS);
    bounds_phi(phi, 7 * 2 + 21, 4);
    expect_shape(&s, "Phi(35, 4)", fmpz_equal(walls, phi));
    assert_int_equal(bounds_walls(walls, &wrong), GSL_EDOM);
    assert_int_equal(bounds_lifted(walls, &wrong), GSL_EDOM);
    expect_shape(&s, "as it was after an error", fmpz_equal(walls, phi));
    fmpz_clear(walls);
    fmpz_clear(phi);
}

// No layer is above (W) or (L).
static void test_no_layer_is_above(void **state) {
    (void)state;
    fmpz_t bound;
    fmpz_init(bound);
    for (slong seed = 0; seed < seeds_times(200); seed++) {
        stream_t stream = seeds_stream("above", seed);
        const bounds_layer_t s = draw_shape(&stream, 6);
        layer_t *layer = layer_alloc((slong)s.experts, (slong)s.active, (slong)s.width, (slong)s.dimension);
        layer_count_t count;
        layer_count_init(&count, layer->dimension);
        layer_build_draw(layer, (layer_build_kind_t)(seed % LAYER_BUILD_KINDS), &stream);
        if (layer_flats_count(layer, NULL, NULL, NULL, &count) == GSL_SUCCESS) {
            bounds_walls(bound, &s);
            expect_shape(&s, "(W)", fmpz_cmp(count.regions, bound) <= 0);
            bounds_lifted(bound, &s);
            expect_shape(&s, "(L)", fmpz_cmp(count.regions, bound) <= 0);
        }
        layer_count_clear(&count);
        layer_free(layer);
    }
    fmpz_clear(bound);
}

// ---- Cells ----

// The values of the swaps by a search over all words of swaps, for few experts.
static void search_swaps(ulong *order, ulong n, ulong place, ulong swaps, ulong *most) {
    bool last = true;
    for (ulong i = 0; i + 1 < n; i++)
        if (order[i] < order[i + 1]) {
            last = false;
            const ulong left = order[i];
            order[i] = order[i + 1];
            order[i + 1] = left;
            search_swaps(order, n, place, swaps + (i + 1 == place), most);
            order[i + 1] = order[i];
            order[i] = left;
        }
    if (last && swaps > *most)
        *most = swaps;
}

static void test_line(void **state) {
    (void)state;
    ulong cells[BOUNDS_LINE_EXPERTS + 1];
    for (ulong n = 1; n <= 5; n++) {
        assert_int_equal(bounds_line(n, cells), GSL_SUCCESS);
        for (ulong k = 0; k <= n; k++) {
            ulong order[] = {0, 1, 2, 3, 4}, most = 0;
            search_swaps(order, n, k, 0, &most);
            assert_int_equal(cells[k], 1 + (k == n ? 0 : most));
        }
    }
    // Halving lines of 8 points: 9 at most (OEIS A076523), so 10 cells.
    assert_int_equal(bounds_line(8, cells), GSL_SUCCESS);
    assert_int_equal(cells[4], 10);
    assert_int_equal(bounds_line(0, cells), GSL_EDOM);
    assert_int_equal(bounds_line(BOUNDS_LINE_EXPERTS + 1, cells), GSL_EDOM);
}

// Above the cells of the moment curve, and of the right order for k = 1: the facets of cyclic polytopes.
static void test_sampled(void **state) {
    (void)state;
    fmpq_t cells;
    fmpq_init(cells);
    for (ulong d = 1; d <= 3; d++)
        for (ulong k = 1; k <= 3; k++) {
            const bounds_layer_t s = {2 * (d + k + 1) + 3, k, 0, d};
            layer_t *layer = layer_alloc((slong)s.experts, (slong)k, 0, (slong)d);
            stream_t stream = seeds_stream("sampled", (slong)(10 * d + k));
            layer_count_t count;
            layer_count_init(&count, (slong)d);
            layer_build_draw(layer, LAYER_BUILD_MOMENT, &stream);
            assert_int_equal(layer_flats_count(layer, NULL, NULL, NULL, &count), GSL_SUCCESS);
            assert_int_equal(bounds_sampled(cells, s.experts, k, d), GSL_SUCCESS);
            fmpz_mul(count.regions, count.regions, fmpq_denref(cells));
            expect_shape(&s, "cells", fmpz_cmp(count.regions, fmpq_numref(cells)) <= 0);
            layer_count_clear(&count);
            layer_free(layer);
        }
    // k = 1: r = N, so 1 + N + (2 N - 4) for d = 2.
    bounds_sampled(cells, 50, 1, 2);
    assert_true(fmpq_cmp_si(cells, 1 + 50 + 96) == 0);
    assert_int_equal(bounds_sampled(cells, 9, 2, 2), GSL_EDOM);
    assert_int_equal(bounds_sampled(cells, 100, 0, 2), GSL_EDOM);
    fmpq_clear(cells);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lifted), cmocka_unit_test(test_walls),
                                       cmocka_unit_test(test_no_layer_is_above), cmocka_unit_test(test_line),
                                       cmocka_unit_test(test_sampled)};
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    flint_cleanup();
    return failed;
}
