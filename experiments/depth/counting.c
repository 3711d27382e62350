// SPDX-License-Identifier: GPL-3.0-or-later
// Exact counts: do all roads give the same number, and does the time grow as the work does?
//
// CLAIM (ours)
//   depth/counting  counts by the broken-circuit tree, by Whitney's sum or listing, and the known values of the braid,
//                   resonance, threshold, Shi, Catalan and B_n arrangements agree; V, F and listing agree on layers
//
// WORK. The tree visits binomial(n, d-1) lines, d entries at a time, with binomial(n, d) vertices on them. F meets each
// cell of a coalition with the k (N-k) walls that may bound it, and visits one pair (coalition, flat) for each region,
// d entries at a time. V sweeps its lines (layer_vertices_work), each with the N logits and n units that may change on
// it; where a line is not empty it does more, which is found, not derived, to go with the regions times N-k+1. So each
// time is modelled as a sum of two such numbers with two constants, which are fitted for each curve of the figure.
//
// Times are no results: they are read from data/counting-times.csv, which `build/bin/bench_counting --write` measured.
// What was counted there is counted again here, from the same random numbers, and must be the same.
#include "geometry/bounds.h"
#include "geometry/count.h"
#include "geometry/layer_vertices.h"
#include "geometry/whitney.h"
#include "io/experiment.h"
#include "io/experiment_instance.h"
#include "io/experiment_roads.h"
#include "io/instance.h"

#include <flint/fmpz_vec.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

// ---- Parameters ----

enum { TEXT = 256 };
enum { TIMED_SEED = 1975, TIMED_RANGE = 99999 }; // of tests/bench_counting.c
enum { BATCH = 400, BATCH_QUICK = 60 };          // small arrangements, and as many layers
enum { LAYER_BLOCK = 1000 };                     // first block of the layers' streams
static const slong SMALL = 3;     // their entries are -SMALL..SMALL, so that most are degenerate ...
static const slong LARGE = 99999; // ... and those of every second layer are not
static const ulong WHITNEY_LIMIT = 1000000; // sets, more than any of them has
static const double QUICK_SECONDS = 0.005;  // timed instances that took longer are left out of a quick run
static const double LONG_CALL = 0.001;      // seconds from which a call is compared with the model
static const slong CORRECTED =
    171780;                  // regions that a floating prototype had found in layer_N16_k4_H5_d5.moe
enum { ACCEPTED_FILES = 2 }; // small layers in general position, at least
static const char *const NAME = "counting", *const CLAIM = "depth/counting";

static void state_parameters(experiment_t *run) {
    experiment_parameter(run, "Batch", "%.0f", experiment_quick(run) ? BATCH_QUICK : BATCH, "arrangements");
    experiment_parameter(run, "Small", "%.0f", (double)SMALL, "1");
    experiment_parameter(run, "Large", "%.0f", (double)LARGE, "1");
    experiment_parameter(run, "LongCall", "%.0f", 1e3 * LONG_CALL, "ms");
    experiment_parameter(run, "Corrected", "%.0f", (double)CORRECTED, "regions");
}

static void check_count(experiment_t *run, const char *what, slong value, slong known) {
    experiment_check_integer(run, CLAIM, what, value, known);
}

// ---- Families whose counts are known ----

// Normals with the binary digits of 1, 1 + step, ... below 2^d.
static arrangement_t *binary(slong d, slong step) {
    arrangement_t *a = arrangement_alloc(((WORD(1) << d) - 2) / step + 1, d);
    for (slong row = 0; a != NULL && row < a->planes; row++)
        for (slong i = 0; i < d; i++)
            fmpz_set_si(fmpz_mat_entry(a->rows, row, i), (1 + row * step) >> i & 1);
    return a;
}

static arrangement_t *resonance(slong n) {
    return binary(n, 1);
}

static arrangement_t *threshold(slong n) {
    return binary(n + 1, 2);
}

