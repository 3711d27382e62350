// SPDX-License-Identifier: GPL-3.0-or-later
// geometry/tree and tree_walk from the inside: entries beyond one prime, primes that divide minors, lines with many
// points, nodes with many rows, the memory of flats, zero events, threads.
//
// The expected numbers are those of geometry/count, of geometry/whitney, and of the same arrangement in coordinates
// that need no confirmations.
#include "geometry/tree.h"

#include "geometry/bounds.h"
#include "geometry/count.h"
#include "geometry/whitney.h"
#include "number/residue.h"
#include "support.h"
#include "support/expect.h"
#include "support/families.h"
#include "support/seeds.h"

#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>
#include <string.h>

enum { MANY_SETS = 1 << 20, MINORS = 30, PRIMES_TRIED = 8 };

static const shards_control_t ALONE = {.threads = 1};

static tree_count_t tree_of(const expect_case_t *subject, const arrangement_t *a, int threads) {
    tree_count_t count;
    tree_count_init(&count, a->dimension);
    const shards_control_t control = {.threads = threads};
    expect_si(subject, "status of the tree", tree_regions(a, &control, &count), GSL_SUCCESS);
    return count;
}

static void expect_regions(const expect_case_t *subject, const tree_count_t *count) {
    fmpz_t expected;
    fmpz_init(expected);
    expect_si(subject, "status of count", count_regions(subject->a, expected), GSL_SUCCESS);
    expect_fmpz(subject, "regions", count->regions, expected);
    fmpz_clear(expected);
}

static void expect_same(const expect_case_t *subject, const tree_count_t *found,
                        const tree_count_t *expected) {
    expect_fmpz(subject, "regions", found->regions, expected->regions);
    expect_fmpz(subject, "events", found->events, expected->events);
    expect_si(subject, "levels", found->levels, expected->levels);
    expect_vector(subject, "level", found->level, expected->level, expected->levels);
    expect_si(subject, "hyperplanes", found->hyperplanes, expected->hyperplanes);
    expect_true(subject, "central as before", found->central == expected->central);
}

// The primes are primes, and their product exceeds 2^(bits + 1) unless nothing was asked.
static void expect_primes(const expect_case_t *subject, const tree_count_t *count) {
    fmpz_t product;
    fmpz_init_set_ui(product, 1);
    for (slong i = 0; i < count->primes; i++) {
        expect_true(subject, "a prime", fmpz_is_prime(count->prime + i) == 1);
        fmpz_mul(product, product, count->prime + i);
    }
    expect_true(subject, "enough primes",
                count->primes == 0 || (slong)fmpz_bits(product) > count->hadamard_bits + 1);
    fmpz_clear(product);
}

// The bound holds for random minors of the rows.
static void expect_bound(const expect_case_t *subject, const tree_count_t *count, stream_t *stream) {
    const arrangement_t *a = subject->a;
    const slong size = a->dimension + 1;
    fmpz_mat_t minor;
    fmpz_t determinant;
    fmpz_mat_init(minor, size, size);
    fmpz_init(determinant);
    for (int i = 0; i < MINORS && a->planes > 0; i++) {
        for (slong j = 0; j < size; j++)
            _fmpz_vec_set(minor->rows[j], a->rows->rows[seeds_pick(stream, 0, a->planes - 1)], size);
        fmpz_mat_det(determinant, minor);
        fmpz_abs(determinant, determinant);
        fmpz_sub_ui(determinant, determinant, !fmpz_is_zero(determinant)); // 2^bits itself is allowed
        expect_true(subject, "Hadamard's bound", (slong)fmpz_bits(determinant) <= count->hadamard_bits);
    }
    fmpz_mat_clear(minor);
    fmpz_clear(determinant);
}

// ---- The corners ----

