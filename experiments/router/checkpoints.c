// SPDX-License-Identifier: GPL-3.0-or-later
// Are the routers of published models found, and what would routers of their shapes do if they were random?
//
// CLAIMS (ours)
//   router/checkpoints   in a checkpoint with the names and sizes of each model of data/architectures.csv the loader finds the gate
//                        matrix of every layer with a mixture, to the last bit, its selection rule, and nothing else
//   router/random-flips  for independent standard normal logits: gap_k has density e(N, k)/(2 sqrt(pi)) at zero, and rounding to
//                        bf16 changes the set with a probability that is a finite sum
//
// The checkpoints are synthetic: files with holes, as large as the real ones, whose names and sizes are those of the models as far
// as we know them and whose numbers are random. What the loader is to find is taken from data/architectures.csv: N, k, d, the number
// of layers, and the rule in words.
//
// DERIVATION. Let the logits be independent and standard normal, Phi their distribution function. The k-th largest is x and the next
// one y with density N(N-1) C(N-2, k-1) phi(x) phi(y) (1-Phi(x))^(k-1) Phi(y)^(N-k-1), y < x. On the diagonal its integral is the
// density f of gap_k at zero, and e(N, k) = 2 sqrt(pi) f by the formula in routing/great_circle.h.
//
// A format's numbers have cells, the intervals that are rounded to them, with probabilities q. Rounding keeps the order of cells, so
// it changes the set only where ranks k and k+1 are in one cell: a logits above it, m inside, a < k < a + m. Before, the k - a
// largest of these m are selected, afterwards those with the least indices, and the m! orders are equally likely:
//     P(flip) = sum_cells sum_(a < k) sum_(m > k-a) N!/(a! m! (N-a-m)!) p^a q^m (1-p-q)^(N-a-m) (1 - 1/C(m, k-a)),             (1)
// p being the probability of all cells above. Without the last factor it is that of an exact tie at rank k. For small cells of
// width u only m = 2 counts, and the sums tend to f u/4 and f u/2.
#include "io/experiment.h"
#include "io/gate_rule.h"
#include "io/gate_tensors.h"
#include "io/model_layout.h"
#include "io/models.h"
#include "io/synthetic_checkpoint.h"
#include "number/rounding.h"
#include "routing/great_circle.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_sf_gamma.h>
#include <gsl/gsl_sort.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

// ---- Parameters ----

enum { SHARDS = 8, TEXT = 128 };
enum { ROWS = 50000, ROWS_QUICK = 4000 };          // sampled rows of logits for each shape
static const double NOISE = 0.01;                  // standard deviation of the logits' noise in the table
static const double Z = 4;                         // standard errors at which a check fails
static const double NEGLIGIBLE = 1e-25;            // of (1), where the sum over m is cut
static const double FINE = 0x1p-12, NARROW = 0.01; // a fine grid, and how far its sum may be from the limit
static const struct shape { ulong experts, active; } SAMPLED[] = {{8, 2}, {64, 8}, {128, 4}, {384, 8}};
enum { QUICK_MODELS = 6 };
static const char *const QUICK[QUICK_MODELS] = {"OLMoE-1B-7B", "DBRX",          "Grok-1",
                                                "gpt-oss-20b", "Switch-Base-8", "Gemma 4 26B"};
static const char *const FOUND = "router/checkpoints", *const RANDOM = "router/random-flips";

// ---- The models' files ----

// A model of the table with its files, and what the loader made of them.
typedef struct checkpoint {
    const model_t *model;
    const model_layout_t *layout;
    size_t layers;             // with a mixture
    char rule[GATE_RULE_NAME]; // from the words of the table
    synthetic_size_t size;
    uint64_t matrices; // bytes of the gate matrices
    char found[GATE_RULE_NAME];
} checkpoint_t;

