// SPDX-License-Identifier: GPL-3.0-or-later
// io/dump and io/dump_write: the same numbers through every format, type and order, read in pieces and whole; and every refusal to
// the letter.
#include "io/dump.h"
#include "io/dump_text.h"
#include "io/dump_write.h"
#include "io/floats.h"
#include "support.h"
#include "support/folder.h"

#include <fcntl.h>
#include <float.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LAYERS = 3, ROWS = 401, EXPERTS = 7, SIZE = LAYERS * ROWS * EXPERTS, PATH = 512 };

// ---- Files ---------------------------------------------------------------------------------------------------------

// The path of a file in the folder.
static const char *in(const char *name) {
    return folder_at(name);
}

static void put(const char *name, const void *head, size_t length, const void *data, size_t size) {
    FILE *file = fopen(in(name), "w");
    assert_non_null(file);
    assert_int_equal(fwrite(head, 1, length, file), length);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void put_text(const char *name, const char *text) {
    put(name, text, strlen(text), "", 0);
}

static void put_npy(const char *name, const char *type, bool fortran, const char *shape, const void *data,
                    size_t size) {
    char head[300];
    memcpy(head, "\x93NUMPY\1\0", 8);
    const int length =
        snprintf(head + 10, sizeof head - 10, "{'descr': '%s', 'fortran_order': %s, 'shape': (%s), }\n", type,
                 fortran ? "True" : "False", shape);
    head[8] = (char)length;
    head[9] = 0;
    put(name, head, (size_t)length + 10, data, size);
}

static void put_tensors(const char *name, const char *header, const void *data, size_t size) {
    const size_t length = strlen(header);
    unsigned char head[1024] = {(unsigned char)(length & 255), (unsigned char)(length >> 8)};
    assert_true(length < sizeof head - 8);
    memcpy(head + 8, header, length);
    put(name, head, length + 8, data, size);
}

// ---- Reading -------------------------------------------------------------------------------------------------------

static dump_t *open_dump(const char *path, dump_scale_t scale, bool choices) {
    fault_t fault = {0};
    dump_t *dump = NULL;
    if (dump_open(path, scale, choices, &dump, &fault) != FAULT_NONE)
        fail_msg("%s: %s", path, fault.text);
    return dump;
}

// Reads pieces of random places and lengths of a layer, among them all of it.
static void expect_layer(dump_t *dump, size_t layer, size_t rows, size_t columns, const double *want) {
    stream_t s = stream_at(1, stream_experiment("dump-pieces"), (uint32_t)layer);
    fault_t fault = {0};
    double *found = calloc(rows * columns, sizeof *found);
    float *single = calloc(rows * columns, sizeof *single);
    assert_true(found != NULL && single != NULL);
    assert_int_equal(dump_rows(dump, layer), rows);
    assert_int_equal(dump_columns(dump, layer), columns);
    for (int turn = 0; turn < 20; turn++) {
        const size_t first = turn == 0 ? 0 : draw_below(&s, rows);
        const size_t count = turn == 0 ? rows : 1 + draw_below(&s, rows - first);
        if (dump_read(dump, layer, first, count, found, &fault) != FAULT_NONE)
            fail_msg("%s", fault.text);
        assert_memory_equal(found, want + first * columns, count * columns * sizeof *found);
        if (!dump_single(dump, layer))
            continue;
        assert_int_equal(dump_floats(dump, layer, first, count, single, &fault), FAULT_NONE);
        for (size_t i = 0; i < count * columns; i++)
            assert_true((double)single[i] == want[first * columns + i]);
    }
    free(found);
    free(single);
}

static void expect_layers(const char *path, size_t layers, const double *want, bool single) {
    dump_t *dump = open_dump(path, DUMP_GUESS, false);
    assert_int_equal(dump_kind(dump), DUMP_SCORES);
    assert_int_equal(dump_layers(dump), layers);
    for (size_t i = 0; i < layers; i++) {
        assert_true(dump_single(dump, i) == single);
        expect_layer(dump, i, ROWS, EXPERTS, want + i * ROWS * EXPERTS);
    }
    dump_close(dump);
}

// ---- Written by dump_write ------------------------------------------------------------------------------------------

static double numbers[SIZE];

static void draw_numbers(void) {
    stream_t s = stream_at(1, stream_experiment("dump"), 0);
    stream_normals(&s, numbers, SIZE);
}

// The nearest number of a 16-bit format, of two the one with the even pattern: by trying all.
static double nearest(double value, floats_convert_t convert) {
    enum { PATTERNS = 65536 };
    static double all[PATTERNS];
    static floats_convert_t format;
    double best = HUGE_VAL;
    for (unsigned i = 0; i < PATTERNS && format != convert; i++)
        all[i] = convert((const unsigned char[]){(unsigned char)(i & 255), (unsigned char)(i >> 8)});
    format = convert;
    for (unsigned i = signbit(value) ? PATTERNS / 2 : 0; i < (signbit(value) ? PATTERNS : PATTERNS / 2);
         i++) {
        const double here = fabs(all[i] - value), there = fabs(best - value);
        if (here < there || (here == there && i % 2 == 0))
            best = all[i];
    }
    return best;
}

static double rounded(double value, dump_type_t type) {
    return type == DUMP_F64   ? value
           : type == DUMP_F32 ? (double)(float)value
           : type == DUMP_F16 ? nearest(value, floats_binary16)
                              : nearest(value, floats_bfloat16);
}

static void test_written(void **state) {
    (void)state;
    static const dump_type_t all[] = {DUMP_F64, DUMP_F32, DUMP_F16, DUMP_BF16};
    static double want[SIZE];
    fault_t fault = {0};
    draw_numbers();
    for (size_t layers = 1; layers <= LAYERS; layers += LAYERS - 1) {
        const dump_block_t block = {layers, ROWS, EXPERTS, numbers};
        for (int t = 0; t < 4; t++) {
            for (size_t i = 0; i < layers * ROWS * EXPERTS; i++)
                want[i] = rounded(numbers[i], all[t]);
            assert_int_equal(dump_write_safetensors(in("x.safetensors"), &block, all[t], &fault), FAULT_NONE);
            expect_layers(in("x.safetensors"), layers, want, all[t] != DUMP_F64);
            if (all[t] != DUMP_BF16) {
                assert_int_equal(dump_write_npy(in("x.npy"), &block, all[t], &fault), FAULT_NONE);
                expect_layers(in("x.npy"), layers, want, all[t] != DUMP_F64);
            }
        }
        assert_int_equal(dump_write_csv(in("x.csv"), &block, &fault), FAULT_NONE);
        expect_layers(in("x.csv"), layers, numbers, false);
    }
    dump_t *dump = open_dump(in("x.safetensors"), DUMP_GUESS, false);
    assert_string_equal(dump_layer_name(dump, 2), "layers.2.router_logits");
    assert_true(dump_parallel(dump));
    assert_null(dump_note(dump));
    dump_close(dump);
}

// Values at the borders of the types: ties, subnormal numbers, carries into the exponent.
static void test_written_borders(void **state) {
    (void)state;
    static const dump_type_t all[] = {DUMP_F32, DUMP_F16, DUMP_BF16};
    static const double values[] = {0,          -0.0,      65504,       65519.9,          -65504,
                                    2049,       2051,      4095.5,      0x1p-24,          0x1p-25,
                                    0x1.8p-25,  0x1.8p-24, 0x1.ffcp-15, 0x1.ffep-15,      0x1p-14,
                                    -0x1.01p+3, 0x1.03p3,  0x1.ff8p+0,  0x1.ffp0,         0x1.feffffffffp0,
                                    0x1p-133,   0x1p-134,  0x1.8p-134,  0x1.000001p0,     0x1.000003p0,
                                    0x1p-149,   0x1p-150,  0x1.8p-150,  0x1.fffffffp-127, DBL_TRUE_MIN};
    enum { COUNT = sizeof values / sizeof *values };
    double found[COUNT];
    const dump_block_t block = {1, 1, COUNT, values};
    for (int t = 0; t < 3; t++) {
        fault_t fault = {0};
        assert_int_equal(dump_write_safetensors(in("x.safetensors"), &block, all[t], &fault), FAULT_NONE);
        dump_t *dump = open_dump(in("x.safetensors"), DUMP_LOGITS, false);
        assert_int_equal(dump_read(dump, 0, 0, 1, found, &fault), FAULT_NONE);
        for (int i = 0; i < COUNT; i++) {
            const double want = rounded(values[i], all[t]);
            if (found[i] != want || signbit(found[i]) != signbit(want))
                fail_msg("type %d: %a became %a, expected %a", (int)all[t], values[i], found[i], want);
        }
        dump_close(dump);
    }
}

static void test_write_refusals(void **state) {
    (void)state;
    char want[FAULT_TEXT];
    const double large[] = {1, 65520}, infinite[] = {1, HUGE_VAL}, largest[] = {1, DBL_MAX};
    const struct {
        const double *values;
        dump_type_t type;
        const char *what;
    } cases[] = {{large, DUMP_F16, "65520 (number 1) is not in the range of F16"},
                 {infinite, DUMP_F64, "inf (number 1) is not in the range of F64"},
                 {largest, DUMP_BF16, "1.7976931348623157e+308 (number 1) is not in the range of BF16"}};
    folder_empty(".");
    for (int i = 0; i < 3; i++) {
        fault_t fault = {0};
        const dump_block_t block = {1, 1, 2, cases[i].values};
        snprintf(want, sizeof want, "cannot write %s: %s", in("y.safetensors"), cases[i].what);
        assert_int_equal(dump_write_safetensors(in("y.safetensors"), &block, cases[i].type, &fault),
                         FAULT_INPUT);
        assert_string_equal(fault.text, want);
        assert_int_not_equal(access(in("y.safetensors"), F_OK), 0); // nothing half-written
    }
    fault_t fault = {0};
    const dump_block_t block = {1, 1, 2, large}, empty = {1, 0, 2, large};
    assert_int_equal(dump_write_npy(in("y.npy"), &block, DUMP_BF16, &fault), FAULT_USAGE);
    fault = (fault_t){0};
    assert_int_equal(dump_write_csv(in("y.csv"), &empty, &fault), FAULT_USAGE);
}

// ---- Arrays of others -----------------------------------------------------------------------------------------------

// Number i of an array in the type's bytes, in the order of the file.
static void put_item(unsigned char *bytes, const char *type, double value) {
    const size_t item = (size_t)(type[2] - '0');
    const float single = (float)value;
    const int64_t whole = (int64_t)value;
    unsigned char little[8];
    if (type[1] != 'f')
        memcpy(little, &whole, 8);
    else if (item == 8)
        memcpy(little, &value, 8);
    else if (item == 4)
        memcpy(little, &single, 4);
    else { // a small integer as a binary16
        const int size = (int)fabs(value), exponent = size > 0 ? ilogb(size) : 0;
        const int word = size > 0 ? (exponent + 15) << 10 | ((size << (10 - exponent)) & 1023) : 0;
        little[0] = (unsigned char)(word & 255);
        little[1] = (unsigned char)(word >> 8 | (value < 0 ? 128 : 0));
    }
    for (size_t j = 0; j < item; j++)
        bytes[j] = little[type[0] == '>' ? item - 1 - j : j];
}

// Where number (l, r, e) is in the file.
static size_t place(bool fortran, size_t layers, size_t l, size_t r, size_t e) {
    return fortran ? l + layers * (r + ROWS * e) : (l * ROWS + r) * EXPERTS + e;
}

// Different integers in each row, negative ones for scores.
static double integer_at(size_t l, size_t r, size_t e, bool scores) {
    return (double)((l * 31 + r * 17 + e) % 97) + (double)e * 3 - (scores ? 50 : 0);
}

static void put_array(const char *type, bool fortran, size_t layers, bool scores) {
    static unsigned char bytes[SIZE * 8];
    char shape[64];
    const size_t item = (size_t)(type[2] - '0');
    for (size_t l = 0; l < layers; l++)
        for (size_t r = 0; r < ROWS; r++)
            for (size_t e = 0; e < EXPERTS; e++)
                put_item(bytes + place(fortran, layers, l, r, e) * item, type, integer_at(l, r, e, scores));
    if (layers > 1)
        snprintf(shape, sizeof shape, "%zu, %d, %d", layers, ROWS, EXPERTS);
    else
        snprintf(shape, sizeof shape, "%d, %d", ROWS, EXPERTS);
    put_npy("x.npy", type, fortran, shape, bytes, layers * ROWS * EXPERTS * item);
}

static void expect_choices(const char *path, size_t layers) {
    static uint32_t found[ROWS * EXPERTS];
    fault_t fault = {0};
    dump_t *dump = open_dump(path, DUMP_GUESS, false);
    assert_int_equal(dump_kind(dump), DUMP_CHOICES);
    assert_int_equal(dump_layers(dump), layers);
    for (size_t l = 0; l < layers; l++)
        for (size_t first = 0; first < ROWS; first += 57) {
            const size_t count = ROWS - first < 100 ? ROWS - first : 100;
            assert_int_equal(dump_choices(dump, l, first, count, found, &fault), FAULT_NONE);
            for (size_t i = 0; i < count * EXPERTS; i++)
                assert_true(found[i] == integer_at(l, first + i / EXPERTS, i % EXPERTS, false));
        }
    assert_false(dump_single(dump, 0));
    dump_close(dump);
}

static void test_arrays(void **state) {
    (void)state;
    static const char *const floats[] = {"<f2", ">f2", "<f4", ">f4", "<f8", ">f8"};
    static const char *const whole[] = {"|i1", "|u1", "<i2", ">i2", "<u2", ">u2", "<i4",
                                        ">i4", "<u4", ">u4", "<i8", ">i8", "<u8", ">u8"};
    static double want[SIZE];
    for (size_t i = 0; i < SIZE; i++)
        want[i] = integer_at(i / (ROWS * EXPERTS), i / EXPERTS % ROWS, i % EXPERTS, true);
    for (size_t layers = 1; layers <= LAYERS; layers += LAYERS - 1)
        for (int fortran = 0; fortran < 2; fortran++) {
            for (size_t t = 0; t < sizeof floats / sizeof *floats; t++) {
                put_array(floats[t], fortran, layers, true);
                expect_layers(in("x.npy"), layers, want, floats[t][2] != '8');
            }
            for (size_t t = 0; t < sizeof whole / sizeof *whole; t++) {
                put_array(whole[t], fortran, layers, false);
                expect_choices(in("x.npy"), layers);
            }
        }
}

static void test_names(void **state) {
    (void)state;
    const float one[] = {1, 2, 3, 4}, two[] = {5, 6};
    static const char header[] = "{\"layer.10\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,8]},"
                                 "\"layer.9\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[8,16]}}";
    double value[4];
    fault_t fault = {0};
    char path[PATH + 16];
    folder_empty(".");
    put_tensors("x.safetensors", header, one, sizeof one);
    dump_t *dump = open_dump(in("x.safetensors"), DUMP_GUESS, false);
    assert_string_equal(dump_layer_name(dump, 0), "layer.9");
    assert_string_equal(dump_layer_name(dump, 1), "layer.10");
    assert_int_equal(dump_read(dump, 0, 0, 1, value, &fault), FAULT_NONE);
    assert_true(value[0] == 3 && value[1] == 4);
    dump_close(dump);
    snprintf(path, sizeof path, "%s:layer.10", in("x.safetensors"));
    dump = open_dump(path, DUMP_GUESS, false);
    assert_int_equal(dump_layers(dump), 1);
    assert_int_equal(dump_read(dump, 0, 0, 1, value, &fault), FAULT_NONE);
    assert_true(value[0] == 1 && value[1] == 2);
    dump_close(dump);
    put_npy("x.9.npy", "<f4", false, "1,2", two, sizeof two);
    put_text("y.csv", "layer,a,b\nq,7,8\nr,9,10\n");
    put_text("notes.txt", "nothing");
    put_text(".hidden.npy", "nothing");
    assert_int_equal(mkdir(in("more.d"), 0700), 0);
    dump = open_dump(folder_path(), DUMP_GUESS, false);
    static const char *const names[] = {"x.9", "x:layer.9", "x:layer.10", "y:q", "y:r"};
    static const double firsts[] = {5, 3, 1, 7, 9};
    assert_int_equal(dump_layers(dump), 5);
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(dump_layer_name(dump, i), names[i]);
        assert_int_equal(dump_read(dump, i, 0, 1, value, &fault), FAULT_NONE);
        assert_true(value[0] == firsts[i] && value[1] == firsts[i] + 1);
    }
    assert_string_equal(dump_note(dump), "2 entries of the folder are left out: they do not end in .npy, "
                                         ".safetensors or .csv");
    dump_close(dump);
    folder_empty(".");
}

