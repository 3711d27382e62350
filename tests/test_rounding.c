// SPDX-License-Identifier: GPL-3.0-or-later
// number/rounding: formats against tables of all their numbers, made from their encodings; binary32 against the processor.
#include "number/rounding.h"

#include "io/floats.h"
#include "support.h"

#include <float.h>
#include <string.h>

// Enough for all codes of 16 bits.
enum { ROOM = 1 << 16 };

// The finite numbers >= 0 of a format in ascending order; of two with the same distance the one with the even number wins.
typedef struct numbers {
    size_t count;
    double value[ROOM];
} numbers_t;

static rounding_t format_of(const char *name) {
    rounding_t format;
    if (!rounding_parse(name, &format))
        fail_msg("«%s» is not read", name);
    return format;
}

// The number of a code of a sign-less format: exponent bits above fraction bits, IEEE 754.
static double decode(unsigned code, int exponent_bits, int fraction_bits) {
    const int bias = (1 << (exponent_bits - 1)) - 1;
    const int exponent = (int)(code >> fraction_bits);
    const double fraction = ldexp((double)(code & ((1u << fraction_bits) - 1)), -fraction_bits);
    return exponent == 0 ? ldexp(fraction, 1 - bias) : ldexp(1 + fraction, exponent - bias);
}

static void fill(numbers_t *numbers, int exponent_bits, int fraction_bits) {
    const unsigned top = ((1u << exponent_bits) - 1) << fraction_bits;
    numbers->count = top;
    for (unsigned code = 0; code < top; code++)
        numbers->value[code] = decode(code, exponent_bits, fraction_bits);
}

static void expect(const rounding_t *format, double value, double want) {
    const double got = rounding_apply(format, 1, value);
    if (!(got == want && signbit(got) == signbit(value)))
        fail_msg("%s of %a: got %a, want %a", format->name, value, got, want);
    if (!(rounding_apply(format, 1, -value) == -want))
        fail_msg("%s of %a: got %a, want %a", format->name, -value, rounding_apply(format, 1, -value), -want);
}

static void expect_interval(const rounding_t *format, double value, double low, double high) {
    double l, h;
    if (rounding_spacing(format, 1, value) != high - low || !rounding_interval(format, 1, value, &l, &h) ||
        l != low || h != high)
        fail_msg("%s: interval of %a should be %a to %a", format->name, value, low, high);
    if (value > 0 && (!rounding_interval(format, 1, -value, &l, &h) || l != -high || h != -low))
        fail_msg("%s: interval of %a should be %a to %a", format->name, -value, -high, -low);
}

// Every number, every middle, and what lies beside the middles.
static void check_table(const rounding_t *format, const numbers_t *numbers) {
    for (size_t i = 0; i + 1 < numbers->count; i++) {
        const double low = numbers->value[i], high = numbers->value[i + 1], middle = (low + high) / 2;
        expect(format, low, low);
        expect(format, middle, i % 2 == 0 ? low : high);
        expect(format, nextafter(middle, low), low);
        expect(format, nextafter(middle, high), high);
        expect_interval(format, low, low, high);
        expect_interval(format, nextafter(middle, high), low, high);
        expect_interval(format, nextafter(high, low), low, high);
    }
    const double last = numbers->value[numbers->count - 1], before = numbers->value[numbers->count - 2];
    const double beyond[] = {last, nextafter(last, 2 * last), 1.06 * last, 3 * last, DBL_MAX};
    double low = 7, high = 8;
    for (size_t i = 0; i < sizeof beyond / sizeof *beyond; i++) {
        expect(format, beyond[i], last);
        assert_true(rounding_spacing(format, 1, -beyond[i]) == last - before);
        assert_false(rounding_interval(format, 1, beyond[i], &low, &high));
        assert_true(low == 7 && high == 8);
    }
    assert_true(format->greatest == last);
}

// The 16-bit formats by the readers of files, which share no code with the arithmetic here.
static void check_file_format(const char *name, floats_convert_t convert) {
    static numbers_t numbers;
    numbers.count = 0;
    for (unsigned code = 0; code < 1u << 15; code++) {
        const unsigned char bytes[2] = {(unsigned char)(code & 255), (unsigned char)(code >> 8)};
        const double value = convert(bytes);
        if (isfinite(value))
            numbers.value[numbers.count++] = value;
    }
    const rounding_t format = format_of(name);
    check_table(&format, &numbers);
}

static void test_sixteen_bits(void **state) {
    (void)state;
    check_file_format("bf16", floats_bfloat16);
    check_file_format("e8m7", floats_bfloat16);
    check_file_format("fp16", floats_binary16);
    check_file_format("e5m10", floats_binary16);
}

static void test_eight_bits(void **state) {
    (void)state;
    static numbers_t numbers;
    rounding_t format = format_of("fp8-e5m2");
    fill(&numbers, 5, 2);
    assert_int_equal(numbers.count, 124);
    check_table(&format, &numbers);
    // E4M3 of the Open Compute Project: the exponent field 15 holds numbers, and the code 127 is NaN.
    format = format_of("fp8-e4m3");
    numbers.count = 127;
    for (unsigned code = 0; code < 127; code++)
        numbers.value[code] = decode(code, 4, 3);
    assert_true(numbers.value[126] == 448);
    check_table(&format, &numbers);
}

