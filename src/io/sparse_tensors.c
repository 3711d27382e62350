// SPDX-License-Identifier: GPL-3.0-or-later
// Files of tensors with holes; see sparse_tensors.h.
#include "io/sparse_tensors.h"

#include "io/digits.h"
#include "io/floats.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK = 4096, LENGTH_BYTES = 8 };

typedef struct place {
    int dtype;      // number in DTYPES, or -1
    uint64_t begin; // byte of the data
} place_t;

struct sparse_tensors {
    char *path;
    int descriptor; // -1: not created yet
    char *text;     // of the header
    size_t length;
    FILE *header;
    uint64_t end; // of the data so far
    uint64_t start;
    size_t count, room;
    place_t *places;
};

static const struct {
    const char *name;
    floats_format_t format;
} DTYPES[] = {
    {"BF16", FLOATS_BFLOAT16}, {"F16", FLOATS_BINARY16}, {"F32", FLOATS_BINARY32}, {"F64", FLOATS_BINARY64}};
enum { KNOWN = sizeof DTYPES / sizeof *DTYPES };

static int dtype_index(const char *dtype) {
    for (int i = 0; i < KNOWN; i++)
        if (strcmp(dtype, DTYPES[i].name) == 0)
            return i;
    return -1;
}

sparse_tensors_t *sparse_tensors_alloc(void) {
    sparse_tensors_t *file = calloc(1, sizeof *file);
    if (file == NULL)
        return NULL;
    file->descriptor = -1;
    file->header = open_memstream(&file->text, &file->length);
    if (file->header == NULL) {
        free(file);
        return NULL;
    }
    fputc('{', file->header);
    return file;
}

void sparse_tensors_free(sparse_tensors_t *file) {
    if (file == NULL)
        return;
    if (file->descriptor >= 0)
        close(file->descriptor);
    if (file->header != NULL)
        fclose(file->header);
    free(file->text);
    free(file->places);
    free(file->path);
    free(file);
}

static bool reserve(sparse_tensors_t *file) {
    if (file->count < file->room)
        return true;
    const size_t room = 2 * file->room + 64;
    place_t *places = reallocarray(file->places, room, sizeof *places);
    if (places == NULL)
        return false;
    file->places = places;
    file->room = room;
    return true;
}

static void put_number(uint64_t number, FILE *file) {
    char digits[DIGITS_ROOM];
    fwrite(digits, 1, digits_of(number, digits), file);
}

static void put_entry(const char *name, const char *dtype, size_t rank, const uint64_t *shape, uint64_t begin,
                      uint64_t end, FILE *file) {
    fputc('"', file);
    fputs(name, file);
    fputs("\":{\"dtype\":\"", file);
    fputs(dtype, file);
    fputs("\",\"shape\":[", file);
    for (size_t i = 0; i < rank; i++) {
        if (i > 0)
            fputc(',', file);
        put_number(shape[i], file);
    }
    fputs("],\"data_offsets\":[", file);
    put_number(begin, file);
    fputc(',', file);
    put_number(end, file);
    fputs("]}", file);
}

size_t sparse_tensors_add(sparse_tensors_t *file, const char *name, const char *dtype, size_t rank,
                          const uint64_t *shape) {
    const int known = dtype_index(dtype);
    uint64_t bytes = known >= 0 ? floats_size(DTYPES[known].format) : 1;
    if (!reserve(file))
        return SIZE_MAX;
    for (size_t i = 0; i < rank; i++)
        bytes *= shape[i];
    if (file->count > 0)
        fputc(',', file->header);
    put_entry(name, dtype, rank, shape, file->end, file->end + bytes, file->header);
    file->places[file->count] = (place_t){known, file->end};
    file->end += bytes;
    return file->count++;
}

static fault_status_t write_at(const sparse_tensors_t *file, const void *bytes, size_t length,
                               uint64_t offset, fault_t *fault) {
    for (size_t done = 0; done < length;) {
        const ssize_t written =
            pwrite(file->descriptor, (const char *)bytes + done, length - done, (off_t)(offset + done));
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return fault_set(fault, FAULT_SYSTEM, "cannot write %s: %s", file->path, strerror(errno));
        done += (size_t)written;
    }
    return FAULT_NONE;
}

fault_status_t sparse_tensors_create(sparse_tensors_t *file, const char *path, uint64_t *header,
                                     uint64_t *size, fault_t *fault) {
    fputc('}', file->header);
    const bool complete = fclose(file->header) == 0;
    file->header = NULL;
    file->path = strdup(path);
    if (!complete || file->path == NULL)
        return fault_set(fault, FAULT_SYSTEM, "out of memory while writing %s", path);
    file->descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    const uint64_t length = htole64((uint64_t)file->length);
    file->start = LENGTH_BYTES + file->length;
    if (file->descriptor < 0 || ftruncate(file->descriptor, (off_t)(file->start + file->end)) != 0)
        return fault_set(fault, FAULT_SYSTEM, "cannot write %s: %s", path, strerror(errno));
    if (write_at(file, &length, sizeof length, 0, fault) == FAULT_NONE)
        write_at(file, file->text, file->length, LENGTH_BYTES, fault);
    if (header != NULL)
        *header = file->length;
    if (size != NULL)
        *size = file->start + file->end;
    return fault->status;
}

// ---- Numbers ----

fault_status_t sparse_tensors_put(sparse_tensors_t *file, size_t tensor, const double *values, size_t count,
                                  fault_t *fault) {
    const place_t *place = &file->places[tensor];
    const floats_format_t format = DTYPES[place->dtype].format;
    const size_t item = floats_size(format);
    unsigned char block[BLOCK];
    for (size_t done = 0; done < count;) {
        const size_t part = count - done < BLOCK / item ? count - done : BLOCK / item;
        for (size_t i = 0; i < part; i++)
            floats_encode(format, values[done + i], block + i * item);
        if (write_at(file, block, part * item, file->start + place->begin + done * item, fault) != FAULT_NONE)
            return fault->status;
        done += part;
    }
    return FAULT_NONE;
}
