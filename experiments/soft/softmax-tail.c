// SPDX-License-Identifier: GPL-3.0-or-later
// The softmax tail: what the winner leaves to the others, and by how much the bound of (2.16) exceeds it.
//
// CLAIMS (Soft-to-Hard Routing, sections 2 and 4.2)
//   soft/eq-2.16    sum over j != k* of p_j <= (K-1) exp(-Delta/tau)
//   soft/lemma-4.1  p_(j) <= exp(-(z_(1) - z_(j))/tau) for j >= 2, and the same sum
//
// DERIVATION. With e_j = exp(-(z_(1) - z_(j))/tau), T = e_2 + .. + e_K and M = K - 1, the gates of the losers are
// e_j/(1 + T) and the tail is T/(1 + T). Write T = e_2 R, R = sum over j >= 2 of e_j/e_2, 1 <= R <= M. Then
//     bound/tail - 1 = ((M - R) + M T)/R > 0:
// the bound is never attained, and its supremum is approached where all losers tie (R = M) and T -> 0. As x/(1 + x)
// rises, T <= M e_2 gives the sharper
//     tail <= M e_2/(1 + M e_2) = 1 - 1/(1 + M exp(-Delta/tau)),    equality if and only if all losers tie,
// and T >= (j - 1) e_j gives p_(j) <= e_j/(1 + (j - 1) e_j), at most 1/j.
//
// Two roads decide each vector in ball arithmetic: the gates from their definition, at a precision that is doubled up to
// LITERAL_LIMIT bits; and the identity above, whose terms do not cancel, which decides margins of any size. Doubles
// cannot: where the losers tie, rounding reverses the sharper bound in one case of a few.
#include "io/experiment.h"
#include "routing/margin.h"
#include "routing/softmax.h"
#include "routing/softmax_ball.h"

#include <gsl/gsl_math.h>
#include <math.h>
#include <string.h>

static const char *const BOUND = "soft/eq-2.16", *const LEMMA = "soft/lemma-4.1";

// ---- Parameters ----

enum { MOST = 64 };                                                    // experts of a vector; the least is 2
enum { VECTORS = 21000, QUICK_VECTORS = 400 };                         // of each family
enum { LITERAL_LIMIT = 256, FACTORED = 128, SUMMIT_PRECISION = 4096 }; // bits
enum { SUMMITS = 24 }; // of the extreme vectors, the ones that are decided by their definition as well
enum { CLOUD = 120, SHOWN = 8 }; // random vectors in the figure, of so many experts and of MOST
enum { CURVE_POINTS = 81 };      // margins from 0.1 to 700 temperatures
static const double LEAST_NORMAL = 0x1p-1022;
static const double LOG_RANGE = 300;     // scales and temperatures reach from 1e-300 to 1e300
static const double LEAST_ERROR = 1e-17; // smaller ones are drawn there

typedef enum { EXTREME, COMPARABLE, TIED, ONE_ULP, SHIFTED, FAMILIES } family_t;
static const char *const FAMILY_NAMES[FAMILIES] = {"extreme", "comparable", "tied", "one ulp", "shifted"};

typedef struct vector {
    size_t n;
    double logits[MOST], tau;
} vector_t;

static double power_of_ten(double low, double high, double u) {
    return pow(10, low + (high - low) * u);
}

// Vector number i of a family. The temperature is of any size; the logits are
//   extreme     of any size, whatever the temperature
//   comparable  uniform over 1e-3 to 1e3 temperatures
//   tied        multiples 0 to 3 of one number, so that winners and losers tie
//   one ulp     one winner, and losers at one distance or one ulp further
//   shifted     uniform over some temperatures, 1e3 to 1e9 temperatures off zero
static void draw_vector(const experiment_t *run, family_t family, uint32_t i, vector_t *v) {
    double u[MOST + 8];
    stream_t stream = stream_at(experiment_seed(run), stream_experiment(FAMILY_NAMES[family]), i);
    stream_uniforms(&stream, u, MOST + 8);
    v->n = (size_t)(2 * pow(32.5, u[0]));
    v->tau = family == EXTREME ? power_of_ten(-LOG_RANGE, LOG_RANGE, u[1]) : power_of_ten(-295, 288, u[1]);
    const double scale = family == EXTREME      ? power_of_ten(-LOG_RANGE, LOG_RANGE, u[2])
                         : family == COMPARABLE ? v->tau * power_of_ten(-3, 3, u[2])
                         : family == ONE_ULP    ? v->tau * power_of_ten(-3, 2.85, u[2])
                                                : v->tau * power_of_ten(-2, 2, u[2]);
    const double shift = family == SHIFTED ? copysign(v->tau * power_of_ten(3, 9, u[3]), u[4] - 0.5) : 0;
    const size_t winner = (size_t)((double)v->n * u[5]);
    for (size_t k = 0; k < v->n; k++) {
        const double x = u[8 + k];
        if (family == ONE_ULP)
            v->logits[k] = k == winner ? 0 : x < 0.5 || v->n % 2 == 0 ? -scale : nextafter(-scale, -INFINITY);
        else
            v->logits[k] = family == TIED ? floor(4 * x) * scale : shift + (2 * x - 1) * scale;
    }
}

