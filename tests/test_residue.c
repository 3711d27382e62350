// SPDX-License-Identifier: GPL-3.0-or-later
// number/residue: fields against FLINT, and the kernels of every instruction set that this CPU has against plain loops
// and integers, for all small shapes, with guards behind the padding.
//
// The module is compiled into the test, so that the versions can be called one by one; the library's copy is then
// not linked.
#include "number/residue.c"

#include "support.h"
#include "support/seeds.h"

#include <flint/fmpz.h>

enum { SMALL = 40, GUARDS = 32 };

#define KERNELS(version)                                                                                     \
    {                                                                                                        \
        .differences = differences_##version, .zeros = zeros_##version, .invert = invert_##version,          \
        .quotients = quotients_##version, .repeats = repeats_##version, .subtract = subtract_##version,      \
        .scale = scale_##version, .products = products_##version                                             \
    }

static const uint64_t GUARD = 0x7FF8ABCDEF012345; // a NaN that no computation makes

typedef struct version {
    const char *name;
    kernels_t kernels;
} version_t;

// The versions that this CPU can run, and the one that it chooses; returns how many.
static size_t find_versions(version_t versions[4]) {
    size_t count = 0;
    versions[count++] = (version_t){"chosen", *kernels()};
    versions[count++] = (version_t){"baseline", KERNELS(baseline)};
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        versions[count++] = (version_t){"avx2", KERNELS(avx2)};
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl"))
        versions[count++] = (version_t){"avx512", KERNELS(avx512)};
#endif
    return count;
}

// ---- Arrays ----

static double *doubles(size_t count) {
    if (count >= 1 << 20) // no shape is so large, which the compiler cannot know
        abort();
    double *array = malloc(count * sizeof *array);
    assert_non_null(array);
    return array;
}

// `count` doubles and padding, and guards behind them.
static double *guarded(size_t count) {
    double *array = doubles(count + RESIDUE_PADDING + GUARDS);
    for (size_t i = 0; i < count + RESIDUE_PADDING + GUARDS; i++)
        memcpy(array + i, &GUARD, sizeof GUARD);
    return array;
}

// Fails when something behind the first `used` doubles was written; frees the array.
static void release(const char *input, double *array, size_t used) {
    for (size_t i = used; i < used + GUARDS; i++)
        if (memcmp(array + i, &GUARD, sizeof GUARD) != 0)
            fail_msg("%s: %zu doubles behind what may be written were written", input, i - used + 1);
    free(array);
}

static void expect_same(const char *input, size_t place, double found, double expected) {
    if (!(found == expected))
        fail_msg("%s: place %zu: found %a, expected %a", input, place, found, expected);
}

// A residue: mostly random, often the largest, the least or a small one, so that many are equal.
static double draw_residue(const residue_field_t *field, stream_t *stream) {
    switch (seeds_pick(stream, 0, 9)) {
    case 0:
        return field->half;
    case 1:
        return -field->half;
    case 2:
    case 3:
        return (double)seeds_pick(stream, -2, 2);
    default:
        return (double)seeds_pick(stream, -(slong)field->half, (slong)field->half);
    }
}

// A number |x| < p, not 0: an unreduced difference.
static double draw_difference(const residue_field_t *field, stream_t *stream) {
    switch (seeds_pick(stream, 0, 6)) {
    case 0:
        return field->p - 1;
    case 1:
        return 1 - field->p;
    case 2:
        return (double)seeds_pick(stream, 1, 3);
    case 3:
        return -field->half;
    default:
        return (double)seeds_pick(stream, 1, (slong)field->prime - 1) * (seeds_pick(stream, 0, 1) ? 1 : -1);
    }
}

// `count` residues, whose padding repeats them so that a kernel that looks there is found out. Not one double more.
static double *draw_column(const residue_field_t *field, size_t count, stream_t *stream) {
    double *column = doubles(count + RESIDUE_PADDING);
    for (size_t i = 0; i < count + RESIDUE_PADDING; i++)
        column[i] = i < count || count == 0 ? draw_residue(field, stream) : column[i % count];
    return column;
}

