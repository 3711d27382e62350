// SPDX-License-Identifier: GPL-3.0-or-later
// A JSON file of bounded size that holds one object without repeated keys.
#ifndef MOEGEOM_IO_JSON_FILE_H
#define MOEGEOM_IO_JSON_FILE_H

#include "io/fault.h"

#include <jansson.h>

// Reads a file.
//   longest  bytes that it may have
//   result   receives the object, to be released by json_decref; left as it was on a fault
//   fault    FAULT_INPUT with file and byte: what is no regular file, too long, no JSON (RFC 8259), or no object
fault_status_t json_file_object(const char *path, size_t longest, json_t **result, fault_t *fault);

#endif
