// SPDX-License-Identifier: GPL-3.0-or-later
// SHA-256 (FIPS 180-4) of what is printed to a stream.
#ifndef MOEGEOM_IO_DIGEST_H
#define MOEGEOM_IO_DIGEST_H

#include <stdio.h>

enum { DIGEST_ROOM = 65 }; // 64 hexadecimal digits and the end

typedef struct digest digest_t;

// NULL when memory is short.
digest_t *digest_alloc(void);

// The stream to print to. Valid until digest_finish.
FILE *digest_stream(digest_t *digest);

// Writes the digest of all that was printed in lower-case hexadecimal, and frees `digest`. Returns GSL_SUCCESS,
// or GSL_EFAILED when the stream failed on the way.
int digest_finish(digest_t *digest, char text[DIGEST_ROOM]);

#endif
