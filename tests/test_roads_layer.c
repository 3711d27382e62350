// SPDX-License-Identifier: GPL-3.0-or-later
// geometry/layer_vertices (V), layer_flats (F) and list: all roads to the regions of a top-k layer agree, on thousands
// of random layers of every kind of degeneracy, with each other and with the definition (tests/support/brute). V may
// refuse a layer that is not in general position; it must never be wrong. Then layers whose answer is known or documented,
// rows that agree to 50 bits and more, and floating weights from a file.
#include "geometry/layer_flats.h"
#include "geometry/layer_vertices.h"
#include "geometry/list.h"
#include "geometry/tree.h"
#include "support/brute.h"
#include "support/cases.h"
#include "support/expect.h"
#include "support/families.h"
#include "support/instances.h"
#include "support/record.h"
#include "support/seeds.h"

#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const shards_control_t ALONE = {.threads = 1};

static layer_count_t by_flats(const expect_case_t *subject, const layer_t *layer) {
    layer_count_t count;
    layer_count_init(&count, layer->dimension);
    expect_si(subject, "status of F", layer_flats_count(layer, &ALONE, NULL, NULL, &count), GSL_SUCCESS);
    return count;
}

static void expect_sum(const expect_case_t *subject, const char *what, const layer_count_t *count) {
    fmpz_t sum;
    fmpz_init(sum);
    expect_si(subject, what, count->levels, subject->layer->dimension + 1);
    _fmpz_vec_sum(sum, count->level, count->levels);
    expect_fmpz(subject, what, sum, count->regions);
    fmpz_clear(sum);
}

// V gives the expected number, or says in words that it cannot. Returns whether it counted.
static bool expect_vertices(const expect_case_t *subject, uint64_t seed, const fmpz_t expected) {
    layer_count_t count;
    char reason[LAYER_VERTICES_REASON] = "";
    layer_count_init(&count, subject->layer->dimension);
    fmpz_set_si(count.regions, -7);
    const int status = layer_vertices_count(subject->layer, seed, &ALONE, &count, reason);
    if (status == GSL_SUCCESS) {
        expect_fmpz(subject, "regions by V", count.regions, expected);
        expect_sum(subject, "levels of V", &count);
    } else {
        expect_si(subject, "status of V", status, GSL_ESING);
        expect_true(subject, "count left as it was", fmpz_equal_si(count.regions, -7));
        expect_true(subject, "a reason in one line",
                    strlen(reason) > 0 && strlen(reason) < LAYER_VERTICES_REASON &&
                        strchr(reason, '\n') == NULL);
    }
    layer_count_clear(&count);
    return status == GSL_SUCCESS;
}

// ---- Roads ----

// The coalitions of F one after another, against a listing of all regions.
typedef struct {
    const expect_case_t *subject;
    const record_t *listing;
    slong next; // the first region of the next coalition
    slong coalitions;
} coalitions_t;

static void compare_coalition(void *context, const slong *members, slong active, const fmpz_t regions) {
    coalitions_t *coalitions = context;
    const record_t *listing = coalitions->listing;
    expect_true(coalitions->subject, "no coalition beyond those listed", coalitions->next < listing->count);
    expect_si(coalitions->subject, "size of a coalition", active, listing->active);
    for (slong m = 0; m < active; m++)
        expect_si(coalitions->subject, "member of a coalition", members[m],
                  listing->bytes[coalitions->next * listing->size + m]);
    const slong run = record_run(listing, coalitions->next);
    expect_si(coalitions->subject, "regions of a coalition", fmpz_get_si(regions), run);
    coalitions->next += run;
    coalitions->coalitions++;
}

