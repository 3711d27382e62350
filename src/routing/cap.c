// SPDX-License-Identifier: GPL-3.0-or-later
// Caps and the coalitions in them; see cap.h.
#include "routing/cap.h"

#include "routing/great_circle.h"
#include "stat/quadrature.h"

#include <acb_hypgeom.h>
#include <arb_hypgeom.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_sf_gamma.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { PRECISION = 128 };
static const ulong MAX_DIMENSION = UWORD(1) << 20;

// ---- Area ----

int cap_area(double ratio, ulong dimension, ball_t *result) {
    if (!(ratio > 0 && ratio <= 1) || dimension < 2 || dimension > MAX_DIMENSION)
        return GSL_EDOM;
    arb_t a, b, x;
    arb_init(a);
    arb_init(b);
    arb_init(x);
    arb_set_ui(a, dimension - 1);
    arb_mul_2exp_si(a, a, -1);
    arb_set_d(b, 0.5);
    arb_set_d(x, ratio);
    arb_sqr(x, x, PRECISION);
    arb_hypgeom_beta_lower(x, a, b, x, 1, PRECISION);
    arb_mul_2exp_si(x, x, -1);
    const ball_t area = ball_from_arb(x);
    arb_clear(a);
    arb_clear(b);
    arb_clear(x);
    if (!isfinite(area.value) || !isfinite(area.radius))
        return GSL_EFAILED;
    *result = area;
    return GSL_SUCCESS;
}

int cap_constant(ulong dimension, ball_t *result) {
    if (dimension < 2 || dimension > MAX_DIMENSION)
        return GSL_EDOM;
    arb_t value, lower;
    arb_init(value);
    arb_init(lower);
    arb_set_ui(value, dimension);
    arb_mul_2exp_si(value, value, -1);
    arb_lgamma(value, value, PRECISION);
    arb_set_ui(lower, dimension - 1);
    arb_mul_2exp_si(lower, lower, -1);
    arb_lgamma(lower, lower, PRECISION);
    arb_sub(value, value, lower, PRECISION);
    arb_exp(value, value, PRECISION);
    arb_const_sqrt_pi(lower, PRECISION);
    arb_mul_ui(lower, lower, dimension - 1, PRECISION);
    arb_div(value, value, lower, PRECISION);
    *result = ball_from_arb(value);
    arb_clear(value);
    arb_clear(lower);
    return GSL_SUCCESS;
}

// ---- Ties ----

// Logits at one place, of experts that are compared there.
typedef struct logits {
    size_t experts, active;
    double value[CAP_EXPERTS];
} logits_t;

// The experts above all of `tied`, as bits; `tied` are equal up to rounding and are left out.
static uint32_t above(const logits_t *z, uint32_t tied) {
    double level = 0;
    uint32_t set = 0;
    for (size_t i = 0; i < z->experts; i++)
        if (tied >> i & 1)
            level = z->value[i];
    for (size_t i = 0; i < z->experts; i++)
        if (!(tied >> i & 1) && z->value[i] > level)
            set |= (uint32_t)1 << i;
    return set;
}

static size_t size_of(uint32_t set) {
    return (size_t)__builtin_popcount(set);
}

size_t cap_arc_changes(const double *a, const double *b, size_t experts, size_t active, double length) {
    const double least = cos(length);
    size_t changes = 0;
    for (size_t i = 0; i < experts; i++)
        for (size_t j = i + 1; j < experts; j++) {
            // Equal at the angle t in [0, pi) with (cos t, sin t) along +-(b_i - b_j, a_j - a_i).
            double c = b[i] - b[j], s = a[j] - a[i];
            const double norm = hypot(c, s);
            if (s < 0) {
                c = -c;
                s = -s;
            }
            if (!(c > least * norm && c < norm))
                continue;
            logits_t z = {.experts = experts, .active = active};
            for (size_t l = 0; l < experts; l++)
                z.value[l] = a[l] * c + b[l] * s;
            changes += size_of(above(&z, (uint32_t)1 << i | (uint32_t)1 << j)) + 1 == active;
        }
    return changes;
}

// ---- Coalitions met ----

// The router and the ball in the span, turned so that the shadow's centre is on the first axis.
typedef struct shadow {
    size_t experts, active, span; // span: m
    double rows[CAP_EXPERTS][CAP_SPAN];
    double ratio; // of the shadow, infinite when its centre is the origin
} shadow_t;

