// SPDX-License-Identifier: GPL-3.0-or-later
// SHA-256 of a stream; see digest.h. The function itself is libmd's.
#include "io/digest.h"

#include <gsl/gsl_errno.h>
#include <stdint.h>
#include <sys/types.h>

#include <sha256.h>
#include <stdlib.h>

struct digest {
    SHA256_CTX state;
    FILE *stream;
};

static ssize_t absorb(void *cookie, const char *bytes, size_t length) {
    digest_t *digest = cookie;
    SHA256_Update(&digest->state, (const uint8_t *)bytes, length);
    return (ssize_t)length;
}

digest_t *digest_alloc(void) {
    digest_t *digest = calloc(1, sizeof *digest);
    if (digest == NULL)
        return NULL;
    SHA256_Init(&digest->state);
    digest->stream = fopencookie(digest, "w", (cookie_io_functions_t){.write = absorb});
    if (digest->stream != NULL)
        return digest;
    free(digest);
    return NULL;
}

FILE *digest_stream(digest_t *digest) {
    return digest->stream;
}

int digest_finish(digest_t *digest, char text[DIGEST_ROOM]) {
    const int failed = ferror(digest->stream);
    const int closed = fclose(digest->stream);
    SHA256_End(&digest->state, text);
    free(digest);
    return failed || closed != 0 ? GSL_EFAILED : GSL_SUCCESS;
}
