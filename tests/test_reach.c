// SPDX-License-Identifier: GPL-3.0-or-later
// geometry/reach: every coalition of thousands of small and mostly degenerate routers is either listed with a point
// inside its cell, or refuted by a certificate; both are checked in rationals here. Larger routers against a sweep
// of the line and against counts that are known.
#include "geometry/reach.h"

#include "stat/stream.h"

#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MOST_EXPERTS = 300 };

// ---- Building routers ----

static stream_t stream_of(const char *test) {
    return stream_at(31, stream_experiment(test), 0);
}

static slong pick(stream_t *stream, slong low, slong high) {
    uint64_t word;
    stream_bits(stream, &word, 1);
    return low + (slong)(word % (uint64_t)(high - low + 1));
}

static layer_t *draw_router(stream_t *stream, slong experts, slong active, slong dimension, slong range) {
    layer_t *layer = layer_alloc(experts, active, 0, dimension);
    assert_non_null(layer);
    for (slong i = 0; i < experts; i++)
        for (slong j = 0; j <= dimension; j++)
            fmpz_set_si(fmpz_mat_entry(layer->router, i, j), pick(stream, -range, range));
    return layer;
}

// Equal normals, normals on a line, entries of more than one word; twins now and then.
static layer_t *draw_degenerate(stream_t *stream) {
    const slong n = pick(stream, 1, 7), d = pick(stream, 1, 4);
    layer_t *layer = draw_router(stream, n, pick(stream, 1, n), d, pick(stream, 1, 4));
    for (slong i = 1; i < n; i++) {
        fmpz *row = layer->router->rows[i];
        const slong kind = pick(stream, 0, 9);
        if (kind == 0)
            _fmpz_vec_set(row, layer->router->rows[pick(stream, 0, i - 1)], d);
        else if (kind == 1)
            _fmpz_vec_scalar_mul_si(row, layer->router->rows[pick(stream, 0, i - 1)], d, 2);
        else if (kind == 2)
            _fmpz_vec_zero(row, d);
    }
    if (pick(stream, 0, 7) == 0) { // x_1 -> 2^80 x_1 + x_2, the offsets as they are
        for (slong i = 0; i < n && d > 1; i++) {
            fmpz *row = layer->router->rows[i];
            fmpz_add(row + 1, row + 1, row);
            fmpz_mul_2exp(row, row, 80);
        }
    }
    return layer;
}

static void require(bool good, const char *what, const layer_t *layer) {
    if (good)
        return;
    fprintf(stderr, "%s, of\n", what);
    layer_print(stderr, layer);
    fail();
}

// ---- Listing ----

// What a walk over the coalitions checks and remembers.
typedef struct walk {
    const layer_t *layer;
    slong count;
    slong last[MOST_EXPERTS];
    bool *seen; // 2^N, or NULL
    slong stop; // ends the walk after so many, unless it is 0
} walk_t;

static void logit_at(fmpq_t value, const layer_t *layer, slong expert, const fmpq *point) {
    fmpq_t term;
    fmpq_init(term);
    fmpq_set_fmpz(value, fmpz_mat_entry(layer->router, expert, layer->dimension));
    for (slong j = 0; j < layer->dimension; j++) {
        fmpq_mul_fmpz(term, point + j, fmpz_mat_entry(layer->router, expert, j));
        fmpq_add(value, value, term);
    }
    fmpq_clear(term);
}

// Whether each logit of a member is above each of the others at the point.
static bool is_inside(const layer_t *layer, const slong *members, const fmpq *point) {
    fmpq_t value, least, most;
    fmpq_init(value);
    fmpq_init(least);
    fmpq_init(most);
    slong in = 0, out = 0;
    for (slong i = 0; i < layer->experts; i++) {
        logit_at(value, layer, i, point);
        if (in < layer->active && members[in] == i) {
            if (in++ == 0 || fmpq_cmp(value, least) < 0)
                fmpq_set(least, value);
        } else if (out++ == 0 || fmpq_cmp(value, most) > 0)
            fmpq_set(most, value);
    }
    const bool inside = in == layer->active && (out == 0 || fmpq_cmp(least, most) > 0);
    fmpq_clear(value);
    fmpq_clear(least);
    fmpq_clear(most);
    return inside;
}

