// SPDX-License-Identifier: GPL-3.0-or-later
// geometry/dependence: dependences of random routers by their definition, and certificates by reach_refutes.
#include "geometry/dependence.h"

#include "geometry/reach.h"
#include "support.h"
#include "support/expect.h"
#include "support/seeds.h"

#include <flint/fmpq_vec.h>
#include <flint/fmpz_vec.h>

enum { MOST_EXPERTS = 12 };

typedef struct sums {
    bool dependence; // not 0, sum c_i = 0, sum c_i w_i = 0
    int offset;      // sign of sum c_i b_i
} sums_t;

static sums_t sums_of(const layer_t *layer, const fmpz *c) {
    sums_t sums = {.dependence = !_fmpz_vec_is_zero(c, layer->experts)};
    fmpz_t sum;
    fmpz_init(sum);
    _fmpz_vec_sum(sum, c, layer->experts);
    sums.dependence = sums.dependence && fmpz_is_zero(sum);
    for (slong j = 0; j <= layer->dimension; j++) {
        fmpz_zero(sum);
        for (slong i = 0; i < layer->experts; i++)
            fmpz_addmul(sum, c + i, fmpz_mat_entry(layer->router, i, j));
        if (j < layer->dimension)
            sums.dependence = sums.dependence && fmpz_is_zero(sum);
        else
            sums.offset = fmpz_sgn(sum);
    }
    fmpz_clear(sum);
    return sums;
}

// The last index of an entry that is not 0.
static slong last_of(const fmpz *c, slong n) {
    while (n > 0 && fmpz_is_zero(c + n - 1))
        n--;
    return n - 1;
}

static bool proportional(const fmpz *c, const fmpz *e, slong n) {
    fmpz_t left, right;
    fmpz_init(left);
    fmpz_init(right);
    bool same = true;
    for (slong i = 0; i < n; i++)
        for (slong j = 0; j < i; j++) {
            fmpz_mul(left, c + i, e + j);
            fmpz_mul(right, c + j, e + i);
            same = same && fmpz_equal(left, right);
        }
    fmpz_clear(left);
    fmpz_clear(right);
    return same;
}

static void check_certificate(const expect_case_t *subject, layer_t *layer, const fmpz *c) {
    slong members[MOST_EXPERTS];
    const slong n = layer->experts, above = dependence_entries(c, n, 1), below = dependence_entries(c, n, -1);
    fmpq *weights = _fmpq_vec_init(n);
    for (layer->active = 1; layer->active < n; layer->active++) {
        const bool fits = above <= layer->active && below <= n - layer->active;
        const bool made = dependence_certificate(layer, c, members, weights);
        expect_true(subject, "a certificate where it fits", made == fits);
        expect_true(subject, "the certificate holds", !made || reach_refutes(layer, members, weights));
    }
    _fmpq_vec_clear(weights, n);
}

static void check_router(slong seed) {
    stream_t stream = seeds_stream("check_router", seed);
    const slong d = seeds_pick(&stream, 1, 4), n = seeds_pick(&stream, 2, d + 6), range = seed % 2 ? 3 : 5000;
    const bool bias = seeds_pick(&stream, 0, 1) == 1;
    layer_t *layer = layer_alloc(n, 1, 0, d);
    assert_non_null(layer);
    for (slong i = 0; i < n; i++)
        for (slong j = 0; j < d + bias; j++)
            fmpz_set_si(fmpz_mat_entry(layer->router, i, j), seeds_pick(&stream, -range, range));
    const expect_case_t subject = {.test = "dependence", .kind = "router", .seed = seed, .layer = layer};
    fmpz *c = _fmpz_vec_init(n), *e = _fmpz_vec_init(n);
    const bool first = dependence_first(layer, c);
    expect_true(&subject, "there is one where there are experts enough", first || n < d + 2 + bias);
    if (first) {
        const sums_t sums = sums_of(layer, c);
        expect_true(&subject, "the first is a dependence with offset 0", sums.dependence && sums.offset == 0);
        expect_true(&subject, "among the first experts", last_of(c, n) <= d + 1 + bias);
        check_certificate(&subject, layer, c);
    }
    for (int side = -1; first && side <= 1; side += 2) {
        const bool other = dependence_other(layer, side, c, e);
        expect_true(&subject, "there is another one", other || n < d + 3);
        if (!other)
            continue;
        const sums_t sums = sums_of(layer, e);
        expect_true(&subject, "the other is a dependence", sums.dependence && !proportional(c, e, n));
        expect_true(&subject, "on the right side", side * sums.offset <= 0);
        if (side > 0)
            check_certificate(&subject, layer, e);
    }
    _fmpz_vec_clear(c, n);
    _fmpz_vec_clear(e, n);
    layer_free(layer);
}

static void test_routers(void **state) {
    (void)state;
    for (slong seed = 0; seed < seeds_times(2000); seed++)
        check_router(seed);
}

static void test_entries(void **state) {
    (void)state;
    fmpz c[6] = {3, 0, -2, 0, -1, 0};
    assert_int_equal(dependence_entries(c, 6, 1), 1);
    assert_int_equal(dependence_entries(c, 6, 0), 3);
    assert_int_equal(dependence_entries(c, 6, -1), 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_routers), cmocka_unit_test(test_entries)};
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    flint_cleanup();
    return failed;
}
