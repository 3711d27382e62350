// SPDX-License-Identifier: GPL-3.0-or-later
// geometry/layer_vertices: known counts, random layers against an exact search through all sign vectors, degenerate
// layers that must be refused or counted right, and the independence of seed, coordinates and threads.
#include "geometry/arrangement.h"
#include "geometry/count.h"
#include "geometry/layer_vertices.h"
#include "stat/stream.h"

#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

// ---- Building layers ----

static slong pick(stream_t *stream, slong low, slong high) {
    uint64_t word;
    stream_bits(stream, &word, 1);
    return low + (slong)(word % (uint64_t)(high - low + 1));
}

static stream_t stream_of(const char *test) {
    return stream_at(31, stream_experiment(test), 0);
}

static layer_t *build(slong N, slong k, slong H, slong d, const slong *entries) {
    layer_t *layer = layer_alloc(N, k, H, d);
    assert_non_null(layer);
    for (slong i = 0; i < N * (H + 1); i++)
        for (slong j = 0; j <= d; j++)
            fmpz_set_si(i < N ? fmpz_mat_entry(layer->router, i, j) : fmpz_mat_entry(layer->rows, i - N, j),
                        *entries++);
    return layer;
}

// Uniform entries in -range..range, `range` below 2^62.
static layer_t *draw(stream_t *stream, slong N, slong k, slong H, slong d, slong range) {
    layer_t *layer = layer_alloc(N, k, H, d);
    assert_non_null(layer);
    for (slong j = 0; j <= d; j++) {
        for (slong i = 0; i < N; i++)
            fmpz_set_si(fmpz_mat_entry(layer->router, i, j), pick(stream, -range, range));
        for (slong i = 0; i < N * H; i++)
            fmpz_set_si(fmpz_mat_entry(layer->rows, i, j), pick(stream, -range, range));
    }
    return layer;
}

// ---- The slow count: Fourier and Motzkin on every sign vector ----

// Strict inequalities c_1 x_1 + ... + c_d x_d + c_0 > 0, each with the set of those it was made of.
typedef struct {
    slong count, room, width;
    fmpz *rows;
    ulong *made_of;
} system_t;

static void system_clear(system_t *s) {
    _fmpz_vec_clear(s->rows, s->room * s->width);
    free(s->made_of);
}

static fmpz *add_row(system_t *s, ulong made_of) {
    if (s->count == s->room) {
        const slong room = 2 * s->room + 32;
        s->rows = flint_realloc(s->rows, (size_t)(room * s->width) * sizeof *s->rows);
        memset(s->rows + s->room * s->width, 0, (size_t)((room - s->room) * s->width) * sizeof *s->rows);
        s->made_of = realloc(s->made_of, (size_t)room * sizeof *s->made_of);
        assert_non_null(s->made_of);
        s->room = room;
    }
    s->made_of[s->count] = made_of;
    return s->rows + s->width * s->count++;
}

// Takes variable j out of `from`. A combination of more than `most` inequalities follows from others (D. A.
// Kohler 1967).
static void take_out(system_t *to, const system_t *from, slong j, int most) {
    const slong width = from->width;
    to->count = 0;
    for (slong a = 0; a < from->count; a++) {
        const fmpz *plus = from->rows + a * width;
        if (fmpz_is_zero(plus + j))
            _fmpz_vec_set(add_row(to, from->made_of[a]), plus, width);
        for (slong b = 0; b < from->count && fmpz_sgn(plus + j) > 0; b++) {
            const fmpz *minus = from->rows + b * width;
            const ulong made_of = from->made_of[a] | from->made_of[b];
            if (fmpz_sgn(minus + j) >= 0 || __builtin_popcountl(made_of) > most)
                continue;
            fmpz *row = add_row(to, made_of);
            _fmpz_vec_scalar_mul_fmpz(row, minus, width, plus + j);
            _fmpz_vec_scalar_submul_fmpz(row, plus, width, minus + j);
        }
    }
}

