// SPDX-License-Identifier: GPL-3.0-or-later
// Slices of a trained layer: how many regions a real top-k layer has on planes and lines through its data.
//
// CLAIM (ours)
//   depth/slice-counts  on planes and lines through test images, all exact counts of the regions of trained layers agree,
//                       and none exceeds (U)
//
// DERIVATION. A layer restricted to the plane p_0 + y_1 (p_1 - p_0) + y_2 (p_2 - p_0) is again a layer with top-k
// routing: row w.x + b becomes (w.(p_1 - p_0)) y_1 + (w.(p_2 - p_0)) y_2 + (w.p_0 + b). Its logits decide the same
// coalitions and its units fire at the same points. So all bounds hold with d = 2, and on a line with d = 1. Weights of
// few binary digits and pixels of 16 levels are dyadic: the rows of the slice are integers, times a positive factor,
// and nothing is rounded on the way to the count.
//
// The layers are trained here, on the digits of data/digits.csv, by routing/topk_layer: the same bits everywhere.
#include "geometry/bounds.h"
#include "geometry/layer_flats.h"
#include "geometry/layer_topk.h"
#include "geometry/layer_vertices.h"
#include "geometry/list.h"
#include "geometry/picture.h"
#include "geometry/slice.h"
#include "io/experiment.h"
#include "io/experiment_images.h"
#include "number/shards.h"
#include "routing/topk_layer.h"

#include <flint/flint.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

// ---- Parameters ----

enum { SIDE = 8, PIXELS = SIDE * SIDE, EXPERTS = 8, ACTIVE = 2, WIDTH = 16, CLASSES = EXPERIMENT_CLASSES };
enum { SPLIT = 5 };                       // every SPLIT-th row is for the test
enum { LAYERS = 8, LAYERS_QUICK = 2 };    // layers, each with its own start
enum { PLANES = 100, PLANES_QUICK = 10 }; // planes through three test images of different digits
enum { LINES = 200, LINES_QUICK = 20 };   // lines through two
enum {
    ORDER_BLOCK = 500,
    PLANE_BLOCK = 1000,
    LINE_BLOCK = 1001
}; // of random streams; a layer's start is its number

static const topk_shape_t SHAPE = {
    .inputs = PIXELS, .experts = EXPERTS, .active = ACTIVE, .width = WIDTH, .classes = CLASSES};
static const bounds_layer_t ON_PLANE = {EXPERTS, ACTIVE, WIDTH, 2}, ON_LINE = {EXPERTS, ACTIVE, WIDTH, 1};
static const topk_training_t TRAINING = {.epochs = 40, .batch = 32, .rate = 0.005, .balance = 0.1};
static const int BITS = 8;                 // significant binary digits of a weight, as bfloat16 has
static const double LEAST_ACCURACY = 0.93; // of a layer that may be called trained, on the test images
static const double IDLE = 0.01;           // share of the choices below which an expert counts as idle
static const size_t SHOWN[] = {0, 4, 7};   // digits of the plane in the figure: the first test image of each
static const double ASPECT = 1, MARGIN = 0.26; // of the figure's window
static const double BESIDE = 0.085; // widths of the window from an image's place to where it stands
static const char *const NAME = "trained-slice", *const CLAIM = "depth/slice-counts";

static void state_parameters(experiment_t *run) {
    experiment_parameter(run, "Epochs", "%.0f", (double)TRAINING.epochs, "1");
    experiment_parameter(run, "Batch", "%.0f", (double)TRAINING.batch, "images");
    experiment_parameter(run, "Rate", "%g", TRAINING.rate, "1");
    experiment_parameter(run, "Balance", "%g", TRAINING.balance, "1");
    experiment_parameter(run, "IdlePercent", "%.0f", 100 * IDLE, "%");
    experiment_parameter(run, "Bits", "%.0f", BITS, "bits");
    experiment_parameter(run, "Experts", "%.0f", EXPERTS, "1");
    experiment_parameter(run, "Active", "%.0f", ACTIVE, "1");
    experiment_parameter(run, "Width", "%.0f", WIDTH, "units");
}

// ---- The images ----

// Training and test images.
typedef struct {
    experiment_images_t training, test;
} images_t;

static images_t read_images(experiment_t *run) {
    experiment_images_t all = experiment_digits(run);
    images_t images = {experiment_images_split(run, &all, SPLIT, false),
                       experiment_images_split(run, &all, SPLIT, true)};
    experiment_macro_integer(run, "Images", (long long)all.data.rows);
    experiment_macro_integer(run, "TrainingImages", (long long)images.training.data.rows);
    experiment_macro_integer(run, "TestImages", (long long)images.test.data.rows);
    experiment_images_free(&all);
    return images;
}

