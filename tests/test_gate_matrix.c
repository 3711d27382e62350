// SPDX-License-Identifier: GPL-3.0-or-later
// routing/gate_matrix and geometry/gate_layer: angles and distances against sums in long double, margins against steps to the
// boundary, ranks of matrices made of few rows, and great circles against the same walk in doubles, against a search at all
// directions where logits tie, and with ties and equal rows.
#include "geometry/gate_layer.h"
#include "routing/gate_matrix.h"
#include "routing/great_circle.h"
#include "support.h"

#include <flint/fmpz_mat.h>
#include <gsl/gsl_errno.h>
#include <string.h>

enum { MOST = 40, CASES = 60 };

static double random_entry(stream_t *s) {
    return ldexp((double)stream_pick(s, -200, 200), (int)stream_pick(s, -9, 3));
}

// ---- Matrices

static void check_pair(const double *w, size_t d, const gate_matrix_t *matrix, size_t i, size_t j) {
    long double ij = 0, ii = 0, jj = 0, difference = 0;
    for (size_t t = 0; t < d; t++) {
        const long double a = w[i * d + t], b = w[j * d + t];
        ij += a * b;
        ii += a * a;
        jj += b * b;
        difference += (a - b) * (a - b);
    }
    const size_t place = i * matrix->experts + j;
    const double distance = (double)sqrtl(difference), scale = (double)(sqrtl(ii) + sqrtl(jj));
    check_close(INPUT("distance of rows %zu and %zu", i, j), matrix->distances[place], distance,
                1e-11 * scale);
    if (ii > 0 && jj > 0)
        check_close(INPUT("angle of rows %zu and %zu", i, j), matrix->angles[place],
                    (double)acosl(fmaxl(fminl(ij / sqrtl(ii * jj), 1), -1)), 1e-7);
    else
        assert_true(isnan(matrix->angles[place]));
}

static void test_matrices(void **state) {
    (void)state;
    stream_t s = stream_at(1, stream_experiment("gate matrices"), 0);
    for (int c = 0; c < CASES; c++) {
        const size_t n = 2 + draw_below(&s, MOST - 2), d = 1 + draw_below(&s, c % 3 ? 30 : 700);
        double *w = calloc(n * d, sizeof *w);
        gate_matrix_t *matrix = NULL;
        for (size_t i = 0; i < n * d; i++)
            w[i] = random_entry(&s);
        if (c % 4 == 0)
            memset(w, 0, d * sizeof *w); // a row of zeros
        assert_int_equal(gate_matrix_alloc(w, n, d, &matrix), GSL_SUCCESS);
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++)
                if (i != j)
                    check_pair(w, d, matrix, i, j);
        gate_matrix_free(matrix);
        free(w);
    }
    gate_matrix_t *none = NULL;
    assert_int_equal(gate_matrix_alloc(NULL, 0, 3, &none), GSL_EDOM);
    assert_null(none);
}

// Five rows by hand: equal ones, a near one, a right angle, zeros.
static void test_summary(void **state) {
    (void)state;
    static const double w[] = {3, 4, 3, 4, 3, 0x1.001p2, -4, 3, 0, 0};
    gate_matrix_t *matrix = NULL;
    gate_matrix_summary_t summary;
    assert_int_equal(gate_matrix_alloc(w, 5, 2, &matrix), GSL_SUCCESS);
    assert_int_equal(gate_matrix_summarise(matrix, &summary), GSL_SUCCESS);
    assert_int_equal(summary.duplicates, 1);
    assert_int_equal(summary.near, 2);
    assert_int_equal(summary.zeros, 1);
    assert_int_equal(summary.pairs, 5);
    assert_int_equal(summary.closest[0].first, 0);
    assert_int_equal(summary.closest[0].second, 1);
    assert_true(summary.closest[0].angle == 0);
    check_close("near angle", summary.closest[1].angle, atan2(3 * (0x1.001p2 - 4), 9 + 4 * 0x1.001p2), 1e-14);
    check_close("right angle", summary.angle_most, M_PI_2, 1e-3);
    assert_true(summary.length_least == 0 && summary.length_median == 5);
    gate_matrix_free(matrix);
}