// Whether the first `count` of the inequalities have a common point.
static bool feasible(const system_t *inequalities) {
    const slong d = inequalities->width - 1;
    system_t now = {.width = d + 1}, next = {.width = d + 1};
    for (slong i = 0; i < inequalities->count; i++)
        _fmpz_vec_set(add_row(&now, UWORD(1) << i), inequalities->rows + i * (d + 1), d + 1);
    for (slong j = 0; j < d; j++) {
        take_out(&next, &now, j, (int)j + 2);
        const system_t swap = now;
        now = next;
        next = swap;
    }
    bool good = true;
    for (slong i = 0; i < now.count; i++)
        good = good && fmpz_sgn(now.rows + i * (d + 1) + d) > 0;
    system_clear(&now);
    system_clear(&next);
    return good;
}

// The sign vectors of the units of a coalition from `row` on; a unit that does not cut counts once.
static slong count_signs(const layer_t *layer, const bool *member, system_t *s, slong row) {
    if (!feasible(s))
        return 0;
    while (row < layer->experts * layer->width &&
           (!member[row / layer->width] || _fmpz_vec_is_zero(layer->rows->rows[row], layer->dimension)))
        row++;
    if (row == layer->experts * layer->width)
        return 1;
    slong regions = 0;
    for (int sign = 0; sign < 2; sign++) {
        fmpz *inequality = add_row(s, 0);
        if (sign == 0)
            _fmpz_vec_set(inequality, layer->rows->rows[row], s->width);
        else
            _fmpz_vec_neg(inequality, layer->rows->rows[row], s->width);
        regions += count_signs(layer, member, s, row + 1);
        s->count--;
    }
    return regions;
}

static slong count_coalition(const layer_t *layer, ulong coalition) {
    const slong N = layer->experts;
    bool member[64];
    system_t s = {.width = layer->dimension + 1};
    for (slong i = 0; i < N; i++)
        member[i] = coalition >> i & 1;
    for (slong i = 0; i < N; i++)
        for (slong j = 0; j < N; j++)
            if (member[i] && !member[j])
                _fmpz_vec_sub(add_row(&s, 0), layer->router->rows[i], layer->router->rows[j], s.width);
    const slong regions = count_signs(layer, member, &s, 0);
    system_clear(&s);
    return regions;
}

static slong count_slowly(const layer_t *layer) {
    slong regions = 0;
    for (ulong coalition = 0; coalition < UWORD(1) << layer->experts; coalition++)
        if (__builtin_popcountl(coalition) == layer->active)
            regions += count_coalition(layer, coalition);
    return regions;
}

// ---- Checking ----

// Counts with one seed and a number of threads; returns the status.
static int count_fast(const layer_t *layer, uint64_t seed, int threads, fmpz_t regions, char *reason) {
    const shards_control_t control = {.threads = threads};
    layer_count_t count;
    layer_count_init(&count, layer->dimension);
    reason[0] = 0;
    const int status = layer_vertices_count(layer, seed, &control, &count, reason);
    if (status == GSL_SUCCESS) {
        fmpz_t sum;
        fmpz_init(sum);
        _fmpz_vec_sum(sum, count.level, count.levels);
        assert_true(fmpz_equal(sum, count.regions));
        assert_true(fmpz_is_one(count.level));
        fmpz_clear(sum);
    }
    fmpz_set(regions, count.regions);
    layer_count_clear(&count);
    return status;
}

static void fail_with(const layer_t *layer, const char *what, int status, const fmpz_t found, slong expected,
                      const char *reason) {
    fprintf(stderr, "%s: status %d (%s), found ", what, status, reason);
    fmpz_fprint(stderr, found);
    fprintf(stderr, ", expected %ld, of\n", expected);
    layer_print(stderr, layer);
    fail();
}

// The layer must be counted, and right, for several seeds.
static void expect(const layer_t *layer, slong expected, const char *what) {
    char reason[LAYER_VERTICES_REASON];
    fmpz_t regions;
    fmpz_init(regions);
    for (uint64_t seed = 1; seed <= 3; seed++) {
        const int status = count_fast(layer, seed, 1, regions, reason);
        if (status != GSL_SUCCESS || fmpz_cmp_si(regions, expected) != 0)
            fail_with(layer, what, status, regions, expected, reason);
    }
    fmpz_clear(regions);
}