static void free_images(images_t *images) {
    experiment_images_free(&images->training);
    experiment_images_free(&images->test);
}

// ---- Layers: before and after training, as exact data ----

// The first SLICED states are counted on slices; UNBALANCED is trained without the balance term, to show what the term
// does. CHANGE stands for trained less untrained.
typedef enum { UNTRAINED, TRAINED, SLICED, UNBALANCED = SLICED, STATES, CHANGE = STATES } state_t;

static const char *const STATE_NAMES[STATES] = {"untrained", "trained", "unbalanced"};

// One layer in one state, its weights rounded to BITS.
typedef struct {
    layer_t *exact;
    size_t correct, training_correct; // images that it classifies
    size_t loads[EXPERTS];            // choices of each expert, test images
} specimen_t;

// Rounds the layer and takes it down.
static int take(topk_layer_t *layer, const images_t *images, specimen_t *specimen) {
    topk_layer_round(layer, BITS);
    int status = topk_layer_classify(layer, &images->test.data, &specimen->correct, specimen->loads);
    if (status == GSL_SUCCESS)
        status = topk_layer_classify(layer, &images->training.data, &specimen->training_correct, NULL);
    if (status == GSL_SUCCESS && (specimen->exact = layer_topk(layer)) == NULL)
        status = GSL_ENOMEM;
    return status;
}

// All layers in all states, each layer from one start.
typedef struct {
    const images_t *images;
    uint64_t seed;
    specimen_t (*specimens)[STATES]; // layers x STATES
} workshop_t;

// Makes the layer number `shard` / STATES in the state `shard` % STATES.
static int make_layer(void *context, int thread, ulong shard, fmpz *sums) {
    (void)thread;
    (void)sums;
    const workshop_t *workshop = context;
    const uint32_t experiment = stream_experiment(NAME), index = (uint32_t)(shard / STATES);
    const state_t state = (state_t)(shard % STATES);
    stream_t start = stream_at(workshop->seed, experiment, index),
             order = stream_at(workshop->seed, experiment, ORDER_BLOCK + index);
    topk_training_t training = TRAINING;
    if (state == UNBALANCED)
        training.balance = 0;
    topk_layer_t *layer = topk_layer_alloc(&SHAPE);
    if (layer == NULL)
        return GSL_ENOMEM;
    topk_layer_draw(layer, &start);
    int status = state == UNTRAINED
                     ? GSL_SUCCESS
                     : topk_layer_train(layer, &workshop->images->training.data, &training, &order);
    if (status == GSL_SUCCESS)
        status = take(layer, workshop->images, &workshop->specimens[index][state]);
    topk_layer_free(layer);
    return status;
}

static void make_layers(experiment_t *run, const images_t *images, specimen_t (*specimens)[STATES],
                        size_t layers) {
    workshop_t workshop = {images, experiment_seed(run), specimens};
    const shards_plan_t plan = {.count = layers * STATES, .run = make_layer, .context = &workshop};
    const shards_control_t control = {
        .threads = experiment_threads(run), .progress = experiment_progress, .watcher = run};
    experiment_require(run, shards_run(&plan, &control, NULL), "the training");
}

// ---- One slice ----

// What is known of one slice.
typedef struct {
    slong regions, coalitions; // of the whole plane or line
    slong between;             // on a line: regions that meet the segment between the images
    slong listed;              // regions that the list has
    bool agree;                // whether all three agree
} count_t;

// Whether a region on a line meets the open segment from 0 to 1: some point is above 0 and some below 1.
static bool meets_segment(const polyhedron_t *interval) {
    bool above = polyhedron_lines(interval) > 0, below = above;
    fmpz end[2]; // homogeneous: end[0]/end[1]
    fmpz_init(end);
    fmpz_init(end + 1);
    for (slong ray = 0; ray < polyhedron_rays(interval); ray++) {
        polyhedron_generator(interval, polyhedron_lines(interval) + ray, end);
        above |= fmpz_sgn(end) > 0;
        below |= fmpz_cmp(end, end + 1) < 0;
    }
    fmpz_clear(end);
    fmpz_clear(end + 1);
    return above && below;
}

static int count_on_plane(void *context, const list_region_t *region) {
    (void)region;
    ((count_t *)context)->listed++;
    return GSL_SUCCESS;
}

