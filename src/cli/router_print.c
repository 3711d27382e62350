// SPDX-License-Identifier: GPL-3.0-or-later
// moegeom router: a summary that is readable for 60 layers, the details of one, or one JSON object.
#include "cli/options.h"
#include "cli/router.h"
#include "io/gate_names.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_math.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NAME = 256, DIGITS = 12 };

struct router_report {
    const router_request_t *request;
    const gate_tensors_t *checkpoint;
    bool detail;
    size_t gates;
    char rule[GATE_RULE_NAME]; // of the gate before
    bool curved;               // whether some rule has walls that are not flat
    double excess,
        variance; // sums over gates of observed less expected sets on a circle, and of squared errors
    json_t *layers, *root; // NULL for text
};

static const double DEGREES = 180 / M_PI;

// A name of a file's making, made fit for a terminal.
static const char *printable(const char *name, char room[NAME]) {
    snprintf(room, NAME, "%s", name);
    for (char *c = room; *c != '\0'; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
    return room;
}

// ---- JSON ----

static void put(json_t *object, const char *key, json_t *value) {
    if (value == NULL || json_object_set_new(object, key, value) != 0)
        options_stop("router", FAULT_SYSTEM, "out of memory");
}

static json_t *real(double value) {
    return gsl_finite(value) ? json_real(value) : json_null();
}

static json_t *integer(size_t value) {
    return json_integer((json_int_t)value);
}

// A text of a file that may not be UTF-8 cannot come from JSON, so that none is refused here.
static json_t *text(const char *value) {
    return value != NULL ? json_string(value) : json_null();
}

static json_t *range(double least, double median, double most) {
    json_t *object = json_object();
    put(object, "least", real(least));
    put(object, "median", real(median));
    put(object, "most", real(most));
    return object;
}

static json_t *json_config(const gate_config_t *config) {
    if (!config->present)
        return json_null();
    json_t *object = json_object();
    const struct {
        const char *key;
        size_t value;
    } counts[] = {{"experts", config->experts}, {"active", config->active}, {"dimension", config->dimension},
                  {"layers", config->layers},   {"groups", config->groups}, {"kept", config->kept}};
    put(object, "model", config->model[0] != '\0' ? text(config->model) : json_null());
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        put(object, counts[i].key, counts[i].value > 0 ? integer(counts[i].value) : json_null());
    put(object, "scoring", config->scoring[0] != '\0' ? text(config->scoring) : json_null());
    return object;
}

static json_t *json_left_out(const gate_tensors_t *checkpoint) {
    json_t *list = json_array();
    for (size_t i = 0; i < gate_tensors_lookalikes(checkpoint); i++) {
        const gate_lookalike_t *lookalike = gate_tensors_lookalike(checkpoint, i);
        json_t *object = json_object();
        put(object, "pattern", text(lookalike->pattern));
        put(object, "count", integer(lookalike->count));
        put(object, "reason", text(lookalike->reason));
        json_array_append_new(list, object);
    }
    return list;
}

static json_t *json_slice(const router_slice_t *slice) {
    json_t *object = json_object();
    if (slice->state == ROUTER_SLICE_NONE)
        put(object, "sets", json_null());
    else if (slice->state == ROUTER_SLICE_COUNTED)
        put(object, "sets", json_integer(slice->sets));
    else {
        put(object, "sets", json_null());
        put(object, "identical", json_pack("[I, I]", (json_int_t)slice->first, (json_int_t)slice->second));
    }
    return object;
}

static json_t *json_closest(const gate_matrix_summary_t *shape) {
    json_t *list = json_array();
    for (size_t i = 0; i < shape->pairs; i++) {
        json_t *object = json_object();
        put(object, "experts",
            json_pack("[I, I]", (json_int_t)shape->closest[i].first, (json_int_t)shape->closest[i].second));
        put(object, "degrees", real(shape->closest[i].angle * DEGREES));
        json_array_append_new(list, object);
    }
    return list;
}

static json_t *json_walls(const router_result_t *result) {
    json_t *object = json_object(), *list = json_array();
    put(object, "seeded", json_boolean(result->seeded));
    put(object, "of_the_cell", json_boolean(result->active > 0));
    put(object, "relative_median", real(result->relative_median));
    for (size_t i = 0; i < result->places; i++) {
        const router_place_t *place = &result->place[i];
        json_t *entry = json_object();
        put(entry, "distance", real(place->distance));
        put(entry, "relative", real(place->relative));
        put(entry, "experts", json_pack("[I, I]", (json_int_t)place->first, (json_int_t)place->second));
        json_array_append_new(list, entry);
    }
    put(object, "points", list);
    return object;
}

static json_t *json_circles(const router_result_t *result) {
    if (result->active == 0)
        return json_null();
    json_t *object = json_object();
    put(object, "count", integer(result->circles));
    put(object, "observed", real(result->observed));
    put(object, "observed_se", real(result->observed_se));
    put(object, "expected", real(result->expected));
    return object;
}

static void add_gate(json_t *object, const router_result_t *result) {
    const gate_tensor_t *gate = result->gate;
    put(object, "name", text(gate->name));
    put(object, "layer", gate->layer >= 0 ? json_integer(gate->layer) : json_null());
    put(object, "experts", integer(gate->experts));
    put(object, "dimension", integer(gate->dimension));
    put(object, "dtype", text(gate->dtype));
    put(object, "transposed", json_boolean(gate->transposed));
    put(object, "active", result->active > 0 ? integer(result->active) : json_null());
    put(object, "rule", text(result->rule.name));
    put(object, "why", text(result->rule.why));
    put(object, "flat_walls", json_boolean(result->rule.plain));
    put(object, "bias", text(gate->bias));
    put(object, "selection_bias", text(gate->selection_bias));
    put(object, "expert_scale", text(gate->expert_scale));
}

static json_t *json_gate(const router_result_t *result, bool detail) {
    const gate_matrix_summary_t *shape = &result->shape;
    json_t *object = json_object();
    add_gate(object, result);
    if (result->gate->bias != NULL || result->gate->selection_bias != NULL)
        put(object, "bias_range", json_pack("[f, f]", result->bias_least, result->bias_most));
    put(object, "lengths", range(shape->length_least, shape->length_median, shape->length_most));
    put(object, "angles_degrees",
        range(shape->angle_least * DEGREES, shape->angle_median * DEGREES, shape->angle_most * DEGREES));
    put(object, "closest", json_closest(shape));
    put(object, "duplicates", integer(shape->duplicates));
    put(object, "near_duplicates", integer(shape->near));
    put(object, "zero_rows", integer(shape->zeros));
    put(object, "centre", real(result->centre));
    put(object, "rank", json_integer(result->rank));
    put(object, "affine_rank", json_integer(result->affine_rank));
    put(object, "walls", json_walls(result));
    put(object, "circles", json_circles(result));
    if (detail) {
        put(object, "line", json_slice(&result->line));
        put(object, "plane", json_slice(&result->plane));
    }
    return object;
}

static json_t *json_checkpoint(const router_report_t *report) {
    json_t *root = json_object();
    // The path may be any bytes.
    json_t *path = json_string(report->request->path);
    put(root, "checkpoint", path != NULL ? path : json_null());
    put(root, "tensors", integer(gate_tensors_names(report->checkpoint)));
    put(root, "shards_opened", integer(gate_tensors_shards(report->checkpoint)));
    put(root, "config", json_config(gate_tensors_config(report->checkpoint)));
    put(root, "left_out", json_left_out(report->checkpoint));
    return root;
}

// ---- Text: the head ----

static void print_config(const router_report_t *report) {
    const gate_config_t *config = gate_tensors_config(report->checkpoint);
    if (!config->present) {
        puts("config.json: none beside it");
        return;
    }
    printf("config.json:%s%s", config->model[0] != '\0' ? " " : "", config->model);
    if (config->experts > 0)
        printf(" N = %zu (%s)", config->experts, config->experts_key);
    if (config->active > 0)
        printf(" k = %zu (%s)", config->active, config->active_key);
    if (config->dimension > 0)
        printf(" d = %zu", config->dimension);
    if (config->groups > 1)
        printf(", %zu groups, %zu kept", config->groups, config->kept);
    if (config->scoring[0] != '\0')
        printf(", scores by %s", config->scoring);
    putchar('\n');
}

static void print_lookalikes(const gate_tensors_t *checkpoint) {
    char room[NAME];
    for (size_t i = 0; i < gate_tensors_lookalikes(checkpoint); i++) {
        const gate_lookalike_t *lookalike = gate_tensors_lookalike(checkpoint, i);
        printf("left out: %zu x %s: %s\n", lookalike->count, printable(lookalike->pattern, room),
               lookalike->reason);
    }
}

// Gates behind the last layer of the model proper, as next-token predictors have.
static size_t count_beyond(const gate_tensors_t *checkpoint) {
    const size_t layers = gate_tensors_config(checkpoint)->layers;
    size_t count = 0;
    for (size_t i = 0; layers > 0 && i < gate_tensors_count(checkpoint); i++)
        count += gate_tensors_at(checkpoint, i)->layer >= (long)layers;
    return count;
}

static void print_head(const router_report_t *report) {
    const gate_tensors_t *checkpoint = report->checkpoint;
    const size_t gates = gate_tensors_count(checkpoint), shards = gate_tensors_shards(checkpoint),
                 beyond = count_beyond(checkpoint);
    printf("%s: %zu gate%s among %zu tensors, %zu file%s opened (%.4g GB)\n", report->request->path, gates,
           gates == 1 ? "" : "s", gate_tensors_names(checkpoint), shards, shards == 1 ? "" : "s",
           (double)gate_tensors_bytes(checkpoint) / 1e9);
    print_config(report);
    print_lookalikes(checkpoint);
    if (beyond > 0)
        printf(
            "note: %zu of the gates lie behind the last of the %zu layers (prediction of further tokens)\n",
            beyond, gate_tensors_config(checkpoint)->layers);
}

// ---- Text: gates ----

static void print_rule(const router_report_t *report, const router_result_t *result) {
    const gate_tensor_t *gate = result->gate;
    if (report->gates > 0 && strcmp(report->rule, result->rule.name) == 0)
        return;
    printf("rule%s: %s (%s)\n", report->gates > 0 ? " from here on" : "", result->rule.name,
           result->rule.why);
    if (gate->transposed)
        puts("note: stored as [inputs, experts]");
    if (gate->expert_scale != NULL)
        puts("note: factors of the experts' outputs (per_expert_scale) do not take part in the choice");
    if (result->active == 0)
        puts("note: k is not known: no cells, no great circles, and walls of all pairs; --active gives it");
}

static void print_columns(void) {
    puts("layer     N      d dtype |w| median   angle least median    most  equal near  rank centre  wall %  "
         "on a circle  "
         "expected      z  tensor");
}

// A number with digits behind the point, or a dash.
static void print_number(int width, int digits, double value) {
    if (gsl_finite(value))
        printf("%*.*f", width, digits, value);
    else
        printf("%*s", width, "-");
}

// How far the mean of a few circles is from what is expected, as a standard normal variable: its error is estimated from as few, so
// that the quotient has Student's distribution.
static double score_of(const router_result_t *result) {
    const double t = (result->observed - result->expected) / result->observed_se;
    const double tail = gsl_cdf_tdist_Q(fabs(t), (double)result->circles - 1);
    return tail > 0 ? copysign(gsl_cdf_ugaussian_Qinv(tail), t) : t;
}

static void print_row(const router_result_t *result) {
    char room[NAME];
    const gate_tensor_t *gate = result->gate;
    const gate_matrix_summary_t *shape = &result->shape;
    if (gate->layer >= 0)
        printf("%5ld", gate->layer);
    else
        printf("%5s", "-");
    printf(" %5zu %6zu %5s %10.4g", gate->experts, gate->dimension, gate->dtype, shape->length_median);
    print_number(14, 2, shape->angle_least * DEGREES);
    print_number(7, 2, shape->angle_median * DEGREES);
    print_number(8, 2, shape->angle_most * DEGREES);
    printf(" %6zu %4zu %5ld %6.3f", shape->duplicates, shape->near, result->rank, result->centre);
    print_number(8, 3, 100 * result->relative_median);
    const bool known = result->active > 0;
    print_number(8, 2, known ? result->observed : GSL_NAN);
    printf(" +-");
    print_number(5, 2, known ? result->observed_se : GSL_NAN);
    print_number(7, 2, known ? result->expected : GSL_NAN);
    print_number(7, 2, known ? score_of(result) : GSL_NAN);
    printf("  %s\n", printable(gate->name, room));
}

static void print_slice(const char *what, const router_slice_t *slice) {
    if (slice->state == ROUTER_SLICE_COUNTED)
        printf("  %s: %ld sets, exactly\n", what, slice->sets);
    else if (slice->state == ROUTER_SLICE_TWINS)
        printf("  %s: not counted, experts %ld and %ld have identical logits there\n", what, slice->first,
               slice->second);
    else
        printf("  %s: none, not enough points that span it\n", what);
}

static void print_places(const router_result_t *result) {
    enum { SHOWN = 16 };
    printf("  %s points: distance to the nearest wall%s, and as a part of the point's length\n",
           result->seeded ? "seeded" : "given", result->active > 0 ? " of the cell" : "");
    for (size_t i = 0; i < result->places && i < SHOWN; i++) {
        const router_place_t *place = &result->place[i];
        if (isfinite(place->distance))
            printf("    p%-4zu %11.5g  %9.5f %%  experts %zu and %zu\n", i, place->distance,
                   100 * place->relative, place->first, place->second);
        else
            printf("    p%-4zu no wall: the experts that it could part have equal rows\n", i);
    }
    if (result->places > SHOWN)
        printf("    ... and %zu more; --json lists all\n", result->places - SHOWN);
}

static void print_detail(const router_result_t *result) {
    const gate_matrix_summary_t *shape = &result->shape;
    const slong n = (slong)result->gate->experts;
    printf("  lengths of rows: %.6g to %.6g, median %.6g; rows of zeros: %zu\n", shape->length_least,
           shape->length_most, shape->length_median, shape->zeros);
    if (result->gate->bias != NULL || result->gate->selection_bias != NULL)
        printf("  %s: %.6g to %.6g\n", result->gate->selection_bias != NULL ? "selection bias" : "bias",
               result->bias_least, result->bias_most);
    for (size_t i = 0; i < shape->pairs; i++)
        printf("  %s %zu and %zu, %.4f degrees\n", i == 0 ? "closest experts:" : "                ",
               shape->closest[i].first, shape->closest[i].second, shape->closest[i].angle * DEGREES);
    printf("  equal rows: %zu pairs; within 1/256 of their length: %zu pairs\n", shape->duplicates,
           shape->near);
    printf("  rank: %ld of %ld, of the differences %ld of %ld%s\n", result->rank, n, result->affine_rank,
           n - 1,
           result->affine_rank == n - 1
               ? ": affinely independent, so every set of k experts is reachable in the whole space"
               : "");
    print_places(result);
    if (result->active == 0)
        return;
    print_slice("line through p0 and p1", &result->line);
    print_slice("plane through p0, p1 and p2", &result->plane);
}

// ---- Reports ----

router_report_t *router_report_start(const router_request_t *request, const gate_tensors_t *checkpoint,
                                     bool detail) {
    router_report_t *report = calloc(1, sizeof *report);
    if (report == NULL)
        options_stop("router", FAULT_SYSTEM, "out of memory");
    *report = (router_report_t){.request = request, .checkpoint = checkpoint, .detail = detail};
    if (!request->json)
        return report;
    report->root = json_checkpoint(report);
    report->layers = json_array();
    put(report->root, "layers", report->layers);
    return report;
}

void router_report_gate(router_report_t *report, const router_result_t *result) {
    if (report->request->json) {
        if (json_array_append_new(report->layers, json_gate(result, report->detail)) != 0)
            options_stop("router", FAULT_SYSTEM, "out of memory");
    } else {
        if (report->gates == 0)
            print_head(report);
        print_rule(report, result);
        if (report->gates == 0 || report->detail)
            print_columns();
        print_row(result);
        if (report->detail)
            print_detail(result);
        options_flush("router");
    }
    report->excess += result->active > 0 ? result->observed - result->expected : GSL_NAN;
    report->variance += gsl_pow_2(result->observed_se);
    report->curved = report->curved || !result->rule.plain;
    memcpy(report->rule, result->rule.name, sizeof report->rule);
    report->gates++;
}

static void print_notes(const router_report_t *report) {
    const double gates = (double)report->gates;
    if (report->gates > 1 && gsl_finite(report->excess) && gsl_finite(report->variance))
        printf("all gates: observed less expected sets on a circle %.3g +- %.2g\n", report->excess / gates,
               sqrt(report->variance) / gates);
    puts("columns: |w| lengths of rows; angles between two of them, degrees; pairs of equal and of nearly "
         "equal rows; centre: mean "
         "row over\n         typical row; wall: distance of a point to the nearest wall, part of its length, "
         "median; sets on a great "
         "circle, mean and\n         its error, and what independent normal rows would have, e(N, k); z is "
         "normal where "
         "rows are so");
    if (report->curved)
        puts("note: with a selection bias or groups the walls of the choice are curved or moved; walls, "
             "circles, lines and "
             "planes here are those of\n      the k largest logits, without the selection bias and without "
             "groups");
    puts("note: what is counted are routing cells, sets of k experts; experts that are not piecewise linear "
         "(SwiGLU) have "
         "no linear regions");
}

void router_report_end(router_report_t *report) {
    if (report->request->json) {
        if (json_dumpf(report->root, stdout,
                       JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(DIGITS)) != 0)
            options_stop("router", FAULT_SYSTEM, "out of memory");
        putchar('\n');
    } else
        print_notes(report);
    json_decref(report->root);
    free(report);
}
