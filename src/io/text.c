// SPDX-License-Identifier: GPL-3.0-or-later
// Rows of comma-separated numbers; see text.h.
#include "io/text.h"

#include "io/quote.h"

#include <csv.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIRST_ROOM = 1 << 16 };

// What a column of the header is.
typedef enum role { NUMBER, LABEL, LAYER } role_t;

// Cells, growing.
typedef struct roles {
    role_t *items;
    size_t count, room;
} roles_t;

struct text {
    const char *name;
    int descriptor;
    bool labels; // whether columns may be labels

    // Bytes of the file: those from `start` to `end` are to come.
    char *buffer;
    size_t room, start, end;
    uint64_t offset; // of the byte at `start`
    bool ended;      // whether the file has no more bytes behind the buffer
    uint64_t lines;  // read so far
    uint64_t next;   // number of the next row

    // The header.
    bool header;
    size_t columns; // numbers in a row; 0: not yet known
    roles_t roles;  // of its cells, when some are labels
    size_t left_out;
    bool layered;
    const char *note;

    // The last row.
    struct csv_parser parser;
    text_place_t place;
    bool numbers;  // whether its numbers are wanted
    double *row;   // its numbers
    size_t wide;   // room in `row`
    size_t filled; // numbers
    size_t cells;  // with labels
    bool numeric;  // whether all numbers were finite
    char *found;   // the first cell that was not
    char *layer;   // the cell of the column `layer`
    bool titles;   // whether no cell was a number of any kind
    bool unnamed;  // whether the first cell was empty
    bool labelled; // whether a cell was the name of a label
    // Cells behind an empty first one, or from the first one on, that were 0, 1, 2, ... to the letter.
    size_t counted;
    size_t layer_column; // where that is
    const char *wanted;  // only rows with this layer's cell are wanted; or NULL
    bool short_of_memory;
};

// ---- Lines ----

static fault_status_t out_of_memory(const text_t *text, fault_t *fault) {
    return fault_set(fault, FAULT_SYSTEM, "out of memory while reading %s", text->name);
}

// Makes room behind the bytes that are to come.
static fault_status_t make_room(text_t *text, fault_t *fault) {
    memmove(text->buffer, text->buffer + text->start, text->end - text->start);
    text->end -= text->start;
    text->start = 0;
    if (text->end < text->room)
        return FAULT_NONE;
    if (text->room >= TEXT_LINE)
        return fault_set(fault, FAULT_INPUT,
                         "%s:%" PRIu64 ": expected lines of at most %d bytes, found a longer one", text->name,
                         text->lines + 1, TEXT_LINE);
    char *buffer = realloc(text->buffer, 2 * text->room);
    if (buffer == NULL)
        return out_of_memory(text, fault);
    text->buffer = buffer;
    text->room *= 2;
    return FAULT_NONE;
}

static fault_status_t read_more(text_t *text, fault_t *fault) {
    if (make_room(text, fault) != FAULT_NONE)
        return fault->status;
    ssize_t count;
    do
        count = pread(text->descriptor, text->buffer + text->end, text->room - text->end,
                      (off_t)(text->offset + text->end));
    while (count < 0 && errno == EINTR);
    if (count < 0)
        return fault_set(fault, FAULT_INPUT, "cannot read %s: %s", text->name, strerror(errno));
    text->ended = count == 0;
    text->end += (size_t)count;
    return FAULT_NONE;
}

// The next line, with its end; its length is 0 at the end of the file.
static fault_status_t take_line(text_t *text, const char **line, size_t *length, fault_t *fault) {
    const char *stop;
    size_t searched = 0;
    for (;;) {
        const size_t left = text->end - text->start;
        stop = memchr(text->buffer + text->start + searched, '\n', left - searched);
        if (stop != NULL || text->ended)
            break;
        searched = left;
        if (read_more(text, fault) != FAULT_NONE)
            return fault->status;
    }
    *line = text->buffer + text->start;
    *length = stop != NULL ? (size_t)(stop - *line) + 1 : text->end - text->start;
    text->start += *length;
    text->offset += *length;
    text->lines += *length > 0;
    return FAULT_NONE;
}

static bool is_blank_line(const char *line, size_t length) {
    if (length > 0 && line[0] == '#')
        return true;
    for (size_t i = 0; i < length; i++)
        if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r' && line[i] != '\n')
            return false;
    return true;
}

