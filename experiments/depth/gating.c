// SPDX-License-Identifier: GPL-3.0-or-later
// The gate of a layer: its weights, the cost of a forward pass, and how far inputs are from the walls.
//
// CLAIMS (Sparsity is Combinatorial Depth, sections 3.4 and 5.2)
//   depth/eq-1-2   the k largest logits are active; their softmax sums to one and is zero elsewhere
//   depth/fig-2    inactive experts cost nothing: the forward pass grows with k and not with N
//   depth/def-5.5  eps-saturation: the data are farther than eps from the hypersurface of the score
//
// DERIVATION. Cost. With C outputs, a pass has N d multiplications and additions in the router and k (H d + C H + C)
// in the experts; they are counted here in a plain forward pass that gives the same bits as the library's.
//
// Distance. A point x off the hypersurface lies in the cell of a coalition I. A ball about x leaves it only across some
// z_i = z_j, i in I, j not in I, so that the squared distance is the least (z_i - z_j)^2 / |w_i - w_j|^2. The second
// road knows nothing of this: the hypersurface is a union of polyhedra in flats of the arrangement z_i = z_j, so its
// nearest point is the foot of the perpendicular to one of these flats. All feet are tried, and those stay where two
// coalitions attain the score.
#include "geometry/saturation.h"
#include "geometry/tropical.h"
#include "io/experiment.h"
#include "io/experiment_instance.h"
#include "number/ball.h"
#include "routing/topk_layer.h"

#include <flint/fmpq_mat.h>
#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

// ---- Parameters ----

// How many random cases, in a full and in a quick run.
typedef struct {
    int full, quick;
} size_pair_t;

static const size_pair_t LOGITS = {20000, 1000};  // vectors of logits
static const size_pair_t LAYERS = {1000, 100};    // whose inactive experts are spoilt
static const size_pair_t DISTANCES = {4000, 200}; // routers with points
enum { MOST_EXPERTS = 12, PRECISION = 128 };      // experts; bits of ball arithmetic
static const double HUGE_LOGIT = 1e300;
static const double UNDERFLOW = 1e-290;  // gates far below this may be zero
static const double BALL_RADIUS = 1e-30; // of a sum of gates in ball arithmetic

// Whose operations are counted; N and k vary.
static const topk_shape_t COSTS = {.inputs = 32, .experts = 64, .active = 2, .width = 64, .classes = 32};
enum { LEAST_EXPERTS = 4, LARGEST_FULL = 1024, LARGEST_QUICK = 256, MOST_ACTIVE = 16 };

static int size_of(const experiment_t *run, size_pair_t size) {
    return experiment_quick(run) ? size.quick : size.full;
}

static void state_parameters(experiment_t *run) {
    experiment_parameter(run, "Logits", "%.0f", size_of(run, LOGITS), "vectors");
    experiment_parameter(run, "Layers", "%.0f", size_of(run, LAYERS), "layers");
    experiment_parameter(run, "Distances", "%.0f", size_of(run, DISTANCES), "points");
    experiment_parameter(run, "Inputs", "%.0f", (double)COSTS.inputs, "1");
    experiment_parameter(run, "Width", "%.0f", (double)COSTS.width, "1");
    experiment_parameter(run, "Outputs", "%.0f", (double)COSTS.classes, "1");
    experiment_parameter(run, "Active", "%.0f", (double)COSTS.active, "experts");
    experiment_parameter(run, "Experts", "%.0f", (double)COSTS.experts, "experts");
}

// ---- Equations (1) and (2): the gate ----

// A layer without inputs to speak of: at 0 its logits are its biases.
static topk_layer_t *layer_of_logits(experiment_t *run, const double *logits, size_t experts, size_t active) {
    const topk_shape_t shape = {.inputs = 1, .experts = experts, .active = active, .width = 1, .classes = 1};
    topk_layer_t *layer = experiment_memory(run, topk_layer_alloc(&shape));
    for (size_t i = 0; i < experts; i++)
        layer->router[2 * i + 1] = logits[i];
    return layer;
}

