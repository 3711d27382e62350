// SPDX-License-Identifier: GPL-3.0-or-later
// Files of named tensors; see safetensors.h.
#include "io/safetensors.h"

#include "io/quote.h"

#include <endian.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LENGTH_BYTES = 8, HEADER_LIMIT = 100000000 };

struct safetensors {
    char *name;
    int descriptor; // -1: a header in memory
    json_t *header; // owns names, dtypes and metadata
    uint64_t data;  // where the data start
    uint64_t size;  // of the whole file
    size_t count;
    safetensors_tensor_t *tensors;
};

static const struct {
    const char *name;
    size_t item;
} dtypes[] = {{"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"F8_E5M2", 1}, {"F8_E4M3", 1},
              {"I16", 2},  {"U16", 2}, {"F16", 2}, {"BF16", 2},    {"I32", 4},
              {"U32", 4},  {"F32", 4}, {"F64", 8}, {"I64", 8},     {"U64", 8}};

// ---- The name ----

const char *safetensors_suffix(const char *path) {
    static const char suffix[] = ".safetensors";
    for (const char *at = strstr(path, suffix); at != NULL; at = strstr(at + 1, suffix)) {
        const char *end = at + sizeof suffix - 1;
        if (*end == '\0' || *end == ':')
            return end;
    }
    return NULL;
}

// ---- The header ----

// A fault that names a tensor. `what` is the rest of the sentence.
static fault_status_t refuse(const safetensors_t *file, const char *tensor, fault_t *fault, const char *what,
                             const char *found) {
    char names[QUOTE_ROOM], texts[QUOTE_ROOM];
    return fault_set(fault, FAULT_INPUT, "%s: tensor %s: %s%s%s", file->name,
                     quote(names, tensor, strlen(tensor)), what, found ? ", found " : "",
                     found ? quote(texts, found, strlen(found)) : "");
}

static fault_status_t read_dtype(const safetensors_t *file, safetensors_tensor_t *tensor, const json_t *value,
                                 fault_t *fault) {
    const char *dtype = json_string_value(value);
    if (dtype == NULL)
        return refuse(file, tensor->name, fault, "expected a text for dtype", NULL);
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++)
        if (strcmp(dtype, dtypes[i].name) == 0) {
            tensor->dtype = dtype;
            tensor->item = dtypes[i].item;
            return FAULT_NONE;
        }
    return refuse(file, tensor->name, fault, "expected a known dtype", dtype);
}

static bool read_natural(const json_t *value, uint64_t *number) {
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return false;
    *number = (uint64_t)json_integer_value(value);
    return true;
}

static fault_status_t read_shape(const safetensors_t *file, safetensors_tensor_t *tensor, const json_t *value,
                                 fault_t *fault) {
    if (!json_is_array(value) || json_array_size(value) > SAFETENSORS_RANK)
        return refuse(file, tensor->name, fault, "expected a shape of at most 16 sizes", NULL);
    tensor->rank = json_array_size(value);
    tensor->elements = 1;
    for (size_t i = 0; i < tensor->rank; i++) {
        if (!read_natural(json_array_get(value, i), &tensor->shape[i]))
            return refuse(file, tensor->name, fault, "expected non-negative integers in the shape", NULL);
        if (__builtin_mul_overflow(tensor->elements, tensor->shape[i], &tensor->elements))
            return refuse(file, tensor->name, fault, "its shape has more than 2^64 elements", NULL);
    }
    return FAULT_NONE;
}

