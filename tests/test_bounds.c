// SPDX-License-Identifier: GPL-3.0-or-later
// geometry/bounds: every formula against an enumeration or another formula, and the bounds against the
// regions of small layers that are found by sampling.
#include "geometry/bounds.h"

#include "support.h"
#include "support/expect.h"
#include "support/seeds.h"

#include <gsl/gsl_errno.h>

// `formula` is a formula with its arguments.
static void expect_integer(const char *formula, const fmpz_t found, const fmpz_t expected) {
    const expect_case_t subject = {.test = formula, .kind = "formula"};
    expect_fmpz(&subject, formula, found, expected);
}

static void expect_ui(const char *formula, const fmpz_t found, ulong expected) {
    fmpz_t value;
    fmpz_init_set_ui(value, expected);
    expect_integer(formula, found, value);
    fmpz_clear(value);
}

static ulong choose(ulong n, ulong k) {
    ulong result = k > n ? 0 : 1;
    for (ulong i = 1; i <= k && k <= n; i++)
        result = result * (n - k + i) / i;
    return result;
}

static ulong phi(ulong n, ulong d) {
    return n == 0 || d == 0 ? 1 : phi(n - 1, d) + phi(n - 1, d - 1);
}

// ---- Phi ----

static void test_phi_word(void **state) {
    (void)state;
    for (ulong n = 0; n < 12; n++)
        for (ulong d = 0; d < 12; d++)
            assert_int_equal(bounds_phi_si(n, d), phi(n, d));
    assert_int_equal(bounds_phi_si(62, 62), WORD(1) << 62);
    assert_int_equal(bounds_phi_si(63, 63), WORD_MAX);
    assert_int_equal(bounds_phi_si(UWORD(1) << 40, 9), WORD_MAX);
}

static void test_phi_recurrence(void **state) {
    (void)state;
    fmpz_t found;
    fmpz_init(found);
    for (ulong n = 0; n <= 22; n++)
        for (ulong d = 0; d <= 8; d++) {
            bounds_phi(found, n, d);
            expect_ui(INPUT("Phi(%lu, %lu)", n, d), found, phi(n, d));
        }
    bounds_phi(found, 37, 60);
    expect_ui("Phi(n, d) = 2^n for d >= n", found, UWORD(1) << 37);
    fmpz_clear(found);
}

static void test_phi_large(void **state) {
    (void)state;
    fmpz_t found, sum, term;
    fmpz_init(found);
    fmpz_init(sum);
    fmpz_init(term);
    for (ulong j = 0; j <= 50; j++) {
        fmpz_bin_uiui(term, 1000000, j);
        fmpz_add(sum, sum, term);
    }
    bounds_phi(found, 1000000, 50);
    expect_integer("Phi(10^6, 50)", found, sum);
    fmpz_clear(found);
    fmpz_clear(sum);
    fmpz_clear(term);
}

// ---- The refined bounds, by enumeration of all sets of hyperplanes ----

// How many experts own the members of a set; expert i owns hyperplanes i * width to (i + 1) * width - 1.
static ulong owners(ulong set, ulong experts, ulong width) {
    ulong count = 0;
    for (ulong i = 0; i < experts; i++)
        count += (set >> (i * width) & ((UWORD(1) << width) - 1)) != 0;
    return count;
}

static ulong size_of(ulong set) {
    return (ulong)__builtin_popcountl(set);
}

static void test_owners(void **state) {
    (void)state;
    fmpz_t found;
    fmpz_init(found);
    for (ulong experts = 1; experts <= 5; experts++)
        for (ulong width = 1; experts * width <= 12; width++)
            for (ulong j = 0; j <= experts * width + 1; j++)
                for (ulong e = 0; e <= experts; e++) {
                    ulong expected = 0;
                    for (ulong set = 0; set < UWORD(1) << (experts * width); set++)
                        expected += size_of(set) == j && owners(set, experts, width) == e;
                    bounds_owners(found, experts, width, j, e);
                    expect_ui(INPUT("M_%lu(%lu), N = %lu, H = %lu", j, e, experts, width), found, expected);
                }
    fmpz_clear(found);
}

