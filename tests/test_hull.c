// SPDX-License-Identifier: GPL-3.0-or-later
// number/simplex and geometry/hull: systems with a planted solution or a planted refutation, polytopes whose vertices
// and edges are known.
#include "geometry/hull.h"
#include "number/simplex.h"

#include "support.h"
#include "support/seeds.h"

#include <flint/fmpz_vec.h>

enum { DIRECTIONS = 2 };

// ---- Linear programs ----

typedef struct {
    fmpz_mat_t system;
    fmpz *solution, *refutation;
    fmpz_t denominator;
} program_t;

static void program_init(program_t *p, slong rows, slong columns) {
    fmpz_mat_init(p->system, rows, columns + 1);
    p->solution = _fmpz_vec_init(columns);
    p->refutation = _fmpz_vec_init(rows);
    fmpz_init(p->denominator);
}

static void program_clear(program_t *p) {
    _fmpz_vec_clear(p->solution, p->system->c - 1);
    _fmpz_vec_clear(p->refutation, p->system->r);
    fmpz_mat_clear(p->system);
    fmpz_clear(p->denominator);
}

static void expect_program(const program_t *p, bool wanted, bool found, slong seed) {
    const bool proven = found ? simplex_solves(p->system, p->solution, p->denominator)
                              : simplex_refutes(p->system, p->refutation);
    if (found == wanted && proven)
        return;
    fmpz_mat_print_pretty(p->system);
    fail_msg("case %ld: solution %d, expected %d, proof %d", seed, found, wanted, proven);
}

// Entries -range..range; rows that repeat others now and then.
static void draw_system(program_t *p, stream_t *stream, slong range) {
    for (slong r = 0; r < p->system->r; r++)
        for (slong c = 0; c < p->system->c; c++)
            fmpz_set_si(p->system->rows[r] + c, seeds_pick(stream, -range, range));
    if (p->system->r > 1 && seeds_pick(stream, 0, 3) == 0)
        _fmpz_vec_scalar_mul_si(p->system->rows[1], p->system->rows[0], p->system->c, -3);
}

// b = A x for some x >= 0, most of whose entries are 0.
static void plant_solution(program_t *p, stream_t *stream) {
    const slong last = p->system->c - 1;
    for (slong r = 0; r < p->system->r; r++)
        fmpz_zero(p->system->rows[r] + last);
    for (slong c = 0; c < last; c++) {
        const slong x = seeds_pick(stream, 0, 2) == 0 ? seeds_pick(stream, 0, 9) : 0;
        for (slong r = 0; r < p->system->r; r++)
            fmpz_addmul_si(p->system->rows[r] + last, p->system->rows[r] + c, x);
    }
}

// Columns with y.a > 0 change sign, and b with y.b <= 0 as well, or grows until y.b > 0.
static void plant_refutation(program_t *p, stream_t *stream) {
    const slong rows = p->system->r;
    slong y[8];
    for (slong r = 0; r < rows; r++)
        y[r] = seeds_pick(stream, 1, 5) * (seeds_pick(stream, 0, 1) ? 1 : -1);
    fmpz_t product;
    fmpz_init(product);
    for (slong c = 0; c < p->system->c; c++) {
        const bool right = c == p->system->c - 1;
        fmpz_zero(product);
        for (slong r = 0; r < rows; r++)
            fmpz_addmul_si(product, p->system->rows[r] + c, y[r]);
        if (right ? fmpz_sgn(product) < 0 : fmpz_sgn(product) > 0)
            for (slong r = 0; r < rows; r++)
                fmpz_neg(p->system->rows[r] + c, p->system->rows[r] + c);
        if (right && fmpz_is_zero(product))
            fmpz_add_si(p->system->rows[0] + c, p->system->rows[0] + c, y[0]);
    }
    fmpz_clear(product);
}

static void test_planted(void **state) {
    (void)state;
    for (slong seed = 0; seed < seeds_times(2000); seed++) {
        stream_t stream = seeds_stream("planted", seed);
        program_t p;
        program_init(&p, seeds_pick(&stream, 1, 6), seeds_pick(&stream, 1, 12));
        draw_system(&p, &stream, seed % 5 == 0 ? WORD(1) << 61 : 7);
        const bool solvable = seed % 2 == 0;
        if (solvable)
            plant_solution(&p, &stream);
        else
            plant_refutation(&p, &stream);
        const bool found = simplex_solve(p.system, p.solution, p.denominator, p.refutation);
        expect_program(&p, solvable, found, seed);
        program_clear(&p);
    }
}

static void test_false_proofs(void **state) {
    (void)state;
    program_t p; // x_1 - x_2 = 3, 2 x_2 = 1
    program_init(&p, 2, 2);
    const slong entries[] = {1, -1, 3, 0, 2, 1};
    for (slong i = 0; i < 6; i++)
        fmpz_set_si(p.system->rows[i / 3] + i % 3, entries[i]);
    assert_true(simplex_solve(p.system, p.solution, p.denominator, p.refutation));
    assert_true(simplex_solves(p.system, p.solution, p.denominator));
    fmpz_mul_ui(p.solution, p.solution, 2);
    assert_false(simplex_solves(p.system, p.solution, p.denominator));
    fmpz_set_si(p.refutation, 1);
    fmpz_set_si(p.refutation + 1, 1); // y'A = (1, 1)
    assert_false(simplex_refutes(p.system, p.refutation));
    fmpz_set_si(p.refutation, -1);
    fmpz_set_si(p.refutation + 1, -1); // y'A = (-1, -1), y'b = -4
    assert_false(simplex_refutes(p.system, p.refutation));
    program_clear(&p);
}

