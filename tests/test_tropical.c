// SPDX-License-Identifier: GPL-3.0-or-later
// geometry/tropical and geometry/tropical_network: values of sums, products and powers against the values of their
// parts, reduction against linear inequalities, networks against their layers.
#include "geometry/tropical.h"

#include "geometry/tropical_network.h"
#include "support.h"
#include "support/brute.h"
#include "support/seeds.h"

#include <gsl/gsl_errno.h>

enum { VARIABLES = 3, TERMS = 8 };

static void draw_rationals(fmpq *x, slong length, stream_t *stream) {
    for (slong i = 0; i < length; i++)
        fmpq_set_si(x + i, seeds_pick(stream, -7, 7), (ulong)seeds_pick(stream, 1, 4));
}

static tropical_t *draw_polynomial(slong variables, slong terms, stream_t *stream) {
    tropical_t *p = tropical_alloc(variables);
    assert_non_null(p);
    fmpq *term = _fmpq_vec_init(variables + 1);
    for (slong i = 0; i < terms; i++) {
        draw_rationals(term, variables + 1, stream);
        assert_int_equal(tropical_append(p, term), GSL_SUCCESS);
    }
    _fmpq_vec_clear(term, variables + 1);
    return p;
}

// Prints a polynomial for a case that fails.
static void expect_equal(const tropical_t *p, const fmpq *x, const fmpq_t found, const fmpq_t expected,
                         const char *what) {
    if (fmpq_equal(found, expected))
        return;
    fprintf(stderr, "%s at", what);
    for (slong j = 0; j < p->variables; j++) {
        fprintf(stderr, " ");
        fmpq_fprint(stderr, x + j);
    }
    for (slong i = 0; i < p->terms; i++)
        for (slong j = 0; j <= p->variables; j++) {
            fprintf(stderr, j == 0 ? "\n" : " ");
            fmpq_fprint(stderr, tropical_term(p, i) + j);
        }
    fprintf(stderr, "\nfound ");
    fmpq_fprint(stderr, found);
    fprintf(stderr, ", expected ");
    fmpq_fprint(stderr, expected);
    fprintf(stderr, "\n");
    fail();
}

// ---- Numbers ----

static void test_numbers(void **state) {
    (void)state;
    tropical_number_t infinite, x, y, result;
    tropical_number_t *all[] = {&infinite, &x, &y, &result};
    for (int i = 0; i < 4; i++)
        tropical_number_init(all[i]);
    x.finite = y.finite = true;
    fmpq_set_si(x.value, -7, 3);
    fmpq_set_si(y.value, 5, 2);
    assert_false(infinite.finite);
    tropical_number_add(&result, &infinite, &x);
    assert_true(tropical_number_equal(&result, &x));
    tropical_number_add(&result, &x, &y);
    assert_true(tropical_number_equal(&result, &y));
    tropical_number_add(&y, &y, &x); // in place
    assert_true(tropical_number_equal(&result, &y));
    tropical_number_multiply(&result, &x, &y);
    assert_true(result.finite && fmpz_equal_si(fmpq_numref(result.value), 1) &&
                fmpz_equal_si(fmpq_denref(result.value), 6));
    tropical_number_power(&result, &x, 4);
    assert_true(fmpz_equal_si(fmpq_numref(result.value), -28) && fmpz_equal_si(fmpq_denref(result.value), 3));
    tropical_number_multiply(&result, &infinite, &x);
    assert_true(tropical_number_equal(&result, &infinite) && !tropical_number_equal(&result, &x));
    tropical_number_power(&result, &infinite, 3);
    assert_false(result.finite);
    tropical_number_power(&result, &infinite, 0);
    assert_true(result.finite && fmpq_is_zero(result.value));
    for (int i = 0; i < 4; i++)
        tropical_number_clear(all[i]);
}

// ---- Polynomials ----

