// SPDX-License-Identifier: GPL-3.0-or-later
// routing/pair_router: risk, gradient and Hessian against an integral over the plane of router and teacher in polar
// coordinates (long double, graded panels), a sample of the definitions, differences, symmetries; the entropy.
#include "routing/pair_router.h"
#include "stat/montecarlo.h"
#include "support.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <string.h>

enum { MOST = PAIR_ROUTER_MAX_DIMENSION };

// ---- Models

// A model with its arrays, and a router.
typedef struct setting {
    pair_router_t model;
    double teacher[MOST], contrast[MOST], router[MOST];
} setting_t;

static double dot(const double *x, const double *y, size_t d) {
    double sum = 0;
    for (size_t i = 0; i < d; i++)
        sum += x[i] * y[i];
    return sum;
}

static void scale_to(double *x, double norm, size_t d) {
    const double factor = norm / sqrt(dot(x, x, d));
    for (size_t i = 0; i < d; i++)
        x[i] *= factor;
}

static void link_model(setting_t *set) {
    set->model.teacher = set->teacher;
    set->model.contrast = set->contrast;
}

// Generic v, q and u, with |u| = ratio tau.
static void random_setting(stream_t *s, size_t d, double ratio, setting_t *set) {
    set->model =
        (pair_router_t){.dimension = d, .strength = uniform(s, 0.05, 1.2), .tau = log_uniform(s, 0.03, 3)};
    stream_normals(s, set->teacher, d);
    stream_normals(s, set->contrast, d);
    stream_normals(s, set->router, d);
    scale_to(set->teacher, 1, d);
    scale_to(set->router, ratio * set->model.tau, d);
    link_model(set);
}

static const char *describe(const setting_t *set) {
    const size_t d = set->model.dimension;
    const double *v = set->teacher, *q = set->contrast, *u = set->router;
    char *text = support_input;
    int used = snprintf(text, 200, "d %zu, eps %a, tau %a; v, q, u:", d, set->model.strength, set->model.tau);
    for (size_t i = 0; i < d && used < 900; i++)
        used += snprintf(text + used, 120, " %a %a %a;", v[i], q[i], u[i]);
    return text;
}

// ---- A second road: the plane of u and v in polar coordinates, in long double

// 16-point Gauss-Legendre nodes on [-1, 1] by Newton's method.
enum { GAUSS = 16 };
static long double node[GAUSS], weight[GAUSS];

static void make_gauss(void) {
    for (int i = 0; i < GAUSS; i++) {
        long double x = cosl(M_PIl * (i + 0.75L) / (GAUSS + 0.5L)), slope = 1;
        for (int round = 0; round < 10; round++) {
            long double p = 1, before = 0;
            for (int k = 1; k <= GAUSS; k++) {
                const long double next = ((2 * k - 1) * x * p - (k - 1) * before) / k;
                before = p;
                p = next;
            }
            slope = GAUSS * (x * p - before) / (x * x - 1);
            x -= p / slope;
        }
        node[i] = x;
        weight[i] = 2 / ((1 - x * x) * slope * slope);
    }
}

// Radii: panels that halve towards 0, where a steep gate changes, and reach to 12.
enum { HALVINGS = 14, RADII = (HALVINGS + 1 + 11) * GAUSS };
static long double radius[RADII], radius_weight[RADII]; // with the density r exp(-r^2/2)

static void add_radii(size_t panel, long double low, long double high) {
    for (size_t i = 0; i < GAUSS; i++) {
        const long double r = (low + high + (high - low) * node[i]) / 2;
        radius[panel * GAUSS + i] = r;
        radius_weight[panel * GAUSS + i] = (high - low) / 2 * weight[i] * r * expl(-r * r / 2);
    }
}

static void make_radii(void) {
    size_t panel = 0;
    add_radii(panel++, 0, ldexpl(1, -HALVINGS));
    for (int k = HALVINGS; k > 0; k--)
        add_radii(panel++, ldexpl(1, -k), ldexpl(1, 1 - k));
    for (int k = 1; k < 12; k++)
        add_radii(panel++, k, k + 1);
}