// The coalitions found so far, with repetitions: at most 2 for each tie on the rim, 3 for each triple tie, and one.
enum {
    PAIRS = CAP_EXPERTS * (CAP_EXPERTS - 1) / 2,
    TRIPLES = PAIRS * (CAP_EXPERTS - 2) / 3,
    MOST = 4 * PAIRS + 3 * TRIPLES + 1
};

typedef struct found {
    uint32_t set[MOST];
    size_t count;
} found_t;

static int compare_sets(const void *a, const void *b) {
    const uint32_t p = *(const uint32_t *)a, q = *(const uint32_t *)b;
    return (p > q) - (p < q);
}

static size_t different(found_t *found) {
    size_t count = 0;
    qsort(found->set, found->count, sizeof *found->set, compare_sets);
    for (size_t i = 0; i < found->count; i++)
        count += i == 0 || found->set[i] != found->set[i - 1];
    return count;
}

static double dot(const double *a, const double *b, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

static logits_t logits_at(const shadow_t *s, const double *x) {
    logits_t z = {.experts = s->experts, .active = s->active};
    for (size_t i = 0; i < s->experts; i++)
        z.value[i] = dot(s->rows[i], x, s->span);
    return z;
}

// The coalition at the centre of the cap.
static uint32_t coalition_at_centre(const shadow_t *s) {
    uint32_t set = 0;
    for (size_t i = 0; i < s->experts; i++) {
        size_t before = 0;
        for (size_t j = 0; j < s->experts; j++)
            before += s->rows[j][0] > s->rows[i][0];
        set |= (uint32_t)(before < s->active) << i;
    }
    return set;
}

// A tie of i and j on the rim: whether the coalition changes there.
static void cross(const shadow_t *s, size_t i, size_t j, const double *x, cap_count_t *count,
                  found_t *found) {
    const uint32_t first = (uint32_t)1 << i, second = (uint32_t)1 << j;
    const logits_t z = logits_at(s, x);
    const uint32_t set = above(&z, first | second);
    if (size_of(set) + 1 != s->active)
        return;
    count->crossings++;
    found->set[found->count++] = set | first;
    found->set[found->count++] = set | second;
}

// The rim of a cap in three dimensions: (cos, sin cos t, sin sin t) of its radius; in two its ends, by t = 0 and pi, and
// the ties are those between.
static void walk_rim(const shadow_t *s, size_t i, size_t j, cap_count_t *count, found_t *found) {
    const double sine = s->ratio, cosine = sqrt(1 - sine * sine);
    double w[CAP_SPAN];
    for (size_t l = 0; l < s->span; l++)
        w[l] = s->rows[i][l] - s->rows[j][l];
    if (s->span == 2) { // the tie at +-(w_1, -w_0), in the half-plane of the cap
        const double norm = hypot(w[0], w[1]), sign = w[1] < 0 ? -1 : 1;
        const double x[CAP_SPAN] = {sign * w[1], -sign * w[0]};
        if (fabs(x[1]) < sine * norm)
            cross(s, i, j, x, count, found);
        return;
    }
    // height + p cos t + q sin t = 0
    const double height = w[0] * cosine, p = w[1] * sine, q = w[2] * sine, square = p * p + q * q,
                 rest = square - height * height;
    if (!(rest > 0))
        return;
    for (int sign = -1; sign <= 1; sign += 2) {
        const double root = sign * sqrt(rest);
        const double x[CAP_SPAN] = {cosine, sine * (-height * p - root * q) / square,
                                    sine * (-height * q + root * p) / square};
        cross(s, i, j, x, count, found);
    }
}

// A triple tie inside the cap: three coalitions meet there when the threshold runs through it.
static void visit_triple(const shadow_t *s, const size_t tied[3], cap_count_t *count, found_t *found) {
    double u[3], v[3];
    for (size_t l = 0; l < 3; l++) {
        u[l] = s->rows[tied[0]][l] - s->rows[tied[1]][l];
        v[l] = s->rows[tied[0]][l] - s->rows[tied[2]][l];
    }
    double x[3] = {u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]};
    if (x[0] < 0)
        for (size_t l = 0; l < 3; l++)
            x[l] = -x[l];
    if (!(x[1] * x[1] + x[2] * x[2] < s->ratio * s->ratio * dot(x, x, 3)))
        return;
    uint32_t all = 0;
    for (size_t l = 0; l < 3; l++)
        all |= (uint32_t)1 << tied[l];
    const logits_t z = logits_at(s, x);
    const uint32_t set = above(&z, all);
    const size_t wanted = s->active - size_of(set); // of the three
    if (size_of(set) >= s->active || wanted > 2)
        return;
    count->vertices++;
    for (size_t l = 0; l < 3; l++) {
        const uint32_t one = (uint32_t)1 << tied[l];
        found->set[found->count++] = set | (wanted == 1 ? one : all & ~one);
    }
}

