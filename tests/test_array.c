// SPDX-License-Identifier: GPL-3.0-or-later
// io/array and io/scores: the same numbers through every format, order and block size, and every refusal to the letter.
#include "io/array.h"
#include "io/scores.h"
#include "io/text.h"
#include "support.h"

#include <float.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[512], folder[256], tensors[600];

static int make_folder(void **state) {
    (void)state;
    const char *root = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/moegeom-array-XXXXXX", root ? root : "/tmp");
    if (mkdtemp(folder) == NULL)
        return 1;
    snprintf(path, sizeof path, "%s/x.npy", folder);
    snprintf(tensors, sizeof tensors, "%s/x.safetensors", folder);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    unlink(path);
    unlink(tensors);
    return rmdir(folder);
}

static void put_bytes(const char *name, const void *head, size_t length, const void *data, size_t size) {
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(head, 1, length, file), length);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void put_text(const char *text) {
    put_bytes(path, text, strlen(text), "", 0);
}

// A .npy file of version 1.
static void put_npy(const char *type, bool fortran, const char *shape, const void *data, size_t size) {
    char head[300];
    memcpy(head, "\x93NUMPY\1\0", 8);
    const int length =
        snprintf(head + 10, sizeof head - 10, "{'descr': '%s', 'fortran_order': %s, 'shape': (%s), }\n", type,
                 fortran ? "True" : "False", shape);
    head[8] = (char)length;
    head[9] = 0;
    put_bytes(path, head, (size_t)length + 10, data, size);
}

// Reads everything in blocks of `block` rows, and then one row in the middle again.
static void expect_rows(const char *name, size_t rank, const uint64_t *shape, const double *want,
                        size_t block) {
    fault_t fault = {0};
    array_t *array = NULL;
    if (array_open(name, &array, &fault) != FAULT_NONE)
        fail_msg("%s: %s", name, fault.text);
    assert_int_equal(array_rank(array), rank);
    for (size_t i = 0; i < rank; i++)
        assert_int_equal(array_shape(array)[i], shape[i]);
    const size_t width = array_width(array), rows = (size_t)shape[0];
    double *found = calloc(rows * width, sizeof *found);
    assert_non_null(found);
    for (size_t first = 0; first < rows; first += block) {
        const size_t count = rows - first < block ? rows - first : block;
        if (array_read(array, first, count, found + first * width, &fault) != FAULT_NONE)
            fail_msg("%s: %s", name, fault.text);
    }
    assert_memory_equal(found, want, rows * width * sizeof *found);
    assert_int_equal(array_read(array, rows / 2, 1, found, &fault), FAULT_NONE);
    assert_memory_equal(found, want + rows / 2 * width, width * sizeof *found);
    array_close(array);
    free(found);
}

enum { ROWS = 701, INNER = 3, LAST = 4, WIDTH = INNER * LAST };
static double numbers[ROWS * WIDTH], turned[ROWS * WIDTH];

static void draw_numbers(void) {
    stream_t s = stream_at(1, stream_experiment("array"), 0);
    stream_normals(&s, numbers, ROWS * WIDTH);
}

// The first index fastest.
static void turn(void) {
    for (size_t i = 0; i < ROWS; i++)
        for (size_t j = 0; j < INNER; j++)
            for (size_t k = 0; k < LAST; k++)
                turned[i + ROWS * (j + INNER * k)] = numbers[i * WIDTH + j * LAST + k];
}

static void test_npy_orders(void **state) {
    (void)state;
    static const size_t blocks[] = {1, 7, 100, ROWS};
    static const uint64_t cube[] = {ROWS, INNER, LAST}, sheet[] = {ROWS, WIDTH}, line[] = {ROWS * WIDTH};
    draw_numbers();
    turn();
    for (int i = 0; i < 4; i++) {
        put_npy("<f8", false, "701, 3, 4", numbers, sizeof numbers);
        expect_rows(path, 3, cube, numbers, blocks[i]);
        put_npy("<f8", false, "701, 12", numbers, sizeof numbers);
        expect_rows(path, 2, sheet, numbers, blocks[i]);
        put_npy("<f8", true, "701, 3, 4", turned, sizeof turned);
        expect_rows(path, 3, cube, numbers, blocks[i]);
        put_npy("<f8", i % 2 == 0, "8412,", numbers, sizeof numbers);
        expect_rows(path, 1, line, numbers, blocks[i]);
    }
}

