// SPDX-License-Identifier: GPL-3.0-or-later
// Tropical algebra of a layer: the semiring, polynomials, networks and scores.
//
// CLAIMS (Sparsity is Combinatorial Depth, section 3)
//   depth/def-3.4   R with -infinity, max and + is a semiring, without additive inverses
//   depth/def-3.5   a tropical polynomial is convex and piecewise affine; its hypersurface divides it into its pieces
//   depth/def-3.6   a ReLU network is P - Q, and its decision boundary lies in the hypersurface of P (+) Q
//   depth/sec-3.5   the score of the best coalition is the k-th elementary symmetric tropical polynomial
//
// DERIVATION. A term (a, c) matters if a.x + c is above all others on an open set: if it is a vertex of the upper hull,
// or a facet of the epigraph. The terms of a product of 0 (+) w_i.x + b_i that matter belong to the regions of the
// arrangement. For networks see tropical_network.h. The boundary of {P > Q} lies in the hypersurface of P (+) Q: were
// P (+) Q affine about a point with P = Q, then P and Q, convex and below it and equal to it there, would equal it all
// around. The sum of the k largest z_i is the coefficient of t^k in the product of all 0 (+) t (x) z_i.
#include "geometry/reach.h"
#include "geometry/tropical_network.h"
#include "io/experiment.h"
#include "io/experiment_roads.h"

#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

// ---- Parameters ----

// How many random cases, in a full and in a quick run.
typedef struct {
    int full, quick;
} size_pair_t;

static const size_pair_t TRIPLES = {5000, 500};   // of tropical numbers
static const size_pair_t POLYNOMIALS = {600, 30}; // random ones, and as many products
static const size_pair_t POINTS = {2000, 100};    // per network
static const size_pair_t CROSSINGS = {200, 20};   // of its decision boundary
static const size_pair_t SCORES = {40, 3};        // vectors of scores for each N and k
enum { MOST_EXPERTS = 10 };                       // of the brute-force scores
static const slong LARGE = 99999;                 // entries of routers

// Widths of networks: inputs and two hidden layers.
static const slong NETWORKS[][3] = {{1, 4, 3}, {2, 3, 3}, {2, 4, 2}, {2, 3, 3}, {3, 3, 2}, {3, 4, 2}};

// Routers (N, k, d) whose score is expanded.
static const slong ROUTERS[][3] = {{4, 2, 1}, {5, 2, 2},  {6, 3, 2}, {8, 4, 2},
                                   {8, 3, 3}, {10, 5, 2}, {10, 5, 3}};

static int size_of(const experiment_t *run, size_pair_t size) {
    return experiment_quick(run) ? size.quick : size.full;
}

static void state_parameters(experiment_t *run) {
    static const struct {
        const char *name;
        const size_pair_t *size;
    } sizes[] = {{"Triples", &TRIPLES},
                 {"Polynomials", &POLYNOMIALS},
                 {"Points", &POINTS},
                 {"Crossings", &CROSSINGS},
                 {"Scores", &SCORES}};
    for (size_t i = 0; i < COUNT(sizes); i++)
        experiment_parameter(run, sizes[i].name, "%.0f", size_of(run, *sizes[i].size), "cases");
    experiment_parameter(run, "MostExperts", "%.0f", MOST_EXPERTS, "experts");
}

// ---- Random cases ----

// Small, so that ties are frequent.
static void draw_rational(fmpq *x, stream_t *stream, slong range, slong denominators) {
    fmpq_set_si(x, stream_pick(stream, -range, range), (ulong)stream_pick(stream, 1, denominators));
}

static void draw_vector(fmpq *x, slong length, stream_t *stream) {
    for (slong i = 0; i < length; i++)
        draw_rational(x + i, stream, 60, 7);
}

// The router with these rows as logits.
static layer_t *router_of(experiment_t *run, const fmpz_mat_t rows, slong active) {
    layer_t *layer = experiment_memory(run, layer_alloc(rows->r, active, 0, rows->c - 1));
    fmpz_mat_set(layer->router, rows);
    return layer;
}

static tropical_t *new_polynomial(experiment_t *run, slong variables) {
    tropical_t *p = experiment_memory(run, tropical_alloc(variables));
    return p;
}