// x_i + factor x_j + b = 0 for i < j, for b = first..last.
static slong add_pairs(arrangement_t *a, slong row, slong factor, slong first, slong last) {
    for (slong i = 0; i < a->dimension; i++)
        for (slong j = i + 1; j < a->dimension; j++)
            for (slong b = first; b <= last; b++, row++) {
                fmpz_one(fmpz_mat_entry(a->rows, row, i));
                fmpz_set_si(fmpz_mat_entry(a->rows, row, j), factor);
                fmpz_set_si(fmpz_mat_entry(a->rows, row, a->dimension), b);
            }
    return row;
}

static arrangement_t *differences(slong n, slong first, slong last) {
    arrangement_t *a = arrangement_alloc(n * (n - 1) / 2 * (last - first + 1), n);
    if (a != NULL)
        add_pairs(a, 0, -1, first, last);
    return a;
}

static arrangement_t *braid(slong n) {
    return differences(n, 0, 0);
}

static arrangement_t *shi(slong n) {
    return differences(n, 0, 1);
}

static arrangement_t *catalan(slong n) {
    return differences(n, -1, 1);
}

static arrangement_t *coxeter_b(slong n) {
    arrangement_t *a = arrangement_alloc(n * n, n);
    for (slong i = 0; a != NULL && i < n; i++)
        fmpz_one(fmpz_mat_entry(a->rows, i, i));
    if (a != NULL)
        add_pairs(a, add_pairs(a, n, 1, 0, 0), -1, 0, 0);
    return a;
}

enum { MEMBERS = 8 };

// Regions for n = 1, 2, ...; 0 ends the list. R. P. Stanley (2007), lecture 5, for closed forms; OEIS A034997 and
// A000609 for the others.
static const struct {
    const char *name;
    arrangement_t *(*make)(slong n);
    slong known[MEMBERS];
} FAMILIES[] = {{"braid", braid, {1, 2, 6, 24, 120, 720, 5040, 40320}},
                {"resonance", resonance, {2, 6, 32, 370, 11292, 1066044, 347326352}},
                {"threshold", threshold, {4, 14, 104, 1882, 94572, 15028134}},
                {"Shi", shi, {1, 3, 16, 125, 1296, 16807, 262144}},
                {"Catalan", catalan, {1, 4, 30, 336, 5040, 95040}},
                {"B", coxeter_b, {2, 8, 48, 384, 3840, 46080, 645120}}};

static const slong QUICK_REGIONS = 20000; // larger members are left out of a quick run
static const slong LISTED_REGIONS = 2000; // smaller ones are listed as well

static void check_families(experiment_t *run) {
    int members = 0;
    for (size_t f = 0; f < COUNT(FAMILIES); f++)
        for (slong n = 1; n <= MEMBERS && FAMILIES[f].known[n - 1] > 0; n++) {
            const slong known = FAMILIES[f].known[n - 1];
            if (experiment_quick(run) && known > QUICK_REGIONS)
                continue;
            char what[TEXT];
            arrangement_t *a = experiment_memory(run, FAMILIES[f].make(n));
            snprintf(what, sizeof what, "%s %ld by the tree", FAMILIES[f].name, n);
            check_count(run, what, experiment_tree(run, a).regions, known);
            snprintf(what, sizeof what, "%s %ld by the list", FAMILIES[f].name, n);
            if (known <= LISTED_REGIONS)
                check_count(run, what, experiment_list_arrangement(run, a), known);
            arrangement_free(a);
            members++;
        }
    experiment_macro_integer(run, "Members", members);
}

// ---- Random arrangements and layers ----

