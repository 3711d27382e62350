// SPDX-License-Identifier: GPL-3.0-or-later
// A bounded memory; see memo.h.
#include "number/memo.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    TRIAL = 1024, // questions after which the answers are weighed
    WORTH = 8,    // it pays when one question in so many is answered
    SLOTS = 1 << 16
};

// One remembered key and its value, in the store.
typedef struct entry {
    uint64_t hash;
    size_t key, length; // where the key stands, in doubles
    size_t value;       // where the value stands, in integers
    size_t width;       // 0: the slot is free
} entry_t;

struct memo {
    entry_t *slots;
    size_t used;
    double *keys; // the store of keys, and of the key that is put together
    size_t keys_used, keys_room;
    memo_integer_t *values;
    size_t values_used, values_room;
    double *current;
    size_t length, room;
    uint64_t asked, answered;
    bool pays;
};

static void give_back(memo_t *memo) {
    free(memo->slots);
    free(memo->keys);
    free(memo->values);
    memo->slots = NULL;
    memo->keys = NULL;
    memo->values = NULL;
}

memo_t *memo_alloc(size_t bytes) {
    memo_t *memo = calloc(1, sizeof *memo);
    if (memo == NULL)
        return NULL;
    const size_t store = bytes > SLOTS * sizeof(entry_t) ? bytes - SLOTS * sizeof(entry_t) : 0;
    memo->keys_room = store / 4 * 3 / sizeof(double);
    memo->values_room = store / 4 / sizeof(memo_integer_t);
    memo->slots = calloc(SLOTS, sizeof *memo->slots);
    memo->keys = malloc(memo->keys_room * sizeof(double) + 1);
    memo->values = malloc(memo->values_room * sizeof(memo_integer_t) + 1);
    memo->pays = true;
    if (memo->slots == NULL || memo->keys == NULL || memo->values == NULL) {
        memo_free(memo);
        return NULL;
    }
    return memo;
}

void memo_free(memo_t *memo) {
    if (memo == NULL)
        return;
    give_back(memo);
    free(memo->current);
    free(memo);
}

bool memo_pays(const memo_t *memo) {
    return memo->pays;
}

void memo_begin(memo_t *memo) {
    memo->length = 0;
}

void memo_add(memo_t *memo, const double *part, size_t count) {
    if (count == 0)
        return;
    if (memo->length + count > memo->room) {
        const size_t room = 2 * (memo->length + count);
        double *grown = realloc(memo->current, room * sizeof(double));
        if (grown == NULL) { // without a key there is nothing to remember
            memo->pays = false;
            return;
        }
        memo->current = grown;
        memo->room = room;
    }
    memcpy(memo->current + memo->length, part, count * sizeof(double));
    memo->length += count;
}

// A hash for places only; it decides nothing.
static uint64_t hash_of(const double *key, size_t length) {
    uint64_t hash = length;
    for (size_t i = 0; i < length; i++) {
        uint64_t word;
        memcpy(&word, key + i, sizeof word);
        hash = (hash ^ word) * 0x9E3779B97F4A7C15;
        hash ^= hash >> 29;
    }
    return hash;
}

// The slot of a key, or the free one where it belongs. Some slot is always free.
static entry_t *slot_of(const memo_t *memo, const double *key, size_t length, uint64_t hash) {
    size_t at = hash % SLOTS;
    for (;; at = (at + 1) % SLOTS) {
        entry_t *entry = &memo->slots[at];
        if (entry->width == 0)
            return entry;
        if (entry->hash == hash && entry->length == length &&
            memcmp(memo->keys + entry->key, key, length * sizeof(double)) == 0)
            return entry;
    }
}

static void weigh(memo_t *memo) {
    if (memo->asked < TRIAL)
        return;
    if (memo->answered < TRIAL / WORTH) {
        memo->pays = false;
        give_back(memo);
    }
    memo->asked = memo->answered = 0;
}

const memo_integer_t *memo_find(memo_t *memo, size_t width) {
    if (!memo->pays)
        return NULL;
    const entry_t *entry = slot_of(memo, memo->current, memo->length, hash_of(memo->current, memo->length));
    const bool found = entry->width == width;
    const memo_integer_t *value = memo->values + entry->value;
    memo->asked++;
    memo->answered += found;
    weigh(memo);
    return found && memo->pays ? value : NULL;
}

static void forget(memo_t *memo) {
    memset(memo->slots, 0, SLOTS * sizeof *memo->slots);
    memo->used = memo->keys_used = memo->values_used = 0;
}

void memo_store(memo_t *memo, const double *key, size_t length, const memo_integer_t *value, size_t width) {
    if (!memo->pays || length > memo->keys_room || width > memo->values_room)
        return;
    if (memo->used >= SLOTS / 2 || memo->keys_used + length > memo->keys_room ||
        memo->values_used + width > memo->values_room)
        forget(memo);
    const uint64_t hash = hash_of(key, length);
    entry_t *entry = slot_of(memo, key, length, hash);
    if (entry->width != 0)
        return;
    *entry = (entry_t){
        .hash = hash, .key = memo->keys_used, .length = length, .value = memo->values_used, .width = width};
    memcpy(memo->keys + memo->keys_used, key, length * sizeof(double));
    memcpy(memo->values + memo->values_used, value, width * sizeof(memo_integer_t));
    memo->keys_used += length;
    memo->values_used += width;
    memo->used++;
}

const double *memo_key(const memo_t *memo, size_t *length) {
    *length = memo->length;
    return memo->current;
}
