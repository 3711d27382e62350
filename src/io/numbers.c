// SPDX-License-Identifier: GPL-3.0-or-later
// Numbers that lie packed in a file; see numbers.h.
#include "io/numbers.h"

#include "io/floats.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 1 << 16 };

// ---- Integers ----

static double integer8(const unsigned char *bytes) {
    return (double)(int8_t)bytes[0];
}

static double integer16(const unsigned char *bytes) {
    uint16_t word;
    memcpy(&word, bytes, sizeof word);
    return (double)(int16_t)le16toh(word);
}

static double integer32(const unsigned char *bytes) {
    uint32_t word;
    memcpy(&word, bytes, sizeof word);
    return (double)(int32_t)le32toh(word);
}

static double integer64(const unsigned char *bytes) {
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return (double)(int64_t)le64toh(word);
}

static double natural8(const unsigned char *bytes) {
    return (double)bytes[0];
}

static double natural16(const unsigned char *bytes) {
    uint16_t word;
    memcpy(&word, bytes, sizeof word);
    return (double)le16toh(word);
}

static double natural32(const unsigned char *bytes) {
    uint32_t word;
    memcpy(&word, bytes, sizeof word);
    return (double)le32toh(word);
}

static double natural64(const unsigned char *bytes) {
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return (double)le64toh(word);
}

// ---- Types ----

static const struct {
    size_t item;
    bool whole;
    floats_convert_t convert;
    floats_expand_t expand; // NULL: not all numbers are binary32
} types[] = {
    [NUMBERS_F64] = {8, false, floats_binary64, NULL},
    [NUMBERS_F32] = {4, false, floats_binary32, floats_binary32s},
    [NUMBERS_F16] = {2, false, floats_binary16, floats_binary16s},
    [NUMBERS_BF16] = {2, false, floats_bfloat16, floats_bfloat16s},
    [NUMBERS_I8] = {1, true, integer8, NULL},
    [NUMBERS_I16] = {2, true, integer16, NULL},
    [NUMBERS_I32] = {4, true, integer32, NULL},
    [NUMBERS_I64] = {8, true, integer64, NULL},
    [NUMBERS_U8] = {1, true, natural8, NULL},
    [NUMBERS_U16] = {2, true, natural16, NULL},
    [NUMBERS_U32] = {4, true, natural32, NULL},
    [NUMBERS_U64] = {8, true, natural64, NULL},
};

size_t numbers_item(numbers_type_t type) {
    return types[type].item;
}

bool numbers_whole(numbers_type_t type) {
    return types[type].whole;
}

bool numbers_single(numbers_type_t type) {
    return types[type].expand != NULL;
}

const char *numbers_call(double value) {
    return isnan(value) ? "NaN" : value < 0 ? "-infinity" : "infinity";
}

// ---- Reading ----

fault_status_t numbers_open(const char *name, int *descriptor, uint64_t *size, fault_t *fault) {
    struct stat status;
    *descriptor = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*descriptor < 0 || fstat(*descriptor, &status) != 0)
        return fault_set(fault, FAULT_INPUT, "cannot read %s: %s", name, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return fault_set(fault, FAULT_INPUT, "cannot read %s: %s", name,
                         S_ISDIR(status.st_mode) ? strerror(EISDIR) : "it is not a regular file");
    *size = (uint64_t)status.st_size;
    return FAULT_NONE;
}

fault_status_t numbers_bytes(const char *name, int descriptor, void *bytes, size_t length, uint64_t offset,
                             fault_t *fault) {
    for (size_t done = 0; done < length;) {
        const ssize_t read = pread(descriptor, (char *)bytes + done, length - done, (off_t)(offset + done));
        if (read < 0 && errno == EINTR)
            continue;
        if (read <= 0)
            return fault_set(fault, FAULT_INPUT, "cannot read %s at byte %" PRIu64 ": %s", name,
                             offset + done, read < 0 ? strerror(errno) : "the file has become shorter");
        done += (size_t)read;
    }
    return FAULT_NONE;
}

