// SPDX-License-Identifier: GPL-3.0-or-later
// stat/fit: least squares against the normal equations in long double, planted parameters, invariances, covariances that
// are none; intervals by simulation; slopes and their room.
#include "stat/fit.h"
#include "support.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>

enum { MOST = 12, MOST_PARAMETERS = 4 };

// ---- A second road: Gauss-Jordan in long double

// Solves a x = b with m right-hand sides in place; a is n x n, b is n x m.
static void solve(size_t n, long double a[MOST][MOST], size_t m, long double b[MOST][MOST]) {
    for (size_t k = 0; k < n; k++) {
        size_t pivot = k;
        for (size_t i = k; i < n; i++)
            if (fabsl(a[i][k]) > fabsl(a[pivot][k]))
                pivot = i;
        for (size_t j = 0; j < n; j++) {
            const long double swap = a[k][j];
            a[k][j] = a[pivot][j];
            a[pivot][j] = swap;
        }
        for (size_t j = 0; j < m; j++) {
            const long double swap = b[k][j];
            b[k][j] = b[pivot][j];
            b[pivot][j] = swap;
        }
        for (size_t i = 0; i < n; i++) {
            const long double factor = i == k ? 0 : a[i][k] / a[k][k];
            for (size_t j = 0; j < n; j++)
                a[i][j] -= factor * a[k][j];
            for (size_t j = 0; j < m; j++)
                b[i][j] -= factor * b[k][j];
        }
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < m; j++)
            b[i][j] /= a[i][i];
}

// ---- Problems

typedef struct problem {
    size_t n, p;
    gsl_matrix *x, *v, *errors;
    gsl_vector *y, *theta;
    double chi2;
} problem_t;

static void random_matrix(stream_t *s, gsl_matrix *a) {
    for (size_t i = 0; i < a->size1; i++)
        for (size_t j = 0; j < a->size2; j++)
            gsl_matrix_set(a, i, j, uniform(s, -1, 1));
}

// V = A A' + 0.1 I, times a scale.
static void random_covariance(stream_t *s, gsl_matrix *v) {
    const size_t n = v->size1;
    const double scale = log_uniform(s, 1e-6, 1e3);
    gsl_matrix *a = gsl_matrix_alloc(n, n);
    assert_non_null(a);
    random_matrix(s, a);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            double sum = i == j ? 0.1 : 0;
            for (size_t k = 0; k < n; k++)
                sum += gsl_matrix_get(a, i, k) * gsl_matrix_get(a, j, k);
            gsl_matrix_set(v, i, j, scale * sum);
        }
    gsl_matrix_free(a);
}

static problem_t new_problem(stream_t *s) {
    const size_t p = 1 + draw_below(s, MOST_PARAMETERS), n = p + 1 + draw_below(s, MOST - p);
    problem_t q = {n,
                   p,
                   gsl_matrix_alloc(n, p),
                   gsl_matrix_alloc(n, n),
                   gsl_matrix_alloc(p, p),
                   gsl_vector_alloc(n),
                   gsl_vector_alloc(p),
                   0};
    assert_true(q.x && q.v && q.errors && q.y && q.theta);
    random_matrix(s, q.x);
    random_covariance(s, q.v);
    for (size_t i = 0; i < n; i++)
        gsl_vector_set(q.y, i, uniform(s, -3, 3));
    return q;
}

static void free_problem(problem_t *q) {
    gsl_matrix_free(q->x);
    gsl_matrix_free(q->v);
    gsl_matrix_free(q->errors);
    gsl_vector_free(q->y);
    gsl_vector_free(q->theta);
}

static void fit(problem_t *q) {
    const int status = fit_generalised(q->x, q->y, q->v, q->theta, q->errors, &q->chi2);
    if (status != GSL_SUCCESS)
        fail_msg("n %zu, p %zu, V00 %a: status %d", q->n, q->p, gsl_matrix_get(q->v, 0, 0), status);
}

// theta = (X' V^-1 X)^-1 X' V^-1 y, its covariance and chi2.
typedef struct direct {
    long double theta[MOST], errors[MOST][MOST], chi2;
} direct_t;