// From the point to the nearest wall and a little further the set changes; a little less far it does not, in any direction tried.
static void test_margins(void **state) {
    (void)state;
    stream_t s = stream_at(2, stream_experiment("gate matrices"), 0);
    for (int c = 0; c < CASES; c++) {
        const size_t n = 3 + draw_below(&s, 12), d = 2 + draw_below(&s, 6), k = 1 + draw_below(&s, n - 1);
        double w[15 * 8], b[15], x[8], y[8], z[15], again[15];
        size_t order[15], inside = 0, outside = 0, i = 0, j = 0;
        gate_matrix_t *matrix = NULL;
        stream_normals(&s, w, n * d);
        stream_normals(&s, b, n);
        stream_normals(&s, x, d);
        assert_int_equal(gate_matrix_alloc(w, n, d, &matrix), GSL_SUCCESS);
        gate_matrix_logits(w, b, n, d, x, z);
        const double margin = gate_matrix_margin(matrix, z, k, &inside, &outside, order);
        assert_true(z[inside] >= z[outside]);
        for (int side = -1; side <= 1; side += 2) {
            const double step = margin * (1 + side * 1e-6) / matrix->distances[inside * n + outside];
            for (size_t t = 0; t < d; t++)
                y[t] = x[t] - step * (w[inside * d + t] - w[outside * d + t]);
            gate_matrix_logits(w, b, n, d, y, again);
            // The set at x: the first k of the order.
            bool same = true;
            for (size_t p = 0; p < k; p++)
                for (size_t q = k; q < n; q++)
                    same = same && again[order[p]] >= again[order[q]];
            assert_int_equal(same, side < 0);
        }
        const double nearest = gate_matrix_nearest(matrix, z, &i, &j);
        assert_true(nearest <= margin * (1 + 1e-12));
        gate_matrix_free(matrix);
    }
}

// ---- Ranks and integers

static void test_ranks(void **state) {
    (void)state;
    stream_t s = stream_at(3, stream_experiment("gate matrices"), 0);
    for (int c = 0; c < CASES; c++) {
        const size_t rank = 1 + draw_below(&s, 5), n = rank + draw_below(&s, 20),
                     d = rank + draw_below(&s, 200);
        double *w = calloc(n * d, sizeof *w), *base = calloc(rank * d, sizeof *base);
        layer_t *layer = NULL;
        for (size_t i = 0; i < rank * d; i++)
            base[i] = (double)stream_pick(&s, -1000, 1000) / 64;
        // The first rows are the base itself, the others sums of it with weights that add up to 2.
        for (size_t i = 0; i < n; i++)
            for (size_t t = 0; t < d; t++)
                w[i * d + t] = i < rank ? base[i * d + t]
                                        : 3 * base[(i % rank) * d + t] - base[((i + 1) % rank) * d + t];
        assert_int_equal(gate_layer_alloc(w, NULL, n, d, 1, &layer), GSL_SUCCESS);
        fmpz_mat_t normals;
        fmpz_mat_window_init(normals, layer->router, 0, 0, (slong)n, (slong)d);
        assert_int_equal(gate_layer_rank(layer), fmpz_mat_rank(normals));
        fmpz_mat_window_clear(normals);
        const slong affine = gate_layer_affine_rank(layer), linear = gate_layer_rank(layer);
        assert_true(affine == linear || affine == linear - 1);
        assert_int_equal(affine, n == rank ? linear - 1 : linear);
        layer_free(layer);
        free(base);
        free(w);
    }
}

static void test_integers(void **state) {
    (void)state;
    static const double w[] = {0.5, 0x1p-20, -3, 0, 0x1.8p-149, 7}, b[] = {0x1p-3, -1};
    layer_t *layer = NULL;
    assert_int_equal(gate_layer_alloc(w, b, 2, 3, 1, &layer), GSL_SUCCESS);
    for (slong i = 0; i < 2; i++)
        for (slong j = 0; j < 4; j++) {
            const double value = j < 3 ? w[3 * i + j] : b[i];
            assert_true(ldexp(fmpz_get_d(fmpz_mat_entry(layer->router, i, j)), -150) == value);
        }
    layer_free(layer);
    assert_int_equal(gate_layer_alloc(w, b, 2, 3, 3, &layer), GSL_EDOM);
}

// ---- Great circles

