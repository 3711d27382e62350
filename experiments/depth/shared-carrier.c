// SPDX-License-Identifier: GPL-3.0-or-later
// The affine carrier: what an affine shared expert does to the output of a layer, and who else can do it.
//
// CLAIM (Sparsity is Combinatorial Depth, section 5.3)
//   depth/prop-5.9   with an affine shared expert E_s the layer is F = A + R, A = E_s independent of the routing and R the
//                    routed sum
//
// DERIVATION. This is the definition of F. Since the gates of the active experts sum to 1, moreover
//     E_s(x) + sum_i G_i E_i(x) = sum_i G_i (E_i(x) + E_s(x)),
// and E_i + E_s is again a ReLU expert, with 2d more units (x = relu(x) - relu(-x)), or with none if E_s is a constant: the
// layers with an affine shared expert are among those without. On every region E_s adds the same affine map, so that two
// regions carry different maps with it exactly when they do without it.
//
// All is evaluated in rationals: the logits are integers in units of log 2, which makes the gates rational.
#include "geometry/list.h"
#include "io/experiment.h"

#include <flint/flint.h>
#include <flint/fmpq.h>
#include <gsl/gsl_errno.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

// ---- Parameters ----

enum { RANGE = 9 }; // random integers are in -RANGE..RANGE
enum { TOY_EXPERTS = 4, TOY_WIDTH = 3, TOY_INPUTS = 2, TOY_OUTPUTS = 2 };
enum { TOYS = 200, TOYS_QUICK = 40, POINTS = 25 }; // layers, and points for each and each k
static const char *const CLAIM = "depth/prop-5.9";

// Integers from -range to range.
static void draw_integers(stream_t *stream, slong *values, size_t n, slong range) {
    for (size_t i = 0; i < n; i++)
        values[i] = stream_pick(stream, -range, range);
}

// ---- A layer with integer weights ----

// A layer with integer weights and logits in units of log 2, so that gates are rational at integer points.
enum { TOY_MOST = TOY_WIDTH + 2 * TOY_INPUTS };

typedef struct toy {
    slong width;                                          // units of an expert, up to TOY_MOST
    slong router[TOY_EXPERTS][TOY_INPUTS + 1];            // with bias
    slong hidden[TOY_EXPERTS][TOY_MOST][TOY_INPUTS + 1];  // with bias
    slong output[TOY_EXPERTS][TOY_OUTPUTS][TOY_MOST + 1]; // the bias at [width]
    bool sharing;                                         // whether there is a shared expert
    slong shared[TOY_OUTPUTS][TOY_INPUTS + 1];
} toy_t;

static slong affine(const slong *w, const slong *x) {
    slong sum = w[TOY_INPUTS];
    for (size_t l = 0; l < TOY_INPUTS; l++)
        sum += w[l] * x[l];
    return sum;
}

// No two logits are the same.
static void draw_toy(stream_t *stream, toy_t *toy) {
    *toy = (toy_t){.width = TOY_WIDTH, .sharing = true};
    for (size_t i = 0; i < TOY_EXPERTS; i++) {
        bool twin = true;
        while (twin) {
            draw_integers(stream, toy->router[i], TOY_INPUTS + 1, RANGE);
            twin = false;
            for (size_t j = 0; j < i; j++)
                twin |= memcmp(toy->router[i], toy->router[j], sizeof toy->router[i]) == 0;
        }
        for (size_t u = 0; u < TOY_WIDTH; u++)
            draw_integers(stream, toy->hidden[i][u], TOY_INPUTS + 1, RANGE);
        for (size_t c = 0; c < TOY_OUTPUTS; c++)
            draw_integers(stream, toy->output[i][c], TOY_WIDTH + 1, RANGE);
    }
    for (size_t c = 0; c < TOY_OUTPUTS; c++)
        draw_integers(stream, toy->shared[c], TOY_INPUTS + 1, RANGE);
}

// The same function without a shared expert: every expert gets the units x_l and -x_l, and E_s from them.
static void absorb(const toy_t *toy, toy_t *result) {
    *result = *toy;
    result->width = toy->width + 2 * TOY_INPUTS;
    result->sharing = false;
    for (size_t i = 0; i < TOY_EXPERTS; i++) {
        for (size_t l = 0; l < 2 * TOY_INPUTS; l++)
            result->hidden[i][toy->width + (slong)l][l / 2] = l % 2 == 0 ? 1 : -1;
        for (size_t c = 0; c < TOY_OUTPUTS; c++) {
            for (size_t l = 0; l < 2 * TOY_INPUTS; l++)
                result->output[i][c][toy->width + (slong)l] = (l % 2 == 0 ? 1 : -1) * toy->shared[c][l / 2];
            result->output[i][c][result->width] = toy->output[i][c][toy->width] + toy->shared[c][TOY_INPUTS];
        }
    }
}

static slong run_toy_expert(const toy_t *toy, size_t i, size_t c, const slong *x) {
    slong sum = toy->output[i][c][toy->width];
    for (slong u = 0; u < toy->width; u++) {
        const slong height = affine(toy->hidden[i][u], x);
        sum += height > 0 ? height * toy->output[i][c][u] : 0;
    }
    return sum;
}

