// SPDX-License-Identifier: GPL-3.0-or-later
// Certificates as JSON files; see certificate.h.
#include "io/certificate.h"

#include "io/output.h"
#include "io/quote.h"
#include "io/rational.h"

#include <errno.h>
#include <flint/fmpq_vec.h>
#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const char format_name[] = "moegeom certificate 1";
static const char *const method_names[CERTIFICATE_NAMES] = {"tree", "V", "F"};
static const char *const event_names[] = {"parallel", "concurrent"};

// ---- The structure ----

// A certificate of this shape. NULL when memory is short.
static certificate_t *alloc_shape(bool layer, const slong shape[4]) {
    certificate_t *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->layer = layer;
    if (layer) {
        c->experts = shape[0];
        c->active = shape[1];
        c->width = shape[2];
    } else
        c->planes = shape[0];
    c->dimension = shape[3];
    for (int i = 0; i < CERTIFICATE_NAMES; i++)
        c->method[i].level = _fmpz_vec_init(c->dimension + 1);
    return c;
}

fault_status_t certificate_alloc(const instance_t *instance, certificate_t **result, fault_t *fault) {
    const layer_t *layer = instance->layer;
    const arrangement_t *a = instance->arrangement;
    certificate_t *c = layer != NULL ? alloc_shape(true, (const slong[4]){layer->experts, layer->active,
                                                                          layer->width, layer->dimension})
                                     : alloc_shape(false, (const slong[4]){a->planes, 0, 0, a->dimension});
    if (c == NULL)
        return fault_set(fault, FAULT_SYSTEM, "out of memory for a certificate");
    if (instance_hash(instance, c->hash, fault) == FAULT_NONE)
        *result = c;
    else
        certificate_free(c);
    return fault->status;
}

void certificate_free(certificate_t *c) {
    if (c == NULL)
        return;
    fmpz_clear(c->regions);
    fmpz_clear(c->zero_events);
    for (int i = 0; i < CERTIFICATE_NAMES; i++) {
        fmpz_clear(c->method[i].total);
        _fmpz_vec_clear(c->method[i].level, c->dimension + 1);
    }
    for (slong i = 0; i < c->primes; i++)
        fmpz_clear(c->prime + i);
    for (slong i = 0; i < c->events; i++)
        free(c->event[i].rows);
    for (slong i = 0; i < c->functionals; i++)
        fmpz_clear(c->functional[i].total);
    for (slong i = 0; i < c->samples; i++) {
        free(c->sample[i].coalition);
        free(c->sample[i].signs);
        _fmpq_vec_clear(c->sample[i].point, c->dimension);
    }
    free(c->prime);
    free(c->event);
    free(c->functional);
    free(c->sample);
    free(c);
}

void certificate_method(certificate_t *c, certificate_name_t name, const fmpz_t total, const fmpz *level) {
    c->method[name].used = true;
    fmpz_set(c->method[name].total, total);
    _fmpz_vec_set(c->method[name].level, level, c->dimension + 1);
}

slong certificate_signs(const certificate_t *c) {
    return c->layer ? c->active * c->width : c->planes;
}

// Makes room for one more item at *items. Returns false when memory is short.
static bool grow(void *items, slong count, size_t size) {
    void *grown = reallocarray(*(void **)items, (size_t)count + 1, size);
    if (grown == NULL)
        return false;
    *(void **)items = grown;
    return true;
}

int certificate_prime(certificate_t *c, const fmpz_t prime) {
    if (!grow(&c->prime, c->primes, sizeof *c->prime))
        return GSL_ENOMEM;
    fmpz_init_set(c->prime + c->primes++, prime);
    return GSL_SUCCESS;
}

int certificate_functional(certificate_t *c, uint64_t seed, const fmpz_t total) {
    if (!grow(&c->functional, c->functionals, sizeof *c->functional))
        return GSL_ENOMEM;
    certificate_functional_t *functional = &c->functional[c->functionals++];
    functional->seed = seed;
    fmpz_init_set(functional->total, total);
    return GSL_SUCCESS;
}

static slong *copy_indices(const slong *from, slong count) {
    slong *copy = malloc((size_t)count * sizeof *copy + 1);
    if (copy != NULL)
        memcpy(copy, from, (size_t)count * sizeof *copy);
    return copy;
}

