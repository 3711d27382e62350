// SPDX-License-Identifier: GPL-3.0-or-later
// geometry/tree, list and count: all roads to the regions of an arrangement agree, on thousands of random instances of
// every kind of degeneracy, with each other and with the slow roads of tests/support; and on rows that agree to 50 bits
// and more.
#include "geometry/bounds.h"
#include "geometry/count.h"
#include "geometry/generic.h"
#include "geometry/list.h"
#include "geometry/tree.h"
#include "support/brute.h"
#include "support/cases.h"
#include "support/expect.h"
#include "support/families.h"
#include "support/flats.h"
#include "support/record.h"
#include "support/seeds.h"

#include <flint/fmpz_poly.h>
#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const shards_control_t ALONE = {.threads = 1};

static tree_count_t tree_of(const expect_case_t *subject, const arrangement_t *a) {
    tree_count_t count;
    tree_count_init(&count, a->dimension);
    expect_si(subject, "status of the tree", tree_regions(a, &ALONE, &count), GSL_SUCCESS);
    return count;
}

static int tally(void *context, const list_region_t *region) {
    (void)region;
    ++*(slong *)context;
    return GSL_SUCCESS;
}

static slong listed(const expect_case_t *subject, const arrangement_t *a) {
    slong regions = 0;
    expect_si(subject, "status of the list", list_arrangement(a, tally, &regions), GSL_SUCCESS);
    return regions;
}

// ---- Roads ----

// The list is the one by linear programming, region for region.
static void expect_same_list(const expect_case_t *subject, slong regions) {
    record_t brute, list;
    record_init(&brute, subject->a, NULL);
    record_init(&list, subject->a, NULL);
    expect_si(subject, "regions by brute force", brute_arrangement(subject->a, record_brute, &brute),
              regions);
    expect_si(subject, "points of brute force outside", brute.outside, 0);
    expect_si(subject, "status of the list", list_arrangement(subject->a, record_list, &list), GSL_SUCCESS);
    expect_si(subject, "regions listed", list.count, regions);
    expect_si(subject, "listed points outside", list.outside, 0);
    expect_true(subject, "the same sign vectors in the same order", record_equal(&brute, &list));
    record_clear(&brute);
    record_clear(&list);
}

// The rank of the first `columns` columns of some rows, or of all (NULL).
static slong rank_of_rows(const arrangement_t *a, const slong *rows, slong size, slong columns) {
    fmpz_mat_t chosen;
    fmpz_mat_init(chosen, size, columns);
    for (slong i = 0; i < size; i++)
        _fmpz_vec_set(chosen->rows[i], a->rows->rows[rows == NULL ? i : rows[i]], columns);
    const slong rank = fmpz_mat_rank(chosen);
    fmpz_mat_clear(chosen);
    return rank;
}

// The number of j-sets of n hyperplanes in general position in R^r that have a common point.
static void generic_level(fmpz_t level, slong n, slong r, slong j) {
    fmpz_bin_uiui(level, (ulong)n, j < 0 || j > r ? (ulong)n + 1 : (ulong)j);
}

// Whether the levels are those of distinct hyperplanes in general position in R^r, r the rank of the normals; or, for
// central ones, of the slice that a parallel to one of them cuts out, times the two sides of that one.
static bool are_levels_generic(const arrangement_t *a, const tree_count_t *count) {
    const slong rank = rank_of_rows(a, NULL, a->planes, a->dimension) - count->central;
    const slong planes = count->hyperplanes - count->central;
    fmpz_t expected, term;
    fmpz_init(expected);
    fmpz_init(term);
    bool generic = true;
    for (slong j = 0; j < count->levels && generic; j++) {
        generic_level(expected, planes, rank, j);
        generic_level(term, planes, rank, j - 1);
        if (count->central)
            fmpz_add(expected, expected, term);
        generic = fmpz_equal(expected, count->level + j);
    }
    fmpz_clear(expected);
    fmpz_clear(term);
    return generic;
}