// F agrees with a listing, coalition for coalition.
static void expect_flats(const expect_case_t *subject, const record_t *listing) {
    layer_count_t count;
    coalitions_t coalitions = {subject, listing, 0, 0};
    layer_count_init(&count, subject->layer->dimension);
    const int status = layer_flats_count(subject->layer, &ALONE, compare_coalition, &coalitions, &count);
    expect_si(subject, "status of F", status, GSL_SUCCESS);
    expect_fmpz(subject, "regions by F", count.regions, (const fmpz[]){listing->count});
    expect_sum(subject, "levels of F", &count);
    expect_si(subject, "regions of the coalitions of F", coalitions.next, listing->count);
    expect_fmpz(subject, "reachable coalitions", count.level, (const fmpz[]){coalitions.coalitions});
    layer_count_clear(&count);
}

static void make_list(const expect_case_t *subject, record_t *list) {
    record_init(list, NULL, subject->layer);
    expect_si(subject, "status of the list", list_layer(subject->layer, record_list, list), GSL_SUCCESS);
    expect_si(subject, "listed points outside", list->outside, 0);
}

// The definition, list, F and V. Returns whether V counted.
static bool expect_all_roads(const expect_case_t *subject, stream_t *stream) {
    record_t brute, list;
    record_init(&brute, NULL, subject->layer);
    brute_layer(subject->layer, record_brute, &brute);
    expect_si(subject, "points of brute force outside", brute.outside, 0);
    make_list(subject, &list);
    expect_si(subject, "regions listed", list.count, brute.count);
    expect_true(subject, "the same regions in the same order", record_equal(&brute, &list));
    expect_flats(subject, &brute);
    const bool counted =
        expect_vertices(subject, (uint64_t)seeds_pick(stream, 0, 1 << 30), (const fmpz[]){brute.count});
    record_clear(&brute);
    record_clear(&list);
    return counted;
}

static void test_small(void **state) {
    (void)state;
    slong counted = 0;
    const slong seeds = seeds_times(6000);
    for (slong seed = 0; seed < seeds; seed++) {
        stream_t stream;
        const expect_case_t subject = cases_layer("small", seed, (cases_limits_t){5, 3, 4}, &stream);
        counted += expect_all_roads(&subject, &stream);
        cases_end(&subject);
    }
    assert_true(4 * counted > seeds); // V was tested as well
}

// Many experts with few units, in few dimensions.
static void test_many_experts(void **state) {
    (void)state;
    const slong seeds = seeds_times(1000);
    for (slong seed = 0; seed < seeds; seed++) {
        stream_t stream;
        const expect_case_t subject = cases_layer("many experts", seed, (cases_limits_t){9, 1, 3}, &stream);
        expect_all_roads(&subject, &stream);
        cases_end(&subject);
    }
}

// V must not refuse what is in general position: entries of 20 bits leave no other choice.
static void test_generic(void **state) {
    (void)state;
    const slong seeds = seeds_times(600);
    for (slong seed = 0; seed < seeds; seed++) {
        stream_t stream = seeds_stream("generic", seed);
        const slong n = seeds_pick(&stream, 1, 6), d = seeds_pick(&stream, 1, 4);
        const families_kind_t kind = seed % 3 == 0 ? FAMILIES_BIG : FAMILIES_GENERIC;
        const slong k = seeds_pick(&stream, 1, n), h = seeds_pick(&stream, 0, 3);
        const expect_case_t subject = {"generic",
                                       families_kind_name(kind),
                                       seed,
                                       NULL,
                                       families_layer(kind, FAMILIES_PLAIN, n, k, h, d, &stream),
                                       NULL};
        expect_true(&subject, "V counts in general position", expect_all_roads(&subject, &stream));
        cases_end(&subject);
    }
}

// More dimensions than units can fill, up to 10.
static void test_many_dimensions(void **state) {
    (void)state;
    const slong seeds = seeds_times(208);
    for (slong seed = 0; seed < seeds; seed++) {
        stream_t stream;
        const expect_case_t subject =
            cases_layer("many dimensions", seed, (cases_limits_t){4, 2, 10}, &stream);
        expect_all_roads(&subject, &stream);
        cases_end(&subject);
    }
}

