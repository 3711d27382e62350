// SPDX-License-Identifier: GPL-3.0-or-later
// io: outputs that appear whole or not at all, on a full disk too; tables to the byte; sheets with everything that a file
// may hold; meta, progress, and the experiment's checks and claims in a child process.
#include "io/experiment.h"
#include "io/meta.h"
#include "io/output.h"
#include "io/progress.h"
#include "io/sheet.h"
#include "io/table.h"
#include "support.h"
#include "support/folder.h"
#include "support/plan.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LONG = 200000 };

// ---- A folder of our own

static int clear_folder(void **state) {
    (void)state;
    folder_empty(".");
    return 0;
}

static size_t count_entries(void) {
    size_t count = 0;
    DIR *open = opendir(folder_path());
    assert_non_null(open);
    while (readdir(open) != NULL)
        count++;
    closedir(open);
    return count - 2; // . and ..
}

static void put_bytes(const char *name, const char *bytes, size_t length) {
    FILE *file = fopen(folder_at(name), "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static void put_text(const char *name, const char *text) {
    put_bytes(name, text, strlen(text));
}

// The whole file as text, NULL when there is none; freed by the caller.
static char *get_text(const char *name) {
    FILE *file = fopen(folder_at(name), "r");
    if (file == NULL)
        return NULL;
    char *text = calloc(1, 1 << 20);
    assert_non_null(text);
    text[fread(text, 1, (1 << 20) - 1, file)] = '\0';
    fclose(file);
    return text;
}

static void check_text(const char *name, const char *want) {
    char *text = get_text(name);
    if (text == NULL || strcmp(text, want) != 0)
        fail_msg("%s holds «%s», wanted «%s»", name, text ? text : "(no file)", want);
    free(text);
}

static void check_absent(const char *name) {
    struct stat status;
    if (stat(folder_at(name), &status) == 0)
        fail_msg("%s exists", name);
}

// The status, and that the message is one line that contains both words.
static void check_fault(const fault_t *fault, fault_status_t status, const char *first, const char *second) {
    if (fault->status != status || strstr(fault->text, first) == NULL ||
        strstr(fault->text, second) == NULL || strchr(fault->text, '\n') != NULL)
        fail_msg("status %d «%s», wanted %d with «%s» and «%s»", (int)fault->status, fault->text, (int)status,
                 first, second);
}

// ---- Faults

static void test_fault(void **state) {
    (void)state;
    fault_t fault = {0};
    assert_int_equal(fault_set(&fault, FAULT_INPUT, "line %d", 7), FAULT_INPUT);
    assert_int_equal(fault_set(&fault, FAULT_SYSTEM, "later"), FAULT_INPUT);
    assert_string_equal(fault.text, "line 7");
    fault_t tame = {0};
    fault_set(&tame, FAULT_INPUT, "%s", "a\x1b[31m\a\tb\x7f\r\nc «d»");
    assert_string_equal(tame.text, "a?[31m??b?  c «d»");
    char *text = calloc(1, 3 * FAULT_TEXT);
    fault_t cut = {0};
    assert_non_null(text);
    memset(text, 'x', 3 * FAULT_TEXT - 1);
    assert_int_equal(fault_set(&cut, FAULT_LIMIT, "%s", text), FAULT_LIMIT);
    assert_int_equal(strlen(cut.text), FAULT_TEXT - 1);
    free(text);
}

static void test_statuses(void **state) {
    (void)state;
    assert_true(FAULT_NONE == 0 && FAULT_USAGE == 1 && FAULT_INPUT == 2 && FAULT_LIMIT == 3);
    assert_true(FAULT_SYSTEM == 4 && FAULT_INTERNAL == 5);
}

// ---- Outputs

static output_t *open_output(const char *name) {
    fault_t fault = {0};
    output_t *out = NULL;
    if (output_open(folder_at(name), &out, &fault) != FAULT_NONE)
        fail_msg("%s: %s", name, fault.text);
    assert_non_null(out);
    return out;
}

static void test_commit(void **state) {
    (void)state;
    fault_t fault = {0};
    output_t *out = open_output("new");
    fputs("one\n", output_stream(out));
    check_absent("new");
    assert_int_equal(output_finish(out, &fault), FAULT_NONE);
    check_absent("new");
    assert_int_equal(output_finish(out, &fault), FAULT_NONE); // a second call does nothing
    assert_int_equal(output_commit(out, &fault), FAULT_NONE);
    check_text("new", "one\n");
    assert_int_equal(count_entries(), 1);
}

static void test_old_bytes_stay(void **state) {
    (void)state;
    fault_t fault = {0};
    put_text("kept", "old");
    output_t *out = open_output("kept");
    fputs("new text", output_stream(out));
    fflush(output_stream(out));
    check_text("kept", "old");
    assert_int_equal(output_finish(out, &fault), FAULT_NONE);
    check_text("kept", "old");
    output_discard(out);
    check_text("kept", "old");
    output_discard(open_output("kept")); // unfinished
    check_text("kept", "old");
    assert_int_equal(count_entries(), 1);
    output_discard(NULL);
}

static void test_replace(void **state) {
    (void)state;
    fault_t fault = {0};
    put_text("kept", "a long old text");
    output_t *out = open_output("kept");
    fputs("new", output_stream(out));
    assert_int_equal(output_commit(out, &fault), FAULT_NONE);
    check_text("kept", "new");
    assert_int_equal(count_entries(), 1);
}

static void test_missing_folders(void **state) {
    (void)state;
    fault_t fault = {0};
    output_t *out = open_output("a/b/c");
    fputs("deep", output_stream(out));
    assert_int_equal(output_commit(out, &fault), FAULT_NONE);
    check_text("a/b/c", "deep");
}

static void test_below_a_file(void **state) {
    (void)state;
    put_text("file", "text");
    const char *const paths[] = {"file/x", "file/deeper/x"};
    for (int i = 0; i < 2; i++) {
        fault_t fault = {0};
        output_t *out = NULL;
        assert_int_equal(output_open(folder_at(paths[i]), &out, &fault), FAULT_SYSTEM);
        assert_null(out);
        check_fault(&fault, FAULT_SYSTEM, "file", "Not a directory");
    }
    check_text("file", "text");
    assert_int_equal(count_entries(), 1);
}

static void test_name_is_a_folder(void **state) {
    (void)state;
    fault_t fault = {0};
    output_t *out = open_output("taken");
    assert_int_equal(mkdir(folder_at("taken"), 0777), 0);
    fputs("text", output_stream(out));
    assert_int_equal(output_commit(out, &fault), FAULT_SYSTEM);
    check_fault(&fault, FAULT_SYSTEM, "taken", "directory");
    assert_int_equal(count_entries(), 1);
}

// A device, a pipe or a folder would be replaced or in the way at the end; it is refused at the start.
static void test_name_of_no_file(void **state) {
    (void)state;
    fault_t fault = {0}, again = {0};
    output_t *out = NULL;
    assert_int_equal(mkdir(folder_at("taken"), 0777), 0);
    assert_int_equal(output_open(folder_at("taken"), &out, &fault), FAULT_SYSTEM);
    check_fault(&fault, FAULT_SYSTEM, "taken", "no regular file");
    assert_int_equal(mkfifo(folder_at("pipe"), 0666), 0);
    assert_int_equal(output_open(folder_at("pipe"), &out, &again), FAULT_SYSTEM);
    check_fault(&again, FAULT_SYSTEM, "pipe", "no regular file");
    assert_int_equal(count_entries(), 2);
}

// ---- A full disk: files may not grow beyond a limit, and the signal for it is ignored

static void limit_files(rlim_t bytes) {
    struct rlimit limit;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void write_long(FILE *file) {
    for (int i = 0; i < LONG / 10; i++)
        fputs("123456789\n", file);
}

static void test_full_disk(void **state) {
    (void)state;
    fault_t fault = {0};
    put_text("full", "old");
    output_t *out = open_output("full");
    limit_files(LONG / 2);
    write_long(output_stream(out));
    const fault_status_t status = output_commit(out, &fault);
    limit_files(RLIM_INFINITY);
    assert_int_equal(status, FAULT_SYSTEM);
    check_fault(&fault, FAULT_SYSTEM, folder_at("full"), "File too large");
    check_text("full", "old");
    assert_int_equal(count_entries(), 1);
}

// The last bytes, which only the closing writes.
static void test_full_disk_at_the_end(void **state) {
    (void)state;
    fault_t fault = {0};
    put_text("full", "old");
    output_t *out = open_output("full");
    fputs("short", output_stream(out));
    limit_files(2);
    const fault_status_t finished = output_finish(out, &fault);
    limit_files(RLIM_INFINITY);
    check_fault(&fault, FAULT_SYSTEM, folder_at("full"), "File too large");
    output_discard(out);
    assert_int_equal(finished, FAULT_SYSTEM);
    check_text("full", "old");
    assert_int_equal(count_entries(), 1);
}

// The disk was full for a while and has room again at the end: bytes are missing in between.
static void test_disk_full_for_a_while(void **state) {
    (void)state;
    fault_t fault = {0};
    put_text("full", "old");
    output_t *out = open_output("full");
    limit_files(LONG / 2);
    write_long(output_stream(out));
    limit_files(RLIM_INFINITY);
    write_long(output_stream(out));
    assert_int_equal(output_commit(out, &fault), FAULT_SYSTEM);
    check_text("full", "old");
    assert_int_equal(count_entries(), 1);
    check_fault(&fault, FAULT_SYSTEM, folder_at("full"), "");
}

// The message names a cause then too, not "Success".
static void test_cause_of_a_while(void **state) {
    (void)state;
    fault_t fault = {0};
    output_t *out = open_output("full");
    limit_files(LONG / 2);
    write_long(output_stream(out));
    limit_files(RLIM_INFINITY);
    write_long(output_stream(out));
    assert_int_equal(output_commit(out, &fault), FAULT_SYSTEM);
    if (strstr(fault.text, strerror(0)) != NULL)
        fail_msg("the cause of the fault reads «%s»", fault.text);
}

// ---- Tables

static const table_column_t columns[] = {{"name", "text", NULL, NULL},   {"count", "points", NULL, ""},
                                         {"value", "m", "%.3f", "%.1f"}, {"error", "m", "%.2e", NULL},
                                         {"label", "1", NULL, ""},       {"ratio", "1", "%.2f", ""}};
enum { WIDTH = sizeof columns / sizeof *columns };

static table_t *open_table(size_t rows) {
    fault_t fault = {0};
    table_t *table = NULL;
    if (table_open(folder_path(), "tab", "a caption", columns, WIDTH, rows, &table, &fault) != FAULT_NONE)
        fail_msg("%s", fault.text);
    return table;
}

static void put_row(table_t *table, double value) {
    table_text(table, "one");
    table_integer(table, -42);
    table_real(table, value);
    table_real(table, 0.00012345);
    table_text(table, "two");
    table_real(table, 0.125);
}

static void test_table(void **state) {
    (void)state;
    fault_t fault = {0};
    table_t *table = open_table(2);
    put_row(table, 1234.56789);
    put_row(table, -0.0625);
    assert_int_equal(table_finish(table, &fault), FAULT_NONE);
    check_absent("tab.csv");
    check_absent("tab.rows.tex");
    assert_int_equal(table_commit(table, &fault), FAULT_NONE);
    check_text("tab.csv", "# a caption; units: text, points, m, m, 1, 1\n"
                          "name,count,value,error,label,ratio\n"
                          "one,-42,1234.568,1.23e-04,two,0.12\n"
                          "one,-42,-0.062,1.23e-04,two,0.12\n");
    check_text("tab.rows.tex", "-42 & 1234.6 & two & 0.12 \\\\\n-42 & -0.1 & two & 0.12 \\\\\n");
    assert_int_equal(count_entries(), 2);
}

static void test_table_rows_of_reals(void **state) {
    (void)state;
    static const table_column_t reals[] = {{"x", "1", "%.2f", NULL}, {"y", "s", "%.1e", NULL}};
    fault_t fault = {0};
    table_t *table = NULL;
    assert_int_equal(table_open(folder_path(), "real", "c", reals, 2, 2, &table, &fault), FAULT_NONE);
    table_row(table, (double[]){1.5, 2e9});
    table_row(table, (double[]){-3, 0});
    assert_int_equal(table_commit(table, &fault), FAULT_NONE);
    check_text("real.csv", "# c; units: 1, s\nx,y\n1.50,2.0e+09\n-3.00,0.0e+00\n");
    check_text("real.rows.tex", "");
    assert_int_equal(table_open(folder_path(), "none", "c", reals, 2, 0, &table, &fault), FAULT_NONE);
    assert_int_equal(table_commit(table, &fault), FAULT_NONE);
    check_text("none.csv", "# c; units: 1, s\nx,y\n");
}

// Commits a faulty table: the fault's words, old files as they were, nothing left.
static void check_faulty(table_t *table, const char *first, const char *second) {
    fault_t fault = {0};
    put_text("tab.csv", "old csv");
    put_text("tab.rows.tex", "old tex");
    const fault_status_t status = table_commit(table, &fault);
    check_text("tab.csv", "old csv");
    check_text("tab.rows.tex", "old tex");
    assert_int_equal(count_entries(), 2);
    check_fault(&fault, FAULT_INTERNAL, first, second);
    assert_int_equal(status, FAULT_INTERNAL);
    assert_int_equal(clear_folder(NULL), 0);
}

static void test_table_not_finite(void **state) {
    (void)state;
    const double bad[] = {NAN, INFINITY, -INFINITY};
    for (int i = 0; i < 3; i++) {
        table_t *table = open_table(2);
        put_row(table, 1);
        put_row(table, bad[i]);
        check_faulty(table, "value, row 2", "not finite");
    }
}

static void test_table_rows(void **state) {
    (void)state;
    table_t *table = open_table(2);
    put_row(table, 1);
    check_faulty(table, "tab", "2 rows announced");
    table = open_table(2);
    put_row(table, 1);
    put_row(table, 1);
    table_text(table, "more");
    check_faulty(table, "more than the 2 rows", "tab");
    table = open_table(1);
    put_row(table, 1);
    table_integer(table, 1);
    check_faulty(table, "more than the 1 rows", "tab");
    table = open_table(2);
    put_row(table, 1);
    table_text(table, "one");
    check_faulty(table, "tab", "2 rows announced");
}

static void test_table_real_in_text_column(void **state) {
    (void)state;
    table_t *table = open_table(1);
    table_real(table, 1.5);
    for (int i = 1; i < WIDTH; i++)
        table_integer(table, 1);
    check_faulty(table, "name", "without a format");
}

static void test_table_integer_in_real_column(void **state) {
    (void)state;
    table_t *table = open_table(1);
    table_text(table, "one");
    table_integer(table, 1);
    table_integer(table, 1); // the column "value" has a format
    table_real(table, 1);
    table_text(table, "two");
    table_real(table, 1);
    check_faulty(table, "value", "");
}

static void test_table_text_in_real_column(void **state) {
    (void)state;
    table_t *table = open_table(1);
    table_text(table, "one");
    table_integer(table, 1);
    table_text(table, "much"); // the column "value" has a format
    table_real(table, 1);
    table_text(table, "two");
    table_real(table, 1);
    check_faulty(table, "value", "");
}

static void test_table_text(void **state) {
    (void)state;
    const char *const bad[] = {"a,b", "say \"so\"", "carriage\r"};
    for (int i = 0; i < 3; i++) {
        table_t *table = open_table(1);
        table_text(table, bad[i]);
        for (int j = 1; j < WIDTH; j++)
            j == 1 || j == 4 ? table_integer(table, 1) : table_real(table, 1);
        check_faulty(table, "name", "comma");
    }
}

// The message stays one line, whatever the cell holds.
static void test_table_text_of_two_lines(void **state) {
    (void)state;
    table_t *table = open_table(1);
    table_text(table, "two\nlines");
    for (int j = 1; j < WIDTH; j++)
        j == 1 || j == 4 ? table_integer(table, 1) : table_real(table, 1);
    check_faulty(table, "name", "comma");
}

// A number whose text is long is printed whole, or is a fault: never cut.
static void test_table_long_number(void **state) {
    (void)state;
    static const table_column_t wide[] = {{"x", "1", "%.10f", ""}};
    fault_t fault = {0};
    table_t *table = NULL;
    assert_int_equal(table_open(folder_path(), "wide", "c", wide, 1, 1, &table, &fault), FAULT_NONE);
    table_real(table, 1e80);
    if (table_commit(table, &fault) != FAULT_NONE)
        return;
    char want[256];
    snprintf(want, sizeof want, "# c; units: 1\nx\n%.10f\n", 1e80);
    check_text("wide.csv", want);
}

static void test_table_full_disk(void **state) {
    (void)state;
    static const table_column_t text[] = {{"x", "1", NULL, NULL}};
    fault_t fault = {0};
    table_t *table = NULL;
    put_text("long.csv", "old csv");
    put_text("long.rows.tex", "old tex");
    assert_int_equal(table_open(folder_path(), "long", "c", text, 1, LONG, &table, &fault), FAULT_NONE);
    limit_files(LONG);
    for (int i = 0; i < LONG; i++)
        table_integer(table, i);
    const fault_status_t status = table_commit(table, &fault);
    limit_files(RLIM_INFINITY);
    check_fault(&fault, FAULT_SYSTEM, "long.csv", "File too large");
    assert_int_equal(status, FAULT_SYSTEM);
    check_text("long.csv", "old csv");
    check_text("long.rows.tex", "old tex");
    assert_int_equal(count_entries(), 2);
}

static void test_table_unwritable(void **state) {
    (void)state;
    put_text("file", "text");
    fault_t fault = {0};
    table_t *table = NULL;
    assert_int_equal(table_open(folder_at("file"), "tab", "c", columns, WIDTH, 1, &table, &fault),
                     FAULT_SYSTEM);
    assert_null(table);
    check_fault(&fault, FAULT_SYSTEM, "file/tab.csv", "Not a directory");
    table_discard(NULL);
    table_discard(open_table(1));
    assert_int_equal(count_entries(), 1);
}

// ---- Sheets

// Reads `length` bytes as a sheet that must be good.
static sheet_t good_sheet(const char *bytes, size_t length, char separator) {
    fault_t fault = {0};
    sheet_t sheet = {0};
    put_bytes("sheet", bytes, length);
    if (sheet_read(folder_at("sheet"), separator, &sheet, &fault) != FAULT_NONE)
        fail_msg("«%s»: %s", bytes, fault.text);
    assert_int_equal(sheet.filled, (sheet.rows + 1) * sheet.width);
    return sheet;
}

static sheet_t good(const char *text, char separator) {
    return good_sheet(text, strlen(text), separator);
}

static void check_cell(const sheet_t *sheet, size_t row, size_t column, const char *want) {
    const char *cell = sheet_cell(sheet, row, column);
    if (strcmp(cell, want) != 0)
        fail_msg("cell %zu %zu is «%s», wanted «%s»", row, column, cell, want);
}

static void test_sheet(void **state) {
    (void)state;
    sheet_t sheet = good("# comment, with a comma\nname,x\n# another \"\none,1.5\ntwo,-2\n# last", ',');
    assert_true(sheet.width == 2 && sheet.rows == 2);
    assert_true(sheet.lines[0] == 2 && sheet.lines[1] == 4 && sheet.lines[2] == 5);
    assert_string_equal(sheet.path, folder_at("sheet"));
    check_cell(&sheet, 0, 0, "one");
    check_cell(&sheet, 1, 1, "-2");
    sheet_free(&sheet);
    assert_true(sheet.cells == NULL && sheet.rows == 0 && sheet.path == NULL);
    sheet_free(&sheet);
}

static void test_sheet_quotes(void **state) {
    (void)state;
    sheet_t sheet = good("a,b,c\n\"x, y\",\"say \"\"so\"\"\",\"\"\n\"two\nlines\",,3\n", ',');
    assert_true(sheet.width == 3 && sheet.rows == 2);
    check_cell(&sheet, 0, 0, "x, y");
    check_cell(&sheet, 0, 1, "say \"so\"");
    check_cell(&sheet, 0, 2, "");
    check_cell(&sheet, 1, 0, "two\nlines");
    check_cell(&sheet, 1, 1, "");
    assert_int_equal(sheet.lines[2], 4);
    sheet_free(&sheet);
}

// No quoting between tabs: quotes are letters, a comma is one too.
static void test_sheet_tabs(void **state) {
    (void)state;
    sheet_t sheet = good("a\tb\tc\n\"x\t2,5\"\tsay \"so\"\n\t\t\n", '\t');
    assert_true(sheet.width == 3 && sheet.rows == 2);
    check_cell(&sheet, 0, 0, "\"x");
    check_cell(&sheet, 0, 1, "2,5\"");
    check_cell(&sheet, 0, 2, "say \"so\"");
    check_cell(&sheet, 1, 2, "");
    sheet_free(&sheet);
}

static void test_sheet_line_ends(void **state) {
    (void)state;
    sheet_t sheet = good("a,b\r\n1,2\r\n3,4", ',');
    assert_true(sheet.width == 2 && sheet.rows == 2);
    check_cell(&sheet, 0, 1, "2");
    check_cell(&sheet, 1, 1, "4");
    assert_int_equal(sheet.lines[2], 3);
    sheet_free(&sheet);
    sheet = good("only,a,header\n", ',');
    assert_true(sheet.width == 3 && sheet.rows == 0);
    sheet_free(&sheet);
}

static void test_sheet_long_lines(void **state) {
    (void)state;
    static char text[4 * LONG];
    size_t length = (size_t)sprintf(text, "a,b\n");
    memset(text + length, 'x', LONG);
    length += LONG;
    length += (size_t)sprintf(text + length, ",y\n");
    sheet_t sheet = good_sheet(text, length, ',');
    assert_true(sheet.rows == 1 && strlen(sheet_cell(&sheet, 0, 0)) == LONG);
    check_cell(&sheet, 0, 1, "y");
    sheet_free(&sheet);
    length = 0;
    for (int i = 0; i < LONG / 2; i++) // many columns, many cells
        length += (size_t)sprintf(text + length, i ? ",%d" : "%d", i % 10);
    text[length++] = '\n';
    sheet = good_sheet(text, length, ',');
    assert_true(sheet.width == LONG / 2 && sheet.rows == 0);
    sheet_free(&sheet);
}

static void test_sheet_many_rows(void **state) {
    (void)state;
    FILE *file = fopen(folder_at("sheet"), "w");
    assert_non_null(file);
    fputs("i,j\n", file);
    for (int i = 0; i < 5000; i++)
        fprintf(file, "%d,%d\n", i, 3 * i);
    fclose(file);
    fault_t fault = {0};
    sheet_t sheet;
    double values[5000];
    assert_int_equal(sheet_read(folder_at("sheet"), ',', &sheet, &fault), FAULT_NONE);
    assert_int_equal(sheet.rows, 5000);
    assert_int_equal(sheet_numbers(&sheet, "j", values, &fault), FAULT_NONE);
    for (size_t i = 0; i < 5000; i++)
        if (values[i] != 3 * (double)i || sheet.lines[i + 1] != i + 2)
            fail_msg("row %zu: %a, line %zu", i, values[i], sheet.lines[i + 1]);
    sheet_free(&sheet);
}

// The fault and where it is; the table stays as it was.
static void check_bad_bytes(const char *bytes, size_t length, char separator, const char *where,
                            const char *what) {
    fault_t fault = {0};
    sheet_t sheet = {.width = 77};
    put_bytes("sheet", bytes, length);
    assert_int_equal(sheet_read(folder_at("sheet"), separator, &sheet, &fault), FAULT_INPUT);
    check_fault(&fault, FAULT_INPUT, where, what);
    assert_non_null(strstr(fault.text, folder_at("sheet")));
    assert_true(sheet.width == 77 && sheet.cells == NULL);
}

static void check_bad(const char *text, const char *where, const char *what) {
    check_bad_bytes(text, strlen(text), ',', where, what);
}

static void test_sheet_ragged(void **state) {
    (void)state;
    check_bad("a,b\n1,2\n1\n", "sheet:3:", "expected 2 cells as in the header, found 1");
    check_bad("# c\na,b\n1,2,3\n", "sheet:3:", "expected 2 cells as in the header, found 3");
    check_bad("a\n1,2,3,4,5,6,7,8,9,10,11,12\n", "sheet:2:", "found 12");
}

static void test_sheet_empty(void **state) {
    (void)state;
    check_bad("", "sheet", "header");
    check_bad("# only\n# comments\n", "sheet", "header");
    check_bad("\n\n", "sheet", "header");
}

static void test_sheet_unbalanced(void **state) {
    (void)state;
    check_bad("a,b\n1,\"2\n", "sheet:2:", "quote");
    check_bad("a,b\n1,\"2\n3,4\n5,6\n", "sheet:", "quote");
    check_bad("a,b\n1,x\"2\n", "sheet:2:", "");
    check_bad("a,b\n1,\"2\"x\n", "sheet:2:", "");
}

// A byte 0 ends the text of a cell in C: what follows would be dropped without a word.
static void test_sheet_zero_bytes(void **state) {
    (void)state;
    const char zero[] = "a,b\n1,2\0003\n";
    check_bad_bytes(zero, sizeof zero - 1, ',', "sheet:2:", "");
}

static void test_sheet_unreadable(void **state) {
    (void)state;
    fault_t fault = {0}, other = {0};
    sheet_t sheet = {.width = 77};
    assert_int_equal(sheet_read(folder_at("missing"), ',', &sheet, &fault), FAULT_SYSTEM);
    check_fault(&fault, FAULT_SYSTEM, folder_at("missing"), "No such file");
    assert_int_equal(sheet_read(folder_path(), ',', &sheet, &other), FAULT_SYSTEM);
    check_fault(&other, FAULT_SYSTEM, folder_path(), "directory");
    assert_int_equal(sheet.width, 77);
}

static void test_sheet_column(void **state) {
    (void)state;
    fault_t fault = {0};
    size_t column = 99;
    double values[1];
    sheet_t sheet = good("a,b,c\n1,2,3\n", ',');
    assert_int_equal(sheet_column(&sheet, "c", &column, &fault), FAULT_NONE);
    assert_int_equal(column, 2);
    assert_int_equal(sheet_column(&sheet, "d", &column, &fault), FAULT_INPUT);
    assert_int_equal(column, 2);
    check_fault(&fault, FAULT_INPUT, folder_at("sheet"), "named d");
    fault = (fault_t){0};
    assert_int_equal(sheet_numbers(&sheet, "1", values, &fault), FAULT_INPUT); // a cell is no header
    sheet_free(&sheet);
}

static void check_number(const char *cell, double want) {
    char text[128];
    double values[2] = {0, 0};
    fault_t fault = {0};
    snprintf(text, sizeof text, "n,x\n1,7\n2,%s\n", cell);
    sheet_t sheet = good(text, ',');
    const fault_status_t status = sheet_numbers(&sheet, "x", values, &fault);
    sheet_free(&sheet);
    if (status != FAULT_NONE || values[0] != 7 || values[1] != want)
        fail_msg("«%s»: status %d, %a, wanted %a", cell, (int)status, values[1], want);
}

static void check_no_number(const char *cell) {
    char text[128];
    double values[2];
    fault_t fault = {0};
    snprintf(text, sizeof text, "n,x\n1,7\n2,%s\n", cell);
    sheet_t sheet = good(text, ',');
    const fault_status_t status = sheet_numbers(&sheet, "x", values, &fault);
    sheet_free(&sheet);
    if (status != FAULT_INPUT)
        fail_msg("«%s» was accepted as the number %a", cell, values[1]);
    check_fault(&fault, FAULT_INPUT, "sheet:3:", "column x");
}

static void test_sheet_numbers(void **state) {
    (void)state;
    check_number("1.5", 1.5);
    check_number("-0.020", -0.020);
    check_number("+3", 3);
    check_number("1e-3", 1e-3);
    check_number("4E5", 4e5);
    check_number("0x1.8p1", 3); // a finite number as strtod and %a understand it
    check_number("  2.5 ", 2.5);
    check_number("\"6\"", 6);
    const char *const bad[] = {"inf",  "-inf", "nan", "NaN", "infinity", "1e999", "",       "x",
                               "1.5x", "1 2",  "1;5", "--1", "0x",       "1e",    "\"1,5\""};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        check_no_number(bad[i]);
}

// What a table writes a sheet reads.
static void test_round_trip(void **state) {
    (void)state;
    fault_t fault = {0};
    table_t *table = open_table(2);
    put_row(table, 2.125);
    put_row(table, -7);
    assert_int_equal(table_commit(table, &fault), FAULT_NONE);
    sheet_t sheet;
    double values[2];
    assert_int_equal(sheet_read(folder_at("tab.csv"), ',', &sheet, &fault), FAULT_NONE);
    assert_true(sheet.width == WIDTH && sheet.rows == 2);
    assert_int_equal(sheet_numbers(&sheet, "value", values, &fault), FAULT_NONE);
    assert_true(values[0] == 2.125 && values[1] == -7);
    sheet_free(&sheet);
}

// ---- Meta

static void write_meta(bool quick) {
    FILE *file = fopen(folder_at("meta"), "w");
    meta_t *meta = meta_alloc("unit", UINT64_MAX, quick);
    assert_true(file != NULL && meta != NULL);
    meta_parameter(meta, "Radius", 0.25, "m");
    meta_write(meta, file);
    meta_free(meta);
    fclose(file);
}

static void test_meta(void **state) {
    (void)state;
    write_meta(false);
    assert_true(meta_is_full(folder_at("meta")));
    write_meta(true);
    assert_false(meta_is_full(folder_at("meta")));
    char *text = get_text("meta");
    assert_non_null(text);
    const char *const parts[] = {
        "\"18446744073709551615\"", "\"unit\"",     "\"Radius\"", "0.25", "\"m\"", "\"wall_seconds\"",
        "\"peak_memory_kib\"",      "\"openblas\"", "\"commit\""};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (strstr(text, parts[i]) == NULL)
            fail_msg("the meta file lacks %s: %s", parts[i], text);
    free(text);
    meta_free(NULL);
}

static void test_meta_is_full(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool full;
    } cases[] = {{"{\"quick\": false}", true},
                 {"{\"quick\": true}", false},
                 {"{}", false},
                 {"[]", false},
                 {"", false},
                 {"{\"quick\": false", false},
                 {"null", false},
                 {"{\"quick\": 0}", false}};
    assert_false(meta_is_full(folder_at("missing")));
    assert_false(meta_is_full(folder_path()));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put_text("meta", cases[i].text);
        if (meta_is_full(folder_at("meta")) != cases[i].full)
            fail_msg("«%s» is taken for %s results", cases[i].text, cases[i].full ? "quick" : "full");
    }
}

