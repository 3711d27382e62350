// SPDX-License-Identifier: GPL-3.0-or-later
// The files of a dump and their layers; see dump_layers.h.
#include "io/dump_layers.h"

#include "io/dump.h"
#include "io/ending.h"
#include "io/npy.h"
#include "io/quote.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEPT = 1 << 24, NAME_ROOM = 1 << 12 }; // 128 MiB

static fault_status_t out_of_memory(const char *path, fault_t *fault) {
    return fault_set(fault, FAULT_SYSTEM, "out of memory while reading %s", path);
}

// ---- The list ----

static fault_status_t add_file(dump_list_t *list, const char *path, size_t length, dump_file_t **result,
                               fault_t *fault) {
    if (list->file_count == list->file_room) {
        list->file_room = list->file_room ? 2 * list->file_room : 16;
        dump_file_t **files = reallocarray(list->files, list->file_room, sizeof(dump_file_t *));
        if (files == NULL)
            return out_of_memory(path, fault);
        list->files = files;
    }
    dump_file_t *file = calloc(1, sizeof *file);
    if (file == NULL)
        return out_of_memory(path, fault);
    file->descriptor = -1;
    list->files[list->file_count++] = file;
    file->path = strndup(path, length);
    *result = file;
    return file->path != NULL ? FAULT_NONE : out_of_memory(path, fault);
}

static fault_status_t check_sizes(const char *path, const char *name, uint64_t rows, uint64_t columns,
                                  fault_t *fault) {
    char room[QUOTE_ROOM];
    if (rows >= 1 && columns >= 1 && columns <= DUMP_COLUMNS)
        return FAULT_NONE;
    return fault_set(fault, FAULT_INPUT,
                     "%s: layer %s: expected at least 1 row, and 1 to %d columns, found %" PRIu64
                     " rows and %" PRIu64 " columns",
                     path, quote(room, name, strlen(name)), DUMP_COLUMNS, rows, columns);
}

// A copy of a name that can be shown anywhere: what is not printable ASCII becomes \xNN, and a long one is cut.
static char *printable(const char *name) {
    enum { SHOWN = 200 };
    char *text = malloc(4 * SHOWN + sizeof "...");
    size_t at = 0, i = 0;
    if (text == NULL)
        return NULL;
    for (; name[i] != '\0' && i < SHOWN; i++) {
        const unsigned char byte = (unsigned char)name[i];
        if (byte >= ' ' && byte <= '~')
            text[at++] = name[i];
        else
            at += (size_t)snprintf(text + at, sizeof "\\x00", "\\x%02X", byte);
    }
    strcpy(text + at, name[i] != '\0' ? "..." : "");
    return text;
}

// Adds a layer of this size, of which the rest is to be filled in.
static fault_status_t add_layer(dump_list_t *list, const dump_file_t *file, const char *name, uint64_t rows,
                                uint64_t columns, dump_layer_t **result, fault_t *fault) {
    if (check_sizes(file->path, name, rows, columns, fault) != FAULT_NONE)
        return fault->status;
    if (list->count == DUMP_LAYERS)
        return fault_set(fault, FAULT_INPUT, "%s: expected at most %d layers, found more", file->path,
                         DUMP_LAYERS);
    if (list->count == list->room) {
        list->room = list->room ? 2 * list->room : 64;
        dump_layer_t *layers = reallocarray(list->layers, list->room, sizeof *layers);
        if (layers == NULL)
            return out_of_memory(file->path, fault);
        list->layers = layers;
    }
    dump_layer_t *layer = &list->layers[list->count];
    *layer =
        (dump_layer_t){.name = printable(name), .path = file->path, .rows = rows, .columns = (size_t)columns};
    if (layer->name == NULL)
        return out_of_memory(file->path, fault);
    list->count++;
    *result = layer;
    return FAULT_NONE;
}

// ---- Arrays ----