static void expect_small(const char *kind, slong n, slong d, const slong *entries, slong regions) {
    arrangement_t *a = arrangement_alloc(n, d);
    assert_non_null(a);
    arrangement_set(a, entries);
    const expect_case_t subject = {.test = "corners", .kind = kind, .a = a};
    tree_count_t count = tree_of(&subject, a, 2);
    expect_true(&subject, "regions", fmpz_equal_si(count.regions, regions));
    expect_regions(&subject, &count);
    expect_primes(&subject, &count);
    tree_count_clear(&count);
    arrangement_free(a);
}

static void test_corners(void **state) {
    (void)state;
    expect_small("nothing", 0, 1, NULL, 1);
    expect_small("nothing", 0, 6, NULL, 1);
    expect_small("one point", 1, 1, (const slong[]){3, 1}, 2);
    expect_small("one row", 1, 4, (const slong[]){0, 0, 2, 0, 5}, 2);
    expect_small("points", 5, 1, (const slong[]){1, 0, 2, 0, -3, 6, 1, 5, 7, 35}, 4);
    expect_small("dead rows", 3, 2, (const slong[]){0, 0, 1, 0, 0, 0, 0, 0, -7}, 1);
    expect_small("equal rows", 4, 2, (const slong[]){1, 2, 3, 1, 2, 3, -2, -4, -6, 5, 10, 15}, 2);
    expect_small("equal planes", 3, 3, (const slong[]){1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4}, 2);
    expect_small("parallel planes", 3, 3, (const slong[]){1, 2, 3, 4, 1, 2, 3, 5, 2, 4, 6, 7}, 4);
    expect_small("a pencil", 4, 2, (const slong[]){1, 0, 1, 0, 1, 1, 1, 1, 2, 1, -1, 0}, 8);
    expect_small("two lines of R^5", 2, 5, (const slong[]){1, 2, 3, 4, 5, 6, 6, 5, 4, 3, 2, 1}, 4);
}

// ---- Entries beyond one prime ----

// An upper triangular unimodular change of coordinates with entries up to 2^40, b included.
static void enlarge(arrangement_t *a, stream_t *stream) {
    const slong width = a->dimension + 1;
    fmpz_mat_t change, rows;
    fmpz_mat_init(change, width, width);
    fmpz_mat_init(rows, a->planes, width);
    fmpz_mat_one(change);
    for (slong i = 0; i < width; i++)
        for (slong j = i + 1; j < width; j++)
            fmpz_set_si(fmpz_mat_entry(change, i, j), seeds_pick(stream, -(WORD(1) << 40), WORD(1) << 40));
    fmpz_mat_mul(rows, a->rows, change);
    fmpz_mat_swap(a->rows, rows);
    fmpz_mat_clear(rows);
    fmpz_mat_clear(change);
}

// A first arrangement whose minors are small, then the same one in coordinates where they are not.
static void compare_enlarged(const char *test, families_kind_t kind, slong seed, slong n, slong d,
                             slong *events) {
    stream_t stream = seeds_stream(test, seed);
    arrangement_t *a = families_random(kind, n, d, &stream);
    const expect_case_t subject = {.test = test, .kind = families_kind_name(kind), .seed = seed, .a = a};
    tree_count_t before = tree_of(&subject, a, 1);
    enlarge(a, &stream);
    tree_count_t after = tree_of(&subject, a, 2);
    expect_same(&subject, &after, &before);
    expect_bound(&subject, &after, &stream);
    expect_primes(&subject, &before);
    expect_primes(&subject, &after);
    if (after.primes > 1)
        *events += fmpz_get_si(after.events);
    tree_count_clear(&before);
    tree_count_clear(&after);
    arrangement_free(a);
}

