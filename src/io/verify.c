// SPDX-License-Identifier: GPL-3.0-or-later
// Certificates against instances; see verify.h.
#include "io/verify.h"

#include "geometry/check.h"

#include <flint/fmpq_vec.h>
#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const char *const method_names[CERTIFICATE_NAMES] = {"the tree", "method V", "method F"};

typedef struct verifier {
    const certificate_t *c;
    const arrangement_t *a; // one of the two is NULL
    const layer_t *layer;
    fmpz_mat_struct *rows; // of the hyperplanes
    check_planes_t planes; // of them
    FILE *report;
    fault_t *fault;
    int checks, failures;
} verifier_t;

// Reports a check; the text says what holds, or what should.
__attribute__((format(printf, 3, 4))) static void state(verifier_t *v, bool good, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs(good ? "ok   " : "FAIL ", v->report);
    vfprintf(v->report, format, arguments);
    fputc('\n', v->report);
    va_end(arguments);
    v->checks++;
    v->failures += !good;
}

// ---- Instance and totals ----

static bool same_shape(const verifier_t *v) {
    const certificate_t *c = v->c;
    if (c->layer != (v->layer != NULL))
        return false;
    return c->layer ? c->experts == v->layer->experts && c->active == v->layer->active &&
                          c->width == v->layer->width && c->dimension == v->layer->dimension
                    : c->planes == v->a->planes && c->dimension == v->a->dimension;
}

// Whether the certificate is one of this instance; otherwise nothing else can be checked.
static bool verify_instance(verifier_t *v, const instance_t *instance) {
    char hash[DIGEST_ROOM];
    if (instance_hash(instance, hash, v->fault) != FAULT_NONE)
        return false;
    state(v, strcmp(hash, v->c->hash) == 0, "the SHA-256 of the instance is %s", v->c->hash);
    state(v, same_shape(v), "the shape is the instance's");
    return v->failures == 0;
}

static void verify_totals(verifier_t *v) {
    const certificate_t *c = v->c;
    fmpz_t sum;
    fmpz_init(sum);
    bool any = false;
    for (int i = 0; i < CERTIFICATE_NAMES; i++)
        if (c->method[i].used) {
            any = true;
            _fmpz_vec_sum(sum, c->method[i].level, c->dimension + 1);
            state(v, fmpz_equal(sum, c->method[i].total) && fmpz_equal(sum, c->regions),
                  "the levels of %s add up to its total, the number of regions", method_names[i]);
        }
    state(v, any && fmpz_sgn(c->regions) > 0, "a method counted at least one region");
    bool equal = true;
    for (slong i = 0; i < c->functionals; i++) {
        equal = equal && fmpz_equal(c->functional[i].total, c->regions);
        for (slong j = 0; j < i; j++)
            equal = equal && c->functional[i].seed != c->functional[j].seed;
    }
    if (c->functionals > 0)
        state(v, equal, "functionals: %ld with different seeds, each gives the number of regions",
              c->functionals);
    fmpz_clear(sum);
}

// ---- The tree ----

// The alternating sum of the levels, with the sign that makes it a number of bounded regions.
static void verify_bounded(verifier_t *v, const fmpz *level) {
    fmpz_t sum;
    fmpz_init(sum);
    for (slong j = 0; j <= v->c->dimension; j++)
        if ((j + v->planes.rank) % 2 == 0)
            fmpz_add(sum, sum, level + j);
        else
            fmpz_sub(sum, sum, level + j);
    if (v->planes.central && v->planes.distinct > 0)
        state(v, fmpz_is_zero(sum) && fmpz_is_even(v->c->regions),
              "the arrangement is central: no bounded regions, an even number of regions");
    else
        state(v, fmpz_sgn(sum) >= 0, "the alternating sum of the levels is a number of bounded regions");
    fmpz_clear(sum);
}

static void verify_levels(verifier_t *v, const fmpz *level) {
    const slong d = v->c->dimension, m = v->planes.distinct, rank = v->planes.rank;
    fmpz *most = _fmpz_vec_init(d + 1);
    fmpz_t number;
    fmpz_init(number);
    check_generic(most, &v->planes, d);
    bool within = true;
    for (slong j = 0; j <= d; j++)
        within = within && fmpz_cmp(level + j, most + j) <= 0 && (fmpz_sgn(level + j) > 0) == (j <= rank);
    state(v, fmpz_is_one(level) && fmpz_equal_si(level + 1, m),
          "levels 0 and 1 of the tree are 1 and the number of distinct hyperplanes, %ld", m);
    if (d >= 2 && m <= VERIFY_PLANES) {
        if (check_pairs(v->rows, number) != GSL_SUCCESS)
            fault_set(v->fault, FAULT_SYSTEM, "out of memory while a certificate was checked");
        state(v, fmpz_equal(level + 2, number), "level 2 of the tree is what the pairs of hyperplanes give");
    }
    state(v, within,
          "each level of the tree is at least 1 up to the rank %ld, 0 beyond it, and at most that of general "
          "position",
          rank);
    check_phi(number, m, d);
    state(v, fmpz_cmp(v->c->regions, number) <= 0, "the total is at most Zaslavsky's sum of binomials");
    if (fmpz_is_zero(v->c->zero_events))
        state(v, _fmpz_vec_equal(level, most, d + 1),
              "there are no zero events, and each level of the tree is that of general position");
    fmpz_clear(number);
    _fmpz_vec_clear(most, d + 1);
}