// p with the sum of the rows in `set` as one more term.
static void append_sum(experiment_t *run, tropical_t *p, const fmpz_mat_t rows, ulong set) {
    fmpq *term = _fmpq_vec_init(p->variables + 1);
    for (slong i = 0; i < rows->r; i++)
        for (slong j = 0; set >> i & 1 && j <= p->variables; j++)
            fmpz_add(fmpq_numref(term + j), fmpq_numref(term + j), fmpz_mat_entry(rows, i, j));
    experiment_require(run, tropical_append(p, term), "tropical_append");
    _fmpq_vec_clear(term, p->variables + 1);
}

// ---- Definition 3.4: the semiring ----

enum { VALUES = 4 }; // room of an axiom

// An axiom for x, y, z and a room for two sides.
typedef bool (*axiom_t)(const tropical_number_t v[3], tropical_number_t side[VALUES]);

#define ADD tropical_number_add
#define MULTIPLY tropical_number_multiply
#define SAME(first, second) tropical_number_equal(&side[first], &side[second])

static bool add_associates(const tropical_number_t v[3], tropical_number_t side[VALUES]) {
    ADD(&side[0], &v[0], &v[1]);
    ADD(&side[0], &side[0], &v[2]);
    ADD(&side[1], &v[1], &v[2]);
    ADD(&side[1], &v[0], &side[1]);
    return SAME(0, 1);
}

static bool multiply_associates(const tropical_number_t v[3], tropical_number_t side[VALUES]) {
    MULTIPLY(&side[0], &v[0], &v[1]);
    MULTIPLY(&side[0], &side[0], &v[2]);
    MULTIPLY(&side[1], &v[1], &v[2]);
    MULTIPLY(&side[1], &v[0], &side[1]);
    return SAME(0, 1);
}

static bool both_commute(const tropical_number_t v[3], tropical_number_t side[VALUES]) {
    ADD(&side[0], &v[0], &v[1]);
    ADD(&side[1], &v[1], &v[0]);
    MULTIPLY(&side[2], &v[0], &v[1]);
    MULTIPLY(&side[3], &v[1], &v[0]);
    return SAME(0, 1) && SAME(2, 3);
}

static bool distributes(const tropical_number_t v[3], tropical_number_t side[VALUES]) {
    ADD(&side[0], &v[1], &v[2]);
    MULTIPLY(&side[0], &v[0], &side[0]);
    MULTIPLY(&side[1], &v[0], &v[1]);
    MULTIPLY(&side[2], &v[0], &v[2]);
    ADD(&side[1], &side[1], &side[2]);
    return SAME(0, 1);
}

// -infinity is neutral for (+) and absorbs, 0 = x^0 is neutral for (x), and x (+) x = x.
static bool identities(const tropical_number_t v[3], tropical_number_t side[VALUES]) {
    side[1].finite = false;
    ADD(&side[0], &v[0], &side[1]);
    MULTIPLY(&side[1], &v[0], &side[1]);
    tropical_number_power(&side[2], &v[0], 0);
    MULTIPLY(&side[2], &side[2], &v[0]);
    ADD(&side[3], &v[0], &v[0]);
    return tropical_number_equal(&side[0], &v[0]) && !side[1].finite && SAME(0, 2) && SAME(0, 3);
}

// x^3 = x (x) x (x) x, and (x (+) y)^3 = x^3 (+) y^3.
static bool powers(const tropical_number_t v[3], tropical_number_t side[VALUES]) {
    tropical_number_power(&side[0], &v[0], 3);
    MULTIPLY(&side[1], &v[0], &v[0]);
    MULTIPLY(&side[1], &side[1], &v[0]);
    const bool cube = SAME(0, 1);
    tropical_number_power(&side[1], &v[1], 3);
    ADD(&side[0], &side[0], &side[1]);
    ADD(&side[2], &v[0], &v[1]);
    tropical_number_power(&side[2], &side[2], 3);
    return cube && SAME(0, 2);
}

// A sum is -infinity for -infinities alone: a finite x has no inverse y.
static bool no_inverse(const tropical_number_t v[3], tropical_number_t side[VALUES]) {
    ADD(&side[0], &v[0], &v[1]);
    return side[0].finite == (v[0].finite || v[1].finite);
}

static double as_double(const tropical_number_t *x) {
    return x->finite ? fmpq_get_d(x->value) : -INFINITY;
}

// With denominators 1, 2 and 4 all values are doubles, which know max, + and -infinity themselves.
static bool like_doubles(const tropical_number_t v[3], tropical_number_t side[VALUES]) {
    ADD(&side[0], &v[0], &v[1]);
    MULTIPLY(&side[1], &v[0], &v[1]);
    const double x = as_double(&v[0]), y = as_double(&v[1]);
    return as_double(&side[0]) == fmax(x, y) && as_double(&side[1]) == x + y;
}

