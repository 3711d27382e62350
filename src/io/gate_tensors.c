// SPDX-License-Identifier: GPL-3.0-or-later
// Gate matrices of checkpoints; see gate_tensors.h.
#include "io/gate_tensors.h"

#include "io/gate_names.h"
#include "io/quote.h"
#include "io/safetensors.h"
#include "io/shard_index.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// A tensor of a router, as the names tell.
typedef struct piece {
    gate_name_t name;
    size_t entry; // of the index
} piece_t;

struct gate_tensors {
    shard_index_t index;
    gate_config_t config;
    size_t count;
    gate_tensor_t *gates;
    size_t lookalikes, room;
    gate_lookalike_t *lookalike;
    size_t shards;
    uint64_t bytes;
    // The shard that was read last, kept open.
    char *opened;
    safetensors_t *file;
};

static fault_status_t short_of_memory(const gate_tensors_t *checkpoint, fault_t *fault) {
    return fault_set(fault, FAULT_SYSTEM, "out of memory while reading %s", checkpoint->index.path);
}

// ---- Names ----

// Takes the pattern over.
static fault_status_t add_lookalike(gate_tensors_t *checkpoint, gate_lookalike_t lookalike, fault_t *fault) {
    if (checkpoint->lookalikes == checkpoint->room) {
        const size_t room = 2 * checkpoint->room + 16;
        gate_lookalike_t *list = reallocarray(checkpoint->lookalike, room, sizeof *list);
        if (list == NULL) {
            free(lookalike.pattern);
            return short_of_memory(checkpoint, fault);
        }
        checkpoint->lookalike = list;
        checkpoint->room = room;
    }
    checkpoint->lookalike[checkpoint->lookalikes++] = lookalike;
    return FAULT_NONE;
}

static fault_status_t note_lookalike(gate_tensors_t *checkpoint, const char *name, const char *reason,
                                     fault_t *fault) {
    char *pattern = strdup(name);
    if (pattern == NULL)
        return short_of_memory(checkpoint, fault);
    gate_names_pattern(name, pattern, strlen(name) + 1);
    for (size_t i = 0; i < checkpoint->lookalikes; i++)
        if (strcmp(checkpoint->lookalike[i].pattern, pattern) == 0) {
            checkpoint->lookalike[i].count++;
            free(pattern);
            return FAULT_NONE;
        }
    return add_lookalike(checkpoint, (gate_lookalike_t){pattern, reason, 1}, fault);
}

// The pieces of all routers; `pieces` has room for all tensors.
static size_t find_pieces(gate_tensors_t *checkpoint, piece_t *pieces, fault_t *fault) {
    size_t count = 0;
    for (size_t i = 0; i < checkpoint->index.count && fault->status == FAULT_NONE; i++) {
        const char *name = checkpoint->index.names[i];
        const gate_name_t found = gate_names_classify(name);
        if (found.part == GATE_LOOKALIKE)
            note_lookalike(checkpoint, name, found.reason, fault);
        else if (found.part != GATE_NONE)
            pieces[count++] = (piece_t){found, i};
    }
    return count;
}

// ---- Shards ----

static fault_status_t open_shard(gate_tensors_t *checkpoint, const char *shard, fault_t *fault) {
    if (checkpoint->opened != NULL && strcmp(checkpoint->opened, shard) == 0)
        return FAULT_NONE;
    safetensors_close(checkpoint->file);
    free(checkpoint->opened);
    checkpoint->file = NULL;
    checkpoint->opened = strdup(shard);
    if (checkpoint->opened == NULL)
        return short_of_memory(checkpoint, fault);
    if (safetensors_open(shard, &checkpoint->file, fault) != FAULT_NONE) {
        free(checkpoint->opened);
        checkpoint->opened = NULL;
    }
    return fault->status;
}

// The path of a tensor's shard; owned by the caller.
static char *shard_path(const gate_tensors_t *checkpoint, size_t entry) {
    char *path;
    const char *folder = checkpoint->index.folder;
    return asprintf(&path, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder, checkpoint->index.shards[entry]) <
                   0
               ? NULL
               : path;
}

static const safetensors_tensor_t *find_tensor(gate_tensors_t *checkpoint, const char *shard,
                                               const char *name, fault_t *fault) {
    char room[QUOTE_ROOM];
    if (open_shard(checkpoint, shard, fault) != FAULT_NONE)
        return NULL;
    const safetensors_tensor_t *tensor = safetensors_find(checkpoint->file, name);
    if (tensor == NULL)
        fault_set(fault, FAULT_INPUT, "%s: expected the tensor %s, which %s puts there", shard,
                  quote(room, name, strlen(name)), checkpoint->index.path);
    return tensor;
}

