// SPDX-License-Identifier: GPL-3.0-or-later
// moegeom count: the exact number of regions of an arrangement or a layer.
#include "cli/certify.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/watch.h"
#include "geometry/layer_flats.h"
#include "geometry/layer_vertices.h"
#include "geometry/list.h"
#include "geometry/tree.h"
#include "io/output.h"

#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char HELP[] =
    "Usage: moegeom count FILE [options]\n\n"
    "Prints the exact number of regions of the arrangement or the top-k layer in FILE (- is standard input) "
    "as the\n"
    "first line, then where it comes from. Formats: README, section on counting.\n\n"
    "  --method M         for a layer: f (flats; default), v (lowest vertices), both (compare them)\n"
    "                     for an arrangement: tree (default), list, both (compare them)\n"
    "  --plane POINTS     count on the plane through the three points in that file, or on the line through "
    "two\n"
    "  --coalitions       for a layer: the regions of each reachable coalition, one line each\n"
    "  --certificate OUT  write a certificate for `moegeom verify`\n"
    "  --checkpoint C     keep the finished parts of a long count in C, and go on from there when C exists\n"
    "  --max-work W       stop at once, with status 3, when more than W flats or vertices may have to be "
    "visited\n"
    "  --seed S           of the functional of method v (default 1)\n"
    "  --threads T        default: all cores\n"
    "  --json             one JSON object instead of text (integers as strings)\n";

typedef enum method { METHOD_DEFAULT, METHOD_TREE, METHOD_LIST, METHOD_V, METHOD_F, METHOD_BOTH } method_t;

static const char *const METHOD_NAMES[] = {"default", "tree", "list", "v", "f", "both"};

typedef struct request {
    const char *path, *plane, *certificate, *checkpoint;
    method_t method;
    bool coalitions, json;
    double max_work; // INFINITY: no limit
    uint64_t seed;
    int threads;
    char hash[65];
} request_t;

// ---- Results -------------------------------------------------------------------------------------------------------

// One method's result.
typedef struct outcome {
    const char *method; // "tree", "list", "v", "f"
    slong levels;       // 0 when there are none
    fmpz *level;
    fmpz_t regions;
} outcome_t;

static outcome_t outcome_of(const char *method, const fmpz_t regions, const fmpz *level, slong levels) {
    outcome_t outcome = {.method = method, .levels = levels, .level = _fmpz_vec_init(levels)};
    fmpz_init_set(outcome.regions, regions);
    _fmpz_vec_set(outcome.level, level, levels);
    return outcome;
}

static void outcome_clear(outcome_t *outcome) {
    _fmpz_vec_clear(outcome->level, outcome->levels);
    fmpz_clear(outcome->regions);
}

static const char *meaning(const char *method) {
    if (strcmp(method, "tree") == 0)
        return "no-broken-circuit sets of 0, 1, ... hyperplanes";
    if (strcmp(method, "f") == 0)
        return "flats of 0, 1, ... hyperplanes in the cells of their coalitions (first: reachable "
               "coalitions)";
    return "lowest vertices of dimension 0, 1, ...";
}

// The regions of one coalition after another, as text.
typedef struct roll {
    char *text;
    size_t length;
    FILE *stream;
    bool json;
    bool first;
} roll_t;

static void add_coalition(void *context, const slong *members, slong active, const fmpz_t regions) {
    roll_t *roll = context;
    if (roll->json)
        fprintf(roll->stream, "%s{\"coalition\": [", roll->first ? "" : ", ");
    roll->first = false;
    for (slong i = 0; i < active; i++)
        fprintf(roll->stream, "%s%ld", i == 0 ? "" : roll->json ? ", " : ",", members[i]);
    fputs(roll->json ? "], \"regions\": \"" : " ", roll->stream);
    fmpz_fprint(roll->stream, regions);
    fputs(roll->json ? "\"}" : "\n", roll->stream);
}

static void print_levels(const outcome_t *outcome, bool json) {
    for (slong j = 0; j < outcome->levels; j++) {
        fputs(json ? (j > 0 ? ", \"" : "\"") : " ", stdout);
        fmpz_print(outcome->level + j);
        fputs(json ? "\"" : "", stdout);
    }
}

