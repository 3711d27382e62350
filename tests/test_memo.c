// SPDX-License-Identifier: GPL-3.0-or-later
// number/memo: keys are compared in full, a full memory forgets and goes on, and it gives up when it does not pay.
//
// The module is compiled into the test, which needs its hash to make keys that collide; the library's copy is then not
// linked.
#include "number/memo.c"

#include "support.h"
#include "support/seeds.h"

enum { SLOTS_BYTES = SLOTS * sizeof(entry_t), ROOMY = SLOTS_BYTES + (1 << 20) };

static void begin(memo_t *memo, const double *key, size_t length) {
    memo_begin(memo);
    memo_add(memo, key, length / 2);
    memo_add(memo, key + length / 2, length - length / 2);
}

static void store(memo_t *memo, const double *key, size_t length, const memo_integer_t *value, size_t width) {
    begin(memo, key, length);
    size_t told;
    const double *kept = memo_key(memo, &told);
    assert_int_equal(told, length);
    assert_memory_equal(kept, key, length * sizeof *key);
    memo_store(memo, kept, told, value, width);
}

// Whether the key is known; its value must then be `value`.
static bool known(memo_t *memo, const double *key, size_t length, const memo_integer_t *value, size_t width) {
    begin(memo, key, length);
    const memo_integer_t *found = memo_find(memo, width);
    if (found != NULL)
        assert_memory_equal(found, value, width * sizeof *value);
    return found != NULL;
}

static void test_values_come_back(void **state) {
    (void)state;
    memo_t *memo = memo_alloc(ROOMY);
    assert_non_null(memo);
    const memo_integer_t large = ((memo_integer_t)1 << 100) + 7, one[] = {large, 2, 3}, two[] = {4, large};
    const double key[] = {1, 2, 3, 4}, other[] = {1, 2, 3, 5};
    assert_false(known(memo, key, 4, one, 3));
    store(memo, key, 4, one, 3);
    store(memo, other, 4, two, 2);
    assert_true(known(memo, key, 4, one, 3));
    assert_true(known(memo, other, 4, two, 2));
    assert_false(known(memo, key, 3, one, 3)); // a part of the key
    assert_false(known(memo, key, 4, one, 2)); // another width
    assert_false(known(memo, other + 1, 3, two, 2));
    store(memo, key, 4, two, 2); // the first value stays
    assert_true(known(memo, key, 4, one, 3));
    memo_free(memo);
    memo_free(NULL);
}

// The hash goes on with the state xor the next word: of two keys whose first words differ, the second words can be
// chosen so that the states meet.
static uint64_t state_after(uint64_t start, uint64_t word) {
    const uint64_t state = (start ^ word) * 0x9E3779B97F4A7C15;
    return state ^ state >> 29;
}

static void test_keys_with_one_hash(void **state) {
    (void)state;
    memo_t *memo = memo_alloc(ROOMY);
    assert_non_null(memo);
    double first[3] = {1, 2, 3};
    uint64_t words[3];
    memcpy(words, first, sizeof words);
    for (uint64_t change = 1; change <= 100; change++) {
        uint64_t other_words[3] = {words[0] + change, 0, words[2]};
        other_words[1] = words[1] ^ state_after(3, words[0]) ^ state_after(3, other_words[0]);
        double other[3];
        memcpy(other, other_words, sizeof other);
        assert_true(hash_of(first, 3) == hash_of(other, 3)); // else this test must follow the hash
        const memo_integer_t value = change;
        assert_false(known(memo, other, 3, &value, 1));
        store(memo, other, 3, &value, 1);
        assert_true(known(memo, other, 3, &value, 1));
        assert_false(known(memo, first, 3, &value, 1));
        for (int i = 0; i < 8; i++)
            assert_true(known(memo, other, 3, &value, 1)); // so that it pays
    }
    memo_free(memo);
}