static int count_on_line(void *context, const list_region_t *region) {
    ((count_t *)context)->between += meets_segment(region->cell);
    return count_on_plane(context, region);
}

//[core
// Flats (F) and list share polyhedra; lowest vertices (V) share no code with them.
static int count_slice(const layer_t *slice, uint64_t seed, count_t *count) {
    const shards_control_t alone = {.threads = 1}; // the slices themselves run in parallel
    const list_visit_t visit = slice->dimension == 1 ? count_on_line : count_on_plane;
    char reason[LAYER_VERTICES_REASON];
    layer_count_t flats, vertices;
    layer_count_init(&flats, slice->dimension);
    layer_count_init(&vertices, slice->dimension);
    int status = layer_flats_count(slice, &alone, NULL, NULL, &flats);
    if (status == GSL_SUCCESS)
        status = list_layer(slice, visit, count);
    if (status == GSL_SUCCESS)
        status = layer_vertices_count(slice, seed, &alone, &vertices, reason);
    count->regions = fmpz_get_si(flats.regions);
    count->coalitions = fmpz_get_si(flats.level + 0);
    count->agree = status == GSL_SUCCESS && fmpz_equal(flats.regions, vertices.regions) &&
                   count->regions == count->listed;
    layer_count_clear(&flats);
    layer_count_clear(&vertices);
    return status == GSL_ESING ? GSL_SUCCESS : status; // V has refused: then the counts do not agree
}
//]core

// ---- Many slices ----

// The plane or line through m + 1 rows of the test images.
static int slice_at(const layer_t *layer, const experiment_images_t *test, const size_t *rows, slong m,
                    layer_t **slice) {
    fmpq_mat_t points;
    fmpq_mat_init(points, m + 1, PIXELS);
    experiment_images_points(test, rows, points);
    const int status = slice_layer(layer, points, slice);
    fmpq_mat_clear(points);
    return status;
}

// Slices through the same images for all layers, and what was counted on them.
typedef struct {
    slong dimension; // m
    size_t slices;   // through m + 1 test images each
    size_t (*through)[3];
    size_t layers;
    const specimen_t (*specimens)[STATES];
    const experiment_images_t *test;
    uint64_t seed;
    count_t *counts; // slices x layers x SLICED
} survey_t;

// Layer and state of the count number `index`.
static const specimen_t *specimen_of(const survey_t *survey, size_t index) {
    return &survey->specimens[index / SLICED % survey->layers][index % SLICED];
}

static int survey_one(void *context, int thread, ulong shard, fmpz *sums) {
    (void)thread;
    (void)sums;
    const survey_t *survey = context;
    count_t *count = &survey->counts[shard];
    layer_t *slice = NULL;
    int status = slice_at(specimen_of(survey, shard)->exact, survey->test,
                          survey->through[shard / (SLICED * survey->layers)], survey->dimension, &slice);
    if (status == GSL_SUCCESS)
        status = count_slice(slice, survey->seed, count);
    layer_free(slice);
    return status;
}

// Draws test images of pairwise different digits.
static void draw_images(const topk_data_t *test, stream_t *stream, size_t count, size_t *rows) {
    for (size_t i = 0; i < count;) {
        uint64_t word;
        stream_bits(stream, &word, 1);
        rows[i] = (size_t)(word % test->rows);
        bool fresh = true;
        for (size_t j = 0; j < i; j++)
            fresh &= test->labels[rows[i]] != test->labels[rows[j]];
        i += fresh;
    }
}

static void run_survey(experiment_t *run, survey_t *survey, uint32_t block) {
    stream_t stream = experiment_stream(run, block);
    const size_t counts = survey->slices * survey->layers * SLICED;
    survey->seed = experiment_seed(run);
    survey->through = experiment_memory(run, calloc(survey->slices, sizeof *survey->through));
    survey->counts = experiment_memory(run, calloc(counts, sizeof *survey->counts));
    for (size_t i = 0; i < survey->slices; i++)
        draw_images(&survey->test->data, &stream, (size_t)survey->dimension + 1, survey->through[i]);
    const shards_plan_t plan = {.count = counts, .run = survey_one, .context = survey};
    const shards_control_t control = {
        .threads = experiment_threads(run), .progress = experiment_progress, .watcher = run};
    experiment_require(run, shards_run(&plan, &control, NULL), "the counts on slices");
}

static void free_survey(survey_t *survey) {
    free(survey->through);
    free(survey->counts);
}

