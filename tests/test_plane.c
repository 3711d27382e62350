// SPDX-License-Identifier: GPL-3.0-or-later
// geometry/plane against geometry/polyhedron, on small and mostly degenerate cells.
#include "geometry/plane.h"

#include "geometry/polyhedron.h"
#include "support.h"

#include <flint/flint.h>
#include <gsl/gsl_errno.h>

enum { ROWS = PLANE_WALLS + 2 };

static plane_line_t draw_line(stream_t *stream, size_t range) {
    int64_t entries[3];
    for (int j = 0; j < 3; j++)
        entries[j] = (int64_t)draw_below(stream, 2 * range + 1) - (int64_t)range;
    return (plane_line_t){{entries[0], entries[1]}, entries[2]};
}

static void set_row(fmpz_mat_t rows, slong r, const plane_line_t *l) {
    fmpz_set_si(fmpz_mat_entry(rows, r, 0), l->w[0]);
    fmpz_set_si(fmpz_mat_entry(rows, r, 1), l->w[1]);
    fmpz_set_si(fmpz_mat_entry(rows, r, 2), l->b);
}

// Cuts the plane by the walls; false when nothing is left.
static bool cut_walls(polyhedron_t **cell, polyhedron_t **other, int walls) {
    for (int i = 0; i < walls; i++) {
        const polyhedron_side_t side = polyhedron_side(*cell, i);
        if (side == POLYHEDRON_NEGATIVE || side == POLYHEDRON_INSIDE)
            return false;
        if (side == POLYHEDRON_POSITIVE)
            continue;
        assert_int_equal(polyhedron_cut(*other, *cell, i, 1), GSL_SUCCESS);
        polyhedron_t *const swap = *cell;
        *cell = *other;
        *other = swap;
    }
    return true;
}

static void test_meets(void **state) {
    (void)state;
    stream_t stream = stream_at(6, stream_experiment("plane meets"), 0);
    int meeting = 0, crossings = 0;
    for (int i = 0; i < 3000; i++) {
        const size_t range = 1 + (size_t)(i % 5) * 3;
        plane_cell_t cell = {.walls = i % (PLANE_WALLS + 1)};
        plane_line_t lines[2];
        fmpz_mat_t rows;
        fmpz_mat_init(rows, ROWS, 3);
        for (int w = 0; w < cell.walls; w++) {
            cell.wall[w] = draw_line(&stream, range);
            set_row(rows, w, &cell.wall[w]);
        }
        for (int l = 0; l < 2; l++) {
            do
                lines[l] = draw_line(&stream, range);
            while (!plane_is_line(&lines[l]));
            set_row(rows, PLANE_WALLS + l, &lines[l]);
        }
        polyhedron_rows_t *shared = polyhedron_rows_alloc(rows);
        polyhedron_t *p = polyhedron_alloc(shared), *other = polyhedron_alloc(shared);
        const bool cut =
            cut_walls(&p, &other, cell.walls) && polyhedron_side(p, PLANE_WALLS) == POLYHEDRON_BOTH;
        assert_int_equal(cut, plane_meets(&lines[0], &cell));
        meeting += cut;
        plane_point_t point;
        const bool cross = plane_crossing(&lines[0], &lines[1], &point);
        if (cut) {
            assert_int_equal(polyhedron_cut(other, p, PLANE_WALLS, 0), GSL_SUCCESS);
            const polyhedron_side_t side = polyhedron_side(other, PLANE_WALLS + 1);
            assert_int_equal(side == POLYHEDRON_BOTH, cross && plane_inside(&point, &cell));
            assert_int_equal(side == POLYHEDRON_INSIDE, plane_same_line(&lines[0], &lines[1]));
            crossings += side == POLYHEDRON_BOTH;
        }
        polyhedron_free(p);
        polyhedron_free(other);
        polyhedron_rows_free(shared);
        fmpz_mat_clear(rows);
    }
    assert_in_range(meeting, 300, 2900);
    assert_in_range(crossings, 100, 2900);
}

static void test_points(void **state) {
    (void)state;
    const plane_line_t l = {{2, 0}, -1}, m = {{0, -3}, 2}; // x = 1/2, y = 2/3
    plane_point_t p, q = {3, 4, 6};
    assert_true(plane_crossing(&l, &m, &p) && p.weight > 0);
    assert_true(plane_same_point(&p, &q));
    q.x = 4;
    assert_false(plane_same_point(&p, &q));
    assert_true(plane_same_line(&l, &(plane_line_t){{-4, 0}, 2}));
    assert_false(plane_same_line(&l, &(plane_line_t){{4, 0}, 2}));
}

int main(void) {
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_meets), cmocka_unit_test(test_points)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    flint_cleanup();
    return failed;
}