static void test_npy_types(void **state) {
    (void)state;
    static const uint64_t shape[] = {3, 2};
    static const double want[] = {1, -2.5, 0.125, 1536, 0, -1};
    static const unsigned char half[] = {0, 0x3c, 0, 0xc1, 0, 0x30, 0, 0x66, 0, 0, 0, 0xbc};
    unsigned char swapped[12];
    const float single[] = {1, -2.5F, 0.125F, 1536, 0, -1};
    put_npy("<f2", false, "3, 2", half, sizeof half);
    expect_rows(path, 2, shape, want, 2);
    for (int i = 0; i < 12; i++)
        swapped[i] = half[i ^ 1];
    put_npy(">f2", false, "3, 2", swapped, sizeof swapped);
    expect_rows(path, 2, shape, want, 2);
    put_npy("<f4", false, "3, 2", single, sizeof single);
    expect_rows(path, 2, shape, want, 2);
}

static void put_tensors(const char *header, const void *data, size_t size) {
    unsigned char head[400] = {(unsigned char)strlen(header)};
    memcpy(head + 8, header, strlen(header));
    put_bytes(tensors, head, strlen(header) + 8, data, size);
}

static void test_tensors(void **state) {
    (void)state;
    char name[700];
    static const uint64_t sheet[] = {2, 2}, line[] = {2};
    static const double data[] = {1, 2, 3, 4, 5, 6};
    put_tensors("{\"b:c\":{\"dtype\":\"F64\",\"shape\":[2,2],\"data_offsets\":[0,32]}}", data, 32);
    expect_rows(tensors, 2, sheet, data, 1);
    snprintf(name, sizeof name, "%s:b:c", tensors);
    expect_rows(name, 2, sheet, data, 2);
    put_tensors("{\"a\":{\"dtype\":\"F64\",\"shape\":[2,2],\"data_offsets\":[0,32]},"
                "\"z\":{\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[32,48]}}",
                data, 48);
    snprintf(name, sizeof name, "%s:z", tensors);
    expect_rows(name, 1, line, data + 4, 1);
}

static void test_texts(void **state) {
    (void)state;
    static const uint64_t shape[] = {3, 2}, single[] = {2, 1};
    static const double want[] = {1, -2.5, 0.125, 1536, 0, -1};
    static const char *const texts[] = {
        "1,-2.5\n0.125,1536\n0,-1\n",
        "1,-2.5\r\n0.125,1536\r\n0,-1", // no end of line at the end
        "a,b\n1,-2.5\n0.125,1536\n0,-1\n",
        "# a comment\n\n\"expert, 0\",b\n# another\n1 , -2.5\n\"0.125\",1.536e3\n\n0,-1\n",
        "\xEF\xBB\xBF"
        "1,-2.5\n0x1p-3,1536\n0,-1\n",
        "\xEF\xBB\xBF"
        "x,y\n1,-2.5\n0.125,1536\n0,-1\n",
        // As pandas writes them: without names, with an index, and with both.
        "0,1\n1,-2.5\n0.125,1536\n0,-1\n",
        ",a,b\n0,1,-2.5\n1,0.125,1536\n2,0,-1\n",
        ",0,1\n0,1,-2.5\n1,0.125,1536\n2,0,-1\n",
        "\"\",0,1\nx,1,-2.5\ny,0.125,1536\nz,0,-1\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (size_t block = 1; block <= 3; block++) {
            put_text(texts[i]);
            expect_rows(path, 2, shape, want, block);
        }
    put_text("7\n8\n");
    expect_rows(path, 2, single, (double[]){7, 8}, 1);
}