// Reads the range and holds it against shape, dtype and file.
static fault_status_t read_range(const safetensors_t *file, safetensors_tensor_t *tensor, const json_t *value,
                                 fault_t *fault) {
    char room[QUOTE_ROOM];
    uint64_t begin, end, bytes;
    if (json_array_size(value) != 2 || !read_natural(json_array_get(value, 0), &begin) ||
        !read_natural(json_array_get(value, 1), &end) || begin > end)
        return refuse(file, tensor->name, fault,
                      "expected data_offsets of the form [begin, end], begin <= end", NULL);
    if (__builtin_mul_overflow(tensor->elements, tensor->item, &bytes))
        return refuse(file, tensor->name, fault, "its shape has more than 2^64 bytes", NULL);
    if (end - begin != bytes)
        return fault_set(
            fault, FAULT_INPUT,
            "%s: tensor %s: expected %" PRIu64 " bytes from shape and dtype, found the range [%" PRIu64
            ", %" PRIu64 "] of %" PRIu64,
            file->name, quote(room, tensor->name, strlen(tensor->name)), bytes, begin, end, end - begin);
    if (end > file->size - file->data)
        return fault_set(fault, FAULT_INPUT,
                         "%s: tensor %s: expected a range within the %" PRIu64
                         " bytes of data, found [%" PRIu64 ", %" PRIu64 "]",
                         file->name, quote(room, tensor->name, strlen(tensor->name)), file->size - file->data,
                         begin, end);
    tensor->begin = file->data + begin;
    tensor->end = file->data + end;
    return FAULT_NONE;
}

static fault_status_t read_tensor(const safetensors_t *file, safetensors_tensor_t *tensor, json_t *entry,
                                  fault_t *fault) {
    const json_t *dtype = json_object_get(entry, "dtype"), *shape = json_object_get(entry, "shape"),
                 *range = json_object_get(entry, "data_offsets");
    if (dtype == NULL || shape == NULL || range == NULL || json_object_size(entry) != 3)
        return refuse(file, tensor->name, fault, "expected an object of dtype, shape and data_offsets", NULL);
    if (read_dtype(file, tensor, dtype, fault) == FAULT_NONE &&
        read_shape(file, tensor, shape, fault) == FAULT_NONE)
        read_range(file, tensor, range, fault);
    return fault->status;
}

static fault_status_t check_metadata(const safetensors_t *file, json_t *metadata, fault_t *fault) {
    char room[QUOTE_ROOM];
    const char *key;
    json_t *value;
    if (!json_is_object(metadata))
        return fault_set(fault, FAULT_INPUT, "%s: expected an object for __metadata__", file->name);
    json_object_foreach(metadata, key, value) {
        if (!json_is_string(value))
            return fault_set(fault, FAULT_INPUT, "%s: __metadata__: expected a text for %s", file->name,
                             quote(room, key, strlen(key)));
    }
    return FAULT_NONE;
}

static int compare_ranges(const void *a, const void *b) {
    const safetensors_tensor_t *left = a, *right = b;
    if (left->begin != right->begin)
        return left->begin < right->begin ? -1 : 1;
    return (left->end > right->end) - (left->end < right->end);
}

// Sorts the tensors by their data, and sees that these fill the file.
static fault_status_t check_order(const safetensors_t *file, fault_t *fault) {
    char room[QUOTE_ROOM];
    uint64_t at = file->data;
    qsort(file->tensors, file->count, sizeof *file->tensors, compare_ranges);
    for (size_t i = 0; i < file->count; at = file->tensors[i++].end) {
        const safetensors_tensor_t *tensor = &file->tensors[i];
        if (tensor->begin != at)
            return fault_set(fault, FAULT_INPUT,
                             "%s: tensor %s: expected its data at byte %" PRIu64
                             ", found %s at byte %" PRIu64,
                             file->name, quote(room, tensor->name, strlen(tensor->name)), at,
                             tensor->begin < at ? "an overlap" : "a gap, the data", tensor->begin);
    }
    if (at != file->size)
        return fault_set(fault, FAULT_INPUT,
                         "%s: expected the end of the file at byte %" PRIu64
                         ", where the last tensor ends, found it at byte %" PRIu64,
                         file->name, at, file->size);
    return FAULT_NONE;
}

static fault_status_t read_entries(safetensors_t *file, fault_t *fault) {
    const char *key;
    json_t *entry;
    file->tensors = calloc(json_object_size(file->header) + 1, sizeof *file->tensors);
    if (file->tensors == NULL)
        return fault_set(fault, FAULT_SYSTEM, "out of memory while reading %s", file->name);
    json_object_foreach(file->header, key, entry) {
        if (strcmp(key, "__metadata__") == 0)
            check_metadata(file, entry, fault);
        else {
            file->tensors[file->count].name = key;
            read_tensor(file, &file->tensors[file->count++], entry, fault);
        }
        if (fault->status != FAULT_NONE)
            return fault->status;
    }
    return check_order(file, fault);
}