// Too large for the definition: list, F, and V with three functionals.
static void test_medium(void **state) {
    (void)state;
    const slong seeds = seeds_times(104);
    for (slong seed = 0; seed < seeds; seed++) {
        stream_t stream;
        const expect_case_t subject = cases_layer("medium", seed, (cases_limits_t){7, 3, 4}, &stream);
        record_t list;
        make_list(&subject, &list);
        expect_flats(&subject, &list);
        for (uint64_t functional = 0; functional < 3; functional++)
            expect_vertices(&subject, functional, (const fmpz[]){list.count});
        record_clear(&list);
        cases_end(&subject);
    }
}

// ---- Special shapes ----

static void test_all_active(void **state) {
    (void)state;
    const slong seeds = seeds_times(600);
    for (slong seed = 0; seed < seeds; seed++) {
        stream_t stream;
        const expect_case_t subject = cases_layer("all active", seed, (cases_limits_t){4, 4, 4}, &stream);
        layer_t *layer = cases_layer_of(&subject);
        layer->active = layer->experts;
        if (seed % 2 == 0) // twins are no error then
            fmpz_mat_zero(layer->router);
        arrangement_t *a = arrangement_alloc(layer->experts * layer->width, layer->dimension);
        fmpz_mat_set(a->rows, layer->rows);
        tree_count_t tree;
        tree_count_init(&tree, layer->dimension);
        expect_si(&subject, "status of the tree", tree_regions(a, &ALONE, &tree), GSL_SUCCESS);
        layer_count_t flats = by_flats(&subject, layer);
        expect_vector(&subject, "levels of F and of the tree", flats.level, tree.level, tree.levels);
        expect_vertices(&subject, (uint64_t)seed, tree.regions);
        layer_count_clear(&flats);
        tree_count_clear(&tree);
        arrangement_free(a);
        cases_end(&subject);
    }
}

// The k largest logits are the N - k smallest of the negative router, so the routing cells are as many.
static void test_routing_duality(void **state) {
    (void)state;
    const slong seeds = seeds_times(400);
    for (slong seed = 0; seed < seeds; seed++) {
        stream_t stream;
        const expect_case_t subject = cases_layer("duality", seed, (cases_limits_t){8, 0, 4}, &stream);
        layer_t *layer = cases_layer_of(&subject);
        layer_count_t before = by_flats(&subject, layer);
        expect_fmpz(&subject, "without units a coalition is a region", before.level, before.regions);
        if (layer->active < layer->experts) {
            layer->active = layer->experts - layer->active;
            fmpz_mat_neg(layer->router, layer->router);
            layer_count_t after = by_flats(&subject, layer);
            expect_fmpz(&subject, "routing cells of the negative router", after.regions, before.regions);
            expect_vertices(&subject, (uint64_t)seed, before.regions);
            layer_count_clear(&after);
        }
        layer_count_clear(&before);
        cases_end(&subject);
    }
}

static int visit_none(void *context, const list_region_t *region) {
    (void)region;
    return ++*(int *)context;
}

// Identical logits are an error everywhere, whatever else the layer is.
static void test_twins(void **state) {
    (void)state;
    const slong seeds = seeds_times(100);
    for (slong seed = 0; seed < seeds; seed++) {
        stream_t stream;
        const expect_case_t subject = cases_layer("twins", seed, (cases_limits_t){6, 2, 4}, &stream);
        layer_t *layer = cases_layer_of(&subject);
        char reason[LAYER_VERTICES_REASON] = "";
        int visits = 0;
        if (layer->active < layer->experts) {
            const slong first = seeds_pick(&stream, 0, layer->experts - 2);
            _fmpz_vec_set(layer->router->rows[layer->experts - 1], layer->router->rows[first],
                          layer->dimension + 1);
            slong one = -1, other = -1;
            expect_true(&subject, "twins are found", layer_twins(layer, &one, &other));
            expect_true(&subject, "and named",
                        one != other && _fmpz_vec_equal(layer->router->rows[one], layer->router->rows[other],
                                                        layer->dimension + 1));
            layer_count_t count;
            layer_count_init(&count, layer->dimension);
            expect_si(&subject, "F", layer_flats_count(layer, &ALONE, NULL, NULL, &count), GSL_EDOM);
            expect_si(&subject, "V", layer_vertices_count(layer, 1, &ALONE, &count, reason), GSL_EDOM);
            expect_si(&subject, "list", list_layer(layer, visit_none, &visits), GSL_EDOM);
            expect_si(&subject, "regions listed", visits, 0);
            expect_true(&subject, "count left as it was", fmpz_is_zero(count.regions));
            layer_count_clear(&count);
        }
        cases_end(&subject);
    }
}