// ---- Progress, with standard error in a file

static int saved_error;

static void catch_error(void) {
    fflush(stderr);
    saved_error = dup(STDERR_FILENO);
    const int file = open(folder_at("stderr"), O_WRONLY | O_CREAT | O_TRUNC, 0666);
    assert_true(saved_error >= 0 && file >= 0);
    dup2(file, STDERR_FILENO);
    close(file);
}

static void release_error(void) {
    fflush(stderr);
    dup2(saved_error, STDERR_FILENO);
    close(saved_error);
}

static void test_progress_silent(void **state) {
    (void)state;
    progress_t progress;
    catch_error();
    progress_start(&progress, "short");
    for (uint64_t i = 0; i <= 1000; i++)
        progress_update(&progress, i, 1000);
    progress.terminal = true; // the same on a terminal
    for (uint64_t i = 0; i <= 1000; i++)
        progress_update(&progress, i, 1000);
    progress.started -= 0.3; // nor when the last line was long ago
    progress.shown -= 100;
    progress_update(&progress, 3, 1000);
    progress_end(&progress);
    release_error();
    check_text("stderr", "");
}

// Off a terminal: one line a minute.
static void test_progress_lines(void **state) {
    (void)state;
    progress_t progress;
    catch_error();
    progress_start(&progress, "long");
    const bool terminal = progress.terminal;
    progress.started -= 100;
    progress.shown -= 50; // less than a minute ago
    progress_update(&progress, 1, 4);
    progress.shown -= 50;
    progress_update(&progress, 0, 4);
    progress_update(&progress, 1, 4);
    progress_update(&progress, 2, 4);
    progress_end(&progress);
    release_error();
    assert_false(terminal);
    check_text("stderr", "long: 25 %, 300 s left\n");
}

