// SPDX-License-Identifier: GPL-3.0-or-later
// Affine routers over the plane under a standard Gaussian input; see planar_router.h.
#include "routing/planar_router.h"

#include "routing/margin.h"
#include "stat/gaussian.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_integration.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_sort.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

planar_router_t planar_router_draw(stream_t *stream, size_t experts) {
    planar_router_t router = {.experts = experts};
    for (size_t k = 0; k < experts; k++) {
        double z[3];
        stream_normals(stream, z, 3);
        router.weight[k][0] = z[0];
        router.weight[k][1] = z[1];
        router.bias[k] = z[2] / 2;
    }
    return router;
}

enum { MAX_PAIRS = PLANAR_ROUTER_MAX * (PLANAR_ROUTER_MAX - 1) / 2, MAX_LINES = 2 * MAX_PAIRS };
enum { NODES = 8, DIRECTIONS = 180 };
static const double END = 8.5;  // the input beyond has a mass of 2e-17
static const double STEP = 0.5; // longest piece times the steepest slope of a line

// A score difference slope . x + constant.
typedef struct difference {
    double slope[2], constant;
} difference_t;

static difference_t difference_of(const planar_router_t *r, size_t k, size_t l) {
    return (difference_t){{r->weight[k][0] - r->weight[l][0], r->weight[k][1] - r->weight[l][1]},
                          r->bias[k] - r->bias[l]};
}

static double difference_at(const difference_t *s, const double x[2]) {
    return s->slope[0] * x[0] + s->slope[1] * x[1] + s->constant;
}

static double steepness(const difference_t *s) {
    return hypot(s->slope[0], s->slope[1]);
}

void planar_router_logits(const planar_router_t *router, const double x[2], double *logits) {
    for (size_t k = 0; k < router->experts; k++)
        logits[k] = router->weight[k][0] * x[0] + router->weight[k][1] * x[1] + router->bias[k];
}

size_t planar_router_winner(const planar_router_t *router, const double x[2]) {
    double logits[PLANAR_ROUTER_MAX];
    planar_router_logits(router, x, logits);
    return margin_winner(logits, router->experts);
}

double planar_router_lead(const planar_router_t *router, const double x[2], size_t k, size_t l, size_t m) {
    double lead = INFINITY;
    for (size_t n = 0; n < router->experts; n++)
        if (n != k && n != l && n != m) {
            const difference_t ahead = difference_of(router, k, n);
            lead = fmin(lead, difference_at(&ahead, x));
        }
    return lead;
}

// ---- Lines of ties ----

double planar_router_profile(const planar_router_t *router, size_t k, size_t l, double t) {
    const difference_t s = difference_of(router, k, l);
    return gsl_ran_gaussian_pdf(t - s.constant, steepness(&s));
}

double planar_router_profile_peak(const planar_router_t *router, size_t k, size_t l, double w) {
    const difference_t s = difference_of(router, k, l);
    return gsl_ran_gaussian_pdf(fmax(fabs(s.constant) - w, 0), steepness(&s));
}

double planar_router_slab(const planar_router_t *router, size_t k, size_t l, double w) {
    const difference_t s = difference_of(router, k, l);
    return gaussian_slab_mass(s.constant / steepness(&s), w / steepness(&s));
}

// Cuts [ends[0], ends[1]] to where value + rate u >= 0.
static void cut(double value, double rate, double ends[2]) {
    if (rate > 0)
        ends[0] = fmax(ends[0], -value / rate);
    else if (rate < 0)
        ends[1] = fmin(ends[1], -value / rate);
    else if (value < 0)
        ends[1] = -INFINITY;
}

// The normal mass of an interval, 0 if it is empty.
static double normal_mass(double low, double high) {
    if (!(low < high))
        return 0;
    // Both ends on the side of the smaller tail.
    return low > 0 ? gsl_cdf_ugaussian_Q(low) - gsl_cdf_ugaussian_Q(high)
                   : gsl_cdf_ugaussian_P(high) - gsl_cdf_ugaussian_P(low);
}