// Small integers with ties, numbers of all sizes up to HUGE_LOGIT and both signs, or ordinary ones.
static void draw_logits(double *logits, size_t n, stream_t *stream) {
    const slong kind = stream_pick(stream, 0, 3);
    for (size_t i = 0; i < n; i++) {
        const double small = (double)stream_pick(stream, -3, 3),
                     fine = (double)stream_pick(stream, -9999, 9999) / 1000;
        const double vast = fine * pow(10, (double)stream_pick(stream, 0, 299)),
                     most = small > 0 ? HUGE_LOGIT : -HUGE_LOGIT;
        logits[i] = kind == 0                   ? small
                    : kind == 1                 ? fine
                    : kind == 2                 ? vast
                    : stream_pick(stream, 0, 1) ? most
                                                : fine;
    }
}

// How many experts have a logit that is among the k largest values: more than k where the threshold is tied.
static size_t literal_size(const double *logits, size_t n, size_t k) {
    size_t size = 0;
    for (size_t i = 0; i < n; i++) {
        size_t above = 0;
        for (size_t j = 0; j < n; j++)
            above += logits[j] > logits[i];
        size += above < k;
    }
    return size;
}

// Whether the coalition is that of (1), ties broken by number.
static bool is_top(const topk_pass_t *pass, const double *logits, size_t n, size_t k) {
    bool right = true;
    for (size_t i = 0; i < n; i++) {
        size_t ahead = 0, listed = 0;
        for (size_t j = 0; j < n; j++)
            ahead += logits[j] > logits[i] || (logits[j] == logits[i] && j < i);
        for (size_t a = 0; a < k; a++)
            listed += pass->coalition[a] == i;
        right &= listed == (ahead < k);
    }
    return right;
}

// What ball arithmetic says of the gates of one vector.
typedef struct {
    double error; // largest certified error of a gate in doubles, relative above UNDERFLOW ...
    double share; // ... and over its bound
    double sum;   // certified distance of the sum of the gates in doubles from one, over k 2^-52
    bool one;     // the balls of (2) add up to one, within BALL_RADIUS
} gates_t;

// Bound of the relative error of a gate whose logit is `drop` below the largest: rounding the drop costs drop units of
// 2^-53, exp 4, and the sum 4 and as many more as there are terms and as sum |z| e^z, at most k/e; the division 1.
static double gate_bound(double drop) {
    return 0x1p-53 * (drop + 9 + MOST_EXPERTS + MOST_EXPERTS / M_E);
}

static gates_t examine_gates(const topk_pass_t *pass, const double *logits, size_t k) {
    gates_t result = {0, 0, 0, false};
    arb_t weight[MOST_EXPERTS], total, sum, doubles, term;
    arb_ptr all[] = {total, sum, doubles, term};
    for (size_t i = 0; i < COUNT(all); i++)
        arb_init(all[i]);
    for (size_t a = 0; a < k; a++) {
        arb_init(weight[a]);
        arb_set_d(weight[a], logits[pass->coalition[a]]);
        arb_set_d(term, logits[pass->coalition[0]]);
        arb_sub(weight[a], weight[a], term, PRECISION);
        arb_exp(weight[a], weight[a], PRECISION);
        arb_add(total, total, weight[a], PRECISION);
    }
    for (size_t a = 0; a < k; a++) {
        arb_div(weight[a], weight[a], total, PRECISION);
        arb_add(sum, sum, weight[a], PRECISION);
        arb_set_d(term, pass->gates[a]);
        arb_add(doubles, doubles, term, 20 * PRECISION);
        arb_sub(term, term, weight[a], PRECISION);
        const ball_t off = ball_from_arb(term), gate = ball_from_arb(weight[a]);
        const double error = (fabs(off.value) + off.radius) / (gate.value - gate.radius + UNDERFLOW);
        const double drop = logits[pass->coalition[0]] - logits[pass->coalition[a]];
        result.error = fmax(result.error, error);
        result.share = fmax(result.share, error / gate_bound(drop));
    }
    arb_sub_ui(doubles, doubles, 1, 20 * PRECISION);
    const ball_t off = ball_from_arb(doubles), one = ball_from_arb(sum);
    result.sum = (fabs(off.value) + off.radius) * 0x1p52 / (double)k;
    arb_sub_ui(sum, sum, 1, PRECISION);
    result.one = arb_contains_zero(sum) && ball_from_arb(sum).radius < BALL_RADIUS && isfinite(one.value);
    for (size_t a = 0; a < k; a++)
        arb_clear(weight[a]);
    for (size_t i = 0; i < COUNT(all); i++)
        arb_clear(all[i]);
    return result;
}

