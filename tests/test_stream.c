// SPDX-License-Identifier: GPL-3.0-or-later
// stat/stream: Philox against Random123 and published answers, the versions for each instruction set against
// each other, the accuracy of log, cos and sin, the distribution of the variates and their independence.
#include "stat/stream.h"

#include <Random123/philox.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_sort.h>
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

// A statistic that is standard normal if the code is right fails the test beyond this: probability 6e-7 each,
// two-sided. All seeds are fixed, so a test that passes once passes always.
static const double z_limit = 5;

static void *allocate(size_t n, size_t size) {
    void *p = calloc(n, size);
    assert_non_null(p);
    return p;
}

static void check_z(const char *what, double z) {
    if (fabs(z) <= z_limit)
        return;
    fail_msg("%s: z = %.3f (%a), limit %g", what, z, z, z_limit);
}

// The z of a chi-square statistic, through its tail probability.
static double chi_square_z(double statistic, double freedom) {
    if (statistic > freedom)
        return -gsl_cdf_ugaussian_Pinv(gsl_cdf_chisq_Q(statistic, freedom));
    return gsl_cdf_ugaussian_Pinv(gsl_cdf_chisq_P(statistic, freedom));
}

static double binomial_z(uint64_t hits, double trials, double p) {
    return ((double)hits - trials * p) / sqrt(trials * p * (1 - p));
}

// ---- Philox ----

static void random123_pair(uint64_t seed, const uint32_t c[4], uint64_t out[2]) {
    philox4x32_ctr_t ctr = {{c[0], c[1], c[2], c[3]}};
    philox4x32_key_t key = {{(uint32_t)seed, (uint32_t)(seed >> 32)}};
    philox4x32_ctr_t r = philox4x32_R(10, ctr, key);
    out[0] = r.v[0] | (uint64_t)r.v[1] << 32;
    out[1] = r.v[2] | (uint64_t)r.v[3] << 32;
}

