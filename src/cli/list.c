// SPDX-License-Identifier: GPL-3.0-or-later
// moegeom list: all regions, one line each.
#include "geometry/list.h"
#include "cli/command.h"
#include "cli/options.h"

#include <gsl/gsl_errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char HELP[] =
    "Usage: moegeom list FILE [options]\n\n"
    "Prints one region per line: the coalition (experts from 0, for a layer), the sign of each hyperplane "
    "(of the\n"
    "coalition's experts, one after another; 0 for a dead row), and a rational point inside:\n\n"
    "    0,3 +--+ -1/2 7/4\n\n"
    "Regions come in lexicographic order of their coalitions, then in descending order of their signs (+ "
    "before -).\n\n"
    "  --plane POINTS   on the plane through the three points in that file, or on the line through two\n"
    "  --limit L        stop after L regions\n";

typedef struct listing {
    slong dimension;
    uint64_t left;
    char *line; // signs
    size_t room;
} listing_t;

enum { ENOUGH = 1 };

static void print_coordinate(const fmpq_t x) {
    char buffer[64];
    if (COEFF_IS_MPZ(*fmpq_numref(x)) || COEFF_IS_MPZ(*fmpq_denref(x))) {
        fputc(' ', stdout);
        fmpq_print(x);
        return;
    }
    const slong numerator = *fmpq_numref(x), denominator = *fmpq_denref(x);
    const int length = denominator == 1 ? snprintf(buffer, sizeof buffer, " %ld", numerator)
                                        : snprintf(buffer, sizeof buffer, " %ld/%ld", numerator, denominator);
    fwrite(buffer, 1, (size_t)length, stdout);
}

static int print_region(void *context, const list_region_t *region) {
    listing_t *listing = context;
    for (slong i = 0; i < region->active; i++)
        printf("%s%ld", i > 0 ? "," : "", region->members[i]);
    if (region->active > 0)
        putchar(' ');
    if ((size_t)region->signs + 1 > listing->room) {
        char *grown = realloc(listing->line, (size_t)region->signs + 1);
        if (grown == NULL)
            return GSL_ENOMEM;
        listing->line = grown;
        listing->room = (size_t)region->signs + 1;
    }
    for (slong i = 0; i < region->signs; i++)
        listing->line[i] = region->sign[i] > 0 ? '+' : region->sign[i] < 0 ? '-' : '0';
    fwrite(listing->line, 1, (size_t)region->signs, stdout);
    for (slong j = 0; j < listing->dimension; j++)
        print_coordinate(region->point + j);
    putchar('\n');
    return --listing->left > 0 ? GSL_SUCCESS : -ENOUGH;
}

int command_list(int argc, char **argv) {
    static const struct option options[] = {{"plane", required_argument, NULL, 'p'},
                                            {"limit", required_argument, NULL, 'l'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    const char *plane = NULL;
    listing_t listing = {.left = UINT64_MAX};
    for (int option; (option = options_next(argc, argv, options, HELP)) != -1;) {
        if (option == 'p')
            plane = optarg;
        else
            listing.left = options_integer(argv[0], "--limit", optarg, 1, UINT64_MAX);
    }
    const char *path = options_argument(argc, argv, "the file of an arrangement or a layer");
    instance_t instance = options_instance(argv[0], path, plane);
    int status;
    if (instance.layer != NULL) {
        listing.dimension = instance.layer->dimension;
        status = list_layer(instance.layer, print_region, &listing);
    } else {
        listing.dimension = instance.arrangement->dimension;
        status = list_arrangement(instance.arrangement, print_region, &listing);
    }
    if (status != -ENOUGH)
        options_require(argv[0], status, "cannot list the regions");
    free(listing.line);
    instance_clear(&instance);
    options_flush(argv[0]);
    return FAULT_NONE;
}
