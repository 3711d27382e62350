// SPDX-License-Identifier: GPL-3.0-or-later
// geometry/list: as many cells as geometry/count says on hundreds of degenerate arrangements, known counts, each
// point checked in rationals, order; layers against the cells of the arrangement of all walls and all units.
#include "geometry/list.h"

#include "geometry/arrangement.h"
#include "geometry/count.h"
#include "support.h"

#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>
#include <string.h>

enum { MAX_SIGNS = 128, STOPPED = 1234 };

static stream_t stream_of(const char *test) {
    return stream_at(22, stream_experiment(test), 0);
}

static slong pick(stream_t *stream, slong low, slong high) {
    return low + (slong)draw_below(stream, (size_t)(high - low + 1));
}

// The sign of row . (point, 1).
static int sign_at(const fmpz *row, const fmpq *point, slong d) {
    fmpq_t sum, term;
    fmpq_init(sum);
    fmpq_init(term);
    fmpq_set_fmpz(sum, row + d);
    for (slong j = 0; j < d; j++) {
        fmpq_mul_fmpz(term, point + j, row + j);
        fmpq_add(sum, sum, term);
    }
    const int sign = fmpq_sgn(sum);
    fmpq_clear(sum);
    fmpq_clear(term);
    return sign;
}

// The sign that a list is to give: 0 for a row with w = 0; 7, which is none, for a point on the hyperplane.
static int listed_sign(const fmpz *row, const fmpq *point, slong d) {
    const int sign = sign_at(row, point, d);
    return _fmpz_vec_is_zero(row, d) ? 0 : sign == 0 ? 7 : sign;
}

// ---- Arrangements ----

typedef struct {
    const arrangement_t *a;
    slong cells;
    slong stop; // the cell to stop at
    signed char last[MAX_SIGNS];
    slong wrong; // signs that the point does not have, or cells out of order
} audit_t;

static int compare_signs(const signed char *a, const signed char *b, slong n) {
    for (slong i = 0; i < n; i++)
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    return 0;
}

static int audit_cell(void *context, const list_region_t *region) {
    audit_t *audit = context;
    const slong n = audit->a->planes, d = audit->a->dimension;
    assert_true(n <= MAX_SIGNS);
    audit->wrong += region->active != 0 || region->members != NULL || region->signs != n ||
                    polyhedron_dimension(region->cell) != d;
    for (slong i = 0; i < n; i++)
        audit->wrong += region->sign[i] != listed_sign(audit->a->rows->rows[i], region->point, d);
    audit->wrong += audit->cells > 0 && compare_signs(region->sign, audit->last, n) >= 0;
    memcpy(audit->last, region->sign, (size_t)n);
    return ++audit->cells == audit->stop ? STOPPED : GSL_SUCCESS;
}

// Lists an arrangement, and fails unless its cells are as many as expected, correct, and in descending order.
static void expect_cells(const arrangement_t *a, const fmpz_t expected) {
    audit_t audit = {.a = a};
    assert_int_equal(list_arrangement(a, audit_cell, &audit), GSL_SUCCESS);
    if (audit.wrong == 0 && fmpz_equal_si(expected, audit.cells))
        return;
    fprintf(stderr, "%ld cells, %ld defects, of\n", audit.cells, audit.wrong);
    arrangement_print(stderr, a);
    fail();
}

// Small entries; some rows repeat, scale or shift earlier ones, or have w = 0.
static arrangement_t *draw_degenerate(stream_t *stream, slong n, slong d) {
    arrangement_t *a = arrangement_alloc(n, d);
    assert_non_null(a);
    assert_int_equal(arrangement_draw(a, pick(stream, 1, 4), stream), GSL_SUCCESS);
    for (slong i = 1; i < n; i++) {
        fmpz *row = a->rows->rows[i];
        const slong kind = pick(stream, 0, 11);
        const fmpz *earlier = a->rows->rows[pick(stream, 0, i - 1)];
        if (kind < 2)
            _fmpz_vec_scalar_mul_si(row, earlier, d + 1, kind == 0 ? -2 : 3);
        else if (kind == 2)
            _fmpz_vec_set(row, earlier, d);
        else if (kind == 3)
            _fmpz_vec_zero(row, d + pick(stream, 0, 1));
        else if (kind == 4)
            fmpz_zero(row + d);
    }
    return a;
}

static void test_counts(void **state) {
    (void)state;
    stream_t stream = stream_of("counts");
    fmpz_t expected;
    fmpz_init(expected);
    for (int i = 0; i < 1000; i++) {
        const slong d = pick(&stream, 1, 5);
        arrangement_t *a = draw_degenerate(&stream, pick(&stream, 0, d == 5 ? 10 : 12), d);
        if (i % 4 == 3) // the same with larger integers
            for (slong r = 0; r < a->planes; r++)
                for (slong j = 0; j <= d; j++)
                    fmpz_mul_2exp(fmpz_mat_entry(a->rows, r, j), fmpz_mat_entry(a->rows, r, j),
                                  (ulong)(11 * j + 5 * (i % 7)));
        assert_int_equal(count_regions(a, expected), GSL_SUCCESS);
        expect_cells(a, expected);
        arrangement_free(a);
    }
    fmpz_clear(expected);
}

