// SPDX-License-Identifier: GPL-3.0-or-later
// geometry/layer_flats: against sign vectors found one by one with an exact linear program, against the tree of
// count_regions, against listing by cutting cells, and against a sweep of the line; invariance; threads and stored
// parts.
#include "geometry/layer_flats.h"

#include "geometry/arrangement.h"
#include "geometry/count.h"
#include "geometry/list.h"
#include "geometry/reach.h"
#include "stat/stream.h"

#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MOST_ACTIVE = 16, MOST_COALITIONS = 4096 };

// ---- Building layers ----

static stream_t stream_of(const char *test) {
    return stream_at(41, stream_experiment(test), 0);
}

static slong pick(stream_t *stream, slong low, slong high) {
    uint64_t word;
    stream_bits(stream, &word, 1);
    return low + (slong)(word % (uint64_t)(high - low + 1));
}

static void draw_rows(fmpz_mat_t rows, stream_t *stream, slong range) {
    for (slong i = 0; i < fmpz_mat_nrows(rows); i++)
        for (slong j = 0; j < fmpz_mat_ncols(rows); j++)
            fmpz_set_si(fmpz_mat_entry(rows, i, j), pick(stream, -range, range));
}

// Twins are drawn again.
static layer_t *draw_layer(stream_t *stream, slong n, slong k, slong h, slong d, slong range) {
    layer_t *layer = layer_alloc(n, k, h, d);
    assert_non_null(layer);
    slong first, second;
    do
        draw_rows(layer->router, stream, range);
    while (layer_twins(layer, &first, &second));
    draw_rows(layer->rows, stream, range);
    return layer;
}

// Makes units equal to, multiples of or parallel to others of any expert, dead, or equal to a wall.
static void spoil(layer_t *layer, stream_t *stream) {
    const slong d = layer->dimension, units = fmpz_mat_nrows(layer->rows);
    for (slong i = 0; i < units; i++) {
        fmpz *row = layer->rows->rows[i];
        const fmpz *other = layer->rows->rows[pick(stream, 0, units - 1)];
        const slong kind = pick(stream, 0, 13);
        if (kind < 2)
            _fmpz_vec_scalar_mul_si(row, other, d + 1, kind == 0 ? -2 : 3);
        else if (kind == 2)
            _fmpz_vec_set(row, other, d);
        else if (kind == 3)
            _fmpz_vec_zero(row, d + pick(stream, 0, 1));
        else if (kind == 4)
            _fmpz_vec_sub(row, layer->router->rows[0], layer->router->rows[layer->experts - 1], d + 1);
    }
}

// ---- Checking ----

static void expect(const char *what, const layer_t *layer, const fmpz_t found, const fmpz_t expected) {
    if (fmpz_equal(found, expected))
        return;
    fprintf(stderr, "%s: found ", what);
    fmpz_fprint(stderr, found);
    fputs(", expected ", stderr);
    fmpz_fprint(stderr, expected);
    fputs(", of\n", stderr);
    layer_print(stderr, layer);
    fail();
}

static void expect_si(const char *what, const layer_t *layer, const fmpz_t found, slong expected) {
    fmpz_t number;
    fmpz_init_set_si(number, expected);
    expect(what, layer, found, number);
    fmpz_clear(number);
}

static void count(const layer_t *layer, int threads, fmpz_t regions) {
    const shards_control_t control = {.threads = threads};
    layer_count_t result;
    layer_count_init(&result, layer->dimension);
    assert_int_equal(layer_flats_count(layer, &control, NULL, NULL, &result), GSL_SUCCESS);
    fmpz_t sum;
    fmpz_init(sum);
    _fmpz_vec_sum(sum, result.level, result.levels);
    expect("the levels' sum", layer, sum, result.regions);
    assert_true(fmpz_get_d(result.regions) <= layer_flats_work(layer));
    fmpz_set(regions, result.regions);
    fmpz_clear(sum);
    layer_count_clear(&result);
}

// ---- Sign vectors by linear programs ----