planar_edge_t planar_router_edge(const planar_router_t *router, size_t k, size_t l) {
    const difference_t s = difference_of(router, k, l);
    const double norm = steepness(&s);
    planar_edge_t edge = {
        .foot = {-s.constant * s.slope[0] / (norm * norm), -s.constant * s.slope[1] / (norm * norm)},
        .direction = {-s.slope[1] / norm, s.slope[0] / norm},
        .steepness = norm,
        .ends = {-INFINITY, INFINITY}};
    for (size_t m = 0; m < router->experts; m++)
        if (m != k && m != l) {
            const difference_t lead = difference_of(router, k, m);
            cut(difference_at(&lead, edge.foot),
                (lead.slope[1] * s.slope[0] - lead.slope[0] * s.slope[1]) / norm, edge.ends);
        }
    return edge;
}

void planar_edge_point(const planar_edge_t *edge, double u, double x[2]) {
    for (int i = 0; i < 2; i++)
        x[i] = edge->foot[i] + u * edge->direction[i];
}

double planar_router_leading_profile(const planar_router_t *router, size_t k, size_t l) {
    const planar_edge_t edge = planar_router_edge(router, k, l);
    return planar_router_profile(router, k, l, 0) * normal_mass(edge.ends[0], edge.ends[1]);
}

double planar_router_pair_density(const planar_router_t *router) {
    double sum = 0;
    for (size_t k = 0; k < router->experts; k++)
        for (size_t l = 0; l < k; l++)
            sum += planar_router_profile(router, k, l, 0);
    return sum;
}

double planar_router_top_density(const planar_router_t *router) {
    double sum = 0;
    for (size_t k = 0; k < router->experts; k++)
        for (size_t l = 0; l < k; l++)
            sum += planar_router_leading_profile(router, k, l);
    return sum;
}

// ---- Junctions ----

static double determinant(const difference_t *s, const difference_t *t) {
    return s->slope[0] * t->slope[1] - s->slope[1] * t->slope[0];
}

// The joint density of two differences at (0, 0), and the point x where both vanish; 0 for parallel lines, which do not
// meet near a tie of both.
static double joint_density(const difference_t *s, const difference_t *t, double x[2]) {
    const double det = determinant(s, t);
    if (det == 0)
        return 0;
    x[0] = (s->slope[1] * t->constant - t->slope[1] * s->constant) / det;
    x[1] = (t->slope[0] * s->constant - s->slope[0] * t->constant) / det;
    return gsl_ran_ugaussian_pdf(x[0]) * gsl_ran_ugaussian_pdf(x[1]) / fabs(det);
}

// Where three experts tie, whether or not they lead; false for parallel lines.
static bool meet(const planar_router_t *router, size_t k, size_t l, size_t m, planar_junction_t *junction) {
    const difference_t s = difference_of(router, k, l), t = difference_of(router, k, m);
    *junction = (planar_junction_t){.expert = {m, l, k}, .determinant = fabs(determinant(&s, &t))};
    if (junction->determinant == 0)
        return false;
    junction->density = joint_density(&s, &t, junction->x);
    junction->lead = planar_router_lead(router, junction->x, k, l, m);
    return true;
}

size_t planar_router_junctions(const planar_router_t *router, double seen, planar_junction_t *junctions) {
    size_t count = 0;
    for (size_t k = 0; k < router->experts; k++)
        for (size_t l = 0; l < k; l++)
            for (size_t m = 0; m < l; m++) {
                planar_junction_t at;
                if (count < PLANAR_MAX_JUNCTIONS && meet(router, k, l, m, &at) && at.lead >= 0 &&
                    hypot(at.x[0], at.x[1]) < seen)
                    junctions[count++] = at;
            }
    return count;
}

double planar_router_junction_density(const planar_router_t *router) {
    planar_junction_t junctions[PLANAR_MAX_JUNCTIONS];
    const size_t count = planar_router_junctions(router, INFINITY, junctions);
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += junctions[i].density;
    return sum;
}

double planar_router_top_junctions(const planar_router_t *router) {
    return 1.5 * planar_router_junction_density(router);
}

// Over the triples, whether or not they lead.
static double triple_sum(const planar_router_t *router) {
    double sum = 0;
    for (size_t k = 0; k < router->experts; k++)
        for (size_t l = 0; l < k; l++)
            for (size_t m = 0; m < l; m++) {
                planar_junction_t at;
                if (meet(router, k, l, m, &at))
                    sum += at.density;
            }
    return sum;
}