// The geometry in long double, orthonormal to its last bits.
typedef struct plane {
    long double e[3][MOST], norm, rho, kappa, q[3];
} plane_t;

static long double long_dot(const long double *x, const long double *y, size_t d) {
    long double sum = 0;
    for (size_t i = 0; i < d; i++)
        sum += x[i] * y[i];
    return sum;
}

// Makes e[k] orthogonal to the earlier ones, twice, and of norm 1; returns its norm, 0 when nothing is left.
static long double orthonormalise(plane_t *p, int k, long double scale, size_t d) {
    for (int round = 0; round < 3; round++)
        for (int j = 0; j < k; j++) {
            const long double part = long_dot(p->e[k], p->e[j], d);
            for (size_t i = 0; i < d; i++)
                p->e[k][i] -= part * p->e[j][i];
        }
    long double norm = sqrtl(long_dot(p->e[k], p->e[k], d));
    if (norm < 1e-16L * scale)
        norm = 0;
    for (size_t i = 0; i < d; i++)
        p->e[k][i] = norm > 0 ? p->e[k][i] / norm : 0;
    // A short remainder has lost its right angles: once more.
    for (int j = 0; j < k && norm > 0; j++) {
        const long double part = long_dot(p->e[k], p->e[j], d);
        for (size_t i = 0; i < d; i++)
            p->e[k][i] -= part * p->e[j][i];
    }
    return norm;
}

static plane_t make_plane(const setting_t *set) {
    plane_t p = {.norm = 0};
    const size_t d = set->model.dimension;
    long double v[MOST], q[MOST], whole = 0;
    for (size_t i = 0; i < d; i++) {
        p.e[0][i] = set->router[i];
        p.e[1][i] = v[i] = set->teacher[i];
        p.e[2][i] = q[i] = set->contrast[i];
        whole += q[i] * q[i];
    }
    p.norm = orthonormalise(&p, 0, 0, d);
    p.rho = long_dot(p.e[0], v, d);
    p.kappa = orthonormalise(&p, 1, 1, d);
    orthonormalise(&p, 2, sqrtl(whole), d);
    for (int k = 0; k < 3; k++)
        p.q[k] = long_dot(q, p.e[k], d);
    return p;
}

// What is integrated: the risk, and the gradient in the frame.
typedef struct sums {
    long double risk, g[3];
} sums_t;

// Adds the direction theta: Z = r cos theta, X2 = r sin theta, and S is constant along it.
static void add_direction(const pair_router_t *m, const plane_t *p, long double theta, long double w,
                          sums_t *sums) {
    const long double c = cosl(theta), s = sinl(theta), along = p->q[0] * c + p->q[1] * s;
    const long double sign = p->rho * c + p->kappa * s > 0 ? 1 : -1, eps = m->strength;
    for (int i = 0; i < RADII; i++) {
        const long double r = radius[i], gate = 1 / (1 + expl(-p->norm * r * c / m->tau));
        const long double t = gate - 0.5L, slope = gate * (1 - gate);
        const long double d2 = along * along * r * r + p->q[2] * p->q[2], f = w * radius_weight[i];
        const long double pull = -2 * eps / m->tau * slope * (sign / 2 - eps * t) * f;
        sums->risk += f * (sign / 2 - eps * t) * (sign / 2 - eps * t) * d2;
        sums->g[0] += pull * d2 * r * c;
        sums->g[1] += pull * d2 * r * s;
        sums->g[2] += pull * 2 * along * r * p->q[2];
    }
}

static void add_panel(const pair_router_t *m, const plane_t *p, long double low, long double high,
                      sums_t *sums) {
    for (int i = 0; i < GAUSS && high > low; i++)
        add_direction(m, p, (low + high + (high - low) * node[i]) / 2, (high - low) / 2 * weight[i] / M_PIl,
                      sums);
}

