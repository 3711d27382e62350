// SPDX-License-Identifier: GPL-3.0-or-later
// How a router selects, as far as its tensors and config.json tell (routing/selection.h), and why we think so.
#ifndef MOEGEOM_IO_GATE_RULE_H
#define MOEGEOM_IO_GATE_RULE_H

#include "io/gate_tensors.h"
#include "routing/selection.h"

#include <stdbool.h>
#include <stddef.h>

enum { GATE_RULE_NAME = 96, GATE_RULE_WHY = 256 };

typedef struct gate_rule {
    selection_score_t score;
    bool logit_bias;     // a bias of the logits: walls are affine
    bool selection_bias; // a bias of the scores, in the selection alone
    selection_grouping_t grouping;
    size_t groups, kept; // 0 without groups
    bool plain;          // the set is that of the k largest logits: cells have flat walls
    // "logits", "logits + bias", "sigmoid + selection bias in 4 of 8 groups (two best)", ...
    char name[GATE_RULE_NAME];
    char why[GATE_RULE_WHY]; // the tensors and keys that say so
} gate_rule_t;

// The guess. What is said nowhere is not invented: without a hint the k largest logits are selected, which is so for softmax
// before or after the choice, with weights renormalised or not, and for a sigmoid of the logits without a selection bias.
gate_rule_t gate_rule_guess(const gate_tensor_t *gate, const gate_config_t *config);

#endif