// The primes are enough for a minor, here the one in the upper left corner.
static void expect_enough_primes(const expect_case_t *subject, const tree_count_t *count) {
    const arrangement_t *a = subject->a;
    const slong size = a->planes <= a->dimension ? a->planes : a->dimension + 1;
    fmpz_mat_t corner;
    fmpz_mat_window_init(corner, a->rows, 0, 0, size, size);
    fmpz_t minor, product;
    fmpz_init(minor);
    fmpz_init(product);
    fmpz_mat_det(minor, corner);
    fmpz_mul_2exp(minor, minor, 1);
    _fmpz_vec_prod(product, count->prime, count->primes);
    if (count->primes > 0) // none where nothing was left for the tree
        expect_true(subject, "the primes exceed twice a minor", fmpz_cmpabs(product, minor) > 0);
    fmpz_clear(minor);
    fmpz_clear(product);
    fmpz_mat_window_clear(corner);
}

// The numbers of the tree hang together, and agree with the Moebius function of the flats.
static void expect_levels(const expect_case_t *subject, const tree_count_t *count) {
    const arrangement_t *a = subject->a;
    fmpz *level = _fmpz_vec_init(a->dimension + 1);
    flats_t *flats = flats_find(a);
    flats_whitney(flats, level);
    expect_si(subject, "number of levels", count->levels, a->dimension + 1);
    expect_vector(subject, "no-broken-circuit sets by size", count->level, level, a->dimension + 1);
    expect_fmpz(subject, "distinct hyperplanes", level + 1, (const fmpz[]){count->hyperplanes});
    expect_enough_primes(subject, count);
    if (fmpz_is_zero(count->events))
        expect_true(subject, "general position where there is no event", are_levels_generic(a, count));
    flats_free(flats);
    _fmpz_vec_clear(level, a->dimension + 1);
}

static void test_small(void **state) {
    (void)state;
    fmpz_t regions;
    fmpz_init(regions);
    const slong seeds = seeds_times(4000);
    for (slong seed = 0; seed < seeds; seed++) {
        stream_t stream;
        const expect_case_t subject = cases_arrangement("small", seed, 8, 5, &stream);
        tree_count_t count = tree_of(&subject, subject.a);
        expect_si(&subject, "status of count", count_regions(subject.a, regions), GSL_SUCCESS);
        expect_fmpz(&subject, "regions of the tree", count.regions, regions);
        expect_levels(&subject, &count);
        expect_same_list(&subject, fmpz_get_si(regions));
        tree_count_clear(&count);
        cases_end(&subject);
    }
    fmpz_clear(regions);
}

// Too many regions for brute force.
static void test_medium(void **state) {
    (void)state;
    fmpz_t regions;
    fmpz_init(regions);
    const slong seeds = seeds_times(300);
    for (slong seed = 0; seed < seeds; seed++) {
        stream_t stream;
        const expect_case_t subject = cases_arrangement("medium", seed, seed % 5 == 0 ? 24 : 16, 5, &stream);
        tree_count_t count = tree_of(&subject, subject.a);
        expect_si(&subject, "status of count", count_regions(subject.a, regions), GSL_SUCCESS);
        expect_fmpz(&subject, "regions of the tree", count.regions, regions);
        _fmpz_vec_sum(regions, count.level, count.levels);
        expect_fmpz(&subject, "sum of the levels", regions, count.regions);
        if (fmpz_cmp_si(regions, 1500) < 0)
            expect_si(&subject, "regions listed", listed(&subject, subject.a), fmpz_get_si(regions));
        tree_count_clear(&count);
        cases_end(&subject);
    }
    fmpz_clear(regions);
}

// More rows and more dimensions than the other tests, tree and plain engine alone.
static void test_large(void **state) {
    (void)state;
    static const slong rows[] = {60, 60, 50, 30, 22, 17, 15, 14, 13, 13};
    fmpz_t regions;
    fmpz_init(regions);
    const slong seeds = seeds_times(120);
    for (slong seed = 0; seed < seeds; seed++) {
        stream_t stream = seeds_stream("large", seed);
        const slong d = seed / FAMILIES_KINDS % 10 + 1;
        const families_kind_t kind = (families_kind_t)(seed % FAMILIES_KINDS);
        const expect_case_t subject = {"large", families_kind_name(kind),
                                       seed,    families_random(kind, rows[d - 1], d, &stream),
                                       NULL,    NULL};
        tree_count_t count = tree_of(&subject, subject.a);
        expect_si(&subject, "status of count", count_regions(subject.a, regions), GSL_SUCCESS);
        expect_fmpz(&subject, "regions of the tree", count.regions, regions);
        tree_count_clear(&count);
        cases_end(&subject);
    }
    fmpz_clear(regions);
}