// Panels over (-pi/2, pi/2), halving towards both ends (where Z = 0), cut where S changes its sign. The other half-plane
// contributes the same, hence the weight 1/pi instead of 1/(2 pi).
static sums_t integrate_plane(const pair_router_t *m, const plane_t *p) {
    enum { CUTS = 16 };
    const long double half = M_PIl / 2, jump = p->kappa > 0 ? atanl(-p->rho / p->kappa) : -half;
    sums_t sums = {0};
    for (int k = 0; k <= CUTS; k++) {
        const long double high = ldexpl(half, -k), low = k < CUTS ? high / 2 : 0;
        for (int side = -1; side <= 1; side += 2) {
            const long double a = side < 0 ? -half + low : half - high, b = a + (high - low);
            const long double cut = fminl(fmaxl(jump, a), b);
            add_panel(m, p, a, cut, &sums);
            add_panel(m, p, cut, b, &sums);
        }
    }
    return sums;
}

// Risk and gradient of the second road.
static void reference(const setting_t *set, double *risk, double *gradient) {
    const plane_t p = make_plane(set);
    const sums_t sums = integrate_plane(&set->model, &p);
    for (size_t i = 0; i < set->model.dimension; i++)
        gradient[i] = (double)(sums.g[0] * p.e[0][i] + sums.g[1] * p.e[1][i] + sums.g[2] * p.e[2][i]);
    *risk = (double)sums.risk;
}

static int make_rules(void **state) {
    (void)state;
    make_gauss();
    make_radii();
    return 0;
}

// ---- Comparisons

// Fails when risk or gradient (against its norm) are further off than the relative tolerance.
static void check_setting(const setting_t *set, double tolerance) {
    const size_t d = set->model.dimension;
    double risk, gradient[MOST], want_risk, want[MOST], off = 0;
    pair_router_risk(&set->model, set->router, &risk, gradient);
    reference(set, &want_risk, want);
    check_close(describe(set), risk, want_risk, tolerance * want_risk);
    for (size_t i = 0; i < d; i++)
        off += gsl_pow_2(gradient[i] - want[i]);
    if (!(sqrt(off) <= tolerance * sqrt(dot(want, want, d))))
        fail_msg("%s: gradient off by %.3g of %.3g", describe(set), sqrt(off), sqrt(dot(want, want, d)));
}

// |u|/tau = 10^low ... 10^high, generic directions, the promise of the header.
static void check_ratios(uint32_t number, double low, double high) {
    stream_t s = stream_at(1, number, 0);
    for (size_t trial = 0; trial < 12; trial++) {
        setting_t set;
        random_setting(&s, 2 + trial % 5, pow(10, low + (high - low) * (double)trial / 11), &set);
        check_setting(&set, 1e-12);
    }
}

static void test_small_ratios(void **state) {
    (void)state;
    check_ratios(0, -3, -0.5);
}

static void test_middle_ratios(void **state) {
    (void)state;
    check_ratios(1, -0.5, 1);
}

static void test_great_ratios(void **state) {
    (void)state;
    check_ratios(2, 1, 3);
}

// The risk alone, at all ratios.
static void test_risk_of_all_ratios(void **state) {
    (void)state;
    stream_t s = stream_at(2, 0, 0);
    for (size_t trial = 0; trial <= 12; trial++) {
        setting_t set;
        double risk, want, gradient[MOST];
        random_setting(&s, 1 + trial % 6, pow(10, -3 + (double)trial / 2), &set);
        pair_router_risk(&set.model, set.router, &risk, NULL);
        reference(&set, &want, gradient);
        check_close(describe(&set), risk, want, 1e-12 * want);
    }
}

// u = ratio tau (v + angle times a unit vector across).
static void tilt(stream_t *s, size_t d, double ratio, double angle, setting_t *set) {
    random_setting(s, d, 1, set);
    double *u = set->router, *v = set->teacher;
    const double along = dot(u, v, d);
    for (size_t i = 0; i < d; i++)
        u[i] -= along * v[i];
    scale_to(u, angle, d);
    for (size_t i = 0; i < d; i++)
        u[i] = ratio * set->model.tau * (v[i] + u[i]);
}