// The answers published with Random123 (file kat_vectors, lines philox4x32 10): counter, key, output.
static void test_known_answers(void **state) {
    (void)state;
    static const uint32_t known[3][10] = {
        {0, 0, 0, 0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
        {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x408f276d, 0x41c83b0e,
         0xa20bc7c6, 0x6d5451fd},
        {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, 0xd16cfe09, 0x94fdcceb,
         0x5001e420, 0x24126ea1},
    };
    for (size_t i = 0; i < 3; i++) {
        const uint32_t *k = known[i];
        uint64_t out[16];
        assert_int_equal(stream_philox_with(STREAM_BASELINE, k + 4, k, out, 8), GSL_SUCCESS);
        assert_int_equal(out[0], k[6] | (uint64_t)k[7] << 32);
        assert_int_equal(out[1], k[8] | (uint64_t)k[9] << 32);
    }
}

static void compare_with_random123(stream_isa_t isa, uint64_t seed, const uint32_t first[4]) {
    enum { N = 200 };
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    uint64_t out[2 * N];
    assert_int_equal(stream_philox_with(isa, key, first, out, N), GSL_SUCCESS);
    for (uint32_t i = 0; i < N; i++) {
        uint64_t low = (first[0] | (uint64_t)first[1] << 32) + i, expected[2];
        random123_pair(seed, (uint32_t[4]){(uint32_t)low, (uint32_t)(low >> 32), first[2], first[3]},
                       expected);
        if (out[2 * i] != expected[0] || out[2 * i + 1] != expected[1])
            fail_msg("%s: seed %" PRIx64 " counter %" PRIx64 " %" PRIx32 " %" PRIx32, stream_isa_name(isa),
                     seed, low, first[2], first[3]);
    }
}

// Random keys and counters, and counters about to carry from the first word into the second and out of it.
static void check_philox(stream_isa_t isa) {
    stream_t source = stream_at(20111112, 0, 0);
    for (int i = 0; i < 500; i++) {
        uint64_t w[3];
        stream_bits(&source, w, 3);
        uint32_t c[4] = {(uint32_t)w[1], (uint32_t)(w[1] >> 32), (uint32_t)w[2], (uint32_t)(w[2] >> 32)};
        if (i % 3 > 0)
            c[0] = 0xffffff80;
        if (i % 3 > 1)
            c[1] = 0xffffffff;
        compare_with_random123(isa, w[0], c);
    }
}

// The layout that the header promises, bit by bit.
static void test_layout(void **state) {
    (void)state;
    const uint64_t seed = 0x0123456789abcdef, pair = UINT64_C(0x2bcdef9876543210);
    const uint32_t experiment = 0xfedcba98, block = 0x13579bdf;
    stream_t s = stream_at(seed, experiment, block);
    s.position = 2 * pair;
    for (uint32_t kind = 0; kind < 2; kind++) {
        uint64_t expected[2], bits[2];
        double u[2];
        random123_pair(seed,
                       (uint32_t[4]){(uint32_t)pair, (uint32_t)(pair >> 32) | kind << 30, block, experiment},
                       expected);
        stream_t copy = s;
        if (kind == STREAM_BITS) {
            stream_bits(&copy, bits, 2);
            assert_memory_equal(bits, expected, sizeof bits);
        } else {
            stream_uniforms(&copy, u, 2);
            for (int i = 0; i < 2; i++)
                assert_true(u[i] == ldexp((double)(expected[i] >> 12) + 0.5, -52));
        }
        assert_true(copy.position == s.position + 2);
    }
}

static void test_experiment_hash(void **state) {
    (void)state;
    assert_int_equal(stream_experiment(""), 0x811c9dc5);
    assert_int_equal(stream_experiment("a"), 0xe40c292c);
    assert_int_equal(stream_experiment("foobar"), 0xbf9cf968);
}

// ---- Requests ----

// However a request is cut, the variates are those of one request; nothing is written beyond them.
static void check_cuts(stream_isa_t isa, stream_kind_t kind) {
    enum { N = 1000 };
    uint64_t whole[N], parts[N + 1];
    stream_t s = stream_at(77, 5, 3), source = stream_at(78, 0, 0);
    s.position = 12345;
    stream_t t = s;
    assert_int_equal(stream_fill_with(isa, kind, &s, whole, N), GSL_SUCCESS);
    assert_true(s.position == 12345 + N);
    for (int trial = 0; trial < 300; trial++) {
        stream_t u = t;
        memset(parts, 0xa5, sizeof parts);
        for (size_t done = 0, n; done < N; done += n) {
            uint64_t r;
            stream_bits(&source, &r, 1);
            n = r % (r >> 60 > 7 ? 300 : 20);
            n = n < N - done ? n : N - done;
            assert_int_equal(stream_fill_with(isa, kind, &u, parts + done, n), GSL_SUCCESS);
            if (parts[done + n] != UINT64_C(0xa5a5a5a5a5a5a5a5))
                fail_msg("%s kind %d trial %d: write beyond %zu + %zu", stream_isa_name(isa), kind, trial,
                         done, n);
        }
        if (memcmp(whole, parts, sizeof whole) != 0)
            fail_msg("%s kind %d trial %d: the cuts change the variates", stream_isa_name(isa), kind, trial);
    }
}

static void check_all_cuts(stream_isa_t isa) {
    for (stream_kind_t kind = STREAM_BITS; kind < STREAM_KIND_COUNT; kind++)
        check_cuts(isa, kind);
}

static void test_errors(void **state) {
    (void)state;
    stream_t s = stream_at(1, 2, 3);
    double x[8] = {0}, y[8], z[8];
    uint64_t bits[16];
    const uint32_t words[4] = {0};
    assert_int_equal(stream_fill_with(STREAM_BASELINE, STREAM_KIND_COUNT, &s, x, 1), GSL_EINVAL);
    assert_int_equal(stream_fill_with(STREAM_ISA_COUNT, STREAM_NORMALS, &s, x, 1), GSL_EUNSUP);
    assert_int_equal(stream_philox_with(STREAM_BASELINE, words, words, bits, 7), GSL_EINVAL);
    assert_int_equal(stream_philox_with(STREAM_ISA_COUNT, words, words, bits, 8), GSL_EUNSUP);
    assert_int_equal(stream_log_with(STREAM_BASELINE, x, y, 9), GSL_EINVAL);
    assert_int_equal(stream_turn_with(STREAM_BASELINE, x, y, z, 4), GSL_EINVAL);
    assert_true(s.position == 0);
}

// ---- Accuracy ----

static double ulp_error(double got, long double exact) {
    int exponent;
    frexpl(exact, &exponent);
    return (double)fabsl((got - exact) / ldexpl(1, exponent - 53));
}

// The greatest error over many calls of note(), and where it was.
typedef struct {
    double error, argument;
} worst_t;

static void note(worst_t *worst, double argument, double got, long double exact) {
    double error = ulp_error(got, exact);
    if (!(error <= worst->error))
        *worst = (worst_t){error, argument};
}

static void check_worst(const char *isa, const char *what, worst_t worst, double limit) {
    print_message("%s: %s within %.4f ulp\n", isa, what, worst.error);
    if (!(worst.error < limit))
        fail_msg("%s: %s wrong by %.4f ulp at %a, limit %g", isa, what, worst.error, worst.argument, limit);
}

// Eight arguments of a kind that cycles with i: the smallest uniforms, the largest, either side of the places
// where the reduction switches (sqrt(1/2) and 1/2 times powers of 2), and uniforms.
static void log_arguments(uint64_t i, stream_t *s, double u[8]) {
    stream_uniforms(s, u, 8);
    for (uint64_t j = 0; j < 8; j++) {
        double k = (double)(i / 4 * 8 + j);
        if (i % 4 == 0)
            u[j] = ldexp(k + 0.5, -52);
        else if (i % 4 == 1)
            u[j] = 1 - ldexp(k + 0.5, -52);
        else if (i % 4 == 2)
            u[j] = ldexp((j % 2 ? M_SQRT1_2 : 0.75) + ldexp(u[j] - 0.5, -(int)(i / 4 % 40) - 1),
                         -(int)(i / 160 % 53));
    }
}

static void check_log(stream_isa_t isa) {
    stream_t s = stream_at(314159, 0, 0);
    worst_t worst = {0, 0};
    for (uint64_t i = 0; i < 1000000; i++) {
        double u[8], got[8];
        log_arguments(i, &s, u);
        assert_int_equal(stream_log_with(isa, u, got, 8), GSL_SUCCESS);
        for (int j = 0; j < 8; j++)
            note(&worst, u[j], got[j], logl(u[j]));
    }
    check_worst(stream_isa_name(isa), "log", worst, 0.87);
}

// Uniforms, and multiples of 2^-53 near those of 1/8, where the reduction switches or a function vanishes.
static void turn_arguments(uint64_t i, stream_t *s, double u[8]) {
    stream_uniforms(s, u, 8);
    for (uint64_t j = 0; j < 8 && i % 2 > 0; j++)
        u[j] = fabs((double)j / 8 + ldexp(nearbyint(ldexp(u[j] - 0.5, (int)(i / 2 % 50) + 2)), -53));
}

// cos and sin of 2 pi u in long double: with u = q/4 + t/4, the rest t is exact.
static void exact_turn(double u, long double *cosine, long double *sine) {
    double q = nearbyint(4 * u), t = 4 * u - q;
    long double angle = t * 1.57079632679489661923132169163975144L, c = cosl(angle), s = sinl(angle);
    const long double turned[4][2] = {{c, s}, {-s, c}, {-c, -s}, {s, -c}};
    *cosine = turned[(int)q % 4][0];
    *sine = turned[(int)q % 4][1];
}

static void check_turn(stream_isa_t isa) {
    stream_t s = stream_at(271828, 0, 0);
    worst_t worst_cosine = {0, 0}, worst_sine = {0, 0};
    for (uint64_t i = 0; i < 500000; i++) {
        double u[8], c[8], sn[8];
        turn_arguments(i, &s, u);
        assert_int_equal(stream_turn_with(isa, u, c, sn, 8), GSL_SUCCESS);
        for (int j = 0; j < 8; j++) {
            long double cosine, sine;
            exact_turn(u[j], &cosine, &sine);
            note(&worst_cosine, u[j], c[j], cosine);
            note(&worst_sine, u[j], sn[j], sine);
        }
    }
    check_worst(stream_isa_name(isa), "cos", worst_cosine, 1.30);
    check_worst(stream_isa_name(isa), "sin", worst_sine, 1.30);
}

// Two normals from their definition: words by Random123, functions in long double.
static void exact_normals(const stream_t *s, long double out[2]) {
    uint64_t w[2], pair = s->position / 2;
    random123_pair(s->seed,
                   (uint32_t[4]){(uint32_t)pair, (uint32_t)(pair >> 32) | (uint32_t)STREAM_NORMALS << 30,
                                 s->block, s->experiment},
                   w);
    double u = ldexp((double)(w[0] >> 12) + 0.5, -52), v = ldexp((double)(w[1] >> 12) + 0.5, -52);
    exact_turn(v, &out[0], &out[1]);
    long double radius = sqrtl(-2 * logl(u));
    out[0] *= radius;
    out[1] *= radius;
}

static void check_normals(stream_isa_t isa) {
    enum { N = 512 };
    worst_t worst = {0, 0};
    for (uint32_t block = 0; block < 2000; block++) {
        stream_t s = stream_at(0xfeedfacecafebeef, block % 7, block), t = s;
        double x[N];
        assert_int_equal(stream_fill_with(isa, STREAM_NORMALS, &s, x, N), GSL_SUCCESS);
        for (uint32_t i = 0; i < N; i += 2, t.position += 2) {
            long double exact[2];
            exact_normals(&t, exact);
            note(&worst, N * block + i, x[i], exact[0]);
            note(&worst, N * block + i + 1, x[i + 1], exact[1]);
        }
    }
    check_worst(stream_isa_name(isa), "normal of block k / 512, position k mod 512,", worst, 3);
}

// The extremes that the header promises.
static void test_resolution(void **state) {
    (void)state;
    double u[8] = {0x1p-53, 1 - 0x1p-53, 0x1.8p-52, 1, 0.5, 0.25, 0x1p-52, 0.125}, x[8];
    assert_int_equal(stream_log_with(STREAM_BASELINE, u, x, 8), GSL_SUCCESS);
    double largest = sqrt(-2 * x[0]);
    assert_true(largest > 8.5716 && largest < 8.5717);
    assert_true(2 * gsl_cdf_ugaussian_Q(largest) < 1.05e-17);
    assert_true(x[1] == -0x1p-53);
    assert_true(x[3] == 0);
}

// ---- Instruction sets ----

static void check_equal(stream_isa_t isa, const char *what, const double *got, const double *base,
                        const double *at, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (memcmp(&got[i], &base[i], sizeof *got) != 0)
            fail_msg("%s %s differs at number %zu, argument %a: %a, baseline %a", stream_isa_name(isa), what,
                     i, at[i], got[i], base[i]);
}

static void compare_fills(stream_isa_t isa, stream_kind_t kind, double *got, double *base, size_t n) {
    static const char *const names[] = {"bits", "uniforms", "normals"};
    for (uint32_t block = 0; block < 8; block++) {
        stream_t s = stream_at(0x9876543210fedcba, 17, block), t = s;
        assert_int_equal(stream_fill_with(isa, kind, &s, got, n), GSL_SUCCESS);
        assert_int_equal(stream_fill_with(STREAM_BASELINE, kind, &t, base, n), GSL_SUCCESS);
        check_equal(isa, names[kind], got, base, got, n);
    }
}

// The version in use runs here, and no wider one does.
static void test_best(void **state) {
    (void)state;
    assert_true(stream_isa_supported(STREAM_BASELINE));
    assert_true(stream_isa_supported(stream_isa_best()));
    for (stream_isa_t isa = stream_isa_best() + 1; isa < STREAM_ISA_COUNT; isa++)
        assert_false(stream_isa_supported(isa));
}

// Bits equal to the baseline's, for millions of variates and for the functions at their awkward arguments.
static void check_same_bits(stream_isa_t isa) {
    enum { N = 1 << 19 };
    double *got = allocate(N, sizeof *got), *base = allocate(N, sizeof *base);
    for (stream_kind_t kind = STREAM_BITS; kind < STREAM_KIND_COUNT; kind++)
        compare_fills(isa, kind, got, base, N);
    stream_t s = stream_at(1618, 0, 0);
    for (uint64_t i = 0; i < 100000; i++) {
        double u[8], x[16], y[16];
        log_arguments(i, &s, u);
        assert_int_equal(stream_log_with(isa, u, x, 8), GSL_SUCCESS);
        assert_int_equal(stream_log_with(STREAM_BASELINE, u, y, 8), GSL_SUCCESS);
        check_equal(isa, "log", x, y, u, 8);
        turn_arguments(i, &s, u);
        assert_int_equal(stream_turn_with(isa, u, x, x + 8, 8), GSL_SUCCESS);
        assert_int_equal(stream_turn_with(STREAM_BASELINE, u, y, y + 8, 8), GSL_SUCCESS);
        check_equal(isa, "cos", x, y, u, 8);
        check_equal(isa, "sin", x + 8, y + 8, u, 8);
    }
    free(got);
    free(base);
}

// Values of the default functions, which may never change: published results rest on them.
static void test_pinned(void **state) {
    (void)state;
    static const double pinned[4] = {-0x1.679c3f72b61c3p+0, -0x1.60579280a8252p-1, 0x1.fe951cc0215eap-4,
                                     0x1.030280a0f7043p-1};
    stream_t s = stream_at(20260101, stream_experiment("pinned"), 42);
    double x[4];
    stream_normals(&s, x, 4);
    for (int i = 0; i < 4; i++)
        if (x[i] != pinned[i])
            fail_msg("normal %d is %a, pinned %a", i, x[i], pinned[i]);
}

// ---- Distribution ----

// Counts of bytes, each of the eight of every word.
static void test_bits_uniform(void **state) {
    (void)state;
    enum { N = 1 << 22 };
    uint64_t *w = allocate(N, sizeof *w);
    stream_t s = stream_at(1, 1, 1);
    stream_bits(&s, w, N);
    for (int byte = 0; byte < 8; byte++) {
        double count[256] = {0}, statistic = 0;
        for (size_t i = 0; i < N; i++)
            count[w[i] >> 8 * byte & 255]++;
        for (int c = 0; c < 256; c++)
            statistic += (count[c] - N / 256.0) * (count[c] - N / 256.0) / (N / 256.0);
        check_z("chi-square of a byte", chi_square_z(statistic, 255));
    }
    free(w);
}

// Chi-square of the probability transforms p[i], and of consecutive pairs of them.
static void check_cells(const char *what, const double *p, size_t n) {
    enum { CELLS = 1024, SIDE = 32 };
    double *single = allocate(CELLS, sizeof *single), *pairs = allocate(CELLS, sizeof *pairs), z1 = 0, z2 = 0;
    for (size_t i = 0; i < n; i++)
        single[(size_t)(p[i] * CELLS)]++;
    for (size_t i = 0; i + 1 < n; i += 2)
        pairs[(size_t)(p[i] * SIDE) * SIDE + (size_t)(p[i + 1] * SIDE)]++;
    double expected = (double)n / CELLS;
    for (size_t c = 0; c < CELLS; c++) {
        z1 += (single[c] - expected) * (single[c] - expected) / expected;
        z2 += (pairs[c] - expected / 2) * (pairs[c] - expected / 2) / (expected / 2);
    }
    free(single);
    free(pairs);
    check_z(what, chi_square_z(z1, CELLS - 1));
    check_z(what, chi_square_z(z2, CELLS - 1));
}

// Kolmogorov and Smirnov: sqrt(n) D exceeds d with probability below 2 exp(-2 d^2), 6e-7 at the limit.
static void check_kolmogorov(const char *what, double *p, size_t n) {
    double greatest = 0;
    gsl_sort(p, 1, n);
    for (size_t i = 0; i < n; i++)
        greatest = fmax(greatest, fmax(p[i] - (double)i / (double)n, (double)(i + 1) / (double)n - p[i]));
    double d = greatest * sqrt((double)n);
    if (!(d < 2.74))
        fail_msg("%s: Kolmogorov-Smirnov sqrt(n) D = %.3f, limit 2.74", what, d);
}

static void test_uniforms(void **state) {
    (void)state;
    enum { N = 1 << 22 };
    double *u = allocate(N, sizeof *u);
    stream_t s = stream_at(2, 3, 4);
    stream_uniforms(&s, u, N);
    for (size_t i = 0; i < N; i++)
        if (!(u[i] > 0 && u[i] < 1))
            fail_msg("uniform %zu is %a", i, u[i]);
    check_cells("uniforms", u, N);
    check_kolmogorov("uniforms", u, N);
    free(u);
}

static void test_normal_cells(void **state) {
    (void)state;
    enum { N = 1 << 22 };
    double *x = allocate(N, sizeof *x);
    stream_t s = stream_at(5, 6, 7);
    stream_normals(&s, x, N);
    for (size_t i = 0; i < N; i++)
        x[i] = gsl_cdf_ugaussian_P(x[i]);
    check_cells("normals", x, N);
    check_kolmogorov("normals", x, N);
    free(x);
}

enum { TAILS = 8, POWERS = 6 };
static const double tail_starts[TAILS] = {0.5, 1.5, 2.5, 3.5, 4, 4.5, 5, 5.5};

// What test_normal_moments sums over all normals.
typedef struct {
    double power[POWERS + 1];   // of x^k
    double neighbours, squares; // of x_i x_(i+1) and (x_i^2 - 1)(x_(i+1)^2 - 1)
    uint64_t above[TAILS], below[TAILS];
} sums_t;

static void add_to_sums(sums_t *sums, const double *x, size_t n) {
    double power[POWERS + 1] = {0}, neighbours = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        double y = x[i] * x[i];
        power[1] += x[i];
        power[2] += y;
        power[3] += y * x[i];
        power[4] += y * y;
        power[5] += y * y * x[i];
        power[6] += y * y * y;
    }
    for (size_t i = 0; i + 1 < n; i++) {
        neighbours += x[i] * x[i + 1];
        squares += (x[i] * x[i] - 1) * (x[i + 1] * x[i + 1] - 1);
    }
    for (int k = 1; k <= POWERS; k++)
        sums->power[k] += power[k];
    sums->neighbours += neighbours;
    sums->squares += squares;
    for (int t = 0; t < TAILS; t++)
        for (size_t i = 0; i < n; i++) {
            sums->above[t] += x[i] > tail_starts[t];
            sums->below[t] += x[i] < -tail_starts[t];
        }
}