// ---- Invariance ----

static void apply_map(layer_t *layer, stream_t *stream) {
    fmpz_mat_t map;
    fmpz_mat_init(map, layer->dimension + 1, layer->dimension + 1);
    families_draw_map(map, stream);
    fmpz_mat_mul(layer->router, layer->router, map);
    fmpz_mat_mul(layer->rows, layer->rows, map);
    fmpz_mat_clear(map);
}

// Rows by factors of their own and either sign; the router by a positive one.
static void apply_scales(layer_t *layer, stream_t *stream) {
    families_scale_rows(layer->rows, stream);
    fmpz_mat_scalar_mul_si(layer->router, layer->router, seeds_pick(stream, 2, 1000));
}

static void apply_order(layer_t *layer, stream_t *stream) {
    slong order[16];
    families_draw_order(order, layer->experts, stream);
    fmpz_mat_t router, rows;
    fmpz_mat_init_set(router, layer->router);
    fmpz_mat_init_set(rows, layer->rows);
    for (slong i = 0; i < layer->experts; i++) {
        _fmpz_vec_set(layer->router->rows[i], router->rows[order[i]], layer->dimension + 1);
        for (slong unit = 0; unit < layer->width; unit++)
            _fmpz_vec_set(layer->rows->rows[i * layer->width + unit],
                          rows->rows[order[i] * layer->width + unit], layer->dimension + 1);
    }
    fmpz_mat_clear(router);
    fmpz_mat_clear(rows);
}

// The units of each expert in reverse.
static void apply_unit_order(layer_t *layer, stream_t *stream) {
    (void)stream;
    const slong h = layer->width;
    for (slong i = 0; i < layer->experts; i++)
        for (slong unit = 0; unit < h / 2; unit++)
            fmpz_mat_swap_rows(layer->rows, NULL, i * h + unit, i * h + h - 1 - unit);
}

// One affine function more in all logits.
static void apply_common_logit(layer_t *layer, stream_t *stream) {
    for (slong j = 0; j <= layer->dimension; j++) {
        const slong more = seeds_pick(stream, -50, 50);
        for (slong i = 0; i < layer->experts; i++) {
            fmpz *entry = fmpz_mat_entry(layer->router, i, j);
            fmpz_add_si(entry, entry, more);
        }
    }
}

static void test_invariance(void **state) {
    (void)state;
    static const struct {
        const char *name;
        void (*apply)(layer_t *layer, stream_t *stream);
    } maps[] = {{"after an affine map", apply_map},
                {"rows scaled", apply_scales},
                {"experts in another order", apply_order},
                {"units in another order", apply_unit_order},
                {"the same added to all logits", apply_common_logit}};
    const slong seeds = seeds_times(500);
    for (slong seed = 0; seed < seeds; seed++) {
        stream_t stream;
        const expect_case_t subject = cases_layer("invariance", seed, (cases_limits_t){6, 3, 4}, &stream);
        layer_count_t before = by_flats(&subject, subject.layer);
        for (size_t m = 0; m < sizeof maps / sizeof *maps; m++) {
            maps[m].apply(cases_layer_of(&subject), &stream);
            layer_count_t after = by_flats(&subject, subject.layer);
            expect_vector(&subject, maps[m].name, after.level, before.level, before.levels);
            expect_vertices(&subject, (uint64_t)seed, before.regions);
            layer_count_clear(&after);
        }
        layer_count_clear(&before);
        cases_end(&subject);
    }
}