int certificate_event(certificate_t *c, certificate_kind_t kind, const slong *rows, slong size) {
    if (c->events < CERTIFICATE_EVENTS) {
        slong *copy = copy_indices(rows, size);
        if (copy == NULL || !grow(&c->event, c->events, sizeof *c->event)) {
            free(copy);
            return GSL_ENOMEM;
        }
        c->event[c->events++] = (certificate_event_t){kind, size, copy};
    }
    fmpz_add_ui(c->zero_events, c->zero_events, 1);
    return GSL_SUCCESS;
}

int certificate_sample(certificate_t *c, const slong *coalition, const signed char *sign, const fmpq *point) {
    const slong signs = certificate_signs(c);
    if (c->samples == CERTIFICATE_SAMPLES)
        return GSL_SUCCESS;
    certificate_sample_t sample = {.signs = malloc((size_t)signs + 1)};
    if (coalition != NULL)
        sample.coalition = copy_indices(coalition, c->active);
    if (sample.signs == NULL || (coalition != NULL && sample.coalition == NULL) ||
        !grow(&c->sample, c->samples, sizeof *c->sample)) {
        free(sample.signs);
        free(sample.coalition);
        return GSL_ENOMEM;
    }
    for (slong i = 0; i < signs; i++)
        sample.signs[i] = sign[i] > 0 ? '+' : sign[i] < 0 ? '-' : '0';
    sample.signs[signs] = '\0';
    sample.point = _fmpq_vec_init(c->dimension);
    for (slong j = 0; j < c->dimension; j++)
        fmpq_set(sample.point + j, point + j);
    c->sample[c->samples++] = sample;
    return GSL_SUCCESS;
}

// ---- Writing ----

static json_t *from_fmpz(const fmpz_t value) {
    char *digits = fmpz_get_str(NULL, 10, value);
    json_t *text = json_string(digits);
    flint_free(digits);
    return text;
}

static json_t *from_fmpq(const fmpq_t value) {
    char *digits = fmpq_get_str(NULL, 10, value);
    json_t *text = json_string(digits);
    flint_free(digits);
    return text;
}

static json_t *from_fmpz_vec(const fmpz *values, slong count) {
    json_t *list = json_array();
    for (slong i = 0; i < count; i++)
        json_array_append_new(list, from_fmpz(values + i));
    return list;
}

static json_t *from_indices(const slong *values, slong count) {
    json_t *list = json_array();
    for (slong i = 0; i < count; i++)
        json_array_append_new(list, json_integer(values[i]));
    return list;
}

static json_t *write_shape(const certificate_t *c) {
    return c->layer
               ? json_pack("{s:I, s:I, s:I, s:I}", "N", (json_int_t)c->experts, "k", (json_int_t)c->active,
                           "H", (json_int_t)c->width, "d", (json_int_t)c->dimension)
               : json_pack("{s:I, s:I}", "n", (json_int_t)c->planes, "d", (json_int_t)c->dimension);
}

static json_t *write_events(const certificate_t *c) {
    json_t *list = json_array();
    for (slong i = 0; i < c->events; i++)
        json_array_append_new(list, json_pack("{s:s, s:o}", "kind", event_names[c->event[i].kind], "rows",
                                              from_indices(c->event[i].rows, c->event[i].size)));
    return json_pack("{s:o, s:o}", "count", from_fmpz(c->zero_events), "list", list);
}

static json_t *write_methods(const certificate_t *c) {
    json_t *list = json_array();
    for (int i = 0; i < CERTIFICATE_NAMES; i++) {
        const certificate_method_t *method = &c->method[i];
        if (!method->used)
            continue;
        json_t *entry =
            json_pack("{s:s, s:o, s:o}", "name", method_names[i], "total", from_fmpz(method->total), "levels",
                      from_fmpz_vec(method->level, c->dimension + 1));
        if (i == CERTIFICATE_TREE) {
            json_object_set_new(entry, "primes", from_fmpz_vec(c->prime, c->primes));
            json_object_set_new(entry, "hadamard_bits", json_integer(c->hadamard_bits));
            json_object_set_new(entry, "zero_events", write_events(c));
        }
        json_array_append_new(list, entry);
    }
    return list;
}

