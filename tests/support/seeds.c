// SPDX-License-Identifier: GPL-3.0-or-later
// Random cases of tests; see seeds.h.
#include "support/seeds.h"

#include <stdlib.h>

slong seeds_times(slong base) {
    const char *text = getenv("MOEGEOM_TEST_MULTIPLIER");
    const double factor = text == NULL ? 1 : strtod(text, NULL);
    const double times = (double)base * (factor > 0 ? factor : 1);
    return times < 1 ? 1 : (slong)times;
}

stream_t seeds_stream(const char *test, slong seed) {
    return stream_at(UINT64_C(0x726f616473), stream_experiment(test), (uint32_t)seed);
}

slong seeds_pick(stream_t *stream, slong low, slong high) {
    return stream_pick(stream, low, high);
}