static void decide_gate(experiment_t *run) {
    static const char *const claim = "depth/eq-1-2";
    const int vectors = size_of(run, LOGITS);
    slong top = 0, one = 0, tied = 0, larger = 0;
    gates_t worst = {0, 0, 0, true};
    stream_t stream = experiment_stream(run, stream_experiment("logits"));
    for (int v = 0; v < vectors; v++) {
        double logits[MOST_EXPERTS], origin = 0;
        const size_t n = (size_t)stream_pick(&stream, 1, MOST_EXPERTS),
                     k = (size_t)stream_pick(&stream, 1, (slong)n);
        draw_logits(logits, n, &stream);
        topk_layer_t *layer = layer_of_logits(run, logits, n, k);
        topk_pass_t *pass = experiment_memory(run, topk_pass_alloc(&layer->shape));
        topk_pass_run(pass, layer, &origin);
        const gates_t gates = examine_gates(pass, logits, k);
        const size_t literal = literal_size(logits, n, k);
        top += is_top(pass, logits, n, k);
        one += gates.one;
        tied += literal != k;
        larger += literal > k;
        worst.error = fmax(worst.error, gates.error);
        worst.share = fmax(worst.share, gates.share);
        worst.sum = fmax(worst.sum, gates.sum);
        topk_pass_free(pass);
        topk_layer_free(layer);
    }
    experiment_check_integer(run, claim, "the coalition has the k largest logits", top, vectors);
    experiment_check_integer(run, claim, "balls of the gates add up to one", one, vectors);
    experiment_check_integer(run, claim, "where (1) does not name k experts it names more", larger, tied);
    experiment_check(run, claim, "relative error of a gate in doubles over its bound", worst.share, AT_MOST,
                     1, 0);
    experiment_check(run, claim, "sum of the gates in doubles from one over k 2^-52", worst.sum, AT_MOST, 1,
                     0);
    experiment_macro_integer(run, "Tied", tied);
    experiment_macro(run, "GateError", "%.1e", worst.error);
}

// ---- Inactive experts are not looked at ----

// Sets all weights of one expert beyond the router to `value`.
static void spoil(topk_layer_t *layer, size_t expert, double value) {
    const topk_shape_t *s = &layer->shape;
    const size_t hidden = s->width * (s->inputs + 1), output = s->classes * (s->width + 1);
    for (size_t i = 0; i < hidden; i++)
        layer->hidden[expert * hidden + i] = value;
    for (size_t i = 0; i < output; i++)
        layer->output[expert * output + i] = value;
}

// Experts whose weights, replaced by NaN, change some score of the pass.
static size_t experts_that_matter(experiment_t *run, topk_layer_t *layer, topk_pass_t *pass,
                                  const double *input) {
    const size_t classes = layer->shape.classes, size = layer->count * sizeof(double);
    double *kept = experiment_memory(run, malloc(size)),
           *scores = experiment_memory(run, malloc(classes * sizeof *scores));
    size_t matter = 0;
    topk_pass_run(pass, layer, input);
    memcpy(scores, pass->scores, classes * sizeof *scores);
    memcpy(kept, layer->parameters, size);
    for (size_t i = 0; i < layer->shape.experts; i++) {
        spoil(layer, i, NAN);
        topk_pass_run(pass, layer, input);
        matter += memcmp(scores, pass->scores, classes * sizeof *scores) != 0;
        memcpy(layer->parameters, kept, size);
    }
    free(kept);
    free(scores);
    return matter;
}

