// SPDX-License-Identifier: GPL-3.0-or-later
// Layers in a comma-separated text; io/dump.h says which.
//
// A text is read to its end once, to be counted and checked. Its numbers stay in memory when there is room for them. Otherwise the
// places of at most 512 rows of each layer do, in equal steps, and rows are read from the place before them: in one pass where a
// layer's rows follow one another, and with a pass for each layer where layers take turns, in bounded memory in any case.
#ifndef MOEGEOM_IO_DUMP_TEXT_H
#define MOEGEOM_IO_DUMP_TEXT_H

#include "io/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct dump_text dump_text_t;

// Opens a text.
//   name        of the file; the caller's
//   descriptor  of a regular file; the caller's
//   most        layers at most
//   room        the numbers that may be kept; receives what is left of it
//   result      receives the text, to be closed by dump_text_close; left as it was on a fault
fault_status_t dump_text_open(const char *name, int descriptor, size_t most, size_t *room,
                              dump_text_t **result, fault_t *fault);
void dump_text_close(dump_text_t *text); // NULL is allowed

size_t dump_text_layers(const dump_text_t *text);
const char *dump_text_name(const dump_text_t *text, size_t layer); // NULL when no column is called `layer`
uint64_t dump_text_rows(const dump_text_t *text, size_t layer);
size_t dump_text_columns(const dump_text_t *text);
const char *dump_text_note(const dump_text_t *text); // of io/text.h
bool dump_text_kept(const dump_text_t *text); // whether all is in memory, so that threads may read at once

// Reads consecutive rows of a layer.
//   values  receives count x columns finite numbers
fault_status_t dump_text_read(dump_text_t *text, size_t layer, uint64_t first, size_t count, double *values,
                              fault_t *fault);

#endif
