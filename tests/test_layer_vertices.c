// SPDX-License-Identifier: GPL-3.0-or-later
// geometry/layer_vertices: known counts, random layers against an exact search through all sign vectors, degenerate
// layers that must be refused or counted right, and the independence of seed, coordinates and threads.
#include "geometry/arrangement.h"
#include "geometry/count.h"
#include "geometry/layer_vertices.h"
#include "support/cases.h"
#include "support/families.h"
#include "support/seeds.h"

#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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
static int count_fast(const expect_case_t *subject, uint64_t seed, int threads, fmpz_t regions,
                      char *reason) {
    const shards_control_t control = {.threads = threads};
    layer_count_t count;
    layer_count_init(&count, subject->layer->dimension);
    reason[0] = 0;
    const int status = layer_vertices_count(subject->layer, seed, &control, &count, reason);
    if (status == GSL_SUCCESS) {
        _fmpz_vec_sum(regions, count.level, count.levels);
        expect_fmpz(subject, "sum of the levels", regions, count.regions);
        expect_true(subject, "one vertex of dimension 0", fmpz_is_one(count.level));
    }
    fmpz_set(regions, count.regions);
    layer_count_clear(&count);
    return status;
}

// The layer must be counted, and right, for several seeds.
static void expect_count(const expect_case_t *subject, slong expected) {
    char reason[LAYER_VERTICES_REASON];
    fmpz_t regions;
    fmpz_init(regions);
    for (uint64_t seed = 1; seed <= 3; seed++) {
        const int status = count_fast(subject, seed, 1, regions, reason);
        expect_si(subject, status == GSL_ESING ? reason : "status", status, GSL_SUCCESS);
        expect_fmpz(subject, "regions", regions, (const fmpz[]){expected});
    }
    fmpz_clear(regions);
}

// The layer must be refused with a reason, or counted right; returns whether it was counted.
static bool expect_no_lie(const expect_case_t *subject, slong expected) {
    char reason[LAYER_VERTICES_REASON];
    fmpz_t regions;
    fmpz_init(regions);
    const bool counted = count_fast(subject, 7, 1, regions, reason) == GSL_SUCCESS;
    if (!counted)
        expect_true(subject, "a reason",
                    strncmp(reason, "in special position", strlen("in special position")) == 0);
    expect_fmpz(subject, "regions, 0 when refused", regions, (const fmpz[]){counted ? expected : 0});
    fmpz_clear(regions);
    return counted;
}

// Takes over the layer.
static void expect_known(const char *what, layer_t *layer, slong regions) {
    const expect_case_t subject = {.test = what, .kind = "known", .layer = layer};
    expect_count(&subject, regions);
    layer_free(layer);
}

// ---- Known counts ----

static void test_known(void **state) {
    (void)state;
    static const slong first[] = {-65, 46,  96,  -83, -34, -69, 27,  95,  16,  21,  67, -2,
                                  -46, -75, 25,  -92, 0,   11,  56,  96,  97,  -99, 79, 15,
                                  -31, 85,  -41, 52,  -73, -18, -92, -94, -93, 67,  39, -97};
    layer_t *layer = families_written(4, 2, 2, 2, first);
    assert_int_equal(count_slowly(layer), 30);
    expect_known("N=4, k=2, H=2, d=2", layer, 30);
    static const slong second[] = {-85, -76, -78, -7, -56, 89,  72,  -21, -35, 56,  -45, 56,  -90, 49,  75,
                                   -59, 11,  64,  1,  86,  31,  -4,  40,  14,  29,  -31, -90, -92, -6,  20,
                                   -18, -2,  9,   35, -57, 44,  -54, -39, -40, -93, -54, -16, -55, -65, 31,
                                   31,  -7,  32,  73, 44,  -53, 15,  7,   89,  35,  96,  -6,  52,  -9,  -7};
    layer = families_written(5, 2, 2, 3, second);
    assert_int_equal(count_slowly(layer), 65);
    expect_known("N=5, k=2, H=2, d=3", layer, 65);
}

