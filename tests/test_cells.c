// SPDX-License-Identifier: GPL-3.0-or-later
// geometry/router, cells, hypersimplex and power, and routing/gates: against enumeration by linear inequalities, against
// points drawn at random, and on cases that are known.
#include "geometry/cells.h"
#include "geometry/hypersimplex.h"
#include "geometry/power.h"
#include "geometry/router.h"
#include "routing/gates.h"

#include "support.h"
#include "support/brute.h"
#include "support/cases.h"
#include "support/families.h"
#include "support/seeds.h"

#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>

enum { MOST_EXPERTS = 16 };

static layer_t *router_of(slong experts, slong active, slong dimension, const slong *entries) {
    layer_t *layer = families_written(experts, active, 0, dimension, entries);
    assert_non_null(layer);
    return layer;
}

static cells_t cells_of(const layer_t *layer) {
    cells_t cells;
    assert_int_equal(cells_find(layer, &cells), GSL_SUCCESS);
    return cells;
}

// ---- Cells of random routers, degenerate ones among them ----

static void draw_point(stream_t *stream, fmpz *point, slong dimension) {
    for (slong j = 0; j < dimension; j++)
        fmpz_set_si(point + j, seeds_pick(stream, -30, 30));
    fmpz_set_si(point + dimension, seeds_pick(stream, 1, 9));
}

// The members of the top k at a point, or false for a tie at the threshold.
static bool find_top(const layer_t *layer, const fmpz *point, slong *members) {
    slong found = 0;
    for (slong i = 0; i < layer->experts; i++) {
        slong above = 0, level = 0;
        for (slong j = 0; j < layer->experts; j++) {
            const int sign = router_sign(layer, j, i, point);
            above += sign > 0;
            level += sign == 0 && j != i;
        }
        assert_int_equal(router_not_below(layer, i, point), above + level);
        if (above < layer->active) {
            if (above + level >= layer->active)
                return false;
            members[found++] = i;
        }
    }
    return true;
}

static void check_facets(const expect_case_t *subject, const cells_t *cells, slong c) {
    const layer_t *layer = cells->layer;
    const cells_cell_t *cell = cells->cell + c;
    for (slong f = 0; f < cell->facets; f++) {
        const cells_facet_t *facet = cell->facet + f;
        expect_true(subject, "a facet separates a member from another expert",
                    cells_has(cells, c, facet->member) && !cells_has(cells, c, facet->other));
        expect_si(subject, "the two logits at the facet",
                  router_sign(layer, facet->member, facet->other, facet->point), 0);
        expect_true(subject, "a neighbour", facet->neighbour >= 0 && facet->neighbour != c);
        expect_true(subject, "the neighbour's neighbour", cells_joined(cells, facet->neighbour, c));
        slong swaps = 0;
        for (slong i = 0; i < layer->experts; i++)
            swaps += cells_has(cells, c, i) && !cells_has(cells, facet->neighbour, i);
        expect_si(subject, "swaps", facet->swaps, swaps);
        expect_true(subject, "ties", facet->tied >= 2 * swaps);
    }
}

// Points of segments between interior points that the expert serves.
static void check_region(const expect_case_t *subject, const cells_t *cells, slong expert, stream_t *stream) {
    const slong d = cells->layer->dimension;
    cells_gap_t gap;
    cells_gap_init(&gap, d);
    const bool convex = cells_served_convex(cells, expert, &gap);
    if (!convex) {
        expect_true(subject, "the gap holds", cells_gap_holds(cells, expert, &gap));
        expect_true(subject, "a gap for another expert does not",
                    !cells_gap_holds(cells, cells->cell[gap.across].members[0], &gap));
        expect_true(subject, "the place between is not served",
                    !router_served(cells->layer, expert, gap.between));
    }
    fmpz *p = _fmpz_vec_init(d + 1), *q = _fmpz_vec_init(d + 1);
    for (int i = 0; convex && i < 20; i++) {
        draw_point(stream, p, d);
        draw_point(stream, q, d);
        if (!router_served(cells->layer, expert, p) || !router_served(cells->layer, expert, q))
            continue;
        _fmpz_vec_add(p, p, q, d + 1); // a point between
        expect_true(subject, "a point between two of a convex region",
                    router_served(cells->layer, expert, p));
    }
    _fmpz_vec_clear(p, d + 1);
    _fmpz_vec_clear(q, d + 1);
    cells_gap_clear(&gap, d);
}