// ---- Faces, and the arrangement on each flat ----

typedef struct {
    const flats_t *flats;
    slong *faces; // of each flat
    slong lost;   // faces that lie on no flat
} faces_t;

static void assign_face(void *context, const brute_region_t *face) {
    faces_t *faces = context;
    for (slong f = 0; f < faces->flats->count; f++) {
        const flat_t *flat = &faces->flats->flat[f];
        bool agrees = flat->dimension == face->dimension;
        for (slong i = 0; i < face->signs && agrees; i++)
            agrees = !(flat->planes >> i & 1) || face->sign[i] == 0;
        if (agrees) {
            faces->faces[f]++;
            return;
        }
    }
    faces->lost++;
}

static slong regions_on(const expect_case_t *subject, const flat_t *flat) {
    if (flat->dimension == 0)
        return 1;
    arrangement_t *restricted = flats_restrict(subject->a, flat);
    tree_count_t count = tree_of(subject, restricted);
    const slong regions = fmpz_get_si(count.regions);
    tree_count_clear(&count);
    arrangement_free(restricted);
    return regions;
}

// The faces on a flat are the regions of the arrangement on it.
static void test_faces(void **state) {
    (void)state;
    const slong seeds = seeds_times(1000);
    for (slong seed = 0; seed < seeds; seed++) {
        stream_t stream;
        const expect_case_t subject = cases_arrangement("faces", seed, 7, 4, &stream);
        flats_t *flats = flats_find(subject.a);
        faces_t faces = {flats, flint_calloc((size_t)flats->count, sizeof *faces.faces), 0};
        brute_faces(subject.a, assign_face, &faces);
        expect_si(&subject, "faces that lie on no flat", faces.lost, 0);
        for (slong f = 0; f < flats->count; f++)
            expect_si(&subject, "regions on a flat", regions_on(&subject, &flats->flat[f]), faces.faces[f]);
        flint_free(faces.faces);
        flats_free(flats);
        cases_end(&subject);
    }
}

// Euler's relation for R^d cut into relatively open cells, sum over k of (-1)^k f_k = (-1)^d: the Euler characteristic
// with compact supports adds up. No arrangement is an exception.
static void test_euler(void **state) {
    (void)state;
    const slong seeds = seeds_times(250);
    for (slong seed = 0; seed < seeds; seed++) {
        stream_t stream;
        const expect_case_t subject = cases_arrangement("euler", seed, 12, 4, &stream);
        flats_t *flats = flats_find(subject.a);
        slong sum = 0;
        for (slong f = 0; f < flats->count; f++)
            sum += (flats->flat[f].dimension % 2 == 0 ? 1 : -1) * regions_on(&subject, &flats->flat[f]);
        expect_si(&subject, "alternating sum of the face numbers", sum,
                  subject.a->dimension % 2 == 0 ? 1 : -1);
        flats_free(flats);
        cases_end(&subject);
    }
}

typedef struct {
    fmpz *generator; // d + 1
    slong dimension, bounded;
} bounded_t;

// A region is bounded when its closed cone meets infinity, x_0 = 0, in the origin alone.
static int tally_bounded(void *context, const list_region_t *region) {
    bounded_t *tally = context;
    const slong generators = polyhedron_rays(region->cell);
    bool bounded = polyhedron_lines(region->cell) == 0;
    for (slong g = 0; g < generators && bounded; g++) {
        polyhedron_generator(region->cell, g, tally->generator);
        bounded = !fmpz_is_zero(tally->generator + tally->dimension);
    }
    tally->bounded += bounded;
    return GSL_SUCCESS;
}