// An array of rank 2 or 3 as it lies in a file.
typedef struct array {
    const char *name; // of the only layer
    size_t rank;
    const uint64_t *shape;
    bool fortran;
    numbers_t numbers;
} array_t;

static fault_status_t refuse_rank(const dump_file_t *file, const array_t *array, const char *expected,
                                  fault_t *fault) {
    char room[QUOTE_ROOM];
    return fault_set(fault, FAULT_INPUT, "%s: %s: expected the shape %s, found %zu sizes", file->path,
                     quote(room, array->name, strlen(array->name)), expected, array->rank);
}

static fault_status_t add_slice(dump_list_t *list, const dump_file_t *file, const array_t *array,
                                uint64_t number, const char *name, fault_t *fault) {
    const uint64_t *shape = array->shape + array->rank - 2, layers = array->rank == 3 ? array->shape[0] : 1;
    dump_layer_t *layer;
    if (add_layer(list, file, name, shape[0], shape[1], &layer, fault) != FAULT_NONE)
        return fault->status;
    layer->whole = numbers_whole(array->numbers.type);
    layer->numbers = array->numbers;
    layer->first = array->fortran ? number : number * shape[0] * shape[1];
    layer->row_step = array->fortran ? layers : shape[1];
    layer->column_step = array->fortran ? layers * shape[0] : 1;
    return FAULT_NONE;
}

static fault_status_t add_array(dump_list_t *list, const dump_file_t *file, const array_t *array,
                                fault_t *fault) {
    char name[24];
    if (array->rank == 2)
        return add_slice(list, file, array, 0, array->name, fault);
    if (array->rank != 3)
        return refuse_rank(file, array, "(rows, experts) or (layers, rows, experts)", fault);
    if (array->shape[0] < 1 || array->shape[0] > DUMP_LAYERS)
        return fault_set(fault, FAULT_INPUT,
                         "%s: expected 1 to %d layers in the shape (layers, rows, experts), found %" PRIu64,
                         file->path, DUMP_LAYERS, array->shape[0]);
    for (uint64_t i = 0; i < array->shape[0] && fault->status == FAULT_NONE; i++) {
        snprintf(name, sizeof name, "%" PRIu64, i);
        add_slice(list, file, array, i, name, fault);
    }
    return fault->status;
}

static fault_status_t add_npy(dump_list_t *list, const dump_file_t *file, const char *stem,
                              const unsigned char *start, size_t length, uint64_t size, fault_t *fault) {
    npy_t npy;
    if (npy_header(file->path, start, length, size, &npy, fault) != FAULT_NONE)
        return fault->status;
    const array_t array = {.name = stem,
                           .rank = npy.rank,
                           .shape = npy.shape,
                           .fortran = npy.fortran,
                           .numbers = npy_numbers(&npy, file->path, file->descriptor)};
    return add_array(list, file, &array, fault);
}

// ---- Tensors ----

static fault_status_t add_tensor(dump_list_t *list, const dump_file_t *file,
                                 const safetensors_tensor_t *tensor, bool only, fault_t *fault) {
    array_t array = {.name = tensor->name, .rank = tensor->rank, .shape = tensor->shape};
    if (safetensors_numbers(file->tensors, tensor, &array.numbers, fault) != FAULT_NONE)
        return fault->status;
    if (!only && tensor->rank != 2)
        return refuse_rank(file, &array, "(rows, experts), as there are several tensors", fault);
    return add_array(list, file, &array, fault);
}

static int compare_tensors(const void *a, const void *b) {
    const safetensors_tensor_t *const *left = a, *const *right = b;
    return strverscmp((*left)->name, (*right)->name);
}

