// SPDX-License-Identifier: GPL-3.0-or-later
// Headers of .npy files; see npy.h.
#include "io/npy.h"

#include "io/quote.h"

#include <inttypes.h>
#include <string.h>

enum { MAGIC = 6, VERSION = 8 }; // bytes of the magic; bytes up to the length of the header

static const unsigned char magic[MAGIC] = {0x93, 'N', 'U', 'M', 'P', 'Y'};

// The text of the header, as it is read.
typedef struct reader {
    const char *name;
    const char *text; // of the whole file
    size_t next, end; // bytes of the header that are left
    fault_t *fault;
} reader_t;

bool npy_recognise(const unsigned char *bytes, size_t length) {
    return length >= MAGIC && memcmp(bytes, magic, MAGIC) == 0;
}

// Says what was expected at the next byte of the header.
static bool expect(reader_t *reader, const char *expected) {
    char room[QUOTE_ROOM];
    const size_t left = reader->end - reader->next;
    fault_set(reader->fault, FAULT_INPUT, "%s: byte %zu: expected %s, found %s", reader->name, reader->next,
              expected,
              left > 0 ? quote(room, reader->text + reader->next, left < 20 ? left : 20)
                       : "the end of the header");
    return false;
}

static void skip_blanks(reader_t *reader) {
    while (reader->next < reader->end && strchr(" \t\n", reader->text[reader->next]) != NULL &&
           reader->text[reader->next] != '\0')
        reader->next++;
}

// Takes these characters, after blanks, if they come next.
static bool take(reader_t *reader, const char *token) {
    const size_t length = strlen(token);
    skip_blanks(reader);
    if (reader->end - reader->next < length || memcmp(reader->text + reader->next, token, length) != 0)
        return false;
    reader->next += length;
    return true;
}

// A text in quotes of either kind, without escapes; gives where it starts.
static bool take_text(reader_t *reader, const char **text, size_t *length) {
    skip_blanks(reader);
    const char *start = reader->text + reader->next;
    const size_t left = reader->end - reader->next;
    if (left == 0 || (*start != '\'' && *start != '"'))
        return false;
    const char *stop = memchr(start + 1, *start, left - 1);
    if (stop == NULL)
        return false;
    *text = start + 1;
    *length = (size_t)(stop - start) - 1;
    reader->next += *length + 2;
    return true;
}

// The type of numbers that three characters stand for: byte order, kind, bytes. A single byte has no order.
static bool find_type(const char *text, numbers_type_t *type) {
    static const struct {
        const char *name;
        numbers_type_t type;
    } types[] = {{"f2", NUMBERS_F16}, {"f4", NUMBERS_F32}, {"f8", NUMBERS_F64}, {"i1", NUMBERS_I8},
                 {"i2", NUMBERS_I16}, {"i4", NUMBERS_I32}, {"i8", NUMBERS_I64}, {"u1", NUMBERS_U8},
                 {"u2", NUMBERS_U16}, {"u4", NUMBERS_U32}, {"u8", NUMBERS_U64}};
    const char *orders = text[2] == '1' ? "|<>" : "<>";
    if (text[0] == '\0' || strchr(orders, text[0]) == NULL)
        return false;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (memcmp(text + 1, types[i].name, 2) == 0) {
            *type = types[i].type;
            return true;
        }
    return false;
}

static bool read_type(reader_t *reader, npy_t *npy) {
    const size_t start = reader->next;
    const char *type;
    size_t length;
    if (!take_text(reader, &type, &length) || length != 3 || !find_type(type, &npy->type)) {
        reader->next = start;
        skip_blanks(reader);
        return expect(reader, "a type of binary floating point or integers ('<f2', '<f4', '<f8', '|u1', "
                              "'<i4', ... or big-endian with '>')");
    }
    npy->big_endian = type[0] == '>';
    npy->item = numbers_item(npy->type);
    return true;
}

static bool read_order(reader_t *reader, npy_t *npy) {
    npy->fortran = take(reader, "True");
    return npy->fortran || take(reader, "False") || expect(reader, "True or False");
}

static bool read_size(reader_t *reader, uint64_t *size) {
    skip_blanks(reader);
    const size_t start = reader->next;
    *size = 0;
    for (; reader->next < reader->end; reader->next++) {
        const char c = reader->text[reader->next];
        if (c < '0' || c > '9')
            break;
        if (__builtin_mul_overflow(*size, 10, size) ||
            __builtin_add_overflow(*size, (uint64_t)(c - '0'), size)) {
            reader->next = start;
            return expect(reader, "a size below 2^64");
        }
    }
    return reader->next > start || expect(reader, "a size");
}

