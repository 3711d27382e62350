// SPDX-License-Identifier: GPL-3.0-or-later
// Text as a stream of words with their lines, in bounded memory.
//
// Words are separated by spaces, tabs and line ends (LF or CRLF); # starts a comment, which ends with the line
// and may hold any bytes but 0. A byte order mark at the start is skipped.
#ifndef MOEGEOM_IO_WORDS_H
#define MOEGEOM_IO_WORDS_H

#include "io/fault.h"

#include <stdbool.h>
#include <stddef.h>

enum { WORDS_LENGTH = 100000 }; // the longest word

typedef struct words words_t;

// A word. The text belongs to the reader, ends with 0 and is valid until the next word is read.
typedef struct words_word {
    const char *text; // printable ASCII alone
    size_t length;    // 0 at the end of the text
    size_t line;      // from 1; at the end of the text, its last line
} words_word_t;

// Opens a file ("-": standard input), or `length` bytes of memory, which outlive the reader.
//   name    stands for the text in messages
//   result  receives the reader, to be closed by words_close
//   fault   FAULT_INPUT when the file cannot be opened
fault_status_t words_open(const char *path, words_t **result, fault_t *fault);
fault_status_t words_memory(const char *name, const char *text, size_t length, words_t **result,
                            fault_t *fault);
void words_close(words_t *words); // NULL is allowed

// What the text is called in messages.
const char *words_name(const words_t *words);

// The next word.
//   fault  FAULT_INPUT with file and line for a byte that no text has, a word that is too long, or a file that
//          cannot be read
fault_status_t words_next(words_t *words, words_word_t *word, fault_t *fault);

#endif