// w = V^-1 (X | y), n x (p + 1).
static void whiten(const problem_t *q, long double w[MOST][MOST]) {
    static long double v[MOST][MOST];
    for (size_t i = 0; i < q->n; i++) {
        for (size_t j = 0; j < q->n; j++)
            v[i][j] = gsl_matrix_get(q->v, i, j);
        for (size_t k = 0; k < q->p; k++)
            w[i][k] = gsl_matrix_get(q->x, i, k);
        w[i][q->p] = gsl_vector_get(q->y, i);
    }
    solve(q->n, v, q->p + 1, w);
}

static direct_t solve_directly(const problem_t *q) {
    static long double w[MOST][MOST], normal[MOST][MOST], right[MOST][MOST];
    whiten(q, w);
    for (size_t k = 0; k < q->p; k++)
        for (size_t l = 0; l <= q->p; l++) {
            long double sum = 0;
            for (size_t i = 0; i < q->n; i++)
                sum += gsl_matrix_get(q->x, i, k) * w[i][l];
            if (l < q->p)
                normal[k][l] = sum;
            right[k][l] = l < q->p ? k == l : sum;
        }
    solve(q->p, normal, q->p + 1, right);
    direct_t result = {.chi2 = 0};
    for (size_t k = 0; k < q->p; k++) {
        result.theta[k] = right[k][q->p];
        for (size_t l = 0; l < q->p; l++)
            result.errors[k][l] = right[k][l];
    }
    for (size_t i = 0; i < q->n; i++) {
        long double white = w[i][q->p], residual = gsl_vector_get(q->y, i);
        for (size_t k = 0; k < q->p; k++) {
            white -= w[i][k] * result.theta[k];
            residual -= gsl_matrix_get(q->x, i, k) * result.theta[k];
        }
        result.chi2 += residual * white;
    }
    return result;
}

// Standard error of a parameter, the scale of its tolerance.
static double error_of(const direct_t *direct, size_t k) {
    return (double)sqrtl(direct->errors[k][k]);
}

static void check_fit(const problem_t *q, const direct_t *direct, unsigned trial) {
    const double tolerance = 1e-10;
    for (size_t k = 0; k < q->p; k++) {
        const double ek = error_of(direct, k), want = (double)direct->theta[k];
        check_close(INPUT("trial %u, n %zu, p %zu: parameter %zu", trial, q->n, q->p, k),
                    gsl_vector_get(q->theta, k), want, tolerance * (ek + fabs(want)));
        for (size_t l = 0; l < q->p; l++)
            check_close(INPUT("trial %u, n %zu, p %zu: covariance %zu %zu", trial, q->n, q->p, k, l),
                        gsl_matrix_get(q->errors, k, l), (double)direct->errors[k][l],
                        tolerance * ek * error_of(direct, l));
    }
    check_close(INPUT("trial %u, n %zu, p %zu: chi2", trial, q->n, q->p), q->chi2, (double)direct->chi2,
                tolerance * (double)direct->chi2);
}

static void test_against_normal_equations(void **state) {
    (void)state;
    stream_t s = stream_at(1, 0, 0);
    for (unsigned trial = 0; trial < 300; trial++) {
        problem_t q = new_problem(&s);
        const direct_t direct = solve_directly(&q);
        fit(&q);
        check_fit(&q, &direct, trial);
        free_problem(&q);
    }
}

// y += sign X beta.
static void add_model(problem_t *q, const double *beta) {
    for (size_t i = 0; i < q->n; i++)
        for (size_t k = 0; k < q->p; k++)
            *gsl_vector_ptr(q->y, i) += gsl_matrix_get(q->x, i, k) * beta[k];
}

static void test_planted(void **state) {
    (void)state;
    static const double beta[MOST_PARAMETERS] = {2.7, -0.31, 1.9e3, 4.1e-3};
    stream_t s = stream_at(2, 0, 0);
    for (unsigned trial = 0; trial < 100; trial++) {
        problem_t q = new_problem(&s);
        gsl_vector_set_zero(q.y);
        add_model(&q, beta);
        fit(&q);
        for (size_t k = 0; k < q.p; k++)
            check_close(INPUT("trial %u, n %zu, p %zu: planted parameter %zu", trial, q.n, q.p, k),
                        gsl_vector_get(q.theta, k), beta[k], 1e-8);
        const double noise = gsl_vector_max(q.y) - gsl_vector_min(q.y);
        assert_true(q.chi2 <= 1e-16 * noise * noise / gsl_matrix_get(q.v, 0, 0));
        free_problem(&q);
    }
}

