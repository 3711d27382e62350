// SPDX-License-Identifier: GPL-3.0-or-later
// moegeom slice: an instance on the plane through three points, as an instance and as a picture.
#include "geometry/slice.h"
#include "cli/command.h"
#include "cli/drawing.h"
#include "cli/options.h"
#include "io/output.h"

#include <gsl/gsl_errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char HELP[] = "Usage: moegeom slice FILE --plane POINTS [--output OUT] [--draw PICTURE]\n\n"
                           "Restricts the layer or arrangement in FILE to the plane through the three points "
                           "in POINTS (one a line, d\n"
                           "rational coordinates each), in the coordinates x = p0 + y1 (p1 - p0) + y2 (p2 - "
                           "p0); or to the line through two.\n\n"
                           "  --output OUT      write the slice as an instance file; standard output when "
                           "nothing else is asked for\n"
                           "  --draw PICTURE    draw a slice on a plane, .svg or .pdf (gnuplot): cells "
                           "coloured by coalition, their walls\n"
                           "                    dark, the folds of the active experts thin; angles and "
                           "lengths as in the whole space\n"
                           "  --margin M        around the three points, as a part of the picture's width, 0 "
                           "to 0.45 (default 0.25)\n";

typedef struct request {
    const char *path, *plane, *output, *picture;
    double margin;
} request_t;

static void print_instance(FILE *file, const instance_t *instance) {
    if (instance->layer != NULL)
        layer_print(file, instance->layer);
    else
        arrangement_print(file, instance->arrangement);
}

static void write_instance(const request_t *request, const instance_t *slice) {
    if (request->output == NULL) {
        print_instance(stdout, slice);
        options_flush("slice");
        return;
    }
    fault_t fault = {0};
    output_t *out;
    output_open(request->output, &out, &fault);
    options_check("slice", &fault);
    print_instance(output_stream(out), slice);
    output_commit(out, &fault);
    options_check("slice", &fault);
}

// An arrangement is a layer with one expert.
static layer_t *as_layer(const arrangement_t *a) {
    layer_t *layer = layer_alloc(1, 1, a->planes, a->dimension);
    if (layer == NULL)
        options_require("slice", GSL_ENOMEM, "picture");
    fmpz_mat_set(layer->rows, a->rows);
    return layer;
}

static void draw(const request_t *request, const instance_t *slice, const fmpq_mat_t points) {
    fault_t fault = {0};
    if (slice->layer != NULL) {
        drawing_write(slice->layer, points, request->margin, request->picture, &fault);
    } else {
        layer_t *layer = as_layer(slice->arrangement);
        drawing_write(layer, points, request->margin, request->picture, &fault);
        layer_free(layer);
    }
    options_check("slice", &fault);
}

static request_t parse_options(int argc, char **argv) {
    static const struct option options[] = {
        {"plane", required_argument, NULL, 'p'}, {"output", required_argument, NULL, 'o'},
        {"draw", required_argument, NULL, 'd'},  {"margin", required_argument, NULL, 'm'},
        {"help", no_argument, NULL, 'h'},        {0}};
    request_t request = {.margin = 0.25};
    for (int option; (option = options_next(argc, argv, options, HELP)) != -1;) {
        if (option == 'p')
            request.plane = optarg;
        else if (option == 'o')
            request.output = optarg;
        else if (option == 'd')
            request.picture = optarg;
        else
            request.margin = options_real(argv[0], "--margin", optarg, 0, 0.45);
    }
    if (request.plane == NULL)
        options_stop(argv[0], FAULT_USAGE, "expected --plane POINTS; --help explains");
    if (request.picture != NULL && !drawing_knows(request.picture))
        options_stop(argv[0], FAULT_USAGE, "--draw expects a name that ends in .svg or .pdf, found «%s»",
                     request.picture);
    request.path = options_argument(argc, argv, "the file of a layer or an arrangement");
    return request;
}

int command_slice(int argc, char **argv) {
    const request_t request = parse_options(argc, argv);
    instance_t instance = options_instance(argv[0], request.path, NULL);
    fmpq_mat_t points;
    options_points(argv[0], request.plane, &instance, points);
    if (request.picture != NULL && fmpq_mat_nrows(points) != 3)
        options_stop(argv[0], FAULT_INPUT, "%s: expected three points for a picture, found %ld",
                     request.plane, fmpq_mat_nrows(points));
    options_restrict(argv[0], request.plane, points, &instance);
    if (request.picture != NULL)
        draw(&request, &instance, points);
    if (request.output != NULL || request.picture == NULL)
        write_instance(&request, &instance);
    fmpq_mat_clear(points);
    instance_clear(&instance);
    return FAULT_NONE;
}
