// SPDX-License-Identifier: GPL-3.0-or-later
// libFuzzer target: headers of .npy files from memory, and any file of numbers through array_open. See run.sh.
#include "fuzz.h"

#include "io/array.h"
#include "io/npy.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_header(const uint8_t *data, size_t size) {
    fault_t fault = {0};
    npy_t npy;
    if (npy_header("numbers", data, size, size, &npy, &fault) != FAULT_NONE)
        fuzz_fault(&fault);
    else if (npy.data > size || (size - npy.data) / npy.item != npy.elements || npy.rank > NPY_RANK)
        abort();
}

// All rows, one by one and as a whole: the same finite numbers.
static void check_rows(array_t *array) {
    fault_t fault = {0};
    const size_t width = array_width(array), rows = (size_t)array_shape(array)[0];
    double *all = calloc(rows * width, sizeof *all), *row = calloc(width, sizeof *row);
    if (all == NULL || row == NULL)
        abort();
    if (array_read(array, 0, rows, all, &fault) != FAULT_NONE)
        fuzz_fault(&fault);
    for (size_t i = 0; i < rows && fault.status == FAULT_NONE; i++) {
        if (array_read(array, i, 1, row, &fault) != FAULT_NONE ||
            memcmp(row, all + i * width, width * sizeof *row) != 0)
            abort();
        for (size_t j = 0; j < width; j++)
            if (!isfinite(row[j]))
                abort();
    }
    free(all);
    free(row);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char path[64];
    fault_t fault = {0};
    array_t *array;
    check_header(data, size);
    const int file = fuzz_file(data, size, path);
    if (array_open(path, &array, &fault) == FAULT_NONE) {
        check_rows(array);
        array_close(array);
    } else
        fuzz_fault(&fault);
    close(file);
    return 0;
}
