// SPDX-License-Identifier: GPL-3.0-or-later
// geometry/neighbourly: every point of every witness in rationals, counts against enumerations of words and against the search
// of the cells, bounds against what random routers reach.
#include "geometry/neighbourly.h"

#include "geometry/reach.h"
#include "support.h"
#include "support/expect.h"
#include "support/seeds.h"

#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>

enum { MOST_EXPERTS = 16 };

static const char *name_of(const neighbourly_shape_t *s) {
    return INPUT("N=%ld k=%ld d=%ld bias=%d", s->experts, s->active, s->dimension, s->bias);
}

static void expect_number(const neighbourly_shape_t *shape, const char *what, slong found, slong expected) {
    const expect_case_t subject = {.test = name_of(shape), .kind = "shape"};
    expect_si(&subject, what, found, expected);
}

static void expect_that(const neighbourly_shape_t *shape, const char *what, bool holds) {
    expect_number(shape, what, holds, 1);
}

static slong value_of(void (*number)(fmpz_t, const neighbourly_shape_t *), const neighbourly_shape_t *shape) {
    fmpz_t value;
    fmpz_init(value);
    number(value, shape);
    const slong result = fmpz_get_si(value);
    fmpz_clear(value);
    return result;
}

static slong reached_by(const layer_t *layer) {
    polyhedron_rows_t *walls = reach_walls(layer, NULL);
    reach_list_t list;
    assert_int_equal(reach_find(layer, walls, &list), GSL_SUCCESS);
    const slong count = list.count;
    reach_list_clear(&list);
    polyhedron_rows_free(walls);
    return count;
}

// Calls `visit` for each shape with d <= 4 and N <= d + extra, with bias and without.
static void for_shapes(slong extra, void (*visit)(const neighbourly_shape_t *shape)) {
    for (int bias = 0; bias < 2; bias++)
        for (slong d = 1; d <= 4; d++)
            for (slong n = 2; n <= d + extra; n++)
                for (slong k = 1; k < n; k++)
                    visit(&(neighbourly_shape_t){n, k, d, bias});
}

// ---- The condition and its witnesses ----

static void check_condition(const neighbourly_shape_t *shape) {
    neighbourly_shape_t other = *shape;
    const bool exists = neighbourly_exists(shape);
    other.active = shape->experts - shape->active;
    expect_that(shape, "k and N - k are alike", neighbourly_exists(&other) == exists);
    other.bias = true;
    expect_that(shape, "offsets do no harm", neighbourly_exists(&other) || !exists);
    other = *shape;
    other.experts++;
    other.active += 2 * shape->active > shape->experts; // K as it was
    expect_that(shape, "experts may be left out", exists || !neighbourly_exists(&other));
    other = *shape;
    other.dimension++;
    expect_that(shape, "a dimension may be added", neighbourly_exists(&other) || !exists);
    other.bias = false;
    if (shape->bias)
        expect_that(shape, "the offset may be a dimension", neighbourly_exists(&other) || !exists);
}

static void test_condition(void **state) {
    (void)state;
    for_shapes(8, check_condition);
    assert_false(neighbourly_exists(&(neighbourly_shape_t){3, 1, 1, false}));
    assert_true(neighbourly_exists(&(neighbourly_shape_t){3, 1, 1, true}));
    assert_false(neighbourly_exists(&(neighbourly_shape_t){4, 2, 1, true}));
    assert_true(neighbourly_exists(&(neighbourly_shape_t){4, 2, 2, false}));
    assert_false(neighbourly_exists(&(neighbourly_shape_t){5, 2, 2, true}));
    assert_true(neighbourly_exists(&(neighbourly_shape_t){1000, 998, 3, true}));
    assert_false(neighbourly_exists(&(neighbourly_shape_t){1000, 998, 3, false}));
}