// Moments to the sixth and both tails to 5.5 sigma, over 2^27 normals; 77 are expected beyond 5 sigma.
static void test_normal_moments(void **state) {
    (void)state;
    enum { CHUNK = 1 << 15, CHUNKS = 1 << 12 };
    // Expectations of x^k are 0, 1, 0, 3, 0, 15; of x^2k: 1, 3, 15, 105, 945, 10395.
    static const double mean[POWERS + 1] = {1, 0, 1, 0, 3, 0, 15},
                                      square[POWERS + 1] = {1, 1, 3, 15, 105, 945, 10395};
    const double n = (double)CHUNK * CHUNKS;
    double *x = allocate(CHUNK, sizeof *x);
    sums_t sums = {0};
    for (uint32_t block = 0; block < CHUNKS; block++) {
        stream_t s = stream_at(8, 9, block);
        stream_normals(&s, x, CHUNK);
        add_to_sums(&sums, x, CHUNK);
    }
    free(x);
    for (int k = 1; k <= POWERS; k++)
        check_z("power sum", (sums.power[k] - n * mean[k]) / sqrt(n * (square[k] - mean[k] * mean[k])));
    check_z("neighbours", sums.neighbours / sqrt(n));
    check_z("squares of neighbours", sums.squares / (2 * sqrt(n)));
    for (int t = 0; t < TAILS; t++) {
        check_z("upper tail", binomial_z(sums.above[t], n, gsl_cdf_ugaussian_Q(tail_starts[t])));
        check_z("lower tail", binomial_z(sums.below[t], n, gsl_cdf_ugaussian_Q(tail_starts[t])));
    }
}

