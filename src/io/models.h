// SPDX-License-Identifier: GPL-3.0-or-later
// Published mixture-of-experts models: the shapes in data/architectures.csv.
#ifndef MOEGEOM_IO_MODELS_H
#define MOEGEOM_IO_MODELS_H

#include "io/fault.h"
#include "io/sheet.h"

// One model; the columns of the file in brackets.
typedef struct model {
    const char *name;        // belongs to the list
    unsigned long experts;   // N, routed ones [n_routed]
    unsigned long active;    // k [top_k]
    unsigned long width;     // H, hidden units of an expert [expert_width]
    unsigned long dimension; // d, of the input of a layer [d_model]
    unsigned long shared;    // experts that are always active [n_shared]
} model_t;

typedef struct models {
    size_t count;
    model_t *list; // in the order of the file
    sheet_t sheet; // holds the names
} models_t;

// Reads the file.
//   models  receives the models, freed by models_free; as it was on a fault
//   fault   as sheet_read; FAULT_INPUT for a missing column and for a cell that is no integer from 0 to 2^53;
//           FAULT_SYSTEM when memory is short
fault_status_t models_read(const char *path, models_t *models, fault_t *fault);
void models_free(models_t *models); // of {0} too

// The model of that name; NULL when there is none.
const model_t *models_find(const models_t *models, const char *name);

#endif
