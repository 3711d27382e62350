// SPDX-License-Identifier: GPL-3.0-or-later
// JSON files; see json_file.h.
#include "io/json_file.h"

#include "io/numbers.h"
#include "io/quote.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Reads all of an open file of that size. Returns NULL after a fault.
static char *read_all(const char *path, int descriptor, size_t size, fault_t *fault) {
    char *text = malloc(size + 1);
    if (text == NULL)
        fault_set(fault, FAULT_SYSTEM, "out of memory while reading %s", path);
    else
        numbers_bytes(path, descriptor, text, size, 0, fault);
    if (fault->status == FAULT_NONE)
        return text;
    free(text);
    return NULL;
}

// Reads a regular file that is not too long. Returns NULL after a fault.
static char *read_file(const char *path, size_t longest, size_t *size, fault_t *fault) {
    int descriptor;
    uint64_t bytes = 0;
    char *text = NULL;
    if (numbers_open(path, &descriptor, &bytes, fault) == FAULT_NONE && bytes > longest)
        fault_set(fault, FAULT_INPUT, "%s: expected at most %zu bytes of JSON, found %" PRIu64, path, longest,
                  bytes);
    *size = (size_t)bytes;
    if (fault->status == FAULT_NONE)
        text = read_all(path, descriptor, *size, fault);
    if (descriptor >= 0)
        close(descriptor);
    return text;
}

fault_status_t json_file_object(const char *path, size_t longest, json_t **result, fault_t *fault) {
    char room[QUOTE_ROOM];
    json_error_t error;
    size_t size = 0;
    char *text = read_file(path, longest, &size, fault);
    if (text == NULL)
        return fault->status;
    json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    free(text);
    if (root == NULL)
        return fault_set(fault, FAULT_INPUT,
                         "%s: up to byte %d: expected JSON without repeated keys, found: %s", path,
                         error.position, quote(room, error.text, strlen(error.text)));
    if (!json_is_object(root)) {
        json_decref(root);
        return fault_set(fault, FAULT_INPUT, "%s: expected a JSON object", path);
    }
    *result = root;
    return FAULT_NONE;
}