// ---- Independence of streams ----

static void check_uncorrelated(const char *what, stream_t a, stream_t b) {
    enum { N = 1 << 12 };
    double x[N], y[N], product = 0, squares = 0;
    stream_normals(&a, x, N);
    stream_normals(&b, y, N);
    for (int i = 0; i < N; i++) {
        product += x[i] * y[i];
        squares += (x[i] * x[i] - 1) * (y[i] * y[i] - 1);
    }
    check_z(what, product / sqrt(N));
    check_z(what, squares / (2 * sqrt(N)));
}

// Streams that differ by one step or in one bit are uncorrelated, and so are their squares.
static void test_independence(void **state) {
    (void)state;
    for (uint32_t i = 0; i < 64; i++) {
        const uint32_t e = 123, b = 1000;
        const uint64_t seed = 99;
        stream_t a = stream_at(seed, e, b);
        check_uncorrelated("next block", stream_at(seed, e, b + i), stream_at(seed, e, b + i + 1));
        check_uncorrelated("bit of block", a, stream_at(seed, e, b ^ UINT32_C(1) << i % 32));
        check_uncorrelated("bit of experiment", a, stream_at(seed, e ^ UINT32_C(1) << i % 32, b));
        check_uncorrelated("bit of seed", a, stream_at(seed ^ UINT64_C(1) << i, e, b));
        check_uncorrelated("experiment for block", stream_at(seed, i + 1, i), stream_at(seed, i, i + 1));
    }
}