// The rule that the table's words describe, in the words of io/gate_rule.h.
static void expected_rule(const char *words, char rule[GATE_RULE_NAME]) {
    unsigned groups, kept;
    const char *score = strstr(words, "sqrtsoftplus") != NULL               ? "sqrtsoftplus"
                        : strncmp(words, "sigmoid", strlen("sigmoid")) == 0 ? "sigmoid"
                                                                            : "logits";
    int at =
        snprintf(rule, GATE_RULE_NAME, "%s%s%s", score, strstr(words, "WITH bias") != NULL ? " + bias" : "",
                 strstr(words, "selection-only bias") != NULL ? " + selection bias" : "");
    const char *place = strstr(words, " groups pick ");
    if (place == NULL)
        return;
    while (place > words && place[-1] >= '0' && place[-1] <= '9')
        place--;
    if (sscanf(place, "%u groups pick %u", &groups, &kept) == 2)
        snprintf(rule + at, (size_t)(GATE_RULE_NAME - at), " in %u of %u groups (%s)", kept, groups,
                 strstr(words, "sum of top-2") != NULL ? "two best" : "best");
}

// ---- Looking for routers ----

// What went wrong with a checkpoint, each a number that is to be 0.
typedef struct wrong {
    long gates, shapes, rules, active, biases, numbers, taken;
} wrong_t;

// How many numbers of the gate of a layer differ from those that were written; tensor 0 of a plan is the gate.
static long count_differences(experiment_t *run, const synthetic_checkpoint_t *plan, gate_tensors_t *found,
                              size_t layer) {
    const gate_tensor_t *gate = gate_tensors_at(found, layer);
    const size_t n = gate->experts, d = gate->dimension;
    double *values = experiment_memory(run, calloc(2 * n * d, sizeof *values)), *written = values + n * d;
    fault_t fault = {0};
    long differences = 0;
    gate_tensors_read(found, layer, values, &fault);
    experiment_accept(run, &fault);
    synthetic_checkpoint_values(plan, layer, 0, written, n * d);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < d; j++)
            differences += values[i * d + j] != written[gate->transposed ? j * n + i : i * d + j];
    free(values);
    return differences;
}

// Compares the gates that were found with the row of the table.
static void compare_gates(checkpoint_t *checkpoint, const gate_tensors_t *found, wrong_t *wrong) {
    const model_t *model = checkpoint->model;
    const model_layout_t *layout = checkpoint->layout;
    const model_layout_family_t *family = layout->family;
    const size_t gates = gate_tensors_count(found), stack = family->decoder != NULL ? gates / 2 : gates;
    for (size_t i = 0; i < gates; i++) {
        const gate_tensor_t *gate = gate_tensors_at(found, i);
        const gate_rule_t rule = gate_rule_guess(gate, gate_tensors_config(found));
        const long layer = (long)(layout->first + layout->step * (i % stack));
        wrong->shapes += gate->experts != model->experts || gate->dimension != model->dimension ||
                         gate->transposed != family->transposed || gate->layer != layer;
        wrong->rules += strcmp(rule.name, checkpoint->rule) != 0;
        wrong->biases += (family->scale != NULL) != (gate->expert_scale != NULL);
        snprintf(checkpoint->found, sizeof checkpoint->found, "%s", rule.name);
        checkpoint->matrices += 2 * gate->experts * gate->dimension;
    }
}

// Kinds of other names that suggest a router; of each the loader must say why it is none.
static size_t count_suggestive(const synthetic_checkpoint_t *plan, const model_layout_family_t *family) {
    size_t count = 0;
    for (size_t t = 1; t < plan->count; t++) {
        const char *name = plan->tensors[t].pattern;
        if (name != family->decoder && plan->tensors[t].rank == 2)
            count += strstr(name, "gate") != NULL || strstr(name, "router") != NULL;
    }
    return count;
}

