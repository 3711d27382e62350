// SPDX-License-Identifier: GPL-3.0-or-later
// Instance files; see instance.h.
#include "io/instance.h"

#include "io/digest.h"
#include "io/ending.h"
#include "io/quote.h"
#include "io/rational.h"
#include "io/safetensors.h"
#include "io/words.h"

#include <flint/fmpq_vec.h>
#include <flint/fmpz_vec.h>
#include <gsl/gsl_errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

// ---- Rows on their way from a file to a matrix ----

// Integer rows, each with the positive denominator that it was multiplied by. The storage grows with the rows
// that the file really has, whatever its header promised.
typedef struct rows {
    const char *file; // its name, for messages
    slong width;      // d + 1
    slong count;      // rows so far
    slong room;       // entries that `store` has room for
    fmpz *store;      // row i at [i * (width + 1)]: its entries and its denominator
    slong bits;       // of the integers that need more than a word
    fmpq *row;        // `width` rationals: the row that is being read
} rows_t;

static fmpz *rows_at(const rows_t *rows, slong i) {
    return rows->store + i * (rows->width + 1);
}

static void rows_init(rows_t *rows, const char *file, slong dimension) {
    *rows = (rows_t){.file = file, .width = dimension + 1, .row = _fmpq_vec_init(dimension + 1)};
}

static void rows_clear(rows_t *rows) {
    for (slong i = 0; i < rows->count * (rows->width + 1); i++)
        fmpz_clear(rows->store + i);
    free(rows->store);
    _fmpq_vec_clear(rows->row, rows->width);
}

// Takes note of integers that are about to be stored.
static fault_status_t spend(rows_t *rows, slong bits, slong count, fault_t *fault) {
    if (bits > FLINT_BITS - 2 &&
        (bits > INSTANCE_BITS / count || (rows->bits += bits * count) > INSTANCE_BITS))
        return fault_set(
            fault, FAULT_LIMIT,
            "%s: its entries, with common denominators, take more than the %ld MiB that are allowed; "
            "write them with fewer digits",
            rows->file, INSTANCE_BITS >> 23);
    return FAULT_NONE;
}

static fault_status_t spend_entry(rows_t *rows, const fmpq *entry, fault_t *fault) {
    spend(rows, (slong)fmpz_bits(fmpq_numref(entry)), 1, fault);
    return spend(rows, (slong)fmpz_bits(fmpq_denref(entry)), 1, fault);
}

static fault_status_t reserve(rows_t *rows, fault_t *fault) {
    const slong needed = (rows->count + 1) * (rows->width + 1);
    if (needed <= rows->room)
        return FAULT_NONE;
    const slong room = needed + rows->room / 2;
    fmpz *store = reallocarray(rows->store, (size_t)room, sizeof *store);
    if (store == NULL)
        return fault_set(fault, FAULT_SYSTEM, "out of memory while reading %s", rows->file);
    rows->store = store;
    rows->room = room;
    return FAULT_NONE;
}

// The least common denominator of rows->row.
static fault_status_t common_denominator(rows_t *rows, fmpz_t common, fault_t *fault) {
    fmpz_one(common);
    for (slong j = 0; j < rows->width && fault->status == FAULT_NONE; j++)
        if (!fmpz_is_one(fmpq_denref(rows->row + j))) {
            fmpz_lcm(common, common, fmpq_denref(rows->row + j));
            if ((slong)fmpz_bits(common) > INSTANCE_BITS / rows->width)
                spend(rows, (slong)fmpz_bits(common), rows->width, fault);
        }
    return spend(rows, (slong)fmpz_bits(common), rows->width, fault);
}

// Appends rows->row.
static fault_status_t append(rows_t *rows, fault_t *fault) {
    fmpz_t common, factor;
    fmpz_init(common);
    fmpz_init(factor);
    if (common_denominator(rows, common, fault) == FAULT_NONE && reserve(rows, fault) == FAULT_NONE) {
        fmpz *to = rows_at(rows, rows->count++);
        for (slong j = 0; j < rows->width; j++) {
            fmpz_init(to + j);
            fmpz_divexact(factor, common, fmpq_denref(rows->row + j));
            fmpz_mul(to + j, fmpq_numref(rows->row + j), factor);
        }
        fmpz_init_set(to + rows->width, common);
    }
    fmpz_clear(factor);
    fmpz_clear(common);
    return fault->status;
}

