// SPDX-License-Identifier: GPL-3.0-or-later
// Labelled images for an experiment; see experiment_images.h.
#include "io/experiment_images.h"

#include "io/idx.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static experiment_images_t make_room(experiment_t *run, size_t side, size_t levels, size_t rows) {
    double *inputs = experiment_memory(run, calloc(rows * side * side, sizeof *inputs));
    size_t *labels = experiment_memory(run, calloc(rows, sizeof *labels));
    return (experiment_images_t){side, levels, {rows, inputs, labels}};
}

// The arrays of a set that is being filled.
static double *pixels_of(const experiment_images_t *images) {
    return (double *)images->data.inputs;
}

static size_t *labels_of(const experiment_images_t *images) {
    return (size_t *)images->data.labels;
}

void experiment_images_free(experiment_images_t *images) {
    free(pixels_of(images));
    free(labels_of(images));
    *images = (experiment_images_t){0};
}

// ---- Digits ----

// A column of whole numbers up to `most`.
static void read_column(experiment_t *run, const sheet_t *sheet, const char *name, double most,
                        double *column) {
    experiment_numbers(run, sheet, name, column);
    for (size_t i = 0; i < sheet->rows; i++)
        if (column[i] < 0 || column[i] > most || column[i] != floor(column[i]))
            experiment_stop(run, FAULT_INPUT, "%s: column %s: expected integers from 0 to %g, found %g",
                            sheet->path, name, most, column[i]);
}

experiment_images_t experiment_digits(experiment_t *run) {
    enum { SIDE = 8, LEVELS = 16 };
    sheet_t sheet;
    experiment_read(run, "digits.csv", &sheet);
    const experiment_images_t images = make_room(run, SIDE, LEVELS, sheet.rows);
    double *column = experiment_memory(run, calloc(sheet.rows, sizeof *column));
    for (size_t j = 0; j < SIDE * SIDE; j++) {
        char name[8];
        snprintf(name, sizeof name, "p%zu%zu", j / SIDE, j % SIDE);
        read_column(run, &sheet, name, LEVELS, column);
        for (size_t i = 0; i < sheet.rows; i++)
            pixels_of(&images)[i * SIDE * SIDE + j] = column[i] / LEVELS;
    }
    read_column(run, &sheet, "digit", EXPERIMENT_CLASSES - 1, column);
    for (size_t i = 0; i < sheet.rows; i++)
        labels_of(&images)[i] = (size_t)column[i];
    free(column);
    sheet_free(&sheet);
    return images;
}

// ---- Fashion-MNIST ----

enum { FASHION_SIDE = 28, BYTE_LEVELS = 256 };

static idx_t read_fashion(experiment_t *run, const char *path, size_t rank, size_t rows) {
    idx_t idx = {0};
    fault_t fault = {0};
    if (access(path, R_OK) != 0)
        experiment_stop(run, FAULT_INPUT,
                        "%s is missing; expected the Debian package dataset-fashion-mnist: make deps", path);
    idx_read(path, &idx, &fault);
    experiment_accept(run, &fault);
    bool fits = idx.rank == rank && idx.shape[0] >= rows;
    for (size_t axis = 1; axis < rank && fits; axis++)
        fits = idx.shape[axis] == FASHION_SIDE;
    if (!fits)
        experiment_stop(run, FAULT_INPUT, "%s: expected at least %zu %s", path, rows,
                        rank == 3 ? "images of 28 x 28 pixels" : "labels");
    return idx;
}

experiment_images_t experiment_fashion(experiment_t *run, experiment_part_t part, size_t first, size_t rows,
                                       size_t pool) {
    static const char *const image_files[] = {"/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz",
                                              "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz"};
    static const char *const label_files[] = {"/usr/share/datasets/fashion-mnist/train-labels-idx1-ubyte.gz",
                                              "/usr/share/datasets/fashion-mnist/t10k-labels-idx1-ubyte.gz"};
    const size_t side = FASHION_SIDE / pool, levels = BYTE_LEVELS * pool * pool,
                 bytes = FASHION_SIDE * FASHION_SIDE;
    const experiment_images_t images = make_room(run, side, levels, rows);
    idx_t pixels = read_fashion(run, image_files[part], 3, first + rows),
          labels = read_fashion(run, label_files[part], 1, first + rows);
    for (size_t i = 0; i < rows; i++) {
        const uint8_t *image = pixels.bytes + (first + i) * bytes;
        double *pooled = pixels_of(&images) + i * side * side;
        for (size_t p = 0; p < bytes; p++)
            pooled[p / FASHION_SIDE / pool * side + p % FASHION_SIDE / pool] += image[p] / (double)levels;
        labels_of(&images)[i] = labels.bytes[first + i];
        if (labels_of(&images)[i] >= EXPERIMENT_CLASSES)
            experiment_stop(run, FAULT_INPUT, "%s: label %zu: expected a number below %d, found %zu",
                            label_files[part], first + i, EXPERIMENT_CLASSES, labels_of(&images)[i]);
    }
    idx_clear(&pixels);
    idx_clear(&labels);
    return images;
}

// ---- Parts ----

experiment_images_t experiment_images_split(experiment_t *run, const experiment_images_t *all, size_t split,
                                            bool test) {
    const size_t d = all->side * all->side;
    experiment_images_t part = make_room(run, all->side, all->levels, all->data.rows);
    size_t count = 0;
    for (size_t row = 0; row < all->data.rows; row++) {
        if ((row % split == split - 1) != test)
            continue;
        memcpy(pixels_of(&part) + count * d, all->data.inputs + row * d, d * sizeof(double));
        labels_of(&part)[count++] = all->data.labels[row];
    }
    part.data.rows = count;
    return part;
}

void experiment_images_points(const experiment_images_t *images, const size_t *rows, fmpq_mat_t points) {
    const slong d = (slong)(images->side * images->side);
    for (slong i = 0; i < fmpq_mat_nrows(points); i++)
        for (slong j = 0; j < d; j++) {
            const double pixel = images->data.inputs[rows[i] * (size_t)d + (size_t)j];
            fmpq_set_si(fmpq_mat_entry(points, i, j), (slong)((double)images->levels * pixel),
                        images->levels);
        }
}
