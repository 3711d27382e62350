// SPDX-License-Identifier: GPL-3.0-or-later
// From the JSON of `moegeom margins` to the points that figures/own-*.gp draw.
//
// usage: own_points RESULT.json FOLDER
//
// Writes FOLDER/shape.gp, points.csv and quantiles.csv, and prints the names of the figures that have something to draw.
#include "io/margins_json.h"
#include "io/output.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

enum {
    STYLES = 7, // of casts, and the last of the other dump
    MOST_NUMBER = 1000000
};

static const double NEAREST = 0.062, MARGIN = 0.04; // of names, and around all points: parts of the axis

typedef struct points {
    margins_json_t result;
    const char *folder;
    fault_t fault;
} points_t;

// Logarithmic axes show nothing else.
static bool drawable(double rate) {
    return isfinite(rate) && rate > 0;
}

// The style of a cause, from 1; 0 for those that are not drawn over layers.
static size_t style_of(const margins_json_t *result, size_t cause) {
    const margins_kind_t kind = result->cause[cause].kind;
    const size_t cast = cause + 1 - result->compared;
    if (kind == MARGINS_BETWEEN)
        return STYLES;
    return kind == MARGINS_CAST && cast < STYLES ? cast : 0;
}

// ---- Over layers ----

// Where a layer is drawn: at its number when all names are ascending numbers, else at its place in the dump, from 1.
static bool numbered(const margins_json_t *result) {
    long before = -1;
    for (size_t i = 0; i < result->count; i++) {
        const char *name = json_values_text(margins_json_layer(result, i), "layer");
        char *end;
        const long number = strtol(name, &end, 10);
        if (end == name || *end != '\0' || number <= before || number > MOST_NUMBER)
            return false;
        before = number;
    }
    return true;
}

static long place_of(const margins_json_t *result, size_t layer) {
    if (!numbered(result))
        return (long)layer + 1;
    return strtol(json_values_text(margins_json_layer(result, layer), "layer"), NULL, 10);
}

// Whether some layer has something to draw, predicted or observed.
static bool has_points(const margins_json_t *result, size_t cause, bool predicted) {
    for (size_t i = 0; i < result->count; i++) {
        const margins_flips_t flips = margins_json_flips(result, i, &result->cause[cause]);
        if (drawable(predicted ? flips.predicted : flips.observed))
            return true;
    }
    return false;
}

// The least and the greatest logarithm of what is drawn; false when that is nothing.
static bool find_range(const margins_json_t *result, double *least, double *greatest) {
    *least = HUGE_VAL;
    *greatest = -HUGE_VAL;
    for (size_t c = 0; c < result->causes; c++)
        for (size_t i = 0; i < result->count; i++) {
            if (result->count > 1 && style_of(result, c) == 0)
                continue;
            const margins_flips_t flips = margins_json_flips(result, i, &result->cause[c]);
            const double rates[] = {flips.predicted, flips.observed};
            for (size_t r = 0; r < 2; r++)
                if (drawable(rates[r])) {
                    *least = fmin(*least, log(100 * rates[r]));
                    *greatest = fmax(*greatest, log(100 * rates[r]));
                }
        }
    const double room = MARGIN * (*greatest - *least) + 0.1;
    *least -= room;
    *greatest += room;
    return *least < *greatest;
}

typedef struct end {
    size_t style;
    const char *name;
    double height; // logarithm
} end_t;

static int by_height(const void *x, const void *y) {
    const double a = ((const end_t *)x)->height, b = ((const end_t *)y)->height;
    return (a > b) - (a < b);
}

// Where the lines of the last layer end; ascending.
static size_t find_ends(const margins_json_t *result, end_t ends[STYLES]) {
    size_t count = 0;
    for (size_t c = 0; c < result->causes; c++) {
        double height = NAN;
        for (size_t i = result->count; i-- > 0 && isnan(height);) {
            const margins_flips_t flips = margins_json_flips(result, i, &result->cause[c]);
            if (drawable(flips.predicted) || drawable(flips.observed))
                height = log(100 * (drawable(flips.predicted) ? flips.predicted : flips.observed));
        }
        if (style_of(result, c) > 0 && !isnan(height))
            ends[count++] = (end_t){style_of(result, c), result->cause[c].key, height};
    }
    qsort(ends, count, sizeof *ends, by_height);
    return count;
}

// Moves names apart, first up, then down from the top.
static void spread(end_t *ends, size_t count, double least, double greatest) {
    const double distance = NEAREST * (greatest - least);
    for (size_t i = 1; i < count; i++)
        ends[i].height = fmax(ends[i].height, ends[i - 1].height + distance);
    for (size_t i = count; i-- > 0;) {
        const double most = i + 1 == count ? greatest : ends[i + 1].height - distance;
        ends[i].height = fmin(ends[i].height, most);
    }
}

static void print_list(const margins_json_t *result, FILE *file, const char *name, bool predicted) {
    fprintf(file, "%s = \"", name);
    for (size_t c = 0; c < result->causes; c++)
        if (style_of(result, c) > 0 && has_points(result, c, predicted))
            fprintf(file, " %zu", style_of(result, c));
    fputs("\"\n", file);
}