static void test_moderate_tilts(void **state) {
    (void)state;
    stream_t s = stream_at(3, 0, 0);
    for (int trial = 0; trial < 8; trial++) {
        setting_t set;
        tilt(&s, 3, 3, (trial % 2 ? 1 : -1) * pow(10, -0.25 * (trial / 2)), &set);
        check_setting(&set, 1e-12);
    }
}

// Almost aligned routers are where training ends.
static void test_small_tilts(void **state) {
    (void)state;
    stream_t s = stream_at(4, 0, 0);
    for (int trial = 0; trial < 12; trial++) {
        setting_t set;
        double risk, want, gradient[MOST];
        tilt(&s, 4, 3, pow(10, -2 - trial), &set);
        pair_router_risk(&set.model, set.router, &risk, NULL);
        reference(&set, &want, gradient);
        check_close(describe(&set), risk, want, 1e-12 * want);
    }
}

static void test_gradient_of_small_tilts(void **state) {
    (void)state;
    stream_t s = stream_at(5, 0, 0);
    for (int trial = 0; trial < 12; trial++) {
        setting_t set;
        tilt(&s, 4, 1, pow(10, -2 - trial), &set);
        check_setting(&set, 1e-11);
    }
}

// ---- Aligned routers

static gsl_sf_result aligned_risk(const setting_t *set, double norm) {
    gsl_sf_result risk;
    const int status = pair_router_aligned_risk(&set->model, norm, &risk);
    if (status != GSL_SUCCESS)
        fail_msg("%s, norm %a: status %d", describe(set), norm, status);
    return risk;
}

static void random_aligned(stream_t *s, size_t d, double ratio, int sign, setting_t *set) {
    random_setting(s, d, 1, set);
    for (size_t i = 0; i < d; i++)
        set->router[i] = sign * ratio * set->model.tau * set->teacher[i];
}

static void test_aligned(void **state) {
    (void)state;
    stream_t s = stream_at(6, 0, 0);
    for (size_t trial = 0; trial < 60; trial++) {
        setting_t set;
        double risk;
        random_aligned(&s, 1 + trial % 6, log_uniform(&s, 1e-3, 1e3), 1, &set);
        const gsl_sf_result want = aligned_risk(&set, sqrt(dot(set.router, set.router, set.model.dimension)));
        pair_router_risk(&set.model, set.router, &risk, NULL);
        check_close(describe(&set), risk, want.val, 1e-12 * want.val + want.err);
        assert_true(want.err >= 0 && want.err <= 1e-12);
    }
}

// Both signs of the alignment against the plane, which needs no formula for it; d = 1 has no other router.
static void test_aligned_plane(void **state) {
    (void)state;
    stream_t s = stream_at(7, 0, 0);
    for (size_t trial = 0; trial < 8; trial++) {
        setting_t set;
        random_aligned(&s, 1 + trial / 2, trial % 3 ? 0.7 : 6, trial % 2 ? -1 : 1, &set);
        check_setting(&set, 1e-11);
    }
}

// eps = 1: the risk of an aligned router is the layer's alone and vanishes as |u| grows.
static void test_vanishing_risk(void **state) {
    (void)state;
    stream_t s = stream_at(8, 0, 0);
    for (size_t trial = 0; trial < 9; trial++) {
        setting_t set;
        double risk, want, gradient[MOST];
        random_aligned(&s, 3, pow(10, -1 + 0.5 * (double)trial), 1, &set);
        set.model.strength = 1;
        pair_router_risk(&set.model, set.router, &risk, NULL);
        reference(&set, &want, gradient);
        check_close(describe(&set), risk, want, 1e-12 * want);
    }
}

