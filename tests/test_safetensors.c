// SPDX-License-Identifier: GPL-3.0-or-later
// io/safetensors and the layers in that format: every refusal to the letter, every bit pattern of the 16-bit formats against
// the definition of its value, and layers against the same layers as text.
#include "io/instance.h"
#include "io/rational.h"
#include "io/safetensors.h"
#include "support.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[512], folder[256];

static int make_folder(void **state) {
    (void)state;
    const char *root = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/moegeom-tensors-XXXXXX", root ? root : "/tmp");
    if (mkdtemp(folder) == NULL)
        return 1;
    snprintf(path, sizeof path, "%s/x.safetensors", folder);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    unlink(path);
    return rmdir(folder);
}

// Writes a file with this header, which is announced with `announced` bytes, and `length` bytes of data.
static void put_announced(uint64_t announced, const char *header, const void *data, size_t length) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < 8; i++)
        fputc((int)(announced >> 8 * i & 255), file);
    fputs(header, file);
    assert_int_equal(fwrite(data, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static void put(const char *header, const void *data, size_t length) {
    put_announced(strlen(header), header, data, length);
}

// Expects the message behind "PATH: ", from the file and from its header in memory.
static void expect_refusal(const char *header, const char *message) {
    fault_t fault = {0}, again = {0};
    safetensors_t *file = NULL;
    const fault_status_t status = safetensors_open(path, &file, &fault);
    if (status != FAULT_INPUT || strncmp(fault.text, path, strlen(path)) != 0 ||
        strcmp(fault.text + strlen(path) + 2, message) != 0)
        fail_msg("%.200s\nstatus %d: %s\nexpected: %s", header, (int)status, fault.text, message);
    assert_null(file);
    unsigned char bytes[4096] = {0};
    FILE *stream = fopen(path, "r");
    struct stat size;
    assert_non_null(stream);
    assert_int_equal(fstat(fileno(stream), &size), 0);
    const size_t length = fread(bytes, 1, sizeof bytes, stream);
    fclose(stream);
    assert_int_equal(safetensors_header(path, bytes, length, (uint64_t)size.st_size, &file, &again),
                     FAULT_INPUT);
    assert_string_equal(again.text, fault.text);
}

#define SPAN(begin, end) "\"data_offsets\":[" #begin "," #end "]"
#define TENSOR(name, dtype, shape, begin, end)                                                               \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape "," SPAN(begin, end) "}"

// All with 8 bytes of data.
static void test_header_refusals(void **state) {
    (void)state;
    static const struct {
        const char *header, *message;
    } cases[] = {
        {"", "byte 8: expected «{», found an empty header"},
        {" {}", "byte 8: expected «{», found « »"},
        {"{]",
         "up to byte 10: expected JSON without repeated keys, found: «string or '}' expected near ']'»"},
        {"{\"a\": \x01}",
         "up to byte 15: expected JSON without repeated keys, found: «invalid token near '\\x01'»"},
        {"{} x",
         "up to byte 12: expected JSON without repeated keys, found: «end of file expected near 'x'»"},
        {"{" TENSOR("a", "F32", "[1]", 0, 4) "," TENSOR("a", "F32", "[1]", 4, 8) "}",
         "up to byte 65: expected JSON without repeated keys, found: «duplicate object key near '\"a\"'»"},
        {"{" TENSOR("a", "F32", "[1]", 0, 4) "," TENSOR("b", "F32", "[1]", 2, 6) "}",
         "tensor «b»: expected its data at byte 119, found an overlap at byte 117"},
        {"{" TENSOR("b", "F32", "[1]", 4, 8) "," TENSOR("a", "I16", "[1]", 0, 2) "}",
         "tensor «b»: expected its data at byte 117, found a gap, the data at byte 119"},
        {"{" TENSOR("a", "F32", "[1]", 4, 8) "}",
         "tensor «a»: expected its data at byte 62, found a gap, the data at byte 66"},
        {"{" TENSOR("a", "F32", "[1]", 0, 4) "}",
         "expected the end of the file at byte 66, where the last tensor ends, found it at byte 70"},
        {"{}", "expected the end of the file at byte 10, where the last tensor ends, found it at byte 18"},
        {"{" TENSOR("a", "F32", "[4]", 0, 16) "}",
         "tensor «a»: expected a range within the 8 bytes of data, found [0, 16]"},
        {"{" TENSOR("a", "F32", "[3]", 0, 8) "}",
         "tensor «a»: expected 12 bytes from shape and dtype, found the range [0, 8] of 8"},
        {"{" TENSOR("a", "F64", "[2305843009213693953]", 0, 8) "}",
         "tensor «a»: its shape has more than 2^64 bytes"},
        {"{" TENSOR("a", "U8", "[4294967296,4294967296,4294967296]", 0, 8) "}",
         "tensor «a»: its shape has more than 2^64 elements"},
        {"{" TENSOR("a", "F32", "[1]", 8, 4) "}",
         "tensor «a»: expected data_offsets of the form [begin, end], begin <= end"},
        {"{" TENSOR("a", "F32", "[1]", 0, 4.0) "}",
         "tensor «a»: expected data_offsets of the form [begin, end], begin <= end"},
        {"{" TENSOR("a", "F32", "[-2]", 0, 8) "}", "tensor «a»: expected non-negative integers in the shape"},
        {"{" TENSOR("a", "F32", "2", 0, 8) "}", "tensor «a»: expected a shape of at most 16 sizes"},
        {"{" TENSOR("a", "F32", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,2]", 0, 8) "}",
         "tensor «a»: expected a shape of at most 16 sizes"},
        {"{" TENSOR("a", "F4", "[2]", 0, 8) "}", "tensor «a»: expected a known dtype, found «F4»"},
        {"{" TENSOR("\\u001b[2J", "F4", "[2]", 0, 8) "}",
         "tensor «\\x1B[2J»: expected a known dtype, found «F4»"},
        {"{\"a\":{\"dtype\":8,\"shape\":[2]," SPAN(0, 8) "}}", "tensor «a»: expected a text for dtype"},
        {"{\"a\":{\"shape\":[2]," SPAN(0, 8) "}}",
         "tensor «a»: expected an object of dtype, shape and data_offsets"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"x\":1," SPAN(0, 8) "}}",
         "tensor «a»: expected an object of dtype, shape and data_offsets"},
        {"{\"a\":7}", "tensor «a»: expected an object of dtype, shape and data_offsets"},
        {"{\"__metadata__\":7}", "expected an object for __metadata__"},
        {"{\"__metadata__\":{\"k\":2}}", "__metadata__: expected a text for «k»"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put(cases[i].header, "12345678", 8);
        expect_refusal(cases[i].header, cases[i].message);
    }
}

static void test_length_refusals(void **state) {
    (void)state;
    static const struct {
        uint64_t announced;
        const char *message;
    } cases[] = {
        {3, "byte 0: expected a header of at most 100000000 bytes within the file of 10, found the length 3"},
        {UINT64_MAX,
         "byte 0: expected a header of at most 100000000 bytes within the file of 10, found the length "
         "18446744073709551615"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put_announced(cases[i].announced, "{}", "", 0);
        expect_refusal("{}", cases[i].message);
    }
    // 100,000,001 bytes are too many though the file has them (as a hole).
    put_announced(100000001, "{}", "", 0);
    assert_int_equal(truncate(path, 200000000), 0);
    expect_refusal("{}",
                   "byte 0: expected a header of at most 100000000 bytes within the file of 200000000, found "
                   "the length 100000001");
    assert_int_equal(truncate(path, 7), 0);
    expect_refusal("", "expected 8 bytes of header length, found a file of 7");
    assert_int_equal(truncate(path, 0), 0);
    expect_refusal("", "expected 8 bytes of header length, found a file of 0");
    put("{}", "", 0); // nothing is a file too
    fault_t fault = {0};
    safetensors_t *file;
    assert_int_equal(safetensors_open(path, &file, &fault), FAULT_NONE);
    assert_int_equal(safetensors_count(file), 0);
    safetensors_close(file);
}

// ---- Elements ----

static safetensors_t *open_one(const char *header, const void *data, size_t length) {
    fault_t fault = {0};
    safetensors_t *file;
    put(header, data, length);
    if (safetensors_open(path, &file, &fault) != FAULT_NONE)
        fail_msg("%s", fault.text);
    return file;
}

// The value of a 16-bit pattern by the definition: (-1)^sign 2^(e - bias) (1 + fraction), or without the 1.
static double value_of(uint32_t word, int fraction_bits) {
    const int exponent_bits = 15 - fraction_bits, bias = (1 << (exponent_bits - 1)) - 1;
    const int exponent = (int)(word >> fraction_bits) & ((1 << exponent_bits) - 1);
    const double fraction = (double)(word & ((1U << fraction_bits) - 1)) / (double)(1 << fraction_bits);
    const double size = exponent == (1 << exponent_bits) - 1 ? (fraction > 0 ? (double)NAN : HUGE_VAL)
                        : exponent == 0                      ? pow(2, 1 - bias) * fraction
                                                             : pow(2, exponent - bias) * (1 + fraction);
    return word >> 15 ? -size : size;
}

static void test_half_patterns(void **state) {
    (void)state;
    static unsigned char data[2 << 16];
    static const struct {
        const char *header;
        int fraction_bits;
    } kinds[] = {{"{" TENSOR("a", "F16", "[65536]", 0, 131072) "}", 10},
                 {"{" TENSOR("a", "BF16", "[65536]", 0, 131072) "}", 7}};
    for (uint32_t word = 0; word < 65536; word++) {
        data[2 * word] = (unsigned char)(word & 255);
        data[2 * word + 1] = (unsigned char)(word >> 8);
    }
    for (int kind = 0; kind < 2; kind++) {
        safetensors_t *file = open_one(kinds[kind].header, data, sizeof data);
        const safetensors_tensor_t *tensor = safetensors_find(file, "a");
        for (uint32_t word = 0; word < 65536; word++) {
            const double expected = value_of(word, kinds[kind].fraction_bits);
            double value = 7;
            fault_t fault = {0};
            safetensors_doubles(file, tensor, word, 1, &value, &fault);
            if (isfinite(expected) != (fault.status == FAULT_NONE) ||
                (isfinite(expected) && (value != expected || signbit(value) != signbit(expected))))
                fail_msg("%s %04x: %a, expected %a", tensor->dtype, word, value, expected);
        }
        safetensors_close(file);
    }
}

static void test_doubles_and_floats(void **state) {
    (void)state;
    enum { COUNT = 5000 }; // more than one block
    static double doubles[COUNT], read[COUNT];
    static float floats[COUNT];
    for (int i = 0; i < COUNT; i++) {
        doubles[i] = sin(i) * pow(2, i % 2000 - 1000);
        floats[i] = (float)(cos(i) * pow(2, i % 250 - 140)); // subnormal ones too
    }
    fault_t fault = {0};
    safetensors_t *file = open_one("{" TENSOR("a", "F64", "[5,1000]", 0, 40000) "}", doubles, sizeof doubles);
    assert_int_equal(safetensors_doubles(file, safetensors_tensor(file, 0), 3, COUNT - 3, read, &fault),
                     FAULT_NONE);
    assert_memory_equal(read, doubles + 3, sizeof doubles - 3 * sizeof *doubles);
    safetensors_close(file);
    file = open_one("{" TENSOR("a", "F32", "[5000]", 0, 20000) "}", floats, sizeof floats);
    assert_int_equal(safetensors_doubles(file, safetensors_tensor(file, 0), 0, COUNT, read, &fault),
                     FAULT_NONE);
    for (int i = 0; i < COUNT; i++)
        if (read[i] != (double)floats[i])
            fail_msg("%d: %a, expected %a", i, read[i], (double)floats[i]);
    safetensors_close(file);
}

static void expect_doubles_fault(const char *header, const void *data, size_t length, const char *message) {
    fault_t fault = {0};
    double values[8];
    safetensors_t *file = open_one(header, data, length);
    assert_int_equal(safetensors_doubles(file, safetensors_tensor(file, 0), 0, 2, values, &fault),
                     FAULT_INPUT);
    assert_string_equal(fault.text + strlen(path), message);
    safetensors_close(file);
}

static void test_element_refusals(void **state) {
    (void)state;
    const double numbers[] = {1, HUGE_VAL}, others[] = {(double)NAN, 2};
    expect_doubles_fault("{" TENSOR("a", "F64", "[2]", 0, 16) "}", numbers, 16,
                         ": tensor «a», element 1 (from 0, of 2): expected a finite number, found infinity");
    expect_doubles_fault("{" TENSOR("a", "F64", "[2]", 0, 16) "}", others, 16,
                         ": tensor «a», element 0 (from 0, of 2): expected a finite number, found NaN");
    expect_doubles_fault("{" TENSOR("a", "I64", "[2]", 0, 16) "}", others, 16,
                         ": tensor «a»: expected dtype F64, F32, F16 or BF16, found «I64»");
}

// Every dtype that has numbers, and those that have none.
static void test_numbers_of(void **state) {
    (void)state;
    static const struct {
        const char *dtype;
        numbers_type_t type;
        size_t item; // 0: no numbers
    } cases[] = {
        {"F64", NUMBERS_F64, 8}, {"F32", NUMBERS_F32, 4}, {"F16", NUMBERS_F16, 2}, {"BF16", NUMBERS_BF16, 2},
        {"I8", NUMBERS_I8, 1},   {"I16", NUMBERS_I16, 2}, {"I32", NUMBERS_I32, 4}, {"I64", NUMBERS_I64, 8},
        {"U8", NUMBERS_U8, 1},   {"U16", NUMBERS_U16, 2}, {"U32", NUMBERS_U32, 4}, {"U64", NUMBERS_U64, 8},
        {"BOOL", 0, 0},          {"F8_E4M3", 0, 0},       {"F8_E5M2", 0, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char header[200], message[1024];
        unsigned char bytes[24] = {0};
        const size_t item = cases[i].item > 0 ? cases[i].item : 1;
        safetensors_t *file = NULL;
        numbers_t numbers = {.begin = 5};
        double values[3];
        fault_t fault = {0};
        snprintf(header, sizeof header, "{\"a\":{\"dtype\":\"%s\",\"shape\":[3],\"data_offsets\":[0,%zu]}}",
                 cases[i].dtype, 3 * item);
        bytes[2 * item] = 1; // the last number
        put(header, bytes, 3 * item);
        assert_int_equal(safetensors_open(path, &file, &fault), FAULT_NONE);
        const safetensors_tensor_t *tensor = safetensors_tensor(file, 0);
        if (cases[i].item == 0) {
            assert_int_equal(safetensors_numbers(file, tensor, &numbers, &fault), FAULT_INPUT);
            snprintf(message, sizeof message,
                     "%s: tensor «a»: expected dtype F64, F32, F16, BF16, I8 to I64 or U8 to U64, found «%s»",
                     path, cases[i].dtype);
            assert_string_equal(fault.text, message);
            assert_int_equal(numbers.begin, 5);
        } else {
            assert_int_equal(safetensors_numbers(file, tensor, &numbers, &fault), FAULT_NONE);
            assert_true(numbers.type == cases[i].type && numbers.begin == tensor->begin &&
                        !numbers.big_endian);
            assert_int_equal(numbers_doubles(&numbers, 0, 1, 3, values, 1, &fault), FAULT_NONE);
            assert_true(values[0] == 0 && values[1] == 0 && values[2] > 0 && values[2] <= 1);
        }
        safetensors_close(file);
    }
}

static void test_suffix(void **state) {
    (void)state;
    static const struct {
        const char *path;
        int end; // or -1
    } cases[] = {{"a.safetensors", 13},
                 {"a.safetensors:x.y", 13},
                 {"a.npy", -1},
                 {"", -1},
                 {"a.safetensors.index.json", -1},
                 {"d.safetensors/b.safetensors", 27},
                 {"d.safetensorsx:y", -1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *end = safetensors_suffix(cases[i].path);
        assert_int_equal(end == NULL ? -1 : end - cases[i].path, cases[i].end);
    }
}

// ---- Layers ----

#define META(k) "\"__metadata__\":{\"k\":\"" k "\"},"

static char *print(const layer_t *layer) {
    char *text = NULL;
    size_t length;
    FILE *file = open_memstream(&text, &length);
    assert_non_null(file);
    layer_print(file, layer);
    fclose(file);
    return text;
}

static void expect_layer(const char *header, const void *data, size_t length, const char *text) {
    fault_t fault = {0};
    instance_t instance = {0}, same = {0};
    put(header, data, length);
    if (instance_read(path, &instance, &fault) != FAULT_NONE ||
        instance_parse("text", text, strlen(text), &same, &fault) != FAULT_NONE)
        fail_msg("%s", fault.text);
    char *left = print(instance.layer), *right = print(same.layer);
    if (strcmp(left, right) != 0)
        fail_msg("%s\nread as\n%s\nexpected\n%s", header, left, right);
    free(left);
    free(right);
    instance_clear(&instance);
    instance_clear(&same);
}

static void test_layers(void **state) {
    (void)state;
    const float values[] = {0.1F, -2.5F, 1e-30F, 3, 7, -0.3F, 1, 2, 3, 4, 5, 6.5F, 8, -9, 10, 0x1p-149F};
    char text[2048];
    // router [2, 2], bias [2]; experts [2, 1, 2], bias [2, 1]: 4 + 2 + 4 + 2 floats
    snprintf(text, sizeof text, "moe 2 1 1 2 %a %a %a %a %a %a  %a %a %a  %a %a %a", (double)values[0],
             (double)values[1], (double)values[4], (double)values[2], (double)values[3], (double)values[5],
             (double)values[6], (double)values[7], (double)values[10], (double)values[8], (double)values[9],
             (double)values[11]);
    expect_layer("{" META("1") TENSOR("router.weight", "F32", "[2,2]", 0, 16) "," TENSOR(
                     "router.bias", "F32", "[2]", 16, 24) "," TENSOR("experts.weight", "F32", "[2,1,2]", 24,
                                                                     40) "," TENSOR("experts.bias", "F32",
                                                                                    "[2,1]", 40, 48) "}   ",
                 values, 48, text);
    // without biases, other order
    snprintf(text, sizeof text, "moe 2 2 2 1 %a 0 %a 0 %a 0 %a 0 %a 0 %a 0", (double)values[4],
             (double)values[5], (double)values[0], (double)values[1], (double)values[2], (double)values[3]);
    expect_layer("{" TENSOR("router.weight", "F32", "[2,1]", 16, 24) "," META("2")
                     TENSOR("experts.weight", "F32", "[2,2,1]", 0, 16) "}",
                 values, 24, text);
    // the router alone
    snprintf(text, sizeof text, "moe 3 2 0 1 %a 0 %a 0 %a 0", (double)values[13], (double)values[14],
             (double)values[15]);
    expect_layer("{" META("2") TENSOR("router.weight", "F32", "[3,1]", 0, 12) "}", values + 13, 12, text);
    // bf16: 1.5 and -0.125
    expect_layer("{" META("1") TENSOR("router.weight", "BF16", "[1,2]", 0, 4) "}", "\xC0\x3F\x00\xBE", 4,
                 "moe 1 1 0 2 1.5 -0.125 0");
}

static void test_layer_refusals(void **state) {
    (void)state;
    static const float values[64] = {0};
    static const struct {
        const char *header;
        size_t length;
        const char *message;
    } cases[] = {
        {"{" META("1") TENSOR("experts.weight", "F32", "[1,1,1]", 0, 4) "}", 4,
         "expected a tensor router.weight, found none"},
        {"{" META("1") TENSOR("router.weight", "F32", "[1,1]", 0, 4) "," TENSOR("experts.bias", "F32",
                                                                                "[1,1]", 4, 8) "}",
         8, "expected a tensor experts.weight, found none"},
        {"{" META("1") TENSOR("router.weight", "F32", "[1,1]", 0, 4) "," TENSOR("router.biases", "F32", "[1]",
                                                                                4, 8) "}",
         8,
         "expected router.weight, router.bias, experts.weight and experts.bias alone, found the tensor "
         "«router.biases»"},
        {"{" META("1") TENSOR("router.weight", "F32", "[2]", 0, 8) "}", 8,
         "tensor router.weight: expected a shape [N, d], N >= 1, d from 1 to 1048576"},
        {"{" META("1") TENSOR("router.weight", "F32", "[0,4]", 0, 0) "}", 0,
         "tensor router.weight: expected a shape [N, d], N >= 1, d from 1 to 1048576"},
        {"{" META("1") TENSOR("router.weight", "F32", "[4,0]", 0, 0) "}", 0,
         "tensor router.weight: expected a shape [N, d], N >= 1, d from 1 to 1048576"},
        {"{" META("1") TENSOR("router.weight", "F32", "[2,1]", 0, 8) "," TENSOR("router.bias", "F32", "[2,1]",
                                                                                8, 16) "}",
         16, "tensor router.bias: expected the shape [2], found [2, 1]"},
        {"{" META("1") TENSOR("router.weight", "F32", "[2,1]", 0, 8) "," TENSOR("experts.weight", "F32",
                                                                                "[2,1]", 8, 16) "}",
         16, "tensor experts.weight: expected a shape [N, H, d], H at most 2^40"},
        {"{" META("1") TENSOR("router.weight", "F32", "[2,1]", 0, 8) "," TENSOR("experts.weight", "F32",
                                                                                "[1,1,2]", 8, 16) "}",
         16, "tensor experts.weight: expected the shape [2, 1, 1], found [1, 1, 2]"},
        {"{" TENSOR("router.weight", "F32", "[2,1]", 0, 8) "}", 8,
         "expected a metadata entry k, an integer from 1 to 2, found none"},
        {"{" META("0") TENSOR("router.weight", "F32", "[2,1]", 0, 8) "}", 8,
         "expected a metadata entry k, an integer from 1 to 2, found «0»"},
        {"{" META("3") TENSOR("router.weight", "F32", "[2,1]", 0, 8) "}", 8,
         "expected a metadata entry k, an integer from 1 to 2, found «3»"},
        {"{" META("1 ") TENSOR("router.weight", "F32", "[2,1]", 0, 8) "}", 8,
         "expected a metadata entry k, an integer from 1 to 2, found «1 »"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fault_t fault = {0};
        instance_t instance = {0};
        put(cases[i].header, values, cases[i].length);
        const fault_status_t status = instance_read(path, &instance, &fault);
        if (status != FAULT_INPUT || strcmp(fault.text + strlen(path) + 2, cases[i].message) != 0)
            fail_msg("%s\nstatus %d: %s\nexpected: %s", cases[i].header, (int)status, fault.text,
                     cases[i].message);
    }
}

static void test_special_files(void **state) {
    (void)state;
    char other[1024], message[2048];
    fault_t fault = {0};
    safetensors_t *file = NULL;
    assert_int_equal(safetensors_open(folder, &file, &fault), FAULT_INPUT);
    snprintf(message, sizeof message, "cannot read %s: Is a directory", folder);
    assert_string_equal(fault.text, message);
    snprintf(other, sizeof other, "%s/pipe", folder);
    assert_int_equal(mkfifo(other, 0600), 0);
    fault = (fault_t){0};
    assert_int_equal(safetensors_open(other, &file, &fault), FAULT_INPUT); // and does not wait for a writer
    snprintf(message, sizeof message, "cannot read %s: it is not a regular file", other);
    assert_string_equal(fault.text, message);
    unlink(other);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header_refusals),  cmocka_unit_test(test_length_refusals),
        cmocka_unit_test(test_half_patterns),    cmocka_unit_test(test_doubles_and_floats),
        cmocka_unit_test(test_numbers_of),       cmocka_unit_test(test_suffix),
        cmocka_unit_test(test_element_refusals), cmocka_unit_test(test_layers),
        cmocka_unit_test(test_layer_refusals),   cmocka_unit_test(test_special_files),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("safetensors", tests, make_folder, remove_folder);
}
