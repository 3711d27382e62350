// SPDX-License-Identifier: GPL-3.0-or-later
// io/instance, io/words, io/rational, io/digest: texts that are read exactly, texts that are refused to the letter of the
// message, numbers against GMP's own conversions, hashes against known ones, and files that promise more than they hold.
#include "io/digest.h"
#include "io/instance.h"
#include "io/rational.h"
#include "support.h"
#include "support/folder.h"

#include <gmp.h>
#include <gsl/gsl_errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define BYTES(text) text, sizeof text - 1

// Nothing but this file may be left.
static int remove_folder(void **state) {
    (void)state;
    char path[512];
    snprintf(path, sizeof path, "%s/file", folder_path());
    unlink(path);
    return rmdir(folder_path());
}

// Writes folder/file and returns its path.
static const char *put_file(const char *bytes, size_t length) {
    static char path[512];
    snprintf(path, sizeof path, "%s/file", folder_path());
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
    return path;
}

// What an instance says, as text to be freed.
static char *print(const instance_t *instance) {
    char *text = NULL;
    size_t length;
    FILE *file = open_memstream(&text, &length);
    assert_non_null(file);
    assert_true((instance->arrangement == NULL) != (instance->layer == NULL));
    if (instance->arrangement != NULL)
        arrangement_print(file, instance->arrangement);
    else
        layer_print(file, instance->layer);
    assert_int_equal(fclose(file), 0);
    return text;
}

static instance_t parse(const char *text, size_t length) {
    fault_t fault = {0};
    instance_t instance = {0};
    if (instance_parse("x", text, length, &instance, &fault) != FAULT_NONE)
        fail_msg("%.200s\n refused: %s", text, fault.text);
    return instance;
}

static void expect_text(const char *input, const instance_t *instance, const char *expected) {
    char *text = print(instance);
    if (strcmp(text, expected) != 0)
        fail_msg("%s\nread as\n%s\nexpected\n%s", input, text, expected);
    free(text);
}

static void test_texts(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t length;
        const char *expected;
    } cases[] = {
        {BYTES("arrangement 0 7"), "arrangement 0 7\n"},
        {BYTES("arrangement 1 1 2 3"), "arrangement 1 1\n2 3\n"},
        {BYTES("# a \xEF arrangement?\narrangement#\n2 # n\n1\r\n\t-4 6\r\n0 0 # \xFF end"),
         "arrangement 2 1\n-2 3\n0 0\n"},
        {BYTES("\xEF\xBB\xBF"
               "arrangement 1 2 0.5 +.25 -1e1\n"),
         "arrangement 1 2\n2 1 -40\n"},
        {BYTES("arrangement 2 1  1/6 -10/4  0x1.8p-3 0X10"), "arrangement 2 1\n1 -15\n3 256\n"},
        {BYTES("arrangement 1 2  123456789012345678901234567890 2E+3 -0"),
         "arrangement 1 2\n12345678901234567890123456789 200 0\n"},
        {BYTES("arrangement 1 1  -7/14 5.e-1"), "arrangement 1 1\n-1 1\n"},
        {BYTES("arrangement 1 1  000000000000000000000000000004 0x0000000000000000000000000006.000"),
         "arrangement 1 1\n2 3\n"},
        // the router's rows by one factor: lcm 6, then the common divisor
        {BYTES("moe 2 1 1 1  1/2 1  1/3 2  1/2 1  4 -6"), "moe 2 1 1 1\n3 6\n2 12\n1 2\n2 -3\n"},
        {BYTES("moe 2 2 0 1  2 4  8 -6"), "moe 2 2 0 1\n1 2\n4 -3\n"},
        {BYTES("moe 1 1 1 1  0 0  0 -5"), "moe 1 1 1 1\n0 0\n0 -1\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        instance_t instance = parse(cases[i].text, cases[i].length), again = {0};
        fault_t fault = {0};
        expect_text(cases[i].text, &instance, cases[i].expected);
        assert_int_equal(instance_read(put_file(cases[i].text, cases[i].length), &again, &fault), FAULT_NONE);
        expect_text(cases[i].text, &again, cases[i].expected);
        instance_clear(&instance);
        instance_clear(&again);
    }
}