static void test_random_routers(void **state) {
    (void)state;
    for (slong seed = 0; seed < seeds_times(150); seed++) {
        stream_t stream;
        const expect_case_t subject =
            cases_layer("cells", seed, (cases_limits_t){.experts = 6, .width = 0, .dimension = 3}, &stream);
        const layer_t *layer = subject.layer;
        const cells_t cells = cells_of(layer);
        slong members[MOST_EXPERTS];
        fmpz *point = _fmpz_vec_init(layer->dimension + 1);
        expect_si(&subject, "cells", cells.count, brute_layer(layer, NULL, NULL));
        for (slong c = 0; c < cells.count; c++) {
            expect_si(&subject, "index", cells_index(&cells, cells.cell[c].members), c);
            expect_true(&subject, "inside",
                        router_chosen(layer, cells.cell[c].members, cells.cell[c].inside));
            expect_true(&subject, "closed", cells_closed(&cells, c));
            check_facets(&subject, &cells, c);
        }
        for (int i = 0; i < 20; i++) {
            draw_point(&stream, point, layer->dimension);
            if (find_top(layer, point, members))
                expect_true(&subject, "a random point lies in a cell", cells_index(&cells, members) >= 0);
        }
        for (slong i = 0; i < layer->experts; i++)
            check_region(&subject, &cells, i, &stream);
        _fmpz_vec_clear(point, layer->dimension + 1);
        cells_t done = cells;
        cells_clear(&done);
        cases_end(&subject);
    }
}

static void test_known_cells(void **state) {
    (void)state;
    layer_t *layer = router_of(3, 1, 1, (slong[]){1, 0, -1, 0, 0, 1}); // x, -x, 1
    cells_t cells = cells_of(layer);
    assert_int_equal(cells.count, 3);
    assert_false(cells_bounded(&cells, 0));
    assert_false(cells_bounded(&cells, 1));
    assert_true(cells_bounded(&cells, 2));
    cells_clear(&cells);
    layer_free(layer);
    layer = router_of(4, 2, 1, (slong[]){2, 0, 1, 0, -1, 0, -2, 0}); // 2x, x, -x, -2x
    cells = cells_of(layer);
    assert_int_equal(cells.count, 2);
    assert_int_equal(cells.cell[0].facet[0].swaps, 2);
    assert_int_equal(cells.cell[0].facet[0].tied, 4);
    cells_clear(&cells);
    layer_free(layer);
    layer = router_of(2, 1, 1, (slong[]){3, 1, 3, 1}); // twins
    assert_int_equal(cells_find(layer, &cells), GSL_EDOM);
    layer_free(layer);
}

// ---- Routers ----

static void test_prescribed(void **state) {
    (void)state;
    for (slong seed = 0; seed < seeds_times(300); seed++) {
        stream_t stream = seeds_stream("prescribed", seed);
        const slong d = seeds_pick(&stream, 1, 6), n = seeds_pick(&stream, 1, d + 1);
        layer_t *layer = router_draw(n, d, seed % 2 == 0, 999, &stream);
        assert_non_null(layer);
        fmpz *point = _fmpz_vec_init(d + 1);
        slong values[8];
        fmpz_t left, right;
        fmpz_init(left);
        fmpz_init(right);
        for (slong i = 0; i < n; i++)
            values[i] = seeds_pick(&stream, -50, 50);
        if (router_prescribe(layer, values, point) != GSL_SUCCESS)
            fail_msg("case %ld: rows that are not independent", seed);
        assert_true(fmpz_sgn(point + d) > 0);
        for (slong i = 0; i < n; i++) { // z_i - z_0 = values_i - values_0
            _fmpz_vec_dot(left, layer->router->rows[i], point, d + 1);
            _fmpz_vec_dot(right, layer->router->rows[0], point, d + 1);
            fmpz_sub(left, left, right);
            fmpz_mul_si(right, point + d, values[i] - values[0]);
            assert_true(fmpz_equal(left, right));
        }
        fmpz_clear(left);
        fmpz_clear(right);
        _fmpz_vec_clear(point, d + 1);
        layer_free(layer);
    }
    layer_t *layer = router_of(3, 1, 1, (slong[]){1, 0, 2, 0, 3, 0});
    fmpz *point = _fmpz_vec_init(2);
    assert_int_equal(router_prescribe(layer, (slong[]){0, 1, 5}, point), GSL_ESING);
    _fmpz_vec_clear(point, 2);
    layer_free(layer);
}

static void test_lines(void **state) {
    (void)state;
    layer_t *layer = router_of(5, 2, 2, (slong[]){1, 0, 2, 4, 1, 1, 7, 2, 0, -2, -1, 3, 0, 0, 1});
    assert_true(router_on_a_line(layer, (slong[]){0, 1, 2, 3}, 4)); // steps of (3, 1, -1)
    assert_false(router_on_a_line(layer, (slong[]){0, 1, 4}, 3));
    assert_true(router_four_on_a_line(layer));
    fmpz_add_ui(fmpz_mat_entry(layer->router, 2, 2), fmpz_mat_entry(layer->router, 2, 2), 1);
    assert_false(router_four_on_a_line(layer));
    layer_free(layer);
}

