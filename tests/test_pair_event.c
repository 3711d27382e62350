// SPDX-License-Identifier: GPL-3.0-or-later
// routing/pair_event: known cases, long double where it is certain, symmetry, scales, events within an ulp of the border, what
// must be refused.
#include "routing/pair_event.h"

#include "support.h"

#include <gsl/gsl_errno.h>

typedef struct event {
    double logits[2], tau, epsilon;
} event_t;

static const char *describe(const event_t *e) {
    return INPUT("logits %a %a, tau %a, epsilon %a", e->logits[0], e->logits[1], e->tau, e->epsilon);
}

static bool gate(const event_t *e) {
    bool inside;
    const int status = pair_event_gate(e->logits, e->tau, e->epsilon, &inside);
    if (status != GSL_SUCCESS)
        fail_msg("%s: gate, status %d", describe(e), status);
    return inside;
}

static bool slab(const event_t *e) {
    bool inside;
    const int status = pair_event_slab(e->logits, e->tau, e->epsilon, &inside);
    if (status != GSL_SUCCESS)
        fail_msg("%s: slab, status %d", describe(e), status);
    return inside;
}

static void check(const event_t *e, bool want) {
    if (gate(e) != want || slab(e) != want)
        fail_msg("%s: gate %d, slab %d, want %d", describe(e), gate(e), slab(e), want);
}

static event_t draw(stream_t *s) {
    const double tau = log_uniform(s, 1e-3, 1e3), epsilon = uniform(s, 0, 0.5);
    return (event_t){{tau * uniform(s, -5, 5), tau * uniform(s, -5, 5)}, tau, epsilon};
}

static void test_known(void **state) {
    (void)state;
    check(&(event_t){{1, 1}, 1e-300, 0.4999}, true);
    check(&(event_t){{1.09, 0}, 1, 0.25}, true); // ln 3 = 1.0986...
    check(&(event_t){{0, 1.1}, 1, 0.25}, false);
    check(&(event_t){{1e300, -1e300}, 1e300, 0.11}, true); // ln(0.89 / 0.11) = 2.09
    check(&(event_t){{1e300, -1e300}, 1e300, 0.12}, false);
}

static void test_against_long_double(void **state) {
    (void)state;
    stream_t s = stream_at(6, stream_experiment("pair events"), 0);
    for (int trial = 0; trial < 3000; trial++) {
        const event_t e = draw(&s);
        const long double odds =
            expl(((long double)e.logits[0] - (long double)e.logits[1]) / (long double)e.tau);
        const long double p = odds / (1 + odds), room = 1e-15L;
        if (fabsl(p - (long double)e.epsilon) < room || fabsl(1 - p - (long double)e.epsilon) < room)
            continue;
        check(&e, p >= (long double)e.epsilon && p <= 1 - (long double)e.epsilon);
    }
}

// Swapped logits, and everything scaled by a power of two.
static void test_symmetries(void **state) {
    (void)state;
    stream_t s = stream_at(6, stream_experiment("pair symmetries"), 0);
    for (int trial = 0; trial < 300; trial++) {
        const event_t e = draw(&s);
        const int shift = (int)draw_below(&s, 1000) - 500;
        const event_t swapped = {{e.logits[1], e.logits[0]}, e.tau, e.epsilon};
        const event_t scaled = {
            {ldexp(e.logits[0], shift), ldexp(e.logits[1], shift)}, ldexp(e.tau, shift), e.epsilon};
        check(&swapped, slab(&e));
        check(&scaled, slab(&e));
    }
}

// The difference of the logits a few ulp around kappa tau, seen from a common offset that doubles would lose.
static void test_border(void **state) {
    (void)state;
    stream_t s = stream_at(6, stream_experiment("pair border"), 0);
    int crossed = 0;
    for (int trial = 0; trial < 300; trial++) {
        event_t e = draw(&s);
        const double width = e.tau * log((1 - e.epsilon) / e.epsilon);
        bool before = true;
        for (int ulps = -6; ulps <= 6; ulps++) {
            e.logits[0] = width * (1 + ulps * 0x1p-52);
            e.logits[1] = 0;
            const bool now = slab(&e);
            check(&e, now);
            crossed += before && !now;
            assert_true(before || !now);
            before = now;
        }
    }
    assert_true(crossed > 280); // the border is within six ulp, or the logarithm of doubles near 1 is worse
}

static void test_extremes(void **state) {
    (void)state;
    check(&(event_t){{1.7e308, -1.7e308}, 5e-324, 0.4}, false);
    check(&(event_t){{1.7e308, 1.7e308}, 5e-324, 0.4}, true);
    check(&(event_t){{1e300, nextafter(1e300, 0)}, 1e290, 1e-6}, true);
    check(&(event_t){{1e300, nextafter(1e300, 0)}, 1e280, 1e-6}, false);
    check(&(event_t){{500, 0}, 1, 1e-300}, true); // ln 1e300 = 690.8
    check(&(event_t){{691, 0}, 1, 1e-300}, false);
}

static void test_refused(void **state) {
    (void)state;
    const event_t bad[] = {{{NAN, 0}, 1, 0.1},     {{0, INFINITY}, 1, 0.1}, {{0, 0}, 0, 0.1},
                           {{0, 0}, -1, 0.1},      {{0, 0}, 1, 0},          {{0, 0}, 1, 0.5},
                           {{0, 0}, INFINITY, 0.1}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        bool inside = true;
        assert_int_equal(pair_event_gate(bad[i].logits, bad[i].tau, bad[i].epsilon, &inside), GSL_EINVAL);
        assert_int_equal(pair_event_slab(bad[i].logits, bad[i].tau, bad[i].epsilon, &inside), GSL_EINVAL);
        assert_true(inside);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),      cmocka_unit_test(test_against_long_double),
        cmocka_unit_test(test_symmetries), cmocka_unit_test(test_border),
        cmocka_unit_test(test_extremes),   cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests_name("pair_event", tests, NULL, NULL);
}