// ---- The test of a vector ----

typedef struct tally {
    long vectors, bits[3], open, violated;  // by the definition at 64, 128 and 256 bits
    long tied, undecided, contradictions;   // losers that tie; open on both roads; roads that differ
    long singles, single_violated;          // gates against their own bounds
    long reversed, naive, vanished, broken; // in doubles
    double worst_error, worst_ratio;        // of softmax.c: in units of 2^-53, and over what rounding allows
    double least_slack;                     // bound/tail - 1, of those that a double can hold
    vector_t tightest;
} tally_t;

static double midpoint(const arb_t x) {
    return arf_get_d(arb_midref(x), ARF_RND_NEAR);
}

// |value/exact - 1| in units of 2^-53.
static double units_off(double value, const arb_t exact) {
    arb_t x;
    arb_init(x);
    arb_set_d(x, value);
    arb_sub(x, x, exact, FACTORED);
    arb_div(x, x, exact, FACTORED);
    const double units = fabs(midpoint(x)) * 0x1p53;
    arb_clear(x);
    return units;
}

static double margin_of(const vector_t *v) {
    return margin_top_two(v->logits, v->n) / v->tau;
}

static size_t rank_of(const vector_t *v, size_t k) {
    size_t rank = 1;
    for (size_t l = 0; l < v->n; l++)
        rank += v->logits[l] > v->logits[k] || (v->logits[l] == v->logits[k] && l < k);
    return rank;
}

// The gate p = e/(1 + T) of a loser of rank j in balls against e/(1 + (j-1) e), and the double of
// softmax.c against the ball. An exponent x has two roundings, so that exp(x) errs by 2 |x| units of
// 2^-53 beside its own.
static void test_gate(const vector_t *v, size_t k, double gate, softmax_ball_t *b, tally_t *tally) {
    arb_t exact, bound;
    arb_init(exact);
    arb_init(bound);
    arb_mul_ui(bound, b->exponentials + k, rank_of(v, k) - 1, FACTORED);
    arb_add_ui(bound, bound, 1, FACTORED);
    arb_div(bound, b->exponentials + k, bound, FACTORED);
    arb_add_ui(exact, b->total, 1, FACTORED);
    arb_div(exact, b->exponentials + k, exact, FACTORED);
    tally->single_violated += arb_gt(exact, bound);
    tally->singles++;
    if (gate >= LEAST_NORMAL) {
        const double exponent = (v->logits[margin_winner(v->logits, v->n)] - v->logits[k]) / v->tau;
        const double allowed = 2 * (exponent + margin_of(v) + log((double)v->n)) + (double)v->n + 4;
        tally->worst_ratio = fmax(tally->worst_ratio, units_off(gate, exact) / allowed);
    }
    arb_clear(exact);
    arb_clear(bound);
}

//[core
// Both roads on one vector.
static void test_bounds(const vector_t *v, softmax_ball_t *b, tally_t *tally) {
    slong used;
    const int defined = softmax_ball_decide(b, v->logits, v->n, v->tau, LITERAL_LIMIT, &used);
    const int factored = softmax_ball_decide_factored(b, v->logits, v->n, v->tau, FACTORED);
    tally->vectors++;
    for (int i = 0; i < 3; i++)
        tally->bits[i] += defined == 1 && used == 64 << i;
    tally->open += defined == 0;
    tally->violated += defined < 0 || arb_is_negative(b->slack);
    tally->undecided += defined != 1 && factored != 1;
    tally->contradictions += defined < 0 && factored == 1;
}
//]core

