// SPDX-License-Identifier: GPL-3.0-or-later
// How many copies a minimiser has: relabelling, translation, and experts that coincide.
//
// CLAIM (Soft-to-Hard Routing, section 2)
//   soft/sec-2-symmetries  relabelling the experts and adding c(x) to all logits change no predictor; consequently, any
//                          isolated minimiser comes with at least K! equivalent copies
//
// DERIVATION. The invariances are exact. The copies of a parameter are its orbit, K! over the number of relabellings that
// leave it as it is, and these permute experts that coincide in row and parameter. An isolated minimiser with two equal
// experts: inputs -4, ..., 4, one ninth each, K = 3, logits (ux, vx, 0), experts theta_k^2, tau = 1; with q(x) = 1/(1 + 2 2^x)
// the targets are q(x) + r(x), r(-3, 0, 1) = (5, -21, 15)/200 and 0 elsewhere. At u = v = ln 2, theta = (0, 0, 1) the
// prediction is q, all gates are rational, the gradient is zero and the Hessian positive definite, exactly. It has 3 copies.
//
// Where the sentence is right: two equal experts exclude an isolated minimiser when the rows have biases of their own
// (b_k + tau ln 2s and b_l + tau ln 2(1 - s) for 0 < s < 1 change nothing), when experts are linear in their parameters
// (theta_k + t, theta_l - t change nothing), and at tau = 0 (the expert with the higher index is never asked). Without
// a gauge no minimiser is isolated at all: the same vector may be added to all rows.
#include "io/experiment.h"
#include "routing/mixture.h"
#include "routing/softmax.h"

#include <flint/fmpq_mat.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_multimin.h>
#include <gsl/gsl_permutation.h>
#include <math.h>
#include <string.h>

// Parameters, all without unit.
enum { MIXTURES = 2000, QUICK_MIXTURES = 100, MAX_K = 5, MAX_D = 3 }; // random mixtures
enum { STARTS = 60, QUICK_STARTS = 8 };                               // of searches for a lower minimum
enum { K = 3, DIMENSION = 5, INPUTS = 9, LEAST_INPUT = -4 };          // u, v, theta_1, theta_2, theta_3
enum { SCALE = 200 };                                                 // denominator of the residuals

static const char *const SYMMETRY = "soft/sec-2-symmetries";

// r(x) SCALE.
static int residual(int x) {
    return x == -3 ? 5 : x == 0 ? -21 : x == 1 ? 15 : 0;
}

// ---- The invariances ----

typedef struct example {
    mixture_t mixture;
    double tau, x[MAX_D], parameters[MAX_K * 2 * (MAX_D + 1)];
} example_t;

static void draw_example(stream_t *stream, size_t number, example_t *e) {
    e->mixture =
        (mixture_t){2 + number % (MAX_K - 1), 1 + number % MAX_D, SCORE_MAP_AFFINE, SCORE_MAP_AFFINE};
    stream_normals(stream, e->parameters, mixture_parameters(&e->mixture));
    stream_normals(stream, e->x, e->mixture.dimension);
    e->tau = exp(-stream_between(stream, 0, 5));
}

// The size of the experts' values, which rounding is relative to.
static double scale_of(const example_t *e) {
    double values[MAX_K], scale = 0;
    mixture_evaluate(&e->mixture, e->parameters, e->x, NULL, values);
    for (size_t k = 0; k < e->mixture.experts; k++)
        scale = fmax(scale, fabs(values[k]));
    return scale;
}

static double change(const example_t *e, const double *parameters, double tau) {
    return fabs(mixture_predict(&e->mixture, parameters, tau, e->x) -
                mixture_predict(&e->mixture, e->parameters, tau, e->x)) /
           scale_of(e);
}