// One expert of one unit; a router of two; the order of three logits on a line, by hand.
static void test_by_hand(void **state) {
    (void)state;
    expect_known("a point on a line", families_written(1, 1, 1, 1, (slong[]){0, 0, 2, 3}), 2);
    expect_known("a router of two", families_written(2, 1, 0, 3, (slong[]){1, 2, 3, 4, 5, 6, 7, 9}), 2);
    expect_known("upper envelope of -x, 1, x: units at -5 and -2, both seen, and one dead",
                 families_written(3, 1, 1, 1, (slong[]){-1, 0, 0, 1, 1, 0, 1, 5, 1, 2, 0, 0}), 4);
}

// ---- Random layers ----

// A generic layer: its entries have 20 bits, so that none is special by accident.
static expect_case_t draw_shape(const char *test, slong seed, slong experts, slong active, slong width,
                                slong dimension, stream_t *stream) {
    return (expect_case_t){
        .test = test,
        .kind = "generic",
        .seed = seed,
        .layer = families_layer(FAMILIES_GENERIC, FAMILIES_PLAIN, experts, active, width, dimension, stream)};
}

// The same of a random shape that is small enough for the slow count.
static expect_case_t draw(const char *test, slong seed, stream_t *stream) {
    *stream = seeds_stream(test, seed);
    const slong N = seeds_pick(stream, 1, 5), d = seeds_pick(stream, 1, 4), k = seeds_pick(stream, 1, N);
    return draw_shape(test, seed, N, k, seeds_pick(stream, 0, 4 / k), d, stream);
}

static void test_random(void **state) {
    (void)state;
    const slong seeds = seeds_times(800);
    for (slong seed = 0; seed < seeds; seed++) {
        stream_t stream;
        const expect_case_t subject = draw("random", seed, &stream);
        expect_count(&subject, count_slowly(subject.layer));
        cases_end(&subject);
    }
}

// More logits than dimensions, and ties of up to d + 1 of them.
static void test_routers(void **state) {
    (void)state;
    const slong seeds = seeds_times(150);
    for (slong seed = 0; seed < seeds; seed++) {
        stream_t stream = seeds_stream("routers", seed);
        const slong d = seeds_pick(&stream, 1, 4), N = seeds_pick(&stream, 6, d < 3 ? 11 : 7);
        const expect_case_t subject =
            draw_shape("routers", seed, N, seeds_pick(&stream, 1, N - 1), 0, d, &stream);
        expect_count(&subject, count_slowly(subject.layer));
        cases_end(&subject);
    }
}

// With k = N all units are active everywhere.
static void expect_arrangement(const expect_case_t *subject) {
    const layer_t *layer = subject->layer;
    arrangement_t *a = arrangement_alloc(layer->experts * layer->width, layer->dimension);
    fmpz_t regions;
    fmpz_init(regions);
    fmpz_mat_set(a->rows, layer->rows);
    assert_int_equal(count_regions(a, regions), GSL_SUCCESS);
    expect_count(subject, fmpz_get_si(regions));
    fmpz_clear(regions);
    arrangement_free(a);
}

static void test_all_active(void **state) {
    (void)state;
    const slong seeds = seeds_times(20);
    for (slong seed = 0; seed < seeds; seed++) {
        stream_t stream = seeds_stream("all active", seed);
        const slong N = seeds_pick(&stream, 1, 4), d = seeds_pick(&stream, 1, 4);
        const expect_case_t subject =
            draw_shape("all active", seed, N, N, seeds_pick(&stream, 1, 4), d, &stream);
        expect_arrangement(&subject);
        cases_end(&subject);
    }
}

