// SPDX-License-Identifier: GPL-3.0-or-later
// What several fuzz targets share; see fuzz.h.
#include "fuzz.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void expect(bool condition) {
    if (!condition)
        abort();
}

void fuzz_need(bool given) {
    if (given)
        return;
    perror("a fuzz target cannot work");
    _exit(FAULT_SYSTEM);
}

void fuzz_fault(const fault_t *fault) {
    expect(fault->status == FAULT_INPUT);
    for (const char *c = fault->text; *c; c++)
        expect((*c < 0 || *c >= ' ') && *c != 127);
}

int fuzz_file(const uint8_t *data, size_t size, char path[64]) {
    const int file = memfd_create("numbers", 0);
    fuzz_need(file >= 0 && write(file, data, size) == (ssize_t)size);
    snprintf(path, 64, "/proc/self/fd/%d", file);
    return file;
}

int fuzz_headed(const uint8_t *data, size_t size, const char *start, size_t length, size_t digits,
                char path[64]) {
    uint8_t *bytes = malloc(length + size);
    size_t header = size;
    fuzz_need(bytes != NULL);
    while (header > 0 && data[header - 1] != '}')
        header--;
    memcpy(bytes, start, length);
    for (size_t i = 0; i < digits; i++)
        bytes[length - digits + i] = (uint8_t)(header >> 8 * i & 255);
    memcpy(bytes + length, data, size);
    const int file = fuzz_file(bytes, length + size, path);
    free(bytes);
    return file;
}

static void *room(size_t count, size_t size) {
    void *bytes = calloc(count, size);
    fuzz_need(bytes != NULL);
    return bytes;
}

static void check_floats(const dump_t *dump, size_t layer, const double *all) {
    fault_t fault = {0};
    const size_t rows = (size_t)dump_rows(dump, layer), size = rows * dump_columns(dump, layer);
    float *single = room(size, sizeof *single);
    expect(dump_floats(dump, layer, 0, rows, single, &fault) == FAULT_NONE);
    for (size_t i = 0; i < size; i++)
        expect((double)single[i] == all[i]);
    free(single);
}

static void check_scores(dump_t *dump, size_t layer) {
    fault_t fault = {0};
    const size_t rows = (size_t)dump_rows(dump, layer), columns = dump_columns(dump, layer);
    double *all = room(rows * columns, sizeof *all), *row = room(columns, sizeof *row);
    if (dump_read(dump, layer, 0, rows, all, &fault) != FAULT_NONE)
        fuzz_fault(&fault);
    for (size_t i = rows; i-- > 0 && fault.status == FAULT_NONE;) { // not in the order of the file
        expect(dump_read(dump, layer, i, 1, row, &fault) == FAULT_NONE);
        expect(memcmp(row, all + i * columns, columns * sizeof *row) == 0);
        for (size_t j = 0; j < columns; j++)
            expect(isfinite(row[j]));
    }
    if (fault.status == FAULT_NONE && dump_single(dump, layer))
        check_floats(dump, layer, all);
    free(all);
    free(row);
}

static void check_choices(dump_t *dump, size_t layer) {
    fault_t fault = {0};
    const size_t rows = (size_t)dump_rows(dump, layer), columns = dump_columns(dump, layer);
    uint32_t *all = room(rows * columns, sizeof *all), *row = room(columns, sizeof *row);
    if (dump_choices(dump, layer, 0, rows, all, &fault) != FAULT_NONE)
        fuzz_fault(&fault);
    for (size_t i = 0; i < rows && fault.status == FAULT_NONE; i++) {
        expect(dump_choices(dump, layer, i, 1, row, &fault) == FAULT_NONE);
        expect(memcmp(row, all + i * columns, columns * sizeof *row) == 0);
    }
    free(all);
    free(row);
}

static void check_dump(const char *path, dump_scale_t scale, bool choices) {
    fault_t fault = {0};
    dump_t *dump;
    if (dump_open(path, scale, choices, &dump, &fault) != FAULT_NONE) {
        fuzz_fault(&fault);
        return;
    }
    for (size_t i = 0; i < dump_layers(dump); i++)
        if (dump_kind(dump) == DUMP_SCORES)
            check_scores(dump, i);
        else
            check_choices(dump, i);
    dump_close(dump);
}

void fuzz_dump(const char *path) {
    check_dump(path, DUMP_GUESS, false);
    check_dump(path, DUMP_LOGITS, true);
    check_dump(path, DUMP_PROBABILITIES, false);
}