// Whether all `size` rows are positive somewhere: whether in a router of these logits and one that is zero, all but
// the last make a coalition.
static bool feasible(const fmpz_mat_t rows, slong size) {
    const slong width = fmpz_mat_ncols(rows);
    layer_t *router = layer_alloc(size + 1, size, 0, width - 1);
    slong *members = malloc(((size_t)size + 1) * sizeof *members);
    fmpq *weights = _fmpq_vec_init(size + 1);
    fmpq_t drop;
    fmpq_init(drop);
    for (slong i = 0; i < size; i++) {
        members[i] = i;
        _fmpz_vec_set(router->router->rows[i], rows->rows[i], width);
    }
    const bool empty = size > 0 && reach_certificate(router, members, weights, drop) == GSL_SUCCESS;
    fmpq_clear(drop);
    _fmpq_vec_clear(weights, size + 1);
    free(members);
    layer_free(router);
    return !empty;
}

// Sign vectors of units[from..], with the first `size` rows positive.
static slong count_signs(const layer_t *layer, const slong *members, slong from, fmpz_mat_t rows,
                         slong size) {
    const slong h = layer->width, d = layer->dimension;
    if (!feasible(rows, size))
        return 0;
    while (from < layer->active * h &&
           _fmpz_vec_is_zero(layer->rows->rows[members[from / h] * h + from % h], d))
        from++;
    if (from == layer->active * h)
        return 1;
    const fmpz *row = layer->rows->rows[members[from / h] * h + from % h];
    _fmpz_vec_set(rows->rows[size], row, d + 1);
    slong signs = count_signs(layer, members, from + 1, rows, size + 1);
    _fmpz_vec_neg(rows->rows[size], row, d + 1);
    return signs + count_signs(layer, members, from + 1, rows, size + 1);
}

static slong coalition_by_programs(const layer_t *layer, const slong *members) {
    const slong n = layer->experts, k = layer->active, d = layer->dimension;
    fmpz_mat_t rows;
    fmpz_mat_init(rows, k * (n - k) + k * layer->width + 1, d + 1);
    slong size = 0;
    for (slong i = 0; i < k; i++)
        for (slong j = 0, m = 0; j < n; j++)
            if (m < k && members[m] == j)
                m++;
            else
                _fmpz_vec_sub(rows->rows[size++], layer->router->rows[members[i]], layer->router->rows[j],
                              d + 1);
    const slong signs = count_signs(layer, members, 0, rows, size);
    fmpz_mat_clear(rows);
    return signs;
}

// What the callback has seen.
typedef struct seen {
    const layer_t *layer;
    slong count;
    slong members[MOST_COALITIONS][MOST_ACTIVE];
    slong regions[MOST_COALITIONS];
} seen_t;

static void see(void *context, const slong *members, slong active, const fmpz_t regions) {
    seen_t *seen = context;
    assert_int_equal(active, seen->layer->active);
    assert_true(seen->count < MOST_COALITIONS);
    memcpy(seen->members[seen->count], members, (size_t)active * sizeof *members);
    seen->regions[seen->count++] = fmpz_get_si(regions);
}

// Each coalition in lexicographic order against what the callback saw of it.
static void check_coalitions(const seen_t *seen) {
    const layer_t *layer = seen->layer;
    const slong n = layer->experts, k = layer->active;
    slong members[MOST_ACTIVE], place = 0;
    fmpz_t found;
    fmpz_init(found);
    for (slong i = 0; i < k; i++)
        members[i] = i;
    slong last = 0;
    while (last >= 0) {
        const slong regions = coalition_by_programs(layer, members);
        const bool listed =
            place < seen->count && memcmp(seen->members[place], members, (size_t)k * sizeof *members) == 0;
        fmpz_set_si(found, listed ? seen->regions[place] : 0);
        expect_si("linear programs", layer, found, regions);
        place += listed;
        for (last = k - 1; last >= 0 && members[last] == n - k + last;)
            last--;
        for (slong i = last; i >= 0 && i < k; i++)
            members[i] = i == last ? members[i] + 1 : members[i - 1] + 1;
    }
    assert_int_equal(place, seen->count);
    fmpz_clear(found);
}

static void test_against_programs(void **state) {
    (void)state;
    stream_t stream = stream_of("programs");
    seen_t *seen = malloc(sizeof *seen);
    assert_non_null(seen);
    for (int i = 0; i < 150; i++) {
        const slong n = pick(&stream, 1, 5);
        layer_t *layer =
            draw_layer(&stream, n, pick(&stream, 1, n), pick(&stream, 0, 2), pick(&stream, 1, 3), 3);
        if (i % 2 == 0)
            spoil(layer, &stream);
        seen->layer = layer;
        seen->count = 0;
        layer_count_t result;
        layer_count_init(&result, layer->dimension);
        assert_int_equal(layer_flats_count(layer, NULL, see, seen, &result), GSL_SUCCESS);
        check_coalitions(seen);
        slong sum = 0;
        for (slong c = 0; c < seen->count; c++)
            sum += seen->regions[c];
        expect_si("the coalitions' sum", layer, result.regions, sum);
        expect_si("level 0", layer, &result.level[0], seen->count);
        layer_count_clear(&result);
        layer_free(layer);
    }
    free(seen);
}

