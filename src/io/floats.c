// SPDX-License-Identifier: GPL-3.0-or-later
// Floating-point formats of files; see floats.h.
#include "io/floats.h"

#include <endian.h>
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