static wrong_t compare(experiment_t *run, checkpoint_t *checkpoint, const synthetic_checkpoint_t *plan,
                       gate_tensors_t *found) {
    const model_layout_t *layout = checkpoint->layout;
    const size_t gates = gate_tensors_count(found);
    const bool says_active = layout->keys != NULL && layout->keys[1] != NULL;
    const size_t active = says_active ? checkpoint->model->active : 0;
    wrong_t wrong = {
        .gates = labs((long)gates - (long)checkpoint->layers),
        .active = gate_tensors_config(found)->active != active,
        .taken = labs((long)count_suggestive(plan, layout->family) - (long)gate_tensors_lookalikes(found))};
    compare_gates(checkpoint, found, &wrong);
    // Of two stacks the first gate in natural order is the decoder's.
    if (layout->family->decoder == NULL && gates == checkpoint->layers)
        wrong.numbers =
            count_differences(run, plan, found, 0) + count_differences(run, plan, found, gates - 1);
    return wrong;
}

static char *make_folder(experiment_t *run) {
    const char *root = getenv("TMPDIR");
    char *folder;
    if (asprintf(&folder, "%s/moegeom-checkpoints-XXXXXX", root != NULL ? root : "/tmp") < 0 ||
        mkdtemp(folder) == NULL)
        experiment_stop(run, FAULT_SYSTEM, "cannot make a temporary folder");
    return folder;
}

// Writes the files of a model, looks for its routers, and removes the files.
static wrong_t examine(experiment_t *run, checkpoint_t *checkpoint) {
    synthetic_tensor_t tensors[MODEL_LAYOUT_TENSORS];
    char config[MODEL_LAYOUT_CONFIG];
    char *folder = make_folder(run);
    fault_t fault = {0};
    gate_tensors_t *found = NULL;
    wrong_t wrong = {0};
    synthetic_checkpoint_t plan =
        model_layout_plan(checkpoint->layout, checkpoint->model, checkpoint->layers, tensors, config);
    plan.drawn = 1;
    plan.shards = plan.layers < SHARDS ? plan.layers : SHARDS;
    plan.seed = experiment_seed(run);
    if (synthetic_checkpoint_write(&plan, folder, &checkpoint->size, &fault) == FAULT_NONE)
        gate_tensors_open(folder, &found, &fault);
    if (fault.status == FAULT_NONE)
        wrong = compare(run, checkpoint, &plan, found);
    gate_tensors_close(found);
    synthetic_checkpoint_remove(&plan, folder);
    free(folder);
    experiment_accept(run, &fault);
    return wrong;
}

static bool is_chosen(const experiment_t *run, const char *model) {
    for (size_t i = 0; i < QUICK_MODELS; i++)
        if (strcmp(QUICK[i], model) == 0)
            return true;
    return !experiment_quick(run);
}

// What stands behind the last number of a name.
static const char *ending_of(const char *name) {
    const char *ending = name;
    for (const char *c = name; *c != '\0'; c++)
        if (*c == '*' || (*c >= '0' && *c <= '9'))
            ending = c[1] == '.' ? c + 2 : c + 1;
    return ending;
}

static void write_found(experiment_t *run, const checkpoint_t *list, size_t count) {
    static const table_column_t columns[] = {
        {"model", "1", NULL, ""},
        {"tensor", "the gate matrix; * stands for the layer", NULL, NULL},
        {"ending", "of that name", NULL, ""},
        {"confirmed", "yes: the ending is in our sources", NULL, ""},
        {"experts", "1", NULL, ""},
        {"dimension", "1", NULL, ""},
        {"gates", "1", NULL, ""},
        {"rule", "as guessed", NULL, ""},
        {"gigabytes", "1e9 bytes of files", "%.2f", "%.0f"},
        {"headers", "1e6 bytes", "%.4f", "%.1f"},
        {"matrices", "1e6 bytes", "%.4f", "%.0f"}};
    table_t *table =
        experiment_table(run, "", "synthetic checkpoints and the routers that were found in them", columns,
                         COUNT(columns), count);
    for (size_t i = 0; i < count; i++) {
        const checkpoint_t *c = &list[i];
        table_text(table, c->model->name);
        table_text(table, c->layout->family->gate);
        table_text(table, ending_of(c->layout->family->gate));
        table_text(table, c->layout->family->confirmed ? "yes" : "no");
        table_integer(table, (long long)c->model->experts);
        table_integer(table, (long long)c->model->dimension);
        table_integer(table, (long long)c->layers);
        table_text(table, c->found);
        table_real(table, (double)c->size.bytes / 1e9);
        table_real(table, (double)c->size.headers / 1e6);
        table_real(table, (double)c->matrices / 1e6);
    }
}

