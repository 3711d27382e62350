// SPDX-License-Identifier: GPL-3.0-or-later
// routing/cap: areas against a quadrature, coalitions met against the distances of all cells from the ball's centre,
// changes on an arc against the coalitions between sorted ties, expected numbers against closed forms.
#include "routing/cap.h"
#include "routing/great_circle.h"
#include "stat/quadrature.h"
#include "support.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_sf_gamma.h>
#include <stdbool.h>

enum { MOST = 6, WIDE = 9, WALLS = 9 };

static stream_t stream_for(uint32_t block) {
    return stream_at(23, stream_experiment("test_cap"), block);
}

// ---- Area ----

static double sine_power(double angle, const void *context) {
    return pow(sin(angle), *(const double *)context);
}

static void test_area(void **state) {
    (void)state;
    stream_t s = stream_for(0);
    for (int i = 0; i < 60; i++) {
        const ulong d = 2 + draw_below(&s, 40);
        const double ratio = log_uniform(&s, 0.05, 1), power = (double)d - 2;
        gsl_sf_result cap, half;
        ball_t area, constant;
        assert_int_equal(
            quadrature_integrate(sine_power, &power, (const double[]){0, asin(ratio)}, 2, 1e-14, &cap),
            GSL_SUCCESS);
        assert_int_equal(
            quadrature_integrate(sine_power, &power, (const double[]){0, M_PI_2}, 2, 1e-14, &half),
            GSL_SUCCESS);
        assert_int_equal(cap_area(ratio, d, &area), GSL_SUCCESS);
        assert_int_equal(cap_constant(d, &constant), GSL_SUCCESS);
        const char *input = INPUT("d %lu, ratio %a", d, ratio);
        check_close(input, area.value, cap.val / (2 * half.val), 1e-13);
        // C(d) = 1 / ((d - 1) 2 half)
        check_close(input, constant.value * (power + 1) * 2 * half.val, 1, 1e-12);
        const double leading = constant.value * pow(ratio, power + 1);
        if (!(leading <= area.value * (1 + 1e-12)))
            fail_msg("%s: the area %.17g is below its leading term %.17g", input, area.value, leading);
    }
    ball_t none;
    assert_int_equal(cap_area(0, 3, &none), GSL_EDOM);
    assert_int_equal(cap_area(0.5, 1, &none), GSL_EDOM);
    assert_int_equal(cap_constant(1, &none), GSL_EDOM);
}

// ---- Coalitions met, by distances ----

static double dot(const double *a, const double *b, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

// The distance of `point` from the cone { x : wall.x >= 0 for all walls }: its nearest point is the projection on the flat
// of some at most three independent walls (in R^d the cone has no more, up to a linear subspace, for d or N - 1 <= 3).
static double distance(double (*wall)[WIDE], size_t walls, const double *point, size_t d) {
    double best = INFINITY;
    for (uint32_t set = 0; set < (uint32_t)1 << walls; set++) {
        if (__builtin_popcount(set) > 3)
            continue;
        double basis[3][WIDE], x[WIDE];
        size_t rank = 0;
        bool independent = true;
        for (size_t l = 0; l < d; l++)
            x[l] = point[l];
        for (size_t i = 0; i < walls; i++) {
            if (!(set >> i & 1))
                continue;
            double *v = basis[rank];
            for (size_t l = 0; l < d; l++)
                v[l] = wall[i][l];
            for (size_t c = 0; c < rank; c++) {
                const double part = dot(v, basis[c], d);
                for (size_t l = 0; l < d; l++)
                    v[l] -= part * basis[c][l];
            }
            const double norm = sqrt(dot(v, v, d));
            independent &= norm > 1e-9;
            for (size_t l = 0; l < d; l++)
                v[l] /= norm;
            const double part = dot(x, v, d);
            for (size_t l = 0; l < d; l++)
                x[l] -= part * v[l];
            rank++;
        }
        bool inside = independent;
        for (size_t i = 0; i < walls; i++)
            inside &= set >> i & 1 || dot(wall[i], x, d) > -1e-10;
        double square = 0;
        for (size_t l = 0; l < d; l++)
            square += (x[l] - point[l]) * (x[l] - point[l]);
        if (inside)
            best = fmin(best, sqrt(square));
    }
    return best;
}

// Coalitions nearer than the radius; SIZE_MAX when one is too close to call. Where the cell is empty, the closed cone is
// the origin alone, and not nearer.
static size_t count_by_distance(const double *rows, size_t n, size_t k, size_t d, const double *centre,
                                double radius) {
    size_t count = 0;
    for (uint32_t set = 0; set < (uint32_t)1 << n; set++) {
        if ((size_t)__builtin_popcount(set) != k)
            continue;
        double wall[WALLS][WIDE];
        size_t walls = 0;
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++)
                if (set >> i & 1 && !(set >> j & 1)) {
                    for (size_t l = 0; l < d; l++)
                        wall[walls][l] = rows[i * d + l] - rows[j * d + l];
                    walls++;
                }
        const double gap = distance(wall, walls, centre, d);
        if (fabs(gap - radius) < 1e-7)
            return SIZE_MAX;
        count += gap < radius;
    }
    return count;
}

