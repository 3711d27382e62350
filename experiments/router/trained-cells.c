// SPDX-License-Identifier: GPL-3.0-or-later
// Routing cells of trained layers: how many a slice through images meets before and after training, and how far images are
// from a wall.
//
// CLAIMS (ours)
//   router/cells-trained  on planes and lines through test images, all exact counts agree, of regions and of routing cells, and
//                         none exceeds (U), for N = 8 to 64 experts of which k = 1 to 8 are active
//   router/great-circle   a gate whose rows are independent and Gaussian, of any one mean and covariance, shows e(N, k) changes of
//                         the coalition to a great circle on average; affine maps of the rows change no number of changes
//   router/wall-distance  the input nearest to x that has another coalition is as far as the least (z_i - z_j)/|r_i - r_j| over
//                         the members i and the others j, and the two need not be neighbours in rank
//
// DERIVATION. The gate sees images less their mean m: its logits are R (x - m). On the plane m + span(a, b), a and b being two
// images less m, logit i is X a.r_i + Y b.r_i, so that the coalition depends on the direction (X, Y) alone: a great circle. It
// consists of the k places (a.r_i, b.r_i) that are foremost in that direction, and directions that cut off the same k places
// are an arc: the changes on the circle are as many as the k-sets of N points in the plane. An affine map x -> A x + t of the
// plane, det A not 0, takes half-planes to half-planes and k-sets to k-sets. Rows N(0, I) have e(N, k) changes on average
// (routing/great_circle.h); so have all independent rows N(mu, Sigma), as their places are an affine image of independent
// standard ones. The line through both images is half of that circle, and the segment between them an arc: the changes on it, by
// a walk in doubles from tie to tie, must be the cells of the line, by polyhedra in integers, less one.
//
// The distance: {z_i > z_j for all i in I, j not in I} is an intersection of half-spaces; the ball around x as far as the nearest
// of their boundaries is inside all, and at the foot on that boundary a step further is outside.
//
// The layers are trained here by routing/topk_layer: the same bits everywhere.
#include "geometry/bounds.h"
#include "geometry/layer_topk.h"
#include "geometry/roads.h"
#include "geometry/slice.h"
#include "io/experiment.h"
#include "io/experiment_images.h"
#include "io/experiment_roads.h"
#include "number/shards.h"
#include "routing/great_circle.h"
#include "routing/wall.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

// ---- Parameters ----

enum { WIDTH = 8, SPLIT = 5, POOL = 2, BITS = 8, MOST_EXPERTS = 64 };
enum { FASHION_ROWS = 2500, FASHION_QUICK = 400 };
enum { LAYERS = 3, LAYERS_QUICK = 2 };
enum { PLANES = 6, LINES = 24, CHECK_EVERY = 3 }; // slices of a layer; method V counts every CHECK_EVERY-th
enum { CIRCLES = 64, IMAGES = 250, TRIES = 3 }; // great circles of a layer; images whose walls are looked for
enum { ROUTERS = 600, ROUTERS_QUICK = 100, ROUTER_BLOCK = 20, PAIRS = 8 }; // of Gaussian gates
enum { QUANTILES = 39 };
enum { SLICE_BLOCK = 5000, ORDER_BLOCK = 10000, GATE_BLOCK = 20000, TRY_BLOCK = 30000, PLACE_BLOCK = 40000 };
static const double STEP = 1e-6, MAX_Z = 4;

typedef enum { DIGITS, FASHION, SETS } set_name_t;
static const char *const SET_NAMES[SETS] = {"digits", "Fashion"};
static const topk_training_t TRAINING[SETS] = {{18, 32, 0.006, 0.1}, {8, 32, 0.004, 0.1}},
                             TRAINING_QUICK[SETS] = {{4, 32, 0.01, 0.1}, {3, 32, 0.006, 0.1}};
// Of a layer that may be called trained, on the test images.
static const double LEAST_ACCURACY[SETS] = {0.90, 0.70}, LEAST_QUICK[SETS] = {0.3, 0.3};

// A shape of layer on a set of images.
typedef struct {
    set_name_t set;
    size_t experts, active;
} case_t;

static const case_t CASES[] = {
    {DIGITS, 8, 1},  {DIGITS, 8, 2},  {DIGITS, 8, 4},  {DIGITS, 16, 1}, {DIGITS, 16, 2},  {DIGITS, 16, 4},
    {DIGITS, 16, 8}, {DIGITS, 32, 1}, {DIGITS, 32, 2}, {DIGITS, 32, 4}, {DIGITS, 32, 8},  {DIGITS, 64, 1},
    {DIGITS, 64, 2}, {DIGITS, 64, 4}, {DIGITS, 64, 8}, {FASHION, 8, 2}, {FASHION, 32, 4}, {FASHION, 64, 8}};
static const case_t CASES_QUICK[] = {{DIGITS, 8, 1}, {DIGITS, 8, 2}, {DIGITS, 16, 4}, {FASHION, 8, 2}};

static const char *const NAME = "trained-cells", *const COUNTS = "router/cells-trained",
                         *const CIRCLE = "router/great-circle", *const WALL = "router/wall-distance";

// ---- Images ----

typedef struct {
    experiment_images_t training, test;
    size_t d;
    double *mean;  // of the training images, rounded to some binary digits so that exact rows stay short
    double radius; // root mean square distance of the test images from it
} set_t;