// A unit more that repeats or scales another of its expert, or is dead, changes nothing.
static void test_superfluous_units(void **state) {
    (void)state;
    const slong seeds = seeds_times(400);
    for (slong seed = 0; seed < seeds; seed++) {
        stream_t stream;
        const expect_case_t subject = cases_layer("superfluous", seed, (cases_limits_t){5, 2, 4}, &stream);
        const layer_t *from = subject.layer;
        const slong h = from->width, columns = from->dimension + 1;
        layer_t *layer = layer_alloc(from->experts, from->active, h + 1, from->dimension);
        fmpz_mat_set(layer->router, from->router);
        for (slong i = 0; i < from->experts; i++) {
            for (slong unit = 0; unit < h; unit++)
                _fmpz_vec_set(layer->rows->rows[i * (h + 1) + unit], from->rows->rows[i * h + unit], columns);
            if (h > 0)
                _fmpz_vec_scalar_mul_si(layer->rows->rows[i * (h + 1) + h],
                                        from->rows->rows[i * h + seeds_pick(&stream, 0, h - 1)], columns,
                                        seeds_pick(&stream, -2, 2));
        }
        layer_count_t before = by_flats(&subject, from), after = by_flats(&subject, layer);
        expect_vector(&subject, "with superfluous units", after.level, before.level, before.levels);
        layer_count_clear(&before);
        layer_count_clear(&after);
        layer_free(layer);
        cases_end(&subject);
    }
}

static void test_threads(void **state) {
    (void)state;
    const slong seeds = seeds_times(40);
    for (slong seed = 0; seed < seeds; seed++) {
        stream_t stream;
        const expect_case_t subject = cases_layer("threads", seed, (cases_limits_t){7, 3, 4}, &stream);
        layer_count_t one = by_flats(&subject, subject.layer), many, vertices;
        char reason[LAYER_VERTICES_REASON];
        layer_count_init(&many, subject.layer->dimension);
        layer_count_init(&vertices, subject.layer->dimension);
        const int alone = layer_vertices_count(subject.layer, 5, &ALONE, &vertices, reason);
        for (int threads = 2; threads <= 4; threads++) {
            const shards_control_t control = {.threads = threads};
            expect_si(&subject, "status of F", layer_flats_count(subject.layer, &control, NULL, NULL, &many),
                      GSL_SUCCESS);
            expect_vector(&subject, "levels of F with more threads", many.level, one.level, one.levels);
            expect_si(&subject, "status of V",
                      layer_vertices_count(subject.layer, 5, &control, &many, reason), alone);
            if (alone == GSL_SUCCESS)
                expect_vector(&subject, "levels of V with more threads", many.level, vertices.level,
                              one.levels);
        }
        layer_count_clear(&one);
        layer_count_clear(&many);
        layer_count_clear(&vertices);
        cases_end(&subject);
    }
}

// ---- Layers whose answer is known ----

// All roads against a number. Takes over the layer. Returns whether V counted.
static bool expect_known(const char *what, slong seed, layer_t *layer, slong regions) {
    stream_t stream = seeds_stream(what, seed);
    const expect_case_t subject = {what, "known", seed, NULL, layer, NULL};
    expect_si(&subject, "regions by brute force", brute_layer(layer, NULL, NULL), regions);
    const bool counted = expect_all_roads(&subject, &stream);
    layer_free(layer);
    return counted;
}