// The bounded regions are |chi(1)| where the normals span R^d, and none elsewhere (Zaslavsky 1975, Theorem C): the
// alternating sum of the levels.
static void test_bounded_regions(void **state) {
    (void)state;
    const slong seeds = seeds_times(500);
    slong some = 0;
    for (slong seed = 0; seed < seeds; seed++) {
        stream_t stream;
        const expect_case_t subject = cases_arrangement("bounded", seed, 11, 4, &stream);
        const slong d = subject.a->dimension;
        bounded_t tally = {_fmpz_vec_init(d + 1), d, 0};
        expect_si(&subject, "status of the list", list_arrangement(subject.a, tally_bounded, &tally),
                  GSL_SUCCESS);
        tree_count_t count = tree_of(&subject, subject.a);
        slong sum = 0;
        for (slong j = 0; j <= d; j++)
            sum += (j % 2 == 0 ? 1 : -1) * fmpz_get_si(count.level + j);
        const bool spans = rank_of_rows(subject.a, NULL, subject.a->planes, d) == d;
        expect_si(&subject, "bounded regions", tally.bounded, spans ? labs(sum) : 0);
        some += tally.bounded > 0;
        _fmpz_vec_clear(tally.generator, d + 1);
        tree_count_clear(&count);
        cases_end(&subject);
    }
    assert_true(4 * some > seeds);
}

// ---- Relations between arrangements ----

static arrangement_t *without_row(const arrangement_t *a, slong row) {
    arrangement_t *rest = arrangement_alloc(a->planes - 1, a->dimension);
    for (slong i = 0; i < rest->planes; i++)
        _fmpz_vec_set(rest->rows->rows[i], a->rows->rows[i + (i >= row)], a->dimension + 1);
    return rest;
}

static bool is_dead(const arrangement_t *a, slong row) {
    return _fmpz_vec_is_zero(a->rows->rows[row], a->dimension);
}

static bool is_repeated(const arrangement_t *a, slong row) {
    fmpz_mat_t pair;
    fmpz_mat_init(pair, 2, a->dimension + 1);
    _fmpz_vec_set(pair->rows[0], a->rows->rows[row], a->dimension + 1);
    bool repeated = false;
    for (slong i = 0; i < a->planes && !repeated; i++) {
        _fmpz_vec_set(pair->rows[1], a->rows->rows[i], a->dimension + 1);
        repeated = i != row && !is_dead(a, i) && fmpz_mat_rank(pair) == 1;
    }
    fmpz_mat_clear(pair);
    return repeated;
}

// The hyperplane of a row alone, as a flat.
static flat_t flat_of_row(const arrangement_t *a, slong row) {
    return (flat_t){UINT64_C(1) << row, a->dimension - 1};
}

// r(A) = r(A without H) + r(A on H), for a hyperplane that is not repeated.
static void test_deletion_and_restriction(void **state) {
    (void)state;
    slong met = 0;
    const slong seeds = seeds_times(1500);
    for (slong seed = 0; seed < seeds; seed++) {
        stream_t stream;
        const expect_case_t subject = cases_arrangement("deletion", seed, 14, 5, &stream);
        const arrangement_t *a = subject.a;
        const slong row = a->planes == 0 ? 0 : seeds_pick(&stream, 0, a->planes - 1);
        if (a->planes > 0 && !is_dead(a, row) && !is_repeated(a, row)) {
            arrangement_t *rest = without_row(a, row);
            tree_count_t whole = tree_of(&subject, a), part = tree_of(&subject, rest);
            const flat_t flat = flat_of_row(a, row);
            fmpz_add_si(part.regions, part.regions, regions_on(&subject, &flat));
            expect_fmpz(&subject, "regions by deletion and restriction", whole.regions, part.regions);
            tree_count_clear(&whole);
            tree_count_clear(&part);
            arrangement_free(rest);
            met++;
        }
        cases_end(&subject);
    }
    assert_true(3 * met > seeds);
}

// A and B in complementary subspaces.
static arrangement_t *direct_sum(const arrangement_t *a, const arrangement_t *b) {
    const slong d = a->dimension + b->dimension;
    arrangement_t *sum = arrangement_alloc(a->planes + b->planes, d);
    for (slong i = 0; i < sum->planes; i++) {
        const bool first = i < a->planes;
        const arrangement_t *from = first ? a : b;
        const fmpz *row = from->rows->rows[first ? i : i - a->planes];
        _fmpz_vec_set(sum->rows->rows[i] + (first ? 0 : a->dimension), row, from->dimension);
        fmpz_set(sum->rows->rows[i] + d, row + from->dimension);
    }
    return sum;
}