static void test_confirmed_events(void **state) {
    (void)state;
    static const families_kind_t kinds[] = {FAMILIES_SMALL, FAMILIES_CENTRAL,   FAMILIES_COPIES,
                                            FAMILIES_GRID,  FAMILIES_DEFICIENT, FAMILIES_PENCIL};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        slong events = 0;
        for (slong seed = 0; seed < seeds_times(60); seed++)
            for (slong d = 2; d <= 8; d += seed % 2 + 1)
                compare_enlarged("confirmed events", kinds[k], seed * 10 + d, d + 6 - seed % 4, d, &events);
        if (events == 0)
            fail_msg("%s: nothing was confirmed", families_kind_name(kinds[k]));
    }
}

// Nodes of more than 4096 pairs, whose numbers of rows change while leaves wait.
static void test_confirmed_events_in_large_nodes(void **state) {
    (void)state;
    slong events = 0;
    for (slong seed = 0; seed < seeds_times(2); seed++) {
        compare_enlarged("confirmed, large", FAMILIES_SMALL, seed, 120, 3, &events);
        compare_enlarged("confirmed, large", FAMILIES_GRID, seed, 110, 3, &events);
        compare_enlarged("confirmed, large", FAMILIES_COPIES, seed, 45, 4, &events);
        compare_enlarged("confirmed, large", FAMILIES_SMALL, seed, 260, 2, &events);
    }
    assert_true(events > 0);
}

// ---- Primes that divide minors ----

// Adds the product of the first `primes` primes of the tree times small random numbers of alternating signs to a
// vector: no multiple of a row of positive numbers.
static void add_multiples(fmpz *vector, slong width, ulong primes, stream_t *stream) {
    fmpz_t product;
    fmpz_init_set_ui(product, 1);
    for (ulong i = 0; i < primes; i++)
        fmpz_mul_ui(product, product, residue_field(i).prime);
    for (slong j = 0; j < width; j++) {
        const slong factor = seeds_pick(stream, 1, 9) * (j % 2 == 0 ? 1 : -1);
        fmpz_addmul_si(vector + j, product, factor);
    }
    fmpz_clear(product);
}

typedef enum trap { TRAP_EQUAL, TRAP_PARALLEL, TRAP_CONCURRENT, TRAP_NO_NORMAL, TRAPS } trap_t;

static const char *const TRAP_NAMES[] = {"equal modulo the prime", "parallel modulo the prime",
                                         "concurrent modulo the prime", "without normal modulo the prime"};

// Makes row `row` special modulo the primes only.
static void set_trap(arrangement_t *a, slong row, trap_t trap, ulong primes, stream_t *stream) {
    const slong d = a->dimension;
    fmpz *entries = a->rows->rows[row];
    _fmpz_vec_zero(entries, d + 1);
    const slong others = trap == TRAP_CONCURRENT ? d : trap == TRAP_NO_NORMAL ? 0 : 1;
    for (slong i = 0, other = row; i < others; i++) {
        other = (other + 1) % a->planes;
        _fmpz_vec_scalar_addmul_si(entries, a->rows->rows[other], d + 1, i + 1);
    }
    add_multiples(entries, d + 1, primes, stream);
    if (trap == TRAP_PARALLEL || trap == TRAP_NO_NORMAL)
        fmpz_add_ui(entries + d, entries + d, 1);
}

static bool has_bad_prime(const tree_count_t *count, ulong primes) {
    for (ulong i = 0; i < primes; i++)
        if (count->primes > 0 && fmpz_equal_ui(count->prime, residue_field(i).prime))
            return true;
    return false;
}

