// SPDX-License-Identifier: GPL-3.0-or-later
// Three boundary masses: how they are nested, and what the ambiguous one is to second order.
//
// CLAIMS (Soft-to-Hard Routing)
//   soft/rem-5.4             {Delta <= kappa tau} in U in {Delta <= kappa_K tau} in {Delta_min <= kappa_K tau}; K = 2: all equal
//   soft/lemma-5.7           P(U) <= C tau, C from the sum over all pairs with kappa_K
//   soft/law-ambiguity-mass  (ours) P(U) / tau -> 2 kappa I, I over the leading parts of the interfaces only
//   soft/law-junctions       (ours) the second order is (pi^2 - 3 kappa^2) / 2 times the junctions' sum G
//
// DERIVATION. With the winner's logit a_1 the tail ratio is T = sum exp((a_l - a_1)/tau) over the losers, U means
// T >= e^-kappa, kappa = ln((1-eps)/eps), and e^(-Delta/tau) <= T <= (K-1) e^(-Delta/tau). In units of the gates,
// q_k = exp(a_k/tau), all events are inequalities between integers when the q_k and eps are rational: they are decided
// exactly. Away from junctions the third gate is exponentially small, so that only pairs that lead count and only
// kappa, not kappa_K. At a junction of three, in the differences u = (a_1 - a_2)/tau and v = (a_1 - a_3)/tau, the
// ambiguous region exceeds {Delta <= kappa tau} by three times the area of {s, t >= 0: e^-s + e^-t >= 1}, which is
// int -ln(1 - e^-s) ds = pi^2/6, and {Delta <= kappa tau} falls short of its three strips by 3 kappa^2/2.
#include "io/experiment.h"
#include "routing/boundary_mass.h"
#include "routing/margin.h"
#include "routing/softmax.h"
#include "stat/gaussian.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>
#include <math.h>

// Parameters, all without unit.
enum { CASES = 1000000, QUICK_CASES = 20000 };              // vectors of logits, on each of two roads
enum { ROUTERS = 200, QUICK_ROUTERS = 6 };                  // random routers in the plane
enum { SAMPLES = 1000000, QUICK_SAMPLES = 30000 };          // inputs
enum { MAX_EXPERTS = 12, MOST_EXPERTS = 64 };               // of the cases; of the sharp families
enum { LEAST = 2 };                                         // experts of a random router; the most is LAST
enum { FIRST = 3, LAST = 8, N_ROUTERS = LAST - FIRST + 1 }; // experts of the routers of the laws
enum { N_TAU = 3 };
static const double EPSILON = 0.1;
static const double TAUS[N_TAU] = {0.2, 0.1, 0.05}; // of the sample
static const double BORDER = 1e-9;                  // nearer to equality, balls decide
static const double TINY = 1e-6;                    // masses below have no ratio
static const double MAX_Z = 4;

static const char *const SANDWICH = "soft/rem-5.4", *const LINEAR = "soft/lemma-5.7",
                         *const LAW = "soft/law-ambiguity-mass", *const JUNCTIONS = "soft/law-junctions";

// ---- The events, in integers ----

//[core
// The events for gates in the ratio of n integers in falling order, epsilon = r / s. With
// q_k = exp(a_k / tau), Delta <= kappa tau is q_1 / q_2 <= (s - r) / r, and T >= e^-kappa is
// r q_1 <= (s - r)(q_2 + ... + q_n).
static boundary_mass_events_t exact_events(const int64_t *q, int64_t n, int64_t r, int64_t s) {
    int64_t losers = 0;
    bool pairwise = false;
    for (int64_t l = 1; l < n; l++) {
        losers += q[l];
        pairwise = pairwise || r * q[l - 1] <= (s - r) * (n - 1) * q[l];
    }
    return (boundary_mass_events_t){r * q[0] <= (s - r) * q[1], r * q[0] <= (s - r) * losers,
                                    r * q[0] <= (s - r) * (n - 1) * q[1], pairwise};
}