// The first N rows are the router.
static layer_t *draw_layer(experiment_t *run, const slong shape[4], slong range, stream_t *stream) {
    const slong experts = shape[0], width = shape[2], d = shape[3];
    arrangement_t *a = experiment_memory(run, arrangement_random(experts * (width + 1), d, range, stream));
    layer_t *layer = experiment_memory(run, layer_alloc(experts, shape[1], width, d));
    for (slong i = 0; i < a->planes; i++)
        _fmpz_vec_set(i < experts ? layer->router->rows[i] : layer->rows->rows[i - experts], a->rows->rows[i],
                      d + 1);
    arrangement_free(a);
    return layer;
}

//[core
// Four roads to the number of regions of an arrangement: no two of them share code.
static bool four_roads_agree(experiment_t *run, const arrangement_t *a, slong *events) {
    fmpz_t plain, whitney;
    fmpz_init(plain);
    fmpz_init(whitney);
    experiment_require(run, count_regions(a, plain), "count_regions");
    experiment_require(run, whitney_regions(a, WHITNEY_LIMIT, whitney), "whitney_regions");
    const roads_tree_t tree = experiment_tree(run, a);
    const slong listed = experiment_list_arrangement(run, a);
    const bool agree =
        fmpz_equal(plain, whitney) && fmpz_equal_si(plain, tree.regions) && tree.regions == listed;
    *events = tree.events;
    fmpz_clear(plain);
    fmpz_clear(whitney);
    return agree;
}

// Three roads for a layer, or two where V refuses it. F and the list share polyhedra, V nothing.
static bool layer_roads_agree(experiment_t *run, const layer_t *layer, int *refused) {
    const slong flats = experiment_flats(run, layer).regions, listed = experiment_list_layer(run, layer);
    const slong vertices = experiment_vertices(run, layer);
    *refused += vertices < 0;
    return flats == listed && (vertices < 0 || vertices == flats);
}
//]core

static void check_arrangements(experiment_t *run, int batch) {
    int agree = 0, degenerate = 0;
    slong events;
    for (int i = 0; i < batch; i++) {
        stream_t stream = experiment_stream(run, (uint32_t)i);
        const slong d = stream_pick(&stream, 1, 4), n = stream_pick(&stream, 1, 9);
        arrangement_t *a = experiment_memory(run, arrangement_random(n, d, SMALL, &stream));
        agree += four_roads_agree(run, a, &events);
        degenerate += events > 0;
        arrangement_free(a);
    }
    check_count(run, "small arrangements: tree and plain tree and Whitney and list", agree, batch);
    experiment_macro_integer(run, "Degenerate", degenerate);
}

static void check_layers(experiment_t *run, int batch) {
    int agree = 0, refused = 0, counted = 0;
    slong first, second;
    for (int i = 0; i < batch; i++) {
        stream_t stream = experiment_stream(run, (uint32_t)(LAYER_BLOCK + i));
        const slong experts = stream_pick(&stream, 1, 5);
        const slong shape[4] = {experts, stream_pick(&stream, 1, experts), stream_pick(&stream, 0, 3),
                                stream_pick(&stream, 1, 3)};
        layer_t *layer = draw_layer(run, shape, i % 2 == 0 ? SMALL : LARGE, &stream);
        if (shape[1] == experts || !layer_twins(layer, &first, &second)) {
            agree += layer_roads_agree(run, layer, &refused);
            counted++;
        }
        layer_free(layer);
    }
    check_count(run, "small layers: F and list and V where it applies", agree, counted);
    experiment_macro_integer(run, "Layers", counted);
    experiment_macro_integer(run, "Refused", refused);
}

// ---- Instance files ----

// Which layers V accepted, and which it refused as degenerate.
typedef struct accepted {
    slong layers, refused;
} accepted_t;

// Counts a layer by F, and by V unless that refuses it.
static void check_layer_file(experiment_t *run, const char *file, const layer_t *layer, slong expected,
                             accepted_t *accepted) {
    char what[TEXT];
    snprintf(what, sizeof what, "%s by F", file);
    check_count(run, what, experiment_flats(run, layer).regions, expected);
    const slong vertices = experiment_vertices(run, layer);
    snprintf(what, sizeof what, "%s by V", file);
    if (vertices >= 0)
        check_count(run, what, vertices, expected);
    accepted->layers += vertices >= 0;
    accepted->refused += vertices < 0;
}