static double relabelled(const example_t *e) {
    const size_t n = e->mixture.experts, row = e->mixture.dimension + 1;
    size_t place[MAX_K];
    double worst = 0;
    gsl_permutation relabelling = {n, place};
    gsl_permutation_init(&relabelling);
    do {
        double moved[MAX_K * 2 * (MAX_D + 1)];
        for (size_t half = 0; half < 2; half++)
            for (size_t k = 0; k < n; k++)
                memcpy(moved + (half * n + place[k]) * row, e->parameters + (half * n + k) * row,
                       row * sizeof *moved);
        worst = fmax(worst, fmax(change(e, moved, e->tau), change(e, moved, 0)));
    } while (gsl_permutation_next(&relabelling) == GSL_SUCCESS);
    return worst;
}

// Dyadic logits plus a dyadic number: the sums are exact, and so the gates must be the same to the last bit.
static bool translated(stream_t *stream, const example_t *e) {
    double logits[MAX_K], moved[MAX_K], gates[MAX_K], moved_gates[MAX_K];
    const size_t n = e->mixture.experts;
    const double height = ldexp((double)stream_pick(stream, -1000000, 1000000), -12);
    for (size_t k = 0; k < n; k++) {
        logits[k] = ldexp((double)stream_pick(stream, -1000000, 1000000), -18);
        moved[k] = logits[k] + height;
    }
    softmax_gates(logits, n, e->tau, gates);
    softmax_gates(moved, n, e->tau, moved_gates);
    return memcmp(gates, moved_gates, n * sizeof *gates) == 0;
}

// With experts 1 and 2 made equal in their rows (and in their parameters, where `alike`), the moves that change nothing.
static double moved_biases(stream_t *stream, const example_t *e) {
    const size_t row = e->mixture.dimension + 1, n = e->mixture.experts;
    example_t twin = *e;
    memcpy(twin.parameters + row, twin.parameters, row * sizeof *twin.parameters);
    memcpy(twin.parameters + (n + 1) * row, twin.parameters + n * row, row * sizeof *twin.parameters);
    example_t moved = twin;
    const double s = stream_between(stream, 0, 1);
    moved.parameters[row - 1] += e->tau * log(2 * s);
    moved.parameters[2 * row - 1] += e->tau * log(2 * (1 - s));
    return change(&twin, moved.parameters, e->tau);
}

static double moved_experts(stream_t *stream, const example_t *e) {
    const size_t row = e->mixture.dimension + 1, n = e->mixture.experts;
    example_t twin = *e;
    memcpy(twin.parameters + row, twin.parameters, row * sizeof *twin.parameters);
    example_t moved = twin;
    double t[MAX_D + 1];
    stream_uniforms(stream, t, row);
    for (size_t i = 0; i < row; i++) {
        moved.parameters[n * row + i] += t[i];
        moved.parameters[(n + 1) * row + i] -= t[i];
    }
    return change(&twin, moved.parameters, e->tau);
}

static double moved_gauge(stream_t *stream, const example_t *e) {
    const size_t row = e->mixture.dimension + 1;
    example_t moved = *e;
    double t[MAX_D + 1];
    stream_normals(stream, t, row);
    for (size_t k = 0; k < e->mixture.experts; k++)
        for (size_t i = 0; i < row; i++)
            moved.parameters[k * row + i] += t[i];
    return change(e, moved.parameters, e->tau);
}

static void check_invariances(experiment_t *run) {
    static const char *const names[] = {
        "relabelled: change of the predictor", "gauge: change of the predictor",
        "equal experts: change when biases move", "equal rows: change when linear experts move"};
    const size_t mixtures = experiment_quick(run) ? QUICK_MIXTURES : MIXTURES;
    stream_t stream = experiment_stream(run, stream_experiment("mixtures"));
    double worst[4] = {0};
    long long other = 0;
    for (size_t i = 0; i < mixtures; i++) {
        example_t e;
        draw_example(&stream, i, &e);
        other += !translated(&stream, &e);
        worst[0] = fmax(worst[0], relabelled(&e));
        worst[1] = fmax(worst[1], moved_gauge(&stream, &e));
        worst[2] = fmax(worst[2], moved_biases(&stream, &e));
        worst[3] = fmax(worst[3], moved_experts(&stream, &e));
    }
    experiment_check_integer(run, SYMMETRY, "exact translations that change a bit of the gates", other, 0);
    // A logit of size 10 at the least temperature, 0.007, is rounded by 3e-13 temperatures.
    for (int i = 0; i < 4; i++)
        experiment_check(run, SYMMETRY, names[i], worst[i], AT_MOST, i == 0 ? 1e-14 : 1e-11, 0);
    experiment_macro_integer(run, "Mixtures", (long long)mixtures);
    experiment_macro(run, "Relabelled", "\\num{%.0e}", worst[0]);
}