// Both constants are the best, for every n. Above: q = ((n-1)(s-r), r, ..., r), all losers equal, is
// ambiguous with Delta = kappa_n tau. Below: q = (m (s-r) + c, m r, 1, ..., 1), one near rival, with
// the least c that makes it unambiguous, has Delta / tau - kappa = ln(1 + c / (m (s-r))), which falls
// to 0 as m grows. Returns that number, and whether each of the two is where it should be.
static double sharp_families(int64_t n, int64_t r, int64_t s, int64_t m, bool found[2]) {
    int64_t q[MOST_EXPERTS];
    for (int64_t l = 0; l < n; l++)
        q[l] = l == 0 ? (n - 1) * (s - r) : r;
    const boundary_mass_events_t equal = exact_events(q, n, r, s);
    q[0]++;
    const boundary_mass_events_t beyond = exact_events(q, n, r, s);
    found[0] = equal.ambiguous && equal.wide && !beyond.ambiguous && !beyond.wide;
    const int64_t c = (s - r) * (n - 2) / r + 1;
    for (int64_t l = 0; l < n; l++)
        q[l] = l == 0 ? m * (s - r) + c : l == 1 ? m * r : 1;
    found[1] = !exact_events(q, n, r, s).ambiguous;
    return log1p((double)c / (double)(m * (s - r)));
}
//]core

// Gates of random size, and near both ends of the sandwich.
static int64_t draw_gates(stream_t *stream, int64_t kind, int64_t n, int64_t r, int64_t s, int64_t *q) {
    const int64_t m = stream_pick(stream, 1, 1000), shift = stream_pick(stream, -1, 1);
    for (int64_t l = 0; l < n; l++) {
        const int64_t any = stream_pick(stream, 1, 1 << stream_pick(stream, 1, 20));
        q[l] = kind == 0   ? any
               : kind == 1 ? (l == 0 ? (n - 1) * (s - r) * m + shift : r * m)
                           : (l == 0   ? m * (s - r) + shift
                              : l == 1 ? m * r
                                       : 1);
    }
    for (int64_t i = 1; i < n; i++)
        for (int64_t j = i; j > 0 && q[j - 1] < q[j]; j--) {
            const int64_t swapped = q[j];
            q[j] = q[j - 1];
            q[j - 1] = swapped;
        }
    return kind == 1 && shift == 0;
}

static void check_integers(experiment_t *run) {
    const int64_t cases = experiment_quick(run) ? QUICK_CASES : CASES;
    stream_t stream = experiment_stream(run, stream_experiment("integers"));
    int64_t broken = 0, unequal = 0, pairs = 0, inside = 0, equalities = 0;
    for (int64_t i = 0; i < cases; i++) {
        const int64_t n = 2 + i % (MAX_EXPERTS - 1);
        const int64_t s = stream_pick(&stream, 3, 1000), r = stream_pick(&stream, 1, (s - 1) / 2);
        int64_t q[MAX_EXPERTS];
        equalities += draw_gates(&stream, i / (MAX_EXPERTS - 1) % 3, n, r, s, q);
        const boundary_mass_events_t events = exact_events(q, n, r, s);
        broken += !boundary_mass_is_nested(events);
        inside += events.ambiguous && !events.near;
        pairs += n == 2;
        unequal += n == 2 && (events.near != events.pairwise || events.near != events.ambiguous);
    }
    experiment_check_integer(run, SANDWICH, "inclusions that fail in integers", broken, 0);
    experiment_check_integer(run, SANDWICH, "two experts: events that differ in integers", unequal, 0);
    // Were one end equal to the ambiguous event, the sandwich would say nothing.
    experiment_check(run, SANDWICH, "cases strictly between the two ends", (double)inside, AT_LEAST, 100, 0);
    experiment_macro(run, "Cases", "\\num{%.0f}", (double)cases);
    experiment_macro(run, "PairCases", "\\num{%.0f}", (double)pairs);
    experiment_macro(run, "Between", "\\num{%.0f}", (double)inside);
    experiment_macro(run, "Equalities", "\\num{%.0f}", (double)equalities);
}