// ---- Shapes ----

static fault_status_t refuse(const char *shard, const safetensors_tensor_t *tensor, const char *expected,
                             fault_t *fault) {
    char room[QUOTE_ROOM], shape[512] = "";
    for (size_t i = 0, at = 0; i < tensor->rank; i++)
        at += (size_t)snprintf(shape + at, sizeof shape - at, "%s%" PRIu64, i ? ", " : "", tensor->shape[i]);
    return fault_set(fault, FAULT_INPUT, "%s: tensor %s: expected %s, found %s of shape [%s]", shard,
                     quote(room, tensor->name, strlen(tensor->name)), expected, tensor->dtype, shape);
}

static const char *known_dtype(const char *dtype) {
    static const char *const known[] = {"F64", "F32", "F16", "BF16"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(dtype, known[i]) == 0)
            return known[i];
    return NULL;
}

// Whether [first, second] is [d, N]. config.json decides where it can; else a matrix `w` is that of Haiku, inputs first, as in Grok-1.
static bool is_transposed(const gate_config_t *config, const char *name, uint64_t first, uint64_t second) {
    if (config->dimension > 0 && first != second)
        return first == config->dimension;
    if (config->experts > 0 && first != second)
        return second == config->experts && first != config->experts;
    return name[strlen(name) - 1] == 'w';
}

// Whether the shape is what config.json says, where it says anything.
static bool fits_config(const gate_config_t *config, const gate_tensor_t *gate) {
    return (config->dimension == 0 || gate->dimension == config->dimension) &&
           (config->experts == 0 || gate->experts == config->experts);
}

static fault_status_t read_shape(gate_tensors_t *checkpoint, const safetensors_tensor_t *tensor,
                                 gate_tensor_t *gate, fault_t *fault) {
    const gate_config_t *config = &checkpoint->config;
    char expected[256];
    gate->dtype = known_dtype(tensor->dtype);
    if (gate->dtype == NULL)
        return refuse(gate->shard, tensor, "a gate matrix of F64, F32, F16 or BF16", fault);
    if (tensor->rank != 2)
        return refuse(gate->shard, tensor, "a gate matrix [experts, inputs], two sizes", fault);
    gate->transposed = is_transposed(config, gate->name, tensor->shape[0], tensor->shape[1]);
    const uint64_t experts = tensor->shape[gate->transposed], dimension = tensor->shape[!gate->transposed];
    if (experts < 2 || experts > GATE_EXPERTS || dimension < 1 || dimension > GATE_DIMENSION ||
        tensor->elements > GATE_ENTRIES) {
        snprintf(expected, sizeof expected, "2 to %d experts, 1 to %d inputs and at most %d numbers",
                 GATE_EXPERTS, GATE_DIMENSION, GATE_ENTRIES);
        return refuse(gate->shard, tensor, expected, fault);
    }
    gate->experts = (size_t)experts;
    gate->dimension = (size_t)dimension;
    if (fits_config(config, gate))
        return FAULT_NONE;
    snprintf(expected, sizeof expected, "%zu experts and %zu inputs, as config.json says (0: nothing)",
             config->experts, config->dimension);
    return refuse(gate->shard, tensor, expected, fault);
}

static fault_status_t add_gate(gate_tensors_t *checkpoint, const piece_t *piece, fault_t *fault) {
    const char *name = checkpoint->index.names[piece->entry];
    gate_tensor_t *gate = &checkpoint->gates[checkpoint->count++];
    *gate = (gate_tensor_t){
        .name = name, .shard = shard_path(checkpoint, piece->entry), .layer = gate_names_layer(name)};
    if (gate->shard == NULL)
        return short_of_memory(checkpoint, fault);
    const bool fresh = checkpoint->opened == NULL || strcmp(checkpoint->opened, gate->shard) != 0;
    const safetensors_tensor_t *tensor = find_tensor(checkpoint, gate->shard, name, fault);
    if (tensor == NULL)
        return fault->status;
    checkpoint->shards += fresh;
    if (fresh)
        checkpoint->bytes +=
            safetensors_tensor(checkpoint->file, safetensors_count(checkpoint->file) - 1)->end;
    return read_shape(checkpoint, tensor, gate, fault);
}

// ---- Biases ----

// Whether a piece of that name belongs to a gate matrix of this one.
static bool belongs(const char *name, const gate_name_t *part, const char *matrix,
                    const gate_name_t *weight) {
    static const char gate[] = "gate";
    if (part->root == weight->root)
        return memcmp(name, matrix, part->root) == 0;
    // Beside a gate.
    return part->part == GATE_SELECTION_BIAS && weight->root == part->root + sizeof gate &&
           memcmp(name, matrix, part->root) == 0 &&
           memcmp(matrix + part->root + 1, gate, sizeof gate - 1) == 0;
}