// Output number c, exactly; the gates are 2^(z - least) over their sum.
static void run_toy(const toy_t *toy, slong active, size_t c, const slong *x, fmpq_t result) {
    slong logits[TOY_EXPERTS], least = WORD_MAX;
    fmpz_t gate, sum, total;
    fmpz_init(gate);
    fmpz_init(sum);
    fmpz_init(total);
    for (size_t i = 0; i < TOY_EXPERTS; i++) {
        logits[i] = affine(toy->router[i], x);
        least = logits[i] < least ? logits[i] : least;
    }
    for (size_t i = 0; i < TOY_EXPERTS; i++) {
        slong before = 0;
        for (size_t j = 0; j < TOY_EXPERTS; j++)
            before += logits[j] > logits[i] || (logits[j] == logits[i] && j < i);
        if (before >= active)
            continue;
        fmpz_one(gate);
        fmpz_mul_2exp(gate, gate, (ulong)(logits[i] - least));
        fmpz_add(total, total, gate);
        fmpz_mul_si(gate, gate, run_toy_expert(toy, i, c, x));
        fmpz_add(sum, sum, gate);
    }
    fmpq_set_fmpz_frac(result, sum, total);
    if (toy->sharing) {
        fmpz_set_si(gate, affine(toy->shared[c], x));
        fmpq_add_fmpz(result, result, gate);
    }
    fmpz_clear(gate);
    fmpz_clear(sum);
    fmpz_clear(total);
}

// Values where F is not A + R, where F - R changes with the routing, and where the layer that absorbed E_s has another.
typedef struct {
    long long values, apart, entangled, unabsorbed;
} identity_t;

static void examine_point(const toy_t *toy, const toy_t *other, slong active, const slong *x,
                          identity_t *tally) {
    toy_t routed = *toy, elsewhere = *other, absorbed;
    routed.sharing = elsewhere.sharing = false;
    absorb(toy, &absorbed);
    fmpq_t whole, rest, carrier;
    fmpz_t affine_part;
    fmpq_init(whole);
    fmpq_init(rest);
    fmpq_init(carrier);
    fmpz_init(affine_part);
    for (size_t c = 0; c < TOY_OUTPUTS; c++) {
        tally->values++;
        run_toy(toy, active, c, x, whole);
        run_toy(&routed, active, c, x, rest);
        fmpz_set_si(affine_part, affine(toy->shared[c], x));
        fmpq_add_fmpz(carrier, rest, affine_part);
        tally->apart += !fmpq_equal(whole, carrier);
        run_toy(&absorbed, active, c, x, carrier);
        tally->unabsorbed += !fmpq_equal(whole, carrier);
        run_toy(other, active, c, x, whole);
        run_toy(&elsewhere, active, c, x, rest);
        fmpq_sub(whole, whole, rest);
        fmpq_sub_fmpz(whole, whole, affine_part);
        tally->entangled += !fmpq_is_zero(whole);
    }
    fmpq_clear(whole);
    fmpq_clear(rest);
    fmpq_clear(carrier);
    fmpz_clear(affine_part);
}

// ---- The identity ----

// All values of k on the same layers and points.
static void examine_identity(experiment_t *run, identity_t tally[TOY_EXPERTS]) {
    const int toys = experiment_quick(run) ? TOYS_QUICK : TOYS;
    for (int t = 0; t < toys; t++) {
        stream_t stream = experiment_stream(run, (uint32_t)t);
        toy_t toy, other;
        slong x[TOY_INPUTS];
        draw_toy(&stream, &toy);
        draw_toy(&stream, &other); // other experts and another router beside the same shared expert
        memcpy(other.shared, toy.shared, sizeof other.shared);
        for (int p = 0; p < POINTS; p++) {
            draw_integers(&stream, x, TOY_INPUTS, RANGE);
            for (slong k = 1; k <= TOY_EXPERTS; k++)
                examine_point(&toy, &other, k, x, &tally[k - 1]);
        }
    }
}

static void decide_identity(experiment_t *run) {
    static const table_column_t columns[] = {{"active", "1", NULL, NULL},
                                             {"values", "1", NULL, NULL},
                                             {"apart", "1", NULL, NULL},
                                             {"entangled", "1", NULL, NULL},
                                             {"unabsorbed", "1", NULL, NULL}};
    table_t *table = experiment_table(run, "", "values computed exactly, and violations of the identities",
                                      columns, COUNT(columns), TOY_EXPERTS);
    identity_t tally[TOY_EXPERTS] = {0}, all = {0};
    examine_identity(run, tally);
    for (slong k = 1; k <= TOY_EXPERTS; k++) {
        const identity_t *of = &tally[k - 1];
        const long long cells[] = {k, of->values, of->apart, of->entangled, of->unabsorbed};
        for (size_t c = 0; c < COUNT(cells); c++)
            table_integer(table, cells[c]);
        all.values += of->values;
        all.apart += of->apart;
        all.entangled += of->entangled;
        all.unabsorbed += of->unabsorbed;
    }
    experiment_check(run, CLAIM, "values with F other than A + R", (double)all.apart, EQUAL, 0, 0);
    experiment_check(run, CLAIM, "values whose carrier changes with the routing", (double)all.entangled,
                     EQUAL, 0, 0);
    experiment_check(run, CLAIM, "values other than those of the layer that absorbed E_s",
                     (double)all.unabsorbed, EQUAL, 0, 0);
    experiment_macro_integer(run, "Values", all.values);
}