// One larger instance, which is hardly degenerate: cells with many vertices.
static void test_larger(void **state) {
    (void)state;
    stream_t stream = stream_of("larger");
    fmpz_t expected;
    fmpz_init(expected);
    for (slong d = 3; d <= 5; d++) {
        arrangement_t *a = arrangement_alloc(21 - d, d);
        assert_int_equal(arrangement_draw(a, d == 4 ? 2 : 99, &stream), GSL_SUCCESS);
        assert_int_equal(count_regions(a, expected), GSL_SUCCESS);
        expect_cells(a, expected);
        arrangement_free(a);
    }
    fmpz_clear(expected);
}

// x_i = x_j: n! cells, none with a vertex.
static void test_braid(void **state) {
    (void)state;
    fmpz_t expected;
    fmpz_init(expected);
    for (slong d = 2; d <= 6; d++) {
        arrangement_t *a = arrangement_alloc(d * (d - 1) / 2, d);
        for (slong i = 0, r = 0; i < d; i++)
            for (slong j = i + 1; j < d; j++, r++) {
                fmpz_one(fmpz_mat_entry(a->rows, r, i));
                fmpz_set_si(fmpz_mat_entry(a->rows, r, j), -1);
            }
        fmpz_fac_ui(expected, (ulong)d);
        expect_cells(a, expected);
        arrangement_free(a);
    }
    fmpz_clear(expected);
}

// x_i = 0 and x_i = 1: 3^d cells around a cube.
static void test_grid(void **state) {
    (void)state;
    fmpz_t expected;
    fmpz_init(expected);
    for (slong d = 1; d <= 6; d++) {
        arrangement_t *a = arrangement_alloc(2 * d, d);
        for (slong i = 0; i < d; i++) {
            fmpz_one(fmpz_mat_entry(a->rows, 2 * i, i));
            fmpz_one(fmpz_mat_entry(a->rows, 2 * i + 1, i));
            fmpz_set_si(fmpz_mat_entry(a->rows, 2 * i + 1, d), -1);
        }
        fmpz_set_ui(expected, 3);
        fmpz_pow_ui(expected, expected, (ulong)d);
        expect_cells(a, expected);
        arrangement_free(a);
    }
    fmpz_clear(expected);
}

static void test_stop(void **state) {
    (void)state;
    stream_t stream = stream_of("stop");
    arrangement_t *a = arrangement_alloc(8, 3);
    assert_int_equal(arrangement_draw(a, 9, &stream), GSL_SUCCESS);
    audit_t audit = {.a = a, .stop = 5};
    assert_int_equal(list_arrangement(a, audit_cell, &audit), STOPPED);
    assert_int_equal(audit.cells, 5);
    arrangement_free(a);
}

// ---- Layers ----

// A region as text: the coalition, then the signs of its units.
typedef struct {
    signed char key[MAX_SIGNS];
} region_t;

typedef struct {
    const layer_t *layer;
    region_t *regions;
    slong count, room;
    slong wrong;
} regions_t;

static region_t *add_region(regions_t *all) {
    if (all->count == all->room) {
        all->room = 2 * all->room + 64;
        all->regions = realloc(all->regions, (size_t)all->room * sizeof *all->regions);
        assert_non_null(all->regions);
    }
    region_t *region = &all->regions[all->count++];
    memset(region, 0, sizeof *region);
    return region;
}

static int compare_regions(const void *a, const void *b) {
    return memcmp(a, b, sizeof(region_t));
}

// Writes the region that a point is in; false when it is on a wall of its coalition or on one of its hyperplanes.
static bool locate(const layer_t *layer, const fmpq *point, region_t *region) {
    const slong d = layer->dimension, n = layer->experts;
    slong length = 0, members[MAX_SIGNS], active = 0;
    fmpz *wall = _fmpz_vec_init(d + 1);
    bool inside = true;
    for (slong i = 0; i < n; i++) {
        slong above = 0, level = 0;
        for (slong j = 0; j < n; j++) {
            _fmpz_vec_sub(wall, layer->router->rows[j], layer->router->rows[i], d + 1);
            const int sign = sign_at(wall, point, d);
            above += sign > 0;
            level += sign == 0 && i != j;
        }
        if (above < layer->active)
            members[active++] = i;
        inside = inside && (above + level < layer->active || above >= layer->active);
    }
    _fmpz_vec_clear(wall, d + 1);
    if (!inside || active != layer->active)
        return false;
    for (slong m = 0; m < active; m++)
        region->key[length++] = (signed char)(1 + members[m]);
    for (slong m = 0; m < active; m++)
        for (slong h = 0; h < layer->width; h++) {
            const int sign = listed_sign(layer->rows->rows[members[m] * layer->width + h], point, d);
            inside = inside && sign != 7;
            region->key[length++] = (signed char)sign;
        }
    return inside;
}

