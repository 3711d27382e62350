// SPDX-License-Identifier: GPL-3.0-or-later
// Pictures by gnuplot that appear under their name when they are complete.
#ifndef MOEGEOM_CLI_GNUPLOT_H
#define MOEGEOM_CLI_GNUPLOT_H

#include "io/fault.h"

#include <stdbool.h>
#include <stdio.h>

// Whether the name ends in .svg or .pdf.
bool gnuplot_knows(const char *path);

// Refuses names that gnuplot_draw would refuse: those with quotes or line ends, FAULT_USAGE; and where no file can appear.
fault_status_t gnuplot_examine(const char *path, fault_t *fault);

// Draws.
//   path     .svg or .pdf
//   print    writes the script, which sets the terminal and then `set output '<output>'`
//   context  handed to `print`
//   fault    as above, and FAULT_SYSTEM when gnuplot cannot be run or fails, or the file cannot be written
fault_status_t gnuplot_draw(const char *path,
                            void (*print)(FILE *script, const char *output, bool svg, const void *context),
                            const void *context, fault_t *fault);

#endif