// ---- Texts ----------------------------------------------------------------------------------------------------------

static void put_layered(const char *header, size_t turn) {
    FILE *file = fopen(in("x.csv"), "w");
    stream_t s = stream_at(1, stream_experiment("dump-text"), (uint32_t)turn);
    size_t next[LAYERS] = {0};
    assert_non_null(file);
    fprintf(file, "# made for a test\n%s\n", header);
    for (size_t i = 0; i < LAYERS * ROWS; i++) {
        // Layer by layer; by turns; anyhow.
        size_t layer = turn == 0 ? i / ROWS : turn == 1 ? i % LAYERS : draw_below(&s, LAYERS);
        while (next[layer] == ROWS)
            layer = (layer + 1) % LAYERS;
        const size_t row = next[layer]++;
        static const char *const cells[] = {"%zu,L%zu", "\"%zu\",\"L%zu\"", " %zu ,\tL%zu "};
        fprintf(file, cells[i % 7 % 3], row, layer);
        for (size_t e = 0; e < EXPERTS; e++)
            fprintf(file, ",%.17g", numbers[(layer * ROWS + row) * EXPERTS + e]);
        fputs(i % 5 == 0 ? "\r\n\n" : "\n", file);
    }
    assert_int_equal(fclose(file), 0);
}