// A tuple: (), (a,), (a, b), (a, b,).
static bool read_shape(reader_t *reader, npy_t *npy) {
    npy->rank = 0;
    npy->elements = 1;
    if (!take(reader, "("))
        return expect(reader, "a tuple of sizes");
    for (bool more = true; !take(reader, ")"); more = take(reader, ",")) {
        if (!more)
            return expect(reader, "a comma or a closing parenthesis");
        if (npy->rank == NPY_RANK)
            return expect(reader, "at most 16 sizes");
        uint64_t *size = &npy->shape[npy->rank++];
        if (!read_size(reader, size))
            return false;
        if (__builtin_mul_overflow(npy->elements, *size, &npy->elements))
            return expect(reader, "a shape of less than 2^64 numbers, before this");
    }
    return true;
}

typedef bool (*value_t)(reader_t *reader, npy_t *npy);

static const struct {
    const char *key;
    value_t read;
} entries[] = {{"descr", read_type}, {"fortran_order", read_order}, {"shape", read_shape}};
enum { ENTRIES = sizeof entries / sizeof *entries };

static bool read_entry(reader_t *reader, npy_t *npy, bool *seen) {
    const size_t start = reader->next;
    const char *key;
    size_t length;
    if (take_text(reader, &key, &length))
        for (int i = 0; i < ENTRIES; i++)
            if (!seen[i] && length == strlen(entries[i].key) && memcmp(key, entries[i].key, length) == 0) {
                seen[i] = true;
                return (take(reader, ":") || expect(reader, "a colon")) && entries[i].read(reader, npy);
            }
    reader->next = start;
    skip_blanks(reader);
    return expect(reader, "one of the keys descr, fortran_order and shape, each once");
}

static bool read_dictionary(reader_t *reader, npy_t *npy) {
    bool seen[ENTRIES] = {false};
    if (!take(reader, "{"))
        return expect(reader, "a dictionary, «{»");
    for (bool more = true; !take(reader, "}"); more = take(reader, ","))
        if (!more)
            return expect(reader, "a comma or «}»");
        else if (!read_entry(reader, npy, seen))
            return false;
    for (int i = 0; i < ENTRIES; i++)
        if (!seen[i]) {
            fault_set(reader->fault, FAULT_INPUT, "%s: byte %zu: expected the key %s before the end",
                      reader->name, reader->next - 1, entries[i].key);
            return false;
        }
    skip_blanks(reader);
    return reader->next == reader->end || expect(reader, "the end of the header");
}

// The length of the header's text, and where it starts.
static fault_status_t read_length(const char *name, const unsigned char *bytes, size_t length, uint64_t size,
                                  size_t *start, size_t *count, fault_t *fault) {
    if (!npy_recognise(bytes, length))
        return fault_set(fault, FAULT_INPUT, "%s: byte 0: expected the magic \\x93NUMPY of a .npy file",
                         name);
    if (length < VERSION)
        return fault_set(fault, FAULT_INPUT,
                         "%s: byte 6: expected version 1.0, 2.0 or 3.0, found the end of the file", name);
    if (bytes[6] < 1 || bytes[6] > 3 || bytes[7] != 0)
        return fault_set(fault, FAULT_INPUT, "%s: byte 6: expected version 1.0, 2.0 or 3.0, found %d.%d",
                         name, bytes[6], bytes[7]);
    const size_t digits = bytes[6] == 1 ? 2 : 4;
    *start = VERSION + digits;
    *count = 0;
    for (size_t i = 0; i < digits && VERSION + i < length; i++)
        *count |= (size_t)bytes[VERSION + i] << 8 * i;
    if (length < *start || *count > NPY_HEADER || *count > size - *start)
        return fault_set(fault, FAULT_INPUT,
                         "%s: byte %d: expected a header of at most %d bytes within the file of %" PRIu64
                         ", found the length %zu",
                         name, VERSION, NPY_HEADER, size, *count);
    return FAULT_NONE;
}

fault_status_t npy_header(const char *name, const unsigned char *bytes, size_t length, uint64_t size,
                          npy_t *result, fault_t *fault) {
    npy_t npy = {0};
    size_t start = 0, count = 0;
    uint64_t room, end;
    if (read_length(name, bytes, length, size, &start, &count, fault) != FAULT_NONE)
        return fault->status;
    reader_t reader = {name, (const char *)bytes, start, start + count, fault};
    if (!read_dictionary(&reader, &npy))
        return fault->status;
    npy.data = start + count;
    if (__builtin_mul_overflow(npy.elements, npy.item, &room) || __builtin_add_overflow(npy.data, room, &end))
        return fault_set(fault, FAULT_INPUT, "%s: its shape has more than 2^64 bytes", name);
    if (end != size)
        return fault_set(fault, FAULT_INPUT,
                         "%s: expected the end of the file at byte %" PRIu64
                         ", as shape and type ask for, found it at byte %" PRIu64,
                         name, end, size);
    *result = npy;
    return FAULT_NONE;
}

numbers_t npy_numbers(const npy_t *npy, const char *name, int descriptor) {
    return (numbers_t){.name = name,
                       .descriptor = descriptor,
                       .type = npy->type,
                       .big_endian = npy->big_endian,
                       .begin = npy->data};
}