static void print_text(const outcome_t *outcomes, int count, const roll_t *roll) {
    fmpz_print(outcomes[0].regions);
    putchar('\n');
    for (int i = 0; i < count; i++) {
        printf("method %s: ", outcomes[i].method);
        fmpz_print(outcomes[i].regions);
        if (outcomes[i].levels > 0) {
            fputs(" =", stdout);
            print_levels(&outcomes[i], false);
            printf("; %s", meaning(outcomes[i].method));
        }
        putchar('\n');
    }
    if (roll != NULL)
        fputs(roll->text, stdout);
}

static void print_json(const request_t *request, const outcome_t *outcomes, int count, const roll_t *roll) {
    fputs("{\"regions\": \"", stdout);
    fmpz_print(outcomes[0].regions);
    printf("\", \"sha256\": \"%s\", \"methods\": [", request->hash);
    for (int i = 0; i < count; i++) {
        printf("%s{\"name\": \"%s\", \"regions\": \"", i > 0 ? ", " : "", outcomes[i].method);
        fmpz_print(outcomes[i].regions);
        fputs("\", \"levels\": [", stdout);
        print_levels(&outcomes[i], true);
        fputs("]}", stdout);
    }
    putchar(']');
    if (roll != NULL)
        printf(", \"coalitions\": [%s]", roll->text);
    puts("}");
}

static void print_outcomes(const request_t *request, const outcome_t *outcomes, int count, roll_t *roll) {
    if (roll->stream != NULL)
        fclose(roll->stream);
    const roll_t *shown = request->coalitions ? roll : NULL;
    if (request->json)
        print_json(request, outcomes, count, shown);
    else
        print_text(outcomes, count, shown);
    free(roll->text);
    options_flush("count");
}

// Two methods that disagree are a defect of ours, and no count is printed.
static void compare_outcomes(const outcome_t *outcomes, int count) {
    for (int i = 1; i < count; i++)
        if (!fmpz_equal(outcomes[0].regions, outcomes[i].regions)) {
            char *first = fmpz_get_str(NULL, 10, outcomes[0].regions);
            char *other = fmpz_get_str(NULL, 10, outcomes[i].regions);
            options_stop("count", FAULT_INTERNAL,
                         "method %s found %s regions and method %s %s: a defect of moegeom",
                         outcomes[0].method, first, outcomes[i].method, other);
        }
}

// ---- Runs ----------------------------------------------------------------------------------------------------------

// Says how much work there may be, and refuses more than the limit.
static void announce(const request_t *request, const char *what, double work) {
    fprintf(stderr, "moegeom count: %s: at most %.4g\n", what, work);
    if (work > request->max_work)
        options_stop("count", FAULT_LIMIT,
                     "--max-work %.4g is less than the %.4g that may be needed; a greater one "
                     "lets the count start",
                     request->max_work, work);
}

// A watched run of one method; its checkpoint has the method's name behind a dot when there are several.
typedef struct session {
    watch_t watch;
    shards_control_t control;
    char *path;
} session_t;

static void session_start(session_t *session, const request_t *request, const char *method) {
    fault_t fault = {0};
    char *key = NULL;
    session->path = NULL;
    if (request->checkpoint != NULL &&
        asprintf(&session->path, "%s%s%s", request->checkpoint, request->method == METHOD_BOTH ? "." : "",
                 request->method == METHOD_BOTH ? method : "") < 0)
        options_require("count", GSL_ENOMEM, "checkpoint");
    if (asprintf(&key, "%s method %s seed %lu", request->hash, method, request->seed) < 0)
        options_require("count", GSL_ENOMEM, "checkpoint");
    watch_start(&session->watch, "count", request->threads, session->path, key, &session->control, &fault);
    options_check("count", &fault);
    free(key);
}

static void session_end(session_t *session, bool complete) {
    fault_t fault = {0};
    if (session->watch.checkpoint != NULL && checkpoint_restored(session->watch.checkpoint) > 0)
        fprintf(stderr, "moegeom count: %lu parts were known from %s\n",
                checkpoint_restored(session->watch.checkpoint), session->path);
    watch_end(&session->watch, complete, &fault);
    free(session->path);
    options_check("count", &fault);
}

