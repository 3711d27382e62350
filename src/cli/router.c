// SPDX-License-Identifier: GPL-3.0-or-later
// moegeom router: the geometry of the routers in a checkpoint.
#include "cli/router.h"

#include "cli/command.h"
#include "cli/drawing.h"
#include "cli/options.h"

#include <flint/flint.h>

static const char HELP[] =
    "Usage: moegeom router CHECKPOINT [options]\n\n"
    "Finds the gate matrices of a checkpoint (a .safetensors file, a model.safetensors.index.json with its "
    "shards, or "
    "a\n"
    "folder with either) and prints for each of them: its shape; how it selects, and why we think so; "
    "lengths of its rows, "
    "angles\n"
    "between experts, duplicates, rank; how far seeded or given points are from the nearest wall; and how "
    "many sets of k "
    "experts a\n"
    "great circle meets, exactly, next to what independent normal rows would give. k comes from "
    "config.json.\n\n"
    "  --active K       select K experts, whatever config.json says\n"
    "  --layer L        the gates of that layer alone, in detail: closest pairs, places of points, and the "
    "exact number of "
    "sets\n"
    "                   that can be reached on the line and the plane through the first two and three "
    "points\n"
    "  --points FILE    points in the space of inputs, instead of seeded ones: rows of a .npy file, or lines "
    "of a text\n"
    "  --circles C      great circles for each gate (default 8); with --points the one through the first two "
    "comes first\n"
    "  --draw PICTURE   draw that plane, .svg or .pdf (gnuplot); with several gates only together with "
    "--layer\n"
    "  --margin M       around the three points, as a part of the picture's width, 0 to 0.45 (default 0.25)\n"
    "  --seed S         of points and circles (default 1)\n"
    "  --json           one JSON object instead of text\n\n"
    "Counted are routing cells: sets of k experts. Experts of current models (SwiGLU) are not piecewise "
    "linear, so there "
    "are no\n"
    "linear regions to count.\n";

enum { MOST_CIRCLES = 10000, MOST_LAYERS = 1000000 };

static router_request_t parse_options(int argc, char **argv) {
    static const struct option options[] = {
        {"active", required_argument, NULL, 'k'}, {"layer", required_argument, NULL, 'l'},
        {"points", required_argument, NULL, 'p'}, {"circles", required_argument, NULL, 'c'},
        {"draw", required_argument, NULL, 'd'},   {"margin", required_argument, NULL, 'm'},
        {"seed", required_argument, NULL, 's'},   {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},         {0}};
    router_request_t request = {.seed = 1, .circles = 8, .layer = -1, .margin = 0.25};
    for (int option; (option = options_next(argc, argv, options, HELP)) != -1;) {
        if (option == 'k')
            request.active = options_integer(argv[0], "--active", optarg, 1, GATE_EXPERTS - 1);
        else if (option == 'l')
            request.layer = (long)options_integer(argv[0], "--layer", optarg, 0, MOST_LAYERS);
        else if (option == 'p')
            request.points = optarg;
        else if (option == 'c')
            request.circles = options_integer(argv[0], "--circles", optarg, 1, MOST_CIRCLES);
        else if (option == 'd')
            request.picture = optarg;
        else if (option == 'm')
            request.margin = options_real(argv[0], "--margin", optarg, 0, 0.45);
        else if (option == 's')
            request.seed = options_integer(argv[0], "--seed", optarg, 0, UINT64_MAX);
        else
            request.json = true;
    }
    if (request.picture != NULL && !drawing_knows(request.picture))
        options_stop(argv[0], FAULT_USAGE, "--draw expects a name that ends in .svg or .pdf, found «%s»",
                     request.picture);
    request.path = options_argument(argc, argv, "a checkpoint");
    return request;
}

static bool is_wanted(const router_request_t *request, const gate_tensor_t *gate) {
    return request->layer < 0 || gate->layer == request->layer;
}

// How many gates are wanted; ends the program when there are none, or more than a picture can show.
static size_t count_wanted(const router_request_t *request, const gate_tensors_t *checkpoint) {
    size_t count = 0;
    const size_t all = gate_tensors_count(checkpoint);
    for (size_t i = 0; i < all; i++)
        count += is_wanted(request, gate_tensors_at(checkpoint, i));
    if (count == 0)
        options_stop("router", FAULT_INPUT,
                     "%s: expected a gate in layer %ld, found gates in layers %ld to %ld", request->path,
                     request->layer, gate_tensors_at(checkpoint, 0)->layer,
                     gate_tensors_at(checkpoint, all - 1)->layer);
    if (request->picture != NULL && count > 1)
        options_stop("router", FAULT_USAGE, "--draw expects one gate, found %zu: choose with --layer", count);
    return count;
}

int command_router(int argc, char **argv) {
    const router_request_t request = parse_options(argc, argv);
    gate_tensors_t *checkpoint = NULL;
    fault_t fault = {0};
    gate_tensors_open(request.path, &checkpoint, &fault);
    options_check(argv[0], &fault);
    const bool detail = count_wanted(&request, checkpoint) == 1 || request.layer >= 0;
    router_report_t *report = router_report_start(&request, checkpoint, detail);
    for (size_t i = 0; i < gate_tensors_count(checkpoint); i++) {
        if (!is_wanted(&request, gate_tensors_at(checkpoint, i)))
            continue;
        router_result_t result = router_measure(&request, checkpoint, i, detail);
        router_report_gate(report, &result);
        router_result_clear(&result);
    }
    router_report_end(report);
    gate_tensors_close(checkpoint);
    flint_cleanup();
    options_flush(argv[0]);
    return FAULT_NONE;
}
