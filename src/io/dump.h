// SPDX-License-Identifier: GPL-3.0-or-later
// Dumps of a router: for each layer, rows (tokens) of scores of all experts, or of the numbers of the experts that were selected.
//
//     .npy                   (rows, experts), or (layers, rows, experts); floating-point numbers are scores, integers are expert
//                            numbers: the columns are the k selected ones
//     .safetensors           every tensor is a layer, (rows, experts), in natural order of the names ("layer.2" before
//                            "layer.10"); or one tensor (layers, rows, experts)
//     FILE.safetensors:NAME  one of several tensors
//     a folder               every .npy, .safetensors or .csv file in it, in natural order of the names, with all its layers;
//                            hidden files, files of other names and subfolders are left out (dump_note says how many)
//     anything else          comma-separated text, io/text.h; a column of the header called `layer` splits it into layers, in the
//                            order of their first rows, whatever the order of the rows is; columns called `token` and `row`
//                            are left out; cells that are all integers without repetition in a row, in the range of
//                            expert numbers, are expert numbers only when asked for
//
// A file of scores may be far larger than memory: files are read block by block (io/numbers.h), and of texts up to 128 MiB of numbers
// are kept. No allocation is sized by a header that was not held against the file's size. Refused, with a FAULT_INPUT that names
// file, layer and row (line, in a text): numbers that are not finite, ragged rows, scores of fewer than 2 experts, scores and expert
// numbers in one dump, more than DUMP_LAYERS layers or DUMP_COLUMNS columns, and all that io/npy.h, io/safetensors.h
// and io/text.h refuse.
#ifndef MOEGEOM_IO_DUMP_H
#define MOEGEOM_IO_DUMP_H

#include "io/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    DUMP_LAYERS = 1024,
    DUMP_COLUMNS = 1 << 20, // and all expert numbers are below
};

typedef struct dump dump_t;

typedef enum dump_kind { DUMP_SCORES, DUMP_CHOICES } dump_kind_t;

// How scores are to be read. Probabilities are rows in [0, 1] that sum to 1 within 0.01; their logarithms are taken (that of 0 is
// that of the least positive double), which keeps all differences of logits. DUMP_GUESS decides by the first 64
// rows of a layer: they are probabilities when all of them could be, and logits when at most half could; what is between, and a
// later row that is no probabilities among such, is a FAULT_INPUT that names the first row that could not be.
typedef enum dump_scale { DUMP_GUESS, DUMP_LOGITS, DUMP_PROBABILITIES } dump_scale_t;

// Opens a dump and looks at the shape of all layers.
//   choices  read integers of a text as expert numbers
//   result   receives the dump, to be closed by dump_close; left as it was on a fault
fault_status_t dump_open(const char *path, dump_scale_t scale, bool choices, dump_t **result, fault_t *fault);
void dump_close(dump_t *dump); // NULL is allowed

dump_kind_t dump_kind(const dump_t *dump);
size_t dump_layers(const dump_t *dump); // at least 1

// Of a tensor, a file, a text's cell, or the number; with the file's name before it in a folder. Printable ASCII: of other bytes
// it has \xNN, and "..." after the first 200.
const char *dump_layer_name(const dump_t *dump, size_t layer);

// The file of a layer.
const char *dump_path(const dump_t *dump, size_t layer);

uint64_t dump_rows(const dump_t *dump, size_t layer);      // at least 1
size_t dump_columns(const dump_t *dump, size_t layer);     // experts, or experts selected
bool dump_probabilities(const dump_t *dump, size_t layer); // whether logarithms are taken

// What was taken for something else than numbers, to be shown to the user; NULL when nothing was.
const char *dump_note(const dump_t *dump);

// Whether a layer's scores are logits of which each is a 32-bit number: stored as binary32, binary16 or bfloat16, in any order.
bool dump_single(const dump_t *dump, size_t layer);

// Reads consecutive rows of such a layer; from several threads at once. NaN and infinities stay what they are: dump_refuse is for
// these. Blocks of 64 to 512 KiB into the same buffer of each thread are fastest: they stay in the cache.
//   values  receives count x columns numbers
fault_status_t dump_floats(const dump_t *dump, size_t layer, uint64_t first, size_t count, float *values,
                           fault_t *fault);

// Reads consecutive rows of logits; from several threads at once where dump_parallel says so.
//   values  receives count x columns finite numbers
fault_status_t dump_read(dump_t *dump, size_t layer, uint64_t first, size_t count, double *values,
                         fault_t *fault);
bool dump_parallel(const dump_t *dump);

// Reads expert numbers of consecutive rows; of DUMP_CHOICES.
//   choices  receives count x columns numbers; a row with a repeated or a negative one, one that
//            is no integer or not below DUMP_COLUMNS, is refused
fault_status_t dump_choices(dump_t *dump, size_t layer, uint64_t first, size_t count, uint32_t *choices,
                            fault_t *fault);

// The fault of a number that is not finite, for rows read by dump_floats.
//   column  of the number
fault_status_t dump_refuse(const dump_t *dump, size_t layer, uint64_t row, size_t column, double value,
                           fault_t *fault);

#endif