// Counts one file by all roads that its size allows.
static void check_file(experiment_t *run, const char *file, slong expected, accepted_t *accepted) {
    instance_t instance = experiment_instance(run, file);
    char what[TEXT];
    const bool small = expected < LISTED_REGIONS || !experiment_quick(run);
    if (instance.arrangement != NULL) {
        snprintf(what, sizeof what, "%s by the tree", file);
        check_count(run, what, experiment_tree(run, instance.arrangement).regions, expected);
    } else if (small) {
        check_layer_file(run, file, instance.layer, expected, accepted);
    }
    if (small && expected < 200000) {
        snprintf(what, sizeof what, "%s by the list", file);
        const slong listed = instance.arrangement != NULL
                                 ? experiment_list_arrangement(run, instance.arrangement)
                                 : experiment_list_layer(run, instance.layer);
        check_count(run, what, listed, expected);
    }
    instance_clear(&instance);
}

static void check_files(experiment_t *run) {
    sheet_t sheet;
    experiment_read(run, "instances/expected.csv", &sheet);
    slong largest_layer = 0;
    accepted_t accepted = {0};
    for (size_t row = 1; row <= sheet.rows; row++) {
        const char *file = sheet.cells[row * sheet.width];
        const slong expected = strtol(sheet.cells[row * sheet.width + 1], NULL, 10);
        check_file(run, file, expected, &accepted);
        if (strncmp(file, "layer", 5) == 0 && expected > largest_layer)
            largest_layer = expected;
    }
    experiment_check(run, CLAIM, "instance files of layers that V accepts", (double)accepted.layers, AT_LEAST,
                     ACCEPTED_FILES, 0);
    experiment_macro_integer(run, "FilesRefused", accepted.refused);
    experiment_macro_integer(run, "Correct", largest_layer);
    experiment_macro_integer(run, "Files", (long long)sheet.rows);
    sheet_free(&sheet);
}

// ---- The measured times ----

// A row of counting-times.csv.
typedef struct {
    const char *kind, *work, *method, *note;
    slong experts, active, width, planes, dimension, regions;
    uint32_t block;
    double seconds, mib, target, units;
} entry_t;

typedef struct {
    sheet_t sheet;
    entry_t *entries;
    size_t count;
} times_t;

static const char *text_at(experiment_t *run, const sheet_t *sheet, const char *name, size_t row) {
    size_t column = 0;
    fault_t fault = {0};
    if (sheet_column(sheet, name, &column, &fault) != FAULT_NONE)
        experiment_stop(run, fault.status, "%s", fault.text);
    return sheet_cell(sheet, row, column);
}

static times_t read_times(experiment_t *run) {
    static const char *const names[] = {"experts", "active",  "width", "planes", "dimension", "regions",
                                        "block",   "seconds", "mib",   "target", "units"};
    times_t times;
    experiment_read(run, "counting-times.csv", &times.sheet);
    const size_t rows = times.count = times.sheet.rows;
    double *numbers = calloc(COUNT(names) * rows, sizeof *numbers);
    times.entries = calloc(rows, sizeof *times.entries);
    if (numbers == NULL || times.entries == NULL)
        experiment_stop(run, FAULT_SYSTEM, "out of memory");
    for (size_t i = 0; i < COUNT(names); i++)
        experiment_numbers(run, &times.sheet, names[i], numbers + i * rows);
    for (size_t row = 0; row < rows; row++) {
        double v[COUNT(names)];
        for (size_t i = 0; i < COUNT(names); i++)
            v[i] = numbers[i * rows + row];
        times.entries[row] = (entry_t){text_at(run, &times.sheet, "kind", row),
                                       text_at(run, &times.sheet, "work", row),
                                       text_at(run, &times.sheet, "method", row),
                                       text_at(run, &times.sheet, "note", row),
                                       (slong)v[0],
                                       (slong)v[1],
                                       (slong)v[2],
                                       (slong)v[3],
                                       (slong)v[4],
                                       (slong)v[5],
                                       (uint32_t)v[6],
                                       v[7],
                                       v[8],
                                       v[9],
                                       v[10]};
    }
    free(numbers);
    return times;
}

