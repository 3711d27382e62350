// SPDX-License-Identifier: GPL-3.0-or-later
// Instance files with known counts; see instances.h.
#include "support/instances.h"

#include <stdio.h>
#include <string.h>

enum { NAME_SIZE = 200, LINE_SIZE = 1024 };
static const char FOLDER[] = "data/instances/";

static bool ends_with(const char *name, const char *suffix) {
    const size_t length = strlen(name), end = strlen(suffix);
    return length >= end && strcmp(name + length - end, suffix) == 0;
}

static bool visit_file(const char *name, const char *count, instances_visit_t visit) {
    char path[sizeof FOLDER + NAME_SIZE];
    snprintf(path, sizeof path, "%s%s", FOLDER, name);
    instance_t instance;
    fault_t fault = {0};
    if (instance_read(path, &instance, &fault) != FAULT_NONE) {
        fprintf(stderr, "%s\n", fault.text);
        return false;
    }
    fmpz_t regions;
    fmpz_init(regions);
    const bool good = fmpz_set_str(regions, count, 10) == 0;
    if (good)
        visit(name, &instance, regions);
    fmpz_clear(regions);
    instance_clear(&instance);
    return good;
}

int instances_visit(const char *suffix, instances_visit_t visit) {
    char line[LINE_SIZE], name[NAME_SIZE], count[NAME_SIZE];
    snprintf(line, sizeof line, "%sexpected.csv", FOLDER);
    FILE *file = fopen(line, "r");
    if (file == NULL) {
        perror(line);
        return -1;
    }
    int visited = 0;
    while (visited >= 0 && fgets(line, sizeof line, file) != NULL)
        if (line[0] != '#' && sscanf(line, "%199[^,],%199[^,\n]", name, count) == 2 &&
            ends_with(name, suffix))
            visited = visit_file(name, count, visit) ? visited + 1 : -1;
    fclose(file);
    return visited;
}