// Divides integers by their greatest common divisor.
static void reduce(fmpz *entries, slong count) {
    fmpz_t content;
    fmpz_init(content);
    _fmpz_vec_content(content, entries, count);
    if (!fmpz_is_zero(content) && !fmpz_is_one(content))
        _fmpz_vec_scalar_divexact_fmpz(entries, entries, count, content);
    fmpz_clear(content);
}

// Divides a whole matrix by the greatest common divisor of its entries.
static void reduce_matrix(fmpz_mat_t matrix) {
    fmpz_t content;
    fmpz_init(content);
    fmpz_mat_content(content, matrix);
    if (!fmpz_is_zero(content) && !fmpz_is_one(content))
        fmpz_mat_scalar_divexact_fmpz(matrix, matrix, content);
    fmpz_clear(content);
}

// Hyperplanes: each row gets the least positive factor.
static void move_planes(rows_t *rows, fmpz_mat_t matrix) {
    for (slong i = 0; i < rows->count; i++) {
        reduce(rows_at(rows, i), rows->width);
        for (slong j = 0; j < rows->width; j++)
            fmpz_swap(fmpz_mat_entry(matrix, i, j), rows_at(rows, i) + j);
    }
}

// A router: all rows get the same factor.
static fault_status_t move_router(rows_t *rows, fmpz_mat_t matrix, fault_t *fault) {
    fmpz_t common, factor;
    fmpz_init_set_ui(common, 1);
    fmpz_init(factor);
    for (slong i = 0; i < rows->count && fault->status == FAULT_NONE; i++) {
        fmpz_lcm(common, common, rows_at(rows, i) + rows->width);
        if ((slong)fmpz_bits(common) > INSTANCE_BITS / (rows->width * rows->count))
            spend(rows, (slong)fmpz_bits(common), rows->width * rows->count, fault);
    }
    for (slong i = 0; i < rows->count && fault->status == FAULT_NONE; i++) {
        fmpz_divexact(factor, common, rows_at(rows, i) + rows->width);
        _fmpz_vec_scalar_mul_fmpz(matrix->rows[i], rows_at(rows, i), rows->width, factor);
    }
    if (fault->status == FAULT_NONE)
        reduce_matrix(matrix);
    fmpz_clear(factor);
    fmpz_clear(common);
    return fault->status;
}

// ---- Shapes ----

// Whether rows * width is within INSTANCE_ENTRIES.
static bool fits(slong rows, slong width) {
    slong entries;
    return !__builtin_mul_overflow(rows, width, &entries) && entries <= INSTANCE_ENTRIES;
}

// A layer's shape, already within the ranges of its parts.
static fault_status_t check_layer_shape(const char *file, slong experts, slong width, slong dimension,
                                        fault_t *fault) {
    slong rows;
    if (!fits(experts, dimension + 1) || __builtin_mul_overflow(experts, width, &rows) ||
        !fits(rows, dimension + 1))
        return fault_set(fault, FAULT_INPUT,
                         "%s: expected at most 2^40 entries, found a layer of N = %ld, H = %ld, d = %ld",
                         file, experts, width, dimension);
    return FAULT_NONE;
}

static fault_status_t build_arrangement(rows_t *rows, instance_t *instance, fault_t *fault) {
    arrangement_t *a = arrangement_alloc(rows->count, rows->width - 1);
    if (a == NULL)
        return fault_set(fault, FAULT_SYSTEM, "out of memory while reading %s", rows->file);
    move_planes(rows, a->rows);
    *instance = (instance_t){.arrangement = a};
    return FAULT_NONE;
}

// The experts' rows; there are none when H = 0.
static fault_status_t build_layer(rows_t *router, rows_t *rows, slong active, instance_t *instance,
                                  fault_t *fault) {
    const slong width = rows->count / router->count;
    layer_t *layer = layer_alloc(router->count, active, width, router->width - 1);
    if (layer == NULL)
        return fault_set(fault, FAULT_SYSTEM, "out of memory while reading %s", router->file);
    if (move_router(router, layer->router, fault) != FAULT_NONE) {
        layer_free(layer);
        return fault->status;
    }
    move_planes(rows, layer->rows);
    *instance = (instance_t){.layer = layer};
    return FAULT_NONE;
}

