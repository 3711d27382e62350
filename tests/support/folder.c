// SPDX-License-Identifier: GPL-3.0-or-later
// A folder for a test program; see folder.h.
#include "support/folder.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH = 1024 };

static char own[256];

int folder_make(void **state) {
    (void)state;
    const char *root = getenv("TMPDIR");
    snprintf(own, sizeof own, "%s/moegeom-test-XXXXXX", root ? root : "/tmp");
    return mkdtemp(own) == NULL;
}

const char *folder_path(void) {
    return own;
}

const char *folder_at(const char *name) {
    static char paths[4][PATH];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, PATH, "%s/%s", own, name);
    return path;
}

static int empty(const char *path) {
    DIR *open = opendir(path);
    int files = 0;
    for (struct dirent *entry; open != NULL && (entry = readdir(open)) != NULL;) {
        char inner[PATH];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if ((size_t)snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name) >= sizeof inner)
            continue;
        files += empty(inner);
        files += unlink(inner) == 0;
        rmdir(inner);
    }
    if (open != NULL)
        closedir(open);
    return files;
}

int folder_empty(const char *name) {
    return empty(folder_at(name));
}

int folder_remove(void **state) {
    (void)state;
    folder_empty(".");
    return rmdir(own);
}
