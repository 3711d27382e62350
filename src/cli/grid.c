// SPDX-License-Identifier: GPL-3.0-or-later
// Tables of text; see grid.h.
#include "cli/grid.h"

#include "cli/options.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef struct column {
    char above[GRID_CELL], head[GRID_CELL];
    bool joined;
} column_t;

struct grid {
    const char *command;
    size_t columns, cells, room;
    column_t *column;
    char (*cell)[GRID_CELL];
};

grid_t *grid_alloc(const char *command) {
    grid_t *grid = calloc(1, sizeof *grid);
    if (grid == NULL)
        options_stop(command, FAULT_SYSTEM, "out of memory for a table");
    grid->command = command;
    return grid;
}

void grid_free(grid_t *grid) {
    free(grid->column);
    free(grid->cell);
    free(grid);
}

void grid_column(grid_t *grid, const char *above, const char *head) {
    column_t *column = reallocarray(grid->column, grid->columns + 1, sizeof *column);
    if (column == NULL)
        options_stop(grid->command, FAULT_SYSTEM, "out of memory for a table");
    grid->column = column;
    column += grid->columns++;
    column->joined = above == NULL;
    snprintf(column->above, GRID_CELL, "%s", above == NULL ? "" : above);
    snprintf(column->head, GRID_CELL, "%s", head);
}

void grid_cell(grid_t *grid, const char *format, ...) {
    if (grid->cells == grid->room) {
        const size_t room = 2 * grid->room + 256;
        char(*cell)[GRID_CELL] = reallocarray(grid->cell, room, sizeof *cell);
        if (cell == NULL)
            options_stop(grid->command, FAULT_SYSTEM, "out of memory for a table");
        grid->cell = cell;
        grid->room = room;
    }
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(grid->cell[grid->cells++], GRID_CELL, format, arguments);
    va_end(arguments);
}

// ---- Printing ------------------------------------------------------------------------------------------------------

static int longer(int width, const char *text) {
    const int length = (int)strlen(text);
    return length > width ? length : width;
}

static int column_width(const grid_t *grid, size_t column) {
    int width = longer(longer(0, grid->column[column].above), grid->column[column].head);
    for (size_t i = column; i < grid->cells; i += grid->columns)
        width = longer(width, grid->cell[i]);
    return width;
}

static int spaced_width(const grid_t *grid, size_t column) {
    return column_width(grid, column) + (grid->column[column].joined ? 1 : 2);
}

// The end of the part that starts at a column: as many groups of joined columns as fit, one at least.
static size_t find_end(const grid_t *grid, size_t from) {
    int used = column_width(grid, 0);
    size_t end = from;
    for (size_t next = from; next < grid->columns; end = next) {
        do
            used += spaced_width(grid, next++);
        while (next < grid->columns && grid->column[next].joined);
        if (used > GRID_LINE && end > from)
            break;
    }
    return end;
}

// A line; `texts` finds the text of a column.
static void print_line(const grid_t *grid, FILE *file, size_t from, size_t to,
                       const char *(*text)(const grid_t *grid, size_t column, size_t row), size_t row) {
    char line[4096];
    int length = snprintf(line, sizeof line, "%-*s", column_width(grid, 0), text(grid, 0, row));
    for (size_t c = from; c < to && length < (int)sizeof line - 2 * GRID_CELL; c++)
        length += snprintf(line + length, sizeof line - (size_t)length, "%*s", spaced_width(grid, c),
                           text(grid, c, row));
    while (length > 0 && line[length - 1] == ' ')
        length--;
    if (length > 0)
        fprintf(file, "%.*s\n", length, line);
}

static const char *text_above(const grid_t *grid, size_t column, size_t row) {
    (void)row;
    return grid->column[column].above;
}

static const char *text_head(const grid_t *grid, size_t column, size_t row) {
    (void)row;
    return grid->column[column].head;
}

static const char *text_cell(const grid_t *grid, size_t column, size_t row) {
    return grid->cell[row * grid->columns + column];
}

void grid_print(const grid_t *grid, FILE *file) {
    for (size_t from = 1, to; from < grid->columns; from = to) {
        to = find_end(grid, from);
        print_line(grid, file, from, to, text_above, 0);
        print_line(grid, file, from, to, text_head, 0);
        for (size_t row = 0; row < grid->cells / grid->columns; row++)
            print_line(grid, file, from, to, text_cell, row);
        if (to < grid->columns)
            fputc('\n', file);
    }
}
