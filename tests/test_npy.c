// SPDX-License-Identifier: GPL-3.0-or-later
// io/npy: headers as NumPy writes them and as others may, and every refusal to the letter.
#include "io/npy.h"
#include "support.h"

#include <math.h>
#include <string.h>

enum { ROOM = 1 << 10 };

// A file of this version and header, `data` more bytes long.
static size_t make_file(unsigned char *bytes, int version, const char *header, uint64_t data,
                        uint64_t *size) {
    const size_t length = strlen(header), digits = version == 1 ? 2 : 4;
    memcpy(bytes, "\x93NUMPY", 6);
    bytes[6] = (unsigned char)version;
    bytes[7] = 0;
    for (size_t i = 0; i < digits; i++)
        bytes[8 + i] = (unsigned char)(length >> 8 * i & 255);
    memcpy(bytes + 8 + digits, header, length);
    *size = 8 + digits + length + data;
    return 8 + digits + length;
}

static void test_headers(void **state) {
    (void)state;
    static const struct {
        const char *header;
        size_t rank;
        uint64_t shape[3];
        size_t item;
        bool big_endian, fortran;
        numbers_type_t type;
    } cases[] = {
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (3, 5), }          \n",
         2,
         {3, 5},
         8,
         false,
         false,
         NUMBERS_F64},
        {"{'descr': '>f4', 'fortran_order': True, 'shape': (7,), }\n", 1, {7}, 4, true, true, NUMBERS_F32},
        {"{\"shape\":(2,3,4),\"descr\":\"<f2\",\"fortran_order\":True}",
         3,
         {2, 3, 4},
         2,
         false,
         true,
         NUMBERS_F16},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (), }", 0, {0}, 8, false, false, NUMBERS_F64},
        {"\t{ 'fortran_order' :False,\n'shape':( 11 , 1 ) , 'descr':'>f2' }",
         2,
         {11, 1},
         2,
         true,
         false,
         NUMBERS_F16},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (0, 9), }\n",
         2,
         {0, 9},
         4,
         false,
         false,
         NUMBERS_F32},
        {"{'descr': '|i1', 'fortran_order': False, 'shape': (5, 9), }\n",
         2,
         {5, 9},
         1,
         false,
         false,
         NUMBERS_I8},
        {"{'descr': '>i2', 'fortran_order': False, 'shape': (9,), }\n", 1, {9}, 2, true, false, NUMBERS_I16},
        {"{'descr': '<i4', 'fortran_order': True, 'shape': (9, 2), }\n",
         2,
         {9, 2},
         4,
         false,
         true,
         NUMBERS_I32},
        {"{'descr': '<i8', 'fortran_order': False, 'shape': (9, 2), }\n",
         2,
         {9, 2},
         8,
         false,
         false,
         NUMBERS_I64},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (9, 2), }\n",
         2,
         {9, 2},
         1,
         false,
         false,
         NUMBERS_U8},
        {"{'descr': '<u2', 'fortran_order': False, 'shape': (9, 2), }\n",
         2,
         {9, 2},
         2,
         false,
         false,
         NUMBERS_U16},
        {"{'descr': '>u4', 'fortran_order': False, 'shape': (9, 2), }\n",
         2,
         {9, 2},
         4,
         true,
         false,
         NUMBERS_U32},
        {"{'descr': '>u8', 'fortran_order': False, 'shape': (9, 2), }\n",
         2,
         {9, 2},
         8,
         true,
         false,
         NUMBERS_U64},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int version = 1; version <= 3; version++) {
            unsigned char bytes[ROOM];
            uint64_t size, elements = 1;
            npy_t npy;
            fault_t fault = {0};
            for (size_t j = 0; j < cases[i].rank; j++)
                elements *= cases[i].shape[j];
            const size_t length = make_file(bytes, version, cases[i].header, elements * cases[i].item, &size);
            if (npy_header("x", bytes, length, size, &npy, &fault) != FAULT_NONE)
                fail_msg("version %d, %s: %s", version, cases[i].header, fault.text);
            assert_int_equal(npy.rank, cases[i].rank);
            for (size_t j = 0; j < npy.rank; j++)
                assert_int_equal(npy.shape[j], cases[i].shape[j]);
            assert_int_equal(npy.elements, elements);
            assert_int_equal(npy.item, cases[i].item);
            assert_true(npy.big_endian == cases[i].big_endian && npy.fortran == cases[i].fortran);
            assert_int_equal(npy.data, length);
            assert_int_equal(npy.type, cases[i].type);
            const numbers_t numbers = npy_numbers(&npy, "x", 5);
            assert_true(numbers.type == npy.type && numbers.big_endian == npy.big_endian &&
                        numbers.begin == npy.data && numbers.descriptor == 5);
        }
}

#define TYPES                                                                                                \
    "a type of binary floating point or integers ('<f2', '<f4', '<f8', '|u1', '<i4', ... or big-endian "     \
    "with "                                                                                                  \
    "'>')"

