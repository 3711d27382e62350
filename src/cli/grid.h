// SPDX-License-Identifier: GPL-3.0-or-later
// Tables of text for people: columns as wide as their cells, cut into parts that fit the line.
#ifndef MOEGEOM_CLI_GRID_H
#define MOEGEOM_CLI_GRID_H

#include <stdio.h>

enum { GRID_CELL = 48, GRID_LINE = 100 };

typedef struct grid grid_t;

// An empty table; ends the program when memory is short, as all functions do.
//   command  for messages
grid_t *grid_alloc(const char *command);
void grid_free(grid_t *grid);

// Declares the next column, before the first cell. The first column is at the left of every part.
//   above  stands over `head`; NULL: the column belongs to the one before, and is not parted from it
void grid_column(grid_t *grid, const char *above, const char *head);

// Appends the next cell, row by row.
void grid_cell(grid_t *grid, const char *format, ...) __attribute__((format(printf, 2, 3)));

// Prints: the first column to the left, all others to the right.
void grid_print(const grid_t *grid, FILE *file);

#endif