static void check_sharp(experiment_t *run) {
    static const int64_t r[] = {1, 1, 49, 7}, s[] = {1000, 10, 100, 30};
    int64_t missed = 0;
    double excess = 0;
    for (int64_t n = 2; n <= MOST_EXPERTS; n++)
        for (int i = 0; i < 4; i++) {
            bool found[2];
            const double far = sharp_families(n, r[i], s[i], 1000000000, found);
            missed += !found[0] || !found[1];
            excess = fmax(excess, far);
        }
    experiment_check_integer(run, SANDWICH, "families at the ends that are not where they should be", missed,
                             0);
    experiment_check(run, SANDWICH, "unambiguous logits: least Delta/tau above kappa", excess, AT_MOST, 1e-4,
                     0);
    experiment_macro(run, "Excess", "\\num{%.0e}", excess);
    experiment_macro_integer(run, "MostExperts", MOST_EXPERTS);
}

// ---- The events, in floating arithmetic and in balls ----

typedef struct logits_case {
    size_t n;
    double tau, epsilon, logits[MAX_EXPERTS];
} logits_case_t;

// Random logits; one near rival; equal losers; losers whose tail is nearly what epsilon allows. Then any order and height.
static void draw_logits(stream_t *stream, size_t kind, logits_case_t *c) {
    double normals[MAX_EXPERTS];
    stream_normals(stream, normals, c->n);
    c->tau = exp(stream_between(stream, -6, 3));
    c->epsilon = stream_between(stream, 0, 1) < 0.5 ? stream_between(stream, 0.001, 0.499)
                                                    : exp(stream_between(stream, -20, -1));
    const double away = pow(10, -stream_between(stream, 0, 17)) * (normals[0] > 0 ? 1 : -1);
    const double kappa = margin_kappa(c->epsilon), kappa_n = margin_kappa_many(c->epsilon, c->n);
    double sum = 0;
    for (size_t l = 1; l < c->n; l++)
        sum += exp(normals[l]);
    for (size_t l = 0; l < c->n; l++) {
        const double depth = kind == 0   ? -3 * normals[l]
                             : kind == 1 ? (l == 1 ? kappa * (1 + away) : 40 + fabs(normals[l]))
                             : kind == 2 ? kappa_n * (1 + away)
                                         : (kappa + away) - normals[l] + log(sum);
        c->logits[l] = (l == 0 && kind > 0 ? 0 : -depth) * c->tau;
    }
    const size_t place = (size_t)stream_pick(stream, 0, (int64_t)c->n - 1);
    const double height = 100 * c->tau * stream_between(stream, -1, 1), first = c->logits[0];
    c->logits[0] = c->logits[place];
    c->logits[place] = first;
    for (size_t l = 0; l < c->n; l++)
        c->logits[l] += height;
}

static void check_logits(experiment_t *run) {
    const size_t cases = experiment_quick(run) ? QUICK_CASES : CASES;
    stream_t stream = experiment_stream(run, stream_experiment("logits"));
    long long broken = 0, unequal = 0, decided = 0, open = 0;
    for (size_t i = 0; i < cases; i++) {
        logits_case_t c = {.n = 2 + i % (MAX_EXPERTS - 1)};
        double distance;
        draw_logits(&stream, i / (MAX_EXPERTS - 1) % 4, &c);
        boundary_mass_events_t events = boundary_mass_events(c.logits, c.n, c.tau, c.epsilon, &distance);
        if (distance < BORDER) {
            decided++;
            open += boundary_mass_events_certified(c.logits, c.n, c.tau, c.epsilon, &events) != GSL_SUCCESS;
        }
        broken += !boundary_mass_is_nested(events);
        unequal += c.n == 2 && (events.near != events.pairwise || events.near != events.ambiguous);
    }
    experiment_check_integer(run, SANDWICH, "inclusions that fail for logits", broken, 0);
    experiment_check_integer(run, SANDWICH, "two experts: events that differ for logits", unequal, 0);
    experiment_check_integer(run, SANDWICH, "borderline logits that balls leave open", open, 0);
    experiment_macro(run, "Borderline", "\\num{%.0f}", (double)decided);
}