static bool is_kind(const entry_t *entry, const char *kind) {
    return strcmp(entry->kind, kind) == 0;
}

static layer_t *timed_layer(experiment_t *run, const entry_t *e) {
    stream_t stream = stream_at(TIMED_SEED, stream_experiment(NAME), e->block);
    const slong shape[4] = {e->experts, e->active, e->width, e->dimension};
    return draw_layer(run, shape, TIMED_RANGE, &stream);
}

// ---- The table of speeds ----

// Two significant digits: 0.010, 3.4, 340, 11000.
static void print_two_digits(char text[TEXT], double value) {
    const int exponent = value > 0 ? (int)floor(log10(value)) : 0;
    const double unit = pow(10, exponent - 1);
    snprintf(text, TEXT, "%.*f", exponent < 1 ? 1 - exponent : 0,
             exponent > 1 ? round(value / unit) * unit : value);
}

// 3.7e8.
static void print_rate(char text[TEXT], double value) {
    const int exponent = (int)floor(log10(value));
    snprintf(text, TEXT, "%.1fe%d", value / pow(10, exponent), exponent);
}

static const char *shown_method(const entry_t *entry) {
    return strcmp(entry->method, "f") == 0 ? "F" : strcmp(entry->method, "v") == 0 ? "V" : entry->method;
}

static void write_own(table_t *table, const entry_t *own) {
    char text[TEXT];
    table_text(table, own->work);
    table_text(table, shown_method(own));
    print_two_digits(text, own->seconds);
    table_text(table, text);
    snprintf(text, sizeof text, "%.3g", own->target);
    table_text(table, text);
    print_rate(text, own->units / own->seconds);
    table_text(table, text);
    table_text(table, own->note);
}

// Measured against the time of ours.
static void write_rival(table_t *table, const entry_t *rival, double seconds) {
    const char *sign = is_kind(rival, "stopped") ? ">" : "";
    char number[TEXT], text[TEXT + 1];
    table_text(table, rival->method);
    snprintf(text, sizeof text, "%s%.3g", sign, rival->seconds);
    table_text(table, text);
    print_two_digits(number, rival->seconds / seconds);
    snprintf(text, sizeof text, "%s%s", sign, number);
    table_text(table, text);
    table_text(table, rival->note);
}

enum { OWN_CELLS = 6, RIVAL_CELLS = 4 };

static void write_nothing(table_t *table, int cells) {
    for (int i = 0; i < cells; i++)
        table_text(table, "");
}

// The rivals of a work follow it.
static bool is_rival(const times_t *times, size_t row) {
    return row < times->count &&
           (is_kind(&times->entries[row], "rival") || is_kind(&times->entries[row], "stopped"));
}