static size_t layer_of(dump_t *dump, size_t layer) {
    return (size_t)(dump_layer_name(dump, layer)[1] - '0');
}

static void test_layered_texts(void **state) {
    (void)state;
    static const char *const headers[] = {"token,layer,a,b,c,d,e,f,g", "row,layer,0,1,2,3,4,5,6",
                                          "\"token\", layer ,\"x,y\",,,,,,"};
    draw_numbers();
    for (size_t i = 0; i < 3; i++) {
        put_layered(headers[i], i);
        dump_t *dump = open_dump(in("x.csv"), DUMP_GUESS, false);
        assert_int_equal(dump_layers(dump), LAYERS);
        for (size_t l = 0; l < LAYERS; l++)
            expect_layer(dump, l, ROWS, EXPERTS, numbers + layer_of(dump, l) * ROWS * EXPERTS);
        assert_true(dump_parallel(dump));
        dump_close(dump);
    }
}

// Texts that are too large for memory, or nearly so: numbers read anew, also with more rows than there are places.
static void test_unkept_texts(void **state) {
    (void)state;
    enum { LONG = 5000 };
    static double found[ROWS * EXPERTS];
    stream_t s = stream_at(1, stream_experiment("dump-unkept"), 0);
    fault_t fault = {0};
    dump_text_t *text = NULL;
    draw_numbers();
    for (size_t turn = 0; turn < 3; turn++) {
        size_t room = turn == 1 ? SIZE - 1 : 100;
        const size_t before = room;
        put_layered("token,layer,a,b,c,d,e,f,g", turn);
        const int file = open(in("x.csv"), O_RDONLY);
        assert_int_equal(dump_text_open("x", file, 9, &room, &text, &fault), FAULT_NONE);
        assert_false(dump_text_kept(text));
        assert_int_equal(room, before);
        for (int i = 0; i < 100; i++) {
            const size_t layer = draw_below(&s, LAYERS), first = draw_below(&s, ROWS);
            const size_t count = 1 + draw_below(&s, i < 10 ? ROWS - first : 1);
            const size_t number = (size_t)(dump_text_name(text, layer)[1] - '0');
            assert_int_equal(dump_text_read(text, layer, first, count, found, &fault), FAULT_NONE);
            assert_memory_equal(found, numbers + (number * ROWS + first) * EXPERTS,
                                count * EXPERTS * sizeof *found);
        }
        dump_text_close(text);
        close(file);
    }
    FILE *file = fopen(in("x.csv"), "w");
    assert_non_null(file);
    for (int i = 0; i < LONG; i++)
        fprintf(file, "%d,%d\n", i, -i);
    assert_int_equal(fclose(file), 0);
    size_t room = 0;
    const int open_file = open(in("x.csv"), O_RDONLY);
    assert_int_equal(dump_text_open("x", open_file, 1, &room, &text, &fault), FAULT_NONE);
    for (int i = 0; i < 300; i++) {
        const size_t first = i == 0 ? LONG - 1 : draw_below(&s, LONG);
        assert_int_equal(dump_text_read(text, 0, first, 1, found, &fault), FAULT_NONE);
        assert_true(found[0] == (double)first && found[1] == -(double)first);
    }
    dump_text_close(text);
    close(open_file);
}