static void decide_semiring(experiment_t *run) {
    static const struct {
        const char *what;
        axiom_t holds;
    } axioms[] = {{"(+) associates", add_associates},
                  {"(x) associates", multiply_associates},
                  {"both commute", both_commute},
                  {"(x) distributes over (+)", distributes},
                  {"zero and one and idempotence", identities},
                  {"powers", powers},
                  {"no additive inverse", no_inverse},
                  {"as doubles do it", like_doubles}};
    const int triples = size_of(run, TRIPLES);
    int held[COUNT(axioms)] = {0}, infinite = 0;
    stream_t stream = experiment_stream(run, stream_experiment("semiring"));
    tropical_number_t v[3], side[VALUES];
    for (int i = 0; i < 3; i++)
        tropical_number_init(&v[i]);
    for (int i = 0; i < VALUES; i++)
        tropical_number_init(&side[i]);
    for (int t = 0; t < triples; t++) {
        for (int i = 0; i < 3; i++) {
            v[i].finite = stream_pick(&stream, 0, 4) > 0;
            fmpq_set_si(v[i].value, stream_pick(&stream, -12, 12), UWORD(1) << stream_pick(&stream, 0, 2));
        }
        infinite += !v[0].finite || !v[1].finite || !v[2].finite;
        for (size_t a = 0; a < COUNT(axioms); a++)
            held[a] += axioms[a].holds(v, side);
    }
    for (size_t a = 0; a < COUNT(axioms); a++)
        experiment_check_integer(run, "depth/def-3.4", axioms[a].what, held[a], triples);
    for (int i = 0; i < 3; i++)
        tropical_number_clear(&v[i]);
    for (int i = 0; i < VALUES; i++)
        tropical_number_clear(&side[i]);
    experiment_macro_integer(run, "Axioms", (long long)COUNT(axioms));
    experiment_macro_integer(run, "InfiniteTriples", infinite);
    experiment_claim(run, "depth/def-3.4", VERDICT_HOLDS, METHOD_EXACT, "tropical.checks.csv");
}

// ---- Definition 3.5: polynomials ----

// P at a point between two others is not above the chord.
static bool is_convex_at(const tropical_t *p, stream_t *stream) {
    const slong d = p->variables;
    fmpq *x = _fmpq_vec_init(3 * d), *y = x + d, *between = y + d;
    fmpq_t share, value[3];
    fmpq_init(share);
    for (int i = 0; i < 3; i++)
        fmpq_init(value[i]);
    draw_vector(x, 2 * d, stream);
    fmpq_set_si(share, stream_pick(stream, 0, 12), 12);
    for (slong j = 0; j < d; j++) {
        fmpq_sub(between + j, y + j, x + j);
        fmpq_mul(between + j, between + j, share);
        fmpq_add(between + j, between + j, x + j);
    }
    tropical_evaluate(p, x, value[0], NULL);
    tropical_evaluate(p, y, value[1], NULL);
    tropical_evaluate(p, between, value[2], NULL);
    fmpq_sub(value[1], value[1], value[0]);
    fmpq_addmul(value[0], share, value[1]);
    const bool convex = fmpq_cmp(value[2], value[0]) <= 0;
    fmpq_clear(share);
    for (int i = 0; i < 3; i++)
        fmpq_clear(value[i]);
    _fmpq_vec_clear(x, 3 * d);
    return convex;
}

// What is seen in the cells of a polynomial as those of a router with one active expert for each term.
typedef struct {
    const tropical_t *p;
    slong cells, alone; // alone: at a point inside, the cell's own term is above all others
} pieces_t;

static int see_piece(void *context, const slong *members, const polyhedron_t *cell) {
    pieces_t *pieces = context;
    const slong d = pieces->p->variables;
    fmpq *point = _fmpq_vec_init(d);
    fmpq_t value;
    fmpq_init(value);
    slong first = -1;
    polyhedron_point(cell, point);
    const slong attained = tropical_evaluate(pieces->p, point, value, &first);
    pieces->cells++;
    pieces->alone += attained == 1 && first == members[0];
    fmpq_clear(value);
    _fmpq_vec_clear(point, d);
    return GSL_SUCCESS;
}