static void set_polynomial(fmpz_poly_t polynomial, const tree_count_t *count) {
    for (slong j = 0; j < count->levels; j++)
        fmpz_poly_set_coeff_fmpz(polynomial, j, count->level + j);
}

// The characteristic polynomial of a direct sum is the product.
static void test_direct_sums(void **state) {
    (void)state;
    const slong seeds = seeds_times(400);
    for (slong seed = 0; seed < seeds; seed++) {
        stream_t stream;
        const expect_case_t first = cases_arrangement("direct sum", seed, 9, 4, &stream);
        arrangement_t *b = families_random((families_kind_t)seeds_pick(&stream, 0, FAMILIES_KINDS - 1),
                                           seeds_pick(&stream, 0, 6), seeds_pick(&stream, 1, 3), &stream);
        expect_case_t subject = first;
        subject.a = direct_sum(first.a, b);
        tree_count_t left = tree_of(&first, first.a), right = tree_of(&subject, b),
                     both = tree_of(&subject, subject.a);
        fmpz_poly_t factor, product, found;
        fmpz_poly_init(factor);
        fmpz_poly_init(product);
        fmpz_poly_init(found);
        set_polynomial(factor, &left);
        set_polynomial(product, &right);
        set_polynomial(found, &both);
        fmpz_poly_mul(product, product, factor);
        expect_true(&subject, "characteristic polynomial of a direct sum", fmpz_poly_equal(found, product));
        fmpz_poly_clear(factor);
        fmpz_poly_clear(product);
        fmpz_poly_clear(found);
        tree_count_clear(&left);
        tree_count_clear(&right);
        tree_count_clear(&both);
        arrangement_free(b);
        cases_end(&first);
        cases_end(&subject);
    }
}

// ---- Invariance ----

static void expect_as_before(const expect_case_t *subject, const char *what, const tree_count_t *before) {
    tree_count_t after = tree_of(subject, subject->a);
    expect_vector(subject, what, after.level, before->level, before->levels);
    expect_fmpz(subject, what, after.regions, before->regions);
    if (fmpz_cmp_si(before->regions, 500) < 0)
        expect_si(subject, what, listed(subject, subject->a), fmpz_get_si(before->regions));
    tree_count_clear(&after);
}

static void test_invariance(void **state) {
    (void)state;
    const slong seeds = seeds_times(500);
    for (slong seed = 0; seed < seeds; seed++) {
        stream_t stream;
        const expect_case_t subject = cases_arrangement("invariance", seed, 16, 5, &stream);
        tree_count_t before = tree_of(&subject, subject.a);
        for (int way = 0; way < CASES_CHANGES; way++)
            expect_as_before(&subject, cases_change(&subject, way, &stream), &before);
        tree_count_clear(&before);
        cases_end(&subject);
    }
}

// ---- Hard numbers ----

// Rows r become 2^bits r plus the rows m of the moment curve (families.h). A minor is a polynomial in 2^bits whose
// coefficient at the lowest power is one of m's minors, not 0; beyond its roots the arrangement is generic, whatever
// it was. With up to 10 rows in up to 3 dimensions, and entries of r up to 2^12, roots are below 2^60 (Cauchy).
static void perturb(arrangement_t *a, ulong bits) {
    arrangement_t *curve = families_moment_curve(a->planes, a->dimension);
    fmpz_mat_scalar_mul_2exp(a->rows, a->rows, bits);
    fmpz_mat_add(a->rows, a->rows, curve->rows);
    arrangement_free(curve);
}

// Generic, by all roads.
static void expect_general_position(const expect_case_t *subject) {
    const slong n = subject->a->planes, d = subject->a->dimension;
    fmpz_t regions;
    fmpz_init(regions);
    bounds_phi(regions, (ulong)n, (ulong)d);
    tree_count_t count = tree_of(subject, subject->a);
    expect_fmpz(subject, "regions of the tree", count.regions, regions);
    expect_fmpz(subject, "zero events", count.events, (const fmpz[]){0});
    expect_si(subject, "hyperplanes", count.hyperplanes, n);
    expect_same_list(subject, fmpz_get_si(regions));
    tree_count_clear(&count);
    fmpz_clear(regions);
}