// ---- Polytopes ----

// Whether a point is a vertex, with its proof looked at.
static bool is_vertex(const hull_t *hull, slong p) {
    const slong proofs = hull->points->r + hull->directions->r;
    fmpz *functional = _fmpz_vec_init(hull->points->c), *weights = _fmpz_vec_init(proofs);
    const bool vertex = hull_vertex(hull, p, functional, weights);
    assert_true(vertex ? hull_exposes(hull, p, functional) : hull_covers(hull, p, weights));
    assert_false(vertex ? hull_covers(hull, p, weights) : hull_exposes(hull, p, functional));
    _fmpz_vec_clear(functional, hull->points->c);
    _fmpz_vec_clear(weights, proofs);
    return vertex;
}

// All points of {0, 1, 2}^d: the vertices are those without a 1, and the edges change one coordinate.
static void test_cube(void **state) {
    (void)state;
    for (slong d = 1; d <= 4; d++) {
        slong points = 1;
        for (slong j = 0; j < d; j++)
            points *= 3;
        hull_t hull;
        hull_init(&hull, points, 0, d);
        for (slong p = 0; p < points; p++)
            for (slong j = 0, rest = p; j < d; j++, rest /= 3)
                fmpz_set_si(hull.points->rows[p] + j, rest % 3);
        for (slong p = 0; p < points; p++) {
            bool corner = true;
            for (slong rest = p, j = 0; j < d; j++, rest /= 3)
                corner = corner && rest % 3 != 1;
            assert_int_equal(is_vertex(&hull, p), corner);
        }
        for (slong j = 0, step = 2; j < d; j++, step *= 3)
            for (slong i = 0, other = 2; i < d; i++, other *= 3) {
                assert_true(hull_edge(&hull, 0, step));
                if (i != j)
                    assert_false(hull_edge(&hull, 0, step + other));
            }
        hull_clear(&hull);
    }
}

// n points of the moment curve in R^d: all are vertices; from d = 4 on all pairs are edges, for d = 2 and 3 those of a
// polygon (n) and of a triangulated sphere (3n - 6).
static void test_cyclic(void **state) {
    (void)state;
    const slong n = 8;
    for (slong d = 2; d <= 5; d++) {
        hull_t hull;
        hull_init(&hull, n, 0, d);
        for (slong p = 0; p < n; p++)
            for (slong j = 0; j < d; j++) {
                fmpz_set_si(hull.points->rows[p] + j, 3 * p - 7);
                fmpz_pow_ui(hull.points->rows[p] + j, hull.points->rows[p] + j, (ulong)j + 1);
            }
        slong edges = 0;
        for (slong p = 0; p < n; p++) {
            assert_true(is_vertex(&hull, p));
            for (slong q = 0; q < p; q++)
                edges += hull_edge(&hull, p, q);
        }
        assert_int_equal(edges, d == 2 ? n : d == 3 ? 3 * n - 6 : n * (n - 1) / 2);
        hull_clear(&hull);
    }
}

static void test_repeated(void **state) {
    (void)state;
    hull_t hull; // (0, 0) twice, (4, 0), (2, 0), (0, 3)
    hull_init(&hull, 5, 0, 2);
    const slong points[] = {0, 0, 0, 0, 4, 0, 2, 0, 0, 3};
    const bool vertices[] = {false, false, true, false, true};
    for (slong i = 0; i < 10; i++)
        fmpz_set_si(hull.points->rows[i / 2] + i % 2, points[i]);
    for (slong p = 0; p < 5; p++)
        assert_int_equal(is_vertex(&hull, p), vertices[p]);
    assert_true(hull_edge(&hull, 2, 4));
    hull_clear(&hull);
}

// Points on a parabola that opens down, and others below, with the direction down: those above are the vertices, and
// neighbours are joined; with a second direction to the right only those left of the top.
static void test_directions(void **state) {
    (void)state;
    for (slong directions = 1; directions <= DIRECTIONS; directions++) {
        hull_t hull;
        hull_init(&hull, 9, directions, 2);
        for (slong p = 0; p < 9; p++) {
            const slong x = 2 * p - 7;
            fmpz_set_si(hull.points->rows[p], x);
            fmpz_set_si(hull.points->rows[p] + 1, -x * x - (p == 8 ? 200 : 0));
        }
        fmpz_set_si(hull.directions->rows[0] + 1, -1);
        if (directions == 2)
            fmpz_set_si(hull.directions->rows[1], 1);
        for (slong p = 0; p < 9; p++) // x = -7, -5, ..., 7, and (9, -281)
            assert_int_equal(is_vertex(&hull, p), directions == 1 || p <= 3);
        for (slong p = 0; p < 4; p++)
            for (slong q = 0; q < p; q++)
                assert_int_equal(hull_edge(&hull, p, q), p - q == 1);
        hull_clear(&hull);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_planted),  cmocka_unit_test(test_false_proofs),
        cmocka_unit_test(test_cube),     cmocka_unit_test(test_cyclic),
        cmocka_unit_test(test_repeated), cmocka_unit_test(test_directions),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    flint_cleanup();
    return failed;
}