// The same in one dimension, where what is left is the layer's second moment, of the order (tau/|u|)^3.
static void test_vanishing_risk_along(void **state) {
    (void)state;
    stream_t s = stream_at(19, 0, 0);
    for (size_t trial = 0; trial < 9; trial++) {
        setting_t set;
        double risk, want, gradient[MOST];
        random_aligned(&s, 1, pow(10, -1 + 0.5 * (double)trial), 1, &set);
        set.model.strength = 1;
        pair_router_risk(&set.model, set.router, &risk, NULL);
        reference(&set, &want, gradient);
        check_close(describe(&set), risk, want, 1e-12 * want);
    }
}

static void test_aligned_refused(void **state) {
    (void)state;
    stream_t s = stream_at(9, 0, 0);
    setting_t set;
    random_setting(&s, 2, 1, &set);
    gsl_sf_result r = {0x1.3p3, 0x1.7p4};
    assert_int_equal(pair_router_aligned_risk(&set.model, 0, &r), GSL_EDOM);
    assert_int_equal(pair_router_aligned_risk(&set.model, -1, &r), GSL_EDOM);
    assert_int_equal(pair_router_aligned_risk(&set.model, NAN, &r), GSL_EDOM);
    assert_int_equal(pair_router_entropy(0, &r), GSL_EDOM);
    assert_int_equal(pair_router_entropy(-2, &r), GSL_EDOM);
    assert_int_equal(pair_router_entropy(NAN, &r), GSL_EDOM);
    assert_true(r.val == 0x1.3p3 && r.err == 0x1.7p4);
}

// ---- A sample of the definitions

// Squared error Y - h, and its gradient -(2/tau) (Y - h) eps D p (1 - p) X, from m = 0 experts +-D/2.
static int sample_router(const montecarlo_block_t *block, const void *context) {
    const setting_t *set = context;
    const size_t d = set->model.dimension;
    const double eps = set->model.strength, tau = set->model.tau;
    stream_normals(block->stream, block->work, block->count * d);
    for (size_t i = 0; i < block->count; i++) {
        const double *x = block->work + i * d, contrast = dot(set->contrast, x, d);
        const double y = dot(set->teacher, x, d) > 0 ? contrast / 2 : -contrast / 2;
        const double p = 1 / (1 + exp(-dot(set->router, x, d) / tau));
        const double h = p * eps * contrast / 2 - (1 - p) * eps * contrast / 2;
        double *row = block->samples + i * (d + 1);
        row[0] = (y - h) * (y - h);
        for (size_t k = 0; k < d; k++)
            row[1 + k] = -2 * (y - h) * eps * contrast * p * (1 - p) / tau * x[k];
    }
    return GSL_SUCCESS;
}

static void check_sampled(const setting_t *set, uint32_t number) {
    const double z = 4.5; // of 67 numbers: a true one fails with probability 5e-4, and the seed is fixed
    const size_t d = set->model.dimension;
    const montecarlo_params_t params = {
        .samples = 200000, .seed = 13, .experiment = number, .work_size = MONTECARLO_BLOCK * d};
    moments_t *moments = moments_alloc(d + 1);
    double risk, gradient[MOST];
    assert_non_null(moments);
    assert_int_equal(montecarlo_run(&params, sample_router, set, moments), GSL_SUCCESS);
    pair_router_risk(&set->model, set->router, &risk, gradient);
    for (size_t k = 0; k <= d; k++) {
        const gsl_sf_result sampled = moments_estimate(moments, k);
        check_close(describe(set), k ? gradient[k - 1] : risk, sampled.val, z * sampled.err);
    }
    moments_free(moments);
}

static void test_sample(void **state) {
    (void)state;
    stream_t s = stream_at(10, 0, 0);
    for (uint32_t trial = 0; trial < 15; trial++) {
        setting_t set;
        random_setting(&s, 1 + trial % 6, log_uniform(&s, 0.1, 20), &set);
        check_sampled(&set, trial);
    }
}

// ---- Differences