static void test_refusals(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t length;
        const char *message;
    } cases[] = {
        {BYTES(""), "x:1: expected «arrangement» or «moe», found the end of the file"},
        {BYTES("\n# only\n"), "x:2: expected «arrangement» or «moe», found the end of the file"},
        {BYTES("Arrangement 1 1"), "x:1: expected «arrangement» or «moe», found «Arrangement»"},
        {BYTES("arrangement -1 2"),
         "x:1: expected the number n of rows, an integer from 0 to 1099511627776, found «-1»"},
        {BYTES("arrangement 1\n0"), "x:2: expected the dimension d, an integer from 1 to 1048576, found «0»"},
        {BYTES("arrangement 1 9999999999999999999999"),
         "x:1: expected the dimension d, an integer from 1 to 1048576, found «9999999999999999999999»"},
        {BYTES("arrangement 1099511627776 1"),
         "x: expected at most 2^40 entries, found an arrangement of n = 1099511627776, d = 1"},
        {BYTES("arrangement"),
         "x:1: expected the number n of rows, an integer from 0 to 1099511627776, found the end of the file"},
        {BYTES("arrangement 2 2\n1 2 3\n4 5\n\n"),
         "x:4: expected entry 3 of row 2 (of 2), found the end of the file"},
        {BYTES("arrangement 1 2\n1 2 3\n4"),
         "x:3: expected the end of the file after the last row, found «4»"},
        {BYTES("moe 2 3 1 1"),
         "x:1: expected the number k of active experts, an integer from 1 to 2, found «3»"},
        {BYTES("moe 2 0 1 1"),
         "x:1: expected the number k of active experts, an integer from 1 to 2, found «0»"},
        {BYTES("moe 0 1 1 1"),
         "x:1: expected the number N of experts, an integer from 1 to 1099511627776, found «0»"},
        {BYTES("moe 1000000 1 1000000000 2"),
         "x: expected at most 2^40 entries, found a layer of N = 1000000, H = 1000000000, d = 2"},
        {BYTES("moe 1099511627776 1 1099511627776 1048576"),
         "x: expected at most 2^40 entries, found a layer of N = 1099511627776, H = 1099511627776, d = "
         "1048576"},
        {BYTES("moe 2 1 1 1\n1 1\n2"),
         "x:3: expected entry 2 of router row 2 (of 2), found the end of the file"},
        {BYTES("moe 2 1 1 1\n1 1\n2 2\n3 nan"),
         "x:4: expected entry 2 of expert row 1 (of 2), found «nan»: it is not finite"},
        {BYTES("arrangement 1 1 -Inf 1"),
         "x:1: expected entry 1 of row 1 (of 1), found «-Inf»: it is not finite"},
        {BYTES("arrangement 1 1 1/0 1"),
         "x:1: expected entry 1 of row 1 (of 1), found «1/0»: its denominator is 0"},
        {BYTES("arrangement 1 1 1/-2 1"),
         "x:1: expected entry 1 of row 1 (of 1), found «1/-2»: it is not a fraction of two integers"},
        {BYTES("arrangement 1 1 1/2/3 1"),
         "x:1: expected entry 1 of row 1 (of 1), found «1/2/3»: it is not a fraction of two integers"},
        {BYTES("arrangement 1 1 1.5/2 1"),
         "x:1: expected entry 1 of row 1 (of 1), found «1.5/2»: it is not a fraction of two integers"},
        {BYTES("arrangement 1 1 /2 1"),
         "x:1: expected entry 1 of row 1 (of 1), found «/2»: it is not a fraction of two integers"},
        {BYTES("arrangement 1 1 2/ 1"),
         "x:1: expected entry 1 of row 1 (of 1), found «2/»: it is not a fraction of two integers"},
        {BYTES("arrangement 1 1 +-2 1"),
         "x:1: expected entry 1 of row 1 (of 1), found «+-2»: it is not a number"},
        {BYTES("arrangement 1 1 . 1"),
         "x:1: expected entry 1 of row 1 (of 1), found «.»: it is not a number"},
        {BYTES("arrangement 1 1 - 1"),
         "x:1: expected entry 1 of row 1 (of 1), found «-»: it is not a number"},
        {BYTES("arrangement 1 1 0x 1"),
         "x:1: expected entry 1 of row 1 (of 1), found «0x»: it is not a number"},
        {BYTES("arrangement 1 1 0x.p1 1"),
         "x:1: expected entry 1 of row 1 (of 1), found «0x.p1»: it is not a number"},
        {BYTES("arrangement 1 1 1,5 1"),
         "x:1: expected entry 1 of row 1 (of 1), found «1,5»: it is not a number"},
        {BYTES("arrangement 1 1 1e 1"),
         "x:1: expected entry 1 of row 1 (of 1), found «1e»: its exponent has no digits"},
        {BYTES("arrangement 1 1 1e5001 1"),
         "x:1: expected entry 1 of row 1 (of 1), found «1e5001»: its exponent is beyond 5000"},
        {BYTES("arrangement 1 1 0e-99999999999999999999999999 1"),
         "x:1: expected entry 1 of row 1 (of 1), found «0e-99999999999999999999999999»: its exponent is "
         "beyond 5000"},
        {BYTES("arrangement 1 1 0x1p20001 1"),
         "x:1: expected entry 1 of row 1 (of 1), found «0x1p20001»: its exponent is beyond 20000"},
        {BYTES("arrangement 1 1 1\0 1"), "x:1: expected printable ASCII outside of comments, found «\\x00»"},
        {BYTES("# in a comment \0 too\n"),
         "x:1: expected printable ASCII outside of comments, found «\\x00»"},
        {BYTES("arrangement 1 1\n\xC3\xA9 1"),
         "x:2: expected printable ASCII outside of comments, found «\\xC3»"},
        {BYTES("arrangement 1 1\n\x1B[31m 1"),
         "x:2: expected printable ASCII outside of comments, found «\\x1B»"},
        {BYTES("arrangement 1 1 \\123456789012345678901234567890123456789012345 1"),
         "x:1: expected entry 1 of row 1 (of 1), found «\\\\123456789012345678901234567890123456789...»: "
         "it is not a number"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fault_t fault = {0};
        instance_t instance = {0};
        const fault_status_t status = instance_parse("x", cases[i].text, cases[i].length, &instance, &fault);
        if (status != FAULT_INPUT || strcmp(fault.text, cases[i].message) != 0)
            fail_msg("%s\nstatus %d: %s\nexpected: %s", cases[i].text, (int)status, fault.text,
                     cases[i].message);
        assert_null(instance.arrangement);
        assert_null(instance.layer);
    }
}