// t(n, q, m) in machine words, from its definition.
static ulong cells(ulong n, ulong q, ulong m) {
    if (q == 0 || q == n || m == 0)
        return 1;
    const ulong all = choose(n, q), swaps = 1 + q * (n - q);
    return m == 1 && swaps < all ? swaps : all;
}

static void test_cells(void **state) {
    (void)state;
    fmpz_t found;
    fmpz_init(found);
    for (ulong n = 1; n <= 12; n++)
        for (ulong q = 0; q <= n; q++)
            for (ulong m = 0; m <= 3; m++) {
                bounds_cells(found, n, q, m);
                expect_ui(INPUT("t(%lu, %lu, %lu)", n, q, m), found, cells(n, q, m));
            }
    fmpz_clear(found);
}

// ---- (U*) ----

// The most changes of the top-q set of n lines, by all ways to reverse n numbers by exchanges of neighbours, each pair
// once (allowable sequences, J. E. Goodman, R. Pollack 1980): at least as many as n affine functions on a line have.
// `best` by the code of a permutation, base n; -1: not known yet.
static int most_changes(int order[], int n, int q, int *best) {
    int code = 0, most = -1;
    for (int i = 0; i < n; i++)
        code = code * n + order[i];
    if (best[code] >= 0)
        return best[code];
    for (int i = 0; i + 1 < n; i++) {
        if (order[i] > order[i + 1])
            continue;
        const int low = order[i];
        order[i] = order[i + 1];
        order[i + 1] = low;
        const int changes = (i + 1 == q) + most_changes(order, n, q, best);
        most = changes > most ? changes : most;
        order[i + 1] = order[i];
        order[i] = low;
    }
    return best[code] = most < 0 ? 0 : most;
}

static void test_cells_on_a_line(void **state) {
    (void)state;
    fmpz_t found;
    fmpz_init(found);
    for (int n = 2; n <= 6; n++)
        for (int q = 1; q < n; q++) {
            static int best[46656];
            int order[6];
            for (int i = 0; i < 46656; i++)
                best[i] = -1;
            for (int i = 0; i < n; i++)
                order[i] = i;
            const ulong most = 1 + (ulong)most_changes(order, n, q, best);
            bounds_cells_sharp(found, (ulong)n, (ulong)q, 1);
            if (q <= 2 || n - q <= 2)
                expect_ui(INPUT("t*(%d, %d, 1)", n, q), found, most);
            else
                assert_true(fmpz_cmp_ui(found, most) >= 0);
        }
    fmpz_clear(found);
}

static ulong cells_sharp(ulong n, ulong q, ulong m) {
    const bool two = (q == 2 && n >= 4) || (n >= 4 && q == n - 2);
    if (two && m == 1)
        return 3 * (n - 1) / 2;
    return two && m == 2 ? 3 * (n - 2) : cells(n, q, m);
}

static void test_cells_sharp(void **state) {
    (void)state;
    fmpz_t found;
    fmpz_init(found);
    for (ulong n = 1; n <= 12; n++)
        for (ulong q = 0; q <= n; q++)
            for (ulong m = 0; m <= 4; m++) {
                bounds_cells_sharp(found, n, q, m);
                expect_ui(INPUT("t*(%lu, %lu, %lu)", n, q, m), found, cells_sharp(n, q, m));
                assert_true(fmpz_cmp_ui(found, cells(n, q, m)) <= 0);
            }
    fmpz_clear(found);
}

static ulong corners(ulong n, ulong d) {
    return d == 1 ? n : d == 2 ? 2 * n - 3 : n * corners(n - 1, d - 1) / d;
}

