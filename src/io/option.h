// SPDX-License-Identifier: GPL-3.0-or-later
// The values of options on a command line.
#ifndef MOEGEOM_IO_OPTION_H
#define MOEGEOM_IO_OPTION_H

#include "io/fault.h"

#include <stdint.h>

// Reads a decimal integer.
//   option  its name in messages
//   value   receives it; left as it was on a fault
//   fault   FAULT_USAGE unless all of the text is an integer from low to high
fault_status_t option_integer(const char *option, const char *text, uint64_t low, uint64_t high,
                              uint64_t *value, fault_t *fault);

// The same for a number.
fault_status_t option_real(const char *option, const char *text, double low, double high, double *value,
                           fault_t *fault);

#endif