// ---- Fields and single residues ----

static void test_fields_are_the_primes_below(void **state) {
    (void)state;
    ulong above = UWORD(1) << 50;
    for (ulong number = 0; number < 20; number++) {
        const residue_field_t field = residue_field(number);
        assert_true(n_is_prime(field.prime) && field.prime < above);
        for (ulong between = field.prime + 1; between < above; between++)
            assert_false(n_is_prime(between));
        assert_true(field.p == (double)field.prime && field.half == (double)(field.prime / 2) &&
                    field.inverse == 1 / field.p);
        above = field.prime;
    }
}

// The residue of least absolute value by FLINT.
static double residue_by_flint(const residue_field_t *field, const fmpz_t integer) {
    fmpz_t prime, residue;
    fmpz_init_set_ui(prime, field->prime);
    fmpz_init(residue);
    fmpz_smod(residue, integer, prime);
    const double x = (double)fmpz_get_si(residue);
    fmpz_clear(prime);
    fmpz_clear(residue);
    return x;
}

static void expect_residue(const residue_field_t *field, const fmpz_t integer) {
    const double found = residue_of(field, integer), expected = residue_by_flint(field, integer);
    if (found != expected) {
        fmpz_fprint(stderr, integer);
        fail_msg(" modulo %lu: found %.17g, expected %.17g", field->prime, found, expected);
    }
}

static void test_residues_of_integers(void **state) {
    (void)state;
    stream_t stream = seeds_stream("residues", 0);
    fmpz_t integer;
    fmpz_init(integer);
    for (ulong number = 0; number < 3; number++) {
        const residue_field_t field = residue_field(number);
        for (slong sign = -1; sign <= 1; sign += 2)
            for (slong half = 0; half <= 5; half++) // near all multiples of p / 2 up to 5
                for (slong by = -2; by <= 2; by++) {
                    fmpz_set_si(integer, sign * (half * (slong)field.prime / 2 + by));
                    expect_residue(&field, integer);
                }
        for (int i = 0; i < 2000; i++) {
            fmpz_set_si(integer, seeds_pick(&stream, -(WORD(1) << 60), WORD(1) << 60));
            fmpz_pow_ui(integer, integer, (ulong)seeds_pick(&stream, 0, 4));
            expect_residue(&field, integer);
        }
    }
    fmpz_clear(integer);
}

static void test_products(void **state) {
    (void)state;
    stream_t stream = seeds_stream("products", 0);
    fmpz_t product;
    fmpz_init(product);
    for (ulong number = 0; number < 3; number++) {
        const residue_field_t field = residue_field(number);
        for (slong i = 0; i < seeds_times(20000); i++) {
            const double x = draw_difference(&field, &stream);
            const double y = i % 2 ? draw_difference(&field, &stream) : draw_residue(&field, &stream);
            fmpz_set_si(product, (slong)x);
            fmpz_mul_si(product, product, (slong)y);
            expect_same(INPUT("%.17g * %.17g modulo %lu", x, y, field.prime), 0,
                        residue_multiply(&field, x, y), residue_by_flint(&field, product));
        }
    }
    fmpz_clear(product);
}

static void test_pairs_of_a_triangle(void **state) {
    (void)state;
    for (size_t first = 0; first <= SMALL; first++) {
        size_t pairs = 0;
        for (size_t last = first; last <= SMALL; pairs += last++)
            assert_int_equal(residue_pairs(first, last), pairs);
    }
}

// ---- Kernels: each test runs one shape on one version ----

typedef void (*shape_test_t)(const version_t *version, const residue_field_t *field, size_t first,
                             size_t last, stream_t *stream);

