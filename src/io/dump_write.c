// SPDX-License-Identifier: GPL-3.0-or-later
// Writes dumps of routers; see dump_write.h.
#include "io/dump_write.h"

#include "io/floats.h"
#include "io/output.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { ALIGNMENT = 64, HEADER_ROOM = 256 };

static const struct {
    const char *npy, *dtype;
    floats_format_t format;
} types[] = {
    [DUMP_F64] = {"<f8", "F64", FLOATS_BINARY64},
    [DUMP_F32] = {"<f4", "F32", FLOATS_BINARY32},
    [DUMP_F16] = {"<f2", "F16", FLOATS_BINARY16},
    [DUMP_BF16] = {NULL, "BF16", FLOATS_BFLOAT16},
};

static void put_integer(FILE *stream, uint64_t integer, size_t bytes) {
    for (size_t i = 0; i < bytes; i++)
        fputc((int)(integer >> 8 * i & 255), stream);
}

static size_t size_of(const dump_block_t *block) {
    return block->layers * block->rows * block->columns;
}

static fault_status_t put_numbers(FILE *stream, const char *path, const dump_block_t *block, dump_type_t type,
                                  fault_t *fault) {
    unsigned char bytes[FLOATS_BYTES];
    for (size_t i = 0; i < size_of(block); i++) {
        if (!floats_encode(types[type].format, block->values[i], bytes))
            return fault_set(fault, FAULT_INPUT,
                             "cannot write %s: %.17g (number %zu) is not in the range of %s", path,
                             block->values[i], i, types[type].dtype);
        fwrite(bytes, 1, floats_size(types[type].format), stream);
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
    put_integer(stream, (uint64_t)whole, 2);
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
    const size_t bytes = block->rows * block->columns * floats_size(types[type].format);
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
        put_integer(output_stream(out), length, 8);
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