// ---- Files ----

// A quantile of the gap in the last layer, or 0.
static double last_quantile(const margins_json_t *result, const char *order) {
    const json_t *layer = margins_json_layer(result, result->count - 1);
    const double value = json_values_number(json_object_get(layer, "gap_quantiles"), order);
    return drawable(value) ? value : 0;
}

// What gnuplot has to know before it plots.
static void write_shape(const margins_json_t *result, FILE *file) {
    double least, greatest;
    if (!find_range(result, &least, &greatest))
        least = 0, greatest = 1;
    end_t ends[MARGINS_CAUSES];
    const size_t count = find_ends(result, ends);
    spread(ends, count, least, greatest);
    fprintf(file, "layers = %zu\nfirst = %ld\nlast = %ld\nnamed = \"%s\"\n", result->count,
            place_of(result, 0), place_of(result, result->count - 1),
            numbered(result) ? "layer" : "layer, in the order of the dump");
    fprintf(file, "causes = %zu\nlowest = %.6g\nhighest = %.6g\n", result->causes, exp(least), exp(greatest));
    fprintf(file, "last_median = %.6g\nlast_smallest = %.6g\n", last_quantile(result, "0.5"),
            last_quantile(result, "0.01"));
    print_list(result, file, "predicted", true);
    print_list(result, file, "observed", false);
    fprintf(file, "array names[%d]\narray heights[%d]\n", STYLES, STYLES);
    fprintf(file, "do for [c = 1:%d] { heights[c] = 0 }\n", STYLES);
    for (size_t i = 0; i < count; i++)
        fprintf(file, "names[%zu] = \"%s\"\nheights[%zu] = %.6g\n", ends[i].style, ends[i].name,
                ends[i].style, exp(ends[i].height));
}

static void print_percents(FILE *file, const double *rates, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (drawable(rates[i]))
            fprintf(file, ",%.6g", 100 * rates[i]);
        else
            fputs(",NaN", file);
    fputc('\n', file);
}

static void write_points(const margins_json_t *result, FILE *file) {
    fputs("style,name,place,layer,predicted,observed,low,high\n", file);
    for (size_t c = 0; c < result->causes; c++)
        for (size_t i = 0; i < result->count; i++) {
            const margins_flips_t f = margins_json_flips(result, i, &result->cause[c]);
            const bool any = drawable(f.observed);
            const double rates[] = {f.predicted, f.observed, any ? f.low : NAN, any ? f.high : NAN};
            fprintf(file, "%zu,%s%s,%zu,%ld", style_of(result, c),
                    result->cause[c].kind == MARGINS_NOISE ? "noise " : "", result->cause[c].key, c + 1,
                    place_of(result, i));
            print_percents(file, rates, sizeof rates / sizeof *rates);
        }
}

static void write_quantiles(const margins_json_t *result, FILE *file) {
    static const char *const orders[] = {"0.01", "0.05", "0.25", "0.5", "0.75", "0.95"};
    enum { ORDERS = sizeof orders / sizeof *orders };
    fputs("layer,q01,q05,q25,q50,q75,q95\n", file);
    for (size_t i = 0; i < result->count; i++) {
        const json_t *quantiles = json_object_get(margins_json_layer(result, i), "gap_quantiles");
        fprintf(file, "%ld", place_of(result, i));
        for (size_t q = 0; q < ORDERS; q++) {
            const double value = json_values_number(quantiles, orders[q]);
            if (drawable(value))
                fprintf(file, ",%.6g", value);
            else
                fputs(",NaN", file);
        }
        fputc('\n', file);
    }
}

static void write_file(points_t *points, const char *name,
                       void (*write)(const margins_json_t *result, FILE *file)) {
    output_t *out = NULL;
    if (output_open_in(points->folder, name, &out, &points->fault) == FAULT_NONE) {
        write(&points->result, output_stream(out));
        output_commit(out, &points->fault);
    }
}

// Whether all quantiles that are drawn have some point.
static bool has_quantiles(const margins_json_t *result) {
    for (size_t i = 0; i < result->count; i++)
        if (drawable(
                json_values_number(json_object_get(margins_json_layer(result, i), "gap_quantiles"), "0.01")))
            return true;
    return false;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fputs("usage: own_points RESULT.json FOLDER\n", stderr);
        return FAULT_USAGE;
    }
    points_t points = {.folder = argv[2]};
    double least, greatest;
    if (margins_json_open(argv[1], &points.result, &points.fault) == FAULT_NONE) {
        const margins_json_t *result = &points.result;
        write_file(&points, "shape.gp", write_shape);
        write_file(&points, "points.csv", write_points);
        write_file(&points, "quantiles.csv", write_quantiles);
        if (result->count > 1 && has_quantiles(result))
            puts("gaps");
        if (result->scores && find_range(result, &least, &greatest))
            puts(result->count > 1 ? "flips" : "causes");
        margins_json_close(&points.result);
    }
    if (points.fault.status != FAULT_NONE)
        fprintf(stderr, "own_points: %s\n", points.fault.text);
    return (int)points.fault.status;
}
