// SPDX-License-Identifier: GPL-3.0-or-later
// geometry/arrangement, count, whitney and generic: published counts, two roads and a third against each
// other on thousands of small and mostly degenerate instances, invariance, and the witnesses against brute
// force.
#include "geometry/arrangement.h"
#include "geometry/bounds.h"
#include "geometry/count.h"
#include "geometry/generic.h"
#include "geometry/whitney.h"

#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MANY_SETS = 1 << 22, ENTRIES = 1024 };

// ---- Building arrangements ----

// Rows written one after the other.
typedef struct {
    slong dimension, planes;
    slong entries[ENTRIES];
} rows_t;

static slong *add_row(rows_t *rows) {
    assert_true((rows->planes + 1) * (rows->dimension + 1) <= ENTRIES);
    return rows->entries + rows->planes++ * (rows->dimension + 1);
}

static arrangement_t *build(const rows_t *rows) {
    arrangement_t *a = arrangement_alloc(rows->planes, rows->dimension);
    assert_non_null(a);
    arrangement_set(a, rows->entries);
    return a;
}

// x_i = x_j + b for b = 0..shifts: the braid arrangement without shifts, Shi's with one.
static rows_t differences(slong d, slong shifts) {
    rows_t rows = {.dimension = d};
    for (slong i = 0; i < d; i++)
        for (slong j = i + 1; j < d; j++)
            for (slong b = 0; b <= shifts; b++) {
                slong *row = add_row(&rows);
                row[i] = 1;
                row[j] = -1;
                row[d] = -b;
            }
    return rows;
}

static rows_t boolean(slong d) {
    rows_t rows = {.dimension = d};
    for (slong i = 0; i < d; i++)
        add_row(&rows)[i] = 1;
    return rows;
}

// x_i = 0, x_i = x_j and x_i = -x_j.
static rows_t coxeter_b(slong d) {
    rows_t rows = boolean(d);
    for (slong i = 0; i < d; i++)
        for (slong j = i + 1; j < d; j++)
            for (slong sign = -1; sign <= 1; sign += 2) {
                slong *row = add_row(&rows);
                row[i] = 1;
                row[j] = sign;
            }
    return rows;
}

// All normals with entries 0 and 1; with `first` = 1 only those that begin with 1.
static rows_t zero_one(slong d, slong first) {
    rows_t rows = {.dimension = d};
    for (slong bits = 1; bits < 1 << d; bits++)
        if (first == 0 || (bits & 1)) {
            slong *row = add_row(&rows);
            for (slong i = 0; i < d; i++)
                row[i] = bits >> i & 1;
        }
    return rows;
}

static stream_t stream_of(const char *test) {
    return stream_at(20, stream_experiment(test), 0);
}

// A random integer in low..high, for the shapes of random instances.
static slong pick(stream_t *stream, slong low, slong high) {
    uint64_t word;
    stream_bits(stream, &word, 1);
    return low + (slong)(word % (uint64_t)(high - low + 1));
}

// A small instance with small entries, some of whose rows repeat, scale or shift earlier ones or have w = 0.
static arrangement_t *draw_degenerate(stream_t *stream) {
    const slong n = pick(stream, 0, 9), d = pick(stream, 1, 5);
    arrangement_t *a = arrangement_alloc(n, d);
    assert_non_null(a);
    assert_int_equal(arrangement_draw(a, pick(stream, 1, 4), stream), GSL_SUCCESS);
    for (slong i = 1; i < n; i++) {
        fmpz *row = a->rows->rows[i];
        const slong kind = pick(stream, 0, 11);
        if (kind < 2) // a multiple of an earlier row
            _fmpz_vec_scalar_mul_si(row, a->rows->rows[pick(stream, 0, i - 1)], d + 1, kind == 0 ? -2 : 3);
        else if (kind == 2) // a parallel of an earlier row
            _fmpz_vec_set(row, a->rows->rows[pick(stream, 0, i - 1)], d);
        else if (kind == 3) // no hyperplane; sometimes b = 0 as well
            _fmpz_vec_zero(row, d + pick(stream, 0, 1));
        else if (kind == 4) // through the origin
            fmpz_zero(row + d);
    }
    return a;
}