// As pandas writes them, and names that are not fit to be shown.
static void test_text_names(void **state) {
    (void)state;
    double found[2];
    fault_t fault = {0};
    put_text("x.csv", ",layer,token,0,1\n0,a\x1b[1m,0,1,2\n1,\xc3\xa4,0,3,4\n");
    dump_t *dump = open_dump(in("x.csv"), DUMP_GUESS, false);
    assert_int_equal(dump_layers(dump), 2);
    assert_int_equal(dump_columns(dump, 0), 2);
    assert_string_equal(dump_layer_name(dump, 0), "a\\x1B[1m");
    assert_string_equal(dump_layer_name(dump, 1), "\\xC3\\xA4");
    assert_int_equal(dump_read(dump, 1, 0, 1, found, &fault), FAULT_NONE);
    assert_true(found[0] == 3 && found[1] == 4);
    dump_close(dump);
    char text[1100] = "layer,a,b\n", want[900] = "";
    memset(text + strlen(text), '\x7f', 300);
    strcat(text, ",1,2\n");
    for (int i = 0; i < 200; i++)
        strcat(want, "\\x7F");
    strcat(want, "...");
    put_text("x.csv", text);
    dump = open_dump(in("x.csv"), DUMP_GUESS, false);
    assert_string_equal(dump_layer_name(dump, 0), want);
    assert_null(dump_note(dump));
    dump_close(dump);
    put_text("x.csv", "0,1\n5,6\n");
    dump = open_dump(in("x.csv"), DUMP_GUESS, false);
    assert_int_equal(dump_rows(dump, 0), 1);
    assert_non_null(strstr(dump_note(dump), "x.csv: its first line, 0,1,2,..., is taken for a header"));
    dump_close(dump);
}

