// SPDX-License-Identifier: GPL-3.0-or-later
// io/numbers and io/floats: numbers of all types, bytes of them written by hand, in any steps and across blocks.
#include "io/floats.h"
#include "io/numbers.h"
#include "support.h"

#include <sys/mman.h>
#include <unistd.h>

enum { COUNT = 70001, HEAD = 3 };

static numbers_t put(const void *bytes, size_t size, numbers_type_t type) {
    const int file = memfd_create("numbers", 0);
    assert_true(file >= 0);
    assert_int_equal(pwrite(file, bytes, size, HEAD), size);
    return (numbers_t){.name = "x", .descriptor = file, .type = type, .begin = HEAD};
}

// Every number is written by hand, in little-endian order.
static void test_types(void **state) {
    (void)state;
    static const struct {
        numbers_type_t type;
        size_t item;
        unsigned char bytes[8];
        double value;
        bool whole, single;
    } cases[] = {
        {NUMBERS_F16, 2, {0x49, 0xc2}, -(1 + 0x249p-10) * 2, false, true},
        {NUMBERS_F16, 2, {1, 0}, 0x1p-24, false, true},
        {NUMBERS_F16, 2, {0xff, 0x83}, -0x3ffp-24, false, true},
        {NUMBERS_F16, 2, {0xff, 0x7b}, 65504, false, true},
        {NUMBERS_F16, 2, {0, 0xfc}, -HUGE_VAL, false, true},
        {NUMBERS_BF16, 2, {0x49, 0xc1}, -(1 + 0x49p-7) * 8, false, true},
        {NUMBERS_BF16, 2, {1, 0}, 0x1p-133, false, true},
        {NUMBERS_F32, 4, {0, 0, 0x48, 0xc1}, -12.5, false, true},
        {NUMBERS_F64, 8, {0, 0, 0, 0, 0, 0, 0x29, 0xc0}, -12.5, false, false},
        {NUMBERS_I8, 1, {0x85}, -123, true, false},
        {NUMBERS_U8, 1, {0x85}, 133, true, false},
        {NUMBERS_I16, 2, {0x85, 0xff}, -123, true, false},
        {NUMBERS_U16, 2, {0x85, 0xff}, 65413, true, false},
        {NUMBERS_I32, 4, {0x85, 0xff, 0xff, 0xff}, -123, true, false},
        {NUMBERS_U32, 4, {0x85, 0xff, 0xff, 0xff}, 4294967173, true, false},
        {NUMBERS_I64, 8, {0x85, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, -123, true, false},
        {NUMBERS_U64, 8, {0, 0, 0, 0, 1, 0, 0, 0x80}, 0x1p63 + 0x1p32, true, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned char turned[8];
        double value;
        float single = 0;
        fault_t fault = {0};
        const size_t item = cases[i].item;
        assert_int_equal(numbers_item(cases[i].type), item);
        assert_true(numbers_whole(cases[i].type) == cases[i].whole);
        assert_true(numbers_single(cases[i].type) == cases[i].single);
        for (size_t j = 0; j < item; j++)
            turned[j] = cases[i].bytes[item - 1 - j];
        for (int big = 0; big < 2; big++) {
            numbers_t numbers = put(big ? turned : cases[i].bytes, item, cases[i].type);
            numbers.big_endian = big;
            assert_int_equal(numbers_doubles(&numbers, 0, 1, 1, &value, 1, &fault), FAULT_NONE);
            if (value != cases[i].value)
                fail_msg("case %zu: %a, expected %a", i, value, cases[i].value);
            if (cases[i].single) {
                assert_int_equal(numbers_floats(&numbers, 0, 1, 1, &single, 1, &fault), FAULT_NONE);
                assert_true((double)single == cases[i].value);
            }
            close(numbers.descriptor);
        }
    }
}

// All patterns of the 16-bit formats at once, as from a file: against the definition of their values.
static void test_patterns(void **state) {
    (void)state;
    enum { PATTERNS = 65536 };
    static unsigned char bytes[2 * PATTERNS];
    static double found[PATTERNS];
    static float single[PATTERNS];
    static const struct {
        numbers_type_t type;
        int fraction, bias;
    } formats[] = {{NUMBERS_F16, 10, 15}, {NUMBERS_BF16, 7, 127}};
    for (int i = 0; i < PATTERNS; i++) {
        bytes[2 * i] = (unsigned char)(i & 255);
        bytes[2 * i + 1] = (unsigned char)(i >> 8);
    }
    for (int f = 0; f < 2; f++) {
        fault_t fault = {0};
        const numbers_t numbers = put(bytes, sizeof bytes, formats[f].type);
        const int fraction = formats[f].fraction, bias = formats[f].bias;
        assert_int_equal(numbers_doubles(&numbers, 0, 1, PATTERNS, found, 1, &fault), FAULT_NONE);
        assert_int_equal(numbers_floats(&numbers, 0, 1, PATTERNS, single, 1, &fault), FAULT_NONE);
        for (int i = 0; i < PATTERNS; i++) {
            const int exponent = (i & 32767) >> fraction, digits = i & ((1 << fraction) - 1);
            const double sign = i >> 15 ? -1 : 1;
            const double want = exponent == 2 * bias + 1 ? (digits ? (double)NAN : sign * HUGE_VAL)
                                : exponent == 0
                                    ? sign * ldexp(digits, 1 - bias - fraction)
                                    : sign * ldexp((1 << fraction) + digits, exponent - bias - fraction);
            if (isnan(want))
                assert_true(isnan(found[i]) && isnan(single[i]));
            else if (found[i] != want || (double)single[i] != want || !signbit(found[i]) != !(i >> 15) ||
                     !signbit(single[i]) != !(i >> 15))
                fail_msg("pattern %04x: %a and %a, expected %a", (unsigned)i, found[i], (double)single[i],
                         want);
        }
        close(numbers.descriptor);
    }
}

// Numbers that are their own place, through steps in the file and in memory.
static void test_steps(void **state) {
    (void)state;
    static int32_t places[COUNT];
    static float singles[COUNT];
    static double wide[COUNT], found[COUNT];
    static float found_singles[COUNT];
    for (int i = 0; i < COUNT; i++) {
        places[i] = i;
        singles[i] = (float)i;
        wide[i] = i;
    }
    const struct {
        numbers_type_t type;
        const void *bytes;
        size_t size;
    } cases[] = {{NUMBERS_I32, places, sizeof places},
                 {NUMBERS_F32, singles, sizeof singles},
                 {NUMBERS_F64, wide, sizeof wide}};
    static const size_t steps[] = {1, 2, 3, 7, 1000, 9001, 16384, 16385, 60000}, strides[] = {1, 3};
    for (int c = 0; c < 3; c++) {
        const numbers_t numbers = put(cases[c].bytes, cases[c].size, cases[c].type);
        for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
            for (int j = 0; j < 2; j++) {
                fault_t fault = {0};
                const size_t first = i % 3, count = ((COUNT - 1 - first) / steps[i] + 1) / strides[j];
                for (int n = 0; n < COUNT; n++)
                    found[n] = found_singles[n] = -1;
                assert_int_equal(numbers_doubles(&numbers, first, steps[i], count, found, strides[j], &fault),
                                 FAULT_NONE);
                if (numbers_single(numbers.type))
                    assert_int_equal(
                        numbers_floats(&numbers, first, steps[i], count, found_singles, strides[j], &fault),
                        FAULT_NONE);
                for (size_t n = 0; n < COUNT; n++) {
                    const bool set = n % strides[j] == 0 && n / strides[j] < count;
                    const double want = set ? (double)(first + n / strides[j] * steps[i]) : -1;
                    assert_true(found[n] == want);
                    if (numbers_single(numbers.type))
                        assert_true((double)found_singles[n] == want);
                }
            }
        close(numbers.descriptor);
    }
}

static void test_ends(void **state) {
    (void)state;
    const double values[] = {1, 2};
    double found[3];
    fault_t fault = {0};
    numbers_t numbers = put(values, sizeof values, NUMBERS_F64);
    assert_int_equal(numbers_doubles(&numbers, 0, 1, 3, found, 1, &fault), FAULT_INPUT);
    assert_string_equal(fault.text, "cannot read x at byte 19: the file has become shorter");
    fault = (fault_t){0};
    close(numbers.descriptor);
    assert_int_equal(numbers_doubles(&numbers, 0, 1, 1, found, 1, &fault), FAULT_INPUT);
    assert_string_equal(fault.text, "cannot read x at byte 3: Bad file descriptor");
    assert_string_equal(numbers_call(-HUGE_VAL), "-infinity");
    assert_string_equal(numbers_call(HUGE_VAL), "infinity");
    assert_string_equal(numbers_call((double)NAN), "NaN");
}

// Every number of a 16-bit format is written as it was read; between two neighbours the nearer one is, of the middle the even one.
static void check_format(floats_format_t format, floats_convert_t convert) {
    for (unsigned word = 0; word < 0x10000; word++) {
        const unsigned char bytes[] = {(unsigned char)(word & 255), (unsigned char)(word >> 8)},
                            next[] = {(unsigned char)((word + 1) & 255), (unsigned char)((word + 1) >> 8)};
        unsigned char found[FLOATS_BYTES];
        const double value = convert(bytes), middle = (value + convert(next)) / 2;
        if (isnan(value))
            continue;
        assert_int_equal(floats_encode(format, value, found), isfinite(value));
        assert_memory_equal(found, bytes, 2);
        if (!isfinite(middle))
            continue;
        floats_encode(format, middle, found);
        assert_memory_equal(found, word % 2 == 0 ? bytes : next, 2);
        floats_encode(format, nextafter(middle, value), found);
        assert_memory_equal(found, bytes, 2);
    }
}

static void test_writing(void **state) {
    (void)state;
    unsigned char found[FLOATS_BYTES];
    check_format(FLOATS_BINARY16, floats_binary16);
    check_format(FLOATS_BFLOAT16, floats_bfloat16);
    static const double values[] = {0.1, -0.0, 0x1p-149, 0x1.8p-1074, 0x1.fffffep127, 12345.678};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        assert_true(floats_encode(FLOATS_BINARY64, values[i], found));
        assert_memory_equal(found, &values[i], floats_size(FLOATS_BINARY64));
        const float single = (float)values[i];
        assert_true(floats_encode(FLOATS_BINARY32, values[i], found));
        assert_memory_equal(found, &single, floats_size(FLOATS_BINARY32));
    }
    assert_false(floats_encode(FLOATS_BINARY32, 0x1.ffffffp127, found));
    assert_true(floats_binary32(found) == HUGE_VAL);
    assert_false(floats_encode(FLOATS_BINARY16, -65520, found));
    assert_true(floats_binary16(found) == -HUGE_VAL);
    assert_false(floats_encode(FLOATS_BFLOAT16, (double)NAN, found));
    assert_true(isnan(floats_bfloat16(found)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types), cmocka_unit_test(test_patterns), cmocka_unit_test(test_steps),
        cmocka_unit_test(test_ends),  cmocka_unit_test(test_writing),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("numbers", tests, NULL, NULL);
}
