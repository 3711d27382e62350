// SPDX-License-Identifier: GPL-3.0-or-later
// Routers in config.json; see gate_config.h.
#include "io/gate_config.h"

#include "io/json_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { LONGEST = 1 << 24, LARGEST = 1 << 20, PLACES = 6, KEYS = 8 };

// In each row the first key that is found decides. `top_k` is also an option of sampling, so it comes last.
static const char *const EXPERTS[KEYS] = {"n_routed_experts", "num_local_experts", "num_experts",
                                          "moe_num_experts",  "num_moe_experts",   "n_experts"};
static const char *const ACTIVE[KEYS] = {
    "num_experts_per_tok", "num_experts_per_token", "num_selected_experts", "moe_topk",
    "moe_top_k",           "top_k_experts",         "moe_router_topk",      "top_k"};
static const char *const DIMENSION[KEYS] = {"hidden_size", "d_model", "n_embd", "dim"};
static const char *const LAYERS[KEYS] = {"num_hidden_layers", "num_layers", "n_layers", "n_layer"};
static const char *const GROUPS[KEYS] = {"n_group", "num_expert_group", "n_expert_groups"};
static const char *const KEPT[KEYS] = {"topk_group", "n_limited_groups"};
static const char *const NORM[KEYS] = {"norm_topk_prob", "moe_renormalize"};
static const char *const SCORING[KEYS] = {"scoring_func", "score_function", "moe_router_score_function",
                                          "moe_router_activation_func"};
static const char *const METHOD[KEYS] = {"topk_method"};
static const char *const MODEL[KEYS] = {"model_type"};

// The objects that are looked through.
typedef struct places {
    const char *path;
    size_t count;
    const json_t *list[PLACES];
} places_t;

static void add_place(places_t *places, const json_t *place) {
    if (json_is_object(place) && places->count < PLACES)
        places->list[places->count++] = place;
}

static places_t find_places(const char *path, const json_t *root) {
    static const char *const inner[] = {"text_config", "llm_config", "language_config", "ffn_config"};
    places_t places = {.path = path};
    add_place(&places, root);
    for (size_t i = 0; i < sizeof inner / sizeof *inner; i++)
        add_place(&places, json_object_get(root, inner[i]));
    add_place(&places, json_object_get(json_object_get(root, "text_config"), "ffn_config"));
    return places;
}

// The value of the first key that is there, inner objects before the top; NULL without one.
static const json_t *find(const places_t *places, const char *const keys[KEYS], const char **key) {
    for (int k = 0; k < KEYS && keys[k] != NULL; k++)
        for (size_t i = places->count; i-- > 0;) {
            const json_t *value = json_object_get(places->list[i], keys[k]);
            if (value != NULL && !json_is_null(value)) {
                *key = keys[k];
                return value;
            }
        }
    return NULL;
}

static bool is_count(const json_t *value) {
    return json_is_integer(value) && json_integer_value(value) >= 1 && json_integer_value(value) <= LARGEST;
}

// A list whose entries are all equal stands for one of them.
static const json_t *only_value(const json_t *value) {
    if (!json_is_array(value) || json_array_size(value) == 0)
        return value;
    for (size_t i = 1; i < json_array_size(value); i++)
        if (!json_equal(json_array_get(value, i), json_array_get(value, 0)))
            return value;
    return json_array_get(value, 0);
}

static void read_count(const places_t *places, const char *const keys[KEYS], size_t *count, const char **used,
                       fault_t *fault) {
    const char *key;
    const json_t *value = find(places, keys, &key);
    if (value == NULL || fault->status != FAULT_NONE)
        return;
    value = only_value(value);
    if (!is_count(value)) {
        fault_set(fault, FAULT_INPUT, "%s: expected an integer from 1 to %d for %s", places->path, LARGEST,
                  key);
        return;
    }
    *count = (size_t)json_integer_value(value);
    if (used != NULL)
        *used = key;
}

static bool is_plain(const char *text) {
    for (; *text != '\0'; text++)
        if (*text < ' ' || *text > '~')
            return false;
    return true;
}

static void read_text(const places_t *places, const char *const keys[KEYS], char text[GATE_CONFIG_TEXT],
                      fault_t *fault) {
    const char *key;
    const json_t *value = find(places, keys, &key);
    if (value == NULL || fault->status != FAULT_NONE)
        return;
    const char *found = json_string_value(value);
    if (found == NULL || strlen(found) >= GATE_CONFIG_TEXT || !is_plain(found))
        fault_set(fault, FAULT_INPUT, "%s: expected a text of at most %d printable characters for %s",
                  places->path, GATE_CONFIG_TEXT - 1, key);
    else
        strcpy(text, found);
}

static void read_norm(const places_t *places, gate_config_t *config, fault_t *fault) {
    const char *key;
    const json_t *value = find(places, NORM, &key);
    if (value == NULL || fault->status != FAULT_NONE)
        return;
    if (!json_is_boolean(value)) {
        fault_set(fault, FAULT_INPUT, "%s: expected true or false for %s", places->path, key);
        return;
    }
    config->norm_known = true;
    config->normalised = json_is_true(value);
}

static fault_status_t read_config(const char *path, const json_t *root, gate_config_t *config,
                                  fault_t *fault) {
    gate_config_t result = {.present = true};
    const places_t places = find_places(path, root);
    read_count(&places, EXPERTS, &result.experts, &result.experts_key, fault);
    read_count(&places, ACTIVE, &result.active, &result.active_key, fault);
    read_count(&places, DIMENSION, &result.dimension, NULL, fault);
    read_count(&places, LAYERS, &result.layers, NULL, fault);
    read_count(&places, GROUPS, &result.groups, NULL, fault);
    read_count(&places, KEPT, &result.kept, NULL, fault);
    read_text(&places, SCORING, result.scoring, fault);
    read_text(&places, METHOD, result.method, fault);
    const places_t top = {.path = path, .count = 1, .list = {root}};
    read_text(&top, MODEL, result.model, fault);
    read_norm(&places, &result, fault);
    if (fault->status == FAULT_NONE)
        *config = result;
    return fault->status;
}

fault_status_t gate_config_read(const char *folder, gate_config_t *config, fault_t *fault) {
    char *path = NULL;
    struct stat status;
    json_t *root = NULL;
    if (asprintf(&path, "%s/config.json", folder) < 0)
        return fault_set(fault, FAULT_SYSTEM, "out of memory while reading %s", folder);
    if (lstat(path, &status) != 0 && errno == ENOENT)
        *config = (gate_config_t){0};
    else if (json_file_object(path, LONGEST, &root, fault) == FAULT_NONE)
        read_config(path, root, config, fault);
    json_decref(root);
    free(path);
    return fault->status;
}