// What geometry/layer.h says of degenerate layers, case by case: on the line, with the routers x and -x (the coalition
// changes in 0), or -x, 0 and x; or in the plane.
static void test_documented(void **state) {
    (void)state;
    const struct {
        const char *what;
        slong experts, active, width, dimension;
        slong entries[18];
        slong regions;
    } layers[] = {
        {"a dead unit is left out, whatever its b", 2, 1, 1, 1, {1, 0, -1, 0, 0, 5, 0, 0}, 2},
        {"a dead unit beside a live one", 2, 1, 2, 1, {1, 0, -1, 0, 1, -2, 0, -1, 0, 0, 1, 3}, 4},
        {"a shared point counts once where both are active", 2, 2, 1, 1, {1, 0, -1, 0, 1, -2, -3, 6}, 2},
        {"units of one expert share a point", 2, 1, 2, 1, {1, 0, -1, 0, 1, -2, 2, -4, 1, 3, -1, -3}, 4},
        {"a shared point where one of the two is active", 2, 1, 1, 1, {1, 0, -1, 0, 1, -2, -3, 6}, 3},
        {"a unit on the wall of its expert", 2, 1, 1, 1, {1, 0, -1, 0, 7, 0, 1, 3}, 3},
        {"logits that differ by a constant", 2, 1, 1, 1, {1, 0, 1, 5, 1, -2, 1, 3}, 2},
        {"three logits tied in a point", 3, 1, 0, 1, {-1, 0, 0, 0, 1, 0}, 2},
        {"three logits tied in a point, two active", 3, 2, 0, 1, {-1, 0, 0, 0, 1, 0}, 2},
        {"identical logits with k = N", 2, 2, 1, 1, {1, 0, 1, 0, 1, -2, 1, 3}, 3},
        {"an expert duplicated, both active",
         2,
         2,
         2,
         2,
         {1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0},
         4},
        {"an expert duplicated, one active: the wall x = y and the axes",
         2,
         1,
         2,
         2,
         {1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0},
         6},
    };
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
        expect_known(layers[i].what, 0,
                     families_written(layers[i].experts, layers[i].active, layers[i].width,
                                      layers[i].dimension, layers[i].entries),
                     layers[i].regions);
}

// N logits and all units with independent normals have every coalition with every sign vector: binomial(N, k) 2^(k H).
static void test_independent_normals(void **state) {
    (void)state;
    const slong seeds = seeds_times(60);
    for (slong seed = 0; seed < seeds; seed++) {
        stream_t stream = seeds_stream("independent normals", seed);
        const slong d = seeds_pick(&stream, 1, 10), n = seeds_pick(&stream, 1, FLINT_MIN(d + 1, 6));
        const slong k = seeds_pick(&stream, 1, n), h = seeds_pick(&stream, 0, (d - n + 1) / n);
        layer_t *layer = layer_alloc(n, k, h, d);
        for (slong i = 0; i < n - 1 + n * h; i++) // the last logit is 0
            fmpz_one(i < n - 1 ? fmpz_mat_entry(layer->router, i, i)
                               : fmpz_mat_entry(layer->rows, i - n + 1, i));
        for (slong i = 0; i < n * h; i++)
            fmpz_set_si(fmpz_mat_entry(layer->rows, i, d), seeds_pick(&stream, -9, 9));
        apply_map(layer, &stream);
        apply_scales(layer, &stream);
        apply_common_logit(layer, &stream);
        fmpz_t regions;
        fmpz_init(regions);
        fmpz_bin_uiui(regions, (ulong)n, (ulong)k);
        fmpz_mul_2exp(regions, regions, (ulong)(k * h));
        assert_true(expect_known("independent normals", seed, layer, fmpz_get_si(regions)));
        fmpz_clear(regions);
    }
}

// ---- Hard numbers ----

