// SPDX-License-Identifier: GPL-3.0-or-later
// routing/rank: every version against sorting, on rows with ties, zeros of both signs, extreme and subnormal numbers, and with
// numbers that are not finite in every place.
#include "routing/rank.h"

#include <float.h>
#include <string.h>

#include "support.h"

static const float MARK = -12345.75f; // what no version may overwrite

typedef struct shape {
    size_t rows, experts, active;
} shape_t;

// What a version found, with a mark behind each array.
typedef struct found {
    float *inside, *outside, *magnitude;
    size_t first;
} found_t;

static float *numbers(size_t n) {
    float *x = malloc(n * sizeof *x);
    assert_non_null(x);
    return x;
}

static float *marked(size_t rows) {
    float *x = numbers(rows + 1);
    for (size_t i = 0; i <= rows; i++)
        x[i] = MARK;
    return x;
}

static found_t find(rank_isa_t isa, const float *scores, const shape_t *shape) {
    found_t f = {marked(shape->rows), marked(shape->rows), marked(shape->rows), 0};
    f.first = rank_rows_with(isa, scores, shape->rows, shape->experts, shape->active, f.inside, f.outside,
                             f.magnitude);
    return f;
}

static void release(found_t *f) {
    free(f->inside);
    free(f->outside);
    free(f->magnitude);
}

static int descending(const void *x, const void *y) {
    const float a = *(const float *)x, b = *(const float *)y;
    return (a < b) - (a > b);
}

static void check_number(const char *what, rank_isa_t isa, const shape_t *shape, size_t row, float got,
                         float want) {
    if (!(got == want))
        fail_msg("%s, %s, N = %zu, k = %zu, row %zu of %zu: got %a, want %a", what, rank_isa_name(isa),
                 shape->experts, shape->active, row, shape->rows, (double)got, (double)want);
}

static void check_row(rank_isa_t isa, const float *scores, const shape_t *shape, const found_t *f,
                      size_t row) {
    const size_t n = shape->experts;
    float *sorted = numbers(n);
    memcpy(sorted, scores + row * n, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, descending);
    check_number("inside", isa, shape, row, f->inside[row], sorted[shape->active - 1]);
    check_number("outside", isa, shape, row, f->outside[row], sorted[shape->active]);
    check_number("magnitude", isa, shape, row, f->magnitude[row],
                 fmaxf(fabsf(sorted[0]), fabsf(sorted[n - 1])));
    free(sorted);
}

// All rows but those that are not finite, of which the first one is `first`.
static void check_rows(const float *scores, const shape_t *shape, const bool *broken, size_t first) {
    for (rank_isa_t isa = RANK_BASELINE; isa < RANK_ISA_COUNT; isa++) {
        if (!rank_isa_supported(isa))
            continue;
        found_t f = find(isa, scores, shape);
        if (f.first != first)
            fail_msg("%s, N = %zu, k = %zu: row %zu of %zu is said not to be finite, it is %zu",
                     rank_isa_name(isa), shape->experts, shape->active, f.first, shape->rows, first);
        for (size_t row = 0; row < shape->rows; row++)
            if (broken == NULL || !broken[row])
                check_row(isa, scores, shape, &f, row);
        check_number("behind the end", isa, shape, shape->rows, f.inside[shape->rows], MARK);
        check_number("behind the end", isa, shape, shape->rows, f.outside[shape->rows], MARK);
        check_number("behind the end", isa, shape, shape->rows, f.magnitude[shape->rows], MARK);
        release(&f);
    }
}

// ---- Rows of several kinds ----

enum { KINDS = 5 };

static float draw(stream_t *s, int kind) {
    static const float special[] = {0,         -0.0f,      FLT_MAX,         -FLT_MAX, FLT_MIN, -FLT_MIN,
                                    0x1p-149f, -0x1p-149f, 1 - FLT_EPSILON, 1,        -1,      3.4e38f};
    const double u = uniform(s, -1, 1);
    switch (kind) {
    case 0:
        return (float)u;
    case 1: // ties
        return (float)round(3 * u);
    case 2:
        return special[draw_below(s, sizeof special / sizeof *special)];
    case 3: // all negative
        return (float)(-7 - 5 * u);
    default: // a row in order, or nearly
        return (float)round(100 * u) / 64;
    }
}

static float *draw_rows(stream_t *s, const shape_t *shape, int kind) {
    const size_t n = shape->experts;
    float *x = numbers(shape->rows * n);
    for (size_t i = 0; i < shape->rows * n; i++)
        x[i] = draw(s, kind);
    if (kind == KINDS - 1)
        for (size_t row = 0; row < shape->rows; row += 2) {
            qsort(x + row * n, n, sizeof *x, descending);
            for (size_t i = 0; row % 4 == 0 && i < n / 2; i++) { // ascending
                const float swapped = x[row * n + i];
                x[row * n + i] = x[row * n + n - 1 - i];
                x[row * n + n - 1 - i] = swapped;
            }
        }
    return x;
}

static void check_shape(shape_t shape) {
    stream_t s = stream_at(17, stream_experiment("test_rank"),
                           (uint32_t)(shape.experts * 100003 + shape.active * 101 + shape.rows));
    for (int kind = 0; kind < KINDS; kind++) {
        float *x = draw_rows(&s, &shape, kind);
        check_rows(x, &shape, NULL, shape.rows);
        free(x);
    }
}