// The pieces of a merged polynomial with integer terms, by the search for reachable coalitions, k = 1.
static pieces_t find_pieces(experiment_t *run, const tropical_t *p) {
    pieces_t pieces = {.p = p};
    fmpz_mat_t rows;
    fmpz_mat_init(rows, p->terms, p->variables + 1);
    for (slong i = 0; i < p->terms; i++)
        for (slong j = 0; j <= p->variables; j++)
            fmpz_set(fmpz_mat_entry(rows, i, j), fmpq_numref(tropical_term(p, i) + j));
    layer_t *layer = router_of(run, rows, 1);
    polyhedron_rows_t *walls = experiment_memory(run, reach_walls(layer, NULL));
    experiment_require(run, reach_coalitions(layer, walls, see_piece, &pieces), "reach_coalitions");
    polyhedron_rows_free(walls);
    layer_free(layer);
    fmpz_mat_clear(rows);
    return pieces;
}

// Product of the polynomials 0 (+) row: all its terms.
static tropical_t *product_of(experiment_t *run, const arrangement_t *a) {
    tropical_t *product = new_polynomial(run, a->dimension);
    append_sum(run, product, a->rows, 0);
    for (slong i = 0; i < a->planes; i++) {
        tropical_t *factor = new_polynomial(run, a->dimension);
        append_sum(run, factor, a->rows, 0);
        append_sum(run, factor, a->rows, UWORD(1) << i);
        experiment_require(run, tropical_multiply(product, product, factor), "tropical_multiply");
        tropical_free(factor);
    }
    return product;
}

static void decide_polynomials(experiment_t *run) {
    const int cases = size_of(run, POLYNOMIALS);
    slong convex = 0, agree = 0, alone = 0, products = 0, terms = 0, pieces = 0;
    stream_t stream = experiment_stream(run, stream_experiment("polynomials"));
    for (int i = 0; i < cases; i++) {
        arrangement_t *a = experiment_memory(
            run, arrangement_random(stream_pick(&stream, 1, 14), stream_pick(&stream, 1, 3), 4, &stream));
        tropical_t *p = new_polynomial(run, a->dimension);
        for (slong row = 0; row < a->planes; row++)
            append_sum(run, p, a->rows, UWORD(1) << row);
        tropical_merge(p);
        const pieces_t found = find_pieces(run, p);
        terms += p->terms;
        convex += is_convex_at(p, &stream);
        experiment_require(run, tropical_reduce(p), "tropical_reduce");
        pieces += p->terms;
        agree += p->terms == found.cells;
        alone += found.alone == found.cells;
        tropical_free(p);
        arrangement_free(a);

        arrangement_t *factors = experiment_memory(
            run, arrangement_random(stream_pick(&stream, 1, 6), stream_pick(&stream, 1, 3), 3, &stream));
        tropical_t *product = product_of(run, factors);
        experiment_require(run, tropical_reduce(product), "tropical_reduce");
        products += product->terms == experiment_tree(run, factors).regions;
        tropical_free(product);
        arrangement_free(factors);
    }
    experiment_check_integer(run, "depth/def-3.5", "convex along a segment", convex, cases);
    experiment_check_integer(run, "depth/def-3.5", "vertices of the upper hull = cells of the router", agree,
                             cases);
    experiment_check_integer(run, "depth/def-3.5", "one term is above all others inside each cell", alone,
                             cases);
    experiment_check_integer(run, "depth/def-3.5", "pieces of a product of binomials = regions by the tree",
                             products, cases);
    experiment_macro_integer(run, "Terms", terms);
    experiment_macro_integer(run, "Pieces", pieces);
    experiment_claim(run, "depth/def-3.5", VERDICT_HOLDS, METHOD_EXACT, "tropical.checks.csv");
}

// ---- Definition 3.6: networks ----

static tropical_network_t *draw_network(experiment_t *run, const slong shape[3], stream_t *stream) {
    const slong widths[] = {shape[0], shape[1], shape[2], 1};
    tropical_network_t *net = experiment_memory(run, tropical_network_alloc(3, widths));
    for (slong l = 0; l < net->maps; l++)
        for (slong i = 0; i < widths[l + 1]; i++)
            for (slong j = 0; j <= widths[l]; j++)
                draw_rational(fmpq_mat_entry(net->weights[l], i, j), stream, 9, 4);
    return net;
}

// A network and its two polynomials, with all terms and with those that matter.
typedef struct {
    tropical_network_t *net;
    tropical_t *raw[2], *p, *q;
} rational_t;