// All in version 1, with 8 bytes of data.
static void test_refusals(void **state) {
    (void)state;
    static const struct {
        const char *header, *message;
    } cases[] = {
        {"", "byte 10: expected a dictionary, «{», found the end of the header"},
        {"(3,)", "byte 10: expected a dictionary, «{», found «(3,)»"},
        {"{'descr': '|O', 'fortran_order': False, 'shape': (1,)}",
         "byte 20: expected " TYPES ", found «'|O', 'fortran_order»"},
        {"{'descr': '|b1', 'fortran_order': False, 'shape': (1,)}",
         "byte 20: expected " TYPES ", found «'|b1', 'fortran_orde»"},
        {"{'descr': '<f9'}", "byte 20: expected " TYPES ", found «'<f9'}»"},
        {"{'descr': '|f8'}", "byte 20: expected " TYPES ", found «'|f8'}»"},
        {"{'descr': '|i2'}", "byte 20: expected " TYPES ", found «'|i2'}»"},
        {"{'descr': '=u4'}", "byte 20: expected " TYPES ", found «'=u4'}»"},
        {"{'descr': '<f1'}", "byte 20: expected " TYPES ", found «'<f1'}»"},
        {"{'descr': '<c8'}", "byte 20: expected " TYPES ", found «'<c8'}»"},
        {"{'descr': '<U8'}", "byte 20: expected " TYPES ", found «'<U8'}»"},
        {"{'descr': [('a', '<f8')]}", "byte 20: expected " TYPES ", found «[('a', '<f8')]}»"},
        {"{'descr': '<f8', 'descr': '<f8'}", "byte 27: expected one of the keys descr, fortran_order and "
                                             "shape, each once, found «'descr': '<f8'}»"},
        {"{'descr': '<f8', 'colour': 1}",
         "byte 27: expected one of the keys descr, fortran_order and shape, each once, found «'colour': 1}»"},
        {"{'descr' '<f8'}", "byte 19: expected a colon, found «'<f8'}»"},
        {"{'descr': '<f8' 'shape': (1,)}", "byte 26: expected a comma or «}», found «'shape': (1,)}»"},
        {"{'fortran_order': 0}", "byte 28: expected True or False, found «0}»"},
        {"{'shape': 1}", "byte 20: expected a tuple of sizes, found «1}»"},
        {"{'shape': (1 2)}", "byte 23: expected a comma or a closing parenthesis, found «2)}»"},
        {"{'shape': (-1,)}", "byte 21: expected a size, found «-1,)}»"},
        {"{'shape': (99999999999999999999,)}",
         "byte 21: expected a size below 2^64, found «99999999999999999999»"},
        {"{'shape': (4294967296, 4294967296)}",
         "byte 43: expected a shape of less than 2^64 numbers, before this, found «)}»"},
        {"{'shape': (1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1)}", "byte 53: expected at most 16 sizes, found «1)}»"},
        {"{'descr': '<f8', 'shape': (1,)}", "byte 40: expected the key fortran_order before the end"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (1,)} x",
         "byte 66: expected the end of the header, found «x»"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (4611686018427387904,)}",
         "its shape has more than 2^64 bytes"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (2,)}",
         "expected the end of the file at byte 81, as shape and type ask for, found it at byte 73"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}",
         "expected the end of the file at byte 69, as shape and type ask for, found it at byte 73"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned char bytes[ROOM];
        uint64_t size;
        npy_t npy = {.rank = 7};
        fault_t fault = {0};
        const size_t length = make_file(bytes, 1, cases[i].header, 8, &size);
        const fault_status_t status = npy_header("x", bytes, length, size, &npy, &fault);
        if (status != FAULT_INPUT || strncmp(fault.text, "x: ", 3) != 0 ||
            strcmp(fault.text + 3, cases[i].message) != 0)
            fail_msg("%s\nstatus %d: %s\nexpected: %s", cases[i].header, (int)status, fault.text,
                     cases[i].message);
        assert_int_equal(npy.rank, 7);
    }
}

static void expect_start(const char *bytes, size_t length, uint64_t size, const char *message) {
    npy_t npy;
    fault_t fault = {0};
    assert_int_equal(npy_header("x", (const unsigned char *)bytes, length, size, &npy, &fault), FAULT_INPUT);
    assert_string_equal(fault.text, message);
}

static void test_starts(void **state) {
    (void)state;
    expect_start("", 0, 0, "x: byte 0: expected the magic \\x93NUMPY of a .npy file");
    expect_start("\x93NUMPX\1\0", 8, 8, "x: byte 0: expected the magic \\x93NUMPY of a .npy file");
    expect_start("\x93NUMPY", 6, 6, "x: byte 6: expected version 1.0, 2.0 or 3.0, found the end of the file");
    expect_start("\x93NUMPY\4\0\1\0", 10, 10, "x: byte 6: expected version 1.0, 2.0 or 3.0, found 4.0");
    expect_start(
        "\x93NUMPY\1\0\1", 9, 9,
        "x: byte 8: expected a header of at most 65536 bytes within the file of 9, found the length 1");
    expect_start(
        "\x93NUMPY\1\0\5\0ab", 12, 12,
        "x: byte 8: expected a header of at most 65536 bytes within the file of 12, found the length 5");
    expect_start(
        "\x93NUMPY\2\0\xff\xff\xff\xff", 12, 12,
        "x: byte 8: expected a header of at most 65536 bytes within the file of 12, found the length "
        "4294967295");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_starts),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("npy", tests, NULL, NULL);
}
