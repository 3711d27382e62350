// SPDX-License-Identifier: GPL-3.0-or-later
// libFuzzer target: headers of .safetensors files from memory, and such files as dumps of a router. See run.sh.
#include "fuzz.h"

#include "io/safetensors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// The ranges of the tensors fill the file.
static void check_header(const uint8_t *data, size_t size) {
    fault_t fault = {0};
    safetensors_t *file;
    if (safetensors_header("tensors", data, size, size, &file, &fault) != FAULT_NONE) {
        fuzz_fault(&fault);
        return;
    }
    for (size_t i = 0; i < safetensors_count(file); i++) {
        const safetensors_tensor_t *tensor = safetensors_tensor(file, i);
        if (tensor->end > size || (tensor->end - tensor->begin) / tensor->item != tensor->elements ||
            safetensors_find(file, tensor->name) == NULL)
            abort();
    }
    safetensors_close(file);
}

// The format is known by the file's name alone: one name for all inputs, as folders are slow to make.
typedef struct name {
    char folder[32], link[64], path[64]; // the link leads to the path
} name_t;

static name_t *the_name(void) {
    static name_t name;
    return &name;
}

static void remove_name(void) {
    unlink(the_name()->link);
    rmdir(the_name()->folder);
}

static const char *name_file(const char *path) {
    name_t *name = the_name();
    if (name->folder[0] == '\0') {
        strcpy(name->folder, "/tmp/moegeom-fuzz-XXXXXX");
        fuzz_need(mkdtemp(name->folder) != NULL && atexit(remove_name) == 0);
        snprintf(name->link, sizeof name->link, "%s/x.safetensors", name->folder);
    }
    if (strcmp(path, name->path) != 0) {
        unlink(name->link);
        strcpy(name->path, path);
        fuzz_need(symlink(path, name->link) == 0);
    }
    return name->link;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char path[64];
    check_header(data, size);
    // A header alone, with its numbers: the rest of the file is made.
    const int file = size > 0 && data[0] == '{' ? fuzz_headed(data, size, "\0\0\0\0\0\0\0\0", 8, 8, path)
                                                : fuzz_file(data, size, path);
    fuzz_dump(name_file(path));
    close(file);
    return 0;
}