// On a line and below nothing is counted modulo primes: the levels are known from the number of hyperplanes, and,
// when they are central, from the alternating sum.
static bool needs_primes(const check_planes_t *planes) {
    return planes->rank - (slong)planes->central > 1;
}

static void verify_primes(verifier_t *v) {
    const certificate_t *c = v->c;
    bool proven = c->primes > 0 || !needs_primes(&v->planes);
    fmpz_t product;
    fmpz_init_set_ui(product, 1);
    for (slong i = 0; i < c->primes; i++) {
        const fmpz *prime = c->prime + i;
        proven = proven && fmpz_is_odd(prime) && fmpz_abs_fits_ui(prime) && fmpz_is_prime(prime) == 1;
        for (slong j = 0; j < i; j++)
            proven = proven && !fmpz_equal(prime, c->prime + j);
        fmpz_mul(product, product, prime);
    }
    state(v, proven, "primes: %ld, odd, different, proven", c->primes);
    state(v, c->hadamard_bits >= v->planes.hadamard_bits,
          "the bound 2^%ld of all minors is at least Hadamard's, 2^%ld", c->hadamard_bits,
          v->planes.hadamard_bits);
    // An odd product is no power of 2.
    if (needs_primes(&v->planes) || !fmpz_is_zero(c->zero_events))
        state(v, (slong)fmpz_bits(product) > c->hadamard_bits + 1,
              "the product of the primes is above twice the bound, so that what vanishes modulo all is zero");
    fmpz_clear(product);
}

static bool same_event(const certificate_event_t *a, const certificate_event_t *b) {
    return a->kind == b->kind && a->size == b->size &&
           memcmp(a->rows, b->rows, (size_t)a->size * sizeof *a->rows) == 0;
}

// Whether event i is a dependency of hyperplanes, and new.
static bool event_holds(const verifier_t *v, slong i) {
    const certificate_event_t *event = &v->c->event[i];
    for (slong j = 0; j < event->size; j++)
        if (_fmpz_vec_is_zero(v->rows->rows[event->rows[j]], v->c->dimension))
            return false;
    for (slong j = 0; j < i; j++)
        if (same_event(event, &v->c->event[j]))
            return false;
    return check_dependent(v->rows, event->rows, event->size, event->kind == CERTIFICATE_CONCURRENT);
}

static void verify_events(verifier_t *v) {
    const certificate_t *c = v->c;
    slong bad = 0;
    while (bad < c->events && event_holds(v, bad))
        bad++;
    if (bad < c->events)
        state(v, false, "zero event %ld (from 0, of %ld) is a linear dependency of hyperplanes, listed once",
              bad, c->events);
    else
        state(v, true, "zero events that are listed: %ld, each a linear dependency of hyperplanes",
              c->events);
    const bool all = fmpz_cmp_si(c->zero_events, CERTIFICATE_EVENTS) < 0
                         ? fmpz_equal_si(c->zero_events, c->events)
                         : c->events == CERTIFICATE_EVENTS;
    state(v, all, "all zero events are listed, or the first %d", CERTIFICATE_EVENTS);
}

static void verify_tree(verifier_t *v) {
    const fmpz *level = v->c->method[CERTIFICATE_TREE].level;
    if (v->layer != NULL && v->layer->active < v->layer->experts) {
        state(v, false, "the tree counts arrangements, and layers with k = N");
        return;
    }
    if (check_planes(v->rows, &v->planes) != GSL_SUCCESS) {
        fault_set(v->fault, FAULT_SYSTEM, "out of memory while a certificate was checked");
        return;
    }
    verify_levels(v, level);
    verify_bounded(v, level);
    verify_primes(v);
    verify_events(v);
}

// ---- Layers ----