// On a terminal: a bar, at most ten times a second, removed at the end.
static void test_progress_bar(void **state) {
    (void)state;
    progress_t progress;
    catch_error();
    progress_start(&progress, "bar");
    progress.terminal = true;
    progress.started -= 100;
    progress.shown -= 100;
    progress_update(&progress, 3, 4);
    progress_update(&progress, 4, 4);
    progress_end(&progress);
    progress_end(&progress);
    release_error();
    check_text("stderr", "\rbar [########################........]  75 %, 33 s left \033[K\r\033[K");
}

// ---- Experiments, each in a child process that ends as a program does

static int run_plan(void (*run)(experiment_t *)) {
    return plan_run(run, folder_path(), "data", folder_at("stderr"));
}

// Whether each relation of value +- error to its bound is judged as the header says.
static void run_checks(experiment_t *run) {
    plan_expect(experiment_seed(run) == 5 && !experiment_quick(run) && experiment_threads(run) == 0);
    plan_expect(experiment_check(run, "a", "w", 1, AT_MOST, 2, 1));
    plan_expect(!experiment_check(run, "b", "w", 1, AT_MOST, 2, 1.0001));
    plan_expect(experiment_check(run, "c", "w", 3, AT_LEAST, 2, 1));
    plan_expect(!experiment_check(run, "d", "w", 3, AT_LEAST, 2, 1.0001));
    plan_expect(experiment_check(run, "e", "w", 2, EQUAL, 2, 0));
    plan_expect(!experiment_check(run, "f", "w", 2, EQUAL, 2, 1e-300));
    plan_expect(!experiment_check(run, "f", "w", 2 + 1e-15, EQUAL, 2, 0));
    plan_expect(!experiment_check(run, "g", "w", NAN, AT_MOST, 2, 0));
    plan_expect(!experiment_check(run, "g", "w", 1, AT_MOST, NAN, 0));
    plan_expect(!experiment_check(run, "g", "w", 1, AT_MOST, 2, NAN));
    plan_expect(!experiment_check(run, "g", "w", 1, AT_MOST, 2, -0.5));
    plan_expect(!experiment_check(run, "g", "w", NAN, EQUAL, NAN, 0));
    exit(0);
}