// ---- The minimiser with two equal experts ----

// Gates and prediction at an input, with the derivatives of the prediction in u, v and the thetas.
typedef struct exact_point {
    fmpq gate[K], theta[K], value[K], h, first[DIMENSION], second[DIMENSION * DIMENSION], scratch;
} exact_point_t;

static void exact_init(exact_point_t *p) {
    memset(p, 0, sizeof *p); // the rational 0/0; each is set by fmpq_init
    fmpq *all = (fmpq *)p;
    for (size_t i = 0; i < sizeof *p / sizeof(fmpq); i++)
        fmpq_init(all + i);
}

static void exact_clear(exact_point_t *p) {
    fmpq *all = (fmpq *)p;
    for (size_t i = 0; i < sizeof *p / sizeof(fmpq); i++)
        fmpq_clear(all + i);
}

// At u = v = ln 2 and theta = (0, 0, 1): gates (2^x, 2^x, 1) / (1 + 2 2^x); a_1 = ux, a_2 = vx, f_k = theta_k^2, and
//     dh/da_i = p_i (f_i - h),  d2h/da_i da_j = [i = j] p_i (f_i - h) - p_i p_j (f_i + f_j - 2h),
//     dh/dtheta_k = 2 theta_k p_k,  d2h/dtheta_k^2 = 2 p_k,  d2h/da_i dtheta_k = 2 theta_k p_k ([i = k] - p_i).
static void differentiate(exact_point_t *p, slong x) {
    fmpq *t = &p->scratch;
    for (slong i = 0; i < K; i++) {
        fmpq_set_si(&p->theta[i], i == K - 1, 1);
        fmpq_mul(&p->value[i], &p->theta[i], &p->theta[i]);
        fmpq_set_si(&p->gate[i], i < K - 1 && x > 0 ? 1 << x : 1, i < K - 1 && x < 0 ? 1 << -x : 1);
    }
    fmpq_add(t, &p->gate[0], &p->gate[1]);
    fmpq_add(t, t, &p->gate[2]);
    fmpq_zero(&p->h);
    for (slong i = 0; i < K; i++) {
        fmpq_div(&p->gate[i], &p->gate[i], t);
        fmpq_addmul(&p->h, &p->gate[i], &p->value[i]);
    }
    for (slong i = 0; i < DIMENSION; i++)
        for (slong j = 0; j < DIMENSION; j++) {
            fmpq *first = &p->first[i], *second = &p->second[i * DIMENSION + j];
            const slong k = i - 2, l = j - 2; // of the thetas
            fmpq_zero(second);
            if (i < 2 && j < 2) {
                fmpq_sub(first, &p->value[i], &p->h);
                fmpq_mul(first, first, &p->gate[i]);
                fmpq_add(t, &p->value[i], &p->value[j]);
                fmpq_sub(t, t, &p->h);
                fmpq_sub(t, t, &p->h);
                fmpq_mul(t, t, &p->gate[i]);
                fmpq_submul(second, t, &p->gate[j]);
                if (i == j)
                    fmpq_add(second, second, first);
                fmpq_mul_si(second, second, x * x);
                fmpq_mul_si(first, first, x);
            } else if (i >= 2) {
                fmpq_mul(first, &p->theta[k], &p->gate[k]);
                fmpq_mul_2exp(first, first, 1);
                if (i == j)
                    fmpq_mul_2exp(second, &p->gate[k], 1);
                if (j < 2) {
                    fmpq_set_si(t, j == k, 1);
                    fmpq_sub(t, t, &p->gate[j]);
                    fmpq_mul(second, first, t);
                    fmpq_mul_si(second, second, x);
                }
            } else {
                fmpq_set_si(t, i == l, 1);
                fmpq_sub(t, t, &p->gate[i]);
                fmpq_mul(second, &p->theta[l], &p->gate[l]);
                fmpq_mul(second, second, t);
                fmpq_mul_si(second, second, 2 * x);
            }
        }
}
//[core
// The gradient -2 E r dh and the Hessian 2 E(dh dh' - r d2h).
static void exact_derivatives(fmpq_mat_t gradient, fmpq_mat_t hessian) {
    exact_point_t p;
    fmpq_t r, t;
    exact_init(&p);
    fmpq_init(r);
    fmpq_init(t);
    for (int n = 0; n < INPUTS; n++) {
        const int x = LEAST_INPUT + n;
        differentiate(&p, x);
        fmpq_set_si(r, residual(x), SCALE);
        for (slong i = 0; i < DIMENSION; i++) {
            fmpq_submul(fmpq_mat_entry(gradient, i, 0), r, &p.first[i]);
            for (slong j = 0; j < DIMENSION; j++) {
                fmpq_mul(t, r, &p.second[i * DIMENSION + j]);
                fmpq_sub(fmpq_mat_entry(hessian, i, j), fmpq_mat_entry(hessian, i, j), t);
                fmpq_addmul(fmpq_mat_entry(hessian, i, j), &p.first[i], &p.first[j]);
            }
        }
    }
    fmpq_set_si(t, 2, INPUTS);
    fmpq_mat_scalar_mul_fmpq(gradient, gradient, t);
    fmpq_mat_scalar_mul_fmpq(hessian, hessian, t);
    fmpq_clear(t);
    fmpq_clear(r);
    exact_clear(&p);
}
//]core

