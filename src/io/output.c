// SPDX-License-Identifier: GPL-3.0-or-later
// Text files that appear under their name only when they are complete; see output.h.
#include "io/output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct output {
    FILE *stream;
    char *path;
    char *temporary;
};

// Creates every missing folder on the way to `path`.
static fault_status_t make_folders(const char *path, fault_t *fault) {
    char *folder = strdup(path);
    if (folder == NULL)
        return fault_set(fault, FAULT_SYSTEM, "out of memory");
    for (char *slash = strchr(folder + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(folder, 0777) != 0 && errno != EEXIST) {
            fault_set(fault, FAULT_SYSTEM, "cannot create the folder %s: %s", folder, strerror(errno));
            break;
        }
        *slash = '/';
    }
    free(folder);
    return fault->status;
}

fault_status_t output_examine(const char *path, fault_t *fault) {
    struct stat present;
    if (path[0] == '\0')
        return fault_set(fault, FAULT_USAGE, "expected the name of a file to write, found an empty one");
    if (stat(path, &present) == 0 && !S_ISREG(present.st_mode))
        return fault_set(fault, FAULT_SYSTEM, "cannot write %s: what is there is no regular file", path);
    return make_folders(path, fault);
}

fault_status_t output_open(const char *path, output_t **result, fault_t *fault) {
    if (output_examine(path, fault) != FAULT_NONE)
        return fault->status;
    output_t *out = calloc(1, sizeof *out);
    if (out == NULL)
        return fault_set(fault, FAULT_SYSTEM, "out of memory");
    out->path = strdup(path);
    // The process number keeps two programs that write the same file out of each other's way.
    if (asprintf(&out->temporary, "%s.%ld.tmp", path, (long)getpid()) < 0)
        out->temporary = NULL;
    if (out->path != NULL && out->temporary != NULL)
        out->stream = fopen(out->temporary, "we");
    if (out->stream == NULL) {
        fault_set(fault, FAULT_SYSTEM, "cannot write %s: %s", path, strerror(errno));
        output_discard(out);
        return fault->status;
    }
    *result = out;
    return FAULT_NONE;
}

fault_status_t output_open_in(const char *folder, const char *name, output_t **result, fault_t *fault) {
    char *path = NULL;
    if (asprintf(&path, "%s/%s", folder, name) < 0)
        return fault_set(fault, FAULT_SYSTEM, "out of memory");
    output_open(path, result, fault);
    free(path);
    return fault->status;
}

FILE *output_stream(output_t *out) {
    return out->stream;
}

fault_status_t output_finish(output_t *out, fault_t *fault) {
    if (out->stream == NULL)
        return FAULT_NONE;
    errno = 0;
    const int failed = fflush(out->stream) != 0 || ferror(out->stream) || fsync(fileno(out->stream)) != 0;
    const int cause = errno;
    const int closed = fclose(out->stream);
    out->stream = NULL;
    if (failed || closed != 0)
        return fault_set(fault, FAULT_SYSTEM, "cannot write %s: %s", out->path,
                         strerror(failed ? (cause ? cause : EIO) : errno));
    return FAULT_NONE;
}

fault_status_t output_commit(output_t *out, fault_t *fault) {
    fault_status_t status = output_finish(out, fault);
    if (status == FAULT_NONE && rename(out->temporary, out->path) != 0)
        status = fault_set(fault, FAULT_SYSTEM, "cannot write %s: %s", out->path, strerror(errno));
    if (status == FAULT_NONE) {
        free(out->temporary);
        out->temporary = NULL;
    }
    output_discard(out);
    return status;
}

void output_discard(output_t *out) {
    if (out == NULL)
        return;
    if (out->stream != NULL)
        fclose(out->stream);
    if (out->temporary != NULL)
        unlink(out->temporary);
    free(out->temporary);
    free(out->path);
    free(out);
}