// The value of p - q at a point, and the terms that attain each.
static void difference_at(fmpq_t value, const tropical_t *p, const tropical_t *q, const fmpq *x, slong *i,
                          slong *j) {
    fmpq_t below;
    fmpq_init(below);
    tropical_evaluate(p, x, value, i);
    tropical_evaluate(q, x, below, j);
    fmpq_sub(value, value, below);
    fmpq_clear(below);
}

// A point between x and y, where p - q has opposite signs, with p = q: bisection, until the affine piece of the middle
// vanishes where the function does.
static bool crossing_of(const rational_t *f, const fmpq *x, const fmpq *y, fmpq *zero) {
    const slong d = f->p->variables;
    fmpq_t low, high, middle, value, slope, end;
    fmpq *all[] = {low, high, middle, value, slope, end};
    slong i, j;
    for (size_t a = 0; a < COUNT(all); a++)
        fmpq_init(all[a]);
    difference_at(end, f->p, f->q, x, &i, &j);
    fmpq_one(high);
    bool found = false;
    for (int step = 0; step < 200 && !found; step++) {
        fmpq_add(middle, low, high);
        fmpq_div_2exp(middle, middle, 1);
        for (slong c = 0; c < d; c++) {
            fmpq_sub(zero + c, y + c, x + c);
            fmpq_mul(zero + c, zero + c, middle);
            fmpq_add(zero + c, zero + c, x + c);
        }
        difference_at(value, f->p, f->q, zero, &i, &j);
        fmpq_swap(fmpq_sgn(value) == fmpq_sgn(end) ? low : high, middle);
        // The piece is value + slope (t - middle); on to its zero.
        fmpq_zero(slope);
        for (slong c = 0; c < d; c++) {
            fmpq_sub(middle, tropical_term(f->p, i) + c, tropical_term(f->q, j) + c);
            fmpq_addmul(slope, middle, y + c);
            fmpq_submul(slope, middle, x + c);
        }
        if (fmpq_is_zero(slope))
            continue;
        fmpq_div(value, value, slope);
        for (slong c = 0; c < d; c++) {
            fmpq_submul(zero + c, value, y + c);
            fmpq_addmul(zero + c, value, x + c);
        }
        difference_at(value, f->p, f->q, zero, &i, &j);
        found = fmpq_is_zero(value);
    }
    for (size_t a = 0; a < COUNT(all); a++)
        fmpq_clear(all[a]);
    return found;
}

// F = P - Q at random points, with all terms at every tenth. Returns at how many.
static slong count_equal(experiment_t *run, const rational_t *f, int points, stream_t *stream) {
    slong equal = 0;
    fmpq *x = _fmpq_vec_init(f->p->variables);
    fmpq_t output, value;
    fmpq_init(output);
    fmpq_init(value);
    for (int t = 0; t < points; t++) {
        draw_vector(x, f->p->variables, stream);
        experiment_require(run, tropical_network_run(f->net, x, output), "tropical_network_run");
        difference_at(value, f->p, f->q, x, NULL, NULL);
        bool same = fmpq_equal(output, value);
        if (t % 10 == 0) {
            difference_at(value, f->raw[0], f->raw[1], x, NULL, NULL);
            same &= fmpq_equal(output, value);
        }
        equal += same;
    }
    fmpq_clear(output);
    fmpq_clear(value);
    _fmpq_vec_clear(x, f->p->variables);
    return equal;
}

// Points of the decision boundary that lie on the hypersurface of P (+) Q, merged; of `crossings` that were found.
static slong count_on_hypersurface(experiment_t *run, const rational_t *f, int tries, stream_t *stream,
                                   slong *crossings) {
    const slong d = f->p->variables;
    slong on = 0;
    tropical_t *sum = new_polynomial(run, d);
    fmpq *x = _fmpq_vec_init(3 * d), *y = x + d, *zero = y + d;
    fmpq_t first, second;
    fmpq_init(first);
    fmpq_init(second);
    experiment_require(run, tropical_add(sum, f->p, f->q), "tropical_add");
    tropical_merge(sum);
    *crossings = 0;
    for (int t = 0; t < tries; t++) {
        draw_vector(x, 2 * d, stream);
        experiment_require(run, tropical_network_run(f->net, x, first), "tropical_network_run");
        experiment_require(run, tropical_network_run(f->net, y, second), "tropical_network_run");
        if (fmpq_sgn(first) * fmpq_sgn(second) >= 0)
            continue;
        ++*crossings;
        const bool found = crossing_of(f, x, y, zero);
        experiment_require(run, tropical_network_run(f->net, zero, first), "tropical_network_run");
        on += found && fmpq_is_zero(first) && tropical_evaluate(sum, zero, second, NULL) >= 2;
    }
    fmpq_clear(first);
    fmpq_clear(second);
    _fmpq_vec_clear(x, 3 * d);
    tropical_free(sum);
    return on;
}