static json_t *write_functionals(const certificate_t *c) {
    json_t *list = json_array();
    for (slong i = 0; i < c->functionals; i++) {
        char seed[32];
        snprintf(seed, sizeof seed, "%" PRIu64, c->functional[i].seed);
        json_array_append_new(
            list, json_pack("{s:s, s:o}", "seed", seed, "total", from_fmpz(c->functional[i].total)));
    }
    return list;
}

static json_t *write_samples(const certificate_t *c) {
    json_t *list = json_array();
    for (slong i = 0; i < c->samples; i++) {
        const certificate_sample_t *sample = &c->sample[i];
        json_t *entry = json_object(), *point = json_array();
        for (slong j = 0; j < c->dimension; j++)
            json_array_append_new(point, from_fmpq(sample->point + j));
        if (c->layer)
            json_object_set_new(entry, "coalition", from_indices(sample->coalition, c->active));
        json_object_set_new(entry, "signs", json_string(sample->signs));
        json_object_set_new(entry, "point", point);
        json_array_append_new(list, entry);
    }
    return list;
}

fault_status_t certificate_write(const certificate_t *c, const char *path, fault_t *fault) {
    output_t *out;
    json_t *whole = json_pack("{s:s, s:s, s:o, s:s, s:o, s:o, s:o, s:o}", "format", format_name, "kind",
                              c->layer ? "layer" : "arrangement", "shape", write_shape(c), "sha256", c->hash,
                              "regions", from_fmpz(c->regions), "methods", write_methods(c), "functionals",
                              write_functionals(c), "samples", write_samples(c));
    if (whole == NULL)
        return fault_set(fault, FAULT_SYSTEM, "out of memory for a certificate");
    if (output_open(path, &out, fault) == FAULT_NONE) {
        json_dumpf(whole, output_stream(out), JSON_INDENT(2));
        fputc('\n', output_stream(out));
        output_commit(out, fault);
    }
    json_decref(whole);
    return fault->status;
}

// ---- Reading ----

enum { FIELD_PATH = 128 };

// A value of the file with its place. A missing value is NULL, of which everything below is missing too: the
// first fault is the one that is kept.
typedef struct field {
    const char *file;
    fault_t *fault;
    json_t *value;
    char path[FIELD_PATH]; // "methods[0].total"
} field_t;

static void refuse(const field_t *field, const char *expected) {
    char room[QUOTE_ROOM];
    const char *text = json_string_value(field->value);
    fault_set(field->fault, FAULT_INPUT, "%s: field %s: expected %s%s%s", field->file, field->path, expected,
              text           ? ", found "
              : field->value ? ""
                             : ", found none",
              text ? quote(room, text, strlen(text)) : "");
}

// A field of an object; it must be there.
static field_t member(const field_t *parent, const char *key) {
    field_t field = {
        .file = parent->file, .fault = parent->fault, .value = json_object_get(parent->value, key)};
    snprintf(field.path, FIELD_PATH, "%.80s%s%s", parent->path, *parent->path ? "." : "", key);
    return field;
}

static field_t item(const field_t *parent, slong index) {
    field_t field = {
        .file = parent->file, .fault = parent->fault, .value = json_array_get(parent->value, (size_t)index)};
    snprintf(field.path, FIELD_PATH, "%.80s[%ld]", parent->path, index);
    return field;
}

// Refuses what is not an object with exactly these keys; missing ones are refused where they are read.
static void expect_keys(const field_t *object, const char *const *keys) {
    const char *key;
    json_t *value;
    char room[QUOTE_ROOM];
    if (!json_is_object(object->value)) {
        refuse(object, "an object");
        return;
    }
    json_object_foreach(object->value, key, value) {
        const char *const *known = keys;
        while (*known != NULL && strcmp(*known, key) != 0)
            known++;
        if (*known == NULL)
            fault_set(object->fault, FAULT_INPUT, "%s: field %s: expected no field %s", object->file,
                      *object->path ? object->path : "(all)", quote(room, key, strlen(key)));
    }
}

// The length of an array of at most `high` items; 0 on a fault.
static slong expect_list(const field_t *list, slong low, slong high) {
    char expected[96];
    const size_t size = json_array_size(list->value);
    if (json_is_array(list->value) && size >= (size_t)low && size <= (size_t)high)
        return (slong)size;
    snprintf(expected, sizeof expected, "a list of %ld to %ld items", low, high);
    refuse(list, expected);
    return 0;
}