// ---- All experts active: an arrangement ----

// Compares with the tree of the arrangement of all rows.
static void check_arrangement(const layer_t *layer) {
    arrangement_t *a = arrangement_alloc(fmpz_mat_nrows(layer->rows), layer->dimension);
    assert_non_null(a);
    fmpz_mat_set(a->rows, layer->rows);
    fmpz_t found, expected;
    fmpz_init(found);
    fmpz_init(expected);
    assert_int_equal(count_regions(a, expected), GSL_SUCCESS);
    count(layer, 2, found);
    expect("the tree", layer, found, expected);
    fmpz_clear(found);
    fmpz_clear(expected);
    arrangement_free(a);
}

static void test_all_active(void **state) {
    (void)state;
    stream_t stream = stream_of("all active");
    for (int i = 0; i < 400; i++) {
        const slong n = pick(&stream, 1, 4), d = pick(&stream, 1, 5);
        layer_t *layer = draw_layer(&stream, n, n, pick(&stream, 0, 20 / (n + d)), d, pick(&stream, 2, 5));
        if (i % 2 == 0)
            spoil(layer, &stream);
        _fmpz_vec_zero(layer->router->rows[0], d + 1); // twins do no harm here
        _fmpz_vec_zero(layer->router->rows[n - 1], d + 1);
        check_arrangement(layer);
        layer_free(layer);
    }
}

// Many lines, with many through one point and many parallel.
static void test_crowded_planes(void **state) {
    (void)state;
    stream_t stream = stream_of("crowded");
    for (int i = 0; i < 8; i++) {
        layer_t *layer = draw_layer(&stream, 2, 2, 60, 2 + i % 2, 2 + i / 2);
        check_arrangement(layer);
        layer_free(layer);
    }
}

// ---- Listing ----

static int count_visit(void *context, const list_region_t *region) {
    (void)region;
    ++*(slong *)context;
    return GSL_SUCCESS;
}

static void check_listing(const layer_t *layer) {
    slong regions = 0;
    fmpz_t found;
    fmpz_init(found);
    assert_int_equal(list_layer(layer, count_visit, &regions), GSL_SUCCESS);
    count(layer, 2, found);
    expect_si("listing", layer, found, regions);
    fmpz_clear(found);
}

static void test_against_listing(void **state) {
    (void)state;
    stream_t stream = stream_of("listing");
    for (int i = 0; i < 60; i++) {
        const slong n = pick(&stream, 2, 8), d = pick(&stream, 1, 4);
        layer_t *layer =
            draw_layer(&stream, n, pick(&stream, 1, n), pick(&stream, 0, 4), d, i % 3 == 0 ? 1000 : 3);
        if (i % 2 == 0)
            spoil(layer, &stream);
        check_listing(layer);
        layer_free(layer);
    }
}

// Moves units by 2^-58 of the unit of length or so: less than doubles see.
static void miss_slightly(layer_t *layer, stream_t *stream) {
    const slong d = layer->dimension;
    for (slong u = 0; u < fmpz_mat_nrows(layer->rows); u++) {
        fmpz *row = layer->rows->rows[u];
        _fmpz_vec_scalar_mul_2exp(row, row, d + 1, 58);
        fmpz_add_si(row + d, row + d, pick(stream, -1, 1));
    }
}

// Makes units of one expert meet each other where two walls meet: on an edge of a cell of a space.
static void meet_on_edges(layer_t *layer, stream_t *stream) {
    const slong n = layer->experts, h = layer->width, width = layer->dimension + 1;
    for (slong u = 1; u < n * h; u++) {
        const slong a = pick(stream, 0, n - 1), b = pick(stream, 0, n - 1), c = pick(stream, 0, n - 1);
        fmpz *row = layer->rows->rows[u];
        for (slong j = 0; j < width; j++)
            fmpz_set_si(row + j, pick(stream, -99, 99));
        if (u % 2 == 0)
            continue;
        _fmpz_vec_set(row, layer->rows->rows[u - 1], width);
        _fmpz_vec_scalar_addmul_si(row, layer->router->rows[a], width, 5);
        _fmpz_vec_scalar_submul_si(row, layer->router->rows[b], width, 2);
        _fmpz_vec_scalar_submul_si(row, layer->router->rows[c], width, 3);
    }
}