// The least D > 0 for which p^D and q^D have integer exponents, and whether these are natural numbers.
static bool has_natural_power(const tropical_t *p, const tropical_t *q, fmpz_t least) {
    const tropical_t *both[] = {p, q};
    bool natural = true;
    fmpz_one(least);
    for (int k = 0; k < 2; k++)
        for (slong i = 0; i < both[k]->terms; i++)
            for (slong j = 0; j < p->variables; j++) {
                const fmpq *exponent = tropical_term(both[k], i) + j;
                fmpz_lcm(least, least, fmpq_denref(exponent));
                natural &= fmpq_sgn(exponent) >= 0;
            }
    return natural;
}

// Moves the output so that it has opposite signs at two random points, and there is a boundary; false where both
// have the same output.
static bool centre_network(experiment_t *run, tropical_network_t *net, stream_t *stream) {
    const slong d = net->widths[0];
    fmpq *x = _fmpq_vec_init(d + 1), *output = x + d,
         *bias = fmpq_mat_entry(net->weights[2], 0, net->widths[2]);
    fmpq_t sum, first;
    fmpq_init(sum);
    fmpq_init(first);
    for (int i = 0; i < 2; i++) {
        draw_vector(x, d, stream);
        experiment_require(run, tropical_network_run(net, x, output), "tropical_network_run");
        fmpq_add(sum, sum, output);
        if (i == 0)
            fmpq_set(first, output);
    }
    const bool differ = !fmpq_equal(first, output);
    fmpq_div_2exp(sum, sum, 1);
    fmpq_sub(bias, bias, sum);
    fmpq_clear(first);
    fmpq_clear(sum);
    _fmpq_vec_clear(x, d + 1);
    return differ;
}

static rational_t convert(experiment_t *run, const slong shape[3], stream_t *stream) {
    rational_t f = {.net = draw_network(run, shape, stream)};
    while (!centre_network(run, f.net, stream)) {
        tropical_network_free(f.net);
        f.net = draw_network(run, shape, stream);
    }
    f.raw[0] = new_polynomial(run, shape[0]);
    f.raw[1] = new_polynomial(run, shape[0]);
    f.p = new_polynomial(run, shape[0]);
    f.q = new_polynomial(run, shape[0]);
    experiment_require(run, tropical_network_convert(f.net, 0, false, f.raw[0], f.raw[1]), "conversion");
    experiment_require(run, tropical_network_convert(f.net, 0, true, f.p, f.q), "conversion");
    return f;
}

static void write_network(table_t *table, const slong shape[3], const rational_t *f, const fmpz_t power,
                          slong crossings) {
    const slong cells[] = {shape[0],         shape[1],    shape[2],           f->raw[0]->terms, f->p->terms,
                           f->raw[1]->terms, f->q->terms, fmpz_get_si(power), crossings};
    for (size_t i = 0; i < COUNT(cells); i++)
        table_integer(table, cells[i]);
}

