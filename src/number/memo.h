// SPDX-License-Identifier: GPL-3.0-or-later
// A memory from keys of doubles to vectors of integers, of bounded size, that notices when it does not pay.
#ifndef MOEGEOM_NUMBER_MEMO_H
#define MOEGEOM_NUMBER_MEMO_H

#include <stdbool.h>
#include <stddef.h>

typedef unsigned __int128 memo_integer_t;

typedef struct memo memo_t;

// A memory of at most `bytes` bytes; NULL when memory is short.
memo_t *memo_alloc(size_t bytes);
void memo_free(memo_t *memo); // NULL is allowed

// Whether it is worth asking: false for good once fewer than one question in eight was answered, counted in
// blocks of questions; its storage is then given back.
bool memo_pays(const memo_t *memo);

// A key that is being put together.
void memo_begin(memo_t *memo);
void memo_add(memo_t *memo, const double *part, size_t count);

// The value of the key, `width` integers that stay valid until the next memo_store, or NULL. Keys are compared
// in full.
const memo_integer_t *memo_find(memo_t *memo, size_t width);

// Stores the value of a key that memo_begin and memo_add put together. Everything is forgotten first when the
// memory is full.
void memo_store(memo_t *memo, const double *key, size_t length, const memo_integer_t *value, size_t width);

// The key that was put together last, and its length; valid until the next memo_begin.
const double *memo_key(const memo_t *memo, size_t *length);

#endif