// In general position every dependency modulo the prime is met, so that the count starts again.
static void test_unlucky_primes(void **state) {
    (void)state;
    for (trap_t trap = 0; trap < TRAPS; trap++)
        for (slong d = 2; d <= 5; d++)
            for (ulong primes = 1; primes < PRIMES_TRIED; primes += 3)
                for (slong seed = 0; seed < seeds_times(4); seed++) {
                    stream_t stream = seeds_stream("unlucky primes", seed * 10 + d);
                    arrangement_t *a = families_moment_curve(d + 4, d);
                    set_trap(a, seeds_pick(&stream, 0, a->planes - 1), trap, primes, &stream);
                    const expect_case_t subject = {
                        .test = "unlucky primes", .kind = TRAP_NAMES[trap], .seed = seed, .a = a};
                    tree_count_t count = tree_of(&subject, a, 1 + (int)(seed % 3));
                    expect_regions(&subject, &count);
                    expect_primes(&subject, &count);
                    expect_true(&subject, "another prime", !has_bad_prime(&count, primes));
                    tree_count_clear(&count);
                    arrangement_free(a);
                }
}

// Together with true coincidences.
static void test_unlucky_primes_and_degeneracy(void **state) {
    (void)state;
    for (slong seed = 0; seed < seeds_times(600); seed++) {
        stream_t stream = seeds_stream("unlucky and degenerate", seed);
        const trap_t trap = (trap_t)(seed % TRAPS);
        const families_kind_t kind = seed % 3 == 0 ? FAMILIES_CENTRAL : FAMILIES_SMALL;
        const slong d = seeds_pick(&stream, 1, 5);
        arrangement_t *a = families_random(kind, seeds_pick(&stream, d + 1, 10), d, &stream);
        const slong traps = seeds_pick(&stream, 1, 3);
        for (slong i = 0; i < traps; i++)
            set_trap(a, seeds_pick(&stream, 0, a->planes - 1), trap, (ulong)seeds_pick(&stream, 1, 3),
                     &stream);
        for (slong i = 0; kind == FAMILIES_CENTRAL && i < a->planes; i++)
            fmpz_zero(a->rows->rows[i] + d);
        const expect_case_t subject = {
            .test = "unlucky and degenerate", .kind = TRAP_NAMES[trap], .seed = seed, .a = a};
        tree_count_t count = tree_of(&subject, a, 2);
        expect_regions(&subject, &count);
        fmpz_t expected;
        fmpz_init(expected);
        if (whitney_regions(a, MANY_SETS, expected) == GSL_SUCCESS)
            expect_fmpz(&subject, "regions by Whitney's theorem", count.regions, expected);
        expect_primes(&subject, &count);
        fmpz_clear(expected);
        tree_count_clear(&count);
        arrangement_free(a);
    }
}

static int refuse_event(void *context, const slong *rows, slong size, bool parallel) {
    (void)context, (void)rows, (void)size, (void)parallel;
    return GSL_ESANITY;
}

static void test_eight_unlucky_primes(void **state) {
    (void)state;
    for (trap_t trap = 0; trap < TRAPS; trap++) {
        stream_t stream = seeds_stream("eight unlucky primes", 0);
        arrangement_t *a = families_moment_curve(8, 3);
        set_trap(a, 2, trap, PRIMES_TRIED, &stream);
        const expect_case_t subject = {.test = "eight unlucky primes", .kind = TRAP_NAMES[trap], .a = a};
        tree_count_t count;
        tree_count_init(&count, 3);
        fmpz_set_si(count.regions, 77);
        expect_si(&subject, "status", tree_regions(a, &ALONE, &count), GSL_EFAILED);
        expect_true(&subject, "count left as it was",
                    fmpz_equal_si(count.regions, 77) && count.primes == 0 && fmpz_is_zero(count.events));
        expect_si(&subject, "status of the events", tree_events(a, refuse_event, NULL), GSL_EFAILED);
        tree_count_clear(&count);
        arrangement_free(a);
    }
}

// ---- Long lines and large nodes ----

static void set_row(arrangement_t *a, slong row, slong x, slong y, slong b) {
    fmpz *entries = a->rows->rows[row];
    _fmpz_vec_zero(entries, a->dimension + 1);
    fmpz_set_si(entries, x);
    fmpz_set_si(entries + 1, y);
    fmpz_set_si(entries + a->dimension, b);
}

