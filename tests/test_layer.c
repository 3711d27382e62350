// SPDX-License-Identifier: GPL-3.0-or-later
// geometry/layer and slice: shapes, text, twins and dead units against their definitions; slices against the values of
// all rows at rational points of the plane or line.
#include "geometry/layer.h"

#include "geometry/slice.h"
#include "support.h"
#include "support/expect.h"
#include "support/families.h"
#include "support/seeds.h"

#include <flint/fmpq_vec.h>
#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>

// ---- Layers ----

static void test_shapes(void **state) {
    (void)state;
    static const slong bad[][4] = {{0, 1, 1, 1},
                                   {1, 0, 1, 1},
                                   {2, 3, 1, 1},
                                   {1, 1, -1, 1},
                                   {1, 1, 1, 0},
                                   {-1, -1, 1, 1},
                                   {WORD(1) << 20, 1, WORD(1) << 20, 4}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_null(layer_alloc(bad[i][0], bad[i][1], bad[i][2], bad[i][3]));
    layer_t *layer = layer_alloc(3, 2, 4, 5);
    assert_non_null(layer);
    assert_true(layer->experts == 3 && layer->active == 2 && layer->width == 4 && layer->dimension == 5);
    assert_true(fmpz_mat_nrows(layer->router) == 3 && fmpz_mat_ncols(layer->router) == 6);
    assert_true(fmpz_mat_nrows(layer->rows) == 12 && fmpz_mat_ncols(layer->rows) == 6);
    assert_true(fmpz_mat_is_zero(layer->router) && fmpz_mat_is_zero(layer->rows));
    static const slong owners[12] = {0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2};
    for (slong row = 0; row < 12; row++)
        assert_int_equal(layer_owner(layer, row), owners[row]);
    layer_free(layer);
    layer_free(NULL);
    layer_count_t count;
    layer_count_init(&count, 5);
    assert_true(count.levels == 6 && fmpz_is_zero(count.regions) && _fmpz_vec_is_zero(count.level, 6));
    layer_count_clear(&count);
}

static void expect_text(const layer_t *layer, const char *expected) {
    char *text = NULL;
    size_t length;
    FILE *stream = open_memstream(&text, &length);
    assert_non_null(stream);
    layer_print(stream, layer);
    fclose(stream);
    assert_string_equal(text, expected);
    free(text);
}

static void test_text(void **state) {
    (void)state;
    layer_t *layer = layer_alloc(2, 1, 1, 2);
    assert_non_null(layer);
    for (slong i = 0; i < 6; i++) {
        fmpz_set_si(layer->router->entries + i, i - 2);
        fmpz_set_si(layer->rows->entries + i, 10 - i);
    }
    fmpz_mul_2exp(layer->rows->entries, layer->rows->entries, 70);
    expect_text(layer, "moe 2 1 1 2\n-2 -1 0\n1 2 3\n11805916207174113034240 9 8\n7 6 5\n");
    layer_free(layer);
    layer = layer_alloc(1, 1, 0, 1); // a router alone
    expect_text(layer, "moe 1 1 0 1\n0 0\n");
    layer_free(layer);
}

static bool same_logits(const layer_t *layer, slong i, slong j) {
    return _fmpz_vec_equal(layer->router->rows[i], layer->router->rows[j], layer->dimension + 1);
}

static void test_twins(void **state) {
    (void)state;
    slong with = 0, cases = seeds_times(2000);
    for (slong seed = 0; seed < cases; seed++) {
        stream_t stream = seeds_stream("twins", seed);
        const slong experts = seeds_pick(&stream, 1, 12), d = seeds_pick(&stream, 1, 3);
        layer_t *layer = layer_alloc(experts, 1, 0, d);
        assert_non_null(layer);
        const slong range = seeds_pick(&stream, 1, 5);
        for (slong i = 0; i < experts * (d + 1); i++)
            fmpz_set_si(layer->router->entries + i, seeds_pick(&stream, -range, range));
        bool expected = false;
        for (slong i = 0; i < experts; i++)
            for (slong j = 0; j < i; j++)
                expected |= same_logits(layer, i, j);
        slong first = -1, second = -1;
        const expect_case_t subject = {.test = "twins", .kind = "small", .seed = seed, .layer = layer};
        expect_true(&subject, "found twins if there are any",
                    layer_twins(layer, &first, &second) == expected);
        expect_true(&subject, "two experts with the same logits",
                    !expected || (first != second && same_logits(layer, first, second)));
        with += expected;
        layer_free(layer);
    }
    assert_true(with > 0 && with < cases);
}

static void test_dead_units(void **state) {
    (void)state;
    layer_t *layer = layer_alloc(2, 1, 3, 2);
    assert_non_null(layer);
    assert_int_equal(layer_dead_units(layer), 6);
    for (slong row = 0; row < 6; row++)
        fmpz_set_si(fmpz_mat_entry(layer->rows, row, 2), 7); // b alone makes no hyperplane
    assert_int_equal(layer_dead_units(layer), 6);
    fmpz_set_si(fmpz_mat_entry(layer->rows, 1, 1), -1);
    fmpz_set_si(fmpz_mat_entry(layer->rows, 5, 0), 1);
    assert_int_equal(layer_dead_units(layer), 4);
    layer_free(layer);
}

// ---- Slices ----

enum { PROBES = 12 };

static void draw_rational(fmpq_t x, stream_t *stream) {
    fmpq_set_si(x, seeds_pick(stream, -20, 20), (ulong)seeds_pick(stream, 1, 9));
}

// m + 1 rational points of R^d that span, for m <= d.
static void draw_points(fmpq_mat_t points, slong m, slong d, stream_t *stream) {
    fmpq_mat_t differences;
    fmpq_mat_init(points, m + 1, d);
    fmpq_mat_init(differences, m, d);
    do {
        for (slong i = 0; i <= m; i++)
            for (slong j = 0; j < d; j++)
                draw_rational(fmpq_mat_entry(points, i, j), stream);
        for (slong i = 0; i < m; i++)
            for (slong j = 0; j < d; j++)
                fmpq_sub(fmpq_mat_entry(differences, i, j), fmpq_mat_entry(points, i + 1, j),
                         fmpq_mat_entry(points, 0, j));
    } while (fmpq_mat_rref(differences, differences) < m);
    fmpq_mat_clear(differences);
}

// x = p0 + sum of y_i (p_i - p0).
static void place(fmpq *x, const fmpq_mat_t points, const fmpq *y) {
    fmpq_t difference;
    fmpq_init(difference);
    for (slong j = 0; j < fmpq_mat_ncols(points); j++) {
        fmpq_set(x + j, fmpq_mat_entry(points, 0, j));
        for (slong i = 1; i < fmpq_mat_nrows(points); i++) {
            fmpq_sub(difference, fmpq_mat_entry(points, i, j), fmpq_mat_entry(points, 0, j));
            fmpq_addmul(x + j, y + i - 1, difference);
        }
    }
    fmpq_clear(difference);
}

// w.x + b of a row.
static void value_at(fmpq_t value, const fmpz *row, const fmpq *x, slong d) {
    fmpq_t term;
    fmpq_init(term);
    fmpq_set_fmpz(value, row + d);
    for (slong j = 0; j < d; j++) {
        fmpq_mul_fmpz(term, x + j, row + j);
        fmpq_add(value, value, term);
    }
    fmpq_clear(term);
}

static int sign_at(const fmpz *row, const fmpq *x, slong d) {
    fmpq_t value;
    fmpq_init(value);
    value_at(value, row, x, d);
    const int sign = fmpq_sgn(value);
    fmpq_clear(value);
    return sign;
}

static int order_at(const fmpz_mat_t rows, slong i, slong j, const fmpq *x) {
    const slong d = fmpz_mat_ncols(rows) - 1;
    fmpz *difference = _fmpz_vec_init(d + 1);
    _fmpz_vec_sub(difference, rows->rows[i], rows->rows[j], d + 1);
    const int sign = sign_at(difference, x, d);
    _fmpz_vec_clear(difference, d + 1);
    return sign;
}

// Signs of all rows, at y in the slice and at its place in the whole space.
static void expect_signs(const expect_case_t *subject, const fmpz_mat_t whole, const fmpz_mat_t sliced,
                         const fmpq *x, const fmpq *y) {
    for (slong i = 0; i < fmpz_mat_nrows(whole); i++)
        expect_si(subject, "sign of a row", sign_at(sliced->rows[i], y, fmpz_mat_ncols(sliced) - 1),
                  sign_at(whole->rows[i], x, fmpz_mat_ncols(whole) - 1));
}

static void expect_order(const expect_case_t *subject, const fmpz_mat_t whole, const fmpz_mat_t sliced,
                         const fmpq *x, const fmpq *y) {
    for (slong i = 0; i < fmpz_mat_nrows(whole); i++)
        for (slong j = 0; j < i; j++)
            expect_si(subject, "order of two logits", order_at(sliced, i, j, y), order_at(whole, i, j, x));
}

// At random places, and at the points themselves, where y is 0 or a unit vector.
static void probe(const expect_case_t *subject, const fmpq_mat_t points, const fmpz_mat_struct *rows[2],
                  const fmpz_mat_struct *routers[2], stream_t *stream) {
    const slong m = fmpq_mat_nrows(points) - 1, d = fmpq_mat_ncols(points);
    fmpq *x = _fmpq_vec_init(d), *y = _fmpq_vec_init(m);
    for (slong p = 0; p < PROBES; p++) {
        for (slong i = 0; i < m; i++)
            if (p <= m)
                fmpq_set_si(y + i, p == i + 1, 1);
            else
                draw_rational(y + i, stream);
        place(x, points, y);
        expect_signs(subject, rows[0], rows[1], x, y);
        if (routers != NULL)
            expect_order(subject, routers[0], routers[1], x, y);
    }
    _fmpq_vec_clear(x, d);
    _fmpq_vec_clear(y, m);
}

static bool is_primitive(const fmpz_mat_t rows) {
    fmpz_t content;
    fmpz_init(content);
    bool primitive = true;
    for (slong i = 0; i < fmpz_mat_nrows(rows); i++) {
        _fmpz_vec_content(content, rows->rows[i], fmpz_mat_ncols(rows));
        primitive &= fmpz_cmp_ui(content, 1) <= 0;
    }
    fmpz_clear(content);
    return primitive;
}

static void test_slices_of_layers(void **state) {
    (void)state;
    for (slong seed = 0; seed < seeds_times(400); seed++) {
        stream_t stream = seeds_stream("slices of layers", seed);
        const families_kind_t kind = (families_kind_t)seeds_pick(&stream, 0, FAMILIES_KINDS - 1);
        const families_special_t special = (families_special_t)seeds_pick(&stream, 0, FAMILIES_SPECIALS - 1);
        const slong d = seeds_pick(&stream, 1, 5), m = seeds_pick(&stream, 1, d < 2 ? d : 2);
        layer_t *layer = families_layer(kind, special, 4, 2, seeds_pick(&stream, 0, 3), d, &stream),
                *slice = NULL;
        fmpq_mat_t points;
        draw_points(points, m, d, &stream);
        const expect_case_t subject = {.test = "slices of layers",
                                       .kind = families_kind_name(kind),
                                       .special = families_special_name(special),
                                       .seed = seed,
                                       .layer = layer};
        expect_si(&subject, "status", slice_layer(layer, points, &slice), GSL_SUCCESS);
        expect_true(&subject, "shape",
                    slice->experts == 4 && slice->active == 2 && slice->width == layer->width &&
                        slice->dimension == m);
        const fmpz_mat_struct *rows[2] = {layer->rows, slice->rows},
                              *routers[2] = {layer->router, slice->router};
        probe(&subject, points, rows, routers, &stream);
        expect_true(&subject, "primitive rows", is_primitive(slice->rows));
        fmpq_mat_clear(points);
        layer_free(layer);
        layer_free(slice);
    }
}

static void test_slices_of_arrangements(void **state) {
    (void)state;
    for (slong seed = 0; seed < seeds_times(400); seed++) {
        stream_t stream = seeds_stream("slices of arrangements", seed);
        const families_kind_t kind = (families_kind_t)seeds_pick(&stream, 0, FAMILIES_KINDS - 1);
        const slong d = seeds_pick(&stream, 1, 5), m = seeds_pick(&stream, 1, d < 2 ? d : 2);
        arrangement_t *a = families_random(kind, seeds_pick(&stream, 0, 8), d, &stream), *slice = NULL;
        fmpq_mat_t points;
        draw_points(points, m, d, &stream);
        const expect_case_t subject = {
            .test = "slices of arrangements", .kind = families_kind_name(kind), .seed = seed, .a = a};
        expect_si(&subject, "status", slice_arrangement(a, points, &slice), GSL_SUCCESS);
        expect_true(&subject, "shape", slice->planes == a->planes && slice->dimension == m);
        const fmpz_mat_struct *rows[2] = {a->rows, slice->rows};
        probe(&subject, points, rows, NULL, &stream);
        expect_true(&subject, "primitive rows", is_primitive(slice->rows));
        fmpq_mat_clear(points);
        arrangement_free(a);
        arrangement_free(slice);
    }
}

// A hyperplane that contains the flat or misses it has no normal there.
static void test_rows_that_do_not_cut(void **state) {
    (void)state;
    arrangement_t *a = arrangement_alloc(3, 3), *slice = NULL;
    arrangement_set(a, (const slong[]){0, 0, 5, 0, 0, 0, 3, -12, 2, 0, 0, 4});
    fmpq_mat_t points; // of the plane x_3 = 0
    fmpq_mat_init(points, 3, 3);
    fmpq_one(fmpq_mat_entry(points, 1, 0));
    fmpq_one(fmpq_mat_entry(points, 2, 1));
    assert_int_equal(slice_arrangement(a, points, &slice), GSL_SUCCESS);
    static const slong expected[9] = {0, 0, 0, 0, 0, -1, 1, 0, 2};
    for (slong i = 0; i < 9; i++)
        assert_true(fmpz_equal_si(slice->rows->entries + i, expected[i]));
    fmpq_mat_clear(points);
    arrangement_free(a);
    arrangement_free(slice);
}

static void expect_refused(const char *input, const fmpq_mat_t points, slong d) {
    layer_t *layer = layer_alloc(2, 1, 1, d), *layer_slice = NULL;
    arrangement_t *a = arrangement_alloc(2, d), *slice = NULL;
    assert_true(layer != NULL && a != NULL);
    if (slice_layer(layer, points, &layer_slice) != GSL_EDOM ||
        slice_arrangement(a, points, &slice) != GSL_EDOM || layer_slice != NULL || slice != NULL)
        fail_msg("%s: not refused", input);
    layer_free(layer);
    arrangement_free(a);
}

static void test_points_that_do_not_span(void **state) {
    (void)state;
    stream_t stream = seeds_stream("points that do not span", 0);
    for (slong m = 1; m <= 2; m++)
        for (slong d = 1; d <= 4; d++) {
            fmpq_mat_t points;
            fmpq_mat_init(points, m + 1, d);
            expect_refused(INPUT("%ld times the origin, d = %ld", m + 1, d), points, d);
            for (slong j = 0; j < d; j++) { // p, 3 p, -3/7 p
                draw_rational(fmpq_mat_entry(points, 0, j), &stream);
                fmpq_mul_si(fmpq_mat_entry(points, m, j), fmpq_mat_entry(points, 0, j), 3);
                if (m == 2)
                    fmpq_set(fmpq_mat_entry(points, 1, j), fmpq_mat_entry(points, 0, j));
            }
            if (m == 2)
                expect_refused(INPUT("three points of which two are equal, d = %ld", d), points, d);
            for (slong j = 0; j < d && m == 2; j++)
                fmpq_div_2exp(fmpq_mat_entry(points, 1, j), fmpq_mat_entry(points, 0, j), 2);
            if (m == 2)
                expect_refused(INPUT("three points on a line, d = %ld", d), points, d);
            fmpq_mat_clear(points);
        }
    for (slong count = 0; count <= 5; count++) { // one point, or more than three; or of another dimension
        fmpq_mat_t points;
        fmpq_mat_init(points, count, 4);
        for (slong i = 0; i < count; i++)
            fmpq_set_si(fmpq_mat_entry(points, i, i % 4), i, 1);
        if (count != 2 && count != 3)
            expect_refused(INPUT("%ld points", count), points, 4);
        else
            expect_refused(INPUT("%ld points of another dimension", count), points, 3);
        fmpq_mat_clear(points);
    }
}

// Three logits 2x + 1, -x + 4 and 5: their differences, pair by pair.
static void test_walls(void **state) {
    (void)state;
    static const slong logits[3][2] = {{2, 1}, {-1, 4}, {0, 5}}, walls[3][2] = {{3, -3}, {2, -4}, {-1, -1}};
    layer_t *layer = layer_alloc(3, 1, 0, 1);
    assert_non_null(layer);
    for (slong i = 0; i < 3; i++)
        for (slong j = 0; j < 2; j++)
            fmpz_set_si(fmpz_mat_entry(layer->router, i, j), logits[i][j]);
    arrangement_t *found = layer_walls(layer);
    assert_non_null(found);
    assert_int_equal(found->planes, 3);
    for (slong i = 0; i < 3; i++)
        for (slong j = 0; j < 2; j++)
            assert_int_equal(fmpz_get_si(fmpz_mat_entry(found->rows, i, j)), walls[i][j]);
    arrangement_free(found);
    layer_free(layer);
    layer_t *alone = layer_alloc(1, 1, 0, 1);
    assert_null(layer_walls(alone));
    layer_free(alone);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walls),
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_twins),
        cmocka_unit_test(test_dead_units),
        cmocka_unit_test(test_slices_of_layers),
        cmocka_unit_test(test_slices_of_arrangements),
        cmocka_unit_test(test_rows_that_do_not_cut),
        cmocka_unit_test(test_points_that_do_not_span),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    flint_cleanup();
    return failed;
}
