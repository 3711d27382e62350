// SPDX-License-Identifier: GPL-3.0-or-later
// io/certificate, io/verify, geometry/check: certificates of instances that were counted by brute force are written, read
// and hold; every field tampered with, left out or added is noticed; the checker's own numbers against other ones.
#include "geometry/bounds.h"
#include "geometry/check.h"
#include "geometry/whitney.h"
#include "io/certificate.h"
#include "io/verify.h"
#include "support.h"

#include <flint/fmpq_vec.h>
#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

static char path[512], folder[256];

static int make_folder(void **state) {
    (void)state;
    const char *root = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/moegeom-certificate-XXXXXX", root ? root : "/tmp");
    if (mkdtemp(folder) == NULL)
        return 1;
    snprintf(path, sizeof path, "%s/x.json", folder);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    unlink(path);
    return rmdir(folder);
}

// ---- Certificates that hold ----

typedef struct {
    instance_t instance;
    certificate_t *c;
} pair_t;

static pair_t start(const char *text) {
    pair_t pair = {0};
    fault_t fault = {0};
    if (instance_parse("text", text, strlen(text), &pair.instance, &fault) != FAULT_NONE ||
        certificate_alloc(&pair.instance, &pair.c, &fault) != FAULT_NONE)
        fail_msg("%s", fault.text);
    return pair;
}

static void finish(pair_t *pair) {
    instance_clear(&pair->instance);
    certificate_free(pair->c);
}

static void set_method(certificate_t *c, certificate_name_t name, const slong *levels) {
    fmpz *level = _fmpz_vec_init(c->dimension + 1);
    for (slong j = 0; j <= c->dimension; j++)
        fmpz_set_si(level + j, levels[j]);
    _fmpz_vec_sum(c->regions, level, c->dimension + 1);
    certificate_method(c, name, c->regions, level);
    _fmpz_vec_clear(level, c->dimension + 1);
}

static void add_primes(certificate_t *c, slong count) {
    fmpz_t prime;
    fmpz_init_set_ui(prime, UWORD(562949953421231)); // below 2^49
    for (slong i = 0; i < count; i++) {
        fmpz_nextprime(prime, prime, 1);
        assert_int_equal(certificate_prime(c, prime), GSL_SUCCESS);
    }
    fmpz_clear(prime);
}

// Adds the region of a point p/q, with the signs and the coalition that it has.
static void add_sample(pair_t *pair, const slong *numerators, slong denominator, const slong *coalition) {
    certificate_t *c = pair->c;
    const fmpz_mat_struct *rows = c->layer ? pair->instance.layer->rows : pair->instance.arrangement->rows;
    fmpq *point = _fmpq_vec_init(c->dimension);
    signed char sign[64];
    for (slong j = 0; j < c->dimension; j++)
        fmpq_set_si(point + j, numerators[j], (ulong)denominator);
    for (slong i = 0; i < certificate_signs(c); i++) {
        const slong row = c->layer ? coalition[i / c->width] * c->width + i % c->width : i;
        const bool dead = _fmpz_vec_is_zero(rows->rows[row], c->dimension);
        sign[i] = (signed char)(dead ? 0 : check_sign(rows->rows[row], point, c->dimension));
    }
    assert_int_equal(certificate_sample(c, coalition, sign, point), GSL_SUCCESS);
    _fmpq_vec_clear(point, c->dimension);
}

// The planes x_i = x_j of R^3, and a dead row: 6 regions, one zero event.
static pair_t braid(void) {
    pair_t pair = start("arrangement 4 3  1 -1 0 0  1 0 -1 0  0 1 -1 0  0 0 0 1");
    certificate_t *c = pair.c;
    set_method(c, CERTIFICATE_TREE, (const slong[]){1, 3, 2, 0});
    c->hadamard_bits = 2; // the product of three norms, 2^(3/2)
    add_primes(c, 2);
    assert_int_equal(certificate_event(c, CERTIFICATE_PARALLEL, (const slong[]){0, 1, 2}, 3), GSL_SUCCESS);
    add_sample(&pair, (const slong[]){1, 2, 4}, 3, NULL);
    add_sample(&pair, (const slong[]){4, 2, 1}, 3, NULL);
    return pair;
}