// ---- Routers in the plane: the masses ----

typedef struct planar {
    planar_router_t router;
    double interface, junctions, whole; // I, G, and I over the whole lines
} planar_t;

static void finish_planar(planar_t *planar, size_t experts) {
    planar->router.experts = experts;
    planar->interface = planar_router_top_density(&planar->router);
    planar->junctions = planar_router_junction_density(&planar->router);
    planar->whole = planar_router_pair_density(&planar->router);
}

// The router of the laws: a_k = c_k.x - |c_k|^2/2 plus a bias, the c_k on a ring, for four experts and more with one near
// the middle, so that every expert leads somewhere and the middle one in a bounded cell.
static void fixed_planar(planar_t *planar, size_t experts) {
    const size_t middle = experts > 3, ring = experts - middle;
    for (size_t k = 0; k < experts; k++) {
        const double turn = 2 * M_PI * (double)k / (double)ring;
        const double angle = 0.4 + turn + 0.2 * sin(3.0 * (double)k);
        const double radius = k + 1 > ring ? 0.1 : 1.6 + 0.2 * cos(5.0 * (double)k);
        planar->router.weight[k][0] = radius * cos(angle);
        planar->router.weight[k][1] = radius * sin(angle);
        planar->router.bias[k] = 0.1 * cos(7.0 * (double)k) - radius * radius / 2;
    }
    finish_planar(planar, experts);
}

static gsl_sf_result ambiguous(experiment_t *run, const planar_t *planar, double tau, double epsilon) {
    gsl_sf_result mass;
    experiment_require(run, boundary_mass_ambiguous(&planar->router, tau, epsilon, &mass), "ambiguous mass");
    return mass;
}

static gsl_sf_result top_two(experiment_t *run, const planar_t *planar, double width) {
    gsl_sf_result mass;
    experiment_require(run, boundary_mass_top_two(&planar->router, width, &mass), "top-two mass");
    return mass;
}

static double slabs(const planar_t *planar, double width) {
    double sum = 0;
    for (size_t k = 0; k < planar->router.experts; k++)
        for (size_t l = 0; l < k; l++)
            sum += planar_router_slab(&planar->router, k, l, width);
    return sum;
}

// The constant of Lemma 5.7 for every tau: a slab's mass is at most its width times the largest value of the profile.
static double paper_constant(const planar_t *planar, double epsilon) {
    double sum = 0;
    for (size_t k = 0; k < planar->router.experts; k++)
        for (size_t l = 0; l < k; l++)
            sum += gsl_ran_ugaussian_pdf(0) / planar_router_edge(&planar->router, k, l).steepness;
    return 2 * margin_kappa_many(epsilon, planar->router.experts) * sum;
}

