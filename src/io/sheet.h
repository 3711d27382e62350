// SPDX-License-Identifier: GPL-3.0-or-later
// Reading tables: CSV with a header line and '#' comment lines (RFC 4180 quoting, by libcsv).
#ifndef MOEGEOM_IO_SHEET_H
#define MOEGEOM_IO_SHEET_H

#include "io/fault.h"

#include <stddef.h>

// A table in memory. All text belongs to the table.
typedef struct sheet {
    char *path;    // for messages
    size_t width;  // columns
    size_t rows;   // rows without the header
    char **cells;  // (rows + 1) x width, row-major; row 0 is the header
    size_t filled; // cells in use: (rows + 1) * width
    size_t *lines; // rows + 1: the line of the file where each row ends, counted from 1
} sheet_t;

// Reads a whole file; separator is ',' or '\t'. Tab-separated files are read without any quoting.
//   table  receives the table, to be freed by sheet_free; left as it was on a fault
//   fault  FAULT_SYSTEM when the file cannot be read; FAULT_INPUT with file and line when it is no such table
//          (no header, a row of another width, an unbalanced quote)
fault_status_t sheet_read(const char *path, char separator, sheet_t *table, fault_t *fault);

// Frees what sheet_read allocated and clears the table.
void sheet_free(sheet_t *table);

// The index of a column by its header name; FAULT_INPUT when there is none.
fault_status_t sheet_column(const sheet_t *table, const char *name, size_t *column, fault_t *fault);

// The text of a cell; row counts from 0 below the header.
const char *sheet_cell(const sheet_t *table, size_t row, size_t column);

// A column of finite numbers.
//   values  receives table->rows numbers, in the caller's array
//   fault   FAULT_INPUT with file, line and cell when a cell is not a finite number
fault_status_t sheet_numbers(const sheet_t *table, const char *name, double *values, fault_t *fault);

#endif