static void decide_zeros(experiment_t *run) {
    static const char *const claim = "depth/eq-1-2";
    const int layers = size_of(run, LAYERS);
    slong right = 0;
    stream_t shapes = experiment_stream(run, stream_experiment("shapes")),
             stream = experiment_stream(run, stream_experiment("weights"));
    for (int l = 0; l < layers; l++) {
        const size_t n = (size_t)stream_pick(&shapes, 1, MOST_EXPERTS),
                     k = (size_t)stream_pick(&shapes, 1, (slong)n);
        const topk_shape_t shape = {.inputs = 5, .experts = n, .active = k, .width = 4, .classes = 3};
        topk_layer_t *layer = experiment_memory(run, topk_layer_alloc(&shape));
        topk_pass_t *pass = experiment_memory(run, topk_pass_alloc(&shape));
        double input[5];
        topk_layer_draw(layer, &stream);
        stream_uniforms(&stream, input, COUNT(input));
        right += experts_that_matter(run, layer, pass, input) == k;
        topk_pass_free(pass);
        topk_layer_free(layer);
    }
    experiment_check_integer(run, claim, "layers where k experts reach the output", right, layers);
    experiment_claim(run, claim, VERDICT_HOLDS, METHOD_CERTIFIED, "gating.checks.csv");
}

// ---- Figure 2: the cost ----

// Multiplications with an addition, counted as they are done.
typedef struct {
    slong router, experts;
} cost_t;

static double counted_affine(const double *w, const double *x, size_t n, slong *count) {
    double sum = w[n];
    for (size_t i = 0; i < n; i++, ++*count)
        sum += w[i] * x[i];
    return sum;
}

// A plain forward pass for the coalition and the gates of `pass`; returns whether all logits and scores are the same
// bits as there.
static bool counted_pass(const topk_layer_t *layer, const topk_pass_t *pass, const double *input,
                         double *room, cost_t *cost) {
    const topk_shape_t *s = &layer->shape;
    double *hidden = room, *scores = hidden + s->width;
    bool same = true;
    for (size_t i = 0; i < s->experts; i++)
        same &= counted_affine(layer->router + i * (s->inputs + 1), input, s->inputs, &cost->router) ==
                pass->logits[i];
    for (size_t c = 0; c < s->classes; c++)
        scores[c] = 0;
    for (size_t a = 0; a < s->active; a++) {
        const size_t e = pass->coalition[a];
        for (size_t u = 0; u < s->width; u++)
            hidden[u] = fmax(0, counted_affine(layer->hidden + (e * s->width + u) * (s->inputs + 1), input,
                                               s->inputs, &cost->experts));
        for (size_t c = 0; c < s->classes; c++, cost->experts++)
            scores[c] +=
                pass->gates[a] * counted_affine(layer->output + (e * s->classes + c) * (s->width + 1), hidden,
                                                s->width, &cost->experts);
    }
    return same && memcmp(scores, pass->scores, s->classes * sizeof *scores) == 0;
}

// Counts one shape; returns whether the pass is the library's and the counts are those of the formula.
static bool count_cost(experiment_t *run, const topk_shape_t *s, stream_t *stream, cost_t *cost) {
    topk_layer_t *layer = experiment_memory(run, topk_layer_alloc(s));
    topk_pass_t *pass = experiment_memory(run, topk_pass_alloc(s));
    double *input = experiment_memory(run, malloc((s->inputs + s->width + s->classes) * sizeof *input));
    *cost = (cost_t){0, 0};
    topk_layer_draw(layer, stream);
    stream_normals(stream, input, s->inputs);
    topk_pass_run(pass, layer, input);
    const bool same = counted_pass(layer, pass, input, input + s->inputs, cost);
    free(input);
    topk_pass_free(pass);
    topk_layer_free(layer);
    return same && cost->router == (slong)(s->experts * s->inputs) &&
           cost->experts == (slong)(s->active * (s->width * s->inputs + s->classes * s->width + s->classes));
}