static void write_speeds(experiment_t *run, const times_t *times) {
    static const table_column_t columns[] = {{"work", "text", NULL, ""},  {"method", "text", NULL, ""},
                                             {"seconds", "s", NULL, ""},  {"target", "s", NULL, ""},
                                             {"rate", "1/s", NULL, ""},   {"of", "text", NULL, NULL},
                                             {"rival", "text", NULL, ""}, {"rival_seconds", "s", NULL, ""},
                                             {"ratio", "1", NULL, ""},    {"measured", "text", NULL, ""}};
    size_t rows = 0;
    for (size_t i = 0; i < times->count; i++)
        rows += is_kind(&times->entries[i], "speed") || (is_rival(times, i) && is_rival(times, i - 1));
    table_t *table = experiment_table(run, "", "one thread: CPU time of whole runs; targets; rivals", columns,
                                      COUNT(columns), rows);
    for (size_t i = 0; i < times->count; i++) {
        const entry_t *own = &times->entries[i];
        if (!is_kind(own, "speed"))
            continue;
        write_own(table, own);
        if (!is_rival(times, i + 1))
            write_nothing(table, RIVAL_CELLS);
        for (size_t r = i + 1; is_rival(times, r); r++) {
            if (r > i + 1)
                write_nothing(table, OWN_CELLS);
            write_rival(table, &times->entries[r], own->seconds);
        }
    }
}

// The machine, which targets are missed, and the most memory.
static void state_targets(experiment_t *run, const times_t *times) {
    char missed[4 * TEXT] = "none";
    size_t used = 0;
    int targets = 0, met = 0;
    double mib = 0;
    for (size_t i = 0; i < times->count; i++) {
        const entry_t *e = &times->entries[i];
        if (is_kind(e, "machine"))
            experiment_macro_text(run, "Processor", e->work);
        if (!is_kind(e, "speed"))
            continue;
        const bool meets = e->seconds <= e->target;
        targets++;
        met += meets;
        mib = fmax(mib, e->mib);
        if (!meets && used < sizeof missed)
            used += (size_t)snprintf(missed + used, sizeof missed - used, "%s%s%s%s", used > 0 ? ", " : "",
                                     e->work, e->experts > 0 ? " by " : "",
                                     e->experts > 0 ? shown_method(e) : "");
    }
    experiment_macro_integer(run, "Targets", targets);
    experiment_macro_integer(run, "Met", met);
    experiment_macro_text(run, "Missed", missed);
    experiment_macro(run, "Memory", "%.0f", mib);
}

// The slice of 65,536 lines: both timed methods must have found as many regions as F finds now; a quick run believes
// them.
static void check_slice(experiment_t *run, const times_t *times) {
    slong regions = -1;
    for (size_t i = 0; i < times->count; i++) {
        const entry_t *e = &times->entries[i];
        if (!is_kind(e, "speed") || e->planes < 10000)
            continue;
        if (regions < 0 && experiment_quick(run)) {
            regions = e->regions; // to compare with itself would be no check
            continue;
        }
        layer_t *layer = regions < 0 ? timed_layer(run, e) : NULL;
        if (layer != NULL)
            regions = experiment_flats(run, layer).regions;
        layer_free(layer);
        check_count(run, strcmp(e->method, "f") == 0 ? "timed slice by F" : "timed slice by V", e->regions,
                    regions);
    }
    experiment_macro_integer(run, "SliceRegions", regions);
}

// ---- The growth of the cost ----

enum { TREE, FLATS, VERTICES, METHODS };

static const char *const METHOD_NAMES[METHODS] = {"tree", "f", "v"};

// A timed instance and its work: model[0] and model[1] are what the two constants multiply.
typedef struct {
    const entry_t *entry;
    int method;
    slong coalitions;
    double work[2], seconds; // seconds: of the model
} point_t;

static double binomial(slong n, slong k) {
    fmpz_t value;
    fmpz_init(value);
    fmpz_bin_uiui(value, (ulong)n, (ulong)k);
    const double result = fmpz_get_d(value);
    fmpz_clear(value);
    return result;
}

// In general position there are Phi(n, d) regions.
static void check_phi(experiment_t *run, const arrangement_t *a, slong regions) {
    check_count(run, "timed arrangement in general position", regions,
                bounds_phi_si((ulong)a->planes, (ulong)a->dimension));
}

