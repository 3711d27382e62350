// SPDX-License-Identifier: GPL-3.0-or-later
// Text as a stream of words; see words.h.
#include "io/words.h"

#include "io/quote.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 1 << 16, END = -1 };

struct words {
    char *name;
    FILE *file;                      // NULL: memory
    const unsigned char *next, *end; // of the bytes at hand
    size_t line;                     // of the next byte
    bool fresh;                      // whether no byte of this line was read
    int error;                       // errno of a read that failed
    unsigned char block[BLOCK];
    char word[WORDS_LENGTH + 1];
};

static void skip_mark(words_t *words) {
    if (words->end - words->next >= 3 && memcmp(words->next, "\xEF\xBB\xBF", 3) == 0)
        words->next += 3;
}

static bool refill(words_t *words) {
    if (words->file == NULL)
        return false;
    errno = 0;
    const size_t read = fread(words->block, 1, BLOCK, words->file);
    if (ferror(words->file))
        words->error = errno ? errno : EIO;
    words->next = words->block;
    words->end = words->block + read;
    return read > 0;
}

static words_t *words_alloc(const char *name) {
    words_t *words = calloc(1, sizeof *words);
    if (words == NULL)
        return NULL;
    words->line = 1;
    words->fresh = true;
    words->name = strdup(name);
    if (words->name != NULL)
        return words;
    free(words);
    return NULL;
}

fault_status_t words_open(const char *path, words_t **result, fault_t *fault) {
    const bool standard = strcmp(path, "-") == 0;
    words_t *words = words_alloc(standard ? "standard input" : path);
    if (words == NULL)
        return fault_set(fault, FAULT_SYSTEM, "out of memory while reading %s", path);
    words->file = standard ? stdin : fopen(path, "re");
    if (words->file == NULL) {
        fault_set(fault, FAULT_INPUT, "cannot read %s: %s", path, strerror(errno));
        words_close(words);
        return fault->status;
    }
    refill(words);
    skip_mark(words);
    *result = words;
    return FAULT_NONE;
}

fault_status_t words_memory(const char *name, const char *text, size_t length, words_t **result,
                            fault_t *fault) {
    words_t *words = words_alloc(name);
    if (words == NULL)
        return fault_set(fault, FAULT_SYSTEM, "out of memory while reading %s", name);
    words->next = (const unsigned char *)(length > 0 ? text : "");
    words->end = words->next + length;
    skip_mark(words);
    *result = words;
    return FAULT_NONE;
}

void words_close(words_t *words) {
    if (words == NULL)
        return;
    if (words->file != NULL && words->file != stdin)
        fclose(words->file);
    free(words->name);
    free(words);
}

const char *words_name(const words_t *words) {
    return words->name;
}

// The next byte without taking it, or END.
static int peek(words_t *words) {
    if (words->next == words->end && !refill(words))
        return END;
    return *words->next;
}

// Takes the byte that peek showed.
static void take(words_t *words) {
    words->fresh = *words->next == '\n';
    if (words->fresh)
        words->line++;
    words->next++;
}

static bool is_blank(int byte) {
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

// Skips blanks and comments.
static void skip(words_t *words) {
    bool comment = false;
    for (int byte; (byte = peek(words)) > 0; take(words)) {
        if (byte == '#')
            comment = true;
        else if (byte == '\n')
            comment = false;
        else if (!comment && !is_blank(byte))
            return;
    }
}

static fault_status_t refuse_byte(const words_t *words, int byte, fault_t *fault) {
    char room[QUOTE_ROOM];
    const char found = (char)byte;
    return fault_set(fault, FAULT_INPUT, "%s:%zu: expected printable ASCII outside of comments, found %s",
                     words->name, words->line, quote(room, &found, 1));
}

fault_status_t words_next(words_t *words, words_word_t *word, fault_t *fault) {
    char room[QUOTE_ROOM];
    size_t length = 0;
    int byte;
    skip(words);
    // An empty line at the end is none.
    const size_t line = words->line - (words->fresh && words->line > 1 && peek(words) == END);
    for (; (byte = peek(words)) != END && !is_blank(byte) && byte != '#'; take(words)) {
        if (byte < ' ' || byte > '~')
            return refuse_byte(words, byte, fault);
        if (length == WORDS_LENGTH)
            return fault_set(fault, FAULT_INPUT,
                             "%s:%zu: expected a word of at most %d characters, found a longer one, %s",
                             words->name, line, WORDS_LENGTH, quote(room, words->word, length));
        words->word[length++] = (char)byte;
    }
    words->word[length] = '\0';
    if (words->error != 0)
        return fault_set(fault, FAULT_INPUT, "cannot read %s: %s", words->name, strerror(words->error));
    *word = (words_word_t){words->word, length, line};
    return FAULT_NONE;
}
