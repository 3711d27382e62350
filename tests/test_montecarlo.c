// SPDX-License-Identifier: GPL-3.0-or-later
// stat/montecarlo: the same bits for every number of threads, the tree against a second construction of it,
// coverage of all samples, estimates against known means, failures.
#include "stat/montecarlo.h"

#include <gsl/gsl_errno.h>
#include <math.h>
#include <omp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static moments_t *new_moments(size_t dim) {
    moments_t *m = moments_alloc(dim);
    assert_non_null(m);
    return m;
}

// x, x^2 and exp(x) for a normal x.
enum { CURVE_DIM = 3 };

static int curve_sampler(const montecarlo_block_t *block, const void *context) {
    (void)context;
    stream_normals(block->stream, block->work, block->count);
    for (size_t i = 0; i < block->count; i++) {
        double x = block->work[i];
        block->samples[CURVE_DIM * i] = x;
        block->samples[CURVE_DIM * i + 1] = x * x;
        block->samples[CURVE_DIM * i + 2] = exp(x);
    }
    return GSL_SUCCESS;
}

static montecarlo_params_t curve_params(uint64_t samples, size_t samples_per_block) {
    return (montecarlo_params_t){.samples = samples,
                                 .seed = 8675309,
                                 .experiment = stream_experiment("curve"),
                                 .samples_per_block = samples_per_block,
                                 .work_size = samples_per_block > 0 ? samples_per_block : MONTECARLO_BLOCK};
}

static void check_same_state(const moments_t *a, const moments_t *b, const montecarlo_params_t *p) {
    if (a->count == b->count &&
        memcmp(a->state, b->state, moments_state_size(a->dim) * sizeof *a->state) == 0)
        return;
    fail_msg("%llu samples in blocks of %zu, %d threads: counts %llu and %llu, means %a and %a",
             (unsigned long long)p->samples, p->samples_per_block, p->threads, (unsigned long long)a->count,
             (unsigned long long)b->count, moments_mean(a, 0), moments_mean(b, 0));
}

// The curve's moments by a second construction of the tree, on one thread: all blocks in an array, then level
// by level.
static void second_construction(const montecarlo_params_t *p, moments_t *out) {
    size_t size = p->samples_per_block, blocks = (size_t)((p->samples + size - 1) / size);
    double *samples = malloc(size * CURVE_DIM * sizeof *samples), *work = malloc(size * sizeof *work);
    moments_t **m = malloc(blocks * sizeof(moments_t *));
    assert_true(samples != NULL && work != NULL && m != NULL);
    for (size_t b = 0; b < blocks; b++) {
        stream_t stream = stream_at(p->seed, p->experiment, (uint32_t)b);
        size_t count = b + 1 < blocks ? size : (size_t)(p->samples - b * size);
        montecarlo_block_t block = {&stream, b * size, count, samples, work};
        m[b] = new_moments(CURVE_DIM);
        assert_int_equal(curve_sampler(&block, NULL), GSL_SUCCESS);
        moments_add(m[b], samples, count);
    }
    for (size_t left = blocks, next; left > 1; left = next) {
        next = 0;
        for (size_t i = 0; i < left; i += 2, next++) {
            if (i + 1 < left)
                assert_int_equal(moments_merge(m[i], m[i + 1]), GSL_SUCCESS);
            moments_t *swap = m[next];
            m[next] = m[i];
            m[i] = swap;
        }
    }
    assert_int_equal(moments_copy(out, m[0]), GSL_SUCCESS);
    for (size_t b = 0; b < blocks; b++)
        moments_free(m[b]);
    free(m);
    free(samples);
    free(work);
}

static void check_threads(uint64_t samples, size_t samples_per_block) {
    static const int threads[] = {1, 2, 7, 0};
    montecarlo_params_t p = curve_params(samples, samples_per_block);
    moments_t *expected = new_moments(CURVE_DIM), *got = new_moments(CURVE_DIM);
    second_construction(&p, expected);
    for (size_t i = 0; i < sizeof threads / sizeof threads[0]; i++) {
        p.threads = threads[i];
        assert_int_equal(montecarlo_run(&p, curve_sampler, NULL, got), GSL_SUCCESS);
        check_same_state(got, expected, &p);
    }
    moments_free(expected);
    moments_free(got);
}