// Over {k, l} and {m, n}, disjoint, each pair of pairs once: k is the largest of the four.
static double disjoint_sum(const planar_router_t *router) {
    double sum = 0, x[2];
    for (size_t k = 0; k < router->experts; k++)
        for (size_t l = 0; l < k; l++)
            for (size_t m = 0; m < k; m++)
                for (size_t n = 0; n < m; n++)
                    if (m != l && n != l) {
                        const difference_t s = difference_of(router, k, l), t = difference_of(router, m, n);
                        sum += joint_density(&s, &t, x);
                    }
    return sum;
}

double planar_router_pair_junctions(const planar_router_t *router) {
    return 9 * triple_sum(router) + 4 * disjoint_sum(router);
}

// ---- Position ----

// A line a_k = a_l with the bits of its two experts.
typedef struct tie {
    difference_t difference;
    unsigned experts;
} tie_t;

static size_t ties_of(const planar_router_t *router, tie_t *ties) {
    size_t count = 0;
    for (size_t k = 0; k < router->experts; k++)
        for (size_t l = 0; l < k; l++)
            ties[count++] = (tie_t){difference_of(router, k, l), 1U << k | 1U << l};
    return count;
}

// Whether a tie meets the junction of two others by necessity, as the third of a triple.
static bool closes(const tie_t *third, const tie_t *s, const tie_t *t) {
    return (s->experts & t->experts) != 0 && (third->experts & ~(s->experts | t->experts)) == 0;
}

planar_router_position_t planar_router_position(const planar_router_t *router, double seen) {
    planar_router_position_t position = {0, 0, INFINITY, INFINITY};
    tie_t ties[MAX_PAIRS];
    const size_t count = ties_of(router, ties);
    for (size_t i = 0; i < count; i++) {
        position.cubes += pow(steepness(&ties[i].difference), -3);
        for (size_t j = 0; j < i; j++) {
            const difference_t *s = &ties[i].difference, *t = &ties[j].difference;
            const double det = fabs(determinant(s, t));
            double x[2] = {INFINITY, INFINITY};
            position.crossings += 1 / det;
            position.det = fmin(position.det, det);
            joint_density(s, t, x);
            for (size_t h = 0; h < count && hypot(x[0], x[1]) < seen; h++)
                if (h != i && h != j && !closes(&ties[h], &ties[i], &ties[j]))
                    position.clearance =
                        fmin(position.clearance, fabs(difference_at(&ties[h].difference, x)));
        }
    }
    return position;
}

// ---- Masses ----

// A router turned so that no line a_k = a_l is close to the direction of the cuts, x_2.
typedef struct cuts {
    planar_router_t router;
    double steepest; // largest |slope| of a line as a function of x_1
    double width;    // w
} cuts_t;

static planar_router_t turn(const planar_router_t *router, double angle) {
    planar_router_t turned = *router;
    for (size_t k = 0; k < router->experts; k++) {
        turned.weight[k][0] = cos(angle) * router->weight[k][0] - sin(angle) * router->weight[k][1];
        turned.weight[k][1] = sin(angle) * router->weight[k][0] + cos(angle) * router->weight[k][1];
    }
    return turned;
}

static double steepest_line(const planar_router_t *router) {
    double steepest = 0;
    for (size_t k = 0; k < router->experts; k++)
        for (size_t l = 0; l < k; l++) {
            const difference_t s = difference_of(router, k, l);
            steepest = fmax(steepest, fabs(s.slope[0] / s.slope[1]));
        }
    return steepest;
}

static cuts_t orient(const planar_router_t *router, double width) {
    cuts_t cuts = {*router, INFINITY, width};
    for (int i = 0; i < DIRECTIONS; i++) {
        const planar_router_t turned = turn(router, M_PI * i / DIRECTIONS);
        const double steepest = steepest_line(&turned);
        if (steepest < cuts.steepest)
            cuts = (cuts_t){turned, steepest, width};
    }
    return cuts;
}

// The abscissa where S_kl = s and S_mn = t meet; outside of everything for parallel lines.
static double crossing(const difference_t *s, const difference_t *t) {
    const double det = determinant(s, t);
    return det == 0 ? INFINITY : (s->slope[1] * t->constant - t->slope[1] * s->constant) / det;
}

// The mass of the event on the line at x_1, in x_2.
typedef double (*cut_mass_t)(const cuts_t *cuts, double x);