// ---- What the slices show ----

typedef enum { REGIONS, COALITIONS, BETWEEN } quantity_t;

static double value_of(const count_t *count, quantity_t quantity) {
    return (double)(quantity == REGIONS      ? count->regions
                    : quantity == COALITIONS ? count->coalitions
                                             : count->between);
}

// The value on one slice; for CHANGE the difference on it.
static double value_at(const survey_t *survey, size_t slice, size_t layer, state_t state,
                       quantity_t quantity) {
    const count_t *counts = &survey->counts[(slice * survey->layers + layer) * SLICED];
    return state == CHANGE ? value_of(&counts[TRAINED], quantity) - value_of(&counts[UNTRAINED], quantity)
                           : value_of(&counts[state], quantity);
}

// Over all slices and layers in one state.
typedef struct {
    double mean,
        error; // the error is that of the layers' own means: slices of one layer are no independent sample
    double spread; // standard deviation over the slices, within layers
    double least, most;
} summary_t;

static summary_t summarise(experiment_t *run, const survey_t *survey, state_t state, quantity_t quantity) {
    double *means = experiment_memory(run, calloc(survey->layers, sizeof *means)),
           *values = experiment_memory(run, calloc(survey->slices, sizeof *values)), variance = 0;
    summary_t s = {.least = HUGE_VAL, .most = -HUGE_VAL};
    for (size_t layer = 0; layer < survey->layers; layer++) {
        for (size_t i = 0; i < survey->slices; i++) {
            values[i] = value_at(survey, i, layer, state, quantity);
            s.least = fmin(s.least, values[i]);
            s.most = fmax(s.most, values[i]);
        }
        means[layer] = gsl_stats_mean(values, 1, survey->slices);
        variance += gsl_stats_variance(values, 1, survey->slices) / (double)survey->layers;
    }
    s.mean = gsl_stats_mean(means, 1, survey->layers);
    s.error = gsl_stats_sd(means, 1, survey->layers) / sqrt((double)survey->layers);
    s.spread = sqrt(variance);
    free(means);
    free(values);
    return s;
}

// (U) for a slice, and binomial(N, k) Phi(kH, d) as printed in the paper.
typedef struct {
    double flats, printed;
} bound_t;

static bound_t bound_on(experiment_t *run, const bounds_layer_t *shape) {
    fmpz_t value;
    bound_t bound;
    fmpz_init(value);
    experiment_require(run, bounds_flats(value, shape), "bounds_flats");
    bound.flats = fmpz_get_d(value);
    experiment_require(run, bounds_topk(value, shape), "bounds_topk");
    bound.printed = fmpz_get_d(value);
    fmpz_clear(value);
    return bound;
}

// A line of the main table.
typedef struct {
    const char *what, *macro; // macro: the change is stated under this name; NULL: it is not
    const survey_t *survey;
    quantity_t quantity;
    double bound; // (U), or of coalitions
} line_t;

static void write_line(experiment_t *run, table_t *table, const line_t *line, state_t state) {
    const summary_t s = summarise(run, line->survey, state, line->quantity);
    table_text(table, line->what);
    table_text(table, STATE_NAMES[state]);
    table_integer(table, (long long)(line->survey->slices * line->survey->layers));
    table_real(table, s.mean);
    table_real(table, s.error);
    table_real(table, s.spread);
    table_integer(table, (long long)s.least);
    table_integer(table, (long long)s.most);
    table_integer(table, (long long)line->bound);
    experiment_check(run, CLAIM, line->what, s.most, AT_MOST, line->bound, 0);
}

// By how many regions training lowers the mean, and by how many percent.
static void state_change(experiment_t *run, const line_t *line) {
    const summary_t change = summarise(run, line->survey, CHANGE, line->quantity),
                    before = summarise(run, line->survey, UNTRAINED, line->quantity);
    char name[64];
    snprintf(name, sizeof name, "%sFewer", line->macro);
    experiment_macro(run, name, "%.1f", -change.mean);
    snprintf(name, sizeof name, "%sFewerError", line->macro);
    experiment_macro(run, name, "%.1f", change.error);
    snprintf(name, sizeof name, "%sFewerPercent", line->macro);
    experiment_macro(run, name, "%.0f", -100 * change.mean / before.mean);
}