// All small triangles, some long rows, and one triangle as the walk has them, for every version.
static void for_all_shapes(const char *test, shape_test_t run) {
    version_t versions[4];
    const size_t count = find_versions(versions);
    const residue_field_t field = residue_field(0);
    for (size_t v = 0; v < count; v++) {
        stream_t stream = seeds_stream(test, (slong)v);
        for (size_t last = 0; last <= SMALL; last++)
            for (size_t first = 0; first <= last; first++)
                run(&versions[v], &field, first, last, &stream);
        for (size_t row = 60; row < 1000; row = row * 3 / 2 + 1)
            run(&versions[v], &field, row, row + 1, &stream);
        run(&versions[v], &field, 1, 91, &stream);
    }
}

static void run_differences(const version_t *version, const residue_field_t *field, size_t first, size_t last,
                            stream_t *stream) {
    const size_t pairs = residue_pairs(first, last);
    double *column = draw_column(field, last, stream), *out = guarded(pairs);
    const char *input = INPUT("%s differences of rows %zu to %zu", version->name, first, last);
    const bool found = version->kernels.differences(column, first, last, out);
    bool zero = false;
    size_t place = 0;
    for (size_t t = first; t < last; t++)
        for (size_t s = 0; s < t; s++, place++) {
            expect_same(input, place, out[place], column[s] - column[t]);
            zero |= column[s] == column[t];
        }
    if (found != zero)
        fail_msg("%s: zero found: %d, expected %d", input, found, zero);
    release(input, out, pairs + RESIDUE_PADDING);
    free(column);
}

static void test_differences(void **state) {
    (void)state;
    for_all_shapes("differences", run_differences);
}

static void run_quotients(const version_t *version, const residue_field_t *field, size_t first, size_t last,
                          stream_t *stream) {
    const size_t pairs = residue_pairs(first, last);
    double *column = draw_column(field, last, stream), *out = guarded(pairs);
    double *inverses = doubles(pairs + RESIDUE_PADDING);
    for (size_t i = 0; i < pairs + RESIDUE_PADDING; i++)
        inverses[i] = draw_difference(field, stream);
    const char *input = INPUT("%s quotients of rows %zu to %zu", version->name, first, last);
    version->kernels.quotients(field, column, first, last, inverses, out);
    size_t place = 0;
    for (size_t t = first; t < last; t++)
        for (size_t s = 0; s < t; s++, place++)
            expect_same(input, place, out[place],
                        residue_multiply(field, column[s] - column[t], inverses[place]));
    release(input, out, pairs + RESIDUE_PADDING);
    free(inverses);
    free(column);
}

static void test_quotients(void **state) {
    (void)state;
    for_all_shapes("quotients", run_quotients);
}

static size_t repeats_by_loops(const double *triangle, size_t first, size_t last) {
    size_t repeats = 0;
    for (size_t t = first; t < last; triangle += t, t++)
        for (size_t u = 0; u < t; u++) {
            size_t s = 0;
            while (s < u && triangle[s] != triangle[u])
                s++;
            repeats += s < u;
        }
    return repeats;
}

// Few different numbers, many of them NaN, which is equal to nothing; 0 and -0 are equal.
static void run_repeats(const version_t *version, const residue_field_t *field, size_t first, size_t last,
                        stream_t *stream) {
    const size_t pairs = residue_pairs(first, last);
    double *triangle = doubles(pairs + RESIDUE_PADDING);
    const slong kinds = seeds_pick(stream, 0, 2) ? 200 : 5;
    for (size_t i = 0; i < pairs + RESIDUE_PADDING; i++) {
        const slong kind = seeds_pick(stream, -2, kinds);
        triangle[i] = kind == -2 ? NAN : kind == -1 ? -0.0 : (double)kind * (field->half / 256);
    }
    const size_t found = version->kernels.repeats(triangle, first, last);
    const size_t expected = repeats_by_loops(triangle, first, last);
    if (found != expected)
        fail_msg("%s repeats of rows %zu to %zu: found %zu, expected %zu", version->name, first, last, found,
                 expected);
    free(triangle);
}

static void test_repeats(void **state) {
    (void)state;
    for_all_shapes("repeats", run_repeats);
}

