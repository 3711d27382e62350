// SPDX-License-Identifier: GPL-3.0-or-later
// Rational numbers, read exactly; see rational.h.
#include "io/rational.h"

#include <math.h>
#include <stdbool.h>

// The rest of a word.
typedef struct scan {
    const char *at, *end;
} scan_t;

static bool take(scan_t *scan, char lower) {
    if (scan->at == scan->end || (*scan->at | 0x20) != (lower | 0x20))
        return false;
    scan->at++;
    return true;
}

// -1 for + and - alike when there is a minus sign, 1 otherwise; the sign is taken.
static int take_sign(scan_t *scan) {
    if (scan->at == scan->end || (*scan->at != '+' && *scan->at != '-'))
        return 1;
    return *scan->at++ == '-' ? -1 : 1;
}

// The value of a digit, or `base` for anything else.
static ulong digit_of(char c, ulong base) {
    ulong digit = base;
    if (c >= '0' && c <= '9')
        digit = (ulong)(c - '0');
    else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
        digit = (ulong)((c | 0x20) - 'a' + 10);
    return digit < base ? digit : base;
}

// Takes digits and appends them to `value`; returns how many.
static slong take_digits(scan_t *scan, ulong base, fmpz_t value) {
    const char *start = scan->at;
    ulong chunk = 0, scale = 1; // chunk < scale; digits that are not yet in `value`
    for (; scan->at < scan->end; scan->at++) {
        const ulong digit = digit_of(*scan->at, base);
        if (digit == base)
            break;
        if (scale > UWORD_MAX / base) {
            fmpz_mul_ui(value, value, scale);
            fmpz_add_ui(value, value, chunk);
            chunk = 0;
            scale = 1;
        }
        chunk = chunk * base + digit;
        scale *= base;
    }
    fmpz_mul_ui(value, value, scale);
    fmpz_add_ui(value, value, chunk);
    return scan->at - start;
}

// Takes a signed exponent; returns false when there are no digits. Beyond the limit it stays just beyond.
static bool take_exponent(scan_t *scan, slong limit, slong *exponent) {
    const int sign = take_sign(scan);
    const char *start = scan->at;
    slong size = 0;
    for (; scan->at < scan->end && digit_of(*scan->at, 10) < 10; scan->at++)
        if (size <= limit)
            size = 10 * size + (slong)digit_of(*scan->at, 10);
    *exponent = sign * size;
    return scan->at > start;
}

// value = numerator * base^exponent, base 10 or 2.
static void set_scaled(fmpq_t value, const fmpz_t numerator, ulong base, slong exponent) {
    fmpz_one(fmpq_denref(value));
    fmpz_set(fmpq_numref(value), numerator);
    if (exponent == 0)
        return;
    fmpz_t power;
    fmpz_init_set_ui(power, base);
    fmpz_pow_ui(power, power, (ulong)(exponent < 0 ? -exponent : exponent));
    if (exponent > 0)
        fmpz_mul(fmpq_numref(value), fmpq_numref(value), power);
    else {
        fmpz_set(fmpq_denref(value), power);
        fmpq_canonicalise(value);
    }
    fmpz_clear(power);
}

// The rest of a decimal or of a hexadecimal float, from behind the sign and 0x.
static const char *parse_float(scan_t *scan, bool hexadecimal, fmpz_t digits, fmpq_t value) {
    const ulong base = hexadecimal ? 16 : 10;
    const slong limit = hexadecimal ? RATIONAL_BINARY_EXPONENT : RATIONAL_DECIMAL_EXPONENT;
    slong places = 0, exponent = 0, count = take_digits(scan, base, digits);
    if (take(scan, '.'))
        places = take_digits(scan, base, digits);
    if (count + places == 0)
        return "it is not a number";
    if (take(scan, hexadecimal ? 'p' : 'e') && !take_exponent(scan, limit, &exponent))
        return "its exponent has no digits";
    if (scan->at < scan->end)
        return "it is not a number";
    if (exponent > limit || exponent < -limit)
        return hexadecimal ? "its exponent is beyond 20000" : "its exponent is beyond 5000";
    set_scaled(value, digits, hexadecimal ? 2 : 10, exponent - (hexadecimal ? 4 * places : places));
    return NULL;
}

static const char *parse_fraction(scan_t *scan, fmpz_t digits, fmpq_t value) {
    const slong above = take_digits(scan, 10, digits);
    fmpz_set(fmpq_numref(value), digits);
    fmpz_zero(digits);
    scan->at++; // the slash, or what stands where it should
    if (above == 0 || scan->at[-1] != '/' || take_digits(scan, 10, digits) == 0 || scan->at < scan->end)
        return "it is not a fraction of two integers";
    if (fmpz_is_zero(digits))
        return "its denominator is 0";
    fmpz_set(fmpq_denref(value), digits);
    fmpq_canonicalise(value);
    return NULL;
}

static bool has(const scan_t *scan, char wanted) {
    for (const char *c = scan->at; c < scan->end; c++)
        if (*c == wanted)
            return true;
    return false;
}

// Whether the word begins like inf, infinity or nan.
static bool looks_infinite(scan_t scan) {
    scan_t other = scan;
    return (take(&scan, 'i') && take(&scan, 'n') && take(&scan, 'f')) ||
           (take(&other, 'n') && take(&other, 'a') && take(&other, 'n'));
}

const char *rational_parse(const char *word, size_t length, fmpq_t value) {
    if (length > RATIONAL_LENGTH)
        return "it is longer than 100000 characters";
    scan_t scan = {word, word + length};
    const int sign = take_sign(&scan);
    if (looks_infinite(scan))
        return "it is not finite";
    fmpz_t digits;
    fmpz_init(digits);
    const bool hexadecimal = scan.end - scan.at > 2 && scan.at[0] == '0' && (scan.at[1] | 0x20) == 'x';
    if (hexadecimal)
        scan.at += 2;
    const char *refusal = !hexadecimal && has(&scan, '/') ? parse_fraction(&scan, digits, value)
                                                          : parse_float(&scan, hexadecimal, digits, value);
    fmpz_clear(digits);
    if (refusal == NULL && sign < 0)
        fmpq_neg(value, value);
    return refusal;
}

slong rational_parse_count(const char *word, size_t length) {
    slong count = 0;
    if (length == 0 || length > 18)
        return -1;
    for (size_t i = 0; i < length; i++) {
        if (digit_of(word[i], 10) == 10)
            return -1;
        count = 10 * count + (slong)digit_of(word[i], 10);
    }
    return count;
}

void rational_from_double(fmpq_t value, double x) {
    int exponent;
    const double fraction = frexp(x, &exponent);
    fmpz_t mantissa;
    fmpz_init_set_si(mantissa, (slong)ldexp(fraction, 53));
    set_scaled(value, mantissa, 2, (slong)exponent - 53);
    fmpz_clear(mantissa);
}
