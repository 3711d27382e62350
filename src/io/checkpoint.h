// SPDX-License-Identifier: GPL-3.0-or-later
// The finished parts of a long computation (number/shards.h) in a file, from which it goes on after a kill.
#ifndef MOEGEOM_IO_CHECKPOINT_H
#define MOEGEOM_IO_CHECKPOINT_H

#include "io/fault.h"

#include <flint/fmpz.h>
#include <stdbool.h>

typedef struct checkpoint checkpoint_t;

// Opens a checkpoint, and reads it when the file is there.
//   path    text, replaced as a whole at most once in two seconds
//   key     one line that says which computation it is of: the input's hash, the method and its parameters
//   result  receives it, to be closed by checkpoint_close
//   fault   FAULT_INPUT when the file is not a checkpoint, or is one of another computation
fault_status_t checkpoint_open(const char *path, const char *key, checkpoint_t **result, fault_t *fault);

// A run of `count` parts with `width` sums each starts, the next one of the computation. When the file knows this
// run with another shape, it is of no use from here on and is forgotten.
void checkpoint_begin(checkpoint_t *checkpoint, ulong count, slong width);

// Whether a part of the present run is known; then sets its sums.
bool checkpoint_restore(checkpoint_t *checkpoint, ulong part, fmpz *sums, slong width);

// Notes a part of the present run, and writes the file now and then. A fault of the disk is kept for
// checkpoint_close; the computation goes on.
void checkpoint_store(checkpoint_t *checkpoint, ulong part, const fmpz *sums, slong width);

// How many parts were restored so far.
ulong checkpoint_restored(const checkpoint_t *checkpoint);

// Ends it and frees it: removes the file when the computation is complete, else writes what is known.
fault_status_t checkpoint_close(checkpoint_t *checkpoint, bool complete, fault_t *fault);

#endif