// Two parallel lines, and three lines through a point: 9 regions.
static pair_t lines(void) {
    pair_t pair = start("arrangement 5 2  1 0 0  1 0 -1  0 1 0  1 1 0  -2 0 2");
    certificate_t *c = pair.c;
    set_method(c, CERTIFICATE_TREE, (const slong[]){1, 4, 4});
    c->hadamard_bits = 2; // of sqrt(2 * 2 * 2): the last row was divided by its content
    add_primes(c, 1);
    assert_int_equal(certificate_event(c, CERTIFICATE_PARALLEL, (const slong[]){0, 1}, 2), GSL_SUCCESS);
    assert_int_equal(certificate_event(c, CERTIFICATE_CONCURRENT, (const slong[]){0, 2, 3}, 3), GSL_SUCCESS);
    add_sample(&pair, (const slong[]){1, 1}, 3, NULL);
    add_sample(&pair, (const slong[]){-1, -1}, 3, NULL);
    return pair;
}

// Three lines in general position: 7 regions.
static pair_t generic(void) {
    pair_t pair = start("arrangement 3 2  1 0 0  0 1 0  1 1 -1");
    set_method(pair.c, CERTIFICATE_TREE, (const slong[]){1, 3, 3});
    pair.c->hadamard_bits = 1;
    add_primes(pair.c, 1);
    add_sample(&pair, (const slong[]){1, 1}, 3, NULL);
    add_sample(&pair, (const slong[]){3, 1}, 3, NULL);
    return pair;
}

// Four planes through the origin, any three of them independent: the slice is in general position.
static pair_t generic_central(void) {
    pair_t pair = start("arrangement 4 3  1 0 0 0  0 1 0 0  0 0 1 0  1 1 1 0");
    set_method(pair.c, CERTIFICATE_TREE, (const slong[]){1, 4, 6, 3});
    pair.c->hadamard_bits = 1;
    add_primes(pair.c, 1);
    add_sample(&pair, (const slong[]){1, 2, -1}, 3, NULL);
    return pair;
}

// Points on a line: they need no primes.
static pair_t points(void) {
    pair_t pair = start("arrangement 3 1  1 0  2 0  1 -1");
    set_method(pair.c, CERTIFICATE_TREE, (const slong[]){1, 2});
    pair.c->hadamard_bits = 1;
    add_sample(&pair, (const slong[]){1}, 3, NULL);
    return pair;
}

static int by_value(const void *a, const void *b) {
    return fmpq_cmp(a, b);
}

// A layer on a line with every region as a sample: the rightmost point of interest and a point in each gap.
//   cells  receives the number of coalitions
static void sample_line(pair_t *pair, slong *cells) {
    const layer_t *layer = pair->instance.layer;
    const slong n = layer->experts, units = n * layer->width;
    fmpq *cut = _fmpq_vec_init(n * n + units);
    slong cuts = 0;
    fmpz_t slope, offset;
    fmpz_init(slope);
    fmpz_init(offset);
    for (slong i = 0; i < n; i++)
        for (slong j = 0; j < i; j++) {
            fmpz_sub(slope, layer->router->rows[i], layer->router->rows[j]);
            fmpz_sub(offset, layer->router->rows[j] + 1, layer->router->rows[i] + 1);
            if (!fmpz_is_zero(slope))
                fmpq_set_fmpz_frac(cut + cuts++, offset, slope);
        }
    for (slong i = 0; i < units; i++) {
        fmpz_neg(offset, layer->rows->rows[i] + 1);
        if (!fmpz_is_zero(layer->rows->rows[i]))
            fmpq_set_fmpz_frac(cut + cuts++, offset, layer->rows->rows[i]);
    }
    qsort(cut, (size_t)cuts, sizeof *cut, by_value);
    fmpq_t point, one;
    fmpq_init(point);
    fmpq_init(one);
    fmpq_one(one);
    *cells = 0;
    for (slong g = 0; g <= cuts; g++) {
        if (g == 0)
            fmpq_sub(point, cut, one);
        else if (g == cuts)
            fmpq_add(point, cut + cuts - 1, one);
        else {
            fmpq_add(point, cut + g - 1, cut + g);
            fmpq_div_2exp(point, point, 1);
            if (fmpq_equal(cut + g - 1, cut + g))
                continue;
        }
        // the coalition: experts with fewer than k better ones
        slong members[16], count = 0;
        for (slong i = 0; i < n; i++) {
            slong better = 0;
            for (slong j = 0; j < n; j++) {
                fmpz difference[2] = {0};
                _fmpz_vec_sub(difference, layer->router->rows[j], layer->router->rows[i], 2);
                better += check_sign(difference, point, 1) > 0;
                _fmpz_vec_zero(difference, 2);
            }
            if (better < layer->active)
                members[count++] = i;
        }
        assert_int_equal(count, layer->active);
        const slong before = pair->c->samples;
        const slong numerator = fmpz_get_si(fmpq_numref(point)),
                    denominator = fmpz_get_si(fmpq_denref(point));
        add_sample(pair, &numerator, denominator, members);
        // On a line a region is an interval: it is new unless it is the one before.
        certificate_sample_t *last = &pair->c->sample[before];
        const bool same_cell =
            before > 0 && memcmp(last->coalition, last[-1].coalition, (size_t)count * sizeof(slong)) == 0;
        *cells += !same_cell;
        if (same_cell && strcmp(last->signs, last[-1].signs) == 0) {
            free(last->coalition);
            free(last->signs);
            _fmpq_vec_clear(last->point, 1);
            pair->c->samples--;
        }
    }
    fmpq_clear(one);
    fmpq_clear(point);
    fmpz_clear(offset);
    fmpz_clear(slope);
    _fmpq_vec_clear(cut, n * n + units);
}