// ---- Checking ----

static void expect(const char *what, const arrangement_t *a, const fmpz_t found, const fmpz_t expected) {
    if (fmpz_equal(found, expected))
        return;
    fprintf(stderr, "%s: found ", what);
    fmpz_fprint(stderr, found);
    fputs(", expected ", stderr);
    fmpz_fprint(stderr, expected);
    fputs(", of\n", stderr);
    arrangement_print(stderr, a);
    fail();
}

// Phi(n, d) less the deficit that the witnesses explain.
static void regions_by_witnesses(const arrangement_t *a, fmpz_t regions) {
    generic_report_t report;
    fmpz_t deficit;
    fmpz_init(deficit);
    assert_int_equal(generic_examine(a, &report), GSL_SUCCESS);
    assert_int_equal(generic_deficit(&report, deficit), GSL_SUCCESS);
    bounds_phi(regions, (ulong)a->planes, (ulong)a->dimension);
    fmpz_sub(regions, regions, deficit);
    fmpz_clear(deficit);
    generic_clear(&report);
}

// All roads must give the expected number.
static void expect_regions(const char *what, const arrangement_t *a, const fmpz_t expected) {
    fmpz_t found;
    fmpz_init(found);
    assert_int_equal(count_regions(a, found), GSL_SUCCESS);
    expect(what, a, found, expected);
    assert_int_equal(whitney_regions(a, MANY_SETS, found), GSL_SUCCESS);
    expect(what, a, found, expected);
    regions_by_witnesses(a, found);
    expect(what, a, found, expected);
    fmpz_clear(found);
}

static void expect_known(const char *what, rows_t rows, slong regions) {
    arrangement_t *a = build(&rows);
    fmpz_t expected;
    fmpz_init_set_si(expected, regions);
    expect_regions(what, a, expected);
    fmpz_clear(expected);
    arrangement_free(a);
}

// ---- Counts that are known ----

static void test_reflection_arrangements(void **state) {
    (void)state;
    static const slong factorial[] = {1, 1, 2, 6, 24, 120, 720};
    for (slong d = 1; d <= 6; d++)
        expect_known("braid: n!", differences(d, 0), factorial[d]);
    for (slong d = 1; d <= 9; d++)
        expect_known("coordinate hyperplanes: 2^n", boolean(d), 1 << d);
    for (slong d = 1; d <= 4; d++)
        expect_known("Coxeter B: 2^n n!", coxeter_b(d), (1 << d) * factorial[d]);
}

static void test_shi(void **state) {
    (void)state;
    static const slong known[] = {0, 1, 3, 16, 125, 1296}; // (n + 1)^(n - 1)
    for (slong d = 1; d <= 5; d++)
        expect_known("Shi: (n+1)^(n-1)", differences(d, 1), known[d]);
}

// Kamiya, Takemura and Terao (2011); the OEIS has them as A034997 and A000609.
static void test_resonance_and_threshold(void **state) {
    (void)state;
    static const slong resonance[] = {0, 2, 6, 32, 370}, threshold[] = {0, 0, 4, 14, 104};
    for (slong d = 1; d <= 4; d++)
        expect_known("resonance", zero_one(d, 0), resonance[d]);
    for (slong d = 2; d <= 4; d++)
        expect_known("threshold", zero_one(d, 1), threshold[d]);
}

// The larger ones, which only the tree does in no time.
static void test_large_known(void **state) {
    (void)state;
    const struct {
        rows_t rows;
        slong regions;
    } known[] = {{zero_one(5, 0), 11292},   {zero_one(5, 1), 1882},     {zero_one(6, 1), 94572},
                 {differences(7, 0), 5040}, {differences(6, 1), 16807}, {coxeter_b(5), 3840}};
    fmpz_t found, expected;
    fmpz_init(found);
    fmpz_init(expected);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        arrangement_t *a = build(&known[i].rows);
        fmpz_set_si(expected, known[i].regions);
        assert_int_equal(count_regions(a, found), GSL_SUCCESS);
        expect("known count", a, found, expected);
        arrangement_free(a);
    }
    fmpz_clear(found);
    fmpz_clear(expected);
}