// Units through the corners of the cells or almost, where doubles decide nothing: sums of walls.
static void test_units_through_corners(void **state) {
    (void)state;
    stream_t stream = stream_of("corners");
    for (int i = 0; i < 60; i++) {
        const slong n = pick(&stream, 3, 6), d = pick(&stream, 1, 4), h = pick(&stream, 1, 5);
        layer_t *layer = draw_layer(&stream, n, pick(&stream, 1, n - 1), h, d, 99);
        fmpz_mat_zero(layer->rows);
        for (slong u = 0; u < n * h; u++)
            for (int term = 0; term < 3; term++) {
                const slong a = pick(&stream, 0, n - 1), b = pick(&stream, 0, n - 1),
                            c = pick(&stream, -2, 2);
                _fmpz_vec_scalar_addmul_si(layer->rows->rows[u], layer->router->rows[a], d + 1, c);
                _fmpz_vec_scalar_addmul_si(layer->rows->rows[u], layer->router->rows[b], d + 1, -c);
            }
        if (i % 4 < 2)
            meet_on_edges(layer, &stream);
        if (i % 2 == 0)
            miss_slightly(layer, &stream);
        check_listing(layer);
        layer_free(layer);
    }
}

// ---- The line ----

static int compare_rationals(const void *a, const void *b) {
    return fmpq_cmp((const fmpq *)a, (const fmpq *)b);
}

static void value_at(fmpq_t value, const fmpz *row, const fmpq *x) {
    fmpq_mul_fmpz(value, x, row);
    fmpq_add_fmpz(value, value, row + 1);
}

// The coalition and the signs of its units at a point, written to `signs`: 0 for a unit that is dead or not active.
static void state_at(const layer_t *layer, const fmpq *x, signed char *signs) {
    const slong n = layer->experts, h = layer->width;
    fmpq *values = _fmpq_vec_init(n);
    fmpq_t value;
    fmpq_init(value);
    for (slong i = 0; i < n; i++)
        value_at(values + i, layer->router->rows[i], x);
    for (slong i = 0; i < n; i++) {
        slong above = 0;
        for (slong j = 0; j < n; j++)
            above += fmpq_cmp(values + j, values + i) > 0;
        signs[i] = above < layer->active;
        for (slong u = 0; u < h; u++) {
            const fmpz *row = layer->rows->rows[i * h + u];
            value_at(value, row, x);
            signs[n + i * h + u] = signs[i] && !fmpz_is_zero(row) ? (signed char)fmpq_sgn(value) : 0;
        }
    }
    fmpq_clear(value);
    _fmpq_vec_clear(values, n);
}

// All points where two logits agree or a unit vanishes, ascending; returns their number.
static slong break_points(const layer_t *layer, fmpq *points) {
    slong count = 0;
    fmpz_mat_t row;
    fmpz_mat_init(row, 1, 2);
    const slong units = fmpz_mat_nrows(layer->rows), n = layer->experts;
    for (slong i = 0; i < n * n + units; i++) {
        fmpz *entries = row->rows[0];
        if (i < n * n)
            _fmpz_vec_sub(entries, layer->router->rows[i / n], layer->router->rows[i % n], 2);
        else
            _fmpz_vec_set(entries, layer->rows->rows[i - n * n], 2);
        fmpz_neg(entries + 1, entries + 1);
        if (!fmpz_is_zero(entries))
            fmpq_set_fmpz_frac(points + count++, entries + 1, entries);
    }
    qsort(points, (size_t)count, sizeof *points, compare_rationals);
    fmpz_mat_clear(row);
    return count;
}

