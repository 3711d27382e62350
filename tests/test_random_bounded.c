// SPDX-License-Identifier: GPL-3.0-or-later
// routing/random_bounded: layers are within their own class, and C is the least: by counting the rows below each margin.
#include "routing/random_bounded.h"

#include "support.h"

static const char *describe(const random_bounded_t *layer, int number) {
    const gap_bound_t *p = &layer->problem;
    return INPUT("number %d: %zu experts, alpha %g, C %a, B_f %a, B_Y %a", number, p->experts, p->alpha,
                 p->mass, p->expert, p->response);
}

// Largest minus second largest, by comparing all pairs.
static double margin_of(const double *logits, size_t experts) {
    double margin = 0;
    for (size_t k = 0; k < experts; k++) {
        double least = INFINITY;
        for (size_t j = 0; j < experts; j++)
            least = j == k ? least : fmin(least, logits[k] - logits[j]);
        margin = fmax(margin, least);
    }
    return margin;
}

static void check_law(const char *input, const random_bounded_t *layer) {
    enum { ROWS = RANDOM_BOUNDED_ROWS };
    const gap_bound_t *p = &layer->problem;
    double margins[ROWS], most = 0;
    for (size_t i = 0; i < ROWS; i++)
        margins[i] = margin_of(layer->logits + i * p->experts, p->experts);
    for (size_t i = 0; i < ROWS; i++) {
        int below = 0;
        for (size_t j = 0; j < ROWS; j++)
            below += margins[j] <= margins[i];
        most = fmax(most, (double)below / ROWS / (p->mass * pow(margins[i], p->alpha)));
    }
    check_close(input, most, 1, 1e-13); // nowhere above C t^alpha, and attained
}

static void test_draw(void **state) {
    (void)state;
    stream_t s = stream_at(1, stream_experiment("random_bounded"), 0);
    for (int number = 0; number < 400; number++) {
        random_bounded_t layer;
        const random_bounded_shape_t shape = number % 2 == 0 ? RANDOM_BOUNDED_FREE : RANDOM_BOUNDED_OPPOSED;
        random_bounded_draw(&s, shape, 2 + draw_below(&s, RANDOM_BOUNDED_MOST_EXPERTS - 1),
                            uniform(&s, 0.3, 3), &layer);
        const char *input = describe(&layer, number);
        const gap_bound_t *p = &layer.problem;
        assert_true(p->expert >= 0.1 && p->expert <= 10 && p->response >= 0.1 && p->response <= 10);
        check_law(input, &layer);
        if (shape == RANDOM_BOUNDED_OPPOSED)
            check_close(input, p->mass, 1, 1e-13);
        for (size_t i = 0; i < RANDOM_BOUNDED_ROWS; i++) {
            if (fabs(layer.targets[i]) > p->response)
                fail_msg("%s: target %a", input, layer.targets[i]);
            for (size_t k = 0; k < p->experts; k++)
                if (fabs(layer.outputs[i * p->experts + k]) > p->expert)
                    fail_msg("%s: output %a", input, layer.outputs[i * p->experts + k]);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_draw)};
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("random_bounded", tests, NULL, NULL);
}
