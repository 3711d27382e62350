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

// A line is put together in `line` and printed at once, as numbers of regions may be large.
typedef struct listing {
    slong dimension;
    uint64_t left;
    char *line;
    size_t room;
} listing_t;

enum { ENOUGH = 1, DIGITS = 20 }; // of a word, with its sign

// Writes a number in decimals; returns where it ends.
static char *write_number(char *to, slong number) {
    char digits[DIGITS];
    int count = 0;
    ulong rest = number < 0 ? -(ulong)number : (ulong)number;
    do
        digits[count++] = (char)('0' + rest % 10);
    while ((rest /= 10) > 0);
    if (number < 0)
        *to++ = '-';
    while (count > 0)
        *to++ = digits[--count];
    return to;
}

// Writes a coordinate after what is in the line up to `to`; a big one is printed, with what comes before it. Returns
// where to go on.
static char *write_coordinate(const listing_t *listing, char *to, const fmpq_t x) {
    const fmpz numerator = *fmpq_numref(x), denominator = *fmpq_denref(x);
    *to++ = ' ';
    if (COEFF_IS_MPZ(numerator) || COEFF_IS_MPZ(denominator)) {
        fwrite(listing->line, 1, (size_t)(to - listing->line), stdout);
        fmpq_print(x);
        return listing->line;
    }
    to = write_number(to, numerator);
    if (denominator == 1)
        return to;
    *to++ = '/';
    return write_number(to, denominator);
}

// Room for a line without big numbers.
static bool reserve_line(listing_t *listing, const list_region_t *region) {
    const size_t numbers = (size_t)(region->active + 2 * listing->dimension),
                 length = (size_t)region->signs + numbers * (DIGITS + 1) + 2;
    if (length <= listing->room)
        return true;
    char *grown = realloc(listing->line, length);
    if (grown == NULL)
        return false;
    listing->line = grown;
    listing->room = length;
    return true;
}

static int print_region(void *context, const list_region_t *region) {
    listing_t *listing = context;
    if (!reserve_line(listing, region))
        return GSL_ENOMEM;
    char *to = listing->line;
    for (slong i = 0; i < region->active; i++) {
        to = write_number(to, region->members[i]);
        *to++ = i + 1 < region->active ? ',' : ' ';
    }
    for (slong i = 0; i < region->signs; i++)
        *to++ = region->sign[i] > 0 ? '+' : region->sign[i] < 0 ? '-' : '0';
    for (slong j = 0; j < listing->dimension; j++)
        to = write_coordinate(listing, to, region->point + j);
    *to++ = '\n';
    fwrite(listing->line, 1, (size_t)(to - listing->line), stdout);
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