static point_t point_of(experiment_t *run, const entry_t *e) {
    point_t p = {.entry = e};
    while (p.method < METHODS && strcmp(e->method, METHOD_NAMES[p.method]) != 0)
        p.method++;
    slong regions;
    if (p.method == TREE) {
        stream_t stream = stream_at(TIMED_SEED, stream_experiment(NAME), e->block);
        arrangement_t *a =
            experiment_memory(run, arrangement_random(e->planes, e->dimension, TIMED_RANGE, &stream));
        const roads_tree_t tree = experiment_tree(run, a);
        regions = tree.regions;
        if (tree.events == 0)
            check_phi(run, a, regions);
        p.work[0] = (double)e->dimension * binomial(e->planes, e->dimension - 1);
        p.work[1] = binomial(e->planes, e->dimension);
        arrangement_free(a);
    } else {
        layer_t *layer = timed_layer(run, e);
        if (p.method == FLATS) {
            const roads_flats_t flats = experiment_flats(run, layer);
            regions = flats.regions;
            p.coalitions = flats.level[0];
        } else
            regions = experiment_vertices(run, layer);
        p.work[0] = p.method == FLATS ? (double)(p.coalitions * e->active * (e->experts - e->active))
                                      : layer_vertices_work(layer) * (double)(e->experts + e->planes);
        p.work[1] = (double)(regions * (p.method == FLATS ? e->dimension : e->experts - e->active + 1));
        layer_free(layer);
    }
    check_count(run, "timed instance is counted again", regions, e->regions);
    return p;
}

// The points of one curve share the constants: a method and, for the growth with n, a dimension. The growth with N and
// with k is measured in one dimension.
static bool on_curve(const point_t *p, const point_t *q) {
    const bool n = strcmp(p->entry->work, "n") == 0, d = strcmp(p->entry->work, "d") == 0;
    return p->method == q->method && n == (strcmp(q->entry->work, "n") == 0) &&
           d == (strcmp(q->entry->work, "d") == 0) && (!n || p->entry->dimension == q->entry->dimension);
}

// The constants of the curve of points[index], not negative, that make the sum of the squared relative errors least.
static void fit(const point_t *points, size_t count, size_t index, double constants[2]) {
    double s00 = 0, s01 = 0, s11 = 0, t0 = 0, t1 = 0;
    for (size_t i = 0; i < count; i++) {
        if (!on_curve(&points[index], &points[i]))
            continue;
        const double x = points[i].work[0] / points[i].entry->seconds,
                     y = points[i].work[1] / points[i].entry->seconds;
        s00 += x * x;
        s01 += x * y;
        s11 += y * y;
        t0 += x;
        t1 += y;
    }
    const double determinant = s00 * s11 - s01 * s01;
    constants[0] = (t0 * s11 - t1 * s01) / determinant;
    constants[1] = (t1 * s00 - t0 * s01) / determinant;
    if (constants[0] < 0 || determinant <= 0)
        constants[0] = 0, constants[1] = t1 / s11;
    else if (constants[1] < 0)
        constants[0] = t0 / s00, constants[1] = 0;
}

// The constants that the text quotes, in nanoseconds: of a series in one dimension.
static const struct {
    const char *name, *series;
    int method, constant;
    slong dimension;
} QUOTED[] = {{"TreeLine", "n", TREE, 0, 5},        {"TreeVertex", "n", TREE, 1, 2},
              {"FlatsWall", "N", FLATS, 0, 3},      {"FlatsRegion", "N", FLATS, 1, 3},
              {"VerticesRow", "N", VERTICES, 0, 3}, {"VerticesRegion", "N", VERTICES, 1, 3}};

static void quote(experiment_t *run, const point_t *p, const double constants[2]) {
    for (size_t q = 0; q < COUNT(QUOTED); q++)
        if (p->method == QUOTED[q].method && strcmp(p->entry->work, QUOTED[q].series) == 0 &&
            p->entry->dimension == QUOTED[q].dimension) {
            char text[TEXT];
            print_two_digits(text, 1e9 * constants[QUOTED[q].constant]);
            experiment_macro_text(run, QUOTED[q].name, text);
        }
}