static const char **place_of(gate_tensor_t *gate, gate_part_t part) {
    return part == GATE_BIAS             ? &gate->bias
           : part == GATE_SELECTION_BIAS ? &gate->selection_bias
                                         : &gate->expert_scale;
}

static fault_status_t check_vector(gate_tensors_t *checkpoint, const gate_tensor_t *gate, size_t entry,
                                   fault_t *fault) {
    char expected[128], *shard = shard_path(checkpoint, entry);
    if (shard == NULL)
        return short_of_memory(checkpoint, fault);
    const safetensors_tensor_t *tensor =
        find_tensor(checkpoint, shard, checkpoint->index.names[entry], fault);
    snprintf(expected, sizeof expected, "%zu numbers of F64, F32, F16 or BF16, one for each expert",
             gate->experts);
    if (tensor != NULL &&
        (tensor->elements != gate->experts || tensor->rank > 2 || known_dtype(tensor->dtype) == NULL))
        refuse(shard, tensor, expected, fault);
    free(shard);
    return fault->status;
}

static fault_status_t attach(gate_tensors_t *checkpoint, const piece_t *piece, fault_t *fault) {
    char room[QUOTE_ROOM];
    const char *name = checkpoint->index.names[piece->entry];
    for (size_t i = 0; i < checkpoint->count; i++) {
        gate_tensor_t *gate = &checkpoint->gates[i];
        const gate_name_t weight = gate_names_classify(gate->name);
        if (!belongs(name, &piece->name, gate->name, &weight))
            continue;
        *place_of(gate, piece->name.part) = name;
        return check_vector(checkpoint, gate, piece->entry, fault);
    }
    return fault_set(fault, FAULT_INPUT, "%s: expected a gate matrix beside the tensor %s, found none",
                     checkpoint->index.path, quote(room, name, strlen(name)));
}

// ---- The whole ----

// Natural order: runs of digits compare as numbers.
static int compare_names(const void *a, const void *b) {
    const gate_tensor_t *left = a, *right = b;
    return strverscmp(left->name, right->name);
}

// Pieces in the order of their shards, so that each shard is opened once.
static int compare_shards(const void *a, const void *b, void *context) {
    const piece_t *left = a, *right = b;
    const shard_index_t *index = context;
    const int order = strcmp(index->shards[left->entry], index->shards[right->entry]);
    return order != 0 ? order : (left->entry > right->entry) - (left->entry < right->entry);
}

static fault_status_t take_pieces(gate_tensors_t *checkpoint, piece_t *pieces, size_t count, fault_t *fault) {
    qsort_r(pieces, count, sizeof *pieces, compare_shards, &checkpoint->index);
    for (size_t i = 0; i < count && fault->status == FAULT_NONE; i++)
        if (pieces[i].name.part == GATE_WEIGHT)
            add_gate(checkpoint, &pieces[i], fault);
    for (size_t i = 0; i < count && fault->status == FAULT_NONE; i++)
        if (pieces[i].name.part != GATE_WEIGHT)
            attach(checkpoint, &pieces[i], fault);
    if (fault->status == FAULT_NONE && checkpoint->count == 0)
        fault_set(
            fault, FAULT_INPUT,
            "%s: expected the gate matrix of a router, a tensor called %s, found none among %zu tensors",
            checkpoint->index.path, gate_names_wanted(), checkpoint->index.count);
    if (fault->status == FAULT_NONE)
        qsort(checkpoint->gates, checkpoint->count, sizeof *checkpoint->gates, compare_names);
    return fault->status;
}

static fault_status_t find_gates(gate_tensors_t *checkpoint, fault_t *fault) {
    piece_t *pieces = calloc(checkpoint->index.count + 1, sizeof *pieces);
    if (pieces == NULL)
        return short_of_memory(checkpoint, fault);
    const size_t count = find_pieces(checkpoint, pieces, fault);
    checkpoint->gates = calloc(count + 1, sizeof *checkpoint->gates);
    if (checkpoint->gates == NULL)
        short_of_memory(checkpoint, fault);
    else if (fault->status == FAULT_NONE)
        take_pieces(checkpoint, pieces, count, fault);
    free(pieces);
    return fault->status;
}

