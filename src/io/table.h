// SPDX-License-Identifier: GPL-3.0-or-later
// Result tables: a CSV file for programs and the same rows, rounded for print, for LaTeX.
//
// The columns are declared once, with the digits that are meant: floating results are reproducible to the
// printed digits only, so a table never prints more. Rows are counted; a missing row or a value that is not
// finite is a fault.
#ifndef MOEGEOM_IO_TABLE_H
#define MOEGEOM_IO_TABLE_H

#include "io/fault.h"

#include <flint/fmpz.h>
#include <stddef.h>

// One column.
typedef struct table_column {
    const char *name; // header of the CSV column, [a-z0-9_]+
    const char *unit; // printed in the comment line; "1" for pure numbers
    const char *csv;  // printf format of a real cell (one double), or NULL for integer and text cells
    const char
        *tex; // printf format of a real cell in print, "" to print it as in the CSV, NULL to leave it out
} table_column_t;

typedef struct table table_t;

// Opens the table DIRECTORY/STEM.csv with DIRECTORY/STEM.rows.tex beside it.
//   caption  one line for the comment at the head of the CSV
//   columns  `width` columns, kept by reference until the table is closed
//   rows     the number of rows that will be written
//   result   receives the table, owned by the caller until table_commit or table_discard
fault_status_t table_open(const char *directory, const char *stem, const char *caption,
                          const table_column_t *columns, size_t width, size_t rows, table_t **result,
                          fault_t *fault);

// The stem under which the table was opened; valid until the table is closed.
const char *table_stem(const table_t *table);

// Append the next cell, row by row from left to right. Faults (a value that is not finite, a cell of the
// wrong kind, one row too many) are kept and reported by table_finish.
void table_real(table_t *table, double value);
// A real cell rounded to a multiple of 1/parts, never a negative zero: for coordinates of pictures.
void table_rounded(table_t *table, double value, double parts);
void table_integer(table_t *table, long long value);
void table_fmpz(table_t *table, const fmpz_t value); // as an integer cell, of any size
void table_text(table_t *table, const char *value);
// A whole row of real cells; `width` as declared.
void table_row(table_t *table, const double *values);

// Closes the files under their temporary names; reports every fault so far.
fault_status_t table_finish(table_t *table, fault_t *fault);

// Gives the files their names and frees the table, in every case.
fault_status_t table_commit(table_t *table, fault_t *fault);

// Removes the temporary files and frees the table; NULL is allowed.
void table_discard(table_t *table);

#endif
