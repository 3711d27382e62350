// SPDX-License-Identifier: GPL-3.0-or-later
// libFuzzer target: .npy files and texts as dumps of a router. See run.sh.
#include "fuzz.h"

#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char path[64];
    // A header alone, with its numbers: the rest of the file is made.
    const int file = size > 0 && data[0] == '{' ? fuzz_headed(data, size, "\x93NUMPY\1\0\0\0", 10, 2, path)
                                                : fuzz_file(data, size, path);
    fuzz_dump(path);
    close(file);
    return 0;
}