static void test_small_cases(void **state) {
    (void)state;
    expect_known("no hyperplane", (rows_t){.dimension = 3}, 1);
    expect_known("equal rows", (rows_t){2, 3, {1, 2, 3, 1, 2, 3, -2, -4, -6}}, 2);
    expect_known("parallel lines", (rows_t){2, 3, {1, 2, 3, 2, 4, 5, -1, -2, 9}}, 4);
    expect_known("lines through a point", (rows_t){2, 4, {1, 0, 0, 0, 1, 0, 1, 1, 0, 1, -1, 0}}, 8);
    expect_known("planes through a line", (rows_t){3, 3, {1, 0, 0, 0, 0, 1, 0, 0, 1, 1, 0, 0}}, 6);
    expect_known("fewer planes than dimensions", (rows_t){4, 2, {1, 2, 3, 4, 5, 5, 4, 3, 2, 1}}, 4);
    expect_known("dead units", (rows_t){2, 3, {0, 0, 5, 1, 1, 1, 0, 0, 0}}, 2);
    expect_known("dead units alone", (rows_t){1, 2, {0, 5, 0, 0}}, 1);
    expect_known("points on a line", (rows_t){1, 5, {1, 3, 2, 6, 1, -3, 5, 0, -7, 0}}, 4);
}

// ---- Roads against each other ----

static void test_three_roads(void **state) {
    (void)state;
    stream_t stream = stream_of("three roads");
    fmpz_t regions;
    fmpz_init(regions);
    for (int i = 0; i < 6000; i++) {
        arrangement_t *a = draw_degenerate(&stream);
        assert_int_equal(count_regions(a, regions), GSL_SUCCESS);
        expect_regions("random instance", a, regions);
        arrangement_free(a);
    }
    fmpz_clear(regions);
}

// Entries of more than one machine word, with the same degeneracies: rows are combined with large
// coefficients.
static void test_large_entries(void **state) {
    (void)state;
    stream_t stream = stream_of("large entries");
    fmpz_t regions;
    fmpz_init(regions);
    for (int i = 0; i < 300; i++) {
        arrangement_t *a = draw_degenerate(&stream);
        assert_int_equal(count_regions(a, regions), GSL_SUCCESS);
        for (slong row = 0; row < a->planes; row++) {
            _fmpz_vec_scalar_mul_2exp(a->rows->rows[row], a->rows->rows[row], a->dimension + 1, 70);
            _fmpz_vec_scalar_mul_si(a->rows->rows[row], a->rows->rows[row], a->dimension + 1, -12345677);
        }
        for (slong row = 0; row < a->planes; row++) // x_1 -> x_1 + 3^50 x_d, which is unimodular
            if (a->dimension > 1) {
                fmpz_t power;
                fmpz_init_set_ui(power, 3);
                fmpz_pow_ui(power, power, 50);
                fmpz *entries = a->rows->rows[row];
                fmpz_addmul(entries + a->dimension - 1, entries, power);
                fmpz_clear(power);
            }
        expect_regions("large entries", a, regions);
        arrangement_free(a);
    }
    fmpz_clear(regions);
}

// ---- Invariance ----

static void scale_rows(arrangement_t *a, stream_t *stream) {
    for (slong i = 0; i < a->planes; i++) {
        const slong factor = pick(stream, 1, 7) * (pick(stream, 0, 1) ? 1 : -1);
        _fmpz_vec_scalar_mul_si(a->rows->rows[i], a->rows->rows[i], a->dimension + 1, factor);
    }
}

