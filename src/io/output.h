// SPDX-License-Identifier: GPL-3.0-or-later
// Text files that appear under their name only when they are complete.
//
// An output is written under a temporary name in the same folder and renamed by output_commit, so that a
// reader sees the old bytes or the new bytes and never a part of them, whenever the writer is interrupted.
#ifndef MOEGEOM_IO_OUTPUT_H
#define MOEGEOM_IO_OUTPUT_H

#include "io/fault.h"

#include <stdio.h>

typedef struct output output_t;

// Opens an output.
//   path    where the file is to appear; its folder is created if it is missing
//   result  receives the output, owned by the caller until output_commit or output_discard
//   fault   receives FAULT_SYSTEM when folder or file cannot be written
fault_status_t output_open(const char *path, output_t **result, fault_t *fault);

// The same for a file in a folder.
fault_status_t output_open_in(const char *folder, const char *name, output_t **result, fault_t *fault);

// Whether a file can appear at the path: makes its folder when that is missing, and refuses what is there but is no
// regular file, because a device or a pipe would be replaced by the rename. output_open asks it.
//   fault   FAULT_SYSTEM; FAULT_USAGE for an empty name
fault_status_t output_examine(const char *path, fault_t *fault);

// The stream to print to. Valid until output_finish, output_commit or output_discard. Errors of the stream
// (a full disk) need not be watched: output_finish reports them.
FILE *output_stream(output_t *out);

// Flushes the text to the disk and closes the stream, without renaming; a second call does nothing. With
// several outputs, finish all of them before the first is committed: then a full disk changes none of them.
fault_status_t output_finish(output_t *out, fault_t *fault);

// Finishes the output, gives the file its name, and frees `out` in every case. On a fault nothing is renamed
// and the temporary file is removed.
fault_status_t output_commit(output_t *out, fault_t *fault);

// Removes the temporary file and frees `out`; NULL is allowed.
void output_discard(output_t *out);

#endif
