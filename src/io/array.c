// SPDX-License-Identifier: GPL-3.0-or-later
// Files of numbers; see array.h.
#include "io/array.h"

#include "io/npy.h"
#include "io/quote.h"
#include "io/safetensors.h"
#include "io/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const uint64_t WIDEST = (uint64_t)1 << 32;

typedef fault_status_t (*read_t)(array_t *array, uint64_t first, size_t count, double *values,
                                 fault_t *fault);

struct array {
    char *name;
    const char *note; // or NULL
    size_t rank;
    uint64_t shape[ARRAY_RANK];
    size_t width;
    read_t read;
    int descriptor; // of a .npy file or a text, or -1
    npy_t npy;
    safetensors_t *tensors;
    const safetensors_tensor_t *tensor;
    text_t *text;
    text_place_t first; // of its first row
    uint64_t next;      // number of the row that it gives next
    double *kept;       // all its numbers, or NULL
    size_t kept_room;
    bool keep; // whether they are to be kept
};

// ---- Binary files ----

// Reads `count` numbers that lie one after another in the file; number i goes to values[i * stride].
//   row, turn  the row of the first number, and after how many numbers the next row starts
static fault_status_t read_numbers(array_t *array, uint64_t element, size_t count, double *values,
                                   size_t stride, uint64_t row, size_t turn, fault_t *fault) {
    const numbers_t numbers = npy_numbers(&array->npy, array->name, array->descriptor);
    if (numbers_doubles(&numbers, element, 1, count, values, stride, fault) != FAULT_NONE)
        return fault->status;
    for (size_t i = 0; i < count; i++)
        if (!isfinite(values[i * stride]))
            return fault_set(fault, FAULT_INPUT,
                             "%s: row %" PRIu64 " (from 0, of %" PRIu64 "), byte %" PRIu64
                             ": expected a finite number, found %s",
                             array->name, row + i / turn, array->shape[0],
                             numbers.begin + (element + i) * array->npy.item,
                             numbers_call(values[i * stride]));
    return FAULT_NONE;
}

// Where number `inner` of row 0 stands in a file whose first index runs fastest, in numbers.
static uint64_t fortran_place(const array_t *array, size_t inner) {
    uint64_t place = 0, step = array->npy.elements;
    for (size_t i = array->rank; i-- > 1; inner /= (size_t)array->shape[i]) {
        step /= array->shape[i]; // the product of the sizes before size i
        place += inner % (size_t)array->shape[i] * step;
    }
    return place;
}

static fault_status_t read_npy(array_t *array, uint64_t first, size_t count, double *values, fault_t *fault) {
    if (!array->npy.fortran)
        return read_numbers(array, first * array->width, count * array->width, values, 1, first, array->width,
                            fault);
    for (size_t inner = 0; inner < array->width && fault->status == FAULT_NONE; inner++)
        read_numbers(array, fortran_place(array, inner) + first, count, values + inner, array->width, first,
                     1, fault);
    return fault->status;
}

static fault_status_t read_tensor(array_t *array, uint64_t first, size_t count, double *values,
                                  fault_t *fault) {
    return safetensors_doubles(array->tensors, array->tensor, first * array->width, count * array->width,
                               values, fault);
}

// Takes over the sizes, and computes the width of a row.
static fault_status_t take_shape(array_t *array, size_t rank, const uint64_t *shape, fault_t *fault) {
    uint64_t width = 1;
    if (rank < 1)
        return fault_set(fault, FAULT_INPUT, "%s: expected an array of rows, found a single number",
                         array->name);
    for (size_t i = 0; i < rank; i++) {
        if (shape[i] == 0)
            return fault_set(fault, FAULT_INPUT, "%s: expected sizes of at least 1, found a size of 0",
                             array->name);
        array->shape[i] = shape[i];
        if (i > 0 && (__builtin_mul_overflow(width, shape[i], &width) || width > WIDEST))
            return fault_set(fault, FAULT_INPUT, "%s: expected at most 2^32 numbers in a row, found more",
                             array->name);
    }
    array->rank = rank;
    array->width = (size_t)width;
    return FAULT_NONE;
}

static fault_status_t open_npy(array_t *array, const unsigned char *start, size_t length, uint64_t size,
                               fault_t *fault) {
    array->read = read_npy;
    if (npy_header(array->name, start, length, size, &array->npy, fault) != FAULT_NONE)
        return fault->status;
    if (numbers_whole(array->npy.type))
        return fault_set(fault, FAULT_INPUT,
                         "%s: expected floating-point numbers (f2, f4 or f8), found integers", array->name);
    return take_shape(array, array->npy.rank, array->npy.shape, fault);
}

static fault_status_t choose_tensor(array_t *array, const char *wanted, fault_t *fault) {
    char room[QUOTE_ROOM];
    const size_t count = safetensors_count(array->tensors);
    array->tensor = wanted != NULL ? safetensors_find(array->tensors, wanted)
                    : count == 1   ? safetensors_tensor(array->tensors, 0)
                                   : NULL;
    if (array->tensor != NULL)
        return FAULT_NONE;
    const char *first = count > 0 ? safetensors_tensor(array->tensors, 0)->name : "none";
    if (wanted == NULL)
        return fault_set(fault, FAULT_INPUT,
                         "%s: expected the name of one of %zu tensors behind a colon, as in %s:%.60s",
                         array->name, count, array->name, first);
    return fault_set(fault, FAULT_INPUT, "%s: expected a tensor %s, found %zu others, the first one %.60s",
                     array->name, quote(room, wanted, strlen(wanted)), count, first);
}

