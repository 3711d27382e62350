// SPDX-License-Identifier: GPL-3.0-or-later
// What a checkpoint's config.json says of its routers.
//
// Models name these numbers differently; the keys that are known are in gate_config.c. They are looked for at the top and in
// text_config, llm_config, language_config and ffn_config. Nothing has a default: what is not there is 0 or NULL.
#ifndef MOEGEOM_IO_GATE_CONFIG_H
#define MOEGEOM_IO_GATE_CONFIG_H

#include "io/fault.h"

#include <stdbool.h>
#include <stddef.h>

enum { GATE_CONFIG_TEXT = 48 };

typedef struct gate_config {
    bool present;        // whether there is a config.json
    size_t experts;      // N
    size_t active;       // k
    size_t dimension;    // d
    size_t layers;       // of the whole model
    size_t groups, kept; // groups of experts, and how many are kept
    // Whether the weights of the selected experts are made to sum to one; only if `norm_known`.
    bool normalised;
    bool norm_known;
    char scoring[GATE_CONFIG_TEXT];       // the scoring function as the file names it; "" without
    char method[GATE_CONFIG_TEXT];        // topk_method; "" without
    char model[GATE_CONFIG_TEXT];         // model_type; "" without
    const char *experts_key, *active_key; // where N and k come from; constant texts
} gate_config_t;

// Reads FOLDER/config.json.
//   config  receives what is there, all zeros without a file; left as it was on a fault
//   fault   FAULT_INPUT for a file that cannot be read, is longer than 2^24 bytes or is no JSON object without repeated keys; for
//           a known key whose value is no integer from 1 to 2^20, no text of at most 47 printable ASCII characters, or no truth
//           value; null is as if it were not there. A list of k for each layer is taken when all are equal.
fault_status_t gate_config_read(const char *folder, gate_config_t *config, fault_t *fault);

#endif