// The number of leading minors above 0: all of them for a positive definite matrix (Sylvester).
static slong positive_minors(const fmpq_mat_t matrix) {
    slong positive = 0;
    fmpq_t determinant;
    fmpq_init(determinant);
    for (slong n = 1; n <= DIMENSION; n++) {
        fmpq_mat_t minor;
        fmpq_mat_init(minor, n, n);
        for (slong i = 0; i < n; i++)
            for (slong j = 0; j < n; j++)
                fmpq_set(fmpq_mat_entry(minor, i, j), fmpq_mat_entry(matrix, i, j));
        fmpq_mat_det(determinant, minor);
        positive += fmpq_sgn(determinant) > 0;
        fmpq_mat_clear(minor);
    }
    fmpq_clear(determinant);
    return positive;
}

// The same risk in floating arithmetic, at any parameter.
static double risk(const double *z) {
    double sum = 0;
    for (int n = 0; n < INPUTS; n++) {
        const int x = LEAST_INPUT + n;
        const double logits[K] = {z[0] * x, z[1] * x, 0};
        double gates[K], error = 1 / (1 + 2 * ldexp(1, x)) + residual(x) / (double)SCALE;
        softmax_gates(logits, K, 1, gates);
        for (int k = 0; k < K; k++)
            error -= gates[k] * z[2 + k] * z[2 + k];
        sum += error * error / INPUTS;
    }
    return sum;
}

static const double MINIMISER[DIMENSION] = {M_LN2, M_LN2, 0, 0, 1};