static void test_corners(void **state) {
    (void)state;
    fmpz_t found;
    fmpz_init(found);
    for (ulong n = 1; n <= 20; n++)
        for (ulong d = 1; d <= n; d++) {
            bounds_corners(found, n, d);
            expect_ui(INPUT("T(%lu, %lu)", n, d), found, corners(n, d));
            assert_true(fmpz_cmp_ui(found, choose(n, d)) <= 0);
        }
    fmpz_clear(found);
}

typedef int (*bound_t)(fmpz_t result, const bounds_layer_t *layer);

static void expect_bound(const char *name, bound_t bound, const bounds_layer_t *layer, ulong expected) {
    fmpz_t found;
    fmpz_init(found);
    assert_int_equal(bound(found, layer), GSL_SUCCESS);
    expect_ui(INPUT("%s, N = %lu, k = %lu, H = %lu, d = %lu", name, layer->experts, layer->active,
                    layer->width, layer->dimension),
              found, expected);
    fmpz_clear(found);
}

static ulong power(ulong base, ulong exponent) {
    return exponent == 0 ? 1 : base * power(base, exponent - 1);
}

static ulong least(ulong a, ulong b) {
    return a < b ? a : b;
}

// (U*) by enumeration, level by level; never above (U).
static void expect_sharp(const bounds_layer_t *layer, ulong flats) {
    const ulong N = layer->experts, k = layer->active, H = layer->width, d = layer->dimension;
    ulong all[6][7] = {{0}}, one[6][7] = {{0}}, total = 0;
    for (ulong set = 0; set < UWORD(1) << (N * H); set++)
        if (size_of(set) <= d)
            all[size_of(set)][owners(set, N, H)]++;
    for (ulong set = 0; set < UWORD(1) << (k * H); set++)
        if (size_of(set) <= d)
            one[size_of(set)][owners(set, k, H)]++;
    fmpz_t found;
    fmpz_init(found);
    for (ulong j = 0; j <= d; j++) {
        ulong level = 0;
        for (ulong e = 0; e <= least(j, k); e++) {
            ulong term =
                least(all[j][e] * cells_sharp(N - e, k - e, d - j), one[j][e] * cells_sharp(N, k, d));
            if (j == d && e == d && k == d)
                term = least(term, corners(N, d) * power(H, d));
            level += term;
        }
        assert_int_equal(bounds_flats_level(found, layer, j), GSL_SUCCESS);
        expect_ui(INPUT("(U*), N = %lu, k = %lu, H = %lu, d = %lu, level %lu", N, k, H, d, j), found, level);
        total += level;
    }
    expect_bound("(U*)", bounds_flats_sharp, layer, total);
    assert_true(total <= flats);
    fmpz_clear(found);
}

static void expect_layer(const bounds_layer_t *layer) {
    const ulong N = layer->experts, k = layer->active, H = layer->width, d = layer->dimension;
    ulong flats = 0, points = choose(N, k) * phi(k * H, d - 1);
    for (ulong set = 0; set < UWORD(1) << (N * H); set++) {
        const ulong e = owners(set, N, H), j = size_of(set);
        if (j <= d && e <= k)
            flats += cells(N - e, k - e, d - j);
        points += j == d && e <= k;
    }
    expect_bound("(U)", bounds_flats, layer, flats);
    expect_bound("(U1)", bounds_points, layer, points);
    expect_bound("top-k", bounds_topk, layer, choose(N, k) * phi(k * H, d));
    expect_bound("top-1", bounds_top1, layer, N * phi(H, d));
    expect_bound("dense", bounds_dense, layer, phi(H, d));
    expect_sharp(layer, flats);
    assert_true(flats <= points && points <= choose(N, k) * phi(k * H, d));
}

static void test_layers(void **state) {
    (void)state;
    for (ulong N = 1; N <= 6; N++)
        for (ulong H = 1; N * H <= 12; H++)
            for (ulong k = 1; k <= N; k++)
                for (ulong d = 1; d <= 5; d++)
                    expect_layer(&(bounds_layer_t){N, k, H, d});
}

