// SPDX-License-Identifier: GPL-3.0-or-later
// Options of the subcommands; see options.h.
#include "cli/options.h"

#include "geometry/slice.h"
#include "io/option.h"

#include <errno.h>
#include <gsl/gsl_errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void options_stop(const char *command, fault_status_t status, const char *format, ...) {
    va_list arguments;
    char text[FAULT_TEXT];
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fault_tame(text);
    fprintf(stderr, "moegeom %s: %s\n", command, text);
    exit((int)status);
}

void options_check(const char *command, const fault_t *fault) {
    if (fault->status != FAULT_NONE)
        options_stop(command, fault->status, "%s", fault->text);
}

void options_require(const char *command, int status, const char *what) {
    if (status == GSL_SUCCESS)
        return;
    const fault_status_t kind = status == GSL_ENOMEM ? FAULT_SYSTEM : FAULT_INTERNAL;
    options_stop(command, kind, "%s: %s", what, gsl_strerror(status));
}

// Ends the program when an option stands twice among the arguments, before any of them is taken: the last one would win
// without a word.
static void refuse_repeated(int argc, char **argv, const struct option *options) {
    bool seen[UCHAR_MAX + 1] = {false};
    char **copy = reallocarray(NULL, (size_t)argc + 1, sizeof *copy); // getopt_long changes the order
    if (copy == NULL)
        options_stop(argv[0], FAULT_SYSTEM, "out of memory");
    memcpy(copy, argv, ((size_t)argc + 1) * sizeof *copy);
    int index = -1;
    for (int option; (option = getopt_long(argc, copy, ":h", options, &index)) != -1; index = -1) {
        if (index < 0)
            continue;
        if (seen[option])
            options_stop(argv[0], FAULT_USAGE, "--%s is given twice; --help lists the options",
                         options[index].name);
        seen[option] = true;
    }
    free(copy);
    optind = 0; // from the start again
}

int options_next(int argc, char **argv, const struct option *options, const char *help) {
    opterr = 0;
    if (optind == 1)
        refuse_repeated(argc, argv, options);
    const int option = getopt_long(argc, argv, ":h", options, NULL);
    switch (option) {
    case 'h':
        fputs(help, stdout);
        options_flush(argv[0]);
        exit(EXIT_SUCCESS);
    case ':':
        options_stop(argv[0], FAULT_USAGE, "%s expects a value; --help lists the options", argv[optind - 1]);
    case '?':
        if (optopt != 0)
            options_stop(argv[0], FAULT_USAGE, "unknown option -%c; --help lists the options", optopt);
        options_stop(argv[0], FAULT_USAGE, "unknown option %s; --help lists the options", argv[optind - 1]);
    default:
        return option;
    }
}

uint64_t options_integer(const char *command, const char *option, const char *text, uint64_t low,
                         uint64_t high) {
    fault_t fault = {0};
    uint64_t value = 0;
    option_integer(option, text, low, high, &value, &fault);
    options_check(command, &fault);
    return value;
}

double options_real(const char *command, const char *option, const char *text, double low, double high) {
    fault_t fault = {0};
    double value = 0;
    option_real(option, text, low, high, &value, &fault);
    options_check(command, &fault);
    return value;
}

const char *options_argument(int argc, char **argv, const char *what) {
    if (optind >= argc)
        options_stop(argv[0], FAULT_USAGE, "expected %s; --help shows the usage", what);
    if (optind + 1 < argc)
        options_stop(argv[0], FAULT_USAGE, "expected one argument, %s, found «%s» after it", what,
                     argv[optind + 1]);
    return argv[optind];
}

void options_points(const char *command, const char *path, const instance_t *instance, fmpq_mat_t points) {
    const slong d = instance->layer != NULL ? instance->layer->dimension : instance->arrangement->dimension;
    fault_t fault = {0};
    instance_points(path, d, points, &fault);
    options_check(command, &fault);
}

static void examine_layer(const char *command, const char *path, const layer_t *layer) {
    slong first, second;
    if (layer->active < layer->experts && layer_twins(layer, &first, &second))
        options_stop(
            command, FAULT_INPUT,
            "%s: experts %ld and %ld have identical logits everywhere, so their coalition is undefined "
            "(experts are counted from 0)",
            path, first < second ? first : second, first < second ? second : first);
    const slong dead = layer_dead_units(layer);
    if (dead > 0)
        fprintf(stderr, "moegeom %s: note: %ld of %ld units are dead (w = 0): no hyperplanes\n", command,
                dead, layer->experts * layer->width);
}

void options_restrict(const char *command, const char *path, const fmpq_mat_t points, instance_t *instance) {
    instance_t slice = {0};
    const int status = instance->layer != NULL
                           ? slice_layer(instance->layer, points, &slice.layer)
                           : slice_arrangement(instance->arrangement, points, &slice.arrangement);
    const slong count = fmpq_mat_nrows(points);
    if (status == GSL_EDOM && count != 2 && count != 3)
        options_stop(command, FAULT_INPUT, "%s: expected two or three points, found %ld", path, count);
    if (status == GSL_EDOM)
        options_stop(command, FAULT_INPUT, "%s: expected %s, found %ld that span less", path,
                     count == 2 ? "two different points" : "three points that are not on a line", count);
    options_require(command, status, "cannot restrict the instance");
    instance_clear(instance);
    *instance = slice;
    if (slice.layer != NULL)
        examine_layer(command, path, slice.layer);
}

instance_t options_instance(const char *command, const char *path, const char *plane) {
    instance_t instance = {0};
    fault_t fault = {0};
    if (plane != NULL && strcmp(path, "-") == 0 && strcmp(plane, "-") == 0)
        options_stop(command, FAULT_USAGE, "expected one input from standard input, found two");
    instance_read(path, &instance, &fault);
    options_check(command, &fault);
    if (plane != NULL) {
        fmpq_mat_t points;
        options_points(command, plane, &instance, points);
        options_restrict(command, plane, points, &instance);
        fmpq_mat_clear(points);
    } else if (instance.layer != NULL) {
        examine_layer(command, path, instance.layer);
    }
    return instance;
}

void options_flush(const char *command) {
    errno = 0;
    if (fflush(stdout) != 0 || ferror(stdout))
        options_stop(command, FAULT_SYSTEM, "cannot write to standard output: %s", strerror(errno));
}