static void write_summary(experiment_t *run, const survey_t *planes, const survey_t *lines) {
    static const table_column_t columns[] = {
        {"what", "text", NULL, ""},    {"layers", "text", NULL, ""},   {"slices", "1", NULL, NULL},
        {"mean", "1", "%.3f", "%.2f"}, {"error", "1", "%.3f", "%.2f"}, {"spread", "1", "%.3f", "%.1f"},
        {"least", "1", NULL, ""},      {"most", "1", NULL, ""},        {"bound", "1", NULL, ""}};
    const bound_t plane = bound_on(run, &ON_PLANE), line = bound_on(run, &ON_LINE);
    fmpz_t cells[2];
    fmpz_init(cells[0]);
    fmpz_init(cells[1]);
    bounds_cells(cells[0], EXPERTS, ACTIVE, 2);
    bounds_cells(cells[1], EXPERTS, ACTIVE, 1);
    const line_t rows[] = {{"regions of a plane", "Plane", planes, REGIONS, plane.flats},
                           {"coalitions of a plane", NULL, planes, COALITIONS, fmpz_get_d(cells[0])},
                           {"regions of a line", "Line", lines, REGIONS, line.flats},
                           {"coalitions of a line", NULL, lines, COALITIONS, fmpz_get_d(cells[1])},
                           {"regions between two images", "Between", lines, BETWEEN, line.flats}};
    table_t *table = experiment_table(run, "", "regions and coalitions on slices through test images",
                                      columns, COUNT(columns), COUNT(rows) * SLICED);
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (state_t state = UNTRAINED; state < SLICED; state++)
            write_line(run, table, &rows[i], state);
        if (rows[i].macro != NULL)
            state_change(run, &rows[i]);
    }
    const double trained = summarise(run, planes, TRAINED, REGIONS).mean;
    experiment_macro(run, "TrainedPlane", "%.0f", trained);
    experiment_macro(run, "PlaneShare", "%.0f", 100 * trained / plane.flats);
    experiment_macro(run, "TrainedPlaneCoalitions", "%.0f", summarise(run, planes, TRAINED, COALITIONS).mean);
    experiment_macro(run, "PlaneBound", "%.0f", plane.flats);
    experiment_macro(run, "PlanePrinted", "%.0f", plane.printed);
    fmpz_clear(cells[0]);
    fmpz_clear(cells[1]);
}

static void check_agreement(experiment_t *run, const survey_t *survey, const char *what, const char *macro) {
    const size_t counts = survey->slices * survey->layers * SLICED;
    size_t agree = 0;
    for (size_t i = 0; i < counts; i++)
        agree += survey->counts[i].agree;
    experiment_check(run, CLAIM, what, (double)agree, EQUAL, (double)counts, 0);
    experiment_macro_integer(run, macro, (long long)agree);
}

// ---- The layers themselves ----

// What the states of all layers have in common.
typedef struct {
    double worst, best; // share of the test images that a layer classifies
    size_t least;       // choices of an expert
    int fewest, most;   // experts of a layer with less than IDLE of the choices
} range_t;

static void add_to_range(range_t *range, const specimen_t *s, size_t images) {
    int idle = 0;
    for (size_t e = 0; e < EXPERTS; e++) {
        idle += (double)s->loads[e] < IDLE * (double)(images * ACTIVE);
        range->least = s->loads[e] < range->least ? s->loads[e] : range->least;
    }
    const double accuracy = (double)s->correct / (double)images;
    range->worst = fmin(range->worst, accuracy);
    range->best = fmax(range->best, accuracy);
    range->fewest = idle < range->fewest ? idle : range->fewest;
    range->most = idle > range->most ? idle : range->most;
}

static void write_specimen(table_t *table, size_t number, state_t state, const specimen_t *s,
                           const images_t *images) {
    table_integer(table, (long long)number);
    table_text(table, STATE_NAMES[state]);
    table_real(table, (double)s->training_correct / (double)images->training.data.rows);
    table_real(table, (double)s->correct / (double)images->test.data.rows);
    for (size_t e = 0; e < EXPERTS; e++)
        table_integer(table, (long long)s->loads[e]);
}