static void test_text_choices(void **state) {
    (void)state;
    uint32_t found[4];
    fault_t fault = {0};
    put_text("x.csv", "layer,token,k0,k1\n0,0,3,1\n1,0,2,1048575\n0,1,0,1\n");
    dump_t *dump = open_dump(in("x.csv"), DUMP_GUESS, true);
    assert_int_equal(dump_kind(dump), DUMP_CHOICES);
    assert_int_equal(dump_choices(dump, 0, 0, 2, found, &fault), FAULT_NONE);
    assert_memory_equal(found, ((uint32_t[]){3, 1, 0, 1}), sizeof found);
    assert_int_equal(dump_choices(dump, 1, 0, 1, found, &fault), FAULT_NONE);
    assert_memory_equal(found, ((uint32_t[]){2, 1048575}), 8);
    dump_close(dump);
    dump = open_dump(in("x.csv"), DUMP_GUESS, false); // and scores unless asked for
    assert_int_equal(dump_kind(dump), DUMP_SCORES);
    dump_close(dump);
}

// ---- Probabilities --------------------------------------------------------------------------------------------------

static void test_scales(void **state) {
    (void)state;
    static const char sums[] = "0.25,0.75\n0.5,0.504\n1,0\n";
    static const double logits[] = {0.25, 0.75, 0.5, 0.504, 1, 0};
    double found[6];
    fault_t fault = {0};
    put_text("x.csv", sums);
    for (int i = 0; i < 3; i++) {
        static const dump_scale_t scales[] = {DUMP_GUESS, DUMP_PROBABILITIES, DUMP_LOGITS};
        dump_t *dump = open_dump(in("x.csv"), scales[i], false);
        assert_true(dump_probabilities(dump, 0) == (scales[i] != DUMP_LOGITS));
        assert_int_equal(dump_read(dump, 0, 0, 3, found, &fault), FAULT_NONE);
        for (int j = 0; j < 6; j++)
            if (scales[i] == DUMP_LOGITS)
                assert_true(found[j] == logits[j]);
            else
                check_close("logarithm", found[j], log(fmax(logits[j], DBL_TRUE_MIN)), 1e-15);
        dump_close(dump);
    }
    put_text("x.csv", "0.25,0.75\n3,1\n4,5\n");
    dump_t *dump = open_dump(in("x.csv"), DUMP_GUESS, false); // by chance
    assert_false(dump_probabilities(dump, 0));
    dump_close(dump);
}

// ---- Refusals -------------------------------------------------------------------------------------------------------

