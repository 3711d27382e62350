// SPDX-License-Identifier: GPL-3.0-or-later
// stat/moments: against a two-pass computation in long double, on samples with great offsets and unlike
// scales; merging in any split; the results' definitions; the bits.
#include "stat/moments.h"
#include "stat/stream.h"

#include <gsl/gsl_errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

// Deviations allowed: of a covariance, in units of the product of the two standard deviations (of exact
// samples); of a mean, in units of the standard deviation, besides its last rounding.
static const double covariance_tolerance = 4e-15, mean_tolerance = 1e-15;

static void *allocate(size_t n, size_t size) {
    void *p = calloc(n > 0 ? n : 1, size);
    assert_non_null(p);
    return p;
}

static moments_t *new_moments(size_t dim) {
    moments_t *m = moments_alloc(dim);
    assert_non_null(m);
    return m;
}

// n samples of correlated components, with offsets up to 1e8 standard deviations and scales from 1e-9 to 1e9.
static void make_samples(uint32_t kind, size_t dim, size_t n, double *x) {
    static const double offsets[3] = {1e8 / 7 * 9, -M_PI, 0};
    stream_t s = stream_at(4242, kind, (uint32_t)(1000 * dim + n));
    stream_normals(&s, x, n * dim);
    for (size_t k = 0; k < n; k++) {
        double common = 0.7 * x[k * dim];
        for (size_t i = 0; i < dim; i++) {
            double scale = pow(10, (double)((7 * i + 9 + kind) % 19) - 9) / 3;
            x[k * dim + i] = scale * (offsets[(i + kind) % 3] + x[k * dim + i] + common);
        }
    }
}

static long double exact_mean(const double *x, size_t dim, size_t n, size_t i) {
    long double sum = 0, rest = 0;
    for (size_t k = 0; k < n; k++)
        sum += x[k * dim + i] - x[i];
    for (size_t k = 0; k < n; k++)
        rest += x[k * dim + i] - (x[i] + sum / (long double)n);
    return x[i] + (sum + rest) / (long double)n;
}

static long double exact_covariance(const double *x, size_t dim, size_t n, size_t i, size_t j) {
    long double a = exact_mean(x, dim, n, i), b = exact_mean(x, dim, n, j), sum = 0;
    for (size_t k = 0; k < n; k++)
        sum += (x[k * dim + i] - a) * (x[k * dim + j] - b);
    return sum / (long double)(n - 1);
}

static void check_mean(const moments_t *m, const double *x, size_t i) {
    size_t n = (size_t)m->count;
    long double exact = exact_mean(x, m->dim, n, i),
                deviation = n > 1 ? sqrtl(exact_covariance(x, m->dim, n, i, i)) : 0;
    double got = moments_mean(m, i),
           limit = (double)(mean_tolerance * deviation + 0x1.01p-53L * fabsl(exact));
    if (!(fabsl(got - exact) <= limit))
        fail_msg("dim %zu n %zu: mean %zu is %a, exact %La, first sample %a", m->dim, n, i, got, exact, x[i]);
}

static void check_covariance(const moments_t *m, const double *x, size_t i, size_t j) {
    size_t n = (size_t)m->count;
    long double exact = exact_covariance(x, m->dim, n, i, j), a = exact_covariance(x, m->dim, n, i, i),
                b = exact_covariance(x, m->dim, n, j, j);
    double got = moments_covariance(m, i, j);
    if (!(fabsl(got - exact) <= covariance_tolerance * sqrtl(a * b)))
        fail_msg(
            "dim %zu n %zu: covariance %zu %zu is %a, exact %La (%.3Lg of the tolerance), first sample %a %a",
            m->dim, n, i, j, got, exact, fabsl(got - exact) / sqrtl(a * b) / covariance_tolerance, x[i],
            x[j]);
}

// All means, and covariances with a few components of each.
static void check_against_exact(const moments_t *m, const double *x) {
    for (size_t i = 0; i < m->dim; i++) {
        check_mean(m, x, i);
        for (size_t j = 0; j <= i && m->count > 1; j += 1 + m->dim / 5)
            check_covariance(m, x, i, j);
        if (m->count > 1)
            check_covariance(m, x, i, i);
    }
}

static const size_t dims[] = {1, 2, 3, 7, 32, 64};
enum { DIMS = sizeof dims / sizeof dims[0] };