static void decide_cost(experiment_t *run) {
    static const char *const claim = "depth/fig-2";
    static const table_column_t columns[] = {{"series", "text", NULL, NULL},
                                             {"experts", "1", NULL, NULL},
                                             {"active", "1", NULL, NULL},
                                             {"router", "operations", NULL, NULL},
                                             {"in_experts", "operations", NULL, NULL}};
    const size_t largest = experiment_quick(run) ? LARGEST_QUICK : LARGEST_FULL;
    size_t rows = MOST_ACTIVE;
    for (size_t n = LEAST_EXPERTS; n <= largest; n *= 2)
        rows++;
    table_t *table = experiment_table(run, "", "multiplications with an addition in one forward pass",
                                      columns, COUNT(columns), rows);
    stream_t stream = experiment_stream(run, stream_experiment("cost"));
    slong right = 0, least = WORD_MAX, most = 0;
    for (size_t row = 0; row < rows; row++) {
        topk_shape_t s = COSTS;
        cost_t cost;
        const bool over_n = row >= MOST_ACTIVE;
        if (over_n)
            s.experts = (size_t)LEAST_EXPERTS << (row - MOST_ACTIVE);
        else
            s.active = row + 1;
        right += count_cost(run, &s, &stream, &cost);
        if (over_n) {
            least = cost.experts < least ? cost.experts : least;
            most = cost.experts > most ? cost.experts : most;
        }
        table_text(table, over_n ? "N" : "k");
        table_integer(table, (long long)s.experts);
        table_integer(table, (long long)s.active);
        table_integer(table, cost.router);
        table_integer(table, cost.experts);
    }
    experiment_check_integer(run, claim, "passes that are the library's and cost what the formula says",
                             right, (slong)rows);
    experiment_check_integer(run, claim, "operations in the experts for the least and the largest N", most,
                             least);
    experiment_macro_integer(run, "InExperts", most);
    experiment_macro(run, "BreakEven", "%.0f", (double)most / (double)COSTS.inputs);
    experiment_claim(run, claim, VERDICT_HOLDS, METHOD_EXACT, "gating.csv");
}

// ---- Definition 5.5: the distance to the walls ----

// The hypersurface: the walls z_i = z_j, and the score with a term for each coalition.
typedef struct {
    slong dimension, walls;
    fmpq_mat_t rows; // walls x (d + 1)
    tropical_t *score;
} surface_t;

static surface_t surface_of(experiment_t *run, const layer_t *layer) {
    const slong n = layer->experts, d = layer->dimension;
    surface_t surface = {.dimension = d, .score = experiment_memory(run, tropical_alloc(d))};
    fmpq_mat_init(surface.rows, n * (n - 1) / 2, d + 1);
    for (slong i = 0; i < n; i++)
        for (slong j = i + 1; j < n; j++, surface.walls++)
            for (slong c = 0; c <= d; c++)
                fmpz_sub(fmpq_mat_entry_num(surface.rows, surface.walls, c),
                         fmpz_mat_entry(layer->router, i, c), fmpz_mat_entry(layer->router, j, c));
    fmpq *term = _fmpq_vec_init(d + 1);
    for (ulong set = 0; set < UWORD(1) << n; set++) {
        if (__builtin_popcountl(set) != layer->active)
            continue;
        for (slong c = 0; c <= d; c++) {
            fmpq_zero(term + c);
            for (slong i = 0; i < n; i++)
                if (set >> i & 1)
                    fmpz_add(fmpq_numref(term + c), fmpq_numref(term + c),
                             fmpz_mat_entry(layer->router, i, c));
        }
        experiment_require(run, tropical_append(surface.score, term), "tropical_append");
    }
    _fmpq_vec_clear(term, d + 1);
    return surface;
}

static void surface_clear(surface_t *surface) {
    fmpq_mat_clear(surface->rows);
    tropical_free(surface->score);
}

static bool is_on(const surface_t *surface, const fmpq *x) {
    fmpq_t value;
    fmpq_init(value);
    const bool on = tropical_evaluate(surface->score, x, value, NULL) >= 2;
    fmpq_clear(value);
    return on;
}

