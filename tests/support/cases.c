// SPDX-License-Identifier: GPL-3.0-or-later
// Random cases; see cases.h.
#include "support/cases.h"

#include "support/families.h"
#include "support/seeds.h"

expect_case_t cases_arrangement(const char *test, slong seed, slong planes, slong dimension,
                                stream_t *stream) {
    const families_kind_t kind = (families_kind_t)(seed % FAMILIES_KINDS);
    *stream = seeds_stream(test, seed);
    const slong d = seeds_pick(stream, 1, dimension), n = seeds_pick(stream, 0, planes);
    arrangement_t *a = families_random(kind, n, d, stream);
    return (expect_case_t){.test = test, .kind = families_kind_name(kind), .seed = seed, .a = a};
}

expect_case_t cases_layer(const char *test, slong seed, cases_limits_t limits, stream_t *stream) {
    const families_kind_t kind = (families_kind_t)(seed % FAMILIES_KINDS);
    *stream = seeds_stream(test, seed);
    const slong n = seeds_pick(stream, 1, limits.experts), k = seeds_pick(stream, 1, n);
    const slong h = seeds_pick(stream, 0, limits.width), d = seeds_pick(stream, 1, limits.dimension);
    families_special_t special = (families_special_t)(seed / FAMILIES_KINDS % FAMILIES_SPECIALS);
    if (h == 0 && special < FAMILIES_PARALLEL) // there are no units to be special
        special = FAMILIES_PLAIN;
    return (expect_case_t){.test = test,
                           .kind = families_kind_name(kind),
                           .seed = seed,
                           .layer = families_layer(kind, special, n, k, h, d, stream),
                           .special = families_special_name(special)};
}

arrangement_t *cases_arrangement_of(const expect_case_t *subject) {
    return (arrangement_t *)(uintptr_t)subject->a;
}

layer_t *cases_layer_of(const expect_case_t *subject) {
    return (layer_t *)(uintptr_t)subject->layer;
}

void cases_end(const expect_case_t *subject) {
    arrangement_free(cases_arrangement_of(subject));
    layer_free(cases_layer_of(subject));
}

static void map_affinely(arrangement_t *a, stream_t *stream) {
    fmpz_mat_t map;
    fmpz_mat_init(map, a->dimension + 1, a->dimension + 1);
    families_draw_map(map, stream);
    fmpz_mat_mul(a->rows, a->rows, map);
    fmpz_mat_clear(map);
}

static void permute_rows(arrangement_t *a, stream_t *stream) {
    for (slong i = a->planes - 1; i > 0; i--)
        fmpz_mat_swap_rows(a->rows, NULL, i, seeds_pick(stream, 0, i));
}

const char *cases_change(const expect_case_t *subject, int way, stream_t *stream) {
    arrangement_t *a = cases_arrangement_of(subject);
    switch (way) {
    case 0:
        map_affinely(a, stream);
        return "after an affine map";
    case 1:
        families_scale_rows(a->rows, stream);
        return "rows scaled";
    default:
        permute_rows(a, stream);
        return "rows in another order";
    }
}