static void permute_rows(arrangement_t *a, stream_t *stream) {
    for (slong i = a->planes - 1; i > 0; i--)
        fmpz_mat_swap_rows(a->rows, NULL, i, pick(stream, 0, i));
}

// x -> x + c x_j e_i and x -> x + c e_i, a few times.
static void map_affinely(arrangement_t *a, stream_t *stream) {
    for (int step = 0; step < 8; step++) {
        const slong i = pick(stream, 0, a->dimension - 1), j = pick(stream, 0, a->dimension),
                    c = pick(stream, -3, 3);
        for (slong row = 0; i != j && row < a->planes; row++) {
            fmpz *entries = a->rows->rows[row];
            if (c >= 0)
                fmpz_addmul_ui(entries + j, entries + i, (ulong)c);
            else
                fmpz_submul_ui(entries + j, entries + i, (ulong)-c);
        }
    }
}

static void test_invariance(void **state) {
    (void)state;
    stream_t stream = stream_of("invariance");
    fmpz_t before, after;
    fmpz_init(before);
    fmpz_init(after);
    for (int i = 0; i < 300; i++) {
        arrangement_t *a = arrangement_alloc(pick(&stream, 10, 25), pick(&stream, 1, 4));
        assert_int_equal(arrangement_draw(a, 3, &stream), GSL_SUCCESS);
        assert_int_equal(count_regions(a, before), GSL_SUCCESS);
        void (*const maps[])(arrangement_t *, stream_t *) = {scale_rows, permute_rows, map_affinely};
        static const char *const names[] = {"rows scaled", "rows permuted", "affine map"};
        for (int m = 0; m < 3; m++) {
            maps[m](a, &stream);
            assert_int_equal(count_regions(a, after), GSL_SUCCESS);
            expect(names[m], a, after, before);
            regions_by_witnesses(a, after);
            expect(names[m], a, after, before);
        }
        arrangement_free(a);
    }
    fmpz_clear(before);
    fmpz_clear(after);
}

// ---- Witnesses ----

// The rank of the first `columns` columns of the rows in a set.
static slong rank_of(const arrangement_t *a, ulong set, slong columns) {
    fmpz_mat_t rows;
    slong size = 0;
    fmpz_mat_init(rows, a->planes, columns);
    for (slong i = 0; i < a->planes; i++)
        if (set >> i & 1)
            _fmpz_vec_set(rows->rows[size++], a->rows->rows[i], columns);
    const slong rank = fmpz_mat_rank(rows);
    fmpz_mat_clear(rows);
    return rank;
}

static slong size_of(ulong set) {
    return __builtin_popcountl(set);
}

static bool is_dependent(const arrangement_t *a, ulong set) {
    return rank_of(a, set, a->dimension) < size_of(set);
}

static bool is_circuit(const arrangement_t *a, ulong set) {
    bool minimal = is_dependent(a, set);
    for (ulong rest = set; rest != 0 && minimal; rest &= rest - 1)
        minimal = !is_dependent(a, set & ~(rest & -rest));
    return minimal;
}

static bool is_central(const arrangement_t *a, ulong set) {
    return rank_of(a, set, a->dimension) == rank_of(a, set, a->dimension + 1) && size_of(set) > 1;
}

static ulong set_of(const generic_witness_t *witness) {
    ulong set = 0;
    for (slong i = 0; i < witness->size; i++)
        set |= UWORD(1) << witness->planes[i];
    return set;
}

// Where a set stands in the report, or -1.
static slong find_witness(const generic_report_t *report, ulong set) {
    slong i = report->count - 1;
    while (i >= 0 && set_of(&report->witnesses[i]) != set)
        i--;
    return i;
}

// Primitive, and the first factor positive.
static bool is_normalised(const generic_witness_t *witness) {
    fmpz_t content;
    fmpz_init(content);
    _fmpz_vec_content(content, witness->relation, witness->size);
    const bool normalised = fmpz_is_one(content) && fmpz_sgn(witness->relation) > 0;
    fmpz_clear(content);
    return normalised;
}