static void fit_all(experiment_t *run, point_t *points, size_t count) {
    double worst = 1;
    for (size_t i = 0; i < count; i++) {
        point_t *p = &points[i];
        double constants[2];
        size_t first = 0;
        fit(points, count, i, constants);
        while (strcmp(points[first].entry->work, p->entry->work) != 0 || !on_curve(&points[first], p))
            first++;
        if (first == i)
            quote(run, p, constants);
        p->seconds = constants[0] * p->work[0] + constants[1] * p->work[1];
        if (p->entry->seconds >= LONG_CALL)
            worst = fmax(worst, fmax(p->seconds / p->entry->seconds, p->entry->seconds / p->seconds));
    }
    experiment_macro(run, "WorstFactor", "%.1f", worst);
}

static void write_points(experiment_t *run, const point_t *points, size_t count) {
    static const table_column_t columns[] = {{"series", "text", NULL, ""},
                                             {"method", "text", NULL, ""},
                                             {"experts", "1", NULL, ""},
                                             {"active", "1", NULL, ""},
                                             {"width", "1", NULL, ""},
                                             {"n", "1", NULL, ""},
                                             {"d", "1", NULL, ""},
                                             {"regions", "1", NULL, ""},
                                             {"coalitions", "1", NULL, ""},
                                             {"work_0", "1", "%.10g", ""},
                                             {"work_1", "1", "%.10g", ""},
                                             {"seconds", "s", "%.4g", ""},
                                             {"model_seconds", "s", "%.4g", ""}};
    table_t *table =
        experiment_table(run, "growth", "measured CPU time of single calls; work counted again; model",
                         columns, COUNT(columns), count);
    for (size_t i = 0; i < count; i++) {
        const entry_t *e = points[i].entry;
        table_text(table, e->work);
        table_text(table, e->method);
        table_integer(table, e->experts);
        table_integer(table, e->active);
        table_integer(table, e->width);
        table_integer(table, e->planes);
        table_integer(table, e->dimension);
        table_integer(table, e->regions);
        table_integer(table, points[i].coalitions);
        table_real(table, points[i].work[0]);
        table_real(table, points[i].work[1]);
        table_real(table, e->seconds);
        table_real(table, points[i].seconds);
    }
}

static void check_growth(experiment_t *run, const times_t *times) {
    point_t *points = calloc(times->count, sizeof *points);
    size_t count = 0;
    if (points == NULL)
        experiment_stop(run, FAULT_SYSTEM, "out of memory");
    for (size_t i = 0; i < times->count; i++) {
        const entry_t *e = &times->entries[i];
        if (is_kind(e, "growth") && !(experiment_quick(run) && e->seconds > QUICK_SECONDS))
            points[count++] = point_of(run, e);
        experiment_progress(run, i + 1, times->count);
    }
    fit_all(run, points, count);
    write_points(run, points, count);
    free(points);
}

static void run_counting(experiment_t *run) {
    const int batch = experiment_quick(run) ? BATCH_QUICK : BATCH;
    state_parameters(run);
    check_families(run);
    check_arrangements(run, batch);
    check_layers(run, batch);
    check_files(run);
    times_t times = read_times(run);
    write_speeds(run, &times);
    state_targets(run, &times);
    check_slice(run, &times);
    check_growth(run, &times);
    experiment_claim(run, CLAIM, VERDICT_HOLDS, METHOD_EXACT, "counting.checks.csv");
    free(times.entries);
    sheet_free(&times.sheet);
    flint_cleanup();
}

int main(int argc, char **argv) {
    static const experiment_plan_t plan = {
        .name = "counting",
        .brief = "counts by all roads, their known values, and the measured times against the work",
        .seed = 1932,
        .run = run_counting};
    return experiment_main(&plan, argc, argv);
}