// The rim cuts the walls at `crossings` points, and three walls meet in every vertex: the cap is cut into
// 1 + (crossings + vertices)/2 cells for m = 3, and an arc into 1 + crossings.
static void count_shadow(const shadow_t *s, cap_count_t *count) {
    found_t found = {.count = 0};
    *count = (cap_count_t){0};
    found.set[found.count++] = coalition_at_centre(s);
    if (s->span > 1)
        for (size_t i = 0; i < s->experts; i++)
            for (size_t j = i + 1; j < s->experts; j++) {
                walk_rim(s, i, j, count, &found);
                for (size_t l = j + 1; s->span == 3 && l < s->experts; l++)
                    visit_triple(s, (const size_t[]){i, j, l}, count, &found);
            }
    count->cells = 1 + (s->span == 3 ? (count->crossings + count->vertices) / 2 : count->crossings);
    count->listed = different(&found);
}

// The orthonormal basis of the differences to the first row, or the axes where those span everything.
static void find_span(const double *rows, size_t experts, size_t d, size_t span, double *basis) {
    for (size_t b = 0; b < span; b++) {
        double *v = basis + b * d;
        for (size_t l = 0; l < d; l++)
            v[l] = d < experts ? (double)(l == b) : rows[(b + 1) * d + l] - rows[l];
        for (size_t pass = 0; pass < 2; pass++) // twice is enough (W. Kahan, B. N. Parlett)
            for (size_t c = 0; c < b; c++) {
                const double part = dot(v, basis + c * d, d);
                for (size_t l = 0; l < d; l++)
                    v[l] -= part * basis[c * d + l];
            }
        const double norm = sqrt(dot(v, v, d));
        for (size_t l = 0; l < d; l++)
            v[l] /= norm;
    }
}

// Reflects x by the Householder vector v, which takes the centre to the first axis.
static void reflect(double *x, const double *v, size_t n) {
    const double factor = 2 * dot(x, v, n) / dot(v, v, n);
    for (size_t l = 0; l < n; l++)
        x[l] -= factor * v[l];
}

static void turn(shadow_t *s, const double *centre, double length) {
    double v[CAP_SPAN];
    for (size_t l = 0; l < s->span; l++)
        v[l] = centre[l];
    // To the end of the axis that is further away, so that nothing cancels; then all is turned to the front.
    const double sign = centre[0] < 0 ? -1 : 1;
    v[0] += sign * length;
    for (size_t i = 0; i < s->experts; i++) {
        reflect(s->rows[i], v, s->span);
        s->rows[i][0] *= -sign;
    }
}

// All coalitions: every one is reachable, for the differences are independent (m = N - 1), or there is an axis (m = 1).
static size_t all_coalitions(size_t experts, size_t active) {
    return (size_t)(gsl_sf_choose((unsigned)experts, (unsigned)active) + 0.5);
}

int cap_cells(const double *rows, size_t experts, size_t active, size_t dimension, const double *centre,
              double radius, cap_count_t *count) {
    if (experts < 2 || experts > CAP_EXPERTS || active < 1 || active >= experts || dimension < 2 ||
        !(radius > 0))
        return GSL_EDOM;
    const size_t span = dimension < experts - 1 ? dimension : experts - 1;
    if (span > CAP_SPAN)
        return GSL_EUNSUP;
    double *basis = malloc(span * dimension * sizeof *basis), shadow_centre[CAP_SPAN];
    if (basis == NULL)
        return GSL_ENOMEM;
    shadow_t s = {.experts = experts, .active = active, .span = span};
    find_span(rows, experts, dimension, span, basis);
    for (size_t b = 0; b < span; b++) {
        shadow_centre[b] = dot(basis + b * dimension, centre, dimension);
        for (size_t i = 0; i < experts; i++)
            s.rows[i][b] = dot(basis + b * dimension, rows + i * dimension, dimension);
    }
    free(basis);
    const double length = sqrt(dot(shadow_centre, shadow_centre, span));
    s.ratio = radius / length;
    if (!(s.ratio < 1)) {
        if (span < experts - 1)
            return GSL_EUNSUP;
        *count = (cap_count_t){.cells = all_coalitions(experts, active)};
        count->listed = count->cells;
        return GSL_SUCCESS;
    }
    turn(&s, shadow_centre, length);
    count_shadow(&s, count);
    return GSL_SUCCESS;
}

