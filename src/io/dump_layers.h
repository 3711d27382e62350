// SPDX-License-Identifier: GPL-3.0-or-later
// The files of a dump, and where its layers lie in them; io/dump.h says which files and layers there are.
#ifndef MOEGEOM_IO_DUMP_LAYERS_H
#define MOEGEOM_IO_DUMP_LAYERS_H

#include "io/dump_text.h"
#include "io/numbers.h"
#include "io/safetensors.h"

typedef struct dump_file {
    char *path;
    int descriptor; // of a .npy file or a text, or -1
    safetensors_t *tensors;
    dump_text_t *text;
} dump_file_t;

typedef struct dump_layer {
    char *name;       // printable ASCII
    const char *path; // of its file
    uint64_t rows;
    size_t columns;
    bool whole;        // whether the file's type is one of integers
    numbers_t numbers; // of a binary file: row r, column c is number first + r row_step + c column_step
    uint64_t first, row_step, column_step;
    dump_text_t *text; // of a text, or NULL
    size_t number;     // of the layer in its text
} dump_layer_t;

typedef struct dump_list {
    dump_file_t **files;
    size_t file_count, file_room;
    dump_layer_t *layers;
    size_t count, room;
    size_t kept;     // numbers of texts that may still be kept in memory
    size_t left_out; // entries of a folder that are no layers
} dump_list_t;

// Finds all layers.
//   list   {0}; to be cleared by dump_list_clear in any case
//   fault  FAULT_INPUT for all that io/dump.h refuses by names, shapes and types
fault_status_t dump_list_find(dump_list_t *list, const char *path, fault_t *fault);
void dump_list_clear(dump_list_t *list);

#endif