// y = x - R^T (R R^T)^-1 (R x + r) for the `size` chosen rows; false where their normals are dependent.
static bool foot_of(const surface_t *surface, const fmpq *x, const slong *chosen, slong size, fmpq *y) {
    const slong d = surface->dimension;
    if (size == 0) {
        for (slong c = 0; c < d; c++)
            fmpq_set(y + c, x + c);
        return true;
    }
    fmpq_mat_t normals, transposed, gram, heights, weights;
    fmpq_mat_init(normals, size, d);
    fmpq_mat_init(transposed, d, size);
    fmpq_mat_init(gram, size, size);
    fmpq_mat_init(heights, size, 1);
    fmpq_mat_init(weights, size, 1);
    for (slong i = 0; i < size; i++) {
        fmpq_set(fmpq_mat_entry(heights, i, 0), fmpq_mat_entry(surface->rows, chosen[i], d));
        for (slong c = 0; c < d; c++) {
            fmpq_set(fmpq_mat_entry(normals, i, c), fmpq_mat_entry(surface->rows, chosen[i], c));
            fmpq_addmul(fmpq_mat_entry(heights, i, 0), fmpq_mat_entry(normals, i, c), x + c);
        }
    }
    fmpq_mat_transpose(transposed, normals);
    fmpq_mat_mul(gram, normals, transposed);
    const bool unique = fmpq_mat_solve(weights, gram, heights);
    for (slong c = 0; unique && c < d; c++) {
        fmpq_set(y + c, x + c);
        for (slong i = 0; i < size; i++)
            fmpq_submul(y + c, fmpq_mat_entry(normals, i, c), fmpq_mat_entry(weights, i, 0));
    }
    fmpq_mat_clear(normals);
    fmpq_mat_clear(transposed);
    fmpq_mat_clear(gram);
    fmpq_mat_clear(heights);
    fmpq_mat_clear(weights);
    return unique;
}

static void squared_distance(fmpq_t squared, const fmpq *x, const fmpq *y, slong d) {
    fmpq_t difference;
    fmpq_init(difference);
    fmpq_zero(squared);
    for (slong c = 0; c < d; c++) {
        fmpq_sub(difference, x + c, y + c);
        fmpq_addmul(squared, difference, difference);
    }
    fmpq_clear(difference);
}

//[core
// The nearest point of the hypersurface among the feet on all flats that the chosen walls and up to
// `more` further ones cut out. Returns whether there is one.
static bool nearest_foot(const surface_t *s, const fmpq *x, slong *chosen, slong size, slong more,
                         fmpq_t squared) {
    fmpq *y = _fmpq_vec_init(s->dimension);
    fmpq_t distance;
    fmpq_init(distance);
    bool found = foot_of(s, x, chosen, size, y) && is_on(s, y);
    if (found)
        squared_distance(squared, x, y, s->dimension);
    slong wall = size == 0 ? 0 : chosen[size - 1] + 1;
    for (; more > 0 && wall < s->walls; wall++) {
        chosen[size] = wall;
        if (!nearest_foot(s, x, chosen, size + 1, more - 1, distance))
            continue;
        if (!found || fmpq_cmp(distance, squared) < 0)
            fmpq_set(squared, distance);
        found = true;
    }
    _fmpq_vec_clear(y, s->dimension);
    fmpq_clear(distance);
    return found;
}
//]core

// The distance by feet equals that by coalitions; both may find that there is no wall.
static bool distances_agree(experiment_t *run, const layer_t *layer, const fmpq *x) {
    slong chosen[8];
    fmpq_t foot, formula;
    fmpq_init(foot);
    fmpq_init(formula);
    surface_t surface = surface_of(run, layer);
    const bool found = nearest_foot(&surface, x, chosen, 0, layer->dimension, foot);
    const int status = saturation_distance(layer, x, formula);
    if (status != GSL_EDOM)
        experiment_require(run, status, "saturation_distance");
    const bool agree = found == (status == GSL_SUCCESS) && (!found || fmpq_equal(foot, formula));
    surface_clear(&surface);
    fmpq_clear(foot);
    fmpq_clear(formula);
    return agree;
}

static void draw_points(fmpq_mat_t points, stream_t *stream) {
    for (slong i = 0; i < points->r; i++)
        for (slong c = 0; c < points->c; c++)
            fmpq_set_si(fmpq_mat_entry(points, i, c), stream_pick(stream, -20, 20),
                        (ulong)stream_pick(stream, 1, 4));
}