// The layer must be refused with a reason, or counted right; returns whether it was counted.
static bool expect_no_lie(const layer_t *layer, slong expected, const char *what) {
    char reason[LAYER_VERTICES_REASON];
    fmpz_t regions;
    fmpz_init(regions);
    const int status = count_fast(layer, 7, 1, regions, reason);
    const bool counted = status == GSL_SUCCESS;
    if (counted ? fmpz_cmp_si(regions, expected) != 0
                : status != GSL_ESING || strncmp(reason, "in special position", 19) != 0 ||
                      !fmpz_is_zero(regions))
        fail_with(layer, what, status, regions, expected, reason);
    fmpz_clear(regions);
    return counted;
}

// ---- Known counts ----

static void test_known(void **state) {
    (void)state;
    static const slong first[] = {-65, 46,  96,  -83, -34, -69, 27,  95,  16,  21,  67, -2,
                                  -46, -75, 25,  -92, 0,   11,  56,  96,  97,  -99, 79, 15,
                                  -31, 85,  -41, 52,  -73, -18, -92, -94, -93, 67,  39, -97};
    layer_t *layer = build(4, 2, 2, 2, first);
    assert_int_equal(count_slowly(layer), 30);
    expect(layer, 30, "N=4, k=2, H=2, d=2");
    layer_free(layer);
    static const slong second[] = {-85, -76, -78, -7, -56, 89,  72,  -21, -35, 56,  -45, 56,  -90, 49,  75,
                                   -59, 11,  64,  1,  86,  31,  -4,  40,  14,  29,  -31, -90, -92, -6,  20,
                                   -18, -2,  9,   35, -57, 44,  -54, -39, -40, -93, -54, -16, -55, -65, 31,
                                   31,  -7,  32,  73, 44,  -53, 15,  7,   89,  35,  96,  -6,  52,  -9,  -7};
    layer = build(5, 2, 2, 3, second);
    assert_int_equal(count_slowly(layer), 65);
    expect(layer, 65, "N=5, k=2, H=2, d=3");
    layer_free(layer);
}

// One expert of one unit; a router of two; the order of three logits on a line, by hand.
static void test_by_hand(void **state) {
    (void)state;
    layer_t *layer = build(1, 1, 1, 1, (slong[]){0, 0, 2, 3});
    expect(layer, 2, "a point on a line");
    layer_free(layer);
    layer = build(2, 1, 0, 3, (slong[]){1, 2, 3, 4, 5, 6, 7, 9});
    expect(layer, 2, "a router of two");
    layer_free(layer);
    layer = build(3, 1, 1, 1, (slong[]){-1, 0, 0, 1, 1, 0, 1, 5, 1, 2, 0, 0});
    expect(layer, 4, "upper envelope of -x, 1, x: units at -5 and -2, and one dead"); // -5 is seen, -2 too
    layer_free(layer);
}

// ---- Random layers ----

typedef struct {
    slong N, k, H, d;
} shape_t;

static shape_t draw_shape(stream_t *stream) {
    shape_t shape = {.N = pick(stream, 1, 5), .d = pick(stream, 1, 4)};
    shape.k = pick(stream, 1, shape.N);
    shape.H = pick(stream, 0, 4 / shape.k);
    return shape;
}

static void test_random(void **state) {
    (void)state;
    stream_t stream = stream_of("random layers");
    for (int i = 0; i < 800; i++) {
        const shape_t shape = draw_shape(&stream);
        // Entries beyond -99..99, so that no layer is special by accident.
        layer_t *layer = draw(&stream, shape.N, shape.k, shape.H, shape.d, 100003);
        expect(layer, count_slowly(layer), "random layer");
        layer_free(layer);
    }
}

