// SPDX-License-Identifier: GPL-3.0-or-later
// number/shards: sums for any number of threads, errors that leave them alone, and what the watchers hear in which
// order.
#include "number/shards.h"

#include "support.h"

#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

enum { WIDTH = 3, MOST_THREADS = 16, MOST_PARTS = 512 };

static const int THREADS[] = {1, 2, 5, MOST_THREADS};
enum { THREAD_CASES = sizeof THREADS / sizeof *THREADS };

// ---- A computation that notices how it is run ----

typedef struct work {
    int threads;
    ulong bad; // this part fails; as many as there are parts: none
    atomic_int busy[MOST_THREADS], wrong;
    atomic_int runs[MOST_PARTS];
} work_t;

// What part i adds: i + 1, its 80th power of two multiple, and a negative number.
static void add_part(ulong part, fmpz *sums) {
    fmpz_t term;
    fmpz_init_set_ui(term, part + 1);
    fmpz_add(sums, sums, term);
    fmpz_mul_2exp(term, term, 80);
    fmpz_add(sums + 1, sums + 1, term);
    fmpz_sub_ui(sums + 2, sums + 2, part * part);
    fmpz_clear(term);
}

static int run_part(void *context, int thread, ulong part, fmpz *sums) {
    work_t *work = context;
    if (thread < 0 || thread >= work->threads || part >= MOST_PARTS ||
        atomic_fetch_add(&work->busy[thread], 1) != 0 || !_fmpz_vec_is_zero(sums, WIDTH)) {
        atomic_fetch_add(&work->wrong, 1);
        return GSL_EFAILED;
    }
    if (part % 7 == 0)
        usleep(200); // so that parts end out of order
    add_part(part, sums);
    atomic_fetch_add(&work->runs[part], 1);
    atomic_fetch_sub(&work->busy[thread], 1);
    return part == work->bad ? GSL_EROUND : GSL_SUCCESS;
}

// The sums of all parts and what was there before.
static void expect_sums(const char *input, const fmpz *sums, ulong parts, slong before) {
    fmpz *expected = _fmpz_vec_init(WIDTH);
    for (int j = 0; j < WIDTH; j++)
        fmpz_set_si(expected + j, before);
    for (ulong part = 0; part < parts; part++)
        add_part(part, expected);
    const bool equal = _fmpz_vec_equal(sums, expected, WIDTH);
    if (!equal) {
        _fmpz_vec_fprint(stderr, sums, WIDTH);
        fputs(", expected ", stderr);
        _fmpz_vec_fprint(stderr, expected, WIDTH);
        fail_msg(": %s", input);
    }
    _fmpz_vec_clear(expected, WIDTH);
}

static fmpz *sums_of(slong start) {
    fmpz *sums = _fmpz_vec_init(WIDTH);
    for (int j = 0; j < WIDTH; j++)
        fmpz_set_si(sums + j, start);
    return sums;
}

static void test_sums(void **state) {
    (void)state;
    static const ulong counts[] = {0, 1, 2, 5, 100, MOST_PARTS};
    for (int t = 0; t < THREAD_CASES; t++)
        for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
            work_t work = {.threads = THREADS[t], .bad = MOST_PARTS};
            const shards_plan_t plan = {counts[c], WIDTH, run_part, &work};
            const shards_control_t control = {.threads = THREADS[t]};
            const char *input = INPUT("%lu parts, %d threads", counts[c], THREADS[t]);
            fmpz *sums = sums_of(-5);
            assert_int_equal(shards_run(&plan, &control, sums), GSL_SUCCESS);
            assert_int_equal(work.wrong, 0);
            for (ulong part = 0; part < counts[c]; part++)
                assert_int_equal(work.runs[part], 1);
            expect_sums(input, sums, counts[c], -5);
            _fmpz_vec_clear(sums, WIDTH);
        }
}

static void test_number_of_threads(void **state) {
    (void)state;
    assert_int_equal(shards_threads(&(shards_control_t){.threads = 3}), 3);
    assert_true(shards_threads(NULL) >= 1);
    assert_int_equal(shards_threads(&(shards_control_t){0}), shards_threads(NULL));
    work_t work = {.threads = shards_threads(NULL), .bad = MOST_PARTS};
    assert_true(work.threads <= MOST_THREADS); // else this test needs a longer array
    fmpz *sums = sums_of(0);
    assert_int_equal(shards_run(&(shards_plan_t){50, WIDTH, run_part, &work}, NULL, sums), GSL_SUCCESS);
    assert_int_equal(work.wrong, 0);
    expect_sums("50 parts, nobody watches", sums, 50, 0);
    _fmpz_vec_clear(sums, WIDTH);
}