// Every k of few experts, and numbers of rows that fill vectors, and that do not.
static void test_small_shapes(void **state) {
    (void)state;
    for (size_t experts = 2; experts <= 34; experts++)
        for (size_t active = 1; active < experts; active++)
            check_shape((shape_t){1 + (3 * experts + 7 * active) % 37, experts, active});
    for (size_t rows = 1; rows <= 50; rows++)
        check_shape((shape_t){rows, 19, 5});
}

static void test_large_shapes(void **state) {
    (void)state;
    static const size_t experts[] = {60, 64, 65, 127, 128, 160, 256, 384, 1023, 2048};
    static const size_t active[] = {1, 2, 4, 6, 8, 9, 10, 16, 17, 32, 33, 63, 64, 65, 127, 1000};
    for (size_t i = 0; i < sizeof experts / sizeof *experts; i++) {
        for (size_t j = 0; j < sizeof active / sizeof *active; j++)
            if (active[j] < experts[i])
                check_shape((shape_t){18, experts[i], active[j]});
        check_shape((shape_t){17, experts[i], experts[i] - 1});
    }
}

// Rows that begin between the natural places of vectors, and a caller that does not want magnitudes.
static void test_unaligned(void **state) {
    (void)state;
    const shape_t shape = {41, 64, 8};
    stream_t s = stream_at(18, stream_experiment("test_rank"), 0);
    for (size_t shift = 1; shift < 16; shift++) {
        float *x = numbers(shape.rows * shape.experts + shift);
        for (size_t i = 0; i < shape.rows * shape.experts + shift; i++)
            x[i] = draw(&s, 0);
        check_rows(x + shift, &shape, NULL, shape.rows);
        found_t f = {marked(shape.rows), marked(shape.rows), marked(shape.rows), 0};
        f.first = rank_rows(x + shift, shape.rows, shape.experts, shape.active, f.inside, f.outside, NULL);
        assert_int_equal(f.first, shape.rows);
        rank_rows(x + shift, shape.rows, shape.experts, shape.active, f.inside, f.outside, f.magnitude);
        for (size_t row = 0; row < shape.rows; row++)
            check_row(RANK_BASELINE, x + shift, &shape, &f, row);
        release(&f);
        free(x);
    }
}

// The versions agree in every bit, also of the signs of zeros.
static void test_same_bits(void **state) {
    (void)state;
    stream_t s = stream_at(19, stream_experiment("test_rank"), 0);
    for (size_t active = 1; active < 70; active += 3) {
        const shape_t shape = {100, 70, active};
        float *x = draw_rows(&s, &shape, 2);
        found_t reference = find(RANK_BASELINE, x, &shape);
        for (rank_isa_t isa = RANK_AVX2; isa < RANK_ISA_COUNT; isa++) {
            if (!rank_isa_supported(isa))
                continue;
            found_t f = find(isa, x, &shape);
            assert_memory_equal(f.inside, reference.inside, shape.rows * sizeof *f.inside);
            assert_memory_equal(f.outside, reference.outside, shape.rows * sizeof *f.outside);
            assert_memory_equal(f.magnitude, reference.magnitude, shape.rows * sizeof *f.magnitude);
            release(&f);
        }
        release(&reference);
        free(x);
    }
}

// ---- What is not finite ----

static void check_broken_everywhere(shape_t shape, float broken_number) {
    stream_t s = stream_at(20, stream_experiment("test_rank"), (uint32_t)shape.experts);
    float *x = draw_rows(&s, &shape, 0);
    for (size_t i = 0; i < shape.rows * shape.experts; i++) {
        const float kept = x[i];
        bool *broken = calloc(shape.rows, sizeof *broken);
        assert_non_null(broken);
        broken[i / shape.experts] = true;
        x[i] = broken_number;
        check_rows(x, &shape, broken, i / shape.experts);
        x[i] = kept;
        free(broken);
    }
    free(x);
}

static void test_not_finite(void **state) {
    (void)state;
    static const float broken[] = {NAN, -NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        check_broken_everywhere((shape_t){3, 7, 2}, broken[i]);
        check_broken_everywhere((shape_t){21, 16, 4}, broken[i]);
        check_broken_everywhere((shape_t){19, 37, 8}, broken[i]);
        check_broken_everywhere((shape_t){2, 90, 70}, broken[i]);
    }
}

static void test_several_not_finite(void **state) {
    (void)state;
    stream_t s = stream_at(21, stream_experiment("test_rank"), 0);
    const shape_t shape = {150, 23, 3};
    for (int trial = 0; trial < 50; trial++) {
        float *x = draw_rows(&s, &shape, 0);
        bool broken[150] = {false};
        size_t first = shape.rows;
        for (int i = 0; i < 3; i++) {
            const size_t at = draw_below(&s, shape.rows * shape.experts);
            x[at] = i == 1 ? -INFINITY : NAN;
            broken[at / shape.experts] = true;
        }
        for (size_t row = shape.rows; row-- > 0;)
            first = broken[row] ? row : first;
        check_rows(x, &shape, broken, first);
        free(x);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_shapes), cmocka_unit_test(test_large_shapes),
        cmocka_unit_test(test_unaligned),    cmocka_unit_test(test_same_bits),
        cmocka_unit_test(test_not_finite),   cmocka_unit_test(test_several_not_finite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
