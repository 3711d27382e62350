// SPDX-License-Identifier: GPL-3.0-or-later
// The ending of a file's name, which says what the file is.
#ifndef MOEGEOM_IO_ENDING_H
#define MOEGEOM_IO_ENDING_H

#include <stdbool.h>
#include <string.h>

// Whether a name or path ends so, and is longer than that.
static inline bool ending_is(const char *name, const char *ending) {
    const size_t length = strlen(name), tail = strlen(ending);
    return length > tail && strcmp(name + length - tail, ending) == 0;
}

#endif
