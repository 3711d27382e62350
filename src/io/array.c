// SPDX-License-Identifier: GPL-3.0-or-later
// Files of numbers; see array.h.
#include "io/array.h"

#include "io/npy.h"
#include "io/quote.h"
#include "io/safetensors.h"

#include <csv.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 1 << 16 };
static const uint64_t WIDEST = (uint64_t)1 << 32;

typedef fault_status_t (*read_t)(array_t *array, uint64_t first, size_t count, double *values,
                                 fault_t *fault);

// A text: the line that comes next, and the row that is being read.
typedef struct text {
    FILE *file;
    char *line; // of getline
    size_t room;
    size_t lines;   // read so far
    uint64_t next;  // number of the next row
    bool header;    // whether the first row is one
    double *row;    // numbers of the last row
    size_t columns; // room in `row`
    size_t filled;  // cells of the last row
    bool numeric;   // whether all of them were finite numbers
    bool titles;    // whether none of them was a number of any kind
    bool unnamed;   // whether the first cell was empty
    size_t
        counted; // cells behind an empty first one, or from the first one on, that were 0, 1, 2, ... to the letter
    size_t cells; // of the last row, with that of an index
    size_t index; // columns at the left that are no numbers of the array: 0 or 1
    double *kept; // all numbers, or NULL
    size_t kept_room;
    bool keep;   // whether they are to be kept
    char *found; // the first that was not
    bool short_of_memory;
} text_t;

struct array {
    char *name;
    const char *note; // or NULL
    size_t rank;
    uint64_t shape[ARRAY_RANK];
    size_t width;
    read_t read;
    int descriptor; // of a .npy file, or -1
    npy_t npy;
    unsigned char *block; // of BLOCK bytes, for a .npy file
    safetensors_t *tensors;
    const safetensors_tensor_t *tensor;
    text_t text;
};

// ---- Binary files ----

static fault_status_t read_bytes(const array_t *array, unsigned char *bytes, size_t length, uint64_t offset,
                                 fault_t *fault) {
    for (size_t done = 0; done < length;) {
        const ssize_t read = pread(array->descriptor, bytes + done, length - done, (off_t)(offset + done));
        if (read < 0 && errno == EINTR)
            continue;
        if (read <= 0)
            return fault_set(fault, FAULT_INPUT, "cannot read %s at byte %" PRIu64 ": %s", array->name,
                             offset + done, read < 0 ? strerror(errno) : "the file has become shorter");
        done += (size_t)read;
    }
    return FAULT_NONE;
}

static const char *name_of(double value) {
    return isnan(value) ? "NaN" : value < 0 ? "-infinity" : "infinity";
}

// Reads `count` numbers that lie one after another in the file; number i goes to values[i * stride].
//   row, turn  the row of the first number, and after how many numbers the next row starts
static fault_status_t read_numbers(array_t *array, uint64_t element, size_t count, double *values,
                                   size_t stride, uint64_t row, size_t turn, fault_t *fault) {
    const size_t item = array->npy.item, most = BLOCK / item;
    for (size_t done = 0; done < count;) {
        const size_t part = count - done < most ? count - done : most;
        const uint64_t offset = array->npy.data + (element + done) * item;
        if (read_bytes(array, array->block, part * item, offset, fault) != FAULT_NONE)
            return fault->status;
        for (size_t i = 0; i < part; i++, done++) {
            const double value = npy_number(&array->npy, array->block + i * item);
            if (!isfinite(value))
                return fault_set(fault, FAULT_INPUT,
                                 "%s: row %" PRIu64 " (from 0, of %" PRIu64 "), byte %" PRIu64
                                 ": expected a finite number, found %s",
                                 array->name, row + done / turn, array->shape[0], offset + i * item,
                                 name_of(value));
            values[done * stride] = value;
        }
    }
    return FAULT_NONE;
}

// Where number `inner` of row 0 stands in a file whose first index runs fastest, in numbers.
static uint64_t fortran_place(const array_t *array, size_t inner) {
    uint64_t place = 0, step = array->npy.elements;
    for (size_t i = array->rank; i-- > 1; inner /= (size_t)array->shape[i]) {
        step /= array->shape[i]; // the product of the sizes before size i
        place += inner % (size_t)array->shape[i] * step;
    }
    return place;
}