static pair_t line_layer(const char *text) {
    pair_t pair = start(text);
    slong cells;
    sample_line(&pair, &cells);
    const slong total = pair.c->samples;
    set_method(pair.c, CERTIFICATE_V, (const slong[]){1, total - 1});
    set_method(pair.c, CERTIFICATE_F, (const slong[]){cells, total - cells});
    certificate_functional(pair.c, UINT64_MAX, pair.c->regions);
    certificate_functional(pair.c, 7, pair.c->regions);
    return pair;
}

static pair_t layer_dead(void) {
    return line_layer("moe 4 2 2 1  3 1  -2 5  1 1/3  0 4   1 -1  0 3  2 5  1 7  -3 1  4 9  1 100  5 -11");
}

static pair_t layer_all(void) {
    return line_layer("moe 2 2 2 1  3 1  -2 5  1 -1  2 3  2 5  1 7");
}

static pair_t layer_two(void) {
    return line_layer("moe 2 1 1 1  3 1  -2 5  1 -1  2 3");
}

typedef pair_t (*maker_t)(void);
static const maker_t makers[] = {braid, lines, generic, generic_central, layer_dead, layer_all, layer_two};
enum { MAKERS = sizeof makers / sizeof *makers };

// Verifies; the report is kept in `report` (to be freed) unless that is NULL.
static fault_status_t verify(const certificate_t *c, const instance_t *instance, char **report) {
    char *text = NULL;
    size_t length;
    fault_t fault = {0};
    FILE *file = open_memstream(&text, &length);
    assert_non_null(file);
    const fault_status_t status = verify_certificate(c, instance, file, &fault);
    fclose(file);
    if (report != NULL)
        *report = text;
    else
        free(text);
    return status;
}

static fault_status_t read_and_verify(const instance_t *instance, char **report) {
    certificate_t *c;
    fault_t fault = {0};
    if (certificate_read(path, &c, &fault) != FAULT_NONE) {
        if (report != NULL)
            *report = strdup(fault.text);
        return fault.status;
    }
    const fault_status_t status = verify(c, instance, report);
    certificate_free(c);
    return status;
}

static void test_good(void **state) {
    (void)state;
    for (int m = 0; m < MAKERS; m++) {
        pair_t pair = makers[m]();
        fault_t fault = {0};
        char *report;
        if (verify(pair.c, &pair.instance, &report) != FAULT_NONE || strstr(report, "FAIL") != NULL)
            fail_msg("certificate %d as it was filled:\n%s", m, report);
        free(report);
        assert_int_equal(certificate_write(pair.c, path, &fault), FAULT_NONE);
        if (read_and_verify(&pair.instance, &report) != FAULT_NONE || strstr(report, "FAIL") != NULL)
            fail_msg("certificate %d as it was read:\n%s", m, report);
        for (char *line = report; *line; line = strchr(line, '\n') + 1)
            assert_memory_equal(line, "ok   ", 5);
        free(report);
        finish(&pair);
    }
    pair_t pair = points();
    assert_int_equal(verify(pair.c, &pair.instance, NULL), FAULT_NONE);
    finish(&pair);
}