// Second derivative by central differences, with an error of order h^4.
static double difference(size_t a, size_t b) {
    static const double weights[] = {1.0 / 12, -8.0 / 12, 0, 8.0 / 12, -1.0 / 12};
    static const double pure[] = {-1.0 / 12, 16.0 / 12, -30.0 / 12, 16.0 / 12, -1.0 / 12};
    const double h = 0.01;
    double sum = 0;
    for (int i = -2; i <= 2; i++)
        for (int j = -2; j <= 2; j++) {
            double z[DIMENSION];
            memcpy(z, MINIMISER, sizeof z);
            z[a] += i * h;
            z[b] += j * h;
            const double weight = a != b ? weights[i + 2] * weights[j + 2] : j == 0 ? pure[i + 2] : 0;
            sum += weight == 0 ? 0 : weight * risk(z);
        }
    return sum / (h * h);
}

static void check_minimiser(experiment_t *run) {
    fmpq_mat_t gradient, hessian;
    fmpq_mat_init(gradient, DIMENSION, 1);
    fmpq_mat_init(hessian, DIMENSION, DIMENSION);
    exact_derivatives(gradient, hessian);
    experiment_check_integer(run, SYMMETRY, "minimiser with equal experts: the exact gradient is zero",
                             fmpq_mat_is_zero(gradient), 1);
    experiment_check_integer(run, SYMMETRY, "minimiser with equal experts: exact leading minors above 0",
                             positive_minors(hessian), DIMENSION);
    double worst = 0;
    for (size_t a = 0; a < DIMENSION; a++)
        for (size_t b = 0; b < DIMENSION; b++)
            worst =
                fmax(worst, fabs(difference(a, b) - fmpq_get_d(fmpq_mat_entry(hessian, (slong)a, (slong)b))));
    experiment_check(run, SYMMETRY, "its Hessian against differences of the risk", worst, AT_MOST, 1e-6, 0);
    fmpq_mat_clear(hessian);
    fmpq_mat_clear(gradient);
}

// A relabelling, with the gauge w_3 = 0 restored.
static void relabel(const size_t *place, const double *z, double *moved) {
    const double rows[K] = {z[0], z[1], 0};
    double to[K];
    for (size_t k = 0; k < K; k++) {
        to[place[k]] = rows[k];
        moved[2 + place[k]] = z[2 + k];
    }
    moved[0] = to[0] - to[2];
    moved[1] = to[1] - to[2];
}

// The distance of two parameters up to the signs of the thetas, which the squares do not see.
static double distance(const double *a, const double *b) {
    double sum = 0;
    for (size_t i = 0; i < DIMENSION; i++)
        sum += gsl_pow_2(i < 2 ? a[i] - b[i] : fabs(a[i]) - fabs(b[i]));
    return sqrt(sum);
}

enum { RELABELLINGS = 6 };

// The different copies; how many relabellings there are, and how many leave the minimiser as it is.
static size_t orbit(double copies[RELABELLINGS][DIMENSION], long long *relabellings, long long *fixed) {
    size_t place[K], count = 0;
    gsl_permutation relabelling = {K, place};
    gsl_permutation_init(&relabelling);
    *relabellings = *fixed = 0;
    do {
        size_t known = 0;
        relabel(place, MINIMISER, copies[count]);
        (*relabellings)++;
        *fixed += distance(copies[count], MINIMISER) == 0;
        while (known < count && distance(copies[known], copies[count]) > 0)
            known++;
        count += known == count;
    } while (gsl_permutation_next(&relabelling) == GSL_SUCCESS);
    return count;
}

static double call_risk(const gsl_vector *z, void *context) {
    (void)context;
    return risk(z->data);
}