static void test_witnesses_are_all(void **state) {
    (void)state;
    stream_t stream = stream_of("witnesses");
    for (int i = 0; i < 600; i++) {
        arrangement_t *a = draw_degenerate(&stream);
        generic_report_t report;
        assert_int_equal(generic_examine(a, &report), GSL_SUCCESS);
        slong expected = 0;
        bool agrees = true;
        for (ulong set = 1; set < UWORD(1) << a->planes; set++) {
            const bool central = is_central(a, set);
            if (size_of(set) > a->dimension + 1 || !is_circuit(a, set) ||
                (size_of(set) > a->dimension && !central))
                continue;
            expected++;
            const slong found = find_witness(&report, set);
            agrees &= found >= 0 && report.witnesses[found].concurrent == central &&
                      generic_holds(&report.witnesses[found], a) && is_normalised(&report.witnesses[found]);
        }
        if (!agrees || report.count != expected) {
            fprintf(stderr, "%ld witnesses for %ld degenerate circuits, of\n", report.count, expected);
            arrangement_print(stderr, a);
            fail();
        }
        generic_clear(&report);
        arrangement_free(a);
    }
}

// General position by its definition, set by set.
static bool is_generic(const arrangement_t *a) {
    bool generic = true;
    for (ulong set = 1; set < UWORD(1) << a->planes && generic; set++) {
        if (size_of(set) <= a->dimension)
            generic = !is_dependent(a, set);
        else if (size_of(set) == a->dimension + 1)
            generic = !is_central(a, set);
    }
    return generic;
}

static void test_generic_by_definition(void **state) {
    (void)state;
    stream_t stream = stream_of("definition");
    int generic = 0;
    for (int i = 0; i < 600; i++) {
        arrangement_t *a = arrangement_alloc(pick(&stream, 1, 8), pick(&stream, 1, 4));
        assert_int_equal(arrangement_draw(a, 5, &stream), GSL_SUCCESS);
        generic_report_t report;
        assert_int_equal(generic_examine(a, &report), GSL_SUCCESS);
        if (is_generic(a) != (report.count == 0)) {
            fprintf(stderr, "%ld witnesses, of\n", report.count);
            arrangement_print(stderr, a);
            fail();
        }
        generic += report.count == 0;
        generic_clear(&report);
        arrangement_free(a);
    }
    assert_in_range(generic, 100, 500); // both answers are tested
}

static void test_tampered_witnesses(void **state) {
    (void)state;
    rows_t rows = {2, 4, {1, 0, 0, 0, 1, 0, 1, 1, 0, 2, 2, 7}};
    arrangement_t *a = build(&rows);
    generic_report_t report;
    assert_int_equal(generic_examine(a, &report), GSL_SUCCESS);
    assert_int_equal(report.count, 2); // rows 0, 1, 2 meet in the origin; rows 2 and 3 are parallel
    assert_true(report.witnesses[0].concurrent);
    assert_false(report.witnesses[1].concurrent);
    for (slong i = 0; i < report.count; i++) {
        generic_witness_t *witness = &report.witnesses[i];
        assert_true(generic_holds(witness, a));
        witness->concurrent = !witness->concurrent;
        assert_false(generic_holds(witness, a));
        witness->concurrent = !witness->concurrent;
        fmpz_add_ui(witness->relation, witness->relation, 1);
        assert_false(generic_holds(witness, a));
        _fmpz_vec_zero(witness->relation, witness->size);
        assert_false(generic_holds(witness, a));
    }
    generic_clear(&report);
    arrangement_free(a);
    // Any three normals of the plane have a relation; it is a witness only where the lines meet.
    rows = (rows_t){2, 3, {1, 0, 0, 0, 1, 0, 1, 1, 1}};
    a = build(&rows);
    slong planes[] = {0, 1, 2};
    fmpz relation[] = {1, 1, -1};
    const generic_witness_t triangle = {
        .size = 3, .planes = planes, .relation = relation, .concurrent = false};
    assert_false(generic_holds(&triangle, a));
    arrangement_free(a);
}

