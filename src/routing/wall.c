// SPDX-License-Identifier: GPL-3.0-or-later
// Distances from the walls of a top-k router; see wall.h.
#include "routing/wall.h"

#include "routing/topk_layer.h"

#include <math.h>

void wall_lengths(const double *rows, size_t n, size_t d, size_t stride, double *lengths) {
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++) {
            double sum = 0;
            for (size_t c = 0; c < d; c++) {
                const double difference = rows[i * stride + c] - rows[j * stride + c];
                sum += difference * difference;
            }
            lengths[i * n + j] = lengths[j * n + i] = sqrt(sum);
        }
}

// The k members first, by falling logits; then the largest of the others, and the rest of them.
static void rank_members(const double *logits, size_t n, size_t active, size_t *order) {
    topk_choose(logits, n, active + 1, order);
    for (size_t i = 0, place = active + 1; i < n; i++) {
        bool ranked = false;
        for (size_t a = 0; a <= active; a++)
            ranked |= order[a] == i;
        if (!ranked)
            order[place++] = i;
    }
}

wall_t wall_nearest(const double *logits, size_t n, size_t active, const double *lengths, size_t *order) {
    wall_t nearest = {.distance = INFINITY};
    rank_members(logits, n, active, order);
    for (size_t a = 0; a < active; a++)
        for (size_t b = active; b < n; b++) {
            const size_t i = order[a], j = order[b];
            const double distance = (logits[i] - logits[j]) / lengths[i * n + j];
            if (lengths[i * n + j] > 0 && distance < nearest.distance)
                nearest = (wall_t){distance, i, j, a == active - 1 && b == active};
        }
    return nearest;
}