// ---- Numbers ----

static void check_value(const char *word, const mpq_t expected) {
    fmpq_t value, wanted;
    fmpq_init(value);
    fmpq_init(wanted);
    fmpq_set_mpq(wanted, expected);
    const char *refusal = rational_parse(word, strlen(word), value);
    if (refusal != NULL)
        fail_msg("%s refused: %s", word, refusal);
    if (!fmpq_equal(value, wanted) || !fmpq_is_canonical(value))
        fail_msg("%s read as %s", word, fmpq_get_str(NULL, 10, value));
    fmpq_clear(wanted);
    fmpq_clear(value);
}

// Any finite double, subnormal ones too.
static double draw_double(stream_t *stream) {
    double value;
    do {
        uint64_t word;
        stream_bits(stream, &word, 1);
        memcpy(&value, &word, sizeof value);
    } while (!isfinite(value));
    return value;
}

static void test_doubles(void **state) {
    (void)state;
    stream_t stream = stream_at(1, stream_experiment("instance doubles"), 0);
    mpq_t expected;
    mpq_init(expected);
    for (int i = 0; i < 3000; i++) {
        const double special[] = {0,
                                  -0.0,
                                  4.9406564584124654e-324,
                                  2.2250738585072014e-308,
                                  1.7976931348623157e308,
                                  1,
                                  -0x1.fffffffffffffp-1};
        const double x = i < 7 ? special[i] : draw_double(&stream);
        char word[2048];
        mpq_set_d(expected, x);
        snprintf(word, sizeof word, "%a", x);
        check_value(word, expected);
        if (i % 10 < 7) { // in full, all digits: a decimal may have 1074 places
            snprintf(word, sizeof word, i % 2 ? "%.1074f" : "%.800E", x);
            check_value(word, expected);
        }
        fmpq_t mine, wanted;
        fmpq_init(mine);
        fmpq_init(wanted);
        fmpq_set_mpq(wanted, expected);
        rational_from_double(mine, x);
        if (!fmpq_equal(mine, wanted) || !fmpq_is_canonical(mine))
            fail_msg("%a", x);
        fmpq_clear(mine);
        fmpq_clear(wanted);
    }
    mpq_clear(expected);
}

