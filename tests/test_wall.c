// SPDX-License-Identifier: GPL-3.0-or-later
// routing/wall: the distance against the nearest point of each wall, found by projection and by the coalitions on both sides.
#include "routing/wall.h"
#include "support.h"

enum { MOST = 9, DIMENSION = 4 };

typedef struct {
    size_t experts, active;
    double rows[MOST * (DIMENSION + 1)]; // with biases
} router_t;

static router_t draw_router(stream_t *s) {
    router_t r = {.experts = 2 + draw_below(s, MOST - 1)};
    r.active = 1 + draw_below(s, r.experts - 1);
    stream_normals(s, r.rows, r.experts * (DIMENSION + 1));
    return r;
}

static void evaluate(const router_t *r, const double *x, double *logits) {
    for (size_t i = 0; i < r->experts; i++) {
        logits[i] = r->rows[i * (DIMENSION + 1) + DIMENSION];
        for (size_t c = 0; c < DIMENSION; c++)
            logits[i] += r->rows[i * (DIMENSION + 1) + c] * x[c];
    }
}

// The coalition as a set: an expert is in it when fewer than k are larger.
static unsigned coalition(const router_t *r, const double *x) {
    double logits[MOST];
    unsigned set = 0;
    evaluate(r, x, logits);
    for (size_t i = 0; i < r->experts; i++) {
        size_t larger = 0;
        for (size_t j = 0; j < r->experts; j++)
            larger += logits[j] > logits[i] || (logits[j] == logits[i] && j < i);
        set |= larger < r->active ? 1u << i : 0;
    }
    return set;
}

// By bisection along the normals of all pairs, whichever side they are on: the least step at which the coalition is another.
static double brute_distance(const router_t *r, const double *x) {
    const unsigned here = coalition(r, x);
    double least = INFINITY;
    for (size_t i = 0; i < r->experts; i++)
        for (size_t j = 0; j < r->experts; j++) {
            double direction[DIMENSION], length = 0, low = 0, high = 64, y[DIMENSION];
            for (size_t c = 0; c < DIMENSION && i != j; c++) {
                direction[c] = r->rows[i * (DIMENSION + 1) + c] - r->rows[j * (DIMENSION + 1) + c];
                length += direction[c] * direction[c];
            }
            for (int step = 0; step < 80 && i != j; step++) {
                const double middle = (low + high) / 2;
                for (size_t c = 0; c < DIMENSION; c++)
                    y[c] = x[c] + middle * direction[c] / sqrt(length);
                *(coalition(r, y) == here ? &low : &high) = middle;
            }
            if (i != j && high < 64 && high < least)
                least = high;
        }
    return least;
}

static void test_distance(void **state) {
    (void)state;
    size_t apart = 0;
    for (uint32_t seed = 0; seed < 300; seed++) {
        stream_t s = stream_at(72, 1, seed);
        const router_t r = draw_router(&s);
        double x[DIMENSION], logits[MOST], lengths[MOST * MOST];
        size_t order[MOST];
        stream_normals(&s, x, DIMENSION);
        evaluate(&r, x, logits);
        wall_lengths(r.rows, r.experts, DIMENSION, DIMENSION + 1, lengths);
        const wall_t wall = wall_nearest(logits, r.experts, r.active, lengths, order);
        const double brute = brute_distance(&r, x);
        if (brute < INFINITY)
            check_close(INPUT("seed %u: N = %zu, k = %zu", seed, r.experts, r.active), wall.distance, brute,
                        1e-10 * (1 + brute));
        const unsigned here = coalition(&r, x);
        assert_true((here >> wall.member & 1) == 1 && (here >> wall.other & 1) == 0);
        apart += !wall.adjacent;
    }
    assert_true(apart > 10); // the nearest wall is not always that of the ranks k and k + 1
}

// Experts with one row have no wall between them; of equal logits the first is the member, at distance 0.
static void test_degenerate(void **state) {
    (void)state;
    static const double rows[] = {1, 0, 1, 0, 0, 1}, logits[] = {0.7, 0.7, 0.7};
    double lengths[9];
    size_t order[3];
    wall_lengths(rows, 3, 2, 2, lengths);
    const wall_t twins = wall_nearest(logits, 2, 1, (const double[]){0, 0, 0, 0}, order);
    assert_true(isinf(twins.distance));
    const wall_t wall = wall_nearest(logits, 3, 1, lengths, order);
    assert_true(wall.distance == 0 && wall.member == 0 && wall.other == 2 && !wall.adjacent);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_distance), cmocka_unit_test(test_degenerate)};
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
