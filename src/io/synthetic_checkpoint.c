// SPDX-License-Identifier: GPL-3.0-or-later
// Synthetic checkpoints; see synthetic_checkpoint.h.
#include "io/synthetic_checkpoint.h"

#include "io/digits.h"
#include "io/output.h"
#include "io/sparse_tensors.h"
#include "stat/stream.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH = 4096, BF16_DIGITS = 8, F32_DIGITS = 24 };
static const double SCALE = 0x1p-6;

// The name of a tensor; it is cut where the room ends.
static const char *tensor_name(const char *pattern, size_t layer, size_t expert, char room[SYNTHETIC_NAME]) {
    size_t at = 0, stars = 0;
    for (const char *c = pattern; *c != '\0' && at + DIGITS_ROOM < SYNTHETIC_NAME; c++)
        if (*c == '*')
            at += digits_of(stars++ == 0 ? layer : expert, room + at);
        else
            room[at++] = *c;
    room[at] = '\0';
    return room;
}

// How often a tensor stands in a layer.
static size_t copies(const synthetic_checkpoint_t *plan, const synthetic_tensor_t *tensor) {
    return strchr(tensor->pattern, '*') != strrchr(tensor->pattern, '*') ? plan->experts : 1;
}

static const char *shard_name(const synthetic_checkpoint_t *plan, size_t shard, char room[SYNTHETIC_NAME]) {
    if (plan->shards == 0)
        snprintf(room, SYNTHETIC_NAME, "model.safetensors");
    else
        snprintf(room, SYNTHETIC_NAME, "model-%05zu-of-%05zu.safetensors", shard + 1, plan->shards);
    return room;
}

static size_t shard_count(const synthetic_checkpoint_t *plan) {
    return plan->shards == 0 ? 1 : plan->shards;
}

// The first layer of a shard.
static size_t first_layer(const synthetic_checkpoint_t *plan, size_t shard) {
    return shard * plan->layers / shard_count(plan);
}

void synthetic_checkpoint_values(const synthetic_checkpoint_t *plan, size_t layer, size_t tensor,
                                 double *values, size_t count) {
    const int digits = strcmp(plan->tensors[tensor].dtype, "BF16") == 0 ? BF16_DIGITS : F32_DIGITS;
    stream_t stream = stream_at(plan->seed, stream_experiment("synthetic checkpoint"),
                                (uint32_t)(layer * plan->count + tensor));
    if (layer >= plan->drawn || !plan->tensors[tensor].drawn) {
        memset(values, 0, count * sizeof *values);
        return;
    }
    stream_normals(&stream, values, count);
    for (size_t i = 0; i < count; i++) {
        int exponent;
        const double significand = frexp(SCALE * values[i], &exponent);
        values[i] = ldexp(trunc(ldexp(significand, digits)), exponent - digits);
    }
}

static fault_status_t short_of_memory(fault_t *fault) {
    return fault_set(fault, FAULT_SYSTEM, "out of memory for a synthetic checkpoint");
}

// ---- Shards ----

static fault_status_t add_layer(const synthetic_checkpoint_t *plan, size_t layer, sparse_tensors_t *file,
                                synthetic_size_t *size, fault_t *fault) {
    char room[SYNTHETIC_NAME];
    for (size_t t = 0; t < plan->count; t++) {
        const synthetic_tensor_t *tensor = &plan->tensors[t];
        for (size_t e = 0; e < copies(plan, tensor); e++, size->tensors++) {
            tensor_name(tensor->pattern, plan->first + plan->step * layer, e, room);
            if (sparse_tensors_add(file, room, tensor->dtype, tensor->rank, tensor->shape) == SIZE_MAX)
                return short_of_memory(fault);
        }
    }
    return FAULT_NONE;
}

static fault_status_t put_tensor(const synthetic_checkpoint_t *plan, size_t layer, size_t tensor,
                                 size_t number, sparse_tensors_t *file, fault_t *fault) {
    size_t count = 1;
    for (size_t i = 0; i < plan->tensors[tensor].rank; i++)
        count *= (size_t)plan->tensors[tensor].shape[i];
    double *values = calloc(count, sizeof *values);
    if (values == NULL)
        return short_of_memory(fault);
    synthetic_checkpoint_values(plan, layer, tensor, values, count);
    sparse_tensors_put(file, number, values, count, fault);
    free(values);
    return fault->status;
}