static void summarise_found(experiment_t *run, const checkpoint_t *list, size_t count) {
    double bytes = 0, largest = 0;
    long long tensors = 0, gates = 0, confirmed = 0;
    for (size_t i = 0; i < count; i++) {
        bytes += (double)list[i].size.bytes;
        largest = fmax(largest, (double)list[i].size.bytes);
        tensors += (long long)list[i].size.tensors;
        gates += (long long)list[i].layers;
        confirmed += list[i].layout->family->confirmed;
    }
    experiment_macro_integer(run, "Models", (long long)count);
    experiment_macro_integer(run, "Confirmed", confirmed);
    experiment_macro_integer(run, "Unconfirmed", (long long)count - confirmed);
    experiment_macro_integer(run, "Gates", gates);
    experiment_macro_integer(run, "Tensors", tensors);
    experiment_macro(run, "Terabytes", "%.1f", bytes / 1e12);
    experiment_macro(run, "LargestTerabytes", "%.1f", largest / 1e12);
}

static void check_found(experiment_t *run, checkpoint_t *list, size_t count) {
    wrong_t sum = {0};
    for (size_t i = 0; i < count; i++) {
        const wrong_t wrong = examine(run, &list[i]);
        sum.gates += wrong.gates;
        sum.shapes += wrong.shapes;
        sum.rules += wrong.rules;
        sum.active += wrong.active;
        sum.biases += wrong.biases;
        sum.numbers += wrong.numbers;
        sum.taken += wrong.taken;
        experiment_progress(run, i + 1, count);
    }
    experiment_check_integer(run, FOUND, "gates too many or too few", sum.gates, 0);
    experiment_check_integer(run, FOUND, "gates of a wrong shape or layer", sum.shapes, 0);
    experiment_check_integer(run, FOUND, "gates whose rule is not that of the table", sum.rules, 0);
    experiment_check_integer(run, FOUND, "models whose k is not read", sum.active, 0);
    experiment_check_integer(run, FOUND, "factors of outputs not found or invented", sum.biases, 0);
    experiment_check_integer(run, FOUND, "numbers of gate matrices that differ from those written",
                             sum.numbers, 0);
    experiment_check_integer(run, FOUND, "kinds of suggestive names of which nothing is said", sum.taken, 0);
    write_found(run, list, count);
    summarise_found(run, list, count);
}

// ---- Random routers ----

// The cells of a grid around the places that matter: consecutive borders, ascending.
typedef struct grid {
    size_t cells;
    double *border; // cells + 1
} grid_t;

static grid_t grid_alloc(experiment_t *run, size_t cells) {
    return (grid_t){.cells = cells, .border = experiment_memory(run, calloc(cells + 1, sizeof(double)))};
}

// bf16 has 128 numbers in each binade. Those of magnitude 2^-12 to 16, one cell between them; what the tails and that cell add is
// not seen: fewer than 2^-12 of the logits are in it, and ties of its real cells of width 2^-20 have no weight.
static grid_t bf16_grid(experiment_t *run) {
    enum { BINADE = 128, LOWEST = -12, HIGHEST = 4 };
    const size_t numbers = (HIGHEST - LOWEST) * BINADE;
    double *number = experiment_memory(run, calloc(2 * numbers, sizeof *number));
    for (size_t i = 0; i < numbers; i++) {
        const double size = ldexp(1 + (double)(i % BINADE) / BINADE, LOWEST + (int)(i / BINADE));
        number[numbers + i] = size;
        number[numbers - 1 - i] = -size;
    }
    grid_t grid = grid_alloc(run, 2 * numbers - 2);
    for (size_t i = 0; i + 1 < 2 * numbers; i++)
        grid.border[i] = (number[i] + number[i + 1]) / 2;
    free(number);
    return grid;
}

