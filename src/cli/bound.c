// SPDX-License-Identifier: GPL-3.0-or-later
// moegeom bound: every upper bound of the number of regions of a layer, as exact integers.
#include "cli/command.h"
#include "cli/options.h"
#include "geometry/bounds.h"
#include "geometry/bounds_router.h"

#include <gsl/gsl_errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static const char HELP[] =
    "Usage: moegeom bound --experts N --active k --width H --dim d\n"
    "       moegeom bound FILE            the shape of a layer in a file\n\n"
    "Prints upper bounds of the number of regions of a layer with N experts of H ReLU units each, k of them\n"
    "active, on inputs of dimension d: name, exact integer, source.\n\n"
    "  --json    as one JSON object (integers as strings)\n";

// The bound that bounds.h has no name for.
static int bound_line(fmpz_t result, const bounds_layer_t *layer) {
    bounds_cells_sharp(result, layer->experts, layer->active, 1);
    fmpz_add_ui(result, result, layer->experts * layer->width);
    return GSL_SUCCESS;
}

typedef struct bound {
    const char *name;
    int (*compute)(fmpz_t result, const bounds_layer_t *layer);
    const char *source;
} bound_t;

static const bound_t BOUNDS[] = {
    {"dense", bounds_dense, "one expert: Phi(H, d); Zaslavsky 1975; arXiv 2602.03204v2, Table 1"},
    {"top1", bounds_top1, "N Phi(H, d), for k = 1; arXiv 2602.03204v2, Theorem 4.14"},
    {"topk", bounds_topk, "binomial(N, k) Phi(kH, d); arXiv 2602.03204v2, Theorem 4.17"},
    {"U1", bounds_points,
     "binomial(N, k) Phi(kH, d-1) + points with at most k owners; this project's report"},
    {"U", bounds_flats, "flats by owners, times top-k cells on each; this project's report"},
    {"U*", bounds_flats_sharp,
     "the same with planar graphs of cells and corners; this project's report, attained by many small "
     "shapes"},
    {"L", bounds_lifted, "as U, of degree d + 1 in N; this project's report"},
    {"arrangement", bounds_walls, "Phi(NH + binomial(N, 2), d): all hyperplanes and all ties"},
    {"line", bound_line, "NH + t(N, k, 1): what a line can cross; this project's report"},
};
enum { COUNT = sizeof BOUNDS / sizeof BOUNDS[0] };

static void print_bounds(const bounds_layer_t *layer, bool json) {
    fmpz_t value;
    fmpz_init(value);
    if (json)
        printf("{\"experts\": %lu, \"active\": %lu, \"width\": %lu, \"dimension\": %lu, \"bounds\": {",
               layer->experts, layer->active, layer->width, layer->dimension);
    for (int i = 0; i < COUNT; i++) {
        const int status = BOUNDS[i].compute(value, layer);
        options_require("bound", status, BOUNDS[i].name);
        char *text = fmpz_get_str(NULL, 10, value);
        if (json)
            printf("%s\"%s\": {\"value\": \"%s\", \"source\": \"%s\"}", i > 0 ? ", " : "", BOUNDS[i].name,
                   text, BOUNDS[i].source);
        else
            printf("%-12s %s\n             %s\n", BOUNDS[i].name, text, BOUNDS[i].source);
        flint_free(text);
    }
    if (json)
        puts("}}");
    fmpz_clear(value);
}

static bounds_layer_t shape_of_file(const char *path) {
    instance_t instance = options_instance("bound", path, NULL);
    if (instance.layer == NULL)
        options_stop("bound", FAULT_INPUT, "%s: expected a layer («moe N k H d»), found an arrangement",
                     path);
    const layer_t *layer = instance.layer;
    const bounds_layer_t shape = {.experts = (ulong)layer->experts,
                                  .active = (ulong)layer->active,
                                  .width = (ulong)layer->width,
                                  .dimension = (ulong)layer->dimension};
    instance_clear(&instance);
    return shape;
}

// The bounds (U) and (U1) have so many terms of long integers at most, d min(d, k); more would take minutes.
static const uint64_t LARGEST = 1 << 20, MOST_TERMS = 100000;

int command_bound(int argc, char **argv) {
    static const struct option options[] = {{"experts", required_argument, NULL, 'N'},
                                            {"active", required_argument, NULL, 'k'},
                                            {"width", required_argument, NULL, 'H'},
                                            {"dim", required_argument, NULL, 'd'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    bounds_layer_t layer = {0};
    bool json = false, width = false;
    for (int option; (option = options_next(argc, argv, options, HELP)) != -1;) {
        if (option == 'N')
            layer.experts = options_integer(argv[0], "--experts", optarg, 1, LARGEST);
        else if (option == 'k')
            layer.active = options_integer(argv[0], "--active", optarg, 1, LARGEST);
        else if (option == 'd')
            layer.dimension = options_integer(argv[0], "--dim", optarg, 1, LARGEST);
        else if (option == 'H') {
            layer.width = options_integer(argv[0], "--width", optarg, 0, LARGEST);
            width = true;
        } else
            json = true;
    }
    const bool given = layer.experts > 0 && layer.active > 0 && width && layer.dimension > 0;
    if (!given && (layer.experts > 0 || layer.active > 0 || width || layer.dimension > 0))
        options_stop(argv[0], FAULT_USAGE,
                     "expected all of --experts, --active, --width and --dim; --help explains");
    if (given && optind < argc)
        options_stop(argv[0], FAULT_USAGE, "expected a shape or a file, found both");
    if (!given)
        layer = shape_of_file(options_argument(argc, argv, "a shape or the file of a layer"));
    if (layer.active > layer.experts)
        options_stop(argv[0], FAULT_USAGE, "expected --active at most --experts, found %lu of %lu",
                     layer.active, layer.experts);
    const uint64_t terms =
        layer.dimension * (layer.active < layer.dimension ? layer.active : layer.dimension);
    if (terms > MOST_TERMS)
        options_stop(argv[0], FAULT_LIMIT,
                     "--dim times the lesser of --dim and --active may be %lu, found %lu", MOST_TERMS, terms);
    print_bounds(&layer, json);
    options_flush(argv[0]);
    return FAULT_NONE;
}