static void test_operations(void **state) {
    (void)state;
    fmpq_t first, second, value, factor;
    fmpq_init(first);
    fmpq_init(second);
    fmpq_init(value);
    fmpq_init(factor);
    for (slong seed = 0; seed < seeds_times(200); seed++) {
        stream_t stream = seeds_stream("operations", seed);
        const slong d = seeds_pick(&stream, 0, VARIABLES);
        tropical_t *p = draw_polynomial(d, seeds_pick(&stream, 1, TERMS), &stream),
                   *q = draw_polynomial(d, seeds_pick(&stream, 1, TERMS), &stream), *r = tropical_alloc(d);
        fmpq *x = _fmpq_vec_init(d + 1);
        draw_rationals(x, d, &stream);
        tropical_evaluate(p, x, first, NULL);
        tropical_evaluate(q, x, second, NULL);
        assert_int_equal(tropical_add(r, p, q), GSL_SUCCESS);
        assert_int_equal(r->terms, p->terms + q->terms);
        tropical_evaluate(r, x, value, NULL);
        expect_equal(r, x, value, fmpq_cmp(first, second) > 0 ? first : second, "sum");
        fmpq_add(second, first, second);
        assert_int_equal(tropical_multiply(r, p, q), GSL_SUCCESS);
        assert_int_equal(r->terms, p->terms * q->terms);
        tropical_evaluate(r, x, value, NULL);
        expect_equal(r, x, value, second, "product");
        tropical_merge(r);
        tropical_evaluate(r, x, value, NULL);
        expect_equal(r, x, value, second, "merged product");

        // p (x) p matters where p^2 does.
        fmpq_set_si(factor, 2, 1);
        assert_int_equal(tropical_multiply(r, p, p), GSL_SUCCESS);
        tropical_power(p, factor);
        assert_int_equal(tropical_reduce(r), GSL_SUCCESS);
        assert_int_equal(tropical_reduce(p), GSL_SUCCESS);
        assert_true(tropical_equal(r, p));
        fmpq_mul(first, first, factor);
        tropical_evaluate(p, x, value, NULL);
        expect_equal(p, x, value, first, "square");
        assert_int_equal(tropical_multiply(q, q, q), GSL_SUCCESS); // in place
        assert_int_equal(tropical_add(p, p, p), GSL_SUCCESS);
        tropical_merge(p);
        assert_true(tropical_equal(r, p));
        _fmpq_vec_clear(x, d + 1);
        tropical_free(p);
        tropical_free(q);
        tropical_free(r);
    }
    fmpq_clear(first);
    fmpq_clear(second);
    fmpq_clear(value);
    fmpq_clear(factor);
}

// The experts that have a cell of their own, k = 1.
static void mark_member(void *context, const brute_region_t *region) {
    ((bool *)context)[region->members[0]] = true;
}

// A term stays if and only if linear inequalities say that it is above all others somewhere.
static void test_reduction(void **state) {
    (void)state;
    for (slong seed = 0; seed < seeds_times(300); seed++) {
        stream_t stream = seeds_stream("reduction", seed);
        const slong d = seeds_pick(&stream, 1, VARIABLES);
        tropical_t *p = tropical_alloc(d), *expected = tropical_alloc(d);
        fmpq *term = _fmpq_vec_init(d + 1);
        for (slong i = seeds_pick(&stream, 1, TERMS); i > 0; i--) {
            for (slong j = 0; j <= d; j++)
                fmpq_set_si(term + j, seeds_pick(&stream, -3, 3), 1);
            assert_int_equal(tropical_append(p, term), GSL_SUCCESS);
        }
        tropical_merge(p);
        layer_t *layer = layer_alloc(p->terms, 1, 0, d);
        for (slong i = 0; i < p->terms; i++)
            for (slong j = 0; j <= d; j++)
                fmpz_set(fmpz_mat_entry(layer->router, i, j), fmpq_numref(tropical_term(p, i) + j));
        bool matters[TERMS] = {false};
        brute_layer(layer, mark_member, matters);
        for (slong i = 0; i < p->terms; i++)
            if (matters[i])
                assert_int_equal(tropical_append(expected, tropical_term(p, i)), GSL_SUCCESS);
        assert_int_equal(tropical_reduce(p), GSL_SUCCESS);
        if (!tropical_equal(p, expected)) {
            fprintf(stderr, "%ld terms for %ld, k = 1, of\n", p->terms, expected->terms);
            layer_print(stderr, layer);
            fail();
        }
        _fmpq_vec_clear(term, d + 1);
        layer_free(layer);
        tropical_free(p);
        tropical_free(expected);
    }
}