// The mean of each block is normal: z over blocks, by their mean square.
static void test_block_means(void **state) {
    (void)state;
    enum { N = 1000, BLOCKS = 20000 };
    double x[N], square = 0;
    for (uint32_t block = 0; block < BLOCKS; block++) {
        stream_t s = stream_at(11, 12, block);
        double sum = 0;
        stream_normals(&s, x, N);
        for (int i = 0; i < N; i++)
            sum += x[i];
        square += sum * sum / N;
    }
    check_z("block means", (square - BLOCKS) / sqrt(2.0 * BLOCKS));
}

// ---- Running ----

typedef struct {
    stream_isa_t isa;
    void (*check)(stream_isa_t isa);
} isa_case_t;

static void test_isa(void **state) {
    const isa_case_t *c = *state;
    if (!stream_isa_supported(c->isa)) {
        print_message("this CPU lacks %s\n", stream_isa_name(c->isa));
        skip();
    }
    c->check(c->isa);
}

#define ISA_CASE(what, set)                                                                                  \
    {                                                                                                        \
#what " " #set, test_isa, NULL, NULL, &(isa_case_t) {                                                \
            STREAM_##set, check_##what                                                                       \
        }                                                                                                    \
    }
#define ISA_CASES(what) ISA_CASE(what, BASELINE), ISA_CASE(what, AVX2), ISA_CASE(what, AVX512)