static void decide_networks(experiment_t *run) {
    static const table_column_t columns[] = {{"inputs", "1", NULL, ""},        {"first", "units", NULL, ""},
                                             {"second", "units", NULL, ""},    {"p_terms", "terms", NULL, ""},
                                             {"p_reduced", "terms", NULL, ""}, {"q_terms", "terms", NULL, ""},
                                             {"q_reduced", "terms", NULL, ""}, {"power", "1", NULL, ""},
                                             {"crossings", "points", NULL, ""}};
    table_t *table = experiment_table(run, "", "two hidden layers as P - Q: terms before and after reduction",
                                      columns, COUNT(columns), COUNT(NETWORKS));
    stream_t stream = experiment_stream(run, stream_experiment("networks"));
    slong equal = 0, same = 0, natural = 0, crossings, all = 0, on = 0;
    const int points = size_of(run, POINTS);
    fmpz_t power;
    fmpz_init(power);
    for (size_t n = 0; n < COUNT(NETWORKS); n++) {
        rational_t f = convert(run, NETWORKS[n], &stream);
        natural += has_natural_power(f.raw[0], f.raw[1], power);
        equal += count_equal(run, &f, points, &stream);
        on += count_on_hypersurface(run, &f, size_of(run, CROSSINGS), &stream, &crossings);
        all += crossings;
        write_network(table, NETWORKS[n], &f, power, crossings);
        experiment_require(run, tropical_reduce(f.raw[0]), "tropical_reduce");
        experiment_require(run, tropical_reduce(f.raw[1]), "tropical_reduce");
        same += tropical_equal(f.raw[0], f.p) && tropical_equal(f.raw[1], f.q);
        tropical_network_free(f.net);
        tropical_t *owned[] = {f.raw[0], f.raw[1], f.p, f.q};
        for (size_t i = 0; i < COUNT(owned); i++)
            tropical_free(owned[i]);
    }
    fmpz_clear(power);
    const slong networks = (slong)COUNT(NETWORKS);
    experiment_check_integer(run, "depth/def-3.6", "points where F = P - Q", equal, networks * points);
    experiment_check_integer(run, "depth/def-3.6", "reduced at every step = reduced at the end", same,
                             networks);
    experiment_check_integer(run, "depth/def-3.6", "networks whose exponents are not negative", natural,
                             networks);
    experiment_check_integer(run, "depth/def-3.6", "boundary points on the hypersurface of P (+) Q", on, all);
    experiment_check(run, "depth/def-3.6", "boundary points found", (double)all, AT_LEAST, 1, 0);
    experiment_macro_integer(run, "Networks", networks);
    experiment_macro_integer(run, "BoundaryPoints", all);
    experiment_claim(run, "depth/def-3.6", VERDICT_HOLDS, METHOD_EXACT, "tropical.csv");
}

// ---- Section 3.5: the score ----

static int compare_falling(const void *first, const void *second) {
    return fmpq_cmp((const fmpq *)second, (const fmpq *)first);
}

// The product of 0 (+) t (x) z_i over i, merged: its coefficient of t^k is in term k.
static tropical_t *generating_function(experiment_t *run, const fmpq *z, slong n) {
    tropical_t *product = new_polynomial(run, 1);
    fmpq *terms = _fmpq_vec_init(4); // 0, and t (x) z_i
    experiment_require(run, tropical_append(product, terms), "tropical_append");
    fmpq_one(terms + 2);
    for (slong i = 0; i < n; i++) {
        tropical_t *factor = new_polynomial(run, 1);
        fmpq_set(terms + 3, z + i);
        experiment_require(run, tropical_append(factor, terms), "tropical_append");
        experiment_require(run, tropical_append(factor, terms + 2), "tropical_append");
        experiment_require(run, tropical_multiply(product, product, factor), "tropical_multiply");
        tropical_merge(product);
        tropical_free(factor);
    }
    _fmpq_vec_clear(terms, 4);
    return product;
}

//[core
// best[k]: the largest sum of k of the n numbers, by all sets.
static void best_sums(const fmpq *z, slong n, fmpq *best) {
    fmpq_t sum;
    fmpq_init(sum);
    bool seen[MOST_EXPERTS + 1] = {false};
    for (ulong set = 0; set < UWORD(1) << n; set++) {
        slong size = 0;
        fmpq_zero(sum);
        for (slong i = 0; i < n; i++)
            if (set >> i & 1) {
                fmpq_add(sum, sum, z + i);
                size++;
            }
        if (!seen[size] || fmpq_cmp(sum, best + size) > 0)
            fmpq_set(best + size, sum);
        seen[size] = true;
    }
    fmpq_clear(sum);
}

// Checks one vector of scores for every k; returns for how many all three agree.
static slong count_scores(experiment_t *run, fmpq *z, slong n) {
    fmpq *best = _fmpq_vec_init(MOST_EXPERTS + 1);
    fmpq_t sum;
    fmpq_init(sum);
    slong agree = 0;
    tropical_t *product = generating_function(run, z, n);
    best_sums(z, n, best);
    qsort(z, (size_t)n, sizeof *z, compare_falling);
    for (slong k = 1; k <= n; k++) {
        fmpq_add(sum, sum, z + k - 1);
        agree += product->terms == n + 1 && fmpq_equal(sum, best + k) &&
                 fmpq_equal(sum, tropical_term(product, k) + 1);
    }
    tropical_free(product);
    fmpq_clear(sum);
    _fmpq_vec_clear(best, MOST_EXPERTS + 1);
    return agree;
}
//]core