// What is written, read and written again is the same file.
static void test_round_trip(void **state) {
    (void)state;
    for (int m = 0; m < MAKERS; m++) {
        pair_t pair = makers[m]();
        fault_t fault = {0};
        certificate_t *c;
        assert_int_equal(certificate_write(pair.c, path, &fault), FAULT_NONE);
        json_t *first = json_load_file(path, 0, NULL);
        assert_int_equal(certificate_read(path, &c, &fault), FAULT_NONE);
        assert_int_equal(certificate_write(c, path, &fault), FAULT_NONE);
        json_t *second = json_load_file(path, 0, NULL);
        assert_true(json_equal(first, second));
        json_decref(first);
        json_decref(second);
        certificate_free(c);
        finish(&pair);
    }
}

// ---- Tampering with every value of the file ----

typedef struct {
    const instance_t *instance;
    json_t *whole;
    int tried;
} tamper_t;

static void expect_noticed(tamper_t *tamper, const char *place) {
    char *report = NULL;
    unlink(path); // some file systems are slow to replace what a file holds
    assert_int_equal(json_dump_file(tamper->whole, path, JSON_INDENT(1)), 0);
    tamper->tried++;
    if (read_and_verify(tamper->instance, &report) != FAULT_INPUT) {
        char *text = json_dumps(tamper->whole, JSON_INDENT(1));
        fail_msg("%s was not noticed:\n%s\n%s", place, text, report);
    }
    free(report);
}

// A number in a text and one more.
static json_t *next_number(const char *text) {
    fmpq_t value;
    fmpq_init(value);
    fmpq_set_str(value, text, 10);
    fmpz_add(fmpq_numref(value), fmpq_numref(value), fmpq_denref(value));
    char *next = fmpq_get_str(NULL, 10, value);
    json_t *result = json_string(next);
    flint_free(next);
    fmpq_clear(value);
    return result;
}

// Other values for one of the file; the caller owns them. Returns how many.
static int other_values(const char *key, const json_t *value, json_t *others[8]) {
    int count = 0;
    others[count++] = json_null();
    others[count++] = json_object();
    others[count++] = json_string("");
    others[count++] = json_string("-1");
    if (json_is_integer(value)) {
        const json_int_t number = json_integer_value(value);
        others[count++] = json_integer(-1);
        others[count++] = json_integer(strcmp(key, "hadamard_bits") == 0 ? number + 100 : number + 1);
        if (number > 0)
            others[count++] = json_integer(number - 1);
    } else if (json_is_string(value)) {
        const char *text = json_string_value(value);
        if (strcmp(key, "signs") == 0) {
            char *changed = strdup(text);
            changed[0] = changed[0] == '+' ? '-' : '+';
            others[count++] = json_string(changed);
            changed[0] = '0';
            others[count++] = text[0] == '0' ? json_null() : json_string(changed);
            changed[0] = text[0];
            changed[strcspn(text, "0") % strlen(text)] = 'x'; // a dead unit's sign, if there is one
            others[count++] = json_string(changed);
            free(changed);
        } else if (strcmp(key, "seed") != 0 && strspn(text, "-0123456789/") == strlen(text))
            others[count++] = next_number(text);
        else
            others[count++] = json_string("tree ");
    }
    return count;
}

static void tamper_with(tamper_t *tamper, json_t *value, const char *place);

// Replaces a value by others, then goes on below it. `holder` is the object (key) or array (index) of the value.
static void tamper_at(tamper_t *tamper, json_t *holder, const char *key, size_t index, const char *place) {
    json_t *value =
        json_incref(json_is_array(holder) ? json_array_get(holder, index) : json_object_get(holder, key));
    json_t *others[8];
    const int count = other_values(key, value, others);
    for (int i = 0; i < count; i++) {
        // A point may be moved within its region; that it may not leave it is tried below.
        const bool moved = strcmp(key, "point") == 0 && json_is_string(value) && json_is_string(others[i]) &&
                           json_string_length(others[i]) > 0;
        if (moved || json_equal(others[i], value)) {
            json_decref(others[i]);
            continue;
        }
        if (json_is_array(holder))
            json_array_set_new(holder, index, others[i]);
        else
            json_object_set_new(holder, key, others[i]);
        expect_noticed(tamper, place);
    }
    if (json_is_array(holder))
        json_array_set(holder, index, value);
    else
        json_object_set(holder, key, value);
    tamper_with(tamper, value, place);
    json_decref(value);
}