static void check_one_pass(uint32_t kind, size_t dim, size_t n) {
    double *x = allocate(n * dim, sizeof *x);
    moments_t *m = new_moments(dim);
    make_samples(kind, dim, n, x);
    moments_add(m, x, n);
    assert_true(m->count == n);
    check_against_exact(m, x);
    moments_free(m);
    free(x);
}

// Sizes about those of lanes and tiles.
static void test_one_pass(void **state) {
    (void)state;
    for (size_t d = 0; d < DIMS; d++) {
        const size_t rows = 2048 / dims[d],
                     sizes[] = {1, 2, 3, 7, 8, 9, 17, rows - 1, rows, rows + 1, 3 * rows + 5};
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
            for (uint32_t kind = 0; kind < 3; kind++)
                check_one_pass(kind, dims[d], sizes[s]);
    }
}

static void test_many_samples(void **state) {
    (void)state;
    for (uint32_t kind = 0; kind < 3; kind++) {
        check_one_pass(kind, 1, 1000003);
        check_one_pass(kind, 4, 200003);
    }
}

// A number below n.
static size_t draw(stream_t *s, size_t n) {
    uint64_t w;
    stream_bits(s, &w, 1);
    return (size_t)(w % n);
}

// Cuts n samples into batches at random, some of them empty, puts each into a random one of the parts, and
// merges the parts at random until one is left.
static void check_split(stream_t *s, size_t dim, size_t n, const double *x) {
    enum { PARTS = 9 };
    moments_t *part[PARTS];
    for (size_t i = 0; i < PARTS; i++)
        part[i] = new_moments(dim);
    for (size_t done = 0, batch; done < n; done += batch) {
        batch = draw(s, 1 + n / 3);
        batch = batch < n - done ? batch : n - done;
        moments_add(part[draw(s, PARTS)], x + done * dim, batch);
    }
    for (size_t left = PARTS; left > 1; left--) {
        size_t i = draw(s, left - 1);
        assert_int_equal(moments_merge(part[i], part[left - 1]), GSL_SUCCESS);
    }
    assert_true(part[0]->count == n);
    check_against_exact(part[0], x);
    for (size_t i = 0; i < PARTS; i++)
        moments_free(part[i]);
}

static void test_splits(void **state) {
    (void)state;
    stream_t s = stream_at(55, 0, 0);
    for (uint32_t trial = 0; trial < 200; trial++) {
        size_t dim = 1 + draw(&s, 8), n = 1 + draw(&s, 3000);
        double *x = allocate(n * dim, sizeof *x);
        make_samples(trial % 3, dim, n, x);
        check_split(&s, dim, n, x);
        free(x);
    }
}

// Offset 1e8 and a deviation that drifts from part to part, so that the parts' means differ: the merge's
// delta counts.
static void test_drift(void **state) {
    (void)state;
    enum { N = 20000 };
    double *x = allocate(N, sizeof *x);
    moments_t *m = new_moments(1);
    make_samples(0, 1, N, x);
    for (size_t k = 0; k < N; k++)
        x[k] += 1e-3 * (double)k;
    moments_add(m, x, N);
    check_against_exact(m, x);
    moments_free(m);
    free(x);
}

// 1, 2, ..., n and their squares: mean (n+1)/2, variance n(n+1)/12, covariance (n+1) times that; all exact
// numbers here.
static void test_integers(void **state) {
    (void)state;
    double x[11][2];
    moments_t *m = new_moments(2);
    for (int k = 0; k < 11; k++) {
        x[k][0] = k + 1;
        x[k][1] = (k + 1) * (k + 1);
    }
    moments_add(m, &x[0][0], 11);
    assert_true(moments_mean(m, 0) == 6);
    assert_true(moments_mean(m, 1) == 46);
    assert_true(moments_variance(m, 0) == 11);
    assert_true(moments_covariance(m, 0, 1) == 132 && moments_covariance(m, 1, 0) == 132);
    assert_true(moments_mean_covariance(m, 0, 1) == 12);
    gsl_sf_result mean = moments_estimate(m, 0);
    assert_true(mean.val == 6 && mean.err == 1);
    moments_free(m);
}