// ---- Kernels on plain arrays ----

static void run_zeros(const version_t *version, size_t count, size_t room, stream_t *stream) {
    double *x = doubles(count + RESIDUE_PADDING);
    unsigned *places = malloc((room + 1) * sizeof *places);
    assert_non_null(places);
    places[room] = 123456789;
    for (size_t i = 0; i < count + RESIDUE_PADDING; i++) // zeros behind the end must not be found
        x[i] = i >= count || seeds_pick(stream, 0, 2) == 0 ? (seeds_pick(stream, 0, 1) ? 0.0 : -0.0)
                                                           : (double)seeds_pick(stream, -1, 0) * 2 + 1;
    const char *input = INPUT("%s zeros of %zu numbers, room %zu", version->name, count, room);
    const size_t found = version->kernels.zeros(x, count, places, room);
    size_t expected = 0;
    for (size_t i = 0; i < count && expected < room; i++)
        if (x[i] == 0) {
            expect_same(input, i, expected < found ? (double)places[expected] : -1, (double)i);
            expected++;
        }
    if (found != expected || places[room] != 123456789)
        fail_msg("%s: found %zu, expected %zu", input, found, expected);
    free(x);
    free(places);
}

static void test_zeros(void **state) {
    (void)state;
    version_t versions[4];
    const size_t count = find_versions(versions);
    stream_t stream = seeds_stream("zeros", 0);
    for (size_t v = 0; v < count; v++)
        for (size_t n = 0; n <= SMALL; n++)
            for (size_t room = 0; room <= n; room++)
                run_zeros(&versions[v], n, room, &stream);
}

static void run_invert(const version_t *version, const residue_field_t *field, size_t count,
                       stream_t *stream) {
    const size_t room = 2 * count + 8 * RESIDUE_PADDING;
    double *x = guarded(count), *work = guarded(room), *before = doubles(count);
    for (size_t i = 0; i < count; i++)
        before[i] = x[i] = draw_difference(field, stream);
    const char *input = INPUT("%s inverses of %zu numbers", version->name, count);
    version->kernels.invert(field, x, count, work);
    for (size_t i = 0; i < count; i++) {
        expect_same(input, i, fabs(x[i]) < field->p, 1);
        expect_same(input, i, residue_multiply(field, x[i], before[i]), 1);
    }
    release(input, x, count + RESIDUE_PADDING);
    release(input, work, room);
    free(before);
}

static void test_inverses(void **state) {
    (void)state;
    version_t versions[4];
    const size_t count = find_versions(versions);
    const residue_field_t field = residue_field(1);
    stream_t stream = seeds_stream("inverses", 0);
    for (size_t v = 0; v < count; v++) {
        for (size_t n = 1; n <= 10 * SMALL; n++)
            run_invert(&versions[v], &field, n, &stream);
        for (size_t n = 4090; n <= 4100; n++)
            run_invert(&versions[v], &field, n, &stream);
    }
    residue_invert(&field, NULL, 0, NULL); // nothing to do
}

typedef enum update { UPDATE_SUBTRACT, UPDATE_SCALE, UPDATE_PRODUCTS, UPDATES } update_t;

static const char *const UPDATE_NAMES[] = {"x - factor y", "x factor", "x y"};

// The residue that an update makes of x, by integers.
static double updated(const residue_field_t *field, update_t update, double x, double factor, double y) {
    fmpz_t result, term;
    fmpz_init_set_si(result, (slong)x);
    fmpz_init_set_si(term, (slong)y);
    if (update == UPDATE_SUBTRACT)
        fmpz_submul_si(result, term, (slong)factor);
    else if (update == UPDATE_SCALE)
        fmpz_mul_si(result, result, (slong)factor);
    else
        fmpz_mul(result, result, term);
    const double residue = residue_by_flint(field, result);
    fmpz_clear(result);
    fmpz_clear(term);
    return residue;
}