static bool is_after(const slong *left, const slong *right, slong k) {
    slong i = 0;
    while (i < k && left[i] == right[i])
        i++;
    return i < k && left[i] > right[i];
}

static int visit(void *context, const slong *members, const polyhedron_t *cell) {
    walk_t *walk = context;
    const slong k = walk->layer->active;
    require(walk->count == 0 || is_after(members, walk->last, k), "not in lexicographic order", walk->layer);
    memcpy(walk->last, members, (size_t)k * sizeof *members);
    fmpq *point = _fmpq_vec_init(walk->layer->dimension);
    polyhedron_point(cell, point);
    require(is_inside(walk->layer, members, point), "the point is not in the cell", walk->layer);
    _fmpq_vec_clear(point, walk->layer->dimension);
    size_t set = 0;
    for (slong i = 0; i < k && walk->seen != NULL; i++)
        set |= (size_t)1 << members[i];
    if (walk->seen != NULL)
        walk->seen[set] = true;
    return ++walk->count == walk->stop ? GSL_EMAXITER : GSL_SUCCESS;
}

static int walk_coalitions(walk_t *walk) {
    polyhedron_rows_t *walls = reach_walls(walk->layer, NULL);
    assert_non_null(walls);
    const int status = reach_coalitions(walk->layer, walls, visit, walk);
    polyhedron_rows_free(walls);
    return status;
}

static slong count_coalitions(const layer_t *layer) {
    walk_t walk = {.layer = layer};
    assert_int_equal(walk_coalitions(&walk), GSL_SUCCESS);
    return walk.count;
}

// ---- Certificates ----

// Whether sum lambda_i router_i - sum mu_j router_j = (0, drop), recomputed here.
static bool drop_is_right(const layer_t *layer, size_t set, const fmpq *weights, const fmpq_t drop) {
    fmpq_t sum, term;
    fmpq_init(sum);
    fmpq_init(term);
    bool right = true;
    for (slong j = 0; j <= layer->dimension; j++) {
        fmpq_zero(sum);
        for (slong i = 0; i < layer->experts; i++) {
            fmpq_mul_fmpz(term, weights + i, fmpz_mat_entry(layer->router, i, j));
            if (set >> i & 1)
                fmpq_add(sum, sum, term);
            else
                fmpq_sub(sum, sum, term);
        }
        right = right && (j < layer->dimension ? fmpq_is_zero(sum) : fmpq_equal(sum, drop));
    }
    fmpq_clear(sum);
    fmpq_clear(term);
    return right && fmpq_sgn(drop) <= 0;
}

// No change of a proof in one weight is a proof, as the sum of a side is not 1; nor is a negative weight.
static bool refutes_nothing_else(const layer_t *layer, const slong *members, fmpq *weights,
                                 stream_t *stream) {
    const slong i = pick(stream, 0, layer->experts - 1);
    fmpq_t old;
    fmpq_init(old);
    fmpq_set(old, weights + i);
    fmpq_add_si(weights + i, weights + i, 1);
    bool good = !reach_refutes(layer, members, weights);
    fmpq_set_si(weights + i, -1, 3);
    good = good && !reach_refutes(layer, members, weights);
    fmpq_set(weights + i, old);
    fmpq_clear(old);
    return good;
}

// Decides one coalition by a certificate and compares with the list.
static void check_coalition(const layer_t *layer, size_t set, bool listed, stream_t *stream) {
    slong members[MOST_EXPERTS], count = 0;
    for (slong i = 0; i < layer->experts; i++)
        if (set >> i & 1)
            members[count++] = i;
    fmpq *weights = _fmpq_vec_init(layer->experts);
    fmpq_t drop;
    fmpq_init(drop);
    for (slong i = 0; i < layer->experts; i++)
        fmpq_set_si(weights + i, 7, 5);
    const int status = reach_certificate(layer, members, weights, drop);
    require(status == (listed ? GSL_EDOM : GSL_SUCCESS), "list and certificate disagree", layer);
    if (status == GSL_SUCCESS) {
        require(reach_refutes(layer, members, weights), "the certificate is not accepted", layer);
        require(drop_is_right(layer, set, weights, drop), "the drop is wrong", layer);
        require(refutes_nothing_else(layer, members, weights, stream), "a wrong certificate is accepted",
                layer);
    }
    fmpq_t untouched;
    fmpq_init(untouched);
    fmpq_set_si(untouched, 7, 5);
    for (slong i = 0; i < layer->experts && status != GSL_SUCCESS; i++)
        require(fmpq_equal(weights + i, untouched), "weights were written", layer);
    fmpq_clear(untouched);
    fmpq_clear(drop);
    _fmpq_vec_clear(weights, layer->experts);
}

