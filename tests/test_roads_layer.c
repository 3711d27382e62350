// SPDX-License-Identifier: GPL-3.0-or-later
// geometry/layer_vertices (V), layer_flats (F) and list: all roads to the regions of a top-k layer agree, on thousands
// of random layers of every kind of degeneracy, with each other and with the definition (tests/support/brute). V may
// refuse a layer that is not in general position; it must never be wrong.
#include "geometry/layer_flats.h"
#include "geometry/layer_vertices.h"
#include "geometry/list.h"
#include "geometry/tree.h"
#include "support/brute.h"
#include "support/expect.h"
#include "support/families.h"
#include "support/instances.h"
#include "support/record.h"
#include "support/seeds.h"

#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const shards_control_t ALONE = {.threads = 1};

// ---- Cases ----

// What a layer may be at most.
typedef struct {
    slong experts, width, dimension;
} limits_t;

// Case number `seed` of a test: kinds and specials take turns, shapes are drawn; k = 1 and k = N are frequent among
// small N, and so is H = 0.
static expect_case_t begin(const char *test, slong seed, limits_t limits, stream_t *stream) {
    const families_kind_t kind = (families_kind_t)(seed % FAMILIES_KINDS);
    *stream = seeds_stream(test, seed);
    const slong n = seeds_pick(stream, 1, limits.experts), k = seeds_pick(stream, 1, n);
    const slong h = seeds_pick(stream, 0, limits.width), d = seeds_pick(stream, 1, limits.dimension);
    families_special_t special = (families_special_t)(seed / FAMILIES_KINDS % FAMILIES_SPECIALS);
    if (h == 0 && special < FAMILIES_PARALLEL) // there are no units to be special
        special = FAMILIES_PLAIN;
    layer_t *layer = families_layer(kind, special, n, k, h, d, stream);
    return (expect_case_t){test, families_kind_name(kind), seed, NULL, layer, families_special_name(special)};
}

static layer_t *layer_of(const expect_case_t *subject) {
    return (layer_t *)(uintptr_t)subject->layer;
}

static void end(const expect_case_t *subject) {
    layer_free(layer_of(subject));
}

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
        const expect_case_t subject = begin("small", seed, (limits_t){5, 3, 4}, &stream);
        counted += expect_all_roads(&subject, &stream);
        end(&subject);
    }
    assert_true(4 * counted > seeds); // V was tested as well
}

// Many experts with few units, in few dimensions.
static void test_many_experts(void **state) {
    (void)state;
    const slong seeds = seeds_times(1000);
    for (slong seed = 0; seed < seeds; seed++) {
        stream_t stream;
        const expect_case_t subject = begin("many experts", seed, (limits_t){9, 1, 3}, &stream);
        expect_all_roads(&subject, &stream);
        end(&subject);
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
        end(&subject);
    }
}

// Too large for the definition: list, F, and V with three functionals.
static void test_medium(void **state) {
    (void)state;
    const slong seeds = seeds_times(104);
    for (slong seed = 0; seed < seeds; seed++) {
        stream_t stream;
        const expect_case_t subject = begin("medium", seed, (limits_t){7, 3, 4}, &stream);
        record_t list;
        make_list(&subject, &list);
        expect_flats(&subject, &list);
        for (uint64_t functional = 0; functional < 3; functional++)
            expect_vertices(&subject, functional, (const fmpz[]){list.count});
        record_clear(&list);
        end(&subject);
    }
}

// ---- Special shapes ----

static void test_all_active(void **state) {
    (void)state;
    const slong seeds = seeds_times(600);
    for (slong seed = 0; seed < seeds; seed++) {
        stream_t stream;
        const expect_case_t subject = begin("all active", seed, (limits_t){4, 4, 4}, &stream);
        layer_t *layer = layer_of(&subject);
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
        end(&subject);
    }
}

// The k largest logits are the N - k smallest of the negative router, so the routing cells are as many.
static void test_routing_duality(void **state) {
    (void)state;
    const slong seeds = seeds_times(400);
    for (slong seed = 0; seed < seeds; seed++) {
        stream_t stream;
        const expect_case_t subject = begin("duality", seed, (limits_t){8, 0, 4}, &stream);
        layer_t *layer = layer_of(&subject);
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
        end(&subject);
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
        const expect_case_t subject = begin("twins", seed, (limits_t){6, 2, 4}, &stream);
        layer_t *layer = layer_of(&subject);
        char reason[LAYER_VERTICES_REASON] = "";
        int visits = 0;
        if (layer->active < layer->experts) {
            const slong first = seeds_pick(&stream, 0, layer->experts - 2);
            _fmpz_vec_set(layer->router->rows[layer->experts - 1], layer->router->rows[first],
                          layer->dimension + 1);
            layer_count_t count;
            layer_count_init(&count, layer->dimension);
            expect_si(&subject, "F", layer_flats_count(layer, &ALONE, NULL, NULL, &count), GSL_EDOM);
            expect_si(&subject, "V", layer_vertices_count(layer, 1, &ALONE, &count, reason), GSL_EDOM);
            expect_si(&subject, "list", list_layer(layer, visit_none, &visits), GSL_EDOM);
            expect_si(&subject, "regions listed", visits, 0);
            expect_true(&subject, "count left as it was", fmpz_is_zero(count.regions));
            layer_count_clear(&count);
        }
        end(&subject);
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
                {"the same added to all logits", apply_common_logit}};
    const slong seeds = seeds_times(500);
    for (slong seed = 0; seed < seeds; seed++) {
        stream_t stream;
        const expect_case_t subject = begin("invariance", seed, (limits_t){6, 3, 4}, &stream);
        layer_count_t before = by_flats(&subject, subject.layer);
        for (size_t m = 0; m < sizeof maps / sizeof *maps; m++) {
            maps[m].apply(layer_of(&subject), &stream);
            layer_count_t after = by_flats(&subject, subject.layer);
            expect_vector(&subject, maps[m].name, after.level, before.level, before.levels);
            expect_vertices(&subject, (uint64_t)seed, before.regions);
            layer_count_clear(&after);
        }
        layer_count_clear(&before);
        end(&subject);
    }
}

// A unit more that repeats or scales another of its expert, or is dead, changes nothing.
static void test_superfluous_units(void **state) {
    (void)state;
    const slong seeds = seeds_times(400);
    for (slong seed = 0; seed < seeds; seed++) {
        stream_t stream;
        const expect_case_t subject = begin("superfluous", seed, (limits_t){5, 2, 4}, &stream);
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
        end(&subject);
    }
}

static void test_threads(void **state) {
    (void)state;
    const slong seeds = seeds_times(40);
    for (slong seed = 0; seed < seeds; seed++) {
        stream_t stream;
        const expect_case_t subject = begin("threads", seed, (limits_t){7, 3, 4}, &stream);
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
        end(&subject);
    }
}

// ---- Layers with counts that other programs found ----

static void check_file(const char *name, const instance_t *instance, const fmpz_t regions) {
    const expect_case_t subject = {name, "file", 0, NULL, instance->layer, NULL};
    assert_non_null(instance->layer);
    expect_true(&subject, "V counts", expect_vertices(&subject, 1, regions));
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
        cmocka_unit_test(test_files),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    flint_cleanup();
    return failed;
}