// ---- Text ----

// A fault that says what was expected at a word and what was found.
static fault_status_t refuse_word(const words_t *words, const words_word_t *word, const char *expected,
                                  const char *reason, fault_t *fault) {
    char room[QUOTE_ROOM];
    return fault_set(fault, FAULT_INPUT, "%s:%zu: expected %s, found %s%s%s", words_name(words), word->line,
                     expected, word->length ? quote(room, word->text, word->length) : "the end of the file",
                     word->length && reason ? ": " : "", word->length && reason ? reason : "");
}

// Reads a number of the shape, from `low` to `high`.
static fault_status_t read_count(words_t *words, const char *what, slong low, slong high, slong *count,
                                 fault_t *fault) {
    words_word_t word;
    char expected[128];
    if (words_next(words, &word, fault) != FAULT_NONE)
        return fault->status;
    *count = rational_parse_count(word.text, word.length);
    if (*count >= low && *count <= high)
        return FAULT_NONE;
    snprintf(expected, sizeof expected, "%s, an integer from %ld to %ld", what, low, high);
    return refuse_word(words, &word, expected, NULL, fault);
}

// Reads `count` rows of the given kind ("router row").
static fault_status_t read_rows(words_t *words, const char *kind, slong count, rows_t *rows, fault_t *fault) {
    words_word_t word;
    char expected[128];
    for (slong i = 0; i < count; i++) {
        for (slong j = 0; j < rows->width; j++) {
            if (words_next(words, &word, fault) != FAULT_NONE)
                return fault->status;
            const char *refusal = rational_parse(word.text, word.length, rows->row + j);
            if (refusal != NULL) {
                snprintf(expected, sizeof expected, "entry %ld of %s %ld (of %ld)", j + 1, kind, i + 1,
                         count);
                return refuse_word(words, &word, expected, refusal, fault);
            }
            if (spend_entry(rows, rows->row + j, fault) != FAULT_NONE)
                return fault->status;
        }
        if (append(rows, fault) != FAULT_NONE)
            return fault->status;
    }
    return FAULT_NONE;
}

static fault_status_t expect_end(words_t *words, fault_t *fault) {
    words_word_t word;
    if (words_next(words, &word, fault) != FAULT_NONE || word.length == 0)
        return fault->status;
    return refuse_word(words, &word, "the end of the file after the last row", NULL, fault);
}

static fault_status_t read_arrangement(words_t *words, instance_t *instance, fault_t *fault) {
    slong planes, dimension;
    if (read_count(words, "the number n of rows", 0, INSTANCE_ENTRIES, &planes, fault) != FAULT_NONE ||
        read_count(words, "the dimension d", 1, INSTANCE_DIMENSION, &dimension, fault) != FAULT_NONE)
        return fault->status;
    if (!fits(planes, dimension + 1))
        return fault_set(fault, FAULT_INPUT,
                         "%s: expected at most 2^40 entries, found an arrangement of n = %ld, d = %ld",
                         words_name(words), planes, dimension);
    rows_t rows;
    rows_init(&rows, words_name(words), dimension);
    if (read_rows(words, "row", planes, &rows, fault) == FAULT_NONE && expect_end(words, fault) == FAULT_NONE)
        build_arrangement(&rows, instance, fault);
    rows_clear(&rows);
    return fault->status;
}

static fault_status_t read_layer(words_t *words, instance_t *instance, fault_t *fault) {
    slong experts, active, width, dimension;
    if (read_count(words, "the number N of experts", 1, INSTANCE_ENTRIES, &experts, fault) != FAULT_NONE ||
        read_count(words, "the number k of active experts", 1, experts, &active, fault) != FAULT_NONE ||
        read_count(words, "the number H of units", 0, INSTANCE_ENTRIES, &width, fault) != FAULT_NONE ||
        read_count(words, "the dimension d", 1, INSTANCE_DIMENSION, &dimension, fault) != FAULT_NONE ||
        check_layer_shape(words_name(words), experts, width, dimension, fault) != FAULT_NONE)
        return fault->status;
    rows_t router, rows;
    rows_init(&router, words_name(words), dimension);
    rows_init(&rows, words_name(words), dimension);
    if (read_rows(words, "router row", experts, &router, fault) == FAULT_NONE &&
        read_rows(words, "expert row", experts * width, &rows, fault) == FAULT_NONE &&
        expect_end(words, fault) == FAULT_NONE)
        build_layer(&router, &rows, active, instance, fault);
    rows_clear(&rows);
    rows_clear(&router);
    return fault->status;
}

