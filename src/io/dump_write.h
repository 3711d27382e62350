// SPDX-License-Identifier: GPL-3.0-or-later
// Writes dumps in the formats that io/dump.h reads. Files appear under their names when they are complete (io/output.h).
// Refused are numbers that are not finite or beyond the range of the type (FAULT_INPUT), and dumps without numbers (FAULT_USAGE).
#ifndef MOEGEOM_IO_DUMP_WRITE_H
#define MOEGEOM_IO_DUMP_WRITE_H

#include "io/fault.h"

#include <stddef.h>

typedef enum dump_type { DUMP_F64, DUMP_F32, DUMP_F16, DUMP_BF16 } dump_type_t;

// What is written: layers x rows x columns numbers of the caller, each rounded to the nearest number of the type.
typedef struct dump_block {
    size_t layers, rows, columns;
    const double *values;
} dump_block_t;

// .npy, version 1: (rows, columns) when there is one layer, else (layers, rows, columns). FAULT_USAGE for DUMP_BF16.
fault_status_t dump_write_npy(const char *path, const dump_block_t *block, dump_type_t type, fault_t *fault);

// .safetensors: a tensor of (rows, columns) for each layer, layers.0.router_logits and so on.
fault_status_t dump_write_safetensors(const char *path, const dump_block_t *block, dump_type_t type,
                                      fault_t *fault);

// Text with the header layer,token,e0,e1,... and the digits that give back the same doubles.
fault_status_t dump_write_csv(const char *path, const dump_block_t *block, fault_t *fault);

#endif