// The gates of softmax.c are probabilities, and its tail errs by no more than rounding allows: the mean of |x| over the
// losers is at most Delta/tau + ln(K-1), because their entropy is ln T + mean |x| <= ln(K-1) and T >= exp(-Delta/tau).
static void test_library(const vector_t *v, softmax_ball_t *b, tally_t *tally) {
    double gates[MOST], sum = 0;
    softmax_gates(v->logits, v->n, v->tau, gates);
    bool good = true;
    for (size_t k = 0; k < v->n; k++) {
        sum += gates[k];
        good = good && gates[k] >= 0 && gates[k] <= 1;
        if (k != margin_winner(v->logits, v->n))
            test_gate(v, k, gates[k], b, tally);
    }
    const double tail = softmax_tail(v->logits, v->n, v->tau), n = (double)v->n;
    good = good && fabs(sum - 1) <= 2 * n * 0x1p-53 && tail >= 0 && tail < 1 &&
           isfinite(softmax_log_sum_exp(v->logits, v->n, v->tau));
    tally->broken += !good;
    if (tail < LEAST_NORMAL)
        return;
    const double error = units_off(tail, b->tail);
    tally->worst_error = fmax(tally->worst_error, error);
    tally->worst_ratio = fmax(tally->worst_ratio, error / (2 * (margin_of(v) + log(n - 1)) + n + 4));
}

// What plain doubles make of it: the sharper bound reversed by rounding, the softmax without the shift, and 1 - max p.
static void test_doubles(const vector_t *v, tally_t *tally) {
    const double tail = softmax_tail(v->logits, v->n, v->tau);
    const double bound = softmax_tail_bound(v->logits, v->n, v->tau);
    double sum = 0, largest = 0;
    for (size_t k = 0; k < v->n; k++)
        sum += exp(v->logits[k] / v->tau);
    for (size_t k = 0; k < v->n; k++)
        largest = fmax(largest, exp(v->logits[k] / v->tau) / sum);
    const bool usable = sum > 0 && isfinite(sum);
    tally->reversed += tail > bound / (1 + bound);
    tally->naive += !usable;
    tally->vanished += usable && tail > 0 && 1 - largest <= 0;
}

static void test_vector(const vector_t *v, softmax_ball_t *b, tally_t *tally) {
    test_bounds(v, b, tally);
    test_library(v, b, tally);
    test_doubles(v, tally);
    tally->tied += softmax_ball_losers_tie(v->logits, v->n);
    const double slack = midpoint(b->slack);
    if (slack >= LEAST_NORMAL && slack < tally->least_slack) {
        tally->least_slack = slack;
        tally->tightest = *v;
    }
}

// ---- The families ----

static void run_family(experiment_t *run, family_t family, softmax_ball_t *b, tally_t *tally) {
    const uint32_t vectors = experiment_quick(run) ? QUICK_VECTORS : VECTORS;
    *tally = (tally_t){.least_slack = INFINITY};
    for (uint32_t i = 0; i < vectors; i++) {
        vector_t v;
        draw_vector(run, family, i, &v);
        test_vector(&v, b, tally);
        if (i % 1024 == 0)
            experiment_progress(run, (uint64_t)family * vectors + i, (uint64_t)FAMILIES * vectors);
    }
}

static void check_family(experiment_t *run, const tally_t *tally) {
    experiment_check_integer(run, BOUND, "vectors that violate the bound or the sharper one", tally->violated,
                             0);
    experiment_check_integer(run, BOUND, "vectors that neither road decides", tally->undecided, 0);
    experiment_check_integer(run, BOUND, "vectors on which the roads differ", tally->contradictions, 0);
    experiment_check_integer(run, BOUND, "vectors whose gates in doubles are no probabilities", tally->broken,
                             0);
    experiment_check_integer(run, LEMMA, "gates that violate their own bound", tally->single_violated, 0);
    experiment_check(run, LEMMA, "error of a tail or gate in doubles over what rounding allows",
                     tally->worst_ratio, AT_MOST, 1, 0);
}