static void check_cells(size_t n, size_t k, size_t d, uint32_t block) {
    stream_t s = stream_for(block);
    double rows[MOST * WIDE], centre[WIDE];
    cap_count_t count;
    stream_normals(&s, rows, n * d);
    stream_normals(&s, centre, d);
    const double length = sqrt(dot(centre, centre, d)), ratio = uniform(&s, 0.02, d > n - 1 ? 1.2 : 0.98);
    const char *input = INPUT("N %zu, k %zu, d %zu, ratio %a, block %u", n, k, d, ratio, block);
    assert_int_equal(cap_cells(rows, n, k, d, centre, ratio * length, &count), GSL_SUCCESS);
    if (count.cells != count.listed)
        fail_msg("%s: %zu cells by Euler's formula, %zu listed", input, count.cells, count.listed);
    const size_t expected = count_by_distance(rows, n, k, d, centre, ratio * length);
    if (expected != SIZE_MAX && count.cells != expected)
        fail_msg("%s: %zu cells, %zu by distance", input, count.cells, expected);
}

static void test_cells(void **state) {
    (void)state;
    static const size_t shapes[][3] = {{2, 1, 2}, {3, 1, 2}, {4, 2, 2}, {5, 3, 2}, {2, 1, 3}, {3, 2, 3},
                                       {4, 1, 3}, {4, 2, 3}, {4, 3, 3}, {5, 2, 3}, {6, 3, 3}, {6, 1, 3},
                                       {2, 1, 9}, {3, 1, 7}, {4, 2, 5}, {4, 1, 4}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (uint32_t block = 0; block < 60; block++)
            check_cells(shapes[i][0], shapes[i][1], shapes[i][2], 1000 * ((uint32_t)i + 1) + block);
    cap_count_t count;
    const double rows[6 * 5] = {1, 2, 3}, centre[5] = {1};
    assert_int_equal(cap_cells(rows, 6, 2, 5, centre, 0.5, &count), GSL_EUNSUP);
    assert_int_equal(cap_cells(rows, 6, 6, 2, centre, 0.5, &count), GSL_EDOM);
    assert_int_equal(cap_cells(rows, 1, 1, 2, centre, 0.5, &count), GSL_EDOM);
}

// ---- Arcs ----

static uint32_t coalition(const double *a, const double *b, size_t n, size_t k, double t) {
    uint32_t set = 0;
    for (size_t i = 0; i < n; i++) {
        size_t before = 0;
        for (size_t j = 0; j < n; j++)
            before += a[j] * cos(t) + b[j] * sin(t) > a[i] * cos(t) + b[i] * sin(t);
        set |= (uint32_t)(before < k) << i;
    }
    return set;
}

static int compare(const void *x, const void *y) {
    const double p = *(const double *)x, q = *(const double *)y;
    return (p > q) - (p < q);
}

static void test_arcs(void **state) {
    (void)state;
    for (uint32_t block = 0; block < 400; block++) {
        stream_t s = stream_for(100000 + block);
        const size_t n = 2 + draw_below(&s, CAP_EXPERTS - 1), k = 1 + draw_below(&s, n - 1);
        const double length = block % 7 == 0 ? M_PI : uniform(&s, 0, M_PI);
        double a[CAP_EXPERTS], b[CAP_EXPERTS], ties[CAP_EXPERTS * CAP_EXPERTS];
        size_t count = 0, changes = 0;
        stream_normals(&s, a, n);
        stream_normals(&s, b, n);
        ties[count++] = 0;
        ties[count++] = length;
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < i; j++) {
                const double t = atan2(a[j] - a[i], b[i] - b[j]), up = t < 0 ? t + M_PI : t;
                if (up < length)
                    ties[count++] = up;
            }
        qsort(ties, count, sizeof *ties, compare);
        for (size_t i = 1; i + 1 < count; i++)
            changes += coalition(a, b, n, k, (ties[i - 1] + ties[i]) / 2) !=
                       coalition(a, b, n, k, (ties[i] + ties[i + 1]) / 2);
        const size_t found = cap_arc_changes(a, b, n, k, length);
        if (found != changes)
            fail_msg("N %zu, k %zu, length %a, block %u: %zu changes, %zu by sorting", n, k, length, block,
                     found, changes);
    }
}