static void tamper_object(tamper_t *tamper, json_t *object, const char *place) {
    const char *key;
    json_t *value, *copy = json_copy(object);
    char inner[512];
    json_object_set_new(object, "other", json_integer(1));
    snprintf(inner, sizeof inner, "%s with a field more", place);
    expect_noticed(tamper, inner);
    json_object_del(object, "other");
    json_object_foreach(copy, key, value) {
        snprintf(inner, sizeof inner, "%s without %s", place, key);
        json_object_del(object, key);
        expect_noticed(tamper, inner);
        json_object_set(object, key, value);
        snprintf(inner, sizeof inner, "%.400s.%s", place, key);
        tamper_at(tamper, object, key, 0, inner);
    }
    json_decref(copy);
}

static void tamper_with(tamper_t *tamper, json_t *value, const char *place) {
    if (json_is_object(value))
        tamper_object(tamper, value, place);
    const char *key = strrchr(place, '.') ? strrchr(place, '.') + 1 : place;
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(key, "["), key);
    for (size_t i = 0; json_is_array(value) && i < json_array_size(value); i++) {
        char inner[512];
        snprintf(inner, sizeof inner, "%.400s[%zu]", place, i);
        tamper_at(tamper, value, name, i, inner);
    }
}

static void test_tampering(void **state) {
    (void)state;
    for (int m = 0; m < MAKERS; m++) {
        pair_t pair = makers[m]();
        fault_t fault = {0};
        assert_int_equal(certificate_write(pair.c, path, &fault), FAULT_NONE);
        tamper_t tamper = {&pair.instance, json_load_file(path, 0, NULL), 0};
        assert_non_null(tamper.whole);
        char place[32];
        snprintf(place, sizeof place, "certificate %d", m);
        tamper_with(&tamper, tamper.whole, place);
        assert_true(tamper.tried > 100);
        // All was put back.
        assert_int_equal(json_dump_file(tamper.whole, path, 0), 0);
        assert_int_equal(read_and_verify(&pair.instance, NULL), FAULT_NONE);
        json_decref(tamper.whole);
        finish(&pair);
    }
}

// ---- Lies that agree with themselves ----

static void expect_failure(pair_t *pair, const char *line) {
    char *report;
    const fault_status_t status = verify(pair->c, &pair->instance, &report);
    char wanted[256];
    snprintf(wanted, sizeof wanted, "FAIL %s", line);
    if (status != FAULT_INPUT || strstr(report, wanted) == NULL)
        fail_msg("expected %s in\n%s", wanted, report);
    free(report);
    finish(pair);
}