// The bytes of a byte order mark at the start of a text.
static size_t mark_length(const char *line, size_t length) {
    return length >= 3 && memcmp(line, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
}

// ---- Cells ----

static bool grow_row(text_t *text) {
    if (text->filled < text->wide)
        return true;
    const size_t wide = text->wide ? 2 * text->wide : 64;
    double *row = reallocarray(text->row, wide, sizeof *row);
    if (row == NULL)
        return false;
    text->row = row;
    text->wide = wide;
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

static role_t role_of_name(const char *cell) {
    return strcmp(cell, "layer") == 0                               ? LAYER
           : strcmp(cell, "token") == 0 || strcmp(cell, "row") == 0 ? LABEL
                                                                    : NUMBER;
}

// Notes what a header would look like.
static void look_at_name(text_t *text, const char *cell) {
    char number[24];
    if (text->cells == 0 && *cell == '\0')
        text->unnamed = true;
    snprintf(number, sizeof number, "%zu", text->counted);
    text->counted += strcmp(cell, number) == 0;
    text->labelled |= text->labels && role_of_name(cell) != NUMBER;
}

static void keep_text(text_t *text, char **kept, const char *cell) {
    free(*kept);
    *kept = strdup(cell);
    text->short_of_memory |= *kept == NULL;
}

static void take_number(text_t *text, const char *cell) {
    double value = 0;
    if (!grow_row(text)) {
        text->short_of_memory = true;
        return;
    }
    if (text->numbers) {
        if (parse_number(cell, &value))
            text->titles = false;
        else
            value = (double)NAN;
    }
    text->row[text->filled++] = value;
    if (!isfinite(value) && text->numeric) {
        text->numeric = false;
        keep_text(text, &text->found, cell);
    }
}

static void on_cell(void *bytes, size_t length, void *context) {
    text_t *text = context;
    const char *cell = length > 0 ? bytes : ""; // with a 0 at its end
    if (text->columns == 0)
        look_at_name(text, cell);
    const size_t index = text->cells++;
    const role_t role = index < text->roles.count ? text->roles.items[index] : NUMBER;
    if (role == LAYER) {
        keep_text(text, &text->layer, cell);
        if (text->wanted != NULL)
            text->numbers = strcmp(cell, text->wanted) == 0;
    } else if (role == NUMBER)
        take_number(text, cell);
}

// Whether there is a carriage return before the end of the line.
static bool has_lone_return(const char *line, size_t length) {
    const char *found = memchr(line, '\r', length);
    const size_t left = found != NULL ? length - (size_t)(found - line) : 0;
    return left > 2 || (left == 2 && found[1] != '\n');
}

// Parses one line into the row.
static fault_status_t parse_line(text_t *text, const char *line, size_t length, fault_t *fault) {
    if (memchr(line, '\0', length) != NULL)
        return fault_set(fault, FAULT_INPUT, "%s:%" PRIu64 ": expected text, found a byte 0", text->name,
                         text->lines);
    if (has_lone_return(line, length)) // rows that would be read as one
        return fault_set(fault, FAULT_INPUT,
                         "%s:%" PRIu64 ": expected lines that end in LF or CR LF, found a CR within one",
                         text->name, text->lines);
    text->filled = text->cells = text->counted = 0;
    text->numeric = text->titles = true;
    text->unnamed = text->labelled = false;
    const bool parsed = csv_parse(&text->parser, line, length, on_cell, NULL, text) == length;
    const bool ended = csv_fini(&text->parser, on_cell, NULL, text) == 0;
    if (text->short_of_memory)
        return out_of_memory(text, fault);
    if (!parsed || !ended)
        return fault_set(fault, FAULT_INPUT,
                         "%s:%" PRIu64 ": expected cells between commas, found an unbalanced quote",
                         text->name, text->lines);
    return FAULT_NONE;
}

// Whether a line is plainly a row of another layer than the wanted one: without splitting it into cells.
static bool is_other(const text_t *text, const char *line, size_t length) {
    const char *cell = line, *end = line + length;
    for (size_t i = 0; i < text->layer_column; i++, cell++)
        if ((cell = memchr(cell, ',', (size_t)(end - cell))) == NULL)
            return false;
    const char *stop = memchr(cell, ',', (size_t)(end - cell));
    if (stop == NULL || memchr(line, '"', (size_t)(stop - line)) != NULL)
        return false;
    while (cell < stop && (*cell == ' ' || *cell == '\t'))
        cell++;
    while (stop > cell && (stop[-1] == ' ' || stop[-1] == '\t'))
        stop--;
    return (size_t)(stop - cell) != strlen(text->wanted) ||
           memcmp(cell, text->wanted, (size_t)(stop - cell)) != 0;
}

// Whether a line is to be passed over.
static bool is_passed(text_t *text, const char *line, size_t length) {
    if (is_blank_line(line, length))
        return true;
    if (text->wanted == NULL || !is_other(text, line, length))
        return false;
    text->next++;
    return true;
}

// Reads the next line that is neither empty nor a comment; `end` says that there is none.
static fault_status_t next_line(text_t *text, bool *end, fault_t *fault) {
    const char *line;
    size_t length, mark;
    do {
        text->place = (text_place_t){text->offset, text->lines, text->next};
        if (take_line(text, &line, &length, fault) != FAULT_NONE)
            return fault->status;
        *end = length == 0;
        if (*end)
            return FAULT_NONE;
        mark = text->lines == 1 ? mark_length(line, length) : 0;
    } while (is_passed(text, line + mark, length - mark));
    return parse_line(text, line + mark, length - mark, fault);
}

// ---- Rows ----

static fault_status_t read_row(text_t *text, bool numbers, bool *end, fault_t *fault) {
    char room[QUOTE_ROOM];
    text->numbers = numbers;
    if (next_line(text, end, fault) != FAULT_NONE || *end)
        return fault->status;
    if (text->filled != text->columns || text->cells != text->columns + text->left_out)
        return fault_set(fault, FAULT_INPUT,
                         "%s:%" PRIu64 ": row %" PRIu64 " (from 0): expected %zu cells, found %zu",
                         text->name, text->lines, text->next, text->columns + text->left_out, text->cells);
    if (!text->numeric)
        return fault_set(fault, FAULT_INPUT,
                         "%s:%" PRIu64 ": row %" PRIu64 " (from 0): expected a finite number, found %s",
                         text->name, text->lines, text->next, quote(room, text->found, strlen(text->found)));
    text->next++;
    return FAULT_NONE;
}

fault_status_t text_next(text_t *text, bool *end, fault_t *fault) {
    return read_row(text, true, end, fault);
}

fault_status_t text_skim(text_t *text, bool *end, fault_t *fault) {
    return read_row(text, false, end, fault);
}

fault_status_t text_find(text_t *text, const char *layer, bool *end, fault_t *fault) {
    text->wanted = text->layered ? layer : NULL;
    do
        read_row(text, true, end, fault);
    while (fault->status == FAULT_NONE && !*end && text->layered && strcmp(text->layer, layer) != 0);
    text->wanted = NULL;
    return fault->status;
}

void text_go(text_t *text, text_place_t place) {
    text->start = text->end = 0;
    text->ended = false;
    text->offset = place.offset;
    text->lines = place.line;
    text->next = place.row;
}

// ---- The header ----

// Finds the roles of the header's cells, when it comes next.
static void on_name(void *bytes, size_t length, void *context) {
    text_t *text = context;
    roles_t *roles = &text->roles;
    role_t role = text->labels && length > 0 ? role_of_name(bytes) : NUMBER;
    if (roles->count == 0 && length == 0)
        role = LABEL; // an index
    if (role == LAYER && text->layered)
        role = LABEL;
    if (roles->count == roles->room) {
        roles->room = roles->room ? 2 * roles->room : 64;
        role_t *items = reallocarray(roles->items, roles->room, sizeof *items);
        if (items == NULL) {
            text->short_of_memory = true;
            return;
        }
        roles->items = items;
    }
    if (role == LAYER) {
        text->layered = true;
        text->layer_column = roles->count;
    }
    text->left_out += role != NUMBER;
    roles->items[roles->count++] = role;
}

// Reads the header again, and leaves the first row to come.
static fault_status_t read_header(text_t *text, fault_t *fault) {
    const char *line;
    size_t length, mark;
    do {
        if (take_line(text, &line, &length, fault) != FAULT_NONE)
            return fault->status;
        mark = text->lines == 1 ? mark_length(line, length) : 0;
    } while (is_blank_line(line + mark, length - mark));
    csv_parse(&text->parser, line + mark, length - mark, on_name, NULL, text);
    csv_fini(&text->parser, on_name, NULL, text);
    text->columns = text->roles.count - text->left_out;
    if (text->short_of_memory)
        return out_of_memory(text, fault);
    if (text->columns == 0)
        return fault_set(fault, FAULT_INPUT,
                         "%s:%" PRIu64 ": expected columns of numbers, found names of labels only",
                         text->name, text->lines);
    return FAULT_NONE;
}

// Finds out from the first two lines whether the first is a header, and which of its columns are labels.
static fault_status_t find_header(text_t *text, fault_t *fault) {
    bool end;
    text->numbers = true;
    if (next_line(text, &end, fault) != FAULT_NONE || end)
        return fault->status;
    const bool titles = text->titles, unnamed = text->unnamed && text->cells > 1, labelled = text->labelled;
    const size_t cells = text->cells, columns = cells - unnamed, counted = text->counted;
    text->header = titles || labelled || (unnamed && counted == columns);
    if (!text->header && counted == columns && columns > 1) {
        // Two lines 0,1 are numbers.
        if (next_line(text, &end, fault) != FAULT_NONE)
            return fault->status;
        text->header = !end && text->counted < columns;
    }
    if (text->header && !labelled && (unnamed || !titles))
        text->note = unnamed ? "its first line is taken for a header, and its first column, which has no "
                               "name, for an index"
                             : "its first line, 0,1,2,..., is taken for a header";
    text_go(text, (text_place_t){0, 0, 0});
    text->columns = cells;
    return text->header ? read_header(text, fault) : FAULT_NONE;
}

// ---- The file ----

// Refuses by their first bytes what is often tried.
static fault_status_t refuse_packed(const text_t *text, fault_t *fault) {
    static const struct {
        const char *bytes, *what;
    } packed[] = {{"PK\3\4", "a zip archive, as .npz and .pt are"},
                  {"\x1f\x8b", "a file that gzip compressed"},
                  {"\x80\2", "a pickle of Python"}};
    for (size_t i = 0; i < sizeof packed / sizeof *packed; i++) {
        const size_t known = strlen(packed[i].bytes);
        if (text->end >= known && memcmp(text->buffer, packed[i].bytes, known) == 0)
            return fault_set(fault, FAULT_INPUT,
                             "%s: format not read: expected .npy, .safetensors or CSV text, found %s",
                             text->name, packed[i].what);
    }
    return FAULT_NONE;
}

fault_status_t text_open(const char *name, int descriptor, bool labels, text_t **result, fault_t *fault) {
    text_t *text = calloc(1, sizeof *text);
    if (text == NULL)
        return fault_set(fault, FAULT_SYSTEM, "out of memory while reading %s", name);
    text->name = name;
    text->descriptor = descriptor;
    text->labels = labels;
    text->room = FIRST_ROOM;
    text->buffer = malloc(text->room);
    csv_init(&text->parser, CSV_STRICT | CSV_STRICT_FINI | CSV_EMPTY_IS_NULL | CSV_APPEND_NULL);
    if (text->buffer == NULL)
        out_of_memory(text, fault);
    else if (read_more(text, fault) == FAULT_NONE && refuse_packed(text, fault) == FAULT_NONE)
        find_header(text, fault);
    if (fault->status == FAULT_NONE)
        *result = text;
    else
        text_close(text);
    return fault->status;
}

void text_close(text_t *text) {
    if (text == NULL)
        return;
    csv_free(&text->parser);
    free(text->buffer);
    free(text->roles.items);
    free(text->row);
    free(text->found);
    free(text->layer);
    free(text);
}

size_t text_columns(const text_t *text) {
    return text->columns;
}

bool text_layered(const text_t *text) {
    return text->layered;
}

const char *text_note(const text_t *text) {
    return text->note;
}

const double *text_row(const text_t *text) {
    return text->row;
}

const char *text_layer(const text_t *text) {
    return text->layer != NULL ? text->layer : "";
}

text_place_t text_at(const text_t *text) {
    return text->place;
}
