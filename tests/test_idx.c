// SPDX-License-Identifier: GPL-3.0-or-later
// io/idx: arrays of all ranks there and back, plain and compressed; every way to be malformed is refused with its reason.
#include "io/idx.h"
#include "support.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

enum { MOST = 1 << 22 };

static char path[] = "/tmp/test_idx.XXXXXX";

static int make_path(void **state) {
    (void)state;
    const int file = mkstemp(path);
    return file < 0 ? -1 : close(file);
}

static int remove_path(void **state) {
    (void)state;
    return remove(path);
}

// Writes bytes to the file, through gzip or as they are.
static void write_file(const uint8_t *bytes, size_t n, bool packed) {
    gzFile file = gzopen(path, packed ? "wb" : "wbT");
    assert_non_null(file);
    assert_true(n == 0 || gzwrite(file, bytes, (unsigned)n) == (int)n);
    assert_int_equal(gzclose(file), Z_OK);
}

// The header of an array; returns its length.
static size_t put_header(uint8_t *bytes, const size_t *shape, size_t rank) {
    const uint8_t start[] = {0, 0, 8, (uint8_t)rank};
    memcpy(bytes, start, sizeof start);
    for (size_t i = 0; i < rank; i++)
        for (size_t b = 0; b < 4; b++)
            bytes[4 * (i + 1) + b] = (uint8_t)(shape[i] >> (24 - 8 * b));
    return 4 * (rank + 1);
}

static void check_array(const size_t *shape, size_t rank, bool packed) {
    uint8_t *bytes = malloc(MOST);
    size_t count = 1;
    assert_non_null(bytes);
    const size_t header = put_header(bytes, shape, rank);
    for (size_t i = 0; i < rank; i++)
        count *= shape[i];
    for (size_t i = 0; i < count; i++)
        bytes[header + i] = (uint8_t)(i * 2654435761u >> 13);
    write_file(bytes, header + count, packed);
    idx_t idx = {0};
    fault_t fault = {0};
    if (idx_read(path, &idx, &fault) != FAULT_NONE)
        fail_msg("rank %zu, first size %zu, packed %d: %s", rank, shape[0], packed, fault.text);
    assert_int_equal(idx.rank, rank);
    assert_int_equal(idx.count, count);
    assert_memory_equal(idx.shape, shape, rank * sizeof *shape);
    assert_memory_equal(idx.bytes, bytes + header, count);
    idx_clear(&idx);
    assert_null(idx.bytes);
    free(bytes);
}

static void test_arrays(void **state) {
    (void)state;
    static const size_t shapes[][IDX_RANK] = {
        {1, 1, 1, 1}, {259, 3, 2, 5}, {1 << 20, 3, 1, 1}, {(1 << 20) + 1, 2, 1, 1}, {7, 13, 17, 19}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (size_t rank = 1; rank <= IDX_RANK; rank++)
            for (int packed = 0; packed <= 1; packed++)
                check_array(shapes[i], rank, packed);
}

// The file must be refused, with these words.
static void expect_fault(const char *what, fault_status_t status, const char *words) {
    idx_t idx = {.count = 77};
    fault_t fault = {0};
    const fault_status_t found = idx_read(path, &idx, &fault);
    if (found != status || strstr(fault.text, words) == NULL || strstr(fault.text, path) == NULL)
        fail_msg("%s: status %d, «%s», expected %d with «%s»", what, (int)found, fault.text, (int)status,
                 words);
    if (idx.count != 77)
        fail_msg("%s: the result was touched", what);
}

static void test_malformed(void **state) {
    (void)state;
    static const struct {
        const char *what;
        uint8_t bytes[24];
        size_t length;
        fault_status_t status;
        const char *words;
    } cases[] = {{"empty", {0}, 0, FAULT_INPUT, "4 more bytes of the header, found the end after 0"},
                 {"half a header", {0, 0, 8}, 3, FAULT_INPUT, "found the end after 3"},
                 {"no IDX file", {'P', '5', '\n', '#'}, 4, FAULT_INPUT, "found 80 53 10 35"},
                 {"doubles", {0, 0, 14, 1, 0, 0, 0, 1, 0}, 9, FAULT_INPUT, "found 0 0 14 1"},
                 {"rank 0", {0, 0, 8, 0}, 4, FAULT_INPUT, "found 0 0 8 0"},
                 {"rank 5", {0, 0, 8, 5}, 4, FAULT_INPUT, "found 0 0 8 5"},
                 {"sizes cut",
                  {0, 0, 8, 2, 0, 0, 0, 1, 0, 0},
                  10,
                  FAULT_INPUT,
                  "bytes of the sizes, found the end after 2"},
                 {"size 0", {0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 0}, 12, FAULT_INPUT, "found 0 at place 2"},
                 {"data cut",
                  {0, 0, 8, 1, 0, 0, 0, 3, 9, 9},
                  10,
                  FAULT_INPUT,
                  "3 more bytes of data, found the end after 2"},
                 {"data left",
                  {0, 0, 8, 1, 0, 0, 0, 1, 9, 9},
                  10,
                  FAULT_INPUT,
                  "expected 1 bytes of data, found more"},
                 {"large", {0, 0, 8, 1, 64, 0, 0, 1}, 8, FAULT_LIMIT, "more than 1073741824 bytes"},
                 {"huge",
                  {0, 0, 8, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255},
                  16,
                  FAULT_LIMIT,
                  "more than"},
                 {"mostly absent", {0, 0, 8, 1, 64, 0, 0, 0, 1}, 9, FAULT_INPUT, "found the end after 1"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_file(cases[i].bytes, cases[i].length, false);
        expect_fault(cases[i].what, cases[i].status, cases[i].words);
    }
}

// A bit that is turned over in a compressed file: zlib notices by its checksum.
static void test_corrupt(void **state) {
    (void)state;
    uint8_t array[8 + 500], packed[1024];
    const size_t header = put_header(array, (const size_t[]){500}, 1);
    for (size_t i = 0; i < 500; i++)
        array[header + i] = (uint8_t)(i * i >> 3);
    write_file(array, header + 500, true);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    const size_t length = fread(packed, 1, sizeof packed, file);
    fclose(file);
    packed[length - 6] ^= 1; // of the checksum
    file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(packed, 1, length, file), length);
    fclose(file);
    expect_fault("checksum", FAULT_INPUT, "incorrect data check");
}

static void test_absent(void **state) {
    (void)state;
    idx_t idx;
    fault_t fault = {0};
    assert_int_equal(idx_read("/nonexistent/images.gz", &idx, &fault), FAULT_INPUT);
    assert_non_null(strstr(fault.text, "/nonexistent/images.gz: No such file"));
}

int main(void) {
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_arrays), cmocka_unit_test(test_malformed),
                                       cmocka_unit_test(test_corrupt), cmocka_unit_test(test_absent)};
    return cmocka_run_group_tests_name("idx", tests, make_path, remove_path);
}