// More logits than dimensions, and ties of up to d + 1 of them.
static void test_routers(void **state) {
    (void)state;
    stream_t stream = stream_of("routers");
    for (int i = 0; i < 150; i++) {
        const slong d = pick(&stream, 1, 4), N = pick(&stream, 6, d < 3 ? 11 : 7);
        layer_t *layer = draw(&stream, N, pick(&stream, 1, N - 1), 0, d, 100003);
        expect(layer, count_slowly(layer), "router alone");
        layer_free(layer);
    }
}

// With k = N all units are active everywhere.
static void test_all_active(void **state) {
    (void)state;
    stream_t stream = stream_of("all active");
    fmpz_t regions;
    fmpz_init(regions);
    for (int i = 0; i < 20; i++) {
        const slong N = pick(&stream, 1, 4), d = pick(&stream, 1, 4), H = pick(&stream, 1, 4);
        layer_t *layer = draw(&stream, N, N, H, d, 100003);
        arrangement_t *a = arrangement_alloc(N * H, d);
        assert_non_null(a);
        fmpz_mat_set(a->rows, layer->rows);
        assert_int_equal(count_regions(a, regions), GSL_SUCCESS);
        expect(layer, fmpz_get_si(regions), "all active");
        arrangement_free(a);
        layer_free(layer);
    }
    fmpz_clear(regions);
}

// Many points on every line: lines in the plane, and points of which two may be equal.
static void test_many_points(void **state) {
    (void)state;
    stream_t stream = stream_of("many points");
    fmpz_t regions;
    fmpz_init(regions);
    layer_t *layer = draw(&stream, 2, 2, 70, 2, 1000003);
    arrangement_t *a = arrangement_alloc(140, 2);
    assert_non_null(a);
    fmpz_mat_set(a->rows, layer->rows);
    assert_int_equal(count_regions(a, regions), GSL_SUCCESS);
    expect(layer, fmpz_get_si(regions), "140 lines");
    arrangement_free(a);
    layer_free(layer);
    layer = draw(&stream, 1, 1, 300, 1, WORD(1) << 55);
    expect(layer, 301, "300 points");
    _fmpz_vec_scalar_mul_si(layer->rows->rows[250], layer->rows->rows[17], 2, -3);
    assert_false(expect_no_lie(layer, 300, "300 points, two of them equal"));
    fmpz_add_si(fmpz_mat_entry(layer->rows, 250, 1), fmpz_mat_entry(layer->rows, 250, 1), 1);
    expect(layer, 301, "300 points, two of them 2^-56 apart");
    layer_free(layer);
    fmpz_clear(regions);
}

// ---- Large and small entries ----

// x -> A x with a unimodular A of large entries, rows times large factors, and entries of 50 bits with a common part:
// doubles see next to nothing of the differences.
static void test_hard_numbers(void **state) {
    (void)state;
    stream_t stream = stream_of("hard numbers");
    for (int i = 0; i < 200; i++) {
        shape_t shape = draw_shape(&stream);
        layer_t *layer = draw(&stream, shape.N, shape.k, shape.H, shape.d, 100003);
        const slong expected = count_slowly(layer);
        fmpz_mat_struct *const parts[] = {layer->router, layer->rows};
        for (int part = 0; part < 2; part++)
            for (slong row = 0; row < fmpz_mat_nrows(parts[part]); row++)
                for (slong j = 1; j < shape.d; j++) // x_(j-1) -> x_(j-1) + 2^(20 + 11 j) x_j
                    for (slong bits = 0; bits < 20 + 11 * j; bits = 20 + 11 * j) {
                        fmpz *entries = parts[part]->rows[row];
                        fmpz_t shifted;
                        fmpz_init(shifted);
                        fmpz_mul_2exp(shifted, entries + j - 1, (ulong)(20 + 11 * j));
                        fmpz_add(entries + j, entries + j, shifted);
                        fmpz_clear(shifted);
                    }
        for (slong row = 0; row < shape.N * shape.H; row++)
            _fmpz_vec_scalar_mul_2exp(layer->rows->rows[row], layer->rows->rows[row], shape.d + 1,
                                      (ulong)pick(&stream, 0, 300));
        for (slong row = 0; row < shape.N; row++) // the same added to all logits
            for (slong j = 0; j <= shape.d; j++)
                fmpz_add_si(fmpz_mat_entry(layer->router, row, j), fmpz_mat_entry(layer->router, row, j),
                            (WORD(1) << 50) + 12345 * j);
        expect(layer, expected, "hard numbers");
        layer_free(layer);
    }
}