// Counts the changes from one interval between break points to the next; a region is an interval.
static slong sweep_line(const layer_t *layer) {
    const slong n = layer->experts, units = fmpz_mat_nrows(layer->rows), room = n * n + units + 1;
    fmpq *points = _fmpq_vec_init(room);
    signed char *now = calloc((size_t)(2 * (n + units)), 1), *before = now + n + units;
    const slong count = break_points(layer, points);
    slong regions = 0;
    fmpq_t x;
    fmpq_init(x);
    for (slong i = 0; i <= count; i++) {
        if (i > 0 && i < count && fmpq_equal(points + i - 1, points + i))
            continue;
        if (i == 0 || i == count)
            fmpq_add_si(x, points + (i == 0 || count == 0 ? 0 : count - 1), i == 0 ? -1 : 1);
        else {
            fmpq_add(x, points + i - 1, points + i);
            fmpq_div_2exp(x, x, 1);
        }
        memcpy(before, now, (size_t)(n + units));
        state_at(layer, x, now);
        regions += memcmp(before, now, (size_t)(n + units)) != 0;
    }
    fmpq_clear(x);
    free(now);
    _fmpq_vec_clear(points, room);
    return regions;
}

static void test_line_against_sweep(void **state) {
    (void)state;
    stream_t stream = stream_of("line");
    fmpz_t found;
    fmpz_init(found);
    for (int i = 0; i < 60; i++) {
        const slong n = pick(&stream, 1, 12);
        layer_t *layer =
            draw_layer(&stream, n, pick(&stream, 1, n), pick(&stream, 0, 12), 1, i % 2 == 0 ? 9 : 1000000);
        spoil(layer, &stream);
        count(layer, 1, found);
        expect_si("the sweep", layer, found, sweep_line(layer));
        layer_free(layer);
    }
    fmpz_clear(found);
}

// ---- Invariance ----

static void scale_rows(layer_t *layer, stream_t *stream) {
    for (slong i = 0; i < fmpz_mat_nrows(layer->rows); i++) {
        const slong factor = pick(stream, 1, 7) * (pick(stream, 0, 1) ? 1 : -1);
        _fmpz_vec_scalar_mul_si(layer->rows->rows[i], layer->rows->rows[i], layer->dimension + 1, factor);
    }
    fmpz_mat_scalar_mul_si(layer->router, layer->router, pick(stream, 1, 9));
}

static void permute_experts(layer_t *layer, stream_t *stream) {
    const slong h = layer->width;
    for (slong i = layer->experts - 1; i > 0; i--) {
        const slong j = pick(stream, 0, i);
        fmpz_mat_swap_rows(layer->router, NULL, i, j);
        for (slong u = 0; u < h; u++)
            fmpz_mat_swap_rows(layer->rows, NULL, i * h + u, j * h + u);
    }
}

static void permute_units(layer_t *layer, stream_t *stream) {
    const slong h = layer->width;
    for (slong i = 0; i < layer->experts; i++)
        for (slong u = h - 1; u > 0; u--)
            fmpz_mat_swap_rows(layer->rows, NULL, i * h + u, i * h + pick(stream, 0, u));
}

// The same affine function for all logits changes nothing.
static void shift_logits(layer_t *layer, stream_t *stream) {
    for (slong j = 0; j <= layer->dimension; j++) {
        const slong shift = pick(stream, -1000, 1000);
        for (slong i = 0; i < layer->experts; i++) {
            fmpz *entry = fmpz_mat_entry(layer->router, i, j);
            fmpz_add_si(entry, entry, shift);
        }
    }
}

static void add_column(fmpz_mat_t rows, slong from, slong to, const fmpz_t factor) {
    for (slong i = 0; i < fmpz_mat_nrows(rows); i++)
        fmpz_addmul(fmpz_mat_entry(rows, i, to), fmpz_mat_entry(rows, i, from), factor);
}

// x -> x + c x_j e_i and x -> x + c e_i, a few times, with small c and large c.
static void map_by(layer_t *layer, stream_t *stream, slong bits) {
    fmpz_t factor;
    fmpz_init(factor);
    for (int step = 0; step < 6; step++) {
        const slong i = pick(stream, 0, layer->dimension - 1), j = pick(stream, 0, layer->dimension);
        fmpz_set_si(factor, pick(stream, -3, 3));
        fmpz_mul_2exp(factor, factor, (ulong)bits);
        if (i != j) {
            add_column(layer->router, i, j, factor);
            add_column(layer->rows, i, j, factor);
        }
    }
    fmpz_clear(factor);
}

static void map_gently(layer_t *layer, stream_t *stream) {
    map_by(layer, stream, 0);
}

static void map_wildly(layer_t *layer, stream_t *stream) {
    map_by(layer, stream, 40);
}