// Returns whether the layer has twins that matter, so that there is no list.
static bool check_router(const layer_t *layer, stream_t *stream) {
    slong first, second;
    const size_t sets = (size_t)1 << layer->experts;
    bool *seen = calloc(sets, sizeof *seen);
    walk_t walk = {.layer = layer, .seen = seen};
    const int status = walk_coalitions(&walk);
    const bool twins = layer_twins(layer, &first, &second) && layer->active < layer->experts;
    require(status == (twins ? GSL_EDOM : GSL_SUCCESS), "wrong status", layer);
    for (size_t set = 0; set < sets && !twins; set++)
        if (__builtin_popcountl(set) == layer->active)
            check_coalition(layer, set, seen[set], stream);
    free(seen);
    return twins;
}

// Weights whose normals cancel and that are no proof, for coalitions that are reachable.
static void test_weights_that_prove_nothing(void **state) {
    (void)state;
    static const struct {
        slong experts, router[6], weights[3];
    } cases[] = {{2, {5, 3, 5, 2}, {1, 1}},            // a drop of +1
                 {3, {2, 0, 1, 1, 0, 0}, {1, 2, -1}}}; // a drop of -2, but by a negative weight
    const slong members[] = {0};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        layer_t *layer = layer_alloc(cases[c].experts, 1, 0, 1);
        fmpq *weights = _fmpq_vec_init(cases[c].experts);
        for (slong i = 0; i < cases[c].experts; i++) {
            fmpz_set_si(fmpz_mat_entry(layer->router, i, 0), cases[c].router[2 * i]);
            fmpz_set_si(fmpz_mat_entry(layer->router, i, 1), cases[c].router[2 * i + 1]);
            fmpq_set_si(weights + i, cases[c].weights[i], 1);
        }
        require(!reach_refutes(layer, members, weights), "refutes what is reachable", layer);
        _fmpq_vec_clear(weights, cases[c].experts);
        layer_free(layer);
    }
}

static void test_every_coalition(void **state) {
    (void)state;
    stream_t stream = stream_of("every coalition");
    int twins = 0;
    for (int i = 0; i < 2500; i++) {
        layer_t *layer = draw_degenerate(&stream);
        twins += check_router(layer, &stream);
        layer_free(layer);
    }
    assert_in_range(twins, 10, 1500);
}

static void test_larger_routers(void **state) {
    (void)state;
    stream_t stream = stream_of("larger routers");
    for (int i = 0; i < 20; i++) {
        layer_t *layer = draw_router(&stream, 11, pick(&stream, 1, 10), pick(&stream, 2, 5), 9);
        check_router(layer, &stream);
        layer_free(layer);
    }
}

// ---- Facets ----

// Every facet is shared by two cells.
static void test_facets_pair_up(void **state) {
    (void)state;
    stream_t stream = stream_of("facets");
    for (int i = 0; i < 200; i++) {
        layer_t *layer =
            draw_router(&stream, pick(&stream, 2, 12), 1, pick(&stream, 1, 4), pick(&stream, 2, 99));
        layer->active = pick(&stream, 1, layer->experts - 1);
        polyhedron_rows_t *walls = reach_walls(layer, NULL);
        reach_list_t list;
        slong first, second;
        if (!layer_twins(layer, &first, &second)) {
            assert_int_equal(reach_find(layer, walls, &list), GSL_SUCCESS);
            require(list.first[list.count] % 2 == 0, "an odd number of facets", layer);
            for (slong c = 0; c < list.count; c++)
                require(list.count == 1 || list.first[c + 1] > list.first[c], "a cell without facets", layer);
            reach_list_clear(&list);
        }
        polyhedron_rows_free(walls);
        layer_free(layer);
    }
}

// ---- Counts by other means ----

static int compare_rationals(const void *a, const void *b) {
    return fmpq_cmp((const fmpq *)a, (const fmpq *)b);
}