static void prepare_set(experiment_t *run, set_t *set, experiment_images_t *all) {
    static const double GRID = 1024;
    set->training = experiment_images_split(run, all, SPLIT, false);
    set->test = experiment_images_split(run, all, SPLIT, true);
    experiment_images_free(all);
    set->d = set->test.side * set->test.side;
    set->mean = experiment_memory(run, calloc(set->d, sizeof *set->mean));
    const topk_data_t *training = &set->training.data, *test = &set->test.data;
    for (size_t i = 0; i < training->rows * set->d; i++)
        set->mean[i % set->d] += training->inputs[i] / (double)training->rows;
    for (size_t j = 0; j < set->d; j++)
        set->mean[j] = nearbyint(set->mean[j] * GRID) / GRID;
    double squares = 0;
    for (size_t i = 0; i < test->rows * set->d; i++)
        squares += (test->inputs[i] - set->mean[i % set->d]) * (test->inputs[i] - set->mean[i % set->d]);
    set->radius = sqrt(squares / (double)test->rows);
}

static void read_sets(experiment_t *run, set_t sets[SETS]) {
    const size_t rows = experiment_quick(run) ? FASHION_QUICK : FASHION_ROWS;
    experiment_images_t digits = experiment_digits(run),
                        fashion = experiment_fashion(run, FASHION_TEST, 0, rows, POOL);
    prepare_set(run, &sets[DIGITS], &digits);
    prepare_set(run, &sets[FASHION], &fashion);
    for (set_name_t s = DIGITS; s < SETS; s++) {
        char name[64];
        snprintf(name, sizeof name, "%sTraining", s == DIGITS ? "Digits" : "Fashion");
        experiment_macro_integer(run, name, (long long)sets[s].training.data.rows);
        snprintf(name, sizeof name, "%sTest", s == DIGITS ? "Digits" : "Fashion");
        experiment_macro_integer(run, name, (long long)sets[s].test.data.rows);
    }
}

static void free_sets(set_t sets[SETS]) {
    for (set_name_t s = DIGITS; s < SETS; s++) {
        experiment_images_free(&sets[s].training);
        experiment_images_free(&sets[s].test);
        free(sets[s].mean);
    }
}

// Draws rows of the test images with pairwise different labels.
static void draw_images(const topk_data_t *test, stream_t *stream, size_t count, size_t *rows) {
    for (size_t i = 0; i < count;) {
        rows[i] = (size_t)stream_pick(stream, 0, (int64_t)test->rows - 1);
        bool fresh = true;
        for (size_t j = 0; j < i; j++)
            fresh &= test->labels[rows[i]] != test->labels[rows[j]];
        i += fresh;
    }
}

// ---- Specimens: a layer before or after training, and what was found ----

typedef enum { UNTRAINED, TRAINED, STATES } state_t;

// Means over the slices, circles or images of one layer.
typedef enum {
    PLANE_CELLS,
    PLANE_REGIONS,
    LINE_CELLS,
    LINE_REGIONS,
    SEGMENT_CHANGES, // between two images
    AROUND,          // changes on great circles through two images
    AROUND_RANDOM,   // and on random ones
    SURROGATE,       // and where the rows' places are drawn anew, Gaussian of their mean and covariance
    SURROGATE_SQUARES,
    COSINE,   // root mean square of the cosines between rows
    ADJACENT, // share of the images whose nearest wall is that of the ranks k and k + 1
    ACCURACY, // on the test images
    QUANTITIES
} quantity_t;

typedef struct {
    const case_t *shape;
    const set_t *set;
    topk_layer_t *layer;
    layer_t *exact;
    double value[QUANTITIES];
    double distance[IMAGES];    // of images from the nearest wall, over the radius of the set
    size_t images;              // that were looked at
    slong most[2];              // regions of a line, of a plane
    slong most_cells[2];        // coalitions
    size_t counted, agreed;     // slices counted by V as well; of these, where the count is the same
    size_t walked, walk_agreed; // lines walked along; where the changes are the cells less one
    size_t mapped, unchanged;   // circles whose rows were mapped; where the changes stay as many
    size_t stood, held;         // places tried around images; where the coalition is as the distance says
} specimen_t;

static const double *image_at(const specimen_t *s, size_t row) {
    return s->set->test.data.inputs + row * s->set->d;
}

// What all specimens have in common.
typedef struct {
    const set_t *sets;
    const case_t *cases;
    size_t layers;
    uint64_t seed;
    bool quick;
    specimen_t *specimens; // cases x layers x STATES
} workshop_t;

// ---- Making one ----

// All layers of a set and number have the same slices, whatever their shape.
static stream_t stream_of(const workshop_t *shop, const specimen_t *s, uint32_t part, size_t index) {
    return stream_at(shop->seed, stream_experiment(NAME),
                     part + (uint32_t)(index * SETS) + (uint32_t)s->shape->set);
}

static int make_layer(const workshop_t *shop, specimen_t *s, size_t start, state_t state) {
    const topk_shape_t shape = {.inputs = s->set->d,
                                .experts = s->shape->experts,
                                .active = s->shape->active,
                                .width = WIDTH,
                                .classes = EXPERIMENT_CLASSES};
    const size_t routers = shape.experts * (shape.inputs + 1);
    stream_t weights = stream_of(shop, s, 0, start), order = stream_of(shop, s, ORDER_BLOCK, start);
    if ((s->layer = topk_layer_alloc(&shape)) == NULL)
        return GSL_ENOMEM;
    topk_layer_draw(s->layer, &weights);
    // Gaussian rows of the same variance, so that the law of the great circle is exact.
    stream_normals(&weights, s->layer->router, routers);
    for (size_t i = 0; i < routers; i++)
        s->layer->router[i] /= sqrt(3 * (double)shape.inputs);
    s->layer->centre = s->set->mean;
    const topk_training_t *training = &(shop->quick ? TRAINING_QUICK : TRAINING)[s->shape->set];
    int status = state == UNTRAINED ? GSL_SUCCESS
                                    : topk_layer_train(s->layer, &s->set->training.data, training, &order);
    topk_layer_round(s->layer, BITS);
    size_t correct = 0;
    if (status == GSL_SUCCESS)
        status = topk_layer_classify(s->layer, &s->set->test.data, &correct, NULL);
    s->value[ACCURACY] = (double)correct / (double)s->set->test.data.rows;
    if (status == GSL_SUCCESS && (s->exact = layer_topk(s->layer)) == NULL)
        status = GSL_ENOMEM;
    return status;
}

