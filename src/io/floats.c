// SPDX-License-Identifier: GPL-3.0-or-later
// Floating-point formats of files; see floats.h.
#include "io/floats.h"

#include <endian.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

static double float_of(uint32_t word) {
    float value;
    memcpy(&value, &word, sizeof value);
    return (double)value;
}

static uint32_t half_word(const unsigned char *bytes) {
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8;
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
    uint32_t word;
    memcpy(&word, bytes, sizeof word);
    return float_of(le32toh(word));
}

// 1 sign bit, 5 bits of exponent with bias 15, 10 bits of fraction.
double floats_binary16(const unsigned char *bytes) {
    const uint32_t word = half_word(bytes);
    const int exponent = (int)(word >> 10 & 31), fraction = (int)(word & 1023);
    double size;
    if (exponent == 31)
        size = fraction ? (double)NAN : HUGE_VAL;
    else if (exponent == 0)
        size = ldexp(fraction, -24);
    else
        size = ldexp(1024 + fraction, exponent - 25);
    return word >> 15 ? -size : size;
}

double floats_bfloat16(const unsigned char *bytes) {
    return float_of(half_word(bytes) << 16);
}
