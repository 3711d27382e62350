// SPDX-License-Identifier: GPL-3.0-or-later
// Options of the subcommands, and how they end.
#ifndef MOEGEOM_CLI_OPTIONS_H
#define MOEGEOM_CLI_OPTIONS_H

#include "io/fault.h"
#include "io/instance.h"

#include <getopt.h>
#include <stdint.h>

// Ends the program with `moegeom COMMAND: text` on standard error and the status.
_Noreturn void options_stop(const char *command, fault_status_t status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// Ends the program when a fault is recorded.
void options_check(const char *command, const fault_t *fault);

// Ends the program with a message for a status of GSL that is not success; `what` says what could not be done.
void options_require(const char *command, int status, const char *what);

// The next option, as getopt_long gives it; -1 at the end. Prints `help` and ends the program on --help; ends it
// with status 1 on an unknown option, a missing value, or an option that is given twice. `options` contains an
// entry {"help", no_argument, NULL, 'h'}.
int options_next(int argc, char **argv, const struct option *options, const char *help);

// The values of options and arguments; the program ends with status 1 when the text is something else.
uint64_t options_integer(const char *command, const char *option, const char *text, uint64_t low,
                         uint64_t high);
double options_real(const char *command, const char *option, const char *text, double low, double high);

// The only argument that is left, or the end of the program with status 1.
const char *options_argument(int argc, char **argv, const char *what);

// Reads the instance; where `plane` is not NULL, restricts it to the flat through the points of that file.
// Checks a layer for twins, and notes dead units on standard error. To be cleared by instance_clear.
instance_t options_instance(const char *command, const char *path, const char *plane);

// Reads the points of a plane or a line in the space of the instance; `points` is initialised, and cleared by the
// caller.
void options_points(const char *command, const char *path, const instance_t *instance, fmpq_mat_t points);

// Replaces the instance by its restriction to the flat through the points, which `path` holds, and checks a layer
// for twins there.
void options_restrict(const char *command, const char *path, const fmpq_mat_t points, instance_t *instance);

// Ends the program with status 4 when standard output could not be written.
void options_flush(const char *command);

#endif