// The chain of Remark 5.4 and Lemma 5.7 for random routers: the least relative slack of each link.
static void check_chain(experiment_t *run) {
    const size_t routers = experiment_quick(run) ? QUICK_ROUTERS : ROUTERS;
    stream_t stream = experiment_stream(run, stream_experiment("routers"));
    double least[4] = {INFINITY, INFINITY, INFINITY, INFINITY}, absolute = INFINITY, estimated = 0;
    size_t experts = 0; // of the router with the least ratio in Lemma 5.7
    static const char *const links[] = {"P(U) over P(Delta <= kappa tau)",
                                        "P(Delta <= kappa_K tau) over P(U)",
                                        "sum of the slabs over P(Delta <= kappa_K tau)", "C tau over P(U)"};
    for (size_t i = 0; i < routers; i++) {
        planar_t planar;
        const size_t n = LEAST + i % (LAST - LEAST + 1);
        for (size_t k = 0; k < n; k++) {
            stream_normals(&stream, planar.router.weight[k], 2);
            stream_normals(&stream, &planar.router.bias[k], 1);
        }
        finish_planar(&planar, n);
        const double tau = exp(stream_between(&stream, -5, 0.5)),
                     epsilon = stream_between(&stream, 0.01, 0.49);
        const gsl_sf_result near = top_two(run, &planar, margin_kappa(epsilon) * tau);
        const gsl_sf_result mass = ambiguous(run, &planar, tau, epsilon);
        const gsl_sf_result wide = top_two(run, &planar, margin_kappa_many(epsilon, n) * tau);
        const double chain[5] = {near.val, mass.val, wide.val,
                                 slabs(&planar, margin_kappa_many(epsilon, n) * tau),
                                 paper_constant(&planar, epsilon) * tau};
        const double error = near.err + mass.err + wide.err;
        estimated = fmax(estimated, fmax(near.err, fmax(mass.err, wide.err)));
        for (int link = 0; link < 4; link++) {
            const double low = link == 3 ? chain[1] : chain[link], high = chain[link + 1];
            absolute = fmin(absolute, high - low + error);
            if (link == 3 && low > TINY && high / low < least[link])
                experts = n;
            if (low > TINY)
                least[link] = fmin(least[link], high / low);
        }
    }
    experiment_check(run, SANDWICH, "least difference of neighbours in the chain", absolute, AT_LEAST, 0, 0);
    // For two experts the first three masses are one: equality up to the error of the quadrature.
    for (int link = 0; link < 4; link++)
        experiment_check(run, link == 3 ? LINEAR : SANDWICH, links[link], least[link], AT_LEAST, 1 - 1e-9, 0);
    experiment_macro_integer(run, "Routers", (long long)routers);
    experiment_macro_integer(run, "LeastExperts", LEAST);
    experiment_macro_integer(run, "LastExperts", LAST);
    experiment_macro(run, "ErrorDecades", "%.0f", floor(-log10(estimated)));
    experiment_macro(run, "LeastLinear", "%.2f", least[3]);
    experiment_macro_integer(run, "LeastLinearExperts", (long long)experts);
}

// ---- The laws ----

// What is left of P(U) beside the two terms of the law, over tau^3.
static double remainder_of(experiment_t *run, const planar_t *planar, double tau) {
    const double kappa = margin_kappa(EPSILON);
    const double law =
        2 * kappa * planar->interface + 0.5 * (M_PI * M_PI - 3 * kappa * kappa) * planar->junctions * tau;
    return (ambiguous(run, planar, tau, EPSILON).val - law * tau) / gsl_pow_3(tau);
}

static int sample_masses(const montecarlo_block_t *block, const void *context) {
    const planar_t *planar = context;
    stream_normals(block->stream, block->work, 2 * block->count);
    for (size_t i = 0; i < block->count; i++)
        for (size_t n = 0; n < N_ROUTERS; n++) {
            double logits[MAX_EXPERTS];
            planar_router_logits(&planar[n].router, block->work + 2 * i, logits);
            for (size_t t = 0; t < N_TAU; t++)
                block->samples[(i * N_ROUTERS + n) * N_TAU + t] =
                    softmax_is_ambiguous(logits, planar[n].router.experts, TAUS[t], EPSILON);
        }
    return GSL_SUCCESS;
}