// ---- Expected numbers ----

static void test_triple_ties(void **state) {
    (void)state;
    // Up to four experts all coalitions are reachable in space: C(N, k) = 2 + V/2.
    static const double all[][3] = {{2, 1, 2}, {3, 1, 3}, {3, 2, 3}, {4, 1, 4}, {4, 2, 6}, {4, 3, 4}};
    ball_t ties;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        assert_int_equal(cap_triple_ties((ulong)all[i][0], (ulong)all[i][1], &ties), GSL_SUCCESS);
        check_close(INPUT("N %g, k %g", all[i][0], all[i][1]), 2 + ties.value / 2, all[i][2],
                    2e-14 + ties.radius);
    }
    // The order of the logits is as good as its reverse.
    for (ulong n = 5; n <= CAP_EXPERTS; n += 3)
        for (ulong k = 1; k < n; k++) {
            ball_t other;
            assert_int_equal(cap_triple_ties(n, k, &ties), GSL_SUCCESS);
            assert_int_equal(cap_triple_ties(n, n - k, &other), GSL_SUCCESS);
            check_close(INPUT("N %lu, k %lu", n, k), ties.value, other.value, ties.radius + other.radius);
        }
    assert_int_equal(cap_triple_ties(4, 4, &ties), GSL_EDOM);
}

static void test_expected(void **state) {
    (void)state;
    stream_t s = stream_for(7);
    gsl_sf_result mean;
    cap_law_t law;
    for (int i = 0; i < 40; i++) { // two experts: |cos| of a random direction below the ratio
        const ulong d = 2 + draw_below(&s, 30);
        const double ratio = log_uniform(&s, 1e-3, 0.99);
        assert_int_equal(cap_law(2, 1, d, &law), GSL_SUCCESS);
        assert_int_equal(cap_expected(&law, ratio, &mean), GSL_SUCCESS);
        check_close(INPUT("N 2, d %lu, ratio %a", d, ratio), mean.val,
                    1 + gsl_sf_beta_inc(0.5, ((double)d - 1) / 2, ratio * ratio), 1e-10);
    }
    static const ulong shapes[][3] = {{3, 1, 2}, {9, 4, 2},  {3, 2, 3}, {8, 2, 3},
                                      {4, 2, 4}, {4, 1, 20}, {3, 1, 9}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        ball_t slope;
        assert_int_equal(great_circle_cap(shapes[i][0], shapes[i][1], shapes[i][2], &slope), GSL_SUCCESS);
        assert_int_equal(cap_law(shapes[i][0], shapes[i][1], shapes[i][2], &law), GSL_SUCCESS);
        for (double ratio = 0.25; ratio > 1e-4; ratio /= 4) {
            assert_int_equal(cap_expected(&law, ratio, &mean), GSL_SUCCESS);
            check_close(
                INPUT("N %lu, k %lu, d %lu, ratio %a", shapes[i][0], shapes[i][1], shapes[i][2], ratio),
                mean.val, 1 + slope.value * ratio, cap_remainder(&law, ratio) + mean.err);
        }
        // At the end half of the sphere is covered: F + e = 2 (coalitions of a half-space).
        if (law.span == law.dimension && law.span == 3) {
            assert_int_equal(cap_expected(&law, 1 - 0x1p-52, &mean), GSL_SUCCESS);
            check_close(INPUT("half-space, N %lu", law.experts), mean.val, (law.all + law.ties) / 2, 1e-6);
        }
    }
    assert_int_equal(cap_law(8, 2, 4, &law), GSL_SUCCESS);
    assert_int_equal(cap_expected(&law, 0.5, &mean), GSL_EUNSUP);
    assert_int_equal(cap_law(8, 2, 3, &law), GSL_SUCCESS);
    assert_int_equal(cap_expected(&law, 1, &mean), GSL_EDOM);
    assert_int_equal(cap_law(8, 8, 3, &law), GSL_EDOM);
    assert_int_equal(cap_law(8, 2, 1, &law), GSL_EDOM);
}

int main(void) {
    gsl_set_error_handler_off();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_area), cmocka_unit_test(test_cells),
                                       cmocka_unit_test(test_arcs), cmocka_unit_test(test_triple_ties),
                                       cmocka_unit_test(test_expected)};
    return cmocka_run_group_tests_name("cap", tests, NULL, NULL);
}