// What `reversed` counts is the sharper bound alone: an equality where the losers tie.
static void tabulate_family(table_t *table, family_t family, const tally_t *tally) {
    table_text(table, FAMILY_NAMES[family]);
    table_integer(table, tally->vectors);
    for (int i = 0; i < 3; i++)
        table_integer(table, tally->bits[i]);
    table_integer(table, tally->open);
    table_integer(table, tally->tied);
    table_integer(table, tally->reversed);
    table_integer(table, tally->naive);
    table_integer(table, tally->vanished);
    table_real(table, tally->worst_error);
}

// The vector that came nearest to the bound, in full when its losers tie.
static void state_tightest(experiment_t *run, const tally_t *tally) {
    const vector_t *v = &tally->tightest;
    const double tail = softmax_tail(v->logits, v->n, v->tau);
    experiment_macro_integer(run, "WorstExperts", (long long)v->n);
    experiment_macro(run, "WorstMargin", "%.10f", margin_of(v));
    experiment_macro(run, "WorstTail", "\\num{%.3e}", tail);
    experiment_macro(run, "WorstSlack", "\\num{%.3e}", tally->least_slack);
}

static void decide_families(experiment_t *run, softmax_ball_t *b) {
    static const table_column_t columns[] = {
        {"family", "", NULL, ""},         {"vectors", "1", NULL, ""},          {"bits_64", "1", NULL, ""},
        {"bits_128", "1", NULL, ""},      {"bits_256", "1", NULL, ""},         {"by_identity", "1", NULL, ""},
        {"tied_losers", "1", NULL, ""},   {"reversed", "1", NULL, ""},         {"naive_fails", "1", NULL, ""},
        {"tail_vanishes", "1", NULL, ""}, {"worst_error", "2^-53", "%.0f", ""}};
    table_t *table = experiment_table(run, "", "random logit vectors against the softmax tail bound", columns,
                                      11, FAMILIES);
    tally_t all = {.least_slack = INFINITY};
    for (family_t family = 0; family < FAMILIES; family++) {
        tally_t tally;
        run_family(run, family, b, &tally);
        check_family(run, &tally);
        tabulate_family(table, family, &tally);
        all.vectors += tally.vectors;
        all.singles += tally.singles;
        all.naive += tally.naive;
        all.worst_error = fmax(all.worst_error, tally.worst_error);
        all.worst_ratio = fmax(all.worst_ratio, tally.worst_ratio);
        if (tally.least_slack < all.least_slack) {
            all.least_slack = tally.least_slack;
            all.tightest = tally.tightest;
        }
    }
    state_tightest(run, &all);
    experiment_macro_integer(run, "MostExperts", MOST);
    experiment_macro_integer(run, "ShownExperts", SHOWN);
    experiment_macro(run, "Decades", "%.0f", LOG_RANGE);
    experiment_macro(run, "MarginDecades", "%.0f", 2 * LOG_RANGE);
    experiment_macro(run, "LeastErrorDecades", "%.0f", -log10(LEAST_ERROR));
    experiment_macro_integer(run, "Vectors", all.vectors);
    experiment_macro_integer(run, "Gates", all.singles);
    experiment_macro_integer(run, "NaiveFails", all.naive);
    experiment_macro(run, "WorstError", "%.0f", all.worst_error);
    experiment_macro(run, "WorstErrorRatio", "%.2f", all.worst_ratio);
}

// Extreme vectors by the definition at a precision that decides them all: the exponents reach 1e600.
static void decide_summits(experiment_t *run, softmax_ball_t *b) {
    long proven = 0;
    slong most = 0;
    for (uint32_t i = 0; i < SUMMITS; i++) {
        vector_t v;
        slong used;
        draw_vector(run, EXTREME, i, &v);
        v.n = 3 + i % 2; // of two, a slack of exp(-D/tau) alone, at D/tau = 1e600, has too many bits
        proven += softmax_ball_decide(b, v.logits, v.n, v.tau, SUMMIT_PRECISION, &used) == 1;
        most = GSL_MAX(most, used);
    }
    experiment_check_integer(run, BOUND, "extreme vectors decided by the definition", proven, SUMMITS);
    experiment_macro_integer(run, "Summits", SUMMITS);
    experiment_macro_integer(run, "SummitBits", most);
}

// ---- How tight it is, and what doubles lose ----

