// SPDX-License-Identifier: GPL-3.0-or-later
// Reading tables; see sheet.h.
#include "io/sheet.h"

#include <csv.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What the callbacks of libcsv fill.
typedef struct reader {
    sheet_t table;
    size_t capacity;  // of table.cells
    size_t row_start; // first cell of the row being read
    size_t line;
    fault_t *fault;
} reader_t;

static int grow(reader_t *reader) {
    if (reader->table.filled < reader->capacity)
        return 1;
    const size_t capacity = reader->capacity ? 2 * reader->capacity : 64;
    char **cells = reallocarray(reader->table.cells, capacity, sizeof *cells);
    size_t *lines = reallocarray(reader->table.lines, capacity, sizeof *lines);
    if (cells != NULL)
        reader->table.cells = cells;
    if (lines != NULL)
        reader->table.lines = lines;
    if (cells == NULL || lines == NULL) {
        fault_set(reader->fault, FAULT_SYSTEM, "out of memory while reading %s", reader->table.path);
        return 0;
    }
    reader->capacity = capacity;
    return 1;
}

static void on_cell(void *text, size_t length, void *context) {
    reader_t *reader = context;
    if (!grow(reader))
        return;
    char *cell = strndup(length ? text : "", length);
    if (cell == NULL)
        fault_set(reader->fault, FAULT_SYSTEM, "out of memory while reading %s", reader->table.path);
    else
        reader->table.cells[reader->table.filled++] = cell;
}

static void on_row(int terminator, void *context) {
    (void)terminator;
    reader_t *reader = context;
    if (reader->fault->status != FAULT_NONE)
        return;
    const size_t width = reader->table.filled - reader->row_start;
    sheet_t *table = &reader->table;
    if (table->width == 0)
        table->width = width;
    else if (width != table->width)
        fault_set(reader->fault, FAULT_INPUT, "%s:%zu: expected %zu cells as in the header, found %zu",
                  table->path, reader->line, table->width, width);
    table->lines[reader->row_start / table->width] = reader->line;
    reader->row_start = reader->table.filled;
}

static void parse_lines(FILE *file, struct csv_parser *parser, reader_t *reader) {
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length = 0;
    while (reader->fault->status == FAULT_NONE && (length = getline(&line, &capacity, file)) >= 0) {
        reader->line++;
        if (line[0] == '#')
            continue;
        if (memchr(line, '\0', (size_t)length) != NULL)
            fault_set(reader->fault, FAULT_INPUT, "%s:%zu: a byte 0", reader->table.path, reader->line);
        if (csv_parse(parser, line, (size_t)length, on_cell, on_row, reader) != (size_t)length)
            fault_set(reader->fault, FAULT_INPUT, "%s:%zu: %s", reader->table.path, reader->line,
                      csv_strerror(csv_error(parser)));
    }
    if (ferror(file))
        fault_set(reader->fault, FAULT_SYSTEM, "cannot read %s: %s", reader->table.path, strerror(errno));
    if (csv_fini(parser, on_cell, on_row, reader) != 0)
        fault_set(reader->fault, FAULT_INPUT, "%s:%zu: a quote that is never closed", reader->table.path,
                  reader->line);
    free(line);
}

fault_status_t sheet_read(const char *path, char separator, sheet_t *table, fault_t *fault) {
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return fault_set(fault, FAULT_SYSTEM, "cannot read %s: %s", path, strerror(errno));
    struct csv_parser parser;
    csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_EMPTY_IS_NULL);
    csv_set_delim(&parser, (unsigned char)separator);
    if (separator == '\t')
        csv_set_quote(&parser, '\x1f'); // a byte that no text has: tab-separated files do not quote
    reader_t reader = {.table.path = strdup(path), .fault = fault};
    parse_lines(file, &parser, &reader);
    csv_free(&parser);
    fclose(file);
    if (fault->status == FAULT_NONE && reader.table.width == 0)
        fault_set(fault, FAULT_INPUT, "%s: expected a header line, found no line", path);
    if (fault->status != FAULT_NONE) {
        sheet_free(&reader.table);
        return fault->status;
    }
    reader.table.rows = reader.table.filled / reader.table.width - 1;
    *table = reader.table;
    return FAULT_NONE;
}

void sheet_free(sheet_t *table) {
    // On a fault the last row may be incomplete; `cells` beyond it are never handed out.
    for (size_t i = 0; table->cells != NULL && i < table->filled; i++)
        free(table->cells[i]);
    free(table->cells);
    free(table->lines);
    free(table->path);
    *table = (sheet_t){0};
}

fault_status_t sheet_column(const sheet_t *table, const char *name, size_t *column, fault_t *fault) {
    for (size_t i = 0; i < table->width; i++) {
        if (strcmp(table->cells[i], name) == 0) {
            *column = i;
            return FAULT_NONE;
        }
    }
    return fault_set(fault, FAULT_INPUT, "%s: expected a column named %s, found none", table->path, name);
}

const char *sheet_cell(const sheet_t *table, size_t row, size_t column) {
    return table->cells[(row + 1) * table->width + column];
}

fault_status_t sheet_numbers(const sheet_t *table, const char *name, double *values, fault_t *fault) {
    size_t column = 0;
    if (sheet_column(table, name, &column, fault) != FAULT_NONE)
        return fault->status;
    for (size_t row = 0; row < table->rows; row++) {
        const char *text = sheet_cell(table, row, column);
        char *end;
        values[row] = strtod(text, &end);
        if (end == text || *end != '\0' || !isfinite(values[row]))
            return fault_set(fault, FAULT_INPUT, "%s:%zu: expected a number in the column %s, found «%s»",
                             table->path, table->lines[row + 1], name, text);
    }
    return FAULT_NONE;
}