// Whether i comes before j at a direction and right behind it, in exact small integers.
static bool ahead(const int64_t (*z)[2], size_t i, size_t j, const int64_t *at) {
    const int64_t p = z[i][0] - z[j][0], q = z[i][1] - z[j][1], value = p * at[0] + q * at[1],
                  slope = q * at[0] - p * at[1];
    return value != 0 ? value > 0 : slope != 0 ? slope > 0 : i < j;
}

static void members_behind(const int64_t (*z)[2], size_t n, size_t k, const int64_t *at, bool *member) {
    for (size_t i = 0; i < n; i++) {
        size_t before = 0;
        for (size_t j = 0; j < n; j++)
            before += j != i && ahead(z, j, i, at);
        member[i] = before < k;
    }
}

// Right before a direction: as behind it on the mirrored circle.
static void members_before(const int64_t (*z)[2], size_t n, size_t k, const int64_t *at, bool *member) {
    int64_t mirrored[MOST][2];
    for (size_t i = 0; i < n; i++) {
        mirrored[i][0] = z[i][0];
        mirrored[i][1] = -z[i][1];
    }
    members_behind((const int64_t(*)[2])mirrored, n, k, (const int64_t[]){at[0], -at[1]}, member);
}

// Changes at all directions where two logits tie, each direction once.
static slong changes_by_search(const int64_t (*z)[2], size_t n, size_t k) {
    int64_t(*seen)[2] = calloc(n * n, sizeof *seen);
    size_t count = 0;
    slong changes = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            const int64_t at[2] = {z[j][1] - z[i][1], z[i][0] - z[j][0]};
            bool known = at[0] == 0 && at[1] == 0, before[MOST], behind[MOST];
            for (size_t c = 0; c < count && !known; c++)
                known =
                    seen[c][0] * at[1] == seen[c][1] * at[0] && seen[c][0] * at[0] + seen[c][1] * at[1] > 0;
            if (known)
                continue;
            memcpy(seen[count++], at, sizeof at);
            members_before(z, n, k, at, before);
            members_behind(z, n, k, at, behind);
            changes += memcmp(before, behind, n) != 0;
        }
    free(seen);
    return changes;
}

static slong changes_exact(const int64_t (*z)[2], size_t n, size_t k, slong shift) {
    fmpz_mat_t logits;
    slong changes = -1;
    fmpz_mat_init(logits, (slong)n, 2);
    for (size_t i = 0; i < n; i++)
        for (slong c = 0; c < 2; c++) {
            fmpz_set_si(fmpz_mat_entry(logits, (slong)i, c), z[i][c]);
            fmpz_mul_2exp(fmpz_mat_entry(logits, (slong)i, c), fmpz_mat_entry(logits, (slong)i, c),
                          (ulong)shift);
        }
    assert_int_equal(gate_layer_circle(logits, (slong)k, &changes), GSL_SUCCESS);
    fmpz_mat_clear(logits);
    return changes;
}

static void test_circles(void **state) {
    (void)state;
    stream_t s = stream_at(4, stream_experiment("gate matrices"), 0);
    for (int c = 0; c < 8 * CASES; c++) {
        const size_t n = 1 + draw_below(&s, c % 2 ? 6 : 20), k = 1 + draw_below(&s, n);
        const int64_t range = c % 3 == 0   ? 2
                              : c % 3 == 1 ? 9
                                           : 1000000; // many equal rows and ties, some, none
        int64_t z[MOST][2];
        double doubles[2 * MOST], opposite[2 * MOST];
        for (size_t i = 0; i < n; i++)
            for (int t = 0; t < 2; t++)
                doubles[2 * i + (size_t)t] = (double)(z[i][t] = stream_pick(&s, -range, range));
        const slong got = changes_exact((const int64_t(*)[2])z, n, k, c % 5 ? 0 : 100);
        if (got != changes_by_search((const int64_t(*)[2])z, n, k)) {
            for (size_t i = 0; i < n; i++)
                print_error("%ld %ld\n", (long)z[i][0], (long)z[i][1]);
            fail_msg("N = %zu, k = %zu: %ld changes, by search %ld", n, k, got,
                     changes_by_search((const int64_t(*)[2])z, n, k));
        }
        if (range > 9)
            assert_int_equal(got, great_circle_around(doubles, n, k, opposite));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matrices), cmocka_unit_test(test_summary),  cmocka_unit_test(test_margins),
        cmocka_unit_test(test_ranks),    cmocka_unit_test(test_integers), cmocka_unit_test(test_circles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