static void test_checks(void **state) {
    (void)state;
    assert_int_equal(run_plan(run_checks), 0);
    char *text = get_text("stderr");
    assert_non_null(text);
    size_t lines = 0;
    for (const char *c = text; *c; c++)
        lines += *c == '\n';
    free(text);
    assert_int_equal(lines, 9); // one for each check that failed
}

static void run_claims(experiment_t *run) {
    experiment_check(run, "one", "wide", 1, AT_MOST, 10, 0.5);
    experiment_check(run, "one", "tight", 9, AT_MOST, 10, 0.5);
    experiment_check(run, "two", "fine", 1, AT_MOST, 10, 0);
    experiment_check(run, "two", "not fine", 11, AT_MOST, 10, 0);
    experiment_check(run, "three", "not fine", 2, AT_LEAST, 3, 0);
    experiment_check(run, "four", "same", 7, EQUAL, 7, 0);
    experiment_check(run, "five", "not fine", 11, AT_MOST, 10, 0);
    experiment_check(run, "five", "fine", 1, AT_MOST, 10, 0);
    experiment_claim(run, "one", VERDICT_HOLDS, METHOD_CERTIFIED, "e1");
    experiment_claim(run, "two", VERDICT_HOLDS, METHOD_MONTECARLO, "e2");
    experiment_claim(run, "three", VERDICT_AMENDED, METHOD_QUADRATURE, "e3");
    experiment_claim(run, "four", VERDICT_FAILS, METHOD_EXACT, "e4");
    experiment_claim(run, "five", VERDICT_HOLDS, METHOD_MONTECARLO, "e5");
    experiment_macro(run, "Value", "%.2f", 0.125);
    experiment_macro_integer(run, "Count", -3);
    experiment_parameter(run, "Size", "%.0f", 6, "m");
}