static void test_published(void **state) {
    (void)state;
    const bounds_layer_t dense = {1, 1, 20, 5}, top1 = {16, 1, 20, 5}, top4 = {16, 4, 5, 5};
    expect_bound("arXiv 2602.03204v2, Example 4.21, dense", bounds_dense, &dense, 21700);
    expect_bound("arXiv 2602.03204v2, Example 4.21, top-1", bounds_top1, &top1, 347200);
    expect_bound("arXiv 2602.03204v2, Example 4.21, top-4", bounds_topk, &top4, 39494000);
}

static void test_shapes(void **state) {
    (void)state;
    static const bounds_layer_t wrong[] = {{0, 1, 5, 2},
                                           {4, 0, 5, 2},
                                           {4, 5, 5, 2},
                                           {4, 2, 5, 0},
                                           {16, 4, UWORD_MAX / 4, 2},
                                           {2, 1, UWORD_MAX / 3, 2}};
    static const bound_t bounds[] = {bounds_dense,  bounds_top1,  bounds_topk,
                                     bounds_points, bounds_flats, bounds_flats_sharp};
    fmpz_t found;
    fmpz_init_set_ui(found, 77);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        for (size_t j = 0; j < sizeof bounds / sizeof *bounds; j++) {
            assert_int_equal(bounds[j](found, &wrong[i]), GSL_EDOM);
            expect_ui("result after an error", found, 77);
        }
    fmpz_clear(found);
}

// ---- Layers, sampled ----

enum { EXPERTS = 4, UNITS = 8, STEPS = 16, REACH = 24, REGIONS = 4096 };

// Integer rows w_1 w_2 b.
typedef struct {
    bounds_layer_t shape;
    slong router[EXPERTS][3], units[UNITS][3];
} sample_t;

// The row at the point (x, y) / STEPS, times STEPS.
static slong value(const slong row[3], slong x, slong y) {
    return row[0] * x + row[1] * y + row[2] * STEPS;
}

// The region of a point as bits: coalition, then signs of its members' hyperplanes. 0 where the point is on a
// boundary.
static ulong region(const sample_t *layer, slong x, slong y) {
    const ulong N = layer->shape.experts, H = layer->shape.width;
    ulong bits = 0;
    for (ulong i = 0; i < N; i++) {
        ulong above = 0;
        for (ulong j = 0; j < N; j++) {
            const slong difference = value(layer->router[j], x, y) - value(layer->router[i], x, y);
            if (i != j && difference == 0)
                return 0;
            above += difference > 0;
        }
        if (above < layer->shape.active)
            bits |= UWORD(1) << i;
    }
    for (ulong unit = 0; unit < N * H; unit++) {
        const slong sign = value(layer->units[unit], x, y);
        if ((bits >> (unit / H) & 1) == 0)
            continue;
        if (sign == 0)
            return 0;
        bits |= (ulong)(sign > 0) << (EXPERTS + unit);
    }
    return bits;
}

// How many regions a grid of points meets: at most as many as there are.
static ulong sample_regions(const sample_t *layer) {
    static ulong met[REGIONS];
    ulong count = 0, last = 0;
    const slong end = REACH * STEPS, end_y = layer->shape.dimension == 1 ? 0 : end;
    for (slong x = -end; x <= end; x++)
        for (slong y = -end_y; y <= end_y; y++) {
            const ulong bits = region(layer, x, y);
            if (bits == 0 || bits == last)
                continue;
            last = bits;
            ulong i = 0;
            while (i < count && met[i] != bits)
                i++;
            assert_true(i < REGIONS);
            met[i] = bits;
            count += i == count;
        }
    return count;
}