// ---- Expected numbers ----

// K phi(z)^3 (p (1 - Phi)^(k-1) Phi^(N-k-2) + q (1 - Phi)^(k-2) Phi^(N-k-1)): p and q count the ways to choose the
// experts above a tie with one and with two places left.
typedef struct triple {
    ulong experts, active;
} triple_t;

static void add_term(acb_t sum, const acb_t upper, const acb_t lower, ulong others, ulong chosen,
                     slong precision) {
    acb_t term, power;
    acb_init(term);
    acb_init(power);
    acb_pow_ui(term, upper, chosen, precision);
    acb_pow_ui(power, lower, others - chosen, precision);
    acb_mul(term, term, power, precision);
    arb_bin_uiui(acb_realref(power), others, chosen, precision);
    arb_zero(acb_imagref(power));
    acb_addmul(sum, term, power, precision);
    acb_clear(term);
    acb_clear(power);
}

static void triple_density(acb_t result, const acb_t z, int analytic, const void *context, slong precision) {
    (void)analytic; // entire
    const triple_t *t = context;
    const ulong others = t->experts - 3, k = t->active;
    acb_t upper, lower, sum;
    arb_t scale;
    acb_init(upper);
    acb_init(lower);
    acb_init(sum);
    arb_init(scale);
    arb_set_d(scale, 0.5);
    arb_sqrt(scale, scale, precision);
    acb_mul_arb(upper, z, scale, precision);
    acb_hypgeom_erfc(upper, upper, precision);
    acb_mul_2exp_si(upper, upper, -1);
    acb_sub_ui(lower, upper, 1, precision);
    acb_neg(lower, lower);
    if (k - 1 <= others)
        add_term(sum, upper, lower, others, k - 1, precision);
    if (k >= 2)
        add_term(sum, upper, lower, others, k - 2, precision);
    // phi^3 = exp(-3 z^2 / 2) / (2 pi)^(3/2)
    acb_sqr(result, z, precision);
    acb_mul_si(result, result, -3, precision);
    acb_mul_2exp_si(result, result, -1);
    acb_exp(result, result, precision);
    arb_const_pi(scale, precision);
    arb_mul_2exp_si(scale, scale, 1);
    arb_sqrt(scale, scale, precision);
    arb_pow_ui(scale, scale, 3, precision);
    acb_div_arb(result, result, scale, precision);
    acb_mul(result, result, sum, precision);
    acb_clear(upper);
    acb_clear(lower);
    acb_clear(sum);
    arb_clear(scale);
}

int cap_triple_ties(ulong experts, ulong active, ball_t *result) {
    // Beyond +-REACH the integrand is at most C(N, k) phi^3: below 1e-90.
    static const double REACH = 12, GOAL = 1e-18, BEYOND = 1e-80;
    if (experts < 2 || experts > CAP_EXPERTS || active < 1 || active >= experts)
        return GSL_EDOM;
    *result = (ball_t){0, 0};
    if (experts == 2)
        return GSL_SUCCESS;
    const triple_t triple = {experts, active};
    ball_t integral;
    const int status = ball_integrate(triple_density, &triple, -REACH, REACH, GOAL, &integral);
    if (status != GSL_SUCCESS)
        return status;
    const double factor = 4 * M_PI * M_SQRT3 * gsl_sf_choose((unsigned)experts, 3);
    result->value = factor * integral.value;
    result->radius = (factor * (integral.radius + BEYOND) + result->value * 4 * GSL_DBL_EPSILON) *
                     (1 + 4 * GSL_DBL_EPSILON);
    return GSL_SUCCESS;
}