static fault_status_t read_npy(array_t *array, uint64_t first, size_t count, double *values, fault_t *fault) {
    if (!array->npy.fortran)
        return read_numbers(array, first * array->width, count * array->width, values, 1, first, array->width,
                            fault);
    for (size_t inner = 0; inner < array->width && fault->status == FAULT_NONE; inner++)
        read_numbers(array, fortran_place(array, inner) + first, count, values + inner, array->width, first,
                     1, fault);
    return fault->status;
}

static fault_status_t read_tensor(array_t *array, uint64_t first, size_t count, double *values,
                                  fault_t *fault) {
    return safetensors_doubles(array->tensors, array->tensor, first * array->width, count * array->width,
                               values, fault);
}

// Takes over the sizes, and computes the width of a row.
static fault_status_t take_shape(array_t *array, size_t rank, const uint64_t *shape, fault_t *fault) {
    uint64_t width = 1;
    if (rank < 1)
        return fault_set(fault, FAULT_INPUT, "%s: expected an array of rows, found a single number",
                         array->name);
    for (size_t i = 0; i < rank; i++) {
        if (shape[i] == 0)
            return fault_set(fault, FAULT_INPUT, "%s: expected sizes of at least 1, found a size of 0",
                             array->name);
        array->shape[i] = shape[i];
        if (i > 0 && (__builtin_mul_overflow(width, shape[i], &width) || width > WIDEST))
            return fault_set(fault, FAULT_INPUT, "%s: expected at most 2^32 numbers in a row, found more",
                             array->name);
    }
    array->rank = rank;
    array->width = (size_t)width;
    return FAULT_NONE;
}

static fault_status_t open_npy(array_t *array, const unsigned char *start, size_t length, uint64_t size,
                               fault_t *fault) {
    array->read = read_npy;
    array->block = malloc(BLOCK);
    if (array->block == NULL)
        return fault_set(fault, FAULT_SYSTEM, "out of memory while reading %s", array->name);
    if (npy_header(array->name, start, length, size, &array->npy, fault) == FAULT_NONE)
        take_shape(array, array->npy.rank, array->npy.shape, fault);
    return fault->status;
}

static fault_status_t choose_tensor(array_t *array, const char *wanted, fault_t *fault) {
    char room[QUOTE_ROOM];
    const size_t count = safetensors_count(array->tensors);
    array->tensor = wanted != NULL ? safetensors_find(array->tensors, wanted)
                    : count == 1   ? safetensors_tensor(array->tensors, 0)
                                   : NULL;
    if (array->tensor != NULL)
        return FAULT_NONE;
    const char *first = count > 0 ? safetensors_tensor(array->tensors, 0)->name : "none";
    if (wanted == NULL)
        return fault_set(fault, FAULT_INPUT,
                         "%s: expected the name of one of %zu tensors behind a colon, as in %s:%.60s",
                         array->name, count, array->name, first);
    return fault_set(fault, FAULT_INPUT, "%s: expected a tensor %s, found %zu others, the first one %.60s",
                     array->name, quote(room, wanted, strlen(wanted)), count, first);
}

static fault_status_t open_tensor(array_t *array, const char *wanted, fault_t *fault) {
    array->read = read_tensor;
    if (safetensors_open(array->name, &array->tensors, fault) == FAULT_NONE &&
        choose_tensor(array, wanted, fault) == FAULT_NONE)
        take_shape(array, array->tensor->rank, array->tensor->shape, fault);
    return fault->status;
}

// ---- Text ----

static bool grow_row(text_t *text) {
    if (text->filled < text->columns)
        return true;
    const size_t columns = text->columns ? 2 * text->columns : 64;
    double *row = reallocarray(text->row, columns, sizeof *row);
    if (row == NULL)
        return false;
    text->row = row;
    text->columns = columns;
    return true;
}

// A number, finite or not, that may stand between blanks.
static bool parse_number(const char *cell, double *value) {
    char *end;
    *value = strtod(cell, &end);
    if (end == cell)
        return false;
    while (*end == ' ' || *end == '\t')
        end++;
    return *end == '\0';
}