static void test_consistent_lies(void **state) {
    (void)state;
    pair_t pair = braid();
    set_method(pair.c, CERTIFICATE_TREE, (const slong[]){1, 3, 3, 0});
    expect_failure(&pair, "level 2 of the tree");
    pair = braid();
    set_method(pair.c, CERTIFICATE_TREE, (const slong[]){1, 4, 2, 0});
    expect_failure(&pair, "levels 0 and 1 of the tree");
    pair = braid();
    set_method(pair.c, CERTIFICATE_TREE, (const slong[]){1, 3, 2, 1}); // beyond the rank
    expect_failure(&pair, "each level of the tree");
    pair = braid();
    set_method(pair.c, CERTIFICATE_TREE, (const slong[]){1, 3, 4, 0});
    expect_failure(&pair, "the arrangement is central");
    pair = braid();
    pair.c->hadamard_bits = 1;
    expect_failure(&pair, "the bound 2^1 of all minors");
    pair = braid();
    pair.c->hadamard_bits = 98;
    expect_failure(&pair, "the product of the primes");
    pair = braid();
    add_primes(pair.c, 1); // one that is there
    expect_failure(&pair, "primes: 3");
    pair = braid();
    fmpz_set_ui(pair.c->prime, 561); // a Carmichael number
    expect_failure(&pair, "primes: 2");
    pair = braid();
    certificate_event(pair.c, CERTIFICATE_PARALLEL, (const slong[]){0, 1, 2}, 3);
    expect_failure(&pair, "zero event 1");
    pair = braid();
    certificate_event(pair.c, CERTIFICATE_PARALLEL, (const slong[]){0, 1}, 2);
    expect_failure(&pair, "zero event 1");
    pair = braid();
    certificate_event(pair.c, CERTIFICATE_PARALLEL, (const slong[]){0, 3}, 2); // the dead row
    expect_failure(&pair, "zero event 1");
    pair = lines(); // the normals of rows 0, 1, 2 are dependent in the plane; they do not meet
    certificate_event(pair.c, CERTIFICATE_CONCURRENT, (const slong[]){0, 1, 2}, 3);
    expect_failure(&pair, "zero event 2");
    pair = braid();
    fmpz_set_ui(pair.c->zero_events, 1001);
    expect_failure(&pair, "all zero events are listed");
    pair = generic();
    set_method(pair.c, CERTIFICATE_TREE, (const slong[]){1, 3, 2});
    expect_failure(&pair, "there are no zero events");
    pair = generic();
    set_method(pair.c, CERTIFICATE_TREE, (const slong[]){1, 3, 4});
    expect_failure(&pair, "the total is at most Zaslavsky's");
    pair = generic();
    add_sample(&pair, (const slong[]){1, 1}, 4, NULL); // a region that is there
    expect_failure(&pair, "sample 2");
    pair = generic();
    add_sample(&pair, (const slong[]){0, 1}, 4, NULL); // a point on a line
    expect_failure(&pair, "sample 2");
    pair = generic();
    fmpq_set_si(pair.c->sample[0].point, -5, 1);
    expect_failure(&pair, "sample 0");
    pair = generic();
    fmpq_zero(pair.c->sample[0].point); // on the first line, and called below it
    pair.c->sample[0].signs[0] = '-';
    expect_failure(&pair, "sample 0");
    pair = start("arrangement 4 3  1 0 0 0  0 1 0 0  0 0 1 0  1 0 0 -1"); // 12 regions, none of them bounded
    set_method(pair.c, CERTIFICATE_TREE, (const slong[]){1, 4, 5, 1});
    expect_failure(&pair, "the alternating sum");

    pair = points();
    set_method(pair.c, CERTIFICATE_TREE, (const slong[]){1, 3});
    expect_failure(&pair, "levels 0 and 1 of the tree");
    pair = generic();
    fmpz_clear(pair.c->prime);
    pair.c->primes = 0;
    expect_failure(&pair, "primes: 0");
    pair = generic_central();
    set_method(pair.c, CERTIFICATE_TREE, (const slong[]){1, 4, 6, 4});
    expect_failure(&pair, "each level of the tree");

    pair = layer_two(); // 4 regions, and no layer of this shape has more
    certificate_functional(pair.c, 7, pair.c->regions);
    expect_failure(&pair, "functionals: 3");
    pair = layer_two();
    set_method(pair.c, CERTIFICATE_V, (const slong[]){1, 100});
    set_method(pair.c, CERTIFICATE_F, (const slong[]){2, 99});
    expect_failure(&pair, "the total is at most the bound (U)");
    pair = layer_two();
    set_method(pair.c, CERTIFICATE_V, (const slong[]){2, 1});
    expect_failure(&pair, "level 0 of method V");
    pair = layer_two();
    set_method(pair.c, CERTIFICATE_F, (const slong[]){1, 2});
    expect_failure(&pair, "the router's normals are affinely independent");
    pair = layer_two();
    set_method(pair.c, CERTIFICATE_F, (const slong[]){0, 3});
    expect_failure(&pair, "each level of method F");
    pair = layer_dead();
    const slong total = fmpz_get_si(pair.c->regions);
    set_method(pair.c, CERTIFICATE_F, (const slong[]){6, total - 6}); // a line has at most 5 cells
    expect_failure(&pair, "each level of method F");
    pair = layer_two();
    for (slong i = 0; i < pair.c->samples; i++) // to where both logits are equal
        if (pair.c->sample[i].coalition[0] == 0 && pair.c->sample[i].signs[0] == '-')
            fmpq_set_si(pair.c->sample[i].point, 4, 5);
    expect_failure(&pair, "sample");
    pair = layer_two();
    pair.c->sample[0].coalition[0] ^= 1;
    expect_failure(&pair, "sample 0");
    pair = layer_two();
    set_method(pair.c, CERTIFICATE_TREE, (const slong[]){1, 2});
    expect_failure(&pair, "the tree counts arrangements");
    pair = layer_two(); // fewer regions than samples
    set_method(pair.c, CERTIFICATE_V, (const slong[]){1, 1});
    set_method(pair.c, CERTIFICATE_F, (const slong[]){2, 0});
    expect_failure(&pair, "samples: 4");
    pair = start("moe 3 1 0 1  1 2  1 2  3 4");
    set_method(pair.c, CERTIFICATE_F, (const slong[]){2, 0});
    expect_failure(&pair, "no two experts");
}