// Expects the path and the message from opening or reading all.
static void expect_refusal(const char *path, dump_scale_t scale, bool choices, const char *message) {
    fault_t fault = {0};
    dump_t *dump = NULL;
    char want[FAULT_TEXT];
    if (dump_open(path, scale, choices, &dump, &fault) == FAULT_NONE)
        for (size_t i = 0; i < dump_layers(dump) && fault.status == FAULT_NONE; i++) {
            const size_t rows = (size_t)dump_rows(dump, i), size = rows * dump_columns(dump, i);
            double *values = calloc(size, sizeof *values);
            uint32_t *numbers_found = calloc(size, sizeof *numbers_found);
            assert_true(values != NULL && numbers_found != NULL);
            if (dump_kind(dump) == DUMP_SCORES)
                dump_read(dump, i, 0, rows, values, &fault);
            else
                dump_choices(dump, i, 0, rows, numbers_found, &fault);
            free(values);
            free(numbers_found);
        }
    dump_close(dump);
    snprintf(want, sizeof want, "%s%s", strncmp(message, "cannot", 6) == 0 ? "" : path, message);
    if (fault.status != FAULT_INPUT || strcmp(fault.text, want) != 0)
        fail_msg("status %d: %s\nexpected: %s", (int)fault.status, fault.text, want);
}