// Notes what a header would look like.
static void look_at_name(text_t *text, const char *cell) {
    char number[24];
    if (text->cells == 0 && *cell == '\0')
        text->unnamed = true;
    snprintf(number, sizeof number, "%zu", text->counted);
    text->counted += strcmp(cell, number) == 0;
}

static void on_cell(void *cell, size_t length, void *context) {
    text_t *text = context;
    char *copy = strndup(length > 0 ? cell : "", length);
    double value = 0;
    if (copy == NULL || !grow_row(text)) {
        text->short_of_memory = true;
        free(copy);
        return;
    }
    look_at_name(text, copy);
    if (text->cells++ < text->index) {
        free(copy);
        return;
    }
    if (parse_number(copy, &value))
        text->titles = false;
    else
        value = (double)NAN;
    text->row[text->filled++] = value;
    if (!isfinite(value) && text->numeric) {
        text->numeric = false;
        text->found = copy;
        return;
    }
    free(copy);
}

static bool is_blank_line(const char *line, size_t length) {
    return line[0] == '#' || strspn(line, " \t\r\n") == length;
}

// Removes a byte order mark; returns its length.
static ssize_t skip_mark(char *line, ssize_t length) {
    if (length < 3 || memcmp(line, "\xEF\xBB\xBF", 3) != 0)
        return 0;
    memmove(line, line + 3, (size_t)length - 2); // with the 0 at its end
    return 3;
}

// Parses one line into `row`.
static fault_status_t parse_line(array_t *array, size_t length, fault_t *fault) {
    text_t *text = &array->text;
    struct csv_parser parser;
    if (memchr(text->line, '\0', length) != NULL)
        return fault_set(fault, FAULT_INPUT, "%s:%zu: a byte 0", array->name, text->lines);
    text->filled = text->cells = text->counted = 0;
    text->numeric = text->titles = true;
    text->unnamed = false;
    free(text->found);
    text->found = NULL;
    csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_EMPTY_IS_NULL);
    const bool parsed = csv_parse(&parser, text->line, length, on_cell, NULL, text) == length;
    const bool ended = csv_fini(&parser, on_cell, NULL, text) == 0;
    csv_free(&parser);
    if (text->short_of_memory)
        return fault_set(fault, FAULT_SYSTEM, "out of memory while reading %s", array->name);
    if (!parsed || !ended)
        return fault_set(fault, FAULT_INPUT,
                         "%s:%zu: expected cells between commas, found an unbalanced quote", array->name,
                         text->lines);
    return FAULT_NONE;
}

// Reads the next line that is neither empty nor a comment; `end` says that there is none.
static fault_status_t next_line(array_t *array, bool *end, fault_t *fault) {
    text_t *text = &array->text;
    ssize_t length;
    do {
        errno = 0;
        length = getline(&text->line, &text->room, text->file);
        *end = length < 0;
        if (*end)
            return ferror(text->file) || errno == ENOMEM
                       ? fault_set(fault, FAULT_INPUT, "cannot read %s: %s", array->name, strerror(errno))
                       : FAULT_NONE;
        if (text->lines++ == 0)
            length -= skip_mark(text->line, length);
    } while (is_blank_line(text->line, (size_t)length));
    return parse_line(array, (size_t)length, fault);
}

// Reads the next row and holds it against the width.
static fault_status_t next_row(array_t *array, bool *end, fault_t *fault) {
    text_t *text = &array->text;
    char room[QUOTE_ROOM];
    if (next_line(array, end, fault) != FAULT_NONE || *end)
        return fault->status;
    if (array->width != 0 && text->filled != array->width)
        return fault_set(fault, FAULT_INPUT,
                         "%s:%zu: row %" PRIu64 " (from 0): expected %zu cells, found %zu", array->name,
                         text->lines, text->next, array->width + text->index, text->cells);
    if (!text->numeric)
        return fault_set(fault, FAULT_INPUT,
                         "%s:%zu: row %" PRIu64 " (from 0): expected a finite number, found %s", array->name,
                         text->lines, text->next, quote(room, text->found, strlen(text->found)));
    text->next++;
    return FAULT_NONE;
}