static slong read_index(const field_t *field, slong low, slong high) {
    char expected[96];
    const json_int_t value = json_integer_value(field->value);
    if (json_is_integer(field->value) && value >= low && value <= high)
        return (slong)value;
    snprintf(expected, sizeof expected, "an integer from %ld to %ld", low, high);
    refuse(field, expected);
    return low;
}

// A natural number as a text of digits; there is one way to write it.
static void read_natural(const field_t *field, fmpz_t value) {
    const char *text = json_string_value(field->value);
    const size_t length = text == NULL ? 0 : strlen(text);
    if (length == 0 || length > RATIONAL_LENGTH || strspn(text, "0123456789") != length ||
        (text[0] == '0' && length > 1))
        refuse(field, "a text of decimal digits");
    else
        fmpz_set_str(value, text, 10);
}

static void read_rational(const field_t *field, fmpq_t value) {
    const char *text = json_string_value(field->value);
    if (text == NULL || rational_parse(text, strlen(text), value) != NULL) {
        refuse(field, "a text of a rational number");
        fmpq_zero(value);
    }
}

// The index of a text among names, or 0 on a fault.
static int read_name(const field_t *field, const char *const *names, int count, const char *expected) {
    const char *text = json_string_value(field->value);
    for (int i = 0; text != NULL && i < count; i++)
        if (strcmp(text, names[i]) == 0)
            return i;
    refuse(field, expected);
    return 0;
}

// `low`..`high` indices, ascending and below `limit`, to be freed; NULL on a fault.
static slong *read_set(const field_t *list, slong low, slong high, slong limit, slong *size) {
    *size = expect_list(list, low, high);
    slong *set = malloc((size_t)*size * sizeof *set + 1);
    if (set == NULL)
        fault_set(list->fault, FAULT_SYSTEM, "out of memory while reading %s", list->file);
    for (slong i = 0; set != NULL && i < *size; i++) {
        const field_t index = item(list, i);
        set[i] = read_index(&index, 0, limit - 1);
        if (i > 0 && set[i] <= set[i - 1])
            refuse(&index, "ascending numbers");
    }
    return set;
}

static certificate_t *read_head(const field_t *root) {
    static const char *const kinds[] = {"arrangement", "layer"}, *const formats[] = {format_name};
    static const char *const plane_keys[] = {"n", "d", NULL}, *const layer_keys[] = {"N", "k", "H", "d",
                                                                                     NULL};
    const field_t format = member(root, "format"), kind = member(root, "kind"), shape = member(root, "shape");
    read_name(&format, formats, 1, "«moegeom certificate 1»");
    const bool layer = read_name(&kind, kinds, 2, "«arrangement» or «layer»") == 1;
    expect_keys(&shape, layer ? layer_keys : plane_keys);
    const field_t first = member(&shape, layer ? "N" : "n"), second = member(&shape, "k"),
                  third = member(&shape, "H"), last = member(&shape, "d");
    slong sizes[4] = {read_index(&first, layer ? 1 : 0, INSTANCE_ENTRIES), 0, 0, 0};
    if (layer) {
        sizes[1] = read_index(&second, 1, sizes[0]);
        sizes[2] = read_index(&third, 0, INSTANCE_ENTRIES / sizes[0]);
    }
    sizes[3] = read_index(&last, 1, INSTANCE_DIMENSION);
    if (root->fault->status != FAULT_NONE)
        return NULL;
    certificate_t *c = alloc_shape(layer, sizes);
    if (c == NULL)
        fault_set(root->fault, FAULT_SYSTEM, "out of memory while reading %s", root->file);
    return c;
}

static void read_hash(const field_t *field, char hash[DIGEST_ROOM]) {
    const char *text = json_string_value(field->value);
    if (text == NULL || strlen(text) != DIGEST_ROOM - 1 ||
        strspn(text, "0123456789abcdef") != DIGEST_ROOM - 1)
        refuse(field, "64 hexadecimal digits");
    else
        memcpy(hash, text, DIGEST_ROOM);
}