// Determinants that vanish modulo the first prime only: as a normal, and as three lines' common point.
static void test_unlucky_prime(void **state) {
    (void)state;
    rows_t rows = {1, 2, {1, 0, 1, 1}};
    arrangement_t *a = build(&rows);
    generic_report_t report;
    assert_int_equal(generic_examine(a, &report), GSL_SUCCESS);
    const ulong first = report.prime;
    generic_clear(&report);
    fmpz_set_ui(fmpz_mat_entry(a->rows, 1, 1), first); // the points 0 and -p
    assert_int_equal(generic_examine(a, &report), GSL_SUCCESS);
    assert_int_equal(report.count, 0);
    assert_int_equal(report.prime, first);
    generic_clear(&report);
    fmpz_set_ui(fmpz_mat_entry(a->rows, 1, 0), first); // the points 0 and -1
    assert_int_equal(generic_examine(a, &report), GSL_SUCCESS);
    assert_int_equal(report.count, 0);
    assert_true(report.prime != first);
    generic_clear(&report);
    arrangement_free(a);
}

// ---- Contracts ----

static void test_errors(void **state) {
    (void)state;
    assert_null(arrangement_alloc(-1, 2));
    assert_null(arrangement_alloc(3, 0));
    arrangement_free(NULL);
    rows_t rows = boolean(4);
    arrangement_t *a = build(&rows);
    stream_t stream = stream_of("errors");
    assert_int_equal(arrangement_draw(a, 0, &stream), GSL_EDOM);
    fmpz_t regions;
    fmpz_init_set_ui(regions, 77);
    assert_int_equal(whitney_regions(a, 15, regions), GSL_EMAXITER);
    assert_true(fmpz_equal_si(regions, 77));
    assert_int_equal(whitney_regions(a, 16, regions), GSL_SUCCESS);
    assert_true(fmpz_equal_si(regions, 16));
    fmpz_clear(regions);
    arrangement_free(a);
}

static void test_draw(void **state) {
    (void)state;
    stream_t stream = stream_of("draw"), again = stream;
    arrangement_t *a = arrangement_alloc(3000, 1), *b = arrangement_alloc(3000, 1);
    slong seen[2][5] = {{0}};
    assert_int_equal(arrangement_draw(a, 2, &stream), GSL_SUCCESS);
    assert_int_equal(arrangement_draw(b, 2, &again), GSL_SUCCESS);
    assert_true(fmpz_mat_equal(a->rows, b->rows));
    for (slong i = 0; i < 3000; i++)
        for (slong j = 0; j < 2; j++) {
            const slong value = fmpz_get_si(fmpz_mat_entry(a->rows, i, j));
            assert_in_range(value + 2, 0, 4);
            seen[j][value + 2]++;
        }
    assert_int_equal(seen[0][2], 0);
    for (slong value = 0; value < 5; value++) { // five standard deviations about 3000/4 and 3000/5
        assert_in_range(seen[0][value], value == 2 ? 0 : 631, 869);
        assert_in_range(seen[1][value], 490, 710);
    }
    assert_int_equal(arrangement_draw(b, 2, &stream), GSL_SUCCESS);
    assert_false(fmpz_mat_equal(a->rows, b->rows));
    arrangement_free(a);
    arrangement_free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reflection_arrangements),
        cmocka_unit_test(test_shi),
        cmocka_unit_test(test_resonance_and_threshold),
        cmocka_unit_test(test_large_known),
        cmocka_unit_test(test_small_cases),
        cmocka_unit_test(test_three_roads),
        cmocka_unit_test(test_large_entries),
        cmocka_unit_test(test_invariance),
        cmocka_unit_test(test_witnesses_are_all),
        cmocka_unit_test(test_generic_by_definition),
        cmocka_unit_test(test_tampered_witnesses),
        cmocka_unit_test(test_unlucky_prime),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_draw),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    flint_cleanup();
    return failed;
}