// y + X beta moves theta by beta and leaves chi2 and the covariance.
static void test_shift(void **state) {
    (void)state;
    static const double beta[MOST_PARAMETERS] = {2.7, -0.31, 1.9, 4.1};
    stream_t s = stream_at(3, 0, 0);
    for (unsigned trial = 0; trial < 100; trial++) {
        problem_t q = new_problem(&s);
        fit(&q);
        const double chi2 = q.chi2, theta = gsl_vector_get(q.theta, q.p - 1),
                     error = gsl_matrix_get(q.errors, 0, 0);
        add_model(&q, beta);
        fit(&q);
        check_close(INPUT("trial %u: chi2 after a shift", trial), q.chi2, chi2, 1e-9 * (1 + chi2));
        check_close(INPUT("trial %u: theta after a shift", trial), gsl_vector_get(q.theta, q.p - 1),
                    theta + beta[q.p - 1], 1e-9 * (1 + fabs(theta)));
        check_close(INPUT("trial %u: errors after a shift", trial), gsl_matrix_get(q.errors, 0, 0), error,
                    1e-9 * error);
        free_problem(&q);
    }
}

// Other units of the data, y -> D y with a diagonal D, change nothing.
static void test_units(void **state) {
    (void)state;
    stream_t s = stream_at(4, 0, 0);
    for (unsigned trial = 0; trial < 100; trial++) {
        problem_t q = new_problem(&s);
        const direct_t direct = solve_directly(&q);
        for (size_t i = 0; i < q.n; i++) {
            const double unit = (i % 2 ? -1 : 1) * log_uniform(&s, 1e-3, 1e3);
            *gsl_vector_ptr(q.y, i) *= unit;
            for (size_t j = 0; j < q.n; j++) {
                *gsl_matrix_ptr(q.v, i, j) *= unit;
                *gsl_matrix_ptr(q.v, j, i) *= unit;
            }
            for (size_t k = 0; k < q.p; k++)
                *gsl_matrix_ptr(q.x, i, k) *= unit;
        }
        fit(&q);
        check_fit(&q, &direct, trial);
        free_problem(&q);
    }
}

// The minimum is the quadratic form of the residual, and no neighbour is below it.
static void test_chi2(void **state) {
    (void)state;
    stream_t s = stream_at(5, 0, 0);
    for (unsigned trial = 0; trial < 100; trial++) {
        problem_t q = new_problem(&s);
        fit(&q);
        double minus[MOST_PARAMETERS], chi2, beside;
        for (size_t k = 0; k < q.p; k++)
            minus[k] = -gsl_vector_get(q.theta, k);
        add_model(&q, minus);
        assert_int_equal(fit_chi2(q.y, q.v, &chi2), GSL_SUCCESS);
        check_close(INPUT("trial %u: chi2 of the residual", trial), chi2, q.chi2, 1e-9 * q.chi2);
        double step[MOST_PARAMETERS] = {0};
        const size_t k = draw_below(&s, q.p);
        step[k] = sqrt(gsl_matrix_get(q.errors, k, k));
        add_model(&q, step);
        assert_int_equal(fit_chi2(q.y, q.v, &beside), GSL_SUCCESS);
        // One standard error of one parameter, the others fixed: by 1 / (1 - R^2) >= 1.
        if (!(beside >= q.chi2 + 1 - 1e-8 * (1 + q.chi2)))
            fail_msg("trial %u: chi2 %a rises to %a only", trial, q.chi2, beside);
        free_problem(&q);
    }
}

// ---- Covariances that are none

