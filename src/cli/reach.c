// SPDX-License-Identifier: GPL-3.0-or-later
// moegeom reach: which coalitions of a router are reachable.
#include "geometry/reach.h"
#include "cli/command.h"
#include "cli/options.h"

#include <flint/fmpq_vec.h>
#include <gsl/gsl_errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char HELP[] =
    "Usage: moegeom reach FILE [options]\n\n"
    "Prints how many coalitions of k experts of the layer in FILE are reachable, of how many there are.\n\n"
    "  --points          one line for each reachable coalition: experts (from 0) and a rational point\n"
    "  --proofs          one line for each coalition that is not: experts and rational weights of all N "
    "logits, a\n"
    "                    convex combination of the members' that is nowhere above one of the others' "
    "(Radon); at\n"
    "                    most 100000 coalitions\n"
    "  --plane POINTS    on the plane through the three points in that file, or on the line through two\n";

enum { MOST_PROOFS = 100000 };

typedef struct search {
    const layer_t *layer;
    bool points, proofs;
    ulong count;
    slong *expected; // the coalition that comes next in lexicographic order
    fmpq *point, *weights;
} search_t;

static void print_members(const slong *members, slong active) {
    for (slong i = 0; i < active; i++)
        printf("%s%ld", i > 0 ? "," : "", members[i]);
}

static void print_rationals(const fmpq *x, slong count) {
    for (slong i = 0; i < count; i++) {
        putchar(' ');
        fmpq_print(x + i);
    }
    putchar('\n');
}

// The next set of k experts in lexicographic order; false after the last.
static bool advance(slong *members, slong active, slong experts) {
    slong i = active - 1;
    while (i >= 0 && members[i] == experts - active + i)
        i--;
    if (i < 0)
        return false;
    members[i]++;
    for (slong j = i + 1; j < active; j++)
        members[j] = members[j - 1] + 1;
    return true;
}

static int refute(search_t *search) {
    const layer_t *layer = search->layer;
    fmpq_t drop;
    fmpq_init(drop);
    int status = reach_certificate(layer, search->expected, search->weights, drop);
    fmpq_clear(drop);
    if (status == GSL_SUCCESS && !reach_refutes(layer, search->expected, search->weights))
        status = GSL_ESANITY;
    if (status != GSL_SUCCESS)
        return status;
    fputs("unreachable ", stdout);
    print_members(search->expected, layer->active);
    print_rationals(search->weights, layer->experts);
    return GSL_SUCCESS;
}

// Refutes the coalitions from the expected one up to `members` (NULL: to the last).
static int refute_up_to(search_t *search, const slong *members) {
    const layer_t *layer = search->layer;
    const size_t size = (size_t)layer->active * sizeof *members;
    while (search->expected[0] >= 0 && (members == NULL || memcmp(search->expected, members, size) != 0)) {
        const int status = refute(search);
        if (status != GSL_SUCCESS)
            return status;
        if (!advance(search->expected, layer->active, layer->experts))
            search->expected[0] = -1;
    }
    return GSL_SUCCESS;
}

static int visit(void *context, const slong *members, const polyhedron_t *cell) {
    search_t *search = context;
    const layer_t *layer = search->layer;
    search->count++;
    if (search->proofs) {
        const int status = refute_up_to(search, members);
        if (status != GSL_SUCCESS)
            return status;
        if (!advance(search->expected, layer->active, layer->experts))
            search->expected[0] = -1;
    }
    if (search->points) {
        polyhedron_point(cell, search->point);
        fputs("reachable ", stdout);
        print_members(members, layer->active);
        print_rationals(search->point, layer->dimension);
    }
    return GSL_SUCCESS;
}

static void run(search_t *search, const fmpz_t all) {
    const layer_t *layer = search->layer;
    fmpz_t known;
    fmpz_init(known);
    if (search->points || search->proofs || !reach_all(layer, known)) {
        polyhedron_rows_t *walls = reach_walls(layer, NULL);
        if (walls == NULL)
            options_require("reach", GSL_ENOMEM, "walls");
        int status = reach_coalitions(layer, walls, visit, search);
        if (status == GSL_SUCCESS && search->proofs)
            status = refute_up_to(search, NULL);
        options_require("reach", status, "cannot find the coalitions");
        polyhedron_rows_free(walls);
        fmpz_set_ui(known, search->count);
    }
    fmpz_print(known);
    fputs(" reachable of ", stdout);
    fmpz_print(all);
    putchar('\n');
    fmpz_clear(known);
}

static void search_init(search_t *search, const layer_t *layer) {
    search->layer = layer;
    search->expected = flint_malloc((size_t)layer->active * sizeof *search->expected);
    for (slong i = 0; i < layer->active; i++)
        search->expected[i] = i;
    search->point = _fmpq_vec_init(layer->dimension);
    search->weights = _fmpq_vec_init(layer->experts);
}

static void search_clear(search_t *search) {
    flint_free(search->expected);
    _fmpq_vec_clear(search->point, search->layer->dimension);
    _fmpq_vec_clear(search->weights, search->layer->experts);
}

int command_reach(int argc, char **argv) {
    static const struct option options[] = {{"points", no_argument, NULL, 'x'},
                                            {"proofs", no_argument, NULL, 'r'},
                                            {"plane", required_argument, NULL, 'p'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    const char *plane = NULL;
    search_t search = {0};
    for (int option; (option = options_next(argc, argv, options, HELP)) != -1;) {
        if (option == 'x')
            search.points = true;
        else if (option == 'r')
            search.proofs = true;
        else
            plane = optarg;
    }
    const char *path = options_argument(argc, argv, "the file of a layer");
    instance_t instance = options_instance(argv[0], path, plane);
    if (instance.layer == NULL)
        options_stop(argv[0], FAULT_INPUT, "%s: expected a layer («moe N k H d»), found an arrangement",
                     path);
    fmpz_t all;
    fmpz_init(all);
    fmpz_bin_uiui(all, (ulong)instance.layer->experts, (ulong)instance.layer->active);
    if (search.proofs && fmpz_cmp_ui(all, MOST_PROOFS) > 0)
        options_stop(argv[0], FAULT_LIMIT,
                     "--proofs goes through at most %d coalitions; without it they are counted", MOST_PROOFS);
    search_init(&search, instance.layer);
    run(&search, all);
    search_clear(&search);
    fmpz_clear(all);
    instance_clear(&instance);
    options_flush(argv[0]);
    return FAULT_NONE;
}