// Entries of 45 bits; and rows that agree in their first 50 bits.
static void test_large_entries(void **state) {
    (void)state;
    stream_t stream = stream_of("large entries");
    for (int i = 0; i < 200; i++) {
        shape_t shape = draw_shape(&stream);
        layer_t *layer = draw(&stream, shape.N, shape.k, shape.H, shape.d, WORD(1) << 45);
        for (slong row = 1; row < shape.N * shape.H && i % 2 == 1; row += 2) {
            _fmpz_vec_scalar_mul_2exp(layer->rows->rows[row], layer->rows->rows[row - 1], shape.d + 1, 5);
            for (slong j = 0; j <= shape.d; j++)
                fmpz_add_si(fmpz_mat_entry(layer->rows, row, j), fmpz_mat_entry(layer->rows, row, j),
                            pick(&stream, -9, 9));
        }
        const slong expected = count_slowly(layer);
        if (i % 2 == 0)
            expect(layer, expected, "entries of 45 bits");
        else
            expect_no_lie(layer, expected, "rows equal to 50 bits"); // small tails may be equal
        layer_free(layer);
    }
}

// Numbers as fp32 has them, 24 bits times a power of two, over a common denominator.
static void test_dyadic(void **state) {
    (void)state;
    stream_t stream = stream_of("dyadic");
    for (int i = 0; i < 200; i++) {
        shape_t shape = draw_shape(&stream);
        layer_t *layer = draw(&stream, shape.N, shape.k, shape.H, shape.d, WORD(1) << 24);
        fmpz_mat_struct *const parts[] = {layer->router, layer->rows};
        for (int part = 0; part < 2; part++)
            for (slong row = 0; row < fmpz_mat_nrows(parts[part]); row++)
                for (slong j = 0; j <= shape.d; j++) {
                    fmpz *entry = fmpz_mat_entry(parts[part], row, j);
                    fmpz_mul_2exp(entry, entry, (ulong)pick(&stream, 0, 40));
                }
        expect(layer, count_slowly(layer), "dyadic rows");
        layer_free(layer);
    }
}

// ---- Degenerate layers ----

static void test_degenerate(void **state) {
    (void)state;
    stream_t stream = stream_of("degenerate layers");
    slong counted = 0, refused = 0, twins = 0, first, second;
    for (int i = 0; i < 5000; i++) {
        const shape_t shape = draw_shape(&stream);
        layer_t *layer = draw(&stream, shape.N, shape.k, shape.H, shape.d, pick(&stream, 1, 9));
        if (shape.k < shape.N && layer_twins(layer, &first, &second)) {
            layer_count_t count;
            char reason[LAYER_VERTICES_REASON];
            layer_count_init(&count, shape.d);
            assert_int_equal(layer_vertices_count(layer, 1, NULL, &count, reason), GSL_EDOM);
            layer_count_clear(&count);
            twins++;
        } else if (expect_no_lie(layer, count_slowly(layer), "small entries"))
            counted++;
        else
            refused++;
        layer_free(layer);
    }
    print_message("# small entries: %ld counted, %ld refused, %ld with twins\n", counted, refused, twins);
    assert_true(counted > 2000 && refused > 500 && twins > 50);
}

static void expect_refused(slong N, slong k, slong H, slong d, const slong *entries, const char *what) {
    layer_t *layer = build(N, k, H, d, entries);
    if (expect_no_lie(layer, count_slowly(layer), what))
        fail_msg("%s: was counted", what);
    layer_free(layer);
}