// The end of Nelder and Mead's search from a random start. Returns the risk there.
static double search(experiment_t *run, stream_t *stream, double *end) {
    double start[DIMENSION], step[DIMENSION];
    stream_normals(stream, start, DIMENSION);
    for (size_t i = 0; i < DIMENSION; i++) {
        start[i] *= 2;
        step[i] = 0.5;
    }
    gsl_multimin_function function = {call_risk, DIMENSION, NULL};
    gsl_multimin_fminimizer *searcher =
        experiment_memory(run, gsl_multimin_fminimizer_alloc(gsl_multimin_fminimizer_nmsimplex2, DIMENSION));
    const gsl_vector_view from = gsl_vector_view_array(start, DIMENSION),
                          size = gsl_vector_view_array(step, DIMENSION);
    experiment_require(run, gsl_multimin_fminimizer_set(searcher, &function, &from.vector, &size.vector),
                       "search");
    for (int i = 0; i < 4000 && gsl_multimin_fminimizer_size(searcher) > 1e-9; i++)
        if (gsl_multimin_fminimizer_iterate(searcher) != GSL_SUCCESS)
            break;
    memcpy(end, searcher->x->data, DIMENSION * sizeof *end);
    const double value = searcher->fval;
    gsl_multimin_fminimizer_free(searcher);
    return value;
}

// No search ends lower, and those that end as low end at one of the three copies.
static void check_copies(experiment_t *run) {
    const int starts = experiment_quick(run) ? QUICK_STARTS : STARTS;
    stream_t stream = experiment_stream(run, stream_experiment("starts"));
    double copies[RELABELLINGS][DIMENSION], lowest = INFINITY, worst = 0;
    long long relabellings, fixed, found = 0;
    const size_t count = orbit(copies, &relabellings, &fixed);
    for (int i = 0; i < starts; i++) {
        double end[DIMENSION], nearest = INFINITY;
        const double value = search(run, &stream, end);
        lowest = fmin(lowest, value);
        if (value > risk(MINIMISER) * (1 + 1e-9))
            continue;
        found++;
        for (size_t c = 0; c < count; c++)
            nearest = fmin(nearest, distance(end, copies[c]));
        worst = fmax(worst, nearest);
    }
    experiment_check_integer(run, SYMMETRY, "copies of the minimiser with equal experts", (long long)count,
                             3);
    experiment_check_integer(run, SYMMETRY, "copies times relabellings that fix it", (long long)count * fixed,
                             relabellings);
    experiment_check(run, SYMMETRY, "lowest risk of all searches over that of the minimiser",
                     lowest / risk(MINIMISER), AT_LEAST, 1 - 1e-9, 0);
    experiment_check(run, SYMMETRY, "distance of the lowest ends to a copy", worst, AT_MOST, 1e-4, 0);
    experiment_macro_integer(run, "Copies", (long long)count);
    experiment_macro_integer(run, "Starts", starts);
    experiment_macro_integer(run, "Found", found);
    experiment_macro(run, "Risk", "%.6f", risk(MINIMISER));
}

// The instance itself: inputs, targets, and the prediction at the minimiser.
static void write_instance(experiment_t *run) {
    static const table_column_t columns[] = {
        {"x", "1", NULL, ""}, {"target", "1", "%.8f", "%.4f"}, {"prediction", "1", "%.8f", "%.4f"}};
    table_t *table = experiment_table(run, "", "inputs and targets - and the prediction of the minimiser",
                                      columns, 3, INPUTS);
    for (int x = LEAST_INPUT; x < LEAST_INPUT + INPUTS; x++) {
        const double prediction = 1 / (1 + 2 * ldexp(1, x));
        table_integer(table, x);
        table_real(table, prediction + residual(x) / (double)SCALE);
        table_real(table, prediction);
    }
}

static void equal_experts(experiment_t *run) {
    check_invariances(run);
    check_minimiser(run);
    check_copies(run);
    write_instance(run);
    experiment_claim(run, SYMMETRY, VERDICT_AMENDED, METHOD_EXACT,
                     "K=3: logits (ux, vx, 0) and experts theta^2 on equal-experts.csv: exact gradient 0 and "
                     "Hessian > 0 at "
                     "u = v = ln 2 and theta = (0, 0, 1), 3 copies");
}

int main(int argc, char **argv) {
    static const experiment_plan_t plan = {.name = "equal-experts",
                                           .brief = "symmetries, and how many copies a minimiser has",
                                           .seed = 20260523,
                                           .run = equal_experts};
    return experiment_main(&plan, argc, argv);
}
