// SPDX-License-Identifier: GPL-3.0-or-later
// Rows of comma-separated numbers (RFC 4180, by libcsv), a line a row, '#' for lines of comments.
//
// The first line is a header when it has no number, and also, as pandas writes tables, when it is 0,1,2,... to the letter and the
// second line is another. If the first of its names is empty, as in ",a,b" or ",0,1", the first column is an index and no
// numbers. In a text with labels it is a header, too, when a name in it is `layer`, `token` or `row`: such columns are labels and
// no numbers, and the first one called `layer` is given out with each row. text_note says what is not obvious.
//
// Rows are read in their order, from any place that was marked; memory is that of a line, of at most TEXT_LINE bytes.
//
// Refused, with a FAULT_INPUT that names file, line and row: cells that are no finite numbers, rows of different lengths, a carriage
// return within a line (old Macs end lines so, and all rows would be one), bytes 0, and by
// their first bytes archives (.npz, .pt), pickles and compressed files.
#ifndef MOEGEOM_IO_TEXT_H
#define MOEGEOM_IO_TEXT_H

#include "io/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TEXT_LINE = 1 << 26 };

typedef struct text text_t;

// Where a row starts.
typedef struct text_place {
    uint64_t offset; // byte
    uint64_t line;   // lines before it
    uint64_t row;    // its number, from 0
} text_place_t;

// Opens a text and finds out what its header is; the first row comes next.
//   name        of the file in messages; the caller's
//   descriptor  of a regular file; the caller's
//   labels      whether columns may be labels
//   result      receives the text, to be closed by text_close; left as it was on a fault
fault_status_t text_open(const char *name, int descriptor, bool labels, text_t **result, fault_t *fault);
void text_close(text_t *text); // NULL is allowed

size_t text_columns(const text_t *text);   // numbers in a row; 0 when there are no rows
bool text_layered(const text_t *text);     // whether a column is called `layer`
const char *text_note(const text_t *text); // NULL when there is nothing to say

// Reads the next row.
//   end  receives whether there is none
fault_status_t text_next(text_t *text, bool *end, fault_t *fault);

// The same for a row whose numbers are not wanted: they are not looked at, and text_row is undefined after it.
fault_status_t text_skim(text_t *text, bool *end, fault_t *fault);

// Reads on to the next row of a layer. Rows of others are passed over, and are taken to be well-formed.
//   layer  the cell in the column `layer`
fault_status_t text_find(text_t *text, const char *layer, bool *end, fault_t *fault);

// Of the row that was read last; until the next is read.
const double *text_row(const text_t *text);
const char *text_layer(const text_t *text); // the cell in the column `layer`; "" without one
text_place_t text_at(const text_t *text);

// Goes to a row, which comes next.
void text_go(text_t *text, text_place_t place);

#endif
