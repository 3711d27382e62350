// SPDX-License-Identifier: GPL-3.0-or-later
// Labelled images for an experiment: the digits that the project carries, and Fashion-MNIST.
//
// The digits are data/digits.csv (E. Alpaydin, C. Kaynak, UCI Optical Recognition of Handwritten Digits, CC BY 4.0).
// Fashion-MNIST (H. Xiao, K. Rasul, R. Vollgraf, arXiv:1708.07747, MIT) is read from where the Debian package
// dataset-fashion-mnist puts it. A file that is missing or malformed ends the program with a line that says so.
//
// Pixels are whole numbers over a power of two, so that a double holds them exactly.
#ifndef MOEGEOM_IO_EXPERIMENT_IMAGES_H
#define MOEGEOM_IO_EXPERIMENT_IMAGES_H

#include "io/experiment.h"
#include "routing/topk_layer.h"

#include <flint/fmpq_mat.h>

enum { EXPERIMENT_CLASSES = 10 }; // of both sets

typedef struct experiment_images {
    size_t side;      // an image is side x side pixels, row by row
    size_t levels;    // a pixel is 0 to `levels` over `levels`, a power of two
    topk_data_t data; // its arrays are owned
} experiment_images_t;

// All digits: side 8, levels 16.
experiment_images_t experiment_digits(experiment_t *run);

// Which part of Fashion-MNIST: 60,000 images or 10,000 others.
typedef enum experiment_part { FASHION_TRAINING, FASHION_TEST } experiment_part_t;

// Images of Fashion-MNIST, each square of `pool` x `pool` pixels made one: side 28 / pool, and a pixel is the sum of these bytes
// over 256 pool^2.
//   first, rows  which images; the file must have them
//   pool         1, 2 or 4
experiment_images_t experiment_fashion(experiment_t *run, experiment_part_t part, size_t first, size_t rows,
                                       size_t pool);

// The rows whose number leaves the remainder split - 1 (`test`), or all others; a copy.
experiment_images_t experiment_images_split(experiment_t *run, const experiment_images_t *all, size_t split,
                                            bool test);

// Some images as exact points.
//   rows    their numbers, one for each row of `points`
//   points  initialised, with side^2 columns; receives the pixels
void experiment_images_points(const experiment_images_t *images, const size_t *rows, fmpq_mat_t points);

void experiment_images_free(experiment_images_t *images); // of {0} too

#endif
