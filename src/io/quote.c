// SPDX-License-Identifier: GPL-3.0-or-later
// Bytes of an input in a message; see quote.h.
#include "io/quote.h"

#include <stdio.h>

enum { SHOWN = 40 };

const char *quote(char room[QUOTE_ROOM], const char *bytes, size_t length) {
    size_t at = (size_t)snprintf(room, QUOTE_ROOM, "«");
    for (size_t i = 0; i < length && i < SHOWN; i++) {
        const unsigned char byte = (unsigned char)bytes[i];
        const char *format = byte == '\\' ? "\\\\" : byte < ' ' || byte > '~' ? "\\x%02X" : "%c";
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        at += (size_t)snprintf(room + at, QUOTE_ROOM - at, format, byte);
#pragma GCC diagnostic pop
    }
    snprintf(room + at, QUOTE_ROOM - at, "%s»", length > SHOWN ? "..." : "");
    return room;
}
