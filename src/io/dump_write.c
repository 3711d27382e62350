// SPDX-License-Identifier: GPL-3.0-or-later
// Writes dumps of routers; see dump_write.h.
#include "io/dump_write.h"

#include "io/output.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 64, HEADER_ROOM = 256, ITEM_MOST = 8 };

static const struct {
    const char *npy, *dtype;
    size_t item;
    int fraction, least; // bits of the fraction, and the least exponent of a normal number
} types[] = {
    [DUMP_F64] = {"<f8", "F64", 8, 52, -1022},
    [DUMP_F32] = {"<f4", "F32", 4, 23, -126},
    [DUMP_F16] = {"<f2", "F16", 2, 10, -14},
    [DUMP_BF16] = {NULL, "BF16", 2, 7, -126},
};

// The bits of the nearest number of a type to a magnitude, of ties the even one.
static uint64_t encode(double size, dump_type_t type) {
    const int fraction = types[type].fraction, least = types[type].least;
    const int exponent = size > 0 && ilogb(size) > least ? ilogb(size) : least;
    // What is rounded up to the next power of two carries into the exponent.
    const uint64_t digits = (uint64_t)nearbyint(ldexp(size, fraction - exponent));
    return ((uint64_t)(exponent - least) << fraction) + digits;
}

// The bits of the least magnitude that is no finite number.
static uint64_t limit(dump_type_t type) {
    return (uint64_t)(3 - 2 * types[type].least) << types[type].fraction;
}

static void put_number(FILE *stream, uint64_t bits, size_t item) {
    unsigned char bytes[ITEM_MOST];
    for (size_t i = 0; i < item; i++)
        bytes[i] = (unsigned char)(bits >> 8 * i & 255);
    fwrite(bytes, 1, item, stream);
}

static size_t size_of(const dump_block_t *block) {
    return block->layers * block->rows * block->columns;
}

static fault_status_t put_numbers(FILE *stream, const char *path, const dump_block_t *block, dump_type_t type,
                                  fault_t *fault) {
    const size_t item = types[type].item;
    for (size_t i = 0; i < size_of(block); i++) {
        const double value = block->values[i];
        const uint64_t bits = isfinite(value) ? encode(fabs(value), type) : limit(type);
        if (bits >= limit(type))
            return fault_set(fault, FAULT_INPUT,
                             "cannot write %s: %.17g (number %zu) is not in the range of %s", path, value, i,
                             types[type].dtype);
        put_number(stream, bits | (uint64_t)(signbit(value) != 0) << (8 * item - 1), item);
    }
    return FAULT_NONE;
}

static fault_status_t check_block(const char *path, const dump_block_t *block, fault_t *fault) {
    return size_of(block) > 0
               ? FAULT_NONE
               : fault_set(fault, FAULT_USAGE, "cannot write %s: a dump without numbers", path);
}

static fault_status_t close_output(output_t *out, fault_t *fault) {
    if (fault->status == FAULT_NONE)
        return output_commit(out, fault);
    output_discard(out);
    return fault->status;
}

// ---- .npy ----

static void put_npy_header(FILE *stream, const dump_block_t *block, dump_type_t type) {
    char header[HEADER_ROOM], layers[32] = "";
    if (block->layers > 1)
        snprintf(layers, sizeof layers, "%zu, ", block->layers);
    const int length =
        snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': (%s%zu, %zu), }",
                 types[type].npy, layers, block->rows, block->columns);
    const int start = 10, whole = (start + length + 1 + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT - start;
    fwrite("\x93NUMPY\1\0", 1, 8, stream);
    put_number(stream, (uint64_t)whole, 2);
    fprintf(stream, "%-*s\n", whole - 1, header);
}

fault_status_t dump_write_npy(const char *path, const dump_block_t *block, dump_type_t type, fault_t *fault) {
    output_t *out;
    if (types[type].npy == NULL)
        return fault_set(fault, FAULT_USAGE, "cannot write %s: .npy files have no type %s", path,
                         types[type].dtype);
    if (check_block(path, block, fault) != FAULT_NONE || output_open(path, &out, fault) != FAULT_NONE)
        return fault->status;
    put_npy_header(output_stream(out), block, type);
    put_numbers(output_stream(out), path, block, type, fault);
    return close_output(out, fault);
}

// ---- .safetensors ----

// The header, padded by blanks so that numbers start at a multiple of 8; NULL when memory is short.
static char *make_tensor_header(const dump_block_t *block, dump_type_t type, size_t *length) {
    char *text = NULL;
    const size_t bytes = block->rows * block->columns * types[type].item;
    FILE *stream = open_memstream(&text, length);
    if (stream == NULL)
        return NULL;
    fputc('{', stream);
    for (size_t i = 0; i < block->layers; i++)
        fprintf(stream,
                "%s\"layers.%zu.router_logits\":{\"dtype\":\"%s\",\"shape\":[%zu,%zu],\"data_offsets\":[%zu,%"
                "zu]}",
                i > 0 ? "," : "", i, types[type].dtype, block->rows, block->columns, i * bytes,
                (i + 1) * bytes);
    fputc('}', stream);
    fflush(stream);
    fprintf(stream, "%*s", (int)((8 - *length % 8) % 8), "");
    return fclose(stream) == 0 ? text : NULL;
}

fault_status_t dump_write_safetensors(const char *path, const dump_block_t *block, dump_type_t type,
                                      fault_t *fault) {
    output_t *out;
    size_t length = 0;
    if (check_block(path, block, fault) != FAULT_NONE)
        return fault->status;
    char *header = make_tensor_header(block, type, &length);
    if (header == NULL)
        return fault_set(fault, FAULT_SYSTEM, "out of memory while writing %s", path);
    if (output_open(path, &out, fault) == FAULT_NONE) {
        put_number(output_stream(out), length, 8);
        fwrite(header, 1, length, output_stream(out));
        put_numbers(output_stream(out), path, block, type, fault);
        close_output(out, fault);
    }
    free(header);
    return fault->status;
}

// ---- Text ----

fault_status_t dump_write_csv(const char *path, const dump_block_t *block, fault_t *fault) {
    output_t *out;
    if (check_block(path, block, fault) != FAULT_NONE || output_open(path, &out, fault) != FAULT_NONE)
        return fault->status;
    FILE *stream = output_stream(out);
    const double *value = block->values;
    fputs("layer,token", stream);
    for (size_t j = 0; j < block->columns; j++)
        fprintf(stream, ",e%zu", j);
    for (size_t i = 0; i < block->layers * block->rows; i++) {
        fprintf(stream, "\n%zu,%zu", i / block->rows, i % block->rows);
        for (size_t j = 0; j < block->columns; j++)
            fprintf(stream, ",%.17g", *value++);
    }
    fputc('\n', stream);
    return close_output(out, fault);
}