// Formats of one bit of significand have no even neighbour: their middles are left out.
static void test_small_formats(void **state) {
    (void)state;
    static numbers_t numbers;
    for (int exponent = 2; exponent <= 8; exponent++)
        for (int fraction = 1; fraction <= 8; fraction++) {
            char name[ROUNDING_NAME];
            snprintf(name, sizeof name, "e%dm%d", exponent, fraction);
            const rounding_t format = format_of(name);
            fill(&numbers, exponent, fraction);
            check_table(&format, &numbers);
        }
    const rounding_t powers = format_of("e3m0");
    expect(&powers, 0.1, 0);
    expect(&powers, 0.2, 0.25);
    expect(&powers, 1.4, 1);
    expect(&powers, 1.6, 2);
    expect(&powers, 100, 8);
}

static void test_binary32(void **state) {
    (void)state;
    const rounding_t format = format_of("fp32"), short_one = format_of("tf32");
    stream_t s = stream_at(1, stream_experiment("binary32"), 0);
    for (int i = 0; i < 200000; i++) {
        const double value = uniform(&s, -1, 1) * exp2(floor(uniform(&s, -152, 127)));
        const float nearest = (float)value;
        if (rounding_apply(&format, 1, value) != (double)nearest)
            fail_msg("fp32 of %a: %a", value, rounding_apply(&format, 1, value));
        // 13 bits less: the nearest multiple of 2^13 of the code, ties to even.
        uint32_t code;
        memcpy(&code, &nearest, sizeof code);
        code = (code + 0xfff + (code >> 13 & 1)) & ~UINT32_C(0x1fff);
        float reduced;
        memcpy(&reduced, &code, sizeof reduced);
        if (isfinite(reduced) && rounding_apply(&short_one, 1, (double)nearest) != (double)reduced)
            fail_msg("tf32 of %a: %a", (double)nearest, rounding_apply(&short_one, 1, (double)nearest));
    }
}

// The nearest of all multiples, by trying them.
static double nearest_multiple(double value, double unit, int most) {
    double best = 0;
    for (int n = -most; n <= most; n++)
        if (fabs(value - n * unit) < fabs(value - best))
            best = n * unit;
    return best;
}

static void test_integers(void **state) {
    (void)state;
    stream_t s = stream_at(1, stream_experiment("integer formats"), 0);
    for (int bits = 2; bits <= 9; bits++) {
        char name[ROUNDING_NAME];
        snprintf(name, sizeof name, "int%d", bits);
        const rounding_t format = format_of(name);
        const int most = (1 << (bits - 1)) - 1;
        for (int trial = 0; trial < 200; trial++) {
            double row[7], rounded[7], largest = 0, low, high;
            stream_normals(&s, row, 7);
            for (size_t i = 0; i < 7; i++)
                largest = fmax(largest, fabs(row[i]));
            const double unit = rounding_unit(&format, row, 7);
            check_close(name, unit, largest / most, 1e-15);
            rounding_row(&format, row, 7, rounded);
            for (size_t i = 0; i < 7; i++) {
                check_close(INPUT("%s of %a, unit %a", name, row[i], unit), rounded[i],
                            nearest_multiple(row[i], unit, most), 1e-14);
                assert_true(rounded[i] == rounding_apply(&format, unit, row[i]));
                assert_true(rounding_spacing(&format, unit, row[i]) == unit);
                assert_true(rounding_interval(&format, unit, row[i], &low, &high));
                assert_true(low - 1e-14 < row[i] && row[i] < high + 1e-14);
                check_close("length", high - low, unit, 1e-14);
            }
        }
    }
    const rounding_t format = format_of("int8");
    const double zeros[2] = {0, -0.0}, ties[4] = {127, 0.5, 1.5, -2.5};
    double rounded[4];
    assert_true(rounding_unit(&format, zeros, 2) == 1);
    rounding_row(&format, ties, 4, rounded);
    assert_true(rounded[0] == 127 && rounded[1] == 0 && rounded[2] == 2 && rounded[3] == -2);
}

static void test_rows(void **state) {
    (void)state;
    const rounding_t format = format_of("fp8-e4m3");
    double row[] = {0.3, -1.0625, 1e-3, 500, -0.0, 0.0009765625};
    const double want[] = {0.3125, -1, 0.001953125, 448, 0, 0};
    assert_true(rounding_unit(&format, row, 6) == 1);
    row[2] = 1.1e-3;
    rounding_row(&format, row, 6, row);
    for (size_t i = 0; i < 6; i++)
        check_close("row", row[i], want[i], 0);
    assert_true(signbit(row[4]));
}

static void test_names(void **state) {
    (void)state;
    const char *bad[] = {"",      "bf",     "bf16 ", "BF16", "int",   "int1",  "int25", "int04",
                         "int8x", "int256", "e1m3",  "e9m3", "e4m24", "e4m",   "em3",   "e4",
                         "e4m3x", "e04m3",  "e4m03", "fp8",  "e-4m3", "int-8", "e4 m3", "fp8-e4m3-and-more",
                         "e4m100"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        rounding_t format = {.bits = 77};
        if (rounding_parse(bad[i], &format) || format.bits != 77 || format.name[0] != 0)
            fail_msg("«%s» is read", bad[i]);
    }
    const char *good[] = {"bf16", "fp16", "fp8-e4m3", "fp8-e5m2", "int8", "int4",
                          "fp32", "tf32", "e2m0",     "e8m23",    "int24"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_string_equal(format_of(good[i]).name, good[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sixteen_bits),  cmocka_unit_test(test_eight_bits),
        cmocka_unit_test(test_small_formats), cmocka_unit_test(test_binary32),
        cmocka_unit_test(test_integers),      cmocka_unit_test(test_rows),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