static void test_refused(void **state) {
    (void)state;
    expect_refused(1, 1, 3, 2, (slong[]){0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 1, 0}, "three lines through a point");
    expect_refused(1, 1, 2, 2, (slong[]){0, 0, 0, 1, 2, 3, 2, 4, 6}, "one line twice");
    expect_refused(1, 1, 2, 2, (slong[]){0, 0, 0, 1, 2, 3, 1, 2, 4}, "parallel lines");
    expect_refused(1, 1, 3, 3, (slong[]){0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 1, 1, 0, 0},
                   "planes through a line");
    expect_refused(3, 1, 0, 1, (slong[]){-1, 0, 0, 0, 1, 0}, "three logits tied in a point");
    expect_refused(3, 1, 0, 2, (slong[]){-1, -1, 0, 0, 0, 0, 1, 1, 0}, "three logits tied on a line");
    expect_refused(4, 1, 0, 2, (slong[]){1, 0, 0, -1, 0, 0, 0, 1, 0, 0, -1, 0},
                   "four logits tied in a point");
    expect_refused(2, 1, 1, 2, (slong[]){1, 2, 3, 2, 5, 7, 1, 3, 4, 1, 3, 4},
                   "a unit on the tie of its expert");
    expect_refused(3, 1, 1, 2, (slong[]){0, 1, 0, -1, -1, 0, 1, -1, 0, 1, -10, 0, 0, 0, 1, 0, 0, 1},
                   "a unit that touches its expert's cell in a corner");
    // The cell of expert 0 is bounded, so that nothing is seen at infinity.
    slong cell[25 * 4] = {0,  0,  0, 0, 3, 1, 1, -7, -1, 4, -2, -6, -1, -3, 4, -9, -2, -1,
                          -5, -8, 1, 0, 0, 0, 0, 1,  0,  0, 1,  2,  3,  0,  1, 2,  3,  0};
    expect_refused(5, 1, 4, 3, cell, "one plane twice in a bounded cell");
    cell[35] = 1; // now they are parallel
    layer_t *layer = build(5, 1, 4, 3, cell);
    expect_no_lie(layer, count_slowly(layer), "parallel planes in a bounded cell");
    layer_free(layer);
    expect_refused(2, 1, 1, 1, (slong[]){1, 0, -1, 0, 3, 0, 5, 1}, "a unit in the point of the tie");
}

// ---- Threads ----

static void test_threads(void **state) {
    (void)state;
    stream_t stream = stream_of("threads");
    layer_t *layer = draw(&stream, 8, 3, 4, 3, 100003);
    char reason[LAYER_VERTICES_REASON];
    fmpz_t one, other;
    fmpz_init(one);
    fmpz_init(other);
    assert_int_equal(count_fast(layer, 1, 1, one, reason), GSL_SUCCESS);
    for (int threads = 2; threads <= 5; threads++) {
        assert_int_equal(count_fast(layer, (uint64_t)threads, threads, other, reason), GSL_SUCCESS);
        assert_true(fmpz_equal(one, other));
    }
    assert_true(fmpz_cmp_si(one, 500) > 0);
    fmpz_clear(one);
    fmpz_clear(other);
    layer_free(layer);
}

static void test_work(void **state) {
    (void)state;
    stream_t stream = stream_of("work");
    layer_t *layer = draw(&stream, 5, 2, 2, 3, 99); // 10 units, 5 logits
    assert_true(layer_vertices_work(layer) == 1 + (10 + 10) + (45 + 10));
    layer_free(layer);
}

int main(void) {
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_random),       cmocka_unit_test(test_routers),
        cmocka_unit_test(test_all_active),   cmocka_unit_test(test_many_points),
        cmocka_unit_test(test_hard_numbers), cmocka_unit_test(test_large_entries),
        cmocka_unit_test(test_dyadic),       cmocka_unit_test(test_degenerate),
        cmocka_unit_test(test_refused),      cmocka_unit_test(test_threads),
        cmocka_unit_test(test_work)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    flint_cleanup_master();
    return failed;
}