static int collect_region(void *context, const list_region_t *listed) {
    regions_t *all = context;
    const layer_t *layer = all->layer;
    region_t *region = add_region(all), here = {{0}};
    slong length = 0;
    for (slong m = 0; m < layer->active; m++)
        region->key[length++] = (signed char)(1 + listed->members[m]);
    for (slong i = 0; i < listed->signs; i++)
        region->key[length++] = listed->sign[i];
    all->wrong += listed->active != layer->active || listed->signs != layer->active * layer->width ||
                  !locate(layer, listed->point, &here) || compare_regions(&here, region) != 0;
    if (all->count > 1) { // members ascend, then signs descend
        const region_t *last = region - 1;
        const int members = compare_signs(last->key, region->key, layer->active);
        all->wrong +=
            members > 0 || (members == 0 && compare_signs(last->key + layer->active,
                                                          region->key + layer->active, listed->signs) <= 0);
    }
    return GSL_SUCCESS;
}

// Collects the region of a cell of the arrangement of everything, many times over.
static int collect_cell(void *context, const list_region_t *cell) {
    regions_t *all = context;
    region_t here = {{0}};
    if (locate(all->layer, cell->point, &here))
        *add_region(all) = here;
    else
        all->wrong++;
    return GSL_SUCCESS;
}

static void drop_repetitions(regions_t *all) {
    qsort(all->regions, (size_t)all->count, sizeof *all->regions, compare_regions);
    slong kept = 0;
    for (slong i = 0; i < all->count; i++)
        if (kept == 0 || compare_regions(&all->regions[kept - 1], &all->regions[i]) != 0)
            all->regions[kept++] = all->regions[i];
    all->count = kept;
}

// All walls between experts and all units.
static arrangement_t *everything(const layer_t *layer) {
    const slong n = layer->experts, units = n * layer->width, d = layer->dimension;
    arrangement_t *a = arrangement_alloc(n * (n - 1) / 2 + units, d);
    assert_non_null(a);
    slong r = 0;
    for (slong i = 0; i < n; i++)
        for (slong j = i + 1; j < n; j++)
            _fmpz_vec_sub(a->rows->rows[r++], layer->router->rows[i], layer->router->rows[j], d + 1);
    for (slong u = 0; u < units; u++)
        _fmpz_vec_set(a->rows->rows[r++], layer->rows->rows[u], d + 1);
    return a;
}

static void test_layers(void **state) {
    (void)state;
    stream_t stream = stream_of("layers");
    slong compared = 0, twins = 0;
    for (int i = 0; i < 200; i++) {
        const slong n = pick(&stream, 1, 5), k = pick(&stream, 1, n), h = pick(&stream, 0, 2),
                    d = pick(&stream, 1, 3), range = pick(&stream, 1, 9);
        layer_t *layer = layer_alloc(n, k, h, d);
        assert_non_null(layer);
        for (slong e = 0; e < n; e++)
            for (slong j = 0; j <= d; j++)
                fmpz_set_si(fmpz_mat_entry(layer->router, e, j), pick(&stream, -range, range));
        for (slong u = 0; u < n * h; u++)
            for (slong j = 0; j <= d; j++)
                fmpz_set_si(fmpz_mat_entry(layer->rows, u, j), pick(&stream, -range, range));
        regions_t listed = {.layer = layer}, expected = {.layer = layer};
        slong first, second;
        if (k < n && layer_twins(layer, &first, &second)) {
            assert_int_equal(list_layer(layer, collect_region, &listed), GSL_EDOM);
            twins++;
        } else {
            arrangement_t *a = everything(layer);
            assert_int_equal(list_arrangement(a, collect_cell, &expected), GSL_SUCCESS);
            drop_repetitions(&expected);
            assert_int_equal(list_layer(layer, collect_region, &listed), GSL_SUCCESS);
            const slong all = listed.count;
            drop_repetitions(&listed);
            const bool same = all == listed.count && listed.count == expected.count &&
                              memcmp(listed.regions, expected.regions, (size_t)all * sizeof(region_t)) == 0;
            if (!same || listed.wrong != 0 || expected.wrong != 0) {
                fprintf(stderr, "%ld regions, %ld without repetitions, %ld expected, %ld + %ld defects, of\n",
                        all, listed.count, expected.count, listed.wrong, expected.wrong);
                layer_print(stderr, layer);
                fail();
            }
            arrangement_free(a);
            compared++;
        }
        free(listed.regions);
        free(expected.regions);
        layer_free(layer);
    }
    assert_in_range(compared, 100, 199);
    assert_int_equal(compared + twins, 200);
}

int main(void) {
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts), cmocka_unit_test(test_larger), cmocka_unit_test(test_braid),
        cmocka_unit_test(test_grid),   cmocka_unit_test(test_stop),   cmocka_unit_test(test_layers),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    flint_cleanup();
    return failed;
}
