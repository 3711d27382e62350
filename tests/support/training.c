// SPDX-License-Identifier: GPL-3.0-or-later
// Tests of trained layers; see training.h.
#include "support/training.h"

#include "support.h"

#include <string.h>

long double training_affine(const double *w, const long double *x, size_t n) {
    long double sum = w[n];
    for (size_t i = 0; i < n; i++)
        sum += w[i] * x[i];
    return sum;
}

bool training_member(const long double *logits, size_t n, size_t k, size_t i) {
    size_t before = 0;
    for (size_t j = 0; j < n; j++)
        before += logits[j] > logits[i] || (logits[j] == logits[i] && j < i);
    return before < k;
}

void training_quadrants(stream_t *stream, size_t count, double *inputs, size_t *labels) {
    for (size_t i = 0; i < count; i++) {
        labels[i] = draw_below(stream, 4);
        inputs[2 * i] = (labels[i] & 1 ? 1 : -1) * uniform(stream, 0.1, 1);
        inputs[2 * i + 1] = (labels[i] & 2 ? 1 : -1) * uniform(stream, 0.1, 1);
    }
}

uint64_t training_hash(const double *numbers, size_t count) {
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < count; i++) {
        uint64_t bits;
        memcpy(&bits, numbers + i, sizeof bits);
        hash = (hash ^ bits) * 1099511628211u;
    }
    return hash;
}