static void write_layers(experiment_t *run, const specimen_t (*specimens)[STATES], size_t layers,
                         const images_t *images) {
    static const table_column_t columns[] = {{"layer", "1", NULL, NULL},
                                             {"state", "text", NULL, NULL},
                                             {"training_accuracy", "1", "%.4f", NULL},
                                             {"test_accuracy", "1", "%.4f", NULL},
                                             {"load_1", "choices", NULL, NULL},
                                             {"load_2", "choices", NULL, NULL},
                                             {"load_3", "choices", NULL, NULL},
                                             {"load_4", "choices", NULL, NULL},
                                             {"load_5", "choices", NULL, NULL},
                                             {"load_6", "choices", NULL, NULL},
                                             {"load_7", "choices", NULL, NULL},
                                             {"load_8", "choices", NULL, NULL}};
    _Static_assert(COUNT(columns) == 4 + EXPERTS, "a column for the load of each expert");
    table_t *table =
        experiment_table(run, "layers", "accuracy, and how often each expert is chosen for the test images",
                         columns, COUNT(columns), layers * STATES);
    range_t ranges[STATES];
    for (state_t state = UNTRAINED; state < STATES; state++)
        ranges[state] = (range_t){.worst = 1, .least = SIZE_MAX, .fewest = EXPERTS};
    for (size_t i = 0; i < layers; i++)
        for (state_t state = UNTRAINED; state < STATES; state++) {
            write_specimen(table, i + 1, state, &specimens[i][state], images);
            add_to_range(&ranges[state], &specimens[i][state], images->test.data.rows);
        }
    experiment_check(run, CLAIM, "least share of test images that a trained layer classifies",
                     ranges[TRAINED].worst, AT_LEAST, LEAST_ACCURACY, 0);
    experiment_macro_integer(run, "Layers", (long long)layers);
    experiment_macro(run, "WorstAccuracy", "%.1f", 100 * ranges[TRAINED].worst);
    experiment_macro(run, "BestAccuracy", "%.1f", 100 * ranges[TRAINED].best);
    experiment_macro(run, "BestUntrainedAccuracy", "%.1f", 100 * ranges[UNTRAINED].best);
    experiment_macro(run, "LeastLoad", "%.0f",
                     100 * (double)ranges[TRAINED].least / (double)(images->test.data.rows * ACTIVE));
    experiment_macro_integer(run, "FewestIdle", ranges[UNBALANCED].fewest);
    experiment_macro_integer(run, "MostIdle", ranges[UNBALANCED].most);
}

// ---- The plane of the figure ----

// Regions of each coalition, by its two experts.
typedef struct {
    slong regions[EXPERTS][EXPERTS], total;
} tally_t;

static int tally_region(void *context, const list_region_t *region) {
    tally_t *tally = context;
    tally->regions[region->members[0]][region->members[1]]++;
    tally->total++;
    return GSL_SUCCESS;
}

// The plane, in one state.
typedef struct {
    layer_t *slice;
    tally_t tally;
    picture_t picture;
} panel_t;

// The first test image of each digit that is shown.
static void find_shown(const topk_data_t *test, size_t rows[3]) {
    for (size_t i = 0; i < 3; i++)
        for (rows[i] = 0; test->labels[rows[i]] != SHOWN[i];)
            rows[i]++;
}

// p.q of two differences of test images, exact.
static double product(const topk_data_t *test, const size_t rows[3], size_t a, size_t b) {
    double sum = 0;
    for (size_t j = 0; j < PIXELS; j++) {
        const double *x = test->inputs + j;
        sum += (x[rows[a] * PIXELS] - x[rows[0] * PIXELS]) * (x[rows[b] * PIXELS] - x[rows[0] * PIXELS]);
    }
    return sum;
}

static void make_panel(experiment_t *run, const specimen_t *specimen, const experiment_images_t *test,
                       const size_t rows[3], const picture_frame_t *frame, panel_t *panel) {
    count_t count = {0};
    experiment_require(run, slice_at(specimen->exact, test, rows, 2, &panel->slice), "slice_layer");
    experiment_require(run, count_slice(panel->slice, experiment_seed(run), &count),
                       "the count on the plane");
    experiment_require(run, list_layer(panel->slice, tally_region, &panel->tally), "list_layer");
    experiment_require(run, picture_draw(panel->slice, frame, &panel->picture), "picture_draw");
    experiment_check(run, CLAIM, "the plane of the figure: all counts agree", count.agree, EQUAL, 1, 0);
}

static void table_place(table_t *table, planar_point_t place) {
    table_rounded(table, place.x, 1e4);
    table_rounded(table, place.y, 1e4);
}