// ---- Slices ----

// The plane or line through m + 1 test images, exactly.
static int slice_at(const specimen_t *s, const size_t *rows, slong m, layer_t **slice) {
    fmpq_mat_t points;
    fmpq_mat_init(points, m + 1, (slong)s->set->d);
    experiment_images_points(&s->set->test, rows, points);
    const int status = slice_layer(s->exact, points, slice);
    fmpq_mat_clear(points);
    return status;
}

// Logits of all experts in the directions of two images: pairs (r.(a - m), r.(b - m)).
static void direct(const topk_layer_t *layer, const double *a, const double *b, double *pairs) {
    const size_t d = layer->shape.inputs;
    for (size_t i = 0; i < layer->shape.experts; i++) {
        const double *row = layer->router + i * (d + 1);
        pairs[2 * i] = pairs[2 * i + 1] = 0;
        for (size_t j = 0; j < d; j++) {
            pairs[2 * i] += row[j] * (a[j] - layer->centre[j]);
            pairs[2 * i + 1] += row[j] * (b[j] - layer->centre[j]);
        }
    }
}

static void raise_to(slong *most, slong value) {
    *most = value > *most ? value : *most;
}

//[core
// Changes of the coalition along the whole line through two images: in the directions -(b - a), a, b - a, half a circle.
static size_t changes_on_line(const double *pairs, size_t experts, size_t active) {
    static const double end[2] = {-1, 0};
    double turned[2 * MOST_EXPERTS];
    for (size_t i = 0; i < experts; i++) {
        turned[2 * i] = pairs[2 * i] - pairs[2 * i + 1];
        turned[2 * i + 1] = pairs[2 * i];
    }
    return great_circle_changes(turned, experts, active, end);
}

// One slice: regions by flats (F), now and then by lowest vertices (V) too; the cells of a line also by the walk.
static int count_slice(specimen_t *s, const size_t *rows, slong m, bool check) {
    const shards_control_t alone = {.threads = 1}; // the layers themselves run in parallel
    const double share = 1 / (double)(m == 2 ? PLANES : LINES);
    roads_flats_t flats = {0};
    slong vertices = ROADS_REFUSED;
    layer_t *slice = NULL;
    int status = slice_at(s, rows, m, &slice);
    if (status == GSL_SUCCESS)
        status = roads_flats(slice, &alone, &flats);
    if (status == GSL_SUCCESS && check)
        status = roads_vertices(slice, &alone, &vertices);
    s->counted += check;
    s->agreed += check && vertices == flats.regions;
    s->value[m == 2 ? PLANE_REGIONS : LINE_REGIONS] += share * (double)flats.regions;
    s->value[m == 2 ? PLANE_CELLS : LINE_CELLS] += share * (double)flats.level[0];
    if (m == 1) {
        double pairs[2 * MOST_EXPERTS];
        direct(s->layer, image_at(s, rows[0]), image_at(s, rows[1]), pairs);
        s->walked++;
        s->walk_agreed +=
            changes_on_line(pairs, s->shape->experts, s->shape->active) + 1 == (size_t)flats.level[0];
    }
    raise_to(&s->most[m - 1], flats.regions);
    raise_to(&s->most_cells[m - 1], flats.level[0]);
    layer_free(slice);
    return status;
}
//]core

static int count_slices(const workshop_t *shop, specimen_t *s) {
    stream_t stream = stream_of(shop, s, SLICE_BLOCK, 0);
    size_t rows[3];
    int status = GSL_SUCCESS;
    for (slong m = 1; m <= 2; m++)
        for (size_t i = 0; i < (m == 2 ? PLANES : LINES) && status == GSL_SUCCESS; i++) {
            draw_images(&s->set->test.data, &stream, (size_t)m + 1, rows);
            status = count_slice(s, rows, m, i % CHECK_EVERY == 0);
        }
    return status;
}

// ---- Great circles ----

// Whether the number of changes stays under an affine map of the rows, which is drawn.
static bool survives_map(const double *pairs, size_t n, size_t k, size_t changes, stream_t *stream) {
    double map[6], mapped[2 * MOST_EXPERTS], opposite[2 * MOST_EXPERTS];
    stream_normals(stream, map, COUNT(map));
    for (size_t i = 0; i < n; i++) {
        mapped[2 * i] = map[0] * pairs[2 * i] + map[1] * pairs[2 * i + 1] + map[4];
        mapped[2 * i + 1] = map[2] * pairs[2 * i] + map[3] * pairs[2 * i + 1] + map[5];
    }
    return great_circle_around(mapped, n, k, opposite) == changes;
}

