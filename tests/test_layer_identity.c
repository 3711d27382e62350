// SPDX-License-Identifier: GPL-3.0-or-later
// geometry/layer_identity and geometry/layer_build: the identity against linear programs in integers, and what is built
// against what is promised.
#include "geometry/layer_identity.h"

#include "geometry/bounds.h"
#include "geometry/generic.h"
#include "geometry/layer_build.h"
#include "geometry/layer_flats.h"
#include "support.h"
#include "support/brute.h"
#include "support/expect.h"
#include "support/families.h"
#include "support/seeds.h"

#include <gsl/gsl_errno.h>

// ---- The identity ----

static void test_identity(void **state) {
    (void)state;
    fmpz_t sum;
    fmpz_init(sum);
    for (slong seed = 0; seed < seeds_times(60); seed++) {
        stream_t stream = seeds_stream("identity", seed);
        const slong experts = seeds_pick(&stream, 1, 4), d = seeds_pick(&stream, 1, 3);
        layer_t *layer = layer_alloc(experts, seeds_pick(&stream, 1, experts), seeds_pick(&stream, 0, 2), d);
        layer_build_draw(layer, LAYER_BUILD_GENERIC, &stream);
        const expect_case_t subject = {.test = "identity", .kind = "generic", .seed = seed, .layer = layer};
        expect_si(&subject, "status", layer_identity_sum(layer, sum), GSL_SUCCESS);
        expect_si(&subject, "regions", fmpz_get_si(sum), brute_layer(layer, NULL, NULL));
        layer_free(layer);
    }
    fmpz_clear(sum);
}

// What is seen to be degenerate is refused, and nothing is written.
static void test_degenerate(void **state) {
    (void)state;
    static const slong parallel[] = {1, 0, 0, -1, 0, 0, 1, 1, 0, 2, 2, 5, 0, 1, 0, 1, 3, 1},
                       dead[] = {1, 0, 0, -1, 0, 0, 0, 0, 3, 1, 2, 5}, tied[] = {1, 0, -1, 0, 1, 0, 2, 5};
    layer_t *layers[] = {families_written(2, 1, 2, 2, parallel), families_written(2, 1, 1, 2, dead),
                         families_written(2, 1, 1, 1, tied)};
    static const slong sizes[] = {2, 1, 1};
    fmpz_t pairs;
    fmpz_init_set_si(pairs, -7);
    for (size_t i = 0; i < 3; i++) {
        const expect_case_t subject = {
            .test = "degenerate", .kind = "written", .seed = (slong)i, .layer = layers[i]};
        expect_si(&subject, "status", layer_identity_pairs(layers[i], sizes[i], pairs), GSL_ESING);
        expect_si(&subject, "as it was", fmpz_get_si(pairs), -7);
        layer_free(layers[i]);
    }
    fmpz_clear(pairs);
}

// ---- What is built ----

typedef struct {
    slong active, groups;
    fmpz_t regions; // of the coalitions k g, ..., k g + k - 1
} sum_t;

static void add_group(void *context, const slong *members, slong active, const fmpz_t regions) {
    sum_t *sum = context;
    if (members[0] % active == 0 && members[active - 1] == members[0] + active - 1) {
        sum->groups++;
        fmpz_add(sum->regions, sum->regions, regions);
    }
}