static grid_t even_grid(experiment_t *run, double width) {
    const double reach = 8;
    grid_t grid = grid_alloc(run, (size_t)(2 * reach / width));
    for (size_t i = 0; i <= grid.cells; i++)
        grid.border[i] = -reach + (double)i * width;
    return grid;
}

typedef struct chances {
    double tie, flip;
} chances_t;

//[core
// ln of N! / (a! m! (N-a-m)!) p^a q^m (1-p-q)^(N-a-m).
static double log_weight(ulong n, ulong a, ulong m, double p, double q) {
    const ulong rest = n - a - m;
    double sum = gsl_sf_lnfact((unsigned)n) - gsl_sf_lnfact((unsigned)a);
    sum -= gsl_sf_lnfact((unsigned)m) + gsl_sf_lnfact((unsigned)rest);
    sum += (double)m * log(q);
    sum += a > 0 ? (double)a * log(p) : 0;
    return sum + (rest > 0 ? (double)rest * log(fmax(1 - p - q, 0)) : 0);
}

// The part of one cell in (1): p above, q inside.
static void add_cell(ulong n, ulong k, double p, double q, chances_t *chances) {
    for (ulong a = 0; a < k; a++)
        for (ulong m = k - a + 1; m <= n - a; m++) {
            const double weight = exp(log_weight(n, a, m, p, q));
            const double same = exp(-gsl_sf_lnchoose((unsigned)m, (unsigned)(k - a)));
            chances->tie += weight;
            chances->flip += weight * (1 - same);
            // From the mean of m on the weights fall faster and faster.
            if ((double)m > (double)n * q + 2 && weight < NEGLIGIBLE)
                break;
        }
}
//]core

static chances_t chances_of(ulong n, ulong k, const grid_t *grid) {
    static const double LIGHT = 1e-9; // q below this adds less than N^2 of its square
    chances_t chances = {0, 0};
    for (size_t c = 0; c < grid->cells; c++) {
        const double p = gsl_cdf_ugaussian_Q(grid->border[c + 1]),
                     q = gsl_cdf_ugaussian_Q(grid->border[c]) - p;
        // The binade's cells next to zero are one: see bf16_grid.
        const bool lump = grid->border[c] < 0 && grid->border[c + 1] > 0 && grid->border[c] > -0x1p-11;
        if (q > LIGHT && !lump)
            add_cell(n, k, p, q, &chances);
    }
    return chances;
}

// A shape whose rows of logits are sampled.
typedef struct tally {
    struct shape shape;
    rounding_t format;
} tally_t;

enum { MOST_SAMPLED = 64 }; // k of sampled shapes at most

// Selects the k largest, the lower index first among equals. Returns whether ranks k and k + 1 are equal.
static bool select_set(const double *logits, size_t n, size_t k, bool *member) {
    double largest[MOST_SAMPLED + 1];
    gsl_sort_largest(largest, k + 1, logits, 1, n);
    const double least = largest[k - 1];
    size_t above = 0, equal = 0;
    for (size_t i = 0; i < n; i++)
        above += logits[i] > least;
    for (size_t i = 0; i < n; i++) {
        equal += logits[i] == least;
        member[i] = logits[i] > least || (logits[i] == least && above + equal <= k);
    }
    return largest[k] == least;
}

