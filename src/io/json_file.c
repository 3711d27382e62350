// SPDX-License-Identifier: GPL-3.0-or-later
// JSON files; see json_file.h.
#include "io/json_file.h"

#include "io/quote.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// Reads all of an open file of that size. Returns NULL after a fault.
static char *read_all(const char *path, int descriptor, size_t size, fault_t *fault) {
    char *text = malloc(size + 1);
    if (text == NULL)
        fault_set(fault, FAULT_SYSTEM, "out of memory while reading %s", path);
    for (size_t done = 0; fault->status == FAULT_NONE && done < size;) {
        const ssize_t part = pread(descriptor, text + done, size - done, (off_t)done);
        if (part < 0 && errno == EINTR)
            continue;
        if (part <= 0)
            fault_set(fault, FAULT_INPUT, "cannot read %s: %s", path,
                      part < 0 ? strerror(errno) : "the file has become shorter");
        done += part > 0 ? (size_t)part : 0;
    }
    if (fault->status == FAULT_NONE)
        return text;
    free(text);
    return NULL;
}

// Reads a regular file that is not too long. Returns NULL after a fault.
static char *read_file(const char *path, size_t longest, size_t *size, fault_t *fault) {
    struct stat status;
    char *text = NULL;
    // Non-blocking, so that a pipe is refused and not waited for.
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0 || fstat(descriptor, &status) != 0)
        fault_set(fault, FAULT_INPUT, "cannot read %s: %s", path, strerror(errno));
    else if (!S_ISREG(status.st_mode))
        fault_set(fault, FAULT_INPUT, "cannot read %s: it is not a regular file", path);
    else if ((uintmax_t)status.st_size > longest)
        fault_set(fault, FAULT_INPUT, "%s: expected at most %zu bytes of JSON, found %jd", path, longest,
                  (intmax_t)status.st_size);
    else {
        *size = (size_t)status.st_size;
        text = read_all(path, descriptor, *size, fault);
    }
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