static double risk_at(const setting_t *set, const double *u) {
    double risk;
    pair_router_risk(&set->model, u, &risk, NULL);
    return risk;
}

static void test_gradient_by_differences(void **state) {
    (void)state;
    stream_t s = stream_at(11, 0, 0);
    for (size_t trial = 0; trial < 40; trial++) {
        setting_t set;
        double gradient[MOST], u[MOST];
        random_setting(&s, 1 + trial % 6, log_uniform(&s, 0.1, 20), &set);
        const size_t d = set.model.dimension;
        pair_router_risk(&set.model, set.router, NULL, gradient);
        memcpy(u, set.router, sizeof u);
        const double step = 1e-4 * sqrt(dot(u, u, d)),
                     scale = dot(set.contrast, set.contrast, d) / sqrt(dot(u, u, d));
        for (size_t k = 0; k < d; k++) {
            u[k] = set.router[k] + step;
            const double up = risk_at(&set, u);
            u[k] = set.router[k] - step;
            const double down = risk_at(&set, u);
            u[k] = set.router[k];
            check_close(describe(&set), gradient[k], (up - down) / (2 * step), 3e-7 * scale);
        }
    }
}

static void test_gradient_at_zero(void **state) {
    (void)state;
    stream_t s = stream_at(12, 0, 0);
    for (size_t trial = 0; trial < 60; trial++) {
        setting_t set;
        double gradient[MOST], general[MOST], risk;
        random_setting(&s, 1 + trial % 16, 1, &set);
        const size_t d = set.model.dimension;
        memset(set.router, 0, sizeof set.router);
        pair_router_gradient_at_zero(&set.model, gradient);
        pair_router_risk(&set.model, set.router, &risk, general);
        check_close(describe(&set), risk, dot(set.contrast, set.contrast, d) / 4, 1e-15 * risk * (double)d);
        for (size_t k = 0; k < d; k++)
            check_close(describe(&set), general[k], gradient[k], 1e-12 * sqrt(dot(gradient, gradient, d)));
    }
}

static void test_hessian_by_differences(void **state) {
    (void)state;
    stream_t s = stream_at(13, 0, 0);
    for (size_t trial = 0; trial < 40; trial++) {
        setting_t set;
        double hessian[MOST * MOST], u[MOST] = {0}, up[MOST], down[MOST];
        random_setting(&s, 1 + trial % 6, 1, &set);
        const size_t d = set.model.dimension;
        const double step = 1e-3 * set.model.tau;
        pair_router_hessian_at_zero(&set.model, hessian);
        for (size_t k = 0; k < d; k++) {
            u[k] = step;
            pair_router_risk(&set.model, u, NULL, up);
            u[k] = -step;
            pair_router_risk(&set.model, u, NULL, down);
            u[k] = 0;
            for (size_t i = 0; i < d; i++)
                check_close(describe(&set), hessian[i * d + k], (up[i] - down[i]) / (2 * step),
                            1e-5 * (hessian[0] + hessian[d * d - 1]));
        }
    }
}

// (eps^2 / (8 tau^2)) D^2 X X', row by row.
static int sample_hessian(const montecarlo_block_t *block, const void *context) {
    const setting_t *set = context;
    const size_t d = set->model.dimension;
    const double factor = gsl_pow_2(set->model.strength / set->model.tau) / 8;
    stream_normals(block->stream, block->work, block->count * d);
    for (size_t i = 0; i < block->count; i++) {
        const double *x = block->work + i * d, d2 = gsl_pow_2(dot(set->contrast, x, d));
        for (size_t k = 0; k < d * d; k++)
            block->samples[i * d * d + k] = factor * d2 * x[k / d] * x[k % d];
    }
    return GSL_SUCCESS;
}

