// SPDX-License-Identifier: GPL-3.0-or-later
// Arrays of bytes; see idx.h.
#include "io/idx.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { WORD_BYTES = 4, BYTE_TYPE = 8, CHUNK = 1 << 20 };

// What zlib says of a file that it could not read.
static fault_status_t unreadable(gzFile file, const char *path, fault_t *fault) {
    int code;
    const char *text = gzerror(file, &code);
    return fault_set(fault, FAULT_INPUT, "%s: %s", path, code == Z_ERRNO ? strerror(errno) : text);
}

// Reads exactly n bytes, n at most CHUNK.
static fault_status_t take(gzFile file, const char *path, uint8_t *bytes, size_t n, const char *what,
                           fault_t *fault) {
    const int found = gzread(file, bytes, (unsigned)n);
    if (found < 0)
        return unreadable(file, path, fault);
    if ((size_t)found < n)
        return fault_set(fault, FAULT_INPUT, "%s: expected %zu more bytes of %s, found the end after %d",
                         path, n, what, found);
    return FAULT_NONE;
}

static fault_status_t take_header(gzFile file, const char *path, idx_t *idx, fault_t *fault) {
    uint8_t word[WORD_BYTES];
    if (take(file, path, word, WORD_BYTES, "the header", fault) != FAULT_NONE)
        return fault->status;
    if (word[0] != 0 || word[1] != 0 || word[2] != BYTE_TYPE || word[3] < 1 || word[3] > IDX_RANK)
        return fault_set(
            fault, FAULT_INPUT,
            "%s: expected an IDX array of bytes (0 0 8 and a rank of 1 to %d), found %u %u %u %u", path,
            IDX_RANK, word[0], word[1], word[2], word[3]);
    idx->rank = word[3];
    idx->count = 1;
    for (size_t i = 0; i < idx->rank; i++) {
        if (take(file, path, word, WORD_BYTES, "the sizes", fault) != FAULT_NONE)
            return fault->status;
        const size_t size = (size_t)word[0] << 24 | (size_t)word[1] << 16 | (size_t)word[2] << 8 | word[3];
        if (size == 0)
            return fault_set(fault, FAULT_INPUT, "%s: expected sizes of at least 1, found 0 at place %zu",
                             path, i + 1);
        if (size > IDX_BYTES / idx->count)
            return fault_set(fault, FAULT_LIMIT, "%s: the sizes ask for more than %zu bytes", path,
                             IDX_BYTES);
        idx->shape[i] = size;
        idx->count *= size;
    }
    return FAULT_NONE;
}

// Memory grows with the data that are really there, whatever the sizes say.
static fault_status_t take_data(gzFile file, const char *path, idx_t *idx, fault_t *fault) {
    size_t room = 0;
    for (size_t done = 0; done < idx->count;) {
        const size_t left = idx->count - done, n = left < CHUNK ? left : CHUNK;
        if (done + n > room) {
            room = 2 * (done + n) < idx->count ? 2 * (done + n) : idx->count;
            uint8_t *bytes = realloc(idx->bytes, room);
            if (bytes == NULL)
                return fault_set(fault, FAULT_SYSTEM, "%s: out of memory", path);
            idx->bytes = bytes;
        }
        if (take(file, path, idx->bytes + done, n, "data", fault) != FAULT_NONE)
            return fault->status;
        done += n;
    }
    // This last read also compares the checksum of gzip.
    uint8_t more;
    const int found = gzread(file, &more, 1);
    if (found < 0)
        return unreadable(file, path, fault);
    if (found > 0)
        return fault_set(fault, FAULT_INPUT, "%s: expected %zu bytes of data, found more", path, idx->count);
    return FAULT_NONE;
}

fault_status_t idx_read(const char *path, idx_t *result, fault_t *fault) {
    gzFile file = gzopen(path, "rb");
    if (file == NULL)
        return fault_set(fault, FAULT_INPUT, "%s: %s", path, strerror(errno));
    idx_t idx = {0};
    fault_status_t status = take_header(file, path, &idx, fault);
    if (status == FAULT_NONE)
        status = take_data(file, path, &idx, fault);
    gzclose(file);
    if (status == FAULT_NONE)
        *result = idx;
    else
        idx_clear(&idx);
    return status;
}

void idx_clear(idx_t *idx) {
    free(idx->bytes);
    *idx = (idx_t){0};
}