// A convex combination of points, with weights in twelfths or so.
static void mix(fmpq *x, const fmpq_mat_t points, stream_t *stream) {
    fmpq_t weight, sum;
    fmpq_init(weight);
    fmpq_init(sum);
    for (slong c = 0; c < points->c; c++)
        fmpq_zero(x + c);
    for (slong i = 0; i < points->r; i++) {
        fmpq_set_si(weight, stream_pick(stream, i == 0, 4), 1);
        fmpq_add(sum, sum, weight);
        for (slong c = 0; c < points->c; c++)
            fmpq_addmul(x + c, weight, fmpq_mat_entry(points, i, c));
    }
    for (slong c = 0; c < points->c; c++)
        fmpq_div(x + c, x + c, sum);
    fmpq_clear(weight);
    fmpq_clear(sum);
}

// Whether the segment between two points meets the hypersurface: where it crosses a wall, or at its start.
static bool segment_meets(const surface_t *surface, const fmpq *x, const fmpq *y) {
    const slong d = surface->dimension;
    fmpq *at = _fmpq_vec_init(d);
    fmpq_t from, to, slope;
    fmpq_init(from);
    fmpq_init(to);
    fmpq_init(slope);
    bool meets = is_on(surface, x);
    for (slong wall = 0; wall < surface->walls && !meets; wall++) {
        fmpq_set(from, fmpq_mat_entry(surface->rows, wall, d));
        fmpq_set(to, from);
        for (slong c = 0; c < d; c++) {
            fmpq_addmul(from, fmpq_mat_entry(surface->rows, wall, c), x + c);
            fmpq_addmul(to, fmpq_mat_entry(surface->rows, wall, c), y + c);
        }
        if (fmpq_sgn(from) * fmpq_sgn(to) >= 0 && !fmpq_is_zero(to))
            continue;
        fmpq_sub(slope, from, to);
        if (fmpq_is_zero(slope))
            continue;
        fmpq_div(from, from, slope); // the share of y
        for (slong c = 0; c < d; c++) {
            fmpq_sub(at + c, y + c, x + c);
            fmpq_mul(at + c, at + c, from);
            fmpq_add(at + c, at + c, x + c);
        }
        meets = is_on(surface, at);
    }
    fmpq_clear(from);
    fmpq_clear(to);
    fmpq_clear(slope);
    _fmpq_vec_clear(at, d);
    return meets;
}

// The least distance of a polytope, given by its corners: 0 exactly when a segment between corners meets the
// hypersurface; otherwise that of a corner, by feet, and not more than that of points inside.
static bool hull_agrees(experiment_t *run, const layer_t *layer, const fmpq_mat_t corners, fmpq_t squared,
                        stream_t *stream) {
    enum { INSIDE = 3 };
    slong chosen[8];
    bool attained = false, least = true, meets = false;
    fmpq *x = _fmpq_vec_init(layer->dimension);
    fmpq_t distance;
    fmpq_init(distance);
    surface_t surface = surface_of(run, layer);
    for (slong i = 0; i < corners->r; i++) {
        nearest_foot(&surface, corners->rows[i], chosen, 0, layer->dimension, distance);
        attained |= fmpq_equal(distance, squared) != 0;
        least &= fmpq_cmp(distance, squared) >= 0;
        for (slong j = 0; j < corners->r; j++)
            meets |= segment_meets(&surface, corners->rows[i], corners->rows[j]);
    }
    for (int inside = 0; inside < INSIDE; inside++) {
        mix(x, corners, stream);
        nearest_foot(&surface, x, chosen, 0, layer->dimension, distance);
        least &= fmpq_cmp(distance, squared) >= 0;
    }
    surface_clear(&surface);
    fmpq_clear(distance);
    _fmpq_vec_clear(x, layer->dimension);
    return least && (fmpq_is_zero(squared) ? meets : attained && !meets);
}

// A random router with small rows and 2 to 5 experts; NULL for one with twins.
static layer_t *draw_router(experiment_t *run, stream_t *stream) {
    const slong n = stream_pick(stream, 2, 5), k = stream_pick(stream, 1, n - 1),
                d = stream_pick(stream, 1, 3);
    slong first, second;
    layer_t *layer = experiment_memory(run, layer_alloc(n, k, 0, d));
    for (slong i = 0; i < n; i++)
        for (slong c = 0; c <= d; c++)
            fmpz_set_si(fmpz_mat_entry(layer->router, i, c), stream_pick(stream, -4, 4) * (c < d ? 1 : 5));
    if (!layer_twins(layer, &first, &second))
        return layer;
    layer_free(layer);
    return NULL;
}