// Random decimals and fractions, written in pieces, against GMP's reading of the pieces.
static void test_decimals(void **state) {
    (void)state;
    stream_t stream = stream_at(2, stream_experiment("instance decimals"), 0);
    mpq_t expected;
    mpz_t power;
    mpq_init(expected);
    mpz_init(power);
    for (int i = 0; i < 5000; i++) {
        char digits[128], word[512];
        const size_t count = 1 + draw_below(&stream, 60), point = draw_below(&stream, count + 1);
        for (size_t j = 0; j < count; j++)
            digits[j] = (char)('0' + draw_below(&stream, 10));
        digits[count] = '\0';
        const long exponent = (long)draw_below(&stream, 81) - 40;
        const bool negative = draw_below(&stream, 2);
        mpz_set_str(mpq_numref(expected), digits, 10);
        if (negative)
            mpz_neg(mpq_numref(expected), mpq_numref(expected));
        const long shift = exponent - (long)(count - point);
        mpz_ui_pow_ui(power, 10, (unsigned long)labs(shift));
        mpz_set_ui(mpq_denref(expected), 1);
        if (shift < 0)
            mpz_set(mpq_denref(expected), power);
        else
            mpz_mul(mpq_numref(expected), mpq_numref(expected), power);
        mpq_canonicalize(expected);
        snprintf(word, sizeof word, "%s%.*s.%se%ld", negative ? "-" : "", (int)point, digits, digits + point,
                 exponent);
        check_value(word, expected);
        snprintf(word, sizeof word, "%s/7%s", digits, digits);
        mpq_set_str(expected, word, 10);
        mpq_canonicalize(expected);
        check_value(word, expected);
    }
    mpz_clear(power);
    mpq_clear(expected);
}

// ---- Hashes ----