static void test_hessian_by_sampling(void **state) {
    (void)state;
    stream_t s = stream_at(14, 0, 0);
    for (size_t d = 1; d <= 4; d++) {
        setting_t set;
        double hessian[MOST * MOST];
        random_setting(&s, d, 1, &set);
        pair_router_hessian_at_zero(&set.model, hessian);
        const montecarlo_params_t params = {
            .samples = 200000, .seed = 14, .experiment = (uint32_t)d, .work_size = MONTECARLO_BLOCK * d};
        moments_t *moments = moments_alloc(d * d);
        assert_non_null(moments);
        assert_int_equal(montecarlo_run(&params, sample_hessian, &set, moments), GSL_SUCCESS);
        for (size_t k = 0; k < d * d; k++) {
            const gsl_sf_result sampled = moments_estimate(moments, k);
            check_close(describe(&set), hessian[k], sampled.val, 4.5 * sampled.err);
        }
        moments_free(moments);
    }
}

// ---- Symmetries

// x -= 2 (n'x) n, the reflection at a unit vector's hyperplane.
static void reflect(double *x, const double *n, size_t d) {
    const double twice = 2 * dot(n, x, d);
    for (size_t i = 0; i < d; i++)
        x[i] -= twice * n[i];
}

// The same risk, and the gradient moves with the space.
static void check_same(const setting_t *before, const setting_t *after, const double *normal, int sign) {
    const size_t d = before->model.dimension;
    double risk, same_risk, gradient[MOST], same[MOST];
    pair_router_risk(&before->model, before->router, &risk, gradient);
    pair_router_risk(&after->model, after->router, &same_risk, same);
    check_close(describe(after), same_risk, risk, 1e-13 * risk);
    if (normal != NULL)
        reflect(gradient, normal, d);
    for (size_t i = 0; i < d; i++)
        check_close(describe(after), same[i], sign * gradient[i], 1e-12 * sqrt(dot(gradient, gradient, d)));
}

static void negate(double *x, size_t d) {
    for (size_t i = 0; i < d; i++)
        x[i] = -x[i];
}

static void test_rotations(void **state) {
    (void)state;
    stream_t s = stream_at(15, 0, 0);
    for (size_t trial = 0; trial < 60; trial++) {
        setting_t set, moved;
        double normal[MOST];
        random_setting(&s, 1 + trial % 16, log_uniform(&s, 0.1, 20), &set);
        const size_t d = set.model.dimension;
        stream_normals(&s, normal, d);
        scale_to(normal, 1, d);
        moved = set;
        link_model(&moved);
        reflect(moved.teacher, normal, d);
        reflect(moved.contrast, normal, d);
        reflect(moved.router, normal, d);
        check_same(&set, &moved, normal, 1);
    }
}

static void test_signs(void **state) {
    (void)state;
    stream_t s = stream_at(16, 0, 0);
    for (size_t trial = 0; trial < 60; trial++) {
        setting_t set, flipped;
        random_setting(&s, 1 + trial % 16, log_uniform(&s, 0.1, 20), &set);
        const size_t d = set.model.dimension;
        flipped = set;
        link_model(&flipped);
        negate(flipped.contrast, d); // D^2 is all that enters
        check_same(&set, &flipped, NULL, 1);
        negate(flipped.teacher, d); // the two experts change places
        negate(flipped.router, d);
        check_same(&set, &flipped, NULL, -1);
    }
}

// u and tau by the same factor: the same risk, the gradient over the factor.
static void test_scaling(void **state) {
    (void)state;
    stream_t s = stream_at(17, 0, 0);
    for (size_t trial = 0; trial < 30; trial++) {
        setting_t set;
        double risk, scaled_risk, gradient[MOST], scaled[MOST];
        random_setting(&s, 1 + trial % 6, log_uniform(&s, 0.1, 20), &set);
        pair_router_risk(&set.model, set.router, &risk, gradient);
        set.model.tau *= 8;
        for (size_t i = 0; i < set.model.dimension; i++)
            set.router[i] *= 8;
        pair_router_risk(&set.model, set.router, &scaled_risk, scaled);
        assert_true(scaled_risk == risk);
        for (size_t i = 0; i < set.model.dimension; i++)
            check_close(describe(&set), 8 * scaled[i], gradient[i], 1e-15 * fabs(gradient[i]));
    }
}