// The status of both functions for a 4 x 4 covariance.
static void check_covariance(const char *input, const gsl_matrix *v, int want) {
    problem_t q = {.x = gsl_matrix_alloc(4, 1),
                   .errors = gsl_matrix_alloc(1, 1),
                   .y = gsl_vector_alloc(4),
                   .theta = gsl_vector_alloc(1)};
    assert_true(q.x && q.errors && q.y && q.theta);
    gsl_matrix_set_all(q.x, 1);
    gsl_vector_set_all(q.y, 0.7);
    double chi2;
    const int generalised = fit_generalised(q.x, q.y, v, q.theta, q.errors, &q.chi2);
    const int form = fit_chi2(q.y, v, &chi2);
    free_problem(&q);
    if (generalised != want || form != want)
        fail_msg("%s: status %d and %d, wanted %d", input, generalised, form, want);
}

static void check_entry(const char *input, size_t i, size_t j, double value, int want) {
    gsl_matrix *v = gsl_matrix_alloc(4, 4);
    assert_non_null(v);
    gsl_matrix_set_identity(v);
    gsl_matrix_set(v, i, j, value);
    gsl_matrix_set(v, j, i, value);
    check_covariance(input, v, want);
    gsl_matrix_free(v);
}

static void test_not_positive_definite(void **state) {
    (void)state;
    check_entry("identity", 0, 0, 1, GSL_SUCCESS);
    check_entry("a variance of -1", 2, 2, -1, GSL_EDOM);
    check_entry("a variance of 0 first", 0, 0, 0, GSL_EDOM);
    check_entry("a variance of 0 last", 3, 3, 0, GSL_EDOM);
    check_entry("a correlation of 1", 3, 1, 1, GSL_EDOM);
    check_entry("a correlation of -1.5", 2, 0, -1.5, GSL_EDOM);
    check_entry("a correlation of 0.99", 3, 1, 0.99, GSL_SUCCESS);
    gsl_matrix *zero = gsl_matrix_calloc(4, 4);
    check_covariance("zero", zero, GSL_EDOM);
    gsl_matrix_free(zero);
}

static void test_covariance_not_a_number(void **state) {
    (void)state;
    check_entry("a variance of NaN", 1, 1, NAN, GSL_EDOM);
    check_entry("a covariance of NaN", 2, 1, NAN, GSL_EDOM);
}

// ---- Intervals for the size of a sample

static void test_interval_ends(void **state) {
    (void)state;
    stream_t s = stream_at(6, 0, 0);
    for (unsigned trial = 0; trial < 200; trial++) {
        const double q = log_uniform(&s, 1e-9, 1e2), freedom = 1 + (double)draw_below(&s, 12),
                     level = uniform(&s, 0.5, 0.999);
        double low, high;
        fit_sample_interval(q, freedom, level, &low, &high);
        assert_true(0 < low && low < high);
        check_close(INPUT("q %a, freedom %g, level %a: below", q, freedom, level),
                    gsl_cdf_chisq_P(low * q, freedom), (1 - level) / 2, 1e-9);
        check_close(INPUT("q %a, freedom %g, level %a: above", q, freedom, level),
                    gsl_cdf_chisq_Q(high * q, freedom), (1 - level) / 2, 1e-9);
    }
}

// n q is the sum of 5 squares of normals: the true n is inside as often as the level says, and outside at both ends
// equally often. z of 4.5.
static void test_interval_covers(void **state) {
    (void)state;
    enum { TRIALS = 20000, FREEDOM = 5 };
    const double size = 4e5, level = 0.9, sigma = sqrt(TRIALS * 0.05 * 0.95);
    stream_t s = stream_at(7, 0, 0);
    int below = 0, above = 0;
    for (int trial = 0; trial < TRIALS; trial++) {
        double normal[FREEDOM], sum = 0, low, high;
        stream_normals(&s, normal, FREEDOM);
        for (int i = 0; i < FREEDOM; i++)
            sum += normal[i] * normal[i];
        fit_sample_interval(sum / size, FREEDOM, level, &low, &high);
        below += size < low;
        above += size > high;
    }
    check_close("misses below the interval", below, 0.05 * TRIALS, 4.5 * sigma);
    check_close("misses above the interval", above, 0.05 * TRIALS, 4.5 * sigma);
}

// ---- Slopes