static void test_too_few(void **state) {
    (void)state;
    const double x[2] = {0.1, 0.2};
    moments_t *m = new_moments(2);
    assert_true(isnan(moments_mean(m, 0)) && isnan(moments_variance(m, 0)) &&
                isnan(moments_estimate(m, 0).err));
    moments_add(m, x, 1);
    assert_true(moments_mean(m, 0) == 0.1 && moments_mean(m, 1) == 0.2);
    assert_true(isnan(moments_covariance(m, 0, 1)) && isnan(moments_estimate(m, 1).err));
    moments_add(m, x, 1);
    assert_true(moments_covariance(m, 0, 1) == 0);
    assert_true(isnan(moments_mean(m, 2)) && isnan(moments_covariance(m, 0, 2)) &&
                isnan(moments_covariance(m, 2, 0)));
    moments_free(m);
}

static void test_errors(void **state) {
    (void)state;
    moments_t *a = new_moments(2), *b = new_moments(3);
    const double x[3] = {0.3, -0.7, 1.1};
    moments_add(b, x, 1);
    assert_null(moments_alloc(0));
    assert_null(moments_alloc(MOMENTS_MAX_DIM + 1));
    assert_int_equal(moments_merge(a, b), GSL_EINVAL);
    assert_int_equal(moments_copy(a, b), GSL_EINVAL);
    assert_true(a->count == 0);
    moments_free(NULL);
    moments_free(a);
    moments_free(b);
}

static void test_copy_reset_self(void **state) {
    (void)state;
    enum { N = 100, DIM = 3 };
    double x[2 * N * DIM];
    moments_t *a = new_moments(DIM), *b = new_moments(DIM);
    make_samples(1, DIM, N, x);
    memcpy(x + N * DIM, x, sizeof x / 2);
    moments_add(a, x, N);
    assert_int_equal(moments_copy(b, a), GSL_SUCCESS);
    assert_memory_equal(a->state, b->state, moments_state_size(DIM) * sizeof *a->state);
    assert_int_equal(moments_merge(a, a), GSL_SUCCESS);
    assert_true(a->count == 2 * N && b->count == N);
    check_against_exact(a, x);
    check_against_exact(b, x);
    moments_reset(a);
    for (size_t i = 0; i < moments_state_size(DIM); i++)
        assert_true(a->state[i] == 0);
    assert_int_equal(moments_merge(b, a), GSL_SUCCESS);
    assert_true(a->count == 0 && b->count == N);
    moments_add(a, x, N);
    assert_memory_equal(a->state, b->state, moments_state_size(DIM) * sizeof *a->state);
    moments_free(a);
    moments_free(b);
}

static void test_non_finite(void **state) {
    (void)state;
    const double x[3][2] = {{1.5, 2.5}, {INFINITY, 3.7}, {0.1, NAN}};
    moments_t *m = new_moments(2);
    moments_add(m, &x[0][0], 2);
    assert_true(!isfinite(moments_mean(m, 0)) && isnan(moments_variance(m, 0)));
    assert_true(moments_mean(m, 1) == 3.1 && isfinite(moments_variance(m, 1)));
    moments_add(m, x[2], 1);
    assert_true(isnan(moments_mean(m, 1)));
    moments_free(m);
}

// The bits, which no compiler, option or CPU may change.
static void test_pinned(void **state) {
    (void)state;
    enum { N = 5000, DIM = 3 };
    static const double pinned[] = {-0x1.b215a5091ed0fp-9, 0x1.05c5991b18fp+0, -0x1.a6fbb2bc6a737p-8,
                                    0x1.f8a1d6a4f7e72p-1};
    static double x[N * DIM];
    moments_t *m = new_moments(DIM);
    stream_t s = stream_at(31, 41, 59);
    stream_normals(&s, x, N * DIM);
    moments_add(m, x, N);
    const double got[] = {moments_mean(m, 1), moments_covariance(m, 0, 0), moments_covariance(m, 1, 2),
                          moments_variance(m, 2)};
    for (size_t i = 0; i < sizeof got / sizeof got[0]; i++)
        if (got[i] != pinned[i])
            fail_msg("result %zu is %a, pinned %a", i, got[i], pinned[i]);
    moments_free(m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_pass),   cmocka_unit_test(test_many_samples),
        cmocka_unit_test(test_splits),     cmocka_unit_test(test_drift),
        cmocka_unit_test(test_integers),   cmocka_unit_test(test_too_few),
        cmocka_unit_test(test_errors),     cmocka_unit_test(test_copy_reset_self),
        cmocka_unit_test(test_non_finite), cmocka_unit_test(test_pinned),
    };
    return cmocka_run_group_tests_name("moments", tests, NULL, NULL);
}