static void expect_below(const sample_t *layer, ulong regions) {
    fmpz_t bound;
    fmpz_init(bound);
    assert_int_equal(bounds_flats_sharp(bound, &layer->shape), GSL_SUCCESS);
    if (fmpz_cmp_ui(bound, regions) < 0) {
        const bounds_layer_t *s = &layer->shape;
        fprintf(stderr, "%lu regions of N = %lu, k = %lu, H = %lu, d = %lu above (U*); router, then units:\n",
                regions, s->experts, s->active, s->width, s->dimension);
        for (ulong i = 0; i < s->experts; i++)
            fprintf(stderr, "%ld %ld %ld\n", layer->router[i][0], layer->router[i][1], layer->router[i][2]);
        for (ulong i = 0; i < s->experts * s->width; i++)
            fprintf(stderr, "%ld %ld %ld\n", layer->units[i][0], layer->units[i][1], layer->units[i][2]);
        fail();
    }
    fmpz_clear(bound);
}

// Layers that attain (U): the refined bound cannot be lowered for these shapes.
static void test_attained(void **state) {
    (void)state;
    static const sample_t attained[] = {
        {{3, 2, 1, 2}, {{1, -1, 0}, {0, 1, 0}, {-1, 0, 0}}, {{1, -1, 0}, {-1, -1, 1}, {1, 0, 1}}},
        {{3, 2, 2, 2},
         {{-1, 1, 1}, {2, -2, 0}, {2, 1, -1}},
         {{-1, 1, -1}, {-2, 0, -2}, {0, 2, 1}, {-1, 2, 1}, {1, 1, -2}, {-1, -2, 1}}},
        {{4, 3, 1, 2},
         {{0, -1, 0}, {-2, 0, -1}, {1, -2, 2}, {0, 2, 2}},
         {{2, -1, -2}, {1, 1, 2}, {2, -2, 1}, {0, 1, -1}}}};
    static const ulong known[] = {12, 30, 22};
    for (size_t i = 0; i < sizeof attained / sizeof *attained; i++) {
        expect_bound("(U) of an attained shape", bounds_flats, &attained[i].shape, known[i]);
        assert_int_equal(sample_regions(&attained[i]), known[i]);
    }
}

static void draw_row(stream_t *stream, bool line, slong row[3]) {
    for (int i = 0; i < 3; i++)
        row[i] = seeds_pick(stream, -5, 5);
    if (line)
        row[1] = 0;
}

// No layer that we draw has more regions than (U*), or than (U); on a line the best of up to three experts reaches it.
static void test_no_layer_is_above(void **state) {
    (void)state;
    stream_t stream = seeds_stream("layers", 0);
    for (ulong d = 1; d <= 2; d++)
        for (ulong N = 2; N <= EXPERTS; N++)
            for (ulong k = 1; k < N; k++) {
                sample_t layer = {.shape = {N, k, d == 1 ? 1 : 2, d}};
                ulong best = 0;
                for (int draw = 0; draw < (d == 1 ? 4000 : 3); draw++) {
                    for (ulong i = 0; i < N; i++)
                        draw_row(&stream, d == 1, layer.router[i]);
                    for (ulong i = 0; i < N * layer.shape.width; i++)
                        draw_row(&stream, d == 1, layer.units[i]);
                    const ulong regions = sample_regions(&layer);
                    expect_below(&layer, regions);
                    best = regions > best ? regions : best;
                }
                if (d == 1 && N <= 3)
                    assert_int_equal(best, N + cells(N, k, 1));
            }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_phi_recurrence),
        cmocka_unit_test(test_phi_large),
        cmocka_unit_test(test_phi_word),
        cmocka_unit_test(test_owners),
        cmocka_unit_test(test_cells),
        cmocka_unit_test(test_cells_on_a_line),
        cmocka_unit_test(test_cells_sharp),
        cmocka_unit_test(test_corners),
        cmocka_unit_test(test_layers),
        cmocka_unit_test(test_published),
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_attained),
        cmocka_unit_test(test_no_layer_is_above),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    flint_cleanup();
    return failed;
}