// Turns each of the numbers that are `step` bytes apart to the little-endian order.
static void swap(unsigned char *bytes, size_t item, size_t step, size_t count) {
    uint16_t two;
    uint32_t four;
    uint64_t eight;
    for (size_t i = 0; i < count; i++, bytes += step)
        switch (item) {
        case 2:
            memcpy(&two, bytes, 2);
            two = __builtin_bswap16(two);
            memcpy(bytes, &two, 2);
            break;
        case 4:
            memcpy(&four, bytes, 4);
            four = __builtin_bswap32(four);
            memcpy(bytes, &four, 4);
            break;
        case 8:
            memcpy(&eight, bytes, 8);
            eight = __builtin_bswap64(eight);
            memcpy(bytes, &eight, 8);
            break;
        default: // a single byte has no order
            break;
        }
}

// One block of numbers, in bytes.
typedef struct part {
    size_t count, step;
    unsigned char bytes[BLOCK];
} part_t;

// Reads as many of `left` numbers as have room in a block.
static fault_status_t read_part(const numbers_t *numbers, uint64_t first, uint64_t step, size_t left,
                                part_t *part, fault_t *fault) {
    const size_t item = types[numbers->type].item;
    const uint64_t most = 1 + (BLOCK / item - 1) / step;
    part->count = left < most ? left : (size_t)most;
    part->step = part->count > 1 ? (size_t)step * item : item;
    const size_t length = (part->count - 1) * part->step + item;
    if (numbers_bytes(numbers->name, numbers->descriptor, part->bytes, length, numbers->begin + first * item,
                      fault) == FAULT_NONE &&
        numbers->big_endian)
        swap(part->bytes, item, part->step, part->count);
    return fault->status;
}

// Whether the numbers lie in the file as they lie in memory.
static bool native(const numbers_t *numbers, numbers_type_t type, uint64_t step, size_t stride) {
    return numbers->type == type && step == 1 && stride == 1 &&
           numbers->big_endian == (__BYTE_ORDER == __BIG_ENDIAN);
}

fault_status_t numbers_doubles(const numbers_t *numbers, uint64_t first, uint64_t step, size_t count,
                               double *values, size_t stride, fault_t *fault) {
    if (native(numbers, NUMBERS_F64, step, stride))
        return numbers_bytes(numbers->name, numbers->descriptor, values, count * sizeof *values,
                             numbers->begin + first * sizeof *values, fault);
    const floats_convert_t convert = types[numbers->type].convert;
    part_t part;
    for (size_t done = 0; done < count; done += part.count) {
        if (read_part(numbers, first + done * step, step, count - done, &part, fault) != FAULT_NONE)
            return fault->status;
        for (size_t i = 0; i < part.count; i++)
            values[(done + i) * stride] = convert(part.bytes + i * part.step);
    }
    return FAULT_NONE;
}

fault_status_t numbers_floats(const numbers_t *numbers, uint64_t first, uint64_t step, size_t count,
                              float *values, size_t stride, fault_t *fault) {
    if (native(numbers, NUMBERS_F32, step, stride))
        return numbers_bytes(numbers->name, numbers->descriptor, values, count * sizeof *values,
                             numbers->begin + first * sizeof *values, fault);
    const floats_convert_t convert = types[numbers->type].convert;
    part_t part;
    for (size_t done = 0; done < count; done += part.count) {
        if (read_part(numbers, first + done * step, step, count - done, &part, fault) != FAULT_NONE)
            return fault->status;
        if (step == 1 && stride == 1)
            types[numbers->type].expand(part.bytes, part.count, values + done);
        else
            for (size_t i = 0; i < part.count; i++)
                values[(done + i) * stride] = (float)convert(part.bytes + i * part.step);
    }
    return FAULT_NONE;
}