// Three roads: quadrature, its expansion with closed-form constants, and a sample.
static void check_laws(experiment_t *run) {
    static const table_column_t columns[] = {
        {"experts", "1", NULL, ""},         {"interface", "1", "%.8f", "%.4f"},
        {"junctions", "1", "%.8f", "%.4f"}, {"slope_law", "1", "%.8f", "%.5f"},
        {"slope", "1", "%.6f", "%.5f"},     {"second_law", "1", "%.8f", "%.4f"},
        {"second", "1", "%.3f", "%.3f"},    {"paper", "1", "%.6f", "%.2f"},
        {"z", "1", "%.2f", "%.1f"}};
    table_t *table = experiment_table(
        run, "", "P(U)/tau at tau -> 0: laws and extrapolated quadrature, eps = 0.1", columns, 9, N_ROUTERS);
    planar_t planar[N_ROUTERS];
    for (size_t i = 0; i < N_ROUTERS; i++)
        fixed_planar(&planar[i], FIRST + i);
    const uint64_t samples = experiment_quick(run) ? QUICK_SAMPLES : SAMPLES;
    moments_t *moments = experiment_montecarlo(run, "sample", samples, N_ROUTERS * N_TAU,
                                               2 * MONTECARLO_BLOCK, sample_masses, planar);
    const double kappa = margin_kappa(EPSILON), tau = 0.004;
    double worst_z = 0, worst_remainder = 0, least_gain = INFINITY;
    for (size_t i = 0; i < N_ROUTERS; i++) {
        const planar_t *p = &planar[i];
        double z = 0, at[3];
        for (size_t t = 0; t < N_TAU; t++) {
            const gsl_sf_result sampled = moments_estimate(moments, i * N_TAU + t);
            const double off = (sampled.val - ambiguous(run, p, TAUS[t], EPSILON).val) / sampled.err;
            z = fabs(off) > fabs(z) ? off : z;
        }
        for (int j = 0; j < 3; j++)
            at[j] = ambiguous(run, p, tau / (1 << j), EPSILON).val / (tau / (1 << j));
        // P(U)/tau = slope + second tau + third tau^2 + ..., eliminated by halving.
        const double slope = (8 * at[2] - 6 * at[1] + at[0]) / 3;
        const double second = (-8 * at[2] + 10 * at[1] - 2 * at[0]) / (tau);
        const double slope_law = 2 * kappa * p->interface;
        const double second_law = 0.5 * (M_PI * M_PI - 3 * kappa * kappa) * p->junctions;
        const double remainder = remainder_of(run, p, tau / 2), before = remainder_of(run, p, tau);
        experiment_check(run, LAW, "z of a sampled ambiguity mass", fabs(z), AT_MOST, MAX_Z, 0);
        experiment_check(run, LAW, "slope: law against extrapolated quadrature", fabs(slope / slope_law - 1),
                         AT_MOST, 1e-6, 0);
        experiment_check(run, JUNCTIONS, "second order: law against extrapolated quadrature",
                         fabs(second - second_law), AT_MOST, 2e-3, 0);
        experiment_check(run, JUNCTIONS, "remainder over tau^3 stays bounded on halving tau",
                         fabs(remainder) / (1 + fabs(before)), AT_MOST, 1.2, 0);
        experiment_check(run, LINEAR, "constant of Lemma 5.7 over the sharp slope",
                         paper_constant(p, EPSILON) / slope, AT_LEAST, 1, 1e-6);
        table_integer(table, (long long)p->router.experts);
        const double cells[] = {
            p->interface, p->junctions, slope_law, slope, second_law, second, paper_constant(p, EPSILON), z};
        for (int j = 0; j < 8; j++)
            table_real(table, cells[j]);
        worst_z = fmax(worst_z, fabs(z));
        worst_remainder = fmax(worst_remainder, fabs(remainder));
        least_gain = fmin(least_gain, paper_constant(p, EPSILON) / slope);
    }
    moments_free(moments);
    experiment_parameter(run, "Epsilon", "%.1f", EPSILON, "1");
    experiment_parameter(run, "Samples", "\\num{%.0f}", (double)samples, "points");
    experiment_macro(run, "TauOne", "%.1f", TAUS[0]);
    experiment_macro(run, "TauTwo", "%.1f", TAUS[1]);
    experiment_macro(run, "TauThree", "%.2f", TAUS[2]);
    experiment_macro_integer(run, "MaxExperts", MAX_EXPERTS);
    experiment_macro(run, "WorstZ", "%.1f", worst_z);
    experiment_macro(run, "WorstRemainder", "%.1f", worst_remainder);
    experiment_macro(run, "LeastGain", "%.1f", least_gain);
    experiment_macro(run, "SignChange", "%.4f", 1 / (1 + exp(M_PI / sqrt(3))));
}