// The numbers of a layer whose first tensor has this number in the file.
static fault_status_t put_layer(const synthetic_checkpoint_t *plan, size_t layer, size_t *number,
                                sparse_tensors_t *file, fault_t *fault) {
    for (size_t t = 0; t < plan->count && fault->status == FAULT_NONE; t++) {
        if (layer < plan->drawn && plan->tensors[t].drawn)
            put_tensor(plan, layer, t, *number, file, fault);
        *number += copies(plan, &plan->tensors[t]);
    }
    return fault->status;
}

static fault_status_t write_shard(const synthetic_checkpoint_t *plan, const char *folder, size_t shard,
                                  synthetic_size_t *size, fault_t *fault) {
    char path[PATH], room[SYNTHETIC_NAME];
    uint64_t header = 0, bytes = 0;
    sparse_tensors_t *file = sparse_tensors_alloc();
    if (file == NULL)
        return short_of_memory(fault);
    snprintf(path, sizeof path, "%s/%s", folder, shard_name(plan, shard, room));
    const size_t from = first_layer(plan, shard), to = first_layer(plan, shard + 1);
    for (size_t layer = from; layer < to && fault->status == FAULT_NONE; layer++)
        add_layer(plan, layer, file, size, fault);
    if (fault->status == FAULT_NONE)
        sparse_tensors_create(file, path, &header, &bytes, fault);
    for (size_t layer = from, number = 0; layer < to && fault->status == FAULT_NONE; layer++)
        put_layer(plan, layer, &number, file, fault);
    sparse_tensors_free(file);
    size->bytes += bytes;
    size->headers += header;
    return fault->status;
}

// ---- Index and config ----

// The entries of a layer, which is in that shard.
static void print_layer(const synthetic_checkpoint_t *plan, size_t layer, const char *shard, FILE *file) {
    char name[SYNTHETIC_NAME];
    for (size_t t = 0; t < plan->count; t++)
        for (size_t e = 0; e < copies(plan, &plan->tensors[t]); e++) {
            fputs(layer + t + e > 0 ? ",\n\"" : "\"", file);
            fputs(tensor_name(plan->tensors[t].pattern, plan->first + plan->step * layer, e, name), file);
            fputs("\":\"", file);
            fputs(shard, file);
            fputc('"', file);
        }
}

static void print_map(const synthetic_checkpoint_t *plan, FILE *file) {
    char shard[SYNTHETIC_NAME];
    fputs("{\"metadata\":{},\"weight_map\":{", file);
    for (size_t s = 0; s < plan->shards; s++) {
        shard_name(plan, s, shard);
        for (size_t layer = first_layer(plan, s); layer < first_layer(plan, s + 1); layer++)
            print_layer(plan, layer, shard, file);
    }
    fputs("}}\n", file);
}

static const char INDEX[] = "model.safetensors.index.json", CONFIG[] = "config.json";

static fault_status_t write_texts(const synthetic_checkpoint_t *plan, const char *folder, fault_t *fault) {
    output_t *out;
    if (plan->shards > 0) {
        if (output_open_in(folder, INDEX, &out, fault) != FAULT_NONE)
            return fault->status;
        print_map(plan, output_stream(out));
        if (output_commit(out, fault) != FAULT_NONE)
            return fault->status;
    }
    if (plan->config == NULL)
        return FAULT_NONE;
    if (output_open_in(folder, CONFIG, &out, fault) != FAULT_NONE)
        return fault->status;
    fputs(plan->config, output_stream(out));
    return output_commit(out, fault);
}

fault_status_t synthetic_checkpoint_write(const synthetic_checkpoint_t *plan, const char *folder,
                                          synthetic_size_t *size, fault_t *fault) {
    synthetic_size_t sum = {0};
    for (size_t s = 0; s < shard_count(plan) && fault->status == FAULT_NONE; s++)
        write_shard(plan, folder, s, &sum, fault);
    if (fault->status == FAULT_NONE)
        write_texts(plan, folder, fault);
    if (fault->status == FAULT_NONE && size != NULL)
        *size = sum;
    return fault->status;
}

void synthetic_checkpoint_remove(const synthetic_checkpoint_t *plan, const char *folder) {
    char path[PATH], room[SYNTHETIC_NAME];
    for (size_t s = 0; s < shard_count(plan); s++) {
        snprintf(path, sizeof path, "%s/%s", folder, shard_name(plan, s, room));
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/%s", folder, INDEX);
    unlink(path);
    snprintf(path, sizeof path, "%s/%s", folder, CONFIG);
    unlink(path);
    rmdir(folder);
}