static void test_other_instance(void **state) {
    (void)state;
    pair_t pair = generic(), other = lines();
    instance_t kept = pair.instance;
    pair.instance = other.instance;
    other.instance = kept;
    expect_failure(&pair, "the SHA-256");
    expect_failure(&other, "the shape");
}

// ---- Messages of the reader ----

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEAD                                                                                                 \
    "{\"format\":\"moegeom certificate "                                                                     \
    "1\",\"kind\":\"arrangement\",\"shape\":{\"n\":0,\"d\":1},\"sha256\":\"" HASH "\","
#define METHOD "{\"name\":\"V\",\"total\":\"1\",\"levels\":[\"1\",\"0\"]}"

static void test_reader(void **state) {
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"[]", "field : expected an object"},
        {"{\"format\":\"moegeom certificate 2\"}",
         "field format: expected «moegeom certificate 1», found «moegeom certificate 2»"},
        {"{\"format\":\"moegeom certificate 1\"}",
         "field kind: expected «arrangement» or «layer», found none"},
        {"{\"format\":\"moegeom certificate "
         "1\",\"kind\":\"layer\",\"shape\":{\"N\":2,\"k\":3,\"H\":1,\"d\":1}}",
         "field shape.k: expected an integer from 1 to 2"},
        {"{\"format\":\"moegeom certificate "
         "1\",\"kind\":\"arrangement\",\"shape\":{\"n\":2,\"d\":1},\"x\\u001b\":1}",
         "field (all): expected no field «x\\x1B»"},
        {HEAD "\"regions\":\"01\"}", "field regions: expected a text of decimal digits, found «01»"},
        {HEAD "\"regions\":1}", "field regions: expected a text of decimal digits"},
        {HEAD "\"regions\":\"1\",\"methods\":[" METHOD "," METHOD "]}",
         "field methods[1].name: expected each method once, found «V»"},
        {HEAD "\"regions\":\"1\",\"methods\":[" METHOD
              "],\"functionals\":[{\"seed\":\"18446744073709551616\"}]}",
         "field functionals[0].seed: expected an integer below 2^64, found «18446744073709551616»"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        certificate_t *c;
        fault_t fault = {0};
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        fputs(cases[i].text, file);
        fclose(file);
        assert_int_equal(certificate_read(path, &c, &fault), FAULT_INPUT);
        assert_string_equal(fault.text + strlen(path) + 2, cases[i].message);
    }
}

// Bytes changed at random: refused, or the same certificate still holds (a blank, a point within its region).
static void test_noise(void **state) {
    (void)state;
    stream_t stream = stream_at(3, stream_experiment("certificate noise"), 0);
    pair_t pair = layer_dead();
    fault_t fault = {0};
    static char text[1 << 16];
    assert_int_equal(certificate_write(pair.c, path, &fault), FAULT_NONE);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    const size_t length = fread(text, 1, sizeof text, file);
    fclose(file);
    for (int i = 0; i < 3000; i++) {
        const size_t at = draw_below(&stream, length), cut = draw_below(&stream, 20) ? length : at;
        const char kept = text[at];
        text[at] = (char)draw_below(&stream, 256);
        unlink(path);
        file = fopen(path, "w");
        assert_non_null(file);
        fwrite(text, 1, cut, file);
        fclose(file);
        const fault_status_t status = read_and_verify(&pair.instance, NULL);
        if (status != FAULT_INPUT && status != FAULT_NONE)
            fail_msg("byte %zu changed to %d: status %d", at, text[at], (int)status);
        text[at] = kept;
    }
    finish(&pair);
}