// Lines of the integer grid in four directions: each carries more than 192 points, most of them several times.
static void test_lines_of_a_grid(void **state) {
    (void)state;
    static const slong directions[4][2] = {{1, 0}, {0, 1}, {1, 1}, {1, -1}};
    for (slong each = 40; each <= 80; each += 20)
        for (int big = 0; big < 2; big++) {
            arrangement_t *a = arrangement_alloc(4 * each, 2);
            assert_non_null(a);
            for (slong i = 0; i < 4 * each; i++) // directions in turn
                set_row(a, i, directions[i % 4][0], directions[i % 4][1], i / 4 - each / 2);
            stream_t stream = seeds_stream("grid", each);
            if (big)
                enlarge(a, &stream);
            const expect_case_t subject = {
                .test = "lines of a grid", .kind = big ? "big" : "small", .seed = each, .a = a};
            tree_count_t count = tree_of(&subject, a, 2);
            expect_regions(&subject, &count);
            expect_true(&subject, "many events", fmpz_cmp_si(count.events, each * each) > 0);
            expect_true(&subject, "confirmed if big", (count.primes > 1) == (big == 1));
            tree_count_clear(&count);
            arrangement_free(a);
        }
}

static void compare_large(families_kind_t kind, slong seed, slong n, slong d) {
    stream_t stream = seeds_stream("large", seed);
    arrangement_t *a = families_random(kind, n, d, &stream);
    const expect_case_t subject = {
        .test = "large nodes", .kind = families_kind_name(kind), .seed = seed, .a = a};
    tree_count_t count = tree_of(&subject, a, 2);
    expect_regions(&subject, &count);
    tree_count_clear(&count);
    arrangement_free(a);
}

static void test_large_nodes(void **state) {
    (void)state;
    for (slong seed = 0; seed < seeds_times(1); seed++) {
        compare_large(FAMILIES_SMALL, seed, 150, 3);
        compare_large(FAMILIES_GENERIC, seed, 150, 3);
        compare_large(FAMILIES_GRID, seed, 220, 3);
        compare_large(FAMILIES_COPIES, seed, 200, 3);
        compare_large(FAMILIES_SMALL, seed, 98, 4); // more than 4096 pairs in dimension 4
        compare_large(FAMILIES_COPIES, seed, 600, 2);
        compare_large(FAMILIES_SMALL, seed, 600, 2);
    }
}

// ---- The memory of flats ----

static void expect_braid(slong n, slong regions, int threads) {
    arrangement_t *a = families_braid(n);
    const expect_case_t subject = {.test = "memory of flats", .kind = "braid", .seed = n, .a = a};
    tree_count_t count = tree_of(&subject, a, threads);
    expect_true(&subject, "n! regions", fmpz_equal_si(count.regions, regions));
    expect_true(&subject, "central", count.central);
    tree_count_clear(&count);
    arrangement_free(a);
}

static void test_memory_of_flats(void **state) {
    (void)state;
    expect_braid(9, 362880, 1);
    expect_braid(9, 362880, 2);
    expect_braid(10, 3628800, 2);
}

// In larger coordinates nothing is remembered: the same levels and events.
static void test_without_memory(void **state) {
    (void)state;
    arrangement_t *const all[] = {families_braid(7), families_resonance(4), families_threshold(4),
                                  families_coxeter_b(5), families_shi(5)};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        stream_t stream = seeds_stream("without memory", (slong)i);
        const expect_case_t subject = {
            .test = "without memory", .kind = "family", .seed = (slong)i, .a = all[i]};
        tree_count_t before = tree_of(&subject, all[i], 1);
        enlarge(all[i], &stream);
        tree_count_t after = tree_of(&subject, all[i], 2);
        expect_same(&subject, &after, &before);
        expect_true(&subject, "confirmed", before.primes == 1 && after.primes > 1);
        tree_count_clear(&before);
        tree_count_clear(&after);
        arrangement_free(all[i]);
    }
}