// x_1 -> x_1 + 2^bits x_d, unimodular, and one logit more in all of them: the rows agree to so many bits, and the
// regions are as they were.
static void blur(layer_t *layer, ulong bits) {
    const slong d = layer->dimension;
    fmpz_mat_struct *const parts[] = {layer->router, layer->rows};
    for (int part = 0; part < 2; part++)
        for (slong i = 0; i < fmpz_mat_nrows(parts[part]) && d > 1; i++)
            _fmpz_vec_scalar_addmul_si_2exp(fmpz_mat_entry(parts[part], i, d - 1),
                                            fmpz_mat_entry(parts[part], i, 0), 1, 1, bits);
    for (slong i = 0; i < layer->experts * (d + 1); i++) {
        fmpz *entry = layer->router->entries + i;
        fmpz_t common;
        fmpz_init_set_si(common, 3 + i % (d + 1));
        fmpz_mul_2exp(common, common, bits);
        fmpz_add(entry, entry, common);
        fmpz_clear(common);
    }
}

static void test_rows_that_nearly_agree(void **state) {
    (void)state;
    static const ulong bits[] = {50, 53, 64, 100, 1100};
    const slong seeds = seeds_times(520);
    for (slong seed = 0; seed < seeds; seed++) {
        stream_t stream;
        const expect_case_t subject =
            cases_layer("rows that nearly agree", seed, (cases_limits_t){5, 2, 4}, &stream);
        layer_count_t before = by_flats(&subject, subject.layer);
        blur(cases_layer_of(&subject), bits[seed % 5]);
        layer_count_t after = by_flats(&subject, subject.layer);
        expect_vector(&subject, "levels of F", after.level, before.level, before.levels);
        expect_vertices(&subject, (uint64_t)seed, before.regions);
        record_t list;
        make_list(&subject, &list);
        expect_fmpz(&subject, "regions listed", before.regions, (const fmpz[]){list.count});
        record_clear(&list);
        layer_count_clear(&before);
        layer_count_clear(&after);
        cases_end(&subject);
    }
}

// Entries -99..99, so many of them that some layers are not in general position.
static void test_ninety_nine(void **state) {
    (void)state;
    slong counted = 0;
    const slong seeds = seeds_times(40);
    for (slong seed = 0; seed < seeds; seed++) {
        stream_t stream = seeds_stream("ninety-nine", seed);
        const slong d = seed % 3 + 1, units = d == 1 ? 30 : 12 / d;
        layer_t *layer = layer_alloc(8, seeds_pick(&stream, 1, 4), units, d);
        for (slong i = 0; i < 8 * (d + 1); i++)
            fmpz_set_si(layer->router->entries + i, seeds_pick(&stream, -99, 99));
        for (slong i = 0; i < 8 * units * (d + 1); i++)
            fmpz_set_si(layer->rows->entries + i, seeds_pick(&stream, -99, 99));
        const expect_case_t subject = {"ninety-nine", "-99..99", seed, NULL, layer, NULL};
        record_t list;
        make_list(&subject, &list);
        expect_flats(&subject, &list);
        counted += expect_vertices(&subject, (uint64_t)seed, (const fmpz[]){list.count});
        record_clear(&list);
        cases_end(&subject);
    }
    print_message("# V counted %ld of %ld layers\n", counted, seeds);
    assert_true(seeds < 40 || (counted > 0 && counted < seeds)); // both answers are tested
}

// ---- Weights of trained layers: floats in a file ----

// A float of so many bits with exponents of 40 binades, now and then 0 or the smallest that fp32 has.
static double draw_weight(int bits, stream_t *stream) {
    const slong what = seeds_pick(stream, 0, 15), half = WORD(1) << (bits - 1);
    const double mantissa = (double)seeds_pick(stream, half, 2 * half - 1);
    const double weight = ldexp(mantissa, (int)seeds_pick(stream, -30, 10) - bits);
    return (seeds_pick(stream, 0, 1) == 0 ? -1 : 1) * (what == 0 ? 0 : what == 1 ? 0x1p-149 : weight);
}

// Writes rows of weights, and sets them times 2^WEIGHT_BITS.
enum { WEIGHT_BITS = 149, TEXT_SIZE = 1 << 16 };