// Many points on every line: lines in the plane, and points of which two may be equal.
static void test_many_points(void **state) {
    (void)state;
    stream_t stream = seeds_stream("many points", 0);
    expect_case_t subject = draw_shape("140 lines", 0, 2, 2, 70, 2, &stream);
    expect_arrangement(&subject);
    cases_end(&subject);
    layer_t *layer = families_layer(FAMILIES_BIG, FAMILIES_PLAIN, 1, 1, 300, 1, &stream);
    subject = (expect_case_t){.test = "300 points", .kind = "big", .layer = layer};
    expect_count(&subject, 301);
    _fmpz_vec_scalar_mul_si(layer->rows->rows[250], layer->rows->rows[17], 2, -3);
    assert_false(expect_no_lie(&subject, 300));
    fmpz_add_si(fmpz_mat_entry(layer->rows, 250, 1), fmpz_mat_entry(layer->rows, 250, 1), 1);
    expect_count(&subject, 301); // the points differ by less than any double sees
    cases_end(&subject);
}

// ---- Large and small entries ----

// x_(j-1) -> x_(j-1) + 2^(20 + 11 j) x_j for all j, which is unimodular.
static void shear(fmpz_mat_t rows) {
    for (slong row = 0; row < fmpz_mat_nrows(rows); row++)
        for (slong j = 1; j < fmpz_mat_ncols(rows) - 1; j++)
            _fmpz_vec_scalar_addmul_si_2exp(fmpz_mat_entry(rows, row, j), fmpz_mat_entry(rows, row, j - 1), 1,
                                            1, (ulong)(20 + 11 * j));
}

// A shear with large entries, rows times large factors, and logits of 50 bits with a common part: doubles see next to
// nothing of the differences.
static void test_hard_numbers(void **state) {
    (void)state;
    const slong seeds = seeds_times(200);
    for (slong seed = 0; seed < seeds; seed++) {
        stream_t stream;
        const expect_case_t subject = draw("hard numbers", seed, &stream);
        layer_t *layer = cases_layer_of(&subject);
        const slong expected = count_slowly(layer), d = layer->dimension;
        shear(layer->router);
        shear(layer->rows);
        for (slong row = 0; row < layer->experts * layer->width; row++)
            _fmpz_vec_scalar_mul_2exp(layer->rows->rows[row], layer->rows->rows[row], d + 1,
                                      (ulong)seeds_pick(&stream, 0, 300));
        for (slong row = 0; row < layer->experts; row++)
            for (slong j = 0; j <= d; j++)
                fmpz_add_si(fmpz_mat_entry(layer->router, row, j), fmpz_mat_entry(layer->router, row, j),
                            (WORD(1) << 50) + 12345 * j);
        expect_count(&subject, expected);
        cases_end(&subject);
    }
}

// Rows that agree in their first 50 bits; small tails may be equal, and then V may refuse.
static void test_nearly_equal_rows(void **state) {
    (void)state;
    slong counted = 0;
    const slong seeds = seeds_times(200);
    for (slong seed = 0; seed < seeds; seed++) {
        stream_t stream;
        const expect_case_t subject = draw("nearly equal rows", seed, &stream);
        fmpz_mat_struct *rows = cases_layer_of(&subject)->rows;
        for (slong row = 1; row < fmpz_mat_nrows(rows); row += 2)
            for (slong j = 0; j < fmpz_mat_ncols(rows); j++) {
                fmpz_mul_2exp(fmpz_mat_entry(rows, row, j), fmpz_mat_entry(rows, row - 1, j), 30);
                fmpz_add_si(fmpz_mat_entry(rows, row, j), fmpz_mat_entry(rows, row, j),
                            seeds_pick(&stream, -9, 9));
            }
        counted += expect_no_lie(&subject, count_slowly(subject.layer));
        cases_end(&subject);
    }
    assert_true(2 * counted > seeds);
}