static int count_region(void *context, const list_region_t *region) {
    (void)region;
    ++*(ulong *)context;
    return GSL_SUCCESS;
}

static outcome_t run_list(const arrangement_t *a) {
    ulong regions = 0;
    options_require("count", list_arrangement(a, count_region, &regions), "method list");
    fmpz_t total;
    fmpz_init_set_ui(total, regions);
    const outcome_t outcome = outcome_of("list", total, NULL, 0);
    fmpz_clear(total);
    return outcome;
}

static outcome_t run_tree(const request_t *request, const arrangement_t *a, tree_count_t *count) {
    session_t session;
    session_start(&session, request, "tree");
    const int status = tree_regions(a, &session.control, count);
    session_end(&session, status == GSL_SUCCESS);
    if (status == GSL_EOVRFLW)
        options_stop("count", FAULT_LIMIT,
                     "a level of the tree has more than 2^127 sets, the most that can be counted");
    options_require("count", status, "method tree");
    return outcome_of("tree", count->regions, count->level, count->levels);
}

static void count_arrangement(const request_t *request, const instance_t *instance) {
    const arrangement_t *a = instance->arrangement;
    if (request->method == METHOD_V || request->method == METHOD_F || request->coalitions)
        options_stop("count", FAULT_USAGE, "%s expects a layer («moe N k H d»), found an arrangement",
                     request->coalitions ? "--coalitions" : "this method");
    char what[128];
    snprintf(what, sizeof what, "%ld hyperplanes in dimension %ld; flats to visit", a->planes, a->dimension);
    announce(request, what, tree_work(a));
    tree_count_t tree;
    tree_count_init(&tree, a->dimension);
    outcome_t outcomes[2];
    int count = 0;
    if (request->method != METHOD_LIST)
        outcomes[count++] = run_tree(request, a, &tree);
    if (request->method == METHOD_LIST || request->method == METHOD_BOTH)
        outcomes[count++] = run_list(a);
    compare_outcomes(outcomes, count);
    if (request->certificate != NULL) {
        if (request->method == METHOD_LIST)
            options_stop("count", FAULT_USAGE, "--certificate expects the method tree or both");
        certify_arrangement("count", instance, &tree, request->certificate);
    }
    print_outcomes(request, outcomes, count, &(roll_t){0});
    for (int i = 0; i < count; i++)
        outcome_clear(&outcomes[i]);
    tree_count_clear(&tree);
}

static void run_flats(const request_t *request, const layer_t *layer, roll_t *roll, layer_count_t *count) {
    session_t session;
    if (request->coalitions) {
        *roll = (roll_t){.json = request->json, .first = true};
        roll->stream = open_memstream(&roll->text, &roll->length);
        if (roll->stream == NULL)
            options_require("count", GSL_ENOMEM, "--coalitions");
    }
    session_start(&session, request, "f");
    const int status =
        layer_flats_count(layer, &session.control, request->coalitions ? add_coalition : NULL, roll, count);
    session_end(&session, status == GSL_SUCCESS);
    options_require("count", status, "method f");
}

// Returns false for a layer that is not in general position, after a note.
static bool run_vertices(const request_t *request, const layer_t *layer, uint64_t seed,
                         layer_count_t *count) {
    session_t session;
    char reason[LAYER_VERTICES_REASON];
    session_start(&session, request, "v");
    const int status = layer_vertices_count(layer, seed, &session.control, count, reason);
    session_end(&session, status == GSL_SUCCESS || status == GSL_ESING);
    if (status == GSL_ESING) {
        fprintf(stderr, "moegeom count: note: not in general position (%s); counted by method f\n", reason);
        return false;
    }
    options_require("count", status, "method v");
    return true;
}

static void announce_layer(const request_t *request, const layer_t *layer) {
    char what[160];
    snprintf(what, sizeof what, "%ld experts of width %ld, %ld active, in dimension %ld; ", layer->experts,
             layer->width, layer->active, layer->dimension);
    const size_t length = strlen(what);
    if (request->method != METHOD_V) {
        snprintf(what + length, sizeof what - length, "flats to visit");
        announce(request, what, layer_flats_work(layer));
    }
    if (request->method == METHOD_V || request->method == METHOD_BOTH) {
        snprintf(what + length, sizeof what - length, "lines to sweep");
        announce(request, what, layer_vertices_work(layer));
    }
}

