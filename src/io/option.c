// SPDX-License-Identifier: GPL-3.0-or-later
// Values of options; see option.h.
#include "io/option.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

fault_status_t option_integer(const char *option, const char *text, uint64_t low, uint64_t high,
                              uint64_t *value, fault_t *fault) {
    char *end;
    errno = 0;
    const unsigned long long number = strtoull(text, &end, 10);
    if (!isdigit((unsigned char)text[0]) || *end != '\0' || errno != 0 || number < low || number > high)
        return fault_set(fault, FAULT_USAGE,
                         "%s expects an integer from %" PRIu64 " to %" PRIu64 ", found «%s»", option, low,
                         high, text);
    *value = number;
    return FAULT_NONE;
}

fault_status_t option_real(const char *option, const char *text, double low, double high, double *value,
                           fault_t *fault) {
    char *end;
    errno = 0;
    const double number = strtod(text, &end);
    if (end == text || *end != '\0' || errno != 0 || !(number >= low && number <= high))
        return fault_set(fault, FAULT_USAGE, "%s expects a number from %g to %g, found «%s»", option, low,
                         high, text);
    *value = number;
    return FAULT_NONE;
}