// Whether each logit of the set is above each other logit.
static bool is_top(const layer_t *layer, ulong set, const fmpz *point) {
    const slong n = layer->experts, d = layer->dimension;
    fmpz *logit = _fmpz_vec_init(n);
    for (slong i = 0; i < n; i++) {
        fmpz_set(logit + i, fmpz_mat_entry(layer->router, i, d));
        for (slong j = 0; j < d; j++)
            fmpz_addmul(logit + i, point + j, fmpz_mat_entry(layer->router, i, j));
    }
    bool top = true;
    for (slong i = 0; i < n; i++)
        for (slong j = 0; j < n; j++)
            if ((set >> i & 1) && !(set >> j & 1))
                top = top && fmpz_cmp(logit + i, logit + j) > 0;
    _fmpz_vec_clear(logit, n);
    return top;
}

static slong members_of(ulong set, slong n, slong *members) {
    slong count = 0;
    for (slong i = 0; i < n; i++)
        if (set >> i & 1)
            members[count++] = i;
    return count;
}

static void check_witness(const neighbourly_shape_t *shape) {
    fmpz *point = _fmpz_vec_init(shape->dimension);
    slong members[MOST_EXPERTS] = {0};
    layer_t *layer = neighbourly_router(shape);
    expect_that(shape, "there is a router when there should", (layer != NULL) == neighbourly_exists(shape));
    if (layer == NULL)
        expect_number(shape, "no point", neighbourly_point(shape, members, point), GSL_EDOM);
    for (ulong set = 0; layer != NULL && set < UWORD(1) << shape->experts; set++)
        if (members_of(set, shape->experts, members) == shape->active) {
            expect_number(shape, "a point", neighbourly_point(shape, members, point), GSL_SUCCESS);
            expect_that(shape, "the point is in the cell", is_top(layer, set, point));
        }
    for (slong i = 0; layer != NULL && !shape->bias && i < shape->experts; i++)
        expect_that(shape, "no offset", fmpz_is_zero(fmpz_mat_entry(layer->router, i, shape->dimension)));
    layer_free(layer);
    _fmpz_vec_clear(point, shape->dimension);
}

static void test_witnesses(void **state) {
    (void)state;
    for_shapes(5, check_witness);
    check_witness(&(neighbourly_shape_t){12, 2, 3, true});
    check_witness(&(neighbourly_shape_t){12, 10, 3, true});
    check_witness(&(neighbourly_shape_t){11, 3, 5, true});
    check_witness(&(neighbourly_shape_t){11, 8, 6, false});
}

// ---- Counts ----

// Words with k ones that change at most d times, or d + 1 times and end as the sign says.
static slong words(const neighbourly_shape_t *s, int sign) {
    slong count = 0;
    for (ulong word = 0; word < UWORD(1) << s->experts; word++) {
        slong ones = 0, changes = 0;
        for (slong i = 0; i < s->experts; i++) {
            ones += (slong)(word >> i & 1);
            changes += i > 0 && (word >> i & 1) != (word >> (i - 1) & 1);
        }
        const int end = word >> (s->experts - 1) & 1 ? 1 : -1;
        count +=
            ones == s->active && (changes <= s->dimension || (changes == s->dimension + 1 && end == sign));
    }
    return count;
}

static void check_moment(const neighbourly_shape_t *shape) {
    for (int sign = -1; sign <= 1; sign++) {
        fmpz_t cells;
        fmpz_init(cells);
        neighbourly_moment_cells(cells, shape, sign);
        layer_t *layer = neighbourly_moment(shape, sign);
        assert_non_null(layer);
        expect_number(shape, "cells by words", fmpz_get_si(cells), words(shape, sign));
        expect_number(shape, "cells by the search", fmpz_get_si(cells), reached_by(layer));
        layer_free(layer);
        fmpz_clear(cells);
    }
}

static void test_moment(void **state) {
    (void)state;
    for_shapes(4, check_moment);
    fmpz_t cells;
    fmpz_init(cells);
    neighbourly_moment_cells(cells, &(neighbourly_shape_t){16, 4, 5, true}, -1);
    assert_int_equal(fmpz_get_si(cells), 1105);
    fmpz_clear(cells);
}