static fault_status_t restart(array_t *array, fault_t *fault) {
    bool end;
    if (fseek(array->text.file, 0, SEEK_SET) != 0)
        return fault_set(fault, FAULT_INPUT, "cannot read %s: %s", array->name, strerror(errno));
    array->text.lines = 0;
    array->text.next = 0;
    return array->text.header ? next_line(array, &end, fault) : FAULT_NONE;
}

static fault_status_t read_text(array_t *array, uint64_t first, size_t count, double *values,
                                fault_t *fault) {
    text_t *text = &array->text;
    bool end = false;
    if (text->kept != NULL) {
        memcpy(values, text->kept + first * array->width, count * array->width * sizeof *values);
        return FAULT_NONE;
    }
    if (first < text->next && restart(array, fault) != FAULT_NONE)
        return fault->status;
    while (text->next < first + count) {
        const uint64_t row = text->next;
        if (next_row(array, &end, fault) != FAULT_NONE)
            return fault->status;
        if (end)
            return fault_set(fault, FAULT_INPUT, "cannot read %s: the file has become shorter", array->name);
        if (row >= first)
            memcpy(values + (row - first) * array->width, text->row, array->width * sizeof *values);
    }
    return FAULT_NONE;
}

// Finds out from the first two lines whether the first is a header, and whether the first column is an index.
static fault_status_t find_header(array_t *array, bool *end, fault_t *fault) {
    text_t *text = &array->text;
    const bool titles = text->titles, unnamed = text->unnamed && text->cells > 1;
    const size_t columns = text->cells - unnamed, counted = text->counted;
    array->width = text->filled;
    text->header = titles || (unnamed && counted == columns);
    if (!text->header && counted == columns && columns > 1) {
        // Two lines 0,1 are numbers.
        if (next_line(array, end, fault) != FAULT_NONE)
            return fault->status;
        text->header = !*end && text->counted < columns;
    }
    if (text->header && unnamed) {
        text->index = 1;
        array->width--;
    }
    if (text->header && (unnamed || !titles))
        array->note = unnamed ? "its first line is taken for a header, and its first column, which has no "
                                "name, for an index"
                              : "its first line, 0,1,2,..., is taken for a header";
    return restart(array, fault);
}

// Keeps the last row, unless there are too many.
static fault_status_t keep_row(array_t *array, fault_t *fault) {
    text_t *text = &array->text;
    const size_t used = (size_t)(text->next - 1) * array->width, wanted = used + array->width;
    if (!text->keep)
        return FAULT_NONE;
    if (wanted > ARRAY_KEPT) {
        free(text->kept);
        text->kept = NULL;
        text->keep = false;
        return FAULT_NONE;
    }
    if (wanted > text->kept_room) {
        text->kept_room = 2 * wanted;
        double *kept = reallocarray(text->kept, text->kept_room, sizeof *kept);
        if (kept == NULL)
            return fault_set(fault, FAULT_SYSTEM, "out of memory while reading %s", array->name);
        text->kept = kept;
    }
    memcpy(text->kept + used, text->row, array->width * sizeof *text->kept);
    return FAULT_NONE;
}

// Reads the whole text once.
static fault_status_t open_text(array_t *array, fault_t *fault) {
    text_t *text = &array->text;
    bool end;
    array->read = read_text;
    text->keep = true;
    text->file = fdopen(array->descriptor, "r");
    if (text->file == NULL)
        return fault_set(fault, FAULT_SYSTEM, "cannot read %s: %s", array->name, strerror(errno));
    array->descriptor = -1; // the stream's from here on
    if (next_line(array, &end, fault) != FAULT_NONE ||
        (!end && find_header(array, &end, fault) != FAULT_NONE))
        return fault->status;
    for (end = false; !end;)
        if (next_row(array, &end, fault) != FAULT_NONE || (!end && keep_row(array, fault) != FAULT_NONE))
            return fault->status;
    if (text->next == 0)
        return fault_set(fault, FAULT_INPUT, "%s: expected rows of numbers, found none", array->name);
    return take_shape(array, 2, (uint64_t[]){text->next, array->width}, fault);
}

// ---- Every file ----