// ---- Zero events ----

// Events that were visited: sets of rows as bits.
typedef struct events {
    const expect_case_t *subject;
    uint64_t *set;
    slong count, room;
    slong stop; // ends the search at this event; -1: never
} events_t;

static slong rank_of(const arrangement_t *a, const slong *rows, slong size, slong columns) {
    fmpz_mat_t matrix;
    fmpz_mat_init(matrix, size, columns);
    for (slong i = 0; i < size; i++)
        _fmpz_vec_set(matrix->rows[i], a->rows->rows[rows[i]], columns);
    const slong rank = fmpz_mat_rank(matrix);
    fmpz_mat_clear(matrix);
    return rank;
}

static int note_event(void *context, const slong *rows, slong size, bool parallel) {
    events_t *events = context;
    const arrangement_t *a = events->subject->a;
    if (events->count == events->stop)
        return GSL_ETOL;
    uint64_t set = 0;
    for (slong i = 0; i < size; i++) {
        expect_true(events->subject, "rows ascend",
                    rows[i] >= 0 && rows[i] < a->planes && (i == 0 || rows[i] > rows[i - 1]));
        set |= UINT64_C(1) << rows[i];
    }
    const slong whole = rank_of(a, rows, size, a->dimension + 1),
                normals = rank_of(a, rows, size, a->dimension);
    expect_si(events->subject, "rank of the normals of an event", normals, size - 1);
    expect_si(events->subject, parallel ? "rank of parallels" : "rank of dependent rows", whole,
              parallel ? size : size - 1);
    if (events->count == events->room) {
        events->room = 2 * events->room + 64;
        events->set = realloc(events->set, (size_t)events->room * sizeof *events->set);
        assert_non_null(events->set);
    }
    events->set[events->count++] = set;
    return GSL_SUCCESS;
}