static fault_status_t add_all_tensors(dump_list_t *list, const dump_file_t *file, fault_t *fault) {
    const size_t count = safetensors_count(file->tensors);
    if (count == 0)
        return fault_set(fault, FAULT_INPUT, "%s: expected tensors of scores, found none", file->path);
    const safetensors_tensor_t **tensors = calloc(count, sizeof(safetensors_tensor_t *));
    if (tensors == NULL)
        return out_of_memory(file->path, fault);
    for (size_t i = 0; i < count; i++)
        tensors[i] = safetensors_tensor(file->tensors, i);
    qsort(tensors, count, sizeof(safetensors_tensor_t *), compare_tensors);
    for (size_t i = 0; i < count && fault->status == FAULT_NONE; i++)
        add_tensor(list, file, tensors[i], count == 1, fault);
    free(tensors);
    return fault->status;
}

static fault_status_t add_tensors(dump_list_t *list, dump_file_t *file, const char *wanted, fault_t *fault) {
    char room[QUOTE_ROOM];
    if (safetensors_open(file->path, &file->tensors, fault) != FAULT_NONE)
        return fault->status;
    if (wanted == NULL)
        return add_all_tensors(list, file, fault);
    const safetensors_tensor_t *tensor = safetensors_find(file->tensors, wanted);
    if (tensor == NULL)
        return fault_set(fault, FAULT_INPUT, "%s: expected a tensor %s, found %zu others", file->path,
                         quote(room, wanted, strlen(wanted)), safetensors_count(file->tensors));
    return add_tensor(list, file, tensor, true, fault);
}

// ---- Texts ----

static fault_status_t add_text(dump_list_t *list, dump_file_t *file, const char *stem, fault_t *fault) {
    dump_layer_t *layer;
    if (dump_text_open(file->path, file->descriptor, DUMP_LAYERS, &list->kept, &file->text, fault) !=
        FAULT_NONE)
        return fault->status;
    for (size_t i = 0; i < dump_text_layers(file->text); i++) {
        const char *name = dump_text_name(file->text, i);
        if (add_layer(list, file, name != NULL ? name : stem, dump_text_rows(file->text, i),
                      dump_text_columns(file->text), &layer, fault) != FAULT_NONE)
            return fault->status;
        layer->text = file->text;
        layer->number = i;
    }
    return FAULT_NONE;
}

// ---- Files ----

// The file's name without folder and ending.
static void stem_of(const char *path, char stem[NAME_ROOM]) {
    const char *slash = strrchr(path, '/'), *base = slash != NULL && slash[1] != '\0' ? slash + 1 : path;
    const char *dot = strrchr(base, '.');
    const size_t length = dot != NULL && dot != base ? (size_t)(dot - base) : strlen(base);
    snprintf(stem, NAME_ROOM, "%.*s", length < NAME_ROOM ? (int)length : NAME_ROOM - 1, base);
}

static fault_status_t add_other(dump_list_t *list, dump_file_t *file, fault_t *fault) {
    char stem[NAME_ROOM];
    uint64_t size;
    if (numbers_open(file->path, &file->descriptor, &size, fault) != FAULT_NONE)
        return fault->status;
    const size_t length = size < NPY_START ? (size_t)size : NPY_START;
    unsigned char *start = malloc(NPY_START);
    if (start == NULL)
        return out_of_memory(file->path, fault);
    stem_of(file->path, stem);
    if (numbers_bytes(file->path, file->descriptor, start, length, 0, fault) == FAULT_NONE) {
        if (npy_recognise(start, length))
            add_npy(list, file, stem, start, length, size, fault);
        else
            add_text(list, file, stem, fault);
    }
    free(start);
    return fault->status;
}

static fault_status_t add_path(dump_list_t *list, const char *path, fault_t *fault) {
    dump_file_t *file = NULL;
    const char *end = safetensors_suffix(path);
    if (add_file(list, path, end != NULL ? (size_t)(end - path) : strlen(path), &file, fault) != FAULT_NONE)
        return fault->status;
    return end != NULL ? add_tensors(list, file, *end == ':' ? end + 1 : NULL, fault)
                       : add_other(list, file, fault);
}

// ---- Folders ----