// One winner, and K - 1 losers at the margin D, in temperatures.
static vector_t tied_vector(size_t n, double margin) {
    vector_t v = {.n = n, .tau = 1};
    for (size_t k = 1; k < n; k++)
        v.logits[k] = -margin;
    return v;
}

// The supremum 1 of tail/bound: the slack (K - 1) exp(-D) of tied losers is positive at every margin, and tends to 0.
static void check_supremum(experiment_t *run, softmax_ball_t *b) {
    static const size_t experts[] = {2, 8, MOST};
    for (size_t i = 0; i < sizeof experts / sizeof *experts; i++) {
        const vector_t v = tied_vector(experts[i], 700);
        softmax_ball_factor(b, v.logits, v.n, v.tau, FACTORED);
        experiment_check_integer(run, BOUND, "tied losers: the slack at 700 temperatures is proven positive",
                                 arb_is_positive(b->slack), 1);
        experiment_check(run, BOUND, "tied losers: slack at 700 temperatures", midpoint(b->slack), AT_MOST,
                         1e-302, 1e-310);
    }
}

// The first margin 1/2, 1, 3/2, .. and the fewest experts with tied losers, where equality must hold, at which doubles
// find the tail above the sharper bound.
static void state_reversal(experiment_t *run, softmax_ball_t *b) {
    for (size_t n = 3; n <= MOST; n++)
        for (int j = 1; j <= 64; j++) {
            const vector_t v = tied_vector(n, 0.5 * j);
            const double tail = softmax_tail(v.logits, n, 1), bound = softmax_tail_bound(v.logits, n, 1);
            if (!(tail > bound / (1 + bound)))
                continue;
            slong used;
            experiment_check_integer(run, BOUND, "the case that doubles reverse: decided in balls",
                                     softmax_ball_decide(b, v.logits, v.n, v.tau, LITERAL_LIMIT, &used), 1);
            experiment_macro_integer(run, "ReversedExperts", (long long)n);
            experiment_macro(run, "ReversedMargin", "%.1f", v.logits[0] - v.logits[1]);
            return;
        }
    experiment_stop(run, FAULT_INPUT, "no case that doubles reverse was found");
}

// The demand at the ends of the range: logits of 1e300 at a temperature of 1e-300, and two equal winners.
static void check_ends(experiment_t *run) {
    const double most = pow(10, LOG_RANGE), least = pow(10, -LOG_RANGE);
    const double distinct[] = {most, 0, -most}, equal[] = {most, most, -most};
    double gates[3];
    softmax_gates(distinct, 3, least, gates);
    experiment_check(run, BOUND, "logits of 1e300 at 1e-300: the winner's gate", gates[0], EQUAL, 1, 0);
    experiment_check(run, BOUND, "logits of 1e300 at 1e-300: the tail", softmax_tail(distinct, 3, least),
                     EQUAL, 0, 0);
    softmax_gates(equal, 3, least, gates);
    experiment_check(run, BOUND, "two equal winners at 1e300: half each", gates[1], EQUAL, 0.5, 0);
    softmax_gates(distinct, 3, most, gates);
    experiment_check(run, BOUND, "logits and temperature of 1e300: the last gate is 1/(1 + e + e^2)",
                     fabs(gates[2] * (1 + M_E + M_E * M_E) - 1), AT_MOST, 1e-15, 0);
    vector_t v = {.n = 3, .tau = least};
    memcpy(v.logits, distinct, sizeof distinct);
    tally_t tally = {0};
    test_doubles(&v, &tally);
    experiment_check_integer(run, BOUND, "without the shift it is no number", tally.naive, 1);
}