// What is taken for a header, and that it is said.
static void test_headers(void **state) {
    (void)state;
    static const struct {
        const char *text;
        uint64_t rows, columns;
        const char *note;
    } cases[] = {
        {"0,1\n2,3\n", 1, 2, "its first line, 0,1,2,..., is taken for a header"},
        {"0,1\n0,1\n", 2, 2, NULL},   // two rows of the same
        {"0,1.0\n2,3\n", 2, 2, NULL}, // not to the letter
        {"0,1\n", 1, 2, NULL},        // no second line
        {"1,2\n3,4\n", 2, 2, NULL},   // not from 0
        {"0\n5\n", 2, 1, NULL},       // one column may well start at 0
        {"a,b\n3,4\n", 1, 2, NULL},   // obvious
        {",y\n0,3\n1,4\n", 2, 1,
         "its first line is taken for a header, and its first column, which has no name, for an index"},
        {",0\n0,3\n1,4\n", 2, 1,
         "its first line is taken for a header, and its first column, which has no name, for an index"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fault_t fault = {0};
        array_t *array = NULL;
        put_text(cases[i].text);
        if (array_open(path, &array, &fault) != FAULT_NONE)
            fail_msg("%s: %s", cases[i].text, fault.text);
        assert_int_equal(array_shape(array)[0], cases[i].rows);
        assert_int_equal(array_width(array), cases[i].columns);
        if (cases[i].note == NULL)
            assert_null(array_note(array));
        else
            assert_string_equal(array_note(array), cases[i].note);
        array_close(array);
    }
}

// Expects "PATH" and the message from opening the file, or from reading all of it.
static void expect_refusal(const char *name, const char *message) {
    fault_t fault = {0};
    array_t *array = NULL;
    double values[16];
    char want[FAULT_TEXT];
    if (array_open(name, &array, &fault) == FAULT_NONE)
        array_read(array, 0, (size_t)array_shape(array)[0], values, &fault);
    array_close(array);
    snprintf(want, sizeof want, message,
             strncmp(message, "cannot", 6) == 0 ? name
             : strstr(name, ".npy")             ? path
                                                : tensors);
    assert_int_equal(fault.status, FAULT_INPUT);
    assert_string_equal(fault.text, want);
}

static void test_refused_texts(void **state) {
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "%s: expected rows of numbers, found none"},
        {"# nothing\n", "%s: expected rows of numbers, found none"},
        {"a,b\n", "%s: expected rows of numbers, found none"},
        {"1,2\n3\n", "%s:2: row 1 (from 0): expected 2 cells, found 1"},
        {"a,b\n1,2\n# c\n3,4,5\n", "%s:4: row 1 (from 0): expected 2 cells, found 3"},
        {"1,2\n3,x\n", "%s:2: row 1 (from 0): expected a finite number, found «x»"},
        {"1,x\n3,4\n", "%s:1: row 0 (from 0): expected a finite number, found «x»"},
        {"nan,x\n3,4\n", "%s:1: row 0 (from 0): expected a finite number, found «nan»"},
        {"1,2\n3,inf\n", "%s:2: row 1 (from 0): expected a finite number, found «inf»"},
        {"1,2\n3,\n", "%s:2: row 1 (from 0): expected a finite number, found «»"},
        {"1,2\n3,1e999\n", "%s:2: row 1 (from 0): expected a finite number, found «1e999»"},
        {"1,2\n3,\"4\n", "%s:2: expected cells between commas, found an unbalanced quote"},
        {",2\n3,4\n", "%s:1: row 0 (from 0): expected a finite number, found «»"},
        {",a,b\n0,1,2\n1,3\n", "%s:3: row 1 (from 0): expected 3 cells, found 2"},
        {",a\n0,1\n1,\n", "%s:3: row 1 (from 0): expected a finite number, found «»"},
        {"PK\3\4", "%s: format not read: expected .npy, .safetensors or CSV text, found a zip archive, as "
                   ".npz and .pt are"},
        {"\x1f\x8b\x08",
         "%s: format not read: expected .npy, .safetensors or CSV text, found a file that gzip compressed"},
        {"\x80\2]", "%s: format not read: expected .npy, .safetensors or CSV text, found a pickle of Python"},
        {"1,2\n3,4 5\n", "%s:2: row 1 (from 0): expected a finite number, found «4 5»"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put_text(cases[i].text);
        expect_refusal(path, cases[i].message);
    }
    put_text("1,2\r3,4\r5,6\r");
    expect_refusal(path, "%s:1: expected lines that end in LF or CR LF, found a CR within one");
    put_text("1,2\r\n3,4\r5,6");
    expect_refusal(path, "%s:2: expected lines that end in LF or CR LF, found a CR within one");
    put_bytes(path, "1,2\n3,\0", 7, "4\n", 2);
    expect_refusal(path, "%s:2: expected text, found a byte 0");
    put_text("1,2\n");
    assert_int_equal(truncate(path, TEXT_LINE + 5), 0); // a hole, and no end of line
    expect_refusal(path, "%s:2: expected lines of at most 67108864 bytes, found a longer one");
}