// Reports that memory is short when it is.
static void watch(const field_t *field, int status) {
    if (status != GSL_SUCCESS)
        fault_set(field->fault, FAULT_SYSTEM, "out of memory while reading %s", field->file);
}

static void read_events(const field_t *events, certificate_t *c) {
    static const char *const keys[] = {"count", "list", NULL}, *const event_keys[] = {"kind", "rows", NULL};
    expect_keys(events, keys);
    const field_t count = member(events, "count"), list = member(events, "list");
    const slong limit = c->layer ? c->experts * c->width : c->planes;
    const slong items = expect_list(&list, 0, CERTIFICATE_EVENTS);
    for (slong i = 0; i < items && events->fault->status == FAULT_NONE; i++) {
        const field_t event = item(&list, i);
        expect_keys(&event, event_keys);
        const field_t kind = member(&event, "kind"), rows = member(&event, "rows");
        const int name = read_name(&kind, event_names, 2, "«parallel» or «concurrent»");
        slong size, *set = read_set(&rows, 1, name == CERTIFICATE_PARALLEL ? c->dimension : c->dimension + 1,
                                    limit, &size);
        if (set != NULL)
            watch(&event, certificate_event(c, (certificate_kind_t)name, set, size));
        free(set);
    }
    read_natural(&count, c->zero_events); // instead of the number of those that are listed
}

static void read_tree(const field_t *method, certificate_t *c) {
    const field_t primes = member(method, "primes"), bits = member(method, "hadamard_bits"),
                  events = member(method, "zero_events");
    const slong count = expect_list(&primes, 0, RATIONAL_LENGTH);
    fmpz_t prime;
    fmpz_init(prime);
    for (slong i = 0; i < count && method->fault->status == FAULT_NONE; i++) {
        const field_t entry = item(&primes, i);
        read_natural(&entry, prime);
        watch(&entry, certificate_prime(c, prime));
    }
    fmpz_clear(prime);
    c->hadamard_bits = read_index(&bits, 0, INSTANCE_BITS);
    read_events(&events, c);
}

static void read_method(const field_t *method, certificate_t *c) {
    static const char *const keys[] = {"name", "total", "levels", NULL},
                             *const tree_keys[] = {"name",          "total",       "levels", "primes",
                                                   "hadamard_bits", "zero_events", NULL};
    const field_t name = member(method, "name"), total = member(method, "total"),
                  levels = member(method, "levels");
    const int index = read_name(&name, method_names, CERTIFICATE_NAMES, "«tree», «V» or «F»");
    expect_keys(method, index == CERTIFICATE_TREE ? tree_keys : keys);
    certificate_method_t *to = &c->method[index];
    if (to->used)
        refuse(&name, "each method once");
    to->used = true;
    read_natural(&total, to->total);
    const slong count = expect_list(&levels, c->dimension + 1, c->dimension + 1);
    for (slong j = 0; j < count; j++) {
        const field_t level = item(&levels, j);
        read_natural(&level, to->level + j);
    }
    if (index == CERTIFICATE_TREE && method->fault->status == FAULT_NONE)
        read_tree(method, c);
}

static void read_methods(const field_t *list, certificate_t *c) {
    const slong count = expect_list(list, 1, CERTIFICATE_NAMES);
    for (slong i = 0; i < count; i++) {
        const field_t method = item(list, i);
        read_method(&method, c);
    }
}

static void read_functionals(const field_t *list, certificate_t *c) {
    static const char *const keys[] = {"seed", "total", NULL};
    const slong count = expect_list(list, 0, CERTIFICATE_EVENTS);
    fmpz_t seed, total;
    fmpz_init(seed);
    fmpz_init(total);
    for (slong i = 0; i < count && list->fault->status == FAULT_NONE; i++) {
        const field_t functional = item(list, i);
        expect_keys(&functional, keys);
        const field_t first = member(&functional, "seed"), second = member(&functional, "total");
        read_natural(&first, seed);
        if (!fmpz_abs_fits_ui(seed))
            refuse(&first, "an integer below 2^64");
        read_natural(&second, total);
        watch(&functional, certificate_functional(c, fmpz_get_ui(seed), total));
    }
    fmpz_clear(total);
    fmpz_clear(seed);
}