static void test_refused_texts(void **state) {
    (void)state;
    static const struct {
        const char *text, *message;
        dump_scale_t scale;
        bool choices;
    } cases[] = {
        {"", ": expected rows of numbers, found none", DUMP_GUESS, false},
        {"layer,token,a,b\n", ": expected rows of numbers, found none", DUMP_GUESS, false},
        {"layer,token\n1,2\n", ":1: expected columns of numbers, found names of labels only", DUMP_GUESS,
         false},
        {"layer,a,b\n0,1,2\n0,1\n", ":3: row 1 (from 0): expected 3 cells, found 2", DUMP_GUESS, false},
        {"a,b,layer\n1,2,0\n3,4\n", ":3: row 1 (from 0): expected 3 cells, found 2", DUMP_GUESS, false},
        {"a,b,layer\n1,2,0\n3,4,0,\n", ":3: row 1 (from 0): expected 3 cells, found 4", DUMP_GUESS, false},
        {"layer,a,b\n0,1,2\n0,1,nan\n", ":3: row 1 (from 0): expected a finite number, found «nan»",
         DUMP_GUESS, false},
        {"layer,a,b\n,1,2\n", ":2: row 0 (from 0): expected the name of a layer, found an empty cell",
         DUMP_GUESS, false},
        {"1\n2\n", ": layer «x»: expected scores of at least 2 experts, found 1 column", DUMP_GUESS, false},
        {"a,b\n1,2\n0.5,0.6\n",
         ": layer «x», row 0 (from 0, of 2): expected probabilities with the sum 1, found "
         "numbers from 1 to 2 with the sum 3",
         DUMP_PROBABILITIES, false},
        {"0.5,0.5\n0.5,0.6\n1,0\n",
         ": layer «x», row 1 (from 0, of 3): expected probabilities with the sum 1, as in most of the first "
         "rows "
         "(unless it is said that these are logits), found numbers from 0.5 to 0.6 with the sum 1.1",
         DUMP_GUESS, false},
        {"0,2\n3,3\n", ": layer «x», row 1 (from 0, of 2): expected different experts, found 3 twice",
         DUMP_GUESS, true},
        {"layer,a,b\nq,0,1\nr,1,0.5\n",
         ": layer «r», row 0 (from 0, of 1), column 1 (from 0): expected the number of an expert, from 0 and "
         "below 1048576, found 0.5",
         DUMP_GUESS, true},
        {"0,2\n-1,3\n",
         ": layer «x», row 1 (from 0, of 2), column 0 (from 0): expected the number of an expert, from 0 and "
         "below 1048576, found -1",
         DUMP_GUESS, true},
        {"PK\3\4",
         ": format not read: expected .npy, .safetensors or CSV text, found a zip archive, as .npz and .pt "
         "are",
         DUMP_GUESS, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put_text("x.csv", cases[i].text);
        expect_refusal(in("x.csv"), cases[i].scale, cases[i].choices, cases[i].message);
    }
}

// What a guess from the first rows does not see.
static void test_late_contradiction(void **state) {
    (void)state;
    FILE *file = fopen(in("x.csv"), "w");
    assert_non_null(file);
    for (int i = 0; i < 200; i++)
        fputs(i == 150 ? "0.25,0.5\n" : "0.25,0.75\n", file);
    assert_int_equal(fclose(file), 0);
    expect_refusal(
        in("x.csv"), DUMP_GUESS, false,
        ": layer «x», row 150 (from 0, of 200): expected probabilities with the sum 1, found numbers "
        "from 0.25 to 0.5 with the sum 0.75");
}

static void test_many_layers(void **state) {
    (void)state;
    FILE *file = fopen(in("x.csv"), "w");
    assert_non_null(file);
    fputs("layer,a,b\n", file);
    for (int i = 0; i <= DUMP_LAYERS; i++)
        fprintf(file, "%d,1,2\n", i);
    assert_int_equal(fclose(file), 0);
    expect_refusal(in("x.csv"), DUMP_GUESS, false,
                   ":1026: expected at most 1024 names in the column layer, found more");
    put_npy("x.npy", "|i1", false, "1025, 1, 0", "", 0);
    expect_refusal(in("x.npy"), DUMP_GUESS, false,
                   ": expected 1 to 1024 layers in the shape (layers, rows, experts), found 1025");
}

static void test_refused_arrays(void **state) {
    (void)state;
    double data[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, (double)NAN};
    const int32_t whole[] = {0, 1, 5, -2, 4, 4};
    const uint64_t huge[] = {1, UINT64_MAX};
    put_npy("x.npy", "<f8", false, "2, 3, 2", data, sizeof data);
    expect_refusal(
        in("x.npy"), DUMP_GUESS, false,
        ": layer «1», row 2 (from 0, of 3), column 1 (from 0): expected a finite number, found NaN");
    data[11] = -HUGE_VAL;
    put_npy("x.npy", "<f8", true, "2, 3, 2", data, sizeof data);
    expect_refusal(in("x.npy"), DUMP_LOGITS, false,
                   ": layer «1», row 2 (from 0, of 3), column 1 (from 0): expected a finite number, found "
                   "-infinity");
    put_npy("x.npy", "<f8", false, "12,", data, sizeof data);
    expect_refusal(in("x.npy"), DUMP_GUESS, false,
                   ": «x»: expected the shape (rows, experts) or (layers, rows, experts), found 1 sizes");
    put_npy("x.npy", "<f8", false, "2, 3, 2, 1", data, sizeof data);
    expect_refusal(in("x.npy"), DUMP_GUESS, false,
                   ": «x»: expected the shape (rows, experts) or (layers, rows, experts), found 4 sizes");
    put_npy("x.npy", "<f8", false, "3, 0, 2", data, 0);
    expect_refusal(
        in("x.npy"), DUMP_GUESS, false,
        ": layer «0»: expected at least 1 row, and 1 to 1048576 columns, found 0 rows and 2 columns");
    put_npy("x.npy", "<f8", false, "0, 1048577", data, 0);
    expect_refusal(in("x.npy"), DUMP_GUESS, false,
                   ": layer «x»: expected at least 1 row, and 1 to 1048576 columns, found 0 rows and 1048577 "
                   "columns");
    put_npy("x.npy", "<i4", false, "2, 2", whole, 16);
    expect_refusal(
        in("x.npy"), DUMP_GUESS, false,
        ": layer «x», row 1 (from 0, of 2), column 1 (from 0): expected the number of an expert, from "
        "0 and below 1048576, found -2");
    put_npy("x.npy", "<i4", false, "1, 2", whole + 4, 8);
    expect_refusal(in("x.npy"), DUMP_GUESS, false,
                   ": layer «x», row 0 (from 0, of 1): expected different experts, found 4 twice");
    put_npy("x.npy", "<u8", false, "1, 2", huge, 16);
    expect_refusal(
        in("x.npy"), DUMP_GUESS, false,
        ": layer «x», row 0 (from 0, of 1), column 1 (from 0): expected the number of an expert, from "
        "0 and below 1048576, found 1.8446744073709552e+19");
    put_npy("x.npy", "|O", false, "1, 2", huge, 16);
    expect_refusal(
        in("x.npy"), DUMP_GUESS, false,
        ": byte 20: expected a type of binary floating point or integers ('<f2', '<f4', '<f8', '|u1', "
        "'<i4', ... or big-endian with '>'), found «'|O', 'fortran_order»");
    put_npy("x.npy", "<f8", false, "2, 3", data, 40);
    char want[PATH];
    snprintf(want, sizeof want,
             ": expected the end of the file at byte 118, as shape and type ask for, found it at byte 110");
    expect_refusal(in("x.npy"), DUMP_GUESS, false, want);
}

#define TENSOR(name, dtype, shape, begin, end)                                                               \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":[" #begin "," #end "]}"

static void test_refused_tensors(void **state) {
    (void)state;
    const float data[] = {1, 2, 3, 4, 5, (float)HUGE_VAL};
    static const struct {
        const char *header;
        size_t size;
        const char *message;
    } cases[] = {
        {"{}", 0, ": expected tensors of scores, found none"},
        {"{" TENSOR("a", "F32", "[3,2]", 0, 24) "}", 24,
         ": layer «a», row 2 (from 0, of 3), column 1 (from 0): expected a finite number, found infinity"},
        {"{" TENSOR("a", "F32", "[4]", 0, 16) "}", 16,
         ": «a»: expected the shape (rows, experts) or (layers, rows, experts), found 1 sizes"},
        {"{" TENSOR("a", "F32", "[2,1,2]", 0, 16) "," TENSOR("b", "F32", "[1,2]", 16, 24) "}", 24,
         ": «a»: expected the shape (rows, experts), as there are several tensors, found 3 sizes"},
        {"{" TENSOR("a", "F32", "[1,2]", 0, 8) "," TENSOR("b", "I32", "[1,2]", 8, 16) "}", 16,
         ": layer «b»: expected scores, as in the first layer, found expert numbers"},
        {"{" TENSOR("a", "F8_E4M3", "[4,2]", 0, 8) "}", 8,
         ": tensor «a»: expected dtype F64, F32, F16, BF16, I8 to I64 or U8 to U64, found «F8_E4M3»"},
        {"{" TENSOR("a", "BOOL", "[4,2]", 0, 8) "}", 8,
         ": tensor «a»: expected dtype F64, F32, F16, BF16, I8 to I64 or U8 to U64, found «BOOL»"},
        {"{" TENSOR("a", "F4", "[4,2]", 0, 8) "}", 8, ": tensor «a»: expected a known dtype, found «F4»"},
        {"{" TENSOR("a", "F32", "[1,2]", 0, 8) "}", 12,
         ": expected the end of the file at byte 72, where the last tensor ends, found it at byte 76"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put_tensors("x.safetensors", cases[i].header, data, cases[i].size);
        expect_refusal(in("x.safetensors"), DUMP_LOGITS, false, cases[i].message);
    }
    char path[PATH + 16], message[2 * PATH];
    fault_t fault = {0};
    dump_t *dump = NULL;
    snprintf(path, sizeof path, "%s:q", in("x.safetensors"));
    put_tensors("x.safetensors", "{" TENSOR("a", "F32", "[1,2]", 0, 8) "}", data, 8);
    assert_int_equal(dump_open(path, DUMP_GUESS, false, &dump, &fault), FAULT_INPUT);
    snprintf(message, sizeof message, "%s: expected a tensor «q», found 1 others", in("x.safetensors"));
    assert_string_equal(fault.text, message);
    assert_null(dump);
}

static void test_refused_places(void **state) {
    (void)state;
    char message[2 * PATH];
    folder_empty(".");
    expect_refusal(folder_path(), DUMP_GUESS, false,
                   ": expected files that end in .npy, .safetensors or .csv in the folder, found none");
    snprintf(message, sizeof message, "cannot read %s: No such file or directory", in("none.npy"));
    expect_refusal(in("none.npy"), DUMP_GUESS, false, message);
    assert_int_equal(mkfifo(in("pipe.csv"), 0600), 0);
    snprintf(message, sizeof message, "cannot read %s: it is not a regular file", in("pipe.csv"));
    expect_refusal(in("pipe.csv"), DUMP_GUESS, false, message); // and does not wait for a writer
    folder_empty(".");
    put_text("bad.csv", "1,2\n3\n");
    put_text("good.csv", "1,2\n3,4\n");
    fault_t fault = {0};
    dump_t *dump = NULL;
    assert_int_equal(dump_open(folder_path(), DUMP_GUESS, false, &dump, &fault), FAULT_INPUT);
    snprintf(message, sizeof message, "%s:2: row 1 (from 0): expected 2 cells, found 1", in("bad.csv"));
    assert_string_equal(fault.text, message);
    folder_empty(".");
}

static void test_refuse(void **state) {
    (void)state;
    char message[PATH * 2];
    fault_t fault = {0};
    put_text("x.csv", "1,2\n3,4\n");
    dump_t *dump = open_dump(in("x.csv"), DUMP_GUESS, false);
    assert_int_equal(dump_refuse(dump, 0, 1, 0, (double)NAN, &fault), FAULT_INPUT);
    snprintf(message, sizeof message,
             "%s: layer «x», row 1 (from 0, of 2), column 0 (from 0): expected a finite number, found NaN",
             in("x.csv"));
    assert_string_equal(fault.text, message);
    dump_close(dump);
}

// A file far larger than memory, nearly all of it a hole; and one that becomes shorter while it is open.
static void test_huge(void **state) {
    (void)state;
    static const uint64_t rows = 3000000000;
    const float last[] = {1.5F, -2, 3, 4, 5, 6, 7, 8};
    float found[8];
    double values[8];
    fault_t fault = {0};
    put_npy("x.npy", "<f4", false, "3000000000, 8", "", 0);
    struct stat status;
    assert_int_equal(stat(in("x.npy"), &status), 0);
    const off_t size = status.st_size + (off_t)(rows * sizeof last);
    const int file = open(in("x.npy"), O_WRONLY);
    if (ftruncate(file, size) != 0) { // the file system has no files of this size
        close(file);
        skip();
    }
    assert_int_equal(pwrite(file, last, sizeof last, size - (off_t)sizeof last), sizeof last);
    dump_t *dump = open_dump(in("x.npy"), DUMP_GUESS, false);
    assert_true(dump_rows(dump, 0) == rows && dump_single(dump, 0));
    assert_int_equal(dump_floats(dump, 0, rows - 1, 1, found, &fault), FAULT_NONE);
    assert_memory_equal(found, last, sizeof last);
    assert_int_equal(dump_read(dump, 0, rows - 1, 1, values, &fault), FAULT_NONE);
    assert_true(values[0] == 1.5 && values[7] == 8);
    assert_int_equal(ftruncate(file, size - 1), 0);
    assert_int_equal(dump_floats(dump, 0, rows - 1, 1, found, &fault), FAULT_INPUT);
    assert_non_null(strstr(fault.text, "the file has become shorter"));
    dump_close(dump);
    close(file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_written),         cmocka_unit_test(test_written_borders),
        cmocka_unit_test(test_write_refusals),  cmocka_unit_test(test_arrays),
        cmocka_unit_test(test_names),           cmocka_unit_test(test_layered_texts),
        cmocka_unit_test(test_unkept_texts),    cmocka_unit_test(test_text_names),
        cmocka_unit_test(test_text_choices),    cmocka_unit_test(test_scales),
        cmocka_unit_test(test_refused_texts),   cmocka_unit_test(test_late_contradiction),
        cmocka_unit_test(test_many_layers),     cmocka_unit_test(test_refused_arrays),
        cmocka_unit_test(test_refused_tensors), cmocka_unit_test(test_refused_places),
        cmocka_unit_test(test_refuse),          cmocka_unit_test(test_huge),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("dump", tests, folder_make, folder_remove);
}