// The sizes together, and each size against its bound, for random routers.
static void check_random(const neighbourly_shape_t *shape, slong range, stream_t *stream) {
    neighbourly_shape_t size = *shape;
    layer_t *layer = layer_alloc(shape->experts, shape->active, 0, shape->dimension);
    slong first, second, sum = 2;
    assert_non_null(layer);
    do
        for (slong i = 0; i < shape->experts; i++)
            for (slong j = 0; j < shape->dimension + shape->bias; j++)
                fmpz_set_si(fmpz_mat_entry(layer->router, i, j), seeds_pick(stream, -range, range));
    while (layer_twins(layer, &first, &second));
    for (slong k = 1; k < shape->experts; k++) {
        size.active = layer->active = k;
        const slong reached = reached_by(layer);
        expect_that(&size, "not above the bound", reached <= value_of(neighbourly_bound, &size));
        sum += reached;
    }
    if (range > 100000)
        expect_number(shape, "all sizes", sum, value_of(neighbourly_all_sizes, shape));
    expect_that(shape, "all sizes, at most", sum <= value_of(neighbourly_all_sizes, shape));
    layer_free(layer);
}

static void test_random(void **state) {
    (void)state;
    for (slong seed = 0; seed < seeds_times(80); seed++) {
        stream_t stream = seeds_stream("test_random", seed);
        const slong d = seeds_pick(&stream, 1, 4);
        const neighbourly_shape_t shape = {seeds_pick(&stream, 2, 10 - d), 1, d, seed % 2};
        check_random(&shape, seed % 4 < 2 ? 9 : 1000003, &stream);
    }
}

static void check_bound(const neighbourly_shape_t *shape) {
    fmpz_t cells;
    fmpz_init(cells);
    const slong bound = value_of(neighbourly_bound, shape);
    for (int sign = shape->bias ? -1 : 0; sign <= shape->bias; sign++) {
        neighbourly_moment_cells(cells, shape, sign);
        expect_that(shape, "the moment curve is not above the bound", fmpz_cmp_si(cells, bound) <= 0);
    }
    fmpz_bin_uiui(cells, (ulong)shape->experts, (ulong)shape->active);
    expect_that(shape, "at most all", fmpz_cmp_si(cells, bound) >= 0);
    if (neighbourly_exists(shape))
        expect_that(shape, "all where all are reached", fmpz_equal_si(cells, bound));
    fmpz_clear(cells);
}

static void test_bounds(void **state) {
    (void)state;
    for_shapes(30, check_bound);
    // Doubling N multiplies the bound by 2^floor((d+1)/2) in the long run.
    for (slong d = 1; d <= 4; d++) {
        const slong lower = value_of(neighbourly_bound, &(neighbourly_shape_t){1 << 16, 5, d, true});
        const slong upper = value_of(neighbourly_bound, &(neighbourly_shape_t){1 << 17, 5, d, true});
        check_close(INPUT("d=%ld", d), log2((double)upper / (double)lower), (double)((d + 1) / 2), 0.01);
    }
}

// ---- On a line ----

static void test_line(void **state) {
    (void)state;
    static const slong halving[] = {1, 3, 6, 9}; // lines that halve 2, 4, 6, 8 points, at most: OEIS A076523
    for (slong m = 1; m <= 4; m++)
        assert_int_equal(neighbourly_line(2 * m, m), 1 + halving[m - 1]);
    for (slong n = 2; n <= 7; n++)
        for (slong k = 1; k < n; k++) {
            assert_int_equal(neighbourly_line(n, k), neighbourly_line(n, n - k));
            assert_true(k > 1 || neighbourly_line(n, k) == n);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_condition), cmocka_unit_test(test_witnesses), cmocka_unit_test(test_moment),
        cmocka_unit_test(test_random),    cmocka_unit_test(test_bounds),    cmocka_unit_test(test_line),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    flint_cleanup();
    return failed;
}