// ---- The entropy

// Panels of 16 nodes, halving towards 0, in long double; -p ln p - (1-p) ln(1-p) as it stands.
static double direct_entropy(double ratio) {
    long double sum = 0;
    for (int k = -60; k < 4; k++)
        for (int i = 0; i < GAUSS; i++) {
            const long double width = ldexpl(1, k) / 2, z = width * (3 + node[i]), x = z * ratio;
            const long double p = 1 / (1 + expl(-x)), rest = 1 / (1 + expl(x));
            const long double entropy = -p * logl(p) - (rest > 0 ? rest * logl(rest) : 0);
            sum += width * weight[i] * entropy * expl(-z * z / 2);
        }
    return (double)(2 * sum / sqrtl(2 * M_PIl));
}

static void test_entropy(void **state) {
    (void)state;
    stream_t s = stream_at(18, 0, 0);
    for (int trial = 0; trial < 100; trial++) {
        const double ratio = log_uniform(&s, 1e-6, 1e6);
        gsl_sf_result entropy;
        assert_int_equal(pair_router_entropy(ratio, &entropy), GSL_SUCCESS);
        assert_true(entropy.err >= 0 && entropy.err <= 1e-12);
        check_close(INPUT("entropy at the ratio %a", ratio), entropy.val, direct_entropy(ratio),
                    entropy.err + 1e-15);
    }
}

// ln 2 - ratio^2 / 8 for small ratios; int H = pi^2 / 3 times phi(0) over the ratio for great ones.
static void test_entropy_limits(void **state) {
    (void)state;
    gsl_sf_result entropy;
    for (double ratio = 1e-300; ratio < 1e-3; ratio *= 1e9) {
        assert_int_equal(pair_router_entropy(ratio, &entropy), GSL_SUCCESS);
        check_close(INPUT("entropy at the ratio %a", ratio), entropy.val, M_LN2 - ratio * ratio / 8, 1e-13);
    }
    for (double ratio = 1e5; ratio < 1e12; ratio *= 10) {
        assert_int_equal(pair_router_entropy(ratio, &entropy), GSL_SUCCESS);
        const double want = M_PI * M_PI / 3 / sqrt(2 * M_PI) / ratio;
        check_close(INPUT("entropy at the ratio %a", ratio), entropy.val, want,
                    5 * want / ratio / ratio + 1e-15);
    }
    assert_int_equal(pair_router_entropy(1e300, &entropy), GSL_SUCCESS);
    check_close("entropy at the ratio 1e300", entropy.val, 0, 1e-13);
}

int main(void) {
    gsl_set_error_handler_off();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_ratios),
        cmocka_unit_test(test_middle_ratios),
        cmocka_unit_test(test_great_ratios),
        cmocka_unit_test(test_risk_of_all_ratios),
        cmocka_unit_test(test_moderate_tilts),
        cmocka_unit_test(test_small_tilts),
        cmocka_unit_test(test_gradient_of_small_tilts),
        cmocka_unit_test(test_aligned),
        cmocka_unit_test(test_aligned_plane),
        cmocka_unit_test(test_vanishing_risk),
        cmocka_unit_test(test_vanishing_risk_along),
        cmocka_unit_test(test_aligned_refused),
        cmocka_unit_test(test_sample),
        cmocka_unit_test(test_gradient_by_differences),
        cmocka_unit_test(test_gradient_at_zero),
        cmocka_unit_test(test_hessian_by_differences),
        cmocka_unit_test(test_hessian_by_sampling),
        cmocka_unit_test(test_rotations),
        cmocka_unit_test(test_signs),
        cmocka_unit_test(test_scaling),
        cmocka_unit_test(test_entropy),
        cmocka_unit_test(test_entropy_limits),
    };
    return cmocka_run_group_tests_name("pair_router", tests, make_rules, NULL);
}