// Component 0: whether there is a tie at rank k after rounding; component 1: whether the set is another one.
static int sample_rows(const montecarlo_block_t *block, const void *context) {
    const tally_t *tally = context;
    const size_t n = tally->shape.experts, k = tally->shape.active;
    double *logits = block->work, *rounded = logits + n;
    bool *before = (bool *)(rounded + n), *after = before + n;
    for (size_t s = 0; s < block->count; s++) {
        stream_normals(block->stream, logits, n);
        rounding_row(&tally->format, logits, n, rounded);
        select_set(logits, n, k, before);
        block->samples[2 * s] = select_set(rounded, n, k, after);
        block->samples[2 * s + 1] = memcmp(before, after, n * sizeof *before) != 0;
    }
    return GSL_SUCCESS;
}

// The density of gap_k at zero, e(N, k) / (2 sqrt(pi)).
static double density_of(experiment_t *run, ulong n, ulong k, double *circle) {
    ball_t cells;
    experiment_require(run, great_circle_cells(n, k, &cells), "great_circle_cells");
    *circle = cells.value;
    return cells.value / (2 * M_SQRTPI);
}

// Of an observed rate from a chance, in the standard errors that the chance has in as many rows.
static double deviation(const moments_t *moments, size_t component, double chance) {
    return (moments_mean(moments, component) - chance) / sqrt(chance * (1 - chance) / (double)moments->count);
}

static void check_shape(experiment_t *run, const struct shape *shape, const grid_t *bf16, const grid_t *fine,
                        double *worst) {
    char part[TEXT], what[TEXT];
    double circle;
    tally_t tally = {.shape = *shape};
    const chances_t exact = chances_of(shape->experts, shape->active, bf16),
                    limit = chances_of(shape->experts, shape->active, fine);
    const double density = density_of(run, shape->experts, shape->active, &circle);
    if (!rounding_parse("bf16", &tally.format))
        experiment_stop(run, FAULT_INTERNAL, "the format bf16 is not known");
    snprintf(part, sizeof part, "rows-%lu-%lu", shape->experts, shape->active);
    moments_t *moments = experiment_montecarlo(run, part, experiment_quick(run) ? ROWS_QUICK : ROWS, 2,
                                               4 * shape->experts, sample_rows, &tally);
    const double ties = deviation(moments, 0, exact.tie), flips = deviation(moments, 1, exact.flip);
    snprintf(what, sizeof what, "standard errors between sampled and summed ties; N = %lu and k = %lu",
             shape->experts, shape->active);
    experiment_check(run, RANDOM, what, fabs(ties), AT_MOST, Z, 0);
    snprintf(what, sizeof what, "standard errors between sampled and summed flips; N = %lu and k = %lu",
             shape->experts, shape->active);
    experiment_check(run, RANDOM, what, fabs(flips), AT_MOST, Z, 0);
    *worst = fmax(*worst, fmax(fabs(ties), fabs(flips)));
    snprintf(what, sizeof what, "ties on a fine grid over f u/2 less one; N = %lu and k = %lu",
             shape->experts, shape->active);
    experiment_check(run, RANDOM, what, fabs(limit.tie / (density * FINE / 2) - 1), AT_MOST, NARROW, 0);
    snprintf(what, sizeof what, "flips on a fine grid over f u/4 less one; N = %lu and k = %lu",
             shape->experts, shape->active);
    experiment_check(run, RANDOM, what, fabs(limit.flip / (density * FINE / 4) - 1), AT_MOST, NARROW, 0);
    moments_free(moments);
}

static void check_random(experiment_t *run, const grid_t *bf16) {
    grid_t fine = even_grid(run, FINE);
    double worst = 0;
    for (size_t i = 0; i < COUNT(SAMPLED); i++)
        check_shape(run, &SAMPLED[i], bf16, &fine, &worst);
    experiment_macro(run, "WorstDeviation", "%.1f", worst);
    free(fine.border);
}

