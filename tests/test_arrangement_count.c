// SPDX-License-Identifier: GPL-3.0-or-later
// geometry/arrangement, count, whitney and generic: published counts, two roads and a third against each
// other on thousands of small and mostly degenerate instances, invariance, and the witnesses against brute
// force.
#include "geometry/arrangement.h"
#include "geometry/bounds.h"
#include "geometry/count.h"
#include "geometry/generic.h"
#include "geometry/whitney.h"
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

enum { MANY_SETS = 1 << 22 };

static arrangement_t *build(slong planes, slong dimension, const slong *entries) {
    arrangement_t *a = arrangement_alloc(planes, dimension);
    assert_non_null(a);
    arrangement_set(a, entries);
    return a;
}

// ---- Roads ----

static void expect_count(const expect_case_t *subject, const fmpz_t expected) {
    fmpz_t found;
    fmpz_init(found);
    expect_si(subject, "status of count", count_regions(subject->a, found), GSL_SUCCESS);
    expect_fmpz(subject, "regions by count", found, expected);
    fmpz_clear(found);
}

// Phi(n, d) less the deficit that the witnesses explain.
static void expect_witnesses(const expect_case_t *subject, const fmpz_t expected) {
    const arrangement_t *a = subject->a;
    generic_report_t report;
    fmpz_t regions, deficit;
    fmpz_init(regions);
    fmpz_init(deficit);
    expect_si(subject, "status of the witnesses", generic_examine(a, &report), GSL_SUCCESS);
    bool generic = report.count > 0;
    expect_si(subject, "status of general position", generic_is(a, &generic), GSL_SUCCESS);
    expect_true(subject, "general position by the witnesses", generic == (report.count == 0));
    expect_si(subject, "status of the deficit", generic_deficit(&report, deficit), GSL_SUCCESS);
    bounds_phi(regions, (ulong)a->planes, (ulong)a->dimension);
    fmpz_sub(regions, regions, deficit);
    expect_fmpz(subject, "regions by witnesses", regions, expected);
    fmpz_clear(regions);
    fmpz_clear(deficit);
    generic_clear(&report);
}

// All roads must give the expected number.
static void expect_regions(const expect_case_t *subject, const fmpz_t expected) {
    fmpz_t found;
    fmpz_init(found);
    expect_count(subject, expected);
    expect_si(subject, "status of Whitney's sum", whitney_regions(subject->a, MANY_SETS, found), GSL_SUCCESS);
    expect_fmpz(subject, "regions by Whitney's sum", found, expected);
    expect_witnesses(subject, expected);
    fmpz_clear(found);
}

// Takes over `a`.
static void expect_known(const char *what, arrangement_t *a, slong regions) {
    const expect_case_t subject = {.test = what, .kind = "known", .a = a};
    expect_regions(&subject, (const fmpz[]){regions});
    arrangement_free(a);
}

// ---- Counts that are known; tests/test_families.c has the larger ones ----

static void test_families(void **state) {
    (void)state;
    static const slong factorial[] = {1, 1, 2, 6, 24, 120, 720}, shi[] = {0, 1, 3, 16, 125, 1296};
    static const slong resonance[] = {0, 2, 6, 32, 370}, threshold[] = {0, 4, 14, 104};
    for (slong n = 1; n <= 6; n++)
        expect_known("braid: n!", families_braid(n), factorial[n]);
    for (slong n = 1; n <= 9; n++)
        expect_known("coordinate hyperplanes: 2^n", families_boolean(n), 1 << n);
    for (slong n = 1; n <= 4; n++)
        expect_known("Coxeter B: 2^n n!", families_coxeter_b(n), (1 << n) * factorial[n]);
    for (slong n = 1; n <= 5; n++)
        expect_known("Shi: (n+1)^(n-1)", families_shi(n), shi[n]);
    for (slong n = 1; n <= 4; n++)
        expect_known("resonance", families_resonance(n), resonance[n]);
    for (slong n = 1; n <= 3; n++)
        expect_known("threshold", families_threshold(n), threshold[n]);
}

static void test_small_cases(void **state) {
    (void)state;
    expect_known("no hyperplane", build(0, 3, NULL), 1);
    expect_known("equal rows", build(3, 2, (slong[]){1, 2, 3, 1, 2, 3, -2, -4, -6}), 2);
    expect_known("parallel lines", build(3, 2, (slong[]){1, 2, 3, 2, 4, 5, -1, -2, 9}), 4);
    expect_known("lines through a point", build(4, 2, (slong[]){1, 0, 0, 0, 1, 0, 1, 1, 0, 1, -1, 0}), 8);
    expect_known("planes through a line", build(3, 3, (slong[]){1, 0, 0, 0, 0, 1, 0, 0, 1, 1, 0, 0}), 6);
    expect_known("fewer planes than dimensions", build(2, 4, (slong[]){1, 2, 3, 4, 5, 5, 4, 3, 2, 1}), 4);
    expect_known("dead units", build(3, 2, (slong[]){0, 0, 5, 1, 1, 1, 0, 0, 0}), 2);
    expect_known("dead units alone", build(2, 1, (slong[]){0, 5, 0, 0}), 1);
    expect_known("points on a line", build(5, 1, (slong[]){1, 3, 2, 6, 1, -3, 5, 0, -7, 0}), 4);
}

