// SPDX-License-Identifier: GPL-3.0-or-later
// io/checkpoint: a count that goes on equals a whole one, files that are cut short, damaged or of another computation
// are refused and left alone, and the file goes when the count is complete.
#include "io/checkpoint.h"

#include "number/shards.h"
#include "support.h"

#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WIDTH = 3, PARTS = 20, NEVER = 1000 };

static const char KEY[] = "0123456789abcdef method tree seed 1";

// ---- A folder of our own ----

static char folder[256], path[300];

static int make_folder(void **state) {
    (void)state;
    const char *root = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/moegeom-checkpoint-XXXXXX", root ? root : "/tmp");
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/count.checkpoint", folder);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static void write_text(const char *text, size_t length) {
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

// The file as text, owned by the caller; NULL when there is none.
static char *read_text(void) {
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return NULL;
    char *text = NULL;
    size_t room = 0;
    if (getdelim(&text, &room, '\0', file) < 0)
        text[0] = '\0';
    fclose(file);
    return text;
}

// ---- A computation of two runs ----

typedef struct work {
    checkpoint_t *checkpoint;
    ulong stop; // parts that may be computed before it fails
    ulong computed;
    int run;
} work_t;

static int run_part(void *context, int thread, ulong part, fmpz *sums) {
    work_t *work = context;
    (void)thread;
    if (work->computed == work->stop)
        return GSL_EFAILED;
    work->computed++;
    fmpz_set_ui(sums, part + 1);
    fmpz_mul_2exp(sums + 1, sums, 100 + (ulong)work->run);
    fmpz_set_si(sums + 2, -(slong)part);
    return GSL_SUCCESS;
}

static void on_begin(void *watcher, ulong count, slong width) {
    checkpoint_begin(((work_t *)watcher)->checkpoint, count, width);
}

static bool on_restore(void *watcher, ulong part, fmpz *sums, slong width) {
    return checkpoint_restore(((work_t *)watcher)->checkpoint, part, sums, width);
}

static void on_store(void *watcher, ulong part, const fmpz *sums, slong width) {
    checkpoint_store(((work_t *)watcher)->checkpoint, part, sums, width);
}

// Both runs, of PARTS and PARTS / 2 parts; fails after `stop` parts. Adds to the sums.
static int compute(checkpoint_t *checkpoint, ulong stop, fmpz *sums, ulong *computed) {
    work_t work = {.checkpoint = checkpoint, .stop = stop};
    const shards_control_t control = {
        .threads = 1, .begin = on_begin, .restore = on_restore, .store = on_store, .watcher = &work};
    int status = GSL_SUCCESS;
    for (work.run = 0; work.run < 2 && status == GSL_SUCCESS; work.run++) {
        const shards_plan_t plan = {PARTS / (ulong)(work.run + 1), WIDTH, run_part, &work};
        status = shards_run(&plan, &control, sums);
    }
    *computed = work.computed;
    return status;
}

static checkpoint_t *open_good(const char *key) {
    checkpoint_t *checkpoint = NULL;
    fault_t fault = {0};
    checkpoint_open(path, key, &checkpoint, &fault);
    if (fault.status != FAULT_NONE)
        fail_msg("%s", fault.text);
    return checkpoint;
}

static void close_good(checkpoint_t *checkpoint, bool complete) {
    fault_t fault = {0};
    if (checkpoint_close(checkpoint, complete, &fault) != FAULT_NONE)
        fail_msg("%s", fault.text);
}

// Leaves a checkpoint with `parts` parts behind.
static void leave_checkpoint(ulong parts) {
    unlink(path);
    checkpoint_t *checkpoint = open_good(KEY);
    fmpz *sums = _fmpz_vec_init(WIDTH);
    ulong computed;
    assert_int_equal(compute(checkpoint, parts, sums, &computed), GSL_EFAILED);
    close_good(checkpoint, false);
    _fmpz_vec_clear(sums, WIDTH);
}

static void whole_sums(fmpz *sums) {
    unlink(path);
    checkpoint_t *checkpoint = open_good(KEY);
    ulong computed;
    assert_int_equal(compute(checkpoint, NEVER, sums, &computed), GSL_SUCCESS);
    assert_int_equal(computed, PARTS + PARTS / 2);
    assert_int_equal(checkpoint_restored(checkpoint), 0);
    close_good(checkpoint, true);
    assert_null(read_text());
}

static void test_going_on_equals_a_whole_run(void **state) {
    (void)state;
    fmpz *whole = _fmpz_vec_init(WIDTH), *sums = _fmpz_vec_init(WIDTH);
    whole_sums(whole);
    for (ulong stop = 0; stop < PARTS + PARTS / 2; stop++) {
        leave_checkpoint(stop);
        checkpoint_t *checkpoint = open_good(KEY);
        _fmpz_vec_zero(sums, WIDTH);
        ulong computed;
        assert_int_equal(compute(checkpoint, NEVER, sums, &computed), GSL_SUCCESS);
        if (!_fmpz_vec_equal(sums, whole, WIDTH) || computed != PARTS + PARTS / 2 - stop ||
            checkpoint_restored(checkpoint) != stop)
            fail_msg("stopped after %lu parts: %lu computed, %lu restored, sums %s", stop, computed,
                     checkpoint_restored(checkpoint),
                     _fmpz_vec_equal(sums, whole, WIDTH) ? "equal" : "differ");
        close_good(checkpoint, true);
        assert_null(read_text());
    }
    _fmpz_vec_clear(whole, WIDTH);
    _fmpz_vec_clear(sums, WIDTH);
}

// Stopped again and again, three parts further each time.
static void test_many_stops(void **state) {
    (void)state;
    fmpz *whole = _fmpz_vec_init(WIDTH), *sums = _fmpz_vec_init(WIDTH);
    whole_sums(whole);
    int status, runs = 0;
    ulong computed;
    do {
        checkpoint_t *checkpoint = open_good(KEY);
        _fmpz_vec_zero(sums, WIDTH);
        status = compute(checkpoint, 3, sums, &computed);
        close_good(checkpoint, status == GSL_SUCCESS);
    } while (status != GSL_SUCCESS && ++runs < 100);
    assert_int_equal(runs, (PARTS + PARTS / 2 - 1) / 3);
    assert_true(_fmpz_vec_equal(sums, whole, WIDTH));
    _fmpz_vec_clear(whole, WIDTH);
    _fmpz_vec_clear(sums, WIDTH);
}

// ---- Files that are refused ----

// The file is refused with this text in the message, and stays as it is.
static void expect_refused(const char *what, const char *key, const char *message) {
    char *before = read_text();
    checkpoint_t *checkpoint = NULL;
    fault_t fault = {0};
    const fault_status_t status = checkpoint_open(path, key, &checkpoint, &fault);
    if (status != FAULT_INPUT || fault.status != FAULT_INPUT || checkpoint != NULL ||
        strstr(fault.text, message) == NULL || strstr(fault.text, path) == NULL)
        fail_msg("%s: status %d, «%s», expected «%s»", what, status, fault.text, message);
    char *after = read_text();
    assert_string_equal(after, before);
    free(before);
    free(after);
}

static void test_another_computation(void **state) {
    (void)state;
    leave_checkpoint(5);
    expect_refused("another key", "0123456789abcdef method tree seed 2", "another one");
    expect_refused("a longer key", "0123456789abcdef method tree seed 11", "another one");
    expect_refused("a shorter key", "0123456789abcdef", "another one");
}

// Every proper beginning of a checkpoint, but the one that lacks only the last line's end.
static void test_files_cut_short(void **state) {
    (void)state;
    leave_checkpoint(PARTS + 4);
    char *text = read_text();
    const size_t length = strlen(text);
    for (size_t kept = 0; kept < length; kept++) {
        write_text(text, kept);
        expect_refused(INPUT("%zu of %zu bytes", kept, length), KEY, "expected");
    }
    free(text);
}

// A good file with one place replaced.
static void expect_damage_found(const char *good, const char *from, const char *to) {
    const char *at = strstr(good, from);
    assert_non_null(at);
    char *text = NULL;
    assert_true(asprintf(&text, "%.*s%s%s", (int)(at - good), good, to, at + strlen(from)) >= 0);
    write_text(text, strlen(text));
    free(text);
    expect_refused(INPUT("«%s» for «%s»", to, from), KEY, "expected");
}

static void test_damaged_files(void **state) {
    (void)state;
    leave_checkpoint(PARTS + 4);
    char *good = read_text();
    expect_damage_found(good, "moegeom checkpoint 1", "moegeom checkpoint 2");
    expect_damage_found(good, "moegeom", "Moegeom");
    expect_damage_found(good, "seed 1", "seed 1 ");
    expect_damage_found(good, "run 20 3", "run 20");
    expect_damage_found(good, "run 20 3", "run 20 3 4");
    expect_damage_found(good, "run 20 3", "run 20 0");
    expect_damage_found(good, "run 20 3", "run 20 4");
    expect_damage_found(good, "run 20 3", "run 10 3");
    expect_damage_found(good, "run 20 3", "run 20 2");
    expect_damage_found(good, "run 20 3\n", "");
    expect_damage_found(good, "run 20 3", "run 99999999999999 3");
    expect_damage_found(good, "part 3 4", "part 3");
    expect_damage_found(good, "part 3 4", "part 3 4 4");
    expect_damage_found(good, "part 3 4", "part 2 4"); // twice
    expect_damage_found(good, "part 3 4", "part 20 4");
    expect_damage_found(good, "part 3 4", "part -3 4");
    expect_damage_found(good, "part 3 4", "part 3x 4");
    expect_damage_found(good, "part 3 4", "part 3 4x");
    expect_damage_found(good, "part 3 4", "part 3 nan");
    expect_damage_found(good, "part 3 4", "port 3 4");
    expect_damage_found(good, "part 3 4", "");
    expect_damage_found(good, "end", "END");
    free(good);
}

static void test_files_that_are_none(void **state) {
    (void)state;
    write_text("arrangement 1 1\n1 0\n", 20);
    expect_refused("an instance", KEY, "left as it is");
    write_text("", 0);
    expect_refused("an empty file", KEY, "left as it is");
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    checkpoint_t *checkpoint = NULL;
    fault_t fault = {0};
    assert_int_equal(checkpoint_open(path, KEY, &checkpoint, &fault), FAULT_INPUT);
    assert_int_equal(rmdir(path), 0);
}

// Parts of a run that has another shape now are of no use.
static void test_runs_of_another_shape(void **state) {
    (void)state;
    leave_checkpoint(5);
    for (int wide = 0; wide < 2; wide++) {
        checkpoint_t *checkpoint = open_good(KEY);
        fmpz *sums = _fmpz_vec_init(WIDTH + 1);
        checkpoint_begin(checkpoint, PARTS + (ulong)(1 - wide), WIDTH + wide);
        for (ulong part = 0; part < PARTS; part++)
            assert_false(checkpoint_restore(checkpoint, part, sums, WIDTH + wide));
        checkpoint_store(checkpoint, 2, sums, WIDTH + wide);
        assert_true(checkpoint_restore(checkpoint, 2, sums, WIDTH + wide));
        _fmpz_vec_clear(sums, WIDTH + 1);
        fault_t fault = {0};
        assert_int_equal(checkpoint_close(checkpoint, true, &fault), FAULT_NONE);
        leave_checkpoint(5);
    }
}

// A folder that is gone is reported at the end, and only then.
static void test_a_disk_that_refuses(void **state) {
    (void)state;
    unlink(path);
    char missing[600];
    snprintf(missing, sizeof missing, "%s/file/count.checkpoint", folder);
    checkpoint_t *checkpoint = NULL;
    fault_t fault = {0};
    assert_int_equal(checkpoint_open(missing, KEY, &checkpoint, &fault), FAULT_NONE);
    snprintf(missing, sizeof missing, "%s/file", folder);
    FILE *file = fopen(missing, "we");
    assert_non_null(file);
    fclose(file);
    fmpz *sums = _fmpz_vec_init(WIDTH);
    ulong computed;
    assert_int_equal(compute(checkpoint, 4, sums, &computed), GSL_EFAILED);
    assert_int_equal(checkpoint_close(checkpoint, false, &fault), FAULT_SYSTEM);
    assert_true(strlen(fault.text) > 0);
    _fmpz_vec_clear(sums, WIDTH);
    assert_int_equal(unlink(missing), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_going_on_equals_a_whole_run),
        cmocka_unit_test(test_many_stops),
        cmocka_unit_test(test_another_computation),
        cmocka_unit_test(test_files_cut_short),
        cmocka_unit_test(test_damaged_files),
        cmocka_unit_test(test_files_that_are_none),
        cmocka_unit_test(test_runs_of_another_shape),
        cmocka_unit_test(test_a_disk_that_refuses),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
