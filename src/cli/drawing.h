// SPDX-License-Identifier: GPL-3.0-or-later
// Draws a planar layer with gnuplot.
#ifndef MOEGEOM_CLI_DRAWING_H
#define MOEGEOM_CLI_DRAWING_H

#include "geometry/layer.h"
#include "io/fault.h"

#include <flint/fmpq_mat.h>
#include <stdbool.h>

// Whether the name ends in .svg or .pdf.
bool drawing_knows(const char *path);

// Draws a layer of dimension 2 that is the slice of another through three points, in the window around them.
//   points  3 x d rationals
//   margin  as in picture_frame_around
//   path    .svg or .pdf; appears when it is complete
//   fault   FAULT_SYSTEM when gnuplot cannot be run or fails, FAULT_INPUT for points that are too far apart
fault_status_t drawing_write(const layer_t *layer, const fmpq_mat_t points, double margin, const char *path,
                             fault_t *fault);

#endif