// Reads all of a text and closes it.
static fault_status_t read_text(words_t *words, instance_t *instance, fault_t *fault) {
    words_word_t word;
    if (words_next(words, &word, fault) == FAULT_NONE) {
        if (strcmp(word.text, "arrangement") == 0)
            read_arrangement(words, instance, fault);
        else if (strcmp(word.text, "moe") == 0)
            read_layer(words, instance, fault);
        else
            refuse_word(words, &word, "«arrangement» or «moe»", NULL, fault);
    }
    words_close(words);
    return fault->status;
}

fault_status_t instance_parse(const char *name, const char *text, size_t length, instance_t *instance,
                              fault_t *fault) {
    words_t *words;
    if (words_memory(name, text, length, &words, fault) != FAULT_NONE)
        return fault->status;
    return read_text(words, instance, fault);
}

// ---- Safetensors ----

// A layer's tensors; biases may be NULL, as may be the experts.
typedef struct tensors {
    const safetensors_tensor_t *router, *router_bias, *experts, *experts_bias;
} tensors_t;

static fault_status_t find_tensors(const char *path, const safetensors_t *file, tensors_t *tensors,
                                   fault_t *fault) {
    const struct {
        const char *name;
        const safetensors_tensor_t **tensor;
    } places[] = {{"router.weight", &tensors->router},
                  {"router.bias", &tensors->router_bias},
                  {"experts.weight", &tensors->experts},
                  {"experts.bias", &tensors->experts_bias}};
    char room[QUOTE_ROOM];
    size_t known = 0;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        *places[i].tensor = safetensors_find(file, places[i].name);
        known += *places[i].tensor != NULL;
    }
    for (size_t i = 0; known < safetensors_count(file) && i < safetensors_count(file); i++) {
        const safetensors_tensor_t *tensor = safetensors_tensor(file, i);
        if (tensor != tensors->router && tensor != tensors->router_bias && tensor != tensors->experts &&
            tensor != tensors->experts_bias)
            return fault_set(
                fault, FAULT_INPUT,
                "%s: expected router.weight, router.bias, experts.weight and experts.bias alone, "
                "found the tensor %s",
                path, quote(room, tensor->name, strlen(tensor->name)));
    }
    if (tensors->router == NULL || (tensors->experts == NULL && tensors->experts_bias != NULL))
        return fault_set(fault, FAULT_INPUT, "%s: expected a tensor %s, found none", path,
                         tensors->router == NULL ? "router.weight" : "experts.weight");
    return FAULT_NONE;
}

// Checks that a tensor (NULL is fine) has the shape [first, ...], `rank` sizes.
static fault_status_t expect_shape(const char *path, const safetensors_tensor_t *tensor, size_t rank,
                                   const uint64_t *shape, fault_t *fault) {
    if (tensor == NULL || (tensor->rank == rank && memcmp(tensor->shape, shape, rank * sizeof *shape) == 0))
        return FAULT_NONE;
    char expected[128] = "", found[512] = "";
    for (size_t i = 0, at = 0; i < rank; i++)
        at += (size_t)snprintf(expected + at, sizeof expected - at, "%s%" PRIu64, i ? ", " : "", shape[i]);
    for (size_t i = 0, at = 0; i < tensor->rank; i++)
        at += (size_t)snprintf(found + at, sizeof found - at, "%s%" PRIu64, i ? ", " : "", tensor->shape[i]);
    return fault_set(fault, FAULT_INPUT, "%s: tensor %s: expected the shape [%s], found [%s]", path,
                     tensor->name, expected, found);
}