// Panels count from 1, cells through all panels from 0; a side goes from its corner to the next.
static void write_cells(experiment_t *run, const panel_t panels[SLICED]) {
    static const table_column_t columns[] = {{"panel", "1", NULL, NULL},       {"cell", "1", NULL, NULL},
                                             {"colour", "0 to 5", NULL, NULL}, {"x0", "1", "%.4f", NULL},
                                             {"y0", "1", "%.4f", NULL},        {"x1", "1", "%.4f", NULL},
                                             {"y1", "1", "%.4f", NULL}};
    table_t *table =
        experiment_table(run, "cells", "the cells of the coalitions in the window: their sides", columns,
                         COUNT(columns), panels[UNTRAINED].picture.corners + panels[TRAINED].picture.corners);
    long long number = 0;
    for (state_t state = UNTRAINED; state < SLICED; state++)
        for (size_t c = 0; c < panels[state].picture.cells; c++, number++) {
            const picture_cell_t *cell = &panels[state].picture.cell[c];
            const planar_point_t *corner = panels[state].picture.corner + cell->corner;
            for (size_t i = 0; i < cell->corners; i++) {
                table_integer(table, (long long)state + 1);
                table_integer(table, number);
                table_integer(table, cell->colour);
                table_place(table, corner[i]);
                table_place(table, corner[(i + 1) % cell->corners]);
            }
        }
}

static void write_folds(experiment_t *run, const panel_t panels[SLICED]) {
    static const table_column_t columns[] = {{"panel", "1", NULL, NULL},
                                             {"x0", "1", "%.4f", NULL},
                                             {"y0", "1", "%.4f", NULL},
                                             {"x1", "1", "%.4f", NULL},
                                             {"y1", "1", "%.4f", NULL}};
    table_t *table =
        experiment_table(run, "folds", "where units fold the output: segments inside the cells", columns,
                         COUNT(columns), panels[UNTRAINED].picture.folds + panels[TRAINED].picture.folds);
    for (state_t state = UNTRAINED; state < SLICED; state++)
        for (size_t i = 0; i < panels[state].picture.folds; i++) {
            table_integer(table, (long long)state + 1);
            table_place(table, panels[state].picture.fold[i].from);
            table_place(table, panels[state].picture.fold[i].to);
        }
}

// Where an image stands: beside its point, away from the middle of the window.
static planar_point_t beside(planar_point_t place, const picture_frame_t *frame) {
    const double step = frame->width * BESIDE;
    return (planar_point_t){place.x + (place.x < frame->width / 2 ? -step : step),
                            place.y + (place.y < frame->height / 2 ? -step : step)};
}

// All coalitions that the window shows, each with the place for its name; regions are those of the whole plane.
static void write_coalitions(experiment_t *run, const panel_t panels[SLICED], const picture_frame_t *frame,
                             const planar_point_t places[3]) {
    static const table_column_t columns[] = {
        {"panel", "1", NULL, NULL},  {"first", "expert", NULL, NULL},    {"second", "expert", NULL, NULL},
        {"area", "1", "%.4f", NULL}, {"regions", "regions", NULL, NULL}, {"x", "1", "%.4f", NULL},
        {"y", "1", "%.4f", NULL},    {"room", "1", "%.4f", NULL}};
    table_t *table =
        experiment_table(run, "coalitions", "coalitions that the window shows", columns, COUNT(columns),
                         panels[UNTRAINED].picture.cells + panels[TRAINED].picture.cells);
    const planar_point_t avoid[] = {beside(places[0], frame),
                                    beside(places[1], frame),
                                    beside(places[2], frame),
                                    places[0],
                                    places[1],
                                    places[2]};
    for (state_t state = UNTRAINED; state < SLICED; state++) {
        const picture_t *picture = &panels[state].picture;
        for (size_t c = 0; c < picture->cells; c++) {
            const slong *members = picture->members + c * ACTIVE;
            double room;
            const planar_point_t place =
                picture_name_place(picture, c, avoid, COUNT(avoid), frame->width * BESIDE, &room);
            table_integer(table, (long long)state + 1);
            table_integer(table, members[0] + 1);
            table_integer(table, members[1] + 1);
            table_real(table, picture->cell[c].area);
            table_integer(table, panels[state].tally.regions[members[0]][members[1]]);
            table_place(table, place);
            table_rounded(table, room, 1e4);
        }
    }
}