static fault_status_t parse_header(safetensors_t *file, const char *text, size_t length, fault_t *fault) {
    char room[QUOTE_ROOM];
    json_error_t error;
    // The format wants the brace first; JSON by itself would allow blanks.
    if (length == 0 || text[0] != '{')
        return fault_set(fault, FAULT_INPUT, "%s: byte %d: expected «{», found %s", file->name, LENGTH_BYTES,
                         length > 0 ? quote(room, text, 1) : "an empty header");
    file->header = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
    if (file->header == NULL)
        return fault_set(fault, FAULT_INPUT,
                         "%s: up to byte %d: expected JSON without repeated keys, found: %s", file->name,
                         LENGTH_BYTES + error.position, quote(room, error.text, strlen(error.text)));
    return read_entries(file, fault);
}

// The length of the header from the first bytes, held against the size of the file.
static fault_status_t read_length(safetensors_t *file, const unsigned char *bytes, uint64_t *length,
                                  fault_t *fault) {
    if (file->size < LENGTH_BYTES)
        return fault_set(fault, FAULT_INPUT,
                         "%s: expected 8 bytes of header length, found a file of %" PRIu64, file->name,
                         file->size);
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    *length = le64toh(word);
    if (*length > HEADER_LIMIT || *length > file->size - LENGTH_BYTES)
        return fault_set(fault, FAULT_INPUT,
                         "%s: byte 0: expected a header of at most %d bytes within the file of %" PRIu64
                         ", found the length %" PRIu64,
                         file->name, HEADER_LIMIT, file->size, *length);
    file->data = LENGTH_BYTES + *length;
    return FAULT_NONE;
}

static safetensors_t *file_alloc(const char *name) {
    safetensors_t *file = calloc(1, sizeof *file);
    if (file == NULL)
        return NULL;
    file->descriptor = -1;
    file->name = strdup(name);
    if (file->name != NULL)
        return file;
    free(file);
    return NULL;
}

fault_status_t safetensors_header(const char *name, const unsigned char *bytes, size_t length, uint64_t size,
                                  safetensors_t **result, fault_t *fault) {
    uint64_t header;
    safetensors_t *file = file_alloc(name);
    if (file == NULL)
        return fault_set(fault, FAULT_SYSTEM, "out of memory while reading %s", name);
    file->size = size;
    if (read_length(file, bytes, &header, fault) == FAULT_NONE) {
        if (length < LENGTH_BYTES + header)
            fault_set(fault, FAULT_INPUT, "%s: expected the whole header in memory", name);
        else
            parse_header(file, (const char *)bytes + LENGTH_BYTES, (size_t)header, fault);
    }
    if (fault->status == FAULT_NONE)
        *result = file;
    else
        safetensors_close(file);
    return fault->status;
}

// ---- The file ----

static fault_status_t read_header(safetensors_t *file, fault_t *fault) {
    unsigned char first[LENGTH_BYTES] = {0};
    uint64_t length;
    const size_t present = file->size < LENGTH_BYTES ? (size_t)file->size : LENGTH_BYTES;
    if (numbers_bytes(file->name, file->descriptor, first, present, 0, fault) != FAULT_NONE ||
        read_length(file, first, &length, fault) != FAULT_NONE)
        return fault->status;
    char *text = malloc((size_t)length + 1);
    if (text == NULL)
        return fault_set(fault, FAULT_SYSTEM, "out of memory while reading %s", file->name);
    if (numbers_bytes(file->name, file->descriptor, text, (size_t)length, LENGTH_BYTES, fault) == FAULT_NONE)
        parse_header(file, text, (size_t)length, fault);
    free(text);
    return fault->status;
}

