// SPDX-License-Identifier: GPL-3.0-or-later
// Result tables: a CSV file and the same rows for LaTeX; see table.h.
#include "io/table.h"

#include "io/output.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct table {
    output_t *csv;
    output_t *tex;
    const table_column_t *columns;
    size_t width, rows;
    size_t cells;   // written so far
    int printed;    // a cell of this row is in the LaTeX file already
    char stem[256]; // for messages
    fault_t fault;
};

static output_t *open_beside(const char *directory, const char *stem, const char *suffix, fault_t *fault) {
    char *path = NULL;
    output_t *out = NULL;
    if (asprintf(&path, "%s/%s%s", directory, stem, suffix) < 0)
        fault_set(fault, FAULT_SYSTEM, "out of memory");
    else
        output_open(path, &out, fault);
    free(path);
    return out;
}

static void write_header(const table_t *table, const char *caption) {
    FILE *csv = output_stream(table->csv);
    fprintf(csv, "# %s; units:", caption);
    for (size_t i = 0; i < table->width; i++)
        fprintf(csv, "%s %s", i ? "," : "", table->columns[i].unit);
    fputc('\n', csv);
    for (size_t i = 0; i < table->width; i++)
        fprintf(csv, "%s%s", i ? "," : "", table->columns[i].name);
    fputc('\n', csv);
}

fault_status_t table_open(const char *directory, const char *stem, const char *caption,
                          const table_column_t *columns, size_t width, size_t rows, table_t **result,
                          fault_t *fault) {
    table_t *table = calloc(1, sizeof *table);
    if (table == NULL)
        return fault_set(fault, FAULT_SYSTEM, "out of memory");
    table->columns = columns;
    table->width = width;
    table->rows = rows;
    snprintf(table->stem, sizeof table->stem, "%s", stem);
    table->csv = open_beside(directory, stem, ".csv", fault);
    if (table->csv != NULL)
        table->tex = open_beside(directory, stem, ".rows.tex", fault);
    if (table->tex == NULL) {
        table_discard(table);
        return fault->status;
    }
    write_header(table, caption);
    *result = table;
    return FAULT_NONE;
}

const char *table_stem(const table_t *table) {
    return table->stem;
}

// Writes one cell to both files. `csv` and `tex` are the finished texts; tex is NULL where the column is not
// printed.
static void put(table_t *table, const char *csv, const char *tex) {
    const size_t column = table->cells % table->width;
    fprintf(output_stream(table->csv), "%s%s", column ? "," : "", csv);
    if (tex != NULL) {
        fprintf(output_stream(table->tex), "%s%s", table->printed ? " & " : "", tex);
        table->printed = 1;
    }
    table->cells++;
    if (table->cells % table->width == 0) {
        fputc('\n', output_stream(table->csv));
        if (table->printed)
            fputs(" \\\\\n", output_stream(table->tex));
        table->printed = 0;
    }
}

// The column of the next cell, or NULL (with a fault) when the table is full.
static const table_column_t *next_column(table_t *table) {
    if (table->cells < table->width * table->rows)
        return &table->columns[table->cells % table->width];
    fault_set(&table->fault, FAULT_INTERNAL, "table %s: more than the %zu rows that were announced",
              table->stem, table->rows);
    return NULL;
}

// The formats come from the table of columns in the experiment, not from outside.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static int print_real(char text[64], const char *format, double value) {
    const int length = snprintf(text, 64, format, value);
    return length >= 0 && length < 64;
}
#pragma GCC diagnostic pop

void table_real(table_t *table, double value) {
    const table_column_t *column = next_column(table);
    if (column == NULL)
        return;
    if (column->csv == NULL || !isfinite(value)) {
        fault_set(&table->fault, FAULT_INTERNAL, "table %s, column %s, row %zu: %s (%a)", table->stem,
                  column->name, table->cells / table->width + 1,
                  column->csv ? "the value is not finite" : "a real cell in a column without a format",
                  value);
        value = 0;
    }
    char csv[64] = "", tex[64] = "";
    int whole = print_real(csv, column->csv ? column->csv : "%g", value);
    if (column->tex != NULL && *column->tex != '\0')
        whole &= print_real(tex, column->tex, value);
    if (!whole)
        fault_set(&table->fault, FAULT_INTERNAL, "table %s, column %s: %a is too long in print", table->stem,
                  column->name, value);
    put(table, csv, column->tex == NULL ? NULL : *column->tex ? tex : csv);
}

// The column of the next cell, which must be an integer or a text; otherwise a fault, and NULL when the table is full.
static const table_column_t *next_literal(table_t *table) {
    const table_column_t *column = next_column(table);
    if (column != NULL && column->csv != NULL)
        fault_set(&table->fault, FAULT_INTERNAL, "table %s, column %s: the cell must be a real number",
                  table->stem, column->name);
    return column;
}

void table_rounded(table_t *table, double value, double parts) {
    table_real(table, nearbyint(value * parts) / parts + 0.0);
}

void table_integer(table_t *table, long long value) {
    const table_column_t *column = next_literal(table);
    if (column == NULL)
        return;
    char text[32];
    snprintf(text, sizeof text, "%lld", value);
    put(table, text, column->tex == NULL ? NULL : text);
}

void table_fmpz(table_t *table, const fmpz_t value) {
    char *text = fmpz_get_str(NULL, 10, value);
    table_text(table, text);
    flint_free(text);
}

void table_text(table_t *table, const char *value) {
    const table_column_t *column = next_literal(table);
    if (column == NULL)
        return;
    // Commas, quotes and line ends would need quoting; no table of ours needs them in a cell.
    if (strpbrk(value, ",\"\r\n") != NULL)
        fault_set(&table->fault, FAULT_INTERNAL,
                  "table %s, column %s: the text «%s» has a comma, a quote or a line end", table->stem,
                  column->name, value);
    put(table, value, column->tex == NULL ? NULL : value);
}

void table_row(table_t *table, const double *values) {
    for (size_t i = 0; i < table->width; i++)
        table_real(table, values[i]);
}

fault_status_t table_finish(table_t *table, fault_t *fault) {
    if (table->cells != table->width * table->rows)
        fault_set(&table->fault, FAULT_INTERNAL,
                  "table %s: %zu cells of %zu columns written, %zu rows announced", table->stem, table->cells,
                  table->width, table->rows);
    if (table->fault.status != FAULT_NONE)
        return fault_set(fault, table->fault.status, "%s", table->fault.text);
    if (output_finish(table->csv, fault) == FAULT_NONE)
        output_finish(table->tex, fault);
    return fault->status;
}

fault_status_t table_commit(table_t *table, fault_t *fault) {
    fault_status_t status = table_finish(table, fault);
    if (status == FAULT_NONE) {
        // The CSV last: it is what the build looks at to see whether the table is up to date.
        status = output_commit(table->tex, fault);
        table->tex = NULL;
    }
    if (status == FAULT_NONE) {
        status = output_commit(table->csv, fault);
        table->csv = NULL;
    }
    table_discard(table);
    return status;
}

void table_discard(table_t *table) {
    if (table == NULL)
        return;
    output_discard(table->csv);
    output_discard(table->tex);
    free(table);
}