// Each takes one uniform, mapped without a change of order; an empty range gives its one number.
static void test_between(void **state) {
    (void)state;
    stream_t numbers = stream_at(3, 1, 5), uniforms = numbers;
    for (int i = 0; i < 1000; i++) {
        double u;
        const double found = stream_between(&numbers, -3, 5);
        stream_uniforms(&uniforms, &u, 1);
        assert_true(found == -3 + 8 * u && found > -3 && found < 5);
        assert_true(numbers.position == uniforms.position);
    }
    stream_uniforms(&uniforms, &(double){0}, 1);
    assert_true(stream_between(&numbers, 7, 7) == 7 && numbers.position == uniforms.position);
}

// Each pick takes one word; the ends are reached, also those of the widest ranges.
static void test_pick(void **state) {
    (void)state;
    stream_t picks = stream_at(3, 1, 4), words = picks;
    bool low = false, high = false;
    for (int i = 0; i < 1000; i++) {
        uint64_t word;
        const int64_t found = stream_pick(&picks, -3, 5);
        stream_bits(&words, &word, 1);
        assert_true(found == (int64_t)(word % 9) - 3);
        low |= found == -3;
        high |= found == 5;
    }
    assert_true(low && high && picks.position == words.position);
    assert_true(stream_pick(&picks, 7, 7) == 7 && stream_pick(&picks, INT64_MIN, INT64_MIN) == INT64_MIN);
    assert_true(stream_pick(&picks, 0, INT64_MAX) >= 0 && stream_pick(&picks, INT64_MIN, -1) < 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answers),
        ISA_CASES(philox),
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_experiment_hash),
        cmocka_unit_test(test_between),
        cmocka_unit_test(test_pick),
        ISA_CASES(all_cuts),
        cmocka_unit_test(test_errors),
        ISA_CASES(log),
        ISA_CASES(turn),
        ISA_CASES(normals),
        cmocka_unit_test(test_resolution),
        ISA_CASE(same_bits, AVX2),
        ISA_CASE(same_bits, AVX512),
        cmocka_unit_test(test_best),
        cmocka_unit_test(test_pinned),
        cmocka_unit_test(test_bits_uniform),
        cmocka_unit_test(test_uniforms),
        cmocka_unit_test(test_normal_cells),
        cmocka_unit_test(test_normal_moments),
        cmocka_unit_test(test_independence),
        cmocka_unit_test(test_block_means),
    };
    return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
