// SPDX-License-Identifier: GPL-3.0-or-later
// Compares two result tables: text and integers to the letter, decimals to one unit of the last printed
// digit.
//
// usage: compare REFERENCE NEW
//
// Prints one line, "Reproduced NEW" or "Changed NEW: where"; status 0, 1, or that of io/fault.h. Of a .claims
// file the verdicts, methods and relations are compared; its numbers are rounding errors and margins, which
// another processor may have otherwise.
#include "io/ending.h"
#include "io/sheet.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Reads a decimal number with a point or an exponent; `unit` receives the value of its last digit.
static bool parse_decimal(const char *text, double *value, double *unit) {
    char *end;
    *value = strtod(text, &end);
    const size_t mantissa = strcspn(text, "eE");
    if (end == text || *end != '\0' || strpbrk(text, ".eE") == NULL)
        return false;
    const char *point = memchr(text, '.', mantissa);
    const long digits = point ? (long)(text + mantissa - point - 1) : 0;
    const long exponent = text[mantissa] ? strtol(text + mantissa + 1, NULL, 10) : 0;
    *unit = pow(10, (double)(exponent - digits));
    return true;
}

static bool same_cell(const char *reference, const char *found) {
    if (strcmp(reference, found) == 0)
        return true;
    double a, b, unit_a, unit_b;
    if (!parse_decimal(reference, &a, &unit_a) || !parse_decimal(found, &b, &unit_b))
        return false;
    // A hair more than one unit, for the rounding of the decimal numbers themselves.
    return fabs(a - b) <= fmax(unit_a, unit_b) * (1 + 1e-6);
}

static bool is_compared(const char *path, const char *column) {
    static const char *const claims[] = {"id", "verdict", "method", "relation"};
    if (!ending_is(path, ".claims"))
        return true;
    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++)
        if (strcmp(column, claims[i]) == 0)
            return true;
    return false;
}

// Describes the first difference; returns false when there is none.
static bool find_difference(const sheet_t *reference, const sheet_t *found, char text[512]) {
    if (reference->width != found->width || reference->rows != found->rows) {
        snprintf(text, 512, "%zu rows of %zu columns, the reference has %zu of %zu", found->rows,
                 found->width, reference->rows, reference->width);
        return true;
    }
    for (size_t i = 0; i < (reference->rows + 1) * reference->width; i++) {
        const char *column = reference->cells[i % reference->width];
        if (is_compared(reference->path, column) && !same_cell(reference->cells[i], found->cells[i])) {
            snprintf(text, 512, "line %zu, column %s: %s, the reference has %s",
                     found->lines[i / found->width], column, found->cells[i], reference->cells[i]);
            return true;
        }
    }
    return false;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fputs("usage: compare REFERENCE NEW\n", stderr);
        return FAULT_USAGE;
    }
    fault_t fault = {0};
    sheet_t reference = {0}, found = {0};
    const char separator = ending_is(argv[1], ".claims") ? '\t' : ',';
    if (sheet_read(argv[1], separator, &reference, &fault) == FAULT_NONE)
        sheet_read(argv[2], separator, &found, &fault);
    char text[512];
    const bool differs = fault.status == FAULT_NONE && find_difference(&reference, &found, text);
    if (fault.status != FAULT_NONE)
        fprintf(stderr, "compare: %s\n", fault.text);
    else if (differs)
        printf("Changed    %s: %s\n", argv[2], text);
    else
        printf("Reproduced %s\n", argv[2]);
    sheet_free(&reference);
    sheet_free(&found);
    return fault.status != FAULT_NONE ? (int)fault.status : (int)differs;
}