// P(U)/tau of (x, -x, 0), X ~ N(0, 1), by the midpoint rule; an end of U lies in one cell, hence the error.
static gsl_sf_result triple_tie_slope(double tau) {
    enum { CELLS = 20000 };
    const double step = 8 * margin_kappa_many(EPSILON, 3) * tau / CELLS;
    double sum = 0;
    for (int i = 0; i < CELLS; i++) {
        const double x = step * (i + 0.5 - CELLS / 2), logits[3] = {x, -x, 0};
        if (softmax_is_ambiguous(logits, 3, tau, EPSILON))
            sum += gsl_ran_ugaussian_pdf(x);
    }
    return (gsl_sf_result){sum * step / tau, 2 * gsl_ran_ugaussian_pdf(0) * step / tau};
}

// The law asks that three logits do not tie on a set of positive surface: with (x, -x, 0) on the line they do at x = 0,
// and P(U)/tau -> 2 c phi(0) with e^-2c + e^-c = eps/(1 - eps).
static void check_triple_tie(experiment_t *run) {
    const double odds = EPSILON / (1 - EPSILON), kappa = margin_kappa(EPSILON), tau = 1e-3;
    const double c = -log((sqrt(1 + 4 * odds) - 1) / 2);
    const double in[3] = {c * tau * (1 - 1e-9), -c * tau * (1 - 1e-9), 0};
    const double out[3] = {c * tau * (1 + 1e-9), -c * tau * (1 + 1e-9), 0};
    experiment_check_integer(run, LAW, "triple tie: ambiguous just inside",
                             softmax_is_ambiguous(in, 3, tau, EPSILON), 1);
    experiment_check_integer(run, LAW, "triple tie: not ambiguous just outside",
                             softmax_is_ambiguous(out, 3, tau, EPSILON), 0);
    const double slope = gaussian_slab_mass(0, c * tau) / tau, density = gsl_ran_ugaussian_pdf(0);
    const gsl_sf_result measured = triple_tie_slope(tau);
    experiment_check(run, LAW, "triple tie: slope by the midpoint rule minus its closed form",
                     fabs(measured.val - slope), AT_MOST, measured.err, 0);
    // The pairs have slopes 2, 1 and 1, and no logit is above them at x = 0.
    const double law = 2 * kappa * density * (0.5 + 1 + 1);
    experiment_check(run, LAW, "triple tie: the law without its hypothesis over the measured slope",
                     law / (measured.val + measured.err), AT_LEAST, 2, 0);
    experiment_check(run, LINEAR, "triple tie: bound of Lemma 5.7 over the measured slope",
                     law / kappa * margin_kappa_many(EPSILON, 3) / (measured.val + measured.err), AT_LEAST, 1,
                     0);
    experiment_macro(run, "TieSlope", "%.3f", slope);
    experiment_macro(run, "TieLaw", "%.3f", law);
}

// ---- Figures ----

static void write_curves(experiment_t *run) {
    enum { POINTS = 25, SHOWN = 3 };
    static const size_t shown[SHOWN] = {FIRST, 5, LAST};
    static const table_column_t columns[] = {{"experts", "1", NULL, NULL},     {"tau", "1", "%.6f", NULL},
                                             {"ambiguous", "1", "%.8f", NULL}, {"near", "1", "%.8f", NULL},
                                             {"wide", "1", "%.8f", NULL},      {"second", "1", "%.8f", NULL}};
    table_t *table =
        experiment_table(run, "curves", "masses over 2 kappa I tau: P(U) - its sandwich - the law", columns,
                         6, POINTS * SHOWN);
    const double kappa = margin_kappa(EPSILON);
    experiment_macro_integer(run, "ShownFirst", (long long)shown[0]);
    experiment_macro_integer(run, "ShownNext", (long long)shown[1]);
    for (int k = 0; k < SHOWN; k++) {
        planar_t planar;
        fixed_planar(&planar, shown[k]);
        for (int i = 0; i < POINTS; i++) {
            const double tau = 0.002 * pow(10, 2.3 * i / (POINTS - 1)),
                         unit = 2 * kappa * planar.interface * tau;
            const double width = margin_kappa_many(EPSILON, shown[k]) * tau;
            table_integer(table, (long long)shown[k]);
            table_real(table, tau);
            table_real(table, ambiguous(run, &planar, tau, EPSILON).val / unit);
            table_real(table, top_two(run, &planar, kappa * tau).val / unit);
            table_real(table, top_two(run, &planar, width).val / unit);
            table_real(table, 1 + (M_PI * M_PI - 3 * kappa * kappa) * planar.junctions * tau /
                                      (4 * kappa * planar.interface));
        }
    }
}

