// SPDX-License-Identifier: GPL-3.0-or-later
// Expectations; see expect.h.
#include "support/expect.h"

#include <flint/fmpz_vec.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void print_vector(const char *name, const fmpz *vector, slong length) {
    fprintf(stderr, "%s", name);
    for (slong i = 0; i < length; i++) {
        fputc(' ', stderr);
        fmpz_fprint(stderr, vector + i);
    }
    fputc('\n', stderr);
}

static void end_as_failed(const expect_case_t *subject) {
    fprintf(stderr, "test %s, kind %s%s%s, seed %ld, instance\n", subject->test, subject->kind,
            subject->special == NULL ? "" : " ", subject->special == NULL ? "" : subject->special,
            subject->seed);
    if (subject->a != NULL)
        arrangement_print(stderr, subject->a);
    if (subject->layer != NULL)
        layer_print(stderr, subject->layer);
    fail();
}

void expect_true(const expect_case_t *subject, const char *what, bool holds) {
    if (holds)
        return;
    fprintf(stderr, "%s: no\n", what);
    end_as_failed(subject);
}

void expect_vector(const expect_case_t *subject, const char *what, const fmpz *found, const fmpz *expected,
                   slong length) {
    if (_fmpz_vec_equal(found, expected, length))
        return;
    fprintf(stderr, "%s:\n", what);
    print_vector("  found   ", found, length);
    print_vector("  expected", expected, length);
    end_as_failed(subject);
}

void expect_fmpz(const expect_case_t *subject, const char *what, const fmpz_t found, const fmpz_t expected) {
    expect_vector(subject, what, found, expected, 1);
}

void expect_si(const expect_case_t *subject, const char *what, slong found, slong expected) {
    if (found == expected)
        return;
    fprintf(stderr, "%s:\n  found    %ld\n  expected %ld\n", what, found, expected);
    end_as_failed(subject);
}