// The shape N, H, d of the layer, from its weights.
static fault_status_t read_shape(const char *path, const tensors_t *tensors, uint64_t shape[3],
                                 fault_t *fault) {
    const safetensors_tensor_t *router = tensors->router, *experts = tensors->experts;
    if (router->rank != 2 || router->shape[0] < 1 || router->shape[1] < 1 ||
        router->shape[1] > (uint64_t)INSTANCE_DIMENSION || router->elements > (uint64_t)INSTANCE_ENTRIES)
        return fault_set(fault, FAULT_INPUT,
                         "%s: tensor router.weight: expected a shape [N, d], N >= 1, d from 1 to %ld", path,
                         INSTANCE_DIMENSION);
    if (experts != NULL && (experts->rank != 3 || experts->shape[1] > (uint64_t)INSTANCE_ENTRIES))
        return fault_set(fault, FAULT_INPUT,
                         "%s: tensor experts.weight: expected a shape [N, H, d], H at most 2^40", path);
    shape[0] = router->shape[0];
    shape[1] = experts != NULL ? experts->shape[1] : 0;
    shape[2] = router->shape[1];
    const uint64_t biases[] = {shape[0], shape[1]};
    if (expect_shape(path, experts, 3, shape, fault) != FAULT_NONE ||
        expect_shape(path, tensors->router_bias, 1, biases, fault) != FAULT_NONE ||
        expect_shape(path, tensors->experts_bias, 2, biases, fault) != FAULT_NONE)
        return fault->status;
    return check_layer_shape(path, (slong)shape[0], (slong)shape[1], (slong)shape[2], fault);
}

// Reads `count` rows from a tensor of normals and one of biases (NULL: zeros).
static fault_status_t read_tensor_rows(const safetensors_t *file, const safetensors_tensor_t *normals,
                                       const safetensors_tensor_t *biases, slong count, rows_t *rows,
                                       fault_t *fault) {
    const slong d = rows->width - 1;
    double *values = calloc((size_t)rows->width, sizeof *values);
    if (values == NULL)
        return fault_set(fault, FAULT_SYSTEM, "out of memory while reading %s", rows->file);
    for (slong i = 0; i < count && fault->status == FAULT_NONE; i++) {
        safetensors_doubles(file, normals, (uint64_t)(i * d), (size_t)d, values, fault);
        if (biases != NULL && fault->status == FAULT_NONE)
            safetensors_doubles(file, biases, (uint64_t)i, 1, values + d, fault);
        for (slong j = 0; j <= d && fault->status == FAULT_NONE; j++) {
            rational_from_double(rows->row + j, values[j]);
            spend_entry(rows, rows->row + j, fault);
        }
        if (fault->status == FAULT_NONE)
            append(rows, fault);
    }
    free(values);
    return fault->status;
}

static fault_status_t read_active(const char *path, const safetensors_t *file, uint64_t experts,
                                  slong *active, fault_t *fault) {
    char room[QUOTE_ROOM];
    const char *text = safetensors_metadata(file, "k");
    *active = text == NULL ? -1 : rational_parse_count(text, strlen(text));
    if (*active >= 1 && (uint64_t)*active <= experts)
        return FAULT_NONE;
    return fault_set(fault, FAULT_INPUT,
                     "%s: expected a metadata entry k, an integer from 1 to %" PRIu64 ", found %s", path,
                     experts, text ? quote(room, text, strlen(text)) : "none");
}

static fault_status_t read_tensors(const char *path, const safetensors_t *file, instance_t *instance,
                                   fault_t *fault) {
    tensors_t tensors;
    uint64_t shape[3];
    slong active;
    if (find_tensors(path, file, &tensors, fault) != FAULT_NONE ||
        read_shape(path, &tensors, shape, fault) != FAULT_NONE ||
        read_active(path, file, shape[0], &active, fault) != FAULT_NONE)
        return fault->status;
    rows_t router, rows;
    rows_init(&router, path, (slong)shape[2]);
    rows_init(&rows, path, (slong)shape[2]);
    const slong units = (slong)(shape[0] * shape[1]);
    if (read_tensor_rows(file, tensors.router, tensors.router_bias, (slong)shape[0], &router, fault) ==
            FAULT_NONE &&
        (units == 0 ||
         read_tensor_rows(file, tensors.experts, tensors.experts_bias, units, &rows, fault) == FAULT_NONE))
        build_layer(&router, &rows, active, instance, fault);
    rows_clear(&rows);
    rows_clear(&router);
    return fault->status;
}

static fault_status_t read_safetensors(const char *path, instance_t *instance, fault_t *fault) {
    safetensors_t *file;
    if (safetensors_open(path, &file, fault) == FAULT_NONE) {
        read_tensors(path, file, instance, fault);
        safetensors_close(file);
    }
    return fault->status;
}