// ---- The checker's own numbers ----

static void test_flat_bounds(void **state) {
    (void)state;
    fmpz_t sum, expected;
    fmpz_init(sum);
    fmpz_init(expected);
    for (ulong n = 1; n <= 6; n++)
        for (ulong k = 1; k <= n; k++)
            for (ulong h = 0; h <= 4; h++)
                for (ulong d = 1; d <= 5; d++) {
                    fmpz bound[6] = {0};
                    check_flats(bound, (slong)n, (slong)k, (slong)h, (slong)d);
                    _fmpz_vec_sum(sum, bound, (slong)d + 1);
                    assert_int_equal(bounds_flats(expected, &(bounds_layer_t){n, k, h, d}), GSL_SUCCESS);
                    if (!fmpz_equal(sum, expected))
                        fail_msg("N = %lu, k = %lu, H = %lu, d = %lu", n, k, h, d);
                    bounds_phi(expected, n * h, d);
                    check_phi(sum, (slong)(n * h), (slong)d);
                    assert_true(fmpz_equal(sum, expected));
                    for (int j = 0; j < 6; j++)
                        fmpz_clear(bound + j);
                }
    fmpz_clear(expected);
    fmpz_clear(sum);
}

// In the plane the regions are 1 + lines + pairs, by Whitney's theorem; every minor is below the bound.
static void test_planes(void **state) {
    (void)state;
    stream_t stream = stream_at(4, stream_experiment("certificate planes"), 0);
    fmpz_t pairs, regions, power;
    fmpz_init(pairs);
    fmpz_init(regions);
    fmpz_init(power);
    for (int i = 0; i < 300; i++) {
        arrangement_t *a = arrangement_alloc((slong)draw_below(&stream, 8), 2);
        arrangement_draw(a, 1 + (slong)draw_below(&stream, 3), &stream);
        check_planes_t planes;
        assert_int_equal(check_planes(a->rows, &planes), GSL_SUCCESS);
        assert_int_equal(check_pairs(a->rows, pairs), GSL_SUCCESS);
        assert_int_equal(whitney_regions(a, 1 << 20, regions), GSL_SUCCESS);
        fmpz_add_si(pairs, pairs, 1 + planes.distinct);
        if (!fmpz_equal(pairs, regions)) {
            arrangement_print(stderr, a);
            fail();
        }
        // Hadamard: 3 x 3 minors, and the next smaller power would not bound the product of the norms.
        fmpz_one(power);
        fmpz_mul_2exp(power, power, (ulong)planes.hadamard_bits);
        for (slong p = 0; p + 2 < a->planes; p++) {
            fmpz_mat_t minor;
            fmpz_mat_init(minor, 3, 3);
            for (slong r = 0; r < 3; r++)
                _fmpz_vec_set(minor->rows[r], a->rows->rows[p + r], 3);
            fmpz_mat_det(regions, minor);
            assert_true(fmpz_cmpabs(regions, power) <= 0);
            fmpz_mat_clear(minor);
        }
        arrangement_free(a);
    }
    arrangement_t *a = arrangement_alloc(3, 2);
    arrangement_set(a, (const slong[]){3, 4, 0, 0, 0, 9, 0, 5, 12}); // norms 5 and 13; 65 is above 2^6
    check_planes_t planes;
    assert_int_equal(check_planes(a->rows, &planes), GSL_SUCCESS);
    assert_int_equal(planes.hadamard_bits, 7);
    assert_int_equal(planes.distinct, 2);
    assert_int_equal(planes.rank, 2);
    assert_true(planes.central);
    arrangement_free(a);
    fmpz_clear(power);
    fmpz_clear(regions);
    fmpz_clear(pairs);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),           cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_tampering),      cmocka_unit_test(test_consistent_lies),
        cmocka_unit_test(test_other_instance), cmocka_unit_test(test_reader),
        cmocka_unit_test(test_noise),          cmocka_unit_test(test_flat_bounds),
        cmocka_unit_test(test_planes),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("certificate", tests, make_folder, remove_folder);
}