// The coalition at a point of the line without ties, as a set; fails on a tie at the threshold.
static size_t set_at(const layer_t *layer, const fmpq *x) {
    fmpq *values = _fmpq_vec_init(layer->experts);
    for (slong i = 0; i < layer->experts; i++)
        logit_at(values + i, layer, i, x);
    size_t set = 0;
    for (slong i = 0; i < layer->experts; i++) {
        slong above = 0;
        for (slong j = 0; j < layer->experts; j++)
            above += fmpq_cmp(values + j, values + i) > 0;
        if (above < layer->active)
            set |= (size_t)1 << i;
    }
    assert_int_equal(__builtin_popcountl(set), layer->active);
    _fmpq_vec_clear(values, layer->experts);
    return set;
}

// All points where two logits of a router on the line agree, ascending; returns their number.
static slong crossing_points(const layer_t *layer, fmpq *points) {
    slong count = 0;
    fmpz_t rise, fall;
    fmpz_init(rise);
    fmpz_init(fall);
    for (slong i = 0; i < layer->experts; i++)
        for (slong j = 0; j < i; j++) {
            fmpz_sub(rise, fmpz_mat_entry(layer->router, i, 0), fmpz_mat_entry(layer->router, j, 0));
            fmpz_sub(fall, fmpz_mat_entry(layer->router, j, 1), fmpz_mat_entry(layer->router, i, 1));
            if (!fmpz_is_zero(rise))
                fmpq_set_fmpz_frac(points + count++, fall, rise);
        }
    qsort(points, (size_t)count, sizeof *points, compare_rationals);
    fmpz_clear(rise);
    fmpz_clear(fall);
    return count;
}

// Coalitions met by the points between neighbouring crossings. On a line a coalition's cell is an interval.
static slong sweep_line(const layer_t *layer) {
    const slong room = layer->experts * layer->experts;
    fmpq *points = _fmpq_vec_init(room);
    const slong count = crossing_points(layer, points);
    slong cells = 0;
    size_t last = 0;
    fmpq_t x;
    fmpq_init(x);
    for (slong i = 0; i <= count; i++) {
        if (i > 0 && i < count && fmpq_equal(points + i - 1, points + i))
            continue;
        if (i == 0 || i == count)
            fmpq_add_si(x, points + (i == 0 ? 0 : count - 1), i == 0 ? -1 : 1);
        else {
            fmpq_add(x, points + i - 1, points + i);
            fmpq_div_2exp(x, x, 1);
        }
        const size_t set = set_at(layer, x);
        cells += i == 0 || set != last;
        last = set;
    }
    fmpq_clear(x);
    _fmpq_vec_clear(points, room);
    return cells;
}

static void test_line_against_sweep(void **state) {
    (void)state;
    stream_t stream = stream_of("line");
    for (int i = 0; i < 40; i++) {
        layer_t *layer = draw_router(&stream, pick(&stream, 2, 40), 1, 1, pick(&stream, 30, 3000));
        layer->active = pick(&stream, 1, layer->experts);
        slong first, second;
        if (!layer_twins(layer, &first, &second))
            require(count_coalitions(layer) == sweep_line(layer), "the sweep counts otherwise", layer);
        layer_free(layer);
    }
}

// The moment curve: expert t has the normal (t, .., t^d) and the offset -t^(d+1) (d odd) or t^(d+1) (d even).
static layer_t *moment_router(slong experts, slong active, slong dimension) {
    layer_t *layer = layer_alloc(experts, active, 0, dimension);
    assert_non_null(layer);
    for (slong i = 0; i < experts; i++)
        for (slong j = 0; j <= dimension; j++) {
            fmpz_set_si(fmpz_mat_entry(layer->router, i, j), i + 1);
            fmpz_pow_ui(fmpz_mat_entry(layer->router, i, j), fmpz_mat_entry(layer->router, i, j),
                        (ulong)j + 1);
            if (j == dimension && dimension % 2 == 1)
                fmpz_neg(fmpz_mat_entry(layer->router, i, j), fmpz_mat_entry(layer->router, i, j));
        }
    return layer;
}