static void test_digest(void **state) {
    (void)state;
    // FIPS 180-2, appendices B.1 and B.3
    char text[DIGEST_ROOM];
    digest_t *digest = digest_alloc();
    assert_non_null(digest);
    fputs("abc", digest_stream(digest));
    assert_int_equal(digest_finish(digest, text), GSL_SUCCESS);
    assert_string_equal(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    digest = digest_alloc();
    assert_non_null(digest);
    for (int i = 0; i < 1000000; i++)
        fputc('a', digest_stream(digest));
    assert_int_equal(digest_finish(digest, text), GSL_SUCCESS);
    assert_string_equal(text, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void hash_of(const char *text, char hash[65]) {
    fault_t fault = {0};
    instance_t instance = parse(text, strlen(text));
    assert_int_equal(instance_hash(&instance, hash, &fault), FAULT_NONE);
    instance_clear(&instance);
}

static void test_hashes(void **state) {
    (void)state;
    static const char *const same[] = {"arrangement 2 1  1 2  0 -3", "# c\narrangement 2 1\n0.5 1\n0 -1/7",
                                       "arrangement 2 1 0x8 1.6e1 0 -1"};
    static const char *const others[] = {"arrangement 2 1  -1 -2  0 -3", "arrangement 1 2  1 2  0",
                                         "arrangement 2 1  1 2  0 3",    "moe 2 1 0 1  1 2  0 -1",
                                         "moe 2 2 0 1  1 2  0 -1",       "moe 2 1 0 1  1 2  0 -3",
                                         "moe 1 1 1 1  1 2  0 -1"};
    char first[65], next[65], known[65];
    hash_of(same[0], first);
    digest_t *digest = digest_alloc();
    assert_non_null(digest);
    fputs("arrangement 2 1\n1 2\n0 -1\n", digest_stream(digest));
    assert_int_equal(digest_finish(digest, known), GSL_SUCCESS);
    assert_string_equal(first, known);
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        hash_of(same[i], next);
        assert_string_equal(next, first);
    }
    char seen[sizeof others / sizeof *others][65];
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        hash_of(others[i], seen[i]);
        assert_string_not_equal(seen[i], first);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(seen[i], seen[j]);
    }
    // Rows that were never reduced, as a program may draw them: the instance stays as it is.
    instance_t raw = {.arrangement = arrangement_alloc(2, 1)};
    fault_t fault = {0};
    arrangement_set(raw.arrangement, (const slong[]){10, 20, 0, -4});
    assert_int_equal(instance_hash(&raw, next, &fault), FAULT_NONE);
    assert_string_equal(next, first);
    expect_text("raw", &raw, "arrangement 2 1\n10 20\n0 -4\n");
    instance_clear(&raw);
    raw.layer = layer_alloc(2, 1, 1, 1);
    for (slong j = 0; j < 2; j++) {
        fmpz_set_si(fmpz_mat_entry(raw.layer->router, 0, j), 6 + 6 * j);
        fmpz_set_si(fmpz_mat_entry(raw.layer->router, 1, j), -15);
        fmpz_set_si(fmpz_mat_entry(raw.layer->rows, 0, j), 7);
    }
    assert_int_equal(instance_hash(&raw, next, &fault), FAULT_NONE);
    hash_of("moe 2 1 1 1  2 4  -5 -5  1 1  0 0", known);
    assert_string_equal(next, known);
    instance_clear(&raw);
}

// ---- Files ----

static void test_unreadable(void **state) {
    (void)state;
    static const char *const ends[] = {"", "/none", "/none.safetensors"};
    static const char *const causes[] = {"Is a directory", "No such file or directory",
                                         "No such file or directory"};
    for (size_t i = 0; i < 3; i++) {
        char path[512], message[1024];
        fault_t fault = {0};
        instance_t instance = {0};
        snprintf(path, sizeof path, "%s%s", folder_path(), ends[i]);
        snprintf(message, sizeof message, "cannot read %s: %s", path, causes[i]);
        assert_int_equal(instance_read(path, &instance, &fault), FAULT_INPUT);
        assert_string_equal(fault.text, message);
    }
}

static long peak_kib(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static void expect_fault(const char *text, size_t length, fault_status_t status, const char *part) {
    fault_t fault = {0};
    instance_t instance = {0};
    assert_int_equal(instance_parse("x", text, length, &instance, &fault), status);
    if (strstr(fault.text, part) == NULL)
        fail_msg("%.60s: %s", text, fault.text);
}

// Headers that promise what the file does not hold, and a word without end: refused with little memory.
static void test_promises(void **state) {
    (void)state;
    enum { LONG = 1 << 25, ALLOWED_KIB = 100000 };
    static const char *const promises[] = {"arrangement 500000000000 1 5 5",
                                           "moe 1000000000 1 500 1 3 3 3 3 3",
                                           "arrangement 1000000 1048575 1 2 3"};
    const long before = peak_kib();
    for (size_t i = 0; i < sizeof promises / sizeof *promises; i++)
        expect_fault(promises[i], strlen(promises[i]), FAULT_INPUT, "found the end of the file");
    fault_t fault = {0};
    instance_t instance = {0};
    const char *path = put_file("x", 1);
    assert_int_equal(truncate(path, 0), 0);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < LONG / 4096; i++)
        fprintf(file, "%04096d", 7);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(instance_read(path, &instance, &fault), FAULT_INPUT);
    assert_non_null(
        strstr(fault.text, ":1: expected a word of at most 100000 characters, found a longer one"));
    put_file("", 0);
    const long used = peak_kib() - before;
    if (used > ALLOWED_KIB)
        fail_msg("%ld KiB used", used);
}

// Short texts of long numbers.
static void test_amplification(void **state) {
    (void)state;
    enum { MANY = 400000 };
    char *text = malloc(8 * MANY);
    assert_non_null(text);
    // 1e5000 in 7 bytes: 800 MB from 2.8 MB
    int at = sprintf(text, "arrangement %d 1", MANY / 2);
    for (int i = 0; i < MANY; i++)
        at += sprintf(text + at, " 1e5000");
    expect_fault(text, (size_t)at, FAULT_LIMIT, "take more than the 256 MiB");
    // one row with the denominator 10^5000, then a router that is brought to it
    at = sprintf(text, "arrangement 1 %d 1e-5000", MANY);
    for (int i = 0; i < MANY; i++)
        at += sprintf(text + at, " 1");
    expect_fault(text, (size_t)at, FAULT_LIMIT, "take more than the 256 MiB");
    at = sprintf(text, "moe %d 1 0 1 1e-5000 0", MANY);
    for (int i = 1; i < MANY; i++)
        at += sprintf(text + at, " 1 2");
    expect_fault(text, (size_t)at, FAULT_LIMIT, "take more than the 256 MiB");
    free(text);
}

static void test_points(void **state) {
    (void)state;
    fault_t fault = {0};
    fmpq_mat_t points;
    assert_int_equal(
        instance_points(put_file(BYTES("# two\n 1/2 -3 0.25\r\n\n0 0x1p4 7 # end\n")), 3, points, &fault),
        FAULT_NONE);
    static const slong expected[2][3][2] = {{{1, 2}, {-3, 1}, {1, 4}}, {{0, 1}, {16, 1}, {7, 1}}};
    assert_int_equal(fmpq_mat_nrows(points), 2);
    assert_int_equal(fmpq_mat_ncols(points), 3);
    for (slong i = 0; i < 2; i++)
        for (slong j = 0; j < 3; j++) {
            fmpq_t value;
            fmpq_init(value);
            fmpq_set_si(value, expected[i][j][0], (ulong)expected[i][j][1]);
            assert_true(fmpq_equal(value, fmpq_mat_entry(points, i, j)));
            fmpq_clear(value);
        }
    fmpq_mat_clear(points);
    assert_int_equal(instance_points(put_file(BYTES("# none\n")), 3, points, &fault), FAULT_NONE);
    assert_int_equal(fmpq_mat_nrows(points), 0);
    fmpq_mat_clear(points);

    static const struct {
        const char *text, *message;
    } cases[] = {
        {"1 2\n3\n", ":2: expected coordinate 2 (of 2) of point 2 in line 2, found the end of the file"},
        {"1\n2\n", ":2: expected coordinate 2 (of 2) of point 1 in line 1, found «2»: one point a line"},
        {"1 2 3\n", ":1: expected the end of the line after 2 coordinates, found «3»"},
        {"1 x\n", ":1: expected coordinate 2 (of 2) of point 1 in line 1, found «x»: it is not a number"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fault = (fault_t){0};
        const char *path = put_file(cases[i].text, strlen(cases[i].text));
        assert_int_equal(instance_points(path, 2, points, &fault), FAULT_INPUT);
        assert_string_equal(fault.text + strlen(path), cases[i].message);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),         cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_doubles),       cmocka_unit_test(test_decimals),
        cmocka_unit_test(test_digest),        cmocka_unit_test(test_hashes),
        cmocka_unit_test(test_unreadable),    cmocka_unit_test(test_promises),
        cmocka_unit_test(test_amplification), cmocka_unit_test(test_points),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("instance", tests, folder_make, remove_folder);
}