static void test_claims(void **state) {
    (void)state;
    assert_int_equal(run_plan(run_claims), 0);
    check_text("unit-test.claims", "id\tverdict\tmethod\tvalue\trelation\tbound\tslack\terror\tevidence\n"
                                   "one\tholds\tcertified\t9\t<=\t10\t0.5\t0.5\te1: tight\n"
                                   "two\tfails\tmontecarlo\t11\t<=\t10\t-1\t0\te2: not fine\n"
                                   "three\tundecided\tquadrature\t2\t>=\t3\t-1\t0\te3: not fine\n"
                                   "four\tfails\texact\t7\t=\t7\t0\t0\te4: same\n"
                                   "five\tfails\tmontecarlo\t11\t<=\t10\t-1\t0\te5: not fine\n");
    check_text("unit-test.tex", "\\newcommand{\\UnitTestSeed}{5}\n\\newcommand{\\UnitTestValue}{0.12}\n"
                                "\\newcommand{\\UnitTestCount}{-3}\n\\newcommand{\\UnitTestSize}{6}\n");
    assert_true(meta_is_full(folder_at("unit-test.meta.json")));
    assert_int_equal(count_entries(), 7); // claims, tex, meta, d, two of checks, and stderr
}

// Each of these ends the program with status 5, one line, and no file.
static void run_no_check(experiment_t *run) {
    experiment_claim(run, "one", VERDICT_HOLDS, METHOD_EXACT, "e");
}