static int is_layer_file(const struct dirent *entry) {
    static const char *const endings[] = {".npy", ".safetensors", ".csv"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (ending_is(entry->d_name, endings[i]))
            return entry->d_name[0] != '.';
    return 0;
}

static int is_left_out(const struct dirent *entry) {
    return entry->d_name[0] != '.' && !is_layer_file(entry);
}

// Calls the layers of a file in a folder after the file.
static fault_status_t rename_layers(dump_list_t *list, size_t first, const char *path, fault_t *fault) {
    char stem[NAME_ROOM];
    stem_of(path, stem);
    for (size_t i = first; i < list->count; i++) {
        char *name = NULL, *whole = NULL;
        const bool single = list->count == first + 1;
        if (asprintf(&whole, "%s%s%s", stem, single ? "" : ":", single ? "" : list->layers[i].name) >= 0) {
            name = printable(whole);
            free(whole);
        }
        if (name == NULL)
            return out_of_memory(path, fault);
        free(list->layers[i].name);
        list->layers[i].name = name;
    }
    return FAULT_NONE;
}

static fault_status_t add_entry(dump_list_t *list, const char *folder, const char *entry, fault_t *fault) {
    const size_t first = list->count;
    char *path = NULL;
    if (asprintf(&path, "%s%s%s", folder, folder[strlen(folder) - 1] == '/' ? "" : "/", entry) < 0)
        return out_of_memory(folder, fault);
    if (add_path(list, path, fault) == FAULT_NONE)
        rename_layers(list, first, path, fault);
    free(path);
    return fault->status;
}

// The entries of a folder that a filter takes, in natural order; fewer than 0 when it cannot be read.
static int list_folder(const char *folder, int (*filter)(const struct dirent *), struct dirent ***entries,
                       fault_t *fault) {
    const int count = scandir(folder, entries, filter, versionsort);
    if (count < 0)
        fault_set(fault, FAULT_INPUT, "cannot read %s: %s", folder, strerror(errno));
    return count;
}

static void free_entries(struct dirent **entries, int count) {
    for (int i = 0; i < count; i++)
        free(entries[i]);
    if (count >= 0)
        free(entries);
}

// Raises the limit of open files where a folder has more; opening them says if that was not enough.
static void allow_files(int count) {
    enum { OTHERS = 64 };
    struct rlimit limit;
    if (count < 0 || getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= (rlim_t)count + OTHERS)
        return;
    const rlim_t wanted = limit.rlim_cur + (rlim_t)count;
    limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static fault_status_t add_folder(dump_list_t *list, const char *folder, fault_t *fault) {
    struct dirent **entries;
    const int others = list_folder(folder, is_left_out, &entries, fault);
    free_entries(entries, others);
    const int count = list_folder(folder, is_layer_file, &entries, fault);
    allow_files(count);
    if (count == 0)
        fault_set(fault, FAULT_INPUT,
                  "%s: expected files that end in .npy, .safetensors or .csv in the folder, found none",
                  folder);
    for (int i = 0; i < count && fault->status == FAULT_NONE; i++)
        add_entry(list, folder, entries[i]->d_name, fault);
    free_entries(entries, count);
    list->left_out = others > 0 ? (size_t)others : 0;
    return fault->status;
}

fault_status_t dump_list_find(dump_list_t *list, const char *path, fault_t *fault) {
    struct stat status;
    list->kept = KEPT;
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        return add_folder(list, path, fault);
    return add_path(list, path, fault);
}

void dump_list_clear(dump_list_t *list) {
    for (size_t i = 0; i < list->file_count; i++) {
        dump_file_t *file = list->files[i];
        dump_text_close(file->text);
        safetensors_close(file->tensors);
        if (file->descriptor >= 0)
            close(file->descriptor);
        free(file->path);
        free(file);
    }
    for (size_t i = 0; i < list->count; i++)
        free(list->layers[i].name);
    free(list->files);
    free(list->layers);
    *list = (dump_list_t){0};
}