static void write_random(experiment_t *run, const checkpoint_t *list, size_t count, const grid_t *bf16) {
    static const table_column_t columns[] = {
        {"model", "1", NULL, ""},
        {"experts", "1", NULL, ""},
        {"active", "1", NULL, ""},
        {"layers", "1", NULL, ""},
        {"circle", "e(N k)", "%.8f", "%.2f"},
        {"density", "of gap_k at zero", "%.8f", "%.2f"},
        {"ties", "percent of layers; bf16", "%.6f", "%.2f"},
        {"flips", "percent of layers; bf16", "%.6f", "%.2f"},
        {"noise", "percent of layers; first order in the noise", "%.6f", "%.2f"},
        {"token", "layers of a token that flip; bf16", "%.6f", "%.2f"}};
    table_t *table = experiment_table(run, "random", "what independent standard normal logits would do",
                                      columns, COUNT(columns), count);
    for (size_t i = 0; i < count; i++) {
        const model_t *model = list[i].model;
        double circle;
        const double density = density_of(run, model->experts, model->active, &circle);
        const chances_t chances = chances_of(model->experts, model->active, bf16);
        table_text(table, model->name);
        table_integer(table, (long long)model->experts);
        table_integer(table, (long long)model->active);
        table_integer(table, (long long)list[i].layers);
        table_real(table, circle);
        table_real(table, density);
        table_real(table, 100 * chances.tie);
        table_real(table, 100 * chances.flip);
        table_real(table, 100 * density * NOISE / M_SQRTPI);
        table_real(table, (double)list[i].layers * chances.flip);
    }
}

// ---- All of it ----

static void state_parameters(experiment_t *run) {
    experiment_parameter(run, "Noise", "%.2f", NOISE, "logits");
    experiment_parameter(run, "Rows", "%.0f", experiment_quick(run) ? ROWS_QUICK : ROWS, "rows");
    experiment_parameter(run, "Shapes", "%.0f", (double)COUNT(SAMPLED), "1");
}

// The models with the rest of their rows.
static size_t make_list(experiment_t *run, const models_t *models, checkpoint_t *list) {
    size_t router, count = 0;
    fault_t fault = {0};
    double *layers = experiment_memory(run, calloc(models->count, sizeof *layers));
    sheet_column(&models->sheet, "router", &router, &fault);
    experiment_accept(run, &fault);
    experiment_numbers(run, &models->sheet, "layers_moe", layers);
    for (size_t i = 0; i < models->count; i++) {
        const model_t *model = &models->list[i];
        const model_layout_t *layout = model_layout_of(model->name);
        if (layout == NULL)
            experiment_stop(run, FAULT_INPUT,
                            "data/architectures.csv: no names of tensors are known for the model «%s»",
                            model->name);
        if (!is_chosen(run, model->name))
            continue;
        checkpoint_t *checkpoint = &list[count++];
        *checkpoint = (checkpoint_t){.model = model, .layout = layout, .layers = (size_t)layers[i]};
        expected_rule(sheet_cell(&models->sheet, i, router), checkpoint->rule);
    }
    free(layers);
    return count;
}

static void run_checkpoints(experiment_t *run) {
    models_t models = {0};
    fault_t fault = {0};
    state_parameters(run);
    models_read(experiment_data(run, "architectures.csv"), &models, &fault);
    experiment_accept(run, &fault);
    checkpoint_t *list = experiment_memory(run, calloc(models.count, sizeof *list));
    const size_t count = make_list(run, &models, list);
    check_found(run, list, count);
    grid_t bf16 = bf16_grid(run);
    check_random(run, &bf16);
    write_random(run, list, count, &bf16);
    experiment_claim(run, FOUND, VERDICT_HOLDS, METHOD_EXACT, "checkpoints.csv");
    experiment_claim(run, RANDOM, VERDICT_HOLDS, METHOD_MONTECARLO,
                     "checkpoints.random.csv; proof of (1) in the section");
    free(bf16.border);
    free(list);
    models_free(&models);
}

int main(int argc, char **argv) {
    static const experiment_plan_t plan = {
        .name = "checkpoints",
        .brief = "the routers of checkpoints with published names and sizes, and what random ones would do",
        .seed = 61,
        .run = run_checkpoints};
    return experiment_main(&plan, argc, argv);
}