// ---- Affine pieces ----

// The affine map of the output 0 on each region of a layer with one active expert.
typedef struct {
    const toy_t *toy;
    slong (*maps)[TOY_INPUTS + 1];
    size_t count, room;
} pieces_t;

static int take_piece(void *context, const list_region_t *region) {
    pieces_t *pieces = context;
    if (pieces->count == pieces->room)
        return GSL_EMAXITER;
    const toy_t *toy = pieces->toy;
    const slong i = region->members[0];
    slong *map = pieces->maps[pieces->count++];
    for (size_t l = 0; l <= TOY_INPUTS; l++)
        map[l] = toy->sharing ? toy->shared[0][l] : 0;
    map[TOY_INPUTS] += toy->output[i][0][toy->width];
    for (slong u = 0; u < toy->width; u++)
        for (size_t l = 0; l <= TOY_INPUTS; l++)
            map[l] += region->sign[u] > 0 ? toy->output[i][0][u] * toy->hidden[i][u][l] : 0;
    return GSL_SUCCESS;
}

static int compare_maps(const void *a, const void *b) {
    const slong *p = a, *q = b;
    for (size_t l = 0; l <= TOY_INPUTS; l++)
        if (p[l] != q[l])
            return p[l] < q[l] ? -1 : 1;
    return 0;
}

// How many different affine maps the layer has on its regions.
static size_t count_maps(experiment_t *run, const toy_t *toy, const layer_t *layer, size_t *regions) {
    enum { ROOM = 1000 };
    pieces_t pieces = {toy, experiment_memory(run, calloc(ROOM, sizeof *pieces.maps)), 0, ROOM};
    experiment_require(run, list_layer(layer, take_piece, &pieces), "list_layer");
    qsort(pieces.maps, pieces.count, sizeof *pieces.maps, compare_maps);
    size_t different = 0;
    for (size_t i = 0; i < pieces.count; i++)
        different += i == 0 || compare_maps(pieces.maps[i], pieces.maps[i - 1]) != 0;
    *regions = pieces.count;
    free(pieces.maps);
    return different;
}

static layer_t *layer_of(experiment_t *run, const toy_t *toy) {
    layer_t *layer = experiment_memory(run, layer_alloc(TOY_EXPERTS, 1, toy->width, TOY_INPUTS));
    for (slong i = 0; i < TOY_EXPERTS; i++)
        for (slong l = 0; l <= TOY_INPUTS; l++) {
            fmpz_set_si(fmpz_mat_entry(layer->router, i, l), toy->router[i][l]);
            for (slong u = 0; u < toy->width; u++)
                fmpz_set_si(fmpz_mat_entry(layer->rows, i * toy->width + u, l), toy->hidden[i][u][l]);
        }
    return layer;
}

static void check_maps(experiment_t *run) {
    const int toys = experiment_quick(run) ? TOYS_QUICK : TOYS;
    long long changed = 0, pieces = 0, all = 0;
    for (int t = 0; t < toys; t++) {
        stream_t stream = experiment_stream(run, (uint32_t)t);
        toy_t toy;
        size_t regions, with, without;
        draw_toy(&stream, &toy);
        layer_t *layer = layer_of(run, &toy);
        with = count_maps(run, &toy, layer, &regions);
        toy.sharing = false;
        without = count_maps(run, &toy, layer, &regions);
        changed += with != without;
        pieces += (long long)without;
        all += (long long)regions;
        layer_free(layer);
    }
    experiment_check(run, CLAIM, "layers whose number of affine pieces changes with an affine shared expert",
                     (double)changed, EQUAL, 0, 0);
    experiment_macro_integer(run, "Pieces", pieces);
    experiment_macro_integer(run, "PieceRegions", all);
}

static void run_shared_carrier(experiment_t *run) {
    experiment_parameter(run, "Toys", "%.0f", experiment_quick(run) ? TOYS_QUICK : TOYS, "layers");
    experiment_parameter(run, "Points", "%.0f", POINTS, "points");
    decide_identity(run);
    check_maps(run);
    experiment_claim(run, CLAIM, VERDICT_HOLDS, METHOD_EXACT, "shared-carrier.csv; by definition");
    flint_cleanup();
}

int main(int argc, char **argv) {
    static const experiment_plan_t plan = {
        .name = "shared-carrier",
        .brief = "the affine carrier of a shared expert in exact arithmetic, and the experts that absorb it",
        .seed = 59,
        .run = run_shared_carrier};
    return experiment_main(&plan, argc, argv);
}