static void test_hypersimplex(void **state) {
    (void)state;
    layer_t *layer = router_of(4, 2, 1, (slong[]){1, 10, 2, 20, 4, 40, 8, 80});
    hypersimplex_t h;
    const slong sums[] = {3, 5, 9, 6, 10, 12};
    assert_int_equal(hypersimplex_project(layer, true, &h), GSL_SUCCESS);
    assert_int_equal(h.count, 6);
    for (slong p = 0; p < 6; p++) {
        assert_true(fmpz_equal_si(h.hull.points->rows[p], sums[p]));
        assert_true(fmpz_equal_si(h.hull.points->rows[p] + 1, 10 * sums[p]));
    }
    assert_true(fmpz_is_zero(h.hull.directions->rows[0]));
    assert_true(fmpz_sgn(h.hull.directions->rows[0] + 1) < 0);
    hypersimplex_clear(&h);
    layer_free(layer);
}

// ---- Power diagrams ----

static void test_powers(void **state) {
    (void)state;
    for (slong seed = 0; seed < seeds_times(300); seed++) {
        stream_t stream = seeds_stream("powers", seed);
        const slong n = seeds_pick(&stream, 1, 7), d = seeds_pick(&stream, 1, 4);
        layer_t *layer = router_draw(n, d, seed % 3 > 0, 20, &stream);
        fmpq_mat_t sites;
        fmpq_mat_init(sites, n, d);
        fmpq *weights = _fmpq_vec_init(n), *x = _fmpq_vec_init(d);
        fmpz *point = _fmpz_vec_init(d + 1);
        power_sites(layer, sites, weights);
        draw_point(&stream, point, d);
        router_point(point, d, x);
        slong ties = 0, greatest = 0, equal = 0;
        const slong nearest = power_nearest(sites, weights, x, &ties);
        for (slong i = 0; i < n; i++)
            greatest += router_sign(layer, i, nearest, point) > 0;
        for (slong i = 0; i < n; i++)
            equal += router_sign(layer, i, nearest, point) == 0;
        if (greatest > 0 || equal != ties)
            fail_msg("case %ld: %ld greater logits, %ld equal ones, %ld ties", seed, greatest, equal, ties);
        fmpq_mat_clear(sites);
        _fmpq_vec_clear(weights, n);
        _fmpq_vec_clear(x, d);
        _fmpz_vec_clear(point, d + 1);
        layer_free(layer);
    }
}

// Four walls: possible if and only if the middle cell is shorter than its two neighbours together.
static void test_voronoi_lines(void **state) {
    (void)state;
    fmpq *walls = _fmpq_vec_init(4);
    power_line_t line;
    power_line_init(&line);
    for (slong seed = 0; seed < seeds_times(500); seed++) {
        stream_t stream = seeds_stream("lines", seed);
        slong lengths[3], at = seeds_pick(&stream, -9, 9);
        for (slong i = 0; i < 4; i++) {
            fmpq_set_si(walls + i, at, 3);
            if (i < 3)
                at += lengths[i] = seeds_pick(&stream, 1, 9);
        }
        const bool possible = lengths[1] < lengths[0] + lengths[2],
                   closed = lengths[1] <= lengths[0] + lengths[2];
        bool sound;
        if (power_line_bounds(walls, 4, &line) != possible ||
            power_line_distances(walls, 4, &sound) != closed || !sound)
            fail_msg("case %ld: lengths %ld %ld %ld", seed, lengths[0], lengths[1], lengths[2]);
        for (slong count = 0; count <= 3; count++)
            assert_true(power_line_bounds(walls, count, &line));
    }
    power_line_clear(&line);
    _fmpq_vec_clear(walls, 4);
}

// ---- Gates ----

static void test_gates(void **state) {
    (void)state;
    fmpq *logits = _fmpq_vec_init(4);
    fmpq_t temperature, tiny;
    fmpq_init(temperature);
    fmpq_init(tiny);
    fmpq_set_si(logits, 1, 3);
    fmpq_set_si(logits + 1, 1, 3);
    fmpq_set_si(logits + 2, -7000, 3);
    fmpq_set_si(tiny, 1, 1);
    fmpq_div_2exp(tiny, tiny, 300);
    fmpq_add(logits + 3, logits, tiny); // above the first by 2^-300
    fmpq_set_si(temperature, 1, 100);
    gates_order_t found = gates_compare(logits, 4, temperature, 4096);
    assert_int_equal(found.pairs, 6);
    assert_int_equal(found.ties, 1);
    assert_int_equal(found.wrong, 0);
    assert_int_equal(found.open, 0);
    assert_int_equal(found.precision, 512);
    found = gates_compare(logits, 4, temperature, 256);
    assert_int_equal(found.open, 2); // against each of the two that are equal
    assert_int_equal(found.precision, 256);
    _fmpq_vec_clear(logits, 4);
    fmpq_clear(temperature);
    fmpq_clear(tiny);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_routers), cmocka_unit_test(test_known_cells),
        cmocka_unit_test(test_prescribed),     cmocka_unit_test(test_lines),
        cmocka_unit_test(test_hypersimplex),   cmocka_unit_test(test_powers),
        cmocka_unit_test(test_voronoi_lines),  cmocka_unit_test(test_gates),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    flint_cleanup();
    return failed;
}