// Changes when N places are drawn anew from the normal law that has the mean and the covariance of these.
static double surrogate_changes(const double *pairs, size_t n, size_t k, stream_t *stream) {
    double mean[2] = {0, 0}, weights[MOST_EXPERTS], drawn[2 * MOST_EXPERTS], opposite[2 * MOST_EXPERTS];
    for (size_t i = 0; i < 2 * n; i++)
        mean[i % 2] += pairs[i] / (double)n;
    for (size_t i = 0; i < n; i++) {
        drawn[2 * i] = mean[0];
        drawn[2 * i + 1] = mean[1];
        stream_normals(stream, weights, n);
        for (size_t j = 0; j < n; j++)
            for (size_t c = 0; c < 2; c++)
                drawn[2 * i + c] += weights[j] * (pairs[2 * j + c] - mean[c]) / sqrt((double)n);
    }
    return (double)great_circle_around(drawn, n, k, opposite);
}

static void follow_circles(const workshop_t *shop, specimen_t *s, size_t start) {
    static const double quarter[2] = {0, 1};
    const size_t n = s->shape->experts, k = s->shape->active;
    stream_t stream = stream_of(shop, s, SLICE_BLOCK, 1), places = stream_of(shop, s, PLACE_BLOCK, start);
    double pairs[2 * MOST_EXPERTS], opposite[2 * MOST_EXPERTS];
    double *points = malloc(2 * s->set->d * sizeof *points);
    for (size_t c = 0; c < CIRCLES && points != NULL; c++) {
        size_t rows[2];
        draw_images(&s->set->test.data, &stream, 2, rows);
        direct(s->layer, image_at(s, rows[0]), image_at(s, rows[1]), pairs);
        s->value[SEGMENT_CHANGES] += (double)great_circle_changes(pairs, n, k, quarter) / CIRCLES;
        const size_t around = great_circle_around(pairs, n, k, opposite);
        const double surrogate = surrogate_changes(pairs, n, k, &places);
        s->value[AROUND] += (double)around / CIRCLES;
        s->value[SURROGATE] += surrogate / CIRCLES;
        s->value[SURROGATE_SQUARES] += surrogate * surrogate / CIRCLES;
        s->mapped++;
        s->unchanged += survives_map(pairs, n, k, around, &stream);
        stream_normals(&stream, points, 2 * s->set->d);
        for (size_t j = 0; j < 2 * s->set->d; j++)
            points[j] += s->set->mean[j % s->set->d];
        direct(s->layer, points, points + s->set->d, pairs);
        s->value[AROUND_RANDOM] += (double)great_circle_around(pairs, n, k, opposite) / CIRCLES;
    }
    free(points);
}

// ---- Walls ----

static void measure_cosines(specimen_t *s) {
    const size_t n = s->shape->experts, d = s->set->d;
    double squares = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++) {
            const double *a = s->layer->router + i * (d + 1), *b = s->layer->router + j * (d + 1);
            double aa = 0, ab = 0, bb = 0;
            for (size_t c = 0; c < d; c++) {
                aa += a[c] * a[c];
                ab += a[c] * b[c];
                bb += b[c] * b[c];
            }
            squares += ab * ab / (aa * bb);
        }
    s->value[COSINE] = sqrt(2 * squares / (double)(n * (n - 1)));
}

// The coalition at a point as a set.
static uint64_t coalition_at(const specimen_t *s, topk_pass_t *pass, const double *point) {
    uint64_t set = 0;
    topk_pass_run(pass, s->layer, point);
    for (size_t a = 0; a < s->shape->active; a++)
        set |= (uint64_t)1 << pass->coalition[a];
    return set;
}

// Moves from x by `length` along a direction of length `norm`; whether the coalition is then the same as `expected` says.
static void stand(specimen_t *s, topk_pass_t *pass, const double *x, const double *direction, double factor,
                  uint64_t coalition, bool same, double *point) {
    for (size_t j = 0; j < s->set->d; j++)
        point[j] = x[j] + factor * direction[j];
    s->stood++;
    s->held += (coalition_at(s, pass, point) == coalition) == same;
}

// One image: its distance; just before the foot on the nearest wall the coalition is the same, and just behind it another; as
// far in random directions it is still the same.
static void look_for_wall(specimen_t *s, topk_pass_t *pass, const double *x, const double *lengths,
                          stream_t *stream, double *room) {
    const size_t n = s->shape->experts, d = s->set->d;
    double *direction = room, *point = room + d, logits[MOST_EXPERTS];
    size_t order[MOST_EXPERTS];
    const uint64_t coalition = coalition_at(s, pass, x);
    memcpy(logits, pass->logits, n * sizeof *logits);
    const wall_t wall = wall_nearest(logits, n, s->shape->active, lengths, order);
    const double *member = s->layer->router + wall.member * (d + 1),
                 *other = s->layer->router + wall.other * (d + 1);
    for (size_t j = 0; j < d; j++)
        direction[j] = (other[j] - member[j]) / lengths[wall.member * n + wall.other];
    stand(s, pass, x, direction, wall.distance * (1 - STEP), coalition, true, point);
    stand(s, pass, x, direction, wall.distance * (1 + STEP), coalition, false, point);
    for (size_t t = 0; t < TRIES; t++) {
        double square = 0;
        stream_normals(stream, direction, d);
        for (size_t j = 0; j < d; j++)
            square += direction[j] * direction[j];
        stand(s, pass, x, direction, wall.distance * (1 - STEP) / sqrt(square), coalition, true, point);
    }
    s->distance[s->images++] = wall.distance / s->set->radius;
    s->value[ADJACENT] += wall.adjacent;
}