// Whether the router's normals are affinely independent: then every coalition is reachable.
static bool affinely_independent(const layer_t *layer) {
    if (layer->experts > layer->dimension + 1)
        return false;
    fmpz_mat_t lifted;
    fmpz_mat_init_set(lifted, layer->router);
    for (slong i = 0; i < layer->experts; i++)
        fmpz_one(fmpz_mat_entry(lifted, i, layer->dimension));
    const bool independent = fmpz_mat_rank(lifted) == layer->experts;
    fmpz_mat_clear(lifted);
    return independent;
}

static void verify_flats(verifier_t *v, const fmpz *bound) {
    const layer_t *layer = v->layer;
    const fmpz *level = v->c->method[CERTIFICATE_F].level;
    bool within = fmpz_sgn(level) > 0;
    for (slong j = 0; j <= layer->dimension; j++)
        within = within && fmpz_cmp(level + j, bound + j) <= 0;
    state(v, within, "each level of method F is at most its summand of the bound (U)");
    if (affinely_independent(layer)) {
        fmpz_t all;
        fmpz_init(all);
        fmpz_bin_uiui(all, (ulong)layer->experts, (ulong)layer->active);
        state(v, fmpz_equal(level, all),
              "the router's normals are affinely independent: every coalition is reachable");
        fmpz_clear(all);
    }
}

static void verify_layer(verifier_t *v) {
    const layer_t *layer = v->layer;
    fmpz *bound = _fmpz_vec_init(layer->dimension + 1);
    fmpz_t sum;
    fmpz_init(sum);
    check_flats(bound, layer->experts, layer->active, layer->width, layer->dimension);
    _fmpz_vec_sum(sum, bound, layer->dimension + 1);
    state(v, fmpz_cmp(v->c->regions, sum) <= 0, "the total is at most the bound (U) of this shape");
    if (layer->active < layer->experts)
        state(v, !check_twins(layer), "no two experts have the same logit everywhere");
    if (v->c->method[CERTIFICATE_V].used)
        state(v, fmpz_is_one(v->c->method[CERTIFICATE_V].level), "level 0 of method V is 1");
    if (v->c->method[CERTIFICATE_F].used)
        verify_flats(v, bound);
    fmpz_clear(sum);
    _fmpz_vec_clear(bound, layer->dimension + 1);
}

// ---- Samples ----

// Whether the point has this sign at a row; a dead unit has none.
static bool sign_holds(const verifier_t *v, slong row, const fmpq *point, char sign) {
    const fmpz *entries = v->rows->rows[row];
    if (_fmpz_vec_is_zero(entries, v->c->dimension))
        return sign == '0';
    const int found = check_sign(entries, point, v->c->dimension);
    return found != 0 && sign == (found > 0 ? '+' : '-');
}

static bool sample_holds(const verifier_t *v, slong i) {
    const certificate_t *c = v->c;
    const certificate_sample_t *sample = &c->sample[i];
    for (slong j = 0; j < i; j++)
        if (strcmp(sample->signs, c->sample[j].signs) == 0 &&
            (!c->layer || memcmp(sample->coalition, c->sample[j].coalition,
                                 (size_t)c->active * sizeof *sample->coalition) == 0))
            return false;
    for (slong j = 0; j < certificate_signs(c); j++) {
        const slong row = c->layer ? sample->coalition[j / c->width] * c->width + j % c->width : j;
        if (!sign_holds(v, row, sample->point, sample->signs[j]))
            return false;
    }
    return !c->layer || check_coalition(v->layer, sample->coalition, sample->point);
}

static void verify_samples(verifier_t *v) {
    const certificate_t *c = v->c;
    slong bad = 0;
    while (bad < c->samples && sample_holds(v, bad))
        bad++;
    if (bad < c->samples)
        state(v, false, "sample %ld (from 0, of %ld) is a point of the region that it states, a new one", bad,
              c->samples);
    else
        state(v, fmpz_cmp_si(c->regions, c->samples) >= 0,
              "samples: %ld points of different regions, no more than were counted", c->samples);
}

fault_status_t verify_certificate(const certificate_t *c, const instance_t *instance, FILE *report,
                                  fault_t *fault) {
    verifier_t v = {.c = c,
                    .a = instance->arrangement,
                    .layer = instance->layer,
                    .rows = instance->layer != NULL ? instance->layer->rows : instance->arrangement->rows,
                    .report = report,
                    .fault = fault};
    if (verify_instance(&v, instance)) {
        verify_totals(&v);
        if (c->method[CERTIFICATE_TREE].used)
            verify_tree(&v);
        if (v.layer != NULL)
            verify_layer(&v);
        verify_samples(&v);
    }
    if (v.failures > 0)
        fault_set(fault, FAULT_INPUT, "%d of %d checks of the certificate failed", v.failures, v.checks);
    return fault->status;
}