static void run_update(const version_t *version, const residue_field_t *field, update_t update, size_t count,
                       stream_t *stream) {
    double *x = guarded(count), *before = doubles(count), *y = doubles(count + RESIDUE_PADDING);
    for (size_t i = 0; i < count; i++)
        before[i] = x[i] = draw_residue(field, stream);
    for (size_t i = 0; i < count + RESIDUE_PADDING; i++)
        y[i] = draw_difference(field, stream);
    const double factor = draw_residue(field, stream);
    const char *input = INPUT("%s %s, %zu numbers", version->name, UPDATE_NAMES[update], count);
    if (update == UPDATE_SUBTRACT)
        version->kernels.subtract(field, x, factor, y, count);
    else if (update == UPDATE_SCALE)
        version->kernels.scale(field, x, factor, count);
    else
        version->kernels.products(field, x, y, count);
    for (size_t i = 0; i < count; i++)
        expect_same(input, i, x[i], updated(field, update, before[i], factor, y[i]));
    release(input, x, count + RESIDUE_PADDING);
    free(before);
    free(y);
}

static void run_updates(const version_t *version, const residue_field_t *field, size_t count,
                        stream_t *stream) {
    for (update_t update = 0; update < UPDATES; update++)
        run_update(version, field, update, count, stream);
}

static void test_updates(void **state) {
    (void)state;
    version_t versions[4];
    const size_t count = find_versions(versions);
    const residue_field_t field = residue_field(3);
    stream_t stream = seeds_stream("updates", 0);
    for (size_t v = 0; v < count; v++)
        for (size_t n = 0; n <= 4 * SMALL; n++)
            run_updates(&versions[v], &field, n, &stream);
}

static void test_single_inverses(void **state) {
    (void)state;
    const residue_field_t field = residue_field(0);
    stream_t stream = seeds_stream("single inverses", 0);
    for (int i = 0; i < 1000; i++) {
        const double x = i == 0   ? field.half
                         : i == 1 ? -field.half
                                  : (double)seeds_pick(&stream, 1, WORD(1) << (1 + i % 48));
        const double inverse = residue_inverse(&field, x);
        const char *input = INPUT("inverse of %.17g", x);
        expect_same(input, 0, fabs(inverse) <= field.half, 1);
        expect_same(input, 0, residue_multiply(&field, inverse, x), 1);
    }
}

// ---- The functions themselves run the chosen version ----

static void test_functions_run_kernels(void **state) {
    (void)state;
    const version_t functions = {"function",
                                 {.differences = residue_differences,
                                  .zeros = residue_zeros,
                                  .invert = residue_invert,
                                  .quotients = residue_quotients,
                                  .repeats = residue_repeats,
                                  .subtract = residue_subtract,
                                  .scale = residue_scale,
                                  .products = residue_products}};
    const residue_field_t field = residue_field(2);
    stream_t stream = seeds_stream("functions", 0);
    for (size_t last = 1; last <= SMALL; last++) {
        run_differences(&functions, &field, last / 2, last, &stream);
        run_quotients(&functions, &field, last / 2, last, &stream);
        run_repeats(&functions, &field, last / 2, last, &stream);
        run_zeros(&functions, last, last / 2, &stream);
        run_invert(&functions, &field, last, &stream);
        run_updates(&functions, &field, last, &stream);
    }
}

int main(void) {
    version_t versions[4];
    const size_t count = find_versions(versions);
    for (size_t v = 0; v < count; v++)
        printf("# kernels tested: %s\n", versions[v].name);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields_are_the_primes_below),
        cmocka_unit_test(test_residues_of_integers),
        cmocka_unit_test(test_products),
        cmocka_unit_test(test_pairs_of_a_triangle),
        cmocka_unit_test(test_differences),
        cmocka_unit_test(test_quotients),
        cmocka_unit_test(test_repeats),
        cmocka_unit_test(test_zeros),
        cmocka_unit_test(test_inverses),
        cmocka_unit_test(test_updates),
        cmocka_unit_test(test_single_inverses),
        cmocka_unit_test(test_functions_run_kernels),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