static void count_layer(const request_t *request, const instance_t *instance) {
    const layer_t *layer = instance->layer;
    if (request->method == METHOD_TREE || request->method == METHOD_LIST)
        options_stop("count", FAULT_USAGE, "--method %s expects an arrangement, found a layer",
                     METHOD_NAMES[request->method]);
    announce_layer(request, layer);
    layer_count_t vertices, flats;
    layer_count_init(&vertices, layer->dimension);
    layer_count_init(&flats, layer->dimension);
    const bool v = (request->method == METHOD_V || request->method == METHOD_BOTH) &&
                   run_vertices(request, layer, request->seed, &vertices);
    const bool f = request->method != METHOD_V || !v || request->coalitions;
    roll_t roll = {0};
    outcome_t outcomes[2];
    int count = 0;
    if (f) {
        run_flats(request, layer, &roll, &flats);
        outcomes[count++] = outcome_of("f", flats.regions, flats.level, flats.levels);
    }
    if (v)
        outcomes[count++] = outcome_of("v", vertices.regions, vertices.level, vertices.levels);
    compare_outcomes(outcomes, count);
    if (request->certificate != NULL)
        certify_layer("count", instance, v ? &vertices : NULL, f ? &flats : NULL, request->seed,
                      request->threads, request->certificate);
    print_outcomes(request, outcomes, count, &roll);
    for (int i = 0; i < count; i++)
        outcome_clear(&outcomes[i]);
    layer_count_clear(&vertices);
    layer_count_clear(&flats);
}

// ---- Options -------------------------------------------------------------------------------------------------------

static method_t parse_method(const char *text) {
    for (method_t method = METHOD_TREE; method <= METHOD_BOTH; method++)
        if (strcmp(text, METHOD_NAMES[method]) == 0)
            return method;
    options_stop("count", FAULT_USAGE, "--method expects tree, list, v, f or both, found «%s»", text);
}

static request_t parse_options(int argc, char **argv) {
    static const struct option options[] = {{"method", required_argument, NULL, 'm'},
                                            {"plane", required_argument, NULL, 'p'},
                                            {"coalitions", no_argument, NULL, 'c'},
                                            {"certificate", required_argument, NULL, 'C'},
                                            {"checkpoint", required_argument, NULL, 'r'},
                                            {"max-work", required_argument, NULL, 'w'},
                                            {"seed", required_argument, NULL, 's'},
                                            {"threads", required_argument, NULL, 't'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    request_t request = {.max_work = INFINITY, .seed = 1};
    for (int option; (option = options_next(argc, argv, options, HELP)) != -1;) {
        if (option == 'm')
            request.method = parse_method(optarg);
        else if (option == 'p')
            request.plane = optarg;
        else if (option == 'c')
            request.coalitions = true;
        else if (option == 'C')
            request.certificate = optarg;
        else if (option == 'r')
            request.checkpoint = optarg;
        else if (option == 'w')
            request.max_work = options_real(argv[0], "--max-work", optarg, 0, INFINITY);
        else if (option == 's')
            request.seed = options_integer(argv[0], "--seed", optarg, 0, UINT64_MAX);
        else if (option == 't')
            request.threads = (int)options_integer(argv[0], "--threads", optarg, 1, 1024);
        else
            request.json = true;
    }
    request.path = options_argument(argc, argv, "the file of an arrangement or a layer");
    return request;
}

int command_count(int argc, char **argv) {
    request_t request = parse_options(argc, argv);
    instance_t instance = options_instance(argv[0], request.path, request.plane);
    fault_t fault = {0};
    instance_hash(&instance, request.hash, &fault);
    if (request.certificate != NULL) // now, and not after a long count
        output_examine(request.certificate, &fault);
    options_check(argv[0], &fault);
    if (instance.layer != NULL)
        count_layer(&request, &instance);
    else
        count_arrangement(&request, &instance);
    instance_clear(&instance);
    return FAULT_NONE;
}
