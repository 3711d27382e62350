// SPDX-License-Identifier: GPL-3.0-or-later
// geometry/tree, list and count on the arrangements whose numbers of regions are known: families from the literature,
// with their whole characteristic polynomials where they have integer roots, and instance files that other programs
// counted.
#include "geometry/bounds.h"
#include "geometry/count.h"
#include "geometry/list.h"
#include "geometry/tree.h"
#include "support/expect.h"
#include "support/families.h"
#include "support/instances.h"

#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

// Up to how many regions the slower roads are taken.
enum { COUNTED = 20000, LISTED = 4000, MOST_DIMENSIONS = 12 };

static int tally(void *context, const list_region_t *region) {
    (void)region;
    ++*(slong *)context;
    return GSL_SUCCESS;
}

static void expect_slow_roads(const expect_case_t *subject, const fmpz_t regions) {
    fmpz_t found;
    fmpz_init(found);
    slong listed = 0;
    if (fmpz_cmp_si(regions, COUNTED) <= 0) {
        expect_si(subject, "status of count", count_regions(subject->a, found), GSL_SUCCESS);
        expect_fmpz(subject, "regions by count", found, regions);
    }
    if (fmpz_cmp_si(regions, LISTED) <= 0) {
        expect_si(subject, "status of the list", list_arrangement(subject->a, tally, &listed), GSL_SUCCESS);
        expect_si(subject, "regions listed", listed, fmpz_get_si(regions));
    }
    fmpz_clear(found);
}

// All roads; `level` NULL where only the number of regions is known. Takes over `a`.
static void expect_known(const char *family, slong n, arrangement_t *a, const fmpz_t regions,
                         const fmpz *level) {
    const expect_case_t subject = {family, "known", n, a, NULL, NULL};
    tree_count_t count;
    tree_count_init(&count, a->dimension);
    expect_si(&subject, "status of the tree", tree_regions(a, NULL, &count), GSL_SUCCESS);
    expect_fmpz(&subject, "regions by the tree", count.regions, regions);
    expect_si(&subject, "hyperplanes", count.hyperplanes, a->planes);
    if (level != NULL)
        expect_vector(&subject, "levels of the tree", count.level, level, a->dimension + 1);
    expect_slow_roads(&subject, regions);
    tree_count_clear(&count);
    arrangement_free(a);
}

// ---- Counts that are known as numbers ----

static void expect_sequence(const char *family, arrangement_t *(*build)(slong n), slong first, slong last,
                            const slong *regions) {
    for (slong n = first; n <= last; n++)
        expect_known(family, n, build(n), (const fmpz[]){regions[n - first]}, NULL);
}

// H. Kamiya, A. Takemura, H. Terao, Adv. Appl. Math. 47 (2011) 379; OEIS A034997 and A000609.
static void test_resonance_and_threshold(void **state) {
    (void)state;
    expect_sequence("resonance", families_resonance, 1, 6, (const slong[]){2, 6, 32, 370, 11292, 1066044});
    expect_sequence("threshold", families_threshold, 1, 6,
                    (const slong[]){4, 14, 104, 1882, 94572, 15028134});
}

static void test_deformed_braids(void **state) {
    (void)state;
    expect_sequence("Linial", families_linial, 1, 7, (const slong[]){1, 2, 7, 36, 246, 2104, 21652});
    expect_sequence("semiorder", families_semiorder, 1, 6, (const slong[]){1, 3, 19, 183, 2371, 38703});
}

static void test_near_pencil(void **state) {
    (void)state;
    for (slong n = 3; n <= 40; n++)
        expect_known("near-pencil", n, families_near_pencil(n), (const fmpz[]){3 * n - 2}, NULL);
}