static void draw_weights(FILE *file, fmpz_mat_t rows, int bits, stream_t *stream) {
    for (slong i = 0; i < fmpz_mat_nrows(rows); i++)
        for (slong j = 0; j < fmpz_mat_ncols(rows); j++) {
            const double weight = draw_weight(bits, stream);
            fprintf(file, "%a%s", weight, j + 1 < fmpz_mat_ncols(rows) ? " " : "\n");
            fmpz_set_d(fmpz_mat_entry(rows, i, j), ldexp(weight, WEIGHT_BITS));
        }
}

// A file of fp32 or bf16 weights is the layer that these dyadic numbers are.
static void test_floating_weights(void **state) {
    (void)state;
    const slong seeds = seeds_times(300);
    for (slong seed = 0; seed < seeds; seed++) {
        stream_t stream = seeds_stream("floating weights", seed);
        const slong n = seeds_pick(&stream, 1, 5), k = seeds_pick(&stream, 1, n);
        const slong h = seeds_pick(&stream, 0, 3), d = seeds_pick(&stream, 1, 3);
        layer_t *layer = layer_alloc(n, k, h, d);
        char text[TEXT_SIZE];
        FILE *file = fmemopen(text, sizeof text, "w");
        assert_non_null(file);
        fprintf(file, "moe %ld %ld %ld %ld\n", n, k, h, d);
        draw_weights(file, layer->router, seed % 2 == 0 ? 24 : 8, &stream);
        draw_weights(file, layer->rows, seed % 2 == 0 ? 24 : 8, &stream);
        const size_t length = (size_t)ftell(file);
        assert_int_equal(fclose(file), 0);
        const expect_case_t exact = {"floating weights", "exact", seed, NULL, layer, NULL};
        instance_t instance;
        fault_t fault = {0};
        expect_si(&exact, "status of the reader", instance_parse("floats", text, length, &instance, &fault),
                  FAULT_NONE);
        const expect_case_t subject = {"floating weights", "read", seed, NULL, instance.layer, NULL};
        slong first, second;
        if (k == n || !layer_twins(layer, &first, &second)) {
            expect_si(&subject, "regions", brute_layer(instance.layer, NULL, NULL),
                      brute_layer(layer, NULL, NULL));
            expect_all_roads(&subject, &stream);
        }
        instance_clear(&instance);
        layer_free(layer);
    }
}

// ---- Layers with counts that other programs found ----

static void check_file(const char *name, const instance_t *instance, const fmpz_t regions) {
    const expect_case_t subject = {name, "file", 0, NULL, instance->layer, NULL};
    assert_non_null(instance->layer);
    // Those that make a point are degenerate now and then; the random ones are not.
    const bool counted = expect_vertices(&subject, 1, regions);
    expect_true(&subject, "V counts", counted || strncmp(name, "layer_", strlen("layer_")) != 0);
    layer_count_t count = by_flats(&subject, instance->layer);
    expect_fmpz(&subject, "regions by F", count.regions, regions);
    layer_count_clear(&count);
}

static void test_files(void **state) {
    (void)state;
    assert_true(instances_visit(".moe", check_file) >= 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small),
        cmocka_unit_test(test_many_experts),
        cmocka_unit_test(test_generic),
        cmocka_unit_test(test_medium),
        cmocka_unit_test(test_all_active),
        cmocka_unit_test(test_routing_duality),
        cmocka_unit_test(test_twins),
        cmocka_unit_test(test_invariance),
        cmocka_unit_test(test_superfluous_units),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_many_dimensions),
        cmocka_unit_test(test_documented),
        cmocka_unit_test(test_independent_normals),
        cmocka_unit_test(test_rows_that_nearly_agree),
        cmocka_unit_test(test_ninety_nine),
        cmocka_unit_test(test_floating_weights),
        cmocka_unit_test(test_files),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    flint_cleanup_master();
    return failed;
}