static void decide_random_distances(experiment_t *run) {
    static const char *const claim = "depth/def-5.5";
    slong points = 0, agree = 0, hulls = 0, right = 0, saturated = 0;
    stream_t stream = experiment_stream(run, stream_experiment("distances"));
    fmpq_t squared;
    fmpq_init(squared);
    for (int i = 0; i < size_of(run, DISTANCES); i++) {
        layer_t *layer = draw_router(run, &stream);
        if (layer == NULL)
            continue;
        fmpq_mat_t corners;
        fmpq_mat_init(corners, stream_pick(&stream, 2, 4), layer->dimension);
        draw_points(corners, &stream);
        points++;
        agree += distances_agree(run, layer, corners->rows[0]);
        const int status = saturation_hull(layer, corners, squared);
        if (status != GSL_EDOM) {
            experiment_require(run, status, "saturation_hull");
            hulls++;
            saturated += !fmpq_is_zero(squared);
            right += hull_agrees(run, layer, corners, squared, &stream);
        }
        fmpq_mat_clear(corners);
        layer_free(layer);
    }
    fmpq_clear(squared);
    experiment_check_integer(run, claim, "points whose distance by feet is that by coalitions", agree,
                             points);
    experiment_check_integer(run, claim, "polytopes whose least distance is right", right, hulls);
    experiment_check(run, claim, "polytopes that are saturated", (double)saturated, AT_LEAST, 1, 0);
    experiment_macro_integer(run, "DistancePoints", points);
    experiment_macro_integer(run, "Hulls", hulls);
    experiment_macro_integer(run, "Saturated", saturated);
}

// The example of the text: the origin and the router of the file. The bound of the definition is strict.
static void decide_example(experiment_t *run) {
    static const char *const claim = "depth/def-5.5";
    layer_t *layer = experiment_layer(run, "gating-router.moe");
    if (layer->dimension != 2)
        experiment_stop(run, FAULT_INPUT, "gating-router.moe: a router in the plane is expected");
    fmpq *origin = _fmpq_vec_init(2), *foot = _fmpq_vec_init(2);
    fmpq_t squared, distance;
    fmpq_init(squared);
    fmpq_init(distance);
    experiment_require(run, saturation_distance(layer, origin, squared), "saturation_distance");
    surface_t surface = surface_of(run, layer);
    fmpq_set_si(foot, 3, 10);
    fmpq_set_si(foot + 1, -3, 5);
    squared_distance(distance, origin, foot, 2);
    experiment_check_integer(run, claim, "example: by feet", distances_agree(run, layer, origin), 1);
    experiment_check_integer(run, claim, "example: the foot of the text is on the hypersurface",
                             is_on(&surface, foot), 1);
    experiment_check_integer(run, claim, "example: and at that distance", fmpq_equal(squared, distance), 1);
    experiment_macro_fmpq(run, "ExampleSquared", squared);
    surface_clear(&surface);
    fmpq_clear(squared);
    fmpq_clear(distance);
    _fmpq_vec_clear(origin, 2);
    _fmpq_vec_clear(foot, 2);
    layer_free(layer);
}

static void run_gating(experiment_t *run) {
    state_parameters(run);
    decide_gate(run);
    decide_zeros(run);
    decide_cost(run);
    decide_random_distances(run);
    decide_example(run);
    experiment_claim(run, "depth/def-5.5", VERDICT_HOLDS, METHOD_EXACT, "data/instances/gating-router.moe");
    flint_cleanup();
}

int main(int argc, char **argv) {
    static const experiment_plan_t plan = {
        .name = "gating",
        .brief = "the weights of the gate, the cost of a forward pass, and the distance to the walls",
        .seed = 1991,
        .run = run_gating};
    return experiment_main(&plan, argc, argv);
}