// The three images: their places in the window, where they stand there, and their pixels.
static void write_images(experiment_t *run, const topk_data_t *test, const size_t rows[3],
                         const picture_frame_t *frame, const planar_point_t places[3]) {
    static const table_column_t columns[] = {{"digit", "1", NULL, NULL},      {"x", "1", "%.4f", NULL},
                                             {"y", "1", "%.4f", NULL},        {"beside_x", "1", "%.4f", NULL},
                                             {"beside_y", "1", "%.4f", NULL}, {"column", "1", NULL, NULL},
                                             {"row", "1", NULL, NULL},        {"ink", "1", "%.4f", NULL}};
    table_t *table = experiment_table(run, "images", "the three images: place in the window and pixels",
                                      columns, COUNT(columns), 3 * PIXELS);
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < PIXELS; j++) {
            table_integer(table, (long long)test->labels[rows[i]]);
            table_place(table, places[i]);
            table_place(table, beside(places[i], frame));
            table_integer(table, (long long)(j % SIDE));
            table_integer(table, (long long)(j / SIDE));
            table_real(table, test->inputs[rows[i] * PIXELS + j]);
        }
}

static void state_panel(experiment_t *run, const panel_t *panel, state_t state) {
    slong coalitions = 0;
    char name[64];
    for (slong i = 0; i < EXPERTS * EXPERTS; i++)
        coalitions += panel->tally.regions[i / EXPERTS][i % EXPERTS] > 0;
    const struct {
        const char *name;
        slong value;
    } macros[] = {{"Regions", panel->tally.total}, {"Coalitions", coalitions}};
    for (size_t i = 0; i < COUNT(macros); i++) {
        snprintf(name, sizeof name, "Figure%s%s", state == TRAINED ? "Trained" : "Untrained", macros[i].name);
        experiment_macro_integer(run, name, macros[i].value);
    }
}

static void draw_figure(experiment_t *run, const specimen_t pair[STATES], const experiment_images_t *test) {
    const topk_data_t *images = &test->data;
    panel_t panels[SLICED] = {0};
    picture_frame_t frame;
    planar_point_t places[3];
    size_t rows[3];
    find_shown(images, rows);
    const double gram[] = {product(images, rows, 1, 1), product(images, rows, 1, 2),
                           product(images, rows, 2, 2)};
    experiment_require(run, picture_frame_around(gram, ASPECT, MARGIN, &frame, places),
                       "picture_frame_around");
    for (state_t state = UNTRAINED; state < SLICED; state++) {
        make_panel(run, &pair[state], test, rows, &frame, &panels[state]);
        state_panel(run, &panels[state], state);
    }
    write_cells(run, panels);
    write_folds(run, panels);
    write_coalitions(run, panels, &frame, places);
    write_images(run, images, rows, &frame, places);
    for (state_t state = UNTRAINED; state < SLICED; state++) {
        picture_clear(&panels[state].picture);
        layer_free(panels[state].slice);
    }
}

static void run_trained_slice(experiment_t *run) {
    const bool quick = experiment_quick(run);
    const size_t layers = quick ? LAYERS_QUICK : LAYERS;
    specimen_t specimens[LAYERS][STATES];
    state_parameters(run);
    images_t images = read_images(run);
    make_layers(run, &images, specimens, layers);
    const survey_t common = {
        .layers = layers, .specimens = (const specimen_t(*)[STATES])specimens, .test = &images.test};
    survey_t planes = common, lines = common;
    planes.dimension = 2;
    planes.slices = quick ? PLANES_QUICK : PLANES;
    lines.dimension = 1;
    lines.slices = quick ? LINES_QUICK : LINES;
    experiment_macro_integer(run, "Planes", (long long)planes.slices);
    experiment_macro_integer(run, "Lines", (long long)lines.slices);
    run_survey(run, &planes, PLANE_BLOCK);
    run_survey(run, &lines, LINE_BLOCK);
    write_summary(run, &planes, &lines);
    write_layers(run, common.specimens, layers, &images);
    check_agreement(run, &planes, "planes on which all counts agree", "PlaneCounts");
    check_agreement(run, &lines, "lines on which all counts agree", "LineCounts");
    draw_figure(run, specimens[0], &images.test);
    experiment_claim(run, CLAIM, VERDICT_HOLDS, METHOD_EXACT, "trained-slice.csv");
    free_survey(&planes);
    free_survey(&lines);
    for (size_t i = 0; i < layers; i++)
        for (state_t state = UNTRAINED; state < STATES; state++)
            layer_free(specimens[i][state].exact);
    free_images(&images);
    flint_cleanup();
}

int main(int argc, char **argv) {
    static const experiment_plan_t plan = {
        .name = "trained-slice",
        .brief =
            "exact regions of layers trained on handwritten digits, on planes and lines through test images",
        .seed = 1998,
        .run = run_trained_slice};
    return experiment_main(&plan, argc, argv);
}
