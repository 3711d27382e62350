// SPDX-License-Identifier: GPL-3.0-or-later
// geometry/zonotope: patterns of vertices against the regions of central and of affine arrangements by linear
// inequalities, points by support functions, Minkowski sums, and what is degenerate.
#include "geometry/zonotope.h"

#include "support.h"
#include "support/brute.h"
#include "support/cases.h"
#include "support/seeds.h"

#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>
#include <string.h>

enum { PLANES = 7, DIMENSION = 3, DRAWS = 20 };

// The zonotope of the first `dimension` columns of rows.
static zonotope_t *zonotope_of(const fmpz_mat_t rows, slong dimension) {
    zonotope_t *z = zonotope_alloc(rows->r, dimension);
    assert_non_null(z);
    for (slong i = 0; i < rows->r; i++)
        _fmpz_vec_set(z->generators->rows[i], rows->rows[i], dimension);
    return z;
}

// ---- Patterns ----

typedef struct {
    const zonotope_vertices_t *vertices;
    const bool *side; // only these vertices; NULL: all
    slong regions, matched;
} match_t;

// Rows with w = 0, whose sign is 0 in a region, are not compared.
static void match_region(void *context, const brute_region_t *region) {
    match_t *match = context;
    const slong n = match->vertices->generators;
    slong found = 0;
    for (slong v = 0; v < match->vertices->count; v++) {
        bool same = match->side == NULL || match->side[v];
        for (slong i = 0; i < n; i++)
            same &= region->sign[i] == 0 || (region->sign[i] > 0) == match->vertices->active[v * n + i];
        found += same;
    }
    match->regions++;
    match->matched += found == 1;
}

static slong count_true(const bool *side, slong count) {
    slong sum = 0;
    for (slong i = 0; i < count; i++)
        sum += side[i];
    return sum;
}

// The vertices of the normals are the regions of the central arrangement; the upper ones of the rows (w, b) those of
// the affine one, and the lower ones as many.
static void test_patterns(void **state) {
    (void)state;
    for (slong seed = 0; seed < seeds_times(300); seed++) {
        stream_t stream;
        const expect_case_t subject = cases_arrangement("patterns", seed, PLANES, DIMENSION, &stream);
        arrangement_t *a = cases_arrangement_of(&subject);
        zonotope_t *lifted = zonotope_of(a->rows, a->dimension + 1),
                   *normals = zonotope_of(a->rows, a->dimension);
        zonotope_vertices_t vertices;
        assert_int_equal(zonotope_vertices(lifted, &vertices), GSL_SUCCESS);
        match_t match = {.vertices = &vertices, .side = vertices.upper};
        brute_arrangement(a, match_region, &match);
        expect_si(&subject, "upper vertices with a region", match.matched, match.regions);
        expect_si(&subject, "upper vertices", count_true(vertices.upper, vertices.count), match.regions);
        expect_si(&subject, "lower vertices", count_true(vertices.lower, vertices.count), match.regions);
        zonotope_vertices_clear(&vertices);

        for (slong i = 0; i < a->planes; i++)
            fmpz_zero(fmpz_mat_entry(a->rows, i, a->dimension));
        assert_int_equal(zonotope_vertices(normals, &vertices), GSL_SUCCESS);
        match = (match_t){.vertices = &vertices};
        brute_arrangement(a, match_region, &match);
        expect_si(&subject, "vertices with a central region", match.matched, match.regions);
        expect_si(&subject, "vertices", vertices.count, match.regions);
        zonotope_vertices_clear(&vertices);
        zonotope_free(lifted);
        zonotope_free(normals);
        cases_end(&subject);
    }
}

// ---- Points ----

static void support_of(fmpz_t best, const fmpz_mat_t points, const fmpz *u) {
    fmpz_t height;
    fmpz_init(height);
    for (slong v = 0; v < points->r; v++) {
        _fmpz_vec_dot(height, points->rows[v], u, points->c);
        if (v == 0 || fmpz_cmp(height, best) > 0)
            fmpz_set(best, height);
    }
    fmpz_clear(height);
}

static void draw_functional(fmpz *u, slong length, stream_t *stream) {
    for (slong i = 0; i < length; i++)
        fmpz_set_si(u + i, seeds_pick(stream, -9, 9));
}

// The largest value of u over the vertices is the sum of all positive u.g_i.
static void test_support(void **state) {
    (void)state;
    fmpz_t best, sum, height;
    fmpz_init(best);
    fmpz_init(sum);
    fmpz_init(height);
    for (slong seed = 0; seed < seeds_times(100); seed++) {
        stream_t stream;
        const expect_case_t subject = cases_arrangement("support", seed, PLANES, DIMENSION, &stream);
        zonotope_t *z = zonotope_of(subject.a->rows, subject.a->dimension);
        zonotope_vertices_t vertices;
        assert_int_equal(zonotope_vertices(z, &vertices), GSL_SUCCESS);
        fmpz *u = _fmpz_vec_init(z->dimension);
        for (int draw = 0; draw < DRAWS; draw++) {
            draw_functional(u, z->dimension, &stream);
            support_of(best, vertices.points, u);
            fmpz_zero(sum);
            for (slong i = 0; i < z->count; i++) {
                _fmpz_vec_dot(height, z->generators->rows[i], u, z->dimension);
                if (fmpz_sgn(height) > 0)
                    fmpz_add(sum, sum, height);
            }
            expect_fmpz(&subject, "support function", best, sum);
        }
        _fmpz_vec_clear(u, z->dimension);
        zonotope_vertices_clear(&vertices);
        zonotope_free(z);
        cases_end(&subject);
    }
    fmpz_clear(best);
    fmpz_clear(sum);
    fmpz_clear(height);
}