static void random_points(stream_t *s, size_t n, double *x, double *y) {
    for (size_t i = 0; i < n; i++) {
        x[i] = log_uniform(s, 1e-4, 1e3);
        y[i] = log_uniform(s, 1e-3, 1e2);
    }
}

// Slope by the textbook's (n Sxy - Sx Sy) / (n Sxx - Sx^2).
static double direct_slope(const double *x, const double *y, size_t n) {
    long double sx = 0, sy = 0, sxx = 0, sxy = 0;
    for (size_t i = 0; i < n; i++) {
        const long double lx = logl(x[i]), ly = logl(y[i]);
        sx += lx;
        sy += ly;
        sxx += lx * lx;
        sxy += lx * ly;
    }
    return (double)((n * sxy - sx * sy) / (n * sxx - sx * sx));
}

static void test_slope(void **state) {
    (void)state;
    stream_t s = stream_at(8, 0, 0);
    for (unsigned trial = 0; trial < 300; trial++) {
        const size_t n = 2 + draw_below(&s, 9);
        double x[MOST], y[MOST];
        random_points(&s, n, x, y);
        const double want = direct_slope(x, y, n);
        check_close(INPUT("trial %u: slope of %zu points from (%a, %a)", trial, n, x[0], y[0]),
                    fit_log_slope(x, y, n), want, 1e-10 * (1 + fabs(want)));
    }
}

static void test_power_law(void **state) {
    (void)state;
    stream_t s = stream_at(9, 0, 0);
    for (unsigned trial = 0; trial < 100; trial++) {
        double x[6], y[6];
        const double power = uniform(&s, -4, 4), factor = log_uniform(&s, 1e-5, 1e5);
        random_points(&s, 6, x, y);
        for (int i = 0; i < 6; i++)
            y[i] = factor * pow(x[i], power);
        check_close(INPUT("%a x^%a", factor, power), fit_log_slope(x, y, 6), power,
                    1e-12 * (1 + fabs(power)));
    }
}

// No rounding moves the slope by more than the room, up to second order, and the worst one moves it by just that.
static void check_room(stream_t *s, size_t n, const double *x, const double *y, double half) {
    const double slope = fit_log_slope(x, y, n), room = fit_log_slope_room(x, y, n, half);
    double worst[MOST], some[MOST], mean = 0;
    for (size_t i = 0; i < n; i++)
        mean += log(x[i]) / (double)n;
    for (size_t i = 0; i < n; i++) {
        worst[i] = y[i] + (log(x[i]) > mean ? half : -half);
        some[i] = y[i] + uniform(s, -half, half);
    }
    check_close(INPUT("room of %zu points from (%a, %a), half %a", n, x[0], y[0], half),
                fit_log_slope(x, worst, n) - slope, room, 1e-3 * room);
    if (!(fabs(fit_log_slope(x, some, n) - slope) <= room * (1 + 1e-3)))
        fail_msg("%zu points from (%a, %a): half %a moves the slope beyond the room %a", n, x[0], y[0], half,
                 room);
}

static void test_room(void **state) {
    (void)state;
    stream_t s = stream_at(10, 0, 0);
    for (unsigned trial = 0; trial < 200; trial++) {
        const size_t n = 2 + draw_below(&s, 9);
        double x[MOST], y[MOST], least = HUGE_VAL;
        random_points(&s, n, x, y);
        for (size_t i = 0; i < n; i++)
            least = fmin(least, y[i]);
        check_room(&s, n, x, y, 1e-4 * least);
    }
}

int main(void) {
    gsl_set_error_handler_off();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_normal_equations),
        cmocka_unit_test(test_planted),
        cmocka_unit_test(test_shift),
        cmocka_unit_test(test_units),
        cmocka_unit_test(test_chi2),
        cmocka_unit_test(test_not_positive_definite),
        cmocka_unit_test(test_covariance_not_a_number),
        cmocka_unit_test(test_interval_ends),
        cmocka_unit_test(test_interval_covers),
        cmocka_unit_test(test_slope),
        cmocka_unit_test(test_power_law),
        cmocka_unit_test(test_room),
    };
    return cmocka_run_group_tests_name("fit", tests, NULL, NULL);
}
