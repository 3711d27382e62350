// SPDX-License-Identifier: GPL-3.0-or-later
// What the parts of moegeom router share.
#ifndef MOEGEOM_CLI_ROUTER_H
#define MOEGEOM_CLI_ROUTER_H

#include "geometry/layer.h"
#include "io/gate_rule.h"
#include "io/gate_tensors.h"
#include "routing/gate_matrix.h"

#include <flint/fmpq_mat.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct router_request {
    const char *path, *points, *picture;
    uint64_t active, seed, circles; // active 0: as config.json says
    long layer;                     // -1: all
    double margin;                  // of the picture
    bool json;
} router_request_t;

// Points in the space of a gate: those of --points, or seeded ones.
typedef struct router_points {
    bool given;
    size_t count, dimension;
    double *values;   // count x dimension
    fmpq_mat_t exact; // the same, exactly
} router_points_t;

// Reads or draws the points; ends the program on a fault. To be cleared by router_points_clear.
router_points_t router_points_make(const router_request_t *request, size_t dimension);
void router_points_clear(router_points_t *points);

// Where a point is.
typedef struct router_place {
    double distance, relative; // to the nearest wall, and that over the length of the point
    size_t first, second;      // the experts of that wall
} router_place_t;

// What a slice holds.
typedef enum router_slice_state {
    ROUTER_SLICE_NONE,
    ROUTER_SLICE_COUNTED,
    ROUTER_SLICE_TWINS
} router_slice_state_t;
typedef struct router_slice {
    router_slice_state_t state;
    slong sets;          // reachable ones, exact
    slong first, second; // experts with identical logits on the slice
} router_slice_t;

// All about one gate. k = 0: not known, and everything that needs it is left out.
typedef struct router_result {
    const gate_tensor_t *gate;
    gate_rule_t rule;
    size_t active;
    gate_matrix_summary_t shape;
    double centre;
    slong rank, affine_rank;
    double bias_least, bias_most; // of the bias that there is
    size_t circles;
    // Sets on a great circle; observed_se is not finite for one circle.
    double observed, observed_se, expected;
    bool seeded; // points and circles
    size_t places;
    router_place_t *place;
    double relative_median;
    router_slice_t line, plane; // with --layer or for the only gate
} router_result_t;

// Measures a gate; ends the program on a fault.
//   detail  whether slices are counted
router_result_t router_measure(const router_request_t *request, gate_tensors_t *checkpoint, size_t index,
                               bool detail);
void router_result_clear(router_result_t *result);

// Counts the sets on the line or the plane through the first two or three points, and draws the plane when a picture is wanted.
void router_slice(const router_request_t *request, const layer_t *layer, const router_points_t *points,
                  router_result_t *result);

// Prints everything, as text in the order of the calls, or as one JSON object at the end.
typedef struct router_report router_report_t;
router_report_t *router_report_start(const router_request_t *request, const gate_tensors_t *checkpoint,
                                     bool detail);
void router_report_gate(router_report_t *report, const router_result_t *result);
void router_report_end(router_report_t *report);

#endif