// Rows that agree to 50 bits and more, equal or in any other special position before they were moved.
static void test_nearly_degenerate(void **state) {
    (void)state;
    static const families_kind_t kinds[] = {FAMILIES_SMALL, FAMILIES_CENTRAL, FAMILIES_COPIES,
                                            FAMILIES_GRID,  FAMILIES_PENCIL,  FAMILIES_DEFICIENT};
    static const ulong bits[] = {60, 64, 100, 300, 1100};
    const slong seeds = seeds_times(200);
    for (slong seed = 0; seed < seeds; seed++) {
        stream_t stream = seeds_stream("nearly degenerate", seed);
        const families_kind_t kind = kinds[seed % 6];
        const slong d = seeds_pick(&stream, 1, 3);
        arrangement_t *a = families_random(kind, seeds_pick(&stream, 2, 10), d, &stream);
        for (slong i = 1; i < a->planes && seed % 7 == 0; i++) // all are one
            _fmpz_vec_set(a->rows->rows[i], a->rows->rows[0], d + 1);
        perturb(a, bits[seed % 5]);
        const expect_case_t subject = {"nearly degenerate", families_kind_name(kind), seed, a, NULL, NULL};
        expect_general_position(&subject);
        cases_end(&subject);
    }
}

// Entries -99..99 look generic, and often are not.
static void test_ninety_nine(void **state) {
    (void)state;
    static const slong rows[] = {90, 90, 60, 30};
    slong special = 0;
    fmpz_t regions;
    fmpz_init(regions);
    const slong seeds = seeds_times(40);
    for (slong seed = 0; seed < seeds; seed++) {
        stream_t stream = seeds_stream("ninety-nine", seed);
        const slong d = seed % 4 + 1;
        arrangement_t *a = arrangement_alloc(rows[d - 1], d);
        assert_int_equal(arrangement_draw(a, 99, &stream), GSL_SUCCESS);
        const expect_case_t subject = {"ninety-nine", "-99..99", seed, a, NULL, NULL};
        generic_report_t report;
        expect_si(&subject, "status of the witnesses", generic_examine(a, &report), GSL_SUCCESS);
        expect_si(&subject, "status of the deficit", generic_deficit(&report, regions), GSL_SUCCESS);
        fmpz_t phi;
        fmpz_init(phi);
        bounds_phi(phi, (ulong)a->planes, (ulong)d);
        fmpz_sub(regions, phi, regions);
        tree_count_t count = tree_of(&subject, a);
        expect_fmpz(&subject, "regions of the tree", count.regions, regions);
        if (count.hyperplanes == a->planes) // repetitions are no events
            expect_si(&subject, "events where there are witnesses", !fmpz_is_zero(count.events),
                      report.count > 0);
        special += !fmpz_equal(regions, phi);
        fmpz_clear(phi);
        tree_count_clear(&count);
        generic_clear(&report);
        cases_end(&subject);
    }
    fmpz_clear(regions);
    print_message("# %ld of %ld arrangements are not in general position\n", special, seeds);
    assert_true(seeds < 40 || special > 0);
}

// ---- What else the tree says ----

// All that is reported is the same for any number of threads.
static void test_threads(void **state) {
    (void)state;
    const slong seeds = seeds_times(60);
    for (slong seed = 0; seed < seeds; seed++) {
        stream_t stream;
        const expect_case_t subject = cases_arrangement("threads", seed, 30, 4, &stream);
        tree_count_t one = tree_of(&subject, subject.a), many;
        tree_count_init(&many, subject.a->dimension);
        for (int threads = 2; threads <= 5; threads++) {
            const shards_control_t control = {.threads = threads};
            expect_si(&subject, "status", tree_regions(subject.a, &control, &many), GSL_SUCCESS);
            expect_vector(&subject, "levels with more threads", many.level, one.level, one.levels);
            expect_fmpz(&subject, "zero events with more threads", many.events, one.events);
            expect_si(&subject, "number of primes with more threads", many.primes, one.primes);
            expect_vector(&subject, "primes with more threads", many.prime, one.prime, one.primes);
        }
        tree_count_clear(&one);
        tree_count_clear(&many);
        cases_end(&subject);
    }
}