// The groups have their regions; so no coalition of another kind can take any.
static void test_groups(void **state) {
    (void)state;
    fmpz_t phi;
    fmpz_init(phi);
    for (slong seed = 0; seed < seeds_times(80); seed++) {
        stream_t stream = seeds_stream("groups", seed);
        const slong experts = seeds_pick(&stream, 1, 7), k = seeds_pick(&stream, 1, experts),
                    d = seeds_pick(&stream, 1, 4);
        const bool biased = d == 1 || seeds_pick(&stream, 0, 1);
        layer_t *layer = layer_alloc(experts, k, seeds_pick(&stream, 0, 3), d);
        layer_count_t count;
        layer_count_init(&count, d);
        sum_t sum = {.active = k};
        fmpz_init(sum.regions);
        const expect_case_t subject = {
            .test = "groups", .kind = biased ? "biased" : "unbiased", .seed = seed, .layer = layer};
        expect_si(&subject, "built", layer_build_groups(layer, biased), GSL_SUCCESS);
        expect_si(&subject, "counted", layer_flats_count(layer, NULL, add_group, &sum, &count), GSL_SUCCESS);
        bounds_phi(phi, (ulong)(k * layer->width), (ulong)d);
        expect_si(&subject, "groups", sum.groups, experts / k);
        expect_si(&subject, "regions", fmpz_get_si(sum.regions), experts / k * fmpz_get_si(phi));
        fmpz_clear(sum.regions);
        layer_count_clear(&count);
        layer_free(layer);
    }
    layer_t *line = layer_alloc(3, 1, 1, 1);
    assert_int_equal(layer_build_groups(line, false), GSL_EDOM);
    layer_free(line);
    fmpz_clear(phi);
}

static slong count_of(const layer_t *layer) {
    layer_count_t count;
    layer_count_init(&count, layer->dimension);
    assert_int_equal(layer_flats_count(layer, NULL, NULL, NULL, &count), GSL_SUCCESS);
    const slong regions = fmpz_get_si(count.regions);
    layer_count_clear(&count);
    return regions;
}

// Regions = cells of the router + N H, wherever every expert is active somewhere.
static void test_line(void **state) {
    (void)state;
    slong built = 0;
    for (slong seed = 0; seed < seeds_times(100); seed++) {
        stream_t stream = seeds_stream("line", seed);
        const slong experts = seeds_pick(&stream, 2, 6), width = seeds_pick(&stream, 1, 4);
        layer_t *router = layer_alloc(experts, seeds_pick(&stream, 1, experts), 0, 1);
        layer_build_draw(router, LAYER_BUILD_GENERIC, &stream);
        layer_t *layer = layer_alloc(experts, router->active, width, 1);
        fmpz_mat_set(layer->router, router->router);
        const expect_case_t subject = {.test = "line", .kind = "generic", .seed = seed, .layer = layer};
        const int status = layer_build_line(layer);
        if (status == GSL_SUCCESS) {
            expect_si(&subject, "regions", count_of(layer), count_of(router) + experts * width);
            built++;
        } else
            expect_si(&subject, "status", status, GSL_EDOM);
        layer_free(layer);
        layer_free(router);
    }
    assert_true(built > 10);
}

// A layer of zeros has the shape that was asked for; units of different experts are examined together.
static void test_shape(void **state) {
    (void)state;
    const bounds_layer_t shape = {5, 2, 3, 4}, none = {2, 3, 1, 1};
    layer_t *layer = layer_build_alloc(&shape);
    assert_non_null(layer);
    const bounds_layer_t found = layer_build_shape(layer);
    assert_true(found.experts == 5 && found.active == 2 && found.width == 3 && found.dimension == 4);
    assert_true(fmpz_mat_is_zero(layer->router) && fmpz_mat_is_zero(layer->rows));
    layer_free(layer);
    assert_null(layer_build_alloc(&none));
    static const slong apart[] = {1, 0, 0, 0, 1, 0, 1, 0, 1, 1, 1, 1},
                       parallel[] = {1, 0, 0, 0, 1, 0, 1, 0, 1, 2, 0, 1};
    const slong *const entries[] = {apart, parallel};
    for (int i = 0; i < 2; i++) {
        bool generic = i == 1;
        layer = families_written(2, 1, 1, 2, entries[i]);
        assert_int_equal(generic_units(layer, &generic), GSL_SUCCESS);
        assert_int_equal(generic, i == 0);
        layer_free(layer);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_identity), cmocka_unit_test(test_shape),
                                       cmocka_unit_test(test_degenerate), cmocka_unit_test(test_groups),
                                       cmocka_unit_test(test_line)};
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    flint_cleanup();
    return failed;
}
