// SPDX-License-Identifier: GPL-3.0-or-later
// Names of router tensors; see gate_names.h.
#include "io/gate_names.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

// What stands behind a root.
typedef struct ending {
    const char *text;
    gate_part_t part;
} ending_t;

static const ending_t ENDINGS[] = {
    {"weight", GATE_WEIGHT},
    {"wg.weight", GATE_WEIGHT},
    {"layer.weight", GATE_WEIGHT},
    {"classifier.weight", GATE_WEIGHT},
    {"proj.weight", GATE_WEIGHT},
    {"w", GATE_WEIGHT},
    {"bias", GATE_BIAS},
    {"wg.bias", GATE_BIAS},
    {"layer.bias", GATE_BIAS},
    {"classifier.bias", GATE_BIAS},
    {"proj.bias", GATE_BIAS},
    {"e_score_correction_bias", GATE_SELECTION_BIAS},
    {"per_expert_scale", GATE_EXPERT_SCALE},
};
enum { COUNT = sizeof ENDINGS / sizeof *ENDINGS };

static const char BESIDE[] = "e_score_correction_bias";

// Components of models that have gates of other kinds; the first one that a name contains is its reason.
static const struct {
    const char *text, *reason;
} STRANGERS[] = {
    {"shared_expert_gate", "the gate of a shared expert: one row, no choice"},
    {"gate_up_proj", "a projection of gated units (SwiGLU)"},
    {"gate_proj", "a projection of gated units (SwiGLU)"},
    {"expert", "part of an expert"},
    {"attn", "part of the attention"},
    {"attention", "part of the attention"},
};

static bool is_break(char c) {
    return c == '.' || c == '/';
}

// Whether the name's part up to `end` ends in this component.
static bool ends_in(const char *name, size_t end, const char *component) {
    const size_t length = strlen(component);
    return end >= length && memcmp(name + end - length, component, length) == 0 &&
           (end == length || is_break(name[end - length - 1]));
}

// Whether the name ends in a break and this text, with '/' for '.' allowed; sets the length before the break.
static bool has_ending(const char *name, const char *text, size_t *before) {
    const size_t length = strlen(name), tail = strlen(text);
    if (length < tail + 2)
        return false;
    const char *at = name + length - tail;
    for (size_t i = 0; i < tail; i++)
        if (at[i] != text[i] && !(is_break(at[i]) && text[i] == '.'))
            return false;
    *before = length - tail - 1;
    return is_break(name[*before]);
}

// The reason in the name's components but the last.
static const char *stranger(const char *name) {
    const char *last = NULL;
    for (const char *at = name; *at != '\0'; at++)
        if (is_break(*at))
            last = at;
    for (size_t i = 0; last != NULL && i < sizeof STRANGERS / sizeof *STRANGERS; i++) {
        const char *at = strstr(name, STRANGERS[i].text);
        if (at != NULL && at < last)
            return STRANGERS[i].reason;
    }
    return NULL;
}

static gate_name_t of_router(const char *name) {
    size_t before;
    for (int i = 0; i < COUNT; i++) {
        if (!has_ending(name, ENDINGS[i].text, &before))
            continue;
        if (ends_in(name, before, "router") ||
            (ends_in(name, before, "gate") && strcmp(ENDINGS[i].text, "w") != 0))
            return (gate_name_t){ENDINGS[i].part, before, NULL};
    }
    if (has_ending(name, BESIDE, &before))
        return (gate_name_t){GATE_SELECTION_BIAS, before, NULL};
    return (gate_name_t){GATE_NONE, 0, NULL};
}

gate_name_t gate_names_classify(const char *name) {
    const bool similar = strstr(name, "gate") != NULL || strstr(name, "router") != NULL;
    const char *reason = stranger(name);
    gate_name_t result = {GATE_NONE, 0, NULL};
    if (reason == NULL)
        result = of_router(name);
    else if (similar)
        return (gate_name_t){GATE_LOOKALIKE, 0, reason};
    if (result.part == GATE_NONE && similar)
        result = (gate_name_t){GATE_LOOKALIKE, 0, "no ending of a gate matrix or its biases"};
    return result;
}

const char *gate_names_wanted(void) {
    return "...gate.weight, ...router.weight, ...router.layer.weight, ...router.classifier.weight, "
           "...router.proj.weight, ...gate.wg.weight or ...router.w, outside experts and attention";
}

long gate_names_layer(const char *name) {
    for (const char *at = name; *at != '\0'; at++) {
        if (!isdigit((unsigned char)*at))
            continue;
        const char *start = at;
        long value = 0;
        for (; isdigit((unsigned char)*at); at++)
            value = value < 1000000 ? 10 * value + (*at - '0') : value;
        const bool starts = start == name || is_break(start[-1]) || start[-1] == '_';
        if (starts && (*at == '\0' || is_break(*at)) && value < 1000000)
            return value;
        if (*at == '\0')
            return -1;
    }
    return -1;
}

const char *gate_names_pattern(const char *name, char *room, size_t size) {
    size_t at = 0;
    for (const char *c = name; *c != '\0' && at + 1 < size; c++) {
        const bool digit = isdigit((unsigned char)*c);
        const bool component =
            digit && (c == name || is_break(c[-1]) || c[-1] == '_' || (at > 0 && room[at - 1] == '*'));
        if (!component)
            room[at++] = *c;
        else if (at == 0 || room[at - 1] != '*')
            room[at++] = '*';
    }
    room[at] = '\0';
    return room;
}