// Some rows become an earlier one plus a multiple of primes that the tree would take: equal modulo these, but not
// equal. Returns whether there were any.
static bool confuse(arrangement_t *a, const tree_count_t *count, stream_t *stream) {
    fmpz_t factor;
    fmpz_init(factor);
    const slong primes = count->primes == 0 ? 0 : seeds_pick(stream, 1, count->primes);
    _fmpz_vec_prod(factor, count->prime, primes);
    for (slong i = 1; i < a->planes && primes > 0; i++)
        if (seeds_pick(stream, 0, 2) == 0) {
            const fmpz *earlier = a->rows->rows[seeds_pick(stream, 0, i - 1)];
            _fmpz_vec_scalar_mul_fmpz(a->rows->rows[i], a->rows->rows[i], a->dimension + 1, factor);
            _fmpz_vec_add(a->rows->rows[i], a->rows->rows[i], earlier, a->dimension + 1);
        }
    fmpz_clear(factor);
    return primes > 0;
}

// No prime may be taken at its word.
static void test_unlucky_primes(void **state) {
    (void)state;
    slong another = 0;
    const slong seeds = seeds_times(1000);
    for (slong seed = 0; seed < seeds; seed++) {
        stream_t stream;
        const expect_case_t subject = cases_arrangement("unlucky primes", seed, 10, 4, &stream);
        tree_count_t before = tree_of(&subject, subject.a);
        if (confuse(cases_arrangement_of(&subject), &before, &stream)) {
            tree_count_t after = tree_of(&subject, subject.a);
            fmpz_t regions;
            fmpz_init(regions);
            expect_si(&subject, "status of count", count_regions(subject.a, regions), GSL_SUCCESS);
            expect_fmpz(&subject, "regions of the tree", after.regions, regions);
            another += after.primes > 0 && !fmpz_equal(after.prime, before.prime);
            fmpz_clear(regions);
            tree_count_clear(&after);
        }
        tree_count_clear(&before);
        cases_end(&subject);
    }
    assert_true(4 * another > seeds); // it was put to the test
}

typedef struct {
    const expect_case_t *subject;
    slong events;
} events_t;

static int check_event(void *context, const slong *rows, slong size, bool parallel) {
    events_t *events = context;
    const arrangement_t *a = events->subject->a;
    const slong rank = rank_of_rows(a, rows, size, a->dimension + 1);
    expect_true(events->subject, "an event is what it says",
                parallel ? rank == size && rank_of_rows(a, rows, size, a->dimension) < size : rank < size);
    for (slong i = 1; i < size; i++)
        expect_true(events->subject, "the rows of an event ascend", rows[i - 1] < rows[i]);
    events->events++;
    return events->events < 1000 ? GSL_SUCCESS : GSL_EMAXITER;
}

// Every event holds, and whatever is not in general position has one.
static void test_events(void **state) {
    (void)state;
    const slong seeds = seeds_times(600);
    for (slong seed = 0; seed < seeds; seed++) {
        stream_t stream;
        const expect_case_t subject = cases_arrangement("events", seed, 12, 4, &stream);
        tree_count_t count = tree_of(&subject, subject.a);
        events_t events = {&subject, 0};
        const int status = tree_events(subject.a, check_event, &events);
        expect_true(&subject, "status of the events", status == GSL_SUCCESS || status == GSL_EMAXITER);
        if (!are_levels_generic(subject.a, &count))
            expect_true(&subject, "an event where it is not in general position", events.events > 0);
        tree_count_clear(&count);
        cases_end(&subject);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small),
        cmocka_unit_test(test_medium),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_faces),
        cmocka_unit_test(test_euler),
        cmocka_unit_test(test_deletion_and_restriction),
        cmocka_unit_test(test_direct_sums),
        cmocka_unit_test(test_invariance),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_unlucky_primes),
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_bounded_regions),
        cmocka_unit_test(test_nearly_degenerate),
        cmocka_unit_test(test_ninety_nine),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    flint_cleanup_master();
    return failed;
}
