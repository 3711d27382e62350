// SPDX-License-Identifier: GPL-3.0-or-later
// Dumps of a router: for each layer, rows (tokens) of scores of all experts, or of the numbers of the experts that were selected.
//
//     .npy                   (rows, experts), or (layers, rows, experts); floating-point numbers are scores, integers are expert
//                            numbers: the columns are the k selected ones
//     .safetensors           every tensor is a layer, (rows, experts), in natural order of the names ("layer.2" before
//                            "layer.10"); or one tensor (layers, rows, experts)
//     FILE.safetensors:NAME  one of several tensors
//     a folder               every .npy, .safetensors or .csv file in it, in natural order of the names
//     anything else          comma-separated text; a column of the header called `layer` splits it into layers, in the order of
//                            their first rows; columns called `token` and `row` are left out; cells that are all integers without
//                            repetition in a row, in the range of expert numbers, are expert numbers only when asked for
//
// A file of scores may be far larger than memory: files are mapped, or read block by block. No allocation is sized by a header that
// was not held against the file's size. Refused, with a FAULT_INPUT that names file, layer and row: numbers that are not finite,
// ragged rows, layers of different shape in one array, and all that io/npy.h, io/safetensors.h and io/array.h refuse.
#ifndef MOEGEOM_IO_DUMP_H
#define MOEGEOM_IO_DUMP_H

#include "io/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct dump dump_t;

typedef enum dump_kind { DUMP_SCORES, DUMP_CHOICES } dump_kind_t;

// How scores are to be read. Probabilities are rows in [0, 1] that sum to 1 within 0.01; their logarithms are taken (that of 0 is
// that of the least positive double), which keeps all differences of logits. DUMP_GUESS decides by the first rows of a layer, and
// a later row that contradicts is a FAULT_INPUT that names it.
typedef enum dump_scale { DUMP_GUESS, DUMP_LOGITS, DUMP_PROBABILITIES } dump_scale_t;

// Opens a dump and looks at the shape of all layers.
//   choices  read integers of a text as expert numbers
//   result   receives the dump, to be closed by dump_close; left as it was on a fault
fault_status_t dump_open(const char *path, dump_scale_t scale, bool choices, dump_t **result, fault_t *fault);
void dump_close(dump_t *dump); // NULL is allowed

dump_kind_t dump_kind(const dump_t *dump);
size_t dump_layers(const dump_t *dump); // at least 1
const char *dump_layer_name(const dump_t *dump,
                            size_t layer);             // of a tensor, a file, a text's cell, or the number
uint64_t dump_rows(const dump_t *dump, size_t layer);  // at least 1
size_t dump_columns(const dump_t *dump, size_t layer); // experts, or experts selected
bool dump_probabilities(const dump_t *dump, size_t layer); // whether logarithms are taken

// What was taken for something else than numbers, to be shown to the user; NULL when nothing was.
const char *dump_note(const dump_t *dump);

// Rows of 32-bit scores where they lie in a mapped file: logits in C order and the machine's byte order. NULL where a layer is
// stored otherwise or holds probabilities; dump_read is for these. Not checked for NaN and infinities. The pages may be dropped
// after dump_forget. A file that is cut short meanwhile ends the process by SIGBUS.
const float *dump_floats(const dump_t *dump, size_t layer, uint64_t first, size_t count);
void dump_forget(const dump_t *dump, size_t layer, uint64_t first, size_t count);

// Reads consecutive rows of logits; from several threads at once where dump_parallel says so.
//   values  receives count x columns finite numbers
fault_status_t dump_read(dump_t *dump, size_t layer, uint64_t first, size_t count, double *values,
                         fault_t *fault);
bool dump_parallel(const dump_t *dump);

// Reads expert numbers of consecutive rows; of DUMP_CHOICES.
//   choices  receives count x columns numbers; a row with a repeated or a negative one is refused
fault_status_t dump_choices(dump_t *dump, size_t layer, uint64_t first, size_t count, uint32_t *choices,
                            fault_t *fault);

// The fault of a number that is not finite, for rows read by dump_floats.
fault_status_t dump_refuse(const dump_t *dump, size_t layer, uint64_t row, size_t column, double value,
                           fault_t *fault);

#endif
