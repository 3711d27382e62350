// SPDX-License-Identifier: GPL-3.0-or-later
// What went wrong, in one line; see fault.h.
#include "io/fault.h"

#include <stdarg.h>
#include <stdio.h>

void fault_tame(char *text) {
    for (char *c = text; *c; c++)
        if (*c == '\n' || *c == '\r')
            *c = ' ';
        else if ((*c > 0 && *c < ' ') || *c == 127)
            *c = '?';
}

fault_status_t fault_set(fault_t *fault, fault_status_t status, const char *format, ...) {
    if (fault->status == FAULT_NONE) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(fault->text, sizeof fault->text, format, arguments);
        va_end(arguments);
        fault_tame(fault->text);
        fault->status = status;
    }
    return fault->status;
}