static void test_invariance(void **state) {
    (void)state;
    stream_t stream = stream_of("invariance");
    void (*const maps[])(layer_t *, stream_t *) = {scale_rows,   permute_experts, permute_units,
                                                   shift_logits, map_gently,      map_wildly};
    static const char *const names[] = {"rows scaled",    "experts permuted", "units permuted",
                                        "logits shifted", "affine map",       "wild affine map"};
    fmpz_t before, after;
    fmpz_init(before);
    fmpz_init(after);
    for (int i = 0; i < 40; i++) {
        const slong n = pick(&stream, 2, 9), d = pick(&stream, 1, 4);
        layer_t *layer =
            draw_layer(&stream, n, pick(&stream, 1, n), pick(&stream, 1, 8 - d), d, i % 2 == 0 ? 3 : 1000);
        if (i % 4 < 2)
            spoil(layer, &stream);
        count(layer, 2, before);
        for (size_t m = 0; m < sizeof maps / sizeof *maps; m++) {
            maps[m](layer, &stream);
            count(layer, 2, after);
            expect(names[m], layer, after, before);
        }
        layer_free(layer);
    }
    fmpz_clear(before);
    fmpz_clear(after);
}

// Units that repeat one of their own expert's, and dead ones, change nothing.
static void test_idle_units(void **state) {
    (void)state;
    stream_t stream = stream_of("idle");
    fmpz_t before, after;
    fmpz_init(before);
    fmpz_init(after);
    for (int i = 0; i < 40; i++) {
        const slong n = pick(&stream, 2, 6), d = pick(&stream, 1, 4), h = pick(&stream, 1, 4);
        layer_t *layer = draw_layer(&stream, n, pick(&stream, 1, n), h, d, 50);
        layer_t *wider = layer_alloc(n, layer->active, 2 * h + 1, d);
        assert_non_null(wider);
        fmpz_mat_set(wider->router, layer->router);
        for (slong e = 0; e < n; e++)
            for (slong u = 0; u < 2 * h; u++)
                _fmpz_vec_scalar_mul_si(wider->rows->rows[e * (2 * h + 1) + u],
                                        layer->rows->rows[e * h + u / 2], d + 1, u % 2 == 0 ? 1 : -3);
        for (slong e = 0; e < n; e++)
            fmpz_set_si(fmpz_mat_entry(wider->rows, e * (2 * h + 1) + 2 * h, d), e % 3 - 1);
        count(layer, 1, before);
        count(wider, 1, after);
        expect("idle units", wider, after, before);
        layer_free(layer);
        layer_free(wider);
    }
    fmpz_clear(before);
    fmpz_clear(after);
}

// ---- Threads and stored parts ----

// Keeps the sums of parts, and forgets those whose number is `lost` modulo 3.
typedef struct store {
    fmpz *sums;
    slong width, room;
    bool *known;
    slong lost, restored, stored, steps;
} store_t;

static void keep_part(void *watcher, ulong shard, const fmpz *sums, slong width) {
    store_t *store = watcher;
    assert_true((slong)shard < store->room && width == store->width);
    _fmpz_vec_set(store->sums + (slong)shard * width, sums, width);
    store->known[shard] = true;
    store->stored++;
}

static bool restore_part(void *watcher, ulong shard, fmpz *sums, slong width) {
    store_t *store = watcher;
    if (!store->known[shard] || (slong)shard % 3 == store->lost)
        return false;
    _fmpz_vec_set(sums, store->sums + (slong)shard * width, width);
    store->restored++;
    return true;
}

static void count_steps(void *watcher, uint64_t done, uint64_t total) {
    store_t *store = watcher;
    assert_true(done <= total);
    store->steps++;
}

