// SPDX-License-Identifier: GPL-3.0-or-later
// io/tex: every byte, long texts, numbers at the borders of their forms.
#include "io/tex.h"

#include <math.h>
#include <string.h>

#include "support.h"

typedef void printer_t(FILE *file, const char *text);

static void print_name(FILE *file, const char *text) {
    tex_text(file, text, 0);
}

static void print_short(FILE *file, const char *text) {
    tex_text(file, text, 8);
}

static void expect(printer_t *printer, const char *text, const char *wanted) {
    char *found = NULL;
    size_t length = 0;
    FILE *file = open_memstream(&found, &length);
    assert_non_null(file);
    printer(file, text);
    fclose(file);
    if (strcmp(found, wanted) != 0)
        fail_msg("of «%s»: expected «%s», found «%s»", text, wanted, found);
    free(found);
}

static void test_texts(void **state) {
    (void)state;
    expect(print_short, "a_b", "a\\_b");
    expect(print_short, "%&#${}", "\\%\\&\\#\\$\\{\\}");
    expect(print_short, "\\^~\"", "\\textbackslash{}\\textasciicircum{}\\textasciitilde{}\\textquotedbl{}");
    expect(print_short, "x y", "x\\ y");
    expect(print_short, "\x01\x7f\xc3", "\\textbackslash{}x01\\textbackslash{}x7f\\textbackslash{}xc3");
    expect(print_short, "12345678", "12345678");
    expect(print_short, "123456789", "1234\\dots{}6789");
    expect(print_name, "ab_", "a\\allowbreak{}b\\allowbreak{}\\_");
    expect(print_name, "", "");
    expect(tex_words, "two words_ ", "two words\\_ ");
    expect(tex_words, "aaaaaaaaaaaaaaaaaaaa b", "aaaaaaaaaaaaaaaaaaaa b");
}

// A word longer than 20 characters may break anywhere.
static void test_long_words(void **state) {
    (void)state;
    char wanted[21 * 14 + 8] = "a";
    for (int i = 1; i < 21; i++)
        strcat(wanted, "\\allowbreak{}a");
    strcat(wanted, " b");
    expect(tex_words, "aaaaaaaaaaaaaaaaaaaaa b", wanted);
}

// No printable character is lost, and nothing else reaches TeX.
static void test_all_bytes(void **state) {
    (void)state;
    for (int c = 1; c < 256; c++) {
        char *found = NULL;
        size_t length = 0;
        FILE *file = open_memstream(&found, &length);
        assert_non_null(file);
        tex_text(file, (const char[]){(char)c, '\0'}, 1);
        fclose(file);
        assert_true(length > 0);
        for (size_t i = 0; i < length; i++)
            assert_true(found[i] >= ' ' && found[i] <= '~');
        if (strchr("_%&#${}^~\\\" ", c) != NULL)
            assert_int_equal(found[0], '\\');
        free(found);
    }
}

static void expect_real(int digits, double value, const char *wanted) {
    char room[TEX_ROOM];
    assert_string_equal(tex_real(room, digits, value), wanted);
}

static void expect_percent(double rate, const char *wanted) {
    char room[TEX_ROOM];
    assert_string_equal(tex_percent(room, rate), wanted);
}

static void test_numbers(void **state) {
    (void)state;
    expect_real(3, 0.0549, "0.0549");
    expect_real(3, 0.055, "0.0550");
    expect_real(3, 123.4, "123");
    expect_real(3, 5.6e-6, "\\num{5.60e-06}");
    expect_real(2, -1.25, "$-1.2$");
    expect_real(3, 0, "0");
    expect_real(3, -0.0, "0");
    expect_real(3, NAN, "--");
    expect_real(3, -HUGE_VAL, "--");
    expect_percent(0, "0");
    expect_percent(0.0702, "7.02");
    expect_percent(0.9994, "99.9");
    expect_percent(0.9996, "100");
    expect_percent(0.09996, "10.0");
    expect_percent(0.0012345, "0.123");
    expect_percent(0.000012345, "0.0012");
    expect_percent(9e-7, "$<$.0001");
    expect_percent(NAN, "--");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_texts), cmocka_unit_test(test_long_words),
                                       cmocka_unit_test(test_all_bytes), cmocka_unit_test(test_numbers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