// All k-sets of the rows as one polynomial in x.
static tropical_t *score_of(experiment_t *run, const fmpz_mat_t rows, slong k) {
    tropical_t *score = new_polynomial(run, rows->c - 1);
    for (ulong set = 0; set < UWORD(1) << rows->r; set++)
        if (__builtin_popcountl(set) == k)
            append_sum(run, score, rows, set);
    return score;
}

// The polynomial of the reachable coalitions alone.
static tropical_t *reachable_score(experiment_t *run, const layer_t *layer) {
    tropical_t *score = new_polynomial(run, layer->dimension);
    polyhedron_rows_t *walls = experiment_memory(run, reach_walls(layer, NULL));
    reach_list_t list;
    experiment_require(run, reach_find(layer, walls, &list), "reach_find");
    for (slong c = 0; c < list.count; c++) {
        ulong set = 0;
        for (slong i = 0; i < list.active; i++)
            set |= UWORD(1) << list.members[c * list.active + i];
        append_sum(run, score, layer->router, set);
    }
    reach_list_clear(&list);
    polyhedron_rows_free(walls);
    tropical_merge(score);
    return score;
}

static void expand_routers(experiment_t *run) {
    static const table_column_t columns[] = {
        {"experts", "1", NULL, ""},       {"active", "1", NULL, ""},
        {"dimension", "1", NULL, ""},     {"terms", "terms", NULL, ""},
        {"essential", "terms", NULL, ""}, {"reachable", "coalitions", NULL, ""}};
    table_t *table = experiment_table(run, "scores", "terms of the top-k score, and those that matter",
                                      columns, COUNT(columns), COUNT(ROUTERS));
    stream_t stream = experiment_stream(run, stream_experiment("routers"));
    slong agree = 0;
    for (size_t r = 0; r < COUNT(ROUTERS); r++) {
        const slong n = ROUTERS[r][0], k = ROUTERS[r][1], d = ROUTERS[r][2];
        arrangement_t *rows = experiment_memory(run, arrangement_random(n, d, LARGE, &stream));
        layer_t *layer = router_of(run, rows->rows, k);
        tropical_t *score = score_of(run, rows->rows, k), *reachable = reachable_score(run, layer);
        const slong terms = score->terms;
        experiment_require(run, tropical_reduce(score), "tropical_reduce");
        agree += tropical_equal(score, reachable);
        const slong cells[] = {n, k, d, terms, score->terms, reachable->terms};
        for (size_t i = 0; i < COUNT(cells); i++)
            table_integer(table, cells[i]);
        tropical_free(score);
        tropical_free(reachable);
        layer_free(layer);
        arrangement_free(rows);
    }
    experiment_check_integer(run, "depth/sec-3.5", "terms that matter = reachable coalitions", agree,
                             (slong)COUNT(ROUTERS));
}

static void decide_scores(experiment_t *run) {
    const int vectors = size_of(run, SCORES);
    slong agree = 0, all = 0;
    stream_t stream = experiment_stream(run, stream_experiment("scores"));
    fmpq *z = _fmpq_vec_init(MOST_EXPERTS);
    for (slong n = 1; n <= MOST_EXPERTS; n++)
        for (int v = 0; v < vectors; v++, all += n) {
            for (slong i = 0; i < n; i++)
                draw_rational(z + i, &stream, 6, 3);
            agree += count_scores(run, z, n);
        }
    _fmpq_vec_clear(z, MOST_EXPERTS);
    experiment_check_integer(run, "depth/sec-3.5", "all k-sets = sum of the k largest = coefficient of t^k",
                             agree, all);
    expand_routers(run);
    experiment_macro_integer(run, "ScoreCases", all);
    experiment_claim(run, "depth/sec-3.5", VERDICT_HOLDS, METHOD_EXACT, "tropical.scores.csv");
}

static void run_tropical(experiment_t *run) {
    state_parameters(run);
    decide_semiring(run);
    decide_polynomials(run);
    decide_networks(run);
    decide_scores(run);
    flint_cleanup();
}

int main(int argc, char **argv) {
    static const experiment_plan_t plan = {.name = "tropical",
                                           .brief = "semiring, polynomials, networks and scores in max and +",
                                           .seed = 1987,
                                           .run = run_tropical};
    return experiment_main(&plan, argc, argv);
}