static fault_status_t open_tensor(array_t *array, const char *wanted, fault_t *fault) {
    array->read = read_tensor;
    if (safetensors_open(array->name, &array->tensors, fault) == FAULT_NONE &&
        choose_tensor(array, wanted, fault) == FAULT_NONE)
        take_shape(array, array->tensor->rank, array->tensor->shape, fault);
    return fault->status;
}

// ---- Text ----

static fault_status_t read_text(array_t *array, uint64_t first, size_t count, double *values,
                                fault_t *fault) {
    bool end = false;
    if (array->kept != NULL) {
        memcpy(values, array->kept + first * array->width, count * array->width * sizeof *values);
        return FAULT_NONE;
    }
    if (first < array->next) {
        text_go(array->text, array->first);
        array->next = 0;
    }
    for (; array->next < first + count; array->next++) {
        const bool wanted = array->next >= first;
        if ((wanted ? text_next(array->text, &end, fault) : text_skim(array->text, &end, fault)) !=
            FAULT_NONE)
            return fault->status;
        if (end)
            return fault_set(fault, FAULT_INPUT, "cannot read %s: the file has become shorter", array->name);
        if (wanted)
            memcpy(values + (array->next - first) * array->width, text_row(array->text),
                   array->width * sizeof *values);
    }
    return FAULT_NONE;
}

// Keeps the last row, unless there are too many.
static fault_status_t keep_row(array_t *array, fault_t *fault) {
    const size_t used = (size_t)array->next * array->width, wanted = used + array->width;
    if (!array->keep)
        return FAULT_NONE;
    if (wanted > ARRAY_KEPT) {
        free(array->kept);
        array->kept = NULL;
        array->keep = false;
        return FAULT_NONE;
    }
    if (wanted > array->kept_room) {
        array->kept_room = 2 * wanted;
        double *kept = reallocarray(array->kept, array->kept_room, sizeof *kept);
        if (kept == NULL)
            return fault_set(fault, FAULT_SYSTEM, "out of memory while reading %s", array->name);
        array->kept = kept;
    }
    memcpy(array->kept + used, text_row(array->text), array->width * sizeof *array->kept);
    return FAULT_NONE;
}

// Reads the whole text once.
static fault_status_t open_text(array_t *array, fault_t *fault) {
    bool end;
    array->read = read_text;
    array->keep = true;
    if (text_open(array->name, array->descriptor, false, &array->text, fault) != FAULT_NONE)
        return fault->status;
    array->note = text_note(array->text);
    array->width = text_columns(array->text);
    for (;; array->next++) {
        if (text_next(array->text, &end, fault) != FAULT_NONE)
            return fault->status;
        if (end)
            break;
        if (array->next == 0)
            array->first = text_at(array->text);
        if (keep_row(array, fault) != FAULT_NONE)
            return fault->status;
    }
    if (array->next == 0)
        return fault_set(fault, FAULT_INPUT, "%s: expected rows of numbers, found none", array->name);
    return take_shape(array, 2, (uint64_t[]){array->next, array->width}, fault);
}

// ---- Every file ----

// Opens a regular file and reads its first bytes.
static fault_status_t open_start(array_t *array, unsigned char *start, size_t *length, uint64_t *size,
                                 fault_t *fault) {
    if (numbers_open(array->name, &array->descriptor, size, fault) != FAULT_NONE)
        return fault->status;
    *length = *size < NPY_START ? (size_t)*size : NPY_START;
    return numbers_bytes(array->name, array->descriptor, start, *length, 0, fault);
}

static fault_status_t open_other(array_t *array, fault_t *fault) {
    size_t length = 0;
    uint64_t size = 0;
    unsigned char *start = malloc(NPY_START);
    if (start == NULL)
        return fault_set(fault, FAULT_SYSTEM, "out of memory while reading %s", array->name);
    if (open_start(array, start, &length, &size, fault) == FAULT_NONE) {
        if (npy_recognise(start, length))
            open_npy(array, start, length, size, fault);
        else
            open_text(array, fault);
    }
    free(start);
    return fault->status;
}

fault_status_t array_open(const char *path, array_t **result, fault_t *fault) {
    const char *end = safetensors_suffix(path);
    array_t *array = calloc(1, sizeof *array);
    if (array != NULL) {
        array->descriptor = -1;
        array->name = end != NULL ? strndup(path, (size_t)(end - path)) : strdup(path);
    }
    if (array == NULL || array->name == NULL)
        fault_set(fault, FAULT_SYSTEM, "out of memory while reading %s", path);
    else if (end != NULL)
        open_tensor(array, *end == ':' ? end + 1 : NULL, fault);
    else
        open_other(array, fault);
    if (fault->status == FAULT_NONE)
        *result = array;
    else
        array_close(array);
    return fault->status;
}

void array_close(array_t *array) {
    if (array == NULL)
        return;
    if (array->descriptor >= 0)
        close(array->descriptor);
    text_close(array->text);
    free(array->kept);
    safetensors_close(array->tensors);
    free(array->name);
    free(array);
}

const char *array_name(const array_t *array) {
    return array->name;
}

const char *array_note(const array_t *array) {
    return array->note;
}

size_t array_rank(const array_t *array) {
    return array->rank;
}

const uint64_t *array_shape(const array_t *array) {
    return array->shape;
}

size_t array_width(const array_t *array) {
    return array->width;
}

fault_status_t array_read(array_t *array, uint64_t first, size_t count, double *values, fault_t *fault) {
    return array->read(array, first, count, values, fault);
}