static void test_errors_leave_the_sums(void **state) {
    (void)state;
    for (int t = 0; t < THREAD_CASES; t++)
        for (ulong bad = 0; bad < 40; bad += 13) {
            work_t work = {.threads = THREADS[t], .bad = bad};
            const shards_control_t control = {.threads = THREADS[t]};
            fmpz *sums = sums_of(9);
            assert_int_equal(shards_run(&(shards_plan_t){40, WIDTH, run_part, &work}, &control, sums),
                             GSL_EROUND);
            assert_int_equal(work.wrong, 0);
            expect_sums("after an error", sums, 0, 9);
            ulong runs = 0;
            for (ulong part = 0; part < 40; part++)
                runs += (ulong)work.runs[part];
            if (THREADS[t] == 1)
                assert_int_equal(runs, bad + 1); // the others were not begun
            _fmpz_vec_clear(sums, WIDTH);
        }
}

// ---- Watchers ----

typedef struct watch {
    atomic_int inside; // watchers are called by one thread at a time
    int wrong, begun;
    ulong parts, done, fresh;
    ulong first_known; // parts from here on are known, from an earlier run
    bool asked[MOST_PARTS], stored[MOST_PARTS];
    bool awaiting; // a part was stored and progress has not been told
} watch_t;

static void enter(watch_t *watch, bool good) {
    if (atomic_fetch_add(&watch->inside, 1) != 0 || !good)
        watch->wrong++;
    usleep(20);
}

static void leave(watch_t *watch) {
    atomic_fetch_sub(&watch->inside, 1);
}

static void on_begin(void *watcher, ulong count, slong width) {
    watch_t *watch = watcher;
    enter(watch, watch->begun == 0 && count == watch->parts && width == WIDTH);
    watch->begun++;
    leave(watch);
}

static bool on_restore(void *watcher, ulong part, fmpz *sums, slong width) {
    watch_t *watch = watcher;
    enter(watch, watch->begun == 1 && part < watch->parts && width == WIDTH && !watch->asked[part] &&
                     _fmpz_vec_is_zero(sums, WIDTH));
    watch->asked[part] = true;
    const bool known = part >= watch->first_known;
    if (known)
        add_part(part, sums);
    leave(watch);
    return known;
}

static void on_store(void *watcher, ulong part, const fmpz *sums, slong width) {
    watch_t *watch = watcher;
    fmpz *expected = sums_of(0);
    add_part(part, expected);
    enter(watch, watch->asked[part] && part < watch->first_known && !watch->stored[part] && width == WIDTH &&
                     !watch->awaiting && _fmpz_vec_equal(sums, expected, WIDTH));
    _fmpz_vec_clear(expected, WIDTH);
    watch->stored[part] = watch->awaiting = true;
    watch->fresh++;
    leave(watch);
}

static void on_progress(void *watcher, uint64_t done, uint64_t total) {
    watch_t *watch = watcher;
    enter(watch, done == watch->done + 1 && total == watch->parts);
    watch->done = done;
    watch->awaiting = false;
    leave(watch);
}

static void test_watchers(void **state) {
    (void)state;
    for (int t = 0; t < THREAD_CASES; t++)
        for (ulong known = 0; known <= 90; known += 30) {
            watch_t watch = {.parts = 90, .first_known = known};
            work_t work = {.threads = THREADS[t], .bad = MOST_PARTS};
            const shards_control_t control = {.threads = THREADS[t],
                                              .begin = on_begin,
                                              .progress = on_progress,
                                              .restore = on_restore,
                                              .store = on_store,
                                              .watcher = &watch};
            const char *input = INPUT("%d threads, parts from %lu on known", THREADS[t], known);
            fmpz *sums = sums_of(1);
            assert_int_equal(shards_run(&(shards_plan_t){90, WIDTH, run_part, &work}, &control, sums),
                             GSL_SUCCESS);
            expect_sums(input, sums, 90, 1);
            if (watch.wrong + work.wrong != 0 || watch.done != 90 || watch.fresh != known || watch.begun != 1)
                fail_msg("%s: %d calls out of order, %lu parts done, %lu stored", input, watch.wrong,
                         watch.done, watch.fresh);
            for (ulong part = 0; part < 90; part++)
                assert_int_equal(work.runs[part], part < known);
            _fmpz_vec_clear(sums, WIDTH);
        }
}

// A part that fails is neither stored nor reported as done.
static void test_failed_parts_are_not_stored(void **state) {
    (void)state;
    watch_t watch = {.parts = 60, .first_known = 60};
    work_t work = {.threads = 2, .bad = 31};
    const shards_control_t control = {.threads = 2,
                                      .begin = on_begin,
                                      .progress = on_progress,
                                      .restore = on_restore,
                                      .store = on_store,
                                      .watcher = &watch};
    fmpz *sums = sums_of(0);
    assert_int_equal(shards_run(&(shards_plan_t){60, WIDTH, run_part, &work}, &control, sums), GSL_EROUND);
    assert_false(watch.stored[31]);
    assert_int_equal(watch.wrong, 0);
    assert_int_equal(watch.fresh, watch.done);
    assert_true(watch.done < 60);
    _fmpz_vec_clear(sums, WIDTH);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sums),
        cmocka_unit_test(test_number_of_threads),
        cmocka_unit_test(test_errors_leave_the_sums),
        cmocka_unit_test(test_watchers),
        cmocka_unit_test(test_failed_parts_are_not_stored),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