// Two experts with logits D and 0: the tail by softmax.c and as 1 - max p against the ball; without the shift, exp(D)
// overflows from the margin ln DBL_MAX on.
static void draw_errors(experiment_t *run, softmax_ball_t *b) {
    static const table_column_t columns[] = {{"margin", "1", "%.5e", NULL},
                                             {"tail", "1", "%.5e", NULL},
                                             {"error", "1", "%.1e", NULL},
                                             {"error_subtracting", "1", "%.1e", NULL}};
    table_t *table = experiment_table(run, "errors", "relative error of the tail of two experts in doubles",
                                      columns, 4, CURVE_POINTS);
    for (int i = 0; i < CURVE_POINTS; i++) {
        const double margin = power_of_ten(-1, log10(700), i / (CURVE_POINTS - 1.0));
        vector_t v = {.n = 2, .logits = {margin, 0}, .tau = 1};
        double gates[2];
        softmax_gates(v.logits, 2, 1, gates);
        softmax_ball_factor(b, v.logits, v.n, v.tau, FACTORED);
        table_row(table,
                  (double[]){margin, midpoint(b->tail),
                             fmax(units_off(softmax_tail(v.logits, 2, 1), b->tail) * 0x1p-53, LEAST_ERROR),
                             fmax(units_off(1 - gates[0], b->tail) * 0x1p-53, LEAST_ERROR)});
    }
    experiment_macro(run, "OverflowMargin", "%.1f", log(GSL_DBL_MAX));
    experiment_macro(run, "VanishingMargin", "%.1f", 53 * M_LN2);
}

// Tail over bound for losers at the margin and beyond, at distances that are exponential with a random mean.
static double random_ratio(stream_t *stream, size_t n, double margin, softmax_ball_t *b) {
    double u[MOST + 1];
    vector_t v = tied_vector(n, margin);
    stream_uniforms(stream, u, MOST + 1);
    for (size_t k = 2; k < n; k++)
        v.logits[k] += power_of_ten(-1, 1, u[MOST]) * log(u[k]);
    softmax_ball_factor(b, v.logits, n, v.tau, FACTORED);
    return 1 / (1 + midpoint(b->slack));
}

// Random vectors, and the curves on which the losers tie.
static void draw_ratios(experiment_t *run, softmax_ball_t *b) {
    static const table_column_t cloud[] = {
        {"margin", "1", "%.4f", NULL}, {"eight", "1", "%.5f", NULL}, {"sixty_four", "1", "%.5f", NULL}};
    static const table_column_t curve[] = {{"margin", "1", "%.4f", NULL},
                                           {"two", "1", "%.5f", NULL},
                                           {"eight", "1", "%.5f", NULL},
                                           {"sixty_four", "1", "%.5f", NULL}};
    const double most = 14;
    table_t *points = experiment_table(run, "cloud", "tail over bound of random vectors", cloud, 3, CLOUD);
    stream_t stream = experiment_stream(run, stream_experiment("softmax-tail.cloud"));
    for (int i = 0; i < CLOUD; i++) {
        const double margin = most * (i + 0.5) / CLOUD;
        table_row(points, (double[]){margin, random_ratio(&stream, SHOWN, margin, b),
                                     random_ratio(&stream, MOST, margin, b)});
    }
    table_t *table =
        experiment_table(run, "curves", "tail over bound where the losers tie", curve, 4, CURVE_POINTS);
    for (int i = 0; i < CURVE_POINTS; i++) {
        const double margin = most * i / (CURVE_POINTS - 1);
        static const size_t experts[] = {2, SHOWN, MOST};
        double row[4] = {margin};
        for (int k = 0; k < 3; k++) {
            const vector_t v = tied_vector(experts[k], margin);
            softmax_ball_factor(b, v.logits, v.n, v.tau, FACTORED);
            row[1 + k] = 1 / (1 + midpoint(b->slack));
        }
        table_row(table, row);
    }
}

static void softmax_tail_run(experiment_t *run) {
    softmax_ball_t balls;
    softmax_ball_init(&balls, MOST);
    decide_families(run, &balls);
    decide_summits(run, &balls);
    check_supremum(run, &balls);
    state_reversal(run, &balls);
    check_ends(run);
    draw_errors(run, &balls);
    draw_ratios(run, &balls);
    softmax_ball_clear(&balls);
    experiment_claim(run, BOUND, VERDICT_HOLDS, METHOD_CERTIFIED,
                     "softmax-tail.csv; proof in section softmax-tail");
    experiment_claim(run, LEMMA, VERDICT_HOLDS, METHOD_CERTIFIED,
                     "softmax-tail.csv; proof in section softmax-tail");
}

int main(int argc, char **argv) {
    static const experiment_plan_t plan = {
        .name = "softmax-tail",
        .brief = "the softmax tail bound (2.16) and Lemma 4.1, and what is sharp",
        .seed = 20260523,
        .run = softmax_tail_run};
    return experiment_main(&plan, argc, argv);
}
