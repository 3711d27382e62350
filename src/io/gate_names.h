// SPDX-License-Identifier: GPL-3.0-or-later
// Which tensors of a checkpoint belong to routers, by the ends of their names alone.
//
// Names are taken apart at '.' and '/'. Nothing below experts, shared experts or attention is a router's. Of what is left, ROOT
// being a name that ends in the component `gate` or `router`:
//
//     ROOT.weight  ROOT.wg.weight  ROOT.layer.weight  ROOT.classifier.weight  ROOT.proj.weight  router.w     the gate matrix
//     ROOT.bias    ROOT.wg.bias    ROOT.layer.bias    ROOT.classifier.bias    ROOT.proj.bias                  its bias
//     ROOT.e_score_correction_bias    e_score_correction_bias beside a `gate`                        a bias of the selection
//     ROOT.per_expert_scale                                                        factors of the experts' outputs
//
// gate_proj, gate_up_proj, shared_expert_gate and the like are no routers. Everything else whose name contains "gate" or "router"
// is named with a reason, so that a user sees what was left out.
#ifndef MOEGEOM_IO_GATE_NAMES_H
#define MOEGEOM_IO_GATE_NAMES_H

#include <stddef.h>

// What a tensor is to a router.
typedef enum gate_part {
    GATE_NONE, // nothing
    GATE_WEIGHT,
    GATE_BIAS,
    GATE_SELECTION_BIAS,
    GATE_EXPERT_SCALE,
    GATE_LOOKALIKE // no router's, though its name contains "gate" or "router"
} gate_part_t;

typedef struct gate_name {
    gate_part_t part;
    // Bytes of the name up to the end of ROOT; for a selection bias beside a gate: up to the component before.
    size_t root;
    const char *reason; // of a lookalike, a constant text
} gate_name_t;

gate_name_t gate_names_classify(const char *name);

// The names that are looked for, for messages.
const char *gate_names_wanted(void);

// The first number that is a component of the name, or ends one ("layers.3", "decoder_layer_3"); -1 without one below 10^6.
long gate_names_layer(const char *name);

// A name with its numbers replaced by *; `room` takes `size` bytes, and what does not fit is cut.
const char *gate_names_pattern(const char *name, char *room, size_t size);

#endif