static void check_stored_parts(const layer_t *layer, seen_t *first, seen_t *second) {
    store_t store = {.width = layer->dimension + 1, .room = 4096};
    store.sums = _fmpz_vec_init(store.width * store.room);
    store.known = calloc((size_t)store.room, sizeof *store.known);
    shards_control_t control = {.threads = 1,
                                .progress = count_steps,
                                .restore = restore_part,
                                .store = keep_part,
                                .watcher = &store};
    layer_count_t one, two;
    layer_count_init(&one, layer->dimension);
    layer_count_init(&two, layer->dimension);
    *first = (seen_t){.layer = layer};
    *second = (seen_t){.layer = layer};
    assert_int_equal(layer_flats_count(layer, &control, see, first, &one), GSL_SUCCESS);
    const slong parts = store.stored;
    assert_int_equal(store.steps, parts);
    for (int threads = 1; threads <= 3; threads++) {
        control.threads = threads;
        store.lost = threads - 1;
        store.restored = store.stored = 0;
        second->count = 0;
        assert_int_equal(layer_flats_count(layer, &control, see, second, &two), GSL_SUCCESS);
        assert_int_equal(store.restored + store.stored, parts);
        assert_true(parts < 3 || store.restored > 0);
        expect("stored parts", layer, two.regions, one.regions);
        for (slong j = 0; j < one.levels; j++)
            expect("levels of stored parts", layer, two.level + j, one.level + j);
        assert_int_equal(first->count, second->count);
        assert_memory_equal(first->regions, second->regions, (size_t)first->count * sizeof *first->regions);
    }
    layer_count_clear(&one);
    layer_count_clear(&two);
    free(store.known);
    _fmpz_vec_clear(store.sums, store.width * store.room);
}

static void test_threads_and_stored_parts(void **state) {
    (void)state;
    stream_t stream = stream_of("threads");
    seen_t *first = malloc(sizeof *first), *second = malloc(sizeof *second);
    assert_true(first != NULL && second != NULL);
    for (int i = 0; i < 12; i++) {
        const slong n = pick(&stream, 2, 8), d = pick(&stream, 1, 4);
        layer_t *layer = draw_layer(&stream, n, i % 3 == 0 ? n : pick(&stream, 1, n), 20 / d, d, 20);
        check_stored_parts(layer, first, second);
        layer_free(layer);
    }
    free(first);
    free(second);
}

// ---- Known numbers, errors ----

static void test_known_layers(void **state) {
    (void)state;
    fmpz_t found;
    fmpz_init(found);
    layer_t *layer = layer_alloc(3, 2, 1, 2); // as many as the claimed capacity of its shape: 12
    static const slong router[] = {1, -1, 0, 0, 1, 0, -1, 0, 0}, rows[] = {1, -1, 0, -1, -1, 1, 1, 0, 1};
    for (slong i = 0; i < 9; i++) {
        fmpz_set_si(fmpz_mat_entry(layer->router, i / 3, i % 3), router[i]);
        fmpz_set_si(fmpz_mat_entry(layer->rows, i / 3, i % 3), rows[i]);
    }
    count(layer, 1, found);
    expect_si("(3,2,1,2)", layer, found, 12);
    layer_free(layer);
    layer = layer_alloc(3, 2, 2, 2); // 30, the bound (U) of its shape
    static const slong wider[] = {-1, 1, 1, 2, -2, 0, 2, 1, -1},
                       units[] = {-1, 1, -1, -2, 0, -2, 0, 2, 1, -1, 2, 1, 1, 1, -2, -1, -2, 1};
    for (slong i = 0; i < 9; i++)
        fmpz_set_si(fmpz_mat_entry(layer->router, i / 3, i % 3), wider[i]);
    for (slong i = 0; i < 18; i++)
        fmpz_set_si(fmpz_mat_entry(layer->rows, i / 3, i % 3), units[i]);
    count(layer, 1, found);
    expect_si("(3,2,2,2)", layer, found, 30);
    layer_free(layer);
    fmpz_clear(found);
}

static void test_twins(void **state) {
    (void)state;
    stream_t stream = stream_of("twins");
    layer_t *layer = draw_layer(&stream, 4, 2, 3, 2, 9);
    _fmpz_vec_set(layer->router->rows[3], layer->router->rows[1], 3);
    layer_count_t result;
    layer_count_init(&result, 2);
    fmpz_set_si(result.regions, 77);
    fmpz_set_si(result.level + 1, 78);
    assert_int_equal(layer_flats_count(layer, NULL, NULL, NULL, &result), GSL_EDOM);
    expect_si("regions after an error", layer, result.regions, 77);
    expect_si("a level after an error", layer, result.level + 1, 78);
    layer_count_clear(&result);
    layer_free(layer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_programs),
        cmocka_unit_test(test_all_active),
        cmocka_unit_test(test_crowded_planes),
        cmocka_unit_test(test_against_listing),
        cmocka_unit_test(test_units_through_corners),
        cmocka_unit_test(test_line_against_sweep),
        cmocka_unit_test(test_invariance),
        cmocka_unit_test(test_idle_units),
        cmocka_unit_test(test_threads_and_stored_parts),
        cmocka_unit_test(test_known_layers),
        cmocka_unit_test(test_twins),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