// A full memory forgets everything and goes on: what was stored last is known, what is found is right.
static void fill(size_t bytes, size_t length, slong keys) {
    memo_t *memo = memo_alloc(bytes);
    assert_non_null(memo);
    double key[8] = {0};
    slong lost = 0;
    for (slong i = 0; i < keys; i++) {
        key[length - 1] = (double)i;
        const memo_integer_t value[2] = {(memo_integer_t)i, (memo_integer_t)i << 90};
        store(memo, key, length, value, 2);
        assert_true(known(memo, key, length, value, 2));
        const slong earlier = i / 2;
        key[length - 1] = (double)earlier;
        const memo_integer_t other[2] = {(memo_integer_t)earlier, (memo_integer_t)earlier << 90};
        lost += !known(memo, key, length, other, 2);
    }
    assert_true(memo_pays(memo));
    if (lost == 0 || lost == keys)
        fail_msg("%ld keys of length %zu in %zu bytes: %ld lost", keys, length, bytes, lost);
    memo_free(memo);
}

static void test_full_memories_forget(void **state) {
    (void)state;
    fill(SLOTS_BYTES + 4096, 4, 1000);           // values or keys full
    fill(SLOTS_BYTES + 4096, 1, 1000);           // values full
    fill(SLOTS_BYTES + 4096, 8, 1000);           // keys full
    fill(SLOTS_BYTES + (4 << 20), 1, SLOTS * 2); // slots full
}

static void test_what_does_not_fit(void **state) {
    (void)state;
    memo_t *memo = memo_alloc(SLOTS_BYTES + 1024);
    assert_non_null(memo);
    static const double key[1000] = {1};
    static const memo_integer_t value[1000] = {2};
    store(memo, key, 3, value, 1);
    store(memo, key, 1000, value, 1); // too long a key, too wide a value: left out, nothing is forgotten
    store(memo, key, 2, value, 1000);
    assert_false(known(memo, key, 1000, value, 1));
    assert_false(known(memo, key, 2, value, 1000));
    assert_true(known(memo, key, 3, value, 1));
    memo_free(memo);
}

// ---- Giving up ----

// Asks `asked` questions of which `answered` have an answer.
static void ask(memo_t *memo, slong asked, slong answered) {
    const double yes = 1, no = 2;
    const memo_integer_t value = 5;
    if (memo_pays(memo))
        store(memo, &yes, 1, &value, 1);
    for (slong i = 0; i < asked; i++) {
        begin(memo, i < answered ? &yes : &no, 1);
        memo_find(memo, 1);
    }
}

static void expect_pays(const char *input, const memo_t *memo, bool expected) {
    if (memo_pays(memo) != expected)
        fail_msg("%s: pays: %d, expected %d", input, memo_pays(memo), expected);
}

static void test_it_gives_up(void **state) {
    (void)state;
    for (slong answered = 0; answered <= TRIAL; answered += TRIAL / 32) {
        memo_t *memo = memo_alloc(ROOMY);
        assert_non_null(memo);
        const char *input = INPUT("%ld of %d answered", answered, TRIAL);
        ask(memo, TRIAL - 1, answered < TRIAL ? answered : TRIAL - 1);
        expect_pays(input, memo, true);
        ask(memo, 1, answered == TRIAL);
        expect_pays(input, memo, 8 * answered >= TRIAL);
        ask(memo, TRIAL, 0); // each block for itself
        expect_pays(input, memo, false);
        ask(memo, TRIAL, TRIAL); // for good
        expect_pays(input, memo, false);
        const double key = 1;
        const memo_integer_t value = 5;
        store(memo, &key, 1, &value, 1);
        assert_false(known(memo, &key, 1, &value, 1));
        memo_free(memo);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_come_back),     cmocka_unit_test(test_keys_with_one_hash),
        cmocka_unit_test(test_full_memories_forget), cmocka_unit_test(test_what_does_not_fit),
        cmocka_unit_test(test_it_gives_up),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