static void run_twice(experiment_t *run) {
    experiment_check(run, "one", "w", 1, EQUAL, 1, 0);
    experiment_claim(run, "one", VERDICT_HOLDS, METHOD_EXACT, "e");
    experiment_claim(run, "one", VERDICT_HOLDS, METHOD_EXACT, "e");
}

static void run_bad_name(experiment_t *run) {
    experiment_macro(run, "Value2", "%.2f", 1);
}

static void run_bad_value(experiment_t *run) {
    experiment_macro(run, "Value", "%.2f", NAN);
}

static void run_status(experiment_t *run) {
    experiment_require(run, 1, "a call");
}

static void run_short_table(experiment_t *run) {
    static const table_column_t one[] = {{"x", "1", "%.2f", NULL}};
    table_row(experiment_table(run, "", "c", one, 1, 2), (double[]){1});
}

static void test_stopped(void **state) {
    (void)state;
    static void (*const runs[])(experiment_t *) = {run_no_check,  run_twice,  run_bad_name,
                                                   run_bad_value, run_status, run_short_table};
    static const char *const words[] = {"no check", "twice", "Value2", "not finite", "a call", "1 cells of"};
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        assert_int_equal(run_plan(runs[i]), FAULT_INTERNAL);
        char *text = get_text("stderr");
        if (text == NULL || strstr(text, words[i]) == NULL || strncmp(text, "unit-test: ", 11) != 0 ||
            strchr(text, '\n') != text + strlen(text) - 1)
            fail_msg("wanted one line with «%s», found «%s»", words[i], text ? text : "");
        free(text);
        assert_int_equal(count_entries(), 1); // stderr
    }
}