static int measure_walls(const workshop_t *shop, specimen_t *s, size_t start) {
    const size_t n = s->shape->experts, d = s->set->d;
    stream_t stream = stream_of(shop, s, TRY_BLOCK, start);
    topk_pass_t *pass = topk_pass_alloc(&s->layer->shape);
    double *lengths = malloc((n * n + 2 * d) * sizeof *lengths);
    const bool enough = pass != NULL && lengths != NULL;
    if (enough)
        wall_lengths(s->layer->router, n, d, d + 1, lengths);
    for (size_t row = 0; enough && row < s->set->test.data.rows && row < IMAGES; row++)
        look_for_wall(s, pass, image_at(s, row), lengths, &stream, lengths + n * n);
    if (enough)
        s->value[ADJACENT] /= (double)s->images;
    topk_pass_free(pass);
    free(lengths);
    return enough ? GSL_SUCCESS : GSL_ENOMEM;
}

// ---- All of them ----

static int make_specimen(void *context, int thread, ulong shard, fmpz *sums) {
    (void)thread;
    (void)sums;
    const workshop_t *shop = context;
    specimen_t *s = &shop->specimens[shard];
    const size_t start = shard / STATES % shop->layers;
    s->shape = &shop->cases[shard / (STATES * shop->layers)];
    s->set = &shop->sets[s->shape->set];
    int status = make_layer(shop, s, start, (state_t)(shard % STATES));
    if (status == GSL_SUCCESS)
        status = count_slices(shop, s);
    if (status == GSL_SUCCESS)
        status = measure_walls(shop, s, start);
    if (status == GSL_SUCCESS) {
        follow_circles(shop, s, start);
        measure_cosines(s);
    }
    return status;
}

// The mean over the layers of a case in a state, with its standard error; of the change where `state` is STATES.
static gsl_sf_result summarise(const workshop_t *shop, size_t at, state_t state, quantity_t quantity) {
    double values[LAYERS] = {0};
    for (size_t i = 0; i < shop->layers; i++) {
        const specimen_t *s = &shop->specimens[(at * shop->layers + i) * STATES];
        values[i] = state < STATES ? s[state].value[quantity]
                                   : s[TRAINED].value[quantity] - s[UNTRAINED].value[quantity];
    }
    return (gsl_sf_result){gsl_stats_mean(values, 1, shop->layers),
                           gsl_stats_sd(values, 1, shop->layers) / sqrt((double)shop->layers)};
}

// The distances of all layers of a case in a state, sorted; LAYERS x IMAGES numbers have room. Returns how many.
static size_t pool_distances(const workshop_t *shop, size_t at, state_t state, double *distances) {
    size_t count = 0;
    for (size_t i = 0; i < shop->layers; i++) {
        const specimen_t *s = &shop->specimens[(at * shop->layers + i) * STATES + state];
        memcpy(distances + count, s->distance, s->images * sizeof *distances);
        count += s->images;
    }
    gsl_sort(distances, 1, count);
    return count;
}

static double distance_quantile(const workshop_t *shop, size_t at, state_t state, double share) {
    double distances[LAYERS * IMAGES];
    const size_t count = pool_distances(shop, at, state, distances);
    return gsl_stats_quantile_from_sorted_data(distances, 1, count, share);
}

// ---- Gaussian gates ----

typedef struct {
    const set_t *set;
    const case_t *shape;
    size_t rows[PAIRS][2];
} gates_t;

// A sample is the mean number of changes of one gate on the great circles through PAIRS pairs of images.
static int sample_gates(const montecarlo_block_t *block, const void *context) {
    const gates_t *gates = context;
    const size_t n = gates->shape->experts, d = gates->set->d;
    const topk_layer_t gate = {
        .shape = {.inputs = d, .experts = n}, .router = block->work, .centre = gates->set->mean};
    double pairs[2 * MOST_EXPERTS], opposite[2 * MOST_EXPERTS];
    for (size_t i = 0; i < block->count; i++) {
        stream_normals(block->stream, gate.router, n * (d + 1));
        block->samples[i] = 0;
        for (size_t p = 0; p < PAIRS; p++) {
            const double *images = gates->set->test.data.inputs;
            direct(&gate, images + gates->rows[p][0] * d, images + gates->rows[p][1] * d, pairs);
            block->samples[i] +=
                (double)great_circle_around(pairs, n, gates->shape->active, opposite) / PAIRS;
        }
    }
    return GSL_SUCCESS;
}

static gsl_sf_result gaussian_changes(experiment_t *run, const workshop_t *shop, size_t at) {
    gates_t gates = {.shape = &shop->cases[at], .set = &shop->sets[shop->cases[at].set]};
    stream_t stream = experiment_stream(run, GATE_BLOCK + gates.shape->set);
    for (size_t p = 0; p < PAIRS; p++)
        draw_images(&gates.set->test.data, &stream, 2, gates.rows[p]);
    char part[64];
    snprintf(part, sizeof part, "gates.%zu", at);
    moments_t *moments =
        experiment_montecarlo_blocks(run, part, experiment_quick(run) ? ROUTERS_QUICK : ROUTERS, ROUTER_BLOCK,
                                     1, gates.shape->experts * (gates.set->d + 1), sample_gates, &gates);
    const gsl_sf_result result = moments_estimate(moments, 0);
    moments_free(moments);
    return result;
}

// ---- Tables ----

static void name_case(table_t *table, const case_t *shape) {
    table_text(table, SET_NAMES[shape->set]);
    table_integer(table, (long long)shape->experts);
    table_integer(table, (long long)shape->active);
}