// All coalitions are reachable with k <= floor((d + 1) / 2), and with N - k for the negated logits.
static void test_neighbourly_routers(void **state) {
    (void)state;
    for (slong d = 1; d <= 5; d++)
        for (slong n = d + 2; n <= d + 4; n++)
            for (slong k = 1; k < n; k++) {
                const slong least = k < n - k ? k : n - k;
                if (least > (d + 1) / 2)
                    continue;
                layer_t *layer = moment_router(n, k, d);
                if (k > n - k)
                    fmpz_mat_neg(layer->router, layer->router);
                fmpz_t all;
                fmpz_init(all);
                fmpz_bin_uiui(all, (ulong)n, (ulong)k);
                require(fmpz_equal_si(all, count_coalitions(layer)), "not all coalitions", layer);
                fmpz_clear(all);
                layer_free(layer);
            }
}

// Whether the normals are affinely independent: the rank of the rows w_i 1.
static bool independent(const layer_t *layer) {
    fmpz_mat_t rows;
    fmpz_mat_init_set(rows, layer->router);
    for (slong i = 0; i < layer->experts; i++)
        fmpz_one(fmpz_mat_entry(rows, i, layer->dimension));
    const bool full = fmpz_mat_rank(rows) == layer->experts;
    fmpz_mat_clear(rows);
    return full;
}

static void test_independent_normals(void **state) {
    (void)state;
    stream_t stream = stream_of("independent");
    int known = 0;
    for (int i = 0; i < 300; i++) {
        const slong n = pick(&stream, 1, 6);
        layer_t *layer = draw_router(&stream, n, pick(&stream, 1, n), pick(&stream, 1, 5), 2);
        fmpz_t all;
        fmpz_init_set_si(all, -1);
        const bool told = reach_all(layer, all);
        require(told == independent(layer), "reach_all sees other normals", layer);
        require(told || fmpz_equal_si(all, -1), "reach_all wrote", layer);
        require(!told || fmpz_equal_si(all, count_coalitions(layer)), "reach_all is wrong", layer);
        known += told;
        fmpz_clear(all);
        layer_free(layer);
    }
    assert_in_range(known, 50, 250);
}

static void test_wide_routers(void **state) {
    (void)state;
    stream_t stream = stream_of("wide");
    layer_t *layer = draw_router(&stream, 300, 7, 2, 1000000);
    const slong seven = count_coalitions(layer);
    layer->active = 293; // the lowest seven of the negated logits
    fmpz_mat_neg(layer->router, layer->router);
    require(count_coalitions(layer) == seven, "k of z and N - k of -z differ", layer);
    layer_free(layer);
}

// ---- The rest of the contract ----

static void test_walk_ends(void **state) {
    (void)state;
    stream_t stream = stream_of("walk");
    layer_t *layer = draw_router(&stream, 8, 3, 3, 50);
    walk_t walk = {.layer = layer, .stop = 4};
    assert_int_equal(walk_coalitions(&walk), GSL_EMAXITER);
    assert_int_equal(walk.count, 4);
    layer_free(layer);
}

static void test_walls(void **state) {
    (void)state;
    stream_t stream = stream_of("walls");
    layer_t *layer = draw_router(&stream, 6, 3, 4, 50);
    fmpz_mat_t extra;
    fmpz_mat_init(extra, 2, 5);
    fmpz_set_si(fmpz_mat_entry(extra, 1, 3), 17);
    polyhedron_rows_t *walls = reach_walls(layer, extra);
    slong row = 0;
    for (slong i = 0; i < 6; i++)
        for (slong j = i + 1; j < 6; j++, row++) {
            assert_int_equal(reach_wall(6, i, j), row);
            for (slong c = 0; c <= 4; c++)
                assert_int_equal(fmpz_get_si(fmpz_mat_entry(walls->exact, row, c)),
                                 fmpz_get_si(fmpz_mat_entry(layer->router, i, c)) -
                                     fmpz_get_si(fmpz_mat_entry(layer->router, j, c)));
        }
    assert_int_equal(walls->count, 17);
    assert_int_equal(fmpz_get_si(fmpz_mat_entry(walls->exact, 16, 3)), 17);
    polyhedron_rows_free(walls);
    fmpz_mat_clear(extra);
    layer_free(layer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_weights_that_prove_nothing),
        cmocka_unit_test(test_every_coalition),
        cmocka_unit_test(test_larger_routers),
        cmocka_unit_test(test_facets_pair_up),
        cmocka_unit_test(test_line_against_sweep),
        cmocka_unit_test(test_neighbourly_routers),
        cmocka_unit_test(test_independent_normals),
        cmocka_unit_test(test_wide_routers),
        cmocka_unit_test(test_walk_ends),
        cmocka_unit_test(test_walls),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
