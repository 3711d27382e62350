// SPDX-License-Identifier: GPL-3.0-or-later
// Files of a checkpoint; see shard_index.h.
#include "io/shard_index.h"

#include "io/ending.h"
#include "io/json_file.h"
#include "io/quote.h"
#include "io/safetensors.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { LONGEST = 1 << 28 }; // bytes of an index
static const char INDEX_END[] = ".safetensors.index.json", FILE_END[] = ".safetensors";

void shard_index_clear(shard_index_t *index) {
    for (size_t i = 0; i < index->count; i++) {
        free(index->names[i]);
        free(index->shards[i]);
    }
    free(index->names);
    free(index->shards);
    free(index->folder);
    free(index->path);
    *index = (shard_index_t){0};
}

static fault_status_t short_of_memory(const char *path, fault_t *fault) {
    return fault_set(fault, FAULT_SYSTEM, "out of memory while reading %s", path);
}

static fault_status_t make_room(shard_index_t *index, size_t count, fault_t *fault) {
    index->names = calloc(count + 1, sizeof *index->names);
    index->shards = calloc(count + 1, sizeof *index->shards);
    return index->names == NULL || index->shards == NULL ? short_of_memory(index->path, fault) : FAULT_NONE;
}

static fault_status_t add(shard_index_t *index, const char *name, const char *shard, fault_t *fault) {
    const size_t at = index->count++;
    index->names[at] = strdup(name);
    index->shards[at] = strdup(shard);
    return index->names[at] == NULL || index->shards[at] == NULL ? short_of_memory(index->path, fault)
                                                                 : FAULT_NONE;
}

// ---- An index ----

// A shard is a file at or below the folder of the index, by its name.
static bool stays_below(const char *shard) {
    if (shard[0] == '/' || !ending_is(shard, FILE_END))
        return false;
    for (const char *at = shard; at != NULL; at = strchr(at, '/')) {
        at += *at == '/';
        if (strncmp(at, "..", 2) == 0 && (at[2] == '/' || at[2] == '\0'))
            return false;
    }
    return strchr(shard, '\\') == NULL;
}

static fault_status_t read_entry(shard_index_t *index, const char *name, const json_t *value,
                                 fault_t *fault) {
    char names[QUOTE_ROOM], texts[QUOTE_ROOM];
    const char *shard = json_string_value(value);
    if (shard == NULL)
        return fault_set(fault, FAULT_INPUT, "%s: weight_map: expected the name of a file for tensor %s",
                         index->path, quote(names, name, strlen(name)));
    if (!stays_below(shard))
        return fault_set(
            fault, FAULT_INPUT,
            "%s: weight_map: expected a .safetensors file in the folder of the index for tensor %s, found %s",
            index->path, quote(names, name, strlen(name)), quote(texts, shard, strlen(shard)));
    return add(index, name, shard, fault);
}

static fault_status_t read_map(shard_index_t *index, json_t *map, fault_t *fault) {
    const char *name;
    json_t *value;
    if (!json_is_object(map) || json_object_size(map) == 0)
        return fault_set(fault, FAULT_INPUT, "%s: expected an object weight_map with tensors and their files",
                         index->path);
    if (make_room(index, json_object_size(map), fault) != FAULT_NONE)
        return fault->status;
    json_object_foreach(map, name, value) {
        if (read_entry(index, name, value, fault) != FAULT_NONE)
            return fault->status;
    }
    return FAULT_NONE;
}

static fault_status_t read_index(shard_index_t *index, fault_t *fault) {
    json_t *root = NULL;
    if (json_file_object(index->path, LONGEST, &root, fault) == FAULT_NONE)
        read_map(index, json_object_get(root, "weight_map"), fault);
    json_decref(root);
    return fault->status;
}

// ---- One file ----

static fault_status_t read_file(shard_index_t *index, fault_t *fault) {
    const char *slash = strrchr(index->path, '/');
    safetensors_t *file;
    if (safetensors_open(index->path, &file, fault) != FAULT_NONE)
        return fault->status;
    make_room(index, safetensors_count(file), fault);
    for (size_t i = 0; i < safetensors_count(file) && fault->status == FAULT_NONE; i++)
        add(index, safetensors_tensor(file, i)->name, slash != NULL ? slash + 1 : index->path, fault);
    safetensors_close(file);
    return fault->status;
}

// ---- A folder ----

// The file in a folder that is called model + end, or else the only one that ends so; NULL without one.
//   several  receives whether there are several to choose from
static char *only_file(const char *folder, const char *end, bool *several, fault_t *fault) {
    char *found = NULL, model[64];
    snprintf(model, sizeof model, "model%s", end);
    DIR *directory = opendir(folder);
    if (directory == NULL) {
        fault_set(fault, FAULT_INPUT, "cannot read %s: %s", folder, strerror(errno));
        return NULL;
    }
    size_t count = 0;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (!ending_is(entry->d_name, end))
            continue;
        const bool exact = strcmp(entry->d_name, model) == 0;
        if (exact || count++ == 0) {
            free(found);
            found = strdup(entry->d_name);
        }
        if (exact) {
            count = 1;
            break;
        }
    }
    closedir(directory);
    *several = count > 1;
    return found;
}

static fault_status_t choose_file(const char *folder, shard_index_t *index, fault_t *fault) {
    bool several = false;
    char *name = only_file(folder, INDEX_END, &several, fault);
    if (name == NULL && fault->status == FAULT_NONE)
        name = only_file(folder, FILE_END, &several, fault);
    if (fault->status == FAULT_NONE && name == NULL)
        fault_set(
            fault, FAULT_INPUT,
            "%s: expected model.safetensors.index.json or model.safetensors in the folder, found neither",
            folder);
    else if (fault->status == FAULT_NONE && several)
        fault_set(fault, FAULT_INPUT,
                  "%s: expected model.safetensors.index.json or model.safetensors in the folder, found "
                  "several files to choose "
                  "from: name one",
                  folder);
    else if (fault->status == FAULT_NONE && asprintf(&index->path, "%s/%s", folder, name) < 0)
        index->path = NULL;
    free(name);
    return fault->status;
}

static bool is_folder(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static fault_status_t find_file(const char *path, shard_index_t *index, fault_t *fault) {
    if (!is_folder(path))
        index->path = strdup(path);
    else if (choose_file(path, index, fault) != FAULT_NONE)
        return fault->status;
    if (index->path == NULL)
        return short_of_memory(path, fault);
    const char *slash = strrchr(index->path, '/');
    index->folder = slash == NULL          ? strdup(".")
                    : slash == index->path ? strdup("/")
                                           : strndup(index->path, (size_t)(slash - index->path));
    return index->folder == NULL ? short_of_memory(path, fault) : FAULT_NONE;
}

fault_status_t shard_index_read(const char *path, shard_index_t *index, fault_t *fault) {
    shard_index_t result = {0};
    if (find_file(path, &result, fault) == FAULT_NONE) {
        if (ending_is(result.path, ".json"))
            read_index(&result, fault);
        else if (ending_is(result.path, FILE_END))
            read_file(&result, fault);
        else
            fault_set(fault, FAULT_INPUT, "%s: expected a .safetensors file, an index.json or a folder",
                      path);
    }
    if (fault->status == FAULT_NONE)
        *index = result;
    else
        shard_index_clear(&result);
    return fault->status;
}