static void before_and_after(table_t *table, const workshop_t *shop, size_t at, quantity_t quantity) {
    for (state_t state = UNTRAINED; state < STATES; state++)
        table_real(table, summarise(shop, at, state, quantity).val);
    table_real(table, summarise(shop, at, STATES, quantity).err);
}

static void write_counts(experiment_t *run, const workshop_t *shop, size_t cases) {
    static const table_column_t columns[] = {{"images", "text", NULL, ""},
                                             {"experts", "1", NULL, ""},
                                             {"active", "1", NULL, ""},
                                             {"accuracy", "percent", "%.2f", "%.0f"},
                                             {"line_cells", "1", "%.2f", NULL},
                                             {"line_cells_trained", "1", "%.2f", NULL},
                                             {"line_cells_error", "1", "%.2f", NULL},
                                             {"line_regions", "1", "%.2f", NULL},
                                             {"line_regions_trained", "1", "%.2f", NULL},
                                             {"line_regions_error", "1", "%.2f", NULL},
                                             {"plane_cells", "1", "%.2f", "%.1f"},
                                             {"plane_cells_trained", "1", "%.2f", "%.1f"},
                                             {"plane_cells_error", "1", "%.2f", "%.1f"},
                                             {"plane_regions", "1", "%.2f", "%.0f"},
                                             {"plane_regions_trained", "1", "%.2f", "%.0f"},
                                             {"plane_regions_error", "1", "%.2f", "%.0f"},
                                             {"bound", "1", NULL, ""}};
    table_t *table = experiment_table(
        run, "",
        "routing cells and regions on lines and planes through test images: means over the layers "
        "before and after training, and the error of the change",
        columns, COUNT(columns), cases);
    for (size_t at = 0; at < cases; at++) {
        const case_t *shape = &shop->cases[at];
        const bounds_layer_t plane = {shape->experts, shape->active, WIDTH, 2};
        name_case(table, shape);
        table_real(table, 100 * summarise(shop, at, TRAINED, ACCURACY).val);
        before_and_after(table, shop, at, LINE_CELLS);
        before_and_after(table, shop, at, LINE_REGIONS);
        before_and_after(table, shop, at, PLANE_CELLS);
        before_and_after(table, shop, at, PLANE_REGIONS);
        table_integer(table, experiment_bound(run, bounds_flats, &plane));
    }
}

// Changes where the places of a trained layer's rows are drawn anew, from a stream of each layer: all draws are independent.
static gsl_sf_result surrogate_mean(const workshop_t *shop, size_t at) {
    const double count = (double)(shop->layers * CIRCLES), mean = summarise(shop, at, TRAINED, SURROGATE).val,
                 square = summarise(shop, at, TRAINED, SURROGATE_SQUARES).val;
    return (gsl_sf_result){mean, sqrt((square - mean * mean) / (count - 1))};
}

// Checks a mean against the law; returns |z|.
static double compare(experiment_t *run, const char *what, gsl_sf_result mean, double law) {
    const double z = fabs(mean.val - law) / mean.err;
    experiment_check(run, CIRCLE, what, z, AT_MOST, MAX_Z, 0);
    return z;
}

// Returns the largest |z|.
static double write_circles(experiment_t *run, const workshop_t *shop, size_t cases) {
    static const table_column_t columns[] = {{"images", "text", NULL, ""},
                                             {"experts", "1", NULL, ""},
                                             {"active", "1", NULL, ""},
                                             {"law", "1", "%.6f", "%.2f"},
                                             {"gaussian", "1", "%.4f", "%.2f"},
                                             {"gaussian_error", "1", "%.4f", "%.2f"},
                                             {"z", "1", "%.2f", NULL},
                                             {"surrogate", "1", "%.4f", NULL},
                                             {"surrogate_error", "1", "%.4f", NULL},
                                             {"random", "1", "%.3f", "%.2f"},
                                             {"random_error", "1", "%.3f", "%.2f"},
                                             {"through", "1", "%.3f", "%.2f"},
                                             {"through_error", "1", "%.3f", "%.2f"},
                                             {"segment", "1", "%.3f", NULL},
                                             {"segment_trained", "1", "%.3f", NULL},
                                             {"segment_error", "1", "%.3f", NULL},
                                             {"cosine", "1", "%.3f", "%.2f"},
                                             {"cosine_trained", "1", "%.3f", "%.2f"},
                                             {"cosine_error", "1", "%.3f", NULL},
                                             {"wall", "radii", "%.4f", "%.3f"},
                                             {"wall_trained", "radii", "%.4f", "%.3f"},
                                             {"adjacent", "1", "%.3f", NULL},
                                             {"adjacent_trained", "1", "%.3f", "%.2f"},
                                             {"adjacent_error", "1", "%.3f", NULL}};
    table_t *table = experiment_table(
        run, "circles",
        "changes on great circles: the law, Gaussian gates, trained gates on random circles and on "
        "circles through images; cosines of rows; median distance from a wall",
        columns, COUNT(columns), cases);
    double worst = 0;
    for (size_t at = 0; at < cases; at++) {
        const gsl_sf_result gaussian = gaussian_changes(run, shop, at), surrogate = surrogate_mean(shop, at),
                            random = summarise(shop, at, TRAINED, AROUND_RANDOM),
                            through = summarise(shop, at, TRAINED, AROUND);
        ball_t law;
        experiment_require(run, great_circle_cells(shop->cases[at].experts, shop->cases[at].active, &law),
                           "great_circle_cells");
        worst =
            fmax(worst, compare(run, "z of Gaussian gates on circles through images", gaussian, law.value));
        worst = fmax(worst, compare(run, "z of Gaussian gates of the mean and covariance of trained ones",
                                    surrogate, law.value));
        name_case(table, &shop->cases[at]);
        const double values[] = {
            law.value,     gaussian.val,  gaussian.err, (gaussian.val - law.value) / gaussian.err,
            surrogate.val, surrogate.err, random.val,   random.err,
            through.val,   through.err};
        for (size_t i = 0; i < COUNT(values); i++)
            table_real(table, values[i]);
        before_and_after(table, shop, at, SEGMENT_CHANGES);
        before_and_after(table, shop, at, COSINE);
        for (state_t state = UNTRAINED; state < STATES; state++)
            table_real(table, distance_quantile(shop, at, state, 0.5));
        before_and_after(table, shop, at, ADJACENT);
    }
    return worst;
}