static void test_edges(void **state) {
    (void)state;
    tropical_t *none = tropical_alloc(2), *other = tropical_alloc(3), *one = tropical_alloc(2);
    fmpq *x = _fmpq_vec_init(3);
    fmpq_t value;
    fmpq_init(value);
    slong first = -1;
    assert_null(tropical_alloc(-1));
    assert_int_equal(tropical_evaluate(none, x, value, &first), 0);
    assert_int_equal(first, -1);
    assert_int_equal(tropical_reduce(none), GSL_SUCCESS);
    assert_int_equal(none->terms, 0);
    assert_int_equal(tropical_append(one, x), GSL_SUCCESS);
    assert_int_equal(tropical_multiply(none, none, one), GSL_SUCCESS); // -infinity absorbs ...
    assert_int_equal(none->terms, 0);
    assert_int_equal(tropical_add(one, none, one), GSL_SUCCESS); // ... and is neutral
    assert_int_equal(one->terms, 1);
    assert_int_equal(tropical_evaluate(one, x, value, &first), 1);
    assert_int_equal(first, 0);
    assert_int_equal(tropical_add(one, one, other), GSL_EBADLEN);
    assert_int_equal(tropical_multiply(other, one, one), GSL_EBADLEN);
    assert_int_equal(tropical_copy(other, one), GSL_EBADLEN);
    assert_int_equal(tropical_copy(none, one), GSL_SUCCESS);
    assert_true(tropical_equal(none, one));
    assert_false(tropical_equal(other, one));
    assert_int_equal(tropical_append(one, x),
                     GSL_SUCCESS); // twice the same: on the hypersurface until it is merged
    assert_int_equal(tropical_evaluate(one, x, value, NULL), 2);
    tropical_merge(one);
    assert_int_equal(tropical_evaluate(one, x, value, NULL), 1);
    fmpq_clear(value);
    _fmpq_vec_clear(x, 3);
    tropical_free(none);
    tropical_free(other);
    tropical_free(one);
    tropical_free(NULL);
}

// ---- Networks ----

static void test_networks(void **state) {
    (void)state;
    fmpq_t value, below;
    fmpq_init(value);
    fmpq_init(below);
    for (slong seed = 0; seed < seeds_times(60); seed++) {
        stream_t stream = seeds_stream("networks", seed);
        const slong maps = seeds_pick(&stream, 1, 3), d = seeds_pick(&stream, 1, 2),
                    outputs = seeds_pick(&stream, 1, 2);
        const slong widths[] = {d, maps > 1 ? 3 : outputs, maps > 2 ? 2 : outputs, outputs};
        tropical_network_t *net = tropical_network_alloc(maps, widths);
        assert_non_null(net);
        for (slong l = 0; l < maps; l++)
            for (slong i = 0; i < widths[l + 1]; i++)
                draw_rationals(net->weights[l]->rows[i], widths[l] + 1, &stream);
        fmpq *x = _fmpq_vec_init(d + outputs), *y = x + d;
        for (slong output = 0; output < outputs; output++)
            for (int reduce = 0; reduce < 2; reduce++) {
                tropical_t *p = tropical_alloc(d), *q = tropical_alloc(d);
                assert_int_equal(tropical_network_convert(net, output, reduce, p, q), GSL_SUCCESS);
                for (int draw = 0; draw < 10; draw++) {
                    draw_rationals(x, d, &stream);
                    assert_int_equal(tropical_network_run(net, x, y), GSL_SUCCESS);
                    tropical_evaluate(p, x, value, NULL);
                    tropical_evaluate(q, x, below, NULL);
                    fmpq_sub(value, value, below);
                    expect_equal(p, x, value, y + output, "P - Q of a network");
                }
                tropical_free(p);
                tropical_free(q);
            }
        tropical_t *wrong = tropical_alloc(d + 1);
        assert_int_equal(tropical_network_convert(net, 0, true, wrong, wrong), GSL_EBADLEN);
        tropical_free(wrong);
        _fmpq_vec_clear(x, d + outputs);
        tropical_network_free(net);
    }
    assert_null(tropical_network_alloc(0, (const slong[]){1}));
    assert_null(tropical_network_alloc(1, (const slong[]){1, 0}));
    tropical_network_free(NULL);
    fmpq_clear(value);
    fmpq_clear(below);
}

int main(void) {
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers), cmocka_unit_test(test_operations), cmocka_unit_test(test_reduction),
        cmocka_unit_test(test_edges),   cmocka_unit_test(test_networks),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    flint_cleanup();
    return failed;
}