#define TEST(name) cmocka_unit_test_setup(name, clear_folder)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(
            test_checks), // children first: they inherit, and would report, what a failed test has left allocated
        TEST(test_claims),
        TEST(test_stopped),
        TEST(test_fault),
        TEST(test_statuses),
        TEST(test_commit),
        TEST(test_old_bytes_stay),
        TEST(test_replace),
        TEST(test_missing_folders),
        TEST(test_below_a_file),
        TEST(test_name_is_a_folder),
        TEST(test_name_of_no_file),
        TEST(test_full_disk),
        TEST(test_full_disk_at_the_end),
        TEST(test_disk_full_for_a_while),
        TEST(test_cause_of_a_while),
        TEST(test_table),
        TEST(test_table_rows_of_reals),
        TEST(test_table_not_finite),
        TEST(test_table_rows),
        TEST(test_table_real_in_text_column),
        TEST(test_table_integer_in_real_column),
        TEST(test_table_text_in_real_column),
        TEST(test_table_text),
        TEST(test_table_text_of_two_lines),
        TEST(test_table_long_number),
        TEST(test_table_full_disk),
        TEST(test_table_unwritable),
        TEST(test_sheet),
        TEST(test_sheet_quotes),
        TEST(test_sheet_tabs),
        TEST(test_sheet_line_ends),
        TEST(test_sheet_long_lines),
        TEST(test_sheet_many_rows),
        TEST(test_sheet_ragged),
        TEST(test_sheet_empty),
        TEST(test_sheet_unbalanced),
        TEST(test_sheet_zero_bytes),
        TEST(test_sheet_unreadable),
        TEST(test_sheet_column),
        TEST(test_sheet_numbers),
        TEST(test_round_trip),
        TEST(test_meta),
        TEST(test_meta_is_full),
        TEST(test_progress_silent),
        TEST(test_progress_lines),
        TEST(test_progress_bar),
    };
    return cmocka_run_group_tests_name("io", tests, folder_make, folder_remove);
}