static void write_walls(experiment_t *run, const workshop_t *shop, size_t cases) {
    static const table_column_t columns[] = {
        {"images", "text", NULL, NULL}, {"experts", "1", NULL, NULL},      {"active", "1", NULL, NULL},
        {"share", "1", "%.4f", NULL},   {"before", "radii", "%.5f", NULL}, {"after", "radii", "%.5f", NULL}};
    table_t *table =
        experiment_table(run, "walls", "quantiles of the distance of test images from the nearest wall",
                         columns, COUNT(columns), cases * QUANTILES);
    for (size_t at = 0; at < cases; at++)
        for (size_t q = 1; q <= QUANTILES; q++) {
            const double share = (double)q / (QUANTILES + 1);
            name_case(table, &shop->cases[at]);
            table_real(table, share);
            table_real(table, distance_quantile(shop, at, UNTRAINED, share));
            table_real(table, distance_quantile(shop, at, TRAINED, share));
        }
}

// ---- Checks ----

static void check_bounds(experiment_t *run, const specimen_t *s) {
    static const char *const whats[] = {"most regions of a line less (U)",
                                        "most regions of a plane less (U)"},
                             *const cells[] = {"most cells of a line less the bound",
                                               "most cells of a plane less the bound"};
    fmpz_t bound;
    fmpz_init(bound);
    for (size_t m = 1; m <= 2; m++) {
        const bounds_layer_t shape = {s->shape->experts, s->shape->active, WIDTH, m};
        experiment_check(run, COUNTS, whats[m - 1],
                         (double)(s->most[m - 1] - experiment_bound(run, bounds_flats, &shape)), AT_MOST, 0,
                         0);
        bounds_cells_sharp(bound, shape.experts, shape.active, m);
        experiment_check(run, COUNTS, cells[m - 1], (double)s->most_cells[m - 1] - fmpz_get_d(bound), AT_MOST,
                         0, 0);
    }
    fmpz_clear(bound);
}

static void check_all(experiment_t *run, const workshop_t *shop, size_t specimens) {
    size_t counted = 0, agreed = 0, walked = 0, walk_agreed = 0, stood = 0, held = 0, mapped = 0,
           unchanged = 0;
    double worst[SETS] = {1, 1}, elsewhere = 0;
    for (size_t i = 0; i < specimens; i++) {
        const specimen_t *s = &shop->specimens[i];
        check_bounds(run, s);
        counted += s->counted;
        agreed += s->agreed;
        walked += s->walked;
        walk_agreed += s->walk_agreed;
        stood += s->stood;
        held += s->held;
        elsewhere += (1 - s->value[ADJACENT]) * (double)s->images;
        mapped += s->mapped;
        unchanged += s->unchanged;
        // Softmax over one expert is 1: with k = 1 nothing but balance reaches the gate.
        if (i % STATES == TRAINED && s->shape->active > 1)
            worst[s->shape->set] = fmin(worst[s->shape->set], s->value[ACCURACY]);
    }
    experiment_check(run, COUNTS, "slices where V counts the regions that F does", (double)agreed, EQUAL,
                     (double)counted, 0);
    experiment_check(run, COUNTS, "lines whose cells are the changes of a walk and one", (double)walk_agreed,
                     EQUAL, (double)walked, 0);
    experiment_check(run, CIRCLE, "circles where an affine map of the rows keeps the number of changes",
                     (double)unchanged, EQUAL, (double)mapped, 0);
    experiment_check(run, WALL, "places where the coalition is as the distance says", (double)held, EQUAL,
                     (double)stood, 0);
    experiment_check(run, WALL, "images whose nearest wall is not that of the ranks k and k + 1",
                     nearbyint(elsewhere), AT_LEAST, 1, 0);
    for (set_name_t set = DIGITS; set < SETS; set++)
        experiment_check(run, COUNTS, "least share of test images that a trained layer classifies",
                         worst[set], AT_LEAST, (shop->quick ? LEAST_QUICK : LEAST_ACCURACY)[set], 0);
    experiment_macro_integer(run, "Counted", (long long)counted);
    experiment_macro_integer(run, "Slices", (long long)(specimens * (PLANES + LINES)));
    experiment_macro_integer(run, "Walked", (long long)walked);
    experiment_macro_integer(run, "Mapped", (long long)mapped);
    experiment_macro_integer(run, "Stood", (long long)stood);
    experiment_macro(run, "WorstDigits", "%.0f", 100 * worst[DIGITS]);
    experiment_macro(run, "WorstFashion", "%.0f", 100 * worst[FASHION]);
}

// The range over the cases of a ratio of means.
typedef struct {
    double low, high;
} range_t;

static void widen(range_t *range, double value) {
    range->low = fmin(range->low, value);
    range->high = fmax(range->high, value);
}