// Opens a regular file and reads its first bytes.
static fault_status_t open_start(array_t *array, unsigned char *start, size_t *length, uint64_t *size,
                                 fault_t *fault) {
    struct stat status;
    // Non-blocking, so that a pipe is refused and not waited for.
    array->descriptor = open(array->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (array->descriptor < 0 || fstat(array->descriptor, &status) != 0)
        return fault_set(fault, FAULT_INPUT, "cannot read %s: %s", array->name, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return fault_set(fault, FAULT_INPUT, "cannot read %s: %s", array->name,
                         S_ISDIR(status.st_mode) ? strerror(EISDIR) : "it is not a regular file");
    *size = (uint64_t)status.st_size;
    *length = *size < NPY_START ? (size_t)*size : NPY_START;
    return read_bytes(array, start, *length, 0, fault);
}

// Refuses by their first bytes what is often tried.
static fault_status_t refuse_packed(const array_t *array, const unsigned char *start, size_t length,
                                    fault_t *fault) {
    static const struct {
        const char *bytes, *what;
    } packed[] = {{"PK\3\4", "a zip archive, as .npz and .pt are"},
                  {"\x1f\x8b", "a file that gzip compressed"},
                  {"\x80\2", "a pickle of Python"}};
    for (size_t i = 0; i < sizeof packed / sizeof *packed; i++) {
        const size_t known = strlen(packed[i].bytes);
        if (length >= known && memcmp(start, packed[i].bytes, known) == 0)
            return fault_set(fault, FAULT_INPUT,
                             "%s: format not read: expected .npy, .safetensors or CSV text, found %s",
                             array->name, packed[i].what);
    }
    return FAULT_NONE;
}

static fault_status_t open_other(array_t *array, fault_t *fault) {
    size_t length = 0;
    uint64_t size = 0;
    unsigned char *start = malloc(NPY_START);
    if (start == NULL)
        return fault_set(fault, FAULT_SYSTEM, "out of memory while reading %s", array->name);
    if (open_start(array, start, &length, &size, fault) == FAULT_NONE) {
        if (npy_recognise(start, length))
            open_npy(array, start, length, size, fault);
        else if (refuse_packed(array, start, length, fault) == FAULT_NONE)
            open_text(array, fault);
    }
    free(start);
    return fault->status;
}

// Splits FILE.safetensors:TENSOR; NULL when the path has no such ending.
static const char *find_suffix(const char *path) {
    static const char suffix[] = ".safetensors";
    for (const char *at = strstr(path, suffix); at != NULL; at = strstr(at + 1, suffix)) {
        const char *end = at + sizeof suffix - 1;
        if (*end == '\0' || *end == ':')
            return end;
    }
    return NULL;
}

fault_status_t array_open(const char *path, array_t **result, fault_t *fault) {
    const char *end = find_suffix(path);
    array_t *array = calloc(1, sizeof *array);
    if (array != NULL) {
        array->descriptor = -1;
        array->name = end != NULL ? strndup(path, (size_t)(end - path)) : strdup(path);
    }
    if (array == NULL || array->name == NULL)
        fault_set(fault, FAULT_SYSTEM, "out of memory while reading %s", path);
    else if (end != NULL)
        open_tensor(array, *end == ':' ? end + 1 : NULL, fault);
    else
        open_other(array, fault);
    if (fault->status == FAULT_NONE)
        *result = array;
    else
        array_close(array);
    return fault->status;
}

void array_close(array_t *array) {
    if (array == NULL)
        return;
    if (array->descriptor >= 0)
        close(array->descriptor);
    if (array->text.file != NULL)
        fclose(array->text.file);
    free(array->text.line);
    free(array->text.row);
    free(array->text.kept);
    free(array->text.found);
    free(array->block);
    safetensors_close(array->tensors);
    free(array->name);
    free(array);
}

const char *array_name(const array_t *array) {
    return array->name;
}

const char *array_note(const array_t *array) {
    return array->note;
}

size_t array_rank(const array_t *array) {
    return array->rank;
}

const uint64_t *array_shape(const array_t *array) {
    return array->shape;
}

size_t array_width(const array_t *array) {
    return array->width;
}

fault_status_t array_read(array_t *array, uint64_t first, size_t count, double *values, fault_t *fault) {
    return array->read(array, first, count, values, fault);
}