// ---- Roads against each other ----

static void test_three_roads(void **state) {
    (void)state;
    fmpz_t regions;
    fmpz_init(regions);
    const slong seeds = seeds_times(6000);
    for (slong seed = 0; seed < seeds; seed++) {
        stream_t stream;
        const expect_case_t subject = cases_arrangement("three roads", seed, 9, 5, &stream);
        assert_int_equal(whitney_regions(subject.a, MANY_SETS, regions), GSL_SUCCESS);
        expect_count(&subject, regions);
        expect_witnesses(&subject, regions);
        cases_end(&subject);
    }
    fmpz_clear(regions);
}

// x_1 -> x_1 + 3^50 x_d, which is unimodular.
static void shear(arrangement_t *a) {
    fmpz_t power;
    fmpz_init_set_ui(power, 3);
    fmpz_pow_ui(power, power, 50);
    for (slong row = 0; row < a->planes && a->dimension > 1; row++)
        fmpz_addmul(fmpz_mat_entry(a->rows, row, a->dimension - 1), fmpz_mat_entry(a->rows, row, 0), power);
    fmpz_clear(power);
}

// The same degeneracies in entries of more than one machine word: all roads find the number that they found before.
static void test_large_entries(void **state) {
    (void)state;
    fmpz_t regions;
    fmpz_init(regions);
    const slong seeds = seeds_times(300);
    for (slong seed = 0; seed < seeds; seed++) {
        stream_t stream;
        const expect_case_t subject = cases_arrangement("large entries", seed, 9, 5, &stream);
        assert_int_equal(count_regions(subject.a, regions), GSL_SUCCESS);
        arrangement_t *a = cases_arrangement_of(&subject);
        fmpz_mat_scalar_mul_si(a->rows, a->rows, -12345677);
        families_scale_rows(a->rows, &stream);
        shear(a);
        expect_regions(&subject, regions);
        cases_end(&subject);
    }
    fmpz_clear(regions);
}

static void test_invariance(void **state) {
    (void)state;
    fmpz_t before;
    fmpz_init(before);
    const slong seeds = seeds_times(300);
    for (slong seed = 0; seed < seeds; seed++) {
        stream_t stream;
        const expect_case_t subject = cases_arrangement("invariance", seed, 25, 4, &stream);
        assert_int_equal(count_regions(subject.a, before), GSL_SUCCESS);
        for (int way = 0; way < CASES_CHANGES; way++) {
            cases_change(&subject, way, &stream);
            expect_count(&subject, before);
            expect_witnesses(&subject, before);
        }
        cases_end(&subject);
    }
    fmpz_clear(before);
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
    const slong seeds = seeds_times(600);
    for (slong seed = 0; seed < seeds; seed++) {
        stream_t stream;
        const expect_case_t subject = cases_arrangement("witnesses", seed, 9, 5, &stream);
        const arrangement_t *a = subject.a;
        generic_report_t report;
        expect_si(&subject, "status", generic_examine(a, &report), GSL_SUCCESS);
        slong expected = 0;
        for (ulong set = 1; set < UWORD(1) << a->planes; set++) {
            const bool central = is_central(a, set);
            if (size_of(set) > a->dimension + 1 || !is_circuit(a, set) ||
                (size_of(set) > a->dimension && !central))
                continue;
            expected++;
            const slong found = find_witness(&report, set);
            expect_true(&subject, "a degenerate circuit has its witness",
                        found >= 0 && report.witnesses[found].concurrent == central &&
                            generic_holds(&report.witnesses[found], a) &&
                            is_normalised(&report.witnesses[found]));
        }
        expect_si(&subject, "witnesses for degenerate circuits", report.count, expected);
        generic_clear(&report);
        cases_end(&subject);
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
    slong generic = 0;
    const slong seeds = seeds_times(600);
    for (slong seed = 0; seed < seeds; seed++) {
        stream_t stream;
        const expect_case_t subject = cases_arrangement("definition", seed, 8, 4, &stream);
        generic_report_t report;
        expect_si(&subject, "status", generic_examine(subject.a, &report), GSL_SUCCESS);
        expect_si(&subject, "no witness, so general position", report.count == 0, is_generic(subject.a));
        generic += report.count == 0;
        generic_clear(&report);
        cases_end(&subject);
    }
    assert_in_range(generic, seeds / 6, 5 * seeds / 6); // both answers are tested
}

static void test_tampered_witnesses(void **state) {
    (void)state;
    arrangement_t *a = build(4, 2, (slong[]){1, 0, 0, 0, 1, 0, 1, 1, 0, 2, 2, 7});
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
    a = build(3, 2, (slong[]){1, 0, 0, 0, 1, 0, 1, 1, 1});
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
    arrangement_t *a = build(2, 1, (slong[]){1, 0, 1, 1});
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
    arrangement_t *a = families_boolean(4);
    stream_t stream = seeds_stream("errors", 0);
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
    stream_t stream = seeds_stream("draw", 0), again = stream;
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
        cmocka_unit_test(test_families),
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
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    flint_cleanup();
    return failed;
}
