// SPDX-License-Identifier: GPL-3.0-or-later
// Bytes of an input, made fit to stand in a message.
#ifndef MOEGEOM_IO_QUOTE_H
#define MOEGEOM_IO_QUOTE_H

#include <stddef.h>

enum { QUOTE_ROOM = 200 };

// Bytes other than printable ASCII become \xNN and a backslash becomes \\, so that nothing in a file can write to
// a terminal; what is longer than 40 bytes is cut, with "..." after it.
//   bytes  `length` bytes; need not end with 0
// Returns `room`, with the text in «».
const char *quote(char room[QUOTE_ROOM], const char *bytes, size_t length);

#endif
