// SPDX-License-Identifier: GPL-3.0-or-later
// Number formats of few bits; see rounding.h.
#include "number/rounding.h"

#include <ctype.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- Names ----

static rounding_t floating(int exponent_bits, int fraction_bits) {
    const int bias = (1 << (exponent_bits - 1)) - 1;
    return (rounding_t){.kind = ROUNDING_FLOAT,
                        .bits = fraction_bits + 1,
                        .least = 1 - bias,
                        .greatest = ldexp(2 - ldexp(1, -fraction_bits), bias)};
}

static rounding_t integer(int bits) {
    return (rounding_t){.kind = ROUNDING_INTEGER, .bits = bits, .greatest = ldexp(1, bits - 1) - 1};
}

// E4M3 of the Open Compute Project has no infinity, and only the pattern above 448 is NaN.
static rounding_t ocp_e4m3(void) {
    rounding_t format = floating(4, 3);
    format.greatest = 448;
    return format;
}

static bool parse_special(const char *name, rounding_t *result) {
    const struct {
        const char *name;
        rounding_t format;
    } special[] = {{"bf16", floating(8, 7)},  {"fp16", floating(5, 10)},    {"fp32", floating(8, 23)},
                   {"tf32", floating(8, 10)}, {"fp8-e5m2", floating(5, 2)}, {"fp8-e4m3", ocp_e4m3()}};
    for (size_t i = 0; i < sizeof special / sizeof *special; i++)
        if (strcmp(name, special[i].name) == 0) {
            *result = special[i].format;
            return true;
        }
    return false;
}

// A number of one or two digits, without sign or leading zeros; `end` is set behind it. -1 for anything else.
static int parse_count(const char *text, const char **end) {
    if (!isdigit((unsigned char)text[0]) || (text[0] == '0' && isdigit((unsigned char)text[1])))
        return -1;
    int value = 0;
    for (*end = text; *end < text + 2 && isdigit((unsigned char)**end); ++*end)
        value = 10 * value + (**end - '0');
    return value;
}

static bool parse_integer(const char *name, rounding_t *result) {
    const char *end;
    const int bits = strncmp(name, "int", 3) == 0 ? parse_count(name + 3, &end) : -1;
    if (bits < 2 || bits > 24 || *end != 0)
        return false;
    *result = integer(bits);
    return true;
}

static bool parse_floating(const char *name, rounding_t *result) {
    const char *end;
    const int exponent = name[0] == 'e' ? parse_count(name + 1, &end) : -1;
    if (exponent < 2 || exponent > 8 || *end != 'm')
        return false;
    const int fraction = parse_count(end + 1, &end);
    if (fraction < 0 || fraction > 23 || *end != 0)
        return false;
    *result = floating(exponent, fraction);
    return true;
}

bool rounding_parse(const char *name, rounding_t *result) {
    rounding_t format;
    if (strlen(name) >= ROUNDING_NAME ||
        !(parse_special(name, &format) || parse_integer(name, &format) || parse_floating(name, &format)))
        return false;
    snprintf(format.name, sizeof format.name, "%s", name);
    *result = format;
    return true;
}

// ---- Numbers ----

// The greatest power of two that is at most x; x is finite and at least the smallest normal double.
static inline double power_below(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    bits &= UINT64_C(0x7ff0000000000000);
    memcpy(&x, &bits, sizeof x);
    return x;
}

// 2^e for a normal double; ldexp takes longer than a rounding.
static inline double power_of_two(int exponent) {
    const uint64_t bits = (uint64_t)(exponent + 1023) << 52;
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

// Adding and taking away 3/2 2^52 units leaves the nearest integer number of units, of two such the even one, as long as
// they are below 2^51.
static const double SHIFT = 0x1.8p52;

// One instruction each, unlike fmin and fmax, which must look for NaN.
static inline double lesser(double x, double y) {
    return x < y ? x : y;
}

static inline double greater(double x, double y) {
    return x > y ? x : y;
}

// What stays the same along a row.
typedef struct grid {
    double normal;   // the smallest normal number
    double greatest; // magnitude
    double shift;    // SHIFT times the spacing at 1
} grid_t;

static inline grid_t grid_of(const rounding_t *format) {
    return (grid_t){power_of_two(format->least), format->greatest, SHIFT * power_of_two(1 - format->bits)};
}

static inline double round_floating(grid_t grid, double value) {
    const double size = lesser(fabs(value), grid.greatest);
    const double shift = grid.shift * power_below(greater(size, grid.normal));
    return copysign((size + shift) - shift, value);
}

static inline double round_integer(double greatest, double unit, double value) {
    const double size = lesser((fabs(value) / unit + SHIFT) - SHIFT, greatest);
    return copysign(size * unit, value);
}

double rounding_unit(const rounding_t *format, const double *values, size_t n) {
    if (format->kind == ROUNDING_FLOAT)
        return 1;
    double most = 0;
    for (size_t i = 0; i < n; i++)
        most = greater(most, fabs(values[i]));
    const double unit = most / format->greatest;
    return unit > 0 ? unit : 1;
}

double rounding_apply(const rounding_t *format, double unit, double value) {
    return format->kind == ROUNDING_FLOAT ? round_floating(grid_of(format), value)
                                          : round_integer(format->greatest, unit, value);
}

double rounding_spacing(const rounding_t *format, double unit, double value) {
    if (format->kind == ROUNDING_INTEGER)
        return unit;
    const grid_t grid = grid_of(format);
    return power_below(greater(lesser(fabs(value), grid.greatest), grid.normal)) *
           power_of_two(1 - format->bits);
}

bool rounding_interval(const rounding_t *format, double unit, double value, double *low, double *high) {
    if (format->kind == ROUNDING_FLOAT && fabs(value) >= format->greatest)
        return false;
    const double spacing = rounding_spacing(format, unit, value);
    const double inner = floor(fabs(value) / spacing) * spacing, outer = inner + spacing;
    *low = value < 0 ? -outer : inner;
    *high = value < 0 ? -inner : outer;
    return true;
}

void rounding_row(const rounding_t *format, const double *values, size_t n, double *rounded) {
    if (format->kind == ROUNDING_FLOAT) {
        const grid_t grid = grid_of(format);
        for (size_t i = 0; i < n; i++)
            rounded[i] = round_floating(grid, values[i]);
        return;
    }
    const double unit = rounding_unit(format, values, n);
    for (size_t i = 0; i < n; i++)
        rounded[i] = round_integer(format->greatest, unit, values[i]);
}