static void state_range(experiment_t *run, const char *name, const char *format, range_t range) {
    char full[64];
    snprintf(full, sizeof full, "%sLow", name);
    experiment_macro(run, full, format, range.low);
    snprintf(full, sizeof full, "%sHigh", name);
    experiment_macro(run, full, format, range.high);
}

static double change(const workshop_t *shop, size_t at, quantity_t quantity) {
    return summarise(shop, at, TRAINED, quantity).val / summarise(shop, at, UNTRAINED, quantity).val;
}

static void state_findings(experiment_t *run, const workshop_t *shop, size_t cases) {
    const range_t none = {HUGE_VAL, -HUGE_VAL};
    range_t cells = none, regions = none, through = none, random = none, walls = none, adjacent = none,
            segment = none, balanced = none;
    for (size_t at = 0; at < cases; at++) {
        ball_t law;
        experiment_require(run, great_circle_cells(shop->cases[at].experts, shop->cases[at].active, &law),
                           "great_circle_cells");
        const double wall =
            distance_quantile(shop, at, TRAINED, 0.5) / distance_quantile(shop, at, UNTRAINED, 0.5);
        widen(&through, summarise(shop, at, TRAINED, AROUND).val / law.value);
        widen(&random, summarise(shop, at, TRAINED, AROUND_RANDOM).val / law.value);
        widen(shop->cases[at].active == 1 ? &balanced : &walls, wall);
        if (shop->cases[at].active == 1) // balance alone has moved the gate
            continue;
        widen(&cells, change(shop, at, PLANE_CELLS));
        widen(&regions, change(shop, at, PLANE_REGIONS));
        widen(&segment, change(shop, at, SEGMENT_CHANGES));
        widen(&adjacent, summarise(shop, at, TRAINED, ADJACENT).val);
    }
    state_range(run, "CellsRatio", "%.2f", cells);
    state_range(run, "RegionsRatio", "%.2f", regions);
    state_range(run, "SegmentRatio", "%.2f", segment);
    state_range(run, "ThroughRatio", "%.2f", through);
    state_range(run, "RandomRatio", "%.2f", random);
    state_range(run, "WallRatio", "%.2f", walls);
    state_range(run, "BalancedRatio", "%.2f", balanced);
    state_range(run, "Adjacent", "%.2f", adjacent);
}

static void state_parameters(experiment_t *run, size_t layers) {
    experiment_parameter(run, "Width", "%.0f", WIDTH, "units");
    experiment_parameter(run, "Bits", "%.0f", BITS, "bits");
    experiment_parameter(run, "Layers", "%.0f", (double)layers, "1");
    experiment_parameter(run, "Planes", "%.0f", PLANES, "1");
    experiment_parameter(run, "Lines", "%.0f", LINES, "1");
    experiment_parameter(run, "Circles", "%.0f", CIRCLES, "1");
    experiment_parameter(run, "Pairs", "%.0f", PAIRS, "1");
    experiment_parameter(run, "Routers", "%.0f", experiment_quick(run) ? ROUTERS_QUICK : ROUTERS, "1");
    experiment_parameter(run, "DigitsEpochs", "%.0f",
                         (double)(experiment_quick(run) ? TRAINING_QUICK : TRAINING)[DIGITS].epochs, "1");
    experiment_parameter(run, "FashionEpochs", "%.0f",
                         (double)(experiment_quick(run) ? TRAINING_QUICK : TRAINING)[FASHION].epochs, "1");
}

static void trained_cells(experiment_t *run) {
    const bool quick = experiment_quick(run);
    const size_t cases = quick ? COUNT(CASES_QUICK) : COUNT(CASES), layers = quick ? LAYERS_QUICK : LAYERS,
                 specimens = cases * layers * STATES;
    set_t sets[SETS];
    state_parameters(run, layers);
    read_sets(run, sets);
    workshop_t shop = {.sets = sets,
                       .cases = quick ? CASES_QUICK : CASES,
                       .layers = layers,
                       .seed = experiment_seed(run),
                       .quick = quick,
                       .specimens = experiment_memory(run, calloc(specimens, sizeof *shop.specimens))};
    const shards_plan_t plan = {.count = specimens, .run = make_specimen, .context = &shop};
    const shards_control_t control = {
        .threads = experiment_threads(run), .progress = experiment_progress, .watcher = run};
    experiment_require(run, shards_run(&plan, &control, NULL), "the layers");
    write_counts(run, &shop, cases);
    experiment_macro(run, "GaussianZ", "%.1f", write_circles(run, &shop, cases));
    write_walls(run, &shop, cases);
    check_all(run, &shop, specimens);
    state_findings(run, &shop, cases);
    for (size_t i = 0; i < specimens; i++) {
        topk_layer_free(shop.specimens[i].layer);
        layer_free(shop.specimens[i].exact);
    }
    free(shop.specimens);
    free_sets(sets);
    experiment_claim(run, COUNTS, VERDICT_HOLDS, METHOD_EXACT, "trained-cells.csv");
    experiment_claim(run, CIRCLE, VERDICT_HOLDS, METHOD_MONTECARLO, "trained-cells.circles.csv");
    experiment_claim(run, WALL, VERDICT_HOLDS, METHOD_MONTECARLO, "trained-cells.walls.csv");
}

int main(int argc, char **argv) {
    static const experiment_plan_t plan = {
        .name = "trained-cells",
        .brief = "routing cells of layers before and after training: exact counts, great circles, walls",
        .seed = 612,
        .run = trained_cells};
    return experiment_main(&plan, argc, argv);
}