// The signs of a text, to be freed; NULL on a fault.
static signed char *read_signs(const field_t *field, slong count) {
    char expected[96];
    const char *text = json_string_value(field->value);
    if (text == NULL || strlen(text) != (size_t)count || strspn(text, "+-0") != (size_t)count) {
        snprintf(expected, sizeof expected, "a text of %ld of + - 0", count);
        refuse(field, expected);
        return NULL;
    }
    signed char *signs = malloc((size_t)count + 1);
    if (signs == NULL)
        fault_set(field->fault, FAULT_SYSTEM, "out of memory while reading %s", field->file);
    for (slong i = 0; signs != NULL && i < count; i++)
        signs[i] = (signed char)(text[i] == '+' ? 1 : text[i] == '-' ? -1 : 0);
    return signs;
}

static void read_sample(const field_t *sample, certificate_t *c, fmpq *point) {
    static const char *const keys[] = {"signs", "point", NULL}, *const layer_keys[] = {"coalition", "signs",
                                                                                       "point", NULL};
    expect_keys(sample, c->layer ? layer_keys : keys);
    const field_t coalition = member(sample, "coalition"), signs = member(sample, "signs"),
                  coordinates = member(sample, "point");
    slong size, *members = c->layer ? read_set(&coalition, c->active, c->active, c->experts, &size) : NULL;
    signed char *sign = read_signs(&signs, certificate_signs(c));
    const slong count = expect_list(&coordinates, c->dimension, c->dimension);
    for (slong j = 0; j < count; j++) {
        const field_t coordinate = item(&coordinates, j);
        read_rational(&coordinate, point + j);
    }
    if (sample->fault->status == FAULT_NONE)
        watch(sample, certificate_sample(c, members, sign, point));
    free(sign);
    free(members);
}

static void read_samples(const field_t *list, certificate_t *c) {
    const slong count = expect_list(list, 0, CERTIFICATE_SAMPLES);
    fmpq *point = _fmpq_vec_init(c->dimension);
    for (slong i = 0; i < count && list->fault->status == FAULT_NONE; i++) {
        const field_t sample = item(list, i);
        read_sample(&sample, c, point);
    }
    _fmpq_vec_clear(point, c->dimension);
}

static certificate_t *read_whole(const field_t *root) {
    static const char *const keys[] = {"format",  "kind",        "shape",   "sha256", "regions",
                                       "methods", "functionals", "samples", NULL};
    expect_keys(root, keys);
    certificate_t *c = read_head(root);
    if (c == NULL)
        return NULL;
    const field_t hash = member(root, "sha256"), regions = member(root, "regions"),
                  methods = member(root, "methods"), functionals = member(root, "functionals"),
                  samples = member(root, "samples");
    read_hash(&hash, c->hash);
    read_natural(&regions, c->regions);
    read_methods(&methods, c);
    read_functionals(&functionals, c);
    read_samples(&samples, c);
    return c;
}

// Reads what Jansson made of a text, and frees it.
static fault_status_t read_json(const char *name, json_t *whole, const json_error_t *error,
                                certificate_t **result, fault_t *fault) {
    char room[QUOTE_ROOM];
    if (whole == NULL)
        return fault_set(fault, FAULT_INPUT, "%s:%d: expected JSON without repeated keys, found: %s", name,
                         error->line, quote(room, error->text, strlen(error->text)));
    const field_t root = {.file = name, .fault = fault, .value = whole};
    certificate_t *c = read_whole(&root);
    json_decref(whole);
    if (fault->status == FAULT_NONE)
        *result = c;
    else
        certificate_free(c);
    return fault->status;
}

fault_status_t certificate_parse(const char *name, const char *text, size_t length, certificate_t **result,
                                 fault_t *fault) {
    json_error_t error;
    json_t *whole = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
    return read_json(name, whole, &error, result, fault);
}

fault_status_t certificate_read(const char *path, certificate_t **result, fault_t *fault) {
    json_error_t error;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return fault_set(fault, FAULT_INPUT, "cannot read %s: %s", path, strerror(errno));
    errno = 0;
    json_t *whole = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
    if (ferror(file))
        fault_set(fault, FAULT_INPUT, "cannot read %s: %s", path, strerror(errno ? errno : EIO));
    fclose(file);
    return read_json(path, whole, &error, result, fault);
}