fault_status_t safetensors_open(const char *path, safetensors_t **result, fault_t *fault) {
    safetensors_t *file = file_alloc(path);
    if (file == NULL)
        return fault_set(fault, FAULT_SYSTEM, "out of memory while reading %s", path);
    if (numbers_open(file->name, &file->descriptor, &file->size, fault) == FAULT_NONE)
        read_header(file, fault);
    if (fault->status == FAULT_NONE)
        *result = file;
    else
        safetensors_close(file);
    return fault->status;
}

void safetensors_close(safetensors_t *file) {
    if (file == NULL)
        return;
    if (file->descriptor >= 0)
        close(file->descriptor);
    json_decref(file->header);
    free(file->tensors);
    free(file->name);
    free(file);
}

size_t safetensors_count(const safetensors_t *file) {
    return file->count;
}

const safetensors_tensor_t *safetensors_tensor(const safetensors_t *file, size_t index) {
    return &file->tensors[index];
}

const safetensors_tensor_t *safetensors_find(const safetensors_t *file, const char *name) {
    for (size_t i = 0; i < file->count; i++)
        if (strcmp(file->tensors[i].name, name) == 0)
            return &file->tensors[i];
    return NULL;
}

const char *safetensors_metadata(const safetensors_t *file, const char *key) {
    return json_string_value(json_object_get(json_object_get(file->header, "__metadata__"), key));
}

// ---- Elements ----

static bool find_type(const char *dtype, numbers_type_t *type) {
    static const struct {
        const char *dtype;
        numbers_type_t type;
    } types[] = {{"F64", NUMBERS_F64}, {"F32", NUMBERS_F32}, {"F16", NUMBERS_F16}, {"BF16", NUMBERS_BF16},
                 {"I8", NUMBERS_I8},   {"I16", NUMBERS_I16}, {"I32", NUMBERS_I32}, {"I64", NUMBERS_I64},
                 {"U8", NUMBERS_U8},   {"U16", NUMBERS_U16}, {"U32", NUMBERS_U32}, {"U64", NUMBERS_U64}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(dtype, types[i].dtype) == 0) {
            *type = types[i].type;
            return true;
        }
    return false;
}

fault_status_t safetensors_numbers(const safetensors_t *file, const safetensors_tensor_t *tensor,
                                   numbers_t *result, fault_t *fault) {
    numbers_type_t type;
    if (!find_type(tensor->dtype, &type))
        return refuse(file, tensor->name, fault, "expected dtype F64, F32, F16, BF16, I8 to I64 or U8 to U64",
                      tensor->dtype);
    *result =
        (numbers_t){.name = file->name, .descriptor = file->descriptor, .type = type, .begin = tensor->begin};
    return FAULT_NONE;
}

static fault_status_t refuse_infinite(const safetensors_t *file, const safetensors_tensor_t *tensor,
                                      uint64_t index, double value, fault_t *fault) {
    char room[QUOTE_ROOM], row[64] = "";
    if (tensor->rank > 1)
        snprintf(row, sizeof row, "row %" PRIu64 " (from 0, of %" PRIu64 "), ",
                 index / (tensor->elements / tensor->shape[0]), tensor->shape[0]);
    return fault_set(fault, FAULT_INPUT,
                     "%s: tensor %s, %selement %" PRIu64 " (from 0, of %" PRIu64
                     "): expected a finite number, found %s",
                     file->name, quote(room, tensor->name, strlen(tensor->name)), row, index,
                     tensor->elements, numbers_call(value));
}

fault_status_t safetensors_doubles(const safetensors_t *file, const safetensors_tensor_t *tensor,
                                   uint64_t first, size_t count, double *values, fault_t *fault) {
    numbers_t numbers = {0};
    if (!find_type(tensor->dtype, &numbers.type) || numbers_whole(numbers.type))
        return refuse(file, tensor->name, fault, "expected dtype F64, F32, F16 or BF16", tensor->dtype);
    if (safetensors_numbers(file, tensor, &numbers, fault) != FAULT_NONE ||
        numbers_doubles(&numbers, first, 1, count, values, 1, fault) != FAULT_NONE)
        return fault->status;
    for (size_t i = 0; i < count; i++)
        if (!isfinite(values[i]))
            return refuse_infinite(file, tensor, first + i, values[i], fault);
    return FAULT_NONE;
}