// No logit is ahead of all others by w: the complement of one interval for each winner.
static double top_cut(const cuts_t *cuts, double x) {
    const planar_router_t *r = &cuts->router;
    double ahead = 0;
    for (size_t k = 0; k < r->experts; k++) {
        double ends[2] = {-INFINITY, INFINITY};
        for (size_t m = 0; m < r->experts; m++)
            if (m != k) {
                const difference_t s = difference_of(r, k, m);
                cut(s.slope[0] * x + s.constant - cuts->width, s.slope[1], ends);
            }
        ahead += normal_mass(ends[0], ends[1]);
    }
    return 1 - ahead;
}

// Where some difference is at most w: a union of one interval for each pair.
static double pair_cut(const cuts_t *cuts, double x) {
    const planar_router_t *r = &cuts->router;
    double low[MAX_PAIRS], high[MAX_PAIRS];
    size_t count = 0;
    for (size_t k = 0; k < r->experts; k++)
        for (size_t l = 0; l < k; l++) {
            const difference_t s = difference_of(r, k, l);
            const double middle = -(s.slope[0] * x + s.constant) / s.slope[1];
            const double half = cuts->width / fabs(s.slope[1]);
            size_t place = count++; // insertion keeps the intervals ascending
            for (; place > 0 && low[place - 1] > middle - half; place--) {
                low[place] = low[place - 1];
                high[place] = high[place - 1];
            }
            low[place] = middle - half;
            high[place] = middle + half;
        }
    double sum = 0, start = -INFINITY, end = -INFINITY;
    for (size_t i = 0; i < count; i++) {
        if (low[i] > end) {
            sum += normal_mass(start, end);
            start = low[i];
        }
        end = fmax(end, high[i]);
    }
    return sum + normal_mass(start, end);
}

// The lines that bound the event: S_kl = +-w for all pairs, as differences that vanish there.
static size_t boundary_lines(const cuts_t *cuts, difference_t *lines) {
    const planar_router_t *r = &cuts->router;
    size_t count = 0;
    for (size_t k = 0; k < r->experts; k++)
        for (size_t l = 0; l < r->experts; l++)
            if (l != k) {
                lines[count] = difference_of(r, k, l);
                lines[count++].constant -= cuts->width;
            }
    return count;
}

// int f(x) phi(x) dx over [low, high], a piece without kinks.
static double integrate_piece(const cuts_t *cuts, cut_mass_t f, double low, double high,
                              const gsl_integration_glfixed_table *rule) {
    const double longest = STEP / fmax(1, cuts->steepest);
    const int parts = (int)ceil((high - low) / longest);
    double sum = 0;
    for (int part = 0; part < parts; part++)
        for (size_t i = 0; i < NODES; i++) {
            double x, weight;
            gsl_integration_glfixed_point(low + (high - low) * part / parts,
                                          low + (high - low) * (part + 1) / parts, i, &x, &weight, rule);
            sum += weight * gsl_ran_ugaussian_pdf(x) * f(cuts, x);
        }
    return sum;
}

static int integrate_cuts(const planar_router_t *router, double w, cut_mass_t f, double *mass) {
    enum { MAX_POINTS = MAX_LINES * (MAX_LINES - 1) / 2 + 2 };
    const cuts_t cuts = orient(router, w);
    gsl_integration_glfixed_table *rule = gsl_integration_glfixed_table_alloc(NODES);
    double *points = malloc(MAX_POINTS * sizeof *points);
    const int status = rule && points ? GSL_SUCCESS : GSL_ENOMEM;
    if (status == GSL_SUCCESS) {
        difference_t lines[MAX_LINES];
        const size_t count = boundary_lines(&cuts, lines);
        size_t kinks = 0;
        points[kinks++] = -END;
        points[kinks++] = END;
        for (size_t i = 0; i < count; i++)
            for (size_t j = 0; j < i; j++) {
                const double x = crossing(&lines[i], &lines[j]);
                if (fabs(x) < END)
                    points[kinks++] = x;
            }
        gsl_sort(points, 1, kinks);
        double sum = 0;
        for (size_t i = 0; i + 1 < kinks; i++)
            sum += integrate_piece(&cuts, f, points[i], points[i + 1], rule);
        *mass = sum;
    }
    free(points);
    gsl_integration_glfixed_table_free(rule);
    return status;
}

int planar_router_pair_mass(const planar_router_t *router, double w, double *mass) {
    return integrate_cuts(router, w, pair_cut, mass);
}

int planar_router_top_mass(const planar_router_t *router, double w, double *mass) {
    return integrate_cuts(router, w, top_cut, mass);
}