// Every vertex of a Minkowski sum is the sum of two vertices, and the support functions add up.
static void test_sum(void **state) {
    (void)state;
    for (slong seed = 0; seed < seeds_times(60); seed++) {
        stream_t stream;
        const expect_case_t subject = cases_arrangement("sum", seed, PLANES, DIMENSION, &stream);
        const slong m = subject.a->dimension, half = subject.a->planes / 2;
        fmpz_mat_t window;
        zonotope_vertices_t vertices[3];
        zonotope_t *z[3];
        for (int part = 0; part < 2; part++) {
            fmpz_mat_window_init(window, subject.a->rows, part == 0 ? 0 : half, 0,
                                 part == 0 ? half : subject.a->planes, m + 1);
            z[part] = zonotope_of(window, m);
            fmpz_mat_window_clear(window);
        }
        z[2] = zonotope_sum(z[0], z[1]);
        assert_non_null(z[2]);
        for (int part = 0; part < 3; part++)
            assert_int_equal(zonotope_vertices(z[part], &vertices[part]), GSL_SUCCESS);
        fmpz *sum = _fmpz_vec_init(m);
        for (slong v = 0; v < vertices[2].count; v++) {
            slong found = 0;
            for (slong p = 0; p < vertices[0].count; p++)
                for (slong q = 0; q < vertices[1].count; q++) {
                    _fmpz_vec_add(sum, vertices[0].points->rows[p], vertices[1].points->rows[q], m);
                    found += _fmpz_vec_equal(sum, vertices[2].points->rows[v], m);
                }
            expect_si(&subject, "pairs of vertices with this sum", found, 1);
        }
        fmpz_t best[3];
        for (int part = 0; part < 3; part++)
            fmpz_init(best[part]);
        draw_functional(sum, m, &stream);
        for (int part = 0; part < 3; part++)
            support_of(best[part], vertices[part].points, sum);
        fmpz_add(best[0], best[0], best[1]);
        expect_fmpz(&subject, "support functions", best[2], best[0]);
        for (int part = 0; part < 3; part++) {
            fmpz_clear(best[part]);
            zonotope_vertices_clear(&vertices[part]);
            zonotope_free(z[part]);
        }
        _fmpz_vec_clear(sum, m);
        cases_end(&subject);
    }
}

// ---- Special cases ----

static void expect_vertices(slong count, slong dimension, const slong *entries, slong vertices, slong upper) {
    zonotope_t *z = zonotope_alloc(count, dimension);
    zonotope_vertices_t found;
    assert_non_null(z);
    for (slong i = 0; i < count * dimension; i++)
        fmpz_set_si(fmpz_mat_entry(z->generators, i / dimension, i % dimension), entries[i]);
    assert_int_equal(zonotope_vertices(z, &found), GSL_SUCCESS);
    assert_int_equal(found.count, vertices);
    assert_int_equal(count_true(found.upper, found.count), upper);
    for (slong v = 1; v < found.count; v++)
        assert_true(memcmp(found.active + (v - 1) * count, found.active + v * count, (size_t)count) < 0);
    zonotope_vertices_clear(&found);
    zonotope_free(z);
}

static void test_special(void **state) {
    (void)state;
    expect_vertices(0, 2, NULL, 1, 1);                                // the origin
    expect_vertices(2, 2, (const slong[]){0, 0, 0, 0}, 1, 1);         // again
    expect_vertices(3, 1, (const slong[]){2, -3, 5}, 2, 1);           // a segment, up
    expect_vertices(1, 2, (const slong[]){0, -7}, 2, 1);              // a segment, down
    expect_vertices(2, 2, (const slong[]){3, 0, -6, 0}, 2, 2);        // a flat one
    expect_vertices(3, 2, (const slong[]){1, 2, -2, -4, 0, 0}, 2, 2); // an oblique one
    expect_vertices(3, 3, (const slong[]){1, 0, 0, 0, 1, 0, 1, 1, -1}, 8, 7);
    expect_vertices(3, 2, (const slong[]){1, 0, 0, 1, 1, 1}, 6, 3);
    assert_null(zonotope_alloc(-1, 2));
    assert_null(zonotope_alloc(2, 0));
    zonotope_t *p = zonotope_alloc(1, 2), *q = zonotope_alloc(1, 3);
    assert_null(zonotope_sum(p, q));
    zonotope_free(p);
    zonotope_free(q);
    zonotope_t *wide = zonotope_alloc(ZONOTOPE_RANK + 1, ZONOTOPE_RANK + 1);
    zonotope_vertices_t untouched = {.count = -5};
    for (slong i = 0; i <= ZONOTOPE_RANK; i++)
        fmpz_one(fmpz_mat_entry(wide->generators, i, i));
    assert_int_equal(zonotope_vertices(wide, &untouched), GSL_EDOM);
    assert_int_equal(untouched.count, -5);
    zonotope_free(wide);
    zonotope_free(NULL);
}

int main(void) {
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_support),
        cmocka_unit_test(test_sum),
        cmocka_unit_test(test_special),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    flint_cleanup();
    return failed;
}