// ---- The rest ----

fault_status_t instance_read(const char *path, instance_t *instance, fault_t *fault) {
    words_t *words;
    if (ending_is(path, ".safetensors"))
        return read_safetensors(path, instance, fault);
    if (words_open(path, &words, fault) != FAULT_NONE)
        return fault->status;
    return read_text(words, instance, fault);
}

void instance_clear(instance_t *instance) {
    arrangement_free(instance->arrangement);
    layer_free(instance->layer);
    *instance = (instance_t){0};
}

// Reads points into rows->store, scaled as rows: the last coordinate of a row is 0.
static fault_status_t read_points(words_t *words, rows_t *rows, fault_t *fault) {
    const slong d = rows->width - 1;
    words_word_t word;
    char expected[128];
    if (words_next(words, &word, fault) != FAULT_NONE)
        return fault->status;
    while (word.length > 0) {
        const size_t line = word.line;
        for (slong j = 0; j < d; j++) {
            snprintf(expected, sizeof expected, "coordinate %ld (of %ld) of point %ld in line %zu", j + 1, d,
                     rows->count + 1, line);
            const char *refusal = word.line != line || word.length == 0
                                      ? "one point a line"
                                      : rational_parse(word.text, word.length, rows->row + j);
            if (refusal != NULL)
                return refuse_word(words, &word, expected, refusal, fault);
            if (spend_entry(rows, rows->row + j, fault) != FAULT_NONE ||
                words_next(words, &word, fault) != FAULT_NONE)
                return fault->status;
        }
        if (word.length > 0 && word.line == line) {
            snprintf(expected, sizeof expected, "the end of the line after %ld coordinates", d);
            return refuse_word(words, &word, expected, NULL, fault);
        }
        if (append(rows, fault) != FAULT_NONE)
            return fault->status;
    }
    return FAULT_NONE;
}

fault_status_t instance_points(const char *path, slong dimension, fmpq_mat_t points, fault_t *fault) {
    words_t *words;
    if (words_open(path, &words, fault) != FAULT_NONE)
        return fault->status;
    rows_t rows;
    rows_init(&rows, path, dimension);
    if (read_points(words, &rows, fault) == FAULT_NONE) {
        fmpq_mat_init(points, rows.count, dimension);
        for (slong i = 0; i < rows.count; i++)
            for (slong j = 0; j < dimension; j++)
                fmpq_set_fmpz_frac(fmpq_mat_entry(points, i, j), rows_at(&rows, i) + j,
                                   rows_at(&rows, i) + dimension + 1);
    }
    rows_clear(&rows);
    words_close(words);
    return fault->status;
}

// Prints a copy with reduced rows. Returns false when memory is short.
static bool print_reduced(FILE *file, const instance_t *instance) {
    const arrangement_t *a = instance->arrangement;
    const layer_t *layer = instance->layer;
    instance_t copy = {0};
    if (a != NULL)
        copy.arrangement = arrangement_alloc(a->planes, a->dimension);
    else
        copy.layer = layer_alloc(layer->experts, layer->active, layer->width, layer->dimension);
    if (copy.arrangement == NULL && copy.layer == NULL)
        return false;
    fmpz_mat_struct *rows = a != NULL ? copy.arrangement->rows : copy.layer->rows;
    fmpz_mat_set(rows, a != NULL ? a->rows : layer->rows);
    for (slong i = 0; i < rows->r; i++)
        reduce(rows->rows[i], rows->c);
    if (a != NULL)
        arrangement_print(file, copy.arrangement);
    else {
        fmpz_mat_set(copy.layer->router, layer->router);
        reduce_matrix(copy.layer->router);
        layer_print(file, copy.layer);
    }
    instance_clear(&copy);
    return true;
}

fault_status_t instance_hash(const instance_t *instance, char hash[65], fault_t *fault) {
    digest_t *digest = digest_alloc();
    if (digest == NULL)
        return fault_set(fault, FAULT_SYSTEM, "out of memory for a hash");
    const bool printed = print_reduced(digest_stream(digest), instance);
    if (digest_finish(digest, hash) != GSL_SUCCESS || !printed)
        return fault_set(fault, FAULT_SYSTEM, "out of memory for a hash");
    return FAULT_NONE;
}