static void test_refused_files(void **state) {
    (void)state;
    char name[700];
    static const double data[] = {1, 2, 3, (double)NAN, 5, -(double)INFINITY};
    put_npy("<f8", false, "3, 2", data, sizeof data);
    expect_refusal(path, "%s: row 1 (from 0, of 3), byte 94: expected a finite number, found NaN");
    put_npy("<f8", true, "3, 2", data, sizeof data);
    expect_refusal(path, "%s: row 0 (from 0, of 3), byte 93: expected a finite number, found NaN");
    put_npy("<i8", false, "3, 2", data, sizeof data);
    expect_refusal(path, "%s: expected floating-point numbers (f2, f4 or f8), found integers");
    put_npy("<f8", false, "", data, 8);
    expect_refusal(path, "%s: expected an array of rows, found a single number");
    put_npy("<f8", false, "0, 2", data, 0);
    expect_refusal(path, "%s: expected sizes of at least 1, found a size of 0");
    put_npy("<f8", false, "0, 99999999999", data, 0);
    expect_refusal(path, "%s: expected sizes of at least 1, found a size of 0");
    put_tensors("{\"a\":{\"dtype\":\"F64\",\"shape\":[3,2],\"data_offsets\":[0,48]}}", data, 48);
    expect_refusal(
        tensors, "%s: tensor «a», row 1 (from 0, of 3), element 3 (from 0, of 6): expected a finite number, "
                 "found NaN");
    put_tensors("{\"a\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]}}", data, 8);
    expect_refusal(tensors, "%s: tensor «a»: expected dtype F64, F32, F16 or BF16, found «I64»");
    put_tensors("{\"a\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8]},"
                "\"z\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[8,16]}}",
                data, 16);
    snprintf(name, sizeof name, "%s:q", tensors);
    expect_refusal(name, "%s: expected a tensor «q», found 2 others, the first one a");
    fault_t fault = {0};
    array_t *array = NULL;
    assert_int_equal(array_open(tensors, &array, &fault), FAULT_INPUT);
    snprintf(name, sizeof name, "%s: expected the name of one of 2 tensors behind a colon, as in ", tensors);
    assert_true(strncmp(fault.text, name, strlen(name)) == 0);
    snprintf(name, sizeof name, "%s/none.npy", folder);
    expect_refusal(name, "cannot read %s: No such file or directory");
    snprintf(name, sizeof name, "%s/pipe.npy", folder);
    assert_int_equal(mkfifo(name, 0600), 0);
    expect_refusal(name, "cannot read %s: it is not a regular file"); // and does not wait for a writer
    unlink(name);
    assert_int_equal(mkdir(name, 0700), 0);
    expect_refusal(name, "cannot read %s: Is a directory");
    rmdir(name);
}

static void expect_scores(const char *text, bool probabilities, const double *want) {
    fault_t fault = {0};
    scores_t scores;
    double logits[4];
    put_text(text);
    if (scores_open(path, &scores, &fault) != FAULT_NONE)
        fail_msg("%s", fault.text);
    assert_true(scores.rows == 2 && scores.experts == 2 && scores.probabilities == probabilities);
    assert_int_equal(scores_read(&scores, 0, 2, logits, &fault), FAULT_NONE);
    for (int i = 0; i < 4; i++)
        check_close(text, logits[i], want[i], 1e-15);
    scores_close(&scores);
}

static void test_score_rows(void **state) {
    (void)state;
    fault_t fault = {0};
    scores_t scores;
    put_text("0.25,0.75\n0.5,0.5\n0.5,0.6\n1,0\n2,0\n");
    assert_int_equal(scores_open(path, &scores, &fault), FAULT_NONE);
    assert_true(!scores.probabilities && scores.sums == 3 && scores.other == 2);
    scores_close(&scores);
}

static void test_scores(void **state) {
    (void)state;
    expect_scores("0.25,0.75\n0.5,0.5\n", true, (double[]){-2 * M_LN2, log(0.75), -M_LN2, -M_LN2});
    expect_scores("0.25,0.755\n0,1\n", true, (double[]){-2 * M_LN2, log(0.755), log(DBL_TRUE_MIN), 0});
    expect_scores("0.25,0.75\n0.5,0.52\n", false, (double[]){0.25, 0.75, 0.5, 0.52});
    expect_scores("0.25,0.75\n-0.5,1.5\n", false, (double[]){0.25, 0.75, -0.5, 1.5});
    fault_t fault = {0};
    scores_t scores;
    char message[700];
    put_text("1\n2\n");
    assert_int_equal(scores_open(path, &scores, &fault), FAULT_INPUT);
    snprintf(message, sizeof message,
             "%s: expected scores of the shape (rows, experts) with at least 2 experts, found 2 sizes and 1 "
             "numbers in a row",
             path);
    assert_string_equal(fault.text, message);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_npy_orders),    cmocka_unit_test(test_npy_types),
        cmocka_unit_test(test_tensors),       cmocka_unit_test(test_texts),
        cmocka_unit_test(test_refused_texts), cmocka_unit_test(test_refused_files),
        cmocka_unit_test(test_scores),        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_score_rows),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("array", tests, make_folder, remove_folder);
}