static int compare_sets(const void *a, const void *b) {
    const uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

static void expect_distinct(const events_t *events) {
    qsort(events->set, (size_t)events->count, sizeof *events->set, compare_sets);
    for (slong i = 1; i < events->count; i++)
        expect_true(events->subject, "events are distinct", events->set[i] != events->set[i - 1]);
}

static slong expect_events(const expect_case_t *subject) {
    tree_count_t count = tree_of(subject, subject->a, 2);
    events_t events = {.subject = subject, .stop = -1};
    expect_si(subject, "status of the events", tree_events(subject->a, note_event, &events), GSL_SUCCESS);
    expect_si(subject, "number of events", events.count, fmpz_get_si(count.events));
    if (events.count > 0) {
        expect_distinct(&events);
        events_t some = {.subject = subject, .stop = events.count / 2};
        expect_si(subject, "status of the visit", tree_events(subject->a, note_event, &some), GSL_ETOL);
        expect_si(subject, "events until then", some.count, events.count / 2);
        free(some.set);
    }
    free(events.set);
    tree_count_clear(&count);
    return events.count;
}

static void test_events(void **state) {
    (void)state;
    slong events = 0;
    for (slong seed = 0; seed < seeds_times(500); seed++) {
        stream_t stream = seeds_stream("events", seed);
        const families_kind_t kind = (families_kind_t)(seed % FAMILIES_KINDS);
        const slong d = seeds_pick(&stream, 1, 6);
        arrangement_t *a = families_random(kind, seeds_pick(&stream, 0, d < 4 ? 30 : 12), d, &stream);
        const expect_case_t subject = {
            .test = "events", .kind = families_kind_name(kind), .seed = seed, .a = a};
        events += expect_events(&subject);
        arrangement_free(a);
    }
    assert_true(events > 2 * seeds_times(500));
    arrangement_t *braid = families_braid(7);
    expect_events(&(expect_case_t){.test = "events", .kind = "braid", .a = braid});
    arrangement_free(braid);
}

// A prime that turns out to be unlucky after true events were visited: no event comes twice.
static void test_events_after_an_unlucky_prime(void **state) {
    (void)state;
    slong events = 0;
    for (slong seed = 0; seed < seeds_times(200); seed++) {
        stream_t stream = seeds_stream("events, unlucky", seed);
        const slong d = seeds_pick(&stream, 2, 4), n = seeds_pick(&stream, d + 4, 14);
        arrangement_t *a = families_random(FAMILIES_SMALL, n, d, &stream);
        set_trap(a, seeds_pick(&stream, 0, n - 1), (trap_t)(seed % TRAPS), (ulong)seeds_pick(&stream, 1, 3),
                 &stream);
        const expect_case_t subject = {
            .test = "events, unlucky", .kind = TRAP_NAMES[seed % TRAPS], .seed = seed, .a = a};
        events += expect_events(&subject);
        arrangement_free(a);
    }
    assert_true(events > 100);
}

// ---- Threads, work ----

static void test_threads(void **state) {
    (void)state;
    static const families_kind_t kinds[] = {FAMILIES_SMALL, FAMILIES_BIG, FAMILIES_GRID, FAMILIES_CENTRAL,
                                            FAMILIES_COPIES};
    for (slong seed = 0; seed < seeds_times(60); seed++) {
        stream_t stream = seeds_stream("threads", seed);
        const families_kind_t kind = kinds[(size_t)seed % (sizeof kinds / sizeof *kinds)];
        const slong d = seeds_pick(&stream, 2, 5);
        arrangement_t *a = families_random(kind, seeds_pick(&stream, 5, 25), d, &stream);
        const expect_case_t subject = {
            .test = "threads", .kind = families_kind_name(kind), .seed = seed, .a = a};
        tree_count_t one = tree_of(&subject, a, 1);
        for (int threads = 2; threads <= 5; threads += 3) {
            tree_count_t many = tree_of(&subject, a, threads);
            expect_same(&subject, &many, &one);
            expect_si(&subject, "primes", many.primes, one.primes);
            expect_vector(&subject, "prime", many.prime, one.prime, one.primes);
            tree_count_clear(&many);
        }
        tree_count_clear(&one);
        arrangement_free(a);
    }
}

// The vertices that are visited are no more than was said.
static void test_work(void **state) {
    (void)state;
    for (slong seed = 0; seed < seeds_times(200); seed++) {
        stream_t stream = seeds_stream("work", seed);
        const families_kind_t kind = (families_kind_t)(seed % FAMILIES_KINDS);
        arrangement_t *a =
            families_random(kind, seeds_pick(&stream, 0, 12), seeds_pick(&stream, 1, 5), &stream);
        const expect_case_t subject = {
            .test = "work", .kind = families_kind_name(kind), .seed = seed, .a = a};
        tree_count_t count = tree_of(&subject, a, 1);
        expect_true(&subject, "work bounds the nodes that are visited",
                    tree_work(a) >= fmpz_get_d(count.regions) / (count.central ? 2 : 1));
        tree_count_clear(&count);
        arrangement_free(a);
    }
    arrangement_t *a = families_moment_curve(20, 3);
    assert_true(tree_work(a) <= 1351); // Phi(20, 3)
    arrangement_free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_corners),
        cmocka_unit_test(test_confirmed_events),
        cmocka_unit_test(test_confirmed_events_in_large_nodes),
        cmocka_unit_test(test_unlucky_primes),
        cmocka_unit_test(test_unlucky_primes_and_degeneracy),
        cmocka_unit_test(test_eight_unlucky_primes),
        cmocka_unit_test(test_lines_of_a_grid),
        cmocka_unit_test(test_large_nodes),
        cmocka_unit_test(test_memory_of_flats),
        cmocka_unit_test(test_without_memory),
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_events_after_an_unlucky_prime),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_work),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    flint_cleanup();
    return failed;
}