fault_status_t gate_tensors_open(const char *path, gate_tensors_t **result, fault_t *fault) {
    gate_tensors_t *checkpoint = calloc(1, sizeof *checkpoint);
    if (checkpoint == NULL)
        return fault_set(fault, FAULT_SYSTEM, "out of memory while reading %s", path);
    if (shard_index_read(path, &checkpoint->index, fault) == FAULT_NONE &&
        gate_config_read(checkpoint->index.folder, &checkpoint->config, fault) == FAULT_NONE)
        find_gates(checkpoint, fault);
    if (fault->status == FAULT_NONE)
        *result = checkpoint;
    else
        gate_tensors_close(checkpoint);
    return fault->status;
}

void gate_tensors_close(gate_tensors_t *checkpoint) {
    if (checkpoint == NULL)
        return;
    for (size_t i = 0; i < checkpoint->count; i++)
        free((char *)checkpoint->gates[i].shard);
    for (size_t i = 0; i < checkpoint->lookalikes; i++)
        free(checkpoint->lookalike[i].pattern);
    free(checkpoint->lookalike);
    free(checkpoint->gates);
    safetensors_close(checkpoint->file);
    free(checkpoint->opened);
    shard_index_clear(&checkpoint->index);
    free(checkpoint);
}

size_t gate_tensors_count(const gate_tensors_t *checkpoint) {
    return checkpoint->count;
}

const gate_tensor_t *gate_tensors_at(const gate_tensors_t *checkpoint, size_t index) {
    return &checkpoint->gates[index];
}

const gate_config_t *gate_tensors_config(const gate_tensors_t *checkpoint) {
    return &checkpoint->config;
}

size_t gate_tensors_names(const gate_tensors_t *checkpoint) {
    return checkpoint->index.count;
}

size_t gate_tensors_shards(const gate_tensors_t *checkpoint) {
    return checkpoint->shards;
}

uint64_t gate_tensors_bytes(const gate_tensors_t *checkpoint) {
    return checkpoint->bytes;
}

size_t gate_tensors_lookalikes(const gate_tensors_t *checkpoint) {
    return checkpoint->lookalikes;
}

const gate_lookalike_t *gate_tensors_lookalike(const gate_tensors_t *checkpoint, size_t index) {
    return &checkpoint->lookalike[index];
}

// ---- Numbers ----

// Turns d x N numbers into N x d.
static fault_status_t turn(const gate_tensors_t *checkpoint, const gate_tensor_t *gate, double *weights,
                           fault_t *fault) {
    double *copy = calloc(gate->experts * gate->dimension, sizeof *copy);
    if (copy == NULL)
        return short_of_memory(checkpoint, fault);
    memcpy(copy, weights, gate->experts * gate->dimension * sizeof *copy);
    for (size_t j = 0; j < gate->dimension; j++)
        for (size_t i = 0; i < gate->experts; i++)
            weights[i * gate->dimension + j] = copy[j * gate->experts + i];
    free(copy);
    return FAULT_NONE;
}

fault_status_t gate_tensors_read(gate_tensors_t *checkpoint, size_t index, double *weights, fault_t *fault) {
    const gate_tensor_t *gate = &checkpoint->gates[index];
    const safetensors_tensor_t *tensor = find_tensor(checkpoint, gate->shard, gate->name, fault);
    if (tensor == NULL)
        return fault->status;
    if (tensor->elements != gate->experts * gate->dimension)
        return refuse(gate->shard, tensor, "the shape that it had before", fault);
    if (safetensors_doubles(checkpoint->file, tensor, 0, (size_t)tensor->elements, weights, fault) !=
        FAULT_NONE)
        return fault->status;
    return gate->transposed ? turn(checkpoint, gate, weights, fault) : FAULT_NONE;
}

// The shard of a tensor; NULL without memory.
static char *shard_of(const gate_tensors_t *checkpoint, const char *name) {
    for (size_t i = 0; i < checkpoint->index.count; i++)
        if (strcmp(checkpoint->index.names[i], name) == 0)
            return shard_path(checkpoint, i);
    return NULL;
}

fault_status_t gate_tensors_vector(gate_tensors_t *checkpoint, size_t index, const char *name, double *values,
                                   fault_t *fault) {
    char *shard = shard_of(checkpoint, name);
    if (shard == NULL)
        return short_of_memory(checkpoint, fault);
    const safetensors_tensor_t *tensor = find_tensor(checkpoint, shard, name, fault);
    if (tensor != NULL && tensor->elements != checkpoint->gates[index].experts)
        refuse(shard, tensor, "the shape that it had before", fault);
    if (fault->status == FAULT_NONE)
        safetensors_doubles(checkpoint->file, tensor, 0, checkpoint->gates[index].experts, values, fault);
    free(shard);
    return fault->status;
}