// Floats over a common denominator: entries times powers of two of their own.
static void test_dyadic(void **state) {
    (void)state;
    const slong seeds = seeds_times(200);
    for (slong seed = 0; seed < seeds; seed++) {
        stream_t stream;
        const expect_case_t subject = draw("dyadic", seed, &stream);
        layer_t *layer = cases_layer_of(&subject);
        fmpz_mat_struct *const parts[] = {layer->router, layer->rows};
        for (int part = 0; part < 2; part++)
            for (slong i = 0; i < fmpz_mat_nrows(parts[part]) * (layer->dimension + 1); i++)
                fmpz_mul_2exp(parts[part]->entries + i, parts[part]->entries + i,
                              (ulong)seeds_pick(&stream, 0, 40));
        expect_count(&subject, count_slowly(layer));
        cases_end(&subject);
    }
}

// ---- Degenerate layers ----

static void test_degenerate(void **state) {
    (void)state;
    slong counted = 0;
    const slong seeds = seeds_times(3000);
    for (slong seed = 0; seed < seeds; seed++) {
        stream_t stream;
        const expect_case_t subject = cases_layer("degenerate", seed, (cases_limits_t){4, 2, 3}, &stream);
        counted += expect_no_lie(&subject, count_slowly(subject.layer));
        cases_end(&subject);
    }
    print_message("# %ld of %ld layers counted, the others refused\n", counted, seeds);
    assert_in_range(counted, seeds / 4, 9 * seeds / 10);
}

static void expect_refused(slong N, slong k, slong H, slong d, const slong *entries, const char *what) {
    layer_t *layer = families_written(N, k, H, d, entries);
    const expect_case_t subject = {.test = what, .kind = "degenerate", .layer = layer};
    expect_true(&subject, "refused", !expect_no_lie(&subject, count_slowly(layer)));
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
    layer_t *layer = families_written(5, 1, 4, 3, cell);
    const expect_case_t subject = {
        .test = "parallel planes in a bounded cell", .kind = "degenerate", .layer = layer};
    expect_no_lie(&subject, count_slowly(layer));
    layer_free(layer);
    expect_refused(2, 1, 1, 1, (slong[]){1, 0, -1, 0, 3, 0, 5, 1}, "a unit in the point of the tie");
}

// ---- Threads ----

static void test_threads(void **state) {
    (void)state;
    stream_t stream = seeds_stream("threads", 0);
    const expect_case_t subject = draw_shape("threads", 0, 8, 3, 4, 3, &stream);
    char reason[LAYER_VERTICES_REASON];
    fmpz_t one, other;
    fmpz_init(one);
    fmpz_init(other);
    assert_int_equal(count_fast(&subject, 1, 1, one, reason), GSL_SUCCESS);
    for (int threads = 2; threads <= 5; threads++) {
        assert_int_equal(count_fast(&subject, (uint64_t)threads, threads, other, reason), GSL_SUCCESS);
        expect_fmpz(&subject, "regions with more threads", other, one);
    }
    assert_true(fmpz_cmp_si(one, 500) > 0);
    fmpz_clear(one);
    fmpz_clear(other);
    cases_end(&subject);
}

static void test_work(void **state) {
    (void)state;
    stream_t stream = seeds_stream("work", 0);
    const expect_case_t subject = draw_shape("work", 0, 5, 2, 2, 3, &stream); // 10 units, 5 logits
    assert_true(layer_vertices_work(subject.layer) == 1 + (10 + 10) + (45 + 10));
    cases_end(&subject);
}

int main(void) {
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_random),       cmocka_unit_test(test_routers),
        cmocka_unit_test(test_all_active),   cmocka_unit_test(test_many_points),
        cmocka_unit_test(test_hard_numbers), cmocka_unit_test(test_nearly_equal_rows),
        cmocka_unit_test(test_dyadic),       cmocka_unit_test(test_degenerate),
        cmocka_unit_test(test_refused),      cmocka_unit_test(test_threads),
        cmocka_unit_test(test_work)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    flint_cleanup_master();
    return failed;
}