// One sample to one million, one block to more blocks than shards, full and partial last blocks and shards.
static void test_same_bits(void **state) {
    (void)state;
    static const struct {
        uint64_t samples;
        size_t samples_per_block;
    } cases[] = {{1, 4096},         {2, 1},          {4096, 4096},  {4097, 4096},
                 {3 * 17 - 1, 17},  {1000003, 4096}, {1024 * 8, 8}, {1024 * 8 + 1, 8},
                 {5000 * 7 + 3, 7}, {4096 * 3, 3},   {12345, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_threads(cases[i].samples, cases[i].samples_per_block);
}

// samples_per_block = 0 means MONTECARLO_BLOCK; the seed and the experiment enter the result.
static void test_defaults(void **state) {
    (void)state;
    montecarlo_params_t p = curve_params(20001, 0), q = curve_params(20001, MONTECARLO_BLOCK);
    moments_t *a = new_moments(CURVE_DIM), *b = new_moments(CURVE_DIM);
    assert_int_equal(montecarlo_run(&p, curve_sampler, NULL, a), GSL_SUCCESS);
    assert_int_equal(montecarlo_run(&q, curve_sampler, NULL, b), GSL_SUCCESS);
    check_same_state(a, b, &q);
    q.seed++;
    assert_int_equal(montecarlo_run(&q, curve_sampler, NULL, b), GSL_SUCCESS);
    assert_true(moments_mean(a, 0) != moments_mean(b, 0));
    p.experiment++;
    assert_int_equal(montecarlo_run(&p, curve_sampler, NULL, b), GSL_SUCCESS);
    assert_true(moments_mean(a, 0) != moments_mean(b, 0));
    moments_free(a);
    moments_free(b);
}

// E x = 0, E x^2 = 1, E exp x = sqrt(e); covariances 1, 2, e^2 - e, 0, sqrt(e), sqrt(e). Limits: 5 standard
// errors, and 2 per cent of a covariance (exp x has a kurtosis of 114, so that its variance is within 0.5 per
// cent typically).
static void test_estimates(void **state) {
    (void)state;
    const double e = M_E, mean[3] = {0, 1, sqrt(e)};
    const double covariance[3][3] = {{1, 0, sqrt(e)}, {0, 2, sqrt(e)}, {sqrt(e), sqrt(e), e * e - e}};
    montecarlo_params_t p = curve_params(4000000, 4096);
    moments_t *m = new_moments(CURVE_DIM);
    assert_int_equal(montecarlo_run(&p, curve_sampler, NULL, m), GSL_SUCCESS);
    for (size_t i = 0; i < 3; i++) {
        gsl_sf_result got = moments_estimate(m, i);
        if (!(fabs(got.val - mean[i]) <= 5 * got.err))
            fail_msg("mean %zu is %a +- %a, exact %a", i, got.val, got.err, mean[i]);
        for (size_t j = 0; j < 3; j++)
            if (!(fabs(moments_covariance(m, i, j) - covariance[i][j]) <=
                  0.02 * sqrt(covariance[i][i] * covariance[j][j])))
                fail_msg("covariance %zu %zu is %a, exact %a", i, j, moments_covariance(m, i, j),
                         covariance[i][j]);
    }
    moments_free(m);
}

// What the samplers below are given: where they leave notes for the test.
typedef struct {
    montecarlo_params_t params;
    atomic_int *visits;  // of each sample
    atomic_int wrong;    // blocks with an unexpected description
    atomic_int team;     // greatest number of threads seen
    uint64_t failing[2]; // numbers of the blocks that fail, with status 1000 + number
} notes_t;

// The sample's own number; checks the block's description.
static int number_sampler(const montecarlo_block_t *block, const void *context) {
    notes_t *notes = *(notes_t *const *)context;
    stream_t expected = stream_at(notes->params.seed, notes->params.experiment,
                                  (uint32_t)(block->first / notes->params.samples_per_block));
    if (memcmp(block->stream, &expected, sizeof expected) != 0 ||
        block->first % notes->params.samples_per_block != 0)
        atomic_fetch_add(&notes->wrong, 1);
    if (omp_get_num_threads() > atomic_load(&notes->team))
        atomic_store(&notes->team, omp_get_num_threads());
    for (size_t i = 0; i < block->count; i++) {
        atomic_fetch_add(&notes->visits[block->first + i], 1);
        block->samples[i] = (double)(block->first + i);
    }
    return GSL_SUCCESS;
}

// Each sample is asked for once, and the mean of 0 .. n-1 is (n-1)/2. Teams have the size asked for.
static void test_coverage(void **state) {
    (void)state;
    enum { N = 100001 };
    for (int threads = 1; threads <= 7; threads += 3) {
        notes_t notes = {
            .params = {
                .samples = N, .seed = 3, .experiment = 4, .samples_per_block = 29, .threads = threads}};
        notes_t *context = &notes;
        moments_t *m = new_moments(1);
        notes.visits = calloc(N, sizeof *notes.visits);
        assert_non_null(notes.visits);
        assert_int_equal(montecarlo_run(&notes.params, number_sampler, &context, m), GSL_SUCCESS);
        assert_true(m->count == N);
        assert_true(fabs(moments_mean(m, 0) - (N - 1) / 2.0) < 1e-10);
        assert_int_equal(atomic_load(&notes.wrong), 0);
        assert_int_equal(atomic_load(&notes.team), threads);
        for (size_t i = 0; i < N; i++)
            assert_int_equal(atomic_load(&notes.visits[i]), 1);
        free(notes.visits);
        moments_free(m);
    }
}

static int failing_sampler(const montecarlo_block_t *block, const void *context) {
    const notes_t *notes = context;
    uint64_t number = block->first / notes->params.samples_per_block;
    memset(block->samples, 0, block->count * sizeof(double));
    return number == notes->failing[0] || number == notes->failing[1] ? 1000 + (int)number : GSL_SUCCESS;
}

// The sampler's status comes back and the result stays as it was. One thread meets the first failing block
// first; with several threads either may be reported.
static void test_failures(void **state) {
    (void)state;
    for (int threads = 1; threads <= 7; threads++) {
        notes_t notes = {.params = {.samples = 5000, .samples_per_block = 3, .threads = threads},
                         .failing = {123, 1001}};
        const double old = 0.1;
        moments_t *m = new_moments(1);
        moments_add(m, &old, 1);
        int status = montecarlo_run(&notes.params, failing_sampler, &notes, m);
        assert_true(status == 1123 || (threads > 1 && status == 2001));
        assert_true(m->count == 1 && moments_mean(m, 0) == 0.1);
        moments_free(m);
    }
}

// Block 0 fails 20 ms after block 1 has begun to fail.
static int late_sampler(const montecarlo_block_t *block, const void *context) {
    atomic_int *begun = *(atomic_int *const *)context;
    const struct timespec step = {.tv_nsec = 20000000};
    if (block->first > 0) {
        atomic_store(begun, 1);
        return 1001;
    }
    for (int patience = 0; patience < 500 && atomic_load(begun) == 0; patience++)
        nanosleep(&step, NULL);
    nanosleep(&step, NULL);
    return 1000;
}

// Of two failures the one of the lower block counts, even if it comes later.
static void test_lowest_failure(void **state) {
    (void)state;
    atomic_int begun = 0, *context = &begun;
    montecarlo_params_t p = {.samples = 2, .samples_per_block = 1, .threads = 2};
    moments_t *m = new_moments(1);
    assert_int_equal(montecarlo_run(&p, late_sampler, &context, m), 1000);
    moments_free(m);
}

static int lazy_sampler(const montecarlo_block_t *block, const void *context) {
    (void)context;
    for (size_t i = 0; i < block->count; i++)
        if (block->first + i != 777)
            block->samples[i] = 1;
    return GSL_SUCCESS;
}

// One sample that was not written makes the result NaN.
static void test_unwritten(void **state) {
    (void)state;
    montecarlo_params_t p = {.samples = 1000, .samples_per_block = 100};
    moments_t *m = new_moments(1);
    assert_int_equal(montecarlo_run(&p, lazy_sampler, NULL, m), GSL_SUCCESS);
    assert_true(m->count == 1000 && isnan(moments_mean(m, 0)));
    moments_free(m);
}

typedef struct {
    uint64_t calls, done, total;
    bool rising;
} heard_t;

static void hear(void *context, uint64_t done, uint64_t total) {
    heard_t *heard = context;
    heard->rising = heard->rising && done > heard->done;
    heard->calls++;
    heard->done = done;
    heard->total = total;
}

static void test_progress(void **state) {
    (void)state;
    for (int threads = 1; threads <= 4; threads++) {
        heard_t heard = {.rising = true};
        montecarlo_params_t p = curve_params(5003, 5);
        p.threads = threads;
        p.progress = hear;
        p.progress_context = &heard;
        moments_t *m = new_moments(CURVE_DIM);
        assert_int_equal(montecarlo_run(&p, curve_sampler, NULL, m), GSL_SUCCESS);
        assert_true(heard.rising && heard.calls == 1001 && heard.done == 5003 && heard.total == 5003);
        moments_free(m);
    }
}

static void test_errors(void **state) {
    (void)state;
    const montecarlo_params_t wrong[] = {
        {.samples = 0, .samples_per_block = (size_t)1 << 40},
        {.samples = UINT64_C(1) << 53, .samples_per_block = (size_t)1 << 40},
        {.samples = 10, .threads = -1},
        {.samples = 10, .samples_per_block = SIZE_MAX / 8},
        {.samples = 10, .work_size = SIZE_MAX / 8},
        {.samples = (UINT64_C(1) << 32) + 1, .samples_per_block = 1},
    };
    moments_t *m = new_moments(CURVE_DIM);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        if (montecarlo_run(&wrong[i], curve_sampler, NULL, m) != GSL_EINVAL)
            fail_msg("wrong parameters %zu were taken", i);
    assert_true(m->count == 0);
    moments_free(m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_bits), cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_estimates), cmocka_unit_test(test_coverage),
        cmocka_unit_test(test_failures),  cmocka_unit_test(test_lowest_failure),
        cmocka_unit_test(test_unwritten), cmocka_unit_test(test_progress),
        cmocka_unit_test(test_errors),
    };
    return cmocka_run_group_tests_name("montecarlo", tests, NULL, NULL);
}