// Three experts in the plane of logits with sum 0, in temperatures: for each expert the region where it leads by kappa_3,
// where its gate is above 1 - eps, where it leads by kappa, and where it leads at all. u and v, its leads over the next
// expert and the one after, end at a largest value: the picture is a hexagon.
static void write_plane(experiment_t *run) {
    enum { REGIONS = 4, CURVE = 60, CORNERS = CURVE + 1 };
    static const table_column_t columns[] = {{"region", "1", NULL, NULL},
                                             {"expert", "1", NULL, NULL},
                                             {"x", "1", "%.4f", NULL},
                                             {"y", "1", "%.4f", NULL}};
    table_t *table = experiment_table(run, "plane", "four regions of each of three experts; lengths in tau",
                                      columns, 4, REGIONS * 3 * CORNERS);
    const double kappa = margin_kappa(EPSILON), far = 7.5, least = -log1p(-exp(kappa - far));
    const double width[REGIONS] = {0, kappa, 0, kappa + M_LN2};
    for (int region = 0; region < REGIONS; region++)
        for (int expert = 0; expert < 3; expert++)
            for (int i = 0; i < CORNERS; i++) {
                const double s = least * pow((far - kappa) / least, (double)i / (CURVE - 1));
                double u = i > CURVE / 2 ? far : width[region], v = i < CURVE / 2 ? far : width[region];
                if (region == 2) { // the curve of the smooth region
                    u = kappa + s;
                    v = kappa - log(-expm1(-s));
                }
                if (i == CURVE)
                    u = v = far;
                const double logits[3] = {(u + v) / 3, (v - 2 * u) / 3, (u - 2 * v) / 3};
                double x = 0, y = 0;
                for (int l = 0; l < 3; l++) {
                    const double angle = M_PI / 2 - 2 * M_PI * ((expert + l) % 3) / 3;
                    x += logits[l] * cos(angle);
                    y += logits[l] * sin(angle);
                }
                table_integer(table, region);
                table_integer(table, expert + 1);
                table_real(table, x);
                table_real(table, y);
            }
}

static void boundary_masses(experiment_t *run) {
    check_integers(run);
    check_sharp(run);
    check_logits(run);
    check_chain(run);
    check_laws(run);
    check_triple_tie(run);
    write_curves(run);
    write_plane(run);
    experiment_claim(
        run, SANDWICH, VERDICT_HOLDS, METHOD_EXACT,
        "q = ((K-1)(s-r), r, ..., r) at eps = r/s is at the upper end; boundary-masses.checks.csv");
    experiment_claim(run, LINEAR, VERDICT_HOLDS, METHOD_QUADRATURE, "boundary-masses.csv");
    experiment_claim(run, LAW, VERDICT_HOLDS, METHOD_QUADRATURE, "boundary-masses.csv");
    experiment_claim(run, JUNCTIONS, VERDICT_HOLDS, METHOD_QUADRATURE, "boundary-masses.csv");
}

int main(int argc, char **argv) {
    static const experiment_plan_t plan = {.name = "boundary-masses",
                                           .brief = "three boundary masses: nested, and to second order",
                                           .seed = 20260523,
                                           .run = boundary_masses};
    return experiment_main(&plan, argc, argv);
}