int cap_law(ulong experts, ulong active, ulong dimension, cap_law_t *law) {
    ball_t ties, slope, triples;
    if (dimension < 2)
        return GSL_EDOM;
    int status = cap_triple_ties(experts, active, &triples);
    if (status == GSL_SUCCESS)
        status = great_circle_cells(experts, active, &ties);
    if (status == GSL_SUCCESS)
        status = great_circle_cap(experts, active, dimension, &slope);
    if (status != GSL_SUCCESS)
        return status;
    const ulong span = dimension < experts - 1 ? dimension : experts - 1;
    *law = (cap_law_t){.experts = experts,
                       .active = active,
                       .dimension = dimension,
                       .span = span,
                       .ties = ties.value,
                       .slope = slope.value,
                       .all = NAN};
    if (span == experts - 1)
        law->all = gsl_sf_choose((unsigned)experts, (unsigned)active); // the differences are independent
    else if (span <= 3)
        law->all = span == 2 ? ties.value : 2 + triples.value / 2;
    return GSL_SUCCESS;
}

// For a shadow of which the ball's ratio is r.
static double in_span(const cap_law_t *law, double r) {
    if (r >= 1)
        return law->all;
    switch (law->span) {
    case 1:
        return 1;
    case 2:
        return 1 + law->ties / M_PI * asin(r);
    default: // 1 - sqrt(1 - r^2) without cancellation
        return 1 + law->ties / 2 * r + (law->all / 2 - 1) * r * r / (1 + sqrt(1 - r * r));
    }
}

// A shadow of length sin(angle), with the density of the angle.
typedef struct average {
    const cap_law_t *law;
    double ratio, normaliser;
} average_t;

static double weighted(double angle, const void *context) {
    const average_t *a = context;
    const double m = (double)a->law->span, rest = (double)a->law->dimension - m;
    return in_span(a->law, a->ratio / sin(angle)) * a->normaliser * pow(sin(angle), m - 1) *
           pow(cos(angle), rest - 1);
}

int cap_expected(const cap_law_t *law, double ratio, gsl_sf_result *result) {
    static const double TOLERANCE = 1e-11;
    if (!(ratio > 0 && ratio < 1))
        return GSL_EDOM;
    if (law->span > CAP_SPAN)
        return GSL_EUNSUP;
    if (law->span == law->dimension) {
        *result = (gsl_sf_result){in_span(law, ratio), 1e-12 * law->all};
        return GSL_SUCCESS;
    }
    const double half = (double)law->span / 2, rest = (double)(law->dimension - law->span) / 2;
    const average_t a = {law, ratio, 2 / gsl_sf_beta(half, rest)};
    const int status =
        quadrature_integrate(weighted, &a, (const double[]){asin(ratio), M_PI_2}, 2, TOLERANCE, result);
    if (status != GSL_SUCCESS)
        return status;
    // Shadows so short that the ball's contains the origin.
    result->val += law->all * gsl_cdf_beta_P(ratio * ratio, half, rest);
    result->err += 1e-12 * law->all;
    return GSL_SUCCESS;
}

// Let M be the number of walls between the coalition at mu and others that meet the ball, tau = tan(asin rho).
//   E[number] = 1 + E M + r_1,  |r_1| <= max(1, C(N, k) - 2) E[M (M - 1) / 2]  (0 for N = 2),
// and two given walls meet the ball with a probability of at most 4 (d - 1) tau^2 / (pi sqrt 3);
//   E M = c tau + r_2,  |r_2| <= N (N - 1) / (2 sqrt pi) (E T^3 / 12 + (N - 2) E T^2 / (2 sqrt(2 pi))),
// where T = tau sqrt(2) chi with d - 1 degrees of freedom.
double cap_remainder(const cap_law_t *law, double ratio) {
    const double n = (double)law->experts, d = (double)law->dimension, tau = ratio / sqrt(1 - ratio * ratio);
    const double coalitions = gsl_sf_choose((unsigned)law->experts, (unsigned)law->active),
                 walls = n * (n - 1) / 2, pairs = law->experts == 2 ? 0 : walls * (walls - 1) / 2;
    const double second = 2 * (d - 1) * tau * tau,
                 third = 8 * pow(tau, 3) * exp(gsl_sf_lngamma(d / 2 + 1) - gsl_sf_lngamma((d - 1) / 2));
    return fmax(1, coalitions - 2) * pairs * 4 * (d - 1) * tau * tau / (M_PI * M_SQRT3) +
           walls / sqrt(M_PI) * (third / 12 + (n - 2) * second / (2 * sqrt(2 * M_PI))) +
           law->slope * (tau - ratio);
}
