// SPDX-License-Identifier: GPL-3.0-or-later
// Floating-point formats of files; see floats.h.
#include "io/floats.h"

#include <endian.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

static float float_of(uint32_t word) {
    float value;
    memcpy(&value, &word, sizeof value);
    return value;
}

static uint32_t half_word(const unsigned char *bytes) {
    uint16_t word;
    memcpy(&word, bytes, sizeof word);
    return le16toh(word);
}

static uint32_t word_of(const unsigned char *bytes) {
    uint32_t word;
    memcpy(&word, bytes, sizeof word);
    return le32toh(word);
}

// 1 sign bit, 5 bits of exponent with bias 15, 10 bits of fraction: those of a binary32 2^112 times smaller, but that the largest
// exponent stands for infinities and NaN here, too.
static float expand_half(uint32_t half) {
    const uint32_t shifted = (half & 0x7fff) << 13, special = (half & 0x7c00) == 0x7c00 ? 0x7f800000 : 0;
    const float size = float_of(shifted) * 0x1p112F;
    uint32_t word;
    memcpy(&word, &size, sizeof word);
    return float_of(word | special | (half & 0x8000) << 16);
}

double floats_binary64(const unsigned char *bytes) {
    uint64_t word;
    double value;
    memcpy(&word, bytes, sizeof word);
    word = le64toh(word);
    memcpy(&value, &word, sizeof value);
    return value;
}

double floats_binary32(const unsigned char *bytes) {
    return (double)float_of(word_of(bytes));
}

double floats_binary16(const unsigned char *bytes) {
    return (double)expand_half(half_word(bytes));
}

double floats_bfloat16(const unsigned char *bytes) {
    return (double)float_of(half_word(bytes) << 16);
}

void floats_binary32s(const unsigned char *bytes, size_t count, float *values) {
    for (size_t i = 0; i < count; i++)
        values[i] = float_of(word_of(bytes + 4 * i));
}

void floats_binary16s(const unsigned char *bytes, size_t count, float *values) {
    for (size_t i = 0; i < count; i++)
        values[i] = expand_half(half_word(bytes + 2 * i));
}

void floats_bfloat16s(const unsigned char *bytes, size_t count, float *values) {
    for (size_t i = 0; i < count; i++)
        values[i] = float_of(half_word(bytes + 2 * i) << 16);
}

// ---- Writing ----

static const struct {
    size_t size;
    int fraction, least; // bits of the fraction, and the least exponent of a normal number
} formats[] = {
    [FLOATS_BINARY64] = {8, 52, -1022},
    [FLOATS_BINARY32] = {4, 23, -126},
    [FLOATS_BINARY16] = {2, 10, -14},
    [FLOATS_BFLOAT16] = {2, 7, -126},
};

size_t floats_size(floats_format_t format) {
    return formats[format].size;
}

// The bits of the nearest number to a magnitude.
static uint64_t bits_of(floats_format_t format, double size) {
    const int fraction = formats[format].fraction, least = formats[format].least;
    const int exponent = size > 0 && ilogb(size) > least ? ilogb(size) : least;
    // What is rounded up to the next power of two carries into the exponent.
    const uint64_t digits = (uint64_t)nearbyint(ldexp(size, fraction - exponent));
    return ((uint64_t)(exponent - least) << fraction) + digits;
}

bool floats_encode(floats_format_t format, double value, unsigned char *bytes) {
    // The bits of infinity.
    const uint64_t limit = (uint64_t)(3 - 2 * formats[format].least) << formats[format].fraction;
    uint64_t bits = isfinite(value) ? bits_of(format, fabs(value)) : limit;
    const bool finite = bits < limit;
    if (!finite)
        bits = isnan(value) ? limit | UINT64_C(1) << (formats[format].fraction - 1) : limit;
    bits |= (uint64_t)(signbit(value) != 0) << (8 * formats[format].size - 1);
    for (size_t i = 0; i < formats[format].size; i++)
        bytes[i] = (unsigned char)(bits >> 8 * i & 255);
    return finite;
}