static void test_general_position(void **state) {
    (void)state;
    static const slong shapes[][2] = {{50, 1}, {40, 2}, {30, 3}, {24, 4}, {40, 5},
                                      {14, 6}, {12, 8}, {9, 9},  {5, 9}};
    fmpz_t regions;
    fmpz_init(regions);
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        const slong n = shapes[s][0], d = shapes[s][1];
        fmpz *level = _fmpz_vec_init(d + 1);
        for (slong j = 0; j <= d; j++)
            fmpz_bin_uiui(level + j, (ulong)n, (ulong)j);
        bounds_phi(regions, (ulong)n, (ulong)d);
        expect_known("moment curve", n, families_moment_curve(n, d), regions, level);
        _fmpz_vec_clear(level, d + 1);
    }
    fmpz_clear(regions);
}

// ---- Characteristic polynomials with integer roots ----

// With roots e_1 ... e_m and as many zeros as dimensions are left, the levels are the elementary symmetric functions
// of the roots, and the regions product of (1 + e_i).
static void expect_roots(const char *family, slong n, arrangement_t *a, const slong *roots, slong count) {
    const slong d = a->dimension;
    fmpz *level = _fmpz_vec_init(d + 1);
    fmpz_one(level);
    for (slong i = 0; i < count; i++)
        for (slong j = d; j > 0; j--)
            fmpz_addmul_ui(level + j, level + j - 1, (ulong)roots[i]);
    fmpz_t regions;
    fmpz_init_set_ui(regions, 1);
    for (slong i = 0; i < count; i++)
        fmpz_mul_si(regions, regions, 1 + roots[i]);
    expect_known(family, n, a, regions, level);
    fmpz_clear(regions);
    _fmpz_vec_clear(level, d + 1);
}

// H. Terao, Invent. Math. 63 (1981) 159; C. A. Athanasiadis, Adv. Math. 122 (1996) 193 for Shi and Catalan.
static void test_integer_roots(void **state) {
    (void)state;
    slong odd[MOST_DIMENSIONS], next[MOST_DIMENSIONS], same[MOST_DIMENSIONS], above[MOST_DIMENSIONS];
    for (slong n = 1; n <= 8; n++) {
        for (slong i = 0; i < n; i++) {
            next[i] = i;
            odd[i] = i < n - 1 ? 2 * i + 1 : 0;
            same[i] = n;
            above[i] = n + 1 + i;
        }
        expect_roots("braid: n!", n, families_braid(n), next, n);
        expect_roots("coordinate hyperplanes: 2^n", n, families_boolean(n),
                     (const slong[]){1, 1, 1, 1, 1, 1, 1, 1}, n);
        if (n > 6)
            continue;
        expect_roots("Shi: (n+1)^(n-1)", n, families_shi(n), same, n - 1);
        expect_roots("Catalan: n! C_n", n, families_catalan(n), above, n - 1);
        odd[n - 1] = 2 * n - 1;
        expect_roots("Coxeter B: 2^n n!", n, families_coxeter_b(n), odd, n);
        odd[n - 1] = n - 1;
        if (n > 1)
            expect_roots("Coxeter D: 2^(n-1) n!", n, families_coxeter_d(n), odd, n);
    }
}

// ---- Files ----

static void check_file(const char *name, const instance_t *instance, const fmpz_t regions) {
    const expect_case_t subject = {name, "file", 0, instance->arrangement, NULL, NULL};
    assert_non_null(instance->arrangement);
    tree_count_t count;
    tree_count_init(&count, instance->arrangement->dimension);
    expect_si(&subject, "status of the tree", tree_regions(instance->arrangement, NULL, &count), GSL_SUCCESS);
    expect_fmpz(&subject, "regions by the tree", count.regions, regions);
    expect_slow_roads(&subject, regions);
    tree_count_clear(&count);
}

static void test_files(void **state) {
    (void)state;
    assert_true(instances_visit(".arr", check_file) >= 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resonance_and_threshold),
        cmocka_unit_test(test_deformed_braids),
        cmocka_unit_test(test_near_pencil),
        cmocka_unit_test(test_general_position),
        cmocka_unit_test(test_integer_roots),
        cmocka_unit_test(test_files),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    flint_cleanup();
    return failed;
}
